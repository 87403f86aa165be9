"""What a customer asks waits for somebody who answers, and the answer is tied to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flowengine import (
    NOTIFY,
    PROGRAM,
    AlreadyClaimed,
    BadAnswer,
    Database,
    Engine,
    HandlerCall,
    KeyConflict,
    NotAllowed,
    NotFound,
    SimulatedClock,
    StaleCommand,
)
from flowengine.client import SaidView, StaffStep
from flowengine.store.query import Query
from flowengine.store.tables import metadata

MEAL = """
process: meal
title: A meal
need: A meal that he likes
roles: {kitchen: {title: Kitchen}, waiter: {title: Waiter}}
groups: {friends: {title: Friends}}
questions: {for: kitchen, within: P2D}
states:
  need: {type: need, next: cook}
  cook: {type: task, for: waiter, title: Serve it, on: {done: taste}}
  taste: {type: task, for: {group: friends}, title: Taste it, within: P9D, on: {done: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""

Ask = Callable[..., str]


@pytest.fixture
def job(engine: Engine) -> str:
    """A meal of Ada's. Kim and Ken are in the kitchen, Will serves."""
    engine.deploy(MEAL)
    engine.add_staff("kim", "Kim", roles=["kitchen"])
    engine.add_staff("ken", "Ken", roles=["kitchen"])
    engine.add_staff("will", "Will", roles=["waiter"])
    engine.add_customer("fred", "Fred", groups=["friends"])
    return engine.start("meal", by="ada", need={}).job


@pytest.fixture
def ask(engine: Engine, job: str) -> Ask:
    """Somebody asks something; gives the id of the step."""

    def say(text: str = "Is it vegan?", kind: str = "question", by: str = "ada") -> str:
        return engine.say(job, text, kind, by=by).question

    return say


def conversation(engine: Engine, job: str, by: str) -> list[SaidView]:
    return list(engine.track(job, by).conversation)


def whole(engine: Engine) -> bool:
    """What is stored follows from the histories (L5)."""
    return engine.audit().fine


def run(engine: Engine, clock: SimulatedClock, **time: float) -> None:
    """Time passes, and all that is due by then is done."""
    clock.advance(timedelta(**time))
    while engine.run_due().anything:
        pass


# asking


def test_a_question_waits_in_the_inbox_of_those_who_answer(engine: Engine, ask: Ask, clock: SimulatedClock) -> None:
    """It is called by its words, has the deadline of its process, and waits for nobody else."""
    step = ask()
    (item,) = engine.inbox("kim")
    assert (item.id, item.title, item.customer_name, item.asked) == (step, "Is it vegan?", "Ada", "question")
    assert item.due == clock.now() + timedelta(days=2)
    assert [one.title for one in engine.inbox("will")] == ["Serve it"]
    assert engine.inbox("ada") == engine.inbox("ben") == engine.inbox("olga") == []
    assert whole(engine)


def test_the_most_urgent_comes_first(engine: Engine, ask: Ask, clock: SimulatedClock) -> None:
    """Concerns have a week, so that questions which are asked later come before them."""
    ask("It was too salty", "concern")
    clock.advance(timedelta(days=1))
    ask()
    assert [one.title for one in engine.inbox("kim")] == ["Is it vegan?", "It was too salty"]
    assert [one.due for one in engine.inbox("ken")] == [
        datetime(2026, 5, 7, 9, tzinfo=UTC), datetime(2026, 5, 11, 9, tzinfo=UTC),
    ]  # fmt: skip


def test_without_a_word_in_the_file_all_staff_are_asked(engine: Engine, suit: Callable[..., str]) -> None:
    """A process that does not say who answers has any member of staff answer, within two days."""
    job = suit()
    step = engine.say(job, "Which lining?", "question", by="ada").question
    for who in ("tom", "cleo", "olga"):
        assert step in [item.id for item in engine.inbox(who)]
    assert conversation(engine, job, "ada")[0].whom == "any of the staff"


@pytest.mark.parametrize("kind", ["note", "wish", "expectation"])
def test_other_words_wait_for_nobody(engine: Engine, job: str, kind: str) -> None:
    """What wants no answer is said, and no more."""
    receipt = engine.say(job, "Nice", kind, by="ada")
    assert (receipt.question, engine.inbox("kim"), engine.jobs()[0].unanswered) == ("", [], 0)
    assert [(one.kind, one.text, one.status) for one in conversation(engine, job, "ada")] == [(kind, "Nice", "")]


def test_the_job_stands_where_it_stood(engine: Engine, job: str, ask: Ask) -> None:
    """Neither a question nor its answer moves anything, and the operator's list shows how much is unanswered."""
    before = engine.track(job, "olga").where
    ask()
    (row,) = engine.jobs()
    assert (row.states, row.unanswered) == (("cook",), 1)
    assert engine.jobs(by="ada")[0].unanswered == 0
    assert engine.track(job, "olga").where == before
    assert [(wait.what, wait.whom) for wait in engine.stuck()[0].waits] == [
        ("Serve it", "Waiter"), ("Is it vegan?", "Kitchen"),
    ]  # fmt: skip
    assert engine.say(job, "Yes", "answer", by="kim").states == ("cook",)
    assert (engine.jobs()[0].states, engine.jobs()[0].unanswered) == (("cook",), 0)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001, "x" * 100_000])
