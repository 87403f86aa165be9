"""How statements reach a driver: one channel for each open transaction.

A channel runs compiled text. On PostgreSQL what begins a transaction, its writes, and what it is expected to ask go in
one round trip with whatever is asked next, or with the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from flowengine.errors import StoreError
from flowengine.store.query import Query, Values

Row = tuple[Any, ...]


class Channel(Protocol):
    """The statements of one transaction."""

    dialect: str

    def rows(self, query: Query, values: Values) -> list[Row]:
        """All rows that a query gives; writes before it are visible to it."""

    def one(self, query: Query, values: Values) -> Row | None:
        """The first row, or None."""

    def expect(self, query: Query, values: Values) -> None:
        """It will be asked with :meth:`one` in this transaction. It may be sent behind what is asked before it, in one
        round trip; the answer is kept until then, or until something is written."""

    def write(self, query: Query, values: Values) -> None:
        """A write whose count does not matter. It may be sent later: at the next read, or with the commit."""

    def write_many(self, query: Query, many: Sequence[Values]) -> None:
        """The same write with several sets of values; nothing for an empty sequence."""

    def count(self, query: Query, values: Values) -> int:
        """A write, done at once, and how many rows it touched."""

    def flush(self) -> None:
        """Send what was collected."""

    def close(self) -> None:
        """The transaction is over: whoever still reads through this channel is told so."""


class ClosedCursor:
    """Stands where a cursor was, once its transaction is over."""

    def __getattr__(self, name: str) -> Any:
        raise StoreError(
            "the transaction is over; what is read lazily must be read inside it",
            possible=["read within the with-block that opened the transaction"],
        )


CLOSED: Any = ClosedCursor()
