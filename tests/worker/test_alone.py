"""One attempt in a process of its own: it answers as in a thread, and whatever becomes of it is told in words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import lone_handlers as handlers
import pytest
from waiting import heard, killed_after

from flowengine import (
    GiveUp,
    HandlerCall,
    HandlerDied,
    HandlerMissing,
    Later,
    Outcome,
    Refused,
    TryLater,
)
from flowengine.language.durations import Duration
from flowengine.worker.alone import importable, memory_bound, run_alone
from flowengine.worker.exits import how

LONG = Duration.parse("PT2M")
SHORT = Duration.parse("PT1S")
CALL = HandlerCall(
    job="j", key="j.7", handler="order", input={"cloth": [1, 2.5, None, "ü\n"]}, customer={"id": "ada"}, process="suit",
    state="buy", attempt=3, undo=True, token="j.7.mac", trace="00-1-2-01",
)  # fmt: skip


class Line:
    """The line of a call that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.lost = False

    def progress(self, words: str) -> None:
        self.said.append(words)


def call(input: Any = None, line: Line | None = None) -> HandlerCall:
    return HandlerCall(job="j", key="j.7", handler="order", input=input, line=line or Line())


def gone(pid: int) -> bool:
    """Whether a process ends soon; one that nobody has asked for yet has ended."""
    return any(_ended(pid) or time.sleep(0.02) for _ in range(1000))


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] if Path("/proc/self").exists() else ""
        )
    except (ProcessLookupError, FileNotFoundError):
        return True
    return state == "Z"


def failure(handler: Any) -> Exception:
    """What an attempt raises."""
    try:
        run_alone(handler, CALL, LONG)
    except Exception as error:
        return error
    raise AssertionError("it went well")


def test_the_whole_call_reaches_another_process() -> None:
    """A handler in a process of its own sees the same call, and the same path for imports."""
    echoed = run_alone(handlers.echo, CALL, LONG)
    assert echoed.pop("pid") != os.getpid()
    assert echoed.pop("path") == sys.path
    assert echoed.pop("lost") is False
    assert HandlerCall(**echoed) == CALL


@pytest.mark.parametrize(
    ("handler", "given"),
    [
        (handlers.outcome, Outcome("out_of_stock", {"until": "2027-01-01"})),
        (handlers.later, Later(timedelta(hours=3))),
        (handlers.later_on, {"slept": "j.7"}),
        (handlers.Shop.order, ["ordered", {"cloth": [1, 2.5, None, "ü\n"]}]),
    ],
)
def test_what_a_handler_returns_comes_back(handler: Any, given: Any) -> None:
    """Results, outcomes and Later come back as in a thread; async handlers are awaited."""
    assert run_alone(handler, CALL, LONG) == given


@pytest.mark.parametrize(
    ("handler", "kind", "name", "words"),
    [
        (handlers.raises, Exception, "KeyError", "'cloth'"),
        (handlers.gives_up, GiveUp, "Torn", "torn"),
        (handlers.tries_later, TryLater, "TryLater", "closed"),
        (handlers.leaves, Exception, "SystemExit", "4"),
        (handlers.no_json, Exception, "TypeError", "the handler's result is not JSON"),
        (handlers.no_number, Exception, "ValueError", "result.made: must be a number, which nan is not"),
        (handlers.too_much, Exception, "ValueError", "bytes, more than"),
        (handlers.says_much, Exception, "ValueError", "x" * 2_000),
    ],
)
def test_what_a_handler_raises_comes_back(handler: Any, kind: type[Exception], name: str, words: str) -> None:
    """An error comes back with its name, its words (bounded), and as a GiveUp or TryLater if it is one."""
    with pytest.raises(kind) as caught:
        run_alone(handler, CALL, LONG)
    assert type(caught.value).__name__ == name
    assert words in str(caught.value)
    assert len(str(caught.value)) <= 2_000
    if isinstance(caught.value, TryLater):
        assert caught.value.after == timedelta(minutes=5)


