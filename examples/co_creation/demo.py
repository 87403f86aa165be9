"""What ``flow demo --co-creation`` tells: what became of two ideas, in simulated time; a third is being talked over.

The engine and its database are real; the people, their ideas and the days are made up. What is told at the end is held
against who took part: who talked, voted or tried and is not told makes it fail.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from rich.console import Console

from flowengine import Engine, InvariantBroken, NotFound, Refused, Settings, SimulatedClock
from flowengine.samples import process_file

from ..telling import Telling

LENGTH = timedelta(days=120)
"""No telling takes longer: it begins this long ago, so that it ends by now."""

CIRCLE = ("Ada", "Ben", "Cem", "Dora", "Eve", "Finn", "Hana", "Ida")
OTHERS = ("Gus",)
"""Customers who are not of the circle."""
STAFF = {"Mia": "maker", "Hal": "host", "Olga": "operator"}

BAG = {
    "title": "A bag of offcuts",
    "story": "The cloth that is left of my suit goes into a bin. I would carry it as a bag.",
    "questions": ["Would you carry one?", "What has to go in?"],
}
BUTTONS = {
    "title": "Buttons of wood",
    "story": "Horn is from an animal. I would rather wear wood.",
    "questions": ["Would you have them on your suit?"],
}
EVENING = {
    "title": "An evening for mending",
    "story": "I would learn to sew on a button, at your table, with others.",
    "questions": ["Would you come?", "What would you bring to be mended?"],
}


def tell(address: str, console: Console) -> tuple[str, str]:
    """Tell it on the database at an address: the short ids of the job whose idea is adopted, and of one that waits for
    Finn to say what he thinks. Raises InvariantBroken where it goes otherwise."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimulatedClock((now - LENGTH).replace(hour=9, minute=0, second=0))
    with Engine(address, clock=clock, handlers={}, settings=Settings.from_environment(os.environ)) as engine:
        names = open_house(engine)
        adopted = Idea(engine, clock, console, "ada", names)
        adopted.adopt()
        Idea(engine, clock, console, "dora", names).answer()
        clock.set(max(now, clock.now()))
        raised = engine.start("co_creation", by="eve", need=EVENING).job
        adopted.story.line("Eve", "has an idea", EVENING["title"])
        return adopted.story.short(adopted.story.job), adopted.story.short(raised)


def open_house(engine: Engine) -> Mapping[str, str]:
    """A circle of customers, one who is not of it, and those who make things: their names by their ids."""
    engine.deploy(process_file("co_creation"))
    for name in (*CIRCLE, *OTHERS):
        groups = ["circle"] if name in CIRCLE else []
        engine.add_customer(name.lower(), name, f"{name.lower()}@example.org", groups=groups)
    for name, role in STAFF.items():
        engine.add_staff(name.lower(), name, roles=[role])
    return {name.lower(): name for name in (*CIRCLE, *OTHERS, *STAFF)}


