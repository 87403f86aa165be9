"""Stages are named groups of states; races offer several things at once and take the first."""

from __future__ import annotations

import pytest
from rehearsal import ADA, CODE, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core.values import ROOT

STAGE = """
  first:
    type: stage
    start: sketch
    states:
      sketch: {type: task, for: tailor, on: {done: agree}}
      agree: {type: ask, ask: Do you like it?, fields: {yes: {type: boolean}}, within: P9D,
              on: {answered: [{to: done, when: data.agree.yes}, {to: sketch}], expired: gone}}
    always:
      skip: {by: customer, to: done}
      slow: {within: P5D, to: sketch}
    on: {done: after}
  after: {type: task, for: tailor, next: fulfilled}
"""
RACE = """
  first:
    type: race
    of:
      reply: {type: ask, ask: Which day?, fields: {day: {type: string}}}
      phone: {type: message, name: called, fields: {day: {type: string}}}
      guess: {type: task, for: tailor}
      long: {type: wait, for: P3D}
    on: {reply: reply_won, phone: phone_won, guess.hopeless: gone, guess: guess_won, long: long_won}
  reply_won: {type: task, for: tailor, next: fulfilled}
  phone_won: {type: task, for: tailor, next: fulfilled}
  guess_won: {type: task, for: tailor, next: fulfilled}
  long_won: {type: task, for: tailor, next: fulfilled}
"""


def race() -> Rehearsal:
    return Rehearsal(process(RACE))


def member(job: Rehearsal, name: str) -> int:
    (step,) = [step for step in job.steps if step.member == name]
    return step.number


def test_a_stage_runs_its_own_states_until_done() -> None:
    """A stage goes on when its own states reach ``done``; what they save is in the job's data."""
    job = Rehearsal(process(STAGE))
    assert job.standing == ["first", "sketch"]
    job.act("sketch", by=TOM)
    job.act("agree", answer={"yes": False})
    assert job.standing == ["first", "sketch"]
    job.act("sketch", by=TOM)
    job.act("agree", answer={"yes": True})
    assert job.standing == ["after"]
    assert job.data["agree"] == {"yes": True}


def test_the_always_of_a_stage_ends_it() -> None:
    """An always of a stage may lead to ``done`` and so end the stage."""
    job = Rehearsal(process(STAGE))
    job.invoke("skip")
    assert job.standing == ["after"]


def test_the_clock_of_a_stage_stops_with_it() -> None:
    """The clock of a stage's always counts from entering the stage and is gone when it is left."""
    job = Rehearsal(process(STAGE))
    job.act("sketch", by=TOM)
    job.wait("P6D")
    assert job.standing == ["first", "sketch"]
    job.invoke("skip")
    assert job.clocks == []


def test_the_first_member_over_wins_a_race() -> None:
    """All members of a race are offered; the first that is over closes the others and routes by its name."""
    job = race()
    assert sorted(step.member for step in job.steps) == ["guess", "reply"]
    job.do(c.Act(by=ADA, step=member(job, "reply"), answer={"day": "Monday"}))
    assert job.standing == ["reply_won"]
    assert job.clocks == []


def test_a_message_may_win_a_race() -> None:
    """A message that a member of a race waits for wins it."""
    job = race()
    job.deliver("called", body={"day": "Friday"})
    assert job.standing == ["phone_won"]


def test_the_clock_may_win_a_race() -> None:
    """A wait in a race wins when its time is over."""
    job = race()
    job.wait("P4D")
    assert job.standing == ["long_won"]


def test_a_members_outcome_has_a_route_of_its_own() -> None:
    """``member.outcome`` is looked for before ``member``."""
    job = race()
    job.do(c.Act(by=TOM, step=member(job, "guess"), outcome="hopeless"))
    assert job.position.head.end == "gone"
    job = race()
    job.do(c.Act(by=TOM, step=member(job, "guess"), outcome="done"))
    assert job.standing == ["guess_won"]


def test_a_member_that_is_over_at_once_wins() -> None:
    """A member that has nothing to wait for wins before the others are offered."""
    states = """
  first:
    type: race
    of: {over: {type: wait, until: '"2020-01-01"'}, work: {type: task, for: tailor}}
    on: {over: fulfilled, work: gone}
"""
    assert Rehearsal(process(states)).status == "fulfilled"


def test_a_failed_service_wins_no_race() -> None:
    """A member's service that fails is an incident, unless the race routes its failure."""
    states = """
  first:
    type: race
    of: {ask: {type: service, call: ask_mill}, work: {type: task, for: tailor}}
    on: {ask: fulfilled, work: fulfilled}
"""
    job = Rehearsal(process(states))
    job.fail("first", "closed")
    assert job.call("first").incident == "closed"
    job.finish("first", result={})
    assert job.status == "fulfilled"
    job = Rehearsal(process(states.replace("work: fulfilled", "ask.failed: gone, work: fulfilled")))
    job.fail("first", "closed")
    assert job.position.head.end == "gone"


def test_a_deadline_of_a_race_and_of_its_member() -> None:
    """A race may expire as a whole, and so may each member."""
    states = """
  first:
    type: race
    within: P9D
    of:
      one: {type: ask, ask: Well?, fields: {a: {type: string}}, within: P2D}
      two: {type: message, name: m}
    on: {one.expired: again, one: fulfilled, two: fulfilled, expired: gone}
  again: {type: race, within: P2D, of: {two: {type: message, name: m}}, on: {two: fulfilled, expired: gone}}
"""
    job = Rehearsal(process(states))
    job.wait("P3D")
    assert job.standing == ["again"]
    job.wait("P3D")
    assert job.position.head.end == "gone"


def test_a_race_stands_in_one_branch() -> None:
    """The members of a race are no branches of their own."""
    assert list(race().position.branches) == [ROOT]


@pytest.mark.parametrize("winner", ["phone", "reply"])
def test_the_winners_answer_is_saved(winner: str) -> None:
    """What the winner brings is saved under the race's name, unless its member saves elsewhere."""
    job = race()
    if winner == "phone":
        job.do(c.Deliver(by=CODE, name="called", body={"day": "Friday"}))
    else:
        job.do(c.Act(by=ADA, step=member(job, "reply"), answer={"day": "Friday"}))
    assert job.data["first"] == {"day": "Friday"}
