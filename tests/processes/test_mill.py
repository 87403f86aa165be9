"""The pretend mill of the suit's example, and where the samples are found."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from flowengine import SimulatedClock
from flowengine.errors import NotFound
from flowengine.samples import example, process_file


def test_an_order_is_placed_once_for_each_key(mill: Any) -> None:
    """Asked again under the same key, the mill answers with the same order and takes no more cloth (L11)."""
    first = mill.order("j.1", "ada", "navy_flannel", 3.5)
    assert mill.order("j.1", "ada", "navy_flannel", 3.5) == first
    assert mill.stock()["navy_flannel"] == 36.5
    assert [order.number for order in mill.orders()] == ["M-0001"]


def test_what_is_cancelled_goes_back_on_the_shelf(mill: Any) -> None:
    """A cancelled order gives the cloth back, once."""
    mill.order("j.1", "ada", "navy_flannel", 3.5)
    assert mill.cancel("j.1", "ada")
    assert mill.cancel("j.1", "ada")
    assert mill.stock()["navy_flannel"] == 40.0


def test_an_order_that_comes_after_its_cancellation_is_not_placed(mill: Any) -> None:
    """A handler that was cut off and arrives late, after its undo, orders nothing."""
    assert mill.cancel("j.1", "ada")
    assert mill.order("j.1", "ada", "navy_flannel", 3.5).status == "cancelled"
    assert mill.stock()["navy_flannel"] == 40.0


def test_what_was_delivered_stays_sold(mill: Any, clock: SimulatedClock) -> None:
    """Cloth is delivered on its day, and cannot be cancelled any more."""
    order = mill.order("j.1", "ada", "grey_worsted", 3.5)
    assert order.arrives == clock.now().date() + timedelta(days=3)
    assert mill.deliver() == []
    clock.advance(timedelta(days=3))
    assert [sent.number for sent in mill.deliver()] == [order.number]
    assert mill.deliver() == []
    assert not mill.cancel("j.1", "ada")


def test_too_little_is_out_of_stock(mill: Any) -> None:
    """The mill does not promise what it does not have, and a closed one does not answer."""
    from flowengine_examples.bespoke_suit.mill import MillClosed, OutOfStock

    mill.set_stock("navy_flannel", 3.4)
    with pytest.raises(OutOfStock):
        mill.order("j.1", "ada", "navy_flannel", 3.5)
    assert mill.orders() == []
    mill.open = False
    with pytest.raises(MillClosed):
        mill.stock()


def test_a_mill_keeps_its_books_in_a_file(mill: Any, tmp_path: Any) -> None:
    """Stock and orders outlive the program."""
    mill.order("j.1", "ada", "grey_worsted", 3.5)
    again = type(mill)(tmp_path / "mill.db", today=lambda: date(2027, 1, 4))
    assert again.orders() == mill.orders()
    assert again.stock()["grey_worsted"] == 21.5


def test_an_unknown_sample_is_told_with_those_there_are() -> None:
    """Asking for a sample that is not there lists those that are."""
    with pytest.raises(NotFound) as refused:
        process_file("bespoke_suits")
    assert "bespoke_suit" in refused.value.possible
    assert example("bespoke_suit") is example("bespoke_suit")
