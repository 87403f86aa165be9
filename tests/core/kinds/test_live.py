"""What may be told of a vote while it runs, and what it must not tell."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import Rehearsal
from test_kind_vote import vote, voter

from flowengine.core import live
from flowengine.core.values import Poll, Tally
from flowengine.core.world import Member

MANY = [Member(id=f"m{n}") for n in range(40)]


def begin(keys: str, club: list[Member] = MANY) -> Rehearsal:
    return Rehearsal(vote(keys), club=club)


def shown(job: Rehearsal) -> Tally | None:
    """What may be told now."""
    poll = job.position.root.inners[""]
    assert isinstance(poll, Poll)
    return live.shown(job.compiled.states["first"].shown_while_it_runs, poll)


def cast(job: Rehearsal, ballots: list[Any], start: int = 0) -> list[Tally | None]:
    """Cast ballots one after another (None abstains); what may be told after each."""
    found = []
    for number, choice in enumerate(ballots, start):
        outcome, answer = ("abstain", {}) if choice is None else ("vote", {"for": choice})
        job.act("first", outcome, answer, by=voter(f"m{number}"))
        found.append(shown(job))
    return found


SECRET = "live: 5\n    changeable: false\n    abstain: true"


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 9), st.lists(st.sampled_from(["red", "blue", "green", None]), max_size=40))
def test_no_two_tallies_tell_a_ballot(batch: int, ballots: list[str | None]) -> None:
    """Between any two tallies of a secret vote that are told, the result among them, lie as many ballots as a batch
    has, and each tells ballots that were cast, without the latest."""
    job = begin(f"live: {batch}\n    changeable: false\n    abstain: true")
    told = [one for one in cast(job, ballots) if one is not None]
    sizes = sorted({0, *(one.cast for one in told), len(ballots)}) if told else []
    assert all(more - less >= batch for less, more in pairwise(sizes))
    for one in told:
        firsts = Counter(ballots[: one.cast])
        assert (one.abstained, one.tally) == (firsts.pop(None, 0), {o: firsts[o] for o in ("red", "blue", "green")})


def test_tally_is_told_batch_by_batch() -> None:
    """What five have voted is told once ten have, what ten have once fifteen have."""
    told = cast(begin(SECRET), ["red"] * 16)
    assert [one.cast if one else None for one in told] == [None] * 9 + [5] * 5 + [10] * 2


def test_small_electorate_is_told_nothing() -> None:
    """Where fewer than two batches can vote, nothing is told before the end."""
    assert cast(begin(SECRET, MANY[:9]), ["red"] * 9) == [None] * 9


def test_open_vote_is_told_as_it_stands() -> None:
    """The ballots of an open vote are known; its tally is told from the first on, with changes."""
    job = begin("secret: false\n    live: 1")
    assert [one.cast if one else None for one in cast(job, ["red", "blue"])] == [1, 2]
    (changed,) = cast(job, ["blue"])
    assert changed is not None
    assert (changed.cast, changed.tally) == (2, {"red": 0, "blue": 2, "green": 0})


def test_vote_without_live_is_told_nothing() -> None:
    """Unless the file says so, nothing is told while a vote runs."""
    for keys in ("", "secret: false"):
        job = begin(keys)
        assert cast(job, ["red"] * 12) == [None] * 12


@pytest.mark.parametrize(
    ("method", "ballot", "tally"),
    [
        ("approval", ["red", "blue"], {"red": 5, "blue": 5, "green": 0}),
        ("ranking", ["blue", "red"], {"red": 0, "blue": 5, "green": 0}),
        ("score", {"green": 3, "red": 1}, {"red": 5, "blue": 0, "green": 15}),
    ],
)
def test_each_method_has_its_tally(method: str, ballot: Any, tally: dict[str, int]) -> None:
    """Told are approvals, first preferences, or sums of scores."""
    *_, last = cast(begin(f"method: {method}\n    {SECRET}"), [ballot] * 10)
    assert last is not None
    assert (last.cast, last.tally) == (5, tally)
