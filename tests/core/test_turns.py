"""Branches that take turns: offered together, done one at a time."""

from __future__ import annotations

from rehearsal import EVA, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core.answers import form

TURNS = """
  first:
    type: parallel
    one_at_a_time: true
    branches:
      a: {start: a1, states: {a1: {type: task, for: tailor, on: {done: a2}},
                              a2: {type: task, for: tailor, on: {done: done}}}}
      b: {start: b1, states: {b1: {type: task, for: tailor, on: {done: done}}}}
      c: {after: [b], start: c1, states: {c1: {type: service, call: press, on: {done: done}}}}
    on: {joined: fulfilled}
"""


def test_all_are_offered_until_one_begins() -> None:
    """Branches that can begin are offered together; once one has begun the others rest until it is done."""
    job = Rehearsal(process(TURNS))
    assert job.standing == ["a1", "b1", "first"]
    job.act("a1", "done", by=TOM)
    assert job.standing == ["a2", "first"]
    job.act("a2", by=TOM)
    assert job.standing == ["b1", "first"]


def test_the_order_is_open() -> None:
    """Who acts decides which branch comes first."""
    job = Rehearsal(process(TURNS))
    job.act("b1", by=EVA)
    assert job.standing == ["a1", "first"], "what waits for people is offered before what begins by itself"
    job.act("a1", by=TOM)
    job.act("a2", by=TOM)
    assert job.standing == ["c1", "first"]
    job.finish("c1", result={})
    assert job.status == "fulfilled"


def test_claiming_begins_a_turn() -> None:
    """To claim a step is to begin its branch: the others are no longer offered."""
    job = Rehearsal(process(TURNS))
    job.do(c.Claim(by=TOM, step=job.step("b1").number))
    assert job.standing == ["b1", "first"]
    assert job.step("b1").claimed == "tom"


def test_what_begins_by_itself_is_alone() -> None:
    """A branch that begins with a service begins at once, with no other beside it."""
    states = """
  first:
    type: parallel
    one_at_a_time: true
    branches:
      a: {start: a1, states: {a1: {type: service, call: press, on: {done: done}}}}
      b: {start: b1, states: {b1: {type: service, call: steam, on: {done: done}}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    assert job.standing == ["a1", "first"]
    job.finish("a1", result={})
    assert job.standing == ["b1", "first"]
    job.finish("b1", result={})
    assert job.status == "fulfilled"


def test_acting_begins_a_turn_though_the_state_goes_on() -> None:
    """Who books an appointment has begun: nothing else is offered that could take it away again."""
    states = """
  first:
    type: parallel
    one_at_a_time: true
    branches:
      a: {states: {meet: {type: fitting, with: tailor, length: PT30M, on: {held: done}}}}
      b: {states: {b1: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    (step,) = [step for step in job.steps if step.state == "meet"]
    slot = form(job.compiled, job.position, step, job.now, job.world).slots[0]
    job.act("meet", "book", {"slot": slot.isoformat()})
    assert job.standing == ["first", "meet"]
