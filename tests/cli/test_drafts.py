"""What was answered and not sent: kept for its owner, for what was asked, and not for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from terminal import Terminal

from flowengine.cli.drafts import KEPT, Draft, folder
from flowengine.core.forms import FormField

if TYPE_CHECKING:
    from conftest import Flow

ASKED = [FormField(name=name, title=name, type="string", schema={"type": "string"}) for name in ("a", "b")]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where drafts are kept."""
    monkeypatch.setenv("FLOW_STATE", str(tmp_path / "state"))
    return tmp_path / "state" / "drafts"


def draft(**more: Any) -> Draft:
    given: dict[str, Any] = {"address": "sqlite:///x.db", "who": "ada", "what": ("act", "1.2", "done"), "fields": ASKED}
    return Draft(**given | more)


def test_what_was_answered_is_read_again(state: Path) -> None:
    """By its owner alone; what was passed over stays so."""
    draft().keep({"a": "one"})
    draft().keep({"a": "two", "b": None})
    again = draft()
    assert not again.kept
    assert again.read() == {"a": "two", "b": None}
    assert again.kept
    (file,) = state.iterdir()
    assert (file.stat().st_mode & 0o777, state.stat().st_mode & 0o777) == (0o600, 0o700)
    again.drop()
    assert (draft().read(), list(state.iterdir())) == ({}, [])


@pytest.mark.parametrize(
    "other",
    [
        {"who": "ben"},
        {"address": "sqlite:///y.db"},
        {"what": ("act", "1.2", "changes")},
        {"version": "2"},
        {"fields": ASKED[:1]},
        {"fields": [*ASKED, FormField(name="c", title="c", type="string")]},
    ],
)
def test_a_draft_is_of_one_person_and_one_question(other: dict[str, Any]) -> None:
    """Somebody else, another database, another thing to do and another form begin with nothing."""
    draft().keep({"a": "one"})
    assert draft(**other).read() == {}


def test_bounds_that_move_with_the_clock_are_no_other_form() -> None:
    """What may be answered from today on may be answered from tomorrow on the next day."""
    days = [[FormField(name="a", title="a", type="string", format="date", earliest=f"2026-12-0{n}")] for n in (1, 2)]
    draft(fields=days[0]).keep({"a": "2026-12-24"})
    assert draft(fields=days[1]).read() == {"a": "2026-12-24"}


def test_a_form_that_has_changed_drops_what_was_kept(state: Path) -> None:
    """It is gone, and not only passed over."""
    draft().keep({"a": "one"})
    draft(version="2").read()
    assert list(state.iterdir()) == []


def test_the_database_is_the_same_from_wherever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the file; a password is no part of the name."""
    monkeypatch.chdir(tmp_path)
    draft(address="sqlite:///x.db").keep({"a": "one"})
    assert draft(address=f"sqlite:///{tmp_path}/x.db").read() == {"a": "one"}
    draft(address="postgresql+psycopg://u:old@h/d").keep({"a": "two"})
    assert draft(address="postgresql+psycopg://u:new@h/d").read() == {"a": "two"}


def test_after_thirty_days_it_is_forgotten(state: Path) -> None:
    """When it is asked for, and when anything else is done."""
    draft().keep({"a": "one"})
    draft(who="ben").keep({"a": "two"})
    for file in state.iterdir():
        old = file.stat().st_mtime - KEPT - 60
        os.utime(file, (old, old))
    assert draft().read() == {}
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"form": 1}', b"\xff", b'{"form": "x", "answers": {"a": 1}}'])
def test_what_is_no_draft_is_nothing(state: Path, content: bytes) -> None:
    """A file that somebody has spoilt is no error."""
    draft().keep({"a": "one"})
    (file,) = state.iterdir()
    file.write_bytes(content)
    assert draft().read() == {}


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no error either, and nobody is told that something is kept."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FLOW_STATE", str(tmp_path / "file"))
    one = draft()
    one.keep({"a": "one"})
    one.drop()
    assert (one.read(), one.kept) == ({}, False)


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """FLOW_STATE, else XDG_STATE_HOME where it is absolute, else its default."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert folder() == tmp_path / "state" / "drafts"
    monkeypatch.delenv("FLOW_STATE")
    assert folder() == Path("/var/state/flowengine/drafts")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert folder() == tmp_path / ".local/state/flowengine/drafts"


