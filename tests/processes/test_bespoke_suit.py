"""The bespoke suit through the real engine, on both databases: every path that its file promises."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from driver import Story

from flowengine import CustomerTrack, Engine, Kept, SimulatedClock, errors
from flowengine.samples import example, process_file

MEASURES = {"chest": 102.0, "waist": 88.5, "hips": 104.0, "sleeve": 64.0, "inside_leg": 81.0}
STYLE = {"style": "double_breasted", "pockets": 3, "lining": "striped", "extras": ["working_cuffs"]}


@pytest.fixture
def shop(engine: Engine, clock: SimulatedClock, mill: Any, till: Any) -> Story:
    """Ada's story in a shop with its people, its till, its mill, and the mill's deliveries."""
    example("bespoke_suit")
    from flowengine_examples.bespoke_suit.handlers import handlers

    engine.deploy(process_file("bespoke_suit"))
    engine.register(handlers(mill, till))
    engine.add_customer("ada", "Ada")
    for id, role in (("hana", "host"), ("tom", "tailor"), ("tess", "tailor"), ("carl", "cutter"), ("olga", "operator")):
        engine.add_staff(id, id.capitalize(), roles=[role])
    story = Story(engine, clock)

    def deliver() -> bool:
        cloths = [order for order in mill.deliver() if not order.item.startswith("lining")] if mill.open else []
        for order in cloths:
            engine.send("cloth_delivered", order.number, {"metres": order.metres}, job=story.job, by="olga")
        return bool(cloths)

    story.after = deliver
    return story


def needed(story: Story, days: int = 90) -> str:
    return (story.clock.now() + timedelta(days=days)).date().isoformat()


def choose(story: Story, days: int = 90) -> None:
    """Ada states her need and chooses cloth and style."""
    story.start("bespoke_suit", "ada", occasion="A wedding", needed_by=needed(story, days))
    story.do("ada", "choose_cloth", "chosen", cloth="navy_flannel")
    story.do("ada", "choose_style", "chosen", **STYLE)


def begin(story: Story) -> None:
    """… and confirms her order, whose deposit is taken."""
    choose(story)
    story.do("ada", "confirm", "approved")


def measured(story: Story) -> None:
    """… and is measured, so that making begins."""
    begin(story)
    story.until(story.book("ada", "measure"))
    story.do("tom", "measure", "held", **MEASURES)


def cut(story: Story) -> None:
    """… and the cloth has come and is cut."""
    measured(story)
    story.do("ada", "ask_initials", "answered", initials="AL")
    story.do("carl", "draft_pattern", "done", number="P-117")
    story.later(days=13)
    story.do("carl", "cut", "done")


def basted(story: Story) -> None:
    """… and the suit is basted for the first fitting."""
    cut(story)
    story.do("tom", "baste", "done")
    assert story.at == {"first_fitting"}


def sewn(story: Story) -> None:
    """… and it is sewn for the second."""
    basted(story)
    story.until(story.book("ada", "first_fitting"))
    story.do("tom", "first_fitting", "held", baste_again=False, findings="Right shoulder 1 cm lower")
    story.do("tom", "sew", "done")


def finished(story: Story) -> None:
    """… and it fits and is finished."""
    sewn(story)
    story.until(story.book("ada", "second_fitting"))
    story.do("tom", "second_fitting", "held", alter=False)
    story.do("tom", "finish", "done")


def test_a_suit_is_made_from_the_need_to_the_referral(shop: Story, mill: Any, till: Any) -> None:
    """A suit chosen, measured, fitted twice, accepted and paid ends fulfilled, by its promised date (L1)."""
    finished(shop)
    shown = shop.shown("ada", "accept")
    assert [shown[line] for line in ("In all", "Paid already", "To pay now")] == ["£1,545.00", "£772.50", "£772.50"]
    shop.do("ada", "accept", "approved")
    assert [(one.amount, one.what) for one in till.payments()] == [
        (Decimal("772.5"), "the deposit"),
        (Decimal("772.5"), "the rest"),
    ]
    assert "£1,545.00 are paid, and the suit is yours" in str(shop.track("ada").to_json())
    shop.do("ada", "thanks", "given", rating=5, recommend=True, referral={"name": "Ben", "contact": "ben@example.org"})
    assert (shop.status, shop.because) == ("fulfilled", "The customer wears a suit that fits")
    promise = shop.track("ada").promise
    assert promise is not None
    assert promise.kept is True
    assert [order.status for order in mill.orders() if order.item == "navy_flannel"] == ["delivered"]
    assert shop.engine.audit(shop.job).fine
    assert any(person.name == "Ben" for person in shop.engine.people("customer"))


def test_the_customer_sees_phases_and_no_inner_states(shop: Story) -> None:
    """While the suit is made its customer sees phases and what she chose, not the workroom's steps or data (L9)."""
    cut(shop)
    seen = shop.track("ada")
    assert {place.words for place in seen.where} <= {"Making your suit", "Basting your suit"}
    assert isinstance(seen, CustomerTrack)
    assert "carl" not in str(seen.to_json())
    assert {offer.name for offer in seen.offers} == set()


