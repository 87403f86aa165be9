"""What to order today: counted as jobs act, by difference, and told of each option with a reason."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flowengine import BadAnswer, Database, Engine, NotAllowed, NotFound, SimulatedClock
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


def many(shop: Engine, clock: SimulatedClock, days: int = 60) -> None:
    """Every second day somebody chooses navy, and it is cut ten days later."""
    shop.add_customer("ada")
    due: dict[int, list[str]] = {}
    for day in range(days):
        if day % 2 == 0:
            job = begin(shop)
            choose(shop, job, "navy")
            due.setdefault(day + 10, []).append(job)
        for job in due.get(day, ()):
            do(shop, job, "cleo", "cut", "done")
        clock.advance(timedelta(days=1))
    count(shop)


def row(found: Any, option: str) -> Any:
    (one,) = (one for one in found.rows if one.option == option)
    return one


def test_it_is_told_what_to_order_and_why(shop: Engine, clock: SimulatedClock) -> None:
    """Of what is chosen, what is needed by the day on which an order of today comes; what there is is taken off."""
    many(shop, clock)
    found = shop.forecast("shop", stocks=[{"option": "navy", "on_hand": 1, "on_order": 1}], by="cleo")
    assert (found.process, found.title, found.service, found.behind) == ("shop", "A shop", 0.95, 0)
    assert found.today == date(2027, 3, 5)
    assert found.since == date(2027, 1, 4)
    navy = row(found, "navy")
    assert (navy.chosen, navy.lead_time, navy.until) == (5, 5, date(2027, 3, 10))
    assert navy.known == pytest.approx(2.3, abs=0.1), "two of them surely, and perhaps the one that is due by now"
    assert navy.pieces == navy.level - 2 > 0
    assert navy.reason.startswith(
        f"order {navy.pieces}: 5 are chosen and not used yet, of which 2.3 are expected to be"
    )
    assert navy.reason.endswith("1 in stock, 1 on order")
    assert found.rows[0] == navy, "what is to be ordered comes first"
    weeks = [week.expected for week in navy.weeks]
    assert [week.until for week in navy.weeks[:2]] == [date(2027, 3, 12), date(2027, 3, 19)]
    assert 4.5 < sum(week.known for week in navy.weeks) <= 5
    assert weeks[-1] == pytest.approx(3.5, abs=0.5), "half a piece a day"


def test_without_a_stock_it_is_told_how_much_to_hold(shop: Engine, clock: SimulatedClock) -> None:
    """No pieces to order, but a level; an option without a count says that it has none."""
    many(shop, clock, 30)
    navy = row(shop.forecast("shop", by="cleo"), "navy")
    assert (navy.pieces, navy.on_hand) == (None, None)
    assert navy.level > 0
    assert navy.reason.startswith(f"hold {navy.level}: ")
    tweed = row(shop.forecast("shop", stocks=[{"option": "navy", "on_hand": 1}], by="cleo"), "tweed")
    assert tweed.pieces is None
    assert tweed.reason.endswith("it is not in the stock that was given")


def test_an_option_without_a_lead_time_is_not_told(shop: Engine) -> None:
    """It is listed, with what to write."""
    linen = row(shop.forecast("shop", by="cleo"), "linen")
    assert (linen.level, linen.pieces, linen.lead_time) == (None, None, None)
    assert linen.reason == ("the process does not say how long it takes to come: write lead_time: P10D, say, beside it")


def test_a_shop_without_history_orders_nothing(shop: Engine) -> None:
    """Nothing was chosen: each level is 0, and what takes some hours to come counts as a day."""
    found = shop.forecast("shop", stocks=[{"option": "navy", "on_hand": 0}, {"option": "brass", "on_hand": 2}])
    assert found.since is None
    assert {one.level for one in found.rows if one.lead_time} == {0}
    assert row(found, "navy").pieces == row(found, "brass").pieces == 0
    assert row(found, "brass").lead_time == 1


def test_a_young_shop_orders_what_is_chosen(shop: Engine, clock: SimulatedClock) -> None:
    """As long as few choices were ever used, each counts as needed at once, and that is said."""
    for _ in range(3):
        choose(shop, begin(shop), "tweed")
        clock.advance(timedelta(days=1))
    tweed = row(shop.forecast("shop", stocks=[{"option": "tweed", "on_hand": 1}], by="cleo"), "tweed")
    assert (tweed.chosen, tweed.known) == (3, 3)
    assert tweed.pieces >= 2
    assert tweed.reason.endswith("how soon choices are used is not known yet, so each counts as needed at once")


def test_what_is_owed_is_not_counted_twice(shop: Engine, clock: SimulatedClock) -> None:
    """It is chosen and not used as well; what is owed beyond that is ordered besides."""
    many(shop, clock)
    stock = {"option": "navy", "on_hand": 0}
    none, two, ten = (
        row(shop.forecast("shop", stocks=[stock | {"owed": owed}], by="cleo"), "navy") for owed in (0, 2, 10)
    )
    assert (none.chosen, two.chosen, ten.chosen) == (5, 3, 0)
    assert none.pieces <= two.pieces <= none.pieces + 1
    assert ten.pieces == 10 + ten.level
    assert two.reason.endswith("0 in stock, 0 on order; 2 owed already")


def test_an_option_that_is_gone_is_not_ordered_unless_somebody_waits(shop: Engine) -> None:
    """Of stock that is left nothing is ordered, and it is said why; who has chosen it before still gets it."""
    choose(shop, begin(shop), "tweed")
    shop.deploy(
        SHOP.replace("    - {id: tweed, title: Green tweed, lead_time: P3W}\n", "").replace("id: navy", "id: blue")
    )
    stocks = [{"option": "navy", "on_hand": 4}, {"option": "tweed", "on_hand": 0}, {"option": "blue", "on_hand": 0}]
    found = shop.forecast("shop", stocks=stocks, by="cleo")
    navy, tweed = row(found, "navy"), row(found, "tweed")
    assert (navy.pieces, navy.level, navy.gone) == (0, 0, True)
    assert navy.reason == "order nothing: nobody can choose it any more, and nobody waits for it"
    assert (tweed.gone, tweed.chosen, tweed.lead_time, tweed.title) == (True, 1, 21, "Green tweed")
    assert tweed.reason.endswith("nobody can choose it any more")
    assert [one.option for one in shop.forecast("shop", by="cleo").rows if one.gone] == ["tweed"]


def test_jobs_of_before_count_by_what_the_newest_version_says(database: Database, clock: SimulatedClock) -> None:
    """A process that says later what it uses up knows what was chosen before, once all is counted anew."""
    with Engine(database, clock=clock, handlers={}) as shop:
        shop.add_staff("cleo", "Cleo", roles=["cutter"])
        shop.add_staff("olga", "Olga", roles=["operator"])
        shop.deploy(SHOP.replace("uses: fabric.cloth, ", "").replace("uses: trim.buttons, ", ""))
        job = begin(shop)
        choose(shop, job, "navy")
        count(shop)
        with pytest.raises(BadAnswer, match="no state of shop says that it uses up what was chosen") as refused:
            shop.forecast("shop", by="cleo")
        assert refused.value.possible[:2] == ("uses: fabric.cloth", "uses: trim.buttons")
        shop.deploy(SHOP)
        assert row(shop.forecast("shop", by="cleo"), "navy").chosen == 0
        shop.recount(by="olga")
        count(shop)
        assert row(shop.forecast("shop", by="cleo"), "navy").chosen == 1
        do(shop, job, "cleo", "cut", "done")
        assert row(shop.forecast("shop", by="cleo"), "navy").chosen == 0


def test_a_process_without_options_says_what_to_write(shop: Engine) -> None:
    """No choice, no lead time: both are said."""
    shop.deploy("""
