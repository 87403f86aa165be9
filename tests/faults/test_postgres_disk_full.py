"""A disk that is full under PostgreSQL: acts are refused whole, and go on once there is space, without a restart."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path

import pytest
from servers import Make, Server, as_user, clusters
from talking import begin, engine_on, prepare, said

from flowengine import Engine
from flowengine.errors import ConnectionLost, FlowError, StoreError

CHUNK = b"\0" * 4096

MUCH = 4900
"""Bytes at random that are said at once: in hexadecimal digits nearly the longest text that is taken."""


@pytest.fixture
def disk() -> Iterator[Path]:
    """An empty disk of 200 MB, in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = Path(tempfile.mkdtemp(prefix="disk", dir="/tmp"))  # the server, which is not root, has to come by
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs", str(mounted)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        mounted.rmdir()
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
        mounted.rmdir()


@pytest.fixture
def make(disk: Path) -> Iterator[Make]:
    """Its servers are gone before the disk is."""
    assert disk.is_mount()
    with clusters() as make:
        yield make


class Filler:
    """A file that takes all the space there is."""

    def __init__(self, disk: Path) -> None:
        self.path = disk / "filler"

    def fill(self) -> None:
        with self.path.open("ab", buffering=0) as file:
            full = False
            while not full:
                try:
                    file.write(CHUNK)
                except OSError as error:
                    full = error.errno == ENOSPC
                    if not full:
                        raise

    def free(self) -> None:
        self.path.unlink()


def talk_until_refused(engine: Engine, job: str) -> tuple[list[str], FlowError]:
    """What was acknowledged, and the first refusal."""
    kept: list[str] = []
    for number in range(5000):
        word = f"{number} {os.urandom(MUCH).hex()}"
        try:
            engine.say(job, word, by="ada")
        except FlowError as error:
            return kept, error
        kept.append(word)
    raise AssertionError("the disk is never full")


def test_full_tables_refuse_an_act_and_nothing_else(make: Make, disk: Path) -> None:
    """Where the tables find no space, an act is refused with the reason and leaves nothing behind; the server goes on,
    and with space so does the same engine."""
    server = make("tables")
    space = disk / "space"
    space.mkdir()
    if as_user():
        shutil.chown(space, as_user()["user"])
    server.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
    server.execute("CREATE DATABASE flow TABLESPACE small")
    prepare(server.url("flow"))
    with engine_on(server.url("flow")) as engine:
        job = begin(engine)
        filler = Filler(disk)
        filler.fill()
        before, error = talk_until_refused(engine, job)
        assert isinstance(error, StoreError)
        assert "the disk is full" in str(error)
        assert not isinstance(error, ConnectionLost)
        assert said(engine, job) == before
        with pytest.raises(StoreError, match="the disk is full"):
            engine.say(job, os.urandom(MUCH).hex(), by="ada")
        filler.free()
        engine.say(job, "there is space", by="ada", key="with space")
        assert said(engine, job)[-1] == "there is space"
        assert said(engine, job)[: len(before)] == before
    assert server.running


def test_a_full_log_stops_the_server_and_loses_nothing(make: Make, disk: Path) -> None:
    """Where PostgreSQL finds no space for its log it stops at once, and recovers only when there is space: until then
    acts are refused, all that was acknowledged is there afterwards, and the same engine goes on."""
    folder = disk / "server"
    server = make("log", folder=folder, wal_keep_size="0", min_wal_size="32MB", wal_recycle="off")
    server.execute("CREATE DATABASE flow")
    prepare(server.url("flow"))
    with engine_on(server.url("flow"), timeout=2, patience=2) as engine:
        job = begin(engine)
        filler = Filler(disk)
        filler.fill()
        before, error = talk_until_refused(engine, job)
        assert isinstance(error, ConnectionLost) or "the disk is full" in str(error), error
        in_doubt = isinstance(error, ConnectionLost) and error.in_doubt
        filler.free()
        resume(server)
        after = said(engine, job)
        assert after[: len(before)] == before
        assert len(after) <= len(before) + in_doubt, "what was refused left nothing behind"
        engine.say(job, "there is space", by="ada")
        assert said(engine, job)[-1] == "there is space"


def resume(server: Server) -> None:
    """What a service manager does: a server that gave up is started again."""
    if not server.running:
        server.start()
    server.wait()
