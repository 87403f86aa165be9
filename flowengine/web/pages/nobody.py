"""Pages for who is not signed in, or not any more: he signs in, comes back, and nothing that he typed is lost."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from flowengine.web.pages.fields import typed
from flowengine.web.pages.visit import Visit


def sign_in_first(visit: Visit) -> Response:
    """To sign in, and back to what was asked for."""
    return RedirectResponse(visit.door(visit.asked_for), 303, {"cache-control": "no-store"})


def show_a_code(visit: Visit) -> Response:
    """To be known better than he is, and back to what was asked for."""
    return RedirectResponse(visit.door(visit.asked_for, stronger=True), 303, {"cache-control": "no-store"})


def send_again(visit: Visit, *, stronger: bool = False) -> Response:
    """A page with all that was typed, to be sent again: the session has ended meanwhile, or is another, or who asks has
    to be known better (``stronger``). Files are to be chosen again."""
    kept = [(name, value) for name, value in visit.posted.values if name != "csrf"]
    return visit.page(
        "send_again.html", 403 if visit.who is not None else 401, kept=kept, typed=typed(visit.posted, visit.speech),
        files=[file.name for chosen in visit.posted.files.values() for file in chosen], stronger=stronger,
        action=visit.here + visit.asked_for, door=visit.door("/", stronger=stronger),
    )  # fmt: skip
