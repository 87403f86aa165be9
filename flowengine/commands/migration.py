"""Moving a job to another version of its process, on purpose (L6)."""

from __future__ import annotations

from flowengine.commands import access
from flowengine.commands.shell import Computed, Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.draft import Draft
from flowengine.core.messages import all_awaited
from flowengine.core.position import Position
from flowengine.core.values import ROOT, Actor, Branch
from flowengine.errors import NotAllowed
from flowengine.language.model import Process
from flowengine.runtime.actors import StoreWorld
from flowengine.store import Transaction
from flowengine.views.replies import Receipt


def migrate(shell: Shell, text: str, version: str | None, actor: Actor) -> Receipt:

    def work(tx: Transaction) -> Receipt:
        try:
            job = access.locked(tx, access.job_ref(tx, text, actor))
        except access.Hidden:
            raise access.no_such("job", text) from None
        old = shell.catalogue.compiled(tx, job.process, job.version).process
        found = shell.catalogue.latest(tx, job.process) if version is None else None
        new = (found or shell.catalogue.compiled(tx, job.process, version or "")).process
        command, now = c.Migrate(by=actor, version=new.version), shell.clock.now()
        shell.refuse_overdue(job, command, now)
        _check(job.position, old, new)
        draft = Draft(job.position)
        draft.record(e.Migrated(version=new.version))
        compiled = shell.catalogue.compiled(tx, new.name, new.version)
        draft.effects.awaited = all_awaited(compiled, draft, now, StoreWorld(tx, job.customer, job.id))
        done = Advance(draft=draft, events=draft.events, effects=draft.effects, micro_steps=0)
        return shell.write(tx, Computed(job, command, done, now))

    return shell.keep(work)


def _check(position: Position, old: Process, new: Process) -> None:
    """Every state where the job stands must be in the new version, with the same type and scope."""
    head = position.head
    if head.status != "open":
        raise NotAllowed("the job is over", where=f"job {head.job}", possible=("leave it as it is",))
    if new.version == head.version:
        raise NotAllowed(f"the job has version {new.version} already", possible=("deploy a new version first",))
    was, becomes = _shapes(old), _shapes(new)
    for state in sorted({*head.standing, *(call.state for call in head.cut_off)}):
        if was[state] == becomes.get(state):
            continue
        there = becomes.get(state)
        what = "is not in it" if there is None else f"has another type or place there ({there[0]})"
        raise NotAllowed(
            f"the job stands in {state!r}, which {what}",
            where=f"version {new.version}",
            possible=(f"keep the state {state!r} as it was in the new version", "wait until the job has left it"),
        )
    _check_scopes(position, new)


def _shapes(process: Process) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Each state's type, scope and members: what the parts of a job that stands in it rely on."""
    return {
        name: (state.type, scope.path, tuple(sorted(state.members)))
        for scope in process.scopes()
        for name, state in scope.states.items()
    }


def _check_scopes(position: Position, new: Process) -> None:
    """Branches that wait to be opened stand in no state yet; their scopes must be there all the same."""
    paths = {scope.path for scope in new.scopes()}
    root = position.branch(ROOT)
    waiting: list[Branch] = [root] if root is not None else []
    while waiting:
        branch = waiting.pop()
        if branch.scope not in paths:
            raise NotAllowed(
                f"the branch {branch.id!r} is open, and its scope {branch.scope!r} is gone",
                where=f"version {new.version}",
                possible=("keep the scope in the new version", "wait until the branch is done"),
            )
        waiting.extend(position.children(branch.id))
