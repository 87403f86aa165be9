"""Administrative deeds: whatever changed the installation rather than a job, append-only and chained by hash (L5).

Each verb notes its deed in its own transaction (L2), as the last thing it does: the head of the chain is one row, which
it holds from then on until it commits. What people wrote stands beside the chained bytes in
:mod:`holes <flowengine.store.holes>`, so that erasing somebody erases it; a later deed says that it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from os import urandom
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine import exact, sealing
from flowengine.core.values import Actor, Json
from flowengine.errors import HistoryBroken
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, encode, micros, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.erasing import letting_contents_change
from flowengine.store.holes import Beside, Holes, beside
from flowengine.store.named_texts import DatabaseSettings
from flowengine.store.query import Query, Statement, inserts, param

_D = t.deeds
_SEQ = param("of_seq")
HEAD = "deeds"
"""The name of the setting that holds the number and the hash of the last deed."""

IMPORT = "import_people"
"""The verb whose deeds are about so many people that their ids stand in the body."""

ERASE = "erase"
"""The verb whose deeds say in which others contents were erased (``deeds``)."""

FIRST = "deeds"
"""What the first deed is chained to."""

PAGE = 500
_SEED = 16
_NEWEST = 2**62


def _about(dialect: Dialect) -> Statement:
    find = sa.func.strpos if dialect.name == "postgresql" else sa.func.instr
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    among = sa.and_(_D.c.about == sa.literal_column(f"'{IMPORT}'"), find(_D.c.body, param("named")) > zero)
    wanted = sa.or_(_D.c.about == param("what"), _D.c.also == param("what"), among)
    return _page().where(wanted)


def _page() -> sa.Select[Any]:
    return (
        sa.select(_D.c.seq, _D.c.hash, _D.c.body, _D.c.contents)
        .where(_D.c.seq < param("before"))
        .order_by(_D.c.seq.desc())
        .limit(param("most"))
    )


ADD = Query("deeds.add", "Append a deed.", inserts(_D))
LAST = Query("deeds.last", "The deeds before one of them, the newest first.", _page())
ABOUT = Query("deeds.about", "The deeds about something before one of them, the newest first.", _about)
CHAIN = Query(
    "deeds.chain",
    "The rows as they are stored, after one of them.",
    sa.select(_D).where(_D.c.seq > param("after")).order_by(_D.c.seq).limit(param("most")),
)
WRITTEN = Query("deeds.written", "The hash of one deed.", sa.select(_D.c.hash).where(_D.c.seq == _SEQ))
OF_PERSON = Query(
    "deeds.of_person",
    "The deeds about somebody beside which contents stand.",
    sa.select(_D.c.seq, _D.c.verb, _D.c.contents)
    .where(sa.or_(_D.c.about == param("who"), _D.c.also == param("who")), _D.c.contents.is_not(None))
    .order_by(_D.c.seq),
)
EMPTY = Query(
    "deeds.empty",
    "Leave only the hashes of contents beside a deed.",
    sa.update(_D).where(_D.c.seq == _SEQ).values(contents=param("left")),
)


class Deed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What somebody changed of the installation: ``verb`` is that of the engine, ``about`` and ``also`` the ids of what
    it was about. ``facts`` stay, ``words`` are what people wrote, which can be erased."""

    seq: int
    at: datetime
    by: Actor
    verb: str
    about: str = ""
    also: str = ""
    facts: dict[str, Json] = {}
    words: dict[str, Json] = {}
    seed: str = ""
    """A secret, drawn as it is written, so that no two deeds have one hash."""
    holes: int = 0
    """How many different contents stand beside the chained body."""
    erased: bool = False
    """Whether some of them are erased; known once it is read."""
    hash: str = ""
    """What the chain comes to with it; known once it is read."""


class Noted(msgspec.Struct, frozen=True):
    """The deed that was written: its number and its hash."""

    seq: int
    hash: str


class Checked(msgspec.Struct, frozen=True):
    """How many deeds a whole chain has, in how many of them contents were erased on request, and its last hash."""

    deeds: int
    erased: int
    hash: str


