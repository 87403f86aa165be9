"""External workers over HTTP."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from served_app import Door

CLAIM = "/api/v1/calls/claim"
MORE = {"fail": {"error": "overslept"}, "leave": {"within": 60}}
"""What a report says besides its lease."""


def test_a_call_is_claimed_prolonged_and_finished(door: Door) -> None:
    """The whole way of a call through the door; the job goes on with the result."""
    job = door.order()
    call = door.claim()
    assert (call["job"], call["handler"], call["input"], call["attempt"]) == (job, "order_cloth", {"metres": 3}, 1)
    assert call["lease_until"] == "2026-05-04T09:00:30Z"
    path = f"/api/v1/calls/{call['id']}"
    door.clock.advance(timedelta(seconds=10))
    beat = door.post(f"{path}/heartbeat", {"lease": call["lease"], "seconds": 60, "progress": "half of it"})
    assert (beat.status_code, beat.json()) == (200, {"lease_until": "2026-05-04T09:01:10Z", "cut_off": False})
    done = door.post(f"{path}/finish", {"lease": call["lease"], "result": {"order": 7}})
    assert (done.status_code, done.json()) == (200, {"status": "done", "error": "", "next": None})
    assert door.state(job) == "parcel"
    assert door.engine.audit().fine


def test_a_report_again_is_answered_alike(door: Door) -> None:
    """Whoever lost the answer sends the same again, and another report is a conflict (L3)."""
    door.order()
    call = door.claim()
    path, report = f"/api/v1/calls/{call['id']}/finish", {"lease": call["lease"], "result": {"order": 7}}
    first = door.post(path, report)
    assert door.post(path, report).json() == first.json()
    other = door.post(path, {**report, "result": {"order": 8}})
    assert (other.status_code, other.json()["error"]) == (409, "KeyConflict")


def test_a_failure_is_tried_again(door: Door) -> None:
    """A failed attempt comes back when the process says, or when it is said in the report."""
    door.order()
    call = door.claim()
    report = {"lease": call["lease"], "error": "the saw is blunt", "retry_after": 60}
    settled = door.post(f"/api/v1/calls/{call['id']}/fail", report).json()
    assert settled == {"status": "again", "error": "the saw is blunt", "next": "2026-05-04T09:01:00Z"}
    door.clock.advance(timedelta(seconds=60))
    assert door.claim()["attempt"] == 2


def test_a_call_is_left_to_whoever_has_its_token(door: Door) -> None:
    """The worker lets go of it, and the token completes it."""
    job = door.order()
    call = door.claim()
    left = door.post(f"/api/v1/calls/{call['id']}/leave", {"lease": call["lease"], "within": 3600})
    assert (left.status_code, left.json()) == (200, {"status": "left", "error": "", "next": "2026-05-04T10:00:00Z"})
    assert door.post("/api/v1/complete", {"token": call["token"]}, token="").status_code == 200
    assert door.state(job) == "parcel"


def test_giving_up_goes_on_at_once(door: Door) -> None:
    """With give_up the process takes its way for failures."""
    job = door.order()
    call = door.claim()
    report = {"lease": call["lease"], "error": "no such cloth", "give_up": True}
    assert door.post(f"/api/v1/calls/{call['id']}/fail", report).json()["status"] == "failed"
    assert door.state(job) == "ended"


@pytest.mark.parametrize("what", ["heartbeat", "finish", "fail", "leave"])
def test_late_work_is_told_that_it_is_lost(door: Door, what: str) -> None:
    """Once another has the call, every report on the old lease is a conflict and changes nothing (L10)."""
    job = door.order()
    late = door.claim()
    door.clock.advance(timedelta(seconds=30))
    door.claim()
    body = {"lease": late["lease"], **MORE.get(what, {})}
    answer = door.post(f"/api/v1/calls/{late['id']}/{what}", body)
    assert (answer.status_code, answer.json()["error"]) == (409, "StaleCommand")
    assert "lease is lost" in answer.json()["what"]
    assert door.state(job) == "order"


@pytest.mark.parametrize("what", ["heartbeat", "finish", "fail", "leave"])
def test_a_foreign_call_is_not_found(door: Door, what: str) -> None:
    """A call of somebody else, a made-up lease and a made-up call are answered alike (L4)."""
    door.order()
    call = door.claim()
    thief = door.engine.issue_token("worker", "thief", handlers=["order_cloth"]).token
    more = MORE.get(what, {})
    path = f"/api/v1/calls/{call['id']}/{what}"
    answers = [
        door.post(path, {"lease": call["lease"], **more}, token=thief),
        door.post(path, {"lease": "1-1-" + "A" * 22, **more}),
        door.post(path, {"lease": "", **more}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.text for answer in answers}) == 1
    odd = door.post(f"/api/v1/calls/..%2f..%2fetc/{what}", {"lease": call["lease"], **more})
    assert odd.status_code == 404


def test_nobody_waits_for_nothing(door: Door) -> None:
    """Without work the answer is empty, and comes at once unless somebody wants to wait."""
    begun = time.monotonic()
    assert door.post(CLAIM, {"worker": "saw-1"}).json() == {"calls": []}
    assert door.post(CLAIM, {"worker": "saw-1", "wait": 0.3}).json() == {"calls": []}
    assert time.monotonic() - begun >= 0.3


def test_whoever_waits_is_given_what_comes(door: Door) -> None:
    """A worker that waits gets a call that is opened meanwhile; others are served all the while."""
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(door.post(CLAIM, {"worker": "saw-1", "wait": 20}).json()["calls"])
    )
    waiting.start()
    assert door.client.get("/health/ready").status_code == 200
    job = door.order()
    waiting.join(60)
    assert [call["job"] for call in answers[0]] == [job]


def test_whoever_went_away_is_given_nothing(door: Door) -> None:
    """A worker that stopped waiting takes no call with it: the attempt is the next one's."""
    with pytest.raises(httpx.ReadTimeout):
        door.post(CLAIM, {"worker": "saw-1", "wait": 20}, timeout=1)
    door.order()
    answer = door.post(CLAIM, {"worker": "saw-2", "wait": 20}).json()
    assert [call["attempt"] for call in answer["calls"]] == [1]


