"""Records: mappings with known keys. The tables of the language are made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from flowengine.language.parser.session import Reading, Refusal
from flowengine.language.parser.shapes import Json, Plain, Shape, wrong
from flowengine.language.suggest import hint, near
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place

Gives: TypeAlias = Literal[
    "anything", "boolean", "list", "filled list", "text", "number", "moment", "span or moment", "list of texts"
]
"""What an expression must give where it stands; a ``filled list`` has an entry."""
_FURTHER_LEFT = "if it is a state, it stands further left, in line with the other states"


class Values(dict[str, Any]):
    """What a record's keys say, by attribute; ``place`` is the mapping's and ``places`` are the keys' own."""

    def __init__(self, place: Place, places: Mapping[str, Place]) -> None:
        super().__init__()
        self.place = place
        self.places = places


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record. ``into`` is the attribute it fills, its own name unless given.

    Where it holds an expression, or a mapping of names to such, ``gives`` says what that must give, and ``variables``
    what it sees beside the usual.
    """

    name: str
    shape: Shape
    description: str
    required: bool = False
    into: str = ""
    gives: Gives | Literal[""] = ""
    variables: tuple[str, ...] = ()

    @property
    def attribute(self) -> str:
        return self.into or self.name

    def needed(self) -> Key:
        """The same key where it must be there."""
        return replace(self, required=True)


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys. ``build`` makes a value of what they say.

    Of the keys in ``exactly_one`` one must be there, of those in ``at_least_one`` one or more; those
    in ``together`` only come together. With ``others``, unknown
    keys are plain values under ``more``. Of a state, ``beside`` are the types of those beside it.
    """

    what: str
    keys: Mapping[str, Key]
    build: Callable[[Values, Reading], Any] | None = None
    exactly_one: tuple[str, ...] = ()
    at_least_one: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    others: bool = False
    beside: Collection[Any] = ()
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
            noted = len(reading.problems)
            try:
                if key is not None:
                    values[key.attribute] = key.shape.read(child, reading)
                elif self.others:
                    more[name] = Plain().read(child, reading)
                elif self._strayed(name, node, reading):
                    break
                else:
                    self._unknown(name, place, reading)
            except Refusal:
                if self._is_beside(child):
                    del reading.problems[noted:]
                    message = f"the key {name!r} of {self.what} cannot hold a state"
                    reading.refuse(place, "wrong-type", message, _FURTHER_LEFT)
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

    def _strayed(self, name: str, node: Pairs, reading: Reading) -> bool:
        """Whether a state stands among the keys, by its indentation: what follows it is then its own."""
        place, child = node.pairs[name]
        empty = isinstance(child, Scalar) and child.value is None and "type" in self.keys
        state = isinstance(child, Pairs) and "type" in child.pairs and ("type" in self.keys or "states" in self.keys)
        if (near(name, self.keys) and not state) or (empty and " " in name):
            return False
        message = f"{self.what} has no key {name[:60]!r}"
        if name == "type" and "states" in self.keys:
            advice = "a state stands under 'states': {start: NAME, states: {NAME: {type: …}}}"
            reading.refuse(place, "unknown-key", message, advice)
            return True
        if empty or state:
            advice = "if it is a state, it stands under 'states'" if "states" in self.keys else _FURTHER_LEFT
            reading.refuse(place, "unknown-key", message, advice)
        return empty or state

    def _is_beside(self, node: Node) -> bool:
        """Whether it is written as a state that leads on: as the value of a key, it was indented too far."""
        if not isinstance(node, Pairs) or node.pairs.keys().isdisjoint(("next", "on")):
            return False
        _, kind = node.pairs.get("type", (None, None))
        return isinstance(kind, Scalar) and kind.value in self.beside

    def _unknown(self, name: str, place: Place, reading: Reading) -> None:
        message = f"{self.what} has no key {name[:60]!r}"
        advice = hint(name, self.keys)
        if " " in name:
            advice = "in braces, a text with a comma stands in quotes"
        elif name in ("next", "on") and "type" in self.keys and self.keys.keys().isdisjoint(("phase", "because")):
            advice = "the race's own 'on' says where its members lead"
        reading.refuse(place, "unknown-key", message, advice)

    def _missing(self, node: Pairs, reading: Reading) -> None:
        meant = {near(name, self.keys) for name in node.pairs if name not in self.keys}
        strayed = "states" if any(name not in self.keys for name in node.pairs) else ""
        for name in self.required:
            if name not in node.pairs and name not in meant and name != strayed:
                self._lacks(f"needs the key {name!r}", self.keys[name].description, node, reading)
        several = [name for name in self.exactly_one if name in node.pairs]
        if self.exactly_one and not several and not meant.intersection(self.exactly_one):
            self._lacks(f"needs one of the keys {_or(self.exactly_one)}", "", node, reading)
        if len(several) > 1:
            message = f"{self.what} may have only one of {_or(several)}"
            reading.refuse(node.pairs[several[1]][0], "too-many-keys", message, f"leave out {several[1]!r}")
        if self.at_least_one and not any(name in node.pairs or name in meant for name in self.at_least_one):
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


def _or(names: Iterable[str]) -> str:
    return " or ".join(repr(name) for name in names)
