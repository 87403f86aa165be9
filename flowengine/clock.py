"""The clock is given to the engine, so that tests, rehearsals and simulations run in their own time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Clock(Protocol):
    """Tells the time. Every moment in flowengine is an aware UTC ``datetime``."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return datetime.now(UTC)


def uptime() -> float:
    """Seconds since some moment in the past, which nobody can set; the time that the machine slept counts, where the
    system can tell."""
    return time.clock_gettime(_STEADY)


_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class FollowingClock:
    """Follows a clock that is asked now and then, and is carried on between by one that nobody can set.

    So all machines on one database agree on the time, whatever their own clocks say. ``ask`` gives the moment there. It
    is asked by :meth:`tend`, at the first use and then when ``every`` seconds have passed, by one thread, while the
    others go by what is known; :meth:`now` only asks when nothing is known yet. An answer that took long says little:
    the clock is moved only where the two differ by more than that. When none can be had (``ask`` raises ``away``), the
    clock runs on, and asks again later; at the first use the error is raised.

    >>> FollowingClock(lambda: datetime(2026, 1, 1, tzinfo=UTC), steady=lambda: 7.0).now()
    datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(
        self,
        ask: Callable[[], datetime],
        *,
        every: float = 60.0,
        away: type[Exception] = OSError,
        steady: Callable[[], float] = uptime,
    ) -> None:
        self._ask = ask
        self._away = away
        self._every = every
        self._steady = steady
        self._asking = threading.Lock()
        self._known: tuple[datetime, float] | None = None
        """What it was there, and what the steady clock said then."""
        self._again = 0.0

    def now(self) -> datetime:
        if self._known is None:
            self.tend()
        return self._carried(self._steady())

    def tend(self) -> None:
        """Ask when it is time. To be called where asking is in nobody's way: before a transaction holds a connection.

        Raises ``away`` as long as there has never been an answer.
        """
        if self._known is None:
            with self._asking:
                if self._known is None:
                    self._follow()
        elif self._steady() >= self._again and self._asking.acquire(blocking=False):
            try:
                self._again = self._steady() + self._every  # also when nobody answers
                with suppress(self._away):
                    self._follow()
            finally:
                self._asking.release()

    def _carried(self, steady: float) -> datetime:
        assert self._known is not None, "it has been asked"
        there, then = self._known
        return there + timedelta(seconds=steady - then)

    def _follow(self) -> None:
        before = self._steady()
        there = _aware(self._ask())
        after = self._steady()
        half = (after - before) / 2
        middle = before + half
        if self._known is None or abs((there - self._carried(middle)).total_seconds()) > half:
            self._known = (there, middle)
        self._again = after + self._every


class SimulatedClock:
    """A clock that stands still until it is moved.

    >>> clock = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(days=2))
    datetime.datetime(2026, 1, 3, 0, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        """The moment to which it was moved."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on by a span of time and return the new moment."""
        self._now += by
        return self._now

    def set(self, moment: datetime) -> None:
        """Move to a moment, also an earlier one: real clocks jump back too."""
        self._now = _aware(moment)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give an aware datetime, for example with tzinfo=UTC")
    return moment.astimezone(UTC)


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name (IANA), as ``Europe/London``."""
    try:
        return bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
