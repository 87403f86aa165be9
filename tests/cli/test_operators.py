"""jobs, history, audit, send, incidents, retry, worker and db."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from flowengine.cli import lists, waits
from flowengine.views.replies import IncidentView, WaitView

if TYPE_CHECKING:
    from conftest import Flow


def test_jobs_are_listed_and_filtered(shop: Flow) -> None:
    """Jobs come newest first, by status, process and customer, page by page."""
    first, second = shop.start("ada"), shop.start("ben")
    shop.run("withdraw", first, "--yes", who="ada")
    assert [row["short"] for row in shop.json("jobs")] == [second, first]
    assert [row["short"] for row in shop.json("jobs", "--status", "ended")] == [first]
    assert [row["short"] for row in shop.json("jobs", "--customer", "ben")] == [second]
    assert shop.json("jobs", "--customer", "ada@example.org", "--process", "workshop") == shop.json("jobs")[1:]
    page = shop.json("jobs", "--limit", "1")
    assert [row["short"] for row in shop.json("jobs", "--after", page[0]["short"])] == [first]
    assert "It came to nothing" in shop.run("jobs").stdout


def test_what_takes_longer_is_listed_for_operators_and_told_to_the_customer(shop: Flow) -> None:
    """With its state, since when and for whom it waits, until somebody has done it; she reads that it takes longer."""
    job = shop.start()
    shop.run("move", job, "build", "--because", "She said oak by phone")
    (timer,) = shop.json("timers", job)
    assert timer["purpose"] == "attention"
    error = shop.run("timer", "drop", timer["short"], "--because", "Too early", code=1).stderr
    assert "move it" in error
    shop.run("deadline", timer["short"], "--to", "P21D", "--because", "The oak is late")
    (timer,) = shop.json("timers", job)
    shop.run("timer", "fire", timer["short"], "--because", "She called")
    (found,) = shop.json("incidents")
    assert (found["kind"], found["state"], found["whom"]) == ("attention", "build", "Maker")
    assert found["short"].startswith(f"{job}.")
    assert found["since"]
    out = shop.run("incidents").stdout
    assert "see to it" in " ".join(out.split())
    words = "It takes longer than it should; we have been told, and look into it"
    assert words in shop.run("track", job, who="ada").stdout
    assert shop.json("track", job, who="ada")["takes_longer"] == words
    assert "a step is not tried again" in shop.run("retry", found["short"], code=1).stderr
    shop.run("move", job, "gone", "--because", "After all")
    assert shop.json("incidents") == []


def test_history_tells_who_did_what(shop: Flow) -> None:
    """Each command of a job is a line; --raw gives the stored facts, one JSON object a line."""
    job = shop.start(wish="\x1b[2J")
    out = shop.run("history", job).stdout
    assert "Ada" in out
    raw = shop.run("history", job, "--raw").stdout
    assert "\x1b" not in raw
    assert [json.loads(line)["seq"] for line in raw.splitlines()] == [1]
    assert shop.json("history", job)[0]["command"]["answer"]["wish"] == "\x1b[2J"


@pytest.mark.parametrize(("column", "said", "instead"), [("contents", "A table", "A chair"), ("body", "ada", "eve")])
def test_an_edited_history_is_found(shop: Flow, column: str, said: str, instead: str) -> None:
    """Audit answers 1 when an entry, or what stands beside it, was changed behind its back (L5)."""
    job = shop.start()
    assert shop.json("audit")["fine"] is True
    with sqlite3.connect(shop.folder / "flow.db") as connection:
        connection.execute("DROP TRIGGER flow_history_unchanged")
        edited = connection.execute(
            f"UPDATE flow_history SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?) > 0",
            (said, instead, said),
        )
        assert edited.rowcount == 1
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


def test_all_incidents_of_a_kind_are_retried(shop: Flow) -> None:
    """One command tries all of a handler again; without saying which, or with one named as well, it is wrong use."""
    shop.visited(wood="pine")
    shop.visited(wood="pine", who="ben")
    shop.work()
    assert len(shop.json("incidents")) == 2
    told = shop.run("retry", "--handler", "buy_wood").stdout
    assert "Tried again: 2 incidents." in told
    assert shop.json("incidents") == []
    assert shop.json("retry", "--all") == {"tried": [], "refused": {}}
    assert "Name one incident" in shop.run("retry", code=2).stderr
    assert "Name one incident" in shop.run("retry", "x.1", "--all", code=2).stderr


def test_incidents_say_what_kind_they_are_and_what_comes_next(shop: Flow) -> None:
    """Without incidents nothing has given up; a call that did is told as one, and that it waits to be retried."""
    assert "Nothing has given up." in shop.run("incidents").stdout
    shop.visited(wood="pine")
    shop.work()
    out = shop.run("incidents").stdout
    assert re.search(r"call +buy_wood +workshop +buy +1 +retry it", out), out


def test_a_timer_that_cannot_be_fired_is_told_with_its_next_time() -> None:
    """A timer among the incidents is told as one, and when it is tried again by itself."""
    now = datetime(2027, 3, 1, tzinfo=UTC)
    row = IncidentView(
        id="j.7", short="1a2b3c4d.7", job="j", process="shop", customer="ada", state="choose", handler="expire",
        error="no age", attempts=2, kind="timer", next=now + timedelta(minutes=10),
    )  # fmt: skip
    told = _told(lambda console: lists.incidents(console, [row], now), width=100)
    assert re.search(r"1a2b3c4d\.7 +timer +expire +shop +choose +2 +in 10 minutes +no age", told), told


def _told(tell: Callable[[Console], None], width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    tell(console)
    said: str = console.file.getvalue()  # type: ignore[attr-defined]
    return said


def test_what_is_stuck_is_a_table_of_who_waits_for_whom(shop: Flow) -> None:
    """The oldest wait comes first, in 80 columns, with what went wrong; programs get the same as a list."""
    first, second = shop.visited(wood="pine"), shop.start("ben")
    shop.work()
    listed = [(row["short"], [wait["kind"] for wait in row["waits"]]) for row in shop.json("jobs", "--stuck")]
    assert listed == [(first, ["call"]), (second, ["step"])]
    out = shop.run("jobs", "--stuck", env={"COLUMNS": "80"}).stdout
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    assert out.index(first) < out.index(second)
    for said in ("Ben", "Which wood", "the service", "gave up", "workshop"):
        assert said in words
    assert "\x1b" not in out
    assert shop.json("jobs", "--stuck", "--process", "workshop", "--limit", "1")[0]["short"] in (first, second)


def test_nothing_stuck_is_told(shop: Flow) -> None:
    """Where no job is open, nothing waits for anything."""
    assert "No open job waits" in shop.run("jobs", "--stuck").stdout
    assert shop.json("jobs", "--stuck") == []


def test_each_kind_of_wait_has_its_words() -> None:
    """People, services, messages, other jobs and the clock are told apart, with what is overdue or tried again."""
    now = datetime(2027, 3, 1, tzinfo=UTC)
    hour, made = timedelta(hours=1), partial(WaitView, since=now)
    for wait, said in (
        (made(kind="step", what="Cut it", whom="Carl", due=now - hour), ("Carl: Cut it (until", ", overdue)")),
        (made(kind="call", what="Order", whom="order", error="no", attempts=2, next=now + hour),
         ("the service order: Order; tried 2 times: no; again in 1 hour",)),
        (made(kind="call", what="Order", whom="order", error="no", attempts=1), ("gave up, tried 1 time: no",)),
        (made(kind="message", what="letter", whom="L7"), ("the message letter (L7)",)),
        (made(kind="job", what="Kitchen", whom="1a2b3c4d"), ("the job 1a2b3c4d: Kitchen",)),
        (made(kind="timer", what="Rest", due=now + hour), ("the clock: Rest (until",)),
    ):  # fmt: skip
        for part in said:
            assert part in waits.words(wait, now)


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
        (["jobs", "--stuck", "--status", "open"], 2, "--stuck"),
        (["jobs", "--stuck", "--process", "nothing"], 1, "nothing"),
        (["history"], 2, "JOB"),
        (["history", "zzzz"], 1, "no job"),
        (["audit", "zzzz"], 1, "no job"),
        (["send"], 2, "NAME"),
        (["send", "dried"], 1, "dried"),
        (["send", "dried", "--job", "zzzz"], 1, "no job"),
        (["retry"], 2, "Name one incident"),
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


PARCELS = """
process: parcels
need: A parcel
starts:
  - {message: parcel, customer: key, need: {}}
  - {every: 0 7 * * mon, customer: '"nobody"'}
