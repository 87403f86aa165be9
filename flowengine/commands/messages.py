"""Messages from outside: delivered to the job that waits, kept until one does, or refused.

A message that names no job finds the jobs that wait for it in an index (:mod:`flowengine.store.messages`), so it costs
the same however many jobs are open. It is for one job: those that wait for its key come before those that take any.
Where none waits, it is kept outside of all jobs for as long as a process keeps messages of that name; a job that comes
to wait for it takes it in the command that brought it there.
"""

from __future__ import annotations

from flowengine.commands import access
from flowengine.commands.receipts import body_hash, encoded, replayed
from flowengine.commands.shell import Computed, Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft
from flowengine.core.fields import as_plain
from flowengine.core.machines import keeps
from flowengine.core.messages import MOST_KEPT, all_awaited
from flowengine.core.values import Actor, Json, KeptMessage
from flowengine.errors import Ambiguous, NotAllowed, NotFound, StaleCommand
from flowengine.people.identities import actor_key
from flowengine.people.permissions import NEVER, needs
from flowengine.runtime.actors import StoreWorld, actor_of
from flowengine.store import StoredJob, Transaction, new_id, shown
from flowengine.views.replies import Kept, Receipt

OUTSIDE = Actor(kind="service", id="outside")
"""Who sends a message when nobody is named."""

ANY_JOB = "the job that waits"
"""What the request key of a message is about that names no job."""

MOST_OF_A_NAME = 10_000
"""Messages of one name that are kept at most, whatever their keys."""

FEW = 10
"""Jobs that wait for the same message and are asked one by one whether they would take it."""

_PAGE = 100


def send(
    shell: Shell, name: str, key: str, body: Json, job: str | None, by: str | Actor | None, request_key: str | None
) -> Receipt:
    """Deliver a message, or keep it. ``request_key``: see L3."""
    id = new_id()
    once = request_key or f"message:{id}"  # so that what was kept, but not heard of, is not kept again

    def work(tx: Transaction) -> Receipt:
        command = c.Deliver(by=OUTSIDE if by is None else actor_of(tx, by), name=name, key=key, body=body)
        if job is not None:
            ref = access.job_ref(tx, job, command.by)
            return shell.told(tx, ref, command, request_key, access.permit_send, ("job", job))
        asked = body_hash(ANY_JOB, command)
        before = replayed(tx, command.by, once, asked)
        if before is not None:
            return before
        if needs("send", command.by) == NEVER:
            raise _nobody_waits(shell, tx, command)
        delivered = _deliver(shell, tx, command, request_key, asked)
        if delivered is None:
            tx.messages.hold(name)  # a job may just have come to wait for it
            delivered = _deliver(shell, tx, command, request_key, asked)
        if delivered is not None:
            return delivered
        kept = _keep(shell, tx, command, id)
        tx.receipts.add(actor_key(command.by), once, id, asked, encoded(kept), shell.clock.now())
        return kept

    if job is None:
        _read_all(shell)
    return shell.keep(work)


def _deliver(shell: Shell, tx: Transaction, command: c.Deliver, request_key: str | None, asked: str) -> Receipt | None:
    """Give it to the one job that waits for it, where there is one. Raises Ambiguous where there are several."""
    for key in (command.key, None):
        waiting = tx.messages.waiting(command.name, key, FEW + 1)
        if 1 < len(waiting) <= FEW:
            waiting = [one for one in waiting if _taken(shell, tx, tx.jobs.get(one), command)]
        if len(waiting) > 1:
            raise Ambiguous(
                f"several jobs wait for {_which(command)}", where=command.name, possible=[shown(one) for one in waiting]
            )
        for one in waiting:
            job = tx.jobs.lock(one)
            before = replayed(tx, command.by, request_key, asked) if request_key else None
            if before is not None:
                return before  # an equal request was a moment earlier
            taken = _taken(shell, tx, job, command)
            if taken is not None:
                return shell.write(tx, taken, (request_key, asked))
    return None


def _taken(shell: Shell, tx: Transaction, job: StoredJob, command: c.Deliver) -> Computed | None:
    """What it comes to on a job that takes it now; None where that has gone on, or its guard does not hold."""
    try:
        computed = shell.compute(tx, job, command, access.permit_all)
    except StaleCommand:
        return None
    return None if any(isinstance(event, e.MessageKept) for event in computed.done.events) else computed


def _keep(shell: Shell, tx: Transaction, command: c.Deliver, id: str) -> Kept:
    """Keep it for as long as any process keeps messages of that name: whoever waits by then asks for its own time."""
    now, name, key = shell.clock.now(), command.name, command.key
    known = [shell.catalogue.compiled(tx, *one) for one in tx.processes.versions()]
    durations = [duration for compiled in known for duration in keeps(compiled, name)]
    if not durations:
        raise _nobody_waits(shell, tx, command)
    for of, most in ((key, MOST_KEPT), (None, MOST_OF_A_NAME)):
        if tx.messages.count(name, of, most) >= most:
            raise NotAllowed(f"{most:,} messages {name!r} are kept already", where=of or name)
    body = as_plain(command.body, f"message {name}")
    until = max(duration.after(now) for duration in durations)
    tx.messages.keep(KeptMessage(id=id, name=name, key=key, body=body, came=now, until=until))
    return Kept(acted=name, until=until)


def _which(command: c.Deliver) -> str:
    return f"the message {command.name!r}" + (f" with the key {command.key!r}" if command.key else "")


def _nobody_waits(shell: Shell, tx: Transaction, command: c.Deliver) -> NotFound:
    known = {name for one in tx.processes.versions() for name in shell.catalogue.compiled(tx, *one).listeners}
    possible = ("name the job",) if command.name in known else tuple(sorted(known))
    return NotFound(f"no open job waits for {_which(command)}", where=command.name, possible=possible)


def _read_all(shell: Shell) -> None:
    """Have what jobs of the revision before wait for in the index: each is read once, under its lock."""

    def read(tx: Transaction, job: str) -> None:
        stored = tx.jobs.lock(job)
        compiled = shell.catalogue.compiled(tx, stored.process, stored.version)
        world, draft = StoreWorld(tx, stored.customer, job), Draft(stored.position)
        tx.messages.read(job, all_awaited(compiled, draft, shell.clock.now(), world))

    while True:
        with shell.reading() as tx:
            unread = tx.messages.unread(_PAGE)
        if not unread:
            return
        for job in unread:
            shell.keep(lambda tx, job=job: read(tx, job))  # type: ignore[misc]  # mypy knows no default of a lambda
