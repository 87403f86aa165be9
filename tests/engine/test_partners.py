"""A process of one organisation calls one of another, whose customer it is: two engines, two databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowengine import BadSignature, Engine, FlowError, NotFound, Settings, SimulatedClock
from flowengine.outside.http import Answer
from flowengine.runtime.partners import Partner
from flowengine.samples import process_file
from flowengine.signing import headers, new_secret

SECRET, FOREIGN = new_secret(), new_secret()
AT_MILL, AT_TAILOR = "https://mill.example/api/v1/partners/tailor", "https://tailor.example/api/v1/partners/mill"

COAT = """
process: coat
need: A coat
zone: Europe/London
roles: {buyer: Buyer}
states:
  need: {type: need, ask: What coat?, fields: {cloth: {type: string}}, next: order}
  order:
    type: call
    process: supplier
    at: mill
    for: buyer
    need: {article: data.need.cloth, pieces: "3", needed_by: '"2027-03-01"'}
    within: P40D
    on: {fulfilled: sew, ended: gone, expired: gone}
  sew: {type: task, for: buyer, ask: "Sew the {data.need.cloth}, of parcel {data.order.send.parcel}", next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: There is no cloth}
always:
  withdraw: {by: customer, when: '!passed("order")', to: gone}
"""


class Wire:
    """Between two organisations: ``lose`` says of each request what happens to it on its way (nothing, ``asked`` is
    lost, or the ``answer``)."""

    def __init__(self) -> None:
        self.at: dict[str, tuple[Engine, str]] = {}
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[Any] = []
        self.lose: Callable[[dict[str, Any]], str] = lambda said: ""
        self.forged: Callable[[Answer], Answer] = lambda answer: answer

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, within: float) -> Answer:
        engine, name = self.at[url]
        said = json.loads(body)
        self.said.append((url, said))
        lost = self.lose(said)
        if lost == "asked":
            raise ConnectionResetError("it was lost on its way")
        try:
            answer, signed = engine.hear_partner(name, headers, body)
            came = Answer(200, signed, answer)
        except FlowError as error:
            came = Answer(error.status, {}, json.dumps({"detail": error.what}).encode())
        self.answers.append(came)
        if lost == "answer":
            raise ConnectionResetError("the answer was lost")
        return self.forged(came)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr("flowengine.post.partners.client", lambda allow: wire)
    return wire


@pytest.fixture
def database_pair(database_url: str, tmp_path: Path) -> tuple[str, str]:
    """The tailor's database, once of each kind, and the mill's."""
    return database_url, f"sqlite:///{tmp_path}/mill.db"


@pytest.fixture
def tailor(database_pair: tuple[str, str], clock: SimulatedClock, wire: Wire) -> Iterator[Engine]:
    settings = Settings(partners={"mill": Partner("mill", AT_MILL, (SECRET,))})
    with Engine(database_pair[0], clock=clock, handlers={}, settings=settings) as engine:
        engine.deploy(COAT)
        engine.add_customer("ada", "Ada")
        engine.add_staff("bea", "Bea", roles=["buyer"])
        wire.at[AT_TAILOR] = engine, "mill"
        yield engine


@pytest.fixture
def mill(database_pair: tuple[str, str], clock: SimulatedClock, wire: Wire) -> Iterator[Engine]:
    settings = Settings(partners={"tailor": Partner("tailor", AT_TAILOR, (SECRET,))})
    with Engine(database_pair[1], clock=clock, handlers={}, settings=settings) as engine:
        engine.deploy(process_file("supplier"))
        engine.add_customer("tailor", "The tailor's shop", organisation=True)
        engine.add_staff("sam", "Sam", roles=["sales", "warehouse"])
        wire.at[AT_MILL] = engine, "tailor"
        yield engine


@pytest.fixture
def both(tailor: Engine, mill: Engine, clock: SimulatedClock) -> Callable[[], None]:
    """Both do all that is due, until nothing is."""

    def settle() -> None:
        for _ in range(60):
            if not (tailor.run_due().anything | mill.run_due().anything):
                return
            due = [one for one in (tailor.next_due(), mill.next_due()) if one is not None]
            if due and min(due) > clock.now() and (min(due) - clock.now()).total_seconds() < 36_000:
                clock.set(min(due))
        raise AssertionError("they are still busy")

    return settle


def ordered(tailor: Engine, mill: Engine, both: Callable[[], None]) -> str:
    job = tailor.start("coat", by="ada", need={"cloth": "navy flannel"}).job
    both()
    return job


def offered(tailor: Engine, mill: Engine, both: Callable[[], None]) -> str:
    job = ordered(tailor, mill, both)
    (offer,) = mill.inbox("sam")
    mill.act(offer.id, "done", {"price": 126, "delivers_on": "2027-02-20"}, by="sam")
    both()
    return job


def test_what_the_partner_asks_is_answered_here_and_goes_back(tailor: Engine, mill: Engine, both: Any) -> None:
    """The need goes to the mill; its offer stands before our buyer as the mill words it; what she says the mill has; the
    customer has one job, which ends fulfilled."""
    job = offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    assert asked.title == "Do you order at this price, for this day?"
    seen = tailor.step(asked.id, "bea")
    assert dict(seen.shown) == {
        "Article": "3 of navy flannel", "Price": "£126.00", "Delivered on": "Saturday, 20 February 2027",
    }  # fmt: skip
    assert [way.outcome for way in seen.form.ways] == ["approved", "changes", "declined"]
    assert tailor.inbox("ada") == [], "it is not for her"
    tailor.act(asked.id, "approved", by="bea")
    assert tailor.inbox("bea") == [], "it is answered, and on its way"
    both()
    (send,) = mill.inbox("sam")
    assert send.title.startswith("Send 3 of navy flannel to The tailor's shop")
    mill.act(send.id, "done", {"parcel": "P-1"}, by="sam")
    both()
    (goods,) = tailor.inbox("bea")
    tailor.act(goods.id, "all_right", by="bea")
    both()
    (sew,) = tailor.inbox("bea")
    assert sew.title == "Sew the navy flannel, of parcel P-1"
    tailor.act(sew.id, "done", by="bea")
    assert tailor.track(job, "ada").status == "fulfilled"
    assert tailor.audit().fine
    assert mill.audit().fine
    assert len(tailor.jobs()) == len(mill.jobs()) == 1


def test_what_the_partner_refuses_is_asked_again_with_his_words(tailor: Engine, mill: Engine, both: Any) -> None:
    """An answer that he cannot take comes back, with his reason beside it."""
    offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    tailor.act(asked.id, "changes", {"words": "A lower price"}, by="bea")
    both()
    (again,) = mill.inbox("sam")
    assert dict(mill.step(again.id, "sam").shown)["Said of the last offer"] == "A lower price"


def test_who_withdraws_here_withdraws_there(tailor: Engine, mill: Engine, both: Any) -> None:
    """The customer's change of mind crosses."""
    job = offered(tailor, mill, both)
    tailor.invoke(job, "withdraw", by="ada")
    both()
    (there,) = mill.jobs()
    assert (there.status, there.because) == ("ended", "The customer does not want the goods")
    assert tailor.track(job, "ada").status == "ended"


def test_an_agreement_is_checked_at_both_ends(tailor: Engine, mill: Engine, both: Any) -> None:
    """A process that was written for another version begins nothing, and operators are told what is different."""
    tailor.deploy(COAT.replace("    at: mill\n", "    at: mill\n    agreement: 0123456789abcdef\n"))
    ordered(tailor, mill, both)
    assert mill.jobs() == []
    (incident,) = tailor.incidents()
    assert "the agreement on supplier is another one now" in incident.error
