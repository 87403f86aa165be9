"""Lengths of time: ISO 8601 durations (``P3D``, ``PT45M``, ``P1M``), and lengths of working time.

Of a duration years to days follow the calendar, the rest is exact. What working time comes to, a calendar of the
process says (:mod:`flowengine.language.calendars`).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

from flowengine.problem import Place

_PATTERN = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,8})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)


_LOOSE = re.compile(r"\s*(?:PT?)?\s*(?P<number>\d{1,5})\s*(?P<unit>[a-z]+)\s*", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "PT{}S"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "PT{}M"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "PT{}H"),
    **dict.fromkeys(("d", "day", "days"), "P{}D"),
    **dict.fromkeys(("w", "week", "weeks"), "P{}W"),
    **dict.fromkeys(("month", "months"), "P{}M"),
    **dict.fromkeys(("y", "year", "years"), "P{}Y"),
}


def _meant(text: str) -> str:
    """The duration that was perhaps meant by ``3 days``, ``14d`` or ``PT14D``."""
    match = _LOOSE.fullmatch(text)
    pattern = _UNITS.get(match["unit"].lower()) if match else None
    return pattern.format(int(match["number"])) if match and pattern else ""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole months and whole days by the calendar, and an exact rest."""

    months: int = 0
    days: int = 0
    rest: timedelta = timedelta()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read an ISO 8601 duration; raises ``ValueError`` that says what one looks like."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            advice = f"write {meant}" if (meant := _meant(text)) else "write ISO 8601, for example P3D, PT45M or P1M"
            raise ValueError(f"{text[:40]!r} is not a duration; {advice}")
        number = {name: float(value or 0) for name, value in match.groupdict().items()}
        return cls(
            months=int(number["years"] * 12 + number["months"]),
            days=int(number["weeks"] * 7 + number["days"]),
            rest=timedelta(hours=number["hours"], minutes=number["minutes"], seconds=number["seconds"]),
        )

    @classmethod
    def usable(cls, text: str) -> Duration:
        """Read a duration that can be reckoned with: of a hundred years at most. Raises ``ValueError``."""
        found = cls.parse(text)
        if found.months / 12 + found.exact / timedelta(days=366) > 100:
            raise ValueError(f"{text[:40]!r} is longer than a hundred years")
        return found

    def after(self, moment: datetime, zone: tzinfo = UTC) -> datetime:
        """The moment this long after another. The 31st plus a month is the last day of the month; months and
        days keep the time of day that clocks show in the zone. Raises ``OverflowError`` outside the years 1 to 9999."""
        if self.months or self.days:
            local = moment.astimezone(zone)
            if self.months:
                year, month = divmod(local.year * 12 + local.month - 1 + self.months, 12)
                if not 1 <= year <= 9999:
                    raise OverflowError("date value out of range")
                day = min(local.day, calendar.monthrange(year, month + 1)[1])
                local = local.replace(year=year, month=month + 1, day=day)
            there = local + timedelta(days=self.days)
            return (there.astimezone(UTC) + self.rest).astimezone(moment.tzinfo)
        return (moment.astimezone(UTC) + self.rest).astimezone(moment.tzinfo)

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.days, -self.rest)

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.months + other.months, self.days + other.days, self.rest + other.rest)

    def compare(self, other: Duration) -> int:
        """Below, at or above 0 as it is shorter, as long or longer, a day being 24 hours. Raises ``ValueError`` where
        that depends on the month: ``P1M`` and ``P30D``."""
        months, exact = self.months - other.months, self.exact - other.exact
        least, most = (timedelta(days=days) * months + exact for days in sorted((28, 31), key=lambda one: one * months))
        if least > timedelta() or most < timedelta() or not months:
            return (least > timedelta()) - (most < timedelta())
        raise ValueError(f"which of {self} and {other} is longer depends on the month; add both to a moment")

    @property
    def exact(self) -> timedelta:
        """The length without its months, a day counted as 24 hours."""
        return timedelta(days=self.days) + self.rest

    @property
    def seconds(self) -> float:
        """The length in seconds, a month counted as 30 days: for comparing and estimating only."""
        return self.months * 30 * 86400 + self.exact.total_seconds()

    def __str__(self) -> str:
        micros = self.rest // timedelta(microseconds=1)
        sign, micros = (-1 if micros < 0 else 1), abs(micros)
        minutes, rest = divmod(micros, 60_000_000)
        hours, minutes = divmod(minutes, 60)
        seconds = f"{rest // 1_000_000}.{rest % 1_000_000:06}".rstrip("0").rstrip(".")
        date = "".join(f"{n}{unit}" for n, unit in ((self.months, "M"), (self.days, "D")) if n)
        time = "".join(f"{n * sign}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
        if rest:
            time += f"{'-' if sign < 0 else ''}{seconds}S"
        return f"P{date}T{time}" if time else f"P{date}" if date else "PT0S"


@dataclass(frozen=True, slots=True)
class Working:
    """A length of working time: ``length`` has days on which the calendar of that name is open, and open hours."""

    length: Duration
    calendar: str
    place: Place = field(default=Place(), compare=False)

    def __neg__(self) -> Working:
        return Working(-self.length, self.calendar, self.place)

    @property
    def seconds(self) -> float:
        """About how long it lasts, in seconds, with five days of eight hours a week: for comparing and estimating."""
        days = self.length.days + self.length.rest / timedelta(hours=8)
        return days * 86400 * 7 / 5

    def __str__(self) -> str:
        return f"{self.length} of working time in {self.calendar}"


Length: TypeAlias = Duration | Working
"""How long something is: by every clock, or in working time."""
