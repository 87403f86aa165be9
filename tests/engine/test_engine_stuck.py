"""What operators see of what does not move, and what becomes of jobs that nobody waits for any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from engine_flows import CHILD, LETTER, PARENT, STUBBORN, SUIT, VOTE

from flowengine import (
    Database,
    Engine,
    ExpressionFailed,
    HandlerCall,
    NotAllowed,
    NotFound,
    SimulatedClock,
)
from flowengine.store import shown

BROKEN = SUIT.replace("process: small_suit", "process: broken").replace(
    "expired: gone}", "expired: [{to: gone, when: 'customer.age > 3'}, gone]}", 1
)
"""The suit with a deadline whose guard needs what is not known of a customer."""

LEAVING = PARENT.replace(
    "    on: {fulfilled: fulfilled, ended: gone}",
    "    within: P3D\n    on: {fulfilled: fulfilled, ended: gone, expired: gone}",
)
"""A house that does not wait for its kitchen for ever."""

WITHDRAWS = (
    CHILD
    + """  withdrawn: {type: ended, because: It is not wanted any more}
always:
  withdraw: {title: Withdraw, by: customer, to: withdrawn}
"""
)


@pytest.fixture
def house(engine: Engine) -> Callable[[str], tuple[str, str]]:
    """Begins a house whose kitchen is a job of the process text given: the ids of both."""

    def begin(child: str) -> tuple[str, str]:
        engine.deploy(LEAVING)
        engine.deploy(child)
        engine.add_staff("bob", "Bob", roles=["builder"])
        job = engine.start("house", by="ada", need={"rooms": 3}).job
        engine.run_due()
        return job, engine.jobs(process="kitchen")[0].id

    return begin


# where jobs stand

FORKED = """
process: forked
title: Two at once
need: Both
states:
  need: {type: need, fields: {wish: {type: string, optional: true}}, next: both}
  both:
    type: parallel
    branches: {one: {type: task, for: staff}, two: {type: task, for: staff}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_jobs_are_counted_where_they_stand(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], step_of: Callable[[str, str], str]
) -> None:
    """Of each state in which open jobs stand, branches too, it is told how many do, since when the first, and half of
    them; what has ended, what is of another process and what stands nowhere does not count."""
    assert engine.standing("small_suit") == []
    moments = []
    for _ in range(4):
        moments.append(clock.now())
        suit()
        clock.advance(timedelta(days=1))
    forked = suit("ben")
    engine.act(step_of(forked, "ben"), "chosen", {"cloth": "navy"}, by="ben")
    engine.withdraw(suit(), by="ada")
    engine.deploy(LETTER)
    engine.start("letters", by="ada", need={"number": "7"})
    found = {one.state: one for one in engine.standing("small_suit")}
    (choosing,) = [one for one in found.values() if one.jobs == 4]
    assert (choosing.since, choosing.half_since) == (moments[0], moments[1])
    where = {place.state for place in engine.track(forked, "olga").where}
    assert where <= set(found)
    assert set(found) - where == {choosing.state}
    assert all(found[state].jobs == 1 and found[state].since == clock.now() for state in where)
    engine.deploy(FORKED)
    for who in ("ada", "ben"):
        engine.start("forked", by=who, need={})
    assert [(one.state, one.jobs) for one in engine.standing("forked")] == [("both", 2), ("one", 2), ("two", 2)]
    with pytest.raises(NotFound):
        engine.standing("nothing")


# incidents


def _broken(engine: Engine, clock: SimulatedClock) -> str:
    engine.deploy(BROKEN)
    job = engine.start("broken", by="ada", need={"occasion": "Work"}).job
    clock.advance(timedelta(days=8))
    engine.run_due()
    return job


