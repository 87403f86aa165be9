"""Consents of customers that partners have of their records, and what was sent by each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, cast

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param

_C, _S = t.consents, t.sent_records

Why: TypeAlias = Literal["", "over", "withdrawn", "erased"]
"""Why a consent has ended: its time is over, it was withdrawn, or the customer was erased."""

ADD = Query("consents.add", "Somebody has consented.", inserts(_C))
GET = Query("consents.get", "One consent by its id.", sa.select(_C).where(_C.c.id == param("which")))
BEGINNING = Query(
    "consents.beginning",
    "The consents of somebody.",
    sa.select(_C).where(_C.c.person == param("who")).order_by(_C.c.given.desc(), _C.c.id.desc()),
)
OVER = Query(
    "consents.over",
    "Consents that hold no more and have not ended, the longest first.",
    sa.select(_C).where(_C.c.due <= param("now")).order_by(_C.c.due, _C.c.id).limit(param("most")),
)
END = Query(
    "consents.end",
    "A consent has ended: once.",
    sa.update(_C)
    .where(_C.c.id == param("which"), _C.c.ended.is_(None))
    .values(ended=param("now"), why=param("reason"), ended_by=param("whom"), due=sa.null()),
)
HOLD = Query(
    "consents.hold",
    "Keep a consent from ending until the transaction is over.",
    sa.update(_C).where(_C.c.id == param("which")).values(why=_C.c.why),
)
EMPTY = Query(
    "consents.empty",
    "Leave that somebody has consented, without what was written with it.",
    sa.update(_C).where(_C.c.person == param("who")).values(paper=param("left")),
)
SEND = Query("sent_records.add", "Something is to be sent.", inserts(_S))
SENT = Query(
    "sent_records.of",
    "What was sent by a consent, the first first.",
    sa.select(_S).where(_S.c.consent == param("which")).order_by(_S.c.number),
)
TAKEN = Query(
    "sent_records.taken",
    "The partner has taken it: the first time counts.",
    sa.update(_S)
    .where(_S.c.consent == param("which"), _S.c.number == param("of_number"), _S.c.taken.is_(None))
    .values(taken=param("now"), problem=param("left")),
)
PROBLEM = Query(
    "sent_records.problem",
    "The partner has not taken it, and says why.",
    sa.update(_S)
    .where(_S.c.consent == param("which"), _S.c.number == param("of_number"), _S.c.taken.is_(None))
    .values(problem=param("said")),
)
EMPTY_SENT = Query(
    "sent_records.empty",
    "Leave that something was sent, without what it was.",
    sa.update(_S).where(_S.c.consent == param("which")).values(body=param("left")),
)


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """That ``person`` lets ``partner`` have some ``parts`` of the record until a moment. ``by`` is who gave it, and
    ``paper`` where it is written, where one of the staff has noted it."""

    id: str
    person: str
    partner: str
    parts: tuple[str, ...]
    given: datetime
    until: datetime
    by: str
    paper: str = ""
    ended: datetime | None = None
    why: Why = ""
    ended_by: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it holds at a moment."""
        return self.ended is None and now < self.until


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent by a consent, as number so many of it: when one ``by`` asked for it, when the partner has taken it,
    and else what was the ``problem``. ``body`` is what was said, empty once it is erased."""

    consent: str
    number: int
    parts: tuple[str, ...]
    asked: datetime
    by: str
    taken: datetime | None = None
    problem: str = ""
    body: str = ""


class Consents:
    """Consents, and what was sent by them, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, one: Consent) -> None:
        """Keep one that is new."""
        texts = {name: plain(getattr(one, name)) for name in ("id", "person", "partner", "by", "paper")}
        times = {"given": micros(one.given), "until": micros(one.until), "due": micros(one.until)}
        more = {"parts": " ".join(one.parts), "ended": None, "why": "", "ended_by": ""}
        self._channel.write(ADD, texts | times | more)

    def get(self, id: str) -> Consent | None:
        """One of them."""
        row = self._channel.one(GET, {"which": plain(id)})
        return _consent(row) if row else None

    def hold(self, id: str) -> Consent | None:
        """One of them, which does not end until the transaction is over."""
        self._channel.count(HOLD, {"which": plain(id)})
        return self.get(id)

    def of(self, persons: Sequence[str]) -> list[Consent]:
        """Those of somebody under any of his ids, the latest first."""
        found = [_consent(row) for one in persons for row in self._channel.rows(BEGINNING, {"who": plain(one)})]
        return sorted(found, key=lambda one: (one.given, one.id), reverse=True)

    def over(self, now: datetime, most: int) -> list[Consent]:
        """Those whose time is over, and which have not ended yet."""
        return [_consent(row) for row in self._channel.rows(OVER, {"now": micros(now), "most": most})]

    def end(self, id: str, now: datetime, why: Why, by: str) -> bool:
        """One ends; False where it had before."""
        return bool(self._channel.count(END, {"which": id, "now": micros(now), "reason": why, "whom": plain(by)}))

    def forget(self, person: str) -> None:
        """Leave what somebody has consented to and what was sent, without what was written, and what it was."""
        for one in self.of((person,)):
            self._channel.count(EMPTY_SENT, {"which": one.id, "left": ""})
        self._channel.count(EMPTY, {"who": plain(person), "left": ""})

    # what was sent

    def send(self, one: Sent) -> None:
        """Keep that something is to be sent."""
        texts = {"consent": one.consent, "number": one.number, "parts": " ".join(one.parts), "by": plain(one.by)}
        more = {"asked": micros(one.asked), "taken": None, "problem": "", "body": plain(one.body)}
        self._channel.write(SEND, texts | more)

    def sent(self, consent: str) -> list[Sent]:
        """What was sent by a consent, the first first."""
        return [_sent(row) for row in self._channel.rows(SENT, {"which": plain(consent)})]

    def taken(self, consent: str, number: int, now: datetime) -> bool:
        """The partner has it; False where that was known."""
        values = {"which": plain(consent), "of_number": number, "now": micros(now), "left": ""}
        return bool(self._channel.count(TAKEN, values))

    def problem(self, consent: str, number: int, said: str) -> None:
        """The partner has not taken it."""
        self._channel.count(PROBLEM, {"which": plain(consent), "of_number": number, "said": plain(said)})


def _consent(row: Row) -> Consent:
    id, person, partner, parts, given, until, by, paper, ended, why, ended_by, _ = row
    return Consent(
        id=id, person=person, partner=partner, parts=tuple(parts.split()), given=moment(given), until=moment(until),
        by=by, paper=paper, ended=moment(ended) if ended is not None else None, why=cast(Why, why), ended_by=ended_by,
    )  # fmt: skip


def _sent(row: Row) -> Sent:
    consent, number, parts, asked, by, taken, problem, body = row
    return Sent(
        consent=consent, number=number, parts=tuple(parts.split()), asked=moment(asked), by=by,
        taken=moment(taken) if taken is not None else None, problem=problem, body=body,
    )  # fmt: skip
