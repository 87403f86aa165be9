"""Jobs are saved, read back whole, found and listed alike on every database."""

from __future__ import annotations

import pytest
from drafts import ADA, HOUR, NOW, act, answer, begin, call, fork, move_on, poll, started, write
from noted_database import Asked, NotedDatabase

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft, rebuild, replace, settle
from flowengine.core.values import ROOT, Promise
from flowengine.errors import Ambiguous, NotFound, StoreError
from flowengine.store import Database, Entry, new_id, short
from flowengine.store.audit import audit_job


def test_a_job_is_read_back_as_it_was_saved(database: Database) -> None:
    """Head, root branch and data of a saved job come back equal."""
    draft = started()
    job = begin(database, draft)
    with database.reading() as tx:
        stored = tx.jobs.get(job)
        assert stored.position.whole() == settle(None, draft)
        assert (stored.process, stored.version, stored.customer, stored.status) == ("suit", "v1", "ada", "open")
        assert (stored.seq, stored.started, stored.updated, stored.ended) == (1, NOW, NOW, None)


def test_what_is_stored_is_what_the_history_says(database: Database) -> None:
    """After many kinds of commands the stored position equals the one rebuilt from the history (L5)."""
    job = begin(database)
    act(database, job, move_on)
    act(database, job, lambda draft: poll(draft, 5) and None)
    act(database, job, lambda draft: answer(draft, 7, "person:voter3", "blue"))
    act(database, job, lambda draft: fork(draft, 4) and None)
    act(database, job, lambda draft: draft.record(e.BranchClosed(branch="main/pieces#9/1")))
    act(database, job, lambda draft: call(draft) and None)
    promise = Promise(by=NOW + HOUR, made=NOW, first=NOW + HOUR)
    act(database, job, lambda draft: draft.record(e.Promised(promise=promise)))
    with database.reading() as tx:
        rebuilt = rebuild(entry.events for entry in tx.history.of(job))
        assert tx.jobs.get(job).position.whole() == rebuilt
        assert audit_job(tx, job).problems == ()


def test_a_lazy_position_answers_as_one_in_memory(database: Database) -> None:
    """Branches, children, owners of steps, timers and calls, and seats are found one by one as in memory."""
    draft = started()
    fork(draft, 3)
    vote = poll(draft, 3)
    opened = call(draft)
    memory = settle(None, draft)
    job = begin(database, draft)
    with database.reading() as tx:
        lazy = tx.jobs.get(job).position
        assert [child.id for child in lazy.children(ROOT)] == [child.id for child in memory.children(ROOT)]
        for number in memory.steps:
            assert lazy.branch_of_step(number) == memory.branch_of_step(number)
        assert lazy.branch_of_timer(3) == ROOT
        assert lazy.branch_of_call(opened.number) == ROOT
        assert lazy.seat(vote.number, "person:voter2") == memory.seat(vote.number, "person:voter2")
        assert list(lazy.seats(vote.number)) == list(memory.seats(vote.number))
        assert lazy.branch("main/pieces#9/2") == memory.branch("main/pieces#9/2")


def test_a_lazy_position_knows_what_is_not_there(database: Database) -> None:
    """A branch, step, timer, call or seat that is not open is None."""
    job = begin(database)
    with database.reading() as tx:
        lazy = tx.jobs.get(job).position
        assert lazy.branch("main/nowhere#1/x") is None
        assert list(lazy.children("main/nowhere#1/x")) == []
        assert (lazy.branch_of_step(99), lazy.branch_of_timer(99), lazy.branch_of_call(99)) == (None, None, None)
        assert lazy.seat(2, "person:ada") is None
        assert list(lazy.seats(2)) == []


def test_branches_keep_the_order_in_which_they_were_opened(database: Database) -> None:
    """Children come in the order of their making, also when some are changed and others added later."""
    job = begin(database)
    act(database, job, lambda draft: fork(draft, 12) and None)
    first = "main/pieces#9/0"
    act(database, job, lambda draft: draft.record(e.Left(branch=first, state="sew", outcome="done")))
    with database.reading() as tx:
        children = [child.id for child in tx.jobs.get(job).position.children(ROOT)]
    assert children == [f"main/pieces#9/{index}" for index in range(12)]