process: quick
need: Tea
states:
  need: {type: need, next: pour}
  pour: {type: task, for: staff, next: fulfilled}
  fulfilled: {type: fulfilled}
""")
    with pytest.raises(BadAnswer) as refused:
        shop.forecast("quick")
    assert refused.value.problems.keys() == {"uses"}
    assert refused.value.possible == (
        "options with a lead time, as {id: navy, lead_time: P12D}", "a choice of these options",
    )  # fmt: skip


def test_what_is_erased_is_counted_no_more(shop: Engine, clock: SimulatedClock) -> None:
    """Of somebody who is erased, what she chose is counted no more."""
    job = begin(shop)
    choose(shop, job, "navy")
    shop.end(job, "She moved away", by="olga")
    count(shop)
    assert pieces(shop) == {("cloth.navy", 1, 0, "withdrawn", 0): 1}
    clock.advance(timedelta(days=1))
    shop.erase("ada", because="She asked", by="olga")
    count(shop)
    assert pieces(shop) == {}


def test_staff_and_operators_may_ask(shop: Engine) -> None:
    """Customers may not; nor those to all of whose roles the process is closed."""
    shop.add_customer("ada")
    shop.deploy(SHOP.replace("process: shop", "process: quiet\nclosed_to: cutter"))
    with pytest.raises(NotAllowed, match="may see what is to be ordered"):
        shop.forecast("shop", by="ada")
    with pytest.raises(NotAllowed, match="closed to your roles"):
        shop.forecast("quiet", by="cleo")
    assert shop.forecast("quiet", by="olga").rows
    with pytest.raises(NotFound):
        shop.forecast("nothing", by="olga")


NAN = float("nan")


@pytest.mark.parametrize(
    ("stocks", "where", "words"),
    [
        ("navy", "stocks", "is no list of rows"),
        ({"navy": 3}, "stocks", "is no list of rows"),
        ([{"option": "navy"}] * 10_001, "stocks", "has 10,001 rows"),
        (["navy"], "row 1", "is no row"),
        ([{"on_hand": 3}], "row 1", "option: which one is missing"),
        ([{"option": "navi", "on_hand": 3}], "row 1", "there is no option 'navi'; did you mean 'navy'?"),
        ([{"option": "corduroy\x00", "on_hand": 3}], "row 1", "there is no option"),
        ([{"option": "navy", "on_hand": 3, "price": 1}], "row 1", "there is no column 'price'"),
        ([{"option": "navy"}], "row 1", "on_hand: how many there are is missing"),
        ([{"option": "navy", "on_hand": -1}], "row 1", "on_hand: -1 is not from 0"),
        ([{"option": "navy", "on_hand": 1, "owed": 2.5}], "row 1", "owed: 2.5 is no whole number"),
        ([{"option": "navy", "on_hand": NAN}], "row 1", "on_hand: nan is no number"),
        ([{"option": "navy", "on_hand": 1e300}], "row 1", "is not from 0 to 1,000,000,000"),
        ([{"option": "navy", "on_hand": 10**30}], "row 1", "is not from 0 to 1,000,000,000"),
        ([{"option": "navy", "on_hand": True}], "row 1", "on_hand: True is no number"),
        ([{"option": "navy", "on_hand": "3"}], "row 1", "on_hand: '3' is no number"),
        ([{"option": "navy", "on_hand": 1}, {"option": "cloth.navy", "on_hand": 1, "line": 7}], "line 7",
         "navy stands in row 1 already"),
    ],
)  # fmt: skip
def test_a_stock_that_cannot_be_is_refused(shop: Engine, stocks: Any, where: str, words: str) -> None:
    """Each row is looked at, and told by its number, or by its line in a file."""
    with pytest.raises(BadAnswer) as refused:
        shop.forecast("shop", stocks=stocks, by="cleo")
    assert words in refused.value.problems[where]


@pytest.mark.parametrize("service", [0, 1, 95, -0.5, NAN, True, "0.95", None])
def test_a_service_that_is_no_share_is_refused(shop: Engine, service: Any) -> None:
    """Between 0 and 1, and a number."""
    with pytest.raises(BadAnswer, match="service"):
        shop.forecast("shop", service=service, by="cleo")


def test_an_id_in_several_lists_is_told_with_its_list(shop: Engine) -> None:
    """An option that two lists have is named as list.id."""
    shop.deploy(SHOP.replace("{id: horn, lead_time: P2D}", "{id: navy, lead_time: P2D}"))
    with pytest.raises(BadAnswer, match="an option of several lists"):
        shop.forecast("shop", stocks=[{"option": "navy", "on_hand": 1}], by="cleo")
    found = shop.forecast("shop", stocks=[{"option": "buttons.navy", "on_hand": 1}], by="cleo")
    assert {one.options: one.on_hand for one in found.rows if one.option == "navy"} == {"cloth": None, "buttons": 1}


@pytest.mark.parametrize(("lead", "days"), [("P2M", 59), ("P0D", 1), ("PT1S", 1), ("P90Y", None)])
def test_lead_times_are_told_in_days(shop: Engine, lead: str, days: int | None) -> None:
    """Months are as long as they are from today on, less than a day is a day; years are too long to tell."""
    shop.deploy(SHOP.replace("lead_time: P5D", f"lead_time: {lead}"))
    navy = row(shop.forecast("shop", by="cleo"), "navy")
    if days is None:
        assert navy.level is None
        assert "up to 1,000 can be told" in navy.reason
    else:
        assert (navy.lead_time, navy.level) == (days, 0)


def test_it_is_told_in_the_readers_language(shop: Engine) -> None:
    """The reason is German to who reads German."""
    from flowengine.client import LocalDesk

    found = LocalDesk(shop, "cleo", language="de").forecast("shop", stocks=[{"option": "navy", "on_hand": 2}])
    assert row(found, "navy").reason.startswith("nichts bestellen: ")
