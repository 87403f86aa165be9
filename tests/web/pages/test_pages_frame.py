"""What all pages have: who may see them, the policy of browsers, forms that are sent twice, late or from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from house import House, opened
from starlette.requests import Request

from flowengine import Settings, SimulatedClock
from flowengine.errors import NotAllowed, NotConfigured
from flowengine.people.identities import Identity
from flowengine.runtime.ways_in import WaysIn
from flowengine.speech import catalogues
from flowengine.web.pages import Look
from flowengine.web.pages.install import BOOKS
from flowengine.web.pages.look import contrast


@pytest.fixture
def ada(house: House) -> House:
    house.engine.add_customer("ada", "Ada <b>Lund</b>", contact="ada@example.org")
    return house


def test_nobody_is_sent_to_sign_in_and_back(house: House) -> None:
    """Who is not signed in comes back to what he asked for."""
    found = house.visitor().get("/?x=1")
    assert (found.status_code, found.headers["location"]) == (303, "/login?back=%2F%3Fx%3D1")


def test_a_page_is_for_its_reader_alone(ada: House) -> None:
    """It is kept by nobody, loads what is ours, lets no script in, and what people wrote is text."""
    page = ada.visitor("ada").get("/")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "Ada &lt;b&gt;Lund" in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=", page.text)


def test_files_are_named_by_what_is_in_them(ada: House) -> None:
    """Browsers keep them for good; another name is nothing."""
    visitor = ada.visitor("ada")
    paths = re.findall(r'rel="stylesheet" href="(/static/[^"]+)"', visitor.get("/").text)
    assert len(paths) == 2
    for path in paths:
        found = visitor.get(path)
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-type"].startswith("text/css")
    assert visitor.get("/static/flow.css").status_code == 404


def test_another_site_sends_nothing(ada: House) -> None:
    """A form of another site changes nothing, whoever has a session here."""
    found = ada.visitor("ada").post("/language", {"language": "de"}, sec_fetch_site="cross-site")
    assert found.status_code == 403
    assert "Nothing was changed" in found.text


def test_what_was_typed_is_kept_when_the_session_has_ended(ada: House) -> None:
    """The form comes back with all that was in it, and with the token of the session that is there now."""
    visitor = ada.visitor("ada")
    token, visitor.csrf = visitor.csrf, "old"
    found = visitor.post("/language", {"language": "de", "back": "/<x>"})
    assert found.status_code == 403
    assert 'name="back" value="/&lt;x&gt;"' in found.text
    assert f'name="csrf" value="{token}"' in found.text


def test_what_was_typed_is_told_in_words(ada: House) -> None:
    """Not by the names that a form has for it; what he did not type is kept, and not told."""
    nobody = ada.visitor()
    answers = {"need.needed_by": "2026-09-01", "chosen.cloth": "navy_flannel"}
    typed = {**answers, "text": "<Hm>", "preview": "x1", "key": "k"}
    page = nobody.post("/jobs/nothing/messages", typed).text
    shown = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert shown == [("Needed by", "2026-09-01"), ("Cloth", "navy flannel"), ("Message", "&lt;Hm&gt;")]
    assert 'name="preview" value="x1"' in page
    assert 'href="/login?back=%2F"' in page


def test_a_host_says_who_is_there_on_every_page(sqlite_url: str) -> None:
    """Also where there is no page, where a form is of another session, and where he has to be known better: by the
    host's own login, never by a cookie of ours."""

    def who(request: Request) -> Identity | None:
        if request.method == "POST" and request.url.path == "/language":
            raise NotAllowed("not from a form of the host's")
        return Identity(person=found, strength="link") if (found := request.headers.get("x-user")) else None

    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    given = Settings(ways_in=WaysIn(public=("hem",)))
    with opened(sqlite_url, clock, authenticate=who, sign_in_at="https://house.example/in", settings=given) as house:
        house.engine.add_customer("ada", "Ada Lund", contact="ada@example.org")
        house.engine.add_customer("ben", "Ben")
        ada = house.visitor("ben", headers={"x-user": "ada", "accept": "text/html"})
        missing = ada.get("/nothing")
        assert (missing.status_code, ">Ada Lund</a>" in missing.text) == (404, True)
        again = ada.post("/language", {"language": "de"})
        assert (again.status_code, ">Ada Lund</a>" in again.text) == (403, True)
        better = ada.get("/me/signing-in").headers["location"]
        assert better == "https://house.example/in?next=%2Fme%2Fsigning-in"
        assert "/me/passkey" not in ada.get("/me").text
        nobody = house.visitor("ben", headers={"accept": "text/html"})
        assert ">Ben</a>" not in nobody.get("/nothing").text
        assert nobody.get("/start/hem").headers["location"] == "https://house.example/in?next=%2Fstart%2Fhem"
        over = nobody.post("/me/name", {"name": "Zoë"})
        assert (over.status_code, 'href="https://house.example/in?next=%2F"' in over.text) == (401, True)


