"""Processes: put in use, listed and shown."""

from __future__ import annotations

from os import fspath
from pathlib import Path

import msgspec

from flowengine.commands import access, starting
from flowengine.commands.interventions import check_reason
from flowengine.commands.shell import Shell
from flowengine.commands.unserved import unserved
from flowengine.commands.unstaffed import lacking
from flowengine.core.values import Actor, Suspension
from flowengine.errors import NotAllowed, ProcessRefused
from flowengine.interop.differences import differences, noticed_by
from flowengine.language import text_of
from flowengine.language.checks.recursion import calls_others, endless_calls
from flowengine.language.checks.starts import clashes
from flowengine.language.model import Process
from flowengine.people.identities import By
from flowengine.runtime.actors import reader_words
from flowengine.runtime.catalogue import read
from flowengine.speech.phrases import phrase
from flowengine.speech.readers import words_for
from flowengine.store import Transaction
from flowengine.store.processes import StoredProcess, Suspended, suspension_of
from flowengine.views.replies import ChangeView, Deployed, ProcessRow, SuspendedView


def deploy(shell: Shell, source: str | Path, by: Actor) -> Deployed:
    is_text = isinstance(source, str) and "\n" in source
    process = read(source) if is_text else read(text_of(source), fspath(source))
    with shell.reading() as tx:
        process = process.put_in_use(shell.catalogue.alike(tx, process), words_for)
    compiled = shell.catalogue.compile(process)

    def work(tx: Transaction) -> tuple[bool, str, Process]:
        now = shell.clock.now()
        _among_others(shell, tx, process)
        latest = tx.processes.latest(process.name)
        new = tx.processes.add(process.name, process.version, process.title, process.source, now)
        after = compiled if new else shell.catalogue.compiled(tx, process.name, process.version)
        starting.place(tx, after.process, now)
        was = latest.version if latest else ""
        tx.note(by, "deploy", process.name, {"version": process.version, "was": was, "new": new})
        return new, was, after.process

    new, was, after = shell.keep(work)
    if new:
        shell.catalogue.keep(compiled)
    missing = tuple(unserved(shell, [process]))
    with shell.reading() as tx:
        words = reader_words(tx, by)
        warnings = tuple(map(words.tell, lacking(tx, process)))
        found = differences(shell.catalogue.compiled(tx, process.name, was).process, after) if was else []
        changes = [one.told(words.tell) for one in found]
    return Deployed(
        name=process.name,
        version=process.version,
        title=process.title,
        new=new,
        unserved=missing,
        warnings=warnings,
        was=was,
        changes=tuple(ChangeView(where=one.where, what=one.what, who=one.who) for one in changes),
        noticed_by=tuple(map(words.tell, noticed_by(found))),
    )


def _among_others(shell: Shell, tx: Transaction, process: Process) -> None:
    """Raises ProcessRefused where another process in use starts by the same messages, or where the process and others
    in use call one another for ever."""
    if any(one.message for one in process.starts) or calls_others(process):
        others = [shell.catalogue.compiled(tx, *one).process for one in tx.processes.in_use() if one[0] != process.name]
        found = sorted((*clashes(process, others), *endless_calls(process, others)))
        if found:
            raise ProcessRefused(found)


def rows(shell: Shell, language: str = "") -> list[ProcessRow]:
    with shell.reading() as tx:
        stored = list(tx.processes.all())
        latest = {row.name: row.version for row in stored}
        held = {name: suspension_of(tx.processes.suspensions(name)) for name in latest}
        found = [_row(row, latest[row.name] == row.version, held[row.name]) for row in stored]
        return [_titled(shell, tx, row, language) for row in found] if language else found


def _titled(shell: Shell, tx: Transaction, row: ProcessRow, language: str) -> ProcessRow:
    """The latest version by its title in a language; others as they are."""
    if not row.latest:
        return row
    title = shell.catalogue.told(tx, row.name, row.version, language).process.title
    return msgspec.structs.replace(row, title=title)


def _row(row: StoredProcess, latest: bool, held: Suspension | None) -> ProcessRow:
    return ProcessRow(
        name=row.name,
        version=row.version,
        title=row.title,
        deployed=row.at,
        latest=latest,
        suspended=SuspendedView(since=held.since, because=held.because, by=held.by) if held else None,
    )


def suspend(shell: Shell, name: str, because: str, by: By) -> ProcessRow:
    """Have no new job of a process begin."""

    def work(tx: Transaction) -> ProcessRow:
        actor = access.asker(tx, "suspend_process", by)
        check_reason(because)
        shell.catalogue.latest(tx, name, begin=True)
        times = [*tx.processes.suspensions(name), Suspended(_said(shell, because, actor))]
        suspended = _note(tx, name, times)
        tx.note(actor, "suspend_process", name, because=because)
        return suspended

    return shell.keep(work)


def resume(shell: Shell, name: str, because: str, by: By) -> ProcessRow:
    """Let jobs of a process begin again."""

    def work(tx: Transaction) -> ProcessRow:
        actor = access.asker(tx, "resume_process", by)
        check_reason(because)
        shell.catalogue.latest(tx, name)
        times = tx.processes.suspensions(name)
        if suspension_of(times) is None:
            raise NotAllowed(
                phrase("%(name)s is not suspended", name=name), where=name, possible=(phrase("suspend it"),)
            )
        resumed = _note(tx, name, [*times[:-1], Suspended(times[-1].suspension, _said(shell, because, actor))])
        tx.note(actor, "resume_process", name, because=because)
        return resumed

    return shell.keep(work)


def _said(shell: Shell, because: str, by: Actor) -> Suspension:
    return Suspension(since=shell.clock.now(), because=because, by=by.id)


def _note(tx: Transaction, name: str, times: list[Suspended]) -> ProcessRow:
    tx.processes.note_suspensions(name, times)
    latest = tx.processes.latest(name)
    assert latest is not None, "it was there just now"
    return _row(latest, True, suspension_of(times))


def process(shell: Shell, name: str, version: str | None) -> Process:
    with shell.reading() as tx:
        catalogue = shell.catalogue
        return (catalogue.latest(tx, name) if version is None else catalogue.compiled(tx, name, version)).process
