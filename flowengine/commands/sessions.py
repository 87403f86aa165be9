"""Sessions: begun once somebody is known, found by their secrets, ended by their owners.

A session is a row that is looked up at each request, so that it ends the moment it is ended. Its secret is 256 random
bits, of which only the SHA-256 is stored.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from hmac import digest

from msgspec.structs import asdict, replace

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed, new_secret
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotFound, SignedInAsAnother, WeakIdentity
from flowengine.people.browsers import Browser
from flowengine.people.identities import STRENGTHS, By, Identity, Strength
from flowengine.people.permissions import ANY, needs
from flowengine.runtime.actors import as_actor, nobody
from flowengine.runtime.ways_in import SessionKind
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.store.sessions import StoredSession, Where
from flowengine.views.signing_in import NewSession, SessionView

PREFIX = "flows_"
"""How the secret of every session begins; that of a token begins with ``flow_``."""

NOTED = timedelta(minutes=1)
"""How exactly it is known when a session was used last: it is written no more often."""

KEPT = timedelta(days=30)
"""For how long a session that is over is kept."""

LONGEST_AGENT = 200
ENROL = "enrol"
"""What stands in the place of a job in a session in which somebody only registers what he signs in with: it is the id
of none, so that the session finds nothing."""

_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)


def csrf_of(secret: str) -> str:
    """What a page sends in a header with what it changes: it follows from the session's secret, and does not give it
    away."""
    return digest(secret.encode(), b"csrf", "sha256").hex()


# who asks for himself


def himself(tx: Transaction, verb: str, by: By, *, enrolling: bool = False) -> Actor:
    """Who asks about himself, known as strongly as the verb needs, and not only for one job; or ``enrolling``. Raises
    NotAllowed, WeakIdentity."""
    if isinstance(by, Identity) and by.job:
        if not (enrolling and by.job == ENROL):
            what = phrase("you are not known well enough for this: only for what you were sent a link for")
            raise WeakIdentity(what, needed="code", where=by.person, possible=(phrase("sign in by a code"),))
        return access.asker(tx, verb, replace(by, job="", strength="host"))
    return access.asker(tx, verb, by)


def whose(tx: Transaction, verb: str, by: By, person: str, *, enrolling: bool = False) -> str:
    """Whom a verb is about: who asks, or the person named by those who may. Another and none answer alike (L4)."""
    actor = himself(tx, verb, by, enrolling=enrolling)
    if not person and not actor.id:
        raise BadAnswer({"person": phrase("must be named")}, possible=(phrase("the exact id of a person"),))
    if not person or person == actor.id:
        return actor.id
    if needs(verb, actor) != ANY or tx.people.get(person) is None:
        raise nobody(person)
    return person


# beginning


def refuse_another(browser: Browser, person: str) -> None:
    """Raises SignedInAsAnother where somebody else is signed in, and this was not said on purpose."""
    if browser.current is not None and browser.current.person != person and not browser.switch:
        raise SignedInAsAnother(
            phrase("somebody else is signed in here"),
            possible=(phrase("say who you are now: sign the other out, or switch"),),
        )


def kind_of(actor: Actor) -> SessionKind:
    """What kind of session a person has, but for those of a link."""
    return "operator" if actor.kind == "operator" else "staff" if actor.kind == "staff" else "customer"


def begin(
    shell: Shell,
    tx: Transaction,
    person: Person,
    strength: Strength,
    browser: Browser,
    *,
    job: str = "",
    source: str = "",
    until: datetime | None = None,
) -> NewSession:
    """Begin a session with a new secret; the one before in this browser ends. Raises NotAllowed for one who has left,
    SignedInAsAnother."""
    actor, now = as_actor(person, shell.clock.now()), shell.clock.now()
    refuse_another(browser, person.id)
    if browser.current is not None and browser.current.session:
        tx.sessions.end(browser.current.session, now)
    tx.sessions.tidy(now - KEPT)
    lasting = shell.settings.ways_in.lasting("link" if job else kind_of(actor))
    whole = now + lasting.whole
    secret = new_secret(PREFIX)
    made = StoredSession(
        id=secrets.token_hex(8),
        person=person.id,
        strength=strength,
        job=job,
        source=source,
        where=Where(address=browser.address[:LONGEST_AGENT], agent=browser.agent[:LONGEST_AGENT]),
        created=now,
        seen=now,
        idle=lasting.idle,
        until=whole if until is None else min(whole, until),
    )
    tx.sessions.add(hashed(secret), made)
    return NewSession(**asdict(view(made)), secret=secret, csrf=csrf_of(secret))


def view(one: StoredSession, current: str = "") -> SessionView:
    """A session as it is shown to its owner."""
    return SessionView(
        id=one.id,
        person=one.person,
        strength=one.strength,
        job=one.job,
        created=one.created,
        seen=one.seen,
        expires=one.expires,
        address=one.where.address,
        agent=one.where.agent,
        current=one.id == current,
    )


def sign_in(shell: Shell, person: str, strength: Strength, browser: Browser) -> NewSession:
    """A session for somebody of whom the program has made sure. Raises NotFound, NotAllowed, BadAnswer."""
    if strength not in STRENGTHS:
        raise BadAnswer(
            {"strength": phrase("%(strength)s is none", strength=repr(str(strength)[:60]))}, possible=STRENGTHS
        )

    def work(tx: Transaction) -> NewSession:
        found = tx.people.get(person)
        if found is None:
            raise nobody(person)
        return begin(shell, tx, found, strength, browser)

    return shell.keep(work)


# being known by one


def identify(shell: Shell, secret: str) -> Identity | None:
    """Who is signed in with that secret: one look, and a write no more than once a minute. None for a secret that is
    none of a session, or of one that is over."""
    if not _FORM.fullmatch(secret):
        return None
    now = shell.clock.now()
    with shell.glancing() as tx:
        one = tx.sessions.find(hashed(secret), now)
    if one is None:
        return None
    if now - one.seen >= NOTED:
        shell.keep(lambda tx: tx.sessions.seen(one.id, now))
    return Identity(person=one.person, strength=one.strength, job=one.job, session=one.id)


# looking and ending


def listed(shell: Shell, person: str, by: By) -> list[SessionView]:
    """The sessions of who asks, or of another for operators, the newest first."""
    with shell.reading() as tx:
        id = whose(tx, "sessions", by, person)
        current = by.session if isinstance(by, Identity) else ""
        return [view(one, current) for one in tx.sessions.of(id, shell.clock.now())]


def end(shell: Shell, id: str, by: By) -> SessionView:
    """End a session. One's own one may end however one is known. Raises NotFound."""

    def work(tx: Transaction) -> SessionView:
        current = by.session if isinstance(by, Identity) else ""
        now = shell.clock.now()
        found = tx.sessions.get(id, now)
        other: Actor | None = None
        if current and id == current and found is not None:
            mine = True
        else:
            other = actor = himself(tx, "end_session", by)
            mine = found is not None and (found.person == actor.id or needs("end_session", actor) == ANY)
        if found is None or not mine:
            raise NotFound(
                phrase("there is no session %(id)s", id=repr(id[:60])),
                where=id[:60],
                possible=(phrase("sessions lists them"),),
            )
        tx.sessions.end(id, now)
        if other is not None and other.id != found.person:
            tx.note(other, "end_session", found.person, {"session": id})
        return view(found, current)

    return shell.keep(work)


def end_all(shell: Shell, person: str, by: By) -> int:
    """End all sessions of who asks, or of another for operators: how many."""

    def work(tx: Transaction) -> int:
        id = whose(tx, "sign_out_everywhere", by, person)
        ended, asker = tx.sessions.end_all(id, shell.clock.now()), himself(tx, "sign_out_everywhere", by)
        if asker.id != id:
            tx.note(asker, "sign_out_everywhere", id, {"sessions": ended})
        return ended

    return shell.keep(work)


def forget(tx: Transaction, person: str, now: datetime) -> None:
    """He is erased: nothing lets him in any more, and from where he came is forgotten."""
    tx.sessions.forget(person)
    tx.links.forget(person, now)
    tx.credentials.forget(person)
    tx.provisional.drop(person)


def shut_out(tx: Transaction, person: str, now: datetime) -> None:
    """He has left: his sessions and links end."""
    tx.sessions.end_all(person, now)
    tx.links.revoke_all(person, now)
