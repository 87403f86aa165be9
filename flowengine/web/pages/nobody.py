"""Pages for who is not signed in, or not any more: he signs in, comes back, and nothing that he typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response

from flowengine.language.texts import spoken
from flowengine.web.pages.visit import Visit


def sign_in_first(visit: Visit) -> Response:
    """To sign in, and back to what was asked for."""
    return RedirectResponse(door(visit, visit.asked_for), 303, {"cache-control": "no-store"})


def show_a_code(visit: Visit) -> Response:
    """To be known better than he is, and back to what was asked for."""
    return RedirectResponse(door(visit, visit.asked_for, stronger=True), 303, {"cache-control": "no-store"})


def door(visit: Visit, back: str, *, stronger: bool = False) -> str:
    """Where one signs in, or shows more of who one is (``stronger``), and comes ``back`` from: at the host's own page
    where it has one."""
    elsewhere: str = visit.request.app.state.sign_in_at
    if elsewhere:
        return f"{elsewhere}?{urlencode({'next': visit.here + back})}"
    return f"{visit.here}/login{'/code' if stronger else ''}?back={quote(back, safe='')}"


def send_again(visit: Visit, *, stronger: bool = False) -> Response:
    """A page with all that was typed, to be sent again: the session has ended meanwhile, or is another, or who asks has
    to be known better (``stronger``). Files are to be chosen again."""
    kept = [(name, value) for name, value in visit.posted.values if name != "csrf"]
    return visit.page(
        "send_again.html", 403 if visit.who is not None else 401, kept=kept, typed=list(_typed(visit)),
        files=[file.name for chosen in visit.posted.files.values() for file in chosen], stronger=stronger,
        action=visit.here + visit.asked_for, door=door(visit, "/", stronger=stronger),
    )  # fmt: skip


def _typed(visit: Visit) -> Iterator[tuple[str, str]]:
    """What he has written or chosen, each with what it is called, as far as a form alone tells it."""
    say = visit.speech.say
    ours = {
        "text": say("Message"), "message": say("Message"), "note": say("Note"), "fact": say("In words"),
        "answer": say("Your answer"), "because": say("Why"), "name": say("Name"),
        "contact": say("Your e-mail address or your number"), "address": say("Your e-mail address or your number"),
    }  # fmt: skip
    for name, value in visit.posted.values:
        box = name.rpartition(".")[2]
        words = spoken(box).capitalize() if box != name else ours.get(name, "")
        if words and value and box != "kept":
            yield words, spoken(value) if value.isidentifier() else value
