"""A job goes on in another version of its process (L6): whether it can, and what becomes of what is open in it.

It can where each branch has a place there (the same state, or the one that it is mapped to, in the same scope and of
the same type), and where the flow of data holds from there with the data that the job has: else it would fail at a
later act or deadline. All that stands in the way is found, not the first thing.

What the file says otherwise than before holds for what is open: words, people, deadlines, options, handlers. What it
says as before stays as it was opened. What a person has answered, or is asked to answer as it was shown to him (a vote,
an approval, an appointment), stays. The changes are ordinary events behind ``Migrated``, so that a history is rebuilt
without either version (L5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from flowengine.core import commands as c
from flowengine.core import composite, conversation, interventions, invariants, moves, promises
from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.draft import LARGEST_DATA, Draft, replace
from flowengine.core.fields import check_answer, near
from flowengine.core.flow import Flow
from flowengine.core.ground import SCOPE_TIMERS
from flowengine.core.kinds import KINDS
from flowengine.core.kinds.base import Waiting
from flowengine.core.machines import Compiled
from flowengine.core.messages import all_awaited
from flowengine.core.position import Position
from flowengine.core.seatings import person_seating, waits_for
from flowengine.core.spot import Spot
from flowengine.core.values import ROOT, Actor, Branch, Fork, Json, Memory, Step, Timer, Undoing, Value
from flowengine.core.world import World
from flowengine.errors import BadAnswer, ExpressionFailed, FlowError, NotAllowed, NotFound, RunawayProcess
from flowengine.language.checks.flow_of_data import Standing
from flowengine.language.checks.going_on import shortfalls
from flowengine.language.model import State
from flowengine.language.parts import DONE
from flowengine.language.types import Each, Parallel, Stage
from flowengine.speech.phrases import listing, phrase

_DEADLINES = ("expire", "close", "elapse")
_OLD_LACKS = phrase("the job's version has no state %(name)s%(near)s")
_NEW_LACKS = phrase("the new version has no state %(name)s%(near)s")


class Obstacle(Value, frozen=True, kw_only=True):
    """Why a job cannot go on in a version. ``what`` is the same for all jobs in the same case."""

    what: str
    where: str = ""
    possible: tuple[str, ...] = ()


class Migration(msgspec.Struct):
    """What came of it: ``done`` only where there are no ``obstacles``; ``warnings`` are what somebody should know."""

    done: Advance | None
    obstacles: list[Obstacle]
    warnings: list[str]
    renaming: Renamed


def migrate(
    old: Compiled, new: Compiled, position: Position, command: c.Migrate, now: datetime, world: World,
    people: Mapping[str, Actor], *, largest_data: int = LARGEST_DATA,
) -> Migration:  # fmt: skip
    """Move a job to another version of its process. ``people`` are those who have claimed one of its steps, by id.

    Raises NotAllowed where there is nothing to migrate: the job is over, or has that version already.
    """
    head = position.head
    if head.status != "open":
        raise NotAllowed(phrase("the job is over"), where=f"job {head.job}", possible=(phrase("leave it as it is"),))
    if command.version == head.version:
        raise NotAllowed(
            phrase("the job has version %(version)s already", version=head.version),
            possible=(phrase("deploy a new version first"),),
        )
    renamed = Renamed(old, new, command.states)
    work = _Work(old, new, position, command, Flow(new, Draft(position, largest_data), now, world), people, renamed)
    work.obstacles += [*renamed.obstacles, *_places(position, renamed)]
    if not work.obstacles:
        work.run()
    flow = work.flow
    flow.draft.effects.awaited = {} if work.obstacles else all_awaited(new, flow.draft, now, world)
    done = Advance(flow.draft, flow.draft.events, flow.draft.effects, flow.micro_steps)
    return Migration(None if work.obstacles else done, work.obstacles, work.warnings, renamed)


class Renamed:
    """What the states and scopes of the old version are called in the new one."""

    def __init__(self, old: Compiled, new: Compiled, states: Mapping[str, str]) -> None:
        self.old = old
        self.new = new
        self.given = states
        self.obstacles: list[Obstacle] = []
        for was, becomes in states.items():
            for name, known, lacks in ((was, old.states, _OLD_LACKS), (becomes, new.states, _NEW_LACKS)):
                if name not in known:
                    what = phrase(lacks, name=repr(name[:60]), near=near(name[:60], tuple(known)))
                    self.obstacles.append(Obstacle(what=what, where="states", possible=tuple(known)[:20]))
        self.scopes: dict[str, str] = {"": ""}
        self.items: dict[str, str] = {}
        self.holder = {
            inner.path: name
            for scope in old.scopes.values()
            for name, state in scope.states.items()
            for inner in state.scopes
        }
        """The state that holds each scope of the old version."""
        if not self.obstacles:
            for scope in old.scopes.values():  # outer ones come first
                for name, state in scope.states.items():
                    self._inside(state, self.state(name))

    def _inside(self, state: State, other: State | None) -> None:
        """The scopes that a state holds, where the one of the new version is such a state too."""
        if isinstance(state, Parallel) and isinstance(other, Parallel):
            for name, branch in state.branches.items():
                if name in other.branches:
                    self.scopes[branch.scope.path] = other.branches[name].scope.path
        elif isinstance(state, Each) and isinstance(other, Each):
            self.scopes[state.scope.path] = other.scope.path
            if state.as_ != other.as_:
                self.items[other.scope.path] = other.as_
        elif isinstance(state, Stage) and isinstance(other, Stage):
            self.scopes[state.scope.path] = other.scope.path

    def name(self, state: str) -> str:
        """What a state is called in the new version, if it is in it."""
        return self.given.get(state, state)

    def state(self, state: str) -> State | None:
        """The state of the new version, or None."""
        return self.new.states.get(self.name(state))

    def event(self, version: str) -> e.Migrated:
        """The fact that the history keeps: only what has another name."""
        states = {was: becomes for was, becomes in self.given.items() if was != becomes}
        scopes = {was: becomes for was, becomes in self.scopes.items() if was != becomes}
        return e.Migrated(version=version, states=states, scopes=scopes, items=self.items)


# places


def _places(position: Position, renamed: Renamed) -> list[Obstacle]:
    """What has no place in the new version: branches, and calls that somebody works on or that may be undone."""
    found: dict[Obstacle, None] = {}
    for branch in branches(position):
        for obstacle in _place(branch, renamed):
            found[obstacle] = None
    for call in position.head.cut_off:
        if renamed.state(call.state) is None:
            found[_gone(call.state, phrase("a call of %(state)s may still be at work, which is not in it"))] = None
    return list(found)


def _gone(state: str, what: str) -> Obstacle:
    possible = (
        phrase("map %(state)s to a state of this version", state=repr(state)),
        phrase("keep the state %(state)s in the new version", state=repr(state)),
    )
    return Obstacle(what=phrase(what, state=repr(state)), where=state, possible=possible)


def _place(branch: Branch, renamed: Renamed) -> Iterator[Obstacle]:
    inner = branch.inners.get("")
    scope = renamed.scopes.get(branch.scope)
    if scope is None:
        if renamed.state(renamed.holder[branch.scope]) is not None:
            keep = (phrase("keep the scope in the new version"), phrase("wait until the branch is done"))
            gone = phrase("a branch is open in the scope %(scope)s, which is gone", scope=repr(branch.scope))
            yield Obstacle(what=gone, possible=keep)
        if branch.state and renamed.state(branch.state) is None:
            yield _gone(branch.state, phrase("the job stands in %(state)s, which is not in it"))
        return
    for undoable in (*branch.undoable, *(inner.waiting if isinstance(inner, Undoing) else ())):
        if renamed.state(undoable.state) is None:
            yield _gone(undoable.state, phrase("what was done in %(state)s may have to be undone, which is not in it"))
    if isinstance(inner, Undoing) and inner.to not in ("", DONE) and renamed.state(inner.to) is None:
        yield _gone(inner.to, phrase("the job undoes something before it goes to %(state)s, which is not in it"))
    if not branch.state:
        return
    state, was = renamed.state(branch.state), renamed.old.states[branch.state]
    possible: tuple[str, ...] = (
        phrase("map it to a state of the same scope"),
        phrase("wait until the job has left it"),
    )
    if state is None:
        yield _gone(branch.state, phrase("the job stands in %(state)s, which is not in it"))
    elif renamed.new.scope_of[state.name].path != scope:
        what = phrase("the job stands in %(state)s, which has another place there", state=repr(was.name))
        yield Obstacle(what=what, where=was.name, possible=possible)
    elif state.is_end or state.is_start:
        what = phrase(
            "the job stands in %(state)s, which is of the type %(type)s there", state=repr(was.name), type=state.type
        )
        yield Obstacle(what=what, where=was.name, possible=possible)
    else:
        yield from _type(branch, was, state)


def _type(branch: Branch, was: State, state: State) -> Iterator[Obstacle]:
    """A state may have another type where nothing of the old one is open but a clock; of a race, any member."""
    keep = (
        phrase("keep %(state)s as it was in the new version", state=repr(was.name)),
        phrase("wait until the job has left it"),
        phrase("move the job first"),
    )
    if state.type != was.type and (branch.steps or branch.calls or branch.inners):
        yield Obstacle(
            what=phrase(
                "the job stands in %(state)s, which has another type there (%(type)s)",
                state=repr(was.name),
                type=state.type,
            ),
            where=was.name,
            possible=keep,
        )
    if state.type != was.type:
        return
    for name, member in was.members.items():
        other = state.members.get(name)
        if (other is None or other.type != member.type) and any(call.member == name for call in branch.calls):
            what = phrase(
                "the job stands in %(state)s, of which %(member)s is at work and is gone there",
                state=repr(was.name),
                member=repr(name),
            )
            yield Obstacle(what=what, where=was.name, possible=keep)
        elif other is not None and other.type != member.type:
            what = phrase(
                "the job stands in %(state)s, of which %(member)s has another type there (%(type)s)",
                state=repr(was.name),
                member=repr(name),
                type=other.type,
            )
            yield Obstacle(what=what, where=was.name, possible=keep)
    if isinstance(was, Parallel) and isinstance(state, Parallel) and state.one_at_a_time and not was.one_at_a_time:
        fork = branch.inners.get("")
        if isinstance(fork, Fork) and fork.open > 1:
            what = phrase(
                "%(number)s branches of %(state)s run, which take turns there", number=fork.open, state=repr(was.name)
            )
            yield Obstacle(what=what, where=was.name, possible=keep)


def branches(position: Position) -> list[Branch]:
    """All branches, outer ones first."""
    found: list[Branch] = []
    ids = [ROOT]
    for id in ids:
        branch = position.branch(id)
        if branch is not None:
            found.append(branch)
            ids += [child.id for child in position.children(id)]
    return found


# the work


class _Work:
    """One migration. ``flow`` works on the job under the new version, ``before`` sees it as it was."""

    def __init__(
        self, old: Compiled, new: Compiled, position: Position, command: c.Migrate, flow: Flow,
        people: Mapping[str, Actor], renamed: Renamed,
    ) -> None:  # fmt: skip
        self.old = old
        self.new = new
        self.position = position
        self.command = command
        self.flow = flow
        self.draft = flow.draft
        self.before = Flow(old, Draft(position), flow.now, flow.world)
        self.people = people
        self.renamed = renamed
        self.obstacles: list[Obstacle] = []
        self.warnings: list[str] = []

    def run(self) -> None:
        """From the names to the deadlines. What fails is an obstacle; the rest is looked at all the same."""
        before = branches(self.position)
        self.draft.record(self.renamed.event(self.command.version))
        self._data()
        standing, passed = _standing(self.draft, self.new), _passed(before, self.renamed)
        for lack in shortfalls(self.new.process, standing, self.draft.data, passed):
            place = lack.datum.partition("[")[0]
            fill = phrase("fill %(place)s", place=place)
            possible = (fill if place else phrase("split the process into some that call one another"),)
            self.obstacles.append(Obstacle(what=lack.what, where=lack.datum, possible=possible))
        self.warnings += _not_taken_any_more(self.new, self.draft.data)
        known = bool(self.obstacles)
        for branch in before:
            try:
                if self.draft.branch(branch.id) is not None:
                    self._branch(branch)
            except (ExpressionFailed, NotAllowed, BadAnswer) as error:
                if not (known and isinstance(error, ExpressionFailed)):
                    self.obstacles.append(_obstacle(error, branch.state))
        if conversation.unanswered(self.draft):
            self._asked()
        if not self.obstacles:
            self._settle()

    def _settle(self) -> None:
        try:
            if self.new.process.promise != self.old.process.promise:
                promises.renew(self.flow, anyhow=True)
            moves.stabilise(self.flow)
            promises.watch(self.flow)  # what another version has promised stands in one that promises nothing
        except (ExpressionFailed, NotAllowed, BadAnswer, RunawayProcess) as error:
            self.obstacles.append(_obstacle(error, ""))
        else:
            invariants.check(self.new, self.draft)

    def _data(self) -> None:
        """What renamed states have saved under their own names is where the new version looks for it; then what is to
        be filled in."""
        for was, becomes in self.renamed.given.items():
            old, new = self.old.states[was], self.new.states[becomes]
            if was == becomes or (old.saves, new.saves) != (was, becomes):
                continue
            for branch in branches(self.draft):
                data = self.draft.data if branch.id == ROOT else branch.data
                if (branch.own or branch.id == ROOT) and was in data and becomes not in data:
                    self.draft.save(branch.id, becomes, data[was])
        for place, value in self.command.fill.items():
            at = place.removeprefix("data.")
            try:
                because = self.command.because or "migrated"
                interventions.set_data(self.flow, c.SetData(by=self.command.by, place=at, value=value, because=because))
            except (BadAnswer, NotFound) as error:
                self.obstacles.append(_obstacle(error, f"fill {place}"))

    def _asked(self) -> None:
        """What was asked waits for those who answer in this version."""
        now, world = self.flow.now, self.flow.world
        here = conversation.spot(self.new.process, self.draft, now, world)
        before = conversation.spot(self.old.process, self.before.draft, now, world)
        conversation.renew(here, before)
        self._claims(here, before)
        self._tell(here, before)

    # one branch

    def _branch(self, was: Branch) -> None:
        branch = self.draft.at(was.id)
        if branch.pending or branch.done:
            return
        self._always(was, branch)
        if not branch.state:
            return
        state, old = self.new.states[branch.state], self.old.states[was.state]
        if state.type != old.type:
            for timer in self._own_timers(branch.id, ""):
                self.draft.record(e.TimerDropped(branch=branch.id, timer=timer.number))
            moves.begin(self.flow, branch.id, state)
            return
        if isinstance(state, composite.TYPES):
            composite.renew(self.flow, branch, state)
        if self.draft.branch(was.id) is None or not self.draft.at(was.id).state:
            return
        if "" not in state.members:
            self._members(branch, state, old)
        if "" not in state.members or state.type not in KINDS:
            spot = self._spot(self.flow, branch, state, "")
            self._deadline(spot, None, state, old)
        for member, here in state.members.items():
            there = old.members.get(member)
            if there is not None and here.type in KINDS:
                self._member(branch, state, old, member)
        new = [member for member in state.members if member not in old.members]
        moves.offer(self.flow, self.draft.at(branch.id), state, new)
        self._attention(was, state)

    def _spot(self, flow: Flow, branch: Branch, state: State, member: str) -> Spot:
        """The spot at the moment at which the branch entered the state."""
        return replace(flow.spot(branch.id, state, member), now=branch.since or flow.now)

    def _own_timers(self, id: str, member: str) -> list[Timer]:
        return [one for one in self.draft.at(id).timers if one.member == member and one.purpose not in SCOPE_TIMERS]

    def _members(self, branch: Branch, state: State, old: State) -> None:
        """What is open of a member of a race that is gone is closed."""
        for member in old.members:
            if member in state.members:
                continue
            for step in self.draft.at(branch.id).steps:
                if step.member == member:
                    self.draft.record(e.StepClosed(branch=branch.id, step=step.number, outcome="migrated"))
            for timer in self._own_timers(branch.id, member):
                self.draft.record(e.TimerDropped(branch=branch.id, timer=timer.number))
            if member in self.draft.at(branch.id).inners:
                self.draft.record(e.Kept(branch=branch.id, member=member, inner=None))

    def _member(self, branch: Branch, state: State, old: State, member: str) -> None:
        kind: Waiting[Any] = KINDS[state.members[member].type]
        spot = self._spot(self.flow, branch, state, member)
        before = self._spot(self.before, self.before.draft.at(branch.id), old, member)
        kind.renew(spot, before)
        self._follow(spot)
        self._deadline(spot, kind, spot.state, before.state)
        self._nudges(spot, before.state)
        self._claims(spot, before)
        self._calls(spot)
        self._tell(spot, before)
        if spot.state.awaited != before.state.awaited:
            here = self.flow.spot(branch.id, state, member)
            result = kind.enter(here)
            if result is not None:
                self.flow.over(self.draft.at(branch.id), result, member)

    def _follow(self, spot: Spot) -> None:
        """The timers of a step that was opened anew belong to the new one."""
        open = {step.number for step in spot.steps}
        target = _target(spot)
        for timer in self._own_timers(spot.branch_id, spot.member):
            if timer.step and timer.step not in open and target is not None:
                self.draft.record(e.TimerDropped(branch=spot.branch_id, timer=timer.number))
                spot.set_timer(timer.purpose, timer.due, step=target.number, detail=timer.detail, since=timer.since)

    def _deadline(self, spot: Spot, kind: Waiting[Any] | None, state: State, was: State) -> None:
        """When the state is over by itself, where the file says otherwise than before: counted from when it was
        entered. What would be over already is over now."""
        timing = kind.timing if kind is not None else _within
        timers = [one for one in self._own_timers(spot.branch_id, spot.member) if one.purpose in _DEADLINES]
        if timing(state) == timing(was):
            return
        due = kind.over_at(spot) if kind is not None else spot.due()
        if due is not None and timers and self.command.timers == "keep":
            return
        for timer in timers:
            self.draft.record(e.TimerDropped(branch=spot.branch_id, timer=timer.number))
        target = _target(spot)
        if due is not None:
            due = max(due, self.flow.now)
            purpose = kind.timer_purpose(state) if kind is not None else "expire"
            whens = timing(state)
            whens = whens if isinstance(whens, tuple) else (whens,)
            since = next((spot.since(one) for one in whens if one is not None), None)
            spot.set_timer(purpose, due, step=target.number if target is not None else 0, since=since)
        if target is not None and target.due != due:
            spot.change_step(target, "migrated", due=due)

    def _attention(self, was: Branch, state: State) -> None:
        """After how long somebody has to look, where that is otherwise than before, or where nobody had to: counted
        from when the state was entered. What has rung stays until the state is left."""
        branch = self.draft.at(was.id)
        timers = [timer for timer in branch.timers if timer.purpose == "attention"]
        before, length = self.old.attention.get(was.state), self.new.attention.get(state.name)
        if any(timer.rang for timer in timers) or (length == before and (timers or length is None)):
            return
        if timers and length is not None and self.command.timers == "keep":
            return
        for timer in timers:
            self.draft.record(e.TimerDropped(branch=branch.id, timer=timer.number))
        if length is not None:
            spot = self._spot(self.flow, branch, state, "")
            spot.set_timer("attention", max(spot.after(length), self.flow.now))

    def _nudges(self, spot: Spot, was: State) -> None:
        """Reminders and escalations, where the file says otherwise: those that are still to come; an escalation that
        should have been by now, and was not, is now."""
        target = _target(spot)
        if target is None or any(step.booked is not None for step in spot.steps):
            return
        if spot.state.remind != was.remind:
            spot.drop_timers("remind")
            for index, reminder in enumerate(spot.state.remind):
                due, count = spot.after(reminder.after), 1
                while due <= self.flow.now and reminder.every is not None and count != reminder.most:
                    due, count = spot.after(reminder.every, due), count + 1
                if due > self.flow.now:
                    detail = None if reminder.every is None else [index, count]
                    spot.set_timer("remind", due, step=target.number, detail=detail)
        if target.claimed is not None and spot.state.claim != was.claim:
            spot.limit_claim(target, self.flow.now)
        if spot.state.escalate != was.escalate:
            spot.drop_timers("escalate")
            for index, escalation in enumerate(spot.state.escalate):
                due = spot.after(escalation.after)
                if due > self.flow.now or not set(spot.seatings(escalation.to)) <= set(target.audience):
                    spot.set_timer("escalate", max(due, self.flow.now), step=target.number, detail=index)

    def _claims(self, spot: Spot, before: Spot) -> None:
        """Who has claimed a step that is for others now keeps it while it still waits for him."""
        known = {step.number: step for step in before.steps}
        for step in spot.steps:
            was = known.get(step.number)
            if was is None or step.claimed is None or (was.audience, was.excluded) == (step.audience, step.excluded):
                continue
            actor = self.people.get(step.claimed)
            may = actor is not None and waits_for(actor, step, self.draft.seat)
            if not (may or person_seating(step.claimed) in step.audience) or step.claimed in step.excluded:
                lost = phrase(
                    "%(person)s no longer has %(step)s, which is for others now",
                    person=step.claimed,
                    step=repr(step.title),
                )
                self.warnings.append(lost)
                spot.change_step(step, "migrated", claimed=None)
                spot.drop_timers("claim")

    def _tell(self, spot: Spot, before: Spot) -> None:
        """Those whom a step waits for hear of it again where they are asked something else, by another time, or for the
        first time."""
        known = {step.number: step for step in before.steps}
        for step in spot.steps:
            was = known.get(step.number)
            if was is None or step.booked is not None or (step.due is not None and step.due <= self.flow.now):
                continue
            if (step.title, step.due) != (was.title, was.due) or not set(step.audience) <= set(was.audience):
                self.draft.record(e.Reminded(branch=spot.branch_id, step=step.number))

    def _calls(self, spot: Spot) -> None:
        handlers = spot.state.handlers[:1]
        for call in spot.branch.calls:
            at = call.handler or call.http
            if call.member == spot.member and not call.undo and at and handlers and at != handlers[0]:
                goes_on = phrase(
                    "%(handler)s was tried and goes on; %(other)s is called from the next time on",
                    handler=repr(at),
                    other=repr(handlers[0]),
                )
                self.warnings.append(goes_on)

    # always

    def _always(self, was: Branch, branch: Branch) -> None:
        """The clocks of the entries that may happen at any time in the branch's scope."""
        now, before = self.new.scopes[branch.scope], self.old.scopes[was.scope]
        old = {entry.name: entry for entry in before.always if entry.within is not None}
        new = {entry.name: entry for entry in now.always if entry.within is not None}
        timers = {timer.detail[1]: timer for timer in branch.timers if timer.purpose == "always"}
        begun = self._begun(was)
        for name, timer in timers.items():
            if name not in new:
                self.draft.record(e.TimerDropped(branch=branch.id, timer=timer.number))
        for name, entry in new.items():
            there = timers.get(name)
            if name in old and (
                there is None or old[name].within == entry.within or self.command.timers == "keep"
            ):  # it has happened, or stays
                continue
            if there is not None:
                self.draft.record(e.TimerDropped(branch=branch.id, timer=there.number))
            spot = replace(self.flow.spot(branch.id, now.states[now.start]), now=begun)
            assert entry.within is not None, "looked for above"
            due = max(spot.at_time(entry.within), self.flow.now)
            spot.set_timer("always", due, detail=[now.path, name], since=spot.since(entry.within))

    def _begun(self, branch: Branch) -> datetime:
        """When the branch began: with the job, or with the state around it, as far as is known."""
        if branch.parent is None:
            return self.position.head.started
        parent = self.position.branch(branch.parent)
        since = parent.since if parent is not None else None
        return since or branch.since or self.flow.now


