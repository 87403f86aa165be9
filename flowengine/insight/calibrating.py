"""Ranges kept honest while they are told: each job that is over says whether the dates had been too early.

Adaptive conformal inference (Gibbs and Candès, Advances in Neural Information Processing Systems 34, 2021): after each
miss what is told moves a step outwards, after each hit a smaller one inwards, so that in the long run the promised
share is met whatever happens to the process. The step is made on the length itself, as a factor, not on the level
(Angelopoulos, Candès and Tibshirani, the same, 36, 2023): where everything takes longer than ever before, no level of
what was seen would be late enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

STEP = 0.08
"""How far one job moves a factor: one at all moments of which the later end was missed makes it 7 % later, one at which
it never was, 0.8 % sooner."""

MOST = 4.0
"""The logarithm beyond which no factor goes."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The logarithms of the factors by which the middle and the later end of a range are corrected."""

    middle: float = 0.0
    late: float = 0.0

    def corrected(self, middle: float, late: float) -> tuple[float, float]:
        """Lengths as they are to be told, of lengths as they were estimated (any unit)."""
        return middle * exp(self.middle), late * exp(self.late)

    def after(self, told: Sequence[tuple[float, float, float]]) -> Calibration:
        """What a job that is over teaches: for some moments of it the ``middle`` and ``late`` ends as they were told,
        corrected, and how long it took in truth. Each job counts once, however long it took; without moments nothing
        changes."""
        if not told:
            return self
        above = sum(truth > middle for middle, _, truth in told) / len(told)
        missed = sum(truth > late for _, late, truth in told) / len(told)
        return Calibration(_within(self.middle + STEP * (above - 0.5)), _within(self.late + STEP * (missed - 0.1)))


def _within(factor: float) -> float:
    return min(max(factor, -MOST), MOST)
