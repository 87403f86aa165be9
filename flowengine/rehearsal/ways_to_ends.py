"""How each end of a process is reached: the shortest ways through its states, by their outcomes.

Guards are not evaluated, but for whether a state was passed: a way says what would have to hold. A parallel, an each or
a stage is gone through as one state, unless an end is reached from inside of it. What may be done at any time is told
once a scope, where it can first be done. Ways that people hope for come first: a rare outcome, and a change of mind,
count as much as three others.

The ways are found by A* (P. E. Hart, N. J. Nilsson, B. Raphael, *A formal basis for the heuristic determination of
minimum cost paths*, 1968) over ways without a repeated state; the estimate is the exact distance to the end, so that
nothing is looked at that does not lead there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from flowengine.language.model import Process, Scope
from flowengine.language.parts import DONE, Always

MOST_LOOKED_AT = 50_000
"""Beginnings of ways that are looked at for one end, so that a search ends whatever the process is like (L12)."""

RARE = 2
"""How many states more a way counts for each rare outcome on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One state of a way, and how it is left: by an outcome, at any time by an always entry, or into a branch that it
    holds (``inside``, the branch's path). ``when`` is the guard that would have to hold."""

    state: str
    outcome: str = ""
    always: str = ""
    inside: str = ""
    when: str = ""

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "state": self.state, "outcome": self.outcome, "always": self.always, "inside": self.inside,
            "when": self.when,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WayToEnd:
    """A way from the need to an end."""

    end: str
    legs: tuple[Leg, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"end": self.end, "length": len(self.legs), "legs": [leg.to_json() for leg in self.legs]}


_PASSED = re.compile(r"""(!?)passed\(["'](\w+)["']\)""")
"""A part of a guard that the way itself answers."""

_Edges = dict[str, list[tuple[Leg, int, str]]]
"""Where each state leads: how it is left, how far that counts, and to which state."""


def ways_to_ends(process: Process, most: int = 20) -> dict[str, list[WayToEnd]]:
    """The shortest ways to each end, at most so many of each, by the end's name; an empty list for one that no way
    leads to. Time is bounded, whatever the process is like."""
    edges: _Edges = {}
    _of_scope(process, process.root, edges, "")
    around = dict(_around(process.root, ()))
    return {end: list(_ways(edges, around, process.root.start, end, most)) for end in process.ends}


def _around(scope: Scope, holders: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each state of a scope, and of those inside, the states that hold it."""
    for name, state in scope.states.items():
        yield name, holders
        for inner in state.scopes:
            yield from _around(inner, (*holders, name))


def _may_hold(guard: str, seen: frozenset[str], around: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a guard may hold on a way; what it says of the states that were passed is looked at."""
    for part in guard.split("&&"):
        match = _PASSED.fullmatch(part.strip())
        if match is None:
            continue
        negated, name = match.groups()
        if negated and name in seen:
            return False
        if not negated and name not in seen and seen.isdisjoint(around.get(name, ())):
            return False
    return True


def _of_scope(process: Process, scope: Scope, edges: _Edges, around: str) -> None:
    """Note where each state of a scope, and of those inside, leads. ``around`` is the state that holds the scope."""
    first = _first_waiting(scope)
    for name, state in scope.states.items():
        found = edges.setdefault(name, [])
        for outcome, routes in state.ways.items():
            rare = RARE if state.is_rare(outcome) else 0
            for to in dict.fromkeys(route.to for route in routes):
                target = _target(to, around)
                guards = [route.when.source if route.when else "" for route in routes if route.to == to]
                when = "" if "" in guards and len(routes) == 1 else " or ".join(filter(None, guards))
                if target is not None:
                    found.append((Leg(state=name, outcome=outcome, when=when), 1 + rare, target))
        for inner in state.scopes:
            if _leads_out(process, inner):
                found.append((Leg(state=name, inside=inner.path), 1, inner.start))
            _of_scope(process, inner, edges, name)
        if name in first:
            for entry in scope.always:
                target = _target(entry.to, around)
                if target is not None:
                    found.append((_at_any_time(name, entry), 1 + RARE, target))


def _at_any_time(state: str, entry: Always) -> Leg:
    return Leg(state=state, always=entry.name, when=entry.when.source if entry.when else "")


def _first_waiting(scope: Scope) -> set[str]:
    """Where what may be done at any time can first be done: in the start, or right after a need, in which nobody
    waits."""
    start = scope.states.get(scope.start)
    if start is None or not start.is_start:
        return {scope.start}
    return {route.to for _, _, route in start.routes}


def _target(to: str, around: str) -> str | None:
    """The end of a branch leads nowhere by itself: the state around it is gone through as one."""
    return None if to == DONE and around else to


def _leads_out(process: Process, scope: Scope) -> bool:
    """Whether an end of the process is reached from inside of a scope."""
    targets = [route.to for state in scope.states.values() for _, _, route in state.routes]
    targets += [entry.to for entry in scope.always]
    if any(to in process.ends for to in targets):
        return True
    return any(_leads_out(process, inner) for state in scope.states.values() for inner in state.scopes)


def _ways(edges: _Edges, around: Mapping[str, tuple[str, ...]], start: str, end: str, most: int) -> Iterator[WayToEnd]:
    """The shortest ways without a repeated state, the shortest first."""
    far = _distances(edges, end)
    if start not in far:
        return
    found = looked = 0
    queue: list[tuple[int, int, int, str, tuple[Leg, ...], frozenset[str]]]
    queue = [(far[start], 0, 0, start, (), frozenset({start}))]
    while queue and found < most and looked < MOST_LOOKED_AT:
        _, gone, _, at, legs, seen = heappop(queue)
        gone = -gone
        if at == end:
            found += 1
            yield WayToEnd(end=end, legs=legs)
            continue
        for leg, length, to in edges.get(at, ()):
            looked += 1
            passed = seen - {at} if leg.always else seen  # it stands there still
            if to in far and to not in seen and any(_may_hold(one, passed, around) for one in leg.when.split(" or ")):
                heappush(queue, (gone + length + far[to], -gone - length, looked, to, (*legs, leg), seen | {to}))


def _distances(edges: _Edges, end: str) -> dict[str, int]:
    """How far each state is from the end, on the shortest way (Dijkstra's); those without a way are left out."""
    before: dict[str, list[tuple[str, int]]] = {}
    for name, found in edges.items():
        for _, length, to in found:
            before.setdefault(to, []).append((name, length))
    far: dict[str, int] = {}
    waiting = [(0, end)]
    while waiting:
        gone, at = heappop(waiting)
        if at not in far:
            far[at] = gone
            for name, length in before.get(at, ()):
                heappush(waiting, (gone + length, name))
    return far
