"""Records of customers go to partners by their consent alone, and go again when it ends: two engines, two databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from partner_wire import Wire

from flowengine import BadAnswer, Engine, NoConsent, NotAllowed, NotFound, Settings, SimulatedClock, StaleCommand
from flowengine.outside.http import Answer
from flowengine.runtime.partners import Partner
from flowengine.signing import headers, new_secret

SECRET, OTHER = new_secret(), new_secret()
AT_MILL, AT_TAILOR = "https://mill.example/api/v1/partners/tailor", "https://tailor.example/api/v1/partners/mill"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOON = NOW + timedelta(days=30)
LATER = NOW + timedelta(days=300)

HEM = """
process: hem
title: A shorter hem
need: Trousers that are not too long
states:
  need: {type: need, next: sew}
  sew: {type: task, for: tailor, ask: Sew it, next: fulfilled}
  fulfilled: {type: fulfilled}
roles: {tailor: Tailor}
"""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr("flowengine.post.partners.client", lambda _: wire)
    return wire


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
def shop(database_url: str, clock: SimulatedClock, wire: Wire) -> Iterator[Engine]:
    """The tailor's, where customers are known; its database once of each kind."""
    settings = Settings(partners={"mill": Partner("mill", AT_MILL, (SECRET,))})
    with Engine(database_url, clock=clock, settings=settings) as engine:
        engine.deploy(HEM)
        engine.add_customer("ada", "Ada Lund", contact="ada@lund.example")
        engine.add_contact("ada", "+44 20 7946 0018")
        engine.add_staff("tom", "Tom", roles=["tailor"])
        wire.at[AT_TAILOR] = engine, "mill"
        yield engine


@pytest.fixture
def mill(tmp_path: Path, clock: SimulatedClock, wire: Wire) -> Iterator[Engine]:
    """Where records come; another partner of it is the weaver."""
    known = {"tailor": Partner("tailor", AT_TAILOR, (SECRET,)), "weaver": Partner("weaver", AT_TAILOR, (OTHER,))}
    with Engine(f"sqlite:///{tmp_path}/mill.db", clock=clock, settings=Settings(partners=known)) as engine:
        engine.deploy(HEM)
        engine.add_staff("sam", "Sam", roles=["tailor"])
        wire.at[AT_MILL] = engine, "tailor"
        yield engine


@pytest.fixture
def work(shop: Engine, mill: Engine) -> Callable[[], None]:
    """Both do what is due now; what is stored then follows from what was done (L5)."""

    def settle() -> None:
        for _ in range(20):
            if not (shop.run_due().anything | mill.run_due().anything):
                break
        assert shop.audit().fine
        assert mill.audit().fine

    return settle


@pytest.fixture
def sent(shop: Engine, work: Callable[[], None]) -> Callable[..., None]:
    """Ada consents, and her record goes."""

    def send(*parts: str, until: datetime = SOON) -> None:
        shop.give_consent("ada", "mill", until=until, parts=parts or ("facts", "jobs"), by="ada")
        shop.send_record("ada", "mill", by="tom")
        work()

    return send


def there(mill: Engine) -> list[str]:
    """The ids of those who are customers at the mill and not erased."""
    return [one.id for one in mill.people("customer") if one.erased is None]


def consented(**other: Any) -> dict[str, Any]:
    """A consent as a partner may say it."""
    return {"id": "c1", "parts": ["person", "facts"], "given": NOW.isoformat(), "until": SOON.isoformat()} | other


def record(**other: Any) -> dict[str, Any]:
    """What a partner may say of a record."""
    said = {"say": "record", "version": 1, "consent": consented(), "number": 1, "customer": "x1", "name": "Eva"}
    return said | {"parts": ["person", "facts"], "contacts": ["eva@example.org"], "facts": []} | other


