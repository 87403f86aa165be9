"""Databases are opened, given their tables, checked, upgraded, and joined to the caller's transaction."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from drafts import begin, change, move_on, started, write
from sqlalchemy.orm import Session

from flowengine.errors import DatabaseBusy, NotConfigured, SchemaMismatch, StoreError
from flowengine.store import Database
from flowengine.store.query import Query
from flowengine.store.schema import MIGRATIONS, VERSION_TABLE
from flowengine.store.sqlite_errors import translated
from flowengine.store.tables import HEAD, metadata

_LOCK_TIMEOUT = Query("test", "How long a lock is waited for.", sa.select(sa.func.current_setting("lock_timeout")))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a database without tables, once for each kind."""
    url: str = request.getfixturevalue("empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url")
    return url


def test_an_empty_database_is_given_its_tables(empty_url: str) -> None:
    """Opening an empty database brings it to the newest schema, once."""
    for _ in range(2):
        with Database.open(empty_url) as database:
            assert database.revision() == HEAD
            begin(database)


def test_a_database_can_be_upgraded_by_hand(empty_url: str) -> None:
    """Without the check an empty database stays empty until it is upgraded; upgrading again changes nothing."""
    with Database.open(empty_url, check=False) as database:
        assert database.revision() is None
        assert database.upgrade() == HEAD
        assert database.upgrade() == HEAD
        assert database.revision() == HEAD


