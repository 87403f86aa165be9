"""Whether a job that is under way can go on in a process: the flow of data from where it stands, with what it has.

The analysis is that of the whole process (``flow_of_data``), begun elsewhere: each branch stands in its state, and the
places that hold a value are those of the job's own data. What a job that began in this version would surely have, this
one may lack. So each expression that it may still come to is read again, and each value held against the shape that the
process expects at its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flowengine.language.checks.evaluating import Reading
from flowengine.language.checks.flow_of_data import FactFlow, Standing
from flowengine.language.checks.places import Places
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Enough, Survey, Target
from flowengine.language.checks.uses import Use
from flowengine.language.model import Process, Scope
from flowengine.language.types import Parallel
from flowengine.language.value_shapes import Basic, ListOf, Record, Shape, describe

_MISSING = ("maybe-missing", "missing-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What a job lacks for a process, at a ``datum`` (a dotted path): in a sentence, by the ``way`` of states."""

    datum: str
    what: str
    way: tuple[str, ...] = ()


def shortfalls(
    process: Process, standing: Sequence[Standing], data: Mapping[str, Any], passed: frozenset[str]
) -> list[Shortfall]:
    """All that keeps a job with this ``data``, which has ``passed`` these states, from going on; none when it can."""
    survey = Survey(process)
    found: dict[tuple[str, str], Shortfall] = {}
    try:
        shapes = Shapes.found(survey)
        places = shapes.places
        held: dict[str, list[Mapping[str, Any]]] = {"": [data]}
        for one in standing:
            for owner, own in one.own.items():
                held.setdefault(owner, []).append(own)
        for owner, several in held.items():
            for values in several:
                for datum, what in _misfits(places.shapes.get(owner, Record()), values, "data"):
                    found.setdefault((datum, ""), Shortfall(datum=datum, what=what))
        places.hold(held)
        flow = FactFlow(survey, places, standing, data, passed)
        ways = _Ways(survey, [one.state for one in standing if one.state])
        for use in survey.uses:
            if use.point[0] != "promise" and not _over(survey, flow, use):
                for datum in dict.fromkeys(_lacking(use, flow, places, shapes)):
                    found.setdefault((datum, use.what), _lack(datum, use, ways))
    except Enough:
        what = "the process is too tangled to find out in time whether the job has all that it needs"
        found["", ""] = Shortfall(datum="", what=what)
    return list(found.values())


def _over(survey: Survey, flow: FactFlow, use: Use) -> bool:
    """Whether it was evaluated when the job entered the state, and will not be again."""
    kind, name, branch, _ = use.point
    state = survey.states.get(name)
    if kind == "begin" and isinstance(state, Parallel):
        return name in flow.only_stood and not state.branches[branch].after
    if kind != "enter" or name not in flow.only_stood:
        return False
    return any(
        use.what.startswith(f"{name}.{key}") if key[-1] == "." else use.what == f"{name}.{key}"
        for key in survey.states[name].settled_at_entry
    )


def _lacking(use: Use, flow: FactFlow, places: Places, shapes: Shapes) -> list[str]:
    """The data that an expression reads, and that may not be there when this job comes to it."""
    facts = flow.at(use.point, use.scope)
    if facts is None:
        return []
    found: list[str] = []

    def report(code: str, message: str, advice: str) -> None:  # noqa: ARG001 - a report has three parts
        if code in _MISSING:
            found.append(message.split(" ", 1)[0])

    variables = shapes.variables(use.scope)
    reading = Reading(places, flow.guards, use.scope, facts.must, facts.may, variables, report)
    reading.shape(use.expression.tree, facts.told)
    return found


def _lack(datum: str, use: Use, ways: _Ways) -> Shortfall:
    kind, name, _, _ = use.point
    way = ways.to(name) if kind in ("enter", "guard", "route") else ()
    by = f", to which it comes by {' -> '.join(way)}" if len(way) > 1 else ""
    return Shortfall(datum=datum, what=f"{use.what} reads {datum}, which may be missing then{by}", way=way)


class _Ways:
    """The shortest way to each state, from those in which a job stands."""

    def __init__(self, survey: Survey, standing: Sequence[str]) -> None:
        self.survey = survey
        self._before: dict[str, str] = dict.fromkeys(standing, "")
        waiting = list(self._before)
        for name in waiting:
            for following in self._onward(name):
                if following not in self._before:
                    self._before[following] = name
                    waiting.append(following)

    def to(self, name: str) -> tuple[str, ...]:
        """The states from where the job stands up to this one; none when no way leads there."""
        found: list[str] = []
        while name in self._before:
            found.append(name)
            name = self._before[name]
        return tuple(reversed(found))

    def _onward(self, name: str) -> Iterator[str]:
        state, scope = self.survey.states[name], self.survey.scope_of[name]
        for inner in state.scopes:
            yield inner.start
        yield from self._targets(scope, [route.to for _, _, route in self.survey.routes[name]])
        for around in self.survey.around(scope):
            yield from self._targets(around, [entry.to for entry in around.always])

    def _targets(self, scope: Scope, targets: Sequence[str]) -> Iterator[str]:
        for to in targets:
            match self.survey.target(scope, to):
                case Target.STATE | Target.END:
                    yield to
                case Target.DONE:
                    yield from self._done(scope)

    def _done(self, scope: Scope) -> Iterator[str]:
        """Where it goes on once a branch or a stage is done."""
        owner = self.survey.owner[scope.path]
        if isinstance(owner, Parallel):
            for path in self.survey.followers(owner).get(scope.path, ()):
                yield self.survey.scopes[path].start
        around = self.survey.scope_of[owner.name]
        yield from self._targets(around, [route.to for _, _, route in self.survey.routes[owner.name]])


def _misfits(shape: Shape, value: Any, at: str) -> Iterator[tuple[str, str]]:
    """The values, in a value, that are of another kind than the process takes there."""
    if isinstance(shape, Record) and isinstance(value, Mapping):
        for name, slot in shape.members.items():
            if name in value:
                yield from _misfits(slot.shape, value[name], f"{at}.{name}")
    elif isinstance(shape, ListOf) and isinstance(value, list):
        for one in value[:_MOST_LOOKED_AT]:
            yield from _misfits(shape.item, one, f"{at}[]")
    elif not _fits(shape, value):
        yield at, f"{at} is {_kind(value)}, but in this version it is {describe(shape)}"


_MOST_LOOKED_AT = 1_000
"""Items of a list that are held against what the process says of them."""
_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "moment": (str,),
    "span": (str,),
    "double": (int, float, Decimal),
}


def _fits(shape: Shape, value: Any) -> bool:
    if isinstance(shape, Basic):
        if shape.kind == "null":
            return True
        if shape.kind == "boolean" or isinstance(value, bool):
            return shape.kind == "boolean" and isinstance(value, bool)
        if shape.kind == "int":
            return isinstance(value, int | float | Decimal) and value == int(value)
        return isinstance(value, _KINDS[shape.kind])
    return not isinstance(shape, Record | ListOf)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names: dict[type, str] = {bool: "true or false", str: "a text", dict: "an object", list: "a list"}
    return names.get(type(value), "a number")
