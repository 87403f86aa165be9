"""Referrals on pages: given with the feedback, followed by the sender, begun by who was invited, seen by the staff."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from forms import send
from house import House, opened

from flowengine import Settings, SimulatedClock
from flowengine.runtime.ways_in import WaysIn

HEM = """
process: hem
title: A shorter hem
need: Trousers that are not too long
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, fields: {cm: {type: integer, title: Shorter by, unit: cm}}, next: sew}
  sew: {type: task, for: tailor, ask: Sew it, next: thanks}
  thanks: {type: feedback, ask: How was it?, within: P14D, refer: true, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def hem(house: House) -> House:
    """Ada's hem is done, and she may say how it was."""
    house.engine.deploy(HEM)
    house.engine.add_customer("ada", "Ada Lund", contact="ada@example.org")
    house.engine.add_staff("tom", "Tom", roles=["tailor"])
    house.engine.start("hem", need={"cm": 3}, by="ada")
    house.engine.act(house.engine.inbox("tom")[0].id, by="tom")
    return house


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def test_a_referral_is_given_followed_and_begun(hem: House) -> None:
    """The sender sees on her own page that he came, and nothing else of him; who works for him sees by whom he came."""
    ada, tom = hem.visitor("ada"), hem.visitor("tom")
    assert "Whom you have brought" not in ada.get("/me").text
    step = f"/steps/{hem.engine.inbox('ada')[0].id}"
    page = ada.get(step)
    assert "We write there once, and say that it was you." in words(page.text)
    said = {"given__rating": "5", "given__referral__contact": "ben@example.org"}
    refused = send(ada, page, "/steps/", **said, given__referral__name=" ")
    assert refused.status_code == 422
    check = send(ada, refused, "/steps/", **said, given__referral__name="My <brother>")
    assert send(ada, check, "/steps/", stage="send").status_code == 303
    hem.engine.run_due()
    told = words(ada.get("/me").text)
    assert "My &lt;brother&gt;" in told
    assert "You hear from us when they come." in told
    ben = hem.engine.find_person("ben@example.org").id
    assert "not come yet" in words(tom.get("/customers/ada").text)

    his = hem.visitor(ben)
    sent = send(his, his.get("/start/hem?invited=yes"), "/start/hem", need__cm="2")
    assert send(his, sent, "/start/hem", stage="send").status_code == 303
    assert "You came by Ada Lund." in words(his.get("/me").text)
    told = words(ada.get("/me").text)
    assert "came on Mon 4 May" in told
    assert "Thank you for bringing us together." in told
    assert not any(one in told for one in (ben, "ben@example.org", "A shorter hem", "What was begun"))
    row = words(tom.get("/customers/ada").text)
    assert "came on Mon 4 May" in row
    assert "Came by Ada Lund" in words(tom.get(f"/customers/{ben}").text)
    assert "Came by Ada Lund" in words(tom.get(f"/work/{hem.engine.inbox('tom')[0].id}").text)


def test_who_was_invited_signs_in_as_who_he_is(sqlite_url: str) -> None:
    """He is known by the contact to which the invitation went: where anybody may begin, there is no second him."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    anybody = Settings(ways_in=WaysIn(public=("hem",)))
    with opened(sqlite_url, clock, handlers={}, settings=anybody) as house:
        house.engine.deploy(HEM)
        nobody = house.visitor()
        assert "Your e-mail address" in nobody.get("/start/hem").text
        found = nobody.get("/start/hem?invited=yes")
        assert (found.status_code, found.headers["location"]) == (303, "/login?back=%2Fstart%2Fhem%3Finvited%3Dyes")


def test_rings_are_seen_by_those_inside_alone(hem: House) -> None:
    """An address of her own is marked for the staff; to her it looks as any."""
    step = hem.engine.inbox("ada")[0].id
    referral = {"name": "Somebody", "contact": "ADA@example.org"}
    hem.engine.act(step, "given", {"rating": 4, "referral": referral}, by="ada")
    hem.engine.run_due()
    assert "an address of the sender’s own" in words(hem.visitor("tom").get("/customers/ada").text)
    assert "sender" not in words(hem.visitor("ada").get("/me").text)
