"""When an open job will be finished: from the file, from what was seen, and from where it stands."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.core.usual import Lengths
from flowengine.insight.calibrating import Calibration
from flowengine.insight.expecting import Course, Expecting, Range, Visit, ahead_of, cells_of
from flowengine.language import parse

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from bench_dates import methods, played, read_log, score  # noqa: E402
from simulated_shop import START  # noqa: E402

DAY = timedelta(days=1)
SHORT = {"build": Lengths(3 * DAY, 3 * DAY)}
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
TABLE = """
process: table
title: A table
need: A table
roles: {maker: {title: Maker}}
states:
  need: {type: need, next: choose}
  choose: {type: choice, ask: Which wood?, choose: {wood: {from: [oak, ash]}}, within: P9D, takes: P2D,
           on: {chosen: build, expired: gone}}
  build: {type: task, for: maker, takes: P8D, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""


def course(*stays: float, begun: datetime = NOW, finished: bool = True, ahead: int | None = None) -> Course:
    """A job that chose and built, in so many days each; if it is open, it stands in the last."""
    visits, at = [], begun
    for name, days in zip(("choose", "build"), stays, strict=False):
        left = at + days * DAY
        is_last = len(visits) == len(stays) - 1
        visits.append(Visit(state=name, entered=at, left=None if is_last and not finished else left, ahead=ahead))
        at = left
    return Course(begun=begun, until=at, finished=finished, visits=tuple(visits))


def stands(expecting: Expecting, state: str, age: float, *, ahead: int | None = None) -> Range:
    """What is told of a job that has stood in a state for so many days."""
    entered = NOW - age * DAY
    told = expecting.finish([Visit(state=state, entered=entered, ahead=ahead)], entered - DAY, NOW)
    assert told is not None
    return told


def days(moment: datetime) -> float:
    return (moment - NOW) / DAY


def test_a_young_shop_tells_what_the_file_says_and_how_unsure_that_is() -> None:
    """Before any job is finished: half by what the file says, nine of ten within twice that, and no jobs behind it."""
    expecting = Expecting(ahead=ahead_of(parse(TABLE), NOW))
    told = stands(expecting, "choose", 0)
    assert (days(told.p50), days(told.p90)) == (pytest.approx(10, rel=0.01), pytest.approx(20, rel=0.02))
    assert (told.state, told.jobs) == ("choose", 0)
    assert days(stands(expecting, "build", 0).p50) == pytest.approx(8, rel=0.01)
    whole = expecting.finish([], NOW, NOW)
    assert whole is not None
    assert days(whole.p50) == pytest.approx(10, rel=0.01)


def test_in_a_young_shop_who_stands_long_has_the_rest_still_ahead() -> None:
    """Two days are said for choosing and eight for building: after six days of choosing, the building and some more."""
    expecting = Expecting(ahead=ahead_of(parse(TABLE), NOW))
    assert 8 < days(stands(expecting, "choose", 6).p50) < 12
    assert days(stands(expecting, "build", 6).p50) < 6


def test_three_fast_jobs_do_not_make_a_young_shop_sure() -> None:
    """What the file says weighs as four jobs: three that took three days leave the later end where it nearly was; a
    hundred of them do not."""
    expecting = Expecting(ahead=ahead_of(parse(TABLE), NOW))
    for _ in range(3):
        expecting.learn(course(1, 2))
    assert days(stands(expecting, "choose", 0).p90) > 14
    for _ in range(97):
        expecting.learn(course(1, 2))
    assert days(stands(expecting, "choose", 0).p90) < 3.5
    assert stands(expecting, "choose", 0).jobs == 100


def test_where_nothing_is_known_nothing_is_told() -> None:
    """Without a finished job and without lengths in the file there is no range; with one job there is."""
    expecting = Expecting()
    visit = Visit(state="build", entered=NOW)
    assert expecting.finish([visit], NOW, NOW) is None
    expecting.learn(course(1, finished=False))
    assert expecting.finish([visit], NOW, NOW) is None
    expecting.learn(course(1, 4))
    told = expecting.finish([visit], NOW, NOW)
    assert told is not None
    assert 2 < days(told.p50) < 6


def test_open_jobs_count() -> None:
    """Ten jobs were fast and forty still wait: what is told is later than the fast ones alone would have it."""
    expecting = Expecting(ahead=SHORT)
    for _ in range(10):
        expecting.learn(course(1, 2))
    fast = stands(expecting, "build", 0)
    for _ in range(40):
        expecting.learn(course(1, 9, finished=False))
    assert days(fast.p90) < 6
    assert days(stands(expecting, "build", 0).p50) > 9


def test_who_stands_long_in_a_state_has_the_rest_still_ahead() -> None:
    """Whoever has not chosen after twenty days has the building still before him, however long the job has lasted."""
    chance = Random(4)
    expecting = Expecting()
    for _ in range(300):
        expecting.learn(course(chance.expovariate(1 / 4), chance.uniform(7, 9)))
    assert days(stands(expecting, "choose", 12).p50) > 8
    assert 1 < days(stands(expecting, "build", 6).p50) < 3


def test_a_state_that_nobody_has_been_in_is_told_from_the_job_as_a_whole() -> None:
    """A rare state has no past and no length in the file: what holds for any job so far under way is told."""
    expecting = Expecting()
    for _ in range(50):
        expecting.learn(course(2, 8))
    told = expecting.finish([Visit(state="phone", entered=NOW)], NOW - 6 * DAY, NOW)
    assert told is not None
    assert 3 < days(told.p50) < 5
    assert (told.state, told.jobs) == ("", 50)


def test_of_several_branches_the_one_furthest_from_the_end_tells() -> None:
    """Cloth that takes three weeks tells, not the pattern beside it."""
    expecting = Expecting(ahead={"pattern": Lengths(5 * DAY, DAY), "cloth": Lengths(21 * DAY, 20 * DAY)})
    standing = [Visit(state="pattern", entered=NOW), Visit(state="cloth", entered=NOW)]
    told = expecting.finish(standing, NOW, NOW)
    assert told == expecting.finish(standing[::-1], NOW, NOW)
    assert told is not None
    assert told.state == "cloth"
    assert days(told.p50) == pytest.approx(21, rel=0.01)


def test_a_longer_queue_than_usual_makes_it_later() -> None:
    """Each one ahead has cost a day: with ten more than usual it is ten days later, with none it is sooner. Where the
    queue has cost nothing it changes nothing."""
    chance, expecting, indifferent = Random(5), Expecting(), Expecting()
    for _ in range(300):
        ahead = chance.randrange(9)
        expecting.learn(course(1, 1 + ahead + chance.random(), ahead=ahead))
        indifferent.learn(course(1, 5 + chance.random(), ahead=ahead))
    usual, none, many = (days(stands(expecting, "build", 0, ahead=ahead).p50) for ahead in (4, 0, 14))
    assert many - usual == pytest.approx(10, rel=0.05)
    assert none < usual - 3.5
    assert days(stands(expecting, "build", 0).p50) == pytest.approx(usual, abs=0.3)
    same, more = (days(stands(indifferent, "build", 0, ahead=ahead).p50) for ahead in (4, 14))
    assert more == pytest.approx(same, abs=0.5)


def test_a_queue_gets_shorter_while_a_job_stands_in_it() -> None:
    """Usually four are ahead at first and none after four days: to stand there then with four ahead is four days
    later than usual."""
    chance, expecting = Random(6), Expecting()
    for _ in range(300):
        ahead = chance.randrange(9)
        expecting.learn(course(1, 1 + ahead + chance.random(), ahead=ahead))
    usual, late = (days(stands(expecting, "build", 4.5, ahead=ahead).p50) for ahead in (0, 4))
    assert late - usual == pytest.approx(4, rel=0.05)


def test_one_outlier_moves_nothing() -> None:
    """One job of ten years among a hundred: the middle and the later end stay where they are."""
    expecting = Expecting()
    for _ in range(100):
        expecting.learn(course(2, 8))
    before = stands(expecting, "build", 0)
    expecting.learn(course(2, 3650))
    after = stands(expecting, "build", 0)
    assert days(after.p50) == pytest.approx(days(before.p50), rel=0.01)
    assert days(after.p90) == pytest.approx(days(before.p90), rel=0.05)


def test_a_date_is_never_before_now_and_never_after_all_time() -> None:
    """However old a job is and whatever calibration says, the later end is not before the middle, nor that before now;
    and there is an end of time."""
    expecting = Expecting(ahead=SHORT)
    for state, age in (("build", 0), ("build", 5_000)):
        entered = NOW - age * DAY
        for calibration in (Calibration(), Calibration(middle=4, late=-4), Calibration(middle=-4, late=4)):
            told = expecting.finish([Visit(state=state, entered=entered)], entered, NOW, calibration)
            assert told is not None
            assert NOW <= told.p50 <= told.p90 <= NOW + 6_000 * DAY


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Course(begun=NOW, until=NOW - DAY, finished=True), "before it has begun"),
        (
            lambda: Course(begun=NOW, until=NOW, finished=True, visits=(Visit(state="build", entered=NOW + DAY),)),
            "build is entered",
        ),
        (
            lambda: Course(
                begun=NOW, until=NOW, finished=True, visits=(Visit(state="build", entered=NOW, left=NOW - DAY),)
            ),
            "build is left",
        ),
        (
            lambda: Course(begun=NOW, until=NOW, finished=True, visits=(Visit(state="b", entered=NOW, ahead=-1),)),
            "-1 cannot be ahead in b",
        ),
        (lambda: Expecting().finish([], NOW + DAY, NOW), "the job begins"),
        (lambda: Expecting().finish([Visit(state="build", entered=NOW + DAY)], NOW, NOW), "build is entered"),
    ],
)
def test_what_cannot_be_is_refused(wrong: object, words: str) -> None:
    """A job that is over before it begins, a visit outside its job, what begins in the future: each is named."""
    with pytest.raises(ValueError, match=words):
        wrong()  # type: ignore[operator]


