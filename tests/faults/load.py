"""Real processes at work on one database while faults happen to them, and what must be true of it afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from signal import SIGTERM
from types import TracebackType
from typing import Any

from abroad import ORDERED
from nursery import PATIENCE, Nursery
from roles import GATED, PROCESS, lines_of

from flowengine import Engine
from flowengine.core import events as e
from flowengine.core.values import Actor
from flowengine.errors import StoreError
from flowengine.store import Database

OPERATOR = Actor(kind="operator", id="olga")
DRIVERS = 10
"""As many customers are known from the beginning."""

LEASE = 1.0
"""Seconds: a lost worker's calls are soon taken up, so that a kill costs little time."""


def eventually(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until something is true, and give it."""
    end = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < end, f"{what}: not within {patience:.0f} s"
        time.sleep(0.02)
    return found


class Load:
    """Drivers and workers on ``url``; ``folder`` keeps their journals. ``seed`` decides who is killed and when."""

    def __init__(self, url: str, folder: Path, *, seed: str = "1", lease: float = LEASE, concurrency: int = 4) -> None:
        self.url = url
        self.folder = folder
        self.random = Random(seed)
        self.kills = 0
        self._lease = lease
        self._concurrency = concurrency
        self._nursery = Nursery(folder / "log")
        self._parts: dict[str, tuple[str, list[Any]]] = {}
        self._pids: dict[str, int] = {}
        with Engine(url, handlers={}) as engine:
            for process in (PROCESS, GATED, ORDERED):
                engine.deploy(process)
            for number in range(DRIVERS):
                engine.add_customer(f"driver{number}")

    def begin(self, *, workers: int = 2, drivers: int = 2, most: int = 10_000) -> None:
        """Start so many processes; each driver begins at most ``most`` jobs."""
        for number in range(workers):
            self.play(f"worker{number}", "work", *self._work())
        for number in range(drivers):
            self.play(f"driver{number}", "drive", self.url, str(self.folder), f"driver{number}", most)

    def play(self, name: str, role: str, *arguments: Any) -> None:
        """Start a process, which can be killed by its name. Those called driver keep a journal, and end with ``most``,
        the last of their arguments."""
        self._parts[name] = (role, list(arguments))
        self._pids[name] = self._nursery.start(role, *arguments)

    def start_worker(self) -> int:
        """A worker that is killed by its pid alone."""
        return self._nursery.start("work", *self._work())

    def _work(self) -> list[Any]:
        return [self.url, str(self.folder), self._lease, self._concurrency]

    @property
    def nursery(self) -> Nursery:
        return self._nursery

    @property
    def _drivers(self) -> list[str]:
        return [name for name in self._parts if name.startswith("driver")]

    def kill_one(self) -> None:
        """SIGKILL somebody, a driver at three times of ten, and start another in its place."""
        self.kills += 1
        others = sorted(set(self._parts) - set(self._drivers))
        among = others if others and self.random.random() < 0.7 else sorted(self._drivers)
        name = self.random.choice(among)
        self._nursery.kill(self._pids[name])
        role, arguments = self._parts[name]
        self.play(name, role, *arguments)

    def acknowledged(self) -> int:
        """How many requests were answered so far."""
        return sum("job" in line for name in self._drivers for line in lines_of(self.folder / f"journal-{name}"))

    def wait_for_more(self, more: int = 1) -> None:
        """Wait until so many further requests were answered: the world goes on."""
        wanted = self.acknowledged() + more
        eventually(lambda: self._alive() and self.acknowledged() >= wanted, "further requests are not answered")

    def _alive(self) -> bool:
        """Nobody has ended without being killed; raises with what the processes wrote."""
        for name, pid in self._pids.items():
            end = self._nursery.end(pid)
            if end != "alive":
                wrote = (self.folder / "log").read_text()[-4000:]
                raise AssertionError(f"{name} ended by itself with status {end}:\n{wrote}")
        return True

    def finish(self) -> None:
        """Nothing fails any more: what was begun is brought to its end, and everybody stops."""
        for name in self._drivers:  # nothing new is begun
            self._nursery.kill(self._pids[name], SIGTERM)
            role, arguments = self._parts[name]
            self.play(name, role, *arguments[:-1], 0)
        with Engine(self.url, handlers={}) as engine:
            eventually(lambda: self._alive() and self._is_over(engine), "not all jobs end")
        for name in reversed(list(self._pids)):  # those first who were started last: clients before their server
            self._nursery.kill(self._pids.pop(name), SIGTERM)

    def _is_over(self, engine: Engine) -> bool:
        try:
            for incident in engine.incidents():
                if incident.kind in ("step", "attention"):
                    continue  # it waits for somebody
                engine.retry(incident.id, by=OPERATOR)
            return not engine.jobs(status="open", limit=1) and self._unanswered() == 0
        except StoreError:
            return False

    def _unanswered(self) -> int:
        return sum(count < 2 for name in self._drivers for count in self._lines(name).values())

    def _lines(self, name: str) -> Counter[str]:
        return Counter(line["key"] for line in lines_of(self.folder / f"journal-{name}"))

    def check(self) -> dict[str, int]:
        """What must hold now; raises AssertionError. Gives what was seen, in numbers."""
        return check(self.url, self.folder, self._drivers)

    def close(self) -> None:
        self._nursery.close()

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check(url: str, folder: Path, drivers: list[str]) -> dict[str, int]:
    """Each acknowledged act once (L2, L3), the audit clean (L5), calls ended once (L11), ended jobs empty (L1)."""
    with Engine(url, handlers={}) as engine:
        audit = engine.audit()
        assert audit.fine, audit.problems[:5]
        keys, results = _histories(engine.database)
    answers = [line for name in drivers for line in lines_of(folder / f"journal-{name}") if "ask" not in line]
    for line in answers:
        if "job" in line:
            assert keys[line["key"]] == [(line["job"], line["seq"])], f"{line} is lost or doubled: {keys[line['key']]}"
        else:
            assert not keys[line["key"]], f"{line} was refused, and has happened: {keys[line['key']]}"
    doubled = {key: places for key, places in keys.items() if len(places) > 1}
    assert not doubled, f"happened more than once: {doubled}"
    _rows_of_ended_jobs(url)
    runs = _runs(lines_of(folder / "effects"))
    for line in lines_of(folder / "reports"):
        if line["status"] == "done":
            assert results[line["call"]] == {"attempt": line["attempt"]}, f"{line} was taken, and is lost"
    return {"jobs": audit.jobs, "entries": audit.entries, "acknowledged": len(answers), "attempts": runs}


class _Keys(dict[str, list[tuple[str, int]]]):
    def __missing__(self, key: str) -> list[tuple[str, int]]:
        self[key] = []
        return self[key]


def _histories(database: Database) -> tuple[_Keys, dict[str, Any]]:
    """Where each request key stands in the histories, and the result of each call; none is closed twice."""
    keys, results, after = _Keys(), dict[str, Any](), None
    while True:
        with database.reading() as tx:
            rows = tx.jobs.list(limit=500, after=after)
            for row in rows:
                for entry in tx.history.of(row.id):
                    if entry.key:
                        keys[entry.key].append((row.id, entry.seq))
                    for event in entry.events:
                        if isinstance(event, e.CallClosed):
                            call = f"{row.id}.{event.call}"
                            assert call not in results, f"{call} was closed more than once"
                            results[call] = event.result
        if len(rows) < 500:
            return keys, results
        after = rows[-1].id


def _rows_of_ended_jobs(url: str) -> None:
    """Jobs that are over have no steps, timers or calls; rows are counted by SQL."""
    with Database.open(url) as database, database.reading() as tx:
        cursor = tx.channel.raw.cursor()  # type: ignore[attr-defined]  # both channels have the driver's connection
        for table in ("flow_steps", "flow_timers", "flow_calls", "flow_branches"):
            found = cursor.execute(
                f"SELECT count(*) FROM {table} t JOIN flow_jobs j ON j.id = t.job_id WHERE j.status <> 'open'"
            ).fetchone()
            assert found[0] == 0, f"{table} has {found[0]} rows of jobs that are over"
        cursor.close()


def _runs(effects: list[dict[str, Any]]) -> int:
    """How many attempts were begun: each call under one key with one input, and no attempt twice."""
    begun = [line for line in effects if "input" in line]
    given: dict[str, set[str]] = {}
    for line in begun:
        given.setdefault(line["key"], set()).add(repr((line["handler"], line["input"])))
    assert all(len(some) == 1 for some in given.values()), "a call was given different work at different attempts"
    again = Counter(line["key"] for line in begun)
    again.subtract(Counter(key for key, _ in {(line["key"], line["attempt"]) for line in begun}))
    twice = [key for key, count in again.items() if count > 1]  # once it may be lost with others, which does not count
    assert not twice, f"attempts were run twice: {twice[:5]}"
    return len(begun)
