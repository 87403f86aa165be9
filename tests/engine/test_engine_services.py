"""Service calls, timers, called jobs, messages and notices: what runs by itself, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from engine_flows import CHILD, LETTER, PARENT, SERVICE, STUBBORN, SUIT, VOTE

from flowengine import (
    NOTIFY,
    Actor,
    Ambiguous,
    Database,
    Engine,
    HandlerCall,
    NotAllowed,
    NotFound,
    Outcome,
    SimulatedClock,
    StaleCommand,
)

StepOf = Callable[[str, str], str]


def _order(engine: Engine, process: str = "ordering") -> str:
    return engine.start(process, by="ada", need={"metres": 3}).job


def _states(engine: Engine, job: str) -> tuple[str, ...]:
    return next(row.states for row in engine.jobs() if row.id == job)


@pytest.fixture
def services(engine: Engine) -> Engine:
    """The engine with the processes of this file in use."""
    for text in (SERVICE, STUBBORN, PARENT, CHILD, LETTER, VOTE):
        engine.deploy(text)
    return engine


def test_a_handler_is_given_its_call(services: Engine) -> None:
    """A handler gets the input, the customer's record, and a key; what it returns is saved."""
    given: list[HandlerCall] = []

    @services.handler("order_cloth")
    def order_cloth(call: HandlerCall) -> dict[str, Any]:
        given.append(call)
        return {"order": 17}

    job = _order(services)
    assert services.run_due().calls == 1
    (call,) = given
    assert (call.job, call.input, call.attempt, call.state, call.process) == (
        job,
        {"metres": 3},
        1,
        "order",
        "ordering",
    )
    assert call.key.startswith(f"{job}.")
    assert call.customer["name"] == "Ada"
    assert _states(services, job) == ("accept",)
    assert services.audit(job).fine


def test_an_outcome_of_the_handlers_own(services: Engine) -> None:
    """A handler may end its service with an outcome that the process routes."""
    services.register({"order_cloth": lambda _: Outcome("out_of_stock", {"until": "May"})})
    job = _order(services)
    services.run_due()
    assert _states(services, job) == ("sorry",)


def test_a_failing_handler_is_tried_again_with_the_same_key(services: Engine, clock: SimulatedClock) -> None:
    """Attempts wait longer each time, by chance a quarter less, are counted, carry the same key, and end in the route
    ``failed`` (L11)."""
    calls: list[HandlerCall] = []

    def fails(call: HandlerCall) -> None:
        calls.append(call)
        raise ConnectionError("the mill does not answer")

    services.register({"order_cloth": fails})
    job = _order(services)
    for wait, attempts in ((0, 1), (7, 1), (3, 2), (11, 2), (4, 3)):
        clock.advance(timedelta(seconds=wait))
        services.run_due()
        assert len(calls) == attempts
    assert [call.attempt for call in calls] == [1, 2, 3]
    assert len({call.key for call in calls}) == 1
    assert _states(services, job) == ("sorry",)


def test_giving_up_without_a_route_is_an_incident(services: Engine, clock: SimulatedClock) -> None:
    """Where the process has no way on from ``failed``, an operator sees why and has it tried again."""
    works = False

    def sometimes(call: HandlerCall) -> dict[str, Any]:
        if not works:
            raise ValueError("no such cloth")
        return {"attempt": call.attempt}

    services.register({"order_cloth": sometimes})
    job = _order(services, "stubborn")
    for _ in range(3):
        services.run_due()
        clock.advance(timedelta(minutes=1))
    (incident,) = services.incidents()
    assert "no such cloth" in incident.error
    assert (incident.job, incident.handler, incident.attempts, incident.customer) == (job, "order_cloth", 3, "ada")
    assert not services.run_due().anything

    with pytest.raises(NotAllowed):
        services.retry(incident.id, by="tom")
    works = True
    services.retry(incident.short, by="olga")
    assert services.incidents() == []
    services.run_due()
    assert _states(services, job) == ("accept",)
    assert services.audit(job).fine


