"""`flow` on a machine whose clock is set forward: ``python set_clock.py FILE WORDS…``.

The server and the worker of the story run it in the place of the installed program, so that weeks pass in a moment.
FILE holds how many seconds the clock is ahead; it is read whenever the time is asked.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SetClock:
    """The machine's clock, and as many seconds as a file says."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text("ascii")))

    def set(self, moment: datetime) -> None:
        """Set it forward to a moment, in one step for all who read it."""
        new = self._file.with_suffix(".new")
        new.write_text(str((moment - datetime.now(UTC)).total_seconds()), "ascii")
        new.replace(self._file)


def main() -> None:
    """One command of ``flow``, in that time."""
    from flowengine.cli import flow
    from flowengine.cli.terminal import Terminal

    flow.main(sys.argv[2:], prog_name="flow", obj=Terminal(clock=SetClock(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
