"""The door that a link in a letter leads to: it tells nothing, and opens when somebody says that it is him."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.people.browsers import Browser
from flowengine.views.signing_in import NewSession, Opened
from flowengine.web.cookies import set_cookie
from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import Visit, at
from flowengine.web.signing_in import browser_of

pages = Book()


@pages.get("/door/{secret}", "anyone")
def door(visit: Visit) -> Response:
    """Nothing of the link is told, and nobody is signed in: whoever looks has to say first that it is him."""
    return _page(visit, code=visit.query("code"))


@pages.post("/door/{secret}", "anyone")
def open_door(visit: Visit) -> Response:
    """Open the link: a session for its job alone, or the code that is asked beside it."""
    browser = browser_of(visit.request, switch=visit.posted.get("switch") == "yes")
    try:
        opened = visit.engine.open_link(visit.part("secret"), browser=browser)
    except e.BadToken:
        return _page(visit, 401, dead=True)
    except e.SignedInAsAnother:
        return _page(visit, 409, another=True)
    if opened.session is None and opened.code is not None:
        return visit.go(at("door", visit.part("secret")), {"code": opened.code.id})
    return let_in(visit, opened.session, _place(opened))


@pages.post("/door/{secret}/code", "anyone")
def send_code(visit: Visit) -> Response:
    """Send a code to the person of the link, to be typed beside it."""
    try:
        sent = visit.engine.send_code(link=visit.part("secret"), browser=browser_of(visit.request))
    except e.BadToken:
        return _page(visit, 401, dead=True)
    return visit.go(at("door", visit.part("secret")), {"code": sent.id})


@pages.post("/door/{secret}/answer", "anyone")
def answer(visit: Visit) -> Response:
    """The code was answered: he is in, and where the link leads."""
    posted, secret = visit.posted, visit.part("secret")
    browser = browser_of(visit.request, switch=posted.get("switch") == "yes")
    try:
        session = visit.engine.check_code(posted.get("id"), posted.get("code"), browser=browser)
    except e.BadToken:
        return _page(visit, 401, code=posted.get("id"), wrong=True)
    except e.SignedInAsAnother:
        return _page(visit, 409, another=True, code=posted.get("id"), typed=posted.get("code"))
    known = Browser(address=browser.address, agent=browser.agent, current=visit.engine.identify(session.secret))
    try:
        place = _place(visit.engine.open_link(secret, browser=known))
    except e.Refused:
        place = "/"  # the link is over meanwhile, and he is in all the same
    return let_in(visit, session, place)


def let_in(visit: Visit, session: NewSession | None, place: str) -> Response:
    """On to a page, with a new session, where there is one."""
    response = visit.go(place)
    if session is not None:
        set_cookie(visit.request, response, session.secret)
    return response


def _place(opened: Opened) -> str:
    if opened.step:
        return at("steps", opened.step)
    return at("jobs", opened.job) if opened.job else "/me/passkey"


def _page(
    visit: Visit, status: int = 200, *, dead: bool = False, another: bool = False, wrong: bool = False, code: str = "",
    typed: str = "",
) -> Response:  # fmt: skip
    return visit.page(
        "doors/door.html",
        status,
        secret=visit.part("secret"),
        dead=dead,
        another=another,
        wrong=wrong,
        code=code,
        typed=typed,
    )
