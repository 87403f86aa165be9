"""Where a job is, in plain words; and lists of jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple

from msgspec.structs import asdict, replace

from flowengine.commands import access, voting
from flowengine.commands.asked import files_named, in_words
from flowengine.commands.expecting import expected
from flowengine.commands.shell import Shell
from flowengine.commands.told import took_part
from flowengine.core import always
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.fields import FILE_ID
from flowengine.core.machines import Compiled
from flowengine.core.seatings import himself, person_seating, seatings, stands_for
from flowengine.core.translating import inner_in, step_in
from flowengine.core.values import ROOT, Actor, Branch, Json, Step, Undoing
from flowengine.core.wording import replaced_persons
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.insight.expecting import Range
from flowengine.language.model import State
from flowengine.language.outcomes import outcome_words
from flowengine.language.parts import Always
from flowengine.people.identities import By
from flowengine.people.permissions import OWN, denied, needs, require, stands
from flowengine.reading import conversation, threads
from flowengine.reading.look import Look, look_at, names
from flowengine.reading.stuck import troubles
from flowengine.runtime.actors import StoreWorld, actor_of, id_of, name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Entry, ListedJob, StoredJob, Transaction, shown
from flowengine.views import appointments, plainly
from flowengine.views import settled as facts
from flowengine.views.ahead import ahead
from flowengine.views.customer_words import TAKES_LONGER, places, unanswered
from flowengine.views.history_lines import Teller
from flowengine.views.promised import expected_view, passed, promise_view
from flowengine.views.replies import (
    CustomerPlace,
    CustomerTrack,
    CustomerWaiting,
    ExpectedView,
    JobRow,
    OfferView,
    PromiseView,
    StaffPlace,
    StaffTrack,
    StaffWaiting,
    TallyView,
    Track,
    UnansweredView,
    suspended_view,
)
from flowengine.views.tallies import visible_tally

_MOST = 20
"""Lines of one kind that are shown."""

_RECENT = 200
"""History entries, counted from the end, in which words are looked for."""


def track(shell: Shell, text: str, by: By) -> Track:
    with shell.reading() as tx:
        look = look_at(shell, tx, text, "track", by)
        job, compiled, actor, inside, now = look.job, look.compiled, look.actor, look.inside, look.now
        head = job.position.head
        world, where, words = StoreWorld(tx, job.customer), tuple(_where(look)), reader_words(tx, actor)
        lately = look.entries(max(0, job.seq - _RECENT)) if head.erased is None else []
        coming = ahead(compiled, job.position, now, world, [place.words for place in where])
        waiting = tuple(_waiting(look))
        did = tuple(_did(look)) if not look.own and head.erased is None else ()
        known = facts.facts(
            compiled,
            look.position,
            inside=inside,
            words=words,
            name_of=lambda id: files_named(tx, id) if FILE_ID.fullmatch(id) else name_of(tx, id),
            taken_part=None if look.own else frozenset(state for _, _, state in did),
        )
        seen = CustomerTrack(
            job=job.id,
            short=shown(job.id),
            process=job.process,
            version=job.version,
            title=compiled.process.title,
            customer=job.customer,
            customer_name=name_of(tx, job.customer) if look.own else "",
            status=head.status,
            because=compiled.process.said(head.because),
            started=job.started,
            updated=job.updated,
            ended=job.ended,
            promise=_promise(look, now, words) if look.own else None,
            expected=_expected(shell, look, words) if look.own else None,
            zone=compiled.process.zone,
            ahead=coming,
            facts=known if head.erased is None else (),
            offers=tuple(map(_offer, always.open_to(compiled, job.position, actor, now, world))),
            closed_offers=tuple(
                replace(_offer(entry), closed=words.tell(why))
                for entry, why in always.closed_to(compiled, job.position, actor, now, world)
            ),
            said=tuple(conversation.said(look, lately)),
            conversation=tuple(conversation.lately(look, lately)),
            told=tuple(_told(look, lately)),
            did=tuple((at, words) for at, words, _ in did),
            erased=head.erased,
            suspended=suspended_view(head, inside=inside),
            takes_longer=words.tell(TAKES_LONGER) if look.own and _takes_longer(shell, tx, job) else "",
            where=where,
            waiting=waiting,
            tallies=tuple(_tallies(look)),
            thread=threads.thread(look, lately, coming, waiting),
        )
        if not inside:
            return seen
        failing = troubles(shell, tx, job, words) if actor.kind == "operator" and head.status == "open" else ()
        return StaffTrack(**asdict(seen), troubles=tuple(failing))


def _expected(shell: Shell, look: Look, words: Words) -> ExpectedView | None:
    found = expected(shell, look.tx, [look.job.id]).get(look.job.id)
    return expected_view(found, look.process.clock, words, inside=look.inside)


def _takes_longer(shell: Shell, tx: Transaction, job: StoredJob) -> bool:
    """Whether what the job waits for takes longer than it should, in it or in a job that it has called."""
    head = job.position.head
    if head.status != "open" or head.suspended is not None or head.late:
        return head.status == "open" and head.suspended is None
    states = shell.catalogue.compiled(tx, job.process, job.version).states
    if not any(states[name].begins for name in head.standing):
        return False
    called = (tx.jobs.child_of(job.id, row.number) for row in tx.calls.of(job.id) if row.call.process)
    return any(_takes_longer(shell, tx, tx.jobs.get(child)) for child in called if child)


def _offer(entry: Always) -> OfferView:
    fields = tuple(field.name for field in entry.fields)
    return OfferView(name=entry.name, title=entry.title, fields=fields, undoes=entry.undo)


def offer(shell: Shell, text: str, name: str, by: By) -> OfferView:
    with shell.reading() as tx:
        actor = access.asker(tx, "offer", by)
        now = shell.clock.now()
        job = shell.caught_up(tx, access.visible_job(tx, text, actor), now)
        compiled: Compiled = shell.catalogue.told(tx, job.process, job.version, actor.language)
        world = StoreWorld(tx, job.customer)
        if not always.meant_for(compiled, job.position, actor, name, now, world):
            open_now = [entry.name for entry in always.open_to(compiled, job.position, actor, now, world)]
            raise NotFound(
                phrase("this job offers you nothing called %(name)s", name=repr(name)),
                where=shown(job.id),
                possible=open_now,
            )
        entry = next(entry for _, entry in compiled.always[name])
        return replace(_offer(entry), questions=always.asked(compiled, job.position, name, now, world))


def data(shell: Shell, text: str, by: By) -> dict[str, Json]:
    with shell.reading() as tx:
        actor = actor_of(tx, by)
        job = access.visible_job(tx, text, actor)
        if not stands(require("data", actor), actor, job.customer, looking=True):
            raise denied("data", actor, text)
        if actor.kind != "customer":
            return dict(job.position.data)
        compiled = shell.catalogue.compiled(tx, job.process, job.version)
        known = facts.known_data(compiled, job.position)
        return replaced_persons(compiled.process, known, partial(id_of, tx)) if tx.terms.staff_as else known


def _promise(look: Look, now: datetime, words: Words) -> PromiseView | None:
    head, told = look.position.head, ""
    if head.promise is not None and not look.inside:
        whose = stands_for(look.actor)
        asked = [step for one in whose for step in look.tx.steps.asking(look.job.id, person_seating(one))]
        there = [step for step in asked if look.position.branch_of_step(step.number) is not None]
        told = passed(look.compiled, head, words, there)
    return promise_view(look.process, head, now, words, told)


def _where(look: Look) -> Iterable[CustomerPlace]:
    head = look.position.head
    if head.status != "open":
        return []
    root = look.position.branch(ROOT)
    since = root.since if root else None
    if root and isinstance(root.inners.get(""), Undoing):
        words = look.words.say("it is being undone")
        for call in head.cut_off:
            title = look.compiled.states[call.state].member(call.member).title
            words = look.words.say("%(title)s has to end, so that it can be undone", title=title)
        return [StaffPlace(words=words, state="") if look.inside else CustomerPlace(words=words)]
    if look.inside:
        states = (state for name, state in look.compiled.states.items() if name in head.standing)
        return [
            StaffPlace(words=state.phase or state.title, state=state.name, since=since if _at(root, state) else None)
            for state in states
        ]
    return [CustomerPlace(words=look.words.tell(one)) for one in places(look.compiled, head.standing)]


def _at(root: Branch | None, state: State) -> bool:
    return root is not None and root.state == state.name


def _waiting(look: Look) -> Iterable[CustomerWaiting]:
    """The open steps: all for those inside, to a customer his own. One that another has taken, or in which the asker
    has said what he cannot change, does not wait for him."""
    mine, me = seatings(look.actor), {person_seating(one) for one in stands_for(look.actor)}
    steps: dict[int, tuple[Step, list[str]]] = {}
    for row in look.tx.steps.of(look.job.id, stands_for(look.actor)):
        if (look.inside or row.audience in mine) and look.position.branch_of_step(row.step.number) is not None:
            steps.setdefault(row.step.number, (row.step, []))[1].append(row.audience)
    found: list[CustomerWaiting] = []
    for number, (step, audience) in sorted(steps.items()):
        held = step.held_until is not None and step.held_until > look.now
        named = me.intersection(audience) if step.seats else ()
        seats = [seat for one in named if (seat := look.position.seat(number, one)) is not None]
        answered = bool(seats) and all(seat.answer is not None for seat in seats)
        free = step.claimed is None or himself(look.actor, step.claimed)
        open_to_him = not mine.isdisjoint(audience) and free
        first, of = audience[:3], len(audience)
        if step.box and look.inside:
            first, of = [person_seating(one) for one in look.tx.ballots.first(look.job.id, number, 3)], step.seats
        whom = ", ".join(names(look, first))
        if of > 3:
            whom = look.words.say("%(named)s and %(more)s more", named=whom, more=of - 3)
        seen = CustomerWaiting(
            id=f"{look.job.id}.{number}",
            short=f"{shown(look.job.id)}.{number}",
            title=in_words(look.tx, look.job, step, plainly.Clock(look.process, look.words)).title,
            whom=whom,
            for_you=open_to_him and not (answered and not _may_change(look, step)),
            answered=answered or (step.booked is not None and open_to_him),
            unanswered=_unanswered(look, step) if step.due is not None and look.own else None,
            due=step.due,
            claimed=step.claimed or "",
            booked=step.booked,
            booked_with=name_of(look.tx, step.booked_with) if step.booked_with else "",
            held=step.held if held else None,
            held_until=step.held_until if held else None,
            after_promise=look.own
            and appointments.is_late(step.booked or (step.held if held else None), look.position.head),
        )
        if look.inside:
            seen = StaffWaiting(**asdict(seen), state=step.state, appointment=step.appointment)
        found.append(seen)
    return found


def _unanswered(look: Look, step: Step) -> UnansweredView | None:
    """What becomes of it without an answer, where the file has words for that."""
    state = look.compiled.states.get(step.state)  # the job may have been migrated
    return unanswered(look.compiled, state) if state is not None and not step.is_asked else None


def _may_change(look: Look, step: Step) -> bool:
    """Whether what somebody has answered among several may be answered anew: a ballot, where the vote lets it."""
    state = look.compiled.states.get(step.state)  # the job may have been migrated
    return state is not None and state.member(step.member).takes_another_answer


def _tallies(look: Look) -> Iterable[TallyView]:
    """How votes stand: all to those inside and to whose job it is, to another customer those in which he votes."""
    states = {name: look.compiled.states[name] for name in look.position.head.standing}
    if not any(one.shown_while_it_runs for state in states.values() for one in state.members.values()):
        return
    mine = seatings(look.actor)
    rows = [row for row in look.tx.steps.of(look.job.id, stands_for(look.actor)) if look.own or row.audience in mine]
    for number, step in sorted({row.step.number: row.step for row in rows}.items()):
        branch = look.position.branch(step.branch)
        if branch is not None and step.state in states:
            state = states[step.state].member(step.member)
            poll = inner_in(look.process, voting.poll_now(look.tx, look.job.id, step, branch))
            found = visible_tally(f"{look.job.id}.{number}", step_in(look.process, step), state, poll)
            if found is not None:
                yield found


def _did(look: Look) -> Iterable[tuple[datetime, str, str]]:
    """What a customer did in somebody else's job: when, in plain words, and in which state. When he voted is kept
    nowhere: it is told with the moment at which the vote opened."""
    teller = Teller(look.process, {}, look.words)
    whose = stands_for(look.actor, looking=True)
    deeds = [(one, *deed) for one in whose for deed in look.tx.participants.deeds(look.job.id, one, _MOST)]
    for who, number, seq in sorted(deeds, key=lambda deed: deed[2])[-_MOST:]:
        opened = look.opening(number)
        if opened is None:
            continue
        step = opened[1].step
        (entry,) = look.entries((opened[0] if step.box else seq) - 1, 1)
        if step.box:
            seat = voting.own_seat(look.tx, look.job.id, number, who, look.secret)
            if seat is not None:
                command, events = voting.as_told(look.actor, step, seat)
                yield entry.at, teller.own_act(command, opened[1], events), step.state
        elif isinstance(entry.command, c.Act | c.ActFor):
            yield entry.at, teller.own_act(entry.command, opened[1], entry.events), step.state


def _told(look: Look, entries: list[Entry]) -> Iterable[tuple[datetime, str, tuple[tuple[str, str], ...]]]:
    """What the process has told lately, deadlines that were moved by hand, and what became of appointments. A customer
    sees what was told to him, or to all who had taken part by then, and the deadlines and appointments that are his."""
    mine, found = seatings(look.actor), []
    for entry in entries:
        steps = {event.step.number: event.step for event in entry.events if isinstance(event, e.StepChanged)}
        for event in entry.events:
            if isinstance(event, e.DeadlineMoved) and event.by and event.step in steps:
                step = steps[event.step]
                if look.inside or not mine.isdisjoint(step.audience):
                    found.append(
                        (
                            entry.at,
                            look.words.say("There is another time for: %(title)s", title=step.title),
                            _times(look, step, event),
                        )
                    )
            if isinstance(event, e.AppointmentChanged) and (look.inside or not mine.isdisjoint(event.whom)):
                clock = plainly.Clock(look.process, look.words)
                following = appointments.what_next(clock.words, look.compiled, event, entry.events)
                words = appointments.changed(look.compiled, event, clock)
                found.append((entry.at, words, ((clock.words.say("What comes next"), following),)))
            if isinstance(event, e.Told):
                among = look.inside or not mine.isdisjoint(event.to)
                if among or ("everyone" in event.to and (look.own or _took_part(look, entry.seq))):
                    found.append((entry.at, event.words, event.shown))
    return found[-_MOST:]


def _times(look: Look, step: Step, moved: e.DeadlineMoved) -> tuple[tuple[str, str], ...]:
    state = look.compiled.states.get(step.state)  # the job may have been migrated
    at = state.member(step.member) if state is not None else None
    clock = plainly.Clock(look.process, look.words)
    say = clock.words.say
    return ((say("By"), clock.moment(moved.to, at)), (say("Before"), clock.moment(moved.was, at)))


def _took_part(look: Look, seq: int) -> bool:
    took = took_part(entry for entry in look.tx.history.of(look.job.id) if entry.seq <= seq)
    mine = stands_for(look.actor, looking=True)
    if not set(took).isdisjoint(mine):
        return True
    steps = [step for one in mine for step in look.tx.ballots.voted_in(look.job.id, one)]
    voted = (access.opening(look.tx, look.job, step) for step in steps)
    return any(opened is not None and opened[0] <= seq for opened in voted)


class WantedJobs(NamedTuple):
    """Which jobs are listed: with a ``status`` (``open``, ``fulfilled`` or ``ended``), of a ``process``, of a
    ``customer``; those in which the asker ``took_part``; those that are ``late``; ``mine``, of a member of staff those
    that he began; those that were ``begun_before`` a moment."""

    status: str | None = None
    process: str | None = None
    customer: str | None = None
    took_part: bool = False
    late: bool = False
    mine: bool = False
    begun_before: datetime | None = None

    def check(self, asker: Actor) -> None:
        """Raises BadAnswer, and NotAllowed where they are not for who asks."""
        own = needs("jobs", asker) == OWN
        if self.begun_before is not None and self.begun_before.tzinfo is None:
            raise BadAnswer(
                {"begun_before": phrase("must say its offset")}, possible=[phrase("a moment with a time zone")]
            )
        if own and self.customer is not None and self.customer not in stands_for(asker, looking=True):
            raise denied("jobs", asker)
        if self.took_part and not own:
            what = phrase(
                "%(id)s sees all jobs: only of customers is kept in whose jobs they took part",
                id=asker.id or asker.kind,
            )
            raise NotAllowed(what, possible=(phrase("list all jobs"), phrase("ask as a customer")))
        if self.took_part and self.late:
            what = phrase("of jobs of others you are not told what was promised")
            raise NotAllowed(
                what,
                where="late",
                possible=(phrase("list your own that are late"), phrase("list all you took part in")),
            )
        if self.mine and not asker.id:
            raise NotAllowed(
                phrase("whose jobs are meant is not known"),
                possible=(phrase("ask as a person"), phrase("list all jobs")),
            )


def jobs(shell: Shell, wanted: WantedJobs, limit: int, after: str | None, by: By) -> list[JobRow]:
    """A customer's are his own, and told in his words (L9); of those of others he is not told whose they are."""
    with shell.reading() as tx:
        asker = access.asker(tx, "jobs", by)
        wanted.check(asker)
        own, parts = needs("jobs", asker) == OWN, stands_for(asker, looking=True)
        whose: str | Sequence[str] | None = wanted.customer or parts if own else wanted.customer
        person = tx.people.get(wanted.customer) if wanted.customer and not own else None
        if person is not None and person.same:
            whose = (person.id, *person.same)
        now, words = shell.clock.now(), reader_words(tx, asker)
        listed = partial(
            tx.jobs.list,
            status=wanted.status,
            process=wanted.process,
            customer=None if wanted.took_part else whose,
            took_part=parts if wanted.took_part or (wanted.mine and not own) else None,
            late=now if wanted.late else None,
            begun_before=wanted.begun_before,
            job=asker.job or None,
        )
        rows = _open_to(tx, asker, listed, limit, after)
        names = {} if wanted.took_part else {id: name_of(tx, id) for id in {row.customer for row in rows}}
        coming = {} if own else expected(shell, tx, [row.id for row in rows if row.status == "open"])
        told = partial(_row, shell, tx, asker.language, words, now, names, coming, own=own, others=wanted.took_part)
        return [told(row) for row in rows]


