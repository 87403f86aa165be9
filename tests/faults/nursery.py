"""Real processes that start at once: a process that has imported everything forks each of them when it is told to.

A fresh interpreter costs half a second before it does anything, which a thousand kills cannot wait for. What is forked
here has opened nothing yet: it opens its own database, has its own pid, and can be killed alone.

``python nursery.py`` reads one line of JSON for each child, ``["role", arguments…]``, and answers with its pid.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # where this runs by itself, too

from waiting import heard

PATIENCE = 120.0
"""Seconds that a busy machine may need to end a process."""


class Nursery:
    """The process that forks the others. What they write on stderr goes to ``log``."""

    def __init__(self, log: Path) -> None:
        self._alive: set[int] = set()
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True
            )

    def start(self, role: str, *arguments: Any) -> int:
        """A new process with a role of :mod:`roles` or :mod:`abroad`; its pid."""
        pid = int(self._ask([role, *arguments]))
        self._alive.add(pid)
        return pid

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL, *, wait: bool = True) -> None:
        """Send a signal to a process that this nursery started; with ``wait``, until it has ended."""
        assert pid in self._alive, "only a process that was started here is killed"
        os.kill(pid, number)
        if wait:
            status = self._ask(["wait", pid])
            assert status != "alive", f"process {pid} does not end after {number.name}"
            self._alive.discard(pid)

    def stop(self, pid: int) -> None:
        """Stop a process where it stands (SIGSTOP); :meth:`go_on` continues it."""
        self.kill(pid, signal.SIGSTOP, wait=False)

    def go_on(self, pid: int) -> None:
        self.kill(pid, signal.SIGCONT, wait=False)

    def running(self, pid: int) -> bool:
        """Whether a process has not ended."""
        return self.end(pid) == "alive"

    def end(self, pid: int) -> str:
        """``alive``, or how a process ended: what ``waitpid`` tells, as a number."""
        return self._ask(["look", pid])

    def _ask(self, what: list[Any]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return heard(self._process, 2 * PATIENCE).strip()

    def close(self) -> None:
        """End all that is left, and the nursery itself."""
        for pid in list(self._alive):
            if self.running(pid):
                self.go_on(pid)
                self.kill(pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(PATIENCE)

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _look(ended: dict[int, int], pid: int) -> str:
    if pid not in ended:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            ended[pid] = status
    return str(ended[pid]) if pid in ended else "alive"


def _wait(ended: dict[int, int], pid: int) -> str:
    until = time.monotonic() + PATIENCE
    while (answer := _look(ended, pid)) == "alive" and time.monotonic() < until:
        time.sleep(0.002)
    return answer


def main() -> None:
    """Fork a child for each line."""
    import abroad  # everything heavy is imported once, here
    import roles

    known = roles.ROLES | abroad.ROLES
    ended: dict[int, int] = {}
    for line in sys.stdin:
        role, *arguments = json.loads(line)
        if role in ("wait", "look"):
            print((_wait if role == "wait" else _look)(ended, arguments[0]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            sys.stdin.close()
            os.dup2(2, 1)  # the answers are the nursery's alone
            roles.play(known[role], arguments)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
