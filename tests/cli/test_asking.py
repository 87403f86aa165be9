"""Questions at a terminal, without a terminal: what is typed comes from a text, what is written is read back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import click
import pytest
from rich.console import Console

from flowengine.cli import ask, flow, prompt, slot_picker, summary
from flowengine.cli.prompt import Back
from flowengine.cli.prompt_words import label
from flowengine.cli.slot_picker import Slots
from flowengine.cli.terminal import Stopped, Terminal
from flowengine.clock import SimulatedClock
from flowengine.core.forms import FormField, FormOption

NOW = datetime(2026, 12, 2, 9, tzinfo=UTC)
"""A Wednesday."""

Typing = Callable[..., io.StringIO]


class _Utc(Terminal):
    @property
    def zone(self) -> str:
        return "UTC"


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with click.Context(flow, obj=_Utc(clock=SimulatedClock(NOW))):
        yield


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Types these lines, and then the end of the input; gives what is written, 80 columns wide."""

    def typing(*lines: str) -> io.StringIO:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return io.StringIO()

    return typing


def screen(written: io.StringIO) -> Console:
    return Console(file=written, width=80, markup=False, highlight=False, emoji=False)


def field(name: str = "x", kind: Any = "string", **more: Any) -> FormField:
    schema = {"type": kind, **more.pop("schema", {})}
    return FormField(name=name, title=more.pop("title", name.upper()), type=kind, schema=schema, **more)


CLOTH = (
    FormOption(id="navy", title="Navy flannel", price=Decimal("420.10"), lead_time="P12D"),
    FormOption(id="grey", title="Grey worsted", price=380, lead_time="P3D"),
    FormOption(id="own", title="A cloth that you bring"),
)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (field(), "X"),
        (field(schema={"maxLength": 200, "minLength": 2}), "X (2 to 200 characters)"),
        (field(schema={"maxLength": 1}), "X (at most 1 character)"),
        (field(schema={"maxLength": 10_000}, required=False), "X (Enter to leave out)"),
        (field("x", "number", unit="cm", schema={"minimum": 60, "maximum": 180}), "X (60 to 180 cm)"),
        (field("x", "number", unit="cm"), "X (cm)"),
        (field("x", "number", schema={"minimum": -1e300, "maximum": 1e300}), "X (a number)"),
        (field("x", "number", schema={"exclusiveMinimum": 0, "multipleOf": 0.5}), "X (above 0, in steps of 0.5)"),
        (field("x", "number", currency="GBP", schema={"minimum": 10, "maximum": 1000}), "X (£10.00 to £1,000.00)"),
        (field("x", "number", currency="GBP"), "X (in GBP)"),
        (field("x", "integer", schema={"minimum": 1, "maximum": 12}), "X (a whole number, 1 to 12)"),
        (field("x", "integer", schema={"minimum": 1 - 2**53, "maximum": 2**53 - 1}), "X (a whole number)"),
        (field("x", "boolean"), "X (yes or no)"),
        (field("x", "array", schema={"maxItems": 3}), "X (several, with commas, at most 3)"),
        (field("x", "array", schema={"minItems": 2, "maxItems": 3}), "X (several, with commas, 2 to 3)"),
        (
            field("x", "array", schema={"maxItems": 3, "items": {"type": "string", "maxLength": 300}}),
            'X (several, with commas, at most 3; as ["A, B", "C"] where they have commas)',
        ),
        (
            field("x", "array", schema={"items": {"type": "string", "maxLength": 20}}),
            "X (several, with commas)",
        ),
        (field(format="date"), "X (a day, as 6 Dec 2026)"),
        (
            field(format="date", schema={"earliest": "now"}, earliest="2026-12-02"),
            "X (a day, as 6 Dec 2026, today or later)",
        ),
        (field(format="date", latest="2027-03-01"), "X (a day, as 6 Dec 2026, by Mon 1 Mar 2027 at the latest)"),
        (
            field(format="date", earliest="2026-12-16", latest="2027-03-01"),
            "X (a day, as 6 Dec 2026, from Wed 16 Dec 2026 to Mon 1 Mar 2027)",
        ),
        (
            field(format="date-time", schema={"earliest": "now"}),
            "X (a day and a time, as 6 Dec 2026, 15:00, now or later)",
        ),
        (field(options=tuple(FormOption(id=one, title=one) for one in ("cash", "card"))), "X (1 cash, 2 card)"),
        (field(options=CLOTH), "X (number or name)"),
        (field("x", "array", options=CLOTH, shape="several", min=1, max=2), "X (several, with commas, 1 to 2 in all)"),
        (
            field("x", "object", options=CLOTH, shape="quantities", min=2),
            "X (how many of each, as 1:2, at least 2 in all)",
        ),
    ],
)  # fmt: skip
def test_a_question_says_what_can_be_answered(asked: FormField, said: str) -> None:
    """Range, unit, length and form stand in the question, before an answer is refused for them."""
    assert label(asked) == said


