"""The functions of expressions: CEL's own, and those that flowengine adds. One row each says what it takes and gives.

Moments, days and times of day are those of the evaluation's zone. A function raises :class:`ExpressionFailed` for a
value that it cannot work with; the types of its arguments are checked before it is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import LONGEST, Calendar, working_days
from flowengine.language.currencies import currency
from flowengine.language.durations import Duration, Working
from flowengine.language.evaluation import numbers
from flowengine.language.evaluation.numbers import Number
from flowengine.speech.words import Words

Kind: TypeAlias = Literal["text", "number", "boolean", "moment", "span", "working time", "list", "object", "nothing"]

KINDS: Mapping[type, Kind] = {
    str: "text", int: "number", Decimal: "number", float: "number", bool: "boolean", datetime: "moment",
    Duration: "span", timedelta: "span", Working: "working time",
    list: "list", tuple: "list", dict: "object", type(None): "nothing",
}  # fmt: skip
WORDS: Mapping[Kind, str] = {
    "text": "a text", "number": "a number", "boolean": "true or false", "moment": "a moment",
    "span": "a length of time", "working time": "a working time",
    "list": "a list", "object": "an object", "nothing": "nothing",
}  # fmt: skip


class Work(Protocol):
    """The evaluation that calls: its zone, and its budget, from which what takes long or makes much is taken."""

    @property
    def zone(self) -> tzinfo: ...

    @property
    def currency(self) -> str: ...

    @property
    def words(self) -> Words: ...

    def calendar(self, name: str) -> Calendar:
        """A calendar of the process. Raises :class:`ExpressionFailed`."""

    def spend(self, steps: int) -> None:
        """Take steps of work; raises :class:`ExpressionFailed` when they are used up."""

    def make(self, size: int) -> None:
        """Take room for characters or entries that are about to be made."""

    def compare(self, left: Any, right: Any) -> int:
        """Below, at or above 0 as the left value is less than, equal to or more than the right one."""

    def equal(self, left: Any, right: Any) -> bool:
        """Whether two values are the same."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function. ``takes`` has the kinds of each argument (several with a space between), those from ``least`` on
    may be left out, and with ``many`` the last may come again. ``form``: how it is called."""

    run: Callable[..., Any]
    form: Literal["alone", "on a value", "either"]
    takes: tuple[str, ...]
    gives: str
    least: int
    many: bool = False


def kind_of(value: object) -> str:
    """A value's kind, in words."""
    if type(value) is int:
        return "a whole number"
    kind = KINDS.get(type(value))
    return WORDS[kind] if kind else f"a {type(value).__name__}"


def given(value: Any) -> Any:
    """A value from outside as expressions know it: a float is the decimal that it is written as."""
    if isinstance(value, float):
        return numbers.exact(value)
    return Duration(rest=value) if isinstance(value, timedelta) else value


# moments

_EARLIEST, _LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9001, 1, 1, tzinfo=UTC)
"""Between these lie answers, deadlines and promises, so that some years more or less can be reckoned with."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    rf"{_DATE.pattern}T([01][0-9]|2[0-3])(:[0-5][0-9]){{2}}(\.[0-9]{{1,9}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}})"
)
_LEAP = re.compile(r"(.*T\d\d:\d\d:)60(.*)", re.IGNORECASE)
_OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)", re.ASCII)


def moment(value: object, *, end_of_day: bool = False, zone: tzinfo = UTC) -> datetime:
    """A moment from a timestamp, or from ISO 8601 text. A bare date is its first instant in the zone, or its last; a
    time without a zone is one in it."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone).astimezone(UTC)
    if isinstance(value, str) and len(value) <= 40:
        try:
            if len(value) == 10:
                day = date.fromisoformat(value)
                return datetime.combine(day, time.max if end_of_day else time(), zone).astimezone(UTC)
            leap = _LEAP.fullmatch(value)
            found = datetime.fromisoformat(f"{leap[1]}59{leap[2]}".upper() if leap else value.upper())
            found = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
            return found + timedelta(seconds=1) if leap else found
        except (ValueError, OverflowError):
            pass
    said = repr(value) if not isinstance(value, str) or len(value) <= 40 else repr(value[:40] + "…")
    raise ExpressionFailed(f"{said} is not a moment; write a date (2026-05-01) or a time (2026-05-01T10:00:00Z)")


