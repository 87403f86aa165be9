"""Server-sent events: something has changed, told to whoever may know, as long as he may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from httpx import Client, Response
from served_app import served
from verb_cases import Ready, workshop
from waiting import until

from flowengine import Engine
from flowengine.reading.changes import Interest, interest, looked
from flowengine.web import make_app
from flowengine.web.app import Application
from flowengine.web.events import MINE, MOST_EACH, PATH


@dataclass
class Hearing:
    """A workshop that is listened to."""

    engine: Engine
    app: Application
    client: Client
    tokens: dict[str, str]

    @contextmanager
    def listening(self, who: str, job: str, last: str = "") -> Iterator[Iterator[dict[str, str]]]:
        """The events as they come."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"} | ({"last-event-id": last} if last else {})
        with self.client.stream("GET", PATH, params={"job": job}, headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield _events(answer)

    def refused(self, who: str, job: str) -> int:
        """The status of who may not listen."""
        headers = {"authorization": f"Bearer {self.tokens.get(who, 'none')}"}
        return self.client.get(PATH, params={"job": job}, headers=headers).status_code


def _events(answer: Response) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    for line in answer.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value
        elif "event" in found:
            yield found
            found = {}


@pytest.fixture
def hearing(database_url: str) -> Iterator[Hearing]:
    with workshop(database_url) as engine:
        tokens = {one.id: engine.issue_token("operator", one.id).token for one in engine.people()}
        app = make_app(engine)
        with served(app) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            yield Hearing(engine, app, client, tokens)


def test_a_job_tells_that_it_has_changed(hearing: Hearing) -> None:
    """First how it stands, then each change, with the number of its last history entry."""
    job = Ready(hearing.engine).table()
    with hearing.listening("ada", job) as events:
        first = next(events)
        assert (first["event"], first["id"], json.loads(first["data"])) == ("now", "1", {"job": job, "seq": 1})
        hearing.engine.say(job, "Mind the stairs", by="ada")
        changed = next(events)
        assert (changed["event"], changed["id"]) == ("changed", "2")
    until(lambda: len(hearing.app.state.listeners) == 0)


def test_what_was_missed_is_told_at_once(hearing: Hearing) -> None:
    """``Last-Event-ID`` says what was heard last: something has changed since, or it has not."""
    job = Ready(hearing.engine).table()
    hearing.engine.say(job, "Mind the stairs", by="ada")
    for last, told in (("1", "changed"), ("2", "now")):
        with hearing.listening("ada", job, last) as events:
            assert next(events)["event"] == told


@pytest.mark.parametrize("who", ["ada", "tom"])
def test_whom_it_concerns_is_told(hearing: Hearing, who: str) -> None:
    """``mine``: a customer's own jobs, and what waits for a role."""
    job = Ready(hearing.engine).table()
    with hearing.listening(who, MINE) as events:
        first = next(events)
        assert json.loads(first["data"]) == {"mine": True}
        hearing.engine.move(job, "build", because="It is known", by="olga")
        changed = next(events)
        assert changed["event"] == "changed"
        assert changed["id"] != first["id"]
    with hearing.listening(who, MINE, changed["id"]) as events:
        assert next(events)["event"] == "now"


def test_whom_it_does_not_concern_hears_nothing(hearing: Hearing) -> None:
    """What somebody listens to stands as it stood while others' jobs go on, and a claim is heard by all who wait."""
    shell = hearing.engine.shell
    concerned = {who: interest(shell, who) for who in ("ada", "ben", "tom", "mia", "olga")}
    ready = Ready(hearing.engine)

    def told_by(job_and_step: tuple[str, str], what: str) -> set[str]:
        before = looked(shell, concerned.values())
        job, step = job_and_step
        if what == "said":
            hearing.engine.say(job, "Mind the stairs", by="ada")
        else:
            hearing.engine.claim(step, by="tom")
        after = looked(shell, concerned.values())
        return {who for who, one in concerned.items() if before[one] != after[one]}

    job = ready.built()
    step = ready.step(job)
    assert told_by((job, step), "said") == {"ada"}
    assert told_by((job, step), "claimed") == {"ada", "tom", "mia"}
    assert looked(shell, [Interest(job="nothing")]) == {}


def test_a_stream_ends_with_the_right_to_it(hearing: Hearing) -> None:
    """Whose token is revoked hears nothing any more: the next change ends the stream, untold."""
    job = Ready(hearing.engine).table()
    with hearing.listening("ada", job) as events:
        next(events)
        hearing.engine.revoke_token(next(one.id for one in hearing.engine.tokens() if one.subject == "ada"))
        hearing.engine.say(job, "Mind the stairs", by="tom")
        assert next(events, None) is None
    assert hearing.refused("ada", job) == 401


def test_who_may_not_see_a_job_does_not_hear_of_it(hearing: Hearing) -> None:
    """A foreign job and one that is not there are answered alike, and nobody is let in without a token (L4)."""
    job = Ready(hearing.engine).table()
    assert hearing.refused("ben", job) == 404
    assert hearing.refused("ben", "nothing") == 404
    assert hearing.refused("nobody", job) == 401
    assert hearing.client.get(PATH).status_code == 422
    assert hearing.client.get(PATH, params={"job": MINE, "since": "1"}).status_code == 422
    assert hearing.client.post(PATH).status_code == 405


def test_one_person_does_not_listen_without_end(hearing: Hearing) -> None:
    """Beyond so many streams of one person the next is refused with when to come again."""
    with _several(hearing, MOST_EACH):
        assert hearing.refused("ben", MINE) == 429
        assert hearing.refused("ada", "nothing") == 404
    until(lambda: len(hearing.app.state.listeners) == 0)


@contextmanager
def _several(hearing: Hearing, number: int) -> Iterator[None]:
    if number == 0:
        yield
        return
    with hearing.listening("ben", MINE) as events:
        next(events)
        with _several(hearing, number - 1):
            yield


def test_a_server_that_stops_lets_them_go(hearing: Hearing) -> None:
    """Whoever listens is let go well when the server is told to stop, and the database is left in peace."""
    with hearing.listening("ada", MINE) as events:
        next(events)
        hearing.app.state.stopping.set()
        assert next(events, None) is None
