"""What a worker has done so far, counted by all its threads."""

from __future__ import annotations

from threading import Lock

from flowengine.views.replies import Ran


class Tally:
    """Counts of timers, calls, messages and failures."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._all = Ran()
        self._told = Ran()

    def add(self, *, timers: int = 0, calls: int = 0, outbox: int = 0, failed: int = 0) -> None:
        """So much more was done."""
        with self._lock:
            self._all = Ran(
                timers=self._all.timers + timers,
                calls=self._all.calls + calls,
                outbox=self._all.outbox + outbox,
                failed=self._all.failed + failed,
            )

    def total(self) -> Ran:
        """All that was done."""
        return self._all

    def fresh(self) -> Ran:
        """What was done since this was last asked."""
        with self._lock:
            now, before, self._told = self._all, self._told, self._all
        return Ran(
            timers=now.timers - before.timers,
            calls=now.calls - before.calls,
            outbox=now.outbox - before.outbox,
            failed=now.failed - before.failed,
        )
