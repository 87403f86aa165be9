"""Where messages go, as one process knows it: what is under way to each destination, and which of them are down.

A destination is what can be down as a whole: a mail server, a host. One that is down is rested, longer each time, so
that its messages do not each cost a time-out; then one message tries it again. A destination that has not been heard
of, or was down the last time, is tried with one message at a time, and all such destinations together leave half of
the threads to those that are known to work: so dead receivers, however many, do not hold the living up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from threading import Lock

from flowengine.backoff import Backoff

THREADS = 8
"""Messages that one process sends at once."""

TRUSTED, UNKNOWN = 4, 1
"""Messages under way to one destination that works, and to one of which nothing is known."""

DOUBTFUL = THREADS // 2
"""Messages under way to destinations of which nothing is known, or that were down, all together."""

REST = Backoff(timedelta(seconds=5), timedelta(minutes=5), chance=0.25)
"""Of a destination that is down."""

LONGEST_QUEUE = timedelta(minutes=5)
"""For how long a message that finds its destination busy is laid aside at most."""

_NEWEST = 0.3
"""How much the last message counts in how long messages take."""


@dataclass(slots=True)
class _Destination:
    flying: int = 0
    trusted: bool = False
    failures: int = 0
    rest_until: datetime | None = None
    why: str = ""
    took: float = 1.0
    last_turn: datetime | None = None


class Destinations:
    """May be used from many threads at once."""

    def __init__(self, random: Random | None = None) -> None:
        self._known: dict[str, _Destination] = {}
        self._doubtful = 0
        self._random = random or Random()
        self._lock = Lock()

    def resting(self, name: str, now: datetime) -> str:
        """Why nothing is sent there now; empty when it is not at rest."""
        with self._lock:
            found = self._known.get(name)
            if found is None or found.rest_until is None:
                return ""
            if not timedelta() < found.rest_until - now <= REST.longest:  # over, or the clock was set
                found.rest_until = None
                return ""
            return found.why

    def begin(self, name: str) -> bool:
        """One more message is under way there. False when there are as many as may be."""
        with self._lock:
            found = self._of(name)
            if found.flying >= (TRUSTED if found.trusted else UNKNOWN):
                return False
            if not found.trusted:
                if self._doubtful >= DOUBTFUL:
                    return False
                self._doubtful += 1
            found.flying += 1
            return True

    def arrived(self, name: str, took: float) -> None:
        """A message that was begun has come through, or was answered at least: the destination works."""
        with self._lock:
            found = self._end(name)
            if not found.trusted:
                self._doubtful -= found.flying
            found.trusted, found.failures, found.rest_until = True, 0, None
            found.took += (took - found.took) * _NEWEST

    def ended(self, name: str, took: float) -> None:
        """A message that was begun did not come through, which says nothing of the destination."""
        with self._lock:
            found = self._end(name)
            found.took += (took - found.took) * _NEWEST

    def away(self, name: str, now: datetime, why: str) -> None:
        """A message that was begun found the destination down: it is rested."""
        with self._lock:
            found = self._end(name)
            self._doubt(found)
            found.failures += 1
            found.rest_until = now + REST.wait(found.failures, self._random)
            found.why = why

    def turn(self, name: str, now: datetime) -> datetime:
        """When a message that finds the destination busy is looked at again: one after another, at its pace."""
        with self._lock:
            found = self._of(name)
            last = found.last_turn
            if last is None or not now <= last <= now + LONGEST_QUEUE:
                last = now
            found.last_turn = last + timedelta(seconds=found.took / TRUSTED)
            if found.last_turn > now + LONGEST_QUEUE:
                return now + LONGEST_QUEUE * self._random.uniform(0.5, 1.0)
            return found.last_turn

    def _end(self, name: str) -> _Destination:
        found = self._known[name]
        found.flying -= 1
        if not found.trusted:
            self._doubtful -= 1
        return found

    def _of(self, name: str) -> _Destination:
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._forget()
            found = self._known[name] = _Destination()
        return found

    def _doubt(self, found: _Destination) -> None:
        """Those that are still under way there count among the doubtful from now on."""
        if found.trusted:
            found.trusted = False
            self._doubtful += found.flying

    def _forget(self) -> None:
        """Forget the destinations to which nothing is under way: at worst one that is down is tried once more."""
        idle = [name for name, one in self._known.items() if not one.flying]
        for name in idle:
            del self._known[name]


_MOST_KNOWN = 10_000
"""Destinations that are remembered before those are forgotten to which nothing is under way."""
