"""What ``flow demo --contribution`` tells: how flowengine came to let claims end by themselves, in simulated time.

The feature is a real one; the people and the days are made up. Nobody is told by anybody what to do.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from rich.console import Console

from flowengine import Engine, InvariantBroken, NotAllowed, Settings, SimulatedClock
from flowengine.samples import process_file

from ..telling import Telling

LENGTH = timedelta(days=70)
"""No telling takes longer: it begins this long ago, so that it ends by now."""

MEMBERS = ("Ada", "Ben", "Cem", "Dora", "Eve", "Finn")
NEED = {
    "title": "A claim that ends by itself",
    "story": "Somebody claims a task and is never seen again. It waits for nobody then, until I ask an operator.",
    "example": "review: {type: task, open_to: customers, claim: P5D, …}",
}
NEXT = {"title": "Claims that say until when", "story": "I would see at the step for how long it is mine."}


def tell(address: str, console: Console) -> tuple[str, str]:
    """Tell it on the database at an address: the short ids of that job, and of one that waits for somebody to build it.
    Raises InvariantBroken where it goes otherwise."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimulatedClock((now - LENGTH).replace(hour=9, minute=0, second=0))
    with Engine(address, clock=clock, handlers={}, settings=Settings.from_environment(os.environ)) as engine:
        story = open_commons(engine, clock, console)
        _find_a_builder(story)
        _build(story)
        _review(story)
        _release(story)
        story.clock.set(max(now, clock.now()))
        raised = engine.start("open_contribution", by="eve", need=NEXT).job
        story.line("Eve", "raises a need", NEXT["title"])
        return story.short(story.job), story.short(raised)


def open_commons(engine: Engine, clock: SimulatedClock, console: Console) -> Telling:
    """Members and nobody else; Ada has a need."""
    engine.deploy(process_file("open_contribution"))
    names = {name.lower(): name for name in MEMBERS}
    for id, name in names.items():
        engine.add_customer(id, name, f"{id}@example.org")
    story = Telling(engine, clock, console, "ada", names)
    story.begin("open_contribution", "raises a need", **NEED)
    return story


def _find_a_builder(story: Telling) -> None:
    """Ben claims it and is not seen again; Cem takes it up, and Ada agrees to his plan."""
    story.claim("ben", "take_up")
    story.later(7)
    if story.has_claimed("take_up"):
        raise InvariantBroken("a claim has not ended", where=story.job)
    story.line("clock", "a week later it waits for all again: nobody had to take it from Ben", style="green")
    by = f"{(story.clock.now() + timedelta(days=28)).date()}"
    story.act("cem", "take_up", "done", plan="A key of tasks: after its time the claim is dropped, by a timer", by=by)
    story.act("ada", "agree", "approved")


def _build(story: Telling) -> None:
    """Cem begins, and hands on what he has no time for; Dora builds it."""
    story.later(3)
    story.act("cem", "build", "hand_on", words="The key is read and checked. I am away until May, sorry")
    by = f"{(story.clock.now() + timedelta(days=14)).date()}"
    story.act("dora", "take_up", "done", plan="As Cem said, and I have his half", by=by)
    story.act("ada", "agree", "approved")
    story.later(4)
    story.act("dora", "build", "done", link="https://example.org/changes/118", words="Claims end, with tests")


def _review(story: Telling) -> None:
    """Nobody reviews what he has built or asked for; one of the reviewers has a wish."""
    for who in ("dora", "ada"):
        try:
            story.engine.act(story.step_of("review_one"), "good", {"words": "Good"}, by=who)
        except NotAllowed:
            story.line(story.names[who], "cannot review it", "has a part in it", "yellow")
        else:
            raise InvariantBroken(f"{who} has reviewed his own", where=story.job)
    story.act("eve", "review_one", "change_it", words="What if the job is held meanwhile?")
    story.later(2)
    words = "The time for which it is held is added"
    story.act("dora", "build", "done", link="https://example.org/changes/118", words=words)
    story.act("eve", "review_one", "good", words="Yes, so it is right")
    story.act("finn", "review_two", "good", words="Works in mine")


def _release(story: Telling) -> None:
    """Ada, whose need it was, accepts it; all who took part are told who they were."""
    story.act("ada", "accept", "approved")
    story.act("eve", "release", "done", version="0.9")
    _, words, lines = story.engine.track(story.job, "cem").told[-1]
    credits = "; ".join(f"{title}: {value}" for title, value in lines if " by" in title)
    story.line("all", f"are told: {words}", credits, "green")
    referral = {"name": "Gus", "contact": "gus@example.org"}
    story.act("ada", "thanks", "given", rating=5, words="Nobody assigned anybody", recommend=True, referral=referral)
