"""What the engine answers: frozen values that encode to JSON as they are.

Moments are aware UTC datetimes, ids are full (``short`` is what people are shown and may type), texts are as they were
given: whoever shows them makes them harmless for his medium first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flowengine.core.answers import Form, FormField
from flowengine.core.values import Head, Json
from flowengine.exact import Number
from flowengine.views.facts import FactView as FactView
from flowengine.views.facts import PanelView as PanelView
from flowengine.views.facts import PromisedView as PromisedView
from flowengine.views.thread_lines import ThreadLine as ThreadLine
from flowengine.views.view import View as View


class Receipt(View, frozen=True, kw_only=True, eq=False):
    """What one command did. The same request key always gives the same receipt (L3).

    ``repeated`` says that nothing was done now, because the same request was answered before; two receipts are equal
    irrespective of it. ``acted`` is what was acted on: the state of the step, of the service call that was ended or of
    the message that was delivered, the need of a job that was begun, or the ``always`` entry that was used; ``step``
    is the id of the step, where it was one.

    ``seq`` is the number of its entry in the history. A ballot lies in the box of its vote and in no history: there it
    is minus the number of the vote's step.

    ``question`` is the id of the step that now waits for an answer to what was said, or that was answered with it.
    ``outcome`` is how the step ended, or the move that was made in it; empty for commands that end no step.
    ``booked`` is the appointment that was booked, ``held`` the one that is kept ``held_until`` then; ``after_promise``
    says that it lies after the promised day or moment.
    ``states`` are the states where the job stands now, ``steps`` the ids of the steps that this command opened,
    ``events`` tells in short what happened, in order. A customer's receipt has phases and titles in the place of
    states, and only the steps that wait for him (L9).
    """

    job: str
    seq: int
    status: str
    step: str = ""
    acted: str = ""
    outcome: str = ""
    states: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    because: str = ""
    events: tuple[str, ...] = ()
    question: str = ""
    repeated: bool = False
    booked: datetime | None = None
    held: datetime | None = None
    held_until: datetime | None = None
    after_promise: bool = False

    @property
    def started(self) -> bool:
        """Whether this began the job, as a message may: the command is the first of its history."""
        return self.seq == 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Receipt) and self._said() == other._said()

    def __ne__(self, other: object) -> bool:
        return not self == other  # msgspec's own compares by identity

    def __hash__(self) -> int:
        return hash(self._said())

    def _said(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name != "repeated")


class Kept(Receipt, frozen=True, kw_only=True, eq=False):
    """A message that nobody waits for yet, and which is kept ``until`` then: whoever waits for its name (``acted``)
    and ``key`` by then has it. ``job`` is empty, or the job that it was sent to."""

    job: str = ""
    seq: int = 0
    status: str = "kept"
    until: datetime
    key: str = ""


class Broadcast(Receipt, frozen=True, kw_only=True, eq=False):
    """A message for all: it is on its way to the so many jobs that were ``waiting`` for it (``acted`` is its name).

    Each takes it in a command of its own; one that waits no more by then does not.
    """

    job: str = ""
    seq: int = 0
    status: str = "sent"
    waiting: int = 0


class ChangeView(View, frozen=True, kw_only=True):
    """One difference between two versions of a process: in the state titled ``where``, or, where that is empty, in the
    process as a whole; ``who`` notices it: ``customers``, and titles of roles and groups."""

    where: str
    what: str
    who: tuple[str, ...] = ()


class Deployed(View, frozen=True, kw_only=True):
    """A process in use. ``new`` is False when what it means was in use before: other comments, line ends or
    quotes make no new version.

    ``unserved`` are the handlers it calls that this engine does not have and no external worker serves: a worker must.
    ``warnings`` say which of its roles nobody has, and which of its groups nobody is in, as people are known here.
    ``changes`` are the differences to the version ``was`` that was in use before, ``noticed_by`` all who notice any.
    """

    name: str
    version: str
    title: str
    new: bool
    unserved: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    was: str = ""
    changes: tuple[ChangeView, ...] = ()
    noticed_by: tuple[str, ...] = ()


class SuspendedView(View, frozen=True, kw_only=True):
    """Since when, why, and by whose id a job or a process is suspended; ``by`` is empty for customers, and for the
    program."""

    since: datetime
    because: str
    by: str = ""


def suspended_view(head: Head, *, inside: bool) -> SuspendedView | None:
    """Whether a job is suspended; ``inside`` the organisation it is told by whom."""
    held = head.suspended
    return SuspendedView(since=held.since, because=held.because, by=held.by if inside else "") if held else None


class ProcessRow(View, frozen=True, kw_only=True):
    """One version of a process. ``latest`` marks the version that new jobs begin with, unless it is ``suspended``."""

    name: str
    version: str
    title: str
    deployed: datetime
    latest: bool
    suspended: SuspendedView | None = None


class NeedView(View, frozen=True, kw_only=True):
    """What starting a job of a process asks."""

    process: str
    version: str
    title: str
    ask: str = ""
    questions: tuple[FormField, ...] = ()


class AbsenceView(View, frozen=True, kw_only=True):
    """A time, from ``start`` until before ``end``, in which a member of staff cannot be met."""

    start: datetime
    end: datetime
    why: str = ""


class AppointmentView(View, frozen=True, kw_only=True):
    """An appointment of a person's, for a job."""

    job: str
    short: str
    start: datetime
    end: datetime


