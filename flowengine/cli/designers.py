"""Commands for process designers: new, check, deploy, processes, migrate."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from flowengine.cli import listing, tab_words
from flowengine.cli.flags import is_file, terminal
from flowengine.cli.group import REFUSED, common
from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import Terminal
from flowengine.errors import NotFound, ProcessRefused, Refused
from flowengine.problem import Problem
from flowengine.samples import process_file
from flowengine.speech.languages import LANGUAGES

if TYPE_CHECKING:
    from rich.console import Console

LARGEST = 4_000_000
"""Bytes of a file that are read at most; the language refuses far smaller ones."""


@click.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write.  [default: NAME.yaml]")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option(
    "--template",
    metavar="PROCESS",
    shell_complete=tab_words.templates,
    help="Begin with one of the processes that are shipped, as table_service, instead of a small one.",
)
@common
@terminal
def new(terminal: Terminal, name: str, output: Path | None, force: bool, template: str | None) -> None:
    """Write a process file to begin with: valid, commented, ready to deploy."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        raise Refused(
            "a process's name is written in small letters, digits and underscores, and begins with a letter",
            where=name[:60],
            possible=(re.sub(r"[^a-z0-9]+", "_", name[:60].lower()).strip("_0123456789") or "my_process",),
        )
    path = output or Path(f"{name}.yaml")
    if path.exists() and not force:
        raise Refused("the file is there already", where=str(path), possible=("--output FILE", "--force replaces it"))
    path.write_text(_small(name) if template is None else _called(name, template), "utf-8")
    nexts = [
        f"flow check {path}",
        f"flow draw {path} --format text",
        *([f"flow try {path}"] if template is not None else []),
        f"flow deploy {path}",
        f"flow start {name} --as ada --new",
    ]
    terminal.answer({"file": str(path), "next": nexts}, lambda console: console.print("\n".join(_written(path, nexts))))


def _small(name: str) -> str:
    """The process to begin with that is as small as one can be, under a name."""
    text = files("flowengine.cli").joinpath("new_process.yaml").read_text(encoding="utf-8")
    return text.replace("PROCESS", name).replace("TITLE", name.replace("_", " ").capitalize())


def _called(name: str, template: str) -> str:
    """A process that is shipped, under another name. Raises NotFound, which lists those there are."""
    text = process_file(template).read_text(encoding="utf-8")
    return re.sub(rf"^process: {template}$", f"process: {name}", text, count=1, flags=re.MULTILINE)


def _written(path: Path, nexts: list[str]) -> list[str]:
    return [harmless(f"Wrote {path}. Next:"), *(harmless(f"  {line}") for line in nexts)]


@click.command()
@click.argument("paths", metavar="FILE…", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--explain",
    metavar="[CODE]",
    is_flag=False,
    flag_value="",
    shell_complete=tab_words.codes,
    help="Show what a problem's code means, with a file that has it and the file mended; without CODE list all.",
)
@common
@terminal
def check(terminal: Terminal, paths: tuple[Path, ...], explain: str | None) -> None:
    """Find the problems of process files, all at once, those between the files among them.

    A file without problems is "fine"; then it is told how often, and how long, the customer is left out.
    """
    if explain is not None:
        if paths:
            raise click.UsageError("--explain is about a code: leave the files out.")
        return _explain(terminal, explain)
    if not paths:
        raise click.UsageError("Missing argument 'FILE…'; --explain CODE explains a problem.")
    from flowengine.cli.checked import check_text, check_together, show_all

    checked = check_together([check_text(read_file(path), str(path)) for path in paths])
    fine = all(not one.problems for one in checked)
    terminal.answer(
        {"fine": fine, "files": [one.to_json() for one in checked]},
        lambda console: show_all(console, checked),
    )
    if not fine:
        click.get_current_context().exit(REFUSED)
    return None


def _explain(terminal: Terminal, code: str) -> None:
    from flowengine.cli import explained
    from flowengine.language.explaining import chapters, explain

    if code:
        one = explain(code)
        terminal.answer(one, lambda console: explained.show_explanation(console, one))
    else:
        terminal.answer(explained.listed(chapters()), lambda console: explained.show_codes(console, chapters()))


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--language", required=True, type=click.Choice(tuple(LANGUAGES)), help="The language to be said in.")
@common
@terminal
def texts(terminal: Terminal, path: Path, language: str) -> None:
    """Print the texts of a process that are not said in a language yet, as its file is to say them: to be pasted and
    filled in.

    Nothing is printed where all are. Each text is translated once, however often it stands in the file.
    """
    from flowengine.language import parse
    from flowengine.language.to_translate import block

    process = parse(read_file(path), str(path))
    missing = process.untranslated(language)
    terminal.answer(
        {"file": str(path), "language": language, "missing": list(missing)},
        lambda _: click.echo(block(process, language), nl=False),
    )


