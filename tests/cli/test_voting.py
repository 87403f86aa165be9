"""Votes at the command line: approval, ranking, score by ``--set``, as JSON, at prompts; abstaining; live tallies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from terminal import Terminal

if TYPE_CHECKING:
    from conftest import Flow

VOTE = """
process: fete
title: The fete
need: A day for the fete
states:
  need: {{type: need, next: vote}}
  vote:
    type: vote
    ask: Which day?
    of: customers
    options: [{{id: sat, title: Saturday}}, {{id: sun, title: On a Sunday}}, {{id: mon, title: Monday}}]
    secret: false
    live: 1
    {keys}
    within: P7D
    on: {{decided: fulfilled, no_quorum: gone, tied: gone}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Undecided}}
"""


def begin(shop: Flow, keys: str) -> str:
    """A vote of Ada and Ben; the short id of its job."""
    (shop.folder / "fete.yaml").write_text(VOTE.format(keys=keys), "utf-8")
    shop.run("deploy", str(shop.folder / "fete.yaml"))
    job = shop.json("start", "fete", who="ada")["job"]
    short: str = shop.json("track", job)["short"]
    return short


def ballot(shop: Flow, job: str, who: str = "ada") -> Any:
    """What somebody's ballot says."""
    return shop.json("ballot", job, who=who)["ballot"]


@pytest.mark.parametrize(
    ("method", "given", "kept"),
    [
        ("approval", "sat,On a Sunday", ["sat", "sun"]),
        ("approval", "", []),
        ("ranking", "mon,sat", ["mon", "sat"]),
        ("score", "mon=5,sat=1", {"mon": 5, "sat": 1}),
        ("score", "mon:5", {"mon": 5}),
    ],
)
def test_a_ballot_is_given_in_one_line(shop: Flow, method: str, given: str, kept: Any) -> None:
    """``--set for=…`` takes several ids, ids in their order, or ids with their scores; as JSON it is the same."""
    job = begin(shop, f"method: {method}")
    shop.run("act", job, "--set", f"for={given}", who="ada")
    assert ballot(shop, job) == {"for": kept}
    said = shop.run("ballot", job, who="ada").stdout.partition("You have voted: ")[2].splitlines()[0]
    words = [f"{id} {score}" for id, score in kept.items()] if isinstance(kept, dict) else kept
    assert said == (", ".join(words) or "none of them")
    shop.run("act", job, "--answer", json.dumps({"for": kept}), who="ben")
    assert ballot(shop, job, "ben") == {"for": kept}


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("approval", "for=sat,sat", "the same one is named twice"),
        ("ranking", "for=sat,sut", "did you mean sun?"),
        ("score", "for=sat:6", "from 0 to 5 is possible"),
        ("score", 'for:={"sat": 6}', "a whole number from 0 to 5 is possible"),
        ("ranking", 'for:=["sat", "sat"]', "names an option twice"),
        ("ranking", 'for:=["sut"]', "the options are sat (Saturday), sun (On a Sunday), mon (Monday)"),
    ],
)
def test_a_bad_ballot_is_refused_with_what_is_possible(shop: Flow, method: str, given: str, words: str) -> None:
    """Whatever is wrong is said at once, and nothing is cast."""
    job = begin(shop, f"method: {method}")
    assert words in shop.run("act", job, "--set", given, who="ada", code=1).output
    assert shop.json("track", job)["tallies"][0]["cast"] == 0


@pytest.mark.parametrize(
    ("method", "hint"),
    [
        ("approval", "choose some of sat, sun, mon"),
        ("ranking", "rank, the best first, sat, sun, mon"),
        ("score", "give scores from 0 to 5 to sat, sun, mon"),
    ],
)
def test_a_program_is_told_what_a_ballot_needs(shop: Flow, method: str, hint: str) -> None:
    """Where nothing is given, it is said what to give."""
    assert hint in shop.run("act", begin(shop, f"method: {method}"), who="ada", code=1).output


@pytest.mark.parametrize(
    ("method", "question", "wrong", "complaint", "right", "kept"),
    [
        ("approval", "several, with commas", "1,9", "'9' is not one of Saturday", "1, mon", ["sat", "mon"]),
        ("ranking", "the best first, with commas", "3,3", "named twice", "3,1", ["mon", "sat"]),
        ("score", "as 1:2, from 0 to 5", "3", "the score of each", "3=5, sat:1", {"mon": 5, "sat": 1}),
    ],
)
def test_a_ballot_is_asked_at_a_terminal(
    shop: Flow, method: str, question: str, wrong: str, complaint: str, right: str, kept: Any
) -> None:
    """The options come with numbers, the question says how to answer, and a wrong answer is asked again."""
    job = begin(shop, f"method: {method}")
    with Terminal(shop.folder, "act", job, "--as", "ada") as terminal:
        terminal.expect("Which day? (1 Saturday, 2 On a Sunday, 3 Monday; ")
        terminal.expect(f"{question}): ")
        terminal.send(wrong)
        terminal.expect(complaint)
        terminal.expect(": ")
        terminal.send(right)
        terminal.expect("Thank you. Your vote is in for ")
        assert terminal.leave() == 0
    assert ballot(shop, job) == {"for": kept}


def test_abstaining_is_a_way_of_its_own(shop: Flow) -> None:
    """Who may abstain says which; a program that says nothing is told the two ways."""
    job = begin(shop, "abstain: true")
    assert "vote, abstain" in shop.run("act", job, who="ada", code=1).output
    shop.run("act", job, "--outcome", "abstain", who="ada")
    shop.run("act", job, "--outcome", "vote", "--set", "for=sun", who="ben")
    assert ballot(shop, job) == {"abstain": True}
    assert "You have voted: for nobody" in shop.run("ballot", job, who="ada").output
    text = shop.run("track", job, who="ada").output
    assert "So far: On a Sunday 1, Saturday 0, Monday 0  2 of 2 have voted, 1 of them for nobody" in text
