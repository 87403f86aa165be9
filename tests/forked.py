"""Processes that run ``flow`` and begin where it has been imported.

A process that starts from nothing spends most of its time importing, and some tests need a hundred of them. So one
process, without threads, imports what commands need and waits: for each that is asked for it forks a child with the
words, the folder, the environment and the three streams that it is given. The child is a process as any other, with
signals, a terminal and an end of its own. That ``flow`` starts from nothing is shown by the tests that start it so.

As a program this file is the one that waits: ``python forked.py NUMBER``, with its end of a socket.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LONGEST = 1 << 18
IMPORTED = (
    "flowengine.client.local", "flowengine.cli.acting", "flowengine.cli.customers", "flowengine.cli.designers",
    "flowengine.cli.home", "flowengine.cli.lists", "flowengine.cli.operators", "flowengine.cli.show",
    "flowengine.cli.staff", "flowengine.cli.working", "rich.console",
)  # fmt: skip


class Process:
    """A child, with as much of :class:`subprocess.Popen` as is used."""

    def __init__(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], streams: tuple[int, int, int]
    ) -> None:
        """``words``: ``-m MODULE`` or a file, and what the program is told; ``streams``: what it reads and writes."""
        ours, theirs = os.pipe()
        asked = {"words": list(words), "cwd": str(cwd), "env": dict(env)}
        socket.send_fds(_waiting(), [json.dumps(asked).encode()], [*streams, theirs])
        os.close(theirs)
        self._told = os.fdopen(ours)
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self, patience: float = 0) -> int | None:
        """Its exit code, if it has ended: where a signal has killed it, the signal's number, negative."""
        if self.returncode is None and select.select([self._told], [], [], patience)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(self._told.readline()))
            self._told.close()
        return self.returncode

    def wait(self, patience: float) -> int:
        """Its exit code, once it has ended."""
        code = self.poll(patience)
        assert code is not None, f"process {self.pid} has not ended within {patience} s"
        return code

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], patience: float) -> tuple[int, str, str]:
    """Run one without input to its end: the exit code, and what it wrote."""
    with open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = Process(words, cwd=cwd, env=env, streams=(nothing.fileno(), out.fileno(), err.fileno()))
        code = process.wait(patience)
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


@cache
def _waiting() -> socket.socket:
    """The process that waits, which ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = [sys.executable, __file__, str(theirs.fileno())]
    made = subprocess.Popen(program, pass_fds=[theirs.fileno()], env=os.environ | {"PYTHONPATH": str(ROOT)})
    theirs.close()

    def end() -> None:
        ours.close()
        made.wait()

    atexit.register(end)
    return ours


# the process that waits


def _next(line: socket.socket) -> dict[str, Any]:
    """Wait for what is asked for, until this is the child that does it. Who asks is told of its id and of its end."""
    while True:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        told, descriptors, _, _ = socket.recv_fds(line, LONGEST, 4)
        if not told:
            os._exit(0)
        *streams, telling = descriptors
        if os.fork() == 0:
            line.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            child = os.fork()
            if child == 0:
                os.close(telling)
                for number, given in enumerate(streams):
                    os.dup2(given, number)
                    os.close(given)
                asked: dict[str, Any] = json.loads(told)
                return asked
            for given in streams:
                os.close(given)
            os.write(telling, f"{child}\n".encode())
            os.write(telling, f"{os.waitpid(child, 0)[1]}\n".encode())
            os._exit(0)
        for one in descriptors:
            os.close(one)


def _begin(asked: dict[str, Any]) -> None:
    """What the interpreter does before a program begins."""
    os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    random.seed()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - these three are there until the end
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    words = asked["words"]
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path[0] = asked["cwd"]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path[0] = str(Path(words[0]).parent)
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    _begin(_next(socket.socket(fileno=int(sys.argv[1]))))
