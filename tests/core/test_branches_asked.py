"""Branches that are a state themselves, and when it is asked whether a branch is opened."""

from __future__ import annotations

import pytest
from rehearsal import HEADER, TOM, Rehearsal

from flowengine.core import events as e
from flowengine.language import parse, problems

ENDS = "  fulfilled: {type: fulfilled}\n"


def made(branches: str, more: str = "") -> str:
    parallel = f"  making: {{type: parallel, branches: {{{branches}}}{more}, next: fulfilled}}\n"
    return f"{HEADER}\nstates:\n  need: {{type: need, next: making}}\n{parallel}{ENDS}"


SHORT = made("pattern: {type: task, for: tailor, title: Paper}, sewing: {type: task, for: tailor, after: pattern}")
LONG = made(
    "pattern: {title: Paper, states: {pattern: {type: task, for: tailor, title: Paper, on: {done: done}}}}, "
    "sewing: {after: pattern, states: {sewing: {type: task, for: tailor, on: {done: done}}}}"
)


def test_a_branch_may_be_a_state_itself() -> None:
    """A state alone means a branch with one state of its name, which is done when the state is: the same version."""
    assert not problems(SHORT)
    assert parse(SHORT).version == parse(LONG).version
    job = Rehearsal(parse(SHORT))
    job.act("pattern", by=TOM)
    job.act("sewing", by=TOM)
    assert job.status == "fulfilled"


def test_such_a_branch_may_be_any_state() -> None:
    """One that holds states itself, a race, or one with outcomes of its own."""
    branches = (
        "look: {type: task, for: tailor, on: {good: done, bad: done}}, "
        "rest: {type: race, of: {said: {type: message, name: said}, late: {type: wait, for: P1D}}}, "
        "all: {type: stage, states: {cut: {type: task, for: tailor, next: done}}}, "
        "both: {type: parallel, branches: {one: {type: task, for: tailor}, two: {type: wait, for: P2D}}}"
    )
    assert not problems(made(branches))
    job = Rehearsal(parse(made(branches)))
    assert job.offered("look") == ("good", "bad")
    job.act("look", "bad", by=TOM)
    job.act("cut", by=TOM)
    job.act("one", by=TOM)
    job.wait("P3D")
    assert job.status == "fulfilled"


@pytest.mark.parametrize(
    ("branch", "codes"),
    [
        ("a: {type: tusk, for: tailor}", ["unknown-type"]),
        ("a: {type: task, fro: tailor}", ["unknown-key"]),
        ("a: {type: task, for: tailor, when: 1 +}", ["bad-expression"]),
        ("a: {type: task, for: tailor}, b: {states: {a: {type: task, for: tailor, next: done}}}", ["duplicate-state"]),
        ("a: {type: task, for: tailor, after: c}", ["unknown-branch"]),
        ("a: {type: task, for: tailor, within: P1D}", ["missing-outcome"]),
    ],
)
def test_what_is_wrong_with_such_a_branch_is_told_as_of_a_state(branch: str, codes: list[str]) -> None:
    """Its keys are those of the state, with when and after."""
    assert [one.code for one in problems(made(branch))] == codes


CHECKED = made(
    "look: {type: task, for: tailor, fields: {torn: {type: boolean}}}, "
    "mend: {type: task, for: tailor, after: look, when: data.look.torn}, "
    "iron: {type: task, for: tailor, after: mend}"
)


@pytest.mark.parametrize("torn", [True, False])
def test_a_branch_is_asked_for_once_those_it_comes_after_are_done(torn: bool) -> None:
    """Its condition may read what they have saved; where it does not hold, those after it go on at once."""
    assert not problems(CHECKED)
    job = Rehearsal(parse(CHECKED))
    job.act("look", answer={"torn": torn}, by=TOM)
    assert job.standing == (["making", "mend"] if torn else ["iron", "making"])
    assert [event.why for event in job.told(e.BranchClosed)] == (["done"] if torn else ["done", "skipped"])
    if torn:
        job.act("mend", by=TOM)
    job.act("iron", by=TOM)
    assert job.status == "fulfilled"


def test_a_join_does_not_wait_for_what_is_not_opened() -> None:
    """The last branches may be those that are not opened, one after the other, or all of them."""
    chain = made(
        "look: {type: task, for: tailor}, a: {type: task, for: tailor, after: look, when: false}, "
        "b: {type: task, for: tailor, after: a, when: false}"
    )
    job = Rehearsal(parse(chain))
    job.act("look", by=TOM)
    assert job.status == "fulfilled"
    none = made("a: {type: task, for: tailor, when: false}, b: {type: task, for: tailor, after: a, when: false}")
    assert Rehearsal(parse(none)).status == "fulfilled"
    after = made("a: {type: task, for: tailor, when: false}, b: {type: task, for: tailor, after: a, when: true}")
    assert Rehearsal(parse(after)).standing == ["b", "making"]


def test_branches_that_take_turns_are_asked_for_too() -> None:
    """In turns as well: what is not wanted has no turn."""
    job = Rehearsal(parse(CHECKED.replace(", next: fulfilled}", ", one_at_a_time: true, next: fulfilled}")))
    job.act("look", answer={"torn": False}, by=TOM)
    assert job.standing == ["iron", "making"]
    job.act("iron", by=TOM)
    assert job.status == "fulfilled"


def test_a_condition_reads_only_what_is_there_by_then() -> None:
    """What no branch before it has saved is told as missing."""
    text = CHECKED.replace("after: look, when", "when").replace("after: mend", "after: [mend, look]")
    assert [one.code for one in problems(text)] == ["missing-data"]
    assert [one.code for one in problems(CHECKED.replace("when: data.look.torn", "when: data.look.worn"))] == [
        "unknown-field"
    ]


def test_a_migration_asks_for_branches_that_wait() -> None:
    """A job that is moved to a version with a condition is asked it where the branch has not begun."""
    before = CHECKED.replace(", when: data.look.torn", "")
    job = Rehearsal(parse(before))
    found = job.migrate(parse(CHECKED))
    assert not found.obstacles
    job.act("look", answer={"torn": False}, by=TOM)
    assert job.standing == ["iron", "making"]
