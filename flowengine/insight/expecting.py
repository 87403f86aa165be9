"""When an open job will be finished, as a range, from where it stands and how others went on from there.

What is learnt is one question, asked at growing ages of each visit of a state: of the jobs that stood here this long,
how much longer did it take to the job's end? (Landmarks, as van Houwelingen has them: Scandinavian Journal of
Statistics 34, 2007.) So what somebody has waited already counts, a long stay may be followed by other ways than a
short one, and rounds need no model: each visit counts for itself. The job as a whole is the state ``""``.

All that is kept are whole numbers by :class:`Cell`, which are added: in any order, in any parts, and taken away again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import fsum
from typing import Literal, NamedTuple

import msgspec

from flowengine.core.advance import compile_process
from flowengine.core.usual import Lengths, lengths
from flowengine.insight.calibrating import Calibration
from flowengine.insight.survival import DOUBLING, EDGES, Curve, bin_of, seen, thought
from flowengine.language.model import Process

WHOLE = ""
"""The state that stands for the whole job."""

WEIGHT = 4.0
"""As how many observed jobs an estimate weighs."""

ENOUGH = 40
"""Jobs seen at an age from which on it needs no other ages beside it."""

MARKS = (0.0, *EDGES[1::DOUBLING])
"""The ages at which it is asked how much longer it took, in seconds: from a minute on, each twice the last."""

MOST_AHEAD = 10_000
"""A longer queue counts as this long."""

LOOKS = 8
"""At how many moments it is looked what would have been told of a job."""

Kind = Literal["finished", "unfinished", "visits", "ahead", "ahead_squared", "stay", "ahead_times_stay"]


class Cell(NamedTuple):
    """What a number counts. ``finished``, ``unfinished``: jobs that stood in ``state`` at the age ``MARKS[mark]``, and
    came to their end (or were last seen without one) in the bin ``rest`` after that. The others are sums over the
    visits that are over and of which the queue is known: how many, how many were ahead, seconds of stay."""

    state: str
    kind: Kind
    mark: int = 0
    rest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """That a job stood in a state. ``left`` is None while it does; ``ahead`` is how many others waited in it when it
    was entered, None where that is not known. What only holds other states (a parallel, a stage) is no visit."""

    state: str
    entered: datetime
    left: datetime | None = None
    ahead: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a job went. ``until`` is its end if it is ``finished``; else when it was last seen open: it takes longer, and
    nobody knows by how much. A job that has ended otherwise (withdrawn, given up) says nothing of when those that are
    fulfilled will be, and is not learnt. Moments have a time zone.

    Raises ValueError for a visit that begins before the job, ends before it begins, or begins after ``until``."""

    begun: datetime
    until: datetime
    finished: bool
    visits: tuple[Visit, ...] = ()

    def __post_init__(self) -> None:
        if self.until < self.begun:
            raise ValueError(f"a job cannot be over at {self.until}, before it has begun at {self.begun}")
        for one in self.visits:
            if not self.begun <= one.entered <= self.until:
                raise ValueError(
                    f"{one.state} is entered at {one.entered}, which is not between {self.begun} and {self.until}"
                )
            if one.left is not None and one.left < one.entered:
                raise ValueError(f"{one.state} is left at {one.left}, before it is entered at {one.entered}")
            if one.ahead is not None and one.ahead < 0:
                raise ValueError(f"{one.ahead} cannot be ahead in {one.state}")

    def standing(self, at: datetime) -> tuple[Visit, ...]:
        """The visits that were not over at a moment."""
        return tuple(one for one in self.visits if one.entered <= at and (one.left is None or one.left > at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """When a job will be finished: half of all by ``p50``, nine of ten by ``p90``. ``state`` is where it stands that
    told so (empty: only how long the job has been under way), ``jobs`` how many finished ones that stood there are
    behind it: with 0 it is what the file says."""

    p50: datetime
    p90: datetime
    state: str
    jobs: int


def cells_of(course: Course) -> Counter[Cell]:
    """What a job adds. Takes time in proportion to its visits, and to the logarithm of their lengths."""
    found: Counter[Cell] = Counter()
    kind: Kind = "finished" if course.finished else "unfinished"
    whole = Visit(state=WHOLE, entered=course.begun)
    for one in (whole, *course.visits):
        left = course.until if one.left is None else min(one.left, course.until)
        stay = (left - one.entered).total_seconds()
        rest = (course.until - one.entered).total_seconds()
        for mark in range(max(bisect_left(MARKS, stay), 1)):
            found[Cell(one.state, kind, mark, bin_of(rest - MARKS[mark]))] += 1
        if one.ahead is not None and (one.left is not None or course.finished):
            ahead, seconds = min(one.ahead, MOST_AHEAD), round(stay)
            sums: tuple[tuple[Kind, int], ...] = (
                ("visits", 1), ("ahead", ahead), ("ahead_squared", ahead * ahead), ("stay", seconds),
                ("ahead_times_stay", ahead * seconds),
            )  # fmt: skip
            found.update({Cell(one.state, name): value for name, value in sums})
    return found


class StateCounts(msgspec.Struct, omit_defaults=True):
    """What was learnt of one state, as it is stored: by mark and bin, those ``finished`` and ``unfinished``; the other
    ``sums``."""

    finished: dict[int, dict[int, int]] = {}
    unfinished: dict[int, dict[int, int]] = {}
    sums: dict[str, int] = {}

    def add(self, cells: Mapping[Cell, int]) -> None:
        """Add cells of the state; what comes to 0 is left out."""
        for cell, count in cells.items():
            if cell.kind == "finished" or cell.kind == "unfinished":
                marks = self.finished if cell.kind == "finished" else self.unfinished
                bins = marks.setdefault(cell.mark, {})
                bins[cell.rest] = bins.get(cell.rest, 0) + count
                if not bins[cell.rest]:
                    del bins[cell.rest]
                    if not bins:
                        del marks[cell.mark]
            else:
                self.sums[cell.kind] = self.sums.get(cell.kind, 0) + count
                if not self.sums[cell.kind]:
                    del self.sums[cell.kind]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was learnt."""
        return not (self.finished or self.unfinished or self.sums)


@dataclass(slots=True)
class _Seen:
    """The jobs that were seen in a state at an age."""

    finished: dict[int, int] = field(default_factory=dict)
    unfinished: dict[int, int] = field(default_factory=dict)
    jobs: int = 0


class Expecting:
    """What the jobs of one process have taught. Equal whatever the order in which it learnt.

    ``ahead`` says how long from each state's entry to the end, by the process file (:func:`ahead_of`): it weighs as
    WEIGHT jobs, so that it tells alone at first, and hardly at all after some dozens.
    """

    def __init__(self, cells: Mapping[Cell, int] | None = None, ahead: Mapping[str, Lengths] | None = None) -> None:
        self._ahead = dict(ahead or {})
        self._seen: dict[tuple[str, int], _Seen] = {}
        self._queues: dict[str, Counter[str]] = {}
        self._curves: dict[tuple[str, int, int], Curve | None] = {}
        self.add(cells or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expecting) and self._ahead == other._ahead and self.cells() == other.cells()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def learn(self, course: Course) -> None:
        """Take in how a job went, or how an open one stands. What is learnt of an open job has to be forgotten
        (:meth:`forget`) when it is learnt anew."""
        self.add(cells_of(course))

    def forget(self, course: Course) -> None:
        """Take out what was learnt of exactly this."""
        self.add({cell: -count for cell, count in cells_of(course).items()})

    def add(self, cells: Mapping[Cell, int]) -> None:
        """Add numbers that were counted elsewhere; negative ones take away."""
        for cell, count in cells.items():
            if cell.kind == "finished" or cell.kind == "unfinished":
                seen_here = self._seen.setdefault((cell.state, cell.mark), _Seen())
                bins = seen_here.finished if cell.kind == "finished" else seen_here.unfinished
                bins[cell.rest] = bins.get(cell.rest, 0) + count
                seen_here.jobs += count
                if not bins[cell.rest]:
                    del bins[cell.rest]
            else:
                self._queues.setdefault(cell.state, Counter())[cell.kind] += count
        self._curves.clear()

    def load(self, state: str, counts: StateCounts) -> None:
        """Add what is stored of a state."""
        for kind, marks in (("finished", counts.finished), ("unfinished", counts.unfinished)):
            for mark, bins in marks.items():
                one = self._seen.setdefault((state, mark), _Seen())
                there = getattr(one, kind)
                for rest, count in bins.items():
                    there[rest] = there.get(rest, 0) + count
                one.jobs += sum(bins.values())
        if counts.sums:
            self._queues.setdefault(state, Counter()).update(counts.sums)
        self._curves.clear()

    def by(self, ahead: Mapping[str, Lengths]) -> Expecting:
        """The same jobs, seen by another process file. What is learnt by one of the two afterwards the other knows in
        part: for asking alone."""
        other = Expecting(ahead=ahead)
        other._seen, other._queues = self._seen, self._queues
        return other

    def cells(self) -> dict[Cell, int]:
        """All that was learnt, without what is 0."""
        return {cell: count for cell, count in self._cells() if count}

    def _cells(self) -> Iterator[tuple[Cell, int]]:
        for (state, mark), one in self._seen.items():
            yield from ((Cell(state, "finished", mark, rest), count) for rest, count in one.finished.items())
            yield from ((Cell(state, "unfinished", mark, rest), count) for rest, count in one.unfinished.items())
        for state, sums in self._queues.items():
            yield from ((Cell(state, kind), count) for kind, count in sums.items())  # type: ignore[arg-type]

    def finish(
        self,
        standing: Iterable[Visit],
        begun: datetime,
        now: datetime,
        calibration: Calibration | None = None,
    ) -> Range | None:
        """When a job will be finished that was ``begun`` and stands in these states; ``ahead`` of each is how many are
        before it now. Of several states the one tells that is the furthest from the end. None where nothing is known:
        no job was ever finished, and the file does not say how long anything takes.

        Raises ValueError for what begins after ``now``."""
        if begun > now:
            raise ValueError(f"the job begins at {begun}, after {now}")
        job_mark = _mark(job_age := (now - begun).total_seconds())
        found = [one for visit in standing if (one := self._told_by(visit, job_mark, now)) is not None]
        if not found:
            curve = self._curve(WHOLE, job_mark, job_mark)
            if curve is None:
                return None
            over = job_age - MARKS[job_mark]
            found = [(curve.quantile(0.5, over), curve.quantile(0.9, over), *self._behind(WHOLE, job_mark, job_mark))]
        middle, late, state, jobs = max(found)
        if calibration is not None:
            middle, late = calibration.corrected(middle, late)
        return Range(p50=_after(now, middle), p90=_after(now, max(middle, late)), state=state, jobs=jobs)

    def told(self, course: Course, calibration: Calibration | None = None) -> list[tuple[float, float, float]]:
        """What would have been told of a job while it was under way, at LOOKS moments spread evenly over it: the middle
        and the later end, and how long it took in truth, all in seconds from there. For :meth:`Calibration.after`,
        before the job is learnt."""
        found, whole = [], course.until - course.begun
        for number in range(LOOKS):
            now = course.begun + whole * (number + 0.5) / LOOKS
            standing = tuple(self._as_of(one, now) for one in course.standing(now))
            if (one := self.finish(standing, course.begun, now, calibration)) is not None:
                middle, late, truth = ((moment - now).total_seconds() for moment in (one.p50, one.p90, course.until))
                found.append((middle, late, truth))
        return found

    def _as_of(self, visit: Visit, now: datetime) -> Visit:
        """A visit at a later moment: those ahead are fewer by those that were served meanwhile, at the usual pace."""
        slope, _ = self._queue(visit.state)
        if visit.ahead is None or not slope:
            return visit
        served = (now - visit.entered).total_seconds() / slope
        return replace(visit, ahead=max(visit.ahead - round(served), 0))

    def _told_by(self, visit: Visit, job_mark: int, now: datetime) -> tuple[float, float, str, int] | None:
        age = (now - visit.entered).total_seconds()
        if age < 0:
            raise ValueError(f"{visit.state} is entered at {visit.entered}, after {now}")
        mark = _mark(age)
        curve = self._curve(visit.state, mark, job_mark)
        if curve is None:
            return None
        over, more = age - MARKS[mark], self._queueing(visit, age)
        middle, late = (max(curve.quantile(level, over) + more, 0.0) for level in (0.5, 0.9))
        return middle, late, *self._behind(visit.state, mark, job_mark)

    def _behind(self, state: str, mark: int, job_mark: int) -> tuple[str, int]:
        """The state whose jobs tell, and how many of these are finished: of those that stood there as long, else of
        the last that did nearly; none where the file tells alone."""
        for age in range(mark, -1, -1):
            seen_here = self._seen.get((state, age))
            if seen_here is not None and (jobs := sum(seen_here.finished.values())) > 0:
                return state, jobs
        if state in self._ahead or state == WHOLE:
            return state, 0
        return self._behind(WHOLE, job_mark, job_mark)

    def _queueing(self, visit: Visit, age: float) -> float:
        """How many seconds more than usual it takes, since more (or fewer) are ahead than usually at that age.

        What one more ahead costs is the slope of the stay by the queue (least squares, and by WEIGHT jobs more towards
        none). The usual queue gets shorter by one in that time."""
        slope, usual = self._queue(visit.state)
        if visit.ahead is None or not slope:
            return 0.0
        return slope * (min(visit.ahead, MOST_AHEAD) - max(usual - age / slope, 0.0))

    def _queue(self, state: str) -> tuple[float, float]:
        """How many seconds each one ahead costs (0 where it costs nothing), and how many usually are, at entry."""
        sums = self._queues.get(state)
        if not sums or sums["visits"] < 2:
            return 0.0, 0.0
        visits, ahead = sums["visits"], sums["ahead"]
        spread = visits * sums["ahead_squared"] - ahead * ahead
        slope = (visits * sums["ahead_times_stay"] - ahead * sums["stay"]) / (spread + WEIGHT * visits)
        return max(slope, 0.0), ahead / visits

    def _curve(self, state: str, mark: int, job_mark: int) -> Curve | None:
        """How much longer it takes from a state at an age; None where nothing is known. Open jobs temper what finished
        ones say: before WEIGHT of these are there they would tell of themselves alone, at each age anew."""
        key = (state, mark, job_mark)
        if key not in self._curves:
            here, prior = self._seen.get((state, mark)), self._prior(state, mark, job_mark)
            if prior is not None and here is not None and here.jobs > 0:
                few = sum(here.finished.values()) < WEIGHT
                prior = seen(here.finished, {} if few else here.unfinished, prior, WEIGHT)
            self._curves[key] = prior
        return self._curves[key]

    def _prior(self, state: str, mark: int, job_mark: int) -> Curve | None:
        """What is thought of a state at an age before anybody was seen there: what was seen when it was younger; else
        what the file says, of which the state itself lasts half as long again as it has lasted, once that is over; else
        what holds for any job that is so far under way."""
        before = self._seen.get((state, mark - 1))
        here = self._seen.get((state, mark))
        if before is not None and before.jobs > 0 and not (here and here.jobs >= ENOUGH):
            younger = self._curve(state, mark - 1, job_mark)
            return younger and younger.later(MARKS[mark] - MARKS[mark - 1])
        if state in self._ahead:
            whole, own = (length.total_seconds() for length in self._ahead[state])
            return thought(whole - own + max(own - MARKS[mark], MARKS[mark] / 2))
        if state != WHOLE:
            return self._curve(WHOLE, job_mark, job_mark)
        return self._of_any()

    def _of_any(self) -> Curve | None:
        """Of a process whose file says nothing: half of all take as long as the jobs that were seen, open ones
        included, were under way for each one that was finished."""
        whole = self._seen.get((WHOLE, 0))
        if whole is None or sum(whole.finished.values()) < 1:
            return None
        both = (*whole.finished.items(), *whole.unfinished.items())
        under_way = fsum(EDGES[rest] * count for rest, count in both)  # exact, so that no order of learning shows
        return thought(under_way / sum(whole.finished.values()))


def ahead_of(process: Process, now: datetime) -> dict[str, Lengths]:
    """What the file says of how long it is from each state until what is promised is there, else to the end (``takes``,
    and the lengths of waits, along the usual ways), for :class:`Expecting`; empty where it says nothing. ``now``
    decides how much working time comes to."""
    found = lengths(compile_process(process), now)
    kept = [found[name] for name in _keeping(process) if name in found]
    if kept:
        there = max(kept)
        after = there.whole - there.here
        found = {
            name: Lengths(one.whole - after, one.here) if one.whole >= there.whole else one
            for name, one in found.items()
        }
    if (first := found.get(process.root.start)) is not None:
        found[WHOLE] = Lengths(first.whole, first.whole)
    return found


def _keeping(process: Process) -> set[str]:
    """The states that settle what is promised, as far as the file's expression names them: one that has to be passed,
    or by whose answer it goes."""
    expression = process.promise_kept
    if expression is None:
        return set()
    passed = {str(given[0]) for name, given in expression.calls if name == "passed" and given}
    places = {path[1] for path in expression.paths if len(path) > 1 and path[0] == "data"}
    return passed | {state.name for state in process.states() if (state.saves or state.name) in places}


def _mark(age: float) -> int:
    return bisect_right(MARKS, age) - 1


def _after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=min(seconds, EDGES[-1]))
