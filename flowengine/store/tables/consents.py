"""The tables of records that are exchanged with partners: consents, what was sent by them, and what has come."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text, time

consents = sa.Table(
    "flow_consents",
    metadata,
    key("id", primary_key=True),
    key("person"),
    key("partner"),
    key("parts"),
    time("given"),
    time("until"),
    key("by"),
    text("paper"),
    time("ended", nullable=True),
    key("why"),
    key("ended_by"),
    time("due", nullable=True),
    sa.Index("ix_flow_consents_person", "person", "given", "id"),
    sa.Index("ix_flow_consents_due", "due"),
    sqlite_with_rowid=False,
    comment="What customers have consented to: that a partner has parts of their record until a moment. due is when it "
    "ends by itself, until it has ended. Nothing of a row is changed but that it ends, and that its paper is erased.",
)

sent_records = sa.Table(
    "flow_sent_records",
    metadata,
    key("consent", primary_key=True),
    count("number", primary_key=True),
    key("parts"),
    time("asked"),
    key("by"),
    time("taken", nullable=True),
    text("problem"),
    text("body"),
    sqlite_with_rowid=False,
    comment="What was sent of a customer to a partner by a consent, and when he has taken it. body is what was said; "
    "empty once the customer is erased.",
)

received_records = sa.Table(
    "flow_received_records",
    metadata,
    key("partner", primary_key=True),
    key("consent", primary_key=True),
    key("customer"),
    key("person"),
    key("parts"),
    time("given"),
    time("until"),
    count("number"),
    time("at"),
    time("ended", nullable=True),
    key("why"),
    time("due", nullable=True),
    text("brought"),
    sa.Index("ix_flow_received_records_person", "person"),
    sa.Index("ix_flow_received_records_customer", "partner", "customer"),
    sa.Index("ix_flow_received_records_due", "due"),
    sqlite_with_rowid=False,
    comment="Whose records partners have sent, by which of their consents, and what came with each (brought, as JSON): "
    "that goes when it ends. customer is what the partner calls him, person who he is here. A row without a person is "
    "of a consent that had ended before a record came.",
)
