"""Contacts of their own, and who acts for whom.

The one contact that a person had becomes the first of his contacts. Code of the revision before goes on writing that
one alone: by it he is still found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from flowengine.people.contacts import any_way

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PORTION = 1_000

PEOPLE = sa.table("flow_people", *(sa.column(name) for name in ("id", "body", "created")))
CONTACTS = sa.table(
    "flow_contacts",
    *(sa.column(name) for name in ("person", "kind", "key", "place", "address", "added", "verified", "how")),
)


def upgrade() -> None:
    """Make the tables, and a row of each contact that there is."""
    op.create_table(
        "flow_contacts",
        sa.Column("person", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("verified", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "kind", "key", name="pk_flow_contacts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_contacts_key", "flow_contacts", ["kind", "key", "person"])
    op.create_table(
        "flow_acting",
        sa.Column("person", KEY, nullable=False),
        sa.Column("party", KEY, nullable=False),
        sa.Column("may", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "party", name="pk_flow_acting"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_acting_party", "flow_acting", ["party", "person"])
    _copy(op.get_bind())


def _copy(connection: sa.Connection) -> None:
    for rows in _portions(connection):
        found = [_row(*row) for row in rows]
        if there := [row for row in found if row is not None]:
            connection.execute(sa.insert(CONTACTS), there)


def _portions(connection: sa.Connection) -> Iterator[list[Any]]:
    look = sa.select(PEOPLE.c.id, PEOPLE.c.body, PEOPLE.c.created).order_by(PEOPLE.c.id).limit(PORTION)
    after = ""
    while rows := list(connection.execute(look.where(PEOPLE.c.id > sa.literal(after)))):
        yield rows
        after = rows[-1][0]


def _row(id: str, body: str, created: int) -> dict[str, Any] | None:
    contact = json.loads(body).get("contact", "")
    if not contact.strip():
        return None
    way = any_way(contact)
    kept = {"kind": way.kind, "key": way.key.replace("\0", "\ufffd"), "address": way.address.replace("\0", "\ufffd")}
    return kept | {"person": id, "place": 1, "added": created, "verified": None, "how": ""}
