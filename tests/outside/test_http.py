"""Calls over HTTP against real servers on loopback."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from outside_server import Reply, Sent, Server, serving
from waiting import join

from flowengine import AddressRefused, AnswerRefused, NotConfigured, Unreachable
from flowengine.outside import http
from flowengine.outside.http import LONGEST_BODY, Answer, Client


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client that may call the server."""
    with Client([server.allow]) as client:
        yield client


def _post(client: Client, url: str, within: float = 60.0, body: bytes = b"{}") -> Answer:
    return client.post(url, body, {"x-test": "yes"}, within=within)


def test_a_document_is_posted_and_the_answer_comes_back(server: Server, client: Client) -> None:
    """What is posted arrives byte by byte with its headers, and the answer's status, headers and body come back."""
    server.answer = lambda _: Reply(201, b'{"order": 17}', {"Flow-Outcome": "done"})
    answer = _post(client, f"{server.url}/orders?a=1", body=b'{"metres":  3}')
    assert (answer.status, answer.body, answer.headers["flow-outcome"]) == (201, b'{"order": 17}', "done")
    (sent,) = server.sent
    assert (sent.path, sent.body, sent.headers["x-test"]) == ("/orders?a=1", b'{"metres":  3}', "yes")
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["user-agent"].startswith("flowengine/")
    assert sent.headers["host"] == server.allow


def _reply(status: int, _: Sent) -> Reply:
    return Reply(status)


def test_connections_are_kept(server: Server, client: Client) -> None:
    """One connection serves many calls, and an answer with an error does not cost it."""
    for status in (200, 500, 204, 404, 200):
        server.answer = partial(_reply, status)
        assert _post(client, server.url).status == status
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: Server, client: Client, status: int) -> None:
    """A redirect is an error that says where it leads, wherever that is."""
    server.answer = lambda _: Reply(status, b"", {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(AnswerRefused, match=r"elsewhere.*redirects are not followed") as refused:
        _post(client, server.url)
    assert refused.value.final
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "127.1", "0.0.0.0", "[::ffff:127.0.0.1]", "127。0。0。1"],
)
def test_nothing_inside_is_reached_unless_allowed(server: Server, host: str) -> None:
    """A host that leads inside is refused before a connection is made, in whichever way it is written."""
    with Client() as client, pytest.raises(AddressRefused, match="leads inside"):
        _post(client, f"http://{host}:{server.port}/")
    allow = ["stock.internal", "10.0.0.0/8", f"127.0.0.1:{server.port + 1}"]
    with Client(allow) as other, pytest.raises(AddressRefused, match="leads inside"):
        _post(other, f"http://{host}:{server.port}/")
    assert server.connections == 0


def test_the_loopback_of_ipv6_is_inside() -> None:
    """``[::1]`` is as much inside as 127.0.0.1."""
    with Client() as client, pytest.raises(AddressRefused, match="loopback"):
        _post(client, "http://[::1]:80/")


