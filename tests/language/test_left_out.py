"""How long a process leaves its customer out."""

from __future__ import annotations

from datetime import timedelta

from checks_samples import process, work

from flowengine.language.checks import left_out

ASK = "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: %s, expired: gone}}"


def test_the_longest_stretch_without_the_customer_is_found() -> None:
    """States between two that wait for the customer are counted, and their time is added up."""
    found = left_out(
        process(
            work(
                "one: {type: task, for: clerk, takes: P1D, next: two}",
                "two: {type: service, call: mend, takes: PT12H, next: ask}",
                ASK % "three",
                "three: {type: task, for: clerk, takes: P5D, next: fulfilled}",
            )
        )
    )
    assert (found.states, found.path) == (2, ("one", "two"))
    assert (found.time, found.time_path) == (timedelta(days=5), ("three",))
    assert (found.customer_states, found.all_states) == (2, 5)


def test_a_loop_counts_once() -> None:
    """States that go round are counted once each."""
    found = left_out(
        process(
            work(
                "one: {type: task, for: clerk, on: {done: two, skip: ask}}",
                "two: {type: task, for: clerk, next: one}",
                ASK % "fulfilled",
            )
        )
    )
    assert found.states == 2


def test_branches_count_by_the_longest_way_through_them() -> None:
    """Branches side by side count by the longest, branches after each other together."""
    parallel = """\
  both:
    type: parallel
    branches:
      left:
        start: l
        states: {l: {type: task, for: clerk, takes: P1D, next: l2}, l2: {type: task, for: clerk, next: done}}
      right: {%s start: r, states: {r: {type: task, for: clerk, takes: P2D, next: done}}}
    on: {joined: last}
  last: {type: task, for: clerk, next: fulfilled}
"""
    beside = left_out(process(parallel % ""))
    assert (beside.states, beside.path, beside.time) == (3, ("l", "l2", "last"), timedelta(days=2))
    after = left_out(process(parallel % "after: [left],"))
    assert (after.states, after.time) == (4, timedelta(days=3))


def test_a_customer_inside_a_branch_ends_the_stretch() -> None:
    """A parallel in which the customer takes part is not left out; what is inside is measured by itself."""
    parallel = """\
  one: {type: task, for: clerk, next: both}
  both:
    type: parallel
    branches:
      left: {start: l, states: {l: {type: task, for: clerk, next: l2}, l2: {type: task, for: clerk, next: done}}}
      right: {start: r, states: {r: {type: approval, within: P1D, on: {approved: done, expired: done}}}}
    on: {joined: fulfilled}
"""
    found = left_out(process(parallel))
    assert (found.states, found.path) == (2, ("l", "l2"))
