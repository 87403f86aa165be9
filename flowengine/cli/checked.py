"""``flow check``: the problems of a file, or that it is fine, how long it leaves the customer out, and when what he
waits behind is an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from flowengine.cli import show
from flowengine.cli.problem_lines import show_problems
from flowengine.errors import ProcessRefused
from flowengine.interop.labels import span
from flowengine.language import Problem, Process, parse
from flowengine.language.checks import LeftOut, left_out
from flowengine.language.checks.deadlines import attended
from flowengine.language.checks.recursion import endless_calls

LONGEST_PATH = 8
"""How many states of a stretch are named."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its problems, or the process with what it does without the customer."""

    file: str
    source: str
    problems: tuple[Problem, ...] = ()
    process: Process | None = None
    left: LeftOut | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as plain values; ``left_out`` and ``attention`` are None where there are problems."""
        plain: dict[str, Any] = {"file": self.file, "fine": self.process is not None}
        plain["problems"] = [problem.to_json() for problem in self.problems]
        if self.process is None or self.left is None:
            return plain | {"process": None, "version": None, "left_out": None, "attention": None}
        left = {
            "customer_states": self.left.customer_states,
            "all_states": self.left.all_states,
            "states": self.left.states,
            "path": list(self.left.path),
            "seconds": self.left.time.total_seconds(),
            "time_path": list(self.left.time_path),
        }
        attention = {name: str(length) for name, length in attended(self.process).items()}
        version = self.process.version
        return plain | {"process": self.process.name, "version": version, "left_out": left, "attention": attention}


def check_text(source: bytes, file: str) -> Checked:
    """Check one file's bytes."""
    text = source.decode("utf-8", "replace")
    try:
        process = parse(source, file)
    except ProcessRefused as error:
        return Checked(file, text, error.problems)
    return Checked(file, text, (), process, left_out(process))


def check_together(checked: Sequence[Checked]) -> list[Checked]:
    """The files, with what is wrong between those that are fine by themselves."""
    processes = [one.process for one in checked if one.process is not None]
    return [one if one.process is None else _among(one, one.process, processes) for one in checked]


def _among(checked: Checked, process: Process, others: Sequence[Process]) -> Checked:
    found = endless_calls(process, [one for one in others if one.name != process.name])
    return replace(checked, problems=tuple(found), process=None, left=None) if found else checked


def show_all(console: Console, checked: Sequence[Checked]) -> None:
    """All files, one after another."""
    for one in checked:
        show_checked(console, one)


def show_checked(console: Console, checked: Checked) -> None:
    """The problems with their lines, or that the file is fine."""
    if checked.process is None or checked.left is None:
        show_problems(console, checked.problems, checked.source)
        count = len(checked.problems)
        show.line(console, (f"{checked.file}: {count} {'problem' if count == 1 else 'problems'}", "bold red"))
        return
    show.line(console, (f"{checked.file}: ", "bold"), ("fine", "bold green"))
    _show_left_out(console, checked.left)
    watched: dict[str, list[str]] = {}
    for name, length in attended(checked.process).items():
        watched.setdefault(span(length), []).append(name)
    for after, names in watched.items():
        show.line(console, f"  An incident after {after} ", (f"({_path(tuple(names))})", "dim"))


def _show_left_out(console: Console, left: LeftOut) -> None:
    show.line(console, f"  The customer takes part in {left.customer_states} of {left.all_states} states.")
    if not left.states:
        show.line(console, "  He is never left out.")
        return
    some = "1 state" if left.states == 1 else f"{left.states} states"
    show.line(console, f"  Without him at a time: at most {some} ", (f"({_path(left.path)})", "dim"))
    if left.time:
        show.line(console, f"  and, by what they take, {span(left.time)} ", (f"({_path(left.time_path)})", "dim"))


def _path(path: tuple[str, ...]) -> str:
    return ", ".join(path[:LONGEST_PATH]) + (", …" if len(path) > LONGEST_PATH else "")
