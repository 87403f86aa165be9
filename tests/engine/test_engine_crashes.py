"""A process that is killed around a commit, on both databases: all of an act, or nothing (L2)."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine_flows import SERVICE, VOTE
from forked import run

from flowengine import Engine, HandlerCall, SimulatedClock

DYING = Path(__file__).with_name("dying.py")


def _killed(url: str, point: str, step: str = "") -> None:
    """Run until the crash point and be killed there."""
    code, _, told = run([str(DYING), url, point, step], cwd=DYING.parent, env=os.environ, patience=60)
    assert code == -signal.SIGKILL, told


def test_killed_before_the_commit_nothing_has_happened(engine: Engine, database_url: str) -> None:
    """An act whose process dies before the commit leaves no trace, and may be asked again."""
    engine = Engine(engine.database, clock=SimulatedClock(datetime.now(UTC)))  # the other process has the machine's
    job = engine.start("small_suit", by="ada", need={"occasion": "Work"}).job
    step = engine.inbox("ada")[0].id
    _killed(database_url, "before commit", step)
    assert len(engine.history(job)) == 1
    assert engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="k").seq == 2
    assert engine.audit(job).fine


def test_killed_after_the_commit_all_has_happened(engine: Engine, database_url: str) -> None:
    """An act whose process dies after the commit is there whole; asked again, its receipt is (L3)."""
    engine = Engine(engine.database, clock=SimulatedClock(datetime.now(UTC)))  # the other process has the machine's
    job = engine.start("small_suit", by="ada", need={"occasion": "Work"}).job
    step = engine.inbox("ada")[0].id
    _killed(database_url, "after commit", step)
    assert engine.jobs()[0].states == ("cut",)
    receipt = engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="k")
    assert (receipt.seq, receipt.states) == (2, ("Making your suit",))
    assert len(engine.history(job)) == 2
    assert engine.audit(job).fine


@pytest.mark.parametrize("point", ["in handler", "before finish"])
def test_killed_around_a_handler_it_is_called_again(engine: Engine, database_url: str, point: str) -> None:
    """A handler whose process dies is called again with the same key when its lease is over; who killed the process is
    not known, so the first such loss is no attempt (L11)."""
    engine.deploy(SERVICE)
    calls: list[HandlerCall] = []
    clock = SimulatedClock(datetime.now(UTC))
    again = Engine(engine.database, clock=clock, handlers={"order_cloth": lambda call: calls.append(call)})
    job = again.start("ordering", by="ada", need={"metres": 2}).job
    with again.database.reading() as tx:
        key = f"{job}.{tx.calls.of(job)[0].number}"
    _killed(database_url, point)
    assert again.run_due().calls == 0
    clock.advance(timedelta(hours=1))
    assert again.run_due().calls == 1
    assert [(call.key, call.attempt) for call in calls] == [(key, 1)]
    assert again.jobs()[0].states == ("accept",)
    assert again.audit(job).fine


@pytest.mark.parametrize("when", ["before commit", "after commit"])
def test_killed_around_the_ballot_that_closes_a_vote(engine: Engine, database_url: str, when: str) -> None:
    """Ballot and closing are one: neither is there, or both; asked again, he has voted once, and the vote is closed."""
    engine = Engine(engine.database, clock=SimulatedClock(datetime.now(UTC)))  # the other process has the machine's
    engine.deploy(VOTE.replace("quorum: 0.5", "quorum: 0.5\n    early: true\n    rule: majority"))
    for who in ("ada", "ben", "cid"):
        engine.add_customer(who, groups=["members"])
    job = engine.start("ballot", by="ada").job
    (step,) = [item.id for item in engine.inbox("ben")]
    engine.act(step, "vote", {"for": "attack"}, by="ben")
    _killed(database_url, f"vote {when}", step)
    assert len(engine.history(job)) == (2 if when == "after commit" else 1)
    receipt = engine.act(step, "vote", {"for": "attack"}, by="ada", key="k")
    assert (receipt.status, receipt.repeated) == ("fulfilled", when == "after commit")
    vote = engine.data(job)["vote"]
    assert (vote["winner"], vote["cast"]) == ("attack", 2)
    assert engine.audit(job).fine


YEARLY = """
process: yearly
need: A pitch that is ready in spring
starts: {every: 0 0 1 1 *, customer: '"ada"'}
states:
  need: {type: need, next: sow}
  sow: {type: task, for: staff, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.mark.parametrize("point", ["with a claimed schedule", "before commit", "after commit"])
def test_killed_around_a_start_by_the_clock_it_starts_once(database_url: str, point: str) -> None:
    """A job that the clock starts is started once, whenever the process that sees to it dies (L3)."""
    clock = SimulatedClock(datetime(2025, 12, 31, tzinfo=UTC))
    with Engine(database_url, clock=clock) as engine:
        engine.add_customer("ada")
        engine.deploy(YEARLY)
        clock.set(datetime.now(UTC) + timedelta(minutes=1))
        _killed(database_url, point, "" if point == "with a claimed schedule" else "a schedule")
        assert len(engine.jobs()) == (point == "after commit")
        for _ in range(2):
            engine.run_due()
        assert len(engine.jobs()) == 1
        assert engine.schedules()[0].due.year == clock.now().year + 1
        assert engine.audit().fine
