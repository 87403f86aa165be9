"""Work of several threads is gathered in one transaction: kept together, failing one by one (L2)."""

from __future__ import annotations

import contextvars
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import NOW, begin, change, move_on
from interrupting import struck_after
from statement_log import commands, statements
from waiting import join, until

from flowengine.errors import DatabaseBusy, Refused, StoreError
from flowengine.store import Database, Transaction
from flowengine.store.sqlite import SqliteDriver

LONG_ENOUGH = 60.0
"""Seconds to gather in, where the number of pieces is what is bounded."""


class Opened(Database):
    """A database whose queue of threads can be looked at."""

    def __init__(self, driver: SqliteDriver, url: str) -> None:
        super().__init__(driver, url)
        self.queue = driver.threads.waiting


@pytest.fixture
def given() -> Iterator[list[str]]:
    """The statements that SQLite is given, in their order. It heeds foreign keys in memory, too."""

    def heed(raw: sqlite3.Connection, _: object) -> None:
        raw.execute("PRAGMA foreign_keys = ON")

    with statements() as found:
        sa.event.listen(sa.pool.Pool, "connect", heed)
        yield found
        sa.event.remove(sa.pool.Pool, "connect", heed)


@pytest.fixture(params=["file", "memory"])
def open_shared(request: pytest.FixtureRequest, sqlite_url: str, given: list[str]) -> Iterator[Callable[..., Opened]]:
    """Opens a SQLite database, in a file or in memory, with bounds of its own."""
    url = sqlite_url if request.param == "file" else "sqlite://"
    with ExitStack() as stack:

        def opening(**bounds: Any) -> Opened:
            database = stack.enter_context(Opened(SqliteDriver(url, 20, **bounds), url))
            database.upgrade()
            given.clear()
            return database

        yield opening


@pytest.fixture
def shared(open_shared: Callable[..., Opened]) -> Opened:
    """A SQLite database in a file, and one in memory."""
    return open_shared()


class Crowd:
    """Threads that queue up while a first one is at its work, each with a piece of its own.

    The first waits until all others have queued in the order given, so that they are gathered with it.
    """

    def __init__(self, database: Opened) -> None:
        self.database = database
        self.results: dict[str, Any] = {}
        self.errors: dict[str, BaseException] = {}
        self.threads: list[threading.Thread] = []

    def queue(self) -> int:
        """How many wait."""
        return len(self.database.queue)

    def add(self, name: str, work: Callable[[Transaction], Any]) -> None:
        """One more, who has queued when this returns."""
        before = self.queue()
        thread = threading.Thread(target=self._keep, args=(name, work))
        thread.start()
        self.threads.append(thread)
        until(lambda: self.queue() == before + 1)

    def _keep(self, name: str, work: Callable[[Transaction], Any]) -> None:
        try:
            self.results[name] = self.database.keep(work)
        except BaseException as error:
            self.errors[name] = error

    def lead(self, others: dict[str, Callable[[Transaction], Any]], own: Callable[[Transaction], Any]) -> Any:
        """Do ``own`` in this thread while the others queue up, then wait for all of them."""

        def work(tx: Transaction) -> Any:
            if not self.threads:  # the work of a transaction may be done again
                for name, piece in others.items():
                    self.add(name, piece)
            return own(tx)

        try:
            return self.database.keep(work)
        finally:
            join(*self.threads)


def note(number: int) -> Callable[[Transaction], int]:
    """Work that writes one row, and gives its number."""

    def work(tx: Transaction) -> int:
        tx.outbox.add(f"job{number}", 1, "note", {}, NOW)
        return number

    return work


def notes(database: Database) -> list[str]:
    with database.reading() as tx:
        return sorted(row.job for row in tx.outbox.ready(NOW, limit=1000))


def failing(error: BaseException, number: int = 99) -> Callable[[Transaction], int]:
    """Work that writes a row and then raises."""

    def work(tx: Transaction) -> int:
        note(number)(tx)
        raise error

    return work


