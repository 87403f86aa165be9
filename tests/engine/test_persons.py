"""Fields that ask for a person: picked from those there are, kept by his exact id (L15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowengine import BadAnswer, Engine, NotFound

TEXT = """
process: sewing
need: A suit
roles: {tailor: {title: Tailor}, cutter: {title: Cutter}}
groups: {testers: {title: Testers}}
states:
  need: {type: need, fields: {wanted: {type: person, role: tailor, title: Whom you want, optional: true}}, next: pick}
  pick:
    type: task
    for: cutter
    fields:
      who: {type: person, role: tailor, title: Who sews it, show: true}
      testers: {type: array, title: Who tries it, items: {type: person, group: testers}, minItems: 1, maxItems: 2}
    next: sew
  sew: {type: task, for: {person: data.pick.who}, within: P1D, on: {done: press, expired: fulfilled}}
  press: {type: task, for: tailor, not_by: {person: data.pick.who}, within: P1D, on: {done: tries, expired: fulfilled}}
  tries:
    type: each
    of: data.pick.testers
    states: {try: {type: task, for: {person: item}, within: P1D, on: {done: done, expired: done}}}
    next: fulfilled
  fulfilled: {type: fulfilled}
always:
  hand:
    by: cutter
    to: sew
    fields: {next: {type: person, role: tailor}}
    set: {pick.who: {value: data.hand.next, show: true}}
"""


@pytest.fixture
def shop(engine: Engine) -> Engine:
    """Two tailors, one of whom has the name of the cutter, and two testers."""
    engine.deploy(TEXT)
    engine.add_staff("tess", "Cleo", roles=["tailor"])
    engine.add_customer("ada", "Ada", groups=["testers"])
    engine.add_customer("ben", "Ben", groups=["testers"])
    return engine


@pytest.fixture
def job(shop: Engine) -> str:
    return shop.start("sewing", by="ada").job


Find = Callable[[str, str], str]


def test_those_who_can_be_picked_are_listed_by_name(shop: Engine, job: str, step_of: Find) -> None:
    """In the form of the step, in the order of their names; of a list, with how many."""
    who, testers = shop.step(step_of(job, "cleo"), "cleo").form.ways[0].fields
    assert [(one.id, one.title) for one in who.options] == [("tess", "Cleo"), ("tom", "Tom")]
    assert (who.shape, who.format) == ("one", "person")
    assert [one.id for one in testers.options] == ["ada", "ben"]
    assert (testers.shape, testers.min, testers.max) == ("several", 1, 2)


def test_what_starting_asks_and_what_may_happen_at_any_time_list_them_too(shop: Engine, job: str) -> None:
    """Before there is a job, and beside all states."""
    assert [one.id for one in shop.need("sewing").questions[0].options] == ["tess", "tom"]
    assert [one.id for one in shop.offer(job, "hand", "cleo").questions[0].options] == ["tess", "tom"]
    with pytest.raises(NotFound):
        shop.need("knitting")


def test_a_person_is_kept_by_id_and_waited_for(shop: Engine, job: str, step_of: Find) -> None:
    """An expression that names him means him; who must not do it is kept out; whoever is picked in a list is asked."""
    shop.act(step_of(job, "cleo"), "done", {"who": "tom", "testers": ["ben"]}, by="cleo")
    assert shop.data(job)["pick"] == {"who": "tom", "testers": ["ben"]}
    assert not shop.inbox("tess")
    shop.act(step_of(job, "tom"), "done", by="tom")
    assert not shop.inbox("tom"), "not_by: {person: …} keeps him out"
    shop.act(step_of(job, "tess"), "done", by="tess")
    shop.act(step_of(job, "ben"), "done", by="ben")
    assert shop.track(job, "ada").status == "fulfilled"


def test_people_are_told_by_name(shop: Engine, job: str, step_of: Find) -> None:
    """Where a job's facts are told, to its customer and inside."""
    shop.act(step_of(job, "cleo"), "done", {"who": "tess", "testers": ["ada", "ben"]}, by="cleo")
    assert ("Who sews it", "Cleo") in shop.track(job, "ada").facts
    assert ("Who tries it", "Ada, Ben") in shop.track(job, "tom").facts


WRONG = {
    "nobody": ({"who": "tomm"}, "who", "must be somebody of the role tailor; not \"tomm\" (did you mean tom?)"),
    "another role": ({"who": "cleo"}, "who", "must be somebody of the role tailor; not \"cleo\""),
    "a name": ({"who": "Tom"}, "who", "not \"Tom\" (did you mean tom?)"),
    "a customer": ({"who": "ada"}, "who", "must be somebody of the role tailor"),
    "staff in a group": ({"testers": ["ada", "tom"]}, "testers", "somebody of the group testers; not \"tom\""),
    "the same twice": ({"testers": ["ada", "ada"]}, "testers", "non-unique"),
    "too many": ({"testers": ["ada", "ben", "x"]}, "testers", "at most 2"),
    "no text": ({"who": 7}, "who", "must be a text"),
    "no id at all": ({"who": ""}, "who", "must be somebody of the role tailor"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_who_is_not_one_of_them_is_refused(shop: Engine, job: str, step_of: Find, name: str) -> None:
    """With the ids that are possible; nothing is saved."""
    given, field, words = WRONG[name]
    with pytest.raises(BadAnswer) as refused:
        shop.act(step_of(job, "cleo"), "done", {"who": "tom", "testers": ["ada"]} | given, by="cleo")
    assert words in refused.value.problems[field]
    if "somebody" in words:
        assert set(refused.value.possible) == ({"tess", "tom"} if field == "who" else {"ada", "ben"})
    assert "pick" not in shop.data(job)


def test_who_has_left_is_nobody_any_more(shop: Engine, job: str, step_of: Find) -> None:
    """He is not listed, and refused."""
    shop.leave("tom", because="He moved", by="olga")
    assert [one.id for one in shop.step(step_of(job, "cleo"), "cleo").form.ways[0].fields[0].options] == ["tess"]
    with pytest.raises(BadAnswer, match="must be somebody of the role tailor"):
        shop.act(step_of(job, "cleo"), "done", {"who": "tom", "testers": ["ada"]}, by="cleo")


def test_a_need_an_always_and_an_operator_are_held_to_it_as_well(shop: Engine, job: str, step_of: Find) -> None:
    """On each door through which the answer can come."""
    with pytest.raises(BadAnswer, match="role tailor"):
        shop.start("sewing", by="ada", need={"wanted": "cleo"})
    with pytest.raises(BadAnswer, match="role tailor"):
        shop.invoke(job, "hand", {"next": "cleo"}, by="cleo")
    with pytest.raises(BadAnswer, match="role tailor"):
        shop.set_data(job, "pick", {"who": "cleo", "testers": ["ada"]}, because="he is ill", by="olga")
    shop.invoke(job, "hand", {"next": "tess"}, by="cleo")
    assert shop.step(step_of(job, "tess"), "tess").state == "sew"


def test_of_very_many_the_id_is_asked(shop: Engine, job: str, step_of: Find) -> None:
    """Nobody is listed; the id is held against them all the same."""
    for number in range(100):
        shop.add_customer(f"c{number:03}", groups=["testers"])
    asked: Any = shop.step(step_of(job, "cleo"), "cleo").form.ways[0].fields[1]
    assert (asked.options, asked.format) == ((), "person")
    shop.act(step_of(job, "cleo"), "done", {"who": "tom", "testers": ["c099"]}, by="cleo")
    assert shop.data(job)["pick"]["testers"] == ["c099"]
