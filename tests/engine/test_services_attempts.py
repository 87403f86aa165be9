"""How a call is tried: again, later, alone, or no more; on both databases, in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from installed import install
from service_flows import BROKEN_ROUTE, ORDERING, STUBBORN, UNDOING

from flowengine import (
    Database,
    DatabaseBusy,
    Engine,
    GiveUp,
    HandlerCall,
    Later,
    NotAllowed,
    Outcome,
    SimulatedClock,
    TryLater,
)
from flowengine.language.durations import Duration
from flowengine.language.parts import Retry
from flowengine.work import services
from flowengine.work.ending import Policy

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def shop(engine: Engine) -> Engine:
    for text in (ORDERING, STUBBORN, UNDOING):
        engine.deploy(text)
    engine.add_staff("cory", "Cory", roles=["clerk"])
    return engine


def order(engine: Engine, process: str = "ordering") -> str:
    return engine.start(process, by="ada", need={"metres": 3}).job


def states(engine: Engine, job: str) -> tuple[str, ...]:
    return next(row.states for row in engine.jobs() if row.id == job)


def raises(error: Exception) -> Callable[[HandlerCall], None]:
    def handler(_: HandlerCall) -> None:
        raise error

    return handler


@pytest.mark.parametrize("seed", range(20))
def test_waits_are_shortened_by_chance(seed: int) -> None:
    """A wait lies between three quarters of what the process says and all of it, so calls that failed together part."""
    retry = Retry(attempts=5, first=Duration.parse("PT10S"), factor=2, longest=Duration.parse("PT1M"))
    policy, chance = Policy(retry, Duration.parse("PT1M")), Random(seed)
    for attempts, full in ((1, 10), (2, 20), (3, 40), (4, 60)):
        wait = policy.next(attempts, chance)
        assert wait is not None
        assert timedelta(seconds=full * 0.75) <= wait <= timedelta(seconds=full)
    assert policy.next(5, chance) is None


def test_a_handler_may_give_up_at_once(shop: Engine) -> None:
    """GiveUp fails the call, whatever attempts are left."""
    shop.register({"order_cloth": raises(GiveUp("the mill has burnt down"))})
    routed, stuck = order(shop), order(shop, "stubborn")
    ran = shop.run_due()
    assert (ran.calls, ran.failed) == (0, 2)
    assert states(shop, routed) == ("phone",)
    (incident,) = shop.incidents()
    assert (incident.job, incident.attempts) == (stuck, 1)
    assert "the mill has burnt down" in incident.error


@pytest.mark.parametrize(("after", "waits"), [(HOUR, HOUR), (timedelta(days=30), timedelta(days=1))])
def test_a_handler_may_ask_for_more_time(
    shop: Engine, clock: SimulatedClock, after: timedelta, waits: timedelta
) -> None:
    """TryLater is tried again not before its time is over, at most a day; the attempt counts."""
    attempts: list[int] = []

    def busy(call: HandlerCall) -> None:
        attempts.append(call.attempt)
        raise TryLater("the mill is at lunch", after)

    shop.register({"order_cloth": busy})
    job = order(shop)
    shop.run_due()
    clock.advance(waits - SECOND)
    shop.run_due()
    assert attempts == [1]
    clock.advance(SECOND)
    shop.run_due()
    clock.advance(waits)
    shop.run_due()
    assert attempts == [1, 2, 3]
    assert states(shop, job) == ("phone",)


@pytest.mark.parametrize("after", [timedelta(seconds=-5), timedelta(), "soon"])
def test_more_time_that_is_none_leaves_the_usual_wait(shop: Engine, clock: SimulatedClock, after: Any) -> None:
    """A TryLater without a time to wait is an error like any other."""
    shop.register({"order_cloth": raises(TryLater("not now", after))})
    order(shop)
    shop.run_due()
    ((waiting,),) = [stuck.waits for stuck in shop.stuck()]
    assert waiting.next is not None
    assert timedelta(seconds=7.5) <= waiting.next - clock.now() <= timedelta(seconds=10)
    assert "not now" in waiting.error


def test_a_call_whose_workers_are_lost_is_not_run_for_ever(shop: Engine, clock: SimulatedClock) -> None:
    """A call that takes each of its workers with it has failed after its attempts, without being run once more. What
    was lost among others may have been killed by one of those, so that is no attempt; each that is alone counts."""
    shop.register({"order_cloth": lambda _: pytest.fail("it was run again")})
    routed, stuck = order(shop), order(shop, "stubborn")
    for expected, alone in ((1, False), (1, True), (2, True), (3, True)):
        taken = services.take(shop.shell, 10)
        assert [(held.claimed.attempts, held.claimed.alone) for held in taken] == [(expected, alone)] * 2
        clock.advance(timedelta(seconds=11))  # and nothing is heard of them any more
    assert shop.run_due().failed == 2
    assert states(shop, routed) == ("phone",)
    (incident,) = shop.incidents()
    assert incident.job == stuck
    assert "its worker was lost at the last of 3 attempts" in incident.error
    assert shop.audit().fine


def test_the_error_before_a_worker_was_lost_is_told(shop: Engine, clock: SimulatedClock) -> None:
    """What the attempts before came to is not forgotten when the last worker is lost."""
    shop.register({"order_cloth": raises(ValueError("no such cloth"))})
    order(shop, "stubborn")
    for _ in range(2):
        shop.run_due()
        clock.advance(timedelta(minutes=1))
    for _ in range(2):  # among others, and alone
        services.take(shop.shell, 1)
        clock.advance(timedelta(minutes=1))
    shop.run_due()
    (incident,) = shop.incidents()
    assert "its worker was lost at the last of 3 attempts; before that: ValueError: no such cloth" in incident.error


def test_a_retry_begins_anew(shop: Engine, clock: SimulatedClock) -> None:
    """An operator's retry gives all attempts again, and a call that never hurt a worker is not run alone."""
    shop.register({"order_cloth": raises(GiveUp("no"))})
    order(shop, "stubborn")
    shop.run_due()
    (incident,) = shop.incidents()
    shop.retry(incident.id, by="olga")
    (held,) = services.take(shop.shell, 1)
    assert (held.claimed.attempts, held.claimed.alone) == (1, False)
    clock.advance(HOUR)


