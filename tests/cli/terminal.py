"""A real terminal for tests: `flow` runs in a process of its own behind a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType

from forked import Process
from waiting import until

PATIENCE = 30.0
"""Seconds to wait for a text before the test fails."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One command at a terminal. ``raw`` is all that was written, ``text`` the same without rich's own colours."""

    def __init__(
        self, folder: Path, *words: str, program: Sequence[str] = ("-m", "flowengine.cli"), **more: str
    ) -> None:
        """``program`` are the words that the interpreter is called with, ``more`` what is in the environment."""
        self.master, slave = pty.openpty()
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "200", "LINES": "50", "PYTHONUNBUFFERED": "1"}
        environment.update(more)
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        self.process = Process([*program, *words], cwd=folder, env=environment, streams=(slave, slave, slave))
        os.close(slave)
        self.raw = ""
        self.read = 0

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def expect(self, wanted: str) -> str:
        """Wait until a text comes after what was expected before; everything up to and with it."""
        end = monotonic() + PATIENCE
        while (at := self.text.find(wanted, self.read)) < 0:
            if monotonic() > end or not self._more(end):
                raise AssertionError(f"{wanted!r} did not come; what came is\n{self.text[self.read :]}")
        before, self.read = self.read, at + len(wanted)
        return self.text[before : self.read]

    def send(self, line: str) -> None:
        """Type a line."""
        self.send_raw(f"{line}\n".encode())

    def send_raw(self, typed: bytes) -> None:
        """Send these bytes, a few at a time, as a person's keys and a paste come."""
        end = monotonic() + PATIENCE
        for begin in range(0, len(typed), 1024):
            _, ready, _ = select.select([], [self.master], [], PATIENCE)
            assert ready, "the terminal takes nothing more"
            os.write(self.master, typed[begin : begin + 1024])
            self._more(min(end, monotonic()))

    def interrupt(self) -> None:
        """Press Ctrl-C once the program waits for a key: a signal in the instant before it begins to read is noticed
        only at the next one."""
        until(lambda: self._asleep() and self._asleep(), "a program that waits for a key")
        os.kill(self.process.pid, signal.SIGINT)

    def _asleep(self) -> bool:
        """Whether the program's first thread sleeps, as the system tells, a moment from now."""
        sleep(0.01)
        told = subprocess.run(["ps", "-o", "stat=", "-p", f"{self.process.pid}"], capture_output=True, timeout=PATIENCE)
        return told.stdout.strip()[:1] in (b"S", b"I")

    def end_of_input(self) -> None:
        """Press Ctrl-D."""
        os.write(self.master, b"\x04")

    def hang_up(self) -> None:
        """Cut the line: what a closed window or a lost connection sends."""
        os.kill(self.process.pid, signal.SIGHUP)

    def leave(self) -> int:
        """Wait for the end of the command; its exit code."""
        end = monotonic() + PATIENCE
        while self._more(end):
            assert monotonic() < end, f"it writes on and on:\n{self.text[-2000:]}"
        return self.process.wait(PATIENCE)

    def _more(self, end: float) -> bool:
        """Read what there is; False when the command has closed the terminal."""
        ready, _, _ = select.select([self.master], [], [], max(0.0, end - monotonic()))
        if not ready:
            return False
        try:
            found = os.read(self.master, 65536)
        except OSError:
            return False
        self.raw += found.decode("utf-8", "replace")
        return bool(found)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        os.close(self.master)
