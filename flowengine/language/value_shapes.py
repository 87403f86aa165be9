"""The shapes of values: what a place in the data can hold, as far as the process says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from flowengine.exact import Number
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
class Domain:
    """The values of one kind that a place may hold, as far as fields and options declare them; perhaps more than can
    really come, never fewer. ``values`` are all of them (None among them: nothing), else numbers lie between ``low``
    and ``high``, bounds that belong to it unless ``above`` or ``below`` says otherwise, and texts have the
    ``format``."""

    values: tuple[Any, ...] | None = None
    low: Number | None = None
    high: Number | None = None
    above: bool = False
    below: bool = False
    format: str = ""

    def has(self, value: Any) -> bool:
        """Whether a value of the kind may stand there."""
        if self.values is not None:
            return value in self.values
        if isinstance(value, str):
            return True
        return (self.low is None or value > self.low or (value == self.low and not self.above)) and (
            self.high is None or value < self.high or (value == self.high and not self.below)
        )


ANY = Domain()
"""Whatever is of the kind."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A text, number, boolean, moment, span or working time. ``sample`` is such a value; ``domain`` are all that may
    come, or None where nobody declares it."""

    kind: BasicKind
    sample: Any = field(compare=False)
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of such items, of at least ``least`` and at most ``most``."""

    item: Shape
    least: int = 0
    most: int | None = None


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
NATURAL = Basic("int", 2, Domain(low=0))
"""How many there are of something."""
DOUBLE = Basic("double", 1.5)
BOOLEAN = Basic("boolean", True)
MOMENT = Basic("moment", datetime(2026, 5, 1, 10, tzinfo=UTC))
SPAN = Basic("span", Duration(days=1))
WORKING_TIME = Basic("working time", Working(Duration(days=1), "any"))
NULL = Basic("null", None)

_FORMATS = {
    "file": "file-00000000000000000000000000000000",
    "date": "2026-05-01",
    "date-time": "2026-05-01T10:00:00Z",
    "time": "10:00:00Z",
    "duration": "P1D",
}
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
        self.options = options
        self._listed: dict[str, Listed] = {}

    def listed(self, source: str | tuple[Option, ...] | Expression) -> Listed:
        """What the options have in common, of a list, or of the process's list of that name."""
        if isinstance(source, Expression):
            return Listed(UNKNOWN, None)
        if not isinstance(source, str):
            return _listed(source)
        if source not in self._listed:
            self._listed[source] = _listed(self.options.get(source, ()))
        return self._listed[source]


def _listed(options: tuple[Option, ...]) -> Listed:
    kinds = {type(option.id) for option in options}
    shape = of_values([option.id for option in options]) if len(kinds) == 1 else UNKNOWN
    return Listed(shape, any(option.price is not None for option in options))


def of_values(values: Sequence[str | bool | Number]) -> Shape:
    """The shape of what is one of these, all of one kind."""
    first, domain = values[0], Domain(values=tuple(dict.fromkeys(values)))
    if isinstance(first, bool):
        return Basic("boolean", first, domain)
    if isinstance(first, str):
        return Basic("text", first, domain)
    return Basic("int" if isinstance(first, int) else "double", first, domain)


