"""Links: a way in for one person to one job, from a letter to him.

A link can be used some twenty times until its deadline, since scanners of mail open links, follow them and press
buttons; each use is listed, and it can be revoked. What it opens is a session for that job alone, of the least
strength.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any, TypeAlias

from msgspec.structs import replace

from flowengine.commands import access, codes, sessions
from flowengine.commands.sessions import ENROL, LONGEST_AGENT, himself, refuse_another
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed, new_secret
from flowengine.commands.throttling import count, settled
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, BadToken, NotAllowed, NotFound, Refused
from flowengine.people.browsers import Browser
from flowengine.people.identities import By
from flowengine.people.permissions import ANY, needs
from flowengine.runtime.actors import as_actor, nobody
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.store import StoredJob, Transaction
from flowengine.store.links import LinkUse, MadeBy, StoredLink
from flowengine.views.signing_in import LinkUseView, LinkView, NewLink, Opened

PREFIX = "flowl_"
LONGEST = timedelta(days=30)
USES = 20
ENROLLING = timedelta(days=1)
"""For how long somebody may register what he signs in with, once: such a link is given to him by hand."""

Refusal: TypeAlias = BadToken | NotAllowed


def make(shell: Shell, of: str, person: str, expires: datetime | None, by: By) -> NewLink:
    """Make a link to a job, or to a step of it. Raises NotFound, NotAllowed, StaleCommand, BadAnswer."""

    def work(tx: Transaction) -> NewLink:
        actor = himself(tx, "make_link", by)
        job, number, due = _what(tx, of, actor)
        whom = person or (actor.id if actor.kind == "customer" else job.customer)
        if actor.kind == "customer" and whom != actor.id:
            raise nobody(whom)
        found = tx.people.get(whom)
        if found is None:
            raise nobody(whom)
        if found.kind != "customer":
            raise NotAllowed(
                phrase("%(whom)s is staff, whom a link alone does not sign in", whom=whom),
                where=whom,
                possible=codes.STAFF,
            )
        if not access.sees(tx, job, as_actor(found, shell.clock.now())):
            raise NotAllowed(
                phrase("the job is none of %(whom)s's", whom=whom),
                where=whom,
                possible=(job.customer, phrase("assign a step first")),
            )
        until = _until(shell.clock.now(), expires, due)
        return _kept(shell, tx, job.id, number, whom, USES, until, actor)

    return shell.keep(work)


def in_letter(shell: Shell, letter: str, of: str, person: str) -> str:
    """The address by which the receiver of a letter comes to a job or a step, by full id; empty where the link would
    open nothing to him. It is the same at each attempt to send the letter: its secret is made from the installation's
    own and the letter's id, as codes are."""
    drawn = digest(shell.secret.made(shell), f"link {letter}".encode(), "sha256")
    secret, id = PREFIX + urlsafe_b64encode(drawn).rstrip(b"=").decode(), sha256(drawn).hexdigest()[:12]
    job_id, _, number = of.partition(".")

    def work(tx: Transaction) -> str:
        found, job, now = tx.people.get(person), tx.jobs.get(job_id), shell.clock.now()
        if found is None or found.kind != "customer" or not access.sees(tx, job, as_actor(found, now)):
            return ""
        if tx.links.get(id) is None:
            step = access.open_step(job, int(number)) if number else None
            until = _until(now, None, step.due if step is not None else None)
            made = MadeBy(by="")
            one = StoredLink(
                id=id, job=job_id, step=step.number if step is not None else 0, person=person, uses=0, most=USES,
                made=made, created=now, until=until,
            )  # fmt: skip
            tx.links.add(hashed(secret), one)
        return f"{shell.settings.url}/door/{secret}"

    return shell.keep(work)


def _what(tx: Transaction, of: str, actor: Actor) -> tuple[StoredJob, int, datetime | None]:
    """The job that is meant, the number of the step or 0, and the step's deadline."""
    kind = "step" if "." in of else "job"
    job_id, number = access.numbered_ref(tx, of, actor) if kind == "step" else (access.job_ref(tx, of, actor), 0)
    job = access.read(tx, job_id, kind, of, actor)
    try:
        access.refuse_on_job(tx, job, "make_link", actor)
    except access.Hidden:
        raise access.no_such(kind, of) from None
    if not number:
        return job, 0, None
    step = access.open_step(job, number)
    if step is None:
        try:
            raise access.closed(tx, job, actor, number)
        except access.Hidden:
            raise access.no_such(kind, of) from None
    return job, number, step.due


def _until(now: datetime, expires: datetime | None, due: datetime | None) -> datetime:
    last = min(now + LONGEST, due) if due is not None and due > now else now + LONGEST
    if expires is None:
        return last
    if expires.tzinfo is None or not now < expires <= last:
        what = phrase("must be a moment with a zone, until %(moment)s", moment=moment_phrase(last, UTC))
        raise BadAnswer({"expires": what}, possible=(last.isoformat(), phrase("leave it out")))
    return expires


