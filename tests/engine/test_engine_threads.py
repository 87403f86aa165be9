"""One engine in many threads, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from engine_flows import SERVICE

from flowengine import Engine, HandlerCall, Receipt, Refused


def _together(number: int, what: Callable[[int], Any]) -> list[Any]:
    """The results, or the refusals, of so many threads that begin at the same moment."""
    gate = Barrier(number)

    def run(index: int) -> Any:
        gate.wait(20)
        try:
            return what(index)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_one_request_sent_twice_at_once_takes_effect_once(engine: Engine) -> None:
    """Equal requests that arrive at the same moment all get the one receipt (L3)."""
    begun = _together(4, lambda _: engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="s"))
    assert len({receipt.job for receipt in begun}) == 1
    step = engine.inbox("ada")[0].id
    acted = _together(4, lambda _: engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="a"))
    assert acted == [acted[0]] * 4
    assert len(engine.history(acted[0].job)) == 2


def test_of_two_who_claim_at_once_one_has_it(engine: Engine) -> None:
    """A step that two claim at the same moment is had by one; the other is told who."""
    engine.add_staff("carl", roles=["cutter"])
    engine.start("small_suit", by="ada", need={"occasion": "Work"})
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    step = engine.inbox("cleo")[0].id
    results = _together(2, lambda index: engine.claim(step, by=("cleo", "carl")[index]))
    assert sorted(isinstance(result, Receipt) for result in results) == [False, True]


def test_jobs_side_by_side_do_not_mix(engine: Engine) -> None:
    """Many threads work on jobs of their own, and every history is whole (L5)."""

    def whole(index: int) -> str:
        who = f"customer{index}"
        job = engine.start("small_suit", by=who, need={"occasion": who}).job
        engine.act(engine.inbox(who)[0].id, "chosen", {"cloth": "grey"}, by=who)
        return engine.withdraw(job, by=who).status

    assert _together(8, whole) == ["ended"] * 8
    audit = engine.audit()
    assert (audit.jobs, audit.entries, audit.fine) == (8, 24, True)


def test_two_workers_call_a_handler_once(engine: Engine) -> None:
    """Passes at the same moment claim different calls: each handler call is made once (L11)."""
    engine.deploy(SERVICE)
    calls: list[HandlerCall] = []
    engine.register({"order_cloth": lambda call: calls.append(call)})
    for _ in range(10):
        engine.start("ordering", by="ada", need={"metres": 1})
    rans = _together(3, lambda _: engine.run_due())
    assert sum(ran.calls for ran in rans) == 10
    assert len({call.key for call in calls}) == len(calls) == 10