class AgendaItem(AppointmentView, frozen=True, kw_only=True):
    """An appointment in an agenda: for which ``customer``, with whom (``staff``, where that is known), and what it is
    for (``title``).

    ``step`` is the step on which the asker can do something about it, or could, and ``step_short`` its short id; empty
    where there is none. ``held_until`` is set while it is only kept for its customer. ``outcome`` is how it went:
    ``held`` or ``missed``, or how it ended otherwise; empty until that is said. ``away`` is the absence of who meets
    the customer that is in its way. Customers are told neither that nor the calendar nor ids of staff.
    """

    process: str
    title: str
    customer: str
    customer_name: str
    staff: str = ""
    staff_name: str = ""
    step: str = ""
    step_short: str = ""
    calendar: str = ""
    held_until: datetime | None = None
    outcome: str = ""
    away: AbsenceView | None = None


class Away(View, frozen=True, kw_only=True):
    """An absence that was entered. ``appointments`` were booked for that time before: they stay booked, until they are
    moved or somebody else takes them."""

    person: str
    start: datetime
    end: datetime
    why: str = ""
    appointments: tuple[AppointmentView, ...] = ()


class PersonView(View, frozen=True, kw_only=True):
    """A customer or a member of staff, who may have ``left``. ``hours`` are working hours by weekday, in
    ``hours_zone``, else in his ``zone``, else in that of each calendar; without any he can be met whenever a calendar
    is open."""

    id: str
    kind: str
    name: str
    contact: str = ""
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    record: dict[str, Json] = {}
    hours: dict[str, str] = {}
    hours_zone: str = ""
    absences: tuple[AbsenceView, ...] = ()
    created: datetime | None = None
    zone: str = ""
    """The time zone in which he reads moments; empty where it is not known."""
    language: str = ""
    """The language in which he is spoken to, as ``de``; empty where it is not known."""
    left: datetime | None = None
    left_because: str = ""
    erased: datetime | None = None
    """When this customer was erased; of him only the id is left, which is nobody's any more."""
    organisation: bool = False
    """Whether this customer is an organisation, for which persons act."""


class HeldStep(View, frozen=True, kw_only=True):
    """A step that a person has claimed, or that waits for him by name."""

    id: str
    short: str
    job: str
    process: str
    customer_name: str
    title: str
    due: datetime | None = None


class Holdings(View, frozen=True, kw_only=True):
    """What a person has in hand: what he has ``claimed``, what is ``named`` to wait for him, his ``appointments`` that
    are not over, and the ids of his ``tokens`` that are valid. ``more`` says that it is more than is listed."""

    person: str
    claimed: tuple[HeldStep, ...] = ()
    named: tuple[HeldStep, ...] = ()
    appointments: tuple[AppointmentView, ...] = ()
    tokens: tuple[str, ...] = ()
    more: bool = False


class ExpectedView(View, frozen=True, kw_only=True):
    """When an open job is expected to be finished, or what it promised to be there: half of such jobs are by
    ``soonest``, nine of ten by ``latest``. ``words`` say it to the asker, in a sentence. ``jobs``, which those inside
    are told, is how many finished jobs stood where it stands for as long: 0 where it is what the process says.
    """

    soonest: datetime
    latest: datetime
    words: str
    jobs: int | None = None


