"""One schedule: a world, so many turns of chaos, then calm, in which all that was promised must come about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import invariants
import wishes
from choices import Choices, shrunk
from determined import determined
from fault_processes import STARTED
from faulty import faults_at_commits
from record import Broken, Record
from stores import Store
from world import BEGIN, OPERATOR, World

from flowengine import Engine, Receipt, SimulatedClock
from flowengine.errors import FlowError, Refused

TURNS = 120
"""Decisions of a schedule about what happens next."""

ROUNDS = 80
"""How often the calm world moves on before what is still open is looked at."""

FORWARD = (0.5, 11, 40, 700, 3600, 86400)
"""Seconds by which time passes: some are longer than a lease."""


@dataclass
class Outcome:
    """How a schedule went: what broke (or nothing), the decisions that were taken, and the record."""

    broken: str
    choices: list[int]
    record: Record
    log: list[str]


def run_schedule(
    store: Store,
    seed: str = "",
    replay: Sequence[int] | None = None,
    targets: Collection[str] = (),
    kinds: Sequence[str] = STARTED,
) -> Outcome:
    """Run a schedule from a seed, or from the decisions of another, with jobs of these ``kinds``.

    Each of the ``targets`` is a crash point that is met as soon as the schedule comes by.
    """
    choices = Choices(seed, replay)
    store.empty()
    clock = SimulatedClock(BEGIN)
    with faults_at_commits(), determined(clock):
        world = World(store, clock, choices, set(targets))
        broken = ""
        try:
            _live(world, kinds)
        except AssertionError as error:
            broken = f"{type(error).__name__}: {error}"
        finally:
            world.close()
    return Outcome(broken, choices.drawn, world.record, world.log)


def shrink(store: Store, choices: Sequence[int], tries: int = 300) -> list[int]:
    """Fewer and smaller decisions under which something still breaks."""
    return shrunk(choices, lambda some: bool(run_schedule(store, replay=some).broken), tries)


def _live(world: World, kinds: Sequence[str]) -> None:
    for kind in [world.choices.pick(kinds) for _ in range(1 + world.choices.draw(5))]:
        world.send(wishes.begin(world, kind), world.machines[0])
    for _ in range(TURNS):
        _turn(world)
    invariants.wakeable(world)
    _calm(world)
    _rest(world)
    invariants.all_of(world)


def _turn(world: World) -> None:
    """One thing happens."""
    kind = world.choices.draw(100)
    tasks = [task for task in world.stage.tasks if task not in world.frozen]
    if kind < 54 and tasks:
        task = world.choices.pick(tasks)
        for _ in range(1 + world.choices.draw(6)):
            if not task.over:
                world.run(task)
    elif kind < 67:
        _ask(world)
    elif kind < 81:
        _work(world)
    elif kind < 86:
        _time(world)
    elif kind < 88:
        jump = timedelta(minutes=world.choices.draw(120) - 60)
        world.move_clock(jump)
    elif kind < 90:
        world.bury(world.choices.pick(world.machines))
        world.record.crashes += 1
    elif kind < 95:
        _freeze(world)
    elif kind < 98:
        _complete(world)
    else:
        _retry_incidents(world)


def _ask(world: World) -> None:
    """Somebody asks for something new, or asks again for what was not answered, or for what was."""
    server = world.machines[world.choices.draw(2)]
    how = world.choices.draw(4)
    open_ones = [one for one in world.record.requests if one.unanswered and not one.running]
    if open_ones and how < 2:
        world.send(world.choices.pick(open_ones), server)
        return
    done = [one for one in world.record.requests if one.receipt is not None]
    if done and how == 3:
        world.send(world.choices.pick(done), server)
        return
    fresh = wishes.something(world)
    if fresh is not None:
        world.send(fresh, server)
        if world.choices.one_in(6):  # twins: two equal requests at once
            world.send(fresh, world.machines[1 - world.machines.index(server)])


def _work(world: World) -> None:
    machine = world.machines[2 + world.choices.draw(2)]
    if any(task.owner is machine for task in world.stage.tasks):
        return
    due = world.office.next_due()
    if due is not None and (due <= world.clock.now() or world.choices.one_in(8)):
        world.work_pass(machine, together=world.choices.one_in(2))


def _time(world: World) -> None:
    due = world.office.next_due()
    n = world.choices.draw(len(FORWARD) + 2)
    if n < len(FORWARD):
        world.move_clock(timedelta(seconds=FORWARD[n]))
    elif due is not None and due > world.clock.now():
        world.move_clock(due - world.clock.now())


def _freeze(world: World) -> None:
    """A process is stopped in the middle of its work for longer than a lease, or one that was goes on."""
    working = [task for task in world.stage.tasks if task.owner.at_work or task in world.frozen]
    if working:
        task = world.choices.pick(working)
        world.frozen.symmetric_difference_update({task})
        world.move_clock(timedelta(seconds=11))


def _complete(world: World) -> None:
    """Somebody outside completes a call that its handler has left to him, or gives it up."""
    tokens = sorted(world.record.tokens.items())
    if tokens:
        key, token = world.choices.pick(tokens)
        world.send(wishes.completion(world, key, token), world.machines[world.choices.draw(2)])


def _retry_incidents(world: World) -> None:
    for incident in world.office.incidents():
        try:
            world.office.retry(incident.id, by=OPERATOR)
        except FlowError:
            continue
        world.record.retries[incident.id] += 1


def _calm(world: World) -> None:
    """No more faults: what is delayed goes on, late or not, and half of those without an answer ask again."""
    world.calm = True
    while world.stage.tasks:
        world.run(world.stage.tasks[0])
    unanswered = [one for one in world.record.requests if one.unanswered]
    for request in unanswered[::2]:
        world.send(request, world.machines[1])
        while world.stage.tasks:
            world.run(world.stage.tasks[0])
        if request.unanswered:
            raise Broken(f"{request.key} is not answered although nothing fails")


def _rest(world: World) -> None:
    """People act, handlers answer and time passes until all jobs are over, all that was asked is answered (which waits
    on when its job is over), and nothing is due any more."""
    for number in range(ROUNDS):
        _drain(world)
        due = world.office.next_due()
        if due is None and not world.office.jobs(status="open") and not wishes.waiting(world):
            return
        _retry_incidents(world)
        _drain(world)
        _everybody_acts(world, number)
        _drain(world)
        due = world.office.next_due()
        if due is not None:  # what is due and not done is in the hands of a worker that is dead, for a while
            world.move_clock(max(due - world.clock.now(), timedelta(seconds=15)))


def _drain(world: World) -> None:
    """The workers do all that can be done now."""
    moved = True
    while moved:
        moved = False
        for machine in world.machines[2:]:
            world.work_pass(machine)
            while world.stage.tasks:
                world.run(world.stage.tasks[0])
            moved |= world.moved


def _everybody_acts(world: World, number: int) -> None:
    """Each open step is acted on once, by the first way that leads on."""
    seen: set[str] = set()
    for who, step in (*wishes.waiting(world), *wishes.voters(world, again=False)):
        form = wishes.form_of(world, step, who) if step not in seen else None
        if form is None or not form.ways:
            continue
        way = form.way("book") or form.ways[number % len(form.ways) if number > ROUNDS // 2 else 0]
        answer = wishes.answer_for(world.choices, form, way, world.clock.now())
        request = world.new_request(who, "act", partial(_act, step, way.outcome, who, answer))
        try:
            world.acknowledge(request, request.do(world.office))
        except Refused:
            continue
        seen.add(step)


def _act(step: str, outcome: str, who: str, answer: dict[str, Any], engine: Engine, key: str) -> Receipt:
    return engine.act(step, outcome, answer, by=who, key=key)
