"""Whom a step waits for: ``customer``, a role's name, ``{person: …}``, or a list of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from flowengine.language.expressions import Expression
from flowengine.language.parser.lengths import LENGTH
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import COUNT, EXPRESSION, NAME, NAME_OR_EXPRESSION
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Either, Json, ListOf, Named, Shape, wrong
from flowengine.language.parts import Answerers, Audience
from flowengine.language.yaml_reader import Node, Scalar

_EVERYBODY: dict[str, Literal["customer", "customers", "staff", "anyone"]] = {
    "customer": "customer",
    "customers": "customers",
    "staff": "staff",
    "anyone": "anyone",
}
_MAPPED: dict[str, Literal["role", "person", "people", "group"]] = {
    "role": "role",
    "person": "person",
    "people": "people",
    "group": "group",
}
EVERYBODY = tuple(_EVERYBODY)
"""Audiences with a fixed meaning; a role cannot be called so."""


@dataclass(frozen=True, slots=True)
class _Word:
    """One of the fixed audiences, or a role."""

    def read(self, node: Node, reading: Reading) -> Audience:
        name = NAME.read(node, reading)
        kind = _EVERYBODY.get(name)
        if kind is None:
            return Audience(kind="role", name=name, place=node.place)
        return Audience(kind=kind, place=node.place)

    def schema(self, defs: Json) -> Json:
        return NAME.schema(defs)


def _build(values: Values, reading: Reading) -> Audience:  # noqa: ARG001 - the signature of builders
    ((kind, name),) = values.items()
    return Audience(kind=_MAPPED[kind], name=name, place=values.place)


def _audience(values: Values, reading: Reading) -> Audience:
    """Persons may have beside them the role or the group that they are of."""
    for one, other in (("person", "people"), ("role", "group")):
        if one in values and other in values:
            message = f"an audience may have only one of '{one}' or '{other}'"
            raise reading.refuse(values.places[other], "too-many-keys", message, f"leave out '{other}'")
    whose, of = ([key for key in keys if key in values] for keys in (("person", "people"), ("role", "group")))
    if not (whose and of):
        return _build(values, reading)
    (whom,), (kind,) = whose, of
    if isinstance(values[kind], Expression):
        message = "the group that a person is of is named; an expression gives the person"
        raise reading.refuse(values.places[kind], "wrong-type", message, "write the group's name")
    among = Audience(kind=_MAPPED[kind], name=values[kind], place=values.places[kind])
    return Audience(kind=_MAPPED[whom], name=values[whom], among=among, held=True, place=values.place)


_KEYS = (
    Key("role", NAME, "Staff with this role; beside person or people: that they have it."),
    Key("person", EXPRESSION, 'One person: an expression that gives the id, for example by("draft").'),
    Key("people", EXPRESSION, "Several persons: an expression that gives a list of ids."),
    Key(
        "group",
        NAME_OR_EXPRESSION,
        "The customers of a group: its name, or an expression in braces that gives it; beside person or people: that "
        "they are in it.",
    ),
)
_MAPPING = record("an audience", *_KEYS, build=_audience, at_least_one=tuple(key.name for key in _KEYS))


@dataclass(frozen=True, slots=True)
class _NotBy:
    """A state, whoever did it; or a person."""

    shape = Either("a state's name, or {person: …}", NAME, None, record("a person", replace(_KEYS[1], required=True)))

    def read(self, node: Node, reading: Reading) -> Any:
        found = self.shape.read(node, reading)
        return found if isinstance(found, str) else found["person"]

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs)


NOT_BY = Named("not_by", ListOf(_NotBy(), one=True))

AUDIENCE = Named(
    "audience",
    Either(
        "customer, customers, staff, anyone, a role's name, or a mapping such as {group: …}", _Word(), None, _MAPPING
    ),
)
AUDIENCES = Named("audiences", ListOf(AUDIENCE, one=True))


@dataclass(frozen=True, slots=True)
class _Reader:
    """One who can be told something: nobody is written to because anybody might read it."""

    def read(self, node: Node, reading: Reading) -> Audience:
        name = NAME.read(node, reading)
        if name == "everyone":
            return Audience(kind="everyone", place=node.place)
        if name in _EVERYBODY and name != "customer":
            raise wrong(node, _WHO_IS_TOLD, reading, "everyone is all who took part in the job")
        return _Word().read(node, reading)

    def schema(self, defs: Json) -> Json:
        return NAME.schema(defs)


_WHO_IS_TOLD = "customer, everyone, a role's name, or a mapping such as {person: …}"
READERS = Named("readers", ListOf(Named("reader", Either(_WHO_IS_TOLD, _Reader(), None, _MAPPING)), one=True))


@dataclass(frozen=True, slots=True)
class _Answerer:
    """One of those inside who can be asked: customers ask, and nobody outside answers for the organisation."""

    def read(self, node: Node, reading: Reading) -> Audience:
        name = NAME.read(node, reading)
        if name in _EVERYBODY and name != "staff":
            raise wrong(node, "staff or a role's name", reading, "those inside answer")
        return _Word().read(node, reading)

    def schema(self, defs: Json) -> Json:
        return NAME.schema(defs)


_ANSWERER: Shape = ListOf(_Answerer(), one=True)


def _answerers(values: Values, reading: Reading) -> Answerers:  # noqa: ARG001 - the signature of builders
    return Answerers(by=values.get("for_", ()), within=values.get("within"), place=values.place)


_ANSWERING = record(
    "who answers",
    Key("for", _ANSWERER, "Who answers: a role, staff, or a list of these.", into="for_"),
    Key("within", LENGTH, "How long it may take until it is answered; after it operators have to look."),
    build=_answerers,
    at_least_one=("for", "within"),
)


@dataclass(frozen=True, slots=True)
class _Answerers:
    """Who answers; alone, or with how long that may take."""

    shape = Either("a role's name, staff, a list of these, or {for: …, within: …}", _ANSWERER, _ANSWERER, _ANSWERING)

    def read(self, node: Node, reading: Reading) -> Answerers:
        found = self.shape.read(node, reading)
        return found if isinstance(found, Answerers) else Answerers(by=found, place=node.place)

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs)


ANSWERERS = Named("answerers", _Answerers())


@dataclass(frozen=True, slots=True)
class _Customers:
    """The one word that names an electorate."""

    def read(self, node: Node, reading: Reading) -> Audience:
        if isinstance(node, Scalar) and node.value == "customers":
            return Audience(kind="customers", place=node.place)
        raise wrong(node, "customers, {group: …} or {people: …}", reading, f"write {{group: {_plain(node)}}}")

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"const": "customers"}


def _plain(node: Node) -> str:
    return node.text[:40] if isinstance(node, Scalar) and node.text else "members"


_ELECTORATE_KEYS = tuple(key for key in _KEYS if key.name in ("group", "people"))
ELECTORATE = Named(
    "electorate",
    Either(
        "customers, {group: …} or {people: …}",
        _Customers(),
        None,
        record("an electorate", *_ELECTORATE_KEYS, build=_build, exactly_one=("people", "group")),
    ),
)


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who approves, and how many of them must; all of them when ``needed`` is None."""

    by: tuple[Audience, ...]
    needed: int | None = 1