class CustomerItem(View, frozen=True, kw_only=True):
    """A step that waits for a customer.

    ``claimed`` names who has taken it; ``mine`` says that this is the asker. ``preferred`` says that it is kept for
    the asker first. ``answered``: the asker's own answer is in, and may still be changed (votes, and appointments:
    ``booked`` is for when, ``booked_with`` the name of who meets him, where that is known). ``held`` is the appointment
    that is kept for him until ``held_until``, while he decides. ``asked``: it waits for an answer to a ``question``, or
    a ``concern``. ``urgent`` is by when it is to be done: its deadline, the end of its appointment, or, for those who
    may know it, what the job was promised for, whichever is first. ``place`` is where it stands in the inbox: the
    ``after`` of the next page.

    ``promise`` is the moment that was promised in the job, while it is neither kept nor broken, and ``late`` whether it
    is over; a customer is told of that in his own jobs. ``zone`` is then that of the process, in which a promised day
    ends.
    """

    id: str
    short: str
    job: str
    process: str
    customer: str
    customer_name: str
    title: str
    opened: datetime
    due: datetime | None = None
    claimed: str = ""
    mine: bool = False
    preferred: bool = False
    answered: bool = False
    booked: datetime | None = None
    booked_with: str = ""
    asked: str = ""
    held: datetime | None = None
    held_until: datetime | None = None
    promise: datetime | None = None
    late: bool = False
    zone: str = ""
    urgent: datetime | None = None
    place: str = ""


class InboxGroup(View, frozen=True, kw_only=True):
    """Of one process and one of the asker's roles (empty: what waits for him by name, or for everybody like him), how
    many steps wait, how many of these should be done already, and how many more until midnight."""

    process: str
    role: str
    count: int
    late: int
    today: int


class InboxCounts(View, frozen=True, kw_only=True):
    """How many steps wait for somebody, in all and by process and role: the parts of an :class:`InboxGroup`."""

    count: int
    late: int
    today: int
    groups: tuple[InboxGroup, ...]


class StaffItem(CustomerItem, frozen=True, kw_only=True):
    """A step that waits for a member of staff or an operator, who may know its state. ``appointment`` is when he is to
    meet the customer, until ``appointment_end``. ``usual`` is in how many seconds half of the jobs have left the state,
    lately, where that may be told (:meth:`Engine.insight`); ``expected`` when the job is to be finished."""

    state: str
    appointment: datetime | None = None
    appointment_end: datetime | None = None
    usual: int | None = None
    expected: ExpectedView | None = None


InboxItem = CustomerItem | StaffItem
"""A step that waits for somebody, as the asker may see it."""


class OptionTally(View, frozen=True, kw_only=True):
    """What an option of a vote has: the weight of the ballots for it, or that name it first, or the sum of scores."""

    id: str
    title: str
    votes: Number


class TallyView(View, frozen=True, kw_only=True):
    """How a vote stands while it runs, as far as it may be told: of a secret vote, without the latest ballots.

    ``step`` is the id of its step, ``cast`` how many ballots are in it, of which ``abstained`` abstained, ``voters``
    how many may vote. The ``options`` are in the order in which they are listed.
    """

    step: str
    title: str
    cast: int
    abstained: int
    voters: int
    options: tuple[OptionTally, ...]


class UnansweredView(View, frozen=True, kw_only=True):
    """What becomes of a job where nobody answers a step in time, in the file's ``words``: it ``ends`` for that reason,
    or goes on with that."""

    words: str
    ends: bool = False


class CustomerStep(View, frozen=True, kw_only=True):
    """One step as a customer sees it for whom it is, or was.

    ``possible`` lists the outcomes and moves that can be taken now, ``form`` what has to be answered for each.
    ``slots`` are the appointments that are free now (fittings only), ``late_slots`` those of them that lie after the
    promised day or moment. ``booked`` is the one that is booked already, and ``booked_with`` the name of who meets the
    customer then, where that is known; ``held`` is the one that is kept for him until ``held_until``. ``answered``: the
    asker's own answer is in, as a vote or a booked appointment, and may still be changed.
    ``shown`` are the lines that the process shows. ``tally`` is how a vote stands whose file says ``live``, once there
    is something to tell.

    A step that is over has ``open`` False and nothing possible: ``ended`` is when, ``ended_by`` the id of who ended it
    (``clock``, ``service`` … for nobody), ``outcome`` how; empty where it was cut short. A customer is told the last
    two of what he did himself, and when his time had run out. While the job is ``suspended`` nothing is possible.
    ``asks`` is how strongly whoever acts has to be known, where a link is not enough. ``unanswered`` is what happens at
    ``due`` without an answer, in a job of the asker's own, where the file has one way then, with words for customers.
    """

    id: str
    short: str
    job: str
    process: str
    customer: str
    customer_name: str
    type: str
    title: str
    purpose: str
    opened: datetime
    due: datetime | None
    claimed: str
    shown: tuple[tuple[str, str], ...]
    form: Form
    possible: tuple[str, ...] = ()
    slots: tuple[datetime, ...] = ()
    late_slots: tuple[datetime, ...] = ()
    booked: datetime | None = None
    suspended: SuspendedView | None = None
    booked_with: str = ""
    held: datetime | None = None
    held_until: datetime | None = None
    answered: bool = False
    tally: TallyView | None = None
    open: bool = True
    ended: datetime | None = None
    ended_by: str = ""
    outcome: str = ""
    asks: str = ""
    unanswered: UnansweredView | None = None
    zone: str = "UTC"
    """The time zone of the process, by which moments are told to a reader whose own is not known."""


