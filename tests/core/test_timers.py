"""Deadlines, reminders and escalations, for all kinds of steps alike; and the promise to the customer."""

from __future__ import annotations

from datetime import UTC, datetime

from rehearsal import TOM, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e

ASKING = """
  first: {type: ask, ask: Which day?, fields: {day: {type: string}}, within: P7D, remind: [P3D, P6D],
          on: {answered: sew, expired: gone}}
  sew: {type: task, for: tailor, escalate: [{after: P2D, to: staff}], on: {done: fulfilled}}
"""


def test_a_deadline_ends_the_state_as_expired() -> None:
    """A step not done by its deadline ends as ``expired`` (L8)."""
    job = Rehearsal(process(ASKING))
    assert job.step("first").due == job.now + days(7)
    job.wait("P8D")
    assert job.position.head.end == "gone"


def test_reminders_change_nothing_but_are_told() -> None:
    """Reminders come at their times while the step is open, and stop when it is done."""
    job = Rehearsal(process(ASKING))
    job.wait("P4D")
    assert job.last.effects.reminded == [job.step("first").number]
    assert len(job.told(e.Reminded)) == 1
    job.act("first", answer={"day": "Monday"})
    job.wait("P1D")
    assert len(job.told(e.Reminded)) == 1


def test_an_escalation_opens_the_step_to_others() -> None:
    """After its time a step is open to more people, and to those it waited for as before."""
    job = Rehearsal(process(ASKING))
    job.act("first", answer={"day": "Monday"})
    assert job.step("sew").audience == ("role:tailor",)
    job.wait("P2D")
    assert job.step("sew").audience == ("role:tailor", "staff")
    assert [change.why for change in job.told(e.StepChanged)] == ["escalated"]


def test_an_escalation_takes_a_claim_back() -> None:
    """Who has claimed a step and is away stands in nobody's way once it is escalated; he may still do it himself."""
    job = Rehearsal(process(ASKING))
    job.act("first", answer={"day": "Monday"})
    job.do(c.Claim(by=TOM, step=job.step("sew").number))
    job.wait("P2D")
    assert job.step("sew").claimed is None
    assert "role:tailor" in job.step("sew").audience


def test_a_wait_until_a_day_from_the_data() -> None:
    """A wait may last until a moment computed from the job's data."""
    states = """
  first: {type: task, for: tailor, fields: {until: {type: string, format: date}}, on: {done: second}}
  second: {type: wait, until: data.first.until, on: {elapsed: gone}}
"""
    job = Rehearsal(process(states))
    job.act("first", answer={"until": "2026-03-10"}, by=TOM)
    (timer,) = job.timers
    assert timer.due >= datetime(2026, 3, 10, tzinfo=UTC)
    job.wait("P10D")
    assert job.position.head.end == "gone"


PROMISING = """
  first: {type: task, for: tailor, fields: {by: {type: string, format: date}},
          on: {done: sew}}
  sew: {type: task, for: tailor, fields: {later: {type: string, format: date, optional: true}},
        on: {done: last, hopeless: gone}, saves: first}
  last: {type: task, for: tailor, on: {done: fulfilled}}
"""


def promising() -> Rehearsal:
    job = Rehearsal(process(PROMISING, "promise: {by: data.first.by}\n"))
    assert job.position.head.promise is None, "nothing is promised before its data is there"
    job.act("first", answer={"by": "2026-03-10"}, by=TOM)
    return job


def test_a_promise_is_made_when_its_data_is_there_and_kept_in_time() -> None:
    """The promise is told once its date is known; a job fulfilled on that day has kept it."""
    job = promising()
    promise = job.position.head.promise
    assert promise is not None
    assert promise.by == datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)
    assert promise.kept is None
    job.wait("P8D")
    job.act("sew", "done", by=TOM)
    job.act("last", by=TOM)
    promise = job.position.head.promise
    assert promise is not None
    assert promise.kept is True


def test_a_promise_is_broken_a_day_later() -> None:
    """A job fulfilled after the day that was promised has broken its promise."""
    job = promising()
    job.wait("P9D")
    job.act("sew", "done", by=TOM)
    job.act("last", by=TOM)
    promise = job.position.head.promise
    assert promise is not None
    assert promise.kept is False


def test_a_promise_of_a_job_that_ends_before_its_day_is_neither() -> None:
    """A job that was given up before the promised day has neither kept nor broken its promise; afterwards it has."""
    for span, kept in (("P1D", None), ("P20D", False)):
        job = promising()
        job.wait(span)
        job.act("sew", "hopeless", by=TOM)
        promise = job.position.head.promise
        assert promise is not None
        assert promise.kept is kept


def test_a_promise_may_be_renegotiated() -> None:
    """When its data changes the promise changes, and what was promised first is not forgotten."""
    states = """
  first: {type: task, for: tailor, fields: {by: {type: string, format: date}}, on: {done: second}}
  second: {type: task, for: tailor, saves: first, fields: {by: {type: string, format: date}}, on: {done: last}}
  last: {type: task, for: tailor, on: {done: fulfilled}}
"""
    job = Rehearsal(process(states, "promise: {by: data.first.by}\n"))
    job.act("first", answer={"by": "2026-03-10"}, by=TOM)
    job.wait("P1D")
    job.act("second", answer={"by": "2026-03-20"}, by=TOM)
    promise = job.position.head.promise
    assert promise is not None
    assert (promise.first.day, promise.by.day, promise.made) == (10, 20, job.now)
    assert len(job.told(e.Promised)) == 2
