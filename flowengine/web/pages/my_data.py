"""All that is kept of oneself: taken along as a file, shared with partners, or erased."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from flowengine import errors as e
from flowengine import exact
from flowengine.speech.phrases import phrase
from flowengine.views.replies import Erasure
from flowengine.web.cookies import drop_cookie
from flowengine.web.pages import sharing
from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import Visit

pages = Book()

BECAUSE = "the customer has asked for it"


@pages.get("/me/data")
def data(visit: Visit) -> Response:
    """What can be had, and what erasing would mean."""
    return shown(visit)


def shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    """The page, with what is in the way of erasing."""
    person, erasure, hindered = himself(visit), None, ""
    try:
        erasure = visit.desk.erase(person, because=BECAUSE, dry=True)
    except e.WeakIdentity:
        raise
    except e.NotAllowed as problem:
        hindered = problem.what
    with visit.still():
        record, consents = visit.desk.record(person), visit.desk.consents(person)
    return visit.page(
        "customers/my_data.html", status, erasure=erasure, hindered=hindered, problems=problems or {},
        record=record, consents=consents, typed=visit.posted,
        open_jobs=visit.desk.jobs(status="open", limit=50) if hindered else [], lost=_lost(erasure),
    )  # fmt: skip


def _lost(erasure: Erasure | None) -> bool:
    return erasure is not None and bool(erasure.jobs or erasure.others or erasure.facts or erasure.files)


def himself(visit: Visit) -> str:
    """The id of the customer who asks. Raises NotFound for anybody else, and for who came by a link to one job."""
    if visit.me is None or visit.only_job or visit.kind != "customer":
        raise e.NotFound(
            phrase("this page is for customers who are signed in"), possible=(phrase("sign in with a code"),)
        )
    return visit.me.id


@pages.get("/me/data.json")
def download(visit: Visit) -> Response:
    """All that is kept of him, as far as it is his to know (L9), as a file."""
    content = exact.encode(visit.desk.export_person(himself(visit)))
    headers = {"content-disposition": 'attachment; filename="my-data.json"', "cache-control": "no-store"}
    return Response(content, media_type="application/json", headers=headers)


@pages.post("/me/consents")
def consent(visit: Visit) -> Response:
    """He lets a partner have his record."""
    person = himself(visit)
    return sharing.give(visit, person, "/me/data#sharing", partial(shown, visit))


@pages.post("/me/consents/withdraw")
def withdraw_consent(visit: Visit) -> Response:
    """A partner may have nothing of him any more."""
    person = himself(visit)
    return sharing.withdraw(visit, person, "/me/data#sharing", partial(shown, visit))


@pages.post("/me/erase")
def erase(visit: Visit) -> Response:
    """He is erased, once he has said that he knows what it means; then nobody is signed in here any more."""
    person = himself(visit)
    if visit.posted.get("sure") != "yes":
        words = visit.speech.say("Say first that you know that nothing of it comes back.")
        return shown(visit, 422, {"sure": words})
    try:
        visit.desk.erase(person, because=BECAUSE)
    except e.WeakIdentity:
        raise
    except e.NotAllowed as problem:
        return shown(visit, 409, {"erase": problem.what})
    answer = visit.go("/erased")
    drop_cookie(visit.request, answer)
    return answer


@pages.get("/erased", "anyone")
def erased(visit: Visit) -> Response:
    """That it is done, to who is nobody here any more."""
    return visit.page("customers/erased.html")
