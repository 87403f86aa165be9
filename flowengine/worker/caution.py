"""Which handlers are run in processes of their own from the first attempt: those that died in one not long ago.

So a handler that always kills its process takes a worker with it once, and not at each of its calls. One that does so
now and then earns trust again by calls that end well, the more of them the more often it died.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

LONG = 3600.0
"""Seconds after its last death for which a handler is remembered."""

WELL = 10
"""So many calls in a row have to end well for each time that it died."""

MOST = 1_000
"""Handlers that are remembered; the one that died longest ago is forgotten for another."""


@dataclass
class _Record:
    """How a handler fared in processes of its own."""

    last: float
    deaths: int = 1
    well: int = 0


class Caution:
    """Knows the handlers to be careful with; from any thread. ``told`` is given the name of each one that is new."""

    def __init__(self, told: Callable[[str], None] = lambda _: None, clock: Callable[[], float] = monotonic) -> None:
        self._told = told
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._lock = Lock()

    def __contains__(self, handler: str) -> bool:
        record = self._records.get(handler)
        return record is not None and self._clock() - record.last < LONG

    def died(self, handler: str) -> None:
        """It ended its own process, or was killed at its limit."""
        if self._noted(handler):
            self._told(handler)

    def heard(self, handler: str) -> None:
        """It died in another worker."""
        if handler not in self:
            self._noted(handler)

    def ended(self, handler: str) -> None:
        """It came to its end in a process of its own, well or with an error."""
        with self._lock:
            record = self._records.get(handler)
            if record is not None:
                record.well += 1
                if record.well >= WELL * record.deaths:
                    del self._records[handler]

    def _noted(self, handler: str) -> bool:
        """Whether it was not known yet."""
        with self._lock:
            old = self._records.pop(handler, None)  # the latest stand at the end
            known = old is not None and self._clock() - old.last < LONG
            self._records[handler] = _Record(self._clock(), old.deaths + 1 if old is not None and known else 1)
            if len(self._records) > MOST:
                del self._records[next(iter(self._records))]
        return not known