def is_date(text: str) -> bool:
    """Whether a text is written as a date that can be reckoned with: ``2026-05-01``."""
    return _DATE.fullmatch(text) is not None and _in_range(text)


def is_time(text: str) -> bool:
    """Whether a text is written as a moment that can be reckoned with: ``2026-05-01T10:00:00Z``, always with a zone."""
    return _TIME.fullmatch(text) is not None and _in_range(text)


def in_range(at: datetime) -> datetime:
    """A moment that can be reckoned with. Raises :class:`ExpressionFailed`."""
    if not _EARLIEST <= at < _LATEST:
        raise ExpressionFailed(f"{moment_text(at)} is outside the years 1000 to 9000")
    return at


def _in_range(text: str) -> bool:
    try:
        return bool(in_range(moment(text)))
    except ExpressionFailed:
        return False


def moment_text(at: datetime) -> str:
    """A moment as data keeps it: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def later(at: datetime, span: Duration, zone: tzinfo) -> datetime:
    """A moment and a length of time; raises :class:`ExpressionFailed` outside the years 1 to 9999."""
    try:
        return span.after(at, zone)
    except OverflowError:
        raise ExpressionFailed("the moment would be outside the years 1 to 9999") from None


def local(at: datetime, zone: tzinfo) -> datetime:
    """A moment as clocks in a zone show it; raises :class:`ExpressionFailed` outside the years 1 to 9999."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        raise ExpressionFailed("the moment would be outside the years 1 to 9999 in its zone") from None


@lru_cache(maxsize=256)
def zone_named(name: str) -> tzinfo:
    """A time zone by its IANA name, or a fixed distance from UTC such as ``+02:00``."""
    if (offset := _OFFSET.fullmatch(name)) and int(offset[2]) < 24 and int(offset[3]) < 60:
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-length if offset[1] == "-" else length)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ExpressionFailed(f"{name[:60]!r} is not a time zone; write one like Europe/London or UTC") from None


def _timestamp(_: Work, value: str | int | Decimal | datetime) -> datetime:
    if isinstance(value, str):
        if len(value) < 20:
            raise ExpressionFailed(f"{value!r} is no time with its zone; write 2026-05-01T10:00:00Z, or use date(…)")
        return moment(value)
    if isinstance(value, datetime):
        return value
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(numbers.multiply(value, 1_000_000)))
    except OverflowError:
        raise ExpressionFailed("the moment would be outside the years 1 to 9999") from None


def _part(of_moment: Callable[[datetime], int], of_span: Callable[[timedelta], int] | None = None) -> Function:
    def run(work: Work, value: datetime | Duration, zone: str | None = None) -> int:
        if isinstance(value, datetime):
            return of_moment(local(value, work.zone if zone is None else zone_named(zone)))
        assert of_span is not None, "only moments are taken where spans have no such part"
        if value.months or zone is not None:
            raise ExpressionFailed("a length in months has no such part" if value.months else "a length has no zone")
        return of_span(value.exact)

    return Function(run, "on a value", ("moment span" if of_span else "moment", "text"), "whole number", 1)


# lengths of time

_UNITS: Mapping[str, Number] = {
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
    "µs": 1,
    "ns": Decimal("0.001"),
}
_DURATION = re.compile(r"[+-]?(?:(?:\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})(?:h|ms|m|s|us|µs|ns))+|[+-]?0", re.ASCII)
_PIECE = re.compile(r"(\d*\.?\d*)(h|ms|m|s|us|µs|ns)")
_LONGEST = timedelta(days=3_660_000)


def bounded(span: Duration) -> Duration:
    """A length of time within bounds. Raises :class:`ExpressionFailed`."""
    if abs(span.exact) > _LONGEST or abs(span.months) > 120_000:
        raise ExpressionFailed("the length of time is too large; at most about ten thousand years are possible")
    return span


def _length(micros: Number) -> Duration:
    """A length of time, to the nearest microsecond."""
    longest = _LONGEST // timedelta(microseconds=1)
    if not -longest <= micros <= longest:
        raise ExpressionFailed("the length of time is too large; at most about ten thousand years are possible")
    return bounded(Duration(rest=timedelta(microseconds=numbers.integral(micros, ROUND_HALF_UP))))


