"""What a supervisor and a worker process say to each other, on two pipes that the process is given at its start.

The process reports, one JSON object a line: ``ready`` once it can work, ``ran`` with counts of what was done, ``files``
that its code is in, and an empty report every other second, by which the supervisor knows that the interpreter is not
held. The supervisor says little: a byte :data:`STOP`, a byte :data:`HURRY`, and by the end of the pipe that it is gone.
It stops a process that works by the pipe and not by a signal, which others send as well (systemd to all at once).
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from threading import Lock, Thread
from time import monotonic, time_ns
from typing import Any

VARIABLE = "FLOW_SUPERVISOR"
"""The environment variable that tells a worker process its pipes: ``in,out,first``."""

STOP, HURRY = b"s", b"h"

PULSE = 2.0
"""Seconds between two signs of life."""


class Supervised:
    """A worker process's line to its supervisor. ``first`` marks the process that greets for all of them."""

    def __init__(self, inlet: int, outlet: int, first: bool) -> None:
        self.first = first
        self._inlet, self._outlet = inlet, outlet
        self._lock = Lock()

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Supervised | None:
        """The line that the environment tells of, which is taken out of it; None without a supervisor."""
        told = environment.pop(VARIABLE, "")
        if not told:
            return None
        inlet, outlet, first = told.split(",")
        for one in (int(inlet), int(outlet)):
            os.set_inheritable(one, False)  # what handlers start must not keep the pipes open
        return cls(int(inlet), int(outlet), bool(first))

    def say(self, **report: Any) -> None:
        """Report something. Nobody hears it when the supervisor is gone."""
        line = json.dumps(report).encode() + b"\n"
        with self._lock, contextlib.suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._outlet, line) :]

    def listen(self, *, stop: Callable[[], None], hurry: Callable[[], None]) -> None:
        """From now on, on a thread, give signs of life, and call ``stop`` or ``hurry`` when the supervisor says so, and
        ``stop`` when it is no more."""

        def wait() -> None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._inlet, selectors.EVENT_READ)
                while True:
                    if not selector.select(PULSE):
                        self.say()
                    elif said := os.read(self._inlet, 1):
                        hurry() if said == HURRY else stop()
                    else:
                        break
            stop()

        Thread(target=wait, name="flow supervised", daemon=True).start()


def _report(line: bytes) -> Any:
    """What a line reports; nothing where a handler wrote to files that are not its own: that must harm nobody."""
    try:
        return json.loads(line)
    except ValueError:
        return None


class WorkerProcess:
    """A running worker process, as its supervisor has it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], first: bool) -> None:
        inlet, self._line = os.pipe()
        self.reports, outlet = os.pipe()
        os.set_blocking(self.reports, False)
        self._rest = b""
        self.closed = False  # it will report nothing more
        self.ready = self.frozen = False
        self.born = self._looked = monotonic()
        self.began = time_ns()
        self.silent = 0.0  # seconds without a report
        try:
            self._process = subprocess.Popen(
                command,
                env={**environment, VARIABLE: f"{inlet},{outlet},{'first' if first else ''}"},
                stdin=subprocess.DEVNULL,
                pass_fds=(inlet, outlet),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which passes it on once
            )
        except BaseException:
            self.close()
            raise
        finally:
            os.close(inlet)
            os.close(outlet)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code as :mod:`subprocess` gives it; None while it runs."""
        return self._process.poll()

    def read(self) -> list[dict[str, Any]]:
        """The reports that have come since it was last asked."""
        found = b""
        with contextlib.suppress(BlockingIOError):
            while read := os.read(self.reports, 1 << 16):
                found += read
            self.closed = True
        now = monotonic()
        waited, self._looked = now - self._looked, now
        self.silent = 0.0 if found else self.silent + min(waited, 1.0)  # this process may itself have stood still
        *lines, self._rest = (self._rest + found).split(b"\n")
        return [report for line in lines if isinstance(report := _report(line), dict)]

    def stop(self) -> None:
        """Have it finish what it runs, and end."""
        if self.ready:
            self._say(STOP)
        elif self.code is None:
            self._process.terminate()

    def hurry(self) -> None:
        """Have it give back what it runs."""
        self._say(HURRY)

    def _say(self, word: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended, which is seen soon
            os.write(self._line, word)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let go of the pipes."""
        os.close(self._line)
        os.close(self.reports)
