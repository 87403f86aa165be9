"""Retention: finished jobs are written to an archive file and then deleted, batch by batch.

An archive is lines of JSON (gzip where its name ends in ``.gz``). The first says what it is. A line with ``source`` is
a process that jobs below it follow; a line with ``job`` is one job with its whole history, chained by hash as it was
(L5). Each batch is on disk before it is deleted, so that a crash leaves jobs in both places, never in none: a job that
is in two archives is the same in both.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from flowengine import exact
from flowengine.commands import counting
from flowengine.commands.shell import Shell, not_joined
from flowengine.core.values import Actor
from flowengine.errors import HistoryBroken, NotFound, Refused
from flowengine.store import Transaction
from flowengine.store.archive import ArchivedJob
from flowengine.views.replies import Archived, Audit, AuditProblem

FORMAT = 2
"""1: contents stood within the chained bodies, where nothing could be erased. Both are read."""

_OVER = ("fulfilled", "ended")
_LINES = exact.encoder(order="deterministic")
_JOBS = exact.decoder(ArchivedJob, trusted=True)


class _File(Protocol):
    def line(self, value: Any) -> None: ...

    def to_disk(self) -> None: ...


def archive(shell: Shell, before: datetime, to: Path, batch: int, by: Actor) -> Archived:
    """Write the jobs that ended before a moment to a new file, and delete them. Raises Refused when it is there."""
    not_joined(shell)
    if not 1 <= batch <= 10_000:
        raise Refused("a batch has 1 to 10,000 jobs", where=f"batch {batch}")
    known: set[tuple[str, str]] = set()
    found = left = 0
    with _new(to) as file:
        file.line({"archive": "flowengine", "format": FORMAT, "made": shell.clock.now(), "ended_before": before})
        for jobs in _batches(shell, before, batch):
            for job in jobs:
                _process(shell, file, job, known)
                file.line(job)
            file.to_disk()
            gone = shell.keep(partial(_delete, shell, jobs, by, to))
            found, left = found + len(jobs), left + len(jobs) - gone
    return Archived(file=str(to), jobs=found, kept=left, size=to.stat().st_size)


def _delete(shell: Shell, jobs: list[ArchivedJob], by: Actor, to: Path, tx: Transaction) -> int:
    """Delete a batch of jobs that are in the file; how many were."""
    tx.insights.lock(waiting=True)
    gone = tx.archive.delete(jobs, shell.clock.now())
    if gone:
        counting.archived(shell, tx, gone)
        tx.note(by, "archive", "", {"file": to.name, "jobs": [one.job for one in gone]})
    return len(gone)


def count(shell: Shell, before: datetime) -> int:
    """How many jobs :func:`archive` would take now."""
    with shell.reading() as tx:
        return sum(tx.archive.count(status, before) for status in _OVER)


def _batches(shell: Shell, before: datetime, batch: int) -> Iterator[list[ArchivedJob]]:
    for status in _OVER:
        after = ""
        while True:
            with shell.reading() as tx:
                jobs = tx.archive.finished(status, before, after, batch)
            if not jobs:
                break
            yield jobs
            after = jobs[-1].job


def _process(shell: Shell, file: _File, job: ArchivedJob, known: set[tuple[str, str]]) -> None:
    """The process that a job follows goes before the first job that does."""
    which = (job.process, job.version)
    if which in known:
        return
    known.add(which)
    with shell.reading() as tx:
        stored = tx.processes.get(*which)
    if stored is None:
        return  # it was taken out by hand; the history tells all that happened
    file.line({"process": stored.name, "version": stored.version, "title": stored.title, "source": stored.source})


def verify(path: Path) -> Audit:
    """Check an archive: can every line be read, and is every history whole (L5)?

    Raises NotFound when there is no such file, Refused when it is no archive.
    """
    jobs = entries = erased = 0
    problems: list[AuditProblem] = []
    for number, line in enumerate(_lines(path), 1):
        if b'"job":' not in line:
            continue
        try:
            found = _JOBS.decode(line)
        except msgspec.MsgspecError as error:
            problems.append(AuditProblem(job=f"line {number}", what=f"cannot be read: {error}"))
            continue
        jobs, entries = jobs + 1, entries + len(found.entries)
        try:
            erased += bool(found.verify().erased)
        except HistoryBroken as broken:
            problems.append(AuditProblem(job=found.job, what=broken.what))
    return Audit(jobs=jobs, entries=entries, erased=erased, problems=tuple(problems))


class ArchivedProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a process that jobs below it follow, as a line of an archive holds it."""

    process: str
    version: str
    title: str
    source: str


_PROCESSES = exact.decoder(ArchivedProcess, trusted=True)


def read(path: Path) -> Iterator[ArchivedProcess | ArchivedJob]:
    """What is in an archive, line by line. Raises NotFound when there is no such file, Refused when it is no archive or
    a line of it cannot be read."""
    for number, line in enumerate(_lines(path), 2):
        try:
            yield (_JOBS if b'"job":' in line else _PROCESSES).decode(line)
        except msgspec.MsgspecError as error:
            what = f"line {number} of the archive cannot be read: {error}"
            raise Refused(
                what, where=str(path), possible=("flow audit --archive FILE tells all that is wrong",)
            ) from None


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        raise NotFound("there is no such archive", where=str(path))
    opened: Any = partial(gzip.open if path.suffix == ".gz" else open, path, "rb")
    try:
        with opened() as file:
            first = file.readline()
            if not first.startswith(b'{"archive":"flowengine"'):
                raise Refused("this is no archive of flowengine", where=str(path))
            for line in file:
                if not line.endswith(b"\n"):
                    raise Refused("the archive was cut off in its last line", where=str(path))
                yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = "the archive was cut off" if isinstance(error, EOFError) else "the archive is damaged, or not packed"
        raise Refused(f"{what}: {error}", where=str(path)) from error


class _Plain:
    """Lines into a file, and down to the disk."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw = raw
        self.out: Any = raw

    def line(self, value: Any) -> None:
        self.out.write(_LINES.encode(value) + b"\n")

    def to_disk(self) -> None:
        self.out.flush()
        self.raw.flush()
        os.fsync(self.raw.fileno())


class _Packed(_Plain):
    """The same through gzip; what is flushed can be read, whatever happens then."""

    def __init__(self, raw: IO[bytes], name: str) -> None:
        super().__init__(raw)
        self.out = gzip.GzipFile(name, "wb", fileobj=raw)


@contextmanager
def _new(to: Path) -> Iterator[_File]:
    try:
        raw = to.open("xb")
    except FileExistsError:
        raise Refused("there is such a file already", where=str(to), possible=("name a new file",)) from None
    except OSError as error:
        raise Refused(f"the archive cannot be written: {error.strerror}", where=str(to)) from error
    with raw:
        file = _Packed(raw, to.name.removesuffix(".gz")) if to.suffix == ".gz" else _Plain(raw)
        try:
            yield file
        finally:
            if file.out is not raw:
                file.out.close()
            file.raw.flush()
            os.fsync(raw.fileno())
