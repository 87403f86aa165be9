"""Where one is signed in, by what, and what of one's own opens the door to programs: tokens, and feeds of appointments.

A secret is shown once: the answer that makes it sends the browser on, with the secret in a cookie that the next page
takes away. So it stands in no address, and a page that is loaded again makes no second one.
"""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from flowengine import errors as e
from flowengine.speech.phrases import phrase
from flowengine.web.cookies import drop_shown, set_shown, shown_once
from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import Visit

pages = Book()

SCOPES = ("read", "act", "operate")
PAGE = "/me/signing-in"


@pages.get(PAGE)
def ways_in(visit: Visit) -> Response:
    """All of it; a secret that was just made is shown now, and never again."""
    answer = shown(visit, secret=shown_once(visit.request))
    drop_shown(visit.request, answer)
    return answer


def shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None, secret: str = "") -> Response:
    """The page, with what is wrong by the id of the box."""
    if visit.me is None or visit.only_job:
        raise e.NotFound(
            phrase("this page is for who is signed in as a person"), possible=(phrase("sign in with a code"),)
        )
    with visit.still():
        desk = visit.desk
        found = {
            "sessions": desk.sessions(), "credentials": desk.credentials(), "feeds": desk.feeds(),
            "tokens": [one for one in desk.own_tokens() if one.revoked is None],
        }  # fmt: skip
    kind, _, made = secret.partition(" ")
    state = visit.request.app.state
    passkeys = bool(visit.engine.shell.settings.url) and not state.sign_in_at
    scopes = SCOPES if visit.kind == "operator" else SCOPES[:2]
    return visit.page(
        "customers/ways_in.html", status, problems=problems or {}, typed=visit.posted, made=made, made_kind=kind,
        scopes=scopes, customer=visit.kind == "customer", passkeys=passkeys, **found,
    )  # fmt: skip


@pages.post(f"{PAGE}/end")
def end_session(visit: Visit) -> Response:
    """One session ends; where it is this one, nobody is signed in here any more."""
    visit.desk.end_session(visit.posted.get("id"))
    return visit.go(PAGE)


@pages.post(f"{PAGE}/end-all")
def sign_out_everywhere(visit: Visit) -> Response:
    """All sessions end, this one too."""
    visit.desk.sign_out_everywhere()
    return visit.go("/")


@pages.post(f"{PAGE}/credentials/remove")
def remove_credential(visit: Visit) -> Response:
    """One signs in with that no more."""
    try:
        visit.desk.remove_credential(visit.posted.get("id"))
    except e.NotAllowed as problem:
        if isinstance(problem, e.WeakIdentity):
            raise
        return shown(visit, 409, {"credentials": problem.what})
    return visit.go(PAGE)


@pages.post(f"{PAGE}/tokens")
def make_token(visit: Visit) -> Response:
    """A token for programs that ask in one's own name."""
    days = visit.posted.get("days", "90")
    expires = None
    if days:
        if not (days.isascii() and days.isdecimal() and 0 < int(days[:6]) <= 3650):
            words = visit.speech.say(
                "A number of days from 1 to 3650; nothing, where it is to hold until you revoke it."
            )
            return shown(visit, 422, {"days": words})
        expires = visit.engine.clock.now() + timedelta(days=int(days))
    scopes = [one for one in SCOPES if one in visit.posted.all("scope")]
    try:
        made = visit.desk.issue_own_token(scopes, name=visit.posted.get("name"), expires=expires)
    except e.BadAnswer as problem:
        told = {("name" if "name" in key else "scopes"): words for key, words in problem.problems.items()}
        return shown(visit, 422, told)
    except e.StaleCommand:  # the form was sent twice, and what the first made was shown to it
        return visit.go(PAGE)
    return _go_with(visit, f"token {made.token}")


@pages.post(f"{PAGE}/tokens/revoke")
def revoke_token(visit: Visit) -> Response:
    """A token counts no more."""
    visit.desk.revoke_own_token(visit.posted.get("id"))
    return visit.go(PAGE)


@pages.post(f"{PAGE}/feeds")
def make_feed(visit: Visit) -> Response:
    """An address from which a calendar program reads one's own appointments."""
    try:
        made = visit.desk.make_feed()
    except e.StaleCommand:  # as above
        return visit.go(PAGE)
    base = visit.request.base_url
    return _go_with(visit, f"feed {made.url or str(base).rstrip('/') + made.path}")


@pages.post(f"{PAGE}/feeds/end")
def end_feed(visit: Visit) -> Response:
    """That address tells nothing any more."""
    visit.desk.end_feed(visit.posted.get("id"))
    return visit.go(PAGE)


def _go_with(visit: Visit, secret: str) -> Response:
    answer = visit.go(PAGE, {"made": "1"})
    set_shown(visit.request, answer, secret)
    return answer
