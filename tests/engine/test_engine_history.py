"""A history says in plain words what each command did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest
from engine_flows import CHILD, PARENT, SERVICE, STUBBORN, VOTE

from flowengine import Engine, HandlerCall, Outcome, SimulatedClock
from flowengine.core import commands as c
from flowengine.store import shown

SHOP = """
process: shop
title: A shop
need: Something
roles: {tailor: {title: Tailor}, host: {title: Front of house}}
groups: {friends: {title: Friends}}
calendars: {room: {zone: Europe/London, open: {mon-fri: "09:00-17:00"}, every: PT1H}}
states:
  need: {type: need, next: visit}
  visit:
    type: fitting
    title: Visit
    with: tailor
    calendar: room
    length: PT1H
    hold: PT10M
    within: P20D
    on: {held: order, missed: order, expired: gone}
  order:
    type: service
    title: The cloth order
    call: order
    undo: cancel
    on: {done: work}
  work:
    type: task
    title: Work
    ask: Sew it
    for: tailor
    within: P9D
    remind: [P1D]
    escalate: [{after: P2D, to: host}]
    on: {done: pause, too_hard: pause, expired: agree}
  pause: {type: wait, title: A rest, for: P1D, next: agree}
  agree:
    type: approval
    title: Agree
    ask: Is it good?
    by: {any: 2, of: [customer, {role: tailor}, {role: host}]}
    within: P9D
    on: {approved: letter, changes: letter, declined: letter, expired: letter}
  letter:
    type: message
    title: The letter
    name: letter
    keep: P30D
    within: P9D
    on: {received: talk, expired: talk}
  talk:
    type: each
    title: Talks
    of: '["first"]'
    more: true
    start: talk_one
    states:
      talk_one:
        {type: ask, title: Talk, fields: {text: {type: string}}, within: P9D, on: {answered: done, expired: done}}
    on: {joined: rate}
  rate: {type: feedback, title: Rate, refer: true, within: P9D, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It took too long}
  left: {type: ended, because: The customer left}
always:
  leave: {title: Leave, by: customer, undo: true, fields: {why: {type: string, title: Why}}, to: left}
  far_too_late: {title: Far too late, within: P90D, to: gone}
