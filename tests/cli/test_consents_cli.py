"""Consents, records that are sent, and vCards, at the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Flow

CARDS = """BEGIN:VCARD
VERSION:3.0
UID:cleo
FN:Cleo Clark
EMAIL:cleo@example.org
TEL:+44 20 7946 0018
PHOTO;ENCODING=b:AAAA
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Cleo Clark
EMAIL:CLEO@example.org
END:VCARD
"""


@pytest.fixture
def partners(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mill is a partner."""
    monkeypatch.setenv("FLOW_PARTNERS", f"mill=https://mill.example/api/v1/partners/shop whsec_{'A' * 32}")


@pytest.mark.usefixtures("partners")
def test_a_consent_is_given_listed_and_withdrawn(shop: Flow) -> None:
    """By the customer herself; and what is sent by it stands beside it."""
    told = shop.run("consent", "give", "ada", "--to", "mill", "--until", "2026-12-31", "--what", "facts", who="ada")
    assert "mill may have name and contacts, what is known of ada until Thu 31 Dec 2026." in " ".join(
        told.stdout.split()
    )
    assert "consent withdraw ada --to mill" in told.stdout
    assert "On its way to mill" in shop.run("people", "send", "ada", "--to", "mill", who="tom").stdout
    listed = shop.run("consent", "list", "ada", who="ada").stdout
    assert "not there yet" in listed
    (one,) = shop.json("consent", "list", "ada", who="tom")["consents"]
    assert (one["holds"], one["sent"][0]["parts"]) == (True, ["person", "facts"])
    assert "erased there" in shop.run("consent", "withdraw", "ada", "--to", "mill", who="ada").stdout
    assert "Withdrawn" in shop.run("consent", "list", "ada", who="ada").stdout
    refused = shop.run("people", "send", "ada", "--to", "mill", who="tom", code=1).stderr
    assert "does not consent" in refused


@pytest.mark.usefixtures("partners")
def test_staff_note_where_it_is_written(shop: Flow) -> None:
    """And cannot consent for somebody without."""
    give = ("consent", "give", "ada", "--to", "mill", "--until", "2026-12-31")
    assert "where it is written" in shop.run(*give, who="tom", code=1).stderr
    assert "Noted by Tom: form 12" in shop.run(*give, "--paper", "form 12", who="tom").stdout
    assert "ben has consented to nothing" in shop.run("consent", "list", "ben", who="tom").stdout


def test_vcards_are_entered_and_told_line_by_line(shop: Flow) -> None:
    """What has no place, and who may be one; the same file again changes nothing."""
    (shop.folder / "some.vcf").write_text(CARDS, "utf-8")
    dry = shop.run("people", "import", "some.vcf", "--dry", who="olga").stdout
    assert "2 would be added" in dry
    told = " ".join(shop.run("people", "import", "some.vcf", who="olga").stdout.split())
    assert "2 added" in told
    assert "line 7: PHOTO" in told
    assert "May be one" in told
    assert "the same contact" in told
    contacts = [one["address"] for one in shop.json("people", "contacts", "cleo", who="olga")]
    assert contacts == ["cleo@example.org", "+44 20 7946 0018"]
    again = shop.json("people", "import", "some.vcf", who="olga")
    assert (again["added"], again["same"], len(again["proposed"])) == (0, 2, 1)


def test_a_card_that_is_wrong_holds_up_those_beside_it(shop: Flow) -> None:
    """As a line of any other file does."""
    (shop.folder / "bad.vcf").write_text(CARDS.replace("4.0", "2.1"), "utf-8")
    told = shop.run("people", "import", "bad.vcf", who="olga", code=1).stdout
    assert "line 9: is version 2.1" in told
    assert "Left out with them" in told
    assert "nobody called" in shop.run("people", "show", "cleo", who="olga", code=1).stderr


def test_a_vcard_is_written(shop: Flow) -> None:
    """To a new file, or where the command writes to."""
    assert "FN:Ada" in shop.run("people", "export", "ada", "--vcard", who="olga").stdout
    shop.run("people", "export", "ada", "--vcard", "-o", "ada.vcf", who="olga")
    assert (shop.folder / "ada.vcf").read_bytes().startswith(b"BEGIN:VCARD\r\nVERSION:4.0\r\n")
