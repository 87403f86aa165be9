"""Where a job stands: its head, its tree of open branches, its data, and the seats of its open steps.

A position may be read lazily: the store's reads a branch or a seat from the database when it is asked for, so that an
act on one of ten thousand branches costs what an act on one of two does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from flowengine.core.values import ROOT, Branch, Head, Json, Seat, ServiceCall, Step, Timer


class Position(Protocol):
    """A job's position, for reading. Closed branches, steps, timers and calls are not in it."""

    @property
    def head(self) -> Head: ...

    @property
    def data(self) -> Mapping[str, Json]:
        """The job's data: the root branch's. A branch of an each has data of its own, in ``Branch.data``."""

    def branch(self, branch: str) -> Branch | None:
        """The branch of that id, open or pending."""

    def children(self, branch: str) -> Iterable[Branch]:
        """The branches right below a branch, open and pending, in the order they were made."""

    def branch_of_step(self, step: int) -> str | None:
        """The id of the branch on which that step is open."""

    def branch_of_timer(self, timer: int) -> str | None:
        """The id of the branch on which that timer is set."""

    def branch_of_call(self, call: int) -> str | None:
        """The id of the branch on which that call is open."""

    def overdue(self, now: datetime) -> list[Timer]:
        """The timers that are due at ``now`` or before, in no order; of very many perhaps only the earliest. None while
        the job is suspended."""

    def seat(self, step: int, audience: str) -> Seat | None:
        """The seat of an open step for that audience."""

    def seats(self, step: int) -> Iterable[Seat]:
        """All seats of an open step, in order."""


@dataclass
class MemoryPosition:
    """A position held in dictionaries: for tests, simulation, and rebuilding from the history."""

    head: Head
    data: dict[str, Json] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    seated: dict[int, dict[str, Seat]] = field(default_factory=dict)

    def branch(self, branch: str) -> Branch | None:
        return self.branches.get(branch)

    def children(self, branch: str) -> Iterable[Branch]:
        return [child for child in self.branches.values() if child.parent == branch]

    def branch_of_step(self, step: int) -> str | None:
        return next((b.id for b in self.branches.values() if any(s.number == step for s in b.steps)), None)

    def branch_of_timer(self, timer: int) -> str | None:
        return next((b.id for b in self.branches.values() if any(t.number == timer for t in b.timers)), None)

    def branch_of_call(self, call: int) -> str | None:
        return next((b.id for b in self.branches.values() if any(c.number == call for c in b.calls)), None)

    def overdue(self, now: datetime) -> list[Timer]:
        return [timer for timer in self.timers.values() if timer.is_due(now)] if self.head.suspended is None else []

    def seat(self, step: int, audience: str) -> Seat | None:
        return self.seated.get(step, {}).get(audience)

    def seats(self, step: int) -> Iterable[Seat]:
        return list(self.seated.get(step, {}).values())

    def whole(self) -> MemoryPosition:
        """Itself: all of it is in memory."""
        return self

    @property
    def steps(self) -> dict[int, Step]:
        """All open steps by number."""
        return {step.number: step for branch in self.branches.values() for step in branch.steps}

    @property
    def timers(self) -> dict[int, Timer]:
        """All timers that are still to be fired, by number."""
        return {one.number: one for branch in self.branches.values() for one in branch.timers if one.rang is None}

    @property
    def rung(self) -> dict[int, Timer]:
        """All timers that have rung, by number; they are set as long as what they rang for goes on."""
        return {one.number: one for branch in self.branches.values() for one in branch.timers if one.rang is not None}

    @property
    def calls(self) -> dict[int, ServiceCall]:
        """All open calls by number."""
        return {call.number: call for branch in self.branches.values() for call in branch.calls}

    @property
    def root(self) -> Branch:
        return self.branches[ROOT]
