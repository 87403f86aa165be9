"""What a person at a terminal is asked, and what happens to wrong answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from terminal import Terminal

if TYPE_CHECKING:
    from conftest import Flow


TEAM = """
process: team
need: A team
options:
  all:
    - {id: anna, title: Anna B., position: keeper}
    - {id: bea, title: Bea C., position: keeper}
    - {id: cleo, title: Cleo D., position: back}
    - {id: dora, title: Dora E., position: back}
states:
  need: {type: need, next: choose}
  choose:
    type: choice
    choose: {players: {from: all, min: 2, max: 3, limits: {position: {keeper: 1, back: {max: 2}}}}}
    within: P1D
    on: {chosen: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""


PICKED = """
process: team
need: A maker
roles: {maker: {title: Maker}}
states:
  need: {type: need, fields: {wanted: {type: person, role: maker}}, next: make}
  make: {type: task, for: {person: data.need.wanted}, within: P1D, on: {done: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_starting_asks_each_field_with_its_title_type_and_unit(shop: Flow) -> None:
    """The need's fields are asked one by one; wrong answers are explained and asked again."""
    with Terminal(shop.folder, "start", "workshop", "--as", "ada") as terminal:
        terminal.expect("What do you need?")
        terminal.expect("Your wish: ")
        terminal.send("")
        terminal.expect("an answer is needed here")
        terminal.expect("Your wish: ")
        terminal.send("A table")
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("wide")
        terminal.expect("must be a number in cm, as 98.5; not 'wide'")
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("10")
        terminal.expect("must be at least 20")
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("80")
        terminal.expect("Needed by (a day, as ")
        terminal.expect(", Enter to leave out): ")
        terminal.send("next week")
        terminal.expect("must be a day, as 1 May 2027")
        terminal.expect("): ")
        terminal.send("")
        terminal.expect("Send it? [Y/n/number to change]: ")
        terminal.send("")
        terminal.expect("Thank you. We know what you need.")
        assert terminal.leave() == 0
    assert shop.json("jobs")[0]["states"] == ["choose"]


def test_a_choice_under_limits_shows_them(shop: Flow) -> None:
    """What the limits go by is a column of the table; a choice beyond them is explained and asked again."""
    (shop.folder / "team.yaml").write_text(TEAM, "utf-8")
    shop.run("deploy", "team.yaml", who="olga")
    job = shop.json("start", "team", who="ada")["job"]
    with Terminal(shop.folder, "act", job, "--as", "ada") as terminal:
        assert "Position" in terminal.expect("Choose by ")
        terminal.expect("position: exactly 1 keeper, at most 2 back")
        terminal.expect("Players (several, with commas, 2 to 3 in all): ")
        terminal.send("1, 2")
        terminal.expect("chooses 2 of position keeper; choose exactly 1 of anna (Anna B.), bea (Bea C.)")
        terminal.expect("Players (several, with commas, 2 to 3 in all): ")
        terminal.send("1, 3")
        terminal.expect("= Anna B., Cleo D.")
        terminal.expect("Thank you. You have chosen ")


def test_a_person_is_picked_by_number_or_by_name(shop: Flow) -> None:
    """Those there are come as a table of names; a name that two of them have is no answer (L15)."""
    (shop.folder / "team.yaml").write_text(PICKED, "utf-8")
    shop.run("deploy", "team.yaml", who="olga")
    with Terminal(shop.folder, "start", "team", "--as", "ada") as terminal:
        assert "Tess" in terminal.expect("Wanted (number or name): ")
        terminal.send("olga")
        terminal.expect("'olga' is not one of")
        terminal.send("2")
        terminal.expect("Thank you. We know what you need.")
        assert terminal.leave() == 0
    (waits,) = shop.json("inbox", who="tom")
    assert shop.json("track", waits["job"], who="ada")["facts"] == [["Wanted", "Tom"]]
    shop.run("people", "add", "tim", "--name", "Tom", "--role", "maker", who="olga")
    refused = shop.run("start", "team", "--set", "wanted=Tom", who="ada", code=1).output
    assert "'Tom' means several: type tim or tom" in refused
    shop.run("start", "team", "--set", "wanted=Tess", who="ada")
    assert len(shop.json("inbox", who="tess")) == 1


def test_a_choice_shows_prices_and_lead_times(shop: Flow) -> None:
    """Options come as a table; a number or a name takes one, but a number that is an id is the id."""
    job = shop.start()
    with Terminal(shop.folder, "act", job, "--as", "ada") as terminal:
        terminal.expect("Which wood should it be?")
        table = terminal.expect("Wood (number or name): ")
        assert "Oak" in table
        assert "120.00" in table
        assert "10 days" in table
        terminal.send("7")
        terminal.expect("'7' is not one of Oak, Pine")
        terminal.send("1")
        terminal.expect("= Oak")
        terminal.expect("Legs (3, 4): ")
        terminal.send("1")
        terminal.expect("'1' is not one of 3, 4")
        terminal.send("4")
        terminal.expect("Extras (1 Wax, 2 Drawer; several, with commas, Enter to leave out): ")
        terminal.send("2 1")
        terminal.expect("= Drawer, Wax")
        terminal.expect(" 1  Wood: Oak")
        terminal.expect("In all: 120.00")
        terminal.expect("Lead time: 10 days")
        terminal.expect("Send it? ")
        terminal.send("")
        terminal.expect("Thank you. You have chosen ")
        assert terminal.leave() == 0
    saved = shop.json("history", job)[-1]["command"]["answer"]
    assert saved == {"wood": "oak", "legs": 4, "extras": ["drawer", "wax"]}


def test_an_appointment_is_taken_by_its_number(shop: Flow) -> None:
    """Of many free appointments the day is asked first, by number, then the time, as people say it; back and forth."""
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    with Terminal(shop.folder, "act", job, "--as", "ada") as terminal:
        shown = terminal.expect("Which day?: ")
        assert "free, " in shown
        terminal.send("0")
        terminal.expect("type a number from 1 to")
        terminal.send("2")
        shown = terminal.expect("What time?: ")
        assert "08:00" in shown
        terminal.send("07:10")
        terminal.expect("07:10 is not free; type one of the times, as 08:00")
        terminal.send("back")
        terminal.expect("Which day?: ")
        terminal.send("tomorrow")
        terminal.expect("What time?: ")
        terminal.send("9:30am")
        terminal.expect(", 09:30")
        assert terminal.leave() == 0
    assert any(item["short"].startswith(job) for item in shop.json("inbox", who="tom"))


def test_a_slot_that_is_gone_is_asked_again(shop: Flow) -> None:
    """When another books the slot meanwhile, the person is told and chooses from those that are left."""
    give = ("--set", "wood=oak", "--set", "legs=4", "--set", "extras=")
    mine, other = shop.start("ada"), shop.start("ben")
    shop.run("act", mine, *give, who="ada")
    shop.run("act", other, *give, who="ben")
    with Terminal(shop.folder, "act", mine, "--outcome", "book", "--as", "ada") as terminal:
        terminal.expect("Which day?")
        free = shop.free(other, "ben")
        today, *rest = (datetime.fromisoformat(slot).astimezone().date() for slot in free)
        tomorrow = 1 + next(index for index, day in enumerate(rest) if day != today)  # of today few may be left
        shop.run("act", other, "--outcome", "book", "--set", f"slot={free[tomorrow]}", who="ben")
        for then in ("possible:", "Your appointment is on "):
            terminal.send("2")
            first = terminal.expect("What time?: ").partition(":\n")[2].split()[0]
            terminal.send(first)
            terminal.expect(then)
        assert terminal.leave() == 0


def test_one_of_several_steps_is_picked(shop: Flow) -> None:
    """When several steps wait and none is named, the person picks one by number."""
    shop.start(wish="first")
    shop.start(wish="second")
    with Terminal(shop.folder, "act", "--as", "ada") as terminal:
        terminal.expect("Which step?: ")
        terminal.send("3")
        terminal.expect("type a number from 1 to 2")
        terminal.send("2")
        terminal.expect("Wood (number or name): ")
        terminal.end_of_input()
        assert terminal.leave() == 1


def test_what_a_terminal_garbles_is_asked_again(shop: Flow) -> None:
    """Arrow keys, bytes that are no text and a line that the terminal has cut off are told, and nothing is taken."""
    with Terminal(shop.folder, "start", "workshop", "--as", "ada") as terminal:
        for typed, said in (
            (b"\x1b[A\x1b[D", "there is a control character in it (\\x1b), as an arrow key makes; type it again"),
            (b"\xff\xfe", "this could not be read as text; please type it again"),
            (b"x" * 100_000, "a terminal cuts a line off after 4095 signs"),
            (b"   ", "an answer is needed here"),
            (b"back", "this is the first question; Ctrl-C stops"),
        ):
            terminal.expect("Your wish: ")
            terminal.send_raw(typed + b"\n")
            terminal.expect(said)
        terminal.expect("Your wish: ")
        terminal.send('"back"')
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("?")
        terminal.expect("Width: 20 to 300 cm.")
        terminal.expect('the word itself is typed in quotes: "back".')
        terminal.send("<")
        terminal.expect("Your wish [back]: ")
        terminal.end_of_input()
        terminal.expect("Stopped. Nothing was changed.")
        assert terminal.leave() == 1
    assert shop.json("jobs") == []


def test_back_leads_to_what_is_to_be_done(shop: Flow) -> None:
    """From the first question of a way, where several were open, to the choice of the way."""
    job = shop.visited()
    shop.work()
    shop.run("act", shop.step(job, "tom"), "--outcome", "done", who="tom")
    shop.run("send", "dried", "--job", job)
    with Terminal(shop.folder, "act", job, "--as", "ada") as terminal:
        terminal.expect("What do you want to do?: ")
        terminal.send("chang")
        terminal.expect(": ")
        terminal.send("back")
        terminal.expect("What do you want to do?: ")
        terminal.send("1")
        terminal.expect("In your words (Enter to leave out): ")
        terminal.send("")
        terminal.expect("You have said yes: Is it right?")
        assert terminal.leave() == 0


@pytest.mark.parametrize("stop", ["interrupt", "end_of_input"])
def test_stopping_leaves_everything_unchanged(shop: Flow, stop: str) -> None:
    """Ctrl-C and Ctrl-D end a command with exit code 1, and nothing has changed."""
    with Terminal(shop.folder, "start", "workshop", "--as", "ada", "--set", "wish=x") as terminal:
        terminal.expect("Width (20 to 300 cm): ")
        getattr(terminal, stop)()
        terminal.expect("Stopped. Nothing was changed.")
        assert terminal.leave() == 1
    assert shop.json("jobs") == []


def test_withdrawing_is_confirmed(shop: Flow) -> None:
    """A person is asked whether he is sure; anything but yes leaves the job as it is."""
    job = shop.start()
    with Terminal(shop.folder, "withdraw", job, "--as", "ada") as terminal:
        terminal.expect("It is over then: ")
        terminal.expect("Withdraw? [y/N]: ")
        terminal.send("perhaps")
        terminal.expect("type y for yes, or n for no")
        terminal.send("n")
        assert terminal.leave() == 1
    assert shop.json("track", job)["status"] == "open"


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("ada", ("withdraw", "JOB")),
        ("ada", ("change", "JOB", "withdraw")),
        ("", ("end", "JOB", "--because", "B")),
        ("", ("archive", "f.gz", "--ended-before", "P1D")),
        ("", ("people", "leave", "tom", "--because", "B")),
    ],
)
def test_nothing_is_destroyed_unasked(shop: Flow, who: str, words: tuple[str, ...]) -> None:
    """Where nobody can be asked, what cannot be taken back needs ``--yes``: wrong use, and nothing has changed."""
    job = shop.start()
    refused = shop.run(*(job if word == "JOB" else word for word in words), who=who, code=2)
    assert "say --yes" in refused.stderr
    assert shop.json("track", job)["status"] == "open"