def say(
    mill: Engine, said: Any, *, by: str = "tailor", secret: str = SECRET, id: str = "m1", at: datetime | None = None
) -> dict[str, Any]:
    """A partner says something to the mill, whatever it is."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    answer, _ = mill.hear_partner(by, headers((secret,), id, at or NOW, body), body)
    found: dict[str, Any] = json.loads(answer)
    return found


# it goes, and comes


def test_a_record_goes_by_a_consent_and_becomes_a_customer_there(
    shop: Engine, mill: Engine, sent: Callable[..., None]
) -> None:
    """What is consented to goes, as the customer sees it himself, and the partner has it with whom it is from."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    shop.add_fact("ada", "note", "Pays late", by="tom")
    shop.start("hem", by="ada")
    sent()
    (id,) = there(mill)
    known = mill.record(id, by="sam")
    assert (known.name, known.contacts) == ("Ada Lund", ("ada@lund.example", "+44 20 7946 0018"))
    assert known.person.record == {"source": "tailor"}
    facts = {(one.kind, one.text, one.author) for one in mill.facts(id, by="sam")}
    assert facts == {
        ("preference", "Narrow legs", "tailor"),
        ("note", "A shorter hem at tailor: under way", "tailor"),
    }
    (came,) = known.received
    assert (came.partner, came.until, came.ended) == ("tailor", SOON, None)


def test_who_was_told_what_and_when_is_told_to_the_customer(
    shop: Engine, clock: SimulatedClock, sent: Callable[..., None]
) -> None:
    """He sees what was sent, to whom, and by whom; and so it stands in his timeline and in his own data."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    clock.advance(timedelta(minutes=1))
    sent("facts")
    (one,) = shop.consents("ada", by="ada").consents
    (told,) = one.sent
    assert told.taken is not None
    assert told.said == {
        "name": "Ada Lund",
        "contacts": ["ada@lund.example", "+44 20 7946 0018"],
        "facts": [{"kind": "preference", "text": "Narrow legs"}],
        "jobs": [],
    }
    lines = [line.what for line in shop.timeline("ada", by="ada")]
    assert lines[:2] == [
        "mill was sent: name and contacts, what is known",
        "lets mill have name and contacts, what is known until Wednesday, 1 April 2026, 09:00 UTC",
    ]
    (kept,) = shop.export_person("ada", by="ada")["consents"]  # type: ignore[misc]
    assert kept["sent"][0]["said"] == told.said  # type: ignore[call-overload,index]


def test_it_is_noted_who_consented_and_who_sent(shop: Engine, mill: Engine, sent: Callable[..., None]) -> None:
    """Both sides keep it among what was changed of them, in plain words."""
    sent()
    shop.withdraw_consent("ada", "mill", by="ada")
    told = [(one.who, one.what) for one in shop.administration(about="ada")][:3]
    assert told == [
        ("Ada Lund", "withdrew that mill has anything of Ada Lund (ada)"),
        ("Tom", "sent name and contacts, what is known, what was done of Ada Lund (ada) to mill"),
        (
            "Ada Lund",
            "noted that Ada Lund (ada) lets mill have name and contacts, what is known, what was done until "
            "Wednesday, 1 April 2026, 09:00 UTC",
        ),
    ]
    (id,) = there(mill)
    assert mill.administration(about=id)[0].by == "partner:tailor"


def test_only_the_parts_that_are_consented_to_go(shop: Engine, mill: Engine, sent: Callable[..., None]) -> None:
    """Without a consent to facts none goes, nor what jobs there were."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent("person")
    (id,) = there(mill)
    assert mill.facts(id) == []
    with pytest.raises(NoConsent, match="consents to less: person"):
        shop.send_record("ada", "mill", parts=["facts"], by="tom")


def test_nothing_goes_without_a_consent_that_holds(shop: Engine, clock: SimulatedClock) -> None:
    """None, one for another partner, one that is over, and one that was withdrawn are none."""
    with pytest.raises(NoConsent, match="does not consent that mill has the record"):
        shop.send_record("ada", "mill", by="tom")
    shop.give_consent("ada", "mill", until=SOON, by="ada")
    clock.set(SOON)
    with pytest.raises(NoConsent):
        shop.send_record("ada", "mill", by="tom")
    shop.give_consent("ada", "mill", until=LATER, by="ada")
    shop.withdraw_consent("ada", "mill", by="ada")
    with pytest.raises(NoConsent):
        shop.send_record("ada", "mill", by="tom")