class Deeds:
    """Administrative deeds, in one transaction; ``noted`` is where it is kept which were written in it."""

    __slots__ = ("_channel", "_noted")

    def __init__(self, channel: Channel, noted: list[Noted]) -> None:
        self._channel = channel
        self._noted = noted

    def note(self, deed: Deed) -> Noted:
        """Append a deed, whose number and hash are found here. Raises HistoryBroken where the head of the chain is
        gone, BadAnswer for words that no encoding can hold."""
        seq, before = self._head()
        holes = Holes()
        words = {name: holes(one) for name, one in deed.words.items()}
        seed = urandom(_SEED).hex()
        by, about, also = deed.by.recorded, plain(deed.about), plain(deed.also)
        bare = msgspec.structs.replace(
            deed, seq=seq + 1, by=by, about=about, also=also, words=words, seed=seed, holes=len(holes.kept)
        )
        body = encode(bare)
        noted = Noted(seq + 1, _chained(before, body))
        row = {"seq": noted.seq, "at": micros(deed.at), "verb": deed.verb, "about": about, "also": also}
        contents = exact.encode(holes.kept).decode() if holes.kept else None
        self._channel.write(ADD, row | {"hash": noted.hash, "body": body.decode(), "contents": contents})
        DatabaseSettings(self._channel).put(HEAD, f"{noted.seq} {noted.hash}")
        self._noted.append(noted)
        return noted

    def _head(self) -> tuple[int, str]:
        """The number and the hash of the last deed; nobody else appends one until this transaction is over."""
        number, hash_ = DatabaseSettings(self._channel).once(HEAD, f"0 {FIRST}").split(" ")
        if number == "0" and self._channel.rows(LAST, {"before": _NEWEST, "most": 1}):
            raise HistoryBroken("the head of the chain of administrative deeds is gone", where=HEAD)
        return int(number), hash_

    def holds(self, noted: Noted) -> bool:
        """Whether a deed was kept; who is still at writing one is waited for."""
        self._head()
        row = self._channel.one(WRITTEN, {"of_seq": noted.seq})
        return row is not None and row[0] == noted.hash

    def page(self, about: str = "", after: int = 0, limit: int = 100) -> list[Deed]:
        """Deeds, the newest first: all, or those about something by its exact id; older than the one numbered
        ``after``, unless that is 0. Raises HistoryBroken for one of which a content is not what was written."""
        values = {"before": after or _NEWEST, "most": limit}
        if not about:
            return [_read(*row) for row in self._channel.rows(LAST, values)]
        what = plain(about)
        return [_read(*row) for row in self._channel.rows(ABOUT, values | {"what": what, "named": text(what)})]

    def check(self) -> Checked:
        """What the whole chain comes to. Raises HistoryBroken for a deed that was edited, added, moved or is missing,
        a chain that was cut off, and contents that are others or gone without a deed that says so."""
        seq, link = 0, FIRST
        gone: list[int] = []
        told: list[tuple[int, int]] = []
        while rows := self._channel.rows(CHAIN, {"after": seq, "most": PAGE}):
            for row in rows:
                seq += 1
                deed, link = _verified(seq, link, row)
                gone += [seq] if deed.erased else []
                told += _ranges_in(deed)
        kept = DatabaseSettings(self._channel).get(HEAD) or f"0 {FIRST}"
        if kept != f"{seq} {link}":
            raise HistoryBroken(
                f"there are {seq} administrative deeds, and the head of their chain is another", where=HEAD
            )
        for number in gone:
            if not any(first <= number <= last for first, last in told):
                what = f"words of administrative deed {number} are erased, and no later one says that they were"
                raise HistoryBroken(what, where=f"{HEAD} {number}")
        return Checked(seq, len(gone), link if seq else "")

    def erase(self, ids: Sequence[str]) -> list[int]:
        """Erase all that people wrote in the deeds about a person, under any of his ids, but for why he was erased; the
        numbers of these deeds. Whoever appends waits until this transaction is over."""
        self._head()
        left: dict[int, str] = {}
        for id in ids:
            for seq, verb, contents in self._channel.rows(OF_PERSON, {"who": plain(id)}):
                there = beside(contents)
                if verb != ERASE and there.kept:
                    left[seq] = there.without(_everything)
        if left:
            with letting_contents_change(self._channel):
                self._channel.write_many(EMPTY, [{"of_seq": seq, "left": one} for seq, one in left.items()])
        return sorted(left)


def _everything(_: Json) -> bool:
    return True


def _chained(before: str, body: bytes) -> str:
    """The hash of a deed with that body, from the hash before it."""
    seed = decode(body, _Seeded).seed
    return sealing.link(before, sealing.root(sealing.leaves(seed, (body,))))


class _Seeded(msgspec.Struct, frozen=True):
    seed: str


def _verified(seq: int, before: str, row: Row) -> tuple[Deed, str]:
    """The deed that is to have that number, and its hash. Raises HistoryBroken."""
    number, at, verb, about, also, hash_, body, contents = row
    if number != seq:
        raise HistoryBroken(f"administrative deed {seq} is missing", where=f"{HEAD} {seq}")
    try:
        link = _chained(before, body.encode())
    except (ValueError, msgspec.MsgspecError):
        link = ""
    if link != hash_:
        what = f"administrative deed {seq} is not what was written, or one before it is gone"
        raise HistoryBroken(what, where=f"{HEAD} {seq}")
    deed = _read(number, link, body, contents)
    if (deed.seq, micros(deed.at), deed.verb, deed.about, deed.also) != (number, at, verb, about, also):
        what = f"the columns of administrative deed {seq} do not agree with its body"
        raise HistoryBroken(what, where=f"{HEAD} {seq}")
    return deed, link


def _read(seq: int, hash_: str, body: str, contents: str | None) -> Deed:
    """A deed as it was, with what says so in the place of words that were erased. Raises HistoryBroken."""
    found: Beside | None = None
    deed: Deed | None = None
    holes = -1
    try:
        found = beside(contents)
        filled, holes = found.filled(body)
        deed = decode(filled, Deed)
    except (ValueError, msgspec.MsgspecError):
        pass
    if deed is None or found is None or deed.holes != holes:
        what = f"a word of administrative deed {seq} is missing, or is not what was written"
        raise HistoryBroken(what, where=f"{HEAD} {seq}")
    return msgspec.structs.replace(deed, erased=bool(found.erased), hash=hash_)


def _ranges_in(deed: Deed) -> Iterator[tuple[int, int]]:
    """The numbers of deeds before this one whose words it says to be erased, first and last of each run."""
    given: Any = deed.facts.get("deeds", ()) if deed.verb == ERASE else ()
    return ((first, min(last, deed.seq - 1)) for first, last in given)
