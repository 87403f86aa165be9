"""How good expected dates are: ours, one median, and the last state alone. ``--quick`` for a look.

Jobs of the bespoke suit, made up (``simulated_shop.py``). Four moments of each job, by chance, are looked at in the
order of time, as a shop would: what is known then is what has ended by then, and what was open on Monday. Each job
counts alike, however long it takes. The loss is the pinball loss of both ends: what both are off, the dear way most.
``--log FILE`` writes the log that the tests compare the methods on.
"""

from __future__ import annotations

import argparse
import csv
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean
from time import process_time
from typing import NamedTuple, Protocol

from simulated_shop import DAY, START, Shop

from flowengine.insight.calibrating import Calibration
from flowengine.insight.expecting import Course, Expecting, Visit, ahead_of
from flowengine.language import parse
from flowengine.language.model import Process

SUIT = Path(__file__).parents[1] / "processes" / "bespoke_suit.yaml"
HANDS = {"tailor": 26, "cutter": 9, "host": 4}
MORE_HANDS = {"tailor": 32, "cutter": 12, "host": 5}
A_DAY = 2.0
LOOKS = 4
SEEDS = (1, 2, 3)
LOG_SEED, LOG_DAYS = 7, 240
LOOK, ENDS, MONDAY = range(3)
"""What happens at a moment."""


class Told(NamedTuple):
    """What was told at a moment, and how long it took in truth, in seconds."""

    middle: float
    late: float
    truth: float
    day: float


@dataclass(slots=True)
class Sorted:
    """Lengths of jobs that are over, in order."""

    found: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        insort(self.found, seconds)

    def quantile(self, level: float) -> float | None:
        return self.found[min(int(len(self.found) * level), len(self.found) - 1)] if self.found else None


class Method(Protocol):
    """A way to say when a job will be finished: in how many seconds half, and nine of ten, are."""

    def learn(self, course: Course) -> None:
        """A job is finished."""

    def monday(self, opened: list[Course]) -> None:
        """These jobs are open."""

    def ask(self, standing: Sequence[Visit], begun: datetime, now: datetime, /) -> tuple[float, float] | None:
        """When a job will be finished; None where that cannot be said."""


class OneMedian:
    """The lengths of all jobs that are over, less how long this one has been under way."""

    def __init__(self) -> None:
        self.lengths = Sorted()

    def learn(self, course: Course) -> None:
        self.lengths.add((course.until - course.begun).total_seconds())

    def monday(self, opened: list[Course]) -> None:
        """Open jobs teach it nothing."""

    def ask(self, _: Sequence[Visit], begun: datetime, now: datetime) -> tuple[float, float] | None:
        middle, late = self.lengths.quantile(0.5), self.lengths.quantile(0.9)
        age = (now - begun).total_seconds()
        return None if middle is None or late is None else (max(middle - age, 0), max(late - age, 0))


class LastState:
    """How long it took from entering the last state to the end, in jobs that are over, whatever the age in it."""

    def __init__(self) -> None:
        self.rests: defaultdict[str, Sorted] = defaultdict(Sorted)

    def learn(self, course: Course) -> None:
        for one in course.visits:
            self.rests[one.state].add((course.until - one.entered).total_seconds())

    def monday(self, opened: list[Course]) -> None:
        """Open jobs teach it nothing."""

    def ask(self, standing: Sequence[Visit], _begun: datetime, _now: datetime) -> tuple[float, float] | None:
        rests = self.rests[max(standing, key=lambda one: one.entered).state]
        middle, late = rests.quantile(0.5), rests.quantile(0.9)
        return None if middle is None or late is None else (middle, late)


class Ours:
    """What flowengine tells; ``calibrated`` as jobs end, or as it was learnt."""

    def __init__(self, process: Process, *, calibrated: bool) -> None:
        self.expecting, self.calibration = Expecting(ahead=ahead_of(process, START)), Calibration()
        self.calibrated, self.opened = calibrated, list[Course]()

    def learn(self, course: Course) -> None:
        if self.calibrated:
            self.calibration = self.calibration.after(self.expecting.told(course, self.calibration))
        self.expecting.learn(course)

    def monday(self, opened: list[Course]) -> None:
        for one in self.opened:
            self.expecting.forget(one)
        self.opened = opened
        for one in opened:
            self.expecting.learn(one)

    def ask(self, standing: Sequence[Visit], begun: datetime, now: datetime) -> tuple[float, float] | None:
        told = self.expecting.finish(standing, begun, now, self.calibration if self.calibrated else None)
        return None if told is None else ((told.p50 - now).total_seconds(), (told.p90 - now).total_seconds())


