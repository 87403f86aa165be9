"""Customers other than the job's: in pictures and in the checks they are customers like him."""

from __future__ import annotations

import pytest

from flowengine.interop.mermaid import mermaid
from flowengine.interop.text_tree import text_tree
from flowengine.language import parse, problems
from flowengine.language.checks import left_out

TEXT = """
process: excursion
need: A day out
roles: {teacher: {title: Teacher}}
groups: {parents: {title: Parents}}
states:
  need: {type: need, fields: {one: {type: string}, seen: {type: string}}, next: pick}
  pick:
    type: task
    for: teacher
    fields:
      guide: {type: person, role: teacher}
      helper: {type: person, group: parents}
      asked: {type: array, items: {type: person, group: parents}}
      note: {type: string}
    next: it
  it: {type: task, for: %s, within: P1D, on: {done: all, expired: all}}
  all:
    type: each
    of: data.pick.asked
    as: parent
    states: {sign: {type: approval, by: {person: parent}, within: P1D, on: {approved: done, expired: done}}}
    next: fulfilled
  fulfilled: {type: fulfilled}
"""
CUSTOMERS = {
    "picked in a field": "{person: data.pick.helper}",
    "several picked in a field": "{people: data.pick.asked}",
    "said to be of a group": "{person: data.need.one, group: parents}",
    "several said to be": "{people: '[data.need.one]', group: parents}",
    "a group": "{group: parents}",
    "any customer": "customers",
}
OTHERS = {
    "picked in a field of a role": "{person: data.pick.guide}",
    "said to have a role": "{person: data.need.one, role: teacher}",
    "nobody knows": "{person: data.need.one}",
    "a free text beside": "{person: data.pick.note}",
}


@pytest.mark.parametrize("whom", CUSTOMERS.values(), ids=list(CUSTOMERS))
def test_other_customers_are_drawn_and_checked_as_customers(whom: str) -> None:
    """Their symbol, a deadline (L8), and they take part."""
    text = TEXT % whom
    assert problems(text) == []
    process = parse(text)
    assert "● it " in text_tree(process)
    assert ":::customer" in next(line for line in mermaid(process).splitlines() if line.strip().startswith("s_it("))
    assert left_out(process).customer_states == 3
    endless = text.replace("within: P1D, on: {done: all, expired: all}", "next: all", 1)
    assert [one.code for one in problems(endless)] == ["no-deadline"]


@pytest.mark.parametrize("whom", OTHERS.values(), ids=list(OTHERS))
def test_others_are_not(whom: str) -> None:
    """Staff are not, nor are those of whom nothing is known."""
    process = parse(TEXT % whom)
    assert "□ it " in text_tree(process)
    assert left_out(process).customer_states == 2


def test_the_items_of_a_list_of_persons_are_such_persons() -> None:
    """By the name of the item, and by ``item``; a list of other things says nothing."""
    text = TEXT % "teacher"
    assert "● sign " in text_tree(parse(text))
    assert "● sign " in text_tree(parse(text.replace("person: parent", "person: item")))
    assert "□ sign " in text_tree(parse(text.replace("of: data.pick.asked", "of: '[data.need.one]'")))


@pytest.mark.parametrize("setting", ["pick.helper", "pick"])
def test_what_else_may_be_saved_there_makes_it_unknown(setting: str) -> None:
    """Where a ``set`` writes to the place, too, nothing is known of who it is."""
    value = "data.need.one" if setting == "pick.helper" else "data.need"
    text = (TEXT % "{person: data.pick.helper}").replace("next: it", f"next: {{to: it, set: {{{setting}: {value}}}}}")
    assert "□ it " in text_tree(parse(text, check=False))


def test_pictures_say_of_whom_a_person_is() -> None:
    """Beside the expression that gives him."""
    assert "Parents: data.need.one" in text_tree(parse(TEXT % "{person: data.need.one, group: parents}"))


def test_staff_who_are_known_to_be_staff_may_read_what_is_internal() -> None:
    """A person may be a customer, who would see it (L9); not one who has a role."""
    shown = "within: P1D, shows: {Note: '{data.pick.note}'}"
    text = TEXT.replace("it: {type: task, for: %s, within: P1D", f"it: {{type: task, for: %s, {shown}")
    assert [one.code for one in problems(text % "{person: data.need.one}")] == ["internal-data"]
    assert [one.code for one in problems(text % "{person: data.pick.helper}")] == ["internal-data"]
    assert problems(text % "{person: data.pick.guide}") == []
    assert problems(text % "{person: data.need.one, role: teacher}") == []


WRONG = {
    "misspelt group": ("{person: data.need.one, group: parent}", "unknown-group", "did you mean 'parents'?"),
    "misspelt role": ("{person: data.need.one, role: teachr}", "unknown-role", "did you mean 'teacher'?"),
    "a role and a group": ("{role: teacher, group: parents}", "too-many-keys", "leave out 'group'"),
    "a person and people": ("{person: data.need.one, people: data.pick.asked}", "too-many-keys", "leave out 'people'"),
    "a group by an expression": (
        "{person: data.need.one, group: '{data.need.seen}'}",
        "wrong-type",
        "the group's name",
    ),
    "nobody": ("{}", "missing-key", "'role' or 'person' or 'people' or 'group'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_said_of_a_person_is_refused(name: str) -> None:
    """With what is possible."""
    whom, code, words = WRONG[name]
    found = problems(TEXT % whom)
    assert [one.code for one in found] == [code]
    assert words in f"{found[0].message} {found[0].hint}"
