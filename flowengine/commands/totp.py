"""Codes of an authenticator (TOTP, RFC 6238): SHA-1, thirty seconds, six digits, as all authenticators have it.

Its secret has to be stored as it is, for both sides compute from it. A code counts once: its step must be later than
that of the last one that was taken.
"""

from __future__ import annotations

import secrets
from base64 import b32decode, b32encode
from datetime import datetime, timedelta
from hmac import compare_digest, digest
from urllib.parse import quote, urlsplit

from flowengine.commands import sessions
from flowengine.commands.credentials import view
from flowengine.commands.sessions import himself
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed
from flowengine.commands.throttling import count, settled
from flowengine.errors import BadToken, NotAllowed, Refused
from flowengine.people.browsers import Browser
from flowengine.people.identities import By, as_strong
from flowengine.runtime.actors import nobody
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.credentials import Credential
from flowengine.views.signing_in import CredentialView, NewSession, TotpBegun

STEP = 30
"""Seconds for which a code is shown."""

DRIFT = 1
"""So many steps the authenticator's clock may be ahead or behind."""

BEGUN = timedelta(minutes=15)
_BYTES = 20


def code_at(secret: bytes, step: int) -> str:
    """The six digits of a step (RFC 6238, RFC 4226: dynamic truncation)."""
    mac = digest(secret, step.to_bytes(8), "sha1")
    start = mac[-1] & 15
    return f"{(int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF) % 10**6:06d}"


def step_of(secret: bytes, code: str, now: datetime, last: int) -> int | None:
    """The step whose code that is, near now and later than the last one taken; None where it is none."""
    said = "".join(code.split()).encode(errors="surrogatepass")
    current = int(now.timestamp()) // STEP
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        if compare_digest(code_at(secret, step).encode(), said) and step > last:
            found = step
    return found


def begin(shell: Shell, by: By) -> TotpBegun:
    """A new secret for who asks, which counts once he has shown a code of it. Raises NotAllowed."""

    def work(tx: Transaction) -> TotpBegun:
        actor = himself(tx, "begin_totp", by, enrolling=True)
        if of(tx, actor.id) is not None:
            raise NotAllowed(phrase("you have an authenticator"), where=actor.id, possible=(phrase("remove it first"),))
        now, id = shell.clock.now(), secrets.token_urlsafe(16)
        secret = b32encode(secrets.token_bytes(_BYTES)).decode()
        tx.credentials.tidy(now)
        tx.credentials.ask(hashed(id), "totp", {"person": actor.id, "secret": secret}, now + BEGUN)
        issuer = urlsplit(shell.settings.url).hostname or "flowengine"
        label = quote(f"{issuer}:{actor.id}")
        return TotpBegun(id=id, secret=secret, uri=f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}")

    return shell.keep(work)


def confirm(shell: Shell, id: str, code: str, name: str, by: By) -> CredentialView:
    """The authenticator of who asks shows that code: it signs him in from now on. Raises BadToken, NotAllowed."""

    def work(tx: Transaction) -> CredentialView:
        actor, now = himself(tx, "confirm_totp", by, enrolling=True), shell.clock.now()
        asked = tx.credentials.take(hashed(id), "totp", now, actor.id)
        step = step_of(b32decode(asked["secret"]), code, now, -1) if asked is not None else None
        if asked is None or step is None:
            raise _wrong()
        if of(tx, actor.id) is not None:
            raise NotAllowed(phrase("you have an authenticator"), where=actor.id, possible=(phrase("remove it first"),))
        one = Credential(
            kind="totp",
            name=actor.id,
            id=secrets.token_hex(6),
            person=actor.id,
            known={"secret": asked["secret"], "last": step, "name": name or "Authenticator"},
            created=now,
        )
        tx.credentials.add(one)
        tx.note(actor, "confirm_totp", actor.id, {"credential": one.id}, name=one.known["name"])
        return view(one)

    return shell.keep(work)


def of(tx: Transaction, person: str) -> Credential | None:
    """The authenticator of a person."""
    return tx.credentials.find("totp", person)


def check(shell: Shell, tx: Transaction, person: str, code: str) -> bool:
    """Whether his authenticator shows that code, which counts once. Raises TooMany."""
    count(shell, tx, totp_of_person=person)
    one, now = of(tx, person), shell.clock.now()
    if one is None:
        return False
    step = step_of(b32decode(one.known["secret"]), code, now, one.known["last"])
    return step is not None and tx.credentials.change(one, one.known | {"last": step}, now)


def raise_to_code(shell: Shell, code: str, browser: Browser) -> NewSession:
    """Who is signed in by a link shows what his authenticator shows: he is known better. Raises BadToken, TooMany."""
    current = browser.current

    def work(tx: Transaction) -> NewSession | Refused:
        if current is None or not current.session:
            return BadToken(
                phrase("nobody is signed in here"), possible=(phrase("open your link first"), phrase("ask for a code"))
            )
        person = tx.people.get(current.person)
        if person is None:
            return nobody(current.person)
        if person.kind == "staff" and current.strength in ("link", "code"):
            return NotAllowed(
                phrase("this alone signs no member of staff in"), possible=(phrase("a code together with it"),)
            )
        if not check(shell, tx, person.id, code):
            return _wrong()
        strength = current.strength if as_strong(current.strength, "code") else "code"
        return sessions.begin(shell, tx, person, strength, browser)

    return settled(shell, work)


def _wrong() -> BadToken:
    return BadToken(phrase("the code is wrong, or was used before"), possible=(phrase("wait for the next one"),))