def as_of(course: Course, now: datetime) -> Course:
    """A job as it was known at a moment at which it was open."""
    visits = tuple(
        one if one.left is not None and one.left <= now else replace(one, left=None)
        for one in course.visits
        if one.entered <= now
    )
    return Course(begun=course.begun, until=now, finished=False, visits=visits)


def played(courses: Sequence[Course], methods: Mapping[str, Method], seed: int) -> dict[str, list[Told]]:
    """What each method tells at chance moments of each job that is finished, in the order of time. Jobs that have begun
    in the last third are not asked about: of these only the fast ones have an end that is known."""
    chance, agenda = Random(seed), []
    first, last = min(one.begun for one in courses), max(one.until for one in courses)
    for number, one in enumerate(courses):
        if one.finished:
            agenda.append((one.until, ENDS, number))
            if one.begun < first + (last - first) * 2 / 3:
                moments = (one.begun + (one.until - one.begun) * chance.random() for _ in range(LOOKS))
                agenda += [(moment, LOOK, number) for moment in moments]
    agenda += [(first + timedelta(days=day), MONDAY, 0) for day in range(0, (last - first).days + 1, 7)]
    where = Whereabouts(courses)
    found: dict[str, list[Told]] = {name: [] for name in methods}
    for now, kind, number in sorted(agenda):
        one = courses[number]
        if kind == MONDAY:
            opened = [as_of(each, now) for each in courses if each.begun <= now < each.until]
            for method in methods.values():
                method.monday(opened)
        elif kind == ENDS:
            for method in methods.values():
                method.learn(one)
        elif standing := [replace(each, ahead=where.ahead(each, now)) for each in one.standing(now)]:
            truth, day = (one.until - now).total_seconds(), (now - first).total_seconds() / DAY
            for name, method in methods.items():
                if (told := method.ask(standing, one.begun, now)) is not None:
                    found[name].append(Told(*told, truth, day))
    return found


class Whereabouts:
    """Who waits in each state at a moment, and since when."""

    def __init__(self, courses: Sequence[Course]) -> None:
        self.visits: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for one in courses:
            for visit in one.visits:
                self.visits[visit.state].append((visit.entered, visit.left or one.until))
        for each in self.visits.values():
            each.sort()

    def ahead(self, visit: Visit, now: datetime) -> int:
        """How many that entered the state before it are still there."""
        before = self.visits[visit.state]
        return sum(left > now for _, left in before[: bisect_left(before, (visit.entered, visit.entered))])


class Score(NamedTuple):
    """Shares in percent, the rest in days."""

    below_p50: float
    below_p90: float
    p90: float
    loss: float


def score(told: Sequence[Told]) -> Score:
    """How often a job was finished by then, how far away the later end was, and the pinball loss of both."""

    def pinball(level: float, said: float, truth: float) -> float:
        return (truth - said) * level if truth > said else (said - truth) * (1 - level)

    losses = [(pinball(0.5, one.middle, one.truth) + pinball(0.9, one.late, one.truth)) for one in told]
    return Score(
        100 * fmean(one.truth <= one.middle for one in told),
        100 * fmean(one.truth <= one.late for one in told),
        fmean(one.late for one in told) / DAY,
        fmean(losses) / DAY,
    )


def methods(process: Process) -> dict[str, Method]:
    """What is compared."""
    return {
        "expected dates": Ours(process, calibrated=True),
        "not calibrated": Ours(process, calibrated=False),
        "one median": OneMedian(),
        "last state alone": LastState(),
    }


