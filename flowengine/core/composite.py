"""States that hold scopes: parallel, each and stage. They open branches below their own and wait for them.

What a fork must know stands in its counters (:class:`~flowengine.core.values.Fork`) and in the ids of the branches,
which follow from the state, its entry and the branch's name or item index. So opening or ending one of ten thousand
branches touches that branch and its parent only; all of them are read at the join, and when they are cancelled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flowengine.core import events as e
from flowengine.core import turns
from flowengine.core.draft import replace
from flowengine.core.fields import as_json, check_answer, like, schema_of
from flowengine.core.flow import Flow
from flowengine.core.spot import NOTHING, Result
from flowengine.core.values import Branch, Fork, Json
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, StaleCommand
from flowengine.language.expressions import Expression
from flowengine.language.model import State
from flowengine.language.parts import DONE, EXPIRED, Field
from flowengine.language.types import Branch as Declared
from flowengine.language.types import Each, Parallel, Stage
from flowengine.speech.phrases import phrase

Composite = Parallel | Each | Stage
TYPES = (Parallel, Each, Stage)


def enter(flow: Flow, branch: Branch, state: Composite) -> None:
    """The branch has entered a parallel, each or stage: open what is below it."""
    if isinstance(state, Parallel):
        _enter_parallel(flow, branch, state)
    elif isinstance(state, Each):
        _enter_each(flow, branch, state)
    else:
        _keep(flow, branch, Fork(total=1, open=1))
        _open(
            flow, Branch(id=child_id(branch, state, "stage"), parent=branch.id, name=state.name, scope=state.scope.path)
        )


def child_id(branch: Branch, state: Composite, name: str | int) -> str:
    """The id of a branch below the one that stands in a state."""
    fork = branch.inners.get("")
    named = fork.named if isinstance(fork, Fork) else ""
    return f"{branch.id}/{named or state.name}#{branch.entry}/{name}"


def end_branch(flow: Flow, branch: Branch) -> None:
    """A branch below another has reached ``done``."""
    flow.cancel_children(branch.id, detached=True)
    assert branch.parent is not None, "the root branch ends in an end of the process"
    if branch.detached:
        flow.draft.record(e.BranchClosed(branch=branch.id))
        return
    parent = flow.draft.at(branch.parent)
    state = flow.state_of(parent)
    if isinstance(state, Each):
        flow.draft.record(e.BranchDone(branch=branch.id))
    else:
        flow.draft.record(e.BranchClosed(branch=branch.id))
    parent = flow.draft.at(branch.parent)
    if isinstance(state, Stage):
        _keep(flow, parent, None)
        flow.over(parent, Result(DONE))
        return
    assert isinstance(state, Parallel | Each), f"{state.name} has no branches"
    fork = _fork(parent)
    finished = (*fork.finished, branch.name) if isinstance(state, Parallel) else ()
    _settle(flow, parent, state, replace(fork, open=fork.open - 1, done=fork.done + 1, finished=finished))


def add(flow: Flow, branch: Branch, state: Each, items: tuple[Json, ...]) -> None:
    """More items for an each that is still running: such as the process says, or else such as the first. Raises
    NotAllowed, StaleCommand, BadAnswer."""
    if not state.more:
        raise NotAllowed(
            phrase("%(state)s takes no more items", state=state.name),
            where=state.name,
            possible=(phrase("more: true in the process"),),
        )
    fork = branch.inners.get("")
    if not isinstance(fork, Fork):
        raise StaleCommand(phrase("%(state)s is over", state=state.name), where=branch.id)
    if fork.total + len(items) > state.most:
        wanted = fork.total + len(items)
        what = phrase(
            "there are %(there)s already, and there may be %(most)s in all, not %(wanted)s",
            there=fork.total,
            most=state.most,
            wanted=wanted,
        )
        raise BadAnswer({"items": what}, where=state.name)
    one = schema_of(state.items) if state.items else like(flow.draft.at(child_id(branch, state, 0)).item)
    person = state.items.person if state.items is not None and state.items.type == "string" else None
    asked = (Field(name="items", type="array", title="", schema={"items": one}, person=person),)
    checked = check_answer(asked, {"items": items}, state.name, world=flow.world)["items"]
    _open_items(flow, branch, state, tuple(checked), fork)


def expired(flow: Flow, branch: Branch, state: State) -> Result:
    """The time of a fork (or of a race) is over. An each keeps what its items have done until then."""
    if not isinstance(state, Each):
        return Result(EXPIRED)
    return Result(EXPIRED, [_collected(child) for child in _in_order(flow, branch) if child.done])


def renew(flow: Flow, branch: Branch, state: Composite) -> None:
    """The job goes on in another version of the process: branches that are new are opened, or wait for those that they
    come after, as do those that wait for others now; more items run where more may; and the join is looked at again."""
    if isinstance(state, Stage):
        return
    if isinstance(state, Parallel):
        _new_branches(flow, branch, state)
        _wake_ready(flow, branch, state)
    else:
        while (fork := _fork(flow.draft.at(branch.id))).next < fork.total and (
            state.at_a_time is None or fork.open < state.at_a_time
        ):
            _keep(flow, branch, replace(fork, open=fork.open + 1, next=fork.next + 1))
            _wake(flow, child_id(branch, state, fork.next))
    here = flow.draft.at(branch.id)
    if _joined(flow, here, state, _fork(here)):
        _join(flow, here, state, _fork(here))


def _new_branches(flow: Flow, branch: Branch, state: Parallel) -> None:
    fork = _fork(branch)
    here = {child.name for child in _in_order(flow, branch)} | {*fork.finished, *fork.skipped}
    new = [one for one in state.branches.values() if one.name not in here]
    skipped = tuple(one.name for one in new if not one.after and not _wanted(flow, branch, one))
    taken = [one for one in new if one.name not in skipped]
    if new:
        _keep(flow, branch, replace(fork, total=fork.total + len(taken), skipped=(*fork.skipped, *skipped)))
    for one in taken:
        id = child_id(branch, state, one.name)
        child = Branch(id=id, parent=branch.id, name=one.name, scope=one.scope.path, pending=True)
        flow.draft.record(e.BranchOpened(branch=child))


def _wake_ready(flow: Flow, branch: Branch, state: Parallel) -> None:
    """Wake the branches that wait though those they come after are settled; of those that take turns, only those that
    may be offered with others while nobody has begun."""
    fork = _fork(flow.draft.at(branch.id))
    if not state.one_at_a_time and fork.begun:
        fork = replace(fork, begun="")
        _keep(flow, branch, fork)
    waiting = {child.name for child in _in_order(flow, branch) if child.pending}
    opened = set(state.branches) - waiting
    fork = _skip(flow, branch, state, fork, (*fork.finished, *fork.skipped), opened)
    pending = [child.name for child in _in_order(flow, branch) if child.pending]
    settled = {*fork.finished, *fork.skipped}
    ready = [name for name in pending if settled.issuperset(state.branches[name].after)]
    if state.one_at_a_time:
        ready = [] if fork.begun else [name for name in ready if turns.offered(state, name)]
    if ready:
        _keep(flow, branch, replace(fork, open=fork.open + len(ready)))
    for name in ready:
        _wake(flow, child_id(branch, state, name))


def _enter_parallel(flow: Flow, branch: Branch, state: Parallel) -> None:
    skipped = _unwanted(flow, branch, state, Fork())
    taken = [one for one in state.branches.values() if one.name not in skipped]
    fork = Fork(total=len(taken), skipped=skipped)
    ready, begun = _ready(state, fork)
    _keep(flow, branch, replace(fork, open=len(ready), begun=begun))
    if not taken:
        _join(flow, branch, state, fork)
        return
    for one in taken:
        child = Branch(
            id=child_id(branch, state, one.name),
            parent=branch.id,
            name=one.name,
            scope=one.scope.path,
            pending=one.name not in ready,
        )
        if child.pending:
            flow.draft.record(e.BranchOpened(branch=child))
        else:
            _open(flow, child)


def _wanted(flow: Flow, branch: Branch, one: Declared) -> bool:
    return one.when is None or one.when.holds(flow.names(branch.id))


def _unwanted(
    flow: Flow,
    branch: Branch,
    state: Parallel,
    fork: Fork,
    just: Iterable[str] | None = None,
    opened: Collection[str] = (),
) -> tuple[str, ...]:
    """The branches whose ``when`` does not hold, of those that could open now that these others are ``just`` settled
    (None: at the start); and of those that could open because these cannot, and so on."""
    settled = {*fork.finished, *fork.skipped}
    found: dict[str, None] = {}
    if just is None:
        first = (one for one in state.branches.values() if not one.after)
        found = {one.name: None for one in first if not _wanted(flow, branch, one)}
        settled |= found.keys()
        just = found
    news = list(just)
    while news:
        name = news.pop()
        for one in state.branches.values():
            free = one.name not in settled and one.name not in opened and settled.issuperset(one.after)
            if name in one.after and free and not _wanted(flow, branch, one):
                found[one.name] = None
                settled.add(one.name)
                news.append(one.name)
    return tuple(found)


def _skip(
    flow: Flow, branch: Branch, state: Parallel, fork: Fork, just: Iterable[str], opened: Collection[str] = ()
) -> Fork:
    """Close the branches that wait and are not wanted, now that others are ``just`` settled."""
    skipped = _unwanted(flow, branch, state, fork, just, opened)
    if not skipped:
        return fork
    for name in skipped:
        flow.draft.record(e.BranchClosed(branch=child_id(branch, state, name), why="skipped"))
    fork = replace(fork, total=fork.total - len(skipped), skipped=(*fork.skipped, *skipped))
    _keep(flow, branch, fork)
    return fork


def _ready(state: Parallel, fork: Fork, just: Collection[str] = ()) -> tuple[list[str], str]:
    """The branches to open at the start, or now that others are ``just`` settled: all of their ``after`` are settled.

    With them, the one of them that begins its turn, if they take turns.
    """
    settled = {*fork.finished, *fork.skipped}
    found = [one.name for one in state.branches.values() if one.name not in settled and settled.issuperset(one.after)]
    if state.one_at_a_time:
        return turns.next_turn(state, found)
    return [name for name in found if not just or any(one in just for one in state.branches[name].after)], ""


def _enter_each(flow: Flow, branch: Branch, state: Each) -> None:
    assert state.of is not None, f"{state.name} has no list"
    items = as_json(state.of.value(flow.names(branch.id)), str(state.of))
    if not isinstance(items, list):
        raise ExpressionFailed(f"gives {items!r:.100}, not a list", where=f"{state.name}.of: {state.of}")
    if items:
        _open_items(flow, branch, state, tuple(items), Fork())
    else:
        _keep(flow, branch, Fork())
        _join(flow, branch, state, Fork())


def _open_items(flow: Flow, branch: Branch, state: Each, items: tuple[Json, ...], fork: Fork) -> None:
    room = len(items) if state.at_a_time is None else max(0, state.at_a_time - fork.open)
    if fork.next < fork.total:
        room = 0
    opened = min(room, len(items))
    _keep(
        flow,
        branch,
        replace(fork, total=fork.total + len(items), open=fork.open + opened, next=fork.next + opened),
    )
    for offset, item in enumerate(items):
        index = fork.total + offset
        child = Branch(
            id=child_id(branch, state, index),
            parent=branch.id,
            name=state.as_,
            scope=state.scope.path,
            own=True,
            item=item,
            index=index,
            pending=offset >= opened,
        )
        if child.pending:
            flow.draft.record(e.BranchOpened(branch=child))
        else:
            _open(flow, child)


def _open(flow: Flow, child: Branch) -> None:
    flow.draft.record(e.BranchOpened(branch=child))
    flow.begin(child.id)


def _wake(flow: Flow, child: str) -> None:
    flow.draft.record(e.BranchWoken(branch=child))
    flow.begin(child)


def _settle(flow: Flow, branch: Branch, state: Parallel | Each, fork: Fork) -> None:
    """After a branch is done: skip or open those that waited for it, or join."""
    before = fork.skipped
    if isinstance(state, Parallel):
        fork = _skip(flow, branch, state, fork, fork.finished[-1:])
        branch = flow.draft.at(branch.id)
    if _joined(flow, branch, state, fork):
        _keep(flow, branch, fork)
        _join(flow, flow.draft.at(branch.id), state, fork)
    elif isinstance(state, Each):
        if fork.next < fork.total and (state.at_a_time is None or fork.open < state.at_a_time):
            _keep(flow, branch, replace(fork, open=fork.open + 1, next=fork.next + 1))
            _wake(flow, child_id(branch, state, fork.next))
        else:
            _keep(flow, branch, fork)
    else:
        woken, begun = _ready(state, fork, (fork.finished[-1], *fork.skipped[len(before) :]))
        _keep(flow, branch, replace(fork, open=fork.open + len(woken), begun=begun))
        for name in woken:
            _wake(flow, child_id(branch, state, name))


def _joined(flow: Flow, branch: Branch, state: Parallel | Each, fork: Fork) -> bool:
    """Whether the join fires. When all branches are done it always does, so that no job is stuck in a join."""
    if fork.done >= fork.total:
        return True
    if isinstance(state.join, Expression):
        names = flow.names(branch.id, done=fork.done, open=fork.total - fork.done, total=fork.total)
        return state.join.holds(names)
    return state.join != "all" and fork.done >= state.join


def _join(flow: Flow, branch: Branch, state: Parallel | Each, fork: Fork) -> None:
    """Collect what is done, and cancel or detach the rest."""
    value: Json = NOTHING
    if isinstance(state, Each):
        value = []
    if isinstance(state, Each) or fork.done < fork.total:
        for child in _in_order(flow, branch):
            if child.done:
                value.append(_collected(child))
                flow.draft.record(e.BranchClosed(branch=child.id))
            elif state.rest == "continue" and not child.pending:
                flow.draft.record(e.BranchDetached(branch=child.id))
            else:
                flow.cancel(child)
    _keep(flow, branch, None)
    flow.over(flow.draft.at(branch.id), Result("joined", value))


def _in_order(flow: Flow, branch: Branch) -> list[Branch]:
    """The branches that the state opened, but for those that an earlier one has left going on."""
    children = (child for child in flow.draft.children(branch.id) if not child.detached)
    return sorted(children, key=lambda child: child.index)


def _collected(child: Branch) -> Json:
    """What an item that is done has saved."""
    return {**child.data, "item": child.item}


def _fork(branch: Branch) -> Fork:
    fork = branch.inners.get("")
    assert isinstance(fork, Fork), f"branch {branch.id} has no fork"
    return fork


def _keep(flow: Flow, branch: Branch, fork: Fork | None) -> None:
    flow.draft.record(e.Kept(branch=branch.id, inner=fork))
