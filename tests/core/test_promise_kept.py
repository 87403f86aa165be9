"""A promise that is kept before the job is fulfilled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flowengine.core.advance import advance, start
from flowengine.core.commands import Act, Start
from flowengine.core.machines import compile_process
from flowengine.core.values import Actor
from flowengine.core.world import PlainWorld
from flowengine.language import parse

NOW = datetime(2027, 1, 4, 10, tzinfo=UTC)
ADA = Actor(kind="customer", id="ada")
TEXT = """
process: parcel
need: A parcel by a day
promise: {by: data.need.day, kept: 'has(data.taken) && data.taken.outcome == "approved"'}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: taken}
  taken:
    type: approval
    ask: Is it there?
    within: P90D
    on: {approved: thanks, changes: taken, declined: gone, expired: gone}
  thanks: {type: feedback, within: P90D, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody was there}
"""


@pytest.mark.parametrize(("days", "kept"), [(3, True), (30, False)])
def test_a_promise_is_settled_when_the_process_says_so(days: int, kept: bool) -> None:
    """It is kept or broken at the moment its own expression holds, and late thanks change nothing about it."""
    compiled, world = compile_process(parse(TEXT)), PlainWorld()
    position = start(compiled, "j1", "ada", Start(by=ADA, answer={"day": "2027-01-14"}), NOW, world).draft
    assert position.head.promise is not None
    assert position.head.promise.kept is None

    def act(outcome: str, answer: dict[str, object], when: datetime) -> None:
        nonlocal position
        branch = position.branch("main")
        assert branch is not None
        command = Act(by=ADA, step=branch.steps[0].number, outcome=outcome, answer=answer)
        position = advance(compiled, position, command, when, world).draft

    act("changes", {"words": "Wrong door"}, NOW + timedelta(days=1))
    assert position.head.promise is not None
    assert position.head.promise.kept is None
    act("approved", {}, NOW + timedelta(days=days))
    assert position.head.promise.kept is kept
    act("given", {"rating": 5}, NOW + timedelta(days=80))
    assert position.head.status == "fulfilled"
    assert position.head.promise.kept is kept
