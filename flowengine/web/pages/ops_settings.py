"""How the installation is set, and how it fares: what is wrong first, with what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from starlette.responses import Response

from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators, titles_of
from flowengine.web.pages.visit import Visit

pages = Book()


@pages.get("/ops/settings")
def settings(visit: Visit) -> Response:
    """All of it; ``?before=`` a day says how many jobs ended before it, which an archive would take."""
    refuse_all_but_operators(visit)
    typed = visit.query("before").strip()
    before = _day(typed)
    with visit.still():
        desk = visit.desk
        found, schedules, titles = desk.status(), desk.schedules(), titles_of(desk)
        ended = desk.archivable(datetime.combine(before, time(), UTC)) if before is not None else None
    problem = visit.speech.say("Please give a day.") if typed and before is None else ""
    return visit.page(
        "operators/settings.html", 422 if problem else 200, found=found, schedules=schedules, titles=titles,
        before=typed, ended=ended, problem=problem,
    )  # fmt: skip


def _day(typed: str) -> date | None:
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 9000 else None
