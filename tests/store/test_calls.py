"""Service calls: claimed for the length of a lease, finished only by whoever holds the claim (L10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from drafts import HOUR, NOW, act, begin, call, move_on

from flowengine.core import events as e
from flowengine.core.draft import Draft, replace
from flowengine.core.values import ROOT, ServiceCall
from flowengine.store import ClaimedCall, Database
from flowengine.store.codec import decode

LEASE = timedelta(minutes=5)


@pytest.fixture
def job(database: Database) -> str:
    """A job with one open call, numbered 4."""
    made = begin(database)
    act(database, made, lambda draft: call(draft, input={"cloth": "navy"}) and None)
    return made


def claim(database: Database, worker: str = "w1", at: Any = NOW, limit: int = 10) -> list[ClaimedCall]:
    with database.writing() as tx:
        return tx.calls.claim(worker, limit, at + LEASE, at)


def test_a_call_is_claimed_once(database: Database, job: str) -> None:
    """A claim counts the epoch and the attempt, and nobody else gets the call while the lease lasts."""
    with database.reading() as tx:
        assert [found.number for found in tx.calls.ready(NOW)] == [4]
    (claimed,) = claim(database)
    assert (claimed.job, claimed.number, claimed.epoch, claimed.attempts, claimed.worker) == (job, 4, 1, 1, "w1")
    assert claimed.call.input == {"cloth": "navy"}
    assert claim(database, "w2") == []


@pytest.mark.usefixtures("job")
def test_a_call_is_not_claimed_before_its_time(database: Database) -> None:
    """A call is ready from the moment it was opened, not before."""
    assert claim(database, at=NOW - HOUR) == []


def test_a_lease_that_ran_out_is_claimed_anew(database: Database, job: str) -> None:
    """After the lease another worker gets the call; the first one's claim no longer holds (L10)."""
    (first,) = claim(database)
    (second,) = claim(database, "w2", NOW + HOUR)
    assert (second.epoch, second.attempts) == (2, 1)
    assert (first.alone, second.alone) == (False, True)
    with database.writing() as tx:
        assert not tx.calls.owned(job, 4, 1)
        assert tx.calls.owned(job, 4, 2)
        assert not tx.calls.prolong(job, 4, 1, NOW + 9 * HOUR)
        assert not tx.calls.reschedule(first, NOW, "late")
        (found,) = tx.calls.of(job)
        assert (found.epoch, found.worker, found.last_error) == (2, "w2", "")


def test_what_is_lost_among_others_does_not_count(database: Database, job: str) -> None:
    """The first attempt whose worker was lost is not counted, for another call may have killed it; each later one is,
    for it ran alone. An external worker's always is."""
    found = [claim(database, f"w{n}", NOW + HOUR * n)[0] for n in range(4)]
    assert [(one.attempts, one.alone) for one in found] == [(1, False), (1, True), (2, True), (3, True)]
    with database.writing() as tx:
        assert tx.calls.reschedule(found[-1], NOW, attempted=False, lane="order")
        assert [tx.calls.claim("mill", 1, NOW + HOUR, NOW + HOUR, "order")[0].attempts for _ in range(2)] == [3, 4]
        assert job == found[0].job


def several(database: Database, number: int) -> list[str]:
    """Jobs with a ready call each."""
    jobs = [begin(database) for _ in range(number)]
    for one in jobs:
        act(database, one, lambda draft: call(draft) and None)
    return jobs


def freed(database: Database, worker: str, at: Any) -> int:
    with database.writing() as tx:
        return tx.calls.free(worker, at, at, at + LEASE)


def test_what_a_lost_worker_had_is_free_at_once(database: Database) -> None:
    """Only what that worker has is made ready, and the attempt does not count where several ran side by side."""
    mine = several(database, 3)
    claim(database)
    theirs = several(database, 2)
    claim(database, "w2")
    soon = NOW + timedelta(seconds=1)
    assert freed(database, "w1", soon) == 3
    assert freed(database, "w3", soon) == 0
    again = claim(database, "w3", soon)
    assert sorted(one.job for one in again) == sorted(mine)
    assert {(one.attempts, one.alone) for one in again} == {(1, True)}
    assert claim(database, "w4", soon) == []
    assert len(theirs) == freed(database, "w2", soon)


def test_the_only_one_that_ran_among_threads_lost_its_worker(database: Database) -> None:
    """Where nothing else ran in the process of the worker, the attempt counts: those that ran alone are in processes
    of their own."""
    several(database, 2)
    claim(database)
    soon = NOW + timedelta(seconds=1)
    assert freed(database, "w1", soon) == 2
    assert [one.alone for one in claim(database, "w2", soon)] == [True, True]
    (other,) = several(database, 1)
    (sole,) = claim(database, "w2", soon)
    assert (sole.job, sole.attempts, sole.alone) == (other, 1, False)
    assert freed(database, "w2", soon + timedelta(seconds=1)) == 3
    again = claim(database, "w3", soon + timedelta(seconds=1))
    assert [(one.attempts, one.alone) for one in again if one.job == other] == [(2, True)]


