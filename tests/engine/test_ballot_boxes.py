"""Ballots lie in a box of their own: who may vote, what a ballot is, when it is late, and that each counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from engine_flows import VOTE

from flowengine import (
    BadAnswer,
    Engine,
    KeyConflict,
    NotAllowed,
    NotConfigured,
    NotFound,
    Receipt,
    Settings,
    SimulatedClock,
    StaleCommand,
)
from flowengine.commands import voting

DAY = timedelta(days=1)
MEMBERS = [f"m{n}" for n in range(8)]


def begin(engine: Engine, keys: str = "", members: int = 4) -> tuple[str, str]:
    """A vote of so many members, for Ada's job; its job and its step."""
    engine.deploy(VOTE.replace("quorum: 0.5", f"quorum: 0.25\n    {keys}"))
    for name in MEMBERS[:members]:
        engine.add_customer(name, name.title(), groups=["members"])
    job = engine.start("ballot", by="ada").job
    (step,) = [item.id for item in engine.inbox(MEMBERS[0]) if item.job == job]
    return job, step


def cast(engine: Engine, step: str, who: str, what: str = "attack", **more: Any) -> Receipt:
    return engine.act(step, "vote", {"for": what}, by=who, **more)


def closed(engine: Engine, clock: SimulatedClock, job: str) -> Any:
    clock.advance(3 * DAY)
    engine.run_due()
    return engine.data(job)["vote"]


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each comes to, begun together on threads of their own; an error is what it comes to, too."""
    found: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(place: int) -> None:
        gate.wait()
        try:
            found[place] = works[place]()
        except Exception as error:  # whatever it is, the test looks at it
            found[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def changed(url: str, statement: str) -> None:
    outside = sa.create_engine(url)
    with outside.begin() as connection:
        connection.execute(sa.text(statement))
    outside.dispose()


def stored(url: str, statement: str) -> list[dict[str, Any]]:
    outside = sa.create_engine(url)
    with outside.connect() as connection:
        rows = [dict(row) for row in connection.execute(sa.text(statement)).mappings()]
    outside.dispose()
    return rows


# who may vote


def test_who_may_vote_is_frozen_when_the_vote_opens(engine: Engine, clock: SimulatedClock) -> None:
    """Who leaves the group still votes, who joins it does not, and to him the step does not exist (L4)."""
    job, step = begin(engine)
    engine.add_customer("m0", "M0", groups=[])
    engine.add_customer("late", "Late", groups=["members"])
    cast(engine, step, "m0")
    assert engine.inbox("late") == []
    for stranger in ("late", "ben", "tom"):
        with pytest.raises(NotFound, match=f"there is no step '{step}', or it is not for you"):
            cast(engine, step, stranger)
    assert closed(engine, clock, job)["voters"] == 4
    assert engine.audit(job).fine


def test_who_has_voted_is_in_no_inbox_but_may_change_it(engine: Engine) -> None:
    """His inbox says that it is answered, and the step that he may vote anew."""
    _, step = begin(engine)
    cast(engine, step, "m1")
    assert engine.inbox("m1") == []
    (item,) = engine.inbox("m1", everything=True)
    assert (item.id, item.answered) == (step, True)
    assert engine.step(step, "m1").possible == ("vote",)
    assert engine.inbox_counts("m1").count == 0
    assert engine.inbox_counts("m2").count == 1


def test_customers_vote_who_are_there(engine: Engine, clock: SimulatedClock) -> None:
    """All customers means those who are there when it opens, and none who was erased."""
    engine.erase("ben", because="He asked")
    engine.deploy(VOTE.replace("{group: members}", "customers").replace("quorum: 0.5", "quorum: 0"))
    job = engine.start("ballot", by="ada").job
    cast(engine, engine.inbox("ada")[0].id, "ada")
    assert closed(engine, clock, job)["voters"] == 1


def test_one_person_with_several_ids_votes_once(engine: Engine, clock: SimulatedClock) -> None:
    """Of ids that were merged the one that stands for them votes, under whichever he comes."""
    for name in ("m0", "m1", "m2"):
        engine.add_customer(name, name, groups=["members"])
    engine.merge("m1", "m0", because="It is he")
    job, step = begin(engine, members=3)
    cast(engine, step, "m1")
    cast(engine, step, "m0", "defend")
    vote = closed(engine, clock, job)
    assert (vote["voters"], vote["tally"]) == (2, {"attack": 0, "defend": 1})


def test_weights_are_frozen_too(engine: Engine, clock: SimulatedClock) -> None:
    """A weight that changes while the vote runs changes nothing."""
    for name, shares in (("m0", 3), ("m1", 1.5)):
        engine.add_customer(name, name, groups=["members"], record={"shares": shares})
    engine.deploy(VOTE.replace("quorum: 0.5", "weight: member.shares"))
    job = engine.start("ballot", by="ada").job
    step = engine.inbox("m0")[0].id
    engine.add_customer("m0", "m0", groups=["members"], record={"shares": 100})
    cast(engine, step, "m0")
    cast(engine, step, "m1", "defend")
    assert closed(engine, clock, job)["tally"] == {"attack": 3, "defend": 1.5}


# what a ballot is


def test_a_ballot_takes_effect_once(engine: Engine, clock: SimulatedClock) -> None:
    """The same key gives the same receipt, another body is a conflict, and it counts once (L3)."""
    job, step = begin(engine)
    receipt = cast(engine, step, "m0", key="k")
    again = cast(engine, step, "m0", key="k")
    assert (again, again.repeated) == (receipt, True)
    with pytest.raises(KeyConflict):
        cast(engine, step, "m0", "defend", key="k")
    assert closed(engine, clock, job)["tally"] == {"attack": 1, "defend": 0}
    assert cast(engine, step, "m0", key="k") == receipt


@pytest.mark.parametrize("secret", [True, False])
def test_a_ballot_may_be_changed_and_counts_as_it_was_last(engine: Engine, clock: SimulatedClock, secret: bool) -> None:
    """The one before is taken out of the box."""
    job, step = begin(engine, f"secret: {str(secret).lower()}")
    for what in ("attack", "defend", "attack", "defend"):
        cast(engine, step, "m0", what)
    found = closed(engine, clock, job)
    assert (found["tally"], found["cast"]) == ({"attack": 0, "defend": 1}, 1)
    assert engine.audit(job).fine


def test_what_is_no_ballot_changes_nothing(engine: Engine) -> None:
    """What is not offered, no answer, another outcome, a second ballot where one is final: each is told what it is."""
    _, step = begin(engine, "changeable: false")
    with pytest.raises(BadAnswer) as refused:
        cast(engine, step, "m0", "flee")
    assert refused.value.possible == ("attack", "defend")
    with pytest.raises(BadAnswer):
        engine.act(step, "vote", {}, by="m0")
    for outcome in ("abstain", "approved"):
        with pytest.raises(Exception, match="vote"):
            engine.act(step, outcome, {}, by="m0")
    cast(engine, step, "m0")
    with pytest.raises(NotAllowed, match="your ballot has been cast"):
        cast(engine, step, "m0", "defend")


def test_a_ballot_needs_no_outcome(engine: Engine, clock: SimulatedClock) -> None:
    """Where only one thing can be done it need not be named."""
    job, step = begin(engine)
    engine.act(step, "", {"for": "attack"}, by="m0")
    assert closed(engine, clock, job)["cast"] == 1


def test_a_late_ballot_is_late_although_no_worker_ran(engine: Engine, clock: SimulatedClock) -> None:
    """At the moment at which the vote closes it is closed (L13); before, it is in time."""
    job, step = begin(engine)
    clock.advance(2 * DAY - timedelta(microseconds=1))
    cast(engine, step, "m0")
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(StaleCommand, match="its time was over"):
        cast(engine, step, "m1")
    assert engine.data(job)["vote"]["cast"] == 1
    with pytest.raises(NotFound):
        cast(engine, step, "ben")


def test_a_suspended_job_takes_no_ballot(engine: Engine, clock: SimulatedClock) -> None:
    """Once it goes on it takes them again, and its deadline is later."""
    job, step = begin(engine)
    engine.suspend(job, because="We look into it", by="olga")
    with pytest.raises(NotAllowed, match="the job is suspended"):
        cast(engine, step, "m0")
    clock.advance(3 * DAY)
    engine.resume(job, because="It is clear", by="olga")
    cast(engine, step, "m0")
    assert closed(engine, clock, job)["cast"] == 1


def test_a_vote_that_is_left_has_no_result(engine: Engine) -> None:
    """Its box takes nothing any more, and is not counted."""
    job, step = begin(engine)
    cast(engine, step, "m0")
    engine.end(job, "It is off", by="olga")
    with pytest.raises(StaleCommand):
        cast(engine, step, "m1")
    seen = engine.ballot(step, by="m0")
    assert (seen.state, seen.counted, seen.cast, seen.ballot) == ("left", False, None, {"for": ["attack"]})
    assert engine.audit(job).fine


def test_an_operator_votes_in_somebodys_stead(engine: Engine, clock: SimulatedClock) -> None:
    """The history says who has done so and why, and not what was voted; nobody votes for who may not vote."""
    job, step = begin(engine)
    engine.act_for(step, "m0", "vote", {"for": "attack"}, because="He rang", by="olga", key="k")
    engine.act_for(step, "m0", "vote", {"for": "attack"}, because="He rang", by="olga", key="k")
    (line,) = engine.history(job)[1:]
    assert "attack" not in str(line.to_json())
    assert "He rang" in str(line.to_json())
    with pytest.raises(NotAllowed, match="does not wait for ben"):
        engine.act_for(step, "ben", "vote", {"for": "attack"}, because="He rang", by="olga")
    assert closed(engine, clock, job)["tally"] == {"attack": 1, "defend": 0}
    assert engine.audit(job).fine


# closing


def test_one_entry_closes_the_box(engine: Engine, clock: SimulatedClock) -> None:
    """However many vote, the history has one entry of it, with the counts and the hash of the papers (L5)."""
    job, step = begin(engine, members=8)
    for who in MEMBERS:
        cast(engine, step, who)
    closed(engine, clock, job)
    opened, ended = engine.history(job)
    (box,) = [event for event in ended.events if event["event"] == "BoxClosed"]
    assert (box["cast"], box["tally"], len(box["root"])) == (8, {"attack": 8, "defend": 0}, 64)
    assert not [event for event in opened.events if event.get("seats")]


def test_a_vote_closes_with_the_ballot_that_makes_it_certain(engine: Engine) -> None:
    """Who casts it is told so, and the next is late."""
    job, step = begin(engine, "early: true\n    rule: majority")
    assert cast(engine, step, "m0").status == "open"
    assert cast(engine, step, "m1").status == "open"
    assert cast(engine, step, "m2", key="k").status == "fulfilled"
    assert cast(engine, step, "m2", key="k").repeated
    with pytest.raises(StaleCommand):
        cast(engine, step, "m3")
    assert engine.audit(job).fine


def test_ballots_at_once_close_a_vote_that_they_make_certain(engine: Engine) -> None:
    """Nobody sees the others' ballots before he has cast his own; the last closes it."""
    job, step = begin(engine, "early: true\n    rule: majority", members=8)
    found = at_once(*(partial(cast, engine, step, who) for who in MEMBERS))
    assert all(isinstance(one, Receipt | StaleCommand) for one in found), found
    vote = engine.data(job)["vote"]
    assert vote["cast"] == sum(isinstance(one, Receipt) for one in found) >= 5
    assert engine.audit(job).fine


