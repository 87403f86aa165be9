"""Shapes: what a value of the file may look like. Each reads nodes, and each knows its own JSON Schema.

The parser and the schema for editors both come from these, so that they cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias

from flowengine.language.parser.reading import Reading, Refusal
from flowengine.language.problems import Place
from flowengine.language.suggest import hint
from flowengine.language.yaml_reader import Items, Node, Pairs, Scalar

Json: TypeAlias = dict[str, Any]
MOST_ENTRIES = 5_000
"""Entries of one list or mapping."""


class Shape(Protocol):
    """What a value may look like."""

    def read(self, node: Node, reading: Reading) -> Any:
        """The value. Raises :class:`Refusal` after its problems were noted."""

    def schema(self, defs: Json) -> Json:
        """Its JSON Schema; what is used in several places goes to ``defs``."""


def kind_of(node: Node) -> str:
    """What a node is, in words of the file."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Pairs):
        return "a mapping"
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "the text" if isinstance(value, str) else "the number"


def said(node: Node) -> str:
    """A node as a message quotes it."""
    if isinstance(node, Scalar) and node.value is not None and not isinstance(node.value, bool):
        return f"{kind_of(node)} {node.text[:40]!r}"
    return kind_of(node)


def wrong(node: Node, wanted: str, reading: Reading, help_text: str = "") -> Refusal:
    """The refusal of a value of another type."""
    return reading.refuse(node.place, "wrong-type", f"this must be {wanted}, not {said(node)}", help_text)


@dataclass(frozen=True, slots=True)
class Word:
    """A text on which ``parse`` decides: it gives the value, or raises ``ValueError`` with what is wrong."""

    wanted: str
    code: str
    parse: Callable[[str], Any]
    pattern: str = ""
    longest: int = 200

    def read(self, node: Node, reading: Reading) -> Any:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            quotes = "put it in quotes" if isinstance(node, Scalar) and node.value is not None else ""
            raise wrong(node, self.wanted, reading, quotes)
        if len(node.value) > self.longest:
            message = f"the text has {len(node.value):,} characters; at most {self.longest:,} are allowed"
            raise reading.refuse(node.place, "too-long", message)
        try:
            return self.parse(node.value)
        except ValueError as error:
            raise reading.refuse(node.place, self.code, str(error)) from None

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"type": "string", "maxLength": self.longest} | ({"pattern": self.pattern} if self.pattern else {})


@dataclass(frozen=True, slots=True)
class Number:
    """A number in bounds; whole, unless ``fraction``."""

    least: float
    most: float
    fraction: bool = False

    def read(self, node: Node, reading: Reading) -> Any:
        wanted = "a number" if self.fraction else "a whole number"
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, float) and not self.fraction and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float if self.fraction else int):
            raise wrong(node, wanted, reading)
        if not self.least <= value <= self.most:
            message = f"{value:g} is out of bounds: from {self.least:g} to {self.most:g} is possible"
            raise reading.refuse(node.place, "bad-number", message)
        return float(value) if self.fraction else value

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        kind = "number" if self.fraction else "integer"
        return {"type": kind, "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    def read(self, node: Node, reading: Reading) -> bool:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        raise wrong(node, "true or false", reading)

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, node: Node, reading: Reading) -> str:
        wanted = f"one of {', '.join(self.words)}"
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            raise wrong(node, wanted, reading)
        if node.value not in self.words:
            message = f"{node.value[:60]!r} is not {wanted}"
            raise reading.refuse(node.place, "unknown-value", message, hint(node.value, self.words))
        return node.value

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Plain:
    """Any plain value, as it would be in JSON."""

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Items):
            return [self.read(item, reading) for item in node.items]
        return {key: self.read(value, reading) for key, (_, value) in node.pairs.items()}

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {}


