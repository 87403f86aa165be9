"""How often, and how long, a process leaves the customer out: its stretches of states without him, the longest first.

It is the worst way: he answers at once wherever he is asked, so that what goes on beside his question, and after it,
goes on without him.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import nlargest

from flowengine.language.checks.graph import components
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE
from flowengine.language.types import Parallel

MOST_STRETCHES = 20
"""Stretches that are told of one process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a process does without the customer.

    ``states`` is the length of the longest stretch without him and ``path`` the names on it, in order; ``time`` is the
    longest stretch by the ``takes`` of its states, along ``time_path``, zero when no state says how long it takes.
    States that go round in a loop count once, those in which a job never stands (decisions) not at all.
    ``customer_states`` of ``all_states`` wait for a customer; ends count as neither. ``stretches`` are all that no
    other holds, by their states, the longest first, :data:`MOST_STRETCHES` at most.
    """

    states: int
    path: tuple[str, ...]
    time: timedelta
    time_path: tuple[str, ...]
    customer_states: int
    all_states: int
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """States that follow one another without the customer, on one way, and how long they ``take`` together, as far as
    the file says."""

    path: tuple[str, ...]
    takes: timedelta


@dataclass(frozen=True, slots=True)
class _Stretch:
    weight: float = 0.0
    path: tuple[str, ...] = ()

    def then(self, other: _Stretch) -> _Stretch:
        return _Stretch(self.weight + other.weight, self.path + other.path)


_NONE = _Stretch()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What a state, a branch or a scope adds to stretches: the longest ``through`` it (None: the customer is always
    asked), from its start until he is asked (``head``), since he was last asked until its end (``tail``), and
    ``inside`` it."""

    through: _Stretch | None = None
    head: _Stretch = _NONE
    tail: _Stretch = _NONE
    inside: _Stretch = _NONE


def left_out(process: Process) -> LeftOut:
    """Measure the longest stretch without the customer, in states and in time."""
    counting = _Longest(counted=True)
    by_states = counting.scope(process.root).inside
    by_time = _Longest(counted=False).scope(process.root).inside
    states = [state for state in process.states() if not state.is_end]
    return LeftOut(
        states=int(by_states.weight),
        path=by_states.path,
        time=timedelta(seconds=by_time.weight),
        time_path=by_time.path,
        customer_states=sum(state.for_customers for state in states),
        all_states=len(states),
        stretches=tuple(_apart(counting.found, {state.name: state for state in states})),
    )


def _apart(found: Iterable[_Stretch], states: Mapping[str, State]) -> Iterator[Stretch]:
    """The stretches of which no other holds all states, the longest first."""
    kept: list[frozenset[str]] = []
    for one in sorted(found, key=lambda stretch: -stretch.weight):
        names = frozenset(one.path)
        if len(kept) == MOST_STRETCHES:
            return
        if one.weight and not any(names <= other for other in kept):
            kept.append(names)
            lengths = (states[name].takes for name in one.path)
            seconds = sum(length.seconds for length in lengths if length is not None)
            yield Stretch(path=one.path, takes=timedelta(seconds=seconds))


def _longest(stretches: Iterable[_Stretch]) -> _Stretch:
    return max(stretches, key=lambda one: one.weight, default=_NONE)


def _through(parts: Iterable[_Part]) -> _Stretch:
    """One after another, those that can be gone through without him."""
    alone = [part.through for part in parts if part.through is not None]
    return _Stretch(sum(one.weight for one in alone), tuple(name for one in alone for name in one.path))


