"""Lengths of time: durations, and working time in a calendar of the process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flowengine.language.calendars import LONGEST
from flowengine.language.durations import Duration, Length, Working
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import NAME, SOME_TIME, InBraces, some_time
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Either, Json, Named, Word
from flowengine.language.yaml_reader import Node

SHORTEST_ROUND = Duration(rest=timedelta(hours=1))
"""Nobody is reminded again and again more often than that."""


def _working(text: str) -> Duration:
    length = some_time(text)
    if length.months or "W" in text:
        raise ValueError(f"{text[:40]!r}: working time is counted in days and hours; for a week write P5D")
    if length.exact > LONGEST:
        raise ValueError(f"{text[:40]!r} is too long; at most {LONGEST.days:,} working days are possible")
    return length


def _build(values: Values, reading: Reading) -> Working:
    """Where the file says no calendar it is the process's, when there is only one."""
    calendar = values.get("calendar")
    if calendar is None:
        if len(reading.calendars) != 1:
            known = ", ".join(reading.calendars)
            hint = f"possible: {known}" if known else "the process has no calendars; write one under 'calendars'"
            raise reading.refuse(values.place, "missing-key", "working time needs the key 'calendar'", hint)
        calendar = reading.calendars[0]
    return Working(values["working"], calendar, values.place)


_WORKING = Named(
    "working",
    record(
        "a working time",
        Key(
            "working",
            Word("a duration", "bad-duration", _working, r"^P(?=.)[0-9D]*(T(?=.)[0-9HMS.]*)?$", 40),
            "How long: P3D for three working days, PT6H for six open hours.",
            True,
        ),
        Key("calendar", NAME, "The calendar that says when it is open; the only one, unless given."),
        build=_build,
    ),
)


def _or_working(name: str, wanted: str, scalar: Any) -> Named:
    return Named(name, Either(f"{wanted} or {{working: …}}", scalar, pairs=_WORKING))


LENGTH = _or_working("length", "a duration", SOME_TIME)


@dataclass(frozen=True, slots=True)
class _Round:
    """A length after which something comes again."""

    def read(self, node: Node, reading: Reading) -> Length:
        length: Length = LENGTH.read(node, reading)
        often = length.length if isinstance(length, Working) else length
        if often.seconds < SHORTEST_ROUND.seconds:
            message = f"{often} is too often; {SHORTEST_ROUND} is the shortest round of reminders"
            raise reading.refuse(node.place, "bad-duration", message)
        return length

    def schema(self, defs: Json) -> Json:
        return LENGTH.schema(defs)


ROUND = _Round()
WHEN = _or_working(
    "when",
    "a duration, an expression in braces",
    InBraces(SOME_TIME, "a duration, or an expression in braces"),
)
