"""Answers drawn at random for any form: mostly right ones, so that jobs get on."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import Phase
from hypothesis import strategies as st

from flowengine.core.answers import Form, FormField, Way
from flowengine.core.forms import questions
from flowengine.core.world import World
from flowengine.language.model import Process
from flowengine.language.types import Message, Race
from flowengine.rehearsal.made_up import MadeUp

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""Failing lives are told as they happened: making them shorter takes minutes."""

NASTY = st.sampled_from(
    ["Ada", "O'Hara; DROP TABLE jobs", "\u202egnp.exe", "<b>bold</b>", "\x1b[31mred", "{data.x}", '"', "日本", " "]
)


def answer_for(draw: Draw, form: Form, way: Way, now: datetime) -> dict[str, Any]:
    """A right answer to one way of a form, as far as its fields tell what is right."""
    answer: dict[str, Any] = {}
    for field in way.fields:
        if field.required or draw(st.booleans()):
            answer[field.name] = _value(draw, field, form, now)
    return answer


def _value(draw: Draw, field: FormField, form: Form, now: datetime) -> Any:
    if field.name == "slot" and form.type == "fitting":
        near = [slot.isoformat() for slot in form.slots[:3]]
        return draw(st.sampled_from(near)) if near else (now + timedelta(days=1)).isoformat()
    if field.limits:
        return MadeUp(draw(st.randoms(use_true_random=False))).value(field, now)
    if field.options:
        return _pick(draw, field)
    return _typed(draw, field.schema or {"type": field.type}, now)


def _pick(draw: Draw, field: FormField) -> Any:
    ids = [option.id for option in field.options]
    low, high = int(field.min or 0), int(field.max or len(ids))
    if field.shape == "one":
        return draw(st.sampled_from(ids))
    if field.shape == "scores":
        scores = st.integers(low, high)
        return draw(st.dictionaries(st.sampled_from([str(one) for one in ids]), scores, min_size=1))
    chosen = draw(
        st.lists(st.sampled_from(ids), min_size=min(low, len(ids)), max_size=min(high, len(ids)), unique=True)
    )
    return {str(one): 1 for one in chosen} if field.shape == "quantities" else chosen


def _typed(draw: Draw, schema: dict[str, Any], now: datetime) -> Any:
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    kind = schema.get("type", "string")
    if kind == "boolean":
        return draw(st.booleans())
    if kind in ("integer", "number"):
        low = math.ceil(max(schema.get("minimum", -3), schema.get("exclusiveMinimum", -1001) + 1))
        high = math.floor(min(schema.get("maximum", low + 50), schema.get("exclusiveMaximum", low + 51) - 1))
        whole = draw(st.integers(max(low, -1000), min(high, max(low, -1000) + 60)))
        return whole if kind == "integer" else float(whole)
    if kind == "array":
        size = schema.get("minItems", 0)
        items = [_typed(draw, schema.get("items", {}), now) for _ in range(max(size, draw(st.integers(0, 2))))]
        if not schema.get("uniqueItems"):
            return items
        free = "enum" not in schema.get("items", {})
        return [f"{item}-{n}" for n, item in enumerate(items)] if free else list(dict.fromkeys(items))
    if kind == "object":
        return {name: _typed(draw, one, now) for name, one in schema.get("properties", {}).items()}
    return _text(draw, schema, now)


def _text(draw: Draw, schema: dict[str, Any], now: datetime) -> str:
    form = schema.get("format")
    ahead = timedelta(days=draw(st.integers(15, 90)))
    soon = now - ahead if schema.get("latest") == "now" else now + ahead
    if form == "date":
        return date.isoformat(soon.date())
    if form == "date-time":
        return soon.isoformat()
    if form == "email":
        return "ben@example.org"
    if form == "uri":
        return "https://example.org/one"
    if "pattern" in schema:
        matching: str = draw(st.from_regex(schema["pattern"], fullmatch=True))
        return matching
    low, high = schema.get("minLength", 0), schema.get("maxLength", 40)
    text: str = draw(NASTY | st.text(string.ascii_letters, max_size=12))
    return text[:high].ljust(low, "x")


def fields_form(kind: str, fields: tuple[Any, ...], world: World | None = None) -> Form:
    """A form with one way that asks these fields; the persons whom it may ask for are those of the ``world``."""
    asked = questions(fields, world=world)
    return Form(step=0, type=kind, title=kind, ways=(Way(outcome="", title="", fields=asked),))


def messages_of(process: Process) -> list[str]:
    """The names of the messages for which a process waits, those of races among them."""
    names: list[str] = []
    for state in process.states():
        leaves = state.of.values() if isinstance(state, Race) else [state]
        names.extend(leaf.message for leaf in leaves if isinstance(leaf, Message))
    return names
