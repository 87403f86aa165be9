"""Keeping house with files: what is new is looked at by the scanner, and what nobody wants is deleted."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from flowengine.commands.shell import Shell
from flowengine.errors import FlowError, StoreError
from flowengine.outside.files import Scanner
from flowengine.store import StoredFile
from flowengine.store.files import CLEAN, REFUSED

LOG = logging.getLogger("flowengine.files")

AGAIN = timedelta(minutes=1)
"""After that a file is looked at again, where the scanner could not tell; or deleted, where that could not be done."""


def keep_house(shell: Shell, limit: int) -> tuple[int, int]:
    """Look at files that are new, and delete contents that nobody wants, at most ``limit`` of each. How many were done,
    and how many could not be."""
    looked, puzzled = look_at_new(shell, limit)
    swept, stuck = sweep(shell, limit)
    return looked + swept, puzzled + stuck


def look_at_new(shell: Shell, limit: int) -> tuple[int, int]:
    """Have the scanner look at files that are new, outside of any transaction. How many it has judged, and how many it
    could not: these are looked at again."""
    scanner = shell.settings.scanner
    if scanner is None:
        return 0, 0
    with shell.reading() as tx:
        found = tx.files.to_look_at(shell.clock.now(), limit)
    well = sum(_look(shell, scanner, one) for one in found)
    return well, len(found) - well


def _look(shell: Shell, scanner: Scanner, file: StoredFile) -> bool:
    try:
        verdict = scanner(shell.depot.get(file.id))
    except StoreError:
        raise
    except Exception as error:  # whatever a scanner raises, this file must not stand in the way of the others
        LOG.warning("%s could not be looked at: %s: %s", file.id, type(error).__name__, error)
        again = shell.clock.now() + AGAIN
        shell.keep(lambda tx: tx.files.looked(file.id, file.state, file.why, again))
        return False
    shell.keep(lambda tx: tx.files.looked(file.id, CLEAN if verdict.clean else REFUSED, verdict.why))
    return True


def sweep(shell: Shell, limit: int) -> tuple[int, int]:
    """Delete the contents of files that nobody has used within a day, or that were erased."""
    now = shell.clock.now()
    with shell.reading() as tx:
        found = tx.files.to_sweep(now, limit)
    done = 0
    for file in found:
        if file.erased is None and not _doomed(shell, file.id, now):
            continue  # somebody has used it meanwhile
        try:
            shell.depot.delete(file.id)
        except FlowError as error:
            LOG.warning("the contents of %s could not be deleted: %s", file.id, error)
            _postpone(shell, file.id, now + AGAIN)
            continue
        _forget(shell, file.id)
        done += 1
    return done, len(found) - done


def _doomed(shell: Shell, id: str, now: datetime) -> bool:
    return shell.keep(lambda tx: tx.files.doom(id, now))


def _postpone(shell: Shell, id: str, again: datetime) -> None:
    shell.keep(lambda tx: tx.files.postpone(id, again))


def _forget(shell: Shell, id: str) -> None:
    shell.keep(lambda tx: tx.files.swept(id))
