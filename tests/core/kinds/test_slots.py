"""Slots: inside opening hours, whatever the clocks do, and never more side by side than there are seats."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from types import FrameType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine.core.slots import all_slots, check_slot, free_slots, nearest, window
from flowengine.errors import BadAnswer
from flowengine.language.durations import Duration
from flowengine.language.parts import Calendar

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"]
NIGHT = {day: ((time(0, 15), time(4)), (time(22), time(23, 30))) for day in range(7)}
DAY = {day: ((time(9), time(12)), (time(13), time(17))) for day in range(5)}


def minutes(number: int) -> Duration:
    return Duration(rest=timedelta(minutes=number))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Calendars in zones with and without clock changes, open by day and by night."""
    return Calendar(
        name="shop",
        zone=draw(st.sampled_from(ZONES)),
        hours=draw(st.sampled_from([NIGHT, DAY])),
        every=minutes(draw(st.sampled_from([15, 20, 30, 60]))),
        notice=Duration(rest=timedelta(hours=draw(st.integers(0, 48)))),
        ahead=Duration(rest=timedelta(days=draw(st.integers(3, 12)))),
        seats=draw(st.integers(1, 3)),
        closed=frozenset({date(2026, 3, 30), date(2026, 11, 2)}),
    )


NOWS = st.sampled_from(
    # just before clocks change: in Europe, America, Lord Howe (by half an hour), Morocco (around Ramadan)
    [datetime(2026, *day, 13, 7, tzinfo=UTC) for day in [(3, 27), (10, 23), (3, 6), (10, 30), (4, 3), (10, 2), (2, 13)]]
)
LENGTHS = st.sampled_from([15, 30, 45, 60, 100]).map(minutes)


@settings(max_examples=60, deadline=None)
@given(calendars(), LENGTHS, NOWS)
def test_slots_are_inside_opening_hours(calendar: Calendar, length: Duration, now: datetime) -> None:
    """Every slot begins and ends within one span of opening hours in the calendar's zone, and never on a closed day."""
    zone = ZoneInfo(calendar.zone)
    first, last = window(calendar, now)
    slots = free_slots(calendar, length, now)
    assert slots == sorted(set(slots))
    for slot in slots:
        assert first <= slot <= last
        begin = slot.astimezone(zone).replace(tzinfo=None)
        end = (slot + length.rest).astimezone(zone).replace(tzinfo=None)
        assert begin.date() not in calendar.closed
        spans = calendar.hours[begin.weekday()]
        assert any(
            datetime.combine(begin.date(), opens) <= begin and end <= datetime.combine(begin.date(), closes)
            for opens, closes in spans
        ), (slot, begin, end)


@settings(max_examples=60, deadline=None)
@given(calendars(), LENGTHS, NOWS, st.data())
def test_never_more_at_once_than_seats(
    calendar: Calendar, length: Duration, now: datetime, data: st.DataObject
) -> None:
    """Whoever books a free slot, at no moment are more appointments running than there are seats."""
    taken: list[tuple[datetime, datetime]] = []
    for _ in range(12):
        free = free_slots(calendar, length, now, taken)
        if not free:
            break
        start = data.draw(st.sampled_from(free[:6]))
        taken.append((start, start + length.rest))
    for moment, _ in taken:
        assert sum(start <= moment < end for start, end in taken) <= calendar.seats


@settings(max_examples=40, deadline=None)
@given(calendars(), LENGTHS, NOWS, st.integers(0, 20 * 24 * 4))
def test_what_is_refused_is_not_offered(calendar: Calendar, length: Duration, now: datetime, quarter: int) -> None:
    """A start is refused exactly when it is not offered, and each slot named instead is taken."""
    start = now.replace(minute=0) + timedelta(minutes=15 * quarter)
    offered = free_slots(calendar, length, now)
    try:
        check_slot(calendar, length, start, now)
        assert start in offered
    except BadAnswer as refused:
        assert start not in offered
        for text in refused.possible:
            check_slot(calendar, length, datetime.fromisoformat(text), now)


CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def odd_calendars(draw: st.DrawFn) -> Calendar:
    """Calendars with any opening hours, also over midnight and over each other, on any grid."""
    spans = st.lists(st.tuples(CLOCKS, CLOCKS), max_size=3).map(tuple)
    return Calendar(
        name="odd",
        zone=draw(st.sampled_from([*ZONES, "America/St_Johns", "Pacific/Apia", "Africa/Monrovia"])),
        hours=draw(st.dictionaries(st.integers(0, 6), spans)),
        every=Duration(rest=timedelta(seconds=draw(st.integers(0, 90 * 60)))),
        ahead=Duration(rest=timedelta(days=4)),
        closed=draw(st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=3)),
    )


