"""What is told of appointments: what is kept and until when, what was missed, what lies after the promise, and how they
are found to be moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from engine_flows import VOTE
from mail_server import MailServer

from flowengine import NOTIFY, Database, Engine, HandlerCall, NotAllowed, SimulatedClock
from flowengine.client import CustomerTrack, StaffItem, StaffStep, StaffTrack, StepView
from flowengine.client.local import LocalDesk
from flowengine.runtime.settings import Settings

MEASURING = """
process: measuring
title: A suit made with you
need: A suit
zone: Europe/London
roles: {{tailor: {{title: Tailor}}}}
calendars:
  shop: {{open: {{mon-fri: "09:00-17:00"}}, every: PT1H, notice: PT2H, ahead: P14D}}
promise: {{by: data.need.by}}
states:
  need: {{type: need, fields: {{by: {{type: string, format: date}}}}, next: measure}}
  measure:
    type: fitting
    ask: When can we measure you?
    title: Measuring
    with: tailor
    length: PT1H
    hold: PT20M
    within: P10D
    fields: {{chest: {{type: number, optional: true}}}}
    on: {{held: verdict, {missed}expired: gone}}
  verdict: {{type: approval, by: customer, ask: Is it right?, phase: Your verdict, within: P9D,
            on: {{approved: fulfilled, changes: measure, declined: call, expired: gone}}}}
  call: {{type: task, for: tailor, phase: We call you, next: gone}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: It came to nothing}}
"""
TUESDAY = datetime(2026, 5, 5, 9, tzinfo=UTC)
"""Ten o'clock in London."""

LATE = datetime(2026, 5, 11, 8, tzinfo=UTC)
"""The first appointment after the day that is promised."""

DAY = timedelta(days=1)


def begin(engine: Engine, missed: str = "", by: str = "2026-05-08") -> str:
    """Begin a job of Ada's; the step on which she books."""
    engine.deploy(MEASURING.format(missed=missed))
    job = engine.start("measuring", by="ada", need={"by": by}).job
    return next(item.id for item in engine.inbox("ada") if item.job == job)


def book(engine: Engine, step: str, slot: datetime, move: str = "book") -> Any:
    return engine.act(step, move, {"slot": slot.isoformat()}, by="ada")


def seen_by_ada(engine: Engine, step: str) -> CustomerTrack:
    seen = engine.track(step.partition(".")[0], by="ada")
    assert isinstance(seen, CustomerTrack)
    return seen


