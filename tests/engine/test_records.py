"""Facts of customers, their record, what is shown of them beside a step, and finding them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flowengine import (
    Ambiguous,
    BadAnswer,
    Database,
    Engine,
    KeyConflict,
    NotAllowed,
    NotFound,
    ProcessRefused,
    Settings,
    SimulatedClock,
    StaleCommand,
)
from flowengine.errors import NotConfigured, Refused

CLINIC = """
process: clinic
title: A visit
need: To be well
roles: {doctor: {}, desk: {}}
closed_to: desk
promise: {by: data.need.day}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: look}
  look: {type: task, for: doctor, closed_to: [doctor], next: bill}
  bill: {type: task, for: desk, shows: {customer: [preference]}, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def clinic(engine: Engine) -> Engine:
    """The engine with a process that is closed to its desk, a doctor, and somebody at the desk."""
    engine.deploy(CLINIC)
    engine.add_staff("dora", "Dora", roles=["doctor"])
    engine.add_staff("dean", "Dean", roles=["desk"])
    engine.add_staff("both", "Both", roles=["desk", "tailor"])
    return engine


# saying something


def test_every_role_reads_and_adds_on_every_customer(engine: Engine) -> None:
    """What one member of staff notes of a customer, every other reads, with who said it (M10)."""
    engine.add_fact("ada", "expectation", "It is ready by May", by="tom")
    (found,) = engine.facts("ada", by="cleo")
    assert (found.kind, found.text, found.author, found.author_name) == (
        "expectation",
        "It is ready by May",
        "tom",
        "Tom",
    )
    assert (found.open, found.shown, found.version) == (True, False, 1)


def test_a_customer_sees_what_he_says_and_what_is_shown_to_him(engine: Engine) -> None:
    """Notes of the organisation stay inside, unless they are shown; ids of staff are not told."""
    engine.add_fact("ada", "note", "Pays late", by="tom")
    shown = engine.add_fact("ada", "note", "We keep your measures", show=True, by="tom")
    own = engine.add_fact("ada", "preference", "Blue", by="ada")
    found = engine.facts("ada", by="ada")
    assert {one.id for one in found} == {shown.id, own.id}
    assert {(one.author, one.author_name) for one in found} == {("", "Tom"), ("ada", "Ada")}
    assert len(engine.facts("ada", by="tom")) == 3


@pytest.mark.parametrize("verb", ["facts", "record", "timeline", "export_person"])
def test_anothers_record_is_as_absent_as_one_that_is_not(engine: Engine, verb: str) -> None:
    """A customer who asks about another is answered as if there were nobody (L4)."""
    said = []
    for whom in ("ben", "zoe"):
        with pytest.raises(NotFound) as refused:
            getattr(engine, verb)(whom, by="ada")
        said.append(str(refused.value).replace(whom, "X"))
    assert said[0] == said[1]


def test_a_customer_adds_to_his_own_record_alone(engine: Engine, suit: Callable[..., str]) -> None:
    """Facts on others, and on jobs and steps of others, are refused as if they were not there."""
    job, other = suit(), suit("ben")
    with pytest.raises(NotFound, match="nobody with the id 'ben'"):
        engine.add_fact("ben", "note", "x", by="ada")
    with pytest.raises(NotFound, match="no job"):
        engine.add_fact("ada", "note", "x", job=other, by="ada")
    (step,) = engine.inbox("ben")
    with pytest.raises(NotFound, match="no step"):
        engine.add_fact("ada", "note", "x", step=step.id, by="ada")
    assert engine.add_fact("ada", "note", "x", job=job, by="ada").job == job
    (step,) = engine.inbox("ada")
    assert engine.add_fact("ada", "note", "y", step=step.id, by="ada").step == step.id


def test_what_cannot_be_a_fact_is_refused(engine: Engine, suit: Callable[..., str]) -> None:
    """Each refusal says what is wrong, and what is possible."""
    other = suit("ben")
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"kind": "wish"}, BadAnswer, "'wish' is no kind of fact"),
        ({"text": " \n "}, BadAnswer, "nothing said"),
        ({"text": "x" * 10_001}, BadAnswer, "10,001 characters; 10,000 are possible"),
        ({"text": "\ud800"}, BadAnswer, "half of a character"),
        ({"person": "tom"}, NotAllowed, "tom is a member of staff"),
        ({"person": "nobody"}, NotFound, "nobody with the id"),
        ({"job": "zzzz"}, NotFound, "no job 'zzzz'"),
        ({"step": "zzzz.1"}, NotFound, "no step 'zzzz.1'"),
        ({"job": other}, BadAnswer, "no job of ada"),
        ({"key": ""}, Refused, "1 to 200 characters"),
        ({"key": "k" * 201}, Refused, "1 to 200 characters"),
    ]
    for changes, error, words in refused:
        given = {"person": "ada", "kind": "note", "text": "x"} | changes
        with pytest.raises(error, match=re.escape(words)):
            engine.add_fact(given.pop("person"), given.pop("kind"), given.pop("text"), by="tom", **given)
    assert engine.facts("ada") == []


