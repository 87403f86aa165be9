"""A promise whose moment is over while the job goes on is late: a timer of the job says so, once for each date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rehearsal import ADA, BEGIN, CLOCK, OPS, TOM, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import rebuild
from flowengine.core.timers import due
from flowengine.core.values import Timer
from flowengine.errors import NotAllowed, StaleCommand

STATES = """
  first: {type: task, for: tailor, fields: {by: {type: string, format: date}}, on: {done: sew}}
  sew: {type: task, for: tailor, saves: first, fields: {by: {type: string, format: date}},
        on: {done: sew, pack: last}}
  last: {type: task, for: tailor, on: {done: fulfilled, hopeless: gone}}
"""
PROMISE = "promise: {by: data.first.by}\nalways: {stop: {by: customer, to: gone}}\n"
BY = datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def promising(more: str = PROMISE) -> Rehearsal:
    job = Rehearsal(process(STATES, more))
    job.act("first", answer={"by": "2026-03-10"}, by=TOM)
    return job


def clocks(job: Rehearsal) -> list[Timer]:
    """What will tell that a promise is late."""
    return [timer for timer in job.timers if timer.purpose == "promise"]


def overdue(job: Rehearsal) -> list[datetime]:
    """The moments of which it was told that they are over."""
    return [one.by for one in job.told(e.PromiseOverdue)]


def test_its_moment_is_over_and_the_job_goes_on() -> None:
    """It is told once, and changes nothing else: no step, no state, and what is promised stays promised."""
    job = promising()
    (timer,) = clocks(job)
    assert (timer.branch, timer.due) == ("main", BY + TICK)
    before = job.position
    job.wait("P9D")
    assert (overdue(job), clocks(job)) == ([BY], [])
    assert (job.standing, job.steps) == (["sew"], list(before.steps.values()))
    assert job.position.head.promise == before.head.promise
    job.wait("P90D")
    job.act("sew", "pack", by=TOM)
    job.act("last", "done", by=TOM)
    assert overdue(job) == [BY]
    assert job.position.head.promise is not None
    assert job.position.head.promise.kept is False


def test_what_is_done_at_the_promised_moment_is_in_time() -> None:
    """The clock that says that it is late strikes after it, so that an act of that moment finds nothing late."""
    job = promising()
    job.act("sew", "pack", by=TOM)
    job.now = BY
    assert [one.purpose for one in job.position.overdue(BY)] == ["attention"]
    assert [one.purpose for one in due(job.position, BY + TICK)] == ["attention", "promise"]
    job.act("last", "done", by=TOM)
    assert job.position.head.promise is not None
    assert (job.position.head.promise.kept, overdue(job)) == (True, [])


def test_a_promise_that_moves_moves_its_clock() -> None:
    """Before it is late, and after: a new date is a promise again, which can be late once more."""
    job = promising()
    job.act("sew", "done", {"by": "2026-03-12"}, by=TOM)
    (timer,) = clocks(job)
    assert timer.due == BY + days(2) + TICK
    job.wait("P9D")
    assert overdue(job) == []
    job.wait("P3D")
    assert overdue(job) == [BY + days(2)]
    job.act("sew", "done", {"by": "2026-03-20"}, by=TOM)
    (timer,) = clocks(job)
    assert timer.due == BY + days(10) + TICK
    job.wait("P30D")
    assert overdue(job) == [BY + days(2), BY + days(10)]


def test_what_is_promised_for_a_moment_that_is_over_is_late_at_once() -> None:
    """Whoever promises yesterday is late now, not when somebody looks."""
    job = Rehearsal(process(STATES, PROMISE))
    job.act("first", answer={"by": "2026-02-01"}, by=TOM)
    assert [one.purpose for one in job.position.overdue(job.now)] == ["promise"]
    job.wait("PT0S")
    assert [one.date().isoformat() for one in overdue(job)] == ["2026-02-01"]


def test_it_falls_with_the_job_and_once_the_promise_is_kept() -> None:
    """Whichever way the job ends; and what was handed over in time is late no more, however long the thanks take."""
    for leave in (
        lambda job: job.invoke("stop"),
        lambda job: job.do(c.End(by=OPS, because="Over")),
        lambda job: job.do(c.Move(by=OPS, to="fulfilled", because="By phone")),
    ):
        job = promising()
        leave(job)
        assert (job.status != "open", clocks(job)) == (True, [])
    job = promising("promise: {by: data.first.by, kept: 'passed(\"sew\")'}\n")
    job.act("sew", "pack", by=TOM)
    assert clocks(job) == []
    job.wait("P90D")
    assert (job.standing, overdue(job)) == (["last"], [])


@pytest.mark.parametrize("wait", ["P1D", "P20D"])
def test_a_job_that_ends_otherwise_promises_nothing_twice(wait: str) -> None:
    """What was promised is told once: at a withdrawal nothing is promised anew; a moment that is over is broken."""
    job = promising()
    job.wait(wait)
    job.invoke("stop")
    kept = [one.promise.kept for one in job.told(e.Promised)]
    assert kept == ([None] if wait == "P1D" else [None, False])


def test_whatever_the_job_does_on_the_way_its_clock_stays() -> None:
    """States are left by deeds, by hand and by an always; the promise is the job's."""
    job = promising(PROMISE.replace("to: gone", "to: sew"))
    job.act("sew", "pack", by=TOM)
    job.invoke("stop")
    job.do(c.Move(by=OPS, to="last", because="By phone"))
    job.wait("P9D")
    assert overdue(job) == [BY]


