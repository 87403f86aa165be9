"""``fulfilled`` and ``ended``: the ends of a job."""

from __future__ import annotations

from dataclasses import dataclass

from flowengine.language.model import State
from flowengine.language.parser.common_keys import PHASE_KEY, TITLE_KEY
from flowengine.language.parser.records import Key
from flowengine.language.parser.scalars import TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class End(State):
    """An end of the job; ``type`` is the job's status from then on."""

    is_noun = False
    is_end = True

    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilled(End):
    type = "fulfilled"
    keys = (TITLE_KEY, PHASE_KEY, Key("because", TITLE, "A word about how it ended."))
    symbol = "fulfilled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(End):
    type = "ended"
    keys = (TITLE_KEY, PHASE_KEY, Key("because", TITLE, "The honest reason.", True))
    symbol = "ended"