def test_words_are_held_against_their_bounds(engine: Engine, job: str, text: str) -> None:
    """Nothing, and a book, are refused with what is wrong; nothing waits then."""
    for kind in ("note", "question"):
        with pytest.raises(BadAnswer) as refused:
            engine.say(job, text, kind, by="ada")
        assert list(refused.value.problems) == ["text"]
    assert len(engine.history(job)) == 1


def test_any_signs_are_kept_as_they_are(engine: Engine, job: str, ask: Ask) -> None:
    """Control characters, other writings and line breaks come back as they were said; the step is called by one
    line."""
    text = "Is\nit\x1b[31m \u202evegan\U0001f955?\t" + "And so on. " * 30
    step = ask(text)
    assert conversation(engine, job, "ada")[0].text == text
    view = engine.step(step, "kim")
    assert len(view.title) == 80
    assert "\n" not in view.title
    assert view.shown == (("Ada", text),)
    engine.act(step, answer={"answer": text}, by="kim")
    answer = conversation(engine, job, "ada")[0].answer
    assert answer is not None
    assert answer.text == text
    assert whole(engine)


def test_a_question_is_asked_once_under_a_key(engine: Engine, job: str) -> None:
    """The same request is one question (L3), another under its key a conflict."""
    first = engine.say(job, "Is it vegan?", "question", by="ada", key="k")
    again = engine.say(job, "Is it vegan?", "question", by="ada", key="k")
    assert (again == first, again.repeated, again.question) == (True, True, first.question)
    with pytest.raises(KeyConflict):
        engine.say(job, "Is it vegan?", "concern", by="ada", key="k")
    assert len(engine.inbox("kim")) == 1