def test_a_wait_for_the_next_attempt_can_be_cut_short(shop: Engine) -> None:
    """An operator has a call that is to be tried again later tried now; where no attempt is waited for, he is told."""
    shop.register({"order_cloth": raises(TimeoutError("no answer"))})
    job = order(shop)
    assert (shop.run_due().failed, shop.run_due().failed) == (1, 0)
    (waiting,) = [wait for row in shop.stuck() for wait in row.waits]
    assert shop.retry(waiting.id).states == ("order",)
    with pytest.raises(NotAllowed, match="no incident"):
        shop.retry(waiting.id)  # it is to be tried now already
    shop.register({"order_cloth": lambda _: {"order": 1}})
    assert shop.run_due().calls == 1
    assert states(shop, job) != ("order",)


def test_a_handler_that_overran_is_run_alone_from_then_on(shop: Engine, clock: SimulatedClock) -> None:
    """After an overrun that could not be ended the next attempt is marked for a process of its own."""
    from threading import Event

    gate = Event()
    shop.deploy(ORDERING.replace("limit: PT5S", "limit: PT0.05S"))
    shop.register({"order_cloth": lambda _: gate.wait(30)})
    order(shop)
    shop.run_due()
    gate.set()
    clock.advance(HOUR)
    (held,) = services.take(shop.shell, 1)
    assert held.claimed.alone


@dataclass
class Measured:
    """What a handler may return as it is: JSON has an object for it."""

    waist: float


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"order": object()}, "JSON"),
        ({1.5: {2j: ()}}, "JSON"),
        ({"order": float("nan")}, "result.order: must be a number, which nan is not"),
        ({"order": 1, "sizes": [{"waist": {80, 82}}]}, "result.sizes.0.waist: must be a list"),
        (Outcome("out_of_stock", Measured(float("inf"))), "result.waist: must be a number, which inf is not"),
        ({"note": "x" * 300_000}, "293 KiB; at most 256 KiB are kept"),
        (Outcome("out_of_stock", "x" * 300_000), "store it elsewhere"),
        (Outcome(7), "no text"),  # type: ignore[arg-type]
        (Later(timedelta()), "no time to wait"),
        (Later(timedelta(days=99_999)), "no time to wait"),
        (Later("tomorrow"), "no time to wait"),  # type: ignore[arg-type]
    ],
)
def test_a_bad_result_is_a_failed_attempt(shop: Engine, clock: SimulatedClock, result: Any, words: str) -> None:
    """What the process cannot take fails the attempt with what is wrong; the handler may do better next time (L12)."""
    shop.register({"order_cloth": lambda _: result})
    job = order(shop)
    assert shop.run_due().failed == 1
    ((waiting,),) = [stuck.waits for stuck in shop.stuck()]
    assert words in waiting.error
    assert (waiting.attempts, states(shop, job)) == (1, ("order",))
    shop.register({"order_cloth": lambda _: {"order": 17}})
    clock.advance(HOUR)
    assert shop.run_due().calls == 1
    assert states(shop, job) == ("accept",)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"order": "seventeen"}, "order: "),
        ({"order": 1, "colour": "red"}, "colour: "),
        (["a", "list"], "the result of order"),
    ],
)
def test_a_result_that_breaks_its_fields_is_an_incident(shop: Engine, result: Any, words: str) -> None:
    """Process and handler do not fit, which no further attempt would change: an operator sees what is wrong (L12)."""
    shop.register({"order_cloth": lambda _: result})
    job = order(shop)
    shop.run_due()
    (incident,) = shop.incidents()
    assert words in incident.error
    assert states(shop, job) == ("order",)
    shop.register({"order_cloth": lambda _: {"order": 17}})
    shop.retry(incident.id, by="olga")
    shop.run_due()
    assert states(shop, job) == ("accept",)


