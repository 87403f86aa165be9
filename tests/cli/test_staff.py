"""claim, release, assign and people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from flowengine.cli.moments import told

if TYPE_CHECKING:
    from conftest import Flow


@pytest.fixture
def step(shop: Flow) -> str:
    """A step that waits for a maker."""
    job = shop.visited()
    shop.work()
    return shop.step(job, "tom")


def test_a_claimed_step_is_ones_own_until_it_is_given_back(shop: Flow, step: str) -> None:
    """Who has claimed a step keeps it from the others, until he releases it."""
    assert f"flow act {step} --at " in shop.run("claim", step, who="tom").stdout
    assert shop.json("inbox", who="tom")[0]["mine"] is True
    assert shop.json("claim", step, who="tess", code=1)["error"] == "AlreadyClaimed"
    assert "yours" in shop.run("inbox", who="tom").stdout
    shop.run("release", step, who="tom")
    shop.json("claim", step, who="tess")


def test_a_step_is_handed_to_another_of_its_role(shop: Flow, step: str) -> None:
    """Assign hands a step over, but only to somebody whom it waits for."""
    assert "to tess" in shop.run("assign", step, "tess", who="tom").stdout
    assert shop.json("inbox", who="tess")[0]["mine"] is True
    assert shop.json("assign", step, "ben", who="tess", code=1)["error"] == "NotAllowed"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["claim", "zzzz.1"], 1, "no step"),
        (["claim"], 2, "STEP"),
        (["release", "zzzz.1"], 1, "no step"),
        (["release"], 2, "STEP"),
        (["assign", "zzzz.1", "tess"], 1, "no step"),
        (["assign", "zzzz.1"], 2, "PERSON"),
        (["people", "show", "stranger"], 1, "stranger"),
        (["people", "list", "--kind", "robots"], 2, "robots"),
        (["people", "add", "eve", "--record", "shoe"], 2, "key=value"),
        (["people", "add", "eve", "--record", "shoe:=x"], 2, "not JSON"),
        (["people", "add", "eve", "--role", "maker", "--group", "members"], 2, "for staff"),
        (["people", "remove"], 2, "no command"),
    ],
)
def test_bad_input_is_refused(shop: Flow, words: list[str], code: int, said: str) -> None:
    """Each command says what is wrong, with exit code 1 for refused and 2 for wrong use, for persons and programs."""
    assert said in shop.run(*words, who="tom", code=code).stderr
    assert said in str(shop.json(*words, who="tom", code=code))


def test_people_are_entered_listed_and_shown(shop: Flow) -> None:
    """Customers and staff are entered with what is known of them, and found by id, contact or name."""
    shop.run("people", "add", "eve", "--name", "Eve", "--contact", "eve@example.org", "--group", "members",
             "--record", "size=M", "--record", "shoe:=44")  # fmt: skip
    eve = shop.json("people", "show", "eve@example.org")
    assert (eve["name"], eve["groups"], eve["record"]) == ("Eve", ["members"], {"size": "M", "shoe": 44})
    assert shop.json("people", "add", "max", "--role", "maker", "--role", "host", "--yes")["roles"] == ["maker", "host"]
    assert {person["id"] for person in shop.json("people", "list", "--kind", "staff")} == {"tom", "tess", "olga", "max"}
    assert "shoe: 44" in shop.run("people", "show", "eve").stdout


def test_nothing_of_a_person_is_lost_unasked(shop: Flow) -> None:
    """To change one thing leaves the others: roles, groups, kind. Who is known is not entered again by mistake."""
    shop.run("people", "add", "max", "--name", "Max", "--role", "maker", "--role", "host", "--yes")
    changed = shop.json("people", "change", "Max", "--contact", "max@example.org")
    assert (changed["roles"], changed["contact"], changed["name"]) == (["maker", "host"], "max@example.org", "Max")
    again = shop.run("people", "add", "max", "--contact", "m@example.org", code=1).stderr
    assert "max is known already" in again
    assert "flow people change max" in again
    assert shop.json("people", "change", "max", "--role", "host")["roles"] == ["host"]
    assert shop.json("people", "change", "max", "--no-roles")["roles"] == []
    shop.run("people", "add", "eve", "--name", "Eve", "--group", "members")
    assert shop.json("people", "change", "eve", "--record", "shoe:=44")["groups"] == ["members"]
    assert shop.json("people", "change", "eve", "--no-groups")["groups"] == []
    assert "for staff" in shop.run("people", "change", "eve", "--role", "maker", code=2).stderr
    assert shop.json("people", "show", "eve")["kind"] == "customer"


def test_a_role_that_no_process_has_is_a_question(shop: Flow) -> None:
    """Who mistypes a role is told what it may have been; --yes enters a role that no process in use has yet."""
    error = shop.json("people", "add", "max", "--role", "makr", code=1)
    assert (error["error"], error["where"]) == ("NotFound", "makr")
    assert error["what"] == "no process in use has the role 'makr': did you mean 'maker'?"
    assert error["possible"] == ["maker", "operator", "--yes enters it all the same"]
    assert "makr" in shop.run("people", "change", "tom", "--role", "maker", "--role", "makr", code=1).stderr
    assert shop.json("people", "show", "tom")["roles"] == ["maker"]
    assert shop.json("people", "add", "max", "--role", "makr", "--yes")["roles"] == ["makr"]
    assert shop.json("people", "change", "max", "--name", "Max", "--role", "makr")["roles"] == ["makr"], "he has it"
    assert shop.json("people", "add", "oscar", "--role", "operator")["roles"] == ["operator"]


def test_before_a_process_is_in_use_no_role_is_doubted(empty: Flow) -> None:
    """People are entered before or after their processes."""
    assert empty.json("people", "add", "max", "--role", "maker")["roles"] == ["maker"]


def test_a_contact_is_one_persons(shop: Flow) -> None:
    """The contact of somebody else is refused, with whose it is, unless they share it; his own is his."""
    told = shop.run("people", "add", "eve", "--contact", "ADA@example.org", code=1).stderr
    assert "the contact ADA@example.org is that of ada already" in told
    assert "that of ada already" in shop.run("people", "change", "ben", "--contact", "ada@example.org", code=1).stderr
    assert "only staff" in shop.run("people", "add", "eve", "--contact", "ada@example.org", who="ben", code=1).stderr
    assert shop.json("people", "change", "ada", "--contact", "Ada@example.org")["contact"] == "Ada@example.org"
    shop.run("people", "change", "ben", "--contact", "ada@example.org", "--yes")
    shared = shop.json("people", "add", "eve", "--contact", "ada@example.org", code=1)
    assert "is that of ada (Ada) and ben (Ben) already" in shared["what"]
    assert shop.json("people", "add", "eve", "--contact", "eve@example.org")["contact"] == "eve@example.org"


def test_a_person_is_shown_with_what_he_has_in_hand(shop: Flow) -> None:
    """Operators, and he himself, see what he has claimed, what waits for him by name, his appointments and tokens."""
    job = shop.visited()
    shop.work()
    other = shop.start("ben")
    shop.run("act", other, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ben")
    shop.run("act", other, "--outcome", "book", "--set", f"slot={next(iter(shop.free(other, 'ben')))}", who="ben")
    step = shop.step(job, "tom")
    shop.run("claim", job, who="tom")
    token = shop.json("token", "create", "metrics", "tom", who="olga")["id"]
    held = shop.json("people", "show", "tom", who="olga")["holds"]
    assert [one["short"] for one in held["claimed"]] == [step]
    assert token in held["tokens"]
    assert {
        one["short"] for who in ("tom", "tess") for one in shop.json("people", "show", who)["holds"]["appointments"]
    }
    told = shop.run("people", "show", "tom", who="tom").stdout
    assert f"{step}  Build the table" in told
    assert token in told
    assert "handover tom PERSON --because WHY" in told
    assert shop.json("people", "show", "tom", who="tess")["holds"] is None
    assert [one["short"] for one in shop.json("people", "show", "ben")["holds"]["named"]] == []
    new = shop.start("ada")
    assert [one["short"] for one in shop.json("people", "show", "ada")["holds"]["named"]] == [shop.step(new, "ada")]


def test_a_step_is_claimed_and_released_by_its_job(shop: Flow) -> None:
    """Where one step of a job waits for somebody its job will do; an operator gives back what somebody else has."""
    job = shop.visited()
    shop.work()
    step = shop.step(job, "tom")
    assert shop.json("claim", job, who="tom")["acted"]
    assert shop.json("inbox", who="tom")[0]["mine"] is True
    shop.run("release", job, who="tom")
    shop.run("claim", step, who="tom")
    assert shop.json("inbox", who="tess") == []
    assert "Given back" in shop.run("release", step, who="olga").stdout
    assert [one["short"] for one in shop.json("inbox", who="tess")] == [step]
    assert "nothing of this job waits for you" in shop.run("claim", job, who="olga", code=1).stderr
    assert "no job 'zzzz'" in shop.run("claim", "zzzz", who="tom", code=1).stderr


def test_hostile_names_are_harmless(shop: Flow) -> None:
    """A name with escapes and markup is shown as it is written, never acted on."""
    name = "\x1b[31mEve\u202e[bold]x[/bold]"
    assert "\x1b" not in shop.run("people", "add", "eve", "--name", name, code=1).stderr
    shop.stored("eve", name=name)
    out = shop.run("people", "list").stdout
    assert "\\x1b[31mEve\\u202e[bold]x[/bold]" in out
    assert "\x1b" not in out
    assert shop.json("people", "show", "eve")["name"] == name


def test_moments_are_shown_in_the_zone_of_who_acts(shop: Flow) -> None:
    """Where a person's zone is known, and clocks there show another time than the terminal's, it is said."""
    job = shop.start()
    assert "Pacific/Kiritimati" in shop.run("people", "change", "ada", "--zone", "Pacific/Kiritimati").stdout
    assert shop.json("people", "show", "ada")["zone"] == "Pacific/Kiritimati"
    seen = shop.run("track", job, who="ada").stdout
    assert "(Kiritimati)" in seen
    assert "(Kiritimati)" not in shop.run("track", job, who="olga").stdout
    shop.run("people", "change", "ada", "--name", "Ada")
    assert shop.json("people", "show", "ada")["zone"] == "Pacific/Kiritimati"


def test_hours_and_absences_are_told(shop: Flow) -> None:
    """Hours and absences of staff are set, shown and taken back; what is booked for then is listed."""
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    slot = datetime.fromisoformat(shop.free(job, "ada")[0])
    shop.run("act", job, "--outcome", "book", "--set", f"slot={slot.isoformat()}", who="ada")
    assert ", with Tess; you may move or cancel it" in shop.run("track", job, who="ada").stdout
    inbox = " ".join(shop.run("inbox", who="tess", env={"COLUMNS": "200"}).stdout.split())
    assert f"at {told(slot)} (in " in inbox
    assert ") yours " in inbox
    shop.run("people", "hours", "tess", "mon-fri=09:00-12:00,13:00-17:00", "--zone", "Europe/London", who="tess")
    begin, end = (slot + timedelta(days=days) for days in (-1, 1))
    words = ("people", "away", "tess", begin.isoformat(), end.isoformat(), "--because", "Holiday")
    away = shop.run(*words, who="tess").stdout
    assert f"away: {told(begin)} until {told(end)}: Holiday" in away
    assert "Booked for then; to be moved, or assigned to somebody else:" in away
    assert f"{job}  {told(slot)}" in away
    (booked,) = shop.json(*words, who="olga")["appointments"]
    assert (booked["short"], datetime.fromisoformat(booked["start"])) == (job, slot)
    shown = shop.run("people", "show", "tess", who="olga").stdout
    assert "works mon-fri: 09:00-12:00,13:00-17:00 (Europe/London)" in shown
    assert f"away: {told(begin)} until {told(end)}: Holiday" in shown
    assert shop.json("people", "back", "tess", begin.isoformat(), who="tess")["absences"] == []
    assert shop.json("people", "away", "tess", "2031-12-24", "2031-12-26", who="tess")["end"] == "2031-12-27T00:00:00Z"
    assert shop.json("people", "hours", "tess", who="tess")["hours"] == {}
