"""``outcome("state")``: how a state was last left."""

from __future__ import annotations

import msgspec
import pytest
from rehearsal import HEADER, TOM, Rehearsal

from flowengine.core import events as e
from flowengine.core.draft import rebuild
from flowengine.language import parse, problems

LOOK = "look: {type: task, for: tailor, on: {good: fork, bad: fork, torn: look}}"


def made(*states: str) -> str:
    ends = ["fulfilled: {type: fulfilled}", "gone: {type: ended, because: Gone}"]
    body = "".join(f"  {one}\n" for one in ("need: {type: need, next: look}", *states, *ends))
    return f"{HEADER}\nstates:\n{body}"


def fork(condition: str) -> str:
    return f"fork: {{type: decision, rules: [{{when: '{condition}', to: fulfilled}}], else: gone}}"


@pytest.mark.parametrize(("outcomes", "status"), [(["good"], "fulfilled"), (["torn", "torn", "bad"], "ended")])
def test_the_last_outcome_counts(outcomes: list[str], status: str) -> None:
    """The outcome of the last time, and an empty text where the state was never left."""
    text = made(LOOK, fork('outcome("look") == "good" && outcome("fulfilled") == ""'))
    assert not problems(text)
    job = Rehearsal(parse(text))
    for outcome in outcomes:
        job.act("look", outcome, by=TOM)
    assert job.status == status


def test_of_a_race_it_is_the_members() -> None:
    """With the member's name before it, also where the race routes the member as a whole."""
    race = "look: {type: race, of: {rate: {type: feedback, optional: true, within: P1D}}, on: {rate: fork}}"
    text = made(race, fork('outcome("look") in ["rate.given", "rate.expired"]'))
    assert not problems(text)
    job = Rehearsal(parse(text))
    job.act("look", "skipped")
    assert job.status == "ended"


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ('outcome("look") == "goood"', ["unknown-outcome"]),
        ('"done" != outcome("look")', ["unknown-outcome"]),
        ('outcome("look") in ["good", "nice"]', ["unknown-outcome"]),
        ('outcome("look") == "expired"', ["unknown-outcome"]),
        ('outcome("lok") == "good"', ["unknown-state"]),
        ('outcome("look") == "" || outcome("look") == "bad"', []),
    ],
)
def test_what_it_is_compared_with_is_checked(condition: str, codes: list[str]) -> None:
    """An outcome that the state cannot have would never hold."""
    assert [one.code for one in problems(made(LOOK, fork(condition)))] == codes


def test_a_history_from_before_is_rebuilt_as_it_was() -> None:
    """Events that do not say so leave nothing behind, so that old jobs are still equal to what is stored (L5)."""
    job = Rehearsal(parse(made(LOOK, fork("true"))))
    job.act("look", "torn", by=TOM)
    assert job.position.branches["main"].memory.outcome == {"need": "stated", "look": "torn"}
    old = [
        [msgspec.structs.replace(one, recalled=False) if isinstance(one, e.Left) else one for one in events]
        for events in job.history
    ]
    memory = rebuild(old).branches["main"].memory
    assert (memory.outcome, memory.passed) == ({}, {"need": 1, "look": 1})


def test_inside_an_each_it_is_the_items_own() -> None:
    """Each item remembers for itself."""
    inside = "try: {type: task, for: tailor, on: {good: judge, bad: judge}}"
    judge = (
        'judge: {type: decision, rules: [{when: \'outcome("try") == "good"\', to: done, set: {ok: true}}], else: done}'
    )
    each = f"look: {{type: each, of: '[1, 2]', states: {{{inside}, {judge}}}, next: fulfilled}}"
    text = made(each)
    job = Rehearsal(parse(text, check=False))
    first, second = (step.branch for step in job.steps)
    job.act("try", "good", by=TOM, branch=first)
    job.act("try", "bad", by=TOM, branch=second)
    assert job.data["look"] == [{"try": {}, "ok": True, "item": 1}, {"item": 2}]
