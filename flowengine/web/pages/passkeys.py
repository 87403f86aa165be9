"""Passkeys: made by who is signed in or enrols, and then a way in of their own.

What a browser does with a passkey it does by a script; its answer is sent by the form in which the button stands, so
that whatever is refused comes back as the page, with words.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from flowengine import errors as e
from flowengine.commands.sessions import ENROL
from flowengine.speech.phrases import phrase
from flowengine.views.signing_in import PasskeyAsked
from flowengine.web.pages import login, ways_in
from flowengine.web.pages.book import Book
from flowengine.web.pages.door import let_in
from flowengine.web.pages.visit import Visit
from flowengine.web.signing_in import browser_of

pages = Book()

PAGE = "/me/passkey"


@pages.get(PAGE)
def passkey(visit: Visit) -> Response:
    """A button that makes one."""
    return _page(visit)


@pages.post(f"{PAGE}/begin")
def begin(visit: Visit) -> Response:
    """What the browser is asked, as JSON."""
    return _asked(visit.desk.begin_passkey())


@pages.post(PAGE)
def add(visit: Visit) -> Response:
    """The browser has made one."""
    posted, say = visit.posted, visit.speech.say
    try:
        visit.desk.add_passkey(posted.get("id"), _response(visit), posted.get("name").strip())
    except e.BadAnswer:
        return _page(visit, 422, problem=say("A name has at most 100 characters, on one line."), box="name")
    except e.BadToken:
        words = say("Your device has made no passkey that counts here. Please begin again.")
        return _page(visit, 401, problem=words, box="make")
    except e.WeakIdentity:
        raise
    except e.NotAllowed as problem:
        return _page(visit, 409, problem=problem.what, box="make")
    return visit.go("/login") if visit.only_job == ENROL else visit.go(ways_in.PAGE)


def _page(visit: Visit, status: int = 200, *, problem: str = "", box: str = "") -> Response:
    if visit.me is None:
        raise e.NotFound(
            phrase("this page is for who is signed in as a person"), possible=(phrase("sign in with a code"),)
        )
    there = visit.desk.credentials()  # raises WeakIdentity for who is to be known better first
    problems = {box: problem} if problem else {}
    return visit.page("customers/passkey.html", status, there=there, problems=problems, typed=visit.posted)


@pages.post("/login/passkey/begin", "anyone")
def begin_sign_in(visit: Visit) -> Response:
    """What the browser is asked, of whoever is there, as JSON."""
    return _asked(visit.engine.begin_passkey_sign_in(browser=browser_of(visit.request)))


@pages.post("/login/passkey", "anyone")
def sign_in(visit: Visit) -> Response:
    """Somebody shows his passkey; who was signed in here before, and is another, is signed out."""
    browser = browser_of(visit.request, switch=True)
    try:
        session = visit.engine.sign_in_by_passkey(visit.posted.get("id"), _response(visit), browser=browser)
    except e.BadToken:
        words = visit.speech.say("This passkey is not known here, or you took too long. Have a code sent to you.")
        return login.shown(visit, 401, problem=words, box="passkey")
    return let_in(visit, session, login.back_of(visit))


def _response(visit: Visit) -> dict[str, Any]:
    """What the browser answered. Raises BadToken for what no browser does."""
    try:
        return msgspec.json.decode(visit.posted.get("response"), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise e.BadToken(
            phrase("the passkey is not taken: %(error)s", error=error), possible=(phrase("begin again"),)
        ) from None


def _asked(asked: PasskeyAsked) -> Response:
    content = msgspec.json.encode({"id": asked.id, "options": asked.options})
    return Response(content, headers={"cache-control": "no-store"}, media_type="application/json")
