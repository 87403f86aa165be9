"""Passkeys (WebAuthn): registered by who is signed in, and then a way in of their own, with nothing else asked.

Each ceremony has a challenge of its own, which is answered once. The device has checked who holds it (a fingerprint, a
PIN), so that a passkey is two factors in one; its count must not go back.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from flowengine.commands import sessions
from flowengine.commands.credentials import view
from flowengine.commands.sessions import himself
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed
from flowengine.commands.throttling import count, settled
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, BadToken, NotAllowed, NotFound
from flowengine.outside import passkeys as ceremony
from flowengine.outside.passkeys import Site
from flowengine.people.browsers import Browser
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.credentials import Credential
from flowengine.views.signing_in import CredentialView, NewSession, PasskeyAsked

LASTS = timedelta(minutes=5)
MOST = 20
"""Passkeys that one person has at most."""

LONGEST_NAME = 100
Refusal: TypeAlias = BadToken | NotAllowed


def _site(shell: Shell) -> Site:
    """The site for which passkeys are made here. Raises NotFound where there is none."""
    parts = urlsplit(shell.settings.url)
    if not parts.hostname:
        what = phrase("there are no passkeys here: they belong to a site, and the address of this one is not set")
        raise NotFound(what, where="FLOW_URL", possible=("https://flow.example", phrase("a code")))
    return Site(host=parts.hostname, origin=f"{parts.scheme}://{parts.netloc}")


def begin(shell: Shell, by: By) -> PasskeyAsked:
    """What the browser of who asks is asked, to make a passkey. Raises NotAllowed, NotFound."""

    def work(tx: Transaction) -> PasskeyAsked:
        actor = himself(tx, "begin_passkey", by, enrolling=True)
        site = _site(shell)
        there = [one.known["id"] for one in tx.credentials.of(actor.id) if one.kind == "passkey"]
        if len(there) >= MOST:
            raise NotAllowed(
                phrase("nobody has more than %(most)s passkeys", most=MOST),
                where=actor.id,
                possible=(phrase("remove some"),),
            )
        person = tx.people.get(actor.id)
        challenge, name = secrets.token_bytes(32), person.name if person is not None else actor.id
        options = ceremony.registration(site, challenge, actor.id, name, [_bytes(id) for id in there])
        return _asked(shell, tx, "passkey", challenge, actor.id, options)

    return shell.keep(work)


def _asked(
    shell: Shell, tx: Transaction, kind: str, challenge: bytes, person: str, options: dict[str, Any]
) -> PasskeyAsked:
    now, id = shell.clock.now(), secrets.token_urlsafe(16)
    tx.credentials.tidy(now)
    tx.credentials.ask(hashed(id), kind, {"challenge": _text(challenge), "person": person}, now + LASTS)
    return PasskeyAsked(id=id, options=options)


def add(shell: Shell, id: str, response: Mapping[str, Json], name: str, by: By) -> CredentialView:
    """The browser has made a passkey. Raises BadToken for an answer to what was not asked, or of another site."""
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadAnswer(
            {"name": phrase("has at most %(longest_name)s characters, on one line", longest_name=LONGEST_NAME)}
        )

    def work(tx: Transaction) -> CredentialView | Refusal:
        actor, now = himself(tx, "add_passkey", by, enrolling=True), shell.clock.now()
        site = _site(shell)
        asked = tx.credentials.take(hashed(id), "passkey", now, actor.id)
        if asked is None:
            return _refused("it was not asked, or answered before")
        try:
            made = ceremony.registered(site, _bytes(asked["challenge"]), response)
        except BadToken as refused:
            return refused
        key = sha256(made.id).hexdigest()
        if tx.credentials.find("passkey", key) is not None:
            return NotAllowed(
                phrase("this passkey is there already"), where=actor.id, possible=(phrase("another one"),)
            )
        one = Credential(
            kind="passkey",
            name=key,
            id=secrets.token_hex(6),
            person=actor.id,
            known={"id": _text(made.id), "key": _text(made.key), "count": made.count, "name": name or "Passkey"},
            created=now,
        )
        tx.credentials.add(one)
        tx.note(actor, "add_passkey", actor.id, {"credential": one.id}, name=one.known["name"])
        return view(one)

    return settled(shell, work)


def begin_sign_in(shell: Shell, browser: Browser) -> PasskeyAsked:
    """What a browser is asked of which nobody knows yet who is there. Raises NotFound, TooMany."""
    site = _site(shell)

    def work(tx: Transaction) -> PasskeyAsked:
        count(shell, tx, passkey_from_address=browser.address)
        challenge = secrets.token_bytes(32)
        return _asked(shell, tx, "passkey_in", challenge, "", ceremony.sign_in(site, challenge))

    return shell.keep(work)


def sign_in(shell: Shell, id: str, response: Mapping[str, Json], browser: Browser) -> NewSession:
    """Somebody shows his passkey. Raises BadToken, NotAllowed, SignedInAsAnother, TooMany."""
    site = _site(shell)

    def work(tx: Transaction) -> NewSession | Refusal:
        now = shell.clock.now()
        count(shell, tx, passkey_from_address=browser.address)
        asked = tx.credentials.take(hashed(id), "passkey_in", now)
        if asked is None:
            return _refused("it was not asked, or answered before")
        try:
            one = tx.credentials.find("passkey", sha256(ceremony.id_of(response)).hexdigest())
            if one is None:
                return _refused("this passkey is not known here")
            key = _bytes(one.known["key"])
            new = ceremony.signed_in(site, _bytes(asked["challenge"]), response, key, one.known["count"])
        except BadToken as refused:
            return refused
        person = tx.people.get(one.person)
        if person is None or not tx.credentials.change(one, one.known | {"count": new}, now):
            return _refused("it was used elsewhere at this moment")
        return sessions.begin(shell, tx, person, "passkey", browser)

    return settled(shell, work)


def _refused(why: str) -> BadToken:
    return BadToken(phrase("the passkey is not taken: %(why)s", why=why), possible=(phrase("begin again"),))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text)
