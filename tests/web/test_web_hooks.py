"""Completions and signed messages that come in without a token of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from served_app import HOOK_SECRET

from flowengine.signing import sign

if TYPE_CHECKING:
    from served_app import Door

COMPLETE = "/api/v1/complete"


def test_a_call_is_completed_by_its_own_token(door: Door) -> None:
    """Whoever was handed the call's token completes it; nobody asks for another."""
    job = door.order()
    call = door.claim()
    answer = door.post(COMPLETE, {"token": call["token"], "result": {"order": 7}}, token="")
    assert (answer.status_code, answer.json()["job"]) == (200, job)
    assert door.state(job) == "parcel"


def test_a_completion_again_has_the_same_receipt(door: Door) -> None:
    """The same completion is answered alike, another is a conflict (L3)."""
    door.order()
    call = door.claim()
    first = door.post(COMPLETE, {"token": call["token"], "result": {"order": 7}}, token="")
    again = door.post(COMPLETE, {"token": call["token"], "result": {"order": 7}}, token="")
    assert (again.status_code, again.json()) == (200, first.json() | {"repeated": True})
    other = door.post(COMPLETE, {"token": call["token"], "error": "no"}, token="")
    assert (other.status_code, other.json()["error"]) == (409, "KeyConflict")


def test_a_call_is_given_up_by_its_own_token(door: Door) -> None:
    """With an error the call has failed for good, and the process goes on by its route."""
    job = door.order()
    call = door.claim()
    assert door.post(COMPLETE, {"token": call["token"], "error": "burnt down"}, token="").status_code == 200
    assert door.state(job) == "ended"


def test_a_completion_that_comes_too_late_is_told_so(door: Door) -> None:
    """A call that ended otherwise is not completed any more."""
    door.order()
    call = door.claim()
    door.post(f"/api/v1/calls/{call['id']}/finish", {"lease": call["lease"]})
    answer = door.post(COMPLETE, {"token": call["token"]}, token="")
    assert (answer.status_code, answer.json()["error"]) == (409, "StaleCommand")


def test_a_made_up_token_is_not_found(door: Door) -> None:
    """Forged, foreign and malformed tokens are told the same."""
    door.order()
    token = door.claim()["token"]
    forged = [token[:-3] + "AAA", token.replace(".", ".1", 1), "", "x", "é", door.token]
    answers = [door.post(COMPLETE, {"token": one}, token="") for one in forged]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"token": 1}, {"token": "x", "error": "no", "result": 1}, {"token": "x", "error": "no", "outcome": "lost"},
     {"token": "x", "more": 1}],
)  # fmt: skip
def test_a_completion_is_checked(door: Door, body: Any) -> None:
    """What is no completion is refused (L12)."""
    answer = door.post(COMPLETE, body, token="")
    assert (answer.status_code, answer.json()["error"]) == (422, "BadAnswer")


def _signed(door: Door, body: bytes, id: str = "msg_1", secret: str = HOOK_SECRET) -> dict[str, str]:
    at = door.clock.now()
    signature = sign(secret, id, at, body)
    return {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def _waiting(door: Door) -> str:
    job = door.order()
    call = door.claim()
    door.post(f"/api/v1/calls/{call['id']}/finish", {"lease": call["lease"]})
    return job


def test_a_signed_message_arrives_once(door: Door) -> None:
    """A message goes to the job that waits for it, and delivered again it has the same receipt (L3)."""
    job = _waiting(door)
    body = json.dumps({"key": "p3", "body": {"weight": 2}}).encode()
    first = door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body))
    assert (first.status_code, first.json()["job"]) == (200, job), first.text
    assert door.state(job) == "fulfilled"
    again = door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body))
    assert (again.status_code, again.json()) == (200, first.json() | {"repeated": True})


def test_an_unsigned_or_changed_message_is_refused(door: Door) -> None:
    """Without a signature, with one of another body, or with another's secret, nothing happens."""
    job = _waiting(door)
    body = b'{"key": "p3"}'
    other = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIHNpeHRlZW4gYnl0ZXM="
    for headers in ({}, _signed(door, b'{"key": "p4"}'), _signed(door, body, secret=other)):
        answer = door.post("/hooks/parcel", token="", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "BadSignature")
    assert door.state(job) == "parcel"


def test_a_message_that_nobody_waits_for_is_not_found(door: Door) -> None:
    """A hook that is not set up, and a message for no job, are 404."""
    body = b'{"key": "p99"}'
    assert door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body)).status_code == 404
    assert door.post("/hooks/other", token="", content=body, headers=_signed(door, body)).status_code == 404


def test_a_message_that_is_kept_is_accepted(door: Door) -> None:
    """A message for which nobody waits yet, and which a process keeps, is 202, and again the same (L3)."""
    door.engine.deploy(
        """
process: keeps
title: Keeps
need: A parcel
states:
  need: {type: need, next: wait}
  wait: {type: message, name: parcel, key: job.id, keep: P2D, within: P9D,
         on: {received: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""
    )
    body = b'{"key": "p99"}'
    first, again = (door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body)) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json()["status"], first.json()["job"]) == ("kept", "")
    assert again.json() == first.json() | {"repeated": True}


def test_the_name_of_a_hook_may_have_strokes_in_it(door: Door) -> None:
    """Messages may be named like ``mill/paid``, and so may their hooks."""
    answer = door.post("/hooks/mill/paid", token="", content=b"{}", headers=_signed(door, b"{}"))
    assert (answer.status_code, answer.json()["what"]) == (404, "there is no hook 'mill/paid'")


def test_a_message_that_starts_a_job_has_created_it(door: Door) -> None:
    """A message that no job waits for, and by which a process starts, is 201, and again the same (L3)."""
    started = """
process: parcels
need: A parcel
starts: {message: parcel, when: key.startsWith("new"), customer: '"ada"', need: {number: key}}
states:
  need: {type: need, fields: {number: {type: string}}, next: way}
  way: {type: message, name: parcel, key: data.need.number, all: true, on: {received: fulfilled}}
  fulfilled: {type: fulfilled}
"""
    door.engine.deploy(started)
    body = b'{"key": "new-1"}'
    first = door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body))
    assert (first.status_code, first.json()["seq"]) == (201, 1), first.text
    assert door.state(first.json()["job"]) == "way"
    again = door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body))
    assert (again.status_code, again.json()) == (201, first.json() | {"repeated": True})


def test_a_message_for_all_is_accepted(door: Door) -> None:
    """A message that its sender means for all who wait is 202, with how many they are, and again the same (L3)."""
    jobs = [_waiting(door) for _ in range(2)]
    body = b'{"key": "p3", "all": true}'
    first = door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body))
    assert (first.status_code, first.json()["status"], first.json()["waiting"]) == (202, "sent", 2), first.text
    again = door.post("/hooks/parcel", token="", content=body, headers=_signed(door, body))
    assert (again.status_code, again.json()) == (202, first.json() | {"repeated": True})
    door.engine.run_due()
    assert [door.state(job) for job in jobs] == ["fulfilled"] * 2