def enrol(shell: Shell, person: str, by: By) -> NewLink:
    """Make a link by which somebody registers what he signs in with. Raises NotFound, NotAllowed."""

    def work(tx: Transaction) -> NewLink:
        actor = access.asker(tx, "make_enrolment", by)
        found = tx.people.get(person)
        if found is None:
            raise nobody(person)
        as_actor(found, shell.clock.now())  # who has left is refused
        return _kept(shell, tx, "", 0, person, 1, shell.clock.now() + ENROLLING, actor)

    return shell.keep(work)


def _kept(
    shell: Shell, tx: Transaction, job: str, step: int, person: str, most: int, until: datetime, actor: Actor
) -> NewLink:
    secret, url = new_secret(PREFIX), shell.settings.url
    one = StoredLink(
        id=secrets.token_hex(6),
        job=job,
        step=step,
        person=person,
        uses=0,
        most=most,
        made=MadeBy(by=actor.id),
        created=shell.clock.now(),
        until=until,
    )
    tx.links.add(hashed(secret), one)
    facts = {"job": job, "step": step or "", "until": until.isoformat(), "link": one.id}
    tx.note(actor, "make_link" if job else "make_enrolment", person, facts)
    return NewLink(**_fields(one), secret=secret, url=f"{url}/door/{secret}" if url else "")


def open_(shell: Shell, secret: str, browser: Browser) -> Opened:
    """Open a link. One that is unknown, over, revoked or used up is answered alike. Raises BadToken,
    SignedInAsAnother, TooMany."""
    shell.secret.made(shell)

    def work(tx: Transaction) -> Opened | Refusal:
        now = shell.clock.now()
        count(shell, tx, link_from_address=browser.address)
        one = tx.links.find(hashed(secret), now)
        person = tx.people.get(one.person) if one is not None else None
        if one is None or person is None or person.left is not None or person.erased is not None:
            return _invalid()
        if one.job and not _is_there(tx, one.job):
            return _invalid()
        refuse_another(browser, one.person)
        where = browser.address[:LONGEST_AGENT], browser.agent[:LONGEST_AGENT]
        if not tx.links.use(hashed(secret), one, now, *where):
            return _invalid()
        about = Opened(job=one.job, step=f"{one.job}.{one.step}" if one.step else "")
        current = browser.current
        if current is not None and current.person == one.person and one.job and current.job in ("", one.job):
            return replace(about, there=True)
        if one.job and shell.settings.ways_in.links_ask_code:
            code = codes.to_person(shell, tx, one.person)
            return code if isinstance(code, Refused) else replace(about, code=code)
        begun = sessions.begin(shell, tx, person, "link", browser, job=one.job or ENROL, source=one.id, until=one.until)
        return replace(about, session=begun)

    return settled(shell, work)


def _invalid() -> BadToken:
    return BadToken(
        phrase("the link is not valid any more"), possible=(phrase("ask for another"), phrase("ask for a code"))
    )


def _is_there(tx: Transaction, job: str) -> bool:
    try:
        tx.jobs.get(job)
    except NotFound:
        return False
    return True


def listed(shell: Shell, job: str, by: By) -> list[LinkView]:
    """The links of a job with each use, the oldest first: a customer's own, all for the organisation."""
    with shell.reading() as tx:
        actor = himself(tx, "links", by)
        found = access.visible_job(tx, job, actor)
        uses = tx.links.uses(found.id)
        return [
            LinkView(**_fields(one, [use for use in uses if use.link == one.id]))
            for one in tx.links.of(found.id)
            if needs("links", actor) == ANY or one.person == actor.id
        ]


def revoke(shell: Shell, id: str, by: By) -> LinkView:
    """Revoke a link, now, with the sessions that came of it. Raises NotFound."""

    def work(tx: Transaction) -> LinkView:
        actor, now = himself(tx, "revoke_link", by), shell.clock.now()
        found = tx.links.get(id)
        if found is None or not (needs("revoke_link", actor) == ANY or found.person == actor.id):
            raise NotFound(
                phrase("there is no link %(id)s", id=repr(id[:60])),
                where=id[:60],
                possible=(phrase("links lists those of a job"),),
            )
        tx.links.revoke(id, now)
        tx.sessions.end_of(id, now)
        uses = [use for use in tx.links.uses(found.job) if use.link == id]
        tx.note(actor, "revoke_link", found.person, {"job": found.job, "link": id})
        return LinkView(**_fields(found, uses) | {"revoked": found.revoked or now})

    return shell.keep(work)


def _fields(one: StoredLink, uses: list[LinkUse] | None = None) -> dict[str, Any]:
    return {
        "id": one.id,
        "person": one.person,
        "job": one.job,
        "step": f"{one.job}.{one.step}" if one.step else "",
        "made_by": one.made.by,
        "created": one.created,
        "expires": one.until,
        "revoked": one.revoked,
        "most": one.most,
        "uses": tuple(LinkUseView(at=use.at, address=use.address, agent=use.agent) for use in uses or ()),
    }
