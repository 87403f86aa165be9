"""Schedules as cron has them: five fields, minute hour day month weekday. The one file that imports ``cronsim``.

A time of day that a change of clocks leaves out comes as soon as the clock goes on; one that it repeats comes once, the
first time. An hour or a minute that is left open (``*``) goes by the time that passes instead, as cron has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

LONGEST = 100
"""Characters of a schedule."""

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_EXAMPLE = "write minute hour day month weekday, as in '0 7 * * mon'"


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule; ``text`` has single spaces."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The schedule that a text writes. Raises ValueError, which says what is wrong."""
        fields = text.split()
        if len(fields) != 5:
            raise ValueError(f"{text[:LONGEST]!r} has {len(fields)} fields; {_EXAMPLE}")
        cron = cls(" ".join(fields))
        try:
            next(iter(CronSim(cron.text, _SOME_DAY)))
        except CronSimError as error:
            what = str(error)[:1].lower() + str(error)[1:]
            raise ValueError(f"{text[:LONGEST]!r} is no schedule: {what}; {_EXAMPLE}") from None
        except StopIteration:
            raise ValueError(f"{text[:LONGEST]!r} never comes: no day is like that") from None
        return cron

    def next(self, after: datetime, zone: tzinfo) -> datetime:
        """The first moment after that one, in UTC."""
        return next(one for one in self._moments(after, zone) if one > after)

    def last(self, by: datetime, zone: tzinfo) -> datetime:
        """The last moment that is not after that one, in UTC."""
        until = by + timedelta(seconds=1)  # what lies before it, to the second
        return next(one for one in self._moments(until, zone, back=True) if one <= by)

    def _moments(self, start: datetime, zone: tzinfo, *, back: bool = False) -> Iterator[datetime]:
        """The moments from there on, or back; near a change of clocks the first may lie on the other side."""
        for one in CronSim(self.text, start.astimezone(zone), reverse=back):
            yield one.astimezone(UTC)

    def __str__(self) -> str:
        return self.text
