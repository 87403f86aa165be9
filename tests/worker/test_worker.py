"""The worker: pass after pass, until it is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import killed_after, until

from flowengine import Engine, HandlerMissing, Ran, Worker
from flowengine.worker import load_handlers

SERVICE = """
process: ordering
title: Ordering
need: Cloth
states:
  need: {type: need, next: order}
  order: {type: service, call: order_cloth, on: {done: fulfilled, failed: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No cloth}
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(f"sqlite:///{tmp_path}/flow.db", handlers={}) as engine:
        engine.deploy(SERVICE)
        yield engine


def test_it_works_until_nothing_is_left(engine: Engine) -> None:
    """With ``until_idle`` the worker returns when all is done, and says what it did as it goes."""
    told: list[Ran] = []
    engine.register({"order_cloth": lambda _: {}})
    for _ in range(5):
        engine.start("ordering", by="ada")
    total = Worker(engine, limit=2, told=told.append).run(until_idle=True)
    assert total.calls == 5
    assert sum(ran.calls for ran in told) == 5
    assert {row.status for row in engine.jobs()} == {"fulfilled"}


def test_it_stops_when_it_is_told(engine: Engine) -> None:
    """``stop`` from another thread ends the loop, also while it sleeps."""
    worker = Worker(engine, poll=60)
    thread = threading.Thread(target=worker.run)
    thread.start()
    worker.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_work_that_fails_does_not_spin(engine: Engine) -> None:
    """A pass in which everything failed is followed by a pause, not by the next pass at once."""
    attempts = []

    def fails(_: object) -> None:
        attempts.append(1)
        raise ValueError("no")

    engine.register({"order_cloth": fails})
    engine.start("ordering", by="ada")
    assert Worker(engine).run(until_idle=True).failed == 1
    assert len(attempts) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_handler_finish(engine: Engine, tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT stop the worker after what it is doing: the handler's result is committed."""
    job = engine.start("ordering", by="ada").job
    script = f"""
import time
from pathlib import Path
from flowengine import Engine, Worker
def slow(call):
    Path({str(tmp_path / "begun")!r}).touch()
    while not Path({str(tmp_path / "struck")!r}).exists():
        time.sleep(0.02)
    return {{}}
engine = Engine({f"sqlite:///{tmp_path}/flow.db"!r}, handlers={{"order_cloth": slow}})
print(Worker(engine, poll=60).run().calls)
engine.close()
"""
    with killed_after(subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)) as process:
        until((tmp_path / "begun").exists)
        os.kill(process.pid, number)
        (tmp_path / "struck").touch()
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.strip()) == (0, "1")
    assert next(row.status for row in engine.jobs() if row.id == job) == "fulfilled"


def test_handlers_are_loaded_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``module:mapping`` gives the mapping, ``module:function`` the function under its name."""
    (tmp_path / "shop_of_the_test.py").write_text("def order(call): return {}\nHANDLERS = {'order_cloth': order}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert set(load_handlers("shop_of_the_test:HANDLERS")) == {"order_cloth"}
    assert set(load_handlers("shop_of_the_test")) == {"order_cloth"}
    assert set(load_handlers("shop_of_the_test:order")) == {"order"}


@pytest.mark.parametrize("reference", ["", "no_such_module:x", "os:no_such", "os:sep", "sys:path", ":x", "..:x"])
def test_what_cannot_be_loaded_is_refused(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference that names no handlers is refused with what one looks like."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(HandlerMissing):
        load_handlers(reference)