def test_the_answer_from_before_is_shown() -> None:
    """An empty line takes it; of what may be left out it is said how."""
    assert label(field(format="date"), "2026-12-04") == "X (a day, as 6 Dec 2026) [Fri 4 Dec 2026]"
    assert label(field(required=False), "blue") == "X (- to leave out) [blue]"
    assert label(field(), "y" * 100) == f"X [{'y' * 59}…]"


def test_back_goes_to_the_question_before_with_its_answer(types: Typing) -> None:
    """``back`` and ``<`` lead back; Enter takes what was answered, and the rest goes on from there."""
    asked = [field("a"), field("b", required=False), field("c")]
    written = types("one", "two", "back", "", "<", "-", "three")
    kept: list[dict[str, Any]] = []
    given = ask.fields(screen(written), asked, keep=lambda answers: kept.append(dict(answers)))
    assert given == {"a": "one", "b": None, "c": "three"}
    assert "A: B (Enter to leave out): C: B (- to leave out) [two]: C: B" in written.getvalue()
    assert kept[:2] == [{"a": "one"}, {"a": "one", "b": "two"}]


def test_back_before_the_first_question(types: Typing) -> None:
    """There it leads to what was decided before, where anything was."""
    with pytest.raises(Back):
        ask.fields(screen(types("<")), [field("a")], back=True)
    written = types("back", "x")
    assert ask.fields(screen(written), [field("a")]) == {"a": "x"}
    assert "this is the first question; Ctrl-C stops" in written.getvalue()


@pytest.mark.parametrize(
    ("typed", "meant"), [('"back"', "back"), ('"?"', "?"), ('"<"', "<"), ('"Back"', "Back"), ('"x"', '"x"')]
)
def test_the_word_itself_is_typed_in_quotes(types: Typing, typed: str, meant: str) -> None:
    """Only the words that mean something at a question lose their quotes."""
    assert ask.fields(screen(types(typed)), [field("a")]) == {"a": meant}


def test_an_option_called_back_is_that_option(types: Typing) -> None:
    """``<`` goes back there."""
    asked = [field("a"), field("b", options=tuple(FormOption(id=one, title=one) for one in ("front", "back")))]
    assert ask.fields(screen(types("x", "back")), asked) == {"a": "x", "b": "back"}
    assert ask.fields(screen(types("x", "<", "y", "front")), asked) == {"a": "y", "b": "front"}


def test_a_question_mark_explains_the_question(types: Typing) -> None:
    """What can be answered, what Enter, back and Ctrl-C do; and it is asked again."""
    written = types("x", "?", "oak")
    oak = FormOption(id="oak", title="Oak", price=3)
    ask.fields(screen(written), [field("a"), field("b", options=(oak,), currency="EUR")])
    told = written.getvalue()
    for words in (
        "B: number or name.",
        "An option is meant by its number, its name, or by how only its name begins.",
        "It must be answered.",
        'the word itself is typed in quotes: "back".',
        "Ctrl-C stops, and nothing is changed.",
    ):
        assert words in told
    assert told.count("€3.00") == 2