def test_what_has_queued_up_is_committed_once(shared: Opened, given: list[str]) -> None:
    """Three threads' work is one transaction: one begin, a savepoint for each but the first, one commit."""
    crowd = Crowd(shared)
    assert crowd.lead({"b": note(2), "c": note(3)}, note(1)) == 1
    assert crowd.results == {"b": 2, "c": 3}
    begun, *inside, ended = commands(given)
    assert begun.startswith("BEGIN")
    assert inside == ["SAVEPOINT piece", "RELEASE piece"] * 2
    assert ended == "COMMIT"
    assert notes(shared) == ["job1", "job2", "job3"]


def test_one_alone_costs_no_savepoint(shared: Opened, given: list[str]) -> None:
    """Work that nobody queues behind is begun and committed, and nothing else."""
    shared.keep(note(1))
    assert [sql.split()[0] for sql in commands(given)] == ["BEGIN", "COMMIT"]


def test_a_piece_that_fails_takes_nobody_with_it(shared: Opened) -> None:
    """Its rows are taken back and its error goes to its own thread; those before and after it are kept (L2)."""
    crowd = Crowd(shared)
    mine = Refused("not like this")
    crowd.lead({"b": note(2), "bad": failing(mine), "d": note(4)}, note(1))
    assert crowd.results == {"b": 2, "d": 4}
    assert crowd.errors == {"bad": mine}
    assert notes(shared) == ["job1", "job2", "job4"]


def test_when_the_leader_fails_the_others_are_kept(shared: Opened) -> None:
    """The first piece's failure is its own; those who queued behind it are kept all the same."""
    crowd = Crowd(shared)
    with pytest.raises(Refused):
        crowd.lead({"b": note(2), "c": note(3)}, failing(Refused("no")))
    assert crowd.results == {"b": 2, "c": 3}
    assert notes(shared) == ["job2", "job3"]


def test_a_commit_that_fails_is_everybodys_error(shared: Opened) -> None:
    """When the commit fails each thread gets an error of its own that says why, and nothing is kept."""
    with shared.writing() as tx:
        raw(tx).execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        raw(tx).execute("CREATE TABLE orphans (parent REFERENCES parents DEFERRABLE INITIALLY DEFERRED)")

    def spoil(tx: Transaction) -> None:
        note(2)(tx)
        raw(tx).execute("INSERT INTO orphans VALUES (7)")  # which SQLite only minds at the commit

    crowd = Crowd(shared)
    with pytest.raises(StoreError, match="FOREIGN KEY") as mine:
        crowd.lead({"b": spoil, "refused": failing(Refused("no"))}, note(1))
    assert {str(error) for error in crowd.errors.values()} == {str(mine.value)}
    assert len({id(error) for error in [*crowd.errors.values(), mine.value]}) == 3
    assert notes(shared) == []
    assert shared.keep(note(5)) == 5
    assert notes(shared) == ["job5"]


def raw(tx: Transaction) -> sqlite3.Connection:
    """The driver's own connection."""
    found = tx.channel.raw  # type: ignore[attr-defined]  # SQLite's channel has it
    assert isinstance(found, sqlite3.Connection)
    return found


def test_a_transaction_that_sqlite_gave_up_is_everybodys_error(shared: Opened) -> None:
    """When SQLite rolls all of it back in the middle of a piece, nobody is told that his work was kept."""

    def given_up(tx: Transaction) -> None:
        raw(tx).execute("ROLLBACK")  # as SQLite does where the disk fails
        raise ValueError("and another error hides it")

    crowd = Crowd(shared)
    with pytest.raises(StoreError, match="gave up"):
        crowd.lead({"b": note(2), "bad": given_up, "late": note(3)}, note(1))
    assert set(crowd.errors) == {"b", "bad"}
    assert crowd.results == {"late": 3}
    assert notes(shared) == ["job3"]


def test_a_lost_transaction_is_noticed_though_the_work_hides_it(shared: Opened) -> None:
    """Work that swallows the error with which SQLite ended the transaction is not told that it was kept."""

    def hiding(tx: Transaction) -> None:
        raw(tx).execute("ROLLBACK")

    with pytest.raises(StoreError):
        shared.keep(hiding)
    crowd = Crowd(shared)
    with pytest.raises(StoreError):
        crowd.lead({"b": hiding}, note(1))
    assert isinstance(crowd.errors["b"], StoreError)
    assert notes(shared) == []