def test_a_result_of_just_the_bound_is_kept(shop: Engine) -> None:
    """256 KiB of JSON are taken."""
    note = "x" * (256 * 1024 - 2)
    shop.register({"order_cloth": lambda _: Outcome("out_of_stock", note)})
    job = order(shop)
    assert shop.run_due().calls == 1
    assert shop.history(job)[-1].command["result"] == note


def test_an_outcome_that_leads_nowhere_is_an_incident(shop: Engine) -> None:
    """The process and its handler do not fit: an operator sees which outcomes there are."""
    shop.register({"order_cloth": lambda _: Outcome("lost_at_sea")})
    order(shop)
    shop.run_due()
    (incident,) = shop.incidents()
    assert "lost_at_sea" in incident.error
    assert "out_of_stock" in incident.error


def test_a_route_that_cannot_be_taken_is_an_incident(shop: Engine) -> None:
    """A call that failed and whose route ``failed`` cannot be worked out waits for an operator: it is not stuck."""
    shop.deploy(BROKEN_ROUTE)
    shop.register({"order_cloth": raises(GiveUp("no cloth"))})
    order(shop, "broken_route")
    shop.run_due()
    (incident,) = shop.incidents()
    assert "no cloth" in incident.error
    assert "age" in incident.error


def test_a_handler_whose_module_fails_is_an_incident(
    shop: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A handler that cannot be loaded is an operator's affair; the worker goes on."""
    install(monkeypatch, tmp_path, "order_cloth", "raise ImportError('no module named loom')\n")
    order(shop)
    Engine(shop.database, clock=shop.clock).run_due()  # one that has not looked yet what is installed
    (incident,) = shop.incidents()
    assert "no module named loom" in incident.error


def test_a_job_that_cannot_be_read_stops_no_other(shop: Engine, database_url: str) -> None:
    """One call whose process cannot be read is looked at again later, and those beside it are run."""
    shop.register({"order_cloth": lambda _: {}})
    bad, good = order(shop, "stubborn"), order(shop)
    outside = sa.create_engine(database_url)
    with outside.begin() as connection:
        connection.execute(
            sa.text("UPDATE flow_processes SET source = 'of a newer flowengine' WHERE name = 'stubborn'")
        )
    outside.dispose()
    with Engine(shop.database, clock=shop.clock, handlers={"order_cloth": lambda _: {}}) as fresh:
        taken = services.take(fresh.shell, 10)
        went = {
            held.claimed.job: services.attempt(fresh.shell, held, lambda _, handler, call, __: handler(call))
            for held in taken
        }
    assert went == {bad: False, good: True}
    assert states(shop, bad) == ("order",)
    ((waiting,),) = [stuck.waits for stuck in shop.stuck(process="stubborn")]
    assert "of a newer flowengine" in waiting.error


def test_a_database_that_is_busy_is_no_fault_of_the_handler(
    shop: Engine, clock: SimulatedClock, database_url: str
) -> None:
    """A result that cannot be written yet is not a failed attempt: it is written when the database can."""
    runs: list[int] = []
    shop.register({"order_cloth": lambda call: runs.append(call.attempt)})
    job = order(shop)
    (held,) = services.take(shop.shell, 1)
    verdict = services.judge(shop.shell, held, lambda _, handler, call, __: handler(call))
    with Database.open(database_url, timeout=0.05) as database, Engine(database, clock=clock, handlers={}) as hasty:
        with shop.database.writing() as tx:
            tx.jobs.lock(job)
            with pytest.raises(DatabaseBusy):
                services.conclude(hasty.shell, held, verdict)
        assert services.conclude(hasty.shell, held, verdict)
    assert runs == [1]
    assert states(shop, job) == ("accept",)


@pytest.mark.parametrize("verdict", ["done", "again", "over", "missing", "later"])
def test_whichever_way_a_late_worker_ends_nothing_changes(shop: Engine, clock: SimulatedClock, verdict: str) -> None:
    """A worker that lost its lease changes nothing, whether its handler did well, failed, gave up or was missing
    (L10)."""
    given: dict[str, Any] = {
        "done": lambda _: {"order": 1},
        "again": raises(ValueError("no")),
        "over": raises(GiveUp("no")),
        "later": lambda _: Later(),
    }
    shop.register({"order_cloth": given[verdict]} if verdict in given else {})
    job = order(shop)
    (late,) = services.take(shop.shell, 1)
    clock.advance(timedelta(seconds=11))
    (mine,) = services.take(shop.shell, 1)
    before = _row(shop, job)
    assert not services.attempt(shop.shell, late, lambda _, handler, call, __: handler(call))
    assert late.lost
    assert _row(shop, job) == before
    assert len(shop.history(job)) == 1
    shop.register({"order_cloth": lambda _: {"order": 2}})
    assert services.attempt(shop.shell, mine, lambda _, handler, call, __: handler(call))
    assert shop.history(job)[-1].command["result"] == {"order": 2}


def _row(engine: Engine, job: str) -> list[Any]:
    with engine.database.reading() as tx:
        return tx.calls.of(job)


def test_a_beat_prolongs_the_lease_and_tells_who_lost_it(shop: Engine, clock: SimulatedClock) -> None:
    """Held calls stay held while they are beaten for; one that another has taken is known to be lost (L10)."""
    kept_job, lost_job = order(shop), order(shop)
    taken = {held.claimed.job: held for held in services.take(shop.shell, 2)}
    kept, lost = taken[kept_job], taken[lost_job]
    clock.advance(timedelta(seconds=6))
    services.beat(shop.shell, [kept])
    clock.advance(timedelta(seconds=6))
    (other,) = services.take(shop.shell, 5)
    assert other.claimed.job == lost_job
    services.beat(shop.shell, [kept, lost])
    assert (kept.lost, lost.lost) == (False, True)


def test_what_a_handler_says_is_shown_to_operators(shop: Engine) -> None:
    """Progress is kept with the next beat, cut to 200 characters, and shown with what the job waits for."""
    order(shop)
    (held,) = services.take(shop.shell, 1)
    assert held.call is not None
    held.call.progress("1 of 10 bolts cut")
    held.call.progress("3 of 10 bolts cut; " + "x" * 500)
    services.beat(shop.shell, [held])
    ((waiting,),) = [stuck.waits for stuck in shop.stuck()]
    assert waiting.progress == ("3 of 10 bolts cut; " + "x" * 500)[:200]


def test_services_are_undone_newest_first_through_a_crash(shop: Engine, clock: SimulatedClock) -> None:
    """Undo handlers are calls of their own: one that fails is tried again, one whose worker dies is run by another,
    and the order stays newest first."""
    done: list[str] = []
    fails = {"return_buttons": 1}

    def handler(call: HandlerCall) -> dict[str, str]:
        if fails.get(call.handler, 0):
            fails[call.handler] -= 1
            raise ConnectionError("nobody is in the shop")
        done.append(call.handler)
        return {"bought": call.handler}

    names = ("cloth", "buttons", "lining")
    shop.register({f"{verb}_{name}": handler for verb in ("buy", "return") for name in names})
    job = shop.start("undoing", by="ada").job
    for _ in names:
        shop.run_due()
    shop.withdraw(job, by="ada")
    (lost,) = services.take(shop.shell, 5)  # and this worker dies
    assert (lost.claimed.call.handler, lost.claimed.call.undo) == ("return_lining", True)
    for _ in range(4):
        clock.advance(timedelta(minutes=1))
        shop.run_due()
    assert done == ["buy_cloth", "buy_buttons", "buy_lining", "return_lining", "return_buttons", "return_cloth"]
    assert next(row.status for row in shop.jobs() if row.id == job) == "ended"
    assert shop.audit(job).fine
