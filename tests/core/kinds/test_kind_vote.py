"""``vote``: frozen electorate, ballots as seats, changing, secrecy, early closing, ties, nobody."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import ADA, BEN, TOM, Rehearsal

from flowengine.core import ballots
from flowengine.core import events as e
from flowengine.core.answers import form, is_secret
from flowengine.core.values import Actor, Poll
from flowengine.core.world import Member
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, NotFound, UnknownOutcome
from flowengine.language import parse

NAMES = ["ada", "ben", "cleo", "dan", "eve"]
CLUB = [Member(id=name, record={"shares": n}) for n, name in enumerate(NAMES, start=1)]


def vote(keys: str = "", of: str = "{group: club}", options: str = "[red, blue, green]") -> Any:
    return parse(
        f"""
process: sample
title: A sample
need: Something
groups: {{club: {{title: Club}}}}
states:
  need: {{type: need, fields: {{ids: {{type: array, optional: true}}}}, next: first}}
  first:
    type: vote
    ask: Which colour?
    of: {of}
    options: {options}
    within: P7D
    remind: [P3D]
    {keys}
    on: {{decided: fulfilled, no_quorum: nobody, tied: tied}}
  fulfilled: {{type: fulfilled}}
  nobody: {{type: ended, because: Too few voted}}
  tied: {{type: ended, because: A tie}}
""",
        "sample.yaml",
        check=False,
    )


def begin(keys: str = "", club: list[Member] | None = None, need: Any = None, **more: str) -> Rehearsal:
    return Rehearsal(vote(keys, **more), need=need, club=CLUB if club is None else club)


def voter(name: str) -> Actor:
    return Actor(kind="customer", id=name, groups=("club",))


def cast(job: Rehearsal, **chosen: Any) -> None:
    for name, choice in chosen.items():
        job.act("first", answer={"for": choice}, by=voter(name))


def test_most_votes_win_when_it_closes() -> None:
    """The vote closes at its deadline and saves the winner, the tally and the turnout."""
    job = begin()
    cast(job, ada="red", ben="blue", cleo="red")
    assert job.standing == ["first"]
    job.wait("P7D")
    assert job.status == "fulfilled"
    assert job.data["first"] == {
        "winner": "red", "winners": ["red"], "tied": [], "tally": {"red": 2.0, "blue": 1.0, "green": 0.0},
        "cast": 3, "voters": 5, "turnout": Decimal("0.6"),
    }  # fmt: skip


def test_history_says_how_it_ended() -> None:
    """The history holds the vote's outcome, of one that is decided as of one that is not (L5)."""
    decided, tied = begin(), begin()
    cast(decided, ada="red")
    cast(tied, ada="red", ben="blue")
    for job, outcome in ((decided, "decided"), (tied, "tied")):
        job.wait("P7D")
        assert [left.outcome for left in job.told(e.Left) if left.state == "first"] == [outcome]


def test_electorate_is_frozen_when_it_opens() -> None:
    """Who joins later has no vote; who was there has one, though the group has changed."""
    club = list(CLUB)
    job = begin(club=club)
    club.append(Member(id="fay"))
    del club[0]
    with pytest.raises(NotFound):
        cast(job, fay="red")
    cast(job, ada="red")
    with pytest.raises(NotFound):
        job.act("first", answer={"for": "red"}, by=TOM)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "choose an option"),
        ({"for": []}, "choose an option"),
        ({"for": "rde"}, "is no option (did you mean red?)"),
        ({"for": ["red", "blue"]}, "chooses 2; choose at most 1"),
        ({"for": {"red": 1}}, "must be an option's id, not an object"),
        ({"for": "red", "why": "nice"}, "is not asked here"),
    ],
)
def test_bad_ballot_is_refused(answer: Any, words: str) -> None:
    """A ballot for nothing, for too many or for what is no option is refused with the options there are."""
    with pytest.raises(BadAnswer) as refused:
        begin().act("first", answer=answer, by=ADA)
    assert words in refused.value.what
    assert refused.value.possible in (("red", "blue", "green"), ("for",))


def test_unknown_outcome() -> None:
    """The one thing to do on a vote is to vote."""
    with pytest.raises(UnknownOutcome) as refused:
        begin().act("first", "decided", {"for": "red"})
    assert refused.value.possible == ("vote",)


def test_ballot_may_be_changed() -> None:
    """A changed ballot takes the place of the former one."""
    job = begin()
    cast(job, ada="red", ben="red")
    cast(job, ada="blue")
    poll = job.position.root.inners[""]
    assert isinstance(poll, Poll)
    assert (poll.tally, poll.cast) == ({"red": 1.0, "blue": 1.0, "green": 0.0}, 2)


