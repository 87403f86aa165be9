"""The worker: pass after pass over what is due, until it is told to stop.

One process runs it. Calls are claimed with a lease (``store.calls.claim``), which is the seam for more workers.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from types import FrameType

from flowengine.engine import Engine
from flowengine.engine.views import Ran
from flowengine.errors import DatabaseBusy


class Worker:
    """Runs an engine's due work.

    ``poll`` is how many seconds it sleeps when a pass found nothing to do; ``limit`` bounds each kind of work in one
    pass. ``told`` is called after each pass that did something.
    """

    def __init__(
        self, engine: Engine, *, poll: float = 1.0, limit: int = 100, told: Callable[[Ran], None] | None = None
    ) -> None:
        self.engine = engine
        self.poll = poll
        self.limit = limit
        self._told = told
        self._stop = Event()

    def stop(self) -> None:
        """Finish the pass that is running, then return from :meth:`run`. May be called from any thread."""
        self._stop.set()

    def run(self, *, until_idle: bool = False) -> Ran:
        """Run until stopped, or with ``until_idle`` until a pass finds nothing to do. What was done in all.

        In the main thread SIGTERM and SIGINT stop it gracefully: what runs is finished and committed first.
        """
        total = Ran()
        with self._signals():
            while not self._stop.is_set():
                ran = self._one_pass()
                total = _sum(total, ran)
                if ran.anything:
                    if self._told:
                        self._told(ran)
                    if _moved(ran):
                        continue
                if until_idle:
                    break
                self._stop.wait(self.poll)
        return total

    def _one_pass(self) -> Ran:
        try:
            return self.engine.run_due(self.limit)
        except DatabaseBusy:
            return Ran(failed=1)  # others write just now; the next pass comes after the pause

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if current_thread() is not main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
            self.stop()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _moved(ran: Ran) -> bool:
    """Whether the pass got anything done; one in which all failed is followed by a pause."""
    return bool(ran.timers or ran.calls or ran.outbox)


def _sum(one: Ran, other: Ran) -> Ran:
    return Ran(
        timers=one.timers + other.timers,
        calls=one.calls + other.calls,
        outbox=one.outbox + other.outbox,
        failed=one.failed + other.failed,
    )
