"""The desk: all that customers, staff and operators ask of flows, whoever answers: an engine here, or one over HTTP.

A desk is opened for one identity, for whom each verb asks; who may do what is decided behind it. Arguments and answers
are plain values and the frozen views of :mod:`flowengine.views.replies`, which encode to JSON as they are; errors are
those of :mod:`flowengine.errors`. ``key`` is a request key: asked again with the same key, a verb gives the same
receipt and does nothing (L3). Ids of jobs and steps are taken in full or as a unique beginning. A verb means what that
of the same name on :class:`~flowengine.engine.Engine` means.
"""

# mypy: disable-error-code="no-any-return"
# Each verb is asked by its name; tests hold the signatures against those of the engine.

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Self

from flowengine.client.desk.administration import Administration
from flowengine.client.desk.calendars import Calendars
from flowengine.client.desk.conversation import Conversation
from flowengine.client.desk.insight import Insights
from flowengine.client.desk.parties import Parties
from flowengine.client.desk.promising import Promising
from flowengine.client.desk.records import Records
from flowengine.client.desk.signing_in import SigningIn
from flowengine.client.desk.voting import Voting
from flowengine.core.values import Json
from flowengine.views import replies as view
from flowengine.views.tokens import IssuedToken, TokenView

Answer = Mapping[str, Json]


