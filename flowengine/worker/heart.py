"""The heartbeat: a thread that prolongs the leases of all calls a worker runs, and which no handler can block.

A handler that holds the interpreter itself (a call into C that does not let go) does block it: then the leases run out
and others take over, and what this worker finishes later changes nothing (L10).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

from flowengine.commands.shell import Shell
from flowengine.errors import StoreError
from flowengine.work import services

log = logging.getLogger("flowengine.worker")

TICK = 1.0
"""Seconds between two looks whether a handler has said something."""


class Heart:
    """Beats four times a lease while anything is held. What a handler says is kept within a second."""

    def __init__(self, shell: Shell, held: Callable[[], Sequence[services.Held]], lease: timedelta) -> None:
        self._shell = shell
        self._held = held
        self._lease = lease
        self._every = lease.total_seconds() / 4
        self._work, self._end = Event(), Event()
        self._beaten = monotonic()
        self._thread = Thread(target=self._live, name="flow heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._end.set()
        self._work.set()
        self._thread.join(10)

    def wake(self) -> None:
        """Something is held now."""
        if not self._work.is_set():
            self._beaten = monotonic()  # a lease has just begun
            self._work.set()

    def _live(self) -> None:
        while self._work.wait() and not self._end.wait(min(TICK, self._every)):
            held = self._held()
            if not held:
                self._work.clear()
                if self._held() or self._end.is_set():
                    self._work.set()  # in this very moment
            elif self._is_due(held):
                self.beat(held)

    def _is_due(self, held: Sequence[services.Held]) -> bool:
        return monotonic() - self._beaten >= self._every * 0.9 or any(one.said != one.kept for one in held)

    def beat(self, held: Sequence[services.Held] | None = None) -> None:
        """Prolong all leases now. Never raises: what cannot be prolonged now is tried again, and runs out else."""
        held = self._held() if held is None else held
        try:
            if held:
                services.beat(self._shell, held, self._lease)
            self._beaten = monotonic()
        except StoreError as error:
            log.warning("the leases of %d calls cannot be prolonged now: %s", len(held), error)
        except Exception:
            log.exception("the leases of %d calls cannot be prolonged now", len(held))
