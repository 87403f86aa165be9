"""Command steps: approvals inside, of what others inside have done (M14)."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks_samples import process, work

from flowengine.language import parse
from flowengine.language.checks import CommandStep, command_steps

SIGN = "sign: {type: approval, by: %s, on: {approved: fulfilled, changes: one}}"
ONE = "one: {type: task, for: clerk, next: %s}"
ASK = "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: sign, expired: gone}}"


def found(*states: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.state, one.by, one.of) for one in command_steps(process(work(*states)))]


def test_who_decides_on_the_work_of_another_role_is_named() -> None:
    """With all states in which others worked last, whatever a service, a clock or a rule does between."""
    assert found(
        ONE % "rule", "rule: {type: decision, rules: [{when: 1 < 2, to: pause}], else: two}",
        "pause: {type: wait, for: P1D, next: mend}", "mend: {type: service, call: mend, on: {done: sign}}",
        "two: {type: task, for: staff, next: sign}", SIGN % "smith",
    ) == [("sign", ("smith",), ("one", "two"))]  # fmt: skip


def test_the_customer_in_between_ends_the_way() -> None:
    """What was done before he was asked he has seen."""
    assert found(ONE % "ask", ASK, SIGN % "smith") == []


@pytest.mark.parametrize("by", ["clerk", "staff", "customer", "[clerk, smith]"])
def test_whoever_may_do_it_may_decide_it(by: str) -> None:
    """No step of command is what those decide who may do it, nor what the customer decides."""
    sign = (SIGN % by).replace("on: {", "within: P3D, on: {expired: gone, ") if by == "customer" else SIGN % by
    assert found(ONE % "sign", sign) == []


def test_some_of_those_who_did_it_are_not_enough() -> None:
    """Where a clerk may do it and only a smith decides, the clerk is commanded."""
    assert found("one: {type: task, for: [clerk, smith], next: sign}", SIGN % "smith") == [
        ("sign", ("smith",), ("one",))
    ]


def test_ways_through_other_scopes_are_followed() -> None:
    """Into branches and out of them, one after another."""
    both = """\
  both:
    type: parallel
    branches:
      left: {start: l, states: {l: {type: task, for: clerk, next: done}}}
      right:
        after: [left]
        start: r
        states: {r: {type: approval, by: smith, on: {approved: done, changes: done}}}
    on: {joined: sign}
  sign: {type: approval, by: clerk, on: {approved: fulfilled, changes: both}}
"""
    steps = [(one.state, one.of) for one in command_steps(process(both))]
    assert steps == [("r", ("l",)), ("sign", ("r",))]


@pytest.mark.parametrize("file", sorted(Path("processes").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_example_has_one(file: Path) -> None:
    """Nothing in them needs a manager's step."""
    steps: tuple[CommandStep, ...] = command_steps(parse(file.read_bytes(), str(file)))
    assert steps == ()
