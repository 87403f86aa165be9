"""Every shipped process, driven at random: people, code, messages and the clock, on the pure core.

After each command the laws are asserted: L1 (one end), L5 (the position is the fold of the history), L7 (the same
input gives the same output), L8 (a customer's step has a deadline), and a refusal changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from drawing import examples
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from random_answers import PHASES, answer_for, fields_form, messages_of

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance, advance, compile_process, possible, start
from flowengine.core.answers import form
from flowengine.core.conversation import unanswered
from flowengine.core.draft import rebuild, settle
from flowengine.core.machines import Compiled
from flowengine.core.position import MemoryPosition
from flowengine.core.values import CONVERSATION, Actor, Branch, Step
from flowengine.core.world import Member, PlainWorld
from flowengine.errors import Refused
from flowengine.language import load
from flowengine.language.types import Service

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
MEMBERS = tuple(Member(id=name, record={"id": name, "name": name.title()}) for name in ("ada", "ben", "cleo", "dana"))
CLOCK = Actor(kind="clock")


class CoreMachine(RuleBasedStateMachine):
    """One job of one process; ``process`` is set by the subclass that the test makes."""

    compiled: Compiled

    def __init__(self) -> None:
        super().__init__()
        self.position: MemoryPosition | None = None
        self.history: list[list[e.AnyEvent]] = []
        self.now = BEGIN
        groups = dict.fromkeys(self.compiled.process.groups, MEMBERS)
        people = {one.id: Actor(kind="customer", id=one.id, groups=tuple(groups)) for one in MEMBERS}
        self.world = PlainWorld(customer={"id": "ada", "name": "Ada"}, groups=groups, people=people)

    # commands

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        process = self.compiled.process
        need = process.root.states[process.root.start]
        asked = fields_form("need", need.fields, self.world)
        answer = answer_for(data.draw, asked, asked.ways[0], self.now)
        command = c.Start(by=Actor(kind="customer", id="ada"), answer=answer)
        self._accept(lambda: start(self.compiled, "job-1", "ada", command, self.now, self.world))

    @property
    def at(self) -> MemoryPosition:
        assert self.position is not None
        return self.position

    @property
    def is_open(self) -> bool:
        return self.position is not None and self.position.head.status == "open"

    @precondition(lambda self: self.is_open and self.at.steps)
    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Somebody whom a step waits for does something that is possible on it."""
        step = data.draw(st.sampled_from([self.at.steps[n] for n in sorted(self.at.steps)]), label="step")
        asked = form(self.compiled, self.at, step, self.now, self.world)
        assert {way.outcome for way in asked.ways} == set(possible(self.compiled, self.at, step, self.now, self.world))
        if not asked.ways:
            return
        way = data.draw(st.sampled_from(asked.ways), label="way")
        answer = answer_for(data.draw, asked, way, self.now)
        by = self._somebody(data, step)
        self._try(c.Act(by=by, step=step.number, outcome=way.outcome, answer=answer))

    @precondition(lambda self: self.is_open and self.at.steps)
    @rule(data=st.data(), what=st.sampled_from(["claim", "release", "assign", "nonsense"]))
    def handle(self, data: st.DataObject, what: str) -> None:
        """Steps are claimed, given back, handed on, and acted on wrongly."""
        step = data.draw(st.sampled_from([self.at.steps[n] for n in sorted(self.at.steps)]))
        by = self._somebody(data, step)
        command: Any = {
            "claim": c.Claim(by=by, step=step.number),
            "release": c.Release(by=by, step=step.number),
            "assign": c.Assign(by=by, step=step.number, person="cleo"),
            "nonsense": c.Act(by=by, step=step.number, outcome="no_such_outcome"),
        }[what]
        self._try(command)

    @precondition(lambda self: self.is_open and self.at.timers)
    @rule()
    def time_passes(self) -> None:
        """The clock moves to the next timer and fires it."""
        timer = min(self.at.timers.values(), key=lambda one: (one.due, one.number))
        self.now = max(self.now, timer.due)
        self._must(c.Fire(by=CLOCK, timer=timer.number))

    @rule(hours=st.integers(1, 30))
    def some_time_passes(self, hours: int) -> None:
        """Time passes only as far as the next timer: the shell fires what is due before anything else."""
        later = self.now + timedelta(hours=hours)
        due = [timer.due for timer in self.at.timers.values()] if self.position else []
        self.now = max(self.now, min([later, *due]))

    @precondition(lambda self: self.is_open and self.at.calls)
    @rule(data=st.data())
    def code_ends(self, data: st.DataObject) -> None:
        """A service answers, with any outcome that it may have, or gives up."""
        call = data.draw(st.sampled_from([self.at.calls[n] for n in sorted(self.at.calls)]))
        service = Actor(kind="service", id=call.handler)
        if call.incident:
            self._must(c.Retry(by=Actor(kind="operator", id="olga"), call=call.number))
            return
        state = self.compiled.states[call.state] if call.state else None
        outcomes = ["done"] if call.undo or not isinstance(state, Service) else [*state.on, "done"]
        outcome = data.draw(st.sampled_from([o for o in outcomes if o != "expired"] + ["*fail"]))
        if outcome == "*fail" or outcome == "failed":
            self._must(c.Fail(by=service, call=call.number, error="the line was dead"))
            return
        result = _result(data, state, self.now) if isinstance(state, Service) and not call.undo else None
        self._must(c.Finish(by=service, call=call.number, outcome=outcome, result=result))

    @precondition(lambda self: self.is_open)
    @rule(data=st.data())
    def change_of_mind(self, data: st.DataObject) -> None:
        """An always entry is used."""
        entries = [entry for scope in self.compiled.process.scopes() for entry in scope.always if entry.by]
        if entries:
            entry = data.draw(st.sampled_from(entries))
            asked = fields_form("invoke", entry.fields)
            answer = answer_for(data.draw, asked, asked.ways[0], self.now)
            self._try(c.Invoke(by=Actor(kind="customer", id="ada"), name=entry.name, answer=answer))

    @precondition(lambda self: self.is_open)
    @rule(data=st.data())
    def message_comes(self, data: st.DataObject) -> None:
        """A message arrives, awaited or not."""
        names = messages_of(self.compiled.process)
        if names:
            keys = [data.draw(st.sampled_from(["", "order-1", "order-x"]))]
            self._try(c.Deliver(by=CLOCK, name=data.draw(st.sampled_from(names)), key=keys[0], body={}))

    @rule(text=st.text(max_size=30), kind=st.sampled_from(["note", "wish", "concern", "question"]))
    def somebody_speaks(self, text: str, kind: Any) -> None:
        """Words are welcome at any time, also after the end."""
        (self._must if text.strip() else self._try)(c.Say(by=Actor(kind="customer", id="ada"), text=text, kind=kind))

    @rule(data=st.data(), taken_back=st.booleans())
    def somebody_answers(self, data: st.DataObject, taken_back: bool) -> None:
        """What was asked is answered, also after the end, or taken back."""
        asked = unanswered(self.at) if self.position is not None else ()
        if asked:
            step, ada = data.draw(st.sampled_from(asked)), Actor(kind="customer", id="ada")
            answer = c.Say(by=self._somebody(data, step), text="So it is", kind="answer", to=step.number)
            self._try(c.TakeBack(by=ada, step=step.number) if taken_back else answer)

    # doing

    def _somebody(self, data: st.DataObject, step: Step) -> Actor:
        seats = [seat for seat in self.at.seats(step.number) if seat.answer is None] or list(self.at.seats(step.number))
        whom = data.draw(st.sampled_from([seat.audience for seat in seats] if seats else list(step.audience)))
        kind, _, name = whom.partition(":")
        if kind == "role":
            return Actor(kind="staff", id=data.draw(st.sampled_from([f"{name}_1", f"{name}_2"])), roles=(name,))
        if kind == "person":
            return Actor(kind="customer", id=name)
        if kind == "staff":
            return Actor(kind="staff", id="stan")
        return Actor(kind="customer", id=data.draw(st.sampled_from([one.id for one in MEMBERS])))

    def _must(self, command: c.AnyCommand) -> None:
        self._accept(lambda: advance(self.compiled, self.at, command, self.now, self.world))

    def _try(self, command: c.AnyCommand) -> None:
        """Do it, or be refused with words that say what is possible; a refusal changes nothing."""
        before = (self.at.head, dict(self.at.data), dict(self.at.branches))
        refused: Refused | None = None
        try:
            advance(self.compiled, self.at, command, self.now, self.world)
        except Refused as error:
            refused = error
        if refused is None:
            self._must(command)
        else:
            assert refused.what
            assert (self.at.head, dict(self.at.data), dict(self.at.branches)) == before

    def _accept(self, compute: Any) -> None:
        first: Advance = compute()
        again: Advance = compute()
        assert first.events == again.events, "the same input gave another output (L7)"
        self.history.append(first.events)
        self.position = settle(self.position, first.draft)

    # laws

    @invariant()
    def history_tells_the_position(self) -> None:
        """L5."""
        if self.position is not None:
            told = rebuild(self.history)
            assert told.head == self.position.head
            assert told.data == self.position.data
            assert told.branches == self.position.branches
            assert told.seated == self.position.seated

    @invariant()
    def it_ends_in_one_end(self) -> None:
        """L1."""
        if self.position is None:
            return
        ends = [event for events in self.history for event in events if isinstance(event, e.Ended)]
        if self.is_open:
            assert not ends
        else:
            assert len(ends) == 1
            assert ends[0].kind == self.at.head.status in ("fulfilled", "ended")
            assert all(step.is_asked for step in self.at.steps.values())
            assert all(timer.branch == CONVERSATION for timer in self.at.timers.values())
            assert not self.at.calls

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        """L8: what waits for a customer has a deadline, and every branch that waits can be woken."""
        if not self.is_open:
            return
        for branch in self.at.branches.values():
            if branch.id != CONVERSATION:
                _assert_deadlines(self.compiled, self.at, branch)


def _assert_deadlines(compiled: Compiled, position: MemoryPosition, branch: Branch) -> None:
    clocks = [timer for timer in branch.timers if timer.purpose in ("expire", "close", "elapse", "hold")]
    for step in branch.steps:
        for_customers = _waits_for_customer(position, step)
        if for_customers and compiled.states[branch.state].type not in ("task",):
            assert clocks, f"step {step.number} ({step.state}) waits for a customer without a deadline (L8)"


def _waits_for_customer(position: MemoryPosition, step: Step) -> bool:
    audiences = step.audience or tuple(seat.audience for seat in position.seats(step.number))
    return any(whom.startswith(("person:", "group:")) or whom == "customers" for whom in audiences)


def _result(data: st.DataObject, state: Service, now: datetime) -> dict[str, Any]:
    asked = fields_form("service", state.fields)
    return answer_for(data.draw, asked, asked.ways[0], now)


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
def test_random_lives_keep_the_laws(path: Path) -> None:
    """Whatever happens to a job, in whatever order, the laws hold after each command."""
    machine = type("Machine", (CoreMachine,), {"compiled": compile_process(load(path))})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(20),
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=PHASES,
        ),
    )