def test_a_vote_is_closed_though_its_last_voter_died(postgres_url: str, clock: SimulatedClock) -> None:
    """Two ballots that do not see each other make a vote certain, and neither process lives to find that out: whoever
    does what is due closes it. On SQLite the second ballot always sees the first."""
    with Engine(postgres_url, clock=clock, handlers={}) as engine, Engine(postgres_url, clock=clock) as other:
        job, step = begin(engine, "early: true\n    rule: majority")
        cast(engine, step, "m0")
        put = partial(voting._act, engine.shell, step, "vote", {"for": "attack"}, "m1", None, alone=False)
        with engine.database.writing() as tx:
            put(tx)
            assert cast(other, step, "m2").status == "open"
        assert engine.jobs(status="open")
        assert engine.run_due().timers == 1
        assert engine.data(job)["vote"]["cast"] == 3
        assert not engine.run_due().anything
        assert engine.audit(job).fine


def test_a_vote_goes_on_in_another_version(engine: Engine, clock: SimulatedClock) -> None:
    """Its ballots stay and are counted by the rules of now; what they say cannot mean something else (L6)."""
    job, step = begin(engine)
    cast(engine, step, "m0")
    engine.deploy(VOTE.replace("quorum: 0.5", "method: approval"))
    with pytest.raises(NotAllowed, match="1 ballots are cast by plurality"):
        engine.migrate(job, because="New rules", by="olga")
    engine.deploy(VOTE.replace("quorum: 0.5", "secret: false"))
    with pytest.raises(NotAllowed, match="how ballots are kept was settled"):
        engine.migrate(job, because="New rules", by="olga")
    engine.deploy(VOTE.replace("quorum: 0.5", "quorum: 1"))
    engine.migrate(job, because="New rules", by="olga")
    cast(engine, step, "m1")
    assert closed(engine, clock, job)["cast"] == 2
    assert engine.history(job)[-1].what.startswith("the vote closed: Vote: no quorum")
    assert engine.audit(job).fine


