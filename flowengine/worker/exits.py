"""How processes end, in words."""

from __future__ import annotations

import signal

WORN_OUT = 75
"""The exit code of a worker process that asks to be replaced: too many handlers in it overran their limits and run on.
(EX_TEMPFAIL of sysexits.h: a failure that is over when it is tried again.)"""


def how(code: int) -> str:
    """How a process ended, from its exit code as :mod:`subprocess` gives it: negative for a signal."""
    if code >= 0:
        return f"left with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}{' (perhaps by the system, for its memory)' if -code == signal.SIGKILL else ''}"
