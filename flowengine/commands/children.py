"""Jobs that other jobs called: started once, and told when nobody waits for them any more."""

from __future__ import annotations

from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import Actor
from flowengine.errors import NotFound, Refused
from flowengine.store import Transaction

WITHDRAW = "withdraw"
"""The always entry that is used on a job that nobody waits for any more."""

LEFT = "Nobody waits for this job any more: the job that asked for it has gone on without it."
"""What is noted on a job that cannot be withdrawn."""


def caller(job: str) -> Actor:
    """The job as it calls others."""
    return Actor(kind="service", id=f"job:{job}")


def is_awaited(tx: Transaction, job: str, call: int) -> bool:
    """Whether the calling job still waits for the end of what it called."""
    try:
        return tx.jobs.get(job).position.branch_of_call(call) is not None
    except NotFound:
        return False


def leave(shell: Shell, job: str, call: int) -> None:
    """Tell a called job that nobody waits for it: it is withdrawn where it can be, else it goes on by itself.

    Whoever works on it there is told by a note. Nothing happens where it is over, or was never started.
    """
    with shell.reading() as tx:
        child = tx.jobs.child_of(job, call)
    if child is None:
        return
    by = caller(job)
    try:
        shell.by_engine(child, c.Invoke(by=by, name=WITHDRAW), f"{job}.{call}.{WITHDRAW}")
    except Refused:  # it has no such entry, or it is too late for it
        shell.by_engine(child, c.Say(by=by, text=LEFT), f"{job}.{call}.note")
