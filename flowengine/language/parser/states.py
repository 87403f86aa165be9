"""States: a mapping whose ``type`` says which keys it has, and the scopes that hold states.

The types are classes that say their own keys (:mod:`flowengine.language.types`, which makes them known here); the
parser and the JSON Schema are made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from flowengine.language.model import State
from flowengine.language.parser.records import Key, Record, Values, record
from flowengine.language.parser.routes import ALWAYS
from flowengine.language.parser.scalars import EXPRESSION, NAME, name_key, told_title
from flowengine.language.parser.session import MOST_STATES, Reading
from flowengine.language.parser.shapes import Json, ListOf, Named, OneOf, Shape, every, wrong
from flowengine.language.parts import DONE, EXPIRED, SKIPPED, Route
from flowengine.language.suggest import hint
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place

_STATE_NAME = name_key("a state's name", (DONE,), "as a target it ends the branch or stage")
_MEMBER_NAME = name_key("a member's name", (EXPIRED,), "it is an outcome of the race")


BRANCH_KEYS = (
    Key("when", EXPRESSION, "The branch is opened only if this holds, once those in 'after' are done."),
    Key("after", Named("branch_names", ListOf(NAME, one=True)), "Branches that must be done before it is opened."),
)
"""What says whether and when a branch is opened."""


def record_of(cls: type[State], member: bool = False, more: tuple[Key, ...] = ()) -> Record:
    """The keys of a type. A member of a race has no ways of its own, no phase and no attention: the race has them."""
    keys = (key for key in cls.keys if not (member and key.name in ("next", "on", "phase", "attention")))
    typed = Key("type", OneOf((cls.type,)), "What the state is.", True)
    return record(cls.called(), typed, *keys, *more, exactly_one=cls.exactly_one, at_least_one=cls.at_least_one)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A mapping whose ``type`` says which keys it has. Gives the type and what the keys say."""

    what: str
    types: Mapping[str, type[State]]
    member: bool = False
    more: tuple[Key, ...] = ()
    records: dict[type[State], Record] = field(default_factory=dict)

    def read(self, node: Node, reading: Reading) -> tuple[type[State], Values]:
        if not isinstance(node, Pairs):
            raise wrong(node, f"a mapping ({self.what})", reading)
        if "type" not in node.pairs:
            message = f"{self.what} needs the key 'type'"
            raise reading.refuse(node.place, "missing-key", message, hint("", self._possible()))
        cls = self._type(node.pairs["type"][1], reading)
        if cls not in self.records:
            self.records[cls] = replace(record_of(cls, self.member, self.more), beside=self.types.keys())
        return cls, self.records[cls].read(node, reading)

    def _possible(self) -> dict[str, type[State]]:
        return {name: cls for name, cls in self.types.items() if cls.in_race or not self.member}

    def _type(self, node: Node, reading: Reading) -> type[State]:
        name = node.value if isinstance(node, Scalar) else None
        if not isinstance(name, str):
            raise wrong(node, "the name of a type", reading)
        possible = self._possible()
        if name not in possible:
            message = f"{self.what} cannot have the type {name[:60]!r}"
            raise reading.refuse(node.place, "unknown-type", message, hint(name, possible))
        return possible[name]

    def schema(self, defs: Json) -> Json:
        """The keys depend on ``type``: one definition a type, chosen by it."""
        possible = self._possible()
        kinds = [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": Named(f"{self.what.split()[-1]}_{name}", record_of(cls, self.member, self.more)).schema(defs),
            }
            for name, cls in possible.items()
        ]
        types = {"enum": list(possible), "description": "What it is."}
        return {"type": "object", "properties": {"type": types}, "required": ["type"], "allOf": kinds}


_STATE, _MEMBER, BRANCH = Named("state"), Named("member"), Named("branch_state")


def know(types: Mapping[str, type[State]]) -> None:
    """Let the parser read states of these types; some of them hold states themselves, and are made of what is here."""
    _STATE.shape = _Typed("a state", types)
    _MEMBER.shape = _Typed("a member", types, member=True)
    BRANCH.shape = _Typed("a branch", types, more=BRANCH_KEYS)


