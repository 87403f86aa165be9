"""One's own page: who one is, the ways to one, what is known of one, and who acts for whom."""

from __future__ import annotations

from zoneinfo import available_timezones

from starlette.responses import Response

from flowengine import errors as e
from flowengine.people.browsers import Browser
from flowengine.people.identities import Identity
from flowengine.speech.phrases import phrase
from flowengine.web.cookies import set_cookie, set_language
from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import Visit

pages = Book()

KINDS = ("need", "want", "concern", "expectation", "preference")
"""What a customer says of himself; notes are the organisation's."""


@pages.get("/me")
def me(visit: Visit) -> Response:
    """All of it on one page."""
    return shown(visit)


def shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    """The page; with ``problems``, by the id of the box, what was typed stands in it still."""
    person = _himself(visit)
    customer = visit.kind == "customer"
    with visit.still():
        desk = visit.desk
        contacts = desk.contacts(person)
        facts = [one for one in desk.facts(person, limit=50) if one.taken_back is None] if customer else []
        acting = desk.acting(person) if customer else []
        record = desk.record(person) if customer else None
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix")))
    return visit.page(
        "customers/me.html", status, me=visit.me, contacts=contacts, facts=facts, zones=zones, kinds=_kinds(visit),
        acts_for=[one for one in acting if one.person == person], for_me=[one for one in acting if one.party == person],
        brought_by=record.brought_by if record is not None else (),
        referrals=record.referrals if record is not None else (), problems=problems or {}, typed=visit.posted,
        customer=customer,
    )  # fmt: skip


def _himself(visit: Visit) -> str:
    """The id of who asks. Raises NotFound for who came by a link to one job, and for a program."""
    if visit.me is None or visit.only_job:
        raise e.NotFound(
            phrase("this page is for who is signed in as a person"), possible=(phrase("sign in with a code"),)
        )
    return visit.me.id


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    say = visit.speech.say
    words = (say("I need"), say("I would like"), say("It worries me"), say("I expect"), say("I prefer"))
    return list(zip(KINDS, words, strict=True))


@pages.post("/me/name")
def name(visit: Visit) -> Response:
    """What one is called, where one's clock is, and in which language one is spoken and written to: this browser, too,
    speaks it from then on."""
    person, posted = _himself(visit), visit.posted
    language = posted.get("language") if "language" in posted else None
    try:
        visit.desk.set_name(person, posted.get("name"), zone=posted.get("zone"), language=language)
    except e.BadAnswer as problem:
        boxes = ("zone", "language")
        return shown(
            visit,
            422,
            {next((one for one in boxes if one in key), "name"): told for key, told in problem.problems.items()},
        )
    answer = visit.go("/me")
    if language is not None:
        set_language(visit.request, answer, language)
    return answer


# the ways to somebody


@pages.post("/me/contacts")
def add_contact(visit: Visit) -> Response:
    """Another way to one; where a code can go there, it is sent at once."""
    person = _himself(visit)
    try:
        found = visit.desk.add_contact(person, visit.written("address").strip())
    except e.BadAnswer as problem:
        return shown(visit, 422, {"address": next(iter(problem.problems.values()))})
    except e.NotAllowed as problem:
        if isinstance(problem, e.WeakIdentity):
            raise
        return shown(visit, 409, {"address": problem.what})
    if found.kind != "mail" or found.verified is not None:
        return visit.go("/me")
    return _send_code(visit, found.address)


@pages.post("/me/contacts/remove")
def remove_contact(visit: Visit) -> Response:
    """One way less."""
    try:
        visit.desk.remove_contact(_himself(visit), visit.posted.get("address"))
    except (e.NotAllowed, e.NotFound) as problem:
        if isinstance(problem, e.WeakIdentity):
            raise
        return shown(visit, 409, {"contacts": problem.what})
    return visit.go("/me")


@pages.post("/me/contacts/verify")
def send_code(visit: Visit) -> Response:
    """A code to one of the contacts."""
    person, address = _himself(visit), visit.posted.get("address")
    if address not in {one.address for one in visit.desk.contacts(person)}:
        raise e.NotFound(phrase("you have no such contact"), possible=(phrase("add it"),))
    return _send_code(visit, address)


def _send_code(visit: Visit, address: str) -> Response:
    code = visit.engine.send_code(address, browser=_browser(visit))
    return visit.go("/me/contacts/code", {"code": code.id, "to": address})


@pages.get("/me/contacts/code")
def ask_code(visit: Visit) -> Response:
    """Which code came there?"""
    _himself(visit)
    return visit.page("customers/contact_code.html", id=visit.query("code"), to=visit.query("to"), problem="")


@pages.post("/me/contacts/code")
def check_code(visit: Visit) -> Response:
    """Who can read what is sent there has it; he is signed in anew by that code."""
    person, id, to = _himself(visit), visit.posted.get("id"), visit.posted.get("to")
    try:
        session = visit.engine.check_code(
            id, "".join(visit.posted.get("code").split()), person=person, browser=_browser(visit)
        )
    except (e.BadToken, e.BadAnswer):
        words = visit.speech.say("That is not the code that was sent, or it is over. You have five tries.")
        return visit.page("customers/contact_code.html", 422, id=id, to=to, problem=words)
    answer = visit.go("/me")
    set_cookie(visit.request, answer, session.secret)
    return answer


def _browser(visit: Visit) -> Browser:
    client, agent = visit.request.client, visit.request.headers.get("user-agent", "")
    current = visit.who if isinstance(visit.who, Identity) else None
    return Browser(address=client.host if client is not None else "", agent=agent, current=current)


# what is known of somebody


@pages.post("/me/facts")
def add_fact(visit: Visit) -> Response:
    """Say something of oneself, which whoever works for one reads."""
    person, kind = _himself(visit), visit.posted.get("kind")
    if kind not in KINDS:
        kind = "preference"
    try:
        visit.desk.add_fact(person, kind, visit.written("fact"), key=visit.posted.get("key") or None)
    except e.BadAnswer as problem:
        return shown(visit, 422, {"fact": next(iter(problem.problems.values()))})
    return visit.go("/me")


@pages.post("/me/facts/change")
def change_fact(visit: Visit) -> Response:
    """Say it otherwise, or take it back."""
    _himself(visit)
    fact, box = visit.posted.get("id"), f"fact-{visit.posted.get('id')}"
    try:
        if visit.posted.get("way") == "remove":
            visit.desk.take_back_fact(fact)
        else:
            visit.desk.change_fact(fact, visit.written("text"))
    except e.BadAnswer as problem:
        return shown(visit, 422, {box: next(iter(problem.problems.values()))})
    except (e.StaleCommand, e.NotAllowed) as problem:
        return shown(visit, 409, {box: problem.what})
    return visit.go("/me")


@pages.post("/me/acting/end")
def end_acting(visit: Visit) -> Response:
    """Somebody acts for somebody no more."""
    _himself(visit)
    visit.desk.end_acting(visit.posted.get("person"), visit.posted.get("party"))
    return visit.go("/me")
