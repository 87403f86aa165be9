"""The catalogue of 43 control-flow patterns of workflow languages, each as a small process run to its end.

The catalogue is Russell, ter Hofstede, van der Aalst and Mulyar, "Workflow Control-Flow Patterns: A Revised View"
(2006). docs/patterns.md says how each is written, and which is not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rehearsal import ADA, EVA, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import ROOT
from flowengine.errors import NotAllowed, StaleCommand

DOCS = Path(__file__).parents[2] / "docs" / "patterns.md"


def task(name: str, to: str = "done", more: str = "") -> str:
    """One line: a task that leads somewhere when it is done."""
    return f"{name}: {{type: task, for: tailor, {more} on: {{done: {to}}}}}"


def branch(name: str, keys: str = "") -> str:
    """One line: a branch of a parallel with one task, called after it."""
    return f"{name}: {{{keys} start: do_{name}, states: {{{task(f'do_{name}')}}}}}"


def fork(*branches: str, keys: str = "", to: str = "after", name: str = "first") -> str:
    """A parallel of such branches."""
    lines = "".join(f"      {line}\n" for line in branches)
    return f"  {name}:\n    type: parallel\n{keys}    branches:\n{lines}    on: {{joined: {to}}}\n"


def each(keys: str = "", of: str = "[1, 2, 3]", to: str = "after") -> str:
    """An each over tasks called ``work``."""
    return (
        f"  first:\n    type: each\n    of: '{of}'\n{keys}    start: work\n"
        f"    states: {{{task('work')}}}\n    on: {{joined: {to}}}\n"
    )


AFTER = f"  {task('after', 'fulfilled')}\n"


def run(states: str, more: str = "") -> Rehearsal:
    """A job of a process that passes all checks."""
    return Rehearsal(process(states, more, check=True))


def done(job: Rehearsal, *states: str) -> None:
    for state in states:
        job.act(state, "done", by=TOM)


def work(job: Rehearsal, *items: int) -> None:
    for item in items:
        job.act("work", by=TOM, branch=f"{ROOT}/first#2/{item}")


def ended(job: Rehearsal) -> bool:
    return job.status == "fulfilled"


def test_wcp_01_sequence() -> None:
    """One state follows another."""
    job = run(f"  {task('first', 'after')}\n{AFTER}")
    done(job, "first", "after")
    assert ended(job)


def test_wcp_02_parallel_split() -> None:
    """One line becomes several that run side by side."""
    job = run(fork(branch("a"), branch("b")) + AFTER)
    assert job.standing == ["do_a", "do_b", "first"]
    done(job, "do_b", "do_a", "after")
    assert ended(job)


def test_wcp_03_synchronization() -> None:
    """Several lines become one when all are done."""
    job = run(fork(branch("a"), branch("b")) + AFTER)
    done(job, "do_a")
    assert "after" not in job.standing
    done(job, "do_b", "after")
    assert ended(job)


CHOICE = f"""
  first: {{type: task, for: tailor, fields: {{big: {{type: boolean}}}},
          on: {{done: [{{to: big, when: data.first.big}}, small]}}}}
  {task("big", "after")}
  {task("small", "after")}
{AFTER}"""


def test_wcp_04_exclusive_choice() -> None:
    """One of several ways is taken."""
    job = run(CHOICE)
    job.act("first", answer={"big": True}, by=TOM)
    assert job.standing == ["big"]
    done(job, "big", "after")
    assert ended(job)


def test_wcp_05_simple_merge() -> None:
    """Ways of which one was taken meet in one state."""
    for big in (True, False):
        job = run(CHOICE)
        job.act("first", answer={"big": big}, by=TOM)
        done(job, "big" if big else "small")
        assert job.standing == ["after"]


MULTI = (
    "  first: {type: task, for: tailor, fields: {n: {type: integer}}, on: {done: some}}\n"
    + fork(branch("a", "when: data.first.n > 1,"), branch("b", "when: data.first.n > 2,"), branch("c"), name="some")
    + AFTER
)


def test_wcp_06_multi_choice() -> None:
    """Of several branches those whose guards hold are taken."""
    job = run(MULTI)
    job.act("first", answer={"n": 2}, by=TOM)
    assert job.standing == ["do_a", "do_c", "some"]


def test_wcp_07_structured_synchronizing_merge() -> None:
    """The branches taken are waited for, and only those."""
    job = run(MULTI)
    job.act("first", answer={"n": 2}, by=TOM)
    done(job, "do_c", "do_a")
    assert job.standing == ["after"]


def test_wcp_08_multi_merge() -> None:
    """Several lines run through one state, each for itself."""
    job = run(f"""
  first:
    type: each
    of: '["a", "b"]'
    start: which
    states:
      which: {{type: decision, rules: [{{when: 'item == "a"', to: do_a}}], else: do_b}}
      {task("do_a", "shared")}
      {task("do_b", "shared")}
      {task("shared")}
    on: {{joined: fulfilled}}
