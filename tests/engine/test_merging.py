"""Two ids that are one person: merged without moving anything, taken apart again, proposed, told apart."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from flowengine import Ambiguous, BadAnswer, Engine, NotAllowed, NotFound, SimulatedClock

CLUB = """
process: club
title: A vote
need: A decision
groups: {members: {}}
states:
  need: {type: need, next: vote}
  vote:
    type: vote
    of: {group: members}
    options: [red, blue]
    within: P7D
    on: {decided: fulfilled, tied: fulfilled, no_quorum: fulfilled}
  fulfilled: {type: fulfilled}
"""


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All that the database holds, by table, but for what was noted."""
    driver = sa.create_engine(engine.database.url.replace("***", ""))
    with driver.connect() as connection:
        tables = [name for name in sa.inspect(connection).get_table_names() if name != "flow_schema"]
        noted = ("flow_deeds", "flow_settings")  # that ids were merged and taken apart is noted, each time
        tables = [name for name in tables if name not in noted]
        found = {name: list(map(tuple, connection.exec_driver_sql(f'SELECT * FROM "{name}"'))) for name in tables}
    driver.dispose()
    return {name: sorted(some, key=repr) for name, some in found.items()}


def both(engine: Engine, suit: Callable[..., str]) -> tuple[str, str]:
    """A job of Ada's and one of Ben's, with a fact each; they are one person."""
    jobs = suit("ada"), suit("ben")
    for who in ("ada", "ben"):
        engine.add_fact(who, "concern", f"Said as {who}", by="tom")
    engine.merge("ben", "ada", because="She changed her name", by="tom")
    return jobs


def test_reads_follow_from_either_id(engine: Engine, suit: Callable[..., str]) -> None:
    """Facts, record and timeline of one are those of both; the id into which the other was merged stands for them."""
    jobs = both(engine, suit)
    for who in ("ada", "ben"):
        for by in ("tom", who):
            record = engine.record(who, by=by)
            assert (record.customer, record.name, record.ids) == ("ada", "Ada", ("ada", "ben"))
            assert {row.id for row in record.jobs} == set(jobs)
            assert {line.job for line in engine.timeline(who, by=by)} >= set(jobs)
        assert {one.text for one in engine.facts(who, by="tom")} == {"Said as ada", "Said as ben"}
        assert {one["job"] for one in engine.export_person(who, by=who)["jobs"]} == set(jobs)
    found = engine.customers("Said as", by="tom")
    assert (found.count, [one.ids for one in found.customers]) == (1, [("ada", "ben")])
    assert engine.customers("Ben", by="tom").customers[0].id == "ada"


def test_steps_wait_for_the_person_and_both_logins_work(
    engine: Engine, suit: Callable[..., str], step_of: Callable[[str, str], str]
) -> None:
    """Whoever comes in by one of the ids finds and does what waits for the other (L4)."""
    of_ada, of_ben = both(engine, suit)
    assert {item.job for item in engine.inbox("ben")} == {of_ada, of_ben} == {item.job for item in engine.inbox("ada")}
    engine.act(step_of(of_ada, "ben"), "chosen", {"cloth": "navy"}, by="ben")
    assert engine.track(of_ben, "ada").job == of_ben
    assert {row.id for row in engine.jobs(by="ben")} == {of_ada, of_ben}


