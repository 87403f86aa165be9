"""The supervisor: it keeps worker processes running, says why they end, and leaves none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from waiting import killed_after, until

from flowengine.worker.exits import WORN_OUT
from flowengine.worker.supervised import VARIABLE, Supervised
from flowengine.worker.supervisor import Patience, Supervisor

PATIENCE = 60.0

CHILD = """
import os, signal, sys, threading, time
from pathlib import Path
from flowengine.worker.supervised import VARIABLE, Supervised
outlet = int(os.environ[VARIABLE].split(",")[1])
line = Supervised.of(os.environ)
folder = Path(sys.argv[1])
births = len(list(folder.glob("born-*"))) + 1
(folder / f"born-{births}").write_text(str(os.getpid()))
stop, hurry = threading.Event(), threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
def ready(**more):
    line.listen(stop=stop.set, hurry=hurry.set)
    line.say(ready=True, **more)
"""


class Told:
    """What a supervisor says, and what is done when it says it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.ran: list[Mapping[str, int]] = []
        self.when: dict[str, Callable[[], None]] = {}

    def say(self, words: str) -> None:
        self.said.append(words)
        for part, act in list(self.when.items()):
            if part in words:
                del self.when[part]
                act()

    def count(self, ran: Mapping[str, int]) -> None:
        self.ran.append(ran)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture(autouse=True)
def nobody_left(tmp_path: Path) -> Iterator[None]:
    """Whatever a test does, no process of it is left."""
    yield
    assert not [file for file in tmp_path.glob("born-*") if lives(int(file.read_text()))]


@pytest.fixture(autouse=True)
def an_end() -> Iterator[None]:
    """A supervisor works until it is told to stop: where what should tell it does not come, it is told all the same."""
    late: list[None] = []

    def tell() -> None:
        late.append(None)
        stop_me()

    timer = threading.Timer(3 * PATIENCE, tell)
    timer.start()
    yield
    timer.cancel()
    assert not late, "nothing had it stop"


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has asked for yet has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def command(folder: Path, body: str) -> Sequence[str]:
    return [sys.executable, "-c", CHILD + dedent(body), str(folder)]


def stop_me(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def when(done: Callable[[], Any], act: Callable[[], None]) -> None:
    """Act from a thread once something is true."""

    def wait() -> None:
        try:
            until(done)
        finally:
            act()  # or the test would wait for ever

    threading.Thread(target=wait, daemon=True).start()


def born(folder: Path, number: int) -> bool:
    file = folder / f"born-{number}"
    return file.exists() and bool(file.read_text())


WORKS = "ready(); line.say(ran={'calls': 2}); (folder / 'ready').touch(); stop.wait(); line.say(ran={'calls': 1})"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_its_processes_gracefully(tmp_path: Path, told: Told, number: int) -> None:
    """SIGTERM and SIGINT are passed on; what the processes did last is still heard, and the end is 0."""
    before = signal.getsignal(signal.SIGTERM)
    when((tmp_path / "ready").exists, lambda: stop_me(number))
    assert Supervisor(command(tmp_path, WORKS), say=told.say, ran=told.count).run() == 0
    assert told.ran == [{"calls": 2}, {"calls": 1}]
    assert told.said == []
    assert signal.getsignal(signal.SIGTERM) == before


def test_it_keeps_as_many_as_are_wanted(tmp_path: Path, told: Told) -> None:
    """It starts as many processes as are wanted, and stops all of them."""
    body = "ready(); (folder / f'ready-{os.getpid()}').touch(); stop.wait(); line.say(ran={'calls': 1})"
    when(lambda: len(list(tmp_path.glob("ready-*"))) == 3, stop_me)
    assert Supervisor(command(tmp_path, body), processes=3, ran=told.count).run() == 0
    assert told.ran == [{"calls": 1}] * 3


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL (perhaps by the system, for its memory)"),
        ("os._exit(7)", "left with exit code 7"),
        ("os._exit(0)", "left with exit code 0"),
        (f"os._exit({WORN_OUT})", "is worn out"),
    ],
)
def test_a_process_that_dies_is_replaced(tmp_path: Path, told: Told, end: str, words: str) -> None:
    """Another process takes the place of one that died, and why is said; reports sent before its death are heard."""
    body = f"ready(); line.say(ran={{'calls': 1}})\nif births == 1: {end}\n(folder / 'ready').touch()\nstop.wait()"
    when((tmp_path / "ready").exists, stop_me)
    assert Supervisor(command(tmp_path, body), say=told.say, ran=told.count).run() == 0
    assert len(told.said) == 1
    assert words in told.said[0]
    assert "another is started" in told.said[0]
    assert told.ran == [{"calls": 1}] * 2


