"""Values from what is typed on a command line."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest

from flowengine.cli.typed_values import answer_from, hint, item, missing, read_answer, record_from, typed
from flowengine.core.forms import FormField, FormOption
from flowengine.errors import BadAnswer


def field(kind: Any = "string", **more: Any) -> FormField:
    schema = {"type": kind, **more.pop("schema", {})}
    return FormField(name="x", title="X", type=kind, schema=schema, **more)


CLOTH = (
    FormOption(id="navy", title="Navy flannel", price=420, lead_time="P12D"),
    FormOption(id="grey", title="Grey worsted", price=380),
)
EQUAL = (FormOption(id="a=b", title="a=b"), FormOption(id="c:d", title="c:d"))
COMMAS = (FormOption(id="3,5 m", title="3,5 m"), FormOption(id="5 m", title="five, about"))


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        (field(), "some words", "some words"),
        (field(), "98", "98"),
        (field("number", unit="cm"), "98.5", Decimal("98.5")),
        (field("number"), "1.50", Decimal("1.50")),
        (field("number"), "+98", 98),
        (field("number"), "12345678901234567.89", Decimal("12345678901234567.89")),
        (field("number"), "98", 98),
        (field("integer"), "3", 3),
        (field("boolean"), "yes", True),
        (field("boolean"), "FALSE", False),
        (field("array", schema={"items": {"type": "string"}}), "a, b", ["a", "b"]),
        (field("array", schema={"items": {"type": "integer"}}), "1,2", [1, 2]),
        (field("array"), '["a", 1]', ["a", 1]),
        (field("object"), '{"a": 1}', {"a": 1}),
        (field(format="date", schema={"format": "date"}), "2027-05-01", "2027-05-01"),
        (field(options=CLOTH), "navy", "navy"),
        (field(options=CLOTH), "grey WORSTED", "grey"),
        (field("integer", options=(FormOption(id=2, title="2"), FormOption(id=3, title="3"))), "3", 3),
        (field("boolean", options=(FormOption(id=True, title="With"),)), "true", True),
        (field("array", options=CLOTH, shape="several"), "navy,grey", ["navy", "grey"]),
        (field("array", options=CLOTH, shape="several", min=0), "", []),
        (field("object", options=CLOTH, shape="quantities"), "navy:2, grey:1", {"navy": 2, "grey": 1}),
        (field("array", options=COMMAS, shape="several"), '["3,5 m", "5 m"]', ["3,5 m", "5 m"]),
        (field("array", options=COMMAS, shape="several"), '["five, about"]', ["5 m"]),
        (field("object", options=COMMAS, shape="quantities"), '["3,5 m:2"]', {"3,5 m": 2}),
        (field(options=COMMAS), "3,5 m", "3,5 m"),
        (field("array", options=CLOTH, shape="ranked"), "grey, Navy Flannel", ["grey", "navy"]),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "navy:5, grey=0", {"navy": 5, "grey": 0}),
        (field("object", options=EQUAL, shape="scores", min=0, max=5), "a=b=3,c:d:4", {"a=b": 3, "c:d": 4}),
    ],
)
def test_a_text_becomes_a_value_of_its_field(asked: FormField, text: str, value: Any) -> None:
    """What is typed has the type that the field asks for."""
    found = typed(asked, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("asked", "text", "said"),
    [
        (field("number", unit="cm"), "wide", "must be a number in cm"),
        (field("number"), "nan", "must be a number"),
        (field("number"), "1e999", "the number 1e999 is out of bounds"),
        (field("number"), "9" * 5000, "is out of bounds"),
        (field("number"), "1_000", "must be a number"),
        (field("number", schema={"minimum": 50}), "3", "must be at least 50"),
        (field("integer"), "2.5", "must be a whole number"),
        (field("integer"), "9" * 5000, "must be a whole number"),
        (field("boolean"), "perhaps", "must be yes or no"),
        (field("object"), "[1]", "must be a JSON object"),
        (field("object"), "{", "this is not JSON"),
        (field("array"), "[1", "this is not JSON"),
        (field(format="date", schema={"format": "date"}), "next week", "must be a day, as 1 May 2027"),
        (field(options=CLOTH), "nayv", "did you mean navy?"),
        (field("array", options=CLOTH, shape="several", max=1), "navy,grey", "at most 1 may be chosen, not 2"),
        (field("array", options=CLOTH, shape="several", min=1), "", "at least 1 must be chosen, not 0"),
        (field("array", options=CLOTH, shape="several"), "navy,navy", "named twice"),
        (field("object", options=CLOTH, shape="quantities"), "navy", "how many of each"),
        (field("object", options=CLOTH, shape="quantities"), "navy:1,navy:2", "named twice"),
        (field("array", options=CLOTH, shape="ranked", min=1), "grey,grey", "named twice"),
        (field("array", options=CLOTH, shape="ranked", min=1), "", "at least 1 must be chosen, not 0"),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "navy", "the score of each, as navy:2"),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "", "the score of each, as navy:2"),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "navy:6", "from 0 to 5 is possible"),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "navy:-1", "the score of each, as navy:2"),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "navy:1,navy=2", "named twice"),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "nayv:1", "did you mean navy?"),
        (field(schema={"maxLength": 3}), "long", "at most 3 characters"),
    ],
)
def test_a_wrong_text_is_told_what_was_wanted(asked: FormField, text: str, said: str) -> None:
    """A refusal says what the field takes."""
    with pytest.raises(ValueError, match=re.escape(said)):
        typed(asked, text)


def test_an_answer_is_put_together_from_json_and_sets() -> None:
    """--set comes after --answer and is typed; key:=json is taken as it is."""
    asked = [FormField(name="a", title="A", type="number"), FormField(name="b", title="B", type="string")]
    assert answer_from(asked, ["a=2", "b:=null"], '{"b": "x", "c": 1}') == {"a": 2.0, "b": None, "c": 1}


def test_a_name_that_is_not_asked_is_refused() -> None:
    """A misspelt key is refused with the near one and with what can be set."""
    with pytest.raises(BadAnswer) as caught:
        answer_from([FormField(name="chest", title="Chest", type="number")], ["chset=98"], None)
    assert caught.value.problems == {"chset": "is not asked here (did you mean chest?)"}
    assert caught.value.possible == ("--set chest=NUMBER",)


@pytest.mark.parametrize("text", ["chest", "=98", ":=98", "a:=nope"])
def test_a_set_that_cannot_be_read_is_wrong_use(text: str) -> None:
    """--set without a key, a value or valid JSON is wrong use."""
    with pytest.raises(click.UsageError):
        answer_from([], [text], None)


def test_an_answer_may_come_from_a_file(tmp_path: Path) -> None:
    """--answer @file reads the object from there."""
    path = tmp_path / "answer.json"
    path.write_text('{"a": "\\u202e"}', "utf-8")
    assert read_answer(f"@{path}") == {"a": "\u202e"}


@pytest.mark.parametrize("text", ["[1]", "{", "NaN", "1e999", "@/nowhere/at/all.json", "[" * 5000])
def test_an_answer_that_is_no_object_is_wrong_use(text: str) -> None:
    """--answer takes one JSON object; whatever else it is given is refused as wrong use."""
    with pytest.raises(click.UsageError):
        read_answer(text)


def test_a_file_that_is_not_text_is_wrong_use(tmp_path: Path) -> None:
    """--answer @file refuses bytes that are not UTF-8."""
    path = tmp_path / "answer.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(click.UsageError, match="not UTF-8"):
        read_answer(f"@{path}")


def test_what_is_missing_are_the_required_fields() -> None:
    """Optional fields and fields with an answer are not missing."""
    need, option, given = (FormField(name=n, title=n, type="string", required=n != "b") for n in "abc")
    assert missing([need, option, given], {"c": ""}) == [need]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (field("number"), "--set x=NUMBER"),
        (field(format="date"), "--set x=YYYY-MM-DD"),
        (field("object"), "--set x:=JSON"),
        (field(options=CLOTH), "--set x=navy|grey"),
        (field(options=CLOTH, shape="quantities"), "--set x=navy|grey:N[,…]"),
        (field(options=CLOTH, shape="ranked"), "--set x=navy|grey[,…], the best first"),
        (field(options=CLOTH, shape="scores", min=0, max=5), "--set x=navy|grey:N[,…], N from 0 to 5"),
        (field(options=COMMAS, shape="ranked"), '--set x=["3,5 m|5 m",…], the best first'),
    ],
)
def test_a_hint_shows_how_to_give_a_field(asked: FormField, shown: str) -> None:
    """Programs and persons are told how to write a field."""
    assert hint(asked) == shown


def test_items_and_records() -> None:
    """An item is JSON where it is JSON, else a text; a record's values are texts unless := is written."""
    assert [item("3"), item('{"a": 1}'), item("plain words")] == [3, {"a": 1}, "plain words"]
    assert record_from(["size=3", "shoe:=44"]) == {"size": "3", "shoe": 44}


