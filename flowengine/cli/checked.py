"""``flow check``: the problems of a file, or that it is fine, how far that is proved, how long it leaves the customer
out, and when what he waits behind is an incident."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from flowengine.cli import show
from flowengine.cli.problem_lines import show_problems
from flowengine.errors import ProcessRefused
from flowengine.interop.labels import span
from flowengine.language import Problem, Process, parse
from flowengine.language.checks import CommandStep, LeftOut, Proof, command_steps, left_out, proof
from flowengine.language.checks.deadlines import attended
from flowengine.language.checks.recursion import endless_calls
from flowengine.language.checks.starts import clashes
from flowengine.speech.languages import LANGUAGES

_COMMENT = re.compile(r"(?:^|\s)#.*")
_MONTHS = re.compile(r"\bP(\d{1,2})M\b")
LONGEST_PATH = 8
"""How many states of a stretch are named."""
MOST_ELSEWHERE = 3
"""Stretches beside the longest that are told."""
MOST_NAMED = 3
"""How many conditions are named that were decided alone."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its problems, or the process with what it does without the customer."""

    file: str
    source: str
    problems: tuple[Problem, ...] = ()
    process: Process | None = None
    left: LeftOut | None = None
    proof: Proof | None = None
    commands: tuple[CommandStep, ...] = ()

    @property
    def months(self) -> list[tuple[int, int]]:
        """Lengths of a few months as the file has them: the line, and how many. Minutes look alike."""
        numbered = enumerate(self.source.split("\n"), 1)
        return [(line, int(count)) for line, text in numbered for count in _MONTHS.findall(_COMMENT.sub("", text))]

    def to_json(self) -> dict[str, Any]:
        """The result as plain values; what is told of the process is None where there are problems."""
        plain: dict[str, Any] = {"file": self.file, "fine": self.process is not None}
        plain["problems"] = [problem.to_json() for problem in self.problems]
        if self.process is None or self.left is None or self.proof is None:
            names = ("process", "version", "left_out", "proof", "command_steps", "attention", "untranslated")
            return plain | dict.fromkeys(names) | {"months": []}
        left = {
            "customer_states": self.left.customer_states,
            "all_states": self.left.all_states,
            "states": self.left.states,
            "path": list(self.left.path),
            "seconds": self.left.time.total_seconds(),
            "time_path": list(self.left.time_path),
            "stretches": [
                {"states": len(one.path), "path": list(one.path), "seconds": one.takes.total_seconds()}
                for one in self.left.stretches
            ],
        }
        alone = [{"line": place.line, "what": what} for place, what in self.proof.decided_alone]
        proved = {"conditions": self.proof.conditions, "decided_alone": alone}
        plain |= {"process": self.process.name, "version": self.process.version, "left_out": left, "proof": proved}
        plain["command_steps"] = [
            {"state": one.state, "line": one.place.line, "by": list(one.by), "of": list(one.of)}
            for one in self.commands
        ]
        plain["attention"] = {name: str(length) for name, length in attended(self.process).items()}
        plain["untranslated"] = {one: list(self.process.untranslated(one)) for one in self.process.texts}
        return plain | {"months": [{"line": line, "months": count} for line, count in self.months]}


def check_text(source: bytes, file: str) -> Checked:
    """Check one file's bytes."""
    text = source.decode("utf-8", "replace")
    try:
        process = parse(source, file)
    except ProcessRefused as error:
        return Checked(file, text, error.problems)
    return Checked(file, text, (), process, left_out(process), proof(process), command_steps(process))


def check_together(checked: Sequence[Checked]) -> list[Checked]:
    """The files, with what is wrong between those that are fine by themselves."""
    processes = [one.process for one in checked if one.process is not None]
    return [one if one.process is None else _among(one, one.process, processes) for one in checked]


def _among(checked: Checked, process: Process, others: Sequence[Process]) -> Checked:
    rest = [one for one in others if one.name != process.name]
    found = sorted((*clashes(process, rest), *endless_calls(process, rest)))
    return Checked(checked.file, checked.source, tuple(found)) if found else checked


def show_all(console: Console, checked: Sequence[Checked]) -> None:
    """All files, one after another."""
    for one in checked:
        show_checked(console, one)
    codes = list(dict.fromkeys(problem.code for one in checked for problem in one.problems))
    if codes:
        what = "it" if len(codes) == 1 else "each code"
        show.line(console, f"To have {what} explained: flow check --explain {codes[0]}", pasted=True)


def show_checked(console: Console, checked: Checked) -> None:
    """The problems with their lines, or that the file is fine."""
    if checked.process is None or checked.left is None or checked.proof is None:
        show_problems(console, checked.problems, checked.source)
        count = len(checked.problems)
        show.line(console, (f"{checked.file}: {count} {'problem' if count == 1 else 'problems'}", "bold red"))
        return
    show.line(console, (f"{checked.file}: ", "bold"), ("fine", "bold green"))
    _show_proof(console, checked.proof)
    for line, count in checked.months:
        months = "1 month" if count == 1 else f"{count} months"
        show.line(console, f"  Line {line}: P{count}M is {months} ", (f"(minutes would be PT{count}M)", "dim"))
    for language in checked.process.texts:
        missing = checked.process.untranslated(language)
        if missing:
            texts = "1 text is" if len(missing) == 1 else f"{len(missing)} texts are"
            pasted = f"flow texts {shlex.quote(checked.file)} --language {language}"
            show.line(console, f"  {texts} not said in {LANGUAGES[language]} ", (f"({pasted})", "dim"))
    _show_left_out(console, checked.left)
    for step in checked.commands:
        decided = f"{' or '.join(step.by)} decides on what others have done in {', '.join(step.of)}"
        told = f"  A command step: in {step.state} {decided}, and no customer is in between "
        show.line(console, told, (f"(line {step.place.line})", "dim"))
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
    others = [one for one in left.stretches[1:] if len(one.path) > 1]
    for one in others[:MOST_ELSEWHERE]:
        time = f", {span(one.takes)}" if one.takes else ""
        show.line(console, f"  Elsewhere: {len(one.path)} states{time} ", (f"({_path(one.path)})", "dim"))
    if len(others) > MOST_ELSEWHERE:
        show.line(console, (f"  and {len(others) - MOST_ELSEWHERE} more: --json has them", "dim"))


def _show_proof(console: Console, proof: Proof) -> None:
    """From which conditions on it is no proof; nothing where it is one."""
    alone = proof.decided_alone
    if not alone:
        return
    some = f"{len(alone)} of {proof.conditions} conditions {'is' if len(alone) == 1 else 'are'} decided alone"
    why = "there are too many ways to follow what each establishes"
    show.line(console, f"  Proved but for this: {some}, for {why}")
    named = ", ".join(f"{what} (line {place.line})" for place, what in alone[:MOST_NAMED])
    show.line(console, f"  from {named}{' …' if len(alone) > MOST_NAMED else ''} on")


def _path(path: tuple[str, ...]) -> str:
    return ", ".join(path[:LONGEST_PATH]) + (", …" if len(path) > LONGEST_PATH else "")
