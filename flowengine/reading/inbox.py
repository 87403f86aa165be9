"""What waits for somebody, and one step with all that is needed to act on it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.advance import possible
from flowengine.core.answers import Form, FormField, asked_slots, form
from flowengine.core.values import Actor, Step
from flowengine.people import may_act, may_operate, seatings
from flowengine.runtime.actors import StoreWorld, actor_of, name_of
from flowengine.store import StoredJob, Transaction, shown
from flowengine.views.replies import InboxItem, StepView


def inbox(shell: Shell, who: str | Actor, limit: int, everything: bool) -> list[InboxItem]:
    with shell.reading() as tx:
        actor = actor_of(tx, who)
        rows = tx.steps.inbox(sorted(seatings(actor)), limit, person=actor.id, everything=everything)
        names = {id: name_of(tx, id) for id in {row.customer for row in rows}}
    items: dict[str, InboxItem] = {}
    for row in rows:
        item = _item(row.job, row.process, row.customer, names[row.customer], row.step, actor, row.answered)
        items.setdefault(item.id, item)
    return sorted(items.values(), key=_order)[:limit]


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
        job_id, number = access.step_ref(tx, step_id, actor)
        job = access.read(tx, job_id, "step", step_id)
        found = access.open_step(job, number)
        if found is None:
            closed = access.closed(tx, job, actor, number)
            raise access.no_such("step", step_id) if isinstance(closed, access.Hidden) else closed
        if not (may_act(actor, found, job.position.seat) or may_operate(actor)):
            raise access.no_such("step", step_id)
        return _view(shell, tx, job, found, actor)


def _view(shell: Shell, tx: Transaction, job: StoredJob, found: Step, actor: Actor) -> StepView:
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    now, world = shell.clock.now(), StoreWorld(tx, job.customer)
    state = compiled.state(found.state).member(found.member)
    asked = asked_slots(compiled, found, now)
    taken = tx.bookings.taken(asked.calendar.name, asked.start, asked.end) if asked is not None else []
    made = form(compiled, job.position, found, now, world, taken)
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
        possible=possible(compiled, job.position, found, now, world),
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