def test_cloth_must_have_come_before_it_is_cut(shop: Story) -> None:
    """The cutter's step opens only after the pattern is drafted and the cloth has come."""
    measured(shop)
    shop.do("ada", "ask_initials", "skipped")
    assert "cut" not in shop.waiting("carl")
    shop.do("carl", "draft_pattern", "done", number="P-1")
    assert "cut" not in shop.waiting("carl")
    shop.later(days=13)
    assert set(shop.waiting("carl")) == {"cut"}


def test_a_date_that_is_too_near_is_agreed_anew(shop: Story) -> None:
    """When the day named cannot be met, the customer is asked about a later one, which is then promised."""
    choose(shop, days=20)
    told = shop.shown("ada", "agree_date")["We can promise"]
    later = datetime.strptime(told, "%A, %d %B %Y").date()  # noqa: DTZ007 - a day has no zone
    assert later.isoformat() > needed(shop, 20)
    shop.do("ada", "agree_date", "approved")
    promise = shop.track("ada").promise
    assert promise is not None
    assert promise.by.astimezone(ZoneInfo("Europe/London")).date() == later


def test_a_date_that_is_too_near_can_end_it(shop: Story) -> None:
    """A customer who cannot wait is told so honestly, and nothing was ordered."""
    choose(shop, days=10)
    shop.do("ada", "agree_date", "declined")
    assert (shop.status, shop.because) == ("ended", "The suit could not be made by the day it was needed")


def test_a_nearer_date_may_be_met_with_another_cloth(shop: Story) -> None:
    """Asked about a later date, the customer may choose a cloth that comes sooner instead."""
    choose(shop, days=41)
    shop.do("ada", "agree_date", "changes", words="A cloth that is there sooner, please")
    shop.do("ada", "choose_cloth", "chosen", cloth="grey_worsted")
    assert shop.at == {"confirm"}


# The order, and what is paid


def test_the_order_is_confirmed_with_its_total_before_anything_is_done(shop: Story, mill: Any, till: Any) -> None:
    """The customer approves exactly what she orders and what it costs; nothing is taken or ordered before."""
    choose(shop)
    assert shop.shown("ada", "confirm") == {
        "For": "A wedding",
        "Cloth": "Navy flannel, £420.00",
        "Style": "Double-breasted, 3 pockets, lining: Striped silk",
        "Extras": "Cuffs that open",
        "Making, lining and extras": "£1,125.00",
        "In all": "£1,545.00",
        "Deposit, now": "£772.50",
        "The rest, when it fits": "£772.50",
        "Ready by": "Sunday, 4 April 2027",
        "Until your cloth is cut": "you may change it or withdraw, and your deposit is returned",
    }
    assert (mill.orders(), till.payments()) == ([], [])
    shop.do("ada", "confirm", "approved")
    assert till.taken() == Decimal("772.5")
    assert shop.at == {"measure"}


def test_an_order_that_is_not_as_wished_is_chosen_anew(shop: Story) -> None:
    """With words she goes back to cloth and style; who declines the order has ordered nothing."""
    choose(shop)
    shop.do("ada", "confirm", "changes", words="A lighter cloth, and no cuffs")
    shop.do("ada", "choose_cloth", "chosen", cloth="grey_worsted")
    shop.do("ada", "choose_style", "chosen", **{**STYLE, "extras": []})
    assert shop.shown("ada", "confirm")["In all"] == "£1,445.00"
    shop.do("ada", "confirm", "declined")
    assert (shop.status, shop.because) == ("ended", "The customer withdrew")


def test_a_declined_deposit_is_asked_about_again_and_then_spoken_of(shop: Story, till: Any) -> None:
    """The customer may try again twice; then somebody calls, who may take the money at the counter."""
    till.set_limit("ada", Decimal(100))
    begin(shop)
    for _ in range(2):
        assert shop.waiting("ada")["deposit_declined"].title.startswith("Your bank has declined the deposit of £772.50")
        shop.do("ada", "deposit_declined", "try_again")
    assert "call_about_deposit" in shop.waiting("hana")
    assert till.payments() == []
    shop.do("hana", "call_about_deposit", "paid_at_the_counter")
    assert [(one.how, one.status) for one in till.payments()] == [("at the counter", "taken")]
    assert shop.at == {"measure"}


