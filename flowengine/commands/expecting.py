"""When jobs are expected to be finished: for who looks at them, and for promises."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from flowengine.commands.learning import learnt
from flowengine.commands.shell import Shell
from flowengine.errors import NotFound
from flowengine.insight.expecting import Range, Visit
from flowengine.store import Transaction
from flowengine.store.expected import StandingJob

MOST_YEARS = 10
"""What is expected later than in so many years is not told: nobody knows."""


def expected(shell: Shell, tx: Transaction, jobs: Sequence[str]) -> dict[str, Range]:
    """When these jobs will be finished, as far as that is known: of a job that is over or suspended, or has kept what
    it promised, nothing is told."""
    now = shell.clock.now()
    standing = tx.expected.standing(list(dict.fromkeys(jobs)))
    return {id: told for id, job in standing.items() if (told := _of(shell, tx, job, now)) is not None}


def _of(shell: Shell, tx: Transaction, job: StandingJob, now: datetime) -> Range | None:
    if not job.waits:
        return None
    with suppress(NotFound):  # somebody has taken the version of its process out of the database
        compiled = shell.catalogue.compiled(tx, job.process, job.version)
        states = compiled.states
        found = learnt(shell, tx, job.process, now)
        expecting = found.by(job.version, lambda: compiled.process, now)
        begun = min(job.begun, now)  # of a clock that was set back nobody knows more
        visits = [
            Visit(state=place.state, entered=max(min(place.since or begun, now), begun))
            for place in job.places
            if place.state in states and not states[place.state].scopes
        ]
        try:
            told = expecting.finish(visits, begun, now, found.calibration)
        except OverflowError:  # after the year 9999
            return None
        return told if told is not None and (told.p90 - now).days < MOST_YEARS * 365 else None
    return None
