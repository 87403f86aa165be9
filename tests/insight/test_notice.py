"""How long before its use something is chosen, and whether it is used at all."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.insight.notice import Choice, Notice

TODAY = date(2027, 3, 1)


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


def test_what_is_used_after_ten_days_is_used_after_ten_days() -> None:
    """A notice that is always ten days: not before, and by then; a choice that has waited eight days, within two."""
    notice = Notice()
    notice.add(10, used=20)
    assert (notice.at_once(9), notice.at_once(10)) == (0.0, 1.0)
    assert (notice.within(8, 1), notice.within(8, 2), notice.used_share) == (0.0, 1.0, 1.0)


def test_what_is_withdrawn_is_not_used() -> None:
    """A quarter is withdrawn after five days: three quarters are used by the tenth; of what still waits then, all."""
    notice = Notice()
    notice.add(10, used=30)
    notice.add(5, withdrawn=10)
    assert notice.used_share == pytest.approx(0.75)
    assert notice.within(0, 10) == pytest.approx(0.75)
    assert notice.within(6, 4) == pytest.approx(1.0)


def test_what_still_waits_makes_the_notice_longer() -> None:
    """Two of three choices were used on the first day, but forty wait since nine days: few are used at once."""
    fast, with_open = Notice(), Notice()
    for one in (fast, with_open):
        one.add(1, used=2)
    with_open.add(9, waiting=40)
    assert fast.at_once(1) == 1.0
    assert with_open.at_once(1) == pytest.approx(2 / 42)
    assert with_open.used_share < 1.0001


def test_beyond_all_that_was_seen_it_goes_on_as_on_average() -> None:
    """A choice that is older than any that was ever used may still be used on any day."""
    notice = Notice()
    notice.add(10, used=20)
    assert 0.0 < notice.within(30, 1) <= notice.within(30, 5) < 1.0
    assert notice.within(10**9, 1) == pytest.approx(1 / 11, abs=0.1)


def test_without_choices_nothing_is_used() -> None:
    """A shop on its first day expects nothing of them."""
    assert (Notice().at_once(100), Notice().within(0, 100), Notice().used_share) == (0.0, 0.0, 0.0)


def test_shares_are_those_of_what_happens() -> None:
    """Of choices by chance, looked at in the middle of things, as many are used within a week as it says."""
    chance, choices = Random(3), []
    for _ in range(3_000):
        made, after = days(-chance.randrange(200)), round(chance.gammavariate(9, 1.3))
        over = made + timedelta(days=after)
        gone = chance.random() < 0.1
        choices.append(Choice(option="o", made=made, used=None if gone else over, withdrawn=over if gone else None))
    notice = Notice()
    for one in choices:
        notice.learn(one, TODAY)
    waiting = [one for one in choices if one.is_waiting(TODAY)]
    used = sum(one.used is not None and one.used <= days(7) for one in waiting)
    assert sum(notice.within((TODAY - one.made).days, 7) for one in waiting) == pytest.approx(used, rel=0.1)


COUNTS = st.lists(st.tuples(st.integers(0, 1200), st.sampled_from(["used", "withdrawn", "waiting"])), max_size=30)


@given(counts=COUNTS, order=st.randoms(use_true_random=False), age=st.integers(0, 1500), more=st.integers(0, 1500))
def test_any_order_teaches_the_same_and_shares_are_shares(
    counts: list[tuple[int, str]], order: Random, age: int, more: int
) -> None:
    """Whatever was seen in whatever order, a probability is one, and grows with the days."""
    first, second = Notice(), Notice()
    mixed = list(counts)
    order.shuffle(mixed)
    for notice, rows in ((first, counts), (second, mixed)):
        for after, kind in rows:
            notice.add(after, **{kind: 1})
    assert first.within(age, more) == second.within(age, more)
    assert -1e-9 <= first.within(age, more) <= first.within(age, more + 1) + 1e-9 <= 1 + 2e-9
    assert first.at_once(more) <= first.used_share + 1e-9 <= 1 + 2e-9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"used": days(1), "withdrawn": days(2)}, "cannot be used and withdrawn"),
        ({"used": days(-1)}, "before it is made"),
        ({"pieces": 0}, "has 0 pieces"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(wrong: dict[str, object], words: str) -> None:
    """Used and withdrawn, over before it is made, or of nothing."""
    with pytest.raises(ValueError, match=words):
        Choice(option="navy", made=TODAY, **wrong)  # type: ignore[arg-type]
