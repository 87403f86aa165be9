"""What a command came to, in plain words for who asked for it."""

from __future__ import annotations

from msgspec.structs import replace

from flowengine.commands import access, voting
from flowengine.commands.asked import in_words
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.seatings import himself, in_his_name, stands_for
from flowengine.core.translating import events_in
from flowengine.core.values import Actor, Poll
from flowengine.core.veil import veiled
from flowengine.people.identities import By
from flowengine.reading.histories import names_in
from flowengine.reading.inbox import Wanted, inbox
from flowengine.reading.look import entries_in
from flowengine.reading.tracking import track
from flowengine.runtime.actors import actor_of, name_of, reader_words
from flowengine.store import Entry, StoredJob, Transaction, shown
from flowengine.views import answered as words
from flowengine.views import plainly
from flowengine.views.appointments import with_whom
from flowengine.views.history_lines import Teller
from flowengine.views.replies import Answered, InboxItem, NextView, Track

_MOST = 100
"""Steps among which those of a job are looked for."""


def answered(shell: Shell, text: str, seq: int, by: By) -> Answered:
    with shell.looking() as look, look.reading() as tx:
        actor = actor_of(tx, by)
        job = access.visible_job(tx, text, actor)
        if seq < 0:
            return _cast(look, tx, job, -seq, actor)
        entry = next(iter(tx.history.of(job.id, seq - 1, 1)), None) if seq > 0 else None
        if entry is None or (actor.kind == "customer" and not in_his_name(actor, entry.by)):
            raise access.no_such("entry of the history", f"{shown(job.id)}, number {seq}")
        return _told(look, tx, job, _said(look, tx, job, entry, actor), actor)


def _told(look: Shell, tx: Transaction, job: StoredJob, said: str, actor: Actor) -> Answered:
    """What was said, and what comes now."""
    compiled = look.catalogue.told(tx, job.process, job.version, actor.language)
    seen = track(look, job.id, actor)
    waiting = inbox(look, actor, _MOST, False, Wanted())
    clock = plainly.Clock(compiled.process, reader_words(tx, actor))
    if actor.kind != "customer":
        over = (
            words.ended(clock.words, seen.status, compiled.process.need, seen.because) if seen.status != "open" else ""
        )
        return _answered(job, said, over, tuple(_step(one, clock, inside=True) for one in waiting[:1]), len(waiting))
    mine = tuple(_step(one, clock) for one in waiting if one.job == job.id)
    if seen.status != "open":
        return _answered(job, said, words.ended(clock.words, seen.status, compiled.process.need, seen.because))
    coming = (*_appointments(seen, clock), *mine)
    if not coming and job.customer in stands_for(actor, looking=True):
        now = look.clock.now()
        position = look.caught_up(tx, job, now).position
        coming = tuple(NextView(words=one) for one in words.at_work(compiled, position, clock, now))
    return _answered(job, said, "", coming)


def _answered(job: StoredJob, said: str, over: str, next: tuple[NextView, ...] = (), of: int = 0) -> Answered:
    return Answered(job=job.id, short=shown(job.id), said=said, over=over, next=next, of=of)


def _cast(look: Shell, tx: Transaction, job: StoredJob, number: int, actor: Actor) -> Answered:
    """What a ballot came to, which is in no history: to who has cast it."""
    seat = voting.own_seat(tx, job.id, number, actor.id, look.settings.ballot_secret)
    found = access.opening(tx, job, number) if seat is not None else None
    if seat is None or found is None:
        raise access.no_such("ballot", f"{shown(job.id)}.{number}")
    compiled = look.catalogue.told(tx, job.process, job.version, actor.language)
    clock = plainly.Clock(compiled.process, reader_words(tx, actor))
    opened = replace(found[1], step=in_words(tx, job, found[1].step, clock))
    command, events = voting.as_told(actor, opened.step, seat)
    if opened.step.state in compiled.states and job.position.branch(opened.step.branch) is not None:
        given = look.catalogue.compiled(tx, job.process, job.version)
        thanks = voting.thanks(look, tx, given, job, opened.step, command.outcome)
        events += events_in(compiled.process, thanks)
    options = _options(entries_in(compiled.process, tx.history.of(job.id, found[0] - 1, 1))[0], opened)
    said = _saying(tx, job, compiled, actor, {}, opened, options).told(command, events)
    return _told(look, tx, job, said, actor)


def _saying(
    tx: Transaction, job: StoredJob, compiled: Compiled, actor: Actor, names: dict[str, str],
    opened: e.StepOpened | None, options: dict[str, str],
) -> words.Saying:  # fmt: skip
    customer = actor.kind == "customer"
    teller = Teller(compiled.process, {} if customer else names, reader_words(tx, actor))
    whose = "" if customer else name_of(tx, job.customer)
    return words.Saying(teller, customer, whose, opened, options, own=not customer or job.customer in stands_for(actor))


def _said(look: Shell, tx: Transaction, job: StoredJob, entry: Entry, actor: Actor) -> str:
    """What happened; to anybody but who did it without what nobody is shown: who voted what in a secret vote."""
    compiled = look.catalogue.told(tx, job.process, job.version, actor.language)
    if entry.erased:
        return Teller(compiled.process, {}).erased(entry.command, entry.events)
    own = himself(actor, entry.by.id)
    (entry,) = entries_in(compiled.process, [entry])
    command, events = (entry.command, entry.events) if own else veiled(entry.command, entry.events)
    opened, options = None, {}
    if isinstance(entry.command, c.Act | c.ActFor | c.Claim | c.Release | c.Assign):
        found = access.opening(tx, job, entry.command.step)
        if found is not None:
            clock = plainly.Clock(compiled.process, reader_words(tx, actor))
            seq, opened = found[0], replace(found[1], step=in_words(tx, job, found[1].step, clock))
            options = _options(entries_in(compiled.process, tx.history.of(job.id, seq - 1, 1))[0], opened)
    if own and opened is not None and opened.step.box:
        seat = voting.own_seat(tx, job.id, opened.step.number, actor.id, look.settings.ballot_secret)
        events = events if seat is None else (e.SeatAnswered(branch=opened.step.branch, seat=seat), *events)
    names = {} if actor.kind == "customer" else names_in(tx, [entry])
    return _saying(tx, job, compiled, actor, names, opened, options).told(command, events)


def _options(entry: Entry, opened: e.StepOpened) -> dict[str, str]:
    """The titles of what can be voted for on a step, by id, as they were when it was opened."""
    for event in entry.events:
        if isinstance(event, e.Kept) and isinstance(event.inner, Poll) and event.branch == opened.step.branch:
            return dict(event.inner.options)
    return {}


def _step(item: InboxItem, clock: plainly.Clock, *, inside: bool = False) -> NextView:
    if item.held is not None and not inside:
        words = clock.words.say("book %(at)s, which is kept for you", at=clock.moment(item.held))
        return NextView(words=words, id=item.id, short=item.short, due=item.held_until)
    words = item.title
    if item.customer_name and hasattr(item, "state"):
        words = clock.words.say("%(who)s, for %(party)s", who=item.title, party=item.customer_name)
    return NextView(words=words, id=item.id, short=item.short, due=item.due)


def _appointments(seen: Track, clock: plainly.Clock) -> tuple[NextView, ...]:
    """When the asker is expected."""
    return tuple(
        NextView(
            words=clock.words.say("your appointment on %(at)s", at=clock.moment(one.booked))
            + with_whom(clock.words, one.booked_with),
            id=one.id,
            short=one.short,
        )
        for one in seen.waiting
        if one.for_you and one.booked is not None
    )
