"""Whom customers have brought stands in a table of its own, with what became of it.

Code of the revision before enters whom a customer names without a row of it: he is brought by nobody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table and its indexes."""
    op.create_table(
        "flow_referrals",
        *(sa.Column(name, KEY, nullable=False) for name in ("id", "sender", "job_id")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("seq", "at")),
        *(sa.Column(name, KEY, nullable=False) for name in ("person", "standing", "began")),
        sa.Column("came", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_referrals"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_referrals_sender", "flow_referrals", ["sender", "at", "id"])
    op.create_index("ix_flow_referrals_person", "flow_referrals", ["person"])