def _duration(_: Work, value: str | Duration) -> Duration:
    if isinstance(value, Duration):
        return value
    if _DURATION.fullmatch(value) is None:
        raise ExpressionFailed(f'{value[:40]!r} is not a duration; write 1h30m or 45s, or use span("P3D")')
    micros: Number = 0
    for number, unit in _PIECE.findall(value):
        micros = numbers.add(micros, numbers.multiply(Decimal(number), _UNITS[unit]))
    return _length(numbers.subtract(0, micros) if value.startswith("-") else micros)


def _span(_: Work, value: str) -> Duration:
    try:
        return Duration.parse(value)
    except ValueError as error:
        raise ExpressionFailed(str(error)) from None


def _days(_: Work, value: Number) -> Duration:
    length = _length(numbers.multiply(numbers.decimal(value), 86_400_000_000))
    return Duration(days=length.rest.days, rest=timedelta(0, length.rest.seconds, length.rest.microseconds))


# working time


def _workdays(work: Work, calendar: str, count: Number) -> Working:
    number = numbers.as_whole(count)
    if number is None or abs(number) > LONGEST.days:
        most = f"from {-LONGEST.days:,} to {LONGEST.days:,}"
        raise ExpressionFailed(f"{count} is no number of working days; whole ones are possible, {most}")
    return Working(Duration(days=number), work.calendar(calendar).name)


def _workdays_between(work: Work, calendar: str, start: str | datetime, end: str | datetime) -> int:
    found = work.calendar(calendar)

    def day(value: str | datetime) -> date:
        """A bare date is that day wherever the calendar is; the day of a moment is that of the calendar's zone."""
        at = moment(value, zone=found.clock if isinstance(value, str) and len(value) == 10 else work.zone)
        return local(at, found.clock).date()

    return working_days(day(start), day(end), found, work.spend)


# numbers, and texts from and to other values


def _number(_: Work, value: Number | str) -> Decimal:
    if isinstance(value, str):
        if len(value) > 60 or re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", value) is None:
            raise ExpressionFailed(f"{value[:40]!r} is not a number; write 12.5")
        return numbers.exact(value)
    return numbers.decimal(value)


def _int(_: Work, value: Number | str | datetime) -> int:
    if isinstance(value, str):
        if re.fullmatch(r"[+-]?[0-9]{1,19}", value) is None:
            raise ExpressionFailed(f"{value[:40]!r} is not a whole number; write 12")
        return numbers.whole(int(value))
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return numbers.integral(value, ROUND_DOWN)


def _uint(work: Work, value: Number | str) -> int:
    found = _int(work, value)
    if found < 0:
        raise ExpressionFailed(f"{found} is below zero")
    return found


def _string(work: Work, value: str | bool | Number | datetime | Duration) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        text = numbers.written(value)
    else:
        text = moment_text(value) if isinstance(value, datetime) else str(value)
    work.make(len(text))
    return text


def _round(_: Work, value: Number, digits: Number | None = None) -> Number:
    if digits is None:
        return numbers.integral(value, ROUND_HALF_UP)
    places = numbers.as_whole(digits)
    if places is None or abs(places) > numbers.DIGITS:
        raise ExpressionFailed(f"round() takes from {-numbers.DIGITS} to {numbers.DIGITS} digits")
    return numbers.rounded(value, places)


def _abs(_: Work, value: Number) -> Number:
    return numbers.whole(abs(value)) if isinstance(value, int) else value.copy_abs()


def _money(work: Work, value: Number, code: str = "") -> str:
    code = code or work.currency
    if not code:
        raise ExpressionFailed('the process names no currency; write money(…, "GBP")')
    try:
        text = work.words.money(value, currency(code))
    except ValueError as error:
        raise ExpressionFailed(str(error)) from None
    work.make(len(text))
    return text


# lists


def _values(values: tuple[Any, ...]) -> Sequence[Any]:
    return values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values


def _sum(work: Work, values: Sequence[Any]) -> Number | Duration:
    total: Number | Duration = 0
    work.spend(6 * len(values))
    for index, value in enumerate(map(given, values)):
        if isinstance(value, Duration) and (isinstance(total, Duration) or index == 0):
            total = bounded(total + value) if isinstance(total, Duration) else value
        elif isinstance(value, int | Decimal) and not isinstance(value, bool) and not isinstance(total, Duration):
            total = numbers.add(total, value)
        else:
            raise ExpressionFailed(f"sum() takes a list of numbers, not of {kind_of(value)}", kind="type")
    return total


