"""What a world remembers, whatever crashes: who asked for what, what was acknowledged, and what handlers were run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flowengine import Engine, Receipt


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(eq=False)
class Request:
    """One wish of one person, which keeps its key however often it is asked."""

    key: str
    actor: str
    what: str
    do: Callable[[Engine], Receipt]
    asked: int = 0
    running: int = 0
    receipt: Receipt | None = None
    hash: str = ""
    unanswered: bool = False
    call: str = ""
    """The call that it completes. After an operator's retry the call begins anew: ``retries`` counts them."""
    retries: int = 0


@dataclass
class Run:
    """One attempt of a handler, and what it was given."""

    handler: str
    attempt: int
    input: Any
    token: str


@dataclass
class Record:
    """What the world remembers, whatever crashes."""

    requests: list[Request] = field(default_factory=list)
    runs: dict[str, list[Run]] = field(default_factory=lambda: defaultdict(list))
    retries: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    tokens: dict[str, str] = field(default_factory=dict)
    notices: list[tuple[str, int, int]] = field(default_factory=list)
    """Where in the outbox each came from: job, entry of its history, number."""
    heard: set[str] = field(default_factory=set)
    """The keys of notices that came."""
    letters: list[tuple[str, str]] = field(default_factory=list)
    passed: timedelta = timedelta()
    """How much time has passed, whatever the clock was set to."""
    undone: set[str] = field(default_factory=set)
    """The calls for which an undo handler was begun."""
    too_late: list[str] = field(default_factory=list)
    """What took effect within its limit, and after it was undone."""
    points: set[str] = field(default_factory=set)
    crashes: int = 0
    zombies: int = 0

    def totals(self) -> dict[str, int]:
        """What happened, in numbers."""
        return {
            "requests": len(self.requests),
            "acknowledged": sum(one.receipt is not None for one in self.requests),
            "attempts": sum(map(len, self.runs.values())),
            "notices and letters": len(self.notices) + len(self.letters),
            "crashes": self.crashes,
            "zombies": self.zombies,
        }
