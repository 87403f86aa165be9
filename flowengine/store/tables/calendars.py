"""The table of when calendars are closed, whatever their processes say."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import key, metadata, text, time

closures = sa.Table(
    "flow_closures",
    metadata,
    key("calendar", primary_key=True),
    sa.Column("start", sa.BigInteger(), primary_key=True, nullable=False),
    time("until"),
    text("why"),
    text("by"),
    time("made"),
    sqlite_with_rowid=False,
    comment="Times in which a calendar has no appointments, beside those in which its process says that it is closed.",
)