# at once


def test_two_ballots_of_one_person_count_once(engine: Engine, clock: SimulatedClock) -> None:
    """Whichever comes last counts, with the tally of one."""
    job, step = begin(engine, "secret: false")
    for _ in range(5):
        found = at_once(*(partial(cast, engine, step, "m0", what) for what in ("attack", "defend")))
        assert all(isinstance(one, Receipt) for one in found), found
    vote = closed(engine, clock, job)
    assert (vote["cast"], sum(vote["tally"].values())) == (1, 1)
    assert engine.audit(job).fine


def test_of_two_final_ballots_of_one_person_one_counts(engine: Engine, clock: SimulatedClock) -> None:
    """The other is refused, and is not in the box."""
    job, step = begin(engine, "changeable: false")
    found = at_once(lambda: cast(engine, step, "m0"), lambda: cast(engine, step, "m0", "defend"))
    assert sorted(type(one).__name__ for one in found) == ["NotAllowed", "Receipt"]
    assert closed(engine, clock, job)["cast"] == 1


def test_one_request_twice_at_once_is_one_ballot(engine: Engine, clock: SimulatedClock) -> None:
    """Both are given the same receipt (L3)."""
    job, step = begin(engine, "changeable: false")
    one, other = at_once(*[lambda: cast(engine, step, "m0", key="k")] * 2)
    assert one == other
    assert isinstance(one, Receipt)
    assert closed(engine, clock, job)["cast"] == 1


