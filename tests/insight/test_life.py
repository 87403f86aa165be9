"""What the history of one job teaches, folded entry by entry."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[1] / "core"))

from random_walk import Walk
from rehearsal import ADA, OPS, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import Actor
from flowengine.insight.cells import Cell, bin_of, bucket
from flowengine.insight.life import Known, Life, cells_of, lived
from flowengine.language import load
from flowengine.language.model import Process
from flowengine.store.codec import decode, text

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
DAY = 86_400

SHOP = """
  first:
    type: choice
    ask: Which?
    choose: {cloth: {from: [navy, grey, red]}, buttons: {from: [horn, wood], max: 2}}
    within: P7D
    on: {chosen: cut, expired: gone}
  cut: {type: task, for: tailor, on: {done: check, spoiled: cut}}
  check: {type: approval, by: tailor, on: {approved: rate, declined: cut, changes: cut}}
  rate: {type: feedback, within: P7D, on: {given: fulfilled, expired: fulfilled}}
"""
ALWAYS = "always: {again: {by: customer, to: first}}"


class Told(Rehearsal):
    """A rehearsal that keeps the entries of its history as the store would."""

    def __init__(self, made: Process) -> None:
        self.entries: list[Any] = []
        super().__init__(made)
        self._keep(c.Start(by=ADA))

    def do(self, command: c.AnyCommand) -> Any:
        done = super().do(command)
        self._keep(command)
        return done

    def _keep(self, command: c.AnyCommand) -> None:
        seq, events = len(self.entries) + 1, tuple(self.history[-1])
        self.entries.append(
            SimpleNamespace(seq=seq, at=self.now, by=command.by, command=command, events=events, erased=False)
        )

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)

    def life(self, entries: list[Any] | None = None, before: Life | None = None) -> Life:
        given = self.entries if entries is None else entries
        found = lived(Known.of(self.compiled.process), "ada", given, before)
        assert found is not None
        return found

    def cells(self, segment: str = "") -> dict[tuple[str, str, str], Cell]:
        """What it comes to in one segment, by measure, state and value; all in one month."""
        found = cells_of(self.life(), "ada")
        return {(key.measure, key.state, key.value): cell for key, cell in found.items() if key.segment == segment}


@pytest.fixture
def job() -> Told:
    return Told(process(SHOP, ALWAYS))


def test_what_was_chosen_last_is_counted(job: Told) -> None:
    """A change of mind leaves the last choice, and is counted as one; several options count each."""
    job.act("first", "chosen", {"cloth": "navy", "buttons": ["horn", "wood"]})
    job.invoke("again")
    job.act("first", "chosen", {"cloth": "grey", "buttons": ["wood"]})
    found = job.cells()
    assert {value for measure, _, value in found if measure == "chosen"} == {"cloth=grey", "buttons=wood"}
    assert found["rechosen", "first", ""].n == 1
    assert found["change", "", "again"].n == 1
    assert found["again", "first", ""].n == 1


def test_waits_have_their_durations_and_those_who_were_waited_for(job: Told) -> None:
    """The customer took a day, the tailor three; who left the state early was waited for as well."""
    job.pass_(days=1)
    job.act("first", "chosen", {"cloth": "navy", "buttons": ["horn"]})
    job.pass_(days=3)
    job.act("cut", "done", by=TOM)
    job.pass_(hours=2)
    job.invoke("again")
    found = job.cells()
    assert found["wait", "first", "customer"] == Cell(1, DAY, {bin_of(DAY): 1}, {bucket("ada"): 1})
    assert found["wait", "cut", "role:tailor"].total == 3 * DAY
    assert found["wait", "check", "role:tailor"].total == 7_200
    assert found["visit", "check", ""].n == 1
    assert found["visit", "cut", "done"].n == 1


def test_a_rating_is_joined_to_the_way_and_to_the_wait(job: Told) -> None:
    """Who came by the second cut, and waited eight days for us, gave a two."""
    job.act("first", "chosen", {"cloth": "navy", "buttons": ["horn"]})
    job.pass_(days=4)
    job.act("cut", "spoiled", by=TOM)
    job.pass_(days=4)
    job.act("cut", "done", by=TOM)
    job.act("check", "approved", by=TOM)
    job.pass_(days=1)
    job.act("rate", "given", {"rating": 2, "recommend": False})
    found = job.cells()
    assert (found["rated", "rate", ""].total, found["rated", "rate", ""].bins) == (2, {2: 1})
    assert found["recommended", "rate", "no"].n == 1
    assert found["rated_after", "rate", "cut"].total == 2
    assert ("rated_after", "rate", "rate") not in found
    assert found["rated_when", "rate", "month"].n == 1
    assert found["again", "cut", ""].n == 1


def test_the_end_has_a_lead_time_and_the_longest_stretch_without_the_customer(job: Told) -> None:
    """Ten days in all, of which nine at a stretch were without Ada; the approval inside is a step of command."""
    job.pass_(days=1)
    job.act("first", "chosen", {"cloth": "navy", "buttons": ["horn"]})
    job.pass_(days=9)
    job.act("cut", "done", by=TOM)
    job.act("check", "approved", by=TOM)
    job.act("rate", "given", {"rating": 5})
    found = job.cells()
    assert found["ended", "fulfilled", "fulfilled"].total == 10 * DAY
    assert found["alone", "", ""].total == 9 * DAY
    assert found["command", "check", "approved"].n == 1
    assert (found["act", "", "customer"].n, found["act", "", "staff"].n) == (3, 2)


def test_what_was_said_and_answered_is_counted(job: Told) -> None:
    """A concern that was answered after two days, and one that is open."""
    job.do(c.Say(by=ADA, kind="concern", text="Will it be warm?"))
    job.do(c.Say(by=ADA, kind="concern", text="And dry?"))
    job.pass_(days=2)
    first = job.told(e.Said)[0].number
    job.do(c.Say(by=TOM, kind="answer", text="It will", to=first))
    found = job.cells()
    assert found["said", "", "concern"].n == 2
    assert (found["answered", "", "concern"].n, found["answered", "", "concern"].total) == (1, 2 * DAY)


def test_groups_are_those_in_which_the_customer_was_when_he_acted(job: Told) -> None:
    """A customer of a group is counted in it, under the version of the process, and among all."""
    gold = Actor(kind="customer", id="ada", groups=("gold",))
    job.act("first", "chosen", {"cloth": "navy", "buttons": ["horn"]}, by=gold)
    segments = {key.segment for key in cells_of(job.life(), "ada")}
    assert segments == {"", "group:gold", f"version:{job.compiled.process.version}"}


def test_promises_are_counted_as_they_were_made_moved_and_ended() -> None:
    """Made, late, and broken as an operator ended the job when its moment was over."""
    made = process(
        "  first: {type: task, for: tailor, next: fulfilled}\n", "promise: {by: 'date(\"2026-03-03\")'}\nzone: UTC"
    )
    job = Told(made)
    job.pass_(days=5)
    late = next(timer for timer in job.position.branches["main"].timers if timer.purpose == "promise")
    job.do(c.Fire(by=Actor(kind="clock"), timer=late.number))
    job.do(c.End(by=OPS, because="It was not needed any more"))
    found = job.cells()
    states = {value: cell.n for (measure, _, value), cell in found.items() if measure == "promise"}
    assert states == {"made": 1, "late": 1, "broken": 1}


def test_contents_that_were_erased_are_not_counted(job: Told) -> None:
    """Of an entry whose contents are erased, what was chosen is not known; that something was is."""
    job.act("first", "chosen", {"cloth": "navy", "buttons": ["horn"]})
    job.entries[-1].erased = True
    found = job.cells()
    assert not [key for key in found if key[0] == "chosen"]
    assert found["visit", "first", "chosen"].n == 1


def test_a_life_is_told_anew_where_its_history_is_another(job: Told) -> None:
    """After an erasure, and where the way of counting has changed, nothing is added to what was counted before."""
    before = job.life()
    erasing = SimpleNamespace(
        seq=2, at=job.now, by=OPS, command=None, erased=False,
        events=(e.Erased(entries=((1, 1),), at=datetime(2026, 3, 3, tzinfo=UTC)),),
    )  # fmt: skip
    assert lived(Known.of(job.compiled.process), "ada", [erasing], before) is None
    before.fold = 0
    assert lived(Known.of(job.compiled.process), "ada", [], before) is None


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9), splits=st.lists(st.integers(1, 60), max_size=6))
def test_a_life_is_the_same_however_its_history_is_split(path: Path, seed: int, splits: list[int]) -> None:
    """Told in pieces, each stored and read again between, it is the life that is told at once; each fact is one of a
    state of the process."""
    walk = Walk(load(path), Random(seed))
    job = walk.job
    entries = [SimpleNamespace(seq=1, at=job.now, by=ADA, command=c.Start(by=ADA), events=job.history[0], erased=False)]
    plain = job.do

    def do(command: c.AnyCommand) -> Any:
        done = plain(command)
        entries.append(
            SimpleNamespace(
                seq=len(entries) + 1, at=job.now, by=command.by, command=command, events=job.history[-1], erased=False
            )
        )
        return done

    job.do = do  # type: ignore[method-assign]
    for _ in range(60):
        if job.status != "open":
            break
        walk.go()
    known = Known.of(job.compiled.process)
    whole = lived(known, "ada", entries)
    life: Life | None = None
    bounds = sorted({min(one, len(entries)) for one in (0, *splits, len(entries))})
    for first, last in pairwise(bounds):
        life = lived(known, "ada", entries[first:last], life)
        life = decode(text(life), Life)
    assert life == whole
    assert whole is not None
    assert {key.state for key in cells_of(whole, "ada")} <= {"", *job.compiled.states}
