"""Questions on pages: each kind is asked, read, told and carried, in the language and by the clock of its reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flowengine.client import FormField, FormOption
from flowengine.errors import FlowError
from flowengine.language import parse
from flowengine.language.model import Process
from flowengine.rehearsal.made_up import MadeUp
from flowengine.rehearsal.trial import Trial
from flowengine.speech.telling import Speech
from flowengine.web.pages.fields import answer, asked, carried, price, problems_of, summary
from flowengine.web.pages.posted import Posted, Upload
from flowengine.web.pages.rendering import Renderer

PROCESSES = Path(__file__).parents[3] / "processes"
GERMAN = Speech("de", "Europe/Berlin")
ENGLISH = Speech("en", "Europe/London")
MEMBER = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name"],
}
FRUIT = (FormOption(id="apple", title="Apple", price=3), FormOption(id="pear", title="Pear", price=Decimal("2.5")))


def field(name: str, type: Any = "string", **more: Any) -> FormField:
    return FormField(name=name, title=name.capitalize(), type=type, **more)


FIELDS = (
    field("length", "number", unit="cm", min=1, max=5_000),
    field("sum", "number", currency="EUR"),
    field("stars", "integer", min=1, max=5),
    field("warm", "boolean"),
    field("day", format="date"),
    field("at", format="date-time"),
    field("wake", format="time"),
    field("rest", format="duration"),
    field("one", "integer", options=(FormOption(id=2, title="Two"), FormOption(id=3, title="Three"))),
    field("several", "array", options=FRUIT, shape="several", min=1, max=2),
    field("many", "object", options=FRUIT, shape="quantities", max=9),
    field("best", "array", options=FRUIT, shape="ranked"),
    field("scores", "object", options=FRUIT, shape="scores", min=0, max=9),
    field("member", "object", schema=MEMBER),
    field("guests", "array", schema={"type": "array", "items": MEMBER}),
    field("colours", "array", schema={"type": "array", "items": {"type": "string"}}),
    field("free", "object", schema={"type": "object"}),
    field("left_out", required=False),
)
TYPED = {
    "length": "1.250,5", "sum": "12,50", "stars": "4", "warm": "no", "day": "2026-05-01", "at": "2026-07-01T10:00",
    "wake": "07:30", "rest.many": "3", "rest.unit": "weeks", "one": "3", "several": "pear", "many.apple": "2",
    "best.apple": "2", "best.pear": "1", "scores.pear": "0", "member.name": "Ben", "member.age": "7",
    "guests.0.name": "Cy", "guests.3.name": "Di", "colours": "red\r\n\r\nblue", "free": "size: 43\nsign: a: b",
}  # fmt: skip


def posted(values: dict[str, str]) -> Posted:
    return Posted(tuple((f"x.{name}", value) for name, value in values.items()))


def test_each_kind_is_read_as_its_reader_writes_it_and_survives_a_page_between() -> None:
    """Numbers with the comma of the language, moments by the clock there; hidden inputs say the same."""
    found = answer(FIELDS, posted(TYPED), GERMAN, prefix="x.")
    assert found.problems == {}
    offset = found.values.pop("wake")
    assert str(offset).startswith("07:30:00+0")
    assert found.values == {
        "length": Decimal("1250.5"), "sum": Decimal("12.50"), "stars": 4, "warm": False, "day": "2026-05-01",
        "at": "2026-07-01T08:00:00Z", "rest": "P21D", "one": 3, "several": ["pear"], "many": {"apple": 2},
        "best": ["pear", "apple"], "scores": {"pear": 0}, "member": {"name": "Ben", "age": 7},
        "guests": [{"name": "Cy"}, {"name": "Di"}], "colours": ["red", "blue"], "free": {"size": "43", "sign": "a: b"},
    }  # fmt: skip
    again = answer(FIELDS, Posted(tuple(carried(FIELDS, found.values, GERMAN, "x."))), GERMAN, prefix="x.")
    assert again.values == found.values
    told = dict(summary(FIELDS, found.values, GERMAN))
    assert (told["Length"], told["Sum"], told["One"]) == ("1.250,5 cm", "12,50\xa0€", "Three")
    assert (told["Many"], told["Best"], told["Rest"]) == ("2 × Apple", "1. Pear, 2. Apple", "21 Tage")
    assert price(FIELDS, {"several": ["pear"], "many": {"apple": 2}}) == (Decimal("8.5"), "")


def test_what_cannot_be_read_says_so_beside_it_and_stays_as_it_was_typed(tmp_path: Path) -> None:
    """Each problem leads to its input; parts of a question have problems of their own."""
    wrong = TYPED | {
        "length": "12,x", "stars": "9", "day": "", "at": "2026-03-29T02:30", "one": "5", "several": "",
        "many.apple": "a", "best.apple": "1", "member.name": "", "guests.3.age": "old",
    }  # fmt: skip
    typed = posted(wrong)
    found = answer(FIELDS, typed, GERMAN, prefix="x.")
    names = {"length", "stars", "day", "at", "one", "several", "many.apple", "best.pear", "member.name", "guests.3.age"}
    assert set(found.problems) == names
    shown = asked(FIELDS, found.values, found.problems, speech=GERMAN, prefix="x.", typed=typed)
    assert len(problems_of(shown)) == len(names)
    (tmp_path / "one.html").write_text(
        '{% from "parts/fields.html" import ask_fields, problem_summary %}'
        "{{ problem_summary(shown) }}{{ ask_fields(shown) }}"
    )
    html = Renderer([tmp_path]).render("one.html", GERMAN, shown=shown)
    assert 'value="12,x"' in html
    for id, _, _ in problems_of(shown):
        assert f'id="{id}"' in html
        assert f'href="#{id}"' in html


@pytest.mark.parametrize(
    ("typed", "speech", "meant"),
    [
        ("1,234.5", ENGLISH, Decimal("1234.5")), ("12,5", ENGLISH, Decimal("12.5")), ("1,234", ENGLISH, 1234),
        ("12.5", GERMAN, Decimal("12.5")), ("1.234", GERMAN, 1234), ("−3", GERMAN, -3),
        ("1 234,5", GERMAN, Decimal("1234.5")),
        ("1,2,3", GERMAN, None), ("١٢", GERMAN, None), ("1e9", ENGLISH, None), ("9" * 80, ENGLISH, None),
    ],
)  # fmt: skip
def test_a_number_is_that_of_the_language_where_it_can_be_two(typed: str, speech: Speech, meant: Any) -> None:
    """What can only be read in one way is taken, whoever writes it."""
    found = answer((field("n", "number"),), Posted((("n", typed),)), speech)
    assert found.values.get("n") == meant
    assert bool(found.problems) == (meant is None)


def test_files_are_kept_though_the_form_is_refused() -> None:
    """The id of one that was kept is among the values; what the engine refuses is told beside the question."""
    kept: list[str] = []

    def attach(upload: Upload) -> str:
        kept.append(upload.name)
        return f"file-{len(kept)}"

    files = (field("papers", "array", kinds=("pdf",), format="file"), field("name"))
    sent = Posted((("papers", "file-0"),), {"papers": (Upload("a.pdf", b"x"),)})
    found = answer(files, sent, ENGLISH, attach)
    assert (found.values, set(found.problems)) == ({"papers": ["file-0", "file-1"]}, {"name"})
    shown = asked(
        files, found.values, found.problems, speech=ENGLISH, typed=sent, name_of={"file-0": "o", "file-1": "a"}.get
    )
    assert [(one.value, one.title) for one in shown[0].choices] == [("file-0", "o"), ("file-1", "a")]


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("navy.jpg", "/static/navy.1a.jpg"), ("/looks/navy.jpg", "/looks/navy.jpg"), ("//evil.example/x.jpg", ""),
        ("/\\evil.example/x.jpg", ""), ("https://evil.example/x.jpg", ""), ("javascript:alert(1)", ""), (7, ""),
    ],
)  # fmt: skip
def test_an_option_has_a_picture_of_this_site_or_none(named: Any, shown: str) -> None:
    """One of the house's by its name, or a path here; nothing is loaded from elsewhere."""
    cloth = field("cloth", options=(FormOption(id="navy", title="Navy", more={"picture": named}),))
    (one,) = asked((cloth,), speech=ENGLISH, pictures={"navy.jpg": "/static/navy.1a.jpg"})
    assert one.choices[0].picture == shown