def test_a_missing_handler_waits_for_an_operator(services: Engine) -> None:
    """A call without a handler is an incident that names those registered, and no route ``failed`` is taken."""
    services.register({"order_silk": lambda _: None})
    job = _order(services)
    services.run_due()
    (incident,) = services.incidents()
    assert "order_silk" in incident.error
    assert _states(services, job) == ("order",)
    services.register({"order_cloth": lambda _: {}})
    services.retry(incident.id, by="olga")
    services.run_due()
    assert _states(services, job) == ("accept",)


def test_a_handler_that_overstays_changes_nothing(services: Engine, clock: SimulatedClock) -> None:
    """A handler that takes longer than ``limit`` has failed; what it returns too late is dropped (L10)."""
    gate = threading.Event()
    services.deploy(SERVICE.replace("limit: PT2S", "limit: PT0.2S"))
    services.register({"order_cloth": lambda _: gate.wait(20) and {"late": True}})
    job = _order(services)
    assert services.run_due().failed == 1
    gate.set()
    assert _states(services, job) == ("order",)
    services.register({"order_cloth": lambda _: {"late": False}})
    clock.advance(timedelta(minutes=1))
    services.run_due()
    assert _states(services, job) == ("accept",)
    assert len(services.history(job)) == 2


def test_a_lost_claim_finishes_nothing(services: Engine, clock: SimulatedClock, database: Database) -> None:
    """A worker whose lease ran out, and whose call another has taken, finds nothing to finish (L10)."""
    other = Engine(database, clock=clock, handlers={"order_cloth": lambda _: {"by": "other"}})

    def slow(_: HandlerCall) -> dict[str, Any]:
        clock.advance(timedelta(hours=1))
        other.run_due()
        return {"by": "slow"}

    services.register({"order_cloth": slow})
    job = _order(services)
    assert services.run_due().calls == 0
    assert _states(services, job) == ("accept",)
    assert [line.command.get("result") for line in services.history(job)][-1] == {"by": "other"}
    assert services.audit(job).fine


@pytest.mark.parametrize("result", [object(), "\ud800", lambda: None])
def test_a_result_that_is_no_json_is_a_failed_attempt(services: Engine, result: object) -> None:
    """What cannot be kept as JSON is treated as a failure of the handler."""
    services.register({"order_cloth": lambda _: result})
    job = _order(services)
    assert services.run_due().failed == 1
    assert _states(services, job) == ("order",)


def test_a_handler_may_not_end_the_worker(services: Engine) -> None:
    """Even a handler that calls ``sys.exit`` only fails its attempt."""

    def leaves(_: HandlerCall) -> None:
        raise SystemExit(3)

    services.register({"order_cloth": leaves})
    _order(services)
    assert services.run_due().failed == 1


def test_no_transaction_is_open_while_a_handler_runs(services: Engine) -> None:
    """A handler may use the engine itself: nothing is locked meanwhile (L11)."""

    def asks(call: HandlerCall) -> dict[str, Any]:
        services.say(call.job, "On its way", "answer", by="tom")
        return {}

    services.register({"order_cloth": asks})
    job = _order(services)
    assert services.run_due().calls == 1
    assert [line.kind for line in services.history(job)] == ["customer", "staff", "service"]


def test_a_pass_is_bounded(services: Engine) -> None:
    """One pass does at most ``limit`` of each kind of work; the next goes on."""
    services.register({"order_cloth": lambda _: {}})
    for _ in range(5):
        _order(services)
    assert [services.run_due(limit=2).calls for _ in range(4)] == [2, 2, 1, 0]


def test_a_called_job_runs_for_its_parent(services: Engine, step_of: StepOf) -> None:
    """A ``call`` starts a job of its own for the same customer; its end is the outcome, its data the answer."""
    services.add_staff("bob", roles=["builder"])
    house = services.start("house", by="ada", need={"rooms": 3}).job
    assert services.run_due().outbox == 1
    kitchen = services.jobs(process="kitchen")[0]
    assert kitchen.customer == "ada"
    services.act(step_of(kitchen.id, "bob"), "done", {"colour": "red"}, by="bob")
    assert services.run_due().outbox == 1
    assert _states(services, house) == ("fulfilled",)
    result = services.history(house)[-1].command["result"]
    assert result["job"] == kitchen.id
    assert result["build"] == {"colour": "red"}
    assert result["need"] == {"size": 6}
    assert services.audit().fine


