"""Where one job stood, and when: a fold of its history, from which expected dates learn.

What is learnt of a job that is over is how long it took until what was promised was there, where its process says when
that is (``promise: {kept: …}``); else until it was fulfilled. What follows that, feedback as a rule, teaches nothing.

Kept beside what else of a job is counted (:mod:`flowengine.insight.life`), without words or names. How many others
waited in a state when it was entered is not kept: it would hang on the order in which jobs are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import msgspec

from flowengine.core import events as e
from flowengine.insight.expecting import Cell, Course, Visit, cells_of

MOST = 300
"""Stays of one job that are kept: the first ones."""


class Stay(msgspec.Struct, array_like=True):
    """A branch stood in a state."""

    branch: str
    state: str
    entered: datetime
    left: datetime | None = None


class Trail(msgspec.Struct):
    """Where a job stood up to its ``last`` entry. ``over``: when what was promised was there, or the job fulfilled;
    ``gone``: it ended otherwise. ``until`` is up to when it was learnt, while it was open."""

    begun: datetime | None = None
    last: datetime | None = None
    stays: list[Stay] = []
    over: datetime | None = None
    gone: bool = False
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it goes on, so that it teaches more the longer it does."""
        return self.begun is not None and self.over is None and not self.gone

    def see(self, now: datetime) -> None:
        """It is still open now; of a clock that was set back nothing is learnt."""
        if self.is_open and self.last is not None:
            self.until = max(now, self.last, self.until or self.last)

    @property
    def course(self) -> Course | None:
        """How it went, as far as that is learnt; None for what teaches nothing."""
        if self.begun is None or self.gone:
            return None
        until = self.over or self.until or self.last
        assert until is not None, "what has begun was seen"
        stays = [one for one in self.stays if one.entered <= until]
        visits = tuple(Visit(state=one.state, entered=one.entered, left=one.left) for one in stays)
        return Course(begun=self.begun, until=until, finished=self.over is not None, visits=visits)

    @property
    def cells(self) -> Counter[Cell]:
        """What it adds to what all jobs have taught."""
        course = self.course
        return Counter() if course is None else cells_of(course)

    @property
    def youngest(self) -> datetime | None:
        """Since when it has stood where it came to last; None where it is over."""
        open_ = [one.entered for one in self.stays if one.left is None]
        return max(open_, default=self.begun) if self.is_open else None


def follow(trail: Trail, holders: Collection[str], entry: Any) -> None:
    """Go on with an entry of the history. ``holders`` are the states that only hold others, which are no stay; what is
    passed within one entry is none either. A clock that was set back counts as standing still."""
    at = entry.at if trail.last is None else max(entry.at, trail.last)
    trail.last = at
    known, was_over = len(trail.stays), trail.over is not None
    for event in entry.events:
        follow_event = _FOLLOWED.get(type(event))
        if follow_event is not None:
            follow_event(trail, event, at)
    new = (one for one in trail.stays[known:] if one.left is None and one.state not in holders)
    trail.stays[known:] = list(new)[: max(MOST - known, 0)]
    if trail.gone and was_over:
        trail.gone = False  # what was promised was there before


def _started(trail: Trail, _: e.Started, at: datetime) -> None:
    trail.begun = at


def _entered(trail: Trail, event: e.Entered, at: datetime) -> None:
    _leave(trail, event.branch, at)
    trail.stays.append(Stay(event.branch, event.state, at))


def _left(trail: Trail, event: e.Left | e.BranchClosed, at: datetime) -> None:
    _leave(trail, event.branch, at)


def _leave(trail: Trail, branch: str, at: datetime) -> None:
    for one in trail.stays:
        if one.branch == branch and one.left is None:
            one.left = at


def _migrated(trail: Trail, event: e.Migrated, _: datetime) -> None:
    for one in trail.stays:
        one.state = event.states.get(one.state, one.state)


def _promised(trail: Trail, event: e.Promised, at: datetime) -> None:
    if event.promise.kept is not None and trail.over is None:
        trail.over = at


def _ended(trail: Trail, event: e.Ended, at: datetime) -> None:
    for one in trail.stays:
        if one.left is None:
            one.left = at
    if event.kind == "fulfilled":
        trail.over = trail.over or at
    else:
        trail.gone = True


_FOLLOWED: dict[type[e.Event], Callable[[Trail, Any, datetime], None]] = {
    e.Started: _started,
    e.Entered: _entered,
    e.Left: _left,
    e.BranchClosed: _left,
    e.Migrated: _migrated,
    e.Promised: _promised,
    e.Ended: _ended,
}
