"""What is known of customers: facts in pages, the record on one screen, what matters to a step, and finding people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.arriving import received
from flowengine.commands.asked import Asked, asked
from flowengine.commands.people import view as person_view
from flowengine.commands.records import WAITING, fact_view, found_fact, ids_of, roles_of, sight, whose
from flowengine.commands.referrals import chain, name_given
from flowengine.commands.shell import Shell
from flowengine.core.conversation import unanswered
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer
from flowengine.language.parts import FACT_KINDS
from flowengine.people.identities import PERSON_ID, By
from flowengine.people.permissions import OWN, needs
from flowengine.reading.tracking import WantedJobs
from flowengine.reading.tracking import jobs as list_jobs
from flowengine.runtime.actors import name_of
from flowengine.speech.phrases import phrase
from flowengine.store import Person, StoredJob, Transaction, shown
from flowengine.store.records import Fact, Wanted, closed
from flowengine.views.facts import BroughtBy, FactView, PanelView, PromisedView
from flowengine.views.records import CustomerRow, FoundCustomers, RecordView, ReferralView
from flowengine.views.replies import JobRow

LARGEST_PAGE = 200
USUAL = ("concern", "expectation", "promise")
"""What is shown beside a step whose process does not say."""

HOLDING = ("preference", "note")
"""The kinds that hold as they are, and wait for no answer."""

LATELY = 3
"""Facts, whatever kind they are, that are shown as the last."""

MOST_SHOWN = 20
"""Facts of one kind, and jobs, that are shown on one screen."""

LONGEST_SEARCH = 200
MOST_WORDS = 8

_PLACE = re.compile(r"(\d{1,18}):([0-9a-f-]{36})")


def check_limit(limit: int) -> None:
    """Raises BadAnswer for a page that is too large, or holds nothing."""
    if not 0 < limit <= LARGEST_PAGE:
        raise BadAnswer(
            {
                "limit": phrase(
                    "is %(limit)s; 1 to %(largest_page)s are possible", limit=limit, largest_page=LARGEST_PAGE
                )
            }
        )


def facts(
    shell: Shell, id: str, kind: str, open_: bool | None, of: str, after: str, limit: int, by: By
) -> list[FactView]:
    """A page of what is known of a customer, the newest first; or the versions ``of`` one fact."""
    with shell.reading() as tx:
        actor = access.asker(tx, "facts", by)
        person = whose(tx, "facts", id, actor)
        check_limit(limit)
        if kind and kind not in FACT_KINDS:
            raise BadAnswer({"kind": phrase("%(kind)s is no kind of fact", kind=repr(kind[:60]))}, possible=FACT_KINDS)
        found = _PLACE.fullmatch(after)
        if after and found is None:
            raise BadAnswer(
                {"after": phrase("%(after)s is no place in this list", after=repr(after[:60]))},
                possible=(phrase("the place of a fact"),),
            )
        behind = (int(found[1]), found[2]) if found is not None else None
        if of:
            return [fact_view(tx, one, actor) for one in _versions(shell, tx, person, of, actor)][:limit]
        wanted = Wanted(ids_of(person), (kind,) if kind else (), open_, behind)
        return [fact_view(tx, one, actor) for one in tx.records.list(wanted, sight(shell, actor), limit)]


def _versions(shell: Shell, tx: Transaction, person: Person, of: str, actor: Actor) -> list[Fact]:
    """How a fact of somebody was said each time, the last first, as far as who asks may see it. Raises NotFound."""
    fact = found_fact(shell, tx, "facts", of, actor, gone=True)
    if fact.person not in ids_of(person):
        raise access.no_such("fact", of[:200])
    sees = sight(shell, actor)
    return [one for one in tx.records.versions(fact.id) if sees.sees(one)]


def record(shell: Shell, id: str, by: By) -> RecordView:
    """Who a customer is, and what is open, on one screen."""
    with shell.looking() as look, look.reading() as tx:
        actor = access.asker(tx, "record", by)
        person = root_of(tx, whose(tx, "record", id, actor))
        rows = open_jobs(look, tx, person, actor)
        known = _panel(look, tx, person, actor, (*USUAL, "need", "want", "preference"), rows)
        seen = person_view(person)
        return RecordView(
            **{name: getattr(known, name) for name in PanelView.__struct_fields__},
            person=replace(seen, record={}) if needs("record", actor) == OWN else seen,
            ids=ids_of(person),
            contacts=tuple(contacts(tx, person)),
            jobs=tuple(rows[:MOST_SHOWN]),
            more_jobs=len(rows) > MOST_SHOWN,
            referrals=tuple(named(tx, ids_of(person), actor, MOST_SHOWN)),
            received=tuple(received(tx, ids_of(person))),
        )


def named(tx: Transaction, ids: Sequence[str], actor: Actor, most: int) -> Iterator[ReferralView]:
    """Whom somebody has named under his ids, the latest first, as the asker may know it."""
    inside = actor.kind != "customer"
    for one in tx.referrals.sent(ids, most):
        told = ReferralView(id=one.id, at=one.at, job=one.job, name=name_given(tx, one), came=one.came)
        yield replace(told, person=one.person, standing=one.standing, began=one.began) if inside else told


def _brought_by(tx: Transaction, person: Person, actor: Actor) -> Iterator[BroughtBy]:
    """Who has brought somebody, and who that one; a customer is told the first, by his name."""
    if "referred_by" not in person.record:
        return
    inside = actor.kind != "customer"
    for one in islice(chain(tx, person.id), None if inside else 1):
        found = tx.people.get(one.sender)
        if found is None or found.erased is not None:
            continue
        name = found.name or (found.id if inside else "")
        if name:
            yield BroughtBy(name=name, id=one.sender if inside else "")


def root_of(tx: Transaction, person: Person) -> Person:
    """The record that stands for a person, where some of his ids were merged."""
    root = tx.aliases.root(person.id) if person.same else person.id
    found = tx.people.get(root) if root != person.id else person
    assert found is not None, "nobody is merged into an id that nobody has"
    return found


def contacts(tx: Transaction, person: Person) -> Iterator[str]:
    """How a person is reached, under all of his ids, each contact once."""
    known = (person, *filter(None, (tx.people.get(one) for one in person.same)))
    ways = (way.address for one in known for way in tx.contacts.of(one.id))
    yield from dict.fromkeys((*(one.contact for one in known if one.contact), *ways))


def open_jobs(look: Shell, tx: Transaction, person: Person, actor: Actor, status: str | None = "open") -> list[JobRow]:
    """The first few open jobs of a customer, under all of his ids, the newest first, but for those that are closed to
    the asker."""
    rows: dict[str, JobRow] = {}
    own = needs("jobs", actor) == OWN
    for one in ids_of(person):
        by = Actor(kind="customer", id=one) if own else actor
        found = list_jobs(look, WantedJobs(status, customer=one), MOST_SHOWN + 1, None, by)
        rows |= {row.id: row for row in found}
    seen = (row for row in rows.values() if not hides(look, tx, row.process, row.version, actor))
    return sorted(seen, key=lambda row: row.id, reverse=True)[: MOST_SHOWN + 1]


def hides(shell: Shell, tx: Transaction, process: str, version: str, actor: Actor) -> bool:
    """Whether the record of a process's jobs is closed to somebody."""
    roles = roles_of(actor)
    return roles is not None and closed(shell.catalogue.compiled(tx, process, version).process.closed_to, roles)


