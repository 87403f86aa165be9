"""What all jobs of a process have taught: tables, plots, and all rows for a spreadsheet."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from starlette.responses import Response

from flowengine import errors as e
from flowengine.interop import plots
from flowengine.interop.csv_text import csv_text
from flowengine.speech.phrases import phrase
from flowengine.speech.telling import Speech
from flowengine.views.insight import SPLITS, Insight, InsightRow, Split, as_rows
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import in_words, refuse_all_but_operators, refuse_unless_mended, status_of
from flowengine.web.pages.ops_pictures import svg
from flowengine.web.pages.visit import Visit

pages = Book()

MOST_BARS = 24
"""Bars in one plot; all rows stand in the table."""


def _(text: str) -> str:
    """A text that is said in the reader's language where it is shown."""
    return text


FIXED = frozenset((
    # titles of tables
    _("Jobs that began"), _("How jobs ended, and how long they took"), _("Where jobs waited, and for whom"),
    _("How states were left"), _("What was chosen"), _("What was chosen anew"), _("Changes of mind"),
    _("What was done again"), _("What was said"), _("What was answered, and how soon"), _("What became of promises"),
    _("How satisfied customers were"), _("Whether they would recommend it"),
    _("How satisfied those were who came by a state"),
    _("How satisfied those were who had waited for us so long"), _("What was done, by whom"),
    _("Approvals inside: steps of command"), _("How long customers had nothing to do with it, at a stretch"),
    # what values are called that are the same in each process
    _("the customer"), _("customers"), _("several people"), _("somebody by name"), _("nobody"), _("staff"),
    _("anyone"), _("a service"), _("another job"), _("a message"), _("the clock"), _("an operator"),
    _("the program"), _("fulfilled"), _("ended otherwise"), _("at risk"), _("less than a day"),
    _("less than a week"), _("less than a month"), _("a month or longer"), _("left early"),
    _("others, each of too few"),
))  # fmt: skip
"""Words of the engine, and not of a process: these are told in the reader's language."""


@pages.get("/ops/insight/{process}")
def insight(visit: Visit) -> Response:
    """All tables, in some months, perhaps split; with plots where the library is there."""
    refuse_all_but_operators(visit)
    problems: dict[str, str] = {}
    status = 200
    try:
        found = _asked(visit)
    except e.BadAnswer as error:
        refuse_unless_mended(error)
        status, problems = status_of(error), {"since": in_words(error)}
        found = visit.desk.insight(visit.part("process"))
    return visit.page(
        "operators/insight.html", status, found=found, problems=problems, splits=SPLITS, told=_told,
        asked={name: visit.query(name) for name in ("since", "until", "split") if visit.query(name)},
        plotted=_plotted(found) if plots.can_plot() and not problems else (),
    )  # fmt: skip


@pages.get("/ops/insight/{process}/csv")
def as_csv(visit: Visit) -> Response:
    """All rows of all tables for a spreadsheet."""
    refuse_all_but_operators(visit)
    found = _asked(visit)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="insight-{found.process}.csv"',
        "x-content-type-options": "nosniff",
    }
    return Response(csv_text([*as_rows(found.tables)]), media_type="text/csv; charset=utf-8", headers=headers)


@pages.get("/ops/insight/{process}/plot")
def plot(visit: Visit) -> Response:
    """The plot of one table (``of``): bars, or lines over months where the rows are split by these."""
    refuse_all_but_operators(visit)
    found, measure = _asked(visit), visit.query("of")
    table = found.table(measure)
    if not plots.can_plot() or table is None or measure not in _plotted(found):
        raise e.NotFound(phrase("there is no such plot"), possible=_plotted(found))
    speech = visit.speech
    shown = [row for row in table.rows if _size(row)]

    def words(value: float) -> str:
        whole = round(value, 2)
        lasts = any(row.usual is not None for row in shown)
        return speech.span(timedelta(seconds=value)) if lasts else f"{whole:g}"

    def label(row: InsightRow) -> str:
        return ": ".join(filter(None, (row.title, _told(speech, row.words)))) or _told(speech, table.title)

    if found.split == "month":
        series: dict[str, dict[str, float | None]] = {}
        for row in shown:
            if not row.others:
                series.setdefault(label(row), {})[row.split] = _size(row)
        several = {name: [values.get(month) for month in found.months] for name, values in series.items()}
        return svg(plots.lines(found.months, several, words))
    rows = [(": ".join(filter(None, (row.split, label(row)))), _size(row) or 0.0) for row in shown[:MOST_BARS]]
    return svg(plots.bars(rows, words))


def _asked(visit: Visit) -> Insight:
    split = cast(Split, visit.query("split"))
    process, since, until = visit.part("process"), visit.query("since").strip(), visit.query("until").strip()
    return visit.desk.insight(process, since=since, until=until, split=split)


def _plotted(found: Insight) -> tuple[str, ...]:
    """The measures of which there is a plot: of those with several rows, or several months."""
    return tuple(
        table.measure for table in found.tables if sum(bool(_size(row)) and not row.others for row in table.rows) > 1
    )


def _size(row: InsightRow) -> float | None:
    """What a plot shows of a row: how long it usually took, how satisfied people were, else how many there are."""
    if row.usual is not None:
        return row.usual
    return row.mean if row.mean is not None else row.count


def _told(speech: Speech, text: str) -> str:
    return speech.say(text) if text in FIXED else text
