"""Ballots are rows of their own.

Votes that are open go on as they were opened, with a seat for each voter, until they close: their ballots are in the
history already. Code of the revision before knows no boxes, and must not work on a job that has one: it is to be
stopped first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "flow_boxes",
        *_key("step"),
        sa.Column("state", KEY, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("secret", "voters", "weight")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("electorate", "salt", "mark")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("shown", "coming", "root", "layer")),
        sa.Column("papers", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "step", name="pk_flow_boxes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_voters",
        *_key("step"),
        sa.Column("person", KEY, primary_key=True),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("voted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "step", "person", name="pk_flow_voters"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 90},
    )
    op.create_index("ix_flow_voters_person", "flow_voters", ["person"])
    op.create_table(
        "flow_papers",
        *_key("step"),
        sa.Column("id", KEY, primary_key=True),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("leaf", KEY, nullable=True),
        sa.PrimaryKeyConstraint("job_id", "step", "id", name="pk_flow_papers"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_sums",
        *_key("step", "shard"),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "step", "shard", name="pk_flow_sums"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.execute("UPDATE flow_settings SET value = '0017' WHERE name = 'oldest_code'")


def _key(*numbers: str) -> list[sa.Column[object]]:
    """The job's id, and numbers within it."""
    found: list[sa.Column[object]] = [sa.Column("job_id", KEY, primary_key=True)]
    return found + [sa.Column(name, sa.BigInteger(), primary_key=True, autoincrement=False) for name in numbers]
