"""Counting what customers have chosen and what of it is used: the difference between what a job comes to now and what
of it is counted, for forecasts. Called by whoever counts (:mod:`flowengine.commands.counting`), job by job.

What a job uses is said by its version of the process; where that says nothing of it, by the newest one, as far as it
has states and choices of the same names. So jobs that began before a process said it are counted too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flowengine.commands.shell import Shell
from flowengine.insight.pieces import Pieces, Piecework, Uses, pieced, pieces_of
from flowengine.store import Transaction
from flowengine.store.codec import decode, text


class Pieced(NamedTuple):
    """What a job's choices come to (None: it uses nothing up), and what of that is not counted; ``before``: something
    of it was."""

    work: Piecework | None
    before: bool
    difference: Pieces


def uses_of(shell: Shell, tx: Transaction, process: str, version: str, known: dict[tuple[str, str], Uses]) -> Uses:
    """What jobs of a version use, and where."""
    if (process, version) not in known:
        own = Uses.of(shell.catalogue.compiled(tx, process, version).process)
        known[process, version] = own if own.by_state else Uses.of(shell.catalogue.latest(tx, process).process)
    return known[process, version]


def folded(tx: Transaction, uses: Uses, job: str, seq: int, entries: Sequence[Any], whole: bool) -> Pieced:
    """A job up to its entry ``seq``. ``entries`` are its last ones, or the ``whole`` history."""
    stored = tx.pieces.work(job)
    if not uses.by_state and stored is None:
        return Pieced(None, before=False, difference=Pieces())
    before = None if stored is None else decode(stored, Piecework)
    old = pieces_of(before)
    first = entries[0].seq if entries else seq + 1
    work = None
    if before is not None and uses.by_state:
        follow = first == before.seq + 1 or whole
        news = entries if follow else [one for one in tx.history.of(job, before.seq) if one.seq <= seq]
        work = pieced(uses, [one for one in news if one.seq > before.seq], before)
    if work is None and uses.by_state:
        all_of_it = entries if whole else [one for one in tx.history.of(job) if one.seq <= seq]
        work = pieced(uses, all_of_it)
    difference = pieces_of(work)
    difference.subtract(old)
    return Pieced(work, stored is not None, difference)


def kept(tx: Transaction, process_of: Mapping[str, str], jobs: Mapping[str, Pieced]) -> None:
    """Count the differences of jobs, by their ids, and keep what of them is counted."""
    write(tx, ((process_of[job], 0, one.difference) for job, one in jobs.items()))
    for job, one in jobs.items():
        if one.work is not None:
            tx.pieces.keep(job, one.work.seq, text(one.work))
    tx.pieces.forget([job for job, one in jobs.items() if one.work is None and one.before])


def write(tx: Transaction, differences: Iterable[tuple[str, int, Pieces]]) -> None:
    """Add differences, each of a process, of jobs that are there (0) or gone (1)."""
    total: dict[tuple[Any, ...], int] = {}
    for process, gone, pieces in differences:
        for key, number in pieces.items():
            where = (process, *key, gone)
            total[where] = total.get(where, 0) + number
    names = ("process", "options", "option", "size", "made", "fate", "over", "gone", "choices")
    tx.pieces.add([dict(zip(names, (*where, n), strict=True)) for where, n in sorted(total.items()) if n])


def archived(tx: Transaction, uses: Uses | None, process: str, job: str, entries: Sequence[Any]) -> None:
    """A finished job leaves the database: what it has used stays, apart from what can be counted again. Without
    ``uses``, what was counted of it does."""
    stored = tx.pieces.work(job)
    before = None if stored is None else decode(stored, Piecework)
    old = pieces_of(before)
    now = pieces_of(pieced(uses, entries)) if uses is not None and uses.by_state else Pieces()
    taken = Pieces()
    taken.subtract(old)
    write(tx, ((process, 0, taken), (process, 1, old if uses is None else now)))
    if stored is not None:
        tx.pieces.forget([job])
