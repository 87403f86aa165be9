"""A matchday of the members' club through the real engine, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file

SQUAD = (
    *("ansel", "bruno", "cai", "dov", "emil", "falk", "gero", "hanno"),
    *("ivo", "jannik", "kees", "levi", "milo", "nils", "oke", "piet"),
)
ELEVEN = ["ansel", "cai", "dov", "emil", "falk", "hanno", "ivo", "jannik", "kees", "milo", "nils"]
"""One goalkeeper, four defenders, four midfielders, two forwards."""

MEMBERS = [f"m{number:02}" for number in range(1, 41)]


@pytest.fixture
def club(engine: Engine, clock: SimulatedClock) -> Story:
    """A club of forty members with a trainer; the first member sets up the matches."""
    engine.deploy(process_file("club_matchday"))
    for member in MEMBERS:
        engine.add_customer(member, member.upper(), groups=["members"])
    engine.add_customer("guest", "A guest")
    engine.add_staff("tina", "Tina", roles=["trainer"])
    return Story(engine, clock)


def match(story: Story, days: float = 9) -> None:
    """A match in nine days, unless said otherwise."""
    kickoff = (story.clock.now() + timedelta(days=days)).isoformat()
    story.start("club_matchday", "m01", opponent="Northport", kickoff=kickoff, at_home=True)


def all_for(choice: object, members: list[str] = MEMBERS) -> dict[str, object]:
    return dict.fromkeys(members, choice)


def planned(story: Story) -> None:
    match(story)
    story.vote("strategy", all_for("control"))


def lined_up(story: Story) -> None:
    planned(story)
    story.vote("line_up", all_for(ELEVEN))
    story.later(days=2)


def trained(story: Story) -> None:
    lined_up(story)
    story.vote("training", all_for(["pressing", "finishing"]))
    story.later(days=1)
    story.do("tina", "train", "done", report="They ran")


def played(story: Story) -> None:
    trained(story)
    story.later(days=9)
    story.do("tina", "play", "done", ours=2, theirs=1)


def test_the_members_shape_the_whole_matchday(club: Story) -> None:
    """Members set the plan, the eleven and the training, analyse the match, and the job ends fulfilled (L1)."""
    played(club)
    assert "Against Northport: 2 to 1" in str(club.track("m01").to_json())
    club.vote("vote_best", all_for("milo"))
    for _ in range(3):
        club.do("m07", "write", "done", seen="We stood well")
    club.later(days=2)
    assert club.at == {"thanks"}
    club.do("m01", "thanks", "given", rating=5)
    assert (club.status, club.because) == ("fulfilled", "The match was played as the members shaped it")
    assert club.engine.audit(club.job).fine


def test_a_vote_closes_as_soon_as_it_is_certain(club: Story) -> None:
    """With more than half of all members for one plan, nobody has to wait for the rest."""
    match(club)
    club.vote("strategy", all_for("attack", MEMBERS[:20]))
    assert club.at == {"strategy"}
    club.vote("strategy", all_for("attack", MEMBERS[20:21]))
    assert club.at == {"line_up"}
    assert club.shown("m01", "line_up")["Our plan"] == "Attack from the first minute"


def test_a_vote_that_is_not_certain_closes_at_its_deadline(club: Story) -> None:
    """Until its deadline an uncertain vote stays open; how it stands is seen meanwhile, in batches of ten."""
    match(club)
    club.vote("strategy", all_for("attack", MEMBERS[:6]) | all_for("counter", MEMBERS[6:15]))
    assert club.at == {"strategy"}
    club.vote("strategy", all_for("counter", MEMBERS[15:17]) | all_for("attack", MEMBERS[17:20]))
    (tally,) = club.track("m01").tallies
    assert (tally.cast, {one.id: one.votes for one in tally.options}) == (10, {"attack": 6, "control": 0, "counter": 4})
    club.later(days=2)
    assert club.at == {"line_up"}
    assert club.shown("m01", "line_up")["Our plan"] == "Stand deep and counter"


def test_a_missed_quorum_is_voted_on_again_then_left_to_the_trainer(club: Story) -> None:
    """Too few ballots: the vote is repeated once; then the trainer decides and says why."""
    match(club)
    for _ in range(2):
        assert club.at == {"strategy"}
        club.vote("strategy", all_for("attack", MEMBERS[:7]))
        club.later(days=2)
    assert club.at == {"trainer_plans"}
    club.do("tina", "trainer_plans", "done", plan="counter", because="They are fast")
    assert club.at == {"line_up"}
    assert ("Why", "They are fast") in club.track("m01").facts


def test_a_tie_goes_to_a_runoff(club: Story) -> None:
    """When no plan wins more than half, the most votes decide in a second vote; the one listed first wins a tie."""
    match(club)
    club.vote("strategy", all_for("attack", MEMBERS[:10]) | all_for("control", MEMBERS[10:20]) | {"m21": "counter"})
    club.later(days=2)
    assert club.at == {"strategy_runoff"}
    club.vote("strategy_runoff", {"m01": "control", "m02": "counter"})
    club.later(days=1)
    assert club.at == {"line_up"}
    assert club.shown("m01", "line_up")["Our plan"] == "Keep the ball and wait"


def test_a_runoff_without_ballots_is_left_to_the_trainer(club: Story) -> None:
    """When nobody votes in the runoff, somebody still decides."""
    match(club)
    club.vote("strategy", all_for("attack", MEMBERS[:10]) | all_for("control", MEMBERS[10:20]))
    club.later(days=3)
    assert club.at <= {"trainer_plans", "line_up"}


def test_eleven_players_are_picked(club: Story) -> None:
    """The eleven players with most votes play; a ballot with more than eleven is refused."""
    planned(club)
    with pytest.raises(errors.BadAnswer):
        club.vote("line_up", {"m01": list(SQUAD[:12])})
    others = ["bruno", *SQUAD[3:7], *SQUAD[9:12], *SQUAD[13:]]
    club.vote("line_up", all_for(ELEVEN, MEMBERS[:9]) | all_for(others, MEMBERS[9:12]))
    club.later(days=2)
    assert club.at == {"training"}
    assert sorted(club.engine.data(club.job)["players"]) == sorted(ELEVEN)
    assert "Ansel (goal)" in club.shown("m01", "training")["Our players"].split(", ")
    told = dict(club.track("m01").facts)["Our eleven"].split(", ")
    assert len(told) == 11, "all who are picked, and not the first alone"
    assert {"Ansel (goal)", "Cai (defence)", "Milo (attack)"} <= {*told}


def test_a_line_up_has_one_goalkeeper_and_defenders(club: Story) -> None:
    """A ballot with two goalkeepers is refused, and so are the trainer's eleven without one."""
    planned(club)
    with pytest.raises(errors.BadAnswer, match="goalkeeper"):
        club.vote("line_up", {"m01": ["ansel", "bruno", *ELEVEN[2:]]})
    club.later(days=2)
    assert club.at == {"trainer_picks"}
    none = [*ELEVEN[1:], "gero"]
    with pytest.raises(errors.NotAllowed, match="one goalkeeper"):
        club.do("tina", "trainer_picks", "done", players=none, because="Both are ill")
    with pytest.raises(errors.BadAnswer):
        club.do("tina", "trainer_picks", "done", players=[*ELEVEN[:10], "ghost"], because="He is quick")
    club.do("tina", "trainer_picks", "cannot_play", because="Both are ill")
    assert (club.status, club.because) == ("ended", "The match was cancelled")


