"""`flow` at a moment of a simulated time, in a process of its own: ``python at_a_moment.py MOMENT WORDS…``.

Terminals in tests run it in the place of the installed program where months pass between two commands.
"""

from __future__ import annotations

import sys
from datetime import datetime

from flowengine import SimulatedClock
from flowengine.cli import flow
from flowengine.cli.terminal import Terminal

if __name__ == "__main__":
    _, moment, *words = sys.argv
    flow.main(words, obj=Terminal(clock=SimulatedClock(datetime.fromisoformat(moment))))
