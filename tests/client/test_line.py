"""The line to a server: sent again until it is answered, and never so that anything is done twice (L3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from striking import Scripted, Time, answer, error, lost

from flowengine import (
    AnswerRefused,
    BadAnswer,
    BadToken,
    ConnectionLost,
    DatabaseBusy,
    FlowError,
    KeyConflict,
    NotFound,
    ProcessRefused,
    Receipt,
    Refused,
    StoreError,
    TooMany,
)
from flowengine.client import RemoteDesk
from flowengine.client.line import LONG_TIMEOUT, PATIENCE, TRIES

RECEIPT = {"job": "j", "seq": 1, "status": "open"}
KEY = "idempotency-key"


def far(*answers: Any, takes: float = 0.0, **more: Any) -> tuple[RemoteDesk, Scripted]:
    """A desk on a server that gives these answers."""
    time = Time()
    server = Scripted(answers, time, takes)
    desk = RemoteDesk("https://shop.example", "flow_x", server=server, wait=time.wait, ticks=time.ticks, **more)
    return desk, server


def keys(server: Scripted) -> list[str]:
    """The request keys that were sent."""
    return [{name.lower(): value for name, value in one.headers.items()}.get(KEY, "") for one in server.sent]


ACTS: list[Callable[[RemoteDesk], Any]] = [
    lambda desk: desk.start("shop", need={"wish": "x"}),
    lambda desk: desk.act("j.1", "done"),
    lambda desk: desk.send("paid", "7", request_key=None),
    lambda desk: desk.withdraw("j"),
    lambda desk: desk.end("j", "because"),
]


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_sent_again_with_the_same_key(act: Callable[[RemoteDesk], Any]) -> None:
    """Whatever breaks, each sending has one key, which no other act has."""
    desk, server = far(lost(), lost(in_doubt=False), answer(502, b"<html>"), answer(200, RECEIPT))
    assert act(desk) == Receipt(**RECEIPT)
    (key,) = set(keys(server))
    assert len(server.sent) == 4
    assert len(key) == 36
    act(desk)
    assert keys(server)[-1] not in ("", key)


def test_the_callers_key_is_sent(request: pytest.FixtureRequest) -> None:
    """A key that is given is sent as it is, and ``key_of`` makes those that are not."""
    desk, server = far(answer(200, RECEIPT), key_of=lambda: request.node.name)
    desk.claim("j.1", key="mine")
    desk.claim("j.1")
    desk.send("paid", "7", request_key="mine too")
    assert keys(server) == ["mine", request.node.name, "mine too"]


def test_a_repetition_is_told_by_the_callers_key_alone() -> None:
    """Under his own key the caller hears that it was done before; what was only sent twice was done now."""
    again = answer(200, RECEIPT, idempotent_replayed="true")
    desk, _ = far(lost(), again)
    assert not desk.claim("j.1").repeated
    assert desk.claim("j.1", key="mine").repeated


@pytest.mark.parametrize("trouble", [lost(), answer(502, b"bad gateway"), error(503, "ConnectionLost")])
def test_what_has_no_key_is_not_sent_again_once_it_may_be_done(trouble: Any) -> None:
    """What begins something that runs out by itself takes no key, and is not sent twice: it is said that nobody knows.
    A deployment is sent again under its key, whether the verb takes one itself or not."""
    desk, server = far(trouble)
    with pytest.raises(ConnectionLost, match="whether it was done is not known") as given_up:
        desk.begin_totp()
    assert given_up.value.in_doubt
    assert given_up.value.possible == ("look whether it was done",)
    assert len(server.sent) == 1
    assert keys(server) == [""]
    desk, server = far(trouble, answer(201, {"name": "x", "version": "1", "title": "X", "new": True}))
    assert desk.deploy("process: x").new
    first, second = keys(server)
    assert first == second != ""
    desk, server = far(answer(201, {"name": "x", "version": "1", "title": "X", "new": True}))
    assert desk.once("mine").deploy("process: x").new
    assert keys(server) == ["mine"]


@pytest.mark.parametrize("trouble", [lost(in_doubt=False), error(503, "Overloaded"), error(429, "TooMany")])
def test_what_has_no_key_is_sent_again_where_it_was_not_done(trouble: Any) -> None:
    """Where there was no connection, or the server took nothing in, nothing was done."""
    found = {"name": "x", "version": "1", "title": "X", "new": True}
    desk, server = far(trouble, answer(201, found))
    assert desk.deploy("process: x").new
    assert len(server.sent) == 2


def test_looking_is_sent_again_whatever_breaks() -> None:
    """A question changes nothing, so it is asked again; what is put in place is put there again."""
    desk, server = far(lost(), answer(504, b""), answer(200, {"items": [], "next": None}))
    assert desk.inbox() == []
    person = {"id": "tom", "kind": "staff", "name": "Tom"}
    for put in (RemoteDesk.add_staff, RemoteDesk.add_customer):
        desk, server = far(lost(), answer(200, person))
        assert put(desk, "tom", "Tom").name == "Tom"
        assert len(server.sent) == 2
    desk, server = far(lost(), error(409, "Refused"))
    with pytest.raises(Refused):
        desk.preview("j", "withdraw")
    assert [one.method for one in server.sent] == ["POST", "POST"], "a look that has much to say goes in a body"


def test_the_server_says_how_long_to_wait() -> None:
    """With ``Retry-After`` that is waited for; without it a little, longer each time."""
    busy, often = error(503, "DatabaseBusy", retry_after="3"), error(429, "TooMany", retry_after="7")
    desk, server = far(busy, often, lost(), lost(), answer(200, RECEIPT))
    desk.claim("j.1")
    first, second, third, fourth = server.time.waits
    assert (first, second) == (3, 7)
    assert 0 < third <= 0.8 < 1.7 > fourth > 0


def test_it_is_given_up_in_number_and_in_time() -> None:
    """After so many tries, or so many seconds, it ends, with the server's own words where nothing was done."""
    desk, server = far(error(503, "DatabaseBusy", "a lock was not had in time"))
    with pytest.raises(DatabaseBusy, match="a lock was not had"):
        desk.claim("j.1")
    assert len(server.sent) == TRIES
    desk, server = far(lost(), takes=9.0)
    begun = server.time.ticks()
    with pytest.raises(ConnectionLost):
        desk.claim("j.1")
    assert server.time.ticks() - begun <= PATIENCE + 9
    assert len(server.sent) == 4
    desk, server = far(error(429, "TooMany", retry_after="3600"))
    with pytest.raises(TooMany):
        desk.claim("j.1")
    assert (len(server.sent), server.time.waits) == (1, [])