def test_it_waits_longer_each_time() -> None:
    """The first death is followed by a start at once, further ones by longer and longer waits, up to 30 s; a process
    that has lived for a while makes good for those before it."""
    patience = Patience()
    assert [patience.after(0.1) for _ in range(9)] == [0, 1, 2, 4, 8, 16, 30, 30, 30]
    assert patience.after(60) == 0
    assert patience.after(1) == 1


def test_deaths_in_a_row_are_waited_for(tmp_path: Path, told: Told) -> None:
    """A process that dies young again and again is not started again at once."""
    told.when["in 1 s"] = stop_me
    assert Supervisor(command(tmp_path, "ready(); os._exit(9)"), say=told.say).run() == 0
    assert [words.partition("; ")[2] for words in told.said] == ["another is started.", "another is started in 1 s."]


@pytest.mark.parametrize("code", [1, 2])
def test_what_is_wrong_from_the_start_ends_it(tmp_path: Path, told: Told, code: int) -> None:
    """A process that refuses what it was given before it ever worked ends the supervisor with the same exit code."""
    body = f"ready() if births > 1 else sys.exit({code})\nstop.wait()"
    assert Supervisor(command(tmp_path, body), say=told.say).run() == code
    assert told.said == []


def test_what_goes_wrong_later_is_tried_again(tmp_path: Path, told: Told) -> None:
    """Once a process has worked, one that is refused (the database is away) is tried again."""
    body = """
        if births == 2: sys.exit(1)
        ready()
        if births == 1: os._exit(9)
        (folder / 'ready').touch(); stop.wait()
    """
    when((tmp_path / "ready").exists, stop_me)
    assert Supervisor(command(tmp_path, body), say=told.say).run() == 0
    assert "left with exit code 1; another is started in 1 s" in told.said[1]


def test_a_second_signal_hurries(tmp_path: Path, told: Told) -> None:
    """It says for what it waits; told twice, it has the processes give back what they run instead of finishing it."""
    body = """
        ready(); (folder / 'ready').touch(); stop.wait()
        (folder / 'stopping').touch(); hurry.wait(); line.say(ran={'hurried': 1})
    """
    when((tmp_path / "ready").exists, stop_me)
    told.when["up to 30 s"] = stop_me
    assert Supervisor(command(tmp_path, body), say=told.say, ran=told.count).run() == 0
    assert told.ran == [{"hurried": 1}]
    assert told.said == [
        "Waiting for what still runs, up to 30 s. A second signal gives them back.",
        "Hurrying: what still runs is given back.",
    ]


def test_who_does_not_stop_is_killed(tmp_path: Path, told: Told) -> None:
    """A process that ignores the request to stop is killed after the grace and a little more; the end is still 0."""
    body = "ready(); (folder / 'ready').touch(); time.sleep(600)"
    when((tmp_path / "ready").exists, stop_me)
    assert Supervisor(command(tmp_path, body), grace=0.1, beyond=0.1, say=told.say).run() == 0
    assert "did not end in time and was killed" in told.said[0]


def test_who_holds_the_interpreter_is_replaced(tmp_path: Path, told: Told) -> None:
    """A process in which code in C holds the interpreter gives no sign of life; it is killed, and another started."""
    body = """
        ready()
        if births == 1:
            import re
            re.match(r"(a+)+$", "a" * 60 + "b")
        (folder / 'ready').touch(); stop.wait()
    """
    when((tmp_path / "ready").exists, stop_me)
    assert Supervisor(command(tmp_path, body), silent=4.0, say=told.say).run() == 0
    assert "gave no sign of life for 4 s and was killed; another is started" in told.said[0]


def test_signs_of_life_are_enough(tmp_path: Path, told: Told) -> None:
    """A process that is only busy, or idle, goes on living."""
    body = """
        line.listen(stop=stop.set, hurry=hurry.set, pulse=0.2)
        line.say(ready=True)
        end = time.monotonic() + 6
        while time.monotonic() < end: sum(range(100_000))
        (folder / 'long').touch(); stop.wait()
    """
    when((tmp_path / "long").exists, stop_me)
    assert Supervisor(command(tmp_path, body), silent=5.0, say=told.say).run() == 0
    assert told.said == []


def test_a_process_that_is_not_ready_is_stopped_too(tmp_path: Path, told: Told) -> None:
    """A process that still starts when it is to stop is told by a signal."""
    body = "(folder / 'starting').touch(); stop.wait(); line.say(ran={'calls': 0})"
    when((tmp_path / "starting").exists, stop_me)
    assert Supervisor(command(tmp_path, body), say=told.say, ran=told.count).run() == 0
    assert told.ran == [{"calls": 0}]


