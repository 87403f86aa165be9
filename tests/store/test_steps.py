"""Inboxes: what waits for whom, the most urgent first, read from the open steps alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from drafts import HOUR, NOW, act, answer, begin, move_on, poll

from flowengine.core import events as e
from flowengine.core.draft import Draft, replace
from flowengine.core.values import ROOT, Promise
from flowengine.store import Database
from flowengine.store.audit import audit_job
from flowengine.store.steps import Narrowed


def change(database: Database, job: str, **changes: Any) -> None:
    """The job's one open step changes."""

    def work(draft: Draft) -> None:
        step = replace(draft.at(ROOT).steps[0], **changes)
        draft.record(e.StepChanged(step=step, why="changed"))

    act(database, job, work)


def test_an_inbox_shows_the_steps_of_its_audiences(database: Database) -> None:
    """A step is in the inbox of each of its audiences with its job, process and customer, and in no other."""
    job = begin(database, customer="ben", audience=("person:ben", "role:tailor"))
    with database.reading() as tx:
        for whom in ("person:ben", "role:tailor"):
            (row,) = tx.steps.inbox([whom, "staff"])
            assert (row.job, row.process, row.customer, row.audience) == (job, "suit", "ben", whom)
            assert (row.step.number, row.step.title, row.opened, row.answered) == (2, "Choose", NOW, False)
        assert tx.steps.inbox(["person:ada", "role:cutter", "staff"]) == []
        assert tx.steps.inbox([]) == []


def test_a_step_for_two_of_ones_audiences_is_shown_once(database: Database) -> None:
    """Who belongs to several audiences of one step sees it once."""
    begin(database, audience=("person:ben", "role:tailor", "staff"))
    with database.reading() as tx:
        assert len(tx.steps.inbox(["staff", "role:tailor", "person:ben", "staff"])) == 1


def test_a_closed_step_leaves_the_inbox(database: Database) -> None:
    """When the job moves on, the old step is gone and the new one waits for its own audience."""
    job = begin(database)
    act(database, job, move_on)
    with database.reading() as tx:
        assert tx.steps.inbox(["person:ada"]) == []
        assert [row.step.title for row in tx.steps.inbox(["role:tailor"])] == ["Do it"]


def test_an_inbox_is_read_page_by_page(database: Database) -> None:
    """Pages do not overlap and leave nothing out, over several audiences; without deadlines they are oldest first."""
    jobs = []
    for index in range(7):
        audience = ("role:tailor",) if index % 2 else ("role:cutter", "role:tailor")
        jobs.append(begin(database, audience=audience, opened=NOW + timedelta(minutes=index)))
    seen: list[str] = []
    after = None
    with database.reading() as tx:
        while page := tx.steps.inbox(["role:tailor", "role:cutter"], limit=2, after=after):
            seen += [row.job for row in page]
            after = page[-1].place
    assert seen == jobs


def test_the_most_urgent_of_many_is_on_the_first_page(database: Database) -> None:
    """What is due first comes first, however late it was opened; what has no deadline comes last, the oldest first."""
    old = [begin(database, audience=("role:tailor",), opened=NOW + HOUR * index) for index in range(5)]
    due = [begin(database, audience=("role:tailor",), opened=NOW + HOUR * 9, due=NOW + HOUR * n) for n in (30, 20)]
    met = begin(database, audience=("role:tailor",), opened=NOW + HOUR * 9, appointment=NOW + HOUR * 10)
    with database.reading() as tx:
        assert [row.job for row in tx.steps.inbox(["role:tailor"])] == [met, due[1], due[0], *old]
        (first, second) = tx.steps.inbox(["role:tailor"], limit=2)
        assert (first.urgent, second.urgent) == (NOW + HOUR * 10, NOW + HOUR * 20)
        assert tx.steps.inbox(["role:tailor"], limit=1, after=tx.steps.inbox(["role:tailor"])[-1].place) == []


