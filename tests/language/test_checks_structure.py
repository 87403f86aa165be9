"""Names, ways, outcomes, deadlines and joins: each check fires, and does not fire beside its mark."""

from __future__ import annotations

import pytest
from bounds import in_time
from checks_samples import ENDS, HEAD, codes, problems, process, work

from flowengine.language import parse
from flowengine.language.checks import check

TASK = "work: {type: task, for: clerk, next: fulfilled}"

WRONG = {
    "unknown-target": work("work: {type: task, for: clerk, next: fulfiled}"),
    "unknown-role": work("work: {type: task, for: clerc, next: fulfilled}"),
    "unknown-group": work(
        "work: {type: task, open_to: {group: clob}, within: P3D, on: {done: fulfilled, expired: gone}}"
    ),
    "unknown-calendar": work(
        "fit: {type: fitting, with: smith, length: PT30M, calendar: shed, within: P3D, on: {held: fulfilled, "
        "expired: fulfilled}}"
    ),
    "unknown-options": work(
        "pick: {type: choice, choose: {wood: {from: plane}}, within: P3D, on: {chosen: fulfilled, expired: fulfilled}}"
    ),
    "unknown-choice": work("work: {type: task, for: clerk, uses: pick.wood, next: fulfilled}"),
    "unknown-state": work(TASK[:-1] + ", not_by: [wrk]}"),
    "need-again": work("work: {type: task, for: clerk, on: {done: fulfilled, again: need}}"),
    "unreachable-state": work(TASK, "other: {type: task, for: clerk, next: fulfilled}"),
    "no-way-out": work(
        "work: {type: task, for: clerk, on: {done: fulfilled, stuck: ditch}}",
        "ditch: {type: wait, for: P1D, next: ditch}",
    ),
    "endless-loop": work(
        "work: {type: decision, rules: [{when: data.need.count > 3, to: fulfilled}], else: again}",
        "again: {type: decision, rules: [{when: data.need.count > 2, to: fulfilled}], else: work}",
    ),
    "missing-outcome": work("ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: fulfilled}}"),
    "unknown-outcome": work(
        "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: fulfilled, "
        "expired: fulfilled, anwsered: gone}}"
    ),
    "dead-route": work(
        "work: {type: task, for: clerk, on: {done: [{to: fulfilled}, {to: gone, when: data.need.count > 3}]}}"
    ),
    "no-fallback": work("work: {type: wait, for: P1D, on: {elapsed: [{to: fulfilled, when: data.need.count > 3}]}}"),
    "no-deadline": work("ask: {type: ask, fields: {x: {type: string}}, next: fulfilled}"),
}
NEAR = {
    "an end of the process": work(TASK),
    "a group of customers": work(
        "work: {type: task, open_to: {group: club}, within: P3D, on: {done: fulfilled, expired: gone}}"
    ),
    "a fitting": work(
        "fit: {type: fitting, with: smith, length: PT30M, calendar: shop, within: P3D, on: {held: fulfilled, "
        "expired: fulfilled}}"
    ),
    "named options": work(
        "pick: {type: choice, choose: {wood: {from: plain}}, within: P3D, on: {chosen: fulfilled, expired: fulfilled}}"
    ),
    "a state not to be done by one": work(
        "work: {type: task, for: clerk, next: look}", "look: {type: task, for: clerk, not_by: [work], next: fulfilled}"
    ),
    "a loop that waits": work(
        "work: {type: decision, rules: [{when: 'now > date(data.need.day)', to: fulfilled}], else: rest}",
        "rest: {type: wait, for: P1D, next: work}",
    ),
    "a designer's own outcomes": work("work: {type: task, for: clerk, on: {good: fulfilled, bad: gone}}"),
    "an approval that knows no refusal": work(
        "ask: {type: approval, within: P3D, on: {approved: fulfilled, expired: fulfilled}}"
    ),
    "a person's act that may be refused, who can do something else": work(
        "work: {type: task, for: clerk, on: {done: [{to: fulfilled, when: data.need.count > 3}], not: gone}}"
    ),
    "a person's act that may be refused until a deadline": work(
        "work: {type: task, for: clerk, within: P1D, on: {done: [{to: fulfilled, when: data.need.count > 3}], "
        "expired: gone}}"
    ),
    "routes in order": work(
        "work: {type: wait, for: P1D, on: {elapsed: [{to: gone, when: data.need.count > 3}, {to: fulfilled}]}}"
    ),
    "a service that cannot fail but by incident": work("work: {type: service, call: mend, next: fulfilled}"),
}


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_is_found_by_its_code(code: str) -> None:
    """Each fault is reported once, by its own code, and nothing else is."""
    assert codes(WRONG[code]) == [code]


