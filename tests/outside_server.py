"""A web server on loopback for tests: it answers as it is told to, and keeps what it was sent."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from waiting import join


@dataclass
class Sent:
    """One request: names of headers in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass
class Reply:
    """What is answered. ``body`` may be an iterator, of which each piece is sent as it comes, without a length."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """``answer`` decides on each request; ``sent`` are the requests, ``connections`` how many were opened."""

    def __init__(self) -> None:
        self.answer: Callable[[Sent], Reply] = lambda _: Reply(body=b"{}")
        self.sent: list[Sent] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def allow(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # each is waited for when the server is closed, so that no socket is left open
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away before it has read everything is what some tests are about."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server for the length of a test; with ``tls``, over it."""
    server = Server()
    open_sockets: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            server.connections += 1
            open_sockets.append(self.request)
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = Sent(self.path, headers, body, self.command)
            server.sent.append(sent)
            reply = server.answer(sent)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if isinstance(reply.body, bytes):
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
                return
            self.close_connection = True
            self.send_header("connection", "close")
            self.end_headers()
            for piece in reply.body:
                self.wfile.write(piece)

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    listener = _Listener(("127.0.0.1", 0), Handler)
    if tls is not None:
        # a client that does not trust it breaks the handshake off: its thread's business, and not the listener's
        listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    server.port = listener.server_port
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        join(thread)
        for one in open_sockets:  # connections that a client keeps open would be waited for
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        listener.server_close()
