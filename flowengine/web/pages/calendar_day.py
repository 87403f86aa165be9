"""What is booked, and what is free: a day or a week, of oneself, of a role, of a person or of a calendar; closures."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from starlette.responses import Response

from flowengine import errors as e
from flowengine.speech.phrases import phrase
from flowengine.views.replies import AgendaItem
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import (
    on_days,
    refuse_outside,
    role_titles,
    start_typed,
)
from flowengine.web.pages.visit import Visit

pages = Book()

MOST = 200
"""Appointments on a page."""


@pages.get("/calendar")
def calendar(visit: Visit) -> Response:
    """The day, ``?day=2026-05-04``, or with ``span=week`` the seven days from then on."""
    refuse_outside(visit)
    return shown(visit)


def shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    """The page; ``problems`` by the ids of the boxes."""
    day, long = _day(visit), visit.query("span") == "week"
    days = 7 if long else 1
    whose = {name: found for name in ("person", "role", "calendar") if (found := visit.query(name).strip())}
    with visit.still():
        items = visit.desk.agenda(day, day + timedelta(days=days - 1), limit=MOST, **whose)
        closures = visit.desk.closures(whose.get("calendar", ""))
        roles = role_titles(visit, visit.desk.roles())
        free = visit.desk.free_hours(day=day)
        me = visit.me
        absences = visit.desk.person(me.id).absences if me is not None else ()
    clock = visit.speech.clock()
    by_day: dict[date, list[AgendaItem]] = {day + timedelta(days=one): [] for one in range(days)}
    for item in items:
        by_day.setdefault(item.start.astimezone(clock).date(), []).append(item)
    return visit.page(
        "staff/calendar.html", status, problems=problems or {}, typed=visit.posted, days=sorted(by_day.items()),
        day=day, long=long, whose=whose, closures=closures, free=free,
        absences=[one for one in absences if one.end > visit.speech.now], roles=roles, full=len(items) == MOST,
        before=day - timedelta(days=days), after=day + timedelta(days=days), today=_today(visit),
    )  # fmt: skip


@pages.post("/calendar/away")
def away(visit: Visit) -> Response:
    """Say that one is away, both days with those between. What is booked for then stays booked, and says so."""
    refuse_outside(visit)
    me = visit.me
    if me is None:
        raise e.NotFound(phrase("there is no such page"))
    return on_days(
        visit,
        lambda first, last: visit.desk.add_absence(me.id, first, last, visit.posted.get("why").strip()),
        lambda _, first: visit.go("/calendar", {"day": first.isoformat()}),
        lambda status, problems: shown(visit, status, problems),
    )


@pages.post("/calendar/back")
def back(visit: Visit) -> Response:
    """One is there after all."""
    refuse_outside(visit)
    start = start_typed(visit, phrase("there is no such absence"))
    if visit.me is not None:
        visit.desk.remove_absence(visit.me.id, start)
    return visit.go("/calendar")


@pages.post("/calendar/close")
def close(visit: Visit) -> Response:
    """A calendar has no appointments, both days with those between. What is booked for then stays booked: the page that
    follows shows it."""
    refuse_outside(visit)
    name = visit.posted.get("closed")
    week = {"calendar": name, "span": "week"}
    return on_days(
        visit,
        lambda first, last: visit.desk.close_calendar(name, first, last, visit.posted.get("closed-why").strip()),
        lambda done, first: visit.go(
            "/calendar", week | {"day": first.isoformat(), "booked": str(len(done.appointments))}
        ),
        lambda status, problems: shown(visit, status, problems),
        "closed-",
    )


@pages.post("/calendar/open")
def open_again(visit: Visit) -> Response:
    """A calendar is open again that was closed from a moment on."""
    refuse_outside(visit)
    start = start_typed(visit, phrase("it is not closed then"))
    visit.desk.open_calendar(visit.posted.get("of"), start)
    return visit.go("/calendar", {"calendar": visit.posted.get("of")})


def _today(visit: Visit) -> date:
    now: datetime = visit.speech.now
    return now.astimezone(visit.speech.clock()).date()


def _day(visit: Visit) -> date:
    """The day that was asked for; today where none was, or none that there is."""
    try:
        found = date.fromisoformat(visit.query("day"))
    except ValueError:
        return _today(visit)
    return found if 1970 <= found.year <= 9000 else _today(visit)