def test_a_timeout_of_the_handlers_own_is_not_that_of_the_limit() -> None:
    """A handler that raises TimeoutError has not overrun its limit: its process answered."""
    error = failure(handlers.times_out)
    assert f"{type(error).__name__}: {error}" == "TimeoutError: the mill did not answer"
    assert not isinstance(error, TimeoutError)


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (handlers.exits, "its process left with exit code 3 before it answered"),
        (handlers.kills_itself, "was killed by SIGKILL (perhaps by the system, for its memory)"),
    ],
)
def test_a_process_that_ends_without_an_answer_says_how(handler: Any, words: str) -> None:
    """A handler that ends its process fails with the exit code or the signal; the worker goes on."""
    with pytest.raises(HandlerDied) as caught:
        run_alone(handler, CALL, LONG)
    assert words in str(caught.value)


@pytest.mark.parametrize("handler", [handlers.sleeps, handlers.holds_the_interpreter])
def test_the_limit_ends_whatever_runs(handler: Any) -> None:
    """At its limit the process is killed, also while code in C holds the interpreter."""
    with pytest.raises(TimeoutError, match="took longer than PT1S"):
        run_alone(handler, CALL, SHORT)


def test_the_end_ends_what_the_handler_started(tmp_path: Path) -> None:
    """When an attempt is ended, all processes that it started are killed with it."""
    file = tmp_path / "pid"
    with pytest.raises(HandlerDied):
        run_alone(handlers.leaves_a_child, call(str(file)), LONG, stop=lambda: file.exists() and bool(file.read_text()))
    assert gone(int(file.read_text()))


def test_a_process_left_behind_does_not_hide_the_end(tmp_path: Path) -> None:
    """When the process is gone but one that it forked holds the pipe, that is seen, and that one is ended, too."""
    with pytest.raises(HandlerDied, match="exit code 5"):
        run_alone(handlers.forks_and_exits, call(str(tmp_path / "pid")), LONG)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_closed_pipe_does_not_hang_the_worker() -> None:
    """A handler that closes all files is not waited for until its limit: nothing can come any more."""
    with pytest.raises(HandlerDied, match="closed the pipe"):
        run_alone(handlers.closes_everything, CALL, LONG)


def test_an_answer_does_not_wait_for_threads() -> None:
    """What a handler leaves running in its process is ended after its answer, which counts."""
    assert run_alone(handlers.leaves_a_thread, CALL, LONG) == "answered"


def test_progress_comes_up() -> None:
    """What a handler says of its progress reaches its call's line, in order."""
    line = Line()
    run_alone(handlers.says_progress, call(line=line), LONG)
    assert line.said == ["0 of 3", "1 of 3", "2 of 3"]


def test_a_handler_sees_that_it_is_lost() -> None:
    """When nobody waits any more the handler sees it, and may end by itself."""

    class Losing(Line):
        def progress(self, words: str) -> None:
            super().progress(words)
            self.lost = True

    assert run_alone(handlers.waits_until_lost, call(line=Losing()), LONG) == "noticed"


def test_a_handler_that_does_not_notice_is_ended() -> None:
    """When nobody waits any more the process is killed soon, long before its limit."""
    line = Line()
    with pytest.raises(HandlerDied, match="nobody waited"):
        run_alone(handlers.waits_for_ever, call(line=line), LONG, stop=lambda: bool(line.said))


def test_what_is_printed_goes_where_the_workers_output_goes(capfd: pytest.CaptureFixture[str]) -> None:
    """stdout and stderr of the process are the worker's own; the answer is not in them."""
    assert run_alone(handlers.prints, CALL, LONG) == {}
    assert capfd.readouterr() == ("printed by a handler\n", "and to stderr\n")