def _extreme(name: str, sign: int) -> Function:
    def run(work: Work, *values: Any) -> Any:
        if not (among := _values(values)):
            raise ExpressionFailed(f"{name}() of an empty list")
        work.spend(8 * len(among))
        found = given(among[0])
        for value in among:
            if work.compare(given(value), found) * sign > 0:
                found = given(value)
        return found

    return Function(run, "alone", ("",), "its arguments", 1, many=True)


def _distinct(work: Work, values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        work.spend(1 + len(found))
        if not any(work.equal(value, one) for one in found):
            found.append(value)
    work.make(4 * len(found))
    return found


def _flatten(work: Work, values: Sequence[Any]) -> list[Any]:
    parts = [one if isinstance(one, list | tuple) else (one,) for one in values]
    work.spend(len(parts))
    work.make(4 * sum(map(len, parts)))
    return [one for part in parts for one in part]


# texts


def _size(_: Work, value: str | list[Any] | dict[str, Any]) -> int:
    return len(value)


def _search(of: Callable[[str, str], Any], gives: str = "boolean") -> Function:
    def run(work: Work, text: str, part: str) -> Any:
        work.spend((len(text) + len(part)) >> 6)
        return of(text, part)

    return Function(run, "on a value", ("text", "text"), gives, 2)


def _at(text: str, at: Number, what: str, least: int = 0) -> int:
    index = numbers.as_whole(at)
    if index is None or not least <= index <= len(text):
        raise ExpressionFailed(f"{what} {at} is out of bounds: the text has {len(text)} characters")
    return index


def _find(name: str, of: Callable[[str, str, int], int]) -> Function:
    def run(work: Work, text: str, part: str, start: Number | None = None) -> int:
        work.spend((len(text) + len(part)) >> 6)
        return of(text, part, -1 if start is None else _at(text, start, f"{name}() from"))

    return Function(run, "on a value", ("text", "text", "number"), "whole number", 2)


def _char_at(_: Work, text: str, at: Number) -> str:
    index = _at(text, at, "charAt()")
    return text[index : index + 1]


def _substring(work: Work, text: str, start: Number, end: Number | None = None) -> str:
    first = _at(text, start, "substring() from")
    last = len(text) if end is None else _at(text, end, "substring() to", first)
    work.make(last - first)
    return text[first:last]


def _changed(of: Callable[[str], str]) -> Function:
    def run(work: Work, text: str) -> str:
        work.make(len(text))
        return of(text)

    return Function(run, "on a value", ("text",), "text", 1)


def _ascii(change: Callable[[str], str]) -> Function:
    table = {code: change(chr(code)) for code in range(128)}
    return _changed(lambda text: text.translate(table))


def _most(count: Number | None) -> int:
    whole = -1 if count is None else numbers.as_whole(count)
    if whole is None:
        raise ExpressionFailed(f"{count} is not a whole number")
    return whole


def _replace(work: Work, text: str, old: str, new: str, count: Number | None = None) -> str:
    most = _most(count)
    work.spend(len(text) >> 4)
    found = text.count(old)
    found = found if most < 0 else min(found, most)
    work.make(len(text) + found * max(len(new) - len(old), 0))
    return text.replace(old, new, found)


def _split(work: Work, text: str, separator: str, count: Number | None = None) -> list[str]:
    most = _most(count)
    if most == 0:
        return []
    work.make(len(text) * 2)
    if not separator:
        return list(text) if most < 0 else [*text[: most - 1], *([text[most - 1 :]] if len(text) >= most else [])]
    return text.split(separator, most - 1 if most > 0 else -1)


def _join(work: Work, texts: Sequence[Any], separator: str = "") -> str:
    work.spend(len(texts))
    for text in texts:
        if not isinstance(text, str):
            raise ExpressionFailed(f"join() takes a list of texts, not of {kind_of(text)}", kind="type")
    work.make(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


_TYPES = {
    "text": "string", "boolean": "bool", "moment": "google.protobuf.Timestamp", "span": "google.protobuf.Duration",
    "working time": "working_time", "list": "list", "object": "map", "nothing": "null_type",
}  # fmt: skip


def _type(_: Work, value: Any) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return "int" if isinstance(value, int) else "double"
    return _TYPES[KINDS[type(value)]]


FUNCTIONS: Mapping[str, Function] = {
    "date": Function(lambda work, value: moment(value, zone=work.zone), "alone", ("text moment",), "moment", 1),
    "day": Function(
        lambda work, value: local(moment(value, zone=work.zone), work.zone).date().isoformat(),
        "alone", ("text moment",), "text", 1,
    ),
    "days": Function(_days, "alone", ("number",), "span", 1),
    "span": Function(_span, "alone", ("text",), "span", 1),
    "workdays": Function(_workdays, "alone", ("text", "number"), "working time", 2),
    "workdays_between": Function(
        _workdays_between, "alone", ("text", "text moment", "text moment"), "whole number", 3
    ),
    "sum": Function(_sum, "alone", ("list",), "its arguments", 1),
    "min": _extreme("min", -1),
    "max": _extreme("max", 1),
    "round": Function(_round, "alone", ("number", "number"), "number", 1),
    "money": Function(_money, "alone", ("number", "text"), "text", 1),
    "floor": Function(lambda _, value: numbers.integral(value, ROUND_FLOOR), "alone", ("number",), "whole number", 1),
    "ceil": Function(lambda _, value: numbers.integral(value, ROUND_CEILING), "alone", ("number",), "whole number", 1),
    "abs": Function(_abs, "alone", ("number",), "its arguments", 1),
    "decimal": Function(_number, "alone", ("number text",), "number", 1),
    "double": Function(_number, "alone", ("number text",), "number", 1),
    "int": Function(_int, "alone", ("number text moment",), "whole number", 1),
    "uint": Function(_uint, "alone", ("number text",), "whole number", 1),
    "string": Function(_string, "alone", ("text boolean number moment span",), "text", 1),
    "timestamp": Function(_timestamp, "alone", ("text number moment",), "moment", 1),
    "duration": Function(_duration, "alone", ("text span",), "span", 1),
    "type": Function(_type, "alone", ("",), "text", 1),
    "dyn": Function(lambda _, value: value, "alone", ("",), "anything", 1),
    "size": Function(_size, "either", ("text list object",), "whole number", 1),
    "contains": _search(lambda text, part: part in text),
    "startsWith": _search(str.startswith),
    "endsWith": _search(str.endswith),
    "indexOf": _find("indexOf", lambda text, part, start: text.find(part, max(start, 0))),
    "lastIndexOf": _find(
        "lastIndexOf", lambda text, part, start: text.rfind(part, 0, None if start < 0 else start + len(part))
    ),
    "charAt": Function(_char_at, "on a value", ("text", "number"), "text", 2),
    "substring": Function(_substring, "on a value", ("text", "number", "number"), "text", 2),
    "lowerAscii": _ascii(str.lower),
    "upperAscii": _ascii(str.upper),
    "trim": _changed(lambda text: text.strip()),
    "replace": Function(_replace, "on a value", ("text", "text", "text", "number"), "text", 3),
    "split": Function(_split, "on a value", ("text", "text", "number"), "list of texts", 2),
    "distinct": Function(_distinct, "on a value", ("list",), "a part of it", 1),
    "flatten": Function(_flatten, "on a value", ("list",), "what is in it", 1),
    "join": Function(_join, "on a value", ("list", "text"), "text", 1),
    "getFullYear": _part(lambda at: at.year),
    "getMonth": _part(lambda at: at.month - 1),
    "getDate": _part(lambda at: at.day),
    "getDayOfMonth": _part(lambda at: at.day - 1),
    "getDayOfWeek": _part(lambda at: at.isoweekday() % 7),
    "getDayOfYear": _part(lambda at: at.timetuple().tm_yday - 1),
    "getHours": _part(lambda at: at.hour, lambda span: int(span / timedelta(hours=1))),
    "getMinutes": _part(lambda at: at.minute, lambda span: int(span / timedelta(minutes=1))),
    "getSeconds": _part(lambda at: at.second, lambda span: int(span / timedelta(seconds=1))),
    "getMilliseconds": _part(lambda at: at.microsecond // 1000, lambda span: span // timedelta(milliseconds=1) % 1000),
}  # fmt: skip
"""All functions that work on values alone; ``matches`` is in compiling.py, since its pattern is read beforehand."""
