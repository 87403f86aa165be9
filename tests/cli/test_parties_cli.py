"""Contacts, and who acts for whom, at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Flow


def test_a_company_and_who_acts_for_it(shop: Flow) -> None:
    """A company is entered, a person acts for it, begins its job and is shown; then it is ended."""
    made = shop.json("people", "add", "--name", "Lund Ltd", "--organisation", who="olga")
    lund = made["id"]
    assert made["organisation"] is True
    said = shop.json("people", "acting", "let", "ada", lund, "--may", "sign", "--until", "2999-12-31", who="olga")
    assert (said["may"], said["now"], said["party_name"]) == ("sign", True, "Lund Ltd")
    job = shop.json("start", "workshop", "--for", lund, "--set", "wish=A table", "--set", "width=80", who="ada")["job"]
    assert shop.json("history", job)[0]["who"] == "Ada, for Lund Ltd"
    assert f"ada, for {lund}" in shop.run("people", "acting", "show", "ada", who="olga").stdout
    ended = shop.run("people", "acting", "end", "ada", lund, who="olga").stdout
    assert f"Nobody else may act for {lund} now." in ended
    assert "Nobody acts for anybody here." in shop.run("people", "acting", "show", lund, who="olga").stdout


def test_contacts_at_a_terminal(shop: Flow) -> None:
    """Contacts are added, listed, found and taken away; what is none is told."""
    added = shop.json("people", "contact", "add", "ada", "+44 20 7946 0000", who="olga")
    assert added["kind"] == "phone"
    assert "+44 20 7946 0000" in shop.run("people", "contacts", "ada", who="ada").stdout
    assert shop.json("people", "show", "0044 2079460000", who="olga")["id"] == "ada"
    assert "Taken away" in shop.run("people", "contact", "remove", "ada", "+442079460000", who="ada").stdout
    assert [one["kind"] for one in shop.json("people", "contacts", "ada", who="ada")] == ["mail"]
