"""Signing in and out: by a code to a contact, at a provider, and more strongly than before."""

from __future__ import annotations

import re

from starlette.responses import Response

from flowengine import errors as e
from flowengine.people.identities import Identity
from flowengine.web.cookies import drop_cookie, set_binding
from flowengine.web.pages.asked_fields import is_ours
from flowengine.web.pages.book import Book
from flowengine.web.pages.door import let_in
from flowengine.web.pages.visit import Visit
from flowengine.web.signing_in import BINDING_SECONDS, browser_of

pages = Book()

_NAMED = re.compile(r"(?P<id>\S+)(?: \((?P<name>.*)\))?", re.DOTALL)


def back_of(visit: Visit) -> str:
    """Where to come back to: a page of ours, whatever was asked."""
    found = visit.posted.get("back") if visit.request.method == "POST" else visit.query("back")
    return found if is_ours(found) else "/"


@pages.get("/login", "anyone")
def login(visit: Visit) -> Response:
    """Ask for his contact, to which a code goes."""
    return shown(visit)


@pages.post("/login", "anyone")
def send_code(visit: Visit) -> Response:
    """Send a code. Whether anybody has the contact is not told."""
    contact = visit.posted.get("contact").strip()
    if not contact:
        return shown(visit, 422, problem=visit.speech.say("Please write your e-mail address or your number."))
    try:
        sent = visit.engine.send_code(contact, browser=browser_of(visit.request))
    except e.BadAnswer:
        problem = visit.speech.say("This is no address to which a code could go.")
        return shown(visit, 422, problem=problem, contact=contact)
    return visit.go("/login/answer", {"id": sent.id, "back": back_of(visit)})


def shown(visit: Visit, status: int = 200, *, problem: str = "", box: str = "contact", contact: str = "") -> Response:
    """The page, with what did not fit and the id of the box that it is about."""
    settings = visit.engine.shell.settings
    return visit.page(
        "doors/login.html", status, problem=problem, box=box, contact=contact, back=back_of(visit),
        providers=[one.name for one in settings.ways_in.providers], passkeys=bool(settings.url),
        out=visit.query("out") == "yes",
    )  # fmt: skip


@pages.get("/login/answer", "anyone")
def code(visit: Visit) -> Response:
    """Ask for the code that was sent."""
    return _answer(visit, id=visit.query("id"))


@pages.post("/login/answer", "anyone")
def answer(visit: Visit) -> Response:
    """Answer the code. Who shares the contact says who he is; who works here shows what his authenticator shows."""
    posted, say = visit.posted, visit.speech.say
    id, typed = posted.get("id"), posted.get("code").strip()
    if not typed:
        return _answer(visit, 422, id=id, problem=say("Please type the six digits."))
    browser = browser_of(visit.request, switch=posted.get("switch") == "yes")
    person, totp = posted.get("person"), posted.get("totp").strip()
    try:
        session = visit.engine.check_code(id, typed, person=person, totp=totp, browser=browser)
    except e.BadToken:
        wrong = say("This code is wrong, or it is too old. Look again, or have another sent to you.")
        return _answer(visit, 401, id=id, problem=wrong, typed=typed, second=bool(totp), person=person)
    except e.Ambiguous as error:
        people = [(found["id"], found["name"] or found["id"]) for one in error.possible if (found := _NAMED.match(one))]
        return _answer(visit, 409, id=id, typed=typed, people=people)
    except e.SignedInAsAnother:
        return _answer(visit, 409, id=id, typed=typed, person=person, totp=totp, another=True)
    except e.NotAllowed:
        second = say("You work here: please show what your authenticator shows, too.")
        return _answer(visit, 403, id=id, typed=typed, person=person, problem=second, second=True)
    return let_in(visit, session, back_of(visit))


def _answer(
    visit: Visit,
    status: int = 200,
    *,
    id: str,
    typed: str = "",
    problem: str = "",
    person: str = "",
    totp: str = "",
    people: list[tuple[str, str]] | None = None,
    second: bool = False,
    another: bool = False,
) -> Response:
    return visit.page(
        "doors/code.html",
        status,
        id=id,
        typed=typed,
        problem=problem,
        person=person,
        totp=totp,
        people=people or [],
        second=second,
        another=another,
        back=back_of(visit),
    )


@pages.get("/login/code")
def stronger(visit: Visit) -> Response:
    """Who is signed in has to be known better: a code goes to his own contact."""
    return visit.page("doors/stronger.html", back=back_of(visit), none=False)


@pages.post("/login/code")
def send_stronger(visit: Visit) -> Response:
    """Send it."""
    try:
        sent = visit.engine.send_code(browser=browser_of(visit.request))
    except e.TooMany:
        raise
    except (e.NotAllowed, e.BadAnswer):
        return visit.page("doors/stronger.html", 403, back=back_of(visit), none=True)
    return visit.go("/login/answer", {"id": sent.id, "back": back_of(visit)})


@pages.post("/login/at/{provider}", "anyone")
def provider(visit: Visit) -> Response:
    """On to a provider, by a page with a link: browsers follow no redirect of a form to another site from here."""
    name = visit.part("provider")
    begun = visit.engine.begin_oidc(name, back=visit.here + back_of(visit), browser=browser_of(visit.request))
    response = visit.page("doors/provider.html", url=begun.url, name=name)
    set_binding(visit.request, response, begun.binding, BINDING_SECONDS)
    return response


@pages.post("/logout", "anyone")
def logout(visit: Visit) -> Response:
    """The session ends, and the browser forgets it."""
    if isinstance(visit.who, Identity) and visit.who.session:
        visit.engine.end_session(visit.who.session, by=visit.who)
    response = visit.go("/login", {"out": "yes"})
    drop_cookie(visit.request, response)
    return response


@pages.get("/device")
def device(visit: Visit) -> Response:
    """What asks to be let in: a command line, say, that shows these letters."""
    shown = visit.query("code").strip()
    done = visit.query("done")
    if done in ("approved", "denied") or not shown:
        return visit.page("doors/device.html", device=None, problem="", done=done, code=shown)
    return _device(visit, shown)


@pages.post("/device")
def decide(visit: Visit) -> Response:
    """Let it in, or do not."""
    shown, scopes = visit.posted.get("code").strip(), ["read", *visit.posted.all("scope")]
    if visit.posted.get("do") not in ("approve", "deny"):
        return visit.go("/device", {"code": shown})
    try:
        if visit.posted.get("do") == "deny":
            visit.desk.deny_device(shown)
            return visit.go("/device", {"done": "denied"})
        visit.desk.approve_device(shown, scopes=list(dict.fromkeys(scopes)))
    except (e.NotFound, e.BadAnswer):
        return _device(visit, shown, 404)
    return visit.go("/device", {"done": "approved"})


def _device(visit: Visit, shown: str, status: int = 200) -> Response:
    try:
        found = visit.desk.device(shown)
    except e.NotFound:
        problem = visit.speech.say(
            "Nothing that waits shows these letters. Look at them again: they hold for a while only."
        )
        return visit.page("doors/device.html", max(status, 404), device=None, problem=problem, done="", code=shown)
    return visit.page("doors/device.html", status, device=found, problem="", done="", code=shown)
