"""DBOS: workflows of one step, from start to the result. Runs in a virtual environment of its own.

``python dbos_one_step.py URL JOBS CLIENTS direct|queue`` prints one JSON object: workflows a second, and what ran.

``direct`` starts workflows in the process that runs them, as many at a time as DBOS's own executor takes; ``queue``
puts them into a DBOS queue first. The step does what flowengine's handler does: it returns a small object. SQLite is
opened with a write-ahead log and ``synchronous=FULL``, as flowengine opens it; what DBOS would do by itself (a rollback
journal) costs more.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from time import perf_counter

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig

WARM = 30
"""Workflows to warm up."""


@DBOS.step()
def order_cloth(cloth: str) -> dict[str, str]:
    return {"order": f"order of {cloth}"}


@DBOS.workflow()
def need(cloth: str) -> dict[str, str]:
    return order_cloth(cloth)


def engine_of(url: str) -> sa.Engine | None:
    """SQLite as durable and as fast as flowengine has it; PostgreSQL is left to DBOS."""
    if not url.startswith("sqlite"):
        return None
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def prepare(raw: object, _: object) -> None:
        raw.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}")

    return engine


def main(url: str, jobs: int, clients: int, how: str) -> None:
    """``clients``: threads that start workflows, as many as flowengine is given."""
    config: DBOSConfig = {"name": "peer", "system_database_url": url, "log_level": "ERROR", "run_admin_server": False}
    engine = engine_of(url)
    if engine is not None:
        config["system_database_engine"] = engine
    DBOS(config=config)
    DBOS.launch()
    if how == "queue":
        DBOS.register_queue("orders", polling_interval_sec=0.05)
    start = partial(DBOS.enqueue_workflow, "orders", need) if how == "queue" else partial(DBOS.start_workflow, need)
    with ThreadPoolExecutor(clients) as starters:
        for handle in list(starters.map(start, ["navy"] * WARM)):
            handle.get_result()
        began = perf_counter()
        handles = list(starters.map(start, ["navy"] * jobs))
        results = [handle.get_result() for handle in handles]
        took = perf_counter() - began
    assert results == [{"order": "order of navy"}] * jobs
    print(json.dumps({"per_second": jobs / took, "of": f"dbos {version('dbos')}", "how": how}))
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
