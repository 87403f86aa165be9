"""flow worker --metrics: a port for Prometheus, for as long as the worker works."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from waiting import killed_after

from flowengine.cli.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from conftest import Flow


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def asked(port: int, patience: float = 60) -> str:
    """What is answered there, as soon as somebody listens."""
    until = monotonic() + patience
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                return str(answer.read(), "utf-8")
        except URLError:
            assert monotonic() < until, "nobody listens"
            sleep(0.1)


def test_a_worker_answers_prometheus_while_it_works(shop: Flow) -> None:
    """The figures of the database are there, and the port is given back at the end."""
    shop.start("ada")
    port, root = free_port(), Path(__file__).parents[2]
    words = ["--at", f"sqlite:///{shop.folder}/flow.db", "worker", "--handlers", "workshop_handlers"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "flowengine.cli", *words, "--metrics", str(port)],
        cwd=shop.folder,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with killed_after(worker):
        assert 'flow_open_jobs{process="workshop"} 1.0' in asked(port)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    socket.create_server(("127.0.0.1", port)).close()


def test_a_wrong_place_is_told(shop: Flow) -> None:
    """What is no port is wrong use, and so is one port for several processes."""
    assert "is no port" in shop.run("worker", "--once", "--metrics", "home", code=2).stderr
    assert "--processes" not in shop.run("worker", "--once", "--metrics", "127.0.0.1:0").stderr
    several = shop.run("worker", "--processes", "2", "--metrics", "9100", code=2)
    assert "figures of its own" in several.stderr


_TRACED = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
from flowengine.cli import flow
flow.main(sys.argv[1:])
"""
"""The program where the global tracer writes what it is told, as an installation's launcher may set it up."""


@pytest.mark.parametrize(("word", "watched"), [("on", True), ("off", False)])
def test_telemetry_is_switched_on_by_a_word(shop: Flow, word: str, watched: bool) -> None:
    """FLOW_TELEMETRY lets the global tracer watch what a worker does, or nobody."""
    shop.visited()
    words = ["--at", f"sqlite:///{shop.folder}/flow.db", "worker", "--once", "--handlers", "workshop_handlers"]
    done = subprocess.run(
        [sys.executable, "-c", _TRACED, *words],
        cwd=shop.folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "FLOW_TELEMETRY": word},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ("buy_wood" in done.stdout) is watched


def test_an_unknown_word_for_telemetry_is_told(shop: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another word is told with those that are known."""
    monkeypatch.setenv("FLOW_TELEMETRY", "perhaps")
    assert "on, off" in shop.run("worker", "--once", code=1).stderr


def test_a_worker_below_a_supervisor_names_the_program_as_it_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be pasted begins with the words that the supervisor was called by, not with the process's own."""
    monkeypatch.setenv(PROGRAM, "/opt/flow/bin/flow")
    assert Terminal().line("incidents") == "/opt/flow/bin/flow incidents"
