"""The processes in use, compiled once for each version."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from functools import lru_cache
from hashlib import sha256

from flowengine.core.machines import Compiled, compile_process
from flowengine.errors import NotAllowed, NotFound, ProcessRefused
from flowengine.language import parse
from flowengine.language.meaning import meaning
from flowengine.language.model import Process
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.speech.readers import words_for
from flowengine.store import Transaction

READ = 32

read = lru_cache(maxsize=READ)(parse)
"""As ``parse``, which comes to the same for the same text, for all engines of this process: an application may have
several, and its tests open one each. So many texts are kept as they were read, those that were accepted."""


class Catalogue:
    """Compiled processes by name and version. A version never changes, so nothing in here ever grows old (L6).

    A process that names no zone has that of the installation.
    """

    def __init__(self, zone: str = "UTC") -> None:
        self._zone = zone
        self._compiled: dict[tuple[str, str], Compiled] = {}
        self._told: dict[tuple[str, str, str], Compiled] = {}

    def keep(self, compiled: Compiled) -> None:
        """A process has been put in use."""
        process = compiled.process
        self._compiled[process.name, process.version] = compiled

    def latest(self, tx: Transaction, name: str, *, begin: bool = False, language: str = "") -> Compiled:
        """The version that new jobs begin with, in a language as :meth:`told` has it. Raises NotFound, which lists the
        processes in use; to ``begin`` one, NotAllowed where the process is suspended."""
        row = tx.processes.latest(name)
        if row is None:
            known = sorted({row.name for row in tx.processes.all()})
            raise NotFound(phrase("there is no process %(name)s", name=repr(name)), where=name, possible=known)
        if begin and row.suspended is not None:
            held = row.suspended
            what = phrase(
                "no job of %(name)s begins since %(since)s: %(because)s",
                name=name,
                since=moment_phrase(held.since, UTC),
                because=held.because,
            )
            raise NotAllowed(what, where=name, possible=(phrase("wait until it is resumed"),))
        return self.told(tx, name, row.version, language)

    def alike(self, tx: Transaction, process: Process) -> str:
        """The version that means what this process means: its own, or that under which the same was put in use before
        versions were of the meaning. The latest comes first; to go back to an older one is possible as well."""
        rows = [row for row in tx.processes.all() if row.name == process.name]
        if any(row.version == process.version for row in rows):
            return process.version
        said = meaning(process)
        for row in sorted(rows, key=lambda row: -row.number):
            if row is not rows[-1] and sha256(row.source.encode()).hexdigest()[:12] != row.version:
                continue  # its version is of its meaning, which is another one
            with suppress(ProcessRefused):  # the language may have grown stricter
                if meaning(read(row.source, check=False)) == said:
                    return row.version
        return process.version

    def compiled(self, tx: Transaction, name: str, version: str) -> Compiled:
        """That version of that process."""
        found = self._compiled.get((name, version))
        if found is None:
            row = tx.processes.get(name, version)
            if row is None:
                known = [row.version for row in tx.processes.all() if row.name == name]
                raise NotFound(
                    phrase("there is no version %(version)s of %(name)s", version=repr(version), name=repr(name)),
                    where=name,
                    possible=known,
                )
            process = read(row.source, f"{name}@{version}", check=False)
            found = self.compile(process.put_in_use(version, words_for))  # as it is stored, however it was made
            self._compiled[name, version] = found
        return found

    def told(self, tx: Transaction, name: str, version: str, language: str) -> Compiled:
        """That version of that process, for telling somebody of it in his language; in its own where it is not said in
        that one. What jobs come to is always of :meth:`compiled`."""
        found = self.compiled(tx, name, version)
        if language not in found.process.others:
            return found
        told = self._told.get((name, version, language))
        if told is None:
            told = self._told[name, version, language] = compile_process(found.process.others[language])
        return told

    def compile(self, process: Process) -> Compiled:
        """A process, ready to run, with the zone of the installation where it names none."""
        return compile_process(process.settled(self._zone))
