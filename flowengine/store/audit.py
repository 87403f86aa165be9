"""The audit of a job: is its history whole, and does all that is stored follow from it (L5)?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core import events as e
from flowengine.core.draft import rebuild
from flowengine.core.position import MemoryPosition
from flowengine.core.values import ROOT, Poll, ServiceCall, Step
from flowengine.errors import HistoryBroken
from flowengine.store import ballots, participants, steps, timers
from flowengine.store import tables as t
from flowengine.store.codec import decode, micros, plain
from flowengine.store.history import Entry
from flowengine.store.ids import short
from flowengine.store.jobs import StoredJob, promised
from flowengine.store.query import Query, param
from flowengine.store.transaction import Transaction

CALLS = Query(
    "audit.calls",
    "The open calls of a job as they are stored.",
    sa.select(t.calls.c.number, t.calls.c.branch, t.calls.c.incident, t.calls.c.body)
    .where(t.calls.c.job_id == param("job_id"))
    .order_by(t.calls.c.number),
)
JOB = Query("audit.job", "A job's row as it is stored.", sa.select(t.jobs).where(t.jobs.c.id == param("job_id")))


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit of one job found: how many history entries it has, in how many of them contents were erased on
    request, and what is wrong, in plain words."""

    job: str
    entries: int
    erased: int = 0
    problems: tuple[str, ...]


def audit_job(tx: Transaction, job: str) -> Audited:
    """Check the chain of a job's history, fold it, and compare with all that is stored. Raises NotFound.

    Where contents were erased, position and data do not follow from what is left, and are not compared.

    The transaction must be one snapshot: a reading one, or one that has locked the job.
    """
    stored = tx.jobs.get(job)
    try:
        verified = tx.history.verify(job)
    except HistoryBroken as broken:
        return Audited(job=job, entries=stored.seq, problems=(str(broken),))
    history = tx.history.of(job)
    if verified.erased:
        problems = [*_participants(tx, stored, history), *_boxes(tx, job, history)]
        return Audited(job=job, entries=verified.entries, erased=verified.erased, problems=tuple(problems))
    rebuilt = rebuild(entry.events for entry in history)
    problems = [*_position(rebuilt, stored.position.whole()), *_row(tx, rebuilt, stored)]
    problems += [*_steps(tx, rebuilt), *_timers(tx, rebuilt), *_calls(tx, rebuilt), *_participants(tx, stored, history)]
    problems += _boxes(tx, job, history)
    return Audited(job=job, entries=verified.entries, erased=verified.erased, problems=tuple(problems))


def _position(rebuilt: MemoryPosition, stored: MemoryPosition) -> Iterator[str]:
    if rebuilt.head != stored.head:
        yield f"the head does not follow from the history: {_differing(rebuilt.head, stored.head)}"
    if rebuilt.data != stored.data:
        keys = sorted({*rebuilt.data, *stored.data})
        wrong = [key for key in keys if rebuilt.data.get(key, _NONE) != stored.data.get(key, _NONE)]
        yield f"the data does not follow from the history: {', '.join(wrong)}"
    for name in sorted({*rebuilt.branches, *stored.branches}):
        ours, theirs = rebuilt.branches.get(name), stored.branches.get(name)
        if ours is None or theirs is None:
            yield f"branch {name} is {'stored but not open' if ours is None else 'open but not stored'}"
        elif ours != theirs:
            yield f"branch {name} does not follow from the history: {_differing(ours, theirs)}"
    if not rebuilt.branches.keys() ^ stored.branches.keys() and _order(rebuilt) != _order(stored):
        yield "the branches are not in the order in which they were opened"
    for step in sorted({*rebuilt.seated, *stored.seated}):
        if (rebuilt.seated.get(step) or {}) != (stored.seated.get(step) or {}):
            yield f"the seats of step {step} do not follow from the history"


_NONE = object()


def _order(position: MemoryPosition) -> list[str]:
    return [name for name in position.branches if name != ROOT]


def _differing(ours: msgspec.Struct, theirs: msgspec.Struct) -> str:
    fields = [field for field in ours.__struct_fields__ if getattr(ours, field) != getattr(theirs, field)]
    return ", ".join(fields)


def _row(tx: Transaction, rebuilt: MemoryPosition, stored: StoredJob) -> Iterator[str]:
    head = rebuilt.head
    row = dict(zip(t.jobs.c.keys(), tx.channel.rows(JOB, {"job_id": stored.id})[0], strict=True))
    wanted: dict[str, Any] = {
        "process": head.process,
        "version": head.version,
        "customer": head.customer,
        "status": head.status,
        "started": head.started,
    }
    for name, value in wanted.items():
        if getattr(stored, name) != value:
            yield f"the job's {name} is stored as {getattr(stored, name)}, the history says {value}"
    if row["short"] != short(head.job):
        yield f"the job's short form is stored as {row['short']}"
    watched = head.promise is not None and head.promise.timer
    if row["promised"] != promised(head) and (watched or row["promised"] is not None):
        yield f"what is promised is stored as {row['promised']}, the history says {promised(head)}"
    if (stored.ended is not None) != (head.status != "open"):
        yield "the job's end is not stored as the history says"


