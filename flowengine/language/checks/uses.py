"""Every expression of a process: where it stands, what it may see there, and what it must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, TypeAlias

from flowengine.language.expressions import VARIABLES, Expression
from flowengine.language.model import Process, Scope, State
from flowengine.language.parser.records import Gives
from flowengine.language.parts import Always, Audience, Field, Trigger
from flowengine.language.texts import Text
from flowengine.language.types import Parallel
from flowengine.language.value_shapes import MOMENT, TEXT, UNKNOWN, Shape, of_fields
from flowengine.problem import Place

Point: TypeAlias = tuple[str, str, str, int]
"""A point of a job's life at which an expression is evaluated: ``("enter", state, "", 0)``, ``("guard" or "route",
state, outcome, index)``, ``("begin", state, branch, 0)``, ``("always" or "invoked", scope path, entry, 0)``,
``("promise", "", "", 0)``; before it, ``("starts", "", "", 0)``."""


@dataclass(frozen=True)
class Use:
    """One expression at one place. ``reader`` says who sees its value: a customer, somebody else, or nobody."""

    expression: Expression
    place: Place
    what: str
    point: Point
    scope: Scope
    gives: Gives = "anything"
    variables: tuple[str, ...] = ()
    reader: Literal["customer", "staff", ""] = ""
    only: Mapping[str, Shape] | None = None
    """The variables there are, where it is evaluated on no job."""
    held: Expression | None = None
    """A condition that is known to hold here, where it is evaluated on no job."""
    after_dollar: bool = False
    """Whether a dollar sign stands right before it in a text."""

    @cached_property
    def known(self) -> frozenset[str]:
        """The variables that may be mentioned here, apart from ``item`` and the names of items."""
        if self.only is not None:
            return frozenset(self.only)
        return (VARIABLES - {"item", "outcome"}) | frozenset(self.variables)


def uses(process: Process) -> list[Use]:
    """All expressions of the process."""
    found = [use for trigger in process.starts for use in _trigger(process, trigger)]
    for scope in process.scopes():
        for entry in scope.always:
            found.extend(_always(scope, entry))
        for state in scope.states.values():
            collect = _Collect(scope, state.place, ("enter", state.name, "", 0))
            for one in state.members.values():
                collect.state(one)
            if one is not state:
                collect.common(state)
            collect.routes(state)
            collect.thanks(state)
            collect.branches(state)
            found.extend(collect.found)
    if process.promise is not None:
        promise = process.promise
        found.append(Use(promise, promise.place, "promise", ("promise", "", "", 0), process.root, "moment"))
    if process.promise_kept is not None:
        kept = process.promise_kept
        found.append(Use(kept, kept.place, "promise.kept", ("promise", "", "", 0), process.root, "boolean"))
    return found


def _always(scope: Scope, entry: Always) -> list[Use]:
    collect = _Collect(scope, entry.place, ("always", scope.path, entry.name, 0))
    name = f"always.{entry.name}"
    for audience in entry.by:
        collect.add(audience.name, f"{name}.by")
    collect.add(entry.when, f"{name}.when", "boolean")
    collect.add(entry.key, f"{name}.key")
    collect.fields(entry.fields, name)
    collect.point = ("enter", scope.start, "", 0)
    collect.add(entry.within, f"{name}.within", "span or moment")
    collect.point = ("invoked", scope.path, entry.name, 0)
    for place, expression in entry.set.items():
        collect.add(expression, f"{name}.set.{place}", "anything", "outcome")
    return collect.found


def _trigger(process: Process, trigger: Trigger) -> list[Use]:
    only: dict[str, Shape] = {"now": MOMENT}
    if trigger.message:
        body = of_fields(trigger.fields, internal=False) if trigger.fields else UNKNOWN
        only |= {"message": body, "key": TEXT}
    name = f"starts.{trigger.message or trigger.every}"
    asked = {one.name: one for one in process.root.states[process.root.start].fields}
    found: list[Use] = []

    def add(expression: Expression, what: str, gives: Gives, held: Expression | None = trigger.when) -> None:
        point = ("starts", "", "", 0)
        place = expression.place
        found.append(Use(expression, place, f"{name}.{what}", point, process.root, gives, only=only, held=held))

    for one in trigger.fields:
        for key, bound in one.bounds.items():
            add(bound, f"fields.{one.name}.{key}", "moment", None)
    if trigger.when is not None:
        add(trigger.when, "when", "boolean", None)
    add(trigger.customer, "customer", "text")
    for field, expression in trigger.need.items():
        add(expression, f"need.{field}", _wanted(asked[field]) if field in asked else "anything")
    return found


def _wanted(field: Field) -> Gives:
    """What an expression must give for a field."""
    if field.type == "string":
        return "moment" if field.schema.get("format") == "date-time" else "text"
    wanted: dict[str, Gives] = {"number": "number", "integer": "number", "boolean": "boolean", "array": "list"}
    return wanted.get(field.type, "anything")


class _Collect:
    """The expressions of one state, or of one entry of always; those without a place stand where it stands."""

    def __init__(self, scope: Scope, place: Place, point: Point) -> None:
        self.scope = scope
        self.place = place
        self.point = point
        self.found: list[Use] = []

    def add(
        self,
        expression: object,
        what: str,
        gives: Gives = "anything",
        *more: str,
        reader: str = "",
        after_dollar: bool = False,
    ) -> None:
        """Note what is an expression; durations, names and lists that stand there instead are none."""
        if isinstance(expression, Expression):
            place = expression.place if expression.place != Place() else self.place
            seen: Literal["customer", "staff", ""] = reader  # type: ignore[assignment]  # one of the three
            found = Use(expression, place, what, self.point, self.scope, gives, more, seen, after_dollar=after_dollar)
            self.found.append(found)

    def text(self, text: Expression | Text | None, what: str, reader: str, *more: str) -> None:
        parts = text.parts if isinstance(text, Text) else (text,)
        for before, part in pairwise((None, *parts)):
            dollar = isinstance(before, str) and before.endswith("$")
            self.add(part, what, "anything", *more, reader=reader, after_dollar=dollar)

    def audiences(self, audiences: tuple[Audience, ...], what: str) -> None:
        for one in audiences:
            self.add(one.name, what, "list of texts" if one.kind == "people" else "text")

    def common(self, state: State) -> None:
        """What all types may have."""
        name = state.name
        reader = "customer" if state.customer or _seen_by_customers(state.readers) else "staff"
        self.text(state.ask, f"{name}.{state.words_key}", reader)
        for show in state.lines:
            self.text(show.value, f"{name}.shows.{show.title}", reader)
        self.add(state.within, f"{name}.within", "span or moment")
        for escalation in state.escalate:
            self.audiences(escalation.to, f"{name}.escalate")
        self.audiences(state.deadline_moved_by, f"{name}.deadline_moved_by")

    def state(self, state: State) -> None:
        self.common(state)
        self.audiences(state.readers, f"{state.name}.for")
        for value, key, gives, variables in state.expressions():
            self.add(value, f"{state.name}.{key}", gives, *variables)
        self.text(state.undone_in_words, f"{state.name}.undo.words", "customer")
        self.fields(state.fields, state.name)

    def fields(self, fields: tuple[Field, ...], what: str) -> None:
        for one in fields:
            for key, bound in one.bounds.items():
                self.add(bound, f"{what}.fields.{one.name}.{key}", "moment")

    def routes(self, state: State) -> None:
        for outcome, index, route in state.routes:
            what = f"{state.name}.{outcome or 'rules'}"
            self.point = ("guard", state.name, outcome, index)
            self.add(route.when, f"{what}.when", "boolean", "outcome")
            self.point = ("route", state.name, outcome, index)
            for place, expression in route.set.items():
                self.add(expression, f"{what}.set.{place}", "anything", "outcome")

    def thanks(self, state: State) -> None:
        """What is said to who acts: once its answer is saved, when the conditions of its ways are asked; or,
        where several answer one after another, as they answer."""
        for member, one in state.members.items():
            reader = "customer" if one.customer or _seen_by_customers(one.audience) else "staff"
            for outcome, text in one.thanks.items():
                what = f"{one.name}.thanks{f'.{outcome}' if outcome else ''}"
                for said in sorted(one.thanked) if outcome == "" else (outcome,):
                    ended = f"{member}.{said}" if member else said
                    ended = ended if ended in state.on or not member else member
                    if one.thanked_at_once:
                        self.point = ("enter", state.name, "", 0)
                    elif ended in state.ways:
                        self.point = ("guard", state.name, ended, 0)
                    else:
                        continue
                    self.text(text, what, reader, "outcome")

    def branches(self, state: State) -> None:
        """Whether a branch is opened is asked once those that it comes after are done."""
        for one in state.branches.values() if isinstance(state, Parallel) else ():
            self.point = ("begin", state.name, one.name, 0)
            self.add(one.when, f"{state.name}.branches.{one.name}.when", "boolean")


def _seen_by_customers(audience: tuple[Audience, ...]) -> bool:
    """Whether customers may be among those who see it; a person who is named may be one, unless he is known to be of
    the staff."""
    return any(one.has_customers or (one.kind in ("person", "people") and one.among is None) for one in audience)