@pytest.mark.parametrize(
    ("outcome", "because"),
    [("gives_up", "The customer withdrew"), ("cannot_be_reached", "The customer could not be reached any more")],
)
def test_a_deposit_that_never_comes_ends_it(shop: Story, till: Any, outcome: str, because: str) -> None:
    """Who says nothing to a declined deposit is called, and it may end there, with nothing ordered."""
    till.set_limit("ada", Decimal(100))
    begin(shop)
    shop.later(days=6)
    shop.do("hana", "call_about_deposit", outcome)
    assert (shop.status, shop.because) == ("ended", because)
    assert till.payments() == []


def test_a_till_that_does_not_answer_is_left_to_a_person(shop: Story, till: Any) -> None:
    """It is tried four times; then somebody calls and has it tried again. Nothing is taken twice (L11)."""
    till.open = False
    begin(shop)
    shop.later(hours=2)
    assert "call_about_deposit" in shop.waiting("hana")
    till.open = True
    shop.do("hana", "call_about_deposit", "try_again")
    assert shop.at == {"measure"}
    assert till.taken() == Decimal("772.5")


def test_a_declined_rest_is_asked_about_again(shop: Story, till: Any) -> None:
    """A rest that the bank declines is tried again, spoken of, and paid at the counter in the end."""
    finished(shop)
    till.set_limit("ada", Decimal(100))
    shop.do("ada", "accept", "approved")
    shop.do("ada", "balance_declined", "try_again")
    shop.do("ada", "balance_declined", "please_call_me")
    shop.do("hana", "call_about_balance", "paid_at_the_counter")
    assert till.taken() == Decimal(1545)
    assert shop.at == {"thanks"}


def test_a_suit_that_is_never_paid_ends_as_that(shop: Story, till: Any) -> None:
    """A rest that is never paid ends honestly; the deposit stays with the shop."""
    finished(shop)
    till.set_limit("ada", Decimal(100))
    shop.do("ada", "accept", "approved")
    shop.later(days=6)
    shop.do("hana", "call_about_balance", "does_not_pay")
    assert (shop.status, shop.because) == ("ended", "The suit is finished, and the rest was never paid")
    assert till.taken() == Decimal("772.5")


# The promised day


def late(story: Story, days: int) -> None:
    """The suit is basted when only so many days are left until the promised one."""
    measured(story)
    story.do("ada", "ask_initials", "skipped")
    story.do("carl", "draft_pattern", "done", number="P-117")
    story.later(days=13)
    story.do("carl", "cut", "done")
    promised = story.track("ada").promise
    assert promised is not None
    story.until(promised.by - timedelta(days=days))
    story.do("tom", "baste", "done")


def test_when_the_promised_day_cannot_be_kept_a_later_one_is_agreed_on(shop: Story) -> None:
    """A suit that is basted too late is spoken of before its fitting, and the later day is the promise then."""
    late(shop, 10)
    assert shop.at == {"later_day"}
    assert shop.shown("ada", "later_day")["We had promised"] == "Sunday, 4 April 2027"
    shop.do("ada", "later_day", "approved")
    assert shop.at == {"first_fitting"}
    assert shop.shown("ada", "first_fitting")["Promised for"] == "Thursday, 22 April 2027"


@pytest.mark.parametrize("how", ["declined", "changes", "silence"])
def test_who_does_not_agree_to_a_later_day_is_spoken_with(shop: Story, how: str) -> None:
    """Whoever declines, wants another day or says nothing is called; what is agreed there is the promise then."""
    late(shop, 10)
    if how == "silence":
        shop.later(days=6)
    else:
        shop.do("ada", "later_day", how, words="The wedding is on the 10th")
    shop.do("hana", "speak_about_day", "agreed", day="2027-04-09")
    assert shop.at == {"first_fitting"}
    promise = shop.track("ada").promise
    assert promise is not None
    assert promise.by.astimezone(ZoneInfo("Europe/London")).date().isoformat() == "2027-04-09"


