"""Who took part in whose job: customers who acted on a step of another customer's job, and with which entry last; and
which member of staff began it, as step 0. Of a ballot, which is in no history, the entry is 0. What staff did besides
is in the history alone: an act of theirs costs no
statement more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa

from flowengine.core.commands import Act, ActFor, AnyCommand, Start
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import plain
from flowengine.store.query import Query, param, upserts

VOTED = 0
"""The entry of who has put a ballot into a box."""

BEGUN = 0
"""The step of whoever began a job; those of a job are counted from 1."""

_P = t.participants
_MINE = (_P.c.job_id == param("of_job"), _P.c.person == param("who"))

NOTE = Query("participants.note", "Somebody has acted on a step.", lambda dialect: upserts(dialect, _P))
ANY = Query("participants.any", "Something that somebody did in a job.", sa.select(_P.c.step).where(*_MINE).limit(1))
OF = Query(
    "participants.of",
    "The last that somebody did on steps of a job, the newest first.",
    sa.select(_P.c.step, _P.c.seq).where(*_MINE).order_by(_P.c.seq.desc()).limit(param("most")),
)
STORED = Query(
    "participants.stored",
    "All that is kept of who took part in a job, for the audit.",
    sa.select(_P.c.person, _P.c.step, _P.c.seq).where(_P.c.job_id == param("job_id")),
)


class Deed(NamedTuple):
    """The number of a step on which somebody acted, and of the history entry with which he did so last."""

    step: int
    seq: int


class Participants:
    """Who took part in jobs, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def took_part(self, job: str, person: str) -> bool:
        """Whether a customer has acted on a step of another's job, or a member of staff has begun it."""
        return self._channel.one(ANY, {"of_job": job, "who": plain(person)}) is not None

    def vote(self, job: str, person: str, step: int) -> None:
        """A customer has voted in another's job."""
        self._channel.write(NOTE, {"job_id": job, "person": plain(person), "step": step, "seq": VOTED})

    def deeds(self, job: str, person: str, most: int) -> list[Deed]:
        """The last that a customer did in another's job, the oldest first."""
        rows = self._channel.rows(OF, {"of_job": job, "who": plain(person), "most": most})
        return [Deed(*row) for row in reversed(rows)]


def save(channel: Channel, job: str, customer: str, seq: int, command: AnyCommand) -> None:
    """Note who took part with a command, if anybody did."""
    for person, step in acting(command):
        if person != customer:
            channel.write(NOTE, {"job_id": job, "person": plain(person), "step": step, "seq": seq})


def acting(command: AnyCommand) -> Iterator[tuple[str, int]]:
    """The customer who acts, or the party for which somebody does, and on which step; or the staff who begin."""
    if isinstance(command, Start):
        if command.by.id and command.by.kind in ("staff", "operator"):
            yield command.by.id, BEGUN
    elif isinstance(command, Act | ActFor):
        who = command.person if isinstance(command, ActFor) else command.by
        if who.kind == "customer" or who.party:
            yield who.party or who.id, command.step
