"""Erasing a customer: what he and others wrote in his jobs, what he wrote in jobs of others, and who he was (L5).

He is erased first, so that nothing new comes of him, and then each job in a transaction of its own: asked again, it
goes on where it was cut short, and takes what could not be erased before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec

from flowengine.commands import access, consents, counting, voting
from flowengine.commands.interventions import check_reason
from flowengine.commands.sessions import forget
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.contents import Words, contents
from flowengine.core.seatings import himself
from flowengine.core.values import Actor, Json
from flowengine.errors import HistoryBroken, NotAllowed, NotFound
from flowengine.people.identities import By
from flowengine.people.permissions import OWN, needs
from flowengine.runtime.actors import nobody
from flowengine.speech.phrases import phrase
from flowengine.store import Entry, Person, StoredFile, StoredJob, Transaction, shown
from flowengine.store.administration import ERASE
from flowengine.store.erasing import Found
from flowengine.views.replies import Erasure, LeftOver

_PAGE = 500
_MOST_NAMED = 6
"""Of the jobs that are open, how many are named."""


class _Whose(NamedTuple):
    """A job in which something of a person is to be erased: all, or (``whole`` is False) what he wrote."""

    job: str
    person: str
    whole: bool


class _Plan(NamedTuple):
    """What is to be erased in a job: the numbers of its entries with what is left beside each, and ballots."""

    left: list[tuple[int, str]]
    words: Words
    ballots: list[tuple[int, str | None]]
    """His papers in ballot boxes, by step and id; of a job that is erased whole, all of a box."""

    @property
    def size(self) -> int:
        """How many entries; where there are none, how many ballots."""
        return len(self.left) or len(self.ballots)


def erase(shell: Shell, id: str, because: str, by: By, dry: bool) -> Erasure:
    """Erase a customer, or say what would be erased; a customer asks it for himself. Raises NotFound, and NotAllowed
    while jobs of his are open."""
    if shell.joined is not None and not dry:
        raise NotAllowed(
            phrase("a customer is erased in several transactions, not in the caller's"),
            possible=(phrase("call erase on the engine itself"),),
        )
    if dry:
        with shell.reading() as tx:
            _, people, revoked = _asked(tx, id, because, by)
            ids = tuple(one.id for one in people)
            found = [(one, _look(shell, tx, one)) for one in _wanted(tx, ids)]
            facts = sum(map(tx.records.number, ids))
            files = sum(len(_files(tx, one)) for one in ids)
        return _told(id, found, facts, revoked, people[0].erased, files)

    def begin(tx: Transaction) -> _Begun:
        actor, people, tokens = _asked(tx, id, because, by)
        now, facts, files = shell.clock.now(), 0, 0
        tx.erasing.securely()
        for there in people:
            facts += tx.records.number(there.id)
            forget_person(tx, there, actor, now)
            files += tx.files.erase(_files(tx, there.id), now)
        for token in tokens:
            tx.tokens.revoke(token, now)
        ids = [one.id for one in people]
        tx.erasing.forget_answers(lambda whose, told: whose in ids or _names(told, ids))
        deeds = [list(some) for some in ranges(tx.deeds.erase(ids))]
        told = {"deeds": deeds, "same": [one for one in ids if one != id], "facts": facts, "files": files}
        tx.note(actor, ERASE, id, told | {"revoked": list(tokens)}, because=because)
        return _Begun(actor, tuple(one.id for one in people), facts, tokens, people[0].erased or now, files)

    begun = shell.keep(begin)
    shell.external.forget()
    with shell.reading() as tx:
        wanted = list(_wanted(tx, begun.ids))
    done = [(one, shell.keep(partial(_erase, shell, one, because, begun.actor))) for one in wanted]
    return _told(id, done, begun.facts, begun.revoked, begun.erased, begun.files)


def forget_person(tx: Transaction, there: Person, by: Actor, now: datetime) -> None:
    """Who somebody was, what is known of him and how he came in is not there any more; his id stays nobody's. What he
    has consented to ends."""
    tx.people.update(Person(id=there.id, kind="customer", created=there.created, erased=there.erased or now))
    tx.records.forget(there.id)
    tx.aliases.forget(there.id)
    tx.contacts.forget(there.id)
    tx.acting.forget(there.id)
    consents.erased(tx, there.id, by, now)
    tx.received.forget(there.id, now)
    forget(tx, there.id, now)
    tx.conversations.erase(there.id)


def _files(tx: Transaction, id: str) -> list[str]:
    """His files, and all of his jobs and his conversation: but for what he gave to a job of another that is open."""
    found = (tx.files.get(file) for file in tx.files.of_customer(id))
    return [one.id for one in found if one is not None and not _is_in_open(tx, one)]


def _is_in_open(tx: Transaction, file: StoredFile) -> bool:
    try:
        return file.used and bool(file.job) and tx.jobs.get(file.job).status == "open"
    except NotFound:  # it is archived
        return False


class _Begun(NamedTuple):
    """That a customer is erased: by whom, under which ids, how many facts, which tokens, since when, and how many
    files."""

    actor: Actor
    ids: tuple[str, ...]
    facts: int
    revoked: tuple[str, ...]
    erased: datetime
    files: int


def _wanted(tx: Transaction, ids: Sequence[str]) -> Iterator[_Whose]:
    """The jobs in which something of a customer may be: his own, and those of others."""
    for id in ids:
        after: str | None = None
        while page := tx.jobs.list(customer=id, limit=_PAGE, after=after):
            yield from (_Whose(row.id, id, True) for row in page)
            after = page[-1].id
        wrote = tx.erasing.wrote(id)
        yield from (_Whose(job, id, False) for job in wrote)
        for job in tx.ballots.voted_jobs(id):
            if job not in wrote and tx.jobs.get(job).customer != id:
                yield _Whose(job, id, False)


def _asked(tx: Transaction, id: str, because: str, by: By) -> tuple[Actor, list[Person], tuple[str, ...]]:
    """Who asks, who is to be erased, under each of his ids, and his tokens, where that may be."""
    actor = access.asker(tx, "erase", by)
    check_reason(because)
    person = tx.people.get(id)
    own = needs("erase", actor) == OWN
    if person is None or (own and not himself(actor, id)):
        raise nobody(id)
    if own and actor.scopes:
        raise NotAllowed(
            phrase("nobody is erased by a token of his own"),
            where=id,
            possible=(phrase("sign in"), phrase("ask an operator")),
        )
    if person.kind != "customer":
        raise NotAllowed(
            phrase("%(id)s is staff, whom histories name as who did it", id=id), where=id, possible=("leave",)
        )
    ids = (id, *person.same)
    open_jobs = [shown(row.id) for one in ids for row in tx.jobs.list(customer=one, status="open", limit=_PAGE)]
    if open_jobs:
        named = ", ".join(open_jobs[:_MOST_NAMED]) + (" and more" if len(open_jobs) > _MOST_NAMED else "")
        what = phrase("a job of his is") if len(open_jobs) == 1 else phrase("jobs of his are")
        possible = (phrase("wait until they have ended"), phrase("have them withdrawn, or end them, first"))
        raise NotAllowed(
            phrase("%(id)s cannot be erased while %(what)s open: %(named)s", id=id, what=what, named=named),
            where=id,
            possible=possible,
        )
    people = [person, *filter(None, map(tx.people.get, person.same))]
    return actor, people, tuple(token.id for one in ids for token in tx.tokens.held(one))


def _told(
    id: str,
    found: Sequence[tuple[_Whose, int | str]],
    facts: int,
    revoked: tuple[str, ...],
    erased: datetime | None,
    files: int,
) -> Erasure:
    done = [(one, count) for one, count in found if isinstance(count, int) and count]
    return Erasure(
        person=id,
        jobs=tuple(one.job for one, _ in done if one.whole),
        others=tuple(one.job for one, _ in done if not one.whole),
        entries=sum(count for _, count in done),
        facts=facts,
        revoked=revoked,
        left=tuple(LeftOver(job=one.job, why=why) for one, why in found if isinstance(why, str)),
        erased=erased,
        files=files,
    )


def _look(shell: Shell, tx: Transaction, one: _Whose) -> int | str:
    """How many entries are to be erased in a job, or why that cannot be done yet."""
    planned = _planned(shell, tx, tx.jobs.get(one.job), one)
    return planned if isinstance(planned, str) else planned.size


def _planned(shell: Shell, tx: Transaction, job: StoredJob, one: _Whose) -> _Plan | str:
    person = one.person
    try:
        found = list(tx.erasing.found(job.id))
    except HistoryBroken as broken:
        return f"its history is broken: {broken}"
    words = Words() if one.whole else _words(found, person)
    left = [
        (each.entry.seq, each.beside.without(_everything if one.whole or _his(each.entry, person) else words.are_in))
        for each in found
        if _concerns(each, one, person, words)
    ]
    ballots = _ballots(shell, tx, job.id, one, person)
    if isinstance(ballots, str):
        return ballots
    if left and job.status != "open" and tx.erasing.sends(job.id):
        return "it has something to send to other jobs still"
    if (left or ballots) and job.status == "open":
        return "it is open"
    return _Plan(left, words, ballots)


def _ballots(
    shell: Shell, tx: Transaction, job_id: str, one: _Whose, person: str
) -> list[tuple[int, str | None]] | str:
    """The papers that are to be erased, or why that cannot be done."""
    if one.whole:
        return [(step, None) for step in tx.ballots.kept(job_id)]
    found: list[tuple[int, str | None]] = []
    for step in tx.ballots.voted_in(job_id, person):
        box = tx.ballots.find(job_id, step)
        own = voting.own_ballot(tx, box, person, shell.settings.ballot_secret) if box is not None else None
        if own is None:
            return "his ballot is kept under another secret than this installation's"
        if own[1].leaf is None:
            found.append((step, own[0]))
    return found


def _words(found: Sequence[Found], person: str) -> Words:
    """What a customer wrote in somebody else's job."""
    his = [each.entry for each in found if _his(each.entry, person)]
    before = (each for each in found if his and each.entry.seq < his[0].seq)
    return Words(
        (content for entry in his for content in _given(entry)),
        (content for each in before for content in each.beside.contents()),
    )


