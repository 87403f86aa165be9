"""ISO 8601 durations: ``P3D``, ``PT45M``, ``P1M``. Months and years follow the calendar, the rest is exact."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_PATTERN = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
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
    """A span of time: whole months, and an exact rest."""

    months: int = 0
    rest: timedelta = timedelta()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read an ISO 8601 duration; raises ``ValueError`` that says what one looks like."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            advice = f"write {meant}" if (meant := _meant(text)) else "write ISO 8601, for example P3D, PT45M or P1M"
            raise ValueError(f"{text[:40]!r} is not a duration; {advice}")
        number = {name: float(value or 0) for name, value in match.groupdict().items()}
        exact = {name: number[name] for name in ("weeks", "days", "hours", "minutes", "seconds")}
        return cls(months=int(number["years"] * 12 + number["months"]), rest=timedelta(**exact))

    def after(self, moment: datetime) -> datetime:
        """The moment this long after another. The 31st plus a month is the last day of the month."""
        if self.months:
            index = moment.year * 12 + moment.month - 1 + self.months
            year, month = divmod(index, 12)
            day = min(moment.day, calendar.monthrange(year, month + 1)[1])
            moment = moment.replace(year=year, month=month + 1, day=day)
        return moment + self.rest

    @property
    def seconds(self) -> float:
        """The length in seconds, a month counted as 30 days: for comparing and estimating only."""
        return self.months * 30 * 86400 + self.rest.total_seconds()

    def __str__(self) -> str:
        seconds = self.rest.total_seconds()
        days, seconds = divmod(seconds, 86400)
        hours, seconds = divmod(seconds, 3600)
        minutes, seconds = divmod(seconds, 60)
        date = (f"{self.months}M" if self.months else "") + (f"{days:g}D" if days else "")
        time = "".join(f"{n:g}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
        return f"P{date}T{time}" if time else f"P{date}" if date else "PT0S"
