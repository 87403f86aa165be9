"""One pass over what is due. Each kind of work is bounded, so that none starves the others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flowengine.core import commands as c
from flowengine.core.values import Actor
from flowengine.engine import outbox, services
from flowengine.engine.shell import not_joined
from flowengine.engine.views import Ran
from flowengine.errors import FlowError, NotFound, StaleCommand
from flowengine.store.codec import moment

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell

CLOCK = Actor(kind="clock")

POSTPONED = timedelta(minutes=10)
"""When a timer is fired again that could not be carried out."""


def run_due(shell: Shell, limit: int) -> Ran:
    """Timers, then service calls, then the outbox: at most ``limit`` of each."""
    not_joined(shell)
    timers, refused = _timers(shell, limit)
    calls, failed = _calls(shell, limit)
    sent, unsent = outbox.deliver(shell, limit)
    return Ran(timers=timers, calls=calls, outbox=sent, failed=refused + failed + unsent)


def _timers(shell: Shell, limit: int) -> tuple[int, int]:
    with shell.reading() as tx:
        due = list(tx.timers.due(shell.clock.now(), limit))
    fired = refused = 0
    for job, number in due:
        try:
            shell.by_engine(job, c.Fire(by=CLOCK, timer=number))
            fired += 1
        except (StaleCommand, NotFound):
            continue  # another act has just closed what it was set for
        except FlowError as error:
            _postpone(shell, job, number, error)
            refused += 1
    return fired, refused


def _postpone(shell: Shell, job: str, number: int, error: FlowError) -> None:
    """A timer that cannot be carried out (its guard fails) must not stand in the way of the others."""
    with shell.writing() as tx:
        tx.timers.postpone(job, number, shell.clock.now() + POSTPONED, services.describe(error))


def _calls(shell: Shell, limit: int) -> tuple[int, int]:
    """Calls are claimed one at a time, so that a lease does not run while others of the pass are at work."""
    with shell.reading() as tx:  # an idle pass takes no lock
        if not tx.calls.ready(shell.clock.now(), 1):
            return 0, 0
    done = failed = 0
    for _ in range(limit):
        with shell.writing() as tx:
            claimed = services.claim(tx, shell, 1)
        if not claimed:
            break
        if services.attempt(shell, claimed[0]):
            done += 1
        else:
            failed += 1
    return done, failed


def next_due(shell: Shell) -> datetime | None:
    with shell.reading() as tx:
        moments = [due for due in (tx.timers.next(), tx.calls.next(), tx.outbox.next()) if due is not None]
    return moment(min(moments)) if moments else None
