"""What in a history is content stands in one table, which knows every field (L5)."""

from __future__ import annotations

import typing
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.contents import TABLE, Fields, Words, contents, emptied
from flowengine.core.values import Actor, Json, Offer, Seat, Step, Suspension

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Actor(kind="customer", id="ada")


def classes(kind: object) -> set[type[msgspec.Struct]]:
    """The classes of values that an annotation names."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {kind}
    return set().union(*(classes(one) for one in typing.get_args(kind)))


def fields(kind: type[msgspec.Struct]) -> set[str]:
    return set(kind.__struct_fields__)


ROOTS = classes(c.AnyCommand) | classes(e.AnyEvent)


@pytest.mark.parametrize("kind", sorted(ROOTS | TABLE.keys(), key=lambda kind: kind.__name__))
def test_the_table_knows_every_field(kind: type[msgspec.Struct]) -> None:
    """Each field of each command and event, and of what they are made of, is content or plain, for one reason."""
    known = [name for group in TABLE[kind] for name in group.split()]
    assert sorted(known) == sorted(fields(kind))


@pytest.mark.parametrize("kind", list(TABLE), ids=lambda kind: kind.__name__)
def test_what_is_looked_into_has_fields_in_the_table(kind: type[msgspec.Struct]) -> None:
    """What holds values with fields of their own is content as a whole, or these classes are in the table, too; the
    actor, who is known by his id, and the memory of states hold nothing that anybody wrote."""
    annotated, row = typing.get_type_hints(kind), TABLE[kind]
    for name in row.inside.split() + row.each.split():
        assert classes(annotated[name]) <= TABLE.keys(), name
    plain = " ".join((row.named, row.people, row.counted, row.moments, row.flags)).split()
    held = set().union(*(classes(annotated[name]) for name in plain))
    assert {one.__name__ for one in held} <= {"Actor", "Memory"}


def test_nothing_is_in_the_table_in_vain() -> None:
    """All classes of the table are commands or events, or what these are made of."""
    made_of = set().union(
        *(
            classes(typing.get_type_hints(kind)[name])
            for kind, row in TABLE.items()
            for name in row.inside.split() + row.each.split()
        )
    )
    assert TABLE.keys() == ROOTS | made_of


def test_free_texts_are_content() -> None:
    """Fields by these names are content wherever they are: whoever adds one is asked why it should not be."""
    telling = {"answer", "because", "body", "contact", "error", "incident", "input", "item", "result", "shown",
               "text", "title", "value", "words"}  # fmt: skip
    for kind, row in TABLE.items():
        assert telling & fields(kind) <= set(row.content.split()), kind


def holed(*values: msgspec.Struct) -> tuple[list[typing.Any], list[Json]]:
    """The values with holes that are numbered, and what was in them."""
    found: list[Json] = []

    def hole(content: Json) -> str:
        found.append(content)
        return f"<{len(found)}>"

    return emptied(values, hole), found


def test_contents_are_found_however_deep() -> None:
    """In the place of each content stands its hole, also in what is nested in an event; the rest stays as it is."""
    step = Step(number=2, branch="main", state="choose", title="Choose", audience=("person:ada",), opened=NOW)
    seats = (Seat(step=2, number=1, audience="person:ada", answer={"for": "red"}), Seat(step=2, number=2, audience="x"))
    (opened, held), found = holed(
        e.StepOpened(step=step, seats=seats), e.Suspended(suspension=Suspension(since=NOW, because="Ill", by="olga"))
    )
    assert found == ["Choose", {"for": "red"}, "Ill"]
    assert opened.step == msgspec.structs.replace(step, title="<1>")
    assert [seat.answer for seat in opened.seats] == ["<2>", None]
    assert held.suspension == Suspension(since=NOW, because="<3>", by="olga")


@pytest.mark.parametrize("value", [0, False, Decimal("0.0"), "a", [None], {"a": None}])
def test_a_value_that_says_something_is_a_content(value: Json) -> None:
    """Nought and no are answers."""
    assert holed(e.Saved(branch="main", place="a", value=value))[1] == [value]


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_what_says_nothing_stays(value: Json) -> None:
    """An empty value needs no hole."""
    event = e.Saved(branch="main", place="a", value=value)
    assert holed(event) == ([event], [])


def test_what_a_state_keeps_is_content_as_a_whole() -> None:
    """What a choice offers goes with all that is in it."""
    inner = Offer(picks={"cloth": [{"id": "navy", "title": "Navy"}]})
    (kept,), found = holed(e.Kept(branch="main", inner=inner))
    assert (kept.inner, found) == ("<1>", [inner])


def test_contents_of_values() -> None:
    """All contents of some values, in their order."""
    said = c.Say(by=ADA, text="hm")
    assert contents(said, c.Act(by=ADA, step=1, outcome="done", answer={"a": 1})) == ["hm", {"a": 1}]


def test_rows_of_the_table_name_no_field_twice() -> None:
    """A field is of one kind."""
    for row in TABLE.values():
        assert isinstance(row, Fields)
        names = " ".join(row).split()
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("I like the blue one", True),
        ("blue", True),
        ({"a": [{"b": "so blue!"}]}, True),
        ({"blue": 2}, True),
        ("no", True),
        (" no ", True),
        ("another", False),
        ("red", False),
        (["red", 3, None], False),
        (7, False),
    ],
)
def test_words_are_found_where_they_stand(content: Json, found: bool) -> None:
    """A longer text is found within others, a short one only alone; what was known before is nobody's own."""
    words = Words([{"note": "blue", "sure": "no"}, "red"], known=[["red", {"green": 1}]])
    assert words.are_in(content) is found


def test_words_are_taken_out_of_data() -> None:
    """In their place stands null, and parts of objects that are named by them are gone; the rest stays."""
    words = Words(["blue"], known=["deep blue sea"])
    data = {"a": "blue", "b": ["so blue", "red"], "c": {"blue": 1, "d": 2}, "e": "deep blue sea", "f": 1.5}
    left = {"a": None, "b": [None, "red"], "c": {"d": 2}, "e": "deep blue sea", "f": 1.5}
    assert words.without(data) == left


def test_nobody_wrote_anything() -> None:
    """Without words nothing is found."""
    assert not Words().are_in("anything")
    assert not Words([" ", {"a": 3}]).are_in("")
