"""Moments and spans as a person at a terminal reads them: in the terminal's own time zone, with the weekday."""

from __future__ import annotations

from datetime import datetime, timedelta


def told(moment: datetime | None) -> str:
    """``Mon 3 May 2027, 10:00`` in local time; empty for None."""
    return f"{_date(moment.astimezone())}, {moment.astimezone():%H:%M}" if moment is not None else ""


def day(moment: datetime) -> str:
    """``Mon 3 May 2027``. The last instant of a day in UTC, which a promised date becomes, is that day everywhere."""
    whole = moment.hour == 23 and moment.minute == 59 and moment.second == 59
    return _date(moment if whole else moment.astimezone())


def _date(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y}"


def distance(moment: datetime | None, now: datetime) -> str:
    """``in 3 days``, ``5 hours ago``; empty for None."""
    if moment is None:
        return ""
    ahead = moment - now
    size = _size(abs(ahead))
    return f"in {size}" if ahead > timedelta() else f"{size} ago"


def _size(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds > length * 0.99:
            count = round(seconds / length)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "a moment"
