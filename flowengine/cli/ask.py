"""Asking a person at a terminal for what is missing, one question after the other.

Options come as a list, free appointments by day and time; ``back`` goes to the question before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rich.console import Console

from flowengine.cli import option_list, show, slot_picker
from flowengine.cli.prompt import Back, is_command, literally, question_of
from flowengine.cli.prompt_words import beyond, explained, label, said
from flowengine.cli.slot_picker import Slots
from flowengine.cli.typed_options import meant
from flowengine.cli.typed_values import typed
from flowengine.client import FormField, Json, Way

Answers = dict[str, Json]
"""What was answered, by field; None where an optional one was left out."""


def nowhere(_answers: Answers) -> None:
    """Keeps nothing of what was answered so far."""


def pick(console: Console, question: str, choices: Sequence[tuple[str, str]], *, named: bool = True) -> int:
    """The index of one of the choices, given as (name, title): by number, name or title, or by what only one begins
    with. The names are shown where they are ``named``."""
    for number, (name, title) in enumerate(choices, 1):
        beside = f"  {name}" if named and name != title else ""
        show.line(console, (f"  {number:>2}  ", "bold"), title, (beside, "dim"))
    numbers = "type 1" if len(choices) == 1 else f"type a number from 1 to {len(choices)}"
    apart = len({title for _, title in choices}) == len(choices)

    def read(text: str) -> int:
        if text.isdecimal() and text not in (name for name, _ in choices):
            if len(text) < 6 and 1 <= int(text) <= len(choices):
                return int(text) - 1
        elif text and apart:
            return meant(text, choices, begun=True)
        elif text in (name for name, _ in choices):
            return [name for name, _ in choices].index(text)
        raise ValueError(numbers)

    def explain() -> None:
        named = ", or a name, or how only one begins" if apart else ""
        show.line(console, (f"  {numbers.capitalize()}{named}.", "dim"))
        show.line(console, ("  Ctrl-C stops, and nothing is changed.", "dim"))

    return question_of(console, question, read, explain, back=False)


def which_way(console: Console, ways: Sequence[Way]) -> Way:
    """The outcome or move a person wants."""
    if len(ways) == 1:
        return ways[0]
    return ways[pick(console, "What do you want to do?", [(way.outcome, way.title) for way in ways], named=False)]


def fields(
    console: Console,
    asked: Sequence[FormField],
    slots: Slots = slot_picker.NONE,
    made_up: Mapping[str, Json] = MappingProxyType({}),
    *,
    answers: Mapping[str, Json] = MappingProxyType({}),
    keep: Callable[[Answers], None] = nowhere,
    back: bool = False,
) -> Answers:
    """An answer to each of the fields; optional ones may be left out by an empty line, and are then None. Where an
    answer is ``made_up``, or among the ``answers`` from before, it is shown, and an empty line takes it. ``keep`` is
    handed all answers after each. With ``back`` one may go back before the first question, which raises Back."""
    given = dict(answers)
    at = 0
    while at < len(asked):
        field = asked[at]
        try:
            given[field.name] = _field(console, field, slots, {**made_up, **given}, back=back or at > 0)
            keep(given)
            at += 1
        except Back:
            if at == 0:
                raise
            at -= 1
    return given


def _field(console: Console, field: FormField, slots: Slots, before: Mapping[str, Json], *, back: bool) -> Json:
    """An answer to one field. ``before`` has what an empty line takes."""
    known = before.get(field.name)
    if field.name == "slot" and slots.free:
        return slot_picker.pick(console, slots, known if isinstance(known, str) else None, back=back)
    option_list.show_options(console, field)

    def read(text: str) -> Json:
        if not text:
            if known is not None or not field.required:
                return known
            raise ValueError("an answer is needed here")
        if text == "-" and not field.required:
            return None
        value = typed(field, literally(text), prompt=True)
        understood = said(field, value)
        if understood.casefold() != text.casefold() and (field.options or field.format in ("date", "date-time")):
            show.line(console, ("  = ", "dim"), understood)
        if wrong := beyond(field, value):
            raise ValueError(wrong)
        return value

    def explain() -> None:
        for words in explained(field, known, back=back):
            show.line(console, ("  ", ""), (words, "dim"))
        option_list.show_options(console, field, whole=True)

    own = any(is_command(one) for option in field.options for one in (str(option.id), option.title))
    return question_of(console, label(field, known), read, explain, back=back, words=not own)
