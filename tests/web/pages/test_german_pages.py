"""A customer and those who serve him read German: no word of ours is English on any page.

Process files, entries of histories as programs read them, and what is quoted are as they are.
"""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import german
import pytest
from forms import send
from german import MANTEL
from house import House, Visitor
from httpx import Response

from flowengine import BadAnswer, HandlerCall, StaleCommand
from flowengine.client.local import LocalDesk
from flowengine.store.sqlite import SqliteDriver

TOLD = re.compile(r'(?:alt|aria-label|title|placeholder)="([^"]*)"')


def english(page: Response) -> list[str]:
    """The English words on a page, each with what stands around it."""
    body = re.sub(r'(?s)<(script|style|head|pre|code)\b.*?</\1>|<select id="zone".*?</select>', " ", page.text)
    body = re.sub(r'<input type="hidden"[^>]*>', " ", body)
    return german.english(unescape(" ".join((re.sub(r"<[^>]*>", " | ", body), *TOLD.findall(body)))))


@pytest.fixture
def haus(house: House) -> House:
    """Ada and Ben read German, and so does who serves them."""
    engine = house.engine
    engine.deploy(MANTEL)
    for id, name in (("ada", "Ada"), ("ben", "Ben")):
        engine.add_customer(id, name, contact=f"{id}@example.org", groups=["verein"], zone="Europe/Berlin")
    engine.add_staff("mia", "Mia", roles=["schneider"], zone="Europe/Berlin")
    return house


def reader(house: House, person: str, **more: Any) -> Visitor:
    return house.visitor(person, headers={"accept-language": "de"}, **more)


def step(house: House, person: str) -> str:
    return "/steps/" + quote(house.engine.inbox(by=person)[0].id, safe="")


def test_a_customer_reads_german_from_need_to_end(haus: House) -> None:
    """Whatever she does right or wrong, and wherever she looks meanwhile."""
    engine, ada, mia = haus.engine, reader(haus, "ada"), reader(haus, "mia")
    pages: list[Response] = []
    wrong: dict[str, str] = {}

    def look(page: Response) -> None:
        pages.append(page)
        wrong.update((around, page.url.path) for around in english(page))

    def seen(page: Response) -> Response:
        if page.status_code == 303:
            page = ada.get(page.headers["location"])
        look(page)
        return page

    def around() -> None:
        job = engine.jobs(process="mantel")[0].id
        for path in ("/", f"/jobs/{job}", f"/jobs/{job}/receipts", "/me", "/me/data", "/me/messages"):
            seen(ada.get(path))
        for path in ("/work", "/customers/ada", f"/jobs/{job}"):
            look(mia.get(path))

    page = seen(ada.get("/start/mantel"))
    page = seen(send(ada, page, "/start/", need__anlass="x", need__bis="2020-01-01"))
    page = seen(send(ada, page, "/start/", need__anlass="Hochzeit", need__bis="2026-07-01"))
    seen(send(ada, page, "/start/", stage="send"))
    around()

    page = seen(ada.get(step(haus, "ada")))
    page = seen(send(ada, page, "/steps/", way="chosen"))
    page = seen(send(ada, page, "/steps/", way="chosen", chosen__stoff="loden", concern="Kratzt er?"))
    seen(send(ada, page, "/steps/", stage="send"))
    around()

    page = seen(ada.get(step(haus, "ada")))
    page = seen(send(ada, page, "/steps/", answered__groesse="3000", answered__warm="yes"))
    page = seen(send(ada, page, "/steps/", answered__groesse="181,5", answered__warm="yes"))
    seen(send(ada, page, "/steps/", stage="send"))
    around()

    page = seen(ada.get(step(haus, "ada")))
    slot = engine.step(engine.inbox(by="ada")[0].id, by="ada").slots[8]
    page = seen(send(ada, page, "/steps/", way="hold", slot=slot.isoformat()))
    around()
    page = seen(ada.get(step(haus, "ada")))
    engine.act(engine.inbox(by="ada", everything=True)[0].id, "book", {"slot": slot.isoformat()}, by="ada")
    around()
    haus.clock.advance(slot - haus.clock.now() + timedelta(minutes=5))
    engine.act(next(one for one in engine.inbox(by="mia") if one.title == "Anprobe").id, "held", by="mia")
    around()
    haus.clock.advance(timedelta(days=1))
    engine.run_due()
    around()
    found = next(one for one in engine.inbox(by="mia") if one.title == "Schneiden")
    look(mia.get("/work/" + quote(found.id, safe="")))
    engine.act(found.id, "done", {"stunden": 9}, by="mia")
    around()

    page = seen(ada.get(step(haus, "ada")))
    page = seen(send(ada, page, "/steps/", way="changes"))
    page = seen(send(ada, page, "/steps/", way="approved"))
    seen(send(ada, page, "/steps/", stage="send"))
    around()
    ballot = step(haus, "ada")
    seen(send(ada, seen(ada.get(ballot)), "/steps/", way="vote", vote__for="rot"))
    around()
    seen(send(ada, seen(ada.get(ballot)), "/steps/", way="abstain"))
    seen(ada.get(ballot))
    haus.clock.advance(timedelta(days=4))
    engine.run_due()
    around()
    page = seen(ada.get(step(haus, "ada")))
    page = seen(send(ada, page, "/steps/", way="given", given__rating="5"))
    seen(send(ada, page, "/steps/", stage="send"))
    around()
    assert wrong == {}
    assert len(pages) > 100


