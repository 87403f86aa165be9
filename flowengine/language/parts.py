"""What the states of a process are made of: fields, audiences, options, calendars, routes, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from flowengine.exact import Number
from flowengine.language.calendars import Calendar as Calendar
from flowengine.language.cron import Cron
from flowengine.language.durations import Duration, Length
from flowengine.language.expressions import Expression
from flowengine.language.limits import NO_LIMITS, Limits
from flowengine.language.texts import Text, plain
from flowengine.problem import Place

DONE = "done"
"""The target that ends a branch or a stage; also the usual outcome of tasks and services."""

EXPIRED = "expired"
"""The outcome of a state whose ``within`` is over."""

SKIPPED = "skipped"
"""The outcome of a state that is ``optional``, when whoever is asked goes without it."""

ATTENTION = Duration(days=7)
"""So long staff, code or the outside may leave a customer waiting before somebody has to look."""


class Wanting(NamedTuple):
    """A kind of words that want an answer: the key of the file that says who answers (none: as with questions), what
    such words are called, and within how long they are answered where the file says nothing."""

    key: str
    title: str
    within: Duration


WANTING: Mapping[str, Wanting] = {
    "question": Wanting("questions", "A question", Duration(days=2)),
    "concern": Wanting("concerns", "A concern", Duration(days=7)),
    "message": Wanting("", "A message", Duration(days=2)),
}
"""The kinds of words that wait for somebody until they are answered; a message only of those outside."""

FILE_KINDS = ("picture", "pdf", "text", "document")
"""The kinds of files that people may give. A document is one of a word processor or a spreadsheet."""

FactKind: TypeAlias = Literal["need", "want", "concern", "expectation", "preference", "note"]
"""What can be known of a customer."""

FACT_KINDS: tuple[FactKind, ...] = get_args(FactKind)

PANEL = "customer"
"""The title under which ``shows`` says which kinds of facts are shown beside a step, with a list."""

PANEL_KINDS = (*FACT_KINDS, "promise")
"""What it may say: kinds of facts, and what was promised."""

CUSTOMERS = frozenset({"customer", "customers", "group", "anyone", "everyone"})
"""The audiences in which there are customers."""

When: TypeAlias = Length | Expression
"""A length after entering the state, or an expression that gives a moment (or a length, or a duration's text)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is asked. ``schema`` is the JSON Schema of its value, without the keys that are ours. What has a
    ``currency`` (``format: money``) is an amount of it; what has a ``person`` (``type: person``) is the exact id of
    somebody of that role or group, or a list of such ids (L15); what has a ``file`` (``type: file``) is the id of one
    of these kinds, or a list of such ids."""

    name: str
    type: Literal["string", "number", "integer", "boolean", "array", "object"]
    title: str
    optional: bool = False
    show: bool = False
    unit: str = ""
    currency: str = ""
    earliest: Expression | None = None
    """The first day, or the first moment, that may be answered."""
    latest: Expression | None = None
    person: Audience | None = None
    file: tuple[str, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[Any, str] = field(default_factory=dict, compare=False)
    """What the values that it lists are called in another language than the file's own."""
    place: Place = field(default=Place(), compare=False)

    @property
    def bounds(self) -> Mapping[str, Expression]:
        """Its bounds on days and moments, by their keys."""
        return {key: one for key, one in (("earliest", self.earliest), ("latest", self.latest)) if one is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a step waits for.

    ``customer``: the job's own customer; ``customers``: any customer; ``staff``: any member of staff; ``anyone``: both;
    ``role``: staff with that role; ``person``: one person, whose id ``name`` gives; ``people``: a list of person ids
    that the expression gives; ``group``: the customers of a group; ``everyone``: the job's customer and all who acted
    on one of its steps, who can be told something, but not be waited for.
    """

    kind: Literal["customer", "customers", "staff", "anyone", "role", "person", "people", "group", "everyone"]
    name: str | Expression = ""
    among: Audience | None = None
    """Of a person, or of people: the role or the group that they are of, where that is known."""
    held: bool = False
    """Whether whoever the expression gives must be of it: where the file says so, and nobody has asked before."""
    place: Place = field(default=Place(), compare=False)

    @property
    def has_customers(self) -> bool:
        """Whether there are customers in it, as far as is known."""
        return self.kind in CUSTOMERS or (self.among is not None and self.among.kind == "group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    name: str
    title: str
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named group of customers, whose members the organisation keeps; votes and audiences refer to it."""

    name: str
    title: str
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerers:
    """Who answers what people ask about a job, and within how long, as far as the file says it."""

    by: tuple[Audience, ...] = ()
    within: Length | None = None
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be chosen. ``id`` is a string, a whole number or a boolean, as written; ``more`` are the
    attributes that the file adds."""

    id: str | int | bool
    title: str
    price: Number | None = None
    lead_time: Duration | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way on from an outcome: to a state of the same scope, an end of the process, or ``done``."""

    to: str
    when: Expression | None = None
    set: Mapping[str, Expression] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    """The places of ``set`` whose values customers may see, whatever they are made of."""
    undo: bool = False
    title: str = ""
    """What people read instead of its condition."""
    otherwise: str = ""
    """What people read where its condition keeps them from it."""
    place: Place = field(default=Place(), compare=False)

    @property
    def condition(self) -> str:
        """Its condition as people are told it; empty where it has none."""
        return self.title or (self.when.source if self.when else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """After this long people are reminded; with ``every``, again each time that long after, ``most`` times in all
    where that is said, and not at or after the deadline of the step."""

    after: Length
    every: Length | None = None
    most: int | None = None
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """After this long the step is open to others as well."""

    after: Length
    to: tuple[Audience, ...]
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One line of what the person at a step is shown: a title and an expression or a text; or, with ``kinds``, which
    kinds of facts those inside are shown of the customer."""

    title: str
    value: Expression | Text
    kinds: tuple[str, ...] | None = None
    place: Place = field(default=Place(), compare=False)


STRENGTHS = ("code", "passkey")
"""How surely a designer may have it known who acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """What may happen at any time inside a scope: by a person, by a message, or by the clock.

    Exactly one of ``by``, ``message`` and ``within`` is set. ``within`` counts from when the scope was entered.
    ``for_all``: the message is for all who wait for it, not for one of them.
    """

    name: str
    title: str
    to: str
    by: tuple[Audience, ...] = ()
    message: str = ""
    key: Expression | None = None
    for_all: bool = False
    within: When | None = None
    when: Expression | None = None
    set: Mapping[str, Expression] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    """The places of ``set`` whose values customers may see, whatever they are made of."""
    undo: bool = False
    otherwise: str = ""
    """What people read where its condition keeps them from it."""
    fields: tuple[Field, ...] = ()
    asks: str = ""
    """How surely it has to be known who does it: one of :data:`STRENGTHS`; as is usual where it is empty."""
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a job by itself: a message that no job waits for, or the clock. Exactly one of ``message`` and
    ``every`` is set.

    Its expressions see ``now``, which is the schedule's own moment, and, of a message, its body (``message``), held
    against ``fields`` where there are any, and its ``key``.
    """

    customer: Expression
    """The exact id of the customer whose job it is."""
    need: Mapping[str, Expression]
    message: str = ""
    every: Cron | None = None
    when: Expression | None = None
    fields: tuple[Field, ...] = ()
    place: Place = field(default=Place(), compare=False)


MOST_CHOSEN = 1_000_000
"""So many may be chosen where a process says no other number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One thing to choose. ``source`` names process options, lists them, or is an expression that gives a list.

    With ``max`` above 1 the answer is a list of ids; with ``quantity`` it maps ids to whole numbers, ``max`` in all.
    """

    name: str
    title: str
    source: str | tuple[Option, ...] | Expression
    min: int = 1
    max: int = 1
    quantity: bool = False
    limits: Limits = NO_LIMITS
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Waits ``first``, then ``factor`` times as long each time, at most ``longest``, for ``attempts`` in all."""

    attempts: int = 5
    first: Duration = Duration(rest=timedelta(seconds=10))
    factor: float = 2.0
    longest: Duration = Duration(rest=timedelta(hours=1))


def option_key(id: object) -> str:
    """An option's id as text: how ids are counted and compared."""
    return str(id).lower() if isinstance(id, bool) else str(id)


def options_of(source: object, options: Mapping[str, tuple[Option, ...]]) -> tuple[Option, ...]:
    """The options that the file itself lists, there or under a name; those of an expression are not known to it."""
    if isinstance(source, str):
        return options.get(source, ())
    return source if isinstance(source, tuple) else ()


def option_title(options: tuple[Option, ...], id: Any) -> str:
    """The title of the option with that id, which may be given as text; the id where nothing is known of it."""
    return next((option.title for option in options if option.id == id or str(option.id) == id), plain(id))
