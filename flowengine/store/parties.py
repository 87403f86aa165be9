"""Parties: the ways to each, and who may act for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias, cast

import msgspec
import sqlalchemy as sa

from flowengine.people.contacts import Way
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import micros, moment, plain, text
from flowengine.store.query import Query, inserts, inserts_all, param, upserts
from flowengine.store.tables import NEVER

May: TypeAlias = Literal["see", "act", "sign"]
"""What somebody may for a party: look at its jobs, act too, sign too (approve). Each holds what is before it."""

_C, _A = t.contacts, t.acting
_CONTACT = (_C.c.person == param("who"), _C.c.kind == param("of_kind"), _C.c.key == param("of_key"))
_COLUMNS = (_C.c.person, _C.c.kind, _C.c.address, _C.c.key, _C.c.place, _C.c.added, _C.c.verified, _C.c.how)
_PAIR = (_A.c.person == param("who"), _A.c.party == param("whom"))

ADD = Query("contacts.add", "Keep a way to a person.", inserts(_C))
ADD_ALL = Query("contacts.add_all", "Keep ways to many people.", lambda dialect: inserts_all(dialect, _C))
OF = Query(
    "contacts.of",
    "The ways to a person, the verified before the others, each in the order in which they were added.",
    sa.select(*_COLUMNS).where(_C.c.person == param("who")).order_by(_C.c.verified.is_(None), _C.c.place),
)
FEWEST = 8
"""Of several persons, as many are asked for at least, so that few statements are made."""


@lru_cache(maxsize=16)
def _several(what: str, number: int) -> Query:
    """The contacts, or those who act, of so many persons."""
    whose = [param(f"p{index}") for index in range(number)]
    if what == "contacts":
        contacts = sa.select(*_COLUMNS).where(_C.c.person.in_(whose)).order_by(_C.c.verified.is_(None), _C.c.place)
        return Query("contacts.of_several", "The ways to several persons, as of one.", contacts)
    acting = sa.select(_A).where(_A.c.party.in_(whose)).order_by(_A.c.person)
    return Query("acting.by_several", "Who may act for several parties.", acting)


WITH = Query(
    "contacts.with",
    "Those who have this contact.",
    sa.select(_C.c.person)
    .where(_C.c.kind == param("of_kind"), _C.c.key == param("of_key"))
    .order_by(_C.c.person)
    .limit(param("most")),
)
CONFIRM = Query(
    "contacts.confirm",
    "A contact was verified.",
    sa.update(_C).where(*_CONTACT).values(verified=param("at"), how=param("by_what")),
)
DROP = Query("contacts.drop", "A contact is one no more.", sa.delete(_C).where(*_CONTACT))
FORGET = Query(
    "contacts.forget", "Somebody has no contacts any more.", sa.delete(_C).where(_C.c.person == param("who"))
)

LET = Query("acting.let", "Let somebody act for a party, as is said now.", lambda dialect: upserts(dialect, _A))
END = Query("acting.end", "Somebody acts for a party no more.", sa.delete(_A).where(*_PAIR))
FOR = Query(
    "acting.for", "For whom somebody may act.", sa.select(_A).where(_A.c.person == param("who")).order_by(_A.c.party)
)
BY = Query(
    "acting.by", "Who may act for a party.", sa.select(_A).where(_A.c.party == param("whom")).order_by(_A.c.person)
)
FORGET_ACTING = Query(
    "acting.forget",
    "Somebody acts for nobody any more, and nobody for him.",
    sa.delete(_A).where(sa.or_(_A.c.person == param("who"), _A.c.party == param("who"))),
)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A way to a person. ``address`` is as it was typed, ``key`` that of all that mean the same; ``place`` is counted
    from 1 in the order in which they were added. ``verified`` is when he was found to be there, and ``how``."""

    person: str
    kind: str
    address: str
    key: str
    place: int
    added: datetime
    verified: datetime | None = None
    how: str = ""


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """That ``person`` may act for ``party``, from ``since`` (None: since ever) until before ``until`` (None: for good);
    who has said so, when, and why."""

    person: str
    party: str
    may: May
    since: datetime | None = None
    until: datetime | None = None
    because: str = ""
    by: str = ""
    made: datetime

    def holds(self, now: datetime) -> bool:
        """Whether that is so at a moment."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)


class Contacts:
    """Ways to people, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def of(self, person: str) -> list[Contact]:
        """All of a person: the verified first, each kind in the order in which they were added."""
        return [_contact(row) for row in self._channel.rows(OF, {"who": plain(person)})]

    def of_several(self, persons: Sequence[str]) -> dict[str, list[Contact]]:
        """As :meth:`of`, of several persons who have any."""
        found: dict[str, list[Contact]] = {}
        for row in _rows_of(self._channel, "contacts", persons):
            found.setdefault(row[0], []).append(_contact(row))
        return found

    def add(self, person: str, way: Way, now: datetime, place: int) -> None:
        """Keep a way to a person, which he does not have yet."""
        kept = {"kind": plain(way.kind), "key": plain(way.key), "address": plain(way.address), "how": ""}
        values = kept | {"person": plain(person), "place": place, "added": micros(now), "verified": None}
        self._channel.write(ADD, values)

    def add_first(self, ways: Sequence[tuple[str, Way]], now: datetime) -> None:
        """Keep the first way to each of many persons, who have none yet."""
        rows = [
            {
                "person": person,
                "kind": plain(way.kind),
                "key": plain(way.key),
                "place": 1,
                "address": plain(way.address),
                "added": micros(now),
                "verified": None,
                "how": "",
            }
            for person, way in ways
        ]
        if rows:
            self._channel.count(ADD_ALL, {"rows": text(rows)})

    def confirm(self, person: str, way: Way, how: str, now: datetime) -> bool:
        """It was verified that the person is there; False where he has no such contact."""
        return self._channel.count(CONFIRM, _named(person, way) | {"at": micros(now), "by_what": plain(how)}) == 1

    def drop(self, person: str, way: Way) -> bool:
        """Take a way away; False where he has no such contact."""
        return self._channel.count(DROP, _named(person, way)) == 1

    def forget(self, person: str) -> None:
        """Take all of a person away."""
        self._channel.count(FORGET, {"who": plain(person)})

    def owners(self, kind: str, key: str, most: int) -> list[str]:
        """The ids of the first ``most`` who have that contact, by its key."""
        values = {"of_kind": plain(kind), "of_key": plain(key), "most": most}
        return [row[0] for row in self._channel.rows(WITH, values)]


