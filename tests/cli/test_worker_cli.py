"""flow worker: what it says to persons and programs, and how it starts anew when code changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from waiting import heard, until

from flowengine import Ran, SimulatedClock
from flowengine.cli import flow, working
from flowengine.cli.terminal import Terminal
from flowengine.cli.work_options import Work, words

if TYPE_CHECKING:
    from conftest import Flow

PATIENCE = 90.0


class Running:
    """``flow worker`` in a process of its own, standard output and standard error apart."""

    def __init__(self, folder: Path, *given: str, code: str = "workshop_handlers") -> None:
        self.out, self.err = folder / "worker.out", folder / "worker.err"
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "flowengine.cli", "--at", f"sqlite:///{folder}/flow.db"),
                    *("worker", "--handlers", code, *given),
                ],
                cwd=folder,
                env=environment,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def until(self, done: Callable[[], object]) -> None:
        end = monotonic() + PATIENCE
        while not done():
            assert monotonic() < end, f"it did not come: {self.out.read_text()}{self.err.read_text()}"
            sleep(0.05)

    def says(self, text: str) -> None:
        self.until(lambda: text in self.out.read_text() + self.err.read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def unattended(shop: Flow) -> Iterator[Flow]:
    """The shop with a handler that prints, and one call that waits for it."""
    source = "def buy_wood(call):\n    print('bought', flush=True)\n    return {}\nHANDLERS = {'buy_wood': buy_wood}\n"
    (shop.folder / "printing_handlers.py").write_text(source)
    shop.visited()
    yield shop
    sys.modules.pop("printing_handlers", None)


def states(shop: Flow) -> list[list[str]]:
    return [row["states"] for row in shop.json("jobs")]


def test_a_program_reads_one_document(unattended: Flow) -> None:
    """With --json standard output is one document with what all processes did; what handlers print is elsewhere."""
    with Running(unattended.folder, "--json", "--processes", "2", code="printing_handlers") as worker:
        worker.until(lambda: states(unattended) == [["build"]])
        assert worker.stop() == 0
    assert json.loads(worker.out.read_text()) == {"timers": 0, "calls": 1, "outbox": 0, "uploads": 0, "failed": 0}
    assert "bought" in worker.err.read_text()


def test_once_keeps_the_document_clean_as_well(unattended: Flow) -> None:
    """With --once --json, too, what handlers print does not come into the document."""
    ran = unattended.run("worker", "--once", "--handlers", "printing_handlers", "--json")
    assert json.loads(ran.stdout)["calls"] == 1
    assert ran.stderr == "bought\n"


def test_a_person_reads_what_is_done(unattended: Flow) -> None:
    """A person is greeted once, whatever the number of processes, told what runs, and at the end what was done."""
    with Running(unattended.folder, "--processes", "2", code="printing_handlers") as worker:
        worker.says("Working on")  # said by one process, while perhaps the other is at work already
        worker.says("ran 1 service call")
        assert worker.stop() == 0
    out = worker.out.read_text()
    assert out.count("Working on sqlite:///") == 1
    assert "bought\n" in out
    assert out.endswith("In all: 1 service call\n")


def test_it_works_on_when_nobody_reads(unattended: Flow) -> None:
    """When whoever read its output is gone (`flow worker | head`), the work goes on."""
    given = [sys.executable, "-m", "flowengine.cli", "worker", "--handlers", "printing_handlers"]
    at = {"PYTHONPATH": str(Path(__file__).parents[2]), "FLOW_AT": f"sqlite:///{unattended.folder}/flow.db"}
    (unattended.folder / "printing_handlers.py").write_text("HANDLERS = {'buy_wood': lambda call: {}}\n")
    worker = subprocess.Popen(given, env=os.environ | at, cwd=unattended.folder, stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout is not None
        assert "Working on" in heard(worker)
        worker.stdout.close()
        for wanted in (1, 2):
            until(lambda: [*states(unattended)].count(["build"]) >= wanted)  # noqa: B023  # it is asked at once
            assert worker.poll() is None
            if wanted == 1:
                unattended.visited()
        worker.terminate()
        assert worker.wait(PATIENCE) in (0, 1)  # the last line, which nobody reads either, may not be written
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("everybody", [False, True])
def test_a_signal_to_all_of_them_hurries_nobody(shop: Flow, everybody: bool) -> None:
    """A signal to the supervisor and to its processes at once, as systemd sends it, is one request to stop: what runs
    is finished."""
    source = """
import os, signal, time
from pathlib import Path
def buy_wood(call):
    Path("pid").write_text(str(os.getpid()))
    Path("pid").rename("begun")
    while not Path("go").exists(): time.sleep(0.02)
    return {}
