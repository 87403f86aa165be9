"""The bounds of L12, measured so that what else a machine does at the time does not count."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 2.0
KILOBYTES = 256 * 1024
TRIES = 4

T = TypeVar("T")

PEAK = """
def peak():
    import resource, sys
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
"""
"""Code that defines ``peak()``: the most memory in kilobytes that a process had. What ``getrusage`` says would do only
where ``/proc`` is missing: on Linux it begins with what the parent had when it started the process."""


def in_time(work: Callable[[], T]) -> T:
    """What the work gives, once it has taken less than the bound in processor time: of a few tries the best counts,
    for a busy machine makes each slower, and none faster."""
    for _ in range(TRIES):
        began = time.process_time()
        result = work()
        taken = time.process_time() - began
        if taken < SECONDS:
            return result
        if taken > TRIES * SECONDS:
            break  # no busy machine makes it that slow
    raise AssertionError(f"took {taken:.2f} s of processor time at the last of up to {TRIES} tries")
