"""People: one record for each customer and each member of staff, and who belongs to which group."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import reduce
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Json
from flowengine.errors import BadAnswer, NotFound
from flowengine.people.identities import PERSON_ID, check_person
from flowengine.speech.phrases import phrase
from flowengine.store import tables as t
from flowengine.store.aliases import Aliases, ids_below, root_of, same
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, micros, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.parties import May
from flowengine.store.query import Query, Statement, inserts, inserts_all, param
from flowengine.store.tables import NEVER

CUSTOMERS = "customers"
"""The group that every customer belongs to."""

_P, _M, _A, _C = t.people, t.memberships, t.acting, t.contacts
_ID = param("id")

ADD = Query("people.add", "Enter a person.", inserts(_P))
UPDATE = Query(
    "people.update",
    "Change a person's record.",
    sa.update(_P)
    .where(_P.c.id == param("person"))
    .values({name: param(name) for name in ("kind", "name_key", "contact_key", "body")}),
)

_APART, _LINES = " ", "\x1e"
"""Between the parts of a line, and between lines: ids have neither."""


def _line(*columns: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    apart = sa.literal_column(f"'{_APART}'", sa.Text)
    texts = [sa.cast(one, sa.Text) for one in columns]
    return reduce(lambda line, one: line.concat(apart).concat(one), texts)


def _get(dialect: Dialect) -> Statement:
    """Whom a person acts for, and which ids are his as well, comes with him, so that who asks costs one statement."""
    acting = dialect.joined(_line(_A.c.party, _A.c.may, _A.c.since, _A.c.until), _LINES)
    member = dialect.joined(_line(_A.c.party, _M.c.group_name), _LINES)
    groups = sa.select(member).select_from(_A).join(_M, _M.c.person == _A.c.party)
    return sa.select(
        _P.c.body,
        sa.select(acting).where(_A.c.person == _ID).scalar_subquery(),
        groups.where(_A.c.person == _ID).scalar_subquery(),
        root_of(_P.c.id),
        ids_below(dialect, _P.c.id),
    ).where(_P.c.id == _ID)


GET = Query("people.get", "One person by id, for whom he acts, and which groups these are in.", _get)


def _of_ids(dialect: Dialect) -> Statement:
    if dialect.name == "postgresql":
        wanted: sa.ColumnElement[bool] = _P.c.id == sa.any_(
            sa.func.string_to_array(param("ids"), sa.literal_column("' '"))
        )
    else:
        wanted = _P.c.id.in_(sa.select(sa.func.json_each(param("ids")).table_valued("value").c.value))
    return sa.select(_P.c.body).where(wanted)


OF_IDS = Query("people.of_ids", "Those who have one of these ids.", _of_ids)
_WITH_CONTACT = sa.union_all(
    sa.select(_C.c.person).where(_C.c.kind == param("of_kind"), _C.c.key == param("of_key")),
    sa.select(_P.c.id).where(_P.c.contact_key == param("words")),  # as code of the revision before 0012 writes it
)
BY_CONTACT = Query(
    "people.by_contact",
    "Those with this contact.",
    sa.select(_P.c.body).where(_P.c.id.in_(_WITH_CONTACT)).order_by(_P.c.id).limit(6),
)
DESERTED = Query(
    "people.deserted",
    "Organisations for which nobody may act now. It looks through all people, for an operator now and then.",
    sa.select(_P.c.body).where(
        _P.c.kind == sa.literal_column("'customer'"),
        _P.c.body.like('%"organisation":true%'),
        ~sa.exists(
            sa.select(sa.literal_column("1")).where(
                _A.c.party == _P.c.id,
                _A.c.may != sa.literal_column("'see'"),
                _A.c.since <= param("now"),
                _A.c.until > param("now"),
            )
        ),
    ),
)
BY_NAME = Query(
    "people.by_name",
    "Those with this name.",
    sa.select(_P.c.body).where(_P.c.name_key == param("words")).order_by(_P.c.id).limit(6),
)
MOST = 60
"""Of those whose ids or names begin alike, how many are looked at."""

_LAST = "\U0010ffff"
"""Sorts behind whatever may follow a beginning."""

BEGINNING = Query(
    "people.beginning",
    "Those whose id begins so.",
    sa.select(_P.c.body).where(_P.c.id >= param("start"), _P.c.id < param("beyond")).order_by(_P.c.id).limit(MOST),
)
NAME_BEGINNING = Query(
    "people.name_beginning",
    "Those whose name begins so.",
    sa.select(_P.c.body)
    .where(_P.c.name_key >= param("start"), _P.c.name_key < param("beyond"))
    .order_by(_P.c.name_key, _P.c.id)
    .limit(MOST),
)
MEMBERS = Query(
    "people.members",
    "The customers of a group, in the order of their ids.",
    sa.select(_P.c.body)
    .join(_M, _M.c.person == _P.c.id)
    .where(_M.c.group_name == param("group"), _P.c.kind == "customer")
    .order_by(_P.c.id),
)
MEMBER_IDS = Query(
    "people.member_ids",
    "The ids of all in a group.",
    sa.select(_M.c.person).where(_M.c.group_name == param("group")),
)
ANY_MEMBER = Query("people.any_member", "Somebody who is in a group.", sa.select(_M.c.person).limit(1))
OF_KIND = Query(
    "people.of_kind",
    "All customers, or all staff, in the order of their ids.",
    sa.select(_P.c.body).where(_P.c.kind == param("kind")).order_by(_P.c.id),
)
ALL = Query("people.all", "Everybody, in the order of their ids.", sa.select(_P.c.body).order_by(_P.c.id))
PAGE = Query(
    "people.page",
    "Everybody, in the order of their ids, a page.",
    sa.select(_P.c.body).where(_P.c.id > param("after")).order_by(_P.c.id).limit(param("most")),
)
PAGE_OF_KIND = Query(
    "people.page_of_kind",
    "All customers, or all staff, in the order of their ids, a page.",
    sa.select(_P.c.body)
    .where(_P.c.kind == param("kind"), _P.c.id > param("after"))
    .order_by(_P.c.id)
    .limit(param("most")),
)
JOIN = Query("people.join", "Put a person into a group.", inserts(_M))
ADD_ALL = Query("people.add_all", "Enter many people.", lambda dialect: inserts_all(dialect, _P))
JOIN_ALL = Query("people.join_all", "Put many people into groups.", lambda dialect: inserts_all(dialect, _M))
LEAVE = Query("people.leave", "Take a person out of all groups.", sa.delete(_M).where(_M.c.person == param("who")))


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """A time, from ``start`` until before ``end``, in which a member of staff cannot be met."""

    start: datetime
    end: datetime
    why: str = ""


class ActsFor(msgspec.Struct, frozen=True, kw_only=True):
    """That a person may act for a party, from ``since`` until before ``until``, both in microseconds since the epoch;
    ``groups`` are those that the party is in."""

    party: str
    may: May
    since: int = 0
    until: int = NEVER
    groups: tuple[str, ...] = ()

    def holds(self, now: datetime) -> bool:
        """Whether that is so at a moment."""
        return self.since <= micros(now) < self.until


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer or member of staff. ``record`` is what else the organisation knows, as JSON; ``zone`` the time zone
    in which he reads moments, ``language`` that in which he is spoken to, as ``de``; both empty where not known.

    ``hours`` are a member of staff's working hours, written as a calendar's ``open``, in the time zone ``hours_zone``,
    else in his own, else in that of the calendar; none: whenever the calendar is open.
    """

    id: str
    kind: Literal["customer", "staff"]
    name: str = ""
    contact: str = ""
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    record: dict[str, Json] = {}
    hours: dict[str, str] = {}
    hours_zone: str = ""
    absences: tuple[Absence, ...] = ()
    created: datetime
    left: datetime | None = None
    """When this member of staff left; the record stays, for the histories that name him."""
    left_because: str = ""
    zone: str = ""
    language: str = ""
    erased: datetime | None = None
    """When this customer was erased: the id stays, for the histories that name it, and is nobody's any more."""
    brought: str = ""
    """The referral by which this customer was entered, until he has begun something."""
    organisation: bool = False
    """Whether this customer is an organisation, for which persons act."""
    same: tuple[str, ...] = ()
    """Other ids of the same person, that which stands for all of them first. As ``acting``, it stands in rows of its
    own, and is known of who was found by his id alone."""
    acting: tuple[ActsFor, ...] = ()
    """For whom he may act, whether that holds now or at another time."""

    @property
    def clock(self) -> tzinfo | None:
        """His zone; None where it is not known, or not on this machine."""
        try:
            return ZoneInfo(self.zone) if self.zone else None
        except ZoneInfoNotFoundError:
            return None


