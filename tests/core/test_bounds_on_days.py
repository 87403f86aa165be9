"""Days and moments that are bounded by their field: ``earliest`` and ``latest``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rehearsal import CODE, HEADER, Rehearsal

from flowengine.core import commands as c
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language import parse, problems

ENDS = "  fulfilled: {type: fulfilled}\n"
LATE = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
"""Half past midnight on 3 March in Berlin."""


def made(field: str, more: str = "zone: Europe/Berlin") -> str:
    return f"{HEADER}{more}\nstates:\n  need: {{type: need, fields: {{day: {field}}}, next: fulfilled}}\n{ENDS}"


def state(field: str, day: str, more: str = "zone: Europe/Berlin", now: datetime = LATE) -> str:
    """Whether the day may be stated: nothing, or what is wrong with it."""
    try:
        Rehearsal(parse(made(field, more)), need={"day": day}, begin=now)
    except BadAnswer as refused:
        return refused.problems["day"]
    return ""


@pytest.mark.parametrize(
    ("bound", "day", "problem"),
    [
        ("earliest: now", "2026-03-03", ""),
        ("earliest: now", "2026-03-02", "must be Tue 3 Mar 2026 or later; not Mon 2 Mar 2026"),
        ("latest: \"{now + span('P1Y')}\"", "2027-03-03", ""),
        ("latest: now + span('P1Y')", "2027-03-04", "must be Wed 3 Mar 2027 or earlier; not Thu 4 Mar 2027"),
        ("earliest: 2026-05-01, latest: 2026-05-02", "2026-05-02", ""),
        ("earliest: 2026-05-01", "2026-04-30", "must be Fri 1 May 2026 or later; not Thu 30 Apr 2026"),
        ("latest: '2026-05-01T22:30:00Z'", "2026-05-02", ""),  # which is 2 May in Berlin
    ],
)
def test_a_day_is_held_against_its_bounds(bound: str, day: str, problem: str) -> None:
    """Today may be answered where now is the bound: days are compared as days, in the zone of the process."""
    field = f"{{type: string, format: date, {bound}}}"
    assert not problems(made(field))
    assert state(field, day) == problem


@pytest.mark.parametrize(
    ("bound", "at", "problem"),
    [
        ("earliest: now", "2026-03-03T00:30:00+01:00", ""),
        ("earliest: now", "2026-03-02T23:29:59Z", "must be Tue 3 Mar 2026, 00:30 or later; not Tue 3 Mar 2026, 00:29"),
        ("latest: 2026-03-03", "2026-03-03T23:59:59+01:00", ""),
        (
            "latest: 2026-03-03",
            "2026-03-04T00:00:00+01:00",
            "must be Tue 3 Mar 2026, 23:59 or earlier; not Wed 4 Mar 2026, 00:00",
        ),
        ("earliest: 2026-03-04", "2026-03-03T23:00:00Z", ""),
    ],
)
def test_a_moment_is_held_against_its_bounds(bound: str, at: str, problem: str) -> None:
    """To the second; a day that bounds moments counts from its beginning, or until its end, in the zone."""
    assert state(f"{{type: string, format: date-time, {bound}}}", at) == problem


STATES = """
  need: {type: need, fields: {from: {type: string, format: date}}, next: ask}
  ask:
    type: ask
    fields:
      to:
        type: string
        format: date
        optional: true
        earliest: data.need.from
        latest: "{date(data.need.from) + days(7)}"
    within: P7D
    on: {answered: work, expired: work}
  work: {type: task, for: tailor, fields: {sent: {type: string, format: date, latest: now}}, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_bounds_read_what_was_answered_before() -> None:
    """They see the job's data; what is left out is not held against them."""
    later = "{by: customer, to: work, fields: {d: {type: string, format: date, earliest: now}}}"
    text = f"{HEADER}\nalways: {{later: {later}}}\nstates:{STATES}"
    assert not problems(text)
    job = Rehearsal(parse(text), need={"from": "2026-04-01"})
    for day in ("2026-03-31", "2026-04-09"):
        with pytest.raises(BadAnswer, match="must be"):
            job.act("ask", answer={"to": day})
    with pytest.raises(BadAnswer, match=r"d: must be Mon 2 Mar 2026 or later"):
        job.invoke("later", {"d": "2026-03-01"})
    job.act("ask", answer={})
    assert job.standing == ["work"]


def test_a_bound_that_is_no_day_is_told_with_its_source() -> None:
    """A free text may turn out to be none: the answer is refused, and the problem names the bound."""
    text = made("{type: string, format: date, earliest: customer.name}")
    with pytest.raises(ExpressionFailed) as refused:
        Rehearsal(parse(text, check=False), need={"day": "2026-05-01"})
    assert refused.value.where == "day: customer.name"


@pytest.mark.parametrize(
    ("field", "codes"),
    [
        ("{type: string, earliest: now}", ["bad-field"]),
        ("{type: number, latest: 2026-05-01}", ["bad-field"]),
        ("{type: string, format: date, earliest: now +}", ["bad-expression"]),
        ("{type: string, format: date, earliest: nwo}", ["unknown-variable"]),
        ("{type: string, format: date, earliest: 1 + 2}", ["type-mix"]),
        ("{type: string, format: date, earliest: data.need.day}", ["missing-data"]),
    ],
)
def test_bounds_that_make_no_sense_are_refused(field: str, codes: list[str]) -> None:
    """Where the file is read, or checked."""
    assert [one.code for one in problems(made(field))] == codes


def test_items_have_no_such_bounds() -> None:
    """What is added to an each is not held against the clock, so it cannot be said."""
    inside = "states: {a: {type: wait, for: P1D, next: done}}, next: fulfilled"
    each = f"{{type: each, of: '[]', more: true, items: {{type: string, format: date, earliest: now}}, {inside}}}"
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: all}}\n  all: {each}\n{ENDS}"
    assert [one.code for one in problems(text)] == ["unknown-key"]


def test_results_of_code_are_held_against_bounds_too() -> None:
    """A result that is out of bounds is a bad answer, which becomes an incident."""
    fields = "fields: {arrives: {type: string, format: date, earliest: now}}"
    call = f"{{type: service, call: ask, {fields}, on: {{done: fulfilled, failed: fulfilled}}}}"
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: order}}\n  order: {call}\n{ENDS}"
    job = Rehearsal(parse(text))
    job.do(c.Finish(by=CODE, call=job.call("order").number, outcome="done", result={"arrives": "2026-03-01"}))
    assert "must be Mon 2 Mar 2026" in job.call("order").incident