def test_ballot_may_not_be_changed() -> None:
    """With ``changeable: false`` the first ballot is the last, and it is all that counts."""
    job = begin("changeable: false")
    cast(job, ada="red")
    with pytest.raises(NotAllowed, match="cannot be changed"):
        cast(job, ada="blue")
    job.wait("P7D")
    assert job.data["first"]["winner"] == "red"


def test_secret_ballots_are_marked() -> None:
    """Of a secret vote, what tells who voted what is marked in the history; of an open one it is not (L5)."""
    for keys, secret in (("", True), ("secret: false", False)):
        job = begin(keys)
        cast(job, ada="red")
        (told,) = job.told(e.SeatAnswered)
        assert told.secret is secret
        assert told.seat.answer == {"for": ["red"]}
        (moved,) = job.told(e.Moved)
        assert (moved.move, moved.by) == ("vote", "ada")
        assert is_secret(job.compiled, job.step("first")) is secret


def test_saved_result_tells_no_voter() -> None:
    """What is saved names no voter."""
    job = begin()
    cast(job, ada="red", ben="blue")
    job.wait("P7D")
    assert not set(NAMES) & set(str(job.data["first"]).replace("'", " ").split())


def test_form_does_not_show_a_former_ballot() -> None:
    """The form of a vote has the options and how many may be chosen, and nothing of what was voted."""
    job = begin("seats: 2", options="[{id: 1, title: One}, {id: true, title: Sure}, x]")
    before = form(job.compiled, job.position, job.step("first"), job.now, job.world)
    cast(job, ada=[1, True])
    after = form(job.compiled, job.position, job.step("first"), job.now, job.world)
    assert before == after
    (way,) = after.ways
    (asked,) = way.fields
    assert [(one.id, one.title) for one in asked.options] == [("1", "One"), ("true", "Sure"), ("x", "X")]
    assert (way.move, asked.name, asked.shape, asked.min, asked.max) == (True, "for", "several", 1, 2)


def test_several_seats() -> None:
    """With several seats a ballot names up to as many, and those with most weight win, in that order."""
    job = begin("seats: 2")
    cast(job, ada=["red", "blue"], ben=["blue"], cleo="blue", dan=["green", "red"])
    with pytest.raises(BadAnswer, match="twice"):
        cast(job, eve=["red", "red"])
    job.wait("P7D")
    assert job.data["first"]["winners"] == ["blue", "red"]
    assert job.data["first"]["winner"] == "blue"


def test_weights() -> None:
    """A weight is worked out for each member as the vote opens; who weighs nothing has no vote."""
    job = begin("weight: member.shares - 1")
    with pytest.raises(NotFound):
        cast(job, ada="red")
    cast(job, ben="red", cleo="red", eve="blue")
    job.wait("P7D")
    saved = job.data["first"]
    assert (saved["winner"], saved["tally"]["blue"], saved["voters"], saved["turnout"]) == (
        "blue",
        4,
        4,
        Decimal("0.7"),
    )


@pytest.mark.parametrize("weight", ["member.shares - 2", "member.id", "member.shares * 1000000000", "member.height"])
def test_bad_weights_are_refused(weight: str) -> None:
    """A weight below nothing, beyond counting, or that is no number stops the command that would open the vote."""
    with pytest.raises(ExpressionFailed):
        begin(f"weight: {weight}")


def test_quorum() -> None:
    """Below its quorum a vote decides nothing, whoever leads."""
    job = begin("quorum: 0.5")
    cast(job, ada="red", ben="red")
    job.wait("P7D")
    assert job.position.head.end == "nobody"
    assert job.data["first"]["winner"] == ""
    assert job.data["first"]["tally"]["red"] == 2.0


def test_nobody_votes() -> None:
    """A vote in which nobody votes has no quorum, even where none is asked for."""
    job = begin()
    job.wait("P7D")
    assert job.position.head.end == "nobody"


def test_nobody_may_vote() -> None:
    """An electorate of nobody has no quorum at once."""
    assert begin(club=[]).position.head.end == "nobody"


def test_nothing_to_vote_on() -> None:
    """A vote without any option is over at once, and decides nothing."""
    assert begin(options="'{data.need.ids}'", need={"ids": []}).status == "ended"


def test_tie() -> None:
    """A tie ends as tied and names the tied, or goes to the option listed first."""
    job = begin()
    cast(job, ada="green", ben="blue")
    job.wait("P7D")
    assert job.position.head.end == "tied"
    assert job.data["first"]["tied"] == ["blue", "green"]
    first = begin("tie: first")
    cast(first, ada="green", ben="blue")
    first.wait("P7D")
    assert first.data["first"]["winner"] == "blue"


