"""The page for operators, and the files beside it: every command in them is one that there is."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from flowengine.cli import flow
from flowengine.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = ("operations.md", "scale.md", "notifications.md", "services.md", "http-api.md", "ideas.md")
UNITS = sorted((ROOT / "examples/operations").glob("*.service"))
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def parsed(words: list[str]) -> None:
    """Parse a command line as `flow` does, without running it. Raises click's UsageError."""
    command: click.Command = flow
    context = click.Context(flow)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        command, words = found, words[1:]
    command.make_context("flow", list(words), parent=context)


def commands(text: str) -> list[list[str]]:
    """The lines of shell blocks that call `flow`, as words."""
    found = []
    for block in SHELL.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for begin, word in enumerate(words):
                if (
                    word.endswith("flow")
                    and word in ("flow", "/opt/flow/bin/flow")
                    and (begin == 0 or words[begin - 1] in ("&&", ";"))
                ):
                    rest = words[begin + 1 :]
                    found.append(
                        rest[: next((i for i, one in enumerate(rest) if one in ("&&", ";", "|", "&")), len(rest))]
                    )
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one(page: str) -> None:
    """Whatever an operator copies from the page is understood."""
    for words in commands((ROOT / "docs" / page).read_text(encoding="utf-8")):
        parsed(words)


def test_the_page_for_operators_is_not_empty_of_commands() -> None:
    """There is something to check."""
    assert len(commands((ROOT / "docs/operations.md").read_text(encoding="utf-8"))) >= 12


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    """The service's command line is understood, stops by SIGTERM, and is given longer than the worker's own grace."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # systemd's names are not to be lowered
    parser.read(unit)
    service = parser["Service"]
    words = shlex.split(service["ExecStart"])
    assert words[0].endswith("/bin/flow")
    parsed(words[1:])
    grace = float(words[words.index("--grace") + 1]) if "--grace" in words else 25
    assert float(service["TimeoutStopSec"]) > grace
    assert (service["KillSignal"], service["Restart"]) == ("SIGTERM", "always")


def test_the_environment_is_one_that_is_understood() -> None:
    """Each variable of the example is known, and the settings take its values."""
    lines = (ROOT / "examples/operations/environment").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.from_environment(given)
    assert (settings.url, settings.mail_from) == (given["FLOW_URL"], given["FLOW_MAIL_FROM"])
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in given)