@pytest.mark.parametrize("name", NEAR)
def test_what_is_right_is_let_through(name: str) -> None:
    """What looks like a fault but is none has no problem."""
    assert problems(NEAR[name]) == []


MORE = "data.need.count > 3"
REFUSED = {
    "a task": f"{{type: task, for: clerk, on: {{done: {{to: fulfilled, when: {MORE}}}}}}}",
    "each of its outcomes": f"{{type: task, for: clerk, on: {{done: {{to: fulfilled, when: {MORE}}}, "
    f"not: [{{to: gone, when: {MORE}}}, {{to: fulfilled, when: data.need.count > 1}}]}}}}",
    "an approval of staff": f"{{type: approval, by: clerk, on: {{approved: {{to: fulfilled, when: {MORE}}}}}}}",
    "members of a race": "{type: race, of: {one: {type: task, for: clerk}, two: {type: task, for: smith}}, "
    f"on: {{one: {{to: fulfilled, when: {MORE}}}, two.done: {{to: fulfilled, when: {MORE}}}}}}}",
    "a message": f"{{type: message, name: news, on: {{received: {{to: fulfilled, when: {MORE}}}}}}}",
    "code": f"{{type: service, call: mend, on: {{done: {{to: fulfilled, when: {MORE}}}}}}}",
    "code's own outcome": f"{{type: service, call: mend, on: {{done: fulfilled, out: {{to: gone, when: {MORE}}}}}}}",
    "a deadline": "{type: task, for: clerk, within: P1D, "
    f"on: {{done: fulfilled, expired: {{to: gone, when: {MORE}}}}}}}",
    "the end of a race's member": "{type: race, of: {one: {type: task, for: clerk}, late: {type: wait, for: P1D}}, "
    f"on: {{one: fulfilled, late: {{to: fulfilled, when: {MORE}}}}}}}",
    "a join": "{type: parallel, branches: {one: {start: l, states: {l: {type: task, for: clerk, next: done}}}}, "
    f"on: {{joined: {{to: fulfilled, when: {MORE}}}}}}}",
    "a stage": "{type: stage, start: l, states: {l: {type: task, for: clerk, next: done}}, "
    f"on: {{done: {{to: fulfilled, when: {MORE}}}}}}}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_something_always_leads_on(name: str) -> None:
    """What ends by itself needs a last way without a condition, and so does what people end where they can do nothing
    else and no deadline comes: else the job would wait for ever, and nobody be told."""
    states = work(f"work: {REFUSED[name]}")
    assert codes(states) == ["no-fallback"]


CHANGING = {
    "the answer": "{type: task, for: clerk, fields: {ok: {type: boolean}}, "
    "on: {done: {to: fulfilled, when: data.work.ok}}}",
    "the clock": "{type: task, for: clerk, on: {done: {to: fulfilled, when: now > date(data.need.day)}}}",
    "a change of mind": "{type: task, for: clerk, on: {done: {to: fulfilled, when: has(data.more)}}}",
}


@pytest.mark.parametrize("name", CHANGING)
def test_a_condition_that_may_come_to_hold_is_let_be(name: str) -> None:
    """People may answer otherwise, or later, or when something has changed."""
    more = "always: {more: {by: customer, fields: {x: {type: string}}, to: work}}\n"
    assert codes(work(f"work: {CHANGING[name]}"), more) == []


def test_what_has_passed_does_not_change_while_a_job_stands() -> None:
    """A condition on the past is as good as one on the need: what may be changed of the data does not help it."""
    states = work(
        "first: {type: task, for: clerk, on: {good: work, bad: work}}",
        "work: {type: task, for: clerk, on: {done: {to: fulfilled, when: %s}}}",
    )
    more = "always: {more: {by: customer, fields: {x: {type: string}}, to: work}}\n"
    for when in ("outcome('first') == 'good'", "data.need.count > 3"):
        assert codes(states % when, more) == ["no-fallback"]


def test_a_deadline_around_leads_on_too() -> None:
    """A clock around it ends what people cannot."""
    states = work("work: {type: task, for: clerk, on: {done: {to: fulfilled, when: data.need.count > 3}}}")
    assert codes(states, "always: {late: {within: P9D, to: gone}}\n") == []


def test_a_problem_names_its_place_and_what_was_meant() -> None:
    """A misspelt target is found in its line, with the name that was meant."""
    (problem,) = problems(WRONG["unknown-target"])
    text = process(WRONG["unknown-target"]).source
    assert "fulfiled" in text.splitlines()[problem.place.line - 1]
    assert problem.hint == "did you mean 'fulfilled'?"


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    """Several faults are reported together."""
    states = work(
        "ask: {type: ask, fields: {x: {type: string}}, next: wrk}",
        "work: {type: task, for: clark, next: fulfilled}",
    )
    assert codes(states) == ["no-deadline", "unknown-target", "unknown-role"]


def test_a_process_begins_with_the_need_and_can_be_fulfilled() -> None:
    """Without a need first, without an end of type fulfilled, and with a second need, a process is refused."""
    no_need = parse(
        f"{HEAD}states:\n  work: {{type: wait, for: P1D, next: fulfilled}}\n  fulfilled: {{type: fulfilled}}\n",
        check=False,
    )
    assert [problem.code for problem in check(no_need)] == ["no-need"]
    unfulfilled = parse(
        f"{HEAD}states:\n  need: {{type: need, next: gone}}\n  gone: {{type: ended, because: No}}\n", check=False
    )
    assert [problem.code for problem in check(unfulfilled)] == ["no-fulfilled"]
    never = parse(
        f"{HEAD}states:\n  need: {{type: need, next: gone}}\n  gone: {{type: ended, because: No}}\n{ENDS}",
        check=False,
    )
    assert {problem.code for problem in check(never)} == {"no-fulfilled", "unreachable-state"}
    second = work("work: {type: task, for: clerk, next: fulfilled}", "more: {type: need, next: fulfilled}")
    assert set(codes(second)) == {"second-need", "unreachable-state"}


WAITS = {
    "a choice": "ask: {type: choice, choose: {wood: {from: plain}}, next: fulfilled}",
    "a fitting": "ask: {type: fitting, with: smith, length: PT30M, next: fulfilled}",
    "an approval": "ask: {type: approval, on: {approved: fulfilled}}",
    "feedback": "ask: {type: feedback, next: fulfilled}",
    "a task for customers": "ask: {type: task, open_to: customers, next: fulfilled}",
    "a task for anyone": "ask: {type: task, open_to: anyone, next: fulfilled}",
    "a race": "ask: {type: race, of: {yes: {type: approval}, news: {type: message, name: news}}, next: fulfilled}",
}


@pytest.mark.parametrize("name", WAITS)
def test_no_customer_waits_for_ever(name: str) -> None:
    """L8: whatever waits for a customer without a deadline is refused."""
    assert codes(work(WAITS[name])) == ["no-deadline"]


def test_a_vote_needs_a_deadline() -> None:
    """L8: a vote that never closes is refused; one that closes has no outcome expired."""
    on = "on: {decided: fulfilled, tied: fulfilled, no_quorum: gone}"
    vote = "ask: {type: vote, of: {group: club}, options: plain%s, " + on + "}"
    assert codes(work(vote % "")) == ["no-deadline"]
    assert codes(work(vote % ", within: P2D")) == []


@pytest.mark.parametrize(
    ("keys", "can_tie"),
    [
        ("", True),
        ("tie: first", False),
        ("tie: first, rule: majority", True),
        ("tie: first, method: ranking", False),
        ("tie: first, abstain: true", True),
        ("tie: first, method: ranking, abstain: true", True),
        ("tie: first, method: approval", True),
        ("tie: first, method: score", True),
    ],
)
def test_a_vote_may_end_with_nobody(keys: str, can_tie: bool) -> None:
    """``tied`` must lead somewhere, unless the first listed wins ties and each ballot is for something."""
    vote = f"ask: {{type: vote, of: {{group: club}}, options: plain, within: P2D, {keys}, "
    assert codes(work(vote.replace(", ,", ",") + "on: {decided: fulfilled, no_quorum: gone}}")) == (
        ["missing-outcome"] if can_tie else []
    )


@pytest.mark.parametrize(
    ("keys", "read", "code"),
    [
        ("method: ranking", "vote.rounds[0].tally[vote.winner] > vote.rounds[0].quota", ["may-fail"]),
        ("method: ranking", "size(vote.rounds) > 2 && vote.rounds.exists(r, 'oak' in r.eliminated)", []),
        ("method: approval", "size(vote.rounds) > 2", ["unknown-field"]),
        ("abstain: true", "vote.abstained * 2 > vote.cast", []),
        ("", "vote.abstained > 2", ["unknown-field"]),
        ("method: score", "vote.tally.oak > 10.5", []),
    ],
)
def test_what_a_vote_saves_is_known_to_the_check(keys: str, read: str, code: list[str]) -> None:
    """Rounds are there of rankings, and abstentions where one may abstain; their types are known."""
    vote = f"vote: {{type: vote, of: {{group: club}}, options: plain, within: P2D, {keys}, "
    rules = f'rules: [{{when: "{read.replace("vote.", "data.vote.")}", to: fulfilled}}], else: gone'
    states = work(
        vote.replace(", ,", ",") + "on: {decided: asked, no_quorum: asked, tied: asked}}",
        f"asked: {{type: decision, {rules}}}",
    )
    assert codes(states)[:1] == code


@pytest.mark.parametrize(
    "states",
    [
        work("ask: {type: approval, by: clerk, on: {approved: fulfilled}}"),
        work(
            "ask: {type: race, of: {yes: {type: approval}, late: {type: wait, for: P3D}}, "
            "on: {yes: fulfilled, late: gone}}"
        ),
        work("ask: {type: race, within: P3D, of: {yes: {type: approval}}, on: {yes: fulfilled, expired: gone}}"),
        work("ask: {type: race, of: {yes: {type: approval, within: P3D}}, on: {yes: fulfilled}}"),
    ],
)
def test_a_deadline_anywhere_in_a_race_suffices(states: str) -> None:
    """A wait or a within in a race ends it for the customer too; an approval by staff needs none."""
    assert codes(states) == []


def test_a_deadline_around_a_state_suffices() -> None:
    """An always with within bounds all states of its scope, unless it is conditional."""
    states = work("ask: {type: ask, fields: {x: {type: string}}, next: fulfilled}")
    assert codes(states, "always: {late: {within: P30D, to: gone}}\n") == []
    assert codes(states, "always: {late: {within: P30D, when: data.need.count > 3, to: gone}}\n") == ["no-deadline"]


def test_the_clock_of_an_always_strikes_once() -> None:
    """An always with within bounds no state that comes after it: there it has struck already."""
    states = """
  ask: {type: ask, fields: {x: {type: string}}, next: look}
  look: {type: task, for: clerk, on: {done: fulfilled, again: again}}
  again: {type: ask, fields: {y: {type: string}}, next: fulfilled}
"""
    assert codes(states, "always: {late: {within: P30D, to: look}}\n") == ["no-deadline"]
    assert codes(states, "always: {late: {within: P30D, to: fulfilled}}\n") == []


RACE = "ask: {type: race, of: {yes: {type: approval, within: P3D}, news: {type: message, name: news}}, on: {%s}}"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("yes: fulfilled, news: gone", []),
        ("yes.approved: fulfilled, yes.expired: gone, news: gone", []),
        ("yes.approved: fulfilled, yes: gone, news.received: gone", []),
        ("yes: fulfilled", ["missing-outcome"]),
        ("yes.approved: fulfilled, news: gone", ["missing-outcome"]),
        ("yes: fulfilled, news: gone, yes.aproved: gone", ["unknown-outcome"]),
    ],
)
def test_a_race_routes_its_members(on: str, expected: list[str]) -> None:
    """Each member leads somewhere: all its outcomes at once, or each of them that matters."""
    assert codes(work(RACE % on)) == expected


