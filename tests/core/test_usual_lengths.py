"""How long it is from each state to the end, by the file alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flowengine.core.advance import compile_process
from flowengine.core.usual import lengths
from flowengine.language import parse

MONDAY = datetime(2027, 1, 4, 9, tzinfo=UTC)
PROCESSES = Path(__file__).parents[2] / "processes"

BRANCHES = """
process: house
title: A house
need: A house
zone: Europe/London
roles: {mason: {title: Mason}}
calendars: {site: {open: {mon-fri: "09:00-17:00"}, every: PT1H}}
states:
  need: {type: need, next: build}
  build:
    type: parallel
    branches:
      walls: {start: raise, states: {raise: {type: task, for: mason, takes: P10D, on: {done: done}}}}
      doors: {start: carve, states: {carve: {type: task, for: mason, takes: P3D, on: {done: done}}}}
      roof:
        after: [walls]
        start: cover
        states: {cover: {type: task, for: mason, takes: {working: P5D, calendar: site}, on: {done: done}}}
    on: {joined: dry}
  dry: {type: wait, for: P2D, next: look}
  look:
    type: decision
    rules: [{when: data.need == null, to: mend}]
    else: hand_over
  mend: {type: task, for: mason, takes: P30D, next: look}
  hand_over: {type: task, for: mason, takes: P1D, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_branches_take_as_long_as_the_longest_and_what_comes_after_them() -> None:
    """From the walls on it is ten days, the roof after them, drying and handing over; from the doors on only what
    follows the join. Of a decision nobody can foretell the way without a condition is usual."""
    both = lengths(compile_process(parse(BRANCHES, check=False)), MONDAY)
    found, day = {state: one.whole for state, one in both.items()}, timedelta(days=1)
    assert (both["dry"].here, both["look"].here, both["raise"].here) == (2 * day, 0 * day, 10 * day)
    assert both["build"].here == both["build"].whole - 3 * day
    assert found["hand_over"] == found["look"] == day
    assert found["dry"] == 3 * day
    assert found["mend"] == 31 * day
    assert found["carve"] == 6 * day
    assert found["raise"] == found["build"] == found["need"]
    assert found["cover"] + 10 * day <= found["raise"] <= found["cover"] + 12 * day  # a weekend lies in between


def test_a_suit_takes_six_weeks_by_its_file() -> None:
    """The suit: about six weeks from the need, three from sewing, a day from pressing to the customer's word."""
    suit = parse((PROCESSES / "bespoke_suit.yaml").read_text(encoding="utf-8"))
    found = {
        state: length.whole / timedelta(days=1) for state, length in lengths(compile_process(suit), MONDAY).items()
    }
    assert 40 < found["need"] < 44
    assert 19 < found["sew"] < 21
    assert found["finish"] == 4 + 1 / 1440


def test_of_a_file_that_says_nothing_nothing_is_told() -> None:
    """A process without ``takes`` and waits has no lengths."""
    silent = parse((PROCESSES / "order_approval.yaml").read_text(encoding="utf-8"))
    assert lengths(compile_process(silent), MONDAY) == {}