def test_what_waits_does_not_go_once_it_is_withdrawn(
    shop: Engine, mill: Engine, wire: Wire, work: Callable[[], None]
) -> None:
    """A record that lay in the outbox when its consent was withdrawn is never sent."""
    shop.give_consent("ada", "mill", until=SOON, by="ada")
    shop.send_record("ada", "mill", by="tom")
    shop.withdraw_consent("ada", "mill", by="ada")
    work()
    assert [said["say"] for _, said in wire.said] == ["consent_ends"]
    assert there(mill) == []


def test_facts_that_are_closed_to_somebody_or_come_from_a_partner_do_not_go(
    shop: Engine, mill: Engine, wire: Wire, sent: Callable[..., None]
) -> None:
    """The mill passes nothing on that the tailor has told it."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent()
    (id,) = there(mill)
    wire.at[AT_TAILOR] = mill, "weaver"
    mill.give_consent(id, "weaver", until=SOON, parts=["facts"], paper="a form", by="sam")
    mill.send_record(id, "weaver", by="sam")
    (one,) = mill.consents(id).consents
    assert one.sent[0].said["facts"] == []


def test_a_record_that_is_sent_again_is_as_it_is_now(shop: Engine, mill: Engine, sent: Callable[..., None]) -> None:
    """The same customer has what is new, and not what is not in it any more."""
    fact = shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent()
    shop.take_back_fact(fact.id, by="ada")
    shop.add_fact("ada", "preference", "Wide legs", by="ada")
    shop.remove_contact("ada", "+44 20 7946 0018")
    shop.set_name("ada", "Ada Berg", by="ada")
    sent()
    (id,) = there(mill)
    known = mill.record(id)
    assert (known.name, known.contacts) == ("Ada Berg", ("ada@lund.example",))
    assert [one.text for one in mill.facts(id)] == ["Wide legs"]


def test_duplicates_are_proposed_when_a_record_comes(
    mill: Engine, clock: SimulatedClock, sent: Callable[..., None]
) -> None:
    """Who may be somebody whom the mill knows already is proposed, and nothing is merged by itself."""
    mill.add_customer("lund", "Ada Lund", contact="ada@lund.example")
    clock.advance(timedelta(minutes=1))
    sent()
    (proposed,) = mill.duplicates(by="sam")
    assert (proposed.into, proposed.reasons) == (
        "lund",
        ("the same contact", "the same name, and mail at lund.example"),
    )


# it ends


def test_when_a_consent_is_withdrawn_what_came_by_it_goes(
    shop: Engine, mill: Engine, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """Who is nothing else there is nobody any more, and nothing that was said of him is found."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent()
    (id,) = there(mill)
    (ended,) = shop.withdraw_consent("ada", "mill", by="ada")
    assert (ended.holds, ended.why) == (False, "withdrawn")
    work()
    assert there(mill) == []
    assert mill.person(id).erased is not None
    assert mill.customers("narrow").count == mill.customers("lund").count == 0
    assert mill.with_contact("ada@lund.example") == []


def test_it_goes_by_the_receivers_own_clock(
    shop: Engine, mill: Engine, clock: SimulatedClock, sent: Callable[..., None]
) -> None:
    """At the end of the consent the mill erases what it got, whatever the tailor says or does not say."""
    sent()
    assert mill.next_due() == shop.next_due() == SOON
    clock.set(SOON)
    mill.run_due()
    assert there(mill) == []
    assert mill.audit().fine
    shop.run_due()
    (one,) = shop.consents("ada").consents
    assert (one.why, one.ended) == ("over", SOON)


def test_what_has_ended_hides_nothing_that_is_still_to_end(
    shop: Engine, mill: Engine, sent: Callable[..., None]
) -> None:
    """It is known when the next one does, beside one that was withdrawn, on either side."""
    sent()
    shop.withdraw_consent("ada", "mill", by="ada")
    sent(until=LATER)
    assert shop.next_due() == mill.next_due() == LATER


