"""Parallel branches: which are opened, in what order, when they join, and what becomes of the rest."""

from __future__ import annotations

import pytest
from rehearsal import EVA, TOM, Rehearsal, process

from flowengine.errors import ExpressionFailed


def branches(*names: str, join: str = "", **own: str) -> Rehearsal:
    """A parallel of task branches; ``own`` adds keys to a branch, ``join`` to the parallel."""
    lines = "".join(
        f"      {name}: {{{own.get(name, '')} start: do_{name}, states: "
        f"{{do_{name}: {{type: task, for: tailor, on: {{done: done}}}}}}}}\n"
        for name in names
    )
    states = f"""
  first:
    type: parallel
    {join}
    branches:
{lines}    on: {{joined: after}}
  after: {{type: task, for: tailor, next: fulfilled}}
"""
    return Rehearsal(process(states))


def test_all_branches_open_and_the_last_one_joins() -> None:
    """A parallel goes on when all its branches are done, and not before."""
    job = branches("a", "b", "c")
    assert job.standing == ["do_a", "do_b", "do_c", "first"]
    job.act("do_b", by=TOM)
    job.act("do_a", by=TOM)
    assert job.standing == ["do_c", "first"]
    job.act("do_c", by=TOM)
    assert job.standing == ["after"]


def test_only_branches_whose_guard_holds_are_opened() -> None:
    """A branch whose ``when`` does not hold is not opened, and nobody waits for it."""
    job = branches("a", "b", a="when: '1 == 2',")
    assert job.standing == ["do_b", "first"]
    job.act("do_b", by=TOM)
    assert job.standing == ["after"]


def test_no_branch_taken_joins_at_once() -> None:
    """A parallel of which no branch is taken is joined at once."""
    job = branches("a", "b", a="when: 'false',", b="when: 'false',")
    assert job.standing == ["after"]


def test_after_is_a_partial_order() -> None:
    """A branch opens when all the branches it comes after are done."""
    job = branches("a", "b", "c", "d", c="after: [a, b],", d="after: [a],")
    assert job.standing == ["do_a", "do_b", "first"]
    job.act("do_a", by=TOM)
    assert job.standing == ["do_b", "do_d", "first"]
    job.act("do_b", by=TOM)
    assert job.standing == ["do_c", "do_d", "first"]
    job.act("do_d", by=TOM)
    job.act("do_c", by=TOM)
    assert job.standing == ["after"]


def test_a_branch_not_taken_counts_as_done_for_after() -> None:
    """A branch that comes after one that is not taken does not wait for it."""
    job = branches("a", "b", a="when: 'false',", b="after: [a],")
    assert job.standing == ["do_b", "first"]


def test_join_of_a_number_cancels_the_rest() -> None:
    """With ``join: 2`` the second branch done joins, and the rest is cancelled."""
    job = branches("a", "b", "c", join="join: 2")
    job.act("do_a", by=TOM)
    job.act("do_c", by=TOM)
    assert job.standing == ["after"]
    assert not any(step.state == "do_b" for step in job.steps)


def test_join_by_an_expression() -> None:
    """A join's expression sees how many branches are done, not done, and taken."""
    job = branches("a", "b", "c", "d", join="join: 'done * 2 > total && open == 1'")
    job.act("do_a", by=TOM)
    job.act("do_b", by=TOM)
    assert "first" in job.standing
    job.act("do_c", by=TOM)
    assert job.standing == ["after"]


def test_a_join_that_never_holds_fires_when_all_are_done() -> None:
    """A job is not stuck in a join whose condition can no longer hold."""
    job = branches("a", "b", join="join: 'done > 5'")
    job.act("do_a", by=TOM)
    job.act("do_b", by=TOM)
    assert job.standing == ["after"]


def test_the_rest_may_continue_without_effect() -> None:
    """With ``rest: continue`` the other branches go on after the join, and change nothing when they are done."""
    job = branches("a", "b", join="join: 1\n    rest: continue")
    job.act("do_a", by=TOM)
    assert job.standing == ["after", "do_b"]
    job.act("do_b", by=TOM)
    assert job.standing == ["after"]
    job.act("after", by=TOM)
    assert job.status == "fulfilled"


