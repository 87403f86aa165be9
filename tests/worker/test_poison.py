"""Real worker processes with handlers that harm them, and workers that are stopped or killed while handlers run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from processes_of_worker import Flow, deploy, eventually

from flowengine import Engine

POISONS = {
    "raises": "RuntimeError: no cloth",
    "leaves": "SystemExit: 3",
    "exits": "HandlerDied: its process left with exit code 7 before it answered",
    "kills_itself": "HandlerDied: its process was killed by SIGKILL",
    "segfaults": "HandlerDied: its process was killed by SIGSEGV",
    "sleeps": "took longer than PT3S",
    "holds_the_interpreter": "took longer than PT3S",
    "eats_memory": "HandlerDied: its process was killed by SIGKILL (perhaps by the system, for its memory)",
}


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with Engine(sqlite_url, handlers={}) as engine:
        yield engine


@pytest.fixture
def shared(database_url: str) -> Iterator[Engine]:
    with Engine(database_url, handlers={}) as engine:
        yield engine


def statuses(engine: Engine, process: str) -> list[str]:
    return [row.status for row in engine.jobs(process=process)]


def lease(url: str) -> int:
    """Until when the one call that somebody has is claimed, in microseconds since 1970."""
    database = sa.create_engine(url)
    with database.connect() as connection:
        until = connection.execute(sa.text("SELECT lease_until FROM flow_calls WHERE worker <> ''")).scalar_one()
    database.dispose()
    return int(until)


def test_poison_is_quarantined_and_the_others_are_done(engine: Engine, sqlite_url: str, tmp_path: Path) -> None:
    """Calls that raise, leave, exit, kill or hang their process, hold its interpreter or eat its memory are incidents
    after their attempts, which say what happened; all others of the same worker are done, and it works on."""
    for name in POISONS:
        deploy(engine, name, attempts=5, limit="PT3S" if "PT3S" in POISONS[name] else "PT2M")
        engine.start(name, by="ada")
    deploy(engine, "good", attempts=20)
    for _ in range(12):
        engine.start("good", by="ben")
    with Flow(sqlite_url, tmp_path, "--concurrency", "4") as worker:
        eventually(lambda: len(engine.incidents()) == len(POISONS), "the incidents")
        eventually(lambda: set(statuses(engine, "good")) == {"fulfilled"}, "the others")
        engine.start("good", by="ada")
        eventually(lambda: set(statuses(engine, "good")) == {"fulfilled"}, "one more")
        worker.stop()
    found = {one.handler: one for one in engine.incidents()}
    assert found.keys() == POISONS.keys()
    for name, words in POISONS.items():
        assert words in found[name].error, name
        assert found[name].attempts == 5
    assert "another is started" in worker.out
    assert engine.audit().fine


def test_poison_takes_the_route_that_there_is(engine: Engine, sqlite_url: str, tmp_path: Path) -> None:
    """A call that kills its worker and then its own process has failed, where the process says what happens then."""
    deploy(engine, "exits", attempts=2, failed=True)
    engine.start("exits", by="ada")
    with Flow(sqlite_url, tmp_path) as worker:
        eventually(lambda: statuses(engine, "exits") == ["ended"])
        worker.stop()
    assert engine.incidents() == []
    assert worker.out.count("left with exit code 7") == 1, "the second attempt harms nobody"


def test_innocent_neighbours_are_no_incident(shared: Engine, database_url: str, tmp_path: Path) -> None:
    """A call that kills its worker while others run beside it is quarantined, and they are not, though each of them has
    one attempt alone: nobody knows who it was, so they are run again, each in a process of its own."""
    deploy(shared, "neighbour", attempts=1)
    deploy(shared, "exits", attempts=1)
    jobs = [shared.start("neighbour", by="ada").job for _ in range(3)]
    with Flow(database_url, tmp_path) as worker:
        inner = {worker.mark(f"began-{job}") for job in jobs}
        for job in jobs:
            (tmp_path / f"began-{job}").unlink()
        shared.start("exits", by="ben")
        alone = {worker.mark(f"began-{job}") for job in jobs}
        (tmp_path / "go").touch()
        eventually(lambda: statuses(shared, "neighbour") == ["fulfilled"] * 3 and shared.incidents())
        worker.stop()
    assert len(inner) == 1
    assert len(alone) == 3
    assert not inner & alone
    (incident,) = shared.incidents()
    assert (incident.handler, incident.attempts) == ("exits", 1)
    assert worker.out.count("left with exit code 7") == 1
    assert shared.audit().fine


def test_a_handler_that_died_alone_kills_no_other_worker(engine: Engine, sqlite_url: str, tmp_path: Path) -> None:
    """All its later calls are run in processes of their own, also by a worker process that has not seen it die."""
    deploy(engine, "exits", attempts=2)
    deploy(engine, "waits")
    engine.start("exits", by="ada")
    with Flow(sqlite_url, tmp_path) as worker:
        eventually(lambda: len(engine.incidents()) == 1)
        engine.start("exits", by="ben")
        eventually(lambda: len(engine.incidents()) == 2)
        engine.start("waits", by="ada")
        os.kill(worker.mark("begun-1"), signal.SIGKILL)
        worker.mark("begun-2")
        engine.start("exits", by="ben")
        eventually(lambda: len(engine.incidents()) == 3)
        (tmp_path / "go").touch()
        eventually(lambda: statuses(engine, "waits") == ["fulfilled"])
        worker.stop()
    assert worker.out.count("left with exit code 7") == 1
    assert worker.out.count("was killed by SIGKILL") == 1
    assert [one.attempts for one in engine.incidents()] == [2, 2, 2]


def test_a_worn_out_process_is_replaced(engine: Engine, sqlite_url: str, tmp_path: Path) -> None:
    """When too many handlers overran their limits and run on, the process is replaced; their calls go on alone."""
    deploy(engine, "sleeps", attempts=2, limit="PT1S")
    for _ in range(3):
        engine.start("sleeps", by="ada")
    with Flow(sqlite_url, tmp_path, "--concurrency", "1", "--grace", "0") as worker:
        eventually(lambda: len(engine.incidents()) == 3)
        worker.stop()
    assert "is worn out by handlers that do not end; another is started" in worker.out
    assert all("and its process was killed" in one.error for one in engine.incidents())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_finishes_what_it_runs(
    engine: Engine, sqlite_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    """SIGTERM or Ctrl-C in the middle of a handler: it ends, its result is committed, and nothing new is begun."""
    deploy(engine, "waits")
    engine.start("waits", by="ada")
    with Flow(sqlite_url, tmp_path, "--concurrency", "1") as worker:
        worker.mark("begun-1")
        engine.start("waits", by="ben")
        worker.tell(number)
        (tmp_path / "go").touch()
        assert worker.leave() == 0
    assert sorted(statuses(engine, "waits")) == ["fulfilled", "open"]
    assert "In all: 1 service call\n" in worker.out


@pytest.mark.parametrize("hurried", [False, True])
def test_what_outlasts_the_grace_is_given_back(engine: Engine, sqlite_url: str, tmp_path: Path, hurried: bool) -> None:
    """A handler that outlasts the grace, or a second signal, is given back: the attempt does not count, and another
    worker may begin at once."""
    deploy(engine, "waits_at_first", attempts=1)
    engine.start("waits_at_first", by="ada")
    with Flow(sqlite_url, tmp_path, "--grace", "600" if hurried else "0.2") as worker:
        worker.mark("begun")
        worker.tell()
        if hurried:
            eventually(lambda: "A second signal" in worker.out)
            worker.tell()
        assert worker.leave() == 0
    assert statuses(engine, "waits_at_first") == ["open"]
    with Flow(sqlite_url, tmp_path, "--once") as other:
        assert other.leave() == 0
    assert statuses(engine, "waits_at_first") == ["fulfilled"]


def test_a_killed_workers_call_is_taken_up(shared: Engine, database_url: str, tmp_path: Path) -> None:
    """SIGKILL of a worker process with the defaults: its call is free for others within the 10 s of its lease, and is
    done by another process, alone and exactly once (L10, L11)."""
    deploy(shared, "waits")
    shared.start("waits", by="ada")
    with Flow(database_url, tmp_path, "--processes", "2") as worker:
        first = worker.mark("begun-1")
        os.kill(first, signal.SIGKILL)
        assert lease(database_url) <= (time.time() + 11) * 1e6
        second = worker.mark("begun-2")
        (tmp_path / "go").touch()
        eventually(lambda: statuses(shared, "waits") == ["fulfilled"])
        worker.stop()
    assert second != first
    assert "was killed by SIGKILL" in worker.out
    assert shared.audit().fine


def test_a_whole_machine_that_is_gone_loses_nothing(shared: Engine, database_url: str, tmp_path: Path) -> None:
    """When supervisor and worker processes are killed together, a worker elsewhere finishes what they had begun."""
    deploy(shared, "waits")
    shared.start("waits", by="ada")
    with Flow(database_url, tmp_path) as worker:
        inner = worker.mark("begun-1")
        worker.process.kill()
        os.kill(inner, signal.SIGKILL)
    with Flow(database_url, tmp_path) as other:
        other.mark("begun-2")
        (tmp_path / "go").touch()
        eventually(lambda: statuses(shared, "waits") == ["fulfilled"])
        other.stop()
    assert shared.audit().fine
