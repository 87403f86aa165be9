"""Looking before a change of mind, and doing what was looked at."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flowengine.commands import access
from flowengine.commands.shell import Computed, Shell
from flowengine.core import commands as c
from flowengine.core.machines import Compiled
from flowengine.core.previewing import change
from flowengine.core.seatings import stands_for
from flowengine.core.translating import step_in
from flowengine.core.values import Actor, Json
from flowengine.errors import NotAllowed, PreviewChanged, StaleCommand
from flowengine.language.texts import spoken
from flowengine.people.identities import By
from flowengine.runtime.actors import StoreWorld, actor_of, name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction, shown
from flowengine.views import promising as views
from flowengine.views.promising import Preview, Reader


def preview(shell: Shell, job: str, name: str, answer: dict[str, Json], by: By) -> Preview:
    """What using an offer of the job would come to."""
    with shell.reading() as tx:
        actor = actor_of(tx, by)
        stored = access.read(tx, access.job_ref(tx, job, actor), "job", job, actor)
        permit = access.permit_always(name, shell.clock.now, "preview")
        try:
            access.refuse_strangers(tx, stored, actor)
            return _looked_at(shell, tx, stored, c.Invoke(by=actor, name=name, answer=answer), permit)
        except access.Hidden:
            raise access.no_such("job", job) from None


def preview_act(shell: Shell, step_id: str, outcome: str, answer: dict[str, Json], by: By) -> Preview:
    """What acting on a step would come to."""
    with shell.reading() as tx:
        actor = actor_of(tx, by)
        job_id, number = access.numbered_ref(tx, step_id, actor)
        stored = access.read(tx, job_id, "step", step_id)
        command = c.Act(by=actor, step=number, outcome=outcome, answer=answer)
        try:
            return _looked_at(shell, tx, stored, command, access.permit_on_step("preview_act"))
        except access.Hidden:
            raise access.no_such("step", step_id) from None


def as_previewed(shell: Shell, permit: access.Permit, digest: str) -> access.Permit:
    """The permit, for what still comes to what was looked at. Raises PreviewChanged."""

    def permit_as_seen(tx: Transaction, compiled: Compiled, job: StoredJob, command: c.Invoke) -> None:
        permit(tx, compiled, job, command)
        try:
            seen = _looked_at(shell, tx, job, command, access.permit_all)
        except (NotAllowed, StaleCommand) as error:
            raise _changed(job, error.phrase, error.phrases) from None
        if seen.digest != digest:
            raise _changed(job, phrase("it has changed meanwhile"), ())

    return permit_as_seen


def _changed(job: StoredJob, what: str, possible: tuple[str, ...]) -> PreviewChanged:
    where = f"job {shown(job.id)}"
    return PreviewChanged(
        phrase("%(what)s; nothing was done", what=what), where=where, possible=(phrase("look again"), *possible)
    )


def _looked_at(
    shell: Shell, tx: Transaction, job: StoredJob, command: c.Invoke | c.Act, permit: access.Permit
) -> Preview:
    now = shell.clock.now()
    there = shell.caught_up(tx, job, now)
    computed = shell.rehearse(tx, there, command, permit)
    compiled = shell.catalogue.told(tx, job.process, job.version, command.by.language)
    world = StoreWorld(tx, job.customer, job.id, locks=False)
    found = change(compiled, there.position.whole(), command, computed.done, now, world)
    return views.preview(
        compiled, found, _reader(tx, job, command.by, now), _named(compiled, job, computed), command.answer
    )


def _reader(tx: Transaction, job: StoredJob, actor: Actor, now: datetime) -> Reader:
    inside = actor.kind != "customer"
    own = inside or job.customer in stands_for(actor, looking=True)
    words, named = reader_words(tx, actor), partial(name_of, tx)
    return Reader(actor=actor, inside=inside, own=own, now=now, words=words, name_of=named)


def _named(compiled: Compiled, job: StoredJob, computed: Computed) -> Preview:
    """Of what it is a preview."""
    command = computed.command
    name = step = title = ""
    if isinstance(command, c.Invoke):
        name, title = command.name, compiled.always[command.name][0][1].title
    elif isinstance(command, c.Act):
        found = access.open_step(job, command.step)
        name, step = command.outcome, f"{job.id}.{command.step}"
        title = step_in(compiled.process, found).title if found is not None else spoken(name)
    return Preview(job=job.id, short=shown(job.id), name=name, title=title, version=job.version, step=step)
