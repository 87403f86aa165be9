"""``choice``: options frozen as offered, picks of one, several and quantities, sums, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from rehearsal import Rehearsal, process

from flowengine.core.answers import form
from flowengine.core.options import offered
from flowengine.core.values import Offer
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language import parse
from flowengine.language.expressions import Expression, PlainNames

OPTIONS = """
options:
  cloth:
    - {id: navy, title: Navy flannel, price: 420, lead_time: P12D, mill: Abraham}
    - {id: grey, title: Grey worsted, price: 380.5, lead_time: PT36H}
    - {id: linen, title: Linen}
"""
CHOICE = """
  first:
    type: choice
    choose:
      cloth: {from: cloth}
      pockets: {from: [2, 3, 4]}
      lined: {from: [true, false], min: 0}
      trims: {from: [a, b, c], min: 1, max: 2}
      buttons: {from: [{id: horn, price: 2}, {id: brass, price: 3}], min: 0, max: 10, quantity: true}
    within: P7D
    on: {chosen: after, expired: gone}
  after: {type: task, for: staff, next: fulfilled}
"""
GOOD: dict[str, Any] = {"cloth": "navy", "pockets": 3, "trims": ["a", "b"], "buttons": {"horn": 4, "brass": 1}}

IDEAS = """
process: ideas
title: Ideas
need: Ideas
states:
  need: {type: need, fields: {ideas: {type: array}}, next: first}
  first:
    type: parallel
    branches:
      pick:
        start: pick
        states:
          pick:
            type: choice
            choose: {one: {from: '{dyn(data.need.ideas)}'}}
            within: P7D
            on: {chosen: done, expired: done}
      change:
        start: change
        states: {change: {type: task, for: staff, saves: need, fields: {ideas: {type: array}}, next: done}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def begin() -> Rehearsal:
    return Rehearsal(process(CHOICE, OPTIONS))


def test_picks_are_saved_with_price_and_lead_time() -> None:
    """What was picked is saved by name, with the sum of the prices times their numbers and the longest lead time."""
    job = begin()
    job.act("first", answer=GOOD)
    first = job.data["first"]
    assert {**first, "titles": {}} == {**GOOD, "titles": {}, "price": 431, "lead_time_days": 12}
    assert type(first["price"]) is type(first["lead_time_days"]) is int


def test_prices_add_up_exactly() -> None:
    """The sum of prices is what people would reckon, with the digits that they were written with."""
    options = "options: {cloth: [{id: a, price: 0.10}, {id: b, price: 0.70}]}\n"
    body = "  first: {type: choice, choose: {cloth: {from: cloth, max: 30, quantity: true}}, within: P1D, "
    job = Rehearsal(process(body + "on: {chosen: fulfilled, expired: gone}}", options))
    job.act("first", answer={"cloth": {"a": 10, "b": 3}})
    assert str(job.data["first"]["price"]) == "3.10"


def test_options_without_prices_give_no_price() -> None:
    """Where nothing offered has a price there is none in the answer; the lead time is 0."""
    job = Rehearsal(process("  first: {type: choice, choose: {size: {from: [s, m]}}, within: P1D, "
                            "on: {chosen: fulfilled, expired: gone}}"))  # fmt: skip
    job.act("first", answer={"size": "m"})
    assert job.data["first"] == {"size": "m", "titles": {"size": "M"}, "lead_time_days": 0.0}


def test_any_number_may_be_chosen_unless_a_most_is_said() -> None:
    """Who orders dishes orders as many as he likes; a form gives no most."""
    options = "options: {dish: [{id: soup, price: 5}, {id: pie, price: 9}]}\n"
    body = "  first: {type: choice, choose: {dish: {from: dish, quantity: true}}, within: P1D, "
    job = Rehearsal(process(body + "on: {chosen: fulfilled, expired: gone}}", options))
    with pytest.raises(BadAnswer, match="chooses 0; choose 1 or more"):
        job.act("first", answer={"dish": {"soup": 0}})
    job.act("first", answer={"dish": {"soup": 12, "pie": 3}})
    assert job.data["first"]["price"] == 87


def test_ids_are_saved_as_offered() -> None:
    """Ids may be given as text, as a command line does, and are saved as the process writes them."""
    job = begin()
    job.act("first", answer={**GOOD, "pockets": "4", "lined": "true", "trims": "c"})
    assert job.data["first"]["pockets"] == 4
    assert job.data["first"]["lined"] is True
    assert job.data["first"]["trims"] == ["c"]


def test_what_need_not_be_chosen_may_be_left_out() -> None:
    """A pick with ``min: 0`` may be left out: a single one is absent then, quantities are none."""
    job = begin()
    job.act("first", answer={"cloth": "linen", "pockets": 2, "trims": ["a"]})
    saved = {"cloth": "linen", "pockets": 2, "trims": ["a"], "buttons": {}, "price": 0.0, "lead_time_days": 0.0}
    titles = {"cloth": "Linen", "pockets": "2", "trims": "A", "buttons": ""}
    assert job.data["first"] == {**saved, "titles": titles}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"cloth": None}, "cloth", "is missing; choose one of navy (Navy flannel), grey (Grey worsted), linen (Linen)"),
        ({"cloth": "nayv"}, "cloth", '"nayv" is not offered (did you mean navy?)'),
        ({"cloth": ["navy"]}, "cloth", "must be an option's id, not a list"),
        ({"cloth": 1.0}, "cloth", "must be an option's id, not a number"),
        ({"pockets": 5}, "pockets", "5 is not offered; choose one of 2, 3, 4"),
        ({"trims": []}, "trims", "chooses 0; choose 1 to 2 of a (A), b (B), c (C)"),
        ({"trims": ["a", "b", "c"]}, "trims", "chooses 3; choose 1 to 2"),
        ({"trims": ["a", "a"]}, "trims", "names an option twice"),
        ({"trims": ["a", {}]}, "trims", "must be an option's id, not an object"),
        ({"buttons": {"horn": 11}}, "buttons", "chooses 11; choose 0 to 10"),
        ({"buttons": {"horn": -1}}, "buttons", "must have a whole number from 0, not -1"),
        ({"buttons": {"horn": 1.5}}, "buttons", "must have a whole number from 0, not 1.5"),
        ({"buttons": {"horn": True}}, "buttons", "must have a whole number from 0, not true"),
        ({"buttons": {"bone": 1}}, "buttons", '"bone" is not offered'),
        ({"buttons": ["horn"]}, "buttons", "must map ids to whole numbers, not be a list"),
        ({"clothh": "navy"}, "clothh", "is not asked here (did you mean cloth?)"),
    ],
)
def test_wrong_pick_is_refused(change: dict[str, Any], path: str, words: str) -> None:
    """Each wrong pick is told with what can be chosen, and nothing changes."""
    job = begin()
    with pytest.raises(BadAnswer) as refused:
        job.act("first", answer={**GOOD, **change})
    assert words in refused.value.problems[path]
    assert refused.value.possible
    assert job.standing == ["first"]


