"""Survival curves: what was seen, what was only seen without an end, and what was thought before."""

from __future__ import annotations

import pytest

from flowengine.insight.survival import DOUBLING, EDGES, Curve, bin_of, seen, thought

DAY = 86400.0
NOTHING = 1e-9
"""A weight of the prior that nobody notices."""


def test_bins_double_every_eighth_and_nothing_falls_between_them() -> None:
    """Each length is in the bin that begins at or before it; what is below 0 counts as 0."""
    assert EDGES[1:3] == (60.0, 60.0 * 2 ** (1 / DOUBLING))
    assert EDGES[1 + DOUBLING] == 120.0
    for seconds in (0.0, 59.9, 60.0, 61.0, 3 * DAY, EDGES[-2]):
        number = bin_of(seconds)
        assert EDGES[number] <= seconds < EDGES[number + 1]
    assert bin_of(-5.0) == 0
    assert bin_of(1e12) == len(EDGES) - 1


def test_what_is_only_thought_has_its_middle_and_a_slowest_tenth_twice_as_late() -> None:
    """Half take as long as is thought, one of ten twice as long; what has lasted long is expected to last long."""
    curve = thought(10 * DAY)
    assert curve.quantile(0.5) == pytest.approx(10 * DAY, rel=0.01)
    assert curve.quantile(0.9) == pytest.approx(20 * DAY, rel=0.02)
    assert curve.quantile(0.5, after=100 * DAY) > 20 * DAY


def test_what_was_seen_is_the_product_of_the_shares_that_went_on() -> None:
    """The estimate of Kaplan and Meier, by hand: 10 at risk of whom 2 end, then 6 that are lost, then the last 2 end.
    Who is lost within a bin counts for half of it."""
    first, lost, second = (bin_of(days * DAY) for days in (1, 2, 4))
    curve = seen({first: 2, second: 2}, {lost: 6}, thought(DAY), NOTHING)
    assert curve.at(EDGES[first + 1]) == pytest.approx(0.8)
    assert curve.at(EDGES[second]) == pytest.approx(0.8)
    in_one_bin = seen({first: 2}, {first: 4, second: 4}, thought(DAY), NOTHING)
    assert in_one_bin.at(EDGES[first + 1]) == pytest.approx(1 - 2 / 8)


def test_without_what_was_seen_it_is_what_was_thought_and_with_much_it_is_what_was_seen() -> None:
    """The prior weighs as so many observations: half of ten jobs and ten thought ones are as was seen."""
    prior, early = thought(20 * DAY), bin_of(5 * DAY)
    assert seen({}, {}, prior, 4).alive == pytest.approx(prior.alive)
    after = EDGES[early + 1]
    assert seen({early: 10}, {}, prior, 10).at(after) == pytest.approx(prior.at(after) / 2, rel=0.01)
    assert seen({early: 10_000}, {}, prior, 4).quantile(0.9) < after


def test_what_is_still_open_makes_it_longer_not_shorter() -> None:
    """Three jobs that ended after a day, beside thirty that have run for ten: most take longer than ten."""
    fast, slow = bin_of(DAY), bin_of(10 * DAY)
    assert seen({fast: 3}, {}, thought(DAY), 1).quantile(0.9) < 3 * DAY
    assert seen({fast: 3}, {slow: 30}, thought(DAY), 1).at(EDGES[slow]) == pytest.approx(1 - 3 / 33, abs=0.05)


def test_after_a_while_the_rest_is_what_the_curve_says_of_those_that_lasted() -> None:
    """A curve that falls evenly from 0 to 128 minutes: of what has lasted half of it, half ends in half of the rest."""
    curve = Curve(tuple(max(1 - edge / 7680, 0.0) for edge in EDGES))
    assert curve.quantile(0.5) == pytest.approx(3840)
    assert curve.quantile(0.5, after=3840) == pytest.approx(1920)
    assert curve.later(3840).quantile(0.5) == pytest.approx(1920, rel=0.1)
    assert curve.quantile(0.0) == 0.0


def test_what_takes_longer_than_any_bin_is_told_as_the_last_one() -> None:
    """Where all take more than sixteen years, that is what is told."""
    curve = seen({len(EDGES) - 1: 5}, {}, thought(EDGES[-1] * 4), NOTHING)
    assert curve.quantile(0.9) == EDGES[-1]
