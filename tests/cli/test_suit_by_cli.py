"""A bespoke suit from the need to the day it is worn, by the command line alone, on both databases.

Ada is the customer, Hana is at the front of the house, Tom is the tailor, Carl the cutter, Olga the operator.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counter import ROOT, Counter, Inside, Outside

from flowengine import SimulatedClock
from flowengine.samples import example

MEASURES = "--set chest=102 --set waist=88.5 --set hips=104 --set sleeve=64 --set inside_leg=81"
REFERRAL = """--set 'referral:={"name": "Ben", "contact": "ben@example.org"}'"""


@pytest.fixture(params=["inside-sqlite", "inside-postgresql", "outside-sqlite"])
def counter(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """The counter on SQLite and on PostgreSQL in simulated time, and by real processes."""
    place, _, database = request.param.partition("-")
    monkeypatch.setenv("FLOW_AT", request.getfixturevalue("sqlite_url" if database == "sqlite" else "postgres_url"))
    monkeypatch.setenv("SUIT_MILL", str(tmp_path / "mill.db"))
    monkeypatch.setenv("SUIT_TILL", str(tmp_path / "till.db"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FLOW_AS", raising=False)
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    example("bespoke_suit")
    from flowengine_examples.bespoke_suit.handlers import handlers
    from flowengine_examples.bespoke_suit.mill import Mill
    from flowengine_examples.bespoke_suit.till import Till

    clock = SimulatedClock(datetime(2027, 1, 4, 10, tzinfo=UTC) if place == "inside" else datetime.now(UTC))
    mill = Mill(tmp_path / "mill.db", today=lambda: clock.now().date())
    made = handlers(mill, Till(tmp_path / "till.db"))
    return (Inside if place == "inside" else Outside)(clock, mill, made)


def test_a_suit_is_made_by_commands_alone(counter: Counter) -> None:
    """A missed fitting, a change of mind, cloth out of stock and an alteration still end with a suit that fits (L1)."""
    _open_the_shop(counter)
    suit = _Suit(counter, _state_the_need(counter))
    suit.choose()
    suit.measure()
    suit.change_mind()
    suit.make()
    suit.try_on()
    suit.hand_over()
    suit.look_back()


def _open_the_shop(counter: Counter) -> None:
    assert "bespoke_suit (A suit made with you): version" in counter.flow(f"deploy {counter.process}")
    assert "ada@example.org" in counter.flow("people add ada --name Ada --contact ada@example.org")
    staff = {"hana": "host", "tom": "tailor", "carl": "cutter", "olga": "operator"}
    for id, role in staff.items():
        assert role in counter.flow(f"people add {id} --name {id.capitalize()} --role {role}")
    assert "Nothing waits for you." in counter.flow("inbox", "tom")


def _state_the_need(counter: Counter) -> str:
    day = (counter.now() + timedelta(days=130)).date()
    refused = counter.flow("start bespoke_suit --set occasion=A", "ada", code=1)
    assert "--set needed_by=YYYY-MM-DD" in refused
    begun = counter.flow(f"start bespoke_suit --set occasion='A wedding' --set needed_by={day}", "ada")
    assert "Thank you. We know what you need." in begun
    assert "Next: Choose your cloth" in begun
    (item,) = counter.json("inbox", "ada")
    short: str = item["short"].partition(".")[0]
    return short


class _Suit:
    """One job, followed by those who have to do with it."""

    def __init__(self, counter: Counter, job: str) -> None:
        self.counter, self.job = counter, job

    def act(self, who: str, rest: str = "") -> str:
        return self.counter.flow(f"act {self.job} {rest}", who)

    def track(self, who: str) -> str:
        return self.counter.flow(f"track {self.job}", who)

    def book(self) -> None:
        """Ada is told the free appointments, and takes the first that she can reach."""
        told = self.counter.json(f"act {self.job} --outcome book --set slot=soon", "ada", code=1)
        free = [datetime.fromisoformat(slot) for slot in told["possible"]]
        slot = free[0]
        assert "Your appointment is on " in self.act("ada", f"--outcome book --set slot={slot.isoformat()}")
        early = self.counter.flow(f"act {self.job} --outcome missed", "tom", code=1)
        assert "Refused: " in early
        self.counter.until(slot)

    def choose(self) -> None:
        wrong = self.counter.flow(f"act {self.job} --set cloth=purple", "ada", code=1)
        assert "'purple' is not one of navy_flannel, grey_worsted, green_tweed, black_barathea" in wrong
        self.act("ada", "--set cloth=navy_flannel")
        chosen = self.act("ada", "--set style=double_breasted --set pockets=3 --set lining=striped --set extras=")
        assert "Thank you. You have chosen Double-breasted, 3 pockets, Striped silk. It is promised for " in chosen
        assert "Next: Is this what you order?" in chosen
        (order,) = self.counter.json("inbox", "ada")
        assert order["title"] == "Is this what you order?"
        self.act("ada", "--outcome approved")
        assert "1 service call" in self.counter.work()
        assert "▶ Taking your measures" in self.track("ada")

    def measure(self) -> None:
        self.book()
        self.act("tom", "--outcome missed")
        assert "When can we take your measures?" in self.track("ada")
        self.book()
        inbox = self.counter.flow("inbox", "tom")
        assert self.job in inbox
        assert "Ada" in inbox
        self.act("tom", f"--outcome held {MEASURES}")
        assert "2 service calls" in self.counter.work()

    def change_mind(self) -> None:
        """Until the cloth is cut another may be chosen: the order is undone. What is gone is answered by Ada."""
        step = next(one["short"] for one in self.counter.json("inbox", "carl"))
        self.counter.flow(f"claim {step}", "carl")
        self.act("carl", "--set number=P-117")
        assert "Choose another cloth" in self.track("ada")
        changed = self.counter.flow(f"change {self.job} change_cloth --yes", "ada")
        assert "We have noted: Choose another cloth." in changed
        self.counter.work()
        assert "▶ Choosing your suit" in self.track("ada")
        assert {order.item: order.status for order in self.counter.mill.orders()}["navy_flannel"] == "cancelled"
        self.counter.mill.set_stock("green_tweed", 1.0)
        self.act("ada", "--set cloth=green_tweed")
        self.act("ada", "--outcome approved")
        self.counter.work()
        self.counter.work()
        assert "The mill has no Green tweed left" in self.counter.flow("inbox", "ada")
        step = self._step("ada", "choose_other_cloth")
        offered = self.counter.flow(f"act {step} --set cloth=green_tweed", "ada", code=1)
        assert "'green_tweed' is not one of navy_flannel, grey_worsted, black_barathea" in offered
        self.counter.flow(f"act {step} --set cloth=grey_worsted", "ada")
        self.counter.flow(f"act {self._step('ada', 'confirm_other_cloth')} --outcome approved", "ada")
        self.counter.work()

    def make(self) -> None:
        self.counter.flow(f"act {self._step('ada', 'ask_initials')} --outcome answered --set initials=AL", "ada")
        self.counter.flow(f"say {self.job} 'Is the cloth there yet?' --kind question", "ada")
        order = next(one for one in self.counter.mill.orders() if one.item == "grey_worsted")
        self.counter.flow(f"send cloth_delivered --key {order.number} --job {self.job}", "olga")
        self.counter.flow(f"say {self.job} 'Since this morning.' --kind answer", "hana")
        assert "Since this morning." in self.track("ada")
        self.act("carl", "--outcome done")
        refused = self.counter.flow(f"change {self.job} change_cloth --yes", "ada", code=1)
        assert "Refused: " in refused
        assert "▶ Basting your suit" in self.track("ada")
        self.act("tom", "--outcome done")

    def try_on(self) -> None:
        self.book()
        self.act("tom", "--outcome held --set baste_again=no --set findings='Right shoulder 1 cm lower'")
        assert "Right shoulder 1 cm lower" in self.track("ada")
        self.act("tom", "--outcome done")
        self.book()
        self.act("tom", "--outcome held --set alter=yes --set findings='Sleeves 1 cm too long'")
        assert "▶ Altering your suit" in self.track("ada")
        self.act("tom", "--outcome done")
        self.book()
        self.act("tom", "--outcome held --set alter=no")
        self.act("tom", "--outcome done")

    def hand_over(self) -> None:
        assert "Does the suit fit, as you wished?" in self.counter.flow("inbox", "ada")
        self.act("ada", "--outcome approved")
        self.counter.work()
        paid = self.track("ada")
        assert "Receipt for the rest: R-0003" in paid
        ended = self.act("ada", f"--outcome given --set rating=5 --set recommend=yes {REFERRAL}")
        assert "It is fulfilled: The customer wears a suit that fits." in ended
        assert "■ Fulfilled: The customer wears a suit that fits" in self.track("ada")

    def look_back(self) -> None:
        """The operator reads what happened; Ben, whom Ada has sent, can begin."""
        history = self.counter.flow(f"history {self.job}", "olga")
        for words in ("stated the need", "did not come", "Choose another cloth", "out of stock", "cloth delivered"):
            assert words in history, f"{words}\n{history}"
        assert "P-117" in self.counter.flow(f"history {self.job} --raw", "olga")
        assert "Fine: 1 job, " in self.counter.flow("audit", "olga")
        assert "The customer wears a suit" in self.counter.flow("jobs", "olga")
        assert "1 message" in self.counter.work()  # the referral
        ben = self.counter.json("people show ben@example.org")["id"]
        day = (self.counter.now() + timedelta(days=130)).date()
        need = f"--set occasion='A new job' --set needed_by={day}"
        self.counter.flow(f"start bespoke_suit --for {ben} {need}", "hana")
        (item,) = self.counter.json("inbox", ben)
        assert [one["state"] for one in self.counter.json(f"track {item['job']}")["waiting"]] == ["choose_cloth"]

    def _step(self, who: str, state: str) -> str:
        seen = self.counter.json(f"track {self.job}")["waiting"]  # as an operator: a customer is told no states
        at = {one["short"] for one in seen if one["state"] == state}
        found: str = next(one["short"] for one in self.counter.json("inbox", who) if one["short"] in at)
        return found