def write_log(process: Process, path: Path) -> None:
    """A small log: a row a visit, in minutes from the beginning of the log; a row without a state for each job, from
    its beginning to its end, the last field saying whether it is finished."""
    shop = Shop(process, LOG_SEED, a_day=1, hands={role: count // 2 + 1 for role, count in HANDS.items()})
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("job", "state", "entered", "left", "ahead"))
        for number, one in enumerate(shop.run(LOG_DAYS)):
            rows.writerow((number, "", _minutes(one.begun), _minutes(one.until), "finished" if one.finished else ""))
            for visit in one.visits:
                left = "" if visit.left is None else _minutes(visit.left)
                rows.writerow((number, visit.state, _minutes(visit.entered), left, visit.ahead))


def _minutes(moment: datetime) -> int:
    return round((moment - START).total_seconds() / 60)


def read_log(path: Path) -> list[Course]:
    """The jobs of a log."""
    jobs: defaultdict[str, list[list[str]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in list(csv.reader(file))[1:]:
            jobs[row[0]].append(row)
    return [
        Course(
            begun=_moment(whole[2]), until=_moment(whole[3]), finished=bool(whole[4]),
            visits=tuple(
                Visit(state=state, entered=_moment(entered), left=_moment(left) if left else None, ahead=int(ahead))
                for _, state, entered, left, ahead in visits
            ),
        )
        for whole, *visits in jobs.values()
    ]  # fmt: skip


def _moment(minutes: str) -> datetime:
    return START + timedelta(minutes=int(minutes))


def table(title: str, told: Mapping[str, Sequence[Told]], since: float, until: float) -> None:
    """What the methods came to, of the looks between two days."""
    print(f"\n{title}, days {since:.0f} to {until:.0f}")
    print("| method | looks | finished by p50 | finished by p90 | p90 away, days | loss, days |\n|-|-|-|-|-|-|")
    for name, all_told in told.items():
        within = [one for one in all_told if since <= one.day < until]
        if within:
            found = score(within)
            print(
                f"| {name} | {len(within)} | {found.below_p50:.1f} % | {found.below_p90:.1f} % "
                f"| {found.p90:.1f} | {found.loss:.2f} |"
            )


def speed(process: Process, courses: Sequence[Course]) -> None:
    """How long 50 ranges take, and learning a job."""
    expecting = Expecting(ahead=ahead_of(process, START))
    began = process_time()
    for one in courses:
        expecting.learn(one)
    learnt = (process_time() - began) / len(courses)
    last = max(one.until for one in courses)
    asked = [one for one in courses if one.until == last][:50]
    times = []
    for _ in range(20):
        began = process_time()
        for one in asked:
            expecting.finish(one.standing(last), one.begun, last)
        times.append(process_time() - began)
    print(
        f"\n{len(asked)} ranges: {times[0] * 1e3:.1f} ms the first time, {min(times[1:]) * 1e3:.2f} ms again; "
        f"to learn a job: {learnt * 1e3:.2f} ms; cells of {len(courses)} jobs: {len(expecting.cells()):,}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer days")
    parser.add_argument("--log", type=Path, help="write the log of the tests, and nothing else")
    chosen = parser.parse_args()
    process = parse(SUIT.read_text(encoding="utf-8"))
    if chosen.log is not None:
        write_log(process, chosen.log)
        return
    seeds, days = ((1,), 150) if chosen.quick else (SEEDS, 450)
    told = [played(steady(process, seed, days), methods(process), seed) for seed in seeds]
    table("Nothing changes", together(told), days / 6, days * 2 / 3)
    shares = (score([one for one in each["expected dates"] if days / 6 <= one.day < days * 2 / 3]) for each in told)
    print("Expected dates, finished by p90, each seed: " + ", ".join(f"{one.below_p90:.1f} %" for one in shares))
    if not chosen.quick:
        told = [played(slower(process, seed), methods(process), seed) for seed in seeds]
        for since, until in ((100, 150), (150, 200), (200, 250), (250, 400)):
            table("All takes longer, by half within 50 days from day 150 on", together(told), since, until)
    speed(process, steady(process, 1, days))


def steady(process: Process, seed: int, days: float) -> list[Course]:
    """Jobs of a shop in which nothing changes."""
    return list(Shop(process, seed, a_day=A_DAY, hands=HANDS).run(days))


def slower(process: Process, seed: int) -> list[Course]:
    """Jobs of a shop in which all takes longer and longer for a while."""
    shop = Shop(process, seed, a_day=A_DAY, hands=MORE_HANDS, pace=lambda day: 1 + min(max(day - 150, 0) / 100, 0.5))
    return list(shop.run(600))


def together(told: Sequence[Mapping[str, list[Told]]]) -> dict[str, list[Told]]:
    """What was told in several shops."""
    return {name: [one for each in told for one in each[name]] for name in told[0]}


if __name__ == "__main__":
    main()
