"""What all jobs have taught is told in tables, to those inside, and nothing of fewer than five customers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.insight.cells import bucket
from flowengine.views.insight import Insight, InsightRow, as_rows

StepOf = Callable[[str, str], str]
DAY = timedelta(days=1)

SHOPPERS = [f"shopper-{number}" for number in range(40)]
CUSTOMERS = list({bucket(one): one for one in SHOPPERS}.values())[:14]
"""Customers of whom each falls into a bucket of his own."""


@pytest.fixture
def live(engine: Engine, clock: SimulatedClock, step_of: StepOf) -> Callable[..., str]:
    """Lives a suit: the customer takes a day to choose, the cutter two, the tailor one."""

    def one(who: str, cloth: str = "navy", *, cut: timedelta = 2 * DAY, groups: tuple[str, ...] = ()) -> str:
        engine.add_customer(who, who.title(), groups=groups)
        job = engine.start("small_suit", by=who, need={"occasion": "A wedding"}).job
        clock.advance(DAY)
        engine.act(step_of(job, who), "chosen", {"cloth": cloth}, by=who)
        clock.advance(cut)
        engine.act(step_of(job, "cleo"), "done", by="cleo")
        clock.advance(DAY)
        engine.act(step_of(job, "tom"), "done", by="tom")
        engine.act(step_of(job, who), "approved", by=who)
        return job

    return one


def rows(found: Insight, measure: str) -> dict[tuple[str, str], InsightRow]:
    table = found.table(measure)
    return {(row.state, row.value or row.words): row for row in table.rows} if table is not None else {}


def test_nothing_is_told_of_nothing(engine: Engine) -> None:
    """A process without jobs has no tables, and no months."""
    found = engine.insight("small_suit", by="olga")
    assert (found.tables, found.months, found.since, found.until, found.behind) == ((), (), "", "", 0)


def test_while_all_is_counted_anew_it_is_said(engine: Engine, live: Callable[..., str]) -> None:
    """What is told meanwhile is not whole, which it says; then it is as before."""
    for who in CUSTOMERS[:6]:
        live(who)
    before = engine.insight("small_suit", by="olga")
    assert engine.recount(by="olga") == 6
    with engine.looking() as looking:  # who looks on counts nothing
        meanwhile = looking.insight("small_suit", by="olga")
    assert (meanwhile.anew, meanwhile.behind, meanwhile.tables) == (True, 6, ())
    assert engine.insight("small_suit", by="olga") == before
    assert not before.anew


def test_nothing_is_told_of_one(engine: Engine, live: Callable[..., str]) -> None:
    """What one customer did, however often, is told to nobody."""
    for _ in range(7):
        live("ada")
    assert engine.insight("small_suit", by="olga").tables == ()


def test_it_is_told_what_was_chosen_and_where_jobs_waited(engine: Engine, live: Callable[..., str]) -> None:
    """Choices with their shares, waits with whom they were for and how long they usually took, ends and lead times."""
    for number, who in enumerate(CUSTOMERS):
        live(who, "navy" if number < 8 else "grey")
    found = engine.insight("small_suit", by="tom")
    chosen = rows(found, "chosen")
    assert [(row.words, row.count, row.of) for row in chosen.values()] == [
        ("cloth: Navy flannel", 8, 14),
        ("cloth: Grey worsted", 6, 14),
    ]
    cut = rows(found, "wait")["cut", "role:cutter"]
    assert (cut.title, cut.words, cut.count, cut.mean) == ("Cut the cloth", "Cutter", 14, 172_800)
    assert cut.usual == pytest.approx(172_800, rel=0.045)
    ended = rows(found, "ended")["fulfilled", "fulfilled"]
    assert (ended.count, ended.mean) == (14, 4 * 86_400)
    assert found.behind == 0


def test_one_outlier_does_not_change_what_is_usual(engine: Engine, live: Callable[..., str]) -> None:
    """One cut took half a year: the usual stays two days, and so does what nine of ten take."""
    for who in CUSTOMERS:
        live(who, cut=180 * DAY if who == CUSTOMERS[0] else 2 * DAY)
    cut = rows(engine.insight("small_suit", by="olga"), "wait")["cut", "role:cutter"]
    assert cut.usual == cut.slow == pytest.approx(172_800, rel=0.045)
    assert cut.mean is not None
    assert cut.mean > 10 * 86_400


def test_what_few_have_chosen_is_not_told_and_cannot_be_subtracted(engine: Engine, live: Callable[..., str]) -> None:
    """Three chose grey: neither that nor the other number is told, only both together."""
    for number, who in enumerate(CUSTOMERS):
        live(who, "navy" if number < 11 else "grey")
    (row,) = rows(engine.insight("small_suit", by="olga"), "chosen").values()
    assert (row.others, row.count, row.value) == (True, 14, "")
    table = engine.insight("small_suit", by="olga").table("chosen")
    assert table is not None
    assert table.withheld == 2


def test_months_narrow_it_and_split_it(engine: Engine, live: Callable[..., str], clock: SimulatedClock) -> None:
    """Seven suits of May and seven of July, told month by month, and of July alone."""
    for number, who in enumerate(CUSTOMERS):
        if number == 7:
            clock.advance(40 * DAY)
        live(who)
    months = engine.insight("small_suit", by="olga").months
    found = engine.insight("small_suit", split="month", by="olga").table("started")
    assert found is not None
    assert sum(row.count for row in found.rows) <= 14
    assert {row.split for row in found.rows} <= set(months)
    last = engine.insight("small_suit", since=months[-1], by="olga")
    assert (last.since, last.until) == (months[-1], months[-1])
    with pytest.raises(BadAnswer, match="2026-04 is before 2026-05"):
        engine.insight("small_suit", since="2026-05", until="2026-04", by="olga")


@pytest.mark.parametrize(("members", "told"), [(6, [("club", 6)]), (11, []), (14, [("club", 14)])])
def test_groups_are_told_where_the_rest_is_of_enough(
    engine: Engine, live: Callable[..., str], members: int, told: list[tuple[str, int]]
) -> None:
    """Of fourteen customers six are in the club: it is told. With eleven in it nothing is: the rest are three, of whom
    it would tell. With all in it, there is no rest."""
    for number, who in enumerate(CUSTOMERS):
        live(who, groups=("club",) if number < members else ())
    found = engine.insight("small_suit", split="group", by="olga").table("started")
    assert [(row.split, row.count) for row in (found.rows if found is not None else ())] == told


CAKES = """
process: cakes
title: Cakes
need: A cake
roles: {baker: {title: Baker}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: bake}
  bake: {type: task, for: baker, title: Bake it, on: {done: rate, burnt: again}}
  again: {type: task, for: baker, title: Bake another, next: rate}
  rate: {type: feedback, ask: How was it?, within: P9D, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_satisfaction_is_joined_to_the_way_and_to_the_wait(engine: Engine, clock: SimulatedClock) -> None:
    """Of fourteen, seven had a burnt cake and waited for ten days: they are less satisfied, their promise was broken;
    one of them has a concern that is open."""
    engine.deploy(CAKES)
    engine.add_staff("bea", "Bea", roles=["baker"])
    for number, who in enumerate(CUSTOMERS):
        engine.add_customer(who)
        by = (clock.now() + 5 * DAY).date().isoformat()
        job = engine.start("cakes", by=who, need={"by": by}).job
        asked = engine.say(job, "Is it without nuts?", "concern", by=who).question
        if number:
            engine.say(job, "It is", "answer", to=asked, by="bea")

        def act(whose: str, outcome: str, answer: dict[str, object], job: str = job) -> None:
            (step,) = [one.id for one in engine.inbox(whose, limit=200) if one.job == job and not one.asked]
            engine.act(step, outcome, answer, by=whose)

        clock.advance(DAY)
        act("bea", "burnt" if number % 2 else "done", {})
        if number % 2:
            clock.advance(9 * DAY)
            act("bea", "done", {})
        act(who, "given", {"rating": 2 if number % 2 else 5, "recommend": number % 2 == 0})
    found = engine.insight("cakes", by="bea")
    (all_,) = rows(found, "rated").values()
    assert (all_.count, all_.mean) == (14, 3.5)
    after = {row.value: (row.count, row.of, row.mean) for row in rows(found, "rated_after").values()}
    assert after["again"] == (7, 14, 2.0)
    assert after["bake"] == (14, 14, 3.5)
    waited = {row.value: row.mean for row in rows(found, "rated_when").values()}
    assert waited == {"week": 5.0, "month": 2.0}
    promised = {row.value: (row.count, row.of) for row in rows(found, "promise").values()}
    assert (promised["made"], promised["kept"], promised["broken"]) == ((14, 14), (7, 14), (7, 14))
    assert (rows(found, "said")["", "concern"].count, rows(found, "answered")["", "concern"].count) == (14, 13)
    assert {row.value: row.count for row in rows(found, "recommended").values()} == {"yes": 7, "no": 7}


def test_who_may_ask_and_of_what(engine: Engine) -> None:
    """Customers may not; months, splits and processes that are none are refused with what is possible."""
    with pytest.raises(NotAllowed):
        engine.insight("small_suit", by="ada")
    with pytest.raises(NotFound, match="there is no process 'nothing'"):
        engine.insight("nothing", by="olga")
    for since in ("May", "2026-13", "2026", "26-05", "2026-5"):
        with pytest.raises(BadAnswer, match="is no month"):
            engine.insight("small_suit", since=since, by="olga")
    with pytest.raises(BadAnswer) as refused:
        engine.insight("small_suit", split="customer", by="olga")  # type: ignore[arg-type]
    assert refused.value.possible == ("month", "version", "group")


def test_what_is_closed_to_a_role_is_closed_here_too(engine: Engine) -> None:
    """A process whose record is closed to tailors tells them nothing, and others what it has."""
    engine.deploy(
        "process: quiet\ntitle: Quiet\nneed: Rest\nroles: {tailor: {title: Tailor}}\nclosed_to: [tailor]\n"
        "states:\n  need: {type: need, ask: What?, next: fulfilled}\n  fulfilled: {type: fulfilled}\n"
    )
    with pytest.raises(NotAllowed, match="closed to your roles"):
        engine.insight("quiet", by="tom")
    assert engine.insight("quiet", by="cleo").tables == ()


def test_a_worklist_says_what_is_usual(
    engine: Engine, live: Callable[..., str], clock: SimulatedClock, step_of: StepOf
) -> None:
    """Beside a step stands how long it usually takes, once that is of enough customers; a customer is not told."""

    def waiting() -> str:
        job = engine.start("small_suit", by="ada", need={"occasion": "Work"}).job
        engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
        return step_of(job, "cleo")

    first = waiting()
    assert engine.step(first, "cleo").usual is None
    engine.act(first, "done", by="cleo")
    for who in CUSTOMERS[:6]:
        live(who)
    engine.insight("small_suit", by="olga")
    clock.advance(timedelta(minutes=2))
    step = waiting()
    (item,) = [one for one in engine.inbox("cleo") if one.id == step]
    assert item.usual == pytest.approx(172_800, rel=0.045)
    assert engine.step(item.id, "cleo").usual == item.usual
    engine.start("small_suit", by="ben", need={"occasion": "Work"})
    assert not hasattr(engine.inbox("ben")[0], "usual")


def test_all_rows_are_given_as_columns(engine: Engine, live: Callable[..., str]) -> None:
    """Each row has as many cells as there are heads."""
    for who in CUSTOMERS[:6]:
        live(who)
    heads, *lines = as_rows(engine.insight("small_suit", by="olga").tables)
    assert heads[:3] == ("measure", "state", "title")
    assert {len(line) for line in lines} == {len(heads)}
    assert {line[0] for line in lines} >= {"started", "wait", "visit", "act"}
