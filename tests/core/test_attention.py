"""L8: whatever a customer waits behind gets attention, where nothing else ends or widens the wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rehearsal import BEGIN, CODE, OPS, TOM, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import compile_process
from flowengine.core.values import Timer
from flowengine.errors import NotAllowed

WATCHED = {
    "a task": "{type: task, for: tailor, next: fulfilled}",
    "a task that is only reminded of": "{type: task, for: tailor, remind: P1D, next: fulfilled}",
    "a message": "{type: message, name: dried, next: fulfilled}",
    "a service": "{type: service, call: mill, on: {done: fulfilled}}",
    "an approval inside": "{type: approval, by: tailor, on: {approved: fulfilled}}",
    "a race without a clock": "{type: race, of: {a: {type: message, name: x}, b: {type: task, for: tailor}}, "
    "next: fulfilled}",
    "a job elsewhere": "{type: call, process: mill, at: mill, for: tailor, on: {fulfilled: fulfilled}}",
    "in a stage": "{type: stage, start: in, states: {in: {type: task, for: tailor, next: done}}, next: fulfilled}",
    "of an item": "{type: each, of: '[1]', start: in, states: {in: {type: task, for: tailor, next: done}}, "
    "next: fulfilled}",
    "in a branch": "{type: parallel, branches: {in: {type: message, name: x}}, next: fulfilled}",
    "in a branch that goes on after the deadline": "{type: parallel, within: P30D, rest: continue, "
    "branches: {in: {type: task, for: tailor}}, on: {joined: fulfilled, expired: gone}}",
}
OTHERWISE = {
    "a deadline": "{type: task, for: tailor, within: P9D, on: {done: fulfilled, expired: gone}}",
    "an escalation": "{type: task, for: tailor, escalate: {after: P9D, to: staff}, next: fulfilled}",
    "an escalation in a race": "{type: race, of: {a: {type: message, name: x}, "
    "b: {type: task, for: tailor, escalate: {after: P9D, to: staff}}}, next: fulfilled}",
    "a wait in a race": "{type: race, of: {a: {type: message, name: x}, b: {type: wait, for: P9D}}, next: fulfilled}",
    "a wait": "{type: wait, for: P9D, next: fulfilled}",
    "the customer's own deadline": "{type: approval, within: P9D, on: {approved: fulfilled, declined: gone, "
    "expired: gone}}",
    "a deadline around it": "{type: stage, within: P9D, start: in, states: {in: {type: task, for: tailor, "
    "next: done}}, on: {done: fulfilled, expired: gone}}",
    "a deadline far around it": "{type: stage, within: P9D, start: s, states: {s: {type: stage, start: in, states: "
    "{in: {type: task, for: tailor, next: done}}, next: done}}, on: {done: fulfilled, expired: gone}}",
    "the clock of a stage": "{type: stage, start: in, always: {late: {within: P9D, to: done}}, states: "
    "{in: {type: task, for: tailor, next: done}}, next: fulfilled}",
    "a job here, which is watched itself": "{type: call, process: other, on: {fulfilled: fulfilled}}",
}


def attention(job: Rehearsal) -> list[Timer]:
    """What will need attention, or does."""
    return [one for branch in job.position.branches.values() for one in branch.timers if one.purpose == "attention"]


@pytest.mark.parametrize("first", WATCHED.values(), ids=WATCHED)
def test_what_nothing_else_ends_gets_attention_after_a_week(first: str) -> None:
    """It is set once, for the innermost state that waits, and rings without changing anything else."""
    job = Rehearsal(process(f"  first: {first}"))
    (timer,) = attention(job)
    assert timer.due == BEGIN + days(7)
    before = job.position
    job.wait("P20D")
    (rung,) = attention(job)
    assert (rung.rang, job.position.head.late) == (BEGIN + days(7), 1)
    assert [one.state for one in job.told(e.TakesLonger)] == [job.position.branches[rung.branch].state]
    assert (job.standing, job.steps) == (sorted(before.head.standing), list(before.steps.values()))
    assert job.position.calls == before.calls


@pytest.mark.parametrize("first", OTHERWISE.values(), ids=OTHERWISE)
def test_what_ends_or_widens_by_itself_gets_none(first: str) -> None:
    """Who is called, or has a deadline, is not late twice."""
    assert attention(Rehearsal(process(f"  first: {first}"))) == []


def test_the_clock_of_the_process_is_enough_while_it_runs() -> None:
    """A clock around all ends the wait, but not in a state that comes only once it has struck."""
    made = process(
        "  first: {type: task, for: tailor, next: fulfilled}\n  late: {type: task, for: tailor, next: fulfilled}",
        "always: {slow: {within: P9D, to: late}}",
    )
    assert dict(compile_process(made).attention) == {"late": made.attention}
    job = Rehearsal(made)
    assert attention(job) == []
    job.wait("P20D")
    (rung,) = attention(job)
    assert (job.standing, rung.rang) == (["late"], BEGIN + days(16))


def test_a_clock_with_a_condition_is_not_enough() -> None:
    """Nobody knows whether it will move anything."""
    made = process(
        "  first: {type: task, for: tailor, next: fulfilled}",
        "always: {slow: {within: P9D, when: 'passed(\"first\")', to: gone}}",
    )
    assert list(compile_process(made).attention) == ["first"]


def test_a_state_says_its_own_and_the_process_that_of_the_others() -> None:
    """A state's own holds beside a deadline too; lengths are by the calendar of the zone."""
    made = process(
        "  first: {type: task, for: tailor, attention: P2D, within: P9D, on: {done: second, expired: gone}}\n"
        "  second: {type: message, name: x, next: fulfilled}",
        "zone: Europe/London\nattention: P1M",
        check=True,
    )
    job = Rehearsal(made)
    assert [one.due for one in attention(job)] == [BEGIN + days(2)]
    job.act("first", by=TOM)
    assert [one.due for one in attention(job)] == [BEGIN + timedelta(days=31, hours=-1)]  # clocks have changed


