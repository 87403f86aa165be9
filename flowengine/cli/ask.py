"""Asking a person at a terminal for what is missing: which way, each field, an appointment by its number.

A wrong answer is explained and asked again. Ctrl-C and the end of the input stop the command before anything changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from flowengine import exact
from flowengine.cli import show
from flowengine.cli.moments import day, local, told
from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import Stopped
from flowengine.cli.typed_values import typed
from flowengine.client import Duration, FormField, FormOption, Json, Way
from flowengine.language.currencies import money
from flowengine.language.texts import spoken

T = TypeVar("T")

SLOTS_SHOWN = 12
"""Appointments that are listed at once; of more, the day is asked first."""

SLOTS_A_LINE = 6

DAYS_SHOWN = 14
"""Days with free appointments that are listed; later ones are typed."""

_NUMBERED = re.compile(r"([0-9]{1,5})(\s*[:=].*)?")
"""An option's number in the list, and what is said of it."""


def pick(console: Console, question: str, choices: Sequence[tuple[str, str]], *, first: bool = False) -> int:
    """The index of one of the choices, given as (name, title): by number, or by name.

    With ``first`` an empty line takes the first.
    """
    for number, (name, title) in enumerate(choices, 1):
        show.line(console, (f"  {number:>2}  ", "bold"), title, (f"  {name}" if name != title else "", "dim"))
    names = [name for name, _ in choices]

    def read(text: str) -> int:
        if not text and first:
            return 0
        if text in names:
            return names.index(text)
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(choices):
            return int(text) - 1
        raise ValueError(f"type a number from 1 to {len(choices)}")

    return repeat(console, f"{question} [1]" if first else question, read)


def which_way(console: Console, ways: Sequence[Way]) -> Way:
    """The outcome or move a person wants."""
    if len(ways) == 1:
        return ways[0]
    return ways[pick(console, "What do you want to do?", [(way.outcome, way.title) for way in ways])]


def fields(
    console: Console,
    asked: Sequence[FormField],
    slots: Sequence[datetime] = (),
    made_up: Mapping[str, Json] = MappingProxyType({}),
) -> dict[str, Json]:
    """An answer to each of the fields; optional ones may be left out by an empty line. Where an answer is ``made_up``,
    it is shown, and an empty line takes it."""
    answer: dict[str, Json] = {}
    for field in asked:
        given = made_up.get(field.name)
        if field.name == "slot" and slots:
            value: Json = _slot(console, slots, first=given is not None)
        else:
            value = _field(console, field, given)
        if value is not None:
            answer[field.name] = value
    return answer


def _field(console: Console, field: FormField, made_up: Json = None) -> Json:
    if field.options:
        _options(console, field)

    def read(text: str) -> Json:
        if not text:
            if made_up is not None:
                return made_up
            if not field.required:
                return None
            raise ValueError("an answer is needed here")
        return typed(field, _by_number(field, text))

    shown = made_up if isinstance(made_up, str) else exact.encode(made_up).decode()
    return repeat(console, f"{_label(field)} [{shown}]" if made_up is not None else _label(field), read)


def _label(field: FormField) -> str:
    kinds = {"number": "a number", "integer": "a whole number", "boolean": "yes or no", "array": "several, with commas"}
    formats = {"date": "YYYY-MM-DD", "date-time": "YYYY-MM-DDTHH:MM:SSZ", "email": "e-mail", "person": "an exact id"}
    kind = formats.get(field.format, kinds.get(field.type, "" if field.type == "string" else "JSON"))
    if field.options:
        ids = f"{field.options[0].id}:2"
        kind = {
            "one": "number or name", "several": "several, with commas", "quantities": f"as {ids}",
            "ranked": "the best first, with commas", "scores": f"as {ids}, from {field.min} to {field.max}",
        }[field.shape]  # fmt: skip
        if _plain(field):
            kind = ", ".join(str(option.id) for option in field.options) + ("" if field.shape == "one" else f"; {kind}")
    unit = field.unit or field.currency
    notes = [unit or kind if field.type == "number" else kind, "" if field.required else "Enter to leave out"]
    noted = ", ".join(note for note in notes if note)
    return f"{field.title} ({noted})" if noted else field.title


def _options(console: Console, field: FormField) -> None:
    """The options as a table, with prices and lead times where there are any."""
    options = field.options
    if _plain(field):
        return
    if field.format == "person":
        people = [[number, option.title, option.id] for number, option in enumerate(options, 1)]
        show.table(console, ["No.", "Name", "Id"], people, "")
        return
    priced, timed = any(o.price is not None for o in options), any(o.lead_time is not None for o in options)
    limits = field.limited()
    heads = [
        *(["No."] if _numbered(field) else []),
        "Name",
        "What",
        *([spoken(limits.by).capitalize()] if limits else []),
    ]
    heads += [*(["Price"] if priced else []), *(["Lead time"] if timed else [])]
    rows = []
    for number, option in enumerate(options, 1):
        row: list[object] = [number] if _numbered(field) else []
        row += [option.id, option.title]
        if limits:
            row.append(limits.kind(option.more))
        if priced:
            row.append(money(option.price, field.currency) if option.price is not None else "")
        if timed:
            row.append(days_of(option))
        rows.append(row)
    show.table(console, heads, rows, "")
    if limits:
        show.line(console, ("  Choose by ", "dim"), limits.words)


