"""A customer on one screen: what is known, what is under way, what was said, and who acts for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from flowengine import errors as e
from flowengine.views.conversation import FileView
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import (
    attached,
    in_words,
    refuse_nothing,
    refuse_outside,
    refuse_unless_mended,
    status_of,
)
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
        processes = [one for one in desk.processes() if one.latest and one.suspended is None] if not after else []
    waiting = max((one.due for one in said if one.status == "waiting" and not one.job and one.due), default=None)
    return visit.page(
        "staff/customer.html", status, record=record, lines=lines, said=list(reversed(said)), facts=facts,
        contacts=contacts, acting=acting, problems=problems or {}, kept=kept, typed=visit.posted, kinds=FACTS, may=MAY,
        more=lines[-1].place if len(lines) == LINES else "", after=after, waiting=waiting, processes=processes,
    )  # fmt: skip


def _done(visit: Visit, box: str, do: Callable[[], object], back: str = "") -> Response:
    """Do something about the customer; where it cannot be done, say why at the ``box`` it was typed in."""
    refuse_outside(visit)
    try:
        do()
    except e.Refused as error:
        refuse_unless_mended(error)
        return shown(visit, status_of(error), {box: in_words(error)})
    return visit.go(at("customers", visit.part("id")) + back)


@pages.post("/customers/{id}/facts")
def add_fact(visit: Visit) -> Response:
    """Add what was learned."""
    posted = visit.posted

    def add() -> None:
        refuse_nothing(visit, "fact")
        visit.desk.add_fact(
            visit.part("id"), posted.get("kind", FACTS[0]), posted.get("fact"), show=posted.get("show") == "yes",
            key=posted.get("key") or None,
        )  # fmt: skip

    return _done(visit, "fact", add, "#facts")


@pages.post("/customers/{id}/answers")
def answer_fact(visit: Visit) -> Response:
    """Answer what is open."""
    fact = visit.posted.get("of")

    def reply() -> None:
        refuse_nothing(visit, "answer")
        visit.desk.answer_fact(fact, visit.posted.get("answer"))

    return _done(visit, f"answer-{fact}", reply, "#facts")


@pages.post("/customers/{id}/facts/change")
def change_fact(visit: Visit) -> Response:
    """A fact is said otherwise; how it was said before is kept."""
    posted, fact = visit.posted, visit.posted.get("of")

    def change() -> None:
        refuse_nothing(visit, "text")
        visit.desk.change_fact(fact, posted.get("text"), kind=posted.get("kind"), show=posted.get("show") == "yes")

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
    try:
        visit.desk.add_customer(
            visit.desk.person(id).id, posted.get("name").strip(), groups=groups,
            organisation=posted.get("organisation") == "yes",
        )  # fmt: skip
    except e.Refused as error:
        refuse_unless_mended(error)
        return shown(visit, status_of(error), {"name": in_words(error)})
    return visit.go(at("customers", id))


@pages.post("/customers/{id}/facts/take-back")
def take_back(visit: Visit) -> Response:
    """A fact counts no more."""
    return _done(visit, "facts", lambda: visit.desk.take_back_fact(visit.posted.get("fact")), "#facts")


@pages.post("/customers/{id}/messages")
def message(visit: Visit) -> Response:
    """Write to the customer about no job in particular."""

    refuse_outside(visit)
    files: list[str] = []
    try:
        files = attached(visit, "files")
        if not files:
            refuse_nothing(visit, "message")
        key = visit.posted.get("key") or None
        visit.desk.message_to(visit.part("id"), visit.posted.get("message"), files, key=key)
    except e.Refused as error:
        refuse_unless_mended(error)
        kept = [visit.desk.file(one) for one in files]
        return shown(visit, status_of(error), {"message": in_words(error)}, kept)
    return visit.go(at("customers", visit.part("id")) + "#said")


@pages.post("/customers/{id}/contacts")
def add_contact(visit: Visit) -> Response:
    """Another way to the customer."""
    return _done(
        visit, "contact", lambda: visit.desk.add_contact(visit.part("id"), visit.posted.get("contact")), "#contacts"
    )


@pages.post("/customers/{id}/contacts/remove")
def remove_contact(visit: Visit) -> Response:
    """A way that leads to the customer no more."""
    return _done(
        visit, "contact", lambda: visit.desk.remove_contact(visit.part("id"), visit.posted.get("address")), "#contacts"
    )


@pages.post("/customers/{id}/acting")
def let_act(visit: Visit) -> Response:
    """Let somebody act for the customer."""
    posted = visit.posted

    def let() -> None:
        person = visit.desk.find_person(posted.get("who"), kind="customer").id
        visit.desk.let_act(person, visit.part("id"), posted.get("may", "act"), because=posted.get("because"))

    return _done(visit, "who", let, "#acting")


@pages.post("/customers/{id}/acting/end")
def end_acting(visit: Visit) -> Response:
    """Somebody acts for the customer no more, or the customer for somebody."""
    person, party = visit.posted.get("person"), visit.posted.get("party")
    return _done(visit, "acting", lambda: visit.desk.end_acting(person, party), "#acting")
