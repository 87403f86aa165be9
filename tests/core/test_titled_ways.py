"""Ways that have a title, and decisions that decide nothing."""

from __future__ import annotations

import pytest
from rehearsal import ADA, HEADER, TOM, Rehearsal

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.errors import NotAllowed
from flowengine.interop.mermaid import mermaid
from flowengine.interop.text_tree import text_tree
from flowengine.language import parse, problems
from flowengine.views.history_lines import Teller

TEXT = f"""{HEADER}
states:
  need: {{type: need, fields: {{days: {{type: integer}}}}, next: time}}
  time:
    type: decision
    rules: [{{when: data.need.days > 3 && data.need.days < 1000, to: sew, title: "there is\\ntime"}}]
    else: {{to: hurry, title: it is urgent, set: {{urgent: true}}}}
  sew:
    type: task
    for: tailor
    fields: {{cost: {{type: number}}}}
    on: {{done: [{{to: fulfilled, when: data.sew.cost < 100, title: it costs less than 100}}]}}
  hurry: {{type: decision, else: {{to: sew, set: {{hurried: true}}}}}}
  fulfilled: {{type: fulfilled}}
"""


def test_pictures_tell_the_title_instead_of_the_condition() -> None:
    """In both pictures, on one line; what has no title is told by its condition."""
    assert not problems(TEXT)
    process = parse(TEXT)
    for picture in (mermaid(process), text_tree(process)):
        assert "there is time" in picture
        assert "it is urgent" in picture
        assert "data.need.days" not in picture
    plain = parse(TEXT.replace(', title: "there is\\ntime"', "").replace(", title: it is urgent", ""))
    assert "data.need.days > 3" in text_tree(plain)
    assert "else → hurry" in text_tree(plain)


def test_the_history_tells_which_way_it_went() -> None:
    """The title of the way stands in the event of coming there, and in the history's words."""
    process = parse(TEXT)
    job = Rehearsal(process, need={"days": 2})
    (entered,) = [one for one in job.told(e.Entered) if one.state == "hurry"]
    assert entered.way == "it is urgent"
    started = c.Start(by=ADA, answer={"days": 2})
    assert Teller(process, {}).what(started, job.history[0]) == "stated the need; it is urgent"
    assert (job.standing, job.data["urgent"], job.data["hurried"]) == (["sew"], True, True)


def test_a_refusal_names_the_ways_by_their_titles() -> None:
    """Where no condition holds, the person is told what would be possible in the words of the file."""
    job = Rehearsal(parse(TEXT), need={"days": 5})
    with pytest.raises(NotAllowed) as refused:
        job.act("sew", "done", {"cost": 200}, by=TOM)
    assert refused.value.possible == ("it costs less than 100",)
    job.act("sew", "done", {"cost": 20}, by=TOM)
    assert [one.way for one in job.told(e.Entered)][-1] == "it costs less than 100"


def test_a_decision_needs_no_rules_but_an_else() -> None:
    """Without rules it goes on by else; without else it is refused."""
    assert "hurry" in text_tree(parse(TEXT))
    assert "else → sew" not in text_tree(parse(TEXT))
    (problem,) = problems(TEXT.replace("else: {to: sew, set: {hurried: true}}", "title: Hurry"))
    assert (problem.code, problem.message) == ("missing-key", "a decision needs the key 'else'")