"""

Told = list[tuple[str, str]]


@pytest.fixture
def shop(engine: Engine) -> Engine:
    """The shop in use, with people and code."""
    engine.deploy(SHOP)
    engine.add_staff("hugo", "Hugo", roles=["host"])
    engine.register({"order": lambda _: {"number": "M1"}, "cancel": lambda _: {}})
    return engine


def lines(engine: Engine, job: str, after: int = 0) -> Told:
    """Who and what, of the entries after one."""
    return [(line.who, line.what) for line in engine.history(job)][after:]


def act(engine: Engine, job: str, who: str, outcome: str = "", **answer: Any) -> None:
    """Act on the step of the job that waits for somebody and knows the outcome."""
    mine = [one.id for one in engine.inbox(who, everything=True) if one.job == job]
    step = next(one for one in mine if outcome in ("", *engine.step(one, who).possible))
    engine.act(step, outcome, answer, by=who)


def _visited(engine: Engine, clock: SimulatedClock) -> str:
    job = engine.start("shop", by="ada").job
    slots = [slot.isoformat() for slot in engine.step(engine.inbox("ada")[0].id, "ada").slots]
    act(engine, job, "ada", "hold", slot=slots[1])
    act(engine, job, "ada", "book", slot=slots[1])
    act(engine, job, "ada", "move", slot=slots[2])
    act(engine, job, "ada", "cancel")
    act(engine, job, "ada", "book", slot=slots[3])
    clock.advance(timedelta(days=1))
    return job


def test_appointments_are_told_with_their_times(shop: Engine, clock: SimulatedClock) -> None:
    """Holding, booking, moving and giving back name the moment in the zone of the calendar; so do missed ones."""
    job = _visited(shop, clock)
    act(shop, job, "tom", "missed")
    assert lines(shop, job) == [
        ("Ada", "stated the need"),
        ("Ada", "reserved Mon 4 May 2026, 11:00 for now: Visit"),
        ("Ada", "booked Mon 4 May 2026, 11:00: Visit"),
        ("Ada", "moved the appointment to Mon 4 May 2026, 12:00: Visit"),
        ("Ada", "gave back the appointment of Mon 4 May 2026, 12:00: Visit"),
        ("Ada", "booked Mon 4 May 2026, 13:00: Visit"),
        ("Tom", "noted that the customer did not come: Visit"),
    ]


def test_a_reserved_slot_that_is_let_go_is_told(shop: Engine, clock: SimulatedClock) -> None:
    """When a reservation runs out, its line says which appointment is free again."""
    job = shop.start("shop", by="ada").job
    slot = shop.step(shop.inbox("ada")[0].id, "ada").slots[0]
    act(shop, job, "ada", "hold", slot=slot.isoformat())
    clock.advance(timedelta(minutes=11))
    shop.run_due()
    let_go = "the appointment of Mon 4 May 2026, 10:00 was kept for long enough and is free again: Visit"
    assert lines(shop, job, 2) == [("clock", let_go)]


def test_work_and_the_clock_are_told(shop: Engine, clock: SimulatedClock) -> None:
    """Claims, hand-overs, reminders, escalations, deadlines and waits each say what they are about, and for whom."""
    job = _visited(shop, clock)
    act(shop, job, "tom", "held")
    shop.run_due()
    before = len(shop.history(job)) - 2
    shop.add_staff("tim", "Tim", roles=["tailor"])
    step = shop.inbox("tom")[0].id
    shop.claim(step, by="tom")
    shop.assign(step, "tim", by="tom")
    shop.release(step, by="olga")
    for days in (1, 1, 8):
        clock.advance(timedelta(days=days))
        shop.run_due()
    assert lines(shop, job, before) == [
        ("Tom", "held the appointment: Visit"),
        ("order", "The cloth order: done"),
        ("Tom", "took: Sew it"),
        ("Tom", "handed over to Tim: Sew it"),
        ("Olga", "gave back for Tim: Sew it"),
        ("clock", "reminded Tailor of: Sew it"),
        ("clock", "it took too long; Front of house may do it as well: Sew it"),
        ("clock", "the deadline passed: Sew it"),
    ]


def test_answers_messages_and_the_end_are_told(shop: Engine, clock: SimulatedClock) -> None:
    """Outcomes, waits, verdicts, messages, added items, words and what a customer gives say what they were."""
    job = _visited(shop, clock)
    act(shop, job, "tom", "held")
    shop.run_due()
    before = len(shop.history(job))
    shop.send("letter", "L7", {"text": "Hello"}, job=job)
    act(shop, job, "tom", "too_hard")
    clock.advance(timedelta(days=1))
    shop.run_due()
    act(shop, job, "ada", "changes", words="Longer sleeves")
    act(shop, job, "tom", "approved")
    act(shop, job, "hugo", "approved")
    shop.add(job, "talk", ["second"], by="ada")
    shop.say(job, "When?", "question", by="ada")
    for _ in range(2):
        act(shop, job, "ada", "answered", text="So")
    act(shop, job, "ada", "given", rating=4, words="Fine", referral={"name": "Cid", "contact": ""})
    assert lines(shop, job, before) == [
        ("outside", "the message letter (L7) came before anybody waited for it, and is kept"),
        ("Tom", "Sew it: too hard"),
        ("clock", "the wait is over: A rest"),
        ("Ada", "asked for changes: Is it good? (“Longer sleeves”)"),
        ("Tom", "approved: Is it good?"),
        ("Hugo", "approved: Is it good?; it is decided: approved"),
        ("Ada", "added to Talks: second"),
        ("Ada", "asked: When?"),
        ("Ada", "answered: Talk"),
        ("Ada", "answered: Talk"),
        ("Ada", "gave feedback: 4 (“Fine”); brings Cid; the job is fulfilled"),
    ]


def test_a_change_of_mind_and_what_is_undone_are_told(shop: Engine, clock: SimulatedClock) -> None:
    """What was used at any time stands with its reason, what it undoes by name, and each undoing by itself."""
    job = _visited(shop, clock)
    act(shop, job, "tom", "held")
    shop.run_due()
    before = len(shop.history(job))
    shop.invoke(job, "leave", {"why": "Too dear"}, by="ada")
    shop.run_due()
    assert lines(shop, job, before) == [
        ("Ada", "Leave (Why: Too dear); to be undone: The cloth order"),
        ("cancel", "undone: The cloth order; the job ended: The customer left"),
    ]


def test_a_message_and_the_clock_of_an_always_are_told(shop: Engine, clock: SimulatedClock) -> None:
    """A message that is awaited names what it was for, a clock over the whole job its entry."""
    job = _visited(shop, clock)
    act(shop, job, "tom", "held")
    shop.run_due()
    act(shop, job, "tom", "done")
    clock.advance(timedelta(days=1))
    shop.run_due()
    act(shop, job, "tom", "approved")
    act(shop, job, "hugo", "approved")
    before = len(shop.history(job))
    shop.send("letter", job=job)
    shop.deploy(SHOP.replace("title: Work", "title: The work"))
    version = shop.migrate(job, by="olga") and shop.track(job, "olga").version
    clock.advance(timedelta(days=5))
    shop.run_due()
    assert lines(shop, job, before) == [
        ("outside", "the message letter came: The letter"),
        ("Olga", f"moved the job to version {version} of its process"),
    ]
    other = shop.start("shop", by="ada").job
    clock.advance(timedelta(days=91))
    shop.run_due()
    assert lines(shop, other, 1) == [("clock", "the deadline passed: Visit; the job ended: It took too long")]


def test_incidents_and_trying_again_are_told(engine: Engine, clock: SimulatedClock) -> None:
    """Calls that give up say which and why, on either way; an operator's trying again names the call."""

    @engine.handler("order_cloth")
    def order(_: HandlerCall) -> Outcome:
        raise ConnectionError("the mill does not answer")

    engine.deploy(SERVICE)
    engine.deploy(STUBBORN)
    soft = engine.start("ordering", by="ada", need={"metres": 3}).job
    hard = engine.start("stubborn", by="ada", need={"metres": 3}).job
    for _ in range(4):
        engine.run_due()
        clock.advance(timedelta(minutes=1))
    why = "ConnectionError: the mill does not answer"
    assert lines(engine, soft, 1) == [("order_cloth", f"Order: gave up: {why}; the job ended: No cloth")]
    engine.retry(engine.incidents()[0].id, by="olga")
    assert lines(engine, hard, 1) == [
        ("order_cloth", f"Order: gave up and waits for an operator: {why}"),
        ("Olga", "had it tried again: Order"),
    ]


