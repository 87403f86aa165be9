"""An inbox is sorted by urgency, narrowed and counted where the steps are.

What is new in a row follows from its body and its job's promise, and is filled in for the steps that are open.
Processes of the revision before know nothing of it: what they open meanwhile is listed first (urgent is 0), until
something is done to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NEVER, SOME_DAY = 2**62, 2**61
PORTION = 1_000

STEPS = sa.table(
    "flow_steps",
    *(sa.column(name) for name in ("job_id", "number", "audience", "body", "urgent", "own", "due")),
    *(sa.column(name) for name in ("holder", "barred", "words")),
)
JOBS = sa.table("flow_jobs", sa.column("id"), sa.column("head"))


def upgrade() -> None:
    """Add the columns, fill them, and change the index by which inboxes are read."""
    for name, unknown in (("urgent", 0), ("own", 0), ("due", NEVER)):
        default = sa.text(str(unknown))
        op.add_column("flow_steps", sa.Column(name, sa.BigInteger(), nullable=False, server_default=default))
    op.add_column("flow_steps", sa.Column("holder", KEY, nullable=True))
    op.add_column("flow_steps", sa.Column("barred", sa.Text(), nullable=True))
    op.add_column("flow_steps", sa.Column("words", sa.Text(), nullable=False, server_default=sa.text("''")))
    _fill(op.get_bind())
    op.drop_index("ix_flow_steps_inbox", "flow_steps")
    op.create_index(
        "ix_flow_steps_urgent",
        "flow_steps",
        ["audience", "answered", "urgent", "job_id", "number", "process", "customer"],
    )
    there = sa.text("holder IS NOT NULL")
    op.create_index(
        "ix_flow_steps_holder",
        "flow_steps",
        ["holder", "urgent", "job_id", "number"],
        sqlite_where=there,
        postgresql_where=there,
    )


def _fill(connection: sa.Connection) -> None:
    this = (STEPS.c.job_id == sa.bindparam("of_job"), STEPS.c.number == sa.bindparam("of_number"))
    change = sa.update(STEPS).where(*this, STEPS.c.audience == sa.bindparam("whom"))
    for rows in _portions(connection):
        connection.execute(
            change,
            [{"of_job": row[0], "of_number": row[1], "whom": row[2]} | _columns(*row[2:]) for row in rows],
        )


def _portions(connection: sa.Connection) -> Iterator[list[Any]]:
    key = (STEPS.c.job_id, STEPS.c.number, STEPS.c.audience)
    look = sa.select(*key, STEPS.c.body, JOBS.c.head).join_from(STEPS, JOBS, JOBS.c.id == STEPS.c.job_id)
    after: tuple[Any, ...] = ("", -1, "")
    while True:
        place = sa.tuple_(*key) > sa.tuple_(*map(sa.literal, after))
        rows = list(connection.execute(look.where(place).order_by(*key).limit(PORTION)))
        if not rows:
            return
        yield rows
        after = tuple(rows[-1][:3])


def _columns(audience: str, body: str, head: str) -> dict[str, Any]:
    customer = json.loads(head)["customer"]
    hears = audience.startswith("role:") or audience in ("staff", f"person:{customer}")
    step, promise = json.loads(body), json.loads(head).get("promise") or {}
    due, appointment, barred = _micros(step, "due"), _micros(step, "appointment"), step.get("excluded")
    own = min(due, appointment)
    own = SOME_DAY + _micros(step, "opened") if own == NEVER else own
    promised = _micros(promise, "by") if promise.get("kept") is None else NEVER
    return {
        "urgent": min(own, promised) if hears else own,
        "own": own,
        "due": due,
        "holder": step.get("claimed") or step.get("preferred"),
        "barred": json.dumps(barred, ensure_ascii=False, separators=(",", ":")) if barred else None,
        "words": step.get("title", "").casefold().replace("\0", "\ufffd"),
    }


def _micros(value: Mapping[str, Any], name: str) -> int:
    if not value.get(name):
        return NEVER
    since: timedelta = datetime.fromisoformat(value[name]) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)
