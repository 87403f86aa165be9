"""The slots of a calendar: which appointments can be had.

Opening hours are kept in the calendar's own time zone; slots are instants, so an hour that a clock change skips has
no slots and an hour that it repeats has them twice. Moments come in and go out as aware UTC datetimes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from flowengine.errors import BadAnswer
from flowengine.language.calendars import openings
from flowengine.language.durations import Duration
from flowengine.language.parts import Calendar
from flowengine.speech.phrases import moment_phrase, phrase

Taken = Sequence[tuple[datetime, datetime]]
"""Appointments that are booked or held: start and end of each."""

_NAMED = 10
"""How many slots a refusal names."""

_ALMOST_A_MINUTE = timedelta(seconds=59, microseconds=999_999)
_FINEST = timedelta(minutes=1)
"""The finest grid there is."""


def length_of(calendar: Calendar, length: Duration) -> timedelta:
    """How long an appointment is: ``length``, or one step of the calendar's grid where it is zero."""
    return length.exact or calendar.every.exact


def window(calendar: Calendar, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment at which an offered slot may start."""
    zone = calendar.clock
    return calendar.notice.after(now, zone), calendar.ahead.after(now, zone)


def all_slots(calendar: Calendar, length: Duration, first: datetime, last: datetime) -> Iterator[datetime]:
    """The starts of all slots from ``first`` to ``last``, both included, in order, taken or not."""
    zone = calendar.clock
    long = length_of(calendar, length)
    for day in _days(zone, first, last):
        found = {
            start
            for opening in _openings(calendar, zone, day)
            if opening.begin <= last and opening.end >= first
            for start in opening.slots(long)
            if first <= start <= last
        }
        yield from sorted(found)


def is_slot(calendar: Calendar, length: Duration, start: datetime) -> bool:
    """Whether a slot starts then, taken or not: found on the openings around it, without listing their slots."""
    zone, long = calendar.clock, length_of(calendar, length)
    return any(
        opening.fits(start, long) for day in _days(zone, start, start) for opening in _openings(calendar, zone, day)
    )


def open_times(calendar: Calendar, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times of opening that may touch the time from ``first`` to ``last``, as instants, in order."""
    zone = calendar.clock
    for day in _days(zone, first, last):
        for opening in _openings(calendar, zone, day):
            yield opening.begin, opening.end


def free_slots(
    calendar: Calendar, length: Duration, now: datetime, taken: Taken = (), limit: int | None = None
) -> list[datetime]:
    """The starts of the slots that can be booked now, in order; at most ``limit``."""
    long = length_of(calendar, length)
    busy = Busy(taken)
    found: list[datetime] = []
    for start in all_slots(calendar, length, *window(calendar, now)):
        if limit is not None and len(found) >= limit:
            break
        if busy.most(start, start + long) < calendar.seats:
            found.append(start)
    return found


def check_slot(calendar: Calendar, length: Duration, start: datetime, now: datetime, where: str = "") -> None:
    """Refuse a start that is no slot of the calendar, or too near or too far ahead.

    Raises :class:`BadAnswer` that names the slots nearest to what was asked. Whether a slot is taken is the store's to
    say, which alone can say it for all jobs at once.
    """
    first, last = window(calendar, now)
    if start < first:
        problem = phrase(
            "is too soon; slots are offered from %(moment)s",
            moment=moment_phrase(_minute(first + _ALMOST_A_MINUTE), calendar.clock),
        )
    elif start > last:
        problem = phrase(
            "is too far ahead; slots are offered until %(moment)s", moment=moment_phrase(_minute(last), calendar.clock)
        )
    elif is_slot(calendar, length, start):
        return
    else:
        problem = phrase("is no slot of the calendar %(name)s", name=calendar.name)
    raise BadAnswer({"slot": problem}, where=where, possible=nearest(calendar, length, start, now))


def _minute(moment: datetime) -> datetime:
    """The whole minute of a moment, for telling it."""
    return moment.replace(second=0, microsecond=0)


def nearest(calendar: Calendar, length: Duration, start: datetime, now: datetime) -> list[str]:
    """The offered slots nearest to a moment, in order of time, as texts; taken ones are among them."""
    first, last = window(calendar, now)
    middle = min(max(start, first), last)
    for days in (2, 8, 32):
        span = timedelta(days=days)
        around = list(all_slots(calendar, length, max(first, middle - span), min(last, middle + span)))
        if len(around) >= _NAMED:
            break
    around.sort(key=lambda slot: abs(slot - middle))
    return [_text(slot) for slot in sorted(around[:_NAMED])]


def read_slot(calendar: Calendar, length: Duration, text: object, now: datetime, where: str = "") -> datetime:
    """A slot's start from ISO 8601 text; without an offset it is a time of day in the calendar's zone."""
    try:
        if not isinstance(text, str) or len(text) > 40:
            raise ValueError
        moment = datetime.fromisoformat(text)
        local = moment if moment.tzinfo else moment.replace(tzinfo=calendar.clock)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        problem = phrase("must be the start of a slot, as 2026-05-01T09:00:00Z")
        raise BadAnswer({"slot": problem}, where=where, possible=nearest(calendar, length, now, now)) from None


class _Opening(NamedTuple):
    """One time of opening: by the clock on the wall, and the instants in which it begins at the earliest and ends at
    the latest. A slot begins on a grid of ``every`` from its beginning."""

    opens: datetime
    closes: datetime
    begin: datetime
    end: datetime
    every: timedelta
    zone: tzinfo

    def slots(self, length: timedelta) -> Iterator[datetime]:
        start, steady = self.begin, self._is_steady
        while start + length <= self.end:
            if steady or self._holds(start, length):
                yield start
            start += self.every

    def fits(self, start: datetime, length: timedelta) -> bool:
        """Whether :meth:`slots` has this start."""
        inside = self.begin <= start and start + length <= self.end
        return inside and not (start - self.begin) % self.every and self._holds(start, length)

    @property
    def _is_steady(self) -> bool:
        """Whether no clock is changed from its beginning to its end, so that it holds whatever lies between."""
        kept = self.end - self.begin == self.closes - self.opens
        return kept and _local(self.begin, self.zone) == self.opens and _local(self.end, self.zone) == self.closes

    def _holds(self, start: datetime, length: timedelta) -> bool:
        """Whether it is open by the clock on the wall, which may have been changed in between."""
        return _local(start, self.zone) >= self.opens and _local(start + length, self.zone) <= self.closes


def _days(zone: tzinfo, first: datetime, last: datetime) -> Iterator[date]:
    """The days whose openings may have slots from ``first`` to ``last``: an opening may last beyond midnight."""
    day, end = (first - timedelta(days=1)).astimezone(zone).date(), last.astimezone(zone).date()
    while day <= end:
        yield day
        day += timedelta(days=1)


def _openings(calendar: Calendar, zone: tzinfo, day: date) -> Iterator[_Opening]:
    every = max(calendar.every.exact, _FINEST)
    return (_Opening(*one, every, zone) for one in openings(calendar, day))


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class Busy:
    """Booked appointments, for asking how many run side by side."""

    def __init__(self, taken: Iterable[tuple[datetime, datetime]]) -> None:
        self.taken = sorted(taken)
        self.starts = [start for start, _ in self.taken]
        self.longest = max((end - start for start, end in self.taken), default=timedelta())

    def most(self, start: datetime, end: datetime) -> int:
        """The largest number of appointments at one moment between ``start`` and ``end``."""
        low, high = bisect_left(self.starts, start - self.longest), bisect_left(self.starts, end)
        met = [one for one in self.taken[low:high] if one[1] > start]
        return max((sum(s <= max(at, start) < e for s, e in met) for at, _ in met), default=0)


HOURS_OF_OFFICE = {day: ((time(9), time(17)),) for day in range(5)}
"""Monday to Friday, nine to five: when nothing else is said."""
