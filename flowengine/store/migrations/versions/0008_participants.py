"""Customers who took part in jobs of others see afterwards what came of it.

Nothing is filled in: of what was done before, nobody is told.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "flow_participants",
        sa.Column("job_id", KEY, primary_key=True),
        sa.Column("person", KEY, primary_key=True),
        sa.Column("step", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "person", "step", name="pk_flow_participants"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_participants_person", "flow_participants", ["person", "job_id"])