def test_an_approval_that_asks_for_changes_wants_words(shop: Flow) -> None:
    """The fields of the outcome that was taken are asked, and no others."""
    job = shop.visited()
    shop.work()
    shop.run("act", shop.step(job, "tom"), "--outcome", "done", who="tom")
    shop.run("send", "dried", "--job", job)
    with Terminal(shop.folder, "act", job, "--as", "ada") as terminal:
        terminal.expect("What do you want to do?: ")
        terminal.send("changes")
        terminal.expect(": ")
        terminal.send("Shorter legs")
        terminal.expect("You have asked for changes (“Shorter legs”)")
        assert terminal.leave() == 0


def test_what_others_wrote_is_harmless_at_a_terminal(shop: Flow) -> None:
    """Escapes and overrides in a customer's words reach the maker's terminal as visible escapes only."""
    job = shop.visited_with_wish("\x1b]0;owned\x07\x1b[2J\u202e[bold red]x[/]")
    with Terminal(shop.folder, "act", job, "--as", "tom") as terminal:
        terminal.expect("\\x1b]0;owned\\x07\\x1b[2J\\u202e[bold red]x[/]")
        terminal.end_of_input()
        assert terminal.leave() == 1
        assert "\x1b]0;" not in terminal.raw
        assert "\x1b[2J" not in terminal.raw
        assert "\u202e" not in terminal.raw


def test_a_worker_stops_when_it_is_told(shop: Flow) -> None:
    """Ctrl-C ends a worker after the work in hand, with exit code 0 and what it did."""
    job = shop.visited()
    with Terminal(shop.folder, "worker", "--handlers", "workshop_handlers", "--poll", "0.05") as terminal:
        terminal.expect("Ctrl-C stops it.")
        terminal.expect("1 service call")
        terminal.interrupt()
        terminal.expect("In all: 1 service call")
        assert terminal.leave() == 0
    assert shop.json("jobs")[0]["states"] == ["build"], job
