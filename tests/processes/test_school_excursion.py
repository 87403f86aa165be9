"""An excursion of a class through the real engine, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from driver import Story

from flowengine import Engine, SimulatedClock, errors
from flowengine.samples import process_file

CLASS = {"Ava": "pa", "Bo": "pb", "Cleo": "pc", "Dev": "pd"}
"""The children, each with the parent who is asked."""


@pytest.fixture
def school(engine: Engine, clock: SimulatedClock, checkout: Any) -> Story:
    """Ms Tan's class, its parents, its head teacher and its office."""
    from examples.templates.pretend import handlers

    engine.deploy(process_file("school_excursion"))
    engine.register(handlers(checkout))
    engine.add_customer("tan", "Ms Tan")
    for parent in CLASS.values():
        engine.add_customer(parent, f"Parent {parent[1:].upper()}", groups=["parents"])
    engine.add_staff("hugo", "Hugo", roles=["head"])
    engine.add_staff("olive", "Olive", roles=["office"])
    return Story(engine, clock)


def plan(
    story: Story, cost: float = 12.5, least: int = 3, days: int = 28, parents: Sequence[str] = tuple(CLASS.values())
) -> None:
    """The excursion is planned for four weeks ahead, unless said otherwise."""
    story.start(
        "school_excursion",
        "tan",
        where="the science museum",
        day=(story.clock.now() + timedelta(days=days)).date().isoformat(),
        meet="At the gate, 8:15",
        bring="Lunch and a coat",
        cost=cost,
        least=least,
        parents=list(parents),
    )


def may_come(story: Story, parent: str, **more: Any) -> None:
    """This parent agrees."""
    child = next(name for name, who in CLASS.items() if who == parent)
    story.do(parent, "consent", "may_come", child=child, phone="020 7946 0000", **more)


def asked(story: Story, **plans: Any) -> None:
    """… and the head teacher agrees, so that the parents are asked."""
    plan(story, **plans)
    story.do("hugo", "head_agrees", "approved")


def agreed(story: Story, parents: str = "abcd", **plans: Any) -> None:
    """… and these parents agree, and the others do not."""
    asked(story, **plans)
    for parent in CLASS.values():
        if parent[1] in parents:
            may_come(story, parent)
        else:
            story.do(parent, "consent", "stays_at_school")


def ready(story: Story) -> None:
    """… and everything is booked, and the day comes."""
    story.do("olive", "tickets", "done")
    story.do("olive", "first_aid", "done")
    story.later(days=29)
    assert story.at == {"trip"}


def test_a_class_goes_out_with_the_consent_of_its_parents(school: Story, checkout: Any) -> None:
    """Planned, agreed to, paid, undertaken and looked back on: fulfilled (L1)."""
    asked(school)
    assert school.waiting("pa")["consent"].title.startswith(
        "May your child come along to the science museum on Monday, 1 February 2027?"
    )
    assert "consent" not in school.waiting("tan")
    may_come(school, "pa", health="Bee stings")
    for parent in ("pb", "pc"):
        may_come(school, parent)
    school.do("pd", "consent", "stays_at_school")
    assert checkout.taken() == Decimal("37.5")
    assert school.shown("olive", "first_aid")["To be known"] == "Ava: Bee stings"
    ready(school)
    school.do("tan", "trip", "done", report="The rockets were best")
    for parent in ("pa", "pb", "pc"):
        school.do(parent, "how_was_it", "done", rating=5, words="She talks of nothing else")
    assert school.shown("tan", "thanks")["They rate it"] == "5, 5, 5"
    school.do("tan", "thanks", "answered", again=True)
    assert (school.status, school.because) == ("fulfilled", "The class was out together")
    assert school.engine.audit(school.job).fine


def test_each_parent_is_asked_for_his_own_child_and_sees_no_others(school: Story) -> None:
    """A consent waits for its own parent (L4), and what others said about health stays inside (L9)."""
    asked(school)
    may_come(school, "pa", health="Bee stings")
    assert school.shown("pb", "consent")["Cost"].startswith("£12.50.")
    assert "Ava" not in str(school.engine.step(school.step("pb", "consent"), "pb").to_json())
    assert "Bee stings" not in str(school.track("tan").to_json())


def test_a_day_that_is_too_near_is_refused(school: Story) -> None:
    """Parents have two weeks at least."""
    with pytest.raises(errors.BadAnswer, match="day"):
        plan(school, days=5)


def test_only_parents_are_asked(school: Story) -> None:
    """Whoever is no parent of the school is refused before anything begins, with those who are."""
    with pytest.raises(errors.BadAnswer, match="parents"):
        plan(school, parents=["pa", "hugo"])


