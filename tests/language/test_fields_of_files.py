"""Fields of type file in a process: which kinds are taken, and what is said of those that make no sense."""

from __future__ import annotations

import pytest

from flowengine.language import parse, problems
from flowengine.language.parts import FILE_KINDS

TEXT = """
process: sewing
need: A suit
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: sketch}
  sketch:
    type: task
    for: tailor
    fields:
      plan: {type: file, kinds: pdf}
      any: {type: file}
      many: {type: array, items: {type: file, kinds: [picture]}, optional: true}
    next: fulfilled
  fulfilled: {type: fulfilled}
"""


def test_it_is_read_as_the_kinds_that_it_takes() -> None:
    """One, several, or all; of a list as many as it says, or twenty."""
    assert problems(TEXT) == []
    plan, any_, many = parse(TEXT).root.states["sketch"].fields
    assert [one.file for one in (plan, any_, many)] == [("pdf",), FILE_KINDS, ("picture",)]
    assert [one.type for one in (plan, any_, many)] == ["string", "string", "array"]
    assert (many.schema["maxItems"], many.schema["uniqueItems"]) == (20, True)


def test_it_is_a_text_to_expressions() -> None:
    """So that it can be shown and passed on; it is no number."""
    wrong = TEXT.replace("next: fulfilled", "on: {done: {to: fulfilled, when: data.sketch.plan > 3}}")
    assert "type-mix" in [one.code for one in problems(wrong)]


WRONG = {
    "of a kind that is none": ("plan: {type: file, kinds: film}", "unknown-value", "picture, pdf, text, document"),
    "of a misspelt kind": ("plan: {type: file, kinds: [pictre]}", "unknown-value", "did you mean 'picture'?"),
    "like a text": ("plan: {type: file, maxLength: 3}", "bad-field", "a file has no 'maxLength'"),
    "kinds of a text": ("plan: {type: string, kinds: pdf}", "bad-field", "write type: file"),
    "its type alone": ("plan: file", "wrong-type", "write {type: file}"),
    "items of a text": ("plan: {type: string, items: {type: file}}", "bad-field", "write type: array"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_makes_no_sense_is_refused(name: str) -> None:
    """With what is wrong, and what to write."""
    field, code, words = WRONG[name]
    found = [one for one in problems(TEXT.replace("plan: {type: file, kinds: pdf}", field)) if one.code == code]
    assert found, problems(TEXT.replace("plan: {type: file, kinds: pdf}", field))
    assert words in f"{found[0].message} {found[0].hint}"


@pytest.mark.parametrize(
    "state",
    [
        "{type: service, call: x, fields: {scan: {type: file}}, next: fulfilled}",
        "{type: message, name: x, fields: {scan: {type: file}}, next: fulfilled}",
    ],
)
def test_code_and_the_outside_upload_nothing(state: str) -> None:
    """Before a job could get stuck on it."""
    text = TEXT.replace("next: fulfilled", "next: more", 1).replace(
        "  fulfilled: {type: fulfilled}", f"  more: {state}\n  fulfilled: {{type: fulfilled}}"
    )
    (problem,) = [one for one in problems(text) if "file" in one.message]
    assert (problem.code, problem.hint) == ("bad-field", "ask a person for it, or keep where it is as a text")


def test_a_message_before_there_is_a_job_brings_none() -> None:
    """Nobody has uploaded it."""
    (problem,) = problems(TEXT + "starts: {message: order, customer: message.who, fields: {who: {type: file}}}\n")
    assert "cannot be a file" in problem.message
