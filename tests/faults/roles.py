"""What the real processes do: a driver asks for things and writes down what was acknowledged, a worker works.

Both are forked by the nursery and may be killed anywhere. A driver's journal is a file: a line before it asks, and one
with the receipt when it was answered, each on disk before it goes on. Started again, it asks again what has no answer.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

from flowengine import Engine, HandlerCall, Receipt, Worker
from flowengine.errors import Refused, StoreError
from flowengine.runtime.handlers import Handler

STOPPED = Event()


def play(role: Callable[..., None], arguments: list[Any]) -> None:
    """Play a role until it is over or killed, and end the process."""
    code = 1
    signal.signal(signal.SIGTERM, _stop)
    logging.basicConfig(level=logging.ERROR)
    try:
        role(*arguments)
        code = 0
    except BaseException:
        logging.exception("%s %s", role.__name__, arguments)
    finally:
        sys.stderr.flush()
        os._exit(code)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
    STOPPED.set()


class Journal:
    """Lines of JSON that survive the process, and the machine."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, **line: Any) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """What a journal says. A last line that was cut off is left out."""
    if not path.exists():
        return []
    found = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in found[:-1]]


def opened(url: str, handlers: Mapping[str, Handler]) -> Engine:
    """An engine, as soon as the database can be opened: as a supervisor starts a process again until it can."""
    until = time.monotonic() + 60
    while True:
        try:
            return Engine(url, handlers=handlers)
        except StoreError:
            if STOPPED.wait(0.1) or time.monotonic() > until:
                raise


# workers


def work(url: str, folder: str, lease: float, concurrency: int) -> None:
    """A worker like ``flow worker``'s, with handlers that note what they do and take a moment for it."""
    effects = Journal(Path(folder) / "effects")

    def handle(call: HandlerCall) -> dict[str, int]:
        waits = call.handler == "gated" and _is_first(Path(folder) / f"gated-{call.key}")  # known before it is seen
        effects.write(key=call.key, attempt=call.attempt, input=call.input, handler=call.handler)
        time.sleep(random.random() * 0.02)
        while waits and not (Path(folder) / "gate").exists():
            time.sleep(0.01)
        effects.write(key=call.key, attempt=call.attempt, ended=True)
        return {"attempt": call.attempt}

    handlers = dict.fromkeys(("first", "second", "third", "gated"), handle)
    with opened(url, handlers) as engine:
        worker = Worker(engine, concurrency=concurrency, poll=0.05, lease=lease, grace=10.0)
        if STOPPED.is_set():
            worker.stop()
        worker.run()
        if worker.worn_out:
            logging.error("the worker has ended: %s", worker.worn_out)


def _is_first(sign: Path) -> bool:
    """Whether nobody has left this sign before."""
    try:
        sign.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


# drivers


def drive(url: str, folder: str, name: str, most: int) -> None:
    """A customer who begins jobs and says yes to what he is asked, until he is stopped or has begun ``most``."""
    journal = Path(folder) / f"journal-{name}"
    with opened(url, {}) as engine:
        Driver(engine, journal, name, most).run()


class Driver:
    """One customer and his journal."""

    process = "killed"

    def __init__(self, engine: Engine, path: Path, name: str, most: int) -> None:
        self._engine = engine
        self._name = name
        self._most = most
        self._open: dict[str, dict[str, Any]] = {}
        self._begun = self._asked = 0
        for line in lines_of(path):
            self._remember(line)
        self._journal = Journal(path)

    def _remember(self, line: dict[str, Any]) -> None:
        if "ask" in line:
            self._open[line["key"]] = line
            self._asked += 1
            self._begun += line["ask"] == "start"
        else:
            self._open.pop(line["key"], None)

    def run(self) -> None:
        for line in list(self._open.values()):
            self._ask(line)
        while not STOPPED.is_set():
            waits = self._waits()
            if waits is not None:
                self._begin(**waits)
            elif self._begun < self._most:
                self._begin(ask="start")
            else:
                STOPPED.wait(0.05)

    def _waits(self) -> dict[str, str] | None:
        """What is to be asked now, of a job that was begun."""
        try:
            found = self._engine.inbox(self._name, limit=1)
        except StoreError:
            return None
        return {"ask": "act", "step": found[0].id} if found else None

    def _begin(self, **what: Any) -> None:
        """Ask for something new: it is in the journal before it is asked."""
        line = {"key": f"{self._name}-{self._asked}"} | what
        self._journal.write(**line)
        self._remember(line)
        self._ask(line)

    def _ask(self, line: dict[str, Any]) -> None:
        """Ask until there is an answer, with the same key; it is told to nobody before it is in the journal."""
        while not STOPPED.is_set():
            try:
                receipt = self._do(line)
            except Refused as refused:
                self._over(line, refused=type(refused).__name__)
                return
            except StoreError:
                STOPPED.wait(0.05)
                continue
            self._over(line, job=receipt.job, seq=receipt.seq)
            return

    def _over(self, line: dict[str, Any], **answer: Any) -> None:
        self._journal.write(key=line["key"], **answer)
        self._open.pop(line["key"], None)

    def _do(self, line: dict[str, Any]) -> Receipt:
        if line["ask"] == "start":
            return self._engine.start(self.process, by=self._name, need={"size": self._begun}, key=line["key"])
        return self._engine.act(line["step"], "approved", by=self._name, key=line["key"])


ROLES = {"work": work, "drive": drive}

PROCESS = """
process: killed
title: A process that real processes work on while they are killed
need: To survive
states:
  need: {type: need, fields: {size: {type: integer}}, next: first}
  first: {type: service, call: first, input: {size: data.need.size}, undo: second,
          retry: {attempts: 100, first: PT0.1S, factor: 1, longest: PT0.1S}, on: {done: breathe}}
  breathe: {type: wait, for: PT1S, next: agree}
  agree: {type: approval, by: customer, within: P9D,
          on: {approved: both, changes: first, declined: gone, expired: gone}}
  both:
    type: parallel
    branches:
      left: {start: left, states: {left: {type: service, call: second, on: {done: done},
             retry: {attempts: 100, first: PT0.1S, factor: 1, longest: PT0.1S}}}}
      right: {start: right, states: {right: {type: service, call: third, on: {done: done},
              retry: {attempts: 100, first: PT0.1S, factor: 1, longest: PT0.1S}}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It was not wanted}
"""

GATED = """
process: gated
title: A call that is held up
need: To be done once
states:
  need: {type: need, next: gated}
  gated: {type: service, call: gated, retry: {attempts: 9, first: PT0.1S, factor: 1, longest: PT0.1S},
          on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
