"""Connections of the server: each has so long to send a request, and there are never more than can be borne.

Whoever sends half a request and waits holds nothing for long, and gives way at once when another comes and all places
are taken: those who send whole requests are served, however many do not.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from dataclasses import dataclass
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from flowengine.web.envelope import FIXED, POLICY
from flowengine.web.errors import shape

LOG = logging.getLogger("flowengine.web")

MOST = 4096
"""Connections at a time, where file descriptors are plenty."""
LARGEST_HEAD = 65_536
"""Bytes that the head of a request may have."""
QUIET_SECONDS = 60
"""How long the log is silent after it has said that no more connections can be taken."""


def most_connections() -> int:
    """How many may be open: the other half of the file descriptors is for the database and the rest of the process."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if descriptors == resource.RLIM_INFINITY else max(8, min(MOST, descriptors // 2))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, a client may take: for the ``head`` of a request, from the connection or the end of the
    answer before; for the ``body`` after its head; to take an ``answer`` in."""

    head: float = 10
    body: float = 30
    answer: float = 30


class Connection(HttpToolsProtocol):
    """One client's connection. A server has a class of its own (:meth:`within`), with its ``limits``, and ``most``, how
    many there may be."""

    limits = Limits()
    most = MOST
    _awaited = ""
    _in_head = True
    _head = 0
    _since = 0.0
    _limit: asyncio.TimerHandle | None = None

    @classmethod
    def within(cls, limits: Limits, most: int) -> type[Connection]:
        """Connections with these limits."""
        return type(cls.__name__, (cls,), {"limits": limits, "most": most})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        # A listening socket of protocol 0 makes ones for which asyncio leaves Nagle's algorithm on: answers wait 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait()
        if len(self.connections) > self.most:
            waiting = [one for one in self.connections if isinstance(one, Connection) and one._awaited]
            slowest = min(waiting, key=lambda one: one._since)
            slowest._awaited = ""
            slowest.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._head = self._head + len(data) if self._in_head else 0
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self._refuse(431, "TooLarge", f"the head of the request has more than {LARGEST_HEAD} bytes")
        self._wait()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        self._refuse(400, "Malformed", "what was sent is no request of HTTP")

    def _refuse(self, status: int, code: str, what: str) -> None:
        """Answer what is no request, and end the connection."""
        body = msgspec.json.encode(shape(status, code, what))
        fixed = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
        head = b"".join(
            name + b": " + value + b"\r\n" for name, value in (*fixed, *FIXED, POLICY, (b"connection", b"close"))
        )
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limited(self.limits.answer)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._limited(None)
        self._awaited = ""
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._limited(None)
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Note what is awaited of the client. More of the same gives no more time."""
        if self.transport.is_closing():
            self._awaited = ""
            self._limited(self.limits.answer)
            return
        awaited = self._missing()
        if awaited != self._awaited:
            self._awaited, self._since = awaited, self.loop.time()
            self._limited({"head": self.limits.head, "body": self.limits.body}.get(awaited))

    def _missing(self) -> str:
        """What is still missing of the request that is to be answered next: its head, its body, or nothing."""
        if self.cycle is None or self.cycle.response_complete:
            return "head"
        return "body" if self.cycle.more_body and not self.pipeline else ""

    def _limited(self, seconds: float | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class Quiet:
    """Errors of the event loop: that it can take no more connections is said once a while, not for each that waits."""

    def __init__(self) -> None:
        self._until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or "accept" not in context["message"]:
            loop.default_exception_handler(context)
        elif loop.time() >= self._until:
            self._until = loop.time() + QUIET_SECONDS
            LOG.error("no more connections can be taken: %s", error.strerror)
