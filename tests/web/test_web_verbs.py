"""Each verb of a desk over HTTP: answers and errors as in process, request keys, pages, tags, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response
from served_app import served
from verb_cases import CASES, Case, Ready, any_case, without_ids, workshop

from flowengine import BadToken, Engine, FlowError
from flowengine.client import LocalDesk
from flowengine.client.routes import ROUTES
from flowengine.client.wire import KEY_HEADER, MOST, REPLAYED_HEADER, asking
from flowengine.people.identities import Identity
from flowengine.web import make_app

VERBS = [route.verb for route in ROUTES]


@dataclass
class Served:
    """A workshop over HTTP."""

    engine: Engine
    client: Client
    tokens: dict[str, str]

    def ask(self, verb: str, by: str, **given: Any) -> Response:
        """Ask a verb as the client of the other side does."""
        sent = asking(verb).request(given)
        headers = {"authorization": f"Bearer {self.tokens[by]}"} if by in self.tokens else {"x-user": by}
        headers |= {KEY_HEADER: sent.key} if sent.key is not None else {}
        return self.client.request(sent.method, sent.path, params=sent.query, content=sent.body, headers=headers)


def by_name(request: Any) -> Identity | None:
    """Who asks, as an application may say that has made sure of it before."""
    said = request.headers.get("x-user", "")
    if said == "mallory":
        raise BadToken("we know you")
    return Identity(person=said) if said else None


def serving(engine: Engine, **more: Any) -> Iterator[Served]:
    """The workshop served, with a token for each of its people where it asks for these."""
    people = [] if "authenticate" in more else engine.people()
    tokens = {one.id: engine.issue_token("operator", one.id).token for one in people}
    with served(make_app(engine, **more)) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
        yield Served(engine, client, tokens)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Served]]:
    """Two workshops alike, one of them over HTTP."""
    folder: Path = tmp_path_factory.mktemp("workshops")
    with workshop(f"sqlite:///{folder}/here.db") as here, workshop(f"sqlite:///{folder}/there.db") as there:
        yield from ((here, found) for found in serving(there, authenticate=by_name))


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Served]:
    """A workshop over HTTP."""
    with workshop(sqlite_url) as engine:
        yield from serving(engine)


def _case(engine: Engine, verb: str) -> Case:
    return CASES[verb](Ready(engine)) if verb in CASES else any_case(asking(verb))


def _in_process(engine: Engine, verb: str, case: Case) -> tuple[int, str]:
    """What is answered in process: the status that goes with it, and the answer in JSON, or the error."""
    found = getattr(LocalDesk(engine, case.by), verb)
    try:
        answer = found(**case.given) if callable(found) else found
    except FlowError as error:
        return error.status, f"{error.code}: {error}"
    content = asking(verb).content(answer, case.given.get("limit", asking(verb).limit))
    return asking(verb).route.status, content.decode()


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_answers_over_http_as_in_process(both: tuple[Engine, Served], verb: str) -> None:
    """The same answer for the same question, or the same error: whoever answers, it is the same desk."""
    here, there = both
    status, expected = _in_process(here, verb, _case(here, verb))
    case = _case(there.engine, verb)
    answer = there.ask(verb, case.by, **case.given)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert verb not in CASES, expected
        assert expected.startswith(answer.json()["error"])
        return
    assert without_ids(answer.text) == without_ids(expected)
    read = asking(verb).answer(answer.content)
    assert without_ids(asking(verb).content(read, case.given.get("limit", asking(verb).limit)).decode()) == without_ids(
        expected
    )


def test_who_asks_first_says_who_he_is(shop: Served) -> None:
    """Without a token, with a wrong one or one of another scope nothing is done, whatever else is wrong."""
    for verb in VERBS:
        answer = shop.ask(verb, "", **any_case(asking(verb)).given)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), verb
    shop.tokens["nobody"] = "flow_" + "A" * 43
    assert shop.ask("jobs", "nobody").status_code == 401
    shop.tokens["prometheus"] = shop.engine.issue_token("metrics", "prometheus").token
    assert shop.ask("jobs", "prometheus").status_code == 403
    shop.tokens["program"] = shop.engine.issue_token("operator", "our-site").token
    assert shop.ask("jobs", "program").status_code == 200
    assert shop.ask("me", "program").json() is None
    assert shop.ask("me", "ada").json()["id"] == "ada"


def test_an_application_says_itself_who_asks(sqlite_url: str) -> None:
    """``authenticate`` of the host decides; what it raises is answered, and None is nobody."""

    with (
        workshop(sqlite_url) as engine,
        served(make_app(engine, authenticate=by_name)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        assert client.get("/api/v1/me", headers={"x-user": "ada"}).json()["id"] == "ada"
        assert client.get("/api/v1/me").status_code == 401
        assert client.get("/api/v1/me", headers={"x-user": "mallory"}).json()["what"] == "we know you"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin"}, 404),
        ({"origin": "http://testing", "host": "testing"}, 404),
        ({"origin": "https://testing", "host": "testing"}, 404),
        ({"origin": "https://evil.example", "authorization": "Bearer x"}, 404),
        ({}, 404),
    ],
)
def test_a_page_of_another_site_asks_for_nobody(
    both: tuple[Engine, Served], headers: dict[str, str], status: int
) -> None:
    """A browser that shows another site's page changes nothing for who has a session here."""
    for path in ("/api/v1/incidents/none.1/retry", "/api/v1/files?name=plan.txt&job=none"):
        assert both[1].client.post(path, headers={"x-user": "olga"} | headers).status_code == status
    assert both[1].client.get("/api/v1/me", headers={"x-user": "olga"} | headers).status_code == 200


