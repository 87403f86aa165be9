"""Conditions that nobody can make hold while a job stands there are told, in branches as elsewhere (L8)."""

from __future__ import annotations

import pytest
from checks_samples import codes, work

TASK = "sew: {type: task, for: smith, next: [{to: done, when: %s}]}"
OTHER = "plan: {type: task, for: clerk, fields: {n: {type: integer}}, next: done}"


def parallel(when: str) -> str:
    """Two branches, of which one goes on only under a condition."""
    branches = f"{{a: {{states: {{{TASK % when}}}}}, b: {{states: {{{OTHER}}}}}}}"
    return work(f"both: {{type: parallel, next: fulfilled, branches: {branches}}}")


@pytest.mark.parametrize("when", ["customer.id == 'x'", "data.need.count > 3", "passed('sew')"])
def test_what_no_branch_changes_holds_never_or_always(when: str) -> None:
    """A step of a branch whose only way has a condition that nothing beside it changes would wait for ever."""
    assert codes(parallel(when)) == ["no-fallback"]


@pytest.mark.parametrize(
    "when", ["passed('plan')", "has(data.plan) && data.plan.n > 3", "at('plan')", "now > date(data.need.day)"]
)
def test_what_a_branch_beside_changes_may_come_to_hold(when: str) -> None:
    """What another branch does or saves, and the time, may let people go on later."""
    assert codes(parallel(f'"{when}"')) == []


@pytest.mark.parametrize(
    "when", ["count('plan') < 2", "!passed('plan')", "!passed('plan') && data.need.count > 3", "count('plan') <= 1"]
)
def test_what_fails_for_good_is_no_way_to_wait_for(when: str) -> None:
    """A state that was passed stays passed: such a condition may fail once and for all, and somebody waits for ever."""
    assert codes(parallel(f'"{when}"')) == ["no-fallback"]


def test_items_beside_may_be_asked_about() -> None:
    """Inside an each it is not known what its other items do, but they change no data that is not theirs."""
    each = "all: {type: each, of: \"['x', 'y']\", next: fulfilled, states: {%s}}"
    assert codes(work(each % TASK % "\"!at('sew')\"")) == []
    assert codes(work(each % TASK % "data.need.count > 3")) == ["no-fallback"]
    assert "never-holds" in codes(work(each % TASK % "\"at('fulfilled')\"")), "the line around it stands in the each"
