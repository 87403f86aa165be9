"""The example of a worker in JavaScript, against a server that runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import heard, killed_after

from flowengine import Engine

EXAMPLE = Path(__file__).parents[2] / "examples/other_language"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed: apt-get install nodejs")


@contextmanager
def _running(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with killed_after(subprocess.Popen(words, env=os.environ | environment, **pipes)) as process:
        yield process


@pytest.fixture
def saw(sqlite_url: str) -> Iterator[tuple[Engine, Callable[[], subprocess.Popen[str]]]]:
    """An engine whose process is served by a real server; and what starts a worker in JavaScript."""
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(sqlite_url, handlers={}))
        engine.deploy(EXAMPLE / "planks.yaml")
        engine.add_customer("ada", "Ada")
        token = engine.issue_token("worker", "saw", handlers=["cut_planks"]).token
        serve = [sys.executable, "-m", "flowengine.cli", "serve", "--at", sqlite_url, "--port", "0", "--json"]
        server = stack.enter_context(_running(*serve))
        url = json.loads(_until(server, "}"))["url"]

        def begin() -> subprocess.Popen[str]:
            assert NODE is not None
            program = str(EXAMPLE / "worker.mjs")
            return stack.enter_context(_running(NODE, program, FLOW_URL=url, FLOW_TOKEN=token))

        yield engine, begin


def _until(process: subprocess.Popen[str], mark: str) -> str:
    """What a process says until a mark appears."""
    said = ""
    while mark not in said:
        said += heard(process)
    return said


def _gone_on(engine: Engine, job: str) -> str:
    """Where a job stands once its service has ended."""
    for _ in range(1_200):
        track = engine.track(job, "ada")
        if track.status != "open" or track.waiting:
            return track.status
        time.sleep(0.05)
    raise AssertionError("the worker did not come to an end")


def _start(engine: Engine, wood: str, planks: int) -> str:
    return engine.start("planks", by="ada", need={"wood": wood, "planks": planks}).job


def test_a_worker_in_javascript_does_the_work(saw: tuple[Engine, Callable[[], subprocess.Popen[str]]]) -> None:
    """It finishes, chooses an outcome and gives up; then SIGTERM ends it well."""
    engine, begin = saw
    jobs = {wood: _start(engine, wood, 3) for wood in ("oak", "pine", "teak")}
    worker = begin()
    assert {wood: _gone_on(engine, job) for wood, job in jobs.items()} == {
        "oak": "open",
        "pine": "ended",
        "teak": "ended",
    }
    (item,) = engine.inbox("ada")
    assert "pile oak-" in engine.step(item.id, "ada").title
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert worker.stdout is not None
    said = worker.stdout.read()
    assert "cut_planks for Ada: done" in said
    assert "nobody knows teak" in said
    assert engine.audit().fine


def test_a_worker_without_a_token_says_so(saw: tuple[Engine, Callable[[], subprocess.Popen[str]]]) -> None:
    """A worker whose token is revoked ends, and says why."""
    engine, begin = saw
    engine.revoke_token(engine.tokens()[0].id)
    worker = begin()
    assert "BadToken" in _until(worker, "BadToken")
    assert worker.wait(60) == 1
