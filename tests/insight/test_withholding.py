"""Nothing is told of fewer than five customers, nor can it be told from the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowengine.insight.cells import Cell, together
from flowengine.insight.withholding import LEAST, Place, withheld


def of(*customers: int) -> Cell:
    return Cell(n=len(customers), who=dict.fromkeys(customers, 1))


tables = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")),
    st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True).map(lambda ids: of(*ids)),
)


@given(tables)
def test_no_line_tells_what_of_it_is_withheld(table: dict[Place, Cell]) -> None:
    """In each row and column either nothing is withheld, or several are, of five customers together: unless all of the
    line is."""
    untold = withheld(table)
    assert all(cell.customers >= LEAST for place, cell in table.items() if place not in untold)
    for axis in (0, 1):
        for name in {place[axis] for place in table}:
            line = [place for place in table if place[axis] == name]
            hidden = [place for place in line if place in untold]
            if hidden and len(hidden) < len(line):
                assert len(hidden) > 1
                assert together(table[place] for place in hidden).customers >= LEAST


def test_one_small_value_takes_the_next_smallest_with_it() -> None:
    """Of three colours of which one has two customers, the larger is told alone."""
    table = {("red", ""): of(*range(12)), ("blue", ""): of(*range(6)), ("green", ""): of(1, 2)}
    assert withheld(table) == {("green", ""), ("blue", "")}


def test_what_is_of_enough_is_told() -> None:
    """Values of five and more are all told."""
    table = {("red", ""): of(*range(5)), ("blue", ""): of(*range(6))}
    assert withheld(table) == set()


def test_a_group_whose_rest_is_too_small_is_withheld() -> None:
    """All but three customers are in a group: what it has would tell of those three."""
    table, whole = {("visit", "gold"): of(*range(10))}, of(*range(13))
    assert withheld(table, {("visit", "gold"): whole}) == {("visit", "gold")}
    assert withheld(table, {("visit", "gold"): of(*range(10))}) == set()
