"""An effect is undone only after it can no longer happen (L14): a pretend bank, every way to go on without a charge,
and every way in which its attempt may end, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flowengine import Engine, GiveUp, HandlerCall, Later, NotFound, SimulatedClock, StaleCommand
from flowengine.work import external, services

BANK = """
process: bank
title: A bank
need: Money
roles: {clerk: {title: Clerk}}
states:
  need: {type: need, next: pay}
%s
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It was given up}
always:
  withdraw: {by: customer, undo: true, to: gone}
"""
CHARGE = "type: service, call: charge, undo: refund, limit: PT1M, retry: {attempts: 3}"
PAY = "  pay: {CHARGE, on: {done: fulfilled}}\n"
TIMED = "  pay: {CHARGE, within: PT5S, on: {done: fulfilled, expired: {to: gone, undo: true}}}"
RACE = """
  pay:
    type: race
    of:
      card: {CHARGE}
      cash: {type: task, for: clerk}
    on: {card: fulfilled, cash: TO}
"""
JOIN = """
  pay:
    type: parallel
    join: 1
    rest: cancel
    within: P9D
    branches:
      cash: {states: {count: {type: task, for: clerk, on: {done: done}}}}
      card: {states: {card: {CHARGE, on: {done: done}}}}
    on: {joined: TO, expired: fulfilled}
