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
    """Both questions are answered by the circle, and Ada replies."""
    for who in CIRCLE[:2]:
        story.do(who, "answer", "done", words="Yes, I would")
        story.do("ada", "reply", "answered", words="Thank you")


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
    talked(idea)
    assert idea.at == {"talk", "answer"}
    idea.do("c05", "answer", "done", words="Green")
    idea.later(days=4)
    assert idea.at == {"propose"}


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
    assert idea.shown("c01", "decide")["Said by the one whose idea it is"] == "nothing"


def test_what_was_said_is_before_the_maker_and_those_who_vote(idea: Story) -> None:
    """Opinions, worries and the customer's replies are read in their own words."""
    idea.do("c01", "answer", "done", words="I would carry it", concern="Does it tear?")
    idea.do("ada", "reply", "answered", words="It is sewn twice")
    idea.do("c02", "answer", "done", words="A book")
    idea.do("ada", "reply", "answered")
    shown = idea.shown("mia", "propose")
    assert sorted(shown["Said by the circle"].split(", ")) == ["A book", "I would carry it"]
    assert shown["What worries them"] == "Does it tear?"
    assert shown["Replied by the customer"] == "It is sewn twice"
    idea.do("mia", "propose", "done", proposal="A bag", effort="Three days")
    idea.do("ada", "agree", "approved")
    shown = idea.shown("c07", "decide")
    assert sorted(shown["Said in the circle"].split(", ")) == ["A book", "I would carry it"]
    assert shown["Said by the one whose idea it is"] == "My idea is in it"


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
        for who in [item for item in CIRCLE if "answer" in idea.waiting(item)][:2]:
            if "answer" in idea.waiting(who):
                idea.do(who, "answer", "done", words="No")
                idea.do("ada", "reply", "answered")
        idea.do("mia", "propose", "done", proposal="A bag", effort="Three days")
        idea.do("ada", "agree", "declined", words="Not mine")
        idea.do("hal", "answer_with_reason", "done", reason=REASON)
        idea.do("ada", "hear", "changes", words="Which weight?")
    if then:
        assert idea.at == then
        assert idea.waiting("c01")["answer"].title == "A bag of offcuts: Which weight?"
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
    for _ in range(2):
        tried(idea, {"c01": 2, "c02": 3})
        assert idea.shown("mia", "prototype")["Said at the last trial"] == "I say 2, I say 3"
    tried(idea, {"c01": 2, "c02": 3})
    assert idea.at == {"answer_with_reason"}


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