def test_memory_can_be_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under FLOW_ALONE_MEMORY a handler that eats memory gets a MemoryError, and nobody else does."""
    monkeypatch.setenv("FLOW_ALONE_MEMORY", "400")
    assert type(failure(handlers.eats_memory)).__name__ == "MemoryError"


@pytest.mark.parametrize("text", ["much", "63", "-1", "1e9", "٣٠٠", "9" * 30])
def test_a_bound_that_is_none_is_refused(text: str) -> None:
    """A bound of memory that is no number of MiB, or too small to start in, is refused."""
    with pytest.raises(Refused, match="FLOW_ALONE_MEMORY"):
        memory_bound({"FLOW_ALONE_MEMORY": text})
    assert memory_bound({"FLOW_ALONE_MEMORY": " 64 "}) == 64 << 20
    assert memory_bound({}) is None


def test_only_what_another_process_finds_is_importable() -> None:
    """Functions at the top of a module can be imported by name; closures, lambdas and methods of objects cannot."""
    assert importable(handlers.echo) == "lone_handlers:echo"
    assert importable(handlers.Shop.order) == "lone_handlers:Shop.order"
    for handler in (handlers.inner(), lambda _: None, handlers.Shop().measure, partial(handlers.echo), print):
        assert importable(handler) in (None, "builtins:print")
    with pytest.raises(HandlerMissing, match="cannot be imported by name"):
        run_alone(lambda _: None, CALL, LONG)


def test_what_main_defines_is_not_importable() -> None:
    """A function of the program that was started cannot be imported by another."""
    script = "from flowengine.worker.alone import importable\ndef order(call): ...\nprint(importable(order))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "None\n"


def test_a_module_that_cannot_be_imported_again_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the other process cannot import the module, the attempt fails with the reason."""
    file = tmp_path / "lone_module_that_breaks.py"
    file.write_text("def order(call): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import lone_module_that_breaks  # type: ignore[import-not-found]

    assert run_alone(lone_module_that_breaks.order, CALL, LONG) == 1
    file.write_text("raise SystemExit('not today')\n")
    with pytest.raises(HandlerDied, match="SystemExit: not today"):
        run_alone(lone_module_that_breaks.order, CALL, LONG)


@pytest.mark.parametrize("handler", ["sleeps", "holds_the_interpreter"])
def test_it_ends_with_its_worker(handler: str) -> None:
    """When the worker is killed, the process of a lone attempt ends as well, whatever it does."""
    if handler == "holds_the_interpreter" and sys.platform != "linux":
        pytest.skip("only Linux ends a process with its parent while it holds its interpreter")
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import lone_handlers
from flowengine import HandlerCall
from flowengine.language.durations import Duration
from flowengine.worker.alone import run_alone
class Line:
    lost = False
    progress = staticmethod(lambda words: print(words, flush=True))
call = HandlerCall(job="j", key="j.1", handler="h", line=Line())
run_alone(lone_handlers.{handler}, call, Duration.parse("PT2M"))
"""
    with killed_after(subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)) as worker:
        pid = int(heard(worker))
    assert gone(pid)


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="open files are counted in /proc")
def test_nothing_is_left_open() -> None:
    """Attempts leave no file open, however they end."""
    before = os.listdir("/proc/self/fd")
    run_alone(handlers.prints, CALL, LONG)
    for handler in (handlers.exits, handlers.raises):
        failure(handler)
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "left with exit code 0"),
        (-15, "was killed by SIGTERM"),
        (-9, "was killed by SIGKILL (perhaps by the system, for its memory)"),
        (-99, "was killed by signal 99"),
    ],
)
def test_ends_are_told_in_words(code: int, words: str) -> None:
    """An exit code or signal is told by its name."""
    assert how(code) == words


def test_the_process_of_an_attempt_is_light() -> None:
    """The process of a lone attempt loads neither the database nor the process language: it starts for each attempt."""
    script = (
        "import flowengine.worker.inside, sys; from flowengine import GiveUp, Later, Outcome; "
        "print([m for m in ('sqlalchemy', 'cel', 'yaml', 'asyncio', 'subprocess', 'importlib.metadata', 'transitions') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, timeout=60, env=_with_path()
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def _with_path() -> dict[str, str]:
    """The environment for an interpreter that does not look for packages by itself: that may load some of these."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
