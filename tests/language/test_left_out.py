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


def states(text: str) -> tuple[str, ...]:
    """The longest stretch by states."""
    return left_out(process(text)).path


BESIDE = """\
  both:
    type: parallel
    branches:
      work: {start: w1, states: {w1: {type: task, for: clerk, takes: P1D, next: w2},
                                 w2: {type: task, for: clerk, takes: P1D, next: w3},
                                 w3: {type: task, for: clerk, takes: P1D, next: done}}}
      ask: {start: %s, states: {a: {type: approval, within: P1D, on: {approved: done, expired: done}}%s}}
    on: {joined: w4}
  w4: {type: task, for: clerk, takes: P1D, next: w5}
  w5: {type: task, for: clerk, takes: P1D, next: fulfilled}
"""


def test_who_answers_at_once_is_left_out_of_what_goes_on_beside() -> None:
    """A question in one branch does not make him part of the others: he answers, and they and what follows go on."""
    found = left_out(process(BESIDE % ("a", "")))
    assert (found.states, found.path) == (5, ("w1", "w2", "w3", "w4", "w5"))
    assert (found.time, found.time_path) == (timedelta(days=5), found.path)


def test_what_goes_before_belongs_to_it_where_he_is_asked_later() -> None:
    """Asked at once, he stands between what was before and the branches; asked later, they follow without him."""
    before = "".join(
        f"  {one}: {{type: task, for: clerk, next: {to}}}\n" for one, to in (("p", "q"), ("q", "r"), ("r", "both"))
    )
    assert states(before + BESIDE % ("a", "")) == ("w1", "w2", "w3", "w4", "w5")
    later = before + BESIDE % ("x", ", x: {type: task, for: clerk, next: a}")
    assert states(later) == ("p", "q", "r", "w1", "w2", "w3")


def test_decisions_are_no_states_in_which_he_is_left_out() -> None:
    """A job never stands in them, nor in what is told."""
    assert states(
        work(
            "one: {type: task, for: clerk, next: which}",
            "which: {type: decision, rules: [{when: data.need.count > 3, to: hello}], else: two}",
            "hello: {type: tell, to: customer, say: Hello, next: two}",
            "two: {type: task, for: clerk, next: fulfilled}",
        )
    ) == ("one", "two")


def test_branches_one_at_a_time_follow_each_other() -> None:
    """Of three of which one is open at a time, all three are one stretch."""
    branch = "{start: %s, states: {%s: {type: task, for: clerk, takes: P1D, next: done}}}"
    branches = "\n".join(f"      b{name}: {branch % (name, name)}" for name in ("x", "y", "z"))
    text = f"  turns:\n    type: parallel\n    one_at_a_time: true\n    branches:\n{branches}\n"
    text += "    on: {joined: fulfilled}\n"
    found = left_out(process(text))
    assert (found.states, found.time) == (3, timedelta(days=3))
    beside = left_out(process(text.replace("    one_at_a_time: true\n", "")))
    assert (beside.states, beside.time) == (1, timedelta(days=1))


def test_a_stage_is_left_as_it_is_entered() -> None:
    """What comes after the last question in a stage goes on with what follows it, and what comes before the first with
    what goes before."""
    stage = """\
  before: {type: task, for: clerk, next: inner}
  inner:
    type: stage
    start: one
    states:
      one: {type: task, for: clerk, next: ask}
      ask: {type: approval, within: P1D, on: {approved: two, expired: two}}
      two: {type: task, for: clerk, next: three}
      three: {type: task, for: clerk, next: done}
    on: {done: after}
  after: {type: task, for: clerk, next: fulfilled}
"""
    assert states(stage) == ("two", "three", "after")
    assert states(
        stage.replace("next: three", "next: done").replace("      three: {type: task, for: clerk, next: done}\n", "")
    ) == ("before", "one")
