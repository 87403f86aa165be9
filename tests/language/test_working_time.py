"""Working time: days on which a calendar is open, and open hours, forwards and backwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import Calendar, working_after, working_days
from flowengine.language.durations import Duration, Working
from flowengine.language.texts import plain

HOUR = Duration(rest=timedelta(hours=1))
NINE_TO_FIVE = ((time(9), time(17)),)
WITH_LUNCH = ((time(9), time(12)), (time(13), time(17)))
OFFICE = dict.fromkeys(range(5), NINE_TO_FIVE)
SHOP = {**dict.fromkeys(range(5), WITH_LUNCH), 5: ((time(10), time(14)),)}
LONDON = ZoneInfo("Europe/London")


def calendar(hours: dict[int, tuple[tuple[time, time], ...]], **more: object) -> Calendar:
    return Calendar(**{"name": "shop", "zone": "Europe/London", "hours": hours, "every": HOUR, **more})  # type: ignore[arg-type]


OPEN = calendar(OFFICE)
LUNCH = calendar(SHOP)
CHRISTMAS = calendar(OFFICE, holidays="GB-ENG", closed=frozenset({date(2026, 12, 24)}))


def after(start: str, length: str, of: Calendar = OPEN, sign: int = 1) -> str:
    """The moment that is so long after another, both as clocks in London show them, with the day of the week."""
    working = Working(Duration.parse(length), of.name)
    begin = datetime.fromisoformat(start).replace(tzinfo=LONDON)
    return f"{working_after(begin, working if sign > 0 else -working, of).astimezone(LONDON):%a %d %b %H:%M}"


def test_over_a_weekend() -> None:
    """Days on which nobody works do not count, and the time of day stays."""
    assert after("2026-06-05T10:30", "P1D") == "Mon 08 Jun 10:30"
    assert after("2026-06-04T10:30", "P3D") == "Tue 09 Jun 10:30"
    assert after("2026-06-01T10:30", "P5D") == "Mon 08 Jun 10:30"


def test_over_christmas() -> None:
    """Public holidays and listed days do not count; a holiday on a Saturday is kept on the Monday after."""
    assert after("2026-12-23T10:00", "P1D", CHRISTMAS) == "Tue 29 Dec 10:00"  # 24th listed, 25th, 26th on Monday 28th
    assert after("2026-12-23T10:00", "P3D", CHRISTMAS) == "Thu 31 Dec 10:00"
    assert after("2026-12-23T10:00", "P4D", CHRISTMAS) == "Mon 04 Jan 10:00"  # New Year's Day is a Friday
    assert after("2026-12-23T16:00", "PT2H", CHRISTMAS) == "Tue 29 Dec 10:00"
    scotland = calendar(OFFICE, holidays="GB-SCT")
    assert after("2026-12-31T10:00", "P1D", scotland) == "Tue 05 Jan 10:00"  # there the second of January is one too


def test_over_a_clock_change_in_the_calendars_zone() -> None:
    """The time of day stays where clocks change, and an open hour is an hour."""
    assert after("2026-03-27T10:00", "P1D") == "Mon 30 Mar 10:00"
    assert after("2026-10-23T10:00", "P1D") == "Mon 26 Oct 10:00"
    at_night = calendar(dict.fromkeys(range(7), ((time(0), time(8)),)))
    assert after("2026-03-28T23:00", "PT3H", at_night) == "Sun 29 Mar 04:00"  # the hour from one to two is skipped
    assert after("2026-10-24T23:00", "PT3H", at_night) == "Sun 25 Oct 02:00"  # and here it comes twice


def test_starting_at_night() -> None:
    """What begins outside of opening hours counts from the next opening."""
    assert after("2026-06-01T03:00", "P1D") == "Tue 02 Jun 09:00"
    assert after("2026-06-01T22:00", "P1D") == "Wed 03 Jun 09:00"
    assert after("2026-06-05T22:00", "P1D") == "Tue 09 Jun 09:00"
    assert after("2026-06-06T12:00", "P1D") == "Tue 09 Jun 09:00"
    assert after("2026-06-06T12:00", "PT1H") == "Mon 08 Jun 10:00"
    assert after("2026-06-06T12:00", "PT0S") == "Mon 08 Jun 09:00"


def test_a_moment_at_the_closing_is_in_opening_hours() -> None:
    """Who asks on the stroke of five has asked that day."""
    assert after("2026-06-01T17:00", "P1D") == "Tue 02 Jun 17:00"
    assert after("2026-06-01T17:00", "PT1H") == "Tue 02 Jun 10:00"


def test_half_days() -> None:
    """Where the day is not open at that time it is its next opening, or else its last closing."""
    assert after("2026-06-05T16:00", "P1D", LUNCH) == "Sat 06 Jun 14:00"
    assert after("2026-06-05T09:30", "P1D", LUNCH) == "Sat 06 Jun 10:00"
    assert after("2026-06-06T12:30", "P1D", LUNCH) == "Mon 08 Jun 13:00"
    assert after("2026-06-05T16:00", "P2D", LUNCH) == "Mon 08 Jun 16:00"


def test_hours_split_by_lunch_and_night() -> None:
    """Open hours go on after each break; used up as it closes, they end there."""
    assert after("2026-06-01T11:00", "PT2H", LUNCH) == "Mon 01 Jun 14:00"
    assert after("2026-06-01T11:00", "PT1H", LUNCH) == "Mon 01 Jun 12:00"
    assert after("2026-06-01T12:30", "PT1H", LUNCH) == "Mon 01 Jun 14:00"
    assert after("2026-06-05T16:00", "PT6H", LUNCH) == "Mon 08 Jun 10:00"  # one hour, four on Saturday, one on Monday
    assert after("2026-06-01T11:00", "P1DT2H", LUNCH) == "Tue 02 Jun 14:00"
    assert after("2026-06-01T11:00", "PT30M", LUNCH) == "Mon 01 Jun 11:30"


def test_backwards() -> None:
    """So long before: a day's date counts as that day, a day on which it is closed as the next one."""
    assert after("2026-06-09T10:30", "P2D", sign=-1) == "Fri 05 Jun 10:30"
    assert after("2026-06-11T00:00", "P2D", sign=-1) == "Tue 09 Jun 09:00"  # two working days before Thursday: Tuesday
    assert after("2026-06-06T00:00", "P1D", sign=-1) == "Fri 05 Jun 09:00"  # one before Saturday: Friday
    assert after("2026-06-11T20:00", "P1D", sign=-1) == "Wed 10 Jun 17:00"
    assert after("2026-06-08T10:00", "PT3H", LUNCH, -1) == "Sat 06 Jun 12:00"
    assert after("2026-06-06T00:00", "PT2H", sign=-1) == "Fri 05 Jun 15:00"
    assert after("2026-12-29T10:00", "P1D", CHRISTMAS, -1) == "Wed 23 Dec 10:00"


