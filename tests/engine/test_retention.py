"""Finished jobs go into an archive and out of the database, and nothing is lost on the way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flowengine import Database, Engine, NotFound, Refused, SimulatedClock
from flowengine.runtime.observing import Attempted, Commanded
from flowengine.store.tables import metadata

YEAR = timedelta(days=365)


def rows_of(database: Database, job: str) -> dict[str, int]:
    """How many rows of a job each table has."""
    found = {}
    driver = sa.create_engine(database.url.replace("***", ""))
    with driver.connect() as connection:
        for table in metadata.tables.values():
            column = table.c.get("job_id", table.c.get("id") if table.name == "flow_jobs" else None)
            if column is not None:
                count = sa.select(sa.func.count()).select_from(table).where(column == job)
                found[table.name] = connection.execute(count).scalar_one()
    driver.dispose()
    return found


def lines(path: Path) -> list[dict[str, object]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("name", ["old.jsonl", "old.jsonl.gz"])
def test_finished_jobs_are_written_and_deleted(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], tmp_path: Path, name: str
) -> None:
    """An archived job is in the file with its whole history and process, and no row of it is left; live ones stay."""
    over, live = suit(), suit()
    engine.withdraw(over, by="ada", key="enough")
    told = [line.to_json() for line in engine.history(over)]
    clock.advance(YEAR)
    young = suit()
    engine.withdraw(young, by="ada")
    before = rows_of(engine.database, live)
    assert engine.archivable(clock.now() - timedelta(days=1)) == 1
    done = engine.archive(clock.now() - timedelta(days=1), tmp_path / name)
    assert (done.jobs, done.kept, done.size) == (1, 0, (tmp_path / name).stat().st_size)
    head, process, job = lines(tmp_path / name)
    assert (head["archive"], head["format"]) == ("flowengine", 2)
    assert process["process"] == "small_suit"
    assert "process: small_suit" in str(process["source"])
    assert (job["job"], job["customer"], job["status"]) == (over, "ada", "ended")
    assert len(job["entries"]) == len(told)
    assert not any(rows_of(engine.database, over).values())
    assert rows_of(engine.database, live) == before
    with pytest.raises(NotFound):
        engine.history(over)
    assert {row.id for row in engine.jobs()} == {young, live}
    assert engine.audit().fine
    checked = Engine.verify_archive(tmp_path / name)
    assert (checked.fine, checked.jobs, checked.entries) == (True, 1, len(told))


def test_history_cannot_be_deleted_after_archiving(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], tmp_path: Path
) -> None:
    """What lets an archive delete history lasts for its own transaction only (L5)."""
    job = suit()
    engine.withdraw(job, by="ada")
    live = suit()
    engine.archive(clock.now() + YEAR, tmp_path / "all.jsonl")
    driver = sa.create_engine(engine.database.url.replace("***", ""))
    with driver.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
        connection.execute(sa.delete(metadata.tables["flow_history"]).where(sa.column("job_id") == live))
    driver.dispose()


def test_archives_go_by_batches_and_take_all(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], tmp_path: Path
) -> None:
    """More jobs than fit a batch are all taken, each once; a second archive finds nothing more."""
    jobs = {suit() for _ in range(7)}
    for job in jobs:
        engine.withdraw(job, by="ada")
    done = engine.archive(clock.now() + YEAR, tmp_path / "one.jsonl", batch=3)
    assert done.jobs == 7
    assert {line["job"] for line in lines(tmp_path / "one.jsonl") if "job" in line} == jobs
    assert engine.archive(clock.now() + YEAR, tmp_path / "two.jsonl").jobs == 0


class Before:
    """Does something just before the next command is carried out, once."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work: list[Callable[[], object]] = [work]

    def command(self, _: Commanded) -> AbstractContextManager[None]:
        if self.work:
            self.work.pop()()
        return nullcontext()

    def attempt(self, _: Attempted) -> AbstractContextManager[None]:
        return nullcontext()


def test_what_is_added_meanwhile_is_not_lost(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], tmp_path: Path
) -> None:
    """A job to which something was added after it was read stays whole in the database."""
    job = suit()
    engine.withdraw(job, by="ada")
    engine.watch(Before(lambda: engine.say(job, "It was lovely all the same", by="ada")))
    done = engine.archive(clock.now() + YEAR, tmp_path / "old.jsonl")
    assert (done.jobs, done.kept) == (1, 1)
    assert "lovely" in str(engine.history(job)[-1].to_json())
    assert engine.audit(job).fine


class Crash(BaseException):
    """The process ends here."""


def test_a_crash_between_file_and_deletion_loses_nothing(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], tmp_path: Path
) -> None:
    """What is on disk and not deleted yet is in both places: the archive can be read, and the next one takes it."""
    job = suit()
    engine.withdraw(job, by="ada")

    def crash() -> None:
        raise Crash

    engine.watch(Before(crash))
    with pytest.raises(Crash):
        engine.archive(clock.now() + YEAR, tmp_path / "first.jsonl.gz")
    assert engine.audit(job).fine
    assert engine.archive(clock.now() + YEAR, tmp_path / "second.jsonl.gz").jobs == 1
    first, second = (lines(tmp_path / name)[-1] for name in ("first.jsonl.gz", "second.jsonl.gz"))
    assert first == second


def test_an_archive_never_overwrites(engine: Engine, clock: SimulatedClock, tmp_path: Path) -> None:
    """A file that is there is left as it is; a folder that is not there, and a batch of nothing, are refused."""
    (tmp_path / "there.jsonl").write_text("precious")
    with pytest.raises(Refused, match="already"):
        engine.archive(clock.now(), tmp_path / "there.jsonl")
    assert (tmp_path / "there.jsonl").read_text() == "precious"
    with pytest.raises(Refused, match="cannot be written"):
        engine.archive(clock.now(), tmp_path / "no" / "such.jsonl")
    with pytest.raises(Refused, match="batch"):
        engine.archive(clock.now(), tmp_path / "new.jsonl", batch=0)


def test_an_edited_archive_is_found(
    engine: Engine, clock: SimulatedClock, suit: Callable[..., str], tmp_path: Path
) -> None:
    """One changed word in a history shows, and so does a file that was cut off or is none (L5)."""
    engine.withdraw(suit(), by="ada")
    path = tmp_path / "old.jsonl"
    engine.archive(clock.now() + YEAR, path)
    whole = path.read_text()
    for word, other, found in (
        ("A wedding", "A funeral", "a content of entry 1 is missing, or is not what was written"),
        ('\\"stated\\"', '\\"untold\\"', "entry 1 is not what was written, or an entry before it is gone"),
    ):
        path.write_text(whole.replace(word, other))
        assert [problem.what for problem in Engine.verify_archive(path).problems] == [found]
    path.write_text(whole[:-20])
    with pytest.raises(Refused, match="cut off"):
        Engine.verify_archive(path)
    path.write_text("nonsense")
    with pytest.raises(Refused, match="no archive"):
        Engine.verify_archive(path)
    with pytest.raises(NotFound):
        Engine.verify_archive(tmp_path / "none.jsonl")
