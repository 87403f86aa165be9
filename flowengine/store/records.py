"""What is known of customers: facts, a row a version; whom they match when they are searched; letters that were sent.

What a person wrote stands in these rows alone, so that it is erased by deleting them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from flowengine.language.parts import FactKind
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.ids import short
from flowengine.store.query import Query, Statement, inserts, param, upserts

_F, _L, _P, _A, _J, _K = t.facts, t.letters, t.people, t.aliases, t.jobs, t.participants
_C = t.contacts
_ONE: sa.ColumnElement[int] = sa.literal_column("1")
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_LATEST = _F.c.latest == _ONE
_LAST = "\U0010ffff"
"""Sorts behind whatever may follow a beginning."""

MOST_ALIKE = 20
"""Of the facts whose ids begin alike, how many are looked at."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is known of the customer ``person``, in one of its versions: who said it first (``author``) and
    when (``at``), who said it so and when (``changed_by``, ``changed``), on which step of which job of which process.

    ``closed_to`` are the roles to which the process, or the state, closes it. ``waits``: it is open until it is
    ``answered``. What is ``taken_back`` counts no more.
    """

    id: str
    person: str
    kind: FactKind
    text: str
    author: str
    author_kind: str
    at: datetime
    changed: datetime
    changed_by: str
    version: int = 1
    shown: bool = False
    job: str = ""
    step: str = ""
    process: str = ""
    state: str = ""
    closed_to: tuple[str, ...] = ()
    waits: bool = False
    answer: str = ""
    answered: datetime | None = None
    answered_by: str = ""
    taken_back: datetime | None = None


class Sight(NamedTuple):
    """Which facts somebody may see: those that are ``shown`` alone, none of some ``kinds``, and none that is closed to
    all of his ``roles`` (None: nothing is closed to him)."""

    roles: tuple[str, ...] | None = None
    kinds: tuple[str, ...] = ()
    shown: bool = False

    def sees(self, fact: Fact) -> bool:
        """Whether a fact is among them."""
        if self.shown and not fact.shown:
            return False
        return fact.kind not in self.kinds and not closed(fact.closed_to, self.roles)


def closed(closed_to: Sequence[str], roles: Sequence[str] | None) -> bool:
    """Whether what is closed to some roles is closed to somebody: a role that is not among them opens it."""
    return bool(closed_to) and roles is not None and all(role in closed_to for role in roles)


class Wanted(NamedTuple):
    """Which facts are looked for: of these persons, of some kinds (none: of all), only those that ``wait`` for an
    answer, or only those that do not; behind the fact of that moment (microseconds) and id."""

    persons: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    waits: bool | None = None
    behind: tuple[int, str] | None = None


class Touched(NamedTuple):
    """A job in which something happened with a customer, and when something happened in it last. ``own``: it is his;
    else he took part in it."""

    job: str
    updated: datetime
    own: bool


class Letter(NamedTuple):
    """A letter that was sent to somebody: when, about which job, by which channel, why, and what it was about."""

    person: str
    at: datetime
    id: str
    job: str
    channel: str
    why: str
    subject: str


def among(column: sa.ColumnElement[str], name: str, number: int) -> sa.ColumnElement[bool]:
    """That a column is one of so many values; :func:`each` gives them."""
    return column.in_([param(f"{name}{index}") for index in range(number)])


def each(name: str, values: Sequence[str]) -> dict[str, str]:
    """The values for :func:`among`."""
    return {f"{name}{index}": plain(value) for index, value in enumerate(values)}


def holds(dialect: Dialect, column: sa.ColumnElement[Any], part: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """That a text holds another."""
    find = sa.func.strpos if dialect.name == "postgresql" else sa.func.instr
    return find(column, part) > _ZERO


def _visible(dialect: Dialect, roles: int | None, kinds: int, shown: bool) -> list[sa.ColumnElement[bool]]:
    """That somebody may see a fact (:class:`Sight`), who has so many roles and to whom so many kinds are closed."""
    found: list[sa.ColumnElement[bool]] = []
    if shown:
        found.append(_F.c.shown == _ONE)
    if kinds:
        found.append(sa.not_(among(_F.c.kind, "closed_kind", kinds)))
    if roles is not None:
        open_to = (sa.not_(holds(dialect, _F.c.closed_to, param(f"role{index}"))) for index in range(roles))
        found.append(sa.or_(_F.c.closed_to == sa.literal_column("''"), *open_to))
    return found


def _sight_values(sight: Sight) -> dict[str, str]:
    return each("closed_kind", sight.kinds) | each("role", [f" {role} " for role in sight.roles or ()])


def _shape(sight: Sight) -> tuple[int | None, int, bool]:
    return None if sight.roles is None else len(sight.roles), len(sight.kinds), sight.shown


ADD = Query("facts.add", "Keep a version of a fact.", inserts(_F))
OLD = Query(
    "facts.old",
    "The version that counted so far is one of those before.",
    sa.update(_F)
    .where(_F.c.person == param("whose"), _F.c.id == param("fact"), _LATEST)
    .values(latest=_ZERO, waits=_ZERO),
)
OF_ID = Query(
    "facts.of_id",
    "The versions of a fact, the newest first.",
    sa.select(_F.c.body).where(_F.c.id == param("fact")).order_by(_F.c.version.desc()),
)
BY_ID = Query(
    "facts.by_id",
    "The facts whose ids begin so.",
    sa.select(_F.c.id)
    .where(_F.c.id >= param("low"), _F.c.id < param("high"))
    .distinct()
    .order_by(_F.c.id)
    .limit(MOST_ALIKE),
)
BY_SHORT = Query(
    "facts.by_short",
    "The facts whose short ids begin so.",
    sa.select(_F.c.id)
    .where(_F.c.short >= param("low"), _F.c.short < param("high"))
    .distinct()
    .order_by(_F.c.id)
    .limit(MOST_ALIKE),
)
FORGET = Query(
    "facts.forget", "Delete all that is known of a customer.", sa.delete(_F).where(_F.c.person == param("who"))
)
FORGET_ONE = Query(
    "facts.forget_one",
    "Delete all versions of one fact.",
    sa.delete(_F).where(_F.c.person == param("who"), _F.c.id == param("fact")),
)
UNTELL_ONE = Query(
    "facts.untell_one",
    "Tell nobody any more of an answer to a fact.",
    sa.delete(t.outbox).where(t.outbox.c.job_id == param("fact")),
)
COUNT = Query(
    "facts.count",
    "How many versions of facts are kept of a customer.",
    sa.select(sa.func.count()).select_from(_F).where(_F.c.person == param("who")),
)
VERSIONS = Query(
    "facts.versions",
    "All versions of all facts of a customer, the oldest first.",
    sa.select(_F.c.body).where(_F.c.person == param("who")).order_by(_F.c.at, _F.c.id, _F.c.version),
)
SENT = Query("letters.sent", "Keep that a letter was sent.", lambda dialect: upserts(dialect, _L))
UNTELL = Query(
    "facts.untell",
    "Tell nobody any more of answers to what was known of a customer.",
    sa.delete(t.outbox).where(
        t.outbox.c.job_id.in_(sa.select(_F.c.id).where(_F.c.person == param("who"), _F.c.version > _ONE))
    ),
)
EMPTY_LETTERS = Query(
    "letters.empty",
    "Leave when somebody was written to, and why, without what it was about.",
    sa.update(_L).where(_L.c.person == param("who")).values(subject=param("left")),
)


class Records:
    """What is known of customers, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    # facts

    def add(self, fact: Fact) -> None:
        """Keep a fact, or the version of one that counts from now on. Where somebody else has kept a version of that
        number meanwhile, the transaction fails (DatabaseBusy), and done again it finds it."""
        if fact.version > 1:
            self._channel.write(OLD, {"whose": fact.person, "fact": fact.id})
        gone = fact.taken_back is not None
        self._channel.write(
            ADD,
            {
                "person": fact.person,
                "id": fact.id,
                "version": fact.version,
                "short": short(fact.id),
                "kind": fact.kind,
                "latest": int(not gone),
                "waits": int(fact.waits and fact.answered is None and not gone),
                "shown": int(fact.shown),
                "at": micros(fact.at),
                "process": plain(fact.process),
                "closed_to": plain(f" {' '.join(fact.closed_to)} ") if fact.closed_to else "",
                "words": plain(f"{fact.text} {fact.answer}".casefold()),
                "body": text(fact),
            },
        )

    def versions(self, id: str) -> list[Fact]:
        """All versions of a fact, the newest first; none of one that is not there."""
        return [decode(row[0], Fact) for row in self._channel.rows(OF_ID, {"fact": plain(id)})]

    def beginning(self, start: str) -> list[str]:
        """The ids of the first few facts whose id, or short id, begins so."""
        bounds = {"low": plain(start), "high": plain(start) + _LAST}
        found = [row[0] for query in (BY_ID, BY_SHORT) for row in self._channel.rows(query, bounds)]
        return list(dict.fromkeys(found))

    def list(self, wanted: Wanted, sight: Sight, limit: int) -> Sequence[Fact]:
        """Facts that somebody may see, in their latest versions, the newest first."""
        query = _listing(len(wanted.persons), len(wanted.kinds), wanted.waits, wanted.behind is not None, _shape(sight))
        values: dict[str, Any] = each("person", wanted.persons) | each("kind", wanted.kinds) | _sight_values(sight)
        if wanted.behind is not None:
            values |= {"before": wanted.behind[0], "last": wanted.behind[1]}
        return [decode(row[0], Fact) for row in self._channel.rows(query, values | {"most": limit})]

    def all_versions(self, person: str) -> Sequence[Fact]:
        """All that was ever known of a customer, the oldest first."""
        return [decode(row[0], Fact) for row in self._channel.rows(VERSIONS, {"who": person})]

    def number(self, person: str) -> int:
        """How many versions of facts are kept of a customer."""
        row = self._channel.one(COUNT, {"who": person})
        return row[0] if row else 0

    def forget(self, person: str) -> None:
        """Delete all facts of a customer, and what letters to him were about; that he was written to, is kept."""
        self._channel.count(UNTELL, {"who": person})
        self._channel.count(FORGET, {"who": person})
        self._channel.count(EMPTY_LETTERS, {"who": person, "left": ""})

    def forget_fact(self, person: str, id: str) -> None:
        """Delete one fact of a customer, with all its versions."""
        self._channel.count(UNTELL_ONE, {"fact": id})
        self._channel.count(FORGET_ONE, {"who": person, "fact": id})

    # searching

    def search(self, words: Sequence[str], sight: Sight, limit: int, after: str = "") -> Sequence[str]:
        """The ids of customers in whose id, name, contact or facts each of the words stands (in lower case), in their
        order, behind one; of several ids that are one person that into which the others are merged."""
        query = _search(len(words), _shape(sight), count=False)
        values = each("word", words) | _sight_values(sight) | {"after": plain(after)}
        return [row[0] for row in self._channel.rows(query, values | {"most": limit})]

    def matches(self, words: Sequence[str], sight: Sight) -> int:
        """How many customers :meth:`search` finds in all."""
        query = _search(len(words), _shape(sight), count=True)
        row = self._channel.one(query, each("word", words) | _sight_values(sight))
        return row[0] if row else 0

    # what happened

    def jobs(self, persons: Sequence[str], until: datetime) -> Sequence[Touched]:
        """The jobs of these ids, and those in which they took part, that had begun by then: first those in which
        something happened last."""
        values: dict[str, Any] = each("person", persons) | {"until": micros(until)}
        rows = self._channel.rows(_touched(len(persons)), values)
        return [Touched(row[0], moment(row[1]), row[2] in persons) for row in rows]

    # letters

    def sent(self, letter: Letter) -> None:
        """Keep that a letter was sent."""
        row = letter._asdict() | {"at": micros(letter.at), "subject": plain(letter.subject)}
        self._channel.write(SENT, row)

    def letters(self, persons: Sequence[str], limit: int, until: datetime | None = None) -> Sequence[Letter]:
        """Letters that were sent to these ids, the newest first, not later than then."""
        query = _letters(len(persons), until is not None)
        values: dict[str, Any] = each("person", persons) | {"most": limit}
        if until is not None:
            values["until"] = micros(until)
        rows = self._channel.rows(query, values)
        return [Letter(row[0], moment(row[1]), *row[2:]) for row in rows]


