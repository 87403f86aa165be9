"""A job as operators look into it: where it stands, what is in its way, its clocks, its data and its history."""

from __future__ import annotations

import json

from starlette.responses import Response

from flowengine import errors as e
from flowengine import exact
from flowengine.interop.drawing import can_draw
from flowengine.speech.phrases import phrase
from flowengine.views.replies import MigrationView, Receipt
from flowengine.web.pages import by_hand
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators, tried
from flowengine.web.pages.visit import Visit, at

pages = Book()

LINES = 30
"""Of the history, how much is shown at once, the last first."""


@pages.get("/ops/jobs/{job}")
def job(visit: Visit) -> Response:
    """All of it; ``?before=`` a number of the history shows what came before that."""
    refuse_all_but_operators(visit)
    id = visit.part("job")
    with visit.still():
        desk = visit.desk
        track = desk.track(id)
        timers = desk.timers(track.job) if track.status == "open" else []
        history = desk.history(track.job)
        data = desk.data(track.job) if track.erased is None else {}
        links = desk.links(track.job)
    visit.at_home(track.zone)
    before = visit.query("before")
    end = int(before) if before.isascii() and before.isdecimal() and len(before) < 12 else len(history) + 1
    lines = [one for one in history if one.seq < end][-LINES:][::-1]
    return visit.page(
        "operators/job.html", job=track, timers=timers, lines=lines, data=_json(data), links=links,
        raw={one.seq: _json({"command": one.command, "events": list(one.events)}) for one in lines},
        more=lines[-1].seq if lines and lines[-1].seq > 1 else 0, hands=by_hand.of_jobs(track, visit.speech),
        open=track.status == "open", whole=end > len(history), draws=can_draw(),
    )  # fmt: skip


def _json(value: object) -> str:
    """As it is stored, to be read."""
    return json.dumps(json.loads(exact.encode(value)), indent=1, ensure_ascii=False)


@pages.get("/ops/jobs/{job}/{hand}")
def ask(visit: Visit) -> Response:
    """What a hand needs to know: ``?of=`` is what it is about, where it is not the job."""
    refuse_all_but_operators(visit)
    return _asked(visit, _hand(visit))


@pages.post("/ops/jobs/{job}/{hand}")
def do(visit: Visit) -> Response:
    """First what would come of it, then, once that was seen, do it."""
    refuse_all_but_operators(visit)
    hand, posted = _hand(visit), visit.posted
    given = {box.name: posted.get(box.name).strip() for box in hand.boxes}
    missing = {
        box.name: visit.speech.say("Please say this.") for box in hand.boxes if box.needed and not given[box.name]
    }  # fmt: skip
    because = posted.get("because").strip()
    if not because:
        missing["because"] = visit.speech.say("Please say why: it stays in the history.")
    if missing:
        return _asked(visit, hand, 422, missing)
    track = visit.desk.track(visit.part("job"))
    sure = posted.get("stage") == "do"
    call = by_hand.Call(track.job, posted.get("of"), given, because, not sure, posted.get("key") or None, visit.speech)

    def seen(found: object) -> Response:
        if sure and not (isinstance(found, MigrationView) and found.refusals):
            return visit.go(at("ops", "jobs", track.job))
        return visit.page(
            "operators/hand_seen.html", job=track, hand=hand, given=given, because=because, of=call.of,
            receipt=found if isinstance(found, Receipt) else None,
            migration=found if isinstance(found, MigrationView) else None, key=posted.get("key") or visit.key,
        )  # fmt: skip

    try:
        return tried(
            lambda: hand.do(visit.desk, call),
            seen,
            lambda status, words: _asked(visit, hand, status, {"because": words}),
        )
    except by_hand.Unreadable as error:
        return _asked(visit, hand, 422, {error.box: error.words})


@pages.post("/ops/jobs/{job}/links/end")
def end_link(visit: Visit) -> Response:
    """A link to the job opens nothing any more."""
    refuse_all_but_operators(visit)
    visit.desk.revoke_link(visit.posted.get("id"))
    return visit.go(at("ops", "jobs", visit.part("job")))


def _hand(visit: Visit) -> by_hand.Hand:
    found = by_hand.all_hands(visit.speech).get(visit.part("hand"))
    if found is None:
        raise e.NotFound(phrase("there is no such page"))
    return found


def _asked(visit: Visit, hand: by_hand.Hand, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    track = visit.desk.track(visit.part("job"))
    of = visit.posted.get("of") or visit.query("of")
    if hand.of and not of:
        raise e.NotFound(phrase("there is no such page"))
    return visit.page(
        "operators/hand.html", status, job=track, hand=hand, of=of, problems=problems or {}, typed=visit.posted
    )
