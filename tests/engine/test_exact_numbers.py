"""Numbers are exact from whoever gives them to whoever reads them, and money is told as such."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine import BadAnswer, Engine, HandlerCall, SimulatedClock, exact
from flowengine.store import codec
from flowengine.web.bodies import decoded
from flowengine.worker import wire

LONG = Decimal("12345678901234567.89")
"""More digits than a binary float has."""

JAR = """
process: jar
need: Savings
currency: GBP
states:
  need:
    type: need
    fields:
      put: {type: number, format: money}
    next: {to: save}
  save:
    type: ask
    ask: "There are {money(data.sum)} in it; how much more?"
    within: P7D
    fields: {put: {type: number, format: money}}
    on:
      answered:
        - {to: save, when: data.sum + data.save.put < 1, set: {sum: data.sum + data.save.put}}
        - {to: full, set: {sum: data.sum + data.save.put}}
      expired: gone
  full:
    type: approval
    by: customer
    ask: "{data.sum == 1 ? 'One pound' : 'Odd'}"
    within: P7D
    on: {approved: fulfilled, changes: full, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Given up}
""".replace("next: {to: save}", "on: {stated: {to: save, set: {sum: data.need.put}}}")

WEIGHED = """
process: weighed
need: To be weighed
states:
  need:
    type: need
    fields:
      mass: {type: number}
    next: weigh
  weigh:
    type: service
    call: weigh
    input: {mass: data.need.mass}
    retry: {attempts: 1}
    fields: {mass: {type: number, show: true}, half: {type: number}}
    on: {done: look, failed: gone}
  look:
    type: approval
    by: customer
    ask: "It weighs {data.weigh.mass}"
    within: P7D
    on: {approved: fulfilled, changes: look, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Given up}
