"""What is said between a customer and the organisation, about all of his jobs and about none in particular."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.web.pages.book import Book
from flowengine.web.pages.my_data import himself
from flowengine.web.pages.visit import Visit

pages = Book()

PAGE = 30


@pages.get("/me/messages")
def messages(visit: Visit) -> Response:
    """The newest first; the older ones behind a link."""
    return shown(visit)


def shown(
    visit: Visit, status: int = 200, problems: dict[str, str] | None = None, kept: list[str] | None = None
) -> Response:
    """The page; with ``problems`` what was typed stands in it still, and ``kept`` are files that were sent with it."""
    person, after = himself(visit), visit.query("after")
    with visit.still():
        said = visit.desk.conversation_with(person, after, PAGE)
        files = [visit.desk.file(one) for one in kept or ()]
    more = said[-1].place if len(said) == PAGE else ""
    return visit.page(
        "customers/messages.html", status, said=said, more=more, problems=problems or {}, kept=files, typed=visit.posted
    )


@pages.post("/me/messages")
def write(visit: Visit) -> Response:
    """Write about no job in particular."""
    himself(visit)
    kept = visit.posted.all("files.kept")
    try:
        kept = visit.attached("files")
        visit.desk.write(visit.written("text"), kept, key=visit.posted.get("key") or None)
    except e.BadAnswer as problem:
        found: dict[str, str] = {}
        for name, words in problem.problems.items():
            found.setdefault("files" if name.startswith("file") else "text", words)
        return shown(visit, 422, found, kept)
    except e.KeyConflict as problem:
        return shown(visit, 409, {"text": problem.what}, kept)
    return visit.go("/me/messages")
