"""``flow people erase`` and what other commands say of what it has erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Flow

WHY = ("--because", "She asked")


@pytest.fixture
def job(shop: Flow) -> str:
    """A job of Ada's that an operator has ended."""
    made = shop.visited(wish="A table for Zebedee")
    shop.run("say", made, "Zebedee is my uncle", who="ada")
    shop.run("end", made, "--because", "Zebedee has one", "--yes", who="olga")
    return made


def test_what_it_means_is_shown_first(shop: Flow, job: str) -> None:
    """``--dry`` says how many jobs it concerns, and that the id stays; nothing is erased."""
    said = " ".join(shop.run("people", "erase", "ada", *WHY, "--dry", who="olga").stdout.split())
    assert "ada would be erased. 1 job of ada: all that was written in it" in said
    assert "The id ada stays" in said
    assert "Zebedee" in shop.run("history", job, who="olga").stdout


def test_what_is_erased_is_said_in_its_place(shop: Flow, job: str) -> None:
    """Track, history, audit, jobs and people say that it was erased, and none of what was written."""
    done = shop.json("people", "erase", "ada", *WHY, "--yes", who="olga")
    assert (done["person"], len(done["jobs"]), done["others"], done["left"]) == ("ada", 1, [], [])
    assert done["erased"]
    seen = shop.run("track", job, who="olga").stdout
    assert "Erased on request" in seen
    told = shop.run("history", job, who="olga").stdout
    assert "erased all that the job held" in " ".join(told.split())
    raw = shop.run("history", job, "--raw", who="olga").stdout
    audit = shop.run("audit", who="olga").stdout
    assert "Fine: 1 job" in audit
    assert "Erased on request: 1" in audit
    assert "erased" in shop.run("people", "show", "ada", who="olga").stdout
    (row,) = shop.json("jobs", who="olga")
    assert row["erased"] >= done["erased"]
    assert not any("Zebedee" in one for one in (seen, told, raw, audit))


def test_a_program_says_that_it_is_sure(shop: Flow, job: str) -> None:
    """Where nobody can be asked, ``--yes`` is needed."""
    assert "say --yes" in shop.run("people", "erase", "ada", *WHY, who="olga", code=2).stderr
    assert "Zebedee" in shop.run("history", job, who="olga").stdout


def test_the_id_must_be_whole(shop: Flow, job: str) -> None:
    """Nobody is erased by a name or the beginning of one (L15)."""
    for name in ("Ada", "ad"):
        refused = shop.run("people", "erase", name, *WHY, "--yes", who="olga", code=1).stderr
        assert f"there is nobody with the id '{name}'" in refused
    assert "Zebedee" in shop.run("history", job, who="olga").stdout


def test_who_was_erased_is_nobody(shop: Flow, job: str) -> None:
    """The id neither acts nor is entered again."""
    shop.run("people", "erase", "ada", *WHY, "--yes", who="olga")
    for words in (("inbox",), ("track", job), ("start", "workshop", "--set", "wish=x", "--set", "width=80")):
        assert "ada was erased" in shop.run(*words, who="ada", code=1).stderr
    assert "ada was erased" in shop.run("people", "change", "ada", "--name", "A", who="olga", code=1).stderr
