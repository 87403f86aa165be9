"""All of a command or nothing, whatever happens in between (L2); writers take turns."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from drafts import act, begin, change, move_on, started, write
from waiting import heard, join

from flowengine.errors import DatabaseBusy, StoreError
from flowengine.store import Database, new_id

HERE = Path(__file__).parent


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A script of this folder in a process of its own."""
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parent.parent)


def test_others_see_all_of_a_command_or_nothing(database: Database) -> None:
    """Until the commit another connection sees the job as it was; afterwards all that the command wrote (L2)."""
    job = begin(database)
    with database.writing() as tx:
        change(tx, job, move_on)
        tx.channel.flush()
        with database.reading() as other:
            assert other.jobs.get(job).seq == 1
            assert other.steps.inbox(["role:tailor"]) == []
            assert len(other.history.of(job)) == 1
    with database.reading() as other:
        assert other.jobs.get(job).seq == 2
        assert len(other.steps.inbox(["role:tailor"])) == 1
        assert other.history.verify(job).entries == 2


def test_an_error_leaves_nothing_behind(database: Database) -> None:
    """When the block raises after everything was written, nothing of it is kept (L2)."""
    job = begin(database)

    def fail() -> None:
        with database.writing() as tx:
            change(tx, job, move_on)
            tx.channel.flush()
            raise KeyError("too late")

    with pytest.raises(KeyError):
        fail()
    with database.reading() as tx:
        assert tx.jobs.get(job).seq == 1
        assert tx.history.verify(job).entries == 1


def test_a_reading_transaction_is_one_snapshot(database: Database) -> None:
    """A reader sees one state of the database, however long it reads."""
    job = begin(database)
    with database.reading() as tx:
        assert tx.jobs.get(job).seq == 1
        act(database, job, move_on)
        assert tx.history.verify(job).entries == 1
        assert tx.steps.inbox(["role:tailor"]) == []


def test_a_reading_transaction_cannot_write(database: Database) -> None:
    """Writing through a reader is refused by the database."""

    def wrong() -> None:
        with database.reading() as tx:
            write(tx, started())

    with pytest.raises(StoreError):
        wrong()


def test_a_killed_process_leaves_nothing_half_done(database: Database, database_url: str) -> None:
    """Killed in front of any statement of an act, up to the commit, a process leaves the job as it was (L2)."""
    job = begin(database)
    crashing = python("crashing.py", database_url, job)
    output, _ = crashing.communicate(timeout=120)
    seen = [line.split() for line in output.splitlines()]
    assert crashing.returncode == 0
    assert len(seen) > 6
    assert [seq for seq, _ in seen] == ["1"] * (len(seen) - 1) + ["2"]
    assert {problems for _, problems in seen} == {"0"}
    act(database, job, move_on)


def test_two_processes_write_in_turns(database_url: str, database: Database) -> None:
    """Two processes that write as fast as they can get fair shares."""
    writers = [python("writing.py", database_url) for _ in range(2)]
    for writer in writers:
        assert heard(writer) == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    counts = [int(writer.communicate(timeout=60)[0]) for writer in writers]
    assert min(counts) > max(counts) * 0.25, counts
    with database.reading() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        assert raw.execute("SELECT count(*) FROM flow_outbox").fetchone() == (sum(counts),)


def test_threads_write_in_turns(database: Database) -> None:
    """Eight threads on one job lose no command."""
    job = begin(database)
    threads = [threading.Thread(target=lambda: [act(database, job, move_on) for _ in range(5)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    join(*threads)
    with database.reading() as tx:
        assert tx.history.verify(job).entries == 41


def test_a_lock_that_is_not_had_in_time_is_reported(database: Database, database_url: str) -> None:
    """Who waits too long for a job that another transaction has locked gets DatabaseBusy, and can try again."""
    job = begin(database)
    with Database.open(database_url, timeout=0.2) as impatient:
        with database.writing() as tx:
            tx.jobs.lock(job)
            with pytest.raises(DatabaseBusy):
                act(impatient, job, move_on)
        act(impatient, job, move_on)


def test_a_thread_that_waits_too_long_is_told_so(sqlite_url: str) -> None:
    """Within one process a writer that is not let in in time gets DatabaseBusy; a nested one is told of its mistake."""
    with Database.open(sqlite_url, timeout=0.1) as database, database.writing():
        with pytest.raises(StoreError, match="this thread"):
            begin(database)
        raised: list[BaseException] = []

        def late() -> None:
            try:
                begin(database)
            except DatabaseBusy as error:
                raised.append(error)

        thread = threading.Thread(target=late)
        thread.start()
        join(thread)
        assert len(raised) == 1


def test_another_programs_lock_is_reported(sqlite_url: str) -> None:
    """A program that locks the file without queueing makes writers wait, then DatabaseBusy; readers go on."""
    import sqlite3

    with Database.open(sqlite_url, timeout=0.2) as database:
        job = begin(database)
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            act(database, job, move_on)
        with database.reading() as tx:
            assert tx.jobs.get(job).seq == 1
        other.execute("ROLLBACK")
        other.close()
        act(database, job, move_on)


def test_a_full_disk_is_reported_and_nothing_is_lost(sqlite_url: str) -> None:
    """When the disk is full the error says so, the job is as it was, and all goes on once there is room."""
    with Database.open(sqlite_url) as database:
        job = begin(database)
        with database.writing() as tx:
            raw = tx.channel.raw  # type: ignore[attr-defined]
        (pages,) = raw.execute("PRAGMA page_count").fetchone()
        raw.execute(f"PRAGMA max_page_count = {pages}")

        def fill() -> None:
            for _ in range(200):
                act(database, job, move_on)

        with pytest.raises(StoreError, match="disk is full"):
            fill()
        raw.execute("PRAGMA max_page_count = 1000000")
        with database.reading() as tx:
            assert tx.history.verify(job).entries == tx.jobs.get(job).seq
        act(database, job, move_on)


def test_a_lost_connection_is_reported_and_replaced(postgres_url: str) -> None:
    """When the server cuts the connection, the error says so and the next transaction has a fresh one."""
    import psycopg

    with Database.open(postgres_url) as database:
        job = begin(database)

        def cut_off() -> None:
            with database.writing() as tx:
                change(tx, job, move_on)
                number = tx.channel.raw.info.backend_pid  # type: ignore[attr-defined]
                with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))

        with pytest.raises(StoreError):
            cut_off()
        act(database, job, move_on)
        with database.reading() as tx:
            assert tx.history.verify(job).entries == 2


def test_two_on_one_job_wait_for_each_other(postgres_url: str) -> None:
    """On PostgreSQL a second command on a job waits for the first and sees what it wrote."""
    with Database.open(postgres_url) as database:
        job = begin(database)
        entered = threading.Event()

        def second() -> None:
            entered.set()
            act(database, job, move_on)

        thread = threading.Thread(target=second)
        with database.writing() as tx:
            change(tx, job, move_on)
            tx.channel.flush()
            thread.start()
            assert entered.wait(60)
            begin(database, job=new_id())  # another job is not held up
        join(thread)
        with database.reading() as tx:
            assert tx.history.verify(job).entries == 3