PARALLEL = """\
  both:
    type: parallel
    %s
    branches:
      left: {%s start: l, states: {l: {type: task, for: clerk, %s, next: done}}}
      right: {%s start: r, states: {r: {type: task, for: smith, %s, next: done}}}
    on: {joined: fulfilled}
"""


def both(join: str = "join: all", left: str = "", right: str = "", one: str = "phase: L", two: str = "phase: R") -> str:
    """A parallel of two branches with these keys: of itself, its branches, and their tasks."""
    return PARALLEL % (join, left, one, right, two)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (both(), []),
        (both("join: 2"), []),
        (both("join: 3"), ["impossible-join"]),
        (both(right="after: [left],"), []),
        (both(right="after: [lefd],"), ["unknown-branch"]),
        (both(left="after: [right],", right="after: [left],"), ["after-circle"]),
        (both(one="saves: a", two="saves: b"), []),
        (both(one="saves: a", two="saves: a"), ["two-writers"]),
        (both(one="saves: a", two="saves: a.b"), ["two-writers"]),
        (both(one="saves: a", two="saves: a", right="after: [left],"), []),
    ],
)
def test_branches_are_held_against_each_other(states: str, expected: list[str]) -> None:
    """Joins that cannot happen, circles of after and two writers of one place are refused."""
    assert codes(states) == expected


