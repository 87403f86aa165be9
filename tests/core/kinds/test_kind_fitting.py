"""``fitting``: hold, book, move, cancel, held, missed, and what becomes of slots and deadlines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rehearsal import ADA, BEGIN, EVA, OPS, TOM, Rehearsal

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.answers import form
from flowengine.core.values import Actor, Booking, Step
from flowengine.core.world import Appointment
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, UnknownOutcome
from flowengine.language import parse

CALENDAR = """
calendars:
  shop:
    zone: Europe/London
    open: {mon-fri: '09:00-12:00, 13:00-17:00'}
    every: PT30M
    notice: PT2H
    ahead: P30D
    seats: 2
    closed: [2026-03-05]
"""
TUESDAY, LATER = "2026-03-03T09:00:00Z", "2026-03-04T15:30:00Z"


def fitting(
    keys: str = "hold: PT1H", more: str = CALENDAR, missed: str = "missed: first, ", within: str = "P14D"
) -> Any:
    return parse(
        f"""
process: sample
title: A sample
need: Something
roles: {{tailor: {{title: Tailor}}}}
{more}
states:
  need: {{type: need, next: first}}
  first:
    type: fitting
    title: Measuring
    with: tailor
    length: PT45M
    fields: {{chest: {{type: number, unit: cm}}}}
    within: {within}
    remind: [P1D]
    {keys}
    on: {{held: fulfilled, {missed}expired: late}}
  fulfilled: {{type: fulfilled}}
  late: {{type: ended, because: Late}}
  gone: {{type: ended, because: Gone}}
always:
  withdraw: {{by: customer, to: gone}}
