"""What a worker has done so far, counted by all its threads."""

from __future__ import annotations

from threading import Lock

from flowengine.views.replies import Ran


class Tally:
    """Counts of timers, calls, messages, files and failures."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._all = Ran()
        self._told = Ran()

    def add(self, *, timers: int = 0, calls: int = 0, outbox: int = 0, uploads: int = 0, failed: int = 0) -> None:
        """So much more was done."""
        with self._lock:
            self._all = _sum(self._all, Ran(timers=timers, calls=calls, outbox=outbox, uploads=uploads, failed=failed))

    def total(self) -> Ran:
        """All that was done."""
        return self._all

    def fresh(self) -> Ran:
        """What was done since this was last asked."""
        with self._lock:
            now, before, self._told = self._all, self._told, self._all
        return _sum(now, before, -1)


def _sum(one: Ran, other: Ran, times: int = 1) -> Ran:
    return Ran(**{name: getattr(one, name) + times * getattr(other, name) for name in Ran.__struct_fields__})
