"""Ballots: how many a second go into a box from several threads, on either database, while the job is acted on too; and
how long a vote of very many members takes to open and to close.

    python benchmarks/bench_ballots.py [--voters 20000] [--members 1000000] [--threads 8] [--database sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import sqlalchemy as sa
from bench_machine import folder, machine, postgres

from flowengine import Actor, Engine

VOTE = """
process: ballot
title: A ballot
need: A decision
groups: {members: {title: Members}, everybody: {title: Everybody}}
states:
  need: {type: need, fields: {whom: {type: string}}, next: vote}
  vote:
    type: vote
    of: {group: "{data.need.whom}"}
    options: [attack, defend, wait]
    within: P2D
    on: {decided: fulfilled, no_quorum: gone, tied: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Undecided}
"""
ADA = "ada"
OLGA = Actor(kind="operator", id="olga")


def fill(url: str, group: str, members: int) -> None:
    """So many members of a group, as rows."""
    with sa.create_engine(url).begin() as connection:
        for first in range(0, members, 10_000):
            ids = [f"{group}{number:07}" for number in range(first, min(members, first + 10_000))]
            people = [
                {"id": id, "created": 0, "body": f'{{"id":"{id}","kind":"customer","created":"2026-01-01T00:00:00Z"}}'}
                for id in ids
            ]
            connection.execute(
                sa.text(
                    "INSERT INTO flow_people (id, kind, name_key, contact_key, created, body) "
                    "VALUES (:id, 'customer', '', '', :created, :body)"
                ),
                people,
            )
            connection.execute(
                sa.text("INSERT INTO flow_memberships (group_name, person) VALUES (:name, :id)"),
                [{"name": group, "id": id} for id in ids],
            )


def opened(engine: Engine, group: str) -> tuple[str, str, float]:
    """A vote of a group: its job, its step, and how long it took to open."""
    began = perf_counter()
    job = engine.start("ballot", by=ADA, need={"whom": group}).job
    took = perf_counter() - began
    (step,) = {item.id for item in engine.inbox(f"{group}0000000", everything=True) if item.job == job}
    return job, step, took


def cast(engine: Engine, step: str, group: str, voters: int, threads: int) -> float:
    """Ballots a second, each with a request key."""

    def some(place: int) -> None:
        for number in range(place, voters, threads):
            who = f"{group}{number:07}"
            engine.act(step, "vote", {"for": ("attack", "defend", "wait")[number % 3]}, by=who, key=f"{step}-{number}")

    running = [threading.Thread(target=some, args=(place,)) for place in range(threads)]
    began = perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return voters / (perf_counter() - began)


def papers(url: str, job: str, step: int) -> None:
    """All have voted, as rows: what is timed is how they are counted."""
    with sa.create_engine(url).begin() as connection:
        values = {"job": job, "step": step}
        hashed = "md5(person)" if connection.dialect.name == "postgresql" else "hex(randomblob(32))"
        connection.execute(
            sa.text(
                "INSERT INTO flow_papers (job_id, step, id, weight, salt, body) "
                f"SELECT job_id, step, {hashed} || substr(person, -7), weight, '00112233445566778899aabbccddeeff', "
                """CASE length(person) % 2 WHEN 0 THEN '{"for":["attack"]}' ELSE '{"for":["defend"]}' END """
                "FROM flow_voters WHERE job_id = :job AND step = :step"
            ),
            values,
        )
        connection.execute(sa.text("UPDATE flow_voters SET voted = 1 WHERE job_id = :job AND step = :step"), values)


def measure(url: str, name: str, voters: int, members: int, threads: int) -> None:
    with Engine(url, handlers={}) as engine:
        engine.deploy(VOTE)
        engine.add_customer(ADA, "Ada")
        engine.add_staff("olga", "Olga", roles=["operator"])
        fill(url, "members", voters)
        job, step, _ = opened(engine, "members")
        waits: list[float] = []
        with beside(engine, job, waits):
            speed = cast(engine, step, "members", voters, threads)
        waits.sort()
        print(f"{name}: {speed:,.0f} ballots/s from {threads} threads", end="")
        print(f"; {len(waits)} other acts of the job meanwhile, the slowest {waits[-1] * 1000:.0f} ms" if waits else "")
        if members:
            fill(url, "everybody", members)
            job, step, took = opened(engine, "everybody")
            papers(url, job, int(step.rpartition(".")[2]))
            (timer,) = [one.id for one in engine.timers(job) if one.purpose == "close"]
            began = perf_counter()
            engine.fire_timer(timer, because="To measure", by=OLGA)
            closing = perf_counter() - began
            counted = engine.data(job)["vote"]["cast"]
            print(f"{name}: a vote of {members:,} opens in {took:.1f} s; {counted:,} ballots close in {closing:.1f} s")


@contextmanager
def beside(engine: Engine, job: str, waits: list[float]) -> Iterator[None]:
    """Ada says something about the job ten times a second, meanwhile."""
    stop = threading.Event()

    def say() -> None:
        while not stop.wait(0.1):
            began = perf_counter()
            engine.say(job, "Vote!", by=ADA)
            waits.append(perf_counter() - began)

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voters", type=int, default=20_000)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    print(machine())
    with folder() as disk:
        if given.database != "postgresql":
            measure(f"sqlite:///{disk}/ballots.db", "SQLite", given.voters, given.members, given.threads)
        if given.database != "sqlite":
            with postgres(disk) as address:
                measure(address("ballots"), "PostgreSQL", given.voters, given.members, given.threads)


if __name__ == "__main__":
    sys.exit(main())
