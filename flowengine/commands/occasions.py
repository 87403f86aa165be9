"""Appointments as their histories tell them: which there were, and how each was changed, so that calendars can follow.

An appointment is known by its job and by the number of the entry that booked it first, however often it is moved; its
sequence is the number of the last entry that changed it. What was only held is none. What begins is over by itself, and
what is booked afterwards is another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from flowengine.core import events as e
from flowengine.core.values import Step
from flowengine.store import Entry


class Rebooking(NamedTuple):
    """What one command came to for the appointment of one branch: ``before`` and ``after`` it, at least one of both."""

    branch: str
    before: e.SlotFreed | None
    after: e.SlotBooked | None

    @property
    def what(self) -> str:
        """``booked``, ``changed`` or ``cancelled``."""
        if self.before is None:
            return "booked"
        return "cancelled" if self.after is None else "changed"


def rebookings(events: Iterable[e.AnyEvent]) -> list[Rebooking]:
    """What a command came to for appointments, by branch, in order."""
    found: dict[str, Rebooking] = {}
    for event in events:
        match event:
            case e.SlotFreed(held=False):
                one = found.get(event.branch, Rebooking(event.branch, None, None))
                # what was booked and freed by the same command was never there
                before = event if one.after is None and one.before is None else one.before
                found[event.branch] = Rebooking(event.branch, before, None)
            case e.SlotBooked(held_until=None):
                one = found.get(event.branch, Rebooking(event.branch, None, None))
                found[event.branch] = one._replace(after=event)
    return [one for one in found.values() if (one.before or one.after) and not _is_same(one)]


def _is_same(one: Rebooking) -> bool:
    before, after = one.before, one.after
    return (
        before is not None
        and after is not None
        and (before.start, before.calendar, before.customer, before.staff)
        == (after.start, after.calendar, after.customer, after.staff)
    )


class Kept(msgspec.Struct, kw_only=True):
    """An appointment, as it was last. ``number`` and ``sequence`` are those of entries; ``title`` is what it is for,
    ``step`` the customer's step. ``gone``: it was cancelled; ``over``: nothing becomes of it any more."""

    job: str
    branch: str
    number: int
    sequence: int
    at: datetime
    start: datetime
    end: datetime
    calendar: str
    customer: str
    staff: str
    state: str = ""
    member: str = ""
    title: str = ""
    step: int = 0
    gone: bool = False
    over: bool = False

    @property
    def uid(self) -> str:
        """By which calendars know it."""
        return f"{self.job}.{self.number}@flowengine"


def appointments(job: str, entries: Iterable[Entry]) -> list[Kept]:
    """All appointments of a job, the first booked first; ``entries`` are its history from the beginning."""
    return _Telling(job).all(entries)


class _Telling:
    """A history, told entry by entry."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._found: list[Kept] = []
        self._open: dict[str, Kept] = {}

    def all(self, entries: Iterable[Entry]) -> list[Kept]:
        for entry in entries:
            for change in rebookings(entry.events):
                self._change(entry, change)
            for step in _steps(entry.events):
                self._name(step)
            for event in entry.events:
                self._end(event)
        return self._found

    def _change(self, entry: Entry, change: Rebooking) -> None:
        kept, after = self._open.get(change.branch), change.after
        if after is None:
            if kept is not None:
                kept.sequence, kept.at, kept.gone, kept.over = entry.seq, entry.at, True, True
                del self._open[change.branch]
            return
        if kept is None:
            kept = Kept(
                job=self._job, branch=change.branch, number=entry.seq, sequence=entry.seq, at=entry.at,
                start=after.start, end=after.end, calendar=after.calendar, customer=after.customer, staff=after.staff,
            )  # fmt: skip
            self._found.append(kept)
            self._open[change.branch] = kept
        kept.sequence, kept.at = entry.seq, entry.at
        kept.start, kept.end, kept.calendar = after.start, after.end, after.calendar
        kept.customer, kept.staff = after.customer, after.staff

    def _name(self, step: Step) -> None:
        """What it is for stands on the steps that belong to it."""
        kept = self._open.get(step.branch)
        if kept is None:
            return
        if step.booked == kept.start:
            kept.step, kept.state, kept.member = step.number, step.state, step.member
        elif step.appointment == kept.start:
            kept.title, kept.state, kept.member = step.title, step.state, step.member

    def _end(self, event: e.AnyEvent) -> None:
        """What has begun is freed by nothing; how it went is told once."""
        match event:
            case e.AppointmentChanged(what="missed") | e.Left() | e.BranchClosed():
                kept = self._open.pop(event.branch, None)
                if kept is not None:
                    kept.over = True


def _steps(events: Sequence[e.AnyEvent]) -> Iterator[Step]:
    return (event.step for event in events if isinstance(event, e.StepOpened | e.StepChanged))
