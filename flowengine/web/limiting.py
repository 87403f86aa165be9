"""How much is done at once, and how often one may ask: what is too much is refused early, before it slows all others.

What changes something and what only looks have threads of their own, few: a database does more for 8 to 16 threads than
for 40. So many requests may wait for one; the next is told at once to come again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from flowengine.errors import Overloaded, TooMany
from flowengine.speech.phrases import phrase

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Capacity:
    """``writers`` and ``readers`` are threads for what changes something and for what looks; so many requests may be
    ``waiting`` for each of the two. A person may ask ``per_second`` times, and ``at_once`` so many times when he has
    not asked for a while."""

    writers: int = 12
    readers: int = 12
    waiting: int = 200
    per_second: float = 50
    at_once: int = 200


class Limiter:
    """So many threads, and so many requests that may wait for them."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._most = threads + waiting
        self._threads = ThreadPoolExecutor(threads, f"flow-{name}")
        self.under_way = 0

    async def run(self, work: Callable[[], Done]) -> Done:
        """Have something done in a thread. Raises Overloaded, at once, when too many wait."""
        if self.under_way >= self._most:
            raise Overloaded(
                phrase("%(most)s requests are under way, more than can be taken in", most=self._most),
                where=self._name,
                possible=(phrase("the same again, a second later"),),
            )  # fmt: skip
        self.under_way += 1
        try:
            done: Done = await self._done(asyncio.get_running_loop(), copy_context(), work)
            return done
        finally:
            self.under_way -= 1

    def _done(self, loop: asyncio.AbstractEventLoop, context: Context, work: Callable[[], Done]) -> asyncio.Future[Any]:
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

        self._threads.submit(do)
        return told


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