class _Longest:
    """Finds the longest stretch, by the count of states or by the seconds that they take."""

    def __init__(self, *, counted: bool) -> None:
        self.counted = counted
        self.found: list[_Stretch] = []
        """All that was looked at, those in others among them."""

    def scope(self, scope: Scope) -> _Part:
        """A scope: its states in the order in which they lead to each other; those that go round are taken as one."""
        parts = {name: self._state(state) for name, state in scope.states.items() if not state.is_end}
        onward = {name: [route.to for _, _, route in scope.states[name].routes] for name in parts}
        alone = {
            name: [to for to in onward[name] if to in parts and parts[to].through is not None]
            for name, part in parts.items()
            if part.through is not None
        }
        inside, tails = [part.inside for part in parts.values()], list[_Stretch]()
        until_asked: dict[str, _Stretch] = {}
        until_done: dict[str, _Stretch] = {}
        """Those from which the scope may be done without him."""
        for round_ in components(alone):
            names = sorted(round_, key=lambda name: scope.states[name].place)
            own = _through(parts[name] for name in names)
            leaving = [to for name in names for to in onward[name] if to not in round_]
            after = _longest(self._from(to, parts, until_asked) for to in leaving)
            done = list(_ends(leaving, until_done))
            asked = [own.then(after)]
            for name in names:
                if scope.states[name].scopes:  # he may be asked in it as well
                    others = _through(parts[other] for other in names if other != name)
                    asked.append(others.then(parts[name].head))
                    inside.append(parts[name].tail.then(others).then(after))
                    tails += [parts[name].tail.then(others).then(one) for one in done]
            until_asked.update(dict.fromkeys(names, _longest(asked)))
            if done:
                until_done.update(dict.fromkeys(names, own.then(_longest(done))))
        inside += until_asked.values()
        tails += until_done.values()
        for name, part in parts.items():
            if part.through is not None:
                continue
            inside += [part.head, *(part.tail.then(self._from(to, parts, until_asked)) for to in onward[name])]
            tails += [part.tail.then(one) for one in _ends(onward[name], until_done)]
        self.found += (*inside, *tails)
        return _Part(
            through=until_done.get(scope.start),
            head=self._from(scope.start, parts, until_asked),
            tail=_longest(tails),
            inside=_longest((*inside, *tails)),
        )

    def _from(self, name: str, parts: Mapping[str, _Part], until_asked: Mapping[str, _Stretch]) -> _Stretch:
        """The longest stretch that begins with a state, if it is one."""
        return _longest([until_asked.get(name, _NONE), parts[name].head if name in parts else _NONE])

    def _state(self, state: State) -> _Part:
        if state.for_customers and not state.scopes:
            return _Part()
        seconds = state.takes.seconds if state.takes else 0.0
        if not state.scopes:
            weight = float(not state.passes) if self.counted else seconds
            own = _Stretch(weight, () if state.passes else (state.name,))
            return _Part(through=own, head=own, tail=own, inside=own)
        if state.takes and not self.counted and not _with_customer(state):
            own = _Stretch(seconds, (state.name,))
            return _Part(through=own, head=own, tail=own, inside=own)
        if isinstance(state, Parallel):
            branches = {name: self.scope(branch.scope) for name, branch in state.branches.items()}
            return self._in_turn(branches) if state.one_at_a_time else self._side_by_side(state, branches)
        (scope,) = state.scopes
        part = self.scope(scope)
        return part if not _asks_at_once(state) else replace(part, head=_NONE)

    def _side_by_side(self, state: Parallel, branches: Mapping[str, _Part]) -> _Part:
        """Branches beside each other, but for those that come after others: these follow them."""
        before: dict[str, _Stretch | None] = {}
        whole: dict[str, _Stretch | None] = {}
        tails: dict[str, _Stretch] = {}
        inside = [part.inside for part in branches.values()]
        for names in components({name: state.branches[name].after for name in branches}):
            for name in names:
                part, earlier = branches[name], [one for one in state.branches[name].after if one in whole]
                ways = [whole[one] for one in earlier]
                before[name] = _longest(way for way in ways if way is not None) if None not in ways else None
                begun = before[name]
                whole[name] = begun.then(part.through) if begun is not None and part.through is not None else None
                last = _longest(tails[one] for one in earlier)
                inside.append(last.then(part.head))
                tails[name] = _longest([part.tail, *([last.then(part.through)] if part.through is not None else [])])
        self.found += inside
        through = [one for one in whole.values() if one is not None]
        needed = state.join if isinstance(state.join, int) else len(branches)
        heads = (begun.then(branches[name].head) for name, begun in before.items() if begun is not None)
        return _Part(
            through=_longest(through) if len(through) >= needed else None,
            head=_NONE if _asks_at_once(state) else _longest(heads),
            tail=_longest(tails.values()),
            inside=_longest(inside),
        )

    def _in_turn(self, branches: Mapping[str, _Part]) -> _Part:
        """Branches of which only one is open at a time, in any order."""

        def others(*names: str) -> _Stretch:
            return _through(part for name, part in branches.items() if name not in names)

        def gain(name: str, stretch: _Stretch) -> float:
            through = branches[name].through
            return stretch.weight - (through.weight if through is not None else 0.0)

        last = nlargest(2, branches, key=lambda name: gain(name, branches[name].tail))
        first = nlargest(2, branches, key=lambda name: gain(name, branches[name].head))
        heads = [others(name).then(branches[name].head) for name in first]
        tails = [branches[name].tail.then(others(name)) for name in last]
        between = [
            branches[name].tail.then(others(name, next_)).then(branches[next_].head)
            for name in last
            for next_ in first
            if name != next_
        ]
        self.found += (*heads, *tails, *between)
        return _Part(
            through=others() if all(part.through is not None for part in branches.values()) else None,
            head=_longest(heads),
            tail=_longest(tails),
            inside=_longest([*heads, *tails, *between, *(part.inside for part in branches.values())]),
        )


def _ends(onward: Iterable[str], until_done: Mapping[str, _Stretch]) -> Iterator[_Stretch]:
    """The stretches from the targets of ways until the scope is done."""
    for to in onward:
        if to == DONE:
            yield _NONE
        elif to in until_done:
            yield until_done[to]


def _asks_at_once(state: State) -> bool:
    """Whether the customer is asked as soon as the state is entered."""
    if isinstance(state, Parallel):
        begun = [branch.scope for branch in state.branches.values() if not branch.after and branch.when is None]
    else:
        begun = list(state.scopes)
    starts = (scope.states[scope.start] for scope in begun if scope.start in scope.states)
    return (state.for_customers and not state.scopes) or any(map(_asks_at_once, starts))


def _with_customer(state: State) -> bool:
    """Whether the customer is waited for in the state or anywhere inside."""
    return state.for_customers or any(_with_customer(one) for scope in state.scopes for one in scope.states.values())
