"""What a job may keep: plain JSON of its own, and answers that are held against the fields that ask for them.

What comes from outside (answers, results, messages, items) is taken over by :func:`as_plain`, so that nothing a caller
holds is shared with the job, and nothing that is not JSON gets in; what the process's own expressions give, by
:func:`as_json`. The JSON Schema of a state's fields is compiled once and kept as long as the process is; checking an
answer then costs about a microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

import jsonschema_rs
import msgspec

from flowengine import exact
from flowengine.core.draft import moment_text
from flowengine.core.values import Json, Seating, altered
from flowengine.core.world import World, fills
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language import suggest
from flowengine.language.durations import Duration, Working
from flowengine.language.expressions import Expression, Names, is_date, is_time, local, moment
from flowengine.language.parts import Field
from flowengine.speech.phrases import Phrase, day_phrase, listing, moment_phrase, phrase

LONGEST_TEXT = 10_000
"""Characters of a text whose field does not say ``maxLength`` itself."""

LONGEST_ANSWER = 256 * 1024
"""Bytes that what comes from outside may have when it is encoded."""

MOST_NAMED = 100
"""People who are listed where one of them is asked for; of more, the id is typed."""

FILE_ID = re.compile(r"file-[0-9a-f]{32}")
"""What the id of a file looks like."""

_WHOLE = 2**53 - 1
"""The largest whole number that every reader of JSON can hold."""

_KEPT = 4096
_ONCE: dict[tuple[int, str], tuple[object, Any]] = {}

T = TypeVar("T")


def once(owner: object, what: str, make: Callable[[], T]) -> T:
    """What ``make`` gives for a part of the process (which never changes), made once.

    The owner is kept with it, so its identity cannot pass to another object meanwhile.
    """
    found = _ONCE.get((id(owner), what))
    if found is not None and found[0] is owner:
        value: T = found[1]
        return value
    if len(_ONCE) >= _KEPT:
        _ONCE.clear()
    value = make()
    _ONCE[id(owner), what] = (owner, value)
    return value


def as_plain(value: object, where: str = "", name: str = "") -> Json:
    """A value from outside as plain JSON of its own. Raises :class:`BadAnswer`, which calls it by its ``name``, when it
    is none, would not be the same as JSON, or is too large."""
    if type(value) is dict and not value:
        return {}  # most acts ask nothing
    try:
        encoded = exact.encode(value)
        if len(encoded) > LONGEST_ANSWER:
            size = phrase(
                "has %(size)s KiB; at most %(most)s KiB are kept",
                size=-(-len(encoded) // 1024),
                most=LONGEST_ANSWER // 1024,
            )
            raise BadAnswer({name: size}, where=where, possible=(phrase("store it elsewhere, and say where it is"),))
        problem = altered(value, name)
        if problem is not None:
            raise BadAnswer(dict((problem,)), where=where, possible=(phrase("plain JSON"),))
        return exact.decode(encoded)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise BadAnswer(
            {name: phrase("is not JSON: %(error)s", error=str(error)[:200])},
            where=where,
            possible=(phrase("plain JSON"),),
        ) from None


def as_json(value: Any, where: str) -> Json:
    """An expression's value as plain JSON: moments and durations become ISO 8601 text. Raises ExpressionFailed."""
    if value is None or isinstance(value, (bool, int, str, Decimal)):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ExpressionFailed("gives a map whose keys are not all texts", where=where)
        return {key: as_json(one, where) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one, where) for one in value]
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, Working):
        raise ExpressionFailed(
            "gives a working time, which cannot be kept; add it to a moment", where=where, kind="type"
        )
    assert isinstance(value, Duration), "all that expressions give is named above"
    return str(value)


def take(answer: object, where: str = "") -> dict[str, Json]:
    """An answer as an object of plain JSON of its own. Raises :class:`BadAnswer` when it is none, or too large."""
    plain = as_plain(answer, where)
    if not isinstance(plain, dict):
        raise BadAnswer(
            {"": phrase("must be an object of names and values, not %(given)s", given=kind_of(plain))}, where=where
        )
    return plain