def words(engine: Engine, step: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """What she was told, with its lines."""
    return [(told, lines) for _, told, lines in seen_by_ada(engine, step).told]


# what is kept


def test_what_is_held_is_told_with_its_end_wherever_she_looks(engine: Engine, clock: SimulatedClock) -> None:
    """In the receipt, the inbox, the step and the track, as long as it is held; then no longer, though no worker has
    run (L13)."""
    step, until = begin(engine), clock.now() + timedelta(minutes=20)
    receipt = book(engine, step, TUESDAY, "hold")
    assert (receipt.held, receipt.held_until, receipt.booked) == (TUESDAY, until, None)

    def told() -> list[tuple[datetime | None, datetime | None]]:
        (item,), (waiting,) = engine.inbox("ada"), seen_by_ada(engine, step).waiting
        return [(one.held, one.held_until) for one in (item, waiting, engine.step(step, by="ada"))]

    assert told() == [(TUESDAY, until)] * 3
    clock.advance(timedelta(minutes=20))
    assert told() == [(None, None)] * 3
    assert engine.audit().fine


def test_that_it_is_held_no_longer_is_told_once(engine: Engine, clock: SimulatedClock) -> None:
    """Not where she gave it back, or booked it."""
    step = begin(engine)
    book(engine, step, TUESDAY, "hold")
    engine.act(step, "cancel", by="ada")
    book(engine, step, TUESDAY, "hold")
    clock.advance(timedelta(minutes=30))
    for _ in range(3):
        engine.run_due()
    lines = (("What comes next", "book it again while it is free, or another time"),)
    assert words(engine, step) == [("Tue 5 May 2026, 10:00 is kept for you no longer", lines)]
    book(engine, step, TUESDAY, "hold")
    receipt = engine.act(step, "book", by="ada")
    assert (receipt.booked, receipt.held) == (TUESDAY, None)
    clock.advance(timedelta(minutes=30))
    engine.run_due()
    assert len(words(engine, step)) == 1
    assert len(engine.track(step.partition(".")[0], by="tom").told) == 1


# what was missed, or moved


@pytest.mark.parametrize(
    ("missed", "following"),
    [("", "book another time"), ("missed: measure, ", "When can we measure you?"), ("missed: call, ", "We call you"),
     ("missed: gone, ", "It came to nothing")],
)  # fmt: skip
def test_a_missed_appointment_is_told_with_what_comes_next(
    engine: Engine, clock: SimulatedClock, missed: str, following: str
) -> None:
    """Wherever the job goes on from there, in words for customers."""
    step = begin(engine, missed)
    book(engine, step, TUESDAY)
    clock.set(TUESDAY + timedelta(minutes=15))
    (theirs,) = engine.inbox("tom")
    engine.act(theirs.id, "missed", by="tom")
    said = ("Your appointment of Tue 5 May 2026, 10:00 was missed", (("What comes next", following),))
    assert words(engine, step) == [said]


def test_the_customer_is_told_that_her_appointment_was_moved(engine: Engine) -> None:
    """By those who meet her, who need no notice; she may move it again. What she moves herself, she is not told."""
    step = begin(engine)
    book(engine, step, TUESDAY)
    (theirs,) = engine.inbox("tom")
    early = datetime(2026, 5, 4, 10, tzinfo=UTC)
    engine.act(theirs.id, "move", {"slot": early.isoformat()}, by="tom")
    told = "Your appointment of Tue 5 May 2026, 10:00 was moved to Mon 4 May 2026, 11:00"
    lines = (("What comes next", "move it or give it back, if it does not suit you"),)
    assert words(engine, step) == [(told, lines)]
    assert engine.step(step, by="ada").booked == early
    book(engine, step, TUESDAY, "move")
    assert len(words(engine, step)) == 1
    assert [line.what for line in engine.history(step.partition(".")[0])][2] == (
        "moved the appointment to Mon 4 May 2026, 11:00: Measuring"
    )
    assert engine.audit().fine


@pytest.mark.parametrize("outcome", ["held", "missed"])
def test_nobody_ends_an_appointment_before_it_begins(engine: Engine, clock: SimulatedClock, outcome: str) -> None:
    """Neither those who meet her nor an operator with a reason; nor is it offered to them. From then on it is."""
    step = begin(engine)
    book(engine, step, TUESDAY)
    (theirs,) = engine.inbox("tom")
    clock.set(TUESDAY - timedelta(microseconds=1))
    assert engine.step(theirs.id, by="tom").possible == ("move",)
    with pytest.raises(NotAllowed, match="begins at Tue 5 May 2026, 10:00, and cannot be " + outcome):
        engine.act(theirs.id, outcome, by="tom")
    with pytest.raises(NotAllowed, match="begins at Tue 5 May 2026, 10:00"):
        engine.act_for(theirs.id, "tom", outcome, because="She came early", by="olga")
    clock.set(TUESDAY)
    assert engine.step(theirs.id, by="tom").possible == ("held", "missed")
    engine.act(theirs.id, outcome, by="tom")


# letters


def test_what_became_of_an_appointment_is_written_to_its_customer(database: Database, clock: SimulatedClock) -> None:
    """By mail, with what comes next and where to answer; and told to the handler of notices."""
    mail, calls = MailServer(), []
    try:
        settings = Settings(mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Tailor <suits@example.org>")
        with Engine(database, clock=clock, handlers={}, settings=settings) as engine:
            engine.add_customer("ada", "Ada", contact="ada@example.org")
            engine.add_staff("tom", "Tom", roles=["tailor"])

            @engine.handler(NOTIFY)
            def notify(call: HandlerCall) -> None:
                calls.append(call.input)

            engine.run_due()
            step = begin(engine)
            shown = engine.step(step, by="ada").short
            book(engine, step, TUESDAY, "hold")
            clock.advance(timedelta(minutes=20))
            settle(engine)
            book(engine, step, TUESDAY)
            clock.set(TUESDAY)
            engine.act(engine.inbox("tom")[0].id, "missed", by="tom")
            settle(engine)
    finally:
        mail.close()
    subjects = [str(letter["Subject"]) for letter in mail.letters]
    assert subjects == [
        "When can we measure you?",
        "Tue 5 May 2026, 10:00 is kept for you no longer",
        "Your appointment: Tue 5 May 2026, 10:00",
        "Your appointment of Tue 5 May 2026, 10:00 was missed",
    ]
    body = mail.letters[3].get_body(("plain",))
    assert body is not None
    written = body.get_content()
    assert "What comes next: book another time." in written
    assert f"flow act {shown} --as ada" in written
    assert [(one["why"], one.get("appointment")) for one in calls if one["why"] != "opened"] == [
        ("lapsed", TUESDAY.isoformat()), ("booked", TUESDAY.isoformat()), ("missed", TUESDAY.isoformat()),
    ]  # fmt: skip
    assert calls[-1]["audience"] == ["person:ada"]


def settle(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


# after the promise


def test_appointments_after_the_promise_are_marked_and_may_be_booked(engine: Engine) -> None:
    """A promised day ends in the zone of the process; what is booked or held after it says so, to her and inside."""
    step = begin(engine)
    view = engine.step(step, by="ada")
    assert view.late_slots == tuple(slot for slot in view.slots if slot >= LATE)
    assert LATE in view.late_slots
    last = datetime(2026, 5, 8, 15, tzinfo=UTC)
    assert last in view.slots
    for move, slot, late in (("hold", LATE, True), ("book", LATE, True), ("move", last, False), ("move", LATE, True)):
        assert book(engine, step, slot, move).after_promise is late
        for who in ("ada", "tom"):
            (waiting,) = (one for one in engine.track(step.partition(".")[0], by=who).waiting if one.id == step)
            assert waiting.after_promise is late
    theirs = engine.inbox("tom")[0].id
    assert LATE + DAY in engine.step(theirs, by="tom").late_slots


def test_nothing_is_late_where_nothing_is_promised_or_the_promise_is_kept(engine: Engine) -> None:
    """Nor is anything marked on a step that offers no appointments."""
    engine.deploy(MEASURING.format(missed="").replace("promise: {by: data.need.by}\n", ""))
    engine.start("measuring", by="ada", need={"by": "2026-05-08"})
    (item,) = engine.inbox("ada")
    view = engine.step(item.id, by="ada")
    assert view.slots
    assert view.late_slots == ()
    assert book(engine, item.id, LATE).after_promise is False


# finding it again


def test_what_is_booked_is_found_when_nothing_waits(engine: Engine, clock: SimulatedClock) -> None:
    """By its job, or alone; several are named with their times; what waits comes first; nothing once it has begun."""
    step = begin(engine)
    job = step.partition(".")[0]
    book(engine, step, TUESDAY)
    for text in (job, ""):
        found = engine.find_step(text, by="ada")
        assert isinstance(found, StepView)
        assert (found.id, found.answered, found.possible) == (step, True, ("move", "cancel"))
    other = begin(engine)
    assert one_found(engine, "").id == other
    assert one_found(engine, job).id == step
    book(engine, other, TUESDAY + DAY)
    assert engine.find_step("", by="ada") == {
        engine.step(step, by="ada").short: "When can we measure you?, Ada, booked for Tue 5 May 2026, 10:00",
        engine.step(other, by="ada").short: "When can we measure you?, Ada, booked for Wed 6 May 2026, 10:00",
    }
    clock.set(TUESDAY)
    assert engine.find_step(job, by="ada") == {}
    assert one_found(engine, "").id == other


def one_found(engine: Engine, text: str) -> StepView:
    found = engine.find_step(text, by="ada")
    assert isinstance(found, StepView)
    return found


@pytest.mark.parametrize(("keys", "again"), [("changeable: true", True), ("changeable: false", False)])
def test_a_vote_is_found_again_while_it_may_be_changed(engine: Engine, keys: str, again: bool) -> None:
    """And it waits for her no longer: track says that she has answered."""
    engine.deploy(VOTE.replace("quorum: 0.5", f"quorum: 0.5\n    {keys}"))
    for name in ("ada", "ben", "cora"):
        engine.add_customer(name, name.title(), groups=["members"])
    job = engine.start("ballot", by="ada").job
    found = one_found(engine, job)
    assert found.answered is False
    engine.act(found.id, "vote", {"for": ["attack"]}, by="ada")
    (waiting,) = engine.track(job, by="ada").waiting
    assert waiting.answered is True
    for text in (job, ""):
        if again:
            assert (one_found(engine, text).id, one_found(engine, text).answered) == (found.id, True)
        else:
            assert engine.find_step(text, by="ada") == {}


# what staff see first


def test_staff_see_the_time_of_the_appointment_and_what_is_soonest_first(engine: Engine) -> None:
    """Sorted by it, whatever the deadlines are; it is in the inbox, on the step and in the track."""
    first = begin(engine)
    book(engine, first, TUESDAY + 2 * DAY)
    second = begin(engine)
    book(engine, second, TUESDAY)
    items = [item for item in engine.inbox("tom") if isinstance(item, StaffItem)]
    assert [item.appointment for item in items] == [TUESDAY, TUESDAY + 2 * DAY]
    seen, view = engine.track(items[0].job, by="tom"), engine.step(items[0].id, by="tom")
    assert isinstance(seen, StaffTrack)
    assert isinstance(view, StaffStep)
    assert TUESDAY in [one.appointment for one in seen.waiting]
    assert view.appointment == TUESDAY


def test_an_appointment_is_overdue_after_its_end(engine: Engine, clock: SimulatedClock) -> None:
    """While it takes place nobody is late; that it was not said how it went, he is."""
    book(engine, begin(engine, by="2026-06-30"), TUESDAY)
    (item,) = engine.inbox("tom")
    assert isinstance(item, StaffItem)
    end = TUESDAY + timedelta(hours=1)
    assert (item.appointment, item.appointment_end, item.urgent) == (TUESDAY, end, end)
    clock.set(TUESDAY + timedelta(minutes=59))
    assert engine.inbox_counts("tom").late == 0
    clock.set(end)
    assert engine.inbox_counts("tom").late == 1


def test_one_that_is_moved_is_overdue_after_its_new_end(engine: Engine) -> None:
    """The step that knows its end learns the new one with the beginning."""
    step = begin(engine, by="2026-06-30")
    book(engine, step, TUESDAY)
    book(engine, step, TUESDAY + DAY, "move")
    (item,) = engine.inbox("tom")
    assert item.urgent == TUESDAY + DAY + timedelta(hours=1)
    engine.audit()


@pytest.mark.parametrize(("zone", "told"), [("", "Tue 5 May 2026, 10:00,"), ("America/New_York", "05:00 (New York)")])
def test_a_refusal_tells_moments_by_the_clock_of_who_reads(engine: Engine, zone: str, told: str) -> None:
    """His own where it is known, else that of the place; never as programs write them."""
    engine.add_staff("tom", zone=zone)
    book(engine, begin(engine), TUESDAY)
    (theirs,) = engine.inbox("tom")
    with pytest.raises(NotAllowed, match="begins at") as refused:
        LocalDesk(engine, "tom").act(theirs.id, "held")
    assert told in refused.value.what
    assert "T" not in refused.value.what.replace("Tue", "")