def test_what_usually_takes_longer_is_no_incident_before() -> None:
    """Where a state says how long it takes, the longer of the two holds; what it says of attention goes first."""
    made = process(
        "  first: {type: task, for: tailor, takes: P10D, next: second}\n"
        "  second: {type: task, for: tailor, takes: P1D, next: third}\n"
        "  third: {type: task, for: tailor, takes: P10D, attention: P2D, next: fulfilled}",
        check=True,
    )
    after = {name: str(length) for name, length in compile_process(made).attention.items()}
    assert after == {"first": "P10D", "second": "P7D", "third": "P2D"}


def test_it_counts_working_time() -> None:
    """Three working days of a shop that is closed at weekends."""
    made = process(
        "  first: {type: task, for: tailor, attention: {working: P3D}, next: fulfilled}",
        'calendars: {shop: {open: {mon-fri: "09:00-17:00"}, every: PT1H}}',
        check=True,
    )
    begin = BEGIN + days(3)  # a Thursday
    job = Rehearsal(made, begin=begin)
    assert [one.due for one in attention(job)] == [begin + days(5)]


def test_it_closes_when_the_state_is_left() -> None:
    """Whichever way: done, moved by hand, taken away by an always, or by the end of the job."""
    first = "  first: {type: task, for: tailor, next: fulfilled}\n  other: {type: task, for: tailor, next: fulfilled}"
    for leave in (
        lambda job: job.act("first", by=TOM),
        lambda job: job.do(c.Move(by=OPS, to="other", because="By phone")),
        lambda job: job.invoke("stop"),
        lambda job: job.do(c.End(by=OPS, because="Over")),
    ):
        job = Rehearsal(process(first, "always: {stop: {by: customer, to: gone}}"))
        job.wait("P8D")
        assert job.position.head.late == 1
        leave(job)
        assert job.position.head.late == 0
        assert not job.position.rung


def test_each_entry_is_watched_anew() -> None:
    """Who comes back to a state has the whole time again."""
    job = Rehearsal(process("  first: {type: task, for: tailor, on: {done: fulfilled, again: first}}"))
    job.wait("P8D")
    job.act("first", "again", by=TOM)
    assert [(one.due, one.rang) for one in attention(job)] == [(BEGIN + days(15), None)]


def test_branches_are_late_each_for_itself() -> None:
    """They are counted; one that is done, or cancelled with the rest, counts no more."""
    states = (
        "  first: {type: each, of: '[1, 2, 3]', join: 2, start: in, "
        "states: {in: {type: task, for: tailor, next: done}}, next: second}\n"
        "  second: {type: task, for: tailor, next: fulfilled}"
    )
    job = Rehearsal(process(states))
    job.wait("P8D")
    assert job.position.head.late == 3
    one, two, _ = (step.branch for step in job.steps)
    job.act("in", by=TOM, branch=one)
    assert job.position.head.late == 2
    job.act("in", by=TOM, branch=two)
    assert (job.position.head.late, job.standing) == (0, ["second"])