def test_what_is_no_report_harms_nobody(tmp_path: Path, told: Told) -> None:
    """Bytes that a handler writes into the pipe of reports are passed over."""
    body = "ready(); os.write(outlet, b'\\xff no report\\n[1]\\n'); line.say(ran={'calls': 5}); stop.wait()"
    when(lambda: told.ran, stop_me)
    assert Supervisor(command(tmp_path, body), say=told.say, ran=told.count).run() == 0
    assert told.ran == [{"calls": 5}]
    assert told.said == []


def test_a_process_that_cannot_be_started_is_tried_again(tmp_path: Path, told: Told) -> None:
    """When the system refuses a process, that is said, and it is tried again later."""
    told.when["tried again in"] = stop_me
    assert Supervisor([str(tmp_path / "no-such-program")], say=told.say).run() == 0
    assert "No such file or directory" in told.said[0]


def test_processes_notice_that_their_supervisor_is_gone(tmp_path: Path) -> None:
    """When the supervisor is killed, its processes stop gracefully by themselves."""
    body = "ready(); (folder / 'ready').touch(); stop.wait(); (folder / 'graceful').touch()"
    script = f"""
from flowengine.worker.supervisor import Supervisor
Supervisor({command(tmp_path, body)!r}).run()
"""
    with killed_after(subprocess.Popen([sys.executable, "-c", script])) as supervisor:
        until((tmp_path / "ready").exists)
        supervisor.kill()
    until((tmp_path / "graceful").exists)
    until(lambda: not lives(int((tmp_path / "born-1").read_text())))


class Watch:
    """Files that change when the test says so."""

    def __init__(self) -> None:
        self.followed: list[str] = []
        self.all = False
        self.news: list[str] = []

    def follow(self, files: Sequence[str], since: int) -> None:
        assert abs(since - time.time_ns()) < PATIENCE * 1e9
        self.followed += files

    def lost(self, since: int) -> None:
        assert abs(since - time.time_ns()) < PATIENCE * 1e9
        self.all = True

    def changed(self) -> Sequence[str]:
        news, self.news = self.news, []
        return news


def test_a_change_starts_anew(tmp_path: Path, told: Told) -> None:
    """When a watched file changes, the process is stopped gracefully and another started."""
    watch = Watch()
    body = (
        "ready(files=['shop.py']); (folder / f'ready-{births}').touch(); stop.wait(); line.say(ran={'calls': births})"
    )
    when((tmp_path / "ready-1").exists, lambda: watch.news.append("shop.py"))
    when((tmp_path / "ready-2").exists, stop_me)
    assert Supervisor(command(tmp_path, body), say=told.say, ran=told.count, watch=watch).run() == 0
    assert watch.followed == ["shop.py", "shop.py"]
    assert told.said == ["shop.py changed: starting anew."]
    assert told.ran == [{"calls": 1}, {"calls": 2}]


def test_code_that_cannot_be_loaded_waits_for_a_change(tmp_path: Path, told: Told) -> None:
    """With watched files, a process that refuses its code is started again when a file has changed, not before."""
    watch = Watch()
    body = "sys.exit(1) if births == 1 else ready()\n(folder / 'ready').touch(); stop.wait()"
    told.when["when a file has changed"] = lambda: watch.news.append("shop.py")
    when((tmp_path / "ready").exists, stop_me)
    assert Supervisor(command(tmp_path, body), say=told.say, watch=watch).run() == 0
    assert watch.all
    assert told.said == ["It is started again when a file has changed.", "shop.py changed: starting anew."]


def test_there_is_a_line_only_below_a_supervisor() -> None:
    """Without a supervisor there is no line; with one the variable that tells of it is not handed on."""
    assert Supervised.of({}) is None
    inlet, outlet = os.pipe()
    environment = {VARIABLE: f"{inlet},{outlet},first"}
    line = Supervised.of(environment)
    assert line is not None
    assert (line.first, environment) == (True, {})
    os.close(inlet)
    line.say(ran={})  # nobody hears it
    os.close(outlet)


def test_a_supervisor_is_light() -> None:
    """The supervisor's process loads neither the engine nor its libraries."""
    script = (
        "import flowengine.worker.supervisor, flowengine.worker.reloading, sys; "
        "print([m for m in ('sqlalchemy', 'cel', 'msgspec', 'rich', 'flowengine.engine') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