def test_the_migrations_lead_to_the_tables_of_the_code(empty_url: str) -> None:
    """The schema that the migrations make is the one that the code believes in."""
    Database.open(empty_url).close()
    engine = sa.create_engine(empty_url)

    def ours(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or (str(name).startswith("flow_") and name != VERSION_TABLE)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": True})
        found = compare_metadata(context, metadata)
    engine.dispose()
    assert [difference for difference in found if difference[0] != "add_table_comment"] == []


def test_the_newest_migration_is_the_revision_of_the_code() -> None:
    """The chain of migrations has one end, the revision that the code works with."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize(("revision", "advice"), [("0000", "flow db upgrade"), ("9999", "a newer flowengine")])
def test_a_database_of_another_version_is_refused(empty_url: str, revision: str, advice: str) -> None:
    """An older or newer schema is refused with what to do about it."""
    Database.open(empty_url).close()
    engine = sa.create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))
        connection.execute(sa.text("UPDATE flow_settings SET value = '9999' WHERE name = 'oldest_code'"))
    engine.dispose()
    with pytest.raises(SchemaMismatch) as raised:
        Database.open(empty_url)
    assert raised.value.possible == (advice,)
    if revision > HEAD:
        with Database.open(empty_url, check=False) as database, pytest.raises(SchemaMismatch):
            database.upgrade()


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://localhost/x", "sqlite+no_driver:///flow.db", "sqlite:////no/such/folder/flow.db"],
)
def test_a_wrong_address_is_refused(url: str) -> None:
    """An address that is none, of another database, or of a folder that is not there is a StoreError."""
    with pytest.raises(StoreError):
        Database.open(url)


@pytest.mark.parametrize(
    ("url", "instead"),
    [
        ("sqlite+aiosqlite:///flow.db", "sqlite:///"),
        ("postgresql+psycopg_async://host/flow", "postgresql+psycopg://"),
        ("postgresql+asyncpg://localhost/x", "postgresql+psycopg://"),
    ],
)
def test_an_address_of_an_asynchronous_driver_is_told_what_to_use(url: str, instead: str) -> None:
    """An asynchronous driver cannot be used; the plain address is named, and how to wait for it elsewhere."""
    with pytest.raises(NotConfigured, match="asynchronous") as refused:
        Database.open(url)
    assert refused.value.possible[0].startswith(instead)
    assert "asyncio.to_thread" in refused.value.possible[1]


def test_a_server_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """A PostgreSQL that does not answer is a StoreError."""
    with pytest.raises(StoreError):
        Database.open(f"postgresql+psycopg://ada@/flow?host={tmp_path}")


@pytest.mark.parametrize("place", ["127.0.0.1:1", "nowhere.invalid:5432"])
def test_a_postgres_that_cannot_be_reached_is_named_without_its_password(place: str) -> None:
    """A server that does not answer is told by host and port, and the password is in no message."""
    with pytest.raises(StoreError, match="could not be reached") as caught:
        Database.open(f"postgresql+psycopg://ada:secret@{place}/flow")
    assert caught.value.where == place
    assert "secret" not in str(caught.value)


def test_the_wait_for_a_lock_is_bounded_in_the_transaction_alone(postgres_url: str) -> None:
    """The bound on waiting for locks is gone with its transaction: behind a pooler nobody else gets it."""
    with Database.open(postgres_url, timeout=3.0) as database:
        with database.writing() as tx:
            (within,) = tx.channel.one(_LOCK_TIMEOUT, {}) or ("",)
            raw = tx.channel.raw  # type: ignore[attr-defined]
        (after,) = raw.execute("SHOW lock_timeout").fetchone()
    assert (within, after) == ("3s", "0")


def test_a_transaction_that_stands_still_lets_go_of_its_locks(postgres_url: str) -> None:
    """A process that was stopped in the middle of a transaction holds nobody up for longer than the server waits: what
    it wrote is not kept, and it hears so when it goes on."""

    def stand_still() -> None:
        with stopped.writing() as tx:
            tx.settings.put("word", "stopped")
            assert tx.settings.get("word") == "stopped"  # what was collected is written, and locked
            other.keep(lambda tx: tx.settings.put("word", "other"))
            tx.settings.get("word")

    with Database.open(postgres_url, timeout=0.2, answer=0.5) as stopped, Database.open(postgres_url) as other:
        other.keep(lambda tx: tx.settings.put("word", "before"))
        with pytest.raises(StoreError):
            stand_still()
        with other.reading() as looking:
            assert looking.settings.get("word") == "other"


def test_when_all_connections_are_in_use_it_is_said_so(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that gets no connection in time is refused as busy."""
    with Database.open(postgres_url) as database:

        def none_left(_: sa.Engine) -> None:
            raise sa.exc.TimeoutError("QueuePool limit reached")

        monkeypatch.setattr(sa.Engine, "raw_connection", none_left)
        with pytest.raises(DatabaseBusy, match="connections"), database.writing():
            pass


def test_a_database_that_is_not_there_is_reported(postgres_url: str) -> None:
    """A PostgreSQL without that database says so."""
    with pytest.raises(StoreError, match="does not exist"):
        Database.open(postgres_url.replace("/flow?", "/nowhere?"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Any other file is refused and left as it was."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, " * 1000)
    with pytest.raises(StoreError, match="not a SQLite database"):
        Database.open(f"sqlite:///{path}")
    assert path.read_text() == "Dear Ada, " * 1000


def test_a_database_in_memory_works_like_a_file() -> None:
    """In memory, readers and writers share one database as long as it is open."""
    with Database.open("sqlite://") as database:
        job = begin(database)
        with database.reading() as tx:
            assert tx.jobs.get(job).seq == 1


def test_a_password_is_not_kept_in_the_address() -> None:
    """The address that a database shows has no password in it."""
    with Database.open("postgresql+psycopg://ada:secret@localhost/flow", check=False) as database:
        assert "secret" not in database.url


def test_a_forked_process_must_open_its_own(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Using a database in another process than the one that opened it is refused."""
    monkeypatch.setattr(os, "getpid", lambda: -1)
    for use in (database.writing, database.reading):
        with pytest.raises(StoreError, match="fork"):
            use()


def test_sqlite_keeps_every_commit_on_disk(sqlite_url: str) -> None:
    """The writer's connection logs ahead and waits for the disk at each commit (L2)."""
    with Database.open(sqlite_url) as database, database.writing() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        assert raw.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert raw.execute("PRAGMA synchronous").fetchone()[0] == 2


@pytest.mark.parametrize(("version", "warned"), [((3, 40, 1), True), ((3, 51, 3), False)])
def test_an_old_sqlite_that_several_processes_write_is_warned_of(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: object, warned: bool
) -> None:
    """It is said once, when another process has written; not for one process, nor after another that is gone."""
    monkeypatch.setattr("sqlite3.sqlite_version_info", version)
    other = f"from flowengine import Engine\nwith Engine({sqlite_url!r}) as other: other.add_customer('ada')"
    _in_another_process(other)
    with Database.open(sqlite_url) as database, Database.open(sqlite_url) as second:
        for one in (database, second) * 2:
            one.keep(lambda tx: tx.processes.all())
        assert (database.warnings, caplog.messages) == ((), [])
        _in_another_process(other)
        for one in (database, second) * 2:
            one.keep(lambda tx: tx.processes.all())
        assert [("3.51.3" in message) for message in caplog.messages] == [True] * warned
        assert list(database.warnings) == caplog.messages


def _in_another_process(script: str) -> None:
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


# in the caller's transaction


@pytest.fixture
def orders(database: Database, database_url: str) -> sa.Engine:
    """An application's own engine on the same database, with a table of orders."""
    assert database.revision() == HEAD
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE orders (name text)"))
    yield engine
    engine.dispose()


ORDER = sa.text("INSERT INTO orders (name) VALUES ('a suit')")


def kept(database: Database, orders: sa.Engine) -> tuple[int, int]:
    """How many orders and how many jobs there are."""
    with orders.connect() as connection, database.reading() as tx:
        return len(connection.execute(sa.text("SELECT * FROM orders")).all()), len(tx.jobs.list())


def test_the_callers_rows_and_the_flow_commit_together(database: Database, orders: sa.Engine) -> None:
    """What is written in a joined transaction is there after the caller's commit, and not before."""
    with orders.connect() as connection:
        connection.execute(ORDER)
        write(database.joined(connection), started())
        assert kept(database, orders) == (0, 0)
        connection.commit()
    assert kept(database, orders) == (1, 1)


def test_the_callers_rollback_takes_the_flow_with_it(database: Database, orders: sa.Engine) -> None:
    """After the caller's rollback neither his rows nor the flow's are there, whichever came first."""
    for flow_first in (True, False):
        with orders.connect() as connection:
            if not flow_first:
                connection.execute(ORDER)
            write(database.joined(connection), started())
            if flow_first:
                connection.execute(ORDER)
            connection.rollback()
        assert kept(database, orders) == (0, 0)


def test_tables_without_a_revision_are_told(empty_url: str) -> None:
    """Where nothing says of which schema the tables are, that is said, and nothing is made anew."""
    Database.open(empty_url).close()
    outside = sa.create_engine(empty_url)
    for lost in (f"DELETE FROM {VERSION_TABLE}", f"DROP TABLE {VERSION_TABLE}"):
        with outside.begin() as connection:
            connection.execute(sa.text(lost))
        with pytest.raises(SchemaMismatch, match="nothing says of which schema") as told:
            Database.open(empty_url)
        assert any(VERSION_TABLE in one for one in told.value.possible)
        with Database.open(empty_url, check=False) as database, pytest.raises(SchemaMismatch, match="nothing says"):
            database.upgrade()
    outside.dispose()


@pytest.mark.parametrize("why", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_where_nothing_can_be_written_it_is_said_what_it_takes(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    """On a read-only or full disk an empty database cannot be given its tables, and why is told."""

    def refuse(path: str, *_more: object) -> int:
        raise OSError(why, os.strerror(why), path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match="cannot be opened") as told:
        Database.open(empty_sqlite_url)
    assert "to write" in told.value.possible[-1]


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY_CANTINIT, sqlite3.SQLITE_IOERR_SHMSIZE]
)
def test_what_sqlite_needs_even_to_look_is_said(code: int) -> None:
    """Each way in which SQLite cannot write beside the file names how to look all the same."""
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    assert "to look only" in translated(error, "flow.db").possible[-1]


def test_a_session_can_be_joined(database: Database, orders: sa.Engine) -> None:
    """A SQLAlchemy session is joined like a connection, and its end is the flow's."""
    with Session(orders) as session:
        session.execute(ORDER)
        write(database.joined(session), started())
        session.rollback()
    assert kept(database, orders) == (0, 0)
    with Session(orders) as session:
        write(database.joined(session), started())
        session.execute(ORDER)
        session.commit()
    assert kept(database, orders) == (1, 1)


def test_a_joined_transaction_sees_what_it_has_written(database: Database, orders: sa.Engine) -> None:
    """Joined twice within one transaction, the second sees the first's rows; a lock is held until the end."""
    job = begin(database)
    with orders.connect() as connection:
        change(database.joined(connection), job, move_on)
        assert database.joined(connection).jobs.get(job).seq == 2
        with database.reading() as other:
            assert other.jobs.get(job).seq == 1
        connection.commit()
    with database.reading() as other:
        assert other.jobs.get(job).seq == 2


def test_a_savepoint_takes_back_only_its_part(database: Database, orders: sa.Engine) -> None:
    """The caller's savepoint that is rolled back takes the flow's rows since then with it, and no others."""
    with orders.connect() as connection:
        write(database.joined(connection), started())
        savepoint = connection.begin_nested()
        write(database.joined(connection), started())
        connection.execute(ORDER)
        savepoint.rollback()
        connection.commit()
    assert kept(database, orders) == (0, 1)


def test_a_connection_without_transactions_is_not_joined(database: Database, orders: sa.Engine) -> None:
    """A connection that commits each statement by itself is refused."""
    with (
        orders.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(StoreError, match="AUTOCOMMIT"),
    ):
        database.joined(connection)


def test_a_connection_to_another_database_is_not_joined(database: Database, tmp_path: Path) -> None:
    """A connection to another database is refused."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with engine.connect() as connection, pytest.raises(StoreError):
        database.joined(connection)
    engine.dispose()
