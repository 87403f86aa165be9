"""Days and moments as people type them: as they are shown, as ISO 8601, ``tomorrow``, ``next friday``, ``in 3 days``,
``30.11.``; numbers that two countries read differently are refused with both readings. Times of day without a zone are
those of the person's clock, and a day without a year is the next one by it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from flowengine.cli.moments import at_clock, local, now
from flowengine.speech.spoken_time import MONTHS, day

_WEEKDAY = r"(?:(?P<weekday>[a-z]{2,9})\.?,? +)?"
_BY_NAME = (
    re.compile(
        _WEEKDAY
        + r"(?P<day>[0-9]{1,2})(?:\.|st|nd|rd|th)? *(?:of +)?(?P<month>[a-z]{3,9})\.?,?(?: +(?P<year>[0-9]{4}))?",
        re.IGNORECASE,
    ),
    re.compile(
        _WEEKDAY + r"(?P<month>[a-z]{3,9})\.? +(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?(?: +(?P<year>[0-9]{4}))?",
        re.IGNORECASE,
    ),
)
_DOTTED = re.compile(
    _WEEKDAY + r"(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\.? ?(?P<year>[0-9]{4}|[0-9]{2})?", re.IGNORECASE
)
_EITHER = re.compile(r"(?P<one>[0-9]{1,2})(?P<sign>[/-])(?P<other>[0-9]{1,2})(?:(?P=sign)(?P<year>[0-9]{4}|[0-9]{2}))?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_IN = re.compile(r"in (?P<count>[0-9]{1,4}|an?|one|two|three) (?P<unit>day|week)s?", re.IGNORECASE)
_NAMED_DAY = re.compile(r"(?P<next>next |on |this )?(?P<weekday>[a-z]{3,9})\.?", re.IGNORECASE)
_TIME = r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)? ?(?P<half>[ap]\.?m\.?)?"
_AFTER = re.compile(rf"(?P<day>.+?)(?:,? +| *T)(?:at +)?{_TIME}(?P<utc> ?UTC|Z)?", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:at +)?{_TIME},?(?: +on)? +(?P<day>.+)", re.IGNORECASE)
_NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1, "the day after tomorrow": 2, "day after tomorrow": 2}
_FEW = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def typed_day(text: str) -> str:
    """``28 Jan 2027``, ``28 Jan``, ``28.1.2027``, ``tomorrow``, ``friday``, ``in 3 days`` as ISO 8601. What is no day
    comes back as it is; ValueError says why a day is not taken."""
    found = day_in(text)
    return found.isoformat() if found else text


def typed_moment(text: str) -> str:
    """``28 Jan 2027, 15:00``, ``friday 3pm``, ``tomorrow at 15:00`` as ISO 8601 in UTC. What is no such moment, or
    names its zone otherwise, comes back as it is; ValueError says why a moment is not taken."""
    whole = text.strip()
    for pattern in (_AFTER, _BEFORE):
        match = pattern.fullmatch(whole)
        at = _time(match) if match else None
        found = day_in(match["day"]) if match and at else None
        if match is None or at is None or found is None:
            continue
        shown = datetime.combine(found, at)
        if match.groupdict().get("utc"):
            return f"{shown.isoformat()}Z"
        try:
            moment = at_clock(shown)
        except OverflowError:
            return text
        if local(moment).replace(tzinfo=None) != shown:
            raise ValueError(f"clocks are put forward on {day(found)}, and {at:%H:%M} is left out; type another time")
        return moment.isoformat().replace("+00:00", "Z")
    found = day_in(whole)
    if found is not None:
        raise ValueError(f"say the time too, as {day(found)[4:]}, 15:00")
    return text


def clock_in(text: str) -> time | None:
    """A time of day: ``15:00``, ``3pm``, ``3:30 pm``, ``15``; None for what is none."""
    match = re.fullmatch(_TIME, text.strip(), re.IGNORECASE)
    return _time(match, alone=True) if match else None


def day_in(text: str) -> date | None:
    """The day that a text means by the person's clock; None for what is no day. ValueError says why one is not
    taken."""
    words = " ".join(text.split())
    if _ISO.fullmatch(words):
        return _iso(words)
    today = now().date()
    if words.casefold() in _NEAR:
        return today + timedelta(days=_NEAR[words.casefold()])
    if match := _IN.fullmatch(words):
        count = _FEW.get(match["count"].casefold()) or int(match["count"])
        return today + timedelta(days=count * (7 if match["unit"].casefold() == "week" else 1))
    if match := _EITHER.fullmatch(words):
        return _either(match, today)
    for pattern in (*_BY_NAME, _DOTTED):
        match = pattern.fullmatch(words)
        if match and (month := _month(match["month"])):
            return _on_weekday(_dated(int(match["day"]), month, match["year"], today), match["weekday"])
    if match := _NAMED_DAY.fullmatch(words):
        return _named(match, today)
    return None


def _iso(words: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise ValueError(f"there is no day {words}") from None


def _named(match: re.Match[str], today: date) -> date | None:
    """``friday`` is the coming one, ``next friday`` that of the week that begins on the coming Monday."""
    weekday = _weekday(match["weekday"])
    if weekday is None:
        return None
    if (match["next"] or "").strip().casefold() == "next":
        return today + timedelta(days=7 - today.weekday() + weekday)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _either(match: re.Match[str], today: date) -> date:
    """``30/11`` can only be a day of November; ``5/11`` is read in two ways, and refused."""
    found = []
    for first, second in ((match["one"], match["other"]), (match["other"], match["one"])):
        if 1 <= int(second) <= 12:
            try:
                found.append(_dated(int(first), int(second), match["year"], today))
            except ValueError:
                continue
    if not found:
        raise ValueError(f"there is no day {match[0]}")
    if len(set(found)) > 1:
        day_first, month_first = (f"{one.day} {MONTHS[one.month - 1][:3]} {one.year}" for one in found)
        raise ValueError(f"this can be {day_first} or {month_first}: type the one you mean like that")
    return found[0]


def _dated(number: int, month: int, year: str | None, today: date) -> date:
    """That day: of the year, or the next one that has it, today included."""
    if year:
        years = [int(year) if len(year) == 4 else today.year // 100 * 100 + int(year)]
    else:
        years = [today.year + more for more in range(9)]  # 29 February may be eight years away
    for one in years:
        try:
            found = date(one, month, number)
        except ValueError:
            continue
        if year or found >= today:
            return found
    raise _no_day(number, month, year)


def _no_day(number: int, month: int, year: str | None) -> ValueError:
    named = MONTHS[month - 1] if 1 <= month <= 12 else f"of month {month}"
    return ValueError(f"there is no {number} {named}{f' {year}' if year else ''}")


def _on_weekday(found: date, typed: str | None) -> date | None:
    if typed is None:
        return found
    weekday = _weekday(typed)
    if weekday is None:
        return None
    if weekday != found.weekday():
        raise ValueError(
            f"{found.day} {MONTHS[found.month - 1]} {found.year} is a {_WEEKDAYS[found.weekday()].capitalize()}"
        )
    return found


def _time(match: re.Match[str], *, alone: bool = False) -> time | None:
    """The time of day in a match of ``_TIME``; an hour without minutes or half of the day only where it stands
    alone."""
    hour, half = int(match["hour"]), (match["half"] or "").replace(".", "").casefold()
    if match["minute"] is None and not half and not alone:
        return None
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, int(match["minute"] or 0), int(match["second"] or 0))
    except ValueError:
        return None


def _month(typed: str) -> int | None:
    """A month by its number, or by its name, whole or shortened to three letters and more."""
    if typed.isdecimal():
        return int(typed) if 1 <= int(typed) <= 12 else None
    return next((number for number, name in enumerate(MONTHS, 1) if name.casefold().startswith(typed.casefold())), None)


def _weekday(typed: str) -> int | None:
    """A weekday by its name, whole or shortened to three letters and more."""
    word = typed.casefold()
    return next((number for number, name in enumerate(_WEEKDAYS) if len(word) > 2 and name.startswith(word)), None)
