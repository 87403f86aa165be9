"""The processes in use, compiled once for each version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.core.machines import Compiled, compile_process
from flowengine.engine.views import Deployed, ProcessRow
from flowengine.errors import NotFound
from flowengine.language import load, parse
from flowengine.language.model import Process
from flowengine.store import Transaction

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell


class Catalogue:
    """Compiled processes by name and version. A version never changes, so nothing in here ever grows old (L6)."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], Compiled] = {}

    def deploy(self, shell: Shell, source: str | Path) -> Deployed:
        process = parse(source) if isinstance(source, str) and "\n" in source else load(source)
        compiled = compile_process(process)
        with shell.writing() as tx:
            new = tx.processes.add(process.name, process.version, process.title, process.source, shell.clock.now())
        self._compiled[process.name, process.version] = compiled
        return Deployed(name=process.name, version=process.version, title=process.title, new=new)

    def rows(self, shell: Shell) -> list[ProcessRow]:
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

    def process(self, shell: Shell, name: str, version: str | None) -> Process:
        with shell.reading() as tx:
            found = self.latest(tx, name) if version is None else self.compiled(tx, name, version)
        return found.process

    def latest(self, tx: Transaction, name: str) -> Compiled:
        """The version that new jobs begin with. Raises NotFound, which lists the processes in use."""
        row = tx.processes.latest(name)
        if row is None:
            known = sorted({row.name for row in tx.processes.all()})
            raise NotFound(f"there is no process {name!r}", where=name, possible=known)
        return self.compiled(tx, name, row.version)

    def compiled(self, tx: Transaction, name: str, version: str) -> Compiled:
        """That version of that process."""
        found = self._compiled.get((name, version))
        if found is None:
            row = tx.processes.get(name, version)
            if row is None:
                known = [row.version for row in tx.processes.all() if row.name == name]
                raise NotFound(f"there is no version {version!r} of {name!r}", where=name, possible=known)
            found = compile_process(parse(row.source, f"{name}@{version}", check=False))
            self._compiled[name, version] = found
        return found
