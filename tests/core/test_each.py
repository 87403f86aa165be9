"""One branch per item: opened all at once or some at a time, added to, joined, collected; ten thousand of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rehearsal import ADA, BEN, EVA, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core.always import offers
from flowengine.core.values import ROOT
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, NotFound, StaleCommand
from flowengine.language import parse


def tries(keys: str = "", of: str = "[1, 2, 3]", fields: str = "found: {type: string}") -> Rehearsal:
    """An each of tasks ``look`` with the items of ``of``."""
    states = f"""
  first:
    type: each
    of: '{of}'
    {keys}
    start: look
    states:
      look: {{type: task, for: tailor, fields: {{{fields}}}, on: {{done: done}}}}
    on: {{joined: after}}
  after: {{type: task, for: tailor, next: fulfilled}}
"""
    return Rehearsal(process(states))


def branch(index: int, entry: int = 2) -> str:
    return f"{ROOT}/first#{entry}/{index}"


def test_one_branch_per_item_and_the_data_collected_in_order() -> None:
    """At the join the each saves one object per item, in the items' order, with what was saved inside."""
    job = tries()
    assert job.standing == ["first", "look", "look", "look"]
    for index in (2, 0, 1):
        job.act("look", answer={"found": f"at {index}"}, by=TOM, branch=branch(index))
    assert job.standing == ["after"]
    assert job.data["first"] == [
        {"look": {"found": "at 0"}, "item": 1},
        {"look": {"found": "at 1"}, "item": 2},
        {"look": {"found": "at 2"}, "item": 3},
    ]


def test_an_empty_list_joins_at_once() -> None:
    """An each without items is joined at once, and saves an empty list."""
    job = tries(of="[]")
    assert job.standing == ["after"]
    assert job.data["first"] == []


def test_what_is_no_list_is_refused() -> None:
    """An ``of`` that gives something else than a list is an error with its place."""
    with pytest.raises(ExpressionFailed, match="not a list"):
        tries(of="7")


def test_some_at_a_time() -> None:
    """With ``at_a_time: 2`` a third branch opens when one of two is done."""
    job = tries("at_a_time: 2")
    assert job.standing == ["first", "look", "look"]
    job.act("look", answer={"found": "x"}, by=TOM, branch=branch(1))
    assert sorted(step.branch for step in job.steps) == [branch(0), branch(2)]
    for index in (0, 2):
        job.act("look", answer={"found": "x"}, by=TOM, branch=branch(index))
    assert job.standing == ["after"]
    assert [one["item"] for one in job.data["first"]] == [1, 2, 3]


def test_items_are_added_while_it_runs() -> None:
    """An each with ``more`` takes further items until it is joined."""
    job = tries("more: true")
    job.do(c.Add(by=ADA, state="first", items=(4, 5)))
    assert job.standing == ["first", *["look"] * 5]
    for index in range(5):
        job.act("look", answer={"found": "x"}, by=TOM, branch=branch(index))
    assert [one["item"] for one in job.data["first"]] == [1, 2, 3, 4, 5]
    with pytest.raises(StaleCommand):
        job.do(c.Add(by=ADA, state="first", items=(6,)))


def test_added_items_wait_their_turn() -> None:
    """Items added to an each with ``at_a_time`` come after those that wait already."""
    job = tries("at_a_time: 1\n    more: true", of="[1, 2]")
    job.do(c.Add(by=ADA, state="first", items=(3,)))
    for index in range(3):
        assert [step.branch for step in job.steps] == [branch(index)]
        job.act("look", answer={"found": "x"}, by=TOM)
    assert job.standing == ["after"]


def test_adding_is_refused_where_it_is_not_provided_for() -> None:
    """Only an each with ``more`` takes items; another state, or an each without it, refuses."""
    job = tries()
    with pytest.raises(NotAllowed):
        job.do(c.Add(by=ADA, state="first", items=(4,)))
    with pytest.raises(NotFound):
        job.do(c.Add(by=ADA, state="after", items=(4,)))


@pytest.mark.parametrize("of", ['["a"]', "data.need.l"])
@pytest.mark.parametrize("item", [5, None, {"x": 1}, ["a"], True, "x" * 10_001])
def test_what_is_added_is_like_what_is_there(of: str, item: Any) -> None:
    """A list of texts takes no number, nothing, object or list, and the job stands as it was."""
    job = _listing(of)
    before = job.position
    with pytest.raises(BadAnswer) as refused:
        job.do(c.Add(by=ADA, state="first", items=("fine", item)))
    assert list(refused.value.problems) == ["items.1"]
    assert job.position == before
    job.do(c.Add(by=ADA, state="first", items=("fine",)))
    assert job.standing == ["first", "look", "look"]


