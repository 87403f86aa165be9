"""The core's values: who asks, what a job is made of, and where it stands.

All are frozen and encode to JSON; the store keeps them as they are. Numbers of steps, timers and service calls come
from one counter of the job (``Head.serial``), so the core needs no randomness and a rebuilt job has the same numbers
(L5, L7). Outside the job a step is called ``<job id>.<number>``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from flowengine import exact

Json: TypeAlias = Any
"""Plain JSON: None, bool, int, Decimal, str, lists, and dicts with string keys."""


DEEPEST = 64
"""Levels to which lists and objects from outside may be nested."""


def altered(value: object, where: str = "") -> tuple[str, str] | None:
    """What JSON changes in a value without a word, or what is nested too deeply: where it stands, and what is wrong
    with it. The value can be encoded, so that it has an end."""
    rest: list[tuple[str, object, int]] = [(where, value, 0)]
    while rest:
        at, one, depth = rest.pop()
        if depth > DEEPEST:
            return where, f"is nested more than {DEEPEST} levels deep"
        inner: Iterable[tuple[object, object]] = ()
        if isinstance(one, dict):
            inner = one.items()
        elif isinstance(one, list | tuple):
            inner = enumerate(one)
        elif isinstance(one, int | float | Decimal):
            if not exact.within(one):
                return at, exact.out_of_bounds(one)
            continue
        elif isinstance(one, set | frozenset):
            return at, "must be a list, for a set has no order"
        else:
            names = getattr(one, "__dataclass_fields__", ()) or getattr(one, "__struct_fields__", ())
            inner = [(name, getattr(one, name, None)) for name in names]
        for name, found in inner:
            if type(found) not in _SCALARS and not (type(found) is int and -_SMALL < found < _SMALL):
                rest.append((f"{at}.{name}" if at else f"{name}", found, depth + 1))
    return None


def repeated_key(text: str | bytes) -> str:
    """A key that an object in a JSON text has twice, of which readers keep one or the other; empty when there is none.
    The text was read as JSON before."""
    try:
        _TWICE.decode(text if isinstance(text, str) else text.decode())
    except _Twice as found:
        return found.name
    return ""


class _Twice(Exception):
    """An object has a key twice."""

    def __init__(self, name: str) -> None:
        self.name = name


def _look(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for index, name in enumerate(names) if name in names[:index]))


_TWICE = json.JSONDecoder(object_pairs_hook=_look, parse_int=str, parse_float=str)


_SCALARS = frozenset((str, bool, type(None)))
_SMALL = 2**63

ROOT = "main"
"""The id of the root branch. A child's id is ``<parent>/<state>#<entry>/<branch name or item index>``."""

CONVERSATION = "conversation"
"""The id of the branch of what people have asked and nobody has answered yet (:mod:`flowengine.core.conversation`)."""


NEW_DATE = "new_date"
"""The purpose of the step that asks the customer for another date than the one that is promised."""


