"""What entering many people costs: ``python benchmarks/bench_people.py`` (``--people 2000`` for a look).

The bare driver inserts the very same rows, a transaction a thousand, into tables of the same shape on the same
database. Rounds of both are interleaved on databases of their own, and the ratio is the median of the rounds' ratios.
Then how long it takes to import the same again, to search and page, and to look for duplicates, among all of them.
"""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from bench_machine import folder, machine, postgres

from flowengine import Engine

WITHIN = 5.0
"""Seconds within which 13,000 people are to be entered."""

Rows = list[dict[str, Any]]


def people(number: int) -> Rows:
    """Rows as a file has them: each with a contact, two groups and a record."""
    return [
        {
            "id": f"member-{one:06}",
            "name": f"Member {one} of the Club",
            "contact": f"member{one}@club.example",
            "groups": ["members", f"stand-{one % 40}"],
            "record": {"since": 1980 + one % 40, "seat": f"{one % 40}/{one}"},
        }
        for one in range(number)
    ]


def stored(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What an import has left in the tables that it writes."""
    tables = ("flow_people", "flow_memberships")
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables}
    with psycopg.connect(url.replace("+psycopg", "")) as there:
        return {name: list(there.execute(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in tables}


def bare(url: str, rows: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds that the driver takes for the rows, a thousand people a transaction."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        mark, begin = "?", lambda: connection.execute("BEGIN IMMEDIATE")
        cursor, many = connection, connection.executemany
    else:
        connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        cursor = connection.cursor()
        mark, begin, many = "%s", lambda: connection.execute("BEGIN"), cursor.executemany
    ids = [row[0] for row in rows["flow_people"]]
    belongs: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows["flow_memberships"]:
        belongs.setdefault(row[1], []).append(row)
    by_id = {row[0]: row for row in rows["flow_people"]}
    began = perf_counter()
    for first in range(0, len(ids), 1_000):
        some = ids[first : first + 1_000]
        begin()
        for name, part in (
            ("flow_people", [by_id[id] for id in some]),
            ("flow_memberships", [row for id in some for row in belongs.get(id, ())]),
        ):
            many(f"INSERT INTO {name} VALUES ({', '.join([mark] * len(part[0]))})", part)
        cursor.execute("COMMIT")
    took = perf_counter() - began
    connection.close()
    return took


def timed(work: Callable[[], Any]) -> float:
    """Seconds that something takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def compared(fresh: Callable[[str], str], rows: Rows, rounds: int) -> bool:
    """Tell what it costs on one kind of database; whether it is within the bound."""
    took: list[tuple[float, float]] = []
    for number in range(rounds):
        url = fresh(f"ours_{number}")
        with Engine(url) as engine:
            took.append((timed(lambda engine=engine: engine.import_people(rows)), 0.0))
        other = fresh(f"bare_{number}")
        Engine(other).close()
        took[-1] = (took[-1][0], bare(other, stored(url)))
    ours, theirs = (median(pair[side] for pair in took) for side in (0, 1))
    ratio = median(a / b for a, b in took)
    bound = WITHIN * len(rows) / 13_000
    print(f"  {len(rows):,} people: {ours:.2f} s (wanted: {bound:.1f} s), bare {theirs:.2f} s, ratio {ratio:.1f}")
    with Engine(url) as engine:
        last = rows[-1]["id"]
        for what, work in (
            ("the same again", lambda: engine.import_people(rows)),
            ("find one by a word of his name", lambda: engine.customers(f"{len(rows) - 1} club")),
            ("the last page of all", lambda: engine.customers(after=rows[-50]["id"])),
            ("the record of one", lambda: engine.record(last)),
            ("who may be one", engine.duplicates),
        ):
            print(f"  {what}: {timed(work) * 1_000:,.0f} ms")
    return ours <= bound


def main() -> None:
    """Run it on both databases."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=13_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    print(machine())
    rows = people(given.people)
    with folder() as where:

        def file(name: str) -> str:
            return f"sqlite:///{where / name}.db"

        print("SQLite")
        fine = compared(file, rows, given.rounds)
        with postgres(Path(where)) as fresh:
            print("PostgreSQL")
            fine &= compared(fresh, rows, given.rounds)
    raise SystemExit(0 if fine else 1)


if __name__ == "__main__":
    main()