def test_a_called_job_that_ends_otherwise(services: Engine, step_of: StepOf) -> None:
    """A child that ends unfulfilled takes the parent's route ``ended``."""
    services.add_staff("bob", roles=["builder"])
    house = services.start("house", by="ada", need={"rooms": 3}).job
    services.run_due()
    kitchen = services.jobs(process="kitchen")[0].id
    services.act(step_of(kitchen, "bob"), "impossible", by="bob")
    services.run_due()
    assert _states(services, house) == ("gone",)


def test_a_child_is_started_once(services: Engine, database: Database) -> None:
    """A message of the outbox that is delivered again after a crash changes nothing (L3)."""
    services.start("house", by="ada", need={"rooms": 3})
    with database.reading() as tx:
        (message,) = tx.outbox.ready(services.clock.now())
    services.run_due()
    with database.writing() as tx:
        tx.outbox.add(message.job, message.seq, message.kind, message.body, services.clock.now())
    services.run_due()
    assert len(services.jobs(process="kitchen")) == 1


def test_a_child_that_cannot_start_is_an_incident(engine: Engine) -> None:
    """When the called process is missing, the parent's call gives up and an operator sees why."""
    engine.deploy(PARENT)
    house = engine.start("house", by="ada", need={"rooms": 3}).job
    engine.run_due()
    (incident,) = engine.incidents()
    assert "kitchen" in incident.error
    engine.deploy(CHILD)
    engine.retry(incident.id, by="olga")
    engine.run_due()
    assert len(engine.jobs(process="kitchen")) == 1
    assert engine.audit(house).fine


def test_a_message_finds_its_job(services: Engine) -> None:
    """A message goes to the one job that waits for its name and key, or to the job that is named."""
    one = services.start("letters", by="ada", need={"number": "1"}).job
    two = services.start("letters", by="ben", need={"number": "2"}).job
    receipt = services.send("letter", "2", {"text": "Yes"}, request_key="r")
    assert receipt.job == two
    assert services.send("letter", "2", {"text": "Yes"}, request_key="r") == receipt
    assert _states(services, one) == ("wait_for_letter",)
    services.send("letter", "1", job=one)
    assert "talk" in _states(services, one)
    with pytest.raises(NotFound):
        services.send("letter", "3")
    with pytest.raises(NotFound):
        services.send("postcard")


def test_a_message_that_fits_several_jobs_is_refused(services: Engine) -> None:
    """Where several jobs wait for the same message, the sender must name one."""
    for who in ("ada", "ben"):
        services.start("letters", by=who, need={"number": "1"})
    with pytest.raises(Ambiguous) as refused:
        services.send("letter", "1")
    assert len(refused.value.possible) == 2


def test_a_customer_cannot_pretend_a_message(services: Engine) -> None:
    """Messages come from outside: a customer may not deliver one to his own job, and sees no other."""
    job = services.start("letters", by="ada", need={"number": "1"}).job
    with pytest.raises(NotAllowed):
        services.send("letter", "1", job=job, by="ada")
    with pytest.raises(NotFound):
        services.send("letter", "1", job=job, by="ben")
    with pytest.raises(NotFound):
        services.send("letter", "1", by="ben")


def test_items_are_added_while_it_runs(services: Engine) -> None:
    """The customer and staff add items to an each with ``more``; other customers may not, and know of it only while a
    step of it waits for them (L4)."""
    job = services.start("letters", by="ada", need={"number": "1"}).job
    with pytest.raises(NotFound):
        services.add(job, "talk", ["first"], by="ben")
    services.send("letter", "1")
    receipt = services.add(job, "talk", ["second", "third"], by="ada")
    assert len(receipt.steps) == 2
    services.add(job, "talk", ["fourth"], by="tom")
    with pytest.raises(NotAllowed):
        services.add(job, "talk", ["fifth"], by="ben")
    assert len([item for item in services.inbox("ben") if item.job == job]) == 4


