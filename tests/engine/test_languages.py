"""A process in several languages: each reads it in his own, and what a job comes to depends on none of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from two_languages import BREAD, TEXTS

from flowengine import Engine, SimulatedClock
from flowengine.client.local import LocalDesk
from flowengine.errors import BadAnswer
from flowengine.people.identities import Identity, reading
from flowengine.runtime.settings import Settings
from flowengine.views.proofs import canonical, summed, verify

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
NEED = {"day": "2026-05-09", "crust": "dark"}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with Engine(database_url, clock=SimulatedClock(START)) as made:
        made.deploy(BREAD + TEXTS)
        made.add_customer("ada", "Ada", language="de")
        made.add_staff("ben", "Ben", roles=["baker"])
        yield made


def english(person: str) -> Identity:
    """Somebody who reads English here."""
    return Identity(person=person, language="en")


def test_what_a_job_asks_is_read_in_the_language_of_who_reads(engine: Engine) -> None:
    """Title, what is shown and what can be chosen, with days and money as that language has them; so is the inbox."""
    assert [one.title for one in engine.need("bread", by="ada").questions] == ["Tag", "Kruste"]
    (crust,) = [one for one in engine.need("bread", by="ada").questions if one.name == "crust"]
    assert [(one.id, one.title) for one in crust.options] == [("dark", "dunkel"), ("light", "hell")]
    job = engine.start("bread", by="ada", need=NEED).job
    (item,) = engine.inbox(by="ada")
    assert item.title == "Wählen Sie das Mehl für Samstag, 9. Mai 2026"
    step = engine.step(item.id, by="ada")
    assert (step.title, step.shown) == (item.title, (("Kruste", "dunkel"),))
    (way,) = step.form.ways
    assert [(one.title, [option.title for option in one.options]) for one in way.fields] == [
        ("Mehlsorte", ["Roggenmehl", "Weizenmehl"])
    ]
    assert way.fields[0].options[0].more == {"description": "Dunkel und kräftig"}
    (same,) = engine.inbox(by=english("ada"))
    assert same.title == "Choose the flour for Saturday, 9 May 2026"
    assert engine.step(item.id, by=english("ada")).shown == (("Crust", "dark"),)
    seen = engine.track(job, by="ada")
    assert (seen.title, [one.words for one in seen.where]) == ("Ein Laib Brot", ["Die Wahl"])
    assert [one.title for one in seen.offers] == ["Nicht mehr"]
    assert engine.track(job, by=english("ada")).title == "A loaf of bread"
    assert [one.title for one in engine.jobs(mine=True, by="ada")] == ["Ein Laib Brot"]
    assert [one.title for one in engine.processes(by="ada")] == ["Ein Laib Brot"]


def baked(engine: Engine, who: Any) -> str:
    """A job on its way to the end, each act by the customer as one who reads so."""
    job = engine.start("bread", by=who, need=NEED).job
    engine.act(f"{job}.{number(engine)}", "chosen", {"flour": "rye"}, by=who)
    engine.act(f"{job}.{number(engine)}", "bake_it", by=who)
    return job


def number(engine: Engine) -> str:
    """The number of the one step that waits for Ada."""
    (item,) = engine.inbox(by="ada")
    return item.id.rpartition(".")[2]


def test_what_was_told_is_read_in_each_language(engine: Engine) -> None:
    """What the process says to who has acted, what he was told on the way, how it ended; to staff as to customers."""
    job = engine.start("bread", by="ada", need=NEED).job
    receipt = engine.act(f"{job}.{number(engine)}", "chosen", {"flour": "rye"}, by="ada")
    assert engine.answered(job, receipt.seq, by="ada").said == "Danke für Roggenmehl, 3,50\xa0€."
    assert engine.answered(job, receipt.seq, by=english("ada")).said == "Thank you for Rye flour, €3.50."
    (item,) = engine.inbox(by="ada")
    assert item.title == "Backen wir Roggenmehl, von Hand?"
    assert [one.title for one in engine.step(item.id, by="ada").form.ways] == ["Backen", "Lassen"]
    assert [one.title for one in engine.step(item.id, by=english("ada")).form.ways] == ["Bake it", "Leave it"]
    engine.act(item.id, "bake_it", by="ada")
    (task,) = engine.inbox(by="ben")
    assert task.title == "Bake Rye flour for Ada"
    assert engine.inbox(by=reading("ben", "de"))[0].title == "Roggenmehl backen für Ada"
    engine.act(task.id, "done", {"grams": 1250.5}, by="ben")
    told = engine.track(job, by="ada").told[0]
    assert told[1:] == ("Ihr Brot von 1.250,5 g ist fertig.", (("Für", "Samstag, 9. Mai 2026"),))
    assert engine.track(job, by="ada").because == "Das Brot ist gebacken"
    assert engine.track(job, by=english("ada")).because == "The bread is baked"
    lines = " ".join(one.what for one in engine.history(job, by=reading("ben", "de")))
    assert "Ihr Brot von 1.250,5 g ist fertig." in lines
    assert "Your bread" not in lines
    assert "Your bread of 1250.5 g is ready." in " ".join(one.what for one in engine.history(job, by="ben"))


def test_what_a_job_comes_to_depends_on_no_language(engine: Engine) -> None:
    """Two jobs, acted on in two languages, have the same data and the same events, but for who has read what."""
    first = baked(engine, "ada")
    (task,) = engine.inbox(by="ben")
    engine.act(task.id, "done", {"grams": 1000}, by="ben")
    second = baked(engine, english("ada"))
    (task,) = engine.inbox(by="ben")
    engine.act(task.id, "done", {"grams": 1000}, by="ben")
    jobs = [first, second]
    data = [engine.data(job, by="ben") for job in jobs]
    assert data[0] == data[1]
    assert data[0]["choose"]["titles"] == {"flour": "Rye flour"}
    kinds = [[event["event"] for line in engine.history(job, by="ben") for event in line.events] for job in jobs]
    assert kinds[0] == kinds[1]
    assert engine.audit().fine


def test_a_receipt_says_what_was_shown_in_which_language(engine: Engine) -> None:
    """In the words that he saw, which the history proves; also when somebody reads it later in another."""
    job = engine.start("bread", by="ada", need=NEED).job
    german = engine.act(f"{job}.{number(engine)}", "chosen", {"flour": "rye"}, by="ada")
    proof = engine.proof(job, german.seq, by=english("ada"))
    assert proof.statement["language"] == "de"
    assert proof.statement["title"] == "Wählen Sie das Mehl für Samstag, 9. Mai 2026"
    assert proof.statement["shown"] == [["Kruste", "dunkel"]]
    assert [one["title"] for one in proof.statement["offered"]] == ["Mehlsorte"]
    checked = verify(canonical(proof))
    assert checked.verdict == "holds"
    assert "In which language it was shown: de" in checked.proves
    said = proof.statement | {"language": "en"}
    assert verify(canonical(summed(replace(proof, statement=said)))).verdict == "forged"
    engine.act(f"{job}.{number(engine)}", "bake_it", by=english("ada"))
    other = engine.proof(job, german.seq + 1, by="ada")
    assert "language" not in other.statement
    assert other.statement["title"] == "Shall we bake Rye flour, by hand?"


def test_a_key_asked_in_two_languages_is_one_request(engine: Engine) -> None:
    """Who sends the same again while he reads another language is given the receipt that he had."""
    job = engine.start("bread", by="ada", need=NEED, key="k").job
    assert engine.start("bread", by=english("ada"), need=NEED, key="k").job == job


def test_a_language_is_ones_own_or_that_of_the_house(database_url: str) -> None:
    """What one reads in here comes first, then one's own language, then that of the installation; else the file's."""
    with Engine(database_url, clock=SimulatedClock(START), settings=Settings(language="de")) as engine:
        engine.deploy(BREAD + TEXTS)
        engine.add_customer("zoe", "Zoe")
        assert engine.need("bread", by="zoe").title == "Ein Laib Brot"
        assert engine.need("bread", by=english("zoe")).title == "A loaf of bread"
        assert engine.need("bread").title == "A loaf of bread"
        engine.set_name("zoe", language="en")
        assert engine.need("bread", by="zoe").title == "A loaf of bread"
        assert LocalDesk(engine, "zoe", language="de").need("bread").title == "Ein Laib Brot"


def test_a_language_that_is_not_spoken_is_refused(engine: Engine) -> None:
    """Of a person; it says which there are."""
    for bad in ("fr", "deutsch", "DE"):
        with pytest.raises(BadAnswer) as refused:
            engine.set_name("ada", language=bad)
        assert "language" in refused.value.problems
        assert "en, de" in refused.value.possible
    assert engine.set_name("ada", language="").language == ""


def test_a_job_that_comes_to_a_version_with_texts_is_told_in_them(engine: Engine) -> None:
    """What was opened before is told anew as it is moved, and what stands in the file is found there."""
    plain = engine.deploy(BREAD).version
    job = engine.start("bread", by="ada", need=NEED).job
    assert engine.inbox(by="ada")[0].title == "Choose the flour for Saturday, 9 May 2026"
    with_texts = engine.deploy(BREAD + TEXTS).version
    assert with_texts != plain
    engine.migrate(job, because="it speaks German now")
    assert engine.inbox(by="ada")[0].title == "Wählen Sie das Mehl für Samstag, 9. Mai 2026"
    assert engine.inbox(by=english("ada"))[0].title == "Choose the flour for Saturday, 9 May 2026"


def test_a_change_of_mind_is_shown_and_done_in_ones_language(engine: Engine) -> None:
    """What it would come to, and that it still comes to that."""
    job = engine.start("bread", by="ada", need=NEED).job
    seen = engine.preview(job, "stop", by="ada")
    assert (seen.about, seen.over) == ("Ein Laib Brot", "Es wurde kein Brot gewünscht")
    assert engine.invoke(job, "stop", preview=seen.digest, by="ada").because == "Es wurde kein Brot gewünscht"
    engine.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]  # it is simulated
    assert engine.jobs(mine=True, by="ada")[0].because == "Es wurde kein Brot gewünscht"


TAKEN = """
process: taken
title: Taken
need: A thing
states:
  need: {type: need, phase: Asking, ask: What is it?, next: look}
  look: {type: approval, phase: Looking, ask: Is it good?, within: P7D,
         on: {approved: thanks, changes: look, declined: given_up, expired: given_up}}
  thanks: {type: feedback, phase: Thanking, ask: How was it?, within: P7D, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled, because: It is good}
  given_up: {type: ended, because: It was not good}
