"""What one job does to others: each row becomes a command of its own.

A crash in between delivers again, once the claim has run out. That changes nothing: a child is started under a request
key (L3), a second end of a call finds it closed, and a referred person gets an id that follows from the row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from flowengine.commands import messages, referrals
from flowengine.commands.partners import DEEPEST, LEFT, WITHDRAW
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import Actor
from flowengine.errors import ExpressionFailed, NotFound, Refused, StaleCommand
from flowengine.post import notices, sign_in_letters
from flowengine.runtime.handler_threads import describe
from flowengine.runtime.handlers import GiveUp, TryLater
from flowengine.speech.phrases import phrase
from flowengine.store import OutboxMessage, Transaction
from flowengine.store.processes import suspension_of
from flowengine.store.referrals import Referral

SUSPENDED = timedelta(minutes=1)
"""After how long it is tried again to start a job of a process that is suspended."""


def child(shell: Shell, row: OutboxMessage) -> None:
    """Start the job that a ``call`` state asked for. If it cannot be started, the call has failed; while its process is
    suspended, it waits.

    Whether it is awaited is asked before and after: the caller may go on meanwhile, and then tells nobody any more.
    """
    call, body = int(row.body["call"]), row.body
    by, depth = _caller(row.job), body.get("depth", 0)  # of one that was left before they were counted
    parent = f"{row.job}.{call}"
    if not _is_awaited(shell, row.job, call):
        child_left(shell, row)  # it may have been started at an attempt that was cut short
        return
    try:
        if depth > DEEPEST:
            raise Refused(
                phrase(
                    "called %(depth)s deep: jobs call one another, at most %(deepest)s deep",
                    depth=depth,
                    deepest=DEEPEST,
                ),
                where=body["process"],
            )
        shell.start(body["process"], by, body["need"], body["customer"], parent, parent, depth)
    except Refused as refused:
        if _is_suspended(shell, body["process"]):
            raise TryLater(f"the process {body['process']} is suspended", after=SUSPENDED) from refused
        _end_call(shell, row.job, c.Fail(by=by, call=call, error=describe(refused)))
    else:
        if not _is_awaited(shell, row.job, call):
            child_left(shell, row)


def _is_suspended(shell: Shell, process: str) -> bool:
    with shell.reading() as tx:
        return suspension_of(tx.processes.suspensions(process)) is not None


def _caller(job: str) -> Actor:
    """The job as it calls others."""
    return Actor(kind="service", id=f"job:{job}")


def _is_awaited(shell: Shell, job: str, call: int) -> bool:
    """Whether the calling job still waits for the end of what it called."""
    with shell.reading() as tx:
        try:
            return tx.jobs.get(job).position.branch_of_call(call) is not None
        except NotFound:
            return False


def child_left(shell: Shell, row: OutboxMessage) -> None:
    """The caller has gone on without the job it called: that is withdrawn where it can be, else it goes on by itself,
    and whoever works on it is told by a note. Nothing happens where it is over, or was never started."""
    call, by = f"{row.job}.{row.body['call']}", _caller(row.job)
    with shell.reading() as tx:
        child = tx.jobs.child_of(row.job, int(row.body["call"]))
    if child is None:
        return
    try:
        shell.by_engine(child, c.Invoke(by=by, name=WITHDRAW), f"{call}.{WITHDRAW}")
    except Refused:  # it has no such entry, or it is too late for it
        shell.by_engine(child, c.Say(by=by, text=LEFT), f"{call}.note")


def child_ended(shell: Shell, row: OutboxMessage) -> None:
    """The job that was called is over: its parent's call ends with it."""
    job, _, call = str(row.body["parent"]).rpartition(".")
    status = str(row.body["status"])
    result = {**row.body["data"], **{name: row.body[name] for name in ("job", "status", "end", "because")}}
    by = _caller(row.job)
    _end_call(shell, job, c.Finish(by=by, call=int(call), outcome=status, result=result))


def _end_call(shell: Shell, job: str, command: c.Finish | c.Fail) -> None:
    try:
        shell.by_engine(job, command)
    except (StaleCommand, NotFound):
        return  # the parent has gone on without it


def referral(shell: Shell, row: OutboxMessage) -> None:
    """Keep whom a customer has named; who is new is entered, and invited."""
    name, contact = str(row.body["name"]), str(row.body["contact"])

    def work(tx: Transaction) -> None:
        now = shell.clock.now()
        said = Referral(
            id=row.id, sender=str(row.body["by"]), job=row.job, seq=row.seq, at=now, person="", standing="invited"
        )
        referrals.enter(tx, shell.handlers, shell.wanted, said, name, contact, now)

    shell.keep(work)


def message(shell: Shell, row: OutboxMessage) -> None:
    """A message for all comes to one of the jobs that waited for it. One that it cannot take is an operator's."""
    command = msgspec.convert(row.body["command"], c.Deliver)
    try:
        messages.arrive(shell, row.job, command, str(row.body["id"]))
    except (Refused, ExpressionFailed) as refused:
        raise GiveUp(describe(refused)) from refused


DELIVER: dict[str, Callable[[Shell, OutboxMessage], None]] = {
    "child": child,
    "child_left": child_left,
    "child_ended": child_ended,
    "referral": referral,
    "announce": notices.announce,
    "message": message,
    "code_asked": sign_in_letters.address,
}
"""The kinds of rows that stay in this database."""
