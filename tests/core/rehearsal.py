"""A job rehearsed in memory: each command is checked against the laws that hold for all of them."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance, advance, compile_process, possible, start
from flowengine.core.draft import rebuild, settle
from flowengine.core.migrating import Migration, migrate
from flowengine.core.position import MemoryPosition
from flowengine.core.values import CONVERSATION, ROOT, Actor, Branch, Fork, ServiceCall, Step, Timer
from flowengine.core.world import Member, PlainWorld
from flowengine.language import parse
from flowengine.language.durations import Duration
from flowengine.language.model import Process

ADA = Actor(kind="customer", id="ada")
BEN = Actor(kind="customer", id="ben")
TOM = Actor(kind="staff", id="tom", roles=("tailor",))
EVA = Actor(kind="staff", id="eva", roles=("tailor",))
OPS = Actor(kind="operator", id="ops")
CODE = Actor(kind="service", id="worker")
CLOCK = Actor(kind="clock")
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

HEADER = """
process: sample
title: A sample
need: Something
roles: {tailor: {title: Tailor}}
"""
FULFILLED = "  fulfilled: {type: fulfilled}\n"
GONE = "  gone: {type: ended, because: It was given up}\n"


def process(states: str, more: str = "", need: str = "first", *, check: bool = False) -> Process:
    """A process whose need leads to the state ``first``; ``states`` are indented by two, ``more`` is top-level YAML.

    Without ``check`` it may break rules of good processes, so that the core's own guards can be seen at work.
    """
    ends = FULFILLED + (GONE if "gone" in states + more or not check else "")
    text = f"{HEADER}{more}\nstates:\n  need: {{type: need, ask: What?, next: {need}}}\n{states.rstrip()}\n{ends}"
    return parse(text, "sample.yaml", check=check)


class Rehearsal:
    """One job in memory. ``asked`` lists its events, one list a command."""

    def __init__(
        self, made: Process, need: dict[str, Any] | None = None, begin: datetime = BEGIN, **groups: list[Member]
    ) -> None:
        self.compiled = compile_process(made)
        members = [one for some in groups.values() for one in some]
        of = {one.id: [name for name, some in groups.items() if one in some] for one in members}
        people = {id: Actor(kind="customer", id=id, groups=tuple(names)) for id, names in of.items()}
        self.world = PlainWorld(customer={"id": "ada", "name": "Ada"}, groups=groups, people=people)
        self.now = begin
        command = c.Start(by=ADA, answer=need or {})
        self.last = start(self.compiled, "job", "ada", command, self.now, self.world)
        again = start(self.compiled, "job", "ada", command, self.now, self.world)
        assert again.events == self.last.events, "L7: the same input gives the same output"
        self.history: list[list[e.AnyEvent]] = [list(self.last.events)]
        self.position: MemoryPosition = settle(None, self.last.draft)
        self.check()

    # commands

    def do(self, command: c.AnyCommand) -> Advance:
        """Do a command, twice over to prove L7, and hold the outcome against L1 and L5."""
        before = copy.copy(self.position.branches), copy.deepcopy(self.position.data), self.position.head
        self.last = advance(self.compiled, self.position, command, self.now, self.world)
        again = advance(self.compiled, self.position, command, self.now, self.world)
        assert again.events == self.last.events, "L7: the same input gives the same output"
        assert again.effects == self.last.effects, "L7: the same input gives the same output"
        after = self.position.branches, self.position.data, self.position.head
        assert before == after, "what is given to advance is not changed"
        self.history.append(list(self.last.events))
        self.position = settle(self.position, self.last.draft)
        self.check()
        return self.last

    def migrate(self, made: Process, *people: Actor, **given: Any) -> Migration:
        """Move to another version, twice over to prove L7; one that is refused changes nothing."""
        new = compile_process(made)
        command = c.Migrate(by=OPS, version=made.version, **given)
        known = {one.id: one for one in people or (TOM, EVA)}
        before = copy.copy(self.position.branches), copy.deepcopy(self.position.data), self.position.head
        found = migrate(self.compiled, new, self.position, command, self.now, self.world, known)
        again = migrate(self.compiled, new, self.position, command, self.now, self.world, known)
        assert (found.obstacles, found.warnings) == (again.obstacles, again.warnings)
        assert before == (self.position.branches, self.position.data, self.position.head)
        if found.done is not None and again.done is not None:
            assert found.done.events == again.done.events, "L7: the same input gives the same output"
            self.last, self.compiled = found.done, new
            self.history.append(list(self.last.events))
            self.position = settle(self.position, self.last.draft)
            self.check()
        return found

    def act(self, state: str, outcome: str = "", answer: Any = None, *, by: Actor = ADA, branch: str = "") -> Advance:
        step = self.step(state, branch)
        return self.do(c.Act(by=by, step=step.number, outcome=outcome, answer={} if answer is None else answer))

    def finish(self, state: str, outcome: str = "done", result: Any = None, *, branch: str = "") -> Advance:
        return self.do(c.Finish(by=CODE, call=self.call(state, branch).number, outcome=outcome, result=result))

    def fail(self, state: str, error: str = "it broke") -> Advance:
        return self.do(c.Fail(by=CODE, call=self.call(state).number, error=error))

    def deliver(self, name: str, key: str = "", body: Any = None) -> Advance:
        return self.do(c.Deliver(by=CODE, name=name, key=key, body=body))

    def invoke(self, name: str, answer: Any = None, branch: str = "") -> Advance:
        return self.do(c.Invoke(by=ADA, name=name, answer=answer or {}, branch=branch))

    def wait(self, span: str) -> None:
        """Let time pass, firing what becomes due on the way, in order."""
        until = Duration.parse(span).after(self.now)
        while due := [timer for timer in self.timers if timer.due <= until]:
            timer = min(due, key=lambda one: (one.due, one.number))
            self.now = max(self.now, timer.due)
            self.do(c.Fire(by=CLOCK, timer=timer.number))
        self.now = until

    # looking

    def step(self, state: str, branch: str = "") -> Step:
        found = [step for step in self.steps if step.state == state and branch in ("", step.branch)]
        assert len(found) == 1, f"{len(found)} open steps in {state}; open: {[s.state for s in self.steps]}"
        return found[0]

    def call(self, state: str, branch: str = "") -> ServiceCall:
        found = [call for call in self.position.calls.values() if call.state == state and branch in ("", call.branch)]
        assert len(found) == 1, f"{len(found)} open calls in {state}"
        return found[0]

    @property
    def steps(self) -> list[Step]:
        return list(self.position.steps.values())

    @property
    def timers(self) -> list[Timer]:
        return list(self.position.timers.values())

    @property
    def clocks(self) -> list[Timer]:
        """The timers at which something happens to the job, or to its people, not those that say that it is late."""
        return [timer for timer in self.timers if timer.purpose not in ("attention", "promise")]

    @property
    def data(self) -> dict[str, Any]:
        return self.position.data

    @property
    def standing(self) -> list[str]:
        """The states in which the job stands, each as often as it does, sorted."""
        return sorted(Counter(self.position.head.standing).elements())

    @property
    def status(self) -> str:
        return self.position.head.status

    def offered(self, state: str) -> tuple[str, ...]:
        return possible(self.compiled, self.position, self.step(state), self.now, self.world)

    def told(self, kind: type) -> list[Any]:
        """The events of one kind in the whole history."""
        return [event for events in self.history for event in events if type(event) is kind]

    # laws

    def check(self) -> None:
        """What must hold after each command: L5, L1, and that all counters agree with what they count."""
        assert rebuild(self.history) == self.position, "L5: the history gives the position"
        head, branches = self.position.head, dict(self.position.branches)
        self._check_asked(branches.pop(CONVERSATION, None))
        standing = Counter(branch.state for branch in branches.values() if branch.state)
        assert dict(standing) == head.standing, "states are counted as branches stand"
        assert head.branches == len(branches) - 1, "branches are counted"
        rung = [timer for timer in self.position.rung.values() if timer.branch != CONVERSATION]
        assert head.late == len(rung), "what is late is counted"
        ends = set(self.compiled.ends)
        by_hand = head.status == "ended" and not head.end
        assert by_hand or (head.status == "open") == (not ends & set(head.standing)), (
            "L1: a job is over exactly in an end"
        )
        assert not by_hand or not head.standing, "L1: a job that an operator ended stands nowhere"
        if head.status != "open":
            assert list(branches) == [ROOT], "L1: nothing outlives the end"
            assert all(step.is_asked for step in self.steps), "L1: nothing outlives the end but what was asked"
            assert all(timer.branch == CONVERSATION for timer in self.timers), "L1: nothing outlives the end"
        numbers = [step.number for step in self.steps] + [timer.number for timer in self.timers]
        assert len(numbers) == len(set(numbers)), "numbers are given once"
        for branch in branches.values():
            self._check_fork(branch)
        self._check_promise()

    def _check_promise(self) -> None:
        """What is promised has one timer, at the first moment at which it is late, until that has told so once."""
        promise, told = self.position.head.promise, Counter(one.by for one in self.told(e.PromiseOverdue))
        set_ = [timer for timer in self.timers if timer.purpose == "promise"]
        if promise is None or promise.kept is not None or self.status != "open":
            assert not set_, "nothing is promised any more that could be late"
            return
        fired = {event.timer for event in self.told(e.TimerDropped) if event.fired}
        if promise.timer in fired:
            assert not set_, "a promise is told to be late once"
            assert told[promise.by], "its timer has told that it is late"
        else:
            (timer,) = set_
            assert (timer.number, timer.branch) == (promise.timer, ROOT)
            assert timer.due == promise.by + timedelta(microseconds=1)

    def _check_asked(self, asked: Branch | None) -> None:
        """Whatever was asked and is neither answered nor taken back waits for somebody, with a time to look (L8)."""
        steps = asked.steps if asked is not None else ()
        said = {event.number for event in self.told(e.Said) if event.number}
        over = {event.step for event in self.told(e.StepClosed) if event.branch == CONVERSATION}
        assert {step.number for step in steps} == said - over, "what was asked waits until it is answered"
        assert self.position.head.unanswered == len(steps), "what is not answered is counted"
        assert asked is None or steps, "there is a conversation only while something waits for an answer"
        for step in steps:
            assert step.audience, "what was asked waits for somebody"
            assert [timer.due for timer in asked.timers if timer.step == step.number] == [step.due]

    def _check_fork(self, branch: Branch) -> None:
        fork = branch.inners.get("")
        if not isinstance(fork, Fork):
            return
        children = [child for child in self.position.children(branch.id) if not child.detached]
        running = [child for child in children if not child.pending and not child.done]
        assert fork.open == len(running), f"{branch.id}: the fork counts what runs"
        pending = sum(child.pending for child in children)
        assert fork.total == fork.open + fork.done + pending, f"{branch.id}: the fork adds up"


def days(number: float) -> timedelta:
    return timedelta(days=number)