def of_schema(schema: Mapping[str, Any] | bool, type_name: str = "") -> Shape:
    """The shape that a JSON Schema describes."""
    if isinstance(schema, bool):
        return UNKNOWN
    name = type_name or schema.get("type", "")
    if name == "string":
        samples = schema.get("enum") or [schema.get("const") or _FORMATS.get(schema.get("format", ""), "some text")]
        return Basic("text", samples[0], _domain(schema))
    if name in ("number", "integer"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        number = (schema.get("enum") or [low])[0]
        domain = _domain(schema)
        return Basic("double", Decimal(number), domain) if name == "number" else Basic("int", int(number), domain)
    if name == "array":
        items = schema.get("items", True)
        item = of_schema(items if isinstance(items, Mapping | bool) else True)
        return ListOf(item, schema.get("minItems", 0), schema.get("maxItems"))
    if name == "boolean":
        return Basic("boolean", True, _domain(schema))
    if name == "object":
        return _object(schema)
    return _TYPES.get(name, UNKNOWN)


_COMBINED = frozenset({"anyOf", "oneOf", "allOf", "not", "pattern"})
"""What may say more of a value than a domain can: where it stands, only the values that are listed are known."""


def _domain(schema: Mapping[str, Any]) -> Domain | None:
    """What a schema of a text, a number or a boolean lets through."""
    values = schema.get("enum", (schema["const"],) if "const" in schema else None)
    if values is not None:
        return Domain(values=tuple(_number(one) for one in values))
    if not _COMBINED.isdisjoint(schema):
        return None
    low, above = _bound(schema, "minimum", "exclusiveMinimum", max)
    high, below = _bound(schema, "maximum", "exclusiveMaximum", min)
    return Domain(low=low, high=high, above=above, below=below, format=schema.get("format", ""))


def _bound(
    schema: Mapping[str, Any], closed: str, opened: str, narrower: Callable[..., Number]
) -> tuple[Number | None, bool]:
    """The narrower of two bounds, and whether it is the one that does not belong to it."""
    bounds = [(_number(schema[name]), name == opened) for name in (closed, opened) if name in schema]
    if not bounds:
        return None, False
    bound = narrower(value for value, _ in bounds)
    return bound, (bound, True) in bounds


def _number(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


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
        most = None if one.most is None or other.most is None else max(one.most, other.most)
        return ListOf(union(one.item, other.item), min(one.least, other.least), most)
    if isinstance(one, Basic) and isinstance(other, Basic) and one.kind == other.kind:
        return Basic(one.kind, one.sample, _either(one.domain, other.domain))
    return UNKNOWN


_MOST_VALUES = 200
"""Values that are kept apart; of more, nothing is said."""


def _either(one: Domain | None, other: Domain | None) -> Domain | None:
    """The values of both, where one domain can say so."""
    if one is None or other is None or one == other:
        return one if one == other else None
    if ANY in (one, other):
        return ANY
    if one.values is not None and other.values is not None:
        values = (*one.values, *(value for value in other.values if value not in one.values))
        return Domain(values=values) if len(values) <= _MOST_VALUES else None
    one, other = _hull(one), _hull(other)
    if one is None or other is None or one.format != other.format:
        return None
    low, above = _outer(one.low, one.above, other.low, other.above, min)
    high, below = _outer(one.high, one.below, other.high, other.below, max)
    return Domain(low=low, high=high, above=above, below=below, format=one.format)


def _outer(
    one: Number | None, one_open: bool, other: Number | None, other_open: bool, wider: Callable[..., Number]
) -> tuple[Number | None, bool]:
    if one is None or other is None:
        return None, False
    if one == other:
        return one, one_open and other_open
    bound = wider(one, other)
    return bound, one_open if bound == one else other_open


def _hull(domain: Domain) -> Domain | None:
    """The numbers from the smallest value to the largest."""
    if domain.values is None:
        return domain
    numbers = [one for one in domain.values if isinstance(one, int | Decimal) and not isinstance(one, bool)]
    if len(numbers) < len(domain.values):
        return None
    return Domain(low=min(numbers), high=max(numbers))


def without_domains(shape: Shape) -> Shape:
    """The same shape, of whose values nothing is said."""
    match shape:
        case Basic(kind=kind, sample=value):
            return Basic(kind, value)
        case ListOf(item=item):
            return ListOf(without_domains(item))
        case Record(members=members, rest=rest):
            inner = {name: Slot(without_domains(one.shape), one.sure, one.internal) for name, one in members.items()}
            return Record(inner, rest if rest is None else without_domains(rest))
        case _:
            return shape


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
