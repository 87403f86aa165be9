"""Consents on pages: a customer gives, sees and withdraws them; those inside note one, send, and see what came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from forms import send
from house import House, opened

from flowengine import Settings, SimulatedClock
from flowengine.runtime.partners import Partner

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
SECRET = f"whsec_{'A' * 32}"


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[House]:
    """The mill, whose name is known here, is a partner."""
    partner = Partner("mill", "https://mill.example/api/v1/partners/shop", (SECRET,))
    settings = Settings(partners={"mill": partner})
    with opened(sqlite_url, SimulatedClock(NOW), handlers={}, settings=settings) as house:
        house.engine.add_customer("ada", "Ada Lund", contact="ada@example.org")
        house.engine.add_customer("mill", "The <mill>", organisation=True)
        house.engine.add_staff("tom", "Tom", roles=["tailor"])
        house.engine.add_fact("ada", "preference", "Narrow legs", by="ada")
        yield house


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def test_a_customer_consents_sees_what_was_sent_and_withdraws(shop: House) -> None:
    """On the page of her own data, in plain words."""
    ada = shop.visitor("ada")
    page = ada.get("/me/data")
    assert "You have not let anybody have your record." in words(page.text)
    given = send(ada, page, "/me/consents", partner="mill", parts="facts", until="2026-09-30")
    assert given.status_code == 303
    told = words(ada.get("/me/data").text)
    assert "The &lt;mill&gt; : name and contacts, what is known until Wednesday, 30 September 2026" in told
    shop.engine.send_record("ada", "mill", by="tom")
    page = ada.get("/me/data")
    assert "On its way name and contacts, what is known Ada Lund, ada@example.org Narrow legs" in words(page.text)
    assert send(ada, page, "/me/consents/withdraw", partner="mill").status_code == 303
    told = words(ada.get("/me/data").text)
    assert "withdrawn, Mon 4 May" in told
    assert "Not sent any more" in told
    assert "may have nothing any more" not in told


@pytest.mark.parametrize(
    ("until", "wrong"),
    [
        ("2020-01-01", "The day: is over"),
        ("soon", "Please give a day."),
        ("9999-12-31", "Please give a day."),
        ("2030-01-01", "The day: is more than two years"),
    ],
)
def test_a_day_that_cannot_be_is_told_at_its_box(shop: House, until: str, wrong: str) -> None:
    """What was typed stands there still."""
    ada = shop.visitor("ada")
    again = send(ada, ada.get("/me/data"), "/me/consents", partner="mill", parts="jobs", until=until)
    assert again.status_code == 422
    assert wrong in again.text
    assert f'value="{until}"' in again.text
    assert 'value="jobs" checked' in again.text


def test_a_partner_that_is_none_is_told(shop: House) -> None:
    """Whatever a form sends."""
    ada = shop.visitor("ada")
    again = send(ada, ada.get("/me/data"), "/me/consents", partner="nobody", until="2026-09-30")
    assert again.status_code == 422
    assert "there is no partner" in again.text


def test_those_inside_note_a_consent_and_send_the_record(shop: House) -> None:
    """They say where it is written, and see who has what; without a consent that holds there is no button."""
    tom = shop.visitor("tom")
    page = tom.get("/customers/ada")
    assert "/customers/ada/send" not in page.text
    refused = send(tom, page, "/customers/ada/consents", partner="mill", until="2026-09-30")
    assert refused.status_code == 422
    assert "The paper: must say where it is written" in refused.text
    noted = send(tom, refused, "/customers/ada/consents", partner="mill", until="2026-09-30", paper="Form <12>")
    assert noted.status_code == 303
    page = tom.get("/customers/ada")
    assert "Form &lt;12&gt;" in page.text
    assert send(tom, page, "/customers/ada/send", partner="mill").status_code == 303
    assert "On its way" in words(tom.get("/customers/ada").text)
    page = tom.get("/customers/ada")
    assert send(tom, page, "/customers/ada/consents/withdraw", partner="mill").status_code == 303
    late = send(tom, page, "/customers/ada/send", partner="mill")
    assert late.status_code == 403
    assert "does not consent" in late.text


def test_what_came_from_a_partner_stands_on_the_pages(shop: House) -> None:
    """Of whom, until when, and for the customer himself as well."""
    from flowengine.commands import arriving
    from flowengine.commands.exchanged import Record, SaidConsent

    consent = SaidConsent(id="c1", parts=("person",), given=NOW, until=NOW + timedelta(days=30))
    came = Record(version=1, consent=consent, number=1, customer="x", parts=("person",), name="Eva", contacts=())
    arriving.take(shop.engine.shell, "mill", came)
    (eva,) = (one.id for one in shop.engine.people("customer") if one.name == "Eva")
    for page in (shop.visitor("tom").get(f"/customers/{eva}"), shop.visitor(eva).get("/me/data")):
        assert "What came from others" in page.text
        assert "until Wednesday, 3 June 2026" in words(page.text)


def test_where_there_is_no_partner_nothing_is_said_of_them(house: House) -> None:
    """Most installations have none."""
    house.engine.add_customer("ada", "Ada")
    assert "Who else has it" not in house.visitor("ada").get("/me/data").text
    assert "Shared with partners" not in house.visitor("olga").get("/customers/ada").text


def test_who_is_no_customer_is_not_there(shop: House) -> None:
    """Staff have no record of their own, and customers see none of others."""
    tom, ada = shop.visitor("tom"), shop.visitor("ada")
    assert tom.post("/me/consents", {"partner": "mill", "until": "2026-09-30"}).status_code == 404
    for page in ("consents", "consents/withdraw", "send"):
        assert ada.post(f"/customers/ada/{page}", {"partner": "mill", "until": "2026-09-30"}).status_code == 404
