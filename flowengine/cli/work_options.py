"""What ``flow worker`` is told, and what it tells: its options, and its counts in words. Nothing heavy is imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowengine.cli.terminal import Terminal

NOT_THERE = (
    "a worker runs where the database is",
    "workers of other kinds take service calls over HTTP: docs/services.md",
)
"""Why no worker runs at the address of a server, and what is possible instead."""

KINDS = {"timers": "timer", "calls": "service call", "outbox": "message", "failed": "failure"}
"""What is counted, and what one of it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The options of ``flow worker``."""

    handlers: tuple[str, ...] = ()
    concurrency: int = 8
    processes: int = 1
    poll: float = 0.1
    grace: float = 30.0
    once: bool = False
    dev: bool = False
    metrics: tuple[str, int] | None = None

    @property
    def terms(self) -> dict[str, Any]:
        """Those that a worker takes."""
        return {"concurrency": self.concurrency, "poll": self.poll, "grace": self.grace}

    def command(self, terminal: Terminal) -> list[str]:
        """The command line of one worker process. The database's address is not on it: everybody can read that."""
        given = [word for reference in self.handlers for word in ("--handlers", reference)]
        numbers = [f"--concurrency={self.concurrency}", f"--poll={self.poll}", f"--grace={self.grace}"]
        served = [f"--metrics={self.metrics[0]}:{self.metrics[1]}"] if self.metrics else []
        flags = [*served, *(["--dev"] if self.dev else []), *(["--json"] if terminal.json else [])]
        return [sys.executable, "-m", "flowengine.cli", "worker", *given, *numbers, *flags]


def words(counts: Mapping[str, int]) -> str:
    """What was done, in words: ``1 timer, 3 service calls``."""
    parts = [f"{counts[name]} {what}{'' if counts[name] == 1 else 's'}" for name, what in KINDS.items() if counts[name]]
    return ", ".join(parts) or "nothing was due"
