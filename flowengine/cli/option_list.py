"""The options of a question as a table, with prices and lead times where there are any."""

from __future__ import annotations

from rich.console import Console

from flowengine.cli import show
from flowengine.cli.prompt_words import listed_inline
from flowengine.cli.typed_options import is_numbered, written
from flowengine.client import Duration, FormField, FormOption
from flowengine.language.texts import spoken
from flowengine.speech.money import money


def show_options(console: Console, field: FormField, *, whole: bool = False) -> None:
    """The options that the question itself does not list; the ``whole`` list in any case."""
    if not field.options or (not whole and listed_inline(field)):
        return
    numbered = is_numbered(field)
    priced = any(option.price is not None for option in field.options)
    timed = any(option.lead_time is not None for option in field.options)
    limits = field.limited()
    heads = ["No." if numbered else "Type", "Name" if field.format == "person" else "What"]
    heads += ["Id"] if field.format == "person" else []
    heads += [spoken(limits.by).capitalize()] if limits else []
    heads += [*(["Price"] if priced else []), *(["Lead time"] if timed else [])]
    rows = []
    for number, option in enumerate(field.options, 1):
        row: list[object] = [number if numbered else written(option), option.title]
        row += [option.id] if field.format == "person" else []
        row += [limits.kind(option.more)] if limits else []
        row += [money(option.price, field.currency) if option.price is not None else ""] if priced else []
        row += [days_of(option)] if timed else []
        rows.append(row)
    show.table(console, heads, rows, "")
    if limits:
        show.line(console, ("  Choose by ", "dim"), limits.words)


def days_of(option: FormOption) -> str:
    """How long an option takes to come."""
    from flowengine.interop.labels import span

    return span(Duration.parse(option.lead_time)) if option.lead_time else "at once"