def test_a_suit_that_would_come_too_late_may_be_given_up_with_the_money_back(shop: Story, till: Any) -> None:
    """Who has no use for it after the promised day gets back what was paid, although the cloth is cut."""
    late(shop, 10)
    shop.do("ada", "later_day", "declined")
    shop.do("hana", "speak_about_day", "gives_up")
    assert (shop.status, shop.because) == ("ended", "The suit could not be made by the day it was needed")
    assert till.taken() == 0


def test_the_last_day_on_which_to_come_is_told(shop: Story) -> None:
    """At a fitting the customer reads by when to come, so that the promised day is kept."""
    basted(shop)
    assert shop.shown("ada", "first_fitting")["To keep that day, come by"] == "Friday, 19 March 2027"


def test_no_fitting_is_later_than_the_promised_day_without_a_word(shop: Story) -> None:
    """Who books a later appointment all the same agrees on another day before the work goes on."""
    late(shop, 25)
    shop.until(shop.book("ada", "first_fitting", -1))
    shop.do("tom", "first_fitting", "held", baste_again=False, findings="Nothing")
    assert shop.at == {"later_day"}
    shop.do("ada", "later_day", "approved")
    assert shop.at == {"sew"}
    shop.do("tom", "sew", "done")
    shop.until(shop.book("ada", "second_fitting", -1))
    shop.do("tom", "second_fitting", "held", alter=True, findings="Sleeves")
    assert shop.at == {"later_day"}
    shop.do("ada", "later_day", "approved")
    assert shop.at == {"alter"}
    shop.do("tom", "alter", "done")
    shop.until(shop.book("ada", "second_fitting", -1))
    shop.do("tom", "second_fitting", "held", alter=False)
    shop.do("ada", "later_day", "declined", words="I need it now")
    shop.do("hana", "speak_about_day", "day_stays", day=needed(shop, 1))
    assert shop.at == {"finish"}


# Cloth


def test_cloth_out_of_stock_is_answered_by_the_customer(shop: Story, mill: Any) -> None:
    """When the mill has none left, the customer chooses among what it has instead, and that is ordered."""
    mill.set_stock("navy_flannel", 1)
    mill.set_stock("green_tweed", 0)
    measured(shop)
    assert "choose_other_cloth" in shop.waiting("ada")
    with pytest.raises(errors.BadAnswer) as refused:
        shop.do("ada", "choose_other_cloth", "chosen", cloth="green_tweed")
    assert "grey_worsted" in str(refused.value)
    shop.do("ada", "choose_other_cloth", "chosen", cloth="grey_worsted")
    shown = shop.shown("ada", "confirm_other_cloth")
    assert (shown["In all"], shown["The rest, when it fits"]) == ("£1,505.00", "£732.50")
    shop.do("ada", "confirm_other_cloth", "approved")
    assert [order.item for order in mill.orders() if order.status == "placed"][-1] == "grey_worsted"
    assert "cloth_comes" in shop.at


def test_who_does_not_choose_another_cloth_is_called(shop: Story, mill: Any) -> None:
    """A customer who does not answer is called: another chance, or an honest end with everything cancelled."""
    mill.set_stock("navy_flannel", 0)
    measured(shop)
    shop.later(days=6)
    assert "call_about_cloth" in shop.waiting("hana")
    shop.do("hana", "call_about_cloth", "another_chance")
    assert "choose_other_cloth" in shop.waiting("ada")
    shop.later(days=6)
    shop.do("hana", "call_about_cloth", "gives_up", said="No longer wants a suit")
    assert (shop.status, shop.because) == ("ended", "The customer could not be reached any more")
    assert {order.status for order in mill.orders()} <= {"cancelled", "delivered"}


def test_a_mill_that_fails_is_phoned(shop: Story, mill: Any) -> None:
    """A mill that does not answer is tried again, then phoned by a person, who may order again."""
    mill.open = False
    measured(shop)
    assert "order_cloth" in shop.at
    again = shop.engine.next_due()
    assert again is not None
    assert timedelta(seconds=7.5) <= again - shop.clock.now() <= timedelta(seconds=10)
    shop.later(hours=6)
    assert {"phone_mill", "buy_trimmings"} <= set(shop.waiting("hana"))
    mill.open = True
    shop.do("hana", "buy_trimmings", "done")
    shop.do("hana", "phone_mill", "order_again")
    assert [order.item for order in mill.orders()] == ["navy_flannel"]
    assert "cloth_comes" in shop.at


