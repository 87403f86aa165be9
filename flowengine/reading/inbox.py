"""What waits for somebody, and one step with all that is needed to act on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

import msgspec
from msgspec.structs import asdict

from flowengine.commands import access, voting
from flowengine.commands.asked import in_words, row_in_words
from flowengine.commands.expecting import expected
from flowengine.commands.receipts import receipt_under
from flowengine.commands.shell import Shell
from flowengine.core.advance import offered
from flowengine.core.answers import Form, FormField, form
from flowengine.core.commands import Act, ActFor
from flowengine.core.draft import rebuild
from flowengine.core.seatings import himself, person_seating, seatings, stands_for, waits_for
from flowengine.core.translating import inner_in, step_in
from flowengine.core.values import CLOCK, Actor, Seating, Step
from flowengine.errors import NotAllowed, Refused
from flowengine.language.parts import EXPIRED
from flowengine.people.identities import STRENGTHS, By
from flowengine.people.permissions import ANY, OWN, denied, least, needs, refuse_weak
from flowengine.reading.insight import usual
from flowengine.reading.records import beside
from flowengine.reading.tracking import track
from flowengine.runtime.actors import StoreWorld, actor_of, name_of, nobody, reader_words, reader_zone
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import StoredJob, Transaction, shown
from flowengine.store.steps import Narrowed, Place, WaitingStep
from flowengine.views import appointments
from flowengine.views.appointments import may_know_promise
from flowengine.views.customer_words import unanswered
from flowengine.views.forms import told_form
from flowengine.views.plainly import Clock
from flowengine.views.promised import expected_view
from flowengine.views.replies import (
    AppointmentView,
    CustomerItem,
    CustomerStep,
    HeldStep,
    Holdings,
    InboxCounts,
    InboxGroup,
    InboxItem,
    StaffItem,
    StaffStep,
    StepView,
    suspended_view,
)
from flowengine.views.tallies import visible_tally

MOST_WORDS = 8
"""Words of a text that a step is looked for by."""

AHEAD = timedelta(days=366)
"""How far ahead the appointments of a person are looked for."""

MOST = 100
"""Steps among which the one that is meant is looked for, where none is named."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the steps that wait for somebody: of a process, for one of his roles, of a customer, whose titles hold
    all these words."""

    process: str = ""
    role: str = ""
    customer: str = ""
    text: str = ""

    def seatings(self, actor: Actor) -> list[Seating]:
        """Those of the asker that are wanted. Raises NotAllowed for a role that he does not have."""
        his = sorted(seatings(actor))
        if not self.role:
            return his
        if f"role:{self.role}" not in his:
            what = phrase(
                "%(id)s does not have the role %(role)s",
                id=actor.id or phrase("the program"),
                role=repr(self.role[:200]),
            )
            raise NotAllowed(what, where=actor.id, possible=tuple(actor.roles))
        return [f"role:{self.role}"]

    def narrowed(self, actor: Actor) -> Narrowed:
        """As the store narrows an inbox: for who comes by a link, to its job."""
        return Narrowed(self.process, self.customer, tuple(self.text.split())[:MOST_WORDS], actor.job)


def inbox(
    shell: Shell, by: By, limit: int, everything: bool, wanted: Wanted, after: str | None = None
) -> list[InboxItem]:
    begin = _place(after) if after else None
    with shell.reading() as tx:
        actor = access.asker(tx, "inbox", by)
        now, mine = shell.clock.now(), wanted.seatings(actor)
        found: list[tuple[WaitingStep, bool]] = []
        while len(found) < limit:
            rows = tx.steps.inbox(
                mine, limit, begin, person=actor.id, everything=everything, now=now, narrowed=wanted.narrowed(actor)
            )
            found += [
                (row, answered)
                for row, answered in ((row, row.answered or _has_done_his_part(shell, tx, row, actor)) for row in rows)
                if everything or not answered
            ]
            if len(rows) < limit:
                break
            begin = rows[-1].place
        found = found[:limit]
        people = {row.customer for row, _ in found} | {row.step.booked_with for row, _ in found if row.step.booked_with}
        names, words = {id: name_of(tx, id) for id in people}, reader_words(tx, actor)
        coming = {} if actor.kind == "customer" else expected(shell, tx, [row.job for row, _ in found])
        items = []
        for row, answered in found:
            item = _item(row, _called(shell, tx, row, actor, words), names, actor, answered, now)
            item = _usual(shell, tx, _promised(shell, tx, row, item, actor, now))
            if isinstance(item, StaffItem) and row.job in coming:
                process = shell.catalogue.compiled(tx, row.process, row.version).process
                told = expected_view(coming[row.job], process.clock, words, inside=True)
                item = msgspec.structs.replace(item, expected=told, zone=process.zone)
            items.append(item)
        return items


def _called(shell: Shell, tx: Transaction, row: WaitingStep, actor: Actor, words: Words) -> Step:
    """What waits, in the asker's language."""
    if not actor.language:
        return row_in_words(tx, row)
    process = shell.catalogue.told(tx, row.process, row.version, actor.language).process
    return row_in_words(tx, row, Clock(process, words))


