"""The tables of what all jobs have taught."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text

cells = sa.Table(
    "flow_cells",
    metadata,
    key("process", primary_key=True),
    key("segment", primary_key=True),
    count("month", primary_key=True),
    key("measure", primary_key=True),
    key("state", primary_key=True),
    key("value", primary_key=True),
    count("gone", primary_key=True),
    text("body"),
    sqlite_with_rowid=False,
    comment="What was counted of jobs; body says how many, how long, and of how many customers, and of nobody. "
    "gone is 1 for what was counted of jobs that are archived since: nothing here can count them again.",
)

pieces = sa.Table(
    "flow_pieces",
    metadata,
    key("process", primary_key=True),
    key("fate", primary_key=True),
    key("options", primary_key=True),
    key("option", primary_key=True),
    count("made", primary_key=True),
    count("over", primary_key=True),
    count("size", primary_key=True),
    count("gone", primary_key=True),
    count("choices"),
    sqlite_with_rowid=False,
    comment="Choices of pieces that states use up, each of size pieces: made on a day, waiting, or used or withdrawn "
    "on the day over, and of nobody. Days are ordinals of the calendar. gone is as of cells.",
)

piecework = sa.Table(
    "flow_piecework",
    metadata,
    key("job_id", primary_key=True),
    count("seq"),
    text("body"),
    comment="What of a job is in the pieces, up to that entry of its history; jobs that use nothing up have none.",
)

lives = sa.Table(
    "flow_lives",
    metadata,
    key("job_id", primary_key=True),
    count("seq"),
    text("body"),
    comment="What of a job is in the cells, up to that entry of its history.",
)
