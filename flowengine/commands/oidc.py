"""Signing in at a provider (OpenID Connect): sent there from here, and back with who that is.

A provider's account is somebody here once an operator has said so, or where the settings trust the mail that the
provider has verified, and exactly one person has it. What is asked of the provider is asked outside of transactions.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, TypeAlias

from flowengine.commands import access, sessions
from flowengine.commands.credentials import view
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed
from flowengine.commands.throttling import count, settled
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, BadToken, NotAllowed, NotFound
from flowengine.outside.oidc import PROVIDERS, Account, Party
from flowengine.people.browsers import Browser
from flowengine.people.contacts import any_way
from flowengine.people.identities import By
from flowengine.runtime.actors import as_actor, nobody
from flowengine.runtime.ways_in import Provider
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.store.credentials import Credential
from flowengine.views.signing_in import CredentialView, NewSession, OidcBegun, OidcDone

LASTS = timedelta(minutes=10)
LONGEST_SUBJECT = 255
"""Characters of a subject (OpenID Connect Core, 2)."""

CALLBACK = "/api/v1/oidc/callback"
Refusal: TypeAlias = BadToken | NotAllowed


def begin(shell: Shell, provider: str, back: str, browser: Browser) -> OidcBegun:
    """Send a browser to a provider; afterwards it goes ``back``, to a path here or a target of the settings. Raises
    NotFound, BadAnswer, TooMany, OutsideError."""
    one = _provider(shell, provider)
    check_target(shell, back)
    state, nonce, verifier, binding = (secrets.token_urlsafe(32) for _ in range(4))

    def work(tx: Transaction) -> None:
        now = shell.clock.now()
        count(shell, tx, provider_from_address=browser.address)
        tx.credentials.tidy(now)
        body = {"provider": provider, "nonce": nonce, "verifier": verifier, "back": back, "binding": hashed(binding)}
        tx.credentials.ask(hashed(state), "oidc", body, now + LASTS)

    shell.keep(work)
    url = PROVIDERS.begin(_party(shell, one), shell.settings.http_allow, state, nonce, verifier)
    return OidcBegun(url=url, binding=binding)


def check_target(shell: Shell, back: str) -> None:
    """Raises BadAnswer for where no browser is sent from here: only to a path here, or what the settings list."""
    path = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() and "\\" not in back
    if not path and back not in shell.settings.ways_in.targets:
        raise BadAnswer({"back": phrase("is no path here")}, possible=("/", *shell.settings.ways_in.targets))


def finish(shell: Shell, state: str, code: str, binding: str, issuer: str, browser: Browser) -> OidcDone:
    """A browser has come back. Raises BadToken where it was not sent from here, or is another, or the provider does not
    vouch for it; NotAllowed where the account is nobody's here; SignedInAsAnother; OutsideError."""
    now = shell.clock.now()
    asked = shell.keep(lambda tx: tx.credentials.take(hashed(state), "oidc", now))  # once, whatever comes of it
    if asked is None or not compare_digest(asked["binding"], hashed(binding)):
        raise BadToken(phrase("nobody was sent from this browser with this"), possible=(phrase("begin again"),))
    one = _provider(shell, asked["provider"])
    party, allow = _party(shell, one), shell.settings.http_allow
    if issuer != one.issuer and (issuer or PROVIDERS.names_itself(party, allow)):  # RFC 9207
        raise BadToken(
            phrase("the answer is another provider's, or does not say whose it is"), possible=(phrase("begin again"),)
        )
    account = PROVIDERS.account(party, allow, code, asked["nonce"], asked["verifier"], now)

    def work(tx: Transaction) -> NewSession | Refusal:
        person = _person(shell, tx, one, account)
        if person is None:
            return NotAllowed(
                phrase("this account of %(name)s is nobody's here", name=one.name),
                possible=(phrase("ask an operator to say whose it is"),),
            )
        return sessions.begin(shell, tx, person, "oidc", browser)

    return OidcDone(session=settled(shell, work), back=asked["back"])


def _person(shell: Shell, tx: Transaction, provider: Provider, account: Account) -> Person | None:
    """Whose account it is: he of whom an operator has said so; else the one with that mail, where it is trusted."""
    known = tx.credentials.find("oidc", _key(account.issuer, account.subject))
    now = shell.clock.now()
    if known is not None:
        tx.credentials.change(known, known.known, now)
        return tx.people.get(known.person)
    if not provider.by_mail or not account.mail:
        return None
    way = any_way(account.mail)
    found = [one for one in tx.people.with_contact(way.kind, way.key) if one.left is None and one.erased is None]
    if len(found) != 1:
        return None
    made = _credential(shell, provider, account.issuer, account.subject, found[0].id)
    tx.credentials.add(made)
    _note(tx, as_actor(found[0], now), made)
    return found[0]


def bind(shell: Shell, person: str, provider: str, subject: str, by: By) -> CredentialView:
    """Say whose a provider's account is. Raises NotFound, NotAllowed, BadAnswer."""

    def work(tx: Transaction) -> CredentialView:
        asker = access.asker(tx, "bind_subject", by)
        one = _provider(shell, provider)
        found = tx.people.get(person)
        if found is None:
            raise nobody(person)
        as_actor(found, shell.clock.now())  # who has left is refused
        if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            raise BadAnswer(
                {"subject": phrase("has 1 to %(longest_subject)s characters", longest_subject=LONGEST_SUBJECT)},
                possible=(phrase("as the provider has it"),),
            )
        there = tx.credentials.find("oidc", _key(one.issuer, subject))
        if there is not None:
            raise NotAllowed(
                phrase("this account is %(person)s's", person=there.person),
                where=person,
                possible=(phrase("remove it there first"),),
            )
        made = _credential(shell, one, one.issuer, subject, person)
        tx.credentials.add(made)
        _note(tx, asker, made)
        return view(made)

    return shell.keep(work)


def _note(tx: Transaction, by: Actor, one: Credential) -> None:
    facts = {"provider": one.known["name"], "credential": one.id}
    tx.note(by, "bind_subject", one.person, facts, subject=one.known["subject"])


def _credential(shell: Shell, provider: Provider, issuer: str, subject: str, person: str) -> Credential:
    known: dict[str, Any] = {"name": provider.name, "issuer": issuer, "subject": subject}
    return Credential(
        kind="oidc",
        name=_key(issuer, subject),
        id=secrets.token_hex(6),
        person=person,
        known=known,
        created=shell.clock.now(),
    )


def _key(issuer: str, subject: str) -> str:
    return sha256(f"{issuer}\0{subject}".encode(errors="surrogatepass")).hexdigest()


def _provider(shell: Shell, name: str) -> Provider:
    found = shell.settings.ways_in.provider(name)
    if found is None:
        known = [one.name for one in shell.settings.ways_in.providers]
        raise NotFound(
            phrase("there is no provider %(name)s", name=repr(name[:60])),
            where=name[:60],
            possible=known or ("FLOW_OIDC",),
        )
    return found


def _party(shell: Shell, one: Provider) -> Party:
    callback = f"{shell.settings.url}{CALLBACK}"
    return Party(issuer=one.issuer, client=one.client, secret=one.secret, callback=callback, acr=one.acr)
