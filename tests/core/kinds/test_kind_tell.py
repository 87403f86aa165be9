"""``tell``: somebody is told something, and nothing is waited for."""

from __future__ import annotations

import pytest
from rehearsal import Rehearsal, process

from flowengine.core.events import Entered, Left, Told
from flowengine.core.position import Position
from flowengine.errors import ExpressionFailed
from flowengine.language import problems

TELL = """
  first:
    type: tell
    to: %s
    say: 'Hello {customer.name}'
    shows: {Since: '{size(data.need)}'}
    next: after
  after: {type: task, for: tailor, on: {done: fulfilled}}
"""


def told(to: str) -> Told:
    """What the tell to somebody said."""
    job = Rehearsal(process(TELL % to))
    (event,) = [event for event in job.history[0] if isinstance(event, Told)]
    return event


def test_a_tell_is_passed_at_once_with_its_words() -> None:
    """The words and lines are fixed when the job comes by, and it waits in the next state."""
    job = Rehearsal(process(TELL % "customer"))
    assert [step.state for step in job.steps] == ["after"]
    kinds = [type(event) for event in job.history[0] if getattr(event, "state", "") == "first"]
    assert kinds == [Entered, Told, Left]
    assert told("customer") == Told(
        branch="main", state="first", to=("person:ada",), words="Hello Ada", shown=(("Since", "0"),)
    )


def test_a_line_that_says_nothing_is_left_out() -> None:
    """What is told and what is shown at a step has no empty lines; a line that has words then is there."""
    shows = """shows: {Worries: '{has(data.note) ? data.note : ""}', Named: '{customer.name}'}"""
    text = TELL.replace("shows: {Since: '{size(data.need)}'}", shows) % "customer"
    text = text.replace("{done: fulfilled}}", "{done: fulfilled}, ask: Sew, " + shows + "}")
    job = Rehearsal(process(text))
    (event,) = [event for event in job.history[0] if isinstance(event, Told)]
    assert event.shown == job.step("after").shown == (("Named", "Ada"),)


@pytest.mark.parametrize(
    ("to", "seatings"),
    [
        ("everyone", ("everyone",)),
        ("tailor", ("role:tailor",)),
        ("[customer, {role: tailor}, customer]", ("person:ada", "role:tailor")),
        ("{group: '{customer.id}'}", ("group:ada",)),
        ('{people: \'["tom", "eva"]\'}', ("person:tom", "person:eva")),
    ],
)
def test_whom_it_is_for_is_settled_with_the_words(to: str, seatings: tuple[str, ...]) -> None:
    """The event says for whom it is; everyone is found in the history."""
    assert told(to).to == seatings


def test_words_that_cannot_be_found_refuse_the_act_that_led_there() -> None:
    """What the words mention must be there: the command that leads to them is refused, and nothing has happened."""
    with pytest.raises(ExpressionFailed):
        Rehearsal(process(TELL.replace("customer.name", "data.nowhere") % "customer"))


def test_a_tell_is_remembered() -> None:
    """It counts as passed, like any other state."""
    after = '  after: {type: task, for: tailor, on: {done: [{to: fulfilled, when: passed("first")}, gone]}}\n'
    text = TELL.replace("  after: {type: task, for: tailor, on: {done: fulfilled}}\n", after)
    job = Rehearsal(process(text % "customer"))
    job.act("after", "done")
    position: Position = job.position
    assert position.head.status == "fulfilled"


WHOLE = """
process: sample
need: Something
roles: {{tailor: {{title: Tailor}}}}
states:
  need: {{type: need, next: work}}
  work: {{type: task, for: tailor, fields: {{price: {{type: number}}, size: {{type: number, show: true}}}}, next: say}}
  say: {{type: tell, {0}}}
  fulfilled: {{type: fulfilled}}
"""


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        ("to: customer, say: '{data.work.size}', next: fulfilled", []),
        ("to: customer, say: '{data.work.price}', next: fulfilled", ["internal-data"]),
        ("to: everyone, say: Done, shows: {Price: '{data.work.price}'}, next: fulfilled", ["internal-data"]),
        ("to: {person: customer.id}, say: '{data.work.price}', next: fulfilled", ["internal-data"]),
        ("to: tailor, say: '{data.work.price}', next: fulfilled", []),
        ("to: taylor, say: Done, next: fulfilled", ["unknown-role"]),
        ("to: staff, say: Done, next: fulfilled", ["wrong-type"]),
        ("to: customer, say: Done, within: P1D, next: fulfilled", ["unknown-key"]),
        ("to: customer, next: fulfilled", ["missing-key"]),
        ("say: Done, next: fulfilled", ["missing-key"]),
        ("to: customer, say: Done, on: {told: {to: fulfilled, when: customer.name == 'Ada'}}", ["no-fallback"]),
        ("to: customer, say: Done", ["missing-outcome", "no-fulfilled", "no-way-out"]),
        ("to: customer, say: Done, on: {told: say}", ["no-way-out"]),
    ],
)
def test_a_tell_is_checked(keys: str, codes: list[str]) -> None:
    """Words for customers hold nothing internal (L9), it must lead somewhere, and it cannot have a deadline."""
    found = {problem.code for problem in problems(WHOLE.format(keys))}
    assert found == set(codes) or (codes and found >= {codes[0]}), found
