"""Days and moments as people type them: as they are shown, as ISO 8601, or ``tomorrow``; never in an order of numbers
that two countries read differently. Times of day without a zone are those of the person's clock."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from flowengine.cli.moments import at_clock, now
from flowengine.language.spoken_time import MONTHS, day

_DAY = re.compile(r"(?:[a-z]{3,9},? +)?(?P<day>\d{1,2})\.? +(?P<month>[a-z]{3,9})\.?,? +(?P<year>\d{4})", re.IGNORECASE)
_CLOCK = re.compile(r"(?P<day>.+?)(?:,? +| *T)(?:at +)?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?")
_NEAR = {"today": 0, "tomorrow": 1}


def typed_day(text: str) -> str:
    """``28 Jan 2027``, ``Thu 28 January 2027``, ``tomorrow`` as ISO 8601. What is no day comes back as it is."""
    found = _day(text.strip())
    return found.isoformat() if found else text


def typed_moment(text: str) -> str:
    """``28 Jan 2027, 15:00``, ``2027-01-28 15:00``, ``tomorrow 15:00`` as ISO 8601 in UTC. What is no such moment, or
    names its zone, comes back as it is."""
    match = _CLOCK.fullmatch(text.strip())
    found = _day(match["day"]) if match else None
    if match is None or found is None:
        return text
    try:
        at = time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
        return at_clock(datetime.combine(found, at)).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return text


def _day(text: str) -> date | None:
    if text.casefold() in _NEAR:
        return now().date() + timedelta(days=_NEAR[text.casefold()])
    try:
        match = _DAY.fullmatch(text)
        if match is None:
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
        month = next(number for number, name in enumerate(MONTHS, 1) if _begins(match["month"], name))
        found = date(int(match["year"]), month, int(match["day"]))
    except (ValueError, StopIteration):
        return None
    weekday = text[:3].casefold()
    return found if not weekday.isalpha() or day(found)[:3].casefold() == weekday else None


def _begins(typed: str, month: str) -> bool:
    """Whether a word is the month's name, whole or shortened."""
    return month.casefold().startswith(typed.casefold())