def test_who_has_a_job_of_his_own_there_stays_without_what_came(
    shop: Engine, mill: Engine, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """His job, and what the mill has noted itself, are the mill's; name, contacts and facts came with the consent."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent()
    (id,) = there(mill)
    job = mill.start("hem", by=id).job
    mill.add_fact(id, "note", "Likes tea", by="sam")
    shop.withdraw_consent("ada", "mill", by="ada")
    work()
    known = mill.record(id)
    assert (known.person.name, known.contacts, known.person.record) == ("", (), {})
    assert [one.text for one in mill.facts(id)] == ["Likes tea"]
    assert [one.id for one in mill.jobs()] == [job]
    assert [one.why for one in known.received] == ["withdrawn"]


def test_who_was_merged_meanwhile_keeps_what_is_his_own(
    shop: Engine, mill: Engine, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """Only what came goes; the customer that the mill had before is as he was."""
    mill.add_customer("lund", "A. Lund", contact="ada@lund.example")
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent()
    (id,) = (one for one in there(mill) if one != "lund")
    mill.merge(id, "lund", because="the same", by="sam")
    shop.withdraw_consent("ada", "mill", by="ada")
    work()
    known = mill.record("lund")
    assert (known.person.name, known.contacts, known.ids) == ("A. Lund", ("ada@lund.example",), ("lund", id))
    assert mill.facts("lund") == []


def test_a_contact_that_he_has_shown_to_be_his_stays_his(
    shop: Engine, mill: Engine, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """Who has signed in at the partner's himself is a customer there in his own right."""
    sent()
    (id,) = there(mill)
    mill.confirm_contact(id, "ada@lund.example", how="code")
    shop.withdraw_consent("ada", "mill", by="ada")
    work()
    assert mill.record(id).contacts == ("ada@lund.example",)


def test_of_two_consents_the_one_that_is_left_keeps_what_came_by_both(
    shop: Engine, mill: Engine, clock: SimulatedClock, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """A later consent is given beside the first; when that is over, only what it alone covered goes."""
    shop.add_fact("ada", "preference", "Narrow legs", by="ada")
    sent("facts")
    shop.give_consent("ada", "mill", until=LATER, by="ada")
    shop.send_record("ada", "mill", by="tom")
    clock.set(SOON)
    work()
    shop.send_record("ada", "mill", by="tom")
    work()
    (id,) = there(mill)
    assert mill.record(id).name == "Ada Lund"
    assert mill.facts(id) == []


def test_a_customer_who_is_erased_consents_to_nothing_any_more(
    shop: Engine, mill: Engine, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """The partner erases too; that there was a consent, and what parts were sent when, is kept, and nothing else."""
    shop.give_consent("ada", "mill", until=LATER, paper="the form that Ada has signed", by="tom")
    sent()
    shop.erase("ada", because="she asked for it")
    work()
    assert there(mill) == []
    first, second = shop.consents("ada").consents
    assert {first.why, second.why} == {"erased"}
    assert (second.paper, first.sent[0].said, first.sent[0].parts) == ("", {}, ("person", "facts", "jobs"))


def test_who_is_erased_at_the_partners_does_not_come_again_by_the_same_consent(
    shop: Engine, mill: Engine, sent: Callable[..., None], work: Callable[[], None]
) -> None:
    """The tailor is told why, and operators see it; by a consent that is new he comes as somebody new."""
    sent()
    (id,) = there(mill)
    mill.erase(id, because="he asked for it")
    shop.send_record("ada", "mill", by="tom")
    work()
    (one,) = shop.consents("ada").consents
    assert "has ended: erased" in one.sent[1].problem
    (incident,) = shop.incidents()
    assert "has ended: erased" in incident.error
    sent(until=LATER)
    (new,) = there(mill)
    assert new != id


# who consents


def test_whoever_acts_for_somebody_consents_for_him(shop: Engine) -> None:
    """Ben may act for Ada; who only looks for her may not, and finds nobody."""
    shop.add_customer("ben", "Ben")
    shop.add_customer("eva", "Eva")
    shop.let_act("ben", "ada")
    shop.let_act("eva", "ada", "see")
    assert shop.give_consent("ada", "mill", until=SOON, by="ben").by == "Ben"
    assert len(shop.consents("ada", by="eva").consents) == 1
    with pytest.raises(NotFound):
        shop.give_consent("ada", "mill", until=SOON, by="eva")
    with pytest.raises(NotFound):
        shop.withdraw_consent("ada", "mill", by="eva")


def test_those_inside_note_a_consent_that_is_on_paper(shop: Engine) -> None:
    """They have to say where it is; a customer may."""
    with pytest.raises(BadAnswer, match="where it is written"):
        shop.give_consent("ada", "mill", until=SOON, by="tom")
    with pytest.raises(BadAnswer, match="on one line"):
        shop.give_consent("ada", "mill", until=SOON, paper="a form\nof mine", by="ada")
    noted = shop.give_consent("ada", "mill", until=SOON, paper="form of 2 March, folder 12", by="tom")
    assert (noted.by, noted.paper) == ("Tom", "form of 2 March, folder 12")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"partner": "nobody"}, "there is no partner 'nobody'"),
        ({"until": NOW}, "is over"),
        ({"until": NOW.replace(tzinfo=None)}, "has no time zone"),
        ({"until": NOW + timedelta(days=800)}, "more than two years"),
        ({"parts": ["soul"]}, "'soul' is no part of a record"),
        ({"person": "nobody"}, "nobody with the id"),
        ({"person": "tom", "by": "tom"}, "member of staff"),
    ],
)
def test_what_cannot_be_consented_to_is_refused(shop: Engine, given: Mapping[str, Any], problem: str) -> None:
    """It says what is wrong, and nothing is kept."""
    said: dict[str, Any] = {"person": "ada", "partner": "mill", "until": SOON, "by": "ada"} | dict(given)
    with pytest.raises((BadAnswer, NotFound, NotAllowed), match=problem):
        shop.give_consent(said.pop("person"), said.pop("partner"), **said)
    assert shop.consents("ada").consents == ()


