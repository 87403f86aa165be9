"""A process of one organisation calls one of another, whose customer it is: two engines, two databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from partner_wire import Wire

from flowengine import (
    BadAnswer,
    BadSignature,
    Engine,
    FlowError,
    NotConfigured,
    NotFound,
    Settings,
    SimulatedClock,
    UnknownOutcome,
)
from flowengine.commands.partners import LEFT
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


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr("flowengine.post.partners.client", lambda _: wire)
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
    """Both do all that is due, until nothing is; what is stored then follows from the histories (L5)."""

    def settle() -> None:
        for _ in range(60):
            if not (tailor.run_due().anything | mill.run_due().anything):
                assert tailor.audit().fine
                assert mill.audit().fine
                return
            due = [one for one in (tailor.next_due(), mill.next_due()) if one is not None]
            if due and min(due) > clock.now() and (min(due) - clock.now()).total_seconds() < 36_000:
                clock.set(min(due))
        raise AssertionError("they are still busy")

    return settle


def ordered(tailor: Engine, both: Callable[[], None]) -> str:
    job = tailor.start("coat", by="ada", need={"cloth": "navy flannel"}).job
    both()
    return job


def offered(tailor: Engine, mill: Engine, both: Callable[[], None]) -> str:
    job = ordered(tailor, both)
    (offer,) = mill.inbox("sam")
    mill.act(offer.id, "done", {"price": 126, "delivers_on": "2027-02-20"}, by="sam")
    both()
    return job


def test_what_the_partner_asks_is_answered_here_and_goes_back(tailor: Engine, mill: Engine, both: Any) -> None:
    """The need goes to the mill; its offer stands before our buyer as the mill words it; what she says the mill has;
    the customer has one job, which ends fulfilled."""
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
    told = [line.what for line in tailor.history(job)]
    assert "the partner asks: Do you order at this price, for this day? (Order)" in told
    assert "Do you order at this price, for this day?: approved" in told
    assert tailor.audit().fine
    assert mill.audit().fine
    assert len(tailor.jobs()) == len(mill.jobs()) == 1


def test_what_the_partner_refuses_is_asked_again_with_his_words(
    tailor: Engine, mill: Engine, both: Any, wire: Wire
) -> None:
    """An answer that he cannot take comes back, with his reason beside it; the next one he takes."""
    offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    wire.refuses = lambda said: "We are closed for stocktaking" if said["say"] == "answer" else ""
    tailor.act(asked.id, "approved", by="bea")
    both()
    (again,) = tailor.inbox("bea")
    assert again.id != asked.id
    assert dict(tailor.step(again.id, "bea").shown)["Their answer"] == "mill: We are closed for stocktaking"
    wire.refuses = lambda _: ""
    tailor.act(again.id, "approved", by="bea")
    both()
    assert tailor.inbox("bea") == []
    assert mill.inbox("sam")[0].title.startswith("Send 3 of")


def test_what_is_wrong_is_refused_before_it_goes(tailor: Engine, mill: Engine, both: Any, wire: Wire) -> None:
    """An outcome that the partner did not offer, words that are missing: told at once, and nothing is sent."""
    offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    said = len(wire.said)
    with pytest.raises(UnknownOutcome):
        tailor.act(asked.id, "maybe", by="bea")
    with pytest.raises(BadAnswer, match="words"):
        tailor.act(asked.id, "changes", {}, by="bea")
    both()
    assert len(wire.said) == said
    assert [item.id for item in tailor.inbox("bea")] == [asked.id]


def test_what_is_late_asks_nothing_again(
    tailor: Engine, mill: Engine, both: Any, wire: Wire, clock: SimulatedClock
) -> None:
    """While an answer is on its way, and when it has come, the same question in news from before is not asked again."""
    kept: list[dict[str, Any]] = []
    wire.lose = lambda said: kept.append(said) or "" if said["say"] == "news" else ""  # type: ignore[func-returns-value]
    offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    tailor.act(asked.id, "approved", by="bea")
    for news in kept:
        say(tailor, clock, "mill", news, id=f"late{news['seq']}")
    assert tailor.inbox("bea") == []
    both()
    for news in kept:
        say(tailor, clock, "mill", news, id=f"later{news['seq']}")
    assert tailor.inbox("bea") == []
    assert [said["say"] for _, said in wire.said].count("begin") == 1, "it is begun, and not asked for again"


def test_a_change_that_is_wished_crosses(tailor: Engine, mill: Engine, both: Any) -> None:
    """The words of our buyer are before the mill's salesman."""
    offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    tailor.act(asked.id, "changes", {"words": "A lower price"}, by="bea")
    both()
    (again,) = mill.inbox("sam")
    assert dict(mill.step(again.id, "sam").shown)["Said of the last offer"] == "A lower price"
    (job,) = (row.id for row in tailor.jobs())
    said = [line.what for line in tailor.history(job) if line.what.endswith("A lower price")]
    assert said == ["Do you order at this price, for this day?: changes: A lower price"]


