"""Starts on the web, by people whom nobody knows: each makes a party of its own, which has a contact once it has shown
that the contact is its own. Who never does is swept away, and his job is ended with that reason."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from flowengine import exact
from flowengine.commands import codes, erasing, once
from flowengine.commands.receipts import check_key
from flowengine.commands.shell import Shell
from flowengine.commands.throttling import count
from flowengine.core import commands as c
from flowengine.core.values import CLOCK, Json
from flowengine.errors import BadAnswer, NotFound, Refused, StaleCommand
from flowengine.people.browsers import Browser
from flowengine.people.contacts import is_address
from flowengine.people.identities import check_person, made_id
from flowengine.people.permissions import PROGRAM
from flowengine.runtime.actors import as_actor
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction, new_id
from flowengine.store.provisional import Awaited
from flowengine.views.keyed import Keyed
from flowengine.views.signing_in import PublicStart

WITHIN = timedelta(days=7)
"""For how long it is awaited that somebody confirms his contact."""

AGAIN = timedelta(days=1)
LOG = logging.getLogger("flowengine.worker")
NOBODY = "nobody known"
"""Under which the request keys of people whom nobody knows are kept: no id has a space."""

_READ = exact.decoder(PublicStart, trusted=True)
NEVER_CONFIRMED = "The contact that was given was never confirmed"


def start(
    shell: Shell,
    process: str,
    need: Mapping[str, Json],
    name: str,
    contact: str,
    browser: Browser,
    language: str,
    key: str | None,
) -> PublicStart:
    """Begin a job for somebody whom nobody knows, and send him a code; under a request key once, whoever sends it
    (L3). Raises NotFound for a process that is not there or not for the public, BadAnswer, TooMany."""
    if not is_address(contact.strip()):
        raise BadAnswer(
            {"contact": phrase("%(contact)s is no mail address", contact=repr(contact[:60]))},
            possible=("ada@example.org",),
        )
    if not shell.settings.ways_in.may_start(process):
        raise NotFound(
            phrase("there is no process %(process)s that anybody may begin", process=repr(process[:60])),
            where=process[:60],
        )
    at = contact.strip()
    shell.secret.made(shell)
    job_id, person_id = new_id(), made_id(secrets.randbits(64))
    check_person(person_id, name, at, language=language)
    request = None if key is None else _request(key, process, need, name, at)

    def work(tx: Transaction) -> PublicStart:
        before = once.given(tx, NOBODY, request) if request is not None else None
        if before is not None:
            return _READ.decode(before.content)
        now = shell.clock.now()
        count(shell, tx, start_from_address=browser.address, start_to_contact=at)
        person = Person(id=person_id, kind="customer", name=name or person_id, created=now, language=language)
        tx.people.add(person)
        compiled = shell.catalogue.latest(tx, process, begin=True)
        command = c.Start(by=as_actor(person, now), answer=dict(need), parent="", depth=0)
        begun = shell.begin(tx, compiled, job_id, person_id, command, (None, None))
        tx.provisional.add(Awaited(person_id, begun.job, at), now + WITHIN)
        started = PublicStart(job=begun.job, code=codes.make(shell, tx, person_id, at))
        if request is not None:
            named = request._replace(names=(person_id,))
            once.keep(shell, tx, NOBODY, named, exact.encode(started))
        return started

    return shell.keep(work)


def _request(key: str, process: str, need: Mapping[str, Json], name: str, contact: str) -> Keyed:
    check_key(key)
    try:
        return Keyed("start_publicly", key, exact.encode((process, need, name, contact)))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadAnswer(
            {"": phrase("is not JSON: %(error)s", error=str(error)[:120])}, possible=(phrase("plain JSON"),)
        ) from None


def sweep(shell: Shell, limit: int) -> int:
    """Sweep away people who never confirmed their contacts: their jobs are ended, and what they wrote is erased with
    all that is known of them, for a reason that their histories tell. How many."""
    with shell.reading() as tx:
        over = tx.provisional.over(shell.clock.now(), limit)
    swept = 0
    for one in over:
        try:
            _sweep(shell, one)
            swept += 1
        except Refused as refused:  # it must not stand in the way of the others, and is looked at again tomorrow
            LOG.error("%s, who never confirmed a contact, cannot be swept away: %s", one.person, refused)
            later = shell.clock.now() + AGAIN
            shell.keep(partial(_put_off, one.person, later))
    return swept


def _sweep(shell: Shell, one: Awaited) -> None:
    try:
        shell.by_engine(one.job, c.End(by=CLOCK, because=NEVER_CONFIRMED))
    except (StaleCommand, NotFound) as over:  # it has ended by itself, or is archived
        LOG.info("the job of %s is over already: %s", one.person, over)
    erasing.erase(shell, one.person, NEVER_CONFIRMED, PROGRAM, dry=False)


def _put_off(person: str, later: datetime, tx: Transaction) -> None:
    tx.provisional.put_off(person, later)
