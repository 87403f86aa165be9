"""Whether something has changed for somebody who listens: what he may listen to, and one look for all who do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.seatings import person_seating, seatings, stands_for
from flowengine.people.identities import By


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody listens to: a job, by its full id, or else whatever concerns him: the jobs of the ``customers`` for
    whom he stands, and what waits for him, by name (``named``) or with others (``shared``)."""

    job: str = ""
    customers: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


def interest(shell: Shell, by: By, job: str = "") -> Interest:
    """What who asks listens to: a job that he may see, or all that concerns him. Raises NotFound, NotAllowed."""
    with shell.reading() as tx:
        if job:
            return Interest(job=access.visible_job(tx, job, access.asker(tx, "track", by)).id)
        actor = access.asker(tx, "inbox", by)
    mine = stands_for(actor, looking=True)
    named = {person_seating(one) for one in mine}
    return Interest(customers=mine, named=tuple(sorted(named)), shared=tuple(sorted(seatings(actor) - named)))


def looked(shell: Shell, interests: Iterable[Interest]) -> dict[Interest, str]:
    """How each stands now: of a job the number of its last history entry, else a text that says nothing but that it is
    another one than before. A job that is gone is not there."""
    wanted = set(interests)
    with shell.reading() as tx:
        jobs = tx.changes.jobs(one.job for one in wanted if one.job)
        customers = tx.changes.customers(id for one in wanted for id in one.customers)
        named = tx.changes.waiting(audience for one in wanted for audience in one.named)
        shared = {name: tx.changes.most_urgent(name) for name in {name for one in wanted for name in one.shared}}

    def mark(one: Interest) -> str:
        own = [customers.get(id) for id in one.customers], [named.get(name) for name in one.named]
        said = (own, [shared[name] for name in one.shared])
        return blake2b(repr(said).encode(), digest_size=12).hexdigest()

    found = {one: str(jobs[one.job]) for one in wanted if one.job in jobs}
    return found | {one: mark(one) for one in wanted if not one.job}