def test_no_more_than_twenty_hold_at_once(shop: Engine) -> None:
    """What is given again and again by mistake is stopped."""
    for _ in range(20):
        shop.give_consent("ada", "mill", until=SOON, by="ada")
    with pytest.raises(NotAllowed, match="20 consents of ada hold"):
        shop.give_consent("ada", "mill", until=SOON, by="ada")


def test_withdrawing_again_changes_nothing(shop: Engine) -> None:
    """And where there was none, it is said."""
    with pytest.raises(NotFound, match="has not consented"):
        shop.withdraw_consent("ada", "mill", by="ada")
    shop.give_consent("ada", "mill", until=SOON, by="ada")
    first = shop.withdraw_consent("ada", "mill", by="ada")
    assert shop.withdraw_consent("ada", "mill", by="ada") == first


# partners that lie


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (record(version=2), "version 1 here"),
        ({"say": "record", "version": 2, "whatever": 1}, "version 1 here"),
        (record(consent=consented(id="c 1")), "without blanks"),
        (record(number=0), "number: must be 1 or more"),
        (record(customer=""), "customer: must be a text"),
        (record(name="Eva\nLund"), "is no name"),
        (record(contacts=["x" * 5000]), "is no contact"),
        (record(contacts=[f"a{n}@example.org" for n in range(21)]), "are 21; 20 are taken"),
        (record(facts=[{"id": "f", "kind": "note", "text": " ", "at": NOW.isoformat()}]), "must have 1 to 10,000"),
        (record(facts=[{"id": "f", "kind": "note", "text": "x", "at": SOON.isoformat()}]), "is not yet"),
        (record(facts=[{"id": "f", "kind": "spell", "text": "x", "at": NOW.isoformat()}]), "is not what partners say"),
        (record(facts=[{"id": "f", "kind": "note", "text": "x", "at": NOW.isoformat()}] * 2), "an id of its own"),
        (record(more="x"), "is not what partners say"),
        ({"say": "record", "version": 1}, "is not what partners say"),
        ({"say": "consent_ends", "version": 1, "consent": "", "why": "over"}, "consent: must be a text"),
        ({"say": "consent_ends", "version": 1, "consent": "c", "why": "bored"}, "is not what partners say"),
        (b'{"say": "record"', "is not what partners say"),
    ],
)
def test_what_is_no_record_is_refused(mill: Engine, said: Any, problem: str) -> None:
    """Whatever shape it has: it is told what is wrong, and nothing is entered."""
    with pytest.raises(BadAnswer, match=problem):
        say(mill, said)
    assert there(mill) == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (record(consent=consented(until=NOW.isoformat())), "holds no more"),
        (record(consent=consented(given=SOON.isoformat(), until=LATER.isoformat())), "is not yet"),
        (record(consent=consented(until=(NOW + timedelta(days=800)).isoformat())), "more than two years"),
        (record(consent=consented(parts=["facts"])), "more is said than is consented to: person"),
        (record(parts=["person", "jobs"]), "more is said than is consented to: jobs"),
        (record(jobs=[{"id": "j", "title": "x", "begun": NOW.isoformat(), "status": "open"}]), "consented to: jobs"),
    ],
)
def test_a_record_without_a_consent_that_holds_and_covers_it_is_refused(mill: Engine, said: Any, problem: str) -> None:
    """Nothing of it is entered, be the partner known or not."""
    with pytest.raises(NoConsent, match=problem):
        say(mill, said)
    assert there(mill) == []


