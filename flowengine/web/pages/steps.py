"""What waits for a customer: its questions, the answers to check, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from flowengine import errors as e
from flowengine.client import Json, Way
from flowengine.people.identities import Identity, as_strong
from flowengine.speech.telling import Speech
from flowengine.views.ballots import BallotView
from flowengine.views.replies import CustomerStep, Receipt
from flowengine.web.pages.appointments import days_of, slot_of
from flowengine.web.pages.book import Book
from flowengine.web.pages.fields import Answered, answer, asked, carried, price, summary, typed
from flowengine.web.pages.posted import Upload
from flowengine.web.pages.visit import Visit, at

pages = Book()

MOVES = ("hold", "book", "move", "cancel")
"""What is done about an appointment."""


@pages.get("/steps/{step}")
def step(visit: Visit) -> Response:
    """What is asked, or, once it is over, what became of it."""
    if visit.kind in ("staff", "operator"):
        return visit.go(at("work", visit.part("step")))
    seen = visit.desk.step(visit.part("step"))
    return _Page(visit, seen).show()


@pages.post("/steps/{step}")
def act(visit: Visit) -> Response:
    """Answers to check, to be changed once more, or to be kept."""
    try:
        seen = visit.desk.step(visit.part("step"))
    except e.StaleCommand as error:
        return visit.page("failed.html", 409, error=error, heading=409, changed=True)
    return _Page(visit, _as_sent(visit, seen)).act()


def _as_sent(visit: Visit, seen: CustomerStep) -> CustomerStep:
    """The step as it was when the same form was sent before: then it is answered as it was then (L3)."""
    key = visit.posted.get("key")
    if not key or seen.form.way(visit.posted.get("way")) is not None:
        return seen
    found = visit.desk.find_step(seen.id, key=key)
    return found if isinstance(found, CustomerStep) else seen


@dataclass
class _Page:
    """The page of one step. ``way`` is what was chosen to be done, ``given`` what was answered to it."""

    visit: Visit
    step: CustomerStep
    way: str = ""
    given: Answered = field(default_factory=lambda: Answered({}, {}))
    concern: str = ""
    others: tuple[str, ...] = ()
    said: bool = False

    def __post_init__(self) -> None:
        self.visit.at_home(self.step.zone)

    def act(self) -> Response:
        posted, ways = self.visit.posted, {way.outcome: way for way in self.step.form.ways}
        self.concern = posted.get("concern").strip()
        self.said = posted.get("said") == "yes"
        self.way = posted.get("way") or (next(iter(ways)) if len(ways) == 1 else "")
        if not self.step.open or not ways:
            return self.over(409)
        way = ways.get(self.way)
        if way is None:
            say = self.visit.speech.say
            missing, gone = say("Please say what you would like to do."), say("This cannot be done any more.")
            self.others = (gone if self.way else missing,)
            self.way = ""
            return self.show(422)
        self.given = self.answered(way)
        stage = posted.get("stage")
        if self.given.problems:
            return self.show(422)
        if stage == "change":
            return self.show()
        if stage != "send" and self.is_to_check(way):
            return self.check(way)
        return self.send(way)

    def answered(self, way: Way) -> Answered:
        """What was typed for it. Files are kept at once, and belong to nothing yet."""
        if way.outcome in MOVES and self.step.type == "fitting":
            return slot_of(way, self.visit.posted, self.visit.speech)
        return answer(way.fields, self.visit.posted, self.visit.speech, self.attach, f"{way.outcome}.")

    def attach(self, upload: Upload) -> str:
        return self.visit.desk.attach(upload.name, upload.data, self.step.job).id

    def is_to_check(self, way: Way) -> bool:
        """Whether it is more than a word: what was answered is shown once more before it counts."""
        if self.step.type == "fitting":
            return way.outcome != "hold" and "slot" in self.given.values
        if self.step.type == "vote":
            return any(field.shape != "one" for field in way.fields)
        return bool(self.concern or self.given.values) or len(self.step.form.ways) > 1

    # what is done

    def send(self, way: Way) -> Response:
        """Have it count; where it cannot, nothing that was typed is lost."""
        visit, key = self.visit, self.visit.posted.get("key") or None
        first = f"{key}.said" if key else None
        try:
            if self.concern:
                visit.desk.say(self.step.job, self.concern, "concern", key=first)
                self.concern, self.said = "", True
            receipt = visit.desk.act(self.step.id, way.outcome, self.given.values, key=key)
        except e.BadAnswer as error:
            return self.refused(way, error)
        except e.SlotTaken:
            self.step = visit.desk.step(self.step.id)
            self.others = (
                visit.speech.say("Somebody else was quicker: this time has just gone. These are still free."),
            )
            self.given = Answered({}, {})
            return self.show(409)
        except (e.StaleCommand, e.AlreadyClaimed):
            self.step = visit.desk.step(self.step.id)
            return self.over(409)
        except e.WeakIdentity:
            raise
        except (e.KeyConflict, e.NotAllowed, e.UnknownOutcome) as error:
            self.step = visit.desk.step(self.step.id)
            if not self.step.open or not self.step.form.ways:
                return self.over(409)
            conflict = visit.speech.say(
                "This page was used before for another answer. Look whether it is right, and send it."
            )
            self.others = (conflict if isinstance(error, e.KeyConflict) else error.what,)
            return self.show(409)
        return self.done(way, receipt)

    def done(self, way: Way, receipt: Receipt) -> Response:
        if way.outcome == "hold":
            return self.visit.go(at("steps", self.step.id))
        return self.visit.go(at("receipts", receipt.job, str(receipt.seq)))

    def refused(self, way: Way, error: e.BadAnswer) -> Response:
        names = {field.name for field in way.fields}
        below = {name: words for name, words in error.problems.items() if name.partition(".")[0] in names}
        self.given = Answered(self.given.values, below)
        self.others = tuple(words for name, words in error.problems.items() if name not in below)
        return self.show(422)

    # what is shown

    def show(self, status: int = 200) -> Response:
        step, visit = self.step, self.visit
        if not step.open or not step.form.ways:
            return self.over(status)
        ballot = self.ballot()
        given = _cast(ballot.ballot, step) if ballot is not None else {}
        chosen = self.way or _usual(step)
        if not self.way and ballot is not None:
            chosen = "abstain" if "abstain" in given else "vote"
        return visit.page(
            "customers/fitting.html" if step.type == "fitting" else "customers/step.html",
            status,
            step=step,
            ways=[(way, self.asked(way, given)) for way in step.form.ways],
            chosen=chosen,
            words=words_for_ways(visit.speech) | {step.title: visit.speech.say("Answer")},
            voted=self.voted(given),
            others=self.others,
            concern=self.concern,
            may_say=step.customer == (visit.me.id if visit.me else "") and step.type not in ("vote", "fitting"),
            said=self.said,
            ballot=ballot,
            currency=next((one.currency for way in step.form.ways for one in way.fields if one.currency), ""),
            priced=any(price(way.fields, {}) for way in step.form.ways),
            stronger=self.is_weak(),
            problems=bool(self.others or self.given.problems),
            **days_of(step, visit),
        )

    def asked(self, way: Way, given: Mapping[str, Json]) -> list[Any]:
        if self.step.type == "fitting":
            return []
        own = way.outcome == self.way
        needed = None
        if any(option.lead_time for one in way.fields for option in one.options):
            promise = self.visit.desk.track(self.step.job).promise
            needed = promise.by if promise is not None and promise.kept is None else None
        fields = way.fields
        if self.step.type == "vote":  # its question is the title of the page
            fields = tuple(replace(one, title=self.visit.speech.say("Your vote")) for one in fields)
        return asked(
            fields,
            self.given.values if own else given,
            self.given.problems if own else {},
            speech=self.visit.speech,
            prefix=f"{way.outcome}.",
            typed=self.visit.posted if own and self.given.problems else None,
            name_of=self.name_of,
            needed=needed,
            pictures=self.visit.assets,
        )

    def name_of(self, id: str) -> str:
        try:
            return self.visit.desk.file(id).name
        except e.NotFound:
            return self.visit.speech.say("a file that is not there any more")

    def voted(self, given: Mapping[str, Json]) -> str:
        """What he has voted for, in words."""
        if not given:
            return ""
        fields = next((way.fields for way in self.step.form.ways if way.outcome == "vote"), ())
        told = summary(fields, given, self.visit.speech)
        return told[0][1] if "for" in given and told else self.visit.speech.say("You abstained.")

    def ballot(self) -> BallotView | None:
        """His own; None where the step is no vote, or one that was opened before there were ballot boxes."""
        if self.step.type != "vote":
            return None
        try:
            return self.visit.desk.ballot(self.step.id)
        except e.NotFound:
            return None

    def is_weak(self) -> bool:
        """Whether who asks has to be known better before he can do this."""
        who = self.visit.who
        return bool(self.step.asks) and isinstance(who, Identity) and not as_strong(who.strength, self.step.asks)

    def check(self, way: Way) -> Response:
        """All that was answered, on one page, before it counts."""
        visit, prefix = self.visit, f"{way.outcome}."
        kept = carried(way.fields, self.given.values, visit.speech, prefix)
        if self.step.type == "fitting":
            kept = [("slot", str(self.given.values["slot"]))]
        cost = price(way.fields, self.given.values)
        return visit.page(
            "customers/check.html",
            step=self.step,
            way=way,
            words=words_for_ways(visit.speech),
            lines=self.lines(way),
            kept=kept,
            concern=self.concern,
            said=self.said,
            cost=visit.speech.money(*cost) if cost else "",
            action=at("steps", self.step.id),
        )

    def lines(self, way: Way) -> list[tuple[str, str, str]]:
        """Title, answer, and the address of the question in the page."""
        told = summary(way.fields, self.given.values, self.visit.speech, self.name_of)
        if self.step.type == "fitting":
            told = [(self.visit.speech.say("Your appointment"), told[0][1])]
        again = asked(way.fields, self.given.values, speech=self.visit.speech, prefix=f"{way.outcome}.", name_of=str)
        return [(title, text, one.id) for (title, text), one in zip(told, again, strict=True)]

    def over(self, status: int = 200) -> Response:
        """What is closed, taken by another, paused, or answered already; with what was typed, which was not kept."""
        visit, step = self.visit, self.step
        mine = bool(visit.me and step.ended_by == visit.me.id)
        other = step.claimed and step.claimed != (visit.me.id if visit.me else "")
        ballot = self.ballot()
        return visit.page(
            "customers/step_over.html",
            status,
            step=step,
            typed=typed(visit.posted, visit.speech),
            mine=mine,
            other=bool(other),
            ballot=ballot,
            voted=ballot is not None and ballot.voted,
        )


def _usual(step: CustomerStep) -> str:
    """The way that is open already: the only one; of a question the one that answers it. Nobody agrees unasked."""
    ways = step.form.ways
    answers = [way for way in ways if way.fields] if step.type in ("ask", "feedback") else ways
    return answers[0].outcome if len(answers) == 1 else ""


def _cast(ballot: Json, step: CustomerStep) -> dict[str, Json]:
    """A ballot as the answer to the vote's question: of which one is chosen, that one."""
    if not isinstance(ballot, dict):
        return {}
    one = any(field.shape == "one" for way in step.form.ways for field in way.fields)
    chosen = ballot.get("for")
    return {**ballot, "for": chosen[0]} if one and isinstance(chosen, list) and chosen else ballot


def words_for_ways(speech: Speech) -> dict[str, str]:
    """What can be done, where pages say it otherwise than programs are told."""
    say = speech.say
    return {"Move to another slot": say("Move to another time"), "Book a slot": say("Book this time")}
