"""Bounds the wait for an answer that never comes: a network that swallows everything, a server that stands still.

Whoever waits for the database enters its connection in :attr:`Watchdog.waiting` and takes it out afterwards, which
costs a write to a dict. A thread looks there now and then, and shuts down the sockets of those that wait too long; the
driver then finds its connection lost.
"""

from __future__ import annotations

import os
import socket
import threading
import weakref
from collections.abc import Hashable
from contextlib import suppress
from time import monotonic
from typing import Protocol

SELDOM = 5.0
"""Seconds between two looks, at most; a wait is ended within a sixth of its bound, or this, after it."""


class Wired(Hashable, Protocol):
    """A connection with a socket."""

    def fileno(self) -> int: ...


class Watchdog:
    """Shuts down what waits for an answer for longer than ``bound`` seconds. Its thread begins with the first use."""

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self.waiting: dict[Wired, float] = {}
        """Connections that wait for an answer, and since when by the monotonic clock."""
        self._biting = threading.Lock()
        self._starting = threading.Lock()
        self._stop: threading.Event | None = None

    def watch(self) -> None:
        """See to it that somebody looks."""
        if self._stop is None:
            with self._starting:
                if self._stop is None:
                    self._stop = _begin(self)

    def answered(self, connection: Wired) -> None:
        """The answer is there, or the wait has failed: the connection is let alone from now on."""
        if self.waiting.pop(connection, None) is None:
            with self._biting:  # it is being shut down at this moment: its socket's number must not be another's yet
                pass

    def close(self) -> None:
        """End the thread; the next :meth:`watch` begins another."""
        with self._starting:
            if self._stop is not None:
                self._stop.set()
                self._stop = None

    def look(self) -> None:
        """Shut down what has waited too long."""
        late = monotonic() - self.bound
        for connection, since in self.waiting.copy().items():
            if since < late:
                with self._biting:
                    if self.waiting.pop(connection, None) is not None:
                        _shut(connection)


def _begin(dog: Watchdog) -> threading.Event:
    stop = threading.Event()
    known = weakref.ref(dog, lambda _: stop.set())  # a watchdog that is forgotten without a close() ends too
    often = min(dog.bound / 6, SELDOM)
    threading.Thread(target=_patrol, args=(known, stop, often), name="flowengine-watchdog", daemon=True).start()
    return stop


def _patrol(known: weakref.ref[Watchdog], stop: threading.Event, often: float) -> None:
    while not stop.wait(often):
        dog = known()
        if dog is None:
            return
        dog.look()
        del dog


def _shut(connection: Wired) -> None:
    """Whoever waits on the socket wakes up and finds the connection closed."""
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as held:  # or it is closed already
        held.shutdown(socket.SHUT_RDWR)
