"""Promises have a table of their own, to be listed and counted by what became of them.

It is filled from the heads of the jobs, in which promises always stood.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BATCH = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = sa.text("SELECT id, process, customer, status, head FROM flow_jobs WHERE id > :after ORDER BY id LIMIT :most")
FILL = sa.text(
    "INSERT INTO flow_promises (job_id, process, customer, state, promised, body) "
    "VALUES (:job_id, :process, :customer, :state, :promised, :body)"
)


def upgrade() -> None:
    """Add the table and its index, and fill it."""
    op.create_table(
        "flow_promises",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("process", KEY, nullable=False),
        sa.Column("customer", KEY, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("promised", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_flow_promises"),
        comment="One row a job that has promised something; state, and the promise that its head holds as well.",
    )
    op.create_index("ix_flow_promises_promised", "flow_promises", ["promised", "job_id"])
    connection, after = op.get_bind(), ""
    while rows := connection.execute(PAGE, {"after": after, "most": BATCH}).all():
        found = [one for id, *rest in rows if (one := promised(id, *rest)) is not None]
        if found:
            connection.execute(FILL, found)
        after = rows[-1][0]


def promised(id: str, process: str, customer: str, status: str, head: str) -> dict[str, Any] | None:
    """The row of a job that has promised something."""
    promise = json.loads(head).get("promise")
    if promise is None:
        return None
    kept = promise.get("kept")
    state = "released" if status != "open" else "open"
    if kept is not None:
        state = "kept" if kept else "broken"
    by = (datetime.fromisoformat(promise["by"]) - EPOCH) // timedelta(microseconds=1)
    row = {"job_id": id, "process": process, "customer": customer, "state": state}
    return row | {"promised": by, "body": json.dumps(promise)}