def test_what_is_undone_gets_attention_too() -> None:
    """An undo that nobody carries out holds up the job as any service does; the target it leads to is watched anew."""
    states = (
        "  first: {type: service, call: order, undo: cancel, on: {done: second}}\n"
        "  second: {type: task, for: tailor, on: {done: fulfilled, back: {to: third, undo: true}}}\n"
        "  third: {type: task, for: tailor, next: fulfilled}"
    )
    job = Rehearsal(process(states))
    job.finish("first")
    job.act("second", "back", by=TOM)
    assert [one.due for one in attention(job)] == [BEGIN + days(7)]
    job.wait("P8D")
    assert (job.position.head.late, job.standing) == (1, [])
    job.finish("first")
    assert (job.position.head.late, job.standing) == (0, ["third"])
    assert [one.due for one in attention(job)] == [BEGIN + days(15)]


def test_its_clock_stands_while_the_job_is_suspended() -> None:
    """It is later by as long as the job was held; what has rung already does not ring again."""
    job = Rehearsal(process("  first: {type: task, for: tailor, next: fulfilled}"))
    job.wait("P5D")
    job.do(c.Suspend(by=OPS, because="The shop is flooded"))
    job.now += days(10)
    job.do(c.Resume(by=OPS, because="Dry again"))
    assert [one.due for one in attention(job)] == [BEGIN + days(17)]
    job.wait("P3D")
    assert job.position.head.late == 1
    job.do(c.Suspend(by=OPS, because="Again"))
    job.now += days(10)
    job.do(c.Resume(by=OPS, because="Dry again"))
    assert (job.position.head.late, job.position.overdue(job.now + days(100))) == (1, [])


def test_an_operator_moves_it_and_has_it_come_early_but_cannot_drop_it() -> None:
    """Somebody who knows that the mill needs three weeks says so; nobody waits unseen because one was dropped."""
    job = Rehearsal(process("  first: {type: message, name: dried, next: fulfilled}"))
    (timer,) = attention(job)
    with pytest.raises(NotAllowed, match="could wait for ever"):
        job.do(c.DropTimer(by=OPS, timer=timer.number, because="Too early"))
    job.do(c.MoveDeadline(by=OPS, number=timer.number, to=BEGIN + days(21), because="The mill said so"))
    (timer,) = attention(job)
    assert timer.due == BEGIN + days(21)
    job.do(c.Fire(by=OPS, timer=timer.number, because="He called"))
    assert job.position.head.late == 1
    for command in (
        c.Fire(by=OPS, timer=timer.number, because="Again"),
        c.MoveDeadline(by=OPS, number=timer.number, to=BEGIN + days(30), because="Later"),
    ):
        with pytest.raises(NotAllowed, match="it has come"):
            job.do(command)
    job.do(c.Deliver(by=CODE, name="dried"))
    assert (job.status, job.position.head.late) == ("fulfilled", 0)


TASK = "  first: {type: task, for: tailor, %s, next: fulfilled}"


@pytest.mark.parametrize(
    ("old", "new", "mode", "due"),
    [
        ("title: T", "title: U", "anew", 7),
        ("title: T", "attention: P9D", "anew", 9),
        ("title: T", "attention: P1D", "anew", 3),  # at once
        ("title: T", "attention: P9D", "keep", 7),
        ("escalate: {after: P20D, to: staff}", "title: T", "anew", 7),
        ("title: T", "escalate: {after: P20D, to: staff}", "anew", None),
    ],
)
def test_a_migration_sets_it_as_the_new_version_says(old: str, new: str, mode: str, due: int | None) -> None:
    """Counted from when the state was entered; what would have come by then comes at once."""
    job = Rehearsal(process(TASK % old))
    job.now += days(3)
    assert job.migrate(process(TASK % new), timers=mode).done
    assert [one.due for one in attention(job)] == ([] if due is None else [BEGIN + days(due)])


def test_what_has_rung_stays_through_a_migration() -> None:
    """The job is late in the new version as well, until it goes on."""
    job = Rehearsal(process(TASK % "title: T"))
    job.wait("P8D")
    assert job.migrate(process(TASK % "title: U, attention: P30D")).done
    assert (job.position.head.late, len(attention(job))) == (1, 1)


def test_a_job_from_before_gets_it_with_a_migration() -> None:
    """One that stands in a state since nobody had to look is watched from then on, from when it was entered."""
    job = Rehearsal(process(TASK % "escalate: {after: P1D, to: staff}"))
    job.wait("P2D")
    assert attention(job) == []
    assert job.migrate(process(TASK % "title: T")).done
    assert [one.due for one in attention(job)] == [BEGIN + days(7)]
