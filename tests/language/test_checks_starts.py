"""What starts a job by itself is checked like all else: names, types, and the need that it states."""

from __future__ import annotations

import pytest

from flowengine.language import parse, problems
from flowengine.language.checks.starts import clashes

HEAD = "process: shop\nneed: Something\n"
STATES = """
states:
  need:
    type: need
    fields:
      what: {type: string}
      count: {type: integer}
      gift: {type: boolean, optional: true}
      since: {type: string, format: date-time, optional: true}
      list: {type: array, items: {type: string}, optional: true}
    next: work
  work: {type: task, for: staff, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
FIELDS = "fields: {who: {type: string}, n: {type: integer}, day: {type: string, format: date, optional: true}}"


def found(starts: str) -> list[tuple[str, str]]:
    """The codes and hints of the problems that an entry has."""
    return [(one.code, one.hint) for one in problems(f"{HEAD}starts:\n{starts}\n{STATES}")]


def entry(need: str = "what: '\"a pan\"', count: message.n", customer: str = "message.who", more: str = "") -> str:
    return f"  - message: ordered\n    {FIELDS}\n    customer: {customer}\n    need: {{{need}}}\n{more}"


def test_an_entry_that_is_right_has_no_problem() -> None:
    """A message and a schedule that state the need are fine; so are optional fields that a condition knows of."""
    assert found(entry()) == []
    guarded = "what: message.day, count: message.n, since: now, list: '[key]', gift: 'message.n > 1'"
    assert found(entry(guarded, more="    when: has(message.day)\n")) == []
    assert found("  {every: 0 7 * * mon, customer: '\"club\"', need: {what: day(now), count: 1}}") == []


@pytest.mark.parametrize(
    ("starts", "code", "hint"),
    [
        (entry("what: key"), "missing-field", "write it under 'need': {count: …}"),
        (entry("what: key, count: 1, hat: 2"), "unknown-field", "did you mean 'what'?"),
        (entry("what: key, count: message.m"), "unknown-field", "did you mean 'n'?"),
        (entry("what: message.day, count: 1"), "maybe-missing", "ask first: has(message.day) ? … : …"),
        (entry("what: key, count: key"), "type-mix", ""),
        (entry("what: now, count: 1"), "type-mix", ""),
        (entry("what: key, count: 1, gift: message.n"), "type-mix", ""),
        (entry("what: key, count: 1, list: key"), "type-mix", ""),
        (entry(customer="message.n"), "type-mix", ""),
        (entry(customer="customer.id"), "unknown-variable", "possible: key, message, now"),
        (entry("what: data.x, count: 1"), "unknown-variable", "possible: key, message, now"),
        (entry(more="    when: message.n\n"), "type-mix", ""),
        (entry(more='    when: passed("work")\n'), "no-job-yet", ""),
        (entry() + entry(more="    when: message.n > 1\n"), "dead-start", None),
        ("  {every: 0 7 * * mon, customer: key, need: {what: key, count: 1}}", "unknown-variable", "did you mean"),
        ("  {every: 0 7 * * mon, customer: '\"club\"'}", "missing-field", "write it under 'need'"),
    ],
)
def test_what_is_wrong_is_told(starts: str, code: str, hint: str | None) -> None:
    """Each problem of an entry has its code, and says what would be right."""
    problem = dict(found(starts))
    assert code in problem
    assert hint is None or problem[code].startswith(hint[:20]) or hint.startswith("did you")


def test_an_entry_behind_one_with_a_condition_is_alive() -> None:
    """Of two entries by one message the first whose condition holds is taken, so the second needs none."""
    assert found(entry(more="    when: message.n > 1\n") + entry()) == []


def test_processes_clash_where_no_condition_tells_them_apart() -> None:
    """Two processes may start by one message only where both have a condition."""

    def made(name: str, more: str) -> str:
        return f"{HEAD}starts:\n{entry(more=more)}\n{STATES}".replace("process: shop", f"process: {name}")

    guarded, bare = (parse(made("other", more)) for more in ("    when: message.n > 1\n", ""))
    mine = parse(made("shop", ""))
    assert [one.code for one in clashes(mine, [guarded])] == ["ambiguous-start"]
    assert [one.code for one in clashes(guarded, [mine])] == ["ambiguous-start"]
    assert clashes(guarded, [parse(made("third", "    when: message.n < 1\n"))]) == []
    assert clashes(mine, [parse(made("third", "").replace("ordered", "paid"))]) == []
    assert [one.code for one in clashes(bare, [guarded, mine])] == ["ambiguous-start"] * 2


def test_all_is_for_messages_that_are_not_kept() -> None:
    """``all`` stands with a message, and not with ``keep``."""
    states = "  work: {type: message, name: come, all: true, keep: P1D, on: {received: fulfilled}}\n"
    text = HEAD + STATES.replace("  work: {type: task, for: staff, on: {done: fulfilled}}\n", states)
    assert [one.code for one in problems(text)] == ["too-many-keys"]
    always = "always: {stop: {by: staff, all: true, to: fulfilled}}\n"
    assert [one.code for one in problems(HEAD + always + STATES)] == ["too-many-keys"]
