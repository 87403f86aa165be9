"""One pass over what is due, in the caller's thread: for tests, simulated time, and programs with a loop of their own.

Each kind of work is bounded, so that none starves the others. The worker does the same, on threads of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flowengine.commands import arriving, consents, public_starts, starting
from flowengine.commands.catching_up import POSTPONED, put_off
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import CLOCK
from flowengine.errors import NotFound, StaleCommand, StoreError
from flowengine.language.durations import Duration
from flowengine.runtime.handler_threads import THREADS, describe
from flowengine.runtime.handlers import Handler, HandlerCall
from flowengine.store import Transaction
from flowengine.work import services
from flowengine.work.together import Wanted, keep_together

LOG = logging.getLogger("flowengine.timers")

LAST = datetime.max.replace(tzinfo=UTC)
"""A moment at which nobody has a timer in his hands any more."""

TOGETHER = 8
"""Timers that are fired in one transaction: many wait for the disk once, and people who act do not wait for long."""

CLAIMED = timedelta(seconds=30)
"""For how long a batch of timers is kept for whoever fires it."""


def fire_timers(shell: Shell, limit: int) -> tuple[int, int]:
    """Fire at most ``limit`` due timers, the earliest first, many in one transaction. How many were fired, and how many
    could not be.

    They are claimed first, so that several workers fire different ones; that none is fired twice is decided under the
    job's lock, where a timer that was fired is no longer set (L3). Kept messages whose time is over are forgotten, and
    jobs are started that processes start by the clock: a moment of a schedule counts as a timer, and so does the end of
    the time in which somebody was to confirm his contact, or of a consent.
    """
    with shell.reading() as tx:  # an idle pass takes no lock
        due = tx.ahead(shell.clock.now()).timer
    if due is None or due > shell.clock.now():
        return 0, 0
    claimed, schedules = shell.keep(lambda tx: _claim(tx, limit, shell.clock.now()))
    fired, refused = start_jobs(shell, schedules)
    fired += public_starts.sweep(shell, limit)
    fired += consents.sweep(shell, limit) + arriving.sweep(shell, limit)
    for start in range(0, len(claimed), TOGETHER):
        few = claimed[start : start + TOGETHER]
        for (job, number), kept in zip(few, _fire_together(shell, few), strict=True):
            try:
                if not kept:
                    shell.by_engine(job, c.Fire(by=CLOCK, timer=number))
                fired += 1
            except (StaleCommand, NotFound):
                continue  # another act has just closed what it was set for
            except StoreError:
                raise
            except Exception as error:  # whatever it is, this timer must not stand in the way of the others
                _postpone(shell, job, number, put_off(error), describe(error))
                refused += 1
    return fired, refused


def _claim(tx: Transaction, limit: int, now: datetime) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    tx.messages.forget(now, limit)
    return tx.timers.claim(limit, now + CLAIMED, now), tx.schedules.claim(limit, now + CLAIMED, now)


def start_jobs(shell: Shell, schedules: Sequence[tuple[str, int]]) -> tuple[int, int]:
    """Start the jobs that schedules have due, each in a transaction of its own. For how many that could be done, and
    for how many not: it is tried again, and is an incident meanwhile."""
    done = failed = 0
    for process, number in schedules:
        try:
            starting.by_clock(shell, process, number)
            done += 1
        except StoreError:
            raise
        except Exception as error:  # whatever it is, this schedule must not stand in the way of the others
            _put_off(shell, process, number, describe(error))
            failed += 1
    return done, failed


def _put_off(shell: Shell, process: str, number: int, words: str) -> None:
    def work(tx: Transaction) -> None:
        now = shell.clock.now()
        schedule = tx.schedules.get(process, number)
        if schedule is not None and schedule.moment <= now:
            tx.schedules.postpone(schedule, now + POSTPONED, words)

    shell.keep(work)


def _fire_together(shell: Shell, timers: Sequence[tuple[str, int]]) -> list[bool]:
    """Fire all that can be in one transaction; which of them were. The others are fired by themselves."""

    def due(tx: Transaction) -> Iterator[Wanted]:
        for (_, number), job in zip(timers, tx.jobs.lock_set(timers), strict=True):
            yield Wanted(job, c.Fire(by=CLOCK, timer=number))

    try:
        return keep_together(shell, due)
    except Exception as error:  # one of them cannot be written, or the database is away: by itself each tells which
        LOG.info("%d timers are fired one by one: %s", len(timers), error)
        return [False] * len(timers)


def _postpone(shell: Shell, job: str, number: int, wait: timedelta, words: str) -> None:
    shell.keep(lambda tx: tx.timers.postpone(job, number, shell.clock.now() + wait, words))


def run_calls(shell: Shell, limit: int) -> tuple[int, int]:
    """Calls are taken one at a time, so that a lease does not run while others of the pass are at work."""
    with shell.reading() as tx:  # an idle pass takes no lock
        if not tx.calls.ready(shell.clock.now(), 1):
            return 0, 0
    done = failed = 0
    for _ in range(limit):
        held = services.take(shell, 1)
        if not held:
            break
        if services.attempt(shell, held[0], _runner(shell)):
            done += 1
        else:
            failed += 1
    return done, failed


def _runner(shell: Shell) -> services.Run:
    """Runs a handler and prolongs its lease meanwhile, in this thread."""

    def run(held: services.Held, handler: Handler, call: HandlerCall, limit: Duration) -> Any:
        return THREADS.run(handler, call, limit, lambda: services.beat(shell, (held,)), services.BEAT)

    return run


def next_due(shell: Shell) -> datetime | None:
    """When the next of all is due; a timer that somebody has in his hands may be fired by another as well."""
    with shell.reading() as tx:
        return tx.ahead(LAST).next()