def beside(look: Shell, tx: Transaction, job: StoredJob, kinds: tuple[str, ...] | None, actor: Actor) -> PanelView:
    """What is known of a job's customer that matters to a step of it; without ``kinds``, what usually does."""
    person = tx.people.get(job.customer)
    if person is None or person.kind != "customer":  # an application's own, who is not kept
        return PanelView(customer=job.customer, name=job.customer)
    person = root_of(tx, person)
    wanted = USUAL if kinds is None else kinds
    rows = open_jobs(look, tx, person, actor) if not {"promise", "concern"}.isdisjoint(wanted) else []
    return _panel(look, tx, person, actor, wanted, rows, lately=kinds is None)


def _panel(
    look: Shell,
    tx: Transaction,
    person: Person,
    actor: Actor,
    kinds: Sequence[str],
    rows: Sequence[JobRow],
    lately: bool = True,
) -> PanelView:
    ids, sees = ids_of(person), sight(look, actor)
    found: list[FactView] = []
    for some, waits in ((_of(kinds, WAITING), True), (_of(kinds, HOLDING), None)):
        if some:
            listed = tx.records.list(Wanted(ids, some, waits), sees, MOST_SHOWN)
            found += [fact_view(tx, one, actor) for one in listed]
    if "concern" in kinds and "concern" not in sees.kinds:
        found += _concerns(tx, [row for row in rows if row.unanswered or actor.kind == "customer"], actor)
    found.sort(key=lambda one: (kinds.index(one.kind), -one.at.timestamp(), one.id))
    latest = tx.records.list(Wanted(ids), sees, LATELY) if lately else ()
    return PanelView(
        customer=person.id,
        name=person.name or person.id,
        facts=tuple(found),
        promises=tuple(
            PromisedView(
                job=row.id,
                short=row.short,
                title=row.title,
                by=row.promise.by,
                late=row.promise.late,
                words=row.promise.words,
            )
            for row in rows
            if row.promise is not None and "promise" in kinds
        ),
        lately=tuple(fact_view(tx, one, actor) for one in latest),
        brought_by=tuple(_brought_by(tx, person, actor)),
    )


