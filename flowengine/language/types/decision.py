"""``decision``: the first rule that holds says where it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowengine.language.model import State
from flowengine.language.parser.common_keys import PHASE_KEY, TITLE_KEY
from flowengine.language.parser.records import Key
from flowengine.language.parser.routes import ELSE, RULES
from flowengine.language.parts import DONE, Route
from flowengine.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(State):
    """Takes the first route whose ``when`` holds, else ``otherwise``, which always holds. Without rules it only says
    what its ``set`` saves, and where to go on.

    Its one outcome has no name, for nobody and nothing brings it about.
    """

    type = "decision"
    keys = (
        TITLE_KEY, PHASE_KEY,
        Key("rules", RULES, "The first rule that holds is taken: {when, to, set, title}."),
        Key("else", ELSE, "Where to when no rule holds.", True, "otherwise"),
    )  # fmt: skip
    passes = True
    symbol = "decision"

    rules: tuple[Route, ...] = ()
    otherwise: Route | None = Route(to=DONE)
    """None only where a scope begins with conditions that cover all cases."""

    @property
    def ways(self) -> Mapping[str, tuple[Route, ...]]:
        return {"": self.rules if self.otherwise is None else (*self.rules, self.otherwise)}


def beginning(name: str, title: str, routes: Sequence[Route], place: Place) -> Decision:
    """The decision with which a scope begins that names several ways to begin."""
    *rules, last = routes
    if last.when is not None:
        return Decision(name=name, title=title, rules=tuple(routes), otherwise=None, place=place)
    return Decision(name=name, title=title, rules=tuple(rules), otherwise=last, place=place)
