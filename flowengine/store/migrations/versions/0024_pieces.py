"""What customers have chosen and what of it is used is counted, for forecasts of what to order.

Nothing has to be counted for what is there: no version of a process from before says what is used up in its states.
Code of the revision before counts nothing of it: a job that it counts is counted here with its next act by new code, or
where all is counted anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "flow_pieces",
        *(sa.Column(name, KEY, nullable=False) for name in ("process", "fate", "options", "option")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)
            for name in ("made", "over", "size", "gone")
        ),
        sa.Column("choices", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "process", "fate", "options", "option", "made", "over", "size", "gone", name="pk_flow_pieces"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_piecework",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_flow_piecework"),
    )
