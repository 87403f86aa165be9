"""A database as a simulated process sees it: it pauses before each transaction and can fail around each commit.

The faults are put around the two channels' ``finish``, in the tests alone, for a commit has no place for them in the
product, and what they strike has to be struck inside it. They are named by what the transaction
wrote: ``commit.before:Act`` kills the process when the statements of an act are done and its commit is not,
``commit.after:Act`` when the commit is done and nobody was told, ``answer.kept:Act`` loses the connection after a
commit that was kept, ``answer.lost:Act`` after one that was not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from flowengine.errors import ConnectionLost
from flowengine.store import Database, Transaction
from flowengine.store.database import Scope
from flowengine.store.postgres import PostgresChannel
from flowengine.store.sqlite import SqliteChannel

T = TypeVar("T")

COMMANDS = ("Start", "Act", "Claim", "Say", "Invoke", "Deliver", "Fire", "Finish", "Fail")
"""What a transaction is about that writes one entry of a history."""

SEVERAL = "several"
"""What one is about that writes several: calls that are settled together."""

FAULTS = ("commit.before", "commit.after", "answer.kept", "answer.lost")


class Crash(BaseException):
    """The simulated process is dead: nothing of it runs any more. No code of the product may catch it."""


class Process(Protocol):
    """The simulated process that a database belongs to."""

    dead: bool

    def before_transaction(self, what: str) -> None:
        """Pause; raises Crash when the process was killed meanwhile."""

    def after_transaction(self) -> None: ...

    def fault(self, label: str) -> str:
        """Which of FAULTS is to happen at this commit, or an empty text."""

    def die(self) -> None: ...


_running: list[Process | None] = [None]
"""The process that holds the baton; the world itself is None and never meets a fault."""

_labels: dict[int, str] = {}
_COMMAND = re.compile(r'"command":\{"command":"(\w+)"')
_ORDER = ("history.add", "calls.claim", "calls.reschedule", "timers.postpone", "outbox.done", "outbox.retry_at")


@contextmanager
def running(process: Process | None) -> Iterator[None]:
    """Whose transactions are done from here on."""
    before, _running[0] = _running[0], process
    try:
        yield
    finally:
        _running[0] = before


def _note(channel: Any, query: Any, values: Any) -> None:
    """What the transaction is about, by the names of its queries: a command of a job beats all else."""
    name: str = query.name
    if name == "history.add":
        found = _COMMAND.search(values["body"])
        before = _labels.get(id(channel), "")
        _labels[id(channel)] = SEVERAL if before in COMMANDS else found[1] if found else name
    elif _labels.get(id(channel), "") in ("", *_ORDER) and name in _WRITES:
        _labels[id(channel)] = name


_WRITES = {
    "calls.claim", "calls.prolong", "calls.reschedule", "calls.tell", "timers.claim", "timers.postpone",
    "outbox.claim", "outbox.done", "outbox.retry_at", "outbox.add", "people.put", "people.add", "ballots.count",
}  # fmt: skip


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, query: Any, values: Any) -> Any:
        _note(self, query, values)
        return original(self, query, values)

    return method


def _finishing(original: Callable[..., Any]) -> Callable[..., Any]:
    def finish(self: Any, keep: bool) -> None:
        label, process = _labels.pop(id(self), ""), _running[0]
        if process is not None and process.dead:
            original(self, False)
            raise Crash
        fault = process.fault(label) if process is not None and keep and label else ""
        original(self, keep and fault not in ("commit.before", "answer.lost"))
        if process is not None and fault.startswith("commit"):
            process.die()
            raise Crash
        if fault:
            raise ConnectionLost("the connection was cut", where="commit", in_doubt=True)

    return finish


@contextmanager
def faults_at_commits() -> Iterator[None]:
    """Put the faults around both databases' channels."""
    kept: list[tuple[type, str, Any]] = []
    for kind in (SqliteChannel, PostgresChannel):
        for name, wrap in (
            ("rows", _noting),
            ("one", _noting),
            ("write", _noting),
            ("count", _noting),
            ("finish", _finishing),
        ):
            original = getattr(kind, name)
            kept.append((kind, name, original))
            setattr(kind, name, wrap(original))
    try:
        yield
    finally:
        for kind, name, original in kept:
            setattr(kind, name, original)


class FaultyDatabase(Database):
    """A :class:`Database` that belongs to a simulated process."""

    process: Process | None = None
    _inside = False

    def _before(self, what: str) -> None:
        if self.process is not None and not self._inside:
            self.process.before_transaction(what)

    def keep(self, work: Callable[[Transaction], T]) -> T:
        self._before("write")
        self._inside = True
        try:
            return super().keep(work)
        finally:
            self._inside = False
            if self.process is not None:
                self.process.after_transaction()

    def writing(self) -> Scope:
        self._before("write")
        return super().writing()

    def reading(self) -> Scope:
        self._before("read")
        return super().reading()
