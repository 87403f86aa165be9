"""The engine's own words: English by themselves, other languages by a library, and phrases that are told later."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from flowengine import Engine, errors
from flowengine.client.local import LocalDesk
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.speech.phrases import listing, moment_phrase, phrase, phrase_many
from flowengine.speech.readers import words_for
from flowengine.speech.words import ENGLISH, Words

GERMAN = words_for("de")
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
AT = datetime(2026, 10, 5, 8, tzinfo=UTC)


def test_values_are_told_as_each_language_has_them() -> None:
    """Days short and in full, moments with the zone where clocks at home show another time, numbers as they were
    written, prices unrounded, lengths, yes and no."""
    told = [
        (
            words.day(AT), words.day(AT, in_full=True), words.moment(AT, NEW_YORK, BERLIN),
            words.moment(AT, BERLIN, BERLIN), words.number(Decimal("1234.50")),
            words.money(Decimal("-1510.125"), "EUR"),
            words.span(1, 2, timedelta(hours=3)), words.span(days=3, working=True), words.tell(True),
            words.within("Ihr Maß"),
        )
        for words in (ENGLISH, GERMAN)
    ]  # fmt: skip
    assert told == [
        (
            "Mon 5 Oct 2026", "Monday, 5 October 2026", "Mon 5 Oct 2026, 04:00 (New York)", "Mon 5 Oct 2026, 10:00",
            "1234.50", "-€1,510.125", "1 month 2 days 3 hours", "3 working days", "yes", "ihr Maß",
        ),
        (
            "Mo., 5. Okt. 2026", "Montag, 5. Oktober 2026", "Mo., 5. Okt. 2026, 04:00 (New York)",
            "Mo., 5. Okt. 2026, 10:00", "1.234,50", "-1.510,125\xa0€", "1 Monat, 2 Tage, 3 Stunden",
            "3 Tage Arbeitszeit", "ja", "Ihr Maß",
        ),
    ]  # fmt: skip


def test_what_somebody_wrote_stands_between_the_languages_marks() -> None:
    """Where he wrote something; whatever signs it has."""
    told = [[words.aside(one) for one in ("100% „fine“", "", None, 5)] for words in (ENGLISH, GERMAN)]
    assert told == [[" (“100% „fine“”)", "", "", ""], [" („100% „fine““)", "", "", ""]]


def test_a_phrase_is_english_until_it_is_told() -> None:
    """With what stands in its holes: numbers, phrases, lists, moments by his zone; also once it was pickled."""
    made = phrase(
        "must be %(wanted)s, not %(given)s",
        wanted=listing([phrase("a number"), phrase("a text")], phrase(" or ")),
        given=moment_phrase(AT, BERLIN),
    )
    assert made == "must be a number or a text, not Mon 5 Oct 2026, 10:00"
    for one in (made, pickle.loads(pickle.dumps(made))):
        assert GERMAN.tell(one) == "muss eine Zahl oder ein Text sein, nicht Mo., 5. Okt. 2026, 10:00"
        assert words_for("de", NEW_YORK).tell(one).endswith("Mo., 5. Okt. 2026, 04:00 (New York)")
        assert ENGLISH.tell(one) == made
    many = phrase("may have at most %(limit)s characters", limit=10_000)
    assert (many, GERMAN.tell(many)) == ("may have at most 10,000 characters", "darf höchstens 10.000 Zeichen haben")
    jobs = [phrase_many("%(num)s job", "%(num)s jobs", number) for number in (1, 2000)]
    assert [(one, GERMAN.tell(one)) for one in jobs] == [("1 job", "1 Auftrag"), ("2,000 jobs", "2.000 Aufträge")]
    assert type(ENGLISH.tell(made)) is type(GERMAN.tell(made)) is str


def test_an_error_is_told_by_who_knows_the_reader() -> None:
    """What is wrong, where, and what is possible: in English before, and again after it was told in English."""
    error = BadAnswer({"legs": phrase("is missing")}, where="cloth", possible=(phrase("another date"), "navy"))
    assert (error.what, error.possible, type(error.what)) == ("legs: is missing", ("another date", "navy"), str)
    assert error.tell(GERMAN.tell) is error
    assert error.to_json()["problems"] == {"legs": "fehlt"}
    assert str(error) == "cloth: legs: fehlt (possible: ein anderes Datum, navy)"
    assert error.tell(ENGLISH.tell).what == "legs: is missing"
    plain = NotAllowed("no phrase", possible=("ask",)).tell(GERMAN.tell)
    assert (plain.what, plain.possible) == ("no phrase", ("ask",))


def test_a_desk_refuses_in_its_language() -> None:
    """As whoever asks at it reads; without one in English."""
    with Engine("sqlite://") as engine:
        engine.add_customer("ada", "Ada")
        for language, what in (("de", "Den Ablauf 'suit' gibt es nicht"), ("", "there is no process 'suit'")):
            with pytest.raises(errors.NotFound) as refused:
                LocalDesk(engine, language=language).start("suit", customer="ada")
            assert what in str(refused.value)


def test_a_language_that_is_not_there_is_refused() -> None:
    """By what is possible; English is what nothing is said of."""
    with pytest.raises(BadAnswer, match=r"'fr' is not spoken here \(possible: en, de\)"):
        words_for("fr")
    assert words_for("") is words_for("en") is ENGLISH
    assert words_for("en", BERLIN) == Words(BERLIN)
