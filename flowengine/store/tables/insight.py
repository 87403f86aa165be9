"""The tables of what all jobs have taught."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text, time

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
    time("again", nullable=True),
    sa.Index(
        "ix_flow_lives_again",
        "again",
        "job_id",
        sqlite_where=sa.text("again IS NOT NULL"),
        postgresql_where=sa.text("again IS NOT NULL"),
    ),
    comment="What of a job is in the cells, up to that entry of its history. again: when an open one that stands "
    "still has lasted so much longer that it teaches something else.",
)

expected = sa.Table(
    "flow_expected",
    metadata,
    key("process", primary_key=True),
    key("state", primary_key=True),
    count("gone", primary_key=True),
    text("body"),
    comment="How much longer jobs took that stood in a state, counted: one row a state, an empty one for jobs as a "
    "whole. gone as in flow_cells.",
)

calibrated = sa.Table(
    "flow_calibrated",
    metadata,
    key("process", primary_key=True),
    count("stamp"),
    text("body"),
    comment="By how much expected dates of a process are corrected, as jobs that were over have taught. stamp is "
    "another one each time something of flow_expected was written.",
)
