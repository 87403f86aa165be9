"""What is booked for some days, by time: for whom, with whom, and where it can be said how it went."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from flowengine.commands import access
from flowengine.commands.closing import known_calendars
from flowengine.commands.days import moment_of
from flowengine.commands.shell import Shell
from flowengine.core import events as e
from flowengine.core.fields import near
from flowengine.core.seatings import himself, person_seating, seatings, stands_for
from flowengine.core.translating import step_in
from flowengine.core.values import Actor, Step
from flowengine.errors import BadAnswer, NotFound
from flowengine.people.identities import By
from flowengine.people.permissions import OWN, denied, needs
from flowengine.runtime.actors import called, nobody, reader_zone
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction, shown
from flowengine.store.bookings import Booked
from flowengine.store.steps import WaitingStep
from flowengine.views.replies import AbsenceView, AgendaItem

MOST_DAYS = 92
"""How many days an agenda has at most."""

MOST = 1_000
"""How many appointments it has at most."""

_PAGE = 100


@dataclass(frozen=True, slots=True)
class _Meeting:
    """An appointment as it is stored, with the step on which it is, or was, told how it went."""

    booked: Booked
    process: str
    customer: str
    step: Step
    outcome: str

    @property
    def staff(self) -> str:
        """Who meets the customer; empty where that is not known."""
        return next((one for one in self.booked.people if one != self.customer), "")


def agenda(
    shell: Shell,
    first: date | None,
    last: date | None,
    person: str,
    role: str,
    calendar: str,
    limit: int,
    by: By,
) -> list[AgendaItem]:
    if not 1 <= limit <= MOST:
        raise BadAnswer({"limit": phrase("must be from 1 to %(most)s", most=MOST)}, possible=[str(_PAGE)])
    with shell.reading() as tx:
        asker = access.asker(tx, "agenda", by)
        own = stands_for(asker, looking=True) if needs("agenda", asker) == OWN else ()
        if needs("agenda", asker) == OWN:
            if role or calendar or (person and person not in own):
                raise denied("agenda", asker)
            own = (person,) if person else own
        now = shell.clock.now()
        zone = reader_zone(tx, asker) or zoneinfo.ZoneInfo(shell.settings.zone)
        start, end = _span(first, last, now, zone)
        names = _names(shell, tx, person or (own[0] if own else ""), role, calendar)
        look = _Agenda(shell, tx, asker, now, {}, {})
        wanted = look.wanted(person, role, calendar, own)
        names = [person_seating(one) for one in own] or names
        return look.items(names, start, end, limit, wanted)


def _span(first: date | None, last: date | None, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """From which moment until before which other. A bare day is that day in the zone, as an end until it is over."""
    try:
        begin = now.astimezone(zone).date() if first is None else first
        start = moment_of(begin, zone)
        end = moment_of(start.astimezone(zone).date() if last is None else last, zone, last=True)
    except OverflowError:
        raise BadAnswer({"day": phrase("is too far away")}) from None
    if end <= start:
        raise BadAnswer(
            {"last": phrase("must not be before the first day")}, possible=[phrase("the same day, or a later one")]
        )
    if end - start > timedelta(days=MOST_DAYS, hours=1):  # where the clock goes back an hour in between
        raise BadAnswer(
            {
                "last": phrase(
                    "is too far from the first day; an agenda has at most %(most_days)s days", most_days=MOST_DAYS
                )
            }
        )
    return start, end


def _names(shell: Shell, tx: Transaction, person: str, role: str, calendar: str) -> list[str]:
    """Whose bookings are looked through: a person's, one calendar's, or those of all. Raises NotFound for who, and
    what, is not known."""
    if person and tx.people.get(person) is None:
        raise nobody(person)
    if role:
        _known(phrase("there is no role %(name)s%(near)s"), role, _roles(shell, tx))
    booked = tx.bookings.calendars()
    if calendar and calendar not in booked:
        _known(phrase("there is no calendar %(name)s%(near)s"), calendar, [*booked, *known_calendars(shell, tx)])
    if person:
        return [f"person:{person}"]
    return [calendar] if calendar else booked


def _known(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise NotFound(phrase(what, name=repr(name), near=near(name, known)), where=name, possible=sorted(set(known)))


def _roles(shell: Shell, tx: Transaction) -> list[str]:
    """The roles of the processes in use, and of those who work here."""
    latest = {row.name for row in tx.processes.all()}
    named = [role for name in sorted(latest) for role in shell.catalogue.latest(tx, name).process.roles]
    return [*named, *(role for one in tx.people.all("staff") for role in one.roles)]


@dataclass(frozen=True, slots=True)
class _Agenda:
    """One look, by one actor."""

    shell: Shell
    tx: Transaction
    asker: Actor
    now: datetime
    people: dict[str, Person | None]
    closing: dict[str, bool]

    def wanted(self, person: str, role: str, calendar: str, own: Sequence[str]) -> Callable[[_Meeting], bool]:
        """Which appointments are meant: of a customer those of his ``own``. Without a word, a member of staff means
        his, and those of his roles."""
        if self.asker.kind == "customer":
            return lambda one: one.customer in own and self.asker.job in ("", one.booked.job)
        if self.asker.kind == "staff" and not (person or role or calendar):
            mine = seatings(self.asker)
            return lambda one: himself(self.asker, one.staff) or self._is_of(one, mine, self.asker.roles)
        return lambda one: (
            (not role or self._is_of(one, {f"role:{role}"}, (role,)))
            and (not calendar or one.booked.calendar == calendar)
            and (not person or person in one.booked.people)
        )

    def _is_of(self, one: _Meeting, asked: frozenset[str] | set[str], roles: Sequence[str]) -> bool:
        """Whether those are asked who meet the customer, or one of the roles is that of who does."""
        staff = self.person(one.staff)
        return not asked.isdisjoint(one.step.audience) or (staff is not None and not set(roles).isdisjoint(staff.roles))

    def items(
        self, names: Sequence[str], start: datetime, end: datetime, limit: int, wanted: Callable[[_Meeting], bool]
    ) -> list[AgendaItem]:
        """The first ``limit`` that are wanted, page by page."""
        found: list[AgendaItem] = []
        after: tuple[datetime, str] | None = None
        while len(found) < limit:
            page = self.tx.bookings.agenda(names, start, end, self.now, _PAGE, after)
            found += [self._item(one) for one in self._meetings(page) if wanted(one) and not self._is_closed(one)]
            if len(page) < _PAGE:
                break
            after = page[-1].start, page[-1].job
        return found[:limit]

    def _is_closed(self, one: _Meeting) -> bool:
        """Whether the process of a job closes it to who asks. The job is looked at only where a version of its process
        is closed to him."""
        if self.asker.kind != "staff":
            return False
        if one.process not in self.closing:
            versions = [row.version for row in self.tx.processes.all() if row.name == one.process]
            closes, roles = self.tx.terms.closes, self.asker.roles
            self.closing[one.process] = any(closes(self.tx, one.process, version, roles) for version in versions)
        return self.closing[one.process] and access.is_shut_out(self.tx, self.tx.jobs.get(one.booked.job), self.asker)

    def _meetings(self, page: Sequence[Booked]) -> Iterator[_Meeting]:
        rows = self.tx.steps.of_jobs(list(dict.fromkeys(one.job for one in page)))
        waiting: dict[tuple[str, datetime], WaitingStep] = {}
        for row in rows:
            slot = row.step.appointment or row.step.held
            if slot is not None:
                waiting[row.job, slot] = row
        for one in page:
            open_ = waiting.get((one.job, one.start))
            if open_ is not None:
                yield _Meeting(one, open_.process, open_.customer, open_.step, "")
            else:
                yield from self._over(one)

    def _over(self, booked: Booked) -> Iterator[_Meeting]:
        """One of which it is said how it went, as its history has it; nothing where that is archived."""
        step, outcome = None, ""
        for entry in self.tx.history.of(booked.job):
            for event in entry.events:
                match event:
                    case e.StepOpened() | e.StepChanged() if event.step.appointment == booked.start:
                        step, outcome = event.step, ""
                    case e.Moved(move="missed") if step is not None and event.step == step.number:
                        outcome = "missed"
                    case e.Left() if step is not None and (event.branch, event.state) == (step.branch, step.state):
                        outcome = outcome or event.outcome.rpartition(".")[2]
        if step is not None:
            job = self.tx.jobs.get(booked.job)
            yield _Meeting(booked, job.process, job.customer, step, outcome or "over")

    def person(self, id: str) -> Person | None:
        """Who that is; looked up once."""
        if id not in self.people:
            self.people[id] = self.tx.people.get(id) if id else None
        return self.people[id]

    def _name(self, id: str) -> str:
        found = self.person(id)
        return called(self.tx, found, id)

    def _item(self, one: _Meeting) -> AgendaItem:
        booked, job, inside = one.booked, one.booked.job, self.asker.kind != "customer"
        step = _customers(self.tx, one) if not inside else one.step.number if one.step.appointment else 0
        return AgendaItem(
            job=job,
            short=shown(job),
            start=booked.start,
            end=booked.end,
            process=one.process,
            title=self._title(one),
            customer=one.customer,
            customer_name=self._name(one.customer),
            staff=one.staff if inside else "",
            staff_name=self._name(one.staff),
            step=f"{job}.{step}" if step else "",
            step_short=f"{shown(job)}.{step}" if step else "",
            calendar=booked.calendar if inside else "",
            held_until=booked.held_until,
            outcome=one.outcome,
            away=self._away(one) if inside else None,
        )

    def _title(self, one: _Meeting) -> str:
        """What an appointment is for; of one that is only held its step is a question to its customer, so far."""
        if one.step.appointment and not self.asker.language:
            return one.step.title
        job = self.tx.jobs.get(one.booked.job)
        compiled = self.shell.catalogue.told(self.tx, job.process, job.version, self.asker.language)
        if one.step.appointment:
            return step_in(compiled.process, one.step).title
        return compiled.states[one.step.state].member(one.step.member).title

    def _away(self, one: _Meeting) -> AbsenceView | None:
        staff = self.person(one.staff)
        if staff is None or one.outcome:
            return None
        absences = (gone for gone in staff.absences if gone.start < one.booked.end and gone.end > one.booked.start)
        return next((AbsenceView(start=gone.start, end=gone.end, why=gone.why) for gone in absences), None)


def _customers(tx: Transaction, one: _Meeting) -> int:
    """The customer's own step, while it is open."""
    found = (row.step for row in tx.steps.of(one.booked.job))
    slot = one.booked.start
    return next((step.number for step in found if slot in (step.booked, step.held)), 0)
