"""What is done to real processes: kills, stops of PostgreSQL, connections cut at their commit, promotions, zombies.

The short form in the tests and the long form on the command line run the same; each trial ends with all jobs at their
end and with :func:`load.check`, which raises what does not hold.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from abroad import HANDLER
from load import OPERATOR, PATIENCE, Load, eventually
from proxy import Proxy
from roles import lines_of
from servers import Server, both, clusters, primary_and_standby

from flowengine import Engine
from flowengine.store import Database

Told = Callable[[str], None]


def silent(words: str) -> None:
    """Nobody is told how far it is."""


def kills(url: str, folder: Path, seed: str, many: int, told: Told = silent, most: int = 10_000) -> dict[str, int]:
    """SIGKILL workers and acting processes at random moments, each time starting another in its place."""
    with Load(url, folder, seed=seed) as load:
        load.begin(workers=2, drivers=2, most=most)
        load.wait_for_more(2)
        for number in range(1, many + 1):
            time.sleep(load.random.uniform(0.02, 0.25))
            load.kill_one()
            if number % 50 == 0:
                load.wait_for_more()
                told(f"{number} of {many} kills, {load.acknowledged()} acknowledged")
        load.finish()
        return load.check() | {"kills": load.kills}


def served(url: str, folder: Path, seed: str, many: int, told: Told = silent, most: int = 10_000) -> dict[str, int]:
    """SIGKILL ``flow serve``, the workers that come in over HTTP, and those who send signed messages to it."""
    with Load(url, folder, seed=seed) as load:
        with Engine(url, handlers={}) as engine:
            token = engine.issue_token("worker", "abroad", handlers=[HANDLER]).token
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        load.play("server", "serve", url, port)
        for number in range(2):
            load.play(f"abroad{number}", "abroad", address, token, str(folder))
            load.play(f"driver{number}", "order", url, address, str(folder), f"driver{number}", most)
        load.wait_for_more(2)
        for number in range(1, many + 1):
            time.sleep(load.random.uniform(0.05, 1.5))  # a server takes most of a second to start
            load.kill_one()
            if number % 10 == 0:
                load.wait_for_more()
                told(f"{number} of {many} kills of a server and its clients, {load.acknowledged()} acknowledged")
        load.finish()
        taken = sum(line["status"] == "done" for line in lines_of(folder / "reports"))
        return load.check() | {"kills": load.kills, "reports": taken}


def supervised(url: str, folder: Path, seed: str, many: int, told: Told = silent) -> dict[str, int]:
    """SIGKILL the processes of a real ``flow worker``, and every third time the process that supervises them."""
    with Load(url, folder, seed=seed) as load, Supervised(url, folder) as flow:
        load.begin(workers=0, drivers=2, most=many * 40)  # more than are begun before the last kill
        for number in range(1, many + 1):
            eventually(lambda: len(flow.children()) == 2, "there are not two worker processes")
            load.wait_for_more(2)
            if number % 3 == 0:
                flow.kill()
                flow.start()
            else:
                os.kill(load.random.choice(flow.children()), signal.SIGKILL)
            told(f"{number} of {many} kills below or of a supervisor, {load.acknowledged()} acknowledged")
        load.finish()
        flow.process.terminate()
        assert flow.process.wait(PATIENCE) == 0, (folder / "flow.log").read_text()[-4000:]
        return load.check() | {"kills": many}


class Supervised:
    """A running ``flow worker`` with two processes."""

    process: subprocess.Popen[bytes]

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        self._environment = os.environ | {"FLOW_AT": url, "FAULT_FOLDER": str(folder), "PYTHONPATH": path}
        self.start()

    def start(self) -> None:
        words = ["worker", "--handlers", "faulted_handlers", "--processes", "2", "--concurrency", "4"]
        with (self._folder / "flow.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flowengine.cli", *words], env=self._environment, stdout=log, stderr=log
            )

    def children(self) -> list[int]:
        """The worker processes that it has now."""
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children")
        return sorted(int(one) for one in found.read_text().split())

    def kill(self) -> None:
        """SIGKILL the supervisor: its processes notice, and end by themselves."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self) -> Supervised:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()


def stops(folder: Path, seed: str, many: int, told: Told = silent) -> dict[str, int]:
    """Stop PostgreSQL at once under load, every other time again while it recovers, and start it again."""
    with clusters() as make:
        server = make("stopped")
        with Load(server.database("flow"), folder, seed=seed) as load:
            load.begin(workers=1, drivers=2)
            for number in range(1, many + 1):
                load.wait_for_more(load.random.randrange(1, 6))
                server.stop("immediate")
                if number % 2 == 0:
                    server.start(wait=False)
                    time.sleep(load.random.uniform(0.01, 0.2))
                    server.stop("immediate")
                server.start()
                told(f"{number} of {many} stops, {load.acknowledged()} acknowledged")
            load.wait_for_more(3)
            load.finish()
            return load.check() | {"stops": many}


