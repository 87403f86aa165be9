"""From what people type to jobs and steps, and who may touch them.

A job or step that is not for the asker and one that is not there are answered in the same words (L4).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.values import Actor, Step
from flowengine.errors import Ambiguous, BadAnswer, NotAllowed, NotFound, StaleCommand
from flowengine.people import actor_key, may_act, may_operate, may_see, seatings
from flowengine.runtime.actors import actor_of, as_actor
from flowengine.store import Person, StoredJob, Transaction, short, shown
from flowengine.store.receipts import Stored

JOB_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""What the full id of a job looks like."""

_FULL_ID = re.compile(JOB_ID)
MOST_OWN = 1_000
"""Of a customer's jobs, how many are looked through for a beginning that fits other people's jobs as well."""

PAGE = 8
"""History entries that are read at once to find a step; nearly each opens one."""

_PERSON_ID = re.compile(r"[\w.@-]{1,64}", re.ASCII)


def no_such(kind: str, text: str) -> NotFound:
    """The one answer for what is not there and for what is not for the asker."""
    return NotFound(f"there is no {kind} {text!r}, or it is not for you", where=text)


class Hidden(Exception):
    """Something is not there, or not for the asker; whoever knows what was typed answers with :func:`no_such`."""


# ids


def job_ref(tx: Transaction, text: str, actor: Actor, kind: str = "job", whole: str = "") -> str:
    """The full id of a job from a full id or a unique beginning; customers are told only of jobs they may see."""
    if _FULL_ID.fullmatch(text):
        return text
    try:
        return tx.jobs.resolve(text)
    except NotFound:
        raise no_such(kind, whole or text) from None
    except Ambiguous:
        if actor.kind != "customer":
            raise
        return _own(tx, text.strip().lower(), actor, kind, whole or text)


