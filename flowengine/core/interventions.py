"""What an operator does to a job that its process does not provide for; each with a reason, which the history keeps."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import moves, steps, turns, undo
from flowengine.core.draft import memory_owner
from flowengine.core.fields import as_plain, check_answer, near
from flowengine.core.flow import Arrive, Flow
from flowengine.core.machines import Compiled
from flowengine.core.scopes import branches_in
from flowengine.core.values import ROOT, Json
from flowengine.core.world import World
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.language.model import State
from flowengine.language.parts import DONE
from flowengine.speech.phrases import phrase

_PLACE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,20}")


def end(flow: Flow, command: c.End) -> None:
    """End the job: all that is open is cancelled, as an end of the process does; before that, perhaps, undone.
    A job that is undoing already, and is not to be, ends now; one that is suspended goes on, so that it can end."""
    if flow.draft.head.suspended is not None:
        flow.draft.record(e.Resumed(at=flow.now))
    flow.leave(ROOT, "ended", command.by.id, passed=False)
    flow.cancel_children(ROOT, detached=True)
    undoing = bool(flow.draft.at(ROOT).inners)
    if undoing and command.undo:
        undo.retarget(flow, ROOT, "", more=True, because=command.because)
    elif undoing or not undo.begin(flow, ROOT, "", all=command.undo, because=command.because):
        flow.agenda.append(Arrive(ROOT, "", command.because))


def act_for(flow: Flow, command: c.ActFor) -> None:
    """Act on a step as the person would; all that holds for him holds."""
    steps.act(flow, c.Act(by=command.person, step=command.step, outcome=command.outcome, answer=command.answer))


def move(flow: Flow, command: c.Move) -> None:
    """Send a branch to a state of its scope. What it leaves is cut short, what it enters begins afresh.

    Raises NotFound for a state that is none, NotAllowed where no branch runs in its scope, or several do.
    """
    found = [
        branch
        for path, scope in flow.compiled.scopes.items()
        if command.to in scope.states or (command.to == DONE and path and command.branch)
        for branch in branches_in(flow.draft, flow.compiled, path)
        if command.branch in ("", branch.id)
    ]
    if command.to != DONE and command.to not in flow.compiled.states:
        known = tuple(flow.compiled.states)
        raise NotFound(
            phrase("the process has no state %(to)s%(near)s", to=repr(command.to), near=near(command.to, known)),
            possible=known,
        )
    if len(found) != 1 or command.to == flow.compiled.process.root.start:
        job = flow.draft.head.job
        if command.to == flow.compiled.process.root.start:
            raise NotAllowed(
                phrase("a job states its need once"), where=job, possible=(phrase("set the data of the need"),)
            )
        if found:
            ids = tuple(branch.id for branch in found)
            raise NotAllowed(
                phrase("several branches may go to %(to)s; name one", to=repr(command.to)), where=job, possible=ids
            )
        here = tuple(dict.fromkeys(name for one in flow.draft.head.standing for name in _beside(flow.compiled, one)))
        raise NotAllowed(phrase("no branch runs in the scope of %(to)s", to=repr(command.to)), where=job, possible=here)
    branch = found[0]
    flow.acted = branch.state
    turns.begun(flow, branch)
    flow.leave(branch.id, "moved", command.by.id, passed=False)
    flow.cancel_children(branch.id, detached=True)
    moves.go(flow, branch.id, command.to, {}, outcome="moved")


def _beside(compiled: Compiled, state: str) -> Iterator[str]:
    """The states of the same scope."""
    return (name for scope in compiled.scopes.values() if state in scope.states for name in scope.states)


def set_data(flow: Flow, command: c.SetData) -> None:
    """Put a value at a place, held against the fields of the states that save there. Raises BadAnswer, NotFound."""
    branch = flow.draft.branch(command.branch or ROOT)
    if branch is None:
        raise NotFound(
            phrase("no branch %(branch)s is open", branch=repr(command.branch)),
            where=flow.draft.head.job,
            possible=(ROOT,),
        )
    place, value = command.place, as_plain(command.value, name=command.place)
    known = tuple(dict.fromkeys(at.partition(".")[0] for at in _places(flow.compiled)))
    if not _PLACE.fullmatch(place) or place.partition(".")[0] not in known:
        name = place[:60]
        raise BadAnswer(
            {name: phrase("is no place in the data of this process%(near)s", near=near(name, known))}, possible=known
        )
    owner = memory_owner(flow.draft, branch)
    data = flow.draft.data if owner.id == ROOT else owner.data
    flow.draft.save(branch.id, place, _fitting(flow, dict(data), place, value))


def _places(compiled: Compiled) -> Iterator[str]:
    """All places where the process saves something."""
    for state in compiled.states.values():
        yield from (_place(state, member) for member in state.members.values())
        yield from (at for _, _, route in state.routes for at in route.set)
    for name, entries in compiled.always.items():
        yield name
        yield from (at for _, entry in entries for at in entry.set)


def _place(state: State, member: State) -> str:
    return member.saves or state.saves or state.name


def _fitting(flow: Flow, data: dict[str, Json], place: str, value: Json) -> Json:
    """The value as it is saved. Raises BadAnswer where what the data would then hold breaks the fields of a state that
    saves at the place, around it or within it; of several that save there, one must take it."""
    data = copy.deepcopy(data)
    *path, last = place.split(".")
    inner = data
    for key in path:
        if not isinstance(inner.get(key), dict):
            inner[key] = {}
        inner = inner[key]
    inner[last] = value
    found: dict[str, BadAnswer | None] = {}
    for state in flow.compiled.states.values():
        for member in state.members.values():
            at = _place(state, member)
            if member.fields and found.get(at, True) is not None and f"{at}.".startswith(f"{place}."):
                found[at] = _problem(member, _at(data, at), at, flow.world, partial=False)
            elif member.fields and found.get(at, True) is not None and f"{place}.".startswith(f"{at}."):
                found[at] = _problem(member, _at(data, at), at, flow.world, partial=True)
    for problem in found.values():
        if problem is not None:
            raise problem
    return _at(data, place)


def _at(data: Json, place: str) -> Json:
    for key in place.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _problem(state: State, given: Json, at: str, world: World, *, partial: bool) -> BadAnswer | None:
    """What is wrong with what would be saved as the answer to a state; what is right is put as it is kept."""
    if not isinstance(given, dict):
        return BadAnswer(
            {at: phrase("must be an object of names and values")}, possible=[one.name for one in state.fields]
        )
    names = {one.name for one in state.fields}
    asked = given if state.only_fields else {key: one for key, one in given.items() if key in names}
    try:
        given.update(check_answer(state.fields, asked, at, partial=partial, world=world))
    except BadAnswer as problem:
        return problem
    return None
