"""Days and moments as people say them: ``Sun 10 May 2026, 22:00``, with the zone where somebody could take another. In
sentences they have their whole names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
"""Names of our own: those of ``strftime`` follow the locale of the machine."""


def day(value: date, *, in_full: bool = False) -> str:
    """``Mon 5 Oct 2026``; in sentences in full, ``Monday, 5 October 2026``."""
    weekday, month = _DAYS[value.weekday()], MONTHS[value.month - 1]
    if in_full:
        return f"{weekday}, {value.day} {month} {value.year}"
    return f"{weekday[:3]} {value.day} {month[:3]} {value.year}"


def moment(
    value: datetime,
    zone: tzinfo,
    home: tzinfo | None = None,
    *,
    in_full: bool = False,
    spoken: Callable[[date, bool], str] | None = None,
) -> str:
    """``Mon 5 Oct 2026, 10:00`` as clocks in the zone show it, its day as ``spoken`` says it, else in English. The zone
    is said where those at ``home`` show another time, and UTC always, for nobody's clock need show it: ``Sun 10 May
    2026, 22:00 (New York)``."""
    local = value.astimezone(zone)
    told = f"{spoken(local, in_full) if spoken else day(local, in_full=in_full)}, {local:%H:%M}"
    if str(zone) in ("UTC", "Etc/UTC"):
        return f"{told} UTC"
    elsewhere = home is not None and value.astimezone(home).utcoffset() != local.utcoffset()
    return f"{told} ({_place(local)})" if elsewhere else told


def span(months: int, days: int, rest: timedelta, *, working: bool = False) -> str:
    """A length as it is meant: ``1 month 2 days``, ``3 working days``, ``45 minutes``, ``0 seconds``."""
    which = "working " if working else ""
    told = (f"{n} {which}{unit}{'' if abs(n) == 1 else 's'}" for n, unit in parts_of(months, days, rest))
    return " ".join(told) or "0 seconds"


def parts_of(months: int, days: int, rest: timedelta) -> list[tuple[int, str]]:
    """A length as counts of units, largest first; those of which there are none are left out."""
    sign, left = (-1 if rest < timedelta() else 1), abs(rest)
    hours, minutes, seconds = left.seconds // 3600, left.seconds // 60 % 60, left.seconds % 60
    parts = (
        (months, "month"), (days + sign * left.days, "day"),
        (sign * hours, "hour"), (sign * minutes, "minute"), (sign * seconds, "second"),
    )  # fmt: skip
    return [(n, unit) for n, unit in parts if n]


def last_day(value: datetime, zone: tzinfo) -> date | None:
    """The day of which a moment is the last instant in the zone, as a promised date is kept; None for any other. The
    days of promises that were made before processes had zones end in UTC."""
    ends = (value.astimezone(one) for one in (zone, UTC))
    return next((local.date() for local in ends if local.time() == time.max), None)


def _place(local: datetime) -> str:
    """Where clocks show that time: ``New York``, ``CET``, ``UTC-05``."""
    name = str(local.tzinfo)
    return f"UTC{local:%Z}" if name.startswith("Etc/") else name.rpartition("/")[2].replace("_", " ")
