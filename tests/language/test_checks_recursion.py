"""Processes that call one another: a circle in which nothing waits is found, one in which something waits is let be."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

from flowengine.language import parse
from flowengine.language.checks.recursion import endless_calls
from flowengine.language.model import Process

CALL = "{type: call, process: %s, on: {fulfilled: %s, ended: fulfilled}}"
SELF = CALL % ("sample", "fulfilled")


def calling(name: str, *states: str) -> Process:
    """A process whose need leads to the first of the states."""
    first = states[0].split(":")[0]
    lines = [
        f"  {line}\n" for line in (f"need: {{type: need, next: {first}}}", *states, "fulfilled: {type: fulfilled}")
    ]
    return parse(
        f"process: {name}\nneed: It\nroles: {{clerk: {{title: Clerk}}}}\nstates:\n{''.join(lines)}", f"{name}.yaml"
    )


BRANCHES = """\
  both:
    type: parallel
    branches:
      left: {start: l, states: {l: {type: tell, to: customer, say: Hello, next: done}}}
      right: {after: left, start: r, states: {r: {type: call, process: sample, on: {fulfilled: done, ended: done}}}}
    on: {joined: fulfilled}
"""
WRONG = {
    "it calls itself": work(f"again: {SELF}"),
    "a decision in between": work(
        "which: {type: decision, rules: [{when: data.need.count > 3, to: again}], else: fulfilled}", f"again: {SELF}"
    ),
    "in a branch, after one that is done at once": BRANCHES,
    "a member of a race": work(
        "some: {type: race, of: {other: {type: call, process: sample}, late: {type: wait, for: P1D}}, next: fulfilled}"
    ),
}
NEAR = {
    "a step in between": work("look: {type: task, for: clerk, on: {done: fulfilled, more: again}}", f"again: {SELF}"),
    "code in between": work("look: {type: service, call: look, on: {done: again, none: fulfilled}}", f"again: {SELF}"),
    "a clock in between": work("rest: {type: wait, for: P1D, next: again}", f"again: {SELF}"),
    "another organisation's": work(f"again: {SELF.replace('sample', 'sample, at: other, for: staff')}"),
    "a branch after one that waits": BRANCHES.replace(
        "{type: tell, to: customer, say: Hello,", "{type: wait, for: P1D,"
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_process_that_calls_itself_at_once_is_refused(name: str) -> None:
    """Nothing waits between a job and the next of the same process: it is told with the call."""
    (problem,) = problems(WRONG[name])
    assert problem.code == "endless-calls"
    assert "sample calls sample" in problem.message


@pytest.mark.parametrize("name", NEAR)
def test_a_process_may_call_itself_after_a_wait(name: str) -> None:
    """Where something waits in between, or it is not this house's process, nothing is said."""
    assert codes(NEAR[name]) == []


def test_a_circle_goes_through_several_processes() -> None:
    """The circle is named from the process that is looked at; each of them has it, and one beside it has not."""
    one, two, three = (
        calling(name, f"next_one: {CALL % (other, 'fulfilled')}")
        for name, other in (("one", "two"), ("two", "three"), ("three", "one"))
    )
    beside = calling("beside", f"next_one: {CALL % ('one', 'fulfilled')}")
    (problem,) = endless_calls(two, [one, three, beside])
    assert (problem.file, problem.place.line, problem.code) == ("two.yaml", 6, "endless-calls")
    assert problem.message.endswith("two calls three, three calls one, one calls two")
    assert endless_calls(beside, [one, two, three]) == []
    assert endless_calls(two, [one]) == []
    waiting = calling(
        "three", "rest: {type: wait, for: P1D, next: next_one}", f"next_one: {CALL % ('one', 'fulfilled')}"
    )
    assert endless_calls(two, [one, waiting]) == []


def test_a_call_is_gone_through_where_the_job_called_ends_at_once() -> None:
    """A job that calls one that ends at once comes to its next call at once too; one that waits stands between."""
    one = calling("one", f"first: {CALL % ('short', 'again')}", f"again: {CALL % ('two', 'fulfilled')}")
    two = calling("two", f"back: {CALL % ('one', 'fulfilled')}")
    short = calling("short", "hello: {type: tell, to: customer, say: Hello, next: fulfilled}")
    assert [problem.code for problem in endless_calls(one, [two, short])] == ["endless-calls"]
    long = calling("short", "work: {type: task, for: clerk, next: fulfilled}")
    assert endless_calls(one, [two, long]) == []
