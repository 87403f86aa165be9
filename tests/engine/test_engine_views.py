"""What the engine shows: to whom, and what not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from engine_flows import SUIT

from flowengine import (
    Actor,
    CustomerTrack,
    Database,
    Engine,
    NotAllowed,
    NotFound,
    ProcessRefused,
    SimulatedClock,
    StaffTrack,
    load,
)
from flowengine.views import replies

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]


def test_a_customer_sees_phases_and_his_own_answers(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A customer is told phases, his own steps and answers, and what is marked to be shown; nothing else (L9)."""
    job = suit(guests=120)
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.act(step_of(job, "cleo"), "done", {"note": "He is very fat", "waste": 3}, by="cleo")
    seen = engine.track(job, "ada")
    assert [place.words for place in seen.where] == ["Making your suit"]
    assert isinstance(seen, CustomerTrack)
    assert seen.waiting == ()
    assert seen.ahead == ("Does it fit?",)
    assert seen.facts == (
        ("Occasion", "A wedding"),
        ("Guests", "120"),
        ("Cloth", "Navy flannel"),
        ("Price", "420"),
        ("Waste", "3 cm"),
    )
    assert "fat" not in str(seen.to_json())


def test_data_is_given_as_it_is_saved(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """The program, staff and operators are given all data as values; a customer what he may know of his own (L9)."""
    job = suit(guests=80)
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.act(step_of(job, "cleo"), "done", {"note": "Mind the nap", "waste": 12.5}, by="cleo")
    whole = engine.data(job)
    assert whole == engine.data(job, by="tom") == engine.data(job, by="olga")
    assert whole["need"] == {"occasion": "A wedding", "guests": 80}
    assert (whole["choose"]["cloth"], whole["choose"]["price"]) == ("navy", 420)
    assert whole["cut"] == {"note": "Mind the nap", "waste": 12.5}
    assert engine.data(job, by="ada") == {
        "need": {"occasion": "A wedding", "guests": 80},
        "choose": whole["choose"],
        "cut": {"waste": 12.5},
    }
    with pytest.raises(NotFound):
        engine.data(job, by="ben")


def test_staff_see_where_it_stands(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Staff and operators see the states, all that is known, and for whom each step waits."""
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "grey"}, by="ada")
    engine.act(step_of(job, "cleo"), "done", {"note": "Mind the collar"}, by="cleo")
    for who, mine in (("tom", True), ("cleo", False), ("olga", False)):
        seen = engine.track(job, who)
        assert isinstance(seen, StaffTrack)
        assert [place.state for place in seen.where] == ["sew"]
        assert [(waiting.whom, waiting.for_you) for waiting in seen.waiting] == [("Tailor", mine)]
        assert ("Note to the tailor", "Mind the collar") in seen.facts


def test_no_field_of_a_customers_view_holds_a_state(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """What a customer is answered names no state of the process, in its types and in its values (L9)."""
    job, seen = suit(), []
    for who, outcome, answer in (
        ("ada", "chosen", {"cloth": "navy"}), ("cleo", "done", {"note": "fat"}), ("tom", "done", {}),
        ("ada", "approved", {}),
    ):  # fmt: skip
        step, items = step_of(job, who), engine.inbox("ada")
        seen += [engine.track(job, "ada"), *items, *(engine.step(item.id, "ada") for item in items)]
        receipt = engine.act(step, outcome, answer, by=who)
        seen += [receipt] if who == "ada" else []
    seen.append(engine.track(job, "ada"))
    inner = {"need", "choose", "cut", "sew", "accept", "gone", "withdrawn"} | {"fat"}
    assert inner.isdisjoint(_texts([one.to_json() for one in seen]))
    kinds = [kind for name, kind in vars(replies).items() if name.startswith("Customer")]
    assert {type(one) for one in seen} <= {*kinds, replies.Receipt}
    assert [kind for kind in kinds if "state" in getattr(kind, "__struct_fields__", ())] == []


def _texts(value: Any) -> set[str]:
    """All texts in plain values, keys left out."""
    if isinstance(value, dict | list | tuple):
        return {text for one in (value.values() if isinstance(value, dict) else value) for text in _texts(one)}
    return {value} if isinstance(value, str) else set()


def test_another_customers_job_does_not_exist(engine: Engine, suit: Suit) -> None:
    """A customer who has no part in a job cannot look at it (L4)."""
    job = suit()
    with pytest.raises(NotFound) as foreign:
        engine.track(job, "ben")
    absent = job[:-1] + ("0" if job[-1] != "0" else "1")
    with pytest.raises(NotFound) as missing:
        engine.track(absent, "ben")
    assert foreign.value.what.replace(job, "X") == missing.value.what.replace(absent, "X")


def test_a_step_shows_all_that_is_needed_to_act(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A step tells its title, deadline, what is possible, and each question with its options."""
    job = suit()
    view = engine.step(step_of(job, "ada"), "ada")
    assert (view.title, view.type, view.possible) == ("Choose your cloth", "choice", ("chosen",))
    assert view.due == engine.clock.now() + timedelta(days=7)
    way = view.form.way("chosen")
    assert way is not None
    assert [(option.id, option.price) for option in way.fields[0].options] == [("navy", 420), ("grey", 380)]
    assert view.to_json()["form"]["ways"][0]["outcome"] == "chosen"
    assert engine.step(view.id, "olga").id == view.id


def test_an_inbox_has_the_most_pressing_first(engine: Engine, clock: SimulatedClock, suit: Suit) -> None:
    """Steps with a deadline come before those without, the nearest first; the number of steps is bounded."""
    first = suit()
    clock.advance(timedelta(hours=1))
    second = suit()
    assert [item.job for item in engine.inbox("ada")] == [first, second]
    assert [item.job for item in engine.inbox("ada", limit=1)] == [first]
    assert engine.inbox("ben") == []


def test_what_is_kept_for_somebody_comes_first_for_him(engine: Engine, clock: SimulatedClock) -> None:
    """A preferred step is first in that person's inbox, and others of its audience may still take it."""
    engine.deploy(SUIT.replace("process: small_suit", "process: kept").replace("not_by: cut", "prefer: '\"tom\"'"))
    engine.add_staff("tim", roles=["tailor"])
    jobs = []
    for process in ("small_suit", "kept"):
        job = engine.start(process, by="ada", need={"occasion": "Work"}).job
        engine.act(next(i.id for i in engine.inbox("ada") if i.job == job), "chosen", {"cloth": "grey"}, by="ada")
        engine.act(engine.inbox("cleo")[0].id, by="cleo")
        jobs.append(job)
        clock.advance(timedelta(minutes=1))
    assert [(item.job, item.preferred) for item in engine.inbox("tom")] == [(jobs[1], True), (jobs[0], False)]
    assert [(item.job, item.preferred) for item in engine.inbox("tim")] == [(jobs[0], False), (jobs[1], False)]
    assert engine.act(engine.inbox("tim")[1].id, by="tim").job == jobs[1]


def test_jobs_are_listed_in_pages(engine: Engine, suit: Suit) -> None:
    """Jobs are listed newest first, filtered, page by page."""
    made = [suit(who) for who in ("ada", "ben", "ada", "ada")]
    assert [row.id for row in engine.jobs()] == made[::-1]
    assert [row.id for row in engine.jobs(customer="ben")] == [made[1]]
    page = engine.jobs(limit=3)
    assert [row.id for row in engine.jobs(limit=3, after=page[-1].id)] == [made[0]]
    engine.withdraw(made[0], by="ada")
    (ended,) = engine.jobs(status="ended")
    assert (ended.id, ended.states, ended.because) == (made[0], ("withdrawn",), "The customer withdrew")
    assert engine.jobs(process="nothing") == []
    assert ended.customer_name == "Ada"


def test_a_history_is_told_in_plain_words(engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf) -> None:
    """Each command is one line: when, who by name, and what; the stored facts stand beside it."""
    engine.add_staff("carl", "Carl", roles=["cutter"])
    job = suit()
    clock.advance(timedelta(days=3))
    engine.run_due()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "grey"}, by="ada")
    step = step_of(job, "cleo")
    engine.claim(step, by="cleo")
    engine.assign(step, "carl", by="cleo")
    engine.release(step, by="carl")
    engine.say(job, "Soon, please", "wish", by="ada")
    engine.withdraw(job, by="ada")
    assert [(line.who, line.what) for line in engine.history(job)] == [
        ("Ada", "stated the need"),
        ("clock", "reminded Ada of: Choose your cloth"),
        ("Ada", "chose Cloth: Grey worsted"),
        ("Cleo", "took: Cut the cloth"),
        ("Cleo", "handed over to Carl: Cut the cloth"),
        ("Carl", "gave back: Cut the cloth"),
        ("Ada", "wished: Soon, please"),
        ("Ada", "Withdraw; the job ended: The customer withdrew"),
    ]
    line = engine.history(job)[0]
    assert line.command["answer"] == {"occasion": "A wedding"}
    assert line.events[0]["event"] == "Started"


