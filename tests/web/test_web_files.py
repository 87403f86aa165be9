"""Files over HTTP: their bytes as they are, for who may have them, to be saved and never shown in place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from fastapi import Request
from httpx import Client, Response
from PIL import Image
from served_app import served

from flowengine import Engine, Identity, Settings, SimulatedClock
from flowengine.web import make_app

SHOP = """
process: shop
title: A shop
need: A table
roles: {maker: {title: Maker}}
states:
  need: {type: need, next: make}
  make: {type: task, for: maker, fields: {plan: {type: file, kinds: [pdf]}}, next: fulfilled}
  fulfilled: {type: fulfilled}
"""
PDF = b"%PDF-1.7\nhello"
FILES = "/api/v1/files"


def who(request: Request) -> Identity | None:
    """Whoever says so, as a host that has made sure of it."""
    person = request.headers.get("x-person")
    return Identity(person=person) if person else None


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with Engine(sqlite_url, clock=clock, settings=Settings(files="memory://", largest_file=100_000)) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada")
        engine.add_customer("ben", "Ben")
        engine.add_staff("tom", "Tom", ["maker"])
        yield engine


@pytest.fixture
def client(engine: Engine) -> Iterator[Client]:
    with served(make_app(engine, authenticate=who)) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
        yield client


def put(client: Client, data: bytes = PDF, by: str = "ada", **query: str) -> Response:
    return client.post(FILES, content=data, params={"name": "plan.pdf"} | query, headers={"x-person": by} if by else {})


def get(client: Client, id: str, by: str = "ada") -> Response:
    return client.get(f"{FILES}/{id}/data", headers={"x-person": by} if by else {})


def test_a_file_goes_in_and_comes_out_as_it_is(engine: Engine, client: Client) -> None:
    """With what it is told beside; it is to be saved, under its name, and runs nothing where it is shown all the
    same."""
    job = engine.start("shop", by="ada", need={}).job
    made = put(client, name="Pläne \u202e1.pdf", job=job)
    assert (made.status_code, made.json()["name"], made.json()["kind"]) == (201, "Pläne 1.pdf", "pdf")
    id = made.json()["id"]
    assert made.headers["location"] == f"{FILES}/{id}"
    found = get(client, id)
    assert (found.status_code, found.content) == (200, PDF)
    headers = found.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''Pl%C3%A4ne%201.pdf"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "sandbox"} <= set(policy)
    assert "no-store" in headers["cache-control"]
    assert client.get(f"{FILES}/{id}", headers={"x-person": "ada"}).json()["size"] == len(PDF)


def test_what_one_uploads_over_http_one_uses_over_http(engine: Engine, client: Client) -> None:
    """With a message and on a step."""
    job = engine.start("shop", by="ada", need={}).job
    id = put(client, job=job).json()["id"]
    sent = client.post(
        f"/api/v1/jobs/{job}/messages",
        json={"text": "The plan", "files": [id]},
        headers={"x-person": "ada", "idempotency-key": "k"},
    )
    assert sent.status_code == 200, sent.text
    page = client.get(f"/api/v1/jobs/{job}/conversation", headers={"x-person": "tom"}).json()
    assert [one["files"][0]["name"] for one in page["items"]] == ["plan.pdf"]
    assert get(client, id, by="tom").content == PDF
    his = put(client, by="tom").json()["id"]
    (step,) = [one for one in engine.inbox("tom") if not one.asked]
    acted = client.post(
        f"/api/v1/steps/{step.id}/act",
        json={"answer": {"plan": his}},
        headers={"x-person": "tom", "idempotency-key": "k"},
    )
    assert (acted.status_code, engine.track(job, "tom").status) == (200, "fulfilled")


def test_nobody_else_opens_it(client: Client) -> None:
    """Foreign and missing answer alike, byte for byte but for what was asked; who is nobody is told so before his body
    is looked at."""
    id, missing = put(client).json()["id"], "file-" + "0" * 32
    foreign, absent = get(client, id, by="ben"), get(client, missing, by="ben")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.text.replace(id, "") == absent.text.replace(missing, "")
    for answer in (put(client, by=""), put(client, data=b"", by=""), get(client, id, by="")):
        assert (answer.status_code, answer.json()["error"]) == (401, "BadToken")
    assert put(client, by="ben", job="01890000-0000-7000-8000-000000000000").status_code == 404


@pytest.mark.parametrize(
    ("data", "query", "status", "words"),
    [
        (b"", {}, 422, "is empty"),
        (b"MZ\x00\x01", {}, 422, "no type that is taken"),
        (b"<svg/>", {"name": "x.svg"}, 422, "is called .svg"),
        (b"x" * 100_001, {"name": "x.txt"}, 413, "more than 100,000 bytes"),
        (PDF, {"name": "x" * 2_000}, 422, "1000"),
    ],
)
def test_what_is_not_taken_is_told(client: Client, data: bytes, query: dict[str, str], status: int, words: str) -> None:
    """In the one shape of errors."""
    answer = put(client, data, **query)
    assert answer.status_code == status
    assert words in answer.text
    assert {"error", "what", "where", "possible"} <= answer.json().keys()


def test_a_file_without_a_name_is_told_so(client: Client) -> None:
    """A name is needed, if only for its ending."""
    answer = client.post(FILES, content=PDF, headers={"x-person": "ada"})
    assert (answer.status_code, answer.json()["error"]) == (422, "BadAnswer")


def test_a_picture_is_served_as_it_was_written_anew(client: Client) -> None:
    """And as what it is."""
    into = BytesIO()
    Image.new("RGB", (4, 4)).save(into, "PNG")
    made = put(client, into.getvalue() + b"<script>", name="x.png").json()
    found = get(client, made["id"])
    assert found.headers["content-type"] == "image/png"
    assert b"<script>" not in found.content
    assert int(found.headers["content-length"]) == len(found.content) == made["size"]


def test_it_is_described(client: Client) -> None:
    """Both routes are in the description, with bodies that are no JSON."""
    paths = client.get("/openapi.json").json()["paths"]
    assert "application/octet-stream" in paths[FILES]["post"]["requestBody"]["content"]
    assert "application/octet-stream" in paths[f"{FILES}/{{id}}/data"]["get"]["responses"]["200"]["content"]