def check_answer(
    fields: Sequence[Field],
    answer: object,
    where: str = "",
    *,
    partial: bool = False,
    names: Callable[[], Names] | None = None,
    world: World | None = None,
) -> dict[str, Json]:
    """The answer as it is saved: plain JSON, numbers of ``type: integer`` as ints.

    With ``partial`` no field is required. Days and moments are held against the ``earliest`` and ``latest`` of their
    fields where ``names`` gives what these expressions see; what was answered before is not held against the clock
    again. Persons and files are held against those that there are where a ``world`` is given. Raises
    :class:`BadAnswer` with a problem for each field that is missing, wrong or not asked, and with what is possible.
    """
    plain = take(answer, where)
    rules = once(fields, "partial" if partial else "whole", lambda: _compile(fields, partial=partial))
    if not rules.validator.is_valid(plain):
        _refuse(rules, plain, where)
    for name in rules.whole:
        if name in plain:
            plain[name] = _whole_numbers(rules.schemas[name], plain[name])
    if rules.bounded and names is not None:
        _hold_bounds(rules.bounded, plain, names(), where)
    if rules.persons and world is not None:
        _hold_persons(rules.persons, plain, world, where)
    if rules.files and world is not None:
        _hold_files(rules.files, plain, world, where)
    return plain


def expect_usable(fields: Sequence[Field]) -> None:
    """Raises BadAnswer for fields from outside against which no answer could be held."""
    try:
        _compile(fields, partial=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise BadAnswer({"": phrase("asks what cannot be checked: %(error)s", error=str(error)[:200])}) from None


def _hold_persons(fields: Sequence[Field], answer: Mapping[str, Json], world: World, where: str) -> None:
    """Persons are known here by exactly these ids, and have the role, or are in the group, that is asked for (L15)."""
    problems: dict[str, str] = {}
    possible: dict[str, None] = {}
    for field in fields:
        given = answer.get(field.name, [])
        for id in given if isinstance(given, list) else [given]:
            if field.name not in problems and not fills(world, id, whose(field)):
                known = [one.id for one in world.fillers(whose(field), MOST_NAMED)]
                problems[field.name] = phrase(
                    "must be somebody of %(of_whom)s; not %(id)s%(near)s",
                    of_whom=_of_whom(field),
                    id=clip(id),
                    near=near(id, known),
                )
                possible.update(dict.fromkeys(known))
    if problems:
        raise BadAnswer(problems, where=where, possible=list(possible))


def _hold_files(fields: Sequence[Field], answer: Mapping[str, Json], world: World, where: str) -> None:
    """Files are what he who answers has uploaded himself, of the kinds that are asked for."""
    problems: dict[str, str] = {}
    for field in fields:
        given = answer.get(field.name, [])
        for id in given if isinstance(given, list) else [given]:
            problem = wrong_file(str(id), field.file, world)
            if problem:
                problems.setdefault(field.name, problem)
    if problems:
        raise BadAnswer(problems, where=where, possible=(phrase("upload it first, and give the id"),))


def wrong_file(id: str, kinds: Sequence[str], world: World) -> str:
    """Why a file cannot be given, where it cannot; empty where it can."""
    found = world.upload(id) if FILE_ID.fullmatch(id) else None
    if found is None:
        return phrase("must be the id of a file that you have uploaded for it; not %(id)s", id=clip(id))
    if found.refused:
        return phrase("%(name)s was refused when it was looked at", name=clip(found.name))
    if found.kind not in kinds:
        return phrase(
            "must be %(kinds)s; %(name)s is %(kind)s",
            kinds=listing([_FILE_KINDS.get(one, one) for one in kinds], OR),
            name=clip(found.name),
            kind=_FILE_KINDS.get(found.kind, found.kind),
        )
    return ""


def whose(field: Field) -> Seating:
    """The seating that whom a field of type person names must fill."""
    assert field.person is not None, "only asked of fields of type person"
    return f"{field.person.kind}:{field.person.name}"


def _of_whom(field: Field) -> str:
    assert field.person is not None, "only asked of fields of type person"
    return f"the {field.person.kind} {field.person.name}"


def _hold_bounds(fields: Sequence[Field], answer: Mapping[str, Json], names: Names, where: str) -> None:
    problems: dict[str, str] = {}
    for field in fields:
        for key, bound in field.bounds.items() if field.name in answer else ():
            problem = _out_of_bounds(field, answer[field.name], key == "latest", bound, names)
            if problem:
                problems[field.name] = problem
    if problems:
        raise BadAnswer(problems, where=where)


def _out_of_bounds(field: Field, given: str, latest: bool, bound: Expression, names: Names) -> str:
    """What is wrong with a day or a moment that its field bounds; nothing where it is right. Days are compared as days,
    in the zone; a day that bounds moments counts from its beginning, or until its end."""
    limit = edge(field, bound, names, latest=latest)
    if isinstance(limit, str):
        wrong = given > limit if latest else given < limit
    else:
        at = moment(given, zone=names.zone)
        wrong = at > limit if latest else at < limit
    if not wrong:
        return ""
    around = {"limit": _in_words(limit, names.zone), "given": _in_words(given, names.zone)}
    if latest:
        return phrase("must be %(limit)s or earlier; not %(given)s", **around)
    return phrase("must be %(limit)s or later; not %(given)s", **around)


def _in_words(value: str | datetime, zone: tzinfo) -> Phrase:
    """A day, as ISO 8601 text, or a moment, perhaps as text too, for whoever reads it."""
    if isinstance(value, str) and is_date(value):
        return day_phrase(date.fromisoformat(value))
    return moment_phrase(moment(value, zone=zone), zone)


def edge(field: Field, bound: Expression, names: Names, *, latest: bool) -> str | datetime:
    """The last day or moment (else the first) that a bound of a field allows now: of a field of days the day, as ISO
    8601 text. Raises ExpressionFailed that says of which field."""
    try:
        found = moment(bound.value(names), end_of_day=latest, zone=names.zone)
    except ExpressionFailed as error:
        raise ExpressionFailed(error.what, where=f"{field.name}: {bound.source}", kind=error.kind) from None
    return local(found, names.zone).date().isoformat() if field.schema.get("format") == "date" else found


def schema_of(field: Field) -> dict[str, Any]:
    """The JSON Schema of one field's value, with the bounds that hold where it names none."""
    schema = {"type": field.type, **field.schema}
    if field.type == "string" and "enum" not in schema and "const" not in schema:
        schema.setdefault("maxLength", LONGEST_TEXT)
    if field.type == "integer":
        schema.setdefault("minimum", -_WHOLE)
        schema.setdefault("maximum", _WHOLE)
    if field.type == "number":
        schema.setdefault("minimum", -1e300)
        schema.setdefault("maximum", 1e300)
    return schema


def like(value: Json) -> dict[str, Any]:
    """A schema for what is like a value: of its type, and an object with the same members."""
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {name: like(one) for name, one in value.items()},
            "required": list(value),
            "additionalProperties": False,
        }
    kinds: dict[type, Any] = {bool: "boolean", str: "string", int: "number", Decimal: "number", list: "array"}
    found: dict[str, Any] = {"type": [kinds[type(value)]]} if value is not None else {}
    return found | {"maxLength": LONGEST_TEXT} if isinstance(value, str) else found