def _several(values: Values, reading: Reading) -> Approvers:
    if "all" in values:
        return Approvers(values["all"], None)
    by, needed = values.get("of", ()), values.get("any", 1)
    if needed > len(by) and all(one.kind not in ("people", "group", "customers") for one in by):
        message = f"{needed} of {len(by)} can never approve"
        raise reading.refuse(values.places["any"], "bad-number", message, f"possible: 1 to {len(by)}")
    return Approvers(by, needed)


_SEVERAL = record(
    "several approvers",
    Key("all", AUDIENCES, "All of these must approve."),
    Key("any", COUNT, "So many of those in 'of' must approve."),
    Key("of", AUDIENCES, "Those of whom 'any' must approve."),
    build=_several,
    exactly_one=("all", "any"),
    together=("any", "of"),
)


@dataclass(frozen=True, slots=True)
class _ApproversShape:
    def read(self, node: Node, reading: Reading) -> Any:
        if not isinstance(node, Scalar) and any(key in getattr(node, "pairs", ()) for key in _SEVERAL.keys):
            return _SEVERAL.read(node, reading)
        return Approvers(AUDIENCES.read(node, reading))

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [AUDIENCES.schema(defs), _SEVERAL.schema(defs)]}


APPROVERS = Named("approvers", _ApproversShape())
