"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

REFUSAL = "the history of flowengine is append-only"
"""Rows of the history are never changed, and deleted only by a transaction that has put the row ``archiving`` into
``flow_settings`` (and takes it out again before it commits)."""

SQLITE_TRIGGERS = (
    f"""CREATE TRIGGER flow_history_unchanged BEFORE UPDATE ON flow_history
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    f"""CREATE TRIGGER flow_history_kept BEFORE DELETE ON flow_history
    WHEN NOT EXISTS (SELECT 1 FROM flow_settings WHERE name = 'archiving')
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
)

POSTGRESQL_TRIGGERS = (
    f"""CREATE FUNCTION flow_history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM flow_settings WHERE name = 'archiving') THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION '{REFUSAL}';
    END $$""",
    """CREATE TRIGGER flow_history_unchanged BEFORE UPDATE OR DELETE ON flow_history
    FOR EACH ROW EXECUTE FUNCTION flow_history_refuse()""",
    """CREATE TRIGGER flow_history_kept BEFORE TRUNCATE ON flow_history
    FOR EACH STATEMENT EXECUTE FUNCTION flow_history_refuse()""",
)


def upgrade() -> None:
    """Make all tables, their indexes, and the triggers that keep the history append-only."""
    tables()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in SQLITE_TRIGGERS if sqlite else POSTGRESQL_TRIGGERS:
        op.execute(trigger)


def tables() -> None:
    """The tables as they were in this revision."""
    op.create_table(
        "flow_bookings",
        sa.Column("calendar", KEY, nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("seat", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("slot_end", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("calendar", "cell", "seat", name="pk_flow_bookings"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_bookings_job", "flow_bookings", ["job_id", "calendar", "slot"])
    op.create_table(
        "flow_branches",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent", KEY, nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "id", name="pk_flow_branches"),
    )
    op.create_index("ix_flow_branches_parent", "flow_branches", ["job_id", "parent", "made"])
    op.create_table(
        "flow_calendars",
        sa.Column("name", KEY, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_flow_calendars"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_calls",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("branch", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_flow_calls"),
    )
    op.create_index(
        "ix_flow_calls_incident",
        "flow_calls",
        ["job_id", "number"],
        sqlite_where=sa.text("incident <> ''"),
        postgresql_where=sa.text("incident <> ''"),
    )
    op.create_index(
        "ix_flow_calls_ready",
        "flow_calls",
        ["next_at", "job_id", "number"],
        sqlite_where=sa.text("incident = '' AND next_at IS NOT NULL"),
        postgresql_where=sa.text("incident = '' AND next_at IS NOT NULL"),
    )
    op.create_table(
        "flow_history",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_flow_history"),
    )
    op.create_table(
        "flow_jobs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("short", KEY, nullable=False),
        sa.Column("process", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("customer", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flow_jobs"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_flow_jobs_customer", "flow_jobs", ["customer", "id"])
    op.create_index("ix_flow_jobs_process", "flow_jobs", ["process", "id"])
    op.create_index("ix_flow_jobs_short", "flow_jobs", ["short"])
    op.create_index("ix_flow_jobs_status", "flow_jobs", ["status", "id"])
    op.create_table(
        "flow_outbox",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "seq", "number", name="pk_flow_outbox"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_outbox_next_at", "flow_outbox", ["next_at", "job_id", "seq", "number"])
    op.create_table(
        "flow_people",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("contact_key", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flow_people"),
    )
    op.create_index("ix_flow_people_contact_key", "flow_people", ["contact_key", "id"])
    op.create_index("ix_flow_people_name_key", "flow_people", ["name_key", "id"])
    op.create_table(
        "flow_processes",
        sa.Column("name", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_flow_processes"),
    )
    op.create_table(
        "flow_receipts",
        sa.Column("actor", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_flow_receipts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_receipts_at", "flow_receipts", ["at"])
    op.create_table(
        "flow_settings",
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_flow_settings"),
    )
    op.create_table(
        "flow_steps",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("audience", KEY, nullable=False),
        sa.Column("seat", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=False),
        sa.Column("branch", KEY, nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("claimed", KEY, nullable=True),
        sa.Column("process", KEY, nullable=False),
        sa.Column("customer", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("seated", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "number", "audience", name="pk_flow_steps"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_steps_inbox", "flow_steps", ["audience", "answered", "opened", "job_id", "number"])
    op.create_table(
        "flow_timers",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("branch", KEY, nullable=False),
        sa.Column("wake", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_flow_timers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_timers_wake", "flow_timers", ["wake", "job_id", "number"])
    op.create_table(
        "flow_memberships",
        sa.Column("group_name", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["flow_people.id"], name="fk_flow_memberships_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_name", "person", name="pk_flow_memberships"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_memberships_person", "flow_memberships", ["person"])
