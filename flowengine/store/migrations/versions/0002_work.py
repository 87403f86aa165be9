"""Work on many machines: lanes, lone attempts and traces of calls, claimed timers, ordered outboxes, tokens.

It only adds, and each new column has a default, so that processes of the revision before go on working until they are
restarted.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OPEN, CLOSED = "incident = ''", "incident <> ''"
READY = f"{OPEN} AND next_at IS NOT NULL"


def upgrade() -> None:
    """Add columns, and make the indexes anew that the hot queries follow now."""
    _add("flow_calls", "lane", KEY, "''")
    _add("flow_calls", "alone", sa.BigInteger(), "0")
    _add("flow_calls", "progress", sa.Text(), "''")
    _add("flow_calls", "trace", sa.Text(), "''")
    _add("flow_timers", "claimed_until", sa.BigInteger(), "0")
    _add("flow_outbox", "lane", KEY, "''")
    _add("flow_outbox", "incident", sa.Text(), "''")
    op.drop_index("ix_flow_calls_ready", "flow_calls")
    _index(
        "ix_flow_calls_ready", "flow_calls", ("lane", "next_at", "job_id", "number"), f"{OPEN} AND next_at IS NOT NULL"
    )
    _index("ix_flow_timers_failed", "flow_timers", ("job_id", "number"), "attempts > 0")
    op.drop_index("ix_flow_outbox_next_at", "flow_outbox")
    _index("ix_flow_outbox_ready", "flow_outbox", ("next_at", "job_id", "seq", "number"), OPEN)
    _index("ix_flow_outbox_incident", "flow_outbox", ("job_id", "seq", "number"), CLOSED)
    op.create_index("ix_flow_outbox_lane", "flow_outbox", ["job_id", "lane", "seq", "number"])
    op.drop_index("ix_flow_receipts_at", "flow_receipts")
    op.create_index("ix_flow_receipts_job", "flow_receipts", ["job_id"])
    op.create_table(
        "flow_tokens",
        sa.Column("hash", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_tokens"),
        sqlite_with_rowid=False,
        comment="Who may come in from outside. hash is the SHA-256 of the token, which is shown once and never stored.",
    )
    op.create_index("ix_flow_tokens_id", "flow_tokens", ["id"])
    op.create_index("ix_flow_tokens_scope", "flow_tokens", ["scope", "id"])
    op.execute("INSERT INTO flow_settings (name, value) VALUES ('oldest_code', '0001')")


def _add(table: str, name: str, type_: sa.types.TypeEngine[Any], default: str) -> None:
    op.add_column(table, sa.Column(name, type_, nullable=False, server_default=sa.text(default)))


def _index(name: str, table: str, columns: tuple[str, ...], where: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
