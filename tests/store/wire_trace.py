"""What goes over the wire to PostgreSQL, as libpq itself traces it: the round trips of this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

_SENT = re.compile(r'^(\S+ \S+)\tF\t\d+\t(Parse|Bind|Sync)(?:\t "([^"]*)" "(\w*))?', re.MULTILINE)
"""A message to the server: when, which, and two texts; of a Parse its statement's name and first word, of a Bind what
the second is: its statement's name."""


class Trips:
    """The round trips on the connections that are opened meanwhile."""

    def __init__(self, folder: Path, files: ExitStack) -> None:
        self._folder = folder
        self._files = files
        self._traces: list[Path] = []
        self._before = 0

    def follow(self, raw: object, _: object) -> None:
        """A connection was opened."""
        if isinstance(raw, psycopg.Connection):
            trace = self._folder / f"wire-{len(self._traces)}"
            self._traces.append(trace)
            raw.pgconn.trace(self._files.enter_context(trace.open("wb")).fileno())

    def clear(self) -> None:
        """Tell only what comes from now on."""
        self._before = len(self._all())

    @property
    def made(self) -> list[list[str]]:
        """The statements of each trip, by their first word."""
        return self._all()[self._before :]

    def _all(self) -> list[list[str]]:
        trips = sorted(trip for trace in self._traces for trip in _trips(trace.read_text()))
        return [words for _, words in trips]


def _trips(trace: str) -> Iterator[tuple[str, list[str]]]:
    """The trips of one connection: when each was sent, and what."""
    known: dict[str, str] = {}
    words: list[str] = []
    for when, message, first, second in _SENT.findall(trace):
        if message == "Parse":
            known[first] = second
        elif message == "Bind":
            words.append(known[second])
        else:
            yield when, words
            words = []


@contextmanager
def traced(folder: Path) -> Iterator[Trips]:
    """Notes round trips; the traces lie in a folder."""
    with ExitStack() as files:
        trips = Trips(folder, files)
        sa.event.listen(sa.pool.Pool, "connect", trips.follow)
        try:
            yield trips
        finally:
            sa.event.remove(sa.pool.Pool, "connect", trips.follow)
