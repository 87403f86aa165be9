"""Whose a token was a moment ago is only a guess: it is looked up in the transaction in which somebody acts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from httpx import Client, Response
from noted_database import NotedDatabase
from served_app import served

from flowengine import Engine
from flowengine.web import make_app

TALK = """
process: talk
title: A talk
need: Words
states:
  need: {type: need, next: say}
  say: {type: ask, ask: And then?, fields: {words: {type: string}}, within: P7D, on: {answered: say, expired: gone}}
  stop: {type: decision, rules: [{when: 'count("say") > 1000000', to: fulfilled}], else: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
always:
  enough: {by: customer, to: stop}
"""


class Talk:
    """Ada's talk at a server, and her token, of which another process may know more than the server."""

    def __init__(self, client: Client, database: NotedDatabase, engine: Engine, elsewhere: Engine) -> None:
        self.database, self.engine, self.elsewhere = database, engine, elsewhere
        self._client = client
        self.step = engine.start("talk", by="ada").steps[0]
        self.said = 0

    def act(self, token: str) -> Response:
        """Say something more."""
        self.said += 1
        headers = {"authorization": f"Bearer {token}", "idempotency-key": f"said-{self.said}"}
        body = {"outcome": "answered", "answer": {"words": "Yes"}}
        answer = self._client.post(f"/api/v1/steps/{self.step}/act", json=body, headers=headers)
        if answer.status_code == 200:
            self.step = answer.json()["steps"][0]
        return answer


@pytest.fixture
def talk(database_url: str) -> Iterator[Talk]:
    with NotedDatabase.open(database_url) as database, Engine(database) as engine, Engine(database_url) as elsewhere:
        engine.deploy(TALK)
        engine.add_customer("ada", "Ada")
        engine.add_customer("ben", "Ben")
        with served(make_app(engine)) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            assert isinstance(database, NotedDatabase)
            yield Talk(client, database, engine, elsewhere)


@pytest.mark.parametrize("own", [True, False])
def test_a_token_that_was_revoked_elsewhere_does_nothing(talk: Talk, own: bool) -> None:
    """Also where the server has looked it up a moment ago, and has not heard of it."""
    if own:
        made = talk.engine.issue_own_token(["act"], by="ada")
        token, revoke = made.token, lambda: talk.elsewhere.revoke_own_token(made.id, by="ada")
    else:
        issued = talk.engine.issue_token("operator", "ada")
        token, revoke = issued.token, lambda: talk.elsewhere.revoke_token(issued.id)
    assert [talk.act(token).status_code for _ in range(2)] == [200, 200]
    revoke()
    before = talk.step
    refused = talk.act(token)
    assert (refused.status_code, refused.json()["error"]) == (401, "BadToken")
    assert [one.id for one in talk.engine.inbox("ada")] == [before]


def test_an_act_by_a_token_that_is_known_is_one_transaction(talk: Talk) -> None:
    """It is looked up once, with who asks; somebody else's step is none of his, as ever."""
    token = talk.engine.issue_own_token(["act"], by="ada").token
    assert talk.act(token).status_code == 200
    talk.database.asked.clear()
    assert talk.act(token).status_code == 200
    asked = [one.query for one in talk.database.asked]
    assert asked.count("tokens.speaker") == 1
    assert asked.index("tokens.speaker") == asked.index("people.get") + 1
    stranger = talk.engine.issue_own_token(["act"], by="ben").token
    assert {talk.act(stranger).json()["error"] for _ in range(2)} == {"NotFound"}


def test_a_token_is_only_for_what_it_is_for(talk: Talk) -> None:
    """One that only reads acts on nothing, the first time and when it is known."""
    token = talk.engine.issue_own_token(["read"], by="ada").token
    assert {talk.act(token).status_code for _ in range(2)} == {403}