def test_the_answer_is_in_the_zone_of_the_question() -> None:
    """Opening hours are the calendar's; what is asked in another zone is answered in it."""
    auckland = ZoneInfo("Pacific/Auckland")
    found = working_after(datetime(2026, 6, 1, 21, tzinfo=auckland), Working(Duration(days=1), "shop"), OPEN)
    assert found.isoformat() == "2026-06-02T21:00:00+12:00"  # ten in the morning in London, a day later
    assert calendar(OFFICE, zone="").clock is UTC


def test_working_days_between() -> None:
    """Open days are counted from a day on, to one that does not count; below zero where the other is earlier."""
    monday, friday, next_monday = (date(2026, 6, day) for day in (1, 5, 8))
    assert working_days(monday, friday, OPEN) == 4
    assert working_days(monday, next_monday, OPEN) == 5
    assert working_days(next_monday, monday, OPEN) == -5
    assert working_days(monday, monday, OPEN) == 0
    assert working_days(date(2026, 12, 23), date(2027, 1, 5), CHRISTMAS) == 5


def test_what_never_opens_is_an_error_and_not_an_endless_walk() -> None:
    """A calendar that is not open for so long says so, within bounds (L12)."""
    steps: list[int] = []
    for one in (calendar({}), calendar({0: ()}), calendar({0: ((time(9), time(9, 1)),)})):
        for sign in (1, -1):
            length = Working(Duration(rest=timedelta(hours=100)), "shop")
            with pytest.raises(ExpressionFailed, match=r"'shop' is not open for (PT100H|PT-100H) within 20,000 days"):
                working_after(datetime(2026, 1, 1, tzinfo=UTC), length if sign > 0 else -length, one, steps.append)
    assert sum(steps) == 12 * 6 * 20_000
    with pytest.raises(ExpressionFailed, match="at most 20,000 days"):
        working_days(date(1900, 1, 1), date(2000, 1, 1), OPEN)
    with pytest.raises(ExpressionFailed, match="years 1 to 9999"):
        working_after(datetime(9999, 12, 31, 12, tzinfo=UTC), Working(Duration(days=9), "shop"), OPEN)


def test_working_time_in_words() -> None:
    """Working time is said to be such."""
    assert plain(Working(Duration(days=3), "shop")) == "3 working days"
    assert plain(Working(Duration.parse("P1DT6H"), "shop")) == "1 working day 6 working hours"