def test_tied_last_places_are_settled_by_the_trainer(club: Story) -> None:
    """When the last places are tied, the trainer settles them."""
    planned(club)
    club.vote("line_up", all_for(ELEVEN, MEMBERS[:5]) | all_for([*ELEVEN[:10], "piet"], MEMBERS[5:10]))
    club.later(days=2)
    assert club.at == {"last_places"}
    with pytest.raises(errors.BadAnswer):
        club.do("tina", "last_places", "done", players=ELEVEN[:10])
    club.do("tina", "last_places", "done", players=ELEVEN)
    assert club.at == {"training"}


def test_a_line_up_without_quorum_is_picked_by_the_trainer(club: Story) -> None:
    """Too few ballots for the eleven: the trainer picks and says why."""
    planned(club)
    club.vote("line_up", all_for(ELEVEN, MEMBERS[:3]))
    club.later(days=2)
    club.do("tina", "trainer_picks", "done", players=ELEVEN, because="They are fit")
    assert club.at == {"training"}


def test_who_may_vote_is_settled_when_the_vote_opens(club: Story) -> None:
    """Guests do not see a vote, and neither does who joins after it has opened (L4)."""
    match(club)
    club.engine.add_customer("late", "Late", groups=["members"])
    assert club.waiting("guest") == {}
    assert "strategy" not in club.waiting("late")
    with pytest.raises(errors.NotFound):
        club.engine.act(club.step("m02", "strategy"), "vote", {"for": "attack"}, by="guest")
    club.vote("strategy", all_for("attack"))
    assert "line_up" in club.waiting("late")


@pytest.mark.parametrize("hours", [3, 40, 60, 73, 90, 100, 120, 150, 200])
def test_no_vote_is_open_after_kickoff(club: Story, hours: float) -> None:
    """However near the kick-off is, votes end before it; where there is no time for one, the trainer decides."""
    match(club, days=hours / 24)
    kickoff = club.clock.now() + timedelta(hours=hours)
    while club.clock.now() < kickoff - timedelta(hours=1):
        club.later(hours=1)
        for vote in {"strategy", "strategy_runoff", "line_up", "training"} & club.at:
            over = club.engine.step(club.id_of(vote), "m02").due
            assert over is not None
            assert over <= kickoff - timedelta(hours=24)
        if "trainer_plans" in club.at:
            club.do("tina", "trainer_plans", "done", plan="counter", because="No time")
        if "trainer_picks" in club.at:
            club.do("tina", "trainer_picks", "done", players=ELEVEN, because="No time")
    club.until(kickoff)
    assert club.at == {"play"}


