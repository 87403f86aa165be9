"""Messages that name no job find who waits for them in a table, and are kept in another until somebody does.

What the open jobs wait for follows from their processes, which the store does not know: each upgrade notes them as not
read yet (:data:`flowengine.store.schema.NOTE_UNREAD`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "flow_awaiting",
        sa.Column("job_id", KEY, primary_key=True),
        sa.Column("branch", KEY, primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("message", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "branch", "number", name="pk_flow_awaiting"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_awaiting_message", "flow_awaiting", ["message", "key", "job_id"])
    op.create_table(
        "flow_messages",
        sa.Column("message", KEY, primary_key=True),
        sa.Column("key", KEY, primary_key=True),
        sa.Column("id", KEY, primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message", "key", "id", name="pk_flow_messages"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_messages_until", "flow_messages", ["until"])
