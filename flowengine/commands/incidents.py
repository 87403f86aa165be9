"""What gave up and waits for an operator: service calls, timers that cannot be fired, messages that cannot be sent,
jobs that cannot be started by the clock; steps that nobody can do; what takes longer than it should; and promises whose
moment is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowengine.commands import access, starting
from flowengine.commands.asked import in_words, row_in_words
from flowengine.commands.shell import Shell
from flowengine.commands.unstaffed import HELP, unstaffed, whom
from flowengine.core import commands as c
from flowengine.core.fields import OR
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.translating import step_in
from flowengine.core.values import CONVERSATION, Actor, Branch, ServiceCall, Timer, Undoing
from flowengine.errors import FlowError, NotAllowed, NotFound, Refused, StaleCommand, StoreError
from flowengine.language.model import State
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.runtime.actors import actor_of, reader_words
from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import Words
from flowengine.store import Incident, StoredJob, StoredSchedule, Transaction, shown
from flowengine.store.codec import decode
from flowengine.store.steps import WaitingStep
from flowengine.views import plainly
from flowengine.views.replies import IncidentView, Receipt, RetriedAll

_NAMED = 3
"""How many are named of all for whom a job waits."""

KINDS = ("call", "timer", "message", "schedule")
"""What can be tried again."""


def incidents(shell: Shell, by: By) -> list[IncidentView]:
    """Calls first, then timers, then messages, each by job; then schedules, steps, and what takes longer: of a call or
    step that is an incident anyhow it is not told that it does. At last the promises, what was promised first before
    the others."""
    with shell.reading() as tx:
        words = reader_words(tx, actor_of(tx, by))
        rows = tx.calls.incidents() + tx.timers.incidents() + tx.outbox.incidents()
        found = [incident_view(tx, row, words) for row in rows] + [
            _of_schedule(row) for row in tx.schedules.all() if row.attempts
        ]
        found += [_step(tx, words, row, why) for row, why in unstaffed(tx, shell.catalogue)]
        known = {one.id for one in found}
        found += [one for one in _attention(shell, tx, words) if one.id not in known]
        return found + list(_late(shell, tx, words))


def retry(shell: Shell, text: str, actor: Actor) -> Receipt:
    """A call is handed to the workers again, and so is a message; a timer is fired at once, and what stands in its way
    is raised. The receipt of a message, and of a call that only waited for its next attempt, is that of the job as it
    is: that is no part of its history. A schedule's job is started at once."""
    if "/" in text:
        return starting.retry(shell, text)

    def work(tx: Transaction) -> Receipt:
        if text.count(".") == 2:
            return _send_again(shell, tx, text, actor)
        if "." not in text:
            short = shown(access.job_ref(tx, text, actor, "call"))
            what = phrase("a job is not tried again; its calls, timers and messages are")
            raise NotAllowed(
                what, where=text, possible=(phrase("%(short)s.NUMBER, as the incidents have it", short=short),)
            )
        job_id, number = access.numbered_ref(tx, text, actor, "call")
        try:
            job = access.locked(tx, job_id)
        except access.Hidden:
            raise access.no_such("call", text) from None
        if access.open_step(job, number) is not None:
            raise NotAllowed(phrase("a step is not tried again: it waits for somebody"), where=text, possible=HELP)
        if tx.calls.hurry(job_id, number, shell.clock.now()):
            tx.wakes = True
            return _as_it_is(job)
        timer = timer_of(job.position, number)
        command = c.Fire(by=actor, timer=number) if timer else c.Retry(by=actor, call=number)
        return shell.told(tx, job_id, command, None, access.permit_all, ("call", text))

    return shell.keep(work)


def retry_all(shell: Shell, actor: Actor, kind: str | None, process: str | None, handler: str | None) -> RetriedAll:
    """Each in a transaction of its own, so that one that cannot be tried again does not keep the others from it."""
    if kind is not None and kind not in KINDS:
        raise Refused(phrase("%(kind)s is no kind of incident", kind=repr(kind)), where="kind", possible=KINDS)
    tried: list[str] = []
    refused: dict[str, str] = {}
    found = [one for one in incidents(shell, PROGRAM) if one.kind in KINDS]
    handlers = sorted({one.handler for one in found})
    if handler is not None and found and handler not in handlers:
        raise NotFound(
            phrase("no incident is of the handler %(handler)s", handler=repr(handler[:200])),
            where="handler",
            possible=handlers,
        )
    for one in found:
        if any(wanted not in (None, is_) for wanted, is_ in _fits(one, kind, process, handler)):
            continue
        try:
            retry(shell, one.id, actor)
            tried.append(one.id)
        except (StaleCommand, NotFound):
            continue  # somebody else has just seen to it
        except StoreError:
            raise
        except FlowError as error:  # a timer's own trouble, too, which is no refusal
            refused[one.id] = str(error)
    return RetriedAll(tried=tuple(tried), refused=refused)


