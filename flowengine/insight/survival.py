"""How long something still takes, from how long it took: survival curves over fixed bins of time.

A bin counts how many came to their end in it (``ended``), and how many were last seen in it without an end
(``unfinished``). The latter count as long as they were seen and no longer (right-censoring), so that a house with many
slow jobs under way does not think that all are as fast as the first ones.

The curve is the actuarial life table, a Kaplan-Meier estimate on grouped times, with a prior that weighs as some
observations: Hjort's beta process (Annals of Statistics 18, 1990), whose hazard in each bin is
``(ended + weight * prior ended) / (at risk + weight * prior at risk)``. Without observations it is the prior.

All lengths are in seconds. Bins grow by a ninth: eight of them are a doubling, from a minute to sixteen years.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import neg

DOUBLING = 8
"""Bins for each doubling of the length."""

EDGES = (0.0, *(60.0 * 2 ** (number / DOUBLING) for number in range(23 * DOUBLING + 1)))
"""Where bins begin, in seconds; the last one has no end."""

STEEP = 3.17
"""How a length spreads that somebody only thinks of: the slowest of ten take twice as long as the middle one."""


def bin_of(seconds: float) -> int:
    """The bin of a length; what is below 0 counts as 0."""
    return bisect_right(EDGES, seconds) - 1 if seconds > 0 else 0


@dataclass(frozen=True, slots=True)
class Curve:
    """``alive[i]`` is the share that takes longer than ``EDGES[i]``; between edges it falls in a straight line."""

    alive: Sequence[float]

    def at(self, seconds: float) -> float:
        """The share that takes longer than so many seconds."""
        number = bin_of(seconds)
        if number >= len(self.alive) - 1:
            return self.alive[-1]
        share = (seconds - EDGES[number]) / (EDGES[number + 1] - EDGES[number])
        return self.alive[number] + (self.alive[number + 1] - self.alive[number]) * share

    def quantile(self, level: float, after: float = 0.0) -> float:
        """How many seconds more it takes at most, with the probability ``level``, if ``after`` seconds are over."""
        left = (1 - level) * self.at(after)
        number = bisect_left(self.alive, -left, key=neg)
        if number == 0:
            return 0.0
        if number >= len(self.alive):
            return EDGES[-1] - after
        above, below = self.alive[number - 1], self.alive[number]
        share = (above - left) / (above - below)
        return max(EDGES[number - 1] + (EDGES[number] - EDGES[number - 1]) * share - after, 0.0)

    def later(self, after: float) -> Curve:
        """The curve of what remains once ``after`` seconds are over."""
        now = self.at(after)
        return Curve(tuple(self.at(after + edge) / now for edge in EDGES)) if after else self


def thought(middle: float) -> Curve:
    """The curve of something of which only the length is known that half of all take: log-logistic, so that what has
    lasted long is expected to last long."""
    return Curve(tuple(1 / (1 + (edge / max(middle, 1.0)) ** STEEP) for edge in EDGES))


def seen(ended: Mapping[int, int], unfinished: Mapping[int, int], prior: Curve, weight: float) -> Curve:
    """The curve of what was seen, counts by bin, under a prior that weighs as ``weight`` observations (above 0). What
    is taken away before it was added counts as none."""
    ended = {number: count for number, count in ended.items() if count > 0}
    unfinished = {number: count for number, count in unfinished.items() if count > 0}
    expected, share, alive = prior.alive, 1.0, [1.0]
    risk: float = sum(ended.values()) + sum(unfinished.values())
    for number in range(len(EDGES) - 1):
        done, lost = ended.get(number, 0), unfinished.get(number, 0)
        at_risk = risk - lost / 2
        share *= (at_risk - done + weight * expected[number + 1]) / (at_risk + weight * expected[number])
        alive.append(share)
        risk -= done + lost
    return Curve(alive)
