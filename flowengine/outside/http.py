"""Calls over HTTP: one document is sent, one answer of bounded size comes back in bounded time.

A :class:`Client` calls what processes and settings name, a :class:`Server` is one that whoever runs the program has
named himself. What is kept here, whoever is called: no redirect is followed; TLS is verified by the name of the URL; no
proxy, cookie or password is taken from the environment. A client reaches nothing inside unless that is allowed
(addresses.py), and makes a connection only to an address that was checked. The time limit is one for everything from
the look-up of the name to the last byte: whoever sends one byte a second does not hold the caller longer than whoever
sends nothing.

The one file that imports httpx and httpcore, which come with the extra ``http``.
"""

from __future__ import annotations

import atexit
import os
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import monotonic

import httpcore
import httpx

from flowengine.distribution import __version__
from flowengine.errors import AddressRefused, AnswerRefused, NotConfigured, OutsideError, Unreachable
from flowengine.outside.addresses import IP, PORTS, Allowed, Target, resolve, target_of

LONGEST_BODY = 256 * 1024
"""Bytes of an answer that are taken."""

LONGEST_COMPLAINT = 4_096
"""Bytes that are read of an answer that reports an error."""

IDLE = 15.0
"""Seconds for which a connection that nobody uses is kept."""

SERVER_IDLE = 4.0
"""Seconds for which a connection to a :class:`Server` is kept: less than the five after which usual servers close one,
so that a request is not lost with a connection that is being closed."""

CONNECTIONS = 100
CONNECT = 10.0
"""The most seconds that connecting to one address may take."""

_SLICE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: names of ``headers`` are in small letters; of an error's ``body`` only the beginning is there."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Posts and gets JSON; may be used from many threads at once. ``allow`` is what may be called inside (Settings)."""

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self._client = _plain(_Transport(_pool(_Backend(Allowed.of(allow)), _trusted(), IDLE)))

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, within: float) -> Answer:
        """Post a JSON document and wait at most ``within`` seconds for the whole answer, whatever its status.

        Raises AddressRefused before anything is sent; Unreachable when no whole answer came, in which case the other
        side may have done what was asked; AnswerRefused for a redirect and for what is compressed or longer than
        256 KiB.
        """
        return self._asked("POST", url, body, {"content-type": "application/json", **headers}, within)

    def get(self, url: str, *, within: float) -> Answer:
        """Get a document; raises as :meth:`post` does."""
        return self._asked("GET", url, None, {}, within)

    def _asked(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], within: float) -> Answer:
        target = target_of(url)
        sent = {"accept-encoding": "identity", **headers}
        with _deadline(within), _as_ours(target):
            request = self._client.build_request(method, url, content=body, headers=sent, timeout=within)
            response = self._client.send(request, stream=True)
            try:
                return _answer(response)
            finally:
                response.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Server:
    """One server, wherever it stands; connections to it are kept for a while. Many threads may ask it at once.

    ``url`` is http or https, with the path below which everything is. ``tls`` says whom to trust, those whom the system
    or ``SSL_CERT_FILE`` name without it; ``proxy`` is the URL of a proxy through which it is reached. Raises
    AddressRefused for what cannot be called, and NotConfigured.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, proxy: str = "") -> None:
        self.target = target_of(url)
        self._url = url.rstrip("/")
        if self.target.scheme == "https" and tls is None:
            tls = _trusted()
        if proxy:
            target_of(proxy)
        self._client = _plain(_Transport(_pool(_Backend(None), tls, SERVER_IDLE, proxy)))

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, within: float, largest: int
    ) -> Answer:
        """Make a request of the path below the URL, and wait at most ``within`` seconds for the whole answer, whatever
        its status.

        Raises Unreachable when no whole answer came, and AnswerRefused for a redirect and for what is compressed or
        longer than ``largest`` bytes.
        """
        sent = {"accept-encoding": "identity", **headers}
        with _deadline(within), _as_ours(self.target):
            request = self._client.build_request(
                method, self._url + path, content=body or None, headers=sent, timeout=within
            )
            response = self._client.send(request, stream=True)
            try:
                return _whole(response, largest)
            finally:
                response.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _plain(transport: httpx.BaseTransport) -> httpx.Client:
    """A client of httpx that takes nothing from the environment, and keeps nothing of what it is told."""
    return httpx.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"user-agent": f"flowengine/{__version__}", "accept": "application/json"},
    )


def _trusted() -> ssl.SSLContext:
    """Whom to trust: the one thing that the environment may say. Raises NotConfigured."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise NotConfigured(f"the certificates cannot be read: {error}", where="SSL_CERT_FILE") from None


def _answer(response: httpx.Response) -> Answer:
    status = response.status_code
    if not 200 <= status < 400:
        return Answer(status, _headers(response), _read(response, LONGEST_COMPLAINT))
    return _whole(response, LONGEST_BODY, "keep what is large elsewhere, and answer with where it is")


def _whole(response: httpx.Response, largest: int, *instead: str) -> Answer:
    """An answer with all of its body. Raises AnswerRefused."""
    headers, status = _headers(response), response.status_code
    if 300 <= status < 400:
        raise AnswerRefused(
            f"it answers {status} and leads to {headers.get('location', '')[:200]!r}; redirects are not followed",
            possible=("give the final address",),
            final=True,
        )
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise AnswerRefused("its answer is compressed, though it was asked not to", possible=("identity",))
    body = _read(response, largest + 1)
    if len(body) > largest:
        raise AnswerRefused(f"its answer is longer than {largest // 1024} KiB", possible=instead)
    return Answer(status, headers, body)


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _read(response: httpx.Response, most: int) -> bytes:
    """The first ``most`` bytes of the body; the rest stays unread, and its connection is closed."""
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) >= most:
            break
    return bytes(body[:most])