def test_a_promise_makes_the_steps_of_its_job_urgent(database: Database) -> None:
    """Open steps are as urgent as what their job is promised for, until that is settled; their own deadline counts
    where it comes first."""
    plain, soon = begin(database), begin(database, due=NOW + HOUR)

    def promise(by: timedelta, *, kept: bool | None = None) -> Callable[[Draft], None]:
        told = Promise(by=NOW + by, made=NOW, first=NOW + by, kept=kept)
        return lambda draft: draft.record(e.Promised(promise=told))

    def urgent() -> dict[str, datetime | None]:
        with database.reading() as tx:
            return {row.job: row.urgent for row in tx.steps.inbox(["person:ada"])}

    assert urgent() == {soon: NOW + HOUR, plain: None}
    for by in (timedelta(hours=5), timedelta(hours=3)):
        for job in (plain, soon):
            act(database, job, promise(by))
        assert urgent() == {soon: NOW + HOUR, plain: NOW + by}
        with database.reading() as tx:
            assert audit_job(tx, plain).problems == ()
    act(database, plain, promise(timedelta(hours=3), kept=True))
    assert urgent() == {soon: NOW + HOUR, plain: None}


def test_what_somebody_holds_comes_first_for_him(database: Database) -> None:
    """What a person has claimed, and what is kept for him, stands before what is more urgent, over the pages too."""
    urgent = [begin(database, audience=("role:tailor",), due=NOW + HOUR * n) for n in (1, 2, 3)]
    kept = begin(database, audience=("role:tailor", "person:ben"), preferred="ben", due=NOW + HOUR * 8)
    mine = begin(database, audience=("role:tailor",))
    change(database, mine, claimed="ben")
    wanted = [kept, mine, *urgent]
    with database.reading() as tx:
        assert [row.job for row in tx.steps.inbox(["role:tailor", "person:ben"], person="ben")] == wanted
        seen: list[str] = []
        after = None
        while page := tx.steps.inbox(["role:tailor", "person:ben"], limit=1, after=after, person="ben"):
            seen.append(page[0].job)
            after = page[0].place
        assert seen == wanted
        assert [row.job for row in tx.steps.inbox(["role:tailor"], person="ann")] == [*urgent, kept]


def test_what_is_over_takes_no_place_on_a_page(database: Database) -> None:
    """Steps whose deadline is over are passed by, however many nobody has fired (L13)."""
    for index in range(5):
        begin(database, audience=("role:tailor",), due=NOW + HOUR * index)
    wanted = begin(database, audience=("role:tailor",), due=NOW + HOUR * 9)
    with database.reading() as tx:
        rows = tx.steps.inbox(["role:tailor"], limit=2, person="ben", now=NOW + HOUR * 5)
        assert [row.job for row in rows] == [wanted]
        (sums,) = tx.steps.counted(["role:tailor"], "ben", NOW + HOUR * 5, NOW + HOUR * 9)
        assert sums == ("suit", "role:tailor", 1, 0, 1)


def test_an_inbox_is_narrowed(database: Database) -> None:
    """To a process, to a customer, and to titles that hold all words, in whichever case; and so are its counts."""
    who = ("role:tailor",)
    one = begin(database, audience=who, process="suit", customer="ada", title="Cut the Größe 40 cloth")
    two = begin(database, audience=who, process="shirt", customer="ben", title="Cut the linen")
    narrowings = {
        Narrowed(process="suit"): [one],
        Narrowed(customer="ben"): [two],
        Narrowed(words=("cut",)): [one, two],
        Narrowed(words=("GRÖSSE", "cut")): [one],
        Narrowed(words=("%",)): [],
        Narrowed(process="suit", customer="ben"): [],
    }
    with database.reading() as tx:
        for narrowed, wanted in narrowings.items():
            assert [row.job for row in tx.steps.inbox(who, narrowed=narrowed)] == wanted, narrowed
            counted = tx.steps.counted(who, "x", NOW, NOW, narrowed)
            assert sum(row.waiting for row in counted) == len(wanted), narrowed