def _usual(shell: Shell, tx: Transaction, item: InboxItem) -> InboxItem:
    """The item, to those inside with how long that usually takes (M7)."""
    if not isinstance(item, StaffItem) or not item.state:
        return item
    seconds = usual(shell, tx, item.process).get(item.state)
    return item if seconds is None else msgspec.structs.replace(item, usual=seconds)


def _promised(
    shell: Shell, tx: Transaction, row: WaitingStep, item: InboxItem, actor: Actor, now: datetime
) -> InboxItem:
    """The item with what its job is promised for; a customer is told that of his own."""
    if row.promised is None or (actor.kind == "customer" and row.customer not in stands_for(actor)):
        return item
    zone = shell.catalogue.compiled(tx, row.process, row.version).process.zone
    return msgspec.structs.replace(item, promise=row.promised, late=row.promised < now, zone=zone)


def inbox_counts(shell: Shell, by: By, wanted: Wanted) -> InboxCounts:
    """How much waits for somebody, of what process and for which of his roles."""
    with shell.reading() as tx:
        actor = access.asker(tx, "inbox_counts", by)
        now, mine, narrowed = shell.clock.now(), wanted.seatings(actor), wanted.narrowed(actor)
        tonight = _tonight(now, reader_zone(tx, actor))
        counts: dict[tuple[str, str], list[int]] = {}
        for row in tx.steps.counted(mine, actor.id, now, tonight, narrowed):
            counts[row.process, row.audience] = [row.waiting, row.late, row.soon]
        seen: set[tuple[str, int]] = set()
        for one in tx.steps.seated(mine, actor.id, now, narrowed):
            if (one.job, one.step.number) in seen or _has_done_his_part(shell, tx, one, actor):
                continue
            seen.add((one.job, one.step.number))
            sums = counts.setdefault((one.process, one.audience), [0, 0, 0])
            by_when = one.urgent or datetime.max.replace(tzinfo=now.tzinfo)
            for index, counted in enumerate((True, by_when <= now, by_when <= tonight)):
                sums[index] += counted
        groups = tuple(
            InboxGroup(process=process, role=_role(whom), count=count, late=late, today=soon - late)
            for (process, whom), (count, late, soon) in sorted(counts.items())
        )
    return InboxCounts(
        count=sum(one.count for one in groups),
        late=sum(one.late for one in groups),
        today=sum(one.today for one in groups),
        groups=groups,
    )


def holdings(shell: Shell, person: str, by: By) -> Holdings:
    with shell.reading() as tx:
        actor = access.asker(tx, "holdings", by)
        if needs("holdings", actor) == OWN and actor.id != person:
            raise denied("holdings", actor)
        if tx.people.get(person) is None:
            raise nobody(person)
        now = shell.clock.now()
        claims = tx.steps.held(person)
        claimed = [row for job, number in claims[:MOST] for row in tx.steps.of(job) if row.step.number == number]
        mine = set(claims)
        named = [
            row
            for row in tx.steps.waiting_for(person_seating(person))
            if row.audience == person_seating(person) and (row.job, row.step.number) not in mine and not row.answered
        ]
        whose = person_seating(person)
        booked = [one for one in tx.bookings.of([whose], now, now + AHEAD, now)[whose] if one.end > now]
        tokens = tx.tokens.held(person)
        return Holdings(
            person=person,
            claimed=_held(tx, claimed),
            named=_held(tx, named[:MOST]),
            appointments=tuple(
                AppointmentView(job=one.job, short=shown(one.job), start=one.start, end=one.end)
                for one in booked[:MOST]
            ),
            tokens=tuple(one.id for one in tokens if one.expires is None or one.expires > now),
            more=max(len(claims), len(named), len(booked)) > MOST,
        )


def _held(tx: Transaction, rows: Iterable[WaitingStep]) -> tuple[HeldStep, ...]:
    """Each step once, the most urgent first."""
    found = {(row.job, row.step.number): row for row in rows}
    return tuple(
        HeldStep(
            id=f"{row.job}.{row.step.number}",
            short=f"{shown(row.job)}.{row.step.number}",
            job=row.job,
            process=row.process,
            customer_name=name_of(tx, row.customer),
            title=row_in_words(tx, row).title,
            due=row.step.due,
        )
        for row in sorted(found.values(), key=lambda row: row.place)
    )


