"""Codes of six digits: sent to a contact, and answered within ten minutes and five tries.

When one is asked for, nobody is looked up: what is written, and what is answered, is the same whether there is such a
contact or not. Who has it is found when the letter is composed, and again when the code is answered. The digits are
stored nowhere: they are computed from the code's id and the database's secret.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hmac import compare_digest, digest
from typing import TypeAlias

from flowengine.commands import sessions, totp
from flowengine.commands.confirming import confirmed
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed
from flowengine.commands.throttling import count, settled
from flowengine.errors import Ambiguous, BadAnswer, BadToken, NotAllowed
from flowengine.people.browsers import Browser
from flowengine.people.contacts import any_way
from flowengine.people.identities import LONGEST_CONTACT
from flowengine.runtime.actors import nobody
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.store.codes import StoredCode, letter_of
from flowengine.views.signing_in import CodeSent, NewSession

LASTS = timedelta(minutes=10)
TRIES = 5
KEPT = timedelta(days=1)
"""For how long a code that is over is kept, for whoever looks into what happened."""

DIGITS = 6
MOST_NAMED = 6
STAFF = (
    phrase("a passkey"),
    phrase("an account at a provider"),
    phrase("the code together with one of your authenticator (TOTP)"),
)
"""What signs a member of staff in."""

Refusal: TypeAlias = BadToken | NotAllowed


def digits_of(secret: bytes, id: str) -> str:
    """The digits of a code."""
    number = int.from_bytes(digest(secret, f"code {id}".encode(), "sha256")[:8])
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def send(shell: Shell, contact: str, link: str, browser: Browser) -> CodeSent:
    """Send a code to whoever has a contact, to the person of a link, or to who is signed in here. Raises BadAnswer,
    BadToken, NotAllowed, TooMany."""
    _check(contact, link, browser)
    shell.secret.made(shell)

    def work(tx: Transaction) -> CodeSent | Refusal:
        count(shell, tx, code_from_address=browser.address)
        if contact:
            return make(shell, tx, "", contact)
        if link:
            found = tx.links.find(hashed(link), shell.clock.now())
            if found is None:
                return BadToken(phrase("the link is not valid"), possible=(phrase("ask for another"),))
            return to_person(shell, tx, found.person)
        assert browser.current is not None, "it was checked"
        return to_person(shell, tx, browser.current.person)

    return settled(shell, work)


def _check(contact: str, link: str, browser: Browser) -> None:
    ways = [bool(contact), bool(link), not contact and not link and browser.current is not None]
    if sum(ways) != 1:
        raise BadAnswer(
            {"contact": phrase("a code goes to one contact")}, possible=("contact", "link", phrase("be signed in"))
        )
    if len(contact) > LONGEST_CONTACT or not contact.isprintable():
        raise BadAnswer({"contact": phrase("is no contact")}, possible=("ada@example.org",))


def to_person(shell: Shell, tx: Transaction, id: str) -> CodeSent | Refusal:
    """A code to the contact of somebody who is known."""
    person = tx.people.get(id)
    if person is None:
        raise nobody(id)
    if not person.contact:
        return NotAllowed(
            phrase("there is no contact to which a code could go"), where=id, possible=(phrase("ask the organisation"),)
        )
    return make(shell, tx, id, person.contact)


def make(shell: Shell, tx: Transaction, person: str, contact: str) -> CodeSent:
    """Keep that a code was asked for, and have it sent. Raises TooMany."""
    now = shell.clock.now()
    tx.codes.tidy(now - KEPT)
    count(shell, tx, code_to_contact=contact, codes_to_contact=contact)
    code = StoredCode(id=secrets.token_urlsafe(16), person=person, contact=contact, until=now + LASTS)
    tx.codes.add(code)
    tx.outbox.add(letter_of(code.id), 1, "code_asked", {"code": code.id}, now, "code")
    tx.wakes = True
    return CodeSent(id=code.id, expires=code.until)


def check(shell: Shell, id: str, code: str, person: str, second: str, browser: Browser) -> NewSession:
    """Answer a code: a session in which he is known by it. His contact is confirmed by it.

    ``person`` says which, where several have the contact; ``second`` is what the authenticator of a member of staff
    shows. Raises BadToken (wrong, over, or tried too often: alike), Ambiguous, NotAllowed, SignedInAsAnother, TooMany.
    """
    key = shell.secret.made(shell)
    said = "".join(code.split())

    def work(tx: Transaction) -> NewSession | Refusal:
        now = shell.clock.now()
        count(shell, tx, answer_from_address=browser.address)
        found = tx.codes.tried(id, now, TRIES)
        expected = digits_of(key, id if found is not None else secrets.token_urlsafe(16))
        if not compare_digest(said.encode(errors="surrogatepass"), expected.encode()) or found is None:
            return _wrong()
        one = _which(owners(tx, found), person)
        if one is None:
            return _wrong()
        if one.kind == "staff" and not _second(shell, tx, one, second):
            return _wrong()
        tx.codes.used(id, now)
        confirmed(shell, tx, one, found.contact)
        return sessions.begin(shell, tx, tx.people.get(one.id) or one, "code", browser)

    return settled(shell, work)


def _wrong() -> BadToken:
    return BadToken(
        phrase("the code is wrong or no longer valid"), possible=(phrase("look again"), phrase("ask for a new code"))
    )


def owners(tx: Transaction, code: StoredCode) -> list[Person]:
    """Who may be meant by a code: the one for whom it was asked, else those who have the contact."""
    if code.person:
        found = tx.people.get(code.person)
        people = [found] if found is not None else []
    else:
        way = any_way(code.contact)
        people = tx.people.with_contact(way.kind, way.key)
    return [one for one in people if one.left is None and one.erased is None and not one.organisation]


def _which(people: list[Person], person: str) -> Person | None:
    """The one who is meant. Raises Ambiguous, which tells who shares the contact to who has it; the code goes on."""
    if person:
        return next((one for one in people if one.id == person), None)
    if len(people) > 1:
        named = [f"{one.id} ({one.name})" if one.name != one.id else one.id for one in people[:MOST_NAMED]]
        raise Ambiguous(phrase("several people have this contact; say who you are"), where="person", possible=named)
    return people[0] if people else None


def _second(shell: Shell, tx: Transaction, person: Person, second: str) -> bool:
    """Whether a member of staff has shown what his authenticator shows. Raises NotAllowed where a mail would be all."""
    if not second or totp.of(tx, person.id) is None:
        raise NotAllowed(phrase("a code by mail alone signs no member of staff in"), where="totp", possible=STAFF)
    return totp.check(shell, tx, person.id, second)
