"""How an installation is set, and how it fares: for operators, what is wrong first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import ENGLISH, Words
from flowengine.views.view import View

if TYPE_CHECKING:
    from flowengine.store.measures import Backlog, Measures  # a desk far from the database loads nothing of it

LATE = timedelta(minutes=1)
"""After so long it is wrong that something is due, and nobody takes it; and a worker that is silent is not there."""


class QueueView(View, frozen=True, kw_only=True):
    """What is due by now and not done: ``calls`` of services, ``timers`` or ``messages`` to others; of an external
    worker's calls ``handler`` is theirs. How many are ``due``, ``since`` when the oldest of them is, and how many
    ``gave_up``."""

    name: str
    handler: str = ""
    due: int = 0
    since: datetime | None = None
    gave_up: int = 0


class WorkerView(View, frozen=True, kw_only=True):
    """A worker: ``where`` its process runs (machine and number) and when it was ``seen`` last, as far as it has shown
    itself, which one that has just begun has not; how many ``calls`` it has just now, and ``until`` when the last of
    them, unless it asks again."""

    id: str
    where: str = ""
    seen: datetime | None = None
    calls: int = 0
    until: datetime | None = None


class SettingView(View, frozen=True, kw_only=True):
    """What the installation is told from outside: the ``variable`` that says it, and its ``value`` in words; of a
    secret only whether there is one."""

    name: str
    variable: str
    value: str


class WrongView(View, frozen=True, kw_only=True):
    """Something that is wrong, in words, and what is ``possible``. ``grave``: something does not get done; else it is
    something to know."""

    what: str
    possible: tuple[str, ...] = ()
    grave: bool = True


class StatusView(View, frozen=True, kw_only=True):
    """How an installation fares: what is ``wrong``, the grave first; how many ``jobs`` and ``steps`` are open; what is
    due, by queue; the workers that were seen lately, or have calls (``running`` in all); what is set; and the versions
    of flowengine, Python and the ``database`` with its ``schema`` (``newest`` is that of this code)."""

    at: datetime
    wrong: tuple[WrongView, ...] = ()
    jobs: int = 0
    steps: int = 0
    running: int = 0
    queues: tuple[QueueView, ...] = ()
    workers: tuple[WorkerView, ...] = ()
    settings: tuple[SettingView, ...] = ()
    version: str
    python: str
    database: str
    address: str
    schema: str
    newest: str


def queues(found: Measures, now: datetime) -> tuple[QueueView, ...]:
    """What is due, by queue; that of our own workers first."""

    def queue(name: str, backlog: Backlog | None, gave_up: int, handler: str = "") -> QueueView:
        if backlog is None or not backlog.count:
            return QueueView(name=name, handler=handler, gave_up=gave_up)
        since = now - timedelta(seconds=backlog.oldest)
        return QueueView(name=name, handler=handler, due=backlog.count, since=since, gave_up=gave_up)

    return (
        queue("calls", found.calls.get(""), sum(found.call_incidents.values())),
        *(queue("calls", one, 0, lane) for lane, one in sorted(found.calls.items()) if lane),
        queue("timers", found.timers, found.timer_incidents),
        queue("messages", found.outbox, found.message_incidents),
    )


def wrong(
    found: Measures,
    now: datetime,
    workers: tuple[WorkerView, ...],
    settings: tuple[SettingView, ...],
    schemas: tuple[str, str],
    warnings: tuple[str, ...],
    words: Words = ENGLISH,
) -> Iterator[WrongView]:
    """All that is wrong, the grave first, in the ``words`` of who reads. ``schemas``: the database's, and that of this
    code."""
    yield from (WrongView(what=words.tell(one)) for one in warnings)
    for one in queues(found, now):
        if one.since is not None and now - one.since > LATE:
            what = words.say(
                "%(what)s have been due for %(long)s, and nobody does them (%(due)s): no worker runs, or it cannot "
                "keep up",
                what=phrase("Calls of %(handler)s", handler=one.handler) if one.handler else _WORDS[one.name],
                long=span(now - one.since, words),
                due=one.due,
            )
            theirs = phrase("start the external worker of %(handler)s", handler=one.handler)
            yield WrongView(what=what, possible=(words.tell(theirs if one.handler else _START),))
    for name, number in (
        (phrase("Calls of services gave up: %(number)s"), sum(found.call_incidents.values())),
        (phrase("Timers could not be fired: %(number)s"), found.timer_incidents),
        (phrase("Messages could not be sent: %(number)s"), found.message_incidents),
        (phrase("Jobs could not be begun by the clock: %(number)s"), sum(found.schedule_incidents.values())),
        (phrase("Waits take too long: %(number)s"), found.attention),
        (phrase("Promises are late: %(number)s"), sum(found.late_promises.values())),
    ):
        if number:
            helps = words.say("flow incidents tells which, and what helps")
            yield WrongView(what=words.say(name, number=number), possible=(helps,))
    if schemas[0] != schemas[1]:
        what = words.say(
            "The database has the schema %(there)s, and this program is of %(here)s", there=schemas[0], here=schemas[1]
        )
        yield WrongView(what=what, possible=(words.say("replace programs of an older version"),), grave=False)
    if not any(one.calls or (one.seen is not None and now - one.seen <= LATE) for one in workers):
        what = words.say("No worker was seen lately: what is due is done only where the program itself does it")
        yield WrongView(what=what, possible=(words.tell(_START),), grave=False)
    unset = {one.name for one in settings if not one.value}
    for setting, (means, possible) in _MISSED.items():
        if setting in unset:
            yield WrongView(what=words.tell(means), possible=(words.tell(possible),), grave=False)


_WORDS = {"calls": phrase("Calls of services"), "timers": phrase("Timers"), "messages": phrase("Messages")}

_START = phrase("start one: %(command)s", command="flow worker")

_MISSED = {
    "url": (
        phrase("Letters lead to no page, for nobody knows the address of this installation"),
        phrase("set %(variables)s", variables="FLOW_URL"),
    ),
    "mail": (
        phrase("Nobody is written to by mail"),
        phrase("set %(variables)s", variables=listing(("FLOW_MAIL", "FLOW_MAIL_FROM"), phrase(" and "))),
    ),
}
"""What does not happen where a setting is empty."""


def span(length: timedelta, words: Words = ENGLISH) -> str:
    """A length in words, to the largest unit: ``5 minutes``, ``14 days``."""
    unit = next((one for one in _UNITS if length >= one), timedelta(seconds=1))
    return words.span(rest=length // unit * unit)


_UNITS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
