"""An idea made real together, through the real engine, on both databases."""

from __future__ import annotations

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file

CIRCLE = [f"c{number:02}" for number in range(1, 13)]
REASON = "The fabric would not hold the weight"


@pytest.fixture
def idea(engine: Engine, clock: SimulatedClock) -> Story:
    """Ada's idea, with two questions to a circle of twelve."""
    engine.deploy(process_file("co_creation"))
    engine.add_customer("ada", "Ada")
    for id in CIRCLE:
        engine.add_customer(id, id.upper(), groups=["circle"])
    engine.add_staff("mia", "Mia", roles=["maker"])
    engine.add_staff("hal", "Hal", roles=["host"])
    questions = ["Would you carry it?", "What would you put in?"]
    story = Story(engine, clock)
    return story.start(
        "co_creation", "ada", title="A bag of offcuts", story="Nothing is thrown away", questions=questions
    )


def talked(story: Story) -> None:
    """Two of the circle answer, Ada replies, and nobody has more to say."""
    for who in CIRCLE[:2]:
        story.do(who, "answer", "done", words="Yes, I would")
        story.do("ada", "reply", "answered", words="Thank you")
    story.later(days=8)


def proposed(story: Story) -> None:
    talked(story)
    story.do("mia", "propose", "done", proposal="A bag with two straps", effort="Three days")


def voted(story: Story, choice: str = "make_it") -> None:
    proposed(story)
    story.do("ada", "agree", "approved")
    story.vote("decide", dict.fromkeys(CIRCLE, choice))


def tried(story: Story, ratings: dict[str, int]) -> None:
    story.do("mia", "prototype", "done", how="Carry it for a week", testers=list(ratings))
    for who, rating in ratings.items():
        story.do(who, "trial", "done", rating=rating, words=f"I say {rating}")


def test_an_idea_is_talked_over_voted_tried_and_adopted(idea: Story) -> None:
    """An idea that the circle wants and that pleases when tried is adopted: fulfilled (L1)."""
    voted(idea)
    tried(idea, {"c01": 5, "c02": 4, "c03": 4})
    idea.do("mia", "adopt", "done", **{"from": "2027-05-01", "words": "The offcut bag"})
    idea.do("ada", "thanks", "given", rating=5, referral={"name": "Ben", "contact": "ben@example.org"})
    assert (idea.status, idea.because) == ("fulfilled", "The idea is part of what we offer")
    assert idea.engine.audit(idea.job).fine


def test_questions_can_be_added_while_they_are_talked_over(idea: Story) -> None:
    """The customer may ask more while the talk runs."""
    idea.engine.add(idea.job, "talk", ["Which colour?"], by="ada")
    asked = [item.title for item in idea.engine.inbox("c05")]
    assert "A bag of offcuts: Which colour?" in asked
    with pytest.raises(errors.BadAnswer):
        idea.engine.add(idea.job, "talk", ["Hm"], by="ada")


def alone(engine: Engine, clock: SimulatedClock) -> Story:
    """Another idea of Ada's, with one question."""
    return Story(engine, clock).start("co_creation", "ada", title="A cap", story="For rain", questions=["Which size?"])


def test_several_talk_over_a_question_one_after_the_other(idea: Story) -> None:
    """Each sees what was said before him, with the names; after three the talk is over, and nobody waits."""
    cap = alone(idea.engine, idea.clock)
    for who, words in (("c01", "Large"), ("c02", "Small"), ("c03", "Both")):
        assert len(cap.waiting(who)) == 1
        cap.do(who, "answer", "done", words=words)
        assert cap.shown("ada", "reply") == {"Said": words}
        cap.do("ada", "reply", "answered" if who == "c01" else "skipped", **({"words": "So?"} if who == "c01" else {}))
        if who == "c02":
            assert cap.shown("c03", "answer")["Said so far"] == "C01: Large\nAda: So?\nC02: Small"
    assert cap.at == {"propose"}
    said = "Which size? C01: Large\nWhich size? Ada: So?\nWhich size? C02: Small\nWhich size? C03: Both"
    assert cap.shown("mia", "propose")["What was said"] == said


def test_nobody_answers_his_own_questions(idea: Story) -> None:
    """Whose idea it is asks the others, also where he is of the circle."""
    idea.engine.import_people([{"id": "ada", "groups": ["circle"]}])
    assert "answer" not in idea.waiting("ada")
    with pytest.raises(errors.NotAllowed):
        idea.engine.act(idea.id_of("answer"), "done", {"words": "Mine"}, by="ada")