def test_the_same_key_says_it_once(engine: Engine) -> None:
    """A request that is sent again is answered as it was, and something else under its key is a conflict (L3)."""
    first = engine.add_fact("ada", "concern", "Too long", by="tom", key="k")
    engine.answer_fact(first.id, "We hurry", by="cleo")
    assert engine.add_fact("ada", "concern", "Too long", by="tom", key="k") == first
    with pytest.raises(KeyConflict):
        engine.add_fact("ada", "concern", "Too short", by="tom", key="k")
    assert engine.add_fact("ada", "concern", "Too long", by="cleo", key="k").id != first.id
    assert len(engine.facts("ada")) == 2


# what becomes of it


def test_a_change_keeps_the_version_before(engine: Engine) -> None:
    """The latest version counts, all are kept; the same again is no version."""
    fact = engine.add_fact("ada", "note", "Left-handed", by="tom")
    new = engine.change_fact(fact.short, "Right-handed", kind="preference", show=True, by="cleo")
    assert (new.id, new.version, new.text, new.kind, new.shown) == (fact.id, 2, "Right-handed", "preference", True)
    assert new.author == "tom"
    assert engine.change_fact(fact.id, "Right-handed", by="tom") == new
    assert engine.facts("ada") == [new]
    assert [one["text"] for one in engine.export_person("ada")["facts"]] == ["Left-handed", "Right-handed"]


def test_what_a_customer_has_said_he_alone_changes(engine: Engine) -> None:
    """Staff answer his words, and do not rewrite them; nor he theirs."""
    own = engine.add_fact("ada", "want", "Pockets", by="ada")
    theirs = engine.add_fact("ada", "note", "Tall", show=True, by="tom")
    for verb in (engine.change_fact, engine.take_back_fact):
        words = ("x",) if verb == engine.change_fact else ()
        with pytest.raises(NotAllowed, match="only who has said it"):
            verb(own.id, *words, by="tom")
        with pytest.raises(NotAllowed, match="only the organisation"):
            verb(theirs.id, *words, by="ada")
    assert engine.change_fact(own.id, "Four pockets", by="ada").text == "Four pockets"


def test_a_concern_is_open_until_it_is_answered(engine: Engine) -> None:
    """The answer stands beside it, once; what waits for none cannot be answered."""
    fact = engine.add_fact("ada", "concern", "Is it late?", by="ada")
    assert [one.id for one in engine.facts("ada", open=True)] == [fact.id]
    done = engine.answer_fact(fact.id, "It is not", by="tom")
    assert (done.open, done.answer, done.answered_by) == (False, "It is not", "Tom")
    assert engine.answer_fact(fact.id, "It is not", by="tom") == done
    with pytest.raises(StaleCommand, match="Tom has answered it already"):
        engine.answer_fact(fact.id, "It is", by="cleo")
    with pytest.raises(StaleCommand, match="was answered"):
        engine.change_fact(fact.id, "Was it late?", by="ada")
    assert engine.facts("ada", open=True) == []
    note = engine.add_fact("ada", "note", "Tall", by="tom")
    with pytest.raises(NotAllowed, match="waits for no answer"):
        engine.answer_fact(note.id, "Yes", by="tom")
    with pytest.raises(NotAllowed, match="may answer what was said of a customer"):
        engine.answer_fact(fact.id, "x", by="ada")