"""

WAITING = """
process: waiting
need: News
states:
  need: {type: need, fields: {n: {type: number, optional: true}, any: {type: object, optional: true}}, next: hear}
  hear:
    type: race
    of:
      news: {type: message, name: news}
      late: {type: wait, for: P7D}
    on: {news.received: fulfilled, late.elapsed: hear_more}
  hear_more:
    type: race
    of:
      more: {type: message, name: more, keep: P9D}
      late: {type: wait, for: P7D}
    on: {more.received: fulfilled, late.elapsed: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""


def put(engine: Engine, amount: Any) -> None:
    (item,) = engine.inbox("ada")
    engine.act(item.id, "answered", {"put": amount}, by="ada")


def test_ten_times_a_tenth_is_one_in_stored_data(engine: Engine) -> None:
    """What was put in ten times over ten acts is one pound, whether it came as a float or as a decimal (L5)."""
    engine.deploy(JAR)
    job = engine.start("jar", by="ada", need={"put": 0.1}).job
    for amount in [0.1, Decimal("0.10"), Decimal("0.1")] * 3:
        put(engine, amount)
    assert engine.data(job)["sum"] == 1
    assert str(engine.data(job)["sum"]) == "1.00"
    assert engine.inbox("ada")[0].title == "One pound"
    assert engine.audit(job).fine


def test_a_long_number_survives_from_the_answer_to_the_archive(
    engine: Engine, clock: SimulatedClock, tmp_path: Path
) -> None:
    """All digits of a number are there in the data, for the handler, in its result, in texts and in archives."""
    seen: list[Any] = []

    @engine.handler("weigh")
    def weigh(call: HandlerCall) -> dict[str, Any]:
        seen.append(call.input["mass"])
        return {"mass": call.input["mass"], "half": 0.1}

    engine.deploy(WEIGHED)
    job = engine.start("weighed", by="ada", need={"mass": LONG}).job
    assert engine.run_due().calls == 1
    (item,) = engine.inbox("ada")
    assert (seen, item.title) == ([LONG], f"It weighs {LONG}")
    assert engine.data(job)["weigh"] == {"mass": LONG, "half": Decimal("0.1")}
    engine.act(item.id, "approved", by="ada")
    (line, *_) = engine.history(job)
    assert f'"mass": {LONG}' in exact.ascii_text(line.as_written())
    assert engine.audit(job).fine
    clock.advance(timedelta(days=2))
    engine.archive(clock.now(), tmp_path / "old.jsonl.gz")
    with gzip.open(tmp_path / "old.jsonl.gz", "rt") as file:
        (put_away,) = [line for line in file if '"job":' in line]
    assert json.loads(put_away, parse_float=Decimal)["data"]["weigh"]["mass"] == LONG
    assert Engine.verify_archive(tmp_path / "old.jsonl.gz").fine


@pytest.mark.parametrize("number", [Decimal("1e400"), Decimal("1e-400"), Decimal("1e999999999"), 10**40, float("inf")])
def test_a_number_out_of_bounds_is_refused_at_each_door(engine: Engine, number: Any) -> None:
    """A number that no reader of JSON can hold is refused, with its place, and nothing is kept of it (L12)."""
    engine.deploy(WAITING)
    with pytest.raises(BadAnswer) as refused:
        engine.start("waiting", by="ada", need={"any": {"deep": [number]}})
    assert list(refused.value.problems) == ["any.deep.0"]
    job = engine.start("waiting", by="ada", need={}).job
    for door in (
        lambda: engine.send("news", body={"n": number}, job=job),
        lambda: engine.send("more", body=[number], job=job),
        lambda: engine.send("more", body=[number]),
        lambda: engine.add_customer("eve", "Eve", record={"shares": number}),
    ):
        with pytest.raises(BadAnswer):
            door()
    assert engine.track(job, "ada").status == "open"


def test_a_result_out_of_bounds_is_a_failed_attempt(engine: Engine) -> None:
    """A handler that returns what cannot be kept has failed, with words that say what is possible."""

    @engine.handler("weigh")
    def weigh(_: HandlerCall) -> dict[str, Any]:
        return {"mass": Decimal("1e400")}

    engine.deploy(WEIGHED.replace("{done: look, failed: gone}", "{done: look}"))
    engine.start("weighed", by="ada", need={"mass": 1})
    engine.run_due()
    (incident,) = engine.incidents()
    assert "mass: must be a number of at most 34 digits" in incident.error


@pytest.mark.parametrize(
    ("amount", "taken"),
    [(0.07, True), (4.35, True), (1.1, True), (LONG, True), (0.075, False), (LONG + Decimal("0.001"), False)],
)
def test_multiples_are_held_against_the_digits(engine: Engine, amount: Any, taken: bool) -> None:
    """An amount has as many digits as its currency has pence, whatever binary fractions would make of it."""
    engine.deploy(JAR)
    if taken:
        assert engine.start("jar", by="ada", need={"put": amount}).job
        return
    with pytest.raises(BadAnswer, match=r"put: must be a multiple of 0\.01"):
        engine.start("jar", by="ada", need={"put": amount})


def test_money_is_told_as_money(engine: Engine) -> None:
    """Texts, questions and what is settled name the currency; programs get its code and the number."""
    engine.deploy(JAR)
    job = engine.start("jar", by="ada", need={"put": Decimal("0.5")}).job
    (item,) = engine.inbox("ada")
    assert item.title == "There are £0.50 in it; how much more?"
    (asked,) = engine.step(item.id, by="ada").form.ways[0].fields
    assert (asked.currency, asked.format, asked.schema["multipleOf"]) == ("GBP", "", Decimal("0.01"))
    assert ("Put", "£0.50") in engine.track(job, "ada").facts


def test_prices_are_told_in_the_currency(engine: Engine) -> None:
    """What was chosen is told with its price in the currency, and the options' prices come with its code."""
    engine.deploy(
        "process: shop\nneed: Cloth\ncurrency: EUR\nstates:\n  need: {type: need, next: choose}\n"
        "  choose:\n    type: choice\n    choose: {cloth: {from: [{id: a, price: 1110.10}, {id: b, price: 2}]}}\n"
        "    within: P1D\n    on: {chosen: wait, expired: gone}\n"
        "  wait: {type: wait, for: P1D, next: fulfilled}\n  fulfilled: {type: fulfilled}\n"
        "  gone: {type: ended, because: Nothing}\n"
    )
    job = engine.start("shop", by="ada").job
    (item,) = engine.inbox("ada")
    (asked,) = engine.step(item.id, by="ada").form.ways[0].fields
    assert (asked.currency, [option.price for option in asked.options]) == ("EUR", [Decimal("1110.10"), 2])
    engine.act(item.id, "chosen", {"cloth": "a"}, by="ada")
    assert ("Price", "€1,110.10") in engine.track(job, "ada").facts


def test_views_are_written_by_any_library(engine: Engine) -> None:
    """A view's plain values are JSON to the standard library; a number that it would spoil is refused by it."""
    engine.deploy(WAITING)
    job = engine.start("waiting", by="ada", need={"n": Decimal("1.50")}).job
    assert json.loads(json.dumps(engine.history(job)[0].to_json()))["command"]["answer"] == {"n": 1.5}
    long = engine.start("waiting", by="ada", need={"n": LONG}).job
    with pytest.raises(TypeError, match="Decimal"):
        json.dumps(engine.history(long)[0].to_json())


def test_floats_that_were_stored_are_read_as_they_say() -> None:
    """Rows from before numbers were exact hold the shortest texts of floats, which are read as those numbers."""
    assert codec.decode('{"a": 0.1, "b": 1e22, "c": 3.0}', dict[str, Any]) == {
        "a": Decimal("0.1"),
        "b": 10**22,
        "c": 3,
    }


DECIMALS = st.decimals(-Decimal("1e30"), Decimal("1e30"), places=3, allow_nan=False).filter(exact.within)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**33), 10**33) | DECIMALS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Body(msgspec.Struct):
    value: Any


@given(JSON)
def test_all_json_comes_back_through_each_encoding(value: Any) -> None:
    """What is written is read as the same, to the last digit: as stored, on the worker's wire, as a body."""
    shown = repr(codec.decode(codec.encode({"value": value}), dict[str, Any]))
    assert codec.decode(codec.encode({"value": value}), dict[str, Any]) == {"value": value}
    assert repr(wire.read(wire.line({"value": value}))) == shown
    assert repr({"value": decoded(exact.decoder(Body), exact.encode({"value": value}), Body).value}) == shown
    assert json.loads(exact.ascii_text({"value": value}, indent=2), parse_float=Decimal) == {"value": value}


@pytest.mark.parametrize("text", ["1e400", "1E-400", "1e99999999999999999999", "0." + "1" * 35, "-1e309"])
def test_a_body_with_a_number_out_of_bounds_is_refused(text: str) -> None:
    """Who sends such a number is told so, and what is possible."""
    with pytest.raises(BadAnswer, match=r"is out of bounds; numbers of at most 34 digits, from 1e-324 to 1e308"):
        decoded(exact.decoder(Body), f'{{"value": [{text}]}}'.encode(), Body)