def cuts(folder: Path, seed: str, many: int, told: Told = silent) -> dict[str, int]:
    """Lose commits on their way: before the server, after it, while it commits; cut and hold connections."""
    with clusters() as make:
        server = make("behind")
        server.database("flow")
        with Proxy(server.socket) as proxy, Load(proxy.url("flow"), folder, seed=seed) as load:
            load.begin(workers=1, drivers=2)
            for number in range(1, many + 1):
                load.wait_for_more(load.random.randrange(1, 4))
                _disturb(proxy, load)
                told(f"{number} of {many} cuts, {proxy.lost} commits lost, {load.acknowledged()} acknowledged")
            load.wait_for_more(3)
            load.finish()
            return load.check() | {"cuts": many, "lost commits": proxy.lost}


def _disturb(proxy: Proxy, load: Load) -> None:
    how = load.random.choice(("before", "after", "racing", "late", "cut", "hold"))
    if how == "cut":
        proxy.cut()
    elif how == "hold":
        proxy.blackhole()
        time.sleep(load.random.uniform(0.05, 0.5))
        proxy.heal()
    else:
        lost = proxy.lost
        proxy.lose_commit(how)
        eventually(lambda: proxy.lost > lost, "no commit came that could be lost")
        proxy.release()


def promotion(folder: Path, seed: str) -> dict[str, int]:
    """Lose the primary under load, and promote its synchronous standby: what was acknowledged is there."""
    with primary_and_standby() as (primary, standby):
        primary.database("flow")
        standby.until(lambda: _has(standby, "flow"), "have the database")
        with Load(both("flow", primary, standby), folder, seed=seed) as load:
            load.begin(workers=1, drivers=2)
            load.wait_for_more(load.random.randrange(4, 10))
            primary.stop(load.random.choice(("immediate", "kill")))
            standby.promote()
            load.wait_for_more(4)
            load.finish()
            return load.check() | {"promotions": 1}


def _has(server: Server, name: str) -> bool:
    return bool(server.execute("SELECT 1 FROM pg_database WHERE datname = %s", name))


def zombie(url: str, folder: Path, seed: str = "1") -> dict[str, int]:
    """Stop a worker (SIGSTOP) past its lease, let another finish its call, continue it: its write changes nothing."""
    with Load(url, folder, seed=seed) as load, Engine(url, handlers={}) as engine:
        first = load.start_worker()
        job = engine.start("gated", by="driver0").job
        effects = folder / "effects"
        eventually(lambda: _times(effects, job, "input") == 1, "the first attempt does not begin")
        load.nursery.stop(first)
        second = load.start_worker()
        try:
            eventually(lambda: engine.track(job, OPERATOR).status == "fulfilled", "nobody finishes for the zombie")
        finally:
            before = rows_of(engine.database, job)
            (folder / "gate").touch()
            load.nursery.go_on(first)
        eventually(lambda: _times(effects, job, "ended") == 2, "the zombie does not go on")
        load.nursery.kill(second)
        after = engine.start("gated", by="driver0").job  # the zombie has settled the first before it ends this one
        eventually(lambda: engine.track(after, OPERATOR).status == "fulfilled", "the zombie does not work any more")
        assert _times(effects, job, "input") == 2, "it was run more often than by the zombie and the other worker"
        assert rows_of(engine.database, job) == before, "the zombie's late write changed something (L10)"
        load.finish()
        return load.check() | {"zombies": 1}


def _times(effects: Path, job: str, what: str) -> int:
    """How often a job's handler was begun (``input``) or came to its end (``ended``)."""
    return sum(line["key"].startswith(job) and what in line for line in lines_of(effects))


def rows_of(database: Database, job: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored of a job."""
    from stores import ROWS_OF_A_JOB

    found = {}
    with database.reading() as tx:
        cursor = tx.channel.raw.cursor()  # type: ignore[attr-defined]  # both channels have the driver's connection
        for table, key in ROWS_OF_A_JOB.items():
            rows = cursor.execute(f"SELECT * FROM {table} WHERE {key} = '{job}'").fetchall()
            found[table] = sorted((tuple(row) for row in rows), key=repr)
        cursor.close()
    return found
