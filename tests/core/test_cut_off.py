"""What becomes of that which is open where a job goes on without it."""

from __future__ import annotations

import pytest
from rehearsal import ADA, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.answers import form
from flowengine.core.values import ROOT

EARLY = """
  first:
    type: parallel
    join: 1
    rest: %s
    branches:
      quick: {states: {look: {type: task, for: tailor, on: {done: done}}}}
      slow: {states: {meet: {type: fitting, with: tailor, length: PT30M, on: {held: done}}}}
      code: {states: {order: {type: service, call: order, undo: cancel, on: {done: done}}}}
      work: {states: {sew: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: after}
  after: {type: task, for: tailor, on: {done: fulfilled, bad: {to: gone, undo: true}}}
"""


def booked(states: str) -> Rehearsal:
    """A job whose customer has booked, whose order is placed and not answered, and whose work is claimed."""
    job = Rehearsal(process(states))
    (step,) = [step for step in job.steps if step.state in ("meet", "first") and step.purpose == "book"]
    slots = form(job.compiled, job.position, step, job.now, job.world).slots
    job.do(c.Act(by=ADA, step=step.number, outcome="book", answer={"slot": slots[-1].isoformat()}))
    return job


def test_an_early_join_frees_what_the_rest_holds() -> None:
    """With ``rest: cancel`` the booking is freed, the claim is gone, and the order that may be placed can be undone."""
    job = booked(EARLY % "cancel")
    job.do(c.Claim(by=TOM, step=job.step("sew").number))
    job.act("look", by=TOM)
    assert job.standing == ["after"]
    assert len(job.told(e.SlotFreed)) == 1
    job.act("after", "bad", by=TOM)
    (call,) = job.position.calls.values()
    assert (call.handler, call.input["result"]) == ("cancel", None)


def test_an_early_join_leaves_the_rest_alone() -> None:
    """With ``rest: continue`` booking, claim and order stay, until the branch they are left below is done."""
    job = booked(EARLY % "continue")
    job.do(c.Claim(by=TOM, step=job.step("sew").number))
    job.act("look", by=TOM)
    assert job.standing == ["after", "meet", "order", "sew"]
    assert job.step("sew").claimed == "tom"
    job.finish("order")
    job.act("after", "done", by=TOM)
    assert job.status == "fulfilled"
    assert len(job.told(e.SlotFreed)) == 1


@pytest.mark.parametrize("winner", ["call", "look"])
def test_the_losers_of_a_race_leave_nothing_behind(winner: str) -> None:
    """The booking of a fitting that lost is freed; a service that lost may have done its work, and can be undone."""
    states = """
  first:
    type: race
    of:
      meet: {type: fitting, with: tailor, length: PT30M}
      call: {type: service, call: order, undo: cancel}
      look: {type: task, for: tailor}
    on: {meet: after, call: after, look: after}
  after: {type: task, for: tailor, on: {done: fulfilled, bad: {to: gone, undo: true}}}
"""
    job = booked(states)
    if winner == "call":
        job.finish("first")
    else:
        step = next(step for step in job.steps if step.member == "look")
        job.do(c.Act(by=TOM, step=step.number))
    assert job.standing == ["after"]
    assert len(job.told(e.SlotFreed)) == 1
    job.act("after", "bad", by=TOM)
    (call,) = job.position.calls.values()
    assert call.input["result"] == (None if winner == "look" else {})


def test_the_clock_of_a_stage_starts_with_each_visit() -> None:
    """The ``within`` of a stage's always counts from when the stage was entered, this time."""
    states = """
  first:
    type: stage
    states: {look: {type: task, for: tailor, on: {done: done}}}
    always: {late: {within: P3D, to: done}}
    on: {done: after}
  after: {type: task, for: tailor, on: {done: fulfilled, again: first}}
"""
    job = Rehearsal(process(states))
    job.wait("P2D")
    job.act("look", by=TOM)
    job.act("after", "again", by=TOM)
    job.wait("P2D")
    assert job.standing == ["first", "look"]
    job.wait("P2D")
    assert job.standing == ["after"]


def test_an_each_in_an_each_sees_its_own() -> None:
    """Inside, ``item``, the names of items, data and the past are those of the innermost item, then of those around."""
    states = """
  first:
    type: each
    of: '[10, 20]'
    as: order
    states:
      pack: {type: task, for: tailor, fields: {box: {type: integer}}, on: {done: parts}}
      parts:
        type: each
        of: '[order + 1, order + 2]'
        as: part
        states:
          cut: {type: task, for: tailor, ask: "{order}/{part}/{item}/{data.pack.box}/{passed('cut')}/{passed('pack')}",
                on: {done: [{to: done, when: count("cut") == 2}, {to: cut}]}}
        on: {joined: done}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    outer = f"{ROOT}/first#2/1"
    job.act("pack", answer={"box": 7}, by=TOM, branch=outer)
    steps = [step for step in job.steps if step.state == "cut"]
    assert [step.title for step in steps] == ["20/21/21/7/no/yes", "20/22/22/7/no/yes"]
    job.do(c.Act(by=TOM, step=steps[0].number))
    titles = sorted(step.title for step in job.steps if step.state == "cut")
    assert titles == ["20/21/21/7/yes/yes", "20/22/22/7/no/yes"]
