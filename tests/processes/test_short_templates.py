"""The short processes that a designer begins with, through the real engine, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file


def story(engine: Engine, clock: SimulatedClock, process: str, **staff: str) -> Story:
    """A process in use, with Ada as its customer and its people by their roles."""
    engine.deploy(process_file(process))
    engine.add_customer("ada", "Ada")
    for id, role in {**staff, "olga": "operator"}.items():
        engine.add_staff(id, id.capitalize(), roles=[role])
    return Story(engine, clock)


def in_days(clock: SimulatedClock, days: int) -> str:
    """A day from now on."""
    return (clock.now() + timedelta(days=days)).date().isoformat()


# an order that is approved


@pytest.fixture
def workshop(engine: Engine, clock: SimulatedClock) -> Story:
    """Ada wants a table, and has an offer."""
    shop = story(engine, clock, "order_approval", will="workshop")
    shop.start("order_approval", "ada", wish="A round table of oak", most=500)
    assert shop.shown("will", "offer") == {"At most": "£500.00", "Said of the last offer": "nothing"}
    shop.do("will", "offer", "done", price=480, ready_by=in_days(clock, 20))
    return shop


def test_an_order_is_approved_made_and_fetched(workshop: Story) -> None:
    """As it was shown; what is not right is made again, and the day is kept."""
    assert workshop.shown("ada", "agree") == {
        "What": "A round table of oak",
        "Price": "£480.00",
        "Ready by": "Sunday, 24 January 2027",
    }
    workshop.do("ada", "agree", "approved")
    with pytest.raises(errors.FlowError):
        workshop.use("ada", "withdraw")
    workshop.do("will", "make")
    workshop.do("ada", "fetch", "it_is_not", words="It wobbles")
    assert workshop.shown("will", "make") == {"Not right yet": "It wobbles"}
    workshop.do("will", "make")
    workshop.do("ada", "fetch", "it_is_right")
    assert (workshop.status, workshop.because) == ("fulfilled", "The customer has what was made")
    promise = workshop.track("ada").promise
    assert promise is not None
    assert promise.kept is True


def test_an_offer_may_be_changed_or_withdrawn_from(workshop: Story) -> None:
    """What the customer says of an offer is read with the next; until he approves one he may go."""
    workshop.do("ada", "agree", "changes", words="Can it be cheaper?")
    assert workshop.shown("will", "offer")["Said of the last offer"] == "Can it be cheaper?"
    workshop.use("ada", "withdraw")
    assert workshop.because == "The customer did not want it any more"


@pytest.mark.parametrize(
    ("days", "outcome", "because"),
    [(0, "declined", "The customer did not want it any more"), (15, "", "The offer was not answered")],
)
def test_an_offer_that_is_not_taken_ends_the_order(workshop: Story, days: int, outcome: str, because: str) -> None:
    """By a word, or by none."""
    workshop.later(days=days)
    if outcome:
        workshop.do("ada", "agree", outcome)
    assert (workshop.status, workshop.because) == ("ended", because)


# an appointment


@pytest.fixture
def office(engine: Engine, clock: SimulatedClock) -> Story:
    """Ada asks for advice."""
    place = story(engine, clock, "appointment", ann="adviser", otto="office")
    place.start("appointment", "ada", about="My pension")
    return place


def test_an_appointment_is_booked_held_and_needed_again(office: Story) -> None:
    """Advice in as many appointments as it takes."""
    for again in (True, False):
        slot = office.book("ada", "meet")
        assert slot.hour >= 9
        office.until(slot + timedelta(hours=1))
        office.do("ann", "meet", "held", advice="Pay in more", again=again)
    assert office.shown("ada", "how_was_it") == {"What was advised": "Pay in more"}
    office.later(days=8)
    assert (office.status, office.because) == ("fulfilled", "The customer was advised")


def test_who_does_not_come_is_asked_again_and_then_called(office: Story) -> None:
    """Three appointments that are missed, then somebody calls."""
    for _ in range(3):
        office.until(office.book("ada", "meet") + timedelta(minutes=30))
        office.do("ann", "meet", "missed")
    office.do("otto", "call", "wants_another")
    office.use("ada", "cancel")
    assert (office.status, office.because) == ("ended", "No advice is needed any more")


# a vote of members


@pytest.fixture
def club(engine: Engine, clock: SimulatedClock) -> Story:
    """Ada's question is put to ten members."""
    members = story(engine, clock, "members_vote", sue="secretary")
    for number in range(10):
        members.engine.add_customer(f"m{number}", f"Member {number}", groups=["members"])
    members.start("members_vote", "ada", question="Which colour for the door?", answers=["green", "blue", "red"])
    return members


