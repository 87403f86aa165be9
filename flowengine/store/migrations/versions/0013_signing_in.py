"""Links, codes, sessions, and what people are known by; and when a token was used last.

Nothing is filled in: nobody was signed in before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables, and the column."""
    op.create_table(
        "flow_sessions",
        sa.Column("hash", KEY, primary_key=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("strength", KEY, nullable=False),
        sa.Column("job", KEY, nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("idle", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_sessions_id", "flow_sessions", ["id"])
    op.create_index("ix_flow_sessions_person", "flow_sessions", ["person", "created"])
    op.create_index("ix_flow_sessions_source", "flow_sessions", ["source"])
    op.create_index("ix_flow_sessions_until", "flow_sessions", ["until"])
    op.create_table(
        "flow_links",
        sa.Column("job_id", KEY, primary_key=True),
        sa.Column("id", KEY, primary_key=True),
        sa.Column("hash", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "id", name="pk_flow_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_links_hash", "flow_links", ["hash"])
    op.create_index("ix_flow_links_id", "flow_links", ["id"])
    op.create_index("ix_flow_links_person", "flow_links", ["person"])
    op.create_table(
        "flow_link_uses",
        sa.Column("job_id", KEY, primary_key=True),
        sa.Column("link", KEY, primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "link", "number", name="pk_flow_link_uses"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_codes",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("person", KEY, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_codes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_codes_until", "flow_codes", ["until"])
    op.create_table(
        "flow_credentials",
        sa.Column("kind", KEY, primary_key=True),
        sa.Column("name", KEY, primary_key=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_flow_credentials"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_credentials_id", "flow_credentials", ["id"])
    op.create_index("ix_flow_credentials_person", "flow_credentials", ["person", "kind"])
    op.create_table(
        "flow_challenges",
        sa.Column("hash", KEY, primary_key=True),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_challenges"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_challenges_until", "flow_challenges", ["until"])
    op.create_table(
        "flow_devices",
        sa.Column("hash", KEY, primary_key=True),
        sa.Column("user_code", KEY, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("polled", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_devices"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_devices_until", "flow_devices", ["until"])
    op.create_index("ix_flow_devices_user_code", "flow_devices", ["user_code"])
    op.create_table(
        "flow_throttles",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("bucket", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "bucket", name="pk_flow_throttles"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_throttles_until", "flow_throttles", ["until"])
    op.create_table(
        "flow_provisional",
        sa.Column("person", KEY, primary_key=True),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_flow_provisional"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_provisional_until", "flow_provisional", ["until"])
    op.add_column("flow_tokens", sa.Column("used", sa.BigInteger(), nullable=True))
    op.create_index("ix_flow_tokens_subject", "flow_tokens", ["subject", "scope"])