@contextmanager
def _as_ours(target: Target) -> Iterator[None]:
    """Errors of the libraries as errors of ours, with the host (never the path: it may have a secret in it)."""
    where = str(target)
    try:
        yield
    except OutsideError as error:
        error.where = error.where or where
        raise
    except (httpcore.ConnectTimeout, httpcore.PoolTimeout):
        raise Unreachable("no connection in time", where=where, in_doubt=False) from None
    except (httpcore.ConnectError, httpcore.ProxyError) as error:
        raise Unreachable(f"cannot be connected to: {_words(error)}", where=where, in_doubt=False) from None
    except (httpcore.TimeoutException, httpx.TimeoutException):
        raise Unreachable("no whole answer came in time", where=where) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, OSError) as error:
        raise Unreachable(_words(error), where=where) from None
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefused(f"not an address that can be called: {error}", where=where) from None


def _words(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


_time = threading.local()


@contextmanager
def _deadline(within: float) -> Iterator[None]:
    """Everything that this thread does on connections is over ``within`` seconds from now."""
    _time.until = monotonic() + within
    try:
        yield
    finally:
        _time.until = None


def _left(asked: float | None) -> float:
    """The seconds that one operation may take. Raises httpcore's TimeoutException when the time is over."""
    until: float | None = getattr(_time, "until", None)
    if until is None:
        return CONNECT if asked is None else asked
    left = until - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left if asked is None else min(asked, left)


class _Stream(httpcore.NetworkStream):
    """A connection on which each operation ends with the time of the whole call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SLICE):  # in slices, so that a slow reader cannot stretch one operation
            self._inner.write(buffer[start : start + _SLICE], _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Makes connections: the name is resolved once, each address checked, and one of those checked connected to."""

    def __init__(self, allowed: Allowed | None) -> None:
        """``allowed``: what may be called inside; None for a server that may stand anywhere."""
        self._allowed = allowed
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        target = Target("", host.lower().strip("[]").rstrip("."), port)
        failed: Exception | None = None
        for ip in self._checked(target, _left(timeout)):
            try:
                some = min(_left(timeout), CONNECT)
                return _Stream(self._inner.connect_tcp(str(ip), port, some, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None, "no address and no refusal"
        why = "no connection in time" if isinstance(failed, httpcore.ConnectTimeout) else _words(failed)
        raise Unreachable(f"cannot be connected to: {why}", where=str(target), in_doubt=False) from None

    def _checked(self, target: Target, within: float) -> list[IP]:
        """The addresses that may be called. Raises AddressRefused when there is none."""
        fine: list[IP] = []
        refused: AddressRefused | None = None
        for ip in resolve(target, within):
            try:
                if self._allowed is not None:
                    self._allowed.check(target, ip)
                fine.append(ip)
            except AddressRefused as error:
                refused = error
        if refused is not None and not fine:
            raise refused
        return fine


def _pool(
    backend: _Backend, tls: ssl.SSLContext | None, idle: float, proxy: str = ""
) -> httpcore.ConnectionPool | httpcore.HTTPProxy:
    kept = CONNECTIONS // 4
    if proxy:
        return httpcore.HTTPProxy(
            proxy, ssl_context=tls, max_connections=CONNECTIONS, max_keepalive_connections=kept, keepalive_expiry=idle,
            network_backend=backend,
        )  # fmt: skip
    return httpcore.ConnectionPool(
        ssl_context=tls, max_connections=CONNECTIONS, max_keepalive_connections=kept, keepalive_expiry=idle,
        network_backend=backend,
    )  # fmt: skip


class _Transport(httpx.BaseTransport):
    """httpx over a pool of connections that the backend above makes: httpx's own transport takes no backend."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port or PORTS[request.url.scheme],
            target=request.url.raw_path,
        )
        given = self._pool.handle_request(
            httpcore.Request(
                request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
            )
        )
        return httpx.Response(given.status, headers=given.headers, stream=_Body(given), extensions=given.extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer as it comes; closing gives the connection back to the pool."""

    def __init__(self, given: httpcore.Response) -> None:
        self._given = given

    def __iter__(self) -> Iterator[bytes]:
        return self._given.iter_stream()

    def close(self) -> None:
        self._given.close()


_clients: dict[tuple[int, tuple[str, ...]], Client] = {}
_lock = threading.Lock()


def client(allow: Sequence[str] = ()) -> Client:
    """The client of this process for what may be called inside: one, and so one pool of connections.

    Raises NotConfigured when ``allow`` cannot be read. A forked process gets one of its own: connections cannot be
    shared.
    """
    key = (os.getpid(), tuple(allow))
    with _lock:
        if key not in _clients:
            _clients[key] = Client(key[1])
        return _clients[key]


def close_clients() -> None:
    """Close the connections of all clients of this process; the next call makes new ones."""
    with _lock:
        mine = [_clients.pop(key) for key in list(_clients) if key[0] == os.getpid()]
    for one in mine:
        one.close()


atexit.register(close_clients)
