"""Calls that end later: completed, or given up, by whoever holds their token; on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from service_flows import ORDERING, STUBBORN

from flowengine import (
    BadAnswer,
    Database,
    Engine,
    FlowError,
    HandlerCall,
    KeyConflict,
    Later,
    NotFound,
    SimulatedClock,
    StaleCommand,
)
from flowengine.work import completing, services

HOUR = timedelta(hours=1)


class Desk:
    """An engine whose handler leaves its calls to somebody else, and the tokens it was given."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.calls: list[HandlerCall] = []
        self.within = HOUR
        for text in (ORDERING, STUBBORN):
            engine.deploy(text)
        engine.add_staff("cory", "Cory", roles=["clerk"])
        engine.register({"order_cloth": self.leave})

    def leave(self, call: HandlerCall) -> Later:
        self.calls.append(call)
        return Later(self.within)

    @property
    def token(self) -> str:
        return self.calls[-1].token

    def order(self, process: str = "ordering") -> str:
        job = self.engine.start(process, by="ada", need={"metres": 3}).job
        self.engine.run_due()
        return job

    def states(self, job: str) -> tuple[str, ...]:
        return next(row.states for row in self.engine.jobs() if row.id == job)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def test_a_call_is_completed_by_its_token(desk: Desk) -> None:
    """The handler returns at once, the call waits, and its token ends it with a result."""
    job = desk.order()
    assert desk.states(job) == ("order",)
    ((waiting,),) = [stuck.waits for stuck in desk.engine.stuck()]
    assert (waiting.progress, waiting.error) == ("waits to be completed from outside", "")
    receipt = desk.engine.complete(desk.token, result={"order": 17})
    assert receipt.job == job
    assert desk.states(job) == ("accept",)
    last = desk.engine.history(job)[-1].command
    assert (last["result"], last["by"]["id"]) == ({"order": 17}, "order_cloth")
    assert desk.engine.audit(job).fine


def test_it_may_end_with_an_outcome_of_its_own(desk: Desk) -> None:
    """A completion may choose any outcome that the process routes."""
    job = desk.order()
    desk.engine.complete(desk.token, "out_of_stock", {"until": "May"})
    assert desk.states(job) == ("sorry",)


def test_it_may_be_given_up(desk: Desk) -> None:
    """Whoever has the token may say that it failed: the route ``failed``, else an incident."""
    routed = desk.order()
    desk.engine.give_up(desk.token, "the mill has burnt down")
    assert desk.states(routed) == ("phone",)
    desk.order("stubborn")
    first = desk.engine.give_up(desk.token, "the mill has burnt down")
    (incident,) = desk.engine.incidents()
    assert incident.error == "the mill has burnt down"
    assert desk.engine.give_up(desk.token, "the mill has burnt down") == first
    with pytest.raises(KeyConflict):
        desk.engine.give_up(desk.token, "the mill is on strike")


def test_what_was_given_up_may_still_be_completed(desk: Desk) -> None:
    """A call that waits for an operator is open: a result ends it."""
    job = desk.order("stubborn")
    desk.engine.give_up(desk.token, "the mill has burnt down")
    desk.engine.complete(desk.token, result={"order": 1})
    assert desk.states(job) == ("accept",)
    assert desk.engine.incidents() == []


def test_what_is_tried_again_may_be_given_up_again(desk: Desk) -> None:
    """After an operator's retry the same words count anew, though the token is the same."""
    job = desk.order("stubborn")
    receipts = []
    for _ in range(2):
        receipts.append(desk.engine.give_up(desk.token, "the mill is closed"))
        (incident,) = desk.engine.incidents()
        desk.engine.retry(incident.id, by="olga")
        desk.engine.run_due()
    assert [receipt.seq for receipt in receipts] == [2, 4]
    desk.engine.complete(desk.token, result={"order": 1})
    assert desk.states(job) == ("accept",)
    assert desk.engine.audit(job).fine


def test_given_up_before_its_handler_has_returned_it_stays_given_up(desk: Desk) -> None:
    """L10, L3: the handler's late word changes nothing of the incident, and asked again the answer is the same."""
    receipts = []

    def leave(call: HandlerCall) -> Later:
        receipts.append(desk.engine.give_up(call.token, "sold out"))
        desk.calls.append(call)
        return Later(HOUR)

    desk.engine.register({"order_cloth": leave})
    job = desk.order("stubborn")
    assert [incident.job for incident in desk.engine.incidents()] == [job]
    assert desk.engine.give_up(desk.token, "sold out") == receipts[0]
    assert desk.engine.audit(job).fine