class ActingRows:
    """Who may act for whom, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def let(self, acting: Acting) -> None:
        """Let somebody act for a party; what was said of the two before holds no more."""
        row = {
            "person": plain(acting.person),
            "party": plain(acting.party),
            "may": acting.may,
            "since": 0 if acting.since is None else micros(acting.since),
            "until": NEVER if acting.until is None else micros(acting.until),
            "because": plain(acting.because),
            "by": plain(acting.by),
            "made": micros(acting.made),
        }
        self._channel.write(LET, row)

    def end(self, person: str, party: str) -> bool:
        """Somebody acts for a party no more; False where he did not."""
        return self._channel.count(END, {"who": plain(person), "whom": plain(party)}) == 1

    def by(self, person: str) -> list[Acting]:
        """For whom a person may act, at any time, by their ids."""
        return [_acting(row) for row in self._channel.rows(FOR, {"who": plain(person)})]

    def for_party(self, party: str) -> list[Acting]:
        """Who may act for a party, at any time, by their ids."""
        return [_acting(row) for row in self._channel.rows(BY, {"whom": plain(party)})]

    def for_parties(self, parties: Sequence[str]) -> dict[str, list[Acting]]:
        """As :meth:`for_party`, of several parties for which somebody may."""
        found: dict[str, list[Acting]] = {}
        for row in _rows_of(self._channel, "acting", parties):
            found.setdefault(row[1], []).append(_acting(row))
        return found

    def forget(self, person: str) -> None:
        """He acts for nobody any more, and nobody for him."""
        self._channel.count(FORGET_ACTING, {"who": plain(person)})


AT_ONCE = 500
"""Persons whose rows are asked for in one statement."""


def _rows_of(channel: Channel, what: str, persons: Sequence[str]) -> Iterator[Row]:
    wanted = list(dict.fromkeys(map(plain, persons)))
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        number = max(FEWEST, 1 << (len(some) - 1).bit_length())
        yield from channel.rows(_several(what, number), {f"p{n}": some[min(n, len(some) - 1)] for n in range(number)})


def _named(person: str, way: Way) -> dict[str, str]:
    return {"who": plain(person), "of_kind": plain(way.kind), "of_key": plain(way.key)}


def _contact(row: Row) -> Contact:
    person, kind, address, key, place, added, verified, how = row
    return Contact(
        person=person,
        kind=kind,
        address=address,
        key=key,
        place=place,
        added=moment(added),
        verified=None if verified is None else moment(verified),
        how=how,
    )


def _acting(row: Row) -> Acting:
    person, party, may, since, until, because, by, made = row
    return Acting(
        person=person,
        party=party,
        may=cast(May, may),
        since=moment(since) if since else None,
        until=moment(until) if until < NEVER else None,
        because=because,
        by=by,
        made=moment(made),
    )
