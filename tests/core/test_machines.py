"""Guards, decisions, and processes that go round: what the flat machines do with them."""

from __future__ import annotations

import pytest
from rehearsal import BEGIN, TOM, Rehearsal, process

from flowengine.core import events as e
from flowengine.core.draft import Draft, replace
from flowengine.core.invariants import check
from flowengine.core.machines import compile_process
from flowengine.core.values import ROOT, Branch, Fork, Step
from flowengine.errors import ExpressionFailed, InvariantBroken, NotAllowed, NotFound, RunawayProcess

CHOOSING = """
  first: {type: task, for: tailor, fields: {size: {type: integer}},
          on: {done: [{to: small, when: 'data.first.size < 10'},
                      {to: big, when: 'data.first.size > 10', set: {label: '"big " + string(data.first.size)'}}]}}
  small: {type: task, for: tailor, next: fulfilled}
  big: {type: task, for: tailor, next: fulfilled}
"""


@pytest.mark.parametrize(("size", "state"), [(3, "small"), (30, "big")])
def test_the_first_route_whose_guard_holds_is_taken(size: int, state: str) -> None:
    """A guard sees the answer just given, and the first route that holds is taken."""
    job = Rehearsal(process(CHOOSING))
    job.act("first", answer={"size": size}, by=TOM)
    assert job.standing == [state]
    assert job.data.get("label") == (f"big {size}" if state == "big" else None)


def test_no_guard_holds() -> None:
    """When no guard holds the command is refused, naming the guards, and nothing is changed."""
    job = Rehearsal(process(CHOOSING))
    with pytest.raises(NotAllowed) as caught:
        job.act("first", answer={"size": 10}, by=TOM)
    assert caught.value.possible == ("data.first.size < 10", "data.first.size > 10")
    assert job.standing == ["first"]


def test_a_guard_that_fails_says_where_it_stands() -> None:
    """A guard that cannot be evaluated refuses the command with the file, line and column of its route."""
    job = Rehearsal(process(CHOOSING.replace("'data.first.size < 10'", "'data.nothing < 10'")))
    with pytest.raises(ExpressionFailed, match="nothing") as caught:
        job.act("first", answer={"size": 1}, by=TOM)
    assert caught.value.where.startswith("sample.yaml:")
    assert job.standing == ["first"]


def test_guards_see_the_state_just_left_as_passed() -> None:
    """``count`` and ``by`` include the pass that the guard decides on."""
    states = """
  first: {type: task, for: tailor,
          on: {done: [{to: fulfilled, when: 'count("first") == 3 && by("first") == "tom"'}, {to: first}]}}
"""
    job = Rehearsal(process(states))
    for _ in range(3):
        assert job.status == "open"
        job.act("first", "done", by=TOM)
    assert job.status == "fulfilled"


def test_a_decision_takes_the_first_rule_that_holds_else_the_last_way() -> None:
    """A decision waits for nobody: the first rule that holds is taken, or ``else``."""
    states = """
  first: {type: task, for: tailor, fields: {n: {type: integer}}, on: {done: judge}}
  judge: {type: decision, rules: [{when: 'data.first.n > 5', to: fulfilled, set: {verdict: '"many"'}}], else: gone}
"""
    for n, end in ((9, "fulfilled"), (1, "gone")):
        job = Rehearsal(process(states))
        job.act("first", answer={"n": n}, by=TOM)
        assert job.position.head.end == end
    assert "verdict" not in job.data


def test_a_process_that_goes_round_is_stopped() -> None:
    """A process that goes round without waiting is stopped, naming the states, and the command changes nothing."""
    states = """
  first: {type: task, for: tailor, on: {done: ping}}
  ping: {type: decision, rules: [{when: '1 == 2', to: fulfilled}], else: pong}
  pong: {type: decision, rules: [{when: '1 == 2', to: fulfilled}], else: ping}
"""
    job = Rehearsal(process(states))
    with pytest.raises(RunawayProcess, match="going round pong, ping"):
        job.act("first", by=TOM)
    assert job.standing == ["first"]


def test_a_round_through_joins_is_stopped_too() -> None:
    """A round through parallels that are joined at once is found as well."""
    states = """
  first:
    type: each
    of: '[]'
    start: look
    states: {look: {type: task, for: tailor, on: {done: done}}}
    on: {joined: first}
"""
    with pytest.raises(RunawayProcess, match="first"):
        Rehearsal(process(states))


def test_a_thousand_states_are_compiled() -> None:
    """A process of 1,000 states is made into machines that know each of them."""
    lines = "".join(f"  s{n}: {{type: task, for: tailor, on: {{done: s{n + 1}}}}}\n" for n in range(1000))
    made = process(
        f"  first: {{type: task, for: tailor, on: {{done: s0}}}}\n{lines}"
        "  s1000: {type: decision, rules: [{when: 'true', to: fulfilled}], else: gone}\n"
    )
    compiled = compile_process(made)
    assert len(compiled.states) == 1005


def test_an_unknown_state_is_not_found() -> None:
    """A state that the process does not have is an error that names those it has."""
    with pytest.raises(NotFound, match="nowhere"):
        compile_process(process(CHOOSING)).states["nowhere"]


def broken(change: dict[str, object]) -> None:
    job = Rehearsal(process(CHOOSING))
    draft = Draft(job.position)
    draft.record(e.BranchOpened(branch=replace(job.position.root, **change)))
    check(job.compiled, draft)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"state": "nowhere"}, "outside its scope"),
        ({"steps": (), "timers": ()}, "waits for nothing"),
        ({"state": "", "pending": True}, "holds something open"),
        ({"inners": {"": Fork(total=1, open=2)}}, "does not add up"),
        ({"steps": (Step(number=99, branch=ROOT, state="first", opened=BEGIN),)}, "not of its branch"),
        ({"id": "main/x#1/y", "parent": "main/x", "steps": ()}, "outlived"),
    ],
)
def test_a_position_that_cannot_be_is_found(change: dict[str, object], what: str) -> None:
    """A breach of the position's invariants is found before anything is written."""
    with pytest.raises(InvariantBroken, match=what):
        broken(change)


def test_a_job_that_is_over_holds_nothing_open() -> None:
    """A job that is over and still has a branch is found (L1)."""
    job = Rehearsal(process(CHOOSING))
    draft = Draft(job.position)
    draft.record(e.BranchOpened(branch=Branch(id="main/first#2/x", parent=ROOT, pending=True)))
    draft.record(e.Left(branch=ROOT, state="first", outcome=""))
    draft.record(e.Entered(branch=ROOT, state="gone", entry=99, at=BEGIN))
    draft.record(e.Ended(kind="ended", state="gone", at=BEGIN))
    with pytest.raises(InvariantBroken, match="still open"):
        check(job.compiled, draft)


def test_a_number_that_json_does_not_know_is_not_kept() -> None:
    """What an expression gives must be the same after it was stored: there is no infinite number (L5)."""
    states = "  first: {type: task, for: tailor, on: {done: {to: fulfilled, set: {shares: '[1.0 / 0.0]'}}}}\n"
    job = Rehearsal(process(states))
    with pytest.raises(ExpressionFailed, match="division by zero"):
        job.act("first", by=TOM)