""",
        "sample.yaml",
        check=False,
    )


class Shop(Rehearsal):
    """A rehearsal that tells the customer's step from the role's."""

    def one(self, purpose: str) -> Step:
        (found,) = [step for step in self.steps if step.purpose == purpose]
        return found

    def ask(self, move: str, slot: str = "", **more: Any) -> Advance:
        answer = {"slot": slot, **more} if slot else more
        return self.do(c.Act(by=ADA, step=self.one("book").number, outcome=move, answer=answer))

    def tell(self, outcome: str, by: Actor = TOM, **answer: Any) -> Advance:
        return self.do(c.Act(by=by, step=self.one("hold").number, outcome=outcome, answer=answer))

    @property
    def booking(self) -> Booking:
        booking = self.position.root.inners[""]
        assert isinstance(booking, Booking)
        return booking

    def can(self, purpose: str) -> list[str]:
        made = form(self.compiled, self.position, self.one(purpose), self.now, self.world)
        return [way.outcome for way in made.ways]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def begin(*args: str, **more: str) -> Shop:
    return Shop(fitting(*args, **more))


def test_an_appointment_from_booking_to_findings() -> None:
    """The customer books, the role says it was held, the findings are saved with the slot, and it is passed by him."""
    job = begin()
    assert job.one("book").audience == ("person:ada",)
    done = job.ask("book", TUESDAY)
    (booked,) = done.effects.booked
    assert (booked.calendar, booked.start, booked.end) == ("shop", at(TUESDAY), at("2026-03-03T09:45:00Z"))
    assert (booked.every, booked.seats) == (1800.0, 2)
    assert job.one("hold").audience == ("role:tailor",)
    assert [moved.move for moved in job.told(e.Moved)] == ["book"]
    job.wait("P1DT1H")
    last = job.tell("held", by=EVA, chest=101)
    assert job.data["first"] == {"chest": 101.0, "slot": TUESDAY}
    assert job.status == "fulfilled"
    assert job.position.root.memory.by["first"] == "eva"
    assert not last.effects.freed, "a slot that was used is not given back"


def test_findings_are_checked() -> None:
    """The findings are held against the fields; there is nothing to find where he did not come."""
    job = begin()
    job.ask("book", TUESDAY)
    job.wait("P2D")
    with pytest.raises(BadAnswer, match="chest: is missing"):
        job.tell("held")
    with pytest.raises(BadAnswer, match="not asked"):
        job.tell("missed", chest=3)


def test_hold_is_let_go_in_time() -> None:
    """A held slot is taken while the customer decides, and free again when the time is over; the step stays open."""
    job = begin()
    done = job.ask("hold", TUESDAY)
    assert len(done.effects.booked) == 1
    assert job.can("book") == ["hold", "book", "cancel"]
    assert (job.booking.phase, job.booking.slot) == ("held", at(TUESDAY))
    job.wait("PT61M")
    assert job.booking == Booking(lapsed=at(TUESDAY))
    assert [freed.start for freed in job.told(e.SlotFreed)] == [at(TUESDAY)]
    assert job.can("book") == ["hold", "book"]


def test_held_slot_is_booked() -> None:
    """A held slot is booked without naming it again: what was held until then is booked for good, and not let go."""
    job = begin()
    (held,) = job.ask("hold", TUESDAY).effects.booked
    assert held.held_until == job.now + timedelta(hours=1)
    done = job.ask("book")
    assert [one.start for one in done.effects.freed] == [at(TUESDAY)]
    assert [(one.start, one.held_until) for one in done.effects.booked] == [(at(TUESDAY), None)]
    job.wait("PT2H")
    assert (job.booking.phase, job.booking.slot) == ("booked", at(TUESDAY))
    assert len(job.told(e.SlotFreed)) == 1


def test_another_slot_takes_the_place_of_the_held_one() -> None:
    """Holding or booking another slot frees the one that was held."""
    job = begin()
    job.ask("hold", TUESDAY)
    done = job.ask("hold", LATER)
    assert [one.start for one in done.effects.freed] == [at(TUESDAY)]
    done = job.ask("book", TUESDAY)
    assert [one.start for one in done.effects.freed] == [at(LATER)]
    assert [one.start for one in done.effects.booked] == [at(TUESDAY)]
    assert [timer.purpose for timer in job.timers] == ["expire"]


def test_no_hold_where_none_is_offered() -> None:
    """Without ``hold`` a slot is booked or not."""
    job = begin("phase: Measuring")
    assert job.can("book") == ["book"]
    with pytest.raises(UnknownOutcome) as refused:
        job.ask("hold", TUESDAY)
    assert refused.value.possible == ("book",)


def test_move() -> None:
    """A booked appointment is moved: the old slot is free, the new one taken, the role's deadline goes along."""
    job = begin()
    job.ask("book", TUESDAY)
    first = job.one("hold")
    done = job.ask("move", LATER)
    assert [one.start for one in done.effects.freed] == [at(TUESDAY)]
    assert [one.start for one in done.effects.booked] == [at(LATER)]
    assert job.one("hold").number == first.number
    assert job.one("hold").due == at("2026-03-18T16:15:00Z")
    assert [timer.due for timer in job.timers] == [at("2026-03-18T16:15:00Z")]
    with pytest.raises(NotAllowed, match="yours already"):
        job.ask("move", LATER)
    with pytest.raises(UnknownOutcome) as refused:
        job.ask("book", TUESDAY)
    assert refused.value.possible == ("move", "cancel")


def test_cancel() -> None:
    """Cancelling frees the slot, takes the appointment from the role, and gives the customer his time to book anew."""
    job = begin()
    job.ask("book", TUESDAY)
    done = job.ask("cancel")
    assert [one.start for one in done.effects.freed] == [at(TUESDAY)]
    assert [step.purpose for step in job.steps] == ["book"]
    assert job.one("book").due is not None
    assert sorted(timer.purpose for timer in job.timers) == ["expire", "remind"]
    held = begin()
    held.ask("hold", TUESDAY)
    held.ask("cancel")
    assert held.booking == Booking()
    assert sorted(timer.purpose for timer in held.timers) == ["expire", "remind"]


