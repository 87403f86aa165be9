"""Moving jobs to another version of their process, on purpose (L6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flowengine.commands import access
from flowengine.commands.interventions import LONGEST_REASON
from flowengine.commands.shell import Computed, Shell
from flowengine.core import commands as c
from flowengine.core.fields import as_plain
from flowengine.core.migrating import Migration, branches, migrate
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer, NotAllowed, Refused
from flowengine.runtime.actors import as_actor, reader_words
from flowengine.speech.phrases import listing, phrase
from flowengine.store import ListedJob, StoredJob, Transaction, shown
from flowengine.views.migrated import migration_view
from flowengine.views.replies import MigratedAll, MigrationView, Receipt

_PAGE = 200
"""Jobs that are read at once."""
_TIMERS = ("anew", "keep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; :func:`wanted` has checked it."""

    version: str | None
    states: dict[str, str]
    fill: dict[str, Json]
    timers: Literal["anew", "keep"]
    because: str


def wanted(
    version: str | None, states: Mapping[str, str] | None, fill: Mapping[str, Json] | None, timers: str, because: str
) -> Wanted:
    """What was given, held against what can be. Raises BadAnswer."""
    if not all(isinstance(one, str) for pair in (states or {}).items() for one in pair):
        raise BadAnswer({"states": phrase("must map names of states to names of states")})
    if timers not in _TIMERS:
        raise BadAnswer({"timers": phrase("must be one of %(timers)s", timers=", ".join(_TIMERS))}, possible=_TIMERS)
    if len(because) > LONGEST_REASON:
        raise BadAnswer({"because": phrase("may have at most %(most)s characters", most=LONGEST_REASON)})
    filled = {place: as_plain(value, "fill", place) for place, value in (fill or {}).items()}
    which: Literal["anew", "keep"] = "keep" if timers == "keep" else "anew"
    return Wanted(version=version, states=dict(states or {}), fill=filled, timers=which, because=because)


def move(shell: Shell, text: str, asked: Wanted, actor: Actor) -> Receipt:
    """Move one job. Raises NotAllowed with all that stands in its way."""

    def work(tx: Transaction) -> Receipt:
        try:
            job = access.locked(tx, access.job_ref(tx, text, actor))
        except access.Hidden:
            raise access.no_such("job", text) from None
        now = shell.clock.now()
        command, found = _found(shell, tx, job, asked, actor, now)
        shell.refuse_overdue(job, command, now)
        if found.done is None:
            raise _refusal(found, command.version, job)
        return shell.write(tx, Computed(job, command, found.done, now))

    return shell.keep(work)


def look(shell: Shell, text: str, asked: Wanted, actor: Actor) -> MigrationView:
    """What moving one job would change; nothing is written."""
    with shell.reading() as tx:
        now = shell.clock.now()
        job = shell.caught_up(tx, access.read(tx, access.job_ref(tx, text, actor), "job", text), now)
        command, found = _found(shell, tx, job, asked, actor, now)
        return migration_view(
            job.id, shown(job.id), command.version, job.position, found, asked.fill, now, reader_words(tx, actor)
        )


def move_all(shell: Shell, process: str, was: str | None, asked: Wanted, actor: Actor, *, dry: bool) -> MigratedAll:
    """Move the open jobs of a process (of a version): each in a transaction of its own, so that one that cannot be
    moved does not keep the others; those are told by what is in their way."""
    with shell.reading() as tx:
        told = reader_words(tx, actor).tell
        new = _version(shell, tx, process, asked.version)
        if was is not None:
            shell.catalogue.compiled(tx, process, was)
        jobs = [row.id for row in _open_jobs(tx, process) if row.version != new and was in (None, row.version)]
    moved: list[str] = []
    refused: dict[str, list[str]] = {}
    warnings: dict[str, list[str]] = {}
    for id in jobs:
        try:
            found = _one(shell, id, asked, actor, dry=dry)
        except Refused:
            continue  # it is over by now, or somebody else has moved it
        for obstacle in found.obstacles:
            refused.setdefault(told(obstacle.what), []).append(id)
        if found.done is not None:
            moved.append(id)
            for warning in dict.fromkeys(found.warnings):
                warnings.setdefault(told(warning), []).append(id)
    return MigratedAll(
        process=process,
        version=new,
        moved=tuple(moved),
        refused={what: tuple(ids) for what, ids in refused.items()},
        warnings={what: tuple(ids) for what, ids in warnings.items()},
    )


def _one(shell: Shell, id: str, asked: Wanted, actor: Actor, *, dry: bool) -> Migration:
    def work(tx: Transaction) -> Migration:
        now = shell.clock.now()
        job = shell.caught_up(tx, tx.jobs.get(id), now) if dry else tx.jobs.lock(id)
        command, found = _found(shell, tx, job, asked, actor, now)
        if not dry:
            shell.refuse_overdue(job, command, now)
        if found.done is not None and not dry:
            shell.write(tx, Computed(job, command, found.done, now))
        return found

    if dry:
        with shell.reading() as tx:
            return work(tx)
    return shell.keep(work)


def _open_jobs(tx: Transaction, process: str) -> Iterator[ListedJob]:
    last = None
    while page := tx.jobs.list(status="open", process=process, limit=_PAGE, after=last):
        yield from page
        last = page[-1].id


def _version(shell: Shell, tx: Transaction, process: str, version: str | None) -> str:
    compiled = shell.catalogue.latest(tx, process) if version is None else None
    return (compiled or shell.catalogue.compiled(tx, process, version or "")).process.version


def _found(
    shell: Shell, tx: Transaction, job: StoredJob, asked: Wanted, actor: Actor, now: datetime
) -> tuple[c.Migrate, Migration]:
    version = _version(shell, tx, job.process, asked.version)
    old, new = (shell.catalogue.compiled(tx, job.process, one) for one in (job.version, version))
    command = c.Migrate(
        by=actor,
        version=version,
        states=asked.states,
        fill=asked.fill,
        timers=asked.timers,
        because=asked.because,
    )
    world = shell.world(tx, job.customer, job.id)
    largest = shell.settings.largest_data
    return command, migrate(old, new, job.position, command, now, world, _people(tx, job), largest_data=largest)


def _people(tx: Transaction, job: StoredJob) -> dict[str, Actor]:
    """Those who have claimed a step of the job, as far as they are known here."""
    ids = {step.claimed for branch in branches(job.position) for step in branch.steps if step.claimed is not None}
    found = {id: tx.people.get(id) for id in sorted(ids)}
    return {id: as_actor(person, tx.terms.now()) for id, person in found.items() if person is not None}


def _refusal(found: Migration, version: str, job: StoredJob) -> NotAllowed:
    first, *more = found.obstacles
    where = f"job {shown(job.id)}, version {version}"
    if not more:
        return NotAllowed(first.what, where=where, possible=first.possible)
    what = phrase(
        "%(number)s things are in the way: %(obstacles)s",
        number=len(found.obstacles),
        obstacles=listing((one.what for one in found.obstacles), "; "),
    )
    possible = dict.fromkeys(one for obstacle in found.obstacles for one in obstacle.possible)
    return NotAllowed(what, where=where, possible=tuple(possible))