def _fits(
    one: IncidentView, kind: str | None, process: str | None, handler: str | None
) -> tuple[tuple[str | None, str], ...]:
    return (kind, one.kind), (process, one.process), (handler, one.handler)


def _send_again(shell: Shell, tx: Transaction, text: str, actor: Actor) -> Receipt:
    rest, _, number = text.rpartition(".")
    if ":" in rest:
        return _of_no_job(shell, tx, text)
    job_id, seq = access.numbered_ref(tx, rest, actor, "message")
    if not (number.isascii() and number.isdigit() and len(number) <= 15):
        raise access.no_such("message", text)
    if not tx.outbox.retry(f"{job_id}.{seq}.{number}", shell.clock.now()):
        raise access.no_such("message", text)
    if tx.records.versions(job_id):  # a fact's own id stands in the place of a job's
        return Receipt(job=job_id, seq=seq, status="sent")
    return _as_it_is(access.read(tx, job_id, "message", text))


def _of_no_job(shell: Shell, tx: Transaction, text: str) -> Receipt:
    """As :func:`_send_again`, of what belongs to no job: what it is about stands in the place of one."""
    about, seq, number = text.rsplit(".", 2)
    numbers = all(one.isascii() and one.isdigit() and len(one) <= 15 for one in (seq, number))
    if not numbers or not tx.outbox.retry(text, shell.clock.now()):
        raise access.no_such("message", text)
    return Receipt(job=about, seq=int(seq), status="sent")


def _as_it_is(job: StoredJob) -> Receipt:
    head = job.position.head
    return Receipt(job=job.id, seq=job.seq, status=head.status, states=head.places, because=head.because)


def timer_of(position: Position, number: int) -> Timer | None:
    """The timer of that number, while it is set."""
    branch_id = position.branch_of_timer(number)
    branch = position.branch(branch_id) if branch_id is not None else None
    return next((timer for timer in branch.timers if timer.number == number), None) if branch else None


def _step(tx: Transaction, words: Words, row: WaitingStep, why: str) -> IncidentView:
    """A step that nobody can do, and what is possible."""
    step = row_in_words(tx, row)
    return IncidentView(
        kind="step",
        id=f"{row.job}.{row.step.number}",
        short=f"{shown(row.job)}.{row.step.number}",
        job=row.job,
        process=row.process,
        customer=row.customer,
        state=row.step.state,
        handler=step.title,
        error=words.say("%(why)s (possible: %(possible)s)", why=why, possible=listing(HELP)),
        attempts=0,
    )


def _attention(shell: Shell, tx: Transaction, words: Words) -> Iterator[IncidentView]:
    """What jobs wait for longer than they should: since when, and who could do it."""
    for job_id, number, branch_id in tx.timers.rung():
        job = tx.jobs.get(job_id)
        branch = job.position.branch(branch_id)
        assert branch is not None, "a timer is set on a branch"
        compiled = shell.catalogue.told(tx, job.process, job.version, words.language)
        if branch_id == CONVERSATION:
            yield _unanswered(tx, words, compiled, job, branch, number)
            continue
        inner = branch.inners.get("")
        undoing = isinstance(inner, Undoing)
        state = compiled.states[inner.waiting[0].state if isinstance(inner, Undoing) else branch.state]
        waits = _awaited(tx, words, job_id, compiled, branch)
        of = next(iter((*(step.number for step in branch.steps), *(call.number for call in branch.calls), number)))
        yield IncidentView(
            kind="attention",
            id=f"{job_id}.{of}",
            short=f"{shown(job_id)}.{of}",
            job=job_id,
            process=job.process,
            customer=job.customer,
            state=state.name,
            handler=words.say("undoing %(what)s", what=state.title) if undoing else _title(compiled, branch, state),
            error=words.say("it waits longer than it should for %(whom)s", whom=listing(waits, OR)),
            attempts=0,
            since=branch.calls[0].opened if undoing and branch.calls else branch.since,
            whom=words.tell(listing(waits, OR)),
        )


