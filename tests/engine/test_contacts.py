"""Contacts: several each, found however they are written, and letters that reach a party by those who act for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from flowengine import BadAnswer, Engine, Identity, NotAllowed, NotFound, SimulatedClock, WeakIdentity
from flowengine.commands.parties import MOST_CONTACTS
from flowengine.people.contacts import any_way, way
from flowengine.people.identities import made_id
from flowengine.post import letters, notices
from flowengine.store import Transaction

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)

ASKING = """
process: asking
title: A question
need: An answer
states:
  need: {type: need, next: ask}
  ask:
    type: ask
    ask: Which size?
    fields: {size: {type: integer, title: Size}}
    within: P30D
    on: {answered: tell_us, expired: gone}
  tell_us: {type: feedback, scale: [1, 5], refer: true, within: P30D, on: {given: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody answered}
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with Engine(database_url, clock=SimulatedClock(NOW)) as made:
        made.deploy(ASKING)
        made.add_customer("ada", "Ada", "ada@example.org")
        made.add_customer("ben", "Ben")
        yield made


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("Ada@Example.ORG", "mail", "ada@example.org"),
        (" ada@bücher.example ", "mail", "ada@xn--bcher-kva.example"),
        ("+44 (20) 7946-0000", "phone", "+442079460000"),
        ("0044 20 7946 0000", "phone", "+442079460000"),
        ("020 7946 0000", "phone", "02079460000"),
        ("HTTPS://Example.org/", "url", "https://example.org"),
        ("ntfy://topic/Path", "url", "ntfy://topic/Path"),
        ("Room 12", "other", "room 12"),
        ("12", "other", "12"),
    ],
)
def test_what_means_the_same_has_one_key(text: str, kind: str, key: str) -> None:
    """A text is seen by its look, and is compared without what does not count."""
    found = any_way(text)
    assert (found.kind, found.key, found.address) == (kind, key, text.strip())


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("mail", "ada"),
        ("mail", "a@b@c"),
        ("mail", "ada@nowhere"),
        ("mail", ""),
        ("phone", "12"),
        ("phone", "+999 1"),
        ("phone", "+1 23"),
        ("url", "example.org"),
        ("url", "https://"),
        ("url", "https://a b"),
        ("mail", "x" * 3_000 + "@example.org"),
        ("mail", "ada@example.org\n"),
        ("pigeon", "ada"),
    ],
)
def test_what_is_no_contact_is_refused(kind: str, address: str) -> None:
    """An address that cannot be one of its kind is refused with an example; so is a kind that there is not."""
    if address.endswith("\n"):
        assert way(kind, address).address == "ada@example.org"
        return
    with pytest.raises(BadAnswer) as refused:
        way(kind, address)
    assert refused.value.possible


def test_contacts_are_added_found_confirmed_and_taken_away(engine: Engine) -> None:
    """The first is that of the record; each finds its person; the verified come first."""
    assert [(one.kind, one.address, one.verified) for one in engine.contacts("ada")] == [
        ("mail", "ada@example.org", None)
    ]
    engine.add_contact("ada", "+44 20 7946 0000")
    again = engine.add_contact("ada", "0044 2079460000", "phone")
    assert again.address == "+44 20 7946 0000"
    assert engine.find_person("0044 (20) 79460000").id == "ada"
    assert engine.find_person("ADA@example.org").id == "ada"
    engine.confirm_contact("ada", "+442079460000", how="code")
    assert [(one.kind, one.how) for one in engine.contacts("ada")] == [("phone", "code"), ("mail", "")]
    assert [one.id for one in engine.with_contact("Ada@Example.org")] == ["ada"]
    assert engine.remove_contact("ada", "ADA@example.org").address == "ada@example.org"
    assert engine.person("ada").contact == "+44 20 7946 0000"
    assert engine.with_contact("ada@example.org") == []
    with pytest.raises(NotFound):
        engine.find_person("ada@example.org")
    with pytest.raises(NotFound, match="no such contact") as refused:
        engine.remove_contact("ada", "ada@example.org")
    assert refused.value.possible == ("+44 20 7946 0000",)
    with pytest.raises(NotFound):
        engine.confirm_contact("ada", "other@example.org")


def test_the_contact_of_the_record_is_the_first(engine: Engine) -> None:
    """To say another contact of somebody changes the first, and leaves the others; said again it stays verified."""
    engine.add_contact("ada", "second@example.org")
    engine.confirm_contact("ada", "ada@example.org")
    engine.add_customer("ada", contact="ADA@example.org")
    assert engine.contacts("ada")[0].verified == NOW
    engine.add_customer("ada", contact="new@example.org")
    assert [one.address for one in engine.contacts("ada")] == ["new@example.org", "second@example.org"]
    engine.add_customer("ada", contact="second@example.org")
    assert [one.address for one in engine.contacts("ada")] == ["second@example.org"]
    assert engine.person("ada").contact == "second@example.org"
    engine.add_contact("ben", "ben@example.org")
    assert engine.person("ben").contact == "ben@example.org"


