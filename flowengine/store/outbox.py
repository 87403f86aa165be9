"""The outbox: what a job asks of other jobs and people, committed with the act that asks it (L2).

A row has a lane: its receiver. Rows of one job and lane go out in their order, so only the first of them, the head, is
ever sent; lanes do not wait for each other. A row with an incident waits for an operator and is in nobody's way.

``next_at`` says when a row is looked at. What stands behind a head need not be looked at, for a head that goes makes
the next one due: so whoever finds such rows due pushes them back, and however many stand behind receivers that are
down, they cost the others nothing. They come due again by themselves after a while, should that have been missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Json
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, inserts, param, upserts
from flowengine.store.queues import Incident, Queue

_O, _S = t.outbox, t.settings
_LIVE = _O.c.incident == sa.literal_column("''")
QUEUE = Queue(
    kind="message",
    table=_O,
    due="next_at",
    waits=_LIVE,
    gave_up=_O.c.incident != sa.literal_column("''"),
    shown=(_O.c.body, _O.c.kind, _O.c.incident, sa.null()),
)
_THIS = QUEUE.this
_UNCHANGED = (*_THIS, _O.c.next_at == param("seen"))
"""The row, unless somebody else has claimed, postponed or woken it since it was looked at."""


def _head_at(dialect: Dialect) -> sa.ColumnElement[int]:
    """When the head of the row's lane is due; NULL for the head itself. One look into the index of lanes, which SQLite
    has to be told: its statistics make it walk along the job's rows instead."""
    index = dialect.by_index("ix_flow_outbox_lane")
    return sa.literal_column(
        f"(SELECT earlier.next_at FROM flow_outbox AS earlier {index}"
        "WHERE earlier.job_id = flow_outbox.job_id AND earlier.lane = flow_outbox.lane AND earlier.incident = '' "
        "AND (earlier.seq, earlier.number) < (flow_outbox.seq, flow_outbox.number) "
        "ORDER BY earlier.seq, earlier.number LIMIT 1)",
        sa.BigInteger(),
    ).label("head_at")


def _ready(dialect: Dialect) -> Statement:
    columns = (_O.c.job_id, _O.c.seq, _O.c.number, _O.c.kind, _O.c.body, _O.c.attempts, _O.c.lane, _O.c.next_at)
    return QUEUE.ready(*columns, _head_at(dialect))


_FIRST = _O.alias("first")
_OF_LANE = (
    sa.select(_FIRST.c.seq, _FIRST.c.number)
    .where(
        _FIRST.c.job_id == param("of_job"),
        _FIRST.c.lane == param("of_lane"),
        _FIRST.c.incident == sa.literal_column("''"),
    )
    .order_by(_FIRST.c.seq, _FIRST.c.number)
    .limit(sa.literal_column("1"))
)

ADD = Query("outbox.add", "Put a message into the outbox.", inserts(_O))
READY = Query(
    "outbox.ready",
    "Messages due by now, the longest due first, each with the moment of its lane's head when it is not the head.",
    _ready,
)
CLAIM = Query(
    "outbox.claim",
    "Keep a message that is to be sent by now from being sent by others until a moment.",
    sa.update(_O).where(*_THIS, _LIVE, _O.c.next_at <= param("now")).values(next_at=param("until")),
)
PUSH = Query(
    "outbox.push",
    "Look at a message later; it was not tried.",
    sa.update(_O).where(*_UNCHANGED).values(next_at=param("later")),
)
POSTPONE = Query(
    "outbox.retry_at", "A message was not sent; try again later.", QUEUE.postpone(_O.c.next_at == param("seen"), _LIVE)
)
GIVE_UP = Query(
    "outbox.give_up",
    "A message cannot be sent; it waits for an operator.",
    sa.update(_O)
    .where(*_UNCHANGED, _LIVE)
    .values(attempts=_O.c.attempts + 1, last_error=param("error"), incident=param("error")),
)
WAKE = Query(
    "outbox.wake",
    "The head of a lane is gone: the next one is due.",
    sa.update(_O)
    .where(_O.c.job_id == param("of_job"), sa.tuple_(_O.c.seq, _O.c.number).in_(_OF_LANE))
    .values(next_at=param("now")),
)
DONE = Query("outbox.done", "A message was sent.", sa.delete(_O).where(*_THIS))
HEAL = Query(
    "outbox.heal",
    "Make due what a clock that ran ahead has put off: a claim, or a message never tried, further away than can be.",
    sa.update(_O)
    .where(
        _LIVE,
        _O.c.next_at > param("beyond"),
        sa.or_(_O.c.attempts == sa.literal_column("0"), _O.c.next_at > param("longest")),
    )
    .values(next_at=param("now")),
)
RETRY = Query(
    "outbox.retry",
    "Send a message that gave up, or waits for its next attempt, again now, with fresh attempts.",
    sa.update(_O).where(*_THIS).values(next_at=param("now"), attempts=0, incident=""),
)
WANTED = Query(
    "outbox.wanted",
    "The channels for which notices are wanted, and until when.",
    sa.select(_S.c.name, _S.c.value).where(_S.c.name >= param("first"), _S.c.name < param("beyond")),
)
WANT = Query("outbox.want", "Say until when notices are wanted.", lambda dialect: upserts(dialect, _S))
_WANTED = "notices."
"""What the names of the settings begin with that say so; the channel follows."""


