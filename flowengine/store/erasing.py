"""Erasing contents on request (L5): in the history the hashes stay, and an entry says so; what is live keeps nothing.

Only an ended job is erased, so that of what is live it has its row, its receipts and what it still sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa

from flowengine import exact
from flowengine.core.contents import ERASED
from flowengine.core.values import Actor, Head, Json
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, encode, text
from flowengine.store.dialects import Dialect
from flowengine.store.history import CHAIN, PAGE, Entry, read
from flowengine.store.holes import Beside, beside
from flowengine.store.query import Query, Statement, inserts, param
from flowengine.store.receipts import ANSWERED, FORGOTTEN

_H, _J, _O, _R = t.history, t.jobs, t.outbox, t.receipts
_JOB = param("of_job")
NOTICES = ("announce", "notice", "letter")
"""Kinds of messages that only tell people of what a job has come to."""
_TELLS = sa.or_(*(_O.c.kind == sa.literal_column(f"'{kind}'") for kind in NOTICES))


def _within(dialect: Dialect, name: str) -> sa.ColumnElement[int]:
    find = sa.func.strpos if dialect.name == "postgresql" else sa.func.instr
    return find(_H.c.body, param(name))


def _wrote(dialect: Dialect) -> Statement:
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    his = sa.or_(*(_within(dialect, one) > zero for one in ("whom", "for_whom")))
    return (
        sa.select(_H.c.job_id)
        .join(_J, _J.c.id == _H.c.job_id)
        .where(_J.c.customer != param("person"), his)
        .distinct()
        .order_by(_H.c.job_id)
    )


WROTE = Query("erasing.wrote", "The jobs of others in whose histories somebody did something: all are read.", _wrote)
SENDS = Query(
    "erasing.sends",
    "Whether a job has something to send to other jobs.",
    sa.select(_O.c.kind).where(_O.c.job_id == _JOB, ~_TELLS).limit(1),
)
ALLOW = Query("erasing.allow", "Let this transaction change contents.", inserts(t.settings))
FORBID = Query("erasing.forbid", "That was all.", sa.delete(t.settings).where(t.settings.c.name == param("name")))
EMPTY = Query(
    "erasing.empty",
    "Leave other contents, or the hashes of them, beside an entry.",
    sa.update(_H).where(_H.c.job_id == _JOB, _H.c.seq == param("of_seq")).values(contents=param("left")),
)
RECEIPTS = Query(
    "erasing.receipts",
    "The receipts of a job.",
    sa.select(_R.c.actor, _R.c.key, _R.c.receipt).where(_R.c.job_id == _JOB, _R.c.body_hash != param("forgotten")),
)
ANSWERS = Query(
    "erasing.answers",
    "What stands in the place of a job beside answers that are of none.",
    sa.select(_R.c.job_id).where(_R.c.job_id >= param("first"), _R.c.job_id < param("beyond")).distinct(),
)
FORGET = Query(
    "erasing.forget",
    "Leave a receipt that tells no content, and not what was asked.",
    sa.update(_R)
    .where(_R.c.actor == param("of_actor"), _R.c.key == param("of_key"))
    .values(receipt=param("left"), body_hash=param("forgotten")),
)
UNTELL = Query(
    "erasing.untell",
    "Tell nobody any more of what a job has come to.",
    sa.delete(_O).where(_O.c.job_id == _JOB, _TELLS),
)
LIVE = Query("erasing.live", "The data of a job.", sa.select(_J.c.head, _J.c.data).where(_J.c.id == _JOB))
REPLACE = Query(
    "erasing.replace",
    "Write the data of a job without what is erased.",
    sa.update(_J).where(_J.c.id == _JOB).values(head=param("new_head"), data=param("new_data")),
)
SECURE = Query(
    "erasing.secure",
    "Have SQLite write zeros over what is deleted or written anew, or tell whether it does.",
    sa.text("PRAGMA secure_delete"),
)
SECURELY = {
    value: Query("erasing.securely", SECURE.about, sa.text(f"PRAGMA secure_delete = {value}")) for value in range(3)
}

_ERASING = {"name": "erasing", "value": "yes"}


@contextmanager
def letting_contents_change(channel: Channel) -> Iterator[None]:
    """Meanwhile the database lets this transaction change contents. What is raised in it has to end the transaction."""
    channel.count(ALLOW, _ERASING)
    yield
    channel.count(FORBID, {"name": _ERASING["name"]})


class Found(msgspec.Struct, frozen=True):
    """An entry with contents that can be erased: as it reads, and what stands beside its body."""

    entry: Entry
    beside: Beside


class Erasing:
    """Erases contents, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def wrote(self, customer: str) -> list[str]:
        """The ids of the jobs of others in which a customer did something, or somebody for him."""
        whom = text(Actor(kind="customer", id=customer)).removesuffix("}")
        for_whom = f'"party":{text(customer)}'
        return [row[0] for row in self._channel.rows(WROTE, {"whom": whom, "for_whom": for_whom, "person": customer})]

    def sends(self, job: str) -> bool:
        """Whether a job has something to send to other jobs: they need what it says."""
        return self._channel.one(SENDS, {"of_job": job}) is not None

    def found(self, job: str) -> Iterator[Found]:
        """The entries of a job with contents that are not erased, oldest first. Raises HistoryBroken."""
        after = 0
        while rows := self._channel.rows(CHAIN, {"job_id": job, "after": after, "most": PAGE}):
            for after, _, _, body, contents in rows:
                found = beside(contents)
                if found.kept:
                    yield Found(read(job, after, body, contents), found)

    def erase(self, job: str, left: Sequence[tuple[int, str]]) -> None:
        """Leave only that beside the entries of these numbers; and have nobody told any more what came of the job."""
        self.securely()
        with letting_contents_change(self._channel):
            self._channel.write_many(EMPTY, [{"of_job": job, "of_seq": seq, "left": one} for seq, one in left])
        self._channel.count(UNTELL, {"of_job": job})

    def securely(self) -> None:
        """Have zeros written over what is deleted from now on, where the database does not do so anyhow."""
        if self._channel.dialect == "sqlite" and self._channel.rows(SECURE, {})[0][0] != 1:
            self._channel.rows(SECURELY[1], {})

    def forget_receipts(self, job: str, gone: Callable[[str, Json], bool]) -> None:
        """Of a job's receipts leave those that are ``gone``, by actor and what they say, without any contents: with the
        same key it is still said that it was done."""
        for actor, key, receipt in self._channel.rows(RECEIPTS, {"of_job": job, "forgotten": FORGOTTEN}):
            told = exact.decode(receipt)
            if gone(actor, told):
                left = {name: _BLANK.get(name, one) for name, one in told.items()}
                values = {"of_actor": actor, "of_key": key, "left": encode(left), "forgotten": FORGOTTEN}
                self._channel.write(FORGET, values)

    def forget_answers(self, gone: Callable[[str, Json], bool]) -> None:
        """As :meth:`forget_receipts`, of those that are of no job."""
        for (job,) in self._channel.rows(ANSWERS, {"first": ANSWERED, "beyond": f"{ANSWERED}:"}):
            self.forget_receipts(job, gone)

    def replace(self, job: str, without: Callable[[Json], Json]) -> None:
        """Take out of the data of a job, and of the reason of its end, what is erased."""
        head, data = self._channel.rows(LIVE, {"of_job": job})[0]
        left = decode(head, Head)
        because = left.because if without(left.because) is not None else ERASED
        values = {"new_head": text(msgspec.structs.replace(left, because=because)), "of_job": job}
        self._channel.count(REPLACE, values | {"new_data": text(without(exact.decode(data)))})


_BLANK: dict[str, Json] = {
    "because": ERASED,
    "error": ERASED,
    "acted": "",
    "states": [],
    "events": [],
    "names": [],
    "answer": None,
}
"""What a receipt says in plain words, and what it says once that is erased."""