def test_the_customers_step_says_what_is_booked() -> None:
    """The customer's step carries the booked slot, not a held one, as long as it is booked and not missed (L5)."""
    job = begin(missed="")
    for move, slot, booked in (
        ("hold", TUESDAY, None),
        ("book", TUESDAY, at(TUESDAY)),
        ("move", LATER, at(LATER)),
        ("cancel", "", None),
        ("book", TUESDAY, at(TUESDAY)),
    ):
        job.ask(move, slot)
        assert job.one("book").booked == booked
    assert job.one("hold").booked is None
    job.wait("P2D")
    job.tell("missed")
    assert job.one("book").booked is None


def test_deadline_waits_for_the_customer_and_then_for_the_role() -> None:
    """The deadline counts from entering until a slot is booked, and from the end of the slot afterwards (L8)."""
    idle = begin()
    assert idle.one("book").due == at("2026-03-16T09:00:00Z")
    idle.wait("P15D")
    assert idle.position.head.end == "late"
    job = begin()
    job.ask("book", TUESDAY)
    assert job.one("book").due is None
    assert job.one("hold").due == at("2026-03-17T09:45:00Z")
    job.wait("P15D")
    assert job.status == "open"
    job.wait("PT1H")
    assert job.position.head.end == "late"


def test_deadline_that_is_a_moment() -> None:
    """A deadline that is a moment is not before the end of the appointment."""
    job = begin(within="\"{date('2026-03-04')}\"")
    job.ask("book", LATER)
    assert job.one("hold").due == at("2026-03-04T16:15:00Z")


def test_missed() -> None:
    """A customer who did not come may book again; nothing is saved, and it cannot be said before the time."""
    job = begin()
    job.ask("book", TUESDAY)
    job.wait("P1DT1H")
    job.tell("missed")
    assert job.standing == ["first"]
    assert "first" not in job.data
    assert job.can("book") == ["hold", "book"]
    assert job.position.root.memory.passed["first"] == 1


def test_missed_without_a_way() -> None:
    """Where ``missed`` leads nowhere the customer books anew in the same state, and how often is counted."""
    job = begin(missed="")
    for count in (1, 2):
        job.ask("book", ["2026-03-03T09:00:00Z", "2026-03-06T09:00:00Z"][count - 1])
        job.wait("P2D" if count == 1 else "P3D")
        job.tell("missed")
        assert job.booking == Booking(missed=count)
        assert [step.purpose for step in job.steps] == ["book"]


def test_appointment_that_has_begun_is_not_changed() -> None:
    """Once it has begun the customer can neither move nor cancel it."""
    job = begin()
    job.ask("book", TUESDAY)
    job.wait("P1D")
    assert job.can("book") == []
    for move in ("move", "cancel"):
        with pytest.raises(NotAllowed, match="has begun"):
            job.ask(move)


def test_leaving_frees_the_slot() -> None:
    """A job that leaves the state by another way gives back a slot that has not begun, held or booked."""
    for move in ("hold", "book"):
        job = begin()
        job.ask(move, TUESDAY)
        done = job.invoke("withdraw")
        assert [one.start for one in done.effects.freed] == [at(TUESDAY)]
        assert job.position.head.end == "gone"
    used = begin()
    used.ask("book", TUESDAY)
    used.wait("P2D")
    assert not used.invoke("withdraw").effects.freed


@pytest.mark.parametrize("outcome", ["held", "missed"])
def test_nothing_comes_of_an_appointment_before_it_begins(outcome: str) -> None:
    """Until it begins an appointment can be neither held nor missed, whoever says so and why (L13); from that moment on
    it can."""
    job = begin()
    job.ask("book", TUESDAY)
    step, found = job.one("hold").number, {"chest": 100} if outcome == "held" else {}
    before = "the appointment begins at Tue 3 Mar 2026, 09:00, and cannot be " + outcome
    stead = c.ActFor(by=OPS, person=TOM, step=step, outcome=outcome, answer=found, because="He came early")
    for early in (c.Act(by=TOM, step=step, outcome=outcome, answer=found), stead):
        assert job.can("hold") == ["move"]
        with pytest.raises(NotAllowed, match=before) as refused:
            job.do(early)
        assert refused.value.possible == ("wait until it has begun", "move it")
        job.wait("PT12H")
    assert job.now == at("2026-03-03T09:00:00Z")
    assert job.can("hold") == ["held", "missed"]
    job.tell(outcome, **found)


