"""How a question is asked in a browser, by what it asks for, and how its answer stands in inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

from flowengine import exact
from flowengine.client import FormField, FormOption, Json
from flowengine.language.durations import Duration
from flowengine.language.texts import spoken
from flowengine.speech.hearing import written
from flowengine.speech.telling import Speech

Sort: TypeAlias = Literal[
    "text", "long", "number", "scale", "yesno", "date", "moment", "time", "length", "one", "several", "amounts",
    "files", "parts", "rows", "lines", "pairs",
]  # fmt: skip
"""``scale``: one of a few whole numbers. ``amounts``: a number for each option (quantities, scores, places in a
ranking). ``parts``: an object whose parts are known, ``pairs``: one whose are not; ``rows``: a list of what takes more
than one line, ``lines``: of what does not."""

MOST_ROWS = 50
"""Entries of a list that are read."""

LONGEST_SCALE = 10
"""Whole numbers between bounds that are no further apart are picked from a list, not typed."""

UNITS: Mapping[str, str] = {"minutes": "PT{}M", "hours": "PT{}H", "days": "P{}D", "weeks": "P{}W", "months": "P{}M"}
"""The units in which a length is asked."""

_BY_FORMAT: Mapping[str, Sort] = {"date": "date", "date-time": "moment", "time": "time", "duration": "length"}


def sort_of(field: FormField) -> Sort:
    """How it is asked."""
    if field.kinds:
        return "files"
    if field.options:
        return {"one": "one", "several": "several"}.get(field.shape, "amounts")  # type: ignore[return-value]
    if field.type in ("number", "integer"):
        small = field.type == "integer" and field.min is not None and field.max is not None
        return "scale" if small and (field.max or 0) - (field.min or 0) <= LONGEST_SCALE else "number"
    if field.type == "boolean":
        return "yesno"
    if field.type == "object":
        return "parts" if parts_of(field) else "pairs"
    if field.type == "array":
        return "lines" if sort_of(item_of(field)) in ("text", "number", "scale") else "rows"
    return _BY_FORMAT.get(field.format, "long" if field.long else "text")


def parts_of(field: FormField) -> tuple[FormField, ...]:
    """The parts of an object whose schema names them."""
    found = field.schema.get("properties")
    if not isinstance(found, Mapping):
        return ()
    required = field.schema.get("required", ())
    return tuple(_part(name, schema, name in required) for name, schema in found.items())


def item_of(field: FormField) -> FormField:
    """One entry of a list."""
    schema = field.schema.get("items")
    return _part(field.name, schema if isinstance(schema, Mapping) else {}, required=True)


def _part(name: str, given: Any, required: bool) -> FormField:
    schema: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    kind = schema.get("type", "string")
    kind = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    listed, shape = schema.get("enum", ()), "one"
    if kind == "array" and isinstance(schema.get("items"), Mapping):
        listed, shape = schema["items"].get("enum", ()), "several"
    several = shape == "several" and bool(listed)
    low, high = ("minItems", "maxItems") if several else ("minimum", "maximum")
    return FormField(
        name=name,
        title=str(schema.get("title") or spoken(name).capitalize()),
        type=cast(Any, kind if kind in ("number", "integer", "boolean", "array", "object") else "string"),
        required=required,
        options=tuple(FormOption(id=one, title=str(one)) for one in listed if isinstance(one, str | int)),
        shape="several" if several else "one",
        min=schema.get(low),
        max=schema.get(high),
        format=str(schema.get("format", "")),
        long=schema.get("maxLength", 0) > 500,
        schema=dict(schema),
    )


def key_of(option: FormOption) -> str:
    """What stands for an option in an input."""
    return plain_key(option.id)


def rows_in(inputs: Mapping[str, Sequence[str]], name: str) -> list[int]:
    """The entries of a list of which something was typed, by their numbers."""
    start, found = f"{name}.", set()
    for key, values in inputs.items():
        number = key[len(start) :].partition(".")[0] if key.startswith(start) else ""
        if number.isascii() and number.isdecimal() and len(number) < 4 and any(one.strip() for one in values):
            found.add(int(number))
    return sorted(one for one in found if one < MOST_ROWS)


def carried(
    fields: Sequence[FormField], values: Mapping[str, Json], speech: Speech, prefix: str = ""
) -> list[tuple[str, str]]:
    """Names and values of hidden inputs that say the same as these answers."""
    return [
        one for field in fields if field.name in values for one in _inputs(field, values[field.name], speech, prefix)
    ]


def _inputs(field: FormField, value: Json, speech: Speech, prefix: str) -> Iterator[tuple[str, str]]:
    name, sort = prefix + field.name, sort_of(field)
    if value is None:
        return
    if sort in ("several", "files"):
        yield from ((name, plain_key(one)) for one in (value if isinstance(value, list) else [value]))
    elif sort == "amounts":
        if isinstance(value, list):
            yield from ((f"{name}.{plain_key(one)}", str(place)) for place, one in enumerate(value, 1))
        elif isinstance(value, dict):
            yield from ((f"{name}.{id}", _text(one, speech)) for id, one in value.items())
    elif sort == "parts" and isinstance(value, dict):
        yield from carried(parts_of(field), value, speech, f"{name}.")
    elif sort == "rows" and isinstance(value, list):
        one = item_of(field)
        for number, entry in enumerate(value):
            yield from _inputs(named(one, str(number)), entry, speech, f"{name}.")
    elif sort == "lines" and isinstance(value, list):
        yield name, "\n".join(_text(one, speech) for one in value)
    elif sort == "pairs" and isinstance(value, dict):
        yield name, "\n".join(f"{key}: {_text(one, speech)}" for key, one in value.items())
    elif sort == "length" and isinstance(value, str):
        yield from zip((f"{name}.many", f"{name}.unit"), length_parts(value), strict=True)
    elif sort == "moment" and isinstance(value, str):
        yield name, local_text(value, speech)
    elif sort == "time" and isinstance(value, str):
        yield name, value[:5]
    elif sort == "one":
        yield name, plain_key(value)
    else:
        yield name, _text(value, speech)


def named(field: FormField, name: str) -> FormField:
    """The same question under another name."""
    return FormField(**{key: getattr(field, key) for key in field.__struct_fields__} | {"name": name})


def plain_key(value: Json) -> str:
    """What stands for an id in an input."""
    return value if isinstance(value, str) else exact.encode(value).decode()


def _text(value: Json, speech: Speech) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return written(value, speech)
    return value if isinstance(value, str) else exact.encode(value).decode()


def local_text(value: str, speech: Speech) -> str:
    """A moment in ISO 8601 as a box for it has it: by the reader's clock."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    here = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(speech.clock())
    return here.strftime("%Y-%m-%dT%H:%M")


def length_parts(value: str) -> tuple[str, str]:
    """A length in ISO 8601 as how many, and of which unit."""
    try:
        length = Duration.parse(value)
    except ValueError:
        return value, "days"
    minutes = int(length.rest.total_seconds()) // 60
    if length.months:
        return str(length.months), "months"
    if not minutes:
        return (str(length.days // 7), "weeks") if length.days % 7 == 0 and length.days else (str(length.days), "days")
    whole = minutes + length.days * 24 * 60
    return (str(whole // 60), "hours") if whole % 60 == 0 else (str(whole), "minutes")
