"""States that hold states: races, parallels, eaches and stages; and the table of all types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flowengine.language import model
from flowengine.language.parser.common_keys import LEADING, NAMING, SAVES_KEY, WITHIN_KEY
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.routes import ALWAYS
from flowengine.language.parser.scalars import COUNT, EXPRESSION, FLAG, NAME, TITLE, name_key, titled
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, ListOf, MapOf, Named, OneOf, every, wrong
from flowengine.language.parser.state_types import MACHINES, PASSING, PEOPLE, StateType, state_type
from flowengine.language.parser.states import STATE, STATES, Typed, make_state
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place

START_KEY = Key("start", NAME, "The state it begins in; the first one, unless given.")
STATES_KEY = Key("states", STATES, "The states inside, by name.", True)
ALWAYS_KEY = Key("always", ALWAYS, "What may happen at any time inside.")
_SCOPE = (START_KEY, STATES_KEY, ALWAYS_KEY)


def take_scope(values: Values, path: tuple[str, ...]) -> model.Scope:
    """The scope that the keys ``start``, ``states`` and ``always`` describe."""
    states = values.pop("states")
    start = values.pop("start", next(iter(states)))
    always = values.pop("always", ())
    return model.Scope(path="/".join(path), start=start, states=states, always=always, place=values.place)


def _scope_of_state(values: Values, reading: Reading) -> None:
    values["scope"] = take_scope(values, reading.path)


@dataclass(frozen=True, slots=True)
class _BranchScope:
    """A branch's values with its scope, which knows its path."""

    keys: Any

    def read(self, node: Node, reading: Reading) -> Values:
        values: Values = self.keys.read(node, reading)
        values["scope"] = take_scope(values, reading.path)
        return values

    def schema(self, defs: Json) -> Json:
        found: Json = self.keys.schema(defs)
        return found


def _branch(name: str, place: Place, values: Any) -> model.Branch:
    values.setdefault("title", titled(name))
    return model.Branch(name=name, place=place, **values)


_BRANCH = record(
    "a branch",
    Key("title", TITLE, "What people read; the name with spaces, unless given."),
    Key("when", EXPRESSION, "The branch is opened only if this holds."),
    Key("after", Named("branch_names", ListOf(NAME, one=True)), "Branches that must be done before it is opened."),
    *_SCOPE,
)
_BRANCHES = MapOf(name_key("a branch's name"), Named("branch", _BranchScope(_BRANCH)), _branch, least=1, scoped=True)


class _Join:
    """``all``, a number, or an expression over ``done``, ``open`` and ``total``."""

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and node.value == "all":
            return "all"
        if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return COUNT.read(node, reading)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            raise wrong(node, "all, a number, or an expression over done, open and total", reading)
        return EXPRESSION.read(node, reading)

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [{"const": "all"}, COUNT.schema(defs), {"type": "string", "not": {"const": "all"}}]}


_JOIN_KEYS = (
    Key(
        "join",
        Named("join", _Join()),
        "When it goes on: all, a number of branches, or an expression over done, open, total.",
    ),
    Key("rest", OneOf(("cancel", "continue")), "What becomes of branches still open then; cancel unless given."),
)


def _settle_race(values: Values, reading: Reading) -> None:  # noqa: ARG001 - the signature of settlers
    """``next`` stands for every member without an entry of its own in ``on``."""
    following = values.pop("next", None)
    if following is not None:
        on = values.setdefault("on", {})
        for member in values["of"]:
            on.setdefault(member, following)


_MEMBER_NAME = name_key("a member's name", ("expired",), "it is an outcome of the race")


def _as_member(kind: StateType) -> StateType:
    """A type as a member of a race may have it: the race says what comes next, and has the phase."""
    keys = {name: key for name, key in kind.record.keys.items() if name not in ("next", "on", "phase")}
    return replace(kind, record=replace(kind.record, keys=keys), saves=False)


class _Members:
    """The members of a race: states without routes of their own, whose names are local to the race."""

    types = Typed("a member", {kind.name: _as_member(kind) for kind in (*PEOPLE[1:], *MACHINES)})

    def read(self, node: Node, reading: Reading) -> dict[str, model.State]:
        if not isinstance(node, Pairs):
            raise wrong(node, "a mapping of names to members", reading)
        if not node.pairs:
            raise reading.refuse(node.place, "bad-length", "there is no member")
        entries = (partial(self._member, name, place, value, reading) for name, (place, value) in node.pairs.items())
        return {member.name: member for member in every(entries)}

    def _member(self, name: str, place: Place, node: Node, reading: Reading) -> model.State:
        named = partial(_MEMBER_NAME.read, Scalar(name, name, place), reading)
        _, (kind, values) = every((named, partial(self.types.read, node, reading)))
        kind.settle(values, reading)
        return make_state(name, place, kind, values)

    def schema(self, defs: Json) -> Json:
        names = {key: value for key, value in _MEMBER_NAME.schema(defs).items() if key != "type"}
        member = Named("member", self.types).schema(defs)
        return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": member}


COMPOSITES = (
    state_type(
        model.Race, *NAMING, SAVES_KEY, WITHIN_KEY, *LEADING,
        Key("of", Named("members", _Members()), "What is offered at once: the first outcome closes the others.", True),
        settle=_settle_race,
    ),
    state_type(
        model.Parallel, *NAMING, WITHIN_KEY, *LEADING, *_JOIN_KEYS,
        Key("branches", _BRANCHES, "The branches, by name.", True),
        Key("one_at_a_time", FLAG, "Whether only one branch is open at a time."),
    ),
    state_type(
        model.Each, *NAMING, SAVES_KEY, WITHIN_KEY, *LEADING, *_JOIN_KEYS, *_SCOPE,
        Key("of", EXPRESSION, "The items: an expression that gives a list.", True),
        Key("as", NAME, "What the item is called inside, beside 'item'.", into="as_"),
        Key("at_a_time", COUNT, "How many branches are open at a time; all, unless given."),
        Key("more", FLAG, "Whether items may be added while it runs."),
        settle=_scope_of_state,
    ),
    state_type(model.Stage, *NAMING, WITHIN_KEY, *LEADING, *_SCOPE, settle=_scope_of_state),
)  # fmt: skip
"""States that hold states."""

TYPES: dict[str, StateType] = {kind.name: kind for kind in (*PEOPLE, *MACHINES, *COMPOSITES, *PASSING)}
"""All types of states: the table from which both the parser and the JSON Schema come."""
STATE.shape = Typed("a state", TYPES)
