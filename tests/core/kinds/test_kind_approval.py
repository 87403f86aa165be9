"""``approval``: one, all and some of several; what is saved is a receipt of what was shown."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import ADA, BEN, EVA, OPS, TOM, Rehearsal, process

from flowengine.core import events as e
from flowengine.core.answers import form
from flowengine.core.steps import offered
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, NotFound, UnknownOutcome
from flowengine.language import parse

KIT = Actor(kind="staff", id="kit", roles=("cutter",))
THREE = "roles: {tailor: {title: Tailor}, cutter: {title: Cutter}, maker: {title: Maker}}"
CUT = Actor(kind="staff", id="cal", roles=("cutter", "tailor"))


def approval(keys: str, more: str = "roles: {tailor: {title: Tailor}, cutter: {title: Cutter}}") -> Any:
    text = f"""
process: sample
title: A sample
need: Something
{more}
states:
  need: {{type: need, fields: {{price: {{type: number}}, people: {{type: array}}}}, next: first}}
  first:
    type: approval
    {keys}
    shows: {{Price: "{{data.need.price}} euros", Cloth: Navy}}
    within: P7D
    on: {{approved: fulfilled, changes: again, declined: gone, expired: late}}
  again: {{type: task, for: staff, next: first}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Declined}}
  late: {{type: ended, because: Late}}
"""
    return parse(text, "sample.yaml", check=False)


def begin(keys: str, *people: str, **more: str) -> Rehearsal:
    return Rehearsal(approval(keys, **more), need={"price": 420, "people": list(people)})


CHANGING = """
process: changing
title: Changing
need: A price
states:
  need: {type: need, fields: {price: {type: number}}, next: both}
  both:
    type: parallel
    branches:
      agree:
        start: agree
        states:
          agree:
            type: approval
            shows: {Price: '{data.need.price}'}
            within: P7D
            on: {approved: done, changes: done, expired: done}
      change:
        start: change
        states:
          change: {type: task, for: staff, saves: need, fields: {price: {type: number}}, next: done}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""

SHOWN = {"Price": "420 euros", "Cloth": "Navy"}


def test_what_is_approved_is_saved_as_shown() -> None:
    """The receipt has the lines as they were shown, who approved, and his words."""
    job = begin("by: customer")
    assert job.step("first").shown == tuple(SHOWN.items())
    job.act("first", "approved", {"words": "Good"})
    assert job.data["first"] == {"outcome": "approved", "by": "ada", "words": "Good", "shown": SHOWN}


def test_shown_stays_as_it_was() -> None:
    """What was shown when the step opened is what is saved, though the data have changed since."""
    job = Rehearsal(parse(CHANGING, "changing.yaml", check=False), need={"price": 420})
    job.act("change", answer={"price": 1}, by=TOM)
    job.act("agree", "approved")
    assert job.data["agree"]["shown"] == {"Price": "420"}
    assert job.data["need"] == {"price": 1.0}


@pytest.mark.parametrize(("outcome", "end"), [("approved", "fulfilled"), ("declined", "gone")])
def test_words_are_optional(outcome: str, end: str) -> None:
    """Approving and declining need no words."""
    job = begin("by: customer")
    job.act("first", outcome)
    assert job.position.head.end == end
    assert job.data["first"]["words"] == ""


@pytest.mark.parametrize("answer", [{}, {"words": ""}, {"words": " \n"}])
def test_changes_need_words(answer: dict[str, str]) -> None:
    """Who asks for changes says which."""
    job = begin("by: customer")
    with pytest.raises(BadAnswer, match="say what should change"):
        job.act("first", "changes", answer)
    job.act("first", "changes", {"words": "Shorter sleeves"})
    assert job.standing == ["again"]
    assert job.data["first"]["words"] == "Shorter sleeves"


def test_refusals() -> None:
    """An outcome must be named and known, and nothing else is asked."""
    job = begin("by: customer")
    for outcome in ("", "yes"):
        with pytest.raises(UnknownOutcome) as refused:
            job.act("first", outcome)
        assert refused.value.possible == ("approved", "changes", "declined")
    with pytest.raises(BadAnswer):
        job.act("first", "approved", {"stars": 3})
    with pytest.raises(BadAnswer):
        job.act("first", "approved", {"words": "x" * 10_001})


