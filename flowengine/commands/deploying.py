"""Processes: put in use, listed and shown."""

from __future__ import annotations

from pathlib import Path

from flowengine.commands.shell import Shell
from flowengine.commands.unserved import unserved
from flowengine.commands.unstaffed import lacking
from flowengine.language import load, parse
from flowengine.language.model import Process
from flowengine.store import Transaction
from flowengine.views.replies import Deployed, ProcessRow


def deploy(shell: Shell, source: str | Path) -> Deployed:
    process = parse(source) if isinstance(source, str) and "\n" in source else load(source)
    shell.catalogue.keep(process)

    def work(tx: Transaction) -> bool:
        return tx.processes.add(process.name, process.version, process.title, process.source, shell.clock.now())

    new = shell.keep(work)
    missing = tuple(unserved(shell, [process]))
    with shell.reading() as tx:
        warnings = lacking(tx, process)
    return Deployed(
        name=process.name, version=process.version, title=process.title, new=new, unserved=missing, warnings=warnings
    )


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
