"""The processes in use: their versions and texts, where their jobs stand, schedules, and whether new jobs begin."""

from __future__ import annotations

from starlette.responses import Response

from flowengine.interop.drawing import can_draw
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators, tried
from flowengine.web.pages.ops_versions import versions_of
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
        rows = versions_of(visit, name)
        latest = next(one for one in rows if one.latest)
        shown_version = visit.process(name, visit.query("version") or latest.version)
        standing = visit.desk.standing(name)
    titles = {state.name: state.title for state in visit.process(name).states()}
    return visit.page(
        "operators/process.html", status, rows=rows, latest=latest, version=shown_version.version,
        text=shown_version.source, uses_up=visit.process(name).uses_up, standing=standing,
        titles=titles, problems=problems or {}, typed=visit.posted,
        draws=can_draw(), moved=visit.query("moved"), stayed=visit.query("stayed"),
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
