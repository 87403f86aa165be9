"""The table of administrative deeds: what was changed of the installation, rather than of a job."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import key, metadata, text, time

deeds = sa.Table(
    "flow_deeds",
    metadata,
    sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    time("at"),
    key("verb"),
    key("about"),
    key("also"),
    text("hash"),
    text("body"),
    text("contents", nullable=True),
    sa.Index("ix_flow_deeds_about", "about", "seq"),
    sa.Index("ix_flow_deeds_also", "also", "seq"),
    sqlite_with_rowid=False,
    comment="One row a deed, never changed nor deleted, chained as a history is (L5): about and also are the ids of "
    "what it is about, contents is what stands in the holes of the body. The last number and its hash are in "
    "flow_settings, under deeds.",
)
