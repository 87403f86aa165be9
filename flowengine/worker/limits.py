"""Keeps the limits of handlers that run in the worker's own threads.

To hand a handler to a thread of its own and to wait for it costs two changes of threads, which is more than many
handlers do. So a handler runs in the thread that has the call. One that overstays its limit keeps that thread, which is
:class:`Left` behind with it, and another takes its place. A thread looks when the next limit is over, and not before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import copy_context
from threading import TIMEOUT_MAX, Condition, Thread
from time import monotonic
from typing import Any

from flowengine.runtime.handler_threads import describe
from flowengine.runtime.handlers import Handler, HandlerCall

log = logging.getLogger("flowengine.worker")

NEVER = float("inf")


class Left(BaseException):
    """The handler came back after its thread was replaced: nobody waits for what it came to."""


class _Running:
    """A handler at work. ``overran`` is what is to be done when it overstays."""

    __slots__ = ("end", "overran")

    def __init__(self, end: float, overran: Callable[[], None]) -> None:
        self.end = end
        self.overran = overran


class Limits:
    """The limits of all handlers that run in one worker's threads."""

    def __init__(self) -> None:
        self._running: dict[_Running, None] = {}
        self._next = NEVER
        self._changed = Condition()
        self._stuck = 0
        self._ending = False
        self._thread = Thread(target=self._live, name="flow limits", daemon=True)

    @property
    def stuck(self) -> int:
        """How many handlers overran their limits and run on."""
        return self._stuck

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        with self._changed:
            self._ending = True
            self._changed.notify()

    def run(self, handler: Handler, call: HandlerCall, limit: float, overran: Callable[[], None]) -> Any:
        """What the handler returns, in a copy of this context. Raises what it raises, RuntimeError for what is no
        Exception.

        After ``limit`` seconds ``overran`` is called, in another thread; then this one raises Left when it comes back.
        """
        running = _Running(monotonic() + limit, overran)
        self._running[running] = None
        if running.end < self._next:
            self._look_at(running.end)
        try:
            return copy_context().run(handler, call)
        except Exception:
            raise
        except BaseException as error:  # also SystemExit: a handler may not end the worker
            raise RuntimeError(describe(error)) from None
        finally:
            self._came_back(running)

    def _came_back(self, running: _Running) -> None:
        try:
            del self._running[running]  # either this takes it out, or the look that finds it late does
        except KeyError:
            with self._changed:
                self._stuck -= 1
            raise Left from None

    def _look_at(self, moment: float) -> None:
        with self._changed:
            if moment < self._next:
                self._next = moment
                self._changed.notify()

    def _live(self) -> None:
        with self._changed:
            while not self._ending:
                rest = self._next - monotonic()
                if rest > 0:
                    self._changed.wait(None if rest == NEVER else min(rest, TIMEOUT_MAX))
                else:
                    self._look()

    def _look(self) -> None:
        """Whose limit is over by now is left behind."""
        now, self._next = monotonic(), NEVER  # who begins from here on is looked at next, by himself or below
        for running in list(self._running):
            if running.end > now:
                self._next = min(self._next, running.end)
            elif self._running.pop(running, self) is None:
                self._stuck += 1
                try:
                    running.overran()
                except Exception:  # no thread can be started, perhaps: the others go on
                    log.exception("nobody takes the place of a handler that overran its limit")
