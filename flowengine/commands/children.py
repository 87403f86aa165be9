"""Jobs that other jobs called: started once, and told when nobody waits for them any more."""

from __future__ import annotations

from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import Actor
from flowengine.errors import NotFound, Refused
from flowengine.store import Transaction

WITHDRAW = "withdraw"
"""The always entry that is used on a job that nobody waits for any more."""

LEFT = "Nobody waits for this job any more: the one that asked for it has gone on without it."
"""What is noted on a job that cannot be withdrawn."""

_PAGE = 500


def caller(job: str) -> Actor:
    """The job as it calls others."""
    return Actor(kind="service", id=f"job:{job}")


def child_of(tx: Transaction, job: str, call: int, process: str, customer: str) -> str | None:
    """The open job that was started for a call, looked for among the customer's jobs of that process."""
    after: str | None = None
    while True:
        rows = tx.jobs.list(status="open", process=process, customer=customer, limit=_PAGE, after=after)
        for row in rows:
            if row.head.parent == f"{job}.{call}":
                return row.id
        if len(rows) < _PAGE:
            return None
        after = rows[-1].id


def is_awaited(tx: Transaction, job: str, call: int) -> bool:
    """Whether the calling job still waits for the end of what it called."""
    try:
        return tx.jobs.get(job).position.branch_of_call(call) is not None
    except NotFound:
        return False


def leave(shell: Shell, job: str, call: int, process: str, customer: str) -> None:
    """Tell a called job that nobody waits for it: it is withdrawn where it can be, else it goes on by itself.

    Whoever works on it there is told by a note. Nothing happens where it is over, or was never started.
    """
    with shell.reading() as tx:
        child = child_of(tx, job, call, process, customer)
    if child is None:
        return
    by = caller(job)
    try:
        shell.by_engine(child, c.Invoke(by=by, name=WITHDRAW), f"{job}.{call}.{WITHDRAW}")
    except Refused:  # it has no such entry, or it is too late for it
        note = c.Say(
            by=by, text="Nobody waits for this job any more: the job that asked for it has gone on without it."
        )
        shell.by_engine(child, note, f"{job}.{call}.note")
