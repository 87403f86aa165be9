"""Processes made by chance: states of all types, nested and wired at random, as a file's text.

Most of them pass the checks. A process that does is promised to run: whatever happens to a job of it, the job is never
stuck and never breaks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

Json = dict[str, Any]

_SPANS = ["PT1H", "P1D", "P3D"]
# Of the second and the third one may hold whenever the other does: a decision asks one of them.
_EXPRESSIONS = ["data.need.n > 3", "count({0!r}) < 2", "!passed({0!r})", "at({0!r})", "by({0!r}) == 'ada'"]


def random_process(chance: Random) -> str:
    """The text of a process; JSON is YAML too."""
    return json.dumps(Maker(chance).process(), indent=1)


class Maker:
    """One process in the making. ``names`` are those of the states made so far, for guards to mention."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.names: list[str] = []
        self.number = 0
        self.back = 0.3
        self.room = chance.randint(4, 22)

    def process(self) -> Json:
        root = self.scope(0)
        states = root["states"]
        need = {"type": "need", "ask": "What?", "fields": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}}
        ends: Json = {"fulfilled": {"type": "fulfilled"}}
        if '"gone"' in json.dumps(root):
            ends["gone"] = {"type": "ended", "because": "It was given up"}
        made = {
            "process": "made_by_chance", "title": "Made by chance", "need": "Something",
            "roles": {"tailor": {"title": "Tailor"}, "cutter": {"title": "Cutter"}},
            "groups": {"members": {"title": "Members"}},
            "calendars": {"room": {"zone": "UTC", "open": {"mon-fri": "09:00-17:00"}, "every": "PT30M"}},
            "states": {"need": need | {"next": root["start"]}, **states, **ends},
        }  # fmt: skip
        return made | ({"always": root["always"]} if "always" in root else {})

    # scopes

    def scope(self, depth: int) -> Json:
        """Some states in a row; the usual outcome of each leads to the next, of the last out of the scope."""
        length = self.chance.randint(1, 4 if depth == 0 else 3)
        self.room -= length
        makers = [self.maker(depth) for _ in range(length)]
        names = [self.name(maker.__name__) for maker in makers]
        out = "done" if depth else "fulfilled"
        states = {}
        for index, (name, maker) in enumerate(zip(names, makers, strict=True)):
            following = names[index + 1] if index + 1 < length else out
            ahead = [*names[index + 1 :], out, out, *(["gone"] if depth == 0 or self.may(0.2) else [])]
            others = [*names, out] if maker not in (self.decision, self.tell) and self.may(self.back) else ahead
            states[name] = maker(name, depth, lambda f=following: f, lambda o=tuple(others): self.chance.choice(o))
        scope: Json = {"start": names[0], "states": states}
        if self.may(0.35):
            scope["always"] = {self.name("always"): self.entry([*names, out, "gone"]) for _ in range(self.pick([1, 2]))}
        return scope

    def maker(self, depth: int) -> Callable[..., Json]:
        leaves = [self.ask, self.task, self.service, self.service, self.wait, self.message, self.decision, self.tell]
        leaves += [self.race, self.ask, self.choice, self.approval, self.vote, self.feedback, self.fitting, self.call]
        holders = [self.parallel, self.parallel, self.each, self.each, self.stage]
        return self.pick(holders if depth < 3 and self.room > 0 and self.may(0.45) else leaves)

    def entry(self, targets: list[str]) -> Json:
        entry: Json = {"to": self.pick(targets)}
        entry |= self.pick([{"by": "customer"}, {"by": "tailor"}, {"message": "m1"}, {"within": self.pick(_SPANS)}])
        if self.may(0.4):
            entry["when"] = self.guard()
        if self.may(0.6):
            entry["undo"] = True
        return entry

    # states that wait

    def ask(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002 - all makers are called alike
        fields = {"a": {"type": "integer", "optional": True}}
        return self.timed({"type": "ask", "ask": "A?", "fields": fields}, {"answered": go}, other, customer=True)

    def choice(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        choose = {"c": {"from": ["x", "y"]}, "d": {"from": [1, 2, 3], "min": 0, "max": 2}}
        return self.timed({"type": "choice", "ask": "C?", "choose": choose}, {"chosen": go}, other, customer=True)

    def feedback(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        return self.timed({"type": "feedback", "ask": "How?", "refer": True}, {"given": go}, other, customer=True)

    def fitting(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        on = {"held": go} | ({"missed": other} if self.may(0.5) else {})
        state = {"type": "fitting", "ask": "When?", "with": "tailor", "length": "PT30M", "hold": "PT20M"}
        return self.timed(state, on, other, customer=True)

    def approval(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        by, customer = self.pick(
            [
                ("customer", True),
                ("tailor", False),
                ({"all": ["customer", "tailor"]}, True),
                ({"any": 2, "of": ["tailor", "cutter", "customer"]}, True),
                ({"any": 1, "of": ["tailor", "cutter"]}, False),
            ]
        )
        on = {"approved": go, "changes": other, "declined": other}
        return self.timed({"type": "approval", "ask": "Well?", "by": by}, on, other, customer=customer)

    def vote(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        state = {"type": "vote", "ask": "Which?", "of": {"group": "members"}, "options": ["x", "y", "z"]}
        state |= {key: self.may(0.5) for key in ("early", "secret", "changeable", "abstain")}
        state |= {"method": self.pick(["plurality", "approval", "ranking", "score"]), "seats": self.pick([1, 2])}
        if state["method"] in ("plurality", "approval"):
            state["rule"] = self.pick(["plurality", "majority", "two_thirds"])
        if not state["secret"]:
            state["live"] = 1
        elif not state["changeable"]:
            state["live"] = 5
        on = {"decided": go, "no_quorum": go, "tied": other}
        return {**state, "within": self.pick(_SPANS), "on": self.routes(on)}

    def task(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        state: Json = {"type": "task", "ask": "Do {data.need.n}", "for": "tailor"}
        if self.may(0.3):
            state["escalate"] = {"after": "PT30M", "to": "cutter"}
        if self.may(0.3):
            state["claim"] = "PT10M"
        if self.names and self.may(0.2):
            state["not_by"] = self.pick(self.names)
            state["prefer"] = f"by('{self.pick(self.names)}')"
        on = {"done": go} | ({"other": other} if self.may(0.4) else {})
        return self.timed(state, on, other, customer=False)

    def service(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        state: Json = {"type": "service", "call": "work", "input": {"n": "data.need.n"}}
        if self.may(0.7):
            state["undo"] = "undo_work"
        on = {"done": go} | {key: other for key in ("failed", "out") if self.may(0.4)}
        return self.timed(state, on, other, customer=False)

    def call(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        state = {"type": "call", "process": "another", "need": {"n": "data.need.n"}}
        return self.timed(state, {"fulfilled": go, "ended": other}, other, customer=False)

    def wait(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        when = self.pick(
            [
                {"for": self.pick(_SPANS)},
                {"until": "now + duration('2h')"},
                {"for": "{duration(string(data.need.n) + 'h')}"},
            ]
        )
        return {"type": "wait", **when, "on": self.routes({"elapsed": go})}

    def message(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        state: Json = {"type": "message", "name": self.pick(["m1", "m2"])}
        if self.may(0.5):
            state["keep"] = self.pick(_SPANS)
        if self.may(0.3):
            state["key"] = "'key'"
        return self.timed(state, {"received": go}, other, customer=False)

    def race(self, name: str, depth: int, go: Any, other: Any) -> Json:
        kinds = [self.ask, self.task, self.service, self.wait, self.message, self.approval, self.fitting, self.vote]
        members: Json = {}
        on: Json = {}
        for index, maker in enumerate(self.chance.sample(kinds, self.chance.randint(2, 3))):
            member = maker(name, depth, go, other)
            member.pop("on")
            members[f"r{index}"] = member
            on[f"r{index}"] = go if index == 0 else other
            if member["type"] in ("task", "service", "approval") and self.may(0.3):
                on[f"r{index}.{'approved' if member['type'] == 'approval' else 'done'}"] = other
        return self.timed({"type": "race", "of": members}, on, other, customer=False)

    # states that wait for nothing themselves

    def decision(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        guards = self.chance.sample(
            [_EXPRESSIONS[0], self.pick(_EXPRESSIONS[1:3]), *_EXPRESSIONS[3:]], self.chance.randint(1, 2)
        )
        rules = [{"when": self.about(one), "to": other(), **self.undoing()} for one in guards]
        return {"type": "decision", "rules": rules, "else": go()}

    def tell(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        return {
            "type": "tell",
            "to": self.pick([["customer"], ["everyone", "tailor"]]),
            "say": "So it is",
            "on": {"told": go()},
        }

    def parallel(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        branches: Json = {}
        for _ in range(self.chance.randint(2, 3)):
            branch = self.scope(depth + 1)
            if self.may(0.25):
                branch["when"] = self.guard()
            if branches and self.may(0.4):
                branch["after"] = self.chance.sample(list(branches), self.chance.randint(1, len(branches)))
            branches[self.name("branch")] = branch
        state = {"type": "parallel", "branches": branches, **self.join(len(branches))}
        if self.may(0.25):
            state["one_at_a_time"] = True
        return self.timed(state, {"joined": go}, other, customer=False)

    def each(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        state = {
            "type": "each",
            "of": self.pick(["[1, 2]", "[1, 2, 3]", "['a']", "data.need.n > 5 ? [1] : [0, 2]", "[1].filter(x, x > 2)"]),
            **self.scope(depth + 1),
        }
        state |= self.join(2)
        if self.may(0.4):
            state["at_a_time"] = self.pick([1, 2])
        if self.may(0.4):
            state["more"] = True
        return self.timed(state, {"joined": go}, other, customer=False)

    def stage(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        return self.timed({"type": "stage", **self.scope(depth + 1)}, {"done": go}, other, customer=False)

    def join(self, most: int) -> Json:
        join: Any = self.pick(["all", "all", self.chance.randint(1, most), "done * 2 >= total", "open <= 1"])
        return {"join": join, "rest": self.pick(["cancel", "continue"])}

    # routes

    def timed(self, state: Json, on: dict[str, Any], other: Any, *, customer: bool) -> Json:
        if (customer and self.may(0.97)) or self.may(0.25):
            state["within"] = self.pick(_SPANS)
            on = {**on, "expired": other}
        if customer and self.may(0.3):
            state["remind"] = ["PT30M"]
        return {**state, "on": self.routes(on)}

    def routes(self, on: dict[str, Any]) -> Json:
        return {outcome: self.route(target) for outcome, target in on.items()}

    def route(self, target: Any) -> Any:
        last = {"to": target(), **self.undoing()}
        if self.may(0.1):
            last["set"] = {f"mark_{self.number}": "1"}
        if self.may(0.15):
            return [{"to": target(), "when": self.guard(), **self.undoing()}, last]
        return last

    def undoing(self) -> Json:
        return {"undo": True} if self.may(0.25) else {}

    def guard(self) -> str:
        return self.about(self.pick(_EXPRESSIONS))

    def about(self, guard: str) -> str:
        """A guard, on one of the states made so far."""
        return guard.format(self.pick(self.names) if self.names else "need")

    # chance

    def name(self, of: str) -> str:
        self.number += 1
        made = f"{of}_{self.number}"
        if of not in ("branch", "always"):
            self.names.append(made)
        return made

    def may(self, share: float) -> bool:
        return self.chance.random() < share

    def pick(self, things: Any) -> Any:
        return self.chance.choice(things)
