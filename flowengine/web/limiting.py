"""How much is done at once, and how often one may ask: what is too much is refused early, before it slows all others.

What changes something and what only looks have threads of their own, few: a database does more for 8 to 16 threads than
for 40. So many requests may wait for one; the next is told at once to come again. What is asked about one job, by
however many, keeps nobody from another.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from flowengine.errors import Overloaded, TooMany
from flowengine.speech.phrases import phrase

Done = TypeVar("Done")


SHARE = 3
"""What is asked about one thing has one of so many threads at most: with four of twelve, 13,000 who vote are as quick
as with all, and others wait hardly longer than on a quiet server."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """``writers`` and ``readers`` are threads for what changes something and for what looks; so many requests may be
    ``waiting`` for each of the two about one thing, and twice as many in all. A person may ask ``per_second`` times,
    and ``at_once`` so many times when he has not asked for a while."""

    writers: int = 12
    readers: int = 12
    waiting: int = 200
    per_second: float = 50
    at_once: int = 200


@dataclass(slots=True)
class _Lane:
    """What is asked about one thing: what waits, the oldest first, and how much is being done, in so many threads at
    ``most``."""

    most: int
    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    running: int = 0


class Limiter:
    """So many threads, and so many requests that may wait for them.

    Requests are in lanes, by what they are about. A free thread takes the next one of the lane whose turn it is, and a
    lane has some of the threads at most: so thousands who vote in one job keep nobody from another. What is about
    nothing of a name is in a lane that may have them all.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._each = threads + waiting
        self._most = threads + 2 * waiting
        self._threads = ThreadPoolExecutor(threads, f"flow-{name}")
        self._lock = Lock()
        self._lanes: dict[str, _Lane] = {}
        self._many = threads
        self._turns: OrderedDict[str, _Lane] = OrderedDict()
        self._put_off = 0
        self._asked: Counter[str] = Counter()
        self.under_way = 0

    async def run(self, work: Callable[[], Done], lane: str = "") -> Done:
        """Have something done in a thread. Raises Overloaded, at once, when too many wait."""
        if self.under_way >= self._most or self._asked[lane] >= self._each:
            raise Overloaded(
                phrase("%(most)s requests are under way, more than can be taken in", most=self.under_way),
                where=self._name,
                possible=(phrase("the same again, a second later"),),
            )  # fmt: skip
        self.under_way += 1
        self._asked[lane] += 1
        try:
            done: Done = await self._done(asyncio.get_running_loop(), copy_context(), work, lane)
            return done
        finally:
            self.under_way -= 1
            self._asked[lane] -= 1
            if not self._asked[lane]:
                del self._asked[lane]

    def _done(
        self, loop: asyncio.AbstractEventLoop, context: Context, work: Callable[[], Done], lane: str
    ) -> asyncio.Future[Any]:
        """What it comes to, told to the loop by the thread itself: asyncio's own way, a future behind the thread's
        future, makes three times as many calls."""
        told = loop.create_future()

        def do() -> None:
            try:
                done = context.run(work)
            except BaseException as error:
                loop.call_soon_threadsafe(_fail, told, error)
            else:
                loop.call_soon_threadsafe(_settle, told, done)

        with self._lock:
            here = self._lanes.get(lane)
            if here is None:
                here = self._lanes[lane] = _Lane(max(self._many // SHARE, 1) if lane else self._many)
            here.waiting.append(do)
            self._queue_up(lane, here)
        self._threads.submit(self._next)
        return told

    def _next(self) -> None:
        """In a thread: do what is next. There is a call of this for each request; one that finds only lanes which have
        all the threads they may have is made up for when one of these ends."""
        with self._lock:
            if not self._turns:
                self._put_off += 1
                return
            lane, here = self._turns.popitem(last=False)
            do = here.waiting.popleft()
            here.running += 1
            self._queue_up(lane, here)
        try:
            do()
        finally:
            with self._lock:
                here.running -= 1
                self._queue_up(lane, here)
                if not here.running and not here.waiting:
                    del self._lanes[lane]
                again = self._put_off > 0 and bool(self._turns)
                self._put_off -= again
            if again:
                self._threads.submit(self._next)

    def _queue_up(self, lane: str, here: _Lane) -> None:
        """At the end of those whose turn it is, if there is something to do and a thread it may have."""
        if here.waiting and here.running < here.most:
            self._turns.setdefault(lane, here)


def _settle(told: asyncio.Future[Any], done: object) -> None:
    if not told.done():  # whoever asked may be gone
        told.set_result(done)


def _fail(told: asyncio.Future[Any], error: BaseException) -> None:
    if not told.done():
        told.set_exception(error)


class Rates:
    """How often each may ask: ``per_second``, and ``at_once`` so many times after a while.

    For each there is one moment, until which he has used up what he may; each request puts it off by its share (the
    generic cell rate algorithm). Of those who are not heard of, the ones longest ago are forgotten.
    """

    MOST = 10_000

    def __init__(self, per_second: float, at_once: int, clock: Callable[[], float]) -> None:
        self._share = 1 / per_second
        self._room = self._share * at_once
        self._clock = clock
        self._used: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def take(self, who: str) -> None:
        """Count a request. Raises TooMany, with when the next may come."""
        now = self._clock()
        with self._lock:
            until = max(self._used.pop(who, now), now) + self._share
            late = until - now - self._room
            self._used[who] = until - self._share if late > 0 else until
            if len(self._used) > self.MOST:
                self._used.popitem(last=False)
        if late > 0:
            raise TooMany(
                phrase("so many requests cannot be taken from one person"), retry_after=late,
                possible=(phrase("%(rate)s a second", rate=f"{1 / self._share:.0f}"),),
            )  # fmt: skip
