"""What the shell offers on Tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow


def offered(words: str, **environment: str) -> dict[str, str]:
    """The words that are offered for the last of these, with what they are."""
    count = str(len(words.split(" ")) - 1)
    asked = {"_FLOW_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": count} | environment
    lines = CliRunner().invoke(flow, [], prog_name="flow", env=asked).stdout.split("\n")
    return dict(zip(lines[1::3], lines[2::3], strict=False))


def test_jobs_are_offered_with_whose_they_are(shop: Flow) -> None:
    """Short ids of jobs are completed: all of them for operators, his own for a customer."""
    mine, other = shop.start("ada"), shop.start("ben")
    assert offered("flow history ") == {other: "workshop, Ben, open", mine: "workshop, Ada, open"}
    assert set(offered(f"flow track {mine[:5]}")) == {mine}
    assert set(offered("flow track ", FLOW_AS="ben")) == {other}
    assert set(offered("flow --as ada withdraw ")) == {mine}
    assert set(offered("flow draw --job ")) == {mine, other}


def test_steps_are_offered_to_whom_they_wait_for(shop: Flow) -> None:
    """Short ids of steps are completed for those for whom they wait, with their titles."""
    job = shop.start("ada")
    step = shop.step(job, "ada")
    assert offered("flow act ", FLOW_AS="ada")[step] == "Which wood should it be?, Ada"
    assert set(offered("flow act ", FLOW_AS="ada")) == {step, job}
    assert step not in offered("flow act ", FLOW_AS="tom")
    assert offered("flow claim ", FLOW_AS="tom") == {}
    assert offered(f"flow act {step} --outcome ", FLOW_AS="ada") == {"chosen": "Which wood should it be?"}


def test_processes_people_and_offers_are_offered(shop: Flow) -> None:
    """Names of processes, ids of people and what a job offers are completed."""
    assert offered("flow start w") == {"workshop": "A table made with you"}
    assert offered("flow people show to") == {"tom": "Tom"}
    assert set(offered("flow jobs --customer ")) == {"ada", "ben"}
    job = shop.start("ada")
    assert offered(f"flow change {job} ", FLOW_AS="ada") == {"withdraw": "Withdraw"}


@pytest.mark.parametrize("words", ["flow track ", "flow act ", "flow start ", "flow --at nonsense jobs --process "])
def test_nothing_is_offered_where_nothing_can_be_read(empty: Flow, words: str) -> None:
    """Without a database nothing is offered, nothing is said, and no database appears."""
    assert offered(words, FLOW_AS="ada") == {}
    assert not (empty.folder / "flow.db").exists()


def test_what_is_offered_is_harmless(shop: Flow) -> None:
    """A name cannot reach the terminal through a completion."""
    shop.stored("eve", name="Eve\x1b[2J\u202e")
    assert offered("flow people show ev") == {"eve": "Eve\\x1b[2J\\u202e"}
