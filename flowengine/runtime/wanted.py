"""Whether anybody carries notices, and by which channels.

Commands leave notices only where somebody carries them. A worker that does (it knows a mail server, say) writes so into
the database for some days at a time, and every process that carries out commands looks there, at most once in five
seconds: so the acts of a command line without any settings are told as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic

from flowengine.runtime.transactions import Transactions
from flowengine.store import Transaction

LASTS, RENEWED = timedelta(days=7), timedelta(days=1)
"""For how long a worker says that it carries notices, and how often it says so again."""

LOOKED_UP = 5.0
"""Seconds for which a process remembers for which channels notices are wanted."""


class Wanted:
    """For which channels notices are wanted, as the database says."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._fresh_until = 0.0
        self._said: dict[str, datetime] = {}

    def channels(self, tx: Transaction, now: datetime) -> frozenset[str]:
        """The channels that somebody carries."""
        if monotonic() >= self._fresh_until:
            self._known = tx.outbox.wanted(now)
            self._fresh_until = monotonic() + LOOKED_UP
        return self._known

    def offer(self, transactions: Transactions, channels: Iterable[str], now: datetime) -> None:
        """Say that these channels are carried from here, once a day."""
        new = {name for name in channels if not self._is_said(name, now)}
        if not new:
            return

        def work(tx: Transaction) -> None:
            for name in sorted(new):
                tx.outbox.want(name, now + LASTS)

        transactions.keep(work)
        self._said |= dict.fromkeys(new, now)
        self._fresh_until = 0.0

    def _is_said(self, name: str, now: datetime) -> bool:
        said = self._said.get(name)
        return said is not None and abs(now - said) < RENEWED
