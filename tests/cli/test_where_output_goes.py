"""Standard output that is closed, full or no longer read: words and an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Flow

FULL = Path("/dev/full")


def _flow(shop: Flow, words: str, redirected: str) -> subprocess.CompletedProcess[str]:
    """The command in a shell, its output redirected."""
    line = f"{sys.executable} -m flowengine.cli --at sqlite:///{shop.folder}/flow.db {words} {redirected}"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, timeout=120, env=environment
    )


@pytest.mark.parametrize("words", ["jobs", "track zzzz", "--help"])
def test_an_output_that_is_closed_is_told(shop: Flow, words: str) -> None:
    """Where nothing can be told nothing is done; where errors cannot be told, the exit code says it."""
    done = _flow(shop, words, ">&-")
    assert (done.returncode, done.stderr) == (1, "Failed: standard output is closed, and nothing can be told\n")
    assert "Traceback" not in _flow(shop, words, "2>&-").stdout


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", ["jobs", "jobs --json", "jobs -o id", "jobs -o jsonl", "--help"])
def test_an_output_that_is_full_is_told(shop: Flow, words: str) -> None:
    """On a full disk too, in words on standard error."""
    shop.start()
    done = _flow(shop, words, f"> {FULL}")
    assert (done.returncode, done.stderr) == (1, "Failed: No space left on device\n")


def test_an_output_that_nobody_reads_any_more_ends_it(shop: Flow) -> None:
    """Whoever has read enough stops the command, in silence."""
    from flowengine import Engine

    with Engine(f"sqlite:///{shop.folder}/flow.db") as engine:
        for number in range(1200):
            engine.add_customer(f"customer_{number}", "A customer with a name that is rather long " * 2)
    for words in ("people list", "people list -o jsonl", "people list --json"):
        done = _flow(shop, words, "| head -1")
        assert (len(done.stdout.splitlines()), done.stderr) == (1, ""), words


@pytest.mark.parametrize("words", ["track \xff\xfe", "people add x --name \xff"])
def test_words_that_are_no_text_are_refused(shop: Flow, words: str) -> None:
    """Arguments that are no UTF-8 come back as visible escapes."""
    line = [sys.executable, "-m", "flowengine.cli", "--at", f"sqlite:///{shop.folder}/flow.db"]
    given = [one.encode("latin-1") for one in words.split()]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    for more in ({}, {"LC_ALL": "C", "PYTHONUTF8": "0"}):
        done = subprocess.run([*line, *given], capture_output=True, timeout=120, env=environment | more)
        assert done.returncode in (1, 2)
        assert b"Traceback" not in done.stderr
        assert b"udcff" in done.stderr
