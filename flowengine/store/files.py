"""Files: what was uploaded, by whom and for what, and to whom of those outside it is shown. The contents are elsewhere
(:mod:`flowengine.outside.files`), under the file's id.

A file's id is made of a salt and its contents, so that a history that names it says what it was; once it is erased,
and the salt with it, the id tells nothing (L5).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from os import urandom
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Seating
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param
from flowengine.store.tables import NEVER
from flowengine.store.tables.conversation import files as _F
from flowengine.store.tables.conversation import shown_files as _S

ANSWERED = "answer"
"""Stands in the place of a seating: whoever may know the answer may open the file."""

INSIDE = "inside"
"""Stands there for each file of a job: those inside may open all of them."""

NEW, CLEAN, REFUSED = "new", "clean", "refused"
_SALT = 16
_FILE = _F.c.id == param("file")
_NAMES = tuple(column.name for column in _F.c)
_KEPT = _F.c.erased.is_(None)
_BARE: dict[str, Any] = {"name": "", "salt": "", "why": "", "type": "", "looked": NEVER}
"""What is left of a file that was erased, besides what it was and whose."""

ADD = Query("files.add", "Somebody uploads a file, for which nobody has a use yet.", inserts(_F))
GET = Query("files.get", "One file by its id.", sa.select(_F).where(_FILE))
USE = Query(
    "files.use",
    "A file is used in a job, or in a conversation without one, and in no other: it is swept no more.",
    sa.update(_F)
    .where(
        _FILE, _KEPT, sa.or_(_F.c.swept < NEVER, sa.and_(_F.c.job == param("in_job"), _F.c.party == param("of_party")))
    )
    .values(job=param("in_job"), party=param("of_party"), swept=NEVER),
)
SHOW = Query(
    "files.show",
    "Those of a seating may open a file of a job.",
    lambda dialect: (
        dialect.insert(_S).values({column.name: sa.bindparam(column.name) for column in _S.c}).on_conflict_do_nothing()
    ),
)
SHOWN = Query(
    "files.shown",
    "To whom a file of a job is shown.",
    sa.select(_S.c.whom).where(_S.c.job_id == param("job_id"), _S.c.file == param("file")).order_by(_S.c.whom),
)
HELD = Query(
    "files.held",
    "How many bytes the files of a job have.",
    sa.select(sa.func.coalesce(sa.func.sum(_F.c.size), 0)).where(_F.c.job == param("in_job"), _KEPT),
)
WAITING = Query(
    "files.waiting",
    "How many bytes somebody has uploaded lately, and not used.",
    sa.select(sa.func.coalesce(sa.func.sum(_F.c.size), 0)).where(
        _F.c.author == param("of_author"), _F.c.made > param("since"), _F.c.swept < NEVER, _KEPT
    ),
)
TO_LOOK_AT = Query(
    "files.to_look_at",
    "Files that are to be looked at, the first uploaded first.",
    sa.select(_F).where(_F.c.looked <= param("now")).order_by(_F.c.looked, _F.c.id).limit(param("most")),
)
LOOKED = Query(
    "files.looked",
    "What was found when a file was looked at, or when it is to be looked at again.",
    sa.update(_F)
    .where(_FILE, _KEPT)
    .values(state=param("new_state"), why=param("new_why"), looked=param("new_looked")),
)
TO_SWEEP = Query(
    "files.to_sweep",
    "Files whose contents are to be deleted: nobody has used them, or they were erased.",
    sa.select(_F).where(_F.c.swept <= param("now")).order_by(_F.c.swept, _F.c.id).limit(param("most")),
)
DOOM = Query(
    "files.doom",
    "Nobody may use a file any more that nobody has used in time.",
    sa.update(_F).where(_FILE, _F.c.swept <= param("now"), _KEPT).values(_BARE | {"erased": param("now")}),
)
DROP = Query(
    "files.drop",
    "A file that belongs to nothing is gone.",
    sa.delete(_F).where(
        _FILE,
        _F.c.erased.is_not(None),
        _F.c.party == "",
        ~sa.exists().where(_S.c.job_id == _F.c.job, _S.c.file == _F.c.id),
    ),
)
SWEPT = Query(
    "files.swept",
    "The contents of a file that was erased are gone.",
    sa.update(_F).where(_FILE, _F.c.erased.is_not(None)).values(swept=NEVER),
)
POSTPONE = Query(
    "files.postpone",
    "The contents of a file could not be deleted now.",
    sa.update(_F).where(_FILE, _F.c.erased.is_not(None)).values(swept=param("again")),
)
ERASE = Query(
    "files.erase",
    "Erase what is kept of a file, and have its contents deleted.",
    sa.update(_F).where(_FILE, _KEPT).values(_BARE | {"swept": param("at"), "erased": param("at")}),
)
OF_AUTHOR = Query(
    "files.of_author",
    "The files that somebody has uploaded, and that are not erased.",
    sa.select(_F.c.id).where(_F.c.author == param("of_author"), _KEPT).order_by(_F.c.id),
)
OF_PARTY = Query(
    "files.of_party",
    "The files of somebody's conversation without a job that are not erased.",
    sa.select(_F.c.id).where(_F.c.party == param("of_party"), _KEPT).order_by(_F.c.id),
)
OF_JOBS = Query(
    "files.of_jobs",
    "The files of all jobs of a customer that are not erased, whoever has uploaded them.",
    sa.select(_F.c.id)
    .where(_F.c.id.in_(sa.select(_S.c.file).where(_S.c.customer == param("of_customer"))), _KEPT)
    .order_by(_F.c.id),
)


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file: ``type`` is its media type, ``kind`` what processes call that, ``size`` bytes. ``job`` is the one that it
    was uploaded for, ``party`` whose conversation without a job it belongs to; either may be empty."""

    id: str
    author: str
    job: str
    party: str
    name: str
    type: str
    kind: str
    size: int
    state: str
    why: str
    made: datetime
    used: bool
    waits: bool
    """Whether it is still to be looked at by the scanner."""
    erased: datetime | None