def test_cloth_that_cannot_be_had_is_chosen_anew_from_all(shop: Story, mill: Any) -> None:
    """When the mill says on the phone that it cannot send it, the customer chooses from all cloths."""
    mill.open = False
    measured(shop)
    shop.later(hours=6)
    mill.open = True
    shop.do("hana", "phone_mill", "not_to_be_had", said="The loom is broken")
    shop.later(days=6)
    shop.do("hana", "call_about_all", "another_chance")
    shop.do("ada", "choose_from_all", "chosen", cloth="green_tweed")
    shop.do("ada", "confirm_other_cloth", "changes", words="Not tweed, after all")
    shop.do("ada", "choose_from_all", "chosen", cloth="black_barathea")
    shop.do("ada", "confirm_other_cloth", "approved")
    assert [order.item for order in mill.orders()] == ["black_barathea"]


def test_nobody_choosing_from_all_can_end_it(shop: Story, mill: Any) -> None:
    """A customer who gives up while the mill has nothing ends the job honestly."""
    mill.open = False
    measured(shop)
    shop.later(hours=6)
    mill.open = True
    shop.do("hana", "phone_mill", "not_to_be_had")
    shop.later(days=6)
    shop.do("hana", "call_about_all", "gives_up")
    assert (shop.status, shop.because) == ("ended", "The customer could not be reached any more")


def test_cloth_that_comes_late_is_asked_after(shop: Story) -> None:
    """Cloth that is three days late is asked after by phone; once it is here, work goes on."""
    shop.after = lambda: False
    measured(shop)
    shop.later(days=20)
    assert "phone_mill" in shop.waiting("hana")
    shop.do("carl", "draft_pattern", "done", number="P-2")
    shop.do("hana", "phone_mill", "cloth_is_here")
    assert "cut" in shop.waiting("carl")


# Changes of mind


def test_a_change_of_cloth_undoes_the_order(shop: Story, mill: Any, till: Any) -> None:
    """Until it is cut the cloth may be changed: the order is undone, the deposit returned, the new order confirmed with
    its own, the pattern kept."""
    measured(shop)
    shop.do("carl", "draft_pattern", "done", number="P-3")
    shop.use("ada", "change_cloth")
    assert shop.at == {"choose_cloth"}
    assert {order.item: order.status for order in mill.orders()} == {
        "navy_flannel": "cancelled",
        "lining_striped": "cancelled",
    }
    assert mill.stock()["navy_flannel"] == 40.0
    assert till.taken() == 0
    shop.do("ada", "choose_cloth", "chosen", cloth="grey_worsted")
    shop.do("ada", "confirm", "approved")
    assert till.taken() == Decimal("752.5")
    assert "draft_pattern" not in shop.at
    assert [order.item for order in mill.orders() if order.status == "placed"] == ["grey_worsted", "lining_striped"]
    shop.do("ada", "ask_initials", "skipped")
    shop.later(days=4)
    assert "cut" in shop.waiting("carl")


def test_a_change_of_style_needs_a_new_pattern(shop: Story) -> None:
    """Another style undoes the orders too, and the cutter drafts the pattern anew."""
    measured(shop)
    shop.do("carl", "draft_pattern", "done", number="P-4")
    shop.use("ada", "change_style")
    shop.do("ada", "choose_style", "chosen", **{**STYLE, "style": "three_piece"})
    shop.do("ada", "confirm", "approved")
    assert "draft_pattern" in shop.waiting("carl")


def test_cut_cloth_is_not_changed(shop: Story) -> None:
    """Once it is cut, neither cloth nor style can be changed, and the customer cannot withdraw."""
    cut(shop)
    for name in ("change_cloth", "change_style", "withdraw"):
        with pytest.raises(errors.Refused):
            shop.use("ada", name)
    assert shop.status == "open"


def test_a_withdrawal_undoes_the_orders(shop: Story, mill: Any, till: Any) -> None:
    """A withdrawal before the cut cancels cloth and trimmings, returns the deposit and ends the job with the reason."""
    measured(shop)
    shop.use("ada", "withdraw", why="The wedding is off")
    assert (shop.status, shop.because) == ("ended", "The customer withdrew")
    assert {order.status for order in mill.orders()} == {"cancelled"}
    assert mill.stock()["lining_striped"] == 30.0
    assert [one.status for one in till.payments()] == ["refunded"]


def test_nobody_else_changes_the_customers_mind(shop: Story) -> None:
    """Change and withdrawal are the customer's own: another customer finds no such job, staff no such right (L4)."""
    begin(shop)
    shop.engine.add_customer("ben", "Ben")
    with pytest.raises(errors.NotFound):
        shop.use("ben", "withdraw")
    with pytest.raises(errors.Refused):
        shop.use("tom", "withdraw")
    assert shop.status == "open"


# Appointments


