"""The hands of a worker: threads that run the calls it has taken, and write down what they came to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from inspect import isawaitable
from queue import SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from flowengine.commands.shell import Shell
from flowengine.errors import HandlerDied, StoreError
from flowengine.language.durations import Duration
from flowengine.runtime.handler_threads import Overran, Threads
from flowengine.runtime.handlers import Handler, HandlerCall
from flowengine.work import services
from flowengine.work.ending import Back, Done, Verdict
from flowengine.work.together import MOST
from flowengine.worker.caution import Caution
from flowengine.worker.limits import Left, Limits
from flowengine.worker.patience import Patience
from flowengine.worker.settler import Settler

log = logging.getLogger("flowengine.worker")

Ended = Callable[[bool], None]
"""Told that a call was settled, and whether it went on."""

_Work = tuple[services.Held, Verdict | None]
"""A call to run, or one that was run and has to be settled by itself."""


class Hands:
    """Up to ``most`` handlers at a time, each on a thread of its own. Where ``caution`` is advised, and where the last
    attempt did not end by itself, a handler is run in a process of its own.

    What ended well is left to the settler, and the thread goes on with the next call; anything else is written down by
    the thread that ran it.
    """

    def __init__(self, shell: Shell, most: int, ended: Ended, caution: Caution) -> None:
        self.most = most
        self.trouble: StoreError | None = None
        self._shell = shell
        self._ended = ended
        self._caution = caution
        self._threads, self._limits = Threads(), Limits()
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._held: dict[int, services.Held] = {}
        self._left = 0
        self._lock = Lock()
        self._started = 0
        self._dropped = Event()
        self._settler = Settler(shell, lambda: len(self._held), self._kept, self._alone)

    def start(self) -> None:
        """Start the threads that settle, and that see to the limits."""
        self._settler.start()
        self._limits.start()

    @property
    def free(self) -> int:
        """How many more calls can be taken: those that are only to be settled keep no thread."""
        with self._lock:
            held = len(self._held)
            return min(self.most - held + self._left, self.most + MOST - held)

    @property
    def stuck(self) -> int:
        """How many handlers overran their limits and run on."""
        return self._threads.stuck + self._limits.stuck

    def held(self) -> list[services.Held]:
        """The calls that are taken and not settled."""
        with self._lock:
            return list(self._held.values())

    def give(self, taken: list[services.Held]) -> None:
        """Run these; there must be a free hand for each."""
        with self._lock:
            self._held |= {id(one): one for one in taken}
            wanted = min(len(self._held), self.most) - self._started
            self._started += max(wanted, 0)
        for _ in range(wanted):
            self._begin()
        for one in taken:
            self._queue.put((one, None))

    def _begin(self) -> None:
        """One more thread."""
        Thread(target=self._serve, name="flow call", daemon=True).start()

    def _serve(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                self._do(*work)
            except Left:
                return

    def _do(self, held: services.Held, verdict: Verdict | None) -> None:
        try:
            if verdict is None:
                verdict = services.judge(self._shell, held, self._run)
                if isinstance(verdict, Done):
                    self._leave(held, verdict)
                    return
            self._over(held, self._conclude(held, verdict))
        except Exception:  # ours, not the handler's: its lease runs out, and the call is tried again
            log.exception("call %s.%s could not be run", *_name(held))
            self._over(held, False)

    # between the threads and the settler

    def _leave(self, held: services.Held, done: Done) -> None:
        with self._lock:
            self._left += 1
        self._settler.give(held, done)

    def _kept(self, held: services.Held) -> None:
        with self._lock:
            self._left -= 1
        self._over(held, True)

    def _alone(self, held: services.Held, done: Done) -> None:
        with self._lock:
            self._left -= 1
        self._queue.put((held, done))

    def _over(self, held: services.Held, well: bool) -> None:
        with self._lock:
            del self._held[id(held)]
        self._ended(well)

    def _conclude(self, held: services.Held, verdict: Verdict) -> bool:
        """Write down what it came to, for as long as that takes: the handler has done its work."""
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
        if self._shell.observers:  # whoever watches is told of a limit that is over when it is
            return self._threads.run(handler, call, limit)
        return self._run_here(held, handler, call, limit)

    def _run_here(self, held: services.Held, handler: Handler, call: HandlerCall, limit: Duration) -> Any:
        """In this thread; what it gives to be awaited is, on the loop of all coroutines."""

        def overran() -> None:
            error = Overran(f"took longer than {limit}", ended=False)
            self._queue.put((held, services.failed(self._shell, held, error)))
            self._begin()

        until = monotonic() + limit.seconds
        given = self._limits.run(handler, call, limit.seconds, overran)
        if not isawaitable(given):
            return given
        try:
            rest = timedelta(seconds=max(until - monotonic(), 0))
            return self._threads.run(lambda _: given, call, Duration(rest=rest))
        except Overran as error:
            raise Overran(f"took longer than {limit}", ended=error.ended) from None

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
                services.conclude(self._shell, held, Back())
                log.warning("call %s.%s is given back: its handler has not ended in time", *_name(held))
            except StoreError as error:
                log.warning("call %s.%s cannot be given back; its lease will run out: %s", *_name(held), error)
        self._dropped.set()

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        for _ in range(self._started):
            self._queue.put(None)
        self._settler.close()
        self._threads.close()
        self._limits.close()


def _name(held: services.Held) -> tuple[str, int]:
    return held.claimed.job, held.claimed.number