def test_a_timer_that_cannot_be_fired_is_an_incident(engine: Engine, clock: SimulatedClock) -> None:
    """Operators see which timer cannot be fired, in which state, why, and when it is tried again."""
    job = _broken(engine, clock)
    (incident,) = engine.incidents()
    assert (incident.kind, incident.handler, incident.state, incident.job) == ("timer", "expire", "choose", job)
    assert "age" in incident.error
    assert incident.attempts == 1
    assert incident.next == clock.now() + timedelta(days=1)  # until then somebody has to mend what it reads


def test_a_timer_is_fired_at_once_by_an_operator(engine: Engine, clock: SimulatedClock) -> None:
    """Trying a timer again raises what still stands in its way; once that is mended, it is fired there and then."""
    job = _broken(engine, clock)
    (incident,) = engine.incidents()
    with pytest.raises(NotAllowed):
        engine.retry(incident.id, by="tom")
    with pytest.raises(ExpressionFailed):
        engine.retry(incident.short, by="olga")
    assert len(engine.incidents()) == 1
    engine.add_customer("ada", record={"age": 40})
    assert engine.retry(incident.short, by="olga").status == "ended"
    assert engine.incidents() == []
    assert engine.audit(job).fine


def test_a_timer_is_not_fired_before_its_time(engine: Engine, suit: Callable[..., str]) -> None:
    """An operator cannot end a deadline early by trying its timer; what is no incident is refused."""
    job = suit()
    numbers = [event["timer"]["number"] for event in engine.history(job)[0].events if event["event"] == "TimerSet"]
    with pytest.raises(NotAllowed):
        engine.retry(f"{job}.{numbers[0]}", by="olga")
    with pytest.raises(NotFound):
        engine.retry(f"{'0' * 8}.1", by="olga")


# what waits for what


def _fails(_: HandlerCall) -> None:
    raise ConnectionError("nobody answers")


def test_what_is_stuck_is_told_oldest_first(engine: Engine, clock: SimulatedClock, suit: Callable[..., str]) -> None:
    """Each open job is told with what it waits for, since when, and whose turn it is; jobs that are over are not."""
    for text in (STUBBORN, LETTER, VOTE):
        engine.deploy(text)
    engine.register({"order_cloth": _fails})
    engine.add_customer("max", groups=["members"])
    over = suit()
    engine.withdraw(over, by="ada")
    began = clock.now()
    jobs = []
    for process, need in (("stubborn", {"metres": 1}), ("letters", {"number": "L7"}), ("ballot", {})):
        jobs.append(engine.start(process, by="ben", need=need).job)
        clock.advance(timedelta(hours=1))
    engine.run_due()
    jobs.append(suit())
    found = engine.stuck()
    assert [one.job for one in found] == jobs
    assert [one.since for one in found] == [began + timedelta(hours=hours) for hours in range(4)]
    (call,), letter, (vote,), (step,) = (one.waits for one in found)
    assert (call.kind, call.what, call.whom, call.attempts) == ("call", "Order", "order_cloth", 1)
    assert call.error == "ConnectionError: nobody answers"
    assert call.next is not None
    assert timedelta(seconds=7) < call.next - clock.now() <= timedelta(seconds=10)
    assert {(wait.kind, wait.what, wait.whom) for wait in letter} == {
        ("timer", "Late", ""),
        ("message", "letter", "L7"),
    }
    assert (vote.kind, vote.whom) == ("step", "1 of 1 who may vote")
    assert (step.kind, step.what, step.whom) == ("step", "Choose your cloth", "Ada")
    assert step.due == clock.now() + timedelta(days=7)
    assert step.id == f"{shown(jobs[3])}.{engine.inbox('ada')[0].id.rpartition('.')[2]}"
    assert [one.job for one in engine.stuck(process="ballot")] == [jobs[2]]
    assert [one.job for one in engine.stuck(limit=1)] != [jobs[3]]