def _unanswered(
    tx: Transaction, words: Words, compiled: Compiled, job: StoredJob, branch: Branch, number: int
) -> IncidentView:
    """What was asked and is not answered in time."""
    of = next(timer.step for timer in branch.timers if timer.number == number)
    clock = plainly.Clock(compiled.process, words)
    step = in_words(tx, job, next(step for step in branch.steps if step.number == of), clock)
    who = words.tell(whom(tx, job.id, compiled.process, branch, step))
    return IncidentView(
        kind="attention",
        id=f"{job.id}.{of}",
        short=f"{shown(job.id)}.{of}",
        job=job.id,
        process=job.process,
        customer=job.customer,
        state="",
        handler=step.title,
        error=words.say("it waits longer than it should for an answer from %(whom)s", whom=who),
        attempts=0,
        since=step.opened,
        whom=who,
    )


def _awaited(tx: Transaction, words: Words, job_id: str, compiled: Compiled, branch: Branch) -> list[str]:
    """Whom or what a branch waits for, in words."""
    waits = [words.tell(whom(tx, job_id, compiled.process, branch, step)) for step in branch.steps]
    waits += [call.handler or call.http or call.process for call in branch.calls]
    if isinstance(branch.inners.get(""), Undoing):
        return waits or [words.say("an attempt that has to end")]
    state = compiled.states.get(branch.state)
    awaited = [one.awaited for one in state.members.values()] if state is not None else []
    return waits + [words.say("the message %(message)s", message=one.message) for one in awaited if one is not None]


def _late(shell: Shell, tx: Transaction, words: Words) -> Iterator[IncidentView]:
    """The open jobs whose promise is over: where they stand, and for whom they wait."""
    for id in tx.jobs.overdue(shell.clock.now()):
        job = tx.jobs.get(id)
        head, compiled = job.position.head, shell.catalogue.told(tx, job.process, job.version, words.language)
        assert head.promise is not None, "what is late was promised"
        by = plainly.Clock(compiled.process, words).promised(head.promise.by)
        there = (one for id, one in job.position.whole().branches.items() if id != CONVERSATION)
        waits = list(dict.fromkeys(one_wait for one in there for one_wait in _awaited(tx, words, id, compiled, one)))
        more = [words.say("%(num)s more", num=len(waits) - _NAMED)] if len(waits) > _NAMED else []
        whom_for = words.tell(listing(waits[:_NAMED] + more, phrase(" and ")))
        state = words.say("waits for %(whom)s", whom=whom_for) if waits else words.say("goes on")
        state = words.say("is suspended") if head.suspended is not None else state
        yield IncidentView(
            kind="promise",
            id=id,
            short=shown(id),
            job=id,
            process=job.process,
            customer=job.customer,
            state=", ".join(head.places),
            handler=", ".join(compiled.states[name].title for name in head.places),
            error=words.say("it was promised for %(by)s, and %(state)s", by=by, state=state),
            attempts=0,
            since=head.promise.by,
            whom=whom_for,
        )


def _title(compiled: Compiled, branch: Branch, state: State) -> str:
    """What is to be done: what its step is called, if it has one."""
    return step_in(compiled.process, branch.steps[0]).title if len(branch.steps) == 1 else state.title


def incident_view(tx: Transaction, row: Incident, words: Words) -> IncidentView:
    """What gave up, as operators are shown it."""
    state = ""
    match row.kind:
        case "call":
            call = decode(row.what, ServiceCall)
            state, handler = call.state, call.handler or call.http or call.process
        case "timer":
            position = tx.jobs.get(row.job).position
            branch, timer = position.branch(row.what), timer_of(position, int(row.id.rpartition(".")[2]))
            state, handler = branch.state if branch else "", timer.purpose if timer else ""
        case _:
            body = decode(row.what, dict[str, Any])
            letter = phrase("%(channel)s to %(person)s", channel=body.get("channel", ""), person=body.get("person", ""))
            handler = words.tell(letter) if row.detail == "letter" else row.detail
    return IncidentView(
        kind=row.kind,
        id=row.id,
        short=row.id.replace(row.job, shown(row.job)),
        job=row.job,
        process=row.process,
        customer=row.customer,
        state=state,
        handler=handler,
        error=row.error,
        attempts=row.attempts,
        next=row.next,
    )


def _of_schedule(row: StoredSchedule) -> IncidentView:
    return IncidentView(
        kind="schedule",
        id=row.id,
        short=row.id,
        job="",
        process=row.process,
        customer="",
        state="",
        handler=row.every,
        error=row.error,
        attempts=row.attempts,
        next=row.wake,
    )
