"""A pretend mill: no cloth is woven and nobody is paid. It stands in for a supplier whose system one does not own.

It keeps its stock and its orders in an SQLite file of its own, apart from the shop's database, as a real supplier
would. An order is placed under a key of the buyer's: asked again with the same key it answers with the same order, and
a key that was cancelled stays cancelled, also when the order itself comes later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

METRES = {
    "navy_flannel": 40.0,
    "grey_worsted": 25.0,
    "green_tweed": 18.0,
    "black_barathea": 12.0,
    "lining_plain": 60.0,
    "lining_striped": 30.0,
    "lining_your_own": 1000.0,
}
"""What a new mill has on its shelves, in metres."""

DAYS = {"navy_flannel": 12, "grey_worsted": 3, "green_tweed": 20, "black_barathea": 8}
"""Days until a cloth arrives; whatever is not listed arrives on the next day."""

_TABLES = """
CREATE TABLE IF NOT EXISTS stock (item TEXT PRIMARY KEY, metres REAL NOT NULL CHECK (metres >= 0));
CREATE TABLE IF NOT EXISTS orders (
    key TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, buyer TEXT NOT NULL, item TEXT NOT NULL,
    metres REAL NOT NULL, arrives TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('placed', 'delivered', 'cancelled'))
);
"""


class OutOfStock(Exception):
    """The mill has too little of it left."""


class MillClosed(Exception):
    """The mill does not answer: try again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the mill has it; ``number`` is what the mill calls it."""

    number: str
    buyer: str
    item: str
    metres: float
    arrives: date
    status: str


class Mill:
    """The mill's counter. ``today`` tells its day, so that it can live in a simulated time."""

    def __init__(self, path: str | Path, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._path = str(path)
        self._today = today
        self.open = True
        """A closed mill raises :class:`MillClosed` on whatever is asked of it."""
        with self._counter() as rows:
            rows.executescript(_TABLES)
            rows.executemany("INSERT OR IGNORE INTO stock VALUES (?, ?)", METRES.items())

    def order(self, key: str, buyer: str, item: str, metres: float) -> Order:
        """Place an order, once for each key. Raises OutOfStock, and MillClosed."""
        with self._counter() as rows:
            known = rows.execute("SELECT * FROM orders WHERE key = ?", (key,)).fetchone()
            if known is not None:
                return _order(known)
            taken = rows.execute(
                "UPDATE stock SET metres = metres - ? WHERE item = ? AND metres >= ?", (metres, item, metres)
            )
            if taken.rowcount == 0:
                raise OutOfStock(item)
            arrives = self._today() + timedelta(days=DAYS.get(item, 1))
            self._write(rows, key, buyer, item, metres, arrives, "placed")
            return _order(rows.execute("SELECT * FROM orders WHERE key = ?", (key,)).fetchone())

    def cancel(self, key: str, buyer: str) -> bool:
        """Cancel the order of that key and put the cloth back on the shelf; what has been delivered stays sold.

        Whether it is cancelled now. A key that the mill has not seen yet is remembered as cancelled.
        """
        with self._counter() as rows:
            known = rows.execute("SELECT * FROM orders WHERE key = ?", (key,)).fetchone()
            if known is None:
                self._write(rows, key, buyer, "", 0.0, self._today(), "cancelled")
                return True
            order = _order(known)
            if order.status == "placed":
                rows.execute("UPDATE orders SET status = 'cancelled' WHERE key = ?", (key,))
                rows.execute("UPDATE stock SET metres = metres + ? WHERE item = ?", (order.metres, order.item))
            return order.status != "delivered"

    def deliver(self) -> list[Order]:
        """Send out what is due by now, and say what it was."""
        with self._counter() as rows:
            due = rows.execute(
                "UPDATE orders SET status = 'delivered' WHERE status = 'placed' AND arrives <= ? RETURNING *",
                (self._today().isoformat(),),
            ).fetchall()
            return sorted((_order(row) for row in due), key=lambda order: order.number)

    def orders(self) -> list[Order]:
        """All orders, the oldest first."""
        with self._counter() as rows:
            return [_order(row) for row in rows.execute("SELECT * FROM orders ORDER BY number")]

    def stock(self) -> Mapping[str, float]:
        """Metres of each item on the shelves."""
        with self._counter() as rows:
            return dict(rows.execute("SELECT item, metres FROM stock ORDER BY item").fetchall())

    def set_stock(self, item: str, metres: float) -> None:
        """Put that many metres on the shelf, for trying what happens when there is nothing left."""
        with self._counter() as rows:
            rows.execute("INSERT OR REPLACE INTO stock VALUES (?, ?)", (item, metres))

    @contextmanager
    def _counter(self) -> Iterator[sqlite3.Connection]:
        if not self.open:
            raise MillClosed("the mill does not answer")
        with closing(sqlite3.connect(self._path, timeout=10)) as rows, rows:
            rows.execute("BEGIN IMMEDIATE")
            yield rows

    @staticmethod
    def _write(
        rows: sqlite3.Connection, key: str, buyer: str, item: str, metres: float, arrives: date, status: str
    ) -> None:
        rows.execute(
            "INSERT INTO orders SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ? FROM orders",
            (key, buyer, item, metres, arrives.isoformat(), status),
        )


def _order(row: tuple[str, int, str, str, float, str, str]) -> Order:
    _, number, buyer, item, metres, arrives, status = row
    return Order(
        number=f"M-{number:04}",
        buyer=buyer,
        item=item,
        metres=metres,
        arrives=date.fromisoformat(arrives),
        status=status,
    )
