"""Parallels: orders without circles, joins that can happen, and no two branches that save to one place."""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.language.checks.graph import Ways, astray, circles, components
from flowengine.language.checks.survey import Survey
from flowengine.language.model import Scope
from flowengine.language.suggest import hint
from flowengine.language.types import Branch, Each, Parallel
from flowengine.problem import Place


def check(survey: Survey) -> None:
    """Report what is wrong between the branches of parallels."""
    ways = survey.once(Ways)
    for state in survey.states.values():
        if isinstance(state, Parallel):
            _after(survey, state)
            _join(survey, state, ways)
            _writers(survey, state)
        elif isinstance(state, Each) and isinstance(state.join, int) and state.join < 1:
            survey.report(state.place, "impossible-join", "a join needs 1 or more", "write all, or a number from 1")


def _place(branch: Branch, state: Parallel) -> Place:
    return branch.place if branch.place != Place() else state.place


def _after(survey: Survey, state: Parallel) -> None:
    for branch in state.branches.values():
        for name in branch.after:
            if name not in state.branches:
                possible = [one for one in state.branches if one != branch.name]
                message = f"'after' of {branch.name!r} names {name!r}, which is no branch of {state.name!r}"
                survey.report(_place(branch, state), "unknown-branch", message, hint(name, possible))
    graph = {name: branch.after for name, branch in state.branches.items()}
    for circle in circles(graph):
        names = [name for name in state.branches if name in circle]
        message = f"these branches wait for each other, and none begins: {', '.join(names)}"
        survey.report(_place(state.branches[names[0]], state), "after-circle", message, "let one of them begin first")


def _join(survey: Survey, state: Parallel, ways: Ways) -> None:
    count = len(state.branches)
    if isinstance(state.join, int) and not 1 <= state.join <= count:
        message = f"{state.name!r} joins after {state.join} branches, but it has {count}"
        survey.report(state.place, "impossible-join", message, f"write all, or a number from 1 to {count}")
    stuck = [branch for branch in state.branches.values() if branch.scope.path not in ways.finishes]
    needed = state.join if isinstance(state.join, int) else count
    if stuck and not astray(survey) and needed <= count and count - len(stuck) < needed:
        for branch in stuck:
            message = f"{state.name!r} never joins: its branch {branch.name!r} never reaches 'done'"
            survey.report(_place(branch, state), "impossible-join", message, "lead one of its ways to done")


def _writers(survey: Survey, state: Parallel) -> None:
    """Branches that may run at the same time must not save to one place: the order would decide."""
    writers: dict[str, dict[str, Place]] = {}
    for branch in state.branches.values():
        for place, where in written(branch.scope):
            writers.setdefault(place, {}).setdefault(branch.name, where)
    overlapping = list(_overlapping(writers))
    earlier = _earlier(survey, state) if overlapping else {}
    for place, found in overlapping:
        names = list(found)
        for index, second in enumerate(names):
            survey.spend(1 + index // 10, found[second])
            first = next((one for one in names[:index] if not _ordered(one, second, earlier)), None)
            if first is not None:
                message = f"the branches {first!r} and {second!r} both save to data.{place}, in an order left to chance"
                advice = f"save to different places, or let one begin after the other: after: [{first}]"
                survey.report(found[second], "two-writers", message, advice)
                break


def _overlapping(writers: dict[str, dict[str, Place]]) -> Iterator[tuple[str, dict[str, Place]]]:
    """Places with all who write to them or to a place around them."""
    for place, found in writers.items():
        parts = place.split(".")
        together = dict(found)
        for length in range(1, len(parts)):
            for name, where in writers.get(".".join(parts[:length]), {}).items():
                together.setdefault(name, where)
        if len(together) > 1:
            yield place, together


def _ordered(one: str, other: str, earlier: dict[str, set[str]]) -> bool:
    return one in earlier[other] or other in earlier[one]


def _earlier(survey: Survey, state: Parallel) -> dict[str, set[str]]:
    """For each branch, those that are done before it begins."""
    earlier: dict[str, set[str]] = {}
    after = {name: [one for one in branch.after if one in state.branches] for name, branch in state.branches.items()}
    for part in components(after):
        found: set[str] = set() if len(part) == 1 else set(part)
        for name in part:
            for before in after[name]:
                survey.spend(1 + len(earlier.get(before, ())) // 100, state.place)
                found |= earlier.get(before, set()) | {before}
        earlier.update(dict.fromkeys(part, found))
    return earlier


def written(scope: Scope) -> Iterator[tuple[str, Place]]:
    """The places that a scope and those inside save to; the items of an each save to data of their own."""
    for entry in scope.always:
        if entry.fields:
            yield entry.name, entry.place
        for place in entry.set:
            yield place, entry.place
    for state in scope.states.values():
        for one in state.members.values():
            if one.saves:
                yield one.saves, state.place
        if one is not state and any(not member.saves for member in state.members.values()):
            yield state.name, state.place
        for _, _, route in state.routes:
            for place in route.set:
                yield place, route.place if route.place != Place() else state.place
        if not isinstance(state, Each):
            for inner in state.scopes:
                yield from written(inner)
