"""The tables of parties: their contacts, who acts for whom, and who has brought whom."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text, time

contacts = sa.Table(
    "flow_contacts",
    metadata,
    key("person", primary_key=True),
    key("kind", primary_key=True),
    key("key", primary_key=True),
    count("place"),
    text("address"),
    time("added"),
    time("verified", nullable=True),
    text("how"),
    sa.Index("ix_flow_contacts_key", "kind", "key", "person"),
    sqlite_with_rowid=False,
    comment="Ways to people, each as it was typed, and as a key by which it is found: two that mean the same have one.",
)

acting = sa.Table(
    "flow_acting",
    metadata,
    key("person", primary_key=True),
    key("party", primary_key=True),
    key("may"),
    time("since"),
    time("until"),
    text("because"),
    text("by"),
    time("made"),
    sa.Index("ix_flow_acting_party", "party", "person"),
    sqlite_with_rowid=False,
    comment="Who may act for whom: from a moment until before another.",
)

referrals = sa.Table(
    "flow_referrals",
    metadata,
    key("id", primary_key=True),
    key("sender"),
    key("job_id"),
    count("seq"),
    time("at"),
    key("person"),
    key("standing"),
    key("began"),
    time("came", nullable=True),
    sa.Index("ix_flow_referrals_sender", "sender", "at", "id"),
    sa.Index("ix_flow_referrals_person", "person"),
    sqlite_with_rowid=False,
    comment="Whom customers have named who could need the same: who is meant, and the job that he has begun since.",
)
