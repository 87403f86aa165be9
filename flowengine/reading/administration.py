"""What was changed of the installation: by whom, when and why; how it is set, and how it fares."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.distribution import __version__
from flowengine.errors import BadAnswer
from flowengine.people.identities import PERSON_ID, By
from flowengine.runtime.actors import reader_words
from flowengine.runtime.settings import Settings
from flowengine.runtime.ways_in import Lasting, Provider, WaysIn
from flowengine.speech.phrases import phrase
from flowengine.speech.words import ENGLISH, Words
from flowengine.store import Transaction, presence
from flowengine.store.administration import Deed
from flowengine.store.measures import measured, product, workers
from flowengine.store.schema import revision
from flowengine.store.tables import HEAD
from flowengine.views.administration import line
from flowengine.views.replies import DeedView
from flowengine.views.status import SettingView, StatusView, WorkerView, queues, span, wrong

MOST = 1_000
"""Deeds that are told at once."""


def administration(shell: Shell, about: str, limit: int, after: int, by: By) -> list[DeedView]:
    """Deeds, the newest first: all, or those about something by its exact id. Raises NotAllowed, BadAnswer."""
    problems = (
        {}
        if 0 < limit <= MOST
        else {"limit": phrase("is %(limit)s; 1 to %(most)s are possible", limit=limit, most=MOST)}
    )
    if not 0 <= after < 2**62:
        problems["after"] = phrase("is %(after)s, which is the number of no deed", after=after)
    if problems:
        raise BadAnswer(problems)
    with shell.reading() as tx:
        words = reader_words(tx, access.asker(tx, "administration", by))
        found = tx.deeds.page(about, after, limit)
        names = names_in(tx, found)
    return [line(one, names, words) for one in found]


def names_in(tx: Transaction, deeds: list[Deed]) -> dict[str, str]:
    """The names of all persons whom deeds name."""
    ids = {id for one in deeds for id in (one.about, one.also, one.by.id, one.by.party) if PERSON_ID.fullmatch(id)}
    return {id: one.name for id, one in tx.people.of_ids(sorted(ids)).items()} if ids else {}


def status(shell: Shell, by: By) -> StatusView:
    """How the installation is set, and how it fares just now."""
    with shell.reading() as tx:
        words = reader_words(tx, access.asker(tx, "status", by))
        now, channel = shell.clock.now(), tx.channel
        found, schema = measured(channel, now), revision(channel) or ""
        told = tuple(settings(shell.settings, words))
        there = tuple(_workers(tx, now))
        bad = wrong(found, now, there, told, (schema, HEAD), shell.database.warnings, words)
        return StatusView(
            at=now,
            wrong=tuple(sorted(bad, key=lambda one: not one.grave)),
            jobs=sum(found.jobs.values()),
            steps=sum(found.steps.values()),
            running=found.running,
            queues=queues(found, now),
            workers=there,
            settings=told,
            version=__version__,
            python=platform.python_version(),
            database=product(channel),
            address=shell.database.address,
            schema=schema,
            newest=HEAD,
        )


def _workers(tx: Transaction, now: datetime) -> Iterator[WorkerView]:
    """Those that have shown themselves, who was seen last first, and those that have calls besides."""
    busy = {one.id: one for one in workers(tx.channel, now)}
    for one in presence.seen(tx.settings):
        has = busy.pop(one.id, None)
        yield WorkerView(
            id=one.id, where=one.where, seen=one.at, calls=has.calls if has else 0, until=has.until if has else None
        )
    yield from (WorkerView(id=one.id, calls=one.calls, until=one.until) for one in busy.values())


_VARIABLES = {
    "public": "FLOW_PUBLIC_STARTS",
    "providers": "FLOW_OIDC",
    "targets": "FLOW_SIGN_IN_TARGETS",
    "scanner": "",
}
"""The variables that are not called as their settings are."""


def settings(found: Settings | WaysIn, words: Words = ENGLISH) -> Iterator[SettingView]:
    """What is set, in the order in which it is described, in the ``words`` of who reads; of a secret only that there is
    one."""
    for one in fields(found):
        value = getattr(found, one.name)
        if isinstance(value, WaysIn):
            yield from settings(value, words)
        else:
            told = _in_words(value, words) if one.repr else words.say("set") if value else ""
            variable = _VARIABLES.get(one.name, f"FLOW_{one.name.upper()}")
            yield SettingView(name=one.name, variable=variable, value=told)


def _in_words(value: object, words: Words) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return words.say("yes")
        case Mapping():
            return ", ".join(f"{key}={_in_words(one, words)}" for key, one in value.items())
        case tuple():
            return ", ".join(_in_words(one, words) for one in value)
        case Lasting():
            return f"{span(value.idle, words)}/{span(value.whole, words)}"
        case Provider():
            return value.name
    return words.say("set") if callable(value) else str(value)
