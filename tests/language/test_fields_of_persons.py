"""Fields of type person in a file: whom they mean, and what is said of those that mean nobody."""

from __future__ import annotations

import pytest

from flowengine.language import parse, problems

TEXT = """
process: sewing
need: A suit
roles: {tailor: {title: Tailor}}
groups: {testers: {title: Testers}}
states:
  need: {type: need, next: pick}
  pick:
    type: task
    for: tailor
    fields:
      who: {type: person, role: tailor}
      many: {type: array, items: {type: person, group: testers}}
    next: sew
  sew: {type: task, for: {person: data.pick.who}, within: P1D, on: {done: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
starts: {message: order, customer: message.who, fields: {who: {type: string}}}
"""


def test_a_person_is_a_text_to_expressions_and_several_are_a_list_of_texts() -> None:
    """So that he can be named wherever an expression names a person."""
    assert problems(TEXT) == []
    found = problems(TEXT.replace("person: data.pick.who", "person: data.pick.many"))
    assert [one.code for one in found] == ["type-mix"]
    assert problems(TEXT.replace("{person: data.pick.who}", "{people: data.pick.many}")) == []


def test_it_is_read_as_whom_it_means() -> None:
    """By its role or its group; each of several is there once."""
    who, many = parse(TEXT).root.states["pick"].fields
    assert who.person is not None
    assert (who.type, who.person.kind, who.person.name) == ("string", "role", "tailor")
    assert many.person is not None
    assert (many.type, many.person.kind, many.person.name, many.schema["uniqueItems"]) == (
        "array",
        "group",
        "testers",
        True,
    )


WRONG = {
    "nobody's": ("who: {type: person}", "missing-key", "write role, or group"),
    "of both": ("who: {type: person, role: tailor, group: testers}", "too-many-keys", "write role, or group"),
    "misspelt role": ("who: {type: person, role: tailr}", "unknown-role", "did you mean 'tailor'?"),
    "misspelt group": ("who: {type: person, group: tester}", "unknown-group", "did you mean 'testers'?"),
    "misspelt type": ("who: {type: persn, role: tailor}", "unknown-value", "did you mean 'person'?"),
    "like a text": ("who: {type: person, role: tailor, maxLength: 3}", "bad-field", "a person has no 'maxLength'"),
    "a role of a text": ("who: {type: string, role: tailor}", "bad-field", "write type: person"),
    "its type alone": ("who: person", "wrong-type", "write {type: person, role: …}"),
    "items of a text": ("who: {type: string, items: {type: person, role: tailor}}", "bad-field", "write type: array"),
    "persons in an object": (
        "who: {type: object, properties: {x: {type: person}}}",
        "unknown-value",
        "'person' is not one of",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_person_that_means_nobody_is_refused(name: str) -> None:
    """With what is wrong, and what to write."""
    field, code, words = WRONG[name]
    found = [one for one in problems(TEXT.replace("who: {type: person, role: tailor}", field)) if one.code == code]
    assert found, problems(TEXT.replace("who: {type: person, role: tailor}", field))
    assert words in f"{found[0].message} {found[0].hint}"


def test_a_message_before_there_is_a_job_has_none() -> None:
    """It is held against nobody there; the need's field is."""
    (problem,) = problems(TEXT.replace("fields: {who: {type: string}}", "fields: {who: {type: person, role: tailor}}"))
    assert (problem.code, "write type: string" in problem.hint) == ("bad-field", True)


def test_not_by_takes_states_and_persons() -> None:
    """In one list; a number names nobody."""
    task = "sew: {type: task, for: tailor, not_by: %s,"
    by = TEXT.replace("sew: {type: task, for: {person: data.pick.who},", task)
    assert problems(by % "[pick, {person: data.pick.who}]") == []
    assert [one.code for one in problems(by % "{person: 3}")] == ["type-mix"]
    assert [one.code for one in problems(by % "{people: data.pick.many}")] == ["missing-key", "unknown-key"]
