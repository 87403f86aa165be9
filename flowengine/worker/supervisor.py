"""The process above the worker processes: it starts them, starts them again when they die, and has them stop.

It does no work itself and imports next to nothing, so nothing that a handler does can reach it. It is told what its
processes do, and they notice when it is gone (:mod:`flowengine.worker.supervised`).
"""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from types import FrameType
from typing import Any, Protocol

from flowengine.backoff import Backoff
from flowengine.worker.exits import WORN_OUT, how
from flowengine.worker.legacy import Legacy
from flowengine.worker.supervised import WorkerProcess

LOOK = 0.5
"""Seconds between looks at the processes and at the watched files; the end of a process is mostly seen at once."""

HEALTHY = 10.0
"""Seconds that a worker process has to live so that its end says nothing against the next start."""

BACKOFF = Backoff(timedelta(seconds=1), timedelta(seconds=30))
"""Between two starts, from the second death on."""

SILENT = 10.0
"""Seconds without a sign of life after which a worker process is killed: a handler holds the interpreter, so that not
even leases are renewed. Its calls are taken up by others, each in a process of its own."""

BEYOND = 5.0
"""Seconds that a worker process has beyond its grace before it is killed."""

TELLING = 2.0
"""Seconds until it says that it waits for what runs."""

REFUSED = (1, 2)
"""Exit codes of a process that was given something wrong and has said so."""


class Watched(Protocol):
    """The files whose change asks for a new start (:class:`flowengine.worker.reloading.Watch`)."""

    def follow(self, files: Sequence[str], since: int) -> None:
        """Look at these files from now on, beside those that are looked at already. They were loaded after the moment
        ``since``, in nanoseconds since 1970."""

    def lost(self, since: int) -> None:
        """Look at all that could be meant: a process that began then could not even load its code."""

    def changed(self) -> Sequence[str]:
        """The files that changed since, when all of them can be read as Python; else nothing."""


@dataclass
class Patience:
    """How long to wait before the next start: not at all the first time, then 1 s and twice as long each time, up to
    30 s, until a process has lived for a while."""

    deaths: int = 0

    def after(self, lived: float) -> float:
        """Seconds to wait, when a process has died that lived so long (in seconds)."""
        self.deaths = 1 if lived >= HEALTHY else self.deaths + 1
        return BACKOFF.wait(self.deaths - 1).total_seconds()


@dataclass
class _Place:
    """The place of one worker process: it runs, or is started at the moment ``start``, or (None) after a change."""

    running: WorkerProcess | None = None
    start: float | None = 0.0
    anew: bool = False  # its end is wanted, for another is to take its place
    patience: Patience = field(default_factory=Patience)


