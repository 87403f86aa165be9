"""What all jobs have taught of how long they take, by which dates are expected; when what each of them taught is to be
looked at again; and when it is to be looked whether a promise is at risk.

All of it is added: code of the revision before goes on, and teaches nothing. Of jobs that were counted by it nothing is
known until they act again, or all is counted anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables, the columns and their indexes."""
    op.create_table(
        "flow_expected",
        *(sa.Column(name, KEY, nullable=False) for name in ("process", "state")),
        sa.Column("gone", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("process", "state", "gone", name="pk_flow_expected"),
    )
    op.create_table(
        "flow_calibrated",
        sa.Column("process", KEY, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("process", name="pk_flow_calibrated"),
    )
    op.add_column("flow_lives", sa.Column("again", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_flow_lives_again",
        "flow_lives",
        ["again", "job_id"],
        sqlite_where=sa.text("again IS NOT NULL"),
        postgresql_where=sa.text("again IS NOT NULL"),
    )
    op.add_column("flow_promises", sa.Column("look", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.create_index(
        "ix_flow_promises_look",
        "flow_promises",
        ["look", "job_id"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