def test_who_may_ask(engine: Engine, job: str) -> None:
    """Somebody else's job and one that is not there are alike; who has taken part in it may ask, and reads his own."""
    told = []
    for text in (job, "01890000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound) as refused:
            engine.say(text, "Is it vegan?", "question", by="fred")
        told.append(str(refused.value).replace(text, ""))
    assert told[0] == told[1]
    engine.act(engine.inbox("will")[0].id, by="will")
    engine.act(engine.inbox("fred")[0].id, by="fred")
    step = engine.say(job, "May I have some?", "question", by="fred").question
    engine.say(job, "You may", "answer", to=step, by="kim")
    (seen,) = conversation(engine, job, "fred")
    assert (seen.text, seen.answer is not None and seen.answer.text) == ("May I have some?", "You may")
    assert conversation(engine, job, "ada") == []
    assert engine.track(job, "ada").said == ()


def test_what_staff_ask_stays_inside(engine: Engine, job: str, ask: Ask) -> None:
    """Those inside ask one another; the customer sees neither what they ask nor what is answered (L9)."""
    step = ask("Did she complain?", "concern", by="will")
    engine.say(job, "Not yet", "answer", to=step, by="kim")
    for who in ("kim", "will", "olga"):
        (seen,) = conversation(engine, job, who)
        assert (seen.who, seen.yours, seen.status) == ("Will", who == "will", "answered")
    assert (conversation(engine, job, "ada"), engine.track(job, "ada").said) == ([], ())
    engine.say(job, "We are open on Sunday", "answer", by="will")
    assert [one.text for one in conversation(engine, job, "ada")] == ["We are open on Sunday"]


# answering


def test_an_answer_is_tied_to_its_question(engine: Engine, job: str, ask: Ask, clock: SimulatedClock) -> None:
    """By acting on the step, or by saying it; track shows both together, the history tells what it is to."""
    first, second = ask(), ask("And the soup?")
    clock.advance(timedelta(hours=1))
    receipt = engine.act(first, "answered", {"answer": "Yes"}, by="kim")
    assert (receipt.question, receipt.outcome, receipt.step) == (first, "answered", first)
    assert engine.say(job, "The soup, too", "answer", by="ken").question == second
    seen = conversation(engine, job, "ada")
    assert [(one.text, one.status, one.answer and (one.answer.who, one.answer.text)) for one in seen] == [
        ("Is it vegan?", "answered", ("Kim", "Yes")), ("And the soup?", "answered", ("Ken", "The soup, too")),
    ]  # fmt: skip
    assert [one.at for one in seen] == [clock.now() - timedelta(hours=1)] * 2
    assert [one.answer.at for one in seen if one.answer] == [clock.now()] * 2
    assert [line.what for line in engine.history(job)][1:] == [
        "asked: Is it vegan?",
        "asked: And the soup?",
        "answered: Yes (to: Is it vegan?)",
        "answered: The soup, too (to: And the soup?)",
    ]
    assert engine.track(job, "ada").said == (
        ("Ada", "asked", "Is it vegan?"), ("Ada", "asked", "And the soup?"),
        ("Kim", "answered", "Yes"), ("Ken", "answered", "The soup, too"),
    )  # fmt: skip
    assert (engine.inbox("kim"), whole(engine)) == ([], True)


def test_of_several_one_is_named(engine: Engine, job: str, ask: Ask) -> None:
    """Where several things wait for who answers, they are listed with their words, and nothing is done."""
    first, second = ask(), ask("Too salty", "concern")
    with pytest.raises(BadAnswer) as several:
        engine.say(job, "Yes", "answer", by="kim")
    assert [one.partition(" ")[2] for one in several.value.possible] == ["(Is it vegan?)", "(Too salty)"]
    engine.claim(second, by="ken")
    assert engine.say(job, "Yes", "answer", by="kim").question == first  # the other is Ken's to answer
    assert engine.say(job, "Sorry", "answer", to=second.rpartition(".")[2], by="ken").question == second


def test_only_those_whom_it_waits_for_answer(engine: Engine, job: str, ask: Ask) -> None:
    """Others inside are told who answers; to customers there is no such question (L4)."""
    step = ask()
    with pytest.raises(NotAllowed, match="waits for an answer from Kitchen"):
        engine.say(job, "Yes", "answer", to=step, by="will")
    with pytest.raises(NotAllowed):
        engine.say(job, "Yes", "answer", to=step, by=PROGRAM)
    for text in (step, f"{job}.99"):
        with pytest.raises(NotFound, match="there is no question"):
            engine.say(job, "Yes", "answer", to=text, by="ada")
        with pytest.raises(NotFound):
            engine.act(text, answer={"answer": "Yes"}, by="ada")
    with pytest.raises(NotFound):
        engine.act(step, answer={"answer": "Yes"}, by="will")
    assert engine.say(job, "Yes", "answer", by="will").question == ""  # to nothing in particular
    assert conversation(engine, job, "ada")[0].status == "waiting"


@pytest.mark.parametrize("to", ["x", ".", "1.2.x", "99", "0", "-1", "nonsense.5", "٣", "9" * 20])
def test_what_is_no_question_cannot_be_answered(engine: Engine, job: str, ask: Ask, to: str) -> None:
    """Whatever is typed for a question, it is none, in words."""
    ask()
    with pytest.raises(NotFound, match="there is no question"):
        engine.say(job, "Yes", "answer", to=to, by="kim")
    (serving,) = (item.id for item in engine.inbox("will"))
    with pytest.raises(NotFound, match="there is no question"):
        engine.say(job, "Yes", "answer", to=serving, by="will")


def test_only_an_answer_is_to_something(engine: Engine, job: str, ask: Ask) -> None:
    """Other words name no question."""
    with pytest.raises(BadAnswer, match="only an answer is to something"):
        engine.say(job, "Well", "note", to=ask(), by="kim")


@pytest.mark.parametrize("answer", [{}, {"answer": ""}, {"answer": " "}, {"answer": 5}, {"answer": "x" * 10_001}])
def test_an_answer_says_something(engine: Engine, ask: Ask, answer: dict[str, Any]) -> None:
    """What is no answer is refused, and it goes on waiting."""
    step = ask()
    with pytest.raises(BadAnswer) as refused:
        engine.act(step, answer=answer, by="kim")
    assert list(refused.value.problems) == ["answer"]
    assert [item.id for item in engine.inbox("kim")] == [step]


def test_what_is_answered_is_answered_once(engine: Engine, job: str, ask: Ask) -> None:
    """Who comes later is told what became of it; its step tells who answered."""
    step = ask()
    engine.act(step, answer={"answer": "Yes"}, by="kim")
    for late in (
        lambda: engine.act(step, answer={"answer": "No"}, by="ken"),
        lambda: engine.say(job, "No", "answer", to=step, by="ken"),
        lambda: engine.claim(step, by="ken"),
        lambda: engine.take_back(step, by="ada"),
    ):
        with pytest.raises(StaleCommand, match="it was answered"):
            late()
    view = engine.step(step, "ken")
    assert (view.open, view.title, view.outcome, view.ended_by) == (False, "Is it vegan?", "answered", "kim")


# it is a step like others


def test_it_is_claimed_released_and_handed_on(engine: Engine, job: str, ask: Ask) -> None:
    """All that is done with steps is done with it, and the history tells it by its words."""
    step = ask()
    engine.claim(step, by="kim")
    assert [item.claimed for item in engine.inbox("kim")] == ["kim"]
    assert engine.inbox("ken") == []
    with pytest.raises(AlreadyClaimed):
        engine.act(step, answer={"answer": "No"}, by="ken")
    engine.release(step, by="kim")
    engine.assign(step, "ken", by="kim")
    engine.hand_over("ken", "kim", because="He is ill", by="olga")
    engine.assign(step, "will", by="olga")
    engine.act(step, answer={"answer": "Yes"}, by="will")
    assert [line.what for line in engine.history(job)][2:] == [
        "took: Is it vegan?",
        "gave back: Is it vegan?",
        "handed over to Ken: Is it vegan?",
        "handed over to Kim: Is it vegan? (because: He is ill)",
        "handed over to Will, whom it did not wait for before: Is it vegan?",
        "answered: Yes (to: Is it vegan?)",
    ]
    assert whole(engine)


def test_who_leaves_gives_it_back(engine: Engine, ask: Ask) -> None:
    """What he has claimed waits for the others again; once nobody is left, operators are told, and answer in somebody's
    stead."""
    step = ask()
    engine.claim(step, by="kim")
    engine.leave("kim", because="She has left", by="olga")
    assert [item.id for item in engine.inbox("ken")] == [step]
    engine.leave("ken", because="He has left", by="olga")
    (found,) = engine.incidents(by="olga")
    assert (found.kind, found.id, found.handler) == ("step", step, "Is it vegan?")
    assert "nobody has the role kitchen" in found.error
    engine.assign(step, "will", by="olga")
    engine.act_for(step, "will", answer={"answer": "Yes"}, because="He has told me", by="olga")
    assert (engine.incidents(by="olga"), whole(engine)) == ([], True)


def test_the_step_that_is_meant_is_found(engine: Engine, job: str, ask: Ask) -> None:
    """Where it alone waits for somebody, a job, or nothing, names it."""
    step = ask()
    for text in ("", job):
        found = engine.find_step(text, by="kim")
        assert isinstance(found, StaffStep)
        assert (found.id, found.type, found.purpose, found.possible) == (step, "question", "question", ("answered",))
        assert [field.name for field in found.form.ways[0].fields] == ["answer"]
        assert found.shown == (("Asked by", "Ada"),)


# taking back


def test_who_has_asked_takes_it_back(engine: Engine, job: str, ask: Ask) -> None:
    """Nobody else does; it waits no more, and nothing was answered."""
    step = ask()
    for who, refusal in (("kim", NotAllowed), ("olga", NotAllowed), ("ben", NotFound), (PROGRAM, NotAllowed)):
        with pytest.raises(refusal):
            engine.take_back(step, by=who)
    receipt = engine.take_back(step, by="ada", key="k")
    assert (receipt.outcome, engine.take_back(step, by="ada", key="k").repeated) == ("taken_back", True)
    (seen,) = conversation(engine, job, "kim")
    assert (seen.status, seen.answer, engine.inbox("kim")) == ("taken_back", None, [])
    assert engine.history(job)[-1].what == "took back: Is it vegan?"
    with pytest.raises(StaleCommand, match="it was taken back"):
        engine.take_back(step, by="ada")
    with pytest.raises(NotFound):
        engine.take_back(engine.inbox("will")[0].id, by="ada")
    assert whole(engine)


# time


def test_what_is_not_answered_in_time_is_an_incident(engine: Engine, job: str, ask: Ask, clock: SimulatedClock) -> None:
    """Operators have to look, who asked is told that it takes longer, and it waits until it is answered."""
    step, asked = ask(), clock.now()
    run(engine, clock, days=1.9)
    assert engine.incidents(by="olga") == []
    run(engine, clock, days=0.2)
    (found,) = engine.incidents(by="olga")
    assert (found.kind, found.id, found.handler, found.whom) == ("attention", step, "Is it vegan?", "Kitchen")
    assert (found.since, found.error) == (asked, "it waits longer than it should for an answer from Kitchen")
    seen = engine.track(job, "ada")
    assert (seen.conversation[0].late, seen.takes_longer) == (True, "")  # the meal itself does not
    assert engine.history(job)[-1].what == "nobody has answered in time, so that somebody has to look: Is it vegan?"
    assert [item.id for item in engine.inbox("kim")] == [step]
    engine.act(step, answer={"answer": "Yes"}, by="kim")
    assert (engine.incidents(by="olga"), conversation(engine, job, "ada")[0].late, whole(engine)) == ([], False, True)


def test_without_a_worker_it_is_late_all_the_same(engine: Engine, ask: Ask, clock: SimulatedClock) -> None:
    """Whoever answers late does so after it was noted that nobody had (L13)."""
    step = ask()
    clock.advance(timedelta(days=3))
    engine.act(step, answer={"answer": "Yes"}, by="kim")
    assert [line.who for line in engine.history(step.partition(".")[0])] == ["Ada", "Ada", "clock", "Kim"]
    assert whole(engine)


def test_an_operator_moves_when_it_is_late(engine: Engine, ask: Ask, clock: SimulatedClock) -> None:
    """The deadline of an answer is moved like others, by its step."""
    step, later = ask(), clock.now() + timedelta(days=5)
    engine.move_deadline(step, later, because="The cook is away", by="olga")
    assert engine.inbox("kim")[0].due == later
    run(engine, clock, days=4)
    assert engine.incidents(by="olga") == []
    run(engine, clock, days=1)
    assert [one.id for one in engine.incidents(by="olga")] == [step]
    assert whole(engine)


def test_a_suspended_job_is_spoken_about(engine: Engine, job: str, ask: Ask, clock: SimulatedClock) -> None:
    """People ask and answer while nothing else is done, and no clock runs against them."""
    step = ask()
    engine.suspend(job, because="A fire", by="olga")
    other = ask("When do you open?")
    clock.advance(timedelta(days=9))
    assert engine.run_due().timers == 0
    engine.claim(step, by="kim")
    engine.act(step, answer={"answer": "Yes"}, by="kim")
    engine.resume(job, because="It is out", by="olga")
    assert engine.inbox("kim")[0].due == clock.now() + timedelta(days=2)
    engine.act(other, answer={"answer": "Now"}, by="kim")
    assert whole(engine)


def test_what_was_asked_outlives_the_job(
    engine: Engine, job: str, ask: Ask, clock: SimulatedClock, tmp_path: Path
) -> None:
    """A question about a job that is over is a question: it is asked, answered and late as before, and the job is not
    archived meanwhile."""
    step = ask()
    engine.end(job, "No table", by="olga")
    other = ask("Where is my coat?")
    run(engine, clock, days=3)
    assert [one.id for one in engine.incidents(by="olga")] == [step, other]
    assert engine.archivable(clock.now(), by="olga") == 0
    assert engine.archive(clock.now(), tmp_path / "early", by="olga").jobs == 0
    engine.claim(step, by="kim")
    engine.act(step, answer={"answer": "Yes"}, by="kim")
    engine.take_back(other, by="ada")
    assert (engine.incidents(by="olga"), engine.jobs()[0].unanswered, whole(engine)) == ([], 0, True)
    assert engine.archive(clock.now(), tmp_path / "late", by="olga").jobs == 1
    assert engine.jobs() == []


# another version


def test_in_another_version_others_answer(engine: Engine, job: str, ask: Ask) -> None:
    """What is open waits for those who answer there; who was asked by name keeps it, and who had it by his role has it
    no more."""
    first, second, third = ask(), ask("Too salty", "concern"), ask("No chairs", "concern")
    engine.claim(second, by="ken")
    engine.assign(third, "cleo", by="olga")
    engine.deploy(MEAL.replace("questions: {for: kitchen, within: P2D}", "questions: waiter"))
    engine.migrate(job, by="olga")
    assert [item.id for item in engine.inbox("kim")] == []
    assert [item.title for item in engine.inbox("will")] == ["Is it vegan?", "Too salty", "Serve it"]
    assert (engine.inbox("ken"), [(item.id, item.mine) for item in engine.inbox("cleo")]) == ([], [(third, True)])
    engine.act(first, answer={"answer": "Yes"}, by="will")
    assert whole(engine)


# notices


def test_who_asked_is_told(database: Database, clock: SimulatedClock, job: str) -> None:
    """Those who answer hear of the question by its words, who asked of the answer, and that it takes longer."""
    told: list[dict[str, Any]] = []

    def note(call: HandlerCall) -> None:
        told.append(call.input)

    with Engine(database, clock=clock, handlers={NOTIFY: note}) as noting:
        first = noting.say(job, "Is it vegan?", "question", by="ada").question
        second = noting.say(job, "Too salty", "concern", by="ada").question
        run(noting, clock, days=2)
        noting.act(first, answer={"answer": "Yes"}, by="kim")
        noting.take_back(second, by="ada")
        run(noting, clock, days=0)
    assert [(one["why"], one["step"], one["title"], one["audience"]) for one in told] == [
        ("opened", first, "Is it vegan?", ["role:kitchen"]),
        ("opened", second, "Too salty", ["role:kitchen"]),
        ("unanswered", first, "Is it vegan?", ["person:ada"]),
        ("answered", first, "Is it vegan?", ["person:ada"]),
    ]
    assert told[-1]["answer"] == "Yes"


# words stand once


def test_the_words_stand_in_the_history_alone(database: Database, ask: Ask) -> None:
    """Rows that can be changed or are many hold no copy of what a person wrote."""
    ask("Is it vegan? XYZZY")
    held = {}
    with database.reading() as tx:
        for table in metadata.sorted_tables:
            rows = tx.channel.rows(Query("all", "All rows.", sa.select(table)), {})
            held[table.name] = "XYZZY" in repr(rows)
    assert [name for name, holds in held.items() if holds] == ["flow_history"]
