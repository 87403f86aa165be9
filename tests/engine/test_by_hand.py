"""What operators do by hand: what it does, who may, and what the history says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from engine_flows import CHILD, PARENT, SERVICE, STUBBORN

from flowengine import (
    BadAnswer,
    Engine,
    HandlerCall,
    Later,
    NotAllowed,
    NotFound,
    Receipt,
    SimulatedClock,
    StaleCommand,
    UnknownOutcome,
)

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]

HANDS: dict[str, Callable[..., Receipt]] = {
    "end": lambda engine, job, **more: engine.end(job, "R1", **more),
    "complete_call": lambda engine, job, **more: engine.complete_call(f"{job}.99", because="R1", **more),
    "fail_call": lambda engine, job, **more: engine.fail_call(f"{job}.99", "R1", **more),
    "skip_call": lambda engine, job, **more: engine.skip_call(f"{job}.99", "R1", **more),
    "act_for": lambda engine, job, **more: engine.act_for(f"{job}.99", "ada", because="R1", **more),
    "set_data": lambda engine, job, **more: engine.set_data(job, "need.occasion", "A ball", because="R1", **more),
    "move": lambda engine, job, **more: engine.move(job, "sew", because="R1", **more),
    "suspend": lambda engine, job, **more: engine.suspend(job, because="R1", **more),
    "resume": lambda engine, job, **more: engine.resume(job, because="R1", **more),
}


def _last(engine: Engine, job: str) -> str:
    line = engine.history(job)[-1]
    return f"{line.who}: {line.what}"


@pytest.fixture
def order(engine: Engine) -> Callable[..., tuple[str, str]]:
    """Begins an order of cloth, and gives the job and its call to the mill."""

    def begin(process: str = SERVICE) -> tuple[str, str]:
        name = engine.deploy(process).name
        job = engine.start(name, by="ada", need={"metres": 3}).job
        (waits,) = [wait for one in engine.stuck(process=name) if one.job == job for wait in one.waits]
        return job, waits.id

    return begin


@pytest.mark.parametrize("verb", HANDS)
def test_only_operators_lend_a_hand(engine: Engine, suit: Suit, verb: str) -> None:
    """Staff and customers are refused alike on a job that is there and on one that is not, and nothing changes."""
    job = suit()
    for who in ("ada", "ben", "tom"):
        with pytest.raises(NotAllowed, match="only an operator may") as there:
            HANDS[verb](engine, job, by=who)
        with pytest.raises(NotAllowed) as missing:
            HANDS[verb](engine, "ffffffff", by=who)
        assert str(there.value) == str(missing.value)
    assert len(engine.history(job)) == 1
    with pytest.raises(NotFound):
        HANDS[verb](engine, "ffffffff", by="olga")


@pytest.mark.parametrize("because", ["", "  ", "x" * 1001])
def test_a_hand_has_a_reason(engine: Engine, suit: Suit, because: str) -> None:
    """Without a reason, or with a treatise, nothing is done."""
    with pytest.raises(BadAnswer, match="because"):
        engine.end(suit(), because, by="olga")


def test_an_operator_ends_a_job(engine: Engine, suit: Suit) -> None:
    """The job is over wherever it stood, with the reason, in nobody's inbox, and its history stays whole."""
    job = suit()
    receipt = engine.end(job, "The shop burnt down", by="olga", key="k")
    assert (receipt.status, receipt.states, receipt.because) == ("ended", ("ended",), "The shop burnt down")
    assert engine.end(job, "The shop burnt down", by="olga", key="k") == receipt
    assert engine.inbox("ada") == []
    assert engine.track(job, "ada").status == "ended"
    assert engine.jobs(by="ada")[0].states == ("The shop burnt down",)
    assert engine.jobs()[0].states == ("ended",)
    assert "Olga: ended it by hand (because: The shop burnt down)" in _last(engine, job)
    assert engine.audit(job).fine
    with pytest.raises(StaleCommand):
        engine.end(job, "Again", by="olga")