def test_what_gave_up_is_told_among_what_is_stuck(engine: Engine, clock: SimulatedClock) -> None:
    """A call that waits for an operator has no next attempt; a timer that cannot be fired has one, and its error."""
    job = _broken(engine, clock)
    engine.deploy(STUBBORN)
    engine.register({"order_cloth": _fails})
    ordered = engine.start("stubborn", by="ben", need={"metres": 1}).job
    for _ in range(3):
        engine.run_due()
        clock.advance(timedelta(minutes=1))
    waits = {one.job: one.waits for one in engine.stuck()}
    (call,) = waits[ordered]
    assert (call.next, call.error) == (None, "ConnectionError: nobody answers")
    step, timer = waits[job]
    assert (step.kind, timer.kind) == ("step", "timer")
    assert "age" in timer.error
    assert timer.next is not None
    assert engine.retry(call.id, by="olga").status == "open"


# jobs that were called


def test_a_called_job_is_told_to_be_waited_for(house: Callable[[str], tuple[str, str]], engine: Engine) -> None:
    """The caller waits for a job, whose short id is named."""
    job, kitchen = house(CHILD)
    waits = {one.job: one.waits for one in engine.stuck()}
    assert [(wait.kind, wait.what, wait.whom) for wait in waits[job]] == [("job", "Kitchen", shown(kitchen))]
    assert [wait.whom for wait in waits[kitchen]] == ["Builder"]


def test_a_called_job_is_withdrawn_when_nobody_waits_any_more(
    house: Callable[[str], tuple[str, str]], engine: Engine, clock: SimulatedClock
) -> None:
    """When the caller goes on without it, a job that can be withdrawn is; its end changes nothing for the caller."""
    job, kitchen = house(WITHDRAWS)
    clock.advance(timedelta(days=4))
    engine.run_due()
    engine.run_due()
    status = {row.id: (row.status, row.because) for row in engine.jobs()}
    assert status == {job: ("ended", "No kitchen"), kitchen: ("ended", "It is not wanted any more")}
    assert not engine.run_due().anything
    assert engine.audit().fine


def test_a_called_job_that_cannot_be_withdrawn_goes_on(
    house: Callable[[str], tuple[str, str]], engine: Engine, clock: SimulatedClock
) -> None:
    """Without a withdrawal it goes on, those who work on it are told, and its end is told to nobody."""
    job, kitchen = house(CHILD)
    clock.advance(timedelta(days=4))
    engine.run_due()
    engine.run_due()
    assert [row.status for row in engine.jobs(process="kitchen")] == ["open"]
    assert "Nobody waits for this job any more" in engine.track(kitchen, "bob").said[-1][2]
    engine.act(engine.inbox("bob")[0].id, "done", {"colour": "red"}, by="bob")
    engine.run_due()
    assert len(engine.history(job)) == 2
    assert engine.audit().fine


def test_what_is_left_before_it_began_never_begins(engine: Engine, clock: SimulatedClock) -> None:
    """A call that is left before its job was started starts none."""
    engine.deploy(LEAVING + "always:\n  stop: {by: customer, to: gone}\n")
    engine.deploy(WITHDRAWS)
    job = engine.start("house", by="ada", need={"rooms": 3}).job
    engine.invoke(job, "stop", by="ada")
    engine.run_due()
    clock.advance(timedelta(hours=1))
    engine.run_due()
    assert engine.jobs(process="kitchen") == []


def test_a_job_that_was_told_twice_is_told_once(
    house: Callable[[str], tuple[str, str]], engine: Engine, database: Database, clock: SimulatedClock
) -> None:
    """Delivered again after a crash, the word that nobody waits changes nothing more (L3)."""
    job, kitchen = house(CHILD)
    clock.advance(timedelta(days=4))
    engine.run_due()
    engine.run_due()
    before = len(engine.history(kitchen))
    call = next(
        event["call"]["number"]
        for line in engine.history(job)
        for event in line.events
        if event["event"] == "CallOpened"
    )
    with database.writing() as tx:
        body = {"call": call, "process": "kitchen", "customer": "ada"}
        tx.outbox.add(job, 99, "child_left", body, clock.now())
    assert engine.run_due().outbox == 1
    assert len(engine.history(kitchen)) == before
