"""Delivering what jobs have sent out: claim a row, deliver it, and say what became of it.

What stays in this database is done one after another; what leaves it is sent by a few threads, so that one slow
receiver does not hold the others up. No transaction is open meanwhile. Whoever crashes between sending and saying so
sends again once his claim has run out, under the same id: at least once.

A row that fails is tried again, later each time. After ATTEMPTS, which takes between two and three days, or at once
when trying again is of no use, it becomes an incident: an operator sees it, and its lane goes on without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from time import monotonic

import msgspec

from flowengine.backoff import Backoff
from flowengine.commands.consents import CONSENTED, SHARED
from flowengine.commands.records import FACT
from flowengine.commands.shell import Shell
from flowengine.errors import (
    AddressRefused,
    AnswerRefused,
    ConnectionLost,
    DatabaseBusy,
    NotConfigured,
    Unreachable,
)
from flowengine.post.channels import Channels
from flowengine.post.deliveries import DELIVER
from flowengine.post.destinations import THREADS
from flowengine.runtime.handler_threads import describe
from flowengine.runtime.handlers import GiveUp, TryLater
from flowengine.store import OutboxMessage, Page, Transaction
from flowengine.store.codec import micros, moment
from flowengine.store.records import Letter

BACKOFF = Backoff(timedelta(seconds=10), timedelta(hours=8), chance=0.25)
"""Between the attempts of a row."""

ATTEMPTS = 20
LEASE = timedelta(seconds=60)
"""For how long a row is kept for whoever delivers it: longer than any delivery takes, which is 30 s."""

PAGE = 100
"""Rows that are looked at at once."""

FRESH = 0.25
"""Seconds after which is looked again, while something is under way."""

ASIDE = timedelta(seconds=60)
"""For how long a row is laid aside that cannot be sent from here, or stands behind another, where it is in the way."""

UNTAKEN = timedelta(seconds=5)
"""After how long a row that cannot be sent from here is taken to be carried by nobody just now."""

LONGEST_ASIDE = timedelta(minutes=5)

LOG = logging.getLogger("flowengine.outbox")


Told = Callable[[int, int], None]
"""Is told how many were delivered just now, and how many must be tried again or gave up."""


class Post:
    """The post of one process: its channels, and the passes over what is due."""

    def __init__(self, shell: Shell) -> None:
        self.channels = Channels(shell.settings)
        self._shell = shell

    def deliver(self, limit: int | None = None, stop: Event | None = None, told: Told | None = None) -> tuple[int, int]:
        """Deliver what is due: at most ``limit`` rows, or as long as there are any and ``stop`` is not set; what is
        under way is waited for. How many were delivered, and how many must be tried again or gave up."""
        self.offer()
        return _Round(self._shell, self.channels, limit, stop or Event(), told).run()

    def offer(self) -> None:
        """Say in the database which notices are carried from here; a worker says so from its start on, each day."""
        shell = self._shell
        shell.wanted.offer(shell, self.channels.names(shell), shell.clock.now())

    def heal(self) -> int:
        """Make due what a clock that ran ahead, and was then set right, has put off. How many messages."""

        def work(tx: Transaction) -> int:
            now = self._shell.clock.now()
            return tx.outbox.heal(now, now + 2 * LONGEST_ASIDE, now + BACKOFF.longest)

        return self._shell.keep(work)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What is to become of a row: it is done, is tried again ``later``, waits for an operator (``gives_up``), or is
    only looked at ``later``, for it was not tried (``untried``). ``subject`` is what a letter was about that was sent.
    """

    row: OutboxMessage
    error: str = ""
    later: datetime | None = None
    gives_up: bool = False
    untried: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class _Flight:
    row: OutboxMessage
    destination: str
    began: float


