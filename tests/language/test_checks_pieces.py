"""What a state uses up was chosen before, and can be seen there."""

from __future__ import annotations

import pytest

from flowengine.errors import ProcessRefused
from flowengine.language import parse

PROCESS = """
process: feast
need: A feast
roles: {cook: Cook}
options: {wine: [red, white]}
states:
  need: {type: need, fields: {guests: {type: array, items: {type: string}}}, next: early}
  early: {type: task, for: cook, USES_EARLY next: choose}
  choose: {type: choice, saves: bottle, choose: {wine: {from: wine}}, within: P9D, on: {chosen: both, expired: gone}}
  both:
    type: parallel
    branches:
      guests:
        start: all
        states:
          all:
            type: each
            of: data.need.guests
            start: pick
            states:
              pick: {type: choice, choose: {dish: {from: [fish]}}, within: P9D, on: {chosen: serve, expired: done}}
              serve: {type: task, for: cook, USES_SERVE next: done}
            on: {joined: done}
      wine: {start: pour, states: {pour: {type: task, for: cook, USES_POUR next: done}}}
    on: {joined: late}
  late:
    type: race
    of: {clear: {type: task, for: cook, USES_CLEAR}, leave: {type: wait, for: P1D}}
    on: {clear: fulfilled, leave: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""


def problems(**uses: str) -> list[str]:
    text = PROCESS
    for where in ("EARLY", "SERVE", "POUR", "CLEAR"):
        said = uses.get(where.lower())
        text = text.replace(f"USES_{where}", f"uses: {said}," if said else "")
    try:
        parse(text.replace(",}", "}"))
    except ProcessRefused as refused:
        return list(map(str, refused.problems))
    return []


@pytest.mark.parametrize(
    "uses",
    [
        {"pour": "bottle.wine"},
        {"serve": "[bottle.wine, pick.dish]"},
        {"clear": "bottle.wine"},
    ],
)
def test_what_was_chosen_before_can_be_used(uses: dict[str, str]) -> None:
    """After the choice, in branches, in those of an each, and by a member of a race."""
    assert problems(**uses) == []


@pytest.mark.parametrize(
    ("uses", "words"),
    [
        ({"pour": "choose.wine"}, "'pour' uses 'choose.wine', and no choice chooses that"),
        ({"pour": "bottle"}, "'pour' uses 'bottle', and no choice chooses that"),
        ({"pour": "need.guests"}, "and no choice chooses that"),
        ({"early": "bottle.wine"}, "'early' uses 'bottle.wine', and cannot come after 'choose'"),
        ({"pour": "pick.dish"}, "'pour' uses 'pick.dish', which is chosen in the branches of an each alone"),
        ({"clear": "botle.wine"}, "did you mean 'bottle.wine'?"),
    ],
)
def test_what_cannot_have_been_chosen_is_refused(uses: dict[str, str], words: str) -> None:
    """A name that is none, a choice that comes later, one that is made in the branches of an each."""
    (problem,) = problems(**uses)
    assert " unknown-choice: " in problem
    assert words in problem
