"""Conversations, and files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, KEY, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "flow_files",
        *(_key(name) for name in ("id", "author", "job", "party")),
        *(_text(name) for name in ("name", "type")),
        _key("kind"),
        _number("size"),
        _text("salt"),
        _key("state"),
        _text("why"),
        *(_number(name) for name in ("made", "looked", "swept")),
        _number("erased", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_files"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_files_job", "flow_files", ["job"])
    op.create_index("ix_flow_files_author", "flow_files", ["author", "made"])
    for name in ("party", "looked", "swept"):
        op.create_index(f"ix_flow_files_{name}", "flow_files", [name])
    op.create_table(
        "flow_shown_files",
        *(_key(name) for name in ("job_id", "file", "whom", "customer")),
        sa.PrimaryKeyConstraint("job_id", "file", "whom", name="pk_flow_shown_files"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_shown_files_customer", "flow_shown_files", ["customer"])
    op.create_table(
        "flow_written",
        _key("party"),
        _number("number"),
        _number("at"),
        *(_key(name) for name in ("author", "request")),
        _number("answers"),
        *(_text(name) for name in ("text", "files")),
        _number("due"),
        sa.PrimaryKeyConstraint("party", "number", name="pk_flow_written"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_written_due", "flow_written", ["due", "party"])
