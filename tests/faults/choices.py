"""Every decision of a schedule comes from here, so that a seed, or a list of numbers, says all that happens.

A decision is a number below a bound, and 0 is always the tamest: no fault, the oldest task, the shortest answer. A
schedule is repeated from the numbers that were drawn; when they run out, the rest is tame. That makes every shorter or
smaller list of numbers a schedule too, which is all that shrinking needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Numbers drawn from a seed, or repeated from a list; ``drawn`` holds those that were used."""

    def __init__(self, seed: str = "", replay: Sequence[int] | None = None) -> None:
        self._random = Random(seed)
        self._replay = None if replay is None else list(replay)
        self.drawn: list[int] = []

    def draw(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1."""
        if self._replay is None:
            number = self._random.randrange(bound)
        else:
            at = len(self.drawn)
            number = self._replay[at] % bound if at < len(self._replay) else 0
        self.drawn.append(number)
        return number

    def one_in(self, bound: int) -> bool:
        """True about once in ``bound`` times; never when all is tame."""
        return bound > 0 and self.draw(bound) == bound - 1

    def pick(self, among: Sequence[T]) -> T:
        """One of them; the first when all is tame."""
        return among[self.draw(len(among))]


def shrunk(numbers: Sequence[int], fails: Callable[[list[int]], bool], tries: int = 400) -> list[int]:
    """A shorter and smaller list of numbers that still ``fails``: pieces are left out, then numbers are made 0."""
    best = list(numbers)
    size = max(1, len(best) // 2)
    while size and tries > 0:
        at, shorter = 0, False
        while at < len(best) and tries > 0:
            for candidate in (
                best[:at] + best[at + size :],
                best[:at] + [0] * len(best[at : at + size]) + best[at + size :],
            ):
                if candidate == best:
                    continue
                tries -= 1
                if fails(candidate):
                    best, shorter = candidate, True
                    break
            else:
                at += size
        if not shorter or size == 1:
            size //= 2
    while best and best[-1] == 0:
        best.pop()
    return best
