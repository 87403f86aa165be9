"""Which ways of a scope are drawn as arrows. No layout makes fifty states readable when every way is an arrow, so the
picture says less: usual ways are arrows, all others small lines inside their state.

- A way that only a deadline, a failure or a refusal takes is a line, and so is one that leads into the same state.
- So is a way back past more than :data:`NEAR` states.
- A state that leads to many others, and one that many lead to beside the way to the good end, would be a knot: its
  ways are lines as well, as far as the good ends are reached otherwise.
- What no arrow reaches then stands aside, in a frame of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowengine.interop import labels as words
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE

NEAR = 2
"""States that an arrow may lead back."""
MANY = 4
"""Ways out of a state, or into one, from which on it would be a knot."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of one scope: the states on the way and those aside, in the order in which they come, and the
    arrows within each."""

    main: tuple[str, ...]
    aside: tuple[str, ...]
    arrows: Mapping[Pair, bool]
    """Whether it leads back, by source and target; the target ``done`` is where the scope is over."""
    spine: frozenset[str] = frozenset()
    """The states on the shortest way to the good end of the scope."""


def drawn(scope: Scope) -> Drawn:
    """What is drawn of a scope."""
    pairs, spine = _without_knots(scope, _usual_pairs(scope))
    depth = _depths([scope.start], pairs)
    main = tuple(name for name in depth if name in scope.states)
    aside = [name for name in scope.states if name not in depth]
    beside = [pair for pair in pairs if pair[0] in aside and pair[1] in aside and not scope.states[pair[1]].is_end]
    entries = [name for name in aside if all(target != name for _, target in beside)]
    depths = _depths(entries, beside)
    for name in aside:  # a round that is entered from nowhere beside
        if name not in depths:
            entries.append(name)
            depths = _depths(entries, beside)
    main_pairs = [pair for pair in pairs if pair[0] in depth]
    arrows = _near(main_pairs, [scope.start], _good_ends(scope, depth)) | _near(beside, entries, [])
    return Drawn(main, tuple(sorted(aside, key=lambda name: depths[name])), arrows, spine)


def _usual_pairs(scope: Scope) -> list[Pair]:
    """Source and target of each usual way in the scope, each once, in the order of the file."""
    found: dict[Pair, None] = {}
    for state in words.ordered(scope):
        for way in words.ways(state):
            inside = way.route.to in scope.states or (bool(scope.path) and way.route.to == DONE)
            if inside and way.route.to != state.name and is_usual(state, way):
                found[state.name, way.route.to] = None
    return list(found)


def is_usual(state: State, way: words.Way) -> bool:
    """Whether people hope for a way, or may well choose it; what a decision finds is usual."""
    return not way.outcome or state.is_usual(way.outcome)


def _without_knots(scope: Scope, pairs: list[Pair]) -> tuple[list[Pair], frozenset[str]]:
    """The pairs without the ways out of states that lead to many, and those into states that many lead to; and the
    states on the shortest way to the good end, which are none of these."""
    _, out = _both_ways(pairs)
    switches = {name for name, targets in out.items() if len(targets) > MANY}
    kept = [pair for pair in pairs if pair[0] not in switches]
    reached = _depths([scope.start], kept)
    kept += [pair for pair in pairs if pair[0] in switches and pair[1] not in reached]
    reached = _depths([scope.start], kept)
    spine = _shortest(scope, kept)
    into, _ = _both_ways(kept)
    for name, sources in into.items():
        if len(sources) >= MANY and name not in spine and name != DONE:
            without = [pair for pair in kept if pair[1] != name]
            if _good_ends(scope, _depths([scope.start], without)) == _good_ends(scope, reached):
                kept = without
    return kept, spine


def _shortest(scope: Scope, pairs: list[Pair]) -> frozenset[str]:
    """The states on the shortest way to the good end of a scope."""
    depth = _depths([scope.start], pairs)
    good = _good_ends(scope, depth)[:1]
    into, _ = _both_ways(pairs)
    found: list[str] = []
    while good:
        found += good
        good = [one for one in into[good[0]] if depth.get(one) == depth[good[0]] - 1][:1]
    return frozenset(found)


def _good_ends(scope: Scope, reached: Iterable[str]) -> list[str]:
    return [name for name in reached if name == DONE or scope.states[name].symbol == "fulfilled"]


def _both_ways(pairs: Iterable[Pair]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The sources of each target, and the targets of each source."""
    into: dict[str, list[str]] = defaultdict(list)
    out: dict[str, list[str]] = defaultdict(list)
    for source, target in pairs:
        into[target].append(source)
        out[source].append(target)
    return into, out


def _depths(starts: Iterable[str], pairs: Iterable[Pair]) -> dict[str, int]:
    """How many ways each state is from the starts, the near before the far."""
    _, out = _both_ways(pairs)
    depth = dict.fromkeys(starts, 0)
    waiting = list(depth)
    for name in waiting:
        for target in out[name]:
            if target not in depth:
                depth[target] = depth[name] + 1
                waiting.append(target)
    return depth


def _near(pairs: list[Pair], starts: list[str], ends: list[str]) -> dict[Pair, bool]:
    """The pairs without those that lead far back, and whether each leads back.

    What cannot be come to but by way of a state leads back where it leads to that state. Beside these rounds, a way
    that leads to what is as near to the start, and not nearer to an end, leads back where it closes a round of what is
    drawn."""
    depth = _depths(starts, pairs)
    left = _depths(ends, [(target, source) for source, target in pairs])
    order = sorted(depth, key=lambda name: (depth[name], -left.get(name, 0)))
    rank = {name: number for number, name in enumerate(order)}
    suspects = [pair for pair in pairs if rank[pair[1]] < rank[pair[0]]]
    loops = {(source, target) for source, target in suspects if source not in _depths(starts, _around(target, pairs))}
    far = {pair for pair in suspects if depth[pair[0]] - depth[pair[1]] > NEAR}
    kept = [pair for pair in pairs if pair not in far & loops]
    onward = [pair for pair in kept if pair not in loops]
    back = loops | {
        (source, target)
        for source, target in suspects
        if source in _depths([target], onward if depth[source] == depth[target] else kept)
    }
    return {pair: pair in back for pair in kept if pair not in far & back}


def _around(name: str, pairs: list[Pair]) -> list[Pair]:
    """The pairs that do not touch a state."""
    return [pair for pair in pairs if name not in pair]
