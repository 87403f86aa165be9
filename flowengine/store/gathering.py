"""Work that several threads want kept, gathered into one transaction: one commit, one wait for the disk, for all of it.

The thread that has the turn leads. It does its own piece, then what has queued up meanwhile, each in a savepoint of its
own; it commits once, and wakes the others with their results or errors. A piece that fails is rolled back to its
savepoint and its error goes to its own thread; the rest is kept. A commit that fails is the error of all, also of those
that were refused: what refused them may have been a piece that was not kept.

The leader's own piece needs no savepoint: when it fails, there is nothing else yet to be kept.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

import msgspec

from flowengine.errors import StoreError
from flowengine.store.locks import FairLock, Waiter

MOST = 64
"""So many pieces are gathered at most."""

LONGEST = 0.01
"""So long, in seconds, is gathered at most: writers of other processes wait for it."""


class Gathered(Protocol):
    """A channel in the transaction of the one who leads."""

    @property
    def open(self) -> bool:
        """Whether the transaction goes on."""

    def command(self, sql: str) -> None:
        """``SAVEPOINT``, ``RELEASE`` and the like. Raises StoreError."""

    def another(self) -> Any:
        """A further channel in the same transaction."""

    def close(self) -> None:
        """Nothing more is asked through it."""


class Piece(msgspec.Struct, eq=False):
    """Work for one transaction, and what came of it. It runs in its own thread's ``context``, whoever does it."""

    work: Callable[[Any], Any]
    context: Context
    settled: bool = False
    result: Any = None
    error: BaseException | None = None

    def run(self, channel: Gathered) -> Any:
        """Do the work for another thread."""
        return self.context.run(self.work, channel)

    def outcome(self) -> Any:
        """What the work returned; raises what it raised, or why it was not kept."""
        error, self.error = self.error, None  # or the error's traceback and this would keep each other alive
        if error is not None:
            raise error
        return self.result


class Batch(msgspec.Struct, eq=False):
    """The pieces of other threads that are kept, or lost, with the leader's own."""

    queue: FairLock[Piece]
    channel: Gathered
    most: int = MOST
    longest: float = LONGEST
    taken: list[Waiter[Piece]] = []
    """Whose pieces were taken up, in order."""

    def gather(self) -> BaseException | None:
        """Do what has queued up, within the bounds.

        Gives what interrupted this thread at another's piece, to be raised once the others are kept. Raises StoreError
        when the database has given up the whole transaction.
        """
        if not self.channel.open:
            raise StoreError("the database gave up the transaction; nothing of it was kept")
        until = time.monotonic() + self.longest
        for _ in range(self.most):
            waiter = self.queue.next_errand(self.taken)
            if waiter is None:
                return None
            interrupt = self._do(waiter)
            if interrupt is not None:
                return interrupt
            if time.monotonic() >= until:
                return None
        return None

    def _do(self, waiter: Waiter[Piece]) -> BaseException | None:
        piece, channel = waiter.errand, self.channel.another()
        assert piece is not None, "only waiters with an errand are taken up"
        try:
            channel.command("SAVEPOINT piece")
            try:
                piece.result = piece.run(channel)
            except BaseException as error:
                self._undo(error)
                if _interrupts(error):  # meant for this thread: whose piece it was can do it himself
                    self.taken.remove(waiter)
                    self.queue.give_back(waiter)
                    return error
                piece.error = error
            channel.command("RELEASE piece")
        finally:
            channel.close()
        return None

    def _undo(self, error: BaseException) -> None:
        if self.channel.open:
            self.channel.command("ROLLBACK TO piece")
        elif isinstance(error, StoreError):
            raise error
        else:
            raise StoreError("the database gave up the transaction; nothing of it was kept") from error

    def settle(self, lost: StoreError | None = None) -> None:
        """The transaction was kept; or it was ``lost``, and each thread is given an error of its own that says so."""
        for waiter in self.taken:
            piece = waiter.errand
            assert piece is not None, "only waiters with an errand are taken up"
            if lost is not None:
                piece.error = copy.copy(lost)
                piece.error.__cause__ = lost.__cause__
            piece.settled = True

    def give_back(self) -> None:
        """Put what was not settled back at the head of the queue, in its order: the leader was interrupted."""
        for waiter in reversed(self.taken):
            if waiter.errand is not None and not waiter.errand.settled:
                self.taken.remove(waiter)
                self.queue.give_back(waiter)

    def wake(self) -> None:
        """Let the threads go on whose pieces are settled."""
        for waiter in self.taken:
            waiter.gate.release()


def _interrupts(error: BaseException) -> bool:
    """Whether it was raised by a signal, not by the work: signals reach the main thread only, wherever that is."""
    return not isinstance(error, Exception) and threading.current_thread() is threading.main_thread()
