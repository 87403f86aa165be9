"""Two ways to stand at the shop's counter with nothing but `flow`, and what both need.

``Inside`` runs the commands in this process, in a simulated time that is handed to them as their terminal's clock:
appointments months ahead are kept in a moment. ``Outside`` runs them in processes of their own, as far as the
machine's own time allows.
"""

from __future__ import annotations

import json
import os
import shlex
from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from forked import run

from flowengine import SimulatedClock
from flowengine.cli import flow
from flowengine.cli.terminal import Terminal
from flowengine.samples import process_file

ROOT = Path(__file__).parents[2]
HANDLERS: dict[str, Any] = {}
"""The shop's code for commands in this process, at the mill of whoever stands at the counter."""


class Counter(ABC):
    """``flow`` on one database. ``process`` is the file of the suit, ``mill`` the pretend supplier."""

    process: Path
    mill: Any
    handlers: str

    @abstractmethod
    def _run(self, words: list[str]) -> tuple[int, str, str]:
        """The exit code, standard output and standard error of one command."""

    @abstractmethod
    def now(self) -> datetime:
        """The time in which the commands live."""

    @abstractmethod
    def until(self, moment: datetime) -> None:
        """Let the time come."""

    def flow(self, line: str, who: str = "", code: int = 0) -> str:
        """What one command prints for a person; what it prints for errors when ``code`` says that it is refused."""
        found, out, err = self._run([*shlex.split(line), *(["--as", who] if who else [])])
        assert found == code, f"flow {line}: {found}\n{out}{err}"
        assert "Traceback" not in out + err
        return err if code else out

    def json(self, line: str, who: str = "", code: int = 0) -> Any:
        """The JSON that one command prints."""
        found, out, err = self._run([*shlex.split(line), *(["--as", who] if who else []), "--json"])
        assert (found, err) == (code, ""), f"flow {line}: {found}\n{out}{err}"
        return json.loads(out)

    def work(self) -> str:
        """Let the shop's code run what is due."""
        return self.flow(f"worker --once --handlers {self.handlers}")


class Inside(Counter):
    """Commands in this process, in a simulated time."""

    handlers = "counter:HANDLERS"

    def __init__(self, clock: SimulatedClock, mill: Any, handlers: dict[str, Any]) -> None:
        self.process = process_file("bespoke_suit")
        self.clock, self.mill = clock, mill
        HANDLERS.clear()
        HANDLERS.update(handlers)

    def _run(self, words: list[str]) -> tuple[int, str, str]:
        result = CliRunner().invoke(flow, words, obj=Terminal(clock=self.clock))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    def now(self) -> datetime:
        return self.clock.now()

    def until(self, moment: datetime) -> None:
        self.clock.set(max(moment, self.clock.now()))


class Outside(Inside):
    """Each command a process of its own in the machine's time, up to the first appointment, for which no test can wait.
    From then on what depends on the time runs ``Inside`` at the moment to which the test has come; what looks back is
    in a process of its own again."""

    LOOKING_BACK = ("history", "audit", "jobs", "people")

    def __init__(self, clock: SimulatedClock, mill: Any, handlers: dict[str, Any]) -> None:
        super().__init__(clock, mill, handlers)
        self.waited = False

    @property
    def handlers(self) -> str:  # type: ignore[override]
        return Inside.handlers if self.waited else "examples.bespoke_suit.shop:HANDLERS"

    def _run(self, words: list[str]) -> tuple[int, str, str]:
        if self.waited and words[0] not in self.LOOKING_BACK:
            return super()._run(words)
        return run(["-m", "flowengine.cli", *words], cwd=ROOT, env=os.environ, patience=60)

    def until(self, moment: datetime) -> None:
        self.waited = True
        super().until(moment)
