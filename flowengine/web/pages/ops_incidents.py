"""What gave up, or takes too long, and waits for an operator; and what helps."""

from __future__ import annotations

from starlette.responses import Response

from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators, titles_of, tried
from flowengine.web.pages.visit import Visit

pages = Book()

MOST = 100
"""Incidents on the page."""
RETRIED = ("call", "timer", "message", "schedule")
"""The kinds that are tried again."""


@pages.get("/ops/incidents")
def incidents(visit: Visit) -> Response:
    """The first of them, with what helps each."""
    refuse_all_but_operators(visit)
    return shown(visit)


def shown(visit: Visit, status: int = 200, problem: str = "") -> Response:
    """The page; ``problem`` is why something was not done."""
    with visit.still():
        rows = visit.desk.incidents()
        titles = titles_of(visit.desk)
    groups: dict[tuple[str, str, str], int] = {}
    for one in rows:
        if one.kind in RETRIED:
            group = (one.kind, one.process, one.handler)
            groups[group] = groups.get(group, 0) + 1
    return visit.page(
        "operators/incidents.html", status, incidents=rows[:MOST], more=max(0, len(rows) - MOST), titles=titles,
        groups=[(*group, count) for group, count in groups.items() if count > 1], problem=problem, retried=RETRIED,
        tried=visit.query("tried"), refused=visit.query("refused"),
    )  # fmt: skip


@pages.post("/ops/incidents/retry")
def retry(visit: Visit) -> Response:
    """Have one tried again."""
    refuse_all_but_operators(visit)
    return tried(
        lambda: visit.desk.retry(visit.posted.get("incident")),
        lambda _: visit.go("/ops/incidents", {"tried": "1"}),
        lambda status, words: shown(visit, status, words),
    )


@pages.post("/ops/incidents/retry-all")
def retry_all(visit: Visit) -> Response:
    """Have all of one sort tried again."""
    refuse_all_but_operators(visit)
    posted = visit.posted
    done = visit.desk.retry_all(
        kind=posted.get("kind") or None, process=posted.get("process") or None, handler=posted.get("handler") or None
    )
    return visit.go("/ops/incidents", {"tried": str(len(done.tried)), "refused": str(len(done.refused))})