def test_without_the_api_there_are_only_the_doors(sqlite_url: str) -> None:
    """An application may leave the verbs out."""
    with (
        workshop(sqlite_url) as engine,
        served(make_app(engine, api=False)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        assert client.get("/api/v1/jobs").status_code == 404
        assert client.post("/api/v1/calls/claim").status_code == 401
        assert "/api/v1/jobs" not in client.get("/openapi.json").json()["paths"]


# request keys


def test_what_changes_something_is_asked_with_a_key(shop: Served) -> None:
    """Without one nothing happens, and it is said how; what is asked dry needs none."""
    for verb in VERBS:
        if asking(verb).needs_key:
            given = any_case(asking(verb)).given
            given.pop(asking(verb).key.name)  # type: ignore[union-attr]
            answer = shop.ask(verb, "olga", **given)
            assert (answer.status_code, answer.json()["error"]) == (428, "KeyMissing"), verb
            assert answer.json()["possible"][0].startswith(KEY_HEADER)
    assert shop.engine.jobs() == []
    job = Ready(shop.engine).table()
    assert shop.ask("end", "olga", job=job, because="A try", dry=True).status_code == 200
    assert shop.engine.track(job, "olga").status == "open"


def test_a_request_that_is_repeated_is_answered_as_it_was(shop: Served) -> None:
    """The same key gives the same status and the same bytes, and says so; another body under it is a conflict (L3)."""
    given: dict[str, Any] = {"process": "table", "need": {"wish": "x"}, "key": "k"}
    first, again = shop.ask("start", "ada", **given), shop.ask("start", "ada", **given)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.status_code == 201
    assert (first.headers.get(REPLAYED_HEADER), again.headers.get(REPLAYED_HEADER)) == (None, "true")
    assert len(shop.engine.jobs()) == 1
    other = shop.ask("start", "ada", **given | {"need": {"wish": "y"}})
    assert (other.status_code, other.json()["error"]) == (409, "KeyConflict")


# lists, tags, paths


def test_a_list_is_read_page_by_page(shop: Served) -> None:
    """``next`` of one page is ``after`` of the following one, and each row comes once."""
    ready = Ready(shop.engine)
    made = {ready.table() for _ in range(5)}
    for verb, who in (("jobs", "olga"), ("inbox", "ada")):
        found, after = [], None
        while True:
            page = shop.ask(verb, who, limit=2, after=after).json()
            assert len(page["items"]) <= 2
            found += [row.get("job", row["id"]) for row in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert (len(found), set(found)) == (5, made), verb
    answer = shop.ask("jobs", "olga", limit=MOST + 1)
    assert (answer.status_code, set(answer.json()["problems"])) == (422, {"limit"})
    job = next(iter(made))
    assert [row["seq"] for row in shop.ask("history", "olga", job=job, after=0).json()["items"]] == [1]
    for number in range(4):
        shop.engine.say(job, f"Mind stair {number}", by="ada")
    page = shop.ask("history", "olga", job=job, limit=2).json()
    assert ([row["seq"] for row in page["items"]], page["next"]) == ([1, 2], "2")
    page = shop.ask("history", "olga", job=job, limit=3, after=2).json()
    assert ([row["seq"] for row in page["items"]], page["next"]) == ([3, 4, 5], "5")
    assert shop.ask("history", "olga", job=job, after=5).json() == {"items": [], "next": None}
    assert shop.ask("history", "olga", job=job, limit=MOST + 1).status_code == 422


def test_what_is_known_is_not_sent_again(shop: Served) -> None:
    """An answer has a tag; whoever shows it is told that nothing has changed, until it has."""
    job = Ready(shop.engine).table()
    path = asking("track").request({"job": job}).path
    headers = {"authorization": f"Bearer {shop.tokens['ada']}"}
    tag = shop.client.get(path, headers=headers).headers["etag"]
    same = shop.client.get(path, headers=headers | {"if-none-match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    shop.engine.say(job, "Mind the stairs", by="ada")
    assert shop.client.get(path, headers=headers | {"if-none-match": tag}).status_code == 200


def test_an_id_may_hold_whatever_ids_may(shop: Served) -> None:
    """A slash or a percent sign in an id is part of it, wherever the application stands."""
    shop.engine.add_customer("eve/1%2F2", "Eve")
    assert shop.ask("person", "tom", id="eve/1%2F2").json()["name"] == "Eve"
    assert shop.ask("holdings", "olga", person="a/holdings").status_code == 404
    answer = shop.client.get("/api/v1/people/%FF", headers={"authorization": f"Bearer {shop.tokens['tom']}"})
    assert (answer.status_code, answer.json()["where"]) == (422, "path")


def test_a_path_that_is_asked_otherwise_says_how(shop: Served) -> None:
    """405 names the methods of the path, 404 says nothing else; both in the shape of every error."""
    wrong = shop.client.delete("/api/v1/jobs")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    for path in ("/api/v1/jobs/", "/api/v1/nothing", "/api/v1//jobs", "/api/v1/jobs/x/y/z/w"):
        assert shop.client.get(path).status_code == 404, path
