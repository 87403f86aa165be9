"""External workers: lanes, claims, leases and reports, on both databases in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from engine_flows import SERVICE, STUBBORN

from flowengine import (
    BadAnswer,
    BadToken,
    Engine,
    HandlerCall,
    KeyConflict,
    NotFound,
    SimulatedClock,
    StaleCommand,
)
from flowengine.runtime.lanes import FRESH, Lanes
from flowengine.views.tokens import TokenView
from flowengine.work import external
from flowengine.work.external import ExternalCall

FIELDS = SERVICE.replace("process: ordering", "process: exact").replace(
    "    limit: PT2S\n", "    limit: PT1H\n    fields: {order: {type: integer}}\n"
)
LONG = SERVICE.replace("process: ordering", "process: long").replace("limit: PT2S", "limit: PT1H")


@pytest.fixture
def mill(engine: Engine) -> TokenView:
    """The holder of a token that serves order_cloth."""
    return engine.token(engine.issue_token("worker", "mill", handlers=["order_cloth"]).token)


@pytest.fixture
def order(engine: Engine) -> Callable[..., str]:
    """Begins an order of cloth, whose service waits for an external worker where there is a token for one."""

    def begin(process: str = LONG) -> str:
        name = engine.deploy(process).name
        return engine.start(name, by="ada", need={"metres": 3}).job

    return begin


def claim(engine: Engine, who: TokenView, seconds: float = 30) -> ExternalCall:
    (found,) = external.claim(engine.shell, who, "saw-1", 10, seconds)
    return found


def state(engine: Engine, job: str) -> list[str]:
    return [place.state for place in engine.track(job, "olga").where]


# lanes


def test_a_worker_is_given_what_a_handler_is(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """A claimed call holds the same as a handler in Python is given, and its lease."""
    job = order()
    found = claim(engine, mill)
    assert (found.job, found.process, found.state, found.handler) == (job, "long", "order", "order_cloth")
    assert (found.attempt, found.undo, found.input) == (1, False, {"metres": 3})
    assert found.id == found.key
    assert found.customer["name"] == "Ada"
    assert found.lease_until == engine.clock.now() + timedelta(seconds=30)
    assert found.deadline == engine.clock.now() + timedelta(hours=1)
    assert found.lease not in repr(found)
    assert found.token not in repr(found)


def test_workers_of_our_own_leave_the_lane_alone(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """A call of a handler that external workers serve is not run here, even by an engine that has the handler."""
    order()
    engine.register({"order_cloth": lambda _: {}})
    assert not engine.run_due().anything
    assert claim(engine, mill).attempt == 1


def test_a_call_opened_before_the_token_moves_to_the_lane(engine: Engine) -> None:
    """A worker without the handler hands the call to the external ones; that is no attempt and no incident."""
    engine.deploy(LONG)
    job = engine.start("long", by="ada", need={"metres": 3}).job
    who = engine.token(engine.issue_token("worker", "mill", handlers=["order_cloth"]).token)
    assert external.claim(engine.shell, who, "saw-1", 1, 30) == []
    engine.run_due()
    assert engine.incidents() == []
    found = claim(engine, who)
    assert (found.job, found.attempt) == (job, 1)


def test_without_a_token_the_handler_is_missing(engine: Engine, order: Callable[..., str]) -> None:
    """Once the token is revoked, new calls are for workers of our own again."""
    for token in engine.tokens():
        engine.revoke_token(token.id)
    order()
    engine.run_due()
    (incident,) = engine.incidents()
    assert "order_cloth" in incident.error


def test_what_is_tried_again_goes_to_who_serves_it_now(engine: Engine, order: Callable[..., str]) -> None:
    """A call that gave up before there was an external worker is for that worker once it is tried again."""
    order()
    engine.run_due()
    (incident,) = engine.incidents()
    late = engine.token(engine.issue_token("worker", "mill", handlers=["order_cloth"]).token)
    assert external.claim(engine.shell, late, "saw-1", 10, 30) == []
    engine.retry(incident.id, by="olga")
    assert claim(engine, late).attempt == 1


def test_undoing_goes_outside_too(engine: Engine) -> None:
    """A call that undoes is for whoever serves the undo handler, with what is to be undone."""
    undoing = LONG.replace("    limit: PT1H\n", "    undo: cancel_cloth\n").replace(
        "declined: sorry", "declined: {to: sorry, undo: true}"
    )
    who = engine.token(engine.issue_token("worker", "mill", handlers=["order_cloth", "cancel_cloth"]).token)
    engine.deploy(undoing)
    job = engine.start("long", by="ada", need={"metres": 3}).job
    ordered = claim(engine, who)
    _finish(engine, who, ordered, result={"order": 7})
    engine.act(engine.inbox("ada")[0].id, "declined", by="ada")
    undo = claim(engine, who)
    assert (undo.handler, undo.undo) == ("cancel_cloth", True)
    assert undo.input == {"call": ordered.key, "input": {"metres": 3}, "result": {"order": 7}, "certain": True}
    _finish(engine, who, undo)
    assert engine.track(job, "olga").status == "ended"


def test_what_waits_outside_is_taken_back(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Revoking leaves waiting calls to external workers; taken back they are run here, unless others serve them."""
    job = order()
    other = engine.issue_token("worker", "other", handlers=["order_cloth"])
    engine.register({"order_cloth": lambda _: {"order": 7}})
    engine.revoke_token(mill.id, take_back=True)
    assert not engine.run_due().anything
    engine.revoke_token(other.id)
    assert not engine.run_due().anything
    engine.revoke_token(other.id, take_back=True)
    assert engine.run_due().calls == 1
    assert state(engine, job) == ["accept"]