states:
  need: {type: need, next: way}
  way: {type: message, name: parcel, on: {received: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_a_message_starts_a_job_or_is_for_all(shop: Flow) -> None:
    """A message that starts a job says so, and with --all it goes to each job that waits."""
    (shop.folder / "parcels.yaml").write_text(PARCELS, "utf-8")
    shop.run("deploy", "parcels.yaml")
    assert shop.run("send", "parcel", "--key", "eva").stdout.startswith("Started the job ")
    shop.run("start", "parcels", who="ada")
    sent = shop.run("send", "parcel", "--all").stdout
    assert "On its way to 2 jobs" in sent
    shop.work()
    assert {row["status"] for row in shop.json("jobs", "--process", "parcels")} == {"fulfilled"}


def test_schedules_are_listed(shop: Flow) -> None:
    """Schedules are listed with their next moment; without any it is said that there is none."""
    assert "No process in use starts jobs by the clock." in shop.run("schedules").stdout
    assert shop.json("schedules") == []
    (shop.folder / "parcels.yaml").write_text(PARCELS, "utf-8")
    shop.run("deploy", "parcels.yaml")
    (row,) = shop.json("schedules")
    assert (row["id"], row["every"], row["zone"], row["attempts"]) == ("parcels/1", "0 7 * * mon", "UTC", 0)
    assert "parcels/1" in shop.run("schedules").stdout
    assert shop.json("retry", "parcels/1", who="olga", code=1)["error"] == "StaleCommand"
    assert shop.json("schedules", who="tom", code=1)["error"] == "NotAllowed"


def test_what_was_changed_of_the_installation_is_listed(shop: Flow) -> None:
    """Who changed what, the newest first, a page at a time, or about one; an audit tells the head, which is in it."""
    shop.json("whoami", who="olga")  # from afar she is given a token first, which is noted
    shop.run("people", "change", "ben", "--name", "Benedict", who="olga")
    shop.run("token", "create", "metrics", "grafana", who="olga")
    told = shop.run("administration", "--limit", "2", who="olga").stdout
    assert "issued the token" in told
    assert "Olga" in told
    newest, before = shop.json("administration", "--limit", "2", who="olga")
    assert f"More follow: there may be more; --after {before['seq']} lists them" in told
    assert (before["verb"], before["about"], before["by"]) == ("add_customer", "ben", "olga")
    assert before["words"] == {"changed": {"name": ["Ben", "Benedict"]}}
    assert shop.json("administration", "--about", "ben", who="olga")[0] == before
    assert shop.json("audit", who="olga")["head"] == newest["hash"]
    assert shop.run("administration", "-o", "hash", "--limit", "1", who="olga").stdout.strip() == newest["hash"]
    assert shop.json("administration", who="tom", code=1)["error"] == "NotAllowed"


def test_status_tells_what_is_wrong_first(shop: Flow) -> None:
    """With what helps, then what is due and set; its exit code says whether something grave is wrong."""
    shop.work()
    told = shop.run("status", who="olga")
    assert "Nothing is wrong." in told.stdout
    assert "set FLOW_MAIL" in told.stdout
    assert "FLOW_ZONE" in told.stdout
    found = shop.json("status", who="olga")
    assert found["schema"] == found["newest"]
    assert not any(one["grave"] for one in found["wrong"])


def test_jobs_that_were_begun_long_ago_are_listed(shop: Flow) -> None:
    """By a span or a day; the line for what comes next says so again."""
    shop.visited()
    assert shop.json("jobs", "--begun-before", "P30D", who="olga") == []
    assert len(shop.json("jobs", "--begun-before", "2999-01-01", who="olga")) >= 1


def test_free_hours_are_told(shop: Flow) -> None:
    """Of each calendar on a day."""
    found = shop.json("calendar", "free", "--day", "2030-01-07", who="olga")
    assert all(set(one) == {"calendar", "zone", "day", "seats", "open", "rooms"} for one in found)
    told = shop.run("calendar", "free", "--day", "2030-01-07", who="olga").stdout
    assert all(one["calendar"] in told for one in found)
    assert found