def test_those_who_meet_the_customer_move_the_appointment() -> None:
    """Before it begins they move it, also to a time for which customers would need more notice, and as long as any
    customer could; his step and theirs go along, and he is to hear of it."""
    job = begin()
    job.ask("book", LATER)
    sooner = "2026-03-02T09:30:00Z"
    job.wait("PT10M")
    made = form(job.compiled, job.position, job.one("hold"), job.now, job.world)
    assert [(way.outcome, way.move, [field.name for field in way.fields]) for way in made.ways] == [
        ("move", True, ["slot"])
    ]
    assert made.slots[0] == at(sooner)
    assert at(LATER) not in made.slots
    with pytest.raises(BadAnswer, match="too soon"):
        job.ask("move", sooner)
    done = job.tell("move", slot=sooner)
    assert [one.start for one in done.effects.freed] == [at(LATER)]
    assert [one.start for one in done.effects.booked] == [at(sooner)]
    assert (job.one("book").booked, job.one("hold").appointment) == (at(sooner), at(sooner))
    (told,) = done.effects.appointments
    assert (told.what, told.slot, told.to, told.whom) == ("moved", at(LATER), at(sooner), ("person:ada",))
    assert told.step == job.one("book").number
    assert not job.ask("move", TUESDAY).effects.appointments, "what he does himself he knows"


def test_the_customers_step_says_what_is_held_and_until_when() -> None:
    """What is held is on his step until it is booked, given back, another, or over, which he is to hear of once."""
    job = begin()
    job.ask("hold", TUESDAY)
    assert (job.one("book").held, job.one("book").held_until) == (at(TUESDAY), job.now + timedelta(hours=1))
    job.wait("PT30M")
    job.ask("hold", LATER)
    assert (job.one("book").held, job.one("book").held_until) == (at(LATER), job.now + timedelta(hours=1))
    job.ask("book")
    assert (job.one("book").held, job.one("book").held_until, job.one("book").booked) == (None, None, at(LATER))
    job.ask("cancel")
    job.ask("hold", TUESDAY)
    job.ask("cancel")
    assert (job.one("book").held, job.one("book").held_until) == (None, None)
    assert not job.told(e.AppointmentChanged)
    job.ask("hold", TUESDAY)
    job.wait("PT1H")
    assert (job.one("book").held, job.one("book").held_until) == (None, None)
    job.ask("book", LATER)
    job.wait("PT1H")
    assert [(one.what, one.slot, one.whom) for one in job.told(e.AppointmentChanged)] == [
        ("lapsed", at(TUESDAY), ("person:ada",))
    ]


@pytest.mark.parametrize("missed", ["", "missed: late, "])
def test_a_missed_appointment_is_told_to_the_customer(missed: str) -> None:
    """Whether he books anew or the job goes on elsewhere."""
    job = begin(missed=missed)
    job.ask("book", TUESDAY)
    job.wait("P1D")
    (told,) = job.tell("missed").effects.appointments
    assert (told.what, told.slot, told.state, told.whom) == ("missed", at(TUESDAY), "first", ("person:ada",))


