"""What all jobs have taught, and what is usual in each state."""

from __future__ import annotations

import re
from datetime import timedelta

from flowengine.commands import access, counting
from flowengine.commands.shell import Shell
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.insight.cells import Cell, Key, together, typical
from flowengine.insight.withholding import LEAST
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.codec import decode
from flowengine.store.insight import StoredCell
from flowengine.views.insight import SPLITS, Insight, Split, month_words, tables

SOON = 0.3
"""Seconds for which is counted before it is told, at most."""

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(?:-\d{2})?")
_FIRST, _LAST = 0, 999_912


def insight(shell: Shell, process: str, since: str, until: str, split: Split, by: By) -> Insight:
    """What the jobs of a process have taught. Raises NotFound, NotAllowed, BadAnswer."""
    first, last = _month("since", since, _FIRST), _month("until", until, _LAST)
    if first > last:
        raise BadAnswer(
            {"until": phrase("%(until)s is before %(since)s", until=until, since=since)},
            possible=(phrase("a month that is not earlier"),),
        )
    if split not in SPLITS:
        raise BadAnswer(
            {"split": phrase("%(split)s is nothing by which it is split", split=repr(str(split)[:60]))},
            possible=SPLITS[1:],
        )
    with shell.reading() as tx:
        actor = access.asker(tx, "insight", by)
        compiled = shell.catalogue.latest(tx, process, language=actor.language)
        if actor.kind == "staff" and tx.terms.closes(tx, process, compiled.process.version, actor.roles):
            raise NotAllowed(
                phrase("what the jobs of %(process)s have taught is closed to your roles", process=process),
                where=process,
            )
    counting.count_for(shell, SOON)
    with shell.reading() as tx:
        low, high = (f"{split}:", f"{split};") if split in ("version", "group") else ("", "")
        cells = _cells(tx.insights.of(process, first, last, low, high))
        wholes = _cells(tx.insights.of(process, first, last)) if split == "group" else cells
        behind, anew = tx.insights.behind(counting.MOST_BEHIND), tx.insights.progress() is not None
    months = sorted({key.month for key in wholes})
    return Insight(
        process=process,
        title=compiled.process.title,
        since=month_words(first) if since else month_words(months[0]) if months else "",
        until=month_words(last) if until else month_words(months[-1]) if months else "",
        split=split,
        months=tuple(map(month_words, months)),
        tables=tuple(tables(compiled.process, cells, wholes, split)),
        behind=behind,
        anew=anew,
    )


def _month(name: str, text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    found = _MONTH.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadAnswer(
            {name: phrase("%(month)s is no month", month=repr(str(text)[:60]))},
            possible=(phrase("a month as 2026-05"),),
        )
    return int(found[1]) * 100 + int(found[2])


def _cells(rows: list[StoredCell]) -> dict[Key, Cell]:
    """What is in cells; those of jobs that are archived with those of jobs that are there."""
    found: dict[Key, Cell] = {}
    for month, segment, measure, state, value, body in rows:
        cell, where = decode(body, Cell), Key(month, segment, measure, state, value)
        if where in found:
            found[where].add(cell)
        else:
            found[where] = cell
    return found


def usual(shell: Shell, tx: Transaction, process: str) -> dict[str, int]:
    """How many seconds the jobs of a process usually wait in each state, of the last twelve months; of states in which
    those of too few customers did, nothing. Looked up anew after a while (:data:`KEPT`)."""
    now = shell.clock.now()
    kept = shell.usual.get(process)
    if kept is not None and now - kept[0] < KEPT and now >= kept[0]:
        return kept[1]
    by_state: dict[str, list[Cell]] = {}
    for row in tx.insights.measured(process, "wait", (now.year - 1) * 100 + now.month):
        by_state.setdefault(row.state, []).append(decode(row.body, Cell))
    found = {}
    for state, cells in by_state.items():
        cell = together(cells)
        seconds = typical(cell)
        if cell.customers >= LEAST and seconds is not None:
            found[state] = round(seconds)
    shell.usual[process] = now, found
    return found


KEPT = timedelta(minutes=1)
"""For how long it is known what is usual before it is looked up again."""
