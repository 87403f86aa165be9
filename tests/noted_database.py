"""A database that notes what is asked of it, by the driver that it stands on: what a verb costs, seen from below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flowengine.store import Database


class Asked(NamedTuple):
    """One statement: the name of its query, and how many rows it gave."""

    query: str
    rows: int


class NotedChannel:
    """A channel that notes its statements."""

    def __init__(self, channel: Any, asked: list[Asked]) -> None:
        self.channel = channel
        self.asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self.channel, name)

    def rows(self, query: Any, values: Any) -> Any:
        found = self.channel.rows(query, values)
        self.asked.append(Asked(query.name, len(found)))
        return found

    def one(self, query: Any, values: Any) -> Any:
        found = self.channel.one(query, values)
        self.asked.append(Asked(query.name, int(found is not None)))
        return found

    def write(self, query: Any, values: Any) -> None:
        self.asked.append(Asked(query.name, 0))
        self.channel.write(query, values)

    def write_many(self, query: Any, many: Sequence[Any]) -> None:
        if many:
            self.asked.append(Asked(query.name, 0))
        self.channel.write_many(query, many)

    def count(self, query: Any, values: Any) -> int:
        self.asked.append(Asked(query.name, 0))
        return int(self.channel.count(query, values))


class NotedDriver:
    """A driver that hands out noted channels. Unless it ``keeps`` what is written, whatever was done is as if it had
    never been, once it has been answered: what is asked next finds all as it was."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.asked: list[Asked] = []
        self.keeps = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.driver, name)

    def once(self, work: Callable[[Any], Any]) -> Any:
        if self.keeps:
            return self.driver.once(lambda channel: work(self._noted(channel)))
        channel = self.begin_writing()
        try:
            return work(channel)
        finally:
            self.end(channel, False)

    def begin_writing(self) -> Any:
        return self._noted(self.driver.begin_writing())

    def begin_reading(self) -> Any:
        return self._noted(self.driver.begin_reading())

    def begin_glancing(self) -> Any:
        return self._noted(self.driver.begin_glancing())

    def joining(self, connection: Any) -> Any:
        return self._noted(self.driver.joining(connection))

    def end(self, channel: NotedChannel, keep: bool) -> None:
        self.driver.end(channel.channel, keep and self.keeps)

    def _noted(self, channel: Any) -> NotedChannel:
        return NotedChannel(channel, self.asked)


class NotedDatabase(Database):
    """A :class:`~flowengine.Database` whose statements are in ``asked``."""

    def __init__(self, driver: Any, *more: Any) -> None:
        noted = NotedDriver(driver)
        super().__init__(noted, *more)
        self.driver = noted
        self.asked = noted.asked

    def keep_nothing(self) -> None:
        """From now on nothing that is written stays."""
        self.driver.keeps = False