def test_a_dry_hand_says_and_does_nothing(engine: Engine, suit: Suit) -> None:
    """What would happen is told as it then happens; nothing is written."""
    job = suit()
    told = engine.end(job, "Just so", dry=True, by="olga")
    assert len(engine.history(job)) == 1
    done = engine.end(job, "Just so", by="olga")
    assert (told.events, told.status, told.seq + 1) == (done.events, done.status, done.seq)


UNDOING = SERVICE.replace("    call: order_cloth\n", "    call: order_cloth\n    undo: cancel_cloth\n")


def test_a_job_ends_once_its_services_are_undone(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """With undo the handlers run first; a handler that cannot keeps the job, which an end without undo ends."""
    undone = []
    engine.register({"order_cloth": lambda _: {"number": 7}, "cancel_cloth": lambda call: undone.append(call.input)})
    job, _ = order(UNDOING)
    engine.run_due()
    assert engine.end(job, "No more money", undo=True, by="olga").status == "open"
    engine.run_due()
    assert [one["result"] for one in undone] == [{"number": 7}]
    row = engine.jobs()[0]
    assert (row.status, row.because) == ("ended", "No more money")
    assert engine.audit(job).fine

    job, _ = order(UNDOING)
    engine.run_due()
    engine.end(job, "No more money", undo=True, by="olga")
    assert engine.end(job, "And no time", by="olga").because == "And no time"
    assert engine.audit(job).fine


def test_a_called_job_that_is_ended_ends_its_call(engine: Engine) -> None:
    """The job that called it goes on as after any end."""
    engine.deploy(CHILD)
    engine.deploy(PARENT)
    house = engine.start("house", by="ada", need={"rooms": 2}).job
    engine.run_due()
    kitchen = next(row.id for row in engine.jobs(process="kitchen"))
    engine.end(kitchen, "No wood", by="olga")
    engine.run_due()
    assert engine.track(house, "olga").because == "No kitchen"


def test_an_operator_completes_a_call(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """The job goes on with the outcome and the result; the handler that comes later changes nothing."""
    job, call = order()
    receipt = engine.complete_call(call, result={"number": 7}, because="Ordered by phone", by="olga")
    assert receipt.states == ("accept",)
    assert engine.data(job)["order"] == {"number": 7}
    assert "ended by hand: Order: done (because: Ordered by phone)" in _last(engine, job)
    assert engine.run_due().calls == 0
    assert engine.audit(job).fine
    with pytest.raises(StaleCommand):
        engine.complete_call(call, because="Again", by="olga")


def test_a_completion_is_held_against_routes_and_fields(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """An outcome that leads nowhere and a result that breaks the fields are refused, and the call still waits."""
    fields = "    call: order_cloth\n    fields: {number: {type: integer}}\n"
    job, call = order(SERVICE.replace("    call: order_cloth\n", fields))
    with pytest.raises(UnknownOutcome) as unknown:
        engine.complete_call(call, "lost", because="R", by="olga")
    assert "out_of_stock" in unknown.value.possible
    with pytest.raises(BadAnswer, match="number"):
        engine.complete_call(call, result={"number": "seven"}, because="R", by="olga")
    assert len(engine.history(job)) == 1
    assert engine.complete_call(call, result={"number": 7}, because="R", by="olga").states == ("accept",)


def test_an_operator_fails_a_call(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """The call takes its route for failure; where there is none it is refused, with what is possible."""
    job, call = order()
    assert engine.fail_call(call, "The mill is closed", by="olga").because == "No cloth"
    assert "The mill is closed" in _last(engine, job)
    _, call = order(STUBBORN)
    with pytest.raises(NotAllowed, match="no route") as refused:
        engine.fail_call(call, "The mill is closed", by="olga")
    assert "skip it" in refused.value.possible


def test_an_operator_skips_a_call(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """The job goes on along the route, and nothing is saved."""
    job, call = order()
    with pytest.raises(UnknownOutcome):
        engine.skip_call(call, "We have cloth", outcome="lost", by="olga")
    assert engine.skip_call(call, "We have cloth", by="olga").states == ("accept",)
    assert "order" not in engine.data(job)
    assert "skipped: Order (because: We have cloth)" in _last(engine, job)
    assert engine.audit(job).fine


def test_an_operator_acts_in_somebodys_stead(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """The answer is held against the step as the person's own would be; the history names both."""
    job = suit()
    step = step_of(job, "ada")
    with pytest.raises(BadAnswer):
        engine.act_for(step, "ada", answer={"cloth": "pink"}, because="By phone", by="olga")
    with pytest.raises(NotAllowed, match="does not wait for ben"):
        engine.act_for(step, "ben", answer={"cloth": "navy"}, because="By phone", by="olga")
    with pytest.raises(NotFound):
        engine.act_for(step, "zoe", answer={"cloth": "navy"}, because="By phone", by="olga")
    receipt = engine.act_for(step, "ada", answer={"cloth": "navy"}, because="By phone", by="olga")
    assert receipt.states == ("cut",)
    assert _last(engine, job).startswith("Olga: for Ada: ")
    assert _last(engine, job).endswith("(because: By phone)")
    left = next(one for one in engine.history(job)[-1].events if one["event"] == "Left")
    assert left["by"] == "ada"
    assert engine.audit(job).fine


def test_in_somebodys_stead_one_part_must_be_done_by_another(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """What a process keeps from the person it keeps from who acts for him."""
    engine.add_staff("cleo", "Cleo", roles=["cutter", "tailor"])
    job = suit()
    engine.act(step_of(job, "ada"), answer={"cloth": "navy"}, by="ada")
    engine.act_for(step_of(job, "cleo"), "cleo", because="She is on the phone", by="olga")
    with pytest.raises(NotAllowed, match="another"):
        engine.act_for(step_of(job, "tom"), "cleo", because="She is on the phone", by="olga")


def test_an_operator_sets_data(engine: Engine, suit: Suit) -> None:
    """A value is put at its place, held against the fields that are asked there."""
    job = suit()
    engine.set_data(job, "need.guests", 12.0, because="A typo", by="olga")
    assert engine.data(job)["need"] == {"occasion": "A wedding", "guests": 12}
    assert _last(engine, job).endswith("set need.guests to 12 (because: A typo)")
    engine.set_data(job, "need", {"occasion": "A ball"}, because="Another one", by="olga")
    assert engine.data(job)["need"] == {"occasion": "A ball"}
    assert engine.audit(job).fine


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("need.guests", "many"),
        ("need.gests", 3),
        ("need", {"guests": 3}),
        ("need", "words"),
        ("need.occasion.deep", 1),
        ("nead.guests", 3),
        ("", 3),
        ("need..guests", 3),
        ("need.occasion", float("nan")),
    ],
)
def test_data_that_does_not_fit_is_refused(engine: Engine, suit: Suit, place: str, value: object) -> None:
    """A wrong type, an unknown name, a missing field and a place that nothing saves to are refused; nothing changes."""
    job = suit()
    with pytest.raises(BadAnswer):
        engine.set_data(job, place, value, because="R", by="olga")
    assert len(engine.history(job)) == 1


def test_an_operator_moves_a_job(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """What it leaves is cut short, with its timers; what it enters begins as ever."""
    job = suit()
    receipt = engine.move(job, "cut", because="She has said navy by phone", by="olga")
    assert receipt.states == ("cut",)
    assert engine.inbox("ada") == []
    assert step_of(job, "cleo")
    assert "moved it by hand from Choose to Cut the cloth" in _last(engine, job)
    assert [one.purpose for one in engine.timers(job)] == ["attention"]
    assert engine.move(job, "withdrawn", because="After all", by="olga").because == "The customer withdrew"
    assert engine.audit(job).fine


PARALLEL = """
process: two_parts
title: Two parts
need: Both
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: both}
  both:
    type: parallel
    branches:
      left:
        start: a
        states:
          a: {type: task, for: tailor, next: b}
          b: {type: task, for: tailor, next: done}
      right: {start: c, states: {c: {type: task, for: tailor, next: done}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_a_branch_is_moved_within_its_scope(engine: Engine) -> None:
    """A state of a branch is for that branch; the others stay as they are; done ends a branch that is named."""
    engine.deploy(PARALLEL)
    job = engine.start("two_parts", by="ada").job
    assert engine.move(job, "b", because="R", by="olga").states == ("b", "both", "c")
    branch = next(one for one in engine.history(job)[-1].events if one["event"] == "Entered")["branch"]
    assert engine.move(job, "done", branch=branch, because="R", by="olga").states == ("both", "c")
    with pytest.raises(NotAllowed, match="no branch runs") as refused:
        engine.move(job, "a", because="R", by="olga")
    assert set(refused.value.possible) >= {"c", "fulfilled"}
    assert engine.move(job, "both", because="R", by="olga").states == ("a", "both", "c")
    assert engine.audit(job).fine


FIELDS = "    call: order_cloth\n    fields: {number: {type: integer, show: true}}\n"
SHOWN = SERVICE.replace("    call: order_cloth\n", FIELDS).replace(
    "by: customer", "by: customer\n    shows: {Number: '{data.order.number}'}"
)


def test_a_hand_that_misses_data_is_refused(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """Where the process cannot go on for want of data, the operator is told what to set first."""
    job, call = order(SHOWN)
    with pytest.raises(NotAllowed, match="number") as refused:
        engine.skip_call(call, "We have cloth", by="olga")
    assert "set the data" in refused.value.possible[0]
    engine.set_data(job, "order", {"number": 3}, because="From the shelf", by="olga")
    assert engine.skip_call(call, "We have cloth", by="olga").states == ("accept",)


def test_a_job_moves_only_where_it_can_stand(engine: Engine, suit: Suit) -> None:
    """A state that is none, and the need, which is stated once, are refused."""
    with pytest.raises(NotFound, match="sew"):
        engine.move(suit(), "sow", because="R", by="olga")
    with pytest.raises(NotAllowed, match="need"):
        engine.move(suit(), "need", because="R", by="olga")


def test_all_that_somebody_holds_is_handed_over(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Each claimed step becomes the other's, with the reason; what he may not have stays, and is told."""
    engine.add_staff("cleo", "Cleo", roles=["cutter", "tailor"])
    first, second = suit(), suit("ben")
    for job, customer in ((first, "ada"), (second, "ben")):
        engine.act(step_of(job, customer), answer={"cloth": "navy"}, by=customer)
    engine.act(step_of(first, "cleo"), by="cleo")
    sew, cut = step_of(first, "tom"), step_of(second, "cleo")
    engine.claim(sew, by="tom")
    engine.assign(cut, "tom", by="olga")
    before = [len(engine.history(job)) for job in (first, second)]
    told = engine.hand_over("tom", "cleo", because="On leave", dry=True, by="olga")
    assert [len(engine.history(job)) for job in (first, second)] == before
    assert engine.hand_over("tom", "cleo", because="On leave", by="olga") == told
    assert (told.handed, list(told.refused)) == ((cut,), [sew])
    assert "another" in told.refused[sew]
    assert _last(engine, second) == "Olga: handed over to Cleo: Cut the cloth (because: On leave)"
    assert engine.step(cut, "cleo").claimed == "cleo"
    assert engine.hand_over("cleo", "tom", because="Back", by="olga").handed == (cut,)
    assert engine.audit().fine
    for who, to in (("zoe", "tom"), ("tom", "zoe")):
        with pytest.raises(NotFound):
            engine.hand_over(who, to, because="R", by="olga")
    with pytest.raises(BadAnswer):
        engine.hand_over("tom", "cleo", because=" ", by="olga")


# calls that are at work, and those that undo


@pytest.mark.parametrize("hand", ["complete_call", "fail_call"])
def test_nobody_ends_a_call_that_is_at_work(engine: Engine, order: Callable[..., tuple[str, str]], hand: str) -> None:
    """While a worker has it an operator is told until when, and nothing changes; what the handler says counts (L14)."""
    said: list[NotAllowed] = []

    def handler(_: HandlerCall) -> dict[str, int]:
        with pytest.raises(NotAllowed, match="a worker is at work on it, until Mon 4 May 2026") as refused:
            getattr(engine, hand)(call, because="R", by="olga")
        said.append(refused.value)
        return {"number": 7}

    engine.register({"order_cloth": handler})
    job, call = order()
    engine.run_due()
    assert said[0].possible == ("wait until the attempt has ended", "skip it: an undo waits for the attempt")
    assert engine.data(job)["order"] == {"number": 7}
    assert engine.audit(job).fine


def test_a_call_whose_worker_was_lost_is_completed(
    engine: Engine, order: Callable[..., tuple[str, str]], clock: SimulatedClock
) -> None:
    """Once its lease is over for some time nobody can be at work on it."""
    job, call = order()
    lease = clock.now() + timedelta(seconds=15)
    with engine.database.writing() as tx:
        assert tx.calls.claim("w1", 1, lease, clock.now())
    with pytest.raises(NotAllowed, match="at work"):
        engine.complete_call(call, because="R", by="olga")
    clock.advance(timedelta(seconds=25))
    assert engine.complete_call(call, because="R", by="olga").states == ("accept",)
    assert engine.audit(job).fine


def test_a_call_that_was_left_to_somebody_is_completed(engine: Engine, order: Callable[..., tuple[str, str]]) -> None:
    """A handler that waits for somebody outside is no worker at work."""
    engine.register({"order_cloth": lambda _: Later(timedelta(days=9))})
    job, call = order()
    engine.run_due()
    assert engine.complete_call(call, result={"number": 7}, because="By phone", by="olga").states == ("accept",)
    assert engine.audit(job).fine


@pytest.mark.parametrize("hand", ["skip_call", "complete_call"])
def test_an_undo_that_failed_is_settled(
    engine: Engine, order: Callable[..., tuple[str, str]], clock: SimulatedClock, hand: str
) -> None:
    """An operator who has seen to it says so, and the job ends as it was to; a failure is no way for it to go on."""

    def stuck(_: HandlerCall) -> None:
        raise ConnectionError("the mill does not answer")

    engine.register({"order_cloth": lambda _: {"number": 7}, "cancel_cloth": stuck})
    job, _ = order(UNDOING)
    engine.run_due()
    engine.end(job, "No more money", undo=True, by="olga")
    for _ in range(9):
        engine.run_due()
        clock.advance(timedelta(hours=1))
    (incident,) = [one for one in engine.incidents() if one.job == job]
    assert "the mill does not answer" in incident.error
    with pytest.raises(NotAllowed, match="no route"):
        engine.fail_call(incident.id, "R", by="olga")
    assert getattr(engine, hand)(incident.id, because="Cancelled by phone", by="olga").because == "No more money"
    assert engine.jobs()[0].status == "ended"
    assert not [one for one in engine.incidents() if one.job == job]
    assert engine.audit(job).fine


@pytest.mark.parametrize("verb", ["end", "skip_call", "complete_call"])
def test_a_dry_hand_looks_at_a_call_that_is_at_work(
    engine: Engine, order: Callable[..., tuple[str, str]], clock: SimulatedClock, verb: str
) -> None:
    """What would become of it is told, on databases too that lock nothing for whoever only reads."""
    job, call = order(UNDOING)
    with engine.database.writing() as tx:
        assert tx.calls.claim("w1", 1, clock.now() + timedelta(seconds=15), clock.now())
    if verb == "complete_call":
        with pytest.raises(NotAllowed, match="at work"):
            engine.complete_call(call, because="R", dry=True, by="olga")
        return
    told = engine.end(job, "R", dry=True, by="olga") if verb == "end" else engine.skip_call(call, "R", dry=True)
    assert told.events
    assert len(engine.history(job)) == 1