class StaffStep(CustomerStep, frozen=True, kw_only=True):
    """One step as staff and operators see it, who may know its state. ``appointment`` is when the customer is to be
    met. ``known`` is what is known of the customer that matters to it, while it is open; ``usual`` in how many seconds
    half of the jobs have left the state, lately, where that may be told."""

    state: str
    appointment: datetime | None = None
    known: PanelView | None = None
    usual: int | None = None


StepView = CustomerStep | StaffStep
"""One step, as the asker may see it."""


class CustomerPlace(View, frozen=True, kw_only=True):
    """Where a job stands, in the process's words for customers."""

    words: str


class StaffPlace(CustomerPlace, frozen=True, kw_only=True):
    """A state where a job stands; ``since`` when, where it is the job's only line."""

    state: str
    since: datetime | None = None


class CustomerWaiting(View, frozen=True, kw_only=True):
    """An open step of a job. ``for_you``: the asker may act on it. ``whom`` says in plain words for whom it waits.

    ``answered``: his own answer is in, as a vote or a booked appointment; where it is ``for_you`` all the same, he may
    change it.
    ``booked``: the appointment is booked for then, so that it waits for nobody; it may still be moved or given back.
    ``booked_with`` is the name of who meets the customer, where that is known. ``held`` is kept for him until
    ``held_until``, while he decides. ``after_promise``: what is booked or held lies after the promised day or moment.
    ``unanswered`` is what happens at ``due`` without an answer, as for a step.
    """

    id: str
    short: str
    title: str
    whom: str
    for_you: bool
    due: datetime | None = None
    claimed: str = ""
    booked: datetime | None = None
    booked_with: str = ""
    held: datetime | None = None
    held_until: datetime | None = None
    after_promise: bool = False
    answered: bool = False
    unanswered: UnansweredView | None = None


class StaffWaiting(CustomerWaiting, frozen=True, kw_only=True):
    """An open step of a job, whoever it waits for, with its state. ``appointment`` is when the customer is to be
    met."""

    state: str
    appointment: datetime | None = None


PromiseStatus = Literal["open", "at_risk", "asked", "late", "kept", "broken", "released"]
"""What became of a promise."""


class PromiseView(View, frozen=True, kw_only=True):
    """What was promised, for when. ``first`` is the first moment that was promised.

    ``status`` is what became of it: ``open``, ``at_risk`` (it is expected later, between the two moments of
    ``expected``, as the customer was told), ``asked`` (the customer is asked for another date, ``asked``), ``late``
    (its moment is over, and the job is not), ``kept``, ``broken`` (kept too late, or not at all by then) or
    ``released`` (the job has ended otherwise before that moment, and nobody is held to it). ``kept`` is None while it
    is neither kept nor broken. ``late``: its moment was over before it was kept. ``agreed_by`` is the id of who has
    agreed to this date in the place of another. ``words`` say all that to the asker, in a sentence or two.
    """

    by: datetime
    first: datetime
    kept: bool | None = None
    late: bool = False
    status: PromiseStatus = "open"
    words: str = ""
    expected: tuple[datetime, datetime] | None = None
    asked: datetime | None = None
    agreed_by: str = ""


class OfferView(View, frozen=True, kw_only=True):
    """Something the asker may do at any time now: withdraw, change his mind. ``name`` is what ``invoke`` takes.

    ``fields`` are the names of what it asks; ``questions``, where one offer is looked at, all that is needed to ask.
    ``undoes``: what services have done for it so far is undone first. ``closed``: why it cannot be used now; empty
    where it can.
    """

    name: str
    title: str
    fields: tuple[str, ...] = ()
    undoes: bool = False
    questions: tuple[FormField, ...] = ()
    closed: str = ""

    def as_written(self) -> dict[str, Any]:
        plain = View.as_written(self)
        left_out = {name for name in ("questions", "closed") if not getattr(self, name)}
        return {name: one for name, one in plain.items() if name not in left_out}


