"""What several jobs come to, written down in one transaction: one wait for the disk for all of them (L2).

Nobody is waited for: a job that somebody else has locked is left out, and so is one that refuses its command, and the
second command of a job. Everything is computed before anything is written; where the database then refuses one of them,
none is kept. What was left out is done by itself, which waits, or says why not.

Of those that change bookings only the first is taken: two transactions that each take several jobs' calendars, in the
order of the jobs, could wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from flowengine.commands import access
from flowengine.core.commands import AnyCommand
from flowengine.core.events import SlotBooked, SlotFreed
from flowengine.errors import StoreError
from flowengine.store import StoredJob, Transaction

if TYPE_CHECKING:
    from flowengine.commands.shell import Computed, Shell

MOST = 32
"""So many are written down together at most: their jobs are locked meanwhile."""


class Wanted(NamedTuple):
    """A command on a job that is locked; None for one that is not to be had now. ``trace`` is what it goes on with."""

    job: StoredJob | None
    command: AnyCommand
    trace: str = ""


def keep_together(shell: Shell, wanted: Callable[[Transaction], Iterable[Wanted]]) -> list[bool]:
    """Lock jobs, and write down what their commands come to; which of them were kept. Raises StoreError when the
    database kept none."""

    def work(tx: Transaction) -> list[bool]:
        trace = tx.trace
        found = [(one, computed) for one, computed in _computed(shell, tx, wanted(tx))]
        for one, computed in found:
            if computed is not None:
                tx.trace = one.trace or trace  # each job stays in the trace of the act that led to its command
                shell.write(tx, computed)
        return [computed is not None for _, computed in found]

    return shell.keep(work)


def _computed(shell: Shell, tx: Transaction, wanted: Iterable[Wanted]) -> Iterable[tuple[Wanted, Computed | None]]:
    """What each comes to, as far as it can be written down with those before it."""
    known: set[str] = set()
    booking = False
    for one in wanted:
        computed: Computed | None = None
        if one.job is not None and one.job.id not in known:
            known.add(one.job.id)
            try:
                computed = shell.compute(tx, one.job, one.command, access.permit_all)
            except StoreError:
                raise
            except Exception:  # whatever it is: done by itself it comes up again, and is told
                computed = None
        if computed is not None and any(isinstance(event, SlotBooked | SlotFreed) for event in computed.done.events):
            computed, booking = None if booking else computed, True
        yield one, computed