def test_giving_up_is_known_also_when_the_job_has_gone_on(desk: Desk) -> None:
    """L3: a call was given up and became an incident, and the job left it: asked again, the answer is the same."""
    desk.engine.deploy(STUBBORN + "always:\n  withdraw: {by: customer, to: sorry}\n")
    job = desk.order("stubborn")
    receipt = desk.engine.give_up(desk.token, "sold out")
    desk.engine.withdraw(job, by="ada")
    assert desk.engine.give_up(desk.token, "sold out") == receipt
    with pytest.raises(StaleCommand):
        desk.engine.give_up(desk.token, "for another reason")
    with pytest.raises(StaleCommand):
        desk.engine.complete(desk.token)


def test_repeated_it_is_the_same(desk: Desk) -> None:
    """The same completion again gives the same receipt and does nothing; another one is a conflict (L3)."""
    job = desk.order()
    first = desk.engine.complete(desk.token, result={"order": 17})
    assert desk.engine.complete(desk.token, result={"order": 17}) == first
    for again in (
        lambda: desk.engine.complete(desk.token, result={"order": 18}),
        lambda: desk.engine.complete(desk.token, "out_of_stock", {"order": 17}),
        lambda: desk.engine.give_up(desk.token, "no"),
    ):
        with pytest.raises(KeyConflict):
            again()
    assert len(desk.engine.history(job)) == 2