def test_whoever_is_worried_is_told_the_reply(idea: Story) -> None:
    """The reply is told to him alone, also where he has left the circle meanwhile."""
    idea.do("c01", "answer", "done", words="I would carry it", concern="Does it tear?")
    assert idea.shown("ada", "reply") == {"Said": "I would carry it", "Worries": "Does it tear?"}
    idea.engine.import_people([{"id": "c01", "groups": []}])
    idea.do("ada", "reply", "answered", words="It is sewn twice")
    _, words, lines = idea.track("c01").told[-1]
    assert words.startswith("Ada has replied to you: ")
    assert dict(lines) == {
        "You said": "I would carry it", "What worries you": "Does it tear?", "The reply": "It is sewn twice",
    }  # fmt: skip
    assert idea.track("c02").told == ()


def test_questions_that_nobody_answers_do_not_stop_the_talk(idea: Story) -> None:
    """After a week without an answer the maker proposes all the same."""
    idea.later(days=8)
    assert idea.at == {"propose"}


def test_the_customer_sees_whether_the_idea_is_still_in_it(idea: Story) -> None:
    """A proposal may be sent back by the one whose idea it was."""
    proposed(idea)
    idea.do("ada", "agree", "changes", words="One strap is enough")
    assert idea.at == {"propose"}
    assert idea.shown("mia", "propose")["Changes that the customer wishes"] == "One strap is enough"
    idea.do("mia", "propose", "done", proposal="One strap", effort="Two days")
    idea.later(days=8)
    assert idea.at == {"decide"}
    assert idea.shown("c01", "decide").get("Said by the one whose idea it is") is None


def test_what_was_said_is_before_the_maker_and_those_who_vote(idea: Story) -> None:
    """Opinions, worries and replies are read in their own words, each with who said it; worries are met."""
    idea.do("c01", "answer", "done", words="I would carry it", concern="Does it tear?")
    idea.do("ada", "reply", "answered", words="It is sewn twice")
    idea.do("c02", "answer", "done", words="A book")
    idea.do("ada", "reply", "skipped")
    idea.later(days=8)
    shown = idea.shown("mia", "propose")
    said = sorted(line.split("? ")[1] for line in shown["What was said"].splitlines())
    assert said == ["Ada: It is sewn twice", "C01: I would carry it", "C02: A book"]
    assert shown["What worries them"] == "C01: Does it tear?"
    idea.do("mia", "propose", "done", proposal="A bag", effort="Three days", concerns="A lining of canvas")
    assert idea.shown("ada", "agree")["What is done about what worries them"] == "A lining of canvas"
    idea.do("ada", "agree", "approved")
    again = idea.shown("c07", "decide")
    assert (again["What was said"], again["What worries them"]) == (shown["What was said"], "C01: Does it tear?")
    assert again["What is done about what worries them"] == "A lining of canvas"
    assert again["Said by the one whose idea it is"] == "My idea is in it"


def test_who_is_not_of_the_circle_has_no_vote_and_nobody_two(idea: Story) -> None:
    """To others the vote is not there; a ballot is final, for the vote closes as soon as nothing can change it."""
    proposed(idea)
    idea.do("ada", "agree", "approved")
    idea.engine.add_customer("eve", "Eve")
    idea.engine.import_people([{"id": "eve", "groups": ["circle"]}])  # after it was opened
    step = idea.id_of("decide")
    for stranger in ("eve", "ada"):
        with pytest.raises(errors.NotFound):
            idea.engine.act(step, "vote", {"for": "make_it"}, by=stranger)
    idea.engine.act(step, "vote", {"for": "leave_it"}, by="c01")
    with pytest.raises(errors.Refused, match="your ballot has been cast"):
        idea.engine.act(step, "vote", {"for": "make_it"}, by="c01")
    assert "decide" not in idea.waiting("c01")


def to_the_vote(story: Story, verdict: str) -> None:
    """Two talk, and three others vote, which is a quorum."""
    proposed(story)
    story.do("ada", "agree", "approved")
    story.vote("decide", dict.fromkeys(("c05", "c06", "c08"), verdict))
    story.later(days=7)


def who_is_told(story: Story, words: str) -> set[str]:
    """Those of all who are told this last."""
    found = set()
    for who in ("ada", *CIRCLE, "eve"):
        try:
            told = story.track(who).told
        except errors.NotFound:
            continue
        if told and told[-1][1].startswith(words):
            found.add(who)
    return found


