"""How often something was asked, counted in stretches of time: two rows for each who asks, whatever he asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros
from flowengine.store.query import Query, param, upserts

_T = t.throttles

HIT = Query("throttles.hit", "Count one more.", lambda dialect: upserts(dialect, _T, {"hits": _T.c.hits + 1}))
HITS = Query(
    "throttles.hits",
    "How many there were in a stretch and the one before.",
    sa.select(_T.c.bucket, _T.c.hits).where(_T.c.name == param("of_name"), _T.c.bucket >= param("first")),
)
TIDY = Query("throttles.tidy", "Forget stretches that are over.", sa.delete(_T).where(_T.c.until < param("before")))


class Hits(NamedTuple):
    """How many there were in this stretch and in the one before; ``passed`` is how much of this one is over, of 1."""

    now: int
    before: int
    passed: float


class Throttles:
    """Counts in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def hit(self, name: str, now: datetime, window: timedelta) -> Hits:
        """Count one more, and say how many there are: of several at once, each sees those before."""
        at, length = micros(now), window // timedelta(microseconds=1)
        bucket = at // length
        until = (bucket + 2) * length
        self._channel.write(HIT, {"name": name, "bucket": bucket, "hits": 1, "until": until})
        found: dict[int, int] = dict(self._channel.rows(HITS, {"of_name": name, "first": bucket - 1}))
        return Hits(found[bucket], found.get(bucket - 1, 0), at % length / length)

    def tidy(self, now: datetime) -> None:
        """Forget what counts no longer."""
        self._channel.write(TIDY, {"before": micros(now)})