def test_a_player_who_is_hurt_is_replaced(club: Story) -> None:
    """By one who does not play yet, a goalkeeper by a goalkeeper; members are told, and work goes on where it was."""
    trained(club)
    club.use("tina", "injured")
    for hurt, instead in (("piet", "oke"), ("milo", "nils"), ("milo", "bruno"), ("ansel", "oke")):
        with pytest.raises(errors.NotAllowed):
            club.do("tina", "substitute", "replaced", hurt=hurt, instead=instead)
    club.do("tina", "substitute", "replaced", hurt="milo", instead="piet")
    assert club.at == {"until_kickoff"}
    assert ("Plays instead", "Piet (attack)") in told(club)
    club.later(days=8)
    assert "Piet (attack)" in club.shown("tina", "play")["Our players"].split(", ")
    assert sorted(club.engine.data(club.job)["players"]) == sorted([*ELEVEN[:9], "nils", "piet"])


def test_nobody_is_replaced_who_can_play_after_all(club: Story) -> None:
    """A false alarm changes nothing."""
    lined_up(club)
    club.use("tina", "injured")
    club.do("tina", "substitute", "nobody_after_all")
    assert club.at == {"training"}


def told(story: Story) -> list[tuple[str, str]]:
    """The lines of all that the members were told."""
    seen = story.engine.track(story.job, "m01")
    return [line for _, _, lines in seen.told for line in lines]


def test_training_without_votes_is_held_all_the_same(club: Story) -> None:
    """When nobody votes on the training, the trainer holds what he thinks best."""
    lined_up(club)
    club.later(days=1)
    assert club.at == {"train"}


def test_an_analysis_that_nobody_writes_ends(club: Story) -> None:
    """The analysis and the player of the match close at their deadlines."""
    played(club)
    club.later(days=4)
    assert club.at == {"thanks"}
    club.later(days=8)
    assert club.status == "fulfilled"


def test_members_add_their_own_questions_to_the_analysis(club: Story) -> None:
    """While the analysis runs, the member who set up the match may add parts to it."""
    played(club)
    club.engine.add(club.job, "lessons", ["Substitutions"], by="m01")
    titles = [item.title for item in club.engine.inbox("m02") if "what did you see" in item.title]
    assert "Substitutions: what did you see against Northport?" in titles
    assert len(titles) == 4


@pytest.mark.parametrize("when", ["match", "planned", "lined_up", "trained"])
def test_a_match_can_be_put_off_at_any_time(club: Story, when: str) -> None:
    """What is decided stays, an open vote begins anew, and the promise follows; members are told."""
    {"match": match, "planned": planned, "lined_up": lined_up, "trained": trained}[when](club)
    before = club.at
    later = club.clock.now() + timedelta(days=30)
    club.use("tina", "postpone", kickoff=later.isoformat(), because="Snow")
    assert club.at == before
    promise = club.track("m01").promise
    assert promise is not None
    assert promise.by.date() == later.date(), "it is kept by playing on that day"
    assert ("Why", "Snow") in told(club)
    with pytest.raises(errors.BadAnswer, match="kickoff"):
        club.use("tina", "postpone", kickoff="2020-01-01T10:00:00Z", because="Snow")


def test_a_match_that_is_put_off_is_played_at_its_new_time(club: Story) -> None:
    """Nobody waits for the old kick-off any more."""
    trained(club)
    later = (club.clock.now() + timedelta(days=20)).isoformat()
    club.use("tina", "postpone", kickoff=later, because="Snow")
    club.later(days=15)
    assert club.at == {"until_kickoff"}
    club.later(days=6)
    assert club.at == {"play"}


def test_a_match_can_be_cancelled_until_it_is_played(club: Story) -> None:
    """The trainer may cancel a match, but not one that was played; the members are told why."""
    played(club)
    with pytest.raises(errors.Refused):
        club.use("tina", "cancel", because="Storm")
    match(club)
    club.use("tina", "cancel", because="Storm")
    assert (club.status, club.because) == ("ended", "The match was cancelled")
    assert ("Why", "Storm") in told(club)


def test_a_match_may_be_broken_off(club: Story) -> None:
    """It has no result then, and ends as that."""
    trained(club)
    club.later(days=9)
    club.do("tina", "play", "broken_off")
    assert (club.status, club.because) == ("ended", "The match was broken off")
