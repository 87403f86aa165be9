"""L8: no round of deadlines alone asks a customer again and again."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

ASK = "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: fulfilled, expired: %s}}"
STAGE = """\
  again:
    type: stage
    start: ask
    %s
    states:
      ask: {type: approval, within: P3D, on: {approved: done, declined: fulfilled, expired: %s}}
    on: {done: again%s}
"""
WRONG = {
    "itself": work(ASK % "ask"),
    "by way of a clock": work(ASK % "rest", "rest: {type: wait, for: P1D, next: ask}"),
    "two that expire into each other": work(
        ASK % "again", "again: {type: approval, within: P3D, on: {approved: fulfilled, expired: ask}}"
    ),
    "by way of what is told, and code": work(
        ASK % "hello",
        "hello: {type: tell, to: customer, say: Hello, next: write}",
        "write: {type: service, call: write, on: {done: ask, failed: gone}}",
    ),
    "by way of a decision on what stays": work(
        ASK % "which", "which: {type: decision, rules: [{when: data.need.count > 3, to: gone}], else: ask}"
    ),
    "by way of staff who do nothing": work(
        ASK % "work", "work: {type: task, for: clerk, within: P3D, on: {done: gone, expired: ask}}"
    ),
    "a race": work(
        "ask: {type: race, of: {yes: {type: approval}, late: {type: wait, for: P3D}}, on: {yes: fulfilled, late: ask}}"
    ),
    "a vote without a quorum": work(
        "ask: {type: vote, of: {group: club}, options: plain, within: P3D, on: {decided: fulfilled, tied: gone, "
        "no_quorum: ask}}"
    ),
    "a condition on what is not in the round": work(
        "first: {type: task, for: clerk, on: {done: ask, more: first}}",
        ASK % "[{to: gone, when: count('first') > 3}, {to: ask}]",
    ),
    "a stage that is done by itself": STAGE % ("title: Again", "done", ""),
    "a stage whose clock ends it": STAGE % ("always: {over: {within: P9D, to: done}}", "ask", ""),
    "branches that are done by themselves": """\
  both:
    type: parallel
    join: 1
    branches:
      left: {start: l, states: {l: {type: approval, within: P1D, on: {approved: done, expired: done}}}}
      right: {start: r, states: {r: {type: task, for: clerk, on: {done: done, all: fulfilled}}}}
    on: {joined: more}
  more: {type: wait, for: P1D, next: both}
