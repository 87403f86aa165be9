"""Texts tell persons by name and options by title, where it is known what an id means, or where it is asked."""

from __future__ import annotations

import pytest

from flowengine import Engine
from flowengine.errors import ExpressionFailed
from flowengine.language import problems

TEXT = """
process: sewing
need: A suit
roles: {tailor: {title: Tailor}}
currency: GBP
options:
  cloth: [{id: navy, title: Navy flannel}, {id: grey, title: Grey worsted}]
  paper: [{id: navy, title: Dark paper}]
states:
  need:
    type: need
    fields:
      who: {type: person, role: tailor}
      paid: {type: number}
      on: {type: string, format: date}
      free: {type: string}
    next: choose
  choose:
    type: choice
    ask: Choose
    choose:
      cloth: {from: cloth}
      both: {from: cloth, max: 2}
      buttons: {from: [{id: horn, title: Horn}, {id: brass, title: Brass}], quantity: true, min: 0}
      found: {from: "{[{'id': 'x', 'title': 'Something'}]}"}
    within: P1D
    on: {chosen: sew, expired: fulfilled}
  sew:
    type: task
    for: tailor
    ask: 'ASKED'
    shows: {Cloth: "{data.choose.cloth}", By: "{data.need.who}", And: "{data.choose.both}"}
    next: fulfilled
  fulfilled: {type: fulfilled}
"""
ANSWER = {"cloth": "navy", "both": ["grey", "navy"], "buttons": {"horn": 2, "brass": 1}, "found": "x"}


@pytest.fixture
def shop(engine: Engine) -> Engine:
    engine.add_staff("tess", "Tess Thread", roles=["tailor"])
    return engine


def _sew(engine: Engine, asked: str, free: str = "grey") -> str:
    """The id of the step that asks the tailors, once all is chosen."""
    engine.deploy(TEXT.replace("ASKED", asked))
    need = {"who": "tess", "paid": 11.5, "on": "2027-01-22", "free": free}
    job = engine.start("sewing", by="ada", need=need).job
    (choice,) = [one.id for one in engine.inbox("ada") if one.job == job]
    engine.act(choice, "chosen", ANSWER, by="ada")
    (step,) = [one.id for one in engine.inbox("tess") if one.job == job]
    return step


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("For {data.need.who}", "For Tess Thread"),
        ("{data.choose.cloth}", "Navy flannel"),
        ("{data.choose.both}", "Grey worsted, Navy flannel"),
        ("{data.choose.buttons}", "2 × Horn, 1 × Brass"),
        ("{data.choose.found}", "Something"),
        ('By {by("choose")}', "By Ada"),
        ('{[data.need.who, by("choose")]}', "Tess Thread, Ada"),
        ('{[by("sew"), by("choose")].filter(one, one != "")}', "Ada"),
        ("{true ? [data.choose.cloth] : data.choose.both.filter(one, true)}", "navy"),
        ('{true ? data.choose.both.filter(one, one != "navy") : data.choose.both}', "Grey worsted"),
        ("{[data.need.who, data.choose.cloth]}", "tess, navy"),
        ('{"for " + name(data.need.who)}', "for Tess Thread"),
        ('{name("nobody")}, {name(["ada", "tess"])}', "nobody, Ada, Tess Thread"),
        ('{true ? title(data.choose.cloth) : ""}', "Navy flannel"),
        ('{title("navy", "paper")}', "Dark paper"),
        ("{title(data.need.free)}", "Grey worsted"),
        ('{title("brass", "buttons")}, {title("unknown")}', "Brass, unknown"),
        ("{data.choose.titles.cloth} {money(data.need.paid)}", "Navy flannel £11.50"),
        ("On {data.need.on}", "On Friday, 22 January 2027"),
        ('{data.choose.cloth == "navy" ? "dark" : "light"}', "dark"),
    ],
)
def test_ids_are_told_in_words(shop: Engine, asked: str, told: str) -> None:
    """By themselves where the place is known, and by name() and title() anywhere; conditions still compare ids."""
    assert shop.step(_sew(shop, asked), "tess").title == told


def test_lines_tell_them_too(shop: Engine) -> None:
    """What a person is shown is a text like what he is asked."""
    shown = dict(shop.step(_sew(shop, "Sew"), "tess").shown)
    assert shown == {"Cloth": "Navy flannel", "By": "Tess Thread", "And": "Grey worsted, Navy flannel"}


def test_a_text_keeps_the_name_of_its_time(shop: Engine) -> None:
    """A step that is open says what it said when it was opened."""
    step = _sew(shop, "For {data.need.who}")
    shop.add_staff("tess", "Tess Needle")
    assert shop.step(step, "tess").title == "For Tess Thread"


def test_an_id_of_several_lists_is_refused(shop: Engine) -> None:
    """Where an id has several titles, and nothing says which list is meant, the act is refused with what to write."""
    with pytest.raises(ExpressionFailed, match="several lists") as refused:
        _sew(shop, "{title(data.need.free)}", free="navy")
    assert 'title(…, "paper")' in refused.value.possible


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ('{title("navy", "cloths")}', "unknown-options"),
        ("{name()}", "bad-expression"),
        ('{"a".name()}', "bad-expression"),
    ],
)
def test_wrong_use_is_refused_by_the_check(asked: str, code: str) -> None:
    """A list that is not there, and a call that names nothing."""
    assert [one.code for one in problems(TEXT.replace("ASKED", asked))] == [code]


def test_the_winner_of_a_vote_is_told_by_title(shop: Engine) -> None:
    """Also where the options come from an expression, in texts and among what is settled."""
    shop.deploy("""
process: poll
need: A plan
groups: {members: {title: Members}}
states:
  need: {type: need, next: vote}
  vote:
    type: vote
    ask: Which plan?
    of: {group: members}
    options: "{[{'id': 'a', 'title': 'Plan A'}, {'id': 'b', 'title': 'Plan B'}]}"
    early: true
    changeable: false
    within: P1D
    on: {decided: tell, no_quorum: fulfilled, tied: fulfilled}
  tell: {type: tell, to: everyone, say: "Our plan: {data.vote.winner}", next: fulfilled}
  fulfilled: {type: fulfilled}
""")
    shop.add_customer("ada", "Ada", groups=["members"])
    job = shop.start("poll", by="ada").job
    (step,) = [one.id for one in shop.inbox("ada") if one.job == job]
    receipt = shop.act(step, "vote", {"for": ["b"]}, by="ada")
    said = shop.answered(job, receipt.seq, "ada").said
    assert said == "Thank you. Your vote is in for Plan B: Which plan? With that the vote is decided: Plan B."
    seen = shop.track(job, "ada")
    assert [words for _, words, _ in seen.told] == ["Our plan: Plan B"]
    assert seen.facts == (("Vote", "Plan B"),)