def test_what_was_understood_is_said_back(types: Typing) -> None:
    """A day, a moment or an option that was not typed as it is shown."""
    asked = [field("a", format="date", schema={"format": "date"}), field("b", options=CLOTH)]
    written = types("friday", "1")
    assert ask.fields(screen(written), asked) == {"a": "2026-12-04", "b": "navy"}
    assert "  = Fri 4 Dec 2026\n" in written.getvalue()
    assert "  = Navy flannel\n" in written.getvalue()
    written = types("Fri 4 Dec 2026", "navy flannel")
    ask.fields(screen(written), asked)
    assert "= " not in written.getvalue()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "an answer is needed here"),
        ("\x1b[D", "there is a control character in it (\\x1b), as an arrow key makes; type it again"),
        ("a\x00b", "there is a control character in it (\\x00)"),
        ("a\x9bb", "there is a control character in it (\\x9b)"),
        ("\udcff", "this could not be read as text; please type it again"),
        ("x" * 100_000, "a terminal cuts a line off after 4095 signs; type less, or give it with --answer @FILE"),
    ],
)
def test_what_cannot_be_an_answer_is_asked_again(types: Typing, typed: str, said: str) -> None:
    """Nothing is taken that the terminal has garbled or cut off."""
    written = types(typed, "fine")
    assert ask.fields(screen(written), [field("a")]) == {"a": "fine"}
    assert said in written.getvalue()
    assert "\x1b[D" not in written.getvalue()


def test_the_end_of_the_input_stops(types: Typing) -> None:
    """At each kind of question."""
    free = Slots([NOW + timedelta(days=1)])
    for question in (
        lambda console: ask.fields(console, [field("a")]),
        lambda console: ask.pick(console, "Which?", [("a", "A"), ("b", "B")]),
        lambda console: slot_picker.pick(console, free, back=False),
        lambda console: summary.send_it(console, [field("a")]),
        lambda console: prompt.sure(console, "Sure?"),
    ):
        with pytest.raises(Stopped):
            question(screen(types()))


def test_one_of_several_is_picked_by_number_name_or_beginning(types: Typing) -> None:
    """A near miss is told what is near; a number beyond the list, how far it goes."""
    choices = [("approved", "Approve it"), ("changes", "Ask for changes"), ("declined", "Decline it")]
    assert [ask.pick(screen(types(text)), "What?", choices) for text in ("2", "CHANGES", "decl", "ask")] == [1, 1, 2, 1]
    written = types("9", "", "aproved", "?", "1")
    assert ask.pick(screen(written), "What?", choices) == 0
    told = written.getvalue()
    assert told.count("type a number from 1 to 3") == 2
    assert "(did you mean Approve it?)" in told
    assert "Type a number from 1 to 3, or a name" in told


def test_how_many_of_each_is_explained(types: Typing) -> None:
    """By the example that the question gives."""
    for shape, words in (
        ("quantities", "1:2 gives the first two of it."),
        ("scores", "1:2 gives the first the score 2."),
    ):
        written = types("?", "1:1")
        asked = field("x", "object", options=CLOTH, shape=shape, min=0, max=5)
        assert ask.fields(screen(written), [asked]) == {"x": {"navy": 1}}
        assert words in written.getvalue()


def test_titles_that_are_alike_are_told_apart_by_number(types: Typing) -> None:
    """Or by the id beside."""
    steps = [("a.1", "Choose"), ("b.2", "Choose")]
    written = types("choose", "b.2")
    assert ask.pick(screen(written), "Which step?", steps) == 1
    assert "type a number from 1 to 2" in written.getvalue()


def test_yes_or_no(types: Typing) -> None:
    """An empty line is what is usual; anything else is asked again."""
    assert prompt.sure(screen(types("")), "Sure?", usual=True)
    assert not prompt.sure(screen(types("")), "Sure?")
    written = types("perhaps", "Y")
    assert prompt.sure(screen(written), "Sure?")
    assert "Sure? [y/N]: " in written.getvalue()
    assert "type y for yes, or n for no" in written.getvalue()


# appointments