def _of(kinds: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    return tuple(kind for kind in kinds if kind in among)


def _concerns(tx: Transaction, rows: Sequence[JobRow], actor: Actor) -> Iterator[FactView]:
    """What people are concerned about in jobs, and is not answered: it stands where it was said, and nowhere else. A
    customer is told his own."""
    for row in rows:
        job = tx.jobs.get(row.id)
        for step in unanswered(job.position):
            if step.purpose != "concern" or (actor.kind == "customer" and step.asked_by != actor.id):
                continue
            said = asked(tx, job, step.number)
            if said is not None:
                yield _said(tx, job, said, step.number)


def _said(tx: Transaction, job: StoredJob, said: Asked, number: int) -> FactView:
    by, id = said.step.asked_by, f"{job.id}.{number}"
    return FactView(
        id=id,
        short=f"{shown(job.id)}.{number}",
        person=job.customer,
        kind="concern",
        text=said.text,
        author=by,
        author_name=name_of(tx, by) if by else "",
        at=said.at,
        changed=said.at,
        shown=True,
        job=job.id,
        process=job.process,
        open=True,
        question=id,
    )


# finding customers


def customers(shell: Shell, text: str, after: str, limit: int, by: By) -> FoundCustomers:
    """A page of the customers in whose id, name, contact or facts each word stands; all of them for no word."""
    with shell.reading() as tx:
        actor = access.asker(tx, "customers", by)
        check_limit(limit)
        words = _words(text)
        if after and not PERSON_ID.fullmatch(after):
            raise BadAnswer(
                {"after": phrase("%(after)s is no place in this list", after=repr(after[:60]))},
                possible=(phrase("the place of a customer"),),
            )
        sees = sight(shell, actor)
        found = (tx.people.get(id) for id in tx.records.search(words, sees, limit, after))
        rows = [_row(one) for one in found if one is not None]
        return FoundCustomers(count=tx.records.matches(words, sees), customers=tuple(rows))


def _words(text: str) -> tuple[str, ...]:
    if len(text) > LONGEST_SEARCH:
        raise BadAnswer(
            {
                "text": phrase(
                    "has %(count)s characters; %(longest_search)s are possible",
                    count=len(text),
                    longest_search=LONGEST_SEARCH,
                )
            }
        )
    words = tuple(dict.fromkeys(text.casefold().split()))
    if len(words) > MOST_WORDS:
        raise BadAnswer(
            {
                "text": phrase(
                    "has %(count)s words; %(most_words)s are possible", count=len(words), most_words=MOST_WORDS
                )
            }
        )
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadAnswer(
            {"text": phrase("holds half of a character")}, possible=(phrase("text that can be written as UTF-8"),)
        )
    return words


def _row(person: Person) -> CustomerRow:
    return CustomerRow(
        id=person.id,
        name=person.name,
        contact=person.contact,
        groups=person.groups,
        ids=ids_of(person),
        erased=person.erased,
        place=person.id,
    )
