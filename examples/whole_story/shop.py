"""The suit's handlers at the pretend mill and till, in the time of the story, for ``flow worker --handlers``."""

from __future__ import annotations

import os
from pathlib import Path

from examples.bespoke_suit.handlers import handlers
from examples.bespoke_suit.mill import Mill
from examples.bespoke_suit.till import Till

from .set_clock import SetClock

CLOCK = SetClock(Path(os.environ["WHOLE_STORY_CLOCK"]))
HANDLERS = handlers(
    Mill(os.environ["SUIT_MILL"], today=lambda: CLOCK.now().date()),
    Till(os.environ["SUIT_TILL"]),
)
