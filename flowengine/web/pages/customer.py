"""A customer on one screen: what is known, what is under way, what was said, and who acts for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from flowengine.views.conversation import FileView
from flowengine.web.pages import sharing
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_outside, tried
from flowengine.web.pages.visit import Visit, at
from flowengine.web.pages.work_step import FACTS

pages = Book()

LINES = 20
"""Of what happened, how much stands on a page."""
SAID = 10
FACTS_SHOWN = 30
MAY = ("see", "act", "sign")


@pages.get("/customers/{id}")
def customer(visit: Visit) -> Response:
    """All of it, with the last pages of what happened and of what was said."""
    refuse_outside(visit)
    return shown(visit)


def shown(
    visit: Visit, status: int = 200, problems: dict[str, str] | None = None, kept: Sequence[FileView] = ()
) -> Response:
    """The page; ``problems`` by the ids of the boxes, ``kept`` are files that were sent with a message and are there
    still."""
    person, after = visit.part("id"), visit.query("after")
    with visit.still():
        desk = visit.desk
        record = desk.record(person)
        lines = desk.timeline(person, after=after, limit=LINES)
        said = desk.conversation_with(person, limit=SAID) if not after else []
        facts = desk.facts(person, limit=FACTS_SHOWN) if not after else []
        contacts = desk.contacts(person) if not after else []
        acting = desk.acting(person) if not after else []
        consents = desk.consents(person) if not after else None
        processes = [one for one in desk.processes() if one.latest and one.suspended is None] if not after else []
    waiting = max((one.due for one in said if one.status == "waiting" and not one.job and one.due), default=None)
    return visit.page(
        "staff/customer.html", status, record=record, lines=lines, said=list(reversed(said)), facts=facts,
        contacts=contacts, acting=acting, consents=consents, problems=problems or {}, kept=kept, typed=visit.posted,
        kinds=FACTS, may=MAY, more=lines[-1].place if len(lines) == LINES else "", after=after, waiting=waiting,
        processes=processes,
    )  # fmt: skip


def _done(visit: Visit, box: str, do: Callable[[], object], back: str = "") -> Response:
    """Do something about the customer; where it cannot be done, say why at the ``box`` it was typed in."""
    refuse_outside(visit)
    return tried(
        do,
        lambda _: visit.go(at("customers", visit.part("id")) + back),
        lambda status, words: shown(visit, status, {box: words}),
    )


@pages.post("/customers/{id}/facts")
def add_fact(visit: Visit) -> Response:
    """Add what was learned."""
    posted = visit.posted

    def add() -> None:
        visit.desk.add_fact(
            visit.part("id"), posted.get("kind", FACTS[0]), visit.written("fact"), show=posted.get("show") == "yes",
            key=posted.get("key") or None,
        )  # fmt: skip

    return _done(visit, "fact", add, "#facts")


@pages.post("/customers/{id}/answers")
def answer_fact(visit: Visit) -> Response:
    """Answer what is open."""
    fact = visit.posted.get("of")

    def reply() -> None:
        visit.desk.answer_fact(fact, visit.written("answer"))

    return _done(visit, f"answer-{fact}", reply, "#facts")


@pages.post("/customers/{id}/facts/change")
def change_fact(visit: Visit) -> Response:
    """A fact is said otherwise; how it was said before is kept."""
    posted, fact = visit.posted, visit.posted.get("of")

    def change() -> None:
        visit.desk.change_fact(fact, visit.written("text"), kind=posted.get("kind"), show=posted.get("show") == "yes")

    return _done(visit, f"change-{fact}", change, "#facts")


@pages.get("/customers/{id}/facts/{fact}")
def fact_versions(visit: Visit) -> Response:
    """How a fact was said each time, the last first."""
    refuse_outside(visit)
    with visit.still():
        record = visit.desk.record(visit.part("id"))
        versions = visit.desk.facts(record.customer, of=visit.part("fact"), limit=FACTS_SHOWN)
    return visit.page("staff/fact.html", record=record, versions=versions)


@pages.post("/customers/{id}/person")
def change_person(visit: Visit) -> Response:
    """What the customer is called, in which groups, and whether it is an organisation."""
    refuse_outside(visit)
    posted, id = visit.posted, visit.part("id")
    groups = [one.strip() for one in posted.get("groups").split(",") if one.strip()]

    def change() -> None:
        name, organisation = posted.get("name").strip(), posted.get("organisation") == "yes"
        visit.desk.add_customer(visit.desk.person(id).id, name, groups=groups, organisation=organisation)

    return _done(visit, "name", change)


@pages.post("/customers/{id}/facts/take-back")
def take_back(visit: Visit) -> Response:
    """A fact counts no more."""
    return _done(visit, "facts", lambda: visit.desk.take_back_fact(visit.posted.get("fact")), "#facts")


@pages.post("/customers/{id}/messages")
def message(visit: Visit) -> Response:
    """Write to the customer about no job in particular."""
    refuse_outside(visit)
    files: list[str] = []

    def send() -> None:
        files.extend(visit.attached("files"))
        if not files:
            visit.written("message")
        key = visit.posted.get("key") or None
        visit.desk.message_to(visit.part("id"), visit.posted.get("message"), files, key=key)

    def again(status: int, words: str) -> Response:
        return shown(visit, status, {"message": words}, [visit.desk.file(one) for one in files])

    return tried(send, lambda _: visit.go(at("customers", visit.part("id")) + "#said"), again)


@pages.post("/customers/{id}/contacts")
def add_contact(visit: Visit) -> Response:
    """Another way to the customer."""
    return _done(
        visit, "contact", lambda: visit.desk.add_contact(visit.part("id"), visit.written("contact")), "#contacts"
    )


@pages.post("/customers/{id}/contacts/remove")
def remove_contact(visit: Visit) -> Response:
    """A way that leads to the customer no more."""
    return _done(
        visit, "contact", lambda: visit.desk.remove_contact(visit.part("id"), visit.posted.get("address")), "#contacts"
    )


def _again(visit: Visit) -> sharing.Again:
    return lambda status, problems: shown(visit, status, problems)


@pages.post("/customers/{id}/consents")
def consent(visit: Visit) -> Response:
    """Note that the customer lets a partner have the record."""
    refuse_outside(visit)
    id = visit.part("id")
    return sharing.give(visit, id, at("customers", id) + "#sharing", _again(visit), noted=True)


@pages.post("/customers/{id}/consents/withdraw")
def withdraw_consent(visit: Visit) -> Response:
    """A partner may have nothing of the customer any more."""
    refuse_outside(visit)
    id = visit.part("id")
    return sharing.withdraw(visit, id, at("customers", id) + "#sharing", _again(visit))


@pages.post("/customers/{id}/send")
def send_record(visit: Visit) -> Response:
    """Send a partner what the customer consents to."""
    refuse_outside(visit)
    id = visit.part("id")
    return sharing.send(visit, id, at("customers", id) + "#sharing", _again(visit))


@pages.post("/customers/{id}/acting")
def let_act(visit: Visit) -> Response:
    """Let somebody act for the customer."""
    posted = visit.posted

    def let() -> None:
        person = visit.desk.find_person(visit.written("who"), kind="customer").id
        visit.desk.let_act(person, visit.part("id"), posted.get("may", "act"), because=posted.get("because"))

    return _done(visit, "who", let, "#acting")


@pages.post("/customers/{id}/acting/end")
def end_acting(visit: Visit) -> Response:
    """Somebody acts for the customer no more, or the customer for somebody."""
    person, party = visit.posted.get("person"), visit.posted.get("party")
    return _done(visit, "acting", lambda: visit.desk.end_acting(person, party), "#acting")
