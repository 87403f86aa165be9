"""``flow worker`` in real processes, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from waiting import until

from flowengine import Engine

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds to wait for something before the test fails."""

PROCESS = """
process: {name}
title: {name}
need: Work
states:
  need: {{type: need, next: work}}
  work: {{type: service, call: {name}, limit: {limit}, retry: {{attempts: {attempts}, first: PT0.1S}}, on: {on}}}
  fulfilled: {{type: fulfilled}}
"""
GONE = "  gone: {type: ended, because: It failed}\n"


def deploy(engine: Engine, name: str, *, attempts: int = 3, limit: str = "PT3M", failed: bool = False) -> None:
    """A process of one service that calls the handler of that name; with ``failed`` it ends when that gives up."""
    on = "{done: fulfilled, failed: gone}" if failed else "{done: fulfilled}"
    engine.deploy(PROCESS.format(name=name, attempts=attempts, limit=limit, on=on) + (GONE if failed else ""))


def eventually(done: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is true, and give it."""
    return until(done, what, PATIENCE)


class Flow:
    """A running ``flow worker``; what it wrote is in ``out`` when it has ended."""

    def __init__(self, url: str, folder: Path, *words: str, handlers: str = "poison_handlers") -> None:
        self.folder = folder
        path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
        given = {"PYTHONPATH": path, "POISON_FOLDER": str(folder), "FLOW_AT": url, "PYTHONUNBUFFERED": "1"}
        self.log = folder / f"out-{time.monotonic_ns()}"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flowengine.cli", "worker", "--handlers", handlers, *words],
                env=os.environ | given,
                cwd=folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        return self.log.read_text()

    def mark(self, name: str) -> int:
        """Wait for a sign that a handler leaves; the process that left it."""
        file = self.folder / name
        eventually(lambda: file.exists() or self.process.poll() is not None, name)
        assert file.exists(), self.out
        return int(file.read_text())

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def leave(self) -> int:
        """Wait for the end; the exit code."""
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        """End it gracefully, and see that it ends so."""
        self.tell()
        assert self.leave() == 0, self.out

    def __enter__(self) -> Flow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