def test_whoever_talked_voted_or_tried_is_told_that_it_is_adopted(idea: Story) -> None:
    """All of them, and nobody else; with the names of those who talked and tried, not of those who voted."""
    idea.engine.add_customer("eve", "Eve")
    to_the_vote(idea, "make_it")
    idea.do("mia", "prototype", "done", how="Carry it", testers=["c07", "c09", "c10"])
    idea.do("c07", "trial", "done", rating=5, words="It holds")
    idea.do("c09", "trial", "cannot_try_it")
    idea.later(days=15)
    idea.do("mia", "adopt", "done", **{"from": "2027-05-01", "words": "The offcut bag"})
    assert who_is_told(idea, "The idea is part of what we offer") == {
        "ada", "c01", "c02", "c05", "c06", "c08", "c07", "c09",
    }  # fmt: skip
    assert dict(idea.track("c05").told[-1][2]) == {
        "What it became": "The offcut bag", "To be had from": "Saturday, 1 May 2027", "Thought of by": "Ada",
        "Talked over by": "C02, C01", "Voted on": "by 3 of 12, in secret", "Tried by": "C07", "Made by": "Mia",
    }  # fmt: skip


def test_a_secret_vote_is_told_to_nobody_by_name(idea: Story) -> None:
    """Neither the one whose idea it is, nor the maker, nor another voter finds who has voted, or how."""
    to_the_vote(idea, "make_it")
    for who in ("ada", "mia", "c08"):
        seen = str(idea.track(who).to_json())
        assert "C05" not in seen, who
        assert "C06" not in seen, who
    lines = " ".join(line.what for line in idea.engine.history(idea.job))
    assert "C05" not in lines
    assert "C06" not in lines


def test_whoever_talked_or_voted_is_told_the_reason(idea: Story) -> None:
    """An idea that is not made is told to all who took part, with why."""
    to_the_vote(idea, "leave_it")
    shown = idea.shown("hal", "answer_with_reason")
    assert "C01: Yes, I would" in shown["What was said"]
    idea.do("hal", "answer_with_reason", "done", reason=REASON)
    idea.do("ada", "hear", "approved")
    assert who_is_told(idea, "We do not make it") == {"ada", "c01", "c02", "c05", "c06", "c08"}
    assert dict(idea.track("c06").told[-1][2]) == {
        "The reason": REASON, "Thought of by": "Ada", "Talked over by": "C02, C01",
        "Voted on": "by 3 of 12, in secret",
    }  # fmt: skip


def test_whoever_talked_is_told_that_it_was_taken_back(idea: Story) -> None:
    """Nobody talks for nothing: who has said something hears that it goes no further."""
    idea.do("c01", "answer", "done", words="Yes")
    idea.use("ada", "withdraw")
    assert idea.because == "The customer took the idea back"
    assert who_is_told(idea, "Ada has taken the idea back: A bag of offcuts") == {"ada", "c01"}


def test_a_proposal_that_is_not_the_idea_is_answered(idea: Story) -> None:
    """Who does not find the idea in the proposal gets an answer."""
    proposed(idea)
    idea.do("ada", "agree", "declined", words="Not mine")
    assert idea.at == {"answer_with_reason"}


def test_an_idea_that_is_voted_down_is_answered_with_a_reason(idea: Story) -> None:
    """A no of the circle is told with its reason, and the job ends honestly."""
    voted(idea, "leave_it")
    idea.do("hal", "answer_with_reason", "done", reason=REASON)
    assert idea.shown("ada", "hear") == {"The reason": REASON}
    idea.do("ada", "hear", "approved")
    assert (idea.status, idea.because) == ("ended", "The idea was answered with a reason")


@pytest.mark.parametrize(("times", "then"), [(1, {"talk", "answer"}), (3, set())])
def test_an_answer_can_be_questioned(idea: Story, times: int, then: set[str]) -> None:
    """An answer that does not answer is talked over again, with what was said as the question; not for ever."""
    for _ in range(times):
        idea.do("c03", "answer", "done", words="No")
        idea.later(days=8)
        idea.do("mia", "propose", "done", proposal="A bag", effort="Three days")
        idea.do("ada", "agree", "declined", words="Not mine")
        idea.do("hal", "answer_with_reason", "done", reason=REASON)
        idea.do("ada", "hear", "changes", words="Which weight?")
    if then:
        assert idea.at == then
        assert idea.waiting("c01")["answer"].title == "A bag of offcuts: Which weight?"
        assert idea.shown("c01", "answer")["Our reason so far"] == REASON
    else:
        assert idea.status == "ended"


def test_an_answer_may_be_rejected(idea: Story) -> None:
    """Who does not accept the answer has had it all the same: the job ends, and says so."""
    voted(idea, "leave_it")
    idea.do("hal", "answer_with_reason", "done", reason=REASON)
    idea.do("ada", "hear", "declined", words="No")
    assert (idea.status, idea.because) == ("ended", "The idea was answered with a reason")


def test_an_adopted_idea_without_feedback_is_fulfilled(idea: Story) -> None:
    """Feedback is asked for, not demanded."""
    voted(idea)
    tried(idea, {"c01": 5})
    idea.do("mia", "adopt", "done", **{"from": "2027-05-01", "words": "The offcut bag"})
    idea.later(days=15)
    assert idea.status == "fulfilled"


