"""Other versions of a process, by chance: what a designer would change, some of which jobs in flight cannot follow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Json = dict[str, Any]

_SPANS = ["PT30M", "PT2H", "P2D", "P5D"]


class Version:
    """A process's text with some changes; ``states`` maps those that were renamed, ``fill`` is what it asks anew."""

    def __init__(self, text: str, chance: Random) -> None:
        self.chance = chance
        self.states: dict[str, str] = {}
        self.fill: dict[str, Any] = {}
        self.made: Json = json.loads(text)
        for change in chance.sample(self._changes, chance.randint(1, 3)):
            change()
        if chance.random() < 0.3:
            self._ask_more()

    @property
    def text(self) -> str:
        return json.dumps(self.made, indent=1)

    @property
    def _changes(self) -> list[Callable[[], None]]:
        return [
            self._deadline, self._rename, self._role, self._words, self._ask_more, self._read, self._add_state,
            self._add_always, self._drop_always, self._add_branch, self._drop_branch, self._forks, self._options,
            self._handler, self._shows, self._remind, self._race, self._drop_state, self._type,
        ]  # fmt: skip

    def _states(self) -> Iterator[tuple[Json, str, Json]]:
        """Each state with the states beside it and its name."""
        waiting = [self.made["states"]]
        while waiting:
            beside = waiting.pop()
            for name, state in list(beside.items()):
                yield beside, name, state
                if "states" in state:
                    waiting.append(state["states"])
                waiting += [branch["states"] for branch in state.get("branches", {}).values()]

    def _some(self, *types: str, key: str = "") -> list[tuple[Json, str, Json]]:
        found = [
            (beside, name, one)
            for beside, name, state in self._states()
            for one in (state, *(state["of"].values() if state["type"] == "race" else ()))
            if (not types or one.get("type") in types) and (not key or key in one)
        ]
        return [self.chance.choice(found)] if found else []

    # changes

    def _deadline(self) -> None:
        for _, _, state in self._some(key="within"):
            state["within"] = self.chance.choice(_SPANS)

    def _rename(self) -> None:
        for _, name, _ in self._some():
            if name in ("need", "fulfilled", "gone"):
                continue
            text = re.sub(rf"(?<![a-z_0-9]){name}(?![a-z_0-9])", f"new_{name}", json.dumps(self.made))
            self.made = json.loads(text)
            self.states[name] = f"new_{name}"

    def _role(self) -> None:
        for _, _, state in self._some("task"):
            state["for"] = self.chance.choice(["cutter", "staff", ["tailor", "cutter"], "customers"])
        for _, _, state in self._some("approval"):
            both = ["tailor", "cutter"]
            state["by"] = self.chance.choice(["cutter", {"all": both}, {"any": 1, "of": both}])

    def _words(self) -> None:
        for _, _, state in self._some(key="ask"):
            state["ask"] = "Other words for {data.need.n}"

    def _shows(self) -> None:
        for _, _, state in self._some("task", "ask", "approval"):
            state["shows"] = {"Number": "{data.need.n}"}

    def _ask_more(self) -> None:
        """The need asks one thing more, and something reads it."""
        self.made["states"]["need"]["fields"]["m"] = {"type": "string"}
        for _, _, state in self._some("task", "ask"):
            state["ask"] = "For {data.need.m}"
            if self.chance.random() < 0.5:
                self.fill["data.need.m"] = "a word"

    def _read(self) -> None:
        """A state reads what another one saves; where the checks allow it, a job may still have passed that already."""
        for _, source, _ in self._some("choice", "feedback", "vote"):
            known = {"choice": "titles.c", "feedback": "rating", "vote": "cast"}
            for _, name, state in self._some("task", "ask"):
                kind = next(one["type"] for _, found, one in self._states() if found == source)
                if kind in known and name != source:
                    state["ask"] = f"After {{data.{source}.{known[kind]}}}"

    def _add_state(self) -> None:
        """Something is done before a state, and saved for the one behind it."""
        for beside, name, state in self._some("task", "ask", "wait", "approval"):
            if name not in beside:
                continue
            added = f"added_{self.chance.randint(0, 10**6)}"
            text = json.dumps(beside)
            text = re.sub(rf'("(?:to|else|next)": )"{name}"', rf'\1"{added}"', text)
            beside.clear()
            beside.update(json.loads(text))
            task = {"type": "task", "for": "tailor", "fields": {"x": {"type": "integer"}}, "on": {"done": name}}
            beside[added] = task
            if state.get("type") in ("task", "ask") and self.chance.random() < 0.5:
                beside[name]["ask"] = f"After {{data.{added}.x}}"

    def _drop_state(self) -> None:
        for beside, name, state in self._some("tell", "decision", "wait"):
            on = state.get("on", {"": {"to": state.get("else")}})
            to = next(iter(on.values()))
            if name not in beside or not isinstance(to, dict) or not isinstance(to.get("to"), str):
                continue
            text = re.sub(rf'("(?:to|else|next|start)": )"{name}"', rf'\1"{to["to"]}"', json.dumps(self.made))
            self.made = json.loads(text)
            for others, found, _ in self._states():
                if found == name:
                    del others[name]
                    break

    def _type(self) -> None:
        for _, _, state in self._some("wait", key="on"):
            on = next(iter(state["on"].values()))
            state.clear()
            state.update({"type": "task", "for": "tailor", "on": {"done": on}})

    def _add_always(self) -> None:
        holder = self.chance.choice([self.made, *(one for _, _, one in self._states() if "states" in one)])
        to = "fulfilled" if holder is self.made else "done"
        how = self.chance.choice([{"within": self.chance.choice(_SPANS)}, {"by": "customer"}, {"message": "m2"}])
        holder.setdefault("always", {})[f"more_{self.chance.randint(0, 10**6)}"] = {**how, "to": to}

    def _drop_always(self) -> None:
        for _, _, state in self._some(key="always"):
            del state["always"]

    def _add_branch(self) -> None:
        for _, _, state in self._some("parallel"):
            number = self.chance.randint(0, 10**6)
            state_name = f"beside_{number}"
            task = {"type": "task", "for": "tailor", "on": {"done": "done"}}
            branch: Json = {"start": state_name, "states": {state_name: task}}
            if self.chance.random() < 0.5:
                branch["after"] = [self.chance.choice(list(state["branches"]))]
            state["branches"][f"branch_{number}"] = branch

    def _drop_branch(self) -> None:
        for _, _, state in self._some("parallel"):
            if len(state["branches"]) > 1:
                del state["branches"][self.chance.choice(list(state["branches"]))]

    def _forks(self) -> None:
        for _, _, state in self._some("parallel", "each"):
            state["join"] = self.chance.choice(["all", 1, "done * 2 >= total"])
            if state["type"] == "each":
                state["at_a_time"] = self.chance.choice([1, 2, 5])
                state["as"] = "thing"
            else:
                state["one_at_a_time"] = not state.get("one_at_a_time", False)

    def _options(self) -> None:
        for _, _, state in self._some("choice"):
            state["choose"] = {"c": {"from": ["x", "z"]}, "e": {"from": [1, 2]}}

    def _handler(self) -> None:
        for _, _, state in self._some("service"):
            state["call"] = "other_work"
            state["input"] = {"n": "data.need.n + 1"}

    def _remind(self) -> None:
        for _, _, state in self._some("ask", "approval", "choice"):
            state["remind"] = ["PT20M", "PT50M"]
        for _, _, state in self._some("task"):
            state["escalate"] = {"after": self.chance.choice(_SPANS), "to": "cutter"}
            state["claim"] = self.chance.choice(_SPANS)

    def _race(self) -> None:
        for _, _, state in self._some("race"):
            gone = self.chance.choice(list(state["of"]))
            if len(state["of"]) > 1:
                del state["of"][gone]
                state["on"] = {name: to for name, to in state["on"].items() if name.partition(".")[0] != gone}
            state["of"]["more"] = {"type": "task", "for": "tailor", "within": "P1D"}
            state["on"]["more"] = next(iter(state["on"].values()))
