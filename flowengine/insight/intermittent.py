"""What is asked for a day, from what was asked for on each day so far: also where most days ask for nothing.

Three estimates of the literature, each with the smoothing ALPHA unless another is given:

- simple exponential smoothing, for what is asked for on most days;
- Croston's, with the correction of Syntetos and Boylan (International Journal of Forecasting 21, 2005): the usual size
  of a demand by the usual days between two;
- of Teunter, Syntetos and Babai (European Journal of Operational Research 214, 2011): the usual size by the probability
  that a day asks at all, which falls day by day where nobody asks any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

ALPHA = 0.1
"""How much the newest value weighs."""

FEW = 10
"""Demands below which the days between them say less than the plain average does."""

MOST_DOUBT = 0.25
"""An estimate from very few demands counts as no less sure than this: who does not know orders little."""

SMOOTHED = ALPHA / (2 - ALPHA)
"""The variance of what is smoothed by ALPHA, by that of its values."""

OFTEN = 1.32
"""Days between two demands up to which smoothing alone is right (Syntetos, Boylan and Croston, 2005)."""

FORGOTTEN = 3.0
"""Nothing asked for during so many usual intervals: it is perhaps not wanted any more."""


class Rate(NamedTuple):
    """Pieces asked for a day; by which method; how the days spread: their variance by their mean, 1 at least; and how
    sure the rate itself is: the variance of the estimate, by its square."""

    a_day: float
    method: str
    spread: float
    doubt: float


def smoothed(values: Sequence[float], alpha: float = ALPHA, *, steady: bool = False) -> float:
    """Simple exponential smoothing, begun with the first value; ``steady``: with the mean, as long as that weighs the
    newest value more than ``alpha`` does, so that the first one does not count for long. Raises ValueError without
    values."""
    if not values:
        raise ValueError("there is nothing to smooth")
    level = float(values[0])
    for number, value in enumerate(values[1:], 2):
        level += max(alpha, steady / number) * (value - level)
    return level


def syntetos_boylan(days: Sequence[float], alpha: float = ALPHA, *, steady: bool = False) -> float:
    """Pieces a day by Croston's method, less the half of ``alpha`` by which it is too high; 0 without demand."""
    sizes, gaps = _sizes(days), _gaps(days)
    return (
        (1 - alpha / 2) * smoothed(sizes, alpha, steady=steady) / smoothed(gaps, alpha, steady=steady) if sizes else 0.0
    )


def teunter_syntetos_babai(
    days: Sequence[float], alpha: float = ALPHA, alpha_size: float = ALPHA, *, steady: bool = False
) -> float:
    """Pieces a day as size by probability; 0 where nothing was asked."""
    sizes, asked = _sizes(days), [float(size > 0) for size in days]
    return smoothed(asked, alpha, steady=steady) * smoothed(sizes, alpha_size, steady=steady) if sizes else 0.0


def rate(days: Sequence[float]) -> Rate:
    """What is asked for a day, by the method that fits: of each day so far, the oldest first, the pieces asked for."""
    sizes = _sizes(days)
    if not sizes:
        return Rate(0.0, "nothing was ever asked for", 1.0, 0.0)
    mean = sum(days) / len(days)
    spread = max(sum((size - mean) ** 2 for size in days) / len(days) / mean, 1.0)
    silent = next(number for number, size in enumerate(reversed(days)) if size)
    usual = (len(days) - silent) / len(sizes)
    if len(sizes) < FEW:
        return Rate(mean, "the average", spread, min(1 / len(sizes), MOST_DOUBT))
    if usual > OFTEN and silent <= FORGOTTEN * usual:
        return Rate(syntetos_boylan(days, steady=True), "Syntetos-Boylan", spread, max(SMOOTHED, 1 / len(sizes)))
    if usual <= OFTEN:
        a_day, method = smoothed(days, steady=True), "exponential smoothing"
    else:  # a usual interval weighs what a day does where each day asks
        a_day, method = teunter_syntetos_babai(days, ALPHA / usual, steady=True), "Teunter-Syntetos-Babai"
    return Rate(a_day, method, spread, max(SMOOTHED / usual, 1 / len(days)) * spread / mean)


def _sizes(days: Sequence[float]) -> list[float]:
    return [size for size in days if size > 0]


def _gaps(days: Sequence[float]) -> list[float]:
    """Days from each demand to the one before it, the first counted from the beginning."""
    asked = [number for number, size in enumerate(days, 1) if size > 0]
    return [float(after - before) for before, after in zip((0, *asked), asked, strict=False)]