def test_a_browser_finds_an_icon(ada: House) -> None:
    """Ours, by each page and where browsers look for one."""
    visitor = ada.visitor("ada")
    (named,) = re.findall(r'<link rel="icon" href="([^"]+)">', visitor.get("/").text)
    found = visitor.get(visitor.get("/favicon.ico").headers["location"])
    assert (found.status_code, found.headers["content-type"]) == (200, "image/svg+xml")
    assert visitor.get(named).content == found.content


def test_a_reader_has_his_language(ada: House) -> None:
    """By what the browser says, or by what he chose; where to go on to is a page of ours."""
    visitor = ada.visitor("ada", headers={"accept-language": "fr, de;q=0.8, en;q=0.5"})
    assert '<html lang="de">' in visitor.get("/").text
    assert visitor.post("/language", {"language": "en", "back": "//evil.example"}).headers["location"] == "/"
    assert '<html lang="en">' in visitor.get("/").text


def test_a_page_that_is_not_there_says_so(ada: House) -> None:
    """As a page to a browser, as a problem to a program; foreign and missing alike."""
    visitor = ada.visitor("ada")
    found = visitor.client.get("/nothing", headers={"accept": "text/html"})
    assert (found.status_code, "There is nothing here for you" in found.text) == (404, True)
    assert visitor.client.get("/nothing").headers["content-type"] == "application/problem+json"


def test_each_catalogue_says_all_that_the_pages_say() -> None:
    """No text is missing, none is left over."""
    said = {message.id for message in catalogues.said() if message.id}
    for language in catalogues.LANGUAGES:
        if language != catalogues.SOURCE:
            there = {message.id: message.string for message in catalogues.written(language) if message.id}
            assert set(there) == said
            assert [text for text, translated in there.items() if not all(_forms(translated))] == []


def _forms(translated: str | tuple[str, ...]) -> tuple[str, ...]:
    return (translated,) if isinstance(translated, str) else translated


def test_colours_that_cannot_be_read_are_refused() -> None:
    """A look is looked at when it is made."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    with pytest.raises(NotConfigured, match="cannot be read on"):
        Look(tokens={"thread": "#8899aa"})
    with pytest.raises(NotConfigured, match="is no colour"):
        Look(tokens={"thread": "red;}"})
    with pytest.raises(NotConfigured, match="has a colour"):
        Look(dark={"treads": "#000000"})
    own = Look(tokens={"thread": "#114422"})
    assert "--thread:#114422" in own.css()
    assert "stroke:#114422" in own.icon()


def test_a_house_has_its_own_look(sqlite_url: str, tmp_path: Path) -> None:
    """Its name, colours, logo and templates lie in a folder; what is wrong there is said before anything is served."""
    (tmp_path / "templates" / "customers").mkdir(parents=True)
    (tmp_path / "templates" / "customers" / "home.html").write_text(
        "{{ look.name }}: <img src='{{ assets['a b.svg'] }}'>"
    )
    (tmp_path / "a b.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    said = tmp_path / "look.toml"
    said.write_text('name = "Hart & Thread"\nlogo = "a b.svg"\n[tokens]\nthread = "#114422"\n')
    with opened(sqlite_url, SimulatedClock(datetime(2026, 5, 4, tzinfo=UTC)), Look.read(tmp_path)) as house:
        house.engine.add_customer("ada", "Ada")
        visitor = house.visitor("ada")
        page = visitor.get("/").text
        assert page.startswith("Hart &amp; Thread: ")
        picture = visitor.get(page.split("'")[1])
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in picture.headers["content-security-policy"]
        assert visitor.get("/favicon.ico").headers["location"] == page.split("'")[1]
    for wrong, why in (('logo = "c.svg"', "no picture 'c.svg'"), ("nam = 1", "unknown field"), ("=", "no TOML")):
        said.write_text(wrong)
        with pytest.raises(NotConfigured, match=why):
            Look.read(tmp_path)
    with pytest.raises(NotConfigured, match=r"there is no look\.toml"):
        Look.read(tmp_path / "nowhere")


def test_each_address_has_one_answer() -> None:
    """No two pages have the same address."""
    addresses = [(page.method, page.path) for book in BOOKS for page in book]
    assert len(addresses) == len(set(addresses))
