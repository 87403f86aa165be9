"""Hints name what was meant, and stay cheap however many names there are."""

from __future__ import annotations

import time

import pytest

from flowengine.language.suggest import hint, listing, near


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("tsak", "task"),
        ("Task", "task"),
        ("fiting", "fitting"),
        ("call-customer", "call_customer"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_found(wrong: str, right: str) -> None:
    """A name with letters swapped, missing or in the wrong case is recognised; one that is like none is not."""
    assert near(wrong, ["task", "fitting", "call_customer"]) == right


def test_without_a_near_name_the_possible_ones_are_listed() -> None:
    """A hint lists what is possible, as many names as can be taken in."""
    assert hint("zzz", ["task", "wait"]) == "possible: task, wait"
    assert hint("tsak", ["task", "wait"]) == "did you mean 'task'?"
    assert listing(f"s{i}" for i in range(20)).endswith("s10, s11 and 8 more")
    assert hint("x", []) == ""


def test_many_names_do_not_slow_it_down() -> None:
    """Among 5,000 names the near one is found, and 200 wrong names take less than a second."""
    names = [f"state_number_{i}" for i in range(5_000)]
    began = time.process_time()
    assert near("state_numbr_4777", names) == "state_number_4777"
    for i in range(200):
        near(f"stat_nmber_{i}", names)
    assert time.process_time() - began < 1
