"""A contribution among members through the real engine, on both databases."""

from __future__ import annotations

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file


@pytest.fixture
def commons(engine: Engine, clock: SimulatedClock) -> Story:
    """Members without a chain of command; Ada has raised a need."""
    engine.deploy(process_file("open_contribution"))
    for id in ("ada", "ben", "cem", "dora", "eve"):
        engine.add_customer(id, id.capitalize())
    story = Story(engine, clock)
    return story.start("open_contribution", "ada", title="Export to a spreadsheet", story="I could reckon with it")


def taken_up(story: Story) -> None:
    story.do("ben", "take_up", "done", plan="A button", by="2027-02-01")


def built(story: Story) -> None:
    taken_up(story)
    story.do("ada", "agree", "approved")
    story.do("ben", "build", "done", link="https://example.org/1", words="There is a button")


def reviewed(story: Story) -> None:
    built(story)
    story.do("cem", "review_one", "good", words="Works")
    story.do("dora", "review_two", "good", words="Works for me")


def test_a_need_is_built_reviewed_and_accepted_by_members(commons: Story) -> None:
    """One raises it, one builds it, two others review it, the first accepts it: fulfilled, with no staff (L1)."""
    reviewed(commons)
    commons.do("ada", "accept", "approved")
    commons.do("eve", "release", "done", version="1.4")
    commons.do("ada", "thanks", "given", rating=5, recommend=True)
    assert (commons.status, commons.because) == ("fulfilled", "What one member needed is there for all")
    assert commons.engine.audit(commons.job).fine


def refused(story: Story, who: str, state: str, outcome: str, **answer: str) -> None:
    """The step is neither in this person's inbox, nor may he act on it when he knows its id."""
    assert state not in story.waiting(who)
    with pytest.raises(errors.NotAllowed):
        story.engine.act(story.id_of(state), outcome, answer, by=who)


def test_nobody_reviews_or_releases_his_own_work(commons: Story) -> None:
    """Nobody reviews what he built or asked for, or releases what he built; the two reviewers are different people."""
    built(commons)
    refused(commons, "ben", "review_one", "good", words="Mine is good")
    refused(commons, "ada", "review_one", "good", words="I need it now")
    commons.do("cem", "review_one", "good", words="Works")
    refused(commons, "ben", "review_two", "good", words="Good")
    refused(commons, "cem", "review_two", "good", words="Good")
    refused(commons, "ada", "review_two", "good", words="I need it now")
    commons.do("dora", "review_two", "good", words="Good")
    commons.do("ada", "accept", "approved")
    refused(commons, "ben", "release", "done", version="1")


def test_who_raised_it_is_not_asked_to_build_it(commons: Story) -> None:
    """What one needs others build: the work is not offered to whose need it is, also where the plan is changed."""
    refused(commons, "ada", "take_up", "done", name="Ada", plan="Mine", by="2027-02-01")
    taken_up(commons)
    commons.do("ada", "agree", "changes", words="No button")
    refused(commons, "ada", "plan_again", "done", plan="Mine", by="2027-02-01")


def test_open_work_is_claimed_and_handed_on(commons: Story) -> None:
    """Whoever claims open work has it alone, may give it back, or hand it to another."""
    step = commons.step("ben", "take_up")
    commons.engine.claim(step, by="ben")
    plan = {"plan": "Mine", "by": "2027-02-01"}
    with pytest.raises(errors.AlreadyClaimed):
        commons.engine.act(step, "done", plan, by="cem")
    commons.engine.assign(step, "cem", by="ben")
    with pytest.raises(errors.AlreadyClaimed):
        commons.engine.act(step, "done", plan, by="ben")
    commons.engine.release(step, by="cem")
    commons.do("dora", "take_up", "done", plan="Hers", by="2027-02-01")
    assert commons.shown("ada", "agree")["Built by"] == "Dora"


def test_a_claim_of_one_who_went_away_returns_by_itself(commons: Story) -> None:
    """Nobody has to take it from him: after a week it waits for all again, and the history says who had it."""
    step = commons.step("ben", "take_up")
    commons.engine.claim(step, by="ben")
    commons.later(days=7)
    assert "take_up" in commons.waiting("dora")
    told = [line.what for line in commons.engine.history(commons.job)]
    returned = "Ben had claimed it for long enough, and it waits for all again"
    assert told[-1] == f"{returned}: Who builds this: Export to a spreadsheet?"
    commons.do("dora", "take_up", "done", plan="Hers", by="2027-02-01")


def test_all_who_took_part_are_named_when_it_is_released(commons: Story) -> None:
    """Who needed it, built, reviewed and released it: by who they are, not by what somebody typed."""
    reviewed(commons)
    commons.do("ada", "accept", "approved")
    commons.do("eve", "release", "done", version="1.4")
    for who in ("ada", "ben", "eve"):
        _, words, lines = commons.track(who).told[-1]
        assert words.startswith("It is released")
        assert dict(lines) == {
            "Released as": "1.4", "To see at": "https://example.org/1",
            "Needed by": "Ada", "Built by": "Ben", "Reviewed by": "Cem, Dora", "Released by": "Eve",
        }  # fmt: skip


