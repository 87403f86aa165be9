"""Deadlines that follow the data, and reminders that come again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rehearsal import BEGIN, OPS, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, StaleCommand

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def job(states: str, more: str = "", **need: object) -> Rehearsal:
    made = process(states, more, check=False)
    return Rehearsal(made, need or None)


def put(one: Rehearsal, place: str, value: object) -> None:
    one.do(c.SetData(by=OPS, place=place, value=value, because="R"))


FIRST = """
  first:
    type: ask
    fields: {x: {type: string}}
    saves: plan
    next: second
"""


def begun(second: str, plan: object) -> Rehearsal:
    """A job that has come to the state ``second``, with ``plan.x`` saved."""
    one = job(FIRST + second)
    one.act("first", answer={"x": plan})
    return one


WAIT = '  second: {type: wait, until: "date(data.plan.x)", next: fulfilled}\n'


def test_a_wait_follows_its_date() -> None:
    """When the date is another, the wait ends then; the history says what it was before."""
    one = begun(WAIT, "2026-03-10")
    (timer,) = one.timers
    put(one, "plan.x", "2026-03-20")
    (moved,) = one.timers
    assert (timer.due.day, moved.due.day) == (10, 20)
    (told,) = one.told(e.DeadlineMoved)
    assert (told.was, told.to, told.timer, told.by) == (timer.due, moved.due, moved.number, "")
    one.wait("P10D")
    assert one.standing == ["second"]
    one.wait("P10D")
    assert one.status == "fulfilled"


def test_a_moment_that_is_over_by_now_is_due_at_once() -> None:
    """A wait that would have ended yesterday ends with the next that happens."""
    one = begun(WAIT, "2026-05-10")
    one.wait("P20D")
    put(one, "plan.x", "2026-03-10")
    assert one.timers[0].due < one.now
    one.wait("PT0S")
    assert one.status == "fulfilled"


def test_a_moment_that_cannot_be_computed_refuses_what_saves_it() -> None:
    """Nothing is saved, and the wait is as it was."""
    one = begun(WAIT, "2026-03-10")
    with pytest.raises(ExpressionFailed, match="date"):
        put(one, "plan.x", "soon")
    assert one.data["plan"] == {"x": "2026-03-10"}
    assert one.timers[0].due.day == 10


def test_what_reads_no_data_that_was_saved_stays() -> None:
    """Only what mentions the place is computed anew."""
    one = begun(WAIT, "2026-03-10")
    put(one, "need", {})
    assert one.told(e.DeadlineMoved) == []


LENGTH = """
  second:
    type: approval
    within: "{span(data.plan.x)}"
    remind: P1D
    on: {approved: fulfilled, expired: gone}
"""


def test_a_length_counts_from_the_entering() -> None:
    """A longer time is counted from where the first was; the step tells the new deadline, its reminder stays."""
    one = begun(LENGTH, "P5D")
    one.wait("PT12H")
    put(one, "plan.x", "P9D")
    assert one.step("second").due == BEGIN + 9 * DAY
    due = {timer.purpose: timer.due for timer in one.timers}
    assert due == {"remind": BEGIN + DAY, "expire": BEGIN + 9 * DAY}
    one.wait("P6D")
    assert one.standing == ["second"]
    one.wait("P4D")
    assert one.status == "ended"


def test_a_pause_does_not_count() -> None:
    """A length that is computed anew after the job was suspended leaves that time out, as the first did."""
    one = begun(LENGTH, "P5D")
    one.do(c.Suspend(by=OPS, because="R"))
    one.now += 3 * DAY
    one.do(c.Resume(by=OPS, because="R"))
    assert one.step("second").due == BEGIN + 8 * DAY
    put(one, "plan.x", "P9D")
    assert one.step("second").due == BEGIN + 12 * DAY


def test_now_is_the_moment_of_entering() -> None:
    """In the expression of a deadline that is computed anew, ``now`` is what it was."""
    one = begun('  second: {type: wait, until: "now + span(data.plan.x)", next: fulfilled}\n', "P5D")
    one.wait("P2D")
    put(one, "plan.x", "P3D")
    assert one.timers[0].due == BEGIN + 3 * DAY


def test_the_clock_of_a_scope_and_a_race_follow_too() -> None:
    """An always entry's time, and that of a race, are computed from the data as they are."""
    one = job(
        FIRST
        + """
  second:
    type: race
    within: "{span(data.plan.x)}"
    of: {come: {type: message, name: come}}
    on: {come: fulfilled, expired: gone}
""",
        """
always:
  late: {within: "{has(data.plan) ? span(data.plan.x) + days(1) : days(30)}", to: gone}
""",
    )
    assert [timer.due - BEGIN for timer in one.timers if timer.purpose == "always"] == [30 * DAY]
    one.wait("P2D")
    one.act("first", answer={"x": "P5D"})
    assert {timer.purpose: timer.due - BEGIN for timer in one.timers} == {"expire": 7 * DAY, "always": 6 * DAY}
    put(one, "plan.x", "P9D")
    assert {timer.purpose: timer.due - BEGIN for timer in one.timers} == {"expire": 11 * DAY, "always": 10 * DAY}


