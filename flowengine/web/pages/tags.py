"""What operators' pages call kinds of things: in English for programs, here as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.speech.phrases import phrase

_IN_THE_WAY = {
    "attention": phrase("takes too long"), "call": phrase("service"), "job": phrase("job"),
    "message": phrase("message"), "sending": phrase("letter"), "step": phrase("step"),
    "suspended": phrase("suspended"), "timer": phrase("clock"),
}  # fmt: skip
_TIMERS = {
    "always": phrase("at its time"), "appointment": phrase("reminder of an appointment"),
    "claim": phrase("the end of a claim"), "close": phrase("vote closes"),
    "cut_off": phrase("cut off"), "elapse": phrase("wait"),
    "escalate": phrase("escalation"), "expire": phrase("deadline"), "hold": phrase("kept free"),
    "keep": phrase("message kept"), "promise": phrase("promise"), "remind": phrase("reminder"),
    "risk": phrase("look at the promise"),
}  # fmt: skip
_CHANGES = {
    "added": phrase("added"), "anew": phrase("set anew"), "changed": phrase("changed"), "closed": phrase("closed"),
    "dropped": phrase("dropped"), "kept": phrase("as it was"), "opened": phrase("opened"),
}  # fmt: skip

TAGS: Mapping[str, str] = {**_IN_THE_WAY, **_TIMERS, **_CHANGES}
"""The words for what is in a job's way, the purposes of timers, and what another version changes."""
