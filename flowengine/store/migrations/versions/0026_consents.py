"""Records of customers are exchanged with partners, by consents that end.

Code of the revision before neither sends nor takes records, and ends none: what is due waits for code of this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables and their indexes."""
    op.create_table(
        "flow_consents",
        *_keys("id", "person", "partner", "parts"),
        *_numbers("given", "until"),
        *_keys("by"),
        _text("paper"),
        _perhaps("ended"),
        *_keys("why", "ended_by"),
        _perhaps("due"),
        sa.PrimaryKeyConstraint("id", name="pk_flow_consents"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_consents_person", "flow_consents", ["person", "given", "id"])
    op.create_index("ix_flow_consents_due", "flow_consents", ["due"])
    op.create_table(
        "flow_sent_records",
        *_keys("consent"),
        *_numbers("number"),
        *_keys("parts"),
        *_numbers("asked"),
        *_keys("by"),
        _perhaps("taken"),
        _text("problem"),
        _text("body"),
        sa.PrimaryKeyConstraint("consent", "number", name="pk_flow_sent_records"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_received_records",
        *_keys("partner", "consent", "customer", "person", "parts"),
        *_numbers("given", "until", "number", "at"),
        _perhaps("ended"),
        *_keys("why"),
        _perhaps("due"),
        _text("brought"),
        sa.PrimaryKeyConstraint("partner", "consent", name="pk_flow_received_records"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_received_records_person", "flow_received_records", ["person"])
    op.create_index("ix_flow_received_records_customer", "flow_received_records", ["partner", "customer"])
    op.create_index("ix_flow_received_records_due", "flow_received_records", ["due"])


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, KEY, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _perhaps(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
