"""What the people of a world ask for: they begin jobs, act on what waits for them, and change their minds."""

from __future__ import annotations

from collections.abc import Callable

from chosen_answers import answer_for, need_for
from record import Request
from stores import CUSTOMERS
from world import OPERATOR, World

from flowengine import Engine, Receipt
from flowengine.core.answers import Form
from flowengine.errors import NotFound
from flowengine.views.replies import JobRow


def begin(world: World, process: str) -> Request:
    """A customer states a need, or a message states it for him where that starts the process."""
    fields = world.process(process).root.states["need"].fields  # type: ignore[attr-defined]  # the first is a need
    need = need_for(world.choices, fields, world.clock.now())
    who = world.choices.pick(CUSTOMERS)
    starts = world.process(process).starts
    if starts and world.choices.one_in(2):
        name = starts[0].message
        return world.new_request("outside", "start", lambda engine, key: engine.send(name, who, need, request_key=key))
    return world.new_request(who, "start", lambda engine, key: engine.start(process, by=who, need=need, key=key))


def something(world: World) -> Request | None:
    """Somebody asks for something that he can ask for now, mostly to act on what waits for him."""
    kind = world.choices.draw(16)
    return act(world) if kind < 10 else (claim, release, invoke, say, message, message)[kind - 10](world)


def waiting(world: World) -> list[tuple[str, str]]:
    """Who could act on which step, one for each row of an inbox."""
    rows = world.store.rows(
        "SELECT job_id, number, audience, claimed FROM flow_steps ORDER BY job_id, number, audience"
    )
    found = []
    for job, number, audience, claimed in rows:
        who = claimed or world.choices.pick(world.invited(audience) or [""])
        if who:
            found.append((who, f"{job}.{number}"))
    return found


def voters(world: World, *, again: bool) -> list[tuple[str, str]]:
    """Who may vote on which step; with ``again`` also those who have."""
    rows = world.store.rows(
        "SELECT v.job_id, v.step, v.person, v.voted FROM flow_voters v"
        " JOIN flow_boxes b ON b.job_id = v.job_id AND b.step = v.step"
        " WHERE b.state = 'open' ORDER BY v.job_id, v.step, v.person"
    )
    return [(who, f"{job}.{step}") for job, step, who, voted in rows if again or not voted]


def act(world: World) -> Request | None:
    """Somebody acts on a step of his inbox."""
    found = [*waiting(world), *voters(world, again=True)]
    if not found:
        return None
    who, step = world.choices.pick(found)
    form = form_of(world, step, who)
    if form is None or not form.ways:
        return None
    way = world.choices.pick(form.ways)
    answer = answer_for(world.choices, form, way, world.clock.now())
    return world.new_request(who, "act", lambda engine, key: engine.act(step, way.outcome, answer, by=who, key=key))


def form_of(world: World, step: str, who: str) -> Form | None:
    """What somebody is asked on a step; None where it is not for him after all."""
    try:
        return world.office.step(step, who).form
    except NotFound:
        return None


def claim(world: World) -> Request | None:
    """Somebody takes a step for himself."""
    return _on_step(world, "claim", lambda engine, step, who, key: engine.claim(step, by=who, key=key))


def release(world: World) -> Request | None:
    """Somebody gives a step back."""
    return _on_step(world, "release", lambda engine, step, who, key: engine.release(step, by=who, key=key))


def _on_step(world: World, what: str, do: Callable[[Engine, str, str, str], Receipt]) -> Request | None:
    found = waiting(world)
    if not found:
        return None
    who, step = world.choices.pick(found)
    return world.new_request(who, what, lambda engine, key: do(engine, step, who, key))


def invoke(world: World) -> Request | None:
    """The customer uses what is always open to him: he withdraws, or changes his mind."""
    job = _open_job(world)
    if job is None:
        return None
    entries = [
        one for scope in world.process(job.process).scopes() for one in scope.always if one.by and not one.fields
    ]
    if not entries:
        return None
    id, who, name = job.id, job.customer, world.choices.pick(entries).name
    return world.new_request(who, "invoke", lambda engine, key: engine.invoke(id, name, by=who, key=key))


def say(world: World) -> Request | None:
    """An operator says something about a job, or its customer asks what somebody has to answer."""
    job = _open_job(world)
    if job is None:
        return None
    id, who, kind = job.id, job.customer, world.choices.pick(("note", "question", "concern"))
    if kind == "note":
        return world.new_request("olga", "say", lambda engine, key: engine.say(id, "So far", by=OPERATOR, key=key))
    return world.new_request(who, "say", lambda engine, key: engine.say(id, "How far?", kind, by=who, key=key))


def message(world: World) -> Request | None:
    """A message comes in that some job waits for; half of them name no job, and some of these are for nobody yet, or
    for all who wait."""
    waits = [(view.job, one) for view in world.office.stuck() for one in view.waits if one.kind == "message"]
    if not waits:
        return None
    id, wait = world.choices.pick(waits)
    name, key_of_it = wait.what, wait.whom
    named, everyone = id, False
    if world.choices.one_in(2):
        named, everyone = None, world.choices.one_in(4)
        key_of_it = "nobody's" if world.choices.one_in(4) else key_of_it

    def send(engine: Engine, key: str) -> Receipt:
        return engine.send(name, key_of_it, {}, job=named, all=everyone, request_key=key)

    return world.new_request("outside", "send", send)


def completion(world: World, call: str, token: str) -> Request:
    """Whoever was left to complete a call does so: always in the same way, as its key is the same."""
    known = [one for one in world.record.requests if one.key == f"completion-{call}"]
    if known:
        return known[0]
    if world.choices.one_in(4):
        request = world.new_request("completion", "completion", lambda engine, _: engine.give_up(token, "sold out"))
    else:
        request = world.new_request("completion", "completion", lambda engine, _: engine.complete(token))
    request.key, request.call = f"completion-{call}", call
    return request


def _open_job(world: World) -> JobRow | None:
    rows = sorted(world.office.jobs(status="open"), key=lambda row: row.id)
    return world.choices.pick(rows) if rows else None
