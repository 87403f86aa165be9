"""The tables of conversations: files, who may open them in which job, and what was written without a job."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text, time

files = sa.Table(
    "flow_files",
    metadata,
    key("id", primary_key=True),  # the first half of the hash of salt and contents: what it is cannot change
    key("author"),
    key("job"),  # the job in which it is used, or for which it was uploaded; empty: none yet
    key("party"),  # whose conversation without a job it belongs to; empty: none
    text("name"),
    text("type"),
    key("kind"),
    count("size"),
    text("salt"),
    key("state"),
    text("why"),
    time("made"),
    time("looked"),  # when it is to be looked at; never again once it was
    time("swept"),  # when its contents are to be deleted; never while it is in use
    time("erased", nullable=True),
    sa.Index("ix_flow_files_job", "job"),
    sa.Index("ix_flow_files_author", "author", "made"),
    sa.Index("ix_flow_files_party", "party"),
    sa.Index("ix_flow_files_looked", "looked"),
    sa.Index("ix_flow_files_swept", "swept"),
    sqlite_with_rowid=False,
)
"""Files as they were uploaded; the contents are elsewhere, under the id."""

shown_files = sa.Table(
    "flow_shown_files",
    metadata,
    key("job_id", primary_key=True),
    key("file", primary_key=True),
    key("whom", primary_key=True),
    key("customer"),
    sa.Index("ix_flow_shown_files_customer", "customer"),
    sqlite_with_rowid=False,
)
"""To whom of those outside the files of a job are shown, by seating; ``answer`` for what was answered on a step, which
the customer may open where he may know the answer. ``customer`` is the job's."""

written = sa.Table(
    "flow_written",
    metadata,
    key("party", primary_key=True),
    count("number", primary_key=True),
    time("at"),
    key("author"),
    key("request"),  # the request key with which it was written; empty: none
    count("answers"),  # the number of the last that it answers; 0: nothing
    text("text"),
    text("files"),
    time("due"),  # until when it is to be answered; never where nobody has to, or somebody has
    sa.Index("ix_flow_written_due", "due", "party"),
    sqlite_with_rowid=False,
)
"""What a customer and the organisation write to one another without a job. The rows of a customer who is erased are
deleted."""
