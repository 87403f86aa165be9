"""What ``flow demo`` tells: a suit, from the need to the wedding, and a second job that is left waiting."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from flowengine import Engine, Settings, SimulatedClock
from flowengine.speech import spoken_time

from ..telling import Telling
from .mill import Mill
from .opening import open_shop
from .till import Till

LENGTH = timedelta(days=49)
"""No telling takes longer: it begins this long ago, so that it ends by now."""

MEASURES = {"chest": 98.0, "waist": 84.5, "hips": 101.0, "sleeve": 63.0, "inside_leg": 79.0}


def tell(address: str, console: Console, mill_file: Path, till_file: Path) -> tuple[str, str, str]:
    """Tell it on the database at an address; the pretend supplier keeps its orders in ``mill_file``, the pretend till
    its payments in ``till_file``. The short ids of both jobs, and the id of Ben, for whom the second waits."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimulatedClock((now - LENGTH).replace(hour=9, minute=0, second=0))
    settings = Settings.from_environment(os.environ)
    with Engine(address, clock=clock, handlers={}, settings=settings) as engine:
        mill = Mill(mill_file, lambda: clock.now().date())
        story = open_shop(engine, clock, console, mill, Till(till_file))
        _choosing(story)
        _making(story)
        _fitting(story)
        ben, job = _begin_the_next(story, now)
        return story.short(story.job), story.short(job), ben


def _choosing(story: Telling) -> None:
    wedding = f"{(story.clock.now() + timedelta(days=60)).date()}"
    story.begin("bespoke_suit", "needs a suit", occasion="My sister's wedding", needed_by=wedding)
    story.act("ada", "choose_cloth", "chosen", cloth="green_tweed")
    style = {"style": "double_breasted", "pockets": 3, "lining": "striped", "extras": ["ticket_pocket"]}
    story.act("ada", "choose_style", "chosen", **style)
    story.act("ada", "confirm", "approved", seeing="In all")
    story.book("measure", 2)
    story.act("tom", "measure", "held", **MEASURES)


def _making(story: Telling) -> None:
    story.later(1)
    story.change("change_cloth", "changes her mind: another cloth, please", "possible until it is cut")
    story.act("ada", "choose_cloth", "chosen", cloth="navy_flannel")
    story.act("ada", "confirm", "approved", seeing="In all")
    story.act("ada", "ask_initials", "answered", initials="AL")
    story.later(2)
    story.act("carl", "draft_pattern", "done", number="P-117")
    story.later(12)
    story.act("carl", "cut", "done")
    story.later(3)
    story.act("tom", "baste", "done")


def _fitting(story: Telling) -> None:
    story.book("first_fitting", 1)
    story.act("tom", "first_fitting", "held", baste_again=False, findings="Right shoulder 1 cm lower")
    story.later(9)
    story.act("tom", "sew", "done")
    story.book("second_fitting", 1)
    story.act("tom", "second_fitting", "held", alter=True, findings="Sleeves 1 cm shorter")
    story.later(2)
    story.act("tom", "alter", "done")
    story.book("second_fitting", 1)
    story.act("tom", "second_fitting", "held", alter=False)
    story.later(1)
    story.act("tom", "finish", "done")
    story.act("ada", "accept", "approved", seeing="To pay now")
    referral = {"name": "Ben", "contact": "ben@example.org"}
    story.act("ada", "thanks", "given", rating=5, words="I helped to make it.", recommend=True, referral=referral)


def _begin_the_next(story: Telling, now: datetime) -> tuple[str, str]:
    """Ben, whom Ada has sent, begins a job and leaves it waiting: his id, and the job's."""
    story.clock.set(max(now, story.clock.now()))
    ben = story.engine.find_person("ben@example.org").id
    by = (now + timedelta(days=100)).date()
    need = {"occasion": "A new job", "needed_by": by.isoformat()}
    receipt = story.engine.start("bespoke_suit", by=ben, need=need)
    story.line("Ben", "comes, because Ada told him, and needs a suit", f"{need['occasion']}, by {spoken_time.day(by)}")
    return ben, receipt.job
