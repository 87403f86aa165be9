"""The history: one entry a command, append-only, chained by hash (L5). Contents stand beside the chained bytes, in
:mod:`holes <flowengine.store.holes>`, so that they can be erased."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from os import urandom

import msgspec
import sqlalchemy as sa

from flowengine import exact, sealing
from flowengine.core.commands import AnyCommand
from flowengine.core.contents import emptied
from flowengine.core.events import AnyEvent, Erased
from flowengine.core.values import Actor
from flowengine.errors import HistoryBroken, NotFound
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, encode, micros
from flowengine.store.holes import Holes, beside
from flowengine.store.query import Query, inserts, param
from flowengine.store.sealed import leaves

_H, _J = t.history, t.jobs
_JOB = param("job_id")

ADD = Query("history.add", "Append an entry.", inserts(_H))
OF_JOB = Query(
    "history.of",
    "A job's entries after one of them, oldest first.",
    sa.select(_H.c.seq, _H.c.body, _H.c.contents)
    .where(_H.c.job_id == _JOB, _H.c.seq > param("after"))
    .order_by(_H.c.seq)
    .limit(param("most")),
)
CHAIN = Query(
    "history.chain",
    "A job's rows as they are stored, after one of them.",
    sa.select(_H.c.seq, _H.c.at, _H.c.hash, _H.c.body, _H.c.contents)
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
_SEED = 16
ENDLESS = 2**62


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One command and what came of it. ``at`` is when, ``by`` who; ``key`` is the request key, if there was one."""

    seq: int
    at: datetime
    by: Actor
    command: AnyCommand
    key: str = ""
    events: tuple[AnyEvent, ...] = ()
    seed: str = ""
    """The secret from which the salts of its leaves are made, drawn when it is stored; empty in histories that are
    older than this."""
    holes: int = 0
    """How many different contents stand beside the chained body; 0 for an entry that is not stored yet."""
    erased: bool = False
    """Whether some of them are erased, so that what stands in their place says nothing; known once it is read."""


class Written(msgspec.Struct, frozen=True):
    """An entry as it is stored: the bytes that are chained, and what stands beside them."""

    body: bytes
    contents: str | None
    root: str
    """What its leaves come to."""


def written(entry: Entry) -> Written:
    """An entry, to be stored."""
    holes = Holes()
    command, *events = emptied((entry.command, *entry.events), holes)
    kept = holes.kept
    seed = entry.seed or urandom(_SEED).hex()
    bare = msgspec.structs.replace(entry, command=command, events=tuple(events), holes=len(kept), seed=seed)
    body = encode(bare)
    return Written(body, exact.encode(kept).decode() if kept else None, sealing.root(leaves(seed, body)))


def read(job: str, seq: int, body: str, contents: str | None) -> Entry:
    """An entry as it was, with what says so in the place of contents that were erased. Raises HistoryBroken where what
    stands beside the body is not what was written."""
    try:
        found = beside(contents)
        text, holes = found.filled(body)
        entry = decode(text, Entry)
    except (ValueError, msgspec.MsgspecError):
        holes, entry = -1, None
    if entry is None or entry.holes != holes:
        raise HistoryBroken(f"a content of entry {seq} is missing, or is not what was written", where=f"{job} {seq}")
    return msgspec.structs.replace(entry, erased=True) if found.erased else entry


def chained(before: str, body: bytes) -> str:
    """The hash of an entry, in hexadecimal, from the hash before it (the job id for the first) and its body: by its
    leaves, or, in histories that are older than these, SHA-256 of both."""
    seed = seed_of(body)
    if not seed:
        return sha256(before.encode() + body).hexdigest()
    try:
        return sealing.link(before, sealing.root(leaves(seed, body)))
    except (ValueError, KeyError, TypeError, AttributeError):  # it is no entry any more, and has no hash
        return ""


def seed_of(body: bytes) -> str:
    """The secret of an entry; empty where it has none, or is nothing that can be read."""
    try:
        return decode(body, _Sealed).seed
    except (ValueError, msgspec.MsgspecError):
        return ""


