"""The process of one lone attempt: ``python -m flowengine.worker.inside module:qualname IN OUT``, started by
:func:`flowengine.worker.alone.run_alone`.

It reads the call from the pipe ``IN``, runs the handler in its main thread, and writes progress and the answer to the
pipe ``OUT``. It ends with its worker, whichever way that ends. Little is imported here: it starts for each attempt.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from importlib import import_module
from threading import Lock, Thread
from typing import Any, NoReturn

from flowengine.runtime.handlers import Handler, HandlerCall
from flowengine.worker import wire

_PR_SET_PDEATHSIG = 1  # from Linux's prctl.h


class Pipe:
    """The line to the worker, as a handler's call has it."""

    def __init__(self, outlet: int, lost: bool) -> None:
        self.lost = lost
        self._outlet = outlet
        self._lock = Lock()

    def progress(self, words: str) -> None:
        """Say how far the handler is."""
        self.say(wire.line({"progress": str(words)[:200]}))

    def say(self, line: bytes) -> None:
        """Write a whole line, whoever else is writing."""
        with self._lock:
            while line:
                line = line[os.write(self._outlet, line) :]

    def listen(self, inlet: int) -> None:
        """Hear that the attempt is lost; when the worker is gone, end at once with all that was started from here."""
        while os.read(inlet, 4096):
            self.lost = True
        _end()


def main(reference: str, inlet: int, outlet: int) -> None:
    """Run the attempt and answer it."""
    for one in (inlet, outlet):
        os.set_inheritable(one, False)  # what the handler starts must not keep the pipes open
    told, rest = _told(inlet)
    _end_with(told["worker"])
    pipe = Pipe(outlet, lost=bool(rest))
    Thread(target=pipe.listen, args=(inlet,), name="flow listen", daemon=True).start()
    sys.path[:] = told["path"]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what a killed handler printed is seen
    try:
        handler = _resolved(reference)
    except BaseException as error:  # an import may raise anything, SystemExit too
        pipe.say(wire.line({"unimportable": f"{type(error).__name__}: {wire.words(error)}"[: wire.LONGEST_ERROR]}))
        return
    _bound(told["memory"])
    pipe.say(_attempt(handler, HandlerCall(**told["call"], line=pipe)))


def _told(inlet: int) -> tuple[dict[str, Any], bytes]:
    """The first line, and what came behind it."""
    said = b""
    while b"\n" not in said:
        read = os.read(inlet, 1 << 16)
        if not read:
            _end()
        said += read
    first, _, rest = said.partition(b"\n")
    return wire.read(first), rest


def _attempt(handler: Handler, call: HandlerCall) -> bytes:
    try:
        given = handler(call)
        if hasattr(given, "__await__"):
            given = _awaited(given)
        return wire.answer_of(given)
    except BaseException as error:  # also SystemExit and MemoryError: that is an answer, too
        return wire.error_of(error)


def _awaited(given: Any) -> Any:
    import asyncio

    async def wait() -> Any:
        return await given

    return asyncio.run(wait())


def _resolved(reference: str) -> Handler:
    module, _, qualname = reference.partition(":")
    found: Any = import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    handler: Handler = found
    return handler


def _end_with(worker: int) -> None:
    """Be killed when the worker dies, also while a handler in C holds the interpreter. Linux alone offers that; the end
    of the pipe does the same elsewhere, as soon as the interpreter is free."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker:  # it died before
        _end()


def _end() -> NoReturn:
    """End at once, with everything in the group that this process leads."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _bound(memory: int | None) -> None:
    """Let the handler have no more than so many bytes beyond what the process has now: then it gets a MemoryError."""
    if memory is not None:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        bound = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (bound, hard))


def _started(words: Iterable[str]) -> None:
    reference, inlet, outlet = words
    main(reference, int(inlet), int(outlet))


if __name__ == "__main__":
    _started(sys.argv[1:])
