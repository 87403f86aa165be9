"""What one process knows of destinations: how many messages at once, who is rested, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from flowengine.post.destinations import DOUBTFUL, LONGEST_QUEUE, REST, TRUSTED, Destinations

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def known() -> Destinations:
    return Destinations(Random(1))


def trust(known: Destinations, name: str) -> None:
    """One message comes through."""
    assert known.begin(name)
    known.arrived(name, 0.1)


def test_an_unknown_destination_is_tried_with_one_message(known: Destinations) -> None:
    """Only when one has come through, several may be under way at once."""
    assert known.begin("a")
    assert not known.begin("a")
    known.arrived("a", 0.1)
    assert [known.begin("a") for _ in range(TRUSTED + 1)] == [True] * TRUSTED + [False]


def test_the_doubtful_leave_room_for_the_trusted(known: Destinations) -> None:
    """However many destinations are unknown or down, those that work find a thread."""
    trust(known, "good")
    tried = [known.begin(f"new {n}") for n in range(DOUBTFUL + 3)]
    assert tried == [True] * DOUBTFUL + [False] * 3
    assert known.begin("good")
    known.ended("new 0", 1.0)
    assert known.begin("new 9")


def test_what_is_down_is_rested_longer_each_time(known: Destinations) -> None:
    """Rests grow up to a bound, say why, and end with the first message that comes through."""
    now, rests = NOW, []
    for _ in range(10):
        assert known.begin("a")
        known.away("a", now, "no answer")
        assert known.resting("a", now) == "no answer"
        begun = now
        while known.resting("a", now):
            now += SECOND / 4
        rests.append(now - begun)
    assert timedelta(seconds=3.7) <= rests[0] <= timedelta(seconds=5.3)
    assert rests[3] > 4 * rests[0]
    assert REST.longest * 0.7 < rests[-1] <= REST.longest + SECOND
    trust(known, "a")
    assert not known.resting("a", now)
    assert known.begin("a")
    known.away("a", now, "again")
    assert not known.resting("a", now + 6 * SECOND)


def test_a_clock_that_is_set_back_ends_a_rest(known: Destinations) -> None:
    """A rest that would last longer than any rest is over."""
    known.begin("a")
    known.away("a", NOW, "no answer")
    assert not known.resting("a", NOW - timedelta(hours=1))


def test_what_falls_out_of_trust_counts_as_doubtful(known: Destinations) -> None:
    """Whatever order messages end in, the count of the doubtful comes back to nothing."""
    trust(known, "a")
    for _ in range(3):
        assert known.begin("a")
    known.away("a", NOW, "no answer")
    assert not known.begin("a")
    known.arrived("a", 0.1)
    known.ended("a", 0.1)
    assert [known.begin(f"new {n}") for n in range(DOUBTFUL + 1)] == [True] * DOUBTFUL + [False]


def test_a_queue_is_spread_at_the_destinations_pace(known: Destinations) -> None:
    """Messages that find a destination busy get turns one after another, and none is laid aside for long."""
    turns = [known.turn("a", NOW) for _ in range(3_000)]
    assert turns[0] > NOW
    assert turns[:100] == sorted(turns[:100])
    assert turns[100] - turns[0] > 10 * SECOND
    assert max(turns) <= NOW + LONGEST_QUEUE
    later = NOW + timedelta(hours=1)
    assert later < known.turn("a", later) < later + 2 * SECOND