def test_a_missed_fitting_is_booked_again(shop: Story) -> None:
    """A customer who does not come to the second fitting is offered another."""
    sewn(shop)
    shop.until(shop.book("ada", "second_fitting"))
    shop.do("tom", "second_fitting", "missed")
    assert shop.at == {"second_fitting"}
    shop.until(shop.book("ada", "second_fitting"))
    shop.do("tom", "second_fitting", "held", alter=False)
    assert shop.at == {"finish"}


def test_a_first_fitting_that_is_missed_is_booked_again(shop: Story) -> None:
    """A customer who does not come to the first fitting is offered another."""
    basted(shop)
    shop.until(shop.book("ada", "first_fitting"))
    shop.do("tom", "first_fitting", "missed")
    assert shop.at == {"first_fitting"}
    shop.until(shop.book("ada", "first_fitting"))
    shop.do("tom", "first_fitting", "held", baste_again=False, findings="Nothing")
    assert shop.at == {"sew"}


@pytest.mark.parametrize(
    ("outcome", "end"), [("cannot_be_reached", "no_show"), ("another_chance", ""), ("gives_up", "w")]
)
def test_the_third_missed_appointment_is_talked_over(shop: Story, outcome: str, end: str) -> None:
    """Who misses three appointments is called: a new chance, or an honest end."""
    begin(shop)
    for _ in range(3):
        assert shop.at == {"measure"}
        shop.until(shop.book("ada", "measure"))
        shop.do("tom", "measure", "missed")
    assert shop.at == {"call_no_show"}
    shop.do("hana", "call_no_show", outcome)
    if not end:
        assert shop.at == {"measure"}
        return
    assert (
        shop.because
        == {
            "no_show": "The customer missed three appointments and could not be reached",
            "w": "The customer withdrew",
        }[end]
    )


def test_missed_appointments_of_all_kinds_are_counted_together(shop: Story) -> None:
    """One missed measuring and two missed fittings make three."""
    begin(shop)
    shop.until(shop.book("ada", "measure"))
    shop.do("tom", "measure", "missed")
    shop.until(shop.book("ada", "measure"))
    shop.do("tom", "measure", "held", **MEASURES)
    shop.do("ada", "ask_initials", "skipped")
    shop.do("carl", "draft_pattern", "done", number="P-5")
    shop.later(days=13)
    shop.do("carl", "cut", "done")
    shop.do("tom", "baste", "done")
    shop.until(shop.book("ada", "first_fitting"))
    shop.do("tom", "first_fitting", "missed")
    shop.until(shop.book("ada", "first_fitting"))
    shop.do("tom", "first_fitting", "missed")
    assert shop.at == {"call_no_show"}
    shop.do("hana", "call_no_show", "another_chance")
    assert shop.at == {"first_fitting"}


def test_a_booked_slot_can_be_moved(shop: Story) -> None:
    """A customer may move her appointment, and the slot she leaves is free again."""
    begin(shop)
    first = shop.book("ada", "measure")
    slot = shop.engine.step(shop.step("ada", "measure"), "ada").slots[3]
    shop.do("ada", "measure", "move", slot=slot.isoformat())
    shop.until(slot)
    assert first < slot
    shop.do("tom", "measure", "held", **MEASURES)
    assert "making" in shop.at


# Fittings and alterations


def test_alterations_send_it_back_to_work_and_to_another_fitting(shop: Story) -> None:
    """What is found at the second fitting is altered, and fitted again, until it fits."""
    sewn(shop)
    for finding in ("Sleeves too long", "Waist too wide"):
        shop.until(shop.book("ada", "second_fitting"))
        shop.do("tom", "second_fitting", "held", alter=True, findings=finding)
        assert shop.shown("tom", "alter")["Found at the fitting"] == finding
        shop.do("tom", "alter", "done")
    shop.until(shop.book("ada", "second_fitting"))
    shop.do("tom", "second_fitting", "held", alter=False)
    assert shop.at == {"finish"}


def rounds(story: Story, many: int) -> None:
    """The suit is altered so many times, and is not right at the next fitting either."""
    sewn(story)
    for _ in range(many):
        story.until(story.book("ada", "second_fitting"))
        story.do("tom", "second_fitting", "held", alter=True, findings="Sleeves too long")
        story.do("tom", "alter", "done")
    story.until(story.book("ada", "second_fitting"))
    story.do("tom", "second_fitting", "held", alter=True, findings="Sleeves too long")


