"""How somebody comes in: where he is signed in, what he signs in with, and a link by which he registers that."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.web.cookies import drop_shown, set_shown, shown_once
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import in_words, refuse_all_but_operators, refuse_unless_mended, status_of
from flowengine.web.pages.visit import Visit, at

pages = Book()


@pages.get("/ops/people/{id}/signing-in")
def ways_in(visit: Visit) -> Response:
    """All of it, of a member of staff or of a customer; a link that was just made is shown now, and never again."""
    refuse_all_but_operators(visit)
    answer = shown(visit, link=shown_once(visit.request) if visit.query("made") else "")
    drop_shown(visit.request, answer)
    return answer


def shown(visit: Visit, status: int = 200, problem: str = "", link: str = "") -> Response:
    """The page; ``problem`` is why something was not done."""
    with visit.still():
        desk = visit.desk
        person = desk.person(visit.part("id"))
        sessions, credentials = desk.sessions(person.id), desk.credentials(person.id)
    return visit.page(
        "operators/signing_in.html", status, person=person, sessions=sessions, credentials=credentials,
        problem=problem, link=link, gone=person.left is not None or person.erased is not None,
    )  # fmt: skip


def _here(visit: Visit) -> str:
    return at("ops", "people", visit.part("id"), "signing-in")


@pages.post("/ops/people/{id}/signing-in/end")
def end_session(visit: Visit) -> Response:
    """One session ends, at once."""
    refuse_all_but_operators(visit)
    visit.desk.end_session(visit.posted.get("id"))
    return visit.go(_here(visit))


@pages.post("/ops/people/{id}/signing-in/end-all")
def sign_out(visit: Visit) -> Response:
    """All sessions end."""
    refuse_all_but_operators(visit)
    visit.desk.sign_out_everywhere(visit.part("id"))
    return visit.go(_here(visit))


@pages.post("/ops/people/{id}/signing-in/remove")
def remove_credential(visit: Visit) -> Response:
    """He signs in with that no more."""
    refuse_all_but_operators(visit)
    try:
        visit.desk.remove_credential(visit.posted.get("id"), visit.part("id"))
    except e.NotAllowed as error:
        refuse_unless_mended(error)
        return shown(visit, status_of(error), in_words(error))
    return visit.go(_here(visit))


@pages.post("/ops/people/{id}/signing-in/enrol")
def enrol(visit: Visit) -> Response:
    """A link by which he registers a passkey or an authenticator: once, within a day."""
    refuse_all_but_operators(visit)
    try:
        made = visit.desk.make_enrolment(visit.part("id"))
    except e.NotAllowed as error:
        refuse_unless_mended(error)
        return shown(visit, status_of(error), in_words(error))
    answer = visit.go(_here(visit), {"made": "1"})
    set_shown(visit.request, answer, made.url or str(visit.request.base_url).rstrip("/") + at("door", made.secret))
    return answer
