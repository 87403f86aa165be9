"""Who may do what, as pure rules (L4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowengine import Actor
from flowengine.core.values import Seat, Step
from flowengine.language.parts import Group, Role
from flowengine.people import actor_key, may_act, may_operate, may_see, seatings, waits_for_words

ADA = Actor(kind="customer", id="ada", groups=("members",))
TOM = Actor(kind="staff", id="tom", roles=("tailor", "cutter"))
OLGA = Actor(kind="operator", id="olga", roles=("operator", "tailor"))


def _step(*audience: str, seats: int = 0) -> Step:
    return Step(
        number=1, branch="main", state="sew", audience=audience, seats=seats, opened=datetime(2026, 1, 1, tzinfo=UTC)
    )


def _no_seat(step: int, audience: str) -> Seat | None:  # noqa: ARG001 - the signature of the lookup
    return None


@pytest.mark.parametrize(
    ("actor", "wanted"),
    [
        (ADA, {"person:ada", "customers", "anyone", "group:members"}),
        (TOM, {"person:tom", "staff", "anyone", "role:tailor", "role:cutter"}),
        (OLGA, {"person:olga", "staff", "anyone", "role:operator", "role:tailor"}),
        (Actor(kind="operator"), set()),
        (Actor(kind="clock"), set()),
        (Actor(kind="service", id="order_cloth"), set()),
        (Actor(kind="customer"), set()),
    ],
)
def test_an_actor_fills_his_seatings(actor: Actor, wanted: set[str]) -> None:
    """Customers fill their own and their groups', staff their roles', and what is nobody fills none."""
    assert seatings(actor) == wanted


def test_a_customer_cannot_have_a_role_nor_staff_a_group() -> None:
    """Roles count for staff alone, groups for customers alone, whatever the actor claims."""
    assert "role:tailor" not in seatings(Actor(kind="customer", id="ada", roles=("tailor",)))
    assert "group:members" not in seatings(Actor(kind="staff", id="tom", groups=("members",)))


@pytest.mark.parametrize(
    ("audience", "actor", "may"),
    [
        ("person:ada", ADA, True),
        ("person:ben", ADA, False),
        ("customers", ADA, True),
        ("customers", TOM, False),
        ("staff", TOM, True),
        ("staff", ADA, False),
        ("anyone", ADA, True),
        ("anyone", TOM, True),
        ("role:tailor", TOM, True),
        ("role:tailor", ADA, False),
        ("group:members", ADA, True),
        ("group:others", ADA, False),
        ("anyone", Actor(kind="clock"), False),
        ("role:tailor", Actor(kind="operator", id="olga", roles=("operator",)), False),
    ],
)
def test_a_step_is_for_its_audience(audience: str, actor: Actor, may: bool) -> None:
    """A step may be acted on by those who fill one of its seatings, operators included in that rule."""
    assert may_act(actor, _step(audience), _no_seat) is may


def test_a_step_with_seats_is_for_those_invited() -> None:
    """Where several are asked one by one, only who has a seat may act."""
    invited = {(1, "person:ada")}

    def seat(step: int, audience: str) -> Seat | None:
        return Seat(step=step, number=1, audience=audience) if (step, audience) in invited else None

    assert may_act(ADA, _step(seats=1), seat)
    assert not may_act(Actor(kind="customer", id="ben"), _step(seats=1), seat)
    assert not may_act(TOM, _step("staff", seats=1), seat)


def test_a_preference_forbids_nobody() -> None:
    """A step that is kept for one person first may be taken by the others of its audience."""
    step = Step(
        number=1,
        branch="main",
        state="sew",
        audience=("role:tailor",),
        preferred="tim",
        opened=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert may_act(TOM, step, _no_seat)


def test_who_sees_a_job() -> None:
    """Staff see every job; a customer his own, and those in which a step waits for him."""
    assert may_see(TOM, "ben")
    assert may_see(Actor(kind="operator"), "ben")
    assert may_see(ADA, "ada")
    assert not may_see(ADA, "ben")
    assert not may_see(ADA, "ben", ["person:ben", "staff"])
    assert may_see(ADA, "ben", ["group:members"])


def test_only_operators_operate() -> None:
    """Incidents and migrations are for operators."""
    assert may_operate(OLGA)
    assert not may_operate(TOM)
    assert not may_operate(ADA)


def test_request_keys_belong_to_a_person() -> None:
    """Request keys are kept under the person's id; those without one share their kind's."""
    assert actor_key(ADA) == "ada"
    assert actor_key(Actor(kind="operator")) == "operator"


@pytest.mark.parametrize(
    ("seating", "words"),
    [
        ("person:ada", "you"),
        ("person:ben", "Ben"),
        ("person:zoe", "zoe"),
        ("role:tailor", "The tailor"),
        ("role:mayor", "mayor"),
        ("group:members", "Members of the club"),
        ("customers", "any customer"),
        ("staff", "any of the staff"),
        ("anyone", "anyone"),
        ("", ""),
    ],
)
def test_a_seating_in_plain_words(seating: str, words: str) -> None:
    """Whom a step waits for is told by names and titles."""
    roles = {"tailor": Role(name="tailor", title="The tailor")}
    groups = {"members": Group(name="members", title="Members of the club")}
    assert waits_for_words(seating, {"ben": "Ben"}, roles, groups, asker="ada") == words