def test_an_expired_token_has_no_lane(engine: Engine, clock: SimulatedClock) -> None:
    """At the moment a token expires its handlers are ours again, however fresh what was read of it is."""
    engine.issue_token("worker", "mill", handlers=["cut"], expires=timedelta(hours=1))
    assert external.lane_of(engine.shell, "cut") == "cut"
    assert external.lane_of(engine.shell, "sew") is None
    clock.advance(timedelta(hours=1))
    assert external.lane_of(engine.shell, "cut") is None


def test_lanes_of_another_process_are_seen_after_a_moment(engine: Engine, clock: SimulatedClock) -> None:
    """What another process issues is known after a few seconds; until then the database is not asked."""
    seconds = 0.0
    lanes = Lanes(lambda: seconds)
    with engine.database.reading() as tx:
        assert lanes.of(tx, clock.now()) == frozenset()
    engine.issue_token("worker", "mill", handlers=["cut"])
    with engine.database.reading() as tx:
        assert lanes.of(tx, clock.now()) == frozenset()
        seconds = FRESH
        assert lanes.of(tx, clock.now()) == {"cut"}


def test_a_caller_s_transaction_teaches_nothing(engine: Engine, clock: SimulatedClock) -> None:
    """What a transaction sees that others may take back is not remembered."""
    lanes = Lanes(lambda: 0.0)
    engine.issue_token("worker", "mill", handlers=["cut"])
    with engine.database.reading() as tx:
        assert lanes.of(tx, clock.now(), keep=False) == {"cut"}
    engine.revoke_token(engine.tokens()[0].id)
    with engine.database.reading() as tx:
        assert lanes.of(tx, clock.now()) == frozenset()


# claims


