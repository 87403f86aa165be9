"""A suit from need to fulfilment by three people in real browsers, and by pages alone: a customer at a telephone, the
tailor and an operator at their desks; and its customer with no scripts, and with the keyboard alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from browsers import DESK, Hand, Person
from house import House, opened
from playwright.sync_api import Browser, expect

from flowengine import Settings, SimulatedClock
from flowengine.runtime.ways_in import WaysIn
from flowengine.samples import process_file

sys.path.append(str(Path(__file__).parents[3]))

from examples.bespoke_suit.handlers import handlers
from examples.bespoke_suit.mill import Mill
from examples.bespoke_suit.till import Till

HELD, MISSED = "The appointment was held", "The customer did not come"
MEASURES = {"Chest": "102", "Waist": "88.5", "Hips": "104", "Sleeve": "64", "Inside_leg": "81"}


@dataclass
class Shop:
    """The tailor's shop: its pages, and the mill and the till that its services call."""

    house: House
    mill: Mill
    till: Till

    def job_of(self, contact: str) -> str:
        """The one job of a customer."""
        engine = self.house.engine
        (job,) = engine.jobs(by=engine.find_person(contact, kind="customer").id)
        return job.id

    def paid(self) -> Decimal:
        """What Ada has paid, and not been given back."""
        her = self.house.engine.find_person("ada@example.org").id
        hers = [one.amount for one in self.till.payments() if (one.payer, one.status) == (her, "taken")]
        return sum(hers, Decimal(0))

    def works(self) -> None:
        """Services run, clocks ring, the mill delivers, until nothing is due any more."""
        engine = self.house.engine
        while True:
            ran = engine.run_due().anything
            cloths = [one for one in self.mill.deliver() if not one.item.startswith("lining")]
            for one in cloths:
                engine.send("cloth_delivered", one.number, {"metres": one.metres})
            if not ran and not cloths:
                return

    def later(self, **span: float) -> None:
        """So much later."""
        self.house.clock.advance(timedelta(**span))
        self.works()

    def at_appointment(self) -> None:
        """A quarter of an hour into Tom's next appointment."""
        begins = min(one.appointment for one in self.house.engine.inbox(by="tom") if one.appointment is not None)
        self.house.clock.advance(begins + timedelta(minutes=15) - self.house.clock.now())
        self.works()


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """Open to everybody; Tom is its tailor, and Olga runs the engine."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    mill = Mill(tmp_path / "mill.db", lambda: clock.now().date())
    till = Till(tmp_path / "till.db")
    settings = Settings(ways_in=WaysIn(public=("bespoke_suit",)))
    with opened(sqlite_url, clock, handlers=handlers(mill, till), settings=settings) as house:
        engine = house.engine
        engine.deploy(process_file("bespoke_suit"))
        engine.add_staff("tom", "Tom", roles=["tailor", "cutter", "host"], contact="tom@example.org")
        engine.add_staff("olga", "Olga", roles=["operator"], contact="olga@example.org")
        yield Shop(house, mill, till)


class Another:
    """Cy, who is as far as Ada, and quicker."""

    def __init__(self, shop: Shop) -> None:
        self.engine = shop.house.engine
        self.engine.add_customer("cy", "Cy", contact="cy@example.org")
        need = {"occasion": "A concert", "needed_by": "2026-09-30"}
        self.job = self.engine.start("bespoke_suit", need=need, by="cy").job
        self.act("chosen", cloth="grey_worsted")
        self.act("chosen", style="single_breasted", pockets=2, lining="plain", extras=[])
        self.act("approved")
        shop.works()

    def act(self, outcome: str, **answer: Any) -> None:
        self.engine.act(self.engine.inbox(by="cy")[0].id, outcome, answer, by="cy")

    def books_the_first_time(self) -> None:
        step = self.engine.step(self.engine.inbox(by="cy")[0].id, by="cy")
        self.act("book", slot=step.slots[0].isoformat())

    def goes(self) -> None:
        self.engine.withdraw(self.job, by="cy")


# at the telephone


def begins(ada: Person) -> None:
    """Unknown to the shop until now: what she needs, her name and address, and the code that shows that it is hers."""
    ada.page.goto(f"{ada.house.url}/start/bespoke_suit")
    ada.write("The occasion", "My sister's wedding")
    ada.write("Your name", "Ada Lund")
    ada.write("Your e-mail address", "ada@example.org")
    ada.press("Go on")
    if ada.scripts:
        ada.page.wait_for_function("document.activeElement.className === 'problems'")
    ada.follow("Needed by")
    ada.write("Needed by", "2026-09-11")
    ada.press("Go on")
    ada.reads("Nothing has happened yet.", "My sister's wedding", "ada@example.org")
    ada.press("Send it")
    ada.answer_code()
    ada.reads("Your turn", "Choose your cloth")


def chooses(ada: Person, *, worry: str = "") -> None:
    """Cloth and style with what they cost, and what worries her."""
    ada.open("Choose your cloth")
    ada.tick("Green tweed")
    if worry:
        ada.write("Is there anything that worries you", worry)
    ada.press("Go on")
    ada.reads("Together £460.00", worry)
    ada.press("Send it")
    ada.heads("It is in")
    ada.open("Choose the style")
    for choice in ("Single-breasted", "Striped silk", "Cuffs that open"):
        ada.tick(choice)
    ada.tick("3", exact=True)
    ada.press("Go on")
    ada.reads("Together £1,045.00")
    ada.press("Send it")


def orders(ada: Person, shop: Shop) -> None:
    """What she agrees to is what is shown; her bank says no at first, and then pays."""
    her = shop.house.engine.find_person("ada@example.org").id
    shop.till.set_limit(her, Decimal(500))
    confirms(ada, shop, "£752.50")
    shop.till.set_limit(her, None)
    ada.open("Your bank has declined the deposit")
    ada.tick("Try again")
    ada.press("Send it")
    ada.press("Send it")
    shop.works()
    assert shop.paid() == Decimal("752.50")


def confirms(ada: Person, shop: Shop, deposit: str) -> None:
    """The order, with all that it comes to."""
    ada.open("Is this what you order?")
    ada.reads("Green tweed, £460.00", deposit)
    ada.tick("Approve")
    ada.press("Go on")
    ada.press("Send it")
    ada.reads(f"Thank you for your order. We take the deposit of {deposit}")
    shop.works()


def changes_her_mind(ada: Person, shop: Shop) -> None:
    """She sees what another style would come to before anything happens; then it does, and the deposit is returned."""
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.follow("Choose another style")
    ada.reads("Nothing has happened yet.", "Your deposit of £752.50 is returned", "11 September")
    ada.follow("Leave it as it is")
    assert shop.paid() == Decimal("752.50")
    ada.follow("Choose another style")
    ada.press("Choose another style")
    shop.works()
    assert shop.paid() == 0
    ada.open("Choose the style")
    for choice in ("Double-breasted", "Plain viscose"):
        ada.tick(choice)
    ada.tick("3", exact=True)
    ada.press("Go on")
    ada.press("Send it")
    confirms(ada, shop, "£720.00")


def books(ada: Person, title: str, *, quicker: Another | None = None) -> None:
    """The first time that is free is kept, then booked."""
    ada.open(title)
    if quicker is not None:
        quicker.books_the_first_time()
        keeps_the_first_time(ada)
        ada.reads("Somebody else was quicker: this time has just gone.")
        quicker.goes()
    keeps_the_first_time(ada)
    ada.reads("is kept for you")
    ada.press("Book this time")
    ada.open_appointment()
    ada.reads("Booked", "With Tom.")


def keeps_the_first_time(ada: Person) -> None:
    ada.choose(ada.page.locator("[name=slot]").first)
    ada.press("Keep this time for me")


def initials(ada: Person) -> None:
    """What may be left out, too."""
    ada.open("Which initials shall we embroider inside?")
    ada.write("Initials", "AL")
    ada.press("Go on")
    ada.press("Send it")


def accepts_another_day(ada: Person, shop: Shop) -> None:
    """The day that is asked is promised from then on."""
    ada.open("A new date: Fri 18 Sep 2026 instead of Fri 11 Sep 2026")
    ada.tick("Accept Fri 18 Sep 2026")
    ada.press("Go on")
    ada.press("Send it")
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.reads("Friday 18 September", "At first")


def accepts(ada: Person, shop: Shop) -> None:
    """The suit, and what is still to be paid."""
    ada.open("Does the suit fit, as you wished?")
    ada.reads("£720.00")
    ada.tick("Approve")
    ada.press("Go on")
    ada.press("Send it")
    shop.works()
    assert shop.paid() == Decimal("1440.00")


def brings_ben(ada: Person) -> None:
    """How it was, and who should be next."""
    ada.open("How was it to make this suit with us?")
    ada.tick("5", exact=True)
    ada.tick_in("recommend", "Yes")
    ada.write("Name", "Ben")
    ada.write("Contact", "ben@example.org")
    ada.press("Go on")
    ada.press("Send it")


# at the desks


def does(tom: Person, title: str, **answers: str) -> None:
    """He takes what waits for whoever takes it, and does it."""
    tom.go("/work")
    tom.press(f"Take it: {title}")
    for label, text in answers.items():
        tom.write(label.replace("_", " "), text)
    tom.finish()


def says_what_came(tom: Person, title: str, way: str, **found: str | bool) -> None:
    """Of an appointment."""
    tom.go("/work")
    tom.follow(title)
    tom.tick(way)
    for name, one in found.items():
        label = name.replace("_", " ")
        if isinstance(one, bool):
            tom.tick_in(label, "Yes" if one else "No")
        else:
            tom.write(label, one)
    tom.press("Done: keep it")
    tom.heads("What waits")


def test_a_suit_is_made_by_three_people_at_their_browsers(shop: Shop, chromium: Browser) -> None:
    """All that can happen on the way is done on pages, and none of them keeps anybody from going on."""
    cy = Another(shop)
    ada = Person.at(chromium, shop.house, "ada@example.org")
    tom = Person.at(chromium, shop.house, "tom@example.org", size=DESK, staff="tom")
    olga = Person.at(chromium, shop.house, "olga@example.org", size=DESK, staff="olga")
    begins(ada)
    chooses(ada, worry="Is tweed not too warm in September?")
    orders(ada, shop)
    changes_her_mind(ada, shop)
    answers_her_worry(tom)
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.reads("It is a light tweed.")
    books(ada, "When can we take your measures?", quicker=cy)
    shop.at_appointment()
    says_what_came(tom, "Measure", MISSED)
    books(ada, "When can we take your measures?")
    shop.at_appointment()
    says_what_came(tom, "Measure", HELD, **MEASURES)
    shop.works()

    does(tom, "Draft the pattern of Ada Lund", Pattern_number="P-117")
    initials(ada)
    is_paused_for_a_day(olga, ada, shop)
    talks(ada, tom, shop)
    agrees_on_another_day(tom, ada, shop)
    shop.later(days=20)
    does(tom, "Cut the Green tweed for Ada Lund")
    does(tom, "Baste the suit of Ada Lund")

    books(ada, "Your suit is basted. When can you try it on?")
    shop.at_appointment()
    found = "Right shoulder 1 cm lower"
    says_what_came(tom, "First fitting", HELD, Must_be_basted_again=False, What_is_to_be_altered=found)
    shop.later(days=8)
    does(tom, "Sew the suit of Ada Lund")
    books(ada, "Your suit is ready to be tried on. When can you come?")
    shop.at_appointment()
    found = "Sleeves 1 cm too long"
    says_what_came(tom, "Second fitting", HELD, Something_is_to_be_altered=True, What_is_to_be_altered=found)
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.reads("Altering your suit", "Right shoulder 1 cm lower")
    does(tom, "Alter the suit of Ada Lund")
    books(ada, "Your suit is ready to be tried on. When can you come?")
    shop.at_appointment()
    says_what_came(tom, "Second fitting", HELD, Something_is_to_be_altered=False)
    does(tom, "Press and finish the suit of Ada Lund")
    accepts(ada, shop)
    brings_ben(ada)
    shop.works()
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.reads("It is done", "The customer wears a suit that fits")

    ben = Person.at(chromium, shop.house, "ben@example.org")
    comes_in(ben, shop)
    assert [one.refused for one in (ada, tom, olga, ben)] == [[]] * 4
    assert shop.house.engine.audit().fine


@pytest.mark.parametrize(("scripts", "hand"), [(False, "pointer"), (True, "keyboard")], ids=["no scripts", "keys"])
def test_a_customer_needs_neither_scripts_nor_a_pointer(
    shop: Shop, chromium: Browser, scripts: bool, hand: Hand
) -> None:
    """From need to fulfilment; by Tab, Enter, Space and the arrows all is reached, and it is seen where one is."""
    ada = Person.at(chromium, shop.house, "ada@example.org", scripts=scripts, hand=hand)
    begins(ada)
    chooses(ada, worry="Is tweed not too warm in September?")
    orders(ada, shop)
    changes_her_mind(ada, shop)
    books(ada, "When can we take your measures?")
    inside = Inside(shop)
    inside.says("held", {"chest": 102, "waist": 88.5, "hips": 104, "sleeve": 64, "inside_leg": 81})
    initials(ada)
    inside.asks_for_another_day()
    accepts_another_day(ada, shop)
    inside.does("draft", {"number": "P-117"})
    shop.later(days=22)
    for work in ("Cut", "Baste"):
        inside.does(work)
    books(ada, "Your suit is basted. When can you try it on?")
    inside.says("held", {"baste_again": False, "findings": "Right shoulder 1 cm lower"})
    inside.does("Sew")
    books(ada, "Your suit is ready to be tried on. When can you come?")
    inside.says("held", {"alter": False})
    inside.does("Press")
    accepts(ada, shop)
    brings_ben(ada)
    assert shop.house.engine.track(shop.job_of("ada@example.org"), by="olga").status == "fulfilled"
    assert ada.refused == []


class Inside:
    """What is done at the desks, where only the customer is looked at."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.engine = shop, shop.house.engine

    def does(self, words: str, answer: dict[str, Any] | None = None) -> None:
        step = next(one for one in self.engine.inbox(by="tom") if words.lower() in one.title.lower())
        self.engine.act(step.id, "done", answer, by="tom")
        self.shop.works()

    def says(self, outcome: str, findings: dict[str, Any]) -> None:
        self.shop.at_appointment()
        step = next(one for one in self.engine.inbox(by="tom") if one.appointment is not None)
        self.engine.act(step.id, outcome, findings, by="tom")
        self.shop.works()

    def asks_for_another_day(self) -> None:
        job = self.shop.job_of("ada@example.org")
        self.engine.ask_new_promise(job, date(2026, 9, 18), because="The flood has cost us a week", by="tom")