def test_the_end_of_the_job_cancels_what_still_goes_on() -> None:
    """Branches that go on after their join do not outlive the job (L1)."""
    job = branches("a", "b", join="join: 1\n    rest: continue")
    job.act("do_a", by=TOM)
    job.act("after", by=TOM)
    assert job.status == "fulfilled"
    assert job.steps == []


def test_a_branch_that_is_done_at_once_does_not_hold_up_the_others() -> None:
    """Branches that never wait are done while the others are being opened."""
    states = """
  first:
    type: parallel
    branches:
      quick: {start: pick, states: {pick: {type: decision, rules: [{when: 'false', to: done}], else: done}}}
      slow: {start: sew, states: {sew: {type: task, for: tailor, on: {done: done}}}}
      late: {after: [quick], start: press, states: {press: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    assert job.standing == ["first", "press", "sew"]
    job.act("press", by=TOM)
    job.act("sew", by=TOM)
    assert job.status == "fulfilled"


def test_an_early_join_while_branches_are_still_being_opened() -> None:
    """A join that fires at once leaves nothing of the branches that come later in the file."""
    states = """
  first:
    type: parallel
    join: 1
    branches:
      quick: {start: pick, states: {pick: {type: decision, rules: [{when: 'false', to: done}], else: done}}}
      slow: {start: sew, states: {sew: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: after}
  after: {type: task, for: tailor, next: fulfilled}
"""
    job = Rehearsal(process(states))
    assert job.standing == ["after"]
    assert list(job.position.branches) == ["main"]


def test_an_end_inside_a_branch_ends_the_job() -> None:
    """An end of the process that a branch reaches ends the whole job, whatever else is open (L1)."""
    states = """
  first:
    type: parallel
    branches:
      a: {start: look, states: {look: {type: task, for: tailor, on: {done: done, hopeless: gone}}}}
      b: {start: sew, states: {sew: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    job.act("look", "hopeless", by=TOM)
    assert (job.status, job.position.head.end) == ("ended", "gone")
    assert job.position.head.because == "It was given up"


def test_parallels_nest() -> None:
    """A parallel inside a branch of a parallel joins for itself first."""
    states = """
  first:
    type: parallel
    branches:
      a:
        start: inner
        states:
          inner:
            type: parallel
            branches:
              x: {start: do_x, states: {do_x: {type: task, for: tailor, on: {done: done}}}}
              y: {start: do_y, states: {do_y: {type: task, for: tailor, on: {done: done}}}}
            on: {joined: done}
      b: {start: do_b, states: {do_b: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: fulfilled}
"""
    job = Rehearsal(process(states))
    assert job.standing == ["do_b", "do_x", "do_y", "first", "inner"]
    for state in ("do_x", "do_y"):
        job.act(state, by=TOM)
    assert job.standing == ["do_b", "first"]
    job.act("do_b", by=EVA)
    assert job.status == "fulfilled"


def test_a_deadline_on_a_parallel_cancels_its_branches() -> None:
    """``within`` on a parallel ends it as expired, and what was open in it is closed."""
    states = """
  first:
    type: parallel
    within: P2D
    branches:
      a: {start: sew, states: {sew: {type: task, for: tailor, on: {done: done}}}}
      b: {start: cut, states: {cut: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: fulfilled, expired: late}
  late: {type: task, for: tailor, next: fulfilled}
"""
    job = Rehearsal(process(states))
    job.act("sew", by=TOM)
    job.wait("P3D")
    assert job.standing == ["late"]


def test_branches_save_into_the_jobs_data() -> None:
    """What a branch of a parallel saves is in the job's data, for all to see."""
    states = """
  first:
    type: parallel
    branches:
      a: {start: look, states: {look: {type: task, for: tailor, fields: {found: {type: string}}, on: {done: done}}}}
      b: {start: sew, states: {sew: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: [{to: fulfilled, when: 'data.look.found == "moth"'}, gone]}
"""
    job = Rehearsal(process(states))
    job.act("look", answer={"found": "moth"}, by=TOM)
    job.act("sew", by=TOM)
    assert job.status == "fulfilled"


def test_a_guard_that_fails_refuses_the_command() -> None:
    """A ``when`` that cannot be evaluated refuses the command that leads to it, and changes nothing."""
    job = branches("a", "b", join="join: 'done > data.nothing.there'")
    before = job.position
    with pytest.raises(ExpressionFailed):
        job.act("do_a", by=TOM)
    assert job.position is before
