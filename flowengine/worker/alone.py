"""One attempt in a process of its own, which can be killed: for a call whose last attempt did not end by itself.

What a handler does to its process (it hangs with the interpreter held, leaves, is killed for its memory) then happens
to nobody else. The process is started afresh, never forked: what the worker's threads hold is not in it. What the
handler prints goes where the worker's own output goes.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from time import monotonic
from types import TracebackType
from typing import Any

from flowengine.errors import HandlerDied, HandlerMissing, Refused
from flowengine.language.durations import Duration
from flowengine.runtime.handlers import Handler, HandlerCall
from flowengine.worker import wire
from flowengine.worker.exits import how

MEMORY = "FLOW_ALONE_MEMORY"
"""The variable that bounds the address space of a lone process, in MiB."""

LOOK = 0.1
"""Seconds between looks whether the attempt is still wanted, and whether the process still lives."""

NOTICE = 3.0
"""Seconds that a handler has to notice ``call.lost`` before its process is killed."""

LEAVE = 2.0
"""Seconds that a process has to leave after its answer; what it still runs then is ended."""


def importable(handler: Handler) -> str | None:
    """``module:qualname`` under which another process finds the same handler, or None: for a lambda, a function in a
    function, a method of an object, and what the program that was started as ``__main__`` defines."""
    module_name = getattr(handler, "__module__", None) or ""
    qualname = getattr(handler, "__qualname__", "")
    module = sys.modules.get(module_name)
    if module_name == "__main__" or getattr(module, "__spec__", None) is None or not qualname:
        return None
    found: Any = module
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return f"{module_name}:{qualname}" if found is handler else None


def memory_bound(environment: Mapping[str, str]) -> int | None:
    """The bytes of address space that ``FLOW_ALONE_MEMORY`` (in MiB) allows a lone process, or None. Raises Refused."""
    text = environment.get(MEMORY, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not 64 <= int(text) <= 1 << 24:
        raise Refused(f"{text[:40]!r} is no bound of memory", where=MEMORY, possible=("a number of MiB, at least 64",))
    return int(text) << 20


def run_alone(handler: Handler, call: HandlerCall, limit: Duration, stop: Callable[[], bool] | None = None) -> Any:
    """Run one attempt in a process of its own; what the handler returns, with its result as plain JSON.

    Raises what the handler raises (an error of the same name and words); TimeoutError when it takes longer than the
    limit, and HandlerDied when its process ends without an answer, both after killing all that the process started;
    HandlerMissing for a handler that is not :func:`importable`. When ``stop()`` or ``call.lost`` becomes true the
    handler sees ``call.lost``; three seconds later its process is killed, and HandlerDied raised.
    """
    reference = importable(handler)
    if reference is None:
        raise HandlerMissing(
            f"{getattr(handler, '__qualname__', handler)!r} cannot be imported by name",
            where=call.handler,
            possible=("a function at the top of a module",),
        )
    with _Attempt(reference, call, memory_bound(os.environ)) as attempt:
        return attempt.outcome(limit, lambda: call.lost or (stop is not None and stop()))


class _Attempt:
    """The process of one attempt, and the two pipes to it."""

    def __init__(self, reference: str, call: HandlerCall, memory: int | None) -> None:
        self._call = call
        self._rest = b""
        self._closed = False
        inlet, self._outgoing = os.pipe()
        self._incoming, outlet = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flowengine.worker.inside", reference, str(inlet), str(outlet)],
                stdin=subprocess.DEVNULL,
                pass_fds=(inlet, outlet),
                start_new_session=True,  # a group of its own: killed as a whole, and Ctrl-C does not reach it
            )
        except BaseException:
            os.close(self._outgoing)
            os.close(self._incoming)
            raise
        finally:
            os.close(inlet)
            os.close(outlet)
        self._tell(wire.call_line(call, path=sys.path, memory=memory, worker=os.getpid()))

    def __enter__(self) -> _Attempt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing of the process is left, however the attempt ended."""
        if kind is not None:
            self._kill()
        try:
            self._process.wait(LEAVE)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        os.close(self._outgoing)
        os.close(self._incoming)

    def outcome(self, limit: Duration, unwanted: Callable[[], bool]) -> Any:
        """What the handler returned; raises as :func:`run_alone` does."""
        answer = self._answer(limit, unwanted)
        if answer is None:
            raise HandlerDied(self._end())
        return wire.heard(answer)

    def _answer(self, limit: Duration, unwanted: Callable[[], bool]) -> dict[str, Any] | None:
        """The answer, or None when the process ended without one."""
        end = monotonic() + limit.seconds
        told = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._incoming, selectors.EVENT_READ)
            while True:
                if not told and unwanted():
                    told, end = True, min(end, monotonic() + NOTICE)
                    self._tell(wire.LOST)
                left = end - monotonic()
                if left <= 0:
                    self._kill()
                    raise HandlerDied("was ended, for nobody waited for it") if told else _late(limit)
                if selector.select(min(left, LOOK)):
                    if (answer := self._heard()) is not None or self._closed:
                        return answer
                elif self._process.poll() is not None:  # what it started holds the pipe
                    return None

    def _heard(self) -> dict[str, Any] | None:
        """Read what there is; pass progress on, and return the answer if it is there."""
        read = os.read(self._incoming, 1 << 16)
        self._closed = not read
        *lines, self._rest = (self._rest + read).split(b"\n")
        if len(self._rest) > 2 * wire.LONGEST:
            raise HandlerDied("said more than an answer can be")
        for line in lines:
            said = _understood(line)
            if "progress" not in said:
                return said
            self._call.progress(str(said["progress"]))
        return None

    def _tell(self, line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it is gone; how it ended is told when that is seen
            while line:
                line = line[os.write(self._outgoing, line) :]

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _end(self) -> str:
        try:
            return f"its process {how(self._process.wait(LEAVE))} before it answered"
        except subprocess.TimeoutExpired:  # it closed what it did not open; whoever leaves the attempt kills it
            return "its process closed the pipe to its worker before it answered"


def _late(limit: Duration) -> TimeoutError:
    return TimeoutError(f"took longer than {limit}, and its process was killed")


def _understood(line: bytes) -> dict[str, Any]:
    try:
        return wire.read(line)
    except ValueError as error:
        raise HandlerDied(f"its answer cannot be read: {error}") from None