def test_a_lazy_position_is_read_within_its_transaction(database: Database) -> None:
    """What has not been read when the transaction ends can no longer be read, and says so."""
    job = begin(database)
    with database.reading() as tx:
        position = tx.jobs.get(job).position
    with pytest.raises(StoreError, match="transaction is over"):
        position.branch("main/x#1/y")


def test_an_ended_job_keeps_its_end(database: Database) -> None:
    """A job that is fulfilled is stored with its status and the moment it ended."""
    job = begin(database)
    end = e.Ended(kind="fulfilled", state="done", at=NOW + HOUR)
    act(database, job, lambda draft: draft.record(end), NOW + HOUR)
    with database.reading() as tx:
        stored = tx.jobs.get(job)
        assert (stored.status, stored.ended) == ("fulfilled", NOW + HOUR)
        assert tx.steps.of(job) == []
        assert tx.timers.due(NOW + 2 * HOUR) == []


def test_a_job_that_changed_meanwhile_is_not_overwritten(database: Database) -> None:
    """Saving on top of an outdated reading is refused and leaves the job as it is (L2)."""
    job = begin(database)
    with database.reading() as tx:
        outdated = tx.jobs.get(job)
        draft = Draft(outdated.position)
        move_on(draft)
    saved = act(database, job, move_on)
    entry = Entry(seq=2, at=NOW, by=ADA, command=c.Say(by=ADA, text="hm"), events=tuple(draft.events))
    with pytest.raises(StoreError), database.writing() as tx:
        tx.save(outdated, draft, entry)
    with database.reading() as tx:
        assert (tx.jobs.get(job).seq, tx.jobs.get(job).hash) == (saved.seq, saved.hash)
        assert tx.history.verify(job).entries == 2


def test_an_entry_follows_the_one_before(database: Database) -> None:
    """An entry with another number than the next one is refused."""
    draft = started()
    entry = Entry(seq=5, at=NOW, by=ADA, command=c.Start(by=ADA), events=tuple(draft.events))
    with pytest.raises(StoreError, match="cannot follow"), database.writing() as tx:
        tx.save(None, draft, entry)


def test_an_unknown_job_is_not_found(database: Database) -> None:
    """Reading or locking a job that is not there raises NotFound, whatever its id looks like."""
    with database.writing() as tx:
        for name in (new_id(), "", "x\0y", "'; drop table flow_jobs", "é"):
            with pytest.raises(NotFound):
                tx.jobs.get(name)
            with pytest.raises(NotFound):
                tx.jobs.lock(name)
            with pytest.raises(NotFound):
                tx.jobs.resolve(name)


def test_a_job_is_found_by_any_unique_beginning(database: Database) -> None:
    """The full id, a beginning of it, and a beginning of the short form all name the job."""
    job = begin(database)
    with database.reading() as tx:
        for prefix in (job, job.upper(), short(job), short(job)[:8], short(job)[:4], job[:30], f" {job} "):
            assert tx.jobs.resolve(prefix) == job


def test_a_beginning_that_fits_several_jobs_is_ambiguous(database: Database) -> None:
    """A short form that fits two jobs lists both."""
    jobs = ["01900000-0000-7000-8000-abcdef000001", "01900000-0000-7000-8000-abcd12000002"]
    for job in jobs:
        begin(database, job=job)
    with database.reading() as tx:
        with pytest.raises(Ambiguous) as raised:
            tx.jobs.resolve("abcd")
        assert set(raised.value.possible) == {"abcdef00", "abcd1200"}
        assert tx.jobs.resolve("abcde") == jobs[0]


def test_jobs_are_listed_newest_first(database: Database) -> None:
    """Lists filter by status, process and customer, and go on after the last job of a page."""
    jobs = [begin(database, customer=customer) for customer in ("ada", "ben", "ada", "ada")]
    act(database, jobs[3], lambda draft: draft.record(e.Ended(kind="ended", state="off", because="why", at=NOW)))
    with database.reading() as tx:
        assert [row.id for row in tx.jobs.list()] == jobs[::-1]
        assert [row.id for row in tx.jobs.list(customer="ada")] == [jobs[3], jobs[2], jobs[0]]
        assert [row.id for row in tx.jobs.list(customer="ada", status="open")] == [jobs[2], jobs[0]]
        assert [row.id for row in tx.jobs.list(process="suit", limit=2)] == [jobs[3], jobs[2]]
        assert [row.id for row in tx.jobs.list(process="suit", limit=2, after=jobs[2])] == [jobs[1], jobs[0]]
        assert tx.jobs.list(process="shirt") == []
        assert tx.jobs.list()[0].head.because == "why"
        assert list(tx.jobs.ids()) == jobs


