"""One transaction: an object for each noun, all on the same channel.

What a command came to is written in it whole (L2): the job's row, all that hangs on it, and the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from flowengine.clock import SystemClock
from flowengine.core.commands import ActFor
from flowengine.core.draft import Draft, Effects
from flowengine.core.events import StepOpened
from flowengine.core.values import ROOT, Actor, Head, Json, Seat, Seating, Step
from flowengine.errors import StoreError
from flowengine.sealing import link
from flowengine.store import ballots, bookings, calls, history, jobs, messages, participants, promises, steps, timers
from flowengine.store.administration import Deed, Deeds, Noted
from flowengine.store.aliases import Aliases
from flowengine.store.archive import Archive
from flowengine.store.ballots import Ballots, Cast
from flowengine.store.bookings import Bookings
from flowengine.store.calls import Calling, Calls
from flowengine.store.changes import Changes
from flowengine.store.channel import Channel
from flowengine.store.closures import Closures
from flowengine.store.codec import micros, plain, text
from flowengine.store.codes import Codes
from flowengine.store.consents import Consents
from flowengine.store.conversation import Conversations
from flowengine.store.credentials import Credentials
from flowengine.store.devices import Devices
from flowengine.store.erasing import Erasing
from flowengine.store.expected import Expected
from flowengine.store.files import Files
from flowengine.store.history import Entry, History
from flowengine.store.ids import short
from flowengine.store.insight import Insights
from flowengine.store.jobs import DROP_BRANCH, PUT_BRANCH, Jobs, StoredJob
from flowengine.store.links import Links
from flowengine.store.messages import Messages
from flowengine.store.named_texts import DatabaseSettings
from flowengine.store.outbox import Outbox
from flowengine.store.participants import Participants
from flowengine.store.parties import ActingRows, Contacts
from flowengine.store.people import People
from flowengine.store.pieces import StoredPieces
from flowengine.store.processes import Processes
from flowengine.store.promises import Promises
from flowengine.store.provisional import Provisional
from flowengine.store.receipts import Receipts
from flowengine.store.received import ReceivedRecords
from flowengine.store.records import Records
from flowengine.store.referrals import Referrals
from flowengine.store.schedules import Schedules
from flowengine.store.sessions import Sessions
from flowengine.store.steps import Steps
from flowengine.store.throttles import Throttles
from flowengine.store.timers import Timers
from flowengine.store.tokens import Tokens
from flowengine.store.work import Work, ahead

UNMARKED = Calling()

MOST_AT_ONCE = 2**24
"""More branches than one command can open; ``made`` is the command's number times this, plus a place."""


class Saved(msgspec.Struct, frozen=True):
    """The history entry that was written: its job, number and hash, and the name of the command."""

    job: str
    seq: int
    hash: str
    command: str


class Terms(NamedTuple):
    """What who asks is held against: the moment, how strongly he has to be known for a verb, where this installation
    says otherwise than the table, and whether a version of a process ``closes`` its jobs to somebody of some roles;
    what customers read in the place of names of staff (``staff_as``), where they are not to know them; and the
    ``language`` of who says none (empty: each process in its own)."""

    now: Callable[[], datetime]
    strengths: Mapping[str, str]
    closes: Callable[[Transaction, str, str, Sequence[str]], bool] = lambda *_: False
    staff_as: str = ""
    language: str = ""


USUAL = Terms(SystemClock().now, {})
"""Those of a transaction that no engine has opened."""


