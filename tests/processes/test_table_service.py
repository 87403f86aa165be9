"""A guest's meal through the real engine, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file


@pytest.fixture
def rung() -> list[int]:
    """The buzzers that have buzzed."""
    return []


@pytest.fixture
def cafe(engine: Engine, clock: SimulatedClock, checkout: Any, rung: list[int]) -> Story:
    """Ada at the counter of a café with its people and its checkout."""
    from examples.templates.pretend import handlers

    engine.deploy(process_file("table_service"))
    engine.register(handlers(checkout, buzz=rung.append))
    engine.add_customer("ada", "Ada")
    for id, role in (("cora", "counter"), ("kit", "kitchen"), ("bo", "bar")):
        engine.add_staff(id, id.capitalize(), roles=[role])
    return Story(engine, clock).start("table_service", "ada", name="Ada", allergies="Nuts")


def ordered(story: Story) -> None:
    """A pie and two teas are ordered and paid, and Ada has her buzzer."""
    story.do("ada", "order", "chosen", food={"pie": 1}, drinks={"tea": 2})
    story.do("cora", "hand_buzzer", "done", number=7)


def ready(story: Story) -> None:
    """… and are made, and called out."""
    ordered(story)
    story.do("bo", "pour", "done")
    story.do("kit", "cook", "done")


def test_a_guest_orders_is_called_and_fetches_it(cafe: Story, checkout: Any, rung: list[int]) -> None:
    """Ordered, paid, made, buzzed, fetched: fulfilled, as soon as was promised (L1)."""
    ordered(cafe)
    assert cafe.waiting("kit")["cook"].title == "Cook for Ada: 1 × Mushroom pie with peas"
    assert cafe.shown("kit", "cook") == {"Must not eat": "Nuts"}
    cafe.do("bo", "pour", "done")
    assert rung == []
    cafe.do("kit", "cook", "done")
    assert (rung, checkout.taken()) == ([7], Decimal("18.2"))
    cafe.do("ada", "fetch", "fetched")
    cafe.do("ada", "how_was_it", "given", rating=5)
    assert (cafe.status, cafe.because) == ("fulfilled", "The guest was called and has what he ordered")
    promise = cafe.track("ada").promise
    assert promise is not None
    assert promise.kept is True
    assert cafe.engine.audit(cafe.job).fine


def test_who_orders_nothing_is_told_so(cafe: Story) -> None:
    """An empty order is refused; the guest who goes away without one has ordered nothing."""
    with pytest.raises(errors.NotAllowed):
        cafe.do("ada", "order", "chosen", food={}, drinks={})
    cafe.later(minutes=30)
    assert (cafe.status, cafe.because) == ("ended", "Nothing was ordered and paid")


def test_only_what_was_ordered_is_made(cafe: Story) -> None:
    """A guest who only drinks has nothing cooked."""
    cafe.do("ada", "order", "chosen", food={}, drinks={"ale": 1})
    cafe.do("cora", "hand_buzzer", "done", number=7)
    assert "cook" not in cafe.at
    cafe.do("bo", "pour", "done")
    assert cafe.at == {"fetch"}


def test_a_declined_card_is_tried_again_or_paid_at_the_counter(cafe: Story, checkout: Any) -> None:
    """Nothing is made before it is paid, by whichever way."""
    checkout.set_limit("ada", Decimal(5))
    cafe.do("ada", "order", "chosen", food={"pie": 1}, drinks={})
    cafe.do("ada", "declined", "try_again")
    cafe.do("ada", "declined", "at_the_counter")
    cafe.do("cora", "cash", "paid")
    assert cafe.at == {"hand_buzzer"}
    assert [one.how for one in checkout.payments()] == ["at the counter"]


def test_a_till_that_does_not_answer_is_left_to_the_counter(cafe: Story, checkout: Any) -> None:
    """The guest pays at the counter, and whoever does not is not served."""
    checkout.open = False
    cafe.do("ada", "order", "chosen", food={"pie": 1}, drinks={})
    cafe.later(minutes=2)
    assert cafe.at == {"cash"}
    cafe.do("cora", "cash", "does_not_pay")
    assert cafe.because == "Nothing was ordered and paid"


def test_who_does_not_come_is_called_three_times_and_looked_for(cafe: Story, rung: list[int]) -> None:
    """A meal that nobody fetches is brought to the table, or ends as that."""
    ready(cafe)
    for _ in range(3):
        assert cafe.at == {"fetch"}
        cafe.later(minutes=5)
    assert (rung, cafe.at) == ([7, 7, 7], {"look_for_guest"})
    cafe.do("cora", "look_for_guest", "nobody_there")
    assert (cafe.status, cafe.because) == (
        "ended",
        "The order was ready and called three times, and nobody came for it",
    )


def test_a_meal_may_be_brought_to_who_did_not_hear_it(cafe: Story) -> None:
    """Found at the table, the guest has his meal; feedback may be left out."""
    ready(cafe)
    cafe.later(minutes=15)
    cafe.do("cora", "look_for_guest", "brought")
    cafe.do("ada", "how_was_it", "skipped")
    assert cafe.status == "fulfilled"


def test_a_buzzer_that_fails_is_replaced_by_a_voice(cafe: Story, engine: Engine) -> None:
    """The counter calls the guest by name."""

    def silent(_call: Any) -> None:
        raise OSError("out of range")

    engine.register({"ring_buzzer": silent})
    ready(cafe)
    cafe.later(minutes=1)
    cafe.do("cora", "call_name", "done")
    assert cafe.at == {"fetch"}


def test_what_is_wrong_is_put_right(cafe: Story, checkout: Any) -> None:
    """What the guest says is told to the kitchen, and he is called again; what cannot be put right is paid back."""
    ready(cafe)
    cafe.do("ada", "fetch", "something_is_wrong", what="The peas are missing")
    assert cafe.waiting("kit")["put_right"].title == "Put it right for Ada: The peas are missing"
    cafe.do("kit", "put_right", "done")
    cafe.do("ada", "fetch", "something_is_wrong", what="Still no peas")
    cafe.do("kit", "put_right", "cannot_be_put_right")
    assert (cafe.status, checkout.taken()) == ("ended", 0)


def test_what_is_sold_out_is_chosen_anew_with_the_money_back(cafe: Story, checkout: Any) -> None:
    """The kitchen says what is missing; the guest has his money back, is told why, and chooses again."""
    ordered(cafe)
    cafe.use("kit", "sold_out", what="Mushroom pie")
    assert (cafe.at, checkout.taken()) == ({"order"}, 0)
    assert cafe.shown("ada", "order") == {"Sold out": "Mushroom pie. Your money is on its way back to you"}
    with pytest.raises(errors.Refused):
        cafe.use("kit", "sold_out", what="Mushroom pie")


def test_a_guest_may_change_his_mind_until_something_is_made(cafe: Story, checkout: Any) -> None:
    """He has his money back; after that he cannot cancel any more."""
    ordered(cafe)
    cafe.use("ada", "change_my_mind")
    assert (cafe.because, checkout.taken()) == ("The guest changed his mind before it was made", 0)
    cafe.start("table_service", "ada", name="Ada")
    ordered(cafe)
    cafe.do("bo", "pour", "done")
    with pytest.raises(errors.Refused):
        cafe.use("ada", "change_my_mind")


def test_a_slow_kitchen_tells_the_guest_and_is_asked_in_the_end(cafe: Story, checkout: Any) -> None:
    """After twenty minutes the guest is told that it takes longer; after an hour the counter asks the kitchen."""
    ordered(cafe)
    cafe.later(minutes=21)
    assert "The kitchen needs a little longer" in str(cafe.track("ada").to_json())
    cafe.later(minutes=41)
    cafe.do("cora", "ask_kitchen", "cannot_be_made")
    assert cafe.because == "It could not be made as ordered, and what was paid was returned"
    assert checkout.taken() == 0


def test_the_promise_is_broken_when_it_takes_longer(cafe: Story, clock: SimulatedClock) -> None:
    """It is promised for twenty-five minutes after it was paid."""
    ordered(cafe)
    promise = cafe.track("ada").promise
    assert promise is not None
    assert promise.by == clock.now() + timedelta(minutes=25)
    cafe.do("bo", "pour", "done")
    cafe.later(minutes=30)
    cafe.do("kit", "cook", "done")
    promise = cafe.track("ada").promise
    assert promise is not None
    assert promise.kept is False