class Idea:
    """One idea of a customer, and who has taken part in it so far."""

    def __init__(
        self, engine: Engine, clock: SimulatedClock, console: Console, whose: str, names: Mapping[str, str]
    ) -> None:
        self.engine, self.whose = engine, whose
        self.story = Telling(engine, clock, console, whose, names)
        self.part: dict[str, None] = {whose: None}

    def adopt(self) -> None:
        """Talked over, changed, voted on, tried, and adopted."""
        story = self.story
        story.begin("co_creation", "has an idea", title=BAG["title"], story=BAG["story"], questions=BAG["questions"])
        worry = "The cloth is thin. Does it hold a bottle?"
        self.says("ben", "Yes, if it carries my books", "It is sewn twice, and may have a lining", worry)
        story.later(1)
        self.says("dora", "Every day, in my colours", "")
        story.later(8)
        self.proposes("Two short straps, in the colours of your suit", "Three hours", "A lining of canvas carries it")
        story.act(self.whose, "agree", "changes", words="One long strap: my hands are full")
        self.proposes("One long strap, in the colours of your suit", "Three hours", "A lining of canvas carries it")
        story.act(self.whose, "agree", "approved")
        self.refuses_the_others()
        self.votes({"cem": "make_it", "eve": "make_it", "ben": "make_it", "ida": "leave_it", "ada": "make_it"})
        story.later(7)
        self.tries()
        story.later(10)
        since = f"{(story.clock.now() + timedelta(days=14)).date()}"
        words = "The offcut bag, with one long strap, lined with canvas"
        story.act("mia", "adopt", "done", **{"from": since, "words": words})
        self.all_are_told("The idea is part of what we offer")
        referral = {"name": "Jon", "contact": "jon@example.org"}
        story.act(self.whose, "thanks", "given", rating=5, words="It is mine", recommend=True, referral=referral)

    def answer(self) -> None:
        """Voted down, answered with a reason, asked again, and answered better."""
        story, title = self.story, BUTTONS["title"]
        story.begin("co_creation", "has an idea", title=title, story=BUTTONS["story"], questions=BUTTONS["questions"])
        self.says("cem", "They would look well on tweed", "On mine too")
        story.later(8)
        self.proposes("Buttons of beech, oiled", "A day for each suit", "")
        story.act(self.whose, "agree", "approved")
        self.votes({"ben": "leave_it", "eve": "leave_it", "finn": "make_it", "hana": "leave_it"})
        story.later(7)
        story.act("hal", "answer_with_reason", "done", reason="The circle would rather keep horn")
        story.act(self.whose, "hear", "changes", words="What is it that speaks against wood?")
        self.says("ben", "It swells in the wash, and then the button sticks", "That I did not know")
        story.later(8)
        self.proposes("Buttons of beech, to be taken off before each wash", "Two days for each suit", "")
        story.act(self.whose, "agree", "approved")
        self.votes({"ben": "leave_it", "eve": "leave_it", "finn": "leave_it", "ida": "leave_it"})
        story.later(7)
        reason = (
            "Wood swells in the wash. Buttons that come off first are no help. Corozo, from a palm, is: you may have it"
        )
        story.act("hal", "answer_with_reason", "done", reason=reason)
        story.act(self.whose, "hear", "approved")
        self.all_are_told("We do not make it")

    def says(self, who: str, words: str, reply: str, concern: str = "") -> None:
        """One of the circle says what he thinks; whose idea it is replies, and he is told that. Raises
        InvariantBroken."""
        self.part[who] = None
        self.story.act(who, "answer", "done", words=words, **({"concern": concern} if concern else {}))
        if not reply:
            self.story.act(self.whose, "reply", "skipped")
            return
        self.story.act(self.whose, "reply", "answered", words=reply)
        told = self._told(who)
        if not told.endswith(reply):
            raise InvariantBroken(f"{who} is not told the reply, but {told!r}", where=self.story.job)
        self.story.line("", f"{self.story.names[who]} is told the reply", style="dim")

    def proposes(self, proposal: str, effort: str, concerns: str) -> None:
        """The maker says what she would make of it."""
        answer = {"proposal": proposal, "effort": effort} | ({"concerns": concerns} if concerns else {})
        self.story.act("mia", "propose", "done", seeing="What worries them", **answer)

    def refuses_the_others(self) -> None:
        """Who is not of the circle has no vote, and nobody has two. Raises InvariantBroken."""
        step = self.story.step_of("decide")
        self.engine.act(step, "vote", {"for": "make_it"}, by="hana")
        self.part["hana"] = None
        for who, refusal, why in (
            ("gus", NotFound, "is not of the circle: to him the vote is not there"),
            ("hana", Refused, "has voted, and cannot vote again"),
        ):
            try:
                self.engine.act(step, "vote", {"for": "leave_it"}, by=who)
            except refusal:
                self.story.line(self.story.names[who], why, style="yellow")
            else:
                raise InvariantBroken(f"{who} has voted", where=self.story.job)

    def votes(self, ballots: Mapping[str, str]) -> None:
        """Some of the circle vote, each for himself; what they chose is told to nobody."""
        step = self.story.step_of("decide")
        for who, choice in ballots.items():
            self.engine.act(step, "vote", {"for": choice}, by=who)
        self.part |= dict.fromkeys(ballots)
        self.story.line("circle", f"{len(ballots)} vote, in secret")
        self.story.settle()

    def tries(self) -> None:
        """Three are asked to try it; one of them does not come, and nobody waits for him longer than was said."""
        testers = ["ben", "eve", "finn"]
        self.story.act("mia", "prototype", "done", how="Carry it for a week", testers=testers)
        self.story.later(6)
        self.part |= {"ben": None, "eve": None}
        self.story.act("ben", "trial", "done", rating=5, words="It held two bottles")
        self.story.act("eve", "trial", "done", rating=4, words="The strap is good, the pocket is small")
        self.story.later(9)
        self.story.line("clock", "Finn has not come: what the others have found counts", style="green")

    def all_are_told(self, words: str) -> None:
        """Whoever took part is told what became of it, and nobody else is. Raises InvariantBroken."""
        told = {who for who in self.story.names if self._told(who).startswith(words)}
        staff = {name.lower() for name in STAFF}
        if told - staff != set(self.part):
            raise InvariantBroken(f"{sorted(told)} are told, and {sorted(self.part)} took part", where=self.story.job)
        _, said, lines = self.engine.track(self.story.job, self.whose).told[-1]
        names = ", ".join(self.story.names[who] for who in sorted(self.part))
        self.story.line("all", f"{names} are told: {said}", "; ".join(f"{one}: {text}" for one, text in lines), "green")

    def _told(self, who: str) -> str:
        """What this person has been told last in this job, with its lines; nothing where it is not his to see."""
        try:
            told = self.engine.track(self.story.job, who).told
        except NotFound:
            return ""
        return "; ".join((told[-1][1], *(text for _, text in told[-1][2]))) if told else ""
