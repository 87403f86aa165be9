"""What the shell offers to what it is made of: its transactions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from flowengine.store import Transaction

T = TypeVar("T")


class Transactions(Protocol):
    """Where transactions are to be had: the shell, or whatever does as it does."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """A read transaction."""

    def keep(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one write transaction and commit it."""
