"""Referrals, on both databases: who is named is invited, his first need carries who sent him, the sender is thanked
and told no more than that; rings and oneself are noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mail_server import MailServer, text_of

from flowengine import NOTIFY, Database, Engine, HandlerCall, SimulatedClock
from flowengine.runtime.settings import Settings
from flowengine.views.records import ReferralView

HEM = """
process: hem
title: A shorter hem
need: Trousers that are not too long
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, fields: {cm: {type: integer}}, next: which}
  which:
    type: decision
    rules: [{when: 'has(customer.referred_by) && customer.referred_by == "ada"', to: gift}]
    else: thanks
  gift: {type: task, for: tailor, ask: A gift from Ada's friends, on: {done: thanks}}
  thanks: {type: feedback, within: P14D, refer: true, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    server = MailServer()
    yield server
    server.close()


class Shop:
    """An engine that writes letters, and what customers do in it."""

    def __init__(self, engine: Engine, mail: MailServer) -> None:
        self.engine, self.mail = engine, mail

    def settle(self) -> None:
        """All that is due, and what follows from it."""
        while self.engine.run_due().anything:
            pass

    def told(self) -> list[tuple[str, str]]:
        """Who was written to about a referral, and under which subject."""
        wanted = ("thought of you", "Thank you")
        letters = [(str(one["To"].addresses[0].addr_spec), str(one["Subject"])) for one in self.mail.letters]
        return [(to, subject) for to, subject in letters if subject.endswith(wanted)]

    def body(self, subject: str) -> str:
        """The text of the last letter whose subject ends so."""
        return [text_of(one) for one in self.mail.letters if str(one["Subject"]).endswith(subject)][-1]

    def names(self, sender: str, name: str, contact: str = "", *, sent: bool = True) -> str:
        """A customer has a hem made, and names somebody; the job."""
        job = self.engine.start("hem", by=sender, need={"cm": 3}).job
        for item in self.engine.inbox("tom"):
            self.engine.act(item.id, by="tom")
        (item,) = [one for one in self.engine.inbox(sender) if one.job == job]
        referral = {"name": name, "contact": contact}
        self.engine.act(item.id, "given", {"rating": 5, "referral": referral}, by=sender)
        if sent:
            self.settle()
        return job

    def named(self, sender: str, by: str = "tom") -> list[ReferralView]:
        return list(self.engine.record(sender, by=by).referrals)

    def who(self, contact: str) -> str:
        return self.engine.find_person(contact).id


@pytest.fixture
def open_shop(database: Database, clock: SimulatedClock, mail: MailServer) -> Callable[..., Shop]:
    def begin(**handlers: Any) -> Shop:
        settings = Settings(
            mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Tom <a@example.org>", url="https://f.example"
        )
        engine = Engine(database, clock=clock, handlers=handlers, settings=settings)
        engine.run_due()  # so that it is known what is carried
        engine.deploy(HEM)
        engine.add_customer("ada", "Ada Lund", contact="ada@example.org")
        engine.add_customer("eve", "Eve", contact="eve@example.org")
        engine.add_staff("tom", "Tom", roles=["tailor"])
        engine.add_staff("olga", "Olga", roles=["operator"])
        return Shop(engine, mail)

    return begin


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()


def test_who_is_named_is_invited_once_and_the_sender_thanked_when_he_comes(shop: Shop, clock: SimulatedClock) -> None:
    """The invitation leads to what the sender had; the thanks say that he came, and neither what nor who he is here."""
    job = shop.names("ada", "My brother", "ben@example.org")
    assert shop.told() == [("ben@example.org", "Ada Lund thought of you")]
    invitation = shop.body("thought of you")
    assert "https://f.example/start/hem?invited=yes" in invitation
    assert "hears that you have come, and nothing else" in invitation
    ben = shop.who("ben@example.org")
    (before,) = shop.named("ada", "ada")
    assert (before.name, before.job, before.came, before.person) == ("My brother", job, None, "")
    clock.advance(timedelta(days=3))
    shop.engine.set_name(ben, "Ben Holm", by=ben)
    shop.engine.start("hem", by=ben, need={"cm": 1})
    shop.engine.start("hem", by=ben, need={"cm": 2})
    shop.settle()
    assert shop.told()[1:] == [("ada@example.org", "Thank you")]
    thanks = shop.body("Thank you")
    assert "My brother has come to us." in thanks
    assert not any(word in thanks for word in ("Holm", "ben@", ben, "hem"))
    (after,) = shop.named("ada", "ada")
    assert (after.came, after.name) == (clock.now(), "My brother")
    assert (after.person, after.standing, after.began) == ("", "", "")


def test_the_next_need_carries_who_sent_it(shop: Shop) -> None:
    """A process may ask it, whoever begins the job; those inside see it beside the step, with the chain of all who
    brought one another, and each referral with what came of it."""
    shop.names("ada", "Ben", "ben@example.org")
    ben = shop.who("ben@example.org")
    job = shop.engine.start("hem", customer=ben, need={"cm": 1}, by="tom").job
    (gift,) = shop.engine.inbox("tom")
    assert gift.title == "A gift from Ada's friends"
    seen = shop.engine.step(gift.id, by="tom").known
    assert [(one.id, one.name) for one in seen.brought_by] == [("ada", "Ada Lund")]
    shop.names(ben, "Cid", "cid@example.org")
    cid = shop.who("cid@example.org")
    assert [one.id for one in shop.engine.record(cid, by="tom").brought_by] == [ben, "ada"]
    assert [(one.id, one.name) for one in shop.engine.record(cid, by=cid).brought_by] == [("", "Ben")]
    (sent,) = shop.named("ada")
    assert (sent.person, sent.standing, sent.began) == (ben, "invited", job)
    assert shop.engine.record("ada", by="tom").brought_by == ()


def test_oneself_and_rings_are_noticed_and_nobody_learns_who_is_a_customer(shop: Shop) -> None:
    """A contact of one's own, also under an id that was merged; who has brought the sender, over any number of others;
    a customer of before. Nobody of these is written to, and to the sender all look as one who has not come."""
    shop.names("ada", "Ben", "ben@example.org")
    ben = shop.who("ben@example.org")
    shop.names(ben, "Cid", "cid@example.org")
    cid = shop.who("cid@example.org")
    shop.engine.add_customer("ada2", "Ada", contact="lund@example.org")
    shop.engine.merge("ada2", "ada", because="One person", by="tom")
    for sender, contact in (
        ("ada", "ADA@example.org"), ("ada", "lund@example.org"), (cid, "ada@example.org"), (cid, "ben@example.org"),
        (ben, "ada@example.org"), (cid, "lund@example.org"), ("ada", "ben@example.org"), ("ada", "eve@example.org"),
    ):  # fmt: skip
        shop.names(sender, "Somebody", contact)
    assert [one.standing for one in reversed(shop.named(cid))] == ["ring"] * 3
    assert [one.standing for one in reversed(shop.named(ben))] == ["invited", "ring"]
    assert [one.standing for one in reversed(shop.named("ada"))] == ["invited", "own", "own", "known", "known"]
    own = shop.named("ada", "ada")
    assert [one for one in own if one.standing or one.person] == []
    shop.engine.start("hem", by="eve", need={"cm": 1})
    shop.settle()
    assert [one.name for one in shop.named("ada", "ada") if one.came] == ["Ben"]
    assert {to for to, subject in shop.told() if subject.endswith("thought of you")} == {
        "ben@example.org",
        "cid@example.org",
    }


@pytest.mark.parametrize("name", ["See evil.example", "https://evil.example", "me@evil.example", "Buy " * 16])
def test_nobody_has_the_house_write_his_advertisements(shop: Shop, name: str) -> None:
    """What is no name stands in no invitation, be it the name of who is invited or that of the sender."""
    shop.engine.set_name("ada", name, by="ada")
    shop.names("ada", name, "ben@example.org")
    ((to, subject),) = shop.told()
    assert (to, subject) == ("ben@example.org", "Somebody who knows you thought of you")
    assert shop.body("thought of you").split()[:3] == ["Hello,", "Somebody", "who"]
    assert name.strip() not in shop.body("thought of you")


def test_without_a_contact_nobody_is_written_to(shop: Shop) -> None:
    """He is entered all the same, so that whoever knows him can begin for him, and his coming counts."""
    shop.names("ada", "Zed")
    (sent,) = shop.named("ada")
    shop.engine.start("hem", customer=sent.person, need={"cm": 1}, by="tom")
    shop.settle()
    assert shop.told() == [("ada@example.org", "Thank you")]


def test_what_is_erased_is_told_no_more(shop: Shop) -> None:
    """Neither side hears of the other any more: an invitation that was not sent yet is dropped, and the name that the
    sender wrote goes with her."""
    shop.names("ada", "Ben", "ben@example.org")
    ben = shop.who("ben@example.org")
    shop.names("eve", "Cid", "cid@example.org", sent=False)
    shop.engine.erase("eve", because="She asked", by="olga")
    shop.engine.erase("ada", because="She asked", by="olga")
    assert [one.name for one in shop.named("ada", by="tom")] == [""]
    assert shop.engine.record(ben, by="tom").brought_by == ()
    shop.engine.start("hem", by=ben, need={"cm": 1})
    shop.settle()
    assert [subject for _, subject in shop.told()] == ["Ada Lund thought of you"]


def test_thanks_come_also_when_the_senders_job_is_archived(
    open_shop: Callable[..., Shop], clock: SimulatedClock, tmp_path: Path
) -> None:
    """He may come years later: then the name that she gave is gone with her job, and she is thanked all the same."""
    heard: list[HandlerCall] = []
    shop = open_shop(**{NOTIFY: heard.append})
    shop.names("ada", "Ben", "ben@example.org")
    clock.advance(timedelta(days=800))
    assert shop.engine.archive(clock.now(), tmp_path / "old.jsonl").jobs == 1
    shop.engine.start("hem", by=shop.who("ben@example.org"), need={"cm": 1})
    shop.settle()
    assert shop.told()[1:] == [("ada@example.org", "Thank you")]
    assert "Somebody whom you named has come to us." in " ".join(shop.body("Thank you").split())
    assert [(call.input["why"], call.process) for call in heard if call.input["why"] == "came"] == [("came", "")]
    (named,) = shop.named("ada", "ada")
    assert (named.name, named.came) == ("", clock.now())
    assert shop.engine.incidents() == []


def test_the_application_hears_of_it(open_shop: Callable[..., Shop]) -> None:
    """The handler of notices is told of each once, with the referral, so that it may do what the house does for those
    who bring others."""
    heard: list[HandlerCall] = []
    shop = open_shop(**{NOTIFY: heard.append})
    shop.names("ada", "Ben", "ben@example.org")
    ben = shop.who("ben@example.org")
    began = shop.engine.start("hem", by=ben, need={"cm": 1}).job
    shop.settle()
    told = [call.input for call in heard if call.input["why"] in ("invited", "came")]
    assert [(one["why"], one["audience"], one["title"], one["began"]) for one in told] == [
        ("invited", [f"person:{ben}"], "Ben", ""),
        ("came", ["person:ada"], "Ben", began),
    ]


def test_who_takes_her_data_along_has_whom_she_has_named(shop: Shop) -> None:
    """With the name that she has written, and whether he came."""
    shop.names("ada", "Ben", "ben@example.org")
    (mine,) = shop.engine.export_person("ada", by="ada")["referrals"]
    assert (mine["name"], mine["came"], mine["person"]) == ("Ben", None, "")
