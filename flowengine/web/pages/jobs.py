"""The page of one job: what waits, its way, what is promised, what is said, and what can be changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from starlette.responses import Response

from flowengine import errors as e
from flowengine.client.desk import Desk
from flowengine.views.conversation import MessageView
from flowengine.views.replies import Track
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import in_words, refuse_outside, refuse_unless_mended, status_of
from flowengine.web.pages.rail import rail_of
from flowengine.web.pages.visit import Visit, at
from flowengine.web.pages.way import way_of

pages = Book()

_PAGE = 200
MOST_SAID = 30
"""Messages that the page shows; the older ones are behind a link."""
_KINDS = ("message", "question", "concern")


@pages.get("/jobs/{job}")
def job(visit: Visit) -> Response:
    """Where the job is, for whoever may see it: its customer, who takes part in it, and the organisation."""
    return shown(visit, visit.part("job"))


@pages.post("/jobs/{job}/messages")
def write(visit: Visit) -> Response:
    """Write about the job: a message with files, a question, or a concern, each of which waits for an answer."""
    job, kind = visit.part("job"), visit.posted.get("kind", "message")
    if kind not in _KINDS:
        kind = "message"
    try:
        kept = visit.attached("files", job)
    except e.BadAnswer as problem:
        return shown(visit, job, 422, _problems(problem, "files"), visit.posted.all("files.kept"))
    try:
        if kind == "message":
            done = visit.desk.message(job, visit.written("text"), kept, key=visit.posted.get("key") or None)
        elif kept:
            words = visit.speech.say("Files go with a message: choose “A message”, or leave them out.")
            return shown(visit, job, 422, {"files": words}, kept)
        else:
            done = visit.desk.say(job, visit.written("text"), kind, key=visit.posted.get("key") or None)
    except e.BadAnswer as problem:
        return shown(visit, job, 422, _problems(problem, "text"), kept)
    except (e.NotAllowed, e.KeyConflict) as problem:
        if isinstance(problem, e.WeakIdentity):
            raise
        return shown(visit, job, 409, {"text": problem.what}, kept)
    return visit.go(at("jobs", done.job), {"did": str(done.seq)})


def _problems(problem: e.BadAnswer, field: str) -> dict[str, str]:
    """What is wrong, at the box where it can be mended."""
    found: dict[str, str] = {}
    for name, words in problem.problems.items():
        found.setdefault("files" if name.startswith("file") else field, words)
    return found


@pages.post("/jobs/{job}/take-back")
def take_back(visit: Visit) -> Response:
    """Who has asked something needs no answer any more."""
    job = visit.part("job")
    try:
        done = visit.desk.take_back(visit.posted.get("question"), key=visit.posted.get("key") or None)
    except e.StaleCommand as problem:
        return shown(visit, job, 409, {"talk": problem.what})
    return visit.go(at("jobs", job), {"did": str(done.seq)})


@pages.post("/jobs/{job}/promise")
def ask_for_another_date(visit: Visit) -> Response:
    """Ask the customer for another date than the one that is promised: she accepts it or refuses."""
    refuse_outside(visit)
    job, posted, say = visit.part("job"), visit.posted, visit.speech.say
    to, because = _date(posted.get("to")), posted.get("because").strip()
    missing = {} if to is not None else {"to": say("Please choose a day.")}
    if not because:
        missing["because"] = say("Please say why: the customer reads it.")
    if to is None or missing:
        return shown(visit, job, 422, missing)
    try:
        done = visit.desk.ask_new_promise(job, to, because=because, key=posted.get("key") or None)
    except e.BadAnswer as problem:
        return shown(visit, job, 422, dict(problem.problems))
    except e.Refused as problem:
        refuse_unless_mended(problem)
        return shown(visit, job, status_of(problem), {"to": in_words(problem)})
    return visit.go(at("jobs", done.job), {"did": str(done.seq)})


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@pages.get("/jobs/{job}/appointments.ics")
def appointments(visit: Visit) -> Response:
    """The appointments of the job, for a calendar program."""
    found = visit.desk.appointment_file(visit.part("job"))
    headers = {"content-disposition": 'attachment; filename="appointments.ics"', "cache-control": "no-store"}
    return Response(found.text, media_type="text/calendar; charset=utf-8", headers=headers)


def shown(
    visit: Visit, id: str, status: int = 200, problems: dict[str, str] | None = None, kept: list[str] | None = None
) -> Response:
    """The page of a job; with ``problems`` what was typed stands in it still, and ``kept`` are the ids of files that
    were sent with it."""
    with visit.still():
        desk = visit.desk
        track = desk.track(id)
        said = _lately(desk, track) if track.erased is None else []
        did = _did(desk, track, visit.query("did")) if status == 200 else ""
        files = [desk.file(one) for one in kept or ()]
        inside = visit.kind in ("staff", "operator")
        lines = desk.history(track.job) if inside and not track.thread else []
    promise = track.promise
    rail = None
    if promise is not None and promise.kept is None and track.status == "open":
        rail = rail_of(promise, track.started, visit.engine.clock.now(), track.zone, visit.speech)
    return visit.page(
        "customers/job.html", status, home=track.zone, job=track, said=said[-MOST_SAID:], earlier=len(said) > MOST_SAID,
        did=did, rail=rail, way=way_of(track.thread), problems=problems or {}, kept=files, typed=visit.posted,
        inside=inside, whole=visit.kind == "operator", lines=lines[::-1],
        mine=_first(track, lambda one: one.for_you and not one.answered),
        booked=_first(track, lambda one: one.for_you and one.booked is not None),
        changeable=_first(track, lambda one: one.for_you and one.answered and one.booked is None),
    )  # fmt: skip


def _first(track: Track, wanted: Callable[..., bool]) -> list[object]:
    return [one for one in track.waiting if wanted(one)]


def _lately(desk: Desk, track: Track) -> list[MessageView]:
    """What was said, the oldest first; of a long conversation what came last."""
    found: list[MessageView] = []
    while page := desk.conversation(track.job, found[-1].place if found else "", _PAGE):
        found += page
        if len(page) < _PAGE:
            break
    return found


def _did(desk: Desk, track: Track, seq: str) -> str:
    """What he has just done came to, where the address names it, and it is his."""
    if not seq.lstrip("-").isdecimal() or len(seq) > 12:
        return ""
    try:
        return desk.answered(track.job, int(seq)).said
    except (e.NotFound, e.NotAllowed):
        return ""
