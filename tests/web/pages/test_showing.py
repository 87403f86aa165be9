"""Pages that are looked at on one machine alone, where whoever comes says who he would like to be."""

from __future__ import annotations

from datetime import UTC, datetime

from house import Visitor
from httpx import Client
from served_app import served

from flowengine import Engine, SimulatedClock
from flowengine.web.showing import for_show


def test_whoever_comes_says_who_he_would_like_to_be(sqlite_url: str) -> None:
    """Everybody there is offered; it is chosen by a form of ours, from this machine alone, and nobody signs in."""
    with Engine(sqlite_url, clock=SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC)), handlers={}) as engine:
        engine.add_customer("ada", "Ada <i>")
        engine.add_staff("tom", "Tom", roles=["tailor"])
        engine.add_staff("gone", "Gone")
        engine.leave("gone", because="He has moved")
        with served(for_show(engine, "A house")) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            visitor = Visitor(client, "")
            assert visitor.get("/").headers["location"] == "/as?next=%2F"
            offered = visitor.get("/as").text
            assert "Ada &lt;i&gt;" in offered
            assert "tailor" in offered
            assert "Gone" not in offered
            assert visitor.post("/as", {"person": "ada"}, sec_fetch_site="cross-site").status_code == 403
            assert visitor.post("/as", {"person": "nobody"}).status_code == 404
            assert visitor.post("/as", {"person": "ada", "next": "//evil.example"}).headers["location"] == "/"
            assert "Be somebody else" in visitor.get("/").text
            assert visitor.post("/as", {"person": "tom", "next": "/work"}).headers["location"] == "/work"
            assert visitor.get("/work").status_code == 200
            assert client.get("/as", headers={"host": "evil.example"}).status_code == 421
            assert client.get("/door/x", headers={"accept": "text/html"}).status_code == 404