def test_what_cannot_be_done_is_told_in_german(haus: House) -> None:
    """What is not there, what came too late, what is paused, what is not hers, and a form of another session."""
    engine, ada = haus.engine, reader(haus, "ada")
    job = engine.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-07-01"}, by="ada").job
    page = ada.get(step(haus, "ada"))
    engine.suspend(job, because="Die Schere ist stumpf", by="olga")
    assert english(ada.get(f"/jobs/{job}")) == []
    assert english(send(ada, page, "/steps/", way="chosen", chosen__stoff="loden", stage="send")) == []
    engine.resume(job, because="Sie schneidet", by="olga")
    for path in ("/steps/1234567", "/jobs/1234567", "/receipts/1234567/1", f"/jobs/{job}/change/anders"):
        assert english(ada.get(path)) == [], path
    assert english(ada.client.get("/nichts", headers={"accept": "text/html"})) == []
    foreign = ada.post("/me/name", {"csrf": "other", "name": "Ada"})
    assert (foreign.status_code in (403, 303), english(foreign)) == (True, [])
    haus.clock.advance(timedelta(days=8))
    late = send(ada, page, "/steps/", way="chosen", chosen__stoff="loden", stage="send")
    assert (late.status_code, english(late)) == (409, [])
    engine.run_due()
    for path in ("/", f"/jobs/{job}"):
        assert english(ada.get(path)) == []
    assert "Niemand hat geantwortet" in ada.get(f"/jobs/{job}").text


COOKING = """
process: kochen
title: Kochen
need: Etwas
zone: Europe/Berlin
roles: {koch: {title: Koch}}
states:
  need: {type: need, ask: Was?, fields: {was: {type: string, title: Was}}, next: kochen}
  kochen: {type: task, for: koch, ask: Kochen, within: P30D, on: {done: gut, expired: weg}}
  gut: {type: fulfilled}
  weg: {type: ended, because: Kalt}
"""

FETCHING = """
process: holen
title: Holen
need: Etwas
zone: Europe/Berlin
roles: {schneider: {title: Schneider}}
states:
  need: {type: need, ask: Was?, fields: {was: {type: string, title: Was}}, next: bote}
  bote: {type: service, call: bote, input: {was: data.need.was}, retry: {attempts: 1}, on: {done: bringen}}
  bringen: {type: task, for: schneider, ask: Bringen, within: P3D, on: {gebracht: gut, expired: weg}}
  gut: {type: fulfilled}
  weg: {type: ended, because: Verloren}
"""