def test_majority_and_two_thirds() -> None:
    """Where the rule asks for more than most, the most may not be enough."""
    for rule, end in (("plurality", "fulfilled"), ("majority", "fulfilled"), ("two_thirds", "tied")):
        job = begin(f"rule: {rule}")
        cast(job, ada="red", ben="red", cleo="red", dan="blue", eve="green")
        job.wait("P7D")
        assert job.position.head.end == end


def test_closes_early_once_certain() -> None:
    """With ``early`` the vote closes when no ballot that is uncast can change it, and not before."""
    job = begin("early: true\n    quorum: 0.8")
    cast(job, ada="red", ben="red", cleo="red")
    assert job.standing == ["first"], "certain, but without a quorum"
    cast(job, dan="blue")
    assert job.status == "fulfilled"
    assert job.data["first"]["winner"] == "red"
    waiting = begin()
    cast(waiting, **dict.fromkeys(NAMES, "red"))
    assert waiting.standing == ["first"], "without early it stays open until the deadline"


def test_listed_people() -> None:
    """People listed by an expression vote, each once, also where the list names one twice."""
    job = begin(of="{people: data.need.ids}", need={"ids": ["ada", "ben", "ada"]})
    assert job.step("first").seats == 2
    cast(job, ben="red")


def test_all_customers() -> None:
    """``of: customers`` asks all customers there are."""
    job = Rehearsal(vote(of="customers"), customers=CLUB)
    assert job.step("first").seats == len(CLUB)


def test_reminder_reaches_the_vote() -> None:
    """A vote reminds like any step."""
    job = begin()
    job.wait("P4D")
    assert len(job.told(e.Reminded)) == 1


def test_options_are_frozen() -> None:
    """The options are those of the opening, by their ids as texts and their titles."""
    job = begin(options="'{data.need.ids}'", need={"ids": [{"id": 7, "title": "Seven"}, "x"]})
    poll = job.position.root.inners[""]
    assert isinstance(poll, Poll)
    assert poll.options == (("7", "Seven"), ("x", "x"))
    cast(job, ada=7)
    job.wait("P7D")
    assert job.data["first"]["winner"] == "7"


def test_ballot_costs_the_same_in_a_large_electorate() -> None:
    """A ballot of thirteen thousand reads one seat, and writes one seat and what it changed of the tally (M3)."""
    club = [Member(id=f"m{n}") for n in range(13_000)]
    job = begin(club=club, options=f"[red, {', '.join(f'colour_number_{n}' for n in range(200))}]")
    read: list[str] = []
    seats, seat = job.position.seats, job.position.seat
    job.position.seats = lambda step: read.append("all") or seats(step)  # type: ignore[method-assign,func-returns-value]
    job.position.seat = lambda step, who: read.append(who) or seat(step, who)  # type: ignore[method-assign,func-returns-value]
    from flowengine.core import commands as c
    from flowengine.core.advance import advance

    act = c.Act(by=voter("m12999"), step=job.step("first").number, answer={"for": "red"})
    done = advance(job.compiled, job.position, act, job.now, job.world)
    assert read == ["person:m12999"]
    assert [type(event) for event in done.events] == [e.SeatAnswered, e.Moved, e.Counted]
    assert len(msgspec.json.encode(done.events)) < 500
    assert {step: list(changed) for step, changed in done.effects.seats.items()} == {act.step: ["person:m12999"]}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["red", "blue", "green"])), max_size=12))
def test_tally_equals_a_recount_of_the_seats(cast_: list[tuple[str, str]]) -> None:
    """However ballots are cast and changed, the tally is that of the ballots that stand."""
    job = begin("weight: double(member.shares) * 0.1")
    for name, choice in cast_:
        cast(job, **{name: choice})
    poll = job.position.root.inners[""]
    assert isinstance(poll, Poll)
    tally = dict.fromkeys(("red", "blue", "green"), 0.0)
    voted = [seat for seat in job.position.seats(job.step("first").number) if seat.answer]
    for seat in voted:
        tally = ballots.add(tally, dict.fromkeys(seat.answer["for"], 1), seat.weight)
    assert (poll.tally, poll.cast) == (tally, len(voted))


def test_one_of_the_voters_is_not_asked_as_another() -> None:
    """A seat is for one person: the job's customer has none unless he is of the electorate."""
    job = begin(club=CLUB[1:])
    with pytest.raises(NotFound):
        job.act("first", answer={"for": "red"}, by=ADA)
    job.act("first", answer={"for": "red"}, by=BEN)