def kind_of(value: object) -> str:
    """The JSON type of a value, in words."""
    if value is None:
        return _TYPES["null"]
    if isinstance(value, bool):
        return _TYPES["boolean"]
    kinds = {str: "string", int: "number", Decimal: "number", list: "array", dict: "object"}
    found = kinds.get(type(value))
    return _TYPES[found] if found else type(value).__name__


def near(name: str, known: Sequence[str]) -> str:
    """`` (did you mean …?)`` when a known name is near, else nothing."""
    found = suggest.near(name, known)
    return phrase(" (did you mean %(found)s?)", found=found) if found else ""


def clip(value: object, longest: int = 60) -> str:
    """A value as JSON, shortened for a message."""
    text = exact.encode(value).decode()
    return text if len(text) <= longest else text[: longest - 1] + "…"


@dataclass(frozen=True, slots=True)
class _Rules:
    validator: jsonschema_rs.Validator
    schemas: Mapping[str, Mapping[str, Any]]
    whole: tuple[str, ...]
    bounded: tuple[Field, ...]
    persons: tuple[Field, ...]
    files: tuple[Field, ...]


def _compile(fields: Sequence[Field], *, partial: bool) -> _Rules:
    schemas = {field.name: schema_of(field) for field in fields}
    schema = {
        "type": "object",
        "properties": schemas,
        "required": [] if partial else [field.name for field in fields if not field.optional],
        "additionalProperties": False,
    }
    validator = jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats=_READABLE, retriever=_no_retrieving
    )
    whole = tuple(name for name, one in schemas.items() if _has_whole_numbers(one))
    bounded, persons = (one for one in fields if one.bounds), (one for one in fields if one.person is not None)
    files = tuple(one for one in fields if one.file)
    return _Rules(validator, schemas, whole, tuple(bounded), tuple(persons), files)


def _is_duration(text: str) -> bool:
    try:
        Duration.usable(text)
    except ValueError:
        return False
    return True


_READABLE: dict[str, Callable[[str], bool]] = {
    "date": is_date,
    "date-time": is_time,
    "time": lambda text: is_time(f"2026-05-01T{text}"),
    "duration": _is_duration,
    "file": lambda text: FILE_ID.fullmatch(text) is not None,
}
"""Formats are read by the grammar that expressions read them by, and lie in the range that they reckon in, so that
what was taken can be used later."""


