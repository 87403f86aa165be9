"""The first page: what waits for whoever comes."""

from __future__ import annotations

from starlette.responses import Response

from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import LANGUAGE_COOKIE, Visit

pages = Book()

YEAR = 31_536_000


@pages.get("/")
def home(visit: Visit) -> Response:
    """Where somebody begins: operators with what is wrong, staff with their worklist, customers with their jobs, who
    came by a link with the one job it is for."""
    if visit.only_job:
        return visit.go(f"/jobs/{visit.only_job}")
    if visit.kind in ("staff", "operator"):
        return visit.go("/work" if visit.kind == "staff" else "/ops")
    items = visit.desk.inbox(limit=50)
    jobs = visit.desk.jobs(mine=True, limit=100)
    return visit.page("customers/home.html", items=items, jobs=jobs)


@pages.post("/language", "anyone")
def language(visit: Visit) -> Response:
    """Speak to this browser in another language from now on."""
    back = visit.posted.get("back", "/")
    answer = visit.go(back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/")
    answer.set_cookie(LANGUAGE_COOKIE, visit.posted.get("language")[:8], YEAR, httponly=True, samesite="lax")
    return answer