def test_what_goes_through_much_is_waited_for() -> None:
    """An audit may take minutes; it is not sent again and again meanwhile."""
    desk, server = far(answer(200, {"jobs": 7, "entries": 70}))
    assert desk.audit().fine
    assert server.within == [LONG_TIMEOUT]


def test_giving_up_says_whether_it_may_have_been_done() -> None:
    """In doubt as soon as one sending may have arrived, with the key by which to ask again."""
    desk, server = far(lost(in_doubt=False))
    with pytest.raises(ConnectionLost, match="the server does not answer: the connection broke") as sure:
        desk.claim("j.1")
    assert not sure.value.in_doubt
    assert sure.value.where == "https://shop.example"
    desk, server = far(lost(), lost(in_doubt=False))
    with pytest.raises(ConnectionLost, match="whether it was done is not known") as doubt:
        desk.claim("j.1")
    assert doubt.value.in_doubt
    assert keys(server)[0] in doubt.value.possible[0]
    desk, _ = far(lost())
    with pytest.raises(ConnectionLost) as looked:
        desk.inbox()
    assert not looked.value.in_doubt, "looking does nothing"
    desk, _ = far(lost())
    with pytest.raises(ConnectionLost) as dry:
        desk.withdraw("j", dry=True)
    assert not dry.value.in_doubt, "asking what would come of it does nothing"


@pytest.mark.parametrize("refused", [error(400, "Refused"), error(404, "NotFound"), error(500, "HistoryBroken")])
def test_what_is_refused_is_not_sent_again(refused: Any) -> None:
    """A refusal is an answer."""
    desk, server = far(refused)
    with pytest.raises(FlowError):
        desk.claim("j.1")
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1, 2", b'{"job": 7}', b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 9000]
)
def test_garbage_is_no_answer(body: bytes) -> None:
    """What is no receipt is refused as an answer, and it is said that nobody knows what was done."""
    desk, _ = far(answer(200, body))
    with pytest.raises(AnswerRefused, match="is not what claim answers; whether it was done is not known") as refused:
        desk.claim("j.1")
    assert refused.value.where == "https://shop.example"
    desk, _ = far(answer(200, body))
    with pytest.raises(AnswerRefused, match="is not what track answers: "):
        desk.track("j")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b"\xff", b'{"error": 7}', b"[" * 9000])
@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (404, Refused), (418, Refused), (500, StoreError)])
def test_an_error_that_is_none_of_ours_is_told_by_its_status(status: int, kind: type[FlowError], body: bytes) -> None:
    """What a proxy answers on the way is told as that."""
    desk, _ = far(answer(status, body))
    with pytest.raises(kind, match=f"the server answered {status}, which is no answer of flowengine") as told:
        desk.track("j")
    assert type(told.value) is kind


def test_a_newer_server_says_more() -> None:
    """Fields that are not known are passed over, and an error that is not known is a refusal with its words."""
    desk, _ = far(answer(200, RECEIPT | {"colour": "blue", "more": {"a": [1]}}))
    assert desk.claim("j.1").job == "j"
    told = {
        "error": "NotToday",
        "what": "it is Sunday",
        "where": "shop",
        "possible": ["on Monday"],
        "until": "2027-01-04",
    }
    for status, kind in ((409, Refused), (500, StoreError)):
        desk, _ = far(answer(status, told))
        with pytest.raises(kind) as refused:
            desk.claim("j.1")
        assert str(refused.value) == "shop: it is Sunday (possible: on Monday)"
    desk, _ = far(answer(409, told | {"error": "BadAnswer"}))
    with pytest.raises(Refused, match="it is Sunday"):
        desk.claim("j.1")


