"""A disk that is full, fails or is taken away: refused cleanly, nothing lost, and no restart once it is mended (L2)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowengine import Engine
from flowengine.errors import StoreError
from flowengine.store import Database

TALK = """
process: talk
title: A talk
need: Words
states:
  need: {type: need, fields: {topic: {type: string}}, next: ping}
  ping: {type: ask, ask: And?, fields: {words: {type: string}}, within: P7D, on: {answered: ping, expired: gone}}
  gone: {type: ended, because: Silence}
  fulfilled: {type: fulfilled}
always:
  enough: {by: customer, to: fulfilled}
"""
WORDS = {"words": "well " * 400}
MOST = 20_000
"""So many acts fill any disk of these tests."""


class Talk:
    """One job that Ada answers again and again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        engine.deploy(TALK)
        engine.add_customer("ada", "Ada")
        begun = engine.start("talk", by="ada", need={"topic": "suits"})
        self.job, self.step, self.seq = begun.job, begun.steps[0], begun.seq

    def act(self) -> None:
        """Answer; what is acknowledged is remembered."""
        told = self.engine.act(self.step, "answered", WORDS, by="ada", key=f"k{self.seq}")
        self.step, self.seq = told.steps[0], told.seq

    def act_until_refused(self) -> StoreError:
        """Answer until there is no room: the error."""
        for _ in range(MOST):
            try:
                self.act()
            except StoreError as error:
                return error
        raise AssertionError("the disk took all of it")

    def stands(self, engine: Engine) -> None:
        """All that was acknowledged is there, once, and nothing else (L2, L5)."""
        assert len(engine.history(self.job)) == self.seq
        assert engine.audit(self.job).fine


def sound(path: Path) -> bool:
    """Whether SQLite itself finds the file in order."""
    raw = sqlite3.connect(path)
    try:
        return bool(raw.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        raw.close()


@contextmanager
def small_disk(where: Path, size: str) -> Iterator[None]:
    """A file system in memory with that much room; the test is skipped, with the reason, where none can be made."""
    mount = shutil.which("mount")
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or mount is None:
        pytest.skip("a small file system can only be mounted by root on Linux")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", where], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no small file system can be mounted here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", where], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    where = tmp_path / "disk"
    where.mkdir()
    with small_disk(where, "4m"):
        yield where


def fill(disk: Path) -> Path:
    """Take all the room that is left. Gives the file that takes it."""
    taken = disk / "letters"
    with taken.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return taken


def test_a_full_disk_refuses_and_goes_on_once_there_is_room(disk: Path) -> None:
    """Acts are refused as long as the disk is full, reading goes on, and then acting does, without a restart."""
    url = f"sqlite:///{disk}/flow.db"
    with Engine(url) as engine:
        talk = Talk(engine)
        for _ in range(3):
            taken = fill(disk)
            for _ in range(3):
                error = talk.act_until_refused()
                assert "the disk is full" in str(error)
                assert any("space" in one for one in error.possible)
                talk.stands(engine)
            with Database.open(url, check=False) as other, other.reading() as tx:
                assert tx.jobs.get(talk.job).seq == talk.seq
            taken.unlink()
            talk.act()
            talk.stands(engine)
    assert sound(disk / "flow.db")


def test_the_database_itself_may_fill_the_disk(disk: Path) -> None:
    """Filled by its own history, with the log larger than the file, it keeps what was acknowledged; room helps."""
    cushion = disk / "cushion"
    cushion.write_bytes(b"x" * 1_000_000)
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        talk = Talk(engine)
        assert "the disk is full" in str(talk.act_until_refused())
        talk.stands(engine)
        cushion.unlink()
        talk.act()
        talk.stands(engine)
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        talk.stands(engine)
    assert sound(disk / "flow.db")


