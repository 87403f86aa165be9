"""Receipts that are checked without the database: whole, spoilt, forged, of another job, and erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from drawing import examples
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowengine import Engine, NotFound, exact
from flowengine.views.proofs import Proof, canonical, read_proof, summed, verify

SHOP = """
process: proved
title: A table made with you
need: A table
currency: GBP
roles: {maker: {title: Maker}}
promise: {by: data.need.by}
options:
  wood: [{id: oak, title: Oak, price: 420.50, margin: 99}, {id: ash, title: Ash, price: 380}]
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: choose}
  choose:
    type: choice
    ask: Which wood, {customer.name}?
    shows: {By: "{data.need.by}"}
    choose: {wood: {from: wood}}
    within: P9D
    on: {chosen: agree, expired: gone}
  agree: {type: approval, by: customer, ask: Is it so?, within: P9D, on: {approved: secret_room, declined: gone, expired: gone}}
  secret_room: {type: task, for: maker, fields: {note: {type: string}}, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No}
"""  # noqa: E501 - one state a line


def act(engine: Engine, job: str, outcome: str, answer: dict[str, Any], by: str = "ada") -> int:
    (item,) = [one for one in engine.inbox(by) if one.job == job]
    return engine.act(item.id, outcome, answer, by=by).seq


@pytest.fixture
def job(engine: Engine) -> str:
    """A table whose wood was chosen and which was approved."""
    engine.deploy(SHOP)
    engine.add_staff("mia", "Mia", roles=["maker"])
    job = engine.start("proved", by="ada", need={"by": "2026-06-30"}).job
    act(engine, job, "chosen", {"wood": "oak"})
    act(engine, job, "approved", {"words": "Lovely"})
    return job


def written(proof: Proof) -> bytes:
    return canonical(proof)


def again(data: bytes) -> Proof:
    found = read_proof(data)
    assert found is not None
    return found


def test_a_receipt_says_what_was_shown_and_answered_and_holds(engine: Engine, job: str) -> None:
    """Title, lines, options with prices, answer, version, who and when; its chain begins with the job's id."""
    proof = engine.proof(job, 2, by="ada")
    said = proof.statement
    assert (said["title"], said["shown"]) == ("Which wood, Ada?", [["By", "Tuesday, 30 June 2026"]])
    assert (said["answer"], said["outcome"], said["by"]) == (
        {"wood": "oak"},
        "chosen",
        {"kind": "customer", "id": "ada"},
    )
    assert said["offered"][0]["options"] == [
        {"id": "oak", "title": "Oak", "price": exact.number("420.50")},
        {"id": "ash", "title": "Ash", "price": 380},
    ]
    assert said["version"] == engine.track(job, by="ada").version
    assert said["known_by"] == "host"
    assert (proof.start, proof.after, len(proof.roots)) == (job, 0, 2)
    found = verify(written(proof))
    assert (found.verdict, found.holds) == ("holds", True)
    assert 'What was answered: {"wood":"oak"}' in found.proves
    assert any(line.startswith("offered: ") for line in found.unproved)


def test_the_last_thing_is_proved_where_none_is_named(engine: Engine, job: str) -> None:
    """Of each thing that somebody did there is a receipt, and all hold."""
    assert [row.seq for row in engine.receipts(job, by="ada")] == [1, 2, 3]
    assert engine.proof(job, by="ada").seq == 3
    for row in engine.receipts(job, by="ada"):
        assert verify(written(engine.proof(job, row.seq, by="ada"))).verdict == "holds"
    assert [row.seq for row in engine.receipts(job, after=1, limit=1, by="ada")] == [2]


def test_nothing_inside_is_told(engine: Engine, job: str) -> None:
    """Names of states, of roles and of branches, and what options hold beside their price, are in no receipt (L9)."""
    for row in engine.receipts(job, by="ada"):
        text = written(engine.proof(job, row.seq, by="ada")).decode()
        for hidden in ("secret_room", "maker", "margin", '"branch"', '"state"', "main"):
            assert hidden not in text


