"""Somebody at a terminal of his own: he types commands of ``flow``, each a process of the operating system."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT, CompletedProcess, Popen, run
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .browser import Browser
    from .typist import Typist

PROGRAM = str(Path(sys.executable).with_name("flow"))
WIDTH = "110"
PATIENCE = 60.0
"""Seconds in which something comes that a worker does."""


class NotAsTold(AssertionError):
    """Something in the story did not go as it is told."""


class Person:
    """``name`` with a home folder, and so with logins and drafts of his own; ``more`` is set in his shell besides. With
    ``quick``, commands run in processes that begin where the program is loaded already."""

    def __init__(
        self, name: str, home: Path, more: Mapping[str, str] | None = None, quick: Typist | None = None
    ) -> None:
        self.name = name
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": WIDTH, "TZ": "Europe/London"}
        self.environment |= more or {}
        self._quick = quick

    def types(
        self, line: str, *, sees: Sequence[str] = (), never: Sequence[str] = (), code: int = 0, pasted: str = ""
    ) -> str:
        """One command as it is typed, in the home folder: what comes back, which holds each of ``sees`` and none of
        ``never``. ``code`` is its exit code, ``pasted`` what goes to its standard input.

        Raises NotAsTold.
        """
        done = self._done(line, pasted)
        return self._told(line, done, sees, never, code)

    def types_until(self, line: str, words: str) -> str:
        """The same command again and again, until it says that: a worker is at work meanwhile. Raises NotAsTold."""
        until = monotonic() + PATIENCE
        while words not in _flat(done := self._done(line, "")) and monotonic() < until:
            sleep(0.1)
        return self._told(line, done, (words,), (), 0)

    def has_read(self, line: str) -> Any:
        """The JSON of a command, for a program that the person runs. Raises NotAsTold."""
        done = self._done(f"{line} --json", "")
        print(f"\n{self.name} $ {line} --json | …", flush=True)
        if done.returncode:
            raise NotAsTold(f"{line!r} ended with {done.returncode}: {done.stdout}")
        return json.loads(done.stdout)

    def logs_in(self, url: str, browser: Browser) -> None:
        """``flow login``, with the code that it shows typed in a browser. Raises NotAsTold."""
        line = f"flow login {url}"
        with Popen(
            [PROGRAM, *shlex.split(line)[1:]],
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
            cwd=self.home,
            env=self.environment,
        ) as waiting:
            assert waiting.stdout is not None
            try:
                begun = waiting.stdout.readline() + waiting.stdout.readline()
                browser.lets_in(found(r"and type (\S+)", begun))
                answer = begun + waiting.stdout.read()
            except BaseException:
                waiting.kill()  # it would wait for a quarter of an hour
                raise
        self._told(line, CompletedProcess(line, waiting.returncode, answer, ""), ("Signed in at",), (), 0)

    def _done(self, line: str, pasted: str) -> CompletedProcess[str]:
        words = shlex.split(line)[1:]
        if self._quick is not None:
            return self._quick.run(words, self.home, self.environment, pasted)
        return run(
            [PROGRAM, *words], input=pasted, capture_output=True, text=True, cwd=self.home, env=self.environment,
            timeout=600, check=False,
        )  # fmt: skip

    def _told(
        self, line: str, done: CompletedProcess[str], sees: Sequence[str], never: Sequence[str], code: int
    ) -> str:
        answer = (done.stdout + done.stderr).replace(PROGRAM, "flow")
        shown = "\n".join(f"    {one}".rstrip() for one in answer.rstrip().splitlines())
        print(f"\n{self.name} $ {line}\n{shown}", flush=True)
        if done.returncode != code:
            raise NotAsTold(f"{line!r} ended with {done.returncode}, not with {code}")
        for words in sees:
            if words not in _flat(done):
                raise NotAsTold(f"{line!r} does not say {words!r}")
        for words in (*never, "Traceback"):
            if words in _flat(done):
                raise NotAsTold(f"{line!r} says {words!r}")
        return answer


def _flat(done: CompletedProcess[str]) -> str:
    """What was said, however it was wrapped."""
    return " ".join((done.stdout + done.stderr).split())


def found(pattern: str, text: str) -> str:
    """What somebody reads off a screen: the first group of a pattern. Raises NotAsTold."""
    match = re.search(pattern, text)
    if match is None:
        raise NotAsTold(f"there is nothing like {pattern!r} to read")
    return match[1]