def test_what_is_taken_back_counts_no_more(engine: Engine) -> None:
    """It is in no list and on no screen; who has it can take it back but once, and it is kept."""
    fact = engine.add_fact("ada", "concern", "Is it late?", by="ada")
    gone = engine.take_back_fact(fact.id, by="ada")
    assert gone.taken_back is not None
    assert engine.take_back_fact(fact.id, by="ada") == gone
    assert engine.facts("ada") == []
    assert engine.record("ada").facts == engine.record("ada").lately == ()
    with pytest.raises(StaleCommand, match="taken back"):
        engine.answer_fact(fact.id, "x", by="tom")
    assert len(engine.export_person("ada")["facts"]) == 2


def test_a_fact_is_found_by_the_beginning_of_its_id(engine: Engine) -> None:
    """A beginning that fits several is told, one that fits none, or what is hidden, is as absent."""
    facts = [engine.add_fact("ada", "note", str(number), by="tom") for number in range(2)]
    with pytest.raises(Ambiguous, match="more than one fact"):
        engine.change_fact(facts[0].id[:8], "x", by="tom")
    for text in ("zzzz", "", "x" * 300, facts[0].id + "0"):
        with pytest.raises(NotFound, match="no fact"):
            engine.change_fact(text, "x", by="tom")
    with pytest.raises(NotFound, match="no fact"):
        engine.take_back_fact(facts[0].id, by="ada")


def test_the_id_of_a_person_is_no_fact(engine: Engine) -> None:
    """Asked for as a fact, it answers as one that nobody has, so that nobody learns who is known here."""
    told = []
    for ref in ("ben", "nobody"):
        with pytest.raises(NotFound, match="no fact") as refused:
            engine.change_fact(ref, "Seen", by="ada")
        told.append(str(refused.value).replace(ref, ""))
    assert told[0] == told[1]


def test_pages_of_facts_hold_each_once(engine: Engine, clock: SimulatedClock) -> None:
    """Keyset pages, the newest first, also of facts of one moment; a place that is none is refused."""
    for number in range(7):
        engine.add_fact("ada", "note", str(number), by="tom")
        clock.advance(timedelta(seconds=number % 2))
    found, after = [], ""
    while page := engine.facts("ada", after=after, limit=2):
        assert len(page) <= 2
        found += page
        after = page[-1].place
    assert sorted(one.text for one in found) == [str(number) for number in range(7)]
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    for wrong in ({"after": "x"}, {"limit": 0}, {"limit": 201}, {"kind": "x"}):
        with pytest.raises(BadAnswer):
            engine.facts("ada", **wrong)  # type: ignore[arg-type]


# what is closed to somebody


def test_a_process_that_is_closed_to_a_role_hides_what_was_said_in_it(clinic: Engine) -> None:
    """Who has no other role sees neither its facts, nor its jobs and promises, nor finds by them; others see all."""
    job = clinic.start("clinic", by="ada", need={"day": "2026-06-01"}).job
    clinic.add_fact("ada", "concern", "It hurts badly", job=job, by="dora")
    for who, sees in (("dora", True), ("both", True), ("olga", True), ("tom", True), ("dean", False)):
        record = clinic.record("ada", by=who)
        assert [len(part) for part in (record.facts, record.lately, record.jobs, record.promises)] == [int(sees)] * 4
        assert bool(clinic.facts("ada", by=who)) == sees
        assert any(line.job == job for line in clinic.timeline("ada", by=who)) == sees
        found = clinic.customers("hurts", by=who)
        assert (found.count, len(found.customers)) == (int(sees), int(sees))
        assert bool(clinic.export_person("ada", by=who)["jobs"]) == sees
    with pytest.raises(NotFound, match="no job"):
        clinic.add_fact("ada", "note", "x", job=job, by="dean")


