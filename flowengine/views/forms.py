"""What a step asks, in the words of who reads: what the process says stays as it is, what is ours is told."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from flowengine.core.conversation import ACCEPTED, REFUSED
from flowengine.core.forms import Form, FormField, Way
from flowengine.core.values import Promise
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.views.plainly import Clock

_OURS = frozenset(
    (
        phrase("A new date"), phrase("A question"), phrase("Abstain"), phrase("Answer"),
        phrase("Approve"), phrase("Ask for changes"), phrase("Book a slot"), phrase("Decline"), phrase("Done"),
        phrase("Give the slot back"), phrase("Hold a slot"), phrase("In your words"),
        phrase("Move to another slot"), phrase("No, thanks"), phrase("Rating"), phrase("Slot"), phrase("Their answer"),
        phrase("The appointment was held"), phrase("The customer did not come"), phrase("Book the slot that is held"),
        phrase("Understood"), phrase("Vote"),
        phrase("What should change?"), phrase("Whom would you bring?"), phrase("Would you recommend us?"),
        phrase("Your answer"),
    )
)  # fmt: skip
"""The titles that types of states give to what they ask."""

_Titled = TypeVar("_Titled", Way, FormField)


def told_form(form: Form, clock: Clock, promise: Promise | None) -> Form:
    """The form with our titles in the words of who reads, and with the dates that a customer is asked to agree to."""
    words = clock.words
    ways = [replace(way, fields=tuple(_told(one, words) for one in way.fields)) for way in form.ways]
    if form.type == "new_date" and promise is not None and promise.asked is not None:
        titles = {
            ACCEPTED: words.say("Accept %(date)s", date=clock.promised(promise.asked)),
            REFUSED: words.say("Refuse; %(date)s stands", date=clock.promised(promise.by)),
        }
        return replace(form, ways=tuple(replace(way, title=titles[way.outcome]) for way in ways))
    return replace(form, ways=tuple(_told(way, words) for way in ways))


def _told(one: _Titled, words: Words) -> _Titled:
    return replace(one, title=words.say(one.title)) if one.title in _OURS else one
