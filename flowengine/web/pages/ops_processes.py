"""The processes in use: their versions and texts, their schedules, and whether new jobs begin."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.interop.drawing import can_draw
from flowengine.views.replies import ProcessRow
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators, tried
from flowengine.web.pages.visit import Visit, at

pages = Book()


@pages.get("/ops/processes")
def processes(visit: Visit) -> Response:
    """All that are in use, by title."""
    refuse_all_but_operators(visit)
    with visit.still():
        rows = visit.desk.processes()
        schedules = visit.desk.schedules()
    versions: dict[str, int] = {}
    for one in rows:
        versions[one.name] = versions.get(one.name, 0) + 1
    latest = sorted((one for one in rows if one.latest), key=lambda one: one.title)
    return visit.page("operators/processes.html", processes=latest, versions=versions, schedules=schedules)


@pages.get("/ops/processes/{name}")
def process(visit: Visit) -> Response:
    """One of them, with the text of the latest version, or of ``?version=``."""
    refuse_all_but_operators(visit)
    return shown(visit)


def shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    """The page; ``problems`` by the ids of the boxes."""
    name = visit.part("name")
    with visit.still():
        rows: list[ProcessRow] = [one for one in visit.desk.processes() if one.name == name]
        if not rows:
            raise e.NotFound("there is no such page")
        latest = next(one for one in rows if one.latest)
        version = visit.query("version") or latest.version
        text = visit.desk.source(name, version)
    return visit.page(
        "operators/process.html", status, rows=list(reversed(rows)), latest=latest, version=version, text=text,
        problems=problems or {}, typed=visit.posted, draws=can_draw(),
    )  # fmt: skip


@pages.post("/ops/processes/{name}")
def suspend_or_resume(visit: Visit) -> Response:
    """Have no new job begin, or let them begin again; jobs that run go on."""
    refuse_all_but_operators(visit)
    name, because = visit.part("name"), visit.posted.get("because").strip()
    if not because:
        return shown(visit, 422, {"because": visit.speech.say("Please say why.")})
    do = visit.desk.resume_process if visit.posted.get("do") == "resume" else visit.desk.suspend_process
    return tried(
        lambda: do(name, because=because),
        lambda _: visit.go(at("ops", "processes", name)),
        lambda status, words: shown(visit, status, {"because": words}),
    )