def _within(state: State) -> object:
    return state.within


def _target(spot: Spot) -> Step | None:
    """The step to which the state's deadline belongs: a fitting's other one waits for nobody any more."""
    return next((step for step in spot.steps if step.booked is None), None)


def _obstacle(error: FlowError, where: str) -> Obstacle:
    if isinstance(error, BadAnswer | NotAllowed | NotFound):
        what = (
            "; ".join(f"{name} {why}" for name, why in error.problems.items()) if isinstance(error, BadAnswer) else ""
        )
        return Obstacle(what=what or error.what, where=error.where or where, possible=error.possible)
    return Obstacle(what=str(error), where=where)


# data


def _standing(draft: Draft, new: Compiled) -> list[Standing]:
    """Where the branches are, for the flow of data."""
    found: list[Standing] = []
    own: dict[str, dict[str, Mapping[str, Json]]] = {}
    for branch in branches(draft):
        around = own.get(branch.parent or "", {})
        own[branch.id] = around = {branch.scope: branch.data, **around} if branch.own else around
        inner = branch.inners.get("")
        if branch.done:
            continue
        if isinstance(inner, Undoing):
            if inner.to:
                found.append(Standing(scope=branch.scope, to=inner.to, own=around))
            continue
        if branch.pending or not branch.state:
            found.append(Standing(scope=branch.scope, own=around))
            continue
        state, done = new.states[branch.state], tuple[str, ...]()
        if isinstance(state, Parallel) and isinstance(inner, Fork):
            over = {*inner.finished, *inner.skipped}
            done = tuple(one.scope.path for name, one in state.branches.items() if name in over)
            here = {child.name for child in draft.children(branch.id)} | over
            found += [
                Standing(scope=one.scope.path, own=around) for name, one in state.branches.items() if name not in here
            ]
        found.insert(0, Standing(scope=branch.scope, state=branch.state, own=around, done=done))
    return sorted(found, key=lambda one: not one.state)


