"""A change of mind: what it asks, what it would come to, and only then that it happens."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from flowengine import errors as e
from flowengine.core.forms import FormField
from flowengine.core.values import Json
from flowengine.views.promising import Preview
from flowengine.views.replies import OfferView
from flowengine.web.pages import fields, jobs
from flowengine.web.pages.book import Book
from flowengine.web.pages.posted import Upload
from flowengine.web.pages.read_fields import Attach
from flowengine.web.pages.visit import Visit, at

pages = Book()


@pages.get("/jobs/{job}/change/{name}")
def look(visit: Visit) -> Response:
    """What it asks; where it asks nothing, at once what it would come to."""
    job, offer = _offer(visit)
    if offer.questions:
        return _ask(visit, job, offer)
    return _show(visit, job, offer, {})


@pages.post("/jobs/{job}/change/{name}")
def change(visit: Visit) -> Response:
    """Look at what it would come to with these answers, correct them, or do it: exactly as it was shown, or not."""
    job, offer = _offer(visit)
    found = fields.answer(offer.questions, visit.posted, visit.speech, _attach(visit, job))
    if found.problems or visit.posted.get("way") == "correct":
        return _ask(visit, job, offer, found.values, found.problems, status=422 if found.problems else 200)
    if visit.posted.get("way") != "do":
        return _show(visit, job, offer, found.values)
    digest, key = visit.posted.get("preview"), visit.posted.get("key") or None
    if not digest:
        return _show(visit, job, offer, found.values)
    try:
        done = visit.desk.invoke(job, offer.name, found.values, preview=digest, key=key)
    except e.PreviewChanged:
        return _show(visit, job, offer, found.values, changed=True)
    except (e.NotAllowed, e.KeyConflict) as problem:
        return _closed(visit, job, problem)
    except e.BadAnswer as problem:
        return _ask(visit, job, offer, found.values, problem.problems, status=422)
    return visit.go(at("jobs", done.job), {"did": str(done.seq)})


def _offer(visit: Visit) -> tuple[str, OfferView]:
    """The job's id as it was asked for, and what it offers."""
    job = visit.part("job")
    return job, visit.desk.offer(job, visit.part("name"))


def _attach(visit: Visit, job: str) -> Attach:
    def attach(file: Upload) -> str:
        return visit.desk.attach(file.name, file.data, job).id

    return attach


def _ask(
    visit: Visit,
    job: str,
    offer: OfferView,
    given: Mapping[str, Json] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    """What it asks, with what was answered."""
    typed = visit.posted if problems else None
    asked = fields.asked(offer.questions, given, problems, speech=visit.speech, typed=typed)
    others = [words for name, words in (problems or {}).items() if not _is_asked(name, offer.questions)]
    return visit.page("customers/change.html", status, job=job, offer=offer, asked=asked, others=others)


def _is_asked(name: str, questions: tuple[FormField, ...]) -> bool:
    return any(name == one.name or name.startswith((f"{one.name}.", f"{one.name}[")) for one in questions)


def _show(visit: Visit, job: str, offer: OfferView, answer: Mapping[str, Json], *, changed: bool = False) -> Response:
    """What it would come to; ``changed``: it was shown otherwise before."""
    try:
        preview = visit.desk.preview(job, offer.name, answer or None)
    except e.NotAllowed as problem:
        return _closed(visit, job, problem)
    except e.BadAnswer as problem:
        return _ask(visit, job, offer, answer, problem.problems, status=422)
    told = fields.summary(offer.questions, answer, visit.speech)
    return visit.page(
        "customers/preview.html", 409 if changed else 200, home=preview.zone, offer=offer, seen=preview,
        told=told, changed=changed, nothing=_is_small(preview), title=offer.title,
        carried=fields.carried(offer.questions, answer, visit.speech),
    )  # fmt: skip


def _closed(visit: Visit, job: str, problem: e.Refused) -> Response:
    """It is not possible any more: the job as it is now, with the reason."""
    if isinstance(problem, e.WeakIdentity):
        raise problem
    return jobs.shown(visit, job, 409, {"mind": problem.what})


def _is_small(preview: Preview) -> bool:
    """Whether nothing is lost by it."""
    return not (preview.redone or preview.undone or preview.given_back or preview.cancelled or preview.over)