def test_all_wrong_picks_are_told_at_once() -> None:
    """One refusal names every pick that is wrong, and lists the ids that are possible."""
    with pytest.raises(BadAnswer) as refused:
        begin().act("first", answer={"cloth": "silk"})
    assert set(refused.value.problems) == {"cloth", "pockets", "trims"}
    assert refused.value.possible == ("navy", "grey", "linen", "2", "3", "4", "a", "b", "c")


def test_options_stay_as_offered() -> None:
    """The options are frozen when the state is entered, though what their expression reads changes meanwhile."""
    ideas = ["a", {"id": "b", "title": "Bee", "price": 3, "lead_time": "P2D"}]
    job = Rehearsal(parse(IDEAS, "ideas.yaml"), need={"ideas": ideas})
    job.act("change", answer={"ideas": ["z"]})
    job.act("pick", answer={"one": "b"})
    assert job.data["pick"] == {"one": "b", "titles": {"one": "Bee"}, "price": 3.0, "lead_time_days": 2.0}


@pytest.mark.parametrize(
    ("ideas", "words"),
    [
        ([], "offers 0 options, but 1 are to be chosen"),
        ([1.5], "not an id or an object with an id"),
        ([{"title": "x"}], "not an id or an object with an id"),
        (["a", {"id": "a", "price": 3}], "twice, and not alike"),
        ([{"id": "a", "price": "dear"}], "gives the option"),
        ([{"id": "a", "lead_time": "soon"}], "is not a duration"),
    ],
)
def test_bad_options_are_refused(ideas: list[Any], words: str) -> None:
    """An expression that gives no proper options stops the command that would offer them, with its source."""
    with pytest.raises(ExpressionFailed, match=words) as refused:
        Rehearsal(parse(IDEAS, "ideas.yaml"), need={"ideas": ideas})
    assert refused.value.where == "dyn(data.need.ideas)"


def test_an_expression_may_reckon_prices_and_lead_times() -> None:
    """Options from an expression keep their numbers as numbers, and lengths of time and moments as texts."""
    source = '[{"id": "a", "price": data.p * 1.1, "lead_time": days(3), "width": 1.5, "from": date("2026-05-01")}]'
    (option,) = offered(parse(IDEAS, "ideas.yaml"), Expression(source), PlainNames({"data": {"p": 12.5}}))
    assert option == {
        "id": "a", "title": "a", "price": 13.75, "lead_time": "P3D", "width": 1.5, "from": "2026-05-01T00:00:00Z",
    }  # fmt: skip


def test_offer_is_kept_in_the_job() -> None:
    """The job keeps what it offered, with all that the process says of each option."""
    offer = begin().position.root.inners[""]
    assert isinstance(offer, Offer)
    assert offer.picks["cloth"][0] == {
        "id": "navy", "title": "Navy flannel", "price": 420.0, "lead_time": "P12D", "mill": "Abraham",
    }  # fmt: skip


def test_form_shows_options_with_prices() -> None:
    """The form has a question for each pick, with its options, prices and lead times, and how many may be chosen."""
    job = begin()
    (way,) = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    asked = {field.name: field for field in way.fields}
    navy = asked["cloth"].options[0]
    assert (navy.id, navy.title, navy.price, navy.lead_time) == ("navy", "Navy flannel", 420.0, "P12D")
    assert navy.more == {"mill": "Abraham"}
    assert (asked["cloth"].shape, asked["cloth"].type, asked["cloth"].required) == ("one", "string", True)
    assert (asked["pockets"].type, asked["lined"].type) == ("integer", "boolean")
    assert not asked["lined"].required
    assert (asked["trims"].shape, asked["trims"].min, asked["trims"].max) == ("several", 1, 2)
    assert (asked["buttons"].shape, asked["buttons"].type, asked["buttons"].max) == ("quantities", "object", 10)


def test_deadline_ends_the_choice() -> None:
    """A customer who does not choose in time does not hold up the job for ever (L8)."""
    job = begin()
    job.wait("P8D")
    assert job.position.head.end == "gone"
