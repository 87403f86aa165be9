"""Every verb and every door, by every kind of who may ask, of his own, of another's and of what is not there: as the
table of permissions says, alike over HTTP and in process, and alike for what is not his and what is not there (L4)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from matrix_cases import CASES, Case
from matrix_doors import DOORS, WITH_A_TOKEN_OF, Asking, Door
from matrix_expected import Verdict, expected
from matrix_shop import Answer, Asked, Shop, Thing, opened
from noted_database import NotedDatabase

from flowengine import Engine, FlowError
from flowengine.client import LocalDesk
from flowengine.client.desk import Desk
from flowengine.client.routes import BY_HAND, PREFIX, ROUTES
from flowengine.client.wire import KEY_HEADER, asking
from flowengine.people.identities import By
from flowengine.people.permissions import TABLE
from flowengine.web import make_app, signing_in
from flowengine.web.limiting import Capacity

CROSSING = {route.verb for route in ROUTES} | BY_HAND

FURTHER = {"act vote", "take_back question"}
"""What is looked up as far as the job has it, behind a lock: a stranger who knows the whole id of a job can tell one
of these from one that is not there by how much is asked, and by nothing that is answered."""

THINGS = ("own", "foreign", "missing")


def web_of(shop: Shop) -> Asked:
    """The shop over HTTP, where who asks shows what he has, or the application vouches for him."""

    def who(request: Any) -> By | None:
        vouched = request.headers.get("x-actor", "")
        return shop.people[vouched].by if vouched else signing_in.authenticate(request)

    capacity = Capacity(writers=1, readers=1, per_second=1_000_000, at_once=1_000_000)
    return Asked(make_app(shop.engine, authenticate=who, capacity=capacity))


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with NotedDatabase.open("sqlite://") as database:
        assert isinstance(database, NotedDatabase)
        yield opened(database)


@pytest.fixture(scope="module")
def web(shop: Shop) -> Iterator[Asked]:
    asked = web_of(shop)
    yield asked
    asked.close()


def label(case: Case) -> str:
    return f"{case.verb} {case.kind}".strip()


def arguments(case: Case, thing: Thing | None) -> dict[str, Any]:
    found = {name: thing.id if value is ... and thing else value for name, value in case.given.items()}
    return found | dict(thing.more if thing else {})


def in_process(engine: Engine, by: By, case: Case, thing: Thing | None) -> tuple[int, str]:
    """How it ends in process: the status that an error has over HTTP, and which it is; 200 where there is none."""
    given = arguments(case, thing)
    try:
        if not hasattr(Desk, case.verb):
            getattr(engine, case.verb)(**given, by=by)
        elif callable(found := getattr(LocalDesk(engine, by), case.verb)):
            found(**given)
    except FlowError as error:
        return error.status, error.code
    return 200, ""


def over_http(web: Asked, headers: Mapping[str, str], case: Case, thing: Thing | None) -> Answer:
    given, fixed = arguments(case, thing), {**headers, "x-request-id": "same"}
    if case.door:
        return web.ask("GET", case.door, urlencode(given or {"job": "mine"}), fixed)
    if case.verb == "attach":
        return web.ask("POST", f"{PREFIX}/files", urlencode({one: given[one] for one in ("name", "job")}), fixed,
                       given["data"])  # fmt: skip
    if case.verb == "file_data":
        return web.ask("GET", f"{PREFIX}/files/{given['id']}/data", "", fixed)
    sent = asking(case.verb).request(given)
    key = {KEY_HEADER.lower(): sent.key} if sent.key is not None else {}
    return web.ask(sent.method, sent.path, urlencode(sent.query), fixed | key, sent.body or b"")


class Seen(NamedTuple):
    """What a stranger could see of an answer: all of it, but for what he has asked, and what it cost."""

    status: int
    headers: dict[str, str]
    content: bytes
    statements: list[str]


def seen(answer: Answer, thing: Thing, statements: list[str]) -> Seen:
    content = answer.content
    for text in (str(thing.id), str(thing.id).partition(".")[0][-8:], *map(str, thing.more.values())):
        content = content.replace(text.encode(), b"<it>")
    headers = {name: text for name, text in answer.headers.items() if name != "content-length"}
    return Seen(answer.status, headers, content, statements)


def fits(verdict: Verdict, case: Case, status: int, code: str = "") -> bool:
    """Whether an answer is one for a verdict. Some who are let are told that it was done before."""
    if verdict == "let":
        return status < 400 or (case.verb == "archive" and code == "Refused")
    allowed = {"refused": (403,), "unknown": (401, 403)}.get(verdict, (401, 403, 404))
    return status in allowed


def wrong_with(shop: Shop, web: Asked, case: Case) -> Iterator[str]:
    """What is not as it has to be when all ask it."""
    things: tuple[Thing | None, ...] = shop.things[case.kind] if case.kind else (None,)
    for name, who in shop.people.items():
        absent: dict[str, Seen] = {}
        for which, thing in zip(THINGS, things if who.by is not None else things[:1], strict=False):
            verdict = expected(shop, name, case, thing)
            place = f"{name}, {which if thing else 'nothing'}, {verdict}"
            status, code = in_process(shop.engine, who.by, case, thing) if who.by is not None else (401, "")
            if not fits(verdict, case, status, code):
                yield f"{place}: in process {status} {code}"
            if case.verb not in CROSSING:
                continue
            shop.statements()
            answer = over_http(web, who.headers, case, thing)
            statements = shop.statements()
            same = who.by is None or case.door or alike(answer, status, code)
            if not fits(verdict, case, answer.status) or not same:
                yield f"{place}: over HTTP {answer.status} {answer.content[:200]!r}, in process {status} {code}"
            if name == "another customer" and (told := leaked(shop, answer, thing)):
                yield f"{place}: it tells {told}"
            if thing is not None and verdict == "absent":
                absent[place] = seen(answer, thing, [] if label(case) in FURTHER else statements)
        *others, missing = absent.values() or [None]
        for place, one in zip(absent, others, strict=False):
            if one != missing:
                yield f"{place}, is not answered as what is missing:\n  {one}\n  {missing}"


def alike(answer: Answer, status: int, code: str) -> bool:
    """Whether it was answered over HTTP as in process."""
    return answer.status < 400 > status or (answer.status, json.loads(answer.content).get("error")) == (status, code)


def leaked(shop: Shop, answer: Answer, asked: Thing | None) -> str:
    """An id or a name of another's that an answer tells to one who has nothing, and did not ask for it."""
    telling = {str(one.id).partition(".")[0] for kind in ("job", "step", "file", "fact", "order")
               for one in shop.things[kind][:2]}  # fmt: skip
    content = answer.content.replace(str(asked.id).partition(".")[0].encode() if asked else b" ", b"")
    return next((one for one in (*telling, "Ada", "Dora") if one.encode() in content), "")


