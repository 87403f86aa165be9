"""Messages that name no job: which branches wait for which, and those that are kept until somebody does.

What is awaited is an index over positions, written with them (L2): a message finds its job in it, and whether the job
takes it is decided under the job's lock. A message that is kept lies outside of all jobs.

Who keeps a message has to know that nobody begins to wait for it at the same moment, and who begins to wait, that none
is just being kept: else it would lie beside who waits for it. SQLite has one writer at a time; on PostgreSQL the first
holds the message's name for himself, and the others hold it together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from flowengine.core.draft import Effects
from flowengine.core.values import KeptMessage, Wait
from flowengine.errors import DatabaseBusy
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, micros, plain, text
from flowengine.store.query import Query, inserts, param

_A, _K, _R = t.awaiting, t.messages, t.receipts
_MOST = param("most")
_NAME, _KEY = param("of_name"), param("of_key")

WAITING = Query(
    "awaiting.jobs",
    "The jobs that wait for a message of that name and that key, or of that name whatever its key.",
    sa.select(_A.c.job_id).where(_A.c.message == _NAME, _A.c.key == _KEY).distinct().limit(_MOST),
)
LEAVE = Query(
    "awaiting.leave",
    "A branch waits no more for what it waited for.",
    sa.delete(_A).where(_A.c.job_id == param("job_id"), _A.c.branch == param("branch")),
)
FORGET_JOB = Query("awaiting.forget", "A job waits for nothing.", sa.delete(_A).where(_A.c.job_id == param("job_id")))
AWAIT = Query("awaiting.add", "A branch waits for a message.", inserts(_A))

KEEP = Query("messages.keep", "Keep a message for who will wait for it.", inserts(_K))
KEPT = Query(
    "messages.kept",
    "The kept messages of a name and a key, the oldest first.",
    sa.select(_K.c.body).where(_K.c.message == _NAME, _K.c.key == _KEY).order_by(_K.c.id).limit(_MOST),
)
KEPT_WITH_ANY = Query(
    "messages.kept_any",
    "The kept messages of a name, whatever their keys, the oldest first.",
    sa.select(_K.c.body).where(_K.c.message == _NAME).order_by(_K.c.id).limit(_MOST),
)
TAKE = Query(
    "messages.take",
    "A job takes a kept message.",
    sa.delete(_K).where(_K.c.message == _NAME, _K.c.key == _KEY, _K.c.id == param("of_id")),
)
OWN_RECEIPT = Query(
    "messages.own_receipt",
    "The answer to who sent the message belongs to the job that took it.",
    sa.update(_R).where(_R.c.job_id == param("of_id")).values(job_id=param("job")),
)
OVER = Query(
    "messages.over",
    "Kept messages whose time is over, the first that were.",
    sa.select(_K.c.message, _K.c.key, _K.c.id).where(_K.c.until <= param("now")).order_by(_K.c.until).limit(_MOST),
)
FORGET_RECEIPT = Query(
    "messages.forget_receipt",
    "Nobody asks for the answer any more that was kept under no key of the sender's own.",
    sa.delete(_R).where(_R.c.job_id == param("of_id"), _R.c.key == param("of_once")),
)
COUNT = Query(
    "messages.count",
    "How many are kept of one name and key.",
    sa.select(sa.func.count()).select_from(
        sa.select(_K.c.id).where(_K.c.message == _NAME, _K.c.key == _KEY).limit(_MOST).subquery()
    ),
)
COUNT_NAME = Query(
    "messages.count_name",
    "How many are kept of one name.",
    sa.select(sa.func.count()).select_from(sa.select(_K.c.id).where(_K.c.message == _NAME).limit(_MOST).subquery()),
)


def _hold(function: str) -> sa.Select[tuple[str]]:
    held = getattr(sa.func, function)(sa.literal_column("1718382455"), sa.func.hashtext(_NAME))
    return sa.select(sa.cast(held, sa.Text))


HOLD = Query("messages.hold", "Nobody begins to wait for messages of that name.", _hold("pg_advisory_xact_lock"))
HOLD_SHARED = Query(
    "messages.hold_shared", "Nobody keeps messages of that name.", _hold("pg_advisory_xact_lock_shared")
)

LONGEST = 200
"""Characters of a key that stand in an index as they are; a longer one is known by its hash."""

ANY = "*"
"""What stands for the key where any will do; other keys stand behind an equals sign."""

UNREAD = ""
"""The name, which no message has, under which the jobs stand that are not in the index yet."""


def once(id: str) -> str:
    """Under which key the answer to a message is kept whose sender gave none."""
    return f"message:{id}"


class Messages:
    """Messages and who waits for them, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def waiting(self, name: str, key: str | None, most: int) -> list[str]:
        """At most so many of the jobs that wait for that name and key, or (None) for that name whatever the key."""
        values = {"of_name": plain(name), "of_key": _awaited_key(key), "most": most}
        return [row[0] for row in self._channel.rows(WAITING, values)]

    def unread(self, most: int) -> list[str]:
        """Jobs of the revision before, whose waits are not in the index yet."""
        return self.waiting(UNREAD, None, most)

    def read(self, job: str, awaited: Mapping[str, Sequence[Wait]]) -> None:
        """All that a job waits for, by branch, whatever was known of it before."""
        self._channel.write(FORGET_JOB, {"job_id": job})
        self._channel.write_many(AWAIT, _rows(job, awaited))

    def hold(self, name: str) -> None:
        """Until the transaction ends nobody begins to wait for messages of that name, and nobody else keeps any."""
        if self._channel.dialect == "postgresql":
            self._channel.rows(HOLD, {"of_name": plain(name)})

    def keep(self, message: KeptMessage) -> None:
        """Keep a message outside of all jobs; who keeps it holds its name."""
        row = {"message": plain(message.name), "key": _index_key(message.key), "id": message.id}
        self._channel.write(KEEP, row | {"body": text(message), "until": micros(message.until)})

    def kept(self, name: str, key: str | None, most: int = 100) -> list[KeptMessage]:
        """The kept messages of a name and a key (None: any), the oldest first; none is added until the transaction
        ends."""
        values = {"of_name": plain(name), "of_key": _index_key(key or ""), "most": most}
        if self._channel.dialect == "postgresql":
            self._channel.rows(HOLD_SHARED, {"of_name": values["of_name"]})
        rows = self._channel.rows(KEPT if key is not None else KEPT_WITH_ANY, values)
        found = [decode(row[0], KeptMessage) for row in rows]
        return [one for one in found if key in (None, one.key)]

    def count(self, name: str, key: str | None, most: int) -> int:
        """How many are kept of a name and a key (None: any); at most ``most`` are counted."""
        values = {"of_name": plain(name), "of_key": _index_key(key or ""), "most": most}
        row = self._channel.one(COUNT if key is not None else COUNT_NAME, values)
        return int(row[0]) if row else 0

    def forget(self, now: datetime, most: int) -> int:
        """Forget at most so many of the messages whose time is over. How many those were."""
        over = self._channel.rows(OVER, {"now": micros(now), "most": most})
        self._channel.write_many(TAKE, [{"of_name": name, "of_key": key, "of_id": id} for name, key, id in over])
        self._channel.write_many(FORGET_RECEIPT, [{"of_id": id, "of_once": once(id)} for _, _, id in over])
        return len(over)


