"""Two versions of a process: what is different, and moving the jobs of one to the other."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.core.values import Json
from flowengine.interop.differences import differences, noticed_by
from flowengine.speech.phrases import phrase
from flowengine.views.replies import MigratedAll, ProcessRow
from flowengine.web.pages.book import Book
from flowengine.web.pages.by_hand import Unreadable, read_json
from flowengine.web.pages.insiders import in_words, refuse_all_but_operators, refuse_unless_mended, status_of
from flowengine.web.pages.visit import Visit, at

pages = Book()

NAMED = 20
"""Of the jobs in the same case, how many are named."""


def versions_of(visit: Visit, name: str) -> list[ProcessRow]:
    """All versions of a process, the newest first. Raises NotFound where there is none."""
    rows = [one for one in visit.desk.processes() if one.name == name]
    if not rows:
        raise e.NotFound(phrase("there is no such page"))
    return rows[::-1]


@pages.get("/ops/processes/{name}/differences")
def different(visit: Visit) -> Response:
    """What is different between the version that ``was`` and another, the latest unless one is named."""
    refuse_all_but_operators(visit)
    name = visit.part("name")
    with visit.still():
        rows = versions_of(visit, name)
    was = visit.query("was") or next((one.version for one in rows if not one.latest), rows[0].version)
    old, new = visit.process(name, was), visit.process(name, visit.query("version") or None)
    found, tell = differences(old, new), visit.speech.tell
    places: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for one in (each.told(tell) for each in found):
        places.setdefault(one.where, []).append((one.what, one.who))
    return visit.page(
        "operators/differences.html", rows=rows, process=new, was=old.version, places=places,
        noticed=tuple(map(tell, noticed_by(found))),
    )  # fmt: skip


@pages.get("/ops/processes/{name}/migrate")
def ask(visit: Visit) -> Response:
    """Which jobs are to be moved, and to which version."""
    refuse_all_but_operators(visit)
    return _asked(visit)


def _asked(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    with visit.still():
        rows = versions_of(visit, visit.part("name"))
    return visit.page(
        "operators/migrate.html", status, rows=rows, latest=next(one for one in rows if one.latest),
        problems=problems or {}, typed=visit.posted,
        was=visit.posted.get("was") if "was" in visit.posted else visit.query("was"),
    )  # fmt: skip


@pages.post("/ops/processes/{name}/migrate")
def migrate(visit: Visit) -> Response:
    """First which jobs would move, and what stands in the way of others; then, once that was seen, move them."""
    refuse_all_but_operators(visit)
    name, posted, say = visit.part("name"), visit.posted, visit.speech.say
    because, sure = posted.get("because").strip(), posted.get("stage") == "do"
    if posted.get("stage") == "again":
        return _asked(visit)
    if not because:
        return _asked(visit, 422, {"because": say("Please say why: it stays in the history.")})
    try:
        states = _pairs(visit, "states")
        fill = {place: read_json("fill", value, visit.speech) for place, value in _pairs(visit, "fill").items()}
        found = _moved(visit, name, states, fill, because, dry=not sure)
    except Unreadable as error:
        return _asked(visit, 422, {error.box: error.words})
    except e.Refused as error:
        refuse_unless_mended(error)
        return _asked(visit, status_of(error), {"because": in_words(error)})
    if sure:
        stayed = {id for ids in found.refused.values() for id in ids}
        return visit.go(at("ops", "processes", name), {"moved": str(len(found.moved)), "stayed": str(len(stayed))})
    rows = versions_of(visit, name)
    return visit.page(
        "operators/migrate_seen.html", found=found, typed=posted, most=NAMED, key=posted.get("key") or visit.key,
        latest=next(one for one in rows if one.latest),
    )  # fmt: skip


def _moved(
    visit: Visit, name: str, states: dict[str, str], fill: dict[str, Json], because: str, *, dry: bool
) -> MigratedAll:
    posted = visit.posted
    return visit.desk.migrate_all(
        name, posted.get("was") or None, version=posted.get("version") or None, states=states, fill=fill,
        timers="keep" if posted.get("keep") == "yes" else "anew", because=because, dry=dry,
    )  # fmt: skip


def _pairs(visit: Visit, box: str) -> dict[str, str]:
    """``old = new``, a pair a line. Raises Unreadable."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, visit.posted.get(box).splitlines())):
        left, between, right = (part.strip() for part in line.partition("="))
        if not (left and between and right):
            raise Unreadable(box, visit.speech.say("Each line has a name, = and another: %(line)s", line=line[:60]))
        found[left] = right
    return found
