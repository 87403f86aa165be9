"""The tables of what is known of customers."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text, time

facts = sa.Table(
    "flow_facts",
    metadata,
    key("person", primary_key=True),
    key("id", primary_key=True),
    count("version", primary_key=True),
    key("short"),
    key("kind"),
    count("latest"),
    count("waits"),
    count("shown"),
    time("at"),
    key("process"),
    text("closed_to"),
    text("words"),
    text("body"),
    sa.Index("ix_flow_facts_id", "id", "version"),
    sa.Index("ix_flow_facts_short", "short"),
    sa.Index("ix_flow_facts_newest", "person", "latest", "at", "id"),
    comment="What is known of a customer, one row a version, body as JSON; latest is 1 for the one that counts, 0 for "
    "those before it, and for what was taken back. at is when it was first said. waits is 1 until it is answered. "
    "shown is 1 where the customer sees it. closed_to are the roles to which it is closed, with a space before and "
    "after each. words is the text in lower case, to search. What a person wrote stands in no chain: rows are deleted.",
)

aliases = sa.Table(
    "flow_aliases",
    metadata,
    key("id", primary_key=True),
    key("merged_into"),
    key("root"),
    time("at"),
    key("by"),
    text("because"),
    sa.Index("ix_flow_aliases_root", "root", "id"),
    sqlite_with_rowid=False,
    comment="Ids that are somebody who has another id: each says into which it was merged; root is where that ends. "
    "Nothing is moved: the row is all that there is of a merge.",
)

distinct = sa.Table(
    "flow_distinct",
    metadata,
    key("first", primary_key=True),
    key("second", primary_key=True),
    time("at"),
    key("by"),
    sqlite_with_rowid=False,
    comment="Pairs of customers of whom somebody has said that they are two; first is the lesser id.",
)

letters = sa.Table(
    "flow_letters",
    metadata,
    key("person", primary_key=True),
    time("at", primary_key=True),
    key("id", primary_key=True),
    key("job"),
    key("channel"),
    key("why"),
    text("subject"),
    sqlite_with_rowid=False,
    comment="Who was told what, and when: one row a letter that was sent. id is that of the message in the outbox.",
)
