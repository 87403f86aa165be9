"""Handlers that do to their process what handlers must not do, and some that are well behaved."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from flowengine import HandlerCall

FOLDER = Path(os.environ.get("POISON_FOLDER", "."))


def mark(name: str) -> None:
    """Leave a sign for the test, with the process that left it."""
    (FOLDER / f".{name}").write_text(str(os.getpid()))
    (FOLDER / f".{name}").rename(FOLDER / name)


def good(call: HandlerCall) -> Any:
    mark(f"good-{call.key}")
    return {}


def raises(_: HandlerCall) -> Any:
    raise RuntimeError("no cloth")


def leaves(_: HandlerCall) -> Any:
    sys.exit(3)


def exits(_: HandlerCall) -> Any:
    os._exit(7)


def kills_itself(_: HandlerCall) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def segfaults(_: HandlerCall) -> Any:
    os.kill(os.getpid(), signal.SIGSEGV)


def sleeps(_: HandlerCall) -> Any:
    time.sleep(600)


def holds_the_interpreter(_: HandlerCall) -> Any:
    re.match(r"(a+)+$", "a" * 60 + "b")


def eats_memory(_: HandlerCall) -> Any:
    """Takes what there is, and is killed for it, as the system would do it where memory is short for all."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20), resource.RLIM_INFINITY))
    eaten = []
    try:
        while True:
            eaten.append(bytearray(32 << 20))
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)


def prints(_: HandlerCall) -> Any:
    print("a handler printed this")
    return {}


def waits(call: HandlerCall) -> Any:
    """Runs until the test lets it end."""
    mark("begun-2" if (FOLDER / "begun-1").exists() else "begun-1")
    while not (FOLDER / "go").exists():
        time.sleep(0.02)
    return {"attempt": call.attempt}


def neighbour(call: HandlerCall) -> Any:
    """Leaves a sign of its job and runs until the test lets it end."""
    mark(f"began-{call.job}")
    while not (FOLDER / "go").exists():
        time.sleep(0.02)
    return {}


def waits_at_first(call: HandlerCall) -> Any:
    """Its first run does not end; a later one does, with the number of the attempt."""
    if (FOLDER / "begun").exists():
        return {"attempt": call.attempt}
    mark("begun")
    time.sleep(600)
    return {}


HANDLERS = {name: value for name, value in list(globals().items()) if getattr(value, "__module__", "") == __name__}
del HANDLERS["mark"]
