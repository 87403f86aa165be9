"""Every verb by every kind of actor, over HTTP and in process: as the table of permissions says, and alike (L4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from served_app import served
from verb_cases import CASES, Ready, workshop

from flowengine import PROGRAM, Actor, Engine, FlowError
from flowengine.client import LocalDesk
from flowengine.client.wire import KEY_HEADER, asking
from flowengine.people.identities import By, Identity
from flowengine.people.permissions import ANY, NEVER, TABLE
from flowengine.web import make_app

ACTORS: dict[str, By] = {
    "customer": Identity(person="ada"),
    "another customer": Identity(person="ben"),
    "staff": Identity(person="tom"),
    "operator": Identity(person="olga"),
    "program": PROGRAM,
    "service": Actor(kind="service", id="order_cloth"),
    "clock": Actor(kind="clock"),
}

ROW = {"source": "process"}
"""Verbs of a desk that ask by the row of another."""
FREE = {"me", "now", "need"}
"""Verbs that are about whoever asks, or that he may ask who is not known yet."""

BY_OTHER_RULES = {
    "start": "the organisation says for whom",
    "offer": "what is offered is meant for the customer",
}
"""Where who may ask is refused for another reason."""

HIS_OWN = {"sessions", "sign_out_everywhere", "credentials", "begin_totp", "issue_own_token", "own_tokens"}
"""What each asks of himself: to another it is as his own, and the program, which is nobody, has none."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine, Client]]:
    """Two workshops alike, one of them over HTTP, where a header names who asks."""
    folder: Path = tmp_path_factory.mktemp("permissions")

    def who(request: Any) -> By | None:
        return ACTORS.get(request.headers.get("x-actor", ""))

    with workshop(f"sqlite:///{folder}/here.db") as here, workshop(f"sqlite:///{folder}/there.db") as there:
        app = make_app(there, authenticate=who)
        with served(app) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            yield here, there, client


def _in_process(engine: Engine, verb: str, by: By) -> tuple[int, str]:
    given = CASES[verb](Ready(engine)).given
    found = getattr(LocalDesk(engine, by), verb)
    try:
        if callable(found):
            found(**given)
    except FlowError as error:
        return error.status, error.code
    return asking(verb).route.status, ""


def _over_http(engine: Engine, client: Client, verb: str, actor: str) -> tuple[int, str]:
    sent = asking(verb).request(CASES[verb](Ready(engine)).given)
    headers = {"x-actor": actor} | ({KEY_HEADER: sent.key} if sent.key is not None else {})
    answer = client.request(sent.method, sent.path, params=sent.query, content=sent.body, headers=headers)
    return answer.status_code, answer.json()["error"] if answer.status_code >= 400 else ""


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("verb", CASES)
def test_who_may_do_what_is_the_same_by_every_door(both: tuple[Engine, Engine, Client], verb: str, actor: str) -> None:
    """Whom the table lets, is let; whom it never lets is refused; and it is the same over HTTP as in process."""
    here, there, client = both
    expected = _in_process(here, verb, ACTORS[actor])
    assert _over_http(there, client, verb, actor) == expected
    if verb in FREE:
        assert expected[0] < 400
        return
    relation = getattr(TABLE[ROW.get(verb, verb)], actor.removeprefix("another "))
    if relation == NEVER:
        assert expected[0] in (403, 404)
    elif verb in HIS_OWN and actor in ("program", "another customer"):
        assert expected[0] in (200, 201, 403, 422), expected
    elif relation == ANY and verb not in BY_OTHER_RULES:
        assert expected[0] < 400, expected
    elif actor == "another customer" and verb not in ("find_step", "inbox", "inbox_counts", "jobs", "start", "agenda"):
        assert expected[0] in (403, 404), expected