@dataclass(frozen=True, slots=True)
class Either:
    """A value whose shape depends on whether it is a single value, a list, or a mapping."""

    wanted: str
    scalar: Shape | None = None
    items: Shape | None = None
    pairs: Shape | None = None

    def read(self, node: Node, reading: Reading) -> Any:
        shape = self.items if isinstance(node, Items) else self.pairs if isinstance(node, Pairs) else self.scalar
        if shape is None or (isinstance(node, Scalar) and node.value is None):
            raise wrong(node, self.wanted, reading)
        return shape.read(node, reading)

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [shape.schema(defs) for shape in (self.scalar, self.items, self.pairs) if shape is not None]}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; with ``one`` a single value stands for a list of itself. Gives a tuple."""

    shape: Shape
    least: int = 1
    one: bool = False

    def read(self, node: Node, reading: Reading) -> tuple[Any, ...]:
        if self.one and not isinstance(node, Items):
            return (self.shape.read(node, reading),)
        if not isinstance(node, Items):
            raise wrong(node, "a list", reading)
        if not self.least <= len(node.items) <= MOST_ENTRIES:
            message = f"the list has {len(node.items)} entries; {self.least} to {MOST_ENTRIES:,} are possible"
            raise reading.refuse(node.place, "bad-length", message)
        return tuple(every(partial(self.shape.read, item, reading) for item in node.items))

    def schema(self, defs: Json) -> Json:
        inner = self.shape.schema(defs)
        several = {"type": "array", "items": inner, "minItems": self.least, "maxItems": MOST_ENTRIES}
        return {"anyOf": [inner, several]} if self.one else several


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping with free keys of one shape; ``build`` makes each value from its name, the name's place and the value.

    With ``scoped`` the key is a part of the path while its value is read.
    """

    key: Word
    shape: Shape
    build: Callable[[str, Place, Any], Any] | None = None
    least: int = 0
    scoped: bool = False

    def read(self, node: Node, reading: Reading) -> dict[str, Any]:
        if not isinstance(node, Pairs):
            raise wrong(node, "a mapping", reading)
        if not self.least <= len(node.pairs) <= MOST_ENTRIES:
            message = f"the mapping has {len(node.pairs)} entries; {self.least} to {MOST_ENTRIES:,} are possible"
            raise reading.refuse(node.place, "bad-length", message)
        entries = (partial(self._entry, name, place, value, reading) for name, (place, value) in node.pairs.items())
        return dict(every(entries))

    def _entry(self, name: str, place: Place, node: Node, reading: Reading) -> tuple[str, Any]:
        read_key = partial(self.key.read, Scalar(name, name, place), reading)
        key, value = every((read_key, partial(self._value, name, node, reading)))
        return key, self.build(key, place, value) if self.build else value

    def _value(self, name: str, node: Node, reading: Reading) -> Any:
        if not self.scoped:
            return self.shape.read(node, reading)
        with reading.inside(name):
            return self.shape.read(node, reading)

    def schema(self, defs: Json) -> Json:
        names = {key: value for key, value in self.key.schema(defs).items() if key != "type"}
        inner = self.shape.schema(defs)
        least = {"minProperties": self.least} if self.least else {}
        return {"type": "object", "propertyNames": names, "additionalProperties": inner} | least


def every(reads: Iterable[Callable[[], Any]]) -> list[Any]:
    """Read all parts, also after one was refused, so that all problems are found; then refuse if one was."""
    values = []
    refused = False
    for read in reads:
        try:
            values.append(read())
        except Refusal:
            refused = True
    if refused:
        raise Refusal
    return values


