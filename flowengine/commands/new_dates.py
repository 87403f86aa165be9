"""Asking a customer for another date than the one that is promised."""

from __future__ import annotations

from datetime import date, datetime

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.machines import Compiled
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language.expressions import in_range, moment
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.views.replies import Receipt


def ask(shell: Shell, job: str, to: date, because: str, by: By, key: str | None) -> Receipt:
    """A day is promised until it ends where the process is."""
    with shell.reading() as tx:
        actor = access.asker(tx, "ask_new_promise", by)
        stored = access.read(tx, access.job_ref(tx, job, actor), "job", job)
        until = _moment(shell.catalogue.compiled(tx, stored.process, stored.version), to)
    return shell.on_job(
        job,
        lambda who: c.AskPromise(by=who, to=until, because=because),
        by,
        key,
        access.permit_on_job("ask_new_promise"),
    )


def _moment(compiled: Compiled, to: date) -> datetime:
    if isinstance(to, datetime) and to.tzinfo is None:
        raise BadAnswer({"to": phrase("has no time zone")}, possible=(phrase("a date, or a moment with its zone"),))
    if not isinstance(to, date):
        raise BadAnswer({"to": phrase("is no date")}, possible=(phrase("a date, or a moment with its zone"),))
    try:
        value = to if isinstance(to, datetime) else to.isoformat()
        return in_range(moment(value, end_of_day=True, zone=compiled.process.clock))
    except (ExpressionFailed, OverflowError) as error:
        raise BadAnswer(
            {"to": phrase("cannot be promised: %(error)s", error=error)},
            possible=(phrase("a date until the year 9999"),),
        ) from None