def _row(
    shell: Shell, tx: Transaction, language: str, words: Words, now: datetime, names: Mapping[str, str],
    coming: Mapping[str, Range], row: ListedJob, *, own: bool, others: bool,
) -> JobRow:  # fmt: skip
    """A job in a list, as its customer (``own``) or those inside see it; of a job of ``others`` nobody is told whose it
    is (``names`` has none), and what was promised. ``coming`` is when open ones are expected to be finished."""
    compiled = _known(shell, tx, row, language)
    process = compiled.process if compiled and row.head.promise and not others else None
    return JobRow(
        id=row.id,
        short=shown(row.id),
        process=row.process,
        version=row.version,
        customer=row.customer,
        customer_name=names.get(row.customer, ""),
        status=row.status,
        states=tuple(map(words.tell, _standing(shell, tx, row, own, language))),
        started=row.started,
        updated=row.updated,
        ended=row.ended,
        because=compiled.process.said(row.head.because) if compiled else row.head.because,
        suspended=suspended_view(row.head, inside=not own),
        erased=row.head.erased,
        unanswered=0 if own else row.head.unanswered,
        title=compiled.process.title if compiled else row.process,
        where=tuple(map(words.tell, _standing_in_words(compiled, row, own))),
        promise=promise_view(process, row.head, now, words) if process else None,
        expected=expected_view(coming.get(row.id), compiled.process.clock, words, inside=True) if compiled else None,
        zone=compiled.process.zone if compiled and (process or row.id in coming) else "",
    )


