"""Processes made by chance that decide by data: enums, booleans, numbers, counts, outcomes, what may be left out.

They say more than those of ``random_processes``, and more of them are refused: a condition may never hold, an operation
may fail, something may be missing on a way. One that passes the check is promised that none of it happens.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from random_processes import Json, Maker

COLOURS = ["red", "green", "blue"]
_NEED: Json = {
    "n": {"type": "integer", "minimum": 1, "maximum": 9},
    "z": {"type": "integer", "minimum": 0, "maximum": 3},
    "colour": {"type": "string", "enum": COLOURS},
    "sure": {"type": "boolean"},
    "perhaps": {"type": "integer", "minimum": 0, "maximum": 9, "optional": True},
    "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    "day": {"type": "string", "format": "date"},
    "words": {"type": "string", "maxLength": 30},
    "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
    "items": {"type": "array", "items": {"type": "integer"}, "maxItems": 3, "uniqueItems": True},
}
_FIELDS: Json = {
    "a": {"type": "integer", "minimum": 0, "maximum": 4},
    "colour": {"type": "string", "enum": COLOURS},
    "well": {"type": "boolean"},
    "maybe": {"type": "string", "optional": True, "maxLength": 20},
}
_FAILING = [
    "data.need.items[0] > 1", "10 / data.need.z > 2", "10 % data.need.z == 1", "int(data.need.words) > 2",
    "date(data.need.words) > now", "min(data.need.items) > 0", "data.need.perhaps > 2", "data.need.tags[2] == 'x'",
]  # fmt: skip
"""Conditions that may fail, of which the check has to say so."""
_SAFE = [
    "size(data.need.items) > 0 && data.need.items[0] > 1", "data.need.z != 0 && 10 / data.need.z > 2",
    "data.need.tags[0] == 'x' || data.need.sure", "10 / data.need.n > 2", "date(data.need.day) > now",
    "has(data.need.perhaps) && data.need.perhaps > 2", "data.need.price / 3 < 11", "max(data.need.items + [0]) > 2",
    "data.need.tags.exists(t, t.size() > 4)", "'red' in [data.need.colour]", "customer.id == 'ada'",
]  # fmt: skip
_VALUES = ["1", "data.need.n * 2", "10 / data.need.n", "data.need.colour", "data.need.tags[0]", "day(now)",
           "size(data.need.items)", "data.need.n > 4 ? 'many' : 'few'"]  # fmt: skip
_FAILING_VALUES = ["10 / data.need.z", "data.need.items[0]", "max(data.need.items)", "int(data.need.words)"]


def rich_process(chance: Random) -> str:
    """The text of a process; JSON is YAML too."""
    return json.dumps(_Rich(chance).process(), indent=1)


class _Rich(Maker):
    """One process in the making. ``kinds`` says of each state made so far what can be asked about it."""

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.back = 0.2
        self.in_race = False
        self.outcomes: dict[str, list[str]] = {}
        self.answers: dict[str, bool] = {}

    def process(self) -> Json:
        made = super().process()
        made["states"]["need"]["fields"] = {name: dict(field) for name, field in _NEED.items()}
        if self.may(0.2):
            made["promise"] = {"by": "data.need.day"}
        return made

    # states that say more

    def ask(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002 - all makers are called alike
        state: Json = {"type": "ask", "ask": "A {data.need.colour}?", "fields": self.some_fields(name)}
        on = {"answered": go}
        if self.may(0.25):
            on["later"] = other
        if self.may(0.25):
            state["optional"] = True
            on["skipped"] = other
        return self.kept(name, self.timed(state, on, other, customer=True), go)

    def choice(self, name: str, depth: int, go: Any, other: Any) -> Json:
        if self.may(0.4):
            return self.kept(name, super().choice(name, depth, go, other), go)
        source = self.pick(["{data.need.tags}", "{data.need.tags}", "{data.need.items}", ["x", "y", "z"]])
        one: Json = {"from": source}
        one |= self.pick([{}, {"min": 0}, {"min": 0, "max": 2}, {"max": 2}, {"min": 2}, {"quantity": True, "min": 0}])
        made = self.timed({"type": "choice", "ask": "C?", "choose": {"c": one}}, {"chosen": go}, other, customer=True)
        return self.kept(name, made, go)

    def feedback(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().feedback(name, depth, go, other)
        if self.may(0.3):
            state |= {"optional": True, "on": {**state["on"], "skipped": self.route(other)}}
        return self.kept(name, state, go)

    def approval(self, name: str, depth: int, go: Any, other: Any) -> Json:
        return self.kept(name, super().approval(name, depth, go, other), go)

    def vote(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().vote(name, depth, go, other)
        state |= self.pick([{}, {"quorum": 0.5}, {"quorum": 1, "tie": "first"}])
        method = self.pick(["plurality", "plurality", "approval", "ranking", "score"])
        if method in ("approval", "score"):
            state = {**state, "method": method, "rule": "plurality", "early": False}
            state |= {"highest": self.pick([1, 3, 5])} if method == "score" else {}
        elif method == "ranking":
            state = {key: one for key, one in state.items() if key not in ("rule", "early")} | {"method": "ranking"}
        elif state["seats"] > 1 and self.may(0.3):
            state["options"] = [{"id": one, "kind": kind} for one, kind in (("x", "a"), ("y", "b"), ("z", "b"))]
            state["limits"] = {"kind": {"b": self.pick([1, {"max": 1}, {"min": 1}])}}
        if self.may(0.4):
            state["abstain"] = True
        return self.kept(name, state, go)

    def fitting(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().fitting(name, depth, go, other)
        return self.kept(name, state | ({"fields": self.some_fields(name)} if self.may(0.4) else {}), go)

    def task(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().task(name, depth, go, other)
        if self.may(0.5):
            state["fields"] = self.some_fields(name)
        if self.may(0.15):
            state |= {"for": self.pick([{"person": "by('need')"}, {"group": "members"}, "staff"])}
        return self.kept(name, state, go)

    def service(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().service(name, depth, go, other)
        if self.may(0.6):
            state["fields"] = self.some_fields(name)
        return self.kept(name, state, go)

    def message(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().message(name, depth, go, other)
        return self.kept(name, state | ({"fields": self.some_fields(name)} if self.may(0.5) else {}), go)

    def wait(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().wait(name, depth, go, other)
        if self.may(0.3):
            state.pop("for", None)
            state["until"] = self.pick(
                ["date(data.need.day)", "date(data.need.day) - days(3)", "now + days(data.need.n)"]
            )
        return self.kept(name, state, go)

    def call(self, name: str, depth: int, go: Any, other: Any) -> Json:
        return self.kept(name, super().call(name, depth, go, other), go)

    def race(self, name: str, depth: int, go: Any, other: Any) -> Json:
        self.in_race = True  # whichever member it is, its answer is saved as the race's: nothing is asked about it
        state = super().race(name, depth, go, other)
        self.in_race = False
        return self.kept(name, state, go)

    def decision(self, name: str, depth: int, go: Any, other: Any) -> Json:  # noqa: ARG002
        if self.may(0.15):
            return {"type": "decision", "else": {"to": go(), "set": {f"note_{self.number}": self.value()}}}
        rules = [{"when": self.guard(), "to": other(), **self.undoing()} for _ in range(self.chance.randint(1, 3))]
        return {"type": "decision", "rules": rules, "else": go()}

    def parallel(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().parallel(name, depth, go, other)
        branches = state["branches"]
        for label, branch in list(branches.items()):
            if len(branch["states"]) == 1 and "always" not in branch and self.may(0.7):
                (only,) = branch["states"].values()
                if all(route == "done" for routes in only.get("on", {}).values() for route in self.targets(routes)):
                    rest = {key: branch[key] for key in ("after",) if key in branch}
                    branches[label] = only | rest
                    self.forget(next(iter(branch["states"])))
        if self.may(0.3):
            state["join"] = self.pick(["done >= 1", "done >= 2", "open == 0", "data.need.sure && done >= 1"])
        return state

    def each(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().each(name, depth, go, other)
        if self.may(0.5):
            state["of"] = self.pick(["data.need.tags", "data.need.items", "[data.need.colour]"])
        if self.may(0.2):
            state["rest"], state["join"] = "cancel", self.pick(["done >= 1", 5, "done * 3 > total"])
        return state

    def stage(self, name: str, depth: int, go: Any, other: Any) -> Json:
        state = super().stage(name, depth, go, other)
        if len(state["states"]) > 1 and self.may(0.4):
            first, second = self.chance.sample(list(state["states"]), 2)
            state["start"] = [{"to": first, "when": self.guard()}, {"to": second}]
        return state

    # what is asked about them

    def kept(self, name: str, state: Json, go: Any) -> Json:
        """The state, remembered for conditions to come; perhaps with an end to a round that its deadline begins."""
        on = state.get("on", {})
        self.outcomes[name] = list(on)
        if "expired" in on and self.may(0.35):
            again = {"to": self.targets(on["expired"])[-1], "when": f"count('{name}') < {self.pick([1, 2, 3])}"}
            on["expired"] = [again, {"to": go()}]
        return state

    def forget(self, name: str) -> None:
        """A state that has got another name cannot be asked about; what asked already is refused."""
        self.outcomes.pop(name, None)
        self.answers.pop(name, None)
        self.names = [one for one in self.names if one != name]

    def some_fields(self, name: str) -> Json:
        chosen = self.chance.sample(list(_FIELDS), self.chance.randint(1, 3))
        if not self.in_race:
            self.answers[name] = True
        return {one: dict(_FIELDS[one]) | ({"optional": True} if self.may(0.15) else {}) for one in chosen}

    def timed(self, state: Json, on: dict[str, Any], other: Any, *, customer: bool) -> Json:
        made = super().timed(state, on, other, customer=customer)
        if "within" in made and self.may(0.15):
            made["within"] = self.pick(["{days(data.need.n)}", "{date(data.need.day)}", "{now + days(2)}"])
        if "remind" in made and made.get("within") != "PT1H" and self.may(0.4):
            made["remind"] = [{"every": "PT12H", **self.pick([{}, {"most": 3}])}]
        return made

    def route(self, target: Any) -> Any:
        made = super().route(target)
        last = made[-1] if isinstance(made, list) else made
        if self.may(0.1):
            last["set"] = {f"note_{self.number}": self.value()}
        if self.may(0.06):
            one = self.condition()
            return [{"to": target(), "when": one}, {"to": target(), "when": f"!({one})"}]
        return made

    def value(self) -> str:
        return str(self.pick(_FAILING_VALUES if self.may(0.04) else _VALUES))

    def guard(self) -> str:
        """A condition, perhaps made of two."""
        if self.may(0.2):
            return f"({self.condition()}) {self.pick(['&&', '||'])} ({self.condition()})"
        return self.condition()

    def condition(self) -> str:
        if self.may(0.02):
            return str(self.pick(_FAILING))
        return str(self.pick([self.of_need, self.of_need, self.of_past, self.of_past, self.of_answer, self.safe])())

    def safe(self) -> str:
        return str(self.pick(_SAFE))

    def of_need(self) -> str:
        number, sign = self.chance.randint(0, 10), self.pick(["<", ">", "==", "!=", "<=", ">="])
        colour = self.pick([*COLOURS, *COLOURS, *COLOURS, "rde"])
        return str(self.pick([f"data.need.n {sign} {number}", f"data.need.colour {self.pick(['==', '!='])} '{colour}'",
                              f"data.need.colour in {json.dumps(self.chance.sample(COLOURS, 2))}",
                              "data.need.sure", "!data.need.sure", "has(data.need.perhaps)"]))  # fmt: skip

    def of_past(self) -> str:
        if not self.names:
            return "passed('need')"
        name = self.pick(self.names)
        ways = [f"count('{name}') {self.pick(['<', '>=', '=='])} {self.chance.randint(1, 3)}", f"passed('{name}')",
                f"!passed('{name}')", f"at('{name}')", f"by('{name}') == 'ada'"]  # fmt: skip
        if self.outcomes.get(name):
            ways += [f"outcome('{name}') == '{self.pick(self.outcomes[name])}'"] * 2
        return str(self.pick(ways))

    def of_answer(self) -> str:
        if not self.answers:
            return self.of_need()
        name = self.pick(sorted(self.answers))
        one = self.pick([f"data.{name}.a > {self.chance.randint(0, 3)}", f"data.{name}.well",
                         f"data.{name}.colour == '{self.pick(COLOURS)}'"])  # fmt: skip
        field = one.split(".")[2].split(" ")[0]
        return one if self.may(0.4) else f"has(data.{name}.{field}) && {one}"

    @staticmethod
    def targets(routes: Any) -> list[str]:
        found = routes if isinstance(routes, list) else [routes]
        return [one if isinstance(one, str) else one["to"] for one in found]