class Value(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A frozen value."""


class Actor(Value, frozen=True, kw_only=True):
    """Who asks for something. ``id`` of a customer is the customer's, of a member of staff the person's.

    ``same`` are other ids of the same person. ``acting`` are the parties for which he may act at this moment,
    ``signing`` those of them for which he may sign too, ``seeing`` those at whose jobs he may only look; ``member_of``
    are the groups that they are in, each as a party and a group. ``party`` is for whom he asks, where he has said so,
    or where it counted: then he takes part as that party alone.

    ``brought`` is the referral by which a customer came who has begun nothing yet.

    ``strength`` is how strongly he is known (:data:`flowengine.people.identities.Strength`), empty where the program
    vouches for him; ``job`` the full id of the only job for which that counts; ``scopes`` those of a token.
    ``language`` is that in which he reads, as ``de``; empty: each process in its own. What a job comes to never
    depends on it.
    """

    kind: Literal["customer", "staff", "service", "clock", "operator"]
    id: str = ""
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    acting: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()
    seeing: tuple[str, ...] = ()
    member_of: tuple[tuple[str, str], ...] = ()
    party: str = ""
    strength: str = ""
    job: str = ""
    scopes: tuple[str, ...] = ()
    brought: str = ""
    language: str = ""

    @property
    def recorded(self) -> Actor:
        """What a history keeps of him: who he was, for whom he did it, and how strongly he was known."""
        if not (self.same or self.acting or self.seeing or self.job or self.scopes or self.brought or self.language):
            return self
        kept = {"roles": self.roles, "groups": self.groups, "party": self.party, "strength": self.strength}
        return Actor(kind=self.kind, id=self.id, **kept)  # type: ignore[arg-type]  # the fields' own values


CLOCK = Actor(kind="clock")
"""Who fires a timer that is due."""

Seating: TypeAlias = str
"""Whom a step waits for, once the process's audience is resolved for a job: ``person:<id>``, ``role:<name>``,
``group:<name>``, ``customers``, ``staff`` or ``anyone``. The job's own customer is ``person:<customer id>``."""


class Saying(Value, frozen=True, kw_only=True):
    """What was told in one language: ``words``, and the lines ``shown`` with them."""

    words: str = ""
    shown: tuple[tuple[str, str], ...] = ()


class Foreign(Value, frozen=True, kw_only=True):
    """What a partner asks of us, as its customer: the ``step`` of his job, by its id; the ``ways`` and ``slots`` of its
    form (:class:`flowengine.core.forms.Way`), as plain values."""

    step: str
    title: str
    shown: tuple[tuple[str, str], ...] = ()
    due: datetime | None = None
    ways: Json = None
    slots: tuple[datetime, ...] = ()


class Step(Value, frozen=True, kw_only=True):
    """An open work item.

    ``purpose`` tells apart several steps of one state (a fitting's ``book`` and ``hold``). With ``seats`` above 0 the
    step asks that many invited people or roles one by one (approvals of several, votes): each has a :class:`Seat`, and
    ``audience`` is empty. ``due`` is its deadline. ``excluded`` are persons who may not act on it (``not_by``);
    ``preferred`` is the person it is kept for first. ``shown`` is what the person is shown, as it was when it opened;
    ``others`` say both in the other languages of its process (:mod:`flowengine.core.translating`).
    ``booked`` is the appointment that its person has booked, ``booked_with`` whom he will meet, where that is known: it
    waits for him no more, but may still be moved. ``held`` is the one that is kept for him until ``held_until``, while
    he decides. ``appointment`` is when those are to meet him whom it waits for, until ``appointment_end``: of one that
    was booked before ends were noted it is None.
    ``asked_by`` is who has said the words to which it waits for an answer; ``purpose`` is their kind. With ``box``
    the ballots of a vote lie in a box (:mod:`flowengine.core.boxes`): ``seats`` counts who may vote. ``foreign`` is
    what a partner asks of its customer (:class:`Foreign`), where the step is answered in the place of one of his.
    """

    number: int
    branch: str
    state: str
    member: str = ""
    purpose: str = ""
    title: str = ""
    audience: tuple[Seating, ...] = ()
    seats: int = 0
    opened: datetime
    due: datetime | None = None
    claimed: str | None = None
    preferred: str | None = None
    excluded: tuple[str, ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    others: dict[str, Saying] = {}
    booked: datetime | None = None
    booked_with: str = ""
    held: datetime | None = None
    held_until: datetime | None = None
    appointment: datetime | None = None
    appointment_end: datetime | None = None
    asked_by: str = ""
    box: bool = False
    foreign: Foreign | None = None

    @property
    def is_asked(self) -> bool:
        """Whether it waits for an answer to what somebody has said, and not in a state of its process."""
        return self.branch == CONVERSATION

    @property
    def asks_date(self) -> bool:
        """Whether it asks the customer for a new date, in the place of the one that is promised."""
        return self.purpose == NEW_DATE and self.is_asked

    @property
    def waits_on(self) -> bool:
        """Whether it goes on waiting when its time is over: what was asked can be answered late, but for a date."""
        return self.is_asked and not self.asks_date

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over, so that nobody may act on it any more, although nothing has closed it yet
        (L13)."""
        return self.due is not None and self.due <= now and not self.waits_on


class Seat(Value, frozen=True, kw_only=True):
    """One of the invited of a step with seats; ``answer`` is what this one said, ``by`` who said it, ``may`` the other
    seats that he could take as well, so that this one is free for somebody else."""

    step: int
    number: int
    audience: Seating
    weight: exact.Number = 1
    answer: Json = None
    by: str | None = None
    may: tuple[Seating, ...] = ()

    @property
    def spoken(self) -> bool:
        """Whether it waits for nobody any more: for an answer, or for another who answers in it."""
        return self.answer is not None and not self.may


class Timer(Value, frozen=True, kw_only=True):
    """A moment at which the job wants to be woken.

    ``purpose``: ``expire`` (a deadline), ``remind`` (``detail`` of one that recurs: which of its state's, and the how
    manieth it is), ``escalate`` (``detail``: which), ``claim`` (who has claimed its step has it no more), ``elapse`` (a
    wait), ``hold`` (a held slot is let go),
    ``appointment`` (its customer is reminded of it), ``close`` (a vote), ``keep`` (a kept message is dropped),
    ``always`` (an always entry's ``within``; ``detail`` is ``[scope path, name]``), ``cut_off`` (an attempt of a call
    that was cut off can no longer end; ``detail`` is the call's number), ``attention`` (its branch stands in its state
    for so long that somebody has to look), ``promise`` (what was promised by then is late), ``risk``
    (it is time to look whether it will be late). ``since`` is the moment
    from which an expression counts, where one has set it. ``rang``: when a timer of ``attention`` was due; it stays
    then, and does nothing more, until the state is left.
    """

    number: int
    branch: str
    member: str = ""
    purpose: Literal[
        "expire",
        "remind",
        "escalate",
        "claim",
        "elapse",
        "hold",
        "close",
        "keep",
        "always",
        "cut_off",
        "attention",
        "promise",
        "appointment",
        "risk",
    ]
    due: datetime
    step: int = 0
    detail: Json = None
    since: datetime | None = None
    rang: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be fired at a moment."""
        return self.due <= now and self.rang is None

    @property
    def holds_up(self) -> bool:
        """Whether it has rung for what holds up its branch, which an answer that nobody has given does not."""
        return self.rang is not None and self.branch != CONVERSATION


class ServiceCall(Value, frozen=True, kw_only=True):
    """A call of a handler, or of another process's job (``process``). ``undo`` marks an undo handler's call.
    ``cut_off``: the job has gone on without it while an attempt of it may be running. Of one at a partner ``heard`` is
    how far his job was when we heard of it last, and ``answered`` are his steps to which our answers are on their way.

    The idempotency key that the handler is given is ``<job id>.<number>``, the same at each attempt (L11).
    """

    number: int
    branch: str
    state: str
    member: str = ""
    handler: str = ""
    http: str = ""
    process: str = ""
    at: str = ""
    input: Json = None
    undo: bool = False
    cut_off: bool = False
    opened: datetime
    incident: str = ""
    heard: int = 0
    answered: tuple[str, ...] = ()


class Undoable(Value, frozen=True, kw_only=True):
    """A service call whose effect can be undone. When it was cut off it is not ``certain`` that it had one, and
    ``result`` is None, until its attempt has ended.

    ``handler`` is the one that undoes it, ``branch`` the branch that stood in ``state`` when it was called.
    """

    call: int
    state: str
    member: str = ""
    handler: str
    branch: str
    input: Json = None
    result: Json = None
    certain: bool = True


class KeptMessage(Value, frozen=True, kw_only=True):
    """A message that came before anybody waited for it. It is dropped at ``until``, the longest that anybody keeps it;
    a state takes it for as long after ``came`` as the state itself says.

    One that was sent to this job alone has a ``number`` in it; one for whoever will wait for it has an ``id``, and
    lies outside of all jobs until one takes it."""

    number: int = 0
    id: str = ""
    name: str
    key: str = ""
    body: Json = None
    came: datetime
    until: datetime


class Wait(Value, frozen=True, kw_only=True):
    """What a branch waits for from outside: a message of that name with that key, or with any (None). ``member`` is
    the member of a race that waits for it, ``always`` the always entry that takes it."""

    message: str
    key: str | None = None
    member: str = ""
    always: str = ""


class Promise(Value, frozen=True, kw_only=True):
    """What the customer was promised, and how it went. ``timer`` is the number of the one that tells that it is late,
    also once it has; 0 where none was set yet.

    ``risk`` is when it was to be expected, the soonest and the latest, when it was found that it would be late.
    ``asked`` is the date that the customer is asked for in its place, while he is. Of one that he has agreed to,
    ``agreed_by`` is who has (himself, or who answered for him), and ``reckoned`` what its process promised before: as
    long as the process reckons that, what was agreed stands."""

    by: datetime
    made: datetime
    first: datetime
    kept: bool | None = None
    timer: int = 0
    risk: tuple[datetime, datetime] | None = None
    asked: datetime | None = None
    reckoned: datetime | None = None
    agreed_by: str = ""

    def is_late(self, now: datetime) -> bool:
        """Whether its moment is over and it was not kept by then; of a job that has ended, whether it is broken."""
        return self.kept is False or self.is_before(now)

    def is_before(self, moment: datetime) -> bool:
        """Whether it is still to be kept, by an earlier moment than that."""
        return self.kept is None and self.by < moment


class Inner(Value, frozen=True, tag_field="kind", tag=True):
    """What a state keeps while a job stands in it; each kind of state that keeps something has its own."""


class Fork(Inner, frozen=True, kw_only=True):
    """A parallel, each or stage in progress: counters, so that the end of one branch does not touch the others.

    ``total`` branches were made; ``open`` of them run, ``done`` are done, the rest wait to be opened.
    """

    total: int = 0
    open: int = 0
    done: int = 0
    next: int = 0
    """The index of the next item that waits to be opened (each only)."""
    finished: tuple[str, ...] = ()
    """Names of the branches that are done (parallel only; an each counts)."""
    skipped: tuple[str, ...] = ()
    """Names of the branches whose ``when`` did not hold (parallel only)."""
    begun: str = ""
    """The name of the branch whose turn it is (``one_at_a_time`` only); while empty, the open ones are offered."""
    named: str = ""
    """What the state was called when it was entered, by which its branches have their ids; empty: as now."""


class Booking(Inner, frozen=True, kw_only=True):
    """A fitting. ``slot`` and ``end`` are those of the booked or held appointment, ``calendar`` its calendar, ``staff``
    who meets the customer (empty: nobody is known). ``lapsed`` is the slot that was last held for too long."""

    phase: Literal["offered", "held", "booked"] = "offered"
    slot: datetime | None = None
    hold: int = 0
    """The timer that lets a held slot go."""
    missed: int = 0
    calendar: str = ""
    end: datetime | None = None
    staff: str = ""
    lapsed: datetime | None = None


class Panel(Inner, frozen=True, kw_only=True):
    """An approval by several: how many said what."""

    approved: int = 0
    changes: int = 0
    declined: int = 0


class Tally(Value, frozen=True, kw_only=True):
    """What was counted at one moment of a vote."""

    cast: int = 0
    abstained: int = 0
    tally: dict[str, exact.Number] = {}


class Standing(Value, frozen=True, kw_only=True):
    """What is counted of a vote whose ballots lie in a box, as a :class:`Poll` says it."""

    cast: int = 0
    cast_weight: exact.Number = 0
    abstained: int = 0
    abstained_weight: exact.Number = 0
    tally: dict[str, exact.Number] = {}


class Poll(Inner, frozen=True, kw_only=True):
    """A vote. ``tally`` holds what each option has, by its id (as text): the weight of the ballots that name it, by
    scores so many times as they give it, by rankings of those that name it first. ``weight`` is the whole
    electorate's. ``cast`` counts those who abstained, too.

    ``shown`` is what is shown while a secret vote runs, ``coming`` what will be once as many ballots again are cast.
    """

    voters: int = 0
    weight: exact.Number = 0
    cast: int = 0
    cast_weight: exact.Number = 0
    abstained: int = 0
    abstained_weight: exact.Number = 0
    tally: dict[str, exact.Number] = {}
    shown: Tally | None = None
    coming: Tally | None = None
    options: tuple[tuple[str, str], ...] = ()
    """The options as they were when the vote opened: id as text, and title."""
    kinds: dict[str, str] = {}
    """Where there are limits: the kind of each option that has one, by its id."""
    electorate: str = ""
    """Of a vote with a box: the hash of the list of who may vote. What is cast is counted when the box is closed."""


class Offer(Inner, frozen=True, kw_only=True):
    """A choice: the options as they were offered: pick name -> list of option objects (id, title, price, …)."""

    picks: dict[str, list[dict[str, Json]]] = {}


class Undoing(Inner, frozen=True, kw_only=True):
    """The branch undoes services, newest first, before it enters ``to``. The first of ``waiting`` is being undone, or
    it was cut off and its attempt is waited for. Where ``to`` is empty, an operator ends the job then, ``because`` of
    what he said."""

    to: str
    because: str = ""
    waiting: tuple[Undoable, ...] = ()


class Memory(Value, frozen=True, kw_only=True):
    """What is known of the past: how often each state was passed, by whom and with which outcome last, and the number
    of its last entry.

    Items of an each remember for themselves; ``inside`` is what all of them have passed, by the path of the scope.
    """

    passed: dict[str, int] = {}
    by: dict[str, str] = {}
    outcome: dict[str, str] = {}
    entered: dict[str, int] = {}
    inside: dict[str, Memory] = {}


class Branch(Value, frozen=True, kw_only=True):
    """One line of a job, standing in one state of one scope.

    ``own`` marks a branch of an each: it has data and memory of its own. ``inners`` is keyed by race member, or ``""``.
    A branch stands nowhere (``state`` is empty) while it is ``pending`` (not opened yet: each with ``at_a_time``,
    parallel with ``after``), ``done`` (kept until the join of its each collects its data), or undoing. A ``detached``
    branch goes on after its join (``rest: continue``), without effect on its parent, which counts such branches in
    ``rest``. ``undoable`` is kept where data and memory are.
    """

    id: str
    parent: str | None = None
    name: str = ""
    scope: str = ""
    state: str = ""
    entry: int = 0
    since: datetime | None = None
    pending: bool = False
    done: bool = False
    detached: bool = False
    rest: int = 0
    steps: tuple[Step, ...] = ()
    timers: tuple[Timer, ...] = ()
    calls: tuple[ServiceCall, ...] = ()
    inners: dict[str, Inners] = {}
    own: bool = False
    item: Json = None
    index: int = 0
    data: dict[str, Json] = {}
    memory: Memory = Memory()
    undoable: tuple[Undoable, ...] = ()


Inners: TypeAlias = Fork | Booking | Panel | Poll | Offer | Undoing


class Suspension(Value, frozen=True, kw_only=True):
    """Nothing goes on since then, ``because`` of what an operator (``by``, empty for the program) said."""

    since: datetime
    because: str
    by: str = ""


class Head(Value, frozen=True, kw_only=True):
    """What belongs to the whole job. ``standing`` counts the branches that stand in each state; ``branches`` counts
    those below the root, whatever they do."""

    job: str
    process: str
    version: str
    customer: str
    started: datetime
    status: Literal["open", "fulfilled", "ended"] = "open"
    end: str = ""
    because: str = ""
    serial: int = 0
    standing: dict[str, int] = {}
    branches: int = 0
    late: int = 0
    """How many branches stand in their state for so long that somebody has to look."""
    unanswered: int = 0
    """How much of what people have asked waits for an answer."""
    kept: tuple[KeptMessage, ...] = ()
    cut_off: tuple[ServiceCall, ...] = ()
    """Calls that the job has gone on without, and whose attempts may still take effect."""
    promise: Promise | None = None
    suspended: Suspension | None = None
    parent: str = ""
    """``<job id>.<call number>`` of the call that started this job, or empty."""
    depth: int = 0
    """How many calls are around the job: one that a customer began has none."""
    erased: datetime | None = None
    """When all that it held of what people wrote was erased; None while it holds it."""

    def is_cut_off(self, call: int) -> bool:
        """Whether the job has gone on without this call, of which an attempt may be running."""
        return any(one.number == call for one in self.cut_off)

    @property
    def places(self) -> tuple[str, ...]:
        """The states where the job stands, or the end that it came to; ``ended`` where an operator ended it."""
        return tuple(sorted(self.standing)) if self.status == "open" else (self.end or self.status,)