def _open_to(
    tx: Transaction, asker: Actor, listed: Callable[..., list[ListedJob]], limit: int, after: str | None
) -> list[ListedJob]:
    """A page of jobs, without those that their processes close to the asker."""
    found: list[ListedJob] = []
    while True:
        page = listed(limit=limit, after=after)
        if asker.kind != "staff":
            return page
        found += (row for row in page if not tx.terms.closes(tx, row.process, row.version, asker.roles))
        if len(found) >= limit or len(page) < limit:
            return found[:limit]
        after = page[-1].id


def _known(shell: Shell, tx: Transaction, row: ListedJob, language: str) -> Compiled | None:
    """The version that a listed job follows; None where somebody has taken it out of the database."""
    with suppress(NotFound):
        found: Compiled = shell.catalogue.told(tx, row.process, row.version, language)
        return found
    return None


def _standing_in_words(compiled: Compiled | None, row: ListedJob, own: bool) -> tuple[str, ...]:
    """Where an open job stands, in words."""
    if compiled is None or row.status != "open":
        return ()
    if own:
        return tuple(places(compiled, row.head.standing))
    states = compiled.states.items()
    return tuple(dict.fromkeys(state.phase or state.title for name, state in states if name in row.head.standing))


def _standing(shell: Shell, tx: Transaction, row: ListedJob, own: bool, language: str) -> tuple[str, ...]:
    """Where the job stands or how it ended: states for the organisation, for its customer what his receipts say."""
    head = row.head
    if not own:
        return head.places
    compiled = shell.catalogue.told(tx, row.process, row.version, language)
    if row.status != "open":
        return (compiled.process.said(head.because) or outcome_words(head.status),)
    return places(compiled, head.standing)
