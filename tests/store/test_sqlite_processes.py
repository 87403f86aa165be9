"""Several processes write one SQLite file: in turns, fairly, and whoever dies or stands still takes nothing away."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from drafts import NOW, act, begin, move_on
from statement_log import commands, statements
from test_durability import python
from test_locks import Holder, holder
from waiting import heard, join, until

from flowengine.errors import DatabaseBusy
from flowengine.store import Database, Transaction
from flowengine.store.sqlite import SqliteDriver


def rows(database: Database) -> list[str]:
    """The jobs that have a note in the outbox."""
    with database.reading() as tx:
        return sorted(row.job for row in tx.outbox.ready(NOW, limit=1000))


def note(name: str) -> Callable[[Transaction], None]:
    """Work that writes a note."""
    return lambda tx: tx.outbox.add(name, 1, "note", {}, NOW)


def test_a_writer_that_is_killed_frees_the_file_at_once(sqlite_url: str) -> None:
    """Killed in the middle of its transaction, it leaves nothing, and the next one does not wait for a timeout (L2)."""
    with Database.open(sqlite_url, timeout=600) as database, holder("database", sqlite_url) as other:
        waiting = threading.Thread(target=database.keep, args=(note("mine"),))
        waiting.start()
        other.strike(signal.SIGKILL)
        join(waiting)
        assert rows(database) == ["mine"]


def test_a_writer_that_stands_still_makes_others_busy_and_loses_nothing(sqlite_url: str) -> None:
    """While it is stopped others are told that the database is busy and can read; when it goes on, all do (L2)."""
    with Database.open(sqlite_url, timeout=0.2) as database, holder("database", sqlite_url) as other:
        other.strike(signal.SIGSTOP)
        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                database.keep(note("mine"))
        assert rows(database) == []
        other.strike(signal.SIGCONT)
        other.go_on()
        assert other.heard() == "over"
        until(lambda: kept(database, "mine"))
        assert rows(database) == ["holder1", "mine"]
        other.go_on()
        assert other.heard() == "held", "the ones who gave up are not in its way"


def kept(database: Database, name: str) -> bool:
    """Try once."""
    try:
        database.keep(note(name))
    except DatabaseBusy:
        return False
    return True


def test_threads_that_wait_for_another_process_are_kept_together(sqlite_url: str) -> None:
    """What queued up in one process while another one wrote takes one turn, not one each."""
    driver = SqliteDriver(sqlite_url, 60, longest=60)
    with statements() as given, Database(driver, sqlite_url) as database, holder("database", sqlite_url) as other:
        threads = []
        for number in range(5):
            threads.append(threading.Thread(target=database.keep, args=(note(f"n{number}"),)))
            threads[-1].start()
            until(lambda: len(driver.threads.waiting) == len(threads) - 1)
        other.go_on()
        join(*threads)
        assert commands(given).count("COMMIT") == 1
        assert rows(database) == ["holder1", *(f"n{number}" for number in range(5))]


def test_eight_processes_get_fair_shares(sqlite_url: str) -> None:
    """Eight that write as fast as they can are served alike, and not a row of theirs is lost."""
    with Database.open(sqlite_url) as database:
        writers = [python("writing.py", sqlite_url) for _ in range(8)]
        for writer in writers:
            assert heard(writer) == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        counts = [int(writer.communicate(timeout=120)[0]) for writer in writers]
        with database.reading() as tx:
            found = tx.channel.raw.execute("SELECT count(*) FROM flow_outbox").fetchone()  # type: ignore[attr-defined]
    assert found == (sum(counts),)
    assert min(counts) * 4 > max(counts), counts  # far from even only where somebody is left out


def test_a_killed_reader_is_in_nobodys_way(sqlite_url: str) -> None:
    """A process that is stopped or killed while it only waits does not stop those behind it."""
    with Database.open(sqlite_url, timeout=60) as database:
        job = begin(database)
        with database.writing() as tx:
            other = Holder("database", sqlite_url)
            try:
                tx.outbox.add("first", 1, "note", {}, NOW)
            finally:
                other.end()
        act(database, job, move_on)
        assert rows(database) == ["first"]


def test_a_joined_write_takes_its_turn(sqlite_url: str) -> None:
    """A program's own transaction that is joined queues with all others, and lets nobody in before it has ended."""
    path = sqlite_url.removeprefix("sqlite:///")
    engine = sa.create_engine(sqlite_url)
    with Database.open(sqlite_url, timeout=0.1) as database, holder("lock", f"{path}.lock") as other:
        with engine.connect() as connection, pytest.raises(DatabaseBusy, match="other processes"):
            database.joined(connection)
        other.go_on()
        assert other.heard() == "over"
        with engine.connect() as connection:
            tx = until_had(lambda: database.joined(connection))
            tx.outbox.add("joined", 1, "note", {}, NOW)
            assert not kept(database, "other")
            connection.commit()
        until(lambda: kept(database, "other"))
        assert rows(database) == ["joined", "other"]
    engine.dispose()


def until_had(ask: Callable[[], Transaction]) -> Transaction:
    """What is asked for, once it is not busy."""
    had: list[Transaction] = []

    def once() -> bool:
        try:
            had.append(ask())
        except DatabaseBusy:
            return False
        return True

    until(once)
    return had[0]


def test_the_file_is_sound_after_all_that(sqlite_url: str) -> None:
    """Four writers killed in the middle of a transaction leave a file that SQLite itself finds in order."""
    with Database.open(sqlite_url, timeout=60) as database:
        job = begin(database)
        for _ in range(4):
            with holder("database", sqlite_url) as other:
                other.strike(signal.SIGKILL)
            act(database, job, move_on)
        with database.reading() as tx:
            assert tx.history.verify(job).entries == 5
    raw = sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")))
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
