"""The table of promises: what each job has promised, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import added, key, metadata, text, time

promises = sa.Table(
    "flow_promises",
    metadata,
    key("job_id", primary_key=True),
    key("process"),
    key("customer"),
    key("state"),
    time("promised"),
    text("body"),
    added("look", sa.BigInteger(), "0"),
    sa.Index("ix_flow_promises_promised", "promised", "job_id"),
    sa.Index(
        "ix_flow_promises_look",
        "look",
        "job_id",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    comment="One row a job that has promised something; state, and the promise that its head holds as well. look: when "
    "it is to be found out again whether it is at risk.",
)
