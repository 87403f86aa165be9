"""``questions`` and ``concerns``: who answers what people ask, and within how long."""

from __future__ import annotations

import pytest

from flowengine.errors import ProcessRefused
from flowengine.interop.text_tree import text_tree
from flowengine.language import Process, parse

FILE = """
process: meal
need: A meal
roles: {kitchen: Kitchen, floor: On the floor}
calendars: {open: {open: {mon-sat: "11:00-22:00"}, every: PT30M}}
KEYS
states:
  need: {type: need, next: cook}
  cook: {type: task, for: kitchen, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


def meal(*keys: str) -> Process:
    """The process with these keys."""
    return parse(FILE.replace("KEYS", "\n".join(keys)), "meal.yaml")


def answered(process: Process, kind: str) -> tuple[list[str], str]:
    """Who answers words of a kind, and within how long."""
    by, within = process.answerers(kind)
    return [one.name if one.kind == "role" else one.kind for one in by], str(within)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("keys", "questions", "concerns"),
    [
        ((), (["staff"], "P2D"), (["staff"], "P7D")),
        (("questions: kitchen",), (["kitchen"], "P2D"), (["kitchen"], "P7D")),
        (("questions: [kitchen, staff]",), (["kitchen", "staff"], "P2D"), (["kitchen", "staff"], "P7D")),
        (("questions: {within: PT4H}",), (["staff"], "PT4H"), (["staff"], "P7D")),
        (("questions: {for: kitchen, within: PT4H}",), (["kitchen"], "PT4H"), (["kitchen"], "P7D")),
        (("questions: kitchen", "concerns: {within: P1D}"), (["kitchen"], "P2D"), (["kitchen"], "P1D")),
        (("concerns: floor",), (["staff"], "P2D"), (["floor"], "P7D")),
    ],
)
def test_who_answers(keys: tuple[str, ...], questions: object, concerns: object) -> None:
    """What the file does not say of concerns is as with questions, but for the time; else any staff answer."""
    process = meal(*keys)
    assert (answered(process, "question"), answered(process, "concern")) == (questions, concerns)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("questions: kitchn", "6:12: unknown-role: there is no role 'kitchn' (did you mean 'kitchen'?)"),
        ("concerns: {for: [kitchen, flor]}", "6:27: unknown-role: there is no role 'flor' (did you mean 'floor'?)"),
        ("questions: customer", "6:12: wrong-type: this must be staff or a role's name, not the text 'customer'"),
        ("questions: {for: anyone}", "6:18: wrong-type: this must be staff or a role's name"),
        ("questions: {for: {person: data.need}}", "6:18: wrong-type: this must be a name, not a mapping"),
        ("questions: {}", "6:12: missing-key: who answers needs one of the keys 'for' or 'within'"),
        ("questions: {four: kitchen}", "6:13: unknown-key: who answers has no key 'four' (did you mean 'for'?)"),
        ("questions: {within: P0D}", "6:21: bad-duration"),
        ("questions: {within: {working: PT2H, calendar: opn}}", "6:21: unknown-calendar"),
        ("questions: []", "6:12: bad-length"),
        ("questions:", "6:11: wrong-type"),
    ],
)
def test_what_is_refused(key: str, told: str) -> None:
    """A role that there is not, somebody outside, and nothing are refused where they stand."""
    with pytest.raises(ProcessRefused) as refused:
        meal(key)
    assert told in str(refused.value)


def test_what_says_nothing_of_it_means_what_it_meant() -> None:
    """A file without the keys has the version it had; with them it has another, and the outline tells who answers."""
    assert meal().version != meal("questions: kitchen").version
    assert "answered" not in text_tree(meal())
    assert text_tree(meal("questions: {for: kitchen, within: {working: PT2H}}")).splitlines()[2:4] == [
        "Questions are answered by Kitchen, within 2 working hours",
        "Concerns are answered by Kitchen, within 7 days",
    ]