def test_altering_has_an_end(shop: Story, till: Any) -> None:
    """After three rounds there is a talk: one more at the most, and then it is kept for less or taken back."""
    rounds(shop, 3)
    assert shop.at == {"put_right"}
    assert shop.shown("hana", "put_right")["Altered so far"] == "3 times"
    shop.do("hana", "put_right", "alter_it", said="One last time")
    shop.do("tom", "alter", "done")
    shop.until(shop.book("ada", "second_fitting"))
    shop.do("tom", "second_fitting", "held", alter=True, findings="Still too long")
    with pytest.raises(errors.NotAllowed):
        shop.do("hana", "put_right", "alter_it", said="Once more")
    shop.do("hana", "put_right", "take_it_back", said="We are sorry")
    assert (shop.status, shop.because) == (
        "ended",
        "The suit did not please and was taken back, and what was paid was returned",
    )
    assert till.taken() == 0


def test_a_suit_that_is_not_quite_right_may_be_kept_for_less(shop: Story, till: Any) -> None:
    """What is taken off is said, never more than is still to be paid, approved by the customer, and not charged."""
    rounds(shop, 3)
    for off in ({}, {"off": 800}):
        with pytest.raises(errors.NotAllowed):
            shop.do("hana", "put_right", "keeps_it_for_less", said="Agreed", **off)
    shop.do("hana", "put_right", "keeps_it_for_less", said="Agreed", off=100)
    shown = shop.shown("ada", "accept")
    assert (shown["Taken off"], shown["To pay now"]) == ("£100.00", "£672.50")
    shop.do("ada", "accept", "approved")
    assert till.taken() == Decimal(1445)


def test_what_is_taken_off_may_be_all_that_is_left(shop: Story, till: Any) -> None:
    """Nothing is charged where nothing is left to be paid."""
    rounds(shop, 3)
    shop.do("hana", "put_right", "keeps_it_for_less", said="Agreed", off=772.5)
    shop.do("ada", "accept", "approved")
    assert (shop.at, till.taken()) == ({"thanks"}, Decimal("772.5"))


def test_a_suit_can_be_basted_again(shop: Story) -> None:
    """When much is wrong at the first fitting it is basted again, and there is another first fitting."""
    basted(shop)
    shop.until(shop.book("ada", "first_fitting"))
    shop.do("tom", "first_fitting", "held", baste_again=True, findings="Collar stands off")
    shop.do("tom", "rebaste", "done")
    assert shop.at == {"first_fitting"}


def test_work_is_kept_for_the_tailor_who_knows_the_customer(shop: Story) -> None:
    """Basting is kept first for the tailor who measured; the other may still take it."""
    cut(shop)
    assert shop.waiting("tom")["baste"].preferred
    assert not shop.waiting("tess")["baste"].preferred
    shop.do("tess", "baste", "done")
    assert shop.at == {"first_fitting"}


def test_changes_at_acceptance_are_made(shop: Story) -> None:
    """A customer who wants changes at the end says which; they are altered and fitted again."""
    finished(shop)
    with pytest.raises(errors.BadAnswer):
        shop.do("ada", "accept", "changes")
    shop.do("ada", "accept", "changes", words="The trousers, please, 1 cm shorter")
    assert shop.shown("tom", "alter")["Said by the customer"] == "The trousers, please, 1 cm shorter"
    shop.do("tom", "alter", "done")
    assert shop.at == {"second_fitting"}


@pytest.mark.parametrize(
    ("outcome", "at", "status"), [("alter_it", {"alter"}, "open"), ("take_it_back", set(), "ended")]
)
def test_a_declined_suit_is_put_right(shop: Story, outcome: str, at: set[str], status: str) -> None:
    """A suit that is declined is talked over: altered after all, or taken back."""
    finished(shop)
    shop.do("ada", "accept", "declined", words="Not mine")
    shop.do("hana", "put_right", outcome, said="Sorry")
    assert shop.status == status
    if at:
        assert shop.at == at
    else:
        assert shop.because == "The suit did not please and was taken back, and what was paid was returned"


# Deadlines

ENDS = {
    ("gives_up", False): "The customer withdrew",
    ("gives_up", True): "The customer withdrew after the cloth was cut, and the deposit is kept",
    ("cannot_be_reached", False): "The customer could not be reached any more",
    ("cannot_be_reached", True): "The cloth was cut, and the customer could not be reached any more",
}
"""Why a job ends that a call has ended, by how the call went and whether the cloth was cut."""


