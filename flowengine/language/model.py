"""What a process file says, as frozen values.

A :class:`Process` holds one root :class:`Scope`. A scope is a flat set of states with one start; ``parallel``, ``each``
and ``stage`` states hold scopes of their own, so scopes nest as a tree. Everything that can be written in two ways
in the file (``next`` or ``on``, one audience or a list) has one form here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal, TypeAlias

from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression
from flowengine.language.parts import (
    DONE,
    Always,
    Audience,
    Calendar,
    Escalation,
    Field,
    Group,
    Option,
    Pick,
    Retry,
    Role,
    Route,
    Show,
    When,
)
from flowengine.language.texts import Text
from flowengine.problem import Place

__all__ = [
    "DONE",
    "STATE_TYPES",
    "Always",
    "Approval",
    "Ask",
    "Audience",
    "Branch",
    "Calendar",
    "Call",
    "Choice",
    "Decision",
    "Each",
    "Ended",
    "Escalation",
    "Feedback",
    "Field",
    "Fitting",
    "Fulfilled",
    "Group",
    "Join",
    "Message",
    "Need",
    "Option",
    "Parallel",
    "Pick",
    "Process",
    "Race",
    "Retry",
    "Role",
    "Route",
    "Scope",
    "Service",
    "Show",
    "Stage",
    "State",
    "Task",
    "Vote",
    "Wait",
    "When",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What all states have. ``on`` maps each outcome to its routes; the first whose ``when`` holds is taken."""

    type: ClassVar[str]
    outcomes: ClassVar[tuple[str, ...]] = ()
    """The outcomes that the type itself knows, the usual one first; ``expired`` comes with ``within``."""
    open_outcomes: ClassVar[bool] = False
    """Whether a designer may add outcomes of his own, by naming them in ``on``."""
    customer: ClassVar[bool] = False
    """Whether the type always waits for the customer."""

    name: str
    title: str
    ask: Text | None = None
    shows: tuple[Show, ...] = ()
    fields: tuple[Field, ...] = ()
    saves: str = ""
    """The dotted place in ``data`` where the answer goes; the parser fills in the state's name."""
    within: When | None = None
    remind: tuple[Duration, ...] = ()
    escalate: tuple[Escalation, ...] = ()
    takes: Duration | None = None
    phase: str = ""
    on: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)

    @property
    def audience(self) -> tuple[Audience, ...]:
        """Whom the state's step waits for; empty when it waits for nobody."""
        return (Audience(kind="customer"),) if self.customer else ()

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes inside the state."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A flat set of states with one start. ``path`` names it: ``""`` is the root, ``making/cloth`` a branch."""

    path: str
    start: str
    states: Mapping[str, State]
    always: tuple[Always, ...] = ()
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need(State):
    type = "need"
    outcomes = ("stated",)
    customer = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(State):
    """The saved answer holds what was picked by name, with ``titles`` (what was picked in plain words, by name),
    ``price`` (the sum) and ``lead_time_days`` (the longest)."""

    type = "choice"
    outcomes = ("chosen",)
    customer = True
    choose: Mapping[str, Pick] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(State):
    type = "ask"
    outcomes = ("answered",)
    customer = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting(State):
    """An appointment of the customer with a role. ``fields`` are the findings, given with the outcome ``held``."""

    type = "fitting"
    outcomes = ("held", "missed")
    customer = True
    with_: tuple[Audience, ...] = ()
    length: Duration = Duration()
    calendar: str = ""
    hold: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(State):
    """``by`` lists who is asked; ``needed`` of them must approve (all, when None)."""

    type = "approval"
    outcomes = ("approved", "changes", "declined")
    by: tuple[Audience, ...] = ()
    needed: int | None = 1

    @property
    def audience(self) -> tuple[Audience, ...]:
        return self.by


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(State):
    """Members of a group (or listed people) vote until ``within``; who may vote is frozen when it opens.

    ``quorum`` is the share of the electorate's weight that must be cast (0 to 1). ``tie`` is ``outcome`` (end as
    ``tied``) or ``first`` (the option listed first wins). ``weight`` is an expression on ``member``.
    """

    type = "vote"
    outcomes = ("decided", "no_quorum", "tied")
    customer = True
    of: Audience = Audience(kind="customers")
    options: str | tuple[Option, ...] | Expression = ()
    seats: int = 1
    quorum: float = 0.0
    rule: Literal["plurality", "majority", "two_thirds"] = "plurality"
    weight: Expression | None = None
    secret: bool = True
    changeable: bool = True
    early: bool = False
    tie: Literal["outcome", "first"] = "outcome"

    @property
    def audience(self) -> tuple[Audience, ...]:
        return (self.of,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(State):
    type = "feedback"
    outcomes = ("given",)
    customer = True
    scale: tuple[int, int] = (1, 5)
    refer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(State):
    """``not_by`` names states whose last actor may not do this; ``prefer`` gives the person it is kept for first."""

    type = "task"
    outcomes = (DONE,)
    open_outcomes = True
    open_to: tuple[Audience, ...] = ()
    not_by: tuple[str, ...] = ()
    prefer: Expression | None = None

    @property
    def audience(self) -> tuple[Audience, ...]:
        return self.open_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(State):
    """Code: a handler by name (``call``), or an URL (``http``). ``limit`` bounds one attempt."""

    type = "service"
    outcomes = (DONE, "failed")
    open_outcomes = True
    call: str = ""
    http: str = ""
    input: Mapping[str, Expression] = field(default_factory=dict)
    retry: Retry = Retry()
    limit: Duration = Duration(rest=timedelta(minutes=5))
    undo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(State):
    """Takes the first route whose ``when`` holds, else ``otherwise``, which always holds."""

    type = "decision"
    rules: tuple[Route, ...] = ()
    otherwise: Route = Route(to=DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(State):
    """``for``: a duration, or an expression that gives one; ``until``: an expression that gives a moment or a date."""

    type = "wait"
    outcomes = ("elapsed",)
    for_: When | None = None
    until: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(State):
    """Waits for a message of that name (and key). One that came up to ``keep`` earlier counts."""

    type = "message"
    outcomes = ("received",)
    message: str = ""
    key: Expression | None = None
    keep: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Race(State):
    """Offers all members at once; the first outcome closes the others.

    Its outcomes are ``member`` and ``member.outcome``; the longer one is looked for first.
    """

    type = "race"
    of: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line of a parallel. Opened only when ``when`` holds, and after the branches in ``after`` are done."""

    name: str
    title: str
    scope: Scope
    when: Expression | None = None
    after: tuple[str, ...] = ()
    place: Place = field(default=Place(), compare=False)


Join: TypeAlias = Literal["all"] | int | Expression
"""When a parallel or each is done: all branches, that many, or as soon as the expression holds.

The expression sees ``done``, ``open`` and ``total`` (whole numbers) beside the usual names.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(State):
    type = "parallel"
    outcomes = ("joined",)
    branches: Mapping[str, Branch] = field(default_factory=dict)
    join: Join = "all"
    rest: Literal["cancel", "continue"] = "cancel"
    one_at_a_time: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return tuple(branch.scope for branch in self.branches.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(State):
    """One branch per item of the list ``of``; inside, the item is called ``item`` (and ``as_``).

    What is saved inside goes to the branch's own data, which hides the job's; at the join, ``saves`` receives a list
    with one object per finished item: ``item`` and the branch's own data.
    """

    type = "each"
    outcomes = ("joined",)
    of: Expression | None = None
    as_: str = "item"
    scope: Scope = Scope(path="", start="", states={})
    at_a_time: int | None = None
    more: bool = False
    join: Join = "all"
    rest: Literal["cancel", "continue"] = "cancel"

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(State):
    """Another process's job. ``at`` is the address of another organisation, or empty for here."""

    type = "call"
    outcomes = ("fulfilled", "ended")
    process: str = ""
    at: str = ""
    need: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(State):
    type = "stage"
    outcomes = (DONE,)
    scope: Scope = Scope(path="", start="", states={})

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilled(State):
    type = "fulfilled"
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(State):
    type = "ended"
    because: str = ""


STATE_TYPES: dict[str, type[State]] = {
    cls.type: cls
    for cls in (
        Need, Choice, Ask, Fitting, Approval, Vote, Feedback, Task, Service, Decision,
        Wait, Message, Race, Parallel, Each, Call, Stage, Fulfilled, Ended,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process file. ``version`` is the first 12 hex digits of the SHA-256 of ``source``."""

    name: str
    title: str
    need: str
    version: str
    source: str = field(repr=False)
    file: str = field(default="", compare=False)
    roles: Mapping[str, Role] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    promise: Expression | None = None
    """The moment (or date) that is promised to the customer; ``promise: {by: …}`` in the file."""
    promise_kept: Expression | None = None
    """When the promise is kept, if that is before the job is fulfilled; ``promise: {by: …, kept: …}`` in the file."""
    root: Scope = Scope(path="", start="", states={})

    def scopes(self) -> Iterator[Scope]:
        """All scopes, outer before inner."""
        waiting = [self.root]
        while waiting:
            scope = waiting.pop(0)
            yield scope
            waiting.extend(inner for state in scope.states.values() for inner in state.scopes)

    def states(self) -> Iterator[State]:
        """All states of all scopes. Members of a race are not listed: they are part of it."""
        for scope in self.scopes():
            yield from scope.states.values()

    @property
    def ends(self) -> dict[str, State]:
        """The ends of the process, by name."""
        return {name: state for name, state in self.root.states.items() if isinstance(state, Fulfilled | Ended)}
