"""How a state ended, in words: the outcomes that types have of their own; those of a file are told by their names."""

from __future__ import annotations

from flowengine.language.texts import spoken
from flowengine.speech.phrases import phrase

_OF_TYPES = {
    "answered": phrase("answered"), "approved": phrase("approved"), "changes": phrase("changes"),
    "chosen": phrase("chosen"), "decided": phrase("decided"), "declined": phrase("declined"), "done": phrase("done"),
    "elapsed": phrase("elapsed"), "ended": phrase("ended"), "expired": phrase("expired"), "failed": phrase("failed"),
    "fulfilled": phrase("fulfilled"), "given": phrase("given"), "held": phrase("held"), "joined": phrase("joined"),
    "missed": phrase("missed"), "no_quorum": phrase("no quorum"), "received": phrase("received"),
    "skipped": phrase("skipped"), "stated": phrase("stated"), "tied": phrase("tied"), "told": phrase("told"),
}  # fmt: skip


def outcome_words(outcome: str) -> str:
    """An outcome as a person says it: a phrase, where a type of state has it."""
    return _OF_TYPES.get(outcome) or spoken(outcome)