def test_a_promised_day_does_not_stand_while_the_job_is_suspended() -> None:
    """Deadlines of people are later by as long as it was held; what was promised is not, and is told as soon as the
    job goes on."""
    job = promising()
    job.do(c.Suspend(by=OPS, because="The shop is flooded"))
    job.now += days(30)
    assert job.position.overdue(job.now) == []
    (timer,) = clocks(job)
    with pytest.raises(StaleCommand, match="suspended"):
        job.do(c.Fire(by=CLOCK, timer=timer.number))
    job.do(c.Resume(by=OPS, because="Dry again"))
    assert [one.due for one in clocks(job)] == [BY + TICK]
    job.wait("PT0S")
    assert overdue(job) == [BY]


def test_operators_neither_move_nor_drop_nor_hasten_it() -> None:
    """A promise moves with its data, which operators can set; nobody is told that a day has passed that has not."""
    job = promising()
    (timer,) = clocks(job)
    for command, why in (
        (c.MoveDeadline(by=OPS, number=timer.number, to=BY + days(9), because="Later"), "follows the data"),
        (c.DropTimer(by=OPS, timer=timer.number, because="Never mind"), "follows the data"),
        (c.Fire(by=OPS, timer=timer.number, because="Now"), "is not due before"),
    ):
        with pytest.raises(NotAllowed, match=why):
            job.do(command)
    job.do(c.SetData(by=OPS, place="first.by", value="2026-03-31", because="She agreed by phone"))
    assert [one.due for one in clocks(job)] == [BY + days(21) + TICK]


def test_each_item_may_take_its_time_for_the_promise_is_of_the_job() -> None:
    """Branches come and go without a word of what was promised."""
    states = """
  first: {type: task, for: tailor, fields: {by: {type: string, format: date}}, on: {done: all}}
  all: {type: each, of: '[1, 2]', start: in, states: {in: {type: task, for: tailor, next: done}}, next: fulfilled}
"""
    job = Rehearsal(process(states, "promise: {by: data.first.by}\n"))
    job.act("first", answer={"by": "2026-03-10"}, by=TOM)
    one, two = (step.branch for step in job.steps)
    job.act("in", by=TOM, branch=one)
    job.wait("P9D")
    assert overdue(job) == [BY]
    job.act("in", by=TOM, branch=two)
    assert job.status == "fulfilled"


@pytest.mark.parametrize(
    ("new", "moment"),
    [
        ("promise: {by: data.first.by}\n", BY + TICK),
        ("promise: {by: 'date(data.first.by) + duration(\"72h\")'}\n", datetime(2026, 3, 13, tzinfo=UTC) + TICK),
        ("", BY + TICK),
    ],
)
def test_a_migration_sets_it_as_the_new_version_says(new: str, moment: datetime) -> None:
    """What a version promises otherwise moves it; one that promises nothing takes back nothing."""
    job = promising("promise: {by: data.first.by}\n")
    assert job.migrate(process(STATES + "  more: {type: task, for: tailor, next: fulfilled}\n", new)).done
    assert [one.due for one in clocks(job)] == [moment]


def test_a_migration_to_another_type_of_state_keeps_it() -> None:
    """What belongs to the job stays set where the state in which it stands is opened anew."""
    states = "  first: {type: wait, for: P90D, next: fulfilled}\n"
    promise = "promise: {by: 'timestamp(\"2026-03-04T09:00:00Z\")'}\n"
    job = Rehearsal(process(states, promise))
    (timer,) = clocks(job)
    assert timer.due == BEGIN + days(2) + TICK
    assert job.migrate(process(states.replace("wait, for: P90D", "message, name: x"), promise)).done
    assert [one.number for one in clocks(job)] == [timer.number]


def from_before() -> Rehearsal:
    """A job as it was before promises had clocks."""
    job = promising()
    for events in job.history:
        events[:] = [one for one in events if not (isinstance(one, e.TimerSet) and one.timer.purpose == "promise")]
    job.position = rebuild(job.history)
    return job


def test_a_job_from_before_gets_it_with_its_next_act() -> None:
    """What was promised before there were such clocks is watched from the next act on, late or not yet."""
    job = from_before()
    assert (clocks(job), job.position.head.promise and job.position.head.promise.timer) == ([], 0)
    job.now += days(30)
    job.do(c.Say(by=ADA, kind="note", text="Where is it?"))
    assert [one.due for one in clocks(job)] == [BY + TICK]
    job.wait("PT0S")
    assert overdue(job) == [BY]


def test_a_job_from_before_gets_it_with_a_migration() -> None:
    """Also to a version that promises nothing."""
    job = from_before()
    assert job.migrate(process(STATES, "zone: Europe/London")).done
    assert [one.due for one in clocks(job)] == [BY + TICK]
