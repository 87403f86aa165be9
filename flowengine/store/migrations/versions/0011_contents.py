"""Contents stand beside the history, so that they can be erased (L5).

Every entry is written anew, with holes in the place of its contents, and its job is chained anew, once its chain was
verified: of what is broken nothing is changed, so that an audit finds it as it was. ``flow_rechained`` keeps the hash
that a job's last entry had before. All is one transaction, read in pages: cut short, it begins anew. Code of the
revision before cannot read what is written from now on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from flowengine.store.codec import decode
from flowengine.store.history import Entry, chained, written

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LOG = logging.getLogger("flowengine.store")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PAGE = 500
REFUSAL = "the history of flowengine is append-only"
ERASING = "EXISTS (SELECT 1 FROM flow_settings WHERE name = 'erasing')"
"""A transaction that has put this row into ``flow_settings`` may change ``contents``, and takes it out again."""

SQLITE = (
    f"""CREATE TRIGGER flow_history_unchanged BEFORE UPDATE ON flow_history
    WHEN NOT (OLD.contents IS NOT NULL AND NEW.contents IS NOT NULL AND NEW.job_id IS OLD.job_id AND NEW.seq IS OLD.seq
        AND NEW.at IS OLD.at AND NEW.hash IS OLD.hash AND NEW.body IS OLD.body AND {ERASING})
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
)
POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION flow_history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM flow_settings WHERE name = 'archiving') THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            IF OLD.contents IS NOT NULL AND NEW.contents IS NOT NULL
                AND (NEW.job_id, NEW.seq, NEW.at, NEW.hash, NEW.body)
                    IS NOT DISTINCT FROM (OLD.job_id, OLD.seq, OLD.at, OLD.hash, OLD.body)
                AND {ERASING} THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}';
    END $$""",
    """CREATE TRIGGER flow_history_unchanged BEFORE UPDATE OR DELETE ON flow_history
    FOR EACH ROW EXECUTE FUNCTION flow_history_refuse()""",
)

_H = sa.table("flow_history", *(sa.column(name) for name in ("job_id", "seq", "hash", "body", "contents")))
_J = sa.table("flow_jobs", *(sa.column(name) for name in ("id", "seq", "hash")))
_R = sa.table("flow_rechained", *(sa.column(name) for name in ("job_id", "seq", "hash")))
_REWRITE = (
    sa.update(_H)
    .where(_H.c.job_id == sa.bindparam("job"), _H.c.seq == sa.bindparam("number"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("hash", "body", "contents")})
)


def upgrade() -> None:
    """Add the column and the table, write all histories anew, and let only contents be changed from then on."""
    op.add_column("flow_history", sa.Column("contents", sa.Text(), nullable=True))
    op.create_table(
        "flow_rechained",
        sa.Column("job_id", KEY, primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_flow_rechained"),
    )
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    op.execute("DROP TRIGGER flow_history_unchanged" + ("" if sqlite else " ON flow_history"))
    for job, seq, last in _jobs(connection):
        if _is_whole(connection, job, seq, last):
            _rechain(connection, job, seq, last)
        else:
            LOG.warning("the history of job %s is broken, and is left as it is", job)
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)
    op.execute("UPDATE flow_settings SET value = '0011' WHERE name = 'oldest_code'")


def _jobs(connection: sa.Connection) -> Iterator[Any]:
    """Each job, with the number and the hash of its last entry."""
    after = ""
    while rows := connection.execute(sa.select(_J).where(_J.c.id > after).order_by(_J.c.id).limit(PAGE)).all():
        yield from rows
        after = rows[-1].id


def _pages(connection: sa.Connection, job: str) -> Iterator[list[Any]]:
    """The entries of a job as they were stored, a page at a time."""
    after = 0
    columns = sa.select(_H.c.seq, _H.c.hash, _H.c.body).where(_H.c.job_id == job)
    while rows := connection.execute(columns.where(_H.c.seq > after).order_by(_H.c.seq).limit(PAGE)).all():
        yield list(rows)
        after = rows[-1].seq


def _is_whole(connection: sa.Connection, job: str, last: int, hash_: str) -> bool:
    """Whether its chain is whole, and all of it can be read."""
    seq, link = 0, job
    for page in _pages(connection, job):
        for row in page:
            seq, link = seq + 1, chained(link, row.body.encode())
            try:
                decode(row.body, Entry)
            except msgspec.MsgspecError:
                return False
            if (row.seq, row.hash) != (seq, link):
                return False
    return (seq, link) == (last, hash_)


def _rechain(connection: sa.Connection, job: str, seq: int, before: str) -> None:
    """Put its contents beside its entries, and chain these anew."""
    link = job
    for page in _pages(connection, job):
        many = []
        for row in page:
            new = written(decode(row.body, Entry))
            link = chained(link, new.body)
            values = {"new_hash": link, "new_body": new.body.decode(), "new_contents": new.contents}
            many.append({"job": job, "number": row.seq} | values)
        connection.execute(_REWRITE, many)
    connection.execute(sa.update(_J).where(_J.c.id == job).values(hash=link))
    connection.execute(sa.insert(_R).values(job_id=job, seq=seq, hash=before))
