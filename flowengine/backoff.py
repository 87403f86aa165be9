"""How long to wait after something went wrong: longer each time, up to a bound. Every place that tries again has its
own figures, and this one rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """``first`` after the first failure, then ``factor`` times as long each time, at most ``longest``.

    Up to the part ``chance`` of a wait is cut off at random, so that what failed together is not tried together again.

    >>> backoff = Backoff(timedelta(seconds=1), timedelta(seconds=5))
    >>> [backoff.wait(failures).seconds for failures in range(5)]
    [0, 1, 2, 4, 5]
    """

    first: timedelta
    longest: timedelta
    factor: float = 2
    chance: float = 0.0

    def wait(self, failures: int, random: Random | None = None) -> timedelta:
        """After so many failures in a row; nothing after none. Without ``random`` nothing is cut off."""
        if failures < 1:
            return timedelta()
        try:
            seconds = min(self.first.total_seconds() * self.factor ** (failures - 1), self.longest.total_seconds())
        except OverflowError:
            seconds = self.longest.total_seconds()
        return timedelta(seconds=seconds * (1 - self.chance * (random.random() if random is not None else 0)))