@click.command()
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@common
@terminal
def deploy(terminal: Terminal, paths: tuple[Path, ...]) -> None:
    """Put process files in use. Jobs that run keep the version they began with.

    Nothing is deployed unless every file is without problems.
    """
    from flowengine.cli import show
    from flowengine.language import problems

    texts = {str(path): read_file(path) for path in paths}
    found: list[Problem] = [problem for path, text in texts.items() for problem in problems(text, path)]
    if found:
        raise ProcessRefused(found)
    desk = terminal.desk(create=True)
    done = [desk.deploy(text.decode("utf-8")) for text in texts.values()]
    terminal.answer(done, lambda console: show.deployed(console, done, lambda words: terminal.line(words, who=False)))


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--against", metavar="VERSION|FILE", help="What to compare with.  [default: the version in use]")
@common
@terminal
def diff(terminal: Terminal, path: Path, against: str | None) -> None:
    """What FILE changes, in words, and who would notice. Nothing is deployed."""
    from flowengine.cli import show
    from flowengine.client import ChangeView
    from flowengine.interop.differences import differences, noticed_by
    from flowengine.language import load, parse

    new = parse(read_file(path), str(path))
    if against is not None and is_file(against):
        read_file(Path(against))
        old = load(against)
    else:
        old = parse(terminal.desk().source(new.name, against), check=False)
    found = [one.told(str) for one in differences(old, new)]
    rows = [ChangeView(where=one.where, what=one.what, who=one.who) for one in found]
    who = tuple(map(str, noticed_by(found)))
    answer = {"process": new.name, "was": old.version, "version": new.version, "changes": rows, "noticed_by": who}

    def tell(console: Console) -> None:
        if not rows:
            show.line(console, ("It means the same.", "bold green"))
            return
        show.line(console, (new.title, "bold"), f": version {new.version}, against {old.version}")
        show.changes(console, rows, who)

    terminal.answer(answer, tell)


@click.command()
@listing.options
@common
@terminal
def processes(terminal: Terminal, output: str | None, sort_by: str | None) -> None:
    """List the processes in use, with their versions."""
    from flowengine.cli import lists

    form = listing.Form.of(terminal, lists.PROCESSES, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.processes(), desk.now())


@click.command()
@click.argument("job", required=False, shell_complete=tab_words.jobs)
@click.option("--process", shell_complete=tab_words.processes, help="Move the open jobs of this process; with --all.")
@click.option("--from", "was", metavar="VERSION", help="Only jobs that have this version; with --process.")
@click.option("--all", "every", is_flag=True, help="All of them, each by itself; with --process.")
@click.option("--to", "version", help="The version.  [default: the latest]")
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW", help="A state that has another name there.")
@click.option("--fill", "values", multiple=True, metavar="PLACE=VALUE", help="Set data first: need.colour=blue, n:=3.")
@click.option(
    "--timers",
    type=click.Choice(["anew", "keep"]),
    default="anew",
    show_default=True,
    help="Deadlines whose rule is another one: count them from when the state was entered, or leave them.",
)
@click.option("--because", default="", metavar="TEXT", help="Why: it stays in the history.")
@click.option("--dry", "--dry-run", "dry", is_flag=True, help="Say what would change, and do nothing.")
@common
@terminal
def migrate(
    terminal: Terminal, job: str | None, process: str | None, was: str | None, every: bool, version: str | None,
    pairs: tuple[str, ...], values: tuple[str, ...], timers: Literal["anew", "keep"], because: str, dry: bool,
) -> None:  # fmt: skip
    """Move a job, or all jobs of a process, on purpose to another version.

    A job that would lack something there is refused, with all that is in the way.
    """
    from flowengine.cli import show
    from flowengine.cli.typed_values import values_from
    from flowengine.client import MigrationView

    if (job is None) == (process is None):
        raise click.UsageError("Name a job, or --process NAME --all.")
    if process is None and (was is not None or every):
        raise click.UsageError("--from and --all are for the jobs of a process: name it with --process.")
    if process is not None and not every:
        raise click.UsageError(f"All open jobs of {process[:60]!r} would be moved: say so with --all.")
    states, fill = dict(_pair(one) for one in pairs), values_from(values, "--fill")
    desk = terminal.desk()
    if process is not None:
        done = desk.migrate_all(
            process, was, version=version, states=states, fill=fill, timers=timers, because=because, dry=dry
        )
        terminal.answer(done, lambda console: show.migrated_all(console, done, dry=dry))
        if done.refused:
            click.get_current_context().exit(REFUSED)
        return
    assert job is not None, "looked at above"
    moved = desk.migrate(job, version, states=states, fill=fill, timers=timers, because=because, dry=dry)
    if isinstance(moved, MigrationView):
        view = moved
        terminal.answer(view, lambda console: show.migration(console, view))
        if not view.fine:
            click.get_current_context().exit(REFUSED)
    else:
        receipt = moved
        terminal.answer(receipt, lambda console: show.receipt(console, receipt))


def _pair(text: str) -> tuple[str, str]:
    was, equals, becomes = text.partition("=")
    if not (was and equals and becomes):
        raise click.UsageError(f"--map takes OLD=NEW, the names of two states; not {text[:60]!r}")
    return was, becomes


def read_file(path: Path, largest: int = LARGEST) -> bytes:
    """A file's bytes, or those of standard input for ``-``; bounded, so that no file is too long to be refused."""
    if str(path) == "-":
        return sys.stdin.buffer.read(largest)
    if not path.exists():
        raise NotFound("there is no such file", where=str(path), possible=_near(path))
    if not path.is_file():
        raise Refused("this is not a file", where=str(path), possible=_near(path / "x"))
    with path.open("rb") as file:
        return file.read(largest)


def _near(path: Path) -> list[str]:
    """Process files in the same folder."""
    folder = path.parent
    return sorted(str(one) for one in folder.glob("*.y*ml"))[:5] if folder.is_dir() else []
