"""Moments, days, spans and prices as a reader has them, and whose language he reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flowengine.speech.languages import wished
from flowengine.speech.telling import Speech

NOW = datetime(2026, 5, 4, tzinfo=UTC)
ENGLISH, GERMAN = Speech("en", "Europe/Berlin", NOW), Speech("de", "Europe/Berlin", NOW)


def test_a_day_is_that_of_the_readers_zone() -> None:
    """With its weekday whole or short, and with the year, by his clock, where it is another."""
    evening, past_midnight = datetime(2026, 12, 4, 22, 30, tzinfo=UTC), datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert (ENGLISH.day(evening), GERMAN.day(evening)) == ("Friday 4 December", "Freitag, 4. Dezember")
    assert (ENGLISH.moment(evening), GERMAN.moment(evening)) == ("Fri 4 Dec, 23:30", "Fr., 4. Dez., 23:30")
    assert (ENGLISH.day(past_midnight), GERMAN.day(past_midnight)) == (
        "Friday, 1 January 2027", "Freitag, 1. Januar 2027"
    )  # fmt: skip
    assert Speech("en", "", NOW).day(past_midnight, "Europe/London") == "Thursday 31 December"
    assert Speech("en", "", NOW, "Europe/London").place() == "London"
    assert (ENGLISH.place(), Speech("en", "", NOW).place("America/New_York"), Speech().place()) == (
        "Berlin", "New York", "UTC"
    )  # fmt: skip


def test_numbers_are_written_as_his_language_has_them() -> None:
    """Exactly, whatever they are."""
    assert (ENGLISH.number(Decimal("1234.5")), GERMAN.number(Decimal("1234.5"))) == ("1,234.5", "1.234,5")
    assert (ENGLISH.money(1510, "GBP"), GERMAN.money(Decimal("99.9"), "EUR")) == ("£1,510.00", "99,90\xa0€")
    assert (ENGLISH.span(timedelta(days=3)), GERMAN.distance(NOW - timedelta(hours=2))) == ("3 days", "vor 2 Stunden")
    assert (ENGLISH.distance(NOW), ENGLISH.distance(NOW + timedelta(minutes=1))) == ("just now", "in 1 minute")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-AT,en;q=0.9", "de"), ("fr, en;q=0.2, de;q=0.8", "de"), ("de;q=0, fr", ""), ("", ""), ("*", ""),
        ("de;q=x", ""), ("," * 5000, ""),
    ],
)  # fmt: skip
def test_the_first_language_that_there_is_counts(accepted: str, language: str) -> None:
    """By what a browser says, however wrong that is."""
    assert wished(accepted) == language
