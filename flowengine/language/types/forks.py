"""``parallel``, ``each`` and ``stage``: what opens branches with states of their own, and waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from flowengine.language.expressions import Expression
from flowengine.language.model import Scope, State
from flowengine.language.parser.common_keys import LEADING, NAMING, SAVES_KEY, WITHIN_KEY
from flowengine.language.parser.fields import FIELD, named
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.routes import START
from flowengine.language.parser.scalars import COUNT, EXPRESSION, FLAG, NAME, TITLE, name_key, titled, told_title
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, MapOf, Named, OneOf, wrong
from flowengine.language.parser.states import ALWAYS_KEY, BRANCH, BRANCH_KEYS, STATES_KEY, read_branch
from flowengine.language.parts import DONE, Field, Route
from flowengine.language.types.decision import beginning
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place

Join: TypeAlias = Literal["all"] | int | Expression
"""When a parallel or each is done: all branches, that many, or as soon as the expression holds.

The expression sees ``done``, ``open`` and ``total`` (whole numbers) beside the usual names.
"""


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
        gives="boolean",
        variables=("done", "open", "total"),
    ),
    Key("rest", OneOf(("cancel", "continue")), "What becomes of branches still open then; cancel unless given."),
)


_SCOPE_KEYS = (
    Key("start", START, "The state it begins in, or a list of {to, when, set, title}; the first state, unless given."),
    STATES_KEY,
    ALWAYS_KEY,
)


def _take_scope(values: Values, path: tuple[str, ...]) -> Scope:
    """The scope that the keys ``start``, ``states`` and ``always`` describe. One that may begin in several ways begins
    in a decision of its own, which takes the first whose condition holds."""
    states = values.pop("states")
    routes: tuple[Route, ...] = values.pop("start", (Route(to=next(iter(states))),))
    always = values.pop("always", ())
    start = routes[0].to
    if len(routes) > 1 or routes[0] != Route(to=start):
        start = "-".join((*path, "start"))  # no state of a file can be called so
        states = {start: beginning(start, f"Start of {titled(path[-1])}", routes, values.places["start"]), **states}
    return Scope(path="/".join(path), start=start, states=states, always=always, place=values.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line of a parallel. Opened only when ``when`` holds, and after the branches in ``after`` are done."""

    name: str
    title: str
    scope: Scope
    when: Expression | None = None
    after: tuple[str, ...] = ()
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class _BranchScope:
    """A branch's values with its scope, which knows its path."""

    keys = record(
        "a branch",
        Key("title", TITLE, "What people read; the name with spaces, unless given."),
        *BRANCH_KEYS,
        *_SCOPE_KEYS,
    )

    def read(self, node: Node, reading: Reading) -> Values:
        if isinstance(node, Pairs) and "type" in node.pairs:
            return self._of_one_state(node, reading)
        values: Values = self.keys.read(node, reading)
        values["scope"] = _take_scope(values, reading.path)
        return values

    def _of_one_state(self, node: Node, reading: Reading) -> Values:
        """A state alone stands for a branch of that title with nothing else in it."""
        name = reading.path[-1]
        values, state = read_branch(name, node, reading)
        scope = Scope(path="/".join(reading.path), start=name, states={name: state}, place=node.place)
        values.update(title=state.title, scope=scope)
        return values

    def schema(self, defs: Json) -> Json:
        return {"if": {"required": ["type"]}, "then": BRANCH.schema(defs), "else": self.keys.schema(defs)}


def _branch(name: str, place: Place, values: Any, reading: Reading) -> Branch:
    if "title" not in values:
        values["title"] = told_title(name, place, reading)
    return Branch(name=name, place=place, **values)


_BRANCHES = MapOf(name_key("a branch's name"), Named("branch", _BranchScope()), _branch, least=1, scoped=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(State):
    type = "parallel"
    is_noun = False
    keys = (
        *NAMING, WITHIN_KEY, *LEADING, *_JOIN_KEYS,
        Key("branches", _BRANCHES, "The branches, by name.", True),
        Key("one_at_a_time", FLAG, "Whether only one branch is open at a time."),
    )  # fmt: skip
    outcomes = ("joined",)
    symbol = "several"

    branches: Mapping[str, Branch] = field(default_factory=dict)
    join: Join = "all"
    rest: Literal["cancel", "continue"] = "cancel"
    one_at_a_time: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return tuple(branch.scope for branch in self.branches.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(State):
    """One branch per item of the list ``of``; inside, the item is called ``item`` (and ``as_``).

    What is saved inside goes to the branch's own data, which hides the job's; at the join, ``saves`` receives a list
    with one object per finished item: ``item`` and the branch's own data. What that list is like is for those to say
    who know the scope (the checks, and who may have written what).
    """

    type = "each"
    is_noun = False
    keys = (
        *NAMING, SAVES_KEY, WITHIN_KEY, *LEADING, *_JOIN_KEYS, *_SCOPE_KEYS,
        Key("of", EXPRESSION, "The items: an expression that gives a list.", True, gives="list"),
        Key("as", NAME, "What the item is called inside, beside 'item'.", into="as_"),
        Key("at_a_time", COUNT, "How many branches are open at a time; all, unless given."),
        Key("more", FLAG, "Whether items may be added while it runs."),
        Key("items", FIELD, "What an item that is added must be, as a field; like the first, unless given."),
        Key("most", COUNT, "How many items there may be in all when some are added; 1,000, unless given."),
    )  # fmt: skip
    outcomes = ("joined",)
    symbol = "several"
    settled_at_entry = ("of",)

    of: Expression | None = None
    as_: str = "item"
    scope: Scope = Scope(path="", start="", states={})
    at_a_time: int | None = None
    more: bool = False
    items: Field | None = None
    most: int = 1000
    join: Join = "all"
    rest: Literal["cancel", "continue"] = "cancel"

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        for key in ("items", "most"):
            if key in values and not values.get("more"):
                raise reading.refuse(
                    values.places[key], "missing-key", f"{key} is for items that are added", "more: true"
                )
        if "items" in values:
            for key in ("earliest", "latest"):
                if key in values["items"]:
                    what = f"items have no {key}: what is added is not held against the clock"
                    raise reading.refuse(values["items"].places[key], "unknown-key", what)
            values["items"] = named("items", values.places["items"], values["items"], reading)
        values["scope"] = _take_scope(values, reading.path)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    @property
    def saves_anything(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(State):
    type = "stage"
    keys = (*NAMING, WITHIN_KEY, *LEADING, *_SCOPE_KEYS)
    outcomes = (DONE,)
    symbol = "several"

    scope: Scope = Scope(path="", start="", states={})

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        values["scope"] = _take_scope(values, reading.path)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)
