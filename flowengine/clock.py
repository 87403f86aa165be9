"""The clock is given to the engine, so that tests, rehearsals and simulations run in their own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Every moment in flowengine is an aware UTC ``datetime``."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is moved.

    >>> clock = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(days=2))
    datetime.datetime(2026, 1, 3, 0, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
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
