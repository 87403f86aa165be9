"""What a file may say of attention, and what is refused of it."""

from __future__ import annotations

import pytest
from checks_samples import codes, process, work

from flowengine.language import problems
from flowengine.language.parts import ATTENTION

TASK = "sew: {type: task, for: clerk%s, on: {done: fulfilled}}"
CUSTOMER = {
    "an approval": "ask: {type: approval, attention: P1D, within: P9D, on: {approved: fulfilled, expired: gone}}",
    "a task": "ask: {type: task, for: customer, attention: P1D, within: P9D, on: {done: fulfilled, expired: gone}}",
    "a race": "ask: {type: race, attention: P1D, within: P9D, "
    "of: {a: {type: approval}, b: {type: task, for: customer}}, on: {a: fulfilled, b: fulfilled, expired: gone}}",
}
LATE = {
    "at the deadline": ", within: P2D, attention: P2D",
    "after it": ", within: P2D, attention: P1M",
    "in working time": ", within: {working: P2D}, attention: {working: P3D}",
}


def told(attention: str, where: str = "process") -> list[tuple[str, str]]:
    """The problems of a file that says this of its attention, or of that of its one task."""
    top, own = (f"attention: {attention}\n", "") if where == "process" else ("", f", attention: {attention}")
    source = (
        f"process: p\nneed: N\nroles: {{clerk: Clerk}}\n{top}states:\n  need: {{type: need, next: sew}}\n"
        f"  {TASK % own}\n  fulfilled: {{type: fulfilled}}\n"
    )
    return [(problem.code, problem.message) for problem in problems(source, "p.yaml")]


@pytest.mark.parametrize("where", ["process", "state"])
@pytest.mark.parametrize("attention", ["PT1H", "P2D", "P1M", "P1Y"])
def test_a_length_is_taken(attention: str, where: str) -> None:
    """On the process and on a state, by the calendar as well."""
    assert told(attention, where) == []


@pytest.mark.parametrize("where", ["process", "state"])
@pytest.mark.parametrize(
    ("attention", "code"),
    [
        ("none", "bad-duration"),
        ("7 days", "bad-duration"),
        ("PT0S", "bad-duration"),
        ("'{days(3)}'", "bad-duration"),
        ("[P2D]", "wrong-type"),
        ("{working: P3D}", "missing-key"),
        ("{working: P3D, calendar: shop}", "unknown-calendar"),
        ("null", "wrong-type"),
    ],
)
def test_what_is_no_length_is_refused(attention: str, code: str, where: str) -> None:
    """With what one looks like; one that data decide is none, for it is to be known before a job runs."""
    assert [one for one, _ in told(attention, where)] == [code]


@pytest.mark.parametrize("name", CUSTOMER)
def test_a_wait_for_the_customer_alone_has_none(name: str) -> None:
    """He is reminded, and has a deadline; that he has not answered is no incident."""
    assert codes(work(CUSTOMER[name])) == ["idle-attention"]
    assert codes(work(CUSTOMER[name].replace("attention: P1D, ", ""))) == []


@pytest.mark.parametrize(
    "state",
    [
        "ask: {type: ask, attention: P1D, fields: {}, within: P9D, on: {answered: fulfilled, expired: fulfilled}}",
        "ask: {type: wait, attention: P1D, for: P9D, next: fulfilled}",
        "ask: {type: stage, attention: P1D, states: {a: {type: wait, for: P1D, next: done}}, next: fulfilled}",
        "ask: {type: race, of: {a: {type: task, for: staff, attention: P1D}}, next: fulfilled}",
    ],
)
def test_what_waits_for_nobody_else_does_not_know_the_key(state: str) -> None:
    """Questions, waits, what holds states, and a member of a race, whose race has it."""
    ends = "  fulfilled: {type: fulfilled}\n"
    source = f"process: p\nneed: N\nstates:\n  need: {{type: need, next: ask}}\n  {state}\n{ends}"
    (problem,) = problems(source, "p.yaml")
    assert (problem.code, "attention" in problem.message) == ("unknown-key", True)


@pytest.mark.parametrize("name", LATE)
def test_one_that_the_deadline_reaches_is_refused(name: str) -> None:
    """It would come when the wait is over."""
    state = TASK.replace("done: fulfilled", "done: fulfilled, expired: gone") % LATE[name]
    assert codes(work(state)) == ["late-reminder"]


def test_a_week_that_is_written_down_is_the_same_process() -> None:
    """What holds anyhow makes no other version."""
    plain = process(work(TASK % ""))
    assert plain.attention == ATTENTION
    assert process(work(TASK % ""), "attention: P7D\n").version == plain.version
    assert process(work(TASK % ""), "attention: P8D\n").version != plain.version