# at a terminal


def begun(shop: Flow, stop: str = "interrupt") -> None:
    """Ada answers two questions, the second with a mistake, and stops at the third."""
    with Terminal(shop.folder, "start", "workshop", "--as", "ada") as terminal:
        terminal.expect("Your wish: ")
        terminal.send("A table")
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("80")
        terminal.expect("Needed by (")
        terminal.expect("): ")
        getattr(terminal, stop)()
        if stop != "hang_up":
            terminal.expect("What you have answered is kept for 30 days: give the same command again to go on.")
            terminal.expect("Stopped. Nothing was changed.")
        assert terminal.leave() != 0


@pytest.mark.parametrize("stop", ["interrupt", "end_of_input", "hang_up"])
def test_what_was_begun_goes_on_the_next_time(shop: Flow, state: Path, stop: str) -> None:
    """Ctrl-C, Ctrl-D and a line that is cut leave the answers; once they are sent they are gone."""
    begun(shop, stop)
    assert shop.json("jobs") == []
    with Terminal(shop.folder, "start", "workshop", "--as", "ada") as terminal:
        terminal.expect("You had begun\n  Your wish: A table\n  Width: 80 cm\n")
        terminal.expect("Go on with that? [Y/n]: ")
        terminal.send("")
        terminal.expect("Needed by (")
        terminal.expect("): ")
        terminal.send("in 3 days")
        terminal.expect("   2  Width: 80 cm")
        terminal.expect("Send it? [Y/n/number to change]: ")
        terminal.send("2")
        terminal.expect("Width (20 to 300 cm) [80 cm]: ")
        terminal.send("90")
        terminal.expect("   2  Width: 90 cm")
        terminal.expect("Send it? ")
        terminal.send("y")
        terminal.expect("We know what you need.")
        assert terminal.leave() == 0
    assert list(state.iterdir()) == []
    (job,) = shop.json("jobs")
    assert shop.json("history", job["id"])[0]["command"]["answer"]["width"] == 90


def test_what_was_begun_can_be_left(shop: Flow, state: Path) -> None:
    """Whoever does not want to go on begins afresh, and nothing is kept of it; others have never seen it."""
    begun(shop)
    with Terminal(shop.folder, "start", "workshop", "--as", "ben") as terminal:
        terminal.expect("Your wish: ")
        terminal.end_of_input()
        assert terminal.leave() == 1
    with Terminal(shop.folder, "start", "workshop", "--as", "ada") as terminal:
        terminal.expect("Go on with that? [Y/n]: ")
        terminal.send("n")
        terminal.expect("Your wish: ")
        terminal.end_of_input()
        assert terminal.leave() == 1
    assert list(state.iterdir()) == []


def test_not_sending_it_keeps_it(shop: Flow, state: Path) -> None:
    """``n`` at the last question changes nothing, and loses nothing."""
    job = shop.start()
    with Terminal(shop.folder, "act", job, "--as", "ada", "--set", "legs=4", "--set", "extras=") as terminal:
        terminal.expect("Wood (number or name): ")
        terminal.send("2")
        terminal.expect("Send it? ")
        terminal.send("n")
        terminal.expect("What you have answered is kept")
        assert terminal.leave() == 1
    assert len(shop.json("history", job)) == 1
    assert len(list(state.iterdir())) == 1


def test_nothing_is_asked_where_all_was_given(shop: Flow, state: Path) -> None:
    """A script at a terminal goes on working: neither a look at all of it nor a last question, and nothing is kept."""
    job = shop.start()
    given = ("--set", "wood=oak", "--set", "legs=4", "--set", "extras=")
    with Terminal(shop.folder, "act", job, "--as", "ada", *given) as terminal:
        assert "Send it?" not in terminal.expect("You have chosen Oak")
        assert terminal.leave() == 0
    with Terminal(shop.folder, "start", "workshop", "--as", "ada", "--set", "wish=x", "--yes") as terminal:
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("80")
        terminal.expect("): ")
        terminal.send("")
        assert "Send it?" not in terminal.expect("We know what you need.")
        assert terminal.leave() == 0
    assert not state.exists() or list(state.iterdir()) == []