""")
    done(job, "do_a", "shared", "do_b", "shared")
    assert ended(job)
    assert len([event for event in job.told(e.Left) if event.state == "shared"]) == 2


def test_wcp_09_structured_discriminator() -> None:
    """The first branch goes on; the others are finished without effect."""
    job = run(fork(branch("a"), branch("b"), keys="    join: 1\n    rest: continue\n") + AFTER)
    done(job, "do_a")
    assert job.standing == ["after", "do_b"]
    done(job, "do_b")
    assert job.standing == ["after"]
    done(job, "after")
    assert ended(job)


def test_wcp_10_arbitrary_cycles() -> None:
    """Rounds may have several entries and exits."""
    job = run(f"""
  first: {{type: task, for: tailor, on: {{done: a, skip: b}}}}
  {task("a", "b")}
  b: {{type: task, for: tailor, on: {{back: a, restart: first, done: fulfilled}}}}
""")
    job.act("first", "skip", by=TOM)
    job.act("b", "back", by=TOM)
    done(job, "a")
    job.act("b", "restart", by=TOM)
    done(job, "first", "a", "b")
    assert ended(job)


def test_wcp_11_implicit_termination() -> None:
    """A job is over when nothing is left to do in any of its lines."""
    job = run(fork(branch("a"), branch("b"), to="fulfilled"))
    done(job, "do_a", "do_b")
    assert ended(job)


def test_wcp_12_instances_without_synchronization() -> None:
    """Instances run while the line that began them goes on without waiting for them."""
    job = run(f"""
  first:
    type: parallel
    branches:
      notes:
        start: send
        states:
          send: {{type: each, of: '[1, 2]', start: note, states: {{{task("note")}}}, on: {{joined: done}}}}
      {branch("main")}
    on: {{joined: after}}
{AFTER}""")
    done(job, "do_main")
    assert job.standing.count("note") == 2
    while notes := [step for step in job.steps if step.state == "note"]:
        job.do(c.Act(by=TOM, step=notes[0].number, outcome="done"))
    done(job, "after")
    assert ended(job)


def test_wcp_13_instances_known_at_design_time() -> None:
    """A number of instances that the process fixes."""
    job = run(each() + AFTER)
    work(job, 0, 1, 2)
    assert job.standing == ["after"]


def test_wcp_14_instances_known_at_run_time() -> None:
    """A number of instances known when they are begun."""
    job = run(
        "  first: {type: task, for: tailor, fields: {names: {type: array, items: {type: string}}}, on: {done: all}}\n"
        + each(of="data.first.names").replace("  first:", "  all:", 1)
        + AFTER
    )
    job.act("first", answer={"names": ["x", "y"]}, by=TOM)
    assert job.standing == ["all", "work", "work"]


def test_wcp_15_instances_not_known_before() -> None:
    """Instances are added while others run."""
    job = run(each("    more: true\n", of="[1]") + AFTER)
    job.do(c.Add(by=TOM, state="first", items=(2,)))
    work(job, 0, 1)
    assert job.standing == ["after"]


def test_wcp_16_deferred_choice() -> None:
    """What happens first decides which way is taken, and withdraws the others."""
    job = run(f"""
  first:
    type: race
    of: {{call: {{type: message, name: called}}, work: {{type: task, for: tailor}}}}
    on: {{call: after, work: fulfilled}}
{AFTER}""")
    job.deliver("called")
    assert job.standing == ["after"]


def test_wcp_17_interleaved_parallel_routing() -> None:
    """Branches run one at a time, in an order that keeps to a partial one and is decided while they run."""
    job = run(fork(branch("a"), branch("b"), branch("c", "after: [a],"), keys="    one_at_a_time: true\n") + AFTER)
    job.do(c.Claim(by=EVA, step=job.step("do_b").number))
    assert job.standing == ["do_b", "first"]
    job.act("do_b", by=EVA)
    done(job, "do_a", "do_c", "after")
    assert ended(job)


def test_wcp_18_milestone() -> None:
    """Something can be done only while the job stands in some state."""
    job = run(
        f"  {task('first', 'cut')}\n  {task('cut', 'after')}\n{AFTER}",
        "always: {change: {by: customer, when: 'at(\"first\")', to: first}}\n",
    )
    job.invoke("change")
    done(job, "first")
    with pytest.raises(NotAllowed):
        job.invoke("change")


def test_wcp_19_cancel_activity() -> None:
    """A step is withdrawn while it waits."""
    job = run(f"""
  first:
    type: stage
    start: sew
    states: {{{task("sew")}}}
    always: {{skip: {{by: customer, to: done}}}}
    on: {{done: after}}
{AFTER}""")
    job.invoke("skip")
    assert job.standing == ["after"]


def test_wcp_20_cancel_case() -> None:
    """The whole job is withdrawn, with all that is open in it."""
    job = run(fork(branch("a"), branch("b")) + AFTER, "always: {withdraw: {by: customer, to: gone}}\n")
    job.invoke("withdraw")
    assert job.position.head.end == "gone"


def test_wcp_21_structured_loop() -> None:
    """A state is done again while a condition holds."""
    job = run("""
  first: {type: task, for: tailor, on: {done: [{to: fulfilled, when: 'count("first") >= 3'}, first]}}