def test_the_members_decide(club: Story) -> None:
    """By the most votes, once enough have voted; all are told."""
    club.do("sue", "look", "put_it_to_them")
    club.vote("vote", {"m0": "green", "m1": "blue", "m2": "green"})
    club.later(days=8)
    assert (club.status, club.because) == ("fulfilled", "The members have decided")
    assert "You have decided: green" in str(club.track("m0").to_json())


def test_a_tie_is_run_off_between_those_who_tied(club: Story) -> None:
    """And where it is one again, the first of them wins."""
    club.do("sue", "look", "put_it_to_them")
    club.vote("vote", {"m0": "blue", "m1": "red", "m2": "blue", "m3": "red"})
    club.later(days=7, hours=1)
    with pytest.raises(errors.BadAnswer, match="green"):
        club.engine.act(club.id_of("run_off"), "vote", {"for": "green"}, by="m4")
    club.vote("run_off", {"m0": "blue", "m1": "red", "m2": "blue", "m3": "red"})
    club.later(days=6)
    assert "You have decided: blue" in str(club.track("m0").to_json())


def test_too_few_votes_decide_nothing(club: Story) -> None:
    """They are asked once more, and then it is said."""
    club.do("sue", "look", "put_it_to_them")
    club.vote("vote", {"m0": "green"})
    club.later(days=8)
    assert club.at == {"vote"}
    club.later(days=8)
    assert (club.status, club.because) == ("ended", "Too few members have voted")


def test_a_question_may_be_turned_down_or_taken_back(club: Story) -> None:
    """With a reason that the member reads, or by the member."""
    club.use("ada", "take_back")
    assert club.because == "The question was taken back"
    club.start("members_vote", "ada", question="Shall we close?", answers=["yes", "no"])
    club.do("sue", "look", "turn_it_down", words="It was decided last week")
    assert club.because == "The question was not put to the members"


# a supplier, called as its customer

SHOP = """\
process: shop
need: A table
currency: GBP
roles: {joiner: Joiner}
states:
  need: {type: need, next: oak}
  oak:
    type: call
    process: supplier
    need: {article: '"Oak boards"', pieces: "12", needed_by: 'day(now + days(20))'}
    on: {fulfilled: make, ended: gone}
  make: {type: task, for: joiner, ask: "Make it, of oak for {money(data.oak.offer.price)}", next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: There is no oak}
"""


@pytest.fixture
def supplied(engine: Engine, clock: SimulatedClock) -> tuple[Story, Story]:
    """A shop that has ordered oak, and the order at the supplier."""
    order = story(engine, clock, "supplier", sam="sales", wendy="warehouse", jo="joiner")
    engine.deploy(SHOP)
    shop = Story(engine, clock).start("shop", "ada")
    (order.job,) = (row.id for row in engine.jobs(limit=10) if row.process == "supplier")
    order.do("sam", "offer", "done", price=240, delivers_on=in_days(clock, 10))
    return shop, order


def test_a_supplier_delivers_what_another_process_has_ordered(supplied: tuple[Story, Story]) -> None:
    """A price and a day are offered and approved; the carrier says that the parcel has come, and the caller goes on."""
    shop, order = supplied
    assert order.shown("ada", "agree") == {
        "Article": "12 of Oak boards",
        "Price": "£240.00",
        "Delivered on": "Thursday, 14 January 2027",
    }
    order.do("ada", "agree", "approved")
    order.do("wendy", "send", "done", parcel="P-1")
    with pytest.raises(errors.FlowError):
        order.use("ada", "withdraw")
    order.engine.send("parcel_delivered", "P-1", {}, job=order.job, by="olga")
    order.settle()
    assert (order.status, order.because) == ("fulfilled", "The goods have come")
    assert shop.at == {"make"}


def test_goods_that_are_wrong_are_sent_again(supplied: tuple[Story, Story]) -> None:
    """The customer says so, and sales finds out."""
    _, order = supplied
    order.do("ada", "agree", "approved")
    order.do("wendy", "send", "done", parcel="P-1")
    order.do("ada", "arrive", "something_is_wrong")
    order.do("sam", "put_right", "send_again")
    order.do("wendy", "send", "done", parcel="P-2")
    order.later(days=15)
    order.do("sam", "put_right", "it_has_come")
    assert order.status == "fulfilled"


def test_an_order_may_be_taken_back_until_it_is_sent(supplied: tuple[Story, Story]) -> None:
    """Also when there was nothing left, and another offer was made; the caller hears of it."""
    shop, order = supplied
    order.do("ada", "agree", "approved")
    order.do("wendy", "send", "nothing_left")
    order.do("sam", "offer", "done", price=250, delivers_on=in_days(order.clock, 12))
    order.use("ada", "withdraw")
    assert order.because == "The customer does not want the goods"
    assert (shop.status, shop.because) == ("ended", "There is no oak")
