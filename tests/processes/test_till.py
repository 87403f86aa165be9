"""The pretend till of the suit's example."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


def test_a_payment_is_taken_once_for_each_key(till: Any) -> None:
    """Asked again under the same key, the till answers with the same receipt and takes no more (L11)."""
    first = till.take("j.1", "ada", Decimal("772.5"), "the deposit", "by card")
    assert till.take("j.1", "ada", Decimal("772.5"), "the deposit", "by card") == first
    assert (till.taken(), first.receipt) == (Decimal("772.5"), "R-0001")


def test_what_was_paid_is_given_back_once(till: Any) -> None:
    """A refund gives back all that was paid under the key, and nothing the second time."""
    till.take("j.1", "ada", Decimal("772.5"), "the deposit", "by card")
    assert till.refund("j.1", "ada") == Decimal("772.5")
    assert till.refund("j.1", "ada") == 0
    assert till.taken() == 0


def test_a_payment_that_comes_after_its_refund_is_not_taken(till: Any) -> None:
    """A handler that was cut off and arrives late, after its undo, takes nothing."""
    assert till.refund("j.1", "ada") == 0
    assert till.take("j.1", "ada", Decimal(5), "the deposit", "by card").status == "refunded"
    assert till.taken() == 0


def test_a_bank_declines_what_is_above_its_limit(till: Any) -> None:
    """More than a bank pays is declined, unless it is paid at the counter; without a limit it is taken."""
    from flowengine_examples.bespoke_suit.till import PaymentDeclined

    till.set_limit("ada", Decimal(100))
    with pytest.raises(PaymentDeclined):
        till.take("j.1", "ada", Decimal("100.01"), "the deposit", "by card")
    assert till.take("j.2", "ada", Decimal("100.01"), "the deposit", "at the counter").status == "taken"
    till.set_limit("ada", None)
    assert till.take("j.1", "ada", Decimal("100.01"), "the deposit", "by card").status == "taken"


def test_a_closed_till_does_not_answer(till: Any) -> None:
    """It says so, whatever it is asked."""
    from flowengine_examples.bespoke_suit.till import TillClosed

    till.open = False
    with pytest.raises(TillClosed):
        till.taken()
