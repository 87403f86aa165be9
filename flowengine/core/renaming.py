"""States that have other names from now on: a position in which all that refers to them follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from flowengine.core.ground import Ground, replace
from flowengine.core.values import ROOT, Branch, Fork, Inners, Memory, ServiceCall, Step, Timer, Undoable, Undoing

T = TypeVar("T", Step, ServiceCall, Undoable)


@dataclass(frozen=True, slots=True)
class Renaming:
    """The new names of ``states``, of the paths of ``scopes``, and of ``items`` by the new path of their each."""

    states: Mapping[str, str]
    scopes: Mapping[str, str]
    items: Mapping[str, str]

    def apply(self, ground: Ground) -> None:
        """All branches, and what the job as a whole knows of them. Their ids stay."""
        standing: dict[str, int] = {}
        for state, count in ground.head.standing.items():
            name = self.states.get(state, state)
            standing[name] = standing.get(name, 0) + count
        cut_off = tuple(map(self._named, ground.head.cut_off))
        for call, before in zip(cut_off, ground.head.cut_off, strict=True):
            if call is not before:
                ground.effects.calls[call.number] = call
        ground.head = replace(ground.head, standing=standing, cut_off=cut_off)
        ids = [ROOT]
        while ids:
            branch = ground.at(ids.pop())
            ids += [child.id for child in ground.children(branch.id)]
            self._branch(ground, branch)

    def _branch(self, ground: Ground, before: Branch) -> None:
        scope = self.scopes.get(before.scope, before.scope)
        branch = replace(
            before,
            scope=scope,
            state=self.states.get(before.state, before.state),
            name=self.items.get(scope, before.name) if before.own else before.name,
            steps=tuple(map(self._named, before.steps)),
            timers=tuple(map(self._timer, before.timers)),
            calls=tuple(map(self._named, before.calls)),
            inners={member: self._inner(before.state, inner) for member, inner in before.inners.items()},
            memory=self.memory(before.memory),
            undoable=tuple(map(self._named, before.undoable)),
        )
        if branch == before:
            return
        ground.put(branch)
        effects = ground.effects
        for step, old_step in zip(branch.steps, before.steps, strict=True):
            if step != old_step:
                effects.steps[step.number] = step
        for timer, old_timer in zip(branch.timers, before.timers, strict=True):
            if timer != old_timer:
                effects.timers[timer.number] = timer
        for call, old_call in zip(branch.calls, before.calls, strict=True):
            if call != old_call:
                effects.calls[call.number] = call

    def _named(self, one: T) -> T:
        return replace(one, state=self.states[one.state]) if one.state in self.states else one

    def _timer(self, timer: Timer) -> Timer:
        if timer.purpose != "always" or timer.detail[0] not in self.scopes:
            return timer
        return replace(timer, detail=[self.scopes[timer.detail[0]], timer.detail[1]])

    def _inner(self, state: str, inner: Inners) -> Inners:
        if isinstance(inner, Undoing):
            waiting = tuple(map(self._named, inner.waiting))
            return replace(inner, to=self.states.get(inner.to, inner.to), waiting=waiting)
        if isinstance(inner, Fork) and state in self.states:
            return replace(inner, named=inner.named or state)
        return inner

    def memory(self, before: Memory) -> Memory:
        """What is known of the past, under the new names; of two states that are one now, all together."""
        passed: dict[str, int] = {}
        entered: dict[str, int] = {}
        by: dict[str, str] = {}
        outcome: dict[str, str] = {}
        for state, count in before.passed.items():
            name = self.states.get(state, state)
            passed[name] = passed.get(name, 0) + count
        for state, who in sorted(before.by.items(), key=lambda one: before.entered.get(one[0], 0)):
            by[self.states.get(state, state)] = who
        for state, how in sorted(before.outcome.items(), key=lambda one: before.entered.get(one[0], 0)):
            outcome[self.states.get(state, state)] = how
        for state, entry in before.entered.items():
            name = self.states.get(state, state)
            entered[name] = max(entered.get(name, 0), entry)
        inside = {self.scopes.get(path, path): self.memory(one) for path, one in before.inside.items()}
        return Memory(passed=passed, by=by, outcome=outcome, entered=entered, inside=inside)