def test_an_answer_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """A file as editors on Windows write it is read like any other."""
    file = tmp_path / "answer.json"
    file.write_bytes(b'\xef\xbb\xbf{"chest": 98}')
    assert read_answer(f"@{file}") == {"chest": 98}


def test_options_with_commas_are_hinted_at_as_a_list() -> None:
    """Where ids have commas the hint shows the form in which they can be said."""
    assert hint(field("array", options=COMMAS, shape="several")) == '--set x=["3,5 m|5 m",…]'


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        (field(options=CLOTH), "NAVY", "navy"),
        (field(options=CLOTH), "2", "grey"),
        (field(options=CLOTH), "nav", "navy"),
        (field(options=CLOTH), "Grey w", "grey"),
        (field("array", options=CLOTH, shape="several"), "2 1", ["grey", "navy"]),
        (field("array", options=CLOTH, shape="several"), "1, grey", ["navy", "grey"]),
        (field("array", options=CLOTH, shape="ranked"), "2,1", ["grey", "navy"]),
        (field("object", options=CLOTH, shape="quantities"), "1:2, g:1", {"navy": 2, "grey": 1}),
        (field("object", options=CLOTH, shape="scores", min=0, max=5), "1=5, 2:0", {"navy": 5, "grey": 0}),
        (field("array", options=COMMAS, shape="several"), "1, 2", ["3,5 m", "5 m"]),
        (field("integer", options=(FormOption(id=2, title="Two"), FormOption(id=3, title="Three"))), "2", 2),
        (field("integer", options=(FormOption(id=2, title="Two"), FormOption(id=3, title="Three"))), "thr", 3),
        (field(options=(FormOption(id="grey_worsted", title="A cloth"),)), "Grey Worsted", "grey_worsted"),
    ],
)
def test_at_a_prompt_an_option_is_meant_by_number_or_beginning(asked: FormField, text: str, value: Any) -> None:
    """Numbers are those of the list, unless ids are numbers; a beginning is enough where only one has it."""
    assert typed(asked, text, prompt=True) == value


