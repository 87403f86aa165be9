"""Work that the database did not keep is done again, here and nowhere else.

Three things go wrong that are nobody's mistake. Two transactions cross (they lock each other out, or both enter the
same row), and the database breaks one off: that one is done again, a few times. The connection is lost before the
commit was sent: nothing was kept, so the work is done again once there is a connection, within a patience. The
connection is lost after the commit was sent: then the history tells. Each command appends an entry to its job's chain
of hashes (L5). Is it there, the commit was kept, and what the work came to is the answer (L3). The look is made under
the job's lock, in the very transaction in which the work is done again otherwise: a server that lost the client may
still be committing, and what is seen before it has ended is no answer. A job that is being begun has no row to lock;
done again under the same id, the work meets the key of the first, waits for it, and then looks once more.

A ballot is in no history: it is known by the salt of its paper, which is drawn anew with each try. What was changed of
the installation is known by its deed, in a chain of its own.

An entry has a secret of its own, drawn anew with each try, so that no other has its hash: two requests that differ in
nothing are two. Whoever means one gives both the same request key.

So work must come to the same whenever it is done: ids are chosen outside it, or found again by a request key. Work that
writes no history (a claim, a heartbeat, a fact) is simply done again. A claim that was kept without answer
is then made twice: the first runs out with its lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Generic, Protocol, TypeVar

from flowengine.backoff import Backoff
from flowengine.errors import ConnectionLost, DatabaseBusy, FlowError, NotFound
from flowengine.store.administration import Noted
from flowengine.store.ballots import Cast
from flowengine.store.transaction import Saved, Transaction

T = TypeVar("T")

COLLISIONS = 5
"""How often work is done again that crossed another transaction."""

BACKOFF = Backoff(timedelta(seconds=0.01), timedelta(seconds=0.5), chance=0.5)
"""Between tries. After a lost connection the first one comes at once."""


_RANDOM = Random()


class Once(Protocol):
    """One try: a transaction around the work."""

    def __call__(self, work: Callable[[Transaction], T]) -> T: ...


class Attempt(Generic[T]):
    """Work, and what it came to the last time it was done. ``done``: it was, in the try at hand."""

    __slots__ = ("cast", "done", "noted", "result", "saved", "work")

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        self.work = work
        self.done = False
        self.saved: list[Saved] = []
        self.cast: list[Cast] = []
        self.noted: list[Noted] = []
        self.result: T

    def __call__(self, tx: Transaction) -> T:
        self.saved, self.cast, self.noted = tx.saved, tx.cast, tx.noted
        self.result = self.work(tx)
        self.done = True
        return self.result


class Doubt(Generic[T]):
    """A commit whose answer was lost: what it wrote to histories and ballot boxes, which administrative deeds it noted,
    and what the work came to."""

    __slots__ = ("cast", "noted", "result", "saved")

    def __init__(self, attempt: Attempt[T]) -> None:
        self.saved = sorted(attempt.saved, key=lambda saved: saved.job)  # locked in one order by all
        self.cast = list(attempt.cast)
        self.noted = list(attempt.noted)
        self.result = attempt.result

    def kept(self, tx: Transaction) -> bool | None:
        """Whether it was kept, for good: its jobs are locked first. None while that cannot be known."""
        known = None
        for one in self.saved:
            try:
                tx.jobs.lock(one.job)
            except NotFound:
                continue  # a job that was begun: nobody can wait for a row that is not there
            if not tx.history.written(one.job, one.seq, one.hash):
                return False
            known = True
        for ballot in self.cast:
            if not tx.ballots.holds(ballot):
                return False
            known = True
        for deed in self.noted:
            if not tx.deeds.holds(deed):
                return False
            known = True
        return known


def keep(once: Once, work: Callable[[Transaction], T], patience: float) -> T:
    """Do ``work`` in a transaction until it is kept, and give what it returns.

    Raises what the work raises; DatabaseBusy when it crossed others too often; ConnectionLost when the database stayed
    away for ``patience`` seconds, with whether it may have been kept (``in_doubt``).
    """
    attempt = Attempt(work)
    try:
        return once(attempt)
    except (DatabaseBusy, ConnectionLost) as error:
        first = error
    return Persistence(once, attempt, patience).after(first)


class Persistence(Generic[T]):
    """What happens after a first try that was not kept, or was not known to be."""

    def __init__(self, once: Once, attempt: Attempt[T], patience: float) -> None:
        self._once = once
        self._attempt = attempt
        self._until = time.monotonic() + patience
        self._doubts: list[Doubt[T]] = []
        self._refusal: FlowError | None = None
        self._collisions = 0
        self._failures = 0

    def after(self, error: FlowError) -> T:
        """Try again until it is kept, refused, or hopeless."""
        while True:
            self._take(error)
            try:
                return self._once(self._unless_kept)
            except (DatabaseBusy, ConnectionLost) as another:
                error = another
            except FlowError as refused:
                error = self._refused(refused)

    def _unless_kept(self, tx: Transaction) -> T:
        """What a try in doubt came to, where it was kept, or else the work. Whoever gets this answer waits for a commit
        that follows the one in doubt, so a standby that has to have the one has the other as well (L2)."""
        self._attempt.done = False
        for doubt in list(self._doubts):
            kept = doubt.kept(tx)
            if kept:
                return doubt.result
            if kept is False:
                self._doubts.remove(doubt)
        if self._refusal is not None:
            raise self._refusal
        return self._attempt(tx)

    def _refused(self, refused: FlowError) -> FlowError:
        """Done again, the work was refused: perhaps because it met what a try in doubt has just written. So the next
        try only looks; what is refused without a doubt is refused for good."""
        if not self._doubts or self._refusal is not None:
            raise self._given_up(refused)
        self._refusal = refused
        return refused

    def _take(self, error: FlowError) -> None:
        """Learn from an error, and pause. Raises when there is no use in trying again."""
        left = self._until - time.monotonic()
        if isinstance(error, DatabaseBusy) and error.collided and self._collisions < COLLISIONS:
            self._collisions += 1
            self._failures = max(self._failures, 1)
            left = BACKOFF.longest.total_seconds()
        elif isinstance(error, DatabaseBusy) and not self._doubts:
            raise error
        if isinstance(error, ConnectionLost) and error.in_doubt and self._attempt.done:
            self._doubts.append(Doubt(self._attempt))
        if left <= 0:
            raise self._given_up(error)
        time.sleep(min(BACKOFF.wait(self._failures, _RANDOM).total_seconds(), left))
        self._failures += 1

    def _given_up(self, error: FlowError) -> FlowError:
        """The error as it is, or, where a try may have been kept, one that says so."""
        if not self._doubts:
            return error
        made = ConnectionLost(
            f"the answer to a commit was lost, and whether it was kept could not be found out: {error.what}",
            where=error.where,
            possible=["ask again with the same request key"],
            in_doubt=True,
        )
        made.__cause__ = error
        return made