""")
    done(job, "first", "first", "first")
    assert ended(job)


def test_wcp_22_recursion() -> None:
    """A process calls itself."""
    job = run("""
  first: {type: task, for: tailor, on: {done: fulfilled, split: part}}
  part: {type: call, process: sample, on: {fulfilled: fulfilled, ended: gone}}
""")
    job.act("first", "split", by=TOM)
    assert job.call("part").process == job.compiled.process.name
    job.finish("part", "fulfilled", {})
    assert ended(job)


def test_wcp_23_transient_trigger() -> None:
    """A message that nobody waits for is lost to the job."""
    states = f"  {task('first', 'arrive')}\n  arrive: {{type: message, name: came, on: {{received: fulfilled}}}}\n"
    job = run(states)
    with pytest.raises(StaleCommand):
        job.deliver("came")
    done(job, "first")
    assert job.standing == ["arrive"]
    job.deliver("came")
    assert ended(job)


def test_wcp_24_persistent_trigger() -> None:
    """A message that came early is there when it is wanted."""
    states = (
        f"  {task('first', 'wait')}\n  wait: {{type: message, name: came, keep: P9D, on: {{received: fulfilled}}}}\n"
    )
    job = run(states)
    job.deliver("came")
    done(job, "first")
    assert ended(job)


def test_wcp_25_cancel_region() -> None:
    """A region of a process is cancelled, and the rest of it goes on."""
    job = run(f"""
  first:
    type: parallel
    branches:
      region:
        start: inside
        states: {{inside: {{type: parallel, branches: {{{branch("a")}, {branch("b")}}}, on: {{joined: done}}}}}}
        always: {{leave: {{by: customer, to: done}}}}
      {branch("rest")}
    on: {{joined: after}}
{AFTER}""")
    job.invoke("leave")
    assert job.standing == ["do_rest", "first"]
    done(job, "do_rest", "after")
    assert ended(job)


MANY_IN_A_STAGE = f"""
  first:
    type: stage
    start: all
    states: {{all: {{type: each, of: '[1, 2, 3]', start: work, states: {{{task("work")}}}, on: {{joined: done}}}}}}
    always:
      enough: {{by: customer, to: done}}
    on: {{done: after}}
{AFTER}"""


def test_wcp_26_cancel_instances() -> None:
    """All instances that still run are cancelled."""
    job = run(each() + AFTER, "always: {give_up: {by: customer, to: gone}}\n")
    work(job, 1)
    job.invoke("give_up")
    assert job.position.head.end == "gone"
    assert list(job.position.branches) == [ROOT]


def test_wcp_27_complete_instances() -> None:
    """The instances are declared complete: those that run are withdrawn, and the next state follows."""
    job = run(MANY_IN_A_STAGE)
    job.do(c.Act(by=TOM, step=job.steps[0].number, outcome="done"))
    job.invoke("enough")
    assert job.standing == ["after"]
    done(job, "after")
    assert ended(job)


def blocking(join: int) -> Rehearsal:
    """A round in which the join is not begun again before the rest of the round is done."""
    return run(
        fork(branch("a"), branch("b"), branch("c"), keys=f"    join: {join}\n    rest: continue\n", to="again")
        + """
  again: {type: task, for: tailor,
          on: {done: fulfilled, round: {to: first, when: '!at("do_a") && !at("do_b") && !at("do_c")'}}}