def test_whoever_is_inside_reads_german(haus: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators too, wherever a link leads them: what is stuck, what was changed, by hand, and why; what endangers the
    database, what nobody can do, and what is different between two versions."""
    fill(haus)
    monkeypatch.setattr(haus.engine.database._driver, "warnings", (_endangered(),))
    was = next(one.version for one in haus.engine.processes() if one.name == "mantel")
    haus.engine.deploy(CHANGED)
    haus.engine.deploy(COOKING)
    haus.engine.start("kochen", need={"was": "Suppe"}, customer="ben", by="olga")
    haus.engine.add_customer("ada2", "Ada", contact="ada@example.org")
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for who in ("olga", "mia", "ada"):
        visitor, waiting = reader(haus, who), ["/"]
        while waiting:
            path = waiting.pop()
            page = visitor.get(path)
            if page.status_code == 303:
                page = visitor.get(page.headers["location"])
            if "html" in page.headers.get("content-type", ""):
                wrong.update((around, path) for around in english(page))
                links = {unescape(one) for one in re.findall(r'href="(/[^"#]*)', page.text)}
                waiting += sorted(one for one in links - seen if len(seen) < 500)
                seen |= links
    assert wrong == {}
    assert len(seen) > 60
    for path, told in (
        ("/ops/settings", "kann eine Datenbank beschädigen"),
        ("/ops/incidents", "niemand hat die Rolle koch"),
        (f"/ops/processes/mantel/differences?was={was}", "die Frist: 8 Tage, zuvor 7 Tage"),
    ):
        assert told in unescape(reader(haus, "olga").get(path).text), path


def _endangered() -> str:
    """What the database is warned of that several processes write, as it is said."""
    driver = SqliteDriver.__new__(SqliteDriver)
    driver.path, driver._safe, driver.warnings = "", False, ()
    driver._processes = SimpleNamespace(others=lambda: True)  # type: ignore[assignment]
    driver._look_around()
    return driver.warnings[0]


CHANGED = (
    MANTEL.replace("ask: Schneiden", "ask: Zuschneiden")
    .replace("within: P7D", "within: P8D")
    .replace("price: 420, ", "price: 440, ")
    .replace("minimum: 100", "minimum: 90")
    .replace("options: [{id: rot, title: Rot}", "options: [{id: rot, title: Feuerrot}")
    .replace("approved: farbe, changes: schneiden", "approved: farbe, changes: messen")
    .replace("groups: {verein: {title: Verein}}", "groups: {verein: {title: Verein}, rat: {title: Rat}}")
    .replace("roles: {schneider: {title: Schneider}}", "roles: {schneider: {title: Schneiderin}}")
)
"""The coat by another version, in which much is different."""


def fill(house: House) -> None:
    """Jobs in many situations, one deed of each kind, and one that gave up."""
    engine = house.engine

    def bote(call: HandlerCall) -> None:
        if call.input["was"] == "Amboss":
            raise RuntimeError("Zu schwer")

    engine.register({"bote": bote})
    engine.deploy(FETCHING)
    coat = engine.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-05-06"}, by="ada").job
    engine.act(engine.inbox(by="ada")[0].id, "chosen", {"stoff": "loden"}, by="ada")
    engine.say(coat, "Kratzt er?", "concern", by="ada")
    for was in ("Paket", "Amboss", "Stuhl", "Lampe"):
        engine.start("holen", need={"was": was}, customer="ben", by="mia")
    engine.run_due()
    jobs = {engine.data(one.id)["need"]["was"]: one.id for one in engine.jobs(process="holen")}
    engine.suspend(jobs["Stuhl"], because="Zu", by="olga")
    engine.end(jobs["Lampe"], "Verkauft", by="olga")
    engine.claim(next(one for one in engine.inbox(by="mia") if one.job == jobs["Paket"]).id, by="mia")
    engine.add_fact("ada", "preference", "Weit", by="mia")
    engine.add_contact("ada", "+49 30 123456", by="olga")
    engine.invoke(coat, "anders", by="ada")
    house.clock.advance(timedelta(days=4))
    engine.run_due()


def test_who_comes_in_reads_german(haus: House) -> None:
    """A link, a code, wrong ones, too many of them, and a page for somebody else."""
    engine = haus.engine
    job = engine.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-07-01"}, by="ada").job
    secret = engine.make_link(job, "ada").secret
    nobody, wrong = reader(haus, ""), []
    for path in (f"/door/{secret}", "/door/flowl_never", "/login", "/device", "/", f"/jobs/{job}"):
        page = nobody.get(path)
        page = nobody.get(page.headers["location"]) if page.status_code == 303 else page
        wrong += english(page)
    wrong += english(send(nobody, nobody.get("/door/flowl_never"), "/door/"))
    wrong += english(send(nobody, nobody.get("/login"), "/login", contact=""))
    asked = send(nobody, nobody.get("/login"), "/login", contact="ada@example.org")
    page = nobody.get(asked.headers["location"])
    statuses = set()
    for _ in range(30):
        page = send(nobody, nobody.get(asked.headers["location"]), "/answer", code="000000")
        statuses.add(page.status_code)
        wrong += english(page)
    for _ in range(30):
        page = send(nobody, nobody.get("/login"), "/login", contact="ben@example.org")
        statuses.add(page.status_code)
        wrong += english(page)
    ben = reader(haus, "ben")
    wrong += english(send(ben, ben.get(f"/door/{secret}"), "/door/"))
    linked = reader(haus, "ada", strength="link", job=job)
    wrong += english(linked.get("/me")) + english(linked.get(f"/jobs/{job}"))
    assert wrong == []
    assert {401, 429} <= statuses


def test_what_is_answered_to_german_customers_is_german(haus: House) -> None:
    """Receipts name the states of a job in their language, where it has no words of its own too; so does what is said
    of a file that was just uploaded, and a refusal tells days and moments as they are said there."""
    desk = LocalDesk(haus.engine, "ada", language="de")
    begun = desk.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-07-01"})
    step = desk.inbox()[0].id
    assert german.english(" ".join((*begun.states, begun.acted))) == []
    with pytest.raises(BadAnswer) as refused:
        desk.start("mantel", need={"anlass": "Hochzeit", "bis": "2020-01-01"})
    assert "Mi. 1. Jan. 2020" in refused.value.what or "Mi., 1. Jan. 2020" in refused.value.what, refused.value.what
    desk.act(step, "chosen", {"stoff": "loden"})
    with pytest.raises(StaleCommand) as late:
        desk.act(step, "chosen", {"stoff": "loden"})
    assert german.english(late.value.what) == []
    assert "Mai 2026" in late.value.what
