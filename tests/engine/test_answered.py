"""What a command came to, in plain words for who asked for it; and why something cannot be done now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowengine import Engine, NotAllowed, NotFound, SimulatedClock, StaleCommand
from flowengine.views.customer_words import UNDER_WAY
from flowengine.views.replies import Kept

TEXT = """
process: loaf
title: A loaf for you
need: A loaf of bread
roles: {baker: {title: Baker}}
zone: Europe/London
promise: {by: data.need.day}
states:
  need: {type: need, ask: When?, fields: {day: {type: string, format: date}}, next: kind}
  kind:
    type: choice
    ask: Which bread?
    choose:
      flour: {from: [{id: rye_flour, title: Rye}, {id: wheat, title: Wheat}]}
      loaves: {from: [1, 2], title: Loaves}
    within: P1D
    on: {chosen: bake, expired: gone}
  bake:
    type: task
    for: baker
    phase: Baking
    ask: Bake it
    within: PT5H
    on: {done: cool, expired: cool, burnt_black: bake}
  cool: {type: wait, for: PT1H, phase: Cooling, next: taste}
  taste:
    type: approval
    by: customer
    ask: Is it good?
    within: P7D
    on: {approved: fulfilled, changes: bake, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The bread was not wanted}
always:
  withdraw: {by: customer, when: '!passed("bake")', to: gone}
  sign:
    title: Write a name on it
    by: customer
    when: at("bake")
    otherwise: it is written on while it is baked
    to: kind
"""


@pytest.fixture
def shop(engine: Engine) -> Engine:
    engine.deploy(TEXT)
    engine.add_staff("bob", "Bob", roles=["baker"])
    engine.add_staff("bea", "Bea", roles=["baker"])
    return engine


def _mine(engine: Engine, who: str, job: str) -> str:
    (step,) = [one.id for one in engine.inbox(who) if one.job == job]
    return step


def _ordered(engine: Engine) -> str:
    job = engine.start("loaf", by="ada", need={"day": "2026-05-06"}).job
    engine.act(_mine(engine, "ada", job), "chosen", {"flour": "rye_flour", "loaves": 2}, by="ada")
    return job


def test_a_customer_is_told_what_happened_and_what_waits_for_him(shop: Engine) -> None:
    """The step that waits for him comes next, with its id and its deadline."""
    receipt = shop.start("loaf", by="ada", need={"day": "2026-05-06"})
    found = shop.answered(receipt.job, receipt.seq, "ada")
    assert found.said == "Thank you. We know what you need. It is promised for Wed 6 May 2026."
    (next,) = found.next
    assert (next.words, next.id) == ("Which bread?", _mine(shop, "ada", receipt.job))
    assert next.due is not None
    assert found.over == ""


def test_a_customer_is_told_who_is_at_work_and_by_when(shop: Engine, clock: SimulatedClock) -> None:
    """Where nothing waits for him: the phase, the role as the file calls it, and the deadline of the work."""
    job = _ordered(shop)
    found = shop.answered(job, 2, "ada")
    assert found.said == "Thank you. You have chosen Rye, 2 loaves."
    assert [one.words for one in found.next] == ["Baking (the baker, by Mon 4 May 2026, 15:00)"]
    shop.act(_mine(shop, "bob", job), "done", by="bob")
    assert [one.words for one in shop.answered(job, 2, "ada").next] == ["Cooling (until Mon 4 May 2026, 11:00)"]
    clock.advance(timedelta(hours=2))
    shop.run_due()
    assert [one.words for one in shop.answered(job, 2, "ada").next] == ["Is it good?"]


def test_staff_are_told_shortly_what_is_next_in_their_inbox(shop: Engine) -> None:
    """Nobody thanks them; the next of all that waits for them is named, and how many there are."""
    first, second = _ordered(shop), _ordered(shop)
    receipt = shop.act(_mine(shop, "bob", first), "done", by="bob")
    found = shop.answered(first, receipt.seq, "bob")
    assert (found.said, found.of) == ("Done: Bake it.", 1)
    assert [(one.words, one.id) for one in found.next] == [("Bake it, for Ada", _mine(shop, "bob", second))]
    receipt = shop.act(_mine(shop, "bob", second), "burnt_black", by="bob")
    assert shop.answered(second, receipt.seq, "bob").said == "Bake it: burnt black."


def test_the_end_is_told(shop: Engine, clock: SimulatedClock) -> None:
    """What was wished for, or why it is over; and nothing comes next."""
    job = _ordered(shop)
    shop.act(_mine(shop, "bob", job), "done", by="bob")
    clock.advance(timedelta(hours=2))
    shop.run_due()
    receipt = shop.act(_mine(shop, "ada", job), "declined", {"words": "Too dark"}, by="ada")
    found = shop.answered(job, receipt.seq, "ada")
    assert (found.said, found.over, found.next) == (
        "You have said no (“Too dark”): Is it good?",
        "It is over: The bread was not wanted.",
        (),
    )


def test_it_is_for_who_asked(shop: Engine) -> None:
    """Another customer's doing, and what never was, are answered alike; the organisation may look (L4)."""
    job = _ordered(shop)
    shop.act(_mine(shop, "bob", job), "done", by="bob")
    assert shop.answered(job, 3, "bea").said == "Done: Bake it."
    for seq, who in ((3, "ada"), (99, "ada"), (0, "ada"), (-1, "bob"), (1, "ben")):
        with pytest.raises(NotFound):
            shop.answered(job, seq, who)


