"""The free hours of a day: what is open, less what is booked, kept for somebody, or closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from flowengine import BadAnswer, Engine, NotAllowed, NotFound, SimulatedClock

VISIT = """
process: visit
need: A visit
zone: Europe/London
roles: {host: {title: Host}}
calendars:
  house: {open: {mon-fri: "09:00-12:00, 13:00-17:00"}, every: PT1H, seats: 2}
states:
  need: {type: need, next: meet}
  meet: {type: fitting, with: host, calendar: house, length: PT1H, hold: PT10M, within: P20D,
         on: {held: fulfilled, missed: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""
BARE = """
process: chat
need: A chat
states:
  need: {type: need, next: talk}
  talk: {type: fitting, with: host, length: PT1H, within: P20D, on: {held: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
roles: {host: {title: Host}}
"""
TUESDAY = date(2026, 5, 5)


def at(hour: int) -> datetime:
    """That hour in London on that Tuesday, which is an hour earlier in UTC."""
    return datetime(2026, 5, 5, hour - 1, tzinfo=UTC)


@pytest.fixture
def house(engine: Engine) -> Engine:
    """One with a calendar for two at a time."""
    engine.deploy(VISIT)
    engine.add_staff("tom", "Tom", roles=["host"])
    engine.add_staff("mia", "Mia", roles=["host"])
    return engine


def book(engine: Engine, who: str, hour: int, move: str = "book") -> None:
    """Somebody has an appointment at that hour."""
    engine.start("visit", by=who, need={})
    step = engine.inbox(who)[0].id
    engine.act(step, move, {"slot": at(hour).isoformat()}, by=who)


def free(engine: Engine, day: date | None = TUESDAY) -> list[tuple[datetime, datetime, int]]:
    """When there is room in the house, and for how many."""
    (found,) = engine.free_hours("house", day, by="tom")
    return [(one.start, one.end, one.free) for one in found.rooms]


def test_a_day_without_appointments_is_free_while_it_is_open(house: Engine) -> None:
    """From opening to closing, in both halves, for as many as there are seats."""
    (found,) = house.free_hours(day=TUESDAY, by="tom")
    assert (found.calendar, found.zone, found.day, found.seats) == ("house", "Europe/London", TUESDAY, 2)
    assert found.open == ((at(9), at(12)), (at(13), at(17)))
    assert free(house) == [(at(9), at(12), 2), (at(13), at(17), 2)]
    assert house.free_hours("house", date(2026, 5, 9), by="tom")[0].open == ()


def test_what_is_booked_and_what_is_kept_takes_room(house: Engine, clock: SimulatedClock) -> None:
    """One of two seats, then both; what was kept is free again once nobody has taken it in time."""
    for name in ("ada", "ben", "eva"):
        house.add_customer(name, name)
    book(house, "ada", 10)
    assert free(house) == [(at(9), at(10), 2), (at(10), at(11), 1), (at(11), at(12), 2), (at(13), at(17), 2)]
    book(house, "ben", 10, "hold")
    assert free(house) == [(at(9), at(10), 2), (at(11), at(12), 2), (at(13), at(17), 2)]
    clock.advance(timedelta(minutes=11))
    assert (at(10), at(11), 1) in free(house)


def test_a_closed_calendar_has_no_room(house: Engine) -> None:
    """Whatever its seats; it opens all the same, as its process says."""
    house.close_calendar("house", at(9), at(15), "A burst pipe", by="tom")
    assert free(house) == [(at(15), at(17), 2)]


def test_each_calendar_is_told_by_name(house: Engine) -> None:
    """Those of processes without any, too; today, where no day is named."""
    house.deploy(BARE)
    found = house.free_hours(by="tom")
    assert [one.calendar for one in found] == ["chat.talk", "house"]
    assert {one.day for one in found} == {date(2026, 5, 4)}


def test_wrong_calendars_days_and_people_are_refused(house: Engine) -> None:
    """With what is possible."""
    house.add_customer("ada", "Ada")
    with pytest.raises(NotFound, match="did you mean house") as error:
        house.free_hours("huose", by="tom")
    assert error.value.possible == ("house",)
    for day in (date.min, date.max):
        with pytest.raises(BadAnswer, match="too far away"):
            house.free_hours("house", day, by="tom")
    with pytest.raises(NotAllowed):
        house.free_hours(by="ada")