def test_an_item_follows_its_own_data() -> None:
    """A deadline in an item is computed from its data alone, and the others stay."""
    one = job("""
  first:
    type: each
    of: '["P1D", "P2D"]'
    as: part
    start: ask
    states:
      ask: {type: ask, fields: {x: {type: string}}, next: rest}
      rest: {type: wait, for: "{span(data.ask.x)}", next: done}
    on: {joined: fulfilled}
""")
    first, second = (step.branch for step in one.steps)
    one.act("ask", answer={"x": "P3D"}, branch=first)
    one.act("ask", answer={"x": "P4D"}, branch=second)
    one.do(c.SetData(by=OPS, place="ask.x", value="P8D", branch=first, because="R"))
    assert {timer.branch: timer.due - BEGIN for timer in one.timers} == {first: 8 * DAY, second: 4 * DAY}


ASKED = """
  first:
    type: approval
    within: P9D
    remind: [P3D, P6D]
    escalate: {after: P8D, to: tailor}
    on: {approved: fulfilled, expired: gone}
"""


def move(one: Rehearsal, number: int, days: float) -> None:
    one.do(c.MoveDeadline(by=OPS, number=number, to=BEGIN + days * DAY, because="R"))


def test_a_deadline_that_is_moved_takes_along_what_reminds_of_it() -> None:
    """What has not come yet keeps its distance; what has come does not come again."""
    one = job(ASKED)
    one.wait("P4D")
    move(one, one.step("first").number, 14)
    assert one.step("first").due == BEGIN + 14 * DAY
    due = sorted((timer.due - BEGIN, timer.purpose) for timer in one.timers)
    assert due == [(11 * DAY, "remind"), (13 * DAY, "escalate"), (14 * DAY, "expire")]
    (told,) = one.told(e.DeadlineMoved)
    assert (told.was, told.to, told.by, told.step) == (BEGIN + 9 * DAY, BEGIN + 14 * DAY, "ops", one.steps[0].number)
    one.wait("P10D")
    assert one.status == "ended"


def test_a_deadline_that_comes_nearer_drops_what_would_be_over() -> None:
    """A reminder that would have come before now does not come."""
    one = job(ASKED)
    one.wait("P4D")
    move(one, one.step("first").number, 5)
    due = sorted((timer.due - BEGIN, timer.purpose) for timer in one.timers)
    assert due == [(5 * DAY, "expire")]


def test_no_deadline_is_moved_into_the_past() -> None:
    """What is over cannot be a deadline: it would be to decide it by hand."""
    one = job(ASKED)
    one.wait("P4D")
    with pytest.raises(BadAnswer, match="is over"):
        move(one, one.step("first").number, 4)


