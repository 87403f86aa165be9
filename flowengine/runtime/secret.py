"""The database's own secret, under which tokens and leases are signed."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode

from flowengine.runtime.transactions import Transactions

SECRET = "secret"
"""The name under which the database keeps it."""


class Secret:
    """The database's secret, read once in a process."""

    def __init__(self) -> None:
        self._known: bytes | None = None

    def found(self, transactions: Transactions) -> bytes | None:
        """The secret, or None when nobody has needed one yet."""
        if self._known is None:
            with transactions.reading() as tx:
                kept = tx.settings.get(SECRET)
            self._known = b64decode(kept) if kept else None
        return self._known

    def made(self, transactions: Transactions) -> bytes:
        """The secret; made when there is none, and of two processes that make one at once, both have the same.

        Not inside a transaction, unless it was asked for before.
        """
        known = self.found(transactions)
        if known is None:
            fresh = b64encode(secrets.token_bytes(32)).decode()
            known = self._known = b64decode(transactions.keep(lambda tx: tx.settings.once(SECRET, fresh)))
        return known
