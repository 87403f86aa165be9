"""Who may do what, as pure rules (L4)."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from flowengine import PROGRAM, Actor, BadAnswer, Engine, NotAllowed
from flowengine.client.routes import ROUTES
from flowengine.core.seatings import fillable, in_one_part, nobody_may, seatings, waits_for
from flowengine.core.values import Seat, Step
from flowengine.language.parts import Group, Role
from flowengine.people.identities import actor_key, check_person
from flowengine.people.permissions import DEAR, LINKED, LOOKS, NEVER, TABLE, least, needs, require, stands
from flowengine.views.plainly import waits_for_words

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
    assert waits_for(actor, _step(audience), _no_seat) is may


def test_a_step_with_seats_is_for_those_invited() -> None:
    """Where several are asked one by one, only who has a seat may act, and those to whom it was opened later."""
    invited = {(1, "person:ada")}

    def seat(step: int, audience: str) -> Seat | None:
        return Seat(step=step, number=1, audience=audience) if (step, audience) in invited else None

    assert waits_for(ADA, _step(seats=1), seat)
    assert not waits_for(Actor(kind="customer", id="ben"), _step(seats=1), seat)
    assert not waits_for(TOM, _step(seats=1), seat)
    assert waits_for(TOM, _step("staff", seats=1), seat)


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
    assert waits_for(TOM, step, _no_seat)


def test_who_sees_a_job() -> None:
    """Staff see every job; a customer his own, and those in which a step waits for him."""

    def sees(actor: Actor, customer: str, *waiting: str) -> bool:
        return stands(needs("track", actor), actor, customer, waiting)

    assert sees(TOM, "ben")
    assert sees(Actor(kind="operator"), "ben")
    assert sees(ADA, "ada")
    assert not sees(ADA, "ben")
    assert not sees(ADA, "ben", "person:ben", "staff")
    assert sees(ADA, "ben", "group:members")


def test_only_operators_operate() -> None:
    """Incidents and migrations are for operators, and for the program itself."""
    for verb in ("retry", "migrate"):
        assert require(verb, OLGA) == require(verb, PROGRAM) == "any"
        for actor in (TOM, ADA, Actor(kind="service", id="mill"), Actor(kind="clock")):
            with pytest.raises(NotAllowed, match="only an operator may") as refused:
                require(verb, actor)
            assert refused.value.possible


def test_each_verb_of_the_engine_has_a_row() -> None:
    """The table and the public methods of the engine name the same verbs; whoever may ask besides the program says who
    he is, and what is the program's own asks nobody."""
    methods = {
        name: inspect.signature(getattr(Engine, name))
        for name, value in inspect.getmembers(Engine)
        if not name.startswith("_") and not isinstance(value, property)
    }
    assert methods.keys() == TABLE.keys()
    for verb, signature in methods.items():
        row = TABLE[verb]
        asked = any(one != NEVER for one in (row.customer, row.staff, row.operator, row.service, row.clock))
        assert ("by" in signature.parameters) == asked, verb


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


@pytest.mark.parametrize(
    "id",
    ["ada", "auth0|5f7c", "ada+home@example.org", "urn:uuid:1", "https://id.example.org/ada", "x" * 200, "-Hq_=", "1"],
)
def test_ids_of_identity_providers_are_taken(id: str) -> None:
    """A person's id may be what an identity provider gives."""
    check_person(id)


@pytest.mark.parametrize(
    ("known", "wrong"),
    [
        ({"id": "a b"}, ["id"]),
        ({"id": "a/../b"}, ["id"]),
        ({"id": "ada", "name": " "}, ["name"]),
        ({"id": "ada", "name": "Ada\nByron"}, ["name"]),
        ({"id": "ada", "name": "x" * 201}, ["name"]),
        ({"id": "ada", "contact": "a@b.org\r\nBcc: all@b.org"}, ["contact"]),
        ({"id": "", "name": "\x1b[2J", "contact": "\u2028"}, ["id", "name", "contact"]),
    ],
)
def test_a_person_that_cannot_be_one_is_refused(known: dict[str, Any], wrong: list[str]) -> None:
    """All that is wrong with an id, a name and a contact is said at once, with what is possible."""
    with pytest.raises(BadAnswer) as refused:
        check_person(**known)
    assert list(refused.value.problems) == wrong
    assert len(refused.value.possible) == len(wrong)


