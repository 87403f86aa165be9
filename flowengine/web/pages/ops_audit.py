"""What was changed of the installation, and whether the histories agree with what is stored."""

from __future__ import annotations

from starlette.responses import Response

from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators
from flowengine.web.pages.visit import Visit

pages = Book()

PAGE = 40


@pages.get("/ops/audit")
def audit(visit: Visit) -> Response:
    """A page of the deeds, the newest first; with ``?check=yes`` all histories are checked, which takes its time."""
    refuse_all_but_operators(visit)
    about, after = visit.query("about").strip(), visit.query("after")
    with visit.still():
        number = int(after) if after.isascii() and after.isdecimal() and len(after) < 16 else 0
        deeds = visit.desk.administration(about, limit=PAGE, after=number)
    found = visit.desk.audit() if visit.query("check") == "yes" else None
    return visit.page(
        "operators/audit.html", deeds=deeds, about=about, found=found, after=number,
        more=deeds[-1].seq if len(deeds) == PAGE else 0,
    )  # fmt: skip