def test_two_at_once_end_it_once(desk: Desk) -> None:
    """Of many completions at the same moment one takes effect, and those that say the same get its receipt (L3)."""
    job = desk.order()
    gate, receipts, refused = threading.Barrier(6), [], []

    def complete(number: int) -> None:
        gate.wait(30)
        try:
            receipts.append(desk.engine.complete(desk.token, result={"order": number % 2}))
        except KeyConflict as conflict:
            refused.append(conflict)

    crowd = [threading.Thread(target=complete, args=(number,)) for number in range(6)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join(60)
    assert (len(receipts), len(refused)) == (3, 3)
    assert receipts.count(receipts[0]) == 3
    assert len(desk.engine.history(job)) == 2


def forged(token: str) -> list[str]:
    job, number, mac = token.split(".")
    return [
        "",
        "x",
        token[:-1],
        token + "A",
        f" {token}",
        f"{token}\n",
        f"{job}.{int(number) + 1}.{mac}",
        f"{job}.0{number}.{mac}",
        f"{job.replace(job[0], 'f' if job[0] != 'f' else '0', 1)}.{number}.{mac}",
        f"{job}.{number}.{mac[::-1]}",
        f"{job}.{number}." + "A" * 43,
        f"{job}.{number}." + "é" * 43,
        f"{job.upper()}.{number}.{mac}",
    ]


def test_a_token_cannot_be_made_up(desk: Desk) -> None:
    """Whatever is no token of this database, down to the last character, is answered as not there."""
    job = desk.order()
    for text in forged(desk.token):
        with pytest.raises(NotFound):
            desk.engine.complete(text)
        with pytest.raises(NotFound):
            desk.engine.give_up(text, "no")
    assert len(desk.engine.history(job)) == 1


def test_a_token_of_another_database_is_none(desk: Desk, clock: SimulatedClock) -> None:
    """Each database has a secret of its own; one that never gave a token out takes none."""
    desk.order()
    with Engine("sqlite://", clock=clock, handlers={}) as other:
        with pytest.raises(NotFound):
            other.complete(desk.token)
        Desk(other).order()
        with pytest.raises(NotFound):
            other.complete(desk.token)


def test_a_job_that_is_gone_has_no_call(desk: Desk) -> None:
    """A right token of a job that was deleted is answered as not there."""
    desk.order()
    unknown = "019e2d8d-8d80-7000-8000-000000000000"
    with pytest.raises(NotFound):
        desk.engine.complete(completing.token(desk.engine.shell, unknown, 3))


def test_a_call_that_is_over_in_another_way_is_stale(desk: Desk) -> None:
    """When the call ended without its token, there is nothing left to complete."""
    job = desk.engine.start("ordering", by="ada", need={"metres": 3}).job
    desk.engine.register({"order_cloth": lambda call: desk.calls.append(call)})
    desk.engine.run_due()
    assert desk.states(job) == ("accept",)
    with pytest.raises(StaleCommand):
        desk.engine.complete(desk.token)


def test_it_may_be_completed_before_its_handler_has_returned(desk: Desk) -> None:
    """A supplier that is faster than the handler completes the call; what the handler returns then changes nothing."""

    def quick(call: HandlerCall) -> Later:
        desk.engine.complete(call.token, result={"order": 1})
        return Later()

    desk.engine.register({"order_cloth": quick})
    job = desk.order()
    assert desk.states(job) == ("accept",)
    assert len(desk.engine.history(job)) == 2


def test_the_token_is_the_same_at_each_attempt(desk: Desk, clock: SimulatedClock) -> None:
    """What is not completed in its time is tried again, under the same token; then it has failed."""
    job = desk.order()
    for _ in range(3):
        clock.advance(HOUR - timedelta(seconds=1))
        desk.engine.run_due()
        clock.advance(timedelta(seconds=1))
        desk.engine.run_due()
    assert [call.attempt for call in desk.calls] == [1, 2, 3]
    assert len({call.token for call in desk.calls}) == 1
    assert desk.states(job) == ("phone",)
    assert "nobody completed it in time, at the last of 3 attempts" in str(desk.engine.history(job)[-1].command)
    with pytest.raises(StaleCommand):
        desk.engine.complete(desk.token)


@pytest.mark.parametrize(
    ("outcome", "result", "words"),
    [
        ("lost_at_sea", None, "leads nowhere"),
        ("done", {"order": "seventeen"}, "order"),
        ("done", ["a"], "refused"),
        ("done", {"note": "x" * 300_000}, "at most 256 KiB"),
        ("done", object(), "not JSON"),
    ],
)
def test_what_the_process_cannot_take_is_refused(desk: Desk, outcome: str, result: Any, words: str) -> None:
    """Bad input is told to whoever completes; the call waits on, and can be completed rightly (L12)."""
    job = desk.order()
    with pytest.raises(BadAnswer, match=words):
        desk.engine.complete(desk.token, outcome, result)
    assert desk.engine.incidents() == []
    assert len(desk.engine.history(job)) == 1
    desk.engine.complete(desk.token, result={"order": 17})
    assert desk.states(job) == ("accept",)


@pytest.mark.parametrize("words", ["", "\ud800", "x" * 10_000, "NUL \0 in it"])
def test_a_failure_with_strange_words_is_kept_or_refused(desk: Desk, words: str) -> None:
    """Whatever somebody says about why it failed, either the call has failed or nothing has changed."""
    job = desk.order()
    try:
        desk.engine.give_up(desk.token, words)
        assert desk.states(job) == ("phone",)
    except FlowError:
        assert desk.states(job) == ("order",)
    assert desk.engine.audit(job).fine


def test_two_engines_agree_on_the_secret(database: Database, clock: SimulatedClock) -> None:
    """Of several processes that need the secret first at the same moment all get the same."""
    crowd = [Engine(database, clock=clock, handlers={}) for _ in range(4)]
    gate, tokens = threading.Barrier(4), []

    def ask(engine: Engine) -> None:
        gate.wait(30)
        tokens.append(completing.token(engine.shell, "019e2d8d-8d80-7000-8000-000000000000", 3))

    threads = [threading.Thread(target=ask, args=(engine,)) for engine in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(tokens) == 4
    assert len(set(tokens)) == 1


def test_a_token_is_shown_to_its_handler_alone(desk: Desk) -> None:
    """It is neither in what is printed of a call, nor in the history, nor in what operators see."""
    job = desk.order()
    assert desk.token not in repr(desk.calls[-1])
    assert desk.token.split(".")[2] not in str(desk.engine.history(job)) + str(desk.engine.stuck())


def test_a_call_in_other_hands_may_be_completed(desk: Desk, clock: SimulatedClock) -> None:
    """A completion wins over an attempt that runs at that moment, and the attempt finds nothing to do (L10)."""
    job = desk.order()
    clock.advance(HOUR)
    (held,) = services.take(desk.engine.shell, 1)
    desk.engine.complete(desk.token, result={"order": 17})
    desk.engine.register({"order_cloth": lambda _: {"order": 18}})
    assert not services.attempt(desk.engine.shell, held, lambda _, handler, call, __: handler(call))
    assert len(desk.engine.history(job)) == 2
    assert desk.engine.audit(job).fine