def test_a_builder_may_hand_on_what_he_cannot_finish(commons: Story) -> None:
    """Work that is handed on looks for another builder; the need is not lost."""
    taken_up(commons)
    commons.do("ada", "agree", "approved")
    commons.do("ben", "build", "hand_on", words="No time, sorry")
    assert "take_up" in commons.waiting("cem")


def test_a_review_can_ask_for_changes(commons: Story) -> None:
    """Changes asked for by either reviewer go to the builder, with the reviewer's words."""
    built(commons)
    commons.do("cem", "review_one", "change_it", words="It forgets the header")
    assert commons.shown("ben", "build")["Asked for in the first review"] == "It forgets the header"
    commons.do("ben", "build", "done", link="https://example.org/2", words="Header kept")
    commons.do("cem", "review_one", "good", words="Good now")
    commons.do("dora", "review_two", "change_it", words="Umlauts")
    assert commons.shown("ben", "build")["Asked for in the second review"] == "Umlauts"


def test_the_plan_is_agreed_with_the_one_who_needs_it(commons: Story) -> None:
    """The plan may be sent back with words, is then changed, or left for another to take up."""
    taken_up(commons)
    commons.do("ada", "agree", "changes", words="No button, a command")
    assert commons.shown("ben", "plan_again")["Wished for"] == "No button, a command"
    commons.do("ben", "plan_again", "done", plan="A command", by="2027-02-02")
    assert commons.shown("ada", "agree")["The plan"] == "A command"
    commons.do("ada", "agree", "declined", words="Let another try")
    assert commons.at == {"take_up"}


def unanswered(story: Story) -> None:
    """Ada says nothing to the plan, or to what is built, though she is reminded."""
    story.later(days=15)


def test_silence_about_the_plan_is_no_agreement(commons: Story) -> None:
    """It is told, and handed to somebody else who needs it; the builder himself cannot agree to his plan."""
    taken_up(commons)
    unanswered(commons)
    assert commons.at == {"speak_for_plan"}
    assert "Nobody has said whether the plan is right" in str(commons.track("ada").to_json())
    refused(commons, "ben", "speak_for_plan", "plan_is_right", words="Mine is right")
    commons.do("eve", "speak_for_plan", "plan_is_right", words="I need it for my tables")
    assert commons.at == {"build"}


def test_who_speaks_for_a_plan_may_ask_for_changes(commons: Story) -> None:
    """What others wish for is told to the builder."""
    taken_up(commons)
    unanswered(commons)
    commons.do("eve", "speak_for_plan", "change_it", words="Keep the header")
    assert commons.shown("ben", "plan_again")["Wished for by others"] == "Keep the header"


def test_a_plan_that_nobody_speaks_for_is_not_built(commons: Story) -> None:
    """Where nobody who needs it answers, it ends, and says so."""
    taken_up(commons)
    unanswered(commons)
    commons.later(days=15)
    assert (commons.status, commons.because) == ("ended", "Nobody who needs it said whether it is right")


def test_a_plan_that_is_not_changed_is_open_again(commons: Story) -> None:
    """A plan sent back that nobody changes is open to others again."""
    taken_up(commons)
    commons.do("ada", "agree", "changes", words="Otherwise")
    commons.later(days=15)
    assert commons.at == {"take_up"}


def test_work_that_is_never_finished_is_open_again(commons: Story) -> None:
    """After a month without a result others may take it up."""
    taken_up(commons)
    commons.do("ada", "agree", "approved")
    commons.later(days=31)
    assert commons.at == {"take_up"}


@pytest.mark.parametrize(
    ("outcome", "at"), [("approved", {"take_up"}), ("declined", set()), ("changes", {"say_it_better"}), ("", set())]
)
def test_a_need_that_nobody_takes_up_is_asked_about(commons: Story, outcome: str, at: set[str]) -> None:
    """A need that stays alone for a month is asked about: still needed, put better, or gone (L8)."""
    commons.later(days=31)
    assert commons.at == {"still_needed"}
    if outcome:
        commons.do("ada", "still_needed", outcome, **({"words": "Like this"} if outcome == "changes" else {}))
    else:
        commons.later(days=15)
    if at:
        assert commons.at == at
    else:
        assert (commons.status, commons.because) == ("ended", "The need is gone")


def test_a_need_can_be_put_better(commons: Story) -> None:
    """What is needed may be said anew, and is then offered in the new words; else it is gone."""
    commons.later(days=31)
    commons.do("ada", "still_needed", "changes", words="I mean something else")
    commons.do("ada", "say_it_better", "answered", title="Export as CSV", story="For my tables")
    assert commons.waiting("ben")["take_up"].title == "Who builds this: Export as CSV?"
    commons.later(days=31)
    commons.do("ada", "still_needed", "changes", words="Once more")
    commons.later(days=15)
    assert commons.status == "ended"


