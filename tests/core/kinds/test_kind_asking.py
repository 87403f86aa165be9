"""``need`` and ``ask``: fields, what they refuse, and how answers are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rehearsal import ADA, Rehearsal, process

from flowengine.core.answers import LONGEST_ANSWER, LONGEST_TEXT, check_answer, form
from flowengine.core.events import Reminded
from flowengine.errors import BadAnswer, UnknownOutcome
from flowengine.language.parts import Field

ASK = """
  first:
    type: ask
    ask: 'Who are you, {customer.name}?'
    fields:
      name: {type: string, title: Your name}
      age: {type: integer, minimum: 0, maximum: 150}
      height: {type: number, unit: cm}
      day: {type: string, format: date, optional: true}
      colour: {type: string, enum: [red, blue], optional: true}
      sizes: {type: array, items: {type: number}, optional: true}
    within: P7D
    remind: [P3D]
    on: {answered: fulfilled, expired: gone}
"""
GOOD: dict[str, Any] = {"name": "Ada", "age": 30, "height": 170}


def text(**schema: Any) -> tuple[Field, ...]:
    return (Field(name="words", type="string", title="Words", schema=schema),)


def test_answer_is_saved_under_the_states_name() -> None:
    """A good answer ends the state, and its numbers are kept as they were written, exactly."""
    job = Rehearsal(process(ASK))
    job.act("first", answer={**GOOD, "sizes": [1, 2.5, 0.1, Decimal("1.50")]})
    assert job.status == "fulfilled"
    assert job.data["first"] == {"name": "Ada", "age": 30, "height": 170, "sizes": [1, 2.5, Decimal("0.1"), 1.5]}
    assert [str(one) for one in job.data["first"]["sizes"]] == ["1", "2.5", "0.1", "1.50"]
    assert type(job.data["first"]["height"]) is type(job.data["first"]["age"]) is int


def test_step_is_named_by_the_question() -> None:
    """The step carries the question with its expressions filled in, waits for the customer, and has a deadline."""
    step = Rehearsal(process(ASK)).step("first")
    assert step.title == "Who are you, Ada?"
    assert step.audience == ("person:ada",)
    assert step.due is not None


def test_outcome_may_be_named() -> None:
    """The one outcome may be named or left out; another is refused with what is possible."""
    job = Rehearsal(process(ASK))
    with pytest.raises(UnknownOutcome) as refused:
        job.act("first", "done", GOOD)
    assert refused.value.possible == ("answered",)
    job.act("first", "answered", GOOD)
    assert job.status == "fulfilled"


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"name": 3}, "name", "must be a text, not a number"),
        ({"age": 200}, "age", "must be at most 150"),
        ({"age": 1.5}, "age", "must be a whole number"),
        ({"age": True}, "age", "not true or false"),
        ({"age": 2**63}, "age", "must be at most"),
        ({"height": None}, "height", "must be a number, not nothing"),
        ({"height": float("nan")}, "height", "must be a number"),
        ({"height": 10**400}, "height", "has more than 34 digits"),
        ({"height": Decimal("1e301")}, "height", "must be at most"),
        ({"height": Decimal("1e400")}, "height", "of at most 34 digits, from 1e-324 to 1e308"),
        ({"day": "1 May"}, "day", "must be a date, as 2026-05-01"),
        ({"colour": "green"}, "colour", "must be one of red, blue"),
        ({"sizes": [1, "x"]}, "sizes.1", "must be a number, not a text"),
        ({"nmae": "Ada"}, "nmae", "is not asked here (did you mean name?)"),
        ({"name": "x" * (LONGEST_TEXT + 1)}, "name", "may have at most 10000 characters"),
    ],
)
def test_wrong_answer_is_refused(change: dict[str, Any], path: str, words: str) -> None:
    """Each field that is wrong is named with what it must be, and nothing changes."""
    job = Rehearsal(process(ASK))
    with pytest.raises(BadAnswer) as refused:
        job.act("first", answer={**GOOD, **change})
    assert words in refused.value.problems[path]
    assert job.standing == ["first"]


def test_all_problems_are_told_at_once() -> None:
    """All that is missing, wrong and not asked is told in one refusal."""
    job = Rehearsal(process(ASK))
    with pytest.raises(BadAnswer) as refused:
        job.act("first", answer={"age": "old", "weight": 1})
    assert set(refused.value.problems) == {"name", "height", "age", "weight"}
    assert refused.value.problems["name"] == "is missing"
    assert set(refused.value.possible) >= {"name", "age", "height", "day"}
    assert refused.value.where == "first"


@pytest.mark.parametrize("answer", [[], "Ada", 3, None, {"name": object()}, {"name": "\ud800"}])
def test_only_json_objects_are_taken(answer: object) -> None:
    """What is no object of plain JSON is refused."""
    with pytest.raises(BadAnswer):
        check_answer(text(), answer, "here")


def test_circles_and_depths_are_refused() -> None:
    """An answer that holds itself, or nests without end, is refused and does no harm."""
    circle: dict[str, Any] = {}
    circle["words"] = circle
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for answer in (circle, {"words": deep}):
        with pytest.raises(BadAnswer):
            check_answer(text(), answer, "here")


def test_large_answer_is_refused() -> None:
    """An answer of more than 256 KB is refused with its size, whatever the fields allow."""
    with pytest.raises(BadAnswer, match="has 257 KiB; at most 256 KiB"):
        check_answer(text(maxLength=10**7), {"words": "x" * LONGEST_ANSWER}, "here")


@pytest.mark.parametrize("words", ["\x00\x1b[31m\r\n\t", "\u202eevil\u202c", "<b>&'\"</b>", "{data.x}", "Ж日本🎉", ""])
def test_texts_are_kept_as_they_are(words: str) -> None:
    """Control characters, right-to-left marks, markup, quotes and braces survive: showing them is the doors' care."""
    assert check_answer(text(), {"words": words}) == {"words": words}


