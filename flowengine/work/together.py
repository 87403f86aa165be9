"""What several handlers came to, written down in one transaction: one wait for the disk for all of them (L2).

Nobody is waited for. A call whose job somebody else has locked is left out, and so is one whose claim is gone (L10),
one whose job cannot take the result, and the second of a job. Everything is computed before anything is written; where
the database then refuses one of them, none is kept. What was left out is settled by itself
(:func:`~flowengine.commands.settling.settle`), which waits, or says why not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flowengine.commands import access
from flowengine.commands.settling import Done, finish_of
from flowengine.errors import FlowError, StoreError
from flowengine.store import ClaimedCall, Transaction

if TYPE_CHECKING:
    from flowengine.commands.shell import Computed, Shell

MOST = 32
"""So many are written down together at most: their jobs are locked meanwhile."""

Ended = tuple[ClaimedCall, Done]
"""A call that is held, and how its handler has ended it."""


def settle_together(shell: Shell, ended: Sequence[Ended]) -> list[bool]:
    """Write down what these calls came to; which of them were kept.

    Raises StoreError when none was: the database did not keep it.
    """

    def work(tx: Transaction) -> list[bool]:
        kept, trace = [False] * len(ended), tx.trace
        for place, computed in list(_computed(shell, tx, ended)):
            tx.trace = ended[place][0].trace or trace  # each job stays in the trace of the act that led to its call
            shell.write(tx, computed)
            kept[place] = True
        return kept

    return shell.keep(work)


def _computed(shell: Shell, tx: Transaction, ended: Sequence[Ended]) -> Iterator[tuple[int, Computed]]:
    """What can be written down together: which of them it is, and what it comes to."""
    jobs = tx.jobs.lock_held([(claimed.job, claimed.number, claimed.epoch) for claimed, _ in ended])
    known: set[str] = set()
    for place, ((claimed, verdict), job) in enumerate(zip(ended, jobs, strict=True)):
        if job is None or job.id in known:
            continue
        known.add(job.id)
        command = finish_of(claimed, verdict.outcome, verdict.result)
        try:
            yield place, shell.compute(tx, job, command, access.permit_all)
        except StoreError:
            raise
        except FlowError:
            continue  # settled by itself, it is refused again, and that is told
