"""Whether what is promised is at risk, by expected dates: each open promise is looked at once an hour.

It is at risk when half of such jobs are finished later than that. Then a command says so, which tells the customer and
asks him for another date (:func:`flowengine.core.promises.expect`).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from flowengine.commands.expecting import expected
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import CLOCK
from flowengine.errors import NotAllowed, NotFound, StaleCommand, StoreError

LOG = logging.getLogger("flowengine.promises")

HOURLY = timedelta(hours=1)
"""How long after a look a promise is looked at again."""

BATCH = 50
"""Promises that are looked at in one pass."""


def look(shell: Shell, most: int = BATCH) -> tuple[int, int]:
    """Look at some of the promises whose turn it is. How many were looked at, and of how many it could not be said that
    they are at risk: these are looked at again with the others."""
    now = shell.clock.now()
    with shell.reading() as tx:
        promises = tx.promises.to_look_at(now, HOURLY, most)
        coming = [one.job for one in promises if one.by > now]
        found = expected(shell, tx, coming) if coming else {}
    if not promises:
        return 0, 0
    failed = 0
    for one in promises:
        told = found.get(one.job)
        if told is None or told.p50 <= one.by:
            continue
        try:
            shell.by_engine(one.job, c.Expect(by=CLOCK, soonest=told.p50, latest=told.p90))
        except (StaleCommand, NotFound, NotAllowed):
            continue  # it has gone on since, or is suspended
        except StoreError:
            raise
        except Exception as error:  # whatever it is, this job must not stand in the way of the others
            LOG.warning("job %s cannot be told that it is late: %s: %s", one.job, type(error).__name__, error)
            failed += 1
    shell.keep(lambda tx: tx.promises.looked_at(promises, now + HOURLY))
    return len(promises) - failed, failed