def answers_her_worry(tom: Person) -> None:
    """A concern waits at work for whoever answers it."""
    tom.go("/work")
    tom.press("Take it: Is tweed not too warm in September?")
    tom.page.locator("#ways textarea").fill("It is a light tweed.")
    tom.finish()


def is_paused_for_a_day(olga: Person, ada: Person, shop: Shop) -> None:
    """An operator looks at what it would come to, stops the job, and lets it go on; its customer is told."""
    job = shop.job_of("ada@example.org")
    olga.go(f"/ops/jobs/{job}")
    by_hand(olga, "Pause the job", "The workshop is flooded")
    ada.go(f"/jobs/{job}")
    ada.reads("Paused", "The workshop is flooded")
    shop.later(days=1)
    olga.go(f"/ops/jobs/{job}")
    by_hand(olga, "Let the job go on", "It is dry again")
    ada.go(f"/jobs/{job}")
    expect(ada.page.locator("main")).not_to_contain_text("The workshop is flooded")


def by_hand(olga: Person, title: str, because: str) -> None:
    """A reason, a look, and then a button."""
    olga.follow(title)
    olga.write("Why?", because)
    olga.press("See what would come of it")
    olga.reads("Nothing has happened yet.")
    olga.press(title)


def talks(ada: Person, tom: Person, shop: Shop) -> None:
    """A message is answered beside the work; a note inside stays inside."""
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.write("Write to us", "May I bring my own buttons?")
    ada.press("Send")
    ada.reads("May I bring my own buttons?", "You are answered by")
    tom.go("/work")
    tom.follow("May I bring my own buttons?")
    tom.page.locator("#ways textarea").fill("Gladly.")
    tom.finish()
    tom.go("/jobs/" + shop.job_of("ada@example.org"))
    tom.write("Write to the customer", "Horn goes well with it.")
    tom.press("Send")
    ada.go("/jobs/" + shop.job_of("ada@example.org"))
    ada.reads("Gladly.", "Horn goes well with it.")


def agrees_on_another_day(tom: Person, ada: Person, shop: Shop) -> None:
    """What was promised is moved by nobody alone."""
    tom.go("/jobs/" + shop.job_of("ada@example.org"))
    tom.unfold("Ask for another date")
    tom.write("Until when instead?", "2026-09-18")
    tom.press("Ask the customer")
    tom.reads("Please say why: the customer reads it.")
    tom.write("Why?", "The flood has cost us a week")
    tom.press("Ask the customer")
    tom.reads("another date is asked")
    accepts_another_day(ada, shop)


def comes_in(ben: Person, shop: Shop) -> None:
    """Who was named is known: he shows that the address is his, and what he begins is known to come by her."""
    ben.go("/")
    ben.follow("A suit made with you")
    ben.write("The occasion", "A new job")
    ben.write("Needed by", "2026-12-11")
    ben.press("Go on")
    ben.press("Send it")
    ben.open("Choose your cloth")
    engine = shop.house.engine
    his, her = (engine.track(shop.job_of(f"{one}@example.org"), by="olga").customer for one in ("ben", "ada"))
    assert engine.person(his).record["referred_by"] == her