@settings(max_examples=150, deadline=None)
@given(odd_calendars(), st.integers(1, 26 * 60).map(minutes), NOWS, st.data())
def test_a_slot_is_one_that_would_be_listed(
    calendar: Calendar, length: Duration, now: datetime, data: st.DataObject
) -> None:
    """Whatever the calendar, the zone and its clocks, a start is taken exactly when it is in the list of slots."""
    listed = list(all_slots(calendar, length, *window(calendar, now)))
    asked = st.integers(-120, 5 * 24 * 60).map(lambda number: now + timedelta(minutes=number))
    near = st.tuples(st.sampled_from(listed or [now]), st.sampled_from([0, 1, -1, 60, 1800, 3600, -3600])).map(
        lambda pair: pair[0] + timedelta(seconds=pair[1])
    )
    for start in data.draw(st.lists(asked | near, min_size=1, max_size=8)):
        try:
            check_slot(calendar, length, start, now)
            assert start in listed
        except BadAnswer:
            assert start not in listed


def test_checking_a_slot_costs_the_same_among_many() -> None:
    """A slot is checked by as many calls on a grid of a minute as on one of an hour."""
    counts = []
    for every in (1, 60):
        calendar = Calendar(name="shop", zone="Europe/Berlin", hours=DAY, every=minutes(every))
        calls = 0

        def count(frame: FrameType, event: str, _arg: object) -> None:
            nonlocal calls
            calls += event == "call" and "flowengine" in frame.f_code.co_filename

        asked = datetime(2026, 3, 4, 14, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
        check_slot(calendar, minutes(30), *asked)  # what is found once for each zone is found by now
        sys.setprofile(count)
        try:
            check_slot(calendar, minutes(30), *asked)
        finally:
            sys.setprofile(None)
        counts.append(calls)
    assert counts[0] == counts[1]


def test_skipped_hour_has_no_slots() -> None:
    """In the night in which 02:00 to 03:00 is skipped, its slots are not there; in autumn they are there twice."""
    hours = {6: ((time(1), time(4)),)}
    calendar = Calendar(name="shop", zone="Europe/Berlin", hours=hours, every=minutes(60))
    for night, local in (
        (datetime(2026, 3, 29, tzinfo=UTC), [1, 3]),
        (datetime(2026, 10, 25, tzinfo=UTC), [1, 2, 2, 3]),
        (datetime(2026, 11, 1, tzinfo=UTC), [1, 2, 3]),
    ):
        slots = all_slots(calendar, minutes(60), night - timedelta(hours=3), night + timedelta(hours=6))
        assert [slot.astimezone(ZoneInfo("Europe/Berlin")).hour for slot in slots] == local


def test_taken_slots_are_not_free() -> None:
    """An appointment blocks every slot that it touches, and none that begins when it ends."""
    calendar = Calendar(name="shop", zone="UTC", hours=DAY, every=minutes(15))
    now = datetime(2026, 3, 2, tzinfo=UTC)
    taken = [(now.replace(hour=10), now.replace(hour=10, minute=30))]
    free = free_slots(calendar, minutes(30), now, taken, limit=10)
    texts = [f"{slot:%H:%M}" for slot in free]
    assert texts == ["09:00", "09:15", "09:30", "10:30", "10:45", "11:00", "11:15", "11:30", "13:00", "13:15"]


def test_length_of_the_grid() -> None:
    """An appointment without a length is as long as the grid is wide."""
    calendar = Calendar(name="shop", zone="UTC", hours=DAY, every=minutes(60))
    free = free_slots(calendar, Duration(), datetime(2026, 3, 2, tzinfo=UTC), limit=3)
    assert [slot.hour for slot in free] == [9, 10, 11]


@pytest.mark.parametrize("asked", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)])
def test_nearest_slots_are_offered_ones(asked: datetime) -> None:
    """What is named instead of a slot out of reach lies within notice and ahead, in order of time."""
    calendar = Calendar(name="shop", zone="UTC", hours=DAY, every=minutes(60), notice=Duration(rest=timedelta(days=1)))
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    found = [datetime.fromisoformat(text) for text in nearest(calendar, minutes(60), asked, now)]
    first, last = window(calendar, now)
    assert len(found) == 10
    assert found == sorted(found)
    assert all(first <= slot <= last for slot in found)


def test_calendar_that_is_never_open() -> None:
    """A calendar without hours offers nothing, and says so by offering nothing instead."""
    calendar = Calendar(name="shop", zone="UTC", hours={}, every=minutes(60))
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert free_slots(calendar, minutes(60), now) == []
    with pytest.raises(BadAnswer) as refused:
        check_slot(calendar, minutes(60), now, now)
    assert refused.value.possible == ()
