"""One suit with all that can happen on the way, told as it happens, in simulated time.

The engine, its database and the handlers are real; the people, the mill and the days are made up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flowengine import Engine, SimulatedClock
from flowengine.samples import process_file

from .handlers import handlers
from .mill import Mill

STAFF = (("hana", "Hana", "host"), ("tom", "Tom", "tailor"), ("carl", "Carl", "cutter"))
MEASURES = {"chest": 102.0, "waist": 88.5, "hips": 104.0, "sleeve": 64.0, "inside_leg": 81.0}
STYLE = {"style": "double_breasted", "pockets": 3, "lining": "striped", "extras": ["working_cuffs"]}


def tell(engine: Engine, clock: SimulatedClock, mill: Mill, say: Callable[[str], None] = print) -> str:
    """Run the story to its end and return the job's id. ``say`` is given each line of it."""
    engine.register(handlers(mill))
    engine.deploy(process_file("bespoke_suit"))
    engine.add_customer("ada", "Ada")
    for id, name, role in STAFF:
        engine.add_staff(id, name, roles=[role])
    story = _Story(engine, clock, mill, say)
    _choosing(story)
    _making(story)
    _fitting(story)
    _handing_over(story)
    return story.job


def _choosing(story: _Story) -> None:
    wedding = (story.clock.now() + timedelta(days=130)).date().isoformat()
    story.begin("ada", occasion="A wedding", needed_by=wedding)
    story.does("ada", "choose_cloth", "chosen", cloth="navy_flannel")
    story.does("ada", "choose_style", "chosen", **STYLE)
    story.meets("measure")
    story.does("tom", "measure", "missed", "waits in vain")
    story.meets("measure")
    story.does("tom", "measure", "held", "takes her measures", **MEASURES)


def _making(story: _Story) -> None:
    story.does("carl", "draft_pattern", "done", number="P-117")
    story.mill.set_stock("green_tweed", 1.0)
    story.changes_mind("ada", "change_cloth")
    story.does("ada", "choose_cloth", "chosen", "would rather have green tweed", cloth="green_tweed")
    story.does("ada", "choose_other_cloth", "chosen", "chooses among what the mill has", cloth="grey_worsted")
    story.does("ada", "ask_initials", "answered", initials="AL")
    story.days(4)
    story.does("carl", "cut", "done")
    story.does("tom", "baste", "done")


def _fitting(story: _Story) -> None:
    story.meets("first_fitting")
    story.does("tom", "first_fitting", "held", baste_again=False, findings="Right shoulder 1 cm lower")
    story.days(8)
    story.does("tom", "sew", "done")
    story.meets("second_fitting")
    story.does("tom", "second_fitting", "held", "finds something", alter=True, findings="Sleeves 1 cm too long")
    story.does("tom", "alter", "done")
    story.meets("second_fitting")
    story.does("tom", "second_fitting", "held", "finds that it fits", alter=False)


def _handing_over(story: _Story) -> None:
    story.does("tom", "finish", "done")
    story.does("ada", "accept", "approved")
    story.does(
        "ada", "thanks", "given", rating=5, recommend=True, referral={"name": "Ben", "contact": "ben@example.org"}
    )
    seen = story.engine.track(story.job, "ada")
    kept = seen.promise is not None and seen.promise.kept
    story.line("", f"{seen.status}: {seen.because}; the promise was {'kept' if kept else 'broken'}")


class _Story:
    """One job, its people, and the voice that tells of them."""

    def __init__(self, engine: Engine, clock: SimulatedClock, mill: Mill, say: Callable[[str], None]) -> None:
        self.engine, self.clock, self.mill, self.say = engine, clock, mill, say
        self.job = ""

    def begin(self, who: str, **need: Any) -> None:
        self.job = self.engine.start("bespoke_suit", by=who, need=need).job
        self.line(who, "needs a suit")
        self._settle()

    def does(self, who: str, state: str, outcome: str, words: str = "", **answer: Any) -> None:
        step = next(item for item in self.engine.inbox(who) if item.job == self.job and item.state == state)
        self.engine.act(step.id, outcome, answer, by=who)
        self.line(who, words or f"{step.title} — {outcome.replace('_', ' ')}")
        self._settle()

    def changes_mind(self, who: str, name: str) -> None:
        self.engine.invoke(self.job, name, by=who)
        self.line(who, "changes her mind")
        self._settle()

    def meets(self, state: str) -> None:
        """Ada books the first free slot, and the day comes."""
        step = next(item for item in self.engine.inbox("ada") if item.job == self.job and item.state == state)
        slot = self.engine.step(step.id, "ada").slots[0]
        self.engine.act(step.id, "book", {"slot": slot.isoformat()}, by="ada")
        self.line("ada", f"books {slot:%A %d %B, %H:%M} UTC")
        self._until(slot)

    def days(self, number: int) -> None:
        self._until(self.clock.now() + timedelta(days=number))

    def line(self, who: str, words: str) -> None:
        self.say(f"{self.clock.now():%d %b}  {who.capitalize():5} {words}")

    def _until(self, moment: datetime) -> None:
        while self.clock.now() < moment:
            tomorrow = self.clock.now() + timedelta(days=1)
            due = self.engine.next_due()
            self.clock.set(min(moment, tomorrow, due if due and due > self.clock.now() else moment))
            self._settle()

    def _settle(self) -> None:
        before = {order.number: order.status for order in self.mill.orders()}
        while self.engine.run_due().anything:
            pass
        for order in self.mill.orders():
            if before.get(order.number) != order.status:
                self.line("mill", f"{order.number}, {order.item.replace('_', ' ')}: {order.status}")
        for order in self.mill.deliver():
            self.line("mill", f"{order.number}, {order.item.replace('_', ' ')}: delivered")
            if not order.item.startswith("lining"):
                self.engine.send("cloth_delivered", order.number, {"metres": order.metres}, job=self.job)
        while self.engine.run_due().anything:
            pass