def _passed(branches: Iterable[Branch], renamed: Renamed) -> frozenset[str]:
    """All states that the job, or one of its items, has ever passed."""
    found: set[str] = set()

    def look(memory: Memory) -> None:
        found.update(renamed.name(state) for state in memory.passed)
        for inner in memory.inside.values():
            look(inner)

    for branch in branches:
        look(branch.memory)
    return frozenset(found)


def _not_taken_any_more(new: Compiled, data: Mapping[str, Json]) -> Iterator[str]:
    """What the job has, and nobody could answer in this version: of the right type, but outside of what is asked."""
    problems: dict[str, str | None] = {}
    for state in new.states.values():
        for member in state.members.values():
            place = member.saves or state.saves or state.name
            given: Any = data
            for name in place.split("."):
                given = given.get(name) if isinstance(given, dict) else None
            if not member.fields or not isinstance(given, dict) or problems.get(place, "") is None:
                continue
            names = {field.name for field in member.fields}
            asked = {name: value for name, value in given.items() if name in names}
            try:
                check_answer(member.fields, asked, place, partial=True)
                problems[place] = None
            except BadAnswer as error:
                why = ((f"data.{place}.{name} ", one) for name, one in error.problems.items())
                problems[place] = listing((listing(one, "") for one in why), "; ")
    return (what for what in problems.values() if what is not None)
