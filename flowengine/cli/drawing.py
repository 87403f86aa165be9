"""``flow draw``: a process, a job's way in it, or how many jobs stand where; as text, or as a picture."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import tab_words
from flowengine.cli.designers import read_file
from flowengine.cli.flags import is_file, terminal
from flowengine.cli.group import common
from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import Terminal
from flowengine.errors import NotFound

if TYPE_CHECKING:
    from flowengine.client import StaffTrack
    from flowengine.interop.drawing import Crowd, JobPath
    from flowengine.language import Process

FORMATS = ("mermaid", "text", "svg", "png")
PICTURES = ("svg", "png")


@click.command()
@click.argument("source", metavar="[FILE|PROCESS]", required=False)
@click.option("--job", shell_complete=tab_words.jobs, help="Mark where this job stands; in a picture, also its way.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: what FILE of -o ends in, else mermaid]")
@click.option("--svg", is_flag=True, help="A picture in SVG: --format svg.")
@click.option("--png", is_flag=True, help="A picture in PNG: --format png.")
@click.option("--counts", is_flag=True, help="For operators: how many jobs stand in each state, and how long.")
@click.option("--dark", is_flag=True, help="A PNG on a dark ground; an SVG is as its reader wants it.")
@click.option("--usual", is_flag=True, help="Only what is hoped for: no deadlines, failures or changes of mind.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@common
@terminal
def draw(
    terminal: Terminal, source: str | None, job: str | None, form: str | None, svg: bool, png: bool, counts: bool,
    dark: bool, usual: bool, output: Path | None,
) -> None:  # fmt: skip
    """Draw a process file, a process in use, or where a job stands.

    Pictures need the extra "draw".
    """
    if source is None and job is None:
        raise click.UsageError("Name a file, a process, or --job JOB.")
    wanted = _wanted(form, svg, png, output)
    if counts and wanted not in PICTURES:
        raise click.UsageError("--counts is for pictures: add --svg or --png.")
    if dark and wanted != "png":
        raise click.UsageError("--dark is for --png: an SVG is light or dark as its reader wants it.")
    if wanted == "png" and output is None and (terminal.json or sys.stdout.isatty()):
        raise click.UsageError("A PNG is no text: write it to a file with -o FILE.")
    drawn = _drawn(terminal, source, job)
    found = _made(terminal, drawn, wanted, counts=counts, dark=dark, usual=usual)
    answer: dict[str, Any] = {"process": drawn.process.name, "version": drawn.process.version, "format": wanted}
    if output is not None:
        output.write_bytes(found if isinstance(found, bytes) else found.encode())
        wrote = harmless(f"Wrote {output}.")
        terminal.answer(answer | {"file": str(output)}, lambda console: console.print(wrote, soft_wrap=True))
    elif isinstance(found, bytes):
        sys.stdout.buffer.write(found)
    else:
        shown = harmless(found, lines=True).rstrip("\n")
        terminal.answer(answer | {"text": found}, lambda console: console.print(shown, soft_wrap=True))


def _wanted(form: str | None, svg: bool, png: bool, output: Path | None) -> str:
    """The format, from whichever option says it."""
    named = {*([form] if form else []), *(["svg"] if svg else []), *(["png"] if png else [])}
    if len(named) > 1:
        raise click.UsageError(f"One format at a time, not {' and '.join(sorted(named))}.")
    suffix = output.suffix.lower().removeprefix(".") if output is not None else ""
    return next(iter(named), suffix if suffix in PICTURES else "mermaid")


@dataclass(frozen=True)
class _Drawn:
    """What is drawn: a process, and where a job of it stands, of which who asks is told the states where he may know
    them."""

    process: Process
    job: str | None = None
    track: StaffTrack | None = None

    @property
    def states(self) -> list[str]:
        return [place.state for place in self.track.where] if self.track is not None else []


def _made(terminal: Terminal, drawn: _Drawn, form: str, *, counts: bool, dark: bool, usual: bool) -> str | bytes:
    process = drawn.process
    if form not in PICTURES:
        from flowengine.interop.mermaid import mermaid
        from flowengine.interop.text_tree import text_tree

        if form == "text":
            return text_tree(process, drawn.states, usual=usual)
        return mermaid(process, drawn.states, usual=usual)
    from flowengine.interop.drawing import picture, png

    path = _path(terminal, drawn) if drawn.job is not None else None
    crowds = _crowds(terminal, process) if counts else None
    if form == "png":
        return png(process, path=path, counts=crowds, usual=usual, dark=dark)
    return picture(process, path=path, counts=crowds, usual=usual)


def _path(terminal: Terminal, drawn: _Drawn) -> JobPath:
    """The job's way so far, from its history, for those who may read it."""
    from flowengine.interop.drawing import JobPath

    assert drawn.job is not None, "looked at before"
    lines = terminal.desk().history(drawn.job)
    return JobPath.of((event for line in lines for event in line.events), drawn.states)


def _crowds(terminal: Terminal, process: Process) -> dict[str, Crowd]:
    from flowengine.interop.drawing import Crowd

    desk = terminal.desk()
    found, now = desk.standing(process.name), desk.now()
    return {one.state: Crowd(jobs=one.jobs, median=now - one.half_since, longest=now - one.since) for one in found}


def _drawn(terminal: Terminal, source: str | None, job: str | None) -> _Drawn:
    """The process that is named, or the version that a job has."""
    from flowengine.client import StaffTrack
    from flowengine.language import load, parse

    track = terminal.desk().track(job) if job is not None else None
    inside = track if isinstance(track, StaffTrack) else None
    if source is not None and is_file(source):
        read_file(Path(source))
        return _Drawn(load(source), job, inside)
    if track is None:
        assert source is not None, "a source or a job is named"
        return _Drawn(parse(terminal.desk().source(source), check=False))
    if source is not None and source != track.process:
        what = f"the job is one of {track.process!r}, not of {source[:60]!r}"
        raise NotFound(what, where=str(job), possible=(track.process,))
    return _Drawn(parse(terminal.desk().source(track.process, track.version), check=False), job, inside)
