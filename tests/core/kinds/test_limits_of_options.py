"""Choices and votes with limits by an attribute of their options."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from rehearsal import Rehearsal

from flowengine.core.answers import form
from flowengine.core.values import Actor
from flowengine.core.world import Member
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language import parse, problems
from flowengine.rehearsal.made_up import MadeUp

TEXT = """
process: matchday
need: A team
groups: {members: {title: Members}}
options:
  players:
    - {id: anna, title: Anna, position: goalkeeper}
    - {id: bea, title: Bea, position: goalkeeper}
    - {id: cleo, title: Cleo, position: defender}
    - {id: dora, title: Dora, position: defender}
    - {id: eva, title: Eva, position: defender}
    - {id: fay, title: Fay, position: forward}
    - {id: gwen, title: Gwen}
  fruit: [{id: apple, row: 1}, {id: pear, row: 1}, {id: plum, row: 2}]
states:
  need: {type: need, fields: {more: {type: array, optional: true}}, next: squad}
  squad:
    type: choice
    choose:
      team: {from: players, min: 4, max: 5, limits: {position: {goalkeeper: 1, defender: {max: 2}}}}
      fruit: {from: fruit, quantity: true, min: 0, max: 9, limits: {row: {"1": {min: 2, max: 4}, "2": {max: 3}}}}
    within: P1D
    on: {chosen: line_up, expired: off}
  line_up:
    type: vote
    of: {group: members}
    options: players
    seats: 3
    limits: {position: {goalkeeper: 1, defender: {max: 1}}}
    early: true
    within: P1D
    on: {decided: fulfilled, no_quorum: off, tied: off}
  off: {type: ended, because: No team}
  fulfilled: {type: fulfilled}
