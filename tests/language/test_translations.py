"""The texts of a process in other languages: how they are found, read, checked, and what is missing of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import yaml
from two_languages import BREAD, TEXTS

from flowengine.language import parse, problems
from flowengine.language.durations import Duration
from flowengine.language.expressions import PlainNames
from flowengine.language.meaning import version_of
from flowengine.language.texts import Text, plain
from flowengine.language.to_translate import block
from flowengine.speech.readers import words_for

GERMAN = parse(BREAD + TEXTS).others["de"]


def said(changes: str, source: str = BREAD) -> str:
    """The file with these German texts alone."""
    return f"{source}\ntexts:\n  de:\n    {changes}\n"


def test_a_process_in_another_language_differs_in_its_texts_alone() -> None:
    """Names, ways, conditions and places are the same; titles of all kinds are those of the language."""
    own = parse(BREAD + TEXTS)
    assert (GERMAN.language, GERMAN.version, GERMAN.name) == ("de", own.version, own.name)
    assert (GERMAN.title, GERMAN.need, GERMAN.roles["baker"].title) == ("Ein Laib Brot", "Frisches Brot", "Bäckerei")
    assert [(one.id, one.title) for one in GERMAN.options["flour"]] == [("rye", "Roggenmehl"), ("wheat", "Weizenmehl")]
    assert [one.name for one in own.states()] == [one.name for one in GERMAN.states()]
    for mine, theirs in zip(own.states(), GERMAN.states(), strict=True):
        assert type(mine) is type(theirs)
        assert {name: [one.to for one in ways] for name, ways in mine.on.items()} == {
            name: [one.to for one in ways] for name, ways in theirs.on.items()
        }
        assert mine.has_title == theirs.has_title
    assert GERMAN.root.states["sure"].outcome_words == {"bake_it": "Backen", "leave_it": "Lassen"}
    assert own.in_language("de") is own.others["de"]
    assert own.in_language("en") is own.in_language("fr") is own


def test_translations_are_part_of_the_version() -> None:
    """A file without texts keeps the version that it had; the order of translations changes none."""
    one, other = "Baker: Bäckerei", "Crust: Kruste"
    versions = [parse(said(f"{first}\n    {then}")).version for first, then in ((one, other), (other, one))]
    assert versions[0] == versions[1] == version_of(parse(said(f"{one}\n    {other}")))
    assert versions[0] != parse(BREAD).version
    assert parse(said(f"{one}\n    Crust: Rinde")).version != versions[0]


@pytest.mark.parametrize("text", ["Which  day do\n      you need it?", "Which day do you need it?"])
def test_a_text_is_found_however_its_lines_are_broken(text: str) -> None:
    """By its words; also one that stands over several lines."""
    source = BREAD.replace("ask: Which day do you need it?", f"ask: >-\n      {text}")
    assert str(parse(source + TEXTS).others["de"].root.states["need"].ask) == "Für welchen Tag brauchen Sie es?"


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        (said("Rye flower: Roggenmehl"), "unknown-text", "did you mean 'Rye flour'?"),
        (said("Nothing of the kind here: Nichts"), "unknown-text", "write it as it stands in the file"),
        (said('"Choose the flour for {data.need.day}": "Mehl: {data.need.dya}"'), "unknown-field", "mean 'day'?"),
        (said('"Choose the flour for {data.need.day}": "Mehl für {data.need.day + 1}"'), "type-mix", ""),
        (said('"Choose the flour for {data.need.day}": "Mehl für {data.bake.grams}"'), "missing-data", ""),
        (said('"Choose the flour for {data.need.day}": "Mehl für {data.need.day"'), "bad-expression", "never closed"),
        (said('Baker: ""'), "bad-title", "empty"),
        (said(f"Baker: {'x' * 300}"), "too-long", "200"),
        (said("Baker: [a]"), "wrong-type", "a text"),
        (said("Baker: 12"), "wrong-type", "quotes"),
        (BREAD + "texts: {en: {Baker: Bakery}}\n", "unknown-language", "English themselves"),
        (BREAD + "texts: {fr: {Baker: Boulangerie}}\n", "unknown-language", "possible: en (English), de (Deutsch)"),
        (BREAD + "language: fr\n", "unknown-language", "possible"),
        (BREAD + "texts: [de]\n", "wrong-type", "a mapping of languages"),
        (BREAD + "texts: {de: Brot}\n", "wrong-type", "a mapping of texts"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_translation_is_refused_where_it_stands(wrong: str, code: str, words: str) -> None:
    """With what would be right; the rest of the file has no part in it."""
    (found,) = problems(wrong)
    assert found.code == code
    assert words in f"{found.message} {found.hint}"
    first = wrong.splitlines().index("texts:") if "\ntexts:\n" in wrong else len(BREAD.splitlines())
    assert found.place.line > first


def test_a_process_may_be_written_in_another_language() -> None:
    """And have English among the others."""
    own = parse(BREAD + "language: de\ntexts: {en: {Baker: Bakery}}\n")
    assert (own.language, own.others["en"].roles["baker"].title) == ("de", "Bakery")
    assert own.untranslated("de") == ()


def test_what_is_missing_is_told_as_it_is_to_be_pasted() -> None:
    """All that has words, in the order of the file; filled in, it is fine, and nothing is missing any more."""
    own = parse(BREAD)
    told = block(own, "de")
    assert set(yaml.safe_load(told)["texts"]["de"]) == set(own.untranslated("de"))
    assert "Kind of flour" in own.untranslated("de")
    assert "Bake it" in own.untranslated("de")
    assert not {"g", "by hand", "{data.need.crust}", "Choose"} & set(own.untranslated("de"))
    filled = parse(BREAD + told.replace('""', '"Xyz"'))
    assert filled.untranslated("de") == ()
    assert block(filled, "de") == ""
    assert parse(BREAD + TEXTS).untranslated("de") == ()
    assert [one.code for one in problems(BREAD + told)] != []


def test_titles_that_names_give_are_asked_for_as_others_are() -> None:
    """Of states of all types, those that have a phase too, members of races, branches, fields and entries; where there
    is a title, nothing is asked of the name."""
    source = """
