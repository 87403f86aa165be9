"""What becomes of the pieces that are chosen in one job, told of its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.core import events as e
from flowengine.core.values import ROOT, Branch
from flowengine.insight.pieces import PieceKey, Pieces, Uses, pieced, pieces_of
from flowengine.language import parse

PROCESS = parse("""
process: feast
need: A feast
roles: {cook: Cook}
options:
  wine: [{id: red, lead_time: P3D}, {id: white, lead_time: P4D}]
  dish: [fish, soup]
states:
  need: {type: need, fields: {guests: {type: array, items: {type: string}}}, next: choose}
  choose: {type: choice, choose: {wine: {from: wine, quantity: true}}, within: P9D, on: {chosen: each, expired: gone}}
  each:
    type: each
    of: data.need.guests
    start: pick
    states:
      pick: {type: choice, choose: {dish: {from: dish}}, within: P9D, on: {chosen: serve, expired: done}}
      serve: {type: task, for: cook, uses: [pick.dish, choose.wine], on: {done: done, failed: pick}}
    on: {joined: end}
  end:
    type: race
    of:
      served: {type: task, for: cook, uses: choose.wine}
      never: {type: wait, for: P9D}
    on: {served: fulfilled, never: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
""")
USES = Uses.of(PROCESS)
FIRST = date(2027, 1, 4)


def entry(day: int, *events: e.Event, seq: int = 0, erased: bool = False) -> Any:
    at = datetime(2027, 1, 4, 9, tzinfo=UTC) + timedelta(days=day)
    return SimpleNamespace(at=at, events=events, seq=seq or day + 1, erased=erased)


def told(*entries: Any) -> set[tuple[str, str, int, int, str, int | None, int]]:
    return plain(pieces_of(pieced(USES, entries)))


def plain(pieces: Pieces) -> set[tuple[str, str, int, int, str, int | None, int]]:
    def day(ordinal: int) -> int | None:
        return ordinal - FIRST.toordinal() if ordinal else None

    return {
        (key.options, key.option, key.size, day(key.made) or 0, key.fate, day(key.over), number)
        for key, number in pieces.items()
    }


def saved(place: str, value: Any, branch: str = ROOT) -> e.Saved:
    return e.Saved(branch=branch, place=place, value=value)


def left(state: str, outcome: str, branch: str = ROOT, *, passed: bool = True) -> e.Left:
    return e.Left(branch=branch, state=state, outcome=outcome, passed=passed)


def opened(id: str, parent: str = ROOT, *, own: bool = True) -> e.BranchOpened:
    return e.BranchOpened(branch=Branch(id=id, parent=parent, own=own))


def test_what_is_used_is_named_by_its_list() -> None:
    """By state and member; each place by the list of options from which it is chosen."""
    assert USES.by_state == {"serve": (("", "pick.dish"), ("", "choose.wine")), "end": (("served", "choose.wine"),)}
    assert USES.lists == {"pick.dish": "dish", "choose.wine": "wine"}


def test_quantities_count_as_pieces() -> None:
    """Of a quantity of none nothing is chosen."""
    assert told(entry(0, saved("choose", {"wine": {"red": 3, "white": 0}}))) == {
        ("wine", "red", 3, 0, "waiting", None, 1)
    }


def test_each_branch_has_its_own_and_sees_what_is_around() -> None:
    """What is chosen in a branch of an each is used there, or withdrawn with it; what is chosen around it is seen."""
    begun = entry(0, saved("choose", {"wine": {"red": 3}}), opened("a"), opened("b"))
    picked = entry(1, saved("pick", {"dish": "fish"}, "a"), saved("pick", {"dish": "soup"}, "b"))
    assert told(begun, picked, entry(2, left("serve", "done", "a")), entry(3, e.BranchClosed(branch="b"))) == {
        ("wine", "red", 3, 0, "used", 2, 1),
        ("dish", "fish", 1, 1, "used", 2, 1),
        ("dish", "soup", 1, 1, "withdrawn", 3, 1),
    }


def test_a_branch_inside_a_branch_saves_where_that_does() -> None:
    """A parallel within a branch of an each has no data of its own."""
    assert told(
        entry(0, opened("a"), opened("a1", "a", own=False), saved("pick", {"dish": "fish"}, "a1")),
        entry(1, e.BranchClosed(branch="a1")),
        entry(2, left("serve", "done", "a")),
    ) == {("dish", "fish", 1, 0, "used", 2, 1)}


@pytest.mark.parametrize(
    ("event", "used"),
    [
        (left("end", "served"), True),
        (left("end", "served.done"), True),
        (left("end", "served.failed"), False),
        (left("end", "never"), False),
        (left("end", "expired"), False),
        (left("end", "served", passed=False), False),
        (left("need", "stated"), False),
    ],
)
def test_a_member_of_a_race_uses_where_it_wins(event: e.Left, used: bool) -> None:
    """As is hoped for; what loses, fails or is cut short uses nothing."""
    found = told(entry(0, saved("choose", {"wine": {"red": 1}})), entry(1, event))
    assert found == {("wine", "red", 1, 0, "used", 1, 1) if used else ("wine", "red", 1, 0, "waiting", None, 1)}


def test_a_part_that_changes_takes_back_that_part() -> None:
    """Of several options those that stay keep the day on which they were chosen."""
    before, after = ({"wine": {"red": 3, "white": number}} for number in (2, 1))
    assert told(entry(0, saved("choose", before)), entry(4, saved("choose", after))) == {
        ("wine", "red", 3, 0, "waiting", None, 1),
        ("wine", "white", 2, 0, "withdrawn", 4, 1),
        ("wine", "white", 1, 4, "waiting", None, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value", "chosen"),
    [
        ("choose.wine", {"white": 2}, {"white"}),
        ("choose", None, set()),
        ("choose", {"other": 1}, set()),
        ("choose", {"wine": "red"}, {"red"}),
        ("choose", {"wine": ["red", "white", 3.5, None]}, {"red", "white"}),
        ("choose", {"wine": {"red": "many", "white": -1}}, set()),
        ("chooser", {"wine": {"red": 1}}, None),
    ],
)
def test_whatever_is_saved_there_is_what_is_chosen(place: str, value: Any, chosen: set[str] | None) -> None:
    """By a choice, a set or an operator; what is nothing that can be counted is nothing."""
    found = told(entry(0, saved("choose", {"wine": {"green": 1}})), entry(1, saved(place, value)))
    assert {one[1] for one in found if one[4] == "waiting"} == ({"green"} if chosen is None else chosen)


def test_what_is_erased_is_not_counted() -> None:
    """Nor what waits, where what came in its place is erased."""
    assert told(entry(0, saved("choose", {"wine": {"red": 1}}), erased=True)) == set()


def test_it_is_told_anew_after_another_version_and_an_erasure() -> None:
    """Of the first entry on: what was kept does not fit any more."""
    before = pieced(USES, [entry(0)])
    assert before is not None
    assert pieced(USES._replace(version="another"), [entry(1)], before) is None
    assert pieced(USES, [entry(1, e.Migrated(version="another"))], before) is None
    assert pieced(USES, [entry(1, e.Erased(entries=((1, 1),), at=datetime(2027, 1, 4, tzinfo=UTC)))], before) is None


WINES = st.fixed_dictionaries({}, optional={"red": st.integers(0, 3), "white": st.integers(0, 3)})
EVENTS = st.one_of(
    WINES.map(lambda wine: saved("choose", {"wine": wine})),
    st.sampled_from(["fish", "soup"]).flatmap(
        lambda dish: st.sampled_from(["a", "b"]).map(lambda branch: saved("pick", {"dish": dish}, branch))
    ),
    st.sampled_from([left("serve", "done", "a"), left("serve", "failed", "a"), left("serve", "done", "b")]),
    st.sampled_from([left("end", "served"), e.BranchClosed(branch="a"), opened("a"), opened("b")]),
)


@given(st.lists(st.lists(EVENTS, max_size=3), max_size=12), st.integers(0, 12))
def test_told_in_two_parts_is_told_at_once(happened: Sequence[Sequence[e.Event]], middle: int) -> None:
    """A history that is read in two parts comes to what it comes to as a whole, and no piece is lost: what was chosen
    waits, is used, or is withdrawn."""
    entries = [entry(day, *events) for day, events in enumerate(happened)]
    whole = pieced(USES, entries)
    first = pieced(USES, entries[:middle])
    assert pieces_of(pieced(USES, entries[middle:], first)) == pieces_of(whole)
    ended = pieced(USES, [entry(50, e.Ended(kind="ended", state="", at=datetime(2027, 3, 1, tzinfo=UTC)))], whole)
    assert not any(key.fate == "waiting" for key in pieces_of(ended))
    assert all(
        isinstance(key, PieceKey) and key.over >= key.made and number > 0 for key, number in pieces_of(ended).items()
    )
