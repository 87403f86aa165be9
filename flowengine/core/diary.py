"""Who is free when: an appointment needs a seat of its calendar, the customer, and somebody who meets him.

Of those who can meet him, one is booked: who has the appointment already (when it is moved), else one who has met the
customer in this job before, else who has the fewest appointments on that day, else the first by id. Where nobody is
known who could, the room and the customer alone decide.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta

from flowengine.core.seatings import person_seating
from flowengine.core.slots import Busy, Taken, open_times
from flowengine.core.world import CLOSED, Appointment, Worker
from flowengine.language.durations import Duration
from flowengine.language.parts import Calendar
from flowengine.speech.phrases import phrase

Spans = Sequence[tuple[datetime, datetime]]

_GRID = Duration(rest=timedelta(minutes=1))


class Diary:
    """The appointments around some time, for one job's fitting of a length.

    ``booked`` are the appointments of the calendar and of all concerned that overlap the time from ``first`` to
    ``last``; the job's own one that begins at ``own`` is to be replaced, and is in nobody's way.
    """

    def __init__(
        self,
        calendar: Calendar,
        length: timedelta,
        customer: str,
        workers: Sequence[Worker],
        booked: Mapping[str, Sequence[Appointment]],
        times: tuple[datetime, datetime],
        own: tuple[str, datetime | None],
    ) -> None:
        def others(name: str) -> Taken:
            found = booked.get(name, ())
            return [(one.start, one.end) for one in found if one.job != CLOSED and (one.job, one.start) != own]

        self._length, self._seats, self._zone = length, calendar.seats, calendar.clock
        self.room = others(calendar.name)
        self._room = Busy(self.room)
        self._closed = Busy([(one.start, one.end) for one in booked.get(calendar.name, ()) if one.job == CLOSED])
        self._customer = Busy(others(person_seating(customer)))
        self._workers = []
        known: dict[Hashable, Spans] = {}
        for one in workers:
            hours = None if one.hours is None else _works(one, calendar, times, known)
            self._workers.append(_Working(one, hours, others(person_seating(one.id))))

    def people_are_free(self, start: datetime) -> bool:
        """Whether the customer, and somebody who can meet him, are free for an appointment that begins then."""
        end = start + self._length
        return not self._customer.most(start, end) and (
            not self._workers or any(one.is_free(start, end) for one in self._workers)
        )

    def is_closed(self, start: datetime) -> bool:
        """Whether the calendar is closed for an appointment that begins then, whatever its hours are."""
        return self._closed.most(start, start + self._length) > 0

    def problem(self, start: datetime) -> str:
        """Why there can be no appointment that begins then; empty when there can."""
        end = start + self._length
        if self.is_closed(start):
            return phrase("is not free: it is closed then")
        if self._room.most(start, end) >= self._seats:
            return phrase("was booked by another in the meantime")
        if self._customer.most(start, end):
            return phrase("is not free: the customer has another appointment then")
        return (
            ""
            if self.people_are_free(start)
            else phrase("is not free: nobody who could meet the customer is free then")
        )

    def who(self, start: datetime, now: str, before: Collection[str]) -> str:
        """Who is to meet the customer at an appointment that begins then: ``now`` has the one that is to be moved,
        ``before`` are those who have met him. Empty where nobody is known."""
        end, day = start + self._length, start.astimezone(self._zone).date()
        free = [one for one in self._workers if one.is_free(start, end)]

        def rank(one: _Working) -> tuple[bool, bool, int, str]:
            that_day = sum(begin.astimezone(self._zone).date() == day for begin, _ in one.busy.taken)
            return one.id != now, one.id not in before, that_day, one.id

        return min(free, key=rank).id if free else ""


class _Working:
    """One member of staff: his working hours as instants, his absences and appointments."""

    def __init__(self, worker: Worker, hours: Spans | None, taken: Taken) -> None:
        self.id = worker.id
        self.busy = Busy(taken)
        self._away = worker.away
        self._hours = hours

    def is_free(self, start: datetime, end: datetime) -> bool:
        if self._hours is not None:
            place = bisect_right(self._hours, start, key=lambda span: span[0]) - 1
            if place < 0 or self._hours[place][1] < end:
                return False
        return not any(begin < end and start < over for begin, over in self._away) and not self.busy.most(start, end)


def _works(worker: Worker, calendar: Calendar, times: tuple[datetime, datetime], known: dict[Hashable, Spans]) -> Spans:
    """His working hours as instants; those who work alike are reckoned once."""
    hours, zone = worker.hours or {}, worker.zone or calendar.zone
    alike = (zone, *hours.items())
    if alike not in known:
        own = Calendar(name=worker.id, zone=zone, hours=hours, every=_GRID)
        known[alike] = _joined(open_times(own, *times))
    return known[alike]


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> Spans:
    """The spans in order, those that touch as one."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def day_around(calendar: Calendar, start: datetime, length: timedelta) -> tuple[datetime, datetime]:
    """The day, in the calendar's zone, on which an appointment begins, until it is over at the earliest."""
    zone = calendar.clock
    day = start.astimezone(zone).date()
    begin = datetime.combine(day, time(), zone)
    return min(begin, start), max(datetime.combine(day + timedelta(days=1), time(), zone), start + length)
