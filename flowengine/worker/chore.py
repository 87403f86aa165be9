"""A chore: a kind of due work that has a thread of its own, so that it holds nothing else up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from flowengine.errors import StoreError
from flowengine.worker.patience import Patience

log = logging.getLogger("flowengine.worker")

Pass = Callable[[], tuple[int, int]]
"""One bounded pass: how many were done, and how many failed."""


class Chore:
    """Goes over its work, pass after pass, until one gets nothing done; then it waits to be woken.

    ``ended`` is told of each pass what it did. ``fruitless``: the last pass got nothing done.
    """

    def __init__(self, name: str, work: Pass, ended: Callable[[int, int], None]) -> None:
        self.busy = False
        self.fruitless = False
        self.trouble: StoreError | None = None
        self._name = name
        self._work = work
        self._ended = ended
        self._wanted, self._end = Event(), Event()
        self._patience = Patience()
        self._thread = Thread(target=self._live, name=f"flow {name}", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def wake(self) -> None:
        """There is work."""
        if not self.busy:
            self.busy = True
            self._wanted.set()

    def stop(self) -> None:
        """End after the pass that is running."""
        self._end.set()
        self._wanted.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _live(self) -> None:
        while self._wanted.wait() and not self._end.is_set():
            self._wanted.clear()
            while self._pass() and not self._end.is_set():
                pass
            self.busy = False
            self._ended(0, 0)
        self.busy = False
        self._ended(0, 0)

    def _pass(self) -> bool:
        """Whether it got something done."""
        done = failed = 0
        try:
            done, failed = self._work()
            self._patience.reset()
        except StoreError as error:
            self.trouble = error
            log.warning("%s cannot be seen to now: %s", self._name, error)
            self._end.wait(self._patience.next())
        except Exception:
            log.exception("%s cannot be seen to now", self._name)
            self._end.wait(self._patience.next())
        self.fruitless = not done
        if done or failed:
            self._ended(done, failed)
        return bool(done)
