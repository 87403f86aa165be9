"""What a customer and the organisation write to one another without a job. It is open while something of the customer's
waits for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param
from flowengine.store.tables import NEVER
from flowengine.store.tables.conversation import written as _W

_PARTY = _W.c.party == param("of_party")
_OPEN = _W.c.due < NEVER
_NAMES = tuple(column.name for column in _W.c)
_FIRST_DUE = sa.func.min(_W.c.due)

ADD = Query("conversation.add", "Somebody writes.", inserts(_W))
LAST = Query(
    "conversation.last",
    "The last number in somebody's conversation.",
    sa.select(sa.func.coalesce(sa.func.max(_W.c.number), 0)).where(_PARTY),
)
BEFORE = Query(
    "conversation.before",
    "What was written before a number, the newest first.",
    sa.select(_W).where(_PARTY, _W.c.number < param("before")).order_by(_W.c.number.desc()).limit(param("most")),
)
ASKED_BEFORE = Query(
    "conversation.asked_before",
    "What somebody has written with a request key.",
    sa.select(_W).where(_PARTY, _W.c.author == param("who"), _W.c.request == param("of_request")).limit(1),
)
WAITING = Query(
    "conversation.waiting",
    "What of somebody's conversation waits for an answer.",
    sa.select(_W).where(_PARTY, _OPEN).order_by(_W.c.number),
)
ANSWER = Query(
    "conversation.answer",
    "All that waits in somebody's conversation up to a number is answered.",
    sa.update(_W).where(_PARTY, _OPEN, _W.c.number <= param("last")).values(due=NEVER),
)
OPEN = Query(
    "conversation.open",
    "Whose conversations wait for an answer, the most urgent first: until when, and how much of each.",
    sa.select(_W.c.party, _FIRST_DUE, sa.func.count())
    .where(_OPEN)
    .group_by(_W.c.party)
    .having(
        sa.or_(param("after_due") < _FIRST_DUE, sa.and_(param("after_due") == _FIRST_DUE, _W.c.party > param("after")))
    )
    .order_by(_FIRST_DUE, _W.c.party)
    .limit(param("most")),
)
ERASE = Query("conversation.erase", "Erase somebody's conversation.", sa.delete(_W).where(_PARTY))


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was written: the ``number`` in the conversation of a ``party``, the ids of its files, and until
    when it is ``due`` to be answered; None where nobody has to, or somebody has. ``answers``: the number of the last
    that it answers."""

    party: str
    number: int
    at: datetime
    author: str
    text: str
    files: tuple[str, ...] = ()
    answers: int = 0
    due: datetime | None = None
    request: str = ""


class Conversations:
    """Conversations without a job, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def next(self, party: str) -> int:
        """The next number in somebody's conversation. Of two who write at once, one writes again."""
        row = self._channel.one(LAST, {"of_party": plain(party)})
        return int(row[0]) + 1 if row else 1

    def add(self, one: Written) -> None:
        """Keep what somebody writes."""
        texts = {name: plain(getattr(one, name)) for name in ("party", "author", "text", "request")}
        times = {"at": micros(one.at), "due": NEVER if one.due is None else micros(one.due)}
        self._channel.write(
            ADD, texts | times | {"number": one.number, "answers": one.answers, "files": text(one.files)}
        )

    def before(self, party: str, number: int, most: int) -> list[Written]:
        """What was written before a number, the newest first."""
        values = {"of_party": plain(party), "before": number, "most": most}
        return [_written(row) for row in self._channel.rows(BEFORE, values)]

    def with_key(self, party: str, author: str, request: str) -> Written | None:
        """What somebody has written with that request key."""
        values = {"of_party": plain(party), "who": plain(author), "of_request": plain(request)}
        row = self._channel.one(ASKED_BEFORE, values)
        return _written(row) if row else None

    def waiting(self, party: str) -> list[Written]:
        """What waits for an answer, the oldest first."""
        return [_written(row) for row in self._channel.rows(WAITING, {"of_party": plain(party)})]

    def answered(self, party: str, last: int) -> None:
        """All that waits, up to that number, is answered."""
        self._channel.count(ANSWER, {"of_party": plain(party), "last": last})

    def open(self, after: tuple[int, str], most: int) -> Sequence[tuple[str, int, int]]:
        """Whose conversations wait, the most urgent first: who, until when (in microseconds), and how much waits."""
        values = {"after_due": after[0], "after": plain(after[1]), "most": most}
        return [(row[0], row[1], row[2]) for row in self._channel.rows(OPEN, values)]

    def erase(self, party: str) -> int:
        """Erase all of somebody's conversation; how much that was."""
        return self._channel.count(ERASE, {"of_party": plain(party)})


def _written(row: Row) -> Written:
    found = dict(zip(_NAMES, row, strict=True))
    return Written(
        **{name: found[name] for name in ("party", "number", "author", "text", "answers", "request")},
        files=decode(found["files"], tuple[str, ...]),
        at=moment(found["at"]),
        due=None if found["due"] == NEVER else moment(found["due"]),
    )
