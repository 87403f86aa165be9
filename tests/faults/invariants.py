"""What must hold after every schedule, whatever happened in it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from fault_processes import ATTEMPTS
from record import Broken
from world import World

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft
from flowengine.core.messages import all_awaited
from flowengine.core.values import Branch, Undoing
from flowengine.runtime.actors import StoreWorld
from flowengine.store import Entry, StoredJob, Transaction
from flowengine.views.replies import Broadcast, Kept, Receipt


def all_of(world: World) -> None:
    """Everything, after the world has come to rest."""
    histories = _histories(world)
    acknowledged(world, histories)
    audit(world)
    calls_end_once(histories)
    wakeable(world)
    messages_find_their_jobs(world, histories)
    ended_jobs_wait_for_nothing(world)
    keys_and_attempts(world)
    nothing_left_to_send(world)
    at_an_end(world)
    undone_last(world)
    ballots_count_once(world, histories)


def undone_last(world: World) -> None:
    """L14: nothing takes effect, within its limit, after it was undone."""
    if world.record.too_late:
        raise Broken(f"after they were undone took effect: {', '.join(world.record.too_late)} (L14)")


def _histories(world: World) -> dict[str, list[Entry]]:
    with world.store.plain.reading() as tx:
        return {row.id: tx.history.of(row.id) for row in tx.jobs.list(limit=10_000)}


def acknowledged(world: World, histories: dict[str, list[Entry]]) -> None:
    """L2, L3: what was acknowledged is in the history, once and as it was; what was not is there at most once."""
    found = Counter(entry.key for entries in histories.values() for entry in entries if entry.key)
    stored = {(job, seq): hash_ for job, seq, hash_ in world.store.rows("SELECT job_id, seq, hash FROM flow_history")}
    for request in world.record.requests:
        if found[request.key] > 1:
            raise Broken(f"{request.key} happened {found[request.key]} times (L3)")
        if request.receipt is None:
            continue
        if isinstance(request.receipt, Kept | Broadcast) or request.receipt.seq < 0:
            continue
        place = request.receipt.job, request.receipt.seq
        if stored.get(place) != request.hash:
            raise Broken(f"{request.key} was acknowledged as {place} and is lost (L2)")
        if request.what == "completion":
            continue  # the engine keeps its key with the receipt alone; that it ends a call once is looked at apart
        entry = histories[place[0]][place[1] - 1]
        if found[request.key] != 1 or entry.key != request.key:
            raise Broken(f"{request.key} was acknowledged as {place}, where {entry.key!r} stands (L2)")


def audit(world: World) -> None:
    """L5: all that is stored follows from the history, and the history is whole."""
    found = world.office.audit()
    if not found.fine:
        raise Broken(f"the audit found {[problem.what for problem in found.problems]} (L5)")


def ballots_count_once(world: World, histories: dict[str, list[Entry]]) -> None:
    """L2, L3: whose ballot was acknowledged has one paper, which says what he said, and the result counts it."""
    papers = world.store.rows("SELECT job_id, step, id, body FROM flow_papers")
    found = {(job, step, who): json.loads(body)["for"] for job, step, who, body in papers}
    for request in world.record.requests:
        if isinstance(request.receipt, Receipt) and request.receipt.seq < 0:
            place = request.receipt.job, -request.receipt.seq, request.actor
            if place not in found:
                raise Broken(f"{request.key} was acknowledged as a ballot and is lost (L2)")
    for job, entries in histories.items():
        for event in (one for entry in entries for one in entry.events if isinstance(one, e.BoxClosed)):
            papers_of_it = [options for (of, step, _), options in found.items() if (of, step) == (job, event.step)]
            counted = Counter(option for options in papers_of_it for option in options)
            if counted != Counter({what: int(times) for what, times in event.tally.items() if times}):
                raise Broken(f"{job} counted {event.tally}, and in the box are {counted}")


def calls_end_once(histories: dict[str, list[Entry]]) -> None:
    """L11: a call is closed once, and nothing finishes it afterwards."""
    for job, entries in histories.items():
        closed: set[int] = set()
        for entry in entries:
            if isinstance(entry.command, c.Finish | c.Fail) and entry.command.call in closed:
                raise Broken(f"call {job}.{entry.command.call} was finished after it was closed (L11)")
            for event in entry.events:
                if isinstance(event, e.CallClosed):
                    if event.call in closed:
                        raise Broken(f"call {job}.{event.call} was closed twice (L11)")
                    closed.add(event.call)


def wakeable(world: World) -> None:
    """Each place where an open job stands has something that can move it on."""
    sent: set[str] = set()
    for id, kind, body in world.store.rows("SELECT job_id, kind, body FROM flow_outbox"):
        sent |= _calls_sent(id, kind, body)
    views = world.office.stuck(limit=10_000)
    listening = {(view.job, wait.state) for view in views for wait in view.waits if wait.kind == "message"}
    with world.store.plain.reading() as tx:
        rows = tx.jobs.list(status="open", limit=10_000)
        awaited = sent | {row.head.parent for row in rows if row.head.parent}
        for row in rows:
            job = tx.jobs.get(row.id)
            for branch in job.position.whole().branches.values():
                if not _wakes(tx, job, branch, awaited) and (job.id, branch.state) not in listening:
                    raise Broken(f"job {job.id} stands in {branch.state!r} ({branch.id}), and nothing can wake it")


def _calls_sent(job: str, kind: str, body: str) -> set[str]:
    """The calls of jobs that rows of the outbox will start or end."""
    told = json.loads(body)
    if kind == "child":
        return {f"{job}.{told['call']}"}
    return {told["parent"]} if kind == "child_ended" else set()


def _wakes(tx: Transaction, job: StoredJob, branch: Branch, awaited: set[str]) -> bool:
    """Whether the branch has a step, a timer, branches below it, or a call that somebody will run or end."""
    if branch.pending or branch.done or branch.steps or branch.timers or job.position.children(branch.id):
        return True
    undoing = branch.inners.get("")
    if isinstance(undoing, Undoing) and job.position.head.is_cut_off(undoing.waiting[0].call):
        looks = [timer for timer in job.position.whole().root.timers if timer.purpose == "cut_off"]
        return any(timer.detail == undoing.waiting[0].call for timer in looks)
    for call in branch.calls:
        row = tx.calls.get(job.id, call.number)
        if row is None:
            return False
        if call.incident or row.next_at is not None or f"{job.id}.{call.number}" in awaited:
            return True
    return False


def messages_find_their_jobs(world: World, histories: dict[str, list[Entry]]) -> None:
    """What is known of who waits is what positions say; nothing is kept that somebody waits for, or taken twice."""
    rows = world.store.rows("SELECT job_id, branch, number, message, key FROM flow_awaiting")
    found = {(job, branch, number): (message, key) for job, branch, number, message, key in rows}
    awaited = {}
    with world.store.plain.reading() as tx:
        for row in tx.jobs.list(status="open", limit=10_000):
            job = tx.jobs.get(row.id)
            compiled = world.office.shell.catalogue.compiled(tx, job.process, job.version)
            draft, outside = Draft(job.position), StoreWorld(tx, job.customer)
            for branch, waits in all_awaited(compiled, draft, world.clock.now(), outside).items():
                for number, wait in enumerate(waits, 1):
                    awaited[job.id, branch, number] = (wait.message, "*" if wait.key is None else f"={wait.key}")
    if found != awaited:
        raise Broken(f"jobs wait for {awaited}, and {found} is known of it")
    lying = {(message, f"={key}") for message, key in world.store.rows("SELECT message, key FROM flow_messages")}
    if not lying.isdisjoint(awaited.values()):
        raise Broken(f"of {lying} some are waited for")
    taken = Counter(
        event.message.id
        for entries in histories.values()
        for entry in entries
        for event in entry.events
        if isinstance(event, e.MessageTaken) and event.message is not None
    )
    if any(times > 1 for times in taken.values()):
        raise Broken(f"messages were taken more than once: {taken}")


def ended_jobs_wait_for_nothing(world: World) -> None:
    """L1: what is over has no steps, timers, calls, branches or future slots."""
    for table in ("flow_steps", "flow_timers", "flow_calls", "flow_branches", "flow_awaiting"):
        left = world.store.rows(
            f"SELECT t.job_id FROM {table} t JOIN flow_jobs j ON j.id = t.job_id WHERE j.status <> 'open'"
        )
        if left:
            raise Broken(f"{left[0][0]} is over and has rows in {table} (L1)")


def keys_and_attempts(world: World) -> None:
    """L11: a call is tried under one key with one input, no attempt twice, and not more often than it may be.

    Once, an attempt may be lost with a worker that ran others beside it: it does not count, and is made again.
    """
    for key, runs in world.record.runs.items():
        if len({(run.handler, repr(run.input), run.token) for run in runs}) != 1:
            raise Broken(f"{key} was given different work at different attempts (L11)")
        allowed = ATTEMPTS.get(runs[0].handler)
        tries = 1 + world.record.retries[key]
        if allowed is not None and len(runs) > allowed * tries + 1:
            raise Broken(f"{key} was tried {len(runs)} times, {allowed} are allowed ({tries - 1} retries)")
        numbers = Counter(run.attempt for run in runs)
        if sum(count - tries for count in numbers.values() if count > tries) > 1:
            raise Broken(f"{key} had the same attempt twice: {sorted(numbers.items())} (L11)")


def nothing_left_to_send(world: World) -> None:
    """The outbox is empty once all is done, and what one receiver got of one job came in its order."""
    left = world.store.rows("SELECT job_id, seq, number, kind, last_error, incident FROM flow_outbox")
    if left:
        raise Broken(f"the outbox still holds {left}")
    came = [(f"notices of {job}", (seq, number)) for job, seq, number in world.record.notices]
    for lane, id in world.record.letters:
        job, seq, number = id.rsplit(".", 2)
        came.append((f"letters of {job} to {lane}", (int(seq), int(number))))
    orders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for lane, place in came:
        if place not in orders[lane]:  # sent again after a crash: at least once
            orders[lane].append(place)
    for lane, order in orders.items():
        if order != sorted(order):
            raise Broken(f"the {lane} came as {order}")


def at_an_end(world: World) -> None:
    """When people act, handlers answer and time passes, each job comes to its end."""
    rows = world.office.jobs(status="open")
    if rows:
        stuck = [(row.process, row.states) for row in rows]
        raise Broken(f"still open: {stuck}")
