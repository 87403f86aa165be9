"""What people read of days and moments, and what doors refuse of them, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowengine import BadAnswer, Database, Engine, ExpressionFailed, SimulatedClock
from flowengine.runtime.settings import Settings

SALON = """
process: salon
title: A salon
need: An evening appointment
{zone}
roles: {{tailor: {{title: Tailor}}}}
calendars: {{room: {{zone: America/New_York, open: {{mon-sun: "20:00-23:00"}}, every: PT1H, ahead: P30D}}}}
promise: {{by: data.need.day}}
states:
  need: {{type: need, fields: {{day: {{type: string, format: date}}}}, next: visit}}
  visit: {{type: fitting, title: Your visit, with: tailor, length: PT1H, within: P14D,
           on: {{held: thank, missed: gone, expired: gone}}}}
  thank: {{type: task, for: tailor, on: {{done: fulfilled}},
           ask: "Your appointment was on {{day(date(data.visit.slot))}} at {{data.visit.slot}}, for {{data.need.day}}",
           shows: {{kept: "{{data.visit.slot}}", exact: "{{'at ' + data.visit.slot}}", length: "{{span('P3D')}}",
                   at: "{{now}}"}}}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Nobody came}}
"""
TEN = datetime(2026, 5, 11, 2, tzinfo=UTC)
"""22:00 on 10 May in New York."""


@pytest.fixture
def visited(engine: Engine, clock: SimulatedClock) -> Any:
    """An appointment at 22:00 on 10 May in New York was held; the job."""

    def visit(zone: str = "zone: America/New_York") -> str:
        engine.deploy(SALON.format(zone=zone))
        job = engine.start("salon", by="ada", need={"day": "2026-05-10"}).job
        book = next(item.id for item in engine.inbox("ada") if item.job == job)
        engine.act(book, "book", {"slot": "2026-05-11T02:00:00Z"}, by="ada")
        clock.advance(TEN - clock.now())
        held = next(item.id for item in engine.inbox("tom", everything=True) if item.job == job)
        engine.act(held, "held", by="tom")
        return job

    return visit


def test_an_evening_in_new_york_is_told_as_that_evening(engine: Engine, clock: SimulatedClock, visited: Any) -> None:
    """A text tells the day and the hour of New York, in words; what a process joins itself stays exact; and a suit
    handed over at 22:30 of the promised day keeps the promise."""
    job = visited()
    (item,) = [one for one in engine.inbox("tom") if one.job == job]
    day = "Sunday, 10 May 2026"
    assert item.title == f"Your appointment was on {day} at {day}, 22:00, for {day}"
    shown = dict(engine.step(item.id, "tom").shown)
    assert list(shown.values()) == [f"{day}, 22:00", "at 2026-05-11T02:00:00Z", "3 days", f"{day}, 22:00"]
    clock.advance(timedelta(minutes=30))
    engine.act(item.id, "done", by="tom")
    track = engine.track(job, "ada")
    assert track.promise is not None
    assert track.promise.kept is True
    assert track.zone == "America/New_York"
    assert any("the promise is kept" in line.what for line in engine.history(job))
    assert engine.audit(job).fine


def test_a_process_without_a_zone_says_utc(engine: Engine, visited: Any) -> None:
    """Where neither the process nor the installation has a zone, a text says that a moment is in UTC."""
    job = visited("")
    (item,) = [one for one in engine.inbox("tom") if one.job == job]
    assert "at Monday, 11 May 2026, 02:00 UTC" in item.title


def test_the_zone_of_the_installation_stands_in(database: Database, clock: SimulatedClock) -> None:
    """A process that names no zone has that of the installation."""
    with Engine(database, clock=clock, handlers={}, settings=Settings(zone="Pacific/Auckland")) as engine:
        engine.deploy(SALON.format(zone=""))
        engine.add_customer("ada", "Ada")
        job = engine.start("salon", by="ada", need={"day": "2026-05-10"}).job
        track = engine.track(job, "ada")
        assert track.promise is not None
        assert track.promise.by == datetime(2026, 5, 10, 11, 59, 59, 999999, tzinfo=UTC)
        assert track.zone == "Pacific/Auckland"


def test_a_reader_has_a_zone_of_his_own(engine: Engine, visited: Any) -> None:
    """Facts and the history tell moments in the reader's zone, which is said where it differs from the process's; a
    promised day is that day everywhere."""
    job = visited()
    engine.add_customer("ada", "Ada", zone="Europe/London")
    engine.add_staff("tom", "Tom", roles=["tailor"], zone="America/Toronto")
    assert dict(engine.track(job, "ada").facts)["Your visit"] == "Mon 11 May 2026, 03:00 (London)"
    assert dict(engine.track(job, "tom").facts)["Your visit"] == "Sun 10 May 2026, 22:00"
    assert dict(engine.track(job, "olga").facts)["Your visit"] == "Sun 10 May 2026, 22:00"
    engine.add_staff("olga", "Olga", roles=["operator"], zone="Pacific/Auckland")
    told = " ".join(line.what for line in engine.history(job, by="olga"))
    assert "Mon 11 May 2026, 14:00 (Auckland)" in told
    assert "promised for Sun 10 May 2026" in told
    assert "Sun 10 May 2026, 22:00" in " ".join(line.what for line in engine.history(job))
    assert engine.person("ada").zone == "Europe/London"


def test_a_persons_zone_is_one_and_stays(engine: Engine) -> None:
    """What is no time zone is refused with what is possible; whoever is entered again without one keeps it."""
    for wrong in ("Europe/Lodnon", "london", "../etc/passwd", "", " "):
        if wrong:
            with pytest.raises(BadAnswer, match="is not a time zone") as refused:
                engine.add_customer("eve", zone=wrong)
            assert "a time zone, as Europe/London" in refused.value.possible
    engine.add_customer("eve", zone="Asia/Tokyo")
    assert engine.add_customer("eve", "Eve").zone == "Asia/Tokyo"
    assert engine.add_staff("max", zone="Asia/Tokyo", by="olga").zone == "Asia/Tokyo"


DOORS = """
process: doors
need: Something
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, fields: {d: {type: string, format: FORMAT}}, next: made}
  made: {type: service, call: make, fields: {d: {type: string, format: FORMAT}}, retry: {attempts: 1}, next: came}
  came: {type: message, name: came, fields: {d: {type: string, format: FORMAT}}, within: P9D,
         on: {received: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""
VALUES = {
    "date": ("2026-05-10", ["0000-01-01", "9999-12-31"]),
    "date-time": ("2026-05-10T22:00:00-04:00", ["2026-06-30T23:59:60Z", "2026-06-30t10:00:00z"]),
    "duration": ("P1Y2M", ["P9000Y", "P101Y"]),
}


@pytest.mark.parametrize("format", VALUES)
def test_each_door_refuses_what_cannot_be_reckoned_with(engine: Engine, format: str) -> None:
    """An answer, a handler's result, what an operator sets and a message: each is held against the same format."""
    good, wrong = VALUES[format]
    engine.deploy(DOORS.replace("FORMAT", format))
    given: dict[str, Any] = {}
    engine.register({"make": lambda _: dict(given)})
    for value in wrong:
        given["d"] = value
        with pytest.raises(BadAnswer, match="must be a"):
            engine.start("doors", by="ada", need={"d": value})
        job = engine.start("doors", by="ada", need={"d": good}).job
        with pytest.raises(BadAnswer, match="must be a"):
            engine.set_data(job, "need.d", value, because="x", by="olga")
        engine.run_due()
        (incident,) = [one for one in engine.incidents() if one.job == job]
        assert "must be a" in incident.error
        engine.complete_call(incident.id, "done", {"d": good}, because="x", by="olga")
        with pytest.raises(BadAnswer, match="must be a"):
            engine.send("came", body={"d": value}, job=job)
        assert engine.send("came", body={"d": good}, job=job).status == "fulfilled"


LATE = """
process: late
need: Something
states:
  need: {type: need, fields: {d: {type: string}}, next: rest}
  rest: {type: wait, for: PT1H, next: first}
  first: {type: ask, fields: {x: {type: string}}, within: '{date(data.need.d + "") + days(1)}',
          on: {answered: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.mark.parametrize("value", ["9999-12-31", "soon"])
def test_a_deadline_that_cannot_be_computed_is_an_incident_at_once(
    engine: Engine, clock: SimulatedClock, value: str
) -> None:
    """When the clock would enter the state, operators are told what is wrong and how it is mended; it is not tried over
    and over. Mended, it goes on."""
    engine.deploy(LATE)
    job = engine.start("late", by="ada", need={"d": value}).job
    clock.advance(timedelta(hours=1))
    assert engine.run_due().failed == 1
    (incident,) = engine.incidents()
    assert (incident.kind, incident.job, incident.attempts) == ("timer", job, 1)
    assert "set_data" in incident.error
    assert "move" in incident.error
    for _ in range(20):
        clock.advance(timedelta(hours=1))
        engine.run_due()
    assert engine.incidents()[0].attempts == 1
    with pytest.raises(ExpressionFailed):
        engine.retry(incident.id, by="olga")
    engine.set_data(job, "need.d", "2026-06-01", because="A typo", by="olga")
    engine.retry(incident.id, by="olga")
    (item,) = engine.inbox("ada")
    assert item.due == datetime(2026, 6, 2, tzinfo=UTC)
    assert engine.incidents() == []


def test_a_service_that_leads_to_such_a_deadline_is_an_incident(engine: Engine) -> None:
    """The handler has done its work once, its result waits for an operator, and the error says what he can do."""
    ran: list[str] = []
    engine.register({"make": lambda call: ran.append(call.job)})
    engine.deploy(LATE.replace("{type: wait, for: PT1H, next: first}", "{type: service, call: make, next: first}"))
    job = engine.start("late", by="ada", need={"d": "soon"}).job
    engine.run_due()
    engine.run_due()
    (incident,) = engine.incidents()
    assert (incident.kind, ran) == ("call", [job])
    assert "set_data" in incident.error
    engine.set_data(job, "need.d", "2026-06-01", because="A typo", by="olga")
    engine.complete_call(incident.id, because="It was made", by="olga")
    assert engine.inbox("ada")[0].due == datetime(2026, 6, 2, tzinfo=UTC)


def test_an_appointment_elsewhere_says_where(engine: Engine, visited: Any) -> None:
    """In a process of London an appointment in New York is told as clocks there show it, with the place."""
    job = visited("zone: Europe/London")
    assert dict(engine.track(job, "olga").facts)["Your visit"] == "Sun 10 May 2026, 22:00 (New York)"
    (item,) = [one for one in engine.inbox("tom") if one.job == job]
    assert "at Monday, 11 May 2026, 03:00, for" in item.title
