"""Promises, listed and counted."""

from __future__ import annotations

from datetime import datetime

from flowengine.commands import access
from flowengine.commands.expecting import expected
from flowengine.commands.shell import Shell
from flowengine.errors import BadAnswer
from flowengine.insight.expecting import Range
from flowengine.people.identities import By
from flowengine.runtime.actors import name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Transaction, shown
from flowengine.store.codec import micros
from flowengine.store.codec import moment as at_moment
from flowengine.store.promises import StoredPromise
from flowengine.views.promised import PromiseCount, PromiseRow, expected_view, told
from flowengine.views.replies import PromiseStatus

STATES: tuple[PromiseStatus, ...] = ("open", "at_risk", "asked", "late", "kept", "broken", "released")
MOST = 200


def promises(
    shell: Shell, state: str | None, process: str | None, limit: int, after: str | None, by: By
) -> list[PromiseRow]:
    if state is not None and state not in STATES:
        raise BadAnswer({"state": phrase("%(state)s is no state of a promise", state=repr(state))}, possible=STATES)
    if not 1 <= limit <= MOST:
        raise BadAnswer({"limit": phrase("is %(limit)s", limit=limit)}, possible=(phrase("1 to %(most)s", most=MOST),))
    with shell.reading() as tx:
        actor, now = access.asker(tx, "promises", by), shell.clock.now()
        rows = tx.promises.list(now, state or "", process or "", limit, _place(after))
        words = reader_words(tx, actor)
        coming = expected(shell, tx, [row.job for row in rows if row.promise.kept is None])
        return [_row(shell, tx, row, coming.get(row.job), words) for row in rows]


def _row(shell: Shell, tx: Transaction, row: StoredPromise, coming: Range | None, words: Words) -> PromiseRow:
    process = shell.catalogue.latest(tx, row.process, language=words.language).process
    return PromiseRow(
        job=row.job,
        short=shown(row.job),
        process=row.process,
        title=process.title,
        customer=row.customer,
        customer_name=name_of(tx, row.customer),
        zone=process.zone,
        promise=told(process, row.promise, row.state, words),
        expected=expected_view(coming, process.clock, words, inside=True),
        place=f"{micros(row.by)}:{row.job}",
    )


def _place(after: str | None) -> tuple[datetime, str] | None:
    if not after:
        return None
    moment, _, job = after.partition(":")
    if not (job and moment.removeprefix("-").isdigit() and len(moment) < 19):
        raise BadAnswer(
            {"after": phrase("%(after)s is no place", after=repr(after[:60]))},
            possible=(phrase("the place of the last row"),),
        )
    return at_moment(int(moment)), job


def counts(shell: Shell, process: str | None, by: By) -> list[PromiseCount]:
    with shell.reading() as tx:
        access.asker(tx, "promise_counts", by)
        found = tx.promises.counts(shell.clock.now(), process or "")
    return [PromiseCount(process=name, state=state, count=count) for name, state, count in found]
