"""Cells: what is counted, in a form that can be added, and taken away again, in any order.

A cell holds how many there are, the sum of their seconds (or of their ratings), how they are spread, and a lower bound
for how many different customers they are of. No cell says who any of these is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from math import ceil, log2
from typing import NamedTuple, TypeAlias

import msgspec

STEPS = 8
"""Bins for each doubling of a duration: the middle of one is at most 4.5 % away from what is in it."""

BUCKETS = 64
"""Into so many buckets customers fall, by a hash of their ids. As many different ones there are, at least, as buckets
hold anybody: two may fall into one, so a few who are enough may be taken for too few, and never the other way round."""


class Key(NamedTuple):
    """Which cell. ``month`` is a year and a month (202605) in UTC; ``segment`` is empty for all customers, else a kind
    and a name (``version:…``, ``group:…``)."""

    month: int
    segment: str
    measure: str
    state: str
    value: str


class Cell(msgspec.Struct, array_like=True):
    """So many (``n``), their ``total`` and how many are in each of the ``bins``; ``who``: how many jobs of customers
    of each bucket are in it."""

    n: int = 0
    total: int = 0
    bins: dict[int, int] = {}
    who: dict[int, int] = {}

    def add(self, other: Cell, sign: int = 1) -> None:
        """Put another one into it, or take it out (``sign`` -1)."""
        self.n += sign * other.n
        self.total += sign * other.total
        if sign == 1 and not (self.bins or self.who):  # the first of many, which most are
            self.bins, self.who = dict(other.bins), dict(other.who)
            return
        _add(self.bins, other.bins, sign)
        _add(self.who, other.who, sign)

    @property
    def is_empty(self) -> bool:
        return not (self.n or self.total or self.bins or self.who)

    @property
    def customers(self) -> int:
        """Of how many different customers it is, at least."""
        return sum(count > 0 for count in self.who.values())

    def ordered(self) -> Iterator[tuple[int, int]]:
        """The bins that hold anything, the lowest first."""
        return iter(sorted((place, count) for place, count in self.bins.items() if count > 0))


Cells: TypeAlias = dict[Key, Cell]


def _add(into: dict[int, int], other: Mapping[int, int], sign: int) -> None:
    for place, count in other.items():
        now = into.get(place, 0) + sign * count
        if now:
            into[place] = now
        else:
            into.pop(place, None)


def add(into: Cells, other: Mapping[Key, Cell], sign: int = 1) -> None:
    """Add cells to others, or take them out; those that hold nothing any more are gone."""
    for key, cell in other.items():
        mine = into.get(key)
        if mine is None:
            mine = into[key] = Cell()
        mine.add(cell, sign)
        if mine.is_empty:
            del into[key]


def together(cells: Iterable[Cell]) -> Cell:
    """One cell that holds what all of them hold."""
    found = Cell()
    for one in cells:
        found.add(one)
    return found


def bucket(customer: str) -> int:
    """The bucket into which a customer falls."""
    return sha256(customer.encode()).digest()[0] % BUCKETS


def bin_of(seconds: int) -> int:
    """The bin of a duration: 0 for less than a second, else each :data:`STEPS` of them twice those before."""
    return 0 if seconds < 1 else 1 + int(STEPS * log2(seconds))


def seconds_of(place: int) -> float:
    """The middle of a bin, in seconds."""
    return 0.0 if place <= 0 else float(2 ** ((place - 0.5) / STEPS))


def quantile(cell: Cell, share: float) -> int | None:
    """The bin in which that share of the values lies, from the smallest on; None where nothing is spread."""
    spread = list(cell.ordered())
    wanted = ceil(share * sum(count for _, count in spread))
    for place, count in spread:
        wanted -= count
        if wanted <= 0:
            return place
    return None


def typical(cell: Cell, share: float = 0.5) -> float | None:
    """In how many seconds that share of them is over: by half of them, the usual duration."""
    place = quantile(cell, share)
    return None if place is None else seconds_of(place)


def rest(whole: Cell, part: Cell) -> Cell:
    """What is in the whole and not in a part of it, as far as customers are concerned."""
    return Cell(n=whole.n - part.n, who={b: n for b, c in whole.who.items() if (n := c - part.who.get(b, 0)) > 0})