""",
}
NEAR = {
    "as often as is said": work(ASK % "[{to: ask, when: count('ask') < 3}, {to: gone}]"),
    "until something has passed": work(
        ASK % "[{to: gone, when: passed('rest')}, {to: rest}]", "rest: {type: wait, for: P1D, next: ask}"
    ),
    "until a day": work(ASK % "[{to: ask, when: now < date(data.need.day)}, {to: gone}]"),
    "as often as it counts itself": work(
        ASK % "[{to: gone, when: has(data.times) && data.times > 3}, "
        "{to: ask, set: {times: 'has(data.times) ? data.times + 1 : 1'}}]"
    ),
    "by way of somebody": work(ASK % "work", "work: {type: task, for: clerk, on: {done: ask, lost: gone}}"),
    "by way of code that may say otherwise": work(
        ASK % "look", "look: {type: service, call: look, on: {done: ask, enough: gone}}"
    ),
    "a round of clocks that asks nobody": work(
        "look: {type: decision, rules: [{when: 'now > date(data.need.day)', to: fulfilled}], else: rest}",
        "rest: {type: wait, for: P1D, next: look}",
    ),
    "a stage with a deadline": STAGE % ("within: P30D", "ask", ", expired: gone"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_round_without_end_is_refused(name: str) -> None:
    """A customer who does nothing would be asked for ever: it is told once, at what asks."""
    assert codes(WRONG[name]) == ["endless-asking"]


@pytest.mark.parametrize("name", NEAR)
def test_a_round_that_ends_is_let_be(name: str) -> None:
    """What is bounded by what the round changes, by somebody who acts, or by a deadline around is no fault."""
    assert codes(NEAR[name]) == []


def test_a_clock_around_ends_a_round() -> None:
    """A deadline of the whole process ends the asking, unless the round is where it leads."""
    assert codes(work(ASK % "ask"), "always: {late: {within: P30D, to: gone}}\n") == []
    again = work(ASK % "gone", "other: {type: approval, within: P1D, on: {approved: fulfilled, expired: other}}")
    assert codes(again, "always: {late: {within: P30D, to: other}}\n") == ["endless-asking"]


def test_the_round_is_named() -> None:
    """The problem stands at what asks, and names the states of the round."""
    (problem,) = problems(WRONG["by way of a clock"])
    assert "ask, rest" in problem.message
    assert 'count("ask") < 3' in problem.hint


ASK_AGAIN = "ask: {type: ask, ask: What?, within: P1D, on: {answered: fulfilled, expired: both}}"
BOTH = "both: {type: parallel, %snext: ask, branches: {a: {%stype: task, for: clerk}, b: {type: wait, for: P1D}}}"


@pytest.mark.parametrize(
    ("join", "when", "found"),
    [
        ("", "", []),
        ("join: 1, ", "", ["endless-asking"]),
        ("join: done >= 1, ", "", ["endless-asking"]),
        ("join: open == 0, ", "", []),
        ("join: done >= 2, ", "", []),
        ("", "when: data.need.size > 3, ", ["endless-asking"]),
    ],
)
def test_a_round_goes_through_a_join_that_needs_nobody(join: str, when: str, found: list[str]) -> None:
    """Branches that the clock alone ends may be enough for a join; what waits for somebody need not be opened."""
    assert codes(work(ASK_AGAIN, BOTH % (join, when))) == found


def test_what_a_deadline_does_not_save_ends_no_round() -> None:
    """A condition on the answer that was not given is no way out: without one, nothing is changed."""
    fields = "fields: {a: {type: integer}}"
    ways = "[{to: ask, when: has(data.ask.a)}, {to: ask, when: '!has(data.ask.a)'}, fulfilled]"
    ask = f"ask: {{type: ask, {fields}, within: P1D, on: {{answered: fulfilled, expired: {ways}}}}}"
    assert "endless-asking" in codes(work(ask))


@pytest.mark.parametrize(
    ("of", "found"),
    [("data.list.of", ["endless-asking"]), ("data.list.some", []), ("'[data.need.name]'", []), ("data.need", [])],
)
def test_a_round_goes_through_a_list_that_may_be_empty(of: str, found: list[str]) -> None:
    """An each of a list that may have no items is over at once, though what is inside waits for somebody."""
    fields = "{of: {type: array, items: {type: string}}, some: {type: array, items: {type: string}, minItems: 1}}"
    states = (
        f"list: {{type: task, for: clerk, fields: {fields}, next: ask}}",
        "ask: {type: ask, ask: What?, within: P1D, on: {answered: fulfilled, expired: all}}",
        f"all: {{type: each, of: {of}, next: ask, states: {{one: {{type: task, for: clerk, next: done}}}}}}",
    )
    assert [code for code in codes(work(*states)) if code == "endless-asking"] == found
    asked = states[1].replace("expired: all", "expired: [{to: all, when: size(data.list.of) > 0}, fulfilled]")
    assert "endless-asking" not in codes(work(states[0], asked, states[2]))


UNSEEN = {
    "a task that is over and begins again": work(
        "sew: {type: task, for: clerk, within: P1D, on: {done: fulfilled, expired: sew}}"
    ),
    "a message that is asked for again": work(
        "dry: {type: message, name: dry, within: P9D, on: {received: fulfilled, expired: ask}}",
        "ask: {type: service, call: ask, on: {done: dry, failed: gone}}",
    ),
    "two that expire into each other": work(
        "sew: {type: task, for: clerk, within: P1D, on: {done: fulfilled, expired: again}}",
        "again: {type: approval, by: smith, within: P1D, on: {approved: fulfilled, expired: sew}}",
    ),
    "a race with a clock": work(
        "sew: {type: race, of: {a: {type: task, for: clerk}, b: {type: wait, for: P1D}}, on: {a: fulfilled, b: sew}}"
    ),
    "a stage whose clock fires for ever": """\
  again:
    type: stage
    start: sew
    always: {over: {within: P9D, to: done}}
    states:
      sew: {type: task, for: clerk, on: {done: fulfilled, more: sew}}
    on: {done: again}
