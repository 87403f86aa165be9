"""The benchmarks of the store do what they say, in a size that takes a moment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import bench_fill
import bench_scale
import bench_sqlite_processes

from flowengine import Engine
from flowengine.store import Database, short

SIZE = bench_scale.Size(finished=12, timers=50, steps=10, calls=6)


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The addresses of two databases, once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fresh.db", f"sqlite:///{tmp_path}/filled.db"
    fresh: str = request.getfixturevalue("postgres_url")
    filled: str = request.getfixturevalue("empty_postgres_url")
    return fresh, filled


def test_the_filled_database_holds_what_was_asked_for(urls: tuple[str, str]) -> None:
    """Copies are jobs like the one they were made from: with their steps, timers, calls, histories and customers."""
    bench_scale.fill(urls[1], SIZE, portion=5)
    with Engine(urls[1]) as engine, engine.database.reading() as tx:
        jobs = tx.jobs.list(limit=1000)
        now = engine.clock.now()
        # five templates, the finished one among them; five errands wait for an answer, five for a porter
        assert len(jobs) == 5 + 12 + 10 + 6 + 4
        assert sum(job.status == "fulfilled" for job in jobs) == 13
        assert len({job.id for job in jobs}) == len({short(job.id) for job in jobs}) == len(jobs)
        assert len(tx.calls.ready(now, 100)) == 7
        assert len(tx.steps.inbox(["role:porter"], 100)) == 6
        timers = tx.timers.due(now.replace(year=now.year + 1), 1000)
        # each call, and each step for a porter, needs attention after a week
        assert len(timers) == 6 + 5 * bench_scale.TIMERS_EACH + 7 + 6
        copy = next(job for job in jobs if job.id.startswith("01900000") and job.status == "fulfilled")
        assert copy.customer in {f"c{number}" for number in range(bench_fill.CUSTOMERS)}
        assert len(tx.history.of(copy.id)) == 3
        assert tx.jobs.get(copy.id).position.head.job == copy.id


def test_both_databases_are_measured_alike(urls: tuple[str, str]) -> None:
    """Each part of a job is timed in both, every job comes to its end, and the wanted figures are judged."""
    lines = bench_scale.measured(urls, SIZE, rounds=2, flows=2)
    assert [line.what.strip() for line in lines[:5]] == ["start, act, claim, finish", "start", "act", "claim", "finish"]
    assert {line.what for line in lines if line.met is not None} == {
        "start, act, claim, finish",
        "99 % of the claims, committed, took at most",
    }
    for url, waiting in zip(urls, (0, 7), strict=True):
        with Database.open(url) as database, database.reading() as tx:
            mine = [job for job in tx.jobs.list(limit=1000) if job.customer == bench_scale.ADA]
            assert sum(job.status == "fulfilled" for job in mine) >= 20 + 2 * 2 - waiting
            assert len(tx.calls.ready(database.clock().now(), 100)) == waiting


def test_processes_are_measured_alone_and_together(tmp_path: Path) -> None:
    """Each of two processes writes in the rounds of all, one of them in the rounds of one, and both end well."""
    alone, together = bench_sqlite_processes.compared(tmp_path, processes=2, threads=2, rounds=1, seconds=0.5)
    assert len(alone) == len(together) == 1
    assert alone[0].least == alone[0].most == len(alone[0].waits) > 0
    assert 0 < together[0].least <= together[0].most
    assert bench_sqlite_processes.table(alone, together, 2).row_count == 7
