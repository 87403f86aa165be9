"""Calendars: when something is open, and what so many working days or open hours come to.

Opening hours are kept in the calendar's own zone. A day is *open* when its weekday has hours and it is neither
``closed`` nor a public holiday. All moments come in and go out as aware datetimes.

Working time is counted so:

1. The count begins in opening hours. A moment outside of them counts as the next opening; going back, a moment after
   the last closing of an open day counts as that closing.
2. Days: so many open days later (or earlier), at the same time of day. Where that day is not open at that time, it is
   the day's next opening, or its last closing.
3. Hours: open hours from there on, or back. Where they are used up as it closes, that is the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration, Working
from flowengine.language.public_holidays import public_holidays
from flowengine.problem import Place

LONGEST = timedelta(days=2_500)
"""The longest working time, in open days: about ten years of them."""
MOST_WALKED = 20_000
"""Days looked at for one length of working time (L12): the longest one, where one day a week is open."""
_COSTS = 12
"""Steps of an evaluation for each of these days."""

Hours = Mapping[int, tuple[tuple[time, time], ...]]
"""Opening hours by weekday, 0 being Monday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When something is open: hours by weekday (0 is Monday) in a time zone, cut into slots for appointments.

    A slot starts every ``every``; ``seats`` appointments fit side by side. Slots are offered from ``notice`` from now
    until ``ahead`` from now. It is never open on a ``closed`` day, nor on a public holiday of the country (or part of
    one) in ``holidays``.
    """

    name: str
    zone: str = ""
    """The zone of its hours; empty: that of the process, which is UTC before it is put in use anywhere."""
    hours: Hours
    every: Duration
    notice: Duration = Duration()
    ahead: Duration = Duration(months=2)
    seats: int = 1
    closed: frozenset[date] = frozenset()
    holidays: str = ""
    place: Place = field(default=Place(), compare=False)
    holidays_place: Place = field(default=Place(), compare=False)

    @property
    def clock(self) -> tzinfo:
        """The zone of its hours."""
        return ZoneInfo(self.zone) if self.zone else UTC

    def is_open(self, day: date) -> bool:
        """Whether it opens on that day at all. Raises :class:`ExpressionFailed` where nobody knows its holidays."""
        if not self.hours.get(day.weekday()) or day in self.closed:
            return False
        return not self.holidays or day not in public_holidays(self.holidays, day.year)


class Opening(NamedTuple):
    """One time of opening: by the clock on the wall, and the instants in which it begins at the earliest and ends at
    the latest."""

    opens: datetime
    closes: datetime
    begin: datetime
    end: datetime


def openings(calendar: Calendar, day: date) -> Iterator[Opening]:
    """The times of opening that begin on a day, in order."""
    if calendar.is_open(day):
        zone = calendar.clock
        for opens, closes in calendar.hours[day.weekday()]:
            open_at = datetime.combine(day, opens)
            close_at = datetime.combine(day if closes > opens else day + timedelta(days=1), closes)
            yield Opening(open_at, close_at, min(_instants(open_at, zone)), max(_instants(close_at, zone)))


def _instants(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Both readings of a time of day: they differ when the clock changes there (PEP 495)."""
    return (
        local.replace(tzinfo=zone, fold=0).astimezone(UTC),
        local.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )


Spend = Callable[[int], None]
"""Takes steps of an evaluation's budget."""


def working_after(at: datetime, working: Working, calendar: Calendar, spend: Spend = lambda _: None) -> datetime:
    """The moment that is so much working time after another, or before it, where the length is below zero.

    Raises :class:`ExpressionFailed` where the calendar is not open for so long within :data:`MOST_WALKED` days, or
    where nobody knows its holidays.
    """
    try:
        return _Count(calendar, working, spend).after(at)
    except OverflowError:
        raise ExpressionFailed("the moment would be outside the years 1 to 9999") from None


def working_days(first: date, last: date, calendar: Calendar, spend: Spend = lambda _: None) -> int:
    """How many open days there are from one day, which counts, to another, which does not; below zero where the other
    is the earlier one. Raises as :func:`working_after` does."""
    length = abs((last - first).days)
    if length > MOST_WALKED:
        raise ExpressionFailed(f"working days are counted over at most {MOST_WALKED:,} days, not {length:,}")
    spend(_COSTS * length)
    earlier = min(first, last)
    found = sum(calendar.is_open(earlier + timedelta(days=number)) for number in range(length))
    return found if first <= last else -found


class _Count:
    """One length of working time being counted."""

    def __init__(self, calendar: Calendar, working: Working, spend: Spend) -> None:
        self.calendar = calendar
        self.working = working
        self.spend = spend
        self.left = MOST_WALKED

    def after(self, at: datetime) -> datetime:
        length, zone = self.working.length, self.calendar.clock
        back = length.days < 0 or length.rest < timedelta()
        day, moment = self._begin(at.astimezone(UTC), back)
        if length.days:
            since_midnight = moment.astimezone(zone).replace(tzinfo=None) - datetime.combine(day, time())
            days = self._open_days(day, -1 if back else 1)
            for _ in range(abs(length.days) + 1):
                day = next(days)
            there = (datetime.combine(day, time()) + since_midnight).replace(tzinfo=zone).astimezone(UTC)
            moment = _into(there, list(openings(self.calendar, day)))
        if length.rest:
            moment = self._hours_back(day, moment, -length.rest) if back else self._hours(day, moment, length.rest)
        return moment.astimezone(at.tzinfo)

    def _begin(self, at: datetime, back: bool) -> tuple[date, datetime]:
        """The open day on which the count begins, and the moment."""
        today = at.astimezone(self.calendar.clock).date()
        for day in self._open_days(today, 1):
            found = list(openings(self.calendar, day))
            if back or day > today or at <= found[-1].end:
                return day, _into(at, found)
        raise AssertionError("open days end with an error")

    def _hours(self, first: date, moment: datetime, rest: timedelta) -> datetime:
        for day in self._open_days(first, 1):
            for one in openings(self.calendar, day):
                moment = max(moment, one.begin)
                if moment + rest <= one.end:
                    return moment + rest
                rest -= max(one.end - moment, timedelta())
                moment = max(moment, one.end)
        raise AssertionError("open days end with an error")

    def _hours_back(self, first: date, moment: datetime, rest: timedelta) -> datetime:
        for day in self._open_days(first, -1):
            for one in reversed(list(openings(self.calendar, day))):
                moment = min(moment, one.end)
                if moment - rest >= one.begin:
                    return moment - rest
                rest -= max(moment - one.begin, timedelta())
                moment = min(moment, one.begin)
        raise AssertionError("open days end with an error")

    def _open_days(self, day: date, step: int) -> Iterator[date]:
        """The open days from a day on, itself included, or back from it."""
        while self.left:
            self.left -= 1
            self.spend(_COSTS)
            if self.calendar.is_open(day):
                yield day
            day += timedelta(days=step)
        what = f"the calendar {self.calendar.name!r} is not open for {self.working.length} within {MOST_WALKED:,} days"
        raise ExpressionFailed(what)


def _into(moment: datetime, hours: list[Opening]) -> datetime:
    """A moment moved into the opening hours of a day: to the next opening, or else to the last closing."""
    for one in hours:
        if moment <= one.end:
            return max(moment, one.begin)
    return hours[-1].end