def test_objects_that_are_added_have_the_members_of_the_first() -> None:
    """Where items are objects, an added one has the same members, of the same types, numbers being one type."""
    job = _listing('[{"name": "a", "price": 3}]')
    job.do(c.Add(by=ADA, state="first", items=({"name": "b", "price": 2.5},)))
    for wrong in ({"name": "b"}, {"name": 5, "price": 1}, {"name": "b", "price": 1, "more": 1}, "b"):
        with pytest.raises(BadAnswer):
            job.do(c.Add(by=ADA, state="first", items=(wrong,)))


def test_what_is_added_is_held_against_the_declared_field() -> None:
    """``items`` says what an added item must be; numbers become what their type says."""
    job = _listing("[1]", "items: {type: integer, minimum: 1, maximum: 9}")
    job.do(c.Add(by=ADA, state="first", items=(5.0,)))
    assert repr(job.position.branches[branch(1)].item) == "5"
    for wrong in (0, 10, 2.5, "2"):
        with pytest.raises(BadAnswer, match=r"items\.0"):
            job.do(c.Add(by=ADA, state="first", items=(wrong,)))


def test_persons_that_are_added_are_held_against_the_people_there_are() -> None:
    """Where items are persons, somebody else is refused, with those who are possible."""
    job = _listing("[1]", "items: {type: person, role: tailor}")
    job.world = replace(job.world, people={"tom": TOM, "ben": BEN})
    job.do(c.Add(by=ADA, state="first", items=("tom",)))
    for wrong in ("ben", "nobody", 5):
        with pytest.raises(BadAnswer) as refused:
            job.do(c.Add(by=ADA, state="first", items=("tom", wrong)))
    assert "must be a text" in refused.value.problems["items.1"]
    with pytest.raises(BadAnswer, match='must be somebody of the role tailor; not "ben"') as refused:
        job.do(c.Add(by=ADA, state="first", items=("ben",)))
    assert list(refused.value.possible) == ["tom"]


@pytest.mark.parametrize(("more", "most"), [("", 1000), ("most: 3", 3)])
def test_there_are_never_more_items_than_may_be(more: str, most: int) -> None:
    """Items are added up to the limit, and not one beyond it, neither at once nor bit by bit."""
    job = _listing('["a"]', more)
    with pytest.raises(BadAnswer, match=f"{most:,} in all"):
        job.do(c.Add(by=ADA, state="first", items=("b",) * 20_000))
    job.do(c.Add(by=ADA, state="first", items=("b",) * (most - 1)))
    with pytest.raises(BadAnswer, match=f"{most:,} in all"):
        job.do(c.Add(by=ADA, state="first", items=("b",)))


def _listing(of: str, more: str = "") -> Rehearsal:
    """A job in an each that takes more."""
    text = f"""
process: listing
need: A list
states:
  need: {{type: need, fields: {{l: {{type: array, optional: true}}}}, next: first}}
  first:
    type: each
    of: '{of}'
    more: true
    {more}
    start: look
    states: {{look: {{type: task, for: staff, on: {{done: done}}}}}}
    on: {{joined: fulfilled}}
  fulfilled: {{type: fulfilled}}
"""
    return Rehearsal(parse(text, "listing.yaml", check=False), need={"l": ["a"]})


def test_an_early_join_collects_what_is_done() -> None:
    """With ``join: 1`` the first branch done joins; only its data is collected."""
    job = tries("join: 1")
    job.act("look", answer={"found": "x"}, by=TOM, branch=branch(1))
    assert job.standing == ["after"]
    assert job.data["first"] == [{"look": {"found": "x"}, "item": 2}]


def test_the_rest_may_continue() -> None:
    """With ``rest: continue`` the other items go on after the join, without effect on what was collected."""
    job = tries("join: 1\n    rest: continue")
    job.act("look", answer={"found": "x"}, by=TOM, branch=branch(1))
    assert job.standing == ["after", "look", "look"]
    job.act("look", answer={"found": "y"}, by=TOM, branch=branch(0))
    assert job.data["first"] == [{"look": {"found": "x"}, "item": 2}]
    job.act("after", by=TOM)
    assert job.status == "fulfilled"