"""
GOOD = {"team": ["anna", "cleo", "dora", "fay"]}
VOTERS = [Actor(kind="customer", id=name, groups=("members",)) for name in ("ada", "ben", "cleo")]


def begin(text: str = TEXT, **need: Any) -> Rehearsal:
    return Rehearsal(parse(text, check=False), need=need, members=[Member(id=one.id) for one in VOTERS])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "two where there is one": (
        {"team": ["anna", "bea", "cleo", "fay"]},
        "chooses 2 of position goalkeeper; choose exactly 1 of anna (Anna), bea (Bea)",
    ),
    "none where one must be": (
        {"team": ["cleo", "dora", "fay", "gwen"]},
        "chooses 0 of position goalkeeper; choose exactly 1 of anna (Anna), bea (Bea)",
    ),
    "more than may be": (
        {"team": ["anna", "cleo", "dora", "eva"]},
        "chooses 3 of position defender; choose at most 2 of cleo (Cleo), dora (Dora), eva (Eva)",
    ),
    "too few in sum": (GOOD | {"fruit": {"apple": 1, "plum": 1}}, "chooses 1 of row 1; choose 2 to 4 of apple"),
    "too many in sum": (GOOD | {"fruit": {"apple": 3, "pear": 2}}, "chooses 5 of row 1; choose 2 to 4 of apple"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_choice_beyond_its_limits_is_refused_with_what_is_possible(name: str) -> None:
    """The refusal says which limit, how many there are, and of whom to choose; nothing changes."""
    answer, words = WRONG[name]
    job = begin()
    with pytest.raises(BadAnswer) as refused:
        job.act("squad", "chosen", answer)
    assert words in next(iter(refused.value.problems.values()))
    assert job.standing == ["squad"]


def test_a_choice_within_its_limits_is_taken() -> None:
    """What has no limit is free, and what need not be chosen may be left out whatever its limits."""
    job = begin()
    job.act("squad", "chosen", GOOD)
    assert job.data["squad"]["team"] == GOOD["team"]
    other = begin()
    other.act("squad", "chosen", {"team": ["bea", "gwen", "fay", "eva", "dora"], "fruit": {"apple": 2, "plum": 3}})
    assert other.data["squad"]["fruit"] == {"apple": 2, "plum": 3}


def test_a_form_tells_the_limits() -> None:
    """Programs get them beside the options, whose attribute they go by."""
    job = begin()
    asked = form(job.compiled, job.position, job.step("squad"), job.now, job.world).ways[0].fields
    assert [(one.by, one.value, one.min, one.max) for one in asked[0].limits] == [
        ("position", "goalkeeper", 1, 1),
        ("position", "defender", 0, 2),
    ]
    assert asked[0].options[0].more == {"position": "goalkeeper"}
    assert asked[1].limited().words == "row: 2 to 4 1, at most 3 2"


def test_options_of_an_expression_that_cannot_keep_the_limits_are_refused() -> None:
    """Where no goalkeeper is offered, the act that would offer them is refused, with the limit."""
    text = TEXT.replace("team: {from: players,", "team: {from: '{data.need.more}',")
    more = [{"id": name, "position": "defender"} for name in ("x", "y", "z")] + [{"id": "w"}, {"id": "v"}]
    with pytest.raises(ExpressionFailed, match="exactly 1 of position 'goalkeeper' must be taken, but there are 0"):
        begin(text, more=more)
    job = begin(text, more=[*more, {"id": "g", "position": "goalkeeper"}])
    job.act("squad", "chosen", {"team": ["g", "x", "y", "w"]})
    assert job.standing == ["line_up"]


def ballots(*cast: list[str]) -> Rehearsal:
    job = begin()
    job.act("squad", "chosen", GOOD)
    for voter, names in zip(VOTERS, cast, strict=False):
        job.act("line_up", "vote", {"for": names}, by=voter)
    return job


def test_the_highest_win_as_long_as_the_limits_leave_room() -> None:
    """A second defender does not win, however many vote for her; the goalkeeper does, with one vote alone."""
    job = ballots(["cleo", "fay"], ["dora", "gwen", "anna"], ["cleo", "fay"])
    assert job.data["line_up"]["winners"] == ["cleo", "fay", "anna"]
    assert job.status == "fulfilled"


def test_a_least_that_nobody_was_voted_for_is_a_tie() -> None:
    """Without a vote for a goalkeeper there is no team: tied, between the goalkeepers."""
    job = ballots(["cleo", "fay"], ["dora", "gwen"], ["cleo", "fay"])
    assert (job.data["line_up"]["winners"], job.data["line_up"]["tied"]) == ([], ["anna", "bea"])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["anna", "bea"], "chooses 2 of position goalkeeper; choose exactly 1"),
        (["cleo", "fay", "gwen"], "leaves no room for what must win, of 3 seats (position: exactly 1 goalkeeper"),
    ],
)
def test_a_ballot_that_could_not_win_whole_is_refused(names: list[str], words: str) -> None:
    """A ballot names those who can win together."""
    with pytest.raises(BadAnswer) as refused:
        ballots(names)
    assert words in refused.value.problems["for"]


def test_a_ballot_paper_tells_the_limits_and_what_each_is() -> None:
    """As a choice does."""
    job = ballots()
    (way,) = form(job.compiled, job.position, job.step("line_up"), job.now, job.world).ways
    assert way.fields[0].limited().words == "position: exactly 1 goalkeeper, at most 1 defender"
    assert [one.more.get("position") for one in way.fields[0].options][-2:] == ["forward", None]


def test_answers_that_are_made_up_keep_the_limits() -> None:
    """Of choices and quantities, sensible ones and those by chance."""
    job = begin()
    asked = form(job.compiled, job.position, job.step("squad"), job.now, job.world).ways[0].fields
    for chance in (None, *map(Random, range(60))):
        fresh = begin()
        fresh.act("squad", "chosen", MadeUp(chance).answer(asked, job.now))
        assert fresh.standing == ["line_up"]


CHECKED = {
    "misspelt attribute": ("limits: {positon: {goalkeeper: 1}}", "unknown-attribute", "did you mean 'position'?"),
    "misspelt value": ("limits: {position: {goalkeper: 1}}", "unknown-attribute", "did you mean 'goalkeeper'?"),
    "more than there are": ("limits: {position: {goalkeeper: 3}}", "impossible-limits", "but there are 2"),
    "more than are chosen": (
        "limits: {position: {defender: 3, goalkeeper: 2, forward: 1}}",
        "impossible-limits",
        "ask for at least 6, but at most 5 are taken",
    ),
    "room for too few": (
        "limits: {position: {defender: {max: 1}, goalkeeper: {max: 1}, forward: {max: 0}}}",
        "impossible-limits",
        "leave room for 3, but at least 4 are taken",
    ),
    "two attributes": ("limits: {position: {goalkeeper: 1}, team: {red: 1}}", "bad-length", "not by 2"),
    "an attribute of all options": ("limits: {title: {Anna: 1}}", "reserved-name", "not by 'title'"),
    "least above most": ("limits: {position: {goalkeeper: {min: 2, max: 1}}}", "bad-number", "above max (1)"),
    "neither least nor most": ("limits: {position: {goalkeeper: {}}}", "missing-key", "'min' or 'max'"),
    "a word": ("limits: {position: {goalkeeper: one}}", "wrong-type", "a whole number"),
    "no value": ("limits: {position: {}}", "bad-length", "0 entries"),
}


@pytest.mark.parametrize("name", CHECKED)
def test_limits_that_nobody_can_keep_are_refused(name: str) -> None:
    """At check: what is misspelt, and what no choice of these options can be."""
    limits, code, words = CHECKED[name]
    found = problems(TEXT.replace("limits: {position: {goalkeeper: 1, defender: {max: 2}}}", limits))
    assert [one.code for one in found] == [code]
    assert words in f"{found[0].message} {found[0].hint}"


def test_limits_are_for_several() -> None:
    """Of one thing to choose, or one seat, there is nothing to limit."""
    one = TEXT.replace("min: 4, max: 5, ", "")
    assert [(found.code, found.hint) for found in problems(one)] == [("bad-number", "say max, or leave limits out")]
    seat = TEXT.replace("seats: 3", "seats: 1")
    assert [(found.code, found.hint) for found in problems(seat)] == [("bad-number", "say seats, or leave limits out")]


def test_the_limits_of_a_vote_are_checked_too() -> None:
    """More than there are seats; and a least of a kind may end as tied, which must lead somewhere."""
    needy = TEXT.replace(
        "limits: {position: {goalkeeper: 1, defender: {max: 1}}}", "limits: {position: {defender: 3, goalkeeper: 1}}"
    )
    (problem,) = problems(needy)
    assert (problem.code, "at least 4, but at most 3" in problem.message) == ("impossible-limits", True)
    first = TEXT.replace("    early: true\n", "    tie: first\n").replace(", tied: off}", "}")
    assert [one.code for one in problems(first)] == ["missing-outcome"]


def test_an_attribute_that_is_a_list_is_no_kind() -> None:
    """What limits go by is one text, number, true or false."""
    found = problems(TEXT.replace("title: Fay, position: forward", "title: Fay, position: [forward, defender]"))
    assert {one.code for one in found} == {"type-mix"}


def test_a_vote_that_is_open_is_counted_by_the_limits_of_the_version_it_goes_on_in() -> None:
    """Of what kind the options are is learnt anew: limits that come, change or go are those of the count."""
    job = ballots(["cleo", "fay"])
    now = TEXT.replace(
        "limits: {position: {goalkeeper: 1, defender: {max: 1}}}", "limits: {position: {forward: {max: 0}}}"
    )
    assert job.migrate(parse(now)).done is not None
    job.act("line_up", "vote", {"for": ["cleo", "anna"]}, by=VOTERS[1])
    job.act("line_up", "vote", {"for": ["cleo"]}, by=VOTERS[2])
    assert job.data["line_up"]["winners"] == ["cleo", "anna"], "a forward cannot win any more"
    other = ballots(["cleo", "fay"])
    by_hand = now.replace("{position: {forward: {max: 0}}}", "{hand: {left: 1}}").replace(
        "{id: gwen,", "{id: gwen, hand: left,"
    )
    assert other.migrate(parse(by_hand)).done is not None
    other.act("line_up", "vote", {"for": ["gwen"]}, by=VOTERS[1])
    other.act("line_up", "vote", {"for": ["anna"]}, by=VOTERS[2])
    assert other.data["line_up"]["tied"] == ["anna", "cleo", "fay"], "one seat is Gwen's; three want the other two"
