"""What a supervisor and a worker process say to each other, on two pipes that the process is given at its start.

The process reports, one JSON object a line: ``ready`` once it can work, with the name of its ``worker``; ``ran`` with
counts of what was done; ``files`` that its code is in; ``wary`` with a handler that died in a process of its own; and
an empty report every other second, by which the supervisor knows that the interpreter is not held.

The supervisor says as little, in the same way: ``stop``; ``hurry``; ``lost`` with the name of a worker that is no more;
``wary`` as above; and by the end of the pipe that it is gone itself. It stops a process that works by the pipe and not
by a signal, which others send as well (systemd to all at once).
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

    def listen(
        self,
        *,
        stop: Callable[[], None],
        hurry: Callable[[], None],
        lost: Callable[[str], None] = lambda _: None,
        wary: Callable[[str], None] = lambda _: None,
        pulse: float = PULSE,
    ) -> None:
        """From now on, on a thread, give signs of life, ``pulse`` seconds apart, and call ``stop``, ``hurry``, ``lost``
        with a worker's name or ``wary`` with a handler's when the supervisor says so, and ``stop`` when it is no more.
        """
        heard = {"stop": lambda _: stop(), "hurry": lambda _: hurry(), "lost": lost, "wary": wary}

        def wait() -> None:
            rest = b""
            with selectors.DefaultSelector() as selector:
                selector.register(self._inlet, selectors.EVENT_READ)
                while True:
                    if not selector.select(pulse):
                        self.say()
                    elif said := os.read(self._inlet, 4096):
                        *lines, rest = (rest + said).split(b"\n")
                        for word, value in (item for line in lines for item in json.loads(line).items()):
                            heard[word](value)
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
        os.set_blocking(self._line, False)  # whoever does not listen must not hold this process up
        self._rest = b""
        self.closed = False  # it will report nothing more
        self.ready = self.frozen = False
        self.worker = ""  # the name of its worker, once it has said so
        self.warned: dict[str, float] = {}  # the handlers of which it knows that they die, and since when
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
            self.say(stop=True)
        elif self.code is None:
            self._process.terminate()

    def hurry(self) -> None:
        """Have it give back what it runs."""
        self.say(hurry=True)

    def say(self, **words: Any) -> bool:
        """Tell it something in a line that is short enough to go as a whole or not at all. Whether it went."""
        try:
            os.write(self._line, json.dumps(words).encode() + b"\n")
        except (BrokenPipeError, BlockingIOError):  # it has ended, or stands still: both are seen soon
            return False
        return True

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let go of the pipes."""
        os.close(self._line)
        os.close(self.reports)