class _Sealed(msgspec.Struct, frozen=True):
    seed: str = ""


class Verified(msgspec.Struct, frozen=True):
    """How many entries a whole history has, and in how many of them contents were erased on request."""

    entries: int
    erased: int


class Chain:
    """Checks a job's history, entry by entry in order."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.seq = 0
        self._link = job
        self._gone: list[int] = []
        self._erased: list[tuple[int, int]] = []

    def add(self, number: int, stored: str, body: str, contents: str | None, at: int | None = None) -> None:
        """The next entry, as it is stored. Raises HistoryBroken for one that was edited, or is not the next."""
        self.seq += 1
        if number != self.seq:
            raise HistoryBroken(f"entry {self.seq} is missing", where=self.job)
        self._link = chained(self._link, body.encode())
        if self._link != stored:
            what = f"entry {number} is not what was written, or an entry before it is gone"
            raise HistoryBroken(what, where=f"{self.job} {number}")
        entry = read(self.job, number, body, contents)
        if entry.seq != number or (at is not None and micros(entry.at) != at):
            what = f"the columns of entry {number} do not agree with its body"
            raise HistoryBroken(what, where=f"{self.job} {number}")
        if entry.erased:
            self._gone.append(number)
        self._erased.extend(erased(entry))

    def end(self, seq: int, hash_: str) -> Verified:
        """How it was found, after the last entry, of which the job knows the number and the hash. Raises HistoryBroken
        for a history that was cut off, and for contents that are gone without an entry that says so."""
        if (self.seq, self._link) != (seq, hash_):
            what = f"the history has {self.seq} entries, but the job's row knows {seq}"
            if self.seq == seq:
                what = "the last entry is not the one that the job's row knows"
            raise HistoryBroken(what, where=self.job)
        for number in self._gone:
            if not any(first <= number <= last for first, last in self._erased):
                what = f"contents of entry {number} are erased, and no later entry says that they were"
                raise HistoryBroken(what, where=f"{self.job} {number}")
        return Verified(self.seq, len(self._gone))


def erased(entry: Entry) -> Iterable[tuple[int, int]]:
    """The first and the last number of entries before this one whose contents it says to be erased."""
    return (
        (first, min(last, entry.seq - 1))
        for event in entry.events
        if isinstance(event, Erased)
        for first, last in event.entries
    )


class History:
    """Histories in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def of(self, job: str, after: int = 0, limit: int | None = None) -> list[Entry]:
        """A job's entries after the one numbered ``after``, oldest first. Raises HistoryBroken for one of which a
        content is not what was written."""
        values = {"job_id": job, "after": after, "most": ENDLESS if limit is None else limit}
        return [read(job, *row) for row in self._channel.rows(OF_JOB, values)]

    def written(self, job: str, seq: int, hash_: str) -> bool:
        """Whether a job's entry of this number is the one with this hash."""
        row = self._channel.one(WRITTEN, {"job_id": job, "seq": seq})
        return row is not None and row[0] == hash_

    def rows(self, job: str, after: int, last: int) -> list[Row]:
        """A job's rows as they are stored, from the one behind ``after`` to the ``last``: number, moment, hash, body
        and contents."""
        values = {"job_id": job, "after": after, "most": max(0, last - after)}
        return [row for row in self._channel.rows(CHAIN, values) if row[0] <= last]

    def verify(self, job: str) -> Verified:
        """What the history comes to, after checking every entry against the chain and its contents, and the chain
        against the job's row.

        Raises HistoryBroken for an edited, missing, added, swapped or cut-off entry, and for a content that is another
        or gone without an entry that says so; NotFound for an unknown job.
        """
        head = self._channel.one(HEAD, {"job_id": job})
        if head is None:
            raise NotFound(f"there is no job {job}")
        chain = Chain(job)
        while rows := self._channel.rows(CHAIN, {"job_id": job, "after": chain.seq, "most": PAGE}):
            for number, at, hash_, body, contents in rows:
                chain.add(number, hash_, body, contents, at)
        return chain.end(*head)