def test_others_have_no_receipt_of_it(engine: Engine, job: str) -> None:
    """Foreign and missing ones answer alike; a customer has none of what others did; those inside have all (L4)."""
    seq = act(engine, job, "done", {"note": "hm"}, by="mia")
    for who, which in (("ben", 2), ("ada", seq), ("ada", 99)):
        with pytest.raises(NotFound, match="there is no"):
            engine.proof(job, which, by=who)
    assert verify(written(engine.proof(job, seq, by="tom"))).verdict == "holds"


def test_a_receipt_of_another_job_is_told_apart(engine: Engine, job: str) -> None:
    """Where it is known of which job it should be."""
    other = engine.start("proved", by="ada", need={"by": "2026-06-30"}).job
    assert verify(written(engine.proof(other, 1, by="ada")), job).verdict == "other_job"
    swapped = msgspec.structs.replace(engine.proof(other, 1, by="ada"), job=job, start=job)
    assert verify(written(summed(swapped))).verdict in ("forged", "other_job")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("answer", {"wood": "ash"}), ("outcome", "declined"), ("title", "Which wood, Eve?"), ("version", "0000"),
        ("by", {"kind": "customer", "id": "eve"}), ("at", "2020-01-01T00:00:00Z"), ("shown", [["By", "Never"]]),
        ("known_by", "passkey"), ("for", "eve"),
    ],
)  # fmt: skip
def test_what_is_forged_with_care_is_found(engine: Engine, job: str, place: str, value: Any) -> None:
    """Another statement, with a checksum that fits it, does not fit what the history has committed to."""
    proof = engine.proof(job, 2, by="ada")
    forged = summed(msgspec.structs.replace(proof, statement=proof.statement | {place: value}))
    assert verify(written(forged)).verdict == "forged"


def test_forged_contents_do_not_fit_their_commitments(engine: Engine, job: str) -> None:
    """Nor does an answer that is changed in the statement and in what proves it alike."""
    proof = engine.proof(job, 2, by="ada")
    text = written(proof).decode().replace("oak", "ash")
    forged = summed(again(text.encode()))
    assert verify(written(forged)).verdict == "forged"


def test_a_change_in_any_byte_is_found(engine: Engine, suit: Callable[..., str]) -> None:
    """Whichever byte of a receipt is another, or cut off, it does not hold."""
    whole = written(engine.proof(suit(), 1, by="ada"))

    @settings(deadline=None, max_examples=examples(100))
    @given(place=st.integers(0, len(whole) - 1), byte=st.integers(0, 255))
    def spoilt(place: int, byte: int) -> None:
        assume(byte != whole[place])
        changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
        assert not verify(changed).holds or changed.strip() == whole
        assert not verify(whole[:place]).holds

    spoilt()


def test_erased_contents_have_a_verdict_of_their_own(engine: Engine) -> None:
    """What was saved before stays proved; one made afterwards says that its contents are gone (L5)."""
    engine.deploy(SHOP)
    job = engine.start("proved", by="ada", need={"by": "2026-06-30"}).job
    act(engine, job, "chosen", {"wood": "oak"})
    act(engine, job, "declined", {})
    before = written(engine.proof(job, 2, by="ada"))
    while engine.run_due().anything:
        pass
    engine.erase("ada", because="She asked for it")
    assert verify(before).verdict == "holds"
    after = engine.proof(job, 2, by="olga")
    found = verify(written(after))
    assert (found.verdict, found.holds) == ("erased", True)
    assert after.hash == again(before).hash


def test_what_is_no_receipt_says_so() -> None:
    """Other JSON, and no JSON."""
    for text in ("", "{}", "[1]", '{"format": 1}', "\x00", "{" * 5_000):
        assert verify(text).verdict == "unreadable"
