"""Switches and secrets of the database: a few named texts that all processes share."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import plain
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param, upserts

_S = t.settings


def _once(dialect: Dialect) -> Statement:
    """What is there stays: it is set to itself, which also waits for another who sets it at this moment."""
    return upserts(dialect, _S, {"value": _S.c.value})


GET = Query("settings.get", "What is set under a name.", sa.select(_S.c.value).where(_S.c.name == param("name")))
PUT = Query("settings.put", "Set something under a name.", lambda dialect: upserts(dialect, _S))
ONCE = Query("settings.once", "Set something under a name, unless something is set there already.", _once)


DROP = Query("settings.drop", "Nothing is set under a name any more.", sa.delete(_S).where(_S.c.name == param("name")))
BEGINNING = Query(
    "settings.beginning",
    "What is set under all names that begin so.",
    sa.select(_S.c.value).where(_S.c.name >= param("low"), _S.c.name < param("high")).order_by(_S.c.name),
)


class DatabaseSettings:
    """Named texts in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get(self, name: str) -> str | None:
        """What is set under the name, or None."""
        row = self._channel.one(GET, {"name": name})
        return row[0] if row else None

    def put(self, name: str, value: str) -> None:
        """Set it, whatever was set before."""
        self._channel.write(PUT, {"name": name, "value": plain(value)})

    def once(self, name: str, value: str) -> str:
        """Set it unless something is set, and give what is set then: of two who try at once, both get the same."""
        self._channel.write(ONCE, {"name": name, "value": plain(value)})
        kept = self.get(name)
        assert kept is not None, f"{name} was set just now"
        return kept

    def drop(self, name: str) -> None:
        """Nothing is set under the name any more."""
        self._channel.write(DROP, {"name": name})

    def beginning(self, start: str) -> list[str]:
        """What is set under all names that begin so, in their order."""
        high = start[:-1] + chr(ord(start[-1]) + 1)
        return [row[0] for row in self._channel.rows(BEGINNING, {"low": start, "high": high})]
