"""One command's outcome, written in one transaction (L2): the job's row, all that hangs on it, and the history."""

from __future__ import annotations

from typing import Any

import msgspec

from flowengine.core.draft import Draft
from flowengine.core.values import ROOT, Branch
from flowengine.errors import StoreError
from flowengine.store import bookings, branches, calls, history, jobs, steps, timers
from flowengine.store.calls import Calling
from flowengine.store.channel import Channel
from flowengine.store.codec import encode, micros, plain, text
from flowengine.store.history import Entry, chained
from flowengine.store.ids import short
from flowengine.store.jobs import StoredJob

UNMARKED = Calling()


class Saved(msgspec.Struct, frozen=True):
    """The history entry that was written: its job, number and hash, and the name of the command."""

    job: str
    seq: int
    hash: str
    command: str


def save(channel: Channel, job: StoredJob | None, draft: Draft, entry: Entry, calling: Calling = UNMARKED) -> Saved:
    """Write what a command came to. ``job`` is the job as it was locked, None for a new one.

    Raises SlotTaken, and StoreError when the job has changed since it was read: then nothing may be committed.
    """
    id_ = draft.head.job
    seq = job.seq + 1 if job else 1
    if entry.seq != seq:
        raise StoreError(f"entry {entry.seq} cannot follow entry {seq - 1}", where=id_)
    body = encode(entry)
    at = micros(entry.at)
    saved = Saved(id_, seq, chained(job.hash if job else id_, body), type(entry.command).__name__)
    bookings.save(channel, id_, draft.events)
    if job is None:
        _add(channel, draft, saved, at)
    else:
        _update(channel, job, draft, saved, at)
    branches.save(channel, id_, seq, draft)
    steps.save(channel, id_, draft)
    timers.save(channel, id_, draft.effects)
    calls.save(channel, id_, draft.effects, at, calling)
    row = {"job_id": id_, "seq": seq, "at": at, "hash": saved.hash, "body": body.decode()}
    channel.write(history.ADD, row)
    return saved


def _add(channel: Channel, draft: Draft, saved: Saved, at: int) -> None:
    head = draft.head
    fixed: dict[str, Any] = {
        "id": head.job,
        "short": short(head.job),
        "process": head.process,
        "customer": head.customer,
        "parent": head.parent or None,
    }
    fixed |= {"started": micros(head.started), "data": text(draft.data)}
    channel.write(jobs.ADD, fixed | _changed(draft, saved, at, None, None))


def _update(channel: Channel, job: StoredJob, draft: Draft, saved: Saved, at: int) -> None:
    values = {"of_job": job.id, "of_seq": job.seq} | _changed(draft, saved, at, job.written_root, job.times[2])
    if draft.data_changed:
        values["data"] = text(draft.data)
    query = jobs.UPDATE[draft.data_changed, (job.status, job.version) != (values["status"], values["version"])]
    if channel.dialect == "postgresql":
        channel.write(query, values)  # goes with the others; where the job has changed, the history's key stops all
    elif channel.count(query, values) != 1:
        raise StoreError("the job has changed since it was read", where=job.id, possible=["lock it, then ask again"])


def _changed(draft: Draft, saved: Saved, at: int, root: str | None, ended: int | None) -> dict[str, Any]:
    head, effects = draft.head, draft.effects
    changed: Branch | None = effects.branches.get(ROOT)
    if changed is not None:
        root = text(changed)
    elif ROOT in effects.closed_branches:
        root = None
    return {
        "version": plain(head.version),
        "status": head.status,
        "seq": saved.seq,
        "hash": saved.hash,
        "updated": at,
        "ended": ended if effects.ended is None else micros(effects.ended.at),
        "head": text(head),
        "root": root,
    }