def test_who_withdraws_here_withdraws_there(tailor: Engine, mill: Engine, both: Any) -> None:
    """The customer's change of mind crosses."""
    job = offered(tailor, mill, both)
    tailor.invoke(job, "withdraw", by="ada")
    both()
    (there,) = mill.jobs()
    assert (there.status, there.because) == ("ended", "The customer does not want the goods")
    assert tailor.track(job, "ada").status == "ended"


def test_who_withdraws_too_late_is_gone_and_the_partner_is_told(tailor: Engine, mill: Engine, both: Any) -> None:
    """The goods are sent: the mill's job cannot be withdrawn any more, and its people find in it that nobody waits."""
    job = offered(tailor, mill, both)
    tailor.act(tailor.inbox("bea")[0].id, "approved", by="bea")
    both()
    mill.act(mill.inbox("sam")[0].id, "done", {"parcel": "P-1"}, by="sam")
    tailor.invoke(job, "withdraw", by="ada")
    both()
    assert tailor.track(job, "ada").status == "ended"
    assert tailor.inbox("bea") == []
    (there,) = mill.jobs()
    assert there.status == "open"
    said = [line.what for line in mill.history(there.id)]
    assert [one for one in said if LEFT in one], said


def test_an_agreement_is_checked_at_both_ends(tailor: Engine, mill: Engine, both: Any) -> None:
    """A process that was written for another version begins nothing, and operators are told what is different."""
    tailor.deploy(COAT.replace("    at: mill\n", "    at: mill\n    agreement: 0123456789abcdef\n"))
    ordered(tailor, both)
    assert mill.jobs() == []
    (incident,) = tailor.incidents()
    assert "the agreement on supplier is another one now" in incident.error


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_and_nothing_done_twice(tailor: Engine, mill: Engine, both: Any, wire: Wire, seed: int) -> None:
    """Requests and answers are lost half of the time: each is said again until it is known to have come, and the jobs
    of both are what they would have been."""
    chance = Random(seed)
    wire.lose = lambda _: chance.choice(["", "", "asked", "answer"])
    job = offered(tailor, mill, both)
    for who, outcome, answer in (("bea", "changes", {"words": "Less"}), ("bea", "approved", {})):
        (asked,) = tailor.inbox(who)
        tailor.act(asked.id, outcome, answer, by=who)
        both()
        if outcome == "changes":
            (offer,) = mill.inbox("sam")
            mill.act(offer.id, "done", {"price": 110, "delivers_on": "2027-02-20"}, by="sam")
            both()
    (send,) = mill.inbox("sam")
    mill.act(send.id, "done", {"parcel": "P-1"}, by="sam")
    both()
    tailor.act(tailor.inbox("bea")[0].id, "all_right", by="bea")
    both()
    assert [item.title for item in tailor.inbox("bea")] == ["Sew the navy flannel, of parcel P-1"]
    (there,) = mill.jobs()
    assert there.status == "fulfilled"
    said = [line.command for line in mill.history(there.id) if line.command["command"] == "Act"]
    assert [one.get("outcome") for one in said] == ["done", "changes", "done", "approved", "done", "all_right"]
    assert tailor.audit(job).fine


def test_who_answers_what_is_over_there_by_now_is_told_nothing_wrong(
    tailor: Engine, mill: Engine, both: Any, clock: SimulatedClock
) -> None:
    """The offer's time is over at the mill while our answer waits: the call ends as the mill's job does."""
    job = offered(tailor, mill, both)
    (asked,) = tailor.inbox("bea")
    assert asked.due == mill.inbox("tailor")[0].due, "their deadline is ours"
    clock.advance(timedelta(days=6))
    tailor.act(asked.id, "approved", by="bea")
    clock.advance(timedelta(days=2))
    both()
    assert tailor.track(job, "ada").status == "ended"