def _role(audience: Seating) -> str:
    return audience.removeprefix("role:") if audience.startswith("role:") else ""


def _tonight(now: datetime, zone: tzinfo | None) -> datetime:
    """The last moment of the day, where the reader is."""
    here = now.astimezone(zone or UTC)
    return datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo) - timedelta(microseconds=1)


def _place(text: str) -> Place:
    """Where a page ended; Refused for what no page said."""
    part, urgent, job, number = (text.split(":") + [""] * 4)[:4]
    if not (part in "012" and part and urgent.removeprefix("-").isdecimal() and number.isdecimal() and len(text) < 100):
        raise Refused(
            phrase("a page goes on after the place that the last item of the page before says"), where=text[:200]
        )
    return Place(int(part), min(int(urgent), 2**63 - 1), job, min(int(number), 2**63 - 1))


def _has_done_his_part(shell: Shell, tx: Transaction, row: WaitingStep, actor: Actor) -> bool:
    """Whether he has answered among several who are asked, and the row is of another's seat, which he could fill too.

    Rows of his own seat, and of steps without seats, say so themselves; only for the others is the job read.
    """
    if not row.step.seats or row.audience in {person_seating(one) for one in stands_for(actor)}:
        return False
    job = tx.jobs.get(row.job)
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    return not offered(compiled, job.position, row.step, shell.clock.now(), StoreWorld(tx, job.customer), actor)


def _item(
    row: WaitingStep, step: Step, names: Mapping[str, str], actor: Actor, answered: bool, now: datetime
) -> InboxItem:
    held = step.held_until is not None and step.held_until > now
    item = CustomerItem(
        id=f"{row.job}.{step.number}",
        short=f"{shown(row.job)}.{step.number}",
        job=row.job,
        process=row.process,
        customer=row.customer,
        customer_name=names[row.customer],
        title=step.title,
        opened=step.opened,
        due=step.due,
        claimed=step.claimed or "",
        mine=himself(actor, step.claimed or ""),
        preferred=himself(actor, step.preferred or ""),
        answered=bool(answered),
        booked=step.booked,
        booked_with=names.get(step.booked_with, ""),
        asked=step.purpose if step.is_asked else "",
        held=step.held if held else None,
        held_until=step.held_until if held else None,
        urgent=row.urgent,
        place=":".join(map(str, row.place)),
    )
    if actor.kind == "customer":
        return item
    return StaffItem(
        **asdict(item), state=step.state, appointment=step.appointment, appointment_end=step.appointment_end
    )


def step(shell: Shell, step_id: str, by: By) -> StepView:
    with shell.looking() as look, look.reading() as tx:
        actor = actor_of(tx, by)
        looks = needs("step", actor) == ANY
        job_id, number = access.numbered_ref(tx, step_id, actor)
        job = access.read(tx, job_id, "step", step_id)
        found, now = access.open_step(job, number), shell.clock.now()
        if found is None:
            view = _closed(shell, tx, job, number, actor, looks)
        elif not (looks or waits_for(actor, found, job.position.seat)):
            view = None
        else:
            later = shell.caught_up(tx, job, now)
            still = access.open_step(later, number)
            if still is None:
                view = _over(shell, tx, job, found, actor, now)
            else:
                view = _open(shell, tx, later, still, actor, now)
        if view is None:
            raise access.no_such("step", step_id)
        refuse_weak("step", actor, least("step", tx.terms.strengths), view.short)
        return _beside(look, tx, job, view, actor)


def _beside(look: Shell, tx: Transaction, job: StoredJob, view: StepView, actor: Actor) -> StepView:
    """The step, to those inside with what is known of the customer, and with how long that usually takes."""
    if not isinstance(view, StaffStep) or not view.open:
        return view
    compiled = look.catalogue.compiled(tx, job.process, job.version)
    found = access.open_step(job, int(view.id.rpartition(".")[2]))
    kinds = compiled.at(found).member(found.member).panel if found is not None else None
    lasts = usual(look, tx, job.process).get(view.state)
    return msgspec.structs.replace(view, known=beside(look, tx, job, kinds, actor), usual=lasts)


