"""Right answers to any form, by choices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from choices import Choices

from flowengine.core.answers import Form, FormField, Way

WORDS = ("Ada", "O'Hara; DROP TABLE jobs", "{data.x}", "日本", "\x1b[31mred", '"')


def answer_for(choices: Choices, form: Form, way: Way, now: datetime) -> dict[str, Any]:
    """A right answer to one way of a form, as far as its fields tell what is right."""
    asked = [field for field in way.fields if field.required or choices.one_in(2)]
    return {field.name: _value(choices, field, form, now) for field in asked}


def need_for(choices: Choices, fields: tuple[Any, ...], now: datetime) -> dict[str, Any]:
    """A right need."""
    return {
        field.name: _typed(choices, {"type": field.type, **field.schema}, now)
        for field in fields
        if not field.optional or choices.one_in(2)
    }


def _value(choices: Choices, field: FormField, form: Form, now: datetime) -> Any:
    if field.name == "slot" and form.type == "fitting":
        near = [slot.isoformat() for slot in form.slots[:3]]
        return choices.pick(near) if near else (now + timedelta(days=1)).isoformat()
    if field.options:
        ids = [option.id for option in field.options]
        if field.shape == "one":
            return choices.pick(ids)
        if field.shape == "scores":
            return {str(one): choices.draw(int(field.max or 1) + 1) for one in ids}
        low, high = int(field.min or 0), min(int(field.max or len(ids)), len(ids))
        chosen = ids[: low + choices.draw(max(high - low, 0) + 1)]
        return {str(one): 1 for one in chosen} if field.shape == "quantities" else chosen
    return _typed(choices, field.schema or {"type": field.type}, now)


def _typed(choices: Choices, schema: dict[str, Any], now: datetime) -> Any:
    if "enum" in schema:
        return choices.pick(schema["enum"])
    kind = schema.get("type", "string")
    if kind == "boolean":
        return not choices.one_in(2)
    if kind in ("integer", "number"):
        low = int(schema.get("minimum", 1))
        whole = low + choices.draw(max(min(int(schema.get("maximum", low + 50)) - low, 50), 0) + 1)
        return whole if kind == "integer" else float(whole)
    if kind == "array":
        size = int(schema.get("minItems", 0)) + choices.draw(3)
        items = schema.get("items", {})
        made = [_typed(choices, items, now) for _ in range(size)]
        if not schema.get("uniqueItems"):
            return made
        return list(dict.fromkeys(made)) if "enum" in items else [f"{one} {n}" for n, one in enumerate(made)]
    if kind == "object":
        return {name: _typed(choices, one, now) for name, one in schema.get("properties", {}).items()}
    return _text(choices, schema, now)


def _text(choices: Choices, schema: dict[str, Any], now: datetime) -> str:
    form, soon = schema.get("format"), now + timedelta(days=10)
    fixed = {"date": soon.date().isoformat(), "date-time": soon.isoformat(), "email": "ben@example.org"}
    if form in fixed:
        return fixed[form]
    if form == "uri":
        return "https://example.org/one"
    words = choices.pick(WORDS)
    return words[: int(schema.get("maxLength", 40))].ljust(int(schema.get("minLength", 0)), "x")