"""
    )


def test_wcp_28_blocking_discriminator() -> None:
    """After the first branch the job goes on, and the next round is held back until the others are done."""
    job = blocking(1)
    done(job, "do_a")
    with pytest.raises(NotAllowed):
        job.act("again", "round", by=TOM)
    done(job, "do_b", "do_c")
    job.act("again", "round", by=TOM)
    done(job, "do_c")
    done(job, "again")
    assert ended(job)


def test_wcp_29_cancelling_discriminator() -> None:
    """The first branch goes on, and the others are cancelled."""
    job = run(fork(branch("a"), branch("b"), keys="    join: 1\n") + AFTER)
    done(job, "do_b")
    assert job.standing == ["after"]


def test_wcp_30_structured_partial_join() -> None:
    """Some of the branches go on; the others are finished without effect."""
    job = run(fork(branch("a"), branch("b"), branch("c"), keys="    join: 2\n    rest: continue\n") + AFTER)
    done(job, "do_a", "do_c")
    assert job.standing == ["after", "do_b"]
    done(job, "do_b", "after")
    assert ended(job)


def test_wcp_31_blocking_partial_join() -> None:
    """After some of the branches the job goes on, and the next round is held back until the others are done."""
    job = blocking(2)
    done(job, "do_a", "do_b")
    with pytest.raises(NotAllowed):
        job.act("again", "round", by=TOM)
    done(job, "do_c")
    job.act("again", "round", by=TOM)
    assert job.standing == ["do_a", "do_b", "do_c", "first"]


def test_wcp_32_cancelling_partial_join() -> None:
    """Some of the branches go on, and the others are cancelled."""
    job = run(fork(branch("a"), branch("b"), branch("c"), keys="    join: 2\n") + AFTER)
    done(job, "do_a", "do_c")
    assert job.standing == ["after"]


def test_wcp_34_static_partial_join_of_instances() -> None:
    """A fixed number of instances goes on; the others are finished without effect."""
    job = run(each("    join: 2\n    rest: continue\n") + AFTER)
    work(job, 0, 2)
    assert job.standing == ["after", "work"]
    work(job, 1)
    done(job, "after")
    assert ended(job)


def test_wcp_35_cancelling_partial_join_of_instances() -> None:
    """A fixed number of instances goes on, and the others are cancelled."""
    job = run(each("    join: 2\n") + AFTER)
    work(job, 0, 2)
    assert job.standing == ["after"]


def test_wcp_36_dynamic_partial_join_of_instances() -> None:
    """Instances are added while others run, and a condition decides when enough are done."""
    job = run(each("    more: true\n    join: 'done * 2 > total'\n") + AFTER)
    job.do(c.Add(by=ADA, state="first", items=(4, 5)))
    work(job, 0, 1)
    assert "first" in job.standing
    work(job, 4)
    assert job.standing == ["after"]


def test_wcp_37_acyclic_synchronizing_merge() -> None:
    """Joins inside a fork wait for those branches that were taken, whatever the shape of their order."""
    job = run(
        fork(
            branch("a"),
            branch("b", "when: '1 == 2',"),
            branch("c", "after: [a, b],"),
            branch("d", "after: [b],"),
            branch("e", "after: [c, d],"),
        )
        + AFTER
    )
    assert job.standing == ["do_a", "do_d", "first"]
    done(job, "do_d", "do_a", "do_c", "do_e", "after")
    assert ended(job)


def test_wcp_38_general_synchronizing_merge() -> None:
    """A join waits as long as a branch can still arrive, also when branches go round."""
    job = run(f"""
  first:
    type: parallel
    branches:
      round: {{start: sew, states: {{sew: {{type: task, for: tailor, on: {{done: press}}}},
                                   press: {{type: task, for: tailor, on: {{done: done, again: sew}}}}}}}}
      {branch("b")}
      {branch("never", "when: '1 == 2',")}
    on: {{joined: after}}
{AFTER}""")
    done(job, "do_b", "sew")
    job.act("press", "again", by=TOM)
    done(job, "sew")
    assert "first" in job.standing
    done(job, "press", "after")
    assert ended(job)


def test_wcp_39_critical_section() -> None:
    """Of several states in different branches only one is stood in at a time."""

    def line(own: str, other: str) -> str:
        free = f"{{to: iron_{own}, when: '!at(\"iron_{other}\")'}}"
        return f"{{start: ready_{own}, states: {{{task(f'ready_{own}', free)}, {task(f'iron_{own}')}}}}}"

    job = run(f"""
  first:
    type: parallel
    branches:
      a: {line("a", "b")}
      b: {line("b", "a")}
    on: {{joined: fulfilled}}