"""
LATER = "  later: {type: task, for: clerk, on: {done: {to: gone, undo: true}}}"
UNDO = "{to: gone, undo: true}"


def _withdraw(engine: Engine, job: str) -> None:
    engine.withdraw(job, by="ada")


def _expire(engine: Engine, job: str) -> None:  # noqa: ARG001 - as the others
    assert isinstance(engine.clock, SimulatedClock)
    engine.clock.advance(timedelta(seconds=5))
    engine.run_due()


def _cash(engine: Engine, job: str) -> None:
    (item,) = [item for item in engine.inbox("carl") if item.job == job]
    engine.act(item.id, by="carl")


def _cash_and_later(engine: Engine, job: str) -> None:
    _cash(engine, job)
    _cash(engine, job)


Leave = Callable[[Engine, str], None]

WAYS: dict[str, tuple[str, Leave]] = {
    "always": (PAY, _withdraw),
    "deadline": (TIMED, _expire),
    "race": (RACE.replace("TO", UNDO), _cash),
    "race, undone later": (RACE.replace("TO", "later") + LATER, _cash_and_later),
    "race that ends the job": (RACE.replace("TO", "gone"), _cash),
    "join": (JOIN.replace("TO", UNDO), _cash),
    "join, undone later": (JOIN.replace("TO", "later") + LATER, _cash_and_later),
    "join that ends the job": (JOIN.replace("TO", "gone"), _cash),
}


class Bank:
    """What was done, in order. A charge takes effect when its attempt ends, as late as it can."""

    def __init__(self, engine: Engine, way: str) -> None:
        states, self.goes_on = WAYS[way]
        self.engine = engine
        self.log: list[str] = []
        self.given: list[Any] = []
        engine.add_staff("carl", "Carl", roles=["clerk"])
        engine.deploy(BANK % states.replace("CHARGE", CHARGE))
        engine.register({"charge": self.charge, "refund": self.refund})
        self.job = engine.start("bank", by="ada").job

    def charge(self, _: HandlerCall) -> dict[str, int]:
        self.log.append("charged")
        return {"receipt": 7}

    def refund(self, call: HandlerCall) -> None:
        self.log.append("refunded")
        self.given.append((call.input["result"], call.input["certain"]))

    def take(self) -> services.Held:
        """A worker takes the charge."""
        (held,) = services.take(self.engine.shell, 1)
        assert held.claimed.call.handler == "charge"
        return held

    def leave(self) -> None:
        """The job goes on without it, and another worker passes."""
        self.goes_on(self.engine, self.job)
        self.passes()

    def passes(self, seconds: float = 0) -> None:
        """Time passes, and another worker does what is due."""
        assert isinstance(self.engine.clock, SimulatedClock)
        self.engine.clock.advance(timedelta(seconds=seconds))
        for _ in range(3):
            self.engine.run_due()

    @property
    def status(self) -> str:
        return next(row.status for row in self.engine.jobs() if row.id == self.job)

    def over(self) -> bool:
        """Whether the job has ended, and all that is stored follows from its history."""
        audit = self.engine.audit(self.job)
        assert audit.fine, audit
        return self.status == "ended"


def run(held: services.Held, handler: Any, call: HandlerCall, _: Any) -> Any:
    del held
    return handler(call)


@pytest.fixture(params=list(WAYS))
def bank(engine: Engine, request: pytest.FixtureRequest) -> Bank:
    return Bank(engine, request.param)


def test_a_charge_that_ends_late_is_refunded_then(bank: Bank) -> None:
    """Nothing is refunded while the charge runs; when it is done it is refunded, with what it came to."""
    held = bank.take()
    bank.leave()
    assert (bank.log, bank.over()) == ([], False)
    services.beat(bank.engine.shell, [held])
    assert held.lost, "the handler is told that it may stop"
    assert services.attempt(bank.engine.shell, held, run)
    bank.passes()
    assert (bank.log, bank.given, bank.over()) == (["charged", "refunded"], [({"receipt": 7}, True)], True)


def test_a_charge_that_fails_for_certain_needs_no_refund(bank: Bank) -> None:
    """A handler that gives up has done nothing, so that nothing is undone."""
    held = bank.take()
    bank.leave()

    def refuse(*_: Any) -> Any:
        raise GiveUp("the card is not known")

    services.attempt(bank.engine.shell, held, refuse)
    bank.passes()
    assert (bank.log, bank.over()) == ([], True)


def test_a_charge_that_breaks_off_is_refunded_to_be_safe(bank: Bank) -> None:
    """After an error nobody knows whether the charge took effect. It is not tried again, and the refund is told."""
    held = bank.take()
    bank.leave()

    def break_off(*_: Any) -> Any:
        bank.log.append("charged")
        raise ConnectionError("no answer")

    services.attempt(bank.engine.shell, held, break_off)
    bank.passes(30)
    assert (bank.log, bank.given, bank.over()) == (["charged", "refunded"], [(None, False)], True)


def test_a_lost_worker_is_waited_for_until_its_limit_is_over(bank: Bank) -> None:
    """When the lease is over the charge may still happen; when its limit is over as well, it is refunded, and whoever
    comes later changes nothing (L10)."""
    held = bank.take()
    bank.leave()
    bank.passes(45)
    assert (bank.log, bank.over()) == ([], False)
    bank.passes(40)
    assert (bank.log, bank.given, bank.over()) == (["refunded"], [(None, False)], True)
    seq = bank.engine.history(bank.job)[-1].seq
    assert not services.conclude(bank.engine.shell, held, services.verdict_of(None))
    assert bank.engine.history(bank.job)[-1].seq == seq


def test_a_charge_that_ends_when_its_lease_is_over_still_counts(bank: Bank) -> None:
    """Nobody else takes a call up that was cut off, so its worker may report after a silence."""
    held = bank.take()
    bank.leave()
    bank.passes(30)
    assert services.attempt(bank.engine.shell, held, run)
    bank.passes()
    assert (bank.log, bank.given, bank.over()) == (["charged", "refunded"], [({"receipt": 7}, True)], True)


def test_a_charge_that_nobody_took_is_closed_at_once(bank: Bank) -> None:
    """What was never begun is not begun any more, and needs no refund."""
    bank.leave()
    assert (bank.log, bank.over()) == ([], True)


def test_a_charge_that_was_left_to_be_completed_is_waited_for(bank: Bank) -> None:
    """A charge that ends by its token is refunded once it has, and not before."""
    held = bank.take()
    assert held.call is not None
    services.attempt(bank.engine.shell, held, lambda *_: Later(within=timedelta(hours=2)))
    bank.leave()
    bank.passes(3600)
    assert (bank.log, bank.over()) == ([], False)
    bank.log.append("charged")
    receipt = bank.engine.complete(held.call.token, "done", {"receipt": 8})
    assert bank.engine.complete(held.call.token, "done", {"receipt": 8}) == receipt
    bank.passes()
    assert (bank.log, bank.given, bank.over()) == (["charged", "refunded"], [({"receipt": 8}, True)], True)


def test_a_token_that_nobody_uses_in_time_is_not_waited_for(bank: Bank) -> None:
    """When the time is over for which a charge was left to somebody else, it is refunded to be safe."""
    held = bank.take()
    assert held.call is not None
    bank.leave()
    services.attempt(bank.engine.shell, held, lambda *_: Later(within=timedelta(hours=2)))
    bank.passes(3600)
    assert (bank.log, bank.over()) == ([], False)
    bank.passes(3660)
    assert (bank.log, bank.given, bank.over()) == (["refunded"], [(None, False)], True)
    with pytest.raises(StaleCommand):
        bank.engine.complete(held.call.token, "done")


@pytest.mark.parametrize("report", ["finish", "fail", "give up", "leave", "silence"])
@pytest.mark.parametrize("way", list(WAYS))
def test_external_workers_are_waited_for(engine: Engine, way: str, report: str) -> None:
    """A worker elsewhere hears from its heartbeat that its call is cut off; its report decides about the refund."""
    who = engine.token(engine.issue_token("worker", "mill", handlers=["charge"]).token)
    bank = Bank(engine, way)
    (call,) = external.claim(engine.shell, who, "saw", 9, 30)
    assert not external.heartbeat(bank.engine.shell, who, call.id, call.lease).cut_off
    bank.leave()
    assert external.heartbeat(bank.engine.shell, who, call.id, call.lease).cut_off
    assert "refunded" not in bank.log
    assert not bank.over()
    shell, key = bank.engine.shell, (who, call.id, call.lease)
    wanted: list[Any] = [(None, False)]
    match report:
        case "finish":
            settled = external.finish(shell, *key, result={"receipt": 9})
            assert (settled, external.finish(shell, *key, result={"receipt": 9})) == (settled, settled)
            wanted = [({"receipt": 9}, True)]
        case "fail":
            assert external.fail(shell, *key, "no answer").status == "failed"
        case "give up":
            external.fail(shell, *key, "no such card", give_up=True)
            wanted = []
        case "leave":
            external.leave(shell, *key, 600)
            bank.passes(500)
            assert not bank.over()
            bank.engine.give_up(call.token, "it came to nothing")
            wanted = []
        case _:
            bank.passes(45)
            assert not bank.over()
            bank.passes(45)
    bank.passes()
    assert bank.given == wanted
    assert bank.over()
    with pytest.raises((StaleCommand, NotFound)):
        external.heartbeat(shell, who, call.id, call.lease)


def test_it_is_told_what_an_undo_waits_for(engine: Engine) -> None:
    """Operators, the customer and the history see that a charge has to end before it can be undone."""
    bank = Bank(engine, "always")
    held = bank.take()
    bank.leave()
    ((wait,),) = [job.waits for job in engine.stuck(process="bank")]
    assert (wait.kind, wait.what) == ("call", "Pay, cut off: its attempt has to end")
    for who in ("ada", "olga"):
        assert [place.words for place in engine.track(bank.job, who).where] == [
            "Pay has to end, so that it can be undone"
        ]
    services.attempt(engine.shell, held, run)
    bank.passes()
    assert [line.what for line in engine.history(bank.job)][1:] == [
        "Withdraw; cut off at work: Pay; to be undone: Pay",
        "Pay: ended after it was cut off: done; it took effect",
        "undone: Pay; the job ended: It was given up",
    ]
