"""What pages of those inside cost: a customer with sixty jobs, each with words and an answer.

    python benchmarks/bench_pages.py

Prints, page by page, the milliseconds of the processor of the shortest and of the middle one of some looks, and its
size. The client that looks runs in the same process and is counted with it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from httpx import ASGITransport, AsyncClient

from flowengine import Engine, SimulatedClock
from flowengine.web import make_app
from flowengine.web.cookies import LOCAL

JOBS, LOOKS = 60, 25
REPAIR = """
process: repair
title: Something repaired
need: Something is broken
roles: {smith: {title: Smith}}
states:
  need: {type: need, fields: {what: {type: string, title: What}}, next: look}
  look: {type: task, for: smith, phase: Looking at it, on: {done: fine}}
  fine: {type: approval, by: customer, ask: Is it fine?, within: P9D, on: {approved: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""
PAGES = {
    "olga": (
        "/ops", "/ops/stuck", "/ops/jobs/{job}", "/ops/incidents", "/ops/processes/repair", "/ops/people/tom",
        "/ops/settings", "/ops/tokens", "/ops/audit",
    ),
    "tom": ("/work", "/calendar", "/customers", "/customers/ada"),
    "ada": ("/", "/jobs/{job}", "/me"),
}  # fmt: skip


def fill(engine: Engine, clock: SimulatedClock) -> str:
    """Sixty jobs of one customer, seven minutes apart; the last of them."""
    engine.deploy(REPAIR)
    engine.add_staff("olga", "Olga", roles=["operator"])
    engine.add_staff("tom", "Tom", roles=["smith"])
    engine.add_customer("ada", "Ada", "ada@example.org")
    job = ""
    for number in range(JOBS):
        job = engine.start("repair", by="ada", need={"what": f"chair {number}"}).job
        engine.message(job, "I come on Monday", by="ada")
        if number % 2:
            step = next(one.id for one in engine.inbox("tom") if one.job == job and one.title == "Look")
            engine.act(step, "done", by="tom")
        clock.advance(timedelta(minutes=7))
    return job


async def main() -> None:
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with TemporaryDirectory() as folder, Engine(f"sqlite:///{Path(folder) / 'pages.db'}", clock=clock) as engine:
        job = fill(engine, clock)
        served = ASGITransport(make_app(engine, pages=True))
        for person, paths in PAGES.items():
            cookies = {LOCAL: engine.sign_in(person).secret}
            async with AsyncClient(transport=served, base_url="http://127.0.0.1", cookies=cookies) as client:
                for path in paths:
                    took, size = await look(client, path.format(job=job))
                    print(f"{path:<22} {min(took):5.1f} ms {median(took):6.1f} ms {size / 1000:6.1f} kB")


async def look(client: AsyncClient, path: str) -> tuple[list[float], int]:
    """How long each look took, in milliseconds of the processor, and how many bytes it gave."""
    took, size = [], 0
    for number in range(LOOKS + 2):
        start = process_time()
        answer = await client.get(path)
        if number >= 2:  # the first ones read templates
            took.append((process_time() - start) * 1000)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        size = len(answer.content)
    return took, size


if __name__ == "__main__":
    asyncio.run(main())
