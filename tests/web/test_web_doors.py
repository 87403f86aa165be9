"""What every door has in common: tokens, bounds, the shape of errors, health, and its description."""

from __future__ import annotations

import logging
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from httpx import Client, Response, post
from served_app import served

from flowengine import Database, DatabaseBusy, Engine
from flowengine.errors import ConnectionLost, FlowError, http_status
from flowengine.web import make_app
from flowengine.web.bodies import LARGEST

if TYPE_CHECKING:
    from served_app import Door

CLAIM = "/api/v1/calls/claim"
SHAPE = {"type", "title", "status", "detail", "code", "error", "what", "where", "possible"}


# tokens


def test_without_a_valid_token_nobody_comes_in(door: Door) -> None:
    """None, a malformed, an unknown, an expired and a revoked token are told the same: 401."""
    expired = door.engine.issue_token("worker", "old", handlers=["cut"], expires=timedelta(hours=1)).token
    revoked = door.engine.issue_token("worker", "gone", handlers=["cut"])
    door.engine.revoke_token(revoked.id)
    door.clock.advance(timedelta(hours=1))
    tokens = ["nonsense", "flow_" + "A" * 43, expired, revoked.token]
    answers = [door.post(CLAIM, {"worker": "a"}, token=token) for token in tokens]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    none = door.post(CLAIM, {"worker": "a"}, token="")
    assert (none.status_code, none.json()["error"], none.headers["www-authenticate"]) == (401, "BadToken", "Bearer")
    basic = door.post(CLAIM, {"worker": "a"}, token="", headers={"authorization": "Basic YWRhOmFkYQ=="})
    assert basic.status_code == 401


def test_a_token_of_another_scope_is_not_for_this(door: Door) -> None:
    """A token opens only the doors of its scope."""
    token = door.engine.issue_token("metrics", "grafana").token
    answer = door.post(CLAIM, {"worker": "a"}, token=token)
    assert (answer.status_code, answer.json()["error"], answer.json()["possible"]) == (403, "NotAllowed", ["worker"])


def test_revoking_works_at_the_next_request(door: Door) -> None:
    """No token is remembered from one request to the next."""
    assert door.post(CLAIM, {"worker": "a"}).status_code == 200
    door.engine.revoke_token(door.engine.tokens()[0].id)
    assert door.post(CLAIM, {"worker": "a"}).status_code == 401


def test_a_stranger_s_body_is_not_read(door: Door) -> None:
    """Who has no token is told so, whatever else is wrong."""
    assert door.post(CLAIM, token="", content=b"{" * 100).status_code == 401


# bodies


@pytest.mark.parametrize("content", [b"", b"{", b"worker=a", b"\xff\xfe", b'{"worker": NaN}', b'{"worker": "\\ud800"}'])
def test_what_is_no_json_is_refused(door: Door, content: bytes) -> None:
    """Malformed, broken and endlessly nested bodies are told what is wrong, within bounds (L12)."""
    answer = door.post(CLAIM, content=content)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Malformed"
    assert set(answer.json()) == SHAPE


def test_a_deep_result_is_refused(door: Door) -> None:
    """A value nested beyond what can be kept harms nobody: it is no JSON that is taken."""
    door.order()
    call = door.claim()
    body = b'{"lease": "%s", "result": %s%s}' % (call["lease"].encode(), b"[" * 100_000, b"]" * 100_000)
    answer = door.post(f"/api/v1/calls/{call['id']}/finish", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "Malformed")


def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    """A body beyond the bound is refused by its length, or as soon as more than that has come in pieces."""
    large = b'{"worker": "' + b"a" * LARGEST + b'"}'
    assert door.post(CLAIM, content=large).status_code == 413

    def pieces() -> Any:
        for _ in range(20):
            yield b" " * (LARGEST // 10)

    answer = door.post(CLAIM, content=pieces())
    assert (answer.status_code, answer.json()["error"]) == (413, "TooLarge")
    assert "elsewhere" in answer.json()["possible"][0]


def test_a_body_at_the_bound_is_read(door: Door) -> None:
    """The bound itself is taken, and a result that is too large for a job is told by its own rule."""
    door.order()
    call = door.claim()
    frame = '{"lease": "%s", "result": "%s"}'
    room = LARGEST - len(frame % (call["lease"], ""))
    answer = door.post(f"/api/v1/calls/{call['id']}/finish", content=(frame % (call["lease"], "x" * room)).encode())
    assert answer.status_code == 200
    assert "store it elsewhere" in answer.json()["error"]


# errors


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/docs", 404), ("GET", "/api/v1/nothing", 404), ("GET", CLAIM, 405),
     ("PUT", "/hooks/x", 405)],
)  # fmt: skip
def test_wrong_addresses_are_told_in_the_same_shape(door: Door, method: str, path: str, status: int) -> None:
    """What is not there, and what is there but not so, are JSON as every error."""
    answer = door.client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == SHAPE
    if status == 405:
        assert answer.json()["possible"] == ["POST"]


