"""The jobs as operators find them: all, the late ones, and what waits for the longest."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import in_words, refuse_all_but_operators, titles_of
from flowengine.web.pages.visit import Visit

pages = Book()

PAGE = 40
STATUSES = ("open", "fulfilled", "ended")


@pages.get("/ops")
def jobs(visit: Visit) -> Response:
    """A page of them, the newest first; ``late=yes``: those whose promised moment is over, the longest first."""
    refuse_all_but_operators(visit)
    typed = {name: visit.query(name).strip() for name in ("status", "process", "customer", "late")}
    after, problem, status = visit.query("after"), "", 200
    with visit.still():
        desk = visit.desk
        customer = None
        if typed["customer"]:
            try:
                customer = desk.find_person(typed["customer"], kind="customer").id
            except (e.NotFound, e.Ambiguous) as error:
                problem, status = in_words(error), 422
        rows = []
        if not problem:
            rows = desk.jobs(
                status=typed["status"] if typed["status"] in STATUSES else None, process=typed["process"] or None,
                customer=customer, late=typed["late"] == "yes", limit=PAGE, after=after or None,
            )  # fmt: skip
        titles = titles_of(desk)
        incidents = len(desk.incidents()) if not after else 0
    query = {name: value for name, value in typed.items() if value}
    return visit.page(
        "operators/jobs.html", status, jobs=rows, typed=typed, query=query, problem=problem, titles=titles,
        statuses=STATUSES, incidents=incidents, after=after, more=rows[-1].id if len(rows) == PAGE else "",
    )  # fmt: skip


@pages.get("/ops/stuck")
def stuck(visit: Visit) -> Response:
    """What waits for what, and since when, the longest first."""
    refuse_all_but_operators(visit)
    process = visit.query("process").strip()
    with visit.still():
        rows = visit.desk.stuck(process=process or None, limit=PAGE)
        titles = titles_of(visit.desk)
    return visit.page("operators/stuck.html", rows=rows, titles=titles, process=process, full=len(rows) == PAGE)