def test_only_deadlines_are_moved_and_only_reminders_dropped() -> None:
    """A reminder is dropped, a deadline is moved; each says what is possible instead."""
    one = job(ASKED)
    number = {timer.purpose: timer.number for timer in one.timers}
    with pytest.raises(NotAllowed, match="no deadline") as refused:
        move(one, number["remind"], 14)
    assert refused.value.possible == ("fire it", "drop it")
    with pytest.raises(NotAllowed, match="wait for ever") as refused:
        one.do(c.DropTimer(by=OPS, timer=number["expire"], because="R"))
    assert refused.value.possible == ("move it", "fire it")
    one.do(c.DropTimer(by=OPS, timer=number["escalate"], because="R"))
    assert sorted(timer.purpose for timer in one.timers) == ["expire", "remind", "remind"]
    with pytest.raises(StaleCommand):
        one.do(c.DropTimer(by=OPS, timer=number["escalate"], because="R"))


def test_a_timer_is_fired_before_its_time_for_a_reason() -> None:
    """With a reason it is; without one it is too early."""
    one = job(ASKED)
    number = next(timer.number for timer in one.timers if timer.purpose == "expire")
    with pytest.raises(NotAllowed, match="not due before"):
        one.do(c.Fire(by=OPS, timer=number))
    one.do(c.Fire(by=OPS, timer=number, because="He said so"))
    assert one.status == "ended"


def reminded(remind: str, within: str, passing: str) -> list[timedelta]:
    """When people are reminded, counted from the beginning."""
    deadline = f"within: {within}, " if within else ""
    one = job(
        f"  first: {{type: task, for: tailor, {deadline}remind: {remind}, on: {{done: fulfilled, expired: gone}}}}\n"
    )
    seen: list[timedelta] = []
    until = BEGIN + timedelta(days=float(passing))
    while (due := [timer for timer in one.timers if timer.due <= until]) and one.status == "open":
        timer = min(due, key=lambda one: (one.due, one.number))
        one.now = timer.due
        one.do(c.Fire(by=OPS, timer=timer.number))
        seen += [one.now - BEGIN for event in one.history[-1] if isinstance(event, e.Reminded)]
        assert len([timer for timer in one.timers if timer.purpose == "remind"]) <= 2
    return seen


@pytest.mark.parametrize(
    ("remind", "within", "days"),
    [
        ("{every: P2D}", "P7D", [2, 4, 6]),
        ("{every: P2D}", "P6D", [2, 4]),
        ("{every: P2D, first: P1D}", "P7D", [1, 3, 5]),
        ("{every: P2D, most: 2}", "P7D", [2, 4]),
        ("{every: P2D, most: 3}", "", [2, 4, 6]),
        ("[P1D, {every: P3D, first: P2D}]", "P7D", [1, 2, 5]),
    ],
)
def test_a_reminder_comes_again_until_the_deadline(remind: str, within: str, days: list[int]) -> None:
    """One at a time, from the first, as often as it may, and never at the deadline or behind it."""
    assert reminded(remind, within, "30") == [day * DAY for day in days]


def test_reminders_that_were_missed_are_not_made_up_for() -> None:
    """After a week without a worker people are reminded once, and then at the usual pace."""
    one = job("  first: {type: task, for: tailor, remind: {every: P1D}, on: {done: fulfilled}}\n")
    (timer,) = one.clocks
    one.now = BEGIN + 7 * DAY + HOUR
    one.do(c.Fire(by=OPS, timer=timer.number))
    assert len(one.told(e.Reminded)) == 1
    assert [timer.due for timer in one.clocks] == [BEGIN + 8 * DAY]


def test_a_step_whose_time_is_over_takes_nothing() -> None:
    """Even where nobody has carried out its deadline, an act, a claim and an offer find it over (L13)."""
    one = job(ASKED)
    step = one.step("first")
    one.now = BEGIN + 9 * DAY
    for command in (c.Act(by=OPS, step=step.number, outcome="approved"), c.Claim(by=OPS, step=step.number)):
        with pytest.raises(StaleCommand, match="its time was over on Wed 11 Mar 2026, 09:00 UTC"):
            one.do(command)