class OutboxMessage(msgspec.Struct, frozen=True):
    """A message in the outbox.

    ``id`` is ``<job id>.<seq>.<number>``, the same at each attempt: an idempotency key for whoever gets it. ``seen`` is
    the moment, in microseconds since the epoch, at which it was due when it was looked at (after a claim: the claim's
    end): who changes the row says it, so that what another has done meanwhile stands.
    """

    id: str
    job: str
    seq: int
    kind: str
    body: Json
    attempts: int
    lane: str = ""
    seen: int = 0


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is due and stands behind the head of its lane, which is due at ``head_at`` (microseconds)."""

    id: str
    seen: int
    head_at: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What is due: the heads of their lanes, and what stands behind others. ``full``: there may be more."""

    heads: tuple[OutboxMessage, ...]
    behind: tuple[Behind, ...]
    full: bool


class Outbox:
    """The outbox in one transaction."""

    __slots__ = ("_added", "_channel")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._added: dict[tuple[str, int], int] = {}

    def add(
        self, job: str, seq: int, kind: str, body: Json, at: datetime, lane: str = "", number: int | None = None
    ) -> str:
        """Put in a message of the command ``seq`` of a job, to be sent from ``at`` on; gives its id.

        It is numbered as the next of its command, unless a number is given.
        """
        if number is None:
            number = self._added[job, seq] = self._added.get((job, seq), 0) + 1
        row = {"job_id": job, "seq": seq, "number": number, "kind": kind, "body": text(body), "next_at": micros(at)}
        self._channel.write(ADD, row | {"attempts": 0, "last_error": "", "lane": plain(lane), "incident": ""})
        return f"{job}.{seq}.{number}"

    def page(self, now: datetime, limit: int = 100) -> Page:
        """What is due by now, the longest due first: at most ``limit`` rows are looked at."""
        rows = self._channel.rows(READY, {"now": micros(now), "most": limit})
        return Page(
            heads=tuple(_message(row) for row in rows if row[8] is None),
            behind=tuple(
                Behind(id=f"{row[0]}.{row[1]}.{row[2]}", seen=row[7], head_at=row[8])
                for row in rows
                if row[8] is not None
            ),
            full=len(rows) == limit,
        )

    def ready(self, now: datetime, limit: int = 100) -> list[OutboxMessage]:
        """Messages that can be sent by now, the longest due first: the heads of their lanes."""
        return list(self.page(now, limit).heads)

    def claim(self, id: str, now: datetime, until: datetime) -> bool:
        """Keep a message for oneself until then. False when it was sent, or somebody else is sending it.

        Who has not said what became of it by then (it crashed, or takes too long) sees others send it again.
        """
        return self._channel.count(CLAIM, _key(id) | {"now": micros(now), "until": micros(until)}) == 1

    def push(self, many: Sequence[tuple[str, int, datetime]]) -> None:
        """Look at messages later: the id of each, the moment at which it was seen due, and when to look again."""
        self._channel.write_many(PUSH, [_key(id) | {"seen": seen, "later": micros(later)} for id, seen, later in many])

    def done(self, message: OutboxMessage, now: datetime) -> bool:
        """The message was sent, and the next of its lane is due. False when it is gone: somebody else sent it."""
        sent = self._channel.count(DONE, _key(message.id)) == 1
        self._wake(message, now)
        return sent

    def postpone(self, message: OutboxMessage, at: datetime, error: str = "") -> bool:
        """The message was not sent; try again at ``at``. False when somebody else has taken it over."""
        values = _key(message.id) | {"seen": message.seen, "later": micros(at), "error": plain(error)}
        return self._channel.count(POSTPONE, values) == 1

    def give_up(self, message: OutboxMessage, now: datetime, error: str) -> bool:
        """The message cannot be sent: it waits for an operator, and the next of its lane is due."""
        values = _key(message.id) | {"seen": message.seen, "error": plain(error) or "it gave up"}
        given_up = self._channel.count(GIVE_UP, values) == 1
        if given_up:
            self._wake(message, now)
        return given_up

    def _wake(self, message: OutboxMessage, now: datetime) -> None:
        self._channel.write(WAKE, {"of_job": message.job, "of_lane": plain(message.lane), "now": micros(now)})

    def retry(self, id: str, now: datetime) -> bool:
        """Send a message again, now and with fresh attempts, whether it gave up or waits. False when it is gone."""
        return self._channel.count(RETRY, _key(id) | {"now": micros(now)}) == 1

    def heal(self, now: datetime, beyond: datetime, longest: datetime) -> int:
        """After a clock jumped back: what was never tried and is due later than ``beyond``, and whatever is due later
        than ``longest``, is due now. How many messages those were."""
        return self._channel.count(HEAL, {"now": micros(now), "beyond": micros(beyond), "longest": micros(longest)})

    def incidents(self) -> list[Incident]:
        """Messages that gave up, by job."""
        return QUEUE.gone_wrong(self._channel)

    def want(self, channel: str, until: datetime) -> None:
        """Say that somebody carries notices on this channel, until then."""
        self._channel.write(WANT, {"name": f"{_WANTED}{channel}", "value": str(micros(until))})

    def wanted(self, now: datetime) -> frozenset[str]:
        """The channels on which notices are carried."""
        rows = self._channel.rows(WANTED, {"first": _WANTED, "beyond": "notices/"})
        return frozenset(name.removeprefix(_WANTED) for name, until in rows if int(until) > micros(now))


def _message(row: Row) -> OutboxMessage:
    job, seq, number, kind, body, attempts, lane, seen, _ = row
    id = f"{job}.{seq}.{number}"
    return OutboxMessage(id, job, seq, kind, decode(body, Any), attempts, lane, seen)


def _key(id: str) -> dict[str, Any]:
    job, seq, number = id.rsplit(".", 2)
    return {"of_job": job, "of_seq": int(seq), "of_number": int(number)}
