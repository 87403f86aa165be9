"""The history: one entry a command, append-only, chained by hash (L5)."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import msgspec
import sqlalchemy as sa

from flowengine.core.commands import AnyCommand
from flowengine.core.events import AnyEvent
from flowengine.core.values import Actor
from flowengine.errors import HistoryBroken, NotFound
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, micros
from flowengine.store.query import Query, inserts, param

_H, _J = t.history, t.jobs
_JOB = param("job_id")

ADD = Query("history.add", "Append an entry.", inserts(_H))
OF_JOB = Query(
    "history.of",
    "A job's entries after one of them, oldest first.",
    sa.select(_H.c.body).where(_H.c.job_id == _JOB, _H.c.seq > param("after")).order_by(_H.c.seq).limit(param("most")),
)
CHAIN = Query(
    "history.chain",
    "A job's rows as they are stored, after one of them.",
    sa.select(_H.c.seq, _H.c.at, _H.c.hash, _H.c.body)
    .where(_H.c.job_id == _JOB, _H.c.seq > param("after"))
    .order_by(_H.c.seq)
    .limit(param("most")),
)
HEAD = Query(
    "history.head", "What the job's row says of its last entry.", sa.select(_J.c.seq, _J.c.hash).where(_J.c.id == _JOB)
)
WRITTEN = Query(
    "history.written",
    "The hash of one entry of a job.",
    sa.select(_H.c.hash).where(_H.c.job_id == _JOB, _H.c.seq == param("seq")),
)

PAGE = 500
ENDLESS = 2**62


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One command and what came of it. ``at`` is when, ``by`` who; ``key`` is the request key, if there was one."""

    seq: int
    at: datetime
    by: Actor
    command: AnyCommand
    key: str = ""
    events: tuple[AnyEvent, ...] = ()


def chained(before: str, body: bytes) -> str:
    """The hash of an entry: SHA-256, in hexadecimal, of the hash before it (the job id for the first) and its body."""
    return sha256(before.encode() + body).hexdigest()


class History:
    """Histories in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def of(self, job: str, after: int = 0, limit: int | None = None) -> list[Entry]:
        """A job's entries after the one numbered ``after``, oldest first."""
        values = {"job_id": job, "after": after, "most": ENDLESS if limit is None else limit}
        return [decode(row[0], Entry) for row in self._channel.rows(OF_JOB, values)]

    def written(self, job: str, seq: int, hash_: str) -> bool:
        """Whether a job's entry of this number is the one with this hash."""
        row = self._channel.one(WRITTEN, {"job_id": job, "seq": seq})
        return row is not None and row[0] == hash_

    def verify(self, job: str) -> int:
        """How many entries there are, after checking every one against the chain and the chain against the job's row.

        Raises HistoryBroken for an edited, missing, added, swapped or cut-off entry, NotFound for an unknown job.
        """
        head = self._channel.one(HEAD, {"job_id": job})
        if head is None:
            raise NotFound(f"there is no job {job}")
        seq, link = 0, job
        while rows := self._channel.rows(CHAIN, {"job_id": job, "after": seq, "most": PAGE}):
            for number, at, hash_, body in rows:
                seq += 1
                link = _checked(job, seq, link, (number, at, hash_, body))
        if (seq, link) != tuple(head):
            what = f"the history has {seq} entries, but the job's row knows {head[0]}"
            if seq == head[0]:
                what = "the last entry is not the one that the job's row knows"
            raise HistoryBroken(what, where=job)
        return seq


def _checked(job: str, seq: int, before: str, row: tuple[int, int, str, str]) -> str:
    """The link that a row adds to the chain."""
    number, at, stored, body = row
    if number != seq:
        raise HistoryBroken(f"entry {seq} is missing", where=job)
    link = chained(before, body.encode())
    if link != stored:
        raise HistoryBroken(f"entry {seq} is not what was written, or an entry before it is gone", where=f"{job} {seq}")
    _check_time(job, seq, at, body)
    return link


def _check_time(job: str, seq: int, at: int, body: str) -> None:
    entry = decode(body, Entry)
    if entry.seq != seq or micros(entry.at) != at:
        raise HistoryBroken(f"the columns of entry {seq} do not agree with its body", where=f"{job} {seq}")