def _make(name: str, place: Place, cls: type[State], values: Values, reading: Reading, *, member: bool) -> State:
    """The state that a type's values make. A member saves where its race says, unless it says so itself."""
    del values["type"]
    derived = told_title(name, place, reading, wanted="title" not in values)
    values.setdefault("title", derived)
    values["derived"] = derived
    if cls.open_outcomes and any(key.name == "ask" for key in cls.keys):
        own = (one for one in values.get("on", {}) if one not in (*cls.outcomes, EXPIRED, SKIPPED))
        values["outcome_words"] = {one: told_title(one, place, reading) for one in own}
    if not member and any(key.name == "saves" for key in cls.keys):
        values.setdefault("saves", name)
    return cls(name=name, place=place, **values)


def _settle_next(cls: type[State], values: Values, reading: Reading) -> None:
    """``next`` stands for the type's usual outcome in ``on``."""
    following = values.pop("next", None)
    if following is None:
        return
    on = values.setdefault("on", {})
    outcome = cls.outcomes[0]
    if outcome in on:
        message = f"'next' and 'on' both say what comes after {outcome!r}"
        raise reading.refuse(values.places["next"], "too-many-keys", message, "leave out 'next'")
    on[outcome] = following


@dataclass(frozen=True, slots=True)
class _ByName:
    """States by their names: how a name looks, what a state is, and what reads the two together."""

    what: str
    name: Shape
    content: Named
    one: Callable[[str, Place, Node, Reading], State]
    least: str

    def read(self, node: Node, reading: Reading) -> dict[str, State]:
        if not isinstance(node, Pairs):
            raise wrong(node, f"a mapping of names to {self.what}", reading)
        if not node.pairs:
            raise reading.refuse(node.place, "bad-length", f"there is no {self.least}")
        entries = (partial(self.one, name, place, value, reading) for name, (place, value) in node.pairs.items())
        return {state.name: state for state in every(entries)}

    def schema(self, defs: Json) -> Json:
        names = {key: value for key, value in self.name.schema(defs).items() if key != "type"}
        content = self.content.schema(defs)
        return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": content}


def _read_state(name: str, place: Place, node: Node, reading: Reading) -> State:
    named = partial(_read_name, name, place, reading)
    _, (cls, values) = every((named, partial(_read_content, name, _STATE, node, reading)))
    return _make(name, place, cls, values, reading, member=False)


def read_branch(name: str, node: Node, reading: Reading) -> tuple[Values, State]:
    """A branch that is a state itself, which has the branch's name and is done when it is, unless it says otherwise:
    whether and when it is opened, and the state."""
    named = partial(_read_name, name, node.place, reading)
    _, (cls, values) = every((named, partial(_read_content, name, BRANCH, node, reading)))
    own = Values(values.place, values.places)
    own.update({key.name: values.pop(key.name) for key in BRANCH_KEYS if key.name in values})
    return own, _make(name, node.place, cls, values, reading, member=False)


def _read_content(name: str, shape: Named, node: Node, reading: Reading) -> tuple[type[State], Values]:
    with reading.inside(name):
        cls, values = shape.read(node, reading)
        if shape is BRANCH and not values.keys() & {"next", "on"} and any(key.name == "next" for key in cls.keys):
            values["next"] = (Route(to=DONE, place=node.place),)
        cls.settle(values, reading)
    _settle_next(cls, values, reading)
    return cls, values


def _read_name(name: str, place: Place, reading: Reading) -> None:
    """Names are unique in the whole process."""
    _STATE_NAME.read(Scalar(name, name, place), reading)
    if name in reading.states:
        message = f"the state {name!r} is there twice in the process"
        raise reading.refuse(place, "duplicate-state", message, f"the first is in line {reading.states[name].line}")
    reading.states[name] = place
    if len(reading.states) > MOST_STATES:
        reading.stop(place, "too-large", f"the process has more than {MOST_STATES:,} states")


def _read_member(name: str, place: Place, node: Node, reading: Reading) -> State:
    """Members are states without routes of their own, whose names are local to the race."""
    named = partial(_MEMBER_NAME.read, Scalar(name, name, place), reading)
    _, (cls, values) = every((named, partial(_MEMBER.read, node, reading)))
    cls.settle(values, reading)
    return _make(name, place, cls, values, reading, member=True)


STATES = Named("states", _ByName("states", _STATE_NAME, _STATE, _read_state, "state"))
MEMBERS = Named("members", _ByName("members", _MEMBER_NAME, _MEMBER, _read_member, "member"))

STATES_KEY = Key("states", STATES, "The states inside, by name.", True)
ALWAYS_KEY = Key("always", ALWAYS, "What may happen at any time inside.")
