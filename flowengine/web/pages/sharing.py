"""To what a customer consents, and what partners have, on the page of his own data and on that of his record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from starlette.responses import Response

from flowengine import errors as e
from flowengine.web.pages.insiders import in_words, refuse_unless_mended, status_of
from flowengine.web.pages.visit import Visit

Again = Callable[[int, dict[str, str]], Response]
"""The page once more: its status, and what is wrong by the ids of the boxes."""


def give(visit: Visit, person: str, back: str, again: Again, *, noted: bool = False) -> Response:
    """Consent, as the form says; ``noted``: somebody inside says where it is written."""
    posted = visit.posted
    try:
        day = date.fromisoformat(posted.get("until"))
        midnight = datetime.combine(day + timedelta(days=1), time(), visit.speech.clock())
    except (ValueError, OverflowError):
        return again(422, {"until": visit.speech.say("Please give a day.")})
    paper = posted.get("paper").strip() if noted else ""
    parts = posted.all("parts")
    return _tried(
        visit,
        lambda: visit.desk.give_consent(
            person, posted.get("partner"), until=midnight.astimezone(UTC), parts=parts, paper=paper
        ),
        back,
        again,
        "partner",
    )


def withdraw(visit: Visit, person: str, back: str, again: Again) -> Response:
    """A partner is to have nothing any more."""
    return _tried(
        visit, lambda: visit.desk.withdraw_consent(person, visit.posted.get("partner")), back, again, "sharing"
    )


def send(visit: Visit, person: str, back: str, again: Again) -> Response:
    """All that is consented to goes to a partner."""
    return _tried(visit, lambda: visit.desk.send_record(person, visit.posted.get("partner")), back, again, "sharing")


def _tried(visit: Visit, do: Callable[[], object], back: str, again: Again, box: str) -> Response:
    try:
        do()
    except e.Refused as error:
        refuse_unless_mended(error)
        told = error.problems if isinstance(error, e.BadAnswer) else {box: in_words(error)}
        problems = {name: _in_full(visit, name, problem) for name, problem in told.items()}
        return again(status_of(error), dict(problems))
    return visit.go(back)


def _in_full(visit: Visit, box: str, problem: str) -> str:
    """What is wrong, where it does not stand beside its box."""
    if box == "until":
        return visit.speech.say("The day: %(problem)s", problem=problem)
    if box == "paper":
        return visit.speech.say("The paper: %(problem)s", problem=problem)
    return problem
