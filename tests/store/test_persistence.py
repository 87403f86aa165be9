"""Work is done again where it was not kept, never where it was, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from drafts import HOUR, NOW, begin, change, move_on, started, wordless, write

from flowengine.errors import ConnectionLost, DatabaseBusy, NotAllowed, StoreError
from flowengine.store import Database, Saved, Transaction, new_id, persistence

T = TypeVar("T")


class Failing:
    """Tries on a real database, of which each ends as the next of ``ends`` says.

    ``away``: not begun. ``busy``, ``crossed``: rolled back, and said so. ``kept``, ``lost``: the answer to the commit
    is lost, after it was kept or before. After the last of them, all goes well.
    """

    def __init__(self, database: Database, *ends: str) -> None:
        self.database = database
        self.ends = list(ends)
        self.tries = 0

    def __call__(self, work: Callable[[Transaction], T]) -> T:
        self.tries += 1
        end = self.ends.pop(0) if self.ends else "well"
        if end == "away":
            raise ConnectionLost("could not be reached")
        with self.database.writing() as tx:
            result = work(tx)
            if end in ("busy", "crossed"):
                raise DatabaseBusy(end, collided=end == "crossed")
            if end == "lost":
                raise ConnectionLost("the answer was lost", in_doubt=True)
        if end == "kept":
            raise ConnectionLost("the answer was lost", in_doubt=True)
        return result

    def keep(self, work: Callable[[Transaction], T], patience: float = 60) -> T:
        return persistence.keep(self, work, patience)


def entries(database: Database, job: str) -> int:
    with database.reading() as tx:
        return tx.history.verify(job).entries


@pytest.mark.parametrize(
    ("ends", "tries"),
    [
        ((), 1),
        (("away",), 2),
        (("crossed", "crossed"), 3),
        (("lost",), 2),
        (("kept",), 2),
        (("lost", "lost", "away", "kept"), 5),
        (("kept", "away", "crossed", "busy"), 5),
        (("kept", "lost"), 3),
        (("kept", "kept"), 3),
        (("away", "lost", "crossed", "kept", "away"), 6),
    ],
)
def test_a_command_is_kept_once_whatever_happens(database: Database, ends: tuple[str, ...], tries: int) -> None:
    """After any row of failures the history has one entry more, and the answer is what that entry came to (L3)."""
    job = begin(database)
    failing = Failing(database, *ends)
    saved = failing.keep(lambda tx: change(tx, job, move_on))
    assert failing.tries == tries
    assert entries(database, job) == 2
    with database.reading() as tx:
        assert tx.history.written(job, saved.seq, saved.hash)


@pytest.mark.parametrize("ends", [("kept",), ("lost",), ("kept", "away", "lost"), ("lost", "kept", "crossed")])
def test_a_job_is_begun_once_whatever_happens(database: Database, ends: tuple[str, ...]) -> None:
    """A job that was begun in a commit whose answer was lost is not begun again."""
    job = new_id()
    saved = Failing(database, *ends).keep(lambda tx: write(tx, started(job)))
    assert saved.job == job
    assert entries(database, job) == 1


def test_the_first_answer_holds_after_others_have_acted(database: Database) -> None:
    """Found under the job's lock, an entry that others have followed is still the one that was asked for."""
    job = begin(database)

    class Overtaken(Failing):
        def __call__(self, work: Callable[[Transaction], T]) -> T:
            if self.tries == 1:
                with database.writing() as tx:
                    change(tx, job, move_on, NOW + HOUR)
            return super().__call__(work)

    assert Overtaken(database, "kept").keep(lambda tx: change(tx, job, move_on)).seq == 2
    assert Overtaken(database, "lost").keep(lambda tx: change(tx, job, move_on)).seq == 5
    assert entries(database, job) == 5


def test_work_that_is_refused_is_not_done_again(database: Database) -> None:
    """What the work raises reaches the caller after one try."""
    failing = Failing(database)

    def work(_: Transaction) -> None:
        raise NotAllowed("not now")

    with pytest.raises(NotAllowed):
        failing.keep(work)
    assert failing.tries == 1


def test_a_lock_that_was_waited_for_is_not_waited_for_again(database: Database) -> None:
    """Who has waited for a lock as long as he may is told so at once."""
    failing = Failing(database, "busy")
    with pytest.raises(DatabaseBusy):
        failing.keep(lambda tx: tx.jobs.list())
    assert failing.tries == 1


def test_a_refusal_after_doubt_looks_once_more(database: Database) -> None:
    """Work that is refused when it is done again may have met what its first try wrote: then that is the answer."""
    job, seed = new_id(), "5e" * 16
    tries: list[int] = []

    def work(tx: Transaction) -> Saved:
        tries.append(1)
        if len(tries) == 2:
            raise StoreError("the same row was written by another transaction first")
        return write(tx, wordless(job), seed=seed)

    class Late(Failing):
        """The first commit arrives after the look, in the middle of the second try."""

        def __call__(self, work: Callable[[Transaction], T]) -> T:
            if self.tries == 2:
                with database.writing() as tx:
                    first.append(write(tx, wordless(job), seed=seed))
            return super().__call__(work)

    first: list[Saved] = []
    late = Late(database, "lost")
    assert late.keep(work).job == job
    assert late.tries == 3
    assert entries(database, job) == 1


def test_what_stays_in_doubt_is_said(database: Database) -> None:
    """Out of patience, the error tells whether something may have been kept."""
    job = begin(database)
    for first, in_doubt in (("away", False), ("kept", True), ("lost", True)):
        with pytest.raises(ConnectionLost) as raised:
            Failing(database, first, *["away"] * 1000).keep(lambda tx: change(tx, job, move_on), patience=0.05)
        assert raised.value.in_doubt is in_doubt


def test_a_lock_in_the_way_of_finding_out_is_no_answer(database: Database) -> None:
    """While a commit is in doubt, a busy database does not mean that nothing was changed."""
    job = begin(database)
    with pytest.raises(ConnectionLost) as raised:
        Failing(database, "kept", *["busy"] * 1000).keep(lambda tx: tx.jobs.get(job) and None, patience=0.05)
    assert raised.value.in_doubt
