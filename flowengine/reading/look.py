"""One look at a job by one actor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.seatings import stands_for
from flowengine.core.translating import events_in
from flowengine.core.values import Actor
from flowengine.language.model import Process
from flowengine.people.identities import By
from flowengine.people.permissions import require
from flowengine.runtime.actors import actor_of, name_of, reader_words
from flowengine.speech.words import Words
from flowengine.store import Entry, StoredJob, Transaction
from flowengine.views import plainly


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a job by one actor. ``inside``: he may see the inner states; ``own``: it is his own job."""

    tx: Transaction
    job: StoredJob
    compiled: Compiled
    actor: Actor
    inside: bool
    own: bool
    now: datetime
    secret: str
    """By which his ballots are found."""

    @property
    def process(self) -> Process:
        return self.compiled.process

    @property
    def position(self) -> Position:
        return self.job.position

    @property
    def words(self) -> Words:
        """The words of who looks."""
        return reader_words(self.tx, self.actor)

    def entries(self, after: int = 0, limit: int | None = None) -> list[Entry]:
        """Entries of its history, as they are told in the asker's language."""
        return entries_in(self.process, self.tx.history.of(self.job.id, after, limit))

    def opening(self, number: int) -> tuple[int, e.StepOpened] | None:
        """The entry that opened a step, and how, as that is told in the asker's language."""
        found = access.opening(self.tx, self.job, number)
        return None if found is None else (found[0], events_in(self.process, [found[1]])[0])


def look_at(shell: Shell, tx: Transaction, text: str, verb: str, by: By) -> Look:
    """A look at a job by who asks, where he may; what is due has happened before it (L13). Raises NotFound."""
    actor = actor_of(tx, by)
    now = shell.clock.now()
    job = shell.caught_up(tx, access.visible_job(tx, text, actor), now)
    require(verb, actor)
    compiled: Compiled = shell.catalogue.told(tx, job.process, job.version, actor.language)
    inside = actor.kind != "customer"
    own = inside or job.customer in stands_for(actor, looking=True)
    return Look(tx, job, compiled, actor, inside, own, now, shell.settings.ballot_secret)


def entries_in(process: Process, entries: list[Entry]) -> list[Entry]:
    """Entries as a process in another language tells them; by one in its own as they are."""
    return [replace(one, events=events_in(process, one.events)) for one in entries] if process.told else entries


def names(look: Look, audience: Iterable[str]) -> Iterable[str]:
    for seating in audience:
        kind, _, person = seating.partition(":")
        known = {person: name_of(look.tx, person)} if kind == "person" else {}
        whom = plainly.waits_for_words(seating, known, look.process.roles, look.process.groups, look.actor.id)
        yield look.words.tell(whom)


def who_did(look: Look, entry: Entry) -> str:
    """Who did what an entry says, and for whom, by name."""
    who = name_of(look.tx, entry.by.id) or entry.by.kind
    if not entry.by.party:
        return who
    return look.words.say("%(who)s, for %(party)s", who=who, party=name_of(look.tx, entry.by.party))
