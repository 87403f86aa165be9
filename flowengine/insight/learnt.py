"""What the jobs of a process have taught of how long they take, as it is kept in memory, read by each of its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flowengine.insight.calibrating import Calibration
from flowengine.insight.expecting import Expecting, ahead_of
from flowengine.language.model import Process

READ = timedelta(hours=1)
"""For how long working time ahead, by a file, counts as that of the moment when it was read."""

MOST_VERSIONS = 20
"""Versions of a process of which it is kept what their files say."""


class Learnt:
    """It, as it was looked up at a moment (``looked``); ``stamp`` is another one once more was learnt."""

    def __init__(self, looked: datetime, stamp: int, expecting: Expecting, calibration: Calibration) -> None:
        self.looked, self.stamp, self.calibration = looked, stamp, calibration
        self._expecting = expecting
        self._read: dict[str, tuple[datetime, Expecting]] = {}

    def by(self, version: str, process: Callable[[], Process], now: datetime) -> Expecting:
        """It, with what the file of a version says. Raises what ``process`` does."""
        found = self._read.get(version)
        if found is None or not timedelta() <= now - found[0] < READ:
            ahead = ahead_of(process(), now)
            if len(self._read) >= MOST_VERSIONS:
                self._read.clear()
            found = self._read[version] = now, self._expecting.by(ahead)
        return found[1]
