"""What may happen at any time, and what is undone for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rehearsal import ADA, CODE, OPS, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.always import offers
from flowengine.core.values import ROOT
from flowengine.errors import BadAnswer, NotAllowed, StaleCommand

SUIT = """
  first: {type: ask, ask: Which cloth?, fields: {cloth: {type: string}}, within: P9D,
          on: {answered: order, expired: gone}}
  order: {type: service, call: order_cloth, input: {cloth: data.first.cloth}, undo: cancel_cloth, on: {done: trim}}
  trim: {type: service, call: order_trim, undo: cancel_trim, on: {done: cut}}
  cut: {type: task, for: tailor, on: {done: sew}}
  sew: {type: task, for: tailor, on: {done: fulfilled}}
"""
ALWAYS = """
always:
  withdraw: {by: customer, when: '!passed("cut")', undo: true, to: gone}
  change:   {by: customer, when: '!passed("cut")', undo: true, to: first, fields: {why: {type: string}}}
  late:     {within: P30D, to: gone}
"""


def suit() -> Rehearsal:
    return Rehearsal(process(SUIT, ALWAYS))


def cutting() -> Rehearsal:
    """A job whose cloth and trimmings are ordered and that waits for the cutter."""
    job = suit()
    job.act("first", answer={"cloth": "navy"})
    job.finish("order", result={"ref": 1})
    job.finish("trim", result={"ref": 2})
    return job


def undoing(job: Rehearsal) -> Any:
    """The handler and input of the one undo call that is open."""
    (call,) = job.position.calls.values()
    assert call.undo
    return call.handler, call.input


def undone(job: Rehearsal) -> None:
    (call,) = job.position.calls.values()
    job.do(c.Finish(by=CODE, call=call.number))


def test_withdrawing_undoes_everything_newest_first() -> None:
    """A withdrawal undoes the services done, the newest first, one at a time, and then ends the job."""
    job = cutting()
    job.invoke("withdraw")
    assert undoing(job)[0] == "cancel_trim"
    assert job.status == "open"
    undone(job)
    handler, given = undoing(job)
    assert handler == "cancel_cloth"
    assert (given["input"], given["result"]) == ({"cloth": "navy"}, {"ref": 1})
    assert given["call"].startswith("job.")
    undone(job)
    assert (job.status, job.position.head.end) == ("ended", "gone")


def test_a_change_of_mind_undoes_what_was_done_since() -> None:
    """A change of mind goes back to its state, undoing what was done since the job stood there."""
    job = cutting()
    job.invoke("change", {"why": "too dark"})
    assert job.data["change"] == {"why": "too dark"}
    undone(job)
    undone(job)
    assert job.standing == ["first"]
    job.act("first", answer={"cloth": "grey"})
    assert job.call("order").input == {"cloth": "grey"}


def test_what_was_undone_is_not_undone_again() -> None:
    """After a change of mind a withdrawal undoes only what was done since."""
    job = cutting()
    job.invoke("change", {"why": "too dark"})
    undone(job)
    undone(job)
    job.act("first", answer={"cloth": "grey"})
    job.finish("order", result={"ref": 3})
    job.finish("trim", result={"ref": 4})
    job.invoke("withdraw")
    refs = []
    while job.status == "open":
        refs.append(undoing(job)[1]["result"]["ref"])
        undone(job)
    assert refs == [4, 3]


def test_a_call_that_was_cut_off_is_undone_with_no_result() -> None:
    """A service that has not answered when the customer withdraws may have done its work, and is undone too."""
    job = suit()
    job.act("first", answer={"cloth": "navy"})
    job.invoke("withdraw")
    handler, given = undoing(job)
    assert (handler, given["result"]) == ("cancel_cloth", None)


def test_changing_ones_mind_again_while_undoing() -> None:
    """A withdrawal while a change of mind is being undone goes on undoing, and then ends the job."""
    job = cutting()
    job.invoke("change", {"why": "too dark"})
    job.invoke("withdraw")
    undone(job)
    undone(job)
    assert job.position.head.end == "gone"
    assert [len(event.calls) for event in job.told(e.UndoTaken)] == [2]


def test_an_undo_that_fails_waits_for_an_operator() -> None:
    """An undo call that gives up is an incident; the job goes on once it is retried."""
    job = cutting()
    job.invoke("withdraw")
    (call,) = job.position.calls.values()
    job.do(c.Fail(by=CODE, call=call.number, error="mill closed"))
    (call,) = job.position.calls.values()
    assert call.incident == "mill closed"
    job.do(c.Retry(by=OPS, call=call.number))
    undone(job)
    undone(job)
    assert job.position.head.end == "gone"


def test_a_guard_says_when_it_is_too_late() -> None:
    """What may happen at any time may be guarded; afterwards it is refused, and no longer offered."""
    job = cutting()
    world = job.world
    offered = offers(job.compiled, job.position, job.now, world)
    assert [(offer.entry.name, offer.branch, offer.audience) for offer in offered] == [
        ("withdraw", ROOT, ("person:ada",)),
        ("change", ROOT, ("person:ada",)),
    ]
    job.act("cut", by=TOM)
    with pytest.raises(NotAllowed, match="cannot be done now"):
        job.invoke("withdraw")
    assert offers(job.compiled, job.position, job.now, world) == []


def test_the_answer_of_an_always_is_checked() -> None:
    """The answer of an always is held against its fields."""
    job = cutting()
    with pytest.raises(BadAnswer):
        job.invoke("change", {"why": 7})


def test_the_clock_of_an_always_counts_from_entering_the_scope() -> None:
    """An always with ``within`` moves the job at its time, whatever states it has passed meanwhile."""
    job = suit()
    job.wait("P8D")
    job.act("first", answer={"cloth": "navy"})
    job.wait("P23D")
    assert job.position.head.end == "gone"


def test_an_always_with_a_message() -> None:
    """A message may move a job at any time."""
    job = Rehearsal(process(SUIT, "always:\n  stop: {message: stop, key: data.first.cloth, to: gone}\n"))
    job.act("first", answer={"cloth": "navy"})
    with pytest.raises(StaleCommand, match="stop"):
        job.deliver("stop", "grey")
    job.deliver("stop", "navy")
    assert job.position.head.end == "gone"


BRANCHED = """
  first:
    type: parallel
    branches:
      cloth:
        start: order
        states:
          order: {type: service, call: order_cloth, undo: cancel_cloth, on: {done: look}}
          look: {type: task, for: tailor, on: {done: done}}
        always:
          again: {by: customer, undo: true, to: order}
      pattern:
        start: draft
        states: {draft: {type: service, call: plot, undo: unplot, on: {done: check}},
                 check: {type: task, for: tailor, on: {done: done}}}
    on: {joined: fulfilled}