class Transaction:
    """What can be read and written together; who opened it commits (:class:`~flowengine.store.Database`, or the
    application whose transaction was joined)."""

    __slots__ = (
        "_outbox", "cast", "channel", "noted", "opened", "outside", "reads_only", "receipts", "saved", "terms", "trace",
        "wakes",
    )  # fmt: skip

    def __init__(self, channel: Channel, *, reads_only: bool = False, terms: Terms = USUAL) -> None:
        self.channel = channel
        self.terms = terms
        self.reads_only = reads_only
        """Whether nothing can be written in it: what is computed here is only tried."""
        self.opened: dict[tuple[str, int], tuple[int, StepOpened]] = {}
        """How steps were opened that were looked for in it, by job and number: that never changes."""
        self.outside = False
        """Whether a customer is told what is read in it."""
        self.receipts = Receipts(channel)
        self._outbox: Outbox | None = None
        self.saved: list[Saved] = []
        """What was written to histories: how to find out whether a commit was kept whose answer was lost."""
        self.cast: list[Cast] = []
        """What was put into ballot boxes, for the same."""
        self.noted: list[Noted] = []
        """Which administrative deeds were written, for the same."""
        self.trace = ""
        """The W3C traceparent that the calls it opens are given."""
        self.wakes = False
        """Whether this leaves work that is due at once, for which a worker in this process may be woken."""

    @property
    def outbox(self) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox(self.channel)
        return self._outbox

    @property
    def processes(self) -> Processes:
        return Processes(self.channel)

    @property
    def people(self) -> People:
        return People(self.channel)

    @property
    def contacts(self) -> Contacts:
        return Contacts(self.channel)

    @property
    def acting(self) -> ActingRows:
        return ActingRows(self.channel)

    @property
    def changes(self) -> Changes:
        return Changes(self.channel)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.channel)

    @property
    def history(self) -> History:
        return History(self.channel)

    @property
    def insights(self) -> Insights:
        return Insights(self.channel)

    @property
    def pieces(self) -> StoredPieces:
        return StoredPieces(self.channel)

    @property
    def expected(self) -> Expected:
        return Expected(self.channel)

    @property
    def participants(self) -> Participants:
        return Participants(self.channel)

    @property
    def consents(self) -> Consents:
        return Consents(self.channel)

    @property
    def received(self) -> ReceivedRecords:
        return ReceivedRecords(self.channel)

    @property
    def referrals(self) -> Referrals:
        return Referrals(self.channel)

    @property
    def promises(self) -> Promises:
        return Promises(self.channel)

    @property
    def steps(self) -> Steps:
        return Steps(self.channel)

    @property
    def timers(self) -> Timers:
        return Timers(self.channel)

    @property
    def schedules(self) -> Schedules:
        return Schedules(self.channel)

    @property
    def calls(self) -> Calls:
        return Calls(self.channel)

    @property
    def messages(self) -> Messages:
        return Messages(self.channel)

    @property
    def bookings(self) -> Bookings:
        return Bookings(self.channel)

    @property
    def ballots(self) -> Ballots:
        return Ballots(self.channel, self.cast)

    @property
    def closures(self) -> Closures:
        return Closures(self.channel)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.channel)

    @property
    def archive(self) -> Archive:
        return Archive(self.channel)

    @property
    def erasing(self) -> Erasing:
        return Erasing(self.channel)

    @property
    def records(self) -> Records:
        return Records(self.channel)

    @property
    def aliases(self) -> Aliases:
        return Aliases(self.channel)

    @property
    def settings(self) -> DatabaseSettings:
        return DatabaseSettings(self.channel)

    @property
    def conversations(self) -> Conversations:
        return Conversations(self.channel)

    @property
    def files(self) -> Files:
        return Files(self.channel)

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.channel)

    @property
    def links(self) -> Links:
        return Links(self.channel)

    @property
    def codes(self) -> Codes:
        return Codes(self.channel)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.channel)

    @property
    def devices(self) -> Devices:
        return Devices(self.channel)

    @property
    def throttles(self) -> Throttles:
        return Throttles(self.channel)

    @property
    def provisional(self) -> Provisional:
        return Provisional(self.channel)

    @property
    def deeds(self) -> Deeds:
        return Deeds(self.channel, self.noted)

    def note(
        self,
        by: Actor,
        verb: str,
        about: str = "",
        facts: Mapping[str, Json] | None = None,
        also: str = "",
        **words: Json,
    ) -> None:
        """Note what ``by`` has just changed of the installation: the last thing that is done before the commit, for all
        who note wait from then on.

        ``about`` and ``also`` are ids. ``facts`` stay for ever and hold nothing personal; ``words``, which people
        wrote, are erased with the persons whom the deed is about. What says nothing is not kept. Never a secret.
        """
        told, said = _telling(facts or {}), _telling(words)
        self.deeds.note(
            Deed(seq=0, at=self.terms.now(), by=by, verb=verb, about=about, also=also, facts=told, words=said)
        )

    def ahead(self, now: datetime) -> Work:
        """When the next of each kind of due work is due, in one query."""
        return ahead(self.channel, now)

    def save(
        self,
        job: StoredJob | None,
        draft: Draft,
        entry: Entry,
        calling: Calling = UNMARKED,
        also: tuple[str, ...] = (),
    ) -> Saved:
        """Write what a command came to (L2). ``job`` is the job as it was locked, None for a new one; ``also`` are the
        other ids of whoever acts.

        Raises SlotTaken when a slot was booked in the meantime, StoreError when the job has changed since it was read.
        """
        saved = _save(self.channel, job, draft, entry, calling, also)
        self.saved.append(saved)
        return saved


