"""Hints name what was meant, and stay cheap however many names there are."""

from __future__ import annotations

import difflib
from typing import Any

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


def test_among_many_names_few_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among 5,000 names the near one is found, and only the likeliest are compared letter by letter (L12)."""
    names = [f"state_number_{i}" for i in range(5_000)]
    compared: list[int] = []
    close = difflib.get_close_matches

    def counted(word: str, possible: list[str], **more: Any) -> list[str]:
        compared.append(len(possible))
        return close(word, possible, **more)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    assert near("state_numbr_4777", names) == "state_number_4777"
    for i in range(20):
        near(f"stat_nmber_{i}", names)
    assert compared
    assert max(compared) <= 60
