"""Fills a database with many jobs by SQL: copies of real ones, under ids, customers and moments of their own.

A copy's history has the entries of the original, so its hashes are those of the original: it is as long and as
indexed as a real one, but no audit would pass it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from flowengine.store.tables import metadata

CUSTOMERS = 10_000
"""So many customers share the jobs."""

TABLES = ("jobs", "branches", "steps", "timers", "calls", "outbox", "history", "receipts")
"""What a job writes, without the prefix of the names."""

MINUTE = 60_000_000
PORTION = 50_000
"""So many jobs are written in one transaction, where nothing else is said."""

_fill = sa.Table(
    "bench_fill",
    sa.MetaData(),
    sa.Column("n", sa.BigInteger(), primary_key=True),
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("customer", sa.Text(), nullable=False),
)


class Filler:
    """Copies jobs in one database, which nobody else uses meanwhile.

    The ids of copies are UUIDs of the seventh kind, made before any that is made now, in the order of their making.
    """

    def __init__(self, url: str, portion: int = PORTION) -> None:
        self._engine = sa.create_engine(url)
        self._most = portion
        self._made = 0
        with self._engine.begin() as connection:
            _fill.create(connection)

    def customers(self, template: str) -> None:
        """Enter the customers c0, c1, … as copies of one."""
        people = metadata.tables["flow_people"]
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(people).where(people.c.id == template)).one()
            many = [dict(row._mapping) | {"id": f"c{n}", "name_key": f"ada {n}"} for n in range(CUSTOMERS)]
            connection.execute(sa.insert(people), many)

    def copy(self, job: str, customer: str, number: int) -> None:
        """So many copies of all that a job has written."""
        for first in range(0, number, self._most):
            self._portion(job, customer, min(self._most, number - first))

    def _portion(self, job: str, customer: str, number: int) -> None:
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous=OFF")  # only while it is filled
            connection.execute(sa.delete(_fill))
            connection.exec_driver_sql(_NUMBERS[self._engine.dialect.name].format(self._made, self._made + number))
            for name in TABLES:
                table = metadata.tables[f"flow_{name}"]
                of_job = table.c.id if name == "jobs" else table.c.job_id
                for row in connection.execute(sa.select(table).where(of_job == job)).mappings().all():
                    connection.execute(_copying(table, dict(row), job, customer))
            self._made += number

    def done(self) -> None:
        """Bring the planner's statistics up to date, and let go."""
        with self._engine.begin() as connection:
            _fill.drop(connection)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for command in _SETTLE[self._engine.dialect.name]:
                connection.exec_driver_sql(command)
        self._engine.dispose()

    def counts(self) -> Iterator[tuple[str, int]]:
        """The tables and how many rows they have."""
        with self._engine.connect() as connection:
            for name in TABLES:
                table = metadata.tables[f"flow_{name}"]
                yield name, connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _copying(table: sa.Table, row: dict[str, Any], job: str, customer: str) -> sa.Insert:
    values = {name: _value(table.c[name], value, job, customer) for name, value in row.items()}
    if table.name == "flow_jobs":
        values["short"] = sa.func.substr(_fill.c.id, 25)
    elif table.name == "flow_receipts":
        values["key"] = sa.literal(f"{row['key']} ") + sa.cast(_fill.c.n, sa.Text())
    return sa.insert(table).from_select(list(values), sa.select(*values.values()).order_by(_fill.c.n))


def _value(column: sa.Column[Any], value: Any, job: str, customer: str) -> Any:
    if isinstance(value, str) and (job in value or customer in value):
        renamed = sa.func.replace(sa.cast(sa.literal(value), sa.Text()), job, _fill.c.id)
        return sa.func.replace(renamed, customer, _fill.c.customer)
    if column.name in ("wake", "opened", "ended", "updated", "at"):
        return sa.null() if value is None else sa.literal(value, sa.BigInteger()) + _fill.c.n * MINUTE // 100
    return sa.null() if value is None else sa.cast(sa.literal(value, column.type), column.type)


_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT {0} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {1}) "
    "INSERT INTO bench_fill SELECT n, printf('01900000-%04x-7%03x-8000-%012x', n / 4096, n % 4096, n), "
    f"'c' || (n % {CUSTOMERS}) FROM numbers",
    "postgresql": "INSERT INTO bench_fill SELECT n, '01900000-' || lpad(to_hex(n / 4096), 4, '0') || '-7' || "
    "lpad(to_hex(n %% 4096), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0'), "
    f"'c' || (n %% {CUSTOMERS}) FROM generate_series({{0}}, {{1}} - 1) AS numbers(n)",
}

_SETTLE = {
    "sqlite": ("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"),
    "postgresql": ("VACUUM ANALYZE", "CHECKPOINT"),
}
