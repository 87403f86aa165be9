"""Schedules: when a process in use starts its next job by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param
from flowengine.store.queues import Queue

_S = t.schedules
_COLUMNS = (
    _S.c.process, _S.c.number, _S.c.every, _S.c.zone, _S.c.moment, _S.c.wake, _S.c.attempts, _S.c.last_error,
)  # fmt: skip
_PROCESS = param("of_process")
QUEUE = Queue(
    kind="schedule",
    table=_S,
    due="wake",
    waits=sa.true(),
    gave_up=_S.c.attempts > sa.literal_column("0"),
    shown=(),
)

ADD = Query("schedules.add", "Set a schedule of a process.", inserts(_S))
DROP = Query("schedules.drop", "Drop all schedules of a process.", sa.delete(_S).where(_S.c.process == _PROCESS))
ALL = Query("schedules.all", "All schedules, by process.", sa.select(*_COLUMNS).order_by(_S.c.process, _S.c.number))
OF = Query(
    "schedules.of", "The schedules of a process.", sa.select(*_COLUMNS).where(_S.c.process == _PROCESS)
    .order_by(_S.c.number),
)  # fmt: skip
ONE = Query("schedules.one", "One schedule.", sa.select(*_COLUMNS).where(*QUEUE.this))
CLAIM = Query(
    "schedules.claim",
    "Keep due schedules from being seen to by other workers for a while.",
    lambda dialect: QUEUE.claim(
        dialect,
        {"claimed_until": param("until")},
        _S.c.wake,
        _S.c.process,
        _S.c.number,
        where=_S.c.claimed_until <= param("now"),
    ),
)
PASS = Query(
    "schedules.pass",
    "A moment of a schedule has come, and the next is set: by who finds it not passed yet.",
    sa.update(_S)
    .where(*QUEUE.this, _S.c.moment == param("seen"))
    .values(moment=param("later"), wake=param("later"), attempts=0, last_error="", claimed_until=0),
)
POSTPONE = Query(
    "schedules.postpone",
    "A job could not be started; try again later.",
    QUEUE.postpone(_S.c.moment == param("seen"), claimed_until=0),
)
PUSH = Query(
    "schedules.push",
    "Look at a schedule later; it was not tried.",
    sa.update(_S).where(*QUEUE.this, _S.c.moment == param("seen")).values(wake=param("later"), claimed_until=0),
)
HEAL = Query(
    "schedules.heal",
    "Let go of schedules that are claimed for longer than any claim can be, since a clock has jumped back.",
    sa.update(_S).where(_S.c.wake <= param("now"), _S.c.claimed_until > param("beyond")).values(claimed_until=0),
)


class StoredSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule of a process, ``number`` among them. ``moment`` is when its next job is due, ``wake`` when that is
    tried: later after ``attempts`` that failed, the last with ``error``."""

    process: str
    number: int
    every: str
    zone: str
    moment: datetime
    wake: datetime
    attempts: int
    error: str

    @property
    def id(self) -> str:
        """What people call it by."""
        return f"{self.process}/{self.number}"


class Schedules:
    """Schedules in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def place(self, process: str, wanted: Sequence[tuple[str, str, datetime]]) -> None:
        """Set the schedules of a process: for each what it is, its zone, and its first moment. One that was set
        before goes on as it was, so that no moment is left out or comes twice."""
        before = self._read(OF, process)
        if not (before or wanted):
            return
        rows = []
        for number, (every, zone, first) in enumerate(wanted, 1):
            same = next((one for one in before if (one.every, one.zone) == (every, zone)), None)
            if same is not None:
                before.remove(same)
            rows.append(
                {
                    "process": plain(process),
                    "number": number,
                    "every": plain(every),
                    "zone": plain(zone),
                    "moment": micros(same.moment if same else first),
                    "wake": micros(same.moment if same else first),  # what failed may have been mended
                    "claimed_until": 0,
                    "attempts": 0,
                    "last_error": "",
                }
            )
        self._channel.write(DROP, {"of_process": plain(process)})
        self._channel.write_many(ADD, rows)

    def all(self) -> list[StoredSchedule]:
        """All of them, by process."""
        return self._read(ALL)

    def get(self, process: str, number: int) -> StoredSchedule | None:
        """One schedule, or None."""
        row = self._channel.one(ONE, {"of_process": plain(process), "of_number": number})
        return _schedule(row) if row else None

    def claim(self, limit: int, until: datetime, now: datetime) -> list[tuple[str, int]]:
        """Take up to ``limit`` due schedules, the earliest first, so that others see to other ones until ``until``.

        Only a matter of who does what: that a moment starts one job is decided where it passes.
        """
        rows = self._channel.rows(CLAIM, {"now": micros(now), "most": limit, "until": micros(until)})
        return [(process, number) for _, process, number in sorted(rows)]

    def passed(self, schedule: StoredSchedule, next: datetime) -> bool:
        """Its moment has come, and the next is set. False when somebody else has seen to it meanwhile."""
        return self._channel.count(PASS, _this(schedule) | {"later": micros(next)}) == 1

    def push(self, schedule: StoredSchedule, until: datetime) -> None:
        """Look at it later: it was not tried, and is no incident."""
        self._channel.write(PUSH, _this(schedule) | {"later": micros(until)})

    def postpone(self, schedule: StoredSchedule, until: datetime, error: str) -> bool:
        """A job could not be started; do not try before ``until``. False when the moment has passed."""
        return self._channel.count(POSTPONE, _this(schedule) | {"later": micros(until), "error": plain(error)}) == 1

    def heal(self, now: datetime, beyond: datetime) -> int:
        """After a clock jumped back: due schedules that are claimed until later than ``beyond`` are free again. How
        many those were."""
        return self._channel.count(HEAL, {"now": micros(now), "beyond": micros(beyond)})

    def _read(self, query: Query, process: str = "") -> list[StoredSchedule]:
        return [_schedule(row) for row in self._channel.rows(query, {"of_process": plain(process)})]


def _this(schedule: StoredSchedule) -> dict[str, str | int]:
    return {
        "of_process": plain(schedule.process),
        "of_number": schedule.number,
        "seen": micros(schedule.moment),
    }


def _schedule(row: Row) -> StoredSchedule:
    process, number, every, zone, due, wake, attempts, error = row
    return StoredSchedule(
        process=process,
        number=number,
        every=every,
        zone=zone,
        moment=moment(due),
        wake=moment(wake),
        attempts=attempts,
        error=error,
    )