def test_whoever_waits_is_answered_when_the_server_stops(door: Door) -> None:
    """A server that is told to stop does not wait for those who wait."""
    door.app.state.stopping.set()
    begun = time.monotonic()
    assert door.post(CLAIM, {"worker": "saw-1", "wait": 20}).json() == {"calls": []}
    assert time.monotonic() - begun < 15


def test_a_token_that_is_revoked_while_waiting_gets_nothing(door: Door) -> None:
    """Revoking works at once, for requests that are under way too."""
    (token,) = door.engine.tokens()
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(door.post(CLAIM, {"worker": "saw-1", "wait": 20})))
    waiting.start()
    door.engine.revoke_token(token.id)
    waiting.join(60)
    assert answers[0].status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("claim", {}, "body"),
        ("claim", {"worker": 7}, "worker"),
        ("claim", {"worker": ""}, "worker"),
        ("claim", {"worker": "a", "max": 0}, "max"),
        ("claim", {"worker": "a", "max": 1.5}, "max"),
        ("claim", {"worker": "a", "seconds": 601}, "seconds"),
        ("claim", {"worker": "a", "wait": 21}, "wait"),
        ("claim", {"worker": "a", "wait": -1}, "wait"),
        ("claim", {"worker": "a", "handlers": ["rob_bank"]}, "body"),
        ("claim", [1], "body"),
        ("x/heartbeat", {"lease": None}, "lease"),
        ("x/heartbeat", {"lease": "1", "seconds": 0}, "seconds"),
        ("x/finish", {"lease": "1", "outcome": 7}, "outcome"),
        ("x/finish", {"lease": "1", "resullt": {}}, "body"),
        ("x/fail", {"lease": "1"}, "body"),
        ("x/fail", {"lease": "1", "error": "", "give_up": False}, "error"),
        ("x/fail", {"lease": "1", "error": "e", "retry_after": -5}, "retry_after"),
        ("x/fail", {"lease": "1", "error": "e", "give_up": "yes"}, "give_up"),
        ("x/leave", {"lease": "1"}, "body"),
        ("x/leave", {"lease": "1", "within": 0}, "within"),
        ("x/leave", {"lease": "1", "within": 1e9}, "within"),
    ],
    ids=str,
)
def test_what_is_sent_is_checked(door: Door, path: str, body: Any, problem: str) -> None:
    """Each endpoint says which part of the body is wrong, and what it would take; nothing is done (L12)."""
    job = door.order()
    answer = door.post(f"/api/v1/calls/{path}", body)
    assert (answer.status_code, answer.json()["error"]) == (422, "BadAnswer"), answer.text
    assert set(answer.json()["problems"]) == {problem}
    with door.engine.database.reading() as tx:
        assert [row.attempts for row in tx.calls.of(job)] == [0]


def test_an_unknown_field_is_named(door: Door) -> None:
    """A typing error is told with its name and those that are known."""
    answer = door.post(CLAIM, {"worker": "a", "maxx": 2}).json()
    assert "maxx" in answer["what"]
    assert answer["possible"] == ["worker", "max", "seconds", "wait"]