def test_jobs_of_other_processes_are_told(engine: Engine) -> None:
    """A called job says for which it began, and its caller how it ended."""
    engine.deploy(PARENT)
    engine.deploy(CHILD)
    engine.add_staff("bob", "Bob", roles=["builder"])
    house = engine.start("house", by="ada", need={"rooms": 3}).job
    engine.run_due()
    kitchen = engine.jobs(process="kitchen")[0].id
    act(engine, kitchen, "bob", "impossible")
    engine.run_due()
    assert lines(engine, kitchen)[0][1] == f"began, for the job {shown(house)}"
    ended = f"Kitchen: the job {shown(kitchen)} of kitchen is ended: It does not fit; the job ended: No kitchen"
    assert lines(engine, house)[1][1] == ended


@pytest.mark.parametrize("secret", [True, False])
def test_a_secret_ballot_is_told_without_what_it_says(engine: Engine, clock: SimulatedClock, secret: bool) -> None:
    """How the vote closed is told; the ballots are in its box, and not in the history."""
    engine.deploy(VOTE.replace("quorum: 0.5", f"quorum: 0.5\n    secret: {str(secret).lower()}"))
    engine.add_customer("max", "Max", groups=["members"])
    job = engine.start("ballot", by="ada").job
    act(engine, job, "max", "vote", **{"for": "attack"})
    clock.advance(timedelta(days=2))
    engine.run_due()
    assert lines(engine, job, 1) == [
        ("clock", "the vote closed: Vote: decided; the job is fulfilled"),
    ]
    left = [event for line in engine.history(job) for event in line.events if event.get("outcome") == "decided"]
    assert [event["state"] for event in left] == ["vote"]


def test_a_timer_fired_by_hand_says_so(engine: Engine, clock: SimulatedClock, suit: Callable[..., str]) -> None:
    """When an operator has a timer fired, the line says that it was done again, and what it was."""
    job = suit()
    clock.advance(timedelta(days=3))
    timer = next(
        event["timer"]["number"]
        for event in engine.history(job)[0].events
        if event["event"] == "TimerSet" and event["timer"]["purpose"] == "remind"
    )
    engine.retry(f"{job}.{timer}", by="olga")
    assert lines(engine, job, 1) == [("Olga", "had it done again: reminded Ada of: Choose your cloth")]


def test_every_kind_of_command_is_told_here() -> None:
    """A command that is added must be added to these tests."""
    told = {c.Start, c.Act, c.Claim, c.Release, c.Assign, c.Fire, c.Finish, c.Fail, c.Retry, c.Deliver, c.Invoke, c.Add}
    by_hand = {c.End, c.Move, c.SetData, c.Skip, c.ActFor, c.MoveDeadline, c.DropTimer}  # told in test_by_hand
    held = {c.Suspend, c.Resume}  # told in test_suspending
    erased = {c.Erase}  # told in test_erasing
    others = {
        c.Say,
        c.TakeBack,
        c.Migrate,
        c.AskPromise,
        c.Expect,
        c.Hear,
    }  # test_questions, test_promises, test_partners
    assert set(get_args(c.AnyCommand)) == told | by_hand | held | erased | others
