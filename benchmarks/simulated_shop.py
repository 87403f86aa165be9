"""Jobs of a process as they might go, by chance: for benchmarks, and the log that tests compare methods on.

They are made up: who comes when, how long things take (about what the file says with ``takes``, each state off by a
factor of its own that the file does not know), and which way is taken. Conditions are not evaluated; of several ways
that without one is usual. What waits for a role is done by as many hands as there are, first come, first served, day
and night; what waits for customers, code or the outside takes its time and no more.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import exp, log
from random import Random

from flowengine.insight.expecting import Course, Visit
from flowengine.language.model import Process, Scope, State
from flowengine.language.types import Parallel

DAY = 86400.0
START = datetime(2027, 1, 4, 9, tzinfo=UTC)

SPREAD = 0.5
"""How lengths spread (sigma of their logarithm)."""

UNSAID = {"service": 300.0, "race": 9 * DAY, "message": 5 * DAY}
"""How long it takes where the file does not say, by type, in seconds; all else half a day."""


@dataclass(slots=True)
class _Line:
    """A branch on its way through one scope."""

    scope: Scope
    over: Callable[[str], None]


@dataclass(slots=True)
class _Job:
    begun: float
    visits: list[Visit] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    end: tuple[float, bool] | None = None
    open: set[int] = field(default_factory=set)


class Shop:
    """Many jobs of one process. ``a_day`` begin each day; ``hands`` says how many do the work of each role, of which
    a task takes the part ``busy`` of what the file says; ``pace(day)`` is by how much everything is slower then."""

    def __init__(
        self, process: Process, seed: int, *, a_day: float, hands: Mapping[str, int], busy: float = 0.5,
        pace: Callable[[float], float] = lambda _: 1.0,
    ) -> None:  # fmt: skip
        self.process, self.chance, self.a_day, self.busy, self.pace = process, Random(seed), a_day, busy, pace
        self.now, self.numbers = 0.0, 0
        self.agenda: list[tuple[float, int, Callable[[], None]]] = []
        self.free = dict(hands)
        self.waiting: dict[str, deque[tuple[str, Callable[[], None]]]] = {role: deque() for role in hands}
        self.there: Counter[str] = Counter()
        own = Random(seed + 1)
        self.factors = {state.name: exp(own.gauss(0, 0.3)) for state in process.states()}
        self.jobs: list[_Job] = []

    def run(self, days: float) -> Iterator[Course]:
        """The jobs that have begun within so many days, in the order of their beginning; those that are not over
        then as unfinished."""
        self._at(self._gap(), self._begin)
        while self.agenda and self.agenda[0][0] <= days * DAY:
            self.now, _, happen = heapq.heappop(self.agenda)
            happen()
        for job in self.jobs:
            until, finished = job.end or (days * DAY, False)
            yield Course(begun=_moment(job.begun), until=_moment(until), finished=finished, visits=tuple(job.visits))

    def _gap(self) -> float:
        return self.chance.expovariate(self.a_day) * DAY

    def _at(self, after: float, happen: Callable[[], None]) -> None:
        self.numbers += 1
        heapq.heappush(self.agenda, (self.now + after, self.numbers, happen))

    def _begin(self) -> None:
        job = _Job(self.now)
        self.jobs.append(job)
        root = self.process.root
        self._go(job, _Line(root, lambda _: None), self._next(job, root.states[root.start]))
        self._at(self._gap(), self._begin)

    def _go(self, job: _Job, line: _Line, target: str) -> None:
        """Go on to a state, or to the end of the scope or of the job."""
        if job.end is not None:
            return
        state = line.scope.states.get(target)
        if state is None or state.is_end:
            ends = self.process.ends
            if target in ends:
                job.end = (self.now, ends[target].type == "fulfilled")
                self._leave_all(job)
            else:
                line.over(target)
            return
        job.counts[target] += 1
        on = lambda: self._go(job, line, self._next(job, state))  # noqa: E731
        if isinstance(state, Parallel):
            self._fork(job, state, on)
        elif state.scopes:
            inner = state.scopes[0]
            self._go(job, _Line(inner, lambda _: on()), inner.start)
        elif state.passes:
            on()
        else:
            self._visit(job, state, on)

    def _fork(self, job: _Job, state: Parallel, on: Callable[[], None]) -> None:
        done: set[str] = set()
        opened: set[str] = set()

        def look() -> None:
            for name, branch in state.branches.items():
                if name not in opened and set(branch.after) <= done:
                    opened.add(name)
                    self._go(job, _Line(branch.scope, lambda _, name=name: over(name)), branch.scope.start)

        def over(name: str) -> None:
            done.add(name)
            look()
            if len(done) == len(state.branches) and "" not in done:
                done.add("")
                on()

        look()

    def _visit(self, job: _Job, state: State, on: Callable[[], None]) -> None:
        role = next((one.name for one in state.audience if one.kind == "role" and one.name in self.free), None)
        job.visits.append(Visit(state=state.name, entered=_moment(self.now), ahead=self.there[state.name]))
        number = len(job.visits) - 1
        job.open.add(number)
        self.there[state.name] += 1

        def over() -> None:
            if number in job.open:
                self._left(job, number)
                on()

        if role is None:
            self._at(self._length(state), over)
            return
        length = self._length(state) * self.busy

        def begin() -> None:
            self._at(length, end)

        def end() -> None:
            self.free[role] += 1
            over()
            self._serve(role)

        self.waiting[role].append((state.name, begin))
        self._serve(role)

    def _serve(self, role: str) -> None:
        while self.free[role] and self.waiting[role]:
            self.free[role] -= 1
            self.waiting[role].popleft()[1]()

    def _left(self, job: _Job, number: int) -> None:
        job.open.remove(number)
        job.visits[number] = replace(job.visits[number], left=_moment(self.now))
        self.there[job.visits[number].state] -= 1

    def _leave_all(self, job: _Job) -> None:
        for number in list(job.open):
            self._left(job, number)

    def _length(self, state: State) -> float:
        said = state.takes.seconds if state.takes is not None else UNSAID.get(state.type, DAY / 2)
        return self.chance.lognormvariate(log(said * self.factors[state.name]), SPREAD) * self.pace(self.now / DAY)

    def _next(self, job: _Job, state: State) -> str:
        """By chance where a state leads: mostly as is hoped for; always, when a job has been there often."""
        ways, often = state.ways, job.counts[state.name] > 3
        usual = [outcome for outcome in ways if state.is_usual(outcome)]
        outcome = usual[0] if usual else next(iter(ways))
        if not often and len(ways) > 1 and self.chance.random() < 0.08:
            outcome = self.chance.choice(list(ways))
        routes = ways[outcome]
        plain = next((one for one in routes if one.when is None), routes[0])
        if not often and len(routes) > 1 and self.chance.random() < 0.12:
            plain = self.chance.choice(routes)
        return plain.to


def _moment(seconds: float) -> datetime:
    return START + timedelta(seconds=round(seconds))
