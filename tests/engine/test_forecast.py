"""What to order today: counted as jobs act, by difference, and told of each option with a reason."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flowengine import Database, Engine, SimulatedClock
from flowengine.commands import counting
from flowengine.store import tables as t

SHOP = """
process: shop
title: A shop
need: A coat
zone: Europe/London
roles: {cutter: {title: Cutter}}
options:
  cloth:
    - {id: navy, title: Navy flannel, lead_time: P5D}
    - {id: tweed, title: Green tweed, lead_time: P3W}
    - {id: linen, title: Linen}
  buttons:
    - {id: horn, lead_time: P2D}
    - {id: brass, lead_time: PT4H}
states:
  need: {type: need, fields: {what: {type: string}}, next: choose}
  choose:
    type: choice
    choose: {cloth: {from: cloth}}
    saves: fabric
    within: P90D
    on: {chosen: trim, expired: gone}
  trim:
    type: choice
    choose: {buttons: {from: buttons, quantity: true, min: 0}}
    within: P90D
    on: {chosen: making, expired: gone}
  making:
    type: parallel
    branches:
      cloth:
        start: cut
        states:
          cut: {type: task, for: cutter, uses: fabric.cloth, on: {done: done, failed: again}}
          again: {type: task, for: cutter, on: {done: cut}}
      rest: {start: draw, states: {draw: {type: task, for: cutter, on: {done: done}}}}
    on: {joined: sew}
  sew: {type: task, for: cutter, uses: trim.buttons, on: {done: fulfilled, wrong_cloth: making}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nothing came of it}
always:
  another: {by: customer, when: has(data.fabric), to: choose}
  withdraw: {by: customer, to: gone}