def find_step(shell: Shell, text: str, by: By, key: str | None, whose: str) -> StepView | dict[str, str]:
    with shell.looking() as look, look.reading() as tx:
        asks = access.asker(tx, "act_for" if whose else "find_step", by)
        actor = actor_of(tx, whose) if whose else asks
        acted = _acted(look, tx, text, asks, actor, key) if key else None
        if acted is not None:
            return acted
        if "." in text:
            return step(look, text, actor)
        waits, answered = _of_job(look, text, actor) if text else _of_inbox(look, actor)
        if len(waits) > 1:
            return waits
        open_to = {short: view for short in waits or answered if (view := step(look, short, actor)).possible or waits}
        if len(open_to) == 1:
            return next(iter(open_to.values()))
        return {short: f"{answered[short]}{_booked_for(look, tx, view, actor)}" for short, view in open_to.items()}


def _of_job(shell: Shell, text: str, actor: Actor) -> tuple[dict[str, str], dict[str, str]]:
    """The steps of a job that wait for somebody, by their ids with titles, and those that he has answered."""
    mine = [
        one
        for one in track(shell, text, actor).waiting
        if one.for_you and (not one.claimed or himself(actor, one.claimed))
    ]
    waits = {one.short: one.title for one in mine if not one.answered}
    return waits, {one.short: one.title for one in mine if one.answered}


def _of_inbox(shell: Shell, actor: Actor) -> tuple[dict[str, str], dict[str, str]]:
    """All that waits for somebody, by the ids with titles; and where nothing does, what he has answered."""
    waits = inbox(shell, actor, MOST, False, Wanted())
    answered = [] if waits else [one for one in inbox(shell, actor, MOST, True, Wanted()) if one.answered]
    waiting, others = ({one.short: f"{one.title}, {one.customer_name}" for one in some} for some in (waits, answered))
    return waiting, others


def _booked_for(shell: Shell, tx: Transaction, view: StepView, actor: Actor) -> str:
    if view.booked is None:
        return ""
    job = tx.jobs.get(view.job)
    process = shell.catalogue.told(tx, job.process, job.version, actor.language).process
    clock = Clock(process, reader_words(tx, actor))
    return clock.words.say(", booked for %(at)s", at=clock.moment(view.booked))


def _acted(shell: Shell, tx: Transaction, text: str, asks: Actor, actor: Actor, key: str) -> StepView | None:
    """The step that was acted on under a request key, as it was then, if it is one that the text can mean."""
    receipt = receipt_under(tx, asks, key)
    if receipt is None:
        return None
    if receipt.seq < 0:  # a ballot, which is in no history
        start, dot, number = text.partition(".")
        meant = not start or access.job_ref(tx, start, actor, "step", text) == receipt.job
        same = meant and (not dot or f"{receipt.job}.{number}" == receipt.step)
        return step(shell, receipt.step, actor) if same else None
    *before, acting = tx.history.of(receipt.job, limit=receipt.seq)
    if not isinstance(acting.command, Act | ActFor) or any(entry.erased for entry in (*before, acting)):
        return None
    start, dot, number = text.partition(".")
    job, acted = tx.jobs.get(receipt.job), acting.command.step
    if (start and access.job_ref(tx, start, actor, "step", text) != job.id) or (dot and number != str(acted)):
        return None
    position = rebuild(entry.events for entry in before)
    then = msgspec.structs.replace(job, position=position, version=position.head.version)
    found = access.open_step(then, acted)
    return _open(shell, tx, then, found, actor, acting.at) if found is not None else None


def _open(shell: Shell, tx: Transaction, job: StoredJob, found: Step, actor: Actor, now: datetime) -> StepView:
    compiled = shell.catalogue.told(tx, job.process, job.version, actor.language)
    world = StoreWorld(tx, job.customer, job.id)
    state = compiled.at(found).member(found.member)
    can = offered(compiled, job.position, found, now, world, actor)
    clock = Clock(compiled.process, reader_words(tx, actor))
    found = in_words(tx, job, found, clock)
    made = told_form(form(compiled, job.position, found, now, world), clock, job.position.head.promise)
    if not can:
        made = msgspec.structs.replace(made, ways=(), slots=())
    if actor.kind == "customer" and state.inner_options:
        made = _plain_options(made, state.inner_options)
    view, branch = _view(tx, job, found, made, actor), job.position.branch(found.branch)
    own = actor.kind != "customer" or job.customer in stands_for(actor)
    poll = voting.poll_now(tx, job.id, found, branch) if branch is not None and state.shown_while_it_runs else None
    poll = inner_in(compiled.process, poll)
    running = visible_tally(view.id, found, state, poll)
    asks = "" if found.is_asked else access.known_to_act(tx, state)
    late = appointments.late(made.slots, job.position.head) if may_know_promise(actor, job.position.head) else ()
    return msgspec.structs.replace(
        view,
        possible=can,
        slots=made.slots,
        late_slots=late,
        tally=running,
        answered=bool(can) and _answered(job, found, actor),
        asks=asks if asks != STRENGTHS[0] else "",
        unanswered=unanswered(compiled, state) if found.due is not None and own else None,
        zone=compiled.process.zone,
    )