class AnswerView(View, frozen=True, kw_only=True):
    """An answer: when, by whom (a name), and the words."""

    at: datetime
    who: str
    text: str


class SaidView(View, frozen=True, kw_only=True):
    """What somebody (``who``, a name) has said about a job: ``kind`` is ``note``, ``wish``, ``concern``,
    ``expectation``, ``question`` or ``answer``, and ``saying`` how that is told (``asked``); ``yours``: he who looks.

    What wants an answer has the id of its ``step``, and ``status`` says what became of it: ``waiting``, ``answered``
    or ``taken_back``. While it waits, ``whom`` says in plain words who is to answer, and ``due`` until when; it is
    ``late`` once operators have to look.
    """

    at: datetime
    who: str
    kind: str
    saying: str
    text: str
    yours: bool = False
    step: str = ""
    short: str = ""
    status: str = ""
    whom: str = ""
    due: datetime | None = None
    late: bool = False
    answer: AnswerView | None = None


class _Track(View, frozen=True, kw_only=True):
    """What everybody sees of a job who may see it. ``ahead`` lists what may still come for its customer."""

    job: str
    short: str
    process: str
    version: str
    title: str
    customer: str
    customer_name: str
    status: str
    because: str
    started: datetime
    updated: datetime
    ended: datetime | None
    promise: PromiseView | None
    expected: ExpectedView | None = None
    """When it is expected to be finished, as far as that is known: of one that is over, suspended, or has kept what it
    promised, it is not told, nor of somebody else's to a customer."""
    ahead: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """What is settled, as title and text."""
    offers: tuple[OfferView, ...]
    closed_offers: tuple[OfferView, ...] = ()
    """What is offered to the asker at another time, and cannot be used now, with the reason (``closed``)."""
    said: tuple[tuple[str, str, str], ...] = ()
    """What was said about the job: who, which kind of words, and the words; the newest last, at most 20."""
    suspended: SuspendedView | None = None
    """Whether the job is paused: then nobody acts on it, and no clock runs."""
    told: tuple[tuple[datetime, str, tuple[tuple[str, str], ...]], ...] = ()
    """What the process has told: when, the words, and the lines shown with them; the newest last, at most 20. A
    customer sees what was told to him, or to everyone who took part when he had; others see all of it. A deadline that
    somebody has moved is told there, too, to those whom its step waits for, and what became of an appointment without
    its customer's doing, with what comes next: it was missed, moved, or kept for him for long enough."""
    takes_longer: str = ""
    """Words that it takes longer, where staff, code or the outside leave its customer waiting for so long that it is an
    incident; until the job has gone on from there. Told to the customer and to the organisation."""
    zone: str = "UTC"
    """The time zone of the process, in which a promised day ends."""
    tallies: tuple[TallyView, ...] = ()
    """How the votes stand that run now and whose file says ``live``: to those who vote, and whose job it is."""
    erased: datetime | None = None
    """When what it held was erased on request; then nothing is told of it but where it ended."""
    conversation: tuple[SaidView, ...] = ()
    """What was said, each answer with what it answers; the newest last, at most 20, and all that is not answered. Those
    inside see all of it; a customer his own words, those said for a party that is his, the answers to them, and answers
    to nothing in particular."""
    did: tuple[tuple[datetime, str], ...] = ()
    """What a customer did himself in somebody else's job: when, and in plain words what he did last on each step; the
    newest last, at most 20."""
    thread: tuple[ThreadLine, ...] = ()
    """The way of the job, to its customer: what is done, the newest last, at most 60 lines, where it is now, and what
    lies ahead."""


class CustomerTrack(_Track, frozen=True, kw_only=True):
    """Where a job is, as a customer may see it: phases and his own steps, never the organisation's states or data (L9).

    ``facts`` are his own answers and the fields marked ``show: true``, ``said`` his own words and the answers to them.
    Of somebody else's job, in which a step waits for him or he has taken part, he sees neither these nor the promise or
    the name, but what he ``did``, and as ``facts`` what came of the states he took part in.
    """

    where: tuple[CustomerPlace, ...]
    waiting: tuple[CustomerWaiting, ...]


