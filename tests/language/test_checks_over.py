"""Waits and deadlines that are over as soon as they begin are refused."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

NEED = "fields: {born: {type: string, format: date, latest: now}, day: {type: string, format: date}}"
OVER = [
    "now",
    "job.started",
    "now - days(3)",
    "job.started - days(1)",
    'date(day(now)) - span("PT1H")',
    "min(now, job.started)",
    "min([date(data.look.day), now])",
    "max(now, job.started)",
    "data.look.day == '2026-01-01' ? now : job.started",
    "now + days(1) - days(2)",
    'now + span("P1M") - days(60)',
    "date(data.look.born)",
    "date(data.look.born) - days(1)",
]
NOT_ALWAYS = [
    "now + days(1)",
    "job.started + days(3)",
    "date(data.look.day)",
    "date(data.look.born) + days(1)",
    "max(now, date(data.look.day))",
    "data.look.day == '2026-01-01' ? now : now + days(1)",
    'now + days(1) - span("PT24H")',  # an hour to come on the day when clocks go back
    'now + span("P1M") - days(30)',
    '"2020-01-01"',  # what day it is, a check does not ask
]
LOOK = f"look: {{type: ask, {NEED}, within: P3D, on: {{answered: it, expired: gone}}}}"


def waiting(until: str) -> str:
    quoted = until.replace("'", "''")
    return work(LOOK, f"it: {{type: wait, until: '{quoted}', next: fulfilled}}")


@pytest.mark.parametrize("until", OVER)
def test_a_wait_that_has_always_elapsed_is_refused(until: str) -> None:
    """By its own bounds it never comes after the moment at which it is entered, which is told with the expression."""
    (problem,) = problems(waiting(until))
    assert problem.code == "no-wait"
    assert until in problem.message


@pytest.mark.parametrize("until", NOT_ALWAYS)
def test_a_wait_that_may_last_is_let_be(until: str) -> None:
    """Also one that lasts only for some answers, on some days, or an hour."""
    assert codes(waiting(until)) == []


@pytest.mark.parametrize(
    "state",
    [
        "it: {type: wait, for: '{days(0)}', next: fulfilled}",
        "it: {type: wait, for: '{days(-3)}', next: fulfilled}",
        'it: {type: wait, for: \'{span("PT1H") - span("PT2H")}\', next: fulfilled}',
        "it: {type: task, for: clerk, within: '{job.started}', on: {done: fulfilled, expired: gone}}",
        "it: {type: race, within: '{now}', of: {a: {type: task, for: clerk}}, on: {a: fulfilled, expired: gone}}",
        "it: {type: race, of: {a: {type: task, for: clerk}, b: {type: wait, until: now}}, on: {a: fulfilled, b: gone}}",
    ],
)
def test_lengths_deadlines_and_members_of_races_too(state: str) -> None:
    """Whatever has a time is held to it."""
    assert codes(work(LOOK, state)) == ["no-wait"]


def test_the_clock_of_an_always_too() -> None:
    """It would strike as soon as the job begins."""
    made = work(LOOK, "it: {type: wait, for: P1D, next: fulfilled}")
    assert codes(made, "always: {late: {within: '{now - days(1)}', to: gone}}\n") == ["no-wait"]


def test_an_answer_that_something_else_may_change_is_not_bound() -> None:
    """What a way sets, or another state saves, at the same place may be later than the field says."""
    until = "it: {type: wait, until: date(data.look.born), next: fulfilled}"
    set_ = LOOK.replace("answered: it", "answered: {to: it, set: {look.born: data.look.day}}")
    again = "more: {type: task, for: clerk, saves: look, fields: {born: {type: string}}, next: it}"
    assert "no-wait" not in codes(work(set_, until))
    assert "no-wait" not in codes(work(LOOK.replace("answered: it", "answered: more"), again, until))


def test_bounds_that_read_one_another_are_read_once() -> None:
    """Two answers that bound each other say nothing of when they are."""
    one = LOOK.replace("latest: now", "latest: 'passed(\"last\") ? date(data.last.end) : now'").replace(
        "answered: it", "answered: last"
    )
    last = (
        "last: {type: ask, fields: {end: {type: string, format: date, latest: date(data.look.born)}}, within: P3D, "
        "on: {answered: [{to: it, when: count('last') > 3}, {to: look}], expired: gone}}"
    )
    until = "it: {type: wait, until: date(data.last.end), next: fulfilled}"
    assert "no-wait" not in codes(work(one, last, until))
