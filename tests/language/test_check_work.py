"""How much work a check is, in calls of functions: it grows in line with the file, whatever the machine (L12)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from test_tangled import flow, fork, line, listed

from flowengine.language import problems

SMALL, LARGE = 60, 240
ROOM = 1.5
"""How much more than in line with the file: some sorting, tables that are looked up in."""

MIXED = (
    "s#: {type: task, for: b, fields: {a#: {type: integer, minimum: 0}, w#: {type: string}}, within: P1D, "
    "on: {done: [{to: <, when: 'data.s#.a# > 3', set: {n#: data.s#.a#}}, {to: ~}], x: ^, expired: <}}"
)
DAY = "fields: {day: {type: string, format: date}}, "

FAMILIES: dict[str, Callable[[int], str]] = {
    "tasks with fields, conditions and ways back": lambda n: line(n, MIXED),
    "conditions on how often": lambda n: line(
        n, "s#: {type: task, for: b, on: {done: [{to: ~, when: 'count(\"s#\") < 3'}, {to: <}]}}"
    ),
    "many conditions on one answer": lambda n: flow(
        "s0: {type: decision, rules: ["
        + listed(n, "{to: f, when: 'data.need.n == #'}")
        + "], else: f}",
        asks="fields: {n: {type: integer}}, ",
    ),
    "deadlines at a moment": lambda n: line(
        n, "s#: {type: task, for: b, within: '{date(data.need.day)}', on: {done: <, expired: <}}", asks=DAY
    ),
    "deadlines that keep a job in": lambda n: line(
        n,
        "s#: {type: task, for: b, within: '{date(data.need.day)}', on: {done: <, expired: l#}}\n"
        "  l#: {type: task, for: b, next: s#}",
        asks=DAY,
    ),
    "deadlines in branches": lambda n: fork(
        n, "b#: {states: {t#: {type: task, for: b, within: '{days(3)}', on: {done: done, expired: done}}}}"
    ),
    "rounds through joins": lambda n: line(
        n,
        "s#: {type: task, for: b, within: P1D, on: {done: <, expired: p#}}\n"
        "  p#: {type: parallel, join: done >= 1, next: s#, branches: {a#: {type: wait, for: P1D}, "
        "b#: {type: task, for: b}}}",
    ),
    "stages in a row": lambda n: line(
        n, "s#: {type: stage, next: <, states: {t#: {type: task, for: b, on: {done: done, x: t#}}}}"
    ),
    "lists that are gone through": lambda n: line(
        n,
        "s#: {type: each, of: data.need.l, next: <, states: {t#: {type: task, for: b, ask: '{item}', next: done}}}",
        asks="fields: {l: {type: array, items: {type: string}}}, ",
    ),
    "choices of many options": lambda n: line(
        20,
        "s#: {type: choice, choose: {x: {from: o}}, within: P1D, on: {chosen: <, expired: f}}",
        more=f"options: {{o: [{listed(10 * n, 'o#')}]}}\n",
    ),
}  # fmt: skip


def work(text: str) -> int:
    """How many functions are called to check a file, those that are written in C among them."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        problems(text, "f.yaml")
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("family", FAMILIES)
def test_the_work_of_a_check_grows_in_line_with_the_file(family: str) -> None:
    """Four times as long a file takes about four times the work."""
    problems(FAMILIES[family](3), "f.yaml")  # what is made once in a process
    small, large = (work(FAMILIES[family](count)) for count in (SMALL, LARGE))
    assert large < small * LARGE / SMALL * ROOM, f"{small:,} calls, then {large:,}"


def test_a_check_of_a_thousand_states_is_a_bounded_work() -> None:
    """A second of one processor is enough for a thousand states with fields, conditions, deadlines and ways back."""
    assert work(line(1_000, MIXED)) < 8_000_000