def test_a_referral_enters_a_customer(services: Engine) -> None:
    """Whom a customer brings is entered with who brought him, once; one who is known by his contact is not."""
    for number, referral in (
        ("1", {"name": "Cid", "contact": "cid@example.org"}),
        ("2", {"name": "Cid again", "contact": "cid@example.org"}),
    ):
        job = services.start("letters", by="ada", need={"number": number}).job
        services.send("letter", number)
        for item in [item for item in services.inbox("ben") if item.job == job]:
            services.act(item.id, by="ben")
        (item,) = [item for item in services.inbox("ada") if item.job == job]
        services.act(item.id, "given", {"rating": 5, "referral": referral}, by="ada")
        services.run_due()
    brought = [person for person in services.people("customer") if person.record.get("referred_by") == "ada"]
    assert [person.name for person in brought] == ["Cid"]
    assert services.find_person("cid@example.org").id == brought[0].id


def test_a_vote_waits_for_each_member(services: Engine) -> None:
    """Members of the group are asked one by one; who has spoken is asked no more; others never were (L4)."""
    for name in ("max", "mia", "moe"):
        services.add_customer(name, groups=["members"])
    job = services.start("ballot", by="ada").job
    for name in ("max", "mia"):
        (item,) = services.inbox(name)
        view = services.step(item.id, name)
        assert view.possible == ("vote",)
        services.act(item.id, "vote", {"for": "attack"}, by=name)
        assert services.inbox(name) == []
        assert services.inbox(name, everything=True)[0].answered
    with pytest.raises(NotFound):
        services.act(item.id, "vote", {"for": "attack"}, by="ben")
    services.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]
    services.run_due()
    assert _states(services, job) == ("fulfilled",)
    with pytest.raises(StaleCommand):
        services.act(item.id, "vote", {"for": "attack"}, by="moe")
    assert services.audit(job).fine


def test_notices_are_given_where_somebody_wants_them(engine: Engine, clock: SimulatedClock) -> None:
    """With the handler ``engine.notify`` each opened step and reminder is told, once, unless it is done by then."""
    told: list[tuple[str, str]] = []

    @engine.handler(NOTIFY)
    def notify(call: HandlerCall) -> None:
        told.append((call.input["state"], call.input["why"]))

    job = engine.start("small_suit", by="ada", need={"occasion": "Work"}).job
    engine.run_due()
    assert told == [("choose", "opened")]
    clock.advance(timedelta(days=4))
    engine.run_due()
    engine.run_due()
    assert told == [("choose", "opened"), ("choose", "reminded")]
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    engine.act(engine.inbox("cleo")[0].id, by="cleo")
    engine.run_due()
    assert told[2:] == [("sew", "opened")]
    assert engine.audit(job).fine


def test_a_failing_notice_is_tried_again(engine: Engine, clock: SimulatedClock) -> None:
    """A notice that cannot be given stays in the outbox until it can, and holds up nothing else."""
    fails = True

    @engine.handler(NOTIFY)
    def notify(_: HandlerCall) -> None:
        if fails:
            raise ConnectionError("the mail server is down")

    engine.start("small_suit", by="ada", need={"occasion": "Work"})
    assert engine.run_due().failed == 1
    assert not engine.run_due().anything
    fails = False
    clock.advance(timedelta(minutes=1))
    assert engine.run_due().outbox == 1


def test_a_timer_that_cannot_be_carried_out_stands_in_nobodys_way(engine: Engine, clock: SimulatedClock) -> None:
    """A deadline whose guard fails is put off and the others are carried out."""
    broken = SUIT.replace("process: small_suit", "process: broken").replace(
        "expired: gone}", "expired: [{to: gone, when: 'customer.age > 3'}, gone]}", 1
    )
    engine.deploy(broken)
    bad = engine.start("broken", by="ada", need={"occasion": "Work"}).job
    good = engine.start("small_suit", by="ada", need={"occasion": "Work"}).job
    clock.advance(timedelta(days=8))
    ran = engine.run_due()
    assert ran.failed == 1
    assert _states(engine, good) == ("gone",)
    assert _states(engine, bad) == ("choose",)
    engine.add_customer("ada", record={"age": 40})
    assert len(engine.retry_all(kind="timer").tried) == 1
    engine.run_due()
    assert _states(engine, bad) == ("gone",)


def test_the_engines_own_actors_have_no_steps(engine: Engine) -> None:
    """The clock, services and a nameless operator fill no seating: nothing waits for them."""
    engine.start("small_suit", by="ada", need={"occasion": "Work"})
    for kind in ("clock", "service", "operator"):
        assert engine.inbox(Actor(kind=kind)) == []  # type: ignore[arg-type]
