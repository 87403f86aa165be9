"""The way of a job as its page shows it: what is done, what is at work with all that is in it, and what is to come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowengine.views.thread_lines import ThreadLine

SHOWN_AHEAD = 5
"""Of what may come, how much is shown at once."""
SHOWN_DONE = 4
"""Of what is done, how much is shown at once, where there is much more."""
MUCH = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line of the way, and for what is at work what belongs to it: what is done of it, then what is being done."""

    line: ThreadLine
    parts: tuple[ThreadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A job's way; of what may come ``later`` is what comes after the next few, ``earlier`` what was done before the
    last few."""

    earlier: tuple[Stretch, ...]
    done: tuple[Stretch, ...]
    now: tuple[Stretch, ...]
    ahead: tuple[ThreadLine, ...]
    later: tuple[ThreadLine, ...]


def way_of(lines: Iterable[ThreadLine]) -> Way:
    """The way that these lines tell. What is inside of a phase that is at work stands with it; inner phases of what is
    over are left out, for the phase says it."""
    told = list(lines)
    now = [one for one in told if one.when == "now"]
    heads = [one for one in now if one.inside not in {other.words for other in now}]
    parts: dict[str, list[ThreadLine]] = {one.words: [] for one in heads}
    done: list[Stretch] = []
    for line in told:
        if line.when == "done":
            head = next((one for one in heads if one.words == line.inside), None)
            if head is not None and (head.at is None or (line.at is not None and line.at >= head.at)):
                parts[head.words].append(line)
            elif not (line.inside and line.kind == "phase"):
                done.append(Stretch(line))
    for line in now:
        if line not in heads:
            parts[_head_of(line, now, heads)].append(line)
    ahead = [one for one in told if one.when == "ahead"]
    shown = tuple(Stretch(one, tuple(parts[one.words])) for one in heads)
    before = len(done) - SHOWN_DONE if len(done) > MUCH else 0
    return Way(
        tuple(done[:before]), tuple(done[before:]), shown, tuple(ahead[:SHOWN_AHEAD]), tuple(ahead[SHOWN_AHEAD:])
    )


def _head_of(line: ThreadLine, now: list[ThreadLine], heads: list[ThreadLine]) -> str:
    """The outermost phase around one that is at work."""
    around = {one.words: one.inside for one in now}
    at = line.inside
    while at not in {one.words for one in heads}:
        at = around[at]
    return at
