"""What waits for a member of staff, the most urgent for the customer first; and taking, giving back, handing over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from flowengine import errors as e
from flowengine.views.replies import ExpectedView, HeldStep, InboxGroup, InboxItem, StaffItem
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import (
    refuse_outside,
    role_titles,
    titles_of,
    tried,
)
from flowengine.web.pages.visit import Visit, at

pages = Book()

PAGE = 40
"""Steps on a page of the worklist."""
WRITTEN = 5
"""Customers who wait for an answer that are shown above all pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step in the list. ``when`` is by when it is to be done, ``appointment`` when the customer comes, until
    ``appointment_end``, ``usual`` in how many seconds it is usually over, and ``expected`` when the job is."""

    id: str
    job: str
    title: str
    process: str
    customer: str
    customer_name: str
    mine: bool
    when: datetime | None = None
    appointment: datetime | None = None
    appointment_end: datetime | None = None
    opened: datetime | None = None
    promise: datetime | None = None
    late: bool = False
    asked: str = ""
    preferred: bool = False
    zone: str = ""
    usual: int | None = None
    expected: ExpectedView | None = None


@pages.get("/work")
def worklist(visit: Visit) -> Response:
    """A page of it. What is his own comes first, on the first page all of it."""
    refuse_outside(visit)
    return shown(visit)


def shown(visit: Visit, status: int = 200, problem: str = "") -> Response:
    """The page; ``problem`` is why something was not done with a step."""
    names = ("process", "role", "text")
    narrowed = {name: found for name in names if (found := visit.query(name).strip())}
    process, role, text = (narrowed.get(name, "") for name in names)
    after = visit.query("after")
    person = visit.me.id if visit.me is not None else ""
    with visit.still():
        desk = visit.desk
        items = desk.inbox(limit=PAGE, after=after or None, process=process, role=role, text=text)
        counts = desk.inbox_counts(process=process, role=role, text=text)
        everything = desk.inbox_counts() if narrowed else counts
        first = not after and not narrowed
        held = desk.holdings(person).claimed if first and person else ()
        written = desk.open_conversations(limit=WRITTEN) if first else []
        titles, roles = titles_of(desk), role_titles(visit, desk.roles())
        did = _did(visit) if status == 200 else ""
    rows = [_row(one) for one in items]
    listed = {one.id for one in rows}
    mine = [one for one in rows if one.mine] + [_held(one) for one in held if one.id not in listed]
    return visit.page(
        "staff/worklist.html", status, mine=mine, asking=[one for one in rows if one.asked and not one.mine],
        others=[one for one in rows if not one.asked and not one.mine], counts=counts, written=written, did=did,
        groups=_groups(everything.groups), titles=titles, roles=roles, narrowed=narrowed, problem=problem, after=after,
        more=items[-1].place if len(items) == PAGE else "", soon=_midnight(visit),
        orders=any(visit.process(name).uses_up for name in titles),
    )  # fmt: skip


def _did(visit: Visit) -> str:
    """What his last answer came to, in words; nothing where it is not for him to know."""
    job, seq = visit.query("did"), visit.query("seq")
    if not job or not seq.lstrip("-").isdecimal() or len(seq) > 18:
        return ""
    try:
        return visit.desk.answered(job, int(seq)).said
    except e.NotFound:
        return ""


def _midnight(visit: Visit) -> datetime:
    """The end of his day: what is to be done by then is for today."""
    here = visit.speech.now.astimezone(visit.speech.clock())
    return here.replace(hour=23, minute=59, second=59)


def _groups(groups: tuple[InboxGroup, ...]) -> list[InboxGroup]:
    return sorted(groups, key=lambda one: (-one.late, -one.today, -one.count, one.process, one.role))


def _row(item: InboxItem) -> Row:
    inside = item if isinstance(item, StaffItem) else None
    return Row(
        id=item.id, job=item.job, title=item.title, process=item.process, customer=item.customer,
        customer_name=item.customer_name, mine=item.mine, when=item.urgent or item.due,
        appointment=inside.appointment if inside else None, opened=item.opened,
        appointment_end=inside.appointment_end if inside else None,
        promise=item.promise, late=item.late, asked=item.asked, preferred=item.preferred, zone=item.zone,
        usual=inside.usual if inside else None,
        expected=item.expected if isinstance(item, StaffItem) else None,
    )  # fmt: skip


def _held(step: HeldStep) -> Row:
    """One that he has taken and that is not among the most urgent."""
    return Row(
        id=step.id, job=step.job, title=step.title, process=step.process, customer="",
        customer_name=step.customer_name, mine=True, when=step.due,
    )  # fmt: skip


@pages.post("/work/claim")
def claim(visit: Visit) -> Response:
    """Take a step for oneself, and open it."""
    refuse_outside(visit)
    step = visit.posted.get("step")
    return tried(
        lambda: visit.desk.claim(step, key=key_of(visit, "claim", step)),
        lambda _: visit.go(at("work", step)),
        lambda status, words: shown(visit, status, words),
    )


@pages.post("/work/release")
def release(visit: Visit) -> Response:
    """Give a step back to all whom it waits for."""
    refuse_outside(visit)
    step = visit.posted.get("step")
    return tried(
        lambda: visit.desk.release(step, key=key_of(visit, "release", step)),
        lambda _: visit.go("/work"),
        lambda status, words: shown(visit, status, words),
    )


def key_of(visit: Visit, *parts: str) -> str | None:
    """The key of a form that has a button for each of several things: one for each of them."""
    key = visit.posted.get("key")
    return ".".join((key[:80], *parts)) if key else None
