"""--watch and --follow at a real terminal and piped, and reading what was archived."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from terminal import Terminal

if TYPE_CHECKING:
    from conftest import Flow


def test_a_list_is_drawn_anew_until_ctrl_c(shop: Flow) -> None:
    """What is new comes by itself; Ctrl-C ends it, and all was fine."""
    shop.start("ada")
    with Terminal(shop.folder, "jobs", "--watch", "--every", "0.1") as terminal:
        terminal.expect("Ada")
        terminal.expect("Ctrl-C ends it")
        shop.start("ben")
        terminal.expect("Ben")
        terminal.interrupt()
        assert terminal.leave() == 0


def test_an_inbox_is_watched_with_its_counts(shop: Flow) -> None:
    """The inbox is drawn with how much waits."""
    shop.start("ada")
    with Terminal(shop.folder, "inbox", "--watch", "--every", "0.1", "--as", "ada") as terminal:
        terminal.expect("Which wood")
        terminal.expect("1 waits for you")
        shop.start("ada")
        terminal.expect("2 wait for you")
        terminal.interrupt()
        assert terminal.leave() == 0


def test_a_job_is_followed_until_it_is_over(shop: Flow) -> None:
    """Its history line by line, and what its customer is told of it; both end with the job."""
    job = shop.start("ada")
    with (
        Terminal(shop.folder, "history", job, "--follow", "--every", "0.1") as history,
        Terminal(shop.folder, "track", job, "--follow", "--every", "0.1", "--as", "ada") as track,
    ):
        history.expect("Ada")
        track.expect("Your choice")
        shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
        history.expect("\n2  ")
        track.expect("Waits for you: When can you come?")
        shop.run("withdraw", job, "--yes", who="ada")
        track.expect("■ Ended: It came to nothing")
        history.expect("\n3  ")
        assert (history.leave(), track.leave()) == (0, 0)


def test_a_history_that_is_followed_is_lines_for_programs(shop: Flow) -> None:
    """Piped, one JSON object a line, the same as those of the whole history."""
    job = shop.start("ada")
    shop.run("withdraw", job, "--yes", who="ada")
    lines = shop.run("history", job, "--follow", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(one) for one in lines] == shop.json("history", job)
    assert "Withdraw" in shop.run("history", job, "--follow").stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("jobs --watch", "--watch draws on a terminal"),
        ("inbox --watch", "--watch draws on a terminal"),
        ("inbox --watch --count", "leave --count"),
        ("jobs --watch -o id", "leave -o"),
        ("history JOB --follow --json", "--follow tells one line after the other"),
        ("track JOB --follow --json", "--follow tells one line after the other"),
        ("history JOB --follow --archive x", "is over: leave --follow out"),
        ("track JOB --every 1", "--every goes with --follow"),
        ("history JOB --follow --every 0", "every"),
        ("jobs --archive x --watch", "with --status, --process, --customer"),
    ],
)
def test_looking_on_where_nobody_can_is_wrong_use(shop: Flow, line: str, said: str) -> None:
    """What does not go together is said before anything is asked."""
    job = shop.start("ada")
    result = shop.run(*line.replace("JOB", job).split(), who="ada", code=2)
    assert said in result.stderr + result.stdout


@pytest.fixture
def archived(shop: Flow) -> tuple[Flow, str, Path]:
    """A job of Ada's that is in an archive alone, and one of Ben's that runs."""
    job = shop.start("ada", "A round table")
    shop.run("say", job, "I am away", who="ada")
    shop.run("withdraw", job, "--yes", who="ada")
    shop.start("ben")
    file = shop.folder / "old.jsonl.gz"
    before = shop.json("history", job)
    shop.run("archive", str(file), "--ended-before", "PT0S", "--yes")
    assert len(before) == 3
    return shop, job, file


def test_an_archived_job_is_read(archived: tuple[Flow, str, Path]) -> None:
    """Its history, how it ended, and the list of all; by its short id, a beginning and in full, without a database."""
    shop, job, file = archived
    assert "no job" in shop.run("history", job, code=1).stderr
    lines = shop.json("history", job, "--archive", str(file))
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert "I am away" in shop.run("history", job[:5], "--archive", str(file)).stdout
    (row,) = shop.json("jobs", "--archive", str(file))
    assert (row["short"], row["customer"], row["status"], row["because"]) == (job, "ada", "ended", "It came to nothing")
    assert shop.json("history", row["id"], "--archive", str(file)) == lines
    assert shop.json("jobs", "--archive", str(file), "--customer", "ben") == []
    assert shop.json("jobs", "--archive", str(file), "--status", "fulfilled") == []
    (shop.folder / "flow.db").unlink()
    seen = shop.run("track", job, "--archive", str(file)).stdout
    assert "Ended: It came to nothing" in seen
    assert "Your wish: A round table" in seen
    assert shop.json("track", job, "--archive", str(file))["status"] == "ended"
    assert shop.run("history", job, "--archive", str(file), "--raw").stdout.count("\n") == 3


def test_what_is_no_archive_is_told(archived: tuple[Flow, str, Path]) -> None:
    """A missing, foreign, cut off, damaged or forged file, and a job that is not in it."""
    shop, job, file = archived
    whole = gzip.decompress(file.read_bytes())
    wrong = {
        "missing.jsonl": (None, "there is no such archive"),
        "foreign.jsonl": (b"Dear Ada,\n", "this is no archive of flowengine"),
        "empty.jsonl": (b"", "this is no archive of flowengine"),
        "cut.jsonl": (whole[:-20], "the archive was cut off"),
        "cut.jsonl.gz": (file.read_bytes()[:-30], "the archive was cut off"),
        "torn.jsonl.gz": (file.read_bytes()[:60] + b"\0" * 40 + file.read_bytes()[100:], "the archive is damaged"),
        "unpacked.jsonl.gz": (whole, "the archive is damaged, or not packed"),
        "spoilt.jsonl": (whole.replace(b'"status":"ended"', b'"status":7', 1), "of the archive cannot be read"),
        "forged.jsonl": (whole.replace(b"I am away", b"I am here"), "is not whole"),
    }
    for name, (content, said) in wrong.items():
        at = shop.folder / name
        if content is not None:
            at.write_bytes(content)
        for command in ("history", "track"):
            error = shop.json(command, job, "--archive", str(at), code=1)
            assert said in error["what"], (name, error)
            assert error["where"] == str(at), name
    assert "no job 'zzzz' in this archive" in shop.run("history", "zzzz", "--archive", str(file), code=1).stderr
    assert "there is no such archive" in shop.run("jobs", "--archive", str(shop.folder), code=1).stderr