def test_what_waits_is_counted_once(database: Database) -> None:
    """A step for several of one's audiences counts once; what others have claimed and what excludes him, not at all."""
    begin(database, audience=("role:tailor", "staff"), due=NOW + HOUR)
    begin(database, audience=("role:tailor",), due=NOW + HOUR * 2)
    begin(database, audience=("staff",), process="shirt")
    begin(database, audience=("role:tailor",), excluded=("ben", "ann"))
    change(database, begin(database, audience=("role:tailor",)), claimed="ann")
    with database.reading() as tx:
        counted = tx.steps.counted(["role:tailor", "staff"], "ben", NOW, NOW + HOUR)
        assert counted == [("shirt", "staff", 1, 0, 0), ("suit", "role:tailor", 2, 0, 1)]
        assert sum(row.waiting for row in tx.steps.counted(["role:tailor", "staff"], "be", NOW, NOW)) == 4
        assert tx.steps.counted([], "ben", NOW, NOW) == []


def test_a_step_that_another_has_claimed_is_left_out(database: Database) -> None:
    """For a person, the inbox leaves out what somebody else has claimed and keeps what he has claimed himself."""
    job = begin(database, audience=("role:tailor",))
    change(database, job, claimed="ben")
    with database.reading() as tx:
        assert tx.steps.inbox(["role:tailor"], person="ada") == []
        assert len(tx.steps.inbox(["role:tailor"], person="ben")) == 1
        assert len(tx.steps.inbox(["role:tailor"])) == 1


def test_a_step_is_not_shown_to_those_it_excludes(database: Database) -> None:
    """Steps that exclude the person do not count towards the page."""
    for index in range(3):
        begin(database, audience=("role:tailor",), opened=NOW + timedelta(minutes=index), excluded=("ben",))
    wanted = begin(database, audience=("role:tailor",), opened=NOW + timedelta(minutes=9))
    with database.reading() as tx:
        assert [row.job for row in tx.steps.inbox(["role:tailor"], limit=2, person="ben")] == [wanted]


def test_a_changed_audience_moves_the_step(database: Database) -> None:
    """A step that is handed on leaves the old inbox and is in the new one."""
    job = begin(database, audience=("role:tailor",))
    change(database, job, audience=("role:cutter", "person:ben"))
    with database.reading() as tx:
        assert tx.steps.inbox(["role:tailor"]) == []
        assert len(tx.steps.inbox(["role:cutter"])) == 1
        assert len(tx.steps.inbox(["person:ben"])) == 1


def test_a_vote_waits_only_for_those_who_have_not_voted(database: Database) -> None:
    """Who has voted no longer finds the vote waiting, but finds it when he asks for everything."""
    job = begin(database)
    act(database, job, lambda draft: poll(draft, 30) and None)
    act(database, job, lambda draft: answer(draft, 4, "person:voter7", ["blue"]))
    with database.reading() as tx:
        assert tx.steps.inbox(["person:voter7"]) == []
        (row,) = tx.steps.inbox(["person:voter7"], everything=True)
        assert row.answered
        assert len(tx.steps.inbox(["person:voter8"])) == 1
        seat = tx.jobs.get(job).position.seat(4, "person:voter7")
        assert seat is not None
        assert seat.answer == ["blue"]
    act(database, job, lambda draft: answer(draft, 4, "person:voter7", None))
    with database.reading() as tx:
        assert len(tx.steps.inbox(["person:voter7"])) == 1


def test_a_step_for_nobody_can_still_be_found(database: Database) -> None:
    """A step whose audience is empty is in no inbox, but belongs to its branch."""
    job = begin(database, audience=())
    with database.reading() as tx:
        assert [row.audience for row in tx.steps.of(job)] == [""]
        assert tx.jobs.get(job).position.branch_of_step(2) == ROOT


def test_a_change_of_a_vote_keeps_its_ballots(database: Database) -> None:
    """A later deadline reaches every voter and loses no ballot."""
    job = begin(database)
    act(database, job, lambda draft: poll(draft, 3) and None)
    act(database, job, lambda draft: answer(draft, 4, "person:voter1", "blue"))
    due = NOW + timedelta(days=3)

    def later(draft: Draft) -> None:
        step = next(step for step in draft.at(ROOT).steps if step.number == 4)
        draft.record(e.StepChanged(step=replace(step, due=due), why="later"))

    act(database, job, later)
    with database.reading() as tx:
        votes = [row for row in tx.steps.of(job) if row.step.number == 4]
        assert [row.step.due for row in votes] == [due] * 3
        assert [row.answered for row in votes] == [True, False, False]
