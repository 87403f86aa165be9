"""What another organisation asks of our customer, on our pages: its words, its form, and nothing of how it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from forms import send
from house import House, opened
from test_step_pages import words

from flowengine import Engine, Settings, SimulatedClock
from flowengine.runtime.partners import Partner
from flowengine.signing import headers, new_secret

SECRET = new_secret()

OUTFIT = """
process: outfit
need: Something to wear
states:
  need: {type: need, ask: What for?, fields: {what: {type: string}}, next: hat}
  hat:
    type: call
    phase: We see to your hat
    process: hat
    at: hatter
    for: customer
    need: {size: "57"}
    within: P40D
    on: {fulfilled: fulfilled, ended: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: There is no hat}
"""

HAT = """
process: hat
need: A hat
currency: GBP
options:
  felt: [{id: grey, title: Grey <b>felt, price: 40}, {id: brown, title: Brown felt, price: 45}]
states:
  need: {type: need, ask: Which size?, fields: {size: {type: integer}}, next: pick}
  pick:
    type: choice
    ask: Which felt?
    choose: {felt: {from: felt}}
    within: P7D
    on: {chosen: when, expired: gone}
  when:
    type: ask
    ask: For which day?
    fields: {day: {type: string, format: date, title: Day}}
    within: P7D
    on: {answered: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It was not wanted}
"""


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def house(sqlite_url: str, clock: SimulatedClock) -> Iterator[House]:
    known = {"hatter": Partner("hatter", "https://hatter.example/api/v1/partners/shop", (SECRET,))}
    with opened(sqlite_url, clock, settings=Settings(partners=known), handlers={}) as house:
        house.engine.deploy(OUTFIT)
        house.engine.add_customer("ada", "Ada", contact="ada@example.org")
        yield house


@pytest.fixture
def hatter(tmp_path: Path, clock: SimulatedClock) -> Iterator[Engine]:
    known = {"shop": Partner("shop", "https://shop.example/api/v1/partners/hatter", (SECRET,))}
    address = f"sqlite:///{tmp_path}/hatter.db"
    with Engine(address, clock=clock, settings=Settings(partners=known), handlers={}) as engine:
        engine.deploy(HAT)
        engine.add_customer("shop", "The shop", organisation=True)
        yield engine


def told(engine: Engine, name: str, body: bytes, id: str) -> bytes:
    """Something is said to an engine in a partner's name: what it answers."""
    return engine.hear_partner(name, headers([SECRET], id, engine.shell.clock.now(), body), body)[0]


def test_a_partners_form_is_answered_on_our_page(house: House, hatter: Engine) -> None:
    """Options with their prices as the hatter has them, checked here as he would check them; what is kept he takes as
    it is. The page names neither partner nor state."""
    shop, ada = house.engine, house.visitor("ada")
    job = shop.start("outfit", need={"what": "A wedding"}, by="ada").job
    (call,) = [e["call"]["number"] for line in shop.history(job) for e in line.events if e["event"] == "CallOpened"]
    begin = {"say": "begin", "call": f"{job}.{call}", "process": "hat", "need": {"size": 57}}
    assert json.loads(told(shop, "hatter", told(hatter, "shop", json.dumps(begin).encode(), "b1"), "n1"))["heard"]

    (asked,) = shop.inbox("ada")
    page = ada.get(f"/steps/{quote(asked.id)}")
    assert "Which felt?" in words(page)
    assert "Grey &lt;b&gt;felt" in page.text
    assert "£45.00" in words(page)
    assert "hatter" not in page.text
    assert "We see to your hat" in words(ada.get(f"/jobs/{job}"))
    wrong = send(ada, page, "/steps/", chosen__felt="green")
    assert wrong.status_code == 422
    check = send(ada, page, "/steps/", chosen__felt="brown")
    done = send(ada, check, "/steps/", stage="send")
    assert done.status_code == 303
    assert shop.inbox("ada") == []
    said = [event for line in shop.history(job) for event in line.events if event["event"] == "AnsweredPartner"]
    assert [(one["outcome"], one["answer"]) for one in said] == [("chosen", {"felt": "brown"})]
    hatter.act(said[0]["foreign"], "chosen", said[0]["answer"], by="shop")
    assert [item.title for item in hatter.inbox("shop")] == ["For which day?"]
    assert shop.audit().fine
