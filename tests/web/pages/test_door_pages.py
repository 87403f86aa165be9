"""Coming in: links that tell nothing, codes, another person in the same browser, programs that ask to be let in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from coats import COATS
from forms import form_of, send
from house import House, Visitor, opened

from flowengine import Settings, SimulatedClock
from flowengine.commands.codes import digits_of
from flowengine.runtime.ways_in import WaysIn


@pytest.fixture
def job(house: House) -> str:
    """Ada's job."""
    return _job(house)


def _job(house: House) -> str:
    house.engine.deploy(COATS)
    house.engine.add_customer("ada", "Ada", contact="ada@example.org")
    house.engine.add_customer("bob", "Bob", contact="bob@example.org")
    return house.engine.start("coat", need={"what": "A wedding", "by": "2026-06-01"}, by="ada").job


def digits(house: House, address: str) -> str:
    """The digits that the letter has whose code an address names."""
    found = re.search(r"(?:id|code)=([\w-]+)", address)
    assert found is not None
    return digits_of(house.engine.shell.secret.made(house.engine.shell), found[1])


def test_a_link_tells_nothing_until_somebody_says_that_it_is_him(house: House, job: str) -> None:
    """A look at it signs nobody in, and is the same for a link that never was; the button leads to the one job."""
    secret = house.engine.make_link(job, "ada").secret
    nobody = house.visitor()
    page = nobody.get(f"/door/{secret}")
    other = nobody.get("/door/flowl_never")
    assert page.text.replace(secret, "") == other.text.replace("flowl_never", "")
    assert "set-cookie" not in page.headers
    assert house.engine.links(job, by="ada")[0].uses == ()
    done = send(nobody, page, "/door/")
    assert (done.status_code, done.headers["location"]) == (303, f"/jobs/{job}")
    assert nobody.get("/").headers["location"] == f"/jobs/{job}"


def test_a_dead_link_leads_to_a_code(house: House, job: str) -> None:
    """Revoked or never there: the same words, and a way on."""
    made = house.engine.make_link(job, "ada")
    house.engine.revoke_link(made.id, by="ada")
    nobody = house.visitor()
    for secret in (made.secret, "flowl_never"):
        page = send(nobody, nobody.get(f"/door/{secret}"), "/door/")
        assert page.status_code == 401
        assert 'href="/login"' in page.text


def test_a_code_opens_the_door_beside_the_button(house: House, job: str) -> None:
    """The digits lead to where the link leads; wrong ones say so."""
    secret = house.engine.make_link(house.engine.inbox(by="ada")[0].id, "ada").secret
    nobody = house.visitor()
    asked = send(nobody, nobody.get(f"/door/{secret}"), "/code").headers["location"]
    page = nobody.get(asked)
    wrong = send(nobody, page, "/answer", code="000000")
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (401, True)
    done = send(nobody, wrong, "/answer", code=digits(house, asked))
    assert done.headers["location"].startswith(f"/steps/{job}")
    assert nobody.get("/").status_code == 200


def test_who_is_signed_in_as_somebody_else_is_asked_who_he_is(house: House, job: str) -> None:
    """Nobody becomes somebody else without a word; with it the other is signed out."""
    bob = house.visitor("bob")
    page = send(bob, bob.get(f"/door/{house.engine.make_link(job, 'ada').secret}"), "/door/")
    assert page.status_code == 409
    assert "Bob" in page.text
    assert "Ada" not in page.text
    assert send(bob, page, "/door/").headers["location"] == f"/jobs/{job}"
    assert len(house.engine.sessions("bob")) == 0


@pytest.mark.usefixtures("job")
def test_signing_in_by_a_code_leads_back_to_a_page_of_ours(house: House) -> None:
    """And nowhere else; whether anybody has the address is not told; who shares it says who he is; then he goes."""
    house.engine.add_customer("eve", "Eve", contact="ada@example.org")
    nobody = house.visitor()
    unknown = send(nobody, nobody.get("/login"), "/login", contact="none@example.org")
    assert unknown.headers["location"].startswith("/login/answer?id=")
    for back, leads in (("/start/coat", "/start/coat"), ("//evil.example", "/"), ("/\\evil.example", "/")):
        who = house.visitor()
        asked = send(who, who.get("/login?back=" + back), "/login", contact="ada@example.org").headers["location"]
        which = send(who, who.get(asked), "/login/answer", code=digits(house, asked))
        assert which.status_code == 409
        assert "Eve" in which.text
        done = send(who, which, "/login/answer", person="ada")
        assert done.headers["location"] == leads
        house.clock.advance(timedelta(minutes=5))
    out = send(who, who.get("/"), "/logout")
    assert out.headers["location"] == "/login?out=yes"
    assert who.get("/").headers["location"].startswith("/login?back=")


@pytest.mark.usefixtures("job")
def test_a_program_is_let_in_by_who_looks_at_it_first(house: House) -> None:
    """The letters are asked, then what it is; unknown letters say so; it is let in once."""
    begun = house.engine.begin_device("flow on a laptop")
    ada = house.visitor("ada")
    assert ada.get("/device?code=XXXX-XXXX").status_code == 404
    page = ada.get(f"/device?code={begun.user_code}")
    assert "flow on a laptop" in page.text
    assert send(ada, page, "/device", do="approve", scope="act").headers["location"] == "/device?done=approved"
    assert house.engine.poll_device(begun.device_code).person == "ada"
    assert send(ada, page, "/device", do="approve").status_code == 404


def test_somebody_new_begins_a_job_and_shows_that_the_address_is_his(sqlite_url: str) -> None:
    """Where the house has opened the process to all: what it asks, his name and address, then the code; elsewhere he
    signs in first."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    settings = Settings(ways_in=WaysIn(public=("coat",)))
    with opened(sqlite_url, clock, handlers={}, settings=settings) as house:
        _job(house)
        new: Visitor = house.visitor()
        page = send(new, new.get("/start/coat"), "/start/", need__what="A coat", need__by="2026-06-01", contact="no")
        assert page.status_code == 422
        check = send(new, page, "/start/", name="Cy", contact="cy@example.org")
        assert "cy@example.org" in check.text
        asked = send(new, check, "/start/", stage="send").headers["location"]
        assert send(new, check, "/start/", stage="send").headers["location"] == asked, "sent twice, it is one job"
        done = send(new, new.get(asked), "/login/answer", code=digits(house, asked))
        assert done.headers["location"].startswith("/jobs/")
        assert house.engine.jobs(by=house.engine.find_person("cy@example.org").id)[0].title == "A coat made with you"
        assert form_of(new.get("/start/coat"), "/start/").value("contact") == ""
        assert new.get("/start/nothing").status_code == 404


@pytest.mark.usefixtures("job")
def test_who_asks_too_often_is_told_when_to_come_again(house: House) -> None:
    """In words, and in the header that browsers and programs read."""
    nobody = house.visitor()
    page = nobody.get("/login")
    for _ in range(40):
        found = send(nobody, page, "/login", contact="ada@example.org")
        if found.status_code != 303:
            break
    assert found.status_code == 429
    assert int(found.headers["retry-after"]) > 0
    assert "Please try again in" in found.text
