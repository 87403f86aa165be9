"""How an installation is set, and how it fares: for operators, what is wrong first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

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
) -> Iterator[WrongView]:
    """All that is wrong, the grave first. ``schemas``: the database's, and that of this code."""
    yield from (WrongView(what=one) for one in warnings)
    for one in queues(found, now):
        if one.since is not None and now - one.since > LATE:
            long, what = span(now - one.since), _WORDS[one.name]
            whom = f" of {one.handler}" if one.handler else ""
            start = f"start the external worker of {one.handler}" if one.handler else "start one: flow worker"
            yield WrongView(
                what=f"{what}{whom} have been due for {long}, and nobody does them ({one.due}): "
                f"no worker runs, or it cannot keep up",
                possible=(start,),
            )
    for name, number in (
        ("Calls of services gave up", sum(found.call_incidents.values())),
        ("Timers could not be fired", found.timer_incidents),
        ("Messages could not be sent", found.message_incidents),
        ("Jobs could not be begun by the clock", sum(found.schedule_incidents.values())),
        ("Waits take too long", found.attention),
        ("Promises are late", sum(found.late_promises.values())),
    ):
        if number:
            yield WrongView(what=f"{name}: {number}", possible=("flow incidents tells which, and what helps",))
    if schemas[0] != schemas[1]:
        what = f"The database has the schema {schemas[0]}, and this program is of {schemas[1]}"
        yield WrongView(what=what, possible=("replace programs of an older version",), grave=False)
    if not any(one.calls or (one.seen is not None and now - one.seen <= LATE) for one in workers):
        what = "No worker was seen lately: what is due is done only where the program itself does it"
        yield WrongView(what=what, possible=("start one: flow worker",), grave=False)
    unset = {one.name for one in settings if not one.value}
    for name, (means, possible) in _MISSED.items():
        if name in unset:
            yield WrongView(what=means, possible=(possible,), grave=False)


_WORDS = {"calls": "Calls of services", "timers": "Timers", "messages": "Messages"}

_MISSED = {
    "url": ("Letters lead to no page, for nobody knows the address of this installation", "set FLOW_URL"),
    "mail": ("Nobody is written to by mail", "set FLOW_MAIL and FLOW_MAIL_FROM"),
}
"""What does not happen where a setting is empty."""


def span(length: timedelta) -> str:
    """A length in words, to the largest unit: ``5 minutes``, ``14 days``."""
    seconds = length.total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {word}{'s' if number > 1 else ''}"
    return f"{int(seconds)} seconds"
