"""Until when open jobs are promised stands in a column, so that those that are late are found by an index.

It is filled from the heads of the open jobs, in which promises always stood. Code of the revision before leaves it
empty in the jobs that it writes: they have it from their next act on.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BATCH = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = sa.text("SELECT id, head FROM flow_jobs WHERE status = 'open' AND id > :after ORDER BY id LIMIT :most")
FILL = sa.text("UPDATE flow_jobs SET promised = :promised WHERE id = :id")


def upgrade() -> None:
    """Add the column and its index, and fill it."""
    op.add_column("flow_jobs", sa.Column("promised", sa.BigInteger(), nullable=True))
    connection, after = op.get_bind(), ""
    while rows := connection.execute(PAGE, {"after": after, "most": BATCH}).all():
        found = [{"id": id, "promised": promised} for id, head in rows if (promised := unsettled(head)) is not None]
        if found:
            connection.execute(FILL, found)
        after = rows[-1][0]
    some = sa.text("promised IS NOT NULL")
    op.create_index(
        "ix_flow_jobs_promised",
        "flow_jobs",
        ["promised", "id"],
        sqlite_where=some,
        postgresql_where=some,
    )


def unsettled(head: str) -> int | None:
    """The moment that was promised, in microseconds, where it is neither kept nor broken."""
    promise = json.loads(head).get("promise")
    if promise is None or promise.get("kept") is not None:
        return None
    return (datetime.fromisoformat(promise["by"]) - EPOCH) // timedelta(microseconds=1)
