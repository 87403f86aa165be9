"""What worker processes leave to those that live: calls that nobody has any more, and handlers to be careful with.

The supervisor keeps it, for it lives on when they die.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from time import monotonic
from typing import Any

from flowengine.worker.caution import LONG, MOST
from flowengine.worker.supervised import WorkerProcess


class Legacy:
    """Passed on to whoever is ready for it. What does not arrive costs time alone: leases run out by themselves."""

    def __init__(self) -> None:
        self._lost: deque[str] = deque(maxlen=MOST)
        self._wary: dict[str, float] = {}

    def report(self, process: WorkerProcess, report: dict[str, Any]) -> None:
        """A worker process has reported something, perhaps a handler that died in a process of its own."""
        if isinstance(name := report.get("wary"), str):
            self._wary.pop(name, None)
            self._wary[name] = process.warned[name] = monotonic()
            while len(self._wary) > MOST:
                del self._wary[next(iter(self._wary))]

    def ended(self, process: WorkerProcess) -> None:
        """A worker process is no more: whatever its worker still has can be taken from it."""
        if process.worker:
            self._lost.append(process.worker)

    def pass_on(self, processes: Iterable[WorkerProcess]) -> None:
        """Tell each that is ready of which handlers it has to be careful, and one of them whose calls are free."""
        ready = [one for one in processes if one.ready and one.code is None]
        if not ready:
            return
        self._wary = {name: since for name, since in self._wary.items() if monotonic() - since < LONG}
        for process in ready:
            for name, since in self._wary.items():
                if process.warned.get(name) != since and process.say(wary=name):
                    process.warned[name] = since
            while self._lost and process.say(lost=self._lost[0]):
                self._lost.popleft()
