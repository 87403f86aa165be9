"""The hands of a worker: threads that run the calls it has taken, and write down what they came to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from flowengine.engine import services
from flowengine.engine.handlers import Handler, HandlerCall
from flowengine.engine.running import Threads
from flowengine.engine.settling import give_back
from flowengine.errors import HandlerDied, StoreError
from flowengine.language.durations import Duration
from flowengine.worker.caution import Caution
from flowengine.worker.patience import Patience

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell

log = logging.getLogger("flowengine.worker")

Ended = Callable[[bool], None]
"""Told that a call was settled, and whether it went on."""


class Hands:
    """Up to ``most`` calls at a time, each on a thread of its own. Where ``caution`` is advised, and where the last
    attempt did not end by itself, a handler is run in a process of its own."""

    def __init__(self, shell: Shell, most: int, ended: Ended, caution: Caution) -> None:
        self.trouble: StoreError | None = None
        self._shell = shell
        self._most = most
        self._ended = ended
        self._caution = caution
        self._threads = Threads()
        self._queue: SimpleQueue[services.Held | None] = SimpleQueue()
        self._held: dict[int, services.Held] = {}
        self._lock = Lock()
        self._started = 0
        self._dropped = Event()

    @property
    def free(self) -> int:
        """How many more calls can be taken."""
        return self._most - len(self._held)

    @property
    def stuck(self) -> int:
        """How many handlers overran their limits and run on."""
        return self._threads.stuck

    def held(self) -> list[services.Held]:
        """The calls that are taken and not settled."""
        with self._lock:
            return list(self._held.values())

    def give(self, taken: list[services.Held]) -> None:
        """Run these; there must be a free hand for each."""
        with self._lock:
            self._held |= {id(one): one for one in taken}
            wanted = min(len(self._held), self._most) - self._started
            self._started += max(wanted, 0)
        for _ in range(wanted):
            Thread(target=self._serve, name="flow call", daemon=True).start()
        for one in taken:
            self._queue.put(one)

    def _serve(self) -> None:
        while (held := self._queue.get()) is not None:
            well = False
            try:
                well = self._attempt(held)
            except Exception:  # ours, not the handler's: its lease runs out, and the call is tried again
                log.exception("call %s.%s could not be run", held.claimed.job, held.claimed.number)
            finally:
                with self._lock:
                    del self._held[id(held)]
                self._ended(well)

    def _attempt(self, held: services.Held) -> bool:
        """Run it; then write down what it came to, for as long as that takes: the handler has done its work."""
        verdict = services.judge(self._shell, held, self._run)
        patience = Patience()
        while True:
            try:
                return services.conclude(self._shell, held, verdict)
            except StoreError as error:
                self.trouble = error
                log.warning("what call %s.%s came to cannot be kept now: %s", *_name(held), error)
                if self._dropped.wait(patience.next()):
                    return False

    def _run(self, held: services.Held, handler: Handler, call: HandlerCall, limit: Duration) -> Any:
        if held.claimed.alone or call.handler in self._caution:
            from flowengine.worker.alone import importable

            if importable(handler):
                return self._run_alone(held, handler, call, limit)
        return self._threads.run(handler, call, limit)

    def _run_alone(self, held: services.Held, handler: Handler, call: HandlerCall, limit: Duration) -> Any:
        from flowengine.worker.alone import run_alone
        from flowengine.worker.wire import NotImported

        try:
            given = run_alone(handler, call, limit, lambda: held.lost)
        except NotImported:
            raise
        except (HandlerDied, TimeoutError):
            if not held.lost:  # else it was ended because nobody waited for it
                self._caution.died(call.handler)
            raise
        except Exception:
            self._caution.ended(call.handler)
            raise
        self._caution.ended(call.handler)
        return given

    def drop(self) -> None:
        """Give back what is still held: others may begin it at once. What its handlers come to is not kept."""
        for held in self.held():
            held.lost = True
            try:
                give_back(self._shell, held.claimed)
                log.warning("call %s.%s is given back: its handler has not ended in time", *_name(held))
            except StoreError as error:
                log.warning("call %s.%s cannot be given back; its lease will run out: %s", *_name(held), error)
        self._dropped.set()

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        for _ in range(self._started):
            self._queue.put(None)
        self._threads.close()


def _name(held: services.Held) -> tuple[str, int]:
    return held.claimed.job, held.claimed.number
