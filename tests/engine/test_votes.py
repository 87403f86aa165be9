"""Votes of each method on the engine: what is asked, kept, told while they run, and told of the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from engine_flows import VOTE

from flowengine import BadAnswer, Engine, NotFound, SimulatedClock

MEMBERS = [f"member_{n}" for n in range(12)]


def begin(engine: Engine, keys: str = "", members: int = 12) -> str:
    """A ballot of so many members, for Ada's job, who is none of them."""
    engine.deploy(VOTE.replace("quorum: 0.5", f"quorum: 0.5\n    {keys}"))
    for name in MEMBERS[:members]:
        engine.add_customer(name, name.title(), groups=["members"])
    return engine.start("ballot", by="ada").job


def cast(engine: Engine, job: str, who: str, answer: Any, outcome: str = "vote") -> str:
    """Cast a ballot; the id of the step."""
    (item,) = [item for item in engine.inbox(who, everything=True) if item.job == job]
    engine.act(item.id, outcome, {} if answer is None else {"for": answer}, by=who)
    return item.id


def saved(engine: Engine, clock: SimulatedClock, job: str) -> Any:
    clock.advance(timedelta(days=2))
    engine.run_due()
    return engine.data(job)["vote"]


@pytest.mark.parametrize(
    ("method", "ballots", "tally", "winner"),
    [
        ("approval", [["attack", "defend"], ["defend"], []], {"attack": 1, "defend": 2}, "defend"),
        ("ranking", [["attack"], ["defend", "attack"], ["defend"]], {"attack": 1, "defend": 2}, "defend"),
        ("score", [{"attack": 5}, {"attack": 1, "defend": 3}, {"defend": 4}], {"attack": 6, "defend": 7}, "defend"),
    ],
)
def test_ballots_of_each_method_are_kept_and_counted(
    engine: Engine, clock: SimulatedClock, method: str, ballots: list[Any], tally: dict[str, int], winner: str
) -> None:
    """A ballot of each method goes through the database and back, and the history is whole (L2, L5)."""
    job = begin(engine, f"method: {method}", members=3)
    for who, ballot in zip(MEMBERS, ballots, strict=False):
        cast(engine, job, who, ballot)
    found = saved(engine, clock, job)
    assert (found["winner"], found["tally"], found["cast"]) == (winner, tally, 3)
    assert engine.audit(job).fine
    if method == "ranking":
        (last,) = found["rounds"]
        assert last["elected"] == ["defend"]


def test_bad_ballot_changes_nothing(engine: Engine) -> None:
    """A ballot that is refused names what is possible, and leaves the voter his vote."""
    job = begin(engine, "method: ranking\n    changeable: false", members=3)
    with pytest.raises(BadAnswer) as refused:
        cast(engine, job, MEMBERS[0], ["attack", "attack"])
    assert refused.value.possible == ("attack", "defend")
    cast(engine, job, MEMBERS[0], ["attack", "defend"])


@pytest.mark.parametrize("secret", [True, False])
def test_abstaining_is_told_where_the_vote_is_open(engine: Engine, clock: SimulatedClock, secret: bool) -> None:
    """The receipt of a secret abstention reads as that of a vote; the data count them, the history tells of none."""
    job = begin(engine, f"abstain: true\n    secret: {str(secret).lower()}", members=2)
    (item,) = engine.inbox(MEMBERS[0])
    assert engine.act(item.id, "abstain", by=MEMBERS[0]).outcome == ("vote" if secret else "abstain")
    cast(engine, job, MEMBERS[1], "attack")
    assert len(engine.history(job)) == 1
    found = saved(engine, clock, job)
    assert (found["abstained"], found["cast"], found["turnout"]) == (1, 2, 1)


def test_what_he_voted_is_told_to_who_voted(engine: Engine) -> None:
    """A voter is told the order, or the scores, that he has given."""
    for method, ballot, words in (
        ("ranking", ["defend", "attack"], "Thank you. Your vote is in for Defend, Attack: Vote."),
        ("score", {"defend": 3, "attack": 0}, "Thank you. Your vote is in for Defend 3, Attack 0: Vote."),
    ):
        job = begin(engine, f"method: {method}", members=1)
        (item,) = [item for item in engine.inbox(MEMBERS[0]) if item.job == job]
        receipt = engine.act(item.id, "vote", {"for": ballot}, by=MEMBERS[0])
        assert engine.answered(job, receipt.seq, MEMBERS[0]).said == words


def test_live_tally_is_told_to_voters_and_to_whose_job_it_is(engine: Engine) -> None:
    """While it runs, the tally is on the step and on the job, in batches that hide each ballot; and for nobody else."""
    job = begin(engine, "live: 5\n    changeable: false")
    for number, who in enumerate(MEMBERS[:10]):
        assert engine.track(job, "ada").tallies == ()
        step = cast(engine, job, who, "attack" if number % 2 else "defend")
    for who in ("ada", "olga", MEMBERS[0], MEMBERS[11]):
        (found,) = engine.track(job, who).tallies
        assert (found.step, found.title, found.cast, found.voters) == (step, "Vote", 5, 12)
        assert [(one.id, one.title, one.votes) for one in found.options] == [
            ("attack", "Attack", 2), ("defend", "Defend", 3),
        ]  # fmt: skip
    seen = engine.step(step, MEMBERS[11]).tally
    assert seen == found
    cast(engine, job, MEMBERS[10], "attack")
    assert engine.track(job, "ada").tallies == (found,)
    with pytest.raises(NotFound):
        engine.track(job, "ben")


def test_live_tally_is_gone_when_the_vote_is_over(engine: Engine, clock: SimulatedClock) -> None:
    """What stands in the data then is the result."""
    job = begin(engine, "secret: false\n    live: 1\n    abstain: true", members=3)
    cast(engine, job, MEMBERS[0], None, "abstain")
    cast(engine, job, MEMBERS[1], "attack")
    (found,) = engine.track(job, "ada").tallies
    assert (found.cast, found.abstained, found.options[0].votes) == (2, 1, 1)
    saved(engine, clock, job)
    assert engine.track(job, "ada").tallies == ()


def test_vote_that_is_not_live_tells_nothing(engine: Engine) -> None:
    """Without ``live`` neither the step nor the job tells how it stands."""
    job = begin(engine, "secret: false", members=3)
    step = cast(engine, job, MEMBERS[0], "attack")
    assert engine.step(step, MEMBERS[0]).tally is None
    assert engine.track(job, "olga").tallies == ()