def test_a_job_of_such_a_process_is_as_absent_until_a_step_waits_for_him(
    clinic: Engine, suit: Callable[..., str]
) -> None:
    """Who is shut out finds it in no list, and can neither look at it nor say anything; what waits for him he sees."""
    others = [suit("ada") for _ in range(2)]
    job = clinic.start("clinic", by="ada", need={"day": "2026-06-01"}).job
    others.append(suit("ada"))
    for ask in (clinic.track, clinic.history, clinic.data, lambda job, by: clinic.say(job, "x", by=by)):
        with pytest.raises(NotFound, match="no job"):
            ask(job, by="dean")
    assert clinic.track(job, "both").job == job
    assert [row.id for row in clinic.jobs(by="dean", limit=3)] == others[::-1]
    assert len(clinic.jobs(by="tom", limit=4)) == 4
    clinic.act(clinic.inbox("dora")[0].id, by="dora")
    assert clinic.track(job, "dean").job == job
    assert clinic.step(clinic.inbox("dean")[0].id, by="dean").open


def test_a_state_may_be_closed_alone(clinic: Engine) -> None:
    """What was said on its step is closed to its roles as well; the rest of the process is not."""
    job = clinic.start("clinic", by="ada", need={"day": "2026-06-01"}).job
    (step,) = clinic.inbox("dora")
    said = clinic.add_fact("ada", "note", "At the step", step=step.id, by="olga")
    clinic.add_fact("ada", "note", "At the job", job=job, by="dora")
    assert [one.text for one in clinic.facts("ada", by="dora")] == ["At the job"]
    assert said.step == step.id
    with pytest.raises(NotFound, match="no step"):
        clinic.add_fact("ada", "note", "x", step=step.id, by="dora")


def test_closed_to_names_roles_that_there_are(engine: Engine) -> None:
    """A process that closes its record to a role it does not have is refused."""
    with pytest.raises(ProcessRefused, match="desc"):
        engine.deploy(CLINIC.replace("closed_to: desk", "closed_to: desc"))
    with pytest.raises(ProcessRefused, match="doktor"):
        engine.deploy(CLINIC.replace("closed_to: [doctor]", "closed_to: [doktor]"))


def test_the_installation_closes_kinds_of_facts(engine: Engine, database: Database, clock: SimulatedClock) -> None:
    """To whom a kind is closed neither sees nor adds it; settings that name no kind are refused."""
    closing = Settings(facts_closed_to={"concern": ("cutter",)})
    with Engine(database, clock=clock, handlers={}, settings=closing) as closed:
        closed.add_fact("ada", "concern", "Is it late?", by="tom")
        closed.add_fact("ada", "note", "Tall", by="tom")
        assert [one.kind for one in closed.facts("ada", by="cleo")] == ["note"]
        assert closed.customers("late", by="cleo").count == 0
        with pytest.raises(NotAllowed, match="closed to cutter"):
            closed.add_fact("ada", "concern", "x", by="cleo")
        assert len(closed.facts("ada", by="olga")) == 2
    assert len(engine.facts("ada", by="cleo")) == 2
    assert Settings.from_environment({"FLOW_FACTS_CLOSED_TO": "note=sales driver, want=sales"}).facts_closed_to == {
        "note": ("sales", "driver"),
        "want": ("sales",),
    }
    for wrong in ("wish=sales", "note", "note="):
        with pytest.raises(NotConfigured):
            Settings.from_environment({"FLOW_FACTS_CLOSED_TO": wrong})


# a customer as a whole


def test_the_record_is_what_staff_want_on_one_screen(engine: Engine, suit: Callable[..., str]) -> None:
    """Who he is, what is open in facts and in jobs, his open jobs, and what was said last."""
    job = suit()
    asked = engine.say(job, "Will it shrink?", "concern", by="ada").question
    for kind in ("note", "preference", "expectation", "concern"):
        engine.add_fact("ada", kind, f"A {kind}", by="tom")
    found = engine.record("ada", by="cleo")
    assert (found.customer, found.name, found.ids, found.contacts) == ("ada", "Ada", ("ada",), ("ada@example.org",))
    assert [(one.kind, one.text) for one in found.facts if not one.question] == [
        ("concern", "A concern"),
        ("expectation", "A expectation"),
        ("preference", "A preference"),
    ]
    (said,) = [one for one in found.facts if one.question]
    assert (said.question, said.text, said.job, said.author_name) == (asked, "Will it shrink?", job, "Ada")
    assert len(found.lately) == 3
    assert [row.id for row in found.jobs] == [job]
    engine.answer_fact(engine.facts("ada", kind="concern")[0].id, "No", by="tom")
    engine.act(asked, "answered", {"answer": "No"}, by="tom")
    assert [one.kind for one in engine.record("ada").facts] == ["expectation", "preference"]