def test_contacts_are_ones_own_to_change(engine: Engine) -> None:
    """A customer changes his own, with a code, and those of a party of his; of others he learns nothing."""
    engine.add_contact("ada", "second@example.org", by="ada")
    with pytest.raises(WeakIdentity):
        engine.add_contact("ada", "third@example.org", by=Identity(person="ada", strength="link"))
    for other in ("ada", "nobody"):
        with pytest.raises(NotFound, match=f"there is nobody with the id '{other}'"):
            engine.contacts(other, by="ben")
    engine.let_act("ben", "ada")
    assert len(engine.contacts("ada", by="ben")) == 2
    for number in range(MOST_CONTACTS - 2):
        engine.add_contact("ada", f"a{number}@example.org")
    with pytest.raises(NotAllowed, match="20 contacts"):
        engine.add_contact("ada", "more@example.org")


def test_two_may_share_a_contact(engine: Engine) -> None:
    """A contact finds all who have it, and is never who somebody is (L15)."""
    engine.add_contact("ben", "ada@example.org")
    assert [one.id for one in engine.with_contact("ada@example.org")] == ["ada", "ben"]


def reached(engine: Engine, *persons: str) -> list[tuple[str, str, str]]:
    def look(tx: Transaction) -> list[tuple[str, str, str]]:
        found = [one for one in (tx.people.get(id) for id in persons) if one]
        return list(notices._reached(tx, found, frozenset(("mail",))))

    return engine.shell.keep(look)


def test_letters_go_to_the_first_contact_that_fits(engine: Engine) -> None:
    """The verified before the others, of a channel that there is; whoever has none is not written to."""
    engine.add_contact("ada", "+44 20 7946 0000")
    engine.add_contact("ada", "second@example.org")
    assert reached(engine, "ada", "ben") == [("ada", "mail", "ada@example.org")]
    engine.confirm_contact("ada", "second@example.org")
    engine.confirm_contact("ada", "+44 20 7946 0000")
    assert reached(engine, "ada") == [("ada", "mail", "second@example.org")]
    assert letters.first_way((), "https://example.org", frozenset(("hook",))) == ("hook", "https://example.org")


def test_letters_for_a_party_without_contacts_go_to_those_who_act_for_it(engine: Engine) -> None:
    """Not to who may only look, and not before or after he may."""
    engine.add_customer("lund", "Lund Ltd", organisation=True)
    engine.add_customer("eve", "Eve", "eve@example.org")
    engine.let_act("ada", "lund")
    engine.let_act("eve", "lund", "see")
    assert reached(engine, "lund") == [("ada", "mail", "ada@example.org")]
    engine.let_act("eve", "lund", since=NOW + timedelta(days=1))
    assert reached(engine, "lund") == [("ada", "mail", "ada@example.org")]
    engine.add_contact("lund", "office@lund.example")
    assert reached(engine, "lund") == [("lund", "mail", "office@lund.example")]


def test_an_id_that_is_made_says_nothing(engine: Engine) -> None:
    """It is short, of unambiguous letters, another each time, and not the name."""
    one, two = engine.add_customer(name="Zoe"), engine.add_customer(name="Zoe")
    assert one.id != two.id
    assert len(one.id) == 10
    assert set(one.id) <= set("23456789abcdefghjkmnpqrstvwxyz")
    assert one.name == "Zoe"
    assert made_id(0) != made_id(1)


def test_a_referral_gets_an_id_that_says_nothing(engine: Engine) -> None:
    """Whom a customer brings is entered with his contact under an id without his name, once, and not if he is known."""
    job = engine.start("asking", by="ada").job
    (step,) = engine.inbox("ada")
    engine.act(step.id, "answered", {"size": 1}, by="ada")
    (step,) = engine.inbox("ada")
    given = {"rating": 5, "referral": {"name": "Cleo", "contact": "CLEO@example.org"}}
    engine.act(step.id, "given", given, by="ada")
    engine.run_due()
    cleo = engine.find_person("cleo@example.org")
    assert (cleo.name, cleo.record["referred_in"]) == ("Cleo", job)
    assert "cleo" not in cleo.id
    assert [one.address for one in engine.contacts(cleo.id)] == ["CLEO@example.org"]


def test_an_erased_customer_has_no_contacts_and_acts_for_nobody(engine: Engine) -> None:
    """With the customer go the ways to him, and for whom he acted, and who for him."""
    engine.add_customer("eve")
    engine.let_act("ada", "ben")
    engine.let_act("eve", "ada")
    engine.erase("ada", because="On request")
    assert engine.contacts("ada") == []
    assert engine.acting("ben") == engine.acting("eve") == engine.acting("ada") == []
    assert engine.with_contact("ada@example.org") == []