class WaitView(View, frozen=True, kw_only=True):
    """One thing that a job waits for.

    ``kind`` is ``step`` (``whom`` it waits for in plain words, ``due`` its deadline, ``error`` why nobody can do it,
    where that is so), ``call`` (a service: ``next`` is when it is tried next, None when it waits for an operator;
    ``error`` the last one), ``timer`` (``due`` is when it is over; with an ``error`` it could not be fired, and
    ``next`` is when it is tried again), ``message`` (``whom`` is its key) or ``job`` (``whom`` is the job
    that was called, once it is there) or ``suspended`` (by ``whom``, ``what`` is why). ``id`` names what a command
    takes. ``external``: an external worker is to do it. ``progress`` is what the handler of a call has said last. Of
    what is in a job's way there are also ``sending`` (a message that could not be sent, ``what``) and ``attention`` (it
    takes longer than it should, for ``whom``).
    """

    kind: str
    what: str
    since: datetime
    id: str = ""
    state: str = ""
    whom: str = ""
    due: datetime | None = None
    next: datetime | None = None
    error: str = ""
    attempts: int = 0
    external: bool = False
    progress: str = ""


class StaffTrack(_Track, frozen=True, kw_only=True):
    """Where a job is, as staff and operators see it: each state, each open step, and all that is settled. ``troubles``
    are told to operators: what fails or is in the way, when it is tried again, and the id that helps it."""

    where: tuple[StaffPlace, ...]
    waiting: tuple[StaffWaiting, ...]
    troubles: tuple[WaitView, ...] = ()


Track = CustomerTrack | StaffTrack
"""Where a job is, as the asker may see it."""


class NextView(View, frozen=True, kw_only=True):
    """Something that comes next, in ``words``. Where it is a step that waits for the asker, its ``id`` and ``short``
    id, and when it is ``due``."""

    words: str
    id: str = ""
    short: str = ""
    due: datetime | None = None


class Answered(View, frozen=True, kw_only=True):
    """What a command came to, in plain words for who asked for it.

    ``said`` is what happened, in the second person: the same each time it is asked for. ``over`` is set once the job is
    over: what came of it. Else ``next`` is what waits for him now (a customer: in this job; of staff the first of all
    that waits for them, ``of`` so many), and for its customer, where nothing does, who is at work and by when he hears.
    """

    job: str
    short: str
    said: str
    over: str = ""
    next: tuple[NextView, ...] = ()
    of: int = 0


class JobRow(View, frozen=True, kw_only=True):
    """One job in a list. ``title`` is its process's, ``states`` are those where it stands, ``where`` says that in
    words: the phases, else the titles; as a customer sees it, ``states`` does too. A customer is told the ``promise``
    of his own; those inside are told when an open one is ``expected`` to be finished, where that is known."""

    id: str
    short: str
    process: str
    version: str
    customer: str
    customer_name: str
    status: str
    states: tuple[str, ...]
    started: datetime
    updated: datetime
    ended: datetime | None = None
    because: str = ""
    suspended: SuspendedView | None = None
    erased: datetime | None = None
    """When what it held was erased on request."""
    unanswered: int = 0
    """How much of what people have asked waits for an answer, for those inside."""
    promise: PromiseView | None = None
    expected: ExpectedView | None = None
    zone: str = ""
    """Where something is promised or expected: the time zone of the process, in which a promised day ends."""
    title: str = ""
    where: tuple[str, ...] = ()


class HistoryLine(View, frozen=True, kw_only=True):
    """One command of a job's history: ``who`` (a name) did ``what``, in plain words; ``kind`` is the kind of actor.

    ``command`` and ``events`` are what was asked and the facts that came of it, as they are stored: objects whose
    ``command`` and ``event`` name their kind. ``zone`` is the process's, in which ``what`` tells moments to a reader
    whose own is not known. ``erased``: contents of it were erased on request; in their place stands ``erased``, null or
    nothing.
    """

    seq: int
    at: datetime
    who: str
    kind: str
    what: str
    zone: str = "UTC"
    command: dict[str, Json] = {}
    events: tuple[dict[str, Json], ...] = ()
    erased: bool = False


class DeedView(View, frozen=True, kw_only=True):
    """Something that was changed of the installation: ``who`` (a name) did ``what``, in plain words. ``by`` is the id
    of who did it, empty for the program; ``kind`` the kind of actor, ``party`` for whom it was done, ``strength`` how
    strongly he was known, empty where the program vouched for him.

    ``verb`` is that of the engine, ``about`` and ``also`` are the ids of what it was about: a person, a process, a
    token. ``facts`` stay for ever; ``words`` are what people wrote, and in the place of those that were ``erased`` on
    request stands ``erased``, null or nothing. ``hash`` is what the chain comes to with it (:attr:`Audit.head`).
    """

    seq: int
    at: datetime
    who: str
    what: str
    verb: str
    by: str = ""
    kind: str
    party: str = ""
    strength: str = ""
    about: str = ""
    also: str = ""
    facts: dict[str, Json] = {}
    words: dict[str, Json] = {}
    erased: bool = False
    hash: str


