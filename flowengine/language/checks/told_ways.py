"""Ways through a process, and what is known on them, in words."""

from __future__ import annotations

from flowengine.language.checks.decisions import Decision
from flowengine.language.checks.questions import Known
from flowengine.language.checks.walks import Kind, Node, Onward, Walks, Way

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
        steps: list[Onward] = []
        while node.before is not None:
            steps.append(Onward(node, node.by, node.way, node.kind))
            node = node.before
        return self.steps(node, steps[::-1])

    def steps(self, first: Node, onward: list[Onward]) -> str:
        """A way from a node on, by the states that are entered, each with how it is left."""
        found, left = [first.state], first.state
        for one in onward:
            if one.kind != "roam":
                found[-1] += self.exit(left, one.by, one.way, one.kind)
                left = one.to.state
                found.append(left)
        return in_a_row(found)

    def where(self, node: Node, known: Known, decision: Decision) -> str:
        """A shortest way to a node, with what is known of what is asked there."""
        asked = tuple(pair for pair in known if decision.asks >> pair[0] & 1)
        where = self.known(asked)
        return f"by {self.way(node)}{', where ' + where if where else ''}"

    def known(self, known: Known) -> str:
        """What is known, in words."""
        said = [self.walks.questions.all[number].told(mask) for number, mask in known]
        return ", and ".join(said[:_MOST_SAID])

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
