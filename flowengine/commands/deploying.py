"""Processes: put in use, listed and shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flowengine.commands import starting
from flowengine.commands.shell import Shell
from flowengine.commands.unserved import unserved
from flowengine.errors import ProcessRefused
from flowengine.language import load, parse
from flowengine.language.checks.starts import clashes
from flowengine.language.model import Process
from flowengine.store import Transaction
from flowengine.views.replies import Deployed, ProcessRow


def deploy(shell: Shell, source: str | Path) -> Deployed:
    process = parse(source) if isinstance(source, str) and "\n" in source else load(source)
    with shell.reading() as tx:
        process = replace(process, version=shell.catalogue.alike(tx, process))

    def work(tx: Transaction) -> bool:
        now = shell.clock.now()
        _alone(shell, tx, process)
        new = tx.processes.add(process.name, process.version, process.title, process.source, now)
        starting.place(tx, shell.catalogue.compiled(tx, process.name, process.version).process, now)
        return new

    new = shell.keep(work)
    if new:
        shell.catalogue.keep(process)
    missing = tuple(unserved(shell, [process]))
    return Deployed(name=process.name, version=process.version, title=process.title, new=new, unserved=missing)


def _alone(shell: Shell, tx: Transaction, process: Process) -> None:
    """Raises ProcessRefused where another process in use starts by the same messages."""
    if any(one.message for one in process.starts):
        others = [shell.catalogue.compiled(tx, *one).process for one in tx.processes.in_use() if one[0] != process.name]
        found = clashes(process, others)
        if found:
            raise ProcessRefused(found)


def rows(shell: Shell) -> list[ProcessRow]:
    with shell.reading() as tx:
        stored = list(tx.processes.all())
    latest = {row.name: row.version for row in stored}
    return [
        ProcessRow(
            name=row.name,
            version=row.version,
            title=row.title,
            deployed=row.at,
            latest=latest[row.name] == row.version,
        )
        for row in stored
    ]


def process(shell: Shell, name: str, version: str | None) -> Process:
    with shell.reading() as tx:
        catalogue = shell.catalogue
        return (catalogue.latest(tx, name) if version is None else catalogue.compiled(tx, name, version)).process