@pytest.mark.parametrize(
    ("audience", "claimed", "excluded", "nobody"),
    [
        (("role:tailor",), None, (), False),
        (("role:cutter",), None, (), True),
        (("role:cutter", "anyone"), None, (), False),
        ((), None, (), True),
        (("role:tailor",), None, ("tom",), False),
        (("role:tailor",), None, ("tom", "eva"), True),
        (("role:tailor",), "tom", (), False),
        (("role:tailor",), "cleo", (), True),
    ],
)
def test_a_step_that_nobody_may_do(
    audience: tuple[str, ...], claimed: str | None, excluded: tuple[str, ...], nobody: bool
) -> None:
    """Whoever has it must fill a seating, else somebody who is not excluded; what nobody can count may have some."""
    filled = {"role:tailor": ("tom", "eva"), "role:cutter": (), "anyone": None}
    step = structs.replace(_step(*audience), claimed=claimed, excluded=excluded)
    assert nobody_may(step, filled.__getitem__) is nobody


@pytest.mark.parametrize(
    ("seats", "spoken", "wider", "wanted"),
    [
        ("ab", {}, (), 2),
        ("abc", {}, (), 2),
        ("abc", {}, ("anyone",), 3),
        ("aa", {"a": "tom"}, (), 2),
        ("cb", {"c": "tom"}, (), 2),
        ("cd", {"c": "tom"}, (), 1),
    ],
)
def test_how_many_seats_can_be_filled(seats: str, spoken: dict[str, str], wider: tuple[str, ...], wanted: int) -> None:
    """Nobody answers twice, and who has answered moves to another of his seats to make room."""
    filled = {"a": ("tom", "eva"), "b": ("eva",), "c": ("tom",), "d": ("tom",), "anyone": None}
    made = [
        Seat(step=1, number=number, audience=name, by=None if seats[:number].count(name) > 1 else spoken.get(name))
        for number, name in enumerate(seats, 1)
    ]
    assert fillable(made, wider, filled.__getitem__) == wanted


FOR_LUND = structs.replace(
    ADA, acting=("lund", "moss"), signing=("moss",), seeing=("eve",), member_of=(("moss", "club"),)
)


def test_an_actor_fills_the_seatings_of_his_parties() -> None:
    """His own under each id, and those of his parties with their groups; or of the one that he names."""
    own = {"person:ada", "customers", "anyone", "group:members"}
    assert seatings(structs.replace(ADA, same=("ada2",))) == own | {"person:ada2"}
    assert seatings(FOR_LUND) == own | {"person:lund", "person:moss", "group:club"}
    assert seatings(structs.replace(FOR_LUND, party="lund")) == {"person:lund", "customers", "anyone"}
    assert seatings(structs.replace(TOM, acting=("lund",))) == seatings(TOM) | {"person:lund", "customers"}


@pytest.mark.parametrize(
    ("wanted", "party"), [("person:ada", ""), ("person:lund", "lund"), ("customers", ""), ("group:club", "moss")]
)
def test_an_actor_acts_in_one_part(wanted: str, party: str) -> None:
    """As himself where that is enough, else for the first party that it needs; and it is that one alone."""
    part = in_one_part(FOR_LUND, lambda one: wanted in seatings(one))
    assert part.party == party
    assert wanted in seatings(part)
    assert part.recorded == Actor(kind="customer", id="ada", groups=("members",), party=party)


def test_looking_for_a_party_is_not_acting() -> None:
    """What is a party's own is his to change who may act for it, and to look at also for who may only look."""
    assert stands("own", FOR_LUND, "lund")
    assert not stands("own", FOR_LUND, "eve")
    assert stands("own", FOR_LUND, "eve", looking=True)
    assert not stands("own", TOM, "tom")
    assert stands("own", structs.replace(TOM, acting=("lund",)), "lund")


def test_what_stands_below_the_table_names_verbs_of_it() -> None:
    """Who looks, links and strengths are said of verbs that there are; a route that only looks is one. A preview is
    asked with the answer that is to be looked at, and a forecast with the stock, in a body."""
    assert LOOKS | LINKED | DEAR.keys() <= TABLE.keys()
    looking = {route.verb for route in ROUTES if route.method == "GET" and route.verb in TABLE}
    changing = {route.verb for route in ROUTES if route.method != "GET"} - {"preview", "preview_act", "forecast"}
    assert looking <= LOOKS
    assert LOOKS.isdisjoint(changing)


@pytest.mark.parametrize(
    ("verb", "strengths", "raised", "wanted"),
    [
        ("track", {}, "", "link"),
        ("withdraw", {}, "", "code"),
        ("withdraw", {"withdraw": "link"}, "", "link"),
        ("withdraw", {"withdraw": "link"}, "passkey", "passkey"),
        ("track", {"*": "code"}, "", "code"),
        ("withdraw", {"*": "link"}, "", "code"),
        ("track", {"*": "code", "track": "link"}, "", "link"),
    ],
)
def test_how_strongly_somebody_has_to_be_known(verb: str, strengths: dict[str, str], raised: str, wanted: str) -> None:
    """The table says it, an installation otherwise, and a designer only more."""
    assert least(verb, strengths, raised) == wanted
