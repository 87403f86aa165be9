"""A worker shows now and then that it is there, so that operators see it while it waits for work.

What is shown is for people: nothing is decided by it. Whether a worker still has a call is decided by leases (L10).
"""

from __future__ import annotations

import logging
import os
import socket
from time import monotonic

from flowengine.commands.shell import Shell
from flowengine.errors import StoreError
from flowengine.store import Transaction, presence

log = logging.getLogger("flowengine.worker")

EVERY = 15.0
"""Seconds between two times, and before the first: one that lives shorter is not seen."""


class Presence:
    """That a worker of some name is there."""

    def __init__(self, shell: Shell, name: str) -> None:
        self._shell, self._name = shell, name
        self._next, self._shown = monotonic() + EVERY, False

    def show(self) -> None:
        """Show it, where it is time to. Raises StoreError."""
        if monotonic() < self._next:
            return
        where = f"{socket.gethostname()}:{os.getpid()}"

        def work(tx: Transaction) -> None:
            presence.show(tx.settings, self._name, where, self._shell.clock.now())

        self._shell.keep(work)
        self._next, self._shown = monotonic() + EVERY, True

    def leave(self) -> None:
        """It is there no more. Where that cannot be written, it is seen to be gone by its silence."""
        if not self._shown:
            return
        try:
            self._shell.keep(lambda tx: presence.leave(tx.settings, self._name))
        except StoreError as error:
            log.warning("that the worker has stopped cannot be written: %s", error)
