"""Which cases a process could have produced: its own lives always, others until they leave it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowengine.core import events as e
from flowengine.language import load, parse
from flowengine.language.model import Process
from flowengine.rehearsal.event_log import Case, Logged
from flowengine.rehearsal.lives import _Player
from flowengine.rehearsal.replay import Replay, Verdict

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
  gone: {type: ended, because: It was given up}
"""
BOTH = """
  first:
    type: parallel
    next: last
    branches:
      one: {start: sew, states: {sew: {type: task, title: Sew it, for: tailor, on: {done: press, torn: gone}},
            press: {type: task, for: tailor, on: {done: done}}}}
      two: {start: cut, states: {cut: {type: task, for: tailor, on: {done: done}}}}
      three: {after: two, when: data.need == 1, start: line, states: {line: {type: task, for: tailor, next: done}}}
  last: {type: task, for: tailor, within: P1D, on: {done: fulfilled, expired: gone}}
"""


def judged(process: Process | str, *activities: str) -> Verdict:
    made = process if isinstance(process, Process) else parse(HEAD + process, check=False)
    return Replay(made).judge(Case(name="1", events=[Logged(activity=one) for one in activities]))


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
def test_the_lives_of_a_process_fit_it(path: Path) -> None:
    """What the core did in lives by chance, told as a log of the states that were left, is accepted with its end."""
    process = load(path)
    replay = Replay(process)
    for seed in range(12):
        player = _Player(process, seed, BEGIN)
        life = player.play()
        told = []
        for event in (event for _, events in player.trial.history for event in events):
            if isinstance(event, e.Left) and event.passed:
                told.append(f"{event.state}: {event.outcome}" if event.outcome else event.state)
            elif isinstance(event, e.Invoked):
                told.append(event.name)
        verdict = replay.judge(Case(name=str(seed), events=[Logged(activity=one) for one in told]))
        assert verdict.fits is not False, (seed, told, verdict)
        assert verdict.fits is None or life.end in verdict.over, (seed, told, verdict)


def test_branches_may_be_interleaved_in_any_order() -> None:
    """What is parallel comes in any order; a branch that another must come before does not come first."""
    assert judged(BOTH, "need", "cut", "sew it", "press", "last").over == ("fulfilled", "gone")
    assert judged(BOTH, "sew", "cut", "LINE", "Press", "last").fits
    early = judged(BOTH, "sew", "line")
    assert (early.fits, early.at, early.activity) == (False, 2, "line")
    assert set(early.states) == {"first", "press", "cut"}
    assert early.possible == ("cut", "press")


def test_a_case_leaves_where_something_is_missing_or_comes_twice() -> None:
    """A join waits for all, and what is done once is not done again."""
    assert judged(BOTH, "sew", "cut", "last").at == 3
    assert judged(BOTH, "cut", "cut").at == 2
    assert judged(BOTH, "sew: torn").over == ("gone",)
    assert judged(BOTH, "sew: torn", "cut").at == 2
    assert judged(BOTH, "cut").over == ()


def test_an_unknown_activity_is_told_with_what_was_perhaps_meant() -> None:
    """A name that the process does not know at all leaves it, with a hint."""
    assert "did you mean 'press'" in judged(BOTH, "sew", "pres").hint
    assert judged(BOTH, "last").hint == ""


def test_items_waits_and_what_is_done_at_any_time() -> None:
    """Of an each any number of items fit; waits pass by themselves; a withdrawal may come wherever it may."""
    states = """
  first: {type: each, of: '[1, 2]', start: sew, next: rest, states: {sew: {type: task, for: tailor, next: press},
          press: {type: task, for: tailor, next: done}}}
  rest: {type: wait, for: P1D, next: last}
  last: {type: message, name: dried, on: {received: fulfilled}}
always: {withdraw: {by: customer, title: Withdraw from it, to: gone}}
"""
    assert judged(states, "sew", "sew", "press", "press", "dried").over == ("fulfilled",)
    assert judged(states, "last").over == ("fulfilled",)
    assert judged(states, "sew", "press", "press").at == 3
    assert judged(states, "sew", "dried").at == 2
    assert judged(states, "sew", "withdraw from it").over == ("gone",)


def test_very_many_positions_at_once_are_not_followed() -> None:
    """Where too much could be going on the verdict is that nobody knows, in bounded time (L12)."""
    inner = ", ".join(
        f"t{{0}}_{i}: {{{{type: wait, for: P1D, next: {f't{{0}}_{i + 1}' if i < 5 else 'done'}}}}}" for i in range(6)
    )
    branches = "\n".join(f"      b{n}: {{start: t{n}_0, states: {{{inner.format(n)}}}}}" for n in range(8))
    verdict = judged(f"  first:\n    type: parallel\n    next: last\n    branches:\n{branches}\n"
                     "  last: {type: task, for: tailor, next: fulfilled}", "last")  # fmt: skip
    assert verdict.fits is None
    assert "3,000" in verdict.hint
