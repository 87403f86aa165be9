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
from flowengine.cli.typed_moments import typed_day, typed_moment
from flowengine.client import Field, FormField, FormOption, Json, check_answer, repeated_key
from flowengine.errors import BadAnswer

LARGEST = 1_000_000
"""Bytes of an answer file that are read at most; the engine takes far less."""

_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,9})?")
_YES, _NO = ("yes", "y", "true"), ("no", "n", "false")
FORMATS = {
    "date": "a date, as 2027-05-01 or 1 May 2027",
    "date-time": "a day and a time, as 2027-05-01 10:00 or 2027-05-01T10:00:00Z",
    "time": "a time of day with its zone, as 10:00:00Z",
    "email": "an e-mail address",
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
    words = {"string": "TEXT", "number": "NUMBER", "integer": "WHOLE_NUMBER", "boolean": "yes|no", "array": "A,B,…"}
    formats = {"date": "YYYY-MM-DD", "date-time": "YYYY-MM-DDTHH:MM:SSZ", "time": "HH:MM:SSZ", "email": "NAME@HOST"}
    formats["person"] = "ID"
    return f"--set {field.name}={formats.get(field.format, words[field.type])}"


def typed(field: FormField, text: str) -> Json:
    """A text as a value of the field. Raises ``ValueError`` that says what was wanted."""
    if field.options:
        return _options(field, text)
    value = _READERS[field.type](field, text)
    _check(field, value)
    return value


def _options(field: FormField, text: str) -> Json:
    if field.shape == "one":
        return _option(field, text)
    parts = _parts(text)
    if field.shape in ("several", "ranked"):
        chosen: list[Any] = [_option(field, part) for part in parts]
        if len(set(map(str, chosen))) < len(chosen):
            raise ValueError("the same one is named twice")
        _count(field, len(chosen))
        return chosen
    amounts: dict[str, int] = {}
    for part in parts:
        cut = max(part.rfind(":"), part.rfind("=") if field.shape == "scores" else -1)
        name, number = part[: max(cut, 0)], part[cut + 1 :]
        if cut < 0 or not number.strip().isdecimal():
            of_each = "how many of each" if field.shape == "quantities" else "the score of each"
            raise ValueError(f"write {of_each}, as {field.options[0].id}:2; not {part[:40]!r}")
        id = str(_option(field, name.strip()))
        if id in amounts:
            raise ValueError("the same one is named twice")
        amounts[id] = int(number)
    if field.shape == "quantities":
        _count(field, sum(amounts.values()))
    else:
        _scored(field, amounts)
    return amounts


def _scored(field: FormField, amounts: Mapping[str, int]) -> None:
    for id, score in amounts.items():
        if field.max is not None and score > field.max:
            raise ValueError(f"{id[:40]} cannot have the score {score}; from {field.min} to {field.max} is possible")
    if not amounts:
        raise ValueError(f"write the score of each, as {field.options[0].id}:2")


def _parts(text: str) -> list[str]:
    """What is listed with commas between; as a JSON list of texts where they have commas themselves."""
    if text.lstrip().startswith("["):
        found = _json_value(text)
        if isinstance(found, list):
            return [str(one) for one in found]
    return [part.strip() for part in text.split(",") if part.strip()]


def _option(field: FormField, text: str) -> str | int | bool:
    """The id that is meant: an id as it is written, or the title of one of them (L15)."""
    for option in field.options:
        if _written(option) == text:
            return option.id
    called = [option for option in field.options if option.title.casefold() == text.casefold()]
    if len(called) == 1:
        return called[0].id
    if called:
        raise ValueError(f"{text[:40]!r} means several: type {' or '.join(map(_written, called[:20]))}")
    ids = [_written(option) for option in field.options]
    near = get_close_matches(text, ids, n=1)
    hinted = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"{text[:40]!r} is not one of {', '.join(ids[:20])}{' …' if len(ids) > 20 else ''}{hinted}")


def _written(option: FormOption) -> str:
    return str(option.id).lower() if isinstance(option.id, bool) else str(option.id)


def _count(field: FormField, count: int) -> None:
    if field.min is not None and count < field.min:
        raise ValueError(f"at least {field.min} must be chosen, not {count}")
    if field.max is not None and count > field.max:
        raise ValueError(f"at most {field.max} may be chosen, not {count}")


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
        return cast(list[Json], _json_value(text))
    items = field.schema.get("items")
    kind = items.get("type", "string") if isinstance(items, dict) else "string"
    reader = _READERS.get(kind, _READERS["string"])
    return [reader(field, part) for part in _parts(text)]


def _object(_field: FormField, text: str) -> Json:
    found = _json_value(text)
    if not isinstance(found, dict):
        raise ValueError('must be a JSON object, as {"name": "Ben"}')
    return found


_FORMS: Mapping[str, Callable[[str], str]] = {"date": typed_day, "date-time": typed_moment}
_READERS: dict[str, Any] = {
    "string": lambda field, text: _FORMS[field.format](text) if field.format in _FORMS else text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}


def _check(field: FormField, value: Json) -> None:
    """Hold one value against its schema now, so that a person is told at once and not at the end."""
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
        return _json_value(text)
    except ValueError as error:
        raise click.UsageError(f"{where}: {error}.") from None


def _json_value(text: str) -> Json:
    try:
        value = exact.decode(text)
        if key := repeated_key(text):
            raise ValueError(f"{key[:60]!r} is there twice")
        return value
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON: {str(error)[:100]}") from None


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
        return _json_value(text)
    except ValueError:
        return text