""")
    done(job, "ready_a")
    with pytest.raises(NotAllowed):
        job.act("ready_b", by=TOM)
    done(job, "iron_a", "ready_b", "iron_b")
    assert ended(job)


def test_wcp_40_interleaved_routing() -> None:
    """Branches run one at a time, in any order."""
    job = run(fork(branch("a"), branch("b"), branch("c"), keys="    one_at_a_time: true\n") + AFTER)
    done(job, "do_c", "do_a", "do_b", "after")
    assert ended(job)


THREADS = each(of="[1, 2, 3]") + AFTER


def test_wcp_41_thread_merge() -> None:
    """A number of lines through the same states become one."""
    job = run(THREADS)
    work(job, 2, 0)
    assert "after" not in job.standing
    work(job, 1)
    assert job.standing == ["after"]


def test_wcp_42_thread_split() -> None:
    """One line becomes a number of lines through the same states."""
    assert run(THREADS).standing == ["first", "work", "work", "work"]


def test_wcp_43_explicit_termination() -> None:
    """A line that reaches an end ends the job, whatever else is open."""
    job = run(f"""
  first:
    type: parallel
    branches:
      a: {{start: look, states: {{look: {{type: task, for: tailor, on: {{done: done, stop: gone}}}}}}}}
      {branch("b")}
    on: {{joined: fulfilled}}
""")
    job.act("look", "stop", by=TOM)
    assert job.position.head.end == "gone"
    assert job.steps == []


def test_the_catalogue_is_complete() -> None:
    """docs/patterns.md lists all 43 patterns, and each that it calls expressible is run here."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| (yes|no) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, 44))
    claimed = {int(number) for number, _, answer in rows if answer == "yes"}
    run_here = {int(name.split("_")[2]) for name in globals() if name.startswith("test_wcp_")}
    assert claimed == run_here
    assert len(claimed) >= 38