def test_a_branch_that_is_never_done_cannot_be_joined() -> None:
    """A branch that only ends the job keeps a join of all from ever happening."""
    states = (
        both()
        .replace("next: done}}}\n      right", "next: gone}}}\n      right")
        .replace("joined: fulfilled", "joined: fulfilled")
    )
    assert "impossible-join" in codes(states)


def test_a_way_stays_in_its_scope() -> None:
    """A way from a branch into the root, or from the root into a branch, "
    "is refused; done has no meaning in the root."""
    inward = both() + work("work: {type: task, for: clerk, next: fulfilled}")
    assert "foreign-target" in codes(inward.replace("next: done}}}\n      right", "next: work}}}\n      right"))
    assert "foreign-target" in codes(work("work: {type: task, for: clerk, on: {done: fulfilled, more: l}}") + both())
    assert codes(work("work: {type: task, for: clerk, on: {done: fulfilled, over: done}}")) == ["unknown-target"]


def test_loops_are_found_through_scopes() -> None:
    """A stage that never waits does not make a loop wait; one with a task does."""
    stage = """\
  first: {type: stage, start: s, states: {s: %s}, next: again}
  again: {type: decision, rules: [{when: 'now > date(data.need.day)', to: fulfilled}], else: first}
"""
    instant = "{type: decision, rules: [{when: data.need.count > 1, to: done}], else: done}"
    assert codes(stage % instant) == ["endless-loop"]
    assert codes(stage % "{type: task, for: clerk, next: done}") == []


