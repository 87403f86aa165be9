"""Hot queries keep their indexes: what an act or an inbox costs does not grow with the number of jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drafts import HOUR, NOW, call, fork, started, write

from flowengine.core import events as e
from flowengine.core.values import ROOT
from flowengine.store import (
    Database,
    Person,
    Transaction,
    bookings,
    branches,
    calls,
    history,
    jobs,
    outbox,
    people,
    receipts,
    steps,
    timers,
)
from flowengine.store.query import Query

BY_KEY = {
    jobs.GET: "flow_jobs",
    jobs.UPDATE[True, False]: "flow_jobs",
    jobs.BY_SHORT: "ix_flow_jobs_short",
    jobs.BY_ID: "flow_jobs",
    branches.GET: "flow_branches",
    branches.DROP: "flow_branches",
    branches.CHILDREN: "ix_flow_branches_parent",
    steps.DROP: "flow_steps",
    steps.SEAT: "flow_steps",
    steps.ANSWER: "flow_steps",
    steps.BRANCH: "flow_steps",
    timers.DROP: "flow_timers",
    timers.DUE: "ix_flow_timers_wake",
    timers.NEXT: "ix_flow_timers_wake",
    calls.DROP: "flow_calls",
    calls.READY: "ix_flow_calls_ready",
    calls.NEXT: "ix_flow_calls_ready",
    calls.OWNED: "flow_calls",
    calls.INCIDENTS: "ix_flow_calls_incident",
    outbox.READY: "ix_flow_outbox_ready",
    outbox.NEXT: "ix_flow_outbox_ready",
    outbox.DONE: "flow_outbox",
    bookings.TAKEN: "flow_bookings",
    bookings.FREE: "ix_flow_bookings_job",
    history.OF_JOB: "flow_history",
    receipts.FIND: "flow_receipts",
    receipts.LOCK_AND_FIND: "flow_receipts",
    people.GET: "flow_people",
    people.BY_NAME: "ix_flow_people_name_key",
    people.BY_CONTACT: "ix_flow_people_contact_key",
    steps.inbox(1, False): "ix_flow_steps_inbox",
    steps.inbox(4, False): "ix_flow_steps_inbox",
    jobs._listing(("customer",), True): "ix_flow_jobs_customer",
    jobs._listing(("process",), False): "ix_flow_jobs_process",
    jobs._listing((), False): "flow_jobs",
}
"""Each hot query, and the index (or the table, for its primary key) that must serve it."""

SORTS = {bookings.TAKEN, steps.BRANCH, calls.INCIDENTS}
"""Queries that may sort the few rows they find."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with enough rows, and fresh statistics, for its planner to choose as it would in use."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'flow.db'}"
    else:
        import psycopg

        server: str = request.getfixturevalue("postgres_server")
        with psycopg.connect(server.replace("+psycopg", "").format(name="postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS flow_plans WITH (FORCE)")
            connection.execute("CREATE DATABASE flow_plans")
        url = server.format(name="flow_plans")
    with Database.open(url) as database:
        with database.writing() as tx:
            for number in range(600):
                fill(tx, number)
        with database.writing() as tx:
            tx.channel.raw.execute("ANALYZE")  # type: ignore[attr-defined]
        yield database


def fill(tx: Transaction, number: int) -> None:
    """A customer, and a job of his with rows in every table."""
    draft = started(customer=f"c{number}", audience=(f"person:c{number}", "role:tailor"), process=f"p{number // 10}")
    fork(draft, 3)
    for n in range(5):
        call(draft, incident="it failed" if n == 0 and number % 50 == 0 else "")
    start = NOW + HOUR * number
    draft.record(e.SlotBooked(branch=ROOT, calendar="shop", start=start, end=start + HOUR, every=1200))
    write(tx, draft)
    job = draft.head.job
    tx.people.add(Person(id=f"c{number}", kind="customer", name=f"Name {number}", contact=f"{number}@x", created=NOW))
    tx.receipts.add(f"customer:c{number}", "key", job, "hash", b"receipt", NOW)
    tx.outbox.add(job, 1, "note", {}, NOW)


def plan(database: Database, query: Query) -> str:
    """The database's plan for a query, as text."""
    sql = query.on(database.dialect).sql
    with database.reading() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        if database.dialect == "sqlite":
            nothing = (None,) * sql.count("?")
            return "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", nothing))
        raw.execute("SET LOCAL enable_seqscan = off")  # the tables are still small for PostgreSQL
        return "\n".join(row[0] for row in raw.execute("EXPLAIN (GENERIC_PLAN) " + numbered(sql)))


def numbered(sql: str) -> str:
    """The statement with PostgreSQL's own placeholders, as a generic plan takes it."""
    parts = sql.split("%s")
    return "".join(part + (f"${n}" if n < len(parts) else "") for n, part in enumerate(parts, 1))


@pytest.mark.parametrize("query", BY_KEY, ids=lambda query: query.name)
def test_a_hot_query_keeps_its_index(filled: Database, query: Query) -> None:
    """The query is answered from its index, without reading a whole table and without sorting."""
    found = plan(filled, query)
    name = BY_KEY[query]
    if filled.dialect == "sqlite":
        used = name if name.startswith("ix_") else "PRIMARY KEY|sqlite_autoindex_" + name
        assert any(part in found for part in used.split("|")), found
        assert "TEMP B-TREE" not in found or query in SORTS, found
        assert all("USING" in line for line in found.splitlines() if line.startswith("SCAN flow_")), found
    else:
        used = name if name.startswith("ix_") else f"pk_{name}"
        assert used in found, found
        assert "Seq Scan" not in found, found
        assert "Sort" not in found or query in SORTS, found