def test_a_record_that_names_no_consent_at_all_is_refused(mill: Engine) -> None:
    """It is told what is missing."""
    said = record()
    del said["consent"]
    with pytest.raises(BadAnswer, match="missing required field `consent`"):
        say(mill, said)


def test_the_same_said_again_or_late_is_the_same_as_once(mill: Engine) -> None:
    """A replay changes nothing, nor what is older than what came last."""
    say(mill, record())
    say(mill, record(number=2, name="Eva Berg"), id="m2")
    answers = [say(mill, record()), say(mill, record(number=2, name="Eva Berg"), id="m2")]
    assert answers == [{"version": 1, "consent": "c1", "there": True}] * 2
    (id,) = there(mill)
    assert mill.person(id).name == "Eva Berg"


def test_a_record_that_comes_after_its_consent_was_withdrawn_is_refused(mill: Engine) -> None:
    """Also where the withdrawal was the first that was heard of it."""
    ends = {"say": "consent_ends", "version": 1, "consent": "c1", "why": "withdrawn"}
    assert say(mill, ends) == {"version": 1, "consent": "c1", "there": False}
    with pytest.raises(NoConsent, match="has ended: withdrawn"):
        say(mill, record(), id="m2")


def test_a_consent_is_not_changed_by_who_says_it_otherwise(mill: Engine) -> None:
    """Not for whom it is, nor until when it holds."""
    say(mill, record())
    for other in ({"customer": "x2"}, {"consent": consented(until=LATER.isoformat())}):
        with pytest.raises(StaleCommand, match="was another one"):
            say(mill, record(number=2, **other), id="m2")


def test_one_partner_ends_nothing_that_another_has_sent(mill: Engine) -> None:
    """What it withdraws is its own; what it sends under the same names is of somebody else."""
    say(mill, record())
    ends = {"say": "consent_ends", "version": 1, "consent": "c1", "why": "withdrawn"}
    say(mill, ends, by="weaver", secret=OTHER)
    assert len(there(mill)) == 1
    say(mill, record(consent=consented(id="c2"), name="Eva Weaver"), by="weaver", secret=OTHER, id="m2")
    assert sorted(mill.person(one).name for one in there(mill)) == ["Eva", "Eva Weaver"]


def test_what_is_known_of_somebody_already_is_not_the_partners_to_take_away(mill: Engine) -> None:
    """A contact that was his own before stays when the consent ends; what he is called here as well."""
    say(mill, record(contacts=[]))
    (id,) = there(mill)
    mill.add_contact(id, "eva@example.org")
    mill.set_name(id, "Dr Eva")
    say(mill, record(number=2), id="m2")
    say(mill, {"say": "consent_ends", "version": 1, "consent": "c1", "why": "over"}, id="m3")
    assert (mill.person(id).name, mill.record(id).contacts) == ("Dr Eva", ("eva@example.org",))


