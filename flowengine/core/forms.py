"""Forms: what a person must be asked on a step, as plain frozen values for every door.

A form has one :class:`Way` for each thing that can be done on the step now: an outcome that ends it, or a move that
leaves it open. A way lists the questions; the answer to it is an object with one value for each question's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from flowengine import exact
from flowengine.core.draft import moment_text
from flowengine.core.fields import MOST_NAMED, edge, once, schema_of, whose
from flowengine.core.values import Json
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Names
from flowengine.language.limits import NO_LIMITS, Limit, Limits
from flowengine.language.parts import Field

Shape = Literal["one", "several", "quantities", "ranked", "scores"]
"""How options are answered: with one id, a list of ids (``ranked``: the best first), or an object that maps ids to
whole numbers."""


class FormOption(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that can be chosen. ``lead_time`` is an ISO 8601 duration; ``more`` is what the process adds."""

    id: str | int | bool
    title: str
    price: exact.Number | None = None
    lead_time: str | None = None
    more: dict[str, Json] = {}


class FormLimit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """At least ``min`` and at most ``max`` (None: any number) are taken of the options whose attribute ``by``, which is
    in their ``more``, is ``value``. Of quantities it is the sum."""

    by: str
    value: str
    min: int = 0
    max: int | None = None


class FormField(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One question. ``schema`` is the JSON Schema of its value; of a day or moment that must not be over it says
    ``earliest: now`` beside, of one that must be over ``latest: now``.

    With ``options``, ``shape`` says how they are answered, ``min`` and ``max`` how many (of quantities: the sum; of
    scores: each), and ``limits`` how many of each kind of them.
    Without, ``min`` and ``max`` bound a number, where it has bounds. ``currency`` (ISO 4217) is that of its options'
    prices, or of the amount that is asked. What has ``kinds`` is a file of one of these, which is uploaded first and
    answered with its id (``type: file``), or a list of such ids (``type: array``, ``format: file``).
    """

    name: str
    title: str
    type: Literal["string", "number", "integer", "boolean", "array", "object", "file"]
    unit: str = ""
    currency: str = ""
    required: bool = True
    options: tuple[FormOption, ...] = ()
    shape: Shape = "one"
    min: exact.Number | None = None
    max: exact.Number | None = None
    limits: tuple[FormLimit, ...] = ()
    format: str = ""
    long: bool = False
    """Whether the text is free words, which deserve a large box."""
    schema: dict[str, Any] = {}
    earliest: str = ""
    """The first day or moment that may be answered now, in ISO 8601, as far as it can be told beforehand."""
    latest: str = ""
    """The last one."""
    kinds: tuple[str, ...] = ()

    def limited(self) -> Limits:
        """Its limits, to reckon with."""
        of = {one.value: Limit(min=one.min, max=one.max) for one in self.limits}
        return Limits(by=self.limits[0].by, of=of) if of else NO_LIMITS


class Way(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that can be done: ``outcome`` with the answers to ``fields``. A ``move`` leaves the step open."""

    outcome: str
    title: str
    fields: tuple[FormField, ...] = ()
    move: bool = False


class Form(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A step as it is put to a person. ``shown`` are the lines the process shows, ``slots`` what can be booked now."""

    step: int
    type: str
    title: str
    purpose: str = ""
    shown: tuple[tuple[str, str], ...] = ()
    ways: tuple[Way, ...] = ()
    slots: tuple[datetime, ...] = ()

    def way(self, outcome: str) -> Way | None:
        """The way with that outcome."""
        return next((way for way in self.ways if way.outcome == outcome), None)

    def to_json(self) -> dict[str, Any]:
        """The form as plain values: dicts, lists, texts and numbers; moments as ISO 8601 text."""
        plain: dict[str, Any] = exact.writable(self)
        return plain


def form_limits(limits: Limits) -> tuple[FormLimit, ...]:
    """Limits as a form tells them."""
    return tuple(FormLimit(by=limits.by, value=kind, min=one.min, max=one.max) for kind, one in limits.of.items())


def questions(
    fields: Sequence[Field],
    *,
    partial: bool = False,
    world: World | None = None,
    names: Callable[[], Names] | None = None,
) -> tuple[FormField, ...]:
    """The questions that a state's fields ask; with ``partial`` none of them is required. Persons are picked from those
    in the ``world``, by their names; where there are very many of them, their ids are asked. With the ``names`` that
    the bounds of days and moments see, they are told beforehand."""
    made = once(fields, "form", lambda: tuple(_question(field) for field in fields))
    if world is not None and any(field.person is not None for field in fields):
        made = tuple(_of_people(field, one, world) for field, one in zip(fields, made, strict=True))
    if names is not None and any(field.bounds for field in fields):
        seen = names()
        made = tuple(
            msgspec.structs.replace(one, **_edges(field, seen)) for field, one in zip(fields, made, strict=True)
        )
    return tuple(msgspec.structs.replace(one, required=False) for one in made) if partial else made


def _edges(field: Field, names: Names) -> dict[str, str]:
    """Its bounds as they are now. What cannot be told yet is told when it is answered."""
    found = {}
    for key, bound in field.bounds.items():
        try:
            limit = edge(field, bound, names, latest=key == "latest")
        except ExpressionFailed:
            continue
        found[key] = limit if isinstance(limit, str) else moment_text(limit)
    return found


def _of_people(field: Field, question: FormField, world: World) -> FormField:
    if field.person is None:
        return question
    found = world.fillers(whose(field), MOST_NAMED + 1)
    if len(found) > MOST_NAMED:
        return question
    by_name = sorted(found, key=lambda one: (one.name.casefold(), one.id))
    options = tuple(FormOption(id=one.id, title=one.name) for one in by_name)
    bounds = field.schema.get("minItems"), field.schema.get("maxItems")
    least, most = bounds if field.type == "array" else (None, None)
    shape: Shape = "several" if field.type == "array" else "one"
    return msgspec.structs.replace(question, options=options, shape=shape, min=least, max=most)


def _question(field: Field) -> FormField:
    schema = schema_of(field) | {key: "now" for key, bound in field.bounds.items() if bound.source == "now"}
    ids, shape = _choices(field.type, schema)
    bounds = ("minItems", "maxItems") if shape == "several" else ("minimum", "maximum")
    low, high = ((field.schema if not ids else schema).get(key) for key in bounds)
    return FormField(
        name=field.name,
        title=field.title,
        type="file" if field.file and field.type == "string" else field.type,
        unit=field.unit,
        currency=field.currency,
        required=not field.optional,
        options=tuple(FormOption(id=one, title=field.titles.get(one, str(one))) for one in ids),
        shape=shape,
        min=low,
        max=high,
        format="person" if field.person is not None else "file" if field.file else str(schema.get("format", "")),
        kinds=field.file,
        long=field.type == "string"
        and not ids
        and field.person is None
        and "format" not in schema
        and schema.get("maxLength", 0) > 500,
        schema=schema,
    )


def _choices(kind: str, schema: Mapping[str, Any]) -> tuple[list[Any], Shape]:
    """The values a field allows, where it lists them."""
    if kind == "array":
        items = schema.get("items")
        found = items.get("enum", []) if isinstance(items, Mapping) else []
        return _ids(found), "several" if _ids(found) else "one"
    return _ids(schema.get("enum", [])), "one"


def _ids(values: Sequence[Any]) -> list[Any]:
    return list(values) if values and all(isinstance(one, str | int) for one in values) else []