"""

MORNING = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(MORNING)


@pytest.fixture
def shop(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with Engine(database, clock=clock, handlers={}) as engine:
        engine.deploy(SHOP)
        engine.add_staff("cleo", "Cleo", roles=["cutter"])
        engine.add_staff("olga", "Olga", roles=["operator"])
        yield engine


def begin(shop: Engine, who: str = "ada") -> str:
    if not any(one.id == who for one in shop.people("customer")):
        shop.add_customer(who)
    return shop.start("shop", by=who, need={"what": "a coat"}).job


def do(shop: Engine, job: str, who: str, state: str, outcome: str, answer: dict[str, Any] | None = None) -> None:
    steps = [
        item.id for item in shop.inbox(who, everything=True) if item.job == job and item_state(shop, item) == state
    ]
    shop.act(steps[0], outcome, answer or {}, by=who)


def item_state(shop: Engine, item: Any) -> str:
    return str(shop.step(item.id, "olga").state)


def choose(shop: Engine, job: str, cloth: str, buttons: dict[str, int] | None = None, who: str = "ada") -> None:
    do(shop, job, who, "choose", "chosen", {"cloth": cloth})
    do(shop, job, who, "trim", "chosen", {"buttons": buttons} if buttons else {})


def count(shop: Engine) -> None:
    while counting.count(shop.shell)[0]:
        pass


def pieces(shop: Engine) -> dict[tuple[Any, ...], int]:
    """What is counted: by list, option, size, day made, fate and day of it."""
    with shop.shell.reading() as tx:
        found: dict[tuple[Any, ...], int] = {}
        import sqlalchemy as sa

        from flowengine.store.query import Query

        c = t.pieces.c
        all_of_them = Query("test", "all", sa.select(c.options, c.option, c.size, c.made, c.fate, c.over, c.choices))
        for *key, choices in tx.channel.rows(all_of_them, {}):
            options, option, size, made, fate, over = key
            day = (date.fromordinal(made) - MORNING.date()).days
            end = (date.fromordinal(over) - MORNING.date()).days if over else None
            where = (f"{options}.{option}", size, day, fate, end)
            found[where] = found.get(where, 0) + choices
        return found


def test_what_is_chosen_waits_until_it_is_used(shop: Engine, clock: SimulatedClock) -> None:
    """A piece is counted on the day it is chosen, and as used on the day on which the state that uses it is left."""
    job = begin(shop)
    choose(shop, job, "navy", {"horn": 6})
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "waiting", None): 1, ("buttons.horn", 6, 0, "waiting", None): 1}
    clock.advance(timedelta(days=3))
    do(shop, job, "cleo", "cut", "done")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "used", 3): 1, ("buttons.horn", 6, 0, "waiting", None): 1}


def test_days_are_those_of_the_process(shop: Engine, clock: SimulatedClock) -> None:
    """At half past eleven in the evening in UTC it is tomorrow in London in summer."""
    clock.advance(timedelta(days=178, hours=14, minutes=30))  # 1 July, 23:30 UTC
    choose(shop, begin(shop), "navy")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 179, "waiting", None): 1}
    assert shop.forecast("shop", by="cleo").today == date(2027, 7, 2)


def test_another_choice_takes_the_earlier_one_back(shop: Engine, clock: SimulatedClock) -> None:
    """A change of mind withdraws what was chosen; the same choice again changes nothing."""
    job = begin(shop)
    choose(shop, job, "navy")
    clock.advance(timedelta(days=2))
    shop.invoke(job, "another", by="ada")
    choose(shop, job, "tweed")
    clock.advance(timedelta(days=1))
    shop.invoke(job, "another", by="ada")
    choose(shop, job, "tweed")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "withdrawn", 2): 1, ("cloth.tweed", 1, 2, "waiting", None): 1}


def test_the_end_of_a_job_withdraws_what_waits(shop: Engine, clock: SimulatedClock) -> None:
    """Who withdraws needs nothing any more; what is used already stays used."""
    job = begin(shop)
    choose(shop, job, "navy", {"horn": 6})
    do(shop, job, "cleo", "cut", "done")
    clock.advance(timedelta(days=1))
    shop.invoke(job, "withdraw", by="ada")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "used", 0): 1, ("buttons.horn", 6, 0, "withdrawn", 1): 1}


def test_an_outcome_that_nobody_hopes_for_uses_nothing_and_what_is_done_again_uses_again(
    shop: Engine, clock: SimulatedClock
) -> None:
    """A cut that failed has used nothing; a second cut of the same job uses another piece, chosen on that day."""
    job = begin(shop)
    choose(shop, job, "navy")
    do(shop, job, "cleo", "cut", "failed")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "waiting", None): 1}
    do(shop, job, "cleo", "again", "done")
    clock.advance(timedelta(days=1))
    do(shop, job, "cleo", "cut", "done")
    do(shop, job, "cleo", "draw", "done")
    do(shop, job, "cleo", "sew", "wrong_cloth")
    clock.advance(timedelta(days=1))
    do(shop, job, "cleo", "cut", "done")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "used", 1): 1, ("cloth.navy", 1, 2, "used", 2): 1}


def live(shop: Engine, clock: SimulatedClock, chance: random.Random, often: float) -> None:
    """Several jobs act by chance, and are counted now and then."""
    jobs = [begin(shop, who) for who in ("ada", "ben", "eve")]
    for _ in range(40):
        if chance.random() < 0.4:
            clock.advance(timedelta(hours=chance.randrange(1, 40)))
        who = chance.choice(["ada", "ben", "eve", "cleo"])
        own = [one for one in shop.inbox(who, everything=True) if one.job in jobs]
        if own and chance.random() < 0.85:
            step = chance.choice(own)
            state = item_state(shop, step)
            answers: dict[str, list[tuple[str, dict[str, Any]]]] = {
                "choose": [("chosen", {"cloth": one}) for one in ("navy", "tweed", "linen")],
                "trim": [("chosen", {"buttons": {"horn": 2, "brass": 1}}), ("chosen", {})],
                "cut": [("done", {}), ("failed", {})],
                "sew": [("done", {}), ("wrong_cloth", {})],
            }
            outcome, answer = chance.choice(answers.get(state, [("done", {})]))
            shop.act(step.id, outcome, answer, by=who)
        elif who != "cleo":
            job = jobs[("ada", "ben", "eve").index(who)]
            names = [offer.name for offer in shop.track(job, who).offers]
            name = chance.choice(["another", "another", "withdraw"])
            if name in names:
                shop.invoke(job, name, by=who)
        if chance.random() < often:
            counting.count(shop.shell, most=2)


@pytest.mark.parametrize("seed", range(6))
def test_counted_as_it_happens_comes_to_what_counting_anew_does(
    shop: Engine, clock: SimulatedClock, seed: int, tmp_path: Path
) -> None:
    """Whatever jobs do, counted after each act, all at once or anew: the pieces are the same; archived jobs stay."""
    chance = random.Random(seed)
    live(shop, clock, chance, often=seed / 6)
    count(shop)
    before = pieces(shop)
    assert before
    assert all(number > 0 for number in before.values())
    shop.recount(by="olga")
    assert pieces(shop) == {}
    count(shop)
    assert pieces(shop) == before
    clock.advance(timedelta(days=200))
    shop.run_due()
    shop.archive(clock.now(), tmp_path / "old.jsonl")
    count(shop)
    after = pieces(shop)
    assert {key: n for key, n in after.items() if key[3] == "used"} == {
        key: n for key, n in before.items() if key[3] == "used"
    }
    shop.recount(by="olga")
    count(shop)
    assert pieces(shop) == after
