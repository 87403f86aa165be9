"""Receipts: what was answered to a request, so that asking again with the same key gives the same answer (L3)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from flowengine.errors import NotFound
from flowengine.speech.phrases import phrase
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain
from flowengine.store.dialects import Dialect
from flowengine.store.jobs import WHOLE, StoredJob, stored
from flowengine.store.query import Query, Statement, inserts, param

_R, _J = t.receipts, t.jobs

FIND = Query(
    "receipts.find",
    "What was answered to this actor's request under this key.",
    sa.select(_R.c.body_hash, _R.c.receipt).where(_R.c.actor == param("actor"), _R.c.key == param("key")),
)
ADD = Query("receipts.add", "Keep what is answered now.", inserts(_R))
RANGE = Query(
    "receipts.range",
    "What was answered to this actor's requests under keys from one to another, the newest first.",
    sa.select(_R.c.key, _R.c.body_hash, _R.c.receipt)
    .where(_R.c.actor == param("actor"), _R.c.key >= param("first"), _R.c.key < param("beyond"))
    .order_by(_R.c.at.desc(), _R.c.key.desc()),
)


def _lock_and_find(dialect: Dialect) -> Statement:
    """SQLite's writers wait before they read, so the number of entries is what it was before the lock."""
    early = _J.alias("before")
    looked_up = sa.select(early.c.seq).where(early.c.id == param("job")).scalar_subquery()
    before = looked_up if dialect.name == "postgresql" else _J.c.seq.label("before")
    return (
        sa.select(*WHOLE, before, _R.c.body_hash, _R.c.receipt)
        .select_from(_J.outerjoin(_R, sa.and_(_R.c.actor == param("actor"), _R.c.key == param("key"))))
        .where(_J.c.id == param("job"))
        .with_for_update(of=_J)
    )


FORGET_ANSWERS = Query(
    "receipts.forget_answers",
    "Let go of what was answered to requests that are of no job, up to a day.",
    sa.delete(_R).where(_R.c.job_id >= param("first"), _R.c.job_id < param("beyond")),
)
LOCK_AND_FIND = Query(
    "receipts.lock_and_find",
    "A job, locked, its number of entries before the lock was waited for, and what was answered under this key.",
    _lock_and_find,
)

ANSWERED = "answered "
"""How begins what stands in the place of a job where an answer is of none; the day on which it was given follows."""

Stored = tuple[str, bytes]
"""The hash of a request's body, and the receipt that was given."""

FORGOTTEN = ""
"""Stands in the place of the hash of a request whose contents were erased: with it they could be guessed."""


class Receipts:
    """Receipts in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def find(self, actor: str, key: str) -> Stored | None:
        """The hash of the request's body and the receipt, or None when the key is fresh."""
        row = self._channel.one(FIND, _key(actor, key))
        return (row[0], row[1]) if row else None

    def expect(self, actor: str, key: str) -> None:
        """:meth:`find` will be asked for these."""
        self._channel.expect(FIND, _key(actor, key))

    def expect_locked(self, job: str, actor: str, key: str) -> None:
        """:meth:`lock_and_find` will be asked for these. The lock may be taken from now on."""
        self._channel.expect(LOCK_AND_FIND, {"job": plain(job)} | _key(actor, key))

    def starting(self, actor: str, key: str) -> list[tuple[str, Stored]]:
        """The key, and what :meth:`find` gives, of each key that is this one, or this one and a space and more; the
        newest first."""
        values = {"actor": plain(actor), "first": plain(key), "beyond": plain(f"{key}!")}
        rows = self._channel.rows(RANGE, values)
        return [
            (found, (body, receipt)) for found, body, receipt in rows if found == key or found.startswith(f"{key} ")
        ]

    def lock_and_find(self, job: str, actor: str, key: str) -> tuple[StoredJob, Stored | None]:
        """A job, locked, and what :meth:`find` gives under that lock. Raises NotFound.

        One statement sees the database as it was before it waited for the lock. Where the job has changed meanwhile,
        the receipt is looked for again.
        """
        row = self._channel.one(LOCK_AND_FIND, {"job": plain(job)} | _key(actor, key))
        if row is None:
            raise NotFound(phrase("there is no job %(job)s", job=repr(job)))
        *columns, seq_before, body_hash, receipt = row
        locked = stored(self._channel, tuple(columns))
        if locked.seq != seq_before:
            return locked, self.find(actor, key)
        return locked, None if body_hash is None else (body_hash, receipt)

    def add(self, actor: str, key: str, job: str, body_hash: str, receipt: bytes, at: datetime) -> None:
        """Keep a receipt. Two requests with one key cannot both be kept: the later transaction fails."""
        row = {"job_id": job, "body_hash": body_hash, "receipt": receipt, "at": micros(at)}
        self._channel.write(ADD, row | _key(actor, key))

    def add_answer(self, actor: str, key: str, body_hash: str, answer: bytes, at: datetime) -> None:
        """As :meth:`add`, for a request that is of no job."""
        self.add(actor, key, f"{ANSWERED}{at.date()}", body_hash, answer, at)

    def forget_answers(self, until: datetime) -> None:
        """Let go of those of days before that of ``until``."""
        self._channel.count(FORGET_ANSWERS, {"first": ANSWERED, "beyond": f"{ANSWERED}{until.date()}"})


def _key(actor: str, key: str) -> dict[str, str]:
    if "\0" in actor or "\0" in key:
        actor, key = plain(actor), plain(key)
    return {"actor": actor, "key": key}
