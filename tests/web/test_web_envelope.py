"""What every answer has, and which requests are answered at all."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from httpx import Client
from served_app import served

from flowengine import Engine, Settings, errors
from flowengine.web import make_app
from flowengine.web.envelope import FIXED, POLICY, REQUEST, Named
from flowengine.web.errors import PAGE, title_of


def _failing(_: object) -> Any:
    raise RuntimeError("password=hunter2")


def test_every_answer_has_the_headers_of_the_house() -> None:
    """Answers, errors, what is not there, and what nobody foresaw: browsers are kept from making more of them."""
    with (
        Engine("sqlite://") as engine,
        served(make_app(engine, authenticate=_failing)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        for path, status in (("/health/live", 200), ("/nothing", 404), ("/metrics", 401), ("/api/v1/jobs", 500)):
            answer = client.get(path)
            assert answer.status_code == status
            for name, value in (*FIXED, POLICY):
                assert answer.headers[name.decode()] == value.decode(), path
            assert "strict-transport-security" not in answer.headers
            assert len(answer.headers["x-request-id"]) == 16
            assert answer.headers["cache-control"] == "no-store"
            policy = answer.headers["content-security-policy"].split("; ")
            assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)


def test_files_of_pages_are_no_pages() -> None:
    """Opened by themselves they run nothing, lie in no frame, and are the base of nothing."""
    with Engine("sqlite://") as engine:
        app = make_app(engine, pages=True)
        with served(app) as url, Client(base_url=url, trust_env=False) as client:
            for path in app.state.assets.paths.values():
                policy = client.get(path).headers["content-security-policy"].split("; ")
                assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "sandbox"} <= set(policy)


def test_what_people_reach_by_tls_says_so() -> None:
    """Also where a proxy in front of it speaks TLS, as the installation's own address says; and TRACE is nothing."""
    with (
        Engine("sqlite://", settings=Settings(url="https://flow.example")) as engine,
        served(make_app(engine)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        for path, status in (("/health/live", 405), ("/api/v1/jobs", 405), ("/nothing", 404)):
            answer = client.request("TRACE", path)
            assert (answer.status_code, answer.headers["strict-transport-security"]) == (status, "max-age=31536000")


def test_a_request_keeps_its_id() -> None:
    """The id that a proxy gave is answered and is in each line of the log; one that is none is replaced."""
    with (
        Engine("sqlite://") as engine,
        served(make_app(engine)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        assert client.get("/health/live", headers={"x-request-id": "proxy-7"}).headers["x-request-id"] == "proxy-7"
        for wrong in ("a b", "x" * 65, "<script>"):
            assert client.get("/health/live", headers={"x-request-id": wrong}).headers["x-request-id"] != wrong
    record = logging.makeLogRecord({"msg": "hello"})
    token = REQUEST.set("proxy-7")
    try:
        assert Named().filter(record)
    finally:
        REQUEST.reset(token)
    assert record.__dict__["request"] == "proxy-7"
    other = logging.makeLogRecord({"msg": "hello"})
    assert Named().filter(other)
    assert "request" not in other.__dict__


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("shop.example.org", 200), ("SHOP.example.org:8080", 200), ("a.shops.example", 200), ("[::1]:80", 200),
        ("evil.example", 421), ("shop.example.org.evil.example", 421), ("shops.example", 421), ("", 421),
    ],
)  # fmt: skip
def test_only_known_hosts_are_served(host: str, status: int) -> None:
    """Where names are given, a request for another one is refused before anything is done."""
    hosts = ("shop.example.org", "*.shops.example", "[::1]")
    with (
        Engine("sqlite://") as engine,
        served(make_app(engine, hosts=hosts)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        answer = client.get("/health/live", headers={"host": host})
        assert answer.status_code == status
        if status == 421:
            assert answer.json()["error"] == "WrongHost"
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_error_is_a_problem_with_a_place_in_the_docs() -> None:
    """Each code that may be answered has a title, and stands on the page that its type names."""
    from pathlib import Path

    page = (Path(__file__).parents[2] / PAGE).read_text("utf-8")
    codes = [
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.FlowError)
    ]
    for code in [*codes, "Failed", "WrongMethod", "WrongHost"]:
        assert title_of(code) not in ("", code), code
        assert "(L" not in title_of(code)
        if code not in ("FlowError",):
            assert f'<a id="{code}"></a>' in page, code