""",
    "a deadline around, after which it begins again": """\
  again:
    type: stage
    start: sew
    within: P9D
    states:
      sew: {type: task, for: clerk, on: {done: done}}
    on: {done: fulfilled, expired: again}
""",
}
SEEN = {
    "somebody else is called": "sew: {type: task, for: clerk, within: P2D, escalate: {after: P1D, to: smith}, "
    "on: {done: fulfilled, expired: sew}}",
    "an incident before the deadline": "sew: {type: task, for: clerk, within: P2D, attention: P1D, "
    "on: {done: fulfilled, expired: sew}}",
    "as often as is said": "sew: {type: task, for: clerk, within: P2D, "
    "on: {done: fulfilled, expired: [{to: sew, when: count('sew') < 3}, {to: gone}]}}",
    "no deadline": "sew: {type: task, for: clerk, on: {done: fulfilled, more: sew}}",
    "code that tries again": "mill: {type: service, call: mill, on: {done: fulfilled, failed: rest}}\n"
    "  rest: {type: wait, for: PT1H, next: mill}",
}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_begins_again_by_the_clock_for_ever_is_refused(name: str) -> None:
    """A customer would wait behind deadlines that are kept for ever, each for itself, and nobody would hear of it."""
    assert codes(UNSEEN[name]) == ["endless-deadlines"]


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen_or_ends_is_let_be(name: str) -> None:
    """Who is called, an incident, a count, or no deadline at all: then it is told some day how long it takes."""
    assert codes(work(SEEN[name])) == []


DAY = "rest: {type: wait, until: date(data.need.day), next: %s}"
MORE = "more: {type: decision, rules: [{when: data.need.count > 3, to: gone}], else: rest}"
SPINNING = {
    "a wait for a day, and back": work(DAY % "more", MORE),
    "a wait that leads to itself": work(DAY % "[{to: gone, when: data.need.count > 3}, {to: rest}]"),
    "a day in the file": work(DAY.replace("data.need.day", "'2027-05-01'") % "more", MORE),
    "by way of what is told": work(DAY % "say", "say: {type: tell, to: customer, say: Hello, on: {told: more}}", MORE),
    "a deadline of a task": work(
        "rest: {type: task, for: clerk, within: '{date(data.need.day) - days(1)}', on: {done: gone, expired: rest}}"
    ),
    "a member of a race": work(
        "rest: {type: race, of: {work: {type: task, for: clerk}, late: {type: wait, until: date(data.need.day)}}, "
        "on: {work: fulfilled, late: rest}}",
    ),
}
WAITING = {
    "a wait for a length": work("rest: {type: wait, for: P1D, next: more}", MORE),
    "a wait from now on": work("rest: {type: wait, until: now + days(1), next: more}", MORE),
    "a day that the round moves": work(
        "rest: {type: wait, until: date(data.next), next: more}",
        "more: {type: decision, rules: [{when: data.need.count > 3, to: gone}], "
        "else: {to: rest, set: {next: day(now + days(7))}}}",
    ).replace("rest: {type", "first: {type: decision, else: {to: rest, set: {next: data.need.day}}}\n  rest: {type"),
    "as often as is said": work(DAY % "[{to: rest, when: count('rest') < 3}, gone]"),
    "until it is late enough": work(DAY % "[{to: rest, when: now < date(data.need.day)}, gone]"),
    "somebody who does something": work(
        DAY % "look", "look: {type: task, for: clerk, on: {done: fulfilled, not: rest}}"
    ),
    "a deadline that is a length": work(
        "rest: {type: task, for: clerk, within: '{days(data.need.count + 1)}', escalate: {after: PT1H, to: smith}, "
        "on: {done: fulfilled, expired: rest}}"
    ),
}


@pytest.mark.parametrize("name", SPINNING)
def test_a_round_of_moments_that_are_over_never_waits(name: str) -> None:
    """Once the day is over each wait for it is passed at once: the job would go round for ever, whatever day it is."""
    besides = ("unreachable-state", "no-fulfilled", "endless-deadlines")  # which it is as well, where one is asked
    found = [one for one in problems(SPINNING[name]) if one.code not in besides]
    assert [one.code for one in found] == ["endless-loop"]
    assert "is over, a job goes round for ever without waiting: rest" in found[0].message


@pytest.mark.parametrize("name", WAITING)
def test_a_round_that_waits_or_is_left_is_let_be(name: str) -> None:
    """A length waits anew each time, and so does a moment that is a later one in the next round."""
    assert set(codes(WAITING[name])) <= {"unreachable-state", "no-fulfilled", "no-way-out"}


OVER = ["until: now", "until: job.started", "until: now - days(3)", "until: date(day(now))", "for: '{days(0)}'"]


@pytest.mark.parametrize("key", [*OVER, "until: 'now - days(1) - span(\"PT1H\")'", "for: '{span(\"PT0S\")}'"])
def test_a_wait_that_is_over_as_it_begins_is_refused(key: str) -> None:
    """What is never later than now makes nobody wait."""
    (problem,) = problems(work(f"rest: {{type: wait, {key}, next: fulfilled}}"))
    assert problem.code == "no-wait"
    assert "is over as soon as it begins" in problem.message


def test_a_deadline_that_is_over_as_it_begins_is_refused() -> None:
    """Nobody could answer in no time."""
    assert codes(work(ASK.replace("P3D", "'{now}'") % "gone")) == ["no-wait"]
    assert codes(work(ASK % "gone"), "always: {late: {within: '{now}', to: gone}}\n") == ["no-wait"]


@pytest.mark.parametrize(
    "key",
    [
        "until: 'date(\"2020-01-01\")'",
        "until: '\"2020-01-01\"'",
        "until: now + days(1)",
        "until: now - days(-1)",
        "until: date(data.need.day)",
        "until: now - days(data.need.count)",
        "for: '{days(1)}'",
    ],
)
def test_a_moment_that_may_be_over_is_let_be(key: str) -> None:
    """No clock is asked: a file that is fine today is fine in ten years."""
    assert codes(work(f"rest: {{type: wait, {key}, next: fulfilled}}")) == []


@pytest.mark.parametrize(
    ("ways", "found"),
    [
        ("[{to: ask, when: count('ask') < 3}, ask]", ["endless-asking"]),
        ("[{to: ask, when: count('ask') < 3}, fulfilled]", []),
        ("[{to: fulfilled, when: count('ask') > 2}, ask]", []),
        ("[{to: ask, when: count('ask') < 3}, {to: ask, when: data.need.size > 3}, fulfilled]", ["endless-asking"]),
        ("[{to: fulfilled, when: data.need.size > 3}, {to: ask, when: count('ask') < 3}, fulfilled]", []),
        ("[{to: fulfilled, when: data.need.size > 3}, ask]", ["endless-asking"]),
        ("[{to: ask, when: count('ask') < 3}, {to: fulfilled, when: data.need.size > 3}, fulfilled]", []),
    ],
)
def test_only_a_condition_that_leads_out_ends_a_round(ways: str, found: list[str]) -> None:
    """What the round changes ends it where a way out hangs on it; a condition that stays as it is may never hold."""
    assert codes(work(f"ask: {{type: ask, within: P1D, on: {{answered: fulfilled, expired: {ways}}}}}")) == found


@pytest.mark.parametrize("other", ["again", "pass"])
def test_how_often_another_state_was_passed_bounds_no_round(other: str) -> None:
    """A condition that only seems to end a round is none, whatever is counted elsewhere, and however it is called."""
    asks = "pass: {type: ask, ask: What?, within: P3D, on: {answered: %s, expired: [{to: gone, when: %s}, pass]}}"
    many = (
        f"{other}_on: {{type: task, for: clerk, next: [{{to: {other}_on, when: count('{other}_on') < 90}}, fulfilled]}}"
    )
    seems = "count('pass') > 4 && count('pass') < 3"
    assert "endless-asking" in codes(work(asks % (f"{other}_on", f'"{seems}"'), many))
    assert "endless-asking" not in codes(work(asks % (f"{other}_on", "count('pass') > 4"), many))
