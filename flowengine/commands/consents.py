"""Consents: that a partner has parts of a customer's record until a moment; given, withdrawn, over; and what is sent.

A consent is never changed: another may be given beside it. It ends by itself (:func:`sweep`), or is withdrawn; whoever
was told by it is told then that it has ended (:mod:`flowengine.commands.exchanged`).

Others take from here: the verbs, ``sweep``, what becomes of a customer who is erased (``erased``), and what is left in
the outbox (``CONSENT``, ``TOLD``, ``CONSENTED``, ``SHARED``) with what it says (``said``, ``taken``, ``refused``).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from flowengine import exact
from flowengine.commands import access, exchanged, outgoing
from flowengine.commands.exchanged import FACTS, JOBS, LONGEST_CONSENT, VERSION, Record, SaidConsent, SaidFact, SaidJob
from flowengine.commands.interventions import LONGEST_REASON
from flowengine.commands.records import ids_of, whose
from flowengine.commands.shell import Shell
from flowengine.core.values import CLOCK, Actor, Json
from flowengine.errors import BadAnswer, NoConsent, NotAllowed, NotFound
from flowengine.people.identities import By, on_one_line
from flowengine.people.permissions import OWN, needs
from flowengine.runtime.actors import name_of, refuse_erased
from flowengine.speech.phrases import phrase
from flowengine.store import OutboxMessage, Person, Transaction, new_id, shown
from flowengine.store.consents import Consent, Sent, Why
from flowengine.store.records import Sight, Wanted
from flowengine.views.consents import ConsentsView, ConsentView, PartnerName, SentView

CONSENT = "consent:"
"""Stands before the id of a consent in the place of a job, in the outbox: what the partner is told."""

TOLD = "consent-told:"
"""The same, of what the customer is told."""

CONSENTED, SHARED = "consented", "shared"
"""Why he is: somebody inside has noted that he consents; a partner has his record now."""

MOST_HOLDING = 20
"""Consents of one customer that hold at once."""

_ENDLESS = 2**40
_PAGE = 500


# giving and withdrawing


def consents(shell: Shell, person: str, by: By) -> ConsentsView:
    """All that a customer has consented to, and who was told what by it."""
    with shell.reading() as tx:
        actor = access.asker(tx, "consents", by)
        found = whose(tx, "consents", person, actor)
        partners = (PartnerName(id=one, name=name_of(tx, one)) for one in sorted(shell.settings.partners))
        return ConsentsView(person=found.id, partners=tuple(partners), consents=tuple(told(tx, ids_of(found))))


def told(tx: Transaction, ids: Sequence[str]) -> Iterator[ConsentView]:
    """What somebody has consented to under his ids, the latest first."""
    return (_view(tx, one) for one in tx.consents.of(ids))


def _view(tx: Transaction, one: Consent) -> ConsentView:
    return ConsentView(
        id=one.id,
        short=shown(one.id),
        person=one.person,
        partner=one.partner,
        partner_name=name_of(tx, one.partner),
        parts=one.parts,
        given=one.given,
        until=one.until,
        by=name_of(tx, one.by),
        holds=one.holds(tx.terms.now()),
        paper=one.paper,
        ended=one.ended,
        why=one.why,
        sent=tuple(_sent_view(tx, each) for each in tx.consents.sent(one.id)),
    )


def _sent_view(tx: Transaction, one: Sent) -> SentView:
    return SentView(
        number=one.number,
        asked=one.asked,
        by=name_of(tx, one.by),
        parts=one.parts,
        taken=one.taken,
        problem=one.problem,
        said=_said_of(one),
    )


def _said_of(one: Sent) -> dict[str, Json]:
    """What was sent of a customer, without what is for machines."""
    if not one.body:
        return {}
    record = _RECORD.decode(one.body)
    facts: list[Json] = [{"kind": each.kind, "text": each.text} for each in record.facts]
    jobs: list[Json] = [{"title": each.title, "status": each.status} for each in record.jobs]
    return {"name": record.name, "contacts": list(record.contacts), "facts": facts, "jobs": jobs}


_RECORD = exact.decoder(Record)


def give_consent(
    shell: Shell, person: str, partner: str, until: datetime, parts: Sequence[str], paper: str, by: By
) -> ConsentView:
    """A customer consents; or it is noted by those inside that he has, on a ``paper``."""
    id = new_id()

    def work(tx: Transaction) -> ConsentView:
        actor, now = access.asker(tx, "give_consent", by), tx.terms.now()
        found = whose(tx, "give_consent", person, actor)
        refuse_erased(found)
        _known(shell, partner)
        own = needs("give_consent", actor) == OWN
        which = _checked(parts, until, now, paper, own=own)
        holding = [one for one in tx.consents.of(ids_of(found)) if one.holds(now)]
        if len(holding) >= MOST_HOLDING:
            what = phrase("%(most)s consents of %(id)s hold, and no more can", most=MOST_HOLDING, id=found.id)
            raise NotAllowed(what, where=found.id, possible=(phrase("withdraw one first"),))
        one = Consent(
            id=id,
            person=found.id,
            partner=partner,
            parts=which,
            given=now,
            until=until,
            by=actor.id or actor.kind,
            paper=paper.strip(),
        )
        tx.consents.add(one)
        if not own:
            outgoing.leave_word(tx, shell.handlers, shell.wanted, f"{TOLD}{id}", 1, CONSENTED, now)
        facts: dict[str, Json] = {"partner": partner, "parts": list(which), "until": until.isoformat()}
        tx.note(actor, "give_consent", found.id, facts | {"consent": id}, paper=one.paper)
        return _view(tx, one)

    return shell.keep(work)


def _known(shell: Shell, partner: str) -> None:
    if partner not in shell.settings.partners:
        possible = tuple(sorted(shell.settings.partners)) or (phrase("a partner in the settings: FLOW_PARTNERS"),)
        raise NotFound(phrase("there is no partner %(name)s", name=repr(partner[:60])), possible=possible)


def _checked(parts: Sequence[str], until: datetime, now: datetime, paper: str, *, own: bool) -> tuple[str, ...]:
    """The parts. Raises BadAnswer with what is wrong."""
    which, last = exchanged.check_parts(parts), now + LONGEST_CONSENT
    if not until.tzinfo:
        raise BadAnswer({"until": phrase("has no time zone")}, possible=("2030-01-01T00:00:00Z",))
    if until <= now:
        raise BadAnswer({"until": phrase("is over")}, possible=(phrase("a later moment"),))
    if until > last:
        what = phrase("is more than two years from now, and a consent holds no longer")
        raise BadAnswer({"until": what}, possible=(last.date().isoformat(),))
    needed = not own and not paper.strip()
    if needed or len(paper) > LONGEST_REASON or not on_one_line(paper):
        what = phrase("must say where it is written that he consents, on one line")
        raise BadAnswer({"paper": what}, possible=(phrase("form of 3 May, signed, in folder 12"),))
    return which


def withdraw_consent(shell: Shell, person: str, partner: str, by: By) -> list[ConsentView]:
    """A partner is to have nothing of a customer any more: all consents for him end, and he is told so."""

    def work(tx: Transaction) -> list[ConsentView]:
        actor = access.asker(tx, "withdraw_consent", by)
        found, now = whose(tx, "withdraw_consent", person, actor), tx.terms.now()
        all_ = [one for one in tx.consents.of(ids_of(found)) if one.partner == partner]
        live = [one for one in all_ if one.ended is None]
        if not all_:
            what = phrase(
                "%(id)s has not consented that %(partner)s has anything", id=found.id, partner=repr(partner[:60])
            )
            raise NotFound(
                what, where=found.id, possible=sorted({one.partner for one in tx.consents.of(ids_of(found))})
            )
        for one in live:
            _end(tx, one, "withdrawn", actor, now)
        if live:
            tx.note(actor, "withdraw_consent", found.id, {"partner": partner, "consents": [one.id for one in live]})
        return [_view(tx, one) for one in tx.consents.of(ids_of(found)) if one.partner == partner]

    return shell.keep(work)


def _end(tx: Transaction, one: Consent, why: Why, by: Actor, now: datetime) -> None:
    """It ends; who was sent something by it hears so, behind what was sent."""
    if tx.consents.end(one.id, now, why, by.id or by.kind):
        sent = tx.consents.sent(one.id)
        if sent:
            body: dict[str, Json] = {"at": one.partner, "say": "consent_ends", "why": why}
            tx.outbox.add(f"{CONSENT}{one.id}", len(sent) + 1, "partner", body, now, one.partner)
            tx.wakes = True


def sweep(shell: Shell, limit: int) -> int:
    """End the consents whose time is over. How many."""

    def work(tx: Transaction) -> int:
        now = tx.terms.now()
        over = tx.consents.over(now, limit)
        for one in over:
            _end(tx, one, "over", CLOCK, now)
        return len(over)

    with shell.reading() as tx:  # an idle pass takes no lock
        if not tx.consents.over(shell.clock.now(), 1):
            return 0
    return shell.keep(work)


def erased(tx: Transaction, person: str, by: Actor, now: datetime) -> None:
    """A customer is erased: what he has consented to ends, and that he had, and who was told, is left."""
    for one in tx.consents.of((person,)):
        _end(tx, one, "erased", by, now)
    tx.consents.forget(person)


# sending


def send_record(shell: Shell, person: str, partner: str, parts: Sequence[str], by: By) -> SentView:
    """Send the record of a customer, as it is now, to a partner: what of it a consent that holds now covers."""
    secret = shell.secret.made(shell)

    def work(tx: Transaction) -> SentView:
        actor, now = access.asker(tx, "send_record", by), tx.terms.now()
        found = whose(tx, "send_record", person, actor)
        refuse_erased(found)
        _known(shell, partner)
        consent = _covering(tx, found, partner, exchanged.check_parts(parts) if parts else (), now)
        which = exchanged.check_parts(parts) if parts else consent.parts
        number = len(tx.consents.sent(consent.id)) + 1
        record = _record(shell, tx, found, consent, which, number, secret)
        body = exact.encode(record)
        if len(body) > exchanged.LONGEST:
            what = phrase(
                "the record has %(count)s bytes, and %(most)s can go", count=len(body), most=exchanged.LONGEST
            )
            raise NotAllowed(what, where=found.id, possible=(phrase("send fewer parts of it"),))
        sent = Sent(
            consent=consent.id, number=number, parts=which, asked=now, by=actor.id or actor.kind, body=body.decode()
        )
        tx.consents.send(sent)
        told: dict[str, Json] = {"at": partner, "say": "record"}
        tx.outbox.add(f"{CONSENT}{consent.id}", number, "partner", told, now, partner)
        tx.wakes = True
        facts: dict[str, Json] = {"partner": partner, "parts": list(which), "consent": consent.id}
        tx.note(actor, "send_record", found.id, facts)
        return _sent_view(tx, sent)

    return shell.keep(work)


def _covering(tx: Transaction, person: Person, partner: str, parts: Sequence[str], now: datetime) -> Consent:
    """The consent that covers most, and of those the one that holds longest. Raises NoConsent."""
    live = [one for one in tx.consents.of(ids_of(person)) if one.partner == partner and one.holds(now)]
    fit = [one for one in live if set(parts) <= set(one.parts)]
    if fit:
        best = max(fit, key=lambda one: (len(one.parts), one.until))
        held = tx.consents.hold(best.id)
        if held is not None and held.holds(now):
            return held
        live.remove(best)  # it was withdrawn just now
    if live:
        covered = ", ".join(sorted({part for one in live for part in one.parts}))
        what = phrase("%(id)s consents to less: %(parts)s", id=person.id, parts=covered)
        raise NoConsent(
            what, where=person.id, possible=(phrase("send less"), phrase("ask for a consent that covers it"))
        )
    what = phrase("%(id)s does not consent that %(partner)s has the record", id=person.id, partner=partner)
    raise NoConsent(what, where=person.id, possible=(phrase("ask for a consent: give_consent"),))


def _record(
    shell: Shell, tx: Transaction, person: Person, consent: Consent, parts: Sequence[str], number: int, secret: bytes
) -> Record:
    root = tx.aliases.root(person.id)
    whole = tx.people.get(root)
    assert whole is not None, "nobody is merged into an id that nobody has"
    customer = hmac.digest(secret, f"record\n{consent.partner}\n{root}".encode(), sha256).hex()[:32]
    ids = ids_of(whole)
    known = [one for one in map(tx.people.get, ids) if one is not None]
    ways = [way.address for one in known for way in tx.contacts.of(one.id)]
    facts = tuple(_facts(shell, tx, ids)) if FACTS in parts else ()
    jobs = tuple(_jobs(shell, tx, ids)) if JOBS in parts else ()
    return Record(
        version=VERSION,
        consent=SaidConsent(
            id=consent.id,
            parts=consent.parts,  # type: ignore[arg-type]  # they were checked as it was given
            given=consent.given,
            until=consent.until,
        ),
        number=number,
        customer=customer,
        parts=parts,  # type: ignore[arg-type]  # the same
        name=whole.name,
        contacts=tuple(dict.fromkeys((*(one.contact for one in known if one.contact), *ways))),
        facts=facts,
        jobs=jobs,
    )


def _facts(shell: Shell, tx: Transaction, ids: tuple[str, ...]) -> Iterator[SaidFact]:
    """What the customer sees himself, and is closed to nobody; not what another partner has told."""
    sees = Sight(shown=True, kinds=tuple(sorted(shell.settings.facts_closed_to)))
    for fact in tx.records.list(Wanted(ids), sees, _ENDLESS):
        if not fact.closed_to and fact.author_kind != "service":
            yield SaidFact(id=fact.id, kind=fact.kind, text=fact.text, at=fact.at)


def _jobs(shell: Shell, tx: Transaction, ids: tuple[str, ...]) -> Iterator[SaidJob]:
    """Which jobs he had, but for those whose process is closed to somebody."""
    for one in ids:
        after: str | None = None
        while page := tx.jobs.list(customer=one, limit=_PAGE, after=after):
            after = page[-1].id
            for row in page:
                process = shell.catalogue.compiled(tx, row.process, row.version).process
                if not process.closed_to:
                    yield SaidJob(id=row.id, title=process.title, begun=row.started, status=row.status)  # type: ignore[arg-type]


# what the outbox has said


def said(tx: Transaction, row: OutboxMessage) -> tuple[str, bytes] | None:
    """The consent of a row of the outbox and what it says to the partner; None where it need not be said any more."""
    id = row.job.removeprefix(CONSENT)
    if row.body["say"] == "consent_ends":
        return id, exact.encode(exchanged.ConsentEnds(version=VERSION, consent=id, why=row.body["why"]))
    consent = tx.consents.get(id)
    sent = next((one for one in tx.consents.sent(id) if one.number == row.seq), None)
    if consent is None or sent is None or not sent.body or not consent.holds(tx.terms.now()):
        return None  # nothing goes that is not consented to as it goes
    return id, sent.body.encode()


def taken(shell: Shell, row: OutboxMessage) -> None:
    """The partner has the record: that is kept, and told to the customer, once."""
    id = row.job.removeprefix(CONSENT)

    def work(tx: Transaction) -> None:
        now = tx.terms.now()
        if tx.consents.taken(id, row.seq, now):
            outgoing.leave_word(tx, shell.handlers, shell.wanted, f"{TOLD}{id}", row.seq + 1, SHARED, now)

    shell.keep(work)


def refused(shell: Shell, row: OutboxMessage, words: str) -> None:
    """The partner does not take it, in whose words."""
    shell.keep(lambda tx: tx.consents.problem(row.job.removeprefix(CONSENT), row.seq, words))


def of_word(tx: Transaction, row: OutboxMessage) -> tuple[Consent, Sent | None] | None:
    """The consent of which its customer is told, and what was sent by it; None where he is erased, or where a consent
    that is told of as noted holds no more."""
    one = tx.consents.get(row.job.removeprefix(TOLD))
    person = tx.people.get(one.person) if one is not None else None
    if one is None or person is None or person.erased is not None:
        return None
    if row.seq == 1:
        return (one, None) if one.ended is None else None
    sent = next((each for each in tx.consents.sent(one.id) if each.number == row.seq - 1), None)
    return (one, sent) if sent is not None else None
