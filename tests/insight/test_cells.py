"""Cells can be added, and taken away again, in any order, and tell how durations are spread."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from flowengine.insight.cells import BUCKETS, Cell, Cells, Key, add, bin_of, bucket, quantile, rest, seconds_of, typical

small = st.integers(1, 9)
made = st.builds(
    Cell, n=small, total=small, bins=st.dictionaries(small, small), who=st.dictionaries(st.integers(0, 5), small)
)
keys = st.builds(Key, st.just(202601), st.just(""), st.just("wait"), st.sampled_from("abc"), st.just(""))
many = st.dictionaries(keys, made, max_size=3)


@given(st.lists(many, max_size=5), st.randoms())
def test_cells_are_the_same_in_whatever_order_they_were_added(parts: list[Cells], chance: object) -> None:
    """Adding in another order, and in another grouping, gives the same cells."""
    one: Cells = {}
    for part in parts:
        add(one, part)
    shuffled = list(parts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    halves: list[Cells] = [{}, {}]
    for index, part in enumerate(shuffled):
        add(halves[index % 2], part)
    other: Cells = {}
    add(other, halves[1])
    add(other, halves[0])
    assert one == other


@given(many, many)
def test_what_was_added_can_be_taken_out(first: Cells, second: Cells) -> None:
    """Cells taken out leave what was there, and nothing of themselves."""
    found = deepcopy(first)
    add(found, second)
    add(found, second, -1)
    assert found == first


@given(st.integers(1, 10**9))
def test_a_bin_says_a_duration_to_within_five_percent(seconds: int) -> None:
    """The middle of a bin is at most 4.5 % away from each duration in it."""
    assert abs(seconds_of(bin_of(seconds)) / seconds - 1) < 0.045


def test_less_than_a_second_is_nothing() -> None:
    """What is over at once lasts no time."""
    assert seconds_of(bin_of(0)) == 0


def test_one_outlier_does_not_change_what_is_usual() -> None:
    """Of nine visits of two days and one of ten years, two days are usual; that nothing is spread has no usual."""
    days = 86_400
    cell = Cell(n=10, bins={bin_of(2 * days): 9, bin_of(3_650 * days): 1})
    usual = typical(cell)
    assert usual is not None
    assert abs(usual / (2 * days) - 1) < 0.045
    assert quantile(cell, 1.0) == bin_of(3_650 * days)
    assert typical(Cell(n=3)) is None


def test_customers_are_never_taken_for_more_than_they_are() -> None:
    """As many buckets are filled as there are customers, or fewer; one who has many jobs is one."""
    ids = [f"customer-{number}" for number in range(200)]
    for most in (1, 5, 40, 200):
        cell = Cell()
        for one in ids[:most] * 3:
            cell.add(Cell(n=1, who={bucket(one): 1}))
        assert cell.customers <= min(most, BUCKETS)
    assert cell.customers > BUCKETS * 0.8


def test_the_rest_of_a_whole_is_of_those_who_are_in_no_part() -> None:
    """Somebody who is in the part with all that he has is not in the rest."""
    whole, part = Cell(n=5, who={1: 2, 2: 1, 3: 2}), Cell(n=3, who={1: 2, 3: 1})
    assert rest(whole, part) == Cell(n=2, who={2: 1, 3: 1})
