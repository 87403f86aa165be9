"""The outbox: what a job asks of other jobs and people, committed with the act that asks it (L2)."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Json
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain, text
from flowengine.store.query import Query, inserts, param

_O = t.outbox
_THIS = (
    _O.c.job_id == param("of_job"),
    _O.c.seq == param("of_seq"),
    _O.c.number == param("of_number"),
)

ADD = Query("outbox.add", "Put a message into the outbox.", inserts(_O))
READY = Query(
    "outbox.ready",
    "Messages to be sent by now, oldest first.",
    sa.select(_O.c.job_id, _O.c.seq, _O.c.number, _O.c.kind, _O.c.body, _O.c.attempts)
    .where(_O.c.incident == sa.literal_column("''"), _O.c.next_at <= param("now"))
    .order_by(_O.c.next_at, _O.c.job_id, _O.c.seq, _O.c.number)
    .limit(param("most")),
)
CLAIM = Query(
    "outbox.claim",
    "Keep a message that is to be sent by now from being sent by others until a moment.",
    sa.update(_O).where(*_THIS, _O.c.next_at <= param("now")).values(next_at=param("until")),
)
DONE = Query("outbox.done", "A message was sent.", sa.delete(_O).where(*_THIS))
NEXT = Query(
    "outbox.next",
    "When the next row is to be sent.",
    sa.select(_O.c.next_at).where(_O.c.incident == sa.literal_column("''")).order_by(_O.c.next_at).limit(1),
)
RETRY = Query(
    "outbox.retry_at",
    "A message was not sent; try again later.",
    sa.update(_O).where(*_THIS).values(next_at=param("later"), attempts=_O.c.attempts + 1, last_error=param("error")),
)


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the outbox.

    ``id`` is ``<job id>.<seq>.<number>``, the same at each attempt: an idempotency key for whoever gets it.
    """

    id: str
    job: str
    seq: int
    kind: str
    body: Json
    attempts: int


class Outbox:
    """The outbox in one transaction."""

    __slots__ = ("_added", "_channel")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._added: dict[tuple[str, int], int] = {}

    def add(self, job: str, seq: int, kind: str, body: Json, at: datetime) -> str:
        """Put in a message of the command ``seq`` of a job, to be sent from ``at`` on; gives its id."""
        number = self._added[job, seq] = self._added.get((job, seq), 0) + 1
        row = {"job_id": job, "seq": seq, "number": number, "kind": kind, "body": text(body), "next_at": micros(at)}
        self._channel.write(ADD, row | {"attempts": 0, "last_error": "", "lane": "", "incident": ""})
        return f"{job}.{seq}.{number}"

    def ready(self, now: datetime, limit: int = 100) -> list[OutboxMessage]:
        """Messages to be sent by now, oldest first."""
        rows = self._channel.rows(READY, {"now": micros(now), "most": limit})
        return [
            OutboxMessage(
                id=f"{job}.{seq}.{n}", job=job, seq=seq, kind=kind, body=msgspec.json.decode(body), attempts=attempts
            )
            for job, seq, n, kind, body, attempts in rows
        ]

    def claim(self, id: str, now: datetime, until: datetime) -> bool:
        """Keep a message for oneself until then. False when it was sent, or somebody else is sending it.

        Who has not said what became of it by then (it crashed, or takes too long) sees others send it again.
        """
        return self._channel.count(CLAIM, _key(id) | {"now": micros(now), "until": micros(until)}) == 1

    def done(self, id: str) -> bool:
        """The message was sent. False when it is gone: somebody else sent it."""
        return self._channel.count(DONE, _key(id)) == 1

    def next(self) -> int | None:
        """When the next row is to be sent, in microseconds since the epoch; None when there is none."""
        row = self._channel.one(NEXT, {})
        return row[0] if row else None

    def retry_at(self, id: str, at: datetime, error: str = "") -> bool:
        """The message was not sent; try again at ``at``. False when it is gone."""
        return self._channel.count(RETRY, _key(id) | {"later": micros(at), "error": plain(error)}) == 1


def _key(id: str) -> dict[str, str | int]:
    job, seq, number = id.rsplit(".", 2)
    return {"of_job": job, "of_seq": int(seq), "of_number": int(number)}