# the matrix


@pytest.mark.parametrize("case", CASES, ids=label)
def test_who_may_do_what(shop: Shop, web: Asked, case: Case) -> None:
    """Whoever may is let, whoever may not is refused, and to whom it may not be known it is not there: by the table, by
    each door; and what is not there is answered byte for byte as what is another's, after as much was looked up."""
    assert not [*wrong_with(shop, web, case)]


def test_who_may_do_what_on_postgres(postgres_url: str) -> None:
    """It is the same there, for a part of all."""
    with NotedDatabase.open(postgres_url) as database:
        assert isinstance(database, NotedDatabase)
        shop = opened(database)
        web = web_of(shop)
        assert not [(label(case), wrong) for case in CASES[3::16] for wrong in wrong_with(shop, web, case)]
        web.close()


def test_every_verb_and_every_door_is_asked(web: Asked) -> None:
    """A verb or a door without a case fails: there are no gaps that nobody knows of."""
    asked = {verb for verb in TABLE if "by" in inspect.signature(getattr(Engine, verb)).parameters}
    assert {case.verb for case in CASES} == asked | {route.verb for route in ROUTES}
    paths = {(method.upper(), path) for path, methods in web.app.openapi()["paths"].items() for method in methods}
    verbs = {(route.method, PREFIX + route.path) for route in ROUTES}
    assert paths - verbs == {(door.method, door.path) for door in DOORS}


# the other doors


def ask_at(web: Asked, door: Door, asked: Asking, headers: Mapping[str, str]) -> Answer:
    body = b"" if asked.body is None else json.dumps(asked.body).encode()
    fixed = {**headers, **asked.headers, "x-request-id": "same"}
    return web.ask(door.method, asked.path or door.path, asked.query, fixed, body)


def status_at(door: Door, asked: Asking, name: str, headers: Mapping[str, str], known: bool) -> tuple[int, ...]:
    """How a door answers one of the shop."""
    if door.whose == "anybody":
        return (asked.status, 409) if asked.status == 200 and "cookie" in headers and known else (asked.status,)
    if door.whose == "session":
        return (asked.status,) if known and "cookie" in headers else (401, 403)
    if name in WITH_A_TOKEN_OF[door.whose]:
        return (asked.status,)
    if name == "another worker's token" and door.whose == "worker":
        return (404, 200) if asked.path == "" else (404,)
    return (401, 403)


