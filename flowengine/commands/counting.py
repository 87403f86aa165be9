"""Counting what all jobs teach (M7): the difference between what a job comes to now and what of it is counted.

A command marks its job as not counted, and nothing more. Whoever counts, a worker or who asks for insight, reads what
is new of the histories of some of these jobs and folds it (:mod:`flowengine.insight.life`); then puts the difference
into the cells, keeps the lives, and marks the jobs, in one short transaction, where nothing has changed meanwhile. So
each fact is counted once, in whatever order and after whatever crash, and nobody who acts waits for it. Who counts
takes no lock that anybody who acts needs, but for the moment in which he marks jobs, and passes by those that are
locked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

import msgspec

from flowengine.commands import counting_pieces
from flowengine.commands.counting_pieces import Pieced, uses_of
from flowengine.commands.learning import Lesson, Lessons, again, take_in
from flowengine.commands.shell import Shell
from flowengine.core.values import Actor
from flowengine.errors import StoreError
from flowengine.insight.cells import Cell, Cells, add
from flowengine.insight.life import Known, Life, cells_of, lived
from flowengine.insight.pieces import Pieces, Uses
from flowengine.store import Transaction
from flowengine.store.archive import ArchivedJob
from flowengine.store.codec import decode, plain, text
from flowengine.store.history import read
from flowengine.store.insight import CountedTo, Uncounted

LOG = logging.getLogger("flowengine.insight")

BATCH = 20
"""Jobs that are counted in one transaction."""


MOST_BEHIND = 1_000
"""Up to so many jobs it is said how many are not counted."""


NO_PIECES = Pieced(None, before=False, difference=Pieces())


class _Counted(msgspec.Struct, frozen=True):
    """A job that was folded: up to where it was counted ``before``, its life now, the cells and the pieces that are to
    be added, and what it teaches of how long jobs take."""

    job: Uncounted
    before: CountedTo
    life: Life | None
    difference: Cells
    pieced: Pieced = NO_PIECES
    lesson: Lesson = Lesson()


def count(shell: Shell, most: int = BATCH) -> tuple[int, int]:
    """Count some of the jobs that are not. How many were, and how many could not be: their histories cannot be read,
    which an audit tells of, and what of them was counted before stays.

    Histories are read before anything is locked; what was counted, or has happened, meanwhile is left for the next
    time."""
    with shell.reading() as tx:
        anew = tx.insights.progress()
        jobs = _some(shell, tx, most) if anew is None else tx.insights.page(anew, most)
        known: dict[tuple[str, str], Known] = {}
        uses: dict[tuple[str, str], Uses] = {}
        lessons = Lessons(shell, tx, corrects=anew is None)
        folded = [_folded(shell, tx, job, known, uses, lessons) for job in jobs]
    if anew is None and not jobs:
        return 0, 0
    found = shell.keep(lambda tx: _keep(tx, folded, anew))
    for job in jobs:
        shell.learnt.pop(job.process, None)
    return count(shell, most) if anew is not None and not jobs else found


def _some(shell: Shell, tx: Transaction, most: int) -> list[Uncounted]:
    """Jobs of which not all is counted, and where these are few, jobs that have stood still for long."""
    jobs = tx.insights.uncounted(most)
    if len(jobs) < most:
        known = {one.job for one in jobs}
        jobs += [one for one in tx.insights.standing(shell.clock.now(), most - len(jobs)) if one.job not in known]
    return jobs


def count_for(shell: Shell, seconds: float) -> None:
    """Count for so long at most, before somebody is told what there is. One who looks on, or has joined a transaction,
    is told what was counted before."""
    if shell.joined is not None or shell.looks_on:
        return
    end = monotonic() + seconds
    while count(shell)[0] and monotonic() < end:
        pass


def recount(shell: Shell, by: Actor) -> int:
    """Forget all that can be counted again, so that it is counted anew, by :func:`count`; what archived jobs have
    taught stays. How many jobs are to be counted, at most :data:`MOST_BEHIND`."""

    def work(tx: Transaction) -> int:
        tx.insights.lock(waiting=True)
        tx.insights.empty()
        tx.pieces.empty()
        tx.expected.empty()
        tx.insights.set_progress("")
        behind = tx.insights.behind(MOST_BEHIND)
        tx.note(by, "recount")
        return behind

    return shell.keep(work)


def _keep(tx: Transaction, folded: Sequence[_Counted], anew: str | None) -> tuple[int, int]:
    """Keep what was folded, where this is the one who counts; while all is counted ``anew``, up to the first job that
    was counted, or has gone on, since."""
    if not tx.insights.lock() or tx.insights.progress() != anew:
        return 0, 0
    kept = _put(tx, folded, in_order=anew is not None)
    if anew is not None:
        tx.insights.set_progress(kept[-1].job.job if kept else anew if folded else None)
    failed = sum(one.life is None for one in kept)
    return len(kept) - failed, failed


def _put(tx: Transaction, folded: Sequence[_Counted], *, in_order: bool = False) -> list[_Counted]:
    """Put what was folded into cells and lives, and mark the jobs: those that were not counted, and have not gone on,
    since; ``in_order``, those before the first of these."""
    kept: list[_Counted] = []
    for one in folded:
        if tx.insights.counted_to(one.job.job) == one.before and tx.insights.mark(one.job.job, one.job.seq):
            kept.append(one)
        elif in_order:
            break
    _write(tx, kept, {})
    take_in(tx, ((one.job.process, one.lesson) for one in kept))
    for one in kept:
        if one.life is not None:
            tx.insights.live(one.job.job, one.life.seq, text(one.life), again(one.life))
        elif one.before.seq:
            tx.insights.rest(one.job.job)
    counting_pieces.kept(
        tx, {one.job.job: one.job.process for one in kept}, {one.job.job: one.pieced for one in kept if one.life}
    )
    return kept


def count_again(shell: Shell, tx: Transaction, job: str) -> None:
    """Count a job at once, of which contents were erased just now: what was counted of them is kept nowhere. One that
    was not counted yet is left to whoever counts. Who calls it is the one who counts, and has the job locked."""
    if tx.insights.life(job) is None:
        return
    now, lessons = tx.jobs.get(job), Lessons(shell, tx, corrects=True)
    _put(tx, [_folded(shell, tx, Uncounted(job, now.process, now.version, now.customer, now.seq), {}, {}, lessons)])


def _folded(
    shell: Shell,
    tx: Transaction,
    job: Uncounted,
    known: dict[tuple[str, str], Known],
    uses: dict[tuple[str, str], Uses],
    lessons: Lessons,
) -> _Counted:
    """What a job comes to, and what of that is not counted."""
    stored = tx.insights.life(job.job)
    before, to = (None, CountedTo()) if stored is None else (decode(stored[1], Life), stored[0])
    try:
        which = (job.process, job.version)
        if which not in known:
            known[which] = Known.of(shell.catalogue.compiled(tx, *which).process)
        difference: Cells = {}
        add(difference, cells_of(before, job.customer), -1)
        taught = lessons.taught(before)
        entries, whole = _until(job.seq, tx.history.of(job.job, to.seq)), to.seq == 0
        life = lived(known[which], job.customer, entries, before)
        if life is None:
            entries, whole = _until(job.seq, tx.history.of(job.job)), True
            life = lived(known[which], job.customer, entries)
        assert life is not None, "all entries are given"
        add(difference, cells_of(life, job.customer))
        used = uses_of(shell, tx, *which, uses)
        pieces = counting_pieces.folded(tx, used, job.job, job.seq, entries, whole)
        return _Counted(job, to, life, difference, pieces, lessons.of(*which, taught, life))
    except StoreError:
        raise
    except Exception as error:  # whatever it is, this job must not stand in the way of the others
        LOG.warning("job %s cannot be counted: %s: %s", job.job, type(error).__name__, error)
        return _Counted(job, to, None, {})


def _until(seq: int, entries: Iterable[Any]) -> list[Any]:
    """Entries up to one of them: others may come meanwhile."""
    return [entry for entry in entries if entry.seq <= seq]


def _life(tx: Transaction, job: str) -> Life | None:
    found = tx.insights.life(job)
    return None if found is None else decode(found[1], Life)


def _write(tx: Transaction, marked: Sequence[_Counted], gone: dict[str, Cells]) -> None:
    """Put differences into the cells, and what archived jobs have taught into cells of their own."""
    wanted: dict[tuple[Any, ...], Cell] = {}
    by_process: dict[str, Cells] = {}
    for one in marked:
        add(by_process.setdefault(one.job.process, {}), one.difference)
    for apart, many in ((0, by_process), (1, gone)):
        for process, cells in many.items():
            for key, cell in cells.items():
                where = (process, plain(key.segment), key.month, key.measure, key.state, plain(key.value), apart)
                wanted[where] = cell
    if not wanted:
        return
    names = ("process", "segment", "month", "measure", "state", "value", "gone")
    rows = {where: dict(zip(names, where, strict=True)) for where in sorted(wanted)}
    there = tx.insights.find(rows.values())
    puts, drops = [], []
    for where, row in rows.items():
        cell = wanted[where]
        if where in there:
            cell.add(decode(there[where], Cell))
        if cell.is_empty:
            drops.append(row)
        else:
            puts.append(row | {"body": text(cell)})
    tx.insights.put(puts)
    tx.insights.drop(drops)


def archived(shell: Shell, tx: Transaction, jobs: Sequence[ArchivedJob]) -> None:
    """Finished jobs leave the database: what they have taught stays, apart from what can be counted again. Their last
    entries are counted, too. Who calls it is the one who counts."""
    left: list[_Counted] = []
    gone: dict[str, Cells] = {}
    known_uses: dict[tuple[str, str], Uses] = {}
    lessons = Lessons(shell, tx, corrects=False)
    away_now: list[tuple[str, Lesson]] = []
    taught: list[tuple[str, Lesson]] = []
    for job in jobs:
        uses, entries = None, list[Any]()
        before = _life(tx, job.job)
        away: Cells = {}
        add(away, cells_of(before, job.customer), -1)
        left.append(_Counted(Uncounted(job.job, job.process, job.version, job.customer, 0), CountedTo(), None, away))
        was, _ = lessons.taught(before)
        take_away = Lesson({cell: -number for cell, number in was.items()})
        try:
            known = Known.of(shell.catalogue.compiled(tx, job.process, job.version).process)
            entries = [read(job.job, entry.seq, entry.body, entry.contents) for entry in job.entries]
            life = lived(known, job.customer, entries)
            uses = uses_of(shell, tx, job.process, job.version, known_uses)
        except StoreError:
            raise
        except Exception as error:  # it is archived all the same
            LOG.warning("job %s cannot be counted: %s: %s", job.job, type(error).__name__, error)
            life = before
        add(gone.setdefault(job.process, {}), cells_of(life, job.customer))
        counting_pieces.archived(tx, uses, job.process, job.job, entries)
        away_now.append((job.process, take_away))
        taught.append((job.process, Lesson(lessons.taught(life)[0])))
    _write(tx, left, gone)
    take_in(tx, away_now)
    take_in(tx, taught, gone=1)
    tx.insights.die([job.job for job in jobs])