class Desk(Parties, SigningIn, Records, Conversation, Promising, Calendars, Voting, Administration, Insights):
    """What can be asked, for one identity."""

    @abstractmethod
    def close(self) -> None:
        """Give back what the desk holds open."""

    @abstractmethod
    def now(self) -> datetime:
        """The time by the clock that decides deadlines."""

    @property
    @abstractmethod
    def zone(self) -> str:
        """The time zone in which who asks reads moments; empty where it is not known."""

    @property
    @abstractmethod
    def me(self) -> view.PersonView | None:
        """Who asks, as he is known here; None for the program itself, and for somebody who is not known yet."""

    @abstractmethod
    def once(self, key: str) -> Self:
        """This desk for one request, under a request key (L3): the verb that is asked of it next, also one that takes
        no ``key`` itself, takes effect once. Asked again with the same, it answers as it did and does nothing, for a
        week. It needs no closing.

        Another request under the key is a KeyConflict. What shows a secret (a token, a link) is not shown again:
        StaleCommand says that it was done.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # jobs

    def start(
        self, process: str, *, need: Answer | None = None, customer: str | None = None, key: str | None = None
    ) -> view.Receipt:
        """Begin a job with a stated need; staff name the customer for whom, by his exact id."""
        return self._ask("start", process, need=need, customer=customer, key=key)

    def act(
        self, step_id: str, outcome: str = "", answer: Answer | None = None, *, key: str | None = None
    ) -> view.Receipt:
        """Act on a step: end it with an outcome and an answer, or make a move within it."""
        return self._ask("act", step_id, outcome, answer, key=key)

    def claim(self, step_id: str, *, key: str | None = None) -> view.Receipt:
        """Take a step for oneself."""
        return self._ask("claim", step_id, key=key)

    def release(self, step_id: str, *, key: str | None = None) -> view.Receipt:
        """Give a step back to all whom it waits for."""
        return self._ask("release", step_id, key=key)

    def assign(self, step_id: str, person: str, *, key: str | None = None) -> view.Receipt:
        """Hand a step to a person, by his exact id."""
        return self._ask("assign", step_id, person, key=key)

    def invoke(
        self,
        job: str,
        name: str,
        answer: Answer | None = None,
        *,
        preview: str = "",
        dry: bool = False,
        key: str | None = None,
    ) -> view.Receipt:
        """Use what a job offers at any time, as a change of mind: an ``always`` entry of its process. ``preview``: the
        digest of what was shown before, which it then still has to come to. ``dry``: say what would come of it."""
        return self._ask("invoke", job, name, answer, preview=preview, dry=dry, key=key)

    def withdraw(self, job: str, *, preview: str = "", dry: bool = False, key: str | None = None) -> view.Receipt:
        """Withdraw from a job, where its process allows it now; ``preview`` and ``dry`` as for :meth:`invoke`."""
        return self._ask("withdraw", job, preview=preview, dry=dry, key=key)

    def say(self, job: str, text: str, kind: str = "note", *, to: str = "", key: str | None = None) -> view.Receipt:
        """Say something about a job: a note, wish, concern, expectation, question, or an answer ``to`` one."""
        return self._ask("say", job, text, kind, to=to, key=key)

    def take_back(self, question: str, *, key: str | None = None) -> view.Receipt:
        """Take back what one has asked, by the id of its step."""
        return self._ask("take_back", question, key=key)

    def send(
        self,
        name: str,
        key: str = "",
        body: Json = None,
        *,
        job: str | None = None,
        all: bool = False,
        request_key: str | None = None,
    ) -> view.Receipt:
        """Deliver a message to a job, to the one open job that waits for this name and key, or to ``all`` that do."""
        return self._ask("send", name, key, body, job=job, all=all, request_key=request_key)

    def add(self, job: str, state: str, items: Sequence[Json], *, key: str | None = None) -> view.Receipt:
        """Add items to an ``each`` that takes more while it runs."""
        return self._ask("add", job, state, items, key=key)

    # looking

    def inbox(
        self,
        *,
        limit: int = 100,
        everything: bool = False,
        process: str = "",
        role: str = "",
        customer: str = "",
        text: str = "",
        after: str | None = None,
    ) -> list[view.InboxItem]:
        """The steps that wait for who asks, the most urgent first; ``everything``: also what is booked or answered.
        ``after`` is the ``place`` of the last item of the page before."""
        given = {"process": process, "role": role, "customer": customer, "text": text, "after": after}
        return self._ask("inbox", limit=limit, everything=everything, **given)

    def inbox_counts(
        self, *, process: str = "", role: str = "", customer: str = "", text: str = ""
    ) -> view.InboxCounts:
        """How many steps wait for who asks, by process and role."""
        return self._ask("inbox_counts", process=process, role=role, customer=customer, text=text)

    def agenda(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        person: str = "",
        role: str = "",
        calendar: str = "",
        limit: int = 100,
    ) -> list[view.AgendaItem]:
        """What is booked from a day or moment to another, by time; today, unless one is named. Of who asks, or of a
        person, of those who have a role, or of a calendar."""
        given = {"person": person, "role": role, "calendar": calendar, "limit": limit}
        return self._ask("agenda", first, last, **given)

    def step(self, step_id: str) -> view.StepView:
        """A step with all that is needed to act on it."""
        return self._ask("step", step_id)

    def find_step(self, text: str = "", *, key: str | None = None, whose: str = "") -> view.StepView | dict[str, str]:
        """The step that is meant: by its id, its job, or the only one that waits, else the only one that is answered
        and may still be changed. Where it is not exactly one, those that it could be: by their short ids what they are.
        With a ``key`` that was used before, the step that was acted on, as it was then. ``whose``: the person in whose
        stead an operator is to act."""
        return self._ask("find_step", text, key=key, whose=whose)

    def track(self, job: str) -> view.Track:
        """Where a job is, as who asks may see it (L9)."""
        return self._ask("track", job)

    def answered(self, job: str, seq: int) -> view.Answered:
        """What a command came to, in plain words for who asked for it, by its receipt's ``job`` and ``seq``."""
        return self._ask("answered", job, seq)

    def data(self, job: str) -> dict[str, Json]:
        """A job's data as plain JSON values by their places, as far as who asks may see it."""
        return self._ask("data", job)

    def offer(self, job: str, name: str) -> view.OfferView:
        """What a job offers under a name, now or at another time, with the questions it asks."""
        return self._ask("offer", job, name)

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
    ) -> list[view.JobRow]:
        """Jobs, the newest first; a customer's are his own, or, with ``took_part``, those of others in which he acted
        on a step; of staff all, or, with ``mine``, those that they began. ``late``: the open ones whose
        promised moment is over, those that are late the longest first. ``begun_before``: those that began before a
        moment, the oldest first. ``after`` is the last full id of the page before."""
        given = {"status": status, "process": process, "customer": customer, "limit": limit, "after": after}
        return self._ask("jobs", **given, took_part=took_part, late=late, mine=mine, begun_before=begun_before)

    def history(self, job: str, *, after: int = 0, limit: int | None = None) -> list[view.HistoryLine]:
        """All that happened to a job, or what came ``after`` a line, the oldest first, with the stored facts; at most
        ``limit`` lines."""
        return self._ask("history", job, after=after, limit=limit)

    # processes

    def processes(self) -> list[view.ProcessRow]:
        """All versions of all processes, by name, the oldest first."""
        return self._ask("processes")

    @abstractmethod
    def need(self, process: str) -> view.NeedView:
        """What starting a job of a process asks."""

    @abstractmethod
    def source(self, process: str, version: str | None = None) -> str:
        """The text of a process; the latest version unless one is named."""

    def deploy(self, source: str) -> view.Deployed:
        """Put the text of a process in use. Jobs that run keep their version (L6)."""
        return self._ask("deploy", source if "\n" in source else f"{source}\n")

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
    ) -> view.Receipt | view.MigrationView:
        """Move a job on purpose to another version of its process, the latest unless one is named; ``dry``: say all
        that would change."""
        given = {"states": states, "fill": fill, "timers": timers, "because": because, "dry": dry}
        return self._ask("migrate", job, version, **given)

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
    ) -> view.MigratedAll:
        """Move all open jobs of a process, or those of the version that ``was``, each by itself."""
        given = {"states": states, "fill": fill, "timers": timers, "because": because, "dry": dry}
        return self._ask("migrate_all", process, was, version=version, **given)

    # people

    def add_customer(
        self,
        id: str,
        name: str = "",
        contact: str = "",
        groups: Sequence[str] | None = None,
        record: Answer | None = None,
        *,
        zone: str = "",
        language: str = "",
        organisation: bool | None = None,
    ) -> view.PersonView:
        """Enter a customer, or change what is known of one; with an empty id one is made."""
        return self._ask(
            "add_customer", id, name, contact, groups, record, zone=zone, language=language, organisation=organisation
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
    ) -> view.PersonView:
        """Enter a member of staff with roles, or change one."""
        return self._ask("add_staff", id, name, roles, contact, zone=zone, language=language)

    def leave(self, person: str, *, because: str, to: str = "", dry: bool = False) -> view.Left:
        """Have a member of staff leave, by his exact id; what he has claimed goes ``to`` another, or back."""
        return self._ask("leave", person, because=because, to=to, dry=dry)

    def erase(self, person: str, *, because: str, dry: bool = False) -> view.Erasure:
        """Erase a customer, by his exact id: what was written in his jobs, and by him in those of others."""
        return self._ask("erase", person, because=because, dry=dry)

    def set_hours(self, person: str, hours: Mapping[str, str] | None = None, *, zone: str = "") -> view.PersonView:
        """Set the working hours of a member of staff by weekday; without any he works whenever a calendar is open."""
        return self._ask("set_hours", person, hours, zone=zone)

    def add_absence(self, person: str, start: date, end: date, why: str = "") -> view.Away:
        """Say that a member of staff is away from a moment or day until another; tells what is booked for then."""
        return self._ask("add_absence", person, start, end, why)

    def remove_absence(self, person: str, start: date) -> view.PersonView:
        """Take back that a member of staff is away from ``start``."""
        return self._ask("remove_absence", person, start)

    def person(self, id: str) -> view.PersonView:
        """The person with exactly that id."""
        return self._ask("person", id)

    def find_person(self, text: str, *, kind: str | None = None) -> view.PersonView:
        """The one person whom a text fits: an id, a contact, a name."""
        return self._ask("find_person", text, kind=kind)

    def people(self, kind: str | None = None, *, after: str = "", limit: int | None = None) -> list[view.PersonView]:
        """All people, or all of one kind: ``customer`` or ``staff``."""
        return self._ask("people", kind, after=after, limit=limit)

    def roles(self) -> dict[str, tuple[str, ...]]:
        """The roles of the processes in use, each with the names of these, and ``operator``."""
        return self._ask("roles")

    def holdings(self, person: str) -> view.Holdings:
        """What a person has in hand, by his exact id: claims, what waits for him by name, appointments, tokens."""
        return self._ask("holdings", person)

    # operating

    def audit(self, job: str | None = None) -> view.Audit:
        """Check the history of one job or of all, and that what is stored follows from it (L5)."""
        return self._ask("audit", job)

    def stuck(self, *, process: str | None = None, limit: int = 100) -> list[view.StuckView]:
        """What waits for what, and since when, the longest first."""
        return self._ask("stuck", process=process, limit=limit)

    def standing(self, process: str) -> list[view.StandingView]:
        """How many open jobs of a process stand in each state, and how long."""
        return self._ask("standing", process)

    def schedules(self) -> list[view.ScheduleView]:
        """When processes start their next jobs by the clock."""
        return self._ask("schedules")

    def incidents(self) -> list[view.IncidentView]:
        """What gave up and waits for an operator."""
        return self._ask("incidents")

    def retry(self, incident: str) -> view.Receipt:
        """Have an incident, or a call that waits for its next attempt, tried again, by its id."""
        return self._ask("retry", incident)

    def retry_all(
        self, *, kind: str | None = None, process: str | None = None, handler: str | None = None
    ) -> view.RetriedAll:
        """Have all incidents tried again, or all of one kind, process or handler."""
        return self._ask("retry_all", kind=kind, process=process, handler=handler)

    def end(
        self, job: str, because: str, *, undo: bool = False, dry: bool = False, key: str | None = None
    ) -> view.Receipt:
        """End a job, wherever it stands; ``undo``: once what its services did is undone."""
        return self._ask("end", job, because, undo=undo, dry=dry, key=key)

    def complete_call(
        self,
        call: str,
        outcome: str = "done",
        result: Json = None,
        *,
        because: str,
        dry: bool = False,
        key: str | None = None,
    ) -> view.Receipt:
        """End an open service call with an outcome and a result."""
        return self._ask("complete_call", call, outcome, result, because=because, dry=dry, key=key)

    def fail_call(self, call: str, because: str, *, dry: bool = False, key: str | None = None) -> view.Receipt:
        """Have an open service call take its route ``failed``."""
        return self._ask("fail_call", call, because, dry=dry, key=key)

    def skip_call(
        self, call: str, because: str, *, outcome: str = "done", dry: bool = False, key: str | None = None
    ) -> view.Receipt:
        """Have the job go on as if a service call had ended; nothing is saved."""
        return self._ask("skip_call", call, because, outcome=outcome, dry=dry, key=key)

    def act_for(
        self,
        step_id: str,
        person: str,
        outcome: str = "",
        answer: Answer | None = None,
        *,
        because: str,
        dry: bool = False,
        key: str | None = None,
    ) -> view.Receipt:
        """Act on a step in the stead of a person for whom it waits."""
        return self._ask("act_for", step_id, person, outcome, answer, because=because, dry=dry, key=key)

    def set_data(
        self,
        job: str,
        place: str,
        value: Json,
        *,
        because: str,
        branch: str = "",
        dry: bool = False,
        key: str | None = None,
    ) -> view.Receipt:
        """Put a value at a place in a job's data."""
        return self._ask("set_data", job, place, value, because=because, branch=branch, dry=dry, key=key)

    def move(
        self, job: str, to: str, *, because: str, branch: str = "", dry: bool = False, key: str | None = None
    ) -> view.Receipt:
        """Send a branch of a job to another state of its scope."""
        return self._ask("move", job, to, because=because, branch=branch, dry=dry, key=key)

    def suspend(self, job: str, *, because: str, dry: bool = False, key: str | None = None) -> view.Receipt:
        """Hold a job: nobody acts, and no clock runs."""
        return self._ask("suspend", job, because=because, dry=dry, key=key)

    def resume(self, job: str, *, because: str, dry: bool = False, key: str | None = None) -> view.Receipt:
        """Let a suspended job go on."""
        return self._ask("resume", job, because=because, dry=dry, key=key)

    def suspend_process(self, name: str, *, because: str) -> view.ProcessRow:
        """Have no new job of a process begin."""
        return self._ask("suspend_process", name, because=because)

    def resume_process(self, name: str, *, because: str) -> view.ProcessRow:
        """Let jobs of a process begin again."""
        return self._ask("resume_process", name, because=because)

    def move_deadline(
        self, deadline: str, to: datetime, *, because: str, dry: bool = False, key: str | None = None
    ) -> view.Receipt:
        """Move a deadline, by the id of its step or timer."""
        return self._ask("move_deadline", deadline, to, because=because, dry=dry, key=key)

    def fire_timer(self, timer: str, *, because: str, dry: bool = False, key: str | None = None) -> view.Receipt:
        """Have what a timer is set for happen now."""
        return self._ask("fire_timer", timer, because=because, dry=dry, key=key)

    def drop_timer(self, timer: str, *, because: str, dry: bool = False, key: str | None = None) -> view.Receipt:
        """Have a reminder or an escalation not come."""
        return self._ask("drop_timer", timer, because=because, dry=dry, key=key)

    def timers(self, job: str) -> list[view.TimerView]:
        """The timers that are set for a job, the earliest first."""
        return self._ask("timers", job)

    def hand_over(self, person: str, to: str, *, because: str, dry: bool = False) -> view.HandedOver:
        """Hand all steps that a person has claimed to another, by their exact ids."""
        return self._ask("hand_over", person, to, because=because, dry=dry)

    def archive(self, before: datetime, to: str | Path, *, batch: int = 200) -> view.Archived:
        """Write the jobs that ended before a moment to a new file here, and delete them."""
        return self._ask("archive", before, to, batch=batch)

    def archivable(self, before: datetime) -> int:
        """How many jobs :meth:`archive` would take now."""
        return self._ask("archivable", before)

    def issue_token(
        self, scope: str, subject: str, *, handlers: Sequence[str] = (), expires: datetime | None = None
    ) -> IssuedToken:
        """Make a token, whose secret is in the answer and never shown again."""
        return self._ask("issue_token", scope, subject, handlers=handlers, expires=expires)

    def revoke_token(self, id: str, *, take_back: bool = False) -> TokenView:
        """Make a token invalid, now and for ever, by its public id."""
        return self._ask("revoke_token", id, take_back=take_back)

    def tokens(self) -> list[TokenView]:
        """All tokens, the oldest first, without their secrets."""
        return self._ask("tokens")
