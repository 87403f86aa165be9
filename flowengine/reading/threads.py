"""The way of a job, for its customer: read from what is at hand when it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flowengine.commands.asked import files_named
from flowengine.core import commands as c
from flowengine.core.fields import FILE_ID
from flowengine.core.seatings import stands_for
from flowengine.reading.look import Look
from flowengine.runtime.actors import name_of, reader_words
from flowengine.store import Entry, Transaction
from flowengine.views.answered import Saying
from flowengine.views.history_lines import Teller
from flowengine.views.replies import CustomerWaiting
from flowengine.views.thread import MOST, Thread, coming, now
from flowengine.views.thread_lines import ThreadLine


def thread(
    look: Look, entries: Sequence[Entry], ahead: Iterable[str], waiting: Iterable[CustomerWaiting]
) -> tuple[ThreadLine, ...]:
    """What is done, as far as the latest ``entries`` tell it, where the job is, and what lies ``ahead``. Only its own
    customer is told it; of a job that is erased nothing."""
    if look.inside or not look.own or look.position.head.erased is not None:
        return ()
    names, mine = _Names(look.tx), stands_for(look.actor, looking=True)
    teller = Teller(look.process, names, reader_words(look.tx, look.actor))
    told = Thread(look.compiled, Saying(teller, customer=True), mine, names)
    for entry in entries:
        _learn(look, told, entry)
        told.take(entry)
    done = told.lines[-MOST:]
    if look.position.head.status != "open":
        return tuple(done)
    numbers = {int(one.id.rpartition(".")[2]) for one in waiting if one.for_you and one.booked is None}
    yours = {row.step.state for row in look.tx.steps.of(look.job.id) if row.step.number in numbers} if numbers else ()
    return (*done, *now(look.words, look.compiled, look.position, names, yours), *coming(look.compiled, ahead))


def _learn(look: Look, told: Thread, entry: Entry) -> None:
    """How a step was opened that was acted on, where that is further back than what is told."""
    known = told.saying.teller.known
    if isinstance(entry.command, c.Act | c.ActFor) and entry.command.step not in known.steps:
        opened = look.opening(entry.command.step)
        if opened is not None:
            known.learn((opened[1],))


class _Names(dict[str, str]):
    """Names of people and files, looked up once when they are told."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__()
        self._tx = tx

    def get(self, id: str, default: Any = None) -> Any:
        if id and id not in self:
            self[id] = files_named(self._tx, id) if FILE_ID.fullmatch(id) else name_of(self._tx, id)
        return dict.get(self, id) or default