SUNNY = (FormOption(id="sat", title="Saturday"), FormOption(id="sun", title="Sunday"), FormOption(id="x", title="Sat"))


@pytest.mark.parametrize(
    ("asked", "text", "said"),
    [
        (field(options=CLOTH), "3", "'3' is not one of Navy flannel, Grey worsted"),
        (field(options=CLOTH), "Gray worsted", "did you mean Grey worsted?"),
        (field(options=SUNNY), "s", "'s' means several: type sat (Saturday) or sun (Sunday) or x (Sat)"),
        (field("object", options=CLOTH, shape="quantities"), "1", "how many of each, as 1:2"),
        (field("object", options=CLOTH, shape="quantities"), f"1:{'9' * 5000}", "how many of each, as 1:2"),
        (field("array", options=CLOTH, shape="several"), "1 1", "named twice"),
        (field(options=(FormOption(id="tom", title="Tom"),), format="person"), "to", "'to' is not one of"),
        (field(options=(FormOption(id="tom1", title="Tom"),), format="person"), "TOM1", "'TOM1' is not one of"),
    ],
)
def test_what_means_no_option_or_several_is_asked_again(asked: FormField, text: str, said: str) -> None:
    """What is there is said in the words of the list; of people none is meant by a beginning (L15)."""
    with pytest.raises(ValueError, match=re.escape(said)):
        typed(asked, text, prompt=True)


def test_a_beginning_is_enough_at_a_prompt_only() -> None:
    """On a command line, where nothing is said back, an option is named as a whole."""
    with pytest.raises(ValueError, match="'nav' is not one of navy, grey"):
        typed(field(options=CLOTH), "nav")


def test_what_has_only_texts_is_typed_as_these() -> None:
    """Whom somebody brings is a name and a contact, with a comma; JSON is taken too, and what is beyond is refused."""
    parts = {"name": {"type": "string", "minLength": 1}, "contact": {"type": "string"}}
    field = FormField(name="who", type="object", title="Whom", schema={"properties": parts, "required": ["name"]})
    assert typed(field, "Ben, ben@example.org") == {"name": "Ben", "contact": "ben@example.org"}
    assert typed(field, "Ben") == {"name": "Ben"}
    assert typed(field, '{"name": "Ben"}') == {"name": "Ben"}
    with pytest.raises(ValueError, match="is missing"):
        typed(field, ", ben@example.org")