def _own(tx: Transaction, start: str, actor: Actor, kind: str, text: str) -> str:
    """The one job of that beginning that the customer has a part in; other people's do not count (L4)."""
    known = {row.id: None for row in tx.jobs.list(customer=actor.id, limit=MOST_OWN)}
    waiting = tx.steps.inbox(sorted(seatings(actor)), MOST_OWN, person=actor.id, everything=True)
    known |= {row.job: None for row in waiting}
    found = [job for job in known if job.startswith(start) or short(job).startswith(start)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise no_such(kind, text)
    raise Ambiguous(f"{text!r} fits more than one {kind}", where=text, possible=[short(job) for job in found])


def foresee(tx: Transaction, job: str, by: str | Actor, key: str | None) -> None:
    """The job will be locked for somebody who is looked up first: a guess, which saves a round trip when it is right.

    Whoever names himself by his id, and the job by its own, is met by it.
    """
    if isinstance(by, Actor) or not _FULL_ID.fullmatch(job):
        return
    if key is None:
        tx.jobs.expect_locked(job)
    else:
        tx.receipts.expect_locked(job, by, key)


def locked(tx: Transaction, job_id: str) -> StoredJob:
    """The job, locked. Raises Hidden."""
    try:
        return tx.jobs.lock(job_id)
    except NotFound:
        raise Hidden from None


def locked_with(tx: Transaction, job_id: str, actor: Actor, key: str) -> tuple[StoredJob, Stored | None]:
    """The job, locked, and what the actor was answered under that request key before. Raises Hidden."""
    try:
        return tx.receipts.lock_and_find(job_id, actor_key(actor), key)
    except NotFound:
        raise Hidden from None


def read(tx: Transaction, job_id: str, kind: str, text: str) -> StoredJob:
    """The job, for looking at. Raises NotFound in the words for what was typed."""
    try:
        return tx.jobs.get(job_id)
    except NotFound:
        raise no_such(kind, text) from None


def numbered_ref(tx: Transaction, text: str, actor: Actor, kind: str = "step") -> tuple[str, int]:
    """The job and the number of a step or call, which is written ``<job>.<number>``."""
    job, dot, number = text.rpartition(".")
    if not dot or not job or not (number.isascii() and number.isdigit()) or len(number) > 12:
        raise no_such(kind, text)
    return job_ref(tx, job, actor, kind, text), int(number)


def step_ref(tx: Transaction, text: str, actor: Actor) -> tuple[str, int]:
    """The job and the number of a step."""
    return numbered_ref(tx, text, actor, "step")


def open_step(job: StoredJob, number: int) -> Step | None:
    """The open step of that number."""
    branch_id = job.position.branch_of_step(number)
    branch = job.position.branch(branch_id) if branch_id is not None else None
    return next((step for step in branch.steps if step.number == number), None) if branch else None


def steps_for(job: StoredJob, tx: Transaction, actor: Actor) -> list[str]:
    """The ids of the job's open steps that wait for the actor."""
    mine = seatings(actor)
    numbers = {row.step.number for row in tx.steps.of(job.id) if row.audience in mine}
    return [f"{shown(job.id)}.{number}" for number in sorted(numbers)]


# permissions


def permit_all(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
    """For commands of the engine itself."""


def permit_step(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
    """The step must wait for the actor (L4); one that did and is done is told to be done."""
    step = open_step(job, command.step)
    if step is None:
        raise closed(tx, job, command.by, command.step)
    if not may_act(command.by, step, job.position.seat):
        raise Hidden


def permit_release(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
    """Those for whom the step waits, and operators."""
    if may_operate(command.by) and open_step(job, command.step) is not None:
        return
    permit_step(tx, compiled, job, command)


def permit_assign(target: Actor) -> Callable[[Transaction, Compiled, StoredJob, Any], None]:
    """Those for whom the step waits may hand it to another of them; operators may hand it to anybody."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        if may_operate(command.by) and open_step(job, command.step) is not None:
            return
        permit_step(tx, compiled, job, command)
        step = open_step(job, command.step)
        if step is not None and not may_act(target, step, job.position.seat):
            raise NotAllowed(
                f"{target.id} is not one of those for whom the step waits",
                where=f"{shown(job.id)}.{command.step}",
                possible=[*step.audience, "ask an operator to hand it over"],
            )

    return permit


def closed(tx: Transaction, job: StoredJob, actor: Actor, number: int) -> Hidden | StaleCommand:
    """For a step that is not open: those for whom it was are told so, to others it never was (L4)."""
    opened = _opening(tx, job, number)
    if opened is None or seatings(actor).isdisjoint((*opened.step.audience, *(one.audience for one in opened.seats))):
        return Hidden()
    return StaleCommand(
        f"the step {opened.step.title!r} is no longer open",
        where=f"{shown(job.id)}.{number}",
        possible=steps_for(job, tx, actor),
    )


def _opening(tx: Transaction, job: StoredJob, number: int) -> e.StepOpened | None:
    """How a step was opened. Numbers only grow along a history, so that halving it finds the entry (the job is locked
    meanwhile, however long its history is)."""
    low, high = 0, job.seq
    while low < high:
        middle = (low + high) // 2
        seq, opened = _first_opened(tx, job.id, middle, high)
        if not opened or opened[0].step.number > number:
            high = middle
        elif opened[-1].step.number < number:
            low = seq
        else:
            return next((event for event in opened if event.step.number == number), None)
    return None


def _first_opened(tx: Transaction, job: str, after: int, last: int) -> tuple[int, list[e.StepOpened]]:
    """The first entry after one that opened steps, up to the last one: its number, and how it opened them."""
    while after < last and (page := tx.history.of(job, after, min(PAGE, last - after))):
        for entry in page:
            opened = [event for event in entry.events if isinstance(event, e.StepOpened)]
            if opened:
                return entry.seq, opened
        after = page[-1].seq
    return last, []


def sees(tx: Transaction, job: StoredJob, actor: Actor) -> bool:
    """Whether the actor may look at the job."""
    return may_see(actor, job.customer) or may_see(actor, job.customer, (row.audience for row in tx.steps.of(job.id)))


def permit_seen(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
    """Whoever may see the job."""
    if not sees(tx, job, command.by):
        raise Hidden


def permit_parties(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
    """The job's own customer, and everybody who is not a customer."""
    if not may_see(command.by, job.customer):
        raise Hidden


def visible_job(tx: Transaction, text: str, actor: Actor) -> StoredJob:
    """A job for looking at. Raises NotFound for those who may not."""
    job = read(tx, job_ref(tx, text, actor), "job", text)
    if not sees(tx, job, actor):
        raise no_such("job", text)
    return job


def require_operator(actor: Actor, what: str) -> None:
    """Raises NotAllowed unless an operator asks."""
    if not may_operate(actor):
        raise NotAllowed(
            f"only an operator may {what}", where=actor.id, possible=("ask somebody with the role operator",)
        )


# starting


def starting_actor(tx: Transaction, by: str | Actor, now: datetime) -> Actor:
    """Who starts a job: an id that nobody has yet becomes a customer of that name."""
    if isinstance(by, Actor):
        if by.kind == "customer" and tx.people.get(by.id) is None:
            _new_customer(tx, by.id, now)
        return by
    try:
        return actor_of(tx, by)
    except NotFound:
        return _new_customer(tx, by, now)


def _new_customer(tx: Transaction, id: str, now: datetime) -> Actor:
    if not _PERSON_ID.fullmatch(id):
        raise BadAnswer({"by": f"{id!r} is no id of a person"}, possible=("1 to 64 letters, digits and ._@-",))
    person = Person(id=id, kind="customer", name=id, contact="", roles=(), groups=(), record={}, created=now)
    tx.people.enter(person)
    return as_actor(person)


def customer_of_start(tx: Transaction, actor: Actor, customer: str | None) -> str:
    """Whose job it is: a customer's own, or the one whom staff, operators and services name."""
    if actor.kind == "customer":
        if customer is not None and customer != actor.id:
            raise NotAllowed("a customer begins only his own jobs", where=actor.id, possible=(actor.id,))
        return actor.id
    if customer is None:
        raise NotAllowed(
            f"{actor.id or actor.kind} is not a customer, and a job begins with a customer's need",
            possible=("name the customer for whom the job is begun",),
        )
    found = actor_of(tx, customer)
    if found.kind != "customer":
        raise NotAllowed(f"{customer} is not a customer", where=customer, possible=("name a customer",))
    return found.id
