"""The tables of processes, jobs, and all that is open of them."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import NEVER, Key, Micros, added, count, key, metadata, text, time

settings = sa.Table(
    "flow_settings",
    metadata,
    key("name", primary_key=True),
    text("value"),
    comment="Switches of the database. A row named archiving lets its own transaction delete history; deeds is the "
    "head of the chain of administrative deeds.",
)

processes = sa.Table(
    "flow_processes",
    metadata,
    key("name", primary_key=True),
    key("version", primary_key=True),
    count("number"),
    text("title"),
    text("source"),
    time("at"),
)

people = sa.Table(
    "flow_people",
    metadata,
    key("id", primary_key=True),
    key("kind"),
    key("name_key"),
    key("contact_key"),
    text("body"),
    time("created"),
    sa.Index("ix_flow_people_name_key", "name_key", "id"),
    sa.Index("ix_flow_people_contact_key", "contact_key", "id"),
    comment="One record a person, body as JSON; the keys are the lower-cased name and contact, to search.",
)

memberships = sa.Table(
    "flow_memberships",
    metadata,
    key("group_name", primary_key=True),
    sa.Column("person", Key, sa.ForeignKey("flow_people.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    sa.Index("ix_flow_memberships_person", "person"),
    sqlite_with_rowid=False,
)

jobs = sa.Table(
    "flow_jobs",
    metadata,
    key("id", primary_key=True),
    key("short"),
    key("process"),
    key("version"),
    key("customer"),
    key("status"),
    count("seq"),
    text("hash"),
    time("started"),
    time("updated"),
    time("ended", nullable=True),
    text("head"),
    text("root", nullable=True),
    text("data"),
    sa.Column("parent", Key, nullable=True),
    time("promised", nullable=True),
    added("counted", sa.BigInteger(), "0"),
    sa.Index("ix_flow_jobs_short", "short"),
    sa.Index("ix_flow_jobs_customer", "customer", "id"),
    sa.Index("ix_flow_jobs_process", "process", "id"),
    sa.Index("ix_flow_jobs_status", "status", "id"),
    sa.Index(
        "ix_flow_jobs_parent",
        "parent",
        sqlite_where=sa.text("parent IS NOT NULL"),
        postgresql_where=sa.text("parent IS NOT NULL"),
    ),
    sa.Index(
        "ix_flow_jobs_promised",
        "promised",
        "id",
        sqlite_where=sa.text("promised IS NOT NULL"),
        postgresql_where=sa.text("promised IS NOT NULL"),
    ),
    sa.Index(
        "ix_flow_jobs_uncounted",
        "id",
        sqlite_where=sa.text("counted = 0"),
        postgresql_where=sa.text("counted = 0"),
    ),
    postgresql_with={"fillfactor": 70},
    comment="One row a job: its head, its root branch and its data. seq and hash are those of its last history entry. "
    "parent: the call, as <job id>.<number>, that it was started for; NULL for a job that a person wished for. "
    "promised: the moment that was promised, while the job is open and that is neither kept nor broken. "
    "counted: 1 where all that has happened is in the cells of insight.",
)

branches = sa.Table(
    "flow_branches",
    metadata,
    key("job_id", primary_key=True),
    key("id", primary_key=True),
    key("parent"),
    count("made"),
    text("body"),
    sa.Index("ix_flow_branches_parent", "job_id", "parent", "made"),
    comment="Branches below the root. made orders them as they were opened.",
)

steps = sa.Table(
    "flow_steps",
    metadata,
    key("job_id", primary_key=True),
    count("number", primary_key=True),
    key("audience", primary_key=True),
    count("seat"),
    count("answered"),
    key("branch"),
    time("opened"),
    sa.Column("claimed", Key, nullable=True),
    key("process"),
    key("customer"),
    text("body"),
    text("seated", nullable=True),
    added("urgent", Micros, "0"),
    added("own", Micros, "0"),
    added("due", Micros, str(NEVER)),
    sa.Column("holder", Key, nullable=True),
    text("barred", nullable=True),
    added("words", sa.Text(), "''"),
    sa.Index("ix_flow_steps_urgent", "audience", "answered", "urgent", "job_id", "number", "process", "customer"),
    sa.Index(
        "ix_flow_steps_holder",
        "holder",
        "urgent",
        "job_id",
        "number",
        sqlite_where=sa.text("holder IS NOT NULL"),
        postgresql_where=sa.text("holder IS NOT NULL"),
    ),
    sa.Index(
        "ix_flow_steps_claimed",
        "claimed",
        "job_id",
        "number",
        sqlite_where=sa.text("claimed IS NOT NULL"),
        postgresql_where=sa.text("claimed IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
    comment="Open steps, one row for each audience or seat. seated is the seat as JSON, answered 1 once it has spoken. "
    "urgent: by what an inbox is sorted; own: the same without the job's promise. holder: whose it is before others, "
    "who claimed it or for whom it is kept. barred: whom it excludes, as JSON. words: its title, for searching.",
)

timers = sa.Table(
    "flow_timers",
    metadata,
    key("job_id", primary_key=True),
    count("number", primary_key=True),
    key("branch"),
    time("wake"),
    count("attempts"),
    text("last_error"),
    added("claimed_until", Micros, "0"),
    sa.Index("ix_flow_timers_wake", "wake", "job_id", "number"),
    sa.Index(
        "ix_flow_timers_failed",
        "job_id",
        "number",
        sqlite_where=sa.text("attempts > 0"),
        postgresql_where=sa.text("attempts > 0"),
    ),
    sqlite_with_rowid=False,
    comment="Set timers. wake is when to fire it: its due time, later after a failure. Until claimed_until it is in "
    "some worker's hands.",
)

schedules = sa.Table(
    "flow_schedules",
    metadata,
    key("process", primary_key=True),
    count("number", primary_key=True),
    text("every"),
    text("zone"),
    time("moment"),
    time("wake"),
    time("claimed_until"),
    count("attempts"),
    text("last_error"),
    sa.Index("ix_flow_schedules_wake", "wake", "process", "number"),
    sqlite_with_rowid=False,
    comment="When processes start jobs by the clock. moment is when the next job is due; wake, when that is tried: "
    "later after a failure. Until claimed_until it is in some worker's hands.",
)

calls = sa.Table(
    "flow_calls",
    metadata,
    key("job_id", primary_key=True),
    count("number", primary_key=True),
    key("branch"),
    text("body"),
    text("incident"),
    time("next_at", nullable=True),
    count("epoch"),
    count("attempts"),
    text("worker"),
    time("lease_until", nullable=True),
    text("last_error"),
    added("lane", Key, "''"),
    added("alone", sa.BigInteger(), "0"),
    added("progress", sa.Text(), "''"),
    added("trace", sa.Text(), "''"),
    sa.Index(
        "ix_flow_calls_ready",
        "lane",
        "next_at",
        "job_id",
        "number",
        sqlite_where=sa.text("incident = '' AND next_at IS NOT NULL"),
        postgresql_where=sa.text("incident = '' AND next_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_flow_calls_incident",
        "job_id",
        "number",
        sqlite_where=sa.text("incident <> ''"),
        postgresql_where=sa.text("incident <> ''"),
    ),
    comment="Open service calls. next_at: when to try next (a lease's end while one runs); NULL: not by a worker. "
    "lane: a handler's name where external workers serve it, else empty. alone: 1 where the next attempt is to run in "
    "a process of its own. trace: the W3C traceparent of the act that opened it.",
)

outbox = sa.Table(
    "flow_outbox",
    metadata,
    key("job_id", primary_key=True),
    count("seq", primary_key=True),
    count("number", primary_key=True),
    key("kind"),
    text("body"),
    time("next_at"),
    count("attempts"),
    text("last_error"),
    added("lane", Key, "''"),
    added("incident", sa.Text(), "''"),
    sa.Index(
        "ix_flow_outbox_ready",
        "next_at",
        "job_id",
        "seq",
        "number",
        sqlite_where=sa.text("incident = ''"),
        postgresql_where=sa.text("incident = ''"),
    ),
    sa.Index("ix_flow_outbox_lane", "job_id", "lane", "seq", "number"),
    sa.Index(
        "ix_flow_outbox_incident",
        "job_id",
        "seq",
        "number",
        sqlite_where=sa.text("incident <> ''"),
        postgresql_where=sa.text("incident <> ''"),
    ),
    sqlite_with_rowid=False,
    comment="What a job asks of other jobs and people, written with the act that asks it. Rows of one job and lane (a "
    "receiver) go out in their order; a row with an incident waits for an operator and holds nobody up.",
)

awaiting = sa.Table(
    "flow_awaiting",
    metadata,
    key("job_id", primary_key=True),
    key("branch", primary_key=True),
    count("number", primary_key=True),
    key("message"),
    key("key"),
    sa.Index("ix_flow_awaiting_message", "message", "key", "job_id"),
    sqlite_with_rowid=False,
    comment="What branches wait for from outside; key is * where any will do, else it stands behind =. A row with an "
    "empty message stands for an open job of the revision before, of which this is not known yet.",
)

messages = sa.Table(
    "flow_messages",
    metadata,
    key("message", primary_key=True),
    key("key", primary_key=True),
    key("id", primary_key=True),
    text("body"),
    time("until"),
    sa.Index("ix_flow_messages_until", "until"),
    sqlite_with_rowid=False,
    comment="Messages that came before anybody waited for them, for whoever will, until they are forgotten.",
)

tokens = sa.Table(
    "flow_tokens",
    metadata,
    key("hash", primary_key=True),
    key("id"),
    key("scope"),
    key("subject"),
    text("body"),
    time("created"),
    time("expires", nullable=True),
    time("revoked", nullable=True),
    time("used", nullable=True),
    sa.Index("ix_flow_tokens_id", "id"),
    sa.Index("ix_flow_tokens_scope", "scope", "id"),
    sa.Index("ix_flow_tokens_subject", "subject", "scope"),
    sqlite_with_rowid=False,
    comment="Who may come in from outside. hash is the SHA-256 of the token, which is shown once and never stored.",
)

calendars = sa.Table(
    "flow_calendars",
    metadata,
    key("name", primary_key=True),
    count("changes"),
    sqlite_with_rowid=False,
    comment="One row a calendar or person, written before the bookings are: so they are changed one after another.",
)

bookings = sa.Table(
    "flow_bookings",
    metadata,
    key("calendar", primary_key=True),
    count("cell", primary_key=True),
    count("seat", primary_key=True),
    time("until"),
    key("job_id"),
    time("slot"),
    time("slot_end"),
    time("held_until", nullable=True),
    sa.Index("ix_flow_bookings_job", "job_id", "calendar", "slot"),
    sqlite_with_rowid=False,
    comment="Booked slots, one row for each cell of the calendar's grid and seat; and those of people (person:<id>).",
)

history = sa.Table(
    "flow_history",
    metadata,
    key("job_id", primary_key=True),
    count("seq", primary_key=True),
    time("at"),
    text("hash"),
    text("body"),
    text("contents", nullable=True),
    comment="One row a command, never changed: hash is SHA-256 of the hash before it and of body's bytes (L5). "
    "contents is what stands in the holes of the body; a row named erasing in flow_settings lets its own transaction "
    "change it.",
)

rechained = sa.Table(
    "flow_rechained",
    metadata,
    key("job_id", primary_key=True),
    count("seq"),
    text("hash"),
    comment="Jobs whose contents were put beside their histories by an upgrade: the number and the hash that their "
    "last entry had before.",
)

participants = sa.Table(
    "flow_participants",
    metadata,
    key("job_id", primary_key=True),
    key("person", primary_key=True),
    count("step", primary_key=True),
    count("seq"),
    sa.Index("ix_flow_participants_person", "person", "job_id"),
    sqlite_with_rowid=False,
    comment="People who acted on steps of others' jobs, or began them (step 0); seq is that of the last entry of it.",
)

receipts = sa.Table(
    "flow_receipts",
    metadata,
    key("actor", primary_key=True),
    key("key", primary_key=True),
    key("job_id"),
    text("body_hash"),
    sa.Column("receipt", sa.LargeBinary(), nullable=False),
    time("at"),
    sa.Index("ix_flow_receipts_job", "job_id"),
    sqlite_with_rowid=False,
    comment="What was answered to a request, by its key (L3).",
)
