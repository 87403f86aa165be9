"""Routes: where an outcome leads, perhaps on a condition, and what may happen always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowengine.language.expressions import Expression
from flowengine.language.parser.audiences import AUDIENCES
from flowengine.language.parser.fields import FIELDS
from flowengine.language.parser.lengths import WHEN
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import (
    EXPRESSION,
    HANDLER,
    NAME,
    OUTCOME,
    PLACE_KEY,
    TITLE,
    given_texts,
    name_key,
    told_title,
)
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Either, Flag, Json, ListOf, MapOf, Named, OneOf
from flowengine.language.parts import STRENGTHS, Always, Route
from flowengine.language.yaml_reader import Node
from flowengine.problem import Place

ASSIGNMENTS = Named("assignments", MapOf(PLACE_KEY, EXPRESSION, example="{name: expression}"))


class _Setting:
    """An expression, or ``{value, show}``: what is made of inner data is shown to customers only if that is said."""

    shape = Either(
        "an expression or {value: expression, show: true}",
        EXPRESSION,
        None,
        record(
            "what is set",
            Key("value", EXPRESSION, "The value.", True),
            Key("show", Flag(), "Whether customers may see it, although it is made of what is internal."),
        ),
    )

    def read(self, node: Node, reading: Reading) -> tuple[Expression, bool]:
        found = self.shape.read(node, reading)
        return (found, False) if isinstance(found, Expression) else (found["value"], found.get("show", False))

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs)


_SETTINGS = Named("settings", MapOf(PLACE_KEY, _Setting(), example="{name: expression}"))

_TO = Key("to", NAME, "The next state: of the same scope, an end of the process, or 'done' in a branch or stage.", True)
_WHEN = Key("when", EXPRESSION, "A condition; the first route whose condition holds is taken.")
_SET = Key("set", _SETTINGS, "Places in the data and the expressions whose values they get, or {value, show: true}.")
_TITLE = Key("title", TITLE, "What pictures and the history call this way, instead of its condition.")
_OTHERWISE = Key("otherwise", TITLE, "What people are told where the condition keeps them from it.")
_UNDO = Key("undo", Flag(), "Whether the services done since are undone, newest first, before the target is entered.")


def _route(values: Values, reading: Reading) -> Route:
    _has_condition(values, reading)
    return Route(**_settled(values, reading), place=values.place)


def _has_condition(values: Values, reading: Reading) -> None:
    if "otherwise" in values and "when" not in values:
        message = "'otherwise' is for what has a condition: nothing keeps people from this"
        raise reading.refuse(values.places["otherwise"], "too-many-keys", message, "add 'when', or leave it out")


def _settled(values: Values, reading: Reading) -> Values:
    """What is set, and which of it customers may see. The texts that are set may be translated, for texts tell them."""
    settings = values.pop("set", {})
    if settings:
        for one, _ in settings.values():
            for text in given_texts(one.tree):
                reading.note(text, wanted=False)
        values["set"] = {place: value for place, (value, _) in settings.items()}
        values["shown"] = frozenset(place for place, (_, show) in settings.items() if show)
    return values


@dataclass(frozen=True, slots=True)
class _Target:
    """A state's name alone stands for a route to it."""

    def read(self, node: Node, reading: Reading) -> Route:
        return Route(to=NAME.read(node, reading), place=node.place)

    def schema(self, defs: Json) -> Json:
        return NAME.schema(defs)


ROUTE = Named(
    "route",
    Either(
        "a state's name or a route",
        _Target(),
        None,
        record("a route", _TO, _WHEN, _OTHERWISE, _SET, _UNDO, _TITLE, build=_route),
    ),
)
ROUTES = Named("routes", ListOf(ROUTE, one=True))
ON = Named("on", MapOf(OUTCOME, ROUTES, example="{outcome: state}, or next: state"))

RULES = Named(
    "rules",
    ListOf(record("a rule", Key("when", EXPRESSION, _WHEN.description, True), _TO, _SET, _UNDO, _TITLE, build=_route)),
)
ELSE = Named(
    "else",
    Either("a state's name or a route", _Target(), None, record("an else", _TO, _SET, _UNDO, _TITLE, build=_route)),
)

_BEGINNING = Either("a state's name or {to, when, set, title}", _Target(), None,
                    record("a way to begin", _TO, _WHEN, _SET, _TITLE, build=_route))  # fmt: skip
START = Named("start", ListOf(_BEGINNING, one=True))
"""Where a scope begins: a state, or ways of which the first whose condition holds is taken."""

FOR_ALL = Key("all", Flag(), "Whether a message of that name and key is for all who wait for it.", into="for_all")


def _entry(values: Values, reading: Reading) -> Values:
    _has_condition(values, reading)
    if "otherwise" in values and "by" not in values:
        message = "'otherwise' is told to people, and nobody does this by hand"
        raise reading.refuse(values.places["otherwise"], "too-many-keys", message, "leave it out")
    if "asks" in values and "by" not in values:
        message = "'asks' is for people, and nobody does this by hand"
        raise reading.refuse(values.places["asks"], "too-many-keys", message, "leave it out")
    if "for_all" in values and "message" not in values:
        message = "'all' is for messages: of people and the clock each job has its own"
        raise reading.refuse(values.places["all"], "too-many-keys", message, "leave out 'all'")
    return _settled(values, reading)


_ALWAYS = record(
    "an entry of always",
    Key("title", TITLE, "What the person reads; the name with spaces, unless given."),
    Key("by", AUDIENCES, "Who may do it."),
    Key("message", HANDLER, "The message that does it."),
    Key("key", EXPRESSION, "Which messages of that name: those whose key equals this."),
    FOR_ALL,
    Key("within", WHEN, "The clock does it, this long after the scope was entered."),
    _WHEN,
    _OTHERWISE,
    _TO,
    _SET,
    _UNDO,
    Key("fields", FIELDS, "What is asked of the one who does it."),
    Key("asks", OneOf(STRENGTHS), "How surely it has to be known who does it: code, or passkey."),
    build=_entry,
    exactly_one=("by", "message", "within"),
)


def _named(name: str, place: Place, values: Any, reading: Reading) -> Always:
    if "title" not in values:
        values["title"] = told_title(name, place, reading)
    return Always(name=name, place=place, **values)


class _AlwaysShape:
    entries = MapOf(name_key("a name"), Named("always_entry", _ALWAYS), _named)

    def read(self, node: Node, reading: Reading) -> tuple[Always, ...]:
        return tuple(self.entries.read(node, reading).values())

    def schema(self, defs: Json) -> Json:
        return self.entries.schema(defs)


ALWAYS = Named("always", _AlwaysShape())
