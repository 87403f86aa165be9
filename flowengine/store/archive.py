"""The archive: finished jobs are read whole, and once they are written elsewhere, deleted. Live ones are not touched.

A job is deleted only if nothing has been added to it since it was read, so nothing is lost that is not in the archive;
and only once all that it sends out is delivered, and all that was asked about it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core.boxes import root
from flowengine.core.values import Json
from flowengine.errors import HistoryBroken
from flowengine.store import tables as t
from flowengine.store.ballots import Ballots, leaf_of
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment
from flowengine.store.history import CHAIN, PAGE, Chain, Verified
from flowengine.store.query import Query, inserts, param

_J, _O = t.jobs, t.outbox
_JOB = param("job_id")
_SENDING = sa.exists().where(_O.c.job_id == _J.c.id)
_ASKED = sa.exists().where(t.steps.c.job_id == _J.c.id)
"""Something that was asked waits for an answer: nothing else waits in a finished job."""

_FINISHED = (_J.c.status == param("of_status"), _J.c.ended < param("before"), ~_SENDING, ~_ASKED)

FINISHED = Query(
    "archive.finished",
    "Finished jobs of a status after one of them, oldest first, that ended before a moment, have sent everything and "
    "have answered what was asked.",
    sa.select(_J).where(*_FINISHED, _J.c.id > param("after")).order_by(_J.c.id).limit(param("most")),
)
COUNT = Query("archive.count", "How many such jobs there are.", sa.select(sa.func.count()).where(*_FINISHED))
ALLOW = Query("archive.allow", "Let this transaction delete history.", inserts(t.settings))
FORBID = Query("archive.forbid", "That was all.", sa.delete(t.settings).where(t.settings.c.name == param("name")))
TAKE = Query(
    "archive.take",
    "Delete a finished job's row if it is as it was read, and nothing waits to be sent, or for an answer.",
    sa.delete(_J).where(
        _J.c.id == _JOB, _J.c.seq == param("of_seq"), _J.c.status != sa.literal_column("'open'"), ~_SENDING, ~_ASKED
    ),
)
_BELOW = (
    t.branches, t.steps, t.timers, t.calls, t.awaiting, t.participants, t.promises, t.history, t.rechained, t.boxes,
    t.papers, t.sums, t.voters, t.receipts,
)  # fmt: skip
REST = tuple(
    Query(
        f"archive.{table.name}", f"Delete a job's rows of {table.name}.", sa.delete(table).where(table.c.job_id == _JOB)
    )
    for table in _BELOW
)
BOOKINGS = Query(
    "archive.bookings",
    "Delete a job's bookings that are over.",
    sa.delete(t.bookings).where(t.bookings.c.job_id == _JOB, t.bookings.c.slot_end < param("before")),
)

_ARCHIVING = {"name": "archiving", "value": "yes"}


class ArchivedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a history. ``body`` is the entry's JSON exactly as it was stored: the ``hash`` is over its bytes.
    ``contents`` is what stands in its holes; None where it has none, and in archives of format 1."""

    seq: int
    hash: str
    body: str
    contents: str | None = None


class ArchivedBox(msgspec.Struct, frozen=True, kw_only=True):
    """A ballot box as it was: ``voters`` with their weights in millionths and whether each has voted (1), ``papers``
    with id, weight, salt, what they say, and the hash that is left of one that was erased. ``root`` is None where the
    vote was left without a result."""

    step: int
    electorate: str
    root: str | None
    voters: tuple[tuple[str, int, int], ...]
    papers: tuple[tuple[str, int, str | None, str | None, str | None], ...]

    def verify(self) -> None:
        """Raises HistoryBroken where the papers are not those that were counted."""
        if self.root is not None and root([leaf_of(paper) for paper in self.papers]).hex() != self.root:
            raise HistoryBroken(f"the ballots of step {self.step} are not those that were counted")


class ArchivedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A finished job with its whole history, as a line of an archive holds it. Moments are ISO 8601 in UTC."""

    job: str
    process: str
    version: str
    customer: str
    status: str
    started: datetime
    updated: datetime
    ended: datetime
    hash: str
    head: Json
    data: Json
    entries: tuple[ArchivedEntry, ...]
    boxes: tuple[ArchivedBox, ...] = ()

    def verify(self) -> Verified:
        """What its history comes to (L5). Raises HistoryBroken."""
        for box in self.boxes:
            box.verify()
        chain = Chain(self.job)
        for entry in self.entries:
            chain.add(entry.seq, entry.hash, entry.body, entry.contents)
        return chain.end(len(self.entries), self.hash)


class Archive:
    """Finished jobs on their way out, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def finished(self, status: str, before: datetime, after: str = "", limit: int = 100) -> list[ArchivedJob]:
        """Jobs with that status that ended before a moment, oldest first, after the one with that id."""
        values = {"of_status": status, "before": micros(before), "after": after, "most": limit}
        return [self._job(row) for row in self._channel.rows(FINISHED, values)]

    def count(self, status: str, before: datetime) -> int:
        """How many jobs with that status ended before a moment, which :meth:`finished` would give."""
        row = self._channel.one(COUNT, {"of_status": status, "before": micros(before)})
        return row[0] if row else 0

    def _job(self, row: Row) -> ArchivedJob:
        found = dict(zip(_J.c.keys(), row, strict=True))
        return ArchivedJob(
            job=found["id"],
            process=found["process"],
            version=found["version"],
            customer=found["customer"],
            status=found["status"],
            started=moment(found["started"]),
            updated=moment(found["updated"]),
            ended=moment(found["ended"]),
            hash=found["hash"],
            head=decode(found["head"], Any),
            data=decode(found["data"], Any),
            entries=tuple(self._entries(found["id"])),
            boxes=tuple(self._boxes(found["id"])),
        )

    def _boxes(self, job: str) -> Iterator[ArchivedBox]:
        ballots = Ballots(self._channel, [])
        for box in ballots.of_job(job):
            yield ArchivedBox(
                step=box.step,
                electorate=box.electorate,
                root=box.root,
                voters=tuple(ballots.voters(job, box.step)),
                papers=tuple(ballots.papers(job, box.step)),
            )

    def _entries(self, job: str) -> Iterator[ArchivedEntry]:
        seq = 0
        while rows := self._channel.rows(CHAIN, {"job_id": job, "after": seq, "most": PAGE}):
            for seq, _, hash_, body, contents in rows:
                yield ArchivedEntry(seq=seq, hash=hash_, body=body, contents=contents)

    def delete(self, jobs: Sequence[ArchivedJob], before: datetime) -> list[ArchivedJob]:
        """Delete what was archived; gives the jobs that were. One to which something was added since stays, whole.

        ``before``: bookings of theirs that end later keep their slots.
        """
        self._channel.count(ALLOW, _ARCHIVING)
        gone = [one for one in jobs if self._take(one)]
        taken = [one.job for one in gone]
        for query in REST:
            self._channel.write_many(query, [{"job_id": job} for job in taken])
        self._channel.write_many(BOOKINGS, [{"job_id": job, "before": micros(before)} for job in taken])
        self._channel.count(FORBID, {"name": _ARCHIVING["name"]})
        return gone

    def _take(self, one: ArchivedJob) -> bool:
        return self._channel.count(TAKE, {"job_id": one.job, "of_seq": len(one.entries)}) == 1