def test_who_was_taken_for_another_has_no_part_in_his_jobs(
    engine: Engine, suit: Callable[..., str], step_of: Callable[[str, str], str]
) -> None:
    """What Ada did while Ben's job was hers is kept in its history; taken apart again, she sees nothing of it."""
    _, of_ben = both(engine, suit)
    engine.act(step_of(of_ben, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.unmerge("ben", by="tom")
    assert engine.jobs(took_part=True, by="ada") == []
    with pytest.raises(NotFound):
        engine.track(of_ben, by="ada")
    assert engine.track(of_ben, by="ben").job == of_ben
    assert engine.audit().problems == ()


def test_an_undo_brings_back_exactly_what_was(engine: Engine, suit: Callable[..., str]) -> None:
    """Merging moves no row, so that taking apart leaves the database as it was."""
    suit("ada"), suit("ben")
    engine.add_fact("ben", "note", "Tall", by="tom")
    engine.add_customer("cid", "Cid")
    engine.merge("cid", "ben", because="The same", by="tom")
    before, of_ben = rows(engine), engine.record("ben", by="tom")
    engine.merge("ben", "ada", because="The same", by="tom")
    assert engine.record("cid").ids == ("ada", "ben", "cid")
    merged = rows(engine)
    assert [name for name in before if before[name] != merged[name]] == ["flow_aliases"]
    done = engine.unmerge("ben", by="tom")
    assert (done.customer, done.ids, done.into) == ("ben", ("ben", "cid"), "")
    assert rows(engine) == before
    assert engine.record("ben", by="tom") == of_ben
    assert engine.record("ada").ids == ("ada",)


def test_chains_end_at_one(engine: Engine) -> None:
    """However ids are merged and taken apart, the root of each is where its chain ends."""
    ids = [f"p{number}" for number in range(8)]
    for id in ids:
        engine.add_customer(id)
    drawn, into = random.Random(7), dict[str, str]()

    def root(id: str) -> str:
        while id in into:
            id = into[id]
        return id

    for _ in range(60):
        one, other = drawn.sample(ids, 2)
        if one in into and drawn.random() < 0.7:
            engine.unmerge(one)
            del into[one]
        elif one not in into and root(other) != one:
            engine.merge(one, other, because="The same")
            into[one] = other
        for id in ids:
            same = sorted(other for other in ids if root(other) == root(id))
            found = engine.record(id)
            assert (found.customer, sorted(found.ids)) == (root(id), same)


def test_what_cannot_be_merged_is_refused_with_words(engine: Engine) -> None:
    """Oneself, circles, those who were merged already, staff, nobody, and who was erased."""
    engine.add_customer("cid", "Cid")
    engine.add_customer("eve", "Eve")
    engine.erase("eve", because="She asked")
    engine.merge("ben", "ada", because="The same")
    refused: list[tuple[str, str, type[Exception], str]] = [
        ("ada", "ada", NotAllowed, "himself already"),
        ("ada", "ben", NotAllowed, "would be a circle"),
        ("ben", "cid", NotAllowed, "was merged into ada already"),
        ("ben", "ada", NotAllowed, "was merged into ada already"),
        ("tom", "ada", NotAllowed, "member of staff"),
        ("ada", "tom", NotAllowed, "member of staff"),
        ("zoe", "ada", NotFound, "nobody with the id 'zoe'"),
        ("ada", "zoe", NotFound, "nobody with the id 'zoe'"),
        ("eve", "ada", NotAllowed, "was erased"),
        ("cid", "eve", NotAllowed, "was erased"),
    ]
    for one, into, error, words in refused:
        with pytest.raises(error, match=words):
            engine.merge(one, into, because="The same", by="tom")
    for because in ("", " ", "x" * 1_001):
        with pytest.raises(BadAnswer, match="must be a reason"):
            engine.merge("cid", "ada", because=because, by="tom")
    for verb in (lambda: engine.merge("cid", "ada", because="x", by="ada"), lambda: engine.unmerge("ben", by="ada")):
        with pytest.raises(NotAllowed, match="only staff"):
            verb()
    with pytest.raises(NotAllowed, match="was not merged"):
        engine.unmerge("ada")
    with pytest.raises(NotFound):
        engine.unmerge("zoe")


def test_who_is_found_under_several_ids_is_one(engine: Engine) -> None:
    """A name or contact that fits ids of one person fits one; of two persons it stays ambiguous (L15)."""
    engine.add_customer("ann", "Ann", contact="ann@example.org")
    engine.add_customer("anna", "Anna", contact="ann@example.org")
    with pytest.raises(Ambiguous):
        engine.find_person("ann@example.org")
    engine.merge("ann", "anna", because="The same")
    assert engine.find_person("ann@example.org").id == "anna"
    assert engine.find_person("ann").id == "ann"


def test_nobody_votes_twice(engine: Engine) -> None:
    """A person with two ids in a group has one seat, and fills it by whichever id he comes."""
    engine.deploy(CLUB)
    for id in ("ada", "ben", "cid"):
        engine.add_customer(id, groups=["members"])
    engine.merge("ben", "ada", because="The same")
    engine.start("club", by="cid")
    (item,) = engine.inbox("ben")
    engine.act(item.id, "vote", {"for": "red"}, by="ben")
    (again,) = engine.inbox("ada", everything=True)
    assert again.answered
    engine.act(engine.inbox("cid")[0].id, "vote", {"for": "blue"}, by="cid")
    ballot = engine.ballot(item.id, by="ada")
    assert (ballot.ballot, engine.ballot(item.id, by="ben").ballot) == ({"for": ["red"]}, {"for": ["red"]})


def test_erasing_takes_all_ids_of_a_person(engine: Engine) -> None:
    """Whichever id is named, nothing of what is known of the person is left, under none of them."""
    engine.add_fact("ada", "note", "mark-one", by="tom")
    engine.add_fact("ben", "note", "mark-two", by="tom")
    engine.merge("ben", "ada", because="mark-why", by="tom")
    assert engine.erase("ben", because="She asked", dry=True).facts == 2
    done = engine.erase("ben", because="She asked")
    assert (done.facts, done.left) == (2, ())
    assert "mark-" not in repr(rows(engine))
    assert engine.facts("ada") == []
    assert engine.record("ada").person.erased == engine.record("ben").person.erased is not None
    with pytest.raises(NotAllowed, match="was erased"):
        engine.add_fact("ada", "note", "x")


# proposals


def test_duplicates_are_proposed_with_reasons(engine: Engine, clock: SimulatedClock) -> None:
    """The same contact, however it is written, and nearly the same name with something in common; who has been known
    for longer is the one to merge into."""
    people = {
        "ann": ("Ann Smith", "Ann.Smith@lund.example", ""),
        "smith": ("Smith, Ann", "a.smith@lund.example", ""),
        "anne": ("Anne Smyth", "anne@lund.example", ""),
        "tel1": ("Kim", "+44 20 7946 0000", ""),
        "tel2": ("Kim's shop", "0044 (20) 7946-0000", ""),
        "far": ("Ann Smith", "ann@elsewhere.example", ""),
        "g1": ("Joan Miller", "joan@gmail.com", "Europe/London"),
        "g2": ("Joan Millar", "jm@gmail.com", "Europe/London"),
        "plus": ("P", "ada+shop@example.org", ""),
    }
    for id, (name, contact, zone) in people.items():
        clock.advance(timedelta(seconds=1))
        engine.add_customer(id, name, contact, zone=zone)
    found = {(one.id, one.into): one.reasons for one in engine.duplicates(by="tom")}
    assert found == {
        ("smith", "ann"): ("the same name, and mail at lund.example",),
        ("tel2", "tel1"): ("the same contact",),
        ("g2", "g1"): ("nearly the same name, and both in Europe/London",),
        ("plus", "ada"): ("the same contact",),
    }
    with pytest.raises(NotAllowed):
        engine.duplicates(by="ada")
    with pytest.raises(BadAnswer):
        engine.duplicates(limit=0)


def test_what_is_decided_is_proposed_no_more(engine: Engine) -> None:
    """Neither those who are merged, nor those of whom it was said that they are two; the others go on being."""
    for id in ("one", "two", "three"):
        engine.add_customer(id, id.title(), "same@example.org")
    assert len(engine.duplicates()) == 2
    engine.reject_duplicate("one", "two", by="tom")
    engine.reject_duplicate("two", "one", by="tom")
    pairs = {frozenset((one.id, one.into)) for one in engine.duplicates()}
    assert frozenset(("one", "two")) not in pairs
    assert len(pairs) >= 1
    for pair in pairs:
        one, other = sorted(pair)
        engine.merge(one, other, because="The same")
        with pytest.raises(NotAllowed, match="are one person"):
            engine.reject_duplicate(one, other)
    assert [one for one in engine.duplicates() if {one.id, one.into} in pairs] == []
    with pytest.raises(NotFound):
        engine.reject_duplicate("one", "zoe")