STAYS = st.floats(0, 400, allow_nan=False)
COURSES = st.lists(
    st.builds(
        lambda stays, finished, ahead: course(*stays, finished=finished, ahead=ahead),
        st.lists(STAYS, min_size=1, max_size=2),
        st.booleans(),
        st.none() | st.integers(0, 20_000),
    ),
    max_size=12,
)


@given(courses=COURSES, order=st.randoms(use_true_random=False), split=st.integers(0, 12))
def test_any_order_and_any_split_teach_the_same(courses: list[Course], order: Random, split: int) -> None:
    """What two machines have learnt is added up to the same as if one had, in any order; and is told alike."""
    whole = Expecting()
    for one in courses:
        whole.learn(one)
    mixed = list(courses)
    order.shuffle(mixed)
    parts = Expecting(), Expecting()
    for number, one in enumerate(mixed):
        parts[number < split].learn(one)
    parts[0].add(parts[1].cells())
    assert parts[0] == whole
    assert Expecting(whole.cells()) == whole
    visit = Visit(state="build", entered=NOW, ahead=3)
    assert parts[0].finish([visit], NOW, NOW) == whole.finish([visit], NOW, NOW)


@given(courses=COURSES, more=COURSES)
def test_what_is_forgotten_leaves_no_trace(courses: list[Course], more: list[Course]) -> None:
    """An open job that is learnt, forgotten and learnt anew as it goes on counts as it stands in the end."""
    expecting, without = Expecting(), Expecting()
    for one in courses:
        expecting.learn(one)
        without.learn(one)
    for one in more:
        expecting.learn(one)
    for one in more:
        expecting.forget(one)
    assert expecting == without
    assert sum((cells_of(one) for one in courses), Counter()) == +Counter(expecting.cells())