def test_a_lease_can_be_prolonged(database: Database, job: str) -> None:
    """A prolonged lease keeps others away for longer."""
    claim(database)
    with database.writing() as tx:
        assert tx.calls.prolong(job, 4, 1, NOW + 2 * HOUR)
    assert claim(database, "w2", NOW + HOUR) == []


def test_a_failed_attempt_is_tried_again_later(database: Database, job: str) -> None:
    """A rescheduled call waits until its time, keeps the error, and counts the attempt unless told not to."""
    (first,) = claim(database)
    with database.writing() as tx:
        assert tx.calls.reschedule(first, NOW + HOUR, "no\0 answer")
    assert claim(database) == []
    (again,) = claim(database, at=NOW + HOUR)
    assert (again.attempts, again.last_error) == (2, "no� answer")
    with database.writing() as tx:
        assert tx.calls.reschedule(again, NOW + HOUR, "no handler", attempted=False)
        (found,) = tx.calls.of(job)
        assert found.attempts == 1


def test_a_finished_call_is_gone(database: Database, job: str) -> None:
    """When the job takes the call's answer, nobody owns or claims it any more."""
    claim(database)
    act(database, job, lambda draft: draft.record(e.CallClosed(branch=ROOT, call=4, outcome="done")))
    with database.writing() as tx:
        assert not tx.calls.owned(job, 4, 1)
        assert tx.calls.get(job, 4) is None
    assert claim(database, at=NOW + HOUR) == []


def test_a_call_that_was_cut_off_is_gone(database: Database, job: str) -> None:
    """When the job leaves the state, its open call is dropped."""
    (first,) = claim(database)
    act(database, job, move_on)
    with database.writing() as tx:
        assert tx.calls.of(job) == []
        assert not tx.calls.reschedule(first, NOW, "late")


def incident(draft: Draft, error: str) -> None:
    """The call's incident is raised, or cleared with an empty text."""
    changed = replace(draft.at(ROOT).calls[0], incident=error)
    draft.record(e.CallChanged(call=changed))


def test_an_incident_waits_for_an_operator(database: Database, job: str) -> None:
    """A call with an incident is listed and not claimed; cleared, it is ready at once with fresh attempts."""
    claim(database)
    act(database, job, lambda draft: incident(draft, "the mill is closed"))
    with database.reading() as tx:
        (found,) = tx.calls.incidents()
        assert (found.job, found.id, found.error, found.attempts) == (job, f"{job}.4", "the mill is closed", 1)
        assert (found.process, found.customer, decode(found.what, ServiceCall).handler) == ("suit", "ada", "order")
    assert claim(database, at=NOW + HOUR) == []
    act(database, job, lambda draft: incident(draft, ""))
    with database.writing() as tx:
        assert tx.calls.incidents() == []
        assert not tx.calls.owned(job, 4, 1)
    (again,) = claim(database)
    assert (again.attempts, again.epoch) == (1, 3)


def test_a_call_of_another_process_is_not_for_workers(database: Database, job: str) -> None:
    """A call that another job answers is open but never ready."""
    act(database, job, lambda draft: call(draft, process="shirt") and None)
    assert [found.number for found in claim(database)] == [4]
    with database.reading() as tx:
        assert [found.next_at for found in tx.calls.of(job) if found.number == 5] == [None]


def test_claims_take_the_earliest_and_no_more_than_wanted(database: Database) -> None:
    """Of many ready calls the earliest are claimed, up to the limit, each by one worker only."""
    jobs = []
    for index in range(6):
        jobs.append(begin(database))
        act(database, jobs[-1], lambda draft: call(draft) and None, NOW + timedelta(seconds=index))
    at = NOW + HOUR
    first, second, third = (claim(database, worker, at, 2) for worker in ("w1", "w2", "w3"))
    assert [found.job for found in (*first, *second, *third)] == jobs
    assert claim(database, "w4", at) == []


def test_timers_are_due_in_their_order(database: Database) -> None:
    """Timers come when they are due, earliest first, and a dropped or postponed one does not."""
    early, late = begin(database), begin(database)
    act(database, early, move_on)
    with database.writing() as tx:
        assert tx.timers.due(NOW) == []
        assert tx.timers.due(NOW + HOUR) == sorted([(late, 3), (early, 6)])
        assert tx.timers.due(NOW + HOUR, limit=1) == [min((late, 3), (early, 6))]
        assert tx.timers.postpone(late, 3, NOW + 3 * HOUR, "it failed")
        assert not tx.timers.postpone(late, 99, NOW, "it is not there")
        assert tx.timers.due(NOW + HOUR) == [(early, 6)]
        assert tx.timers.due(NOW + 3 * HOUR) == [(early, 6), (late, 3)]
    with database.reading() as tx:
        assert tx.ahead(NOW).timer == NOW + HOUR
