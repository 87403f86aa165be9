"""Moments and spans as a person at a terminal reads them: in his own time zone where it is known, else in that of the
terminal, with the weekday."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from flowengine.cli.terminal import Terminal
from flowengine.speech import spoken_time


def local(moment: datetime, home: str = "") -> datetime:
    """A moment as the person's clock shows it; where his zone is not known, as those of the zone ``home`` do."""
    return moment.astimezone(_zone() or (ZoneInfo(home) if home else None))


def now() -> datetime:
    """What the person's clock shows, in the time that the command lives in: at a server, the server's."""
    terminal = _terminal()
    return local(terminal.now() if terminal else datetime.now(UTC))


def at_clock(shown: datetime) -> datetime:
    """The moment at which the person's clock shows that (``shown`` has no zone)."""
    zone = _zone()
    return (shown.replace(tzinfo=zone) if zone else shown).astimezone(UTC)


def midnight(day: date, *, over: bool = False) -> datetime:
    """When a day begins by the person's clock, or when it is over."""
    try:
        return at_clock(datetime.combine(day + timedelta(days=over), time()))
    except OverflowError:
        raise click.BadParameter(f"{day.isoformat()} is too far away.") from None


def _zone() -> ZoneInfo | None:
    """The person's zone; None for that of the terminal."""
    terminal = _terminal()
    try:
        return ZoneInfo(terminal.zone) if terminal and terminal.zone else None
    except ZoneInfoNotFoundError:
        return None


def _terminal() -> Terminal | None:
    context = click.get_current_context(silent=True)
    return context.find_object(Terminal) if context else None


def last_day(until: datetime) -> str:
    """Until when something holds: where it ends with a day, that day, which is the last one."""
    there = local(until)
    if there.time() == time():
        return spoken_time.day(there.date() - timedelta(days=1))
    return told(until)


def told(moment: datetime | None, home: str = "") -> str:
    """``Mon 3 May 2027, 10:00``, with the zone where a clock at this terminal shows another time; empty for None. Where
    the person's zone is not known, what is told of a process is told in its own: ``home``."""
    if moment is None:
        return ""
    here, there = moment.astimezone(), local(moment, home)
    if here.utcoffset() == there.utcoffset():
        return f"{spoken_time.day(here)}, {here:%H:%M}"
    return spoken_time.moment(moment, there.tzinfo or UTC, here.tzinfo)


def clock_time(moment: datetime, now: datetime, home: str = "") -> str:
    """``14:20``, where that is today; else the moment in full."""
    there = local(moment, home)
    return f"{there:%H:%M}" if there.date() == local(now, home).date() else told(moment, home)


def day(moment: datetime, home: str = "") -> str:
    """``Mon 3 May 2027``."""
    return spoken_time.day(local(moment, home))


def promised(moment: datetime, zone: str) -> str:
    """``Mon 3 May 2027``: a promised day, which ends in the zone of the process, or the day of a promised moment."""
    whole = spoken_time.last_day(moment, ZoneInfo(zone))
    return day(moment, zone) if whole is None else spoken_time.day(whole)


def distance(moment: datetime | None, now: datetime) -> str:
    """``in 3 days``, ``5 hours ago``; empty for None."""
    if moment is None:
        return ""
    ahead = moment - now
    size = length(abs(ahead))
    return f"in {size}" if ahead > timedelta() else f"{size} ago"


def length(span: timedelta) -> str:
    """``3 days``, ``5 hours``; ``a moment`` for less than a minute."""
    seconds = span.total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds > length * 0.99:
            count = round(seconds / length)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "a moment"
