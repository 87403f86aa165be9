"""Ways with what they establish: what none of them comes to is told with a shortest one, and nothing else is."""

from __future__ import annotations

import pytest
from bounds import in_time
from checks_samples import codes, problems, process, work

from flowengine.language import problems as every
from flowengine.language.checks import proof
from flowengine.language.checks.walks import MOST_OF_STATE

FIRST = "first: {type: task, for: clerk, on: {yes: next, no: fulfilled}}"
PICK = (
    "pick: {type: choice, choose: {wood: {from: plain}}, within: P3D, on: {chosen: "
    "[{to: oaken, when: 'data.pick.wood == \"oak\"'}, {to: other}], expired: gone}}"
)
OTHER = "other: {type: task, for: clerk, next: fulfilled}"


def decision(name: str, when: str, to: str, otherwise: str = "fulfilled") -> str:
    return f"{name}: {{type: decision, rules: [{{when: '{when}', to: {to}}}], else: {otherwise}}}"


DEAD = {
    "another value than the way was chosen by": (
        work(
            PICK,
            "oaken: {type: task, for: clerk, next: look}",
            decision("look", 'data.pick.wood == "elm"', "gone"),
            OTHER,
        ),
        "never-holds",
        ["need -> pick (chosen, when data.pick.wood == \"oak\") -> oaken -> look", "data.pick.wood is 'oak'"],
    ),
    "the opposite of what was asked before": (
        work(decision("first", "data.need.count > 3", "again"), decision("again", "data.need.count <= 3", "gone")),
        "never-holds",
        ["need -> first (when data.need.count > 3) -> again, where data.need.count is more than 3"],
    ),
    "a text that was set on the way": (
        work(
            "first: {type: task, for: clerk, on: {yes: {to: next, set: {how: '\"well\"'}}, "
            "no: {to: last, set: {how: '\"badly\"'}}}}",
            decision("next", 'data.how == "badly"', "gone"),
            "last: {type: task, for: clerk, next: fulfilled}",
        ),
        "never-holds",
        ["need -> first (yes) -> next, where data.how is 'well'"],
    ),
    "an outcome that another way has": (
        work(FIRST, decision("next", 'outcome("first") == "no"', "gone")),
        "never-holds",
        ["need -> first (yes) -> next, where outcome(\"first\") is 'yes'"],
    ),
    "a state that comes later": (
        work(
            FIRST,
            decision("next", 'passed("last")', "gone", "last"),
            "last: {type: task, for: clerk, next: fulfilled}",
        ),
        "never-holds",
        ['need -> first (yes) -> next, where count("last") is 0'],
    ),
    "more rounds than there are": (
        work(FIRST, decision("next", 'count("first") > 1', "gone")),
        "never-holds",
        ['where count("first") is 1'],
    ),
    "what another way has saved": (
        work(
            "first: {type: task, for: clerk, on: {yes: next, no: late}}",
            "late: {type: task, for: clerk, fields: {x: {type: string}}, next: next}",
            decision("next", 'outcome("first") == "yes"', "more"),
            decision("more", "has(data.late)", "gone"),
        ),
        "never-holds",
        ["need -> first (yes) -> next (when outcome(\"first\") == \"yes\") -> more, where data.late is not there"],
    ),
    "behind one that holds on each way": (
        work(
            decision("first", "data.need.count > 3", "again"),
            "again: {type: decision, rules: [{when: data.need.count > 2, to: gone}, "
            "{when: data.need.size > 1.0, to: other}], else: other}",
            OTHER,
        ),
        "dead-route",
        ["need -> first (when data.need.count > 3) -> again, where data.need.count is more than 3, one before it is"],
    ),
    "a branch that is never opened": (
        work(
            decision("first", "data.need.count > 3", "both"),
            "both: {type: parallel, branches: {a: {type: task, for: clerk, next: done}, "
            "b: {when: data.need.count == 1, states: {b1: {type: task, for: clerk, next: done}}}}, next: fulfilled}",
        ),
        "never-holds",
        ["both.branches.b.when", "need -> first (when data.need.count > 3) -> both"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEAD)
def test_a_condition_that_no_way_lets_hold_is_told_with_the_shortest(name: str) -> None:
    """What was chosen, set, answered or passed on the way rules it out: one problem, with that way in words."""
    states, code, words = DEAD[name]
    (problem,) = problems(states, "")
    assert problem.code == code
    for some in words:
        assert some in problem.message


def test_a_state_behind_it_is_named() -> None:
    """Who reads of a condition that never holds reads there too which state nobody comes to."""
    states = work(
        decision("first", "data.need.count > 3", "again"),
        decision("again", "data.need.count < 2", "lost"),
        "lost: {type: task, for: clerk, next: fulfilled}",
    )
    (problem,) = problems(states)
    assert problem.message.endswith("so no job comes to 'lost'")


def test_a_state_behind_a_last_way_that_is_never_taken_is_told() -> None:
    """A last way must be written; a state to which nothing else leads is dead where the conditions leave nothing."""
    states = work(
        decision("first", "data.need.count > 3", "again"),
        decision("again", "data.need.count > 2", "fulfilled", "lost"),
        "lost: {type: task, for: clerk, next: fulfilled}",
    )
    (problem,) = problems(states)
    assert problem.code == "unreachable-state"
    assert "no job comes to 'lost': by need -> first (when data.need.count > 3) -> again" in problem.message
    assert codes(states.replace("else: fulfilled}", "else: lost}")) == []


def test_a_need_that_no_way_fulfils_is_told() -> None:
    """An end of type fulfilled to which ways lead, but none that a job can go, is none."""
    states = work(
        decision("first", "data.need.count > 3", "again", "gone"),
        decision("again", "data.need.count < 2", "fulfilled", "gone"),
    )
    assert codes(states) == ["never-holds", "no-fulfilled"]
    assert codes(states.replace("< 2", "< 9")) == []


def test_a_job_that_can_come_to_no_end_is_told_with_its_way() -> None:
    """Every state has a way to an end in the picture; with what was answered no job finds it."""
    states = work(
        "first: {type: task, for: clerk, on: {yes: work, no: work}}",
        "work: {type: task, for: clerk, next: ask}",
        decision("ask", 'outcome("first") == "no"', "fulfilled", "work"),
    )
    (problem,) = problems(states)
    assert problem.code == "no-way-out"
    assert "from 'work' no way leads to an end where outcome(\"first\") is 'yes'" in problem.message
    assert "need -> first (yes) -> work" in problem.message
    assert codes(states, "always: {stop: {by: clerk, to: gone}}\n") == []


def test_a_join_that_a_condition_makes_impossible_is_told() -> None:
    """A branch that reaches its end only where the parallel is not entered keeps the others waiting."""
    both = (
        "both: {type: parallel, branches: {a: {type: task, for: clerk, next: done}, b: {states: {"
        "b1: {type: decision, rules: [{when: data.need.count < 2, to: done}], else: b2}, "
        "b2: {type: task, for: clerk, on: {done: b1, stop: gone}}}}}, next: fulfilled}"
    )
    found = problems(work(decision("first", "data.need.count > 3", "both"), both))
    assert [one.code for one in found] == ["impossible-join", "never-holds"]
    assert "'both' never joins: on no way its branch 'b' reaches 'done'" in found[0].message
    assert codes(work(decision("first", "data.need.count > 1", "both"), both.replace("< 2", "< 3"))) == []


SOUND = {
    "a loop that is bounded by how often it was gone round": work(
        decision("work", 'count("work") < 3', "again"), decision("again", "data.need.count > 3", "work", "work")
    ),
    "a loop of clocks that asks only so often": work(
        "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: fulfilled, expired: more}}",
        decision("more", 'count("ask") >= 3', "gone", "ask"),
    ),
    "no last way is needed for what the way rules out": work(
        decision("first", "data.need.count > 3", "mend"),
        "mend: {type: service, call: mend, on: {done: [{to: gone, when: data.need.count > 9}, "
        "{to: fulfilled, when: data.need.count > 2}]}}",
    ),
    "what only some ways save is read only on those": work(
        "first: {type: task, for: clerk, on: {yes: look, no: next}}",
        "look: {type: service, call: look, fields: {cost: {type: integer}}, on: {done: next, failed: gone}}",
        decision("next", 'outcome("first") == "yes"', "tell"),
        "tell: {type: task, for: clerk, ask: 'It costs {data.look.cost}', next: fulfilled}",
    ),
    "a second answer": work(
        "first: {type: task, for: clerk, saves: got, fields: {x: {type: boolean}}, on: {done: "
        "[{to: last, when: data.got.x}, {to: again}]}}",
        "again: {type: task, for: clerk, saves: got, fields: {x: {type: boolean}}, next: look}",
        decision("look", "data.got.x", "last", "fulfilled"),
        "last: {type: task, for: clerk, next: fulfilled}",
    ),
    "a value that is set anew": work(
        "first: {type: task, for: clerk, on: {yes: {to: next, set: {how: '\"well\"'}}, "
        "no: {to: next, set: {how: '\"badly\"'}}}}",
        decision("next", 'data.how == "badly"', "more", "fulfilled"),
        "more: {type: task, for: clerk, on: {done: {to: last, set: {how: '\"well\"'}}, leave: last}}",
        decision("last", 'data.how == "well"', "fulfilled", "gone"),
    ),
    "what an expression sets": work(
        "first: {type: task, for: clerk, on: {done: {to: next, set: {n: 1}}}}",
        decision("next", "data.n > 3", "fulfilled", "more"),
        "more: {type: task, for: clerk, on: {done: {to: next, set: {n: data.n + 1}}}}",
    ),
    "what a branch beside may change meanwhile": work(
        "both: {type: parallel, branches: {a: {states: {a1: {type: decision, rules: [{when: has(data.b1), to: done}], "
        "else: a2}, a2: {type: task, for: clerk, next: a3}, a3: {type: decision, rules: "
        "[{when: has(data.b1), to: done}], else: gone}}}, "
        "b: {states: {b1: {type: task, for: smith, fields: {x: {type: string}}, next: done}}}}, next: fulfilled}"
    ),
    "what branches have changed at a join": work(
        decision("first", "has(data.a)", "gone", "both"),
        "both: {type: parallel, join: 1, branches: {a: {type: task, for: clerk, fields: {x: {type: string}}, "
        "next: done}, b: {type: task, for: smith, next: done}}, next: next}",
        decision("next", "has(data.a)", "first", "fulfilled"),
    ).replace("next: done}, b: ", "on: {done: done, none: done}}, b: "),
    "branches that go on after the join": work(
        "both: {type: parallel, join: 1, rest: continue, branches: {a: {states: {late: {type: task, for: clerk, "
        "fields: {x: {type: string}}, next: done}}}, b: {type: task, for: smith, next: done}}, next: one}",
        decision("one", "has(data.late)", "fulfilled", "two"),
        "two: {type: task, for: clerk, next: three}",
        decision("three", "has(data.late)", "fulfilled", "gone"),
    ),
    "a loop in a branch, each time that it is entered": work(
        "again: {type: parallel, branches: {a: {states: {work: {type: wait, for: P1D, next: more}, "
        "more: {type: decision, rules: [{when: 'count(\"more\") < 3', to: over}], else: done}, "
        "over: {type: decision, else: more}}}, b: {type: task, for: smith, next: done}}, next: next}",
        "next: {type: task, for: clerk, on: {done: fulfilled, again: again}}",
    ),
    "some of those that were picked": work(
        "pick: {type: task, for: clerk, fields: {who: {type: array, items: {type: string}, minItems: 5, maxItems: 5}}, "
        "on: {done: [{to: fulfilled, when: 'size(data.pick.who.filter(p, p == \"ada\")) == 1'}, {to: gone}]}}"
    ),
    "as often as somebody has said": work(
        "work: {type: task, for: clerk, on: {done: [{to: work, when: 'count(\"work\") < data.need.count'}, fulfilled]}}"
    ),
    "another item of a list": work(
        "all: {type: each, of: '[1, 2, 3]', as: part, states: {look: {type: decision, rules: "
        "[{when: item > 1, to: more}], else: done}, more: {type: decision, rules: [{when: item > 2, to: done}], "
        "else: work}, work: {type: task, for: clerk, on: {done: done, again: look}}}, next: fulfilled}"
    ),
    "a counter that each item has for itself": work(
        "all: {type: each, of: '[1, 2, 3]', states: {work: {type: task, for: clerk, next: look}, "
        'look: {type: decision, rules: [{when: \'count("work") < 2\', to: work}], else: done}}, next: next}',
        decision("next", 'count("work") > 4', "fulfilled", "gone"),
    ),
    "a way that is switched off for now": work(
        "first: {type: task, for: clerk, on: {done: [{to: later, when: 'false'}, {to: fulfilled}]}}",
        "later: {type: task, for: clerk, next: fulfilled}",
    ),
    "what is known in a stage holds behind it": work(
        "part: {type: stage, states: {ask: {type: task, for: clerk, on: {yes: done, no: done}}}, next: next}",
        'next: {type: service, call: mend, on: {done: [{to: fulfilled, when: \'outcome("ask") == "yes"\'}, '
        '{to: gone, when: \'outcome("ask") == "no"\'}]}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_what_a_job_can_come_to_is_let_be(name: str) -> None:
    """Data that is overwritten, set, or changed beside is forgotten; what is bounded, covered or there is seen so."""
    assert problems(SOUND[name]) == []


def test_what_is_done_at_any_time_brings_other_data() -> None:
    """An always leads back with what it asks, and with whatever was known where it was used."""
    states = work(
        decision("first", "has(data.change)", "last"),
        "last: {type: task, for: clerk, next: fulfilled}",
        "other: {type: task, for: clerk, next: first}",
    )
    more = "always: {change: {by: clerk, fields: {x: {type: string}}, to: %s}}\n"
    assert codes(states, more % "other") == []
    assert codes(states.replace("else: fulfilled", "else: other"), more % "other") == []


def test_a_loop_that_counts_too_far_is_refused() -> None:
    """What runs a process enters a thousand states without waiting; a bounded loop of more is told."""
    inner = decision("b", 'count("b") < 45', "a", "fulfilled")
    rows = [decision("a", "data.need.count > 3", "s0", "s0")]
    rows += [
        decision(f"s{n}", "data.need.count > 3", after := f"s{n + 1}" if n < 29 else "b", after) for n in range(30)
    ]
    (problem,) = problems(work(*rows, inner))
    assert problem.code == "endless-loop"
    assert "states without waiting" in problem.message
    assert codes(work(*rows, inner.replace("45", "4"))) == []


def test_a_bound_that_lets_the_loop_go_on_is_none() -> None:
    """A count that holds from some round on does not end the asking."""
    ask = "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: fulfilled, expired: %s}}"
    stop = "always: {stop: {by: clerk, to: gone}}\n"
    assert codes(work(ask % "[{to: ask, when: count('ask') >= 1}, {to: gone}]"), stop) == ["endless-asking"]
    assert codes(work(ask % "[{to: ask, when: count('ask') <= 1}, {to: gone}]"), stop) == []


def test_what_may_be_missing_is_told_with_the_way() -> None:
    """The shortest way on which a place was not saved, by its states and how they are left."""
    states = work(
        "ask: {type: ask, fields: {x: {type: number}}, within: P3D, on: {answered: rest, expired: late}}",
        "late: {type: task, for: clerk, next: rest}",
        "rest: {type: wait, for: P1D, next: next}",
        decision("next", "data.ask.x > 1.0", "gone"),
    )
    (problem,) = problems(states)
    assert problem.code == "maybe-missing"
    assert problem.message.endswith("not by need -> ask (expired) -> late -> rest -> next")
    (problem,) = problems(states.replace("expired: late", "expired: gone").replace("late: {type", "other: {type"),
                          "always: {skip: {by: clerk, to: rest}}\n")[-1:]  # fmt: skip
    assert "need -> ask (always: skip) -> rest -> next" in problem.message


def test_what_was_proved_is_said() -> None:
    """A process whose ways are all followed is proved; of one with too many it is said which conditions are not."""
    assert proof(process(SOUND["a second answer"])).decided_alone == ()
    rows = []
    for n in range(9):
        rows += [f"a{n}: {{type: task, for: clerk, on: {{yes: a{n + 1}, no: a{n + 1}}}}}"]
    rows += ["a9: {type: task, for: clerk, next: b0}"]
    for n in range(9):
        after = f"b{n + 1}" if n < 8 else "fulfilled"
        rows += [f'b{n}: {{type: decision, rules: [{{when: \'outcome("a{n}") == "yes"\', to: {after}}}], else: c{n}}}']
        rows += [f"c{n}: {{type: task, for: clerk, next: {after}}}"]
    many = process(work(*rows))
    assert MOST_OF_STATE < 2**9
    told = proof(many)
    assert told.conditions == 9
    assert told.decided_alone[0][1] == "b0.rules.when"
    assert codes(work(*rows)) == []


def test_a_thousand_states_that_all_ask_are_checked_in_time() -> None:
    """A count, an outcome and an answer are followed through a thousand states, well within the bound of a file."""
    rows = []
    for n in range(500):
        after = f"s{n + 1}" if n < 499 else "fulfilled"
        when = f'has(data.s{n}) && data.s{n}.x && count("s{n}") < 3'
        rows += [
            f"s{n}: {{type: task, for: clerk, fields: {{x: {{type: boolean}}}}, on: {{done: t{n}, over: {after}}}}}",
            decision(f"t{n}", when, f"s{n}", after),
        ]
    text = work(*rows)
    assert in_time(lambda: codes(text)) == []


FILTERED = """
process: picked
need: Three of five
roles: {trainer: Trainer}
states:
  need: {type: need, next: pick}
  pick:
    type: task
    for: trainer
    fields:
      players: {type: array, items: {type: string, enum: [a, b, c, d, e]}, minItems: 3, maxItems: 3, uniqueItems: true}
    on:
      done: [{to: fulfilled, when: 'size(data.pick.players.filter(p, p in ["a", "b"])) == 1'}]
      freely: fulfilled
  fulfilled: {type: fulfilled}
"""


def test_what_is_picked_out_of_a_list_has_a_size_of_its_own() -> None:
    """That a list has three entries says nothing of how many of them are of some kind."""
    assert every(FILTERED, "f") == []


BESIDE = """
process: kitchen
need: A dish
roles: {cook: Cook}
states:
  need: {type: need, next: making}
  making:
    type: parallel
    branches:
      eat:
        start: cook
        states:
          cook:
            type: task
            for: cook
            within: PT20M
            on: {done: done, expired: [{to: longer, when: count("longer") < 2}, {to: ask}]}
          longer: {type: tell, to: customer, say: It takes longer, next: cook}
          ask: {type: task, for: cook, on: {done: done}}
      drink: {type: task, for: cook}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
always:
  again: {by: cook, when: at("making"), to: making}
"""


def test_a_count_bounds_a_round_in_a_branch_that_may_begin_again() -> None:
    """Where it is not known how often the round was gone, the condition on the count still ends it."""
    assert every(BESIDE, "f") == []


UNDONE = """
process: undone
need: Anything
roles: {clerk: Clerk}
states:
  need:
    type: need
    fields: {more: {type: string, enum: [yes, no]}}
    next: [{to: look, when: data.need.more == "yes"}, work]
  look: {type: task, for: clerk, fields: {found: {type: string}}, next: work}
  work:
    type: stage
    states: {one: {type: task, for: clerk, next: done}}
    always: {stop: {by: clerk, to: done}}
    on: {done: [{to: gone, when: data.need.more == "no", undo: true}, tell]}
  tell: {type: decision, rules: [{when: data.need.more == "yes", to: read}], else: fulfilled}
  read: {type: task, for: clerk, ask: "{data.look.found}", next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No}
always:
  off: {by: clerk, to: gone}
"""


def test_what_is_there_is_followed_while_something_is_undone() -> None:
    """An entry may lead out of a stage by a way that undoes something, and meanwhile another may be used."""
    assert every(UNDONE, "f") == []


def test_nobody_stands_in_another_state_of_the_one_line() -> None:
    """Where the job stands in one state, none of its lines is inside another of the same scope; beside, and in a branch
    that goes on after its join, one may be."""
    states = work(
        "first: {type: task, for: clerk, within: P1D, on: {yes: {to: both, when: 'at(\"b1\")'}, expired: late}}",
        "late: {type: task, for: smith, next: first}",
        "both: {type: parallel, branches: {a: {states: {a1: {type: task, for: clerk, within: P1D, "
        "on: {done: {to: done, when: 'at(\"b1\")'}, expired: done}}}}, "
        "b: {states: {b1: {type: task, for: smith, next: done}}}}, next: fulfilled}",
    )
    assert sorted(codes(states)) == ["never-holds", "no-fulfilled", "no-way-out"]
    (problem,) = [one for one in problems(states) if one.code == "never-holds"]
    assert "first.yes.when: the condition never holds: not by need -> first" in problem.message
    beside = states.replace("{to: both, when: 'at(\"b1\")'}", "both")
    assert codes(beside) == []
    goes_on = beside.replace("next: fulfilled}\n", "join: 1, rest: continue, next: more}\n") + work(
        "more: {type: task, for: clerk, within: P1D, on: {yes: {to: fulfilled, when: 'at(\"b1\")'}, expired: gone}}"
    )
    assert codes(goes_on) == []
