"""The return of a broken device through the real engine, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file


@pytest.fixture
def shop(engine: Engine, clock: SimulatedClock, checkout: Any) -> Story:
    """Ada, with a shop that sold her a mixer, and its people."""
    from examples.templates.pretend import handlers

    engine.deploy(process_file("device_return"))
    engine.register(handlers(checkout))
    engine.add_customer("ada", "Ada")
    for id, role in (("dee", "desk"), ("tim", "technician"), ("olga", "operator")):
        engine.add_staff(id, id.capitalize(), roles=[role])
    return Story(engine, clock)


def begin(story: Story, years: float = 1, serial: str = "HX-1001") -> None:
    """Ada's mixer, so many years old, does not turn."""
    bought = (story.clock.now() - timedelta(days=365 * years)).date().isoformat()
    story.start("device_return", "ada", device="Mixer", serial=serial, bought=bought, fault="It does not turn")


def arrived(story: Story, years: float = 1, serial: str = "HX-1001") -> None:
    """… and has arrived with the label that she was sent."""
    begin(story, years, serial)
    parcel(story, "ada", "send_in", "parcel_arrived")


def parcel(story: Story, who: str, state: str, message: str) -> None:
    """The carrier says that a parcel has come, whose number this person is shown."""
    story.engine.send(message, story.shown(who, state)["Parcel number"], {}, job=story.job, by="olga")
    story.settle()


def inspected(story: Story, years: float = 1, covered: bool = True, price: float = 40, serial: str = "HX-1001") -> None:
    """… and was looked at."""
    arrived(story, years, serial)
    story.do("tim", "inspect", "done", found="The motor is burnt out", covered=covered, repair_price=price)


def delivered(story: Story) -> None:
    """The device is sent, and has come."""
    story.do("dee", "ship", "done", parcel="P-77")
    parcel(story, "ada", "on_its_way_back", "parcel_delivered")


def test_a_device_under_warranty_is_repaired_and_comes_back(shop: Story) -> None:
    """Described, sent in, inspected, repaired, sent back: fulfilled, in the promised time, for nothing (L1)."""
    inspected(shop)
    assert shop.shown("ada", "choose_remedy") == {"What we found": "The motor is burnt out"}
    shop.do("ada", "choose_remedy", "chosen", remedy="repair")
    shop.do("tim", "repair", "done", what="A new motor")
    delivered(shop)
    assert shop.shown("ada", "does_it_work") == {"About it": "It is repaired"}
    shop.do("ada", "does_it_work", "it_works")
    assert (shop.status, shop.because) == ("fulfilled", "The customer has a device that works")
    promise = shop.track("ada").promise
    assert promise is not None
    assert promise.kept is True
    assert shop.engine.audit(shop.job).fine


def test_what_was_bought_tomorrow_is_refused(shop: Story) -> None:
    """A day of purchase that has not come is told before anything begins."""
    with pytest.raises(errors.BadAnswer, match="bought"):
        begin(shop, years=-1)


def test_the_customer_has_his_money_back_or_another_one(shop: Story, checkout: Any) -> None:
    """Under warranty he chooses; the price is paid back by its serial number, another one is taken off the shelf."""
    inspected(shop)
    shop.do("ada", "choose_remedy", "chosen", remedy="refund")
    assert (shop.status, shop.because) == ("fulfilled", "The customer has back what the device had cost")
    assert "£129.00 are on their way to you" in str(shop.track("ada").to_json())
    assert checkout.taken() == -129
    inspected(shop)
    shop.do("ada", "choose_remedy", "chosen", remedy="replace")
    shop.do("dee", "pick_another", "done", serial="HX-2001")
    delivered(shop)
    assert shop.shown("ada", "does_it_work") == {"About it": "It is a new one of the same kind"}


def test_what_was_not_sold_here_is_paid_back_by_a_person(shop: Story) -> None:
    """A serial number that the books do not know is looked at by the desk."""
    inspected(shop, serial="ZZ-1")
    shop.do("ada", "choose_remedy", "chosen", remedy="refund")
    shop.later(hours=4)
    shop.do("dee", "pay_back_by_hand", "done", amount=99, receipt="T-1")
    assert shop.status == "fulfilled"


def test_who_does_not_choose_has_it_repaired(shop: Story) -> None:
    """As it is said in the question."""
    inspected(shop)
    shop.later(days=11)
    assert shop.at == {"repair"}


@pytest.mark.parametrize(("years", "covered"), [(3, True), (1, False)])
def test_what_the_warranty_does_not_cover_is_repaired_for_a_price_that_is_agreed_to(
    shop: Story, checkout: Any, years: float, covered: bool
) -> None:
    """Too old, or not a fault of the device: a quote, paid before the repair begins."""
    inspected(shop, years, covered)
    assert shop.shown("ada", "quote")["Repair, with postage"] == "£40.00"
    shop.do("ada", "quote", "changes", words="Can it be cheaper?")
    shop.do("dee", "answer_question", "answered", answer="No, the motor is dear.")
    assert "the motor is dear" in str(shop.track("ada").to_json())
    shop.do("ada", "quote", "approved")
    assert (shop.at, checkout.taken()) == ({"repair"}, 40)