def test_a_customer_sees_his_own_record_without_what_is_inside(engine: Engine) -> None:
    """He is told who he is and what he may know, not what is kept of him beside it."""
    engine.add_customer("ada", record={"credit": "bad"})
    engine.add_fact("ada", "concern", "Pays late", by="tom")
    found = engine.record("ada", by="ada")
    assert (found.person.record, found.facts, found.lately) == ({}, (), ())
    assert engine.record("ada", by="tom").person.record == {"credit": "bad"}


def test_a_step_shows_staff_what_is_known_of_its_customer(clinic: Engine) -> None:
    """By default what is open and promised, and the last three facts; else what the state says. Customers are shown
    none of it."""
    clinic.start("clinic", by="ada", need={"day": "2026-06-01"})
    for kind in ("concern", "preference", "note", "want"):
        clinic.add_fact("ada", kind, f"A {kind}", by="tom")
    (item,) = clinic.inbox("dora")
    known = clinic.step(item.id, by="dora").known  # type: ignore[union-attr]
    assert [one.text for one in known.facts] == ["A concern"]
    assert [one.words for one in known.promises] == ["Promised for Mon 1 Jun 2026"]
    assert len(known.lately) == 3
    clinic.act(item.id, by="dora")
    (item,) = clinic.inbox("dean")
    known = clinic.step(item.id, by="dean").known  # type: ignore[union-attr]
    assert ([one.text for one in known.facts], known.promises, known.lately) == (["A preference"], (), ())


def test_customers_are_found_by_words_of_all_that_is_known(engine: Engine) -> None:
    """Each word stands in an id, a name, a contact or a fact, whatever its case and signs; with a count."""
    engine.add_customer("eva", "Éva O'Hara", contact="eva@lund.example")
    engine.add_fact("eva", "note", "Likes 100% Wool_", by="tom")
    for text, ids in {
        "": ["ada", "ben", "eva"],
        "o'hara": ["eva"],
        "ÉVA lund": ["eva"],
        "100% wool_": ["eva"],
        "%": ["eva"],
        "_": ["eva"],
        "ada eva": [],
        "\0": [],
        "tom": [],
    }.items():
        found = engine.customers(text, by="tom")
        assert ([one.id for one in found.customers], found.count) == (ids, len(ids)), text
    first = engine.customers(limit=2, by="tom")
    assert (first.count, [one.id for one in first.customers]) == (3, ["ada", "ben"])
    rest = engine.customers(limit=2, after=first.customers[-1].place, by="tom")
    assert (rest.count, [one.id for one in rest.customers]) == (3, ["eva"])
    many = " ".join(map(str, range(9)))
    for wrong in ({"text": "x" * 201}, {"text": "\ud800"}, {"text": many}, {"after": "x y"}, {"limit": 0}):
        with pytest.raises(BadAnswer):
            engine.customers(**wrong, by="tom")  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        engine.customers(by="ada")


def test_how_a_fact_was_said_each_time(engine: Engine) -> None:
    """The last first, with who has said it so; of somebody else, of nothing, and to a customer what was not shown to
    him then, there is none."""
    engine.add_staff("mia", "Mia", roles=["tailor"])
    engine.add_customer("ben", "Ben")
    fact = engine.add_fact("ada", "preference", "Half lining", by="tom")
    engine.change_fact(fact.id, "Full lining", show=True, by="mia")
    engine.take_back_fact(fact.id, by="tom")
    found = engine.facts("ada", of=fact.id[:30], by="mia")
    assert [(one.version, one.text) for one in found] == [(3, "Full lining"), (2, "Full lining"), (1, "Half lining")]
    assert [one.changed_by for one in found] == [engine.person(who).name for who in ("tom", "mia", "tom")]
    assert found[0].taken_back is not None
    assert [one.version for one in engine.facts("ada", of=fact.id, by="ada")] == [3, 2]
    for whose, of in (("ben", fact.id), ("ada", "zzzz"), ("ada", "ffffffff")):
        with pytest.raises(NotFound):
            engine.facts(whose, of=of, by="mia")
