"""Delivering what jobs have sent out: each row becomes a command of its own, then the row is done.

Workers claim a row before they deliver it. A crash in between delivers again, once the claim has run out. That changes
nothing: a child is started under a request key (L3), a second end of a call finds it closed, and a referred person is
entered under an id that follows from the row.
"""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flowengine.core import commands as c
from flowengine.engine import access, children
from flowengine.engine.actors import StoreWorld
from flowengine.engine.handlers import NOTIFY, HandlerCall
from flowengine.engine.services import describe, run_limited
from flowengine.errors import NotFound, Refused, StaleCommand
from flowengine.language.durations import Duration
from flowengine.store import OutboxMessage, Person, Transaction

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell

FIRST, LONGEST = timedelta(seconds=10), timedelta(hours=1)
NOTICE_LIMIT = Duration(rest=timedelta(minutes=1))
LEASE = timedelta(minutes=5)
"""For how long a row is kept for the worker that delivers it: longer than any delivery takes."""


def deliver(shell: Shell, limit: int) -> tuple[int, int]:
    """Deliver at most ``limit`` rows. How many were, and how many must be tried again."""
    with shell.reading() as tx:
        rows = list(tx.outbox.ready(shell.clock.now(), limit))
    sent = failed = 0
    for row in rows:
        if not _claimed(shell, row):
            continue  # another worker was faster
        try:
            _DELIVER[row.kind](shell, row)
        except Exception as error:  # whatever it is, the row stays and the others go on
            _again(shell, row, error)
            failed += 1
        else:
            with shell.writing() as tx:
                tx.outbox.done(row.id)
            sent += 1
    return sent, failed


def _claimed(shell: Shell, row: OutboxMessage) -> bool:
    now = shell.clock.now()
    with shell.writing() as tx:
        return bool(tx.outbox.claim(row.id, now, now + LEASE))


def _again(shell: Shell, row: OutboxMessage, error: Exception) -> None:
    wait = min(FIRST * 2 ** min(row.attempts, 16), LONGEST)
    with shell.writing() as tx:
        tx.outbox.retry_at(row.id, shell.clock.now() + wait, describe(error))


def _child(shell: Shell, row: OutboxMessage) -> None:
    """Start the job that a ``call`` state asked for. If it cannot be started, the call has failed.

    Whether it is awaited is asked before and after: the caller may go on meanwhile, and then tells nobody any more.
    """
    call, body = int(row.body["call"]), row.body
    by = children.caller(row.job)
    parent = f"{row.job}.{call}"
    if not _is_awaited(shell, row.job, call):
        _child_left(shell, row)  # it may have been started at an attempt that was cut short
        return
    try:
        if body["at"]:
            raise Refused(f"jobs of other organisations cannot be started from here ({body['at']})")
        shell.start(body["process"], by, body["need"], body["customer"], parent, parent)
    except Refused as refused:
        _end_call(shell, row.job, c.Fail(by=by, call=call, error=describe(refused)))
    else:
        if not _is_awaited(shell, row.job, call):
            _child_left(shell, row)


def _is_awaited(shell: Shell, job: str, call: int) -> bool:
    with shell.reading() as tx:
        return children.is_awaited(tx, job, call)


def _child_left(shell: Shell, row: OutboxMessage) -> None:
    """The caller has gone on without the job it called."""
    children.leave(shell, row.job, int(row.body["call"]), str(row.body["process"]), str(row.body["customer"]))


def _child_ended(shell: Shell, row: OutboxMessage) -> None:
    """The job that was called is over: its parent's call ends with it."""
    job, _, call = str(row.body["parent"]).rpartition(".")
    status = str(row.body["status"])
    result = {**row.body["data"], **{name: row.body[name] for name in ("job", "status", "end", "because")}}
    by = children.caller(row.job)
    _end_call(shell, job, c.Finish(by=by, call=int(call), outcome=status, result=result))


def _end_call(shell: Shell, job: str, command: c.Finish | c.Fail) -> None:
    try:
        shell.by_engine(job, command)
    except (StaleCommand, NotFound):
        return  # the parent has gone on without it


def _referral(shell: Shell, row: OutboxMessage) -> None:
    """Enter whom a customer brought, unless he is known by his contact."""
    name, contact = str(row.body["name"]), str(row.body["contact"])
    with shell.writing() as tx:
        id = referred_id(name, row)
        if tx.people.get(id) is not None or (contact and _known(tx, contact)):
            return
        record = {"referred_by": row.body["by"], "referred_in": row.job}
        now = shell.clock.now()
        tx.people.add(
            Person(id=id, kind="customer", name=name, contact=contact, roles=(), groups=(), record=record, created=now)
        )


def _known(tx: Transaction, contact: str) -> bool:
    try:
        tx.people.find(contact)
    except NotFound:
        return False
    except Refused:
        return True  # several have it
    return True


def referred_id(name: str, row: OutboxMessage) -> str:
    """An id for a referred person: his name, and a few digits that follow from the row, so that it is made once."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "customer"
    return f"{slug}-{sha256(row.id.encode()).hexdigest()[:6]}"


def _notice(shell: Shell, row: OutboxMessage) -> None:
    """Tell the application that a step was opened, or that its deadline comes near; nothing when it is done by now."""
    with shell.reading() as tx:
        job = tx.jobs.get(row.job)
        step = access.open_step(job, int(row.body["step"]))
        if step is None or not shell.handlers.has(NOTIFY):
            return
        given: dict[str, Any] = {
            "step": f"{row.job}.{step.number}",
            "why": row.body["why"],
            "title": step.title,
            "state": step.state,
            "audience": list(step.audience),
            "due": step.due.isoformat() if step.due else None,
        }
        call = HandlerCall(
            job=row.job,
            key=f"{row.job}.{row.seq}.{row.body['step']}.{row.body['why']}",
            handler=NOTIFY,
            input=given,
            customer=dict(StoreWorld(tx, job.customer).customer),
            process=job.process,
            state=step.state,
            attempt=row.attempts + 1,
        )
    run_limited(shell.handlers.get(NOTIFY), call, NOTICE_LIMIT)


_DELIVER = {
    "child": _child,
    "child_left": _child_left,
    "child_ended": _child_ended,
    "referral": _referral,
    "notice": _notice,
}
