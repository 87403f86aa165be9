"""What is different between two versions of a process, in words."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from flowengine.interop.differences import MOST, differences, noticed_by
from flowengine.language import Process, parse

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
SHOP = """
process: shop
title: A chair
need: A chair
roles: {joiner: {title: Joiner}, boss: {title: Boss}}
groups: {club: {title: The club}}
options:
  wood: [{id: oak, title: Oak, price: 40}, {id: ash, title: Ash, lead_time: P2D}]
states:
  need: {type: need, fields: {wish: {type: string, title: Your wish}}, next: choose}
  choose: {type: choice, choose: {wood: {from: wood}}, within: P7D, on: {chosen: saw, expired: gone}}
  saw: {type: task, for: joiner, fields: {waste: {type: number, title: Waste}}, on: {done: accept, broken: gone}}
  accept: {type: approval, by: customer, ask: Is it well made?, within: P9D,
    on: {approved: fulfilled, declined: gone, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It was not to be}
always:
  stop: {by: customer, title: Stop, to: gone}
"""
EDITS = [
    ("title: A chair", "title: A stool", "", "the title: “A stool”, and was “A chair”", ("customers",)),
    ("boss: {title: Boss}", "boss: {title: Owner}", "", "the role Boss is now called Owner", ("Owner",)),
    (", boss: {title: Boss}", "", "", "no more a role: Boss", ()),
    ("club: {title: The club}", "club: {title: The club}, b: {title: B}", "", "a new group: B", ()),
    ("price: 40", "price: 45", "", "the price of Oak: 45, and was 40", ("customers",)),
    ("lead_time: P2D", "lead_time: P3D", "", "the lead time of Ash: 3 days, and was 2 days", ("customers",)),
    ("{id: oak, title: Oak, price: 40}, ", "", "", "to choose of wood: Oak no more", ("customers",)),
    ("title: Ash,", "title: Ash tree,", "", "the option ash: “Ash tree”, and was “Ash”", ("customers",)),
    ("within: P7D", "within: P8D", "Choose", "the deadline: 8 days, and was 7 days", ("customers",)),
    ("for: joiner", "for: boss", "Saw", "is for Boss now, and was for Joiner", ("Joiner", "Boss")),
    ("title: Waste", "title: Offcut", "Saw", "calls Waste now Offcut", ("Joiner",)),
    ("title: Waste}", "title: Waste, optional: true}", "Saw", "Waste may be left out now", ("Joiner",)),
    ("{type: number, title: W", "{type: integer, title: W", "Saw", "what Waste may be is different", ("Joiner",)),
    ("title: Waste}", "title: Waste}, n: {type: string, title: A note}", "Saw", "asks for A note", ("Joiner",)),
    ("done: accept, broken: gone", "done: accept", "Saw", "no more a way, broken: it led to Gone", ("Joiner",)),
    ("broken: gone", "broken: choose", "Saw", "broken: leads to Choose now, and led to Gone", ("Joiner",)),
    ("broken: gone", "broken: gone, lost: gone", "Saw", "a new way, lost: to Gone", ("Joiner",)),
    ("broken: gone", "broken: {to: gone, undo: true}", "Saw", "a new way, broken, undo: to Gone", ("Joiner",)),
    ("Is it well made?", "Do you like it?", "Accept",
     "the words: “Do you like it?”, and was “Is it well made?”", ("customers",)),
    ("ask: Is it well made?", "ask: Is it well made?, thanks: {approved: We are glad}", "Accept",
     "the words of thanks: different now", ("customers",)),
    ("title: Stop, to: gone", "title: Stop, to: choose", "Stop",
     "what may be done at any time is different", ("customers",)),
    ("options:", "questions: boss\noptions:", "",
     "questions are answered by Boss now, and were by any staff", ("customers", "any staff", "Boss")),
    ("options:", "questions: {within: PT4H}\noptions:", "",
     "within how long questions are answered: 4 hours, and was 2 days", ("customers", "any staff")),
    ("options:", "concerns: boss\noptions:", "",
     "concerns are answered by Boss now, and were by any staff", ("customers", "any staff", "Boss")),
    ("always:\n  stop: {by: customer, title: Stop, to: gone}", "", "Stop",
     "may be done no more: customer", ("customers",)),
    ("  saw: {type: task, for: joiner,", "  saw: {type: task, for: joiner, phase: Making it,", "Saw",
     "the customer's word for it: “Making it”, and was none", ("Joiner", "customers")),
]  # fmt: skip


def read(text: str) -> Process:
    return parse(text, check=False)


@pytest.mark.parametrize(("was", "becomes", "where", "what", "who"), EDITS)
def test_an_edit_is_told_in_words(was: str, becomes: str, where: str, what: str, who: tuple[str, ...]) -> None:
    """Each edit is told at its state, with who notices it; the way back is told as well."""
    assert SHOP.count(was) == 1
    old, new = read(SHOP), read(SHOP.replace(was, becomes))
    assert (where, what, who) in differences(old, new)
    assert differences(new, old)


def test_what_means_the_same_is_no_difference() -> None:
    """Comments, quotes and the order of names are no difference; every process is like itself."""
    again = (
        SHOP.replace("title: Joiner", "title: 'Joiner'")
        .replace("roles:", "# who\nroles:")
        .replace("\nneed:", "\n\nneed:")
    )
    assert differences(read(SHOP), read(again)) == []
    for file in PROCESSES:
        assert differences(read(file.read_text("utf-8")), read(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(("old", "new"), [*permutations(PROCESSES, 2)], ids=lambda file: file.stem)
def test_any_two_processes_can_be_compared(old: Path, new: Path) -> None:
    """However much is different, it is told, within a bound, and each line says something."""
    found = differences(read(old.read_text("utf-8")), read(new.read_text("utf-8")))
    assert 0 < len(found) <= MOST + 1
    assert all(one.what and "<" not in one.what for one in found)


def test_a_state_that_is_moved_into_a_stage_says_so() -> None:
    """A state that stands in another scope is told, though it is the same."""
    moved = SHOP.replace("  saw: {type", "  work:\n    type: stage\n    next: accept\n    states:\n      saw: {type")
    moved = moved.replace("chosen: saw", "chosen: work").replace(
        "done: accept, broken: gone", "done: done, broken: gone"
    )
    assert ("Saw", "stands in work now", ()) in differences(read(SHOP), read(moved))


def test_who_notices_is_named_once_customers_first() -> None:
    """All who notice any of it are named, customers before the others."""
    found = differences(read(SHOP), read(SHOP.replace("for: joiner", "for: boss").replace("P7D", "P8D")))
    assert noticed_by(found) == ("customers", "Joiner", "Boss")
