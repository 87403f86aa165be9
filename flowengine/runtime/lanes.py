"""Which handlers external workers serve: those that valid tokens of workers name.

Calls of these handlers are put into the handler's lane when they are opened, where workers of our own do not look.
Whoever opens a call needs to know it, so it is remembered for a few seconds; the process that issues or revokes a token
forgets it at once. A call that went astray meanwhile is moved when a worker of ours finds that it has no such handler.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from flowengine.store import Transaction

FRESH = 3.0
"""Seconds for which what was read is taken to be so."""

SCOPE = "worker"
"""The scope of the tokens that name handlers."""


class _Known(NamedTuple):
    handlers: frozenset[str]
    read: float
    changes: datetime | None
    """When the next of the tokens expires."""


class Lanes:
    """The handlers that external workers serve. Threads may share it."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._known: _Known | None = None

    def of(self, tx: Transaction, now: datetime, *, keep: bool = True) -> frozenset[str]:
        """The handlers with a lane, at most :data:`FRESH` seconds old.

        Without ``keep`` what is read is not remembered: a transaction that others may yet take back has no say.
        """
        known = self._known
        if known is None or not 0 <= self._seconds() - known.read < FRESH or (known.changes and known.changes <= now):
            known = self._read(tx, now)
            if keep:
                self._known = known
        return known.handlers

    def forget(self) -> None:
        """Tokens have changed: ask the database again."""
        self._known = None

    def _read(self, tx: Transaction, now: datetime) -> _Known:
        read = self._seconds()  # before the database is asked: what changes meanwhile is not missed for longer
        tokens = tx.tokens.valid(SCOPE, now)
        served = frozenset(name for token in tokens for name in token.powers.handlers)
        return _Known(served, read, min((token.expires for token in tokens if token.expires), default=None))
