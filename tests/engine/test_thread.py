"""The way of a job, as its customer is told it (L9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.views.replies import StaffItem

CHAIR = """
process: chair
title: A chair
need: A chair to sit on
roles: {maker: {title: Maker}}
calendars: {shop: {open: {mon-fri: "09:00-17:00"}, every: PT1H}}
states:
  need: {type: need, fields: {legs: {type: integer, title: Legs}}, next: choose}
  choose:
    type: choice
    title: Wood
    choose: {wood: {from: [oak, ash], title: Wood}}
    within: P7D
    on: {chosen: build, expired: gone}
  build:
    type: parallel
    phase: Building your chair
    branches:
      saw: {start: saw, states: {saw: {type: task, for: maker, phase: Sawing, on: {done: done}}}}
      reckon: {start: reckon, states: {reckon: {type: task, for: maker, title: Reckon the margin, on: {done: done}}}}
      colour:
        start: colour
        states: {colour: {type: ask, title: Your colour, ask: Which?, within: P2D, on: {answered: done, expired: done}}}
    on: {joined: ready}
  ready: {type: tell, to: customer, say: "It is ready, {customer.name}", next: sit}
  sit:
    type: fitting
    title: Sitting
    with: maker
    calendar: shop
    length: PT1H
    within: P9D
    on: {held: fulfilled, expired: gone}
  fulfilled: {type: fulfilled, because: You sit on it}
  gone: {type: ended, because: Nobody came}
always:
  other_wood: {title: Another wood, by: customer, when: '!passed("saw")', to: choose}
"""


@pytest.fixture
def chair(engine: Engine) -> str:
    """The id of Ada's chair, which is being built by Mia."""
    engine.deploy(CHAIR)
    engine.add_customer("ada", "Ada")
    engine.add_customer("ben", "Ben")
    engine.add_staff("mia", "Mia", roles=["maker"])
    job = engine.start("chair", by="ada", need={"legs": 4}).job
    _choose(engine, "oak")
    _take(engine, "saw")
    return job


def _choose(engine: Engine, wood: str) -> None:
    engine.act(engine.inbox("ada")[0].id, "chosen", {"wood": wood}, by="ada")


def _take(engine: Engine, state: str, outcome: str = "") -> None:
    """Mia takes what is to be done in a state, and does it, where there is an outcome."""
    found = next(one for one in engine.inbox("mia") if isinstance(one, StaffItem) and one.state == state)
    if not found.mine:
        engine.claim(found.id, by="mia")
    if outcome:
        engine.act(found.id, outcome, by="mia")


def _told(engine: Engine, job: str) -> list[tuple[str, str, str]]:
    return [(one.when, one.words, one.text or one.who) for one in engine.track(job, "ada").thread]


def test_the_way_of_a_job_is_told_to_its_customer(engine: Engine, chair: str, clock: SimulatedClock) -> None:
    """What she did with its receipts, phases that are over, who is at work, what may come: and of inner states nothing
    but their phase."""
    wood = ("done", "Wood", "You have chosen Oak.")
    assert _told(engine, chair)[:2] == [("done", "What you need", ""), wood]
    lines = engine.track(chair, "ada").thread
    assert [(one.lines, one.seq, one.with_you) for one in lines[:2]] == [((("Legs", "4"),), 1, True), ((), 2, True)]
    now = {one.words: one for one in lines if one.when == "now"}
    assert [(one.words, one.who, one.inside, one.with_you) for one in now.values()] == [
        ("Building your chair", "", "", False),
        ("Sawing", "Mia", "Building your chair", False),
        ("Your colour", "", "Building your chair", True),
    ]
    assert [(one.words, one.with_you) for one in lines if one.when == "ahead"] == [("Sitting", True)]
    assert not any("margin" in f"{one}".lower() for one in lines)

    _take(engine, "saw", "done")
    _take(engine, "reckon", "done")
    clock.advance(timedelta(days=3))
    engine.run_due()
    told = _told(engine, chair)
    assert told[2:6] == [
        ("done", "Sawing", "Mia"),
        ("done", "Building your chair", ""),
        ("done", "Your colour", "No answer came in time."),
        ("done", "It is ready, Ada", ""),
    ]
    (step,) = [one for one in engine.inbox("ada") if one.job == chair]
    slot = engine.step(step.id, "ada").slots[0]
    engine.act(step.id, "book", {"slot": slot.isoformat()}, by="ada")
    clock.set(slot)
    (meeting,) = [one for one in engine.inbox("mia") if one.job == chair]
    engine.act(meeting.id, "held", by="mia")
    *_, met, end = engine.track(chair, "ada").thread
    assert (met.words, met.text, met.with_you, end.words, end.kind) == (
        "Sitting", "You have met Mia.", True, "You sit on it", "end",
    )  # fmt: skip


def test_what_was_cut_short_is_not_told_as_done(engine: Engine, chair: str) -> None:
    """A change of mind is hers, and the phase that it ended is not over."""
    engine.invoke(chair, "other_wood", by="ada")
    assert _told(engine, chair)[2:4] == [("done", "Another wood", ""), ("now", "Wood", "")]


def test_the_way_is_for_its_customer_alone(engine: Engine, chair: str) -> None:
    """Those inside read the history; of a job that is erased nothing is told."""
    assert engine.track(chair, "mia").thread == ()
    engine.end(chair, "It was a test")
    assert engine.track(chair, "ada").thread[-1].words == "It was a test"
    engine.erase("ada", because="She asked")
    assert engine.track(chair, "mia").thread == ()
