"""What a process of ``flow worker`` does: what is due is run, and told as it happens."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import click

from flowengine.cli import logs, show
from flowengine.cli.terminal import Terminal, screen
from flowengine.cli.work_options import NOT_THERE, Work, words
from flowengine.client import Ran, must_exist
from flowengine.worker.exits import WORN_OUT
from flowengine.worker.reloading import own_files
from flowengine.worker.signals import heeding
from flowengine.worker.standalone import Standalone
from flowengine.worker.supervised import Supervised

SECOND = 1.0
"""Seconds between two lines that tell what ran."""


def here(terminal: Terminal, given: Work) -> None:
    """Work in this process alone: with ``once`` until nothing is due, else until stopped. Say what was done in all."""
    with _standalone(terminal, given) as place:
        if not given.once:
            _greet(terminal, place)
        with place.measured(given.metrics), _aside(terminal), Telling(_lines(terminal)) as telling:
            total = place.worker(**given.terms, told=telling.add).run(until_idle=given.once)
    terminal.answer(total, lambda console: show.line(console, ("In all: ", "bold"), words(total.to_json())))


def below(terminal: Terminal, given: Work, line: Supervised) -> None:
    """Work below a supervisor, who is told what was done."""
    told = _lines(terminal)

    def tell(ran: Ran) -> None:
        line.say(ran=ran.to_json())
        told(ran)

    with _standalone(terminal, given) as place:
        if line.first:
            _greet(terminal, place)
        with place.measured(given.metrics), _aside(terminal), Telling(tell, own=_own(given, line)) as telling:
            worker = place.worker(**given.terms, told=telling.add, wary=lambda handler: line.say(wary=handler))
            # Only the supervisor knows how often a signal was meant, so here each just stops. The worker itself would
            # hurry at the second one; so it runs in another thread, where it looks after no signals.
            with heeding(worker.stop), ThreadPoolExecutor(1, "flow worker") as aside:
                line.listen(stop=worker.stop, hurry=worker.hurry, lost=worker.take_over, wary=worker.beware)
                line.say(ready=True, worker=worker.name)
                aside.submit(worker.run).result()
    if worker.worn_out:
        click.get_current_context().exit(WORN_OUT)


def _standalone(terminal: Terminal, given: Work) -> Standalone:
    logs.configure(os.environ)
    must_exist(terminal.address, *NOT_THERE)
    return Standalone(terminal.address, os.environ, terminal.clock, given.handlers)


def _greet(terminal: Terminal, place: Standalone) -> None:
    """Say what is worked on, and what is worth knowing before it begins."""
    if not terminal.json:
        with _read_or_not():
            _show(terminal, place.remarks())


def _show(terminal: Terminal, remarks: list[str]) -> None:
    console = screen()
    show.line(console, (f"Working on {terminal.shown_address}. Ctrl-C stops it.", "dim"))
    for remark in remarks:
        show.line(console, ("Mind: ", "bold"), remark)
    sys.stdout.flush()


def _lines(terminal: Terminal) -> Callable[[Ran], None]:
    """Tells a person what ran."""
    console = screen()

    def tell(ran: Ran) -> None:
        now = f"{datetime.now():%H:%M:%S}  "  # noqa: DTZ005 - local time
        show.line(console, (now, "dim"), "ran ", words(ran.to_json()))
        if ran.failed:
            what = "          why, and when it is tried again: "
            show.line(console, (what, "dim"), terminal.line("jobs --stuck"), pasted=True)
        sys.stdout.flush()

    def tell_if_read(ran: Ran) -> None:
        if not terminal.json:
            with _read_or_not():
                tell(ran)

    return tell_if_read


def _own(given: Work, line: Supervised) -> Callable[[], None]:
    """With ``--dev`` the supervisor is told which files the code is in, and again when there are more."""
    known: list[str] = []

    def look() -> None:
        files = own_files(Path.cwd(), (reference.partition(":")[0] for reference in given.handlers))
        if files != known:
            known[:] = files
            line.say(files=files)

    return look if given.dev else lambda: None


class Telling:
    """Tells what ran, at most once a second: what comes faster is told as one sum. May be given from many threads."""

    def __init__(
        self, tell: Callable[[Ran], None], own: Callable[[], None] = lambda: None, every: float = SECOND
    ) -> None:
        self._tell, self._own, self._every = tell, own, every
        self._sum = Ran()
        self._last = -every
        self._lock = Lock()
        self._over = Event()
        self._thread = Thread(target=self._now_and_then, name="flow telling", daemon=True)

    def add(self, ran: Ran) -> None:
        """Something ran. It is told now, or with what comes within the second."""
        with self._lock:
            self._sum = Ran(**{name: count + getattr(ran, name) for name, count in self._sum.to_json().items()})
        if time.monotonic() - self._last >= self._every:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            ran, self._sum = self._sum, Ran()
            if ran.anything:
                self._last = time.monotonic()
                self._tell(ran)

    def _now_and_then(self) -> None:
        while not self._over.wait(self._every):
            self._flush()
            self._own()

    def __enter__(self) -> Telling:
        self._own()
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()
        self._flush()


@contextmanager
def _read_or_not() -> Iterator[None]:
    """What is written may have no reader any more (``flow worker | head``), and rich would leave then: the work goes
    on."""
    with suppress(OSError, SystemExit):
        yield


@contextmanager
def _aside(terminal: Terminal) -> Iterator[None]:
    """With ``--json`` standard output is for one document: what handlers print goes to standard error meanwhile."""
    if not terminal.json:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)  # for processes of their own
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