def test_a_repeat_is_told_in_the_same_words(shop: Engine) -> None:
    """The same key gives the same receipt (L3), and the same is told of it."""
    job = shop.start("loaf", by="ada", need={"day": "2026-05-06"}).job
    step, answer = _mine(shop, "ada", job), {"flour": "wheat", "loaves": 1}
    first = shop.act(step, "chosen", answer, by="ada", key="k")
    again = shop.act(step, "chosen", answer, by="ada", key="k")
    assert again.repeated
    assert shop.answered(job, first.seq, "ada") == shop.answered(job, again.seq, "ada")


def test_words_and_claims_are_told(shop: Engine) -> None:
    """What was said is told again; of a step whose it is now."""
    job = _ordered(shop)
    said = shop.say(job, "No seeds, please", "wish", by="ada")
    assert shop.answered(job, said.seq, "ada").said == "Thank you. Your wish is noted: “No seeds, please”."
    step = _mine(shop, "bob", job)
    claimed = shop.claim(step, by="bob")
    handed = shop.assign(step, "bea", by="bob")
    given_back = shop.release(step, by="bea")
    told = [shop.answered(job, one.seq, "bob").said for one in (claimed, handed, given_back)]
    assert told == ["It is yours now: Bake it.", "It is for Bea now: Bake it.", "You have given it back: Bake it."]


def test_what_is_closed_says_why(shop: Engine) -> None:
    """In the file's words, or from a condition of a simple form by the phase; the same when it is used."""
    job = shop.start("loaf", by="ada", need={"day": "2026-05-06"}).job
    (closed,) = shop.track(job, "ada").closed_offers
    assert (closed.name, closed.closed) == ("sign", "it is written on while it is baked")
    shop.act(_mine(shop, "ada", job), "chosen", {"flour": "wheat", "loaves": 1}, by="ada")
    shop.act(_mine(shop, "bob", job), "done", by="bob")
    seen = shop.track(job, "ada")
    assert seen.offers == ()
    assert {one.name: one.closed for one in seen.closed_offers} == {
        "withdraw": "Baking is done already",
        "sign": "it is written on while it is baked",
    }
    with pytest.raises(NotAllowed) as refused:
        shop.withdraw(job, by="ada")
    assert refused.value.what == "Withdraw cannot be done now: Baking is done already"
    with pytest.raises(NotAllowed, match="Write a name on it cannot be done now: it is written on while it is baked"):
        shop.invoke(job, "sign", by="ada")


def test_a_step_that_is_closed_says_who_was_there_first(shop: Engine) -> None:
    """Staff are told by whom, customers that it was them, or their time."""
    job = shop.start("loaf", by="ada", need={"day": "2026-05-06"}).job
    chosen = _mine(shop, "ada", job)
    shop.act(chosen, "chosen", {"flour": "wheat", "loaves": 1}, by="ada")
    with pytest.raises(StaleCommand, match="you have done it already, on Mon 4 May 2026, 09:00 UTC"):
        shop.act(chosen, "chosen", {"flour": "rye_flour", "loaves": 1}, by="ada")
    step = _mine(shop, "bob", job)
    shop.act(step, "done", by="bob")
    with pytest.raises(StaleCommand, match="Bob was there first"):
        shop.act(step, "done", by="bea")