def _steps(tx: Transaction, rebuilt: MemoryPosition) -> Iterator[str]:
    """Inbox rows against open steps: nobody is asked in vain, and nobody is forgotten."""
    head, wanted = rebuilt.head, {}
    for step in rebuilt.steps.values():
        seats = rebuilt.seated.get(step.number, {})
        spoken = {plain(seat.audience): seat.spoken for seat in seats.values()}
        nobody = steps.BOX if step.box else steps.NOBODY
        for whom in spoken | dict.fromkeys(map(plain, step.audience)) or [nobody]:
            wanted[step.number, whom] = (step, spoken.get(whom, step.booked is not None))
    found: dict[tuple[int, str], tuple[Step, bool]] = {}
    for row in tx.channel.rows(steps.STORED, {"of_job": head.job}):
        columns = dict(zip(t.steps.c.keys(), row, strict=True))
        step = decode(columns["body"], Step)
        found[columns["number"], columns["audience"]] = (step, bool(columns["answered"]))
        told = (columns["branch"], columns["opened"], columns["claimed"], columns["process"], columns["customer"])
        follows = columns["urgent"] == 0 or all(  # 0: written by the revision before, which did not know it
            columns[name] == value
            for name, value in steps.for_audience(
                steps.derived(step, head.promise) | {"customer": head.customer}, columns["audience"]
            ).items()
        )
        if not follows or told != (step.branch, micros(step.opened), step.claimed, head.process, head.customer):
            yield f"the row of step {step.number} for {columns['audience']} does not agree with its body"
    for number, whom in sorted(wanted.keys() | found.keys()):
        if wanted.get((number, whom)) != found.get((number, whom)):
            yield f"step {number} is not in the inbox of {whom or 'nobody'} as the history says"


def _timers(tx: Transaction, rebuilt: MemoryPosition) -> Iterator[str]:
    rows = tx.channel.rows(timers.OF_JOB, {"job_id": rebuilt.head.job})
    found = {number: (branch, wake, attempts) for number, branch, wake, attempts in rows}
    known, suspended = rebuilt.timers | rebuilt.rung, rebuilt.head.suspended is not None
    for number in sorted(known.keys() | found.keys()):
        timer, row = known.get(number), found.get(number)
        if timer is None or row is None:
            yield f"timer {number} is {'stored but not set' if timer is None else 'set but not stored'}"
        elif row[0] != timer.branch or (row[2] == 0 and row[1] != timers.wake(timer, suspended)):
            yield f"timer {number} is not stored as the history says"


def _participants(tx: Transaction, stored: StoredJob, history: Sequence[Entry]) -> Iterator[str]:
    """Whoever is known to have taken part did; of what was done before this was kept, nothing is known."""
    did = {deed: entry.seq for entry in history for deed in participants.acting(entry.command)}
    for person, step, seq in tx.channel.rows(participants.STORED, {"job_id": stored.id}):
        if seq == participants.VOTED:
            seat = tx.ballots.seat(stored.id, step, person)
            if seat is None or seat.answer is None:
                yield f"{person} has not voted on step {step}, as is stored"
        elif did.get((person, step)) != seq or person == stored.customer:
            yield f"{person} did not act on step {step} with entry {seq}, as is stored"


def _boxes(tx: Transaction, job: str, history: Sequence[Entry]) -> Iterator[str]:
    """What lies in ballot boxes is what the history commits to: who may vote, and the papers that were counted. Of one
    that was erased on request the hash is left."""
    electorates: dict[tuple[str, str], str] = {}
    opened: dict[int, str] = {}
    closed: dict[int, e.BoxClosed] = {}
    for event in (event for entry in history for event in entry.events):
        if isinstance(event, e.Kept) and isinstance(event.inner, Poll):
            electorates[event.branch, event.member] = event.inner.electorate
        elif isinstance(event, e.StepOpened) and event.step.box:
            opened[event.step.number] = electorates.get((event.step.branch, event.step.member), "")
        elif isinstance(event, e.BoxClosed):
            closed[event.step] = event
    for number, electorate in opened.items():
        box, ended = tx.ballots.find(job, number), closed.get(number)
        if box is None:
            yield f"the ballot box of step {number} is gone"
            continue
        if electorate and electorate != tx.ballots.electorate(job, number).hash:
            yield f"those who may vote on step {number} are not those who could when it was opened"
        if (box.state == ballots.COUNTED) != (ended is not None):
            yield f"the ballot box of step {number} is stored as {box.state}"
        sealed = tx.ballots.sealed(job, number)
        if ended is not None and (sealed.root, sealed.papers) != (ended.root, ended.cast):
            yield f"the ballots of step {number} are not those that were counted"
        if sealed.papers != (voted := tx.ballots.voted(job, number)):
            yield f"{voted} have voted on step {number}, and {sealed.papers} ballots are in its box"


def _calls(tx: Transaction, rebuilt: MemoryPosition) -> Iterator[str]:
    rows = tx.channel.rows(CALLS, {"job_id": rebuilt.head.job})
    found = {number: (branch, incident, decode(body, ServiceCall)) for number, branch, incident, body in rows}
    calls = rebuilt.calls | {call.number: call for call in rebuilt.head.cut_off}
    for number in sorted(calls.keys() | found.keys()):
        call, row = calls.get(number), found.get(number)
        if call is None or row is None:
            yield f"call {number} is {'stored but not open' if call is None else 'open but not stored'}"
        elif row != (call.branch, plain(call.incident), call):
            yield f"call {number} is not stored as the history says"