def test_outcome_that_leads_nowhere_is_not_offered() -> None:
    """An approval without a way for ``declined`` does not offer it."""
    text = "  first: {type: approval, within: P1D, on: {approved: fulfilled, changes: gone, expired: gone}}"
    assert Rehearsal(process(text)).offered("first") == ("approved", "changes")


def test_all_must_approve() -> None:
    """With ``all`` each is asked, and the last one decides."""
    job = begin("by: {all: [customer, tailor, cutter]}")
    assert job.step("first").seats == 3
    job.act("first", "approved", by=ADA)
    job.act("first", "approved", {"words": "Fine"}, by=TOM)
    assert job.standing == ["first"]
    job.act("first", "approved", by=CUT)
    assert job.status == "fulfilled"
    saved = job.data["first"]
    assert (saved["outcome"], saved["by"], saved["words"], saved["shown"]) == ("approved", "cal", "Fine", SHOWN)
    assert [(one["by"], one["outcome"]) for one in saved["answers"]] == [
        ("ada", "approved"), ("tom", "approved"), ("cal", "approved"),
    ]  # fmt: skip


def test_decided_as_soon_as_it_is_certain() -> None:
    """With ``all`` the first who does not approve decides; changes go before declining."""
    declined = begin("by: {all: [customer, tailor]}")
    declined.act("first", "declined", by=TOM)
    assert declined.position.head.end == "gone"
    changed = begin("by: {any: 2, of: [customer, tailor, cutter]}")
    changed.act("first", "changes", {"words": "Longer"}, by=ADA)
    assert changed.standing == ["first"], "two can still approve"
    changed.act("first", "declined", {"words": "No"}, by=TOM)
    assert changed.standing == ["again"]
    assert changed.data["first"]["outcome"] == "changes"
    assert changed.data["first"]["words"] == "Longer\nNo"


def test_enough_of_several() -> None:
    """With ``any: n`` the n-th approval decides, whatever the others said."""
    job = begin("by: {any: 2, of: [customer, tailor, cutter]}")
    job.act("first", "declined", by=ADA)
    job.act("first", "approved", by=TOM)
    job.act("first", "approved", by=CUT)
    assert job.status == "fulfilled"


def test_each_answers_once_and_for_himself() -> None:
    """Nobody answers twice, not even from two roles, nor in a place that is taken, nor without being asked."""
    job = begin("by: {all: [customer, tailor, cutter]}")
    job.act("first", "approved", by=CUT)
    with pytest.raises(NotAllowed, match="you have answered"):
        job.act("first", "approved", by=CUT)
    with pytest.raises(NotFound):
        job.act("first", "approved", by=BEN)
    with pytest.raises(NotFound):
        job.act("first", "approved", by=OPS)
    assert job.standing == ["first"]
    two = begin("by: {all: [customer, tailor]}")
    two.act("first", "approved", by=TOM)
    with pytest.raises(NotAllowed, match="somebody else"):
        two.act("first", "approved", by=EVA)


@pytest.mark.parametrize("order", list(permutations([CUT, TOM, ADA])))
def test_it_does_not_matter_who_comes_first(order: tuple[Actor, ...]) -> None:
    """Whoever fills several places takes the one that is left for him, whatever the order in which people answer."""
    job = begin("by: {all: [tailor, cutter, customer]}")
    for by in order:
        assert by in _asked(job)
        job.act("first", "approved", {"words": f"{by.id} says"}, by=by)
        assert job.status == "fulfilled" or by not in _asked(job)
    answers = job.data["first"]["answers"]
    assert [answer["by"] for answer in answers] == ["tom", "cal", "ada"]
    assert all(answer["words"] == f"{answer['by']} says" for answer in answers)


def _asked(job: Rehearsal) -> list[Actor]:
    """For whom the step waits now, as the inbox does."""
    step = job.step("first")
    return [by for by in (CUT, TOM, ADA) if offered(job.compiled, job.position, step, job.now, job.world, by)]


