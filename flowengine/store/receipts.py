"""Receipts: what was answered to a request, so that asking again with the same key gives the same answer (L3)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain
from flowengine.store.jobs import Jobs, StoredJob
from flowengine.store.query import Query, inserts, param

_R = t.receipts

FIND = Query(
    "receipts.find",
    "What was answered to this actor's request under this key.",
    sa.select(_R.c.body_hash, _R.c.receipt).where(_R.c.actor == param("actor"), _R.c.key == param("key")),
)
ADD = Query("receipts.add", "Keep what is answered now.", inserts(_R))
FORGET = Query("receipts.forget", "Drop receipts older than a moment.", sa.delete(_R).where(_R.c.at < param("before")))


Stored = tuple[str, bytes]
"""The hash of a request's body, and the receipt that was given."""


class Receipts:
    """Receipts in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def find(self, actor: str, key: str) -> Stored | None:
        """The hash of the request's body and the receipt, or None when the key is fresh."""
        row = self._channel.one(FIND, _key(actor, key))
        return (row[0], row[1]) if row else None

    def lock_and_find(self, job: str, actor: str, key: str) -> tuple[StoredJob, Stored | None]:
        """A job, locked, and what :meth:`find` gives under that lock, in one round trip. Raises NotFound."""
        locked, row = Jobs(self._channel).lock_with(job, FIND, _key(actor, key))
        return locked, (row[0], row[1]) if row else None

    def add(self, actor: str, key: str, job: str, body_hash: str, receipt: bytes, at: datetime) -> None:
        """Keep a receipt. Two requests with one key cannot both be kept: the later transaction fails."""
        row = {"job_id": job, "body_hash": body_hash, "receipt": receipt, "at": micros(at)}
        self._channel.write(ADD, row | _key(actor, key))

    def forget(self, before: datetime) -> int:
        """Drop receipts older than ``before``; gives how many. Their keys count as fresh from then on."""
        return self._channel.count(FORGET, {"before": micros(before)})


def _key(actor: str, key: str) -> dict[str, str]:
    return {"actor": plain(actor), "key": plain(key)}
