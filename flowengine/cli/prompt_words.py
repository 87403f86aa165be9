"""How a question is put in words, what ``?`` tells of it, and how an answer is said back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flowengine import exact
from flowengine.cli.moments import now, told
from flowengine.cli.typed_options import example, is_numbered, written
from flowengine.cli.typed_values import texts_of
from flowengine.client import FormField, FormOption, Json
from flowengine.exact import Number
from flowengine.speech.money import money
from flowengine.speech.spoken_time import day

SHORT = 60
"""Signs of an answer that are repeated in a question."""

USUAL_TEXT = 10_000
"""Characters that a text may have where its field says nothing of it: nobody need be told."""

SENTENCE = 100
"""Characters of the longest entry of a list from which on entries may be sentences, which have commas."""


def label(field: FormField, known: Json = None) -> str:
    """The question: its title, what can be answered, and what an empty line takes."""
    notes = [wanted(field)]
    if not field.required:
        notes.append("Enter to leave out" if known is None else "- to leave out")
    noted = ", ".join(note for note in notes if note)
    asked = f"{field.title} ({noted})" if noted else field.title
    return asked if known is None else f"{asked} [{_short(said(field, known))}]"


def wanted(field: FormField) -> str:
    """What can be answered, in a few words: ``60 to 180 cm``, ``a day, as 4 Dec 2026, today or later``."""
    if field.options:
        return _of_options(field)
    if field.kinds:
        of = " or ".join(field.kinds)
        return f"a file: its path; {of}" if field.type == "file" else f"files: their paths, with commas; {of}"
    if field.type in ("number", "integer"):
        return _number(field)
    if field.type == "string" and not field.format:
        return _length(field)
    soon = now().date() + timedelta(days=4)
    formats = {
        "date": f"a day, as {day(soon)[4:]}", "date-time": f"a day and a time, as {day(soon)[4:]}, 15:00",
        "time": "a time, as 10:00:00Z", "email": "an e-mail address", "person": "an exact id",
        "duration": "a length of time, as P3D or PT45M", "uri": "an address, as https://example.org",
    }  # fmt: skip
    parts = ", ".join(texts_of(field)) or "JSON"
    kinds = {"boolean": "yes or no", "array": f"several, with commas{_entries(field)}", "object": parts, "string": ""}
    return ", ".join(filter(None, (formats.get(field.format, kinds.get(field.type, "")), _span(field))))


def _entries(field: FormField) -> str:
    """How many entries a list may have, where the field says so; and how those are typed that are sentences."""
    low, high = field.schema.get("minItems", 0), field.schema.get("maxItems")
    of = field.schema.get("items", {})
    commas = '; as ["A, B", "C"] where they have commas' if of.get("maxLength", 0) >= SENTENCE else ""
    if high is not None:
        return (f", {low} to {high}" if low else f", at most {high}") + commas
    return (f", at least {low}" if low > 1 else "") + commas


def _of_options(field: FormField) -> str:
    few = listed_inline(field)
    how = {
        "one": "" if few else "number or name" if is_numbered(field) else "one of the list",
        "several": "several, with commas", "ranked": "the best first, with commas",
        "quantities": f"how many of each, as {example(field, prompt=True)}",
        "scores": f"as {example(field, prompt=True)}, from {field.min} to {field.max}",
    }[field.shape]  # fmt: skip
    if field.shape in ("several", "quantities"):
        how += _how_many(field)
    return "; ".join(filter(None, (few, how)))


def _how_many(field: FormField) -> str:
    if field.min and field.max is not None:
        return f", {field.min} in all" if field.min == field.max else f", {field.min} to {field.max} in all"
    if field.min and field.min > 1:
        return f", at least {field.min} in all"
    return f", at most {field.max} in all" if field.max is not None and field.max < len(field.options) else ""


def listed_inline(field: FormField) -> str:
    """Options that are no more than their names, where a few words list them: ``1 cash, 2 card``; else nothing."""
    plain = not field.limits and field.format != "person"
    if not plain or not all(_bare(option) for option in field.options):
        return ""
    if is_numbered(field):
        found = ", ".join(f"{number} {option.title}" for number, option in enumerate(field.options, 1))
    else:
        found = ", ".join(written(option) for option in field.options)
    return found if len(found) <= SHORT else ""


def _bare(option: FormOption) -> bool:
    same = option.title.casefold() == str(option.id).replace("_", " ").casefold()
    return (same or not str(option.id).isdecimal()) and option.price is None and option.lead_time is None


def _number(field: FormField) -> str:
    """``60 to 180 cm``, ``a whole number, at least 1``, ``£10.00 to £50.00``."""
    rules = field.schema
    low, high = (_bound(rules.get(key)) for key in ("minimum", "maximum"))
    unit = f" {field.unit}" if field.unit else ""

    def told(value: Number) -> str:
        return money(value, field.currency) if field.currency else f"{_plain(value)}{unit}"

    beyond = (("above", "exclusiveMinimum"), ("below", "exclusiveMaximum"), ("in steps of", "multipleOf"))
    bounds = [f"{words} {told(rules[key])}" for words, key in beyond if key in rules]
    if low is not None and high is not None:
        bounds.append(f"{told(low).removesuffix(unit) if unit else told(low)} to {told(high)}")
    elif low is not None:
        bounds.append(f"at least {told(low)}")
    elif high is not None:
        bounds.append(f"at most {told(high)}")
    whole = "a whole number" if field.type == "integer" else ""
    if not bounds and not whole:
        bounds = [field.unit or (f"in {field.currency}" if field.currency else "a number")]
    elif not bounds and field.unit:
        bounds = [field.unit]
    return ", ".join(filter(None, (whole, *bounds)))


def _bound(bound: Any) -> Number | None:
    """A bound that the field has given; what numbers can be at all is none."""
    return None if bound is None or abs(bound) >= 2**53 - 1 else bound


def _length(field: FormField) -> str:
    low, high = field.schema.get("minLength", 0), field.schema.get("maxLength", USUAL_TEXT)
    if high >= USUAL_TEXT:
        return f"at least {low} characters" if low > 1 else ""
    if low > 1:
        return f"{low} characters" if low == high else f"{low} to {high} characters"
    return f"at most {high} character{'' if high == 1 else 's'}"


def _span(field: FormField) -> str:
    """Between which days or moments the answer may lie."""
    first, last = (_edge(field, key) for key in ("earliest", "latest"))
    if first and last:
        return f"from {first} to {last}"
    now_first, now_last = (field.schema.get(key) == "now" for key in ("earliest", "latest"))
    if first:
        return "today or later" if now_first and field.format == "date" else f"{first} or later"
    if last:
        return "today or earlier" if now_last and field.format == "date" else f"by {last} at the latest"
    return ""


def beyond(field: FormField, value: Json) -> str:
    """Why a day or a moment is not taken, where it lies outside what the form allows; empty where it does not."""
    if field.format not in ("date", "date-time") or not isinstance(value, str):
        return ""
    read = date.fromisoformat if field.format == "date" else datetime.fromisoformat
    early = bool(field.earliest) and read(value) < read(field.earliest)
    late = bool(field.latest) and read(value) > read(field.latest)
    return f"must be {_span(field)}" if early or late else ""


def _edge(field: FormField, key: str) -> str:
    bound = field.earliest if key == "earliest" else field.latest
    if not bound:
        return "now" if field.schema.get(key) == "now" else ""
    if field.format == "date-time" and field.schema.get(key) == "now":
        return "now"
    return day(date.fromisoformat(bound)) if field.format == "date" else told(datetime.fromisoformat(bound))


def explained(field: FormField, known: Json, *, back: bool) -> list[str]:
    """What ``?`` tells of a question."""
    lines = [f"{field.title}: {wanted(field) or 'a text'}."]
    if field.format == "date":
        lines.append(
            "A day may be typed as 4 Dec 2026, 4 Dec, 4.12.2026, friday, next friday, tomorrow, in 3 days, 2026-12-04."
        )
    elif field.format == "date-time":
        lines.append("Type a day and a time, as 4 Dec 2026, 15:00, or friday 3pm, by your own clock.")
    if field.options:
        by = "its number, its name" if is_numbered(field) else "its name"
        lines.append(f"An option is meant by {by}, or by how only its name begins.")
    if field.shape in ("quantities", "scores"):
        what = "two of it" if field.shape == "quantities" else "the score 2"
        lines.append(f"{example(field, prompt=True)} gives {'the first' if is_numbered(field) else 'that one'} {what}.")
    if field.schema.get("pattern"):
        lines.append(f"It must fit the pattern {field.schema['pattern']}")
    if known is not None:
        lines.append(f"Enter takes {_short(said(field, known))}{'' if field.required else '; - leaves it out'}.")
    else:
        lines.append("It must be answered." if field.required else "Enter leaves it out.")
    if back:
        lines.append('back, or <, goes to the question before; the word itself is typed in quotes: "back".')
    lines.append("Ctrl-C stops, and nothing is changed.")
    return lines


def said(field: FormField, value: Json) -> str:
    """An answer as a person reads it: ``Fri 4 Dec 2026``, ``Navy flannel``, ``2 × Burger``, ``98 cm``."""
    titles = {str(option.id): option.title for option in field.options}
    if isinstance(value, dict) and titles:
        if field.shape == "quantities":
            return ", ".join(f"{count} × {titles.get(id, id)}" for id, count in value.items())
        return ", ".join(f"{titles.get(id, id)}: {count}" for id, count in value.items())
    if field.kinds and isinstance(value, str):
        return value.removeprefix("@")
    if field.kinds and isinstance(value, list):
        return ", ".join(str(one).removeprefix("@") for one in value)
    if isinstance(value, list):
        return ", ".join(titles.get(str(one), _plain(one)) for one in value) or "none"
    if titles:
        return titles.get(str(value), _plain(value))
    if isinstance(value, str):
        return _moment(field, value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and texts_of(field):
        return ", ".join(map(str, value.values()))
    if isinstance(value, dict) or value is None:
        return _plain(value)
    return (
        money(value, field.currency) if field.currency else f"{_plain(value)}{f' {field.unit}' if field.unit else ''}"
    )


def _moment(field: FormField, value: str) -> str:
    try:
        if field.format == "date":
            return day(date.fromisoformat(value))
        if field.format == "date-time":
            return told(datetime.fromisoformat(value))
    except ValueError:
        pass
    return value


def _plain(value: object) -> str:
    return value if isinstance(value, str) else exact.encode(value).decode()


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
