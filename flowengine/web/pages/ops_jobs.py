"""The jobs as operators find them: all, the late ones, and what waits for the longest."""

from __future__ import annotations

from datetime import datetime, timedelta

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
    """A page of them, the newest first; ``late=yes``: those whose promised moment is over, the longest first;
    ``older=30``: those that were begun more than so many days ago, the oldest first."""
    refuse_all_but_operators(visit)
    typed = {name: visit.query(name).strip() for name in ("status", "process", "customer", "late", "older")}
    after, problems, status = visit.query("after"), dict[str, str](), 200
    begun_before = _days_ago(visit, typed["older"])
    if typed["older"] and begun_before is None:
        problems["older"], status = visit.speech.say("A number of days, as 30."), 422
    with visit.still():
        desk = visit.desk
        customer = None
        if typed["customer"]:
            try:
                customer = desk.find_person(typed["customer"], kind="customer").id
            except (e.NotFound, e.Ambiguous) as error:
                problems["customer"], status = in_words(error), 422
        rows = []
        if not problems:
            rows = desk.jobs(
                status=typed["status"] if typed["status"] in STATUSES else None, process=typed["process"] or None,
                customer=customer, late=typed["late"] == "yes", limit=PAGE, after=after or None,
                begun_before=begun_before,
            )  # fmt: skip
        titles = titles_of(desk)
        incidents = len(desk.incidents()) if not after else 0
    query = {name: value for name, value in typed.items() if value}
    return visit.page(
        "operators/jobs.html", status, jobs=rows, typed=typed, query=query, problems=problems, titles=titles,
        statuses=STATUSES, incidents=incidents, after=after, more=rows[-1].id if len(rows) == PAGE else "",
    )  # fmt: skip


def _days_ago(visit: Visit, typed: str) -> datetime | None:
    """So many days before now; None where none were typed, or no number of them."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 5):
        return None
    now: datetime = visit.speech.now
    return now - timedelta(days=int(typed))


@pages.get("/ops/stuck")
def stuck(visit: Visit) -> Response:
    """What waits for what, and since when, the longest first."""
    refuse_all_but_operators(visit)
    process = visit.query("process").strip()
    with visit.still():
        rows = visit.desk.stuck(process=process or None, limit=PAGE)
        titles = titles_of(visit.desk)
    return visit.page("operators/stuck.html", rows=rows, titles=titles, process=process, full=len(rows) == PAGE)
