"""Shapes: what a value of the file may look like. Each reads nodes, and each knows its own JSON Schema.

The parser and the schema for editors both come from these, so that they cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeAlias

from flowengine.language.parser.session import Reading, Refusal
from flowengine.language.suggest import near
from flowengine.language.yaml_reader import Items, Node, Pairs, Scalar
from flowengine.problem import Place

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
        if isinstance(value, Decimal) and not self.fraction and value == value.to_integral_value():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal if self.fraction else int):
            raise wrong(node, wanted, reading)
        if not Decimal(str(self.least)) <= value <= Decimal(str(self.most)):
            message = f"{value:g} is out of bounds: from {self.least:g} to {self.most:g} is possible"
            raise reading.refuse(node.place, "bad-number", message)
        return value

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        kind = "number" if self.fraction else "integer"
        return {"type": kind, "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    def read(self, node: Node, reading: Reading) -> bool:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        word = node.text.lower() if isinstance(node, Scalar) else ""
        meant = "true" if word in ("yes", "y", "on") else "false" if word in ("no", "n", "off") else ""
        raise wrong(node, "true or false", reading, meant and f"write {meant}")

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
            found = near(node.value, self.words)
            raise reading.refuse(node.place, "unknown-value", message, f"did you mean '{found}'?" if found else "")
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
    """A mapping with free keys of one shape; ``build`` makes each value from its name, the name's place and the value,
    as it is read.

    With ``scoped`` the key is a part of the path while its value is read.
    """

    key: Word
    shape: Shape
    build: Callable[[str, Place, Any, Reading], Any] | None = None
    least: int = 0
    scoped: bool = False
    example: str = ""

    def read(self, node: Node, reading: Reading) -> dict[str, Any]:
        if not isinstance(node, Pairs):
            raise wrong(node, "a mapping", reading, f"write {self.example}" if self.example else "")
        if not self.least <= len(node.pairs) <= MOST_ENTRIES:
            message = f"the mapping has {len(node.pairs)} entries; {self.least} to {MOST_ENTRIES:,} are possible"
            raise reading.refuse(node.place, "bad-length", message)
        entries = (partial(self._entry, name, place, value, reading) for name, (place, value) in node.pairs.items())
        return dict(every(entries))

    def _entry(self, name: str, place: Place, node: Node, reading: Reading) -> tuple[str, Any]:
        read_key = partial(self.key.read, Scalar(name, name, place), reading)
        key, value = every((read_key, partial(self._value, name, node, reading)))
        return key, self.build(key, place, value, reading) if self.build else value

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


def full(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Match a whole text."""
    return re.compile(pattern).fullmatch
