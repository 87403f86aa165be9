"""States: which keys each type has, and the scopes that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from flowengine.language import model
from flowengine.language.parser.records import Values
from flowengine.language.parser.scalars import name_key, titled
from flowengine.language.parser.session import MOST_STATES, Reading
from flowengine.language.parser.shapes import Json, Named, every, wrong
from flowengine.language.parser.state_types import StateType
from flowengine.language.suggest import hint
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place

_NAME = name_key("a state's name", (model.DONE,), "as a target it ends the branch or stage")


@dataclass(frozen=True, slots=True)
class Typed:
    """A mapping whose ``type`` says which keys it has. Gives the type and what the keys say."""

    what: str
    types: Mapping[str, StateType]

    def read(self, node: Node, reading: Reading) -> tuple[StateType, Values]:
        if not isinstance(node, Pairs):
            raise wrong(node, f"a mapping ({self.what})", reading)
        if "type" not in node.pairs:
            message = f"{self.what} needs the key 'type'"
            raise reading.refuse(node.place, "missing-key", message, hint("", self.types))
        kind = self._type(node.pairs["type"][1], reading)
        return kind, kind.record.read(node, reading)

    def _type(self, node: Node, reading: Reading) -> StateType:
        name = node.value if isinstance(node, Scalar) else None
        if not isinstance(name, str):
            raise wrong(node, "the name of a type", reading)
        if name not in self.types:
            message = f"{self.what} cannot have the type {name[:60]!r}"
            raise reading.refuse(node.place, "unknown-type", message, hint(name, self.types))
        return self.types[name]

    def schema(self, defs: Json) -> Json:
        """The keys depend on ``type``: one definition a type, chosen by it."""
        kinds = [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": Named(f"{self.what.split()[-1]}_{name}", kind.record).schema(defs),
            }
            for name, kind in self.types.items()
        ]
        types = {"enum": list(self.types), "description": "What it is."}
        return {"type": "object", "properties": {"type": types}, "required": ["type"], "allOf": kinds}


def make_state(name: str, place: Place, kind: StateType, values: Values) -> model.State:
    """The state that a type's values make."""
    del values["type"]
    values.setdefault("title", titled(name))
    if kind.saves:
        values.setdefault("saves", name)
    return kind.cls(name=name, place=place, **values)


def settle_next(kind: StateType, values: Values, reading: Reading) -> None:
    """``next`` stands for the type's usual outcome in ``on``."""
    following = values.pop("next", None)
    if following is None:
        return
    on = values.setdefault("on", {})
    outcome = kind.cls.outcomes[0]
    if outcome in on:
        message = f"'next' and 'on' both say what comes after {outcome!r}"
        raise reading.refuse(values.places["next"], "too-many-keys", message, "leave out 'next'")
    on[outcome] = following


STATE = Named("state")
"""A state of any type; :mod:`composites` gives the types, some of which hold states themselves."""


class States:
    """The states of one scope by name. Names are unique in the whole process."""

    def read(self, node: Node, reading: Reading) -> dict[str, model.State]:
        if not isinstance(node, Pairs):
            raise wrong(node, "a mapping of names to states", reading)
        if not node.pairs:
            raise reading.refuse(node.place, "bad-length", "there is no state")
        entries = (partial(self._state, name, place, value, reading) for name, (place, value) in node.pairs.items())
        return {state.name: state for state in every(entries)}

    def _state(self, name: str, place: Place, node: Node, reading: Reading) -> model.State:
        named = partial(self._name, name, place, reading)
        _, (kind, values) = every((named, partial(self._content, name, node, reading)))
        return make_state(name, place, kind, values)

    def _content(self, name: str, node: Node, reading: Reading) -> tuple[StateType, Values]:
        with reading.inside(name):
            kind, values = STATE.read(node, reading)
            kind.settle(values, reading)
        settle_next(kind, values, reading)
        return kind, values

    def _name(self, name: str, place: Place, reading: Reading) -> None:
        _NAME.read(Scalar(name, name, place), reading)
        if name in reading.states:
            message = f"the state {name!r} is there twice in the process"
            raise reading.refuse(place, "duplicate-state", message, f"the first is in line {reading.states[name].line}")
        reading.states[name] = place
        if len(reading.states) > MOST_STATES:
            reading.stop(place, "too-large", f"the process has more than {MOST_STATES:,} states")

    def schema(self, defs: Json) -> Json:
        names = {key: value for key, value in _NAME.schema(defs).items() if key != "type"}
        states = STATE.schema(defs)
        return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": states}


STATES = Named("states", States())


STATES = Named("states", States())
