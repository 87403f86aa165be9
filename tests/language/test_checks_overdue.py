"""Deadlines at a moment stay over once they are: no job is kept by one, or driven round by it (L1, L8)."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

LATE = "late: {type: task, for: clerk, next: %s}"
MAKE = "make: {type: task, for: smith, within: '{%s}', on: {done: fulfilled, expired: late}}"


def test_a_round_that_a_deadline_keeps_a_job_in_is_refused() -> None:
    """Once the day is over the task is over each time it is come to, so that only the way to be late is left."""
    (problem,) = problems(work(MAKE % "date(data.need.day)", LATE % "make"))
    assert problem.code == "no-way-out"
    assert "once date(data.need.day) is over, no way leads out any more: make, late" in problem.message
    assert "set data.need anew in it" in problem.hint


@pytest.mark.parametrize(
    "late",
    [
        LATE % "{to: make, set: {need.day: day(now + days(2))}}",
        "late: {type: task, for: clerk, on: {done: make, hopeless: fulfilled}}",
        "late: {type: task, for: clerk, next: [{to: make, when: count('late') < 3}, fulfilled]}",
        "late: {type: task, for: clerk, fields: {day: {type: string, format: date}}, saves: need, next: make}",
    ],
    ids=["sets it anew", "another outcome", "a count", "asks anew"],
)
def test_a_round_that_leads_out_or_changes_the_day_is_fine(late: str) -> None:
    """Where the round sets the day anew, or another way leads out of it, nobody is kept."""
    assert codes(work(MAKE % "date(data.need.day)", late)) == []


@pytest.mark.parametrize("when", ["now + days(2)", "days(data.need.count)"])
def test_a_deadline_that_counts_from_now_keeps_nobody(when: str) -> None:
    """A length, and a moment that is made of now, are there anew each time."""
    assert codes(work(MAKE % when, LATE % "make")) == []


def test_what_may_happen_at_any_time_leads_out() -> None:
    """An entry of always that ends the job is a way out, as it is elsewhere."""
    always = "always:\n  stop: {by: clerk, to: gone}\n"
    assert codes(work(MAKE % "date(data.need.day)", LATE % "make"), always) == []


def test_data_that_a_branch_beside_changes_do_not_stay() -> None:
    """What another branch may set meanwhile is not known to stay."""
    branches = (
        "both: {type: parallel, next: fulfilled, branches: {a: {states: {"
        + (MAKE % "date(data.plan.day)").replace("fulfilled", "done")
        + ", "
        + LATE % "make"
        + "}}, b: {states: {plan: {type: task, for: clerk, fields: {day: {type: string, format: date}}, next: done}}}}}"
    )
    before = "plan_it: {type: task, for: clerk, saves: plan, fields: {day: {type: string, format: date}}, next: both}"
    assert "no-way-out" not in codes(work(before, branches))


def test_a_wait_until_a_day_that_is_over_is_no_wait() -> None:
    """A round of a decision and a wait until a day goes on without waiting once the day is over."""
    states = work(
        "rest: {type: wait, until: data.need.day, next: enough}",
        "enough: {type: decision, rules: [{when: data.need.size > 3, to: fulfilled}], else: rest}",
    )
    assert "endless-loop" in codes(states)
    assert "endless-loop" not in codes(states.replace("data.need.day", "now + days(1)"))


def test_a_deadline_of_a_member_of_a_race_stays_over_as_well() -> None:
    """A race that a wait until a day ends is left by it at once, each time."""
    race = (
        "race: {type: race, of: {word: {type: task, for: clerk}, over: {type: wait, until: data.need.day}}, "
        "on: {word: fulfilled, over: late}}"
    )
    assert codes(work(race, LATE % "race")) == ["no-way-out"]


def test_a_deadline_around_the_round_ends_it() -> None:
    """A clock around the states takes the job out of the round."""
    inner = (MAKE % "date(data.need.day)").replace("fulfilled", "done") + ", " + LATE % "make"
    stage = "all: {type: stage, within: P9D, on: {done: fulfilled, expired: fulfilled}, states: {%s}}"
    assert codes(work(stage % inner)) == []
    assert codes(work(stage.replace("within: P9D, ", "").replace(", expired: fulfilled", "") % inner)) == ["no-way-out"]
