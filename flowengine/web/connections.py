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

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LOG = logging.getLogger("flowengine.web")

MOST = 4096
"""Connections at a time, where file descriptors are plenty."""
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


class Connection(H11Protocol):
    """One client's connection. A server has a class of its own (:meth:`within`), with its ``limits``, and ``most``, how
    many there may be."""

    limits = Limits()
    most = MOST
    _awaited: Any = None
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
            waiting = [one for one in self.connections if isinstance(one, Connection) and one._awaited is not None]
            slowest = min(waiting, key=lambda one: one._since)
            slowest._awaited = None
            slowest.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limited(self.limits.answer)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._limited(None)
        self._awaited = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._limited(None)
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Note what is awaited of the client. More of the same gives no more time."""
        if self.transport.is_closing():
            self._awaited = None
            self._limited(self.limits.answer)
            return
        seconds = {h11.IDLE: self.limits.head, h11.SEND_BODY: self.limits.body}.get(self.conn.their_state)
        awaited = self.conn.their_state if seconds else None
        if awaited is not self._awaited:
            self._awaited, self._since = awaited, self.loop.time()
            self._limited(seconds)

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