class Supervisor:
    """Keeps ``processes`` processes of one command running until SIGTERM or SIGINT; :meth:`run` in the main thread.

    ``command`` starts a worker process that speaks with its supervisor by :class:`Supervised`. ``say`` is given
    sentences for people, ``ran`` each report of what was done. ``grace`` is how many seconds a worker lets running
    handlers finish when it stops, and ``beyond`` how many more until it is killed; one that gives no sign of life is
    killed after ``silent`` seconds. With ``watch`` the processes start anew when a file changes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        processes: int = 1,
        grace: float = 30.0,
        say: Callable[[str], None] = lambda _: None,
        ran: Callable[[Mapping[str, int]], None] = lambda _: None,
        watch: Watched | None = None,
        environment: Mapping[str, str] | None = None,
        beyond: float = BEYOND,
        silent: float = SILENT,
    ) -> None:
        self.command = tuple(command)
        self.grace = grace
        self._beyond, self._silent = beyond, silent
        self._say, self._ran, self._watch = say, ran, watch
        self._environment = dict(os.environ if environment is None else environment)
        self._places = [_Place() for _ in range(processes)]
        self._legacy = Legacy()
        self._asked = self._heeded = 0  # how often signals said stop
        self._deadline = self._telling = float("inf")
        self._code: int | None = None  # with which to leave, when there is no use in going on
        self._worked = False  # whether any process has ever been ready

    def run(self) -> int:
        """Run until told to stop; 0. When no process ever came to work, the exit code with which one left: what it was
        given is wrong, and starting it again would not help."""
        with selectors.DefaultSelector() as self._selector, self._signals():
            try:
                while not self._over():
                    self._heed()
                    self._start_due()
                    self._look()
            finally:
                for place in self._places:
                    self._kill(place)
        return self._code or 0

    @property
    def _stopping(self) -> bool:
        return self._heeded > 0 or self._code is not None

    def _over(self) -> bool:
        return self._stopping and not any(place.running for place in self._places)

    # starting, and starting again

    def _start_due(self) -> None:
        for place in self._places:
            due = place.running is None and place.start is not None and place.start <= monotonic()
            if due and not self._stopping:
                self._start(place)

    def _start(self, place: _Place) -> None:
        first = not self._worked and place is self._places[0]
        try:
            place.running, place.anew = WorkerProcess(self.command, self._environment, first), False
        except OSError as error:  # no memory, or too many processes, just now
            wait = max(1.0, place.patience.after(0.0))
            place.start = monotonic() + wait
            self._say(f"A worker process cannot be started: {error}; it is tried again in {wait:.0f} s.")
        else:
            self._selector.register(place.running.reports, selectors.EVENT_READ, place)

    def _look(self) -> None:
        """Wait for whatever comes first: a signal, a report, a start that is due, the end of a process."""
        moments = [place.start for place in self._places if place.running is None and place.start is not None]
        pause = min(
            [
                LOOK,
                self._deadline - monotonic(),
                self._telling - monotonic(),
                *(moment - monotonic() for moment in moments),
            ]
        )
        if any(place.running and place.running.closed for place in self._places):
            pause = min(pause, 0.02)  # it is about to end
        for key, _ in self._selector.select(max(0.0, pause)):
            if key.data is None:
                os.read(key.fd, 512)  # the bytes that signals left; what they ask for is counted
        for place in self._places:
            if place.running:
                self._hear(place.running)
                if place.running.code is not None:
                    self._ended(place, place.running, place.running.code)
        self._legacy.pass_on(place.running for place in self._places if place.running and not place.anew)
        if self._watch and not self._stopping:
            self._reload(self._watch)

    def _hear(self, process: WorkerProcess) -> None:
        for report in process.read():
            if "ready" in report:
                self._worked = process.ready = True
                process.worker = str(report.get("worker", ""))
            self._legacy.report(process, report)
            if "ran" in report:
                self._ran(report["ran"])
            if "files" in report and self._watch:
                self._watch.follow(report["files"], process.began)
        if process.closed and process.reports in self._selector.get_map():
            self._selector.unregister(process.reports)
        if process.ready and process.silent > self._silent and process.code is None:
            process.frozen = True
            process.kill()

    def _ended(self, place: _Place, process: WorkerProcess, code: int) -> None:
        """Decide when another process takes this place, and say why this one ended."""
        self._hear(process)
        if process.reports in self._selector.get_map():
            self._selector.unregister(process.reports)
        process.close()
        self._legacy.ended(process)
        place.running = None
        if self._stopping:
            return
        if place.anew:
            place.start = monotonic()
        elif code == WORN_OUT:
            place.start = monotonic()
            self._say(f"Worker process {process.pid} is worn out by handlers that do not end; another is started.")
        elif code in REFUSED and not process.ready and (self._watch or not self._worked):
            self._refused(place, process, code)
        else:
            wait = place.patience.after(monotonic() - process.born)
            place.start = monotonic() + wait
            when = f"another is started in {wait:.0f} s" if wait else "another is started"
            end = f"gave no sign of life for {self._silent:.0f} s and was killed" if process.frozen else how(code)
            self._say(f"Worker process {process.pid} {end}; {when}.")

    def _refused(self, place: _Place, process: WorkerProcess, code: int) -> None:
        """It said itself what is wrong. A change of a watched file may mend that; else nobody here can."""
        if self._watch:
            place.start = None
            self._watch.lost(process.began)
            self._say("It is started again when a file has changed.")
        else:
            self._code = code
            self._stop()

    def _reload(self, watch: Watched) -> None:
        changed = watch.changed()
        if not changed:
            return
        self._say(f"{', '.join(changed[:3])}{' and more' if len(changed) > 3 else ''} changed: starting anew.")
        for place in self._places:
            if place.running:
                place.anew = True
                place.running.stop()
            else:
                place.start = monotonic()

    # stopping

    def _heed(self) -> None:
        """Do what signals have asked for: the first lets the workers finish, the second lets them give back."""
        asked = self._asked
        if asked > self._heeded:
            if asked > 1:
                self._hurry()
            if self._heeded == 0:
                self._stop()
            self._heeded = asked
        if monotonic() >= self._telling:
            self._telling = float("inf")
            self._say(f"Waiting for what still runs, up to {self.grace:.0f} s. A second signal gives them back.")
        if monotonic() >= self._deadline:
            for place in self._places:
                self._kill(place)

    def _stop(self) -> None:
        self._telling = monotonic() + TELLING
        self._deadline = min(self._deadline, monotonic() + self.grace + self._beyond)
        for place in self._places:
            if place.running:
                place.running.stop()

    def _hurry(self) -> None:
        self._telling = float("inf")
        self._say("Hurrying: what still runs is given back.")
        self._deadline = monotonic() + self._beyond
        for place in self._places:
            if place.running:
                place.running.hurry()

    def _kill(self, place: _Place) -> None:
        process = place.running
        if process is None:
            return
        if process.code is None:
            self._say(f"Worker process {process.pid} did not end in time and was killed.")
            process.kill()
        self._ended(place, process, process.code or 0)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT are counted, and end the wait."""

        def count(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
            self._asked += 1

        inlet, outlet = os.pipe()
        os.set_blocking(inlet, False)
        os.set_blocking(outlet, False)
        self._selector.register(inlet, selectors.EVENT_READ)
        before: dict[int, Any] = {one: signal.signal(one, count) for one in (signal.SIGTERM, signal.SIGINT)}
        woken = signal.set_wakeup_fd(outlet, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(inlet)
            os.close(outlet)
