"""Lives that are played by chance: they end, they are the same each time, and what goes wrong in them is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowengine.language import load, parse
from flowengine.rehearsal.lives import live, play

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
BEGIN = datetime(2026, 10, 5, 9, tzinfo=UTC)

HEAD = """
process: sample
title: A sample
need: Something
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, ask: What?, next: first}
  fulfilled: {type: fulfilled}
"""


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
def test_lives_of_the_processes_that_are_shipped_end_well(path: Path) -> None:
    """None gets stuck, nothing fails, each comes to an end, and no answer is lacking."""
    process = load(path)
    lives = play(process, 25, 11, BEGIN)
    assert lives.is_fine, lives.to_json()["failed"]
    assert (sum(lives.ends.values()), lives.unfinished, lives.unanswered) == (25, 0, ())
    assert any(process.root.states[end].type == "fulfilled" for end in lives.ends)


def test_a_life_is_the_same_each_time() -> None:
    """The process, the seed and the beginning give all of it, whatever was played before."""
    process = load(PROCESSES[0])
    first = play(process, 3, 5, BEGIN)
    assert first == play(process, 3, 5, BEGIN)
    assert first.longest is not None
    assert live(process, first.longest.seed, BEGIN) == first.longest


def test_what_fails_is_told_with_the_way_to_it() -> None:
    """An expression that fails makes a life one that is not fine, with its seed and its moves."""
    process = parse(f"{HEAD}  first: {{type: task, for: tailor, on: {{done: [{{to: fulfilled, when: data.no > 1}}]}}}}",
                    check=False)  # fmt: skip
    lives = play(process, 2, 7, BEGIN)
    assert not lives.is_fine
    assert (lives.stuck, lives.troubled, lives.ends) == (2, 2, {})
    assert [life.seed for life in lives.failed] == [7, 8]
    assert lives.failed[0].moves == ("ada need: stated", "time")  # a week, after which somebody has to look
    ((where, what),) = lives.expressions
    assert where == "tailor_1 first"
    assert "data.no > 1" in what
    assert "stuck" not in lives.failed[0].stuck
    assert lives.failed[0].stuck.startswith("at first: tailor_1 first")


def test_a_job_in_which_nothing_can_happen_is_stuck() -> None:
    """A step whose only way is refused for ever, by a guard that never holds, is told as stuck."""
    process = parse(f"{HEAD}  first: {{type: task, for: tailor, on: {{done: [{{to: fulfilled, when: 1 > 2}}]}}}}",
                    check=False)  # fmt: skip
    life = live(process, 1, BEGIN)
    assert life.end == ""
    assert "cannot be done now" in life.stuck


def test_what_no_life_met_is_listed() -> None:
    """States that cannot be reached, and outcomes that cannot be had, are told as never met."""
    process = parse(f"{HEAD}  first: {{type: decision, rules: [{{when: 1 > 2, to: second}}], else: third}}\n"
                    "  second: {type: task, for: tailor, on: {done: fulfilled}}\n"
                    "  third: {type: wait, for: P1D, on: {elapsed: fulfilled}}\n", check=False)  # fmt: skip
    lives = play(process, 3, 1, BEGIN)
    assert lives.never_reached == ("second",)
    assert lives.ends == {"fulfilled": 3}


def test_a_pattern_that_nobody_can_guess_is_told() -> None:
    """A field for which no answer can be made up is named."""
    field = "{code: {type: string, pattern: '^[Q]{7}#$'}}"
    process = parse(
        f"{HEAD}  first: {{type: task, for: tailor, fields: {field}, on: {{done: fulfilled}}}}", check=False
    )
    lives = play(process, 1, 1, BEGIN)
    assert lives.unanswered == ("code",)
    assert lives.stuck == 1


def test_options_that_are_made_up_are_told_apart() -> None:
    """What code would offer is made up with an id for each, so that it can be chosen from."""
    field = "{type: array, minItems: 3, items: {type: object, properties: {id: {type: string}}, required: [id]}}"
    process = parse(
        f"{HEAD}  first: {{type: service, call: look, fields: {{all: {field}}}, on: {{done: second}}}}\n"
        "  second: {type: choice, choose: {one: {from: '{data.first.all}'}}, within: P1D,"
        " on: {chosen: fulfilled, expired: fulfilled}}\n",
        check=False,
    )
    assert play(process, 10, 1, BEGIN).is_fine


@pytest.mark.parametrize("keys", ["method: approval", "method: ranking, abstain: true", "method: score, highest: 3"])
def test_lives_vote_by_every_method(keys: str) -> None:
    """Ballots of each method are made up so that they are taken, and decide some of the votes."""
    process = parse(
        f"{HEAD}  first: {{type: vote, of: customers, options: [a, b, c], {keys}, within: P3D, "
        "on: {decided: fulfilled, no_quorum: gone, tied: gone}}\n  gone: {type: ended, because: Undecided}\n",
    )
    lives = play(process, 30, 3, BEGIN)
    assert lives.is_fine, lives.to_json()["failed"]
    assert (lives.unfinished, lives.unanswered) == (0, ())
    assert lives.ends["fulfilled"] > 5