def _plain(field: FormField) -> bool:
    """Options that are no more than their names: a question lists them in a few words."""
    return (
        not field.limits
        and field.format != "person"
        and all(
            o.title.casefold() == str(o.id).replace("_", " ") and o.price is None and o.lead_time is None
            for o in field.options
        )
    )


def days_of(option: FormOption) -> str:
    """How long an option takes to come."""
    from flowengine.interop.labels import span

    return span(Duration.parse(option.lead_time)) if option.lead_time else "at once"


def _numbered(field: FormField) -> bool:
    """Options whose ids are numbers themselves are taken by id only: a 2 must not mean the second."""
    return not _plain(field) and not any(str(option.id).isdecimal() for option in field.options)


def _by_number(field: FormField, text: str) -> str:
    """Numbers of the table become the ids that they stand for."""
    if not field.options or not _numbered(field) or text.startswith("["):
        return text

    def one(part: str) -> str:
        found = _NUMBERED.fullmatch(part.strip())
        if found and 1 <= int(found[1]) <= len(field.options):
            return f"{field.options[int(found[1]) - 1].id}{found[2] or ''}"
        return part

    return one(text) if field.shape == "one" else ",".join(one(part) for part in text.split(","))


def _slot(console: Console, slots: Sequence[datetime], *, first: bool = False) -> str:
    """A free appointment: by number, where there are many first the day and then the time; or as a time in full. With
    ``first`` an empty line takes the first day, and the first time."""
    days: dict[str, list[datetime]] = {}
    for slot in slots:
        days.setdefault(day(slot), []).append(slot)
    if len(slots) <= SLOTS_SHOWN or len(days) == 1:
        return _time(console, "Which appointment?", slots, told, first=first)
    for number, (name, free) in list(enumerate(days.items(), 1))[:DAYS_SHOWN]:
        times = f"{len(free)} free, {_clock(free[0])} to {_clock(free[-1])}"
        show.line(console, (f"  {number:>3}  ", "bold"), name, (f"   {times}", "dim"))
    if len(days) > DAYS_SHOWN:
        more = f"       and {len(days) - DAYS_SHOWN} more days until {day(slots[-1])}"
        show.line(console, (f"{more}; type one of those as {day(slots[-1])[4:]}", "dim"))

    def read(text: str) -> Sequence[datetime]:
        if first and not text:
            return next(iter(days.values()))
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(days):
            return list(days.values())[int(text) - 1]
        found = [
            slot
            for name, free in days.items()
            for slot in free
            if text in (name, name[4:], f"{local(slot):%Y-%m-%d}", *_names(slot))
        ]
        if not found:
            raise ValueError(f"type a number from 1 to {min(len(days), DAYS_SHOWN)}, or a day, as {day(slots[0])[4:]}")
        return found

    chosen = repeat(console, "Which day? [1]" if first else "Which day?", read)
    return _iso(chosen[0]) if len(chosen) == 1 else _time(console, "What time?", chosen, _clock, first=first)


def _time(
    console: Console, question: str, slots: Sequence[datetime], name: Callable[[datetime], str], *, first: bool
) -> str:
    """One of the slots, by its number or its name."""
    for begin in range(0, len(slots), SLOTS_A_LINE):
        numbered = list(enumerate(slots[begin : begin + SLOTS_A_LINE], begin + 1))
        parts = [part for number, slot in numbered for part in ((f"  {number:>3}  ", "bold"), name(slot))]
        show.line(console, *parts)

    def read(text: str) -> str:
        if first and not text:
            return _iso(slots[0])
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(slots):
            return _iso(slots[int(text) - 1])
        for slot in slots:
            if text in (name(slot), *_names(slot)):
                return _iso(slot)
        raise ValueError(f"type a number from 1 to {len(slots)}, or {name(slots[0])}")

    return repeat(console, f"{question} [1]" if first else question, read)


def _names(slot: datetime) -> tuple[str, ...]:
    return _iso(slot), slot.isoformat(), told(slot)


def _clock(slot: datetime) -> str:
    return f"{local(slot):%H:%M}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def repeat(console: Console, label: str, read: Callable[[str], T]) -> T:
    """Ask until the answer can be read; each refusal is explained. Raises Stopped when the person stops."""
    try:
        while True:
            try:
                return read(_line(console, label))
            except ValueError as error:
                if str(error):
                    console.print(Text.assemble(("  ✗ ", "red"), harmless(error)), soft_wrap=True)
    except (EOFError, KeyboardInterrupt):
        console.print()
        raise Stopped from None


def _line(console: Console, label: str) -> str:
    console.print(Text.assemble((harmless(label), "bold"), ": "), end="", soft_wrap=True)
    try:
        return input().strip()
    except UnicodeDecodeError:
        raise ValueError("this could not be read as text; please type it again") from None
