"""The table of promises: what each job has promised, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import key, metadata, text, time

promises = sa.Table(
    "flow_promises",
    metadata,
    key("job_id", primary_key=True),
    key("process"),
    key("customer"),
    key("state"),
    time("promised"),
    text("body"),
    sa.Index("ix_flow_promises_promised", "promised", "job_id"),
    comment="One row a job that has promised something; state, and the promise that its head holds as well.",
)
