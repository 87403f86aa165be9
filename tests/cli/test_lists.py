"""Lists: their forms, columns, order and pages, and tables that fit their window."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from rich.console import Console

from flowengine.cli import flow, tables

if TYPE_CHECKING:
    from conftest import Flow

LISTS = [
    "inbox",
    "jobs",
    "history JOB",
    "processes",
    "people list",
    "incidents",
    "schedules",
    "administration",
    "timers JOB",
    "token list",
]


def test_every_list_takes_the_same_forms(shop: Flow) -> None:
    """As a table, one document, an object a line, ids a line, and columns; a program is told the same in each."""
    job = shop.visited(wood="pine")
    shop.work()
    shop.run("token", "create", "metrics", "eve")
    for line in LISTS:
        words = line.replace("JOB", job).split()
        who = "tom" if line == "inbox" else "olga"
        rows = shop.json(*words, who=who)
        assert json.loads(shop.run(*words, "-o", "json", who=who).stdout) == rows, line
        lines = shop.run(*words, "-o", "jsonl", who=who).stdout.splitlines()
        assert [json.loads(one) for one in lines] == rows, line
        assert shop.run(*words, "-o", "table", who=who).stdout == shop.run(*words, who=who).stdout, line
        key = {"history JOB": "seq", "processes": "name", "administration": "seq"}.get(line, "id")
        assert shop.run(*words, "-o", "id", who=who).stdout.split() == [str(row[key]) for row in rows], line
        assert shop.run(*words, "-o", f"{key},{key}", who=who).stdout.splitlines() == [
            f"{row[key]}\t{row[key]}" for row in rows
        ], line


@pytest.mark.parametrize("line", LISTS)
def test_an_unknown_column_is_refused_with_those_that_there_are(shop: Flow, line: str) -> None:
    """Before anything is asked: with -o and --sort-by alike, as text and as JSON."""
    words = line.replace("JOB", shop.start()).split()
    for option in ("-o", "--sort-by"):
        told = shop.run(*words, option, "nothing", who="tom", code=2).stderr
        assert f"{option}: there is no column 'nothing'; there are" in told
        assert shop.json(*words, "--sort-by", "-nothing", who="tom", code=2)["error"] == "WrongUse"
    assert "say two things" in str(shop.json(*words, "-o", "id", who="tom", code=2))


def test_a_list_is_sorted_by_a_column(shop: Flow) -> None:
    """Upwards, or downwards with a minus; without regard to case, and what has no value last in both."""
    for id, name in (("x1", "bea"), ("x2", "Carl"), ("x3", "Ann")):
        shop.run("people", "add", id, "--name", name)

    def names(order: str) -> list[str]:
        rows = shop.json("people", "list", "--kind", "customer", "--sort-by", order)
        return [row["name"] for row in rows]

    assert names("name") == ["Ada", "Ann", "bea", "Ben", "Carl"]
    assert names("-name") == ["Carl", "Ben", "bea", "Ann", "Ada"]
    over, live = shop.start("ada"), shop.start("ben")
    shop.run("withdraw", over, "--yes", who="ada")
    for order in ("ended", "-ended"):
        assert [row["short"] for row in shop.json("jobs", "--sort-by", order)] == [over, live]


def test_a_page_says_what_shows_the_next(shop: Flow) -> None:
    """Jobs and inboxes say that more follow, and the command that is told gives the rest, with the same choice."""
    made = [shop.start("ada") for _ in range(5)]
    for words, who in ((["jobs", "--customer", "ada"], "olga"), (["inbox", "--text", "wood"], "ada")):
        seen: list[str] = []
        command = [*words, "--limit", "2"]
        while command:
            rows = shop.json(*command, who=who)
            told = shop.run(*command, who=who).stdout
            seen += [row["short"].partition(".")[0] for row in rows]
            more = next((one for one in told.splitlines() if one.startswith("More follow: ")), "")
            command = more.partition("flow ")[2].partition(" --at ")[0].split()
            assert not command or {*words} <= {*command}
        assert sorted(seen) == sorted(made), words
    assert "5 wait for you" in shop.run("inbox", "--limit", "2", who="ada").stdout


def test_an_inbox_is_counted_and_narrowed(shop: Flow) -> None:
    """By process and role, with what is late and what is for today; narrowed by process, role, customer and words."""
    first, second = shop.visited(), shop.visited(who="ben")
    shop.work()
    found = shop.json("inbox", "--count", who="tom")
    assert (found["count"], found["groups"][0]["process"], found["groups"][0]["role"]) == (2, "workshop", "maker")
    assert "2 wait for maker" in shop.run("inbox", "--count", "--role", "maker", who="tom").stdout
    assert [one["short"][:8] for one in shop.json("inbox", "--customer", "Ben", who="tom")] == [second]
    assert [one["short"][:8] for one in shop.json("inbox", "--customer", "ada", who="tom")] == [first]
    assert len(shop.json("inbox", "--process", "workshop", "--text", "BUILD", who="tom")) == 2
    assert shop.json("inbox", "--text", "paint", who="tom") == []
    assert "did you mean" in str(shop.json("inbox", "--process", "workshp", who="tom", code=1)) or "workshop" in str(
        shop.json("inbox", "--process", "workshp", who="tom", code=1)
    )
    assert shop.json("inbox", "--role", "cook", who="tom", code=1)["possible"] == ["maker"]
    assert shop.json("inbox", "--after", "nonsense", who="tom", code=1)["error"] == "Refused"
    assert "leave -o" in shop.run("inbox", "--count", "-o", "id", who="tom", code=2).stderr
    assert "--every goes with --watch" in shop.run("inbox", "--every", "1", who="tom", code=2).stderr


WORDS = "return_of_a_broken_device_to_the_shop in which it was bought"


@pytest.mark.parametrize("width", [80, 120])
def test_no_word_is_broken_in_a_window(width: int) -> None:
    """Cells are wrapped at blanks and behind the signs that join words; ids stay whole; no line is too long."""
    rows = [(f"0123abcd.{number}", WORDS, "Ada Lovelace of Byron", WORDS, "x" * 12) for number in (1, 12345)]
    out = _drawn(rows, width)
    lines = out.splitlines()
    assert max(map(len, lines)) <= width
    pieces = {
        *WORDS.replace("_", "_ ").split(),
        "Ada",
        "Lovelace",
        "of",
        "Byron",
        "0123abcd.1",
        "0123abcd.12345",
        "x" * 12,
    }
    met = {piece for line in lines[2:] for piece in line.replace("_", "_ ").split()}
    assert met <= pieces
    assert {"0123abcd.1", "0123abcd.12345", "device_"} <= met


def test_what_finds_no_room_is_left_out() -> None:
    """First the columns that are needed least; what is needed is broken only where nothing else helps."""
    rows = [("01234567", "x" * 30, "y" * 30, "z" * 30)]
    wide, narrow, tiny = (_drawn(rows, width) for width in (120, 80, 20))
    assert all(sign * 30 in wide for sign in "xyz")
    assert "y" not in narrow
    assert "x" * 30 in narrow
    assert "z" * 30 in narrow
    assert "01234567" in tiny
    assert (tiny.count("x"), tiny.count("y"), tiny.count("z")) == (30, 0, 30)


def _drawn(rows: list[tuple[str, ...]], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    heads = ["A", "B", "C", "D", "E"][: len(rows[0])]
    tables.draw(console, heads, rows, dropped=(2,))
    said: str = console.file.getvalue()  # type: ignore[attr-defined]
    return said


def test_what_is_piped_has_one_line_a_row(shop: Flow) -> None:
    """Nothing is wrapped where no window is; where COLUMNS says how wide it is, it is."""
    shop.run("people", "add", "eve", "--name", "Eve " * 40)
    rows = shop.run("people", "list").stdout.splitlines()
    assert len(rows) == 2 + len(shop.json("people", "list"))
    result = CliRunner().invoke(
        flow, ["--at", f"sqlite:///{shop.folder}/flow.db", "people", "list"], env={"COLUMNS": "80"}
    )
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_jobs_are_told_in_titles_and_phases(shop: Flow) -> None:
    """Where a job stands is said in the words of its process, not by names of states; how it ended, by why."""
    first, second = shop.start("ada"), shop.start("ben")
    shop.run("withdraw", second, "--yes", who="ben")
    out = shop.run("jobs").stdout
    assert "A table made with you" in out
    assert "Your choice" in out
    assert "ended: It came to nothing" in out
    rows = {row["short"]: row for row in shop.json("jobs")}
    assert (rows[first]["states"], rows[first]["where"]) == (["choose"], ["Your choice"])
    assert rows[first]["title"] == "A table made with you"
    assert rows[second]["where"] == []


def test_an_operator_is_told_what_is_in_the_way(shop: Flow) -> None:
    """The call that fails, with its error and the command for it; others are not told, nor is he when it is over."""
    job = shop.visited(wood="pine")
    shop.work()
    (trouble,) = shop.json("track", job, who="olga")["troubles"]
    assert (trouble["kind"], trouble["whom"], trouble["attempts"], trouble["next"]) == ("call", "buy_wood", 1, None)
    told = shop.run("track", job, who="olga").stdout
    assert "In the way" in told
    assert f"flow retry {trouble['id']}" in told
    assert "gave up, tried 1 time: RuntimeError: the wood is" in told
    assert shop.json("track", job, who="tom")["troubles"] == []
    assert "troubles" not in shop.json("track", job, who="ada")
    shop.run("call", "skip", trouble["id"], "--because", "It is here", who="olga")
    assert shop.json("track", job, who="olga")["troubles"] == []


def test_a_handler_without_incidents_is_refused(shop: Flow) -> None:
    """A typing error tries nothing again, and is told which handlers have incidents."""
    shop.visited(wood="pine")
    assert shop.json("retry", "--handler", "anything")["tried"] == [], "nothing has given up yet"
    shop.work()
    error = shop.json("retry", "--handler", "buy_wod", code=1)
    assert (error["what"], error["possible"]) == ("no incident is of the handler 'buy_wod'", ["buy_wood"])
    assert shop.json("retry", "--process", "workshp", code=1)["error"] == "NotFound"
    assert len(shop.json("retry", "--handler", "buy_wood", "--process", "workshop")["tried"]) == 1


def test_columns_are_read_by_programs(shop: Flow) -> None:
    """Piped, columns stand between tabs: moments in ISO 8601, several values with commas, nothing for none."""
    job = shop.start("ada", "A\ttable")
    out = shop.run("jobs", "-o", "short, customer,started,ended,states,suspended").stdout
    short, customer, started, *rest = out.rstrip("\n").split("\t")
    assert (short, customer, rest) == (job, "ada", ["", "choose", ""])
    assert datetime.fromisoformat(started).utcoffset() == timedelta()
