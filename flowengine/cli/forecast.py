"""``flow forecast``: what to order today of each option, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import show, tab_words
from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.insight import behind, only_process
from flowengine.cli.terminal import Terminal
from flowengine.errors import BadAnswer, NotFound
from flowengine.speech.spoken_time import day

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Forecast, ForecastRow


@click.command()
@click.argument("process", required=False, shell_complete=tab_words.processes)
@click.option(
    "--stock",
    metavar="FILE",
    help="What is there: CSV with the columns option, on_hand, on_order, owed, or a JSON list (.json); - reads CSV.",
)
@click.option(
    "--service", type=float, default=0.95, show_default=True, metavar="SHARE", help="Of the pieces, to be in time."
)
@click.option("--csv", "as_csv", is_flag=True, help="All rows as CSV.")
@common
@terminal
def forecast(terminal: Terminal, process: str | None, stock: str | None, service: float, as_csv: bool) -> None:
    """What to order today of each option of PROCESS, from what customers have chosen and not used yet, and will choose.

    Without a stock it tells how much to hold. Where one process alone is in use, PROCESS may be left out.
    """
    if as_csv and terminal.json:
        raise click.UsageError("--csv and --json say two things: leave one out.")
    stocks = [] if stock is None else _read(stock)
    desk = terminal.desk()
    try:
        found = desk.forecast(process or only_process(desk), stocks=stocks, service=service)
    except BadAnswer as error:
        error.where = stock if stock and error.where == "stocks" else error.where
        raise
    if as_csv:
        from flowengine.client import csv_text, forecast_cells

        click.echo(csv_text([*forecast_cells(found)]), nl=False)
        return
    terminal.answer(found, lambda console: _shown(console, found))


def _read(path: str) -> list[dict[str, Any]]:
    from flowengine.client import read_stock

    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except FileNotFoundError:
        raise NotFound("there is no such file", where=path) from None
    except OSError as error:
        raise NotFound(f"the file cannot be read: {error.strerror}", where=path) from None
    try:
        return read_stock(data, as_json=path.lower().endswith(".json"))
    except BadAnswer as error:
        error.where = path
        raise


def _shown(console: Console, found: Forecast) -> None:
    since = f", by what was chosen since {day(found.since)}" if found.since else ", and nothing was chosen yet"
    show.line(console, (found.title, "bold"), (f" ({found.process})", "dim"), f", {day(found.today)}{since}")
    show.line(console, "")
    counted = any(row.pieces is not None for row in found.rows)
    heads = ["Option", *(["Order"] if counted else []), "Hold", "By", "Chosen", "Expected", "In stock", "On order"]
    rows = [tuple(_cells(row, counted)) for row in found.rows]
    there = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    show.table(console, [heads[one] for one in there], [[row[one] for one in there] for row in rows], "No options.")
    show.line(console, "")
    for row in found.rows:
        show.line(console, (row.title, "bold"), f": {row.reason}.")
    if found.behind or found.anew:
        show.line(console, "")
        show.line(console, (behind(found.behind, anew=found.anew), "yellow"))


def _cells(row: ForecastRow, counted: bool) -> list[str]:
    expected = None if row.known is None or row.to_come is None else row.known + row.to_come
    return [
        row.title,
        *([_number(row.pieces)] if counted else []),
        _number(row.level),
        day(row.until) if row.until else "",
        _number(row.chosen),
        "" if expected is None else f"{expected:,.1f}",
        _number(row.on_hand),
        _number(row.on_order),
    ]


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