def test_a_job_keeps_its_version(database: Database) -> None:
    """A newer version of the process leaves a job's version as it was (L6); migrating changes it."""
    job = begin(database)
    with database.writing() as tx:
        tx.processes.add("suit", "v2", "A suit", "…", NOW)
    act(database, job, move_on)
    with database.reading() as tx:
        assert tx.jobs.get(job).version == "v1"
    act(database, job, lambda draft: draft.record(e.Migrated(version="v2")))
    with database.reading() as tx:
        assert (tx.jobs.get(job).version, tx.jobs.get(job).position.head.version) == ("v2", "v2")


def test_any_text_survives(database: Database) -> None:
    """Control characters, NUL, right-to-left marks, quotes and emoji come back as they were, in data and titles."""
    words = "a\0b\x1b[31m\u202e'\";--\\ 🧵 \u2028 é\r\n"
    draft = started(title=words, audience=("person:ada", "group:\0odd"))
    draft.record(e.Saved(branch=ROOT, place="words", value={words: [words, 1.5, None, True, 2**53]}))
    job = begin(database, draft)
    with database.reading() as tx:
        position = tx.jobs.get(job).position
        assert position.data["words"] == {words: [words, 1.5, None, True, 2**53]}
        assert tx.steps.inbox(["person:ada"])[0].step.title == words
        assert tx.history.verify(job).entries == 1
        assert audit_job(tx, job).problems == ()


def test_an_act_on_one_of_many_branches_reads_only_that_one(database: Database, database_url: str) -> None:
    """With 300 branches open, changing one writes one row and leaves the others alone."""
    job = begin(database)
    act(database, job, lambda draft: fork(draft, 300) and None)
    with NotedDatabase.open(database_url) as noted, noted.writing() as tx:
        assert isinstance(noted, NotedDatabase)
        stored = tx.jobs.lock(job)
        draft = Draft(stored.position)
        branch = draft.at("main/pieces#9/150")
        draft.record(e.StepClosed(branch=branch.id, step=branch.steps[0].number, outcome="done"))
        entry = Entry(seq=3, at=NOW, by=ADA, command=c.Say(by=ADA, text="hm"), events=tuple(draft.events))
        tx.save(stored, draft, entry)
        assert set(draft.effects.branches) == {"main/pieces#9/150"}
        assert [one for one in noted.asked if one.query.startswith("branches.")] == [
            Asked("branches.get", 1),
            Asked("branches.put", 0),
        ]
    with database.reading() as tx:
        assert len(tx.steps.of(job)) == 300
        assert audit_job(tx, job).problems == ()


def test_two_transactions_on_one_job_follow_each_other(database: Database) -> None:
    """Each command sees what the one before has written."""
    job = begin(database)
    for _ in range(5):
        act(database, job, move_on)
    with database.reading() as tx:
        assert tx.jobs.get(job).seq == 6
        assert [entry.seq for entry in tx.history.of(job, after=2, limit=3)] == [3, 4, 5]


def test_a_claim_changes_the_open_step(database: Database) -> None:
    """A changed step is stored once for each audience, with who has claimed it."""
    job = begin(database, audience=("role:tailor", "role:cutter"))

    def claim(draft: Draft) -> None:
        step = replace(draft.at(ROOT).steps[0], claimed="ben")
        draft.record(e.StepChanged(step=step, why="claimed", by="ben"))

    act(database, job, claim)
    with database.reading() as tx:
        assert [row.step.claimed for row in tx.steps.of(job)] == ["ben", "ben"]
        assert audit_job(tx, job).problems == ()


def test_a_second_start_under_one_id_is_refused(database: Database) -> None:
    """Two jobs cannot have one id."""
    draft = started()
    begin(database, draft)
    with pytest.raises(StoreError), database.writing() as tx:
        write(tx, draft)