def test_an_interrupt_reaches_the_leader_and_nobody_loses_by_it(shared: Opened) -> None:
    """A signal that strikes the main thread at another's piece stops the main thread; every piece is kept once."""
    struck: list[int] = []

    def interrupted(tx: Transaction) -> int:
        if not struck:
            struck.append(threading.get_ident())
            raise KeyboardInterrupt
        return note(3)(tx)

    crowd = Crowd(shared)
    with pytest.raises(KeyboardInterrupt):
        crowd.lead({"b": note(2), "c": interrupted, "d": note(4)}, note(1))
    assert struck == [threading.get_ident()]
    assert crowd.results == {"b": 2, "c": 3, "d": 4}
    assert notes(shared) == ["job1", "job2", "job3", "job4"]


def test_an_interrupt_just_after_the_commit_does_nothing_twice(shared: Opened, given: list[str]) -> None:
    """Struck when the commit is done, the leader stops, and the pieces of the others are not done again (L3)."""
    crowd = Crowd(shared)
    with struck_after("execute", lambda _: given[-1:] == ["COMMIT"]), pytest.raises(KeyboardInterrupt):
        crowd.lead({"b": note(2)}, note(1))
    assert crowd.results == {"b": 2}
    assert notes(shared) == ["job1", "job2"]


def test_an_exit_in_a_thread_is_its_own(shared: Opened) -> None:
    """Outside the main thread no signal strikes: what is raised there belongs to whose work it is."""
    crowd, errors = Crowd(shared), []

    def leading() -> None:
        errors.append(crowd.lead({"b": failing(SystemExit(3)), "c": note(3)}, note(1)))

    thread = threading.Thread(target=leading)
    thread.start()
    join(thread)
    assert errors == [1]
    assert isinstance(crowd.errors["b"], SystemExit)
    assert crowd.results == {"c": 3}


def test_a_batch_is_bounded_by_count(open_shared: Callable[..., Opened], given: list[str]) -> None:
    """More pieces than the bound are committed in several transactions, first come first served."""
    order: list[int] = []

    def noting(number: int) -> Callable[[Transaction], int]:
        return lambda tx: (order.append(number), note(number)(tx))[1]

    crowd = Crowd(open_shared(most=2, longest=LONG_ENOUGH))
    crowd.lead({str(number): noting(number) for number in range(2, 8)}, noting(1))
    assert order == [1, 2, 3, 4, 5, 6, 7]
    assert commands(given).count("COMMIT") == 3


def test_a_batch_is_bounded_by_time(open_shared: Callable[..., Opened], given: list[str]) -> None:
    """Once its time is over, one piece more is done at most."""
    crowd = Crowd(open_shared(longest=0))
    crowd.lead({"b": note(2), "c": note(3), "d": note(4)}, note(1))
    assert commands(given).count("COMMIT") == 2


def test_a_transaction_of_ones_own_keeps_its_place(shared: Opened) -> None:
    """Work behind a transaction that a thread opened for itself is not gathered past it."""
    seen: list[list[str]] = []

    def open_one() -> None:
        with shared.writing() as tx:
            seen.append(sorted(row.job for row in tx.outbox.ready(NOW)))

    crowd = Crowd(shared)
    own = threading.Thread(target=open_one)

    def first(tx: Transaction) -> int:
        if not crowd.threads:
            own.start()
            until(lambda: crowd.queue() == 1)
            crowd.add("c", note(3))
        return note(1)(tx)

    shared.keep(first)
    join(own, *crowd.threads)
    assert seen == [["job1"]]
    assert crowd.results == {"c": 3}


def test_a_transaction_inside_a_transaction_is_refused(shared: Opened) -> None:
    """Work that asks for another transaction is told of its mistake, also where another thread does it."""

    def nested(_: Transaction) -> None:
        shared.keep(note(9))

    with pytest.raises(StoreError, match="this thread"):
        shared.keep(nested)
    crowd = Crowd(shared)
    crowd.lead({"b": nested}, note(1))
    assert "this thread" in str(crowd.errors["b"])
    assert notes(shared) == ["job1"]