def slots(*days: int, hours: range = range(9, 17), late: int = 99) -> Slots:
    """Free on these days of December, every hour; those from ``late`` on are after the promised day."""
    free = [datetime(2026, 12, day, hour, tzinfo=UTC) for day in days for hour in hours]
    return Slots(free, frozenset(slot for slot in free if slot.day >= late))


@pytest.mark.parametrize(
    ("lines", "iso"),
    [
        (["1", "10"], "2026-12-03T10:00:00Z"),
        (["thursday", "10:00"], "2026-12-03T10:00:00Z"),
        (["tomorrow", "10am"], "2026-12-03T10:00:00Z"),
        (["8 Dec", "3 pm"], "2026-12-08T15:00:00Z"),
        (["8.12.", "15"], "2026-12-08T15:00:00Z"),
        (["friday 10am"], "2026-12-04T10:00:00Z"),
        (["friday 10"], "2026-12-04T10:00:00Z"),
        (["8 Dec 2026 at 11"], "2026-12-08T11:00:00Z"),
        (["Fri 4 Dec 2026, 10:00"], "2026-12-04T10:00:00Z"),
        (["2026-12-04T11:00:00+01:00"], "2026-12-04T10:00:00Z"),
        (["1", "<", "2", "9"], "2026-12-04T09:00:00Z"),
    ],
)
def test_an_appointment_is_typed_as_people_say_it(types: Typing, lines: list[str], iso: str) -> None:
    """The day by its number or name, the time as it is spoken, or both at once."""
    assert slot_picker.pick(screen(types(*lines)), slots(3, 4, 8), back=False) == iso


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sunday", "nothing is free on Sun 6 Dec 2026; the next free days are Tue 8 Dec 2026, Wed 9 Dec 2026"),
        ("31 Dec", "nothing can be booked on Thu 31 Dec 2026; the last free days are Fri 4 Dec 2026, Tue 8 Dec 2026"),
        ("1 Dec 2026", "Tue 1 Dec 2026 is over; the next free days are Thu 3 Dec 2026"),
        ("friday 20:00", "20:00 is not free on Fri 4 Dec 2026; free are 09:00, 10:00"),
        ("sunday 20:00", "nothing is free on Sun 6 Dec 2026"),
        ("5/11", "this can be 5 Nov 2027 or 11 May 2027"),
        ("0", "type a number from 1 to 4, or a day, as 3 Dec 2026 or friday"),
        ("", "type a number from 1 to 4"),
        ("whenever", "type a number from 1 to 4"),
    ],
)
def test_a_day_on_which_nothing_is_free_names_the_next(types: Typing, typed: str, said: str) -> None:
    """It is told why, and what is near."""
    written = types(typed, "1", "9")
    assert slot_picker.pick(screen(written), slots(3, 4, 8, 9), back=False) == "2026-12-03T09:00:00Z"
    assert said in written.getvalue().replace("\n", " ").replace("  ", " ")


def test_a_time_that_is_not_free_is_asked_again(types: Typing) -> None:
    """With a time that is."""
    written = types("7:10", "x", "?", "10")
    assert slot_picker.pick(screen(written), slots(3), back=False) == "2026-12-03T10:00:00Z"
    assert "07:10 is not free; type one of the times, as 09:00" in written.getvalue()
    assert "✗ type one of the times, as 09:00" in written.getvalue()
    assert "Type one of the times, as 09:00." in written.getvalue()


def test_few_appointments_are_listed_at_once(types: Typing) -> None:
    """They are taken by number, by day, or by day and time; a time that several have is asked again."""
    few = slots(3, 4, hours=range(9, 11))
    for text, iso in (("3", "04T09"), ("friday 10am", "04T10"), ("Thu 3 Dec 2026, 10:00", "03T10")):
        assert slot_picker.pick(screen(types(text)), few, back=False) == f"2026-12-{iso}:00:00Z"
    written = types("10:00", "0", "friday", "4")
    assert slot_picker.pick(screen(written), few, back=False) == "2026-12-04T10:00:00Z"
    assert written.getvalue().count("several fit: ") == 2
    assert "type a number from 1 to 4, or Thu 3 Dec 2026, 09:00" in written.getvalue()