def test_late_reviews_do_not_stop_the_work(commons: Story) -> None:
    """A review that nobody writes is offered again, the second as the first: it does not count as a good one."""
    built(commons)
    commons.later(days=15)
    assert commons.at == {"nudge_one"}
    commons.later(days=3)
    commons.do("cem", "review_one", "good", words="Works")
    commons.later(days=15)
    assert commons.at == {"nudge_two"}
    commons.later(days=3)
    commons.do("dora", "review_two", "good", words="Works")
    shown = commons.shown("ada", "accept")
    assert (shown["First review"], shown["Second review"]) == ("good", "good")


def test_a_review_that_nobody_writes_is_left_to_the_one_who_needs_it(commons: Story) -> None:
    """It is offered three times; then whoever needs it judges for himself, and is told that nobody has (L8)."""
    built(commons)
    for _ in range(2):
        commons.later(days=15)
        commons.later(days=3)
        assert commons.at == {"review_one"}
    commons.later(days=15)
    commons.later(days=3)
    shown = commons.shown("ada", "accept")
    assert (shown["First review"], shown["Second review"]) == ("nobody has reviewed it", "nobody has reviewed it")


def test_what_nobody_releases_ends_as_that(commons: Story) -> None:
    """A release is offered four times; then the job ends, and says why (L8)."""
    reviewed(commons)
    commons.do("ada", "accept", "approved")
    for _ in range(4):
        assert commons.at == {"release"}
        commons.later(days=14)
        commons.later(days=1)
    assert (commons.status, commons.because) == ("ended", "It is built, and nobody released it")


def test_acceptance_decides(commons: Story) -> None:
    """The one who needs it asks for changes, is not kept waiting, and may decline."""
    reviewed(commons)
    commons.do("ada", "accept", "changes", words="Without quotes")
    assert commons.shown("ben", "build")["Asked for by the one who needs it"] == "Without quotes"
    commons.do("ben", "build", "done", link="https://example.org/3", words="No quotes")
    commons.do("cem", "review_one", "good", words="Works")
    commons.do("dora", "review_two", "good", words="Works")
    commons.do("ada", "accept", "declined", words="I no longer need it")
    assert (commons.status, commons.because) == ("ended", "The need is gone")


def test_silence_at_the_end_accepts_nothing(commons: Story) -> None:
    """What is built waits for somebody else who needs it, who must not be its builder; then it is released."""
    reviewed(commons)
    unanswered(commons)
    assert commons.at == {"speak_for_it"}
    assert "It waits for somebody who needs it too" in str(commons.track("ada").to_json())
    refused(commons, "ben", "speak_for_it", "it_does", words="It does")
    commons.do("eve", "speak_for_it", "change_it", words="Without quotes")
    assert commons.shown("ben", "build")["Asked for by others who need it"] == "Without quotes"
    commons.do("ben", "build", "done", link="https://example.org/3", words="No quotes")
    commons.do("cem", "review_one", "good", words="Works")
    commons.do("dora", "review_two", "good", words="Works")
    unanswered(commons)
    commons.do("eve", "speak_for_it", "it_does", words="My tables are right")
    commons.do("eve", "release", "done", version="1")
    commons.do("ada", "thanks", "skipped")
    assert commons.status == "fulfilled"


def test_what_nobody_speaks_for_is_not_released(commons: Story) -> None:
    """Built, and nobody who needs it says a word: it ends as that."""
    reviewed(commons)
    unanswered(commons)
    commons.later(days=31)
    assert (commons.status, commons.because) == ("ended", "Nobody who needs it said whether it is right")


def test_the_need_can_be_withdrawn_until_it_is_accepted(commons: Story) -> None:
    """The one who raised it may withdraw it, others may not (L4)."""
    taken_up(commons)
    with pytest.raises(errors.Refused):
        commons.use("ben", "withdraw")
    commons.use("ada", "withdraw")
    assert commons.because == "The need is gone"


def test_a_need_that_was_raised_elsewhere_begins_a_contribution(commons: Story) -> None:
    """A forum raises a need for a member by a message: it begins as his own would."""
    raised = {"by": "ben", "title": "A darker theme", "story": "My eyes would rest"}
    receipt = commons.engine.send("need_raised", body=raised, request_key="post-7")
    assert receipt.started
    job = commons.engine.track(receipt.job, "ben")
    assert [place.words for place in job.where] == ["Looking for somebody to build it"]
    commons.job = receipt.job
    refused(commons, "ben", "take_up", "done", plan="Mine", by="2027-02-01")
    with pytest.raises(errors.BadAnswer):
        commons.engine.send("need_raised", body=raised | {"title": "No"})
