"""A desk on an engine over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from secrets import randbits
from time import monotonic, sleep
from typing import Any, Self, TypeVar

import msgspec

from flowengine import exact
from flowengine.client.asking import Asked, asked, opened, uploaded
from flowengine.client.desk import Desk
from flowengine.client.line import PATIENCE, TIMEOUT, Answer, Line, Server, new_key
from flowengine.client.places import server_address
from flowengine.client.wire import MOST, REPLAYED_HEADER, asking
from flowengine.distribution import installing
from flowengine.errors import AnswerRefused, BadToken, NotConfigured
from flowengine.people.identities import made_id
from flowengine.views.conversation import FileView
from flowengine.views.replies import NeedView, PersonView

_UNKNOWN = object()

T = TypeVar("T")

TOLD_FOR = 30.0
"""Seconds for which the server's time is reckoned from what it said last."""


class RemoteDesk(Desk):
    """A desk on the engine behind a server, for whoever a token is of. Verbs, answers and errors are those of a desk
    near; it may be used from many threads at once, and keeps its connections until it is closed.

    ``url`` is the server's address, to which the paths of the API are added; ``language`` that in which he reads, as
    ``de``, without one his own. Each act goes with a request key, the
    caller's or one that ``key_of`` makes for it, and is sent again with the same when the connection breaks or the
    server has no time: for at most ``patience`` seconds, each request for ``timeout`` (what goes through very much at
    once, as ``audit``, for ten minutes). Where that does not help it
    raises ConnectionLost, ``in_doubt`` when it may have been done (then ask again with the same key).

    TLS is verified, against whom the system trusts, the file ``SSL_CERT_FILE`` or ``tls``. ``http://`` is for this
    machine alone, unless ``insecure`` says that the way is safe by other means: a token goes over it for anybody to
    read. No redirect is followed, and no proxy used but ``proxy``. ``server``, ``wait`` and ``ticks`` are what it sends
    and waits by, for tests.

    It waits for its answers, as the near one does. In an asyncio application give it to threads:
    ``await asyncio.to_thread(desk.track, job)``.

    Raises NotConfigured without the extra ``http`` and for an address that cannot be used, and BadToken.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        language: str = "",
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        key_of: Callable[[], str] = new_key,
        insecure: bool = False,
        proxy: str = "",
        tls: ssl.SSLContext | None = None,
        server: Server | None = None,
        wait: Callable[[float], object] = sleep,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self.url = server_address(url, insecure=insecure)
        self._line = Line(
            server or server_at(self.url, tls=tls, proxy=proxy),
            self.url,
            token,
            language=language,
            timeout=timeout,
            patience=patience,
            key_of=key_of,
            wait=wait,
            ticks=ticks,
        )
        self._key = ""
        self._me: Any = _UNKNOWN
        self._told: datetime | None = None
        self._told_at = 0.0

    def __repr__(self) -> str:
        return f"RemoteDesk({self.url!r})"

    def close(self) -> None:
        self._line.close()

    def once(self, key: str) -> Self:
        desk = copy(self)
        desk._key = key
        return desk

    def now(self) -> datetime:
        """The time by the server's clock: what it said last, not longer than half a minute ago, and what has passed."""
        ticks = self._line.ticks()
        if self._told is None or ticks - self._told_at > TOLD_FOR:
            self._told, self._told_at = self._ask("now"), ticks
        return self._told + timedelta(seconds=ticks - self._told_at)

    @property
    def zone(self) -> str:
        me = self.me
        return me.zone if me is not None else ""

    @property
    def me(self) -> PersonView | None:
        """Who has signed in, as he was known when he was first asked for; None for a program."""
        if self._me is _UNKNOWN:
            self._me = self._ask("me")
        found: PersonView | None = self._me
        return found

    def need(self, process: str) -> NeedView:
        found: NeedView = self._ask("need", process)
        return found

    def source(self, process: str, version: str | None = None) -> str:
        found: str = self._ask("source", process, version)
        return found

    def add_customer(self, id: str = "", *given: Any, **named: Any) -> PersonView:
        """As near the database. An id that is wanted is made here, so that the same may be sent again; under a key it
        is the same each time, and nobody else's."""
        entered: PersonView = self._ask("add_customer", id or made_id(self._number()), *given, **named)
        return entered

    def _number(self) -> int:
        """One that nobody else has: by chance, or under a key from that and from whose it is."""
        if not self._key:
            return randbits(64)
        whose = self.me.id if self.me is not None else ""
        return int.from_bytes(sha256(f"{whose}\n{self._key}".encode()).digest()[:8])

    def attach(self, name: str, data: bytes, job: str = "") -> FileView:
        found = self._answered(uploaded(name, data, job))
        return self._read("attach", found.body, exact.decoder(FileView, trusted=True).decode, changes=True)

    def file_data(self, id: str) -> bytes:
        return self._answered(opened(id)).body

    def _ask(self, verb: str, /, *given: Any, **named: Any) -> Any:
        limit = named.get("limit", MOST)
        if "after" in named and (limit is None or limit > MOST):
            return self._pages(verb, limit, given, named)
        return self._one(verb, given, named)

    def _pages(self, verb: str, limit: int | None, given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """More rows than a server gives at once; without a ``limit`` all that there are."""
        cursor = asking(verb).route.cursor
        rows: list[Any] = []
        after = named["after"]
        while limit is None or len(rows) < limit:
            some = MOST if limit is None else min(limit - len(rows), MOST)
            page = self._one(verb, given, named | {"limit": some, "after": after})
            rows += page
            if len(page) < some:
                break
            after = getattr(page[-1], cursor)
        return rows

    def _one(self, verb: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """One answer."""
        request = asked(verb, given, named, self._key)
        found = self._answered(request)
        # a repetition under a key that nobody else knows is this very asking, sent twice
        repeated = found.headers.get(REPLAYED_HEADER.lower()) == "true" and request.key is not None
        read = partial(asking(verb).answer, repeated=repeated)
        return self._read(verb, found.body, read, changes=request.changes)

    def _answered(self, request: Asked) -> Answer:
        try:
            return self._line.ask(request)
        except BadToken as error:
            error.possible = (f"flow login {self.url}", *error.possible)
            raise

    def _read(self, verb: str, body: bytes, read: Callable[[bytes], T], *, changes: bool) -> T:
        """What a body stands for. Raises AnswerRefused."""
        try:
            return read(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise self._unfit(verb, changes, error) from None

    def _unfit(self, verb: str, changes: bool, error: Exception) -> AnswerRefused:
        doubt = "; whether it was done is not known" if changes else ""
        return AnswerRefused(
            f"what the server answers is not what {verb} answers{doubt}: {str(error)[:200]}",
            where=self.url,
            possible=("a server of flowengine", "the version of flowengine that the server has"),
            final=True,
        )


def server_at(url: str, *, tls: ssl.SSLContext | None = None, proxy: str = "") -> Server:
    """What sends requests to a server. Raises NotConfigured, and AddressRefused for what cannot be called."""
    try:
        from flowengine.outside import http
    except ImportError:
        raise NotConfigured(
            "the library httpx is needed to reach a server", where="--at", possible=(installing("http"),)
        ) from None
    return http.Server(url, tls=tls, proxy=proxy)
