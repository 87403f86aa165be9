"""Commands for process designers that try a file without deploying it: try, paths, accepts."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from flowengine.cli.flags import terminal
from flowengine.cli.group import REFUSED, common
from flowengine.cli.terminal import Stopped, Terminal
from flowengine.errors import NotFound, Refused
from flowengine.speech.languages import LANGUAGES

if TYPE_CHECKING:
    from flowengine.client import Lives
    from flowengine.language import Process

LARGEST_SCRIPT = 1_000_000
"""Bytes of a script that are read at most."""

LARGEST_LOG = 40_000_000
"""Bytes of a log that are read at most; somewhat smaller ones are refused with what is possible."""

MOST_LIVES = 1_000_000

BEGINS_AT = time(9)
"""The time of day, in the zone of the process, at which what is tried begins."""


def _day(_ctx: click.Context, _param: click.Parameter, text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text) if text is not None else None
    except ValueError:
        found = date.min
    if found is not None and not 1970 <= found.year <= 9000:
        raise click.BadParameter(f"{str(text)[:40]!r} is not a day between 1970 and 9000, as 2027-05-01")
    return found


@click.command("try")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--quick", is_flag=True, help="Ask for no answers: they are made up.")
@click.option("--script", type=click.Path(path_type=Path), help="Take the moves from a file, one a line.")
@click.option("--random", "lives", metavar="N", type=click.IntRange(1, MOST_LIVES), help="Play N lives by chance.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="The seed of the first life; with --random.")
@click.option("--from", "begins", metavar="DAY", callback=_day, help="The day on which it begins.  [default: today]")
@click.option("--language", type=click.Choice(tuple(LANGUAGES)), help="In which language it is told.")
@common
@terminal
def try_(
    terminal: Terminal,
    path: Path,
    quick: bool,
    script: Path | None,
    lives: int | None,
    seed: int | None,
    begins: date | None,
    language: str | None,
) -> None:
    """Play a process: answer for anybody, let services answer, let time pass, go back.

    Nothing is stored, and no handler is called; the people are made up. Without a terminal the moves are read from
    standard input, or from --script, one a line: "ada choose_cloth: chosen cloth=grey_worsted". What a line leaves out
    is made up.

    With --random, N lives are played by chance, and told what they met: how they ended, and what none of them reached.
    """
    from flowengine.cli import trying
    from flowengine.cli.designers import read_file
    from flowengine.client import Trial, for_trials, play

    if seed is not None and lives is None:
        raise click.UsageError("--seed is for --random N.")
    if lives is not None and (script is not None or quick):
        raise click.UsageError("--random plays by itself: leave out --script and --quick.")
    if str(path) == "-" and lives is None and script is None:
        raise click.UsageError("The process is read from standard input: name the moves with --script FILE.")
    process = for_trials(read_file(path), str(path), language or "")
    now = _begin(terminal, process, begins)
    if lives is not None:
        try:
            with trying.progress(lives) as each:
                found = play(process, lives, _seed(terminal) if seed is None else seed, now, each=each)
        except KeyboardInterrupt:
            raise Stopped from None
        again = f"try {shlex.quote(str(path))} --from {now.astimezone(process.clock).date()} --random 1 --seed"
        terminal.answer(
            found,
            lambda console: trying.show_lives(console, process, found, lambda one: terminal.line(f"{again} {one}")),
        )
        _leave(found)
        return
    trial = Trial(process, now)
    if terminal.asks and script is None:
        trying.walk(trial, quick=quick)
    else:
        trying.follow(trial, _lines(script))
        terminal.answer(trial.summary(), lambda console: trying.show_end(console, trial))
    if trial.has_begun and trial.troubles:
        click.get_current_context().exit(REFUSED)


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True, help="Ways to each end at most.")
@click.option("--end", metavar="NAME", help="Only the ways to this end.")
@common
@terminal
def paths(terminal: Terminal, path: Path, most: int, end: str | None) -> None:
    """List the shortest ways to each end of a process, by states and outcomes, the hoped-for ones first.

    Guards are not evaluated: a way says what would have to hold.
    """
    from flowengine.cli import trying
    from flowengine.cli.designers import read_file
    from flowengine.client import for_trials, ways_to_ends

    process = for_trials(read_file(path), str(path))
    found = ways_to_ends(process, most)
    if end is not None:
        if end not in found:
            raise NotFound(f"the process has no end {end[:60]!r}", where=str(path), possible=tuple(found))
        found = {end: found[end]}
    answer = {"process": process.name, "version": process.version, "ends": found}
    terminal.answer(answer, lambda console: trying.show_ways(console, process, found))


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("log", metavar="LOG", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "xes"]), help="What the log is.  [default: by its name]")
@click.option("--case", "of_case", metavar="COLUMN", default="case", show_default=True, help="Of a CSV: which case.")
@click.option("--activity", metavar="COLUMN", default="activity", show_default=True, help="Of a CSV: what happened.")
@click.option("--time", "at", metavar="COLUMN", default="time", show_default=True, help="Of a CSV: when.")
@common
@terminal
def accepts(
    terminal: Terminal, path: Path, log: Path, form: Literal["csv", "xes"] | None, of_case: str, activity: str, at: str
) -> None:
    """Tell which cases of an event log (CSV or XES) the process could have produced, and where each other leaves it.

    An activity is the name or the title of a state, perhaps with an outcome ("Cloth: chosen"), or of what can be done
    at any time. Data is not looked at, so that each guard may hold.
    """
    from flowengine.cli import trying
    from flowengine.cli.designers import read_file
    from flowengine.client import Columns, Replay, for_trials, read_log

    process = for_trials(read_file(path), str(path))
    columns = Columns(case=of_case, activity=activity, time=at)
    xes = log.name.lower().endswith((".xes", ".xml"))
    try:
        cases = read_log(read_file(log, LARGEST_LOG), form or ("xes" if xes else "csv"), columns)
    except Refused as error:
        error.where = f"{log}, {error.where}" if error.where else str(log)
        raise
    replay = Replay(process)
    verdicts = [replay.judge(case) for case in cases]
    answer = {
        "process": process.name, "version": process.version, "cases": len(verdicts),
        "fit": sum(one.fits is True for one in verdicts), "leave": sum(one.fits is False for one in verdicts),
        "unknown": sum(one.fits is None for one in verdicts), "verdicts": verdicts,
    }  # fmt: skip
    terminal.answer(answer, lambda console: trying.show_verdicts(console, process, verdicts))
    if not all(one.fits for one in verdicts):
        click.get_current_context().exit(REFUSED)


def _begin(terminal: Terminal, process: Process, day: date | None) -> datetime:
    now = terminal.clock.now() if terminal.clock else datetime.now(UTC)
    begins = day or now.astimezone(process.clock).date()
    return datetime.combine(begins, BEGINS_AT, process.clock).astimezone(UTC)


def _seed(terminal: Terminal) -> int:
    """A seed that nobody has named: the moment."""
    return int((terminal.clock.now() if terminal.clock else datetime.now(UTC)).timestamp()) % 1_000_000


def _leave(lives: Lives) -> None:
    if not lives.is_fine:
        click.get_current_context().exit(REFUSED)


def _lines(script: Path | None) -> list[str]:
    """The lines of a script, or of standard input."""
    if script is None:
        data = sys.stdin.buffer.read(LARGEST_SCRIPT + 1)
    elif script.is_file():
        with script.open("rb") as file:
            data = file.read(LARGEST_SCRIPT + 1)
    else:
        raise NotFound("there is no such file", where=str(script))
    if len(data) > LARGEST_SCRIPT:
        raise Refused(f"a script has at most {LARGEST_SCRIPT:,} bytes", where=str(script or "standard input"))
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Refused("this is not a text in UTF-8", where=str(script or "standard input")) from None
