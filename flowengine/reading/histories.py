"""The history of a job, told and in full."""

from __future__ import annotations

from flowengine import exact
from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.translating import events_in
from flowengine.core.values import Actor
from flowengine.core.veil import veiled
from flowengine.language.model import Process
from flowengine.people.identities import By
from flowengine.runtime.actors import name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.store import Entry, Transaction
from flowengine.views.history_lines import Teller
from flowengine.views.replies import HistoryLine


def history(shell: Shell, job: str, by: By, after: int = 0, limit: int | None = None) -> list[HistoryLine]:
    with shell.reading() as tx:
        asker = access.asker(tx, "history", by)
        stored = access.read(tx, access.job_ref(tx, job, asker), "job", job)
        if not access.sees(tx, stored, asker):
            raise access.no_such("job", job)
        if stored.seq <= after:
            return []  # whoever follows a job asks again and again
        process = shell.catalogue.told(tx, stored.process, stored.version, asker.language).process
        entries = list(tx.history.of(stored.id))
        names, words = names_in(tx, entries), reader_words(tx, asker)
    teller = Teller(process, names, words)
    last = len(entries) if limit is None else after + limit
    told = (line(teller, entry, names, process) for entry in entries if entry.seq <= last)
    return [one for one in told if one.seq > after]  # those before are told too: it learns from them


def line(teller: Teller, entry: Entry, names: dict[str, str], process: Process) -> HistoryLine:
    """One entry in the language of the process given, without what nobody is shown: who voted what in a secret vote.
    ``events`` are as they are kept."""
    command, events = veiled(entry.command, entry.events)
    seen = events_in(process, events)
    return HistoryLine(
        seq=entry.seq,
        at=entry.at,
        who=teller.words.tell(whom(names, entry)),
        kind=entry.by.kind,
        what=teller.erased(command, seen) if entry.erased else teller.what(command, seen),
        erased=entry.erased,
        zone=process.zone,
        command=exact.builtins(command),
        events=tuple(exact.builtins(event) for event in events),
    )


def whom(names: dict[str, str], entry: Entry) -> str:
    """Who did what an entry says, and for which party."""
    who = names.get(entry.by.id, "") or entry.by.id or entry.by.kind
    if not entry.by.party:
        return who
    return phrase("%(who)s, for %(party)s", who=who, party=names.get(entry.by.party, "") or entry.by.party)


def names_in(tx: Transaction, entries: list[Entry]) -> dict[str, str]:
    """The names of all persons in :func:`persons`."""
    return {one: name_of(tx, one) for one in persons(entries)}


def persons(entries: list[Entry]) -> set[str]:
    """The ids of all persons who did something, to whom steps were handed, and whom steps waited for."""
    ids = {entry.by.id for entry in entries if entry.by.kind in ("customer", "staff", "operator") and entry.by.id}
    ids |= {entry.by.party for entry in entries if entry.by.party}
    for entry in entries:
        match entry.command:
            case c.Assign(person=str(person)) | c.ActFor(person=Actor(id=person)):
                ids.add(person)
    for entry in entries:
        for event in entry.events:
            if isinstance(event, e.StepOpened | e.Told):
                whom = event.step.audience if isinstance(event, e.StepOpened) else event.to
                ids |= {one.partition(":")[2] for one in whom if one.startswith("person:")}
    return ids
