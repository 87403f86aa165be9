"""Messages from outside: delivered to the job that waits, or starting one, kept until one waits, or refused.

A message that names no job finds the jobs that wait for it in an index (:mod:`flowengine.store.messages`), so it costs
the same however many jobs are open. It is for one job: those that wait for its key come before those that take any.
Where none waits, it starts a job of the process that starts by it. Else it is kept outside of all jobs for as long as
a process keeps messages of that name; a job that comes to wait for it takes it in the command that brought it there.

One for all is for those that wait when it comes: it leaves through the outbox, to each job as a command of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from flowengine import exact
from flowengine.commands import access, starting
from flowengine.commands.receipts import body_hash, encoded, replayed
from flowengine.commands.shell import Computed, Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft
from flowengine.core.fields import as_plain
from flowengine.core.machines import is_for_all, keeps
from flowengine.core.messages import MOST_KEPT, all_awaited
from flowengine.core.values import Actor, Json, KeptMessage
from flowengine.errors import Ambiguous, BadAnswer, NotAllowed, NotFound, StaleCommand
from flowengine.people.identities import By, actor_key
from flowengine.people.permissions import NEVER, needs, refuse_beyond
from flowengine.runtime.actors import StoreWorld, actor_of
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction, new_id, shown
from flowengine.store.codec import encode
from flowengine.store.messages import once as once_of
from flowengine.views.replies import Broadcast, Kept, Receipt

OUTSIDE = Actor(kind="service", id="outside")
"""Who sends a message when nobody is named."""

ANY_JOB = "the job that waits"
"""What the request key of a message is about that names no job."""

MOST_OF_A_NAME = 10_000
"""Messages of one name that are kept at most, whatever their keys."""

MOST_RECEIVERS = 10_000
"""Jobs that one message for all can be for."""

MOST_SENT = 64 * 1024 * 1024
"""Bytes that a message for all may come to, once for each of them."""

FEW = 10
"""Jobs that wait for the same message and are asked one by one whether they would take it."""

_PAGE = 100


def send(
    shell: Shell,
    name: str,
    key: str,
    body: Json,
    job: str | None,
    by: By | None,
    request_key: str | None,
    everyone: bool = False,
) -> Receipt:
    """Deliver a message, start a job by it, or keep it; with ``everyone`` it is for all who wait, and is neither kept
    nor does it start anything. ``request_key``: see L3."""
    id = new_id()
    once = request_key or once_of(id)  # so that what was kept, but not heard of, is not kept again

    def work(tx: Transaction) -> Receipt:
        command = c.Deliver(by=OUTSIDE if by is None else actor_of(tx, by), name=name, key=key, body=body)
        if everyone:
            command = replace(command, everyone=True)
        if job is not None:
            ref = access.job_ref(tx, job, command.by)
            return shell.told(tx, ref, command, request_key, access.permit_send, ("job", job))
        asked = body_hash(ANY_JOB, command)
        before = replayed(tx, command.by, once, asked)
        if before is not None:
            if before.job:
                tx.jobs.lock(before.job)  # so that our commit waits for all that its own has to wait for (L2)
            return replace(before, repeated=before.job != id)  # done again, it may have met itself
        refuse_beyond("send", command.by)
        if needs("send", command.by) == NEVER:
            raise _nobody_waits(shell, tx, command)
        request = _Request(id, request_key, once, asked)
        if everyone:
            return _to_all(shell, tx, command, request, _receivers(tx, command))
        delivered = _deliver(shell, tx, command, request)
        if delivered is None:
            delivered = starting.by_message(shell, tx, command, id, (request_key, asked))
        if delivered is None:
            tx.messages.hold(name)  # a job may just have come to wait for it
            delivered = _deliver(shell, tx, command, request)
        if delivered is not None:
            return delivered
        kept = _keep(shell, tx, command, id)
        tx.receipts.add(actor_key(command.by), once, id, asked, encoded(kept), shell.clock.now())
        return kept

    if job is None:
        _read_all(shell)
    return shell.keep(work)


class _Request(NamedTuple):
    """The id that what becomes of it may have, the request key that was given, the one under which what is not a job's
    is kept, and the hash of what is asked."""

    id: str
    key: str | None
    once: str
    asked: str


def _receivers(tx: Transaction, command: c.Deliver) -> list[str]:
    """The jobs that wait for a message, of its key or of any. Raises NotAllowed where those are too many."""
    found: dict[str, None] = {}
    for key in (command.key, None):
        found |= dict.fromkeys(tx.messages.waiting(command.name, key, MOST_RECEIVERS + 1))
    if len(found) > MOST_RECEIVERS:
        possible = (phrase("send it by parts, with keys"),)
        raise NotAllowed(
            phrase("more than %(most)s jobs wait for it", most=MOST_RECEIVERS),
            where=command.name,
            possible=possible,
        )
    return list(found)


def _is_for_all(shell: Shell, tx: Transaction, waiting: Sequence[str], name: str) -> bool:
    """Whether all of these jobs say of the message that it is for all."""
    jobs = map(tx.jobs.get, waiting)
    return all(is_for_all(shell.catalogue.compiled(tx, job.process, job.version), name) for job in jobs)


def _to_all(
    shell: Shell, tx: Transaction, command: c.Deliver, request: _Request, receivers: Sequence[str]
) -> Broadcast:
    """Have it leave through the outbox, for each of the jobs. Raises NotFound where no process knows such a message,
    BadAnswer where it is too large."""
    if not receivers and command.name not in _known(shell, tx):
        raise _nobody_waits(shell, tx, command)
    plain, now = as_plain(command.body, f"message {command.name}"), shell.clock.now()
    body = {"id": request.id, "command": exact.builtins(replace(command, body=plain))}
    if len(encode(body)) * len(receivers) > MOST_SENT:
        what = phrase(
            "is too large for %(jobs)s jobs; at most %(kib)s KiB",
            jobs=len(receivers),
            kib=MOST_SENT // len(receivers) // 1024,
        )
        raise BadAnswer({"": what}, where=f"message {command.name}", possible=(phrase("say where more is to be read"),))
    number = int(request.id[-12:], 16)  # one of its own: no command of the job's numbers it
    for job in receivers:
        tx.outbox.add(job, 0, "message", body, now, f"message:{request.id}", number)
    tx.wakes |= bool(receivers)
    sent = Broadcast(acted=command.name, waiting=len(receivers))
    owner = receivers[0] if receivers else request.id
    tx.receipts.add(actor_key(command.by), request.once, owner, request.asked, encoded(sent), now)
    return sent


def arrive(shell: Shell, job: str, command: c.Deliver, id: str) -> None:
    """A message for all comes to one of the jobs; nothing happens where that waits no more, or has it already (L3)."""
    key = f"all:{id}:{job}"

    def work(tx: Transaction) -> None:
        try:
            stored = tx.jobs.lock(job)
        except NotFound:
            return
        asked = body_hash(job, command)
        if replayed(tx, command.by, key, asked) is None:
            taken = _taken(shell, tx, stored, command)
            if taken is not None:
                shell.write(tx, taken, (key, asked))

    shell.keep(work)


def _deliver(shell: Shell, tx: Transaction, command: c.Deliver, request: _Request) -> Receipt | None:
    """Give it to the one job that waits for it, where there is one, or to all of them, where they say so. Raises
    Ambiguous where there are several."""
    for key in (command.key, None):
        waiting = tx.messages.waiting(command.name, key, FEW + 1)
        if len(waiting) > 1 and _is_for_all(shell, tx, waiting, command.name):
            return _to_all(shell, tx, command, request, _receivers(tx, command))
        if 1 < len(waiting) <= FEW:
            waiting = [one for one in waiting if _taken(shell, tx, tx.jobs.get(one), command)]
        if len(waiting) > 1:
            raise Ambiguous(
                phrase("several jobs wait for %(message)s", message=_which(command)),
                where=command.name,
                possible=[shown(one) for one in waiting],
            )
        for one in waiting:
            job = tx.jobs.lock(one)
            before = replayed(tx, command.by, request.key, request.asked) if request.key else None
            if before is not None:
                return before  # an equal request was a moment earlier
            if is_for_all(shell.catalogue.compiled(tx, job.process, job.version), command.name):
                receivers = _receivers(tx, command)
                if len(receivers) > 1:  # of this key one, and others of any
                    return _to_all(shell, tx, command, request, receivers)
            taken = _taken(shell, tx, job, command)
            if taken is not None:
                return shell.write(tx, taken, (request.key, request.asked))
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
    keeping = [(keep, compiled.process.clock) for compiled in known for keep in keeps(compiled, name)]
    if not keeping:
        raise _nobody_waits(shell, tx, command)
    for of, most in ((key, MOST_KEPT), (None, MOST_OF_A_NAME)):
        if tx.messages.count(name, of, most) >= most:
            raise NotAllowed(
                phrase("%(most)s messages %(name)s are kept already", most=most, name=repr(name)), where=of or name
            )
    body = as_plain(command.body, f"message {name}")
    until = max(keep.after(now, zone) for keep, zone in keeping)
    tx.messages.keep(KeptMessage(id=id, name=name, key=key, body=body, came=now, until=until))
    return Kept(acted=name, key=key, until=until)


def _which(command: c.Deliver) -> str:
    if command.key:
        return phrase("the message %(name)s with the key %(key)s", name=repr(command.name), key=repr(command.key))
    return phrase("the message %(name)s", name=repr(command.name))


def _nobody_waits(shell: Shell, tx: Transaction, command: c.Deliver) -> NotFound:
    known = _known(shell, tx)
    in_use = [shell.catalogue.compiled(tx, *one).process for one in tx.processes.in_use()]
    starting = {trigger.message for process in in_use for trigger in process.starts if trigger.message}
    possible = (phrase("name the job"),) if command.name in known else tuple(sorted(known | starting))
    what = phrase("no open job waits for %(message)s", message=_which(command))
    if command.name in starting:
        possible = ()
        what = phrase(
            "no open job waits for %(message)s, and the conditions on which it starts one do not hold",
            message=_which(command),
        )
    return NotFound(what, where=command.name, possible=possible)


def _known(shell: Shell, tx: Transaction) -> set[str]:
    """The messages that jobs may wait for."""
    return {name for one in tx.processes.versions() for name in shell.catalogue.compiled(tx, *one).listeners}


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
