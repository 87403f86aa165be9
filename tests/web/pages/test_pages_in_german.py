"""A process in two languages on the pages: a German customer walks it and finds every text of it in German, and those
who make it for her read the same job in English."""

from __future__ import annotations

import re
from html import unescape

import pytest
from house import House, Visitor
from two_languages import BREAD, TEXTS

from flowengine.language import parse

GERMAN = {"headers": {"accept-language": "de"}}
PROCESS = parse(BREAD + TEXTS)


def read(visitor: Visitor, path: str) -> str:
    """The words of a page that is there."""
    answer = visitor.client.get(path, follow_redirects=True)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(style|script).*?</\1>", "", answer.text)))


def left_in_english(page: str) -> list[str]:
    """The texts of the process, as its file has them, that are on a page."""
    words = [text for text in PROCESS.others["de"].told if "{" not in text]
    pieces = [part for text in PROCESS.others["de"].told if "{" in text for part in re.split(r"\{[^}]*\}", text)]
    known = {one.strip() for one in (*words, *pieces) if len(one.strip()) > 3} - set(PROCESS.texts["de"].values())
    return sorted(one for one in known if re.search(rf"\b{re.escape(one)}(?!\w)", page))


@pytest.fixture
def bread(house: House) -> House:
    house.engine.deploy(BREAD + TEXTS)
    house.engine.add_customer("ute", "Ute", contact="ute@example.org")
    house.engine.add_staff("ben", "Ben", roles=["baker"])
    return house


def test_a_german_customer_reads_all_of_a_process_in_german(bread: House) -> None:
    """From the first page to the receipt: what is asked, what was answered, where her job is, and how it ended."""
    ute, ben = bread.visitor("ute", **GERMAN), bread.visitor("ben", headers={"accept-language": "en"})
    seen = {path: read(ute, path) for path in ("/", "/start/bread")}
    need = {"need.day": "2026-05-09", "need.crust": "dark", "stage": "send", "key": "k1"}
    begun = ute.post("/start/bread", need)
    assert begun.status_code == 303, begun.text
    seen["begun"] = read(ute, begun.headers["location"])
    (job,) = bread.engine.jobs(customer="ute")
    for at in ("choose", "sure"):
        (item,) = bread.engine.inbox(by="ute")
        seen[f"{at}: step"] = read(ute, f"/steps/{item.id}")
        seen[f"{at}: home"], seen[f"{at}: job"] = read(ute, "/"), read(ute, f"/jobs/{job.id}")
        if at == "choose":
            assert "Wählen Sie das Mehl für Samstag, 9. Mai 2026" in seen["choose: step"]
            assert "Roggenmehl" in seen["choose: step"]
            bread.engine.act(item.id, "chosen", {"flour": "rye"}, by="ute")
        else:
            assert "Backen wir Roggenmehl, von Hand?" in seen["sure: step"]
            bread.engine.act(item.id, "bake_it", by="ute")
    (task,) = bread.engine.inbox(by="ben")
    work = read(ben, f"/work/{task.id}")
    assert "Bake Rye flour for Ute" in work
    assert "Roggenmehl" not in work
    bread.engine.act(task.id, "done", {"grams": 1250}, by="ben")
    for path in ("/", f"/jobs/{job.id}", f"/jobs/{job.id}/receipts", "/me", "/me/messages"):
        seen[path] = read(ute, path)
    assert "Ihr Brot von 1.250 g ist fertig." in seen[f"/jobs/{job.id}"]
    assert {path: found for path, page in seen.items() if (found := left_in_english(page))} == {}
    assert left_in_english(read(bread.visitor("ute", headers={"accept-language": "en"}), f"/jobs/{job.id}"))


def test_the_language_that_is_chosen_on_a_page_is_kept(bread: House) -> None:
    """On that device for everybody, and of who is signed in wherever he comes; what is no language is refused."""
    ute = bread.visitor("ute", headers={"accept-language": "en"})
    assert "A loaf of bread" in read(ute, "/")
    assert ute.post("/language", {"language": "de", "back": "/me"}).headers["location"] == "/me"
    assert bread.engine.person("ute").language == "de"
    assert "Ein Laib Brot" in read(bread.visitor("ute", headers={"accept-language": "en"}), "/")
    refused = ute.post("/language", {"language": "fr"})
    assert refused.status_code == 422
    assert bread.engine.person("ute").language == "de"
    ute.post("/language", {"language": "en"})
    assert "A loaf of bread" in read(ute, "/")


def test_nobody_chooses_a_language_for_whom_a_link_is(bread: House) -> None:
    """Who came by a link to one job reads it in the language that he chooses there, and nothing is kept of it."""
    job = bread.engine.start("bread", by="ute", need={"day": "2026-05-09", "crust": "dark"}).job
    guest = bread.visitor("ute", strength="link", job=job, headers={"accept-language": "en"})
    assert guest.post("/language", {"language": "de", "back": f"/jobs/{job}"}).status_code == 303
    assert "Ein Laib Brot" in read(guest, f"/jobs/{job}")
    assert bread.engine.person("ute").language == ""


def test_a_program_asks_in_a_language(bread: House) -> None:
    """By ``Accept-Language``; without one in that of who asks."""
    ute = bread.visitor("ute")
    here = ute.client.get("/api/v1/processes/bread/need", headers={"accept-language": "de, en;q=0.5"})
    assert here.json()["title"] == "Ein Laib Brot"
    assert ute.client.get("/api/v1/processes/bread/need").json()["title"] == "A loaf of bread"
    bread.engine.set_name("ute", language="de")
    assert ute.client.get("/api/v1/processes/bread/need").json()["title"] == "Ein Laib Brot"
    other = ute.client.get("/api/v1/processes/bread/need", headers={"accept-language": "en"})
    assert other.json()["title"] == "A loaf of bread"
