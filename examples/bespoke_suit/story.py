"""One suit with all that can happen on the way, told as it happens, in simulated time.

The engine, its database and the handlers are real; the people, the mill, the till and the days are made up.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from rich.console import Console

from flowengine import Engine, SimulatedClock

from ..telling import Telling
from .mill import Mill
from .opening import open_shop
from .till import Till

MEASURES = {"chest": 102.0, "waist": 88.5, "hips": 104.0, "sleeve": 64.0, "inside_leg": 81.0}
STYLE = {"style": "double_breasted", "pockets": 3, "lining": "striped", "extras": ["working_cuffs"]}


def tell(engine: Engine, clock: SimulatedClock, mill: Mill, till: Till, console: Console) -> str:
    """Run the story to its end and return the job's id. Each thing that happens is a line on ``console``."""
    story = open_shop(engine, clock, console, mill, till)
    _choosing(story, till)
    _making(story, mill)
    _fitting(story)
    _handing_over(story)
    return story.job


def _choosing(story: Telling, till: Till) -> None:
    wedding = (story.clock.now() + timedelta(days=130)).date().isoformat()
    story.begin("bespoke_suit", "needs a suit", occasion="A wedding", needed_by=wedding)
    story.act("ada", "choose_cloth", "chosen", cloth="navy_flannel")
    story.act("ada", "choose_style", "chosen", **STYLE)
    till.set_limit("ada", Decimal(500))
    story.act("ada", "confirm", "approved", seeing="In all")
    till.set_limit("ada", None)
    story.act("ada", "deposit_declined", "try_again")
    story.book("measure", 1)
    story.line("Tom", "waits in vain")
    story.act("tom", "measure", "missed")
    story.book("measure", 1)
    story.act("tom", "measure", "held", **MEASURES)


def _making(story: Telling, mill: Mill) -> None:
    story.act("carl", "draft_pattern", "done", number="P-117")
    mill.set_stock("green_tweed", 1.0)
    story.change("change_cloth", "changes her mind: another cloth, please")
    story.act("ada", "choose_cloth", "chosen", cloth="green_tweed")
    story.act("ada", "confirm", "approved", seeing="In all")
    story.act("ada", "choose_other_cloth", "chosen", cloth="grey_worsted")
    story.act("ada", "confirm_other_cloth", "approved", seeing="In all")
    story.act("ada", "ask_initials", "answered", initials="AL")
    story.later(4)
    story.act("carl", "cut", "done")
    story.act("tom", "baste", "done")


def _fitting(story: Telling) -> None:
    story.book("first_fitting", 1)
    story.act("tom", "first_fitting", "held", baste_again=False, findings="Right shoulder 1 cm lower")
    story.later(8)
    story.act("tom", "sew", "done")
    story.book("second_fitting", 1)
    story.act("tom", "second_fitting", "held", alter=True, findings="Sleeves 1 cm too long")
    story.act("tom", "alter", "done")
    story.book("second_fitting", 1)
    story.act("tom", "second_fitting", "held", alter=False)


def _handing_over(story: Telling) -> None:
    story.act("tom", "finish", "done")
    story.act("ada", "accept", "approved", seeing="To pay now")
    referral = {"name": "Ben", "contact": "ben@example.org"}
    story.act("ada", "thanks", "given", rating=5, recommend=True, referral=referral)