def _names(told: Json, ids: Sequence[str]) -> bool:
    """Whether one of the ids stands in an answer, or was named by what asked for it."""
    if isinstance(told, dict):
        return any(_names(one, ids) for one in told.values())
    return any(_names(one, ids) for one in told) if isinstance(told, list) else told in ids


def _everything(_: Json) -> bool:
    return True


def _concerns(found: Found, one: _Whose, person: str, words: Words) -> bool:
    """Whether something is to be erased in an entry. Why somebody was erased is kept, for that is what is left."""
    if isinstance(found.entry.command, c.Erase):
        return False
    return one.whole or _his(found.entry, person) or any(map(words.are_in, found.beside.contents()))


def _his(entry: Entry, person: str) -> bool:
    """Whether a customer did what an entry says, or somebody in his stead, or for him."""
    who = entry.command.person if isinstance(entry.command, c.ActFor) else entry.by
    return who.party == person or (who.kind, who.id) == ("customer", person)


def _given(entry: Entry) -> list[Json]:
    """What he wrote with it."""
    command = entry.command
    return contents(msgspec.structs.replace(command, because="") if isinstance(command, c.ActFor) else command)


def _erase(shell: Shell, one: _Whose, because: str, actor: Actor, tx: Transaction) -> int | str:
    """Erase what is to be erased in one job; how many entries that concerned, or why it cannot be done yet."""
    tx.insights.lock(waiting=True)  # before the job's, as whoever archives it has them
    job, person = tx.jobs.lock(one.job), one.person
    plan = _planned(shell, tx, job, one)
    if isinstance(plan, str):
        return plan
    if not plan.size:
        return 0
    entries = ranges([seq for seq, _ in plan.left])
    command = c.Erase(by=actor, whose=person, entries=entries, whole=one.whole, because=because)
    tx.erasing.erase(job.id, plan.left)
    for step, paper in plan.ballots:
        tx.ballots.erase(job.id, step, paper)
    shell.write(tx, shell.compute(tx, job, command, access.permit_all))
    if one.whole:
        tx.erasing.forget_receipts(job.id, lambda _, __: True)
    else:
        tx.erasing.forget_receipts(job.id, lambda whose, told: whose == person or plan.words.are_in(told))
        tx.erasing.replace(job.id, plan.words.without)
    counting.count_again(shell, tx, job.id)
    return plan.size


def ranges(numbers: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Numbers that grow, each run of them as its first and its last."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        first = found.pop()[0] if found and found[-1][1] == number - 1 else number
        found.append((first, number))
    return tuple(found)