process: shop
title: Shop
need: A thing
states:
  first_need: {type: need, ask: What?, fields: {which_one: {type: string}}, next: look_at_it}
  look_at_it: {type: decision, rules: [{when: data.first_need.which_one == "x", to: make_it}], else: make_it}
  make_it:
    type: parallel
    title: Making
    branches:
      by_us: {type: task, for: staff, phase: Phase, ask: Do, on: {done: joined}}
      by_others:
        states:
          sew_it: {type: task, for: staff, ask: Sew, next: joined}
          not_used: {type: task, for: staff, title: Used, ask: Sew, next: joined}
    next: what_first
  what_first:
    type: race
    of:
      letter_came: {type: message, name: letter, key: data.first_need.which_one}
      too_long: {type: wait, for: P3D}
    on: {letter_came.received: all_done, too_long.elapsed: all_done}
  all_done: {type: fulfilled, because: Yes}
always:
  call_off: {by: customer, to: all_done}
"""
    asked = set(parse(source, check=False).untranslated("de"))
    names = {
        "First need", "Which one", "Look at it", "By us", "By others", "Sew it", "What first", "Letter came",
        "Too long", "All done", "Call off",
    }  # fmt: skip
    assert names <= asked
    assert not {"Make it", "Not used", "Joined", "Done"} & asked


@pytest.mark.parametrize(
    "text", ["What: now", "# no comment", "{data.need.crust} bread", "It's", "'quoted'", "true", "a\tb", "- x", '"x"']
)
def test_each_text_can_be_pasted(text: str) -> None:
    """Whatever signs it has."""
    quoted = "'" + text.replace("'", "''") + "'" if "\t" not in text else '"a\\tb"'
    own = parse(BREAD.replace("ask: Which day do you need it?", f"ask: {quoted}"), check=False)
    read = yaml.safe_load(block(own, "de"))["texts"]["de"]
    assert " ".join(text.split()) in {" ".join(str(one).split()) for one in read}


def test_values_are_told_in_the_words_of_a_language() -> None:
    """Days, moments, numbers, yes and no, lengths and money."""
    german = words_for("de")
    data = {
        "day": "2026-05-09",
        "at": "2026-05-09T10:00:00Z",
        "sum": Decimal("1234.5"),
        "yes": True,
        "list": [1.5, "a"],
    }
    names = PlainNames({"data": data, "now": datetime(2026, 5, 4, tzinfo=UTC)}, currency="EUR")
    told = Text("{data.day}|{data.at}|{data.sum}|{data.yes}|{data.list}|{money(data.sum)}|{days(3)}")
    assert told.render(replace(names, words=german)).replace("\xa0", " ") == (
        "Samstag, 9. Mai 2026|Samstag, 9. Mai 2026, 10:00 UTC|1.234,5|ja|1,5, a|1.234,50 €|3 Tage"
    )
    english = "Saturday, 9 May 2026|Saturday, 9 May 2026, 10:00 UTC|1234.5|yes|1.5, a|€1,234.50|3 days"
    assert told.render(names) == english
    assert (plain(Duration(days=1), german), plain(False, german)) == ("1 Tag", "nein")