@pytest.mark.parametrize(
    ("reach", "state", "days", "about"),
    [
        ("need", "choose_cloth", 8, "the choice of cloth"),
        ("cloth", "choose_style", 8, "the style"),
        ("near", "agree_date", 8, "the date"),
        ("choose", "confirm", 8, "the order"),
        ("begin", "measure", 15, "being measured"),
        ("basted", "first_fitting", 22, "the first fitting"),
        ("sewn", "second_fitting", 22, "the second fitting"),
        ("finished", "accept", 31, "the finished suit"),
    ],
)
@pytest.mark.parametrize("call", ["another_chance", "gives_up", "cannot_be_reached"])
def test_every_deadline_leads_to_a_call(
    shop: Story, till: Any, reach: str, state: str, days: int, about: str, call: str
) -> None:
    """Who does not answer in time is called; the call decides on another chance or an honest end, with the deposit back
    until the cloth is cut (L8)."""
    _reach(shop, reach)
    assert shop.at == {state}
    shop.later(days=days)
    assert shop.at == {"call_customer"}
    assert shop.waiting("hana")["call_customer"].title == f"Call Ada about {about}"
    shop.do("hana", "call_customer", call)
    if call == "another_chance":
        assert shop.at == {state}
    else:
        is_cut = reach in ("basted", "sewn", "finished")
        assert (shop.status, shop.because) == ("ended", ENDS[call, is_cut])
        assert till.taken() == (Decimal("772.5") if is_cut else 0)


def _reach(shop: Story, where: str) -> None:
    stories = {"choose": choose, "begin": begin, "basted": basted, "sewn": sewn, "finished": finished}
    if where in stories:
        stories[where](shop)
        return
    shop.start("bespoke_suit", "ada", occasion="A wedding", needed_by=needed(shop, 10 if where == "near" else 90))
    if where != "need":
        shop.do("ada", "choose_cloth", "chosen", cloth="green_tweed")
    if where == "near":
        shop.do("ada", "choose_style", "chosen", **STYLE)


def test_a_call_that_is_not_made_is_open_to_others(shop: Story) -> None:
    """A call that the front of house does not make in two days is the tailors' too."""
    shop.start("bespoke_suit", "ada", occasion="A wedding", needed_by=needed(shop))
    shop.later(days=8)
    assert "call_customer" not in shop.waiting("tom")
    shop.later(days=2)
    assert "call_customer" in shop.waiting("tom")


def test_work_goes_on_without_initials(shop: Story) -> None:
    """Who does not answer about the initials gets a suit without them."""
    measured(shop)
    shop.do("carl", "draft_pattern", "done", number="P-6")
    shop.later(days=13)
    shop.do("carl", "cut", "done")
    shop.do("tom", "baste", "done")
    shop.until(shop.book("ada", "first_fitting"))
    shop.do("tom", "first_fitting", "held", baste_again=False, findings="Fine")
    assert shop.shown("tom", "sew")["Initials"] == "none"


def test_a_suit_may_have_no_initials(shop: Story) -> None:
    """Who wants none says so, and is not asked again after a change of mind."""
    measured(shop)
    shop.do("ada", "ask_initials", "skipped")
    shop.use("ada", "change_cloth")
    shop.do("ada", "choose_cloth", "chosen", cloth="grey_worsted")
    shop.do("ada", "confirm", "approved")
    assert "ask_initials" not in shop.at


def test_a_suit_without_feedback_is_fulfilled(shop: Story) -> None:
    """Feedback is asked for, not demanded: without it the job is fulfilled all the same."""
    finished(shop)
    shop.do("ada", "accept", "approved")
    shop.later(days=15)
    assert shop.status == "fulfilled"


def test_who_would_rather_say_nothing_is_fulfilled_at_once(shop: Story) -> None:
    """Feedback may be left out, and the job ends then."""
    finished(shop)
    shop.do("ada", "accept", "approved")
    shop.do("ada", "thanks", "skipped")
    assert shop.status == "fulfilled"


def test_a_delivery_waits_for_the_suit_that_ordered_it(shop: Story) -> None:
    """While two suits are still at "Choosing", a delivery is neither's: it waits for the one that ordered it."""
    engine = shop.engine
    for who in ("ada", "ben"):
        need = {"occasion": "A wedding", "needed_by": "2027-12-01"}
        engine.start("bespoke_suit", by=who, need=need)
    answer = engine.send("cloth_delivered", "ORD-1", {"metres": 3.5}, by="olga")
    assert isinstance(answer, Kept)
    assert len(engine.jobs(status="open")) == 2
    with pytest.raises(errors.NotFound):
        engine.send("cloth_delivered_elsewhere", "ORD-1", by="olga")