def say(engine: Engine, clock: SimulatedClock, name: str, said: Any, *, secret: str = SECRET, id: str = "m1") -> Any:
    """Somebody says something in the place of a partner."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    answer, _ = engine.hear_partner(name, headers([secret], id, clock.now(), body), body)
    return json.loads(answer)


BEGIN = {"say": "begin", "call": "x.1", "process": "supplier", "need": {}}


def test_who_is_no_partner_says_nothing(mill: Engine, clock: SimulatedClock) -> None:
    """An unknown name, another's secret, a replayed moment, and what is no sentence of ours."""
    with pytest.raises(NotFound):
        say(mill, clock, "baker", BEGIN)
    with pytest.raises(BadSignature):
        say(mill, clock, "tailor", BEGIN, secret=FOREIGN)
    signed = headers([SECRET], "m1", clock.now() - timedelta(minutes=6), b"{}")
    with pytest.raises(BadSignature):
        mill.hear_partner("tailor", signed, b"{}")
    for wrong in (b"{", b"[]", {"say": "steal", "call": "x.1"}, BEGIN | {"more": 1}, b'{"say":"look"}', b"[" * 5000):
        with pytest.raises(BadAnswer):
            say(mill, clock, "tailor", wrong)
    with pytest.raises(BadAnswer, match="article"):
        say(mill, clock, "tailor", BEGIN)
    assert mill.jobs() == []


def test_a_partner_has_only_what_is_his(tailor: Engine, mill: Engine, both: Any, clock: SimulatedClock) -> None:
    """Nobody answers for another's call, looks at it, or tells of a call that is not at him."""
    job = offered(tailor, mill, both)
    (step,) = mill.inbox("tailor")
    mill.add_customer("eve", "Eve")
    other = mill.start("supplier", by="eve", need={"article": "Tweed", "pieces": 1, "needed_by": "2027-03-01"}).job
    mill.act(mill.inbox("sam")[0].id, "done", {"price": 1, "delivers_on": "2027-02-20"}, by="sam")
    (foreign,) = mill.inbox("eve")
    call = next(
        event["call"]["number"]
        for line in tailor.history(job)
        for event in line.events
        if event["event"] == "CallOpened"
    )
    mine = f"{job}.{call}"
    for said in (
        {"say": "answer", "call": mine, "step": foreign.id, "outcome": "approved"},
        {"say": "answer", "call": f"{other}.1", "step": step.id, "outcome": "approved"},
        {"say": "look", "call": f"{other}.1"},
        {"say": "leave", "call": "nothing.9"},
    ):
        with pytest.raises(NotFound):
            say(mill, clock, "tailor", said, id=f"m{said['say']}{said['call']}")
    assert mill.track(other, "eve").status == "open"
    news = {"say": "news", "call": f"{job}.{call + 900}", "job": "y", "seq": 9, "status": "fulfilled", "agreement": ""}
    assert say(tailor, clock, "mill", news) == {"heard": 9}, "a call that is over hears nothing more"
    assert tailor.track(job, "ada").status == "open"


WAY = {"outcome": "done", "title": "Done"}
FIELD = {"name": "colour", "title": "Colour", "type": "string"}


@pytest.mark.parametrize(
    "asked",
    [
        {"ways": None},
        {"ways": []},
        {"ways": [{"outcome": 3}]},
        {"ways": [WAY], "due": "2027-01-01T09:00:00"},
        {"ways": [WAY], "slots": ["2027-01-01T09:00:00"]},
        {"ways": [WAY], "title": "x" * 300_000},
        {"ways": [WAY | {"fields": [FIELD | {"schema": {"$ref": "https://mill.example/schema"}}]}]},
        {"ways": [WAY | {"fields": [FIELD | {"schema": {"pattern": "("}}]}]},
        {"ways": [WAY | {"fields": [FIELD | {"schema": {"multipleOf": 0}}]}]},
        {"ways": [WAY | {"fields": [FIELD | {"type": "colour"}]}]},
    ],
)
def test_what_could_not_be_answered_is_refused_at_the_door(
    tailor: Engine, mill: Engine, both: Any, clock: SimulatedClock, asked: dict[str, Any]
) -> None:
    """A partner who asks what has no form, or one that nothing can be held against, changes nothing, and our buyer has
    before her what she had."""
    job = offered(tailor, mill, both)
    before = tailor.inbox("bea")
    call = next(e["call"]["number"] for line in tailor.history(job) for e in line.events if e["event"] == "CallOpened")
    news = {"say": "news", "call": f"{job}.{call}", "job": "y", "seq": 99, "status": "open", "agreement": ""}
    for told in (
        [{"step": "y.1", "title": "Hm"} | asked],
        [{"step": f"y.{n}", "title": "Hm", "ways": [WAY]} for n in range(101)],
    ):
        with pytest.raises(BadAnswer):
            say(tailor, clock, "mill", news | {"asked": told})
    assert tailor.inbox("bea") == before
    assert tailor.step(before[0].id, "bea").title == "Do you order at this price, for this day?"
    fine = {"step": "y.1", "title": "Which?", "ways": [WAY | {"fields": [FIELD]}], "due": "2027-01-01T09:00:00Z"}
    assert say(tailor, clock, "mill", news | {"asked": [fine]}) == {"heard": 99}
    assert [item.title for item in tailor.inbox("bea")] == ["Which?"]