def test_what_processes_ask_of_people_survives_the_way_through_a_page(tmp_path: Path) -> None:
    """Whatever is answered to the forms of the processes, in either language: shown, carried and read again it is the
    same; an empty list of what may be left out is left out."""
    (tmp_path / "one.html").write_text('{% from "parts/fields.html" import ask_fields %}{{ ask_fields(shown) }}')
    renderer, asked_for, sorts = Renderer([tmp_path]), 0, set[str]()
    for name in ("bespoke_suit", "co_creation", "school_excursion", "supplier"):
        process = parse((PROCESSES / f"{name}.yaml").read_text())
        for seed in range(3):
            for fields, given, now in _asked_by_chance(process, Random(seed)):
                for language in ("de", "en"):
                    speech = Speech(language, "Europe/Berlin", now)
                    found = answer(fields, Posted(tuple(carried(fields, given, speech))), speech)
                    assert found.values == {key: value for key, value in given.items() if value != []}
                    shown = asked(fields, given, speech=speech)
                    page = renderer.render("one.html", speech, shown=shown)
                    assert all(f'name="{one.name}' in page for one in shown)
                    assert len(summary(fields, given, speech)) == len(fields)
                    asked_for, sorts = asked_for + 1, sorts | {one.sort for one in shown}
    assert asked_for > 40
    assert len(sorts) > 5


def _asked_by_chance(
    process: Process, chance: Random
) -> Iterator[tuple[tuple[FormField, ...], dict[str, Any], datetime]]:
    """What is asked in one life of a job by chance, with answers that are made up."""
    made, trial = MadeUp(chance, edge=0), Trial(process, datetime(2026, 5, 4, 9, tzinfo=UTC))
    first = made.answer(trial.asked_first, trial.now)
    yield trial.asked_first, first, trial.now
    trial.begin(first)
    for _ in range(25):
        moves = trial.moves()
        if trial.is_over or not moves:
            return
        move = chance.choice(moves)
        ways = trial.ways(move)
        way = chance.choice(ways) if ways else None
        slots = [slot.isoformat() for slot in trial.form(move).slots] if move.step is not None else []
        given = made.answer(way.fields, trial.now, slots) if way is not None else {}
        if way is not None and way.fields and "slot" not in given:
            yield way.fields, given, trial.now
        with suppress(FlowError):
            trial.take(move, way.outcome if way is not None else "", given or None)
