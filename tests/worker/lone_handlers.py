"""Handlers for the tests of processes of their own: another process imports them by name from here."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from flowengine import GiveUp, HandlerCall, Later, Outcome, TryLater


class Torn(GiveUp):
    """The cloth is torn."""


class Shop:
    @staticmethod
    def order(call: HandlerCall) -> Any:
        return ["ordered", call.input]

    def measure(self, _: HandlerCall) -> Any:
        return "measured"


def echo(call: HandlerCall) -> Any:
    return {
        "job": call.job, "key": call.key, "handler": call.handler, "input": call.input, "customer": call.customer,
        "process": call.process, "state": call.state, "attempt": call.attempt, "undo": call.undo, "token": call.token,
        "trace": call.trace, "lost": call.lost, "pid": os.getpid(), "path": sys.path,
    }  # fmt: skip


async def later_on(call: HandlerCall) -> Any:
    await asyncio.sleep(0.01)
    return {"slept": call.key}


def outcome(_: HandlerCall) -> Any:
    return Outcome("out_of_stock", {"until": "2027-01-01"})


def later(_: HandlerCall) -> Any:
    return Later(timedelta(hours=3))


def raises(_: HandlerCall) -> Any:
    raise KeyError("cloth")


def says_much(_: HandlerCall) -> Any:
    raise ValueError("x" * 100_000)


def gives_up(_: HandlerCall) -> Any:
    raise Torn("torn")


def tries_later(_: HandlerCall) -> Any:
    raise TryLater("closed", timedelta(minutes=5))


def times_out(_: HandlerCall) -> Any:
    raise TimeoutError("the mill did not answer")


def leaves(_: HandlerCall) -> Any:
    sys.exit(4)


def exits(_: HandlerCall) -> Any:
    os._exit(3)


def kills_itself(_: HandlerCall) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps(call: HandlerCall) -> Any:
    call.progress(str(os.getpid()))
    time.sleep(600)


def holds_the_interpreter(call: HandlerCall) -> Any:
    call.progress(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")


def leaves_a_child(call: HandlerCall) -> Any:
    """Starts a process that outlives it, writes its id down, and hangs."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(call.input).write_text(str(child.pid))
    time.sleep(600)


def forks_and_exits(call: HandlerCall) -> Any:
    """Leaves a process behind that holds all its pipes open."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
    Path(call.input).write_text(str(child))
    os._exit(5)


def eats_memory(_: HandlerCall) -> Any:
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def says_progress(call: HandlerCall) -> Any:
    for number in range(3):
        call.progress(f"{number} of 3")
    return {}


def waits_until_lost(call: HandlerCall) -> Any:
    call.progress("begun")
    while not call.lost:
        time.sleep(0.01)
    return "noticed"


def waits_for_ever(call: HandlerCall) -> Any:
    call.progress("begun")
    time.sleep(600)


def prints(_: HandlerCall) -> Any:
    print("printed by a handler")
    print("and to stderr", file=sys.stderr)
    return {}


def no_json(_: HandlerCall) -> Any:
    return {"made": object()}


def no_number(_: HandlerCall) -> Any:
    return {"made": float("nan")}


def too_much(_: HandlerCall) -> Any:
    return "x" * (5 << 20)


def leaves_a_thread(_: HandlerCall) -> Any:
    threading.Thread(target=time.sleep, args=(600,)).start()
    return "answered"


def closes_everything(_: HandlerCall) -> Any:
    os.closerange(3, 200)
    time.sleep(600)


def inner() -> Any:
    def handler(_: HandlerCall) -> Any:
        return None

    return handler