class Failing(Engine):
    """An engine that fails when it is asked whose token that is."""

    def __init__(self, error: Exception) -> None:
        super().__init__("sqlite://", handlers={})
        self.error = error

    def token(self, text: str) -> Any:  # noqa: ARG002
        raise self.error


def claimed_from(engine: Engine) -> Response:
    """What a worker hears that asks an engine for work."""
    with engine, served(make_app(engine)) as url:
        return post(f"{url}{CLAIM}", json={"worker": "a"}, headers={"authorization": "Bearer flow_A"}, trust_env=False)


def test_a_fault_of_ours_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw is 500 in the same shape: no trace, no words of its own."""
    with caplog.at_level(logging.CRITICAL):
        answer = claimed_from(Failing(RuntimeError("password=hunter2")))
    assert (answer.status_code, answer.json()["error"]) == (500, "Failed")
    assert "hunter2" not in answer.text
    assert set(answer.json()) == SHAPE


@pytest.mark.parametrize("error", [DatabaseBusy("locked: /srv/flow.db"), ConnectionLost("host=10.0.0.7")])
def test_a_database_that_is_away_is_said_without_its_address(error: FlowError) -> None:
    """503 with when to come again; where the database is, is nobody's business."""
    answer = claimed_from(Failing(error))
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, error.code, "1")
    assert error.what not in answer.text


def test_every_error_has_a_status() -> None:
    """Whatever flowengine raises on purpose has a status; those not listed have their parent's."""

    def below(kind: type[FlowError]) -> list[type[FlowError]]:
        return [kind, *(one for child in kind.__subclasses__() for one in below(child))]

    statuses = {kind.__name__: http_status(kind.__new__(kind)) for kind in below(FlowError)}
    assert statuses["DatabaseBusy"] == 503
    assert statuses["NotFound"] == 404
    assert statuses["InvariantBroken"] == 500
    assert set(statuses.values()) == {400, 401, 403, 404, 409, 413, 422, 428, 429, 500, 503}
    assert http_status(KeyError()) == 500


def test_no_token_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is logged while work is done and refused, no secret is in it."""
    door.order()
    with caplog.at_level(logging.DEBUG):
        call = door.claim()
        door.post(f"/api/v1/calls/{call['id']}/finish", {"lease": call["lease"], "result": {"note": "quite private"}})
        door.post("/api/v1/complete", {"token": call["token"], "result": "also private"})
        door.post(CLAIM, {"worker": "a"}, token="flow_" + "B" * 43)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpcore", "hpack"))]
    for secret in (door.token, call["token"], call["lease"], "private", "B" * 43):
        assert secret not in "\n".join(ours)


# health and description


class Going(Database):
    """A database that can go away."""

    away = False

    def revision(self) -> str | None:
        if self.away:
            raise ConnectionLost("the server at 10.0.0.7 is gone")
        return super().revision()


def test_the_server_lives_whatever_the_database_does() -> None:
    """Live says that the process answers; ready that the database does, without anybody's token."""
    with Going.open("sqlite://") as database, served(make_app(Engine(database))) as url, Client(base_url=url) as client:
        assert client.get("/health/live").json() == {"status": "alive"}
        assert client.get("/health/ready").json() == {"status": "ready"}
        database.away = True
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert "10.0.0.7" not in answer.text
        assert client.get("/health/live").status_code == 200


def test_the_description_is_whole(door: Door) -> None:
    """OpenAPI describes every door: what it takes, what it answers, how it refuses, and who may come in."""
    found = door.client.get("/openapi.json").json()
    assert {
        CLAIM, "/api/v1/calls/{id}/heartbeat", "/api/v1/calls/{id}/finish", "/api/v1/calls/{id}/fail",
        "/api/v1/complete", "/hooks/{name}", "/health/live", "/health/ready",
    } <= set(found["paths"])  # fmt: skip
    claim = found["paths"][CLAIM]["post"]
    assert claim["security"]
    assert claim["requestBody"]["content"]["application/json"]["schema"]["required"] == ["worker"]
    calls = claim["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["calls"]
    assert {"id", "key", "lease", "deadline", "input"} <= set(calls["items"]["properties"])
    assert {"401", "403", "413", "422"} <= set(claim["responses"])
    assert "http://" not in str(found)
    assert "https://" not in str(found)


def test_a_broken_request_harms_nobody(door: Door) -> None:
    """What is no HTTP, and a request that breaks off, leave the server at work."""
    address = (str(door.client.base_url.host), door.client.base_url.port)
    for sent in (b"\x00\x01\x02\r\n\r\n", f"POST {CLAIM} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode()):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(sent)
    assert door.client.get("/health/ready").status_code == 200
