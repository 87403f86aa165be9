"""A customer's record comes from a partner, by a consent that holds; and goes when that ends.

It becomes a customer here, or comes to the one whom the same partner has sent before. What came with a consent is kept
beside it: once the consent is over by our own clock (:func:`sweep`), or its end is told, just that goes, where nothing
else has brought it; and with it who is nothing else here. What is said twice, late or out of order is the same as once.

Others take from here: ``take`` and ``end`` (what partners say), ``sweep``, and ``received`` (whose records came from
whom).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

from msgspec.structs import replace

from flowengine.commands import erasing
from flowengine.commands.exchanged import (
    FACTS,
    JOBS,
    LONGEST_CONSENT,
    VERSION,
    WHO,
    ConsentEnds,
    Heard,
    Record,
    SaidFact,
    SaidJob,
)
from flowengine.commands.parties import MOST_CONTACTS
from flowengine.commands.records import MOST_VERSIONS
from flowengine.commands.shell import Shell
from flowengine.core.fields import LONGEST_TEXT
from flowengine.core.values import CLOCK, Actor, Json
from flowengine.errors import BadAnswer, NoConsent, StaleCommand
from flowengine.people.contacts import Way, any_way
from flowengine.people.identities import check_person, made_id
from flowengine.runtime.actors import name_of
from flowengine.speech.phrases import phrase
from flowengine.speech.readers import words_for
from flowengine.store import Person, Transaction
from flowengine.store.administration import ERASE
from flowengine.store.consents import Why
from flowengine.store.received import Brought, Received
from flowengine.store.records import Fact
from flowengine.views.consents import ReceivedView

MOST_FACTS = 2_000
"""Facts and jobs that one record brings."""

_SLACK = timedelta(minutes=5)
"""By how much the clock of a partner may be another."""

_SOURCE = "source"
"""Where in what the organisation keeps of a customer it stands from whom he came."""

_LONGEST_ID = 100


def _partner(name: str) -> Actor:
    return Actor(kind="service", id=f"partner:{name}")


# it comes


def take(shell: Shell, name: str, said: Record) -> Heard:
    """A partner sends a record. Raises NoConsent where its consent does not hold or does not cover it, BadAnswer for
    what cannot be a record, and StaleCommand where it says something else than it did."""
    consent = said.consent

    def work(tx: Transaction) -> Heard:
        now = tx.terms.now()
        _check_consent(said, now)
        _check_said(said, now)
        _in_turn(tx, name, now)
        before = tx.received.get(name, consent.id)
        if before is not None:
            if before.ended is not None:
                raise NoConsent(f"the consent {consent.id} has ended: {before.why}", where=consent.id)
            terms = (before.customer, before.parts, before.given, before.until)
            if terms != (said.customer, consent.parts, consent.given, consent.until):
                what = f"the consent {consent.id} was another one, and none is changed"
                raise StaleCommand(what, where=consent.id, possible=("a consent with an id of its own",))
            if before.number >= said.number:
                return Heard(version=VERSION, consent=consent.id, there=True)
        person = _whose(tx, name, said, before, now)
        if person.erased is not None:
            raise NoConsent(f"whom the consent {consent.id} is of was erased here", where=consent.id)
        row = Received(
            partner=name,
            consent=consent.id,
            customer=said.customer,
            person=person.id,
            parts=consent.parts,
            given=consent.given,
            until=consent.until,
            number=said.number,
            at=now,
        )
        others = [one for one in tx.received.of((person.id,)) if one.ended is None and one.consent != consent.id]
        was = before.brought if before is not None else Brought()
        brought = _brought(tx, name, person, said, was, others, now)
        gone, left = [was], [brought]
        for one in others:
            now_ = _trimmed(one.brought, brought, said) if one.partner == name else one.brought
            gone.append(one.brought)
            left.append(now_)
            if now_ != one.brought:
                tx.received.put(replace(one, brought=now_))
        _name(tx, person.id, said.name, gone)
        for each in gone:
            _drop(tx, person.id, each, left)
        tx.received.put(replace(row, brought=brought))
        told: dict[str, Json] = {"partner": name, "consent": consent.id, "parts": list(consent.parts)}
        tx.note(_partner(name), "receive_record", person.id, told | {"until": consent.until.isoformat()})
        return Heard(version=VERSION, consent=consent.id, there=True)

    return shell.keep(work)


def _in_turn(tx: Transaction, partner: str, now: datetime) -> None:
    """What one partner says of records is done one after another."""
    tx.settings.put(f"records.{partner}", now.isoformat())


def _check_consent(said: Record, now: datetime) -> None:
    consent = said.consent
    problems = {
        f"consent.{name}": "has no time zone" for name in ("given", "until") if not getattr(consent, name).tzinfo
    }
    if not 0 < len(consent.id) <= _LONGEST_ID or not consent.id.isprintable() or " " in consent.id:
        problems["consent.id"] = f"must be a text of 1 to {_LONGEST_ID} characters, without blanks"
    if problems:
        raise BadAnswer(problems)
    if consent.until <= now:
        raise NoConsent(f"the consent held until {consent.until.isoformat()}, and holds no more", where=consent.id)
    if consent.given > now + _SLACK:
        raise NoConsent(f"the consent is of {consent.given.isoformat()}, which is not yet", where=consent.id)
    if consent.until - consent.given > LONGEST_CONSENT + _SLACK:
        raise NoConsent("the consent holds for more than two years, which none does", where=consent.id)
    there = [part for part, some in ((WHO, True), (FACTS, said.facts), (JOBS, said.jobs)) if some]
    beyond = [part for part in dict.fromkeys((*there, *said.parts)) if part not in consent.parts]
    if beyond:
        what = f"more is said than is consented to: {', '.join(beyond)}"
        raise NoConsent(what, where=consent.id, possible=consent.parts)


def _check_said(said: Record, now: datetime) -> None:
    """Raises BadAnswer with what is wrong of what is said of him."""
    problems: dict[str, str] = {}
    if not 0 < len(said.customer) <= _LONGEST_ID or not said.customer.isprintable():
        problems["customer"] = f"must be a text of 1 to {_LONGEST_ID} characters"
    if not 0 < said.number < 2**31:
        problems["number"] = "must be 1 or more"
    for index, address in enumerate(("", *said.contacts)):
        try:
            check_person("x", said.name if not index else "", address)
        except BadAnswer as error:
            problems |= {f"{what}.{index}" if index else what: one for what, one in error.problems.items()}
    if len(said.contacts) > MOST_CONTACTS:
        problems["contacts"] = f"are {len(said.contacts)}; {MOST_CONTACTS} are taken"
    if len(said.facts) + len(said.jobs) > MOST_FACTS:
        problems["facts"] = f"are {len(said.facts) + len(said.jobs)} with the jobs; {MOST_FACTS} are taken"
    for index, fact in enumerate(said.facts):
        if not fact.text.strip() or len(fact.text) > LONGEST_TEXT:
            problems[f"facts.{index}.text"] = f"must have 1 to {LONGEST_TEXT:,} characters"
        problems |= _moment_problem(f"facts.{index}.at", fact.at, now)
    for index, job in enumerate(said.jobs):
        if not job.title.strip() or len(job.title) > LONGEST_TEXT:
            problems[f"jobs.{index}.title"] = f"must have 1 to {LONGEST_TEXT:,} characters"
        problems |= _moment_problem(f"jobs.{index}.begun", job.begun, now)
    for what, ids in (("facts", [one.id for one in said.facts]), ("jobs", [one.id for one in said.jobs])):
        if len(set(ids)) != len(ids) or any(not 0 < len(one) <= _LONGEST_ID for one in ids):
            problems[what] = f"must each have an id of its own, of 1 to {_LONGEST_ID} characters"
    if problems:
        raise BadAnswer(problems)


def _brought(
    tx: Transaction, name: str, person: Person, said: Record, was: Brought, others: Sequence[Received], now: datetime
) -> Brought:
    """Enter what a record brings. Of parts that it does not say, that stays which came before."""
    ways = _contacts(tx, person, said, was, others, now)
    facts, jobs = was.facts, was.jobs
    if FACTS in said.parts:
        facts = tuple(_facts(tx, name, person, said, said.facts))
    if JOBS in said.parts:
        told = (SaidFact(id=f"job {one.id}", kind="note", text=_had(tx, name, one), at=one.begun) for one in said.jobs)
        jobs = tuple(_facts(tx, name, person, said, tuple(told)))
    return Brought(said.name, ways, facts, jobs)


def _trimmed(one: Brought, new: Brought, said: Record) -> Brought:
    """What came by another consent of the same partner, without what he does not say any more."""
    ways = [(way.kind, way.key) for way in map(any_way, said.contacts)]
    return Brought(
        said.name,
        tuple(way for way in one.contacts if way in ways),
        tuple(id for id in one.facts if id in new.facts) if FACTS in said.parts else one.facts,
        tuple(id for id in one.jobs if id in new.jobs) if JOBS in said.parts else one.jobs,
    )


def _moment_problem(where: str, at: datetime, now: datetime) -> dict[str, str]:
    if not at.tzinfo:
        return {where: "has no time zone"}
    return {} if datetime(1970, 1, 2, tzinfo=now.tzinfo) < at <= now + _SLACK else {where: "is not yet, or long ago"}


def _whose(tx: Transaction, name: str, said: Record, before: Received | None, now: datetime) -> Person:
    """Who it is here: whom this consent, or another of the same partner, has brought; else somebody new."""
    known = [before] if before is not None else tx.received.of_customer(name, said.customer)
    for one in sorted(known, key=lambda one: one.ended is not None):
        found = tx.people.get(one.person)
        if found is not None and (found.erased is None or before is not None):
            return found
    id = made_id(int.from_bytes(sha256(f"{name}\n{said.customer}\n{said.consent.id}".encode()).digest()[:8]))
    there = tx.people.get(id)
    if there is None:
        there = Person(id=id, kind="customer", name=said.name, created=now, record={_SOURCE: name})
        tx.people.add(there)
    return there


def _contacts(
    tx: Transaction, person: Person, said: Record, was: Brought, others: Sequence[Received], now: datetime
) -> tuple[tuple[str, str], ...]:
    """Enter his contacts; which of them are there by this record: not those that were his own before."""
    there = {(one.kind, one.key): one for one in tx.contacts.of(person.id)}
    came = {*was.contacts, *(way for one in others for way in one.brought.contacts)}
    place, brought = 1 + max((one.place for one in there.values()), default=0), []
    for way in map(any_way, said.contacts):
        key = (way.kind, way.key)
        if key not in there:
            if len(there) >= MOST_CONTACTS:
                what = f"there would be more than the {MOST_CONTACTS} that one person can have"
                raise BadAnswer({"contacts": what}, where=said.consent.id)
            tx.contacts.add(person.id, way, now, place)
            there[key], place = tx.contacts.of(person.id)[-1], place + 1
        elif key not in came:
            continue
        brought.append(key)
    found = tx.people.get(person.id)
    if found is not None and not found.contact and said.contacts:
        tx.people.update(replace(found, contact=any_way(said.contacts[0]).address))
    return tuple(dict.fromkeys(brought))


def _name(tx: Transaction, person: str, name: str, came: Sequence[Brought]) -> None:
    """He is called as the partner says, unless somebody here has said otherwise."""
    found = tx.people.get(person)
    if found is not None and name and found.name != name and found.name in ("", *(one.name for one in came)):
        tx.people.update(replace(found, name=name))


def _facts(tx: Transaction, name: str, person: Person, said: Record, facts: Sequence[SaidFact]) -> Iterator[str]:
    """Enter his facts, with the partner as their author; their ids."""
    there = tx.records.number(person.id)
    for fact in facts:
        plain = f"partner\n{name}\n{said.customer}\n{fact.id}".encode(errors="surrogatepass")
        id = str(UUID(bytes=sha256(plain).digest()[:16]))
        versions = tx.records.versions(id)
        text = fact.text.strip()
        yield id
        if versions:
            first = versions[0]
            if first.person != person.id or first.changed_by != name or (first.kind, first.text) == (fact.kind, text):
                continue  # as it was, or somebody here says it otherwise
            tx.records.add(replace(first, version=first.version + 1, kind=fact.kind, text=text, changed=fact.at))
            continue
        there += 1
        if there > MOST_VERSIONS:
            what = f"there would be more than {MOST_VERSIONS:,} of one person"
            raise BadAnswer({"facts": what}, where=said.consent.id)
        tx.records.add(
            Fact(
                id=id,
                person=person.id,
                kind=fact.kind,
                text=text,
                author=name,
                author_kind="service",
                at=fact.at,
                changed=fact.at,
                changed_by=name,
                shown=True,
            )
        )


_STANDS = {"open": phrase("under way"), "fulfilled": phrase("fulfilled"), "ended": phrase("ended")}


def _had(tx: Transaction, name: str, job: SaidJob) -> str:
    """That he had a job there, in the language of the installation: it is kept so."""
    words, partner = words_for(tx.terms.language), name_of(tx, name)
    return words.say(
        "%(title)s at %(partner)s: %(status)s", title=job.title, partner=partner, status=_STANDS[job.status]
    )


# it goes


def end(shell: Shell, name: str, said: ConsentEnds) -> Heard:
    """A consent has ended: what came with it goes. That it has is kept also where nothing has come, so that nothing
    that was on its way comes afterwards."""

    def work(tx: Transaction) -> Heard:
        now = tx.terms.now()
        if not 0 < len(said.consent) <= _LONGEST_ID:
            raise BadAnswer({"consent": f"must be a text of 1 to {_LONGEST_ID} characters"})
        _in_turn(tx, name, now)
        row = tx.received.get(name, said.consent)
        if row is None:
            tx.received.put(
                Received(
                    partner=name, consent=said.consent, customer="", person="", parts=(), given=now, until=now,
                    number=0, at=now, ended=now, why=said.why,
                )
            )  # fmt: skip
        elif row.ended is None:
            _end(tx, row, said.why, _partner(name), now)
        return Heard(version=VERSION, consent=said.consent, there=False)

    return shell.keep(work)


def sweep(shell: Shell, limit: int) -> int:
    """What came by consents whose time is over goes, each in a transaction of its own. How many."""
    with shell.reading() as tx:
        over = tx.received.over(shell.clock.now(), limit)
    return sum(shell.keep(partial(_over, one)) for one in over)


def _over(one: Received, tx: Transaction) -> int:
    now = tx.terms.now()
    _in_turn(tx, one.partner, now)
    row = tx.received.get(one.partner, one.consent)
    if row is None or row.ended is not None or row.until > now:
        return 0
    _end(tx, row, "over", CLOCK, now)
    return 1


def _end(tx: Transaction, row: Received, why: Why, by: Actor, now: datetime) -> None:
    tx.erasing.securely()
    others = [one for one in tx.received.of((row.person,)) if one.ended is None and one.consent != row.consent]
    _drop(tx, row.person, row.brought, [one.brought for one in others])
    tx.received.put(replace(row, ended=now, why=why, brought=Brought()))
    facts = {"partner": row.partner, "consent": row.consent, "why": why}
    tx.note(by, "end_record", row.person, facts)
    person = tx.people.get(row.person)
    if person is not None and person.erased is None and not others and _is_nothing_else(tx, person):
        erasing.forget_person(tx, person, by, now)
        deeds = erasing.ranges(tx.deeds.erase((person.id,)))
        tx.note(by, ERASE, person.id, {"deeds": [list(some) for some in deeds]}, because="the consent has ended")


def _drop(tx: Transaction, person: str, gone: Brought, left: Sequence[Brought]) -> None:
    """Take away what a record brought, but for what others have brought too; and a contact that he has shown to be his
    own is his own."""
    found = tx.people.get(person)
    if found is None:
        return
    facts = {id for one in left for id in (*one.facts, *one.jobs)}
    for id in (*gone.facts, *gone.jobs):
        if id not in facts:
            tx.records.forget_fact(person, id)
    kept = {key for one in left for key in one.contacts}
    for one in tx.contacts.of(person):
        if (one.kind, one.key) in gone.contacts and (one.kind, one.key) not in kept and one.verified is None:
            tx.contacts.drop(person, Way(kind=one.kind, address=one.address, key=one.key))
    first, there = any_way(found.contact), tx.contacts.of(person)
    is_gone = all((one.kind, one.key) != (first.kind, first.key) for one in there)
    if found.contact and is_gone and (first.kind, first.key) in gone.contacts:
        earliest = min(there, key=lambda one: one.place, default=None)
        found = replace(found, contact=earliest.address if earliest is not None else "")
    names = [one.name for one in left if one.name]
    if found.name == gone.name and found.name not in names:
        found = replace(found, name=names[0] if names else "")
    if not left and _SOURCE in found.record:
        found = replace(found, record={name: one for name, one in found.record.items() if name != _SOURCE})
    tx.people.update(found)


def _is_nothing_else(tx: Transaction, person: Person) -> bool:
    """Whether somebody is a customer by what has gone alone: nobody has begun, said, written or noted anything."""
    mine = (person.id,)
    return not (
        person.same
        or person.name
        or person.groups
        or person.record
        or tx.contacts.of(person.id)
        or tx.records.number(person.id)
        or tx.records.jobs(mine, tx.terms.now())
        or tx.conversations.before(person.id, 2**62, 1)
        or tx.acting.by(person.id)
        or tx.acting.for_party(person.id)
        or tx.consents.of(mine)
    )


def received(tx: Transaction, ids: Sequence[str]) -> Iterator[ReceivedView]:
    """Which partners have sent records of somebody under any of his ids, the latest first."""
    for one in tx.received.of(ids):
        yield ReceivedView(
            partner=one.partner,
            partner_name=name_of(tx, one.partner),
            parts=one.parts,
            at=one.at,
            until=one.until,
            ended=one.ended,
            why=one.why,
        )
