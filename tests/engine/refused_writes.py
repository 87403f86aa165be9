"""A database that refuses some writes, by a trigger: a write that is refused for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa

SQLITE = ("CREATE TRIGGER refusing BEFORE {event} ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{words}'); END",)
POSTGRES = (
    "CREATE FUNCTION refusing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{words}'; END $$",
    "CREATE TRIGGER refusing BEFORE {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refusing()",
)


@contextmanager
def refusing(url: str, event: str, table: str, when: str, words: str) -> Iterator[None]:
    """As long as the block runs, the database refuses an event (``INSERT``, ``DELETE``) on some rows of a table."""
    database = sa.create_engine(url)
    sqlite = database.dialect.name == "sqlite"
    with database.begin() as connection:
        for statement in SQLITE if sqlite else POSTGRES:
            connection.exec_driver_sql(statement.format(event=event, table=table, when=when, words=words))
    try:
        yield
    finally:
        with database.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER refusing" if sqlite else "DROP FUNCTION refusing() CASCADE")
        database.dispose()


def full_history(url: str, job: str) -> AbstractContextManager[None]:
    """As long as the block runs, the database refuses what is written to that job's history."""
    return refusing(url, "INSERT", "flow_history", f"NEW.job_id = '{job}'", "no more of this job")