@pytest.mark.parametrize(
    ("slot", "words"),
    [
        ("2026-03-03T09:10:00Z", "is no slot of the calendar shop"),
        ("2026-03-03T12:00:00Z", "is no slot"),
        ("2026-03-03T11:30:00Z", "is no slot"),
        ("2026-03-05T09:00:00Z", "is no slot"),
        ("2026-03-07T09:00:00Z", "is no slot"),
        ("2026-03-02T10:30:00Z", "is too soon; slots are offered from Mon 2 Mar 2026, 11:00"),
        ("2026-05-04T09:00:00Z", "is too far ahead; slots are offered until Wed 1 Apr 2026, 09:00"),
        ("tomorrow", "must be the start of a slot"),
        ("9" * 50, "must be the start of a slot"),
    ],
)
def test_wrong_slot_is_refused(slot: str, words: str) -> None:
    """What is no slot, on a closed day, too soon or too far ahead is refused with the slots that are near."""
    job = begin()
    with pytest.raises(BadAnswer) as refused:
        job.ask("book", slot)
    assert words in refused.value.problems["slot"]
    assert 5 <= len(refused.value.possible) <= 10
    for possible in refused.value.possible:
        begin().ask("book", possible)


def test_missing_slot_and_more_than_a_slot_are_refused() -> None:
    """A booking names a slot, and nothing else; cancelling names nothing."""
    job = begin()
    with pytest.raises(BadAnswer, match="is missing"):
        job.ask("book")
    with pytest.raises(BadAnswer, match="is not asked here"):
        job.ask("book", TUESDAY, slto=1)
    job.ask("book", TUESDAY)
    with pytest.raises(BadAnswer, match="is not asked here"):
        job.ask("cancel", TUESDAY)


def test_slot_in_the_calendars_time() -> None:
    """A time without an offset is meant in the calendar's zone, summer time included."""
    job = begin()
    job.ask("book", "2026-03-31T09:00")
    assert job.booking.slot == at("2026-03-31T08:00:00Z")


def test_form_offers_what_is_free() -> None:
    """The form lists the slots that are free, given those that are taken; the calendar has room for two at a time."""
    job = begin()
    taken = Appointment(at("2026-03-03T09:00:00Z"), at("2026-03-03T09:45:00Z"), "other")
    for number, free in ((1, True), (2, False)):
        world = replace(job.world, appointments={"shop": [taken] * number})
        made = form(job.compiled, job.position, job.one("book"), job.now, world)
        assert (at(TUESDAY) in made.slots) is free
        assert made.slots[0] == at("2026-03-02T11:00:00Z")
        assert made.slots == tuple(sorted(made.slots))
    hold, book = made.ways
    assert (hold.move, [field.name for field in hold.fields], hold.fields[0].required) == (True, ["slot"], True)
    job.ask("hold", LATER)
    made = form(job.compiled, job.position, job.one("book"), job.now, job.world)
    assert {way.outcome: [field.required for field in way.fields] for way in made.ways} == {
        "hold": [True], "book": [False], "cancel": [],
    }  # fmt: skip
    assert book.title == "Book a slot"


def test_form_of_the_role() -> None:
    """The role is asked for the findings, and is offered no slots."""
    job = begin()
    job.ask("book", TUESDAY)
    job.wait("P1D")
    made = form(job.compiled, job.position, job.one("hold"), job.now, job.world)
    assert [(way.outcome, [field.name for field in way.fields], way.move) for way in made.ways] == [
        ("held", ["chest"], False), ("missed", [], False),
    ]  # fmt: skip
    assert made.slots == ()


def test_fitting_without_a_calendar() -> None:
    """Where the process has no calendar, office hours in UTC are offered, in steps of the appointment's length."""
    job = begin("hold: PT1H", more="")
    made = form(job.compiled, job.position, job.one("book"), job.now, job.world)
    assert made.slots[:2] == (BEGIN, at("2026-03-02T09:45:00Z"))
    done = job.ask("book", "2026-03-02T10:30:00Z")
    assert done.effects.booked[0].calendar == "sample.first"


def test_fitting_with_an_unclear_calendar() -> None:
    """A fitting whose calendar is not there stops the command that would enter it."""
    with pytest.raises(ExpressionFailed, match="there is no calendar 'salon'") as refused:
        begin("calendar: salon")
    assert refused.value.possible == ("shop",)
