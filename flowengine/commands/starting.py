"""Jobs that start by themselves: by a message that no job waits for, or by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from flowengine.commands import access
from flowengine.commands.receipts import body_hash, receipt_under
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core import starts
from flowengine.core.fields import as_plain
from flowengine.core.values import CLOCK, Actor
from flowengine.errors import Ambiguous, NotFound, StaleCommand
from flowengine.language.cron import Cron
from flowengine.language.model import Process
from flowengine.people.permissions import PROGRAM
from flowengine.speech.phrases import phrase
from flowengine.store import StoredSchedule, Transaction, new_id
from flowengine.store.processes import suspension_of
from flowengine.views.replies import Receipt, ScheduleView

SUSPENDED = timedelta(minutes=1)
"""After how long it is looked again whether the process of a schedule is still suspended."""


def by_message(
    shell: Shell, tx: Transaction, command: c.Deliver, id: str, request: tuple[str | None, str | None]
) -> Receipt | None:
    """Start a job, under that id, of the process in use that starts by the message; None where there is none.

    A customer who is not known yet is entered, as one who begins a job himself is. Raises Ambiguous where several
    processes would start, BadAnswer where the message breaks its fields or gives no need.
    """
    known = (shell.catalogue.compiled(tx, *one) for one in tx.processes.in_use())
    meant = [one for one in known if any(trigger.message == command.name for trigger in one.process.starts)]
    if not meant:
        return None
    now, body = shell.clock.now(), as_plain(command.body, f"message {command.name}")
    taking = ((one, starts.taking(one, command.name, command.key, body, now)) for one in meant)
    found = [(compiled, trigger) for compiled, trigger in taking if trigger is not None]
    if not found:
        return None
    if len(found) > 1:
        names = [compiled.process.name for compiled, _ in found]
        raise Ambiguous(
            phrase("the message %(message)s starts several processes", message=repr(command.name)),
            where=command.name,
            possible=names,
        )
    ((compiled, trigger),) = found
    shell.catalogue.latest(tx, compiled.process.name, begin=True)  # raises where it is suspended
    stated = starts.by_message(compiled, trigger, command.key, body, now)
    access.starting_actor(tx, Actor(kind="customer", id=stated.customer), now)
    start = c.Start(by=command.by, answer=stated.need, cause=f"message {command.name}")
    return shell.begin(tx, compiled, id, stated.customer, start, request)


def by_clock(shell: Shell, process: str, number: int) -> Receipt | None:
    """Start the job that a schedule of a process has due, and set its next moment; of several moments that were
    missed, the last one counts. None where nothing is due any more, its condition does not hold, or the process is
    suspended: then it waits.

    Both is one transaction, so that each moment starts one job at most (L3). Raises what is in the job's way.
    """
    id = new_id()

    def work(tx: Transaction) -> Receipt | None:
        now = shell.clock.now()
        schedule = tx.schedules.get(process, number)
        if schedule is None or schedule.moment > now:
            return None  # another has just seen to it
        if suspension_of(tx.processes.suspensions(process)) is not None:
            tx.schedules.push(schedule, now + SUSPENDED)
            return None
        compiled = shell.catalogue.latest(tx, process)
        cron, zone = Cron(schedule.every), compiled.process.clock
        moment = max(schedule.moment, cron.last(now, zone))
        if not tx.schedules.passed(schedule, cron.next(now, zone)):
            return None
        stated = starts.by_clock(compiled, compiled.process.schedules[number - 1], moment)
        key = f"schedule:{schedule.id}:{moment:%Y-%m-%dT%H:%MZ}"
        if stated is None or receipt_under(tx, CLOCK, key) is not None:
            return None  # a clock that was set back comes by a moment twice
        access.customer_of_start(tx, PROGRAM, stated.customer)  # the clock brings nobody new
        start = c.Start(by=CLOCK, answer=stated.need, cause=f"schedule {schedule.every}")
        request = (key, body_hash(f"start {process} for {stated.customer}", start))
        return shell.begin(tx, compiled, id, stated.customer, start, request)

    return shell.keep(work)


def place(tx: Transaction, process: Process, now: datetime) -> None:
    """Set the schedules of a process that is put in use."""
    zone = process.clock
    wanted = [(str(one.every), process.zone, one.every.next(now, zone)) for one in process.schedules if one.every]
    tx.schedules.place(process.name, wanted)


def schedules(shell: Shell) -> list[ScheduleView]:
    """All schedules of the processes in use, by process."""
    with shell.reading() as tx:
        return [_view(shell, tx, one) for one in tx.schedules.all()]


def _view(shell: Shell, tx: Transaction, one: StoredSchedule) -> ScheduleView:
    trigger = shell.catalogue.latest(tx, one.process).process.schedules[one.number - 1]
    return ScheduleView(
        id=one.id,
        process=one.process,
        every=one.every,
        zone=one.zone,
        customer=trigger.customer.source,
        due=one.moment,
        attempts=one.attempts,
        error=one.error,
        next=one.wake,
    )


def retry(shell: Shell, text: str) -> Receipt:
    """Start the job that a schedule has due, by its id. Raises NotFound, StaleCommand where none is due, and what is in
    the job's way."""
    process, _, number = text.partition("/")
    with shell.reading() as tx:
        known = [one.id for one in tx.schedules.all()]
    if text not in known:
        raise NotFound(phrase("there is no schedule %(id)s", id=repr(text)), where=text, possible=known)
    receipt = by_clock(shell, process, int(number))
    if receipt is None:
        raise StaleCommand(phrase("the schedule %(id)s has no job to start now", id=text), where=text)
    return receipt
