"""Deadlines, reminders, escalations, waits and clocks of a scope in working time, as a job lives through them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rehearsal import Rehearsal, process

from flowengine.core import events as e
from flowengine.core.advance import compile_process, start
from flowengine.core.commands import Start
from flowengine.core.starts import by_clock
from flowengine.core.values import Actor
from flowengine.core.world import PlainWorld
from flowengine.errors import ExpressionFailed
from flowengine.language import parse
from flowengine.language.durations import Duration

SHOP = 'calendars: {shop: {zone: Europe/London, open: {mon-fri: "09:00-12:00, 13:00-17:00"}, every: PT30M}}'
WORK = """
  first: {type: task, for: tailor, within: {working: P3D}, remind: {working: PT8H}, escalate: {after: {working: P1D},
          to: staff}, on: {done: fulfilled, expired: gone}}
"""


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_task_is_due_after_so_many_working_days() -> None:
    """Begun on a Monday morning it is reminded of, escalated and over as its calendar says; nights do not count."""
    job = Rehearsal(process(WORK, SHOP))  # Monday 2 March 2026, nine o'clock in London
    assert job.step("first").due == at(3, 5, 9)
    assert sorted(
        (timer.purpose, timer.due) for branch in job.position.branches.values() for timer in branch.timers
    ) == [
        ("escalate", at(3, 3, 9)),
        ("expire", at(3, 5, 9)),
        ("remind", at(3, 3, 10)),
    ]
    job.wait("P1D")
    assert [change.why for change in job.told(e.StepChanged)] == ["escalated"]
    job.wait("PT1H")
    assert len(job.told(e.Reminded)) == 1
    job.wait("P2D")
    assert job.position.head.end == "gone"


def test_reminders_come_again_on_working_days() -> None:
    """Each day on which the shop is open, and not at the weekend, until the deadline."""
    states = """
  first: {type: task, for: tailor, within: {working: P7D}, remind: {every: {working: P1D}, first: {working: P3D}},
          on: {done: fulfilled, expired: gone}}
"""
    job = Rehearsal(process(states, SHOP))  # Monday
    reminded = []
    for day in range(2, 15):
        before = len(job.told(e.Reminded))
        job.wait("P1D")
        reminded += [day + 1] * (len(job.told(e.Reminded)) - before)
    assert reminded == [5, 6, 9, 10]  # Thursday, Friday, Monday and Tuesday
    assert job.position.head.end == "gone"  # on Wednesday


def test_a_wait_and_a_clock_over_the_weekend_and_the_clock_change() -> None:
    """A wait of five working days ends at the same hour of the clock; the scope's own clock strikes no earlier."""
    states = """
  first: {type: wait, for: P24D, next: second}
  second: {type: wait, for: {working: P5D}, next: fulfilled}
"""
    job = Rehearsal(process(states, SHOP + "\nalways: {late: {within: {working: P60D}, to: gone}}"))
    job.wait("P24D")  # Thursday 26 March, nine o'clock; summer time begins on Sunday
    (timer,) = [one for branch in job.position.branches.values() for one in branch.timers if one.purpose == "elapse"]
    assert timer.due == at(4, 2, 8)
    job.wait("P7D")
    assert job.position.head.end == "fulfilled"


def test_a_deadline_from_an_expression_counts_working_days() -> None:
    """Two working days before a day that the customer named, and a length computed from the data."""
    states = """
  first: {type: ask, fields: {day: {type: string, format: date}, days: {type: integer}}, within: P9D,
          on: {answered: second, expired: gone}}
  second: {type: wait, until: 'date(data.first.day) - workdays("shop", 2)', next: third}
  third: {type: task, for: tailor, within: '{workdays("shop", data.first.days)}', on: {done: fulfilled, expired: gone}}
"""
    job = Rehearsal(process(states, SHOP, check=True))
    job.act("first", answer={"day": "2026-03-16", "days": 2})
    (timer,) = [one for branch in job.position.branches.values() for one in branch.timers]
    assert timer.due == at(3, 12, 9)  # Thursday, two working days before Monday
    job.wait("P10D")
    assert job.step("third").due == at(3, 16, 9)
    job.wait("P4D")
    assert job.position.head.end == "gone"


def test_a_calendar_without_a_zone_has_the_process_s() -> None:
    """Opening hours are those of the process's zone."""
    shop = SHOP.replace("zone: Europe/London, ", "")
    job = Rehearsal(process(WORK, f"zone: America/New_York\n{shop}"))  # four in the morning in New York
    assert job.step("first").due == at(3, 5, 14)


def test_a_deadline_in_a_year_that_nobody_knows_is_refused() -> None:
    """Where the holidays of the year are not known, nothing is taken to be open: the command is refused, typed."""
    states = "  first: {type: task, for: tailor, within: {working: P3D}, on: {done: fulfilled, expired: fulfilled}}\n"
    made = process(states, SHOP.replace("every:", "closed: {holidays: GB-ENG}, every:"), check=True)
    begin = Duration.parse("P300Y").after(at(3, 2, 9))
    with pytest.raises(ExpressionFailed, match="knows no holidays of GB-ENG in 2326"):
        start(compile_process(made), "job", "ada", Start(by=Actor(kind="customer", id="ada")), begin, PlainWorld())


def test_what_starts_by_the_clock_counts_working_days() -> None:
    """The need that a schedule states may lie so many working days ahead."""
    made = parse(f"""
process: sample
need: Something
{SHOP}
starts: [{{every: "0 9 * * fri", customer: '"ada"', need: {{day: 'day(now + workdays("shop", 3))'}}}}]
states:
  need: {{type: need, fields: {{day: {{type: string, format: date}}}}, next: fulfilled}}
  fulfilled: {{type: fulfilled}}
""")
    assert by_clock(compile_process(made), made.starts[0], at(3, 6, 9)) == ("ada", {"day": "2026-03-11"})