def test_own_length_holds() -> None:
    """A field's own maxLength takes the place of the usual one."""
    assert check_answer(text(maxLength=20_000), {"words": "x" * 20_000})
    with pytest.raises(BadAnswer, match="at most 5"):
        check_answer(text(maxLength=5), {"words": "x" * 6})


def test_answer_is_not_shared_with_the_caller() -> None:
    """What the caller does with his answer afterwards does not change the job."""
    given = {"words": "good"}
    kept = check_answer(text(), given)
    given["words"] = "bad"
    assert kept == {"words": "good"}


def test_partial_answer() -> None:
    """A partial answer may leave out every field, and is held against those it has."""
    assert check_answer(text(), {}, partial=True) == {}
    with pytest.raises(BadAnswer):
        check_answer(text(), {"words": 3}, partial=True)


def test_reminder_and_deadline() -> None:
    """The customer is reminded in time, and the deadline ends the state as expired (L8)."""
    job = Rehearsal(process(ASK))
    job.wait("P4D")
    assert len(job.told(Reminded)) == 1
    job.wait("P3D")
    assert job.position.head.end == "gone"


def test_form_asks_what_the_fields_ask() -> None:
    """The form has one way with a question for each field: title, type, unit, options, bounds and whether required."""
    job = Rehearsal(process(ASK))
    made = form(job.compiled, job.position, job.step("first"), job.now, job.world)
    (way,) = made.ways
    asked = {field.name: field for field in way.fields}
    assert (way.outcome, way.move, made.title) == ("answered", False, "Who are you, Ada?")
    assert asked["name"].title == "Your name"
    assert asked["name"].required
    assert asked["name"].long
    assert not asked["day"].required
    assert asked["day"].format == "date"
    assert (asked["age"].min, asked["age"].max) == (0, 150)
    assert asked["height"].unit == "cm"
    assert (asked["height"].min, asked["height"].max) == (None, None)
    assert [option.id for option in asked["colour"].options] == ["red", "blue"]
    assert made.to_json()["ways"][0]["fields"][0]["schema"]["maxLength"] == LONGEST_TEXT


def test_need_is_held_against_its_fields() -> None:
    """A job does not begin with a need that breaks the fields (L1)."""
    made = process("  first: {type: task, for: staff, next: fulfilled}").root
    assert made.start == "need"
    with pytest.raises(BadAnswer, match="is not asked here"):
        Rehearsal(process("  first: {type: task, for: staff, next: fulfilled}"), need={"what": "a suit"})


def test_actor_of_the_answer_is_known() -> None:
    """Who answered is what ``by(state)`` gives later."""
    job = Rehearsal(
        process(
            ASK.replace("answered: fulfilled", "answered: after") + "  after: {type: task, for: staff, next: fulfilled}"
        )
    )
    job.act("first", answer=GOOD, by=ADA)
    assert job.position.root.memory.by["first"] == "ada"
