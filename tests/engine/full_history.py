"""A database that takes no further entry of one job, by a trigger: a write that is refused for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

SQLITE = (
    "CREATE TRIGGER full_history BEFORE INSERT ON flow_history WHEN NEW.job_id = '{job}' "
    "BEGIN SELECT RAISE(ABORT, 'no more of this job'); END",
)
POSTGRES = (
    "CREATE FUNCTION full_history() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'no more of this job'; END $$",
    "CREATE TRIGGER full_history BEFORE INSERT ON flow_history FOR EACH ROW WHEN (NEW.job_id = '{job}') "
    "EXECUTE FUNCTION full_history()",
)


@contextmanager
def full_history(url: str, job: str) -> Iterator[None]:
    """As long as the block runs, the database refuses what is written to that job's history."""
    database = sa.create_engine(url)
    sqlite = database.dialect.name == "sqlite"
    with database.begin() as connection:
        for statement in SQLITE if sqlite else POSTGRES:
            connection.exec_driver_sql(statement.format(job=job))
    try:
        yield
    finally:
        with database.begin() as connection:
            connection.exec_driver_sql(
                "DROP TRIGGER full_history" if sqlite else "DROP FUNCTION full_history() CASCADE"
            )
        database.dispose()
