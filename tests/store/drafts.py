"""Made-up jobs for the store's tests, drafted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft, replace
from flowengine.core.values import ROOT, Actor, Branch, Head, Seat, ServiceCall, Step, Timer
from flowengine.store import Database, Entry, Saved, Transaction, new_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = Actor(kind="customer", id="ada")


def started(
    job: str = "",
    customer: str = "ada",
    audience: tuple[str, ...] = ("person:ada",),
    process: str = "suit",
    **step: Any,
) -> Draft:
    """A job that stands in ``choose`` with step 2 open, timer 3 set (an hour from now) and data."""
    draft = Draft()
    head = Head(job=job or new_id(), process=process, version="v1", customer=customer, started=NOW)
    draft.record(e.Started(head=head))
    draft.record(e.BranchOpened(branch=Branch(id=ROOT)))
    draft.record(e.Saved(branch=ROOT, place="need", value={"occasion": "a wedding"}))
    draft.record(e.Entered(branch=ROOT, state="choose", entry=1, at=NOW))
    what = {"number": 2, "branch": ROOT, "state": "choose", "title": "Choose", "audience": audience, "opened": NOW}
    draft.record(e.StepOpened(step=Step(**(what | step))))
    draft.record(e.TimerSet(timer=Timer(number=3, branch=ROOT, purpose="expire", due=NOW + HOUR)))
    return draft


def wordless(job: str) -> Draft:
    """A job of which nothing is said: its entry has no contents, so it is the same bytes whenever it is written with
    the same secret."""
    draft = Draft()
    head = Head(job=job, process="suit", version="v1", customer="ada", started=NOW)
    draft.record(e.Started(head=head))
    draft.record(e.BranchOpened(branch=Branch(id=ROOT)))
    draft.record(e.Entered(branch=ROOT, state="choose", entry=1, at=NOW))
    return draft


def write(tx: Transaction, draft: Draft, at: datetime = NOW, seed: str = "") -> Saved:
    """Save a new job's draft, with a secret drawn anew unless one is given."""
    by = c.Start(by=ADA)
    return tx.save(None, draft, Entry(seq=1, at=at, by=ADA, command=by, events=tuple(draft.events), seed=seed))


def begin(database: Database, draft: Draft | None = None, **more: Any) -> str:
    """A job in the database; gives its id."""
    draft = draft or started(**more)
    with database.writing() as tx:
        write(tx, draft)
    return draft.head.job


def change(tx: Transaction, job: str, work: Callable[[Draft], None], at: datetime = NOW) -> Saved:
    """One more command on a job, which records what ``work`` says."""
    stored = tx.jobs.lock(job)
    draft = Draft(stored.position)
    work(draft)
    entry = Entry(seq=stored.seq + 1, at=at, by=ADA, command=c.Say(by=ADA, text="hm"), events=tuple(draft.events))
    return tx.save(stored, draft, entry)


def act(database: Database, job: str, work: Callable[[Draft], None], at: datetime = NOW) -> Saved:
    """The same in a transaction of its own."""
    with database.writing() as tx:
        return change(tx, job, work, at)


def move_on(draft: Draft) -> None:
    """Leave the state and enter the next, with a fresh step and timer."""
    root = draft.at(ROOT)
    draft.record(e.Left(branch=ROOT, state=root.state, outcome="chosen", by="ada"))
    draft.record(e.Saved(branch=ROOT, place=root.state, value={"cloth": "navy"}))
    number = draft.next_number()
    draft.record(e.Entered(branch=ROOT, state=f"state_{number}", entry=number, at=NOW))
    step = Step(
        number=draft.next_number(),
        branch=ROOT,
        state=f"state_{number}",
        title="Do it",
        audience=("role:tailor", "person:ben"),
        opened=NOW,
    )
    draft.record(e.StepOpened(step=step))
    timer = Timer(number=draft.next_number(), branch=ROOT, purpose="expire", due=NOW + HOUR, step=step.number)
    draft.record(e.TimerSet(timer=timer))


def say(draft: Draft) -> None:
    """Something that changes nothing but the history."""
    draft.record(e.Said(kind="note", text="hm", by="ada"))


def call(draft: Draft, **more: Any) -> ServiceCall:
    """A service call is opened."""
    opened = ServiceCall(number=draft.next_number(), branch=ROOT, state="choose", handler="order", opened=NOW, **more)
    draft.record(e.CallOpened(call=opened))
    return opened


def poll(draft: Draft, voters: int) -> Step:
    """A vote is opened, with a seat for each voter."""
    step = Step(number=draft.next_number(), branch=ROOT, state="choose", title="Vote", seats=voters, opened=NOW)
    seats = [Seat(step=step.number, number=n, audience=f"person:voter{n}") for n in range(1, voters + 1)]
    draft.record(e.StepOpened(step=step, seats=tuple(seats)))
    return step


def answer(draft: Draft, step: int, voter: str, value: Any) -> None:
    """A voter votes."""
    seat = draft.seat(step, voter)
    assert seat is not None
    draft.record(e.SeatAnswered(branch=ROOT, seat=replace(seat, answer=value, by=voter)))


def fork(draft: Draft, many: int) -> list[str]:
    """Branches are opened below the root, each with a step."""
    names = []
    for index in range(many):
        name = f"main/pieces#9/{index}"
        draft.record(e.BranchOpened(branch=Branch(id=name, parent=ROOT, name="piece", own=True, index=index)))
        draft.record(e.Entered(branch=name, state="sew", entry=draft.next_number(), at=NOW))
        number = draft.next_number()
        step = Step(number=number, branch=name, state="sew", audience=("role:tailor",), opened=NOW)
        draft.record(e.StepOpened(step=step))
        names.append(name)
    return names