@pytest.mark.parametrize(
    "door", [one for one in DOORS if one.whose != "row"], ids=lambda one: f"{one.method} {one.path}"
)
def test_whom_the_other_doors_let_in(shop: Shop, web: Asked, door: Door) -> None:
    """Doors for whoever comes do not ask who he is, those for tokens let in these alone; and what counts no more is
    answered as what never was."""
    asked = door.asked(shop)
    for name, who in shop.people.items():
        answers = {}
        for which, one in asked.items():
            shop.statements()
            answer = ask_at(web, door, one, who.headers)
            assert answer.status in status_at(door, one, name, who.headers, who.by is not None), (name, which, answer)
            answers[which] = (answer.status, plain(answer, door, one), shop.statements())
        if "over" in answers:
            assert answers["over"][:2] == answers["missing"][:2], name
        if door.whose == "worker" and name == "another worker's token" and "missing" in answers:
            assert answers["right"][:2] == answers["missing"][:2]


def plain(answer: Answer, door: Door, asked: Asking) -> str:
    """An answer without what was asked, and without what is made by chance."""
    found = json.loads(answer.content) if answer.content[:1] == b"{" else {}
    told = json.dumps({name: value for name, value in found.items() if name not in ("id", "expires")})
    for part in {*asked.path.split("/")} - {*door.path.split("/"), ""}:
        told = told.replace(part, "<it>")
    return told


# besides


def test_whatever_is_shown_is_looked_up_once(shop: Shop, web: Asked) -> None:
    """A token or a session costs one look, whose ever it is."""
    for name, who in shop.people.items():
        shop.statements()
        web.ask("GET", f"{PREFIX}/me", "", who.headers)
        looked = [one for one in shop.statements() if one in ("tokens.find", "tokens.speaker", "sessions.find")]
        assert len(looked) == ("x-actor" not in who.headers and name != "nobody"), name


def test_a_known_tag_tells_a_stranger_nothing(shop: Shop, web: Asked) -> None:
    """Who shows the tag of what another was answered is not told that it is still so."""
    job, _, missing = (one.id for one in shop.things["job"])
    own, stranger = shop.people["customer"].headers, shop.people["another customer"].headers
    tag = web.ask("GET", f"{PREFIX}/jobs/{job}", "", own).headers["etag"]
    assert web.ask("GET", f"{PREFIX}/jobs/{job}", "", {**own, "if-none-match": tag}).status == 304
    answers = [web.ask("GET", f"{PREFIX}/jobs/{one}", "", {**stranger, "if-none-match": tag}) for one in (job, missing)]
    assert [one.status for one in answers] == [404, 404]
    assert "etag" not in answers[0].headers


@pytest.mark.parametrize("label_", ["say job", "act step"])
def test_a_key_of_another_is_his_alone(shop: Shop, web: Asked, label_: str) -> None:
    """A request that another has made, asked again under his key, is answered as if the key were new; who has made it
    himself is told what it came to, however he is known now, and learns nothing by it of what is not his."""
    case = next(one for one in CASES if label(one) == label_)
    again = case._replace(given={**case.given, "key": "kept"})
    own, foreign, missing = shop.things[case.kind]
    for name, who in shop.people.items():
        new, repeated = (over_http(web, who.headers, one, own) for one in (case, again))
        if getattr(who.by, "person", "") == "ada" and getattr(who.by, "job", "") in ("", own.job):
            replayed = repeated.headers.get("idempotent-replayed") == "true"
            assert (repeated.status, replayed) == ((200, True) if case.verb == "say" else (409, False)), name
        else:
            assert repeated.status == new.status, name
        if expected(shop, name, case, foreign) == "absent":
            there, nowhere = (seen(over_http(web, who.headers, again, one), one, []) for one in (foreign, missing))
            assert there == nowhere, name


def test_a_short_id_tells_of_ones_own_alone(shop: Shop, web: Asked) -> None:
    """A beginning that many ids have is ambiguous among one's own jobs, and means nothing to who has none."""
    (start,) = {one.id[:5] for one in shop.things["job"][:2]}
    another = shop.people["another customer"].headers
    ada, ben, nothing = (web.ask("GET", f"{PREFIX}/jobs/{one}", "", headers) for one, headers in
                         ((start, shop.people["customer"].headers), (start, another), ("fffff", another)))  # fmt: skip
    assert ada.status == 409
    told = {*json.loads(ada.content)["possible"]}
    own, foreign = ({things[place].job[-12:-4] for things in shop.things.values()} for place in (0, 1))
    assert told
    assert told.isdisjoint(foreign - own)
    assert ben.status == nothing.status == 404
    assert ben.content.replace(start.encode(), b"<it>") == nothing.content.replace(b"fffff", b"<it>")