def test_places_are_passed_on_from_one_to_another() -> None:
    """Several move where only that makes room, and nobody is let in for whom there is none."""
    job = begin("by: {all: [tailor, cutter, maker]}", more=THREE)
    job.act("first", "approved", by=CUT)
    job.act("first", "approved", by=Actor(kind="staff", id="max", roles=("cutter", "maker")))
    with pytest.raises(NotAllowed, match="you have answered"):
        job.act("first", "approved", by=CUT)
    job.act("first", "approved", by=TOM)
    assert job.status == "fulfilled"


ROLES = ("tailor", "cutter", "maker", "host")
SEATED = (
    "roles: {tailor: {title: Tailor}, cutter: {title: Cutter}, maker: {title: Maker}, host: {title: Host}}",
    "by: {all: [tailor, cutter, maker, host]}",
)


@given(st.lists(st.sets(st.sampled_from(ROLES), min_size=1), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_as_many_are_seated_as_can_be_in_any_order(people: list[set[str]], chance: Random) -> None:
    """How many places are taken depends on who answers, never on the order in which they come; where nobody is left
    out in one order, nobody is in another."""
    actors = [Actor(kind="staff", id=f"p{index}", roles=tuple(sorted(one))) for index, one in enumerate(people)]
    most = max(
        sum(role in one for role, one in zip(ROLES, order, strict=False))
        for order in permutations([*people, *(set[str]() for _ in ROLES)], len(ROLES))
    )
    chance.shuffle(actors)
    job, taken = begin(SEATED[1], more=SEATED[0]), 0
    for by in actors:
        if job.status != "open":
            break
        try:
            job.act("first", "approved", by=by)
        except NotAllowed:
            continue
        taken += 1
    assert taken == most
    assert (job.status == "fulfilled") == (most == len(ROLES))


def test_others_answer_after_an_escalation() -> None:
    """Those to whom the step was opened later answer for whoever has not, one seat each."""
    job = begin("by: {all: [customer, tailor]}\n    escalate: {after: P2D, to: cutter}")
    with pytest.raises(NotFound):
        job.act("first", "approved", by=KIT)
    job.wait("P3D")
    job.act("first", "approved", by=KIT)
    with pytest.raises(NotAllowed, match="you have answered"):
        job.act("first", "approved", by=KIT)
    job.act("first", "approved", by=TOM)
    assert job.status == "fulfilled"


def test_people_by_expression() -> None:
    """People named by an expression are asked one by one; too few of them stop the command that would ask."""
    job = begin("by: {any: 2, of: [{people: data.need.people}]}", "ada", "ben", "ada")
    assert [seat.audience for seat in job.position.seats(job.step("first").number)] == ["person:ada", "person:ben"]
    with pytest.raises(ExpressionFailed, match="1 can be asked, but 2 must approve"):
        begin("by: {any: 2, of: [{people: data.need.people}]}", "ada")
    with pytest.raises(ExpressionFailed, match="0 can be asked, but 1 must approve"):
        begin("by: {all: [{people: data.need.people}]}")


def test_answers_are_in_the_history() -> None:
    """Each answer of several is an event with its seat, and none of them is secret."""
    job = begin("by: {all: [customer, tailor]}")
    job.act("first", "approved", by=ADA)
    (told,) = job.told(e.SeatAnswered)
    assert (told.seat.audience, told.seat.by, told.seat.answer["outcome"]) == ("person:ada", "ada", "approved")
    assert not told.secret


def test_form_of_an_approval() -> None:
    """The form shows the lines, and a way for each outcome; only changes require words."""
    job = begin("by: customer")
    made = form(job.compiled, job.position, job.step("first"), job.now, job.world)
    assert dict(made.shown) == SHOWN
    assert {way.outcome: way.fields[0].required for way in made.ways} == {
        "approved": False, "changes": True, "declined": False,
    }  # fmt: skip
    assert made.way("changes") is not None
    assert made.way("maybe") is None


def test_deadline_of_an_approval() -> None:
    """An approval that nobody gives expires, also with several (L8)."""
    for keys in ("by: customer", "by: {all: [customer, tailor]}"):
        job = begin(keys)
        job.wait("P8D")
        assert job.position.head.end == "late"