def _listing(persons: int, kinds: int, waits: bool | None, paged: bool, sight: tuple[int | None, int, bool]) -> Query:
    def build(dialect: Dialect) -> Statement:
        conditions = [among(_F.c.person, "person", persons), _LATEST, *_visible(dialect, *sight)]
        if kinds:
            conditions.append(among(_F.c.kind, "kind", kinds))
        if waits is not None:
            conditions.append(_F.c.waits == (_ONE if waits else _ZERO))
        if paged:
            conditions.append(sa.tuple_(_F.c.at, _F.c.id) < sa.tuple_(param("before"), param("last")))
        newest = (_F.c.at.desc(), _F.c.id.desc())
        return sa.select(_F.c.body).where(*conditions).order_by(*newest).limit(param("most"))

    return _made(("list", persons, kinds, waits, paged, sight), "facts.list", "Facts, the newest first.", build)


def _search(words: int, sight: tuple[int | None, int, bool], *, count: bool) -> Query:
    def build(dialect: Dialect) -> Statement:
        root = sa.func.coalesce(_A.c.root, _P.c.id).label("found")
        known = [_P.c.kind == sa.literal_column("'customer'")]
        for index in range(words):
            word = param(f"word{index}")
            said = sa.exists().where(
                _F.c.person == _P.c.id, _LATEST, *_visible(dialect, *sight), holds(dialect, _F.c.words, word)
            )
            reached = sa.exists().where(_C.c.person == _P.c.id, holds(dialect, sa.func.lower(_C.c.address), word))
            plainly = (holds(dialect, one, word) for one in (_P.c.name_key, _P.c.contact_key, sa.func.lower(_P.c.id)))
            known.append(sa.or_(*plainly, reached, said))
        people = _P.outerjoin(_A, _A.c.id == _P.c.id)
        if count:
            return sa.select(sa.func.count(root.distinct())).select_from(people).where(*known)
        known.append(sa.func.coalesce(_A.c.root, _P.c.id) > param("after"))
        return sa.select(root).select_from(people).where(*known).distinct().order_by(root).limit(param("most"))

    return _made(("search", words, sight, count), "customers.search", "Customers whom words fit.", build)