class People:
    """People in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, person: Person) -> None:
        """Enter a person. Raises BadAnswer for an id that is malformed or taken."""
        check_person(person.id)
        if self.get(person.id) is not None:
            raise BadAnswer(
                {"id": phrase("there is somebody with the id %(id)s already", id=repr(person.id))},
                possible=[phrase("another id")],
            )
        self.enter(person)

    def enter(self, person: Person) -> None:
        """Enter a person with an id that the caller has checked, and just not found. Where somebody else entered it
        meanwhile, the transaction fails (DatabaseBusy), and done again it finds him."""
        self._channel.write(ADD, {"id": person.id, "created": micros(person.created)} | _columns(person))
        self._belong(person)

    def update(self, person: Person) -> None:
        """Change a person's record. Raises NotFound."""
        if not self._channel.count(UPDATE, {"person": plain(person.id)} | _columns(person)):
            raise NotFound(phrase("there is nobody with the id %(id)s", id=repr(person.id)))
        self._channel.write(LEAVE, {"who": person.id})
        self._belong(person)

    def _belong(self, person: Person) -> None:
        groups = dict.fromkeys(plain(group) for group in person.groups)
        self._channel.write_many(JOIN, [{"group_name": group, "person": person.id} for group in groups])

    def get(self, id: str) -> Person | None:
        """The person with exactly that id, or None."""
        row = self._channel.one(GET, {"id": id}) if PERSON_ID.fullmatch(id) else None
        if row is None:
            return None
        body, acting, member_of, root, below = row
        person = decode(body, Person)
        if acting is not None:
            person = msgspec.structs.replace(person, acting=_acting(acting, member_of))
        return person if below is None else msgspec.structs.replace(person, same=same(id, root, below))

    def of_ids(self, ids: Sequence[str]) -> dict[str, Person]:
        """Those of these ids, which must be such as a person can have, who are there, by their ids."""
        given = " ".join(ids) if self._channel.dialect == "postgresql" else text(list(ids))
        found = (decode(row[0], Person) for row in self._channel.rows(OF_IDS, {"ids": given}))
        return {person.id: person for person in found}

    def enter_many(self, added: Sequence[Person], changed: Sequence[Person]) -> None:
        """Enter people who were looked for and not found, and change the records of others who were."""
        if added:
            rows = [{"id": one.id, "created": micros(one.created)} | _columns(one) for one in added]
            self._channel.count(ADD_ALL, {"rows": text(rows)})
        self._channel.write_many(UPDATE, [{"person": one.id} | _columns(one) for one in changed])
        self._channel.write_many(LEAVE, [{"who": one.id} for one in changed])
        groups = dict.fromkeys((plain(group), one.id) for one in (*added, *changed) for group in one.groups)
        if groups:
            belong = [{"group_name": group, "person": id} for group, id in groups]
            self._channel.count(JOIN_ALL, {"rows": text(belong)})

    def page(self, kind: str | None, after: str, limit: int) -> list[Person]:
        """A page of everybody, or of one kind, in the order of their ids, behind one."""
        values = {"after": plain(after), "most": limit} | ({"kind": kind} if kind else {})
        rows = self._channel.rows(PAGE_OF_KIND if kind else PAGE, values)
        return [decode(row[0], Person) for row in rows]

    def with_id(self, id: str) -> list[Person]:
        """The one with exactly that id, if there is one."""
        found = self.get(id)
        return [found] if found else []

    def with_contact(self, kind: str, key: str) -> list[Person]:
        """The first few with this contact, by its key (:func:`flowengine.people.contacts.way`)."""
        values = {"of_kind": plain(kind), "of_key": plain(key), "words": plain(key)}
        return [decode(row[0], Person) for row in self._channel.rows(BY_CONTACT, values)] if key else []

    def deserted(self, now: datetime) -> list[Person]:
        """The organisations for which nobody may act at a moment."""
        found = [decode(row[0], Person) for row in self._channel.rows(DESERTED, {"now": micros(now)})]
        return [one for one in found if one.organisation and one.erased is None]

    def called(self, name: str) -> list[Person]:
        """The first few with this name, without regard to case."""
        return self._found(BY_NAME, name)

    def beginning(self, words: str) -> list[Person]:
        """The first few whose id, or whose name without regard to case, begins so."""
        by_id = self._channel.rows(BEGINNING, {"start": plain(words), "beyond": plain(words) + _LAST})
        searched = _searched(words)
        by_name = self._channel.rows(NAME_BEGINNING, {"start": searched, "beyond": searched + _LAST})
        found = {person.id: person for person in (decode(row[0], Person) for row in [*by_id, *by_name])}
        return list(found.values())

    def _found(self, query: Query, words: str) -> list[Person]:
        rows = self._channel.rows(query, {"words": _searched(words)}) if words.strip() else []
        return [decode(row[0], Person) for row in rows]

    def members(self, group: str) -> Sequence[Person]:
        """The customers of a group in the order of their ids, each person once; the group ``customers`` is all of
        them."""
        if group == CUSTOMERS:
            found = [person for person in self.all("customer") if person.erased is None]
        else:
            found = [decode(row[0], Person) for row in self._channel.rows(MEMBERS, {"group": plain(group)})]
        return self._one_each(found)

    def _one_each(self, found: Sequence[Person]) -> Sequence[Person]:
        """Each person once, so that nobody votes twice: of several ids that were merged, the one that stands for them,
        else the first."""
        roots = Aliases(self._channel).roots() if len(found) > 1 else {}
        if not roots:
            return found
        there = {person.id for person in found}
        first: dict[str, str] = {}
        for person in found:
            root = roots.get(person.id, person.id)
            first.setdefault(root, root if root in there else person.id)
        return [person for person in found if first[roots.get(person.id, person.id)] == person.id]

    def member_ids(self, group: str) -> list[str]:
        """The ids of those in a group."""
        return [row[0] for row in self._channel.rows(MEMBER_IDS, {"group": plain(group)})]

    def any_member(self) -> bool:
        """Whether anybody is in any group."""
        return self._channel.one(ANY_MEMBER, {}) is not None

    def all(self, kind: str | None = None) -> list[Person]:
        """Everybody, or all of one kind, in the order of their ids."""
        rows = self._channel.rows(OF_KIND, {"kind": kind}) if kind else self._channel.rows(ALL, {})
        return [decode(row[0], Person) for row in rows]


def _acting(lines: str, member_of: str | None) -> tuple[ActsFor, ...]:
    """For whom somebody may act, by the ids, from how it is read."""
    groups: dict[str, list[str]] = {}
    for line in member_of.split(_LINES) if member_of else ():
        party, _, group = line.partition(_APART)
        groups.setdefault(party, []).append(group)
    found = []
    for line in sorted(lines.split(_LINES)):
        party, may, since, until = line.split(_APART)
        member = tuple(sorted(groups.get(party, ())))
        found.append(ActsFor(party=party, may=cast(May, may), since=int(since), until=int(until), groups=member))
    return tuple(found)


def _columns(person: Person) -> dict[str, str]:
    if person.same or person.acting:
        person = msgspec.structs.replace(person, same=(), acting=())
    keys = {"name_key": _searched(person.name), "contact_key": _searched(person.contact)}
    return {"kind": person.kind, "body": text(person)} | keys


def _searched(words: str) -> str:
    """A name or contact as it is searched: lower case, white space at the ends does not count."""
    return plain(words.strip().casefold())
