"""Customers who take part in somebody else's job: what they see afterwards of what came of it (L9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flowengine import Engine, ExpressionFailed, NotAllowed, NotFound, SimulatedClock

TEXT = """
process: excursion
title: An excursion
need: A day out
roles: {teacher: {title: Teacher}}
groups: {parents: {title: Parents}}
states:
  need: {type: need, fields: {why: {type: string}, parent: {type: string}}, next: where}
  where:
    type: vote
    title: Where to
    ask: Where shall they go?
    of: {group: parents}
    options: [{id: sea, title: The sea}, {id: zoo, title: The zoo}]
    early: true
    changeable: false
    within: P7D
    on: {decided: consent, no_quorum: off, tied: off}
  consent:
    type: task
    title: Consent
    ask: May your child go?
    for: {person: data.need.parent, group: parents}
    fields: {may_swim: {type: boolean, title: May swim}, bus: {type: string, title: Bus, show: true}}
    within: P7D
    on: {done: book, expired: off}
  book: {type: task, for: teacher, fields: {cost: {type: integer}}, next: news}
  news: {type: tell, to: everyone, say: It is booked, next: fulfilled}
  off: {type: ended, because: Nobody came}
  fulfilled: {type: fulfilled, because: They have been there}
"""

Find = Callable[[str, str], str]


@pytest.fixture
def school(engine: Engine) -> Engine:
    """Two parents, somebody who is none, and a teacher."""
    engine.deploy(TEXT)
    for name in ("pat", "pia"):
        engine.add_customer(name, name.capitalize(), groups=["parents"])
    engine.add_customer("carl", "Carl")
    engine.add_staff("tina", "Tina", roles=["teacher"])
    return engine


def begin(school: Engine, parent: str = "pia") -> str:
    return school.start("excursion", by="ada", need={"why": "a surprise", "parent": parent}).job


def voted(school: Engine, step_of: Find, parent: str = "pia") -> str:
    job = begin(school, parent)
    school.act(step_of(job, "pat"), "vote", {"for": "sea"}, by="pat")
    school.act(step_of(job, "pia"), "vote", {"for": "sea"}, by="pia")
    return job


def test_who_took_part_sees_what_he_did_and_what_came_of_it(school: Engine, step_of: Find) -> None:
    """Nothing waits for him any more; he sees his own answer, the outcome of what he took part in, and the end."""
    job = voted(school, step_of)
    seen = school.track(job, "pat")
    assert [words for _, words in seen.did] == ["voted for The sea: Where shall they go?"]
    assert seen.facts == (("Where to", "The sea"),)
    assert (seen.waiting, seen.status) == ((), "open")
    school.act(step_of(job, "pia"), "done", {"may_swim": True, "bus": "seven"}, by="pia")
    assert school.track(job, "pia").facts == (("Where to", "The sea"), ("Bus", "seven"))
    assert [words for _, words in school.track(job, "pia").did][1:] == ["finished: May your child go?"]
    assert school.track(job, "pat").facts == (("Where to", "The sea"),), "he took no part in the consent"
    school.act(step_of(job, "tina"), "done", {"cost": 80}, by="tina")
    seen = school.track(job, "pat")
    assert (seen.status, seen.because) == ("fulfilled", "They have been there")
    assert [words for _, words, _ in seen.told] == ["It is booked"]


def test_nothing_of_the_customer_and_nothing_internal_is_told_to_him(school: Engine, step_of: Find) -> None:
    """Neither the need and the name of whose job it is, nor what staff wrote, nor the data (L9)."""
    job = voted(school, step_of)
    school.act(step_of(job, "pia"), "done", {"may_swim": True, "bus": "seven"}, by="pia")
    school.act(step_of(job, "tina"), "done", {"cost": 8088}, by="tina")
    for who in ("pat", "pia"):
        whole = repr(school.track(job, who))
        assert "surprise" not in whole
        assert "8088" not in whole
        assert school.track(job, who).customer_name == ""
        with pytest.raises(NotAllowed):
            school.data(job, by=who)
    assert "May swim" not in repr(school.track(job, "pat"))


def test_his_ballot_is_told_to_nobody_else(school: Engine, step_of: Find) -> None:
    """A secret vote is secret: neither to those who voted as well nor to the job's customer or the staff."""
    job = begin(school)
    school.act(step_of(job, "pat"), "vote", {"for": "zoo"}, by="pat")
    assert "The zoo" in repr(school.track(job, "pat").did)
    for who in ("pia", "ada", "tina"):
        assert not school.track(job, who).did
        assert "The zoo" not in repr(school.track(job, who).told)