def save(channel: Channel, job: str, effects: Effects) -> None:
    """Write what a command did to what a job waits for, and the messages that it took.

    Raises DatabaseBusy where another job has taken one of them at the same moment: done again, it is not there.
    """
    channel.write_many(LEAVE, [{"job_id": job, "branch": branch} for branch in effects.awaited])
    channel.write_many(AWAIT, _rows(job, effects.awaited))
    for one in effects.taken:
        values = {"of_name": plain(one.name), "of_key": _index_key(one.key), "of_id": one.id}
        if channel.count(TAKE, values) != 1:
            raise DatabaseBusy(f"the message {one.name!r} was taken by another job", where=job, collided=True)
        channel.write(OWN_RECEIPT, {"of_id": one.id, "job": job})


def _rows(job: str, awaited: Mapping[str, Iterable[Wait]]) -> list[dict[str, str | int]]:
    return [
        {
            "job_id": job,
            "branch": branch,
            "number": number,
            "message": plain(wait.message),
            "key": _awaited_key(wait.key),
        }
        for branch, waits in awaited.items()
        for number, wait in enumerate(waits, 1)
    ]


def _awaited_key(key: str | None) -> str:
    return ANY if key is None else f"={_index_key(key)}"


def _index_key(key: str) -> str:
    return plain(key) if len(key) <= LONGEST else f"sha256:{sha256(key.encode(errors='replace')).hexdigest()}"
