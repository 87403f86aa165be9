"""Interrupts that strike at a chosen moment, as Ctrl-C does: between two instructions of this thread."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def struck_after(function: str, when: Callable[[FrameType], bool]) -> Iterator[None]:
    """The first call of a function written in C, of that name, that returns when something holds of who called it, is
    struck: its answer is lost, and KeyboardInterrupt is raised in its place."""

    def look(frame: FrameType, event: str, what: Any) -> None:
        if event == "c_return" and what.__name__ == function and when(frame):
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)


@contextmanager
def signals_interrupt() -> Iterator[Callable[[], None]]:
    """Gives what another thread can call to send the main thread a signal that is an interrupt."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    main = threading.main_thread().ident
    assert main == threading.get_ident(), "signals reach the main thread only"
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        yield lambda: signal.pthread_kill(main, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
