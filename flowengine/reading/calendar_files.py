"""Appointments for calendar programs: those of a job, of an agenda, and feeds that are read again and again.

What is in a file is what the asker may see of it (L9): a customer his own appointments and who meets him, who meets
customers for whom and what for. A feed is read by a secret alone, which lets nobody act.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from flowengine.commands import access, occasions
from flowengine.commands import tokens as issued
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed, new_secret
from flowengine.core.seatings import person_seating
from flowengine.core.values import Actor
from flowengine.errors import BadToken, NotAllowed, NotFound
from flowengine.interop import ical
from flowengine.people.identities import By
from flowengine.people.permissions import require
from flowengine.reading import agenda
from flowengine.runtime.actors import actor_of, name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.store import StoredToken, Transaction, shown
from flowengine.store.tokens import Powers
from flowengine.views import appointments
from flowengine.views.calendars import CalendarFile, FeedView, NewFeed

FEED = "feed"
"""The scope of a token by which a feed is read."""

PATH = "/calendars"
"""Where feeds are, below the address of the installation."""

BEFORE, AFTER = timedelta(days=30), timedelta(days=366)
"""How far back and ahead a feed reaches."""

MOST = 500
"""Appointments that a feed has at most."""

MOST_FEEDS = 20
"""Feeds that a person may have."""


def of_job(shell: Shell, text: str, by: By) -> CalendarFile:
    """The appointments of a job, those to come and those that were, as the asker may see them; what was cancelled is
    in it as such."""
    with shell.reading() as tx:
        asker = actor_of(tx, by)
        job = access.visible_job(tx, text, asker)
        require("appointment_file", asker)
        found = occasions.appointments(job.id, tx.history.of(job.id))
        own = {asker.id, *asker.same, *asker.acting, *asker.seeing}
        mine = [one for one in found if asker.kind != "customer" or one.customer in own]
        return _file(shell, tx, mine, asker)


def of_agenda(
    shell: Shell, first: date | None, last: date | None, person: str, role: str, calendar: str, by: By
) -> CalendarFile:
    """What an agenda has, for calendar programs."""
    items = agenda.agenda(shell, first, last, person, role, calendar, agenda.MOST, by)
    with shell.reading() as tx:
        asker = access.asker(tx, "agenda_file", by)
        wanted = {(one.job, one.start) for one in items if one.held_until is None}
        return _file(shell, tx, _kept(tx, wanted), asker)


def make_feed(shell: Shell, by: By) -> NewFeed:
    """An address from which a calendar program reads the asker's appointments."""
    secret = new_secret(issued.PREFIX)

    def work(tx: Transaction) -> StoredToken:
        asker, now = access.asker(tx, "make_feed", by), shell.clock.now()
        if not asker.id:
            raise NotAllowed(
                phrase("a feed is a person's"), possible=(phrase("ask as the person whose appointments they are"),)
            )
        if len(_feeds(tx, asker.id)) >= MOST_FEEDS:
            raise NotAllowed(
                phrase("%(id)s has %(most_feeds)s feeds", id=asker.id, most_feeds=MOST_FEEDS),
                possible=(phrase("end one of them first"),),
            )
        token = StoredToken(
            id=secrets.token_hex(6),
            scope=FEED,
            subject=asker.id,
            powers=Powers(handlers=()),
            created=now,
            expires=None,
            revoked=None,
        )
        tx.tokens.add(hashed(secret), token)
        tx.note(asker, "make_feed", asker.id, {"feed": token.id})
        return token

    made = shell.keep(work)
    path = f"{PATH}/{secret}.ics"
    url = f"{shell.settings.url}{path}" if shell.settings.url else ""
    return NewFeed(id=made.id, created=made.created, secret=secret, path=path, url=url)


def feeds(shell: Shell, by: By) -> list[FeedView]:
    """The asker's feeds, the oldest first."""
    with shell.reading() as tx:
        asker = access.asker(tx, "feeds", by)
        return [FeedView(id=one.id, created=one.created) for one in _feeds(tx, asker.id)]


def end_feed(shell: Shell, id: str, by: By) -> list[FeedView]:
    """End one of the asker's feeds: from now on nobody reads it. Those that are left. Raises NotFound."""

    def work(tx: Transaction) -> list[FeedView]:
        asker = access.asker(tx, "end_feed", by)
        own = _feeds(tx, asker.id)
        if id not in {one.id for one in own}:
            raise NotFound(
                phrase("there is no feed %(id)s, or it is not yours", id=repr(id[:60])),
                possible=[one.id for one in own],
            )
        tx.tokens.revoke(id, shell.clock.now())
        tx.note(asker, "end_feed", asker.id, {"feed": id})
        return [FeedView(id=one.id, created=one.created) for one in own if one.id != id]

    return shell.keep(work)


def read_feed(shell: Shell, secret: str) -> CalendarFile:
    """What a calendar program reads. Raises BadToken for a secret that is none, and of one who has left."""
    whose = issued.token(shell, secret)
    if whose.scope != FEED:
        raise BadToken(phrase("the token is not valid"), possible=(phrase("the address of a feed"),))
    with shell.reading() as tx:
        person = tx.people.get(whose.subject)
        if person is None or person.left is not None or person.erased is not None:
            raise BadToken(phrase("the token is not valid"), possible=(phrase("the address of a feed"),))
        now = shell.clock.now()
        names = [person_seating(id) for id in (person.id, *person.same)]
        booked = tx.bookings.agenda(names, now - BEFORE, now + AFTER, now, MOST)
        wanted = {(one.job, one.start) for one in booked if one.held_until is None}
        return _file(shell, tx, _kept(tx, wanted), access.asker(tx, "feeds", person.id), name=person.name)


def _feeds(tx: Transaction, person: str) -> list[StoredToken]:
    return [one for one in tx.tokens.of(FEED, person) if one.revoked is None]


def _kept(tx: Transaction, wanted: set[tuple[str, datetime]]) -> list[occasions.Kept]:
    """The appointments of some jobs at some times, in order of time."""
    found = [
        one
        for job in sorted({job for job, _ in wanted})
        for one in occasions.appointments(job, tx.history.of(job))
        if not one.gone and (job, one.start) in wanted
    ]
    return sorted(found, key=lambda one: (one.start, one.job))


def _file(shell: Shell, tx: Transaction, found: Iterable[occasions.Kept], asker: Actor, name: str = "") -> CalendarFile:
    names: dict[str, str] = {}

    def called(id: str) -> str:
        if id and id not in names:
            names[id] = name_of(tx, id)
        return names.get(id, "")

    words, written = reader_words(tx, asker), []
    for one in found:
        job = tx.jobs.get(one.job)
        compiled = shell.catalogue.told(tx, job.process, job.version, asker.language)
        mine = asker.kind == "customer"
        link = f"{shell.settings.url}/jobs/{shown(job.id)}" if shell.settings.url else ""
        reader = appointments.Who(one.customer if mine else asker.id)
        written.append(
            appointments.occasion(words, compiled, one, reader, called(one.staff if mine else one.customer), link)
        )
    return CalendarFile(text=ical.written(written, name=name), appointments=len(written))
