"""``vote`` by approval, ranking and score, with abstentions: ballots, results, certainty, refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import ADA, Rehearsal
from test_kind_vote import NAMES, begin, cast, vote, voter

from flowengine.core import events as e
from flowengine.core.answers import form
from flowengine.core.migrating import Migration
from flowengine.core.values import Poll
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, UnknownOutcome

OPTIONS = ["red", "blue", "green"]
BALLOTS: dict[str, st.SearchStrategy[Any]] = {
    "approval": st.lists(st.sampled_from(OPTIONS), unique=True),
    "ranking": st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True),
    "score": st.dictionaries(st.sampled_from(OPTIONS), st.integers(0, 5), min_size=1),
}


def closed(job: Rehearsal) -> Any:
    """What the vote came to, once its time is over."""
    job.wait("P7D")
    return job.data["first"]


def poll(job: Rehearsal) -> Poll:
    found = job.position.root.inners[""]
    assert isinstance(found, Poll)
    return found


def cast_as_vote(job: Rehearsal, **chosen: Any) -> None:
    for name, choice in chosen.items():
        job.act("first", "vote", {"for": choice}, by=voter(name))


def abstain(job: Rehearsal, *names: str) -> None:
    for name in names:
        job.act("first", "abstain", by=voter(name))


def test_approval_counts_all_that_a_ballot_names() -> None:
    """By approval a ballot names as many as it likes, none among them, and each counts whole."""
    job = begin("method: approval")
    cast(job, ada=["red", "blue"], ben=["blue", "green", "red"], cleo=["blue"], dan=[], eve="green")
    assert closed(job)["tally"] == {"red": 2, "blue": 3, "green": 2}
    assert job.data["first"]["winners"] == ["blue"]
    assert job.data["first"]["cast"] == 5


def test_majority_of_approvals() -> None:
    """Approved by half of the ballots is no majority; who approves of none has said so."""
    job = begin("method: approval\n    rule: majority")
    cast(job, ada=["red"], ben=["red", "blue"], cleo=["blue"], dan=[])
    assert closed(job)["tied"] == ["red", "blue"]


def test_scores_are_summed() -> None:
    """By score the highest sum wins; what a ballot does not name has nothing from it."""
    job = begin("method: score\n    highest: 10")
    cast(job, ada={"red": 10}, ben={"red": 1, "blue": 6}, cleo={"blue": 6, "green": 0})
    saved = closed(job)
    assert (saved["winner"], saved["tally"]) == ("blue", {"red": 11, "blue": 12, "green": 0})


def test_ranking_is_a_run_off() -> None:
    """By ranking it is counted round by round, and the rounds are in the data beside the first preferences."""
    job = begin("method: ranking")
    cast(job, ada=["red"], ben=["red"], cleo=["blue"], dan=["green", "blue"], eve=["blue"])
    saved = closed(job)
    assert (saved["winner"], saved["tally"]) == ("blue", {"red": 2, "blue": 2, "green": 1})
    assert saved["rounds"] == [
        {
            "quota": 3, "tally": {"red": 2, "blue": 2, "green": 1}, "exhausted": 0,
            "elected": [], "eliminated": ["green"],
        },
        {"quota": 3, "tally": {"red": 2, "blue": 3}, "exhausted": 0, "elected": ["blue"], "eliminated": []},
    ]  # fmt: skip


def test_several_seats_are_shared_by_ranking() -> None:
    """With several seats the larger group does not take all of them, as it would by plurality."""
    ballots: dict[str, Any] = {"ada": ["red", "blue"], "ben": ["red", "blue"], "cleo": ["red", "blue"]}
    ballots |= {"dan": ["green"], "eve": ["green"]}
    ranked, named = begin("method: ranking\n    seats: 2"), begin("seats: 2")
    for job in (ranked, named):
        cast(job, **ballots)
    assert closed(ranked)["winners"] == ["red", "green"]
    assert closed(named)["winners"] == ["red", "blue"]


def test_rankings_have_weights() -> None:
    """A ranking counts for the weight of who cast it, also where the quota is no whole number."""
    job = begin("method: ranking\n    weight: double(member.shares) * 0.1")
    cast(job, ada=["red"], ben=["red"], cleo=["red"], dan=["green", "blue"], eve=["blue"])
    saved = closed(job)
    assert saved["winner"] == "blue"
    assert saved["rounds"][0]["quota"] == Decimal("0.750001")


def test_no_rounds_without_a_quorum() -> None:
    """A ranking without a quorum is not counted."""
    job = begin("method: ranking\n    quorum: 0.5")
    cast(job, ada=["red"])
    assert (closed(job)["rounds"], job.position.head.end) == ([], "nobody")


def test_tied_rankings() -> None:
    """A tie that the rounds cannot break ends as tied, or who is listed last of them drops out."""
    for keys, end in (("", "tied"), ("tie: first", "fulfilled")):
        job = begin(f"method: ranking\n    {keys}")
        cast(job, ada=["green"], ben=["blue"])
        job.wait("P7D")
        assert job.position.head.end == end
        assert job.data["first"]["winners"] == ([] if end == "tied" else ["blue"])


@pytest.mark.parametrize(
    ("keys", "answer", "words"),
    [
        ("method: approval", {}, "choose options; an empty list is for none of them"),
        ("method: approval", {"for": ["red", "red"]}, 'names an option twice: "red"'),
        ("method: approval", {"for": ["red", "rde"]}, '"rde" is no option (did you mean red?)'),
        ("method: approval", {"for": {"red": 1}}, "must be an option's id, not an object"),
        ("method: ranking", {"for": []}, "choose an option"),
        ("method: ranking", {"for": ["red", "blue", "red"]}, 'names an option twice: "red"'),
        ("method: ranking", {"for": ["red", None]}, "must be an option's id, not nothing"),
        ("method: score", {}, 'give options scores from 0 to 5, as {"red": 5}'),
        ("method: score", {"for": {}}, "give options scores from 0 to 5"),
        ("method: score", {"for": ["red"]}, "must be an object, not a list; give options scores"),
        ("method: score", {"for": {"red": 6}}, '"red" has the score 6; a whole number from 0 to 5 is possible'),
        ("method: score", {"for": {"red": -1}}, '"red" has the score -1'),
        ("method: score", {"for": {"red": True}}, '"red" has the score true'),
        ("method: score", {"for": {"red": 2.5}}, '"red" has the score 2.5'),
        ("method: score", {"for": {"rde": 1}}, '"rde" is no option (did you mean red?)'),
    ],
)
def test_bad_ballot_is_refused(keys: str, answer: Any, words: str) -> None:
    """A ballot that the method does not know is refused with what is wrong and the options; nothing is counted."""
    job = begin(keys)
    with pytest.raises(BadAnswer) as refused:
        job.act("first", answer=answer, by=ADA)
    assert words in refused.value.what
    assert "the options are red (Red), blue (Blue), green (Green)" in refused.value.what
    assert refused.value.possible == ("red", "blue", "green")
    assert poll(job).cast == 0


def test_more_options_than_can_be_ranked() -> None:
    """A list from an expression that is too long to be ranked stops the command that would open the vote."""
    ids = [f"o{n}" for n in range(101)]
    with pytest.raises(ExpressionFailed, match="gives 101 options; at most 100 can be ranked"):
        begin("method: ranking", options="'{data.need.ids}'", need={"ids": ids})
    begin("method: ranking", options="'{data.need.ids}'", need={"ids": ids[:100]})


@pytest.mark.parametrize(
    ("method", "shape", "kind", "bounds"),
    [
        ("approval", "several", "array", (0, 3)),
        ("ranking", "ranked", "array", (1, 3)),
        ("score", "scores", "object", (0, 5)),
    ],
)
def test_form_says_how_to_vote(method: str, shape: str, kind: str, bounds: tuple[int, int]) -> None:
    """The form tells each door what a ballot of the method is."""
    job = begin(f"method: {method}")
    (way,) = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    (asked,) = way.fields
    assert (asked.shape, asked.type, (asked.min, asked.max)) == (shape, kind, bounds)


def test_abstention_counts_for_the_quorum_only() -> None:
    """Who abstains helps the quorum, and a majority is one of those who did not."""
    job = begin("abstain: true\n    quorum: 0.8\n    rule: majority")
    cast_as_vote(job, ada="red", ben="red", cleo="blue")
    abstain(job, "dan", "eve")
    saved = closed(job)
    assert (saved["winner"], saved["cast"], saved["abstained"], saved["turnout"]) == ("red", 5, 2, 1)


def test_all_abstain() -> None:
    """A vote in which all abstain has its quorum, and nobody wins."""
    for keys in ("", "tie: first", "method: approval", "method: ranking", "method: score"):
        job = begin(f"abstain: true\n    quorum: 1\n    {keys}")
        abstain(job, *NAMES)
        assert closed(job)["winners"] == []
        assert job.position.head.end == "tied"


def test_abstention_may_be_changed() -> None:
    """An abstention is a ballot like others: it takes the place of one, and gives it back."""
    job = begin("abstain: true")
    cast_as_vote(job, ada="red")
    abstain(job, "ada", "ben")
    assert (poll(job).cast, poll(job).abstained, poll(job).tally["red"]) == (2, 2, 0)
    cast_as_vote(job, ada="blue")
    assert (poll(job).cast, poll(job).abstained, poll(job).tally["blue"]) == (2, 1, 1)


def test_abstaining_is_offered_where_it_may_be() -> None:
    """With ``abstain`` there are two things to do, and which is to be said; without it there is no abstaining."""
    job = begin("abstain: true")
    ways = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    assert [(way.outcome, way.title, len(way.fields)) for way in ways] == [
        ("vote", "Vote", 1),
        ("abstain", "Abstain", 0),
    ]
    with pytest.raises(UnknownOutcome) as refused:
        cast(job, ada="red")
    assert refused.value.possible == ("vote", "abstain")
    with pytest.raises(BadAnswer, match="is not asked of who abstains"):
        job.act("first", "abstain", {"for": "red"}, by=ADA)
    with pytest.raises(UnknownOutcome):
        abstain(begin(), "ada")


def test_secret_abstention_is_no_other_move_than_a_vote() -> None:
    """In a secret vote the event that everybody may see does not tell who abstained; in an open one it does."""
    for secret, moves in (("true", ["vote", "vote"]), ("false", ["abstain", "vote"])):
        job = begin(f"abstain: true\n    secret: {secret}")
        abstain(job, "ada")
        cast_as_vote(job, ben="red")
        assert [one.move for one in job.told(e.Moved)] == moves


BOTH = ["red", "blue"]
EARLY: dict[str, tuple[str, list[Any]]] = {
    "approved by more than can be overtaken": ("method: approval", [BOTH, ["red"], ["red"], ["red"]]),
    "two level by approval": ("method: approval", [BOTH, BOTH, BOTH, BOTH, ["red"]]),
    "scores that cannot be reached": ("method: score", [{"red": 5}, {"red": 5}, {"red": 5}]),
    "scores that could be": ("method: score", [{"red": 5}, {"red": 5}, {"red": 4, "blue": 4}, {"red": 1}]),
    "the first of most of all": ("method: ranking", [["red"], BOTH, ["red"]]),
    "the first of most who voted": ("method: ranking", [["red"], ["red"], ["blue"], ["green"], ["red"]]),
    "rankings for two seats": ("method: ranking\n    seats: 2", [BOTH, BOTH, BOTH, BOTH, ["green"]]),
}


@pytest.mark.parametrize("name", EARLY)
def test_closes_early_once_certain(name: str) -> None:
    """With ``early`` it closes with the ballot after which what is left cannot change it, and not before."""
    keys, ballots = EARLY[name]
    job = begin(f"early: true\n    {keys}")
    for voter_, ballot in zip(NAMES, ballots, strict=False):
        assert job.standing == ["first"]
        cast(job, **{voter_: ballot})
    assert job.status != "open"


def test_early_closing_counts_abstentions_as_cast() -> None:
    """With all cast it closes, though some abstained; and an abstention takes away what could overtake."""
    job = begin("early: true\n    abstain: true")
    cast_as_vote(job, ada="red", ben="red")
    abstain(job, "cleo")
    assert job.standing == ["first"]
    abstain(job, "dan")
    assert job.status == "fulfilled"
    assert (job.data["first"]["winner"], job.data["first"]["abstained"]) == ("red", 2)


@pytest.mark.parametrize("method", BALLOTS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_result_is_that_of_the_ballots_that_stand(method: str, data: st.DataObject) -> None:
    """However ballots are cast, changed and taken back for an abstention, the result is as if each had voted once."""
    keys = f"method: {method}\n    abstain: true\n    tie: first\n    weight: double(member.shares) * 0.1"
    changing, straight = begin(keys), begin(keys)
    ballots = st.one_of(st.none(), BALLOTS[method])
    said = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), ballots), max_size=10))
    for job, wanted in ((changing, said), (straight, dict(said).items())):
        for name, ballot in wanted:
            if ballot is None:
                abstain(job, name)
            else:
                cast_as_vote(job, **{name: ballot})
    assert closed(changing) == closed(straight)


PLAYERS = "[{id: ann, at: goal}, {id: bea, at: goal}, {id: cleo, at: field}, {id: dora, at: field}]"


@pytest.mark.parametrize(
    ("method", "ballots"),
    [
        ("approval", [["ann", "bea", "cleo"], ["ann", "bea"], ["ann"]]),
        ("score", [{"ann": 5, "bea": 4, "cleo": 1}, {"bea": 4}, {"ann": 4}]),
    ],
)
def test_limits_hold_for_who_wins_and_not_for_what_a_ballot_says(method: str, ballots: list[Any]) -> None:
    """By approval and score a ballot may name more of a kind than can win; who wins keeps the limits."""
    job = begin(f"method: {method}\n    seats: 2\n    limits: {{at: {{goal: {{max: 1}}}}}}", options=PLAYERS)
    (way,) = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    assert way.fields[0].limits == ()
    cast(job, **dict(zip(NAMES, ballots, strict=False)))
    assert closed(job)["winners"] == ["ann", "cleo"]
    assert job.data["first"]["tally"]["bea"] > job.data["first"]["tally"]["cleo"]


def moved(job: Rehearsal, keys: str) -> Migration:
    return job.migrate(vote(keys))


@pytest.mark.parametrize(
    ("was", "becomes", "stands_in_the_way"),
    [
        ("", "method: score", "1 ballots are cast by plurality"),
        ("method: score", "method: score\n    highest: 9", "1 ballots are cast by score"),
        ("changeable: false", "changeable: false\n    live: 5", "was settled when the vote opened"),
        ("secret: false\n    live: 1", "changeable: false\n    live: 5", "was settled when the vote opened"),
        ("", "abstain: true", ""),
        ("method: ranking", "method: ranking\n    quorum: 0.5", ""),
        ("seats: 2", "seats: 2\n    limits: {at: {goal: 1}}", ""),
    ],
)
def test_another_version_counts_ballots_as_they_were_cast(was: str, becomes: str, stands_in_the_way: str) -> None:
    """What ballots said, and who may see their tally, stays; a version in which it would not cannot be moved to."""
    job = begin(was)
    cast(job, ada={"red": 2} if "score" in was else ["red"])
    obstacles = [one.what for one in moved(job, becomes).obstacles]
    assert [stands_in_the_way in one for one in obstacles] == ([True] if stands_in_the_way else [])


def test_method_may_change_before_anybody_has_voted() -> None:
    """Nothing is lost where no ballot is cast."""
    job = begin()
    assert not moved(job, "method: ranking").obstacles


def test_ballots_of_one_method_are_no_ballots_of_another() -> None:
    """Scores are no answer where ids are asked, and the other way round."""
    with pytest.raises(BadAnswer):
        cast(begin("method: ranking"), ada={"red": 1})
    with pytest.raises(BadAnswer):
        cast(begin("method: score"), ada=["red"])


def test_unchangeable_abstention() -> None:
    """Where ballots cannot be changed, an abstention is as final as a vote."""
    job = begin("abstain: true\n    changeable: false")
    abstain(job, "ada")
    with pytest.raises(NotAllowed, match="cannot be changed"):
        cast_as_vote(job, ada="red")
