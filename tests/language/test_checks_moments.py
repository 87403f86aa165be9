"""What must be a moment, and options to choose from: what the declared fields do not give for sure is refused."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

LIST = "list: {type: task, for: clerk, fields: {of: {type: array, items: {type: string}}}, next: enough}"
PICK = (
    "pick: {type: choice, ask: Which?, choose: {one: {from: '{data.list.of}', min: 2, max: 2}}, within: P1D, "
    "on: {chosen: fulfilled, expired: fulfilled}}"
)
END = "end: {type: task, for: clerk, next: fulfilled}"


@pytest.mark.parametrize(
    "state",
    [
        "rest: {type: wait, until: data.need.name, next: fulfilled}",
        "rest: {type: wait, for: '{data.need.name}', next: fulfilled}",
        "rest: {type: task, for: clerk, within: '{data.need.name}', on: {done: fulfilled, expired: fulfilled}}",
    ],
)
def test_a_free_text_is_no_moment(state: str) -> None:
    """A deadline or a wait by a text that may be anything may fail; a date gives one always."""
    (problem,) = problems(work(state))
    assert problem.code == "may-fail"
    assert "data.need.name fails where the text cannot be read as such" in problem.message
    assert codes(work(state.replace("data.need.name", "data.need.day"))) == []


def test_a_promise_by_a_free_text_may_fail() -> None:
    """A promise is a moment, too."""
    assert codes(work(END), "promise: {by: data.need.name}\n") == ["may-fail"]
    assert codes(work(END), "promise: {by: data.need.day}\n") == []


def test_lengths_are_moments_where_lengths_may_stand() -> None:
    """A text with the format of a length is fine for a deadline, and for nothing that must be a moment."""
    ask = "long: {type: task, for: clerk, fields: {time: {type: string, format: duration}}, next: %s}"
    due = "due: {type: task, for: clerk, within: '{data.long.time}', on: {done: fulfilled, expired: fulfilled}}"
    rest = "rest: {type: wait, until: data.long.time, next: fulfilled}"
    assert codes(work(ask % "due", due)) == []
    assert codes(work(ask % "rest", rest)) == ["may-fail"]


def test_one_free_text_among_those_who_save_to_a_place_makes_it_free() -> None:
    """A place that holds a date from one state and any text from another may hold any text."""
    ask = "other: {type: task, for: clerk, saves: need, fields: {day: {type: string%s}}, next: rest}"
    rest = "rest: {type: wait, until: data.need.day, next: fulfilled}"
    assert codes(work(ask % "", rest)) == ["may-fail"]
    assert codes(work(ask % ", format: date", rest)) == []


@pytest.mark.parametrize(("least", "listed", "found"), [(2, 1, ["may-fail"]), (2, 2, []), (1, 0, ["may-fail"])])
def test_no_fewer_options_than_are_to_be_chosen(least: int, listed: int, found: list[str]) -> None:
    """A list that may be shorter than what is to be chosen of it may leave a customer with a choice he cannot make."""
    states = work(
        LIST.replace("string}", f"string}}, minItems: {listed}").replace("enough", "pick"),
        PICK.replace("min: 2", f"min: {least}"),
    )
    assert codes(states) == found


def test_a_condition_on_the_way_says_that_there_are_enough() -> None:
    """Who asks for the size of the list before is not told."""
    states = work(
        LIST,
        "enough: {type: decision, rules: [{when: size(data.list.of) > 1, to: pick}], else: fulfilled}",
        PICK,
    )
    assert codes(states) == []