def test_who_took_no_part_sees_nothing(school: Engine, step_of: Find) -> None:
    """To him the job is as absent as one that never was (L4)."""
    job = voted(school, step_of)
    for look in (lambda: school.track(job, "carl"), lambda: school.track(job[:12], "carl")):
        with pytest.raises(NotFound):
            look()
    assert school.track(job[:12], "pat").job == job


def test_the_jobs_in_which_somebody_took_part_are_listed(school: Engine, step_of: Find) -> None:
    """Apart from his own; page by page; not whose they are."""
    jobs = [voted(school, step_of) for _ in range(3)]
    rows = school.jobs(took_part=True, by="pat")
    assert [row.id for row in rows] == jobs[::-1]
    assert {row.customer_name for row in rows} == {""}
    assert school.jobs(by="pat") == []
    assert [row.id for row in school.jobs(took_part=True, limit=2, by="pat")] == jobs[:0:-1]
    assert [row.id for row in school.jobs(took_part=True, after=jobs[1], by="pat")] == jobs[:1]
    assert school.jobs(took_part=True, status="fulfilled", by="pat") == []
    assert school.jobs(took_part=True, by="carl") == school.jobs(took_part=True, by="ada") == []
    with pytest.raises(NotAllowed, match="sees all jobs"):
        school.jobs(took_part=True, by="tina")


def test_whom_an_operator_acts_for_took_part(school: Engine) -> None:
    """It is his answer, whoever typed it."""
    job = begin(school)
    (step,) = {item.id for item in school.inbox("pat")}
    school.act_for(step, "pat", "vote", {"for": "sea"}, because="he rang", by="olga")
    assert school.track(job, "pat").did
    assert not school.track(job, "ada").did


def test_what_he_did_goes_with_the_job(school: Engine, step_of: Find, clock: SimulatedClock, tmp_path: Path) -> None:
    """An archived job is gone for him too."""
    job = voted(school, step_of)
    school.act(step_of(job, "pia"), "done", {"may_swim": True, "bus": "seven"}, by="pia")
    school.act(step_of(job, "tina"), "done", {"cost": 80}, by="tina")
    school.run_due()
    clock.advance(timedelta(days=400))
    assert school.archive(clock.now(), tmp_path / "old.jsonl").jobs == 1
    assert school.jobs(took_part=True, by="pat") == []
    with pytest.raises(NotFound):
        school.track(job, "pat")


def test_a_person_must_be_of_the_group_that_the_file_names(school: Engine, step_of: Find) -> None:
    """Who is nobody of it is not asked: the act that would ask him is refused, and nothing changes."""
    job = begin(school, parent="carl")
    school.act(step_of(job, "pat"), "vote", {"for": "sea"}, by="pat")
    with pytest.raises(ExpressionFailed, match="gives 'carl', who is nobody of the group parents"):
        school.act(step_of(job, "pia"), "vote", {"for": "sea"}, by="pia")
    assert school.track(job, "tina").where[0].state == "where"


def test_a_member_of_staff_finds_the_jobs_that_he_began(school: Engine, step_of: Find) -> None:
    """Of all that he may see; a customer's own are those he has anyway, and the program has none."""
    school.add_staff("theo", "Theo", roles=["teacher"])
    school.add_staff("olga", "Olga", roles=["operator"])
    done = voted(school, step_of)
    school.act(step_of(done, "pia"), "done", {"may_swim": True, "bus": "seven"}, by="pia")
    school.act(step_of(done, "tina"), "done", {"cost": 80}, by="tina")
    begun = school.start("excursion", by="theo", customer="carl", need={"why": "sun", "parent": "pia"}).job
    assert school.jobs(mine=True, by="tina") == []
    assert [(row.id, row.customer_name) for row in school.jobs(mine=True, by="theo")] == [(begun, "Carl")]
    assert school.jobs(mine=True, by="olga") == []
    assert len(school.jobs(by="olga")) == 2
    assert school.jobs(mine=True, status="ended", by="theo") == []
    assert [row.id for row in school.jobs(mine=True, by="ada")] == [done]
    assert not school.track(done, "tina").did, "what staff did is in the history"
    with pytest.raises(NotAllowed, match="whose jobs are meant is not known"):
        school.jobs(mine=True)
    assert school.audit().fine


def test_an_audit_finds_who_is_said_to_have_taken_part_and_did_not(
    school: Engine, step_of: Find, database_url: str
) -> None:
    """What is kept of it follows from the history (L5)."""
    job = voted(school, step_of)
    assert school.audit(job).fine
    outside = sa.create_engine(database_url)
    with outside.begin() as connection:
        connection.execute(sa.text("UPDATE flow_participants SET person = 'carl' WHERE person = 'pat'"))
    outside.dispose()
    (problem,) = school.audit(job).problems
    assert problem.what.startswith("carl has not voted on step")