def test_always_gives_a_way_on() -> None:
    """A state that only an always can leave has a way out, and the state it leads to is reached."""
    states = work("hall: {type: task, for: clerk, on: {done: hall}}", "last: {type: task, for: clerk, next: fulfilled}")
    assert codes(states, "always: {enough: {by: clerk, to: last}}\n") == []
    assert set(codes(states)) == {"no-way-out", "unreachable-state", "no-fulfilled"}


def test_functions_name_states() -> None:
    """passed, at, by and count take the name of a state, as a text."""
    task = "work: {type: task, for: clerk, on: {done: [{to: gone, when: '%s'}, {to: fulfilled}], given: fulfilled}}"
    assert codes(work(task % 'passed("work")')) == []
    assert codes(work(task % 'passed("wrok")')) == ["unknown-state"]
    assert codes(work(task % "count(data.need.name) > 1")) == ["unknown-state"]


def test_a_thousand_states_are_checked_within_bounds() -> None:
    """Checking takes time linear in the file: a thousand states well within the two seconds of L12."""
    lines = []
    for number in range(1000):
        after = f"s{number + 1}" if number < 999 else "fulfilled"
        when = f'data.need.count > {number} && passed("s{max(number - 1, 0)}")'
        lines.append(
            f"s{number}: {{type: task, for: clerk, on: {{done: [{{to: {after}, when: '{when}'}}, {{to: {after}}}]}}}}"
        )
    big = process(work(*lines))
    assert in_time(lambda: check(big)) == []


@pytest.mark.parametrize(
    ("on", "found"), [("failed: gone", ["missing-outcome"]), ("yes: fulfilled, failed: gone", []), ("done: gone", [])]
)
def test_code_that_does_its_work_leads_somewhere(on: str, found: list[str]) -> None:
    """A service that says only what happens when it fails would be stuck with each handler that does not."""
    told = codes(
        work(f"mill: {{type: service, call: mill, on: {{{on}}}}}", "end: {type: task, for: clerk, next: gone}")
    )
    assert [code for code in told if code == "missing-outcome"] == found
