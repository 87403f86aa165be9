"""Messages that come in over HTTP, signed, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from engine_flows import LETTER

from flowengine import (
    Ambiguous,
    BadAnswer,
    BadSignature,
    Database,
    Engine,
    KeyConflict,
    NotFound,
    Receipt,
    Settings,
    SimulatedClock,
)
from flowengine.post.hooks import LONGEST_BODY
from flowengine.signing import headers, new_secret

SECRET, NEXT_SECRET, FOREIGN = new_secret(), new_secret(), new_secret()

Post = Callable[..., Receipt]


@pytest.fixture
def office(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """An engine with a hook for letters and one for parcels."""
    settings = Settings(hook_secrets={"letter": f"{SECRET} {NEXT_SECRET}", "parcel": SECRET})
    with Engine(database, clock=clock, handlers={}, settings=settings) as engine:
        engine.deploy(LETTER)
        for name in ("ada", "ben"):
            engine.add_customer(name, name.title())
        yield engine


@pytest.fixture
def post(office: Engine, clock: SimulatedClock) -> Post:
    """Posts a document as a sender would: signed now, unless something else is said."""

    def posted(
        document: Any, id: str = "msg_1", *, hook: str = "letter", secret: str = SECRET, at: datetime | None = None
    ) -> Receipt:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return office.receive(hook, headers([secret], id, at or clock.now(), body), body)

    return posted


def _letters(office: Engine, by: str = "ada", number: str = "1") -> str:
    return office.start("letters", by=by, need={"number": number}).job


def _states(office: Engine, job: str) -> tuple[str, ...]:
    return next(row.states for row in office.jobs() if row.id == job)


def test_a_signed_message_finds_its_job(office: Engine, post: Post) -> None:
    """A message goes to the job that waits for its name and key, with its body."""
    one, two = _letters(office), _letters(office, "ben", "2")
    receipt = post({"key": "2", "body": {"text": "Yes"}})
    assert receipt.job == two
    assert "talk" in _states(office, two)
    assert _states(office, one) == ("wait_for_letter",)
    line = office.history(two)[-1]
    assert (line.command["name"], line.command["key"], line.command["body"]) == ("letter", "2", {"text": "Yes"})
    assert office.audit(two).fine


def test_a_message_may_name_its_job(office: Engine, post: Post) -> None:
    """A sender that knows the job need not be searched for among all."""
    one = _letters(office)
    _letters(office, "ben")
    with pytest.raises(Ambiguous):
        post({"key": "1"})
    assert post({"key": "1", "job": one}, "msg_2").job == one


@pytest.mark.parametrize("named", [True, False])
def test_a_message_that_is_delivered_again_changes_nothing(
    office: Engine, post: Post, clock: SimulatedClock, named: bool
) -> None:
    """The same id has the same receipt, also when it comes later, signed anew; another message under it is refused
    (L3)."""
    job = _letters(office)
    document: dict[str, Any] = {"key": "1", "body": "Yes"} | ({"job": job} if named else {})
    receipt = post(document)
    clock.advance(timedelta(hours=3))
    assert post(document) == receipt
    assert post(document, secret=NEXT_SECRET) == receipt
    assert len(office.history(job)) == 2
    with pytest.raises((KeyConflict, NotFound)) as refused:
        post(document | {"body": "No"})
    if named:
        assert isinstance(refused.value, KeyConflict)
    assert len(office.history(job)) == 2


def test_equal_messages_at_once_are_one(office: Engine, post: Post) -> None:
    """A sender that sends twice at the same moment gets one receipt twice (L3)."""
    job = _letters(office)
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: post({"key": "1", "job": job}), range(8)))
    assert receipts == receipts[:1] * 8
    assert len(office.history(job)) == 2


def test_senders_may_choose_the_same_ids(office: Engine, post: Post) -> None:
    """An id is the sender's own: another hook's message under the same id is another message."""
    first, second = _letters(office), _letters(office, "ben", "2")
    assert post({"key": "1"}, "m").job == first
    with pytest.raises(NotFound):
        post({"key": "1"}, "m", hook="parcel")
    assert post({"key": "2"}, "n" * 180).job == second
    assert post({"key": "2"}, "n" * 180).job == second


def test_a_message_for_no_job_is_refused(office: Engine, post: Post) -> None:
    """A message that nobody waits for is not lost in silence: its sender is told, and may send it again later."""
    for document in ({"key": "1"}, {"key": "1", "job": "0" * 12}, {}):
        with pytest.raises(NotFound):
            post(document)
    job = _letters(office)
    assert post({"key": "1"}).job == job


def test_a_wrong_signature_is_refused(office: Engine, post: Post, clock: SimulatedClock) -> None:
    """A foreign secret, a changed body and another hook's headers get nothing through."""
    job = _letters(office)
    with pytest.raises(BadSignature):
        post({"key": "1"}, secret=FOREIGN)
    body = b'{"key": "1"}'
    signed = headers([SECRET], "m", clock.now(), body)
    with pytest.raises(BadSignature):
        office.receive("letter", signed, body.replace(b"1", b"2"))
    with pytest.raises(BadSignature):
        office.receive("letter", {}, body)
    with pytest.raises(BadSignature):
        office.receive("parcel", headers([NEXT_SECRET], "m", clock.now(), body), body)
    assert len(office.history(job)) == 1


@pytest.mark.parametrize("minutes", [-6, 6, 600])
def test_an_old_timestamp_is_refused(office: Engine, post: Post, clock: SimulatedClock, minutes: int) -> None:
    """What was signed more than five minutes ago, or is said to come from the future, is not taken."""
    job = _letters(office)
    with pytest.raises(BadSignature, match=r"too (old|new)"):
        post({"key": "1"}, at=clock.now() - timedelta(minutes=minutes))
    assert len(office.history(job)) == 1
    assert post({"key": "1"}, at=clock.now() - timedelta(minutes=4)).job == job


def test_a_hook_that_is_not_set_up_is_not_there(post: Post) -> None:
    """Only messages with a secret come in, whatever the processes wait for."""
    with pytest.raises(NotFound, match="no hook"):
        post({}, hook="postcard")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"[]",
        b'"letter"',
        b'{"key": 1}',
        b'{"job": 7}',
        b'{"key": null}',
        b'{"keys": "1"}',
        b'{"key": "\xff"}',
        b'{"body": ' + b"[" * 50_000,
        b'{"body": "' + b"x" * LONGEST_BODY + b'"}',
    ],
)
def test_what_is_no_message_is_refused(office: Engine, post: Post, body: bytes) -> None:
    """A document of another shape is refused with the shape that is expected, though it is signed (L12)."""
    job = _letters(office)
    with pytest.raises(BadAnswer):
        post(body)
    assert len(office.history(job)) == 1


def test_a_body_that_is_too_large_for_a_job_is_refused(office: Engine, post: Post) -> None:
    """A message has at most 256 KiB, over HTTP as everywhere."""
    job = _letters(office)
    with pytest.raises(BadAnswer):
        post({"key": "1", "job": job, "body": "x" * 300_000})
    assert _states(office, job) == ("wait_for_letter",)
