"""The promise of a job as a line: today, when it is expected, and the day that is promised, each where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flowengine.speech.telling import Speech
from flowengine.views.replies import PromiseView

WIDTH = 320
_EDGE = 12
_APART = 62
"""So far apart words have to be, so that both can be read."""


@dataclass(frozen=True, slots=True)
class Rail:
    """Where things lie on a line of :data:`WIDTH`: ``expected`` from and to, the ``words`` below it with their places,
    and in ``said`` all of it for who does not see it."""

    today: int
    promised: int
    expected: tuple[int, int] | None
    words: tuple[tuple[int, str], ...]
    said: str
    over: bool


def rail_of(promise: PromiseView, started: datetime, now: datetime, zone: str, speech: Speech) -> Rail:
    """The line of a promise that is open, from when the job began."""
    moments = [started, now, promise.by, *(promise.expected or ())]
    first, last = min(moments), max(moments)
    length = (last - first).total_seconds() or 1.0

    def place(at: datetime) -> int:
        share = (at - first).total_seconds() / length
        return int(_EDGE + (WIDTH - 2 * _EDGE) * share)

    say = speech.say
    words = [(place(now), say("today")), (place(promise.by), say("promised"))]
    said = [say("Today %(day)s", day=speech.day(now, zone, short=True))]
    expected = None
    if promise.expected is not None:
        soonest, latest = promise.expected
        expected = place(soonest), place(latest)
        words.append(((expected[0] + expected[1]) // 2, say("expected")))
        days = {"soonest": speech.day(soonest, zone, short=True), "latest": speech.day(latest, zone, short=True)}
        said.append(say("expected %(soonest)s to %(latest)s", **days))
    said.append(say("promised %(day)s", day=speech.day(promise.by, zone, short=True)))
    return Rail(place(now), place(promise.by), expected, _apart(words), "; ".join(said), now > promise.by)


def _apart(words: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Those words that can be read beside each other, and none beyond the edge."""
    told: list[tuple[int, str]] = []
    for at, text in words:
        inside = min(max(at, 28), WIDTH - 28)
        if all(abs(inside - other) >= _APART for other, _ in told):
            told.append((inside, text))
    return tuple(told)
