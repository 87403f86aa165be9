"""What waits for somebody, and one step with all that is needed to act on it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.advance import offered
from flowengine.core.answers import Form, FormField, asked_slots, form
from flowengine.core.seatings import person_seating, seatings, waits_for
from flowengine.core.values import Actor, Step
from flowengine.people.permissions import ANY, needs
from flowengine.runtime.actors import StoreWorld, actor_of, name_of
from flowengine.store import StoredJob, Transaction, shown
from flowengine.store.steps import WaitingStep
from flowengine.views.replies import InboxItem, StepView


def inbox(shell: Shell, by: str | Actor, limit: int, everything: bool) -> list[InboxItem]:
    with shell.reading() as tx:
        actor = access.asker(tx, "inbox", by)
        rows = tx.steps.inbox(sorted(seatings(actor)), limit, person=actor.id, everything=everything)
        names = {id: name_of(tx, id) for id in {row.customer for row in rows}}
        items: dict[str, InboxItem] = {}
        for row in rows:
            answered = row.answered or _has_done_his_part(shell, tx, row, actor)
            if everything or not answered:
                item = _item(row.job, row.process, row.customer, names[row.customer], row.step, actor, answered)
                items.setdefault(item.id, item)
    return sorted(items.values(), key=_order)[:limit]


def _has_done_his_part(shell: Shell, tx: Transaction, row: WaitingStep, actor: Actor) -> bool:
    """Whether he has answered among several who are asked, and the row is of another's seat, which he could fill too.

    Rows of his own seat, and of steps without seats, say so themselves; only for the others is the job read.
    """
    if not row.step.seats or row.audience == person_seating(actor.id):
        return False
    job = tx.jobs.get(row.job)
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    return not offered(compiled, job.position, row.step, shell.clock.now(), StoreWorld(tx, job.customer), actor)


def _order(item: InboxItem) -> tuple[bool, bool, bool, datetime, datetime]:
    """What is kept for the asker first, then what nobody else has taken, then by deadline and age."""
    return (
        item.answered,
        not (item.preferred or item.mine),
        bool(item.claimed) and not item.mine,
        item.due or datetime.max.replace(tzinfo=item.opened.tzinfo),
        item.opened,
    )


def _item(job: str, process: str, customer: str, name: str, step: Step, actor: Actor, answered: bool) -> InboxItem:
    return InboxItem(
        id=f"{job}.{step.number}",
        short=f"{shown(job)}.{step.number}",
        job=job,
        process=process,
        customer=customer,
        customer_name=name,
        state=step.state,
        title=step.title,
        opened=step.opened,
        due=step.due,
        claimed=step.claimed or "",
        mine=bool(actor.id) and step.claimed == actor.id,
        preferred=bool(actor.id) and step.preferred == actor.id,
        answered=bool(answered),
        booked=step.booked,
    )


def step(shell: Shell, step_id: str, by: str | Actor) -> StepView:
    with shell.reading() as tx:
        actor = actor_of(tx, by)
        looks = needs("step", actor) == ANY
        job_id, number = access.step_ref(tx, step_id, actor)
        job = access.read(tx, job_id, "step", step_id)
        found = access.open_step(job, number)
        if found is None:
            closed = access.closed(tx, job, actor, number)
            raise access.no_such("step", step_id) if isinstance(closed, access.Hidden) else closed
        if not (looks or waits_for(actor, found, job.position.seat)):
            raise access.no_such("step", step_id)
        return _view(shell, tx, job, found, actor)


def _view(shell: Shell, tx: Transaction, job: StoredJob, found: Step, actor: Actor) -> StepView:
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    now, world = shell.clock.now(), StoreWorld(tx, job.customer)
    state = compiled.state(found.state).member(found.member)
    asked = asked_slots(compiled, found, now)
    taken = tx.bookings.taken(asked.calendar.name, asked.start, asked.end) if asked is not None else []
    can = offered(compiled, job.position, found, now, world, actor)
    made = form(compiled, job.position, found, now, world, taken)
    if not can:
        made = msgspec.structs.replace(made, ways=(), slots=())
    if actor.kind == "customer" and state.inner_options:
        made = _plain_options(made, state.inner_options)
    return StepView(
        id=f"{job.id}.{found.number}",
        short=f"{shown(job.id)}.{found.number}",
        job=job.id,
        process=job.process,
        customer=job.customer,
        customer_name=name_of(tx, job.customer),
        state=found.state,
        type=state.type,
        title=found.title,
        purpose=found.purpose,
        opened=found.opened,
        due=found.due,
        claimed=found.claimed or "",
        shown=found.shown,
        possible=can,
        form=made,
        slots=made.slots,
        booked=found.booked,
    )


def _plain_options(made: Form, inner: frozenset[str]) -> Form:
    """The form without what these options hold beside title, price and lead time: that is inner data (L9)."""
    replace = msgspec.structs.replace
    ways = (
        replace(way, fields=tuple(_bare(field) if field.name in inner else field for field in way.fields))
        for way in made.ways
    )
    return replace(made, ways=tuple(ways))


def _bare(field: FormField) -> FormField:
    options = tuple(msgspec.structs.replace(option, more={}) for option in field.options)
    return msgspec.structs.replace(field, options=options)
