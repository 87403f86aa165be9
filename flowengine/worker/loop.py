"""The worker: it looks what is due, hands it out, and goes on until it is told to stop.

One thread looks, which costs one query ten times a second, and is woken at once by what is committed in this process.
Calls are run by up to ``concurrency`` threads, timers are fired and messages delivered by a thread each, and another
prolongs the leases. Any number of workers may share a database.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import current_thread, main_thread
from time import monotonic, sleep

from flowengine.commands.shell import not_joined
from flowengine.engine import Engine
from flowengine.errors import StoreError
from flowengine.runtime.waking import Ear
from flowengine.store import new_id
from flowengine.views.replies import Ran
from flowengine.work import services
from flowengine.worker.caution import Caution
from flowengine.worker.crew import Crew, Terms
from flowengine.worker.patience import Patience
from flowengine.worker.presence import Presence
from flowengine.worker.signals import heeding
from flowengine.worker.tally import Tally

log = logging.getLogger("flowengine.worker")

BREATH = 0.005
"""Seconds between two looks while anything runs."""

MOST_STUCK = 2
"""A worker is worn out when this many times its concurrency of handlers overran their limits and run on."""


class Worker:
    """Runs an engine's due work.

    ``concurrency`` is how many calls run at a time; ``poll`` how many seconds pass between two looks when nothing wakes
    it; ``limit`` bounds a batch of timers or messages. ``told`` is called, in the thread of :meth:`run`, with what was
    done since it was last called. When it stops, handlers that run have ``grace`` seconds; what is not over then is
    given back and does not count as an attempt. ``lease`` is for how long, in seconds, a call stays with a worker that
    is lost. ``wary`` is told, in any thread, which handlers have died in a process of their own, so that all their
    calls are run so from now on.

    ``name`` is what its claims stand under. ``worn_out`` says why :meth:`run` ended by itself: so many handlers overran
    their limits and run on that the process should be replaced.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        concurrency: int = 8,
        poll: float = 0.1,
        limit: int = 100,
        told: Callable[[Ran], None] | None = None,
        grace: float = 30.0,
        lease: float = services.LEASE.total_seconds(),
        wary: Callable[[str], None] = lambda _: None,
    ) -> None:
        if concurrency < 1 or limit < 1:
            raise ValueError("a worker runs at least one call at a time, and takes at least one thing a pass")
        longest = services.LONGEST_LEASE.total_seconds()
        if not 0 < lease <= longest:
            raise ValueError(f"a lease has up to {longest:.0f} seconds, not {lease}")
        self.engine = engine
        self.poll = poll
        self.grace = grace
        self.worn_out = ""
        self.name = f"worker-{new_id()}"  # new at each start, so that a restarted worker never owns old claims
        self._terms = Terms(name=self.name, concurrency=concurrency, limit=limit, lease=timedelta(seconds=lease))
        self._told = told
        self._shell = engine.shell
        self._ear = Ear()
        self._caution = Caution(wary)
        self._gone: deque[str] = deque()
        self._stopping = self._hurrying = False

    def stop(self) -> None:
        """Take nothing more, let what runs end, then return from :meth:`run`. From any thread or signal handler."""
        self._stopping = True
        self._ear.wake()

    def hurry(self) -> None:
        """Stop, and wait no longer for handlers that run: give their calls back. From any thread or signal handler."""
        self._hurrying = True
        self.stop()

    def take_over(self, worker: str) -> None:
        """The worker of that name is known to be no more: what it had is ready at once, not only when its leases are
        over. From any thread."""
        self._gone.append(worker)
        self._ear.wake()

    def beware(self, handler: str) -> None:
        """That handler died in a process of its own, elsewhere: run its calls so from now on. From any thread."""
        self._caution.heard(handler)

    def run(self, *, until_idle: bool = False) -> Ran:
        """Run until stopped, or with ``until_idle`` until nothing is due and nothing runs. What was done in all.

        In the main thread SIGTERM and SIGINT stop it gracefully, and a second one hurries it. A database that is gone
        is waited for; with ``until_idle`` the StoreError is raised instead.
        """
        not_joined(self._shell)
        self._shell.hint.listen(self._ear)
        try:
            with self._signals():
                return self._run(until_idle)
        finally:
            self._shell.hint.leave(self._ear)

    def _run(self, until_idle: bool) -> Ran:
        crew = Crew(self._shell, self.engine.post, self._terms, self._ear, self._caution, self._gone)
        crew.start()
        patience, presence = Patience(), Presence(self._shell, self.name)
        try:
            while not self._stopping and not (until_idle and crew.is_idle()):
                try:
                    presence.show()
                    wait = min(crew.look(), self.poll)
                    patience.reset()
                except StoreError as error:
                    wait = self._troubled(error, until_idle, patience)
                except Exception:
                    log.exception("the worker cannot look what is due")
                    wait = patience.next()
                self._tell(crew.tally)
                if self._is_worn_out(crew):
                    break
                if not (until_idle and crew.is_idle()):
                    self._wait(crew, wait)
                if until_idle and crew.trouble is not None:
                    raise crew.trouble
        finally:
            self._close(crew)
            presence.leave()
        return crew.tally.total()

    def _wait(self, crew: Crew, seconds: float) -> None:
        """Until something may be due. While anything runs, for a breath at least, so that what becomes ready meanwhile
        is taken together; but where there is plenty, no longer than until half of the hands have nothing to do."""
        breath = monotonic() + BREATH
        self._ear.wait(seconds)
        while not crew.is_at_rest() and not crew.is_hungry and (rest := breath - monotonic()) > 0:
            if crew.has_plenty:
                self._ear.wait(rest)
            else:
                sleep(rest)

    def _troubled(self, error: StoreError, until_idle: bool, patience: Patience) -> float:
        """The database cannot be asked. How many seconds to wait."""
        if until_idle:
            raise error
        wait = patience.next()
        log.warning("the database cannot be asked what is due; again in %.1f s: %s", wait, error)
        return wait

    def _is_worn_out(self, crew: Crew) -> bool:
        if crew.stuck >= MOST_STUCK * self._terms.concurrency:
            self.worn_out = f"{crew.stuck} handlers overran their limits and run on"
            log.error("the worker stops: %s", self.worn_out)
        return bool(self.worn_out)

    def _close(self, crew: Crew) -> None:
        """Wait for what runs, as long as the grace lasts; then give it back."""
        crew.end()
        end = monotonic() + self.grace
        while not crew.is_at_rest() and not self._hurrying and (rest := end - monotonic()) > 0:
            self._ear.wait(min(rest, 1.0))
        crew.close()
        self._tell(crew.tally)

    def _tell(self, tally: Tally) -> None:
        ran = tally.fresh()
        if ran.anything and self._told is not None:
            self._told(ran)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if current_thread() is not main_thread():
            yield
            return

        with heeding(lambda: self.hurry() if self._stopping else self.stop()):
            yield
