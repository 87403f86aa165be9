"""Ways through a process, and what is known on them, in words."""

from __future__ import annotations

from flowengine.language.checks.questions import Decision, Known
from flowengine.language.checks.walks import Kind, Node, Walks, Way

_LONGEST = 8
"""States of a way that are named."""
_MOST_SAID = 3
"""Questions of which it is said what is known."""


class Told:
    """Ways and what is known on them, in words."""

    def __init__(self, walks: Walks) -> None:
        self.walks = walks

    def way(self, node: Node) -> str:
        """A shortest way to a node: ``need -> pick (chosen, when data.pick.wood == "oak") -> later``."""
        return in_a_row(self._steps(node))

    def where(self, node: Node, known: Known, decision: Decision) -> str:
        """A shortest way to a node, with what is known of what is asked there."""
        asked = tuple(pair for pair in known if decision.asks >> pair[0] & 1)
        where = self.known(asked)
        return f"by {self.way(node)}{', where ' + where if where else ''}"

    def known(self, known: Known) -> str:
        """What is known, in words."""
        said = [self.walks.questions.all[number].told(mask) for number, mask in known]
        return ", and ".join(said[:_MOST_SAID])

    def _steps(self, node: Node) -> list[str]:
        found: list[str] = []
        one: Node | None = node
        leaving = ""
        while one is not None:
            before = one.before
            if one.state:
                found.append(f"{one.state}{leaving}")
                leaving = ""
                if before is not None:
                    left = before.before if not before.state and before.before is not None else before
                    leaving = self.exit(left.state, one.by, one.way, one.kind)
            one = before
        return found[::-1]

    def exit(self, name: str, by: str, way: Way | None, kind: Kind) -> str:
        """How a state is left, in brackets: by which outcome, where it has several, and by which condition."""
        if kind == "opened":
            return ""
        said: list[str] = []
        if kind == "always":
            said.append(f"always: {by}")
        elif len(self.walks.survey.states[name].ways) > 1:
            said.append(by)
        if way is not None:
            state, outcome, index = way
            routes = self.walks.survey.states[state].ways[outcome]
            if routes[index].when is not None:
                said.append(f"when {_short(routes[index].condition)}")
            elif index:
                said.append("otherwise")
        return f" ({', '.join(said)})" if said else ""


def in_a_row(steps: list[str]) -> str:
    """States in a row, the middle of a long one left out."""
    if len(steps) > _LONGEST:
        half = _LONGEST // 2
        steps = [*steps[:half], "…", *steps[-half:]]
    return " -> ".join(steps)


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:57]}…"
