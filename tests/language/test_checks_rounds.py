"""L8: no round of deadlines alone asks a customer again and again."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

ASK = "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: fulfilled, expired: %s}}"
STAGE = """\
  again:
    type: stage
    start: ask
    %s
    states:
      ask: {type: approval, within: P3D, on: {approved: done, declined: fulfilled, expired: %s}}
    on: {done: again%s}
"""
WRONG = {
    "itself": work(ASK % "ask"),
    "by way of a clock": work(ASK % "rest", "rest: {type: wait, for: P1D, next: ask}"),
    "two that expire into each other": work(
        ASK % "again", "again: {type: approval, within: P3D, on: {approved: fulfilled, expired: ask}}"
    ),
    "by way of what is told, and code": work(
        ASK % "hello",
        "hello: {type: tell, to: customer, say: Hello, next: write}",
        "write: {type: service, call: write, on: {done: ask, failed: gone}}",
    ),
    "by way of a decision on what stays": work(
        ASK % "which", "which: {type: decision, rules: [{when: data.need.count > 3, to: gone}], else: ask}"
    ),
    "by way of staff who do nothing": work(
        ASK % "work", "work: {type: task, for: clerk, within: P3D, on: {done: gone, expired: ask}}"
    ),
    "a race": work(
        "ask: {type: race, of: {yes: {type: approval}, late: {type: wait, for: P3D}}, on: {yes: fulfilled, late: ask}}"
    ),
    "a vote without a quorum": work(
        "ask: {type: vote, of: {group: club}, options: plain, within: P3D, on: {decided: fulfilled, tied: gone, "
        "no_quorum: ask}}"
    ),
    "a condition on what is not in the round": work(
        "first: {type: task, for: clerk, on: {done: ask, more: first}}",
        ASK % "[{to: gone, when: count('first') > 3}, {to: ask}]",
    ),
    "a stage that is done by itself": STAGE % ("title: Again", "done", ""),
    "a stage whose clock ends it": STAGE % ("always: {over: {within: P9D, to: done}}", "ask", ""),
    "branches that are done by themselves": """\
  both:
    type: parallel
    join: 1
    branches:
      left: {start: l, states: {l: {type: approval, within: P1D, on: {approved: done, expired: done}}}}
      right: {start: r, states: {r: {type: task, for: clerk, on: {done: done, all: fulfilled}}}}
    on: {joined: more}
  more: {type: wait, for: P1D, next: both}
""",
}
NEAR = {
    "as often as is said": work(ASK % "[{to: ask, when: count('ask') < 3}, {to: gone}]"),
    "until something has passed": work(
        ASK % "[{to: gone, when: passed('rest')}, {to: rest}]", "rest: {type: wait, for: P1D, next: ask}"
    ),
    "until a day": work(ASK % "[{to: ask, when: now < date(data.need.day)}, {to: gone}]"),
    "as often as it counts itself": work(
        ASK % "[{to: gone, when: has(data.times) && data.times > 3}, "
        "{to: ask, set: {times: 'has(data.times) ? data.times + 1 : 1'}}]"
    ),
    "by way of somebody": work(ASK % "work", "work: {type: task, for: clerk, on: {done: ask, lost: gone}}"),
    "by way of code that may say otherwise": work(
        ASK % "look", "look: {type: service, call: look, on: {done: ask, enough: gone}}"
    ),
    "a round of clocks that asks nobody": work(
        "look: {type: decision, rules: [{when: data.need.count > 3, to: fulfilled}], else: rest}",
        "rest: {type: wait, for: P1D, next: look}",
    ),
    "a stage with a deadline": STAGE % ("within: P30D", "ask", ", expired: gone"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_round_without_end_is_refused(name: str) -> None:
    """A customer who does nothing would be asked for ever: it is told once, at what asks."""
    assert codes(WRONG[name]) == ["endless-asking"]


@pytest.mark.parametrize("name", NEAR)
def test_a_round_that_ends_is_let_be(name: str) -> None:
    """What is bounded by what the round changes, by somebody who acts, or by a deadline around is no fault."""
    assert codes(NEAR[name]) == []


def test_a_clock_around_ends_a_round() -> None:
    """A deadline of the whole process ends the asking, unless the round is where it leads."""
    assert codes(work(ASK % "ask"), "always: {late: {within: P30D, to: gone}}\n") == []
    again = work(ASK % "gone", "other: {type: approval, within: P1D, on: {approved: fulfilled, expired: other}}")
    assert codes(again, "always: {late: {within: P30D, to: other}}\n") == ["endless-asking"]


def test_the_round_is_named() -> None:
    """The problem stands at what asks, and names the states of the round."""
    (problem,) = problems(WRONG["by way of a clock"])
    assert "ask, rest" in problem.message
    assert 'count("ask") < 3' in problem.hint
