"""What is told of cells, and what is withheld: nothing of fewer than :data:`LEAST` customers, nor what could be told
from the rest by subtracting.

A table has a row for each value and a column for each segment or month; what stands in one line, a row or a column,
adds up to something that may be told elsewhere. So in each line either nothing is withheld, or several are, of enough
customers together (complementary suppression).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from flowengine.insight.cells import Cell, rest, together

LEAST = 5
"""Customers of whom something must be, at least, to be told."""

Place: TypeAlias = tuple[str, str]
"""A row and a column of a table."""


def withheld(table: Mapping[Place, Cell], wholes: Mapping[Place, Cell] | None = None) -> set[Place]:
    """The places of a table of which nothing is told. ``wholes``: what a place is a part of, where that is no line of
    the table; what is left of it is of nobody then, or of enough."""
    untold = {place for place, cell in table.items() if cell.customers < LEAST}
    for place, whole in (wholes or {}).items():
        if place in table and 0 < rest(whole, table[place]).customers < LEAST:
            untold.add(place)
    lines = [*_lines(table, 0), *_lines(table, 1)]
    changed = True
    while changed:
        changed = False
        for line in lines:
            hidden = [place for place in line if place in untold]
            left = [place for place in line if place not in untold]
            if hidden and left and (len(hidden) == 1 or together(table[one] for one in hidden).customers < LEAST):
                untold.add(min(left, key=lambda place: (table[place].n, place)))
                changed = True
    return untold


def _lines(table: Iterable[Place], axis: int) -> list[list[Place]]:
    """The places of each row (``axis`` 0) or column (1) that has several."""
    lines: dict[str, list[Place]] = {}
    for place in sorted(table):
        lines.setdefault(place[axis], []).append(place)
    return [line for line in lines.values() if len(line) > 1]
