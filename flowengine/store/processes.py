"""Processes: every version that was ever deployed, with its source (L6)."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Suspension
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.named_texts import DatabaseSettings
from flowengine.store.query import Query, inserts, param

_P = t.processes
_COLUMNS = (_P.c.name, _P.c.version, _P.c.title, _P.c.source, _P.c.at, _P.c.number)
_NAME, _VERSION = param("name"), param("version")

NEXT = Query(
    "processes.next",
    "The number that the next deployment of a process gets.",
    sa.select(sa.func.coalesce(sa.func.max(_P.c.number), 0) + 1).where(_P.c.name == _NAME),
)
ADD = Query("processes.add", "Keep a new version of a process.", inserts(_P))
PUT_FORWARD = Query(
    "processes.put_forward",
    "Make a version that is there already the latest again.",
    sa.update(_P).where(_P.c.name == _NAME, _P.c.version == _VERSION).values(number=param("next_number")),
)
GET = Query(
    "processes.get",
    "One version of a process.",
    sa.select(*_COLUMNS).where(_P.c.name == _NAME, _P.c.version == _VERSION),
)
SUSPENDED = "suspended "
"""Before the name of a process: where it is set down who has suspended it, when and why."""

_LOG = (
    sa.select(t.settings.c.value)
    .where(t.settings.c.name == sa.literal_column(f"'{SUSPENDED}'").concat(_P.c.name))
    .correlate(_P)
    .scalar_subquery()
)
LATEST = Query(
    "processes.latest",
    "The version of a process that was deployed last, and whether it is suspended.",
    sa.select(*_COLUMNS, _LOG).where(_P.c.name == _NAME).order_by(_P.c.number.desc()).limit(1),
)
ALL = Query(
    "processes.all", "All versions, by name, oldest first.", sa.select(*_COLUMNS).order_by(_P.c.name, _P.c.number)
)
VERSIONS = Query(
    "processes.versions", "The name and version of each, without its source.", sa.select(_P.c.name, _P.c.version)
)

IN_USE = Query(
    "processes.in_use",
    "The name of each process, and its version that was deployed last.",
    sa.select(_P.c.name, _P.c.version)
    .where(sa.tuple_(_P.c.name, _P.c.number).in_(sa.select(_P.c.name, sa.func.max(_P.c.number)).group_by(_P.c.name)))
    .order_by(_P.c.name),
)


class StoredProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a process. ``number`` counts the deployments of the name: the highest is in use."""

    name: str
    version: str
    title: str
    source: str
    at: datetime
    number: int
    suspended: Suspension | None = None
    """Why no new jobs begin; only told of the latest version."""


class Suspended(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time for which a process was suspended: who did it and why, and who let it go on, and why."""

    suspension: Suspension
    resumed: Suspension | None = None


MOST_KEPT = 100
"""Of the times for which a process was suspended, how many are kept."""


class Processes:
    """Processes in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, name: str, version: str, title: str, source: str, at: datetime) -> bool:
        """Keep a version and put it in use for new jobs. False when it was kept before; it is in use again then."""
        number = (self._channel.one(NEXT, {"name": name}) or (1,))[0]
        there = self.get(name, version)
        if there is not None:
            if there.number != number - 1:
                self._channel.write(PUT_FORWARD, {"name": name, "version": version, "next_number": number})
            return False
        row = {"name": name, "version": version, "number": number, "title": plain(title), "source": plain(source)}
        self._channel.write(ADD, row | {"at": micros(at)})
        return True

    def get(self, name: str, version: str) -> StoredProcess | None:
        """One version, or None."""
        row = self._channel.one(GET, {"name": plain(name), "version": plain(version)})
        return _process(row) if row else None

    def latest(self, name: str) -> StoredProcess | None:
        """The version that new jobs begin with, or None when there is no such process."""
        row = self._channel.one(LATEST, {"name": plain(name)})
        return _process(row) if row else None

    def expect(self, name: str) -> None:
        """:meth:`latest` will be asked for this name."""
        self._channel.expect(LATEST, {"name": plain(name)})

    def suspensions(self, name: str) -> list[Suspended]:
        """When a process was suspended, why and by whom, the last one last."""
        return _log(DatabaseSettings(self._channel).get(SUSPENDED + plain(name)))

    def note_suspensions(self, name: str, times: list[Suspended]) -> None:
        """Keep them; the last says whether the process is suspended now."""
        DatabaseSettings(self._channel).put(SUSPENDED + plain(name), text(times[-MOST_KEPT:]))

    def versions(self) -> list[tuple[str, str]]:
        """The name and the version of each that was ever deployed."""
        return [(name, version) for name, version in self._channel.rows(VERSIONS, {})]

    def in_use(self) -> list[tuple[str, str]]:
        """The name of each process, and the version that new jobs begin with, by name."""
        return [(name, version) for name, version in self._channel.rows(IN_USE, {})]

    def all(self) -> list[StoredProcess]:
        """All versions, by name, the one in use last."""
        return [_process(row) for row in self._channel.rows(ALL, {})]


def _process(row: Row) -> StoredProcess:
    name, version, title, source, at, number, *log = row
    held = suspension_of(_log(log[0])) if log and log[0] else None
    at = moment(at)
    return StoredProcess(name=name, version=version, title=title, source=source, at=at, number=number, suspended=held)


def suspension_of(times: list[Suspended]) -> Suspension | None:
    """Why a process is suspended now, by the times for which it was."""
    return times[-1].suspension if times and times[-1].resumed is None else None


def _log(value: str | None) -> list[Suspended]:
    return decode(value, list[Suspended]) if value else []
