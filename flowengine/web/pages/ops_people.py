"""Those who work here: names, roles and absences, what they have in hand, and what becomes of it when they leave."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.speech.phrases import phrase
from flowengine.views.replies import HandedOver, Left
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import (
    on_days,
    refuse_all_but_operators,
    role_titles,
    start_typed,
    tried,
)
from flowengine.web.pages.visit import Visit, at

pages = Book()

PAGE = 50


@pages.get("/ops/people")
def people(visit: Visit) -> Response:
    """A page of them, by id."""
    refuse_all_but_operators(visit)
    return listed(visit)


def listed(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    """The page; ``problems`` by the ids of the boxes."""
    after = visit.query("after")
    with visit.still():
        rows = visit.desk.people("staff", after=after, limit=PAGE)
        roles = role_titles(visit, visit.desk.roles())
    return visit.page(
        "operators/people.html", status, people=rows, roles=roles, problems=problems or {}, typed=visit.posted,
        after=after, more=rows[-1].id if len(rows) == PAGE else "",
    )  # fmt: skip


@pages.post("/ops/people")
def enter(visit: Visit) -> Response:
    """Enter somebody new. Who is there already is changed on his own page."""
    refuse_all_but_operators(visit)
    posted = visit.posted
    id, name = posted.get("id").strip(), posted.get("name").strip()
    try:
        found = visit.desk.person(id) if id else None
    except e.NotFound:
        found = None
    if found is not None:
        return listed(visit, 409, {"id": visit.speech.say("Somebody has this id already.")})
    return tried(
        lambda: visit.desk.add_staff(id, name, posted.all("roles"), posted.get("contact").strip()),
        lambda _: visit.go(at("ops", "people", id)),
        lambda status, words: listed(visit, status, {"id": words}),
    )


@pages.get("/ops/people/{id}")
def person(visit: Visit) -> Response:
    """One of them, with what he has in hand."""
    refuse_all_but_operators(visit)
    return shown(visit)


def shown(
    visit: Visit, status: int = 200, problems: dict[str, str] | None = None, seen: Left | HandedOver | None = None
) -> Response:
    """The page; ``seen`` is what would come of what was asked, to be confirmed."""
    with visit.still():
        desk = visit.desk
        found = desk.person(visit.part("id"))
        if found.kind != "staff":
            raise e.NotFound(phrase("there is no such page"))
        holdings = desk.holdings(found.id)
        roles = role_titles(visit, {**dict.fromkeys(found.roles, ()), **desk.roles()})
        sessions = desk.sessions(found.id)
    return visit.page(
        "operators/person.html", status, person=found, holdings=holdings, roles=roles, sessions=sessions,
        problems=problems or {}, typed=visit.posted, now=visit.speech.now,
        left=seen if isinstance(seen, Left) else None, handed=seen if isinstance(seen, HandedOver) else None,
    )  # fmt: skip


@pages.post("/ops/people/{id}/roles")
def set_roles(visit: Visit) -> Response:
    """What he is asked for from now on."""
    refuse_all_but_operators(visit)
    id = visit.desk.person(visit.part("id")).id
    return tried(
        lambda: visit.desk.add_staff(id, roles=visit.posted.all("roles")),
        lambda _: visit.go(at("ops", "people", id)),
        lambda status, words: shown(visit, status, {"roles": words}),
    )


@pages.post("/ops/people/{id}/leave")
def leave(visit: Visit) -> Response:
    """First what would become of what he has, then, once that was seen, he has left."""
    return _with_reason(visit, "leave")


@pages.post("/ops/people/{id}/hand-over")
def hand_over(visit: Visit) -> Response:
    """First which steps would go to the other, then they do."""
    return _with_reason(visit, "hand-over")


def _with_reason(visit: Visit, what: str) -> Response:
    refuse_all_but_operators(visit)
    posted, id, desk = visit.posted, visit.part("id"), visit.desk
    because, to, sure = posted.get("because").strip(), posted.get("to").strip(), posted.get("stage") == "do"
    box = "because" if what == "leave" else "hand-because"
    if not because:
        return shown(visit, 422, {box: visit.speech.say("Please say why.")})
    if what == "hand-over" and not to:
        return shown(visit, 422, {"hand-to": visit.speech.say("Please say to whom.")})

    def do() -> Left | HandedOver:
        whom = desk.find_person(to, kind="staff").id if to else ""
        if what == "leave":
            return desk.leave(id, because=because, to=whom, dry=not sure)
        return desk.hand_over(id, whom, because=because, dry=not sure)

    return tried(
        do,
        lambda seen: visit.go(at("ops", "people", id)) if sure else shown(visit, seen=seen),
        lambda status, words: shown(visit, status, {box: words}),
    )


@pages.post("/ops/people/{id}/name")
def set_name(visit: Visit) -> Response:
    """What he is called, and in which zone he reads moments."""
    refuse_all_but_operators(visit)
    id, posted = visit.part("id"), visit.posted
    try:
        visit.desk.set_name(id, posted.get("name").strip(), zone=posted.get("zone").strip())
    except e.BadAnswer as error:
        return shown(visit, 422, {"zone" if "zone" in box else "name": words for box, words in error.problems.items()})
    return visit.go(at("ops", "people", id))


@pages.post("/ops/people/{id}/away")
def away(visit: Visit) -> Response:
    """He is away, both days with those between. What is booked for then stays booked, and is told."""
    refuse_all_but_operators(visit)
    id, posted = visit.part("id"), visit.posted
    return on_days(
        visit,
        lambda first, last: visit.desk.add_absence(id, first, last, posted.get("why").strip()),
        lambda done, _: visit.go(at("ops", "people", id), {"booked": str(len(done.appointments))}),
        lambda status, problems: shown(visit, status, problems),
    )


@pages.post("/ops/people/{id}/back")
def back(visit: Visit) -> Response:
    """He is there after all."""
    refuse_all_but_operators(visit)
    start = start_typed(visit, phrase("there is no such absence"))
    visit.desk.remove_absence(visit.part("id"), start)
    return visit.go(at("ops", "people", visit.part("id")))
