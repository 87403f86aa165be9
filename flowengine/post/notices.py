"""Notices: who is to get them, and what becomes of a handler that asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.values import Json, Step
from flowengine.language.durations import Duration
from flowengine.post.letters import channel_of
from flowengine.runtime.actors import StoreWorld
from flowengine.runtime.handler_threads import THREADS
from flowengine.runtime.handlers import NOTIFY, HandlerCall
from flowengine.store import OutboxMessage, Person, StoredJob, Transaction

HANDLER = "handler"
"""The channel of those who registered the handler ``engine.notify``."""

LIMIT = Duration(rest=timedelta(seconds=30))
"""How long the handler may take for one notice."""

_ROOM = 1_000_000
"""Numbers of outbox rows that each row which is expanded has for what it becomes."""

_LONGEST_LANE = 200


def announce(shell: Shell, row: OutboxMessage) -> None:
    """Make a letter for each receiver out of a command's news, in one transaction that also drops the row."""

    def work(tx: Transaction) -> None:
        now = shell.clock.now()
        if not tx.outbox.done(row, now):
            return  # another worker was faster
        channels = shell.wanted.channels(tx, now)
        first = int(row.id.rpartition(".")[2]) * _ROOM
        for number, letter in enumerate(_letters(tx, row, channels), first + 1):
            lane = f"{letter['channel']}:{letter['to']}"[:_LONGEST_LANE]
            tx.outbox.add(row.job, row.seq, "letter", letter, now, lane, number)

    shell.keep(work)


def _letters(tx: Transaction, row: OutboxMessage, channels: frozenset[str]) -> Iterator[dict[str, Json]]:
    """What is to be sent: each receiver hears of each step once, whether he was reached by his name or his role."""
    job = tx.jobs.get(row.job)
    crowds = _Crowds(tx)
    for news in row.body["told"]:
        told: set[str] = set()
        for person in _receivers(crowds, job, int(news["step"])):
            channel, to = channel_of(person.contact)
            if channel in channels and to.casefold() not in told:
                told.add(to.casefold())
                yield {"step": news["step"], "why": news["why"], "channel": channel, "to": to, "person": person.id}


def _receivers(crowds: _Crowds, job: StoredJob, number: int) -> list[Person]:
    """Those who should hear of a step: nobody, when it is closed by now. Step 0 is the job: its customer hears."""
    if not number:
        return crowds.of(f"person:{job.customer}")
    step = access.open_step(job, number)
    if step is None or step.booked is not None:
        return []
    return [
        person for seating in _seatings(job, step) for person in crowds.of(seating) if person.id not in step.excluded
    ]


def _seatings(job: StoredJob, step: Step) -> list[str]:
    if step.claimed:
        return [f"person:{step.claimed}"]
    if step.seats:
        return [seat.audience for seat in job.position.seats(step.number) if seat.answer is None]
    return list(step.audience)


class _Crowds:
    """The people that seatings mean. Nobody is written to because anybody may do it: that is what inboxes are for."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._found: dict[str, list[Person]] = {}
        self._staff: list[Person] | None = None

    def of(self, seating: str) -> list[Person]:
        """The people of one seating."""
        if seating not in self._found:
            self._found[seating] = self._look(seating)
        return self._found[seating]

    def _look(self, seating: str) -> list[Person]:
        kind, _, name = seating.partition(":")
        if kind == "person":
            found = self._tx.people.get(name)
            return [found] if found else []
        if kind == "group":
            return list(self._tx.people.members(name))
        if kind == "role":
            if self._staff is None:
                self._staff = self._tx.people.all("staff")
            return [person for person in self._staff if name in person.roles]
        return []


def to_handler(shell: Shell, row: OutboxMessage) -> None:
    """Tell the application that a step was opened, or that its deadline comes near; nothing when it is done by now."""
    with shell.reading() as tx:
        job = tx.jobs.get(row.job)
        step = access.open_step(job, int(row.body["step"]))
        if step is None:
            return
        given: dict[str, Any] = {
            "step": f"{row.job}.{step.number}",
            "why": row.body["why"],
            "title": step.title,
            "state": step.state,
            "audience": list(step.audience),
            "due": step.due.isoformat() if step.due else None,
        }
        call = HandlerCall(
            job=row.job,
            key=f"{row.job}.{row.seq}.{row.body['step']}.{row.body['why']}",
            handler=NOTIFY,
            input=given,
            customer=dict(StoreWorld(tx, job.customer).customer),
            process=job.process,
            state=step.state,
            attempt=row.attempts + 1,
        )
    THREADS.run(shell.handlers.get(NOTIFY), call, LIMIT)