def test_what_is_taken_away_before_it_is_added_does_no_harm() -> None:
    """Differences may come in any order: until the other half is there, what is missing counts as none."""
    expecting = Expecting(ahead={"build": Lengths(8 * DAY, 8 * DAY)})
    expecting.forget(course(2, 8, ahead=3))
    assert days(stands(expecting, "build", 0, ahead=3).p50) == pytest.approx(8, rel=0.01)
    expecting.learn(course(2, 8, ahead=3))
    assert expecting == Expecting(ahead={"build": Lengths(8 * DAY, 8 * DAY)})


def covered(pace: list[float], *, calibrated: bool, seed: int) -> list[tuple[bool, bool]]:
    """Jobs of a shop by chance, one after the other, each ``pace`` times as slow: whether it was finished before the
    middle, and before the later end, that were told at a moment of it that chance chose."""
    chance, found = Random(seed), []
    expecting, calibration = Expecting(ahead=ahead_of(parse(TABLE), NOW)), Calibration()
    for slow in pace:
        one = course(slow * chance.lognormvariate(0.5, 0.6), slow * chance.lognormvariate(2.2, 0.4))
        now = one.begun + (one.until - one.begun) * chance.random()
        told = expecting.finish(one.standing(now), one.begun, now, calibration)
        assert told is not None
        found.append((one.until <= told.p50, one.until <= told.p90))
        if calibrated:
            calibration = calibration.after(expecting.told(one, calibration))
        expecting.learn(one)
    return found