# for all calendars

SPANS = st.sampled_from([NINE_TO_FIVE, WITH_LUNCH, ((time(10), time(14)),), ((time(6), time(7)), (time(20), time(22)))])
ZONES = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
LENGTHS = st.builds(
    lambda days, minutes: Duration(days=days, rest=timedelta(minutes=minutes)), st.integers(0, 40), st.integers(0, 3000)
)


@st.composite
def calendars(draw: st.DrawFn, *, alike: bool = False) -> Calendar:
    """Calendars in zones whose clocks change; with ``alike`` every open day has the same hours."""
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    same = draw(SPANS)
    return calendar(
        {day: same if alike else draw(SPANS) for day in sorted(days)},
        zone=draw(ZONES),
        closed=draw(st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=30)),
        holidays=draw(st.sampled_from(["", "GB-ENG", "US", "JP"])),
    )


def opened(of: Calendar, at: datetime) -> bool:
    """Whether a calendar is open then, or closes just then, looked up by the clock on the wall."""
    local = at.astimezone(of.clock)
    hours = of.hours.get(local.weekday(), ()) if of.is_open(local.date()) else ()
    return any(begin <= local.time() <= end for begin, end in hours)


@settings(max_examples=150, deadline=None)
@given(calendars(), MOMENTS, LENGTHS, st.sampled_from([1, -1]))
def test_working_time_ends_in_opening_hours(of: Calendar, at: datetime, length: Duration, sign: int) -> None:
    """Whatever the calendar, its zone and its holidays: the end lies in opening hours, or where they end."""
    working = Working(length, "shop")
    assert opened(of, working_after(at, working if sign > 0 else -working, of))


@settings(max_examples=150, deadline=None)
@given(calendars(), MOMENTS, MOMENTS, LENGTHS, LENGTHS, st.sampled_from([1, -1]))
def test_working_time_keeps_the_order(
    of: Calendar, one: datetime, other: datetime, length: Duration, more: Duration, sign: int
) -> None:
    """Who begins later ends no earlier, and a longer time ends no earlier than a shorter one."""
    first, last = sorted([one, other])
    working = Working(length, "shop") if sign > 0 else -Working(length, "shop")
    assert working_after(first, working, of) <= working_after(last, working, of)
    longer = Working(Duration(days=length.days + more.days, rest=length.rest + more.rest), "shop")
    shorter = Working(length, "shop")
    assert working_after(first, shorter, of) <= working_after(first, longer, of)


@settings(max_examples=150, deadline=None)
@given(calendars(alike=True), MOMENTS, st.integers(0, 30), st.integers(0, 30), st.sampled_from([1, -1]))
def test_days_and_more_days_are_all_of_them(of: Calendar, at: datetime, n: int, m: int, sign: int) -> None:
    """Where all days are alike, n + m days are n days and then m; back again is where it began. No days at all have no
    direction: they lead to the next moment that is open, also where one looks back."""
    assume(sign > 0 or (n and m))
    whole, first, last = (Working(Duration(days=sign * days), "shop") for days in (n + m, n, m))
    assert working_after(at, whole, of) == working_after(working_after(at, first, of), last, of)
    begun = working_after(at, Working(Duration(), "shop"), of)
    assert working_after(working_after(begun, whole, of), -whole, of) == begun


@settings(max_examples=150, deadline=None)
@given(calendars(), MOMENTS, st.integers(0, 30), st.integers(0, 30))
def test_days_and_more_days_end_on_the_same_day(of: Calendar, at: datetime, n: int, m: int) -> None:
    """Also where days differ, n + m days end on the day on which n days and then m do; and so many are counted."""
    whole, first, last = (Working(Duration(days=days), "shop") for days in (n + m, n, m))
    end, other = working_after(at, whole, of), working_after(working_after(at, first, of), last, of)
    begun = working_after(at, Working(Duration(), "shop"), of)
    first_day, last_day, other_day = (one.astimezone(of.clock).date() for one in (begun, end, other))
    assert last_day == other_day
    assert working_days(first_day, last_day, of) == n + m
    assert working_days(last_day, first_day, of) == -(n + m)


@settings(max_examples=150, deadline=None)
@given(calendars(), MOMENTS, st.integers(0, 3000), st.integers(0, 3000))
def test_hours_and_more_hours_are_all_of_them(of: Calendar, at: datetime, n: int, m: int) -> None:
    """Open hours add up, whatever stands between them."""
    whole, first, last = (Working(Duration(rest=timedelta(minutes=minutes)), "shop") for minutes in (n + m, n, m))
    assume(n and m)
    assert working_after(at, whole, of) == working_after(working_after(at, first, of), last, of)
