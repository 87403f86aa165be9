"""Every shipped process, driven at random through the engine on both databases, with the pure core as the model.

The model repeats each command of the stored history on the pure core. After each command: the same events (L7), the
same position as the stored one (L5), one end (L1), the same receipt for the same key and a conflict for another body
(L3), and nothing for strangers (L4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
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

from flowengine import Engine, HandlerCall, Outcome, SimulatedClock
from flowengine.commands import counting
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import advance, compile_process, start
from flowengine.core.ballots import weighing
from flowengine.core.boxes import Box, Electorate
from flowengine.core.contents import ERASED
from flowengine.core.draft import rebuild, replace, settle
from flowengine.core.flow import MARGIN
from flowengine.core.forms import Form, Way
from flowengine.core.position import MemoryPosition
from flowengine.core.timers import due
from flowengine.core.values import Actor, Standing
from flowengine.core.world import Appointment, Attempt
from flowengine.errors import ExpressionFailed, FlowError, KeyConflict, NotFound, Refused, StaleCommand
from flowengine.exact import Number
from flowengine.insight.cells import Cell, Key
from flowengine.insight.expecting import StateCounts
from flowengine.language import load
from flowengine.language.types import Service
from flowengine.runtime.actors import StoreWorld
from flowengine.speech.readers import words_for
from flowengine.store import Database
from flowengine.store.codec import decode
from flowengine.views.replies import InboxItem

NOT_DONE = (Refused, ExpressionFailed)
"""How what cannot be done is answered: moved or skipped by hand, a job may miss data that an expression reads."""

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
HANDS = ("move", "move", "set", "skip", "complete", "act for", "end", "defer", "fire", "drop")
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
MARK = "What Ada has said"
CUSTOMERS = ("ada", "ben", "cleo", "dana")
LIVES = count(1)
"""Numbers for the keys of lives: under a key that came twice, with the same need, the second would be the first, whose
customer was erased."""
STRANGER = Actor(kind="staff", id="mallory")
OUTSIDER = Actor(kind="customer", id="mallory")
"""A stranger to what people ask, which is for all of the staff."""


def _undo(call: HandlerCall) -> None:
    """Undoes what there is to undo: a handler is told that this is what it is for."""
    assert call.undo


class ThenWorld(StoreWorld):
    """The world as it was for a command: how attempts stood, which goes on changing, is what its events tell."""

    told: tuple[e.AnyEvent, ...] = ()

    def attempt(self, call: int) -> Attempt | None:
        if not any(isinstance(one, e.UndoNoted) and one.undoable.call == call for one in self.told):
            return None
        ends = [
            one.timer.due - MARGIN
            for one in self.told
            if isinstance(one, e.TimerSet) and one.timer.purpose == "cut_off" and one.timer.detail == call
        ]
        return Attempt(ends[0] if ends else None)

    def freeze(self, step: int, voters: str | Sequence[tuple[str, Number]], *, secret: bool) -> Electorate | None:
        """Who could vote when the vote was opened; of one that closed at once there is no box."""
        box = self.tx.ballots.find(self.job, step)
        if box is None:
            return super().freeze(step, voters, secret=secret)._replace(hash=sha256(b"").hexdigest())
        return Electorate(box.voters, weighing(box.weight), box.electorate)

    def standing(self, step: int) -> Standing:
        """As it was when the box was closed by this command."""
        for one in self.told:
            if isinstance(one, e.BoxClosed) and one.step == step:
                return Standing(
                    cast=one.cast,
                    cast_weight=one.cast_weight,
                    abstained=one.abstained,
                    abstained_weight=one.abstained_weight,
                    tally=one.tally,
                )
        return Standing()

    def box(self, step: int) -> Box:
        """What was in it when it was closed: nothing comes to it."""
        closed = next(one for one in self.told if isinstance(one, e.BoxClosed) and one.step == step)
        return super().box(step)._replace(root=closed.root)

    def booked(
        self, whose: Sequence[str], start: datetime, end: datetime, now: datetime, *, alone: bool = False
    ) -> Mapping[str, Sequence[Appointment]]:
        """As it was before the command booked anything itself."""
        made = {one.start for one in self.told if isinstance(one, e.SlotBooked)}
        found = super().booked(whose, start, end, now, alone=alone)
        return {
            name: [one for one in them if one.job != self.job or one.start not in made] for name, them in found.items()
        }


class EngineMachine(RuleBasedStateMachine):
    """One job of one process on one database; ``database`` and ``path`` are set by the subclass that the test makes."""

    database: Database
    path: Path

    def __init__(self) -> None:
        super().__init__()
        self.clock = SimulatedClock(BEGIN)
        self.engine = Engine(self.database, clock=self.clock, handlers={})
        self.process = load(self.path)
        self.process = self.process.put_in_use(self.process.version, words_for)
        self.compiled = compile_process(self.process)
        self.model: MemoryPosition | None = None
        self.job = ""
        self.seq = 0
        self.keys = 0
        self.answers: st.DataObject | None = None
        self.engine.deploy(self.path)
        with self.database.writing() as tx:
            for name in CUSTOMERS:
                if (there := tx.people.get(name)) is not None:  # the life before this one ended with an erasure
                    tx.people.update(replace(there, erased=None))
        for name in CUSTOMERS:
            self.engine.add_customer(name, name.title(), groups=tuple(self.process.groups))
        for role in self.process.roles:
            self.engine.add_staff(f"{role}_1", roles=(role,))
            self.engine.add_staff(f"{role}_2", roles=(role,))
        for state in self.process.states():
            if isinstance(state, Service):
                self.engine.handler(state.call)(self._handler(state))
                if state.undo:
                    self.engine.handler(state.undo)(_undo)

    def _handler(self, state: Service) -> Any:
        """A handler that answers, chooses an outcome or raises, as is drawn when it is called."""

        def handle(call: HandlerCall) -> Outcome:
            assert call.key.startswith(call.job)
            assert self.answers is not None
            draw = self.answers.draw
            names = [name for name in state.on if name not in ("expired", "failed")]
            outcome = draw(st.sampled_from([*names, "raise"]))
            if outcome == "raise":
                raise RuntimeError("the line was dead")
            asked = fields_form("service", state.fields)
            return Outcome(outcome, answer_for(draw, asked, asked.ways[0], self.clock.now()))

        return handle

    def teardown(self) -> None:
        try:
            if self.job:
                self._counted()
                self._erased()
                self._counted()
        finally:
            self.engine.close()

    # commands

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        questions = self.engine.need(self.process.name).questions
        asked = Form(step=0, type="need", title="need", ways=(Way(outcome="", title="", fields=questions),))
        need = answer_for(data.draw, asked, asked.ways[0], self.clock.now())
        key = f"start-{next(LIVES)}"
        receipt = self.engine.start(self.process.name, by="ada", need=need, key=key)
        again = self.engine.start(self.process.name, by="ada", need=need, key=key)
        assert again == receipt, "the same key gave another receipt (L3)"
        self.job = receipt.job

    @property
    def is_open(self) -> bool:
        return self.model is not None and self.model.head.status == "open"

    def _waiting(self) -> list[tuple[str, InboxItem]]:
        """Who could do which step, by their inboxes."""
        people = [*CUSTOMERS, *(f"{role}_{n}" for role in self.process.roles for n in (1, 2))]
        found = [(who, item) for who in people for item in self.engine.inbox(who, everything=True)]
        return [(who, item) for who, item in found if item.job == self.job]

    @precondition(lambda self: self.is_open)
    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Somebody acts on a step of his inbox, twice with the same key."""
        waiting = self._waiting()
        if not waiting:
            return
        who, item = data.draw(st.sampled_from(waiting), label="who and what")
        view = self.engine.step(item.id, who)
        if not view.form.ways:
            return
        way = data.draw(st.sampled_from(view.form.ways), label="way")
        answer = answer_for(data.draw, view.form, way, self.clock.now())
        self.keys += 1
        key = f"key-{self.job}-{self.keys}"
        stranger = OUTSIDER if view.type == "question" else STRANGER
        with pytest.raises(NotFound) as hidden:
            self.engine.act(item.id, way.outcome, answer, by=stranger)
        with pytest.raises(NotFound) as missing:
            self.engine.act(f"{self.job}.99999", way.outcome, answer, by=stranger)
        assert hidden.value.what.replace(item.id, "") == missing.value.what.replace(f"{self.job}.99999", "")
        try:
            receipt = self.engine.act(item.id, way.outcome, answer, by=who, key=key)
        except NOT_DONE:
            self._only_the_clock()
            return
        assert self.engine.act(item.id, way.outcome, answer, by=who, key=key) == receipt
        with pytest.raises(KeyConflict):
            self.engine.act(item.id, way.outcome, {"another": "body"}, by=who, key=key)

    @precondition(lambda self: self.is_open)
    @rule(data=st.data(), what=st.sampled_from(["claim", "release", "assign"]))
    def handle(self, data: st.DataObject, what: str) -> None:
        """Steps are claimed, given back and handed on."""
        waiting = self._waiting()
        if waiting:
            who, item = data.draw(st.sampled_from(waiting))
            try:
                if what == "assign":
                    self.engine.assign(item.id, data.draw(st.sampled_from([one for one, _ in waiting])), by=who)
                else:
                    getattr(self.engine, what)(item.id, by=who)
            except NOT_DONE:
                self._only_the_clock()

    @precondition(lambda self: self.is_open)
    @rule(data=st.data(), hours=st.sampled_from([0, 1, 24, 24 * 8]))
    def time_passes(self, data: st.DataObject, hours: int) -> None:
        """Time passes, and what is due is done: timers fire, handlers run, what was sent arrives."""
        self.clock.advance(timedelta(hours=hours))
        self.answers = data
        self.engine.run_due()

    @precondition(lambda self: self.is_open)
    @rule(hours=st.sampled_from([1, 24, 24 * 8]))
    def time_passes_without_a_worker(self, hours: int) -> None:
        """Nobody does what is due; whoever asks next finds it done (L13)."""
        self.clock.advance(timedelta(hours=hours))

    @precondition(lambda self: self.is_open)
    @rule()
    def incident_is_retried(self) -> None:
        """An operator tries again what gave up."""
        for incident in self.engine.incidents():
            waits = incident.kind in ("step", "attention", "promise")  # for somebody: it is not tried again
            if incident.job == self.job and not waits:
                with suppress(ExpressionFailed):
                    self.engine.retry(incident.id, by=Actor(kind="operator", id="olga"))
                return

    @precondition(lambda self: self.is_open)
    @rule(data=st.data())
    def change_of_mind(self, data: st.DataObject) -> None:
        """The customer uses what is always open to him."""
        entries = [entry for scope in self.process.scopes() for entry in scope.always if entry.by]
        if entries:
            entry = data.draw(st.sampled_from(entries))
            asked = fields_form("invoke", entry.fields)
            answer = answer_for(data.draw, asked, asked.ways[0], self.clock.now())
            offered = {offer.name for offer in self.engine.track(self.job, "ada").offers}
            try:
                self.engine.invoke(self.job, entry.name, answer, by="ada")
            except NOT_DONE:
                assert entry.name not in offered, "what is offered was refused"
                self._only_the_clock()

    @precondition(lambda self: self.is_open)
    @rule(data=st.data())
    def message_comes(self, data: st.DataObject) -> None:
        """A message arrives, awaited or not."""
        names = messages_of(self.process)
        if names:
            try:
                self.engine.send(data.draw(st.sampled_from(names)), "order-1", {}, job=self.job)
            except NOT_DONE:
                self._only_the_clock()

    @precondition(lambda self: self.is_open)
    @rule(
        data=st.data(),
        what=st.sampled_from(["move", "move", "set", "skip", "complete", "act for", "end", "defer", "fire", "drop"]),
    )
    def operator_lends_a_hand(self, data: st.DataObject, what: str) -> None:
        """An operator does by hand what the process does not provide for."""
        olga, why = Actor(kind="operator", id="olga"), "it was stuck"
        with self.database.reading() as tx:
            calls = [f"{self.job}.{row.number}" for row in tx.calls.of(self.job)]
        waiting, timers = self._waiting(), [one.id for one in self.engine.timers(self.job)]
        try:
            if what == "move":
                self.engine.move(self.job, data.draw(st.sampled_from(list(self.compiled.states))), because=why, by=olga)
            elif what == "set":
                need = self.engine.data(self.job).get("need")
                self.engine.set_data(self.job, "need", need, because=why, by=olga)
            elif what == "end" and data.draw(st.booleans()):
                self.engine.end(self.job, why, undo=data.draw(st.booleans()), by=olga)
            elif what == "act for" and waiting:
                who, item = data.draw(st.sampled_from(waiting))
                self.engine.act_for(item.id, who, because=why, by=olga)
            elif what in ("defer", "fire", "drop") and timers:
                timer = data.draw(st.sampled_from(timers))
                if what == "defer":
                    self.engine.move_deadline(timer, self.clock.now() + timedelta(hours=30), because=why, by=olga)
                else:
                    getattr(self.engine, f"{what}_timer")(timer, because=why, by=olga)
            elif what == "skip" and calls:
                self.engine.skip_call(data.draw(st.sampled_from(calls)), why, by=olga)
            elif what == "complete" and calls:
                self.engine.complete_call(data.draw(st.sampled_from(calls)), because=why, by=olga)
        except NOT_DONE:
            self._only_the_clock()

    @rule(
        text=st.text(max_size=30).filter(lambda text: text.strip() and "\x00" not in text),
        kind=st.sampled_from(["wish", "question"]),
    )
    def somebody_speaks(self, text: str, kind: str) -> None:
        """Words are welcome at any time, also after the end."""
        receipt = self.engine.say(self.job, text, kind, by="ada")
        assert bool(receipt.question) == (kind == "question")

    @precondition(lambda self: self.model is not None and self.model.head.unanswered)
    @rule(taken_back=st.booleans())
    def somebody_answers(self, taken_back: bool) -> None:
        """What was asked is answered, also after the end, or taken back; then it is in no inbox."""
        asked = [step for step in self.model.steps.values() if step.is_asked] if self.model is not None else []
        id, whom = f"{self.job}.{asked[0].number}", asked[0].claimed or Actor(kind="staff", id="stan")
        try:
            if taken_back:
                self.engine.take_back(id, by="ada")
            else:
                self.engine.say(self.job, "So it is", "answer", to=id, by=whom)
        except NOT_DONE:
            self._only_the_clock()
        else:
            assert id not in [item.id for _, item in self._waiting()]

    @rule()
    def a_worker_counts(self) -> None:
        """What has happened so far is counted for insight."""
        counting.count(self.engine.shell)

    # laws

    def _counted(self) -> None:
        """What was counted as it happened is what comes of counting all histories anew, and so is what was learnt of
        how long it took, once an open job that stands still is looked at again."""
        self.clock.advance(self.clock.now() - BEGIN + timedelta(hours=1))
        self._count_all()
        before, learnt, correction = self._cells(), *self._learnt()
        counting.recount(self.engine.shell, Actor(kind="operator", id="olga"))
        self._count_all()
        assert self._cells() == before
        assert self._learnt() == (learnt, correction)
        assert any(key.measure == "started" for key in before)

    def _count_all(self) -> None:
        while counting.count(self.engine.shell)[0]:
            pass
        with self.database.reading() as tx:
            assert tx.insights.behind(1) == 0

    def _cells(self) -> dict[Key, Cell]:
        with self.database.reading() as tx:
            found = tx.insights.of(self.process.name, 0, 999_912, high="z")
        return {Key(*one[:-1]): decode(one.body, Cell) for one in found}

    def _learnt(self) -> tuple[dict[tuple[str, int], StateCounts], str]:
        """What is expected by, and its correction."""
        with self.database.reading() as tx:
            rows = tx.expected.of(self.process.name)
            return {(state, gone): decode(body, StateCounts) for state, gone, body in rows}, tx.expected.stamp(
                self.process.name
            )[1]

    def _only_the_clock(self) -> None:
        """A refusal wrote nothing, but for what was due before it (L13)."""
        with self.database.reading() as tx:
            wrote = [entry.command for entry in tx.history.of(self.job, after=self.seq)]
        assert all(isinstance(one, c.Fire) and one.by.kind == "clock" for one in wrote), "a refusal wrote something"

    @invariant()
    def stored_is_what_the_core_says(self) -> None:
        """The stored events and position are those of the pure core (L5, L7), and the job has at most one end (L1)."""
        if not self.job:
            return
        with self.database.reading() as tx:
            stored = tx.jobs.get(self.job)
            for entry in tx.history.of(self.job, after=self.seq):
                self._repeat(tx, entry)
            assert stored.seq == self.seq
            assert tx.history.verify(self.job).entries == self.seq
            told = rebuild(entry.events for entry in tx.history.of(self.job))
            position = stored.position
            assert self.model is not None
            assert position.head == told.head == self.model.head
            assert dict(position.data) == told.data == self.model.data
            assert told.branches == self.model.branches
            for branch in told.branches.values():
                assert position.branch(branch.id) == branch
            for step in told.steps:
                assert {seat.audience: seat for seat in position.seats(step)} == told.seated.get(step, {})

    def _repeat(self, tx: Any, entry: Any) -> None:
        """The model does what the stored command says, when it was said."""
        world = ThenWorld(tx, "ada", self.job, told=entry.events)
        if isinstance(entry.command, c.Start):
            done = start(self.compiled, self.job, "ada", entry.command, entry.at, world)
        else:
            assert self.model is not None
            if not isinstance(entry.command, c.Fire):
                self._nothing_is_left(entry.at, world)
            done = advance(self.compiled, self.model, entry.command, entry.at, world)
        assert tuple(done.events) == entry.events, "the core says otherwise (L7)"
        self.model = settle(self.model, done.draft)
        self.seq = entry.seq

    def _nothing_is_left(self, at: datetime, world: ThenWorld) -> None:
        """What was due before a command had happened, but for what could not be carried out (L13)."""
        assert self.model is not None
        for timer in due(self.model, at):
            fire = c.Fire(by=Actor(kind="clock"), timer=timer.number)
            with suppress(FlowError):
                advance(self.compiled, self.model, fire, at, world)
                assert self.engine.incidents(), "something was due before it (L13)"

    @invariant()
    def what_is_late_is_found(self) -> None:
        """The job is among those that are late as long as it is open and what was promised in it is, by the clock
        alone."""
        if self.model is not None:
            promise, now = self.model.head.promise, self.clock.now()
            late = promise is not None and promise.kept is None and promise.by < now and self.is_open
            assert (self.job in [row.id for row in self.engine.jobs(late=True)]) == late
            told = [one for one in self.engine.incidents() if one.kind == "promise" and one.job == self.job]
            assert bool(told) == late

    @invariant()
    def what_is_over_waits_for_nobody(self) -> None:
        """L1: when a job has ended, no step, timer or call of it is left."""
        if self.model is not None and not self.is_open:
            with self.database.reading() as tx:
                left = {f"{self.job}.{row.step.number}" for row in tx.steps.of(self.job) if row.step.is_asked}
                assert all(row.step.is_asked for row in tx.steps.of(self.job))
            assert {item.id for _, item in self._waiting()} <= left
            assert {one.id for one in self.engine.incidents() if one.job == self.job} <= left

    def _erased(self) -> None:
        """However the job went: once it is over, its customer can be erased, and what he wrote is in no table (L5)."""
        while open_jobs := self.engine.jobs(status="open"):
            for row in open_jobs:
                with suppress(StaleCommand):  # what was due has ended it
                    self.engine.end(row.id, because=MARK)
        self.engine.say(self.job, MARK, by="ada")
        self.engine.run_due()
        seen = self.engine.erase("ada", because="She asked", dry=True)
        done = self.engine.erase("ada", because="She asked")
        assert self.job in done.jobs == seen.jobs
        assert (done.left, done.entries) == ((), seen.entries)
        assert self.engine.audit(self.job).erased == 1
        assert self.engine.audit().fine
        with self.database.reading() as tx:
            position = tx.jobs.get(self.job).position
            assert (dict(position.data), position.head.kept) == ({}, ())
            assert not [one for one in tx.erasing.found(self.job) if not isinstance(one.entry.command, c.Erase)]
        olga = Actor(kind="operator", id="olga")
        assert self.engine.track(self.job, olga).erased is not None
        lines = self.engine.history(self.job)
        assert MARK not in str(lines)
        for line in lines:
            for event in line.events:
                if event["event"] == "StepOpened":
                    assert self.engine.step(f"{self.job}.{event['step']['number']}", olga).title in ("", ERASED)


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
def test_random_lives_on_a_database_are_those_of_the_core(path: Path, database: Database) -> None:
    """Whatever happens to a job on a database, it is what the pure core says, and the laws hold."""
    machine = type("Machine", (EngineMachine,), {"database": database, "path": path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(6 if database.dialect == "sqlite" else 3),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=PHASES,
        ),
    )
