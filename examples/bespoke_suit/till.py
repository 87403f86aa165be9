"""A pretend till: no money moves. It stands in for a payment service whose system one does not own.

It keeps its payments in an SQLite file of its own. A payment is taken under a key of the shop's, once: asked again with
the same key it answers with the same receipt, and a key that was refunded is never taken again, also when the payment
itself comes later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS payments (
    key TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, payer TEXT NOT NULL, amount TEXT NOT NULL, what TEXT NOT NULL,
    how TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('taken', 'refunded'))
);
CREATE TABLE IF NOT EXISTS limits (payer TEXT PRIMARY KEY, amount TEXT NOT NULL);
"""

COUNTER = "at the counter"
"""How a payment is made that no bank has to agree to."""


class PaymentDeclined(Exception):
    """The payer's bank does not pay."""


class TillClosed(Exception):
    """The till does not answer: try again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as the till has it; ``receipt`` is what it calls it, ``amount`` is in pounds."""

    receipt: str
    payer: str
    amount: Decimal
    what: str
    how: str
    status: str


class Till:
    """The till, with the banks behind it."""

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self.open = True
        """A closed till raises :class:`TillClosed` on whatever is asked of it."""
        with self._drawer() as rows:
            rows.executescript(_TABLES)

    def take(self, key: str, payer: str, amount: Decimal, what: str, how: str) -> Payment:
        """Take a payment, once for each key. Raises PaymentDeclined, and TillClosed."""
        with self._drawer() as rows:
            known = rows.execute("SELECT * FROM payments WHERE key = ?", (key,)).fetchone()
            if known is not None:
                return _payment(known)
            limit = rows.execute("SELECT amount FROM limits WHERE payer = ?", (payer,)).fetchone()
            if limit is not None and how != COUNTER and amount > Decimal(limit[0]):
                raise PaymentDeclined(f"the bank of {payer} does not pay {amount}")
            self._write(rows, key, payer, amount, what, how, "taken")
            return _payment(rows.execute("SELECT * FROM payments WHERE key = ?", (key,)).fetchone())

    def refund(self, key: str, payer: str) -> Decimal:
        """Give back what was paid under that key; how much, and 0 where it was given back before, or never paid.

        A key that the till has not seen yet is remembered as refunded.
        """
        with self._drawer() as rows:
            known = rows.execute("SELECT * FROM payments WHERE key = ?", (key,)).fetchone()
            if known is None:
                self._write(rows, key, payer, Decimal(0), "", "", "refunded")
                return Decimal(0)
            payment = _payment(known)
            rows.execute("UPDATE payments SET status = 'refunded' WHERE key = ?", (key,))
            return payment.amount if payment.status == "taken" else Decimal(0)

    def payments(self) -> list[Payment]:
        """All payments, the oldest first, those given back among them."""
        with self._drawer() as rows:
            return [_payment(row) for row in rows.execute("SELECT * FROM payments ORDER BY number")]

    def taken(self) -> Decimal:
        """What is in the till: all that was paid and not given back."""
        return sum((one.amount for one in self.payments() if one.status == "taken"), Decimal(0))

    def set_limit(self, payer: str, amount: Decimal | None) -> None:
        """The most that a payer's bank pays at once, for trying what happens when it declines; None for any amount."""
        with self._drawer() as rows:
            rows.execute("DELETE FROM limits WHERE payer = ?", (payer,))
            if amount is not None:
                rows.execute("INSERT INTO limits VALUES (?, ?)", (payer, str(amount)))

    @contextmanager
    def _drawer(self) -> Iterator[sqlite3.Connection]:
        if not self.open:
            raise TillClosed("the till does not answer")
        with closing(sqlite3.connect(self._path, timeout=10)) as rows, rows:
            rows.execute("BEGIN IMMEDIATE")
            yield rows

    @staticmethod
    def _write(
        rows: sqlite3.Connection, key: str, payer: str, amount: Decimal, what: str, how: str, status: str
    ) -> None:
        rows.execute(
            "INSERT INTO payments SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ? FROM payments",
            (key, payer, str(amount), what, how, status),
        )


def _payment(row: tuple[str, int, str, str, str, str, str]) -> Payment:
    _, number, payer, amount, what, how, status = row
    return Payment(receipt=f"R-{number:04}", payer=payer, amount=Decimal(amount), what=what, how=how, status=status)
