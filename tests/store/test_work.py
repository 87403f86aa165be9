"""One look at what comes next, and what a clock that ran ahead has put off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from drafts import HOUR, NOW, act, begin, call

from flowengine.store import Database
from flowengine.store.work import Work

MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=10)


def ahead(database: Database, now: object = NOW) -> Work:
    with database.reading() as tx:
        return tx.ahead(now)  # type: ignore[arg-type]


def with_call(database: Database, at: object = NOW) -> str:
    job = begin(database)
    act(database, job, lambda draft: call(draft) and None, at)  # type: ignore[arg-type]
    return job


def test_an_empty_database_has_nothing_ahead(database: Database) -> None:
    """Where nothing waits, nothing is due."""
    assert ahead(database) == Work(None, None, None)
    assert ahead(database).next() is None


def test_each_kind_says_when_it_is_due(database: Database) -> None:
    """The earliest of the timers, the calls and the messages, in one query."""
    job = with_call(database)
    with database.writing() as tx:
        tx.outbox.add(job, 9, "notice", {}, NOW + MINUTE)
    look = ahead(database)
    assert (look.call, look.message) == (NOW, NOW + MINUTE)
    assert look.timer is not None
    with database.reading() as tx:
        assert tx.timers.due(look.timer - MINUTE) == []
        assert tx.timers.due(look.timer) != []
    assert look.next() == NOW


def test_what_others_have_in_hand_is_not_ahead(database: Database) -> None:
    """A claimed call is due when its lease is over, a claimed timer is nobody else's until its claim is, and calls in
    other lanes and those with an incident are not for workers of our own."""
    with_call(database)
    with database.writing() as tx:
        tx.calls.claim("w1", 1, NOW + LEASE, NOW)
    assert ahead(database).call == NOW + LEASE
    far = NOW + 999 * HOUR
    with database.writing() as tx:
        claimed = tx.timers.claim(10, far + MINUTE, far)
    assert claimed
    assert ahead(database, far).timer is None
    assert ahead(database, far + MINUTE).timer is not None
    with database.writing() as tx:
        (held,) = tx.calls.claim("w2", 1, NOW + HOUR + LEASE, NOW + HOUR)
        assert tx.calls.reschedule(held, NOW, lane="order")
    assert ahead(database).call is None


def test_timers_are_claimed_in_parts(database: Database) -> None:
    """Each due timer is given to one who asks, the earliest first, until the claim is over."""
    for _ in range(3):
        begin(database)
    far = NOW + 999 * HOUR
    with database.writing() as tx:
        first = tx.timers.claim(2, far + MINUTE, far)
        second = tx.timers.claim(2, far + MINUTE, far)
        assert (len(first), len(second), tx.timers.claim(2, far + MINUTE, far)) == (2, 1, [])
        assert not {*first} & {*second}
        assert len(tx.timers.claim(9, far + 2 * MINUTE, far + MINUTE)) == 3


def test_timers_claimed_by_a_clock_that_ran_ahead_are_freed(database: Database) -> None:
    """A claim that reaches further than any can be is none."""
    begin(database)
    far = NOW + 999 * HOUR
    with database.writing() as tx:
        tx.timers.claim(9, far + 30 * HOUR, far + 29 * HOUR)
        assert tx.timers.claim(9, far + MINUTE, far) == []
        assert tx.timers.heal(far, far + 31 * HOUR) == 0
        assert tx.timers.heal(far, far + MINUTE) == 1
        assert len(tx.timers.claim(9, far + MINUTE, far)) == 1


@pytest.mark.parametrize("claimed", [True, False])
def test_calls_put_off_by_a_clock_that_ran_ahead_are_ready(database: Database, claimed: bool) -> None:
    """A lease that reaches further than any can, and a call opened in what is now the future, are ready now."""
    with_call(database, NOW + HOUR)
    with database.writing() as tx:
        if claimed:
            tx.calls.claim("w1", 1, NOW + HOUR + LEASE, NOW + HOUR)
        assert tx.calls.heal(NOW, NOW + 2 * HOUR, NOW + 2 * HOUR) == 0
        assert tx.calls.heal(NOW, NOW + MINUTE, NOW + 2 * HOUR) == 1
        (again,) = tx.calls.claim("w2", 1, NOW + LEASE, NOW)
        assert (again.attempts, again.alone) == (1, claimed)


def test_a_call_that_waits_for_its_next_attempt_is_left_alone(database: Database) -> None:
    """A wait that an error asked for is no mistake of a clock, however long it is; nor is another worker's lease."""
    with_call(database)
    with database.writing() as tx:
        (held,) = tx.calls.claim("w1", 1, NOW + LEASE, NOW)
        tx.calls.reschedule(held, NOW + 30 * HOUR, "no cloth")
        assert tx.calls.heal(NOW, NOW + MINUTE, NOW + MINUTE) == 0
        (held,) = tx.calls.claim("w1", 1, NOW + 30 * HOUR + LEASE, NOW + 30 * HOUR)
        assert tx.calls.heal(NOW + 30 * HOUR, NOW + 30 * HOUR + MINUTE, NOW + 30 * HOUR + MINUTE) == 0


def test_who_has_said_what_came_of_an_attempt_owns_it_no_more(database: Database) -> None:
    """Said twice, it counts once: the claim is over when its attempt is (L10)."""
    job = with_call(database)
    with database.writing() as tx:
        (held,) = tx.calls.claim("w1", 1, NOW + LEASE, NOW)
        assert tx.calls.reschedule(held, NOW, attempted=False)
        assert not tx.calls.reschedule(held, NOW, attempted=False)
        assert not tx.calls.owned(job, held.number, held.epoch)
        (again,) = tx.calls.claim("w2", 1, NOW + LEASE, NOW)
        assert (again.attempts, again.alone) == (1, False)


def test_a_claim_knows_whose_job_it_is(database: Database) -> None:
    """Process, version and customer come with the claim, so that nothing more has to be read."""
    job = with_call(database)
    with database.writing() as tx:
        (held,) = tx.calls.claim("w1", 1, NOW + LEASE, NOW)
        stored = tx.jobs.get(job)
        assert (held.process, held.version, held.customer) == (stored.process, stored.version, stored.customer)
