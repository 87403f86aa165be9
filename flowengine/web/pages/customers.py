"""The customers: who is searched for, who is new, and who may be one with another."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import in_words, refuse_outside, tried
from flowengine.web.pages.visit import Visit, at

pages = Book()

PAGE = 30


@pages.get("/customers")
def customers(visit: Visit) -> Response:
    """Those whom words fit, in pages; before anything is searched for, all."""
    refuse_outside(visit)
    text, after = visit.query("text").strip(), visit.query("after")
    with visit.still():
        found = visit.desk.customers(text, after=after, limit=PAGE)
        pairs = visit.desk.duplicates(limit=1) if not text and not after else []
    more = found.customers[-1].place if len(found.customers) == PAGE else ""
    return visit.page("staff/customers.html", found=found, text=text, after=after, more=more, proposed=bool(pairs))


@pages.get("/new-customer")
def new(visit: Visit) -> Response:
    """Enter a customer."""
    refuse_outside(visit)
    return _new(visit)


def _new(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    return visit.page("staff/new_customer.html", status, problems=problems or {}, typed=visit.posted)


@pages.post("/new-customer")
def enter(visit: Visit) -> Response:
    """Enter a customer, under a new id. Who is known already is shown rather than entered twice."""
    refuse_outside(visit)
    name, contact = visit.posted.get("name").strip(), visit.posted.get("contact").strip()
    if not name:
        return _new(visit, 422, {"name": visit.speech.say("Please say what the customer is called.")})
    if contact and visit.posted.get("sure") != "yes":
        found = visit.desk.customers(contact, limit=PAGE)
        if found.count:
            return visit.page("staff/new_customer.html", 409, problems={}, typed=visit.posted, known=found.customers)
    try:
        made = visit.desk.add_customer(
            "", name, contact, organisation=visit.posted.get("organisation") == "yes" or None
        )  # fmt: skip
    except e.BadAnswer as error:
        told = {one if one in ("name", "contact") else "name": words for one, words in error.problems.items()}
        return _new(visit, 422, told)
    return visit.go(at("customers", made.id))


# who may be one


@pages.get("/duplicates")
def duplicates(visit: Visit) -> Response:
    """Pairs of customers who may be one, and why it seems so."""
    refuse_outside(visit)
    return visit.page("staff/duplicates.html", pairs=visit.desk.duplicates(limit=PAGE))


@pages.post("/duplicates")
def reject(visit: Visit) -> Response:
    """They are two: they are proposed no more."""
    refuse_outside(visit)
    visit.desk.reject_duplicate(visit.posted.get("person"), visit.posted.get("other"))
    return visit.go("/duplicates")


@pages.get("/customers/{id}/merge")
def look(visit: Visit) -> Response:
    """Both, side by side, before anything happens: ``?with=`` is the other one."""
    refuse_outside(visit)
    return _side_by_side(visit, visit.query("with").strip())


def _side_by_side(visit: Visit, other: str, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    found, person = dict(problems or {}), visit.part("id")
    with visit.still():
        first = visit.desk.record(person)
        second = None
        if other:
            try:
                second = visit.desk.record(visit.desk.find_person(other, kind="customer").id)
            except (e.NotFound, e.Ambiguous) as error:
                status, found = (422 if status == 200 else status), {"with": in_words(error)}
    if second is not None and second.customer == first.customer:
        second, status = None, 422
        found = {"with": visit.speech.say("These are the same person already.")}
    return visit.page(
        "staff/merge.html", status, first=first, second=second, other=other, problems=found, typed=visit.posted
    )


@pages.post("/customers/{id}/merge")
def merge(visit: Visit) -> Response:
    """They are one. Nothing is moved, so that it can be undone."""
    refuse_outside(visit)
    person, into, because = visit.part("id"), visit.posted.get("into"), visit.posted.get("because").strip()
    if not because:
        return _side_by_side(visit, into, 422, {"because": visit.speech.say("Please say why.")})

    def again(status: int, words: str) -> Response:
        one = _are_one(visit, person, into)
        if one:  # sent twice
            return visit.go(at("customers", one))
        return _side_by_side(visit, into, status, {"because": words})

    return tried(
        lambda: visit.desk.merge(person, into, because=because),
        lambda done: visit.go(at("customers", done.customer)),
        again,
    )


def _are_one(visit: Visit, person: str, into: str) -> str:
    """As whom both are shown already; empty where they are two."""
    first, second = visit.desk.record(person).customer, visit.desk.find_person(into, kind="customer").id
    return first if first == visit.desk.record(second).customer else ""


@pages.get("/customers/{id}/unmerge")
def look_at_two(visit: Visit) -> Response:
    """What undoing it would mean."""
    refuse_outside(visit)
    return visit.page("staff/unmerge.html", record=visit.desk.record(visit.part("id")), id=visit.part("id"))


@pages.post("/customers/{id}/unmerge")
def unmerge(visit: Visit) -> Response:
    """They are two again."""
    refuse_outside(visit)
    done = visit.desk.unmerge(visit.part("id"))
    return visit.go(at("customers", done.id))