def test_an_older_server_says_less() -> None:
    """What is not said is as if it were not there; without what must be there, it is no answer."""
    desk, _ = far(answer(200, {"id": "ada", "kind": "customer", "name": "Ada"}))
    assert desk.find_person("ada").roles == ()
    desk, _ = far(answer(200, {"id": "ada"}))
    with pytest.raises(AnswerRefused, match="missing required field"):
        desk.find_person("ada")


def test_errors_are_those_that_were_raised() -> None:
    """By their code, with all that they say."""
    problems = {"legs": "must be a whole number"}
    desk, _ = far(
        answer(422, {"error": "BadAnswer", "what": "x", "where": "choose", "possible": ["3"], "problems": problems})
    )
    with pytest.raises(BadAnswer) as bad:
        desk.act("j.1", "answered", {"legs": "x"})
    assert (bad.value.problems, bad.value.where, bad.value.possible) == (problems, "choose", ("3",))
    problem = {
        "file": "p.yaml",
        "line": 3,
        "column": 7,
        "code": "unknown-key",
        "message": "no such key",
        "hint": "title",
    }
    desk, _ = far(answer(422, {"error": "ProcessRefused", "problems": [problem]}))
    with pytest.raises(ProcessRefused) as refused:
        desk.deploy("process: x")
    assert [one.to_json() for one in refused.value.problems] == [problem]
    desk, _ = far(error(409, "KeyConflict"))
    with pytest.raises(KeyConflict):
        desk.claim("j.1", key="k")
    desk, _ = far(error(401, "BadToken"))
    with pytest.raises(BadToken) as unknown:
        desk.inbox()
    assert unknown.value.possible == ("flow login https://shop.example",)


def test_nothing_is_sent_that_cannot_be() -> None:
    """An id that nothing has, what is no JSON, and a key that no header takes, are refused before anything is sent."""
    desk, server = far(answer(200, RECEIPT))
    for part in ("", ".", ".."):
        with pytest.raises(NotFound):
            desk.track(part)
    for value in ({"a": float("nan")}, {"a": {1, 2}}, {"a": "\ud800"}, {"a": object()}):
        with pytest.raises(BadAnswer):
            desk.start("shop", need=value)
    for text in ("\ud800", "a\udfff"):
        with pytest.raises(BadAnswer):
            desk.track(text)
        with pytest.raises(BadAnswer):
            desk.inbox(text=text)
    for key in ("", " k", "k\n", "clé", "k\r\nx: y"):
        with pytest.raises(Refused):
            desk.claim("j.1", key=key)
    assert server.sent == []


@pytest.mark.parametrize(
    "id", ["a/b", "a b", "a?b#c", "a%2Fb", "..a", "ü", "a&b=c", "../../x", "auth0|5f7c", "urn:uuid:1"]
)
def test_an_id_stays_one_part_of_the_path(id: str) -> None:
    """Whatever an id holds, it leads nowhere else."""
    desk, server = far(answer(200, RECEIPT))
    desk.claim(id)
    (sent,) = server.sent
    assert sent.path.startswith("/api/v1/steps/")
    assert sent.path.endswith("/claim")
    assert sent.path.count("/") == 5
    assert "?" not in sent.path
    assert "#" not in sent.path


def test_more_rows_are_fetched_page_by_page() -> None:
    """A server gives 200 at once; a desk gives as many as it is asked for."""

    def row(number: int) -> dict[str, Any]:
        return {
            "id": f"j{number}", "short": "j", "process": "p", "version": "1", "customer": "a", "customer_name": "A",
            "status": "open", "states": [], "started": "2027-01-04T10:00:00Z", "updated": "2027-01-04T10:00:00Z",
        }  # fmt: skip

    pages = [
        {"items": [row(at) for at in range(first, last)], "next": None}
        for first, last in ((0, 200), (200, 400), (400, 450))
    ]
    desk, server = far(*[answer(200, page) for page in pages])
    assert [one.id for one in desk.jobs(limit=1000)] == [f"j{at}" for at in range(450)]
    asked = [one.path.partition("?")[2] for one in server.sent]
    assert asked == ["limit=200", "limit=200&after=j199", "limit=200&after=j399"]


def test_a_verb_that_stays_near_says_so() -> None:
    """An archive is written where the database is."""
    desk, server = far(answer(200, {}))
    with pytest.raises(Refused, match="where the database is"):
        desk.archive(datetime(2027, 1, 4, tzinfo=UTC), "x.jsonl")
    assert server.sent == []
