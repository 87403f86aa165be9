"""Auditing: does the history agree with itself, and does what is stored follow from it (L5)?"""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.errors import HistoryBroken
from flowengine.people.permissions import PROGRAM
from flowengine.store import Transaction
from flowengine.store.administration import Checked
from flowengine.store.audit import audit_job
from flowengine.views.replies import Audit, AuditProblem

_PAGE = 500
ADMINISTRATION = "administration"
"""What stands in the place of a job where the chain of administrative deeds is broken."""


def audit(shell: Shell, job: str | None) -> Audit:
    """Audit one job, or all and the administration, each in a read transaction of its own so that a long audit holds
    nothing up."""
    jobs = entries = erased = 0
    problems: list[AuditProblem] = []
    for id in _ids(shell, job):
        with shell.reading() as tx:
            found = audit_job(tx, id)
        jobs += 1
        entries += found.entries
        erased += bool(found.erased)
        problems.extend(AuditProblem(job=id, what=what) for what in found.problems)
    checked = Checked(0, 0, "")
    if job is None:
        try:
            with shell.reading() as tx:
                checked = tx.deeds.check()
        except HistoryBroken as broken:
            problems.append(AuditProblem(job=ADMINISTRATION, what=broken.what))
    return Audit(
        jobs=jobs,
        entries=entries,
        erased=erased,
        problems=tuple(problems),
        deeds=checked.deeds,
        deeds_erased=checked.erased,
        head=checked.hash,
    )


def _ids(shell: Shell, job: str | None) -> Iterator[str]:
    if job is not None:
        with shell.reading() as tx:
            id = access.job_ref(tx, job, PROGRAM)
            access.read(tx, id, "job", job)
        yield id
        return
    after: str | None = None
    while True:
        with shell.reading() as tx:
            page = _page(tx, after)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]


def _page(tx: Transaction, after: str | None) -> list[str]:
    return [row.id for row in tx.jobs.list(limit=_PAGE, after=after)]