def test_a_name_is_judged_by_where_it_leads(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of the open net that leads inside is refused, and one that leads both ways is called outside only."""
    monkeypatch.setattr(socket, "getaddrinfo", _Answers(["127.0.0.1"]))
    with Client() as client, pytest.raises(AddressRefused, match=r"mill\.example leads inside"):
        _post(client, f"http://mill.example:{server.port}/")
    assert server.connections == 0


def test_the_address_that_was_checked_is_the_one_that_is_called(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is asked once: one that leads elsewhere at the next look (DNS rebinding) gains nothing."""
    asked = _Answers(["127.0.0.1"], ["192.0.2.1"])
    monkeypatch.setattr(socket, "getaddrinfo", asked)
    with Client(["127.0.0.0/8"]) as client:
        assert _post(client, f"http://mill.example:{server.port}/").status == 200
    assert asked.names == ["mill.example"]
    assert server.sent[0].headers["host"] == f"mill.example:{server.port}"


def test_the_next_address_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses those that do not answer are passed over, and those not allowed are never tried."""
    monkeypatch.setattr(socket, "getaddrinfo", _Answers(["::1", "127.0.0.2", "127.0.0.1"]))
    with Client(["127.0.0.0/8"]) as client:
        assert _post(client, f"http://mill.example:{server.port}/").status == 200


class _Answers:
    """A resolver that answers one list of addresses after another, the last again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.names = list(answers), list[str]()

    def __call__(self, host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host.replace(".", "").isdigit():  # an address that is connected to
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        self.names.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_a_body_that_drips_is_cut_off(server: Server, client: Client) -> None:
    """The limit is on the whole answer: a byte now and then does not prolong it."""
    done = threading.Event()

    def drips() -> Iterator[bytes]:
        while not done.wait(0.02):
            yield b" "

    server.answer = lambda _: Reply(body=drips())
    begun = time.monotonic()
    try:
        with pytest.raises(Unreachable, match="in time") as refused:
            _post(client, server.url, within=0.5)
    finally:
        done.set()
    assert time.monotonic() - begun < 30  # without a limit on the whole it would never end
    assert refused.value.where == server.allow


def test_headers_that_drip_are_cut_off() -> None:
    """A server that sends its headers byte by byte does not hold the caller either."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = accepted(listener)
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
                while not done.wait(0.02):
                    connection.sendall(b"a")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with Client(["127.0.0.1"]) as client, pytest.raises(Unreachable, match="in time"):
                _post(client, f"http://127.0.0.1:{listener.getsockname()[1]}/", within=0.5)
        finally:
            done.set()
            join(thread)


@pytest.mark.parametrize(("scheme", "size"), [("https", 2), ("http", 20_000_000)], ids=["handshake", "upload"])
def test_a_server_that_does_not_listen_is_given_up(scheme: str, size: int) -> None:
    """The limit holds for the handshake and for sending, too."""
    with socket.create_server(("127.0.0.1", 0)) as listener, Client(["127.0.0.1"]) as client:
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="in time"):
            _post(client, url, within=0.3, body=b" " * size)


def test_each_call_has_a_limit_of_its_own(server: Server, client: Client) -> None:
    """A call that waits holds up no other: many threads share a client."""
    gate = threading.Event()

    def answer(sent: Sent) -> Reply:
        if sent.path == "/slow":
            gate.wait(60)
        return Reply()

    server.answer = answer
    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(_post, client, f"{server.url}/slow")
        hasty = pool.submit(_post, client, f"{server.url}/slow", within=0.3)
        for _ in range(5):
            assert _post(client, f"{server.url}/quick").status == 200
        with pytest.raises(Unreachable, match="in time"):
            hasty.result(60)
        assert not slow.done()
        gate.set()
        assert slow.result(60).status == 200


def test_a_server_that_says_nothing_is_given_up(server: Server, client: Client) -> None:
    """A server that takes the request and is silent is waited for as long as the limit says."""
    gate = threading.Event()

    def silent(_: Sent) -> Reply:
        gate.wait(60)
        return Reply()

    server.answer = silent
    try:
        with pytest.raises(Unreachable, match="in time"):
            _post(client, server.url, within=0.3)
    finally:
        gate.set()


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_long_is_refused(server: Server, client: Client, told: bool) -> None:
    """256 KiB are taken and not a byte more, whether the length was told or not; no more than that is read."""
    pieces = 0

    def endless() -> Iterator[bytes]:
        nonlocal pieces
        for pieces in range(100_000):  # noqa: B007 - read after the loop
            yield b"x" * 65_536

    server.answer = lambda _: Reply(body=b"x" * (LONGEST_BODY + 1) if told else endless())
    with pytest.raises(AnswerRefused, match="longer than 256 KiB") as refused:
        _post(client, server.url)
    assert "elsewhere" in refused.value.possible[0]
    assert not refused.value.final
    assert pieces < 10_000
    server.answer = lambda _: Reply(body=b"x" * LONGEST_BODY)
    assert len(_post(client, server.url).body) == LONGEST_BODY


def test_of_a_complaint_the_beginning_is_read(server: Server, client: Client) -> None:
    """A long page that tells of an error is no error of its own: its beginning is there."""
    server.answer = lambda _: Reply(500, b"y" * 1_000_000)
    answer = _post(client, server.url)
    assert answer.status == 500
    assert answer.body == b"y" * 4_096


def test_a_compressed_answer_is_refused(server: Server, client: Client) -> None:
    """What is compressed could be any size once it is unpacked, so it is not unpacked."""
    server.answer = lambda _: Reply(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})
    with pytest.raises(AnswerRefused, match="compressed"):
        _post(client, server.url)


def test_cookies_are_not_kept(server: Server, client: Client) -> None:
    """A service cannot have one call remembered at the next."""
    server.answer = lambda _: Reply(200, b"{}", {"Set-Cookie": "who=ada; Path=/"})
    for _ in range(2):
        _post(client, server.url)
    assert all("cookie" not in sent.headers for sent in server.sent)


def test_the_environment_has_no_say(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Proxies and passwords that stand in the environment are not used: calls go where they say, as they are."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
        monkeypatch.setenv(name.lower(), "http://192.0.2.1:9")
    with Client([server.allow]) as client:
        assert _post(client, server.url).status == 200
    assert "authorization" not in server.sent[0].headers


def test_a_server_that_is_not_there_is_unreachable() -> None:
    """A refused connection says which host it was, and never the path, which may have a secret in it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Client(["127.0.0.1"]) as client, pytest.raises(Unreachable, match="connected") as refused:
        _post(client, f"http://127.0.0.1:{port}/secret-path")
    assert refused.value.where == f"127.0.0.1:{port}"
    assert "secret-path" not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"SSH-2.0-Mill\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 1_000_000,
    ],
    ids=["nothing", "half", "no http", "endless header"],
)
def test_an_answer_that_is_cut_off_or_no_http_is_unreachable(answer: bytes) -> None:
    """Half an answer is none, and what does not speak HTTP is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            connection, _ = accepted(listener)
            with connection, suppress(OSError):  # the client may have heard enough
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=cut)
        thread.start()
        with Client(["127.0.0.1"]) as client, pytest.raises(Unreachable):
            _post(client, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        join(thread)


def test_bad_addresses_are_refused_before_anything_is_sent(client: Client) -> None:
    """The door refuses what is no address, whatever was checked before."""
    for url in (
        "ftp://mill.example/",
        "http://ada:secret@mill.example/",
        "http:///",
        "http://xn--a/",
        "http://①.0.0.1/",
    ):
        with pytest.raises(AddressRefused):
            _post(client, url)


def test_tls_is_verified_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is refused, one of another name too, and one that SSL_CERT_FILE trusts is
    taken."""
    certificate, key = _certificate(tmp_path, "localhost")
    allow = ["127.0.0.0/8", "localhost"]
    with _TlsServer(certificate, key) as port:
        with Client(allow) as strict, pytest.raises(Unreachable, match="certificate"):
            _post(strict, f"https://localhost:{port}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with Client(allow) as client:
            with pytest.raises(Unreachable, match="certificate"):
                _post(client, f"https://127.0.0.1:{port}/")
            assert _post(client, f"https://localhost:{port}/").body == b"{}"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    with pytest.raises(NotConfigured, match="SSL_CERT_FILE"):
        Client(allow)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name that vouches for itself."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificate can be made")
    return certificate, key