def _view(tx: Transaction, job: StoredJob, step: Step, made: Form, actor: Actor) -> StepView:
    """What is told of a step, open or not."""
    view = CustomerStep(
        id=f"{job.id}.{step.number}",
        short=f"{shown(job.id)}.{step.number}",
        job=job.id,
        process=job.process,
        customer=job.customer,
        customer_name=name_of(tx, job.customer),
        type=made.type,
        title=step.title,
        purpose=step.purpose,
        opened=step.opened,
        due=step.due,
        claimed=step.claimed or "",
        shown=step.shown,
        form=made,
        suspended=suspended_view(job.position.head, inside=actor.kind != "customer"),
        booked=step.booked,
        booked_with=name_of(tx, step.booked_with) if step.booked_with else "",
        held=step.held,
        held_until=step.held_until,
    )
    if actor.kind == "customer":
        return view
    return StaffStep(**asdict(view), state=step.state, appointment=step.appointment)


def _answered(job: StoredJob, step: Step, actor: Actor) -> bool:
    """Whether the asker's own answer is in: he has booked, or spoken on a seat of his."""
    if not step.seats:
        return step.booked is not None and not seatings(actor).isdisjoint(step.audience)
    seats = (job.position.seat(step.number, seating) for seating in seatings(actor))
    return any(seat is not None and himself(actor, seat.by or "") for seat in seats)


def _closed(shell: Shell, tx: Transaction, job: StoredJob, number: int, actor: Actor, looks: bool) -> StepView | None:
    """A step that is over, as it was last, to those for whom it was and to operators (L4): when it ended; how and by
    whom, which a customer is told of what he did himself, and when his time had run out (L9)."""
    found = access.opening(tx, job, number)
    ended = access.ending(tx, job, *found) if found is not None else None
    if found is None or ended is None:
        return None
    if not (looks or seatings(actor) & ended.whose or access.was_asked(tx, job.id, found[1], actor)):
        return None
    step, entry, outcome = ended.step, ended.entry, ended.outcome
    compiled = shell.catalogue.told(tx, job.process, job.version, actor.language)
    known = step.is_asked or step.state in compiled.states  # the job may have been migrated
    kind = compiled.at(step).member(step.member).type if known else ""
    step = in_words(tx, job, step, Clock(compiled.process, reader_words(tx, actor)))
    told = actor.kind != "customer" or himself(actor, entry.by.id) or outcome == EXPIRED
    who, how = (entry.by.id or entry.by.kind, outcome) if told else ("", "")
    view = _view(tx, job, step, _bare_form(step, kind), actor)
    return msgspec.structs.replace(
        view, open=False, ended=entry.at, ended_by=who, outcome=how, zone=compiled.process.zone
    )


def _over(shell: Shell, tx: Transaction, job: StoredJob, step: Step, actor: Actor, now: datetime) -> StepView:
    """A step that the clock has ended, although no worker has written it down yet (L13)."""
    compiled = shell.catalogue.told(tx, job.process, job.version, actor.language)
    state = compiled.at(step).member(step.member)
    step = step_in(compiled.process, step)
    ended, how = (step.due, EXPIRED) if step.is_over(now) else (now, "")
    view = _view(tx, job, step, _bare_form(step, state.type), actor)
    return msgspec.structs.replace(
        view, open=False, ended=ended, ended_by=CLOCK.kind, outcome=how, zone=compiled.process.zone
    )


def _bare_form(step: Step, kind: str) -> Form:
    return Form(step=step.number, type=kind, title=step.title, purpose=step.purpose, shown=step.shown)


def _plain_options(made: Form, inner: frozenset[str]) -> Form:
    """The form without what these options hold beside title, price and lead time, and beside what their limits go by:
    that is inner data (L9)."""
    replace = msgspec.structs.replace
    ways = (
        replace(way, fields=tuple(_bare(field) if field.name in inner else field for field in way.fields))
        for way in made.ways
    )
    return replace(made, ways=tuple(ways))


def _bare(field: FormField) -> FormField:
    shown = {one.by for one in field.limits}
    options = tuple(
        msgspec.structs.replace(one, more={key: value for key, value in one.more.items() if key in shown})
        for one in field.options
    )
    return msgspec.structs.replace(field, options=options)