class AuditProblem(View, frozen=True, kw_only=True):
    """Where the history does not agree with itself, or with what is stored (L5). What is wrong with the chain of what
    was changed of the installation has ``administration`` in the place of the job."""

    job: str
    what: str


class Audit(View, frozen=True, kw_only=True):
    """The result of an audit. A job is whole, broken (``problems``), or whole with contents that were ``erased`` on
    request, of which it is known when and by whom, and not what they said: so many jobs are.

    ``deeds`` counts what was changed of the installation, ``deeds_erased`` those of which words were erased; ``head``
    is the hash of the last one. Kept outside, it shows later that nothing up to it was changed, nor the chain made
    anew. Where one job was audited, they are 0 and empty.
    """

    jobs: int
    entries: int
    erased: int = 0
    problems: tuple[AuditProblem, ...] = ()
    deeds: int = 0
    deeds_erased: int = 0
    head: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


class HandedOver(View, frozen=True, kw_only=True):
    """The ids of the steps that were handed over, and why others were not, by their ids."""

    handed: tuple[str, ...]
    refused: dict[str, str]


class Left(View, frozen=True, kw_only=True):
    """What became of what somebody had who left: the ids of the steps that were handed over, of those that were given
    back to all whom they wait for, why these were not handed over, by their ids, and those that wait for him by name
    still: somebody else is to be asked. ``revoked`` are the ids of his tokens."""

    person: str
    handed: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    refused: dict[str, str] = {}
    named: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()


class LeftOver(View, frozen=True, kw_only=True):
    """A job that could not be erased, and why: erase again once that has changed."""

    job: str
    why: str


class Erasure(View, frozen=True, kw_only=True):
    """What was erased of a customer, or would be: ``jobs`` of his, whole, and of ``others`` what he wrote in them (the
    ids of both); how many ``entries`` of histories that concerns, how many ``facts`` and ``files``, and the ids
    of the ``revoked`` tokens. ``left`` are jobs that could not be erased yet. ``erased`` is since when he is; None
    where it was only looked at."""

    person: str
    jobs: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    entries: int = 0
    facts: int = 0
    revoked: tuple[str, ...] = ()
    left: tuple[LeftOver, ...] = ()
    erased: datetime | None = None
    files: int = 0


class BranchMigrated(View, frozen=True, kw_only=True):
    """Where a branch of a job stands before and after; empty: nowhere, or it is not there."""

    branch: str
    before: str
    after: str


class StepMigrated(View, frozen=True, kw_only=True):
    """What becomes of an open step: its words, those whom it waits for (``role:tailor``, ``person:ada`` …), its
    deadline and who has claimed it. ``change`` is ``kept``, ``changed``, ``opened`` or ``closed``."""

    id: str
    state: str
    change: str
    title_before: str
    title: str
    whom_before: tuple[str, ...]
    whom: tuple[str, ...]
    due_before: datetime | None
    due: datetime | None
    claimed_before: str | None = None
    claimed: str | None = None


class TimerMigrated(View, frozen=True, kw_only=True):
    """What becomes of a timer: ``kept``, ``anew`` (counted again), ``added`` or ``dropped``. ``purpose`` is
    ``expire``, ``close``, ``remind``, ``escalate``, ``claim``, ``elapse``, ``hold``, ``keep``, ``attention``,
    ``promise`` or ``always`` (``name`` is the entry's; else that of a race's member). ``at_once``: its moment would
    have been already, so it is due now."""

    purpose: str
    state: str
    name: str
    change: str
    due_before: datetime | None
    due: datetime | None
    at_once: bool = False


class MigrationRefusal(View, frozen=True, kw_only=True):
    """Why a job cannot be moved to a version; ``what`` is the same for all jobs in the same case."""

    what: str
    where: str = ""
    possible: tuple[str, ...] = ()