def accepted(listener: socket.socket) -> tuple[socket.socket, object]:
    """The next connection, which has to come, and to go on, in time."""
    listener.settimeout(60)
    connection, address = listener.accept()
    connection.settimeout(60)
    return connection, address


class _TlsServer:
    """A server over TLS on loopback that answers ``{}``; gives its port."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = False
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._over = True
        with socket.create_connection(self._listener.getsockname()):
            pass  # wakes the server
        join(self._thread)
        self._listener.close()

    def _serve(self) -> None:
        while not self._over:
            plain, _ = accepted(self._listener)
            try:
                with self._context.wrap_socket(plain, server_side=True) as connection:
                    sent = b""
                    # all of it: what is left unread would make the system reset the connection
                    while not sent.endswith(b"{}") and (piece := connection.recv(65_536)):
                        sent += piece
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            except OSError:  # the client did not like the certificate
                plain.close()


def test_one_client_serves_a_process(server: Server) -> None:
    """What may be called decides which client it is: the same for the same, and another's leave is never used."""
    one = http.client([server.allow])
    try:
        assert http.client((server.allow,)) is one
        assert _post(one, server.url).status == 200
        with pytest.raises(AddressRefused):
            _post(http.client([]), server.url)
    finally:
        http.close_clients()
    assert http.client([server.allow]) is not one
    http.close_clients()
    with pytest.raises(NotConfigured):
        http.client(["10.0.0.1/8"])


def test_httpx_is_an_extra() -> None:
    """The engine and its settings are there without httpx, which only a call over HTTP needs."""
    script = "import sys, flowengine; flowengine.Engine, flowengine.Settings; print('httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