def test_a_full_disk_stops_a_checkpoint_and_nothing_else(disk: Path) -> None:
    """Where the log cannot be put into the file for want of room, it stays; nothing that is in it is lost."""
    path = disk / "flow.db"
    with Engine(f"sqlite:///{path}") as engine:
        talk = Talk(engine)
        for _ in range(40):
            talk.act()
        taken = fill(disk)
        raw = sqlite3.connect(path, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        talk.stands(engine)
        taken.unlink()
        assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        raw.close()
        talk.act()
        talk.stands(engine)
    assert sound(path)


def test_each_of_many_threads_is_told_that_the_disk_is_full(disk: Path) -> None:
    """Threads whose work was gathered are refused each for itself; those told yes find their notes kept."""
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        talk = Talk(engine)
        fill(disk)
        kept: list[str] = []
        refused: list[StoreError] = []

        def say(name: str) -> None:
            for number in range(200):
                try:
                    engine.say(talk.job, f"{name} {number} {'hm ' * 100}", by="ada", key=f"{name}{number}")
                    kept.append(f"{name}{number}")
                except StoreError as error:
                    refused.append(error)
                    return

        threads = [threading.Thread(target=say, args=(name,)) for name in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(refused) == 8
        assert all("the disk is full" in str(error) for error in refused)
        assert len({id(error) for error in refused}) == 8
        assert len(engine.history(talk.job)) == talk.seq + len(kept)
        assert engine.audit(talk.job).fine


def test_an_empty_disk_for_a_new_database_is_told(disk: Path) -> None:
    """A database that cannot even be made is a StoreError, and can be made once there is room."""
    taken = fill(disk)
    with pytest.raises(StoreError):
        Engine(f"sqlite:///{disk}/flow.db")
    taken.unlink()
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        Talk(engine).act()


LIMITED = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_disk_full_sqlite import Engine, Talk, sound

path = Path(sys.argv[1])
with Engine(f"sqlite:///{{path}}") as engine:
    talk = Talk(engine)
    talk.act()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for room in (600_000, 900_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        for _ in range(3):
            print(talk.act_until_refused().what)
            talk.stands(engine)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        talk.act()
        talk.stands(engine)
assert sound(path)
print("sound", talk.seq)
"""


def test_a_file_that_may_not_grow_is_told_and_mended(tmp_path: Path) -> None:
    """Where the system limits the size of files, acts are refused, what was kept stands, and more room is enough."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "flow.db")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    *errors, last = done.stdout.splitlines()
    assert len(errors) == 6
    assert all("disk" in error and "nothing of this transaction was kept" in error for error in errors)
    assert last.startswith("sound")


@pytest.mark.parametrize("name", ["flow.db", "a #1 %41.db"])
def test_a_read_only_disk_can_be_looked_at(disk: Path, name: str) -> None:
    """All of a database that was closed can be read where nothing can be written; an act is refused with the reason."""
    with Engine(f"sqlite:///{disk}/{name}") as engine:
        talk = Talk(engine)
        talk.act()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True, capture_output=True)
    with Engine(f"sqlite:///{disk}/{name}") as engine:
        talk.stands(engine)
        assert engine.track(talk.job, by="ada")
        assert len(engine.inbox("ada")) == 1
        talk.engine = engine
        refused = talk.act_until_refused()
        assert "Read-only" in str(refused)
        assert any("to look works" in one for one in refused.possible)


def test_a_full_disk_can_be_looked_at(disk: Path) -> None:
    """So can one on which not even SQLite's own few pages fit any more; with room again, the same engine writes."""
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        talk = Talk(engine)
        talk.act()
    taken = fill(disk)
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        talk.stands(engine)
        talk.engine = engine
        talk.act_until_refused()
        talk.stands(engine)
        taken.unlink()
        talk.act()
        talk.stands(engine)


def test_what_lies_in_a_log_alone_is_never_left_out(disk: Path) -> None:
    """Acts that a killed program left in SQLite's log cannot be read on a read-only disk: that is said, with the way,
    and nothing older is shown in their place."""
    with Engine(f"sqlite:///{disk}/flow.db") as engine:
        talk = Talk(engine)
        talk.act()
        for end in ("", "-wal"):
            shutil.copy(f"{disk}/flow.db{end}", f"{disk}/killed.db{end}")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True, capture_output=True)
    with pytest.raises(StoreError, match="cannot be opened") as told:
        Engine(f"sqlite:///{disk}/killed.db")
    assert "to look only: copy the file" in told.value.possible[-1]


READ_ONLY = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_disk_full_sqlite import Engine, StoreError, Talk

folder, what = Path(sys.argv[1]), sys.argv[2]
url = f"sqlite:///{{folder}}/flow.db"
with Engine(url) as engine:
    talk = Talk(engine)
    talk.act()
    talk.stands(engine)
for file in folder.iterdir():
    file.chmod(0o666)
(folder / "flow.db").chmod(0o444)
folder.chmod(0o777 if what == "file" else 0o555)
if what == "folder":
    for file in folder.iterdir():
        file.chmod(0o444)
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    with Engine(url) as engine:
        talk.engine = engine
        talk.act()
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_only_be_read_is_named(what: str) -> None:
    """A database that may not be written is refused with the reason and the place."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="flow") as folder:
        place = Path(folder) / "data"
        place.mkdir()
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(place), what], capture_output=True, text=True, timeout=120
        )
        place.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "read-only" in done.stdout or "Permission denied" in done.stdout, done.stdout
    assert what == "file" or str(place) in done.stdout


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_that_is_gone_is_noticed(tmp_path: Path, how: str) -> None:
    """Nobody is told yes for what went into a deleted file; put back, it is written again without a restart."""
    path, aside = tmp_path / "flow.db", tmp_path / "aside.db"
    with Engine(f"sqlite:///{path}") as engine:
        talk = Talk(engine)
        talk.act()
        path.rename(aside)
        if how == "replaced":
            Engine(f"sqlite:///{tmp_path}/other.db").close()
            (tmp_path / "other.db").rename(path)
        for asked in (talk.act, lambda: engine.history(talk.job), lambda: engine.inbox("ada")):
            with pytest.raises(StoreError, match="deleted, moved or replaced") as raised:
                asked()
            assert raised.value.where == str(path)
        aside.rename(path)
        talk.act()
        talk.stands(engine)
    assert sound(path)