def test_nine_of_ten_are_finished_before_the_later_end_while_nothing_changes() -> None:
    """On histories in which nothing changes 90 % are finished by p90, and half by p50, within 3 points."""
    found = [one for seed in range(3) for one in covered([1.0] * 600, calibrated=True, seed=seed)[100:]]
    assert 0.87 <= sum(late for _, late in found) / len(found) <= 0.93
    assert 0.47 <= sum(middle for middle, _ in found) / len(found) <= 0.53


@pytest.mark.parametrize("slower", [2.5, 0.4])
def test_after_all_has_become_slower_or_faster_calibration_finds_back(slower: float) -> None:
    """Everything takes two and a half times as long, or as short: once calibration has followed, 90 % are finished by
    p90 within 5 points again; without it they are not."""
    pace = [1.0] * 300 + [slower] * 300
    for calibrated in (True, False):
        found = [one for seed in range(3) for one in covered(pace, calibrated=calibrated, seed=seed)[360:]]
        share = sum(late for _, late in found) / len(found)
        middle = sum(middle for middle, _ in found) / len(found)
        assert (0.85 <= share <= 0.95 and 0.45 <= middle <= 0.55) is calibrated, (share, middle)


def test_on_the_shipped_log_it_beats_one_median_and_the_last_state_alone() -> None:
    """On a log of suits that are made up, from the shop's first day on: a smaller loss than either method, and
    nearer to nine of ten finished by p90."""
    suit = parse((ROOT / "processes" / "bespoke_suit.yaml").read_text(encoding="utf-8"))
    courses = read_log(Path(__file__).parent / "simulated_suits.csv")
    assert len(courses) > 200
    assert min(one.begun for one in courses) >= START
    told = played(courses, methods(suit), 2)
    found = {name: score([one for one in looks if one.day > 40]) for name, looks in told.items()}
    ours = found["expected dates"]
    assert ours.loss < found["last state alone"].loss
    assert ours.loss < 0.8 * found["one median"].loss
    off = {name: abs(90 - one.below_p90) for name, one in found.items()}
    assert off["expected dates"] < min(off["one median"], off["last state alone"])