class _Round:
    """One pass over what is due."""

    def __init__(self, shell: Shell, channels: Channels, limit: int | None, stop: Event, told: Told | None) -> None:
        self._shell = shell
        self._channels = channels
        self._left = limit
        self._stop = stop
        self._told = told
        self._sent = self._failed = 0
        self._waiting: list[OutboxMessage] = []
        self._full = False
        self._looked = 0.0
        self._flying: dict[Future[str], _Flight] = {}
        self._threads: ThreadPoolExecutor | None = None

    def run(self) -> tuple[int, int]:
        try:
            while (moved := self._start()) or self._flying:
                if self._flying:
                    self._land(0.0 if moved and not self._stop.is_set() else FRESH)
        finally:
            self._finish()
        return self._sent, self._failed

    def _finish(self) -> None:
        """Wait for what is under way, also when the database has failed meanwhile."""
        try:
            while self._flying:
                self._land(None)
        finally:
            if self._threads is not None:
                self._threads.shutdown()
            self._channels.rest()

    # what is due

    def _start(self) -> bool:
        """Start what can be started now. Whether anything was done."""
        if self._stop.is_set() or self._left == 0:
            return False
        looked = not self._waiting or monotonic() - self._looked > FRESH
        aside = self._look() if looked else 0
        moved = self._go_through()
        if not moved and looked:
            aside += self._lay_aside()
        return moved or aside > 0

    def _look(self) -> int:
        """See what is due, and push back what stands behind others. How many were pushed."""
        now = self._shell.clock.now()
        with self._shell.reading() as tx:
            page = tx.outbox.page(now, PAGE)
        under_way = {flight.row.id for flight in self._flying.values()}
        self._waiting = [row for row in page.heads if row.id not in under_way]
        self._full, self._looked = page.full, monotonic()
        pushed = _behind(page, now)
        if pushed:
            self._shell.keep(lambda tx: tx.outbox.push(pushed))
        return len(pushed)

    def _go_through(self) -> bool:
        waiting, self._waiting = self._waiting, []
        rested: list[_Fate] = []
        moved = False
        for row in waiting:
            if self._left == 0 or self._stop.is_set():
                break
            if row.kind in DELIVER:
                moved |= self._inside(row)
                continue
            destination = self._channels.destination(self._shell, row)
            why = self._channels.destinations.resting(destination, self._shell.clock.now()) if destination else ""
            if why:
                rested.append(self._fate(row, Unreachable(f"not tried, for it was down a moment ago: {why}")))
                self._count_down()
            elif destination is None or not self._begin(row, destination):
                self._waiting.append(row)
            else:
                moved = True
        self._settle(rested)
        return moved or bool(rested)

    def _count_down(self) -> None:
        if self._left is not None:
            self._left -= 1

    def _lay_aside(self) -> int:
        """Lay aside what hides what is behind it, where a whole page can only wait: for destinations that are busy, or
        for others who carry it. And what nobody has taken for a while, since it would be looked at again and again."""
        now = self._shell.clock.now()
        aside: list[tuple[str, int, datetime]] = []
        nobodys: set[str] = set()
        for row in self._waiting:
            destination = self._channels.destination(self._shell, row)
            if destination is None and (self._full or row.seen <= micros(now - UNTAKEN)):
                nobodys.add(str(row.body.get("channel", row.kind)))
                aside.append((row.id, row.seen, now + ASIDE))
            elif destination is not None and self._full:
                aside.append((row.id, row.seen, self._channels.destinations.turn(destination, now)))
        if nobodys:
            LOG.warning("messages wait for a worker that carries %s", ", ".join(sorted(nobodys)))
        if aside:
            laid = {id for id, _, _ in aside}
            self._waiting = [row for row in self._waiting if row.id not in laid]
            self._shell.keep(lambda tx: tx.outbox.push(aside))
        return len(aside)

    # one row

    def _claim(self, row: OutboxMessage) -> OutboxMessage | None:
        """The row as ours, or None when another worker was faster."""
        now = self._shell.clock.now()
        until = now + LEASE
        claimed = self._shell.keep(lambda tx: tx.outbox.claim(row.id, now, until))
        return msgspec.structs.replace(row, seen=micros(until)) if claimed else None

    def _inside(self, row: OutboxMessage) -> bool:
        mine = self._claim(row)
        if mine is None:
            return False
        self._count_down()
        try:
            DELIVER[row.kind](self._shell, mine)
        except TryLater as later:  # it is not its turn, and that is no failure
            aside = [(mine.id, mine.seen, self._shell.clock.now() + later.after)]
            self._shell.keep(lambda tx: tx.outbox.push(aside))
        except Exception as error:  # whatever it is, the row stays and the others go on
            self._settle([self._fate(mine, error)])
        else:
            self._settle([_Fate(mine)])
        return True

    def _begin(self, row: OutboxMessage, destination: str) -> bool:
        """Send a row by a thread. False when its destination is busy, or another worker has the row."""
        destinations = self._channels.destinations
        if len(self._flying) >= THREADS or not destinations.begin(destination):
            return False
        began = monotonic()
        try:
            mine = self._claim(row)
        except BaseException:
            destinations.ended(destination, 0.0)
            raise
        if mine is None:
            destinations.ended(destination, monotonic() - began)
            return False
        self._count_down()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "flow outbox")
        flight = self._threads.submit(self._channels.send, self._shell, mine)
        self._flying[flight] = _Flight(mine, destination, began)
        return True

    def _land(self, timeout: float | None) -> None:
        """Say what became of the rows that are through."""
        landed, _ = wait(self._flying, timeout, FIRST_COMPLETED)
        fates = []
        for one in landed:
            flight = self._flying.pop(one)
            error = one.exception()
            self._note(flight, error)
            sent = _Fate(flight.row, subject=one.result()) if error is None else self._fate(flight.row, error)
            fates.append(sent)
        self._settle(fates)

    def _note(self, flight: _Flight, error: BaseException | None) -> None:
        destinations, took = self._channels.destinations, monotonic() - flight.began
        if isinstance(error, (Unreachable, NotConfigured)):
            destinations.away(flight.destination, self._shell.clock.now(), describe(error))
        elif error is None or isinstance(error, AnswerRefused):
            destinations.arrived(flight.destination, took)
        else:
            destinations.ended(flight.destination, took)

    def _fate(self, row: OutboxMessage, error: BaseException) -> _Fate:
        said, now = describe(error), self._shell.clock.now()
        if isinstance(error, (DatabaseBusy, ConnectionLost)):
            return _Fate(row, said, now + BACKOFF.first, untried=True)
        if isinstance(error, (GiveUp, AddressRefused, AnswerRefused)) or row.attempts + 1 >= ATTEMPTS:
            return _Fate(row, said, gives_up=True)
        later = BACKOFF.wait(row.attempts + 1, self._shell.random)
        if isinstance(error, TryLater):
            later = max(later, min(error.after, BACKOFF.longest))
        return _Fate(row, said, now + later)

    def _settle(self, fates: Sequence[_Fate]) -> None:
        if not fates:
            return
        now = self._shell.clock.now()

        def work(tx: Transaction) -> None:
            for fate in fates:
                _write(tx, fate, now)

        self._shell.keep(work)
        failed = sum(fate.error != "" for fate in fates)
        self._failed += failed
        self._sent += len(fates) - failed
        if self._told is not None:
            self._told(len(fates) - failed, failed)


