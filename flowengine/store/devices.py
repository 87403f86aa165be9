"""Devices that wait for a person to let them in (RFC 8628), found by the SHA-256 of their secret, or by the few letters
that the person types."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from flowengine.people.identities import Strength
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param

DeviceState: TypeAlias = Literal["waiting", "approved", "denied", "taken"]
_D = t.devices
_COLUMNS = (_D.c.hash, _D.c.user_code, _D.c.state, _D.c.body, _D.c.polled, _D.c.interval, _D.c.until)

ADD = Query("devices.add", "Keep a device that waits.", inserts(_D))
FIND = Query("devices.find", "The device of that hash.", sa.select(*_COLUMNS).where(_D.c.hash == param("of_hash")))
SHOWN = Query(
    "devices.shown",
    "The device that shows those letters, while it waits.",
    sa.select(*_COLUMNS).where(
        _D.c.user_code == param("of_code"),
        _D.c.state == sa.literal_column("'waiting'"),
        _D.c.until > param("now"),
    ),
)
MOVE = Query(
    "devices.move",
    "A device is approved, denied or let in: once.",
    sa.update(_D)
    .where(_D.c.hash == param("of_hash"), _D.c.state == param("was"))
    .values(state=param("state"), body=param("body")),
)
POLLED = Query(
    "devices.polled",
    "A device has asked whether it is let in.",
    sa.update(_D).where(_D.c.hash == param("of_hash")).values(polled=param("at"), interval=param("interval")),
)
TIDY = Query("devices.tidy", "Forget devices that came to nothing.", sa.delete(_D).where(_D.c.until < param("before")))


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device says of itself and from where it asks; and who has let it in, with what."""

    client: str = ""
    address: str = ""
    person: str = ""
    strength: Strength = "code"
    scopes: tuple[str, ...] = ()


class StoredDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that waits. ``interval`` is how long it waits between two questions; it asked last at ``polled``."""

    hash: str
    user_code: str
    state: DeviceState
    wish: Wish
    polled: datetime
    interval: timedelta
    until: datetime


class Devices:
    """Devices in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, one: StoredDevice) -> None:
        """Keep a device that waits."""
        row = {"hash": one.hash, "user_code": one.user_code, "state": one.state, "body": text(one.wish)}
        interval = one.interval // timedelta(microseconds=1)
        times = {"polled": micros(one.polled), "interval": interval, "until": micros(one.until)}
        self._channel.write(ADD, row | times)

    def find(self, hash: str) -> StoredDevice | None:
        """The device of that hash, whether it waits or not."""
        row = self._channel.one(FIND, {"of_hash": hash})
        return _device(row) if row else None

    def shown(self, user_code: str, now: datetime) -> StoredDevice | None:
        """The device that shows those letters, while it waits."""
        row = self._channel.one(SHOWN, {"of_code": plain(user_code), "now": micros(now)})
        return _device(row) if row else None

    def move(self, one: StoredDevice, state: DeviceState, wish: Wish) -> bool:
        """What becomes of it. False when something else became of it meanwhile."""
        values = {"of_hash": one.hash, "was": one.state, "state": state, "body": text(wish)}
        return self._channel.count(MOVE, values) == 1

    def polled(self, hash: str, at: datetime, interval: timedelta) -> None:
        """It has asked whether it is let in, and is to wait for that long."""
        values = {"of_hash": hash, "at": micros(at), "interval": interval // timedelta(microseconds=1)}
        self._channel.write(POLLED, values)

    def tidy(self, before: datetime) -> None:
        """Forget what was over before a moment."""
        self._channel.write(TIDY, {"before": micros(before)})


def _device(row: Row) -> StoredDevice:
    hash, user_code, state, body, polled, interval, until = row
    return StoredDevice(
        hash=hash,
        user_code=user_code,
        state=state,
        wish=decode(body, Wish),
        polled=moment(polled),
        interval=timedelta(microseconds=interval),
        until=moment(until),
    )
