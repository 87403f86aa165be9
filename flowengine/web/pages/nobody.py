"""Pages for who is not signed in, or not any more: he signs in, comes back, and nothing that he typed is lost."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from flowengine.web.pages.visit import Visit

_OURS = frozenset({"csrf"})


def sign_in_first(visit: Visit) -> Response:
    """To sign in, at the host's own page where it has one, and back to what was asked for."""
    elsewhere: str = visit.request.app.state.sign_in_at
    if not elsewhere:
        return visit.go("/login", {"back": visit.asked_for})
    query = urlencode({"next": visit.here + visit.asked_for})
    return RedirectResponse(f"{elsewhere}?{query}", 303, {"cache-control": "no-store"})


def send_again(visit: Visit, *, stronger: bool = False) -> Response:
    """A page with all that was typed, to be sent again: the session has ended meanwhile, or is another, or who asks has
    to be known better (``stronger``). Files are to be chosen again."""
    kept = [(name, value) for name, value in visit.posted.values if name not in _OURS]
    files = [file.name for chosen in visit.posted.files.values() for file in chosen]
    status, action = 403 if visit.who is not None else 401, visit.here + visit.asked_for
    return visit.page("send_again.html", status, kept=kept, files=files, stronger=stronger, action=action)
