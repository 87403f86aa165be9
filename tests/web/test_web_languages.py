"""Over HTTP each is told what he asks for, and what cannot be done, in the language that he accepts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from german import MANTEL, english
from httpx import Client
from served_app import served

from flowengine import Engine, SimulatedClock
from flowengine.web import make_app

GERMAN = {"accept-language": "de-AT,en;q=0.5"}


@pytest.fixture
def api() -> Iterator[tuple[Engine, Client]]:
    """An engine on which Ada's coat is begun, and she who asks it."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with Engine("sqlite://", clock=clock, handlers={}) as engine:
        engine.deploy(MANTEL)
        engine.add_customer("ada", "Ada", zone="Europe/Berlin", groups=["verein"])
        engine.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-07-01"}, by="ada")
        app = make_app(engine, authenticate=lambda _: "ada")
        with served(app) as url, Client(base_url=url, trust_env=False) as client:
            yield engine, client


def problem(client: Client, path: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What cannot be done, as it is told; in that language, as its headers say."""
    sent = {**headers, "idempotency-key": "0b5b2a58-0000-4000-8000-000000000001", "sec-fetch-site": "same-origin"}
    answer = client.get(path, headers=headers) if body is None else client.post(path, json=body, headers=sent)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == ("de" if headers is GERMAN else "en")
    assert "accept-language" in answer.headers["vary"].lower()
    found: dict[str, Any] = answer.json()
    return found


def test_a_problem_is_told_in_the_language_that_is_accepted(api: tuple[Engine, Client]) -> None:
    """Its detail, what is wrong with each field, and what is possible; its code, and what stands in it, as ever. Who
    accepts none that is spoken is told in English."""
    engine, client = api
    step = engine.inbox(by="ada")[0].id
    path = f"/api/v1/steps/{step}/act"
    wrong = {"outcome": "chosen", "answer": {"stoff": "samt"}}
    told = problem(client, path, GERMAN, wrong)
    assert (told["code"], told["where"]) == ("BadAnswer", "wahl")
    assert told["problems"] == {"stoff": '"samt" wird nicht angeboten; wählen Sie eines von loden (Loden), tuch (Tuch)'}
    assert told["detail"] == "stoff: " + told["problems"]["stoff"]
    plain = problem(client, path, {"accept-language": "fr"}, wrong)
    assert plain["problems"] == {"stoff": '"samt" is not offered; choose one of loden (Loden), tuch (Tuch)'}
    assert plain == problem(client, path, {}, wrong)
    missing = problem(client, "/api/v1/jobs/1234567", GERMAN)
    assert (missing["status"], english(missing["detail"])) == (404, [])
    many = problem(client, path, GERMAN, {"outcome": "chosen", "answer": {"stoff": "loden", "x" * 2000: "y" * 400_000}})
    assert english(many["detail"]) == []


def test_answers_are_told_in_it_too(api: tuple[Engine, Client]) -> None:
    """The words that are ours in a view, its days, and its numbers."""
    engine, client = api
    job = engine.jobs(by="ada")[0].id
    promise = client.get(f"/api/v1/jobs/{job}", headers=GERMAN).json()["promise"]["words"]
    assert promise == "Zugesagt für Mi., 1. Juli 2026"
    assert client.get(f"/api/v1/jobs/{job}").json()["promise"]["words"] == "Promised for Wed 1 Jul 2026"


def test_a_moment_in_a_problem_is_told_by_the_clock_of_who_asks(api: tuple[Engine, Client]) -> None:
    """In the language that he accepts, and in his own zone, which the request does not say."""
    engine, client = api
    engine.set_name("ada", zone="America/New_York")
    engine.act(engine.inbox(by="ada")[0].id, "chosen", {"stoff": "loden"}, by="ada")
    engine.act(engine.inbox(by="ada")[0].id, "answered", {"groesse": 180, "warm": True}, by="ada")
    far = {"outcome": "book", "answer": {"slot": "2030-05-06T09:00:00Z"}}
    step = engine.inbox(by="ada")[0].id
    for headers in ({}, GERMAN):
        found = problem(client, f"/api/v1/steps/{step}/act", headers, far)
        assert "(New York)" in found["problems"]["slot"]
    assert english(found["detail"]) == []
