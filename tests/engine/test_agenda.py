"""What is booked for a day: by time, for whom, with whom, and where it is said how it went."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from flowengine import Actor, BadAnswer, Engine, NotAllowed, NotFound, SimulatedClock
from flowengine.client import AgendaItem

VISIT = """
process: {name}
title: A {name}
need: A visit
roles: {{tailor: {{title: Tailor}}, cutter: {{title: Cutter}}}}
calendars:
  {calendar}: {{zone: UTC, open: {{mon-sun: "05:00-23:00"}}, every: PT30M, notice: PT0S, ahead: P200D, seats: 2}}
states:
  need: {{type: need, next: meet}}
  meet:
    type: fitting
    title: Measuring
    with: {who}
    length: PT1H
    hold: PT20M
    within: P300D
    on: {{held: fulfilled, expired: gone}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Nobody came}}
"""
TUESDAY = datetime(2026, 5, 5, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def shop(engine: Engine) -> None:
    """Tom and Tess are tailors, Cleo cuts; suits are fitted in the shop, gardens looked at in the garden."""
    engine.add_staff("tess", "Tess", roles=["tailor"])
    engine.deploy(VISIT.format(name="suit", calendar="shop", who="tailor"))
    engine.deploy(VISIT.format(name="garden", calendar="park", who="cutter"))


def book(engine: Engine, slot: datetime, who: str = "ada", process: str = "suit", move: str = "book") -> str:
    """A job with an appointment; its id."""
    job = engine.start(process, by=who).job
    step = next(item.id for item in engine.inbox(who) if item.job == job)
    engine.act(step, move, {"slot": slot.isoformat()}, by=who)
    return job


def theirs(engine: Engine, job: str, who: str) -> str:
    return next(item.id for item in engine.inbox(who) if item.job == job)


def told(items: list[AgendaItem]) -> list[tuple[datetime, str, str]]:
    return [(one.start, one.customer_name, one.staff_name) for one in items]


def test_an_agenda_is_of_a_day_by_time(engine: Engine, clock: SimulatedClock) -> None:
    """Of today unless another is named: when, until when, for whom, with whom, for what, and on which step."""
    clock.set(TUESDAY - 3 * HOUR)
    late, early = book(engine, TUESDAY + 5 * HOUR, "ben"), book(engine, TUESDAY)
    book(engine, TUESDAY + DAY, "ben", "garden")
    first, second = engine.agenda()
    assert (first.job, second.job) == (early, late)
    assert (first.start, first.end, first.customer, first.customer_name) == (TUESDAY, TUESDAY + HOUR, "ada", "Ada")
    assert (first.process, first.title, first.calendar, first.held_until, first.outcome) == (
        "suit", "Measuring", "shop", None, "",
    )  # fmt: skip
    assert {first.staff, second.staff} == {"tom", "tess"}
    assert first.step == theirs(engine, early, first.staff)
    assert first.step_short.startswith(first.short)
    assert told(engine.agenda(date(2026, 5, 6))) == [(TUESDAY + DAY, "Ben", "Cleo")]
    assert len(engine.agenda(date(2026, 5, 5), date(2026, 5, 6))) == 3
    assert engine.agenda(date(2026, 5, 7)) == []


def test_who_sees_what(engine: Engine, clock: SimulatedClock) -> None:
    """Customers their own, without what is inside; staff their own and those of their roles; operators all."""
    clock.set(TUESDAY - HOUR)
    suit, garden = book(engine, TUESDAY), book(engine, TUESDAY, "ben", "garden")
    assert [one.job for one in engine.agenda(by="ada")] == [suit]
    (own,) = engine.agenda(by="ada")
    met = engine.agenda(by="olga")[0]
    assert (own.staff, own.staff_name, own.calendar, own.away) == ("", met.staff_name, "", None)
    assert own.step == next(item.id for item in engine.inbox("ada", everything=True))
    for who in ("tom", "tess"):
        assert [one.job for one in engine.agenda(by=who)] == [suit]
    assert [one.job for one in engine.agenda(by="cleo")] == [garden]
    assert sorted(one.job for one in engine.agenda(by="olga")) == sorted([suit, garden])
    for named in ({"person": "ben"}, {"role": "tailor"}, {"calendar": "shop"}):
        with pytest.raises(NotAllowed, match="only the customer himself"):
            engine.agenda(by="ada", **named)  # type: ignore[arg-type]
    assert [one.job for one in engine.agenda(by="ada", person="ada")] == [suit]


def test_an_agenda_of_a_person_a_role_or_a_calendar(engine: Engine, clock: SimulatedClock) -> None:
    """Whatever is named, all of it has to be so; and what is not known is refused with what is near."""
    clock.set(TUESDAY - HOUR)
    suit, garden = book(engine, TUESDAY), book(engine, TUESDAY, "ben", "garden")
    staff = engine.agenda(by="olga", role="tailor")[0].staff
    for named, jobs in (
        ({"role": "tailor"}, [suit]), ({"role": "cutter"}, [garden]), ({"calendar": "park"}, [garden]),
        ({"person": staff}, [suit]), ({"person": "ben"}, [garden]), ({"person": "cleo", "calendar": "shop"}, []),
        ({"person": "ben", "role": "cutter"}, [garden]), ({"person": "ben", "role": "tailor"}, []),
    ):  # fmt: skip
        for who in ("olga", "cleo"):
            assert [one.job for one in engine.agenda(by=who, **named)] == jobs  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="there is nobody with the id"):
        engine.agenda(person="nobody")
    with pytest.raises(NotFound, match=r"no role 'taylor' \(did you mean tailor\?\)") as refused:
        engine.agenda(role="taylor")
    assert refused.value.possible == ("cutter", "operator", "tailor")
    with pytest.raises(NotFound, match=r"no calendar 'shopp' \(did you mean shop\?\)"):
        engine.agenda(calendar="shopp")


def test_what_is_over_says_how_it_went(engine: Engine, clock: SimulatedClock) -> None:
    """What was held or missed stays in the agenda of its day, on the step where that was said; what was given back is
    not in it, nor what was moved away."""
    clock.set(TUESDAY - 2 * HOUR)
    held, missed = book(engine, TUESDAY), book(engine, TUESDAY, "ben")
    clock.set(TUESDAY + HOUR)
    for job, outcome in ((held, "held"), (missed, "missed")):
        (one,) = [item for item in engine.inbox("tom") + engine.inbox("tess") if item.job == job][:1]
        engine.act(one.id, outcome, by="tom")
    moved = book(engine, TUESDAY + 4 * HOUR)
    step = next(item.id for item in engine.inbox("ada", everything=True) if item.job == moved)
    engine.act(step, "move", {"slot": (TUESDAY + 2 * DAY).isoformat()}, by="ada")
    found = {one.job: one.outcome for one in engine.agenda(by="tess")}
    assert found == {held: "held", missed: "missed"}
    assert [one.title for one in engine.agenda(by="ada")] == ["Measuring"]
    assert [one.outcome for one in engine.agenda(by="ben")] == ["missed"]


def test_what_is_held_is_in_it_until_it_lapses(engine: Engine, clock: SimulatedClock) -> None:
    """It says until when; then it is gone, though no worker has run (L13)."""
    clock.set(TUESDAY - 2 * HOUR)
    job = book(engine, TUESDAY, move="hold")
    until = clock.now() + timedelta(minutes=20)
    mine = theirs(engine, job, "ada")
    for who, step in (("olga", ""), ("tom", ""), ("ada", mine)):
        found = [(one.job, one.held_until, one.title, one.step) for one in engine.agenda(by=who)]
        assert found == [(job, until, "Measuring", step)]
    clock.advance(timedelta(minutes=20))
    assert engine.agenda(by="olga") == []


def test_an_absence_that_is_in_the_way_is_marked(engine: Engine, clock: SimulatedClock) -> None:
    """Of what was booked before it was entered; the customer is not told why."""
    clock.set(TUESDAY - 2 * HOUR)
    book(engine, TUESDAY)
    (one,) = engine.agenda(by="olga")
    assert one.away is None
    engine.add_absence(one.staff, date(2026, 5, 5), date(2026, 5, 6), "Ill", by="olga")
    for who in ("olga", one.staff):
        (seen,) = engine.agenda(by=who)
        assert seen.away is not None
        assert (seen.away.start, seen.away.why) == (datetime(2026, 5, 5, tzinfo=UTC), "Ill")
    assert engine.agenda(by="ada")[0].away is None


def test_a_day_is_the_readers(engine: Engine, clock: SimulatedClock) -> None:
    """In his own zone where it is known; moments are taken as they are."""
    engine.add_staff("tom", "Tom", roles=["tailor"], zone="Pacific/Auckland")
    clock.set(TUESDAY - DAY)
    book(engine, datetime(2026, 5, 5, 13, tzinfo=UTC))
    assert engine.agenda(date(2026, 5, 5), by="tom") == []
    assert len(engine.agenda(date(2026, 5, 6), by="tom")) == 1
    assert len(engine.agenda(date(2026, 5, 5), by="tess")) == 1
    assert len(engine.agenda(TUESDAY, TUESDAY + 5 * HOUR, by="tom")) == 1
    assert engine.agenda(TUESDAY, TUESDAY + 4 * HOUR, by="tom") == []


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        (date(2026, 5, 5), date(2026, 5, 4), "must not be before the first day"),
        (date(2026, 1, 1), date(2026, 4, 3), "at most 92 days"),
        (datetime(2026, 5, 5), None, "must say its offset"),  # noqa: DTZ001 - that is what is wrong
        (date.max, None, "is too far away"),
    ],
)
def test_a_span_that_is_none_is_refused(engine: Engine, first: date, last: date | None, wrong: str) -> None:
    """It says what is wrong; 92 days are as many as there may be."""
    with pytest.raises(BadAnswer, match=wrong):
        engine.agenda(first, last)
    assert engine.agenda(date(2026, 1, 1), date(2026, 4, 2)) == []
    for limit in (0, 1001):
        with pytest.raises(BadAnswer, match="must be from 1 to 1,000"):
            engine.agenda(limit=limit)


def test_a_long_agenda_is_read_page_by_page(engine: Engine, clock: SimulatedClock) -> None:
    """As many as are asked for, in order, also where most of what is booked is for others."""
    clock.set(TUESDAY - 2 * HOUR)
    slots = [TUESDAY + day * DAY + hour * HOUR for day in range(11) for hour in range(12)]
    for slot in slots:
        book(engine, slot, process="garden")
    mine = book(engine, slots[-1] + HOUR)
    last = date(2026, 7, 1)
    assert [one.start for one in engine.agenda(date(2026, 5, 5), last, limit=120)] == slots[:120]
    assert [one.job for one in engine.agenda(date(2026, 5, 5), last, by="tom")] == [mine]


def test_what_is_closed_to_a_role_is_in_no_agenda_of_it(engine: Engine, clock: SimulatedClock) -> None:
    """Of a process that is closed to him somebody reads the appointments on which a step waits for him, alone."""
    clock.set(TUESDAY - HOUR)
    engine.add_staff("desk", "Desk", ["tailor"])
    engine.deploy(
        VISIT.format(name="secret", calendar="shop", who="cutter").replace("states:", "closed_to: tailor\nstates:")
    )
    shown, closed = book(engine, TUESDAY), book(engine, TUESDAY + DAY, process="secret")
    last = date(2026, 5, 7)
    for whom, jobs in (("desk", [shown]), ("cleo", [shown, closed]), ("olga", [shown, closed])):
        assert [one.job for one in engine.agenda(date(2026, 5, 5), last, calendar="shop", by=whom)] == jobs, whom
        assert [one.job for one in engine.agenda(date(2026, 5, 5), last, person="ada", by=whom)] == jobs, whom


def test_an_application_vouches_for_its_own_staff(engine: Engine, clock: SimulatedClock) -> None:
    """Who is not kept here sees what his roles are asked for."""
    clock.set(TUESDAY - HOUR)
    job = book(engine, TUESDAY)
    assert [one.job for one in engine.agenda(by=Actor(kind="staff", id="new", roles=("tailor",)))] == [job]
    assert engine.agenda(by=Actor(kind="staff", id="new", roles=("cutter",))) == []