def test_an_answer_that_is_not_heard_ends_too(idea: Story) -> None:
    """Silence after the answer ends the job (L8)."""
    voted(idea, "leave_it")
    idea.do("hal", "answer_with_reason", "done", reason=REASON)
    idea.later(days=15)
    assert idea.status == "ended"


def test_too_few_votes_are_asked_for_once_more(idea: Story) -> None:
    """Without a quorum the vote is repeated once, then the idea is answered."""
    proposed(idea)
    idea.do("ada", "agree", "approved")
    idea.vote("decide", {"c01": "make_it"})
    idea.later(days=7)
    assert idea.at == {"decide"}
    idea.later(days=7)
    assert idea.at == {"answer_with_reason"}


@pytest.mark.parametrize(
    ("says", "then"),
    [
        (["approved", "approved"], {"prototype"}),
        (["changes", "approved"], {"propose"}),
        (["declined", "approved"], {"answer_with_reason"}),
        ([], {"answer_with_reason"}),
    ],
)
def test_a_circle_of_two_minds_leaves_it_to_maker_and_host(idea: Story, says: list[str], then: set[str]) -> None:
    """A tied vote is settled by maker and host together, or answered after a week."""
    proposed(idea)
    idea.do("ada", "agree", "approved")
    idea.vote("decide", dict.fromkeys(CIRCLE[:4], "make_it") | dict.fromkeys(CIRCLE[4:8], "leave_it"))
    idea.later(days=7)
    assert idea.at == {"decide_again"}
    for who, says_this in zip(("mia", "hal"), says, strict=False):
        if "decide_again" in idea.at:
            idea.do(who, "decide_again", says_this, **({"words": "Smaller"} if says_this != "approved" else {}))
    if not says:
        idea.later(days=8)
    assert idea.at == then


def test_a_prototype_that_does_not_please_is_built_again(idea: Story) -> None:
    """What testers found goes into the next prototype; after three the idea is answered with a reason."""
    voted(idea)
    found = []
    for _ in range(2):
        tried(idea, {"c01": 2, "c02": 3})
        found += ["C01, 2 of 5: I say 2", "C02, 3 of 5: I say 3"]
        assert idea.shown("mia", "prototype")["Found when it was tried"] == "\n".join(found)
    tried(idea, {"c01": 2, "c02": 3})
    assert idea.at == {"answer_with_reason"}
    idea.do("hal", "answer_with_reason", "done", reason=REASON)
    idea.do("ada", "hear", "approved")
    assert dict(idea.track("c02").told[-1][2])["Tried by"] == "C01, C02"


def test_testers_who_do_not_answer_are_not_counted(idea: Story) -> None:
    """A trial that is not answered ends; the others' ratings decide, and without any the idea is answered."""
    voted(idea)
    idea.do("mia", "prototype", "done", how="Carry it", testers=["c01", "c02"])
    idea.do("c01", "trial", "done", rating=5, words="Good")
    idea.later(days=15)
    assert idea.at == {"adopt"}


def test_a_prototype_that_nobody_tries_is_answered(idea: Story) -> None:
    """Without a single trial there is nothing to adopt."""
    voted(idea)
    idea.do("mia", "prototype", "done", how="Carry it", testers=["c01"])
    idea.later(days=15)
    assert idea.at == {"answer_with_reason"}


def test_testers_are_picked_from_the_circle(idea: Story) -> None:
    """Whoever is not in the circle is refused, with those who are: nobody waits for a tester who is not there."""
    voted(idea)
    for nobody in ("ghost", "hal", "ada"):
        with pytest.raises(errors.BadAnswer, match="testers") as refused:
            idea.do("mia", "prototype", "done", how="Carry it", testers=["c01", nobody])
        assert "c02" in str(refused.value.possible)


def test_a_tester_who_cannot_try_it_says_so(idea: Story) -> None:
    """He is not waited for, and does not count."""
    voted(idea)
    idea.do("mia", "prototype", "done", how="Carry it", testers=["c01", "c02"])
    idea.do("c01", "trial", "cannot_try_it")
    idea.do("c02", "trial", "done", rating=4, words="Good")
    assert idea.at == {"adopt"}


def test_only_the_invited_try_it(idea: Story) -> None:
    """A trial waits for its own tester and for nobody else (L4)."""
    voted(idea)
    idea.do("mia", "prototype", "done", how="Carry it", testers=["c01", "c02"])
    assert "trial" in idea.waiting("c01")
    assert "trial" not in idea.waiting("c03")


def test_an_idea_can_be_taken_back_until_it_is_voted_on(idea: Story) -> None:
    """The customer may take the idea back while it is talked over."""
    idea.use("ada", "withdraw")
    assert idea.because == "The customer took the idea back"