texts:
  de: {Looking: Der Blick, Look: Ansehen, Thanks: Dank, Is it good?: Ist es gut?}
"""


def test_a_history_calls_states_by_their_german_names_and_quotes_in_german_marks(engine: Engine) -> None:
    """Those that names give, also where a phase stands before them; what somebody wrote is as he wrote it."""
    engine.deploy(TAKEN)
    engine.add_staff("olga", "Olga", roles=["operator"])
    job = engine.start("taken", by="ada", need={}).job
    changed = engine.act(f"{job}.{number(engine)}", "changes", {"words": "Longer, please."}, by="ada")
    engine.move(job, "thanks", because="She has said so", by="olga")
    engine.act(f"{job}.{number(engine)}", "given", {"rating": 5, "words": "I helped"}, by="ada")
    lines = [one.what for one in engine.history(job, by=reading("olga", "de"))]
    assert "bat um Änderungen: Ist es gut? („Longer, please.“)" in lines
    assert any("von Ansehen nach Dank" in one for one in lines), lines
    assert any(one.startswith("gab Rückmeldung: 5 („I helped“)") for one in lines), lines
    assert "(“Longer, please.”)" in " ".join(one.what for one in engine.history(job, by="olga"))
    said = engine.answered(job, changed.seq, by="ada").said
    assert "(„Longer, please.“)" in said
    assert "“Longer" in engine.answered(job, changed.seq, by=english("ada")).said


def test_operators_read_in_their_language_what_a_job_waits_for_and_what_jobs_have_taught(engine: Engine) -> None:
    """What is stuck, timers, and tables of insight call states as the process does in that language."""
    engine.deploy(TAKEN)
    engine.add_staff("olga", "Olga", roles=["operator"])
    job = engine.start("taken", by="ada", need={}).job
    for reader, asked in ((reading("olga", "de"), "Ist es gut?"), ("olga", "Is it good?")):
        (waits,) = [one.waits for one in engine.stuck(process="taken", by=reader)]
        assert {one.what for one in waits} == {asked}
        assert {one.what for one in engine.timers(job, by=reader)} == {asked}
    for person in range(5):
        engine.add_customer(f"c{person}", f"C{person}")
        other = engine.start("taken", by=f"c{person}", need={}).job
        (item,) = engine.inbox(by=f"c{person}")
        assert item.job == other
        engine.act(item.id, "approved", {}, by=f"c{person}")
    titles = {}
    for language in ("de", "en"):
        found = engine.insight("taken", by=reading("olga", language))
        titles[language] = {row.title for table in found.tables for row in table.rows if row.state == "look"}
    assert titles == {"de": {"Ansehen"}, "en": {"Look"}}


def test_incidents_call_what_waits_as_its_process_does_in_the_readers_language(engine: Engine) -> None:
    """Work that takes too long, with whom it waits for."""
    engine.add_staff("olga", "Olga", roles=["operator"])
    baked(engine, "ada")
    assert isinstance(engine.clock, SimulatedClock)
    engine.clock.advance(timedelta(days=8))
    engine.run_due()
    german, own = (
        [(one.handler, one.whom) for one in engine.incidents(by=by) if one.kind == "attention"]
        for by in (reading("olga", "de"), "olga")
    )
    assert german == [("Roggenmehl backen für Ada", "Bäckerei")]
    assert own == [("Bake Rye flour for Ada", "Baker")]
