"""Request keys and receipts: an act takes effect once (L3)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from flowengine import exact
from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.commands import Command, Invoke
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, KeyConflict, Refused
from flowengine.people.identities import actor_key
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.receipts import FORGOTTEN, Stored
from flowengine.views.replies import Broadcast, Kept, Receipt

LONGEST_KEY = 200
"""Characters a request key may have."""

_ENCODE = exact.encoder(order="deterministic").encode
_RECEIPTS = exact.decoder(Receipt, trusted=True)
_OTHERS: dict[str, msgspec.json.Decoder[Any]] = {
    "kept": exact.decoder(Kept, trusted=True),
    "sent": exact.decoder(Broadcast, trusted=True),
}
"""How receipts are read that say more, by the status."""
_WHO_ASKED = msgspec.structs.replace


def body_hash(about: str, command: Command) -> str:
    """What was asked, as a hash: two requests are the same when they name the same job and the same command.

    For whom it was asked counts, where that was said. Roles and groups do not: they may change between a request and
    its repetition; neither does what was looked at before, which is a condition and not what was asked. Numbers are
    compared as they are written: 1.50 is not the request that 1.5 was.
    """
    bare = _WHO_ASKED(command, by=Actor(kind=command.by.kind, id=command.by.id, party=command.by.party))
    if isinstance(bare, Invoke):
        bare = _WHO_ASKED(bare, preview="")
    try:
        return sha256(_ENCODE((about, bare))).hexdigest()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadAnswer(
            {"": phrase("is not JSON: %(error)s", error=str(error)[:120])}, possible=(phrase("plain JSON"),)
        ) from None


def replayed(tx: Transaction, actor: Actor, key: str, body: str) -> Receipt | None:
    """The receipt that was given under this key before. Raises KeyConflict when it was for something else."""
    return given(tx.receipts.find(actor_key(actor), key), key, body)


def receipt_under(tx: Transaction, actor: Actor, key: str) -> Receipt | None:
    """The receipt that was given under this key before, whatever it was for."""
    stored = tx.receipts.find(actor_key(actor), key)
    return _decoded(stored[1]) if stored is not None else None


def given(stored: Stored | None, key: str, body: str, job: str = "") -> Receipt | None:
    """The receipt that is stored under this key, if it was for the same. Raises KeyConflict when it was not.

    Of one whose contents were erased is only known for which job it was: it is given for whatever is asked of that
    ``job``, so that nothing is done twice.
    """
    check_key(key)
    if stored is None:
        return None
    receipt = _decoded(stored[1])
    if stored[0] == FORGOTTEN and job in ("", receipt.job):
        return msgspec.structs.replace(receipt, repeated=True)
    if stored[0] != body:
        raise other_request(key)
    return msgspec.structs.replace(receipt, repeated=True)


def check_key(key: str) -> None:
    """Raises Refused for what is no request key."""
    if not 0 < len(key) <= LONGEST_KEY:
        what = phrase(
            "a request key has 1 to %(longest_key)s characters, this one %(count)s",
            longest_key=LONGEST_KEY,
            count=len(key),
        )
        raise Refused(what, where="key")


def other_request(key: str) -> KeyConflict:
    """For a key under which something else was asked before."""
    return KeyConflict(
        phrase("the request key %(key)s was used before for something else", key=repr(key)),
        where="key",
        possible=(phrase("use a fresh key for each new request"), phrase("repeat exactly the same request")),
    )


def _decoded(written: bytes) -> Receipt:
    found: Receipt = _RECEIPTS.decode(written)
    other = _OTHERS.get(found.status)
    return found if other is None else other.decode(written)


def encoded(receipt: Receipt) -> bytes:
    """The receipt as it is kept."""
    return _ENCODE(receipt)


def receipt_of(job: str, seq: int, command: Command, done: Advance) -> Receipt:
    """What a command did, in short."""
    head, step = done.draft.head, getattr(command, "step", None)
    for event in done.events:
        if isinstance(event, e.MessageKept):
            return Kept(job=job, seq=seq, acted=event.message.name, until=event.message.until, key=event.message.key)
    outcome, events = _summary(done.events)
    return Receipt(
        job=job,
        seq=seq,
        status=head.status,
        step=f"{job}.{step}" if step is not None else "",
        acted=done.acted,
        outcome=outcome,
        states=head.places,
        steps=tuple([f"{job}.{number}" for number in done.effects.opened_steps]),
        because=head.because,
        events=events,
        question=question_of(job, done.events),
    )


def question_of(job: str, events: Sequence[e.AnyEvent]) -> str:
    """The id of the step that waits for an answer to what was said, or was answered with it."""
    for event in events:
        if isinstance(event, e.Said) and (event.number or event.to):
            return f"{job}.{event.number or event.to}"
    return ""


def _summary(events: Sequence[e.AnyEvent]) -> tuple[str, tuple[str, ...]]:
    """How the first step that was touched ended, or the move that was made in it; and the events that a person would
    tell, each in a few words."""
    outcome = ""
    told: list[str] = []
    for event in events:
        match event:
            case e.Entered():
                told.append(f"entered {event.state}")
            case e.Left():
                outcome = outcome or event.outcome
                told.append(f"left {event.state}: {event.outcome}")
            case e.StepChanged():
                told.append(f"step {event.why}")
            case e.StepClosed():
                outcome = outcome or event.outcome
            case e.Moved():
                outcome = outcome or event.move
                told.append(event.move)
            case e.Ended():
                told.append(f"ended: {event.kind}")
    return outcome, tuple(told)
