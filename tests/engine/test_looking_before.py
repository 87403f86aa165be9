"""Looking before a change of mind: what was shown is what is done, or nothing is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flowengine import Actor, Engine, HandlerCall, NotAllowed, NotFound, PreviewChanged, SimulatedClock
from flowengine.views.promising import UndoneView

SHOP = """
process: table
title: A table made with you
need: A table
currency: GBP
zone: Europe/London
roles: {maker: {title: Maker}}
promise: {by: data.need.by}
calendars: {room: {open: {mon-sun: "09:00-17:00"}, every: PT1H}}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: legs}
  legs:
    type: ask
    title: Legs
    ask: How many legs?
    fields: {n: {type: integer, title: Legs}}
    within: P30D
    remind: P1D
    takes: P2D
    on: {answered: pay, expired: gone}
  pay:
    type: service
    call: pay
    phase: Taking your deposit
    undo: {call: refund, words: "Your deposit of {money(50)} is returned", costs: data.legs.n}
    on: {done: visit, failed: gone}
  visit:
    type: fitting
    title: Your visit
    with: maker
    calendar: room
    length: PT1H
    within: P60D
    remind: P2D
    on: {held: cut, missed: gone, expired: gone}
  cut: {type: task, for: maker, takes: P3D, on: {done: hand_over}}
  hand_over: {type: task, for: maker, on: {done: fulfilled, later: hand_over}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  other_legs: {by: customer, title: Other legs, when: '!passed("cut")', otherwise: it is cut, undo: true, to: legs}
  wood: {by: customer, fields: {kind: {type: string}}, to: legs}
  withdraw: {by: customer, when: '!passed("cut")', otherwise: it is cut, undo: true, to: gone}
"""

TOM = Actor(kind="staff", id="tom", roles=("maker",))


@pytest.fixture
def job(engine: Engine) -> str:
    """A table that is paid for, with a visit booked for the next morning."""
    engine.handler("pay")(_done)
    engine.handler("refund")(_done)
    engine.deploy(SHOP)
    engine.add_staff("tom", "Tom", roles=["maker"])
    job = engine.start("table", by="ada", need={"by": "2026-06-30"}).job
    answer(engine, job, "answered", {"n": 4})
    engine.run_due()
    answer(engine, job, "book", {"slot": "2026-05-06T09:00:00Z"})
    return job


def _done(_: HandlerCall) -> None:
    """What services do here needs no answer."""


def answer(engine: Engine, job: str, outcome: str, given: dict[str, object]) -> None:
    (item,) = [one for one in engine.inbox("ada") if one.job == job]
    engine.act(item.id, outcome, given, by="ada")


def test_a_customer_is_told_in_his_words_what_comes_of_it(engine: Engine, job: str) -> None:
    """What he answers again, what is undone and costs, what is given back, what stays promised, what is asked next."""
    seen = engine.preview(job, "other_legs", by="ada")
    assert seen.title == "Other legs"
    assert seen.redone == ("How many legs?",)
    assert seen.undone == (UndoneView(words="Your deposit of £50.00 is returned", costs=4),)
    assert (seen.costs, seen.currency) == (4, "GBP")
    assert seen.given_back == ("Your appointment on Wed 6 May 2026, 10:00",)
    assert seen.cancelled == ()
    assert seen.promise is not None
    assert seen.promise_after is not None
    assert seen.promise.by == seen.promise_after.by
    assert seen.expected is not None
    assert seen.expected[0] - engine.clock.now() == timedelta(days=5)
    assert (seen.next, seen.over) == (("How many legs?",), "")
    assert (engine.track(job, by="ada").waiting[0].booked is not None, len(seen.digest)) == (True, 64)


def test_what_was_shown_is_what_is_done(engine: Engine, job: str) -> None:
    """Under the digest of what was shown the same comes of it."""
    seen = engine.preview(job, "other_legs", by="ada")
    engine.invoke(job, "other_legs", by="ada", preview=seen.digest)
    assert [one.title for one in engine.agenda(*_all_time(engine), by=TOM)] == []
    engine.run_due()
    assert [one.title for one in engine.inbox("ada")] == list(seen.next)


def _all_time(engine: Engine) -> tuple[object, object]:
    return engine.clock.now(), engine.clock.now() + timedelta(days=90)


def test_an_end_is_told_as_one(engine: Engine, job: str) -> None:
    """A withdrawal: how it ends, what is returned, and that the promise no longer stands."""
    seen = engine.preview(job, "withdraw", by="ada")
    assert (seen.over, seen.redone, seen.next, seen.where) == ("It came to nothing", (), (), ())
    assert [one and one.status for one in (seen.promise, seen.promise_after)] == ["open", "released"]
    engine.withdraw(job, by="ada", preview=seen.digest)
    engine.run_due()
    assert engine.track(job, by="ada").status == "ended"


def test_those_inside_are_told_more(engine: Engine, job: str) -> None:
    """States and for whom a step waited are told to staff, for an offer that is theirs to use."""
    engine.deploy(SHOP.replace("wood: {by: customer", "wood: {by: [customer, maker]"))
    other = engine.start("table", by="ada", need={"by": "2026-06-30"}).job
    seen = engine.preview(other, "wood", {"kind": "oak"}, by=TOM)
    assert (seen.cancelled, seen.where) == (("How many legs? (Ada)",), ("Legs",))
    with pytest.raises(NotAllowed):
        engine.preview(job, "other_legs", by=TOM)


@pytest.mark.usefixtures("job")
def test_a_reminder_does_not_void_what_was_shown(engine: Engine, clock: SimulatedClock) -> None:
    """What happens meanwhile and changes nothing of what was shown is in nobody's way."""
    other = engine.start("table", by="ada", need={"by": "2026-06-30"}).job
    seen = engine.preview(other, "withdraw", by="ada")
    clock.advance(timedelta(days=1, hours=1))
    engine.run_due()
    engine.say(other, "A note", by="ada")
    assert engine.preview(other, "withdraw", by="ada").digest == seen.digest
    engine.withdraw(other, by="ada", preview=seen.digest)


def test_what_changes_what_was_shown_voids_it(engine: Engine, job: str) -> None:
    """A visit that was moved, another promised date: it is refused, and nothing is changed."""
    for disturb in (_move_visit, _other_date):
        seen = engine.preview(job, "other_legs", by="ada")
        disturb(engine, job)
        before = engine.history(job)
        with pytest.raises(PreviewChanged, match="it has changed meanwhile"):
            engine.invoke(job, "other_legs", by="ada", preview=seen.digest)
        assert engine.history(job) == before


def _move_visit(engine: Engine, job: str) -> None:
    (item,) = [one for one in engine.inbox("ada", everything=True) if one.job == job]
    engine.act(item.id, "move", {"slot": "2026-05-07T09:00:00Z"}, by="ada")


def _other_date(engine: Engine, job: str) -> None:
    engine.set_data(job, "need", {"by": "2026-07-30"}, because="It was agreed by telephone")


def test_what_cannot_be_done_any_more_says_so(engine: Engine, job: str, clock: SimulatedClock) -> None:
    """Once it is cut, what was shown before is void, with the reason of the file."""
    seen = engine.preview(job, "other_legs", by="ada")
    clock.advance(timedelta(days=2))
    for outcome in ("held", "done"):
        (item,) = [one for one in engine.inbox(TOM) if one.job == job]
        engine.act(item.id, outcome, {}, by=TOM)
    with pytest.raises(PreviewChanged, match="it is cut"):
        engine.invoke(job, "other_legs", by="ada", preview=seen.digest)
    with pytest.raises(NotAllowed, match="it is cut"):
        engine.preview(job, "other_legs", by="ada")


def test_the_answer_is_part_of_what_was_shown(engine: Engine, job: str) -> None:
    """Another answer than that which was looked at is refused."""
    seen = engine.preview(job, "wood", {"kind": "oak"}, by="ada")
    with pytest.raises(PreviewChanged):
        engine.invoke(job, "wood", {"kind": "ash"}, by="ada", preview=seen.digest)
    engine.invoke(job, "wood", {"kind": "oak"}, by="ada", preview=seen.digest)


def test_a_repeated_request_is_answered_from_its_receipt(engine: Engine, job: str) -> None:
    """Under the same key the same receipt comes back, though what was looked at holds no more (L3)."""
    seen = engine.preview(job, "other_legs", by="ada")
    first = engine.invoke(job, "other_legs", by="ada", preview=seen.digest, key="k")
    again = engine.invoke(job, "other_legs", by="ada", preview=seen.digest, key="k")
    assert (again.seq, again.repeated) == (first.seq, True)
    assert engine.invoke(job, "other_legs", by="ada", key="k").repeated


def test_foreign_and_missing_jobs_answer_alike(engine: Engine, job: str) -> None:
    """Who may not see a job is told what he is told of one that never was (L4)."""
    with pytest.raises(NotFound) as foreign:
        engine.preview(job, "other_legs", by="ben")
    with pytest.raises(NotFound) as missing:
        engine.preview("ffffffff", "other_legs", by="ben")
    assert str(foreign.value).replace(job, "J") == str(missing.value).replace("ffffffff", "J")


@pytest.mark.usefixtures("job")
def test_acting_on_a_step_can_be_looked_at_as_well(engine: Engine) -> None:
    """What an answer leads to, before it is given."""
    other = engine.start("table", by="ada", need={"by": "2026-06-30"}).job
    (item,) = [one for one in engine.inbox("ada") if one.job == other]
    seen = engine.preview_act(item.id, "answered", {"n": 3}, by="ada")
    assert (seen.step, seen.title, seen.where) == (item.id, "How many legs?", ("Taking your deposit",))
    with pytest.raises(NotFound):
        engine.preview_act(item.id, "answered", {"n": 3}, by="ben")


def test_an_offer_that_there_is_not_is_refused(suit: Callable[..., str], engine: Engine) -> None:
    """An offer that a process does not have is refused as when it is used."""
    with pytest.raises(NotAllowed):
        engine.preview(suit(), "nonsense", by="ada")