HANDLERS = {"buy_wood": buy_wood}
# signals that have come are heard in the order of their numbers: this one after those that ask to stop
signal.signal(signal.SIGURG, lambda *_: Path("heard").touch())
"""
    (shop.folder / "slow_handlers.py").write_text(source)
    shop.visited()
    with Running(shop.folder, "--grace", "600", code="slow_handlers") as worker:
        worker.until((shop.folder / "begun").exists)
        inner = int((shop.folder / "begun").read_text())
        worker.process.send_signal(signal.SIGTERM)
        worker.says("A second signal")
        if everybody:
            os.kill(inner, signal.SIGTERM)
            os.kill(inner, signal.SIGTERM)

            def signalled() -> bool:  # asked again: what comes while others wait may come to a thread that wakes nobody
                os.kill(inner, signal.SIGURG)
                return (shop.folder / "heard").exists()

            worker.until(signalled)
        (shop.folder / "go").touch()
        assert worker.process.wait(PATIENCE) == 0
    assert states(shop) == [["build"]]


def test_services_without_a_handler_are_remarked(shop: Flow) -> None:
    """At its start it says which services of the deployed processes have no handler here, and works all the same."""
    (shop.folder / "no_handlers.py").write_text("HANDLERS = {}\n")
    with Running(shop.folder, code="no_handlers") as worker:
        worker.says("no handler 'buy_wood' is here, which workshop.buy will call")
        assert worker.stop() == 0


@pytest.mark.parametrize("given", [["--json"], []])
def test_code_that_is_wrong_from_the_start_is_refused(shop: Flow, given: list[str]) -> None:
    """Handlers that cannot be loaded end it at once with exit code 1 and the reason, said once."""
    (shop.folder / "broken_handlers.py").write_text("def buy(:\n")
    with Running(shop.folder, *given, code="broken_handlers") as worker:
        assert worker.process.wait(PATIENCE) == 1
    if given:
        assert json.loads(worker.out.read_text())["error"] == "HandlerMissing"
    else:
        assert worker.err.read_text().count("broken_handlers.py, line 1") == 1


def test_a_change_of_the_code_is_taken_up(shop: Flow) -> None:
    """With --dev changed handlers are in use without a restart by hand; broken code is told, and what runs goes on
    until it is mended."""
    code = shop.folder / "workshop_handlers.py"
    helper = shop.folder / "workshop_prices.py"
    helper.write_text("PRICE = 1\n")
    source = "import workshop_prices\nprint('price', workshop_prices.PRICE, flush=True)\nHANDLERS = {}\n"
    code.write_text(source)
    with Running(shop.folder, "--dev") as worker:
        worker.says("price 1\n")
        worker.says("Ctrl-C stops it.")
        helper.write_text("PRICE = 22\n")
        worker.says("workshop_prices.py changed: starting anew.")
        worker.says("price 22\n")
        helper.write_text("PRICE = = 3\n")
        worker.says("What runs goes on with the code that it has.")
        helper.write_text("PRICE = no_such_name\n")
        worker.says("It is started again when a file has changed.")
        helper.write_text("PRICE = 4444\n")
        worker.says("price 4444\n")
        assert worker.stop() == 0
    assert "NameError: name 'no_such_name' is not defined" in worker.err.read_text()


def test_where_there_is_no_database_nothing_is_started(empty: Flow) -> None:
    """Without a database it is refused at once, and none is made."""
    assert "no database" in empty.run("worker", code=1).stderr
    assert not (empty.folder / "flow.db").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--once", "--dev"], "--once works in this process"),
        (["--once", "--processes", "2"], "--once works in this process"),
        (["--concurrency", "0"], "concurrency"),
        (["--processes", "65"], "processes"),
        (["--grace", "-1"], "grace"),
        (["--poll", "0"], "poll"),
    ],
)
def test_wrong_use_is_told(shop: Flow, given: list[str], said: str) -> None:
    """Options that do not fit are wrong use."""
    assert said in shop.run("worker", *given, code=2).stderr


def test_a_bound_of_memory_is_checked_at_the_start(shop: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound of memory that is none is refused before anything runs."""
    monkeypatch.setenv("FLOW_ALONE_MEMORY", "plenty")
    assert "FLOW_ALONE_MEMORY" in shop.run("worker", "--once", code=1).stderr


def test_with_a_clock_of_its_own_it_works_in_this_process(shop: Flow) -> None:
    """A program that hands over a clock works in its own process, in that clock's time, until it is told to stop."""
    desk = Terminal(clock=SimulatedClock(datetime(2027, 1, 4, 10, tzinfo=UTC)))
    shop.visited()
    threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    given = ["--at", f"sqlite:///{shop.folder}/flow.db", "worker", "--handlers", "workshop_handlers"]
    result = CliRunner().invoke(flow, given, obj=desk)
    assert result.exit_code == 0, result.output
    assert "In all: 1 timer, 1 service call" in result.output  # the job has waited for more than a week by then


def test_the_address_is_not_on_a_command_line() -> None:
    """The processes are told the database by the environment: everybody can read command lines, passwords in them."""
    command = Work(handlers=("a:b", "c"), concurrency=3, dev=True).command(
        Terminal(at="postgresql://ada:secret@db/x", json=True)
    )
    assert not [word for word in command if "secret" in word]
    assert command[3:] == [
        "worker", "--handlers", "a:b", "--handlers", "c", "--concurrency=3", "--poll=0.1", "--grace=30.0", "--dev",
        "--json",
    ]  # fmt: skip


def test_what_comes_fast_is_told_as_sums() -> None:
    """What runs first is told at once, what follows within the second as one sum; nothing is left untold."""
    told: list[Ran] = []
    with working.Telling(told.append, every=3600.0) as telling:
        telling.add(Ran(calls=1))
        for _ in range(100):
            telling.add(Ran(calls=2, timers=1, failed=1))
        assert told == [Ran(calls=1)]
    assert told == [Ran(calls=1), Ran(calls=200, timers=100, failed=100)]
    assert words(told[1].to_json()) == "100 timers, 200 service calls, 100 failures"


def test_the_last_sum_does_not_wait_for_more() -> None:
    """What came within the second is told when it is over, also when nothing follows."""
    told: list[Ran] = []
    with working.Telling(told.append, every=0.05) as telling:
        for _ in range(2):
            telling.add(Ran(calls=1))
        until(lambda: sum(one.calls for one in told) == 2)