def test_an_audit_finds_what_was_changed(engine: Engine, suit: Suit, database_url: str) -> None:
    """One changed value in what is stored is found, and the job it is in is named (L5)."""
    good, bad = suit(), suit()
    assert engine.audit().fine
    own = sa.create_engine(database_url)
    with own.begin() as connection:
        connection.execute(
            sa.text("UPDATE flow_jobs SET data = replace(data, 'wedding', 'funeral') WHERE id = :id"), {"id": bad}
        )
    own.dispose()
    found = engine.audit()
    assert (found.jobs, found.entries, found.fine) == (2, 2, False)
    assert {problem.job for problem in found.problems} == {bad}
    assert engine.audit(good).fine
    assert not engine.audit(bad[-12:][:8]).fine


def test_a_job_keeps_its_version(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Jobs go on under the version they began with; new ones begin with the latest (L6)."""
    old = suit()
    deployed = engine.deploy(SUIT.replace("Choose your cloth", "Choose, please"))
    assert deployed.new
    assert not engine.deploy(SUIT.replace("Choose your cloth", "Choose, please")).new
    new = suit()
    assert engine.step(step_of(old, "ada"), "ada").title == "Choose your cloth"
    assert engine.step(step_of(new, "ada"), "ada").title == "Choose, please"
    versions = {row.id: row.version for row in engine.jobs()}
    assert versions[new] == deployed.version != versions[old]
    assert [row.latest for row in engine.processes()] == [False, True]
    assert engine.process("small_suit").version == deployed.version
    assert engine.process("small_suit", versions[old]).version == versions[old]


def test_another_engine_knows_the_old_versions(
    engine: Engine, database: Database, clock: SimulatedClock, suit: Suit
) -> None:
    """A job's version is read from the database by an engine that has never seen it (L6)."""
    job = suit()
    engine.deploy(SUIT.replace("Choose your cloth", "Choose, please"))
    other = Engine(database, clock=clock, handlers={})
    receipt = other.act(other.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    assert receipt.states == ("Making your suit",)
    assert other.audit(job).fine


def test_a_job_is_migrated_on_purpose(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """An operator moves a job to a version that has its states; it goes on there, and the history shows it (L6)."""
    job = suit()
    deployed = engine.deploy(SUIT.replace("title: Cut the cloth", "title: Cut it"))
    with pytest.raises(NotAllowed):
        engine.migrate(job, by="tom")
    receipt = engine.migrate(job, by="olga")
    assert receipt.states == ("choose",)
    assert engine.track(job, "olga").version == deployed.version
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    assert engine.inbox("cleo")[0].title == "Cut it"
    assert engine.history(job)[1].what == f"moved the job to version {deployed.version} of its process"
    assert engine.audit(job).fine
    with pytest.raises(NotAllowed, match="already"):
        engine.migrate(job, by="olga")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("choose", "pick", "is not in it"),
        (
            "    type: choice\n    ask: Choose your cloth\n    choose:\n      cloth: {from: cloth}\n",
            "    type: ask\n",
            "another type",
        ),
    ],
)
def test_a_migration_that_does_not_fit_is_refused(engine: Engine, suit: Suit, old: str, new: str, what: str) -> None:
    """A version without the state where the job stands, or with another type of it, is refused; nothing changes."""
    job = suit()
    text = (
        SUIT.replace(old, new)
        if old != "choose"
        else SUIT.replace("choose:\n    type", "pick:\n    type")
        .replace("next: choose", "next: pick")
        .replace("uses: choose.", "uses: pick.")
    )
    if "type: ask" in new:
        text = (
            text.replace("chosen: cut", "answered: cut")
            .replace("    uses: choose.cloth\n", "")
            .replace("    type: ask\n", "    type: ask\n    fields: {a: {type: string}}\n")
        )
    version = engine.deploy(text).version
    with pytest.raises(NotAllowed, match=what) as refused:
        engine.migrate(job, version, by="olga")
    assert refused.value.possible
    assert len(engine.history(job)) == 1
    with pytest.raises(NotFound):
        engine.migrate(job, "0" * 12, by="olga")


def test_a_bad_process_is_refused_with_all_problems(engine: Engine, tmp_path: object) -> None:
    """Deploying a process with problems refuses it and keeps nothing."""
    with pytest.raises(ProcessRefused) as refused:
        engine.deploy(SUIT.replace("within: P7D", "within: 7 days").replace("roles:", "rolls:"))
    assert len(refused.value.problems) >= 2
    assert len(engine.processes()) == 1
    with pytest.raises((ProcessRefused, NotFound)):
        engine.deploy(f"{tmp_path}/nowhere.yaml")


def test_a_process_is_deployed_from_a_path(engine: Engine) -> None:
    """A path of a file is deployed as its text is."""
    from pathlib import Path

    path = Path(__file__).parents[2] / "examples/embedding/repair.yaml"
    deployed = engine.deploy(path)
    assert (deployed.name, deployed.version) == ("bicycle_repair", load(path).version)
    assert not engine.deploy(str(path)).new


def test_people_are_entered_and_changed(engine: Engine) -> None:
    """A person is found by id, contact or unique name; entering one again changes what is known, and loses nothing."""
    assert engine.find_person("ada@example.org").id == engine.find_person("Ada").id == engine.person("ada").id == "ada"
    engine.add_customer("ada", record={"chest": 101})
    changed = engine.add_customer("ada", groups=["members"], record={"likes": "navy"})
    assert (changed.name, changed.contact) == ("Ada", "ada@example.org")
    assert changed.record == {"chest": 101, "likes": "navy"}
    assert engine.actor("ada") == Actor(kind="customer", id="ada", groups=("members",))
    assert engine.actor("olga").kind == "operator"
    assert [person.id for person in engine.people("staff")] == ["cleo", "olga", "tom"]
    with pytest.raises(NotFound):
        engine.person("nobody")
    with pytest.raises(NotFound):
        engine.inbox("nobody")


def test_the_next_moment_is_told(engine: Engine, clock: SimulatedClock, suit: Suit) -> None:
    """The engine tells when the next timer is due, so that a simulated clock can be moved straight to it."""
    assert engine.next_due() is None
    suit()
    assert engine.next_due() == clock.now() + timedelta(days=3)


@pytest.mark.parametrize(
    ("rival", "own"),
    [("late: {type: wait, for: P9D}", True), ("note: {type: message, name: note}", False)],
)
def test_the_answer_of_a_race_is_the_customers_where_it_must_be(engine: Engine, rival: str, own: bool) -> None:
    """A customer's answer in a race is shown to him, unless another member could have written in its place (L9)."""
    name = rival.split(":")[0]
    engine.deploy(f"""
process: race
title: A race
need: Something
roles: {{clerk: {{title: Clerk}}}}
states:
  need: {{type: need, next: first}}
  first:
    type: race
    of:
      say: {{type: ask, fields: {{colour: {{type: string}}}}}}
      {rival}
    within: P10D
    on: {{say: file, {name}: file, expired: file}}
  file: {{type: task, for: clerk, next: fulfilled}}
  fulfilled: {{type: fulfilled}}
""")
    job = engine.start("race", by="ada").job
    (item,) = engine.inbox("ada")
    engine.act(item.id, "answered", {"colour": "red"}, by="ada")
    assert (("Colour", "red") in engine.track(job, "ada").facts) is own
    assert ("first" in engine.data(job, by="ada")) is own
    assert ("Colour", "red") in engine.track(job, "olga").facts
