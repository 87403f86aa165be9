"""Jobs moved to another version of their process, on both databases: what is written is what was computed (L5, L6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from engine_flows import SUIT

from flowengine import BadAnswer, Engine, MigrationView, NotAllowed, NotFound, SimulatedClock

SHOP = """
process: shop
need: Something
roles: {tailor: Tailor, cutter: Cutter}
states:
  need: {type: need, fields: {a: {type: string}}, next: making}
  making:
    type: parallel
    branches:
      cloth: {start: cut, states: {cut: {type: task, for: tailor, title: Cut it, within: P9D,
                                         on: {done: done, expired: done}}}}
      thread: {start: fetch, states: {fetch: {type: service, call: fetch, undo: back, on: {done: done, failed: done}}}}
      each: {start: every, states: {every: {type: each, of: "[1, 2, 3]", at_a_time: 1, on: {joined: done},
             start: piece, states: {piece: {type: task, for: tailor, on: {done: done}}}}}}
    on: {joined: sew}
  sew: {type: task, for: tailor, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
NEXT = (
    SHOP.replace("fields: {a: {type: string}}", "fields: {a: {type: string}, colour: {type: string}}")
    .replace("cut:", "carve:").replace("start: cut", "start: carve")
    .replace("for: tailor, title: Cut it", "for: cutter, title: Carve it")
    .replace("P9D", "P12D").replace("every:", "all:").replace("start: every", "start: all")
    .replace("piece:", "part:").replace("start: piece", "start: part")
    .replace("making", "made").replace("sew: {type: task", 'sew: {type: task, ask: "Paint it {data.need.colour}"')
)  # fmt: skip
NAMES = {"cut": "carve", "every": "all", "piece": "part", "making": "made"}


@pytest.fixture
def shop(engine: Engine) -> Engine:
    engine.deploy(SHOP)
    return engine


def _begin(engine: Engine) -> str:
    return engine.start("shop", by="ada", need={"a": "x"}).job


def test_a_dry_run_tells_all_and_changes_nothing(shop: Engine, clock: SimulatedClock) -> None:
    """States, steps and deadlines before and after, what is filled in; or all that is in the way."""
    job = _begin(shop)
    step = next(item for item in shop.inbox("tom") if item.title == "Cut it")
    shop.claim(step.id, by="tom")
    version = shop.deploy(NEXT).version
    clock.advance(timedelta(days=2))
    before = shop.track(job, "olga")
    refused = shop.migrate(job, by="olga", dry=True)
    assert isinstance(refused, MigrationView)
    assert [one.what for one in refused.refusals] == [
        f"the job stands in {name!r}, which is not in it" for name in ("making", "cut", "every", "piece")
    ]
    lacking = shop.migrate(job, by="olga", states=NAMES, dry=True)
    assert isinstance(lacking, MigrationView)
    (refusal,) = lacking.refusals
    assert refusal.possible == ("fill data.need.colour",)
    found = shop.migrate(job, by="olga", states=NAMES, fill={"need.colour": "blue"}, dry=True)
    assert isinstance(found, MigrationView)
    assert (found.fine, found.version, found.was, found.filled) == (
        True,
        version,
        before.version,
        {"need.colour": "blue"},
    )
    assert ("making", "made") in [(one.before, one.after) for one in found.branches]
    cut = next(one for one in found.steps if one.state == "carve")
    assert (cut.change, cut.title_before, cut.title) == ("changed", "Cut it", "Carve it")
    assert (cut.whom_before, cut.whom) == (("role:tailor",), ("role:cutter",))
    assert (cut.claimed_before, cut.claimed) == ("tom", None)
    assert found.warnings == ("tom no longer has 'Carve it', which is for others now",)
    timer, *watched = found.timers
    assert {(one.purpose, one.change) for one in watched} == {("attention", "kept")}
    assert (timer.purpose, timer.change, timer.at_once) == ("expire", "anew", False)
    assert timer.due is not None
    assert timer.due_before is not None
    assert timer.due - timer.due_before == timedelta(days=3)
    assert shop.track(job, "olga") == before
    assert len(shop.history(job)) == 2
    with pytest.raises(NotAllowed, match="4 things are in the way"):
        shop.migrate(job, by="olga")


def test_a_job_with_branches_items_and_a_call_goes_on_under_other_names(shop: Engine) -> None:
    """All that is stored follows: steps, timers, branches that wait, a call at work, what may be undone."""
    job = _begin(shop)
    shop.deploy(NEXT)
    shop.migrate(job, by="olga", states=NAMES, fill={"need.colour": "blue"}, because="Plainer")
    assert shop.audit(job).fine
    assert shop.history(job)[-1].what.endswith("(because: Plainer)")
    (carve,) = shop.inbox("cleo")
    assert carve.title == "Carve it"
    shop.act(carve.id, by="cleo")
    shop.handler("fetch")(lambda call: {"key": call.key})
    shop.run_due()
    for _ in range(3):
        (part,) = shop.inbox("tom")
        shop.act(part.id, by="tom")
    (sew,) = shop.inbox("tom")
    assert sew.title == "Paint it blue"
    shop.act(sew.id, by="tom")
    assert shop.track(job, "olga").status == "fulfilled"
    assert shop.audit(job).fine


def test_all_jobs_of_a_process_are_moved_each_by_itself(shop: Engine) -> None:
    """Those that cannot be are told by what is in their way, and the others go on all the same."""
    jobs = [_begin(shop) for _ in range(3)]
    first = shop.track(jobs[0], "olga").version
    for item in shop.inbox("tom"):
        if item.job == jobs[0]:
            shop.act(item.id, by="tom")
    shop.deploy(
        SHOP.replace("title: Cut it", "type: task")
        .replace("cut: {type: task", "cut: {type: wait")
        .replace("type: wait, for: tailor, type: task, within: P9D,", "type: wait, for: P9D, ")
        .replace("on: {done: done, expired: done}", "on: {elapsed: done}")
    )
    tried = shop.migrate_all("shop", first, by="olga", dry=True)
    assert tried.moved == (jobs[0],)
    done = shop.migrate_all("shop", first, by="olga")
    assert done == tried
    ((what, ids),) = done.refused.items()
    assert what == "the job stands in 'cut', which has another type there (wait)"
    assert set(ids) == set(jobs[1:])
    assert shop.track(jobs[0], "olga").version == done.version
    assert shop.migrate_all("shop", done.version, by="olga").moved == ()
    assert all(shop.audit(job).fine for job in jobs)


def test_what_is_asked_is_held_against_what_can_be(shop: Engine, suit: Callable[..., str]) -> None:
    """Names and values of other types, and a process or version that is not there, are refused."""
    job = suit()
    shop.deploy(SUIT.replace("Cut the cloth", "Cut"))
    for wrong in (
        {"states": {"choose": 3}},
        {"timers": "never"},
        {"because": "x" * 2000},
        {"fill": {"need": object()}},
    ):
        with pytest.raises(BadAnswer):
            shop.migrate(job, by="olga", **wrong)  # type: ignore[call-overload]
    with pytest.raises(NotFound):
        shop.migrate_all("nothing", by="olga")
    with pytest.raises(NotFound):
        shop.migrate_all("small_suit", "0" * 12, by="olga")
    with pytest.raises(NotAllowed):
        shop.migrate_all("small_suit", by="tom")