def _touched(persons: int) -> Query:
    def build(_: Dialect) -> Statement:
        took_part = sa.select(_K.c.job_id).where(among(_K.c.person, "person", persons))
        his = sa.or_(among(_J.c.customer, "person", persons), _J.c.id.in_(took_part))
        columns = (_J.c.id, _J.c.updated, _J.c.customer)
        return sa.select(*columns).where(his, _J.c.started <= param("until")).order_by(_J.c.updated.desc(), _J.c.id)

    return _made(("jobs", persons), "customers.jobs", "Jobs of somebody, those that changed last first.", build)


def _letters(persons: int, paged: bool) -> Query:
    def build(_: Dialect) -> Statement:
        conditions = [among(_L.c.person, "person", persons), *([_L.c.at <= param("until")] if paged else [])]
        columns = (_L.c.person, _L.c.at, _L.c.id, _L.c.job, _L.c.channel, _L.c.why, _L.c.subject)
        return sa.select(*columns).where(*conditions).order_by(_L.c.at.desc(), _L.c.id.desc()).limit(param("most"))

    return _made(("letters", persons, paged), "letters.of", "Letters to somebody, the newest first.", build)


_MADE: dict[tuple[Any, ...], Query] = {}


def _made(key: tuple[Any, ...], name: str, about: str, build: Callable[[Dialect], Statement]) -> Query:
    """The statement of that shape, built and compiled once."""
    found = _MADE.get(key)
    if found is None:
        found = _MADE[key] = Query(name, about, build)
    return found