def test_a_message_that_nobody_waits_for_says_for_whom_it_is_kept(engine: Engine) -> None:
    """The name, the key, and until when."""
    engine.deploy("""
process: post
need: A parcel
states:
  need: {type: need, fields: {n: {type: string}}, next: wait}
  wait:
    type: message
    name: come
    key: data.need.n
    keep: P30D
    within: P9D
    on: {received: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
""")
    kept = engine.send("come", "M-18")
    assert isinstance(kept, Kept)
    assert (kept.acted, kept.key) == ("come", "M-18")


def test_what_is_at_work_inside_is_told_by_what_is_around_it(engine: Engine) -> None:
    """A state without a word of its own has that of its stage."""
    engine.deploy("""
process: roll
need: A roll
roles: {baker: {title: Baker}}
states:
  need: {type: need, next: making}
  making:
    type: stage
    phase: Making your roll
    states: {knead: {type: task, for: baker, within: PT1H, on: {done: done, expired: done}}}
    next: fulfilled
  fulfilled: {type: fulfilled}
""")
    begun = engine.start("roll", by="ada")
    found = engine.answered(begun.job, begun.seq, "ada")
    assert [one.words for one in found.next] == ["Making your roll (the baker, by Mon 4 May 2026, 10:00 UTC)"]


VOTE = """
process: poll
need: A colour
groups: {members: {title: Members}}
states:
  need: {type: need, next: colour}
  colour:
    type: vote
    ask: Which colour?
    of: {group: members}
    options: [red, blue]
    abstain: true
    changeable: CHANGEABLE
    within: P1D
    on: {decided: fulfilled, no_quorum: fulfilled, tied: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.mark.parametrize("changeable", [True, False])
def test_who_has_voted_is_asked_no_more(engine: Engine, changeable: bool) -> None:
    """His answer is in; where he may change it that is said, else the vote waits for the others. Nobody else is told
    that he abstained, and he is."""
    engine.deploy(VOTE.replace("CHANGEABLE", str(changeable).lower()))
    for id in ("ada", "ben"):
        engine.add_customer(id, id.capitalize(), groups=["members"])
    job = engine.start("poll", by="ada").job
    (before,) = engine.track(job, "ada").waiting
    assert (before.for_you, before.answered) == (True, False)
    receipt = engine.act(before.id, "abstain", by="ada")
    (after,) = engine.track(job, "ada").waiting
    assert (after.for_you, after.answered) == (changeable, True)
    found = engine.answered(job, receipt.seq, "ada")
    assert found.said == "You have abstained: Which colour?"
    assert [(one.words, one.id) for one in found.next] == [
        ("Which colour? (the members, by Tue 5 May 2026, 09:00 UTC)", "")
    ]
    with pytest.raises(NotFound):
        engine.answered(job, receipt.seq, "olga")


def test_a_step_that_another_has_taken_waits_for_him(shop: Engine) -> None:
    """Track offers nobody else the command for it."""
    job = _ordered(shop)
    shop.claim(_mine(shop, "bob", job), by="bob")
    found = {who: shop.track(job, who).waiting[0].for_you for who in ("bob", "bea")}
    assert found == {"bob": True, "bea": False}


def test_a_phase_that_is_over_is_not_to_come(shop: Engine, clock: SimulatedClock) -> None:
    """A choice that was made is listed no more, though a change of mind could bring it back; nor is a state's name."""
    job = _ordered(shop)
    assert shop.track(job, "ada").ahead == ("Cooling", "Is it good?")
    shop.act(_mine(shop, "bob", job), "done", by="bob")
    clock.advance(timedelta(hours=2))
    shop.run_due()
    seen = shop.track(job, "ada")
    assert ([one.words for one in seen.where], seen.ahead) == (["Is it good?"], ())
    assert UNDER_WAY not in seen.ahead