# when something fails


def test_whatever_is_lost_on_the_way_comes_once(
    shop: Engine, mill: Engine, wire: Wire, clock: SimulatedClock, work: Callable[[], None]
) -> None:
    """The question or the answer, of the record as of its end: it is said again until it is known to have come."""
    fates = iter(["asked", "answer", "", "answer", "asked", ""])
    wire.lose = lambda _: next(fates)
    shop.give_consent("ada", "mill", until=LATER, by="ada")
    shop.send_record("ada", "mill", by="tom")
    for _ in range(3):
        work()
        clock.advance(timedelta(hours=1))
    (one,) = shop.consents("ada").consents
    assert one.sent[0].taken is not None
    assert len(there(mill)) == 1
    shop.withdraw_consent("ada", "mill", by="ada")
    for _ in range(3):
        work()
        clock.advance(timedelta(hours=1))
    assert there(mill) == []
    assert [said["say"] for _, said in wire.said] == ["record"] * 3 + ["consent_ends"] * 3


def test_a_partner_that_answers_in_another_version_is_not_believed(
    shop: Engine, wire: Wire, clock: SimulatedClock, work: Callable[[], None]
) -> None:
    """It has not taken it, until it answers as it must: signed, to what was said, in our version."""

    def other(answer: Answer) -> Answer:
        body = answer.body.replace(b'"version":1', b'"version":2')
        return Answer(200, headers((SECRET,), answer.headers["webhook-id"], clock.now(), body), body)

    wire.forged = other
    shop.give_consent("ada", "mill", until=LATER, by="ada")
    shop.send_record("ada", "mill", by="tom")
    work()
    (one,) = shop.consents("ada").consents
    assert one.sent[0].taken is None
    wire.forged = lambda answer: answer
    clock.advance(timedelta(hours=1))
    work()
    (one,) = shop.consents("ada").consents
    assert one.sent[0].taken is not None


def test_what_a_partner_refuses_is_an_incident_and_can_be_sent_again(
    shop: Engine, mill: Engine, wire: Wire, work: Callable[[], None]
) -> None:
    """Its words stand beside what was sent; an operator has it tried again, and then they are gone."""
    wire.refuses = lambda _: "we take no records in August"
    shop.give_consent("ada", "mill", until=LATER, by="ada")
    shop.send_record("ada", "mill", by="tom")
    work()
    (incident,) = shop.incidents()
    assert shop.consents("ada").consents[0].sent[0].problem == "we take no records in August"
    wire.refuses = lambda _: ""
    shop.retry(incident.id)
    work()
    (one,) = shop.consents("ada").consents
    assert (one.sent[0].problem, len(there(mill))) == ("", 1)


def test_a_record_that_is_too_large_does_not_go(shop: Engine) -> None:
    """It is said how large, and what can be done."""
    for number in range(101):
        shop.add_fact("ada", "note", f"{number} " + "x" * 9_990, by="ada")
    shop.give_consent("ada", "mill", until=SOON, parts=["facts"], by="ada")
    with pytest.raises(NotAllowed, match=r"bytes, and 1,?000,?000 can go"):
        shop.send_record("ada", "mill", by="tom")
    assert shop.send_record("ada", "mill", parts=["person"], by="tom").parts == ("person",)


def test_who_is_merged_is_sent_as_one(shop: Engine, mill: Engine, work: Callable[[], None]) -> None:
    """A consent under either id is his, and his record is that of both."""
    shop.add_customer("eva", "Eva Lund", contact="eva@lund.example")
    shop.give_consent("eva", "mill", until=SOON, by="eva")
    shop.merge("eva", "ada", because="She has married")
    shop.send_record("ada", "mill", by="tom")
    work()
    (id,) = there(mill)
    assert set(mill.record(id).contacts) == {"ada@lund.example", "+44 20 7946 0018", "eva@lund.example"}
