"""What all jobs have taught is counted, and each job says whether it is.

All jobs that there are wait to be counted, which workers do. Code of the revision before does not say that it has
changed a job: one that was counted is counted again with its next act by new code, or where all is counted anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables, and to jobs whether they are counted, with an index of those that are not."""
    op.create_table(
        "flow_cells",
        *(sa.Column(name, KEY, nullable=False) for name in ("process", "segment")),
        sa.Column("month", sa.BigInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, KEY, nullable=False) for name in ("measure", "state", "value")),
        sa.Column("gone", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "process", "segment", "month", "measure", "state", "value", "gone", name="pk_flow_cells"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_lives",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_flow_lives"),
    )
    op.add_column("flow_jobs", sa.Column("counted", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.create_index(
        "ix_flow_jobs_uncounted",
        "flow_jobs",
        ["id"],
        sqlite_where=sa.text("counted = 0"),
        postgresql_where=sa.text("counted = 0"),
    )
