"""What is due happens first (L13): before a command is judged, the job's timers that are due by then are fired.

The command that meets them under the job's lock is taken back whole, by :class:`Overdue`. They are fired, each as a
command of the clock with an entry of its own, and kept; then the command is tried again on what is there now. So what
was due stays done when the command is refused, and what a refused command wrote is taken back as ever. A repeated
request finds its receipt before it meets anything (L3).

A timer that cannot be carried out is put off and is an incident, as when a worker fires it. It holds up no command, but
for those on a step whose own time is over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from flowengine.clock import Clock
from flowengine.core import commands as c
from flowengine.core.timers import due
from flowengine.core.values import CLOCK
from flowengine.errors import ExpressionFailed, NotFound, RunawayProcess, StoreError
from flowengine.runtime.handler_threads import describe
from flowengine.store import StoredJob, Transaction, shown

T = TypeVar("T")

POSTPONED = timedelta(minutes=10)
"""When a timer is fired again that could not be carried out."""

HELD = timedelta(days=1)
"""When one is that the job's own data stand in the way of: somebody has to mend them, who then has it tried again."""

TOGETHER = 20
"""Timers of a job that are fired in one transaction."""

MOST = 400
"""Timers that are fired before one command at most."""


def put_off(error: Exception) -> timedelta:
    """For how long a timer is put off that could not be carried out."""
    return HELD if isinstance(error, ExpressionFailed) else POSTPONED


class Overdue(Exception):
    """Timers of this job have to be fired first. No FlowError: nobody may take it for a refusal."""

    def __init__(self, job: str) -> None:
        super().__init__(f"timers of job {job} have to be fired first")
        self.job = job


def keep_after(once: Callable[[], T], catch_up: Callable[[str], None], job: str) -> T:
    """Catch up with what is due in the job, and do it again. Raises RunawayProcess where that finds no end."""
    for _ in range(MOST // TOGETHER):
        catch_up(job)
        try:
            return once()
        except Overdue as late:
            job = late.job
    raise RunawayProcess(
        f"{MOST} timers were due before it, and more are",
        where=f"job {shown(job)}",
        possible=("ask again: each time so many are carried out",),
    )


def fire_first(
    tx: Transaction, job_id: str, clock: Clock, fire: Callable[[Transaction, StoredJob, c.Fire], object]
) -> None:
    """Fire a job's timers that are due, in order, at most :data:`TOGETHER` of them."""
    for _ in range(TOGETHER):
        try:
            job = tx.jobs.lock(job_id)
        except NotFound:
            return  # whoever asks is told
        now = clock.now()
        first = next(iter(due(job.position, now)), None)
        if first is None:
            return
        try:
            fire(tx, job, c.Fire(by=CLOCK, timer=first.number))
        except StoreError:
            raise
        except Exception as error:  # whatever it is, the job must go on
            tx.timers.postpone(job_id, first.number, now + put_off(error), describe(error))
