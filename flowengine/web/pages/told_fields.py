"""Answers told to who is to check them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal

from flowengine.client import FormField, Json
from flowengine.language.durations import Duration
from flowengine.language.texts import spoken
from flowengine.speech.telling import Speech
from flowengine.web.pages.field_sorts import item_of, key_of, named, parts_of, plain_key, sort_of
from flowengine.web.pages.posted import Posted

NameOf = Callable[[str], str]
"""The name of a file, by its id."""


def summary(
    fields: Sequence[FormField], values: Mapping[str, Json], speech: Speech, name_of: NameOf = str
) -> list[tuple[str, str]]:
    """What was answered, as title and text in the reader's language; what was left out is said to be."""
    left_out = speech.say("Not answered")
    return [
        (field.title, _told(field, values[field.name], speech, name_of) if field.name in values else left_out)
        for field in fields
    ]


def typed(posted: Posted, speech: Speech) -> list[tuple[str, str]]:
    """What somebody has written or chosen in a form, each with what it is called, as far as a form alone tells that:
    what stands below another name is the answer to a question of a process, the others are boxes of ours."""
    say = speech.say
    ours = {
        "text": say("Message"), "message": say("Message"), "note": say("Note"), "concern": say("It worries me"),
        "fact": say("In words"), "answer": say("Your answer"), "because": say("Why"), "name": say("Name"),
        "contact": say("Your e-mail address or your number"), "address": say("Your e-mail address or your number"),
    }  # fmt: skip
    found = []
    for name, value in posted.values:
        box = name.rpartition(".")[2]
        words = spoken(box).capitalize() if box != name else ours.get(name, "")
        if words and value and box != "kept":
            found.append((words, spoken(value) if value.isidentifier() else value))
    return found


def _told(field: FormField, value: Json, speech: Speech, name_of: NameOf) -> str:
    sort = sort_of(field)
    titles = {key_of(option): option.title for option in field.options}
    if isinstance(value, bool) and not titles:
        return speech.say("Yes") if value else speech.say("No")
    if sort == "amounts":
        return _amounts(field, value, titles, speech)
    if isinstance(value, list):
        if sort in ("one", "several"):
            return ", ".join(titles.get(plain_key(one), plain_key(one)) for one in value) or speech.say("None of them")
        if sort == "files":
            return ", ".join(name_of(str(one)) for one in value)
        one = item_of(field)
        parting = "\n" if sort == "rows" else ", "
        return parting.join(_told(named(one, one.name), entry, speech, name_of) for entry in value)
    if isinstance(value, dict):
        parts = {part.name: part for part in parts_of(field)}
        said = ((parts.get(key), key, one) for key, one in value.items())
        return ", ".join(
            f"{part.title}: {_told(part, one, speech, name_of)}" if part else f"{key}: {one}" for part, key, one in said
        )
    if sort == "one":
        return titles.get(plain_key(value), plain_key(value))
    if sort == "files":
        return name_of(str(value))
    if isinstance(value, int | Decimal):
        return _number(field, value, speech)
    return _text(sort, str(value), speech)


def _amounts(field: FormField, value: Json, titles: Mapping[str, str], speech: Speech) -> str:
    if isinstance(value, list):
        return ", ".join(f"{place}. {titles.get(plain_key(one), plain_key(one))}" for place, one in enumerate(value, 1))
    if not isinstance(value, dict):
        return str(value)
    sign = ": {}" if field.shape == "scores" else ""
    return ", ".join(
        (titles.get(id, id) + sign.format(number)) if sign else f"{speech.number(number)} × {titles.get(id, id)}"
        for id, number in value.items()
        if isinstance(number, int | Decimal)
    )


def _number(field: FormField, value: int | Decimal, speech: Speech) -> str:
    if field.currency:
        return speech.money(value, field.currency)
    return f"{speech.number(value)} {field.unit}".rstrip()


def _text(sort: str, value: str, speech: Speech) -> str:
    with suppress(ValueError):
        if sort == "date":
            return speech.day(date.fromisoformat(value))
        if sort == "moment":
            return speech.moment(datetime.fromisoformat(value), short=False)
        if sort == "length":
            length = Duration.parse(value)
            return speech.lasting(length.months, length.days, length.rest)
    return value[:5] if sort == "time" else value


def price(fields: Sequence[FormField], values: Mapping[str, Json]) -> tuple[int | Decimal, str] | None:
    """What was chosen costs together, and the currency; None where nothing that was asked has a price."""
    priced = [field for field in fields if any(option.price is not None for option in field.options)]
    if not priced:
        return None
    total: int | Decimal = 0
    for field in priced:
        prices = {key_of(option): option.price or 0 for option in field.options}
        for id, number in _taken(values.get(field.name)):
            total += prices.get(id, 0) * number
    return total, priced[0].currency


def _taken(value: Json) -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        yield from ((id, number) for id, number in value.items() if isinstance(number, int))
    elif isinstance(value, list):
        yield from ((plain_key(one), 1) for one in value)
    elif value is not None:
        yield plain_key(value), 1
