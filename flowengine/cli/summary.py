"""All that was answered, with what it costs and how long it takes, before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from rich.console import Console

from flowengine.cli import show
from flowengine.cli.option_list import days_of
from flowengine.cli.prompt import question_of
from flowengine.cli.prompt_words import said
from flowengine.cli.terminal import Stopped
from flowengine.client import Duration, FormField, FormOption, Json
from flowengine.exact import CONTEXT
from flowengine.speech.money import money

Chosen = tuple[FormField, FormOption, int]
"""An option that was chosen, of which question, and how many of it."""


def is_due(fields: Sequence[FormField], answers: Mapping[str, Json]) -> bool:
    """Whether a person should look at it once more: there are several answers, or what he chose has a price."""
    given = [field for field in fields if answers.get(field.name) is not None]
    return len(given) > 1 or any(option.price is not None for _, option, _ in chosen(fields, answers))


def show_summary(console: Console, fields: Sequence[FormField], answers: Mapping[str, Json]) -> None:
    """The answers, numbered, with the total of their prices and the longest lead time."""
    show.line(console, ("What you have answered", "bold"))
    for number, field in enumerate(fields, 1):
        value = answers.get(field.name)
        told = (said(field, value), "") if value is not None else ("left out", "dim")
        show.line(console, (f"  {number:>2}  ", "bold"), (f"{field.title}: ", "dim"), told)
    found = chosen(fields, answers)
    for words in totals(found):
        show.line(console, ("      In all: ", "dim"), (words, "bold"))
    longest = max(
        (option for _, option, _ in found if option.lead_time),
        key=lambda option: Duration.parse(option.lead_time or "P0D").seconds,
        default=None,
    )
    if longest is not None:
        show.line(console, ("      Lead time: ", "dim"), days_of(longest))


def send_it(console: Console, fields: Sequence[FormField], *, back: bool = True) -> int | None:
    """None where it is to be sent as it is, else the index of the answer to change. Raises Stopped where not, and Back
    where the person goes to the last question."""

    def read(text: str) -> int | None:
        if text.casefold() in ("", "y", "yes"):
            return None
        if text.casefold() in ("n", "no"):
            raise Stopped
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(fields):
            return int(text) - 1
        raise ValueError(f"Enter sends it, n does not, and a number from 1 to {len(fields)} changes that answer")

    def explain() -> None:
        show.line(console, ("  Enter, or y, sends it. n stops, and nothing is changed.", "dim"))
        show.line(console, (f"  A number from 1 to {len(fields)} goes to that answer, < to the last one.", "dim"))

    return question_of(console, "Send it? [Y/n/number to change]", read, explain, back=back)


def chosen(fields: Sequence[FormField], answers: Mapping[str, Json]) -> list[Chosen]:
    """The options that were chosen; those of ballots, which are ranked or scored, are not."""
    return [one for field in fields for one in _of(field, answers.get(field.name))]


def _of(field: FormField, value: Json) -> Iterator[Chosen]:
    if value is None or field.shape in ("ranked", "scores"):
        return
    counts = (
        value if isinstance(value, dict) else dict.fromkeys(map(str, value if isinstance(value, list) else [value]), 1)
    )
    for option in field.options:
        count = counts.get(str(option.id), 0)
        if count:
            yield field, option, count


def totals(found: Sequence[Chosen]) -> list[str]:
    """What it costs, in each currency: the exact sum of prices, each as often as it was chosen. What has no price is
    named beside."""
    sums: dict[str, Decimal] = {}
    for field, option, count in found:
        if option.price is not None:
            sums[field.currency] = CONTEXT.add(
                sums.get(field.currency, Decimal()), CONTEXT.multiply(Decimal(option.price), Decimal(count))
            )
    told = []
    for currency, total in sums.items():
        priced = {id(field) for field, option, _ in found if option.price is not None and field.currency == currency}
        without = [option.title for field, option, _ in found if id(field) in priced and option.price is None]
        more = f", and {', '.join(without)}, of which no price is known" if without else ""
        told.append(f"{money(total, currency)}{more}")
    return told