class MigrationView(View, frozen=True, kw_only=True):
    """What moving a job from the version that it ``was`` in to another would change. With ``refusals`` it cannot be
    moved, and nothing is said of steps and timers; ``warnings`` do not keep it from being moved."""

    job: str
    short: str
    process: str
    was: str
    version: str
    branches: tuple[BranchMigrated, ...]
    steps: tuple[StepMigrated, ...] = ()
    timers: tuple[TimerMigrated, ...] = ()
    filled: dict[str, Json] = {}
    refusals: tuple[MigrationRefusal, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        """Whether it can be moved."""
        return not self.refusals


class MigratedAll(View, frozen=True, kw_only=True):
    """Which jobs were moved, or would be; why others cannot be, and what should be known of those that can: each reason
    with the ids of the jobs in that case."""

    process: str
    version: str
    moved: tuple[str, ...]
    refused: dict[str, tuple[str, ...]] = {}
    warnings: dict[str, tuple[str, ...]] = {}


class RetriedAll(View, frozen=True, kw_only=True):
    """Which incidents were tried again, by id, and which could not be, with the reason."""

    tried: tuple[str, ...]
    refused: dict[str, str] = {}


class Archived(View, frozen=True, kw_only=True):
    """What went into an archive. ``kept`` jobs are in it and still here: something was added to them meanwhile."""

    file: str
    jobs: int
    kept: int = 0
    size: int = 0


class Ran(View, frozen=True, kw_only=True):
    """What one pass of :meth:`Engine.run_due` did: ``uploads`` counts files that were looked at or deleted,
    ``failed`` attempts that raised."""

    timers: int = 0
    calls: int = 0
    outbox: int = 0
    failed: int = 0
    uploads: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.timers or self.calls or self.outbox or self.failed or self.uploads)


class IncidentView(View, frozen=True, kw_only=True):
    """What gave up and waits for an operator. ``id`` is what ``retry`` takes.

    ``kind`` is ``call`` (a service call; ``handler`` is what it calls), ``timer`` (``handler`` is what it is for:
    ``expire``, ``remind``, ``elapse`` …; it is tried again by itself at ``next``), ``message`` (``handler`` says
    what goes to whom, ``mail to ada``, or its kind), ``schedule`` (a job that could not be started by the clock, and
    is tried again at ``next``: ``handler`` is the schedule; there is no ``job`` yet), ``step`` (one that nobody can
    do as people are known here; ``handler`` is its title), ``attention`` (the job waits in its state ``since`` then,
    longer than it should, for ``whom``; ``handler`` is what is to be done, ``id`` its step or call) or ``promise``
    (the moment that was promised, ``since``, is over, and the job, which ``id`` is, waits for ``whom``; ``handler``
    says where it stands). The last three are not tried again: a step is an incident until somebody can do it, an
    attention until the job has left the state, a promise until the job has ended or there is another date.
    """

    id: str
    short: str
    job: str
    process: str
    customer: str
    state: str
    handler: str
    error: str
    attempts: int
    kind: str = "call"
    next: datetime | None = None
    since: datetime | None = None
    whom: str = ""


class ScheduleView(View, frozen=True, kw_only=True):
    """When a process starts its next job by the clock. ``id`` is what ``retry`` takes.

    ``every`` is the schedule as cron has it, in the time ``zone``; ``due`` the moment of the next job; ``customer`` the
    expression that gives whose it is. Where it could not be started, ``error`` says why, after so many ``attempts``;
    ``next`` is when it is tried: ``due``, or later.
    """

    id: str
    process: str
    every: str
    zone: str
    customer: str
    due: datetime
    next: datetime
    attempts: int = 0
    error: str = ""


class TimerView(View, frozen=True, kw_only=True):
    """A timer that is set. ``id`` is what ``fire_timer``, ``drop_timer`` and ``move_deadline`` take.

    ``purpose`` is ``expire`` (a deadline), ``close`` (that of a vote), ``remind``, ``escalate``, ``claim`` (it waits
    for all again), ``elapse`` (a wait), ``hold`` (a slot is let go), ``keep`` (a message is), ``always`` (the clock
    of an always entry), ``cut_off`` (an attempt can no longer end), ``attention`` (somebody has to look), ``promise``
    (what was promised is late: it can neither be moved nor dropped nor fired early, and moves with the data) or
    ``risk`` (it is time to look whether it will be). ``step`` is the step that it is about. With an ``error`` it
    could not be fired, and is tried again at ``next``.
    """

    id: str
    short: str
    purpose: str
    state: str
    what: str
    due: datetime
    step: str = ""
    branch: str = ""
    error: str = ""
    next: datetime | None = None


class StandingView(View, frozen=True, kw_only=True):
    """How many open jobs of a process stand in a state: the first of them ``since`` then, half of them since
    ``half_since`` or longer. Moments are in whole seconds."""

    state: str
    jobs: int
    since: datetime
    half_since: datetime


class StuckView(View, frozen=True, kw_only=True):
    """An open job and what it waits for, the longest first; ``since`` is when the first of it began.

    ``more`` says that it waits for more than is listed.
    """

    job: str
    short: str
    process: str
    customer: str
    customer_name: str
    since: datetime
    updated: datetime
    waits: tuple[WaitView, ...]
    more: bool = False
