"""What a designer reads who made a mistake: one problem, at its place, that says what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flowengine.language import problems

HERE = Path(__file__).parent / "mistakes"
CAKE = (HERE / "cake.yaml").read_text("utf-8")
MISTAKES: list[dict[str, Any]] = yaml.safe_load((HERE / "mistakes.yaml").read_text("utf-8"))


def test_the_process_is_right() -> None:
    """Before any mistake is made, there is no problem."""
    assert problems(CAKE) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["name"].replace(" ", "_"))
def test_one_mistake_is_one_problem(mistake: dict[str, Any]) -> None:
    """A mistake gives one problem: in its line, by its code, with what is wrong or what would be right."""
    assert mistake["right"] in CAKE
    found = problems(CAKE.replace(mistake["right"], mistake["wrong"], 1), "cake.yaml")
    assert [(problem.place.line, problem.code) for problem in found] == [(mistake["line"], mistake["code"])]
    assert mistake["words"] in str(found[0])


def test_a_state_indented_too_far_is_told_with_what_it_collides_with() -> None:
    """A state that became a key of the one above is told as such; only what its keys collide with is told besides."""
    found = problems(CAKE.replace("  talk:\n    type: fitting", "    talk:\n    type: fitting", 1))
    assert [problem.code for problem in found] == ["unknown-key", "duplicate-key"]
    assert "if it is a state, it stands further left" in found[0].hint


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (
            "title: {type: feedback, next: gone}",
            "90:5: wrong-type: the key 'title' of an approval cannot hold a state (if it is a state, it stands "
            "further left, in line with the other states)",
        ),
        ("title: {type: date, next: gone}", "90:12: wrong-type: this must be a text, not a mapping"),
    ],
)
def test_only_what_has_the_type_of_a_state_is_told_as_one(state: str, told: str) -> None:
    """A state that has the name of a key is told as a state that was moved; any other mapping as what it is."""
    (found,) = problems(CAKE.replace("  thanks:\n    type: feedback", f"    {state}\n  thanks:\n    type: feedback", 1))
    assert told in str(found)