def named(data: bytes) -> tuple[str, str]:
    """A new id for contents, and the salt that it was made with."""
    salt = urandom(_SALT)
    return f"file-{sha256(salt + data).hexdigest()[:32]}", salt.hex()


class Files:
    """Files in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, file: StoredFile, salt: str, swept: datetime) -> None:
        """Keep what is known of a file that was uploaded; unless it is used by then, it is swept."""
        times = {"made": micros(file.made), "looked": micros(file.made) if file.waits else NEVER}
        times |= {"swept": micros(swept)}
        said = {name: getattr(file, name) for name in ("id", "kind", "size", "state", "type")}
        texts = {name: plain(getattr(file, name)) for name in ("author", "job", "party", "name", "why")}
        self._channel.write(ADD, said | texts | times | {"salt": salt, "erased": None})

    def get(self, id: str) -> StoredFile | None:
        """The file of that id, or None."""
        row = self._channel.one(GET, {"file": plain(id)})
        return _file(row) if row else None

    def use(self, id: str, *, job: str = "", party: str = "") -> bool:
        """It is used in a job, or in somebody's conversation without one. False where it is gone, or used in another
        one by now."""
        return self._channel.count(USE, {"file": id, "in_job": job, "of_party": plain(party)}) == 1

    def show(self, job: str, id: str, whom: Seating, customer: str) -> None:
        """Those of a seating may open it; said again it changes nothing. ``customer`` is the job's."""
        row = {"job_id": job, "file": id, "whom": plain(whom), "customer": plain(customer)}
        self._channel.write(SHOW, row)

    def shown(self, job: str, id: str) -> list[Seating]:
        """To whom it is shown, beside those inside."""
        return [row[0] for row in self._channel.rows(SHOWN, {"job_id": job, "file": id})]

    def held(self, job: str) -> int:
        """How many bytes the files of a job have."""
        row = self._channel.one(HELD, {"in_job": job})
        return int(row[0]) if row else 0

    def waiting(self, author: str, since: datetime) -> int:
        """How many bytes somebody has uploaded since then, and not used."""
        row = self._channel.one(WAITING, {"of_author": plain(author), "since": micros(since)})
        return int(row[0]) if row else 0

    def to_look_at(self, now: datetime, most: int) -> list[StoredFile]:
        """The first that are to be looked at."""
        return [_file(row) for row in self._channel.rows(TO_LOOK_AT, {"now": micros(now), "most": most})]

    def looked(self, id: str, state: str, why: str = "", again: datetime | None = None) -> None:
        """What was found; or ``again``: when it is to be looked at next."""
        values = {"new_state": state, "new_why": plain(why), "new_looked": NEVER if again is None else micros(again)}
        self._channel.count(LOOKED, {"file": id} | values)

    def to_sweep(self, now: datetime, most: int) -> list[StoredFile]:
        """The first whose contents are to be deleted."""
        return [_file(row) for row in self._channel.rows(TO_SWEEP, {"now": micros(now), "most": most})]

    def doom(self, id: str, now: datetime) -> bool:
        """Nobody may use it any more; False where somebody has in the meantime, or it was erased."""
        return self._channel.count(DOOM, {"file": id, "now": micros(now)}) == 1

    def swept(self, id: str) -> None:
        """The contents of a file that was erased are gone, and it is forgotten where it belongs to nothing."""
        if not self._channel.count(DROP, {"file": id}):
            self._channel.count(SWEPT, {"file": id})

    def postpone(self, id: str, again: datetime) -> None:
        """Its contents could not be deleted now."""
        self._channel.count(POSTPONE, {"file": id, "again": micros(again)})

    def erase(self, ids: Iterable[str], at: datetime) -> int:
        """Erase what is kept of files, and have their contents deleted. How many that were."""
        return sum(self._channel.count(ERASE, {"file": id, "at": micros(at)}) for id in ids)

    def of_customer(self, id: str) -> list[str]:
        """The ids of all files of a customer: what he has uploaded, and what belongs to his jobs and conversation."""
        found = dict.fromkeys(row[0] for row in self._channel.rows(OF_AUTHOR, {"of_author": plain(id)}))
        found |= dict.fromkeys(row[0] for row in self._channel.rows(OF_PARTY, {"of_party": plain(id)}))
        found |= dict.fromkeys(row[0] for row in self._channel.rows(OF_JOBS, {"of_customer": plain(id)}))
        return list(found)


def _file(row: Row) -> StoredFile:
    found = dict(zip(_NAMES, row, strict=True))
    return StoredFile(
        **{name: found[name] for name in ("id", "author", "job", "party", "name", "type", "kind", "size", "why")},
        state=found["state"],
        made=moment(found["made"]),
        used=found["swept"] == NEVER,
        waits=found["looked"] != NEVER,
        erased=None if found["erased"] is None else moment(found["erased"]),
    )
