"""The shapes of values: what a place in the data can hold, as far as the process says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from flowengine.language.durations import Duration, Working
from flowengine.language.expressions import Expression
from flowengine.language.parts import Field, Option

BasicKind: TypeAlias = Literal["text", "int", "double", "boolean", "moment", "span", "working time", "null"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any value: nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No value has been found yet: the start of a fixpoint."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A text, number, boolean, moment, span or working time. ``sample`` is such a value."""

    kind: BasicKind
    sample: Any = field(compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of such items."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Slot:
    """A member of an object. ``sure``: it is always there. ``internal``: no customer may see it (L9)."""

    shape: Shape
    sure: bool = True
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An object with known members; ``rest`` is the shape of all others, when there may be others."""

    members: Mapping[str, Slot] = field(default_factory=dict)
    rest: Shape | None = None


Shape: TypeAlias = Unknown | Nothing | Basic | ListOf | Record

UNKNOWN = Unknown()
NOTHING = Nothing()
TEXT = Basic("text", "some text")
INT = Basic("int", 2)
DOUBLE = Basic("double", 1.5)
BOOLEAN = Basic("boolean", True)
MOMENT = Basic("moment", datetime(2026, 5, 1, 10, tzinfo=UTC))
SPAN = Basic("span", Duration(days=1))
WORKING_TIME = Basic("working time", Working(Duration(days=1), "any"))
NULL = Basic("null", None)

_FORMATS = {"date": "2026-05-01", "date-time": "2026-05-01T10:00:00Z", "time": "10:00:00Z", "duration": "P1D"}
_TYPES: dict[str, Shape] = {"string": TEXT, "number": DOUBLE, "integer": INT, "boolean": BOOLEAN, "null": NULL}


@dataclass(frozen=True, slots=True)
class Saved:
    """What a state saves with an outcome, and where. ``sure``: each time it has that outcome. ``internal``: what has
    no members that say it themselves is not for customers (L9)."""

    place: tuple[str, ...]
    shape: Shape
    sure: bool = True
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of options has in common: the shape of its ids, and whether any has a price (None: nobody knows)."""

    id: Shape
    priced: bool | None


class Lists:
    """The lists of options of one process; each is looked through once."""

    def __init__(self, options: Mapping[str, tuple[Option, ...]]) -> None:
        self._options = options
        self._listed: dict[str, Listed] = {}

    def listed(self, source: str | tuple[Option, ...] | Expression) -> Listed:
        """What the options have in common, of a list, or of the process's list of that name."""
        if isinstance(source, Expression):
            return Listed(UNKNOWN, None)
        if not isinstance(source, str):
            return _listed(source)
        if source not in self._listed:
            self._listed[source] = _listed(self._options.get(source, ()))
        return self._listed[source]


def _listed(options: tuple[Option, ...]) -> Listed:
    kinds = {type(option.id): option.id for option in options}
    shape = _of_value(next(iter(kinds.values()))) if len(kinds) == 1 else UNKNOWN
    return Listed(shape, any(option.price is not None for option in options))


def _of_value(value: str | int | bool) -> Shape:
    if isinstance(value, bool):
        return BOOLEAN
    return Basic("int", value) if isinstance(value, int) else Basic("text", value)


def of_schema(schema: Mapping[str, Any] | bool, type_name: str = "") -> Shape:
    """The shape that a JSON Schema describes."""
    if isinstance(schema, bool):
        return UNKNOWN
    name = type_name or schema.get("type", "")
    if name == "string":
        samples = schema.get("enum") or [schema.get("const") or _FORMATS.get(schema.get("format", ""), "some text")]
        return Basic("text", samples[0])
    if name in ("number", "integer"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        number = (schema.get("enum") or [low])[0]
        return Basic("double", Decimal(number)) if name == "number" else Basic("int", int(number))
    if name == "array":
        items = schema.get("items", True)
        return ListOf(of_schema(items if isinstance(items, Mapping | bool) else True))
    if name == "object":
        return _object(schema)
    return _TYPES.get(name, UNKNOWN)


def _object(schema: Mapping[str, Any]) -> Shape:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return UNKNOWN
    required = schema.get("required", ())
    members = {name: Slot(of_schema(inner), name in required) for name, inner in properties.items()}
    return Record(members, None if schema.get("additionalProperties") is False else UNKNOWN)


def of_fields(fields: Iterable[Field], *, internal: bool, required: bool = True) -> Record:
    """The answer to fields. Without ``required`` each may be left out."""
    return Record(
        {
            one.name: Slot(of_schema(one.schema, one.type), required and not one.optional, internal and not one.show)
            for one in fields
        }
    )


def union(one: Shape, other: Shape) -> Shape:
    """What either may be. Members that only one of them has are not sure."""
    if one == other or isinstance(other, Nothing):
        return one
    if isinstance(one, Nothing):
        return other
    if isinstance(one, Record) and isinstance(other, Record):
        return Record(_members(one, other), _rest(one.rest, other.rest))
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return ListOf(union(one.item, other.item))
    return UNKNOWN


def _rest(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None:
        return one or other
    return union(one, other)


def _members(one: Record, other: Record) -> dict[str, Slot]:
    members: dict[str, Slot] = {}
    for name, left in one.members.items():
        right = other.members.get(name)
        if right is None:
            members[name] = _alone(left, other)
        elif left is right:
            members[name] = left
        else:
            sure, hidden = left.sure and right.sure, left.internal or right.internal
            members[name] = Slot(union(left.shape, right.shape), sure, hidden)
    for name, right in other.members.items():
        if name not in one.members:
            members[name] = _alone(right, one)
    return members


def _alone(slot: Slot, lacking: Record) -> Slot:
    """A member that one of two has; the other may have anything there, or nothing."""
    return Slot(UNKNOWN if lacking.rest is not None else slot.shape, False, slot.internal)


def put(record: Record, path: tuple[str, ...], shape: Shape, *, sure: bool, internal: bool) -> Record:
    """A record in which a value of that shape may also stand at a path."""
    name = path[0]
    slot = record.members.get(name)
    if len(path) > 1:
        inner = slot.shape if slot is not None and isinstance(slot.shape, Record) else Record()
        below: Shape = put(inner, path[1:], shape, sure=sure, internal=internal)
        if slot is not None and not isinstance(slot.shape, Record | Nothing):
            below = UNKNOWN
        made = Slot(below, slot.sure if slot else True, False)
    elif slot is None:
        made = Slot(shape, sure, internal)
    else:
        made = Slot(union(slot.shape, shape), slot.sure, slot.internal or internal)
    return Record({**record.members, name: made}, record.rest)


def internal(shape: Shape) -> bool:
    """Whether the value has parts that no customer may see (L9)."""
    if isinstance(shape, Record):
        return any(slot.internal or internal(slot.shape) for slot in shape.members.values())
    return isinstance(shape, ListOf) and internal(shape.item)


def opened(shape: Shape) -> Shape:
    """The shape of a value all of which customers may see."""
    if isinstance(shape, Record):
        members = {name: Slot(opened(slot.shape), slot.sure) for name, slot in shape.members.items()}
        return Record(members, shape.rest)
    return ListOf(opened(shape.item)) if isinstance(shape, ListOf) else shape


def is_shown(shape: Shape, names: tuple[str, ...]) -> bool:
    """Whether it is a member that is marked to be shown, although there may be more in the place that is not."""
    slot = shape.members.get(names[0]) if names and isinstance(shape, Record) else None
    return slot is not None and not slot.internal


def with_member(record: Record, names: tuple[str, ...]) -> Record:
    """The record whose member, and those around it, are there for sure."""
    slot = record.members.get(names[0]) if names else None
    if slot is None:
        return record
    shape = with_member(slot.shape, names[1:]) if isinstance(slot.shape, Record) else slot.shape
    return Record({**record.members, names[0]: Slot(shape, True, slot.internal)}, record.rest)


def sample(shape: Shape) -> Any:
    """A value of the shape; for what is unknown an empty object, which fits no operator."""
    match shape:
        case Basic(sample=value):
            return value
        case ListOf(item=item):
            return [sample(item)]
        case Record(members=members):
            return {name: sample(slot.shape) for name, slot in members.items()}
        case _:
            return {}


_KINDS = {
    "text": "a text",
    "int": "a whole number",
    "double": "a number with a fraction",
    "boolean": "true or false",
    "moment": "a moment",
    "span": "a span of time",
    "working time": "a working time",
    "null": "nothing",
}


def describe(shape: Shape) -> str:
    """The shape in words, for a message."""
    match shape:
        case Basic(kind=kind):
            return _KINDS[kind]
        case ListOf():
            return "a list"
        case Record():
            return "an object"
        case _:
            return "something unknown"
