"""Messages: to who waits, kept when they come early, refused when nobody will ever want them."""

from __future__ import annotations

import pytest
from rehearsal import CODE, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import messages
from flowengine.core.values import ROOT
from flowengine.errors import BadAnswer, NotAllowed, StaleCommand

EARLY = """
  first: {type: task, for: tailor, fields: {ref: {type: string}}, on: {done: arrive}}
  arrive: {type: message, name: cloth_arrived, key: data.first.ref, keep: P2D, fields: {metres: {type: number}},
           within: P9D, on: {received: fulfilled, expired: gone}}
"""


def arriving() -> Rehearsal:
    job = Rehearsal(process(EARLY))
    job.act("first", answer={"ref": "A7"}, by=TOM)
    return job


def test_a_message_for_who_waits() -> None:
    """A message of the right name and key ends the state that waits for it, and is saved."""
    job = arriving()
    job.deliver("cloth_arrived", "A7", {"metres": 3})
    assert job.data["arrive"] == {"metres": 3.0}
    assert job.status == "fulfilled"


def test_a_message_with_bad_contents_changes_nothing() -> None:
    """A message whose body breaks the fields is refused."""
    job = arriving()
    with pytest.raises(BadAnswer):
        job.deliver("cloth_arrived", "A7", {"metres": "three"})
    assert job.standing == ["arrive"]


def test_a_message_that_came_early_is_kept_and_taken() -> None:
    """A message that comes before anybody waits for it is taken when the job gets there, and its clock is dropped."""
    job = Rehearsal(process(EARLY))
    job.deliver("cloth_arrived", "A7", {"metres": 3})
    assert [kept.key for kept in job.position.head.kept] == ["A7"]
    job.act("first", answer={"ref": "A7"}, by=TOM)
    assert job.status == "fulfilled"


def test_a_kept_message_of_another_key_is_left() -> None:
    """A kept message waits for its own key, and is dropped when its time is over."""
    job = Rehearsal(process(EARLY))
    job.deliver("cloth_arrived", "B8", {"metres": 3})
    job.act("first", answer={"ref": "A7"}, by=TOM)
    assert job.standing == ["arrive"]
    assert len(job.position.head.kept) == 1
    job.wait("P3D")
    assert job.position.head.kept == ()
    assert [taken.dropped for taken in job.told(e.MessageTaken)] == [True]
    assert [timer.purpose for timer in job.timers] == ["expire"]


def test_a_flood_of_early_messages_is_refused() -> None:
    """A job keeps a bounded number of messages."""
    job = Rehearsal(process(EARLY))
    for index in range(messages.MOST_KEPT):
        job.deliver("cloth_arrived", str(index))
    with pytest.raises(NotAllowed, match="100"):
        job.deliver("cloth_arrived", "one more")


def test_a_message_nobody_waits_for_is_refused_with_those_awaited() -> None:
    """A message that nobody waits for and nobody keeps is refused, naming what is awaited."""
    job = arriving()
    with pytest.raises(StaleCommand) as caught:
        job.deliver("nonsense")
    assert caught.value.possible == ("cloth_arrived",)


def test_a_message_is_for_one_taker_by_its_key() -> None:
    """Of the branches that wait for a message, the one with its key takes it; without keys, the one waiting longest."""
    states = """
  first:
    type: each
    of: '["a", "b"]'
    start: arrive
    states:
      arrive: {type: message, name: came, key: item, on: {received: more}}
      more: {type: message, name: more, on: {received: done}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    one, other = f"{ROOT}/first#2/0", f"{ROOT}/first#2/1"
    job.deliver("came", "b", {})
    assert job.position.branches[other].state == "more"
    job.deliver("came", "a", {})
    job.deliver("more")
    assert job.position.branches[other].done
    assert job.position.branches[one].state == "more"
    job.deliver("more")
    assert job.status == "fulfilled"


def test_a_message_state_expires() -> None:
    """A message that never comes ends its state as expired."""
    job = arriving()
    job.wait("P10D")
    assert job.position.head.end == "gone"


def test_each_state_takes_what_is_not_too_old_for_it() -> None:
    """A message is kept for the state that keeps longest; one that keeps shorter, or not at all, lets old ones lie."""
    states = """
  first: {type: task, for: tailor, on: {done: none}}
  none: {type: message, name: call, within: PT1H, on: {received: gone, expired: short}}
  short: {type: message, name: call, keep: PT2H, within: PT1H, on: {received: gone, expired: long}}
  long: {type: message, name: call, keep: P2D, within: PT1H, on: {received: fulfilled, expired: gone}}
"""
    job = Rehearsal(process(states))
    job.deliver("call")
    job.wait("P1D")
    job.act("first", by=TOM)
    job.wait("PT1H")
    assert job.standing == ["short"]
    job.wait("PT1H")
    assert job.status == "fulfilled"
    assert job.position.head.end == "fulfilled"


ALL = """
  first:
    type: each
    of: '["a", "a", "b"]'
    start: arrive
    states:
      arrive: {type: message, name: came, key: item, all: true, on: {received: more}}
      more: {type: message, name: more, on: {received: done}}
    on: {joined: fulfilled}
"""


def test_a_message_for_all_is_taken_by_each_branch() -> None:
    """Each branch that waits for the key takes a message for all; where the sender says so, each takes any."""
    job = Rehearsal(process(ALL))
    branches = [f"{ROOT}/first#2/{n}" for n in range(3)]
    job.deliver("came", "a", {})
    assert [job.position.branches[one].state for one in branches] == ["more", "more", "arrive"]
    job.deliver("came", "b", {})
    job.do(c.Deliver(by=CODE, name="more", body={}, everyone=True))
    assert job.status == "fulfilled"


def test_a_message_for_all_is_used_at_each_place_or_around_them() -> None:
    """Of always entries, those of inner scopes have it, unless the one around them takes it."""
    states = """
  first:
    type: each
    of: '["a", "b"]'
    start: work
    states:
      work: {type: task, for: staff, on: {done: done}}
      rest: {type: task, for: staff, on: {done: done}}
    always: {pause: {message: pause, all: true, to: rest}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    job.deliver("pause")
    assert [job.position.branches[f"{ROOT}/first#2/{n}"].state for n in range(2)] == ["rest", "rest"]
    outer = Rehearsal(process(states, more="always: {pause_all: {message: pause, all: true, to: gone}}\n"))
    outer.deliver("pause")
    assert outer.position.head.end == "gone"
