"""Looking on: a list that is drawn again and again, or a job of which is told what is new. Ctrl-C ends it, and is
fine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flowengine.cli.terminal import Terminal, screen
from flowengine.errors import ConnectionLost, DatabaseBusy

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from flowengine.client import Desk, HistoryLine, Track

Answer = TypeVar("Answer")

LEAST, MOST = 0.1, 3600.0
"""Seconds between two looks."""


def options(flag: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--watch`` or ``--follow``, and ``--every``."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        seconds = click.FloatRange(LEAST, MOST)
        every = click.option(
            "--every", type=seconds, metavar="SECONDS", help=f"With {flag}: how often it looks.  [default: 2]"
        )
        return click.option(flag, is_flag=True, help=help)(every(command))

    return decorated


def interval(wanted: bool, every: float | None, flag: str) -> float:
    """The seconds between two looks. Wrong use where nobody looks on."""
    if every is not None and not wanted:
        raise click.UsageError(f"--every goes with {flag}.")
    return every or 2.0


def watch(terminal: Terminal, every: float, draw: Callable[[Console], None]) -> None:
    """Draw anew until Ctrl-C. Wrong use where there is no terminal to draw on. A database that cannot be reached for a
    while is told, and asked again."""
    if terminal.json or not sys.stdout.isatty():
        raise click.UsageError("--watch draws on a terminal; a program asks again, or follows one job with --follow.")
    console = screen()
    with suppress(KeyboardInterrupt):
        for _ in _ticks(every):
            with console.capture() as drawn:
                try:
                    draw(console)
                except (ConnectionLost, DatabaseBusy) as error:
                    from flowengine.cli.failures import tell

                    tell(console, error)
            console.clear()
            click.echo(drawn.get(), nl=False)
            console.print(f"Every {every:g} s; Ctrl-C ends it.", style="dim")


def room(console: Console, limit: int) -> int:
    """How many rows find room in the window, at most ``limit``."""
    return max(3, min(limit, console.height - 6))


def _ticks(every: float) -> Iterator[int]:
    """Once now and again after so many seconds."""
    for number in count():
        yield number
        sleep(every)


def history(desk: Desk, job: str, every: float, tell: Callable[[list[HistoryLine]], None]) -> None:
    """Tell what is in a job's history, and then what comes, until the job is over."""
    seq = 0
    with suppress(KeyboardInterrupt):
        for number in _ticks(every):
            lines = _asked(lambda seq=seq: desk.history(job, after=seq), again=number > 0)  # type: ignore[misc]
            if lines:
                seq = lines[-1].seq
                tell(lines)
                sys.stdout.flush()
            if any(event.get("event") == "Ended" for line in lines or () for event in line.events):
                return


def track(desk: Desk, job: str, every: float, tell: Callable[[Track | None, Track, datetime], None]) -> None:
    """Tell where a job is, and each time that something has moved, until it is over."""
    seen: Track | None = None
    with suppress(KeyboardInterrupt):
        for _ in _ticks(every):
            now = _asked(lambda: desk.track(job), again=seen is not None)
            if now is not None and now != seen:
                tell(seen, now, desk.now())
                sys.stdout.flush()
                seen = now
            if seen is not None and seen.status != "open":
                return


def _asked(ask: Callable[[], Answer], *, again: bool) -> Answer | None:
    """What is answered; None where the database cannot be reached for a while, and was before."""
    try:
        return ask()
    except (ConnectionLost, DatabaseBusy):
        if not again:
            raise
        return None


def news(before: Track, now: Track) -> list[str]:
    """What is told of a job that was not told before, in plain words."""
    was, is_ = _told(before), _told(now)
    return [words for key, words in is_.items() if key not in was]


def _told(seen: Track) -> dict[object, str]:
    from flowengine.cli.moments import told

    said: dict[object, str] = {}
    for at, words, lines in seen.told:
        said["told", at, words] = "; ".join([words, *(f"{title}: {value}" for title, value in lines)])
    for index, (who, kind, text) in enumerate(seen.said):
        said["said", index if len(seen.said) < 20 else "", who, kind, text] = f"{who} ({kind}): {text}"
    for title, value in seen.facts:
        said["fact", title, value] = f"{title}: {value}"
    if seen.promise is not None:
        said["promise", seen.promise.words] = seen.promise.words
    if seen.suspended is not None:
        said["suspended", seen.suspended.since] = f"Paused: {seen.suspended.because}"
    if seen.takes_longer:
        said["longer"] = seen.takes_longer
    for place in seen.where:
        said["where", place.words] = f"▶ {place.words}"
    for step in seen.waiting:
        until = f", until {told(step.due, seen.zone)}" if step.due else ""
        if step.booked is not None:
            said["booked", step.id, step.booked] = f"Booked: {told(step.booked, seen.zone)} ({step.title})"
        elif step.for_you:
            said["yours", step.id] = f"Waits for you: {step.title}{until}  {step.short}"
        else:
            said["others", step.id, step.claimed] = f"Waits for {step.claimed or step.whom}: {step.title}"
    for trouble in getattr(seen, "troubles", ()):
        said["trouble", trouble.id, trouble.attempts] = f"In the way: {trouble.what}: {trouble.error}"
    if seen.status != "open":
        words = "Fulfilled" if seen.status == "fulfilled" else "Ended"
        said["ended"] = f"■ {words}{f': {seen.because}' if seen.because else ''}"
    return said
