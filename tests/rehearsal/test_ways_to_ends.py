"""The ways to each end of a process: the shortest first, the hoped-for ones before the rest."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from flowengine.language import load, parse
from flowengine.rehearsal.ways_to_ends import WayToEnd, ways_to_ends

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))

HEAD = """
process: sample
title: A sample
need: Something
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, ask: What?, next: first}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It was given up}
"""


def told(way: WayToEnd) -> str:
    return " ".join(f"{leg.state}:{leg.outcome or leg.always or leg.inside}" for leg in way.legs)


def ways(states: str, most: int = 20) -> dict[str, list[str]]:
    return {
        end: [told(one) for one in found]
        for end, found in ways_to_ends(parse(HEAD + states, check=False), most).items()
    }


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
def test_each_end_of_the_processes_that_are_shipped_is_reached(path: Path) -> None:
    """Every end has a way from the need, in order of length, and no way passes a state twice."""
    process = load(path)
    found = ways_to_ends(process, 5)
    assert set(found) == set(process.ends)
    for ways in found.values():
        assert 0 < len(ways) <= 5
        for way in ways:
            states = [leg.state for leg in way.legs]
            assert states[0] == process.root.start
            assert len(states) == len(set(states))


def test_what_is_hoped_for_comes_before_what_is_rare() -> None:
    """A longer way by usual outcomes stands before a shorter one by a deadline, and a withdrawal is told once."""
    found = ways("  first: {type: task, for: tailor, within: P1D, on: {done: second, expired: fulfilled}}\n"
                 "  second: {type: task, for: tailor, on: {done: fulfilled, bad: gone}}\n"
                 "always: {withdraw: {by: customer, to: gone}}")  # fmt: skip
    assert found["fulfilled"] == ["need:stated first:done second:done", "need:stated first:expired"]
    assert found["gone"] == ["need:stated first:done second:bad", "need:stated first:withdraw"]


def test_an_end_inside_a_branch_is_reached_through_it() -> None:
    """A parallel is gone through as one state, but for an end that one of its branches reaches."""
    found = ways("  first:\n    type: parallel\n    next: fulfilled\n    branches:\n"
                 "      one: {start: sew, states: {sew: {type: task, for: tailor, on: {done: done, torn: gone}}}}\n"
                 "      two: {start: cut, states: {cut: {type: task, for: tailor, on: {done: done}}}}\n")  # fmt: skip
    assert found == {"fulfilled": ["need:stated first:joined"], "gone": ["need:stated first:first/one sew:torn"]}


def test_what_a_guard_says_of_passed_states_is_looked_at() -> None:
    """A way that needs a state passed which it does not pass is none; other guards are told."""
    process = parse(HEAD + "  first: {type: task, for: tailor, on: {done: second, skip: third}}\n"
                    "  second: {type: task, for: tailor, on: {done: third}}\n"
                    "  third: {type: decision, rules: [{when: 'passed(\"second\")', to: gone}], else: fulfilled}",
                    check=False)  # fmt: skip
    found = ways_to_ends(process)
    assert [told(one) for one in found["gone"]] == ["need:stated first:done second:done third:"]
    assert [leg.when for leg in found["gone"][0].legs][-1] == 'passed("second")'


def test_an_end_without_a_way_has_none() -> None:
    """Nothing is made up for an end that nothing leads to."""
    assert ways("  first: {type: task, for: tailor, on: {done: fulfilled}}")["gone"] == []


def test_a_process_of_very_many_ways_is_bounded() -> None:
    """Of millions of ways the first are found at once (L12)."""
    states = "".join(
        f"  s{i}: {{type: task, for: tailor, on: {{{', '.join(f'o{j}: s{i + 1}' for j in range(9))}}}}}\n"
        for i in range(100)
    )
    begun = process_time()
    found = ways(f"  first: {{type: task, for: tailor, on: {{done: s0}}}}\n{states}"
                 "  s100: {type: task, for: tailor, on: {done: fulfilled}}", 20)  # fmt: skip
    assert len(found["fulfilled"]) == 20
    assert process_time() - begun < 2
