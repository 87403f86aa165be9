"""A suit by five people at terminals of 80 columns, by commands alone: what each types, and what each reads.

Ada is the customer, Hana is at the front of the house, Tom is the tailor, Carl the cutter, Olga the operator. Ada
changes her mind, asks something, misses a fitting; the suit is altered, and late. With ``-s`` all of it is printed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from counter import ROOT, Inside
from terminal import Terminal

from flowengine import SimulatedClock
from flowengine.samples import example

WIDTH = 80
AT_A_MOMENT = (str(Path(__file__).with_name("at_a_moment.py")),)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UNDERSCORED = re.compile(r"\b[a-z]+_[a-z_]+\b")
COMMAND = re.compile(r"^.*\bflow [a-z].*$", re.M)
"""A line with a command, which is never wrapped, so that it can be copied; names are typed in it."""

PROMPT = re.compile(r"\?: |\): |\]: ")
"""A question, behind which something is typed."""

Say = tuple[str, str]
"""What comes at the terminal, and what is typed then."""


class House:
    """The shop, its clock, and everybody's terminal. ``read`` is what each person was shown."""

    def __init__(self, folder: Path, clock: SimulatedClock, inside: Inside) -> None:
        self.folder, self.clock, self.inside = folder, clock, inside
        self.read: dict[str, list[str]] = {}
        self.job = ""

    def at(self, who: str, line: str, *says: Say, code: int = 0) -> str:
        """What somebody is shown by a command, who answers what is asked; without the ends of lines."""
        now = self.clock.now().isoformat()
        around = {"FLOW_AS": who, "COLUMNS": str(WIDTH)}
        with Terminal(self.folder, now, *line.split(), program=AT_A_MOMENT, **around) as terminal:
            for wanted, typed in says:
                terminal.expect(wanted)
                terminal.send(typed)
            found = terminal.leave()
            shown = terminal.text
        print(f"\n{now[:16]} {who or 'operator'}$ flow {line}\n{shown}", end="")
        assert found == code, shown
        assert "Traceback" not in shown
        self.read.setdefault(who, []).append(shown)
        return " ".join(shown.split())

    def work(self) -> None:
        """Let the shop's code, and what the clock brings, run."""
        while "1 " in (told := self.inside.work()) or "timer" in told or "call" in told:
            pass

    def until(self, day: str) -> None:
        """Let the time come, and what is due by then happen."""
        self.inside.until(datetime.fromisoformat(day).replace(tzinfo=UTC))
        self.work()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> House:
    """On SQLite, in simulated time; all that a person types goes through a pseudo-terminal."""
    settings = {
        "FLOW_AT": sqlite_url, "FLOW_PROGRAM": "flow", "FLOW_STATE": str(tmp_path / "state"), "TZ": "Europe/London",
        "COLUMNS": str(WIDTH), "SUIT_MILL": str(tmp_path / "mill.db"), "SUIT_TILL": str(tmp_path / "till.db"),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FLOW_AS", raising=False)
    monkeypatch.syspath_prepend(str(ROOT))
    example("bespoke_suit")
    from flowengine_examples.bespoke_suit.handlers import handlers
    from flowengine_examples.bespoke_suit.mill import Mill
    from flowengine_examples.bespoke_suit.till import Till

    clock = SimulatedClock(datetime(2027, 1, 4, 10, tzinfo=UTC))
    mill = Mill(tmp_path / "mill.db", today=lambda: clock.now().date())
    return House(tmp_path, clock, Inside(clock, mill, handlers(mill, Till(tmp_path / "till.db"))))


def test_a_suit_by_five_people_at_their_terminals(house: House) -> None:
    """From the need to its fulfilment, late and told so; nobody needs more than he reads."""
    _open(house)
    _order(house)
    _ask(house)
    _measure(house)
    _change_mind(house)
    _make(house)
    _try_on(house)
    _late(house)
    _hand_over(house)
    _read_again(house)


def _open(house: House) -> None:
    house.at("", f"deploy {house.inside.process}")
    for who, role in (("hana", "host"), ("tom", "tailor"), ("carl", "cutter"), ("olga", "operator")):
        shown = house.at("", f"people add {who} --name {who.capitalize()} --role {role}")
        assert role in shown
    assert "Nothing waits for you." in house.at("tom", "")


def _order(house: House) -> None:
    """Ada says what she needs, chooses, sees what it costs, and orders; she goes back once, and looks at the help."""
    shown = house.at(
        "ada", "start bespoke_suit", ("new customer? [y/N]: ", "y"), ("characters): ", "?"),
        ("characters): ", "A suit"),
        ("Needed by", "yesterday"), ("Needed by", "13 Mar 2027"), ("matters to you", "back"),
        ("Needed by", "15 March 2027"), ("matters to you", ""), ("Send it?", ""),
    )  # fmt: skip
    assert "= Mon 15 Mar 2027" in shown
    assert "Thank you." in shown
    house.job = re.findall(r"flow track ([0-9a-f]{8})", shown)[0]
    assert "Choose your cloth" in house.at("ada", "")
    shown = house.at("ada", "act", ("Cloth", "nav"), ("Send it?", ""))
    assert "In all: £420.00" in shown
    assert "Lead time: 12 days" in shown
    shown = house.at(
        "ada", "act", ("Style", "double"), ("Pockets", "3"), ("Lining", "2"), ("Extras", "1,2"), ("Send it?", "")
    )
    assert "In all: £1,150.00" in shown
    assert "It is promised for Mon 15 Mar 2027." in shown
    shown = house.at("ada", "act", ("What do you want to do?", "1"), ("In your words", ""))
    assert "Thank you for your order. We take the deposit of £785.00" in shown
    house.work()


def _ask(house: House) -> None:
    """A question of Ada's waits in Hana's inbox; its answer stands with it."""
    shown = house.at("ada", f"say {house.job} May I bring my own buttons? --kind question")
    assert "waits for an answer from" in shown
    assert "May I bring" in house.at("hana", "inbox")
    house.at("hana", "act", ("answer", "Yes, bring them along."))
    shown = house.at("ada", f"track {house.job}")
    assert "May I bring my own buttons?" in shown
    assert "Hana (answered): Yes, bring them along." in shown


def _measure(house: House) -> None:
    """Ada books, does not come, is told so, and books again."""
    shown = house.at(
        "ada", "act", ("do?", "book"), ("Which day", "10 Jan"), ("Which day", "tomorrow"), ("What time", "7am"),
        ("What time", "10:15"),
    )  # fmt: skip
    assert "nothing is free on Sun 10 Jan 2027" in shown
    assert "07:00 is not free" in shown
    assert "Your appointment is on Tue 5 Jan 2027, 10:15" in shown
    assert "10:15-11:00" in house.at("tom", "agenda --day tomorrow")
    refused = house.at("tom", f"act {house.job} --outcome missed", code=1)
    assert "begins" in refused
    house.until("2027-01-05T10:30")
    assert "Measure" in house.at("tom", "inbox")
    house.at("tom", "act", ("do?", "2"))
    shown = house.at("ada", f"track {house.job}")
    assert "Your appointment of Tue 5 Jan 2027, 10:15 was missed" in shown
    house.at("ada", "act", ("do?", "book"), ("Which day", "thursday"), ("What time", "9:15"))
    house.until("2027-01-07T09:20")
    measures = [
        ("Chest", "102"),
        ("Waist", "88.5"),
        ("Hips", "104"),
        ("Sleeve", "64"),
        ("Inside leg", "81"),
        ("Posture", ""),
    ]
    house.at("tom", "act", ("do?", "1"), *measures, ("Send it?", ""))
    house.work()


def _change_mind(house: House) -> None:
    """Until the cloth is cut Ada may choose another: she sees what it means first."""
    shown = house.at("ada", f"change {house.job} change_cloth", ("[y/N]", "y"))
    assert "Undone: Your deposit of £" in shown
    house.work()
    house.at("ada", "act", ("Cloth", "2"), ("Send it?", ""))
    house.at("ada", "act", ("do?", "1"), ("In your words", ""))
    house.work()


def _make(house: House) -> None:
    """The cutter drafts and cuts, the cloth comes, the tailor bastes; from then on the cloth stays."""
    house.at("carl", "act", ("number", "P-117"))
    house.at("ada", "act", ("do?", "1"), ("nitials", "AL"))
    (order,) = [one for one in house.inside.mill.orders() if one.item == "grey_worsted"]
    house.at("olga", f"send cloth_delivered --key {order.number}")
    house.work()
    house.at("carl", "act")
    refused = house.at("ada", f"change {house.job} change_cloth", code=1)
    assert "you can from when it is chosen until the cloth is cut" in refused
    house.at("tom", "act")


def _try_on(house: House) -> None:
    """The first fitting goes well; at the second the sleeves are too long, and the suit is late."""
    house.at("ada", "act", ("do?", "book"), ("Which day", "8 Jan"), ("What time", "10"))
    house.until("2027-01-08T10:05")
    house.at(
        "tom", "act", ("do?", "1"), ("asted again", "no"), ("altered", "Right shoulder 1 cm lower"), ("Send it?", "")
    )
    house.at("tom", "act")
    house.at("ada", "act", ("do?", "book"), ("Which day", "15 Jan"), ("What time", "10"))
    house.until("2027-01-15T10:05")
    house.at("tom", "act", ("do?", "1"), ("altered", "yes"), ("altered", "Sleeves 1 cm too long"), ("Send it?", ""))


def _late(house: House) -> None:
    """The promised day passes: Ada, Tom and Olga are told, and another day is agreed on."""
    house.until("2027-03-16T10:00")
    assert "The day we promised, Mon 15 Mar 2027, has passed." in house.at("ada", f"track {house.job}")
    assert "late since" in house.at("ada", "")
    assert house.job in house.at("olga", "jobs --late")
    assert "it was promised" in house.at("olga", "incidents")
    assert "late since Mon 15 Mar" in house.at("tom", "inbox")
    house.at("tom", "act")
    shown = house.at("ada", "act", ("do?", "1"), ("In your words", ""))
    assert "It is now promised for Sun 28 Mar 2027" in shown
    assert "There are no such jobs." in house.at("olga", "jobs --late")


def _hand_over(house: House) -> None:
    """It fits, is paid, and is hers; what she says of it stays with it."""
    house.at("ada", "act", ("do?", "book"), ("Which day", "thursday"), ("What time", "10am"))
    house.until("2027-03-18T10:05")
    house.at("tom", "act", ("do?", "1"), ("altered", "no"), ("altered", ""))
    house.at("tom", "act")
    shown = house.at("ada", "act", ("do?", "1"), ("In your words", ""))
    house.work()
    shown = house.at(
        "ada",
        "act",
        ("do?", "1"),
        ("ating", "5"),
        ("ords", "It fits"),
        ("ecommend", "yes"),
        ("bring?", "Ben, ben@example.org"),
        ("Send it?", ""),
    )
    assert "It is fulfilled: The customer wears a suit that fits." in shown
    house.at("ada", f"track {house.job}")
    house.at("olga", f"history {house.job}")
    assert "Fine: 1 job" in house.at("olga", "audit")


def _read_again(house: House) -> None:
    """No line is wider than the window but those with a command; nobody reads how the process calls its things."""
    for who, screens in house.read.items():
        for line in "".join(screens).splitlines():
            assert len(line) <= WIDTH or COMMAND.match(line) or PROMPT.search(line), (who, line)
    for shown in house.read["ada"]:
        plain = COMMAND.sub("", shown)
        assert not UUID.search(plain), shown
        assert not UNDERSCORED.search(plain), shown
