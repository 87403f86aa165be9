"""Secret ballots are in the history, and in nothing that is shown of it."""

from __future__ import annotations

import msgspec
from rehearsal import Rehearsal
from test_kind_vote import CLUB, cast, vote, voter

from flowengine.core import commands as c
from flowengine.core.veil import veiled


def entries(keys: str = "") -> tuple[c.Act, list[object]]:
    job = Rehearsal(vote(keys), club=CLUB)
    cast(job, ada="red")
    act = c.Act(by=voter("ada"), step=job.step("first").number, outcome="vote", answer={"for": "red"})
    return act, list(job.history[-1])


def test_secret_ballot_is_veiled() -> None:
    """Neither command nor events of a secret ballot tell its answer, nor the tally by which it could be told."""
    act, events = entries()
    assert "red" in msgspec.json.encode(events).decode()
    shown = msgspec.json.encode(veiled(act, events)).decode()  # type: ignore[arg-type]
    assert '"for"' not in shown
    assert '"tally"' not in shown
    assert '"ada"' in shown, "that somebody voted is no secret"


def test_open_ballot_is_shown() -> None:
    """An open ballot is shown as it is."""
    act, events = entries("secret: false")
    assert veiled(act, events) == (act, tuple(events))  # type: ignore[arg-type]


def test_secret_abstention_is_veiled() -> None:
    """Nothing that is shown of a secret vote tells whether somebody voted for something or abstained."""
    shown = []
    for outcome, answer in (("vote", {"for": "red"}), ("abstain", {})):
        job = Rehearsal(vote("abstain: true"), club=CLUB)
        job.act("first", outcome, answer, by=voter("ada"))
        act = c.Act(by=voter("ada"), step=job.step("first").number, outcome=outcome, answer=answer)
        shown.append(msgspec.json.encode(veiled(act, job.history[-1])))
    assert shown[0] == shown[1]