@pytest.mark.parametrize(
    "lie",
    [
        {"status": "won"},
        {"seq": "nine"},
        {"job": 3},
        {"asked": [{"step": 3}]},
    ],
)
def test_news_that_cannot_be_kept_change_nothing(
    tailor: Engine, mill: Engine, both: Any, clock: SimulatedClock, lie: dict[str, Any]
) -> None:
    """Another status, other types: refused with a typed error, and the job stands where it stood."""
    job = offered(tailor, mill, both)
    call = next(e["call"]["number"] for line in tailor.history(job) for e in line.events if e["event"] == "CallOpened")
    news = {"say": "news", "call": f"{job}.{call}", "job": "y", "seq": 99, "status": "open", "agreement": ""}
    with pytest.raises(FlowError):
        say(tailor, clock, "mill", news | lie)
    assert tailor.track(job, "ada").status == "open"
    assert len(tailor.inbox("bea")) == 1
    assert tailor.audit(job).fine


def test_an_end_that_tells_too_much_is_an_incident(
    tailor: Engine, mill: Engine, both: Any, clock: SimulatedClock
) -> None:
    """What is more than is kept of an answer is not kept: operators are told, and the job stands where it stood."""
    job = offered(tailor, mill, both)
    call = next(e["call"]["number"] for line in tailor.history(job) for e in line.events if e["event"] == "CallOpened")
    news = {"say": "news", "call": f"{job}.{call}", "job": "y", "seq": 99, "status": "fulfilled", "agreement": ""}
    say(tailor, clock, "mill", news | {"data": {"x": "y" * 900_000}})
    (incident,) = tailor.incidents()
    assert "has 879 KiB; at most 256 KiB are kept" in incident.error
    assert "order" not in tailor.data(job)
    assert tailor.track(job, "ada").status == "open"


def test_what_is_replayed_within_its_time_has_no_effect(tailor: Engine, mill: Engine, both: Any, wire: Wire) -> None:
    """Whoever has recorded all that was said, and says it again whole, changes nothing at either side."""
    recorded: list[tuple[str, bytes, dict[str, str]]] = []
    honest = wire.post

    def post(url: str, body: bytes, signed: Mapping[str, str], *, within: float) -> Answer:
        recorded.append((url, body, dict(signed)))
        return honest(url, body, signed, within=within)

    wire.post = post  # type: ignore[method-assign]
    job = offered(tailor, mill, both)
    tailor.act(tailor.inbox("bea")[0].id, "changes", {"words": "Less"}, by="bea")
    both()
    (there,) = mill.jobs()
    before = [line.command for line in mill.history(there.id)], [line.command for line in tailor.history(job)]
    assert {json.loads(body)["say"] for _, body, _ in recorded} == {"begin", "answer", "news"}
    for url, body, signed in recorded:
        engine, name = wire.at[url]
        engine.hear_partner(name, signed, body)
    both()
    assert len(mill.jobs()) == 1
    assert ([line.command for line in mill.history(there.id)], [line.command for line in tailor.history(job)]) == before


def test_an_answer_that_is_not_signed_is_not_believed(tailor: Engine, mill: Engine, both: Any, wire: Wire) -> None:
    """Whoever answers in the mill's place changes nothing: it is asked again."""
    wire.forged = lambda came: Answer(came.status, {}, came.body)
    job = ordered(tailor, both)
    assert tailor.track(job, "ada").status == "open"
    assert tailor.inbox("bea") == []
    wire.forged = lambda came: came
    assert len(mill.jobs()) == 1


@pytest.mark.parametrize(
    "text", ["mill", "mill=", "mill=https://x.example", "mill=ftp://x whsec_x", "Mill=https://x whsec_x"]
)
def test_a_partner_that_cannot_be_is_refused_at_once(text: str) -> None:
    """Not when the first call of the night is made; and no secret is repeated."""
    with pytest.raises(NotConfigured) as refused:
        Settings.from_environment({"FLOW_PARTNERS": text})
    assert "whsec_x" not in str(refused.value).replace("whsec_…", "")
