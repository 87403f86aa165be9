"""Running a handler: in a thread that is used again and again, for as long as its limit allows.

Python cannot kill a thread. A handler that overstays is left behind in its thread, and counts as stuck until it comes
back; what it returns then is dropped. An ``async def`` runs on the one event loop of the process and is cancelled.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from inspect import isawaitable
from queue import SimpleQueue
from typing import Any

from flowengine.language.durations import Duration
from flowengine.runtime.handlers import Handler, HandlerCall

LONGEST_ERROR = 2_000
"""Characters of an error that are kept."""

BACK = 1.0
"""Seconds that a coroutine has to come back once it is cancelled."""

MOST_IDLE = 32
"""Threads that are kept for later handlers."""


class Overran(TimeoutError):
    """A handler took longer than its limit. ``ended``: it could be stopped."""

    def __init__(self, message: str, *, ended: bool) -> None:
        super().__init__(message)
        self.ended = ended


class _Attempt:
    """One handler at work, and what came of it. ``over`` is unlocked as soon as that is known."""

    __slots__ = ("call", "coroutine", "error", "handler", "left", "over", "result", "where")

    def __init__(self, handler: Handler, call: HandlerCall, where: Context) -> None:
        self.handler = handler
        self.call = call
        self.where = where
        self.result: Any = None
        self.error: BaseException | None = None
        self.coroutine: _Coroutine | None = None
        self.left = False
        self.over = threading.Lock()
        self.over.acquire()

    def run(self) -> None:
        try:
            self.result = self.where.run(self._handle)
        except BaseException as error:  # also SystemExit: a handler may not end the worker
            self.error = error
        finally:
            self.over.release()

    def _handle(self) -> Any:
        given = self.handler(self.call)
        if isawaitable(given):
            self.coroutine = _LOOP.begin(given)
            given = self.coroutine.result()
        return given


class Threads:
    """Threads that run handlers. Each runs one at a time, in a copy of the context of whoever asks.

    >>> Threads().run(lambda call: call.attempt, HandlerCall(job="j", key="j.1", handler="h"), Duration.parse("PT5S"))
    1
    """

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Attempt | None]] = []
        self._lock = threading.Lock()
        self._stuck = 0

    @property
    def stuck(self) -> int:
        """How many threads are with a handler that overran its limit and has not come back."""
        return self._stuck

    def run(
        self,
        handler: Handler,
        call: HandlerCall,
        limit: Duration,
        beat: Callable[[], None] | None = None,
        every: float = 2.5,
    ) -> Any:
        """What the handler returns. Raises what it raises, RuntimeError for what is no Exception, Overran.

        While it runs, ``beat`` is called ``every`` so many seconds, in the caller's thread.
        """
        attempt = _Attempt(handler, call, copy_context())
        self._thread().put(attempt)
        if not _waited(attempt, limit.seconds, beat, every):
            raise Overran(f"took longer than {limit}", ended=self._leave(attempt))
        if attempt.error is None:
            return attempt.result
        try:
            if isinstance(attempt.error, Exception):
                raise attempt.error
            raise RuntimeError(describe(attempt.error))
        finally:
            attempt.error = None  # or the error would hold this frame, and this frame the error

    def _leave(self, attempt: _Attempt) -> bool:
        """Give an attempt up; whether it has ended. A coroutine is cancelled and may still clean up."""
        if attempt.coroutine is not None:
            attempt.coroutine.cancel()
            if attempt.over.acquire(timeout=BACK):
                return True
            _LOOP.leave(attempt.coroutine.loop)  # perhaps it is blocked, and with it all others
        with self._lock:
            if attempt.over.acquire(timeout=0):
                return True
            attempt.left = True
            self._stuck += 1
        return False

    def _thread(self) -> SimpleQueue[_Attempt | None]:
        """The door of a thread that has nothing to do: an idle one, or a new one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        door: SimpleQueue[_Attempt | None] = SimpleQueue()
        threading.Thread(target=self._serve, args=(door,), name="flow handler", daemon=True).start()
        return door

    def _serve(self, door: SimpleQueue[_Attempt | None]) -> None:
        while (attempt := door.get()) is not None:
            attempt.run()
            with self._lock:
                self._stuck -= attempt.left
                if len(self._idle) >= MOST_IDLE:
                    return
                self._idle.append(door)
            del attempt  # what it returned is not kept until the next one comes

    def close(self) -> None:
        """Let the idle threads end."""
        with self._lock:
            idle, self._idle = self._idle, []
        for door in idle:
            door.put(None)


def _waited(attempt: _Attempt, limit: float, beat: Callable[[], None] | None, every: float) -> bool:
    """Wait for the end of an attempt, for ``limit`` seconds. Whether it came."""
    longest = min(limit, threading.TIMEOUT_MAX)
    if beat is None:
        return attempt.over.acquire(timeout=longest)
    while longest > every:
        if attempt.over.acquire(timeout=every):
            return True
        beat()
        longest -= every
    return attempt.over.acquire(timeout=longest)


class _Coroutine:
    """What a handler wants to be awaited, on a loop. ``result`` waits for its end, also for that of a cancelled one."""

    def __init__(self, given: Awaitable[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._given = given
        self._task: asyncio.Future[Any] | None = None
        self._over = threading.Event()
        loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._given, loop=self.loop)
        self._task.add_done_callback(lambda _: self._over.set())

    def cancel(self) -> None:
        self.loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def result(self) -> Any:
        self._over.wait()
        assert self._task is not None, "it is over"
        return self._task.result()


class _Loop:
    """The event loop of this process, on a thread of its own; made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, given: Awaitable[Any]) -> _Coroutine:
        """Run what a handler wants to be awaited, in the caller's context."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_forever, args=(self._loop,), name="flow coroutines", daemon=True).start()
            return _Coroutine(given, self._loop)

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave a loop to those that are on it; who comes next gets another."""
        with self._lock:
            if self._loop is loop:
                self._loop = None


def _forever(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


_LOOP = _Loop()
THREADS = Threads()
"""Those of :meth:`Engine.run_due <flowengine.engine.Engine.run_due>` and of the outbox."""


def run(handler: Handler, call: HandlerCall, limit: Duration) -> Any:
    """What the handler returns. Raises what it raises, or Overran, a TimeoutError, when it takes longer than the
    limit."""
    return THREADS.run(handler, call, limit)


def describe(error: BaseException) -> str:
    """An error for operators: its type and its words, of bounded length. Never raises, whatever the error's own words
    do."""
    try:
        words = str(error)
    except Exception as worse:
        words = f"(its words cannot be had: {type(worse).__name__})"
    return f"{type(error).__name__}: {words}"[:LONGEST_ERROR]
