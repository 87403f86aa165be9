"""What is told before something is done is what is done then (L7)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st
from random_processes import random_process
from random_walk import Walk
from rehearsal import ADA, CODE, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import advance
from flowengine.core.always import offers
from flowengine.core.names import JobNames
from flowengine.core.previewing import Change, change
from flowengine.core.usual import expected
from flowengine.core.values import Branch, Step, Undoable, Undoing
from flowengine.errors import ProcessRefused, Refused
from flowengine.language import load, parse
from flowengine.language.model import Process

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
STEPS = 60


def looked_at(job: Rehearsal, command: c.AnyCommand) -> Change:
    """What a command would change."""
    done = advance(job.compiled, job.position, command, job.now, job.world)
    return change(job.compiled, job.position, command, done, job.now, job.world)


def called(steps: list[Step]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Steps, apart from their numbers."""
    return sorted((step.state, step.title, step.audience) for step in steps)


def waiting(branch: Branch) -> tuple[Undoable, ...]:
    """What a branch undoes already."""
    inner = branch.inners.get("")
    return inner.waiting if isinstance(inner, Undoing) else ()


def changes_as_told(walk: Walk) -> bool:
    """Use one of the offers of a job, and hold what comes of it against what was told before; whether one was used."""
    job = walk.job
    open_to = offers(job.compiled, job.position, job.now, job.world)
    if not open_to:
        return False
    offer = walk.chance.choice(open_to)
    entry = offer.entry
    command = c.Invoke(by=ADA, name=entry.name, answer=walk._fields(entry.fields), branch=offer.branch)
    try:
        told = looked_at(job, command)
    except Refused:
        return False
    before, memory = job.position, len(job.told(e.Undone))
    passed = JobNames(before, before.root, job.now, job.world, job.compiled.process).passed
    job.do(command)
    while job.status == "open" and (calls := [one for one in job.position.calls.values() if one.undo]):
        job.do(c.Finish(by=CODE, call=calls[0].number))
        if job.position.head.cut_off and not any(one.undo for one in job.position.calls.values()):
            break
    if job.position.head.cut_off or any(one.undo for one in job.position.calls.values()):
        return True  # what was cut off has to end first, which is a matter of time
    assert job.position.head.status == told.then.head.status
    under_way = {one.call for branch in before.branches.values() for one in waiting(branch)}
    undone = [one.call for one in job.told(e.Undone)[memory:] if one.call not in under_way]
    assert [one.undoable.call for one in told.undone] == undone
    new = [step for number, step in job.position.steps.items() if number not in before.steps]
    assert called(list(told.opened)) == called(new)
    gone = [step for number, step in before.steps.items() if number not in job.position.steps]
    assert called(list(told.closed)) == called(gone)
    assert told.after == job.position.head.promise
    asked_again = {one.name for one in told.redone}
    for name in job.position.head.standing if job.status == "open" else ():
        state = job.compiled.states[name]
        if passed(name) and any(one.answered_by_customer for one in state.members.values()):
            assert name in asked_again
    assert all(passed(name) for name in asked_again)
    return True


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_what_is_shown_of_a_change_of_mind_is_what_happens(path: Path, seed: int) -> None:
    """For random jobs of every shipped process: what is undone, closed, opened and asked again is what was told."""
    lived(Walk(load(path), Random(seed)))


@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_so_it_is_for_processes_made_by_chance(seed: int) -> None:
    """The same for jobs of processes that nobody wrote."""
    try:
        made = parse(random_process(Random(seed)), "made_by_chance.yaml")
    except ProcessRefused:
        reject()
    lived(Walk(made, Random(seed)))


def lived(walk: Walk) -> None:
    for _ in range(STEPS):
        if walk.job.status != "open":
            break
        if not (walk.chance.random() < 0.15 and changes_as_told(walk)):
            walk.go()


PAID = """  first: {type: ask, ask: Which?, fields: {n: {type: number}}, within: P9D,
          on: {answered: pay, expired: gone}}
  pay:
    type: service
    call: pay
    undo: {call: refund, words: "You get {data.first.n} back", costs: data.first.n / 10}
    on: {done: order, failed: gone}
  order: {type: service, call: order, undo: cancel, on: {done: last, failed: gone}}
  last: {type: ask, ask: Good?, fields: {}, within: P9D, on: {answered: fulfilled, expired: gone}}
"""
BACK = "always: {back: {by: customer, undo: true, to: first}, stop: {by: customer, to: gone}}"


def paid() -> Rehearsal:
    """A job that has paid and ordered."""
    job = Rehearsal(process(PAID, BACK))
    job.act("first", "answered", {"n": 50})
    job.finish("pay")
    job.finish("order")
    return job


def test_what_is_undone_is_told_in_the_words_of_the_file_newest_first() -> None:
    """With what it costs where the file says it, and without words where it does not."""
    job = paid()
    told = looked_at(job, c.Invoke(by=ADA, name="back"))
    assert [(one.words, one.costs, one.undoable.handler) for one in told.undone] == [
        ("", None, "cancel"),
        ("You get 50 back", 5, "refund"),
    ]
    assert [one.name for one in told.redone] == ["first"]
    assert [step.title for step in told.opened] == ["Which?"]
    assert [step.title for step in told.closed] == ["Good?"]


def test_nothing_is_undone_where_the_offer_does_not_say_so() -> None:
    """An end without undo takes nothing back, and asks nothing more."""
    told = looked_at(paid(), c.Invoke(by=ADA, name="stop"))
    assert (told.undone, told.redone, told.opened, told.then.head.status) == ((), (), (), "ended")


TAKES = """  first:
    type: parallel
    branches:
      a: {start: x, states: {x: {type: task, for: tailor, takes: P4D, on: {done: done}}}}
      b: {after: [a], start: y, states: {y: {type: task, for: tailor, takes: P3D, on: {done: done}}}}
      c: {start: z, states: {z: {type: task, for: tailor, takes: P5D, on: {done: done}}}}
    on: {joined: rest}
  rest: {type: wait, for: P2D, on: {elapsed: fulfilled}}
"""


def ends_in(made: Process) -> tuple[float, float]:
    job = Rehearsal(made)
    found = expected(job.compiled, job.position, job.now, job.world)
    assert found is not None
    soonest, latest = ((one - job.now) / days(1) for one in found)
    return soonest, latest


def test_when_a_job_ends_follows_from_what_its_states_take() -> None:
    """Branches beside one another take as long as the longest, those that follow another come after it."""
    assert ends_in(process(TAKES)) == (9, 13.5)


def test_a_process_that_says_nothing_of_time_expects_nothing() -> None:
    """Without takes nobody knows when it ends."""
    job = Rehearsal(process("  first: {type: task, for: tailor, on: {done: fulfilled}}\n"))
    assert expected(job.compiled, job.position, job.now, job.world) is None