def _telling(given: Mapping[str, Json]) -> dict[str, Json]:
    return {name: one for name, one in given.items() if one}


def _save(
    channel: Channel, job: StoredJob | None, draft: Draft, entry: Entry, calling: Calling, also: tuple[str, ...]
) -> Saved:
    """Write what a command came to. ``job`` is the job as it was locked, None for a new one.

    Raises SlotTaken, and StoreError when the job has changed since it was read: then nothing may be committed.
    """
    head, effects = draft.head, draft.effects
    id_, seq = head.job, job.seq + 1 if job else 1
    if entry.seq != seq:
        raise StoreError(f"entry {entry.seq} cannot follow entry {seq - 1}", where=id_)
    new, at = history.written(entry), micros(entry.at)
    saved = Saved(id_, seq, link(job.hash if job else id_, new.root), type(entry.command).__name__)
    if effects.booked or effects.freed:
        bookings.save(channel, id_, draft.events, entry.at)
    _save_job(channel, job, draft, saved, at)
    if effects.closed_branches or len(effects.branches) > (ROOT in effects.branches):
        _save_branches(channel, saved, effects)
    if effects.steps or effects.closed_steps or effects.seats:
        _save_steps(channel, draft)
    if effects.closed_boxes:
        ballots.close(channel, id_, draft.events, sorted(effects.closed_boxes))
    if effects.suspended is not None:
        ballots.hold(channel, id_, effects.suspended)
    if job is not None and head.promise != job.position.head.promise:
        channel.write(steps.PROMISED, {"of_job": id_, "promised": steps.promised(head.promise)})
    promises.save(channel, id_, None if job is None else job.position.head, head)
    suspended = head.suspended is not None
    if effects.timers or effects.dropped_timers or effects.suspended:
        timers.save(channel, id_, effects, suspended)
    if effects.calls or effects.closed_calls or effects.suspended is not None:
        calls.save(channel, id_, effects, at, calling, suspended)
    if effects.awaited or effects.taken:
        messages.save(channel, id_, effects)
    if head.customer not in (entry.by.id, entry.by.party, *also) and (
        job is None or entry.by.kind == "customer" or isinstance(entry.command, ActFor)
    ):
        participants.save(channel, id_, head.customer, seq, entry.command)
    row = {"job_id": id_, "seq": seq, "at": at, "hash": saved.hash}
    channel.write(history.ADD, row | {"body": new.body.decode(), "contents": new.contents})
    return saved


def _save_job(channel: Channel, job: StoredJob | None, draft: Draft, saved: Saved, at: int) -> None:
    head, effects = draft.head, draft.effects
    root = effects.branches.get(ROOT)
    kept = None if job is None or ROOT in effects.closed_branches else job.written_root
    ended = job.times[2] if job else None
    row: dict[str, Any] = {
        "version": plain(head.version),
        "status": head.status,
        "seq": saved.seq,
        "hash": saved.hash,
        "updated": at,
        "ended": ended if effects.ended is None else micros(effects.ended.at),
        "head": text(head),
        "root": kept if root is None else text(root),
    }
    if draft.data_changed or job is None:
        row["data"] = text(draft.data)
    if job is None:
        row |= {"id": head.job, "short": short(head.job), "process": head.process, "customer": head.customer}
        row |= {"parent": head.parent or None, "started": micros(head.started), "promised": jobs.promised(head)}
        row["counted"] = 0
        channel.write(jobs.ADD, row)
        return
    row["of_job"], row["of_seq"] = job.id, job.seq
    was = job.position.head
    seldom = (was.status, was.version, was.promise) != (head.status, head.version, head.promise)
    if seldom:
        row["promised"] = jobs.promised(head)
    if job.counted:
        row["counted"] = 0
    query = jobs.UPDATE[draft.data_changed, seldom, bool(job.counted)]
    if channel.dialect == "postgresql":
        channel.write(query, row)  # goes with the others; where the job has changed, the history's key stops all
    elif channel.count(query, row) != 1:
        raise StoreError("the job has changed since it was read", where=job.id, possible=["lock it, then ask again"])


