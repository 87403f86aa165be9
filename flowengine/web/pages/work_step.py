"""A step as those inside work on it: its form, and what is known of the customer beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from flowengine import errors as e
from flowengine.client import Way
from flowengine.views.conversation import FileView
from flowengine.views.replies import StaffStep
from flowengine.web.pages.appointments import days_of, slot_of
from flowengine.web.pages.book import Book
from flowengine.web.pages.fields import Answered, answer, asked
from flowengine.web.pages.insiders import (
    in_words,
    refuse_outside,
    refuse_unless_mended,
    tried,
)
from flowengine.web.pages.posted import Upload
from flowengine.web.pages.steps import MOVES, words_for_ways
from flowengine.web.pages.visit import Visit, at

pages = Book()

FACTS = ("preference", "need", "want", "concern", "expectation", "note")
"""The kinds of what is learned of a customer."""
LATELY = 6
"""Of what was said with the customer, how much stands beside a step."""


@pages.get("/work/{step}")
def step(visit: Visit) -> Response:
    """The step, and the customer beside it."""
    refuse_outside(visit)
    return shown(visit, _seen(visit))


def _seen(visit: Visit) -> StaffStep:
    found = visit.desk.step(visit.part("step"))
    assert isinstance(found, StaffStep), "those inside see the step of staff"
    visit.at_home(found.zone)
    return found


@pages.post("/work/{step}")
def act(visit: Visit) -> Response:
    """Answer it. What was typed stands in the form until it is kept."""
    refuse_outside(visit)
    seen, key = _seen(visit), visit.posted.get("key") or None
    ways = {way.outcome: way for way in seen.form.ways}
    chosen = visit.posted.get("way") or (next(iter(ways)) if len(ways) == 1 else "")
    way = ways.get(chosen)
    if way is None and key is not None and chosen:  # sent twice: answered as it was then (L3)
        found = visit.desk.find_step(seen.id, key=key)
        way = found.form.way(chosen) if isinstance(found, StaffStep) else None
    if way is None:
        say = visit.speech.say
        gone = say("This cannot be done any more. Look at how the step is now.")
        words = gone if chosen or not ways else say("Please say what you have done.")
        return shown(visit, seen, 409 if chosen or not ways else 422, {"ways": words})
    given = _answered(visit, seen, way)
    if given.problems:
        return shown(visit, seen, 422, {}, way, given)
    try:
        receipt = visit.desk.act(seen.id, way.outcome, given.values, key=key)
    except e.BadAnswer as error:
        names = {field.name for field in way.fields}
        below = {name: words for name, words in error.problems.items() if name.partition(".")[0] in names}
        others = "; ".join(words for name, words in error.problems.items() if name not in below)
        return shown(visit, seen, 422, {"ways": others} if others else {}, way, Answered(given.values, below))
    except e.Refused as error:
        refuse_unless_mended(error)
        return shown(visit, _seen(visit), 409, {"ways": in_words(error)}, way, given)
    return visit.go("/work", {"did": receipt.job, "seq": str(receipt.seq)})


def _answered(visit: Visit, seen: StaffStep, way: Way) -> Answered:
    if way.outcome in MOVES and seen.type == "fitting":
        return slot_of(way, visit.posted, visit.speech)

    def attach(upload: Upload) -> str:
        return visit.desk.attach(upload.name, upload.data, seen.job).id

    return answer(way.fields, visit.posted, visit.speech, attach, f"{way.outcome}.")


def shown(
    visit: Visit, seen: StaffStep, status: int = 200, problems: dict[str, str] | None = None,
    chosen: Way | None = None, given: Answered | None = None,
    kept: dict[str, list[FileView]] | None = None,
) -> Response:  # fmt: skip
    """The page; ``problems`` by the ids of the boxes beside the step's form, whose own are in what was ``given``.
    ``kept`` are files that were sent with a box, and are there still."""
    found = problems or {}
    with visit.still():
        desk = visit.desk
        customer = seen.customer
        said = desk.conversation_with(customer, limit=LATELY) if customer else []
        contacts = desk.contacts(customer) if customer else []
        claimed = seen.claimed
        holder = desk.person(claimed).name or claimed if claimed else ""
        title = next((one.title for one in desk.processes() if one.name == seen.process and one.latest), seen.process)

    def name_of(id: str) -> str:
        try:
            return visit.desk.file(id).name
        except e.NotFound:
            return visit.speech.say("a file that is not there any more")

    def questions(way: Way) -> list[Any]:
        own = chosen is not None and given is not None and way.outcome == chosen.outcome
        values, wrong = (given.values, given.problems) if own and given is not None else ({}, {})
        typed = visit.posted if own and (wrong or found) else None
        prefix = f"{way.outcome}."
        return asked(
            way.fields, values, wrong, speech=visit.speech, prefix=prefix, typed=typed, name_of=name_of
        )  # fmt: skip

    moving = seen.type == "fitting" and any(way.outcome == "move" for way in seen.form.ways)
    ways = [
        (way, questions(way)) for way in seen.form.ways if not (seen.type == "fitting" and way.outcome in MOVES)
    ]  # fmt: skip
    mine = bool(visit.me is not None and claimed == visit.me.id)
    return visit.page(
        "staff/step.html", status, step=seen, process=title, ways=ways, moving=moving,
        chosen=chosen.outcome if chosen is not None else "", plain=not any(asked for _, asked in ways),
        words=words_for_ways(visit.speech), problems=found, typed=visit.posted, kept=kept or {},
        said=list(reversed(said)), contacts=contacts, holder=holder, mine=mine, kinds=FACTS, known=seen.known,
        wrong_answers=bool(given is not None and given.problems), **days_of(seen, visit),
    )  # fmt: skip


# beside the step


@pages.post("/work/{step}/assign")
def assign(visit: Visit) -> Response:
    """Hand the step to somebody else."""
    refuse_outside(visit)
    seen, whom = _seen(visit), visit.posted.get("whom").strip()
    if not whom:
        return shown(visit, seen, 422, {"whom": visit.speech.say("Please say to whom.")})

    def hand_over() -> None:
        person = visit.desk.find_person(whom, kind="staff")
        visit.desk.assign(seen.id, person.id, key=visit.posted.get("key") or None)

    return _done(visit, seen, "whom", hand_over, "/work")


def _done(visit: Visit, seen: StaffStep, box: str, do: Callable[[], object], after: str = "") -> Response:
    """Do something beside the step; where it cannot be done, say why at the ``box`` it was typed in."""
    return tried(
        do,
        lambda _: visit.go(after or at("work", seen.id) + "#known"),
        lambda status, words: shown(visit, seen, status, {box: words}),
    )


@pages.post("/work/{step}/facts")
def add_fact(visit: Visit) -> Response:
    """Add what was learned of the customer to what is known of her."""
    refuse_outside(visit)
    seen, kind = _seen(visit), visit.posted.get("kind", FACTS[0])

    def add() -> None:
        visit.desk.add_fact(
            seen.customer, kind, visit.written("fact"), job=seen.job, step=seen.id,
            show=visit.posted.get("show") == "yes", key=visit.posted.get("key") or None,
        )  # fmt: skip

    return _done(visit, seen, "fact", add)


@pages.post("/work/{step}/answers")
def answer_fact(visit: Visit) -> Response:
    """Answer what is open: who raised it is told."""
    refuse_outside(visit)
    seen, fact = _seen(visit), visit.posted.get("of")

    def reply() -> None:
        visit.desk.answer_fact(fact, visit.written("answer"))

    return _done(visit, seen, f"answer-{fact}", reply)


@pages.post("/work/{step}/notes")
def note(visit: Visit) -> Response:
    """Note something for those inside: no customer ever sees it."""
    return _said(visit, "note")


@pages.post("/work/{step}/messages")
def message(visit: Visit) -> Response:
    """Write to the customer."""
    return _said(visit, "message")


def _said(visit: Visit, verb: str) -> Response:
    refuse_outside(visit)
    seen = _seen(visit)
    say = visit.desk.note if verb == "note" else visit.desk.message
    files: list[str] = []

    def send() -> None:
        files.extend(visit.attached(f"{verb}-files", seen.job))
        if not files:
            visit.written(verb)
        say(seen.job, visit.posted.get(verb), files, key=visit.posted.get("key") or None)

    def again(status: int, words: str) -> Response:
        return shown(visit, seen, status, {verb: words}, kept={verb: [visit.desk.file(one) for one in files]})

    return tried(send, lambda _: visit.go(at("work", seen.id) + "#said"), again)