def test_the_head_teacher_may_ask_for_changes_or_refuse(school: Story) -> None:
    """Changes come back with his words; a refusal ends it, and no parent was asked."""
    plan(school)
    school.do("hugo", "head_agrees", "changes", words="Meet earlier, please")
    assert school.shown("tan", "plan_again") == {"Asked for": "Meet earlier, please"}
    school.do("tan", "plan_again", "answered", meet="At the gate, 8:00", bring="Lunch")
    assert school.shown("hugo", "head_agrees")["Where and when they meet"] == "At the gate, 8:00"
    school.do("hugo", "head_agrees", "declined", words="Not in the week of the exams")
    assert (school.status, school.because) == ("ended", "The head teacher did not agree")
    assert "Not in the week of the exams" in str(school.track("tan").to_json())


def test_a_head_teacher_who_says_nothing_has_not_agreed(school: Story) -> None:
    """Silence is no permission."""
    plan(school)
    school.later(days=8)
    assert school.because == "The head teacher did not agree"


def test_who_does_not_answer_is_called_and_is_never_taken_to_agree(school: Story) -> None:
    """A parent without a word is called by the office; a child without a consent stays at school."""
    agreed(school, "ab", least=3)
    assert school.at == {"too_few"}
    asked(school)
    school.later(days=8)
    school.do("olive", "call_parent", "will_answer")
    assert [parent for parent in CLASS.values() if "consent" in school.waiting(parent)]
    school.later(days=18)
    assert school.at == {"too_few"}
    assert school.shown("tan", "too_few") == {"They come": "nobody"}
    school.later(days=1)
    assert (school.status, school.because) == (
        "ended",
        "The excursion was called off, and what was paid was returned",
    )


def test_nobody_stays_away_for_want_of_money(school: Story, checkout: Any) -> None:
    """Who asks for help, or cannot pay, goes on the school fund; what is paid in cash is collected by the office."""
    checkout.set_limit("pb", Decimal(1))
    checkout.set_limit("pc", Decimal(1))
    asked(school)
    may_come(school, "pa", help=True)
    may_come(school, "pb")
    school.do("pb", "declined", "help_us")
    may_come(school, "pc")
    school.do("pc", "declined", "bring_cash")
    school.do("olive", "collect", "paid")
    school.do("pd", "consent", "stays_at_school")
    assert school.at == {"tickets", "first_aid", "prepare"}
    assert checkout.payments() == []


def test_too_few_children_are_a_question_to_the_teacher(school: Story, checkout: Any) -> None:
    """She goes all the same, or calls it off, and then everybody has the money back."""
    agreed(school, "ab")
    assert school.shown("tan", "too_few") == {"They come": "Ava, Bo"}
    school.do("tan", "too_few", "we_go")
    assert "prepare" in school.at
    agreed(school, "ab")
    school.do("tan", "too_few", "call_it_off")
    assert (school.status, school.because) == ("ended", "The excursion was called off, and what was paid was returned")
    assert checkout.taken() == 25  # what the two of the first excursion have paid


def test_without_any_child_there_is_no_excursion(school: Story) -> None:
    """Nobody may come: she cannot go alone."""
    agreed(school, "")
    with pytest.raises(errors.NotAllowed):
        school.do("tan", "too_few", "we_go")
    school.later(days=28)
    assert school.status == "ended"


def test_it_may_be_called_off_until_the_day_with_the_money_back(school: Story, checkout: Any) -> None:
    """By the teacher or the head teacher; cash is given back by hand, and those who took part are told."""
    checkout.set_limit("pc", Decimal(1))
    asked(school)
    for parent in ("pa", "pb"):
        may_come(school, parent)
    may_come(school, "pc")
    school.do("pc", "declined", "bring_cash")
    school.do("olive", "collect", "paid")
    school.do("pd", "consent", "stays_at_school")
    school.use("hugo", "call_off", because="The museum is closed")
    assert checkout.taken() == 0
    assert school.waiting("olive")["give_back_cash"].title == "Give £12.50 back to the parents pc"
    school.do("olive", "give_back_cash", "done")
    assert (school.status, school.because) == ("ended", "The excursion was called off, and what was paid was returned")
    assert "The museum is closed" in str(school.track("tan").to_json())


def test_a_trip_that_cannot_take_place_on_its_day_is_called_off(school: Story, checkout: Any) -> None:
    """Storm on the day: everybody has the money back."""
    agreed(school)
    ready(school)
    school.do("tan", "trip", "did_not_take_place")
    assert (school.status, checkout.taken()) == ("ended", 0)


def test_an_excursion_that_costs_nothing_asks_for_nothing(school: Story, checkout: Any) -> None:
    """No payment is taken where there is nothing to pay."""
    agreed(school, cost=0)
    assert "prepare" in school.at
    assert checkout.payments() == []


def test_parents_who_say_nothing_afterwards_do_not_keep_it_open(school: Story) -> None:
    """It ends a fortnight later without a word from anybody."""
    agreed(school)
    ready(school)
    school.later(days=20)
    assert school.status == "fulfilled"