def _save_branches(channel: Channel, saved: Saved, effects: Effects) -> None:
    """The branches below the root; the root is in the job's row."""
    job, first = saved.job, saved.seq * MOST_AT_ONCE
    channel.write_many(DROP_BRANCH, [{"job_id": job, "id": name} for name in effects.closed_branches if name != ROOT])
    rows = [
        {"job_id": job, "id": name, "parent": branch.parent or "", "made": first + place, "body": text(branch)}
        for place, (name, branch) in enumerate(effects.branches.items())
        if name != ROOT
    ]
    channel.write_many(PUT_BRANCH, rows)


def _save_steps(channel: Channel, draft: Draft) -> None:
    """Write what a command did to steps and seats."""
    head, effects = draft.head, draft.effects
    job, fresh = head.job, set(effects.opened_steps)
    gone = list(effects.closed_steps)
    rows: list[dict[str, Any]] = []
    for number, step in effects.steps.items():
        if number not in fresh and step.seats:
            this = {"of_job": job, "of_number": number}
            new = {f"new_{name}": value for name, value in steps.derived(step, head.promise).items()}
            channel.write(steps.CHANGE, this | new | {"new_body": text(step), "by": step.claimed})
            if step.audience:  # it was opened to others than those who have seats
                channel.write(steps.DROP_OTHERS, this)
                seated = {seat.audience for seat in draft.seats(number)}
                rows += _waiting_for(_step_row(head, step), [whom for whom in step.audience if whom not in seated])
            continue
        if number not in fresh:
            gone.append(number)
        base = _step_row(head, step)
        if step.box:
            rows.append(steps.for_audience(base, steps.BOX))
        elif step.seats:
            for seat in effects.seats.get(number, {}).values():
                answered = {"answered": int(seat.spoken), "seated": text(seat)}
                rows.append(steps.for_audience(base, seat.audience) | {"seat": seat.number} | answered)
        else:
            rows += _waiting_for(base, step.audience) or [steps.for_audience(base, steps.NOBODY)]
    if gone:
        channel.write_many(steps.DROP, [{"of_job": job, "of_number": number} for number in gone])
    channel.write_many(steps.OPEN, rows)
    for number, seats in effects.seats.items():
        if number not in fresh:
            channel.write_many(steps.ANSWER, [_answer(job, seat) for seat in seats.values()])


def _step_row(head: Head, step: Step) -> dict[str, Any]:
    """The row of a step that waits for nobody yet."""
    return {
        "job_id": head.job,
        "number": step.number,
        "audience": steps.NOBODY,
        "seat": 0,
        "answered": int(step.booked is not None),
        "branch": step.branch,
        "opened": micros(step.opened),
        "claimed": step.claimed,
        "process": head.process,
        "customer": head.customer,
        "body": text(step),
        "seated": None,
    } | steps.derived(step, head.promise)


def _waiting_for(base: dict[str, Any], audience: Sequence[Seating]) -> list[dict[str, Any]]:
    """A step's rows for those of an audience who have no seats."""
    return [steps.for_audience(base, whom) | {"seat": place} for place, whom in enumerate(audience, 1)]


def _answer(job: str, seat: Seat) -> dict[str, Any]:
    spoken = int(seat.spoken)
    return {
        "of_job": job,
        "of_number": seat.step,
        "whom": plain(seat.audience),
        "new_seat": text(seat),
        "spoken": spoken,
    }