@pytest.mark.parametrize("time", range(3))
def test_what_was_acknowledged_is_in_the_box_that_is_closed(engine: Engine, time: int) -> None:
    """Ballots against the end of the vote: each is in the result, or was refused (L2)."""
    job, step = begin(engine, members=8)
    (timer,) = [one.id for one in engine.timers(job) if one.purpose == "close"]
    works: list[Callable[[], object]] = [partial(cast, engine, step, who) for who in MEMBERS]
    works.insert(3 * time, partial(engine.fire_timer, timer, because="Now", by="olga"))
    found = at_once(*works)
    end = found.pop(3 * time)
    assert isinstance(end, Receipt), end
    assert all(isinstance(one, Receipt | StaleCommand) for one in found), found
    assert engine.data(job)["vote"]["cast"] == sum(isinstance(one, Receipt) for one in found)
    assert engine.audit(job).fine


def test_a_ballot_in_the_callers_transaction_is_kept_with_it(
    engine: Engine, clock: SimulatedClock, database_url: str
) -> None:
    """Rolled back it never was."""
    job, step = begin(engine)
    outside = sa.create_engine(database_url)
    with outside.connect() as connection:
        cast(engine.using(connection), step, "m0")
        connection.rollback()
        cast(engine.using(connection), step, "m1")
        connection.commit()
    outside.dispose()
    assert [who for who in MEMBERS[:4] if not engine.inbox(who)] == ["m1"]
    assert closed(engine, clock, job)["cast"] == 1


# secrets, and what shows that a ballot counted


def test_nothing_in_the_rows_says_whose_a_secret_ballot_is(database_url: str, clock: SimulatedClock) -> None:
    """The papers name nobody, have no time and no order of time; the receipt's hash cannot be guessed from them."""
    with Engine(database_url, clock=clock, handlers={}, settings=Settings(ballot_secret="apart")) as engine:
        engine.add_customer("ada", "Ada")
        _, step = begin(engine)
        for who, what in zip(MEMBERS[:3], ("attack", "defend", "attack"), strict=True):
            cast(engine, step, who, what, key=f"key of {who}")
        papers, sums = (
            stored(database_url, "SELECT * FROM flow_papers"),
            stored(database_url, "SELECT body FROM flow_sums"),
        )
        assert len(papers) == 3
        assert not [paper for paper in papers if any(who in str(paper) for who in MEMBERS)]
        assert set(papers[0]) == {"job_id", "step", "id", "weight", "salt", "body", "leaf"}
        assert "attack" not in str(sums)
    with Engine(database_url, clock=clock, handlers={}, settings=Settings(ballot_secret="another")) as engine:
        with pytest.raises(NotConfigured, match="another secret"):
            cast(engine, step, "m0", "defend")
        assert engine.ballot(step, by="m0").ballot is None
        assert engine.ballot(step, by="m0").voted