@pytest.mark.parametrize("how", ["declined", "silence"])
def test_without_a_yes_it_goes_back_as_it_is(shop: Story, checkout: Any, how: str) -> None:
    """Nothing is repaired for money that nobody agreed to: it is sent back, and costs nothing."""
    inspected(shop, years=3)
    if how == "silence":
        shop.later(days=15)
    else:
        shop.do("ada", "quote", "declined")
    delivered(shop)
    shop.do("ada", "does_it_work", "it_works")
    assert (shop.status, shop.because) == ("ended", "The device went back to its owner as it was")
    assert checkout.payments() == []


def test_a_declined_payment_is_spoken_of(shop: Story, checkout: Any) -> None:
    """It is tried again, paid by transfer, or the device goes back."""
    checkout.set_limit("ada", Decimal(10))
    inspected(shop, years=3)
    shop.do("ada", "quote", "approved")
    shop.do("ada", "declined", "try_again")
    shop.do("ada", "declined", "please_call_me")
    checkout.set_limit("ada", None)
    shop.do("dee", "take_by_hand", "paid_by_transfer")
    assert (shop.at, [one.how for one in checkout.payments()]) == ({"repair"}, ["by transfer"])


def test_what_cannot_be_repaired_is_made_good_otherwise(shop: Story, checkout: Any) -> None:
    """At our cost: another one or the money. At the customer's: it goes back, and so does what he paid."""
    inspected(shop)
    shop.do("ada", "choose_remedy", "chosen", remedy="repair")
    shop.do("tim", "repair", "cannot_be_repaired")
    shop.do("ada", "choose_instead", "chosen", remedy="replace")
    shop.do("dee", "pick_another", "none_left")
    assert shop.because == "The customer has back what the device had cost"
    before = checkout.taken()
    inspected(shop, years=3)
    shop.do("ada", "quote", "approved")
    shop.do("tim", "repair", "cannot_be_repaired")
    assert (shop.at, checkout.taken()) == ({"ship"}, before)
    assert "what you paid was returned" in shop.shown("dee", "ship")["Write in the letter"]


def test_a_repair_that_does_not_hold_is_ours_to_mend(shop: Story) -> None:
    """A device that came back and does not work is sent in again, and is at our cost also after its warranty."""
    inspected(shop, years=3)
    shop.do("ada", "quote", "approved")
    shop.do("tim", "repair", "done", what="A new motor")
    delivered(shop)
    shop.do("ada", "does_it_work", "it_does_not", words="It hums and stands still")
    parcel(shop, "ada", "send_in", "parcel_arrived")
    shop.do("tim", "inspect", "done", found="A loose cable", covered=True, repair_price=0)
    assert shop.at == {"choose_remedy"}


def test_what_went_back_as_it_was_is_spoken_of_when_it_does_not_work(shop: Story) -> None:
    """Nothing was found, and it still does not work: somebody calls."""
    arrived(shop)
    shop.do("tim", "inspect", "nothing_found")
    delivered(shop)
    shop.do("ada", "does_it_work", "it_does_not", words="Only when it is warm")
    assert shop.shown("dee", "speak")["Said by the customer"] == "Only when it is warm"
    shop.do("dee", "speak", "money_back", said="Sorry")
    assert shop.because == "The customer has back what the device had cost"


def test_a_parcel_is_looked_for_in_both_directions(shop: Story) -> None:
    """One that was handed in and does not come, and one that does not come back, are traced, and paid for if lost."""
    begin(shop)
    shop.do("ada", "send_in", "handed_in")
    shop.later(days=8)
    shop.do("dee", "trace", "it_is_here")
    shop.do("tim", "inspect", "nothing_found")
    shop.do("dee", "ship", "done", parcel="P-9")
    shop.do("ada", "on_its_way_back", "it_has_not_come")
    shop.do("dee", "trace_back", "it_is_lost")
    assert "Your parcel was lost on its way to you" in str(shop.track("ada").to_json())
    assert shop.because == "The customer has back what the device had cost"


def test_what_is_never_sent_in_ends_as_that(shop: Story) -> None:
    """After three weeks without a parcel it is over; it can be begun again."""
    begin(shop)
    shop.later(days=22)
    assert (shop.status, shop.because) == ("ended", "The device was never sent in")


def test_a_customer_may_keep_it_until_it_has_come(shop: Story) -> None:
    """Until the device is here he may keep it as it is; then no more."""
    begin(shop)
    shop.use("ada", "keep_it")
    assert shop.because == "The customer keeps the device as it is"
    arrived(shop)
    with pytest.raises(errors.Refused):
        shop.use("ada", "keep_it")


def test_a_carrier_that_does_not_answer_is_done_by_hand(shop: Story, engine: Engine) -> None:
    """The desk makes the label, and the parcel is known by it."""

    def closed(_call: Any) -> None:
        raise OSError("no answer")

    engine.register({"make_label": closed})
    begin(shop)
    shop.later(hours=3)
    shop.do("dee", "write_label", "done", parcel="P-HAND", link="https://carrier.example/hand")
    assert shop.shown("ada", "send_in")["Parcel number"] == "P-HAND"


def test_who_says_nothing_at_the_end_has_a_device_that_works(shop: Story) -> None:
    """Two weeks after it came back without a word it is taken to work."""
    inspected(shop)
    shop.do("ada", "choose_remedy", "chosen", remedy="repair")
    shop.do("tim", "repair", "done", what="A new motor")
    delivered(shop)
    shop.later(days=15)
    assert shop.status == "fulfilled"
