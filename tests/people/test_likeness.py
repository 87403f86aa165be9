"""How far names and contacts count as the same (pure): only to propose, never to be somebody (L15)."""

from __future__ import annotations

import pytest

from flowengine.people.likeness import marks, normal_contact, normal_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada@Example.org", " ada@example.org ", True),
        ("ada+shop@example.org", "ada@example.org", True),
        ("+44 20 7946 0000", "0044 (20) 7946-0000", True),
        ("020 7946 0000", "02079460000", True),
        ("ada@example.org", "ada@example.com", False),
        ("+44 20 7946 0000", "+44 20 7946 0001", False),
    ],
)
def test_contacts_that_mean_the_same(one: str, other: str, same: bool) -> None:
    """Case, blanks, signs between digits and what stands behind a plus make no other contact."""
    assert (normal_contact(one) == normal_contact(other)) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann Smith", "SMITH, Ann", True),
        ("Éva O'Hara", "eva o hara", True),
        ("Ann Smith", "Anne Smith", False),
    ],
)
def test_names_that_are_the_same(one: str, other: str, same: bool) -> None:
    """Case, accents, punctuation and the order of the parts make no other name."""
    assert (normal_name(one) == normal_name(other)) == same


def test_who_has_nothing_has_nothing_in_common() -> None:
    """Without a contact and a zone a name alone proposes nobody; nor does a provider that everybody has."""
    assert list(marks("Ann Smith", "", "")) == []
    assert [reason for reason, _ in marks("Ann Smith", "ann@gmail.com", "")] == ["the same contact"]
    assert len(list(marks("x" * 200, "a@lund.example", ""))) == 2