@pytest.mark.parametrize("secret", [True, False])
def test_a_voter_sees_that_his_ballot_counted(engine: Engine, clock: SimulatedClock, secret: bool) -> None:
    """His paper leads to the hash that the history has; to others his vote is not there (L4)."""
    job, step = begin(engine, f"secret: {str(secret).lower()}", members=7)
    for who in MEMBERS[:6]:
        cast(engine, step, who)
    seen = engine.ballot(step, by="m0")
    assert (seen.state, seen.ballot, seen.may_change, seen.counted) == ("open", {"for": ["attack"]}, True, False)
    closed(engine, clock, job)
    for who in MEMBERS[:6]:
        seen = engine.ballot(step, by=who)
        assert (seen.state, seen.voted, seen.counted, seen.cast, seen.may_change) == ("counted", True, True, 6, False)
        paper = f"{seen.id}\n{seen.weight}\n{seen.salt}\n{seen.written}".encode()
        node = sha256(b"\0" + paper).digest()
        for other in seen.beside:
            beside = bytes.fromhex(other.hash)
            node = sha256(b"\1" + (beside + node if other.side == "left" else node + beside)).digest()
        assert node.hex() == seen.root
    (box,) = [event for event in engine.history(job)[-1].events if event["event"] == "BoxClosed"]
    assert seen.root == box["root"]
    assert engine.ballot(step, by="m6").voted is False
    for stranger in ("ben", "olga", "tom"):
        with pytest.raises(NotFound):
            engine.ballot(step, by=stranger)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("""UPDATE flow_papers SET body = '{"for":["defend"]}' WHERE id = 'm0'""", "are not those that were counted"),
        ("DELETE FROM flow_papers WHERE id = 'm0'", "are not those that were counted"),
        ("UPDATE flow_voters SET voted = 0 WHERE person = 'm0'", "have voted on step"),
        ("UPDATE flow_voters SET weight = 5000000 WHERE person = 'm3'", "are not those who could when it was opened"),
        ("DELETE FROM flow_voters WHERE person = 'm3'", "are not those who could when it was opened"),
        ("UPDATE flow_boxes SET state = 'left'", "is stored as left"),
        ("DELETE FROM flow_boxes", "is gone"),
    ],
)
def test_an_audit_finds_a_box_that_was_changed(
    engine: Engine, clock: SimulatedClock, database_url: str, statement: str, problem: str
) -> None:
    """What was counted is what lies in the box (L5)."""
    job, step = begin(engine, "secret: false")
    for who in MEMBERS[:3]:
        cast(engine, step, who)
    closed(engine, clock, job)
    assert engine.audit(job).fine
    changed(database_url, statement)
    found = engine.audit(job).problems
    assert any(problem in one.what for one in found), found


def test_an_erased_ballot_is_told_from_a_changed_one(engine: Engine, clock: SimulatedClock, database_url: str) -> None:
    """Its hash is left, so that the box is whole (L5); what it said is nowhere."""
    job, step = begin(engine, "secret: false")
    for who in MEMBERS[:3]:
        cast(engine, step, who)
    assert [one.why for one in engine.erase("m1", because="He asked").left] == ["it is open"]
    closed(engine, clock, job)
    assert engine.erase("m1", because="He asked", dry=True).others == (job,)
    assert engine.erase("m1", because="He asked").others == (job,)
    assert engine.erase("m1", because="He asked").others == ()
    assert engine.audit(job).fine
    seen = engine.ballot(step, by="m0")
    assert seen.counted
    assert stored(database_url, "SELECT salt, body FROM flow_papers WHERE id = 'm1'") == [{"salt": None, "body": None}]
    changed(database_url, "UPDATE flow_papers SET leaf = 'ab' WHERE id = 'm1'")
    assert not engine.audit(job).fine
