"""What is known of customers: facts, ids that are the same person, and what people were told by letters.

Nothing is filled in: of the letters that were sent before, nothing was kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "flow_facts",
        _key("person"),
        _key("id"),
        _number("version"),
        _key("short"),
        _key("kind"),
        _number("latest"),
        _number("waits"),
        _number("shown"),
        _number("at"),
        _key("process"),
        _text("closed_to"),
        _text("words"),
        _text("body"),
        sa.PrimaryKeyConstraint("person", "id", "version", name="pk_flow_facts"),
    )
    op.create_index("ix_flow_facts_id", "flow_facts", ["id", "version"])
    op.create_index("ix_flow_facts_short", "flow_facts", ["short"])
    op.create_index("ix_flow_facts_newest", "flow_facts", ["person", "latest", "at", "id"])
    op.create_table(
        "flow_aliases",
        _key("id"),
        _key("merged_into"),
        _key("root"),
        _number("at"),
        _key("by"),
        _text("because"),
        sa.PrimaryKeyConstraint("id", name="pk_flow_aliases"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_aliases_root", "flow_aliases", ["root", "id"])
    op.create_table(
        "flow_distinct",
        _key("first"),
        _key("second"),
        _number("at"),
        _key("by"),
        sa.PrimaryKeyConstraint("first", "second", name="pk_flow_distinct"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_letters",
        _key("person"),
        _number("at"),
        _key("id"),
        _key("job"),
        _key("channel"),
        _key("why"),
        _text("subject"),
        sa.PrimaryKeyConstraint("person", "at", "id", name="pk_flow_letters"),
        sqlite_with_rowid=False,
    )


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, KEY, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)
