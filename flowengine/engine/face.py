"""The engine: everything that can be asked of flows, typed and in one place.

Each method that changes something is one command in one transaction (L2). Ids of jobs and steps are taken in full or
as a unique beginning of their short form. ``by`` is who asks: a person's exact id (L15), or an
:class:`~flowengine.core.values.Actor` whom the application has authenticated itself; where it may be left out, the
program itself asks. Who may do what stands in :mod:`flowengine.people.permissions`, which each verb asks: it raises
NotAllowed, or NotFound where the asker may not even know. ``key`` is a request key: asked again with the same key, a
method answers with the same receipt and does nothing (L3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, overload

from flowengine.clock import Clock
from flowengine.commands import (
    access,
    availability,
    deploying,
    erasing,
    incidents,
    interventions,
    messages,
    migration,
    once,
    partners,
    people,
    retention,
    starting,
    tokens,
    voting,
)
from flowengine.commands import on_jobs as asking
from flowengine.commands.shell import Shell, not_joined
from flowengine.core import commands as c
from flowengine.core.values import Actor, Json
from flowengine.engine.administration import Administration
from flowengine.engine.calendars import Calendars
from flowengine.engine.conversation import Conversation
from flowengine.engine.insight import Insights
from flowengine.engine.parties import Parties
from flowengine.engine.promising import Promising
from flowengine.engine.records import Records
from flowengine.engine.signing_in import SigningIn
from flowengine.engine.voting import Voting
from flowengine.language.model import Process
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.post import hooks
from flowengine.post.outbox import Post
from flowengine.reading import agenda, answering, auditing, histories, inbox, needs, stuck, tracking
from flowengine.runtime.actors import actor_of
from flowengine.runtime.handlers import AnyHandler, Handler, Handlers
from flowengine.runtime.observing import Observer
from flowengine.runtime.settings import Settings
from flowengine.store import Database
from flowengine.store.measures import Measures, measured
from flowengine.views.keyed import Answer, Keyed
from flowengine.views.replies import (
    AgendaItem,
    Answered,
    Archived,
    Audit,
    Away,
    Deployed,
    Erasure,
    HandedOver,
    HistoryLine,
    Holdings,
    InboxCounts,
    InboxItem,
    IncidentView,
    JobRow,
    Left,
    MigratedAll,
    MigrationView,
    NeedView,
    OfferView,
    PersonView,
    ProcessRow,
    Ran,
    Receipt,
    RetriedAll,
    ScheduleView,
    StandingView,
    StepView,
    StuckView,
    TimerView,
    Track,
)  # fmt: skip
from flowengine.views.tokens import IssuedToken, TokenView
from flowengine.work import completing, due, foresight
from flowengine.work.house import keep_house

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session


class Engine(Parties, SigningIn, Records, Conversation, Promising, Calendars, Voting, Administration, Insights):
    """Flows on one database. May be used from many threads at once.

    >>> engine = Engine("sqlite://")
    >>> engine.close()

    ``database`` is an URL (``sqlite:///flow.db``, ``postgresql+psycopg://…``) or an open :class:`Database`, which then
    stays the caller's to close. ``handlers`` maps the names that services ``call`` to functions; a name that is
    not in it is looked for among those that installed packages offer (entry points ``flowengine.handlers``).
    ``settings`` says how the world is reached: mail, HTTP, secrets. Unless a ``clock`` is given, it is the database's:
    on PostgreSQL the server's, so that all machines agree, on SQLite the machine's.
    """

    def __init__(
        self,
        database: str | Database = "sqlite:///flow.db",
        *,
        clock: Clock | None = None,
        handlers: Mapping[str, Handler] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._owned = isinstance(database, str)
        opened = Database.open(database) if isinstance(database, str) else database
        self._shell = Shell(opened, clock or opened.clock(), Handlers(handlers), settings=settings)
        self._post = Post(self._shell)

    @classmethod
    def _on(cls, shell: Shell, post: Post) -> Engine:
        engine = cls.__new__(cls)
        engine._owned, engine._shell, engine._post = False, shell, post
        return engine

    def using(self, connection: Connection | Session) -> Engine:
        """An engine that joins the caller's open SQLAlchemy transaction on the same database.

        Its commands commit and roll back with the caller's own rows; flowengine does neither. Rows of one's own beside
        a command with a request key are written unless :attr:`Receipt.repeated`. A refused command changes nothing and
        leaves the transaction usable; after DatabaseBusy it is to be rolled back and begun again. It cannot run due
        work: no transaction may be open while a handler runs (L11). Raises NotConfigured for an asynchronous one.
        """
        return self._on(self._shell.joining(connection), self._post)

    def close(self) -> None:
        """Give the database back. An engine made by :meth:`using`, or on a given Database, closes nothing."""
        if self._owned:
            self._shell.database.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def database(self) -> Database:
        """The database that the engine works on."""
        return self._shell.database

    @property
    def warnings(self) -> tuple[str, ...]:
        """What endangers the database as it is used, as far as it has been seen; each is logged once a process too.

        So far it is one thing: several processes write a SQLite file, with a SQLite older than 3.51.3.
        """
        return self._shell.database.warnings

    @property
    def shell(self) -> Shell:
        """What the parts of flowengine share. For its own worker and web server, not for applications."""
        return self._shell

    @property
    def post(self) -> Post:
        """What this process sends, and by which channels. For flowengine's own worker, not for applications."""
        return self._post

    @property
    def clock(self) -> Clock:
        """The clock that the engine reads."""
        return self._shell.clock

    # processes

    def deploy(self, source: str | Path, *, by: By = PROGRAM) -> Deployed:
        """Put a process in use: a path of a file, or the text itself (recognised by its line breaks).

        Jobs that run keep their version (L6). Raises :class:`~flowengine.errors.ProcessRefused` with all problems.
        """
        return deploying.deploy(self._shell, source, self._shell.asker("deploy", by))

    def processes(self, *, by: By = PROGRAM) -> list[ProcessRow]:
        """All versions of all processes, by name, the oldest first."""
        return deploying.rows(self._shell, self._shell.asker("processes", by).language)

    def process(self, name: str, version: str | None = None, *, by: By = PROGRAM) -> Process:
        """A process as frozen values; the latest version unless one is named. Raises NotFound."""
        return deploying.process(self._for("process", by), name, version)

    def need(self, process: str, *, by: By = PROGRAM) -> NeedView:
        """What starting a job of a process asks, in its latest version. Raises NotFound."""
        return needs.need(self._shell, process, self._shell.asker("need", by).language)

    # people

    def add_customer(
        self,
        id: str = "",
        name: str = "",
        contact: str = "",
        groups: Sequence[str] | None = None,
        record: Mapping[str, Json] | None = None,
        *,
        zone: str = "",
        language: str = "",
        organisation: bool | None = None,
        by: By = PROGRAM,
    ) -> PersonView:
        """Enter a customer, or change what is said of one who is there; what is not said stays. Without an ``id`` a new
        one is entered, whose id says nothing of him. ``contact`` is the first of his contacts, ``record`` holds
        whatever is kept of him. An ``organisation`` is a customer for whom persons act (:meth:`let_act`). ``zone`` is
        the time zone in which he reads moments, as ``Europe/London``; without one it is the process's. ``language`` is
        that in which he is spoken to (``en``, ``de``), until he chooses another.

        Steps that he has claimed and may no longer do, for he is in a group no more, are given back. Raises BadAnswer
        for an id, name, contact, zone or language that cannot be one, NotAllowed for the id of a member of staff.
        """
        asker = self._shell.asker("add_customer", by)
        return people.enter(
            self._shell, asker, id, "customer", name, contact, None, groups, record, zone, organisation, language
        )

    def add_staff(
        self,
        id: str,
        name: str = "",
        roles: Sequence[str] | None = None,
        contact: str = "",
        *,
        zone: str = "",
        language: str = "",
        by: By = PROGRAM,
    ) -> PersonView:
        """Enter a member of staff with roles, or change what is said of one; what is not said stays, and who had left
        is back. The role ``operator`` makes an operator. ``zone`` is the time zone in which he reads moments, as
        ``Europe/London``, ``language`` that in which he is spoken to.

        Steps that he has claimed and may no longer do are given back, which their histories tell. Raises BadAnswer for
        an id, name, contact, zone or language that cannot be one, NotAllowed for the id of a customer.
        """
        asker = self._shell.asker("add_staff", by)
        return people.enter(self._shell, asker, id, "staff", name, contact, roles, zone=zone, language=language)

    def leave(self, person: str, *, because: str, to: str = "", dry: bool = False, by: By = PROGRAM) -> Left:
        """A member of staff leaves: he acts no more, and whoever asks in his name is refused (NotAllowed); his roles
        and his tokens (those with his id as ``subject``) end. What he has claimed goes ``to`` somebody, or back to all
        whom it waits for; each history tells it, with the reason. His record stays, for the histories that name him.

        Raises NotFound, and NotAllowed for a customer.
        """
        return people.leave(self._shell, person, to, because, by, dry)

    def erase(self, person: str, *, because: str, dry: bool = False, by: By = PROGRAM) -> Erasure:
        """Erase a customer on request (L5), under all of his ids, where some were merged: all contents of his jobs,
        which have ended; what he wrote in jobs of others that have ended, and where it stands in them besides; his
        name, contact, groups, record and tokens, all facts, his files and those of his
        jobs, what was written with him without a job, and what letters to him were about. His id stays, in
        histories and receipts, and is nobody's any more. Each job's history says that it was erased, by whom, and
        ``because`` of what; its chain stays whole.

        Jobs of others that are open, and jobs that have something to send still, are ``left``: erase him again once
        they have ended. Each job is a transaction of its own; a call that was cut short goes on when it is asked
        again. ``dry``: say what would be erased, and erase nothing.

        Raises NotFound, and NotAllowed for a member of staff, and while jobs of his are open.
        """
        return erasing.erase(self._shell, person, because, by, dry)

    def set_hours(
        self, person: str, hours: Mapping[str, str] | None = None, *, zone: str = "", by: By = PROGRAM
    ) -> PersonView:
        """Set the working hours of a member of staff, written as a calendar's ``open``: ``{"mon-fri": "09:00-17:00"}``.
        Without any he can be met whenever a calendar is open. ``zone`` is their time zone; else his own, else that of
        each calendar.

        Appointments that are booked stay so. Raises BadAnswer for what are no hours, NotAllowed for a customer.
        """
        return availability.set_hours(self._for("set_hours", by), person, hours, zone, by)

    def add_absence(self, person: str, start: date, end: date, why: str = "", *, by: By = PROGRAM) -> Away:
        """Say that a member of staff cannot be met from ``start`` until ``end``: aware moments, or days, of which the
        last counts too; days are those of his hours' zone, else of his own, else of the installation. Said anew from
        the same ``start``, it takes the place of what was said before.

        Appointments that are booked for that time stay so, and are in the answer: they must be moved, or assigned to
        somebody else. Raises BadAnswer where it ends before it begins, NotAllowed for a customer.
        """
        return availability.add_absence(self._for("add_absence", by), person, start, end, why, by)

    def remove_absence(self, person: str, start: date, *, by: By = PROGRAM) -> PersonView:
        """Take back that a member of staff is away from ``start``, a moment or day as it was given. Raises NotFound."""
        return availability.remove_absence(self._for("remove_absence", by), person, start, by)

    def person(self, id: str, *, by: By = PROGRAM) -> PersonView:
        """The person with exactly that id. A customer is shown himself, without the organisation's record of him."""
        return people.person(self._shell, id, by)

    def find_person(self, text: str, *, kind: str | None = None, by: By = PROGRAM) -> PersonView:
        """The one person whom a text fits, for terminals: an id, a contact, a name, or how an id or a name begins;
        what fits best counts. ``kind`` is ``customer`` or ``staff``.

        Raises Ambiguous, which says whom it fits, and NotFound.
        """
        return people.find_person(self._shell, text, kind, by)

    def people(
        self, kind: str | None = None, *, after: str = "", limit: int | None = None, by: By = PROGRAM
    ) -> list[PersonView]:
        """All people, or all of one kind: ``customer`` or ``staff``, in the order of their ids. With a ``limit`` a page
        of them, behind the id ``after``."""
        return people.all_people(self._shell, kind, after, limit, by)

    def actor(self, id: str, *, by: By = PROGRAM) -> Actor:
        """The actor that the person with exactly that id is, with the roles and groups of this moment."""
        return people.actor(self._shell, id, by)

    # jobs: what customers and staff do

    def start(
        self,
        process: str,
        *,
        by: By,
        need: Mapping[str, Json] | None = None,
        customer: str | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Begin a job of the latest version with a stated need.

        A customer begins his own; an id that nobody has yet becomes a customer of that name. Staff name the customer
        for whom they begin it, by his id. Raises BadAnswer when the need breaks its fields.
        """
        return self._shell.start(process, by, dict(need or {}), customer, key)

    def act(
        self,
        step_id: str,
        outcome: str = "",
        answer: Mapping[str, Json] | None = None,
        *,
        by: By,
        key: str | None = None,
    ) -> Receipt:
        """Act on a step: end it with an outcome and an answer, or make a move within it.

        Raises NotFound (no such step, or not for this actor: L4), StaleCommand, UnknownOutcome, BadAnswer,
        AlreadyClaimed, SlotTaken, NotAllowed, KeyConflict; then nothing has changed.
        """
        said = dict(answer or {})
        if outcome in voting.MOVES:
            return voting.act(self._shell, step_id, outcome, said, by, key)
        return self._shell.on_step(
            step_id, lambda step, who: c.Act(by=who, step=step, outcome=outcome, answer=said), by, key
        )

    def claim(self, step_id: str, *, by: By, key: str | None = None) -> Receipt:
        """Take a step for oneself. Raises AlreadyClaimed when another has it, else as :meth:`act` does."""
        return self._shell.on_step(step_id, lambda step, who: c.Claim(by=who, step=step), by, key, access.permit_claim)

    def release(self, step_id: str, *, by: By, key: str | None = None) -> Receipt:
        """Give a claimed step back to all whom it waits for; an operator may do it for somebody else."""
        return self._shell.on_step(
            step_id, lambda step, who: c.Release(by=who, step=step), by, key, access.permit_release
        )

    def assign(self, step_id: str, person: str, *, by: By, key: str | None = None) -> Receipt:
        """Hand a step to another of those whom it waits for, by his id: by who has it, or by any of them while nobody
        has. An operator may hand it to anybody, who is asked from then on."""
        return self._shell.on_step(
            step_id,
            lambda step, who: c.Assign(by=who, step=step, person=person),
            by,
            key,
            access.permit_assign(person),
        )

    def invoke(
        self,
        job: str,
        name: str,
        answer: Mapping[str, Json] | None = None,
        *,
        preview: str = "",
        dry: bool = False,
        by: By,
        key: str | None = None,
    ) -> Receipt:
        """Use an ``always`` entry of the process: a change of mind, a withdrawal. :attr:`Track.offers` lists them.
        ``preview`` is the :attr:`Preview.digest` of what :meth:`preview` has shown of it: then it is done only if it
        still comes to that. ``dry`` says what would come of it, and does nothing.

        Raises NotAllowed, with what is possible, where it is not open to who asks, or not now; NotFound, BadAnswer;
        PreviewChanged.
        """
        return asking.invoke(self._shell, job, name, dict(answer or {}), by, key, dry, preview)

    def withdraw(self, job: str, *, preview: str = "", dry: bool = False, by: By, key: str | None = None) -> Receipt:
        """Use the ``always`` entry ``withdraw``, where the process has one and it is open now; ``preview`` and ``dry``
        as for :meth:`invoke`."""
        return asking.invoke(self._shell, job, "withdraw", {}, by, key, dry, preview)

    def say(self, job: str, text: str, kind: str = "note", *, to: str = "", by: By, key: str | None = None) -> Receipt:
        """Say something about a job, also about one that is over: a note, wish, concern, expectation, question or
        answer; at most 10,000 characters.

        A question, or a concern, waits for those whom the process says (``questions``), until it is answered:
        :attr:`Receipt.question` is the id of the step. An ``answer`` is ``to`` that id, which need not be named where
        one thing alone waits for who says it; where nothing does, it is said to nobody in particular.

        Raises BadAnswer where there is nothing to say, or several things wait for an answer; NotFound, NotAllowed,
        StaleCommand, AlreadyClaimed for what somebody else answers, or has answered.
        """
        return asking.say(self._shell, job, text, kind, to, by, key)

    def take_back(self, question: str, *, by: By, key: str | None = None) -> Receipt:
        """Take back what was asked, by who has asked it: it waits for an answer no more. ``question`` is the id of its
        step. Raises NotFound, NotAllowed, StaleCommand where it is answered by now."""
        return asking.take_back(self._shell, question, by, key)

    def send(
        self,
        name: str,
        key: str = "",
        body: Json = None,
        *,
        job: str | None = None,
        all: bool = False,
        by: By | None = None,
        request_key: str | None = None,
    ) -> Receipt:
        """Deliver a message to a job, or to the one open job that waits for this name and key.

        Where none waits, it starts a job of the process in use that ``starts`` by it (:attr:`Receipt.started`). Else,
        where a process keeps messages of that name, it is :class:`~flowengine.views.replies.Kept` for the job that
        comes to wait for it. Raises NotFound when nobody waits, starts or keeps it, Ambiguous when several jobs wait,
        or several processes would start, BadAnswer when it is not as the fields want it, NotAllowed when too many are
        kept.

        With ``all``, or where those who wait say ``all: true``, it is for each job that waits now: a
        :class:`~flowengine.views.replies.Broadcast`, on its way to so many. It starts nothing and is not kept.
        """
        return messages.send(self._shell, name, key, body, job, by, request_key, all)

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> Receipt:
        """Deliver a signed message that came in over HTTP to the hook of that name (Settings.hook_secrets), as
        :meth:`send` does.

        ``body`` is what came, byte by byte. Raises NotFound, BadSignature, BadAnswer, Ambiguous, KeyConflict.
        """
        return hooks.receive(self._shell, name, headers, body)

    def hear_partner(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[bytes, dict[str, str]]:
        """What an organisation says that is a customer in our processes, or in whose we are (Settings.partners): what
        is answered, as JSON, and the headers that sign it.

        Raises NotFound for a partner that is not set up and for what is not his, BadSignature, BadAnswer, and what
        stands in the way of what he asks for.
        """
        return partners.hear(self._shell, name, headers, body)

    def add(self, job: str, state: str, items: Sequence[Json], *, by: By, key: str | None = None) -> Receipt:
        """Add items to an ``each`` with ``more: true`` while it runs: by the job's customer, staff, or an operator."""
        return asking.add(self._shell, job, state, tuple(items), by, key)

    # looking

    @contextmanager
    def looking(self) -> Iterator[Engine]:
        """An engine whose looks all see one moment, in one transaction. It changes nothing.

        >>> with Engine("sqlite://") as engine, engine.looking() as still:
        ...     still.people(), still.jobs()
        ([], [])
        """
        with self._shell.looking() as shell:
            yield self._on(shell, self._post)

    def once(self, request: Keyed, ask: Callable[[Engine], bytes], *, who: By) -> Answer:
        """What a verb that takes no request key answers to ``who``, as JSON, once under one: ``ask`` has it done by the
        engine that it is given, in the transaction that keeps the answer too. For desks (:meth:`Desk.once`), which know
        how each verb is written as JSON. Raises KeyConflict where the key was used for something else, and
        StaleCommand where it was done and its answer is not kept: it showed a secret, or is erased."""
        return once.once(self._shell, request, who, lambda shell: ask(self._on(shell, self._post)))

    def roles(self, *, by: By = PROGRAM) -> dict[str, tuple[str, ...]]:
        """The roles that staff may need: those of the processes in use, each with the names of these, and
        ``operator``."""
        return needs.roles(self._shell, by)

    def holdings(self, person: str, *, by: By = PROGRAM) -> Holdings:
        """What a person has in hand: steps that he has claimed or that wait for him by name, appointments, tokens. For
        operators, and for a member of staff of himself. Raises NotFound, NotAllowed."""
        return inbox.holdings(self._shell, person, by)

    def inbox(
        self,
        by: By,
        limit: int = 100,
        *,
        everything: bool = False,
        process: str = "",
        role: str = "",
        customer: str = "",
        text: str = "",
        after: str | None = None,
    ) -> list[InboxItem]:
        """The ``limit`` most urgent steps that wait for who asks: those that he holds first, then by deadline,
        appointment or promise, whichever is first, then by age.

        Steps that somebody else has claimed are left out, and so are votes in which he has spoken and appointments
        that he has booked, unless ``everything`` is wanted. Narrowed to a process, one of his roles, a customer by his
        exact id, and titles that hold all words of a text. ``after`` is the ``place`` of the last item of the page
        before. Raises NotAllowed for a role that he does not have, Refused for a place that no page said.
        """
        wanted = inbox.Wanted(process, role, customer, text)
        return inbox.inbox(self._shell, by, limit, everything, wanted, after)

    def inbox_counts(
        self, by: By, *, process: str = "", role: str = "", customer: str = "", text: str = ""
    ) -> InboxCounts:
        """How many steps wait for who asks, by process and role: in all, late, and until midnight where he is. Narrowed
        as :meth:`inbox`."""
        return inbox.inbox_counts(self._shell, by, inbox.Wanted(process, role, customer, text))

    def agenda(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        person: str = "",
        role: str = "",
        calendar: str = "",
        limit: int = 100,
        by: By = PROGRAM,
    ) -> list[AgendaItem]:
        """What is booked, or held, from ``first`` to ``last``, by time: at most ``limit`` (up to 1,000) of at most 92
        days. A bare day is that day where the reader is, and counts as a whole; unless something is said, it is today.

        A customer's are his own. Staff are told their own and those of their roles, operators and the program all;
        both may ask for those of a person (by his exact id, L15), of those who have a role, or of a calendar. Raises
        BadAnswer for a span that is none, NotFound for who, and what, is not known, NotAllowed.
        """
        return agenda.agenda(self._shell, first, last, person, role, calendar, limit, by)

    def step(self, step_id: str, by: By) -> StepView:
        """A step with all that is needed to act on it, or, once it is over, how it ended.

        What is offered is what :meth:`act` takes from who asks. For those for whom it is or was; operators may look at
        each step, and nothing is offered on one that does not wait for them. To others it is NotFound (L4).
        """
        return inbox.step(self._shell, step_id, by)

    def find_step(
        self, text: str = "", *, by: By, key: str | None = None, whose: str = ""
    ) -> StepView | dict[str, str]:
        """The step that somebody at a terminal means: by its id, by its job, or the only one that waits for him; or for
        the person in ``whose`` stead an operator is to act. Where none waits, one that he has ``answered`` and may
        still change: an appointment that is booked, a vote.

        Where it is not exactly one, those that it could be: by their short ids what they are, and whose. With a request
        key that was used before it is the step that was acted on, as it was then, so that a repeat can ask the same
        (L3).
        """
        return inbox.find_step(self._shell, text, by, key, whose)

    def track(self, job: str, by: By) -> Track:
        """Where a job is, as its customer, staff or an operator may see it (L9)."""
        return tracking.track(self._shell, job, by)

    def offer(self, job: str, name: str, by: By) -> OfferView:
        """An ``always`` entry of a job that is meant for who asks, open now or not, with the questions it asks.

        Raises NotFound, with what is open now.
        """
        return tracking.offer(self._shell, job, name, by)

    def answered(self, job: str, seq: int, by: By) -> Answered:
        """What a command came to, in plain words for who asked for it, by its receipt's ``job`` and ``seq``: what
        happened, and what comes now.

        For who asked, and where he did so for a party those who act or look for it; the organisation may look at each.
        To others it is NotFound (L4).
        """
        return answering.answered(self._shell, job, seq, by)

    def data(self, job: str, *, by: By = PROGRAM) -> dict[str, Json]:
        """A job's data as plain JSON values: for each place, which is a state's name unless the state says ``saves``,
        what was answered, chosen, found or returned there.

        ``{"need": {"day": "2027-05-01"}, "style": {"cloth": "navy", "price": 420}}``. Numbers are exact: ints and
        Decimals. All of it for the program and the organisation; for the job's customer what :attr:`Track.facts` tells
        him of (L9). Raises NotFound, NotAllowed.
        """
        return tracking.data(self._shell, job, by)

    def jobs(
        self,
        *,
        status: str | None = None,
        process: str | None = None,
        customer: str | None = None,
        limit: int = 100,
        after: str | None = None,
        took_part: bool = False,
        late: bool = False,
        mine: bool = False,
        begun_before: datetime | None = None,
        by: By = PROGRAM,
    ) -> list[JobRow]:
        """Jobs, the newest first; a customer's are his own, or, with ``took_part``, those of others in which he acted
        on a step. Those of a member of staff are all, or, with ``mine``, those that he began. ``late``: the
        open ones whose promised moment is over, those that are late the longest first. ``begun_before``: those that
        began before an aware moment, the oldest first. ``after`` is the last job id of the page before. Raises
        NotAllowed, BadAnswer."""
        wanted = tracking.WantedJobs(status, process, customer, took_part, late, mine, begun_before)
        return tracking.jobs(self._shell, wanted, limit, after, by)

    def history(self, job: str, *, after: int = 0, limit: int | None = None, by: By = PROGRAM) -> list[HistoryLine]:
        """All that happened to a job, or what came ``after`` the line of that ``seq``, the oldest first, with the
        stored facts; at most ``limit`` lines. Not for customers: :meth:`track` is. Raises NotFound."""
        return histories.history(self._shell, job, by, after, limit)

    def audit(self, job: str | None = None, *, by: By = PROGRAM) -> Audit:
        """Check the hash chain of one job or of all, and that what is stored follows from it (L5). With all jobs the
        chain of what was changed of the installation is checked, too (:meth:`administration`)."""
        return auditing.audit(self._for("audit", by), job)

    # operating

    def handler(self, name: str) -> Callable[[AnyHandler], AnyHandler]:
        """Register a function as the handler of the services that ``call`` this name."""
        return self._shell.handlers.decorator(name)

    def register(self, more: Mapping[str, Handler]) -> None:
        """Register several handlers by name."""
        self._shell.handlers.add(more)

    def complete(self, token: str, outcome: str = "done", result: Json = None) -> Receipt:
        """End a service call from outside, by the ``token`` that its handler was given: for one that returned
        :class:`~flowengine.runtime.handlers.Later`, or will. Whoever has the token may.

        Repeated, the same completion gives the same receipt (L3). Raises NotFound for a token that is none, KeyConflict
        when the call was completed in another way, StaleCommand when it is over in another way, BadAnswer for a result
        or an outcome that the process cannot take: then the call still waits.
        """
        return completing.complete(self._shell, token, outcome, result)

    def give_up(self, token: str, error: str) -> Receipt:
        """Have a service call fail for good, by its ``token``: it takes the route ``failed`` of its process, else it is
        an incident. Raises as :meth:`complete` does."""
        return completing.give_up(self._shell, token, error)

    def run_due(self, limit: int = 100) -> Ran:
        """One pass over what is due: at most ``limit`` timers, service calls, outgoing messages and files each."""
        not_joined(self._shell)
        timers, refused = due.fire_timers(self._shell, limit)
        closed, unseen = voting.look_after_all(self._shell)
        calls, failed = due.run_calls(self._shell, limit)
        _, untold = foresight.look(self._shell, limit)
        sent, unsent = self._post.deliver(limit)
        kept, unkept = keep_house(self._shell, limit)
        wrong = refused + unseen + failed + unsent + unkept + untold
        return Ran(timers=timers + closed, calls=calls, outbox=sent, uploads=kept, failed=wrong)

    def watch(self, observer: Observer) -> None:
        """Let somebody watch each command and each attempt of a handler:
        :class:`~flowengine.runtime.telemetry.Telemetry` makes OpenTelemetry's spans of them,
        :class:`~flowengine.worker.metrics.Metrics` Prometheus's figures.

        What is done inside a caller's transaction (:meth:`using`) is the caller's to watch.
        """
        self._shell.observers.add(observer)

    def measures(self, *, by: By = PROGRAM) -> Measures:
        """How much is open, due and given up just now, for monitoring."""
        with self._for("measures", by).reading() as tx:
            return measured(tx.channel, self._shell.clock.now())

    def incidents(self, *, by: By = PROGRAM) -> list[IncidentView]:
        """The service calls that gave up, what cannot be done now (timers, outgoing messages, starts by the clock), and
        the steps that nobody can do as people are known here: a role that nobody has, a person who is not there.

        The last are found among all open steps, so it is for an operator now and then.
        """
        return incidents.incidents(self._for("incidents", by), by)

    def schedules(self, *, by: By = PROGRAM) -> list[ScheduleView]:
        """When the processes in use start their next jobs by the clock (``starts`` with ``every``), by process."""
        return starting.schedules(self._for("schedules", by))

    def retry(self, incident: str, by: By = PROGRAM) -> Receipt:
        """Have an incident tried again, by its id: a worker runs a call; a timer is fired, and a schedule's job
        started, at once. A call that waits for its next attempt is tried at once, too.

        Raises what still stands in its way; then it stays an incident.
        """
        return incidents.retry(self._shell, incident, self._shell.asker("retry", by))

    def retry_all(
        self, by: By = PROGRAM, *, kind: str | None = None, process: str | None = None, handler: str | None = None
    ) -> RetriedAll:
        """Have all incidents tried again, or all of one kind (``call``, ``timer``, ``message``, ``schedule``), process
        or handler, as :class:`IncidentView` names them. Those that cannot be are told; the others go on all the same.
        """
        return incidents.retry_all(self._shell, self._shell.asker("retry_all", by), kind, process, handler)

    def stuck(self, *, process: str | None = None, limit: int = 100, by: By = PROGRAM) -> list[StuckView]:
        """What waits for what, and since when: of the open jobs the ``limit`` that have not moved for longest, each
        with all that it waits for; who has waited longest comes first.

        Looks through all open jobs (of the process), so it is for an operator now and then.
        """
        return stuck.stuck(self._for("stuck", by), process, limit, by)

    def standing(self, process: str, *, by: By = PROGRAM) -> list[StandingView]:
        """How many open jobs of a process, of all its versions, stand in each state, and how long: by state.

        Raises NotFound where there is no such process.
        """
        return stuck.standing(self._for("standing", by), process)

    def archive(self, before: datetime, to: str | Path, *, batch: int = 200, by: By = PROGRAM) -> Archived:
        """Write the jobs that ended before a moment to a new file ``to``, with their whole histories, and delete them
        from the database with their receipts, ``batch`` jobs in one transaction. Live jobs are not touched.

        The file is lines of JSON (gzip where the name ends in ``.gz``); :meth:`verify_archive` checks one. A request
        key of a job that is gone counts as fresh. Raises Refused when the file is there already.
        """
        return retention.archive(self._shell, before, Path(to), batch, self._shell.asker("archive", by))

    def archivable(self, before: datetime, *, by: By = PROGRAM) -> int:
        """How many jobs :meth:`archive` would take now."""
        return retention.count(self._for("archivable", by), before)

    @staticmethod
    def verify_archive(path: str | Path) -> Audit:
        """Check the histories in an archive against their hashes (L5). Raises NotFound, and Refused for no archive."""
        return retention.verify(Path(path))

    @overload
    def migrate(
        self, job: str, version: str | None = None, *, states: Mapping[str, str] | None = None,
        fill: Mapping[str, Json] | None = None, timers: Literal["anew", "keep"] = "anew", because: str = "",
        dry: Literal[False] = False, by: By = PROGRAM,
    ) -> Receipt: ...  # fmt: skip

    @overload
    def migrate(
        self, job: str, version: str | None = None, *, states: Mapping[str, str] | None = None,
        fill: Mapping[str, Json] | None = None, timers: Literal["anew", "keep"] = "anew", because: str = "",
        dry: bool, by: By = PROGRAM,
    ) -> Receipt | MigrationView: ...  # fmt: skip

    def migrate(
        self,
        job: str,
        version: str | None = None,
        *,
        states: Mapping[str, str] | None = None,
        fill: Mapping[str, Json] | None = None,
        timers: Literal["anew", "keep"] = "anew",
        because: str = "",
        dry: bool = False,
        by: By = PROGRAM,
    ) -> Receipt | MigrationView:
        """Move a job on purpose to another version of its process, the latest unless one is named (L6).

        ``states`` maps states to those that have another name there, ``fill`` sets data first, by dotted places
        (``need.colour``). What is open follows the new version. Of deadlines whose rule is another one, ``anew`` counts
        them from when the state was entered, and those that would be over are due at once; ``keep`` leaves them.
        ``dry`` says all that would change, as a :class:`MigrationView`, and does nothing.

        Raises NotAllowed with all that is in the way: a state without its place in that version, and data that a later
        state would miss, or that are of another type there.
        """
        asked, actor = migration.wanted(version, states, fill, timers, because), self._shell.asker("migrate", by)
        return (migration.look if dry else migration.move)(self._shell, job, asked, actor)

    def migrate_all(
        self,
        process: str,
        was: str | None = None,
        *,
        version: str | None = None,
        states: Mapping[str, str] | None = None,
        fill: Mapping[str, Json] | None = None,
        timers: Literal["anew", "keep"] = "anew",
        because: str = "",
        dry: bool = False,
        by: By = PROGRAM,
    ) -> MigratedAll:
        """:meth:`migrate` all open jobs of a process, or those that have the version ``was``; each by itself. Those
        that cannot be moved are told by what is in their way; the others go on all the same.
        """
        asked, actor = migration.wanted(version, states, fill, timers, because), self._shell.asker("migrate_all", by)
        return migration.move_all(self._shell, process, was, asked, actor, dry=dry)

    # by hand: with a reason, which the history keeps; ``dry`` says what would happen, and does nothing

    def end(
        self, job: str, because: str, *, undo: bool = False, dry: bool = False, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """End a job, wherever it stands: all that is open is cancelled, and its status is ``ended``.

        With ``undo`` the services it has used are undone first, the newest first, and it ends when they are.
        """
        return self._by_hand(
            "end", job, because, lambda _, who, __: c.End(by=who, because=because, undo=undo), by, key, dry
        )

    def complete_call(
        self,
        call: str,
        outcome: str = "done",
        result: Json = None,
        *,
        because: str,
        dry: bool = False,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> Receipt:
        """End an open service call with an outcome and a result, which are held against its routes and fields as those
        of its handler are. Raises UnknownOutcome, BadAnswer, and NotAllowed while a worker is at work on it; then the
        call still waits."""
        return self._by_hand(
            "complete_call",
            call,
            because,
            lambda _, who, number: c.Finish(by=who, call=number, outcome=outcome, result=result, because=because),
            by,
            key,
            dry,
        )

    def fail_call(
        self, call: str, because: str, *, dry: bool = False, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """Have an open service call fail: it takes its route ``failed``. Raises NotAllowed where it has none,
        and while a worker is at work on it."""
        return self._by_hand(
            "fail_call", call, because, lambda _, who, number: c.Fail(by=who, call=number, error=because), by, key, dry
        )

    def skip_call(
        self,
        call: str,
        because: str,
        *,
        outcome: str = "done",
        dry: bool = False,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> Receipt:
        """Have the job go on as if an open service call had ended with the outcome; nothing is saved.

        What later states read of its result is to be set by :meth:`set_data`.
        """
        return self._by_hand(
            "skip_call",
            call,
            because,
            lambda _, who, number: c.Skip(by=who, call=number, outcome=outcome, because=because),
            by,
            key,
            dry,
        )

    def act_for(
        self,
        step_id: str,
        person: str,
        outcome: str = "",
        answer: Mapping[str, Json] | None = None,
        *,
        because: str,
        dry: bool = False,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> Receipt:
        """Act on a step in the stead of a person for whom it waits; the history names both. Raises as :meth:`act`."""
        return self._by_hand(
            "act_for",
            step_id,
            because,
            lambda tx, who, number: c.ActFor(
                by=who,
                step=number,
                person=actor_of(tx, person, asks=False),
                outcome=outcome,
                answer=dict(answer or {}),
                because=because,
            ),
            by,
            key,
            dry,
        )

    def set_data(
        self,
        job: str,
        place: str,
        value: Json,
        *,
        because: str,
        branch: str = "",
        dry: bool = False,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> Receipt:
        """Put a value at a place in a job's data, as ``need.day``; ``branch`` names an item's own data.

        Held against the fields of the states that save there. Raises BadAnswer, which says what is possible.
        """
        return self._by_hand(
            "set_data",
            job,
            because,
            lambda _, who, __: c.SetData(by=who, place=place, value=value, branch=branch, because=because),
            by,
            key,
            dry,
        )

    def move(
        self,
        job: str,
        to: str,
        *,
        because: str,
        branch: str = "",
        dry: bool = False,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> Receipt:
        """Send the branch that runs in the scope of a state to that state: where it stands is left and all below it
        cancelled, what it enters begins afresh. ``branch`` names it where several run there, and then ``to`` may be
        ``done``. Raises NotFound, NotAllowed."""
        return self._by_hand(
            "move",
            job,
            because,
            lambda _, who, __: c.Move(by=who, to=to, branch=branch, because=because),
            by,
            key,
            dry,
        )

    def suspend(
        self, job: str, *, because: str, dry: bool = False, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """Hold a job: nobody acts on it (NotAllowed, with since when and why), its timers are not fired and its calls
        not taken, and its customer is told that it is paused, with the reason. People may say something, and operators
        lend a hand. What comes from outside has happened and is taken (an attempt that ran, a message, the end of a
        called job); what it leads to waits as well. Raises NotAllowed for one that is suspended."""
        return self._by_hand(
            "suspend", job, because, lambda _, who, __: c.Suspend(by=who, because=because), by, key, dry
        )

    def resume(self, job: str, *, because: str, dry: bool = False, by: By = PROGRAM, key: str | None = None) -> Receipt:
        """Let a suspended job go on. Deadlines, reminders and escalations are later by as long as it was held; waits,
        reservations and other clocks are not, and what is over by now is done at once. Raises NotAllowed."""
        return self._by_hand("resume", job, because, lambda _, who, __: c.Resume(by=who, because=because), by, key, dry)

    def suspend_process(self, name: str, *, because: str, by: By = PROGRAM) -> ProcessRow:
        """Have no new job of a process begin, whatever its version (NotAllowed, with since when and why). Jobs that run
        go on; those that others call wait to begin. Raises NotFound, NotAllowed."""
        return deploying.suspend(self._shell, name, because, by)

    def resume_process(self, name: str, *, because: str, by: By = PROGRAM) -> ProcessRow:
        """Let jobs of a process begin again. Raises NotFound, NotAllowed."""
        return deploying.resume(self._shell, name, because, by)

    def move_deadline(
        self, deadline: str, to: datetime, *, because: str, dry: bool = False, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """Move the deadline of a step, or of a vote, by the step's id; or that of a wait, a race, a parallel, by its
        timer's (:meth:`timers`). ``to`` is a moment with its zone, and still to come.

        Operators may, and those whom the state names under ``deadline_moved_by``. What reminds of it and has not come
        yet keeps its distance; whom the step waits for are told. Raises BadAnswer, NotAllowed, StaleCommand.
        """
        moment = interventions.moment_of(to)
        return self._by_hand(
            "move_deadline",
            deadline,
            because,
            lambda _, who, number: c.MoveDeadline(by=who, number=number, to=moment, because=because),
            by,
            key,
            dry,
        )

    def fire_timer(
        self, timer: str, *, because: str, dry: bool = False, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """Have what a timer is set for happen now, before its time. Raises StaleCommand for one that is not set."""
        return self._by_hand(
            "fire_timer",
            timer,
            because,
            lambda _, who, number: c.Fire(by=who, timer=number, because=because),
            by,
            key,
            dry,
        )

    def drop_timer(
        self, timer: str, *, because: str, dry: bool = False, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """Have a reminder or an escalation not come. A deadline is moved instead: NotAllowed, for without it somebody
        could wait for ever (L8)."""
        return self._by_hand(
            "drop_timer",
            timer,
            because,
            lambda _, who, number: c.DropTimer(by=who, timer=number, because=because),
            by,
            key,
            dry,
        )

    def timers(self, job: str, *, by: By = PROGRAM) -> list[TimerView]:
        """The timers that are set for a job, the earliest first: deadlines, reminders, waits and what else there is."""
        return stuck.timers(self._for("timers", by), job, by)

    def hand_over(self, person: str, to: str, *, because: str, dry: bool = False, by: By = PROGRAM) -> HandedOver:
        """Hand all steps that a person has claimed to another, by their exact ids: each becomes his, and he is asked
        from then on. What he may not have is told, and stays."""
        return interventions.hand_over(self._shell, person, to, because, by, dry)

    def _by_hand(
        self, verb: str, text: str, because: str, make: interventions.Make, by: By, key: str | None, dry: bool
    ) -> Receipt:
        return interventions.intervene(self._shell, verb, text, because, make, by, key, dry)

    # who comes in from outside

    def issue_token(
        self,
        scope: str,
        subject: str,
        *,
        handlers: Sequence[str] = (),
        expires: datetime | timedelta | None = None,
        by: By = PROGRAM,
    ) -> IssuedToken:
        """Make a token for ``subject``: its secret is in the answer and never shown again.

        ``scope`` is ``worker`` (an external worker, for the calls of the ``handlers`` named), ``operator`` or
        ``metrics``. ``expires`` is a moment, or a span from now; without it the token is valid until it is revoked.
        Raises BadAnswer.
        """
        return tokens.issue(self._shell, scope, subject, handlers, expires, self._shell.asker("issue_token", by))

    def revoke_token(self, id: str, *, take_back: bool = False, by: By = PROGRAM) -> TokenView:
        """Make a token invalid, now and for ever, by its public id. Raises NotFound.

        Calls that wait for external workers go on waiting for one with a valid token. With ``take_back`` they are for
        workers of our own again, where no other token serves their handlers.
        """
        return tokens.revoke(self._shell, id, take_back, self._shell.asker("revoke_token", by))

    def tokens(self, *, by: By = PROGRAM) -> list[TokenView]:
        """All tokens, the oldest first, without their secrets; those that expired or were revoked too."""
        return tokens.tokens(self._for("tokens", by))

    def token(self, text: str) -> TokenView:
        """Whose token that is. Raises BadToken for one that is unknown, expired or revoked."""
        return tokens.token(self._shell, text)

    def next_due(self, *, by: By = PROGRAM) -> datetime | None:
        """When there is work to do next, or None: how far a simulated clock may be moved at once.

        The earliest of all timers, service calls (their next attempts too) and outgoing messages; what is due already
        lies in the past.
        """
        return due.next_due(self._for("next_due", by))
