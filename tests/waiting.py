"""Waits that end: for what is awaited, not for a time, and with a failure that says what did not come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

PATIENCE = 60.0
"""Seconds until what is awaited is taken not to come, on a machine that is busy with much else."""


def until(holds: Callable[[], Any], what: str = "what was awaited", patience: float = PATIENCE) -> Any:
    """Wait until something holds, and give it."""
    end = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < end, f"{what} did not come within {patience:g} s"
        time.sleep(0.005)
    return found


def join(*threads: threading.Thread, patience: float = PATIENCE) -> None:
    """Wait for threads to end."""
    end = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        assert not thread.is_alive(), f"{thread.name} has not ended within {patience:g} s"


@contextmanager
def killed_after(process: Popen[Any]) -> Iterator[Popen[Any]]:
    """The process is there for as long as the block: at its end it is killed, however that comes, and waited for."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: Popen[str], patience: float = PATIENCE) -> str:
    """The next line that a process says. One that says nothing is killed, and that it ended without a word is told."""
    assert process.stdout is not None
    killer = threading.Timer(patience, process.kill)
    killer.start()
    try:
        line = process.stdout.readline()
    finally:
        killer.cancel()
    assert line, f"the process has said no further line, and has ended with {process.poll()}"
    return line
