"""Jobs that were put into an archive file, read back from it: without a database, by whoever has the file.

Each is held against its hashes first (L5). Names of people are not in an archive: they are told by their ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowengine.commands import retention
from flowengine.core.draft import rebuild
from flowengine.core.machines import Compiled, compile_process
from flowengine.core.values import Head, Json
from flowengine.errors import Ambiguous, HistoryBroken, NotFound, Refused
from flowengine.language import parse
from flowengine.reading.histories import line, persons
from flowengine.speech.words import ENGLISH
from flowengine.store import Entry, shown
from flowengine.store.archive import ArchivedJob
from flowengine.store.codec import decode, encode
from flowengine.store.history import read
from flowengine.views.history_lines import Teller
from flowengine.views.promised import promise_view
from flowengine.views.replies import HistoryLine, JobRow, StaffTrack
from flowengine.views.settled import facts

MOST_NAMED = 6
"""Of the jobs that a text fits, how many are named."""


@dataclass
class _Archive:
    """What was met in a file so far: the processes that its jobs follow."""

    path: Path
    sources: dict[tuple[str, str], str] = field(default_factory=dict)
    compiled: dict[tuple[str, str], Compiled] = field(default_factory=dict)

    def jobs(self) -> Iterator[ArchivedJob]:
        for found in retention.read(self.path):
            if isinstance(found, ArchivedJob):
                yield found
            else:
                self.sources[found.process, found.version] = found.source

    def process(self, job: ArchivedJob) -> Compiled:
        """The version that a job follows. Raises Refused where it is not in the file."""
        which = (job.process, job.version)
        if which not in self.compiled:
            source = self.sources.get(which)
            if source is None:
                what = f"version {job.version} of {job.process} is not in the archive"
                raise Refused(what, where=str(self.path), possible=("flow history JOB --raw --archive FILE",))
            process = parse(source, f"{job.process}@{job.version}", check=False).settled("UTC")
            self.compiled[which] = compile_process(replace(process, version=job.version))
        return self.compiled[which]

    def one(self, text: str) -> ArchivedJob:
        """The job of that id, or whose short id begins so. Raises NotFound, Ambiguous, HistoryBroken."""
        start = text.strip().lower()
        found = [job for job in self.jobs() if start and (job.job == start or _begins(job.job, start))]
        exact = [job for job in found if job.job == start] or found
        if not exact:
            raise NotFound(f"there is no job {text[:200]!r} in this archive", where=str(self.path))
        if len({job.job for job in exact}) > 1:
            named = [shown(job.job) for job in exact[:MOST_NAMED]]
            raise Ambiguous(f"{text!r} fits more than one job of this archive", where=str(self.path), possible=named)
        try:
            exact[0].verify()
        except HistoryBroken as broken:
            what = f"the archived history of {shown(exact[0].job)} is not whole: {broken.what}"
            raise HistoryBroken(what, where=str(self.path)) from broken
        return exact[0]


def _begins(job: str, start: str) -> bool:
    return job.startswith(start) or job.replace("-", "")[-12:].startswith(start)


def jobs(
    path: Path, *, status: str | None = None, process: str | None = None, customer: str | None = None
) -> list[JobRow]:
    """The jobs of an archive, the newest first. Raises NotFound and Refused for no archive, or a damaged one."""
    archive, rows = _Archive(path), {}
    for job in archive.jobs():
        wanted = ((status, job.status), (process, job.process), (customer, job.customer))
        if all(one in (None, other) for one, other in wanted):
            rows[job.job] = _row(archive, job)
    return sorted(rows.values(), key=lambda row: row.id, reverse=True)


def _row(archive: _Archive, job: ArchivedJob) -> JobRow:
    head: dict[str, Json] = job.head if isinstance(job.head, dict) else {}
    known = (job.process, job.version) in archive.sources
    return JobRow(
        id=job.job,
        short=shown(job.job),
        process=job.process,
        version=job.version,
        customer=job.customer,
        customer_name=job.customer,
        status=job.status,
        states=(str(head.get("end") or job.status),),
        started=job.started,
        updated=job.updated,
        ended=job.ended,
        because=str(head.get("because") or ""),
        title=archive.process(job).process.title if known else job.process,
    )


def history(path: Path, text: str) -> list[HistoryLine]:
    """All that happened to a job of an archive, the oldest first. Raises NotFound, Ambiguous, Refused,
    HistoryBroken."""
    archive = _Archive(path)
    job = archive.one(text)
    process, entries = archive.process(job).process, _entries(job)
    names = {id: id for id in persons(entries)}
    teller = Teller(process, names)
    return [line(teller, entry, names, process) for entry in entries]


def track(path: Path, text: str) -> StaffTrack:
    """How a job of an archive ended, and what was settled in it. Raises as :func:`history` does."""
    archive = _Archive(path)
    job = archive.one(text)
    compiled, entries = archive.process(job), _entries(job)
    head = decode(encode(job.head), Head)  # of what is erased nothing can be rebuilt
    erased = any(entry.erased for entry in entries)
    return StaffTrack(
        job=job.job,
        short=shown(job.job),
        process=job.process,
        version=job.version,
        title=compiled.process.title,
        customer=job.customer,
        customer_name=job.customer,
        status=head.status,
        because=head.because,
        started=job.started,
        updated=job.updated,
        ended=job.ended,
        promise=promise_view(compiled.process, head, job.ended, ENGLISH),
        zone=compiled.process.zone,
        ahead=(),
        facts=() if erased else facts(compiled, rebuild(entry.events for entry in entries), inside=True),
        erased=head.erased,
        offers=(),
        where=(),
        waiting=(),
    )


def _entries(job: ArchivedJob) -> list[Entry]:
    return [read(job.job, entry.seq, entry.body, entry.contents) for entry in job.entries]
