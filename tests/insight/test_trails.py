"""Where one job stood, and when, as its history tells it: what expected dates learn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flowengine.core import events as e
from flowengine.core.usual import Lengths
from flowengine.core.values import Branch, Head, Promise
from flowengine.insight.expecting import WHOLE, Cell, Expecting, StateCounts
from flowengine.insight.trails import MOST, Trail, follow

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def entered(state: str, branch: str = "main") -> e.Entered:
    return e.Entered(branch=branch, state=state, entry=1, at=BEGIN)


def left(state: str, branch: str = "main") -> e.Left:
    return e.Left(branch=branch, state=state, outcome="done")


def ended(kind: str = "fulfilled") -> e.Ended:
    return e.Ended(kind=kind, state=kind, at=BEGIN)


def kept(kept: bool = True) -> e.Promised:
    return e.Promised(promise=Promise(by=BEGIN, made=BEGIN, first=BEGIN, kept=kept))


def started() -> list[e.Event]:
    head = Head(job="j", process="p", version="v", customer="ada", started=BEGIN)
    return [e.Started(head=head), e.BranchOpened(branch=Branch(id="main")), entered("need"), left("need")]


def told(*entries: tuple[float, Sequence[e.Event]], holders: Sequence[str] = ()) -> Trail:
    """The trail of a job that has begun, and of entries after so many days."""
    trail = Trail()
    for after, events in ((0.0, started()), *entries):
        entry: Any = SimpleNamespace(at=BEGIN + after * DAY, events=events)
        follow(trail, frozenset(holders), entry)
    return trail


def visits(trail: Trail) -> list[tuple[str, float, float | None]]:
    course = trail.course
    assert course is not None
    return [
        (one.state, (one.entered - BEGIN) / DAY, None if one.left is None else (one.left - BEGIN) / DAY)
        for one in course.visits
    ]


def test_a_fulfilled_job_is_learnt_whole() -> None:
    """From its need to its end; what is passed within one entry is no stay."""
    trail = told(
        (0, [entered("cut")]), (2, [left("cut"), entered("pass"), left("pass"), entered("sew")]),
        (5, [left("sew"), entered("over"), ended()]),
    )  # fmt: skip
    assert visits(trail) == [("cut", 0, 2), ("sew", 2, 5)]
    course = trail.course
    assert course is not None
    assert (course.finished, course.until, trail.is_open, trail.youngest) == (True, BEGIN + 5 * DAY, False, None)


def test_what_only_holds_others_is_no_stay() -> None:
    """Its branches are, beside each other."""
    trail = told(
        (0, [entered("both"), entered("left", "a"), entered("right", "b")]),
        (1, [left("left", "a"), e.BranchClosed(branch="a")]),
        (2, [e.BranchClosed(branch="b"), left("both"), entered("next")]),
        holders=("both",),
    )
    assert visits(trail) == [("left", 0, 1), ("right", 0, 2), ("next", 2, None)]


def test_a_job_that_ended_otherwise_teaches_nothing() -> None:
    """Also where its promise was broken by that."""
    assert told((0, [entered("cut")]), (3, [ended("ended")])).course is None
    assert told((0, [entered("cut")]), (3, [kept(False), ended("ended")])).cells == {}


def test_what_was_promised_is_there_before_the_end() -> None:
    """Then that is what is learnt, whatever becomes of the job afterwards."""
    ready = (3, [left("cut"), kept(), entered("rate")])
    for end in ([], [ended()], [ended("ended")]):
        trail = told((0, [entered("cut")]), ready, (9, end))
        course = trail.course
        assert course is not None
        assert (course.until - BEGIN, course.finished) == (3 * DAY, True)


def test_a_state_has_the_name_that_it_has_now() -> None:
    """Of a job that was moved to another version of its process, in which it is called otherwise."""
    trail = told((0, [entered("cut")]), (1, [e.Migrated(version="w", states={"cut": "snip"})]), (2, [left("snip")]))
    assert visits(trail) == [("snip", 0, 2)]


def test_a_clock_that_was_set_back_stands_still() -> None:
    """No stay ends before it begins, and none is seen to begin later than now."""
    trail = told((0, [entered("cut")]), (4, [left("cut"), entered("sew")]), (-3, [left("sew"), entered("press")]))
    assert visits(trail) == [("cut", 0, 4), ("sew", 4, 4), ("press", 4, None)]
    trail.see(BEGIN - DAY)
    assert trail.until == BEGIN + 4 * DAY


def test_an_open_job_teaches_that_it_takes_longer() -> None:
    """Up to when it was seen, and of one that is over nothing more."""
    trail = told((0, [entered("cut")]))
    trail.see(BEGIN + DAY)
    day = trail.cells
    trail.see(BEGIN + 8 * DAY)
    assert {cell.kind for cell in day} == {cell.kind for cell in trail.cells} == {"unfinished"}
    assert len(trail.cells) > len(day)
    over = told((0, [entered("cut")]), (2, [ended()]))
    before = over.cells
    over.see(BEGIN + 8 * DAY)
    assert over.cells == before


def test_a_job_without_end_stays_small() -> None:
    """Of one that goes round and round, the first stays are kept."""
    trail = told(*((number, [left("cut"), entered("cut")]) for number in range(MOST + 50)))
    assert len(trail.stays) == MOST


def test_an_open_job_does_not_tell_of_itself() -> None:
    """One that has gone round several times is expected when the file says, as long as none was finished."""
    ahead = {"cut": Lengths(8 * DAY, 4 * DAY), WHOLE: Lengths(8 * DAY, 8 * DAY)}
    rounds = ((20.0 * number, [left("cut"), entered("cut")]) for number in range(1, 6))
    trail = told((0, [entered("cut")]), *rounds)
    trail.see(BEGIN + 100 * DAY)
    course = trail.course
    assert course is not None
    expecting, by_file = Expecting(ahead=ahead), Expecting(ahead=ahead)
    expecting.learn(course)
    asked = (course.standing(course.until), BEGIN, course.until)
    assert expecting.finish(*asked) == by_file.finish(*asked)


def test_what_is_stored_is_what_was_learnt() -> None:
    """Cells by state, added and taken away, make the same expectations as the courses themselves."""
    courses = [told((0, [entered("cut")]), (days, [left("cut"), ended()])) for days in (1, 2, 3, 50)]
    expecting, states = Expecting(), {state: StateCounts() for state in (WHOLE, "cut")}
    for trail in courses:
        for state, counts in states.items():
            counts.add({cell: number for cell, number in trail.cells.items() if cell.state == state})
    for state, counts in states.items():
        counts.add({cell: -number for cell, number in courses[-1].cells.items() if cell.state == state})
    for trail in courses[:-1]:
        course = trail.course
        assert course is not None
        expecting.learn(course)
    loaded = Expecting()
    for state, counts in states.items():
        loaded.load(state, counts)
    assert loaded == expecting
    for state, counts in states.items():
        cells: dict[Cell, int] = {cell: -number for cell, number in expecting.cells().items() if cell.state == state}
        counts.add(cells)
        assert counts.is_empty


@pytest.mark.parametrize("days", [0, 0.00001, 3650])
def test_any_length_is_learnt(days: float) -> None:
    """Of a job that took no time, and of one that took ten years."""
    course = told((0, [entered("cut")]), (days, [left("cut"), ended()])).course
    assert course is not None
    expecting = Expecting()
    expecting.learn(course)
    assert expecting.finish(course.standing(BEGIN), BEGIN, BEGIN) is not None