"""


def test_an_always_of_a_branch_moves_that_branch_only() -> None:
    """What may happen at any time in a branch leaves the others alone, and undoes only its own services."""
    job = Rehearsal(process(BRANCHED))
    job.finish("order", result={})
    job.finish("draft", result={})
    job.invoke("again")
    assert job.standing == ["check", "first"]
    assert undoing(job)[0] == "cancel_cloth"
    undone(job)
    assert job.standing == ["check", "first", "order"]


def test_an_always_of_the_root_cancels_and_undoes_what_branches_did() -> None:
    """A withdrawal reaches into the branches: all are cancelled, and what they did is undone."""
    job = Rehearsal(process(BRANCHED, "always:\n  withdraw: {by: customer, undo: true, to: gone}\n"))
    job.finish("draft", result={})
    job.invoke("withdraw")
    assert list(job.position.branches) == [ROOT]
    assert undoing(job)[0] == "unplot", "the newest call first: the order was made before"
    undone(job)
    assert undoing(job)[0] == "cancel_cloth"
    undone(job)
    assert job.position.head.end == "gone"


def test_an_end_with_undo_inside_a_branch_undoes_the_whole_job() -> None:
    """A branch that gives the job up undoes what all branches did before the job ends."""
    states = """
  first:
    type: parallel
    branches:
      a: {start: order, states: {order: {type: service, call: order, undo: cancel, on: {done: sew}},
                                 sew: {type: task, for: tailor, on: {done: done}}}}
      b: {start: look, states: {look: {type: task, for: tailor, on: {done: done, bad: {to: gone, undo: true}}}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    job.finish("order", result={})
    job.act("look", "bad", by=TOM)
    assert undoing(job)[0] == "cancel"
    undone(job)
    assert job.position.head.end == "gone"


def test_an_each_passes_what_can_be_undone_on_to_the_job() -> None:
    """What the branches of an each did can be undone after their join."""
    states = """
  first:
    type: each
    of: '["a", "b"]'
    start: order
    states: {order: {type: service, call: order, input: {what: item}, undo: cancel, on: {done: done}}}
    on: {joined: sew}
  sew: {type: task, for: tailor, on: {done: fulfilled, bad: {to: gone, undo: true}}}
"""
    job = Rehearsal(process(states))
    for index in (0, 1):
        job.finish("order", branch=f"{ROOT}/first#2/{index}", result={})
    job.act("sew", "bad", by=TOM)
    undone_items = []
    while job.status == "open":
        undone_items.append(undoing(job)[1]["input"]["what"])
        undone(job)
    assert undone_items == ["b", "a"]


def test_several_branches_offer_the_same_always() -> None:
    """Where several branches offer what was asked for, one must be named."""
    states = """
  first:
    type: each
    of: '["a", "b"]'
    start: look
    states: {look: {type: task, for: tailor, on: {done: done}}}
    always: {skip: {by: customer, to: done}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    with pytest.raises(NotAllowed, match="several") as caught:
        job.invoke("skip")
    job.invoke("skip", branch=caught.value.possible[1])
    assert [step.branch for step in job.steps] == [caught.value.possible[0]]
    job.do(c.Invoke(by=ADA, name="skip"))
    assert job.status == "fulfilled"


def test_only_one_of_several_branches_offers_an_always_now() -> None:
    """Where the guard holds on one branch alone, that branch is meant and need not be named."""
    states = """
  first:
    type: each
    of: '["a", "b"]'
    states: {look: {type: task, for: tailor, on: {done: done}}}
    always: {skip: {by: customer, when: item == "b", to: done}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    job.invoke("skip")
    assert [step.branch for step in job.steps] == [f"{ROOT}/first#2/0"]


def test_an_undoing_branch_that_is_cancelled_forgets_nothing() -> None:
    """What a branch was still undoing when the job was withdrawn is undone by the withdrawal."""
    job = Rehearsal(process(BRANCHED, "always:\n  withdraw: {by: customer, undo: true, to: gone}\n"))
    job.finish("order", result={"ref": 9})
    job.invoke("again")
    job.invoke("withdraw")
    handlers = []
    while job.status == "open":
        handlers.append(undoing(job)[0])
        undone(job)
    assert sorted(handlers) == ["cancel_cloth", "unplot"]


def test_a_branch_that_goes_on_may_end_a_job_that_is_undoing() -> None:
    """A detached branch that reaches an end while the job is undoing changes where the job goes when that is done."""
    states = """
  first:
    type: parallel
    join: 1
    rest: continue
    branches:
      a: {start: order, states: {order: {type: service, call: order, undo: cancel, on: {done: done}}}}
      b: {start: look, states: {look: {type: task, for: tailor, on: {done: done, bad: gone}}}}
    on: {joined: after}
  after: {type: task, for: tailor, on: {done: fulfilled, again: {to: fresh, undo: true}}}
  fresh: {type: task, for: tailor, on: {done: fulfilled}}
"""
    job = Rehearsal(process(states))
    job.finish("order", result={})
    job.act("after", "again", by=TOM)
    assert undoing(job)[0] == "cancel"
    assert job.standing == ["look"]
    job.act("look", "bad", by=TOM)
    assert job.status == "open"
    undone(job)
    assert job.position.head.end == "gone"


def test_what_branches_did_that_are_gone_is_still_to_be_undone() -> None:
    """A withdrawal while a stage undoes what its branches did takes over what they, gone long since, have left."""
    states = """
  first:
    type: stage
    states:
      both:
        type: parallel
        branches:
          a: {states: {order: {type: service, call: order, undo: cancel, on: {done: done}}}}
          b: {states: {plot: {type: service, call: plot, undo: unplot, on: {done: done}}}}
        next: look
      look: {type: task, for: tailor, on: {done: done}}
    always: {again: {by: customer, undo: true, to: both}}
    next: fulfilled
"""
    job = Rehearsal(process(states, "always:\n  withdraw: {by: customer, undo: true, to: gone}\n"))
    job.finish("order")
    job.finish("plot")
    job.invoke("again")
    job.invoke("withdraw")
    handlers = []
    while job.status == "open":
        handlers.append(undoing(job)[0])
        undone(job)
    assert handlers == ["unplot", "cancel"]


def test_an_undo_ends_as_done_or_is_an_incident() -> None:
    """A handler that could not undo and says so by an outcome of its own has undone nothing: an operator looks."""
    job = Rehearsal(process(BRANCHED))
    job.finish("order")
    job.invoke("again")
    job.finish("order", "too_late")
    (call,) = [one for one in job.position.calls.values() if one.undo]
    assert call.incident == "its outcome 'too_late' leads nowhere; order knows done"
    job.do(c.Retry(by=OPS, call=call.number))
    job.finish("order")
    assert job.standing == ["draft", "first", "order"]


def test_undoing_one_of_many_tells_of_that_one_alone() -> None:
    """What the history tells of each thing undone does not grow with what is still to be undone."""
    states = """
  first:
    type: each
    of: '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]'
    states: {order: {type: service, call: order, input: {what: item}, undo: cancel, on: {done: done}}}
    on: {joined: sew}
  sew: {type: task, for: tailor, on: {done: fulfilled, bad: {to: gone, undo: true}}}
"""
    job = Rehearsal(process(states))
    for call in list(job.position.calls.values()):
        job.do(c.Finish(by=CODE, call=call.number, result={"words": "x" * 1_000}))
    job.act("sew", "bad", by=TOM)
    sizes = []
    while job.status == "open":
        undone(job)
        sizes.append(len(msgspec.json.encode(job.history[-1])))
    assert len(sizes) == 20
    assert max(sizes) < 2_500