def test_a_call_is_given_to_one(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """While a lease holds nobody else is given the call; when it is over somebody is, as the next attempt (L10)."""
    order()
    first = claim(engine, mill)
    assert external.claim(engine.shell, mill, "saw-2", 10, 30) == []
    _advance(engine, seconds=30)
    second = claim(engine, mill)
    assert (second.id, second.attempt) == (first.id, 2)
    assert second.lease != first.lease


def test_no_more_is_given_than_asked_for(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """The oldest calls come first, and no more than the worker has hands for."""
    jobs = []
    for _ in range(3):
        jobs.append(order())
        _advance(engine, seconds=1)
    found = external.claim(engine.shell, mill, "saw-1", 2, 30)
    assert {one.job for one in found} == set(jobs[:2])


def test_a_lane_s_oldest_work_comes_first(engine: Engine, order: Callable[..., str]) -> None:
    """A token of several handlers is given what has waited longest, whichever handler it is for."""
    both = engine.token(engine.issue_token("worker", "both", handlers=["dye", "order_cloth"]).token)
    engine.deploy(LONG.replace("process: long", "process: dyeing").replace("call: order_cloth", "call: dye"))
    order()
    _advance(engine, seconds=1)
    engine.start("dyeing", by="ada", need={"metres": 1})
    assert claim_one(engine, both).handler == "order_cloth"
    assert claim_one(engine, both).handler == "dye"


def test_a_revoked_token_claims_nothing(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Even somebody who was let in before is asked again at each look."""
    order()
    engine.revoke_token(mill.id)
    with pytest.raises(BadToken):
        external.claim(engine.shell, mill, "saw-1", 1, 30)


@pytest.mark.parametrize(
    ("asked", "field"),
    [(("", 1, 30), "worker"), (("a\nb", 1, 30), "worker"), (("x" * 101, 1, 30), "worker"), (("a", 0, 30), "max"),
     (("a", 101, 30), "max"), (("a", 1, 0.5), "seconds"), (("a", 1, 601), "seconds"),
     (("a", 1, float("nan")), "seconds")],
)  # fmt: skip
def test_a_claim_is_checked(engine: Engine, mill: TokenView, asked: tuple[str, int, float], field: str) -> None:
    """What cannot be claimed is refused, and says what can (L12)."""
    with pytest.raises(BadAnswer) as told:
        external.claim(engine.shell, mill, *asked)
    assert set(told.value.problems) == {field}
    assert told.value.possible


def test_a_lease_is_no_longer_than_the_limit(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """The state's limit bounds the lease from the start, and heartbeats too."""
    order(SERVICE)  # a limit of two seconds
    found = claim(engine, mill)
    start = engine.clock.now()
    assert found.lease_until == found.deadline == start + timedelta(seconds=2)
    _advance(engine, seconds=1)
    assert _beat(engine, mill, found) == start + timedelta(seconds=2)
    _advance(engine, seconds=1)
    with pytest.raises(StaleCommand, match="limit"):
        _beat(engine, mill, found)
    assert claim(engine, mill).attempt == 2


def test_a_call_whose_workers_are_lost_is_given_up(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """After its attempts a call that kills its workers is given to nobody, and the job goes on by its route."""
    job = order()
    for attempt in (1, 2, 3):
        assert claim(engine, mill).attempt == attempt
        _advance(engine, seconds=30)
    assert external.claim(engine.shell, mill, "saw-1", 10, 30) == []
    assert engine.track(job, "olga").status == "ended"


# leases


def test_a_heartbeat_prolongs_the_lease(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """A worker that says that it lives keeps its call, and its words are shown to operators."""
    job = order()
    found = claim(engine, mill)
    _advance(engine, seconds=29)
    assert _beat(engine, mill, found, "1 of 3 bolts") == engine.clock.now() + timedelta(seconds=30)
    _advance(engine, seconds=29)
    assert external.claim(engine.shell, mill, "saw-2", 10, 30) == []
    with engine.database.reading() as tx:
        assert [row.progress for row in tx.calls.of(job)] == ["1 of 3 bolts"]


def test_a_lost_lease_changes_nothing(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Who wakes after his lease was given to another is told so, and the other's work counts (L10)."""
    job = order()
    zombie = claim(engine, mill)
    _advance(engine, seconds=30)
    other = claim(engine, mill)
    for late in (lambda: _beat(engine, mill, zombie), lambda: _finish(engine, mill, zombie, result={"order": 666})):
        with pytest.raises(StaleCommand, match="lease is lost"):
            late()
    with pytest.raises(StaleCommand, match="lease is lost"):
        external.fail(engine.shell, mill, zombie.id, zombie.lease, "I overslept", give_up=True)
    assert _finish(engine, mill, other, result={"order": 7}).status == "done"
    with pytest.raises(StaleCommand, match="lease is lost"):
        _finish(engine, mill, zombie, result={"order": 666})
    assert state(engine, job) == ["accept"]
    assert engine.audit().fine


def test_a_finish_after_the_lease_counts_while_nobody_else_has_it(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """Work that is done a little late is not thrown away, as long as it is the only one."""
    job = order()
    found = claim(engine, mill)
    _advance(engine, seconds=300)
    assert _finish(engine, mill, found).status == "done"
    assert state(engine, job) == ["accept"]


def test_a_foreign_call_is_answered_as_a_missing_one(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """Another's token, another's lease, a made-up lease and a made-up call are told the same (L4)."""
    order()
    found = claim(engine, mill)
    thief = engine.token(engine.issue_token("worker", "thief", handlers=["order_cloth"]).token)
    narrow = engine.token(engine.issue_token("worker", "mill", handlers=["cut"]).token)
    head, began, mac = found.lease.split("-", 2)
    forged = [f"{int(head) + 1}-{began}-{mac}", f"{head}-{began}-{'A' * 22}", "", "1", f"{head}-{'9' * 18}-{mac}"]
    asked = [(thief, found.id, found.lease), (narrow, found.id, found.lease)]
    asked += [(mill, found.id, lease) for lease in forged]
    said = {_refusal(engine, who, id, lease) for who, id, lease in asked}
    assert said == {f"there is no call {found.id!r}, or it is not for you"}
    gone = found.id.replace(found.job[-4:], "0000")
    assert _refusal(engine, mill, gone, found.lease) == f"there is no call {gone!r}, or it is not for you"
    assert _finish(engine, mill, found).status == "done"


def test_a_new_token_of_the_same_holder_carries_on(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """A token can be replaced while work goes on."""
    order()
    found = claim(engine, mill)
    fresh = engine.token(engine.issue_token("worker", "mill", handlers=["order_cloth"]).token)
    engine.revoke_token(mill.id)
    assert _finish(engine, fresh, found).status == "done"


# reports


def test_finishing_moves_the_job(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """The result is saved and the job goes on; in the history the handler did it, as if it had run here."""
    job = order()
    assert _finish(engine, mill, claim(engine, mill), result={"order": 7}).to_json() == {
        "status": "done",
        "error": "",
        "next": None,
    }
    assert state(engine, job) == ["accept"]
    assert engine.history(job)[-1].command["by"] == {"kind": "service", "id": "order_cloth"}
    assert engine.audit().fine


def test_an_outcome_of_its_own(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """An external worker chooses the outcome as a handler does."""
    job = order()
    assert _finish(engine, mill, claim(engine, mill), outcome="out_of_stock").status == "done"
    assert engine.track(job, "olga").status == "ended"


def test_the_same_report_again_is_answered_alike(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """A worker that never saw the answer may report again, however far the job has gone (L3)."""
    job = order()
    found = claim(engine, mill)
    first = _finish(engine, mill, found, result={"order": 7})
    length = len(engine.history(job))
    engine.act(engine.inbox("ada")[0].id, "approved", by="ada")
    assert _finish(engine, mill, found, result={"order": 7}) == first
    assert len(engine.history(job)) == length + 1
    with pytest.raises(KeyConflict):
        _finish(engine, mill, found, result={"order": 8})
    with pytest.raises(KeyConflict):
        external.fail(engine.shell, mill, found.id, found.lease, "no, it failed")


def test_a_failed_attempt_is_tried_again(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """The process's policy says when, as for a handler in Python; the lease is over at once."""
    order()
    found = claim(engine, mill)
    settled = external.fail(engine.shell, mill, found.id, found.lease, "the saw is blunt")
    assert (settled.status, settled.error) == ("again", "the saw is blunt")
    assert settled.next is not None
    assert timedelta(seconds=7.5) <= settled.next - engine.clock.now() <= timedelta(seconds=10)
    assert external.fail(engine.shell, mill, found.id, found.lease, "the saw is blunt") == settled
    with pytest.raises(StaleCommand, match="lost"):
        _beat(engine, mill, found)
    with pytest.raises(KeyConflict):
        _finish(engine, mill, found)
    assert external.claim(engine.shell, mill, "saw-1", 10, 30) == []
    _advance(engine, seconds=10)
    assert claim(engine, mill).attempt == 2


def test_a_worker_may_ask_for_patience(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """The next attempt comes no earlier than the worker says, and no earlier than the process says."""
    order()
    found = claim(engine, mill)
    settled = external.fail(engine.shell, mill, found.id, found.lease, "closed today", retry_after=3600)
    assert settled.next == engine.clock.now() + timedelta(hours=1)


def test_a_call_is_left_to_somebody_else(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Whoever has the call's own token completes it; the lease is over meanwhile, and nobody is given the call."""
    job = order()
    found = claim(engine, mill)
    left = external.leave(engine.shell, mill, found.id, found.lease, 3600)
    assert (left.status, left.next) == ("left", engine.clock.now() + timedelta(hours=1))
    assert external.leave(engine.shell, mill, found.id, found.lease, 3600) == left
    with pytest.raises(KeyConflict):
        external.finish(engine.shell, mill, found.id, found.lease)
    with pytest.raises(StaleCommand):
        external.heartbeat(engine.shell, mill, found.id, found.lease)
    assert external.claim(engine.shell, mill, "saw-2", 10, 30) == []
    engine.complete(found.token, result={"order": 7})
    assert state(engine, job) == ["accept"]
    assert engine.audit(job).fine


def test_what_nobody_completes_in_time_is_tried_again(
    engine: Engine, mill: TokenView, order: Callable[..., str], clock: SimulatedClock
) -> None:
    """A call that was left is given out anew when its time is over, as its next attempt."""
    order()
    found = claim(engine, mill)
    external.leave(engine.shell, mill, found.id, found.lease, 3600)
    clock.advance(timedelta(hours=1))
    assert claim(engine, mill).attempt == 2


def test_giving_up_takes_the_route(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """With give_up the attempts that are left do not count."""
    job = order()
    found = claim(engine, mill)
    assert external.fail(engine.shell, mill, found.id, found.lease, "no such cloth", give_up=True).status == "failed"
    assert engine.track(job, "olga").status == "ended"


def test_giving_up_without_a_route_is_an_incident(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Where the process does not say what happens then, an operator does; a retry goes to the lane again."""
    order(STUBBORN)
    for _ in range(3):
        found = claim(engine, mill)
        settled = external.fail(engine.shell, mill, found.id, found.lease, "no such cloth")
        _advance(engine, seconds=60)
    assert settled.to_json() == {"status": "incident", "error": "no such cloth", "next": None}
    (incident,) = engine.incidents()
    engine.retry(incident.id, "olga")
    with pytest.raises(StaleCommand, match="lost"):
        _beat(engine, mill, found)
    again = claim(engine, mill)
    assert (again.id, again.attempt) == (found.id, 1)
    assert _finish(engine, mill, again).status == "done"


def test_a_result_that_is_too_large_is_a_failed_attempt(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """What cannot be kept is not kept: the worker is told what to do instead, and it is tried again."""
    job = order()
    found = claim(engine, mill)
    large = {"drawing": "x" * 300_000}
    settled = _finish(engine, mill, found, result=large)
    assert settled.status == "again"
    assert "store it elsewhere" in settled.error
    assert _finish(engine, mill, found, result=large) == settled
    assert state(engine, job) == ["order"]
    _advance(engine, seconds=10)
    assert _finish(engine, mill, claim(engine, mill), result={"at": "shelf 7"}).status == "done"


def test_a_result_that_breaks_the_fields_is_an_incident(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """As for a handler in Python: nothing is saved, and an operator sees what was wrong with it."""
    job = order(FIELDS)
    settled = _finish(engine, mill, claim(engine, mill), result={"order": "seven"})
    assert settled.status == "incident"
    assert "must be a whole number" in settled.error
    assert state(engine, job) == ["order"]
    engine.retry(engine.incidents()[0].id, "olga")
    assert _finish(engine, mill, claim(engine, mill), result={"order": 7}).status == "done"


def test_an_outcome_that_leads_nowhere_is_an_incident(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """As for a handler in Python: it says which outcomes are known."""
    order()
    settled = _finish(engine, mill, claim(engine, mill), outcome="stolen")
    assert settled.status == "incident"
    assert "out_of_stock" in settled.error
    assert len(engine.incidents()) == 1


@pytest.mark.parametrize(
    "given", [{"error": " "}, {"error": "x", "retry_after": -1}, {"error": "x", "retry_after": 1e9}]
)
def test_a_report_is_checked(engine: Engine, mill: TokenView, order: Callable[..., str], given: dict[str, Any]) -> None:
    """A failure says what failed, and patience has an end (L12); the lease still holds."""
    order()
    found = claim(engine, mill)
    with pytest.raises(BadAnswer):
        external.fail(engine.shell, mill, found.id, found.lease, **given)
    with pytest.raises(BadAnswer):
        external.heartbeat(engine.shell, mill, found.id, found.lease, 30, "x" * 201)
    assert _finish(engine, mill, found).status == "done"


def test_the_call_s_own_token_completes_it(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """An external worker can hand the token on; whoever completes the call first has done it."""
    job = order()
    found = claim(engine, mill)
    engine.complete(found.token, "done", {"order": 7})
    assert state(engine, job) == ["accept"]
    with pytest.raises(StaleCommand, match="lost"):
        _finish(engine, mill, found)


def test_a_handler_here_and_a_worker_there_see_the_same(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """The same call, run here and there, is given the same input, customer, state and attempt."""
    order()
    there = claim(engine, mill)
    engine.revoke_token(mill.id)
    here: list[HandlerCall] = []
    engine.register({"order_cloth": here.append})
    engine.start("long", by="ada", need={"metres": 3})
    engine.run_due()
    (call,) = here
    for name in ("input", "process", "state", "attempt", "undo", "handler"):
        assert getattr(call, name) == getattr(there, name), name
    assert dict(call.customer) == there.customer


def test_what_waits_for_an_external_worker_is_seen(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Operators see that a call waits for somebody outside, and when nobody has a valid token for it."""
    order()
    (job,) = engine.stuck()
    assert (job.waits[0].whom, job.waits[0].external) == ("order_cloth", True)
    assert job.waits[0].error == ""
    engine.revoke_token(mill.id)
    (job,) = engine.stuck()
    assert "no token" in job.waits[0].error


def _advance(engine: Engine, **span: float) -> None:
    clock = engine.clock
    assert isinstance(clock, SimulatedClock)
    clock.advance(timedelta(**span))


def claim_one(engine: Engine, who: TokenView) -> ExternalCall:
    (found,) = external.claim(engine.shell, who, "saw-1", 1, 30)
    return found


def _beat(engine: Engine, who: TokenView, call: ExternalCall, progress: str = "") -> datetime:
    return external.heartbeat(engine.shell, who, call.id, call.lease, 30, progress).lease_until


def _finish(
    engine: Engine, who: TokenView, call: ExternalCall, outcome: str = "done", result: Any = None
) -> external.Settled:
    return external.finish(engine.shell, who, call.id, call.lease, outcome, result)


def _refusal(engine: Engine, who: TokenView, id: str, lease: str) -> str:
    with pytest.raises(NotFound) as told:
        external.finish(engine.shell, who, id, lease)
    return told.value.what


def test_many_who_ask_at_once_share_the_work(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """However many claim at the same moment, each call is given to one, and none is forgotten (L10)."""
    jobs = {order() for _ in range(24)}
    found: list[ExternalCall] = []

    def ask(number: int) -> None:
        while taken := external.claim(engine.shell, mill, f"saw-{number}", 2, 30):
            found.extend(taken)

    _at_once([lambda number=number: ask(number) for number in range(6)])
    assert sorted(call.job for call in found) == sorted(jobs)


def test_the_same_report_from_many_at_once_counts_once(
    engine: Engine, mill: TokenView, order: Callable[..., str]
) -> None:
    """A report that is sent several times at the same moment is one entry in the history, and one answer (L3)."""
    job = order()
    call = claim(engine, mill)
    before = len(engine.history(job))
    answers: list[external.Settled] = []
    _at_once([lambda: answers.append(_finish(engine, mill, call, result={"order": 7}))] * 6)
    assert [answer.status for answer in answers] == ["done"] * 6
    assert len(engine.history(job)) == before + 1
    assert engine.audit().fine


def test_of_different_reports_at_once_one_counts(engine: Engine, mill: TokenView, order: Callable[..., str]) -> None:
    """Of several reports under one lease the first counts, and each other is told that it does not."""
    order()
    call = claim(engine, mill)
    told: list[str] = []

    def say(number: int) -> None:
        try:
            told.append(_finish(engine, mill, call, result={"order": number}).status)
        except KeyConflict:
            told.append("conflict")

    _at_once([lambda number=number: say(number) for number in range(6)])
    assert sorted(told) == ["conflict"] * 5 + ["done"]


def _at_once(works: Sequence[Callable[[], None]]) -> None:
    """Do several things at the same moment, each in a thread; an error in one is raised."""
    barrier = Barrier(len(works))

    def work(one: Callable[[], None]) -> None:
        barrier.wait(60)
        one()

    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work, one) for one in works]:
            future.result(120)
