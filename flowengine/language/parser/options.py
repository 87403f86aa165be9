"""Options: what can be chosen, as a list, by the name of the process's options, or by an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowengine.language.limits import Limit, Limits
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import (
    DURATION,
    FREE_KEY,
    LONGEST_NAME,
    NAME_OR_BARE,
    TITLE,
    name_key,
    told_title,
)
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Either, Flag, Json, ListOf, MapOf, Named, Number, wrong
from flowengine.language.parts import MOST_CHOSEN, Option, Pick, option_key
from flowengine.language.yaml_reader import Node, Scalar
from flowengine.problem import Place


@dataclass(frozen=True, slots=True)
class _Id:
    def read(self, node: Node, reading: Reading) -> str | int | bool:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str | int | bool):
            raise wrong(node, "an id: a text, a whole number, true or false", reading)
        if isinstance(value, str) and not 0 < len(value.strip()) <= LONGEST_NAME:
            message = f"an option's id has 1 to {LONGEST_NAME} characters"
            raise reading.refuse(node.place, "bad-name", message, "give the long text as 'title'")
        return value

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"type": ["string", "integer", "boolean"], "maxLength": LONGEST_NAME, "pattern": r"\S"}


def _title(id: str | int | bool, place: Place, reading: Reading) -> str:
    if isinstance(id, str):
        return told_title(id, place, reading)
    return reading.told(("Yes" if id else "No") if isinstance(id, bool) else str(id), place)[0]


def _option(values: Values, reading: Reading) -> Option:
    if "title" not in values:
        values["title"] = _title(values["id"], values.place, reading)
    described = values["more"].get("description")
    if isinstance(described, str):
        values["more"]["description"] = reading.told(described, values.place)[0]
    return Option(**values, place=values.place)


_OPTION = record(
    "an option",
    Key("id", _Id(), "What is stored when it is chosen.", required=True),
    Key("title", TITLE, "What the person reads; made from the id, unless given."),
    Key("price", Number(-1e12, 1e12, fraction=True), "What it costs, in the organisation's currency."),
    Key("lead_time", DURATION, "How long it takes to have it."),
    build=_option,
    others=True,
)


@dataclass(frozen=True, slots=True)
class _Bare:
    """An id alone stands for an option."""

    def read(self, node: Node, reading: Reading) -> Option:
        id = _Id().read(node, reading)
        return Option(id=id, title=_title(id, node.place, reading), place=node.place)

    def schema(self, defs: Json) -> Json:
        return _Id().schema(defs)


@dataclass(frozen=True, slots=True)
class _Distinct:
    """A list of options in which no id is there twice."""

    entries: ListOf

    def read(self, node: Node, reading: Reading) -> tuple[Option, ...]:
        options: tuple[Option, ...] = self.entries.read(node, reading)
        seen: dict[str, Place] = {}
        for option in options:
            text = option_key(option.id)
            if text in seen:
                message = f"the option {text!r} is there twice"
                raise reading.refuse(option.place, "duplicate-option", message, f"first in line {seen[text].line}")
            seen[text] = option.place
        return options

    def schema(self, defs: Json) -> Json:
        return self.entries.schema(defs)


_OPTIONS = Named("options", _Distinct(ListOf(Either("an id or an option", _Bare(), None, Named("option", _OPTION)))))
PROCESS_OPTIONS = MapOf(name_key("the name of options"), _OPTIONS)
SOURCE = Named(
    "source",
    Either("a list of options, the name of the process's options, or an expression in braces",
           NAME_OR_BARE, _OPTIONS, None),
)  # fmt: skip


_FEW = Number(0, 1_000)
_RANGE = record(
    "a limit",
    Key("min", _FEW, "How many there must be at least."),
    Key("max", _FEW, "How many there may be at most."),
    at_least_one=("min", "max"),
)


@dataclass(frozen=True, slots=True)
class _Limit:
    """A whole number, which is exact, or its bounds."""

    shape = Either("a whole number, or {min, max}", _FEW, None, _RANGE)

    def read(self, node: Node, reading: Reading) -> Limit:
        found = self.shape.read(node, reading)
        if isinstance(found, int):
            return Limit(min=found, max=found, place=node.place)
        if found.get("max") is not None and found.get("min", 0) > found["max"]:
            message = f"min ({found['min']}) is above max ({found['max']})"
            raise reading.refuse(found.places["min"], "bad-number", message)
        return Limit(**found, place=node.place)

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs)


@dataclass(frozen=True, slots=True)
class _Limits:
    """``{attribute: {value: limit}}``, of one attribute."""

    shape = MapOf(FREE_KEY, MapOf(FREE_KEY, Named("limit", _Limit()), least=1), example="{position: {goalkeeper: 1}}")

    def read(self, node: Node, reading: Reading) -> Limits:
        found = self.shape.read(node, reading)
        if len(found) != 1:
            message = f"limits go by one attribute of the options, not by {len(found)}"
            raise reading.refuse(node.place, "bad-length", message, "write {position: {goalkeeper: 1}}")
        ((by, limits),) = found.items()
        if by in _OPTION.keys:
            message = f"limits go by an attribute that the options themselves add, not by {by!r}"
            raise reading.refuse(node.place, "reserved-name", message, "write {id: …, position: goalkeeper}")
        return Limits(by=by, of=limits, place=node.place)

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs) | {"minProperties": 1, "maxProperties": 1}


LIMITS = Named("limits", _Limits())


def _pick(values: Values, reading: Reading) -> Values:
    least = values.get("min", 1)
    most = values.get("max", MOST_CHOSEN if values.get("quantity") else max(1, least))
    if least > most:
        raise reading.refuse(values.places["min"], "bad-number", f"min ({least}) is above max ({most})")
    listed = values["source"]
    if isinstance(listed, tuple) and least > len(listed) and not values.get("quantity"):
        message = f"{least} are to be chosen, but there are only {len(listed)} options"
        raise reading.refuse(values.places["min"], "bad-number", message)
    values["max"] = most
    if "limits" in values and most == 1:
        message = "limits are for several: only one can be chosen here"
        raise reading.refuse(values.places["limits"], "bad-number", message, "say max, or leave limits out")
    return values


_PICK = record(
    "a pick",
    Key(
        "from",
        SOURCE,
        "What can be chosen: a list, the name of the process's options, or '{expression}'.",
        True,
        "source",
    ),
    Key("title", TITLE, "What the person reads; the name with spaces, unless given."),
    Key("min", Number(0, 1_000), "How many must be chosen at least; 1 unless given."),
    Key("max", Number(1, MOST_CHOSEN), "How many may be chosen at most; 1 unless given, of quantities any number."),
    Key("quantity", Flag(), "Whether a number is given for each: the answer maps ids to whole numbers."),
    Key("limits", LIMITS, "How many of each kind, by an attribute of the options: {position: {goalkeeper: 1}}."),
    build=_pick,
)


def _named(name: str, place: Place, values: Any, reading: Reading) -> Pick:
    if "title" not in values:
        values["title"] = told_title(name, place, reading)
    return Pick(name=name, place=place, **values)


SAVED_BESIDE = ("titles", "price", "lead_time_days")
"""What a choice saves beside the picks; no pick can be called so."""


_PICK_NAME = name_key("a pick's name", SAVED_BESIDE, "a choice saves that beside what was picked")
PICKS = Named("picks", MapOf(_PICK_NAME, Named("pick", _PICK), _named, least=1))
