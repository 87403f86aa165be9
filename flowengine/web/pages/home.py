"""The first page: what waits for whoever comes."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from flowengine.errors import BadAnswer
from flowengine.speech.languages import LANGUAGES
from flowengine.speech.phrases import phrase
from flowengine.views.conversation import MessageView
from flowengine.views.replies import JobRow
from flowengine.web.cookies import set_language
from flowengine.web.pages.asked_fields import is_ours
from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import Visit

pages = Book()

MOST = 50
"""Jobs, and things that wait, that are shown."""

MOST_OF_OTHERS = 5
"""Jobs of others in which he took part that are shown, the newest first: each is looked at for what he was told."""


@pages.get("/")
def home(visit: Visit) -> Response:
    """Where somebody begins: operators with what is wrong, staff with their worklist, customers with their jobs, who
    came by a link with the one job it is for."""
    if visit.only_job:
        return visit.go(f"/jobs/{visit.only_job}")
    if visit.kind in ("staff", "operator"):
        return visit.go("/work" if visit.kind == "staff" else "/ops")
    with visit.still():
        items = visit.desk.inbox(limit=MOST, everything=True)
        jobs = visit.desk.jobs(mine=True, limit=MOST)
        if jobs and not visit.speech.zone:
            visit.at_home(visit.desk.track(jobs[0].id).zone)
        written = _to_answer(visit.desk.conversation_with(visit.me.id, limit=MOST), jobs) if visit.me else []
        parts = visit.desk.jobs(took_part=True, limit=MOST_OF_OTHERS) if visit.me else []
        took_part = [(one, visit.desk.track(one.id).told[-1:]) for one in parts]
        processes = [one for one in visit.desk.processes() if one.latest and one.suspended is None]
    return visit.page(
        "customers/home.html",
        items=[one for one in items if not one.answered and one.booked is None and (not one.claimed or one.mine)],
        answered=[one for one in items if one.answered and one.booked is None],
        appointments=sorted(((one.booked, one) for one in items if one.booked is not None), key=lambda pair: pair[0]),
        going=[one for one in jobs if one.status == "open"],
        past=[one for one in jobs if one.status != "open"],
        took_part=took_part,
        processes=processes,
        written=written,
    )


def _to_answer(said: Sequence[MessageView], jobs: Sequence[JobRow]) -> list[MessageView]:
    """What was written to him and he has said nothing to since: the last word about a job that is under way, and the
    last without a job. ``said`` has the newest first; an answer of ours to what he asked wants none of his."""
    under_way = {"", *(one.id for one in jobs if one.status == "open")}
    last: dict[str, MessageView] = {}
    for one in said:
        last.setdefault(one.job, one)
    return [one for one in last.values() if one.job in under_way and not one.outside and one.kind == "message"]


@pages.post("/language", "anyone")
def language(visit: Visit) -> Response:
    """Speak to this browser in another language from now on; to who is signed in also elsewhere, and in letters."""
    back = visit.posted.get("back", "/")
    answer = visit.go(back if is_ours(back) else "/")
    wanted = visit.posted.get("language")
    if wanted not in LANGUAGES:
        raise BadAnswer(
            {"language": phrase("%(language)s is no language that is spoken here", language=repr(wanted[:60]))},
            possible=tuple(LANGUAGES),
        )
    set_language(visit.request, answer, wanted)
    if visit.me is not None and not visit.only_job:
        visit.desk.set_name(visit.me.id, language=wanted)
    return answer