def test_each_branch_has_data_and_a_past_of_its_own() -> None:
    """Inside an each, ``item`` is the item, and data, ``count`` and ``by`` are the branch's own before the job's."""
    states = """
  first:
    type: each
    of: '[{"name": "a"}, {"name": "b"}]'
    as: guest
    start: look
    states:
      look: {type: task, for: tailor, title: 'Look {guest.name}', fields: {again: {type: boolean}},
             on: {done: [{to: look, when: 'data.look.again && count("look") < 3'}, {to: done}]}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    one, other = f"{ROOT}/first#2/0", f"{ROOT}/first#2/1"
    job.act("look", answer={"again": True}, by=TOM, branch=one)
    job.act("look", answer={"again": True}, by=TOM, branch=one)
    assert "look" not in job.data, "inside an each nothing is saved in the job's data"
    job.act("look", answer={"again": True}, by=TOM, branch=one)
    assert [step.branch for step in job.steps] == [other], "after three times it is done whatever was answered"
    job.act("look", answer={"again": False}, by=TOM, branch=other)
    assert job.data["first"] == [
        {"look": {"again": True}, "item": {"name": "a"}},
        {"look": {"again": False}, "item": {"name": "b"}},
    ]


def test_eaches_nest() -> None:
    """An each inside an each collects into the data of its own item."""
    states = """
  first:
    type: each
    of: '[[1, 2], [3]]'
    start: inner
    states:
      inner:
        type: each
        of: item
        as: piece
        start: look
        states: {look: {type: task, for: tailor, on: {done: done}}}
        on: {joined: done}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    while job.steps:
        job.do(c.Act(by=TOM, step=job.steps[0].number, outcome="done"))
    assert job.status == "fulfilled"
    assert [[piece["item"] for piece in one["inner"]] for one in job.data["first"]] == [[1, 2], [3]]


def many(count: int) -> Rehearsal:
    """A job with that many branches open in an each that is joined when three of them are done."""
    states = """
  first: {type: service, call: fetch, on: {done: reading}}
  reading:
    type: each
    of: data.first.items
    more: true
    most: 20000
    join: 3
    start: look
    states: {look: {type: task, for: tailor, on: {done: done}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    job.finish("first", result={"items": list(range(count))})
    assert job.position.head.standing["look"] == count
    return job


def test_ten_thousand_branches_do_not_touch_each_other() -> None:
    """With 10,000 branches open, opening one more and ending one cost as many events, branches read and micro steps as
    with four."""
    costs = []
    for count in (4, 10_000):
        job = many(count)
        added = job.do(c.Add(by=ADA, state="reading", items=(count,)))
        ended = job.act("look", by=TOM, branch=f"{ROOT}/reading#5/1")
        costs.append(
            [
                (len(one.events), len(one.effects.branches), one.micro_steps, len(one.draft.touched))
                for one in (added, ended)
            ]
        )
    assert costs[0] == costs[1]


def test_ten_thousand_branches_are_joined() -> None:
    """A join over 10,000 branches collects what is done and cancels the rest, within the budget of micro steps."""
    job = many(10_000)
    for index in (9_999, 5_000, 7):
        job.act("look", by=TOM, branch=f"{ROOT}/reading#5/{index}")
    assert job.status == "fulfilled"
    assert [one["item"] for one in job.data["reading"]] == [7, 5_000, 9_999]


def test_the_job_knows_what_its_items_have_passed() -> None:
    """What one item has passed is known outside the each, while it runs and after, and not to the other items."""
    states = """
  first:
    type: each
    of: '["a", "b"]'
    states:
      cut: {type: task, for: tailor, on: {done: sew}}
      sew: {type: task, for: tailor, on: {done: [{to: done, when: 'count("cut") == 1'}, {to: cut}]}}
    next: look
  look: {type: decision, rules: [{when: 'count("cut") == 2 && by("cut") == "eva"', to: fulfilled}], else: gone}
"""
    job = Rehearsal(process(states, "always:\n  withdraw: {by: customer, when: '!passed(\"cut\")', to: gone}\n"))
    a, b = (f"{ROOT}/first#2/{index}" for index in (0, 1))
    assert [offer.entry.name for offer in offers(job.compiled, job.position, job.now, job.world)] == ["withdraw"]
    job.act("cut", by=TOM, branch=a)
    assert offers(job.compiled, job.position, job.now, job.world) == []
    job.act("sew", by=TOM, branch=a)
    job.act("cut", by=EVA, branch=b)
    job.act("sew", by=TOM, branch=b)
    assert job.position.head.end == "fulfilled"


def test_an_each_whose_time_is_over_keeps_what_is_done() -> None:
    """At the deadline the rest is cancelled, and what the items have done until then is saved as at the join."""
    states = """
  first:
    type: each
    of: '["a", "b", "c"]'
    within: P7D
    states: {offer: {type: task, for: tailor, fields: {price: {type: integer}}, on: {done: done}}}
    on: {joined: gone, expired: look}
  look: {type: task, for: tailor, ask: "{size(data.first)} offers", on: {done: fulfilled}}
"""
    job = Rehearsal(process(states, check=True))
    job.act("offer", answer={"price": 9}, by=TOM, branch=f"{ROOT}/first#2/1")
    job.wait("P7D")
    assert job.data["first"] == [{"offer": {"price": 9}, "item": "b"}]
    assert job.step("look").title == "1 offers"
