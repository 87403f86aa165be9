"""Typed values from what people and programs type: ``--set key=value``, ``key:=json``, or a line at a prompt."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import click

from flowengine import exact
from flowengine.cli.typed_json import json_value
from flowengine.cli.typed_moments import typed_day, typed_moment
from flowengine.cli.typed_options import parts_of, typed_options
from flowengine.cli.uploads import typed_file
from flowengine.client import Field, FormField, Json, check_answer
from flowengine.errors import BadAnswer

LARGEST = 1_000_000
"""Bytes of an answer file that are read at most; the engine takes far less."""

_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,9})?")
_YES, _NO = ("yes", "y", "true"), ("no", "n", "false")
FORMATS = {
    "date": "a day, as 1 May 2027, friday, in 3 days, or 2027-05-01",
    "date-time": "a day and a time, as 1 May 2027, 10:00, or friday 3pm",
    "time": "a time of day with its zone, as 10:00:00Z",
    "email": "an e-mail address",
    "file": "a file, as @photo.jpg",
}
"""How a text of a format is written."""


def answer_from(fields: Sequence[FormField], sets: Sequence[str], answer: str | None) -> dict[str, Json]:
    """The answer that ``--answer`` and ``--set`` give, typed by the fields. What is missing stays missing.

    Raises ``click.UsageError`` for what cannot be read, BadAnswer for a name that is not asked or a value of the wrong
    type.
    """
    found = read_answer(answer) if answer is not None else {}
    problems: dict[str, str] = {}
    known = {field.name: field for field in fields}
    for name, value, is_json in map(_split, sets):
        if is_json:
            found[name] = _json(value, f"--set {name}")
            continue
        try:
            found[name] = typed(known[name], value)
        except KeyError:
            near = get_close_matches(name, known, n=1)
            problems[name] = "is not asked here" + (f" (did you mean {near[0]}?)" if near else "")
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise BadAnswer(problems, possible=[hint(field) for field in fields])
    return found


def record_from(sets: Sequence[str]) -> dict[str, Json]:
    """What is known of a person, as ``key=text`` and ``key:=JSON`` give it."""
    return {name: _json(value, name) if is_json else value for name, value, is_json in map(_split, sets)}


def values_from(texts: Sequence[str], option: str) -> dict[str, Json]:
    """Values by their places, from ``place=text`` and ``place:=JSON``."""
    given = (_split(text, option) for text in texts)
    return {place: _json(value, f"{option} {place}") if is_json else value for place, value, is_json in given}


def read_answer(text: str) -> dict[str, Json]:
    """The object in ``--answer``: JSON, or ``@file`` (``@-`` is standard input)."""
    if text == "@-":
        text = sys.stdin.read(LARGEST)
    elif text.startswith("@"):
        text = _file(Path(text[1:]))
    found = _json(text.removeprefix("\ufeff"), "--answer")
    if not isinstance(found, dict):
        raise click.UsageError("--answer must be a JSON object, as '{\"chest\": 98}'.")
    return found


def missing(fields: Sequence[FormField], answer: dict[str, Json]) -> list[FormField]:
    """The required fields that have no answer."""
    return [field for field in fields if field.required and field.name not in answer]


def hint(field: FormField) -> str:
    """How to give a field on the command line: ``--set chest=NUMBER``."""
    if field.options:
        ids = "|".join(str(option.id) for option in field.options[:8])
        best, scores = f"{ids}[,…], the best first", f"from {field.min} to {field.max}"
        forms = {"one": ids, "several": f"{ids}[,…]", "quantities": f"{ids}:N[,…]"}
        forms |= {"ranked": best, "scores": f"{ids}:N[,…], N {scores}"}
        if any("," in str(option.id) for option in field.options):
            forms |= {"several": f'["{ids}",…]', "quantities": f'["{ids}:N",…]'}
            forms |= {"ranked": f'["{ids}",…], the best first', "scores": f'["{ids}:N",…], N {scores}'}
        return f"--set {field.name}={forms[field.shape]}"
    if field.type == "object":
        return f"--set {field.name}:=JSON"
    if field.kinds:
        return f"--set {field.name}={'@PATH' if field.type == 'file' else '@PATH,…'}"
    words = {"string": "TEXT", "number": "NUMBER", "integer": "WHOLE_NUMBER", "boolean": "yes|no", "array": "A,B,…"}
    formats = {"date": "YYYY-MM-DD", "date-time": "YYYY-MM-DDTHH:MM:SSZ", "time": "HH:MM:SSZ", "email": "NAME@HOST"}
    formats["person"] = "ID"
    return f"--set {field.name}={formats.get(field.format, words[field.type])}"


def typed(field: FormField, text: str, *, prompt: bool = False) -> Json:
    """A text as a value of the field; at a ``prompt`` options are meant by their numbers too. Raises ``ValueError``
    that says what was wanted."""
    if field.options:
        return typed_options(field, text, prompt=prompt)
    value = _READERS[field.type](field, text)
    if not field.kinds:
        _check(field, value)
    return value


def _number(field: FormField, text: str) -> exact.Number:
    """A number as JSON would have it, as it was typed."""
    plain = text.strip().removeprefix("+")
    if _NUMBER.fullmatch(plain) is None:
        unit = f" in {field.unit}" if field.unit else ""
        raise ValueError(f"must be a number{unit}, as 98.5; not {text[:40]!r}")
    found = exact.number(plain)
    return int(found) if plain.lstrip("-").isdecimal() else found


def _integer(_field: FormField, text: str) -> int:
    try:
        if len(text) > 40:
            raise ValueError
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, as 3; not {text[:40]!r}") from None


def _boolean(_field: FormField, text: str) -> bool:
    word = text.strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"must be yes or no; not {text[:40]!r}")


def _array(field: FormField, text: str) -> list[Json]:
    if text.lstrip().startswith("["):
        return cast(list[Json], json_value(text))
    items = field.schema.get("items")
    kind = items.get("type", "string") if isinstance(items, dict) else "string"
    reader = _READERS["file" if field.kinds else kind] if kind in _READERS else _READERS["string"]
    return [reader(field, part) for part in parts_of(text)]


def _object(field: FormField, text: str) -> Json:
    """A JSON object; one that has only texts also as these, with commas, in their order: ``Ben, ben@example.org``."""
    names = texts_of(field)
    if names and not text.lstrip().startswith("{"):
        parts = [part.strip() for part in text.split(",", len(names) - 1)]
        return {name: part for name, part in zip(names, parts, strict=False) if part}
    found = json_value(text)
    if not isinstance(found, dict):
        raise ValueError('must be a JSON object, as {"name": "Ben"}')
    return found


def texts_of(field: FormField) -> list[str]:
    """The names of the parts of an object that has only texts; else none."""
    parts = field.schema.get("properties") if field.type == "object" else None
    if not isinstance(parts, dict) or any(part.get("type") != "string" for part in parts.values()):
        return []
    return list(parts)


_FORMS: Mapping[str, Callable[[str], str]] = {"date": typed_day, "date-time": typed_moment}
_READERS: dict[str, Any] = {
    "string": lambda field, text: _FORMS[field.format](text) if field.format in _FORMS else text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
    "file": lambda _field, text: typed_file(text),
}


def _check(field: FormField, value: Json) -> None:
    """Hold one value against its schema now, so that a person is told at once and not at the end."""
    assert field.type != "file", "files are held against their fields once they are uploaded"
    one = Field(name=field.name, type=field.type, title=field.title, schema=_rules(field))
    try:
        check_answer((one,), {field.name: value})
    except BadAnswer as error:
        said = "; ".join(error.problems.values())
        raise ValueError(said if field.format not in FORMATS else f"must be {FORMATS[field.format]}") from None


def _rules(field: FormField) -> dict[str, Any]:
    return {key: value for key, value in field.schema.items() if key != "type"}


def _split(text: str, option: str = "--set") -> tuple[str, str, bool]:
    """``key=value`` or ``key:=json`` as (key, value, whether it is JSON)."""
    key, equals, value = text.partition("=")
    is_json = key.endswith(":")
    key = key.removesuffix(":").strip()
    if not equals or not key:
        raise click.UsageError(f"{option} takes key=value, or key:=JSON; not {text[:60]!r}.")
    return key, value, is_json


def _json(text: str, where: str) -> Json:
    try:
        return json_value(text)
    except ValueError as error:
        raise click.UsageError(f"{where}: {error}.") from None


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8")
    except UnicodeDecodeError:
        raise click.UsageError(f"--answer: {path} is not UTF-8 text.") from None
    except OSError as error:
        raise click.UsageError(f"--answer: {path}: {error.strerror}.") from None


def item(text: str) -> Json:
    """JSON where the text is JSON, else the text itself."""
    try:
        return json_value(text)
    except ValueError:
        return text
