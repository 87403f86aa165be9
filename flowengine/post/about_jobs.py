"""What all letters about one job have in common: who is written to, in which words, and where he finds the job."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime

from flowengine.commands.shell import Shell
from flowengine.core.machines import Compiled
from flowengine.core.values import Json
from flowengine.language.model import Process
from flowengine.post.writing import Composed, Invitation, Part, greeting
from flowengine.speech.words import Words
from flowengine.store import Person, StoredJob, Transaction


@dataclass(frozen=True, slots=True)
class AboutJob:
    """One letter about a job that is to be written: ``to`` is where the ``person`` reads it, ``reader`` his words,
    ``compiled`` the process in his language, and ``at`` when it happened of which it tells."""

    shell: Shell
    tx: Transaction
    job: StoredJob
    compiled: Compiled
    reader: Words
    person: Person
    to: str
    at: datetime

    @property
    def process(self) -> Process:
        return self.compiled.process

    def page(self, path: str) -> str:
        """The address of a page; empty where nobody knows that of the installation."""
        url = self.shell.settings.url
        return f"{url}/{path}" if url else ""

    def command(self, verb: str, short: str) -> str:
        """What he types where there is no page."""
        return f"flow {verb} {short} --as {shlex.quote(self.person.id)}"

    def composed(
        self,
        why: str,
        subject: str,
        parts: tuple[Part, ...],
        link: str,
        /,
        *,
        invitation: Invitation | None = None,
        at: datetime | None = None,
        **data: Json,
    ) -> Composed:
        """The letter: he is greeted, then come its ``parts``. Programs are told the job, its process, who is written to
        and the ``link`` beside the ``data``."""
        return Composed(
            reader=self.reader,
            to=self.to,
            name=self.person.name,
            subject=subject,
            parts=(greeting(self.person), *parts),
            why=why,
            data={
                "job": self.job.id,
                "process": self.process.title,
                **data,
                "person": self.person.id,
                "link": link or None,
            },
            at=at or self.at,
            invitation=invitation,
        )