class Values(dict[str, Any]):
    """What a record's keys say, by attribute; ``place`` is the mapping's and ``places`` are the keys' own."""

    def __init__(self, place: Place, places: Mapping[str, Place]) -> None:
        super().__init__()
        self.place = place
        self.places = places


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record. ``into`` is the attribute it fills, its own name unless given."""

    name: str
    shape: Shape
    description: str
    required: bool = False
    into: str = ""

    @property
    def attribute(self) -> str:
        return self.into or self.name


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys. ``build`` makes a value of what they say.

    Of the keys in ``exactly_one`` one must be there, of those in ``at_least_one`` one or more; those
    in ``together`` only come together. With ``others``, unknown
    keys are plain values under ``more``.
    """

    what: str
    keys: Mapping[str, Key]
    build: Callable[[Values, Reading], Any] | None = None
    exactly_one: tuple[str, ...] = ()
    at_least_one: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    others: bool = False
    required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "required", tuple(key.name for key in self.keys.values() if key.required))

    def read(self, node: Node, reading: Reading) -> Any:
        if not isinstance(node, Pairs):
            raise wrong(node, f"a mapping ({self.what})", reading)
        before = len(reading.problems)
        values = Values(node.place, {name: place for name, (place, _) in node.pairs.items()})
        more = {}
        for name in self._in_order(node):
            place, child = node.pairs[name]
            key = self.keys.get(name)
            try:
                if key is not None:
                    values[key.attribute] = key.shape.read(child, reading)
                elif self.others:
                    more[name] = Plain().read(child, reading)
                else:
                    self._unknown(name, place, reading)
            except Refusal:
                continue
        self._missing(node, reading)
        if len(reading.problems) > before:
            raise Refusal
        if self.others:
            values["more"] = more
        return self.build(values, reading) if self.build else values

    def _in_order(self, node: Pairs) -> Iterable[str]:
        """Known keys in the order of the table, for a later one may need an earlier one; then the unknown ones."""
        yield from (name for name in self.keys if name in node.pairs)
        yield from (name for name in node.pairs if name not in self.keys)

    def _unknown(self, name: str, place: Place, reading: Reading) -> None:
        message = f"{self.what} has no key {name[:60]!r}"
        reading.refuse(place, "unknown-key", message, hint(name, self.keys))

    def _missing(self, node: Pairs, reading: Reading) -> None:
        for name in self.required:
            if name not in node.pairs:
                self._lacks(f"needs the key {name!r}", self.keys[name].description, node, reading)
        several = [name for name in self.exactly_one if name in node.pairs]
        if self.exactly_one and not several:
            self._lacks(f"needs one of the keys {_or(self.exactly_one)}", "", node, reading)
        if len(several) > 1:
            message = f"{self.what} may have only one of {_or(several)}"
            reading.refuse(node.pairs[several[1]][0], "too-many-keys", message, f"leave out {several[1]!r}")
        if self.at_least_one and not any(name in node.pairs for name in self.at_least_one):
            self._lacks(f"needs one of the keys {_or(self.at_least_one)}", "", node, reading)
        if any(name in node.pairs for name in self.together):
            for name in self.together:
                if name not in node.pairs:
                    self._lacks(f"needs the key {name!r}", self.keys[name].description, node, reading)

    def _lacks(self, what: str, help_text: str, node: Pairs, reading: Reading) -> None:
        reading.refuse(node.place, "missing-key", f"{self.what} {what}", help_text)

    def schema(self, defs: Json) -> Json:
        properties = {key.name: key.shape.schema(defs) | {"description": key.description} for key in self.keys.values()}
        found: Json = {"type": "object", "properties": properties, "additionalProperties": self.others}
        if self.required:
            found["required"] = list(self.required)
        if self.exactly_one:
            found["oneOf"] = [{"required": [name]} for name in self.exactly_one]
        if self.at_least_one:
            found["anyOf"] = [{"required": [name]} for name in self.at_least_one]
        if self.together:
            found["dependentRequired"] = {
                name: [other for other in self.together if other != name] for name in self.together
            }
        return found


def record(what: str, *keys: Key, **more: Any) -> Record:
    """A record of these keys."""
    return Record(what, {key.name: key for key in keys}, **more)


@dataclass(slots=True)
class Named:
    """A shape with a name in the schema. ``shape`` may be given later, for shapes that hold one another."""

    name: str
    shape: Shape | None = None

    def read(self, node: Node, reading: Reading) -> Any:
        assert self.shape is not None
        return self.shape.read(node, reading)

    def schema(self, defs: Json) -> Json:
        assert self.shape is not None
        if self.name not in defs:
            defs[self.name] = {}
            defs[self.name] = self.shape.schema(defs)
        return {"$ref": f"#/$defs/{self.name}"}


def _or(names: Iterable[str]) -> str:
    return " or ".join(repr(name) for name in names)


def full(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Match a whole text."""
    return re.compile(pattern).fullmatch
