"""The command as a whole: help, speed, completion, the demo."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from terminal import Terminal

from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "login", "logout", "whoami",
    "new", "check", "draw", "texts", "diff", "agreement", "try", "paths", "accepts", "deploy", "processes", "migrate",
    "start", "inbox", "agenda", "act", "track", "say", "message", "note", "write",
    "conversation", "file", "ballot", "takeback", "change",
    "withdraw", "receipt", "promise", "promises", "insight", "forecast",
    "add", "claim", "release", "assign", "customer", "consent", "my-data", "people", "jobs", "history", "audit",
    "administration", "status", "send", "incidents", "retry", "schedules", "worker", "db", "demo", "completion",
    "sessions", "keys", "devices", "link",
]  # fmt: skip


def fresh(*words: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """``flow`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flowengine.cli", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command_and_imports_none() -> None:
    """Help names all commands without importing the engine, so that it is instant."""
    program = "import sys, flowengine.cli as c\ntry: c.flow.main(['--help'])\nexcept SystemExit: pass\n" + (
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('rich', 'sqlalchemy', 'cel', 'transitions')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stdout.endswith("[]\n")


def test_help_is_instant() -> None:
    """``flow --help`` takes less than 0.25 s of a processor; the best of a few, for the machine may be busy."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert fresh("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.25


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """Each command has a help text and knows --json."""
    out = CliRunner().invoke(flow, [name, "--help"]).output
    assert "Usage: " in out
    assert "--json" in out
    assert "--at URL" in out


def test_options_may_stand_before_the_command(shop: Flow) -> None:
    """--json and --as mean the same before and after the command's name."""
    before = CliRunner().invoke(flow, ["--json", "--as", "ada", "--at", f"sqlite:///{shop.folder}/flow.db", "inbox"])
    assert json.loads(before.stdout) == shop.json("inbox", who="ada") == []


def test_a_terminal_without_a_sign_shows_its_number(shop: Flow) -> None:
    """Where the terminal's character set lacks a sign, its number is shown; no command fails for that."""
    job = shop.start(wish="Ein Stuhl für Ärzte")
    done = fresh("track", job, folder=shop.folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\\u25b6 Your choice" in done.stdout
    assert "Ein Stuhl f\\xfcr \\xc4rzte" in done.stdout


def test_colours_are_for_terminals_only(shop: Flow) -> None:
    """What is piped has no colour codes, and NO_COLOR is heeded at a terminal too."""
    job = shop.start()
    assert "\x1b" not in fresh("track", job, folder=shop.folder).stdout
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        with Terminal(shop.folder, "track", job, **environment) as terminal:
            terminal.expect("Your choice")
            assert terminal.leave() == 0
            assert ("\x1b[35m" in terminal.raw) is coloured


def test_a_wrong_option_is_wrong_use() -> None:
    """An unknown option ends with 2, and with JSON when JSON was asked for."""
    told = fresh("jobs", "--colour")
    assert (told.returncode, told.stdout) == (2, "")
    assert "--colour" in told.stderr
    assert "Traceback" not in told.stderr
    told = fresh("jobs", "--colour", "--json")
    assert (told.returncode, told.stderr) == (2, "")
    assert json.loads(told.stdout)["error"] == "WrongUse"


def test_the_version_is_told() -> None:
    """--version names flowengine and its version."""
    assert CliRunner().invoke(flow, ["--version"]).output.startswith("flowengine ")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(empty: Flow, shell: str) -> None:
    """The script for a shell mentions the variable by which the shell asks."""
    assert "_FLOW_COMPLETE" in empty.run("completion", shell).stdout
    assert empty.json("completion", shell)["shell"] == shell
    assert empty.run("completion", "cmd", code=2).stderr


def test_completion_completes_commands() -> None:
    """A shell that asks is given the commands with that beginning."""
    asked = {"_FLOW_COMPLETE": "zsh_complete", "COMP_WORDS": "flow wi", "COMP_CWORD": "1"}
    assert "withdraw" in CliRunner().invoke(flow, [], prog_name="flow", env=asked).stdout


def test_the_demo_tells_a_suit_from_need_to_fulfilment(empty: Flow) -> None:
    """The demo ends fulfilled, and the commands that it prints work when they are pasted."""
    done = fresh("demo", folder=empty.folder, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    for words in ("order_cloth(", "cancel_cloth(", "Ada sees:", "fulfilled: ", "promise kept"):
        assert words in done.stdout
    pasted = [
        line.strip() for line in done.stdout.splitlines() if line.startswith(("  export ", f"  {sys.executable} "))
    ]
    assert [shlex.split(line)[3] for line in pasted[1:]] == ["track", "history", "act"]
    script = "\n".join(["set -e", *pasted]) + " --set cloth=navy_flannel\n"
    shell = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        cwd=empty.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    for words in ("■ Fulfilled", "brings Ben", "You have chosen "):
        assert words in shell.stdout


def test_the_demo_overwrites_nothing(empty: Flow) -> None:
    """A second demo makes a file of its own, and --json tells where everything is."""
    first, second = (json.loads(fresh("demo", "--json", folder=empty.folder).stdout) for _ in range(2))
    assert first["database"] != second["database"]
    assert first["seconds"] < 20, "under 5 s on a machine that does nothing else"
    assert len(first["commands"]) == 3


@pytest.mark.parametrize(
    "words", [("check", "missing.yaml", "--json"), ("check", "--json", "fine.yaml"), ("nonsense",)]
)
def test_a_reader_that_has_gone_gets_no_traceback(words: tuple[str, ...], tmp_path: Path) -> None:
    """Output that nobody reads ends the command quietly, an error's too."""
    (tmp_path / "fine.yaml").write_text(
        "process: p\nneed: K\nstates:\n  need: {type: need, next: f}\n  f: {type: fulfilled}\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "flowengine.cli", *words],
            stdout=writing,
            stderr=subprocess.PIPE if "--json" in words else writing,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == 1
    assert not done.stderr


def test_an_address_with_a_question_mark_is_refused(tmp_path: Path) -> None:
    """No command opens another file than the one that was named."""
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a?b.db").write_bytes(b"")
    for words in (("jobs",), ("db", "create"), ("db", "backup", "to.db")):
        done = fresh(*words, "--at", "sqlite:///a?b.db", "--json", folder=tmp_path)
        assert done.returncode == 1
        assert "'?'" in json.loads(done.stdout)["what"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a?b.db"]