def test_who_is_not_taken_up_in_time_is_told_so(sqlite_url: str) -> None:
    """A piece that waits longer than the timeout is not done, and its thread gets DatabaseBusy."""
    with Opened(SqliteDriver(sqlite_url, 0.05), sqlite_url) as database:
        crowd, late = Crowd(database), threading.Event()

        def slow(tx: Transaction) -> int:
            crowd.add("late", note(2))
            until(lambda: "late" in crowd.errors)
            late.set()
            return note(1)(tx)

        assert database.keep(slow) == 1
        join(crowd.threads[0])
        assert late.is_set()
        assert isinstance(crowd.errors["late"], DatabaseBusy)
        assert notes(database) == ["job1"]


def test_a_piece_that_is_being_done_is_waited_for(sqlite_url: str) -> None:
    """Once it has been taken up, a piece's own thread waits for the outcome, however long: it is not left in doubt."""
    with Opened(SqliteDriver(sqlite_url, 0.05), sqlite_url) as database:
        crowd = Crowd(database)

        def slow(tx: Transaction) -> int:
            late = time.monotonic() + 0.2  # longer than the timeout
            until(lambda: time.monotonic() > late)
            return note(2)(tx)

        crowd.lead({"b": slow}, note(1))
        assert crowd.results == {"b": 2}


def test_a_piece_runs_in_its_own_threads_context(shared: Opened) -> None:
    """What a thread has set in its context is seen by its work, though another thread does it."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    name.set("leader")
    crowd = Crowd(shared)

    def asking(tx: Transaction) -> None:
        note(2)(tx)
        crowd.results["seen"] = name.get()

    def keeping() -> None:
        name.set("Ben")
        shared.keep(asking)

    thread = threading.Thread(target=keeping)

    def first(_: Transaction) -> None:
        if not thread.ident:
            thread.start()
            until(lambda: crowd.queue() == 1)

    shared.keep(first)
    join(thread)
    assert crowd.results["seen"] == "Ben"


def test_each_piece_knows_what_it_saved(shared: Opened) -> None:
    """Histories written by one piece are not counted for another (they resolve a lost commit)."""
    one, other = begin(shared), begin(shared)
    saved: dict[str, list[str]] = {}

    def moving(job: str) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            change(tx, job, move_on)
            saved[job] = [entry.job for entry in tx.saved]

        return work

    Crowd(shared).lead({"b": moving(other)}, moving(one))
    assert saved == {one: [one], other: [other]}
    with shared.reading() as tx:
        assert tx.history.verify(one).entries == tx.history.verify(other).entries == 2


def test_a_channel_is_closed_with_its_piece(shared: Opened) -> None:
    """What is read lazily after the piece is over is refused, also when the transaction goes on."""
    left: list[Transaction] = []

    def leaving(tx: Transaction) -> None:
        left.append(tx)

    Crowd(shared).lead({"b": leaving}, leaving)
    for tx in left:
        with pytest.raises(StoreError, match="over"):
            tx.jobs.list()


def test_many_threads_lose_nothing(shared: Opened) -> None:
    """Sixteen threads write, some of them badly: each good piece is kept once, each bad one not at all (L2)."""
    kept: list[str] = []

    def busy(number: int) -> None:
        for turn in range(20):
            job = f"job{number}-{turn}"

            def work(tx: Transaction, job: str = job, turn: int = turn) -> str:
                tx.outbox.add(job, 1, "note", {}, NOW)
                if turn % 5 == 4:
                    raise Refused("not this one")
                return job

            try:
                kept.append(shared.keep(work))
            except Refused:
                assert turn % 5 == 4

    threads = [threading.Thread(target=busy, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    join(*threads)
    assert len(kept) == 16 * 16
    assert notes(shared) == sorted(kept)


def test_fifty_on_one_job_follow_each_other(sqlite_url: str) -> None:
    """Gathered commands on one job see each other's rows: the history has each of them once, in a chain (L5)."""
    with Database.open(sqlite_url) as database:
        job = begin(database)

        def acting() -> None:
            database.keep(lambda tx: change(tx, job, move_on))

        threads = [threading.Thread(target=acting) for _ in range(50)]
        for thread in threads:
            thread.start()
        join(*threads)
        with database.reading() as tx:
            assert tx.history.verify(job).entries == 51
    file = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()