def _write(tx: Transaction, fate: _Fate, now: datetime) -> None:
    if fate.gives_up:
        tx.outbox.give_up(fate.row, now, fate.error)
    elif fate.later is None:
        tx.outbox.done(fate.row, now)
        if (
            fate.subject and fate.row.kind != "code"
        ):  # a code is asked for at a door, and is no news of the organisation
            tx.records.sent(_letter(fate, now))
    elif fate.untried:
        tx.outbox.push([(fate.row.id, fate.row.seen, fate.later)])
    else:
        tx.outbox.postpone(fate.row, fate.later, fate.error)


def _letter(fate: _Fate, now: datetime) -> Letter:
    """That somebody was written to, to be kept."""
    row, body = fate.row, fate.row.body
    why = str(body["why"])
    job = "" if why in (FACT, CONSENTED, SHARED) else row.job
    return Letter(str(body["person"]), now, row.id, job, str(body["channel"]), why, fate.subject)


def _behind(page: Page, now: datetime) -> list[tuple[str, int, datetime]]:
    """What need not be looked at: it stands behind a head that is not due, or there is much of it. When the head goes,
    the next one is due at once; it comes due by itself after a while nevertheless."""
    return [
        (one.id, one.seen, min(max(moment(one.head_at), now + ASIDE), now + LONGEST_ASIDE))
        for one in page.behind
        if page.full or one.head_at > micros(now)
    ]
