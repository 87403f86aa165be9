"""What to order today: which processes use up what customers choose, and of one of them each option with its reason."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.core.values import Json
from flowengine.insight.ordering import SERVICE
from flowengine.interop import plots
from flowengine.interop.csv_text import csv_text
from flowengine.interop.stock_files import read_stock
from flowengine.speech.phrases import phrase
from flowengine.views.forecast import Forecast, ForecastRow, forecast_cells
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_outside, refuse_unless_mended, status_of, titles_of
from flowengine.web.pages.ops_pictures import svg
from flowengine.web.pages.visit import Visit

pages = Book()

COUNTS = ("on_hand", "on_order", "owed")
MOST_PLOTS = 12
"""Plots on one page; all options stand in the table."""


@pages.get("/ops/forecast")
def processes(visit: Visit) -> Response:
    """The processes that use up what customers choose."""
    refuse_outside(visit)
    titles = titles_of(visit.desk)
    using = [name for name in titles if visit.process(name).uses_up]
    return visit.page("operators/forecasts.html", titles=titles, using=using)


@pages.get("/ops/forecast/{process}")
def forecast(visit: Visit) -> Response:
    """How much to hold of each option, and a form for what is there."""
    refuse_outside(visit)
    return _page(visit, [], SERVICE, {})


@pages.post("/ops/forecast/{process}")
def orders(visit: Visit) -> Response:
    """What to order, of the stock that was typed, or is in a file; on the page, or as a file for a spreadsheet."""
    refuse_outside(visit)
    try:
        stocks, service = _stocks(visit), _service(visit.posted.get("service"))
        if visit.posted.get("as") == "csv":
            return _csv(visit.desk.forecast(visit.part("process"), stocks=stocks, service=service))
        return _page(visit, stocks, service, {})
    except e.BadAnswer as error:
        refuse_unless_mended(error)
        if "uses" in error.problems:
            raise
        told = error.tell(visit.speech.tell).problems
        boxes = {_box(visit, name): (name, words) for name, words in told.items()}
        return _page(visit, [], SERVICE, boxes, status_of(error))


@pages.get("/ops/forecast/{process}/csv")
def as_csv(visit: Visit) -> Response:
    """How much to hold of each option, for a spreadsheet."""
    refuse_outside(visit)
    return _csv(visit.desk.forecast(visit.part("process")))


@pages.get("/ops/forecast/{process}/plot")
def plot(visit: Visit) -> Response:
    """What is expected to be used of one option (``of``: its list, a dot and its id) in the weeks ahead."""
    refuse_outside(visit)
    found, wanted = visit.desk.forecast(visit.part("process")), visit.query("of")
    row = next((one for one in found.rows if _name(one) == wanted and one.weeks), None)
    if row is None or not plots.can_plot():
        possible = [_name(one) for one in found.rows if one.weeks][:MOST_PLOTS]
        raise e.NotFound(phrase("there is no such plot"), possible=possible)
    speech = visit.speech
    series = {
        speech.say("chosen already"): [week.known for week in row.weeks],
        speech.say("with what will be chosen"): [week.expected for week in row.weeks],
    }
    weeks = [speech.say("week %(num)s", num=number) for number in range(1, len(row.weeks) + 1)]
    return svg(plots.lines(weeks, series, lambda value: f"{value:.1f}"))


def _page(
    visit: Visit, stocks: list[dict[str, Json]], service: float, wrong: dict[str, tuple[str, str]], status: int = 200
) -> Response:
    """The page; ``wrong``: by box, where that is in what was sent, and what is wrong with it."""
    process = visit.part("process")
    try:
        found = visit.desk.forecast(process, stocks=stocks, service=service)
    except e.BadAnswer as error:
        if "uses" not in error.problems:
            raise
        return visit.page("operators/forecast_missing.html", error=error, process=process,
                          title=visit.process(process).title)  # fmt: skip
    titles = {f"on_hand:{_name(row)}": row.title for row in found.rows}
    problems = {box: ": ".join(filter(None, (titles.get(box, where), words))) for box, (where, words) in wrong.items()}
    plotted = [_name(row) for row in found.rows if any(week.expected >= 0.05 for week in row.weeks)]
    return visit.page(
        "operators/forecast.html", status, found=found, problems=problems, name_of=_name, counts=COUNTS,
        counted=bool(stocks), typed=visit.posted,
        plotted=plotted[:MOST_PLOTS] if plots.can_plot() and not problems else (),
    )  # fmt: skip


def _name(row: ForecastRow) -> str:
    return f"{row.options}.{row.option}"


def _csv(found: Forecast) -> Response:
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="forecast-{found.process}.csv"',
        "x-content-type-options": "nosniff",
    }
    return Response(csv_text([*forecast_cells(found)]), media_type="text/csv; charset=utf-8", headers=headers)


def _stocks(visit: Visit) -> list[dict[str, Json]]:
    """The rows of the file that was sent, else those in whose boxes something was typed."""
    sent = visit.posted.files.get("stock", ())
    if sent:
        return read_stock(sent[0].data, as_json=sent[0].name.lower().endswith(".json"))
    return [{"option": name} | said for name, said in _typed(visit).items()]


def _typed(visit: Visit) -> dict[str, dict[str, Json]]:
    """What was typed, by option."""
    found: dict[str, dict[str, Json]] = {}
    for name, value in visit.posted.values:
        column, _, option = name.partition(":")
        if column in COUNTS and option and value.strip():
            plain = value.strip()
            whole = plain.removeprefix("-").isdecimal() and plain.isascii() and len(plain) < 19
            found.setdefault(option, {})[column] = int(plain) if whole else plain
    return found


def _service(typed: str) -> float:
    try:
        return float(typed.strip().removesuffix("%").replace(",", ".")) / 100
    except ValueError:
        raise e.BadAnswer({"service": phrase("%(given)s is no number", given=repr(typed[:60]))}) from None


def _box(visit: Visit, name: str) -> str:
    """The box at which a problem is: that of the row that was typed, or that of the file."""
    number = name.removeprefix("row ")
    rows = list(_typed(visit))
    if number.isdecimal() and 0 < int(number) <= len(rows):
        return f"on_hand:{rows[int(number) - 1]}"
    return "service" if name == "service" else f"stock {name}".strip().replace(" ", "-")
