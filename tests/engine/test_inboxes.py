"""Inboxes of those who have much to do: the most urgent first, page by page, narrowed, and counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowengine import Engine, InboxCounts, NotAllowed, Refused, SimulatedClock

COUNTER = """
process: {name}
title: At the counter
need: Something
roles: {{clerk: Clerk, cook: Cook}}
states:
  need:
    type: need
    fields: {{day: {{type: string, format: date}}, what: {{type: string}}}}
    next: serve
  serve: {{type: task, for: clerk, ask: "Serve {{data.need.what}}", on: {{done: cook}}}}
  cook: {{type: task, for: cook, ask: Cook it, not_by: serve, on: {{done: fulfilled}}}}
  fulfilled: {{type: fulfilled}}
{more}
"""
PROMISED = "promise: {by: data.need.day}\n"


@pytest.fixture
def counter(engine: Engine) -> Engine:
    """Two processes for clerks and cooks, one of which promises a day; Kim is both, Lee a cook."""
    engine.deploy(COUNTER.format(name="bakery", more=""))
    engine.deploy(COUNTER.format(name="parcels", more=PROMISED))
    engine.add_staff("kim", "Kim", ["clerk", "cook"])
    engine.add_staff("lee", "Lee", ["cook"])
    return engine


def begin(engine: Engine, process: str = "bakery", who: str = "ada", what: str = "bread", days: int = 9) -> str:
    day = (engine.clock.now() + timedelta(days=days)).date().isoformat()
    return engine.start(process, by=who, need={"day": day, "what": what}).job


def test_the_most_urgent_is_first_however_many_wait(counter: Engine, clock: SimulatedClock) -> None:
    """A step of a job that is promised for tomorrow stands before all that were opened before it."""
    old = []
    for _ in range(30):
        old.append(begin(counter))
        clock.advance(timedelta(minutes=1))
    late, soon = begin(counter, "parcels", days=3), begin(counter, "parcels", days=1)
    assert [item.job for item in counter.inbox("kim", limit=3)] == [soon, late, old[0]]
    assert counter.inbox("kim", limit=1)[0].urgent is not None
    assert counter.inbox("kim")[-1].urgent is None


def test_an_inbox_goes_on_behind_its_page(counter: Engine) -> None:
    """Page by page, each step is met once, also when those before it have been done meanwhile."""
    made = {begin(counter) for _ in range(7)}
    seen, after = [], None
    while page := counter.inbox("kim", limit=3, after=after):
        seen += [item.job for item in page]
        after = page[-1].place
        for item in page:
            counter.act(item.id, by="kim")
    assert (len(seen), set(seen)) == (7, made)
    for wrong in ("nonsense", "1:2:3", "9:1:x:1", "1:x:y:z", "1::x:1", "1:1:x:²"):
        with pytest.raises(Refused, match="the place that the last item"):
            counter.inbox("kim", after=wrong)


def test_an_inbox_is_narrowed_to_what_is_looked_for(counter: Engine) -> None:
    """To a process, a role, a customer, and to words of its titles."""
    bread, parcel = begin(counter, what="a Loaf"), begin(counter, "parcels", "ben", "a box")
    cook = begin(counter, who="ben", what="soup")
    counter.act(next(item.id for item in counter.inbox("kim") if item.job == cook), by="kim")
    assert [item.job for item in counter.inbox("kim", process="parcels")] == [parcel]
    assert [item.job for item in counter.inbox("kim", customer="ada")] == [bread]
    assert [item.job for item in counter.inbox("kim", text="LOAF serve")] == [bread]
    assert counter.inbox("kim", text="loaf box") == []
    assert {item.job for item in counter.inbox("kim", role="clerk")} == {bread, parcel}
    assert counter.inbox("kim", role="cook") == [], "what he served he may not cook"
    assert [item.job for item in counter.inbox("lee", role="cook")] == [cook]
    with pytest.raises(NotAllowed) as refused:
        counter.inbox("lee", role="clerk")
    assert refused.value.possible == ("cook",)


def test_what_waits_is_counted(counter: Engine, clock: SimulatedClock) -> None:
    """In all and by process and role: what is late, what is for today where the reader is, and the rest."""
    counter.add_staff("kim", zone="America/Los_Angeles")  # where a day of UTC ends in the afternoon
    begin(counter)
    begin(counter, "parcels", days=0)
    begin(counter, "parcels", days=1)
    begin(counter, "parcels", days=5)
    groups = counter.inbox_counts("kim").groups
    assert [(one.process, one.role, one.count, one.late, one.today) for one in groups] == [
        ("bakery", "clerk", 1, 0, 0),
        ("parcels", "clerk", 3, 0, 1),
    ]
    clock.advance(timedelta(days=1, hours=13))
    found = counter.inbox_counts("kim")
    assert (found.count, found.late, found.today) == (4, 1, 1)
    assert counter.inbox_counts("kim", process="bakery").count == 1
    assert counter.inbox_counts("kim", text="nothing") == InboxCounts(count=0, late=0, today=0, groups=())
    with pytest.raises(NotAllowed):
        counter.inbox_counts("lee", role="clerk")


def test_a_count_and_its_inbox_agree(counter: Engine) -> None:
    """What others have claimed, and what one may not do, is in neither."""
    for _ in range(3):
        begin(counter)
    mine, other, served = counter.inbox("kim")
    counter.add_staff("pat", "Pat", ["clerk", "cook"])
    counter.claim(mine.id, by="kim")
    counter.claim(other.id, by="pat")
    counter.act(served.id, by="kim")
    for who in ("kim", "pat", "lee"):
        assert counter.inbox_counts(who).count == len(counter.inbox(who)), who
    assert [item.id for item in counter.inbox("kim")] == [mine.id]
    assert len(counter.inbox("pat")) == 2


ASKED = """
process: asked
title: Asked
need: An opinion
promise: {by: data.need.day}
roles: {clerk: Clerk}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: ask}
  ask:
    type: parallel
    branches:
      others:
        start: tell
        states:
          tell: {type: task, open_to: [customers], ask: Well?, within: P30D, on: {done: done, expired: done}}
      ours: {start: look, states: {look: {type: task, for: clerk, ask: Look, on: {done: done}}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_a_promise_is_told_to_nobody_by_the_order(counter: Engine) -> None:
    """A customer who helps in somebody else's job learns nothing of its promise, from no field; staff do (L9)."""
    counter.deploy(ASKED)
    day = (counter.clock.now() + timedelta(days=3)).date()
    job = counter.start("asked", by="ada", need={"day": day.isoformat()}).job
    (helps,) = counter.inbox("ben")
    (looks,) = counter.inbox("kim")
    assert looks.promise is not None
    assert looks.urgent == looks.promise
    assert (helps.promise, helps.urgent) == (None, helps.due)
    assert str(int(looks.promise.timestamp())) in looks.place
    assert str(int(looks.promise.timestamp())) not in helps.place
    assert counter.audit(job).fine
    counter.claim(helps.id, by="ben")
    counter.claim(looks.id, by="kim")
    assert counter.audit(job).fine
    assert counter.inbox("kim")[0].urgent == looks.promise
