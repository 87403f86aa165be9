"""jobs, history, audit, send, incidents, retry, worker and db."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Flow


def test_jobs_are_listed_and_filtered(shop: Flow) -> None:
    """Jobs come newest first, by status, process and customer, page by page."""
    first, second = shop.start("ada"), shop.start("ben")
    shop.run("withdraw", first, who="ada")
    assert [row["short"] for row in shop.json("jobs")] == [second, first]
    assert [row["short"] for row in shop.json("jobs", "--status", "ended")] == [first]
    assert [row["short"] for row in shop.json("jobs", "--customer", "ben")] == [second]
    assert shop.json("jobs", "--customer", "ada@example.org", "--process", "workshop") == shop.json("jobs")[1:]
    page = shop.json("jobs", "--limit", "1")
    assert [row["short"] for row in shop.json("jobs", "--after", page[0]["short"])] == [first]
    assert "It came to nothing" in shop.run("jobs").stdout


def test_history_tells_who_did_what(shop: Flow) -> None:
    """Each command of a job is a line; --raw gives the stored facts, one JSON object a line."""
    job = shop.start(wish="\x1b[2J")
    out = shop.run("history", job).stdout
    assert "Ada" in out
    raw = shop.run("history", job, "--raw").stdout
    assert "\x1b" not in raw
    assert [json.loads(line)["seq"] for line in raw.splitlines()] == [1]
    assert shop.json("history", job)[0]["command"]["answer"]["wish"] == "\x1b[2J"


def test_an_edited_history_is_found(shop: Flow) -> None:
    """Audit answers 1 when a row of the history was changed behind its back (L5)."""
    job = shop.start()
    assert shop.json("audit")["fine"] is True
    with sqlite3.connect(shop.folder / "flow.db") as connection:
        name = next(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%history'"))
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        column = next(row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[1] in ("body", "entry"))
        connection.execute(f"UPDATE {name} SET {column} = replace({column}, 'A table', 'A chair')")
    connection.close()
    told = shop.run("audit", job, code=1)
    assert "Broken" in told.stdout
    assert shop.json("audit", code=1)["fine"] is False


def test_a_service_that_gives_up_is_an_incident_and_is_retried(shop: Flow) -> None:
    """What gave up is listed with its error made harmless, and an operator lets it be tried again."""
    job = shop.visited(wood="pine")
    assert shop.work()["failed"] >= 1
    (incident,) = shop.json("incidents")
    assert incident["handler"] == "buy_wood"
    out = shop.run("incidents").stdout
    assert "\\x1b[31m" in out
    assert "\x1b" not in out
    assert shop.json("retry", incident["short"], who="tom", code=1)["error"] in ("NotAllowed", "NotFound")
    shop.run("retry", incident["short"], who="olga")
    assert shop.json("incidents") == []
    assert shop.json("track", job)["status"] == "open"


def test_a_missing_handler_says_which_there_are(shop: Flow) -> None:
    """A worker without the handler leaves the call as an incident that names the missing one."""
    shop.visited()
    shop.json("worker", "--once")
    assert "buy_wood" in shop.json("incidents")[0]["error"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["jobs", "--status", "lost"], 2, "lost"),
        (["jobs", "--limit", "many"], 2, "many"),
        (["history"], 2, "JOB"),
        (["history", "zzzz"], 1, "no job"),
        (["audit", "zzzz"], 1, "no job"),
        (["send"], 2, "NAME"),
        (["send", "dried"], 1, "dried"),
        (["send", "dried", "--job", "zzzz"], 1, "no job"),
        (["retry"], 2, "CALL"),
        (["retry", "zzzz.1"], 1, "zzzz.1"),
        (["worker", "--once", "--handlers", "no.such.module"], 1, "cannot be loaded"),
        (["worker", "--poll", "0"], 2, "poll"),
        (["db", "drop"], 2, "no command"),
        (["db", "create", "--at", "mysql://x/y"], 1, "sqlite:///flow.db"),
        (["db", "create", "--at", "nonsense"], 1, "not the address of a database"),
        (["inboks"], 2, "Did you mean 'inbox'?"),
    ],
)
def test_bad_input_is_refused(shop: Flow, words: list[str], code: int, said: str) -> None:
    """Each command says what is wrong, with exit code 1 for refused and 2 for wrong use, for persons and programs."""
    assert said in shop.run(*words, code=code).stderr
    assert said in str(shop.json(*words, code=code))


def test_a_database_is_created_and_upgraded(empty: Flow) -> None:
    """db create makes the tables, db upgrade brings older ones up to date; neither does harm twice."""
    assert empty.json("db", "upgrade", code=1)["error"] == "NotFound"
    made = empty.json("db", "create")
    assert made == empty.json("db", "create") == empty.json("db", "upgrade")
    assert "up to date" in empty.run("db", "upgrade").stdout


def test_a_file_that_is_no_database_is_refused(empty: Flow) -> None:
    """A file of something else is told to be none, without a traceback."""
    (empty.folder / "flow.db").write_bytes(b"not a database at all" * 100)
    assert empty.json("jobs", code=1)["error"] in ("StoreError", "SchemaMismatch")