def test_what_lies_after_the_promised_day_is_marked(types: Typing) -> None:
    """Among days, among few appointments, and among the times of a day."""
    written = types("1", "9")
    slot_picker.pick(screen(written), slots(3, 4, 8, late=8), back=False)
    late = [line for line in written.getvalue().splitlines() if "after the day you were promised" in line]
    assert ["Tue 8 Dec 2026" in line for line in late] == [True]
    written = types("1")
    slot_picker.pick(screen(written), slots(3, 4, hours=range(9, 10), late=4), back=False)
    assert "Fri 4 Dec 2026, 09:00   after the day you were promised" in written.getvalue()
    written = types("9")
    slot_picker.pick(screen(written), slots(4, late=4), back=False)
    assert "after the day you were promised:\n    09:00" in written.getvalue()


def test_the_slot_that_was_chosen_before_is_taken_by_an_empty_line(types: Typing) -> None:
    """As long as it is still free."""
    written = types("", "")
    assert slot_picker.pick(screen(written), slots(3, 4), "2026-12-04T10:00:00Z", back=False) == "2026-12-04T10:00:00Z"
    assert "Which day? [Fri 4 Dec 2026]: " in written.getvalue()
    assert "What time? [10:00]: " in written.getvalue()


# looking over


ORDER = [
    field("cloth", options=CLOTH, currency="GBP", title="Cloth"),
    field("extras", "object", options=(FormOption(id="b", title="Button", price=Decimal("0.15")),), shape="quantities",
          currency="GBP", title="Extras"),
    field("note", required=False, title="Note"),
    field("day", format="date", title="Day"),
    field("size", "number", unit="cm", title="Size"),
]  # fmt: skip


def test_all_that_was_answered_is_shown_with_its_total(types: Typing) -> None:
    """Prices are added exactly, each as often as it was chosen; the longest lead time is told."""
    written = types()
    answers = {"cloth": "navy", "extras": {"b": 3}, "day": "2026-12-04", "size": Decimal("98.5")}
    summary.show_summary(screen(written), ORDER, answers)
    assert written.getvalue().splitlines() == [
        "What you have answered",
        "   1  Cloth: Navy flannel",
        "   2  Extras: 3 × Button",
        "   3  Note: left out",
        "   4  Day: Fri 4 Dec 2026",
        "   5  Size: 98.5 cm",
        "      In all: £420.55",
        "      Lead time: 12 days",
    ]


def test_what_has_no_price_is_named_beside_the_total() -> None:
    """So that nobody takes the sum for all there is to pay; sums of several currencies stay apart."""
    several = field("a", "array", options=CLOTH, shape="several", currency="GBP")
    other = field("b", options=(FormOption(id="x", title="X", price=2),), currency="EUR")
    found = summary.chosen([several, other], {"a": ["grey", "own"], "b": "x"})
    assert summary.totals(found) == ["£380.00, and A cloth that you bring, of which no price is known", "€2.00"]


def test_one_plain_answer_needs_no_second_look() -> None:
    """But what has a price does, and so do several answers; ballots cost nothing."""
    assert not summary.is_due([field("a"), field("b", required=False)], {"a": "x"})
    assert summary.is_due([field("a"), field("b")], {"a": "x", "b": "y"})
    assert summary.is_due([field("a", options=CLOTH)], {"a": "navy"})
    assert not summary.is_due([field("a", options=CLOTH)], {"a": "own"})
    assert not summary.is_due([field("a", "array", options=CLOTH, shape="ranked")], {"a": ["navy"]})


def test_sending_is_asked_last(types: Typing) -> None:
    """Enter sends, a number leads to that answer, ``n`` stops, and ``<`` goes to the last question."""
    assert summary.send_it(screen(types("")), ORDER) is None
    assert summary.send_it(screen(types("Y")), ORDER) is None
    assert summary.send_it(screen(types("9", "?", "2")), ORDER) == 1
    with pytest.raises(Stopped):
        summary.send_it(screen(types("n")), ORDER)
    with pytest.raises(Back):
        summary.send_it(screen(types("<")), ORDER)