def _no_retrieving(uri: str) -> NoReturn:
    """A schema that refers elsewhere is not followed: nothing is fetched while an answer is checked (L7)."""
    raise ValueError(f"{uri} is not followed; write the schema here")


def _has_whole_numbers(schema: object) -> bool:
    if not isinstance(schema, Mapping):
        return False
    inner = [schema.get("items"), *(schema.get("properties") or {}).values()]
    return schema.get("type") == "integer" or any(_has_whole_numbers(one) for one in inner)


def _whole_numbers(schema: Mapping[str, Any], value: Json) -> Json:
    """The value with whole numbers where they are asked for: ``5.0`` and ``1e3`` are whole to JSON Schema."""
    if isinstance(value, Decimal):
        return int(value) if schema.get("type") == "integer" else value
    items, properties = schema.get("items"), schema.get("properties") or {}
    if isinstance(value, list) and isinstance(items, Mapping):
        return [_whole_numbers(items, one) for one in value]
    if isinstance(value, dict):
        return {name: _whole_numbers(properties.get(name, {}), one) for name, one in value.items()}
    return value


def _refuse(rules: _Rules, answer: dict[str, Json], where: str) -> NoReturn:
    problems: dict[str, str] = {}
    possible: dict[str, None] = {}
    for error in rules.validator.iter_errors(answer):
        path = [str(part) for part in error.instance_path]
        kind: Any = error.kind
        if kind.name == "required":
            problems.setdefault(".".join([*path, kind.property]), phrase("is missing"))
        elif kind.name == "additionalProperties":
            known = list(rules.schemas) if not path else []
            for name in kind.unexpected:
                problems.setdefault(
                    ".".join([*path, name[:60]]), phrase("is not asked here%(near)s", near=near(name, known))
                )
            possible.update(dict.fromkeys(known))
        else:
            problems.setdefault(".".join(path), _problem(kind, error))
            if kind.name == "enum":
                possible.update(dict.fromkeys(str(one) for one in kind.options))
    raise BadAnswer(problems, where=where, possible=list(possible))


OR = phrase(" or ")
"""Between things of which one is meant."""

_FILE_KINDS = {
    "picture": phrase("a picture"), "document": phrase("a document"), "pdf": phrase("a pdf"), "text": phrase("a text"),
}  # fmt: skip
_TYPES = {
    "string": phrase("a text"), "number": phrase("a number"), "integer": phrase("a whole number"),
    "boolean": phrase("true or false"), "array": phrase("a list"), "object": phrase("an object"),
    "null": phrase("nothing"),
}  # fmt: skip

_FORMATS = {
    "date": phrase("a date, as 2026-05-01, from the year 1000 to 9000"),
    "date-time": phrase("a time with its zone, as 2026-05-01T10:00:00Z, from the year 1000 to 9000"),
    "time": phrase("a time of day with its zone, as 10:00:00Z"),
    "email": phrase("an e-mail address"),
    "uri": phrase("an address (URI)"),
    "uuid": phrase("a UUID"),
    "file": phrase("the id of a file"),
    "duration": phrase("a duration of at most a hundred years, as P3D or PT45M"),
}


def _problem(kind: Any, error: jsonschema_rs.ValidationError) -> str:
    if kind.name == "type":
        wanted = [_TYPES.get(str(one), str(one)) for one in kind.types]
        return phrase("must be %(wanted)s, not %(given)s", wanted=listing(wanted, OR), given=kind_of(error.instance))
    if kind.name == "enum":
        options = ", ".join(str(one) for one in kind.options)
        return phrase("must be one of %(options)s; not %(given)s", options=options, given=clip(error.instance))
    if kind.name == "format":
        wanted_format = _FORMATS.get(kind.format, kind.format)
        return phrase("must be %(wanted)s; not %(given)s", wanted=wanted_format, given=clip(error.instance))
    worded = {
        "maxLength": phrase("may have at most %(limit)s characters"),
        "minLength": phrase("must have at least %(limit)s characters"),
        "maximum": phrase("must be at most %(limit)s"),
        "minimum": phrase("must be at least %(limit)s"),
        "exclusiveMaximum": phrase("must be below %(limit)s"),
        "exclusiveMinimum": phrase("must be above %(limit)s"),
        "maxItems": phrase("may have at most %(limit)s entries"),
        "minItems": phrase("must have at least %(limit)s entries"),
    }
    if kind.name == "multipleOf":
        of = kind.multiple_of
        return phrase("must be a multiple of %(number)s; not %(given)s", number=str(of), given=clip(error.instance))
    if kind.name in worded:
        return phrase(worded[kind.name], limit=str(kind.limit))
    return error.message[:200]
