"""What expected dates learn from, kept as jobs act: the difference between what a job teaches now and what of it was
taken in.

It is counted together with what else jobs teach (:mod:`flowengine.commands.counting`): nobody who acts waits for it,
and one counts at a time. An open job teaches that it takes longer than it has taken so far; one that stands still is
looked at anew, each time after it has stood there for half as long again. Before a job that is over is taken in, it
says whether the dates that would have been told of it were too early, once. Where all is counted anew that is not done:
it would look back with what nobody knew then, so corrections stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from flowengine.commands.shell import Shell
from flowengine.core.usual import Lengths
from flowengine.insight.calibrating import Calibration
from flowengine.insight.expecting import Cell, Expecting, StateCounts, ahead_of
from flowengine.insight.learnt import Learnt
from flowengine.insight.life import Life
from flowengine.insight.trails import Trail
from flowengine.store import Transaction
from flowengine.store.codec import decode, text

SOONEST = timedelta(hours=1)
"""A job that stands still is looked at no sooner than after this."""

KEPT = timedelta(minutes=1)
"""For how long what is expected is told without a look whether others have learnt more."""

Told = list[tuple[float, float, float]]


class Correction(msgspec.Struct, frozen=True):
    """The calibration of a process, as it is stored."""

    middle: float = 0.0
    late: float = 0.0


class Lesson(msgspec.Struct, frozen=True):
    """What a job teaches that is not taken in: cells to be added, and, of one that is over now, what would have been
    ``told`` of it."""

    cells: Mapping[Cell, int] = {}
    told: Told = []


def learnt(shell: Shell, tx: Transaction, process: str, now: datetime) -> Learnt:
    """What the jobs of a process have taught: from memory, unless more was learnt since (:data:`KEPT`)."""
    kept = shell.learnt.get(process)
    if kept is not None and timedelta() <= now - kept.looked < KEPT:
        return kept
    stamp, _ = tx.expected.stamp(process)
    if kept is not None and kept.stamp == stamp:
        kept.looked = now
        return kept
    found = shell.learnt[process] = Learnt(now, stamp, *newest(tx, process))
    return found


def newest(tx: Transaction, process: str) -> tuple[Expecting, Calibration]:
    """The same, as it is stored."""
    expecting = Expecting()
    for state, _, counts in tx.expected.of(process):
        expecting.load(state, decode(counts, StateCounts))
    return expecting, _calibration(tx.expected.stamp(process)[1])


def _calibration(body: str) -> Calibration:
    found = decode(body, Correction) if body else Correction()
    return Calibration(found.middle, found.late)


class Lessons:
    """What jobs teach that are looked at in one transaction."""

    def __init__(self, shell: Shell, tx: Transaction, *, corrects: bool) -> None:
        self._shell, self._tx, self._corrects = shell, tx, corrects
        self._now = shell.clock.now()
        self._known: dict[str, tuple[Expecting, Calibration]] = {}
        self._ahead: dict[tuple[str, str], Mapping[str, Lengths]] = {}

    def taught(self, life: Life | None) -> tuple[Counter[Cell], bool]:
        """What was taken in of a job, and whether it was over then."""
        return (Counter(), False) if life is None else (life.trail.cells, life.trail.over is not None)

    def of(self, process: str, version: str, before: tuple[Counter[Cell], bool], life: Life) -> Lesson:
        """What a job teaches now, and was not taken in ``before``. An open one is learnt up to now."""
        trail = life.trail
        trail.see(self._now)
        cells, was_over = before
        after = trail.cells
        after.subtract(cells)
        different = {cell: count for cell, count in after.items() if count}
        told = self._told(process, version, trail) if self._corrects and not was_over else []
        if process in self._known:
            self._known[process][0].add(different)
        return Lesson(different, told)

    def _told(self, process: str, version: str, trail: Trail) -> Told:
        """What would have been told of a job that is over, by all that was learnt before it."""
        course, which = trail.course, (process, version)
        if course is None or not course.finished:
            return []
        if process not in self._known:
            self._known[process] = newest(self._tx, process)
        if which not in self._ahead:
            self._ahead[which] = ahead_of(self._shell.catalogue.compiled(self._tx, *which).process, self._now)
        expecting, calibration = self._known[process]
        told = expecting.by(self._ahead[which]).told(course, calibration)
        self._known[process] = expecting, calibration.after(told)
        return told


def again(life: Life) -> datetime | None:
    """When a job is to be looked at though it stands still; None for one that is over."""
    trail = life.trail
    if trail.until is None or (since := trail.youngest) is None:
        return None
    return trail.until + max((trail.until - since) / 2, SOONEST)


def take_in(tx: Transaction, lessons: Iterable[tuple[str, Lesson]], gone: int = 0) -> None:
    """Add what jobs have taught, each with its process; ``gone`` is 1 for jobs that leave the database. Who calls it is
    the one who counts."""
    by_process: dict[str, dict[str, Counter[Cell]]] = {}
    told: dict[str, list[Told]] = {}
    for process, lesson in lessons:
        for cell, count in lesson.cells.items():
            by_process.setdefault(process, {}).setdefault(cell.state, Counter())[cell] += count
        if lesson.told:
            told.setdefault(process, []).append(lesson.told)
    for process in sorted({*by_process, *told}):
        _add(tx, process, by_process.get(process, {}), gone)
        stamp, body = tx.expected.stamp(process)
        calibration = _calibration(body)
        for each in told.get(process, ()):
            calibration = calibration.after(each)
        tx.expected.correct(process, stamp + 1, text(Correction(calibration.middle, calibration.late)))


def _add(tx: Transaction, process: str, by_state: Mapping[str, Mapping[Cell, int]], gone: int) -> None:
    there: dict[str, Any] = {state: body for state, of_gone, body in tx.expected.of(process) if of_gone == gone}
    bodies = {}
    for state, cells in by_state.items():
        counts = decode(there[state], StateCounts) if state in there else StateCounts()
        counts.add(cells)
        bodies[state] = "" if counts.is_empty else text(counts)
    tx.expected.put(process, gone, bodies)
