"""The history of a job, told and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from flowengine.core.values import Actor
from flowengine.core.veil import veiled
from flowengine.engine import access
from flowengine.engine.people import name_of
from flowengine.engine.views import HistoryLine
from flowengine.engine.words import what
from flowengine.language.model import Process
from flowengine.store import Entry, Transaction

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell

_READER = Actor(kind="operator")


def history(shell: Shell, job: str) -> list[HistoryLine]:
    with shell.reading() as tx:
        stored = access.read(tx, access.job_ref(tx, job, _READER), "job", job)
        process = shell.catalogue.compiled(tx, stored.process, stored.version).process
        entries = list(tx.history.of(stored.id))
        names = _names(tx, entries)
    return [_line(process, entry, names) for entry in entries]


def _line(process: Process, entry: Entry, names: dict[str, str]) -> HistoryLine:
    """One entry, without what nobody is shown: who voted what in a secret vote."""
    command, events = veiled(entry.command, entry.events)
    return HistoryLine(
        seq=entry.seq,
        at=entry.at,
        who=names.get(entry.by.id, "") or entry.by.id or entry.by.kind,
        kind=entry.by.kind,
        what=what(process, command, events, names),
        command=msgspec.to_builtins(command),
        events=tuple(msgspec.to_builtins(event) for event in events),
    )


def _names(tx: Transaction, entries: list[Entry]) -> dict[str, str]:
    """The names of all persons who did something, and of those to whom steps were handed."""
    ids = {entry.by.id for entry in entries if entry.by.kind in ("customer", "staff", "operator") and entry.by.id}
    ids |= {person for entry in entries if (person := getattr(entry.command, "person", ""))}
    return {one: name_of(tx, one) for one in ids}
